"""An evaluator of its own: trees of tuples, numbers with their derivatives, in mpmath.

It shares no code with the package, neither its grammar nor its rules: a tree says what a text
means, and forward-mode dual numbers say what the gradient is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import mpmath

mp = mpmath.mp.clone()
mp.dps = 120

Tree = Any
"""A tuple of an operator's name and its operands; ``("number", text)`` and ``("name", word)``."""


class UndefinedError(Exception):
    """The tree has no value, or no derivative, at the point."""


@dataclass(frozen=True)
class Dual:
    """A number, and its derivative by every variable it depends on."""

    value: Any
    slopes: Mapping[str, Any]


def chained(value: Any, *parts: tuple[Any, Dual]) -> Dual:
    """The value of a function, with its partial derivative by each of its operands."""
    if not mp.isfinite(value) or mp.im(value):
        raise UndefinedError
    slopes: dict[str, Any] = {}
    for partial, operand in parts:
        for name, slope in operand.slopes.items():
            if not mp.isfinite(partial):
                raise UndefinedError
            slopes[name] = slopes.get(name, mp.mpf(0)) + partial * slope
    return Dual(mp.re(value), slopes)


def _positive(x: Any) -> Any:
    if x <= 0:
        raise UndefinedError
    return x


def _inside(x: Any) -> Any:
    if not -1 < x < 1:
        raise UndefinedError
    return x


ONE_OPERAND: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "exp": (mp.exp, mp.exp),
    "log": (lambda x: mp.log(_positive(x)), lambda x: 1 / x),
    "sqrt": (lambda x: mp.sqrt(_positive(x)), lambda x: 1 / (2 * mp.sqrt(x))),
    "sin": (mp.sin, mp.cos),
    "cos": (mp.cos, lambda x: -mp.sin(x)),
    "tan": (mp.tan, lambda x: 1 / mp.cos(x) ** 2),
    "atan": (mp.atan, lambda x: 1 / (1 + x * x)),
    "asin": (lambda x: mp.asin(_inside(x)), lambda x: 1 / mp.sqrt((1 - x) * (1 + x))),
    "acos": (lambda x: mp.acos(_inside(x)), lambda x: -1 / mp.sqrt((1 - x) * (1 + x))),
    "sinh": (mp.sinh, mp.cosh),
    "cosh": (mp.cosh, mp.sinh),
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2),
    "erf": (mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)),
    "log1p": (lambda x: mp.log(_positive(1 + x)), lambda x: 1 / (1 + x)),
    "expm1": (lambda x: mp.exp(x) - 1, mp.exp),
    "log10": (lambda x: mp.log10(_positive(x)), lambda x: 1 / (x * mp.log(10))),
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
}


def evaluated(tree: Tree, point: Mapping[str, Any]) -> Dual:
    """The value and the gradient. Raises UndefinedError."""
    kind, *rest = tree
    if kind == "number":
        return Dual(mp.mpf(float(rest[0])), {})
    if kind == "name":
        return Dual(mp.mpf(point[rest[0]]), {rest[0]: mp.mpf(1)})
    if kind == "where":
        (test, left, right), yes, no = rest
        a, b = evaluated(left, point), evaluated(right, point)
        if a.value == b.value:
            raise UndefinedError
        return evaluated(yes if COMPARISONS[test](a.value, b.value) else no, point)
    operands = [evaluated(operand, point) for operand in rest]
    try:
        return _applied(kind, operands)
    except (ZeroDivisionError, ValueError, OverflowError):
        raise UndefinedError from None


def _applied(kind: str, operands: list[Dual]) -> Dual:
    x, y = operands[0], operands[-1]
    a, b = x.value, y.value
    if max(abs(a), abs(b)) > mp.mpf(10) ** 40 and kind not in ("+", "-", "*", "/"):
        raise UndefinedError
    if kind in ONE_OPERAND:
        function, slope = ONE_OPERAND[kind]
        return chained(function(a), (slope(a) if x.slopes else 0, x))
    if kind == "negative":
        return chained(-a, (-1, x))
    if kind == "+":
        return chained(a + b, (1, x), (1, y))
    if kind == "-":
        return chained(a - b, (1, x), (-1, y))
    if kind == "*":
        return chained(a * b, (b, x), (a, y))
    if kind == "/":
        return chained(a / b, (1 / b, x), (-a / b**2, y))
    if kind == "**":
        return _power(x, y)
    if kind == "abs":
        if a == 0:
            raise UndefinedError
        return chained(abs(a), (mp.sign(a), x))
    if kind in ("max", "min"):
        if a == b:
            raise UndefinedError
        first = (a > b) == (kind == "max")
        return x if first else y
    if kind == "hypot":
        length = mp.sqrt(a * a + b * b)
        return chained(length, (a / length, x), (b / length, y))
    if kind == "atan2":
        square = a * a + b * b
        if a == 0 and b <= 0:
            raise UndefinedError
        return chained(mp.atan2(a, b), (b / square, x), (-a / square, y))
    raise AssertionError(kind)


def _power(x: Dual, y: Dual) -> Dual:
    a, b = x.value, y.value
    if not y.slopes:
        if a < 0 and b != mp.floor(b):
            raise UndefinedError
        if a == 0 and b != 0 and b < 1:
            raise UndefinedError
        whole = int(b) if b == mp.floor(b) and abs(b) < 1000 else b
        slope = mp.mpf(0) if b == 0 else b * a ** (whole - 1 if whole is not b else b - 1)
        return chained(a**whole, (slope, x))
    value = _positive(a) ** b
    return chained(value, (b * value / a, x), (value * mp.log(a), y))
