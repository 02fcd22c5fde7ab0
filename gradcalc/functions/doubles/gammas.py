"""The gamma function and its relatives: Stirling's series beyond 10, and ten steps up to there."""

from __future__ import annotations

from gradcalc.functions.doubles.pairs import (
    EULER,
    INF,
    NAN,
    PI,
    Long,
    counting,
    exact_sum,
    exp,
    floor,
    half_turns,
    log,
    long_log,
    polynomial,
    quotient,
)

HALF_LOG_TAU = Long(0.9189385332046728, -3.8782941580672414e-17)
LOG_PI = Long(1.1447298858494002, 1.0265951162707826e-17)

STIRLING = (
    0.08333333333333333, -0.002777777777777778, 0.0007936507936507937, -0.0005952380952380953,
    0.0008417508417508417, -0.0019175269175269176, 0.00641025641025641, -0.029550653594771242,
    0.17964437236883057, -1.3924322169059011, 13.402864044168393,
)  # fmt: skip


def far_lgamma(z: Long) -> Long:
    """log Γ(z) for z ≥ 10."""
    w = 1.0 / (z.hi * z.hi)
    e = polynomial(STIRLING, w)
    return ((z - 0.5) * long_log(z) - z) + (HALF_LOG_TAU + e / z.hi)


def rising(z: Long) -> Long:
    """z (z + 1) … (z + 9)."""
    p = z
    for k in counting(1.0, 10.0):
        p = p * (z + k)
    return p


def gamma_positive(z: Long) -> float:
    if z.hi > 200.0:
        return INF
    if z.hi >= 10.0:
        g = far_lgamma(z)
        return exp(g.hi) * (1.0 + g.lo)
    g = far_lgamma(z + 10.0)
    p = rising(z)
    return exp(g.hi) * (1.0 + (g.lo - p.lo / p.hi)) / p.hi


def gamma(x: float) -> float:
    if abs(x) < 1e-290:
        return quotient(1.0, x)
    if x >= 0.5:
        return gamma_positive(Long(x, 0.0))
    if x == floor(x) or x != x:
        return NAN
    s = PI / half_turns(x, 0.0)
    if x < -140.0:
        z = far_lgamma(exact_sum(1.0, -x))
        e = exp(-0.5 * z.hi)  # the number itself would be 0 too soon
        return s.hi * (1.0 - z.lo) * e * e
    g = gamma_positive(exact_sum(1.0, -x))
    return s.hi / g


NEAR_ONE = (
    0.8224670334241132, -0.40068563438653143, 0.27058080842778454, -0.20738555102867398,
    0.1695571769974082, -0.1440498967688461, 0.12550966952474304, -0.11133426586956469,
    0.1000994575127818, -0.09095401714582904, 0.083353840546109, -0.0769325164113522,
    0.07143294629536133, -0.06666870588242046, 0.06250095514121304, -0.058823978658684585,
    0.055555767627403614, -0.05263167937961666, 0.05000004769810169, -0.047619070330142226,
    0.04545455629320467, -0.04347826605304026, 0.04166666915034121, -0.04000000119214014,
    0.03846153903467518, -0.037037037312989324,
)  # fmt: skip
"""(log Γ(1 + t)/t + γ)/t"""
NEAR_TWO = (
    0.42278433509846714, 0.3224670334241132, -0.0673523010531981, 0.020580808427784546,
    -0.007385551028673986, 0.0028905103307415234, -0.001192753911703261, 0.0005096695247430425,
    -0.00022315475845357939, 9.945751278180853e-05, -4.492623673813314e-05, 2.050721277567069e-05,
    -9.439488275268397e-06, 4.374866789907488e-06, -2.039215753801366e-06, 9.55141213040742e-07,
    -4.492469198764566e-07, 2.1207184805554665e-07, -1.0043224823968099e-07, 4.7698101693639804e-08,
)  # fmt: skip


def near_one(t: float) -> Long:
    """log Γ(1 + t) for |t| < 0.25."""
    e = polynomial(NEAR_ONE, t)
    return (Long(t * e, 0.0) - EULER) * t


def lgamma_positive(z: Long) -> Long:
    t = (z - 1.0).hi
    if abs(t) < 0.25:
        return near_one(t)
    t = (z - 2.0).hi
    if abs(t) < 0.25:
        e = polynomial(NEAR_TWO, t)
        return Long(t * e, 0.0)
    if z.hi > 1e15:
        return Long(z.hi * (log(z.hi) - 1.0), 0.0)
    if z.hi >= 10.0:
        return far_lgamma(z)
    return far_lgamma(z + 10.0) - long_log(rising(z))


def lgamma(x: float) -> float:
    if x >= 0.5:
        return lgamma_positive(Long(x, 0.0)).hi
    if x == floor(x):
        return INF
    if x != x:
        return NAN
    if abs(x) < 1e-290:
        return -log(abs(x))
    s = half_turns(x, 0.0)
    s = s * (-1.0 if s.hi < 0.0 else 1.0)
    return ((LOG_PI - long_log(s)) - lgamma_positive(exact_sum(1.0, -x))).hi


# --- digamma and its derivatives ------------------------------------------------------------------

DIGAMMA = (
    0.08333333333333333, -0.008333333333333333, 0.003968253968253968, -0.004166666666666667,
    0.007575757575757576, -0.021092796092796094, 0.08333333333333333, -0.4432598039215686,
    3.0539543302701198, -26.456212121212122, 281.46014492753625,
)  # fmt: skip
AT_ZERO = (
    Long(0.9676722454476212, -3.387874303038943e-17),
    Long(-0.4427631689835921, -2.4685968258808798e-17),
    Long(0.258499760955651, -1.50046082237735e-17),
    Long(-0.16394270544240652, 0.0),
    Long(0.10782405069126237, 0.0),
    Long(-0.07219956125645471, 0.0),
    Long(0.04880428816414311, 0.0),
    Long(-0.03316112647484736, 0.0),
    Long(0.022597648232218104, 0.0),
    Long(-0.01542476590494896, 0.0),
    Long(0.010538791616612175, 0.0),
    Long(-0.007204534386356869, 0.0),
)
"""Digamma about its positive zero, from the first power on."""


def far_digamma(z: Long) -> Long:
    w = 1.0 / (z.hi * z.hi)
    e = polynomial(DIGAMMA, w)
    return (long_log(z) - Long(0.5, 0.0) / z) - w * e


def digamma_positive(z: Long) -> Long:
    if abs(z.hi - 1.4616321449683622) < 0.02:
        t = (z - 1.4616321449683622) - 9.549995429965697e-17
        p = polynomial(AT_ZERO, t)
        return p * t
    if z.hi > 1e100:
        return Long(log(z.hi), 0.0)
    if z.hi >= 10.0:
        return far_digamma(z)
    p = Long(0.0, 0.0)
    for k in counting(10.0):
        p = p + Long(1.0, 0.0) / (z + k)
    return far_digamma(z + 10.0) - p


def digamma(x: float) -> float:
    if x >= 0.5:
        return digamma_positive(Long(x, 0.0)).hi
    if abs(x) < 1e-100:
        return -quotient(1.0, x)
    if x == floor(x) or x != x:
        return NAN
    p = PI * half_turns(x, 1.0) / half_turns(x, 0.0)
    return (digamma_positive(exact_sum(1.0, -x)) - p).hi


EVEN = (
    0.08333333333333333, -0.001388888888888889, 3.306878306878307e-05, -8.267195767195768e-07,
    2.08767569878681e-08, -5.284190138687493e-10, 1.3382536530684679e-11, -3.3896802963225827e-13,
    8.586062056277845e-15, -2.174868698558062e-16, 5.5090028283602295e-18, -1.3954464685812522e-19,
    3.534707039629467e-21,
)  # fmt: skip
"""B_2k/(2k)!"""


def pole(n: float, z: Long) -> Long:
    """n!/z^(n + 1)."""
    i = Long(1.0, 0.0) / z
    p = i
    for k in counting(1.0, n + 1.0):
        p = p * i * k
    return p


def poles(n: float, x: Long) -> Long:
    """n! ζ(n + 1, x), by Euler's and Maclaurin's sum."""
    p = Long(0.0, 0.0)
    for k in counting(n + 11.0):
        p = p + pole(n, x + k)
    z = x + (n + 11.0)
    w = z.hi * z.hi
    e = 0.0
    r = (n + 1.0) / z.hi
    j = n + 2.0
    for c in EVEN:
        e = e + c * r
        r = r * (j * (j + 1.0) / w)
        j = j + 2.0
    return p + pole(n, z) * ((z / Long(n, 0.0) + 0.5) + e)


def polygamma(n: float, x: float) -> float:
    if n == 0.0:
        return digamma(x)
    if n != floor(n) or n < 0.0 or n > 1000.0 or x != x:
        return NAN
    f = 1.0 if n == 2.0 * floor(n / 2.0) else -1.0  # (-1)^n
    if abs(x) < 1e-20:
        r = quotient(1.0, x) if x != 0.0 or f < 0.0 else INF
        p = r
        for k in counting(1.0, n + 1.0):
            p = p * r * k
        return -f * p
    if x == INF:
        return 0.0
    if x > 1e100:
        p = 1.0
        for k in counting(1.0, n):
            p = p * k
        for _k in counting(n):
            p = p / x
        return -f * p
    if x >= 0.5:
        return -f * poles(n, Long(x, 0.0)).hi
    if x == floor(x):
        return INF if f < 0.0 else NAN
    r = x - round(x)
    s = pole(n, Long(r, 0.0)) + poles(n, exact_sum(1.0, r))
    return -f * (s - (poles(n, exact_sum(1.0, -r)) - poles(n, exact_sum(1.0, -x))) * f).hi
