"""Integrals of exp(x)/x and sin(x)/x, and sin(x)/x itself with all its derivatives.

Power series near 0, where few digits cancel in long double; farther out continued fractions, the
asymptotic series, or recurrence.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np

from gradcalc.functions.long import EULER, PI, Floats, Long, in_long_double, piecewise

_FAR = 50
"""From here on the terms of the asymptotic series fall below the last digit."""


def by_order(function: Callable[[int, Floats], Floats]) -> Callable[[Floats, Floats], Floats]:
    """A function of a whole number and of numbers, for a number of each at every place; NaN where
    the order is no whole number of up to four digits."""

    def each(n: Floats, x: Floats) -> Floats:
        result = np.full(x.shape, np.nan, Long)
        for order in set(n.tolist()):
            if order == np.floor(order) and abs(order) < 1000:
                here = n == order
                result[here] = function(int(order), x[here])
        return result

    return each


# --- exp(x)/x -------------------------------------------------------------------------------------


def _ei_series(x: Floats) -> Floats:
    power, total = x.copy(), x.copy()
    for k in range(2, 220):
        power = power * x / k
        total += power / k
    return EULER + np.log(np.abs(x)) + total


def _ei_far(x: Floats) -> Floats:
    term, total = np.ones(x.shape, Long), np.ones(x.shape, Long)
    for k in range(1, 50):
        term = term * k / x
        total += term
    half = np.exp(x / 2)  # its square may overflow where the result does not
    return half * (total / x) * half


def _fraction(n: int, x: Floats) -> Floats:
    """exp(x) E_n(x), by its continued fraction from the inside out; x may be complex."""
    inner = x + n + 2 * 160
    for k in range(160, 0, -1):
        inner = x + n + 2 * (k - 1) - k * (n + k - 1) / inner
    return 1 / inner


def _ei(x: Floats) -> Floats:
    return piecewise(
        x,
        (x == -np.inf, lambda x: np.zeros(x.shape)),
        (x <= -2, lambda x: -np.exp(x) * _fraction(1, -x)),
        (x < _FAR, _ei_series),
        (x < 12_000, _ei_far),
        (x > 0, lambda x: np.full(x.shape, np.inf)),
    )


@in_long_double
def ei(x: Floats) -> Floats:
    """The principal value of ∫ exp(t)/t from -∞ to x."""
    return _ei(x)


@in_long_double
def li(x: Floats) -> Floats:
    """ei(log(x))."""
    return _ei(np.log(x))


def _expint(n: int, x: Floats) -> Floats:
    if n <= 0:  # exp(-x)/x, and upwards from there without cancellation
        first = value = np.where(x > 0, np.exp(-x) / x, np.nan)
        for k in range(1, 1 - n):
            value = first + k * value / x
        return value

    def series(x: Floats) -> Floats:
        harmonic = sum((Long(1) / k for k in range(1, n)), start=Long(0))
        power = np.ones(x.shape, Long)  # (-x)^m/m!
        total = np.zeros(x.shape, Long)
        for m in range(60 + n):
            if m:
                power = power * -x / m
            total += power * (harmonic - EULER - np.log(x)) if m == n - 1 else power / (n - 1 - m)
        return total

    return piecewise(
        x,
        (x == 0, lambda x: np.full(x.shape, 1 / Long(n - 1) if n > 1 else np.inf)),
        ((x > 0) & (x < 2), series),
        (x == np.inf, lambda x: np.zeros(x.shape)),
        (x > 0, lambda x: np.exp(-x) * _fraction(n, x)),
    )


@in_long_double
def expint(n: Floats, x: Floats) -> Floats:
    """E_n(x) = ∫ exp(-xt)/t^n over t > 1, for whole n and x > 0."""
    return by_order(_expint)(n, x)


# --- sin(x)/x -------------------------------------------------------------------------------------


def _odd_series(x: Floats, offset: int) -> Floats:
    """Σ (-1)^k x^(2k+1+offset)/((2k+1+offset) (2k+1+offset)!), from the first that has an x."""
    start = 1 + offset
    square = -x * x
    power = x**start / factorial(start)
    total = power / start
    for k in range(start + 2, start + 60, 2):
        power = power * square / (k * (k - 1))
        total += power / k
    return total


def _rotating(x: Floats) -> Floats:
    """E_1(ix)."""
    turn = x * np.clongdouble(1j)
    return (np.cos(x) - np.clongdouble(1j) * np.sin(x)) * _fraction(1, turn)


@in_long_double
def si(x: Floats) -> Floats:
    """∫ sin(t)/t from 0 to x."""
    t = np.abs(x)
    size = piecewise(
        t,
        (t < 4, lambda t: _odd_series(t, 0)),
        (t < np.inf, lambda t: PI / 2 + _rotating(t).imag),
        (t == np.inf, lambda t: np.full(t.shape, PI / 2)),
    )
    return np.copysign(size, x)


@in_long_double
def ci(x: Floats) -> Floats:
    """γ + log(x) + ∫ (cos(t) - 1)/t from 0 to x."""
    return piecewise(
        x,
        (x < 0, lambda x: np.full(x.shape, np.nan)),
        (x < 4, lambda x: EULER + np.log(x) - _odd_series(x, 1)),
        (x < np.inf, lambda x: -_rotating(x).real),
        (x == np.inf, lambda x: np.zeros(x.shape)),
    )


def _derivative(n: int, x: Floats, sine: Floats, cosine: Floats) -> Floats:
    """The n-th derivative of sin(x)/x, upwards from the first: good for |x| > n."""
    waves = (sine, cosine, -sine, -cosine)
    value = sine / x
    for k in range(1, n + 1):
        value = (waves[k % 4] - k * value) / x
    return value


def _taylor(n: int, x: Floats) -> Floats:
    """The same by the power series: Σ (-1)^k x^(2k-n) (2k)!/((2k+1)! (2k-n)!)."""
    square, first = -x * x, (n + 1) // 2
    power = Long((-1) ** first) * (x if n % 2 else np.ones(x.shape, Long))
    total = power / (2 * first + 1)
    for k in range(first + 1, first + 50):
        power = power * square / ((2 * k - n) * (2 * k - n - 1))
        total += power / (2 * k + 1)
    return total


def _near(n: int) -> float:
    return max(4.0, n + 2.0)


def _cardinal(n: int, x: Floats) -> Floats:
    if n < 0:
        return np.full(x.shape, np.nan)
    return piecewise(
        x,
        (np.abs(x) < (_near(n) if n else 1), lambda x: _taylor(n, x)),
        (np.isinf(x), lambda x: np.zeros(x.shape)),
        (x == x, lambda x: _derivative(n, x, np.sin(x), np.cos(x))),
    )


def _sinc(n: int, x: Floats) -> Floats:
    if n < 0:
        return np.full(x.shape, np.nan)

    def far(x: Floats) -> Floats:
        half = x - 2 * np.round(x / 2)  # exact: the angle modulo two half turns
        return _derivative(n, PI * x, _sine(half), _sine(half + Long(0.5)))

    return PI**n * piecewise(
        x,
        (np.abs(PI * x) < (_near(n) if n else 1), lambda x: _taylor(n, PI * x)),
        (np.isinf(x), lambda x: np.zeros(x.shape)),
        (x == x, far),
    )


def _sine(half_turns: Floats) -> Floats:
    """sin(πx), exactly 0 at whole numbers."""
    whole = np.round(half_turns)
    return np.where(whole % 2 == 0, 1, -1) * np.sin(PI * (half_turns - whole))


@in_long_double
def cardinal(n: Floats, x: Floats) -> Floats:
    """The n-th derivative of sin(x)/x."""
    return by_order(_cardinal)(n, x)


@in_long_double
def sincn(n: Floats, x: Floats) -> Floats:
    """The n-th derivative of sinc."""
    return by_order(_sinc)(n, x)


@in_long_double
def sinc(x: Floats) -> Floats:
    """sin(πx)/(πx), as numpy has it."""
    return _sinc(0, x)
