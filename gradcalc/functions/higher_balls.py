"""The higher functions on balls and on power series of balls, from their derivatives at a ball."""

from __future__ import annotations

from collections.abc import Callable
from math import comb, factorial
from typing import Any

from flint import acb, acb_series, arb, arb_series, ctx, fmpq

from gradcalc.functions.balls import NAN, Germ, div, first, integer, lgamma, polygamma, square

ONE, ZERO = arb(1), arb(0)
_MOST_BITS = 10_000


def _taylor(x: Germ, derivative: Callable[[int, Any], Any]) -> Germ:
    """A function from its derivatives at a ball: ``derivative(k, value)``."""
    value, total, factor = first(x), ZERO, ONE
    for k in range(ctx.cap if isinstance(x, arb_series) else 1):
        total = total + derivative(k, value) * factor
        factor = factor * (x - value) / (k + 1)
    return total


def _order_of(n: Germ) -> int | None:
    if isinstance(n, fmpq):
        return int(n.p) if n.q == 1 and abs(n.p) < 1000 else None
    whole = integer(n)
    return None if whole is None or abs(whole) >= 1000 else whole


def _of_order(derivative: Callable[[int, int, Any], Any]) -> Callable[[Germ, Germ], Germ]:
    """A function of a whole order; ``derivative(n, k, value)`` is the k-th one at a ball."""

    def ordered(n: Germ, x: Germ) -> Germ:
        order = _order_of(n)
        if order is None:
            return NAN
        return _taylor(x, lambda k, value: derivative(order, k, arb(value)))

    return ordered


def _neighbours(name: str, signs: tuple[int, int]) -> Callable[[int, int, Any], Any]:
    """2^-k times the sum of Bessel functions that the k-th derivative of one is."""

    def derivative(n: int, k: int, value: Any) -> Any:
        f = getattr(value, name)
        terms = (comb(k, j) * signs[1] ** j * f(n - k + 2 * j) for j in range(k + 1))
        return signs[0] ** k * sum(terms, ZERO) / 2**k

    return derivative


besselj = _of_order(_neighbours("bessel_j", (1, -1)))
besseli = _of_order(_neighbours("bessel_i", (1, 1)))
bessely = _of_order(_neighbours("bessel_y", (1, -1)))
besselk = _of_order(_neighbours("bessel_k", (-1, 1)))
expint = _of_order(lambda n, k, value: (-1) ** k * value.expint(n - k))


def _wave(n: int, value: Any) -> Any:
    """The n-th derivative of sin(x)/x at a ball."""
    if not abs(value) < 1:
        before = ctx.cap
        ctx.cap = n + 3
        try:
            beside = arb_series([value, 1])
            return div(beside.sin(), beside)[n] * arb(factorial(n))
        finally:
            ctx.cap = before
    total, power = ZERO, ONE  # Taylor at 0; no derivative of any order is larger than 1
    for k in range(ctx.prec):
        if (n + k) % 2 == 0:
            total = total + (-1) ** ((n + k) // 2) * power / (n + k + 1)
        power = power * value / (k + 1)
        if abs(power) < arb(2) ** -(2 * ctx.prec):
            break
    return total + arb(0, abs(power).upper())


cardinal = _of_order(lambda n, k, value: _wave(n + k, value))
sincn = _of_order(lambda n, k, value: arb.pi() ** (n + k) * _wave(n + k, arb.pi() * value))


def sinc(x: Germ) -> Germ:
    return arb(x).sinc_pi() if not isinstance(x, arb_series) else sincn(ZERO, x)


def _elliptic(sign: int, n: int, m: Any) -> Any:
    """The n-th derivative of π/2 F(sign/2, 1/2; 1; m)."""
    a, b = arb(sign) / 2, arb(1) / 2
    factor = a.rising(n) * b.rising(n) / arb(factorial(n)) if n else ONE
    return arb.pi() / 2 * factor * arb(m).hypgeom_2f1(a + n, b + n, 1 + n)


ellipkn = _of_order(lambda n, k, m: _elliptic(1, n + k, m))
ellipen = _of_order(lambda n, k, m: _elliptic(-1, n + k, m))


def ellipk(m: Germ) -> Germ:
    return ellipkn(ZERO, m)


def ellipe(m: Germ) -> Germ:
    return ellipen(ZERO, m)


def _zeta(n: int, value: Any) -> Any:
    before, bits = ctx.cap, ctx.prec
    ctx.cap = max(before, n + 1)
    if value < 0 and value > -1:  # reflected at the pole: every derivative costs as many bits
        small: int = -value.mid().man_exp()[1]
        ctx.prec += min((n + 2) * small, _MOST_BITS)
    try:
        return acb_series([acb(value), 1]).zeta()[n].real * arb(factorial(n))
    finally:
        ctx.cap, ctx.prec = before, bits


zetan = _of_order(lambda n, k, value: _zeta(n + k, value) if n >= 0 else NAN)


def zeta(x: Germ) -> Germ:
    return zetan(ZERO, x)


def beta(x: Germ, y: Germ) -> Germ:
    return (lgamma(x) + lgamma(y) - lgamma(x + y)).exp()


def psigap(n: Germ, x: Germ, y: Germ) -> Germ:
    return polygamma(n, x) - polygamma(n, x + y)


def gammapdf(a: Germ, x: Germ) -> Germ:
    return ((a - 1) * x.log() - x - lgamma(a)).exp()


def betapdf(a: Germ, b: Germ, x: Germ) -> Germ:
    return div(((a - 1) * x.log() + (b - 1) * (1 - x).log()).exp(), beta(a, b))


def _area(value: Callable[..., Any], density: Callable[..., Any]) -> Callable[..., Any]:
    """A function from its value at a ball and the series of its derivative by the last operand."""

    def area(*operands: Any) -> Any:
        *parameters, x = operands
        if any(isinstance(p, arb_series) for p in parameters):
            return NAN
        numbers = [arb(p) for p in parameters]
        total = value(*numbers, arb(first(x)))
        if not isinstance(x, arb_series) or not total.is_finite():
            return total
        slopes, factor = density(*numbers, arb_series([first(x), 1])), ONE
        for k in range(1, ctx.cap):
            factor = factor * (x - first(x))
            total = total + slopes[k - 1] * factor / k
        return total

    return area


gammainc = _area(lambda a, x: x.gamma_lower(a, 1), gammapdf)
gammaincc = _area(lambda a, x: x.gamma_upper(a, 1), lambda a, x: -gammapdf(a, x))
betainc = _area(lambda a, b, x: x.beta_lower(a, b, 1), betapdf)


def lambertwp(x: Germ) -> Germ:
    return 1 + x.lambertw()


def erfinv(x: Germ) -> Germ:
    if not isinstance(x, arb_series):
        return arb(x).erfinv()
    value = first(x).erfinv()
    rise = arb_series([value, 1]).erf()
    return value + _rise(rise).reversion()(_rise(x))


def _rise(x: Any) -> Any:
    """A germ without its value at t = 0."""
    return arb_series([ZERO, *x.coeffs()[1:]], prec=x.prec)


def erfinvd(x: Germ) -> Germ:
    return arb.pi().sqrt() / 2 * square(erfinv(x)).exp()
