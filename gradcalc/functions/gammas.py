"""The gamma function and its relatives to the last digits of a double.

Libraries lose up to a dozen ulps in these. Here they are computed in long double. Small arguments
are moved beyond ``FAR``, where the asymptotic series hold; negative ones are reflected, with the
nearest integer taken off first, which is exact.
"""

from __future__ import annotations

from math import comb, factorial

import numpy as np

from gradcalc.functions.long import (
    EULER,
    PI,
    Floats,
    Long,
    in_long_double,
    nearest,
    piecewise,
    polynomial,
)
from gradcalc.limits import MOST_ORDER

FAR = 10
"""From here on, a dozen terms of the asymptotic series have all the digits."""

HALF_LOG_TAU = Long("0.918938533204672741780329736405617640")
LOG_PI = Long("1.14472988584940017414342735135305871")

BERNOULLI = [Long(p) / Long(q) for p, q in (
    (1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510),
    (43867, 798), (-174611, 330), (854513, 138), (-236364091, 2730), (8553103, 6),
)]  # fmt: skip
"""B_2, B_4, …"""

DIGAMMA_ZERO = 1.4616321449683622
DIGAMMA_ZERO_REST = Long("9.549995429965697715184199e-17")
DIGAMMA_TAYLOR = [Long(c) for c in (
    "0.9676722454476211704274", "-0.4427631689835921060929", "0.2584997609556510106244",
    "-0.1639427054424065275043", "0.1078240506912623657572", "-0.07219956125645471092612",
    "0.04880428816414310722509", "-0.03316112647484735929226", "0.02259764823221810465962",
    "-0.0154247659049489591388", "0.01053879161661217538812", "-0.00720453438635686824097",
)]  # fmt: skip
"""Digamma about its positive zero, from the first power on; the zero is the sum of two numbers."""

ZETA_LESS_ONE = [Long(c) for c in (
    "0.6449340668482264364724", "0.2020569031595942853997", "0.082323233711138191516",
    "0.03692775514336992633137", "0.01734306198444913971452", "0.008349277381922826839798",
    "0.004077356197944339378685", "0.002008392826082214417853", "0.000994575127818085337146",
    "0.0004941886041194645587023", "0.000246086553308048298638", "0.0001227133475784891467518",
    "0.00006124813505870482925855", "0.00003058823630702049355173", "0.00001528225940865187173257",
    "0.0000076371976378997622736", "0.000003817293264999839856462", "0.000001908212716553938925657",
    "9.53962033872796113152e-7", "4.769329867878064631167e-7", "2.384505027277329900036e-7",
    "1.192199259653110730678e-7", "5.960818905125947961244e-8", "2.980350351465228018606e-8",
    "1.490155482836504123466e-8",
)]  # fmt: skip
"""ζ(2) - 1, ζ(3) - 1, …"""


# --- gamma and its logarithm ----------------------------------------------------------------------

_STIRLING = [b / (2 * k * (2 * k - 1)) for k, b in enumerate(BERNOULLI, start=1)]


def stirling(z: Floats) -> Floats:
    """What log Γ(z) is more than (z - 1/2) log(z) - z + log(2π)/2, for z >= FAR."""
    return polynomial(_STIRLING, 1 / (z * z)) / z


def _log_gamma_far(z: Floats) -> Floats:
    return (z - 0.5) * np.log(z) - z + HALF_LOG_TAU + stirling(z)


def _rising(x: Floats) -> Floats:
    """x (x + 1) … (x + FAR - 1)."""
    product = x.copy()
    for k in range(1, FAR):
        product *= x + k
    return product


def _gamma_far(z: Floats) -> Floats:
    power = np.exp((z - 0.5) / 2 * np.log(z))  # its square would lose digits before it overflows
    return power * np.exp(HALF_LOG_TAU - z + stirling(z)) * power


def _gamma_reflected(x: Floats) -> Floats:
    whole, rest = nearest(x)
    sign = np.where(np.mod(whole, 2) == 0, 1, -1)
    return sign * PI / (np.sin(PI * rest) * gamma_positive(1 - x))


def gamma_positive(x: Floats) -> Floats:
    return piecewise(
        x,
        (x > 1700, lambda x: np.full(x.shape, np.inf)),
        (x >= FAR, _gamma_far),
        (x > 0, lambda x: _gamma_far(x + FAR) / _rising(x)),
    )


@in_long_double
def gamma(x: Floats) -> Floats:
    """Γ(x); a signed infinity at 0, NaN at the negative integers."""
    return piecewise(
        x,
        (x == 0, lambda x: 1 / x),
        (x >= 0.5, gamma_positive),
        ((x != np.floor(x)) & (x > -np.inf), _gamma_reflected),
    )


def log_gamma_near_one(t: Floats) -> Floats:
    """log Γ(1 + t) for small t, to the last digit of even the smallest."""
    signed = [c / (k + 2) * (-1) ** k for k, c in enumerate(ZETA_LESS_ONE)]
    return t * t * polynomial(signed, t) + ((1 - EULER) * t - np.log1p(t))


def _log_gamma_near_two(t: Floats) -> Floats:
    signed = [c / (k + 2) * (-1) ** k for k, c in enumerate(ZETA_LESS_ONE)]
    return t * t * polynomial(signed, t) + (1 - EULER) * t


def log_gamma_positive(x: Floats) -> Floats:
    return piecewise(
        x,
        (np.abs(x - 1) < 0.25, lambda x: log_gamma_near_one(x - 1)),
        (np.abs(x - 2) < 0.25, lambda x: _log_gamma_near_two(x - 2)),
        (x == np.inf, lambda x: x),
        (x >= FAR, _log_gamma_far),
        (x > 0, lambda x: _log_gamma_far(x + FAR) - np.log(_rising(x))),
    )


@in_long_double
def lgamma(x: Floats) -> Floats:
    """log |Γ(x)|; infinity at 0 and at the negative integers."""

    def reflected(x: Floats) -> Floats:
        _, rest = nearest(x)
        return LOG_PI - np.log(np.abs(np.sin(PI * rest))) - log_gamma_positive(1 - x)

    return piecewise(
        x,
        (x >= 0.5, log_gamma_positive),
        (np.isinf(x) | (x == np.floor(x)), lambda x: np.full(x.shape, np.inf)),
        (x < 0.5, reflected),
    )


# --- digamma and its derivatives ------------------------------------------------------------------

_DIGAMMA_FAR = [b / (2 * k) for k, b in enumerate(BERNOULLI, start=1)]


def _digamma_far(z: Floats) -> Floats:
    square = 1 / (z * z)
    return np.log(z) - 0.5 / z - square * polynomial(_DIGAMMA_FAR, square)


def _digamma_near_zero(x: Floats) -> Floats:
    step = (x - DIGAMMA_ZERO) - DIGAMMA_ZERO_REST
    return step * polynomial(DIGAMMA_TAYLOR, step)


def digamma_positive(x: Floats) -> Floats:
    def shifted(x: Floats) -> Floats:
        return _digamma_far(x + FAR) - sum(1 / (x + k) for k in range(FAR))

    return piecewise(
        x,
        (np.abs(x - DIGAMMA_ZERO) < 0.02, _digamma_near_zero),
        (x == np.inf, lambda x: x),
        (x >= FAR, _digamma_far),
        (x > 0, shifted),
    )


def _digamma(x: Floats) -> Floats:
    def reflected(x: Floats) -> Floats:
        _, rest = nearest(x)
        return digamma_positive(1 - x) - PI / np.tan(PI * rest)

    return piecewise(
        x,
        (x >= 0.5, digamma_positive),
        (x == 0, lambda x: -1 / x),
        ((x != np.floor(x)) & (x > -np.inf), reflected),
    )


@in_long_double
def digamma(x: Floats) -> Floats:
    """ψ(x), the derivative of log Γ; a signed infinity at 0, NaN at the negative integers."""
    return _digamma(x)


def _inverse_power(x: Floats, s: int) -> Floats:
    """1/x^s, by squaring."""
    base, power = 1 / x, np.ones(x.shape, Long)
    while s:
        if s & 1:
            power = power * base
        base = base * base
        s >>= 1
    return power


def _hurwitz(s: int, x: Floats) -> Floats:
    """ζ(s, x) = Σ 1/(x + k)^s over k ≥ 0, for s ≥ 2 and x > 0, by Euler's and Maclaurin's sum."""
    steps = FAR + s
    near = sum((_inverse_power(x + k, s) for k in range(steps)), start=np.zeros(x.shape, Long))
    z = x + steps
    series = np.zeros(x.shape, Long)
    for k in range(len(BERNOULLI), 0, -1):
        # B_2k/(2k)! · s (s + 1) … (s + 2k - 2), by which z^(1 - s - 2k) is multiplied
        rising = Long(comb(s + 2 * k - 2, s - 1)) * factorial(2 * k - 1)
        series = (series + BERNOULLI[k - 1] * rising / Long(factorial(2 * k))) / (z * z)
    tail = 1 / Long(s - 1) + 0.5 / z + series
    return near + tail * _inverse_power(z, s - 1)


def polygamma_of(n: int, x: Floats) -> Floats:
    s, sign = n + 1, (-1) ** (n + 1)
    factor = sign * Long(factorial(n)) if n < 1700 else Long(sign) * np.inf

    def reflected(x: Floats) -> Floats:
        """The nearest pole, what lies right of it, and as much on its left as there is."""
        _, rest = nearest(x)
        left = _hurwitz(s, 1 - rest) - _hurwitz(s, 1 - x)
        return factor * (_inverse_power(rest, s) + _hurwitz(s, 1 + rest) + (-1) ** s * left)

    return piecewise(
        x,
        (x == np.inf, lambda x: np.zeros(x.shape)),
        (x >= 0.5, lambda x: factor * _hurwitz(s, x)),
        (
            (x == 0) | ((x == np.floor(x)) & (s % 2 == 0)),
            lambda x: np.full(x.shape, factor * np.inf),
        ),
        ((x != np.floor(x)) & (x > -np.inf), reflected),
    )


@in_long_double
def polygamma(n: Floats, x: Floats) -> Floats:
    """The n-th derivative of digamma at x; NaN where n is no order, or x a pole.

    Its work grows with n, and a column of a file can say any: up to ``MOST_ORDER`` it is done.
    """
    result = np.full(x.shape, np.nan, Long)
    orders = n[(n >= 0) & (n <= MOST_ORDER) & (n == np.floor(n))]
    for order in np.unique(orders).tolist():
        here = n == order
        result[here] = polygamma_of(int(order), x[here]) if order else _digamma(x[here])
    return result
