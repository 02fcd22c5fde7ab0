"""Bessel functions J, Y, I and K of whole order, to the last digits of a double.

In long double: power series near 0, J by Miller's recurrence up to ``_FAR``, and by Hankel's
expansion beyond. Y_0 and Y_1 are made of all J (Neumann's series), K_0 and K_1 are integrals of
positive numbers, and both go up from there to higher orders, where nothing cancels.
"""

from __future__ import annotations

from functools import partial
from math import factorial

import numpy as np

from gradcalc.functions.integrals import by_order
from gradcalc.functions.long import EULER, PI, Floats, Long, in_long_double, piecewise

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
        large = np.abs(here) > Long("1e1000")
        if large.any():
            scale = np.where(large, Long("1e-2000"), Long(1))
            above, here, total = above * scale, here * scale, total * scale
            found = [value * scale for value in found]
    return [value / total for value in reversed(found)]


def _hankel(n: int, x: Floats, second: bool = False) -> Floats:
    """Hankel's expansion of J, or of the ``second`` solution, Y. The angle x - nπ/2 - π/4 is never
    formed."""
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
    return np.sqrt(2 / (PI * x)) * (p * b + q * a if second else p * a - q * b)


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


# --- Y -----------------------------------------------------------------------------------------


def _neumann(x: Floats) -> tuple[Floats, Floats]:
    """Y_0 and Y_1 at 0 < x < _FAR, from all J."""
    j = _downwards(x, 2)
    turn = np.log(x / 2) + EULER
    zero, one = turn * j[0], turn * j[1] - j[0] / x
    for k in range(1, (len(j) - 1) // 2):
        part = Long(_sign(k)) / k
        zero = zero - 2 * part * j[2 * k]
        one = one + part * (j[2 * k - 1] - j[2 * k + 1])
    return 2 / PI * zero, 2 / PI * one


def _neumann_of(k: int, x: Floats) -> Floats:
    return _neumann(x)[k]


def _y_low(k: int, x: Floats) -> Floats:
    """Y_0 or Y_1."""
    near = x < _FAR
    return piecewise(x, (near, partial(_neumann_of, k)), (x > 0, partial(_hankel, k, second=True)))


def _y_upwards(n: int, x: Floats) -> Floats:
    before, here = _y_low(0, x), _y_low(1, x)
    if n == 0:
        return before
    for k in range(1, n):
        before, here = here, np.where(np.isinf(here), here, 2 * k / x * here - before)
    return here


def _y(n: int, x: Floats) -> Floats:
    size = piecewise(
        x,
        (x == 0, lambda x: np.full(x.shape, -np.inf)),
        (x == np.inf, lambda x: np.zeros(x.shape)),
        (x > 0, lambda x: _y_upwards(abs(n), x)),
    )
    return (_sign(n) if n < 0 else 1) * size


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


# --- K -----------------------------------------------------------------------------------------

_STEP = Long(0.1)
_NEAR = 2.0


def _k_series(x: Floats) -> tuple[Floats, Floats]:
    """K_0 and K_1 near 0."""
    square, turn = x * x / 4, np.log(x / 2)
    term, harmonic = np.ones(x.shape, Long), Long(0)
    zero = -(turn + EULER)
    one = 1 / x + x / 2 * (turn + EULER - Long(0.5))
    for k in range(1, 25):
        term = term * square / (k * k)
        harmonic = harmonic + Long(1) / k
        zero = zero + term * (harmonic - turn - EULER)
        beside = harmonic + Long(1) / (2 * (k + 1)) - EULER
        one = one + x / 2 * term / (k + 1) * (turn - beside)
    return zero, one


def _k_integral(n: int, x: Floats) -> Floats:
    """exp(-x) ∫ exp(-x (cosh t - 1)) cosh(nt): the trapezoidal rule errs by exp(-2π²/step)."""
    total = np.full(x.shape, Long(0.5))
    for k in range(1, 50):
        t = k * _STEP
        total = total + np.exp(-2 * x * np.sinh(t / 2) ** 2) * np.cosh(n * t)
    return _STEP * total * np.exp(-x)


def _k_far(n: int, x: Floats) -> Floats:
    term, total = np.ones(x.shape, Long), np.ones(x.shape, Long)
    for k in range(1, 40):
        term = term * (4 * n * n - (2 * k - 1) ** 2) / (8 * k * x)
        total = total + term
    return np.exp(-x) * (total * np.sqrt(PI / (2 * x)))


def _k_near(k: int, x: Floats) -> Floats:
    return _k_series(x)[k]


def _k_low(k: int, x: Floats) -> Floats:
    """K_0 or K_1."""
    return piecewise(
        x,
        (x == 0, lambda x: np.full(x.shape, np.inf)),
        ((x > 0) & (x < _NEAR), partial(_k_near, k)),
        ((x > 0) & (x < _FAR), partial(_k_integral, k)),
        (x == np.inf, lambda x: np.zeros(x.shape)),
        (x > 0, partial(_k_far, k)),
    )


def _k(n: int, x: Floats) -> Floats:
    x = x + 0  # no negative zero, of which an infinity and another one would be made
    before, here = _k_low(0, x), _k_low(1, x)
    if n == 0:
        return before
    for k in range(1, abs(n)):
        before, here = here, before + 2 * k / x * here
    return here


@in_long_double
def yn(n: Floats, x: Floats) -> Floats:
    """Y_n(x)."""
    return by_order(_y)(n, x)


@in_long_double
def kn(n: Floats, x: Floats) -> Floats:
    """K_n(x)."""
    return by_order(_k)(n, x)


@in_long_double
def jv(n: Floats, x: Floats) -> Floats:
    """J_n(x)."""
    return by_order(_j)(n, x)


@in_long_double
def iv(n: Floats, x: Floats) -> Floats:
    """I_n(x)."""
    return by_order(_i)(n, x)
