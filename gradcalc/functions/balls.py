"""The functions of the table on balls, and on power series of balls: what Arb does not have itself.

A **ball** (``flint.arb``) is an interval that is known to hold a number; an ``fmpq`` is one without
width, as thirds are not among Arb's numbers. A **germ**
(``flint.arb_series``) is a power series in t whose coefficients are balls: a function just beside a
point, for all small t > 0. Every function here takes either, and gives a ball for balls. A germ has
a sign even where its value at t = 0 is 0, so that ``abs``, ``max``, ``floor`` and comparisons know
their side of a kink, and 0/0 goes by the first coefficients that are not 0.

A germ of precision p is known but for what is smaller than t**(p - 1).

NaN comes out where there is no real value, where a germ is no power series (the root of t), and
where a step cannot be decided: the ball holds numbers on both sides of it. Derivatives come from
Arb's series arithmetic; the table's are not looked at.

A function of the table that is not defined here is Arb's of the same name.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import add, neg, sub
from typing import Any, TypeAlias

from flint import acb, arb, arb_series, ctx, fmpq

Germ: TypeAlias = Any
"""An ``arb``, an ``fmpq`` or an ``arb_series``."""

NAN = arb.nan()
_ONE, _ZERO = arb(1), arb(0)
_LARGEST_POWER = 1 << 40
_LONGEST = arb(2) ** 1024
_MULTIPLIED_OUT = 64
"""Exponents up to here are multiplied out: exact, and defined for negative numbers."""


def __getattr__(name: str) -> Callable[..., Germ]:
    if name in _WORDS:
        return _WORDS[name]
    if name.startswith("_") or not hasattr(arb_series, name):
        raise AttributeError(name)
    return lambda x: getattr(x, name)()


class Watch:
    """``beside``: whether something was decided by what a germ does beside t = 0, and would have
    been decided differently on the other side, or might."""

    beside = False


watch = Watch()


def is_finite(x: Germ) -> bool:
    return all(c.is_finite() for c in x) if isinstance(x, arb_series) else bool(x.is_finite())


def first(x: Germ) -> Any:
    """The value at t = 0."""
    return x[0] if isinstance(x, arb_series) else x


def integer(x: Germ) -> int | None:
    """The integer that a ball without width is. None for others, and for those that would fill the
    memory when written out."""
    if not isinstance(x, arb) or not x.is_exact() or not abs(x) < _LONGEST:
        return None
    found = x.unique_fmpz()
    return None if found is None else int(found)


def sign(x: Germ) -> Any:
    """-1, 0 or 1; of a germ the sign for small t > 0. NaN where that is not decided."""
    for k, c in enumerate(x if isinstance(x, arb_series) else (x,)):
        watch.beside |= k > 0
        if c > 0:
            return _ONE
        if c < 0:
            return -_ONE
        surely_zero = c == 0  # fmpq.is_zero says no of 0; != says no of what may be 0
        if not surely_zero:
            return NAN
    return NAN if isinstance(x, arb_series) else _ZERO  # a germ may be smaller than its last term


def _order(x: Germ, y: Germ) -> Any:
    return _ZERO if x is y else sign(x - y)


def _test(holds: Callable[[Any], bool]) -> Callable[[Germ, Germ], Any]:
    def compared(x: Germ, y: Germ) -> Any:
        order = _order(x, y)
        return order if order.is_nan() else arb(int(holds(order)))

    return compared


lt, le = _test(lambda s: s < 0), _test(lambda s: s <= 0)
gt, ge = _test(lambda s: s > 0), _test(lambda s: s >= 0)
eq, ne = _test(lambda s: s == 0), _test(lambda s: s != 0)


def truth(x: Germ) -> Any:
    """1 for what is not 0, as conditions take numbers; NaN where that is not decided."""
    return abs(sign(x))


def both(x: Germ, y: Germ) -> Any:
    flags = truth(x), truth(y)
    return _ZERO if any(f.is_zero() for f in flags) else flags[0] * flags[1]


def either(x: Germ, y: Germ) -> Any:
    return 1 - both(1 - truth(x), 1 - truth(y))


def negation(x: Germ) -> Any:
    return 1 - truth(x)


def where(condition: Germ, x: Germ, y: Germ) -> Germ:
    flag = truth(condition)
    return flag if flag.is_nan() else x if flag == 1 else y


def flow(x: Germ, y: Germ) -> Germ:
    return where(x, x * y, _ZERO)


def _pick(order: Any, larger: Germ, smaller: Germ) -> Germ:
    return order if order.is_nan() else larger if order >= 0 else smaller


def absolute(x: Germ) -> Germ:
    return abs(x) if isinstance(x, arb) else _pick(sign(x), x, -x)


def maximum(x: Germ, y: Germ) -> Germ:
    if isinstance(x, arb) and isinstance(y, arb):
        return x.max(y)
    return _pick(_order(x, y), x, y)


def minimum(x: Germ, y: Germ) -> Germ:
    return -maximum(-x, -y) if x is not y else x


def _middle(x: Germ) -> Any:
    return arb(first(x)).mid()


def peak(x: Germ, y: Germ) -> Any:
    """A number near the larger: no result depends on which."""
    a, b = _middle(x), _middle(y)
    return a if a > b else b


def outweighs(x: Germ, y: Germ) -> Any:
    """A choice of pivots: either is right. What stands beside 0 is asked whether it is none."""
    if first(y) == 0 and not isinstance(y, arb_series):
        return _ONE if truth(x) == 1 else NAN
    return _ONE if abs(_middle(x)) > abs(_middle(y)) else _ZERO


def relu(x: Germ) -> Germ:
    return maximum(x, _ZERO)


def clamp(x: Germ, low: Germ, high: Germ) -> Germ:
    return minimum(maximum(x, low), high)


def heaviside(x: Germ) -> Any:
    return (1 + sign(x)) / 2


def floor(x: Germ) -> Any:
    if isinstance(x, fmpq):
        return fmpq(x.floor())
    value = first(x)
    below = value.floor()
    if not (below.is_exact() and below.is_integer()):
        return NAN
    if not isinstance(x, arb_series) or value > below:
        return below
    watch.beside = True
    side = sign(x - below) if value.is_exact() else NAN
    return side if side.is_nan() else below if side >= 0 else below - 1


def ceil(x: Germ) -> Any:
    return -floor(-x)


def nearest(x: Germ) -> Any:
    """The nearest integer, the even one of two."""
    below = floor(x)
    side = sign(x - below - arb(0.5))
    odd = below - 2 * floor(below / 2)
    return side if side.is_nan() else below + (1 if side > 0 else 0 if side < 0 else odd)


def mod(x: Germ, y: Germ) -> Germ:
    return x - y * floor(div(x, y))


def div(x: Germ, y: Germ) -> Germ:
    if isinstance(x, arb_series) and isinstance(y, arb_series) and not _starts(y):
        known, late = _shifted(x)[0], _shifted(y)[0]
        if known is None and late is not None:  # Arb's quotient would be known to as many terms
            return arb_series([0], prec=x.prec - late) if x.prec > late else NAN
    try:
        return x / y
    except (ZeroDivisionError, ValueError):  # a pole, or 0/0 to all the terms that there are
        return NAN


def mul(x: Germ, y: Germ) -> Germ:
    for number, other in ((x, y), (y, x)):
        if isinstance(number, arb) and number == 0 and is_finite(other):
            return number  # a germ times 0 would be known to so many terms only
    return x * y if _starts(x) and _starts(y) else _late_product(x, y)


def _starts(x: Germ) -> bool:
    return not isinstance(x, arb_series) or not x[0].is_zero()


def _late_product(x: Germ, y: Germ) -> Germ:
    """What begins with t makes what it is multiplied by better known."""
    k, first_series = _shifted(x) if isinstance(x, arb_series) else (0, x)
    j, second_series = _shifted(y) if isinstance(y, arb_series) else (0, y)
    if k is None or j is None:  # smaller than the product of what both are smaller than, or are
        late = sum(n if n is not None else z.prec - 1 for n, z in ((k, x), (j, y)))
        finite = is_finite(x) and is_finite(y)
        return arb_series([0], prec=min(late + 1, ctx.cap)) if finite and late >= 0 else NAN
    return _raised(first_series * second_series, k + j)


def square(x: Germ) -> Germ:
    return mul(x, x) if isinstance(x, arb_series) else x**2


def sqrt(x: Germ) -> Germ:
    if not isinstance(x, arb_series) or not x[0].is_zero():
        return x.sqrt()
    return _root(x, 2, lambda series: series.sqrt())


def cbrt(x: Germ) -> Germ:
    side = sign(x)
    if isinstance(x, arb):
        return side if side.is_nan() or side == 0 else side * abs(x).root(3)
    if side.is_nan():
        return NAN
    return side * _root(side * x, 3, lambda series: (series.log() / 3).exp())


def _root(x: Any, n: int, root: Callable[[Any], Any]) -> Germ:
    """The n-th root of a germ that begins with t**k: a power series if n divides k."""
    k, series = _shifted(x)
    watch.beside |= k != 0
    if k is None or k % n:
        return NAN
    return _raised(root(series), k // n)


def _raised(x: Any, k: int) -> Any:
    """The series times t**k."""
    return arb_series([0] * k + x.coeffs(), prec=min(x.prec + k, ctx.cap))


def _shifted(x: Any) -> tuple[int | None, Any]:
    """How many coefficients are 0, and the series without them."""
    coefficients = x.coeffs()
    for k, c in enumerate(coefficients):
        if not c.is_zero():
            return k, arb_series(coefficients[k:], prec=x.prec - k)
    return None, x


def power(x: Germ, y: Germ) -> Germ:
    if isinstance(y, fmpq):
        return x ** int(y.p) if y.q == 1 and abs(y.p) <= _MULTIPLIED_OUT else x ** arb(y)
    if isinstance(y, arb):
        whole = integer(y)
        if whole is not None and abs(whole) <= _LARGEST_POWER:
            raised = x ** abs(whole)
            return raised if whole >= 0 else div(_ONE, raised)
        if isinstance(x, arb):
            return x**y
        if x[0].is_zero():
            return _power_of_zero(x, y)
    elif isinstance(x, arb) and x.is_zero():
        return _ZERO if first(y) > 0 else NAN
    return (y * x.log()).exp()


def _power_of_zero(x: Any, y: Any) -> Germ:
    k, series = _shifted(x)
    watch.beside = True
    if k is None or not y.is_exact():
        return NAN
    if not (k * y > 0 and first(series) > 0):
        return NAN
    if not k * y < ctx.cap:
        return arb_series([0], prec=ctx.cap)
    whole = integer(k * y)
    if whole is None:  # no power series; but up to here its terms are 0, and it is smaller
        return arb_series([0], prec=int((k * y).floor().unique_fmpz()) + 1)
    return _raised((y * series.log()).exp(), whole)


def exp2(x: Germ) -> Germ:
    return (x * arb(2).log()).exp()


def expm1(x: Germ) -> Germ:
    return x.expm1() if isinstance(x, arb) else x.exp() - 1


def log1p(x: Germ) -> Germ:
    return x.log1p() if isinstance(x, arb) else (1 + x).log()


def log2(x: Germ) -> Germ:
    return x.log() / arb(2).log()


def log10(x: Germ) -> Germ:
    return x.log() / arb(10).log()


def cot(x: Germ) -> Germ:
    return div(x.cos(), x.sin())


def asin(x: Germ) -> Germ:
    """By the tangent: FLINT's own ends the process where a series is long and has 13,000 bits."""
    inside = isinstance(x, arb_series) and abs(first(x)) < 1
    return div(x, sqrt((1 - x) * (1 + x))).atan() if inside else x.asin()


def acos(x: Germ) -> Germ:
    inside = isinstance(x, arb_series) and abs(first(x)) < 1
    return arb.pi() / 2 - asin(x) if inside else x.acos()


def atan2(y: Germ, x: Germ) -> Germ:
    if isinstance(x, arb) and isinstance(y, arb):
        return arb.atan2(y, x)
    if first(x) > 0:
        return div(y, x).atan()
    if first(y) > 0 or first(y) < 0:
        return sign(y) * arb.pi() / 2 - div(x, y).atan()
    side, up = sign(x), sign(y)  # on the cut, or at the origin
    slope = div(y, x)
    if is_finite(slope) and side != 0:
        turn = _ZERO if side > 0 else arb.pi() if up >= 0 else -arb.pi() if up < 0 else NAN
        return slope.atan() + turn
    slope = div(x, y)
    return up * arb.pi() / 2 - slope.atan() if is_finite(slope) else NAN


def _halves(x: Germ) -> tuple[Germ, Germ]:
    grown = x.exp()
    return grown, div(_ONE, grown)


def sinh(x: Germ) -> Germ:
    if isinstance(x, arb):
        return x.sinh()
    grown, shrunk = _halves(x)
    return (grown - shrunk) / 2


def cosh(x: Germ) -> Germ:
    if isinstance(x, arb):
        return x.cosh()
    grown, shrunk = _halves(x)
    return (grown + shrunk) / 2


def tanh(x: Germ) -> Germ:
    return x.tanh() if isinstance(x, arb) else div(sinh(x), cosh(x))


def sech2(x: Germ) -> Germ:
    return square(sech(x))


def coth(x: Germ) -> Germ:
    return div(cosh(x), sinh(x))


def asinh(x: Germ) -> Germ:
    return x.asinh() if isinstance(x, arb) else (x + sqrt(1 + x * x)).log()


def acosh(x: Germ) -> Germ:
    return x.acosh() if isinstance(x, arb) else (x + sqrt(x - 1) * sqrt(x + 1)).log()


def atanh(x: Germ) -> Germ:
    return x.atanh() if isinstance(x, arb) else div(1 + x, 1 - x).log() / 2


def trunc(x: Germ) -> Any:
    below = floor(absolute(x))
    return below if below == 0 else sign(x) * below


def acot(x: Germ) -> Germ:
    return arb.pi() / 2 if isinstance(x, arb) and x == 0 else div(_ONE, x).atan()


def _over(function: Callable[[Germ], Germ]) -> Callable[[Germ], Germ]:
    return lambda x: div(_ONE, function(x))


def _of_reciprocal(function: Callable[[Germ], Germ]) -> Callable[[Germ], Germ]:
    return lambda x: function(div(_ONE, x))


sec, csc = _over(lambda x: x.cos()), _over(lambda x: x.sin())
sech, csch = _over(cosh), _over(sinh)
asec, acsc = _of_reciprocal(acos), _of_reciprocal(asin)
acoth, asech, acsch = _of_reciprocal(atanh), _of_reciprocal(acosh), _of_reciprocal(asinh)


def hypot(x: Germ, y: Germ) -> Germ:
    return sqrt(square(x) + square(y))


def gaussian(x: Germ) -> Germ:
    return (-square(x)).exp()


def lgamma(x: Germ) -> Germ:
    if first(x) > 0:
        return x.lgamma()
    return (arb.pi() / absolute(x.sin_pi())).log() - (1 - x).lgamma()  # the reflection formula


def digamma(x: Germ) -> Germ:
    return x.digamma() if isinstance(x, arb) else _polygamma(0, x)


def polygamma(order: Germ, x: Germ) -> Germ:
    whole = integer(order)
    if whole is None or not 0 <= whole < 1000:
        return NAN
    return _polygamma(whole, x)


def _polygamma(order: int, x: Germ) -> Germ:
    """Its derivatives are its neighbours."""
    value, total, factor = first(x), _ZERO, _ONE
    for k in range(ctx.cap if isinstance(x, arb_series) else 1):
        total = total + acb(value).polygamma(order + k).real * factor
        factor = factor * (x - value) / (k + 1)
    return total


def sigmoid(x: Germ) -> Germ:
    return div(_ONE, 1 + (-x).exp())


def softplus(x: Germ) -> Germ:
    return x + log1p((-x).exp()) if first(x) > 0 else log1p(x.exp())


def expx2(x: Germ) -> Germ:
    return square(x).exp()


def normpdf(x: Germ) -> Germ:
    return (-square(x) / 2).exp() / (2 * arb.pi()).sqrt()


def normcdf(x: Germ) -> Germ:
    return (-x / arb(2).sqrt()).erfc() / 2


def gelu(x: Germ) -> Germ:
    return x * normcdf(x)


def silu(x: Germ) -> Germ:
    return x * sigmoid(x)


def logit(x: Germ) -> Germ:
    return div(x, 1 - x).log()


def logaddexp(x: Germ, y: Germ) -> Germ:
    return y + softplus(x - y)


def share(x: Germ, y: Germ) -> Germ:
    return sigmoid(x - y)


def xlogy(x: Germ, y: Germ) -> Germ:
    return _ZERO if isinstance(x, arb) and x == 0 else x * y.log()


def elu(x: Germ, scale: Germ) -> Germ:
    return where(gt(x, _ZERO), x, scale * expm1(x))


def leaky_relu(x: Germ, slope: Germ) -> Germ:
    return where(gt(x, _ZERO), x, slope * x)


_WORDS: dict[str, Callable[..., Germ]] = {
    "add": add, "sub": sub, "neg": neg, "pow": power, "abs": absolute,
    "max": maximum, "min": minimum, "round": nearest, "and": both, "or": either, "not": negation,
}  # fmt: skip
"""What has another name here, as Python has these names."""
