"""Complete elliptic integrals K and E of the parameter m = k², and their derivatives.

The integrals by the arithmetic-geometric mean; the derivatives as integrals themselves,
∫ sin(θ)^2n (1 - m sin²θ)^(∓1/2 - n), over a line on which sin θ = tanh t: sums of positive numbers,
and the trapezoidal rule errs by exp(-π²/step).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradcalc.functions.integrals import by_order
from gradcalc.functions.long import PI, Floats, Long, in_long_double, piecewise

_STEP = Long(0.18)
_MEANS = 16
"""Steps that two numbers take to the mean of both, to the last digit: 1 and 1e-308 take so many."""
_TAIL = 50.0
"""exp(-_TAIL) is no digit of anything."""


def _means(m: Floats, rest: Floats) -> tuple[Floats, Floats]:
    """K and E for m < 1, whose ``rest`` is 1 - m."""
    a, g = np.ones(m.shape, Long), np.sqrt(rest)
    total, weight = m / 2, Long(0.5)
    for _ in range(_MEANS):
        c = (a - g) / 2
        a, g = (a + g) / 2, np.sqrt(a * g)
        weight = 2 * weight
        total = total + weight * c * c
    k = PI / (2 * a)
    return k, k * (1 - total)


def _turned(m: Floats) -> tuple[Floats, Floats]:
    """K and E for m < 0, from those of m/(m - 1), where nothing cancels."""
    size = np.sqrt(1 - m)
    k, e = _means(m / (m - 1), 1 / (1 - m))
    return k / size, e * size


def _integral(n: int, m: Floats, integrand: Callable[[Floats, Floats], Floats]) -> Floats:
    """Σ over t of the integrand of q = 1 - m, or of its reciprocal where m < 0, and sinh²t."""
    q = np.where(m < 0, 1 / (1 - m), 1 - m)
    last = _TAIL + float(np.max(-np.log(q))) / 2
    step = _STEP / (1 + Long(n) / 8)  # the pole at iπ/2 is of this order
    total = np.zeros(m.shape, Long)
    for k in range(int(last / float(step)) + 1):
        part = integrand(q, np.sinh(k * step) ** 2)
        total = total + (part / 2 if k == 0 else part)
    return step * total


def _rising(start: float, n: int) -> Floats:
    product = Long(1)
    for k in range(n):
        product = product * (Long(start) + k)
    return product


def _k(n: int, m: Floats) -> Floats:
    if n == 0:
        return piecewise(
            m,
            (m == 1, lambda m: np.full(m.shape, np.inf)),
            (m == -np.inf, lambda m: np.zeros(m.shape)),
            (m < 0, lambda m: _turned(m)[0]),
            (m < 1, lambda m: _means(m, 1 - m)[0]),
        )

    def right(q: Floats, s: Floats) -> Floats:
        return (s / (1 + q * s)) ** n / np.sqrt(1 + q * s)

    def left(q: Floats, s: Floats) -> Floats:
        return (1 + q * s) ** -n / np.sqrt(1 + q * s)

    return _rising(0.5, n) * piecewise(
        m,
        (m == 1, lambda m: np.full(m.shape, np.inf)),
        (m == -np.inf, lambda m: np.zeros(m.shape)),
        (m < 0, lambda m: (1 - m) ** -n / np.sqrt(1 - m) * _integral(n, m, left)),
        (m < 1, lambda m: _integral(n, m, right)),
    )


def _e(n: int, m: Floats) -> Floats:
    if n == 0:
        return piecewise(
            m,
            (m == 1, lambda m: np.ones(m.shape)),
            (m == -np.inf, lambda m: np.full(m.shape, np.inf)),
            (m < 0, lambda m: _turned(m)[1]),
            (m < 1, lambda m: _means(m, 1 - m)[1]),
        )

    def right(q: Floats, s: Floats) -> Floats:
        return (s / (1 + q * s)) ** n * (np.sqrt(1 + q * s) / (1 + s))

    def left(q: Floats, s: Floats) -> Floats:
        return (1 + q * s) ** -n * (np.sqrt(1 + q * s) / (1 + s))

    return _rising(-0.5, n) * piecewise(
        m,
        (m == 1, lambda m: np.full(m.shape, np.inf)),
        (m == -np.inf, lambda m: np.zeros(m.shape)),
        (m < 0, lambda m: (1 - m) ** -n * np.sqrt(1 - m) * _integral(n, m, left)),
        (m < 1, lambda m: _integral(n, m, right)),
    )


def _positive(function: Callable[[int, Floats], Floats]) -> Callable[[int, Floats], Floats]:
    return lambda n, m: function(n, m) if n >= 0 else np.full(m.shape, np.nan)


@in_long_double
def ellipk(m: Floats) -> Floats:
    """K(m)."""
    return _k(0, m)


@in_long_double
def ellipe(m: Floats) -> Floats:
    """E(m)."""
    return _e(0, m)


@in_long_double
def ellipkn(n: Floats, m: Floats) -> Floats:
    """The n-th derivative of K."""
    return by_order(_positive(_k))(n, m)


@in_long_double
def ellipen(n: Floats, m: Floats) -> Floats:
    """The n-th derivative of E."""
    return by_order(_positive(_e))(n, m)
