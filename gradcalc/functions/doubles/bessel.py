"""Bessel functions of whole order: power series in pairs of doubles, and the series far out."""

from __future__ import annotations

from gradcalc.functions.doubles.pairs import (
    EULER,
    INF,
    LN2,
    NAN,
    PI,
    Long,
    cos,
    counting,
    exact_product,
    exp,
    floor,
    inverse,
    long_log,
    long_sine,
    quotient,
    sqrt,
)


def is_odd(n: float) -> float:
    return abs(n) - 2.0 * floor(abs(n) / 2.0)


def power_series(n: float, t: float, f: float, terms: float) -> Long:
    """Σ f^k (t/2)^(n + 2k)/(k! (n + k)!): J with f = -1, I with 1."""
    h = Long(t / 2.0, 0.0)
    r = Long(1.0, 0.0)
    for k in counting(1.0, n + 1.0):
        r = r * h / Long(k, 0.0)
    w = exact_product(t / 2.0, t / 2.0) * f
    p = r
    for k in counting(1.0, terms):
        r = r * w / Long(k * (n + k), 0.0)
        p = p + r
    return p


def hankel(n: float, x: float, turns: float) -> Long:
    """J_n for n of 0 or 1 and x ≥ 25, or with a turn more, Y_n: Hankel's expansion."""
    i = inverse(x)
    m = 4.0 * n * n
    q = i * ((m - 1.0) / 8.0)
    r = q.hi
    a = 0.0
    b = 0.0
    f = -1.0
    for k in counting(1.0, 20.0):
        r = r * ((m - (4.0 * k - 1.0) * (4.0 * k - 1.0)) / (16.0 * k)) / x
        a = a + f * r
        r = r * ((m - (4.0 * k + 1.0) * (4.0 * k + 1.0)) / (16.0 * k + 8.0)) / x
        b = b + f * r
        f = -f
    return waves(x, turns - n, Long(1.0, 0.0) + a, q + b) * (0.5641895835477563 / sqrt(x))


def waves(x: float, turns: float, p: Long, q: Long) -> Long:
    """√2 (p cos(θ) - q sin(θ)) of θ = x - π/4 + turns π/2."""
    if x < 1e5:
        c = long_sine(Long(x, 0.0), turns + 1.0)
        s = long_sine(Long(x, 0.0), turns)
        return p * (c + s) - q * (s - c)
    c = long_sine(Long(x, 0.0), turns + 1.0)
    s = long_sine(Long(x, 0.0), turns)
    z = cos(2.0 * x) * (1.0 if is_odd(turns) < 0.5 else -1.0)  # (c + s) (c - s)
    a = c.hi + s.hi if c.hi * s.hi > 0.0 or x > 8e307 else quotient(z, c.hi - s.hi)
    b = s.hi - c.hi if c.hi * s.hi <= 0.0 or x > 8e307 else -quotient(z, c.hi + s.hi)
    return p * a - q * b


def second(n: float, x: float, f: float, terms: float) -> Long:
    """(log(x/2) + γ) P - Σ h f^k (x/2)^(n + 2k)/(k! (n + k)!), whose sum without h is P; h has the
    harmonic numbers. Of this are Y and K of order 0 and 1."""
    h = Long(x / 2.0, 0.0)
    w = exact_product(x / 2.0, x / 2.0) * f
    r = h * n + (1.0 - n)
    p = r
    c = Long(0.0, 0.0)
    q = r * (0.5 * n)
    for k in counting(1.0, terms):
        r = r * w / Long(k * (n + k), 0.0)
        p = p + r
        c = c + Long(1.0, 0.0) / Long(k, 0.0)
        q = q + r * (c + Long(0.5 * n, 0.0) / Long(k + 1.0, 0.0))
    return (long_log(Long(x, 0.0)) - LN2 + EULER) * p - q


CURVE = (
    0.005004168055803599, 0.020066755619075845, 0.04533851412886049, 0.08107237183845481,
    0.12762596520638078, 0.1854652182422677, 0.255169005630943, 0.3374349463048446,
    0.43308638544877437, 0.5430806348152438, 0.6685185538222563, 0.8106555673243748,
    0.9709142303266284, 1.1508984653931404, 1.3524096152432474, 1.577464471194885,
    1.8283154578899672, 2.1074731763172663, 2.4177315307509524, 2.7621956910836314,
    3.144313170410316, 3.5679083288982274, 4.037220649268762, 4.556947166965507, 5.132289479663686,
    5.769005806608012,
)  # fmt: skip
"""cosh(t) - 1 at t = 0.1, 0.2, …"""


def low_k(n: float, x: float) -> Long:
    """K_n for n of 0 or 1: a series, the trapezoidal rule on ∫ exp(-x cosh(t)) cosh(nt), and the
    series far out."""
    if x < 8.0:
        s = second(n, x, 1.0, 36.0)
        return (s + Long(n, 0.0) / Long(x, 0.0)) * (1.0 if n > 0.5 else -1.0)
    if x < 25.0:
        p = Long(0.5, 0.0)
        for c in CURVE:
            p = p + exp(-x * c) * (1.0 + n * c)
        return p * Long(0.1, -5.551115123125783e-18) * exp(-x)
    e = 0.0
    r = 1.0
    for k in counting(1.0, 30.0):
        r = r * (4.0 * n * n - (2.0 * k - 1.0) * (2.0 * k - 1.0)) / (8.0 * k * x)
        e = e + r
    return Long(exp(-x) * ((1.0 + e) * sqrt(1.5707963267948966 / x)), 0.0)


def lowest(n: float, x: float, kind: float) -> Long:
    """J, Y or K of order 0 or 1: the ``kind`` is 0, -1 or 1; J where x ≥ 25."""
    if kind > 0.5:
        return low_k(n, x)
    if kind > -0.5:
        return hankel(n, x, 0.0)
    if x >= 25.0:
        return hankel(n, x, -1.0)
    if x < 4.0:
        return (second(n, x, -1.0, 26.0) - Long(n, 0.0) / Long(x, 0.0)) * 2.0 / PI
    return (second(n, x, -1.0, 61.0) - Long(n, 0.0) / Long(x, 0.0)) * 2.0 / PI


def upwards(n: float, x: float, kind: float) -> Long:
    """The same of order n, by recurrence; NaN where it overflows."""
    a = lowest(0.0, x, kind)
    b = lowest(1.0, x, kind)
    w = inverse(x) * 2.0
    f = 1.0 if kind > 0.5 else -1.0
    for k in counting(1.0, n + 1.0):
        c = w * k * b + a * f
        a = b
        b = c
    return a


def besselj(n: float, x: float) -> float:
    if n != floor(n) or abs(n) > 999.0 or x != x:
        return NAN
    m = abs(n)
    t = abs(x)
    f = -1.0 if is_odd(n) > 0.5 and n * x < 0.0 else 1.0
    if t == INF:
        return 0.0 * f
    if t < 4.0:
        return f * power_series(m, t, -1.0, 26.0).hi
    if t < 25.0 or t < m:
        return f * power_series(m, t, -1.0, 61.0 + m).hi
    return f * upwards(m, t, 0.0).hi


def bessely(n: float, x: float) -> float:
    if n != floor(n) or abs(n) > 999.0 or x != x or x < 0.0:
        return NAN
    f = -1.0 if is_odd(n) > 0.5 and n < 0.0 else 1.0
    if x == INF:
        return 0.0
    if x == 0.0:
        return -INF * f
    if x < 1e-290 and abs(n) == 1.0:
        return -f * 0.6366197723675814 / x
    e = upwards(abs(n), x, -1.0).hi
    return f * (e if e == e else -INF)


def besselk(n: float, x: float) -> float:
    if n != floor(n) or abs(n) > 999.0 or x != x or x < 0.0:
        return NAN
    if x == INF:
        return 0.0
    if x == 0.0:
        return INF
    if x < 1e-290 and abs(n) == 1.0:
        return 1.0 / x
    e = upwards(abs(n), x, 1.0).hi
    return e if e == e else INF


def far_i(n: float, x: float) -> float:
    e = 0.0
    r = 1.0
    for k in counting(1.0, 45.0):
        r = r * ((2.0 * k - 1.0) * (2.0 * k - 1.0) - 4.0 * n * n) / (8.0 * k * x)
        e = e + r
    h = exp(x / 2.0)  # its square may overflow where the result does not
    return h * ((1.0 + e) / sqrt(6.283185307179586 * x)) * h


def besseli(n: float, x: float) -> float:
    if n != floor(n) or abs(n) > 999.0 or x != x:
        return NAN
    m = abs(n)
    t = abs(x)
    f = -1.0 if is_odd(n) > 0.5 and x < 0.0 else 1.0
    if t > 2000.0:
        return f * INF
    if t < 4.0:
        return f * power_series(m, t, 1.0, 26.0).hi
    if t < 25.0 or t < m * m:
        return f * power_series(m, t, 1.0, 61.0 + m * m).hi
    return f * far_i(m, t)
