"""Random expressions over the whole language, each with a point inside its domain.

An expression is grown together with its value: a function is put around a piece only where the
piece lies in the function's domain with a margin, away from poles and kinks, and where the result
stays of moderate size. So every case has derivatives that any correct method must agree on.

``cases()`` draws texts of one to three outputs over scalars, an array variable ``a`` and a matrix
variable ``M``; the ``smooth`` variant leaves out what has kinks anywhere (``abs``, ``max``,
``where``, ``%``, rounding), the ``analytic`` one also what has no complex counterpart in numpy and
scipy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from hypothesis import strategies as st

import gradcalc
from gradcalc.engine.program import Program
from gradcalc.functions.primitives import FUNCTIONS
from tests import complex_step

Kind = Literal["whole", "smooth", "analytic"]
Draw = Callable[[st.SearchStrategy[Any]], Any]

SCALARS = ("y", "x1", "x2", "x10", "θ", "lambda", "S", "beta")
MARGIN = 0.05
LARGEST = 50.0

# Python's precedences, of the outermost operator of a piece of text.
SUM, PRODUCT, UNARY, POWER, ATOM = range(1, 6)


class Piece(NamedTuple):
    """Text of a number, its value at the point, and how tightly its outermost operator binds."""

    text: str
    value: float
    level: int


class Vector(NamedTuple):
    """Text of an array, and its value."""

    text: str
    value: np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Case:
    """An expression text and a point: numbers, and nested lists for ``a`` and ``M``."""

    text: str
    at: dict[str, Any]

    def program(self) -> Program:
        shapes = {name: np.shape(value) for name, value in self.at.items() if np.ndim(value)}
        return gradcalc.compile(self.text, shapes=shapes)

    def point(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return self.program().point(self.at)


def _off_integers(x: float) -> bool:
    return abs(x - round(x)) > MARGIN


# Where a function of one operand is smooth, with room around; one not named is so everywhere.
ROOM: dict[str, Callable[[float], bool]] = {
    "sqrt": lambda x: x > MARGIN,
    "cbrt": lambda x: abs(x) > MARGIN,
    "log": lambda x: x > MARGIN,
    "log1p": lambda x: x > MARGIN - 1,
    "log2": lambda x: x > MARGIN,
    "log10": lambda x: x > MARGIN,
    "tan": lambda x: abs(math.cos(x)) > 0.2,
    "sec": lambda x: abs(math.cos(x)) > 0.2,
    "csc": lambda x: abs(math.sin(x)) > 0.2,
    "cot": lambda x: abs(math.sin(x)) > 0.2,
    "asin": lambda x: abs(x) < 0.9,
    "acos": lambda x: abs(x) < 0.9,
    "atanh": lambda x: abs(x) < 0.9,
    "acosh": lambda x: x > 1.1,
    "csch": lambda x: abs(x) > 0.2,
    "coth": lambda x: abs(x) > 0.2,
    "acot": lambda x: abs(x) > MARGIN,
    "asec": lambda x: abs(x) > 1.1,
    "acsc": lambda x: abs(x) > 1.1,
    "acoth": lambda x: abs(x) > 1.1,
    "asech": lambda x: MARGIN < x < 0.95,
    "acsch": lambda x: abs(x) > MARGIN,
    "expx2": lambda x: abs(x) < 5,
    "erfi": lambda x: abs(x) < 5,
    "logit": lambda x: MARGIN < x < 1 - MARGIN,
    "trunc": _off_integers,
    "ci": lambda x: x > 0.1,
    "ei": lambda x: abs(x) > 0.1,
    "li": lambda x: x > 0.1 and abs(x - 1) > 0.1,
    "lambertw": lambda x: x > -0.3,
    "lambertwp": lambda x: x > -0.3,
    "erfinv": lambda x: abs(x) < 0.9,
    "erfinvd": lambda x: abs(x) < 0.9,
    "gamma": lambda x: x > 0.2,
    "lgamma": lambda x: x > 0.2,
    "digamma": lambda x: x > 0.2,
    "abs": lambda x: abs(x) > MARGIN,
    "sign": lambda x: abs(x) > MARGIN,
    "heaviside": lambda x: abs(x) > MARGIN,
    "relu": lambda x: abs(x) > MARGIN,
    "floor": _off_integers,
    "ceil": _off_integers,
    "round": lambda x: _off_integers(x + 0.5),
}
ROOM_OF_TWO: dict[str, Callable[[float, float], bool]] = {
    "pow": lambda x, y: x > 0.1 and abs(y) < 6,
    "atan2": lambda x, y: math.hypot(x, y) > 0.1 and (y > 0 or abs(x) > MARGIN),
    "hypot": lambda x, y: math.hypot(x, y) > 0.1,
    "max": lambda x, y: abs(x - y) > MARGIN,
    "min": lambda x, y: abs(x - y) > MARGIN,
    "mod": lambda x, y: abs(y) > 0.1 and _off_integers(x / y),
    "xlogy": lambda x, y: y > 0.1,
    "elu": lambda x, y: abs(x) > MARGIN,
    "leaky_relu": lambda x, y: abs(x) > MARGIN,
}
KINKED = {"abs", "sign", "floor", "ceil", "round", "heaviside", "relu", "max", "min", "clamp",
          "trunc", "mod", "elu", "leaky_relu"}  # fmt: skip
NOT_COMPLEX = {"polygamma", "atan2", "digamma", "lgamma"}
SPELLINGS: dict[str, list[str]] = {}
for _word, _primitive in FUNCTIONS.items():
    SPELLINGS.setdefault(_primitive.name, []).append(_word)


def _allowed(name: str, kind: Kind) -> bool:
    if kind == "whole":
        return True
    analytic = name in complex_step.FUNCTIONS and name not in NOT_COMPLEX
    return name not in KINKED and (kind == "smooth" or analytic)


ONE = [name for name in SPELLINGS if FUNCTIONS[name].arity == 1]
TWO = [name for name in SPELLINGS if FUNCTIONS[name].arity == 2 and not FUNCTIONS[name].ordered]


def _value(name: str, *operands: float) -> float:
    with np.errstate(all="ignore"):
        return float(FUNCTIONS[name].numpy(*operands))


def has_room(name: str, *operands: float) -> bool:
    """Whether the function is smooth, of moderate size and not too steep here."""
    room: Callable[..., bool] | None = ROOM.get(name) or ROOM_OF_TWO.get(name)
    if room is not None and not room(*operands):
        return False
    return abs(_value(name, *operands)) < LARGEST


# --- spelling -----------------------------------------------------------------------------------


def _wrap(piece: Piece, level: int) -> str:
    return piece.text if piece.level >= level else f"({piece.text})"


def _spaced(draw: Draw, left: str, operator: str, right: str) -> str:
    space = draw(st.sampled_from(["", " "]))
    return f"{left}{space}{operator}{space}{right}"


def _number(draw: Draw) -> Piece:
    text = draw(st.sampled_from(["2", "3.", ".5", "1.25", "1e-1", "7", "0.3", "1_0", "2.5E0"]))
    return Piece(text, float(text), ATOM)


# --- growing ------------------------------------------------------------------------------------


class Garden:
    """Draws pieces over one point."""

    def __init__(self, draw: Draw, kind: Kind) -> None:
        self.draw = draw
        self.kind = kind
        coordinate = st.integers(-40, 40).map(lambda k: k / 16)
        self.scalars = {name: draw(coordinate) for name in ("x", *draw(self._some_names()))}
        self.arrays = {}
        if draw(st.booleans()):
            self.arrays["a"] = np.array([draw(coordinate) for _ in range(3)])
        if draw(st.integers(0, 3)) == 0:
            self.arrays["M"] = np.array([[draw(coordinate) for _ in range(3)] for _ in range(2)])
        self.named: dict[str, float] = {}

    @staticmethod
    def _some_names() -> st.SearchStrategy[list[str]]:
        return st.lists(st.sampled_from(SCALARS), max_size=3, unique=True)

    def at(self, text: str) -> dict[str, Any]:
        """The values of the variables that the text mentions."""
        values = {**self.scalars, **{name: value.tolist() for name, value in self.arrays.items()}}
        graph = gradcalc.compile(text, shapes={k: v.shape for k, v in self.arrays.items()}).graph
        used = {label.partition("[")[0] for label in graph.variables}
        return {name: value for name, value in values.items() if name in used}

    def leaf(self) -> Piece:
        names = [*self.scalars, *self.scalars, *self.scalars, *self.named, "pi", "e", "", ""]
        name = self.draw(st.sampled_from(names))
        if not name:
            return _number(self.draw)
        known = {**self.scalars, **self.named, "pi": math.pi, "e": math.e}
        return Piece(name, known[name], ATOM)

    def piece(self, depth: int) -> Piece:
        if depth == 0:
            return self.leaf()
        grow = self.draw(st.sampled_from(self._ways()))
        piece: Piece = grow(depth - 1)
        if not abs(piece.value) < LARGEST:
            piece = Piece(f"sin({piece.text})", math.sin(piece.value), ATOM)
        return piece

    def _ways(self) -> list[Callable[[int], Piece]]:
        ways: list[Callable[[int], Piece]] = [
            *[self.one] * 5, *[self.two] * 2, *[self.product] * 2, self.sum, self.quotient,
            self.power, self.negative, self.implicit, self.reduction,
        ]  # fmt: skip
        if self.kind != "analytic":
            ways.append(self.polygamma)
        if self.kind == "whole":
            ways += [self.where, self.modulo, self.clamp]
        return ways

    def sum(self, depth: int) -> Piece:
        a, b = self.piece(depth), self.piece(depth)
        operator = self.draw(st.sampled_from(["+", "-", "−"]))
        value = a.value + b.value if operator == "+" else a.value - b.value
        return Piece(_spaced(self.draw, a.text, operator, _wrap(b, PRODUCT)), value, SUM)

    def product(self, depth: int) -> Piece:
        a, b = self.piece(depth), self.piece(depth)
        operator = self.draw(st.sampled_from(["*", "·", "×"]))
        text = _spaced(self.draw, _wrap(a, PRODUCT), operator, _wrap(b, UNARY))
        return Piece(text, a.value * b.value, PRODUCT)

    def quotient(self, depth: int) -> Piece:
        a, b = self.piece(depth), self.piece(depth)
        if abs(b.value) < 0.1:
            return a
        operator = self.draw(st.sampled_from(["/", "÷"]))
        text = _spaced(self.draw, _wrap(a, PRODUCT), operator, _wrap(b, UNARY))
        return Piece(text, a.value / b.value, PRODUCT)

    def modulo(self, depth: int) -> Piece:
        a, b = self.piece(depth), self.piece(depth)
        if abs(b.value) < 0.1 or not _off_integers(a.value / b.value):
            return a
        return Piece(f"{_wrap(a, PRODUCT)} % {_wrap(b, UNARY)}", a.value % b.value, PRODUCT)

    def power(self, depth: int) -> Piece:
        a = self.piece(depth)
        exponent = self.draw(st.sampled_from(["2", "3", "²", "³", "⁻¹", "-2", "0.5", "-1.5", "y"]))
        base = _wrap(a, ATOM)
        if exponent[-1] in "²³¹":
            if abs(a.value) < 0.2:
                return a
            value = a.value ** {"²": 2, "³": 3, "⁻¹": -1}[exponent]
            return Piece(f"{base}{exponent}", value, POWER)
        operator = self.draw(st.sampled_from(["**", "^", " ** "]))
        b = self.piece(depth) if exponent == "y" else Piece(exponent, float(exponent), UNARY)
        whole = exponent in ("2", "3")
        if not whole and not ROOM_OF_TWO["pow"](a.value, b.value):
            return a
        return Piece(f"{base}{operator}{_wrap(b, UNARY)}", a.value**b.value, POWER)

    def negative(self, depth: int) -> Piece:
        a = self.piece(depth)
        sign = self.draw(st.sampled_from(["-", "−", "+", "- "]))
        return Piece(sign + _wrap(a, UNARY), a.value if sign == "+" else -a.value, UNARY)

    def implicit(self, depth: int) -> Piece:
        a, factor = self.piece(depth), self.draw(st.sampled_from(["2", "3", "0.5", "4."]))
        sticks = a.level == ATOM and not (a.text[0] in "0123456789.eE[" or "." in a.text[:2])
        text = f"{factor}{a.text}" if sticks else f"{factor}({a.text})"
        return Piece(text, float(factor) * a.value, PRODUCT)

    def fit(self, names: list[str], *operands: float) -> str | None:
        """One of the functions, or the next that has room: to try them all takes milliseconds."""
        first = self.draw(st.integers(0, len(names) - 1))
        for name in names[first:] + names[:first]:
            if _allowed(name, self.kind) and has_room(name, *operands):
                return name
        return None

    def one(self, depth: int) -> Piece:
        a = self.piece(depth)
        name = self.fit(ONE, a.value)
        if name is None:
            return a
        spelling = self.draw(st.sampled_from(SPELLINGS[name]))
        if name == "sqrt":
            spelling = self.draw(st.sampled_from(["sqrt", "√"]))
        return Piece(f"{spelling}({a.text})", _value(name, a.value), ATOM)

    def two(self, depth: int) -> Piece:
        a, b = self.piece(depth), self.piece(depth)
        name = self.fit(TWO, a.value, b.value)
        if name is None:
            return a
        spelling = self.draw(st.sampled_from(SPELLINGS[name]))
        return Piece(f"{spelling}({a.text}, {b.text})", _value(name, a.value, b.value), ATOM)

    def polygamma(self, depth: int) -> Piece:
        a = self.piece(depth)
        order = self.draw(st.integers(0, 3))
        if a.value < 0.5:
            return a
        return Piece(f"polygamma({order}, {a.text})", _value("polygamma", order, a.value), ATOM)

    def clamp(self, depth: int) -> Piece:
        a = self.piece(depth)
        low, high = self.draw(st.sampled_from([(-1.0, 1.0), (-50.0, 50.0), (0.5, 2.0)]))
        if min(abs(a.value - low), abs(a.value - high)) < MARGIN:
            return a
        return Piece(f"clamp({a.text}, {low}, {high})", min(max(a.value, low), high), ATOM)

    def where(self, depth: int) -> Piece:
        condition, holds = self.condition(depth)
        a, b = self.piece(depth), self.piece(depth)
        if self.draw(st.booleans()):  # the branch that is not taken may be undefined
            bad = self.draw(st.sampled_from(["sqrt(-1 - x**2)", "log(0*x)", "1/(x - x)", "0/0"]))
            a, b = (a, Piece(bad, 0.0, ATOM)) if holds else (Piece(bad, 0.0, ATOM), b)
        value = a.value if holds else b.value
        return Piece(f"where({condition}, {a.text}, {b.text})", value, ATOM)

    def condition(self, depth: int) -> tuple[str, bool]:
        a, b = self.piece(depth), self.piece(depth)
        if abs(a.value - b.value) < MARGIN:
            a = Piece("-60", -60.0, UNARY)
        operator = self.draw(st.sampled_from(["<", "<=", "≤", "!="]))
        text = f"{a.text} {operator} {b.text}"
        holds = a.value < b.value or operator == "!="
        form = self.draw(st.sampled_from(["plain", "not", "and", "or", "chain"]))
        if form == "not":
            return f"not {text}", not holds
        if form == "and":
            return f"{text} and 1 > 2 - 3", holds
        if form == "or":
            return f"({text}) or not 2 == 2", holds
        if form == "chain":
            return f"-1e3 < {text}", holds
        return text, holds

    # --- arrays ---------------------------------------------------------------------------------

    def vector(self, depth: int) -> Vector:
        choices: list[Callable[[int], Vector]] = [self.listed]
        if "a" in self.arrays:
            choices += [self.view, self.mapped, self.scaled]
        if "M" in self.arrays:
            choices += [self.row, self.image]
        grow: Callable[[int], Vector] = self.draw(st.sampled_from(choices))
        return grow(depth)

    def listed(self, depth: int) -> Vector:
        items = [self.piece(depth) for _ in range(3)]
        text = ", ".join(item.text for item in items)
        return Vector(f"[{text}]", np.array([item.value for item in items]))

    def view(self, depth: int) -> Vector:
        a = self.arrays["a"]
        text, value = self.draw(
            st.sampled_from([("a", a), ("a[::-1]", a[::-1]), ("a[:]", a[:]), ("a[0:3]", a)])
        )
        return Vector(text, value)

    def mapped(self, depth: int) -> Vector:
        name = self.draw(st.sampled_from(["sin", "tanh", "atan", "erf", "sigmoid"]))
        return Vector(f"{name}(a)", np.array([_value(name, v) for v in self.arrays["a"]]))

    def scaled(self, depth: int) -> Vector:
        factor, other = self.piece(depth), self.vector(0)
        text = f"({_wrap(factor, PRODUCT)}*a + {other.text})"
        return Vector(text, factor.value * self.arrays["a"] + other.value)

    def row(self, depth: int) -> Vector:
        return Vector("M[-1]", self.arrays["M"][-1])

    def image(self, depth: int) -> Vector:
        return Vector("(M[0, :]*M[1])", self.arrays["M"][0] * self.arrays["M"][1])

    def reduction(self, depth: int) -> Piece:
        u = self.vector(min(depth, 1))
        kinked = ["max", "min"] if self.kind == "whole" and _spread(u.value) else []
        length = ["norm"] if np.linalg.norm(u.value) > 0.1 else []
        name = self.draw(
            st.sampled_from(["sum", "mean", "prod", "dot", "@", "[1]", *length, *kinked])
        )
        if name in ("dot", "@"):
            w = self.vector(0)
            text = f"dot({u.text}, {w.text})" if name == "dot" else f"({u.text} @ {w.text})"
            return Piece(text, float(u.value @ w.value), ATOM)
        if name == "[1]":
            return Piece(f"{u.text}[1]", float(u.value[1]), ATOM)
        function: Any = np.linalg.norm if name == "norm" else getattr(np, name)
        return Piece(f"{name}({u.text})", float(function(u.value)), ATOM)


def _spread(values: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    return bool(np.diff(np.sort(values)).min() > MARGIN)


@st.composite
def cases(draw: Draw, kind: Kind = "whole", outputs: int = 3, depth: int = 3) -> Case:
    """A text of up to ``outputs`` outputs, perhaps with named values, and a point in its domain."""
    garden = Garden(draw, kind)
    statements = []
    if draw(st.booleans()):
        named = garden.piece(min(depth, 2))
        garden.named["r"] = named.value
        statements.append(f"r = {named.text}")
    count = draw(st.integers(1, outputs))
    statements += [garden.piece(depth).text for _ in range(count)]
    if garden.named:  # used, so that it is no output
        statements[-1] += " + r"
    # a line that begins with an operator goes on with the one before it
    goes_on = any(statement.startswith(("-", "−", "+")) for statement in statements[1:])
    separators = ["; ", ", "] if goes_on else ["; ", ", ", "\n", " # so\n"]
    text = draw(st.sampled_from(separators)).join(statements)
    return Case(text, garden.at(text))


def one_output(kind: Kind = "whole", depth: int = 3) -> st.SearchStrategy[Case]:
    """A case whose gradient can be asked for."""
    return cases(kind, outputs=1, depth=depth)
