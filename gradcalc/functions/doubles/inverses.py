"""Inverse functions by Newton: Lambert's W, and the inverse of the error function."""

from __future__ import annotations

from gradcalc.functions.doubles.pairs import (
    INF,
    NAN,
    Long,
    counting,
    erf,
    erfc,
    exact_product,
    exact_sum,
    exp,
    log,
    polynomial,
    sqrt,
)

BRANCH = (
    0.5, 0.3333333333333333, 0.125, 0.03333333333333333, 0.006944444444444444,
    0.0011904761904761906, 0.00017361111111111112, 2.2045855379188714e-05, 2.48015873015873e-06,
    2.505210838544172e-07, 2.296443268665491e-08, 1.9270852604185937e-09, 1.4911969277048643e-10,
    1.0706029224547743e-11, 7.169215998581078e-13, 4.498331606952833e-14, 2.6552651846596585e-15,
    1.4797143443923793e-16, 7.809603484293113e-18, 3.9145882126782523e-19,
)  # fmt: skip
"""(1 + (u - 1) exp(u))/u²: 1/(k! (k + 2))."""


def beyond_branch(x: float) -> Long:
    """1 + W(x) near the branch point: the u with 1 + (u - 1) exp(u) = e x + 1."""
    d = exact_sum(x, 0.36787944117144233) - 1.2428753672788363e-17
    d = d * Long(2.718281828459045, 1.4456468917292502e-16)
    if d.hi <= 0.0:
        return Long(NAN, NAN)
    u = sqrt(2.0 * d.hi)
    u = u - u * u / 3.0
    z = 0.0
    for _k in counting(6.0):
        u = u + z
        e = polynomial(BRANCH, u)
        r = d - exact_product(u, u) * e
        z = r.hi / (u * exp(u))
    return exact_sum(u, z)


def halley(x: float) -> float:
    """W(x) for x ≥ -0.2."""
    w = x / (1.0 + max(x, x / 2.0))
    a = log(max(x, 3.0))
    w = a - log(a) if x > 3.0 else w
    for _k in counting(7.0):
        f = w - x * exp(-w)
        w = w - f / (1.0 + w - (w + 2.0) * f / (2.0 * w + 2.0))
    return w


def lambertw(x: float) -> float:
    if x == 0.0:
        return 0.0
    if x < -0.2:
        return (beyond_branch(x) - 1.0).hi
    if x == INF:
        return INF
    return halley(x)


def lambertwp(x: float) -> float:
    if x < -0.2:
        return beyond_branch(x).hi
    if x == INF:
        return INF
    return 1.0 + halley(x)


def inverse_erf(x: float) -> Long:
    """Newton, on erfc where erf is near 1."""
    if abs(x) < 0.5:
        y = 0.8862269254527579 * x * (1.0 + 0.2617993877991494 * x * x)
        z = 0.0
        for _k in counting(5.0):
            y = y + z
            z = (x - erf(y)) * 0.8862269254527579 * exp(y * y)
        return exact_sum(y, z)
    s = 1.0 - abs(x)
    a = log(s * (1.0 + abs(x)))
    e = 4.330746750799873 + a / 2.0
    y = sqrt(sqrt(e * e - a / 0.147) - e)
    z = 0.0
    for _k in counting(5.0):
        y = y + z
        z = (erfc(y) - s) * 0.8862269254527579 * exp(y * y)
    return exact_sum(y, z) * (1.0 if x > 0.0 else -1.0)


def erfinv(x: float) -> float:
    if abs(x) < 1.0:
        return inverse_erf(x).hi
    return x * INF if abs(x) == 1.0 else NAN


def erfinvd(x: float) -> float:
    if abs(x) < 1.0:
        y = inverse_erf(x)
        w = exact_product(y.hi, y.hi)
        return 0.886226925452758 * (exp(w.hi) * (1.0 + (w.lo + 2.0 * y.hi * y.lo)))
    return INF if abs(x) == 1.0 else NAN
