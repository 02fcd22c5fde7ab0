"""What is typed: random trees and points, cancellations, and steps on their boundary."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.attack.trees import MEANINGS, Tree

NAMES = ("x", "y", "z")
NUMBERS = (1.0, 2.0, 3.0, 0.5, 0.1, -1.0, 10.0, 1e-8, 1e8, 1.5, 0.3, 7.0, 100.0)
COORDINATES = (0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 1e-5, 1e-9, -1e-5, 40.0, -40.0, 1e10, 1e155, 1e-160,
               0.7, 1.3, 1.5707963267948966, -2.5, 710.0, 1e-300, 117.0)  # fmt: skip
ORDERED = {"polygamma": (0, 3), "besselj": (-2, 3), "besseli": (0, 2), "expint": (0, 3)}
CONDITIONS = ("lt", "le", "gt", "ge", "eq", "ne")
ARITY = {
    name: 3 if name == "clamp" else meaning.__code__.co_argcount if hasattr(meaning, "__code__")
    else 1
    for name, meaning in MEANINGS.items()
}  # fmt: skip
ARITY |= dict.fromkeys(("max", "min", "atan2", "pow", "mod", "div", "xlogy"), 2)
ONE = [name for name, arity in ARITY.items() if arity == 1 and name != "neg"]
TWO = [n for n, arity in ARITY.items() if arity == 2 and n not in (*ORDERED, *CONDITIONS)]
SMOOTH = ("add", "sub", "mul", "div", "mul", "add", "sub", "pow")


def number(draw: Random) -> float:
    if draw.random() < 0.6:
        return draw.choice(NUMBERS)
    return float(f"{draw.uniform(-3, 3):.3g}")


def coordinate(draw: Random) -> float:
    kind = draw.random()
    if kind < 0.4:
        return draw.choice(COORDINATES)
    if kind < 0.8:
        return float(f"{draw.uniform(-3, 3):.4g}")
    return draw.choice([1, -1]) * draw.uniform(1, 10) * 10.0 ** draw.randint(-12, 12)


def leaf(draw: Random) -> Tree:
    return (draw.choice(NAMES[: draw.choice((1, 2, 2, 3))]) if draw.random() < 0.75
            else number(draw) if draw.random() < 0.9 else draw.choice(("pi", "e")),)  # fmt: skip


def tree(draw: Random, depth: int) -> Tree:
    """Any tree of the language."""
    if depth == 0 or draw.random() < 0.1:
        return leaf(draw)
    kind = draw.random()
    if kind < 0.45:
        return (draw.choice(ONE), tree(draw, depth - 1))
    if kind < 0.8:
        return (draw.choice(SMOOTH), tree(draw, depth - 1), tree(draw, depth - 1))
    if kind < 0.9:
        return (draw.choice(TWO), tree(draw, depth - 1), tree(draw, depth - 1))
    if kind < 0.94:
        name = draw.choice(list(ORDERED))
        return (name, (float(draw.randint(*ORDERED[name])),), tree(draw, depth - 1))
    if kind < 0.96:
        return ("clamp", tree(draw, depth - 1), (-1.0,), (draw.choice((0.5, 1.0, 2.0)),))
    condition = (draw.choice(CONDITIONS), tree(draw, depth - 2 if depth > 1 else 0), leaf(draw))
    return ("where", condition, tree(draw, depth - 1), tree(draw, depth - 1))


def sizes(draw: Random) -> float:
    """A number of any size."""
    mantissa = draw.choice([1.0, draw.uniform(1, 10)])
    reach = draw.choice((3, 9, 30, 160))
    return draw.choice([1, 1, -1]) * float(f"{mantissa:.4g}e{draw.randint(-reach, reach)}")


# --- cancellations --------------------------------------------------------------------------------

X, Y, ONE_ = ("x",), ("y",), (1.0,)


def _less(a: Tree, b: Tree) -> Tree:
    return ("sub", a, b)


def _over(a: Tree, b: Tree) -> Tree:
    return ("div", a, b)


def _expression(a: Tree) -> list[Tree]:
    """Differences of things that are nearly equal, for small or for large a."""
    half = ("div", a, (2.0,))
    return [
        _less(ONE_, ("cos", a)),
        _less(("exp", a), ONE_),
        _less(("sqrt", ("add", a, ONE_)), ("sqrt", a)),
        _less(("sqrt", ("add", ONE_, a)), ONE_),
        _less(("hypot", ONE_, a), ONE_),
        _less(("hypot", a, ONE_), a),
        _less(("log", ("add", a, ONE_)), ("log", a)),
        ("log", ("add", ONE_, a)),
        _less(("log1p", a), a),
        _less(("sin", a), a),
        _less(("tan", a), ("sin", a)),
        _less(("sinh", a), a),
        _less(("asinh", a), a),
        _less(("atan", a), a),
        _less(ONE_, ("tanh", a)),
        _less(("softplus", a), a),
        ("softplus", ("neg", a)),
        _less(("square", ("cosh", a)), ("square", ("sinh", a))),
        _less(("cosh", a), ("sinh", a)),
        _less(ONE_, ("erf", a)),
        _less(("pow", a, Y), ONE_),
        _less(("pow", ("add", ONE_, a), Y), ONE_),
        _less(("div", ONE_, a), ("div", ONE_, ("add", a, ONE_))),
        _less(("acosh", a), ("log", ("mul", (2.0,), a))),
        _less(("atan2", a, ONE_), a),
        _less(("sigmoid", a), (0.5,)),
        _less(ONE_, ("sigmoid", a)),
        _less(("logaddexp", a, Y), ("max", a, Y)),
        _less(("gamma", ("add", ONE_, a)), ONE_),
        ("lgamma", ("add", ONE_, a)),
        _less(("mul", ("exp", half), ("exp", half)), ("exp", a)),
        _less(("add", a, (1e16,)), (1e16,)),
        _less(("add", a, Y), Y),
        _less(("mul", ("add", a, Y), _less(a, Y)), ("square", a)),
        _less(("digamma", ("add", ONE_, a)), ("digamma", a)),
        _less(("normcdf", a), (0.5,)),
        _less(("si", a), a),
        _less(ONE_, ("besselj", (0.0,), a)),
        _less(("mod", ("add", a, Y), ONE_), a),
    ]


def cancellation(draw: Random) -> tuple[Tree, dict[str, float]]:
    a = draw.choice([X, X, ("mul", X, X), ("exp", X), ("div", ONE_, X), ("neg", X)])
    found = draw.choice(_expression(a))
    outer = draw.random()
    if outer < 0.35:
        found = _over(found, draw.choice([X, Y, ("mul", X, X), ("pow", X, (3.0,))]))
    elif outer < 0.55:
        found = ("mul", found, draw.choice([("exp", X), X, Y, (1e150,), ("mul", X, X)]))
    elif outer < 0.75:
        found = (draw.choice(("exp", "sqrt", "log", "square", "atan", "sigmoid", "cbrt")), found)
    elif outer < 0.85:
        found = ("pow", found, (draw.choice((0.001, 0.02, 0.5, 2.0, -1.0)),))
    return found, {"x": sizes(draw), "y": sizes(draw)}


# --- steps on their boundary ----------------------------------------------------------------------


def _integers(draw: Random) -> tuple[Tree, float, int]:
    """An expression of x that is a whole number at a point, that point, and the number."""
    n = draw.randint(1, 12)
    x = float(f"{draw.uniform(0.2, 3):.3g}")
    return draw.choice([
        (("add", ("square", ("sin", X)), ("square", ("cos", X))), x, 1),
        (_less(("square", ("cosh", X)), ("square", ("sinh", X))), x, 1),
        (("exp", ("log", X)), float(n), n),
        (("square", ("sqrt", X)), float(n), n),
        (("pow", ("sqrt", X), (2.0,)), float(n), n),
        (("pow", ("cbrt", X), (3.0,)), float(n), n),
        (("div", ("log", X), ("log", (10.0,))), 10.0**n, n),
        (("log10", X), 10.0**n, n),
        (("log2", X), 2.0**n, n),
        (("exp2", ("log2", X)), float(n), n),
        (("exp", ("lgamma", X)), float(n), _factorial(n - 1)),
        (("gamma", X), float(n), _factorial(n - 1)),
        (("div", ("mul", ("tan", X), ("cos", X)), ("sin", X)), x, 1),
        (("exp", ("div", ("log", X), (2.0,))), float(n * n), n),
        (("div", ("asin", ("sin", X)), X), min(x, 1.5), 1),
        (("mul", (2.0,), ("hypot", ("mul", (1.5,), X), ("mul", (2.0,), X))), float(n), 5 * n),
        (("mul", ("div", X, (3.0,)), (3.0,)), float(n), n),
        (("add", ("sigmoid", X), ("sigmoid", ("neg", X))), x, 1),
        (("add", ("erf", X), ("erfc", X)), x, 1),
        (("sinh", ("asinh", X)), float(n), n),
        (("tan", ("atan", X)), float(n), n),
        (("mul", ("exp", X), ("exp", ("neg", X))), x, 1),
        (("log", ("exp", X)), float(n), n),
        (("add", ("normcdf", X), ("normcdf", ("neg", X))), x, 1),
        (("square", ("hypot", X, X)), float(n), 2 * n * n),
        (("div", ("gamma", ("add", X, ONE_)), ("gamma", X)), float(n), n),
        (("pow", ("mul", X, X), (0.5,)), float(n), n),
        (("mul", X, ("div", ONE_, X)), x, 1),
        (("softplus", ("log", _less(("exp", X), ONE_))), float(n), n),
        (("lambertw", ("mul", X, ("exp", X))), float(n), n),
    ])  # fmt: skip


def _factorial(n: int) -> int:
    return 1 if n < 2 else n * _factorial(n - 1)


def step(draw: Random) -> tuple[Tree, dict[str, float], tuple[float, float]]:
    """A step that is taken at the very point; the point, and two numbers whose sum is the value."""
    inner, x, n = _integers(draw)
    near = draw.random()
    side = 0
    if near < 0.3:  # beside the boundary, by less than a double tells
        side = draw.choice((1, -1))
        inner = ("add", inner, ("mul", (float(side),), Y))
    at = {"x": x} | ({"y": 10.0 ** -draw.randint(18, 300)} if side else {})
    whole = (float(n),)
    below = float(n - 1) if side < 0 else float(n)
    above = float(n + 1) if side > 0 else float(n)
    yes, no = 3.0, 8.0
    found: tuple[Tree, float] = draw.choice([
        (("floor", inner), below),
        (("floor", ("mul", (2.0,), inner)), below + n),
        (("ceil", inner), above),
        (("trunc", inner), below if n > 0 else above),
        (("round", ("add", inner, (0.5,))), _half(n, side)),
        (("sign", _less(inner, whole)), float(side)),
        (("heaviside", _less(inner, whole)), (1 + side) / 2),
        (("mod", inner, whole), float(n) if side < 0 else 0.0),
        (("where", ("eq", inner, whole), (yes,), (no,)), no if side else yes),
        (("where", ("ne", inner, whole), (yes,), (no,)), yes if side else no),
        (("where", ("ge", inner, whole), (yes,), (no,)), no if side < 0 else yes),
        (("where", ("gt", inner, whole), (yes,), (no,)), yes if side > 0 else no),
        (("where", ("lt", inner, whole), (yes,), (no,)), yes if side < 0 else no),
        (("where", ("le", inner, whole), (yes,), (no,)), no if side > 0 else yes),
        (("mul", ("floor", inner), (10.0,)), 10 * below),
    ])  # fmt: skip
    made, true = found
    more = side * at["y"] if side and made[0] == "mod" else 0.0
    if draw.random() < 0.25:
        return ("add", made, (1.0,)), at, (true + 1, more)
    return made, at, (true, more)


SAME_AS_X: tuple[Tree, ...] = (
    ("square", ("sqrt", X)),
    ("exp", ("log", X)),
    ("pow", ("cbrt", X), (3.0,)),
    ("exp2", ("log2", X)),
    ("sinh", ("asinh", X)),
    ("log", ("exp", X)),
    ("mul", ("div", X, (3.0,)), (3.0,)),
    ("sub", ("add", X, ("pi",)), ("pi",)),
    ("sqrt", ("mul", X, X)),
    ("div", ("mul", X, X), X),
    ("lambertw", ("mul", X, ("exp", X))),
    ("mul", X, ("add", ("square", ("sin", X)), ("square", ("cos", X)))),
)
"""For all positive x."""


def branch(draw: Random) -> tuple[Tree, dict[str, float], float]:
    """A choice between 3*x and 8*x that is made on its boundary, around the point too; the point,
    and the slope that is right."""
    same = draw.choice(SAME_AS_X)
    x = float(f"{draw.uniform(0.2, 9):.3g}")
    condition = draw.choice(CONDITIONS)
    sides = (same, X) if draw.random() < 0.5 else (X, same)
    slope = 3.0 if condition in ("eq", "le", "ge") else 8.0
    found = ("where", (condition, *sides), ("mul", (3.0,), X), ("mul", (8.0,), X))
    return found, {"x": x}, slope


def _half(n: int, side: int) -> float:
    """round(n + 1/2), beside it on a side: to the even neighbour on it."""
    if side:
        return float(n + (side > 0))
    return float(n if n % 2 == 0 else n + 1)


# --- derivatives, for claims ----------------------------------------------------------------------


def derivative(f: Tree, x: str) -> Tree:
    """By the rules of a first course, and not simplified."""
    name, *operands = f
    if not operands:
        return (1.0,) if name == x else (0.0,)
    u = operands[0]
    du = derivative(u, x)
    if name == "neg":
        return ("neg", du)
    if len(operands) == 2:
        v = operands[1]
        dv = derivative(v, x)
        if name in ("add", "sub"):
            return (name, du, dv)
        if name == "mul":
            return ("add", ("mul", du, v), ("mul", u, dv))
        if name == "div":
            return ("div", ("sub", ("mul", du, v), ("mul", u, dv)), ("mul", v, v))
        if name == "pow":  # of a constant exponent
            return ("mul", ("mul", v, ("pow", u, ("sub", v, (1.0,)))), du)
    return ("mul", OUTER[name](u), du)


OUTER: dict[str, Any] = {
    "exp": lambda u: ("exp", u),
    "log": lambda u: ("div", ONE_, u),
    "sin": lambda u: ("cos", u),
    "cos": lambda u: ("neg", ("sin", u)),
    "tan": lambda u: ("div", ONE_, ("square", ("cos", u))),
    "sqrt": lambda u: ("div", ONE_, ("mul", (2.0,), ("sqrt", u))),
    "tanh": lambda u: ("sub", ONE_, ("square", ("tanh", u))),
    "sinh": lambda u: ("cosh", u),
    "cosh": lambda u: ("sinh", u),
    "atan": lambda u: ("div", ONE_, ("add", ONE_, ("square", u))),
    "asinh": lambda u: ("div", ONE_, ("sqrt", ("add", ("square", u), ONE_))),
    "square": lambda u: ("mul", (2.0,), u),
    "sigmoid": lambda u: ("mul", ("sigmoid", u), ("sub", ONE_, ("sigmoid", u))),
    "erf": lambda u: ("div", ("mul", (2.0,), ("exp", ("neg", ("square", u)))),
                      ("sqrt", ("pi",))),
    "log1p": lambda u: ("div", ONE_, ("add", ONE_, u)),
    "expm1": lambda u: ("exp", u),
}  # fmt: skip


def smooth(draw: Random, depth: int) -> Tree:
    """What ``derivative`` knows."""
    if depth == 0 or draw.random() < 0.1:
        return (draw.choice(("x", "y")) if draw.random() < 0.75 else
                draw.choice((1.0, 2.0, 3.0, 0.5, 10.0)),)  # fmt: skip
    kind = draw.random()
    if kind < 0.5:
        return (draw.choice(list(OUTER)), smooth(draw, depth - 1))
    if kind < 0.6:
        exponent = (draw.choice((2.0, 3.0, 4.0, -1.0, 0.5)),)
        return ("pow", smooth(draw, depth - 1), exponent)
    return (draw.choice(("add", "sub", "mul", "mul", "div")), smooth(draw, depth - 1),
            smooth(draw, depth - 1))  # fmt: skip
