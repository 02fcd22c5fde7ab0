"""Incomplete gamma and beta functions, the densities under them, and the beta function.

With t = x·exp(-s) the integral from 0 to x is that of a smooth positive function over s > 0, and so
is the one from x on; nothing cancels. Gauss's rule sums it over panels that double in width, from
as narrow as the nearest singularity is near. What stands before the integral is a density, which is
computed by Loader's deviance where its parameters are large.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import comb, factorial

import numpy as np

from gradcalc.functions.gammas import (
    BERNOULLI,
    FAR,
    gamma_positive,
    log_gamma_near_one,
    log_gamma_positive,
    stirling,
)
from gradcalc.functions.long import PI, Floats, Long, in_long_double, piecewise

_NODES = 24
_TAIL = 46
"""exp(-_TAIL) is no digit of anything."""


@cache
def _rule() -> tuple[Floats, Floats]:
    """Gauss's nodes and weights on [0, 1], by Newton's method in long double."""
    x: Floats = np.polynomial.legendre.leggauss(_NODES)[0].astype(Long)
    for _ in range(2):
        before: Floats = np.ones(_NODES, Long)
        here = x
        for k in range(2, _NODES + 1):
            before, here = here, ((2 * k - 1) * x * here - (k - 1) * before) / k
        slope = _NODES * (x * here - before) / (x * x - 1)
        x = x - here / slope
    return (1 + x) / 2, 1 / ((1 - x * x) * slope * slope)


def _integral(exponent: Callable[[Floats, Floats], Floats], end: Floats, first: Floats) -> Floats:
    """∫ exp(exponent(s, which)) over 0 < s < end, in panels [0, first], [first, 2 first], …;
    ``which`` are the places of the rows of s."""
    nodes, weights = _rule()
    count = np.maximum(np.ceil(np.log2(end / first)), 0).astype(int)
    total = np.zeros(end.shape, Long)
    left, width = np.zeros(end.shape, Long), first.copy()
    for k in range(int(count.max(initial=-1)) + 1):
        which = np.flatnonzero(count >= k)
        s = left[which, None] + width[which, None] * nodes
        total[which] += width[which] * (np.exp(exponent(s, which)) @ weights)
        left = left + width
        width = left.copy()
    return total


def _beyond_line(s: Floats) -> Floats:
    """exp(s) - 1 - s."""
    term = series = s * s / 2
    for k in range(3, 18):
        term = term * s / k
        series = series + term
    return np.where(np.abs(s) < 0.5, series, np.expm1(s) - s)


def _below_line(y: Floats) -> Floats:
    """log(1 + y) - y for y >= 0."""
    v = y / (2 + y)
    square, power, series = v * v, v, np.zeros(v.shape, Long)
    for k in range(1, 14):
        power = power * square
        series += power / (2 * k + 1)
    return np.where(y < 0.4, 2 * series - y * v, np.log1p(y) - y)


def _deviance(a: Floats, m: Floats, difference: Floats) -> Floats:
    """a·log(a/m) + m - a, whose ``difference`` is a - m, to the last digit (Loader 2000)."""
    v = difference / (a + m)
    square, power, series = v * v, v, np.zeros(v.shape, Long)
    for k in range(1, 30):
        power = power * square
        series += power / (2 * k + 1)
    near = difference * v + 2 * a * series
    return np.where(np.abs(v) < 0.2, near, a * np.log(a / m) - difference)


# --- the gamma distribution -----------------------------------------------------------------------


def _gamma_density(a: Floats, x: Floats) -> Floats:
    """x^a exp(-x)/Γ(a), x times the density."""
    large = np.sqrt(a / (2 * PI)) * np.exp(-_deviance(a, x, a - x) - stirling(np.maximum(a, FAR)))
    small = np.minimum(a, FAR)
    return np.where(a >= FAR, large, x**small * np.exp(-x) / gamma_positive(small))


def _gamma_below(a: Floats, x: Floats) -> Floats:
    """P(a, x), for x <= a or x < 1."""
    end = np.minimum((_TAIL + x) / a, np.where(a > x, _TAIL / (a - x), np.inf))
    end = np.minimum(end, np.where(x > 138, np.sqrt(138 / x), np.inf))

    def exponent(s: Floats, k: Floats) -> Floats:
        near = (x - a)[k, None] * s - x[k, None] * _beyond_line(-s)
        return np.where(s < 0.5, near, -a[k, None] * s - x[k, None] * np.expm1(-s))

    return _gamma_density(a, x) * _integral(exponent, end, np.minimum(end, 1) / 2)


def _gamma_above(a: Floats, x: Floats) -> Floats:
    """Q(a, x), for x >= a and x >= 1."""
    end = np.minimum(np.sqrt(2 * _TAIL / x), np.where(x > a, _TAIL / (x - a), np.inf))
    found = _integral(
        lambda s, k: (a - x)[k, None] * s - x[k, None] * _beyond_line(s), end, end / 8
    )
    return _gamma_density(a, x) * found


def _gamma_rest(a: Floats, x: Floats) -> Floats:
    """Q(a, x) for a < 1 and x < 1, where P may be nearly 1."""
    logs = piecewise(
        a, (a < 0.25, log_gamma_near_one), (a > 0, lambda a: log_gamma_positive(1 + a))
    )
    power = a * np.log(x) - logs
    term, total = np.ones(x.shape, Long), np.zeros(x.shape, Long)
    for k in range(1, 25):
        term = term * -x / k
        total += term * a / (a + k)
    return -np.expm1(power) - np.exp(power) * total


def _both_defined(a: Floats, x: Floats) -> Floats:
    return (a > 0) & (a < np.inf) & (x >= 0)


def _split(
    good: Floats, conditions: list[tuple[Floats, Callable[..., Floats]]], *operands: Floats
) -> Floats:
    """``piecewise`` for functions of several operands; NaN where ``good`` does not hold."""
    result = np.full(good.shape, np.nan, Long)
    left = good.copy()
    for condition, function in conditions:
        here = left & condition
        if here.any():
            result[here] = function(*(column[here] for column in operands))
        left &= ~here
    return result


@in_long_double
def gammainc(a: Floats, x: Floats) -> Floats:
    """∫ t^(a-1) exp(-t) dt/Γ(a) from 0 to x."""
    return _split(_both_defined(a, x), [
        (x == 0, lambda a, x: np.zeros(x.shape)),
        (x > 12_000 + 3 * a, lambda a, x: np.ones(x.shape)),
        ((x <= a) | (x < 1), _gamma_below),
        (x > 0, lambda a, x: 1 - _gamma_above(a, x)),
    ], a, x)  # fmt: skip


@in_long_double
def gammaincc(a: Floats, x: Floats) -> Floats:
    """The same from x on."""
    return _split(_both_defined(a, x), [
        (x == 0, lambda a, x: np.ones(x.shape)),
        (x > 12_000 + 3 * a, lambda a, x: np.zeros(x.shape)),
        ((a < 1) & (x < 1), _gamma_rest),
        (x <= a, lambda a, x: 1 - _gamma_below(a, x)),
        (x > 0, _gamma_above),
    ], a, x)  # fmt: skip


@in_long_double
def gammapdf(a: Floats, x: Floats) -> Floats:
    """x^(a-1) exp(-x)/Γ(a)."""
    at_zero = np.where(a == 1, 1, np.where(a < 1, np.inf, 0))
    return _split(_both_defined(a, x), [
        (x == 0, lambda a, x, zero: zero),
        (x > 12_000 + 3 * a, lambda a, x, zero: np.zeros(x.shape)),
        (x > 0, lambda a, x, zero: _gamma_density(a, x) / x),
    ], a, x, at_zero)  # fmt: skip


# --- the beta distribution ------------------------------------------------------------------------


def _beta_far(a: Floats, b: Floats) -> Floats:
    """B(a, b) where b >= FAR, and a is smaller."""
    n = a + b
    rest = stirling(b) - stirling(n) - ((b - 0.5) * np.log1p(a / b) - a)
    return gamma_positive(a) * n**-a * np.exp(rest)


def _beta_both_far(a: Floats, b: Floats) -> Floats:
    n = a + b
    logs = (a - 0.5) * np.log1p(b / a) + b * np.log1p(a / b) + np.log(b) / 2
    return np.sqrt(2 * PI) * np.exp(stirling(a) + stirling(b) - stirling(n) - logs)


def _beta(a: Floats, b: Floats) -> Floats:
    small, large = np.minimum(a, b), np.maximum(a, b)
    return _split((small > 0) & (large < np.inf), [
        (small >= FAR, _beta_both_far),
        (large >= FAR, _beta_far),
        (small > 0, lambda a, b: gamma_positive(a) / gamma_positive(a + b) * gamma_positive(b)),
    ], small, large)  # fmt: skip


@in_long_double
def beta(a: Floats, b: Floats) -> Floats:
    """Γ(a) Γ(b)/Γ(a + b), for positive a and b."""
    return _beta(a, b)


def _gap(n: int, x: Floats, y: Floats) -> Floats:
    """The n-th polygamma at x less that at x + y: Euler's and Maclaurin's sum, term by term."""
    s = n + 1

    def fall(z: Floats, power: int) -> Floats:
        """z^-power less (z + y)^-power."""
        return -np.expm1(-power * np.log1p(y / z)) * z ** Long(-power)

    near = sum((fall(x + k, s) for k in range(FAR + s)), start=np.zeros(x.shape, Long))
    z = x + (FAR + s)
    tail = (np.log1p(y / z) if n == 0 else fall(z, n) / n) + fall(z, s) / 2
    for k, bernoulli in enumerate(BERNOULLI, start=1):
        rising = Long(comb(s + 2 * k - 2, s - 1)) * factorial(2 * k - 1)
        tail += bernoulli * rising / Long(factorial(2 * k)) * fall(z, s + 2 * k - 1)
    return (-1) ** s * Long(factorial(n)) * (near + tail)


@in_long_double
def psigap(n: Floats, x: Floats, y: Floats) -> Floats:
    """polygamma(n, x) - polygamma(n, x + y), for positive x and y."""
    result = np.full(x.shape, np.nan, Long)
    fit = (n >= 0) & (n < 200) & (n == np.floor(n)) & (x > 0) & (y >= 0) & np.isfinite(x + y)
    for order in np.unique(n[fit]).tolist():
        here = fit & (n == order)
        result[here] = _gap(int(order), x[here], y[here])
    return result


def _twice(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The product of two doubles, and what rounding took from it (Veltkamp's and Dekker's)."""

    def halves(x: Floats) -> tuple[Floats, Floats]:
        big = x * (2 ** ((np.finfo(Long).nmant + 2) // 2) + 1)
        high = big - (big - x)
        return high, x - high

    product = x * y
    (a, b), (c, d) = halves(x), halves(y)
    return product, ((a * c - product) + a * d + b * c) + b * d


def _excess(a: Floats, b: Floats, x: Floats) -> Floats:
    """a - (a + b)x, in which the mean a/(a + b) is compared with x."""
    (ax, ax_rest), (bx, bx_rest) = _twice(a, x), _twice(b, x)
    return ((a - ax) - bx) - (ax_rest + bx_rest)


def _beta_density(a: Floats, b: Floats, x: Floats, rest: Floats, excess: Floats) -> Floats:
    """x^a (1 - x)^b/B(a, b), x (1 - x) times the density; ``rest`` is 1 - x, which rounding may
    have reached: the ``excess`` is not computed from it."""

    def large(a: Floats, b: Floats, x: Floats, rest: Floats, excess: Floats) -> Floats:
        n = a + b
        exponent = _deviance(a, n * x, excess) + _deviance(b, n * rest, -excess)
        return np.sqrt(a / n * b / (2 * PI)) * np.exp(
            stirling(n) - stirling(a) - stirling(b) - exponent
        )

    def small(a: Floats, b: Floats, x: Floats, rest: Floats, _: Floats) -> Floats:
        log_x = np.where(x > 0.5, np.log1p(-rest), np.log(x))
        log_rest = np.where(x > 0.5, np.log(rest), np.log1p(-x))
        return np.exp(a * log_x) * np.exp(b * log_rest) / _beta(a, b)

    return _split(np.full(x.shape, True), [
        ((a >= FAR) & (b >= FAR), large), (x >= 0, small),
    ], a, b, x, rest, excess)  # fmt: skip


def _beta_below(a: Floats, b: Floats, x: Floats, rest: Floats, excess: Floats) -> Floats:
    """I_x(a, b) for x no larger than the mean, or b < 1."""
    odds = x / rest
    pull = np.maximum(b - 1, 0) * odds
    end = np.minimum((_TAIL + pull) / a, np.where(a > pull, _TAIL / (a - pull), np.inf))
    end = np.minimum(end, np.where(pull > 138, np.sqrt(138 / pull), np.inf))
    singular = -np.where(x > 0.5, np.log1p(-rest), np.log(x))

    slope = (excess + x) / rest  # a - (b - 1) odds

    def exponent(s: Floats, k: Floats) -> Floats:
        others, here = b[k, None] - 1, odds[k, None]
        rise = -here * np.expm1(-s)
        near = others * (_below_line(rise) - here * _beyond_line(-s)) - slope[k, None] * s
        cancels = (s < 0.5) & (rise < 1) & (others > 0)
        return np.where(cancels, near, others * np.log1p(rise) - a[k, None] * s)

    width = 1 / np.sqrt(1 + pull * (1 + odds))  # of the bell that it is where both are large
    first = np.minimum(np.minimum(end, 1), np.minimum(singular, 8 * width)) / 2
    return _beta_density(a, b, x, rest, excess) / rest * _integral(exponent, end, first)


@in_long_double
def betainc(a: Floats, b: Floats, x: Floats) -> Floats:
    """∫ t^(a-1) (1 - t)^(b-1) dt/B(a, b) from 0 to x."""
    good = (a > 0) & (b > 0) & (a < np.inf) & (b < np.inf) & (x >= 0) & (x <= 1)
    excess = _excess(a, b, x)
    return _split(good, [
        (x == 0, lambda a, b, x, excess: np.zeros(x.shape)),
        (x == 1, lambda a, b, x, excess: np.ones(x.shape)),
        ((b < 1) | (excess >= 0), lambda a, b, x, excess: _beta_below(a, b, x, 1 - x, excess)),
        (x > 0, lambda a, b, x, excess: 1 - _beta_below(b, a, 1 - x, x, -excess)),
    ], a, b, x, excess)  # fmt: skip


@in_long_double
def betapdf(a: Floats, b: Floats, x: Floats) -> Floats:
    """x^(a-1) (1 - x)^(b-1)/B(a, b)."""
    good = (a > 0) & (b > 0) & (a < np.inf) & (b < np.inf) & (x >= 0) & (x <= 1)

    def inside(a: Floats, b: Floats, x: Floats) -> Floats:
        return _beta_density(a, b, x, 1 - x, _excess(a, b, x)) / x / (1 - x)

    def end(a: Floats, other: Floats) -> Floats:
        return np.where(a > 1, 0, np.where(a == 1, other, np.inf))

    return _split(good, [
        (x == 0, lambda a, b, x: end(a, b)),
        (x == 1, lambda a, b, x: end(b, a)),
        (x > 0, inside),
    ], a, b, x)  # fmt: skip
