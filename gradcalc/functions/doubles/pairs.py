"""Pairs of doubles: a number and what rounding left of it, 32 digits together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from gradcalc.functions import normal

cos: Callable[[float], float] = np.cos
erf: Callable[[float], float] = math.erf
erfc: Callable[[float], float] = normal.erfc
exp: Callable[[float], float] = np.exp
expm1: Callable[[float], float] = np.expm1
expx2: Callable[[float], float] = normal.expx2
floor: Callable[[float], float] = np.floor
log: Callable[[float], float] = np.log
log1p: Callable[[float], float] = np.log1p
log2: Callable[[float], float] = np.log2
sin: Callable[[float], float] = np.sin
sqrt: Callable[[float], float] = np.sqrt
INF, NAN = math.inf, math.nan


@dataclass(frozen=True)
class Long:
    """``hi + lo``; of two, or of one and a double, there are sums, products and so on."""

    hi: float
    lo: float

    __array_ufunc__ = None  # numpy's numbers leave the arithmetic to us

    def __add__(self, other: Long | float) -> Long:
        return plus(self, _long(other))

    __radd__ = __add__

    def __sub__(self, other: Long | float) -> Long:
        return plus(self, negative(_long(other)))

    def __rsub__(self, other: Long | float) -> Long:
        return plus(_long(other), negative(self))

    def __neg__(self) -> Long:
        return negative(self)

    def __mul__(self, other: Long | float) -> Long:
        return times(self, other) if isinstance(other, Long) else scaled(self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Long | float) -> Long:
        return over(self, _long(other))

    def __rtruediv__(self, other: Long | float) -> Long:
        return over(_long(other), self)


def _long(x: Long | float) -> Long:
    return x if isinstance(x, Long) else Long(x, 0.0)


def counting(*ends: float) -> Iterator[float]:
    """Whole numbers that are doubles."""
    start, stop = (0.0, *ends)[-2:]
    while start < stop:
        yield start
        start += 1.0


def quotient(x: float, y: float) -> float:
    """x/y where y may be 0."""
    with np.errstate(all="ignore"):
        return float(np.float64(x) / np.float64(y))


@overload
def polynomial(coefficients: Sequence[float], x: float) -> float: ...
@overload
def polynomial(coefficients: Sequence[Long], x: Long) -> Long: ...
def polynomial(coefficients: Sequence[Any], x: Any) -> Any:
    """Σ c_k x^k."""
    total = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total


# --- arithmetic (Dekker, Knuth) -------------------------------------------------------------------


def negative(a: Long) -> Long:
    return Long(-a.hi, -a.lo)


def exact_sum(a: float, b: float) -> Long:
    s = a + b
    v = s - a
    return Long(s, (a - (s - v)) + (b - v))


def plus(a: Long, b: Long) -> Long:
    s = a.hi + b.hi
    v = s - a.hi
    e = ((a.hi - (s - v)) + (b.hi - v)) + (a.lo + b.lo)
    h = s + e
    return Long(h, e - (h - s))


def exact_product(a: float, b: float) -> Long:
    p = a * b
    c = 134217729.0 * a
    c = c - (c - a)
    d = 134217729.0 * b
    d = d - (d - b)
    r = a - c
    s = b - d
    return Long(p, ((c * d - p) + c * s + r * d) + r * s)


def scaled(a: Long, b: float) -> Long:
    p = exact_product(a.hi, b)
    e = p.lo + a.lo * b
    h = p.hi + e
    return Long(h, e - (h - p.hi))


def times(a: Long, b: Long) -> Long:
    p = exact_product(a.hi, b.hi)
    e = p.lo + (a.hi * b.lo + a.lo * b.hi)
    h = p.hi + e
    return Long(h, e - (h - p.hi))


def over(a: Long, b: Long) -> Long:
    q = a.hi / b.hi
    p = exact_product(q, b.hi)
    e = (((a.hi - p.hi) - p.lo) + (a.lo - q * b.lo)) / b.hi
    h = q + e
    return Long(h, e - (h - q))


def inverse(x: float) -> Long:
    """1/x, of a number that may be too large for a product of pairs."""
    if abs(x) > 1e290:
        return Long(1.0 / x, 0.0)
    return Long(1.0, 0.0) / Long(x, 0.0)


def root(a: Long) -> Long:
    """The square root of a positive number."""
    q = sqrt(a.hi)
    p = exact_product(q, q)
    e = (((a.hi - p.hi) - p.lo) + a.lo) / (2.0 * q)
    h = q + e
    return Long(h, e - (h - q))


def power(a: Long, n: float) -> Long:
    """a^n for whole n ≥ 0."""
    p = Long(1.0, 0.0)
    for _k in counting(n):
        p = p * a
    return p


# --- logarithm, sine ------------------------------------------------------------------------------

LN2 = Long(0.6931471805599453, 2.3190468138462996e-17)
PI = Long(3.141592653589793, 1.2246467991473532e-16)
EULER = Long(0.5772156649015329, -4.942915152430645e-18)

ATANH = (
    Long(2.0, 0.0),
    Long(0.6666666666666666, 3.700743415417188e-17),
    Long(0.4, -2.2204460492503132e-17),
    Long(0.2857142857142857, 1.586032892321652e-17),
    Long(0.2222222222222222, 1.2335811384723961e-17),
    Long(0.18181818181818182, -5.046468293750712e-18),
)
ATANH_TAIL = (
    0.15384615384615385, 0.13333333333333333, 0.11764705882352941, 0.10526315789473684,
    0.09523809523809523, 0.08695652173913043, 0.08, 0.07407407407407407, 0.06896551724137931,
    0.06451612903225806, 0.06060606060606061,
)  # fmt: skip


def long_log(a: Long) -> Long:
    """log(a) for a > 0: that of 1/√2 ≤ m ≤ √2, by 2 atanh((m - 1)/(m + 1)), and so many log(2)."""
    k = round(log2(a.hi))
    h = floor(k / 2.0)
    m = a.hi * pow(2.0, -h) * pow(2.0, h - k)
    s = Long(m - 1.0, 0.0) / exact_sum(m, 1.0)
    t = s * s
    z = t.hi
    e = polynomial(ATANH_TAIL, z)
    p = Long(e, 0.0) * t
    p = polynomial(ATANH, t) + power(t, 5.0) * p
    return (p * s + LN2 * k) + a.lo / a.hi


def long_log1p(a: Long) -> Long:
    """log(1 + a) for a > -1, to the last digit of the smallest."""
    if abs(a.hi) > 1e-3:
        return long_log(a + 1.0)
    p = Long(0.0, 0.0)
    for j in counting(11.0):
        k = 11.0 - j
        p = (Long(1.0, 0.0) / Long(k, 0.0) - p) * a
    return p


EXP = (
    Long(1.0, 0.0),
    Long(1.0, 0.0),
    Long(0.5, 0.0),
    Long(0.16666666666666666, 9.25185853854297e-18),
    Long(0.041666666666666664, 2.3129646346357427e-18),
    Long(0.008333333333333333, 1.1564823173178714e-19),
    Long(0.001388888888888889, -5.300543954373577e-20),
    Long(0.0001984126984126984, 1.7209558293420705e-22),
    Long(2.48015873015873e-05, 2.1511947866775882e-23),
    Long(2.7557319223985893e-06, -1.858393274046472e-22),
    Long(2.755731922398589e-07, 2.3767714622250297e-23),
    Long(2.505210838544172e-08, -1.448814070935912e-24),
    Long(2.08767569878681e-09, -1.20734505911326e-25),
)


def long_exp(a: Long) -> Long:
    """exp(a): infinite, or 0, where that is so of doubles."""
    if a.hi < -750.0:
        return Long(0.0, 0.0)
    if a.hi > 709.8:
        return Long(INF, 0.0)
    k = round(a.hi / 0.6931471805599453)
    t = (a - LN2 * k) * 0.0625
    p = polynomial(EXP, t)
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    h = floor(k / 2.0)
    v = pow(2.0, h)
    w = pow(2.0, k - h)
    return Long(p.hi * v * w, p.lo * v * w)


SIN = (
    Long(1.0, 0.0),
    Long(-0.16666666666666666, -9.25185853854297e-18),
    Long(0.008333333333333333, 1.1564823173178714e-19),
    Long(-0.0001984126984126984, -1.7209558293420705e-22),
)
SIN_TAIL = (
    2.7557319223985893e-06, -2.505210838544172e-08, 1.6059043836821613e-10, -7.647163731819816e-13,
    2.8114572543455206e-15, -8.22063524662433e-18, 1.9572941063391263e-20, -3.868170170630684e-23,
)  # fmt: skip
COS = (
    Long(1.0, 0.0),
    Long(-0.5, 0.0),
    Long(0.041666666666666664, 2.3129646346357427e-18),
    Long(-0.001388888888888889, 5.300543954373577e-20),
)
COS_TAIL = (
    2.48015873015873e-05, -2.755731922398589e-07, 2.08767569878681e-09, -1.1470745597729725e-11,
    4.779477332387385e-14, -1.5619206968586225e-16, 4.110317623312165e-19, -8.896791392450574e-22,
)  # fmt: skip


def near_sine(a: Long, odd: float) -> Long:
    """sin(a), or with ``odd`` cos(a), where |a| < 1."""
    t = a * a
    z = t.hi
    w = z * z * z * z
    if odd > 0.5:
        e = polynomial(COS_TAIL, z)
        p = polynomial(COS, t)
        return p + w * e
    e = polynomial(SIN_TAIL, z)
    p = polynomial(SIN, t)
    return (p + w * e) * a


def long_sine(a: Long, turns: float) -> Long:
    """sin(a + turns π/2); where a is large, with the digits of a double."""
    if abs(a.hi) > 1e5:
        q = turns - 4.0 * floor(turns / 4.0)
        s = sin(a.hi)
        c = cos(a.hi)
        e = s if q == 0.0 else c if q == 1.0 else -s if q == 2.0 else -c
        return Long(e, 0.0)
    k = round(a.hi / 1.5707963267948966)
    p = exact_product(k, 1.5707963267948966)
    r = Long(a.hi - p.hi, -p.lo) + exact_sum(a.lo, 1.4973849048591698e-33 * k)
    r = r - exact_product(k, 6.123233995736766e-17)
    q = k + turns
    q = q - 4.0 * floor(q / 4.0)
    f = 1.0 if q < 1.5 else -1.0
    return near_sine(r, q - 2.0 * floor(q / 2.0)) * f


def half_turns(x: float, turns: float) -> Long:
    """sin(πx + turns π/2), exactly 0 where that is."""
    r = x - 2.0 * round(x / 2.0)
    w = round(2.0 * r)
    q = w + turns
    q = q - 4.0 * floor(q / 4.0)
    f = 1.0 if q < 1.5 else -1.0
    return near_sine(PI * (r - w / 2.0), q - 2.0 * floor(q / 2.0)) * f
