"""Riemann's zeta function and its derivatives.

Nine terms of the sum, and the rest by Hermite's integral: a sum of powers k^-s, which are
differentiated by multiplying with logarithms. Far left of 0 the same integral from 0 on, where
nothing stands before it.
"""

from __future__ import annotations

from gradcalc.functions.doubles.gammas import lgamma_positive
from gradcalc.functions.doubles.pairs import (
    INF,
    NAN,
    PI,
    Long,
    counting,
    exact_product,
    exact_sum,
    floor,
    half_turns,
    log,
    long_exp,
    long_sine,
    power,
    sqrt,
)

LOGS = (
    Long(0.6931471805599453, 2.3190468138462996e-17),
    Long(1.0986122886681098, -9.07129723500153e-17),
    Long(1.3862943611198906, 4.638093627692599e-17),
    Long(1.6094379124341003, 9.280081691085902e-17),
    Long(1.791759469228055, 4.349979825096335e-17),
    Long(1.9459101490553132, 7.323586207904907e-17),
    Long(2.0794415416798357, 1.8059370687790465e-16),
    Long(2.1972245773362196, -1.814259447000306e-16),
)
"""log(2), …, log(9)"""
LOG_TEN = Long(2.302585092994046, -2.1707562233822494e-16)
LOG_TAU = Long(1.8378770664093456, -7.756588316134483e-17)

HERMITE = (
    (Long(0.4015446681602543, -1.3567507060974604e-17),
     Long(0.01735109137085433, 9.602413127455122e-19),
     Long(2.302735630733644, 1.0024430473357752e-16)),
    (Long(0.020475270150245015, -1.5387252917744402e-18),
     Long(0.06193528063200816, 6.852675903189006e-19),
     Long(2.3045043099712323, 1.919978947976852e-16)),
    (Long(0.0007969656722874743, 8.420580410320149e-21),
     Long(0.11579424318730708, -4.872468355766059e-18),
     Long(2.3093042820500163, 2.00295269579747e-17)),
    (Long(1.5954675838369948e-05, 1.1846835948373584e-21),
     Long(0.17942312785889789, 8.603653688637811e-18),
     Long(2.3187685350708573, -1.480666736196624e-16)),
    (Long(1.4503866499054294e-07, 8.131461470013709e-24),
     Long(0.25345318948943846, -1.81929200413951e-17),
     Long(2.3350542430236003, 1.8137256890565733e-16)),
    (Long(4.971060012763337e-10, 4.3320295779979466e-26),
     Long(0.338852785805721, -6.908126003978706e-18),
     Long(2.361129215224223, 7.439534578643061e-17)),
    (Long(4.4230641429867916e-13, -1.3359590274807917e-29),
     Long(0.4377281018545903, -2.4302450267622375e-18),
     Long(2.4016134563094016, 1.307247341044991e-17)),
    (Long(3.9069880313008916e-17, 2.0316846381854857e-33),
     Long(0.5566804354845847, 2.1103870452864387e-17),
     Long(2.466264994434949, 6.157532018235933e-17)),
)  # fmt: skip
"""w, a, b: Σ w sin(a s) exp(-b s) is what Hermite's integral adds from 10 on, by a rule of Gauss's
kind whose weight is 2t/(exp(2πt) - 1); b - ia is log(10 - it)."""


def right(n: float, s: float) -> Long:
    """The n-th derivative for s ≥ -4, s ≠ 1, but for its sign where n is odd."""
    p = Long(1.0 if n == 0.0 else 0.0, 0.0)
    for c in LOGS:
        p = p + long_exp(c * -s) * power(c, n)
    i = power(LOG_TEN, n) * long_exp(LOG_TEN * -s)
    p = p + i * 0.5
    i = i * 10.0 / exact_sum(s, -1.0)
    p = p + i
    for j in counting(n):
        i = i * (n - j) / LOG_TEN / exact_sum(s, -1.0)
        p = p + i
    for w, a, b in HERMITE:
        p = p + w * long_exp(b * -s) * turned(
            n, b, -a, long_sine(a * s, 1.0), long_sine(a * s, 0.0)
        )
    return p


def turned(n: float, x: Long, y: Long, u: Long, v: Long) -> Long:
    """The imaginary part of (x + iy)^n (u + iv)."""
    p = u
    q = v
    for _k in counting(n):
        r = p * x - q * y
        q = p * y + q * x
        p = r
    return q


def multiplied(p: Long, m: Long) -> float:
    """p exp(m), of which exp(m) alone may be infinite too soon."""
    if m.hi > 1300.0:
        return p.hi * INF
    e = long_exp(m * 0.5)
    return (p * e * (1.0 + e.lo / e.hi)).hi * e.hi


def left(n: float, s: float) -> float:
    """The n-th derivative for s < -4: 2 ∫ u^-s Im(i^s (πi/2 - log(u))^n)/(exp(2πu) - 1) du, by the
    trapezoidal rule over log(u), which has all digits."""
    z = exact_sum(1.0, -s)
    t = log(z.hi / 6.283185307179586)
    m = z * t - z  # where the function is largest
    a = -1.0 - 46.0 / (z.hi - 1.0)
    h = (sqrt(88.0 / z.hi) - a) / 104.0
    y = half_turns(s / 2.0, 0.0)
    x = half_turns(s / 2.0, 1.0)
    p = Long(0.0, 0.0)
    for k in counting(105.0):
        v = exact_product(h, k) + t + a
        u = long_exp(v) * PI * 2.0
        p = p + long_exp(v * z - u - m) / (1.0 - long_exp(-u)) * turned(n, -v, PI * 0.5, x, y)
    return multiplied(p * (2.0 * h), m)


def reflected(s: float) -> float:
    """2 (2π)^(s - 1) sin(πs/2) Γ(1 - s) ζ(1 - s)."""
    z = exact_sum(1.0, -s)
    p = half_turns(s / 2.0, 0.0)
    if p.hi == 0.0:
        return 0.0 if s == 4.0 * floor(s / 4.0) else -0.0
    return multiplied(p * 2.0 * right(0.0, z.hi), lgamma_positive(z) - LOG_TAU * z)


def zetan(n: float, s: float) -> float:
    if n != floor(n) or n < 0.0 or n > 999.0 or s <= -1700.0 or s != s:
        return NAN
    if s == 1.0:
        return INF if n == 0.0 else NAN
    if s > 16000.0:
        return 1.0 if n == 0.0 else 0.0
    if s >= (-0.5 if n == 0.0 else -4.0):
        return right(n, s).hi * (1.0 if n == 2.0 * floor(n / 2.0) else -1.0)
    if n == 0.0:
        return reflected(s)
    return left(n, s)


def zeta(s: float) -> float:
    return zetan(0.0, s)
