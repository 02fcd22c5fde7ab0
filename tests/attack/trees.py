"""Expressions as trees, their text, and their numbers: nothing of the package is used.

A tree is a tuple: ``("x",)`` is a variable, ``(2.0,)`` a number, ``("sin", tree)`` a call. Numbers
are balls (Arb) at a precision that grows until they are narrow; slopes are differences of values
at points that are far closer than a double can tell. ``Boundary`` is raised where no precision
tells on which side of a step a number lies, ``Undefined`` where there is no real value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from flint import arb, ctx, fmpz

Tree = tuple[Any, ...]

FEWEST, MOST = 256, 1 << 14
"""Bits to begin with, and to end with."""
ENOUGH = 90
"""Bits that a number is known to, so that its double and 20 digits are."""
MANY = 1 << 40
"""A number from which on it is not asked on which step it stands."""
TINY = arb(2) ** -1076


class UndefinedError(Exception):
    """No real value."""


class UnsureError(Exception):
    """More bits may tell."""


class BoundaryError(Exception):
    """No number of bits tells."""


# --- text -----------------------------------------------------------------------------------------

INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "mod": "%",
         "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}  # fmt: skip


def text(tree: Tree) -> str:
    name, *operands = tree
    if not operands:
        if not isinstance(name, float):
            return str(name)
        shown = repr(int(name)) if name.is_integer() and abs(name) < 1e6 else repr(name)
        return f"({shown})" if name < 0 else shown
    if name == "neg":
        return f"(-{text(operands[0])})"
    if name in INFIX:
        return f"({text(operands[0])} {INFIX[name]} {text(operands[1])})"
    return f"{name}({', '.join(map(text, operands))})"


def variables(tree: Tree) -> set[str]:
    name, *operands = tree
    if not operands:
        return {name} if isinstance(name, str) and name not in ("pi", "e") else set()
    return set().union(*map(variables, operands))


# --- values ---------------------------------------------------------------------------------------


def _sure(holds: bool, fails: bool) -> bool:
    """Whether a condition on balls holds, where they tell."""
    if not holds and not fails:
        raise UnsureError
    return holds


def _require(holds: bool, fails: bool) -> None:
    if not _sure(holds, fails):
        raise UndefinedError


def _positive(x: Any) -> None:
    _require(x > 0, x <= 0)


def _whole(x: Any) -> int | None:
    """The integer that an exact number is."""
    return int(x.unique_fmpz()) if x.is_integer() else None


def _floor(x: Any) -> Any:
    if not abs(x) < MANY:
        raise BoundaryError  # a difference of values steps over many
    low, high = x.lower().floor(), x.upper().floor()
    if not low.is_exact() or not high.is_exact() or low != high:
        raise UnsureError
    return low


def _round(x: Any) -> Any:
    below = _floor(x)
    rest = x - below
    if _sure(rest == 0.5, rest != 0.5):
        return below if int(below.unique_fmpz()) % 2 == 0 else below + 1
    return below if _sure(rest < 0.5, rest >= 0.5) else below + 1


def _pow(x: Any, y: Any) -> Any:
    n = _whole(y)
    if n is not None and abs(n) < 1 << 20:
        if n < 0:
            _require(x != 0, x == 0)
        return x ** fmpz(n)
    if _sure(x == 0, x != 0):
        _require(y >= 0, y < 0)
        return arb(0) if _sure(y > 0, y == 0) else arb(1)
    if _sure(x < 0, x > 0):
        if n is None:
            _require(False, y.is_exact())
        return (-x) ** y * (1 - 2 * (n % 2))
    return (y * x.log()).exp()


def _atan2(y: Any, x: Any) -> Any:
    if x.is_zero() and y.is_zero():
        return arb(0)
    if not (x > 0) and not (y > 0) and not (y < 0):
        if not y.is_zero():
            raise UnsureError
        return arb.pi()
    return arb.atan2(y, x)


def _log(x: Any) -> Any:
    _positive(x)
    return x.log()


def _sqrt(x: Any) -> Any:
    _require(x >= 0, x < 0)
    return x.sqrt()


def _cbrt(x: Any) -> Any:
    if _sure(x == 0, x != 0):
        return x
    return x.root(3) if _sure(x > 0, x < 0) else -(-x).root(3)


def _divide(x: Any, y: Any) -> Any:
    _require(y != 0, y == 0)
    return x / y


def _mod(x: Any, y: Any) -> Any:
    return x - y * _floor(_divide(x, y))


def _max(x: Any, y: Any) -> Any:
    return arb.max(x, y)


def _min(x: Any, y: Any) -> Any:
    return arb.min(x, y)


def _within(f: Callable[[Any], Any], low: float, high: float) -> Callable[[Any], Any]:
    def inside(x: Any) -> Any:
        _require(low <= x <= high, x < low or x > high)
        return f(x)

    return inside


def _outside(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def beyond(x: Any) -> Any:
        _require(x >= 1 or x <= -1, -1 < x < 1)
        return f(1 / x)

    return beyond


def _gamma(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def defined(x: Any) -> Any:
        n = _whole(x)
        if n is not None and n <= 0:
            raise UndefinedError
        if not x > 0 and x.contains_integer():
            raise UnsureError
        return f(x)

    return defined


def _lgamma(x: Any) -> Any:
    return x.lgamma() if x > 0 else abs(x.gamma()).log()


def _polygamma(n: Any, x: Any) -> Any:
    order = _whole(n)
    if order == 0:
        return x.digamma()
    if not x > 0:
        raise BoundaryError  # not needed: the reflection of a high derivative
    return (-1) ** (order + 1) * arb(order).fac() * arb(order + 1).zeta(x)


def _softplus(x: Any) -> Any:
    return (-abs(x)).exp().log1p() + _max(x, arb(0))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + (-x).exp())


def _ncdf(x: Any) -> Any:
    return (-x / arb(2).sqrt()).erfc() / 2


def _xlogy(x: Any, y: Any) -> Any:
    return arb(0) if _sure(x == 0, x != 0) else x * _log(y)


def _heaviside(x: Any) -> Any:
    if x.is_zero():
        return arb(0.5)
    return arb(int(_sure(x > 0, x < 0)))


def _sign(x: Any) -> Any:
    if x.is_zero():
        return arb(0)
    return arb(1 if _sure(x > 0, x < 0) else -1)


def _lambertw(x: Any) -> Any:
    edge = -(arb(-1).exp())
    _require(x >= edge, x < edge)
    return x.lambertw()


def _trunc(x: Any) -> Any:
    if x.is_zero():
        return x
    return _floor(x) if _sure(x > 0, x < 0) else -_floor(-x)


def _sinc(x: Any) -> Any:
    return arb(1) if x.is_zero() else x.sinc()


def _ei(x: Any) -> Any:
    _require(x != 0, x == 0)
    return x.ei()


def _li(x: Any) -> Any:
    _require(x >= 0 and x != 1, x < 0 or x == 1)
    return arb(0) if x.is_zero() else x.li()


def _expint(n: Any, x: Any) -> Any:
    if x.is_zero() and n > 1:
        return 1 / (n - 1)
    if n > 0:
        _positive(x)
    return x.expint(n)


def _bessel(kind: str) -> Callable[[Any, Any], Any]:
    return lambda n, x: getattr(x, kind)(n)


def _flag(holds: bool, fails: bool) -> Any:
    return arb(int(_sure(holds, fails)))


def _positive_only(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def checked(x: Any) -> Any:
        _positive(x)
        return f(x)

    return checked


def _nonzero(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def checked(x: Any) -> Any:
        _require(x != 0, x == 0)
        return f(x)

    return checked


MEANINGS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": _divide,
    "neg": lambda x: -x,
    "pow": _pow,
    "mod": _mod,
    "square": lambda x: x * x,
    "sqrt": _sqrt,
    "cbrt": _cbrt,
    "exp": arb.exp,
    "exp2": lambda x: (x * arb.const_log2()).exp(),
    "expm1": arb.expm1,
    "log": _log,
    "log1p": lambda x: (_positive(1 + x), x.log1p())[1],
    "log2": lambda x: _log(x) / arb.const_log2(),
    "log10": lambda x: _log(x) / arb.const_log10(),
    "sin": arb.sin,
    "cos": arb.cos,
    "tan": arb.tan,
    "sec": arb.sec,
    "csc": _nonzero(arb.csc),
    "cot": _nonzero(arb.cot),
    "asin": _within(arb.asin, -1, 1),
    "acos": _within(arb.acos, -1, 1),
    "atan": arb.atan,
    "atan2": _atan2,
    "acot": _nonzero(lambda x: (1 / x).atan()),
    "asec": _outside(arb.acos),
    "acsc": _outside(arb.asin),
    "sinh": arb.sinh,
    "cosh": arb.cosh,
    "tanh": arb.tanh,
    "sech": arb.sech,
    "csch": _nonzero(arb.csch),
    "coth": _nonzero(arb.coth),
    "asinh": arb.asinh,
    "acosh": lambda x: (_require(x >= 1, x < 1), x.acosh())[1],
    "atanh": lambda x: (_require(-1 < x < 1, x <= -1 or x >= 1), x.atanh())[1],
    "acoth": lambda x: (_require(x > 1 or x < -1, -1 <= x <= 1), (1 / x).atanh())[1],
    "asech": lambda x: (_require(0 < x <= 1, x <= 0 or x > 1), (1 / x).acosh())[1],
    "acsch": _nonzero(lambda x: (1 / x).asinh()),
    "abs": abs,
    "sign": _sign,
    "floor": _floor,
    "ceil": lambda x: -_floor(-x),
    "round": _round,
    "trunc": _trunc,
    "heaviside": _heaviside,
    "relu": lambda x: _max(x, arb(0)),
    "max": _max,
    "min": _min,
    "clamp": lambda x, low, high: _min(_max(x, low), high),
    "hypot": lambda x, y: (x * x + y * y).sqrt(),
    "gaussian": lambda x: (-x * x).exp(),
    "erf": arb.erf,
    "erfc": arb.erfc,
    "erfi": arb.erfi,
    "gamma": _gamma(arb.gamma),
    "lgamma": _gamma(_lgamma),
    "digamma": _gamma(arb.digamma),
    "polygamma": _polygamma,
    "normpdf": lambda x: (-x * x / 2).exp() / (2 * arb.pi()).sqrt(),
    "normcdf": _ncdf,
    "sigmoid": _sigmoid,
    "logit": lambda x: (_require(0 < x < 1, x <= 0 or x >= 1), (x / (1 - x)).log())[1],
    "softplus": _softplus,
    "logaddexp": lambda x, y: _softplus(y - x) + x,
    "xlogy": _xlogy,
    "silu": lambda x: x * _sigmoid(x),
    "gelu": lambda x: x * _ncdf(x),
    "elu": lambda x, a: x if _sure(x > 0, x <= 0) else a * x.expm1(),
    "leaky_relu": lambda x, a: x if _sure(x > 0, x <= 0) else a * x,
    "sinc": lambda x: _sinc(arb.pi() * x),
    "si": arb.si,
    "ci": _positive_only(arb.ci),
    "ei": _ei,
    "li": _li,
    "expint": _expint,
    "besselj": _bessel("bessel_j"),
    "besseli": _bessel("bessel_i"),
    "lambertw": _lambertw,
    "erfinv": lambda x: (_require(-1 < x < 1, x <= -1 or x >= 1), x.erfinv())[1],
    "lt": lambda x, y: _flag(x < y, x >= y),
    "le": lambda x, y: _flag(x <= y, x > y),
    "gt": lambda x, y: _flag(x > y, x <= y),
    "ge": lambda x, y: _flag(x >= y, x < y),
    "eq": lambda x, y: _flag(x == y, x != y),
    "ne": lambda x, y: _flag(x != y, x == y),
}  # fmt: skip


def evaluate(tree: Tree, at: Mapping[str, Any]) -> Any:
    """A ball at the precision in force. Raises UndefinedError and UnsureError."""
    name, *operands = tree
    if not operands:
        if isinstance(name, float):
            return arb(name)
        return arb(math.pi) if name == "pi" else arb(math.e) if name == "e" else at[name]
    if name == "where":
        return evaluate(operands[1 if evaluate(operands[0], at) == 1 else 2], at)
    if name in ("elu", "leaky_relu"):  # chosen, like the branch of a where
        x = evaluate(operands[0], at)
        if _sure(x > 0, x <= 0):
            return x
    numbers = [evaluate(operand, at) for operand in operands]
    found = MEANINGS[name](*numbers)
    if not found.is_finite():
        raise UnsureError
    return found


def _narrow(ball: Any) -> bool:
    return ball.rel_accuracy_bits() >= ENOUGH or abs(ball).upper() < TINY


def _until_sure(run: Callable[[int], Any]) -> Any:
    """What ``run(bits)`` finds with as many bits as it takes. Raises BoundaryError without."""
    bits = FEWEST
    while bits <= MOST:
        with ctx.workprec(bits):
            try:
                found = run(bits)
                if found is None or _narrow(found):
                    return found
            except UnsureError:
                pass
        bits *= 2
    raise BoundaryError


def value(tree: Tree, at: Mapping[str, float]) -> Any:
    """The number, to 27 digits. Raises UndefinedError and BoundaryError."""
    return _until_sure(lambda _: evaluate(tree, {k: arb(v) for k, v in at.items()}))


# --- slopes ---------------------------------------------------------------------------------------


def _size(at: Mapping[str, float], tree: Tree) -> Any:
    """What a step is small beside: all numbers that stand there."""
    sizes = [abs(v) for v in (*at.values(), *numbers(tree)) if v]
    return arb(min([1.0, *sizes]))


@cache
def numbers(tree: Tree) -> tuple[float, ...]:
    name, *operands = tree
    if not operands:
        return (name,) if isinstance(name, float) else ()
    return tuple(number for operand in operands for number in numbers(operand))


def slope(tree: Tree, at: Mapping[str, float], way: str | Mapping[str, float]) -> Any:
    """The derivative by one variable or along a way, None where its two sides differ or one has
    none."""
    size, moved = _size(at, tree), {way: 1.0} if isinstance(way, str) else way

    def run(bits: int) -> Any:
        found = []
        here = {k: arb(v) for k, v in at.items()}
        middle = evaluate(tree, here)
        _refuse_waves(middle)
        for power in (bits // 2, bits // 2 + 24):
            h = size * arb(2) ** -power
            try:
                sides = []
                for sign in (1, -1):
                    there = here | {j: here[j] + sign * h * w for j, w in moved.items()}
                    sides.append((evaluate(tree, there) - middle) / (sign * h))
            except UndefinedError:
                return None
            found.append(sides)
        (far, near) = found
        if not _alike(near[0], near[1]):
            if _narrow(near[0]) and _narrow(near[1]) and bits >= 4 * FEWEST:
                return None
            raise UnsureError
        return _agreed((far[0] + far[1]) / 2, (near[0] + near[1]) / 2)

    return _until_sure(run)


def curvature(tree: Tree, at: Mapping[str, float], i: str, j: str) -> Any:
    """The second derivative, None where it is not seen, or another on each side."""
    size = _size(at, tree)
    signs = [(s, t) for s in (1, -1) for t in (1, -1)]

    def run(bits: int) -> Any:
        here = {k: arb(v) for k, v in at.items()}

        def moved(*steps: tuple[str, Any]) -> Any:
            there = dict(here)
            for name, step in steps:
                there[name] = there[name] + step
            return evaluate(tree, there)

        middle, found, corners = moved(), [], []
        _refuse_waves(middle)
        for power in (bits // 4, bits // 4 + 12):
            h = size * arb(2) ** -power
            try:
                corners = [
                    (moved((i, s * h), (j, t * h)) - moved((i, s * h)) - moved((j, t * h)) + middle)
                    / (s * t * h * h)
                    for s, t in signs
                ]
            except UndefinedError:
                return None
            found.append(sum(corners[1:], corners[0]) / 4)
        if not all(_alike(corners[0], corner) for corner in corners[1:]):
            if all(map(_narrow, corners)) and bits >= 4 * FEWEST:
                return None
            raise UnsureError
        return _agreed(*found)

    return _until_sure(run)


def _refuse_waves(middle: Any) -> None:
    """A value that is tiny and not 0, as ci(exp(1e4)) is, may have waves shorter than any step."""
    if not middle.is_zero() and abs(middle).upper() < TINY:
        raise BoundaryError


def _alike(one: Any, other: Any) -> bool:
    gap, size = abs(one - other), abs(one) + abs(other)
    return bool(gap <= size * arb(2) ** -40) or bool(gap.upper() < TINY)


def _agreed(far: Any, near: Any) -> Any:
    """The closer of two differences, as wide as they are apart."""
    if abs(near).upper() < TINY and abs(far).upper() < TINY:
        return arb(0)
    gap = abs(far - near)
    if not gap <= abs(near) * arb(2) ** -ENOUGH:
        raise UnsureError
    return near


# --- doubles --------------------------------------------------------------------------------------


def as_double(ball: Any) -> float:
    """The double nearest to the middle of a narrow ball."""
    mantissa, exponent = map(int, ball.mid().man_exp())
    sized = mantissa.bit_length() + exponent
    if not mantissa or sized < -1080:
        return 0.0
    if sized > 1030:
        return float("inf") if mantissa > 0 else float("-inf")
    try:
        return float(mantissa << exponent) if exponent >= 0 else mantissa / (1 << -exponent)
    except OverflowError:
        return float("inf") if mantissa > 0 else float("-inf")


def error(ours: float, true: Any) -> float:
    """|ours - true| / |true|; 0 for the nearest double, infinite where only one of them is."""
    nearest = as_double(true)
    if ours in (nearest, as_double(true.lower()), as_double(true.upper())):  # two, at a tie
        return 0.0
    if ours in (float("inf"), float("-inf")) or nearest in (float("inf"), float("-inf"), 0.0):
        return float("inf")
    with ctx.workprec(512):
        return float(abs((arb(ours) - true) / true).upper())


def mixed(parts: Sequence[Any], weights: Sequence[float]) -> Any:
    """Their weighted sum, None where it cancels so that little is known of it."""
    if any(part is None for part, weight in zip(parts, weights, strict=True) if weight):
        return None
    with ctx.workprec(512):
        terms = [part * arb(weight) for part, weight in zip(parts, weights, strict=True) if weight]
        total = sum(terms, arb(0))
        size = sum(map(abs, terms), arb(0))
        known = bool(abs(total) >= size * arb(2) ** -8) or size.is_zero()
    return total if known else None
