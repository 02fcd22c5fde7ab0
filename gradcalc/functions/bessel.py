"""Bessel functions J and I of whole order, to the last digits of a double.

In long double: power series near 0, J by Miller's recurrence up to ``_FAR``, and by Hankel's
expansion beyond.
"""

from __future__ import annotations

from math import factorial

import numpy as np

from gradcalc.functions.integrals import by_order
from gradcalc.functions.long import PI, Floats, Long, in_long_double, piecewise

_FAR = 25.0
_SMALL = 1.0


def _sign(n: int) -> int:
    return -1 if n % 2 else 1


def _far(n: int) -> float:
    """From here on Hankel's expansion has all the digits."""
    return max(_FAR, n * n / 2)


# --- J -----------------------------------------------------------------------------------------


def _downwards(x: Floats, top: int) -> list[Floats]:
    """J_0 … J_top at 0 < x by Miller's recurrence: the ratios from the top down, whose scale is
    found from J_0 + 2 J_2 + 2 J_4 + … = 1."""
    start = 2 * ((max(top, int(np.max(x))) + 60) // 2)
    above, here = np.zeros(x.shape, Long), np.full(x.shape, Long("1e-4000"))
    found, total = [here], 2 * here
    for k in range(start, 0, -1):
        above, here = here, 2 * k / x * here - above
        found.append(here)
        if k % 2 == 1:
            total = total + (2 if k > 1 else 1) * here
        large = np.abs(here) > 1e1000
        if large.any():
            scale = np.where(large, Long("1e-2000"), Long(1))
            above, here, total = above * scale, here * scale, total * scale
            found = [value * scale for value in found]
    return [value / total for value in reversed(found)]


def _hankel(n: int, x: Floats) -> Floats:
    """Hankel's expansion. The angle x - nπ/2 - π/4 is never formed."""
    p, q = np.ones(x.shape, Long), np.zeros(x.shape, Long)
    term = np.ones(x.shape, Long)
    sums = (p, q)
    for k in range(1, 60):
        term = term * (4 * n * n - (2 * k - 1) ** 2) / (8 * k * x)
        size = np.where(np.abs(term) < 1, term, 0)
        sums[k % 2][...] += (1, 1, -1, -1)[k % 4] * size
        if not np.any(np.abs(size) > 1e-24):
            break
    sine, cosine = np.sin(x), np.cos(x)
    turns = [(cosine, sine), (sine, -cosine), (-cosine, -sine), (-sine, cosine)]
    c, s = turns[n % 4]  # of x - nπ/2
    a, b = (c + s) / np.sqrt(Long(2)), (s - c) / np.sqrt(Long(2))  # and π/4 less
    return np.sqrt(2 / (PI * x)) * (p * a - q * b)


def _j_series(n: int, x: Floats) -> Floats:
    square = -x * x / 4
    term = (x / 2) ** n / Long(factorial(n))
    total = term.copy()
    for k in range(1, 30):
        term = term * square / (k * (n + k))
        total += term
    return total


def _j(n: int, x: Floats) -> Floats:
    if n < 0:
        return _sign(n) * _j(-n, x)
    t = np.abs(x)
    size = piecewise(
        t,
        (t < _SMALL, lambda t: _j_series(n, t)),
        (t < _far(n), lambda t: _downwards(t, n)[n]),
        (t == np.inf, lambda t: np.zeros(t.shape)),
        (t > 0, lambda t: _hankel(n, t)),
    )
    return np.where(x < 0, _sign(n), 1) * size


# --- I -----------------------------------------------------------------------------------------


def _i_series(n: int, x: Floats) -> Floats:
    square = x * x / 4
    term = (x / 2) ** n / Long(factorial(n))
    total = term.copy()
    for k in range(1, int(np.max(x)) + 60):
        term = term * square / (k * (n + k))
        total += term
    return total


def _i_far(n: int, x: Floats) -> Floats:
    term, total = np.ones(x.shape, Long), np.ones(x.shape, Long)
    for k in range(1, 60):
        term = term * -(4 * n * n - (2 * k - 1) ** 2) / (8 * k * x)
        size = np.where(np.abs(term) < 1, term, 0)
        total += size
        if not np.any(np.abs(size) > 1e-24):
            break
    half = np.exp(x / 2)  # its square may overflow where the result does not
    return half * (total / np.sqrt(2 * PI * x)) * half


def _i(n: int, x: Floats) -> Floats:
    n = abs(n)
    t = np.abs(x)
    size = piecewise(
        t,
        (t < max(_FAR, n * n), lambda t: _i_series(n, t)),
        (t < 12_000, lambda t: _i_far(n, t)),
        (t > 0, lambda t: np.full(t.shape, np.inf)),
    )
    return np.where(x < 0, _sign(n), 1) * size


@in_long_double
def jv(n: Floats, x: Floats) -> Floats:
    """J_n(x)."""
    return by_order(_j)(n, x)


@in_long_double
def iv(n: Floats, x: Floats) -> Floats:
    """I_n(x)."""
    return by_order(_i)(n, x)
