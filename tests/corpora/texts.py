"""Trees as people type them: one tree, many texts."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.corpora.dual import COMPARISONS, ONE_OPERAND, Tree

NAMES = ("x", "y", "z", "x1", "x_2", "θ", "α", "lambda", "e", "pi", "tau", "S", "beta", "gamma",
         "sin", "log", "N", "I", "if_", "dx", "T0", "inf", "nan", "True", "max", "J")  # fmt: skip
"""Names, among them constants' and functions'."""

NUMBERS = ("1", "2", "3", "0.5", "1.5e-3", "2e2", ".25", "10", "7.0", "0.1", "1e-8")

SPELLED = {
    "exp": ("exp", "EXP", "np.exp", "math.exp", "Exp", "torch.exp"),
    "log": ("log", "ln", "LN", "np.log", "math.log"),
    "sqrt": ("sqrt", "√", "np.sqrt", "SQRT", "sqrtf"),
    "sin": ("sin", "np.sin", "Sin", "dsin"),
    "cos": ("cos", "np.cos", "COS"),
    "atan": ("atan", "arctan", "np.arctan", "ArcTan"),
    "asin": ("asin", "arcsin", "np.arcsin"),
    "acos": ("acos", "arccos"),
    "abs": ("abs", "fabs", "np.abs", "Abs", "|"),
    "max": ("max", "fmax", "np.maximum", "Max"),
    "min": ("min", "fmin", "np.minimum", "MIN"),
    "hypot": ("hypot", "np.hypot"),
    "atan2": ("atan2", "np.arctan2", "arctan2"),
}
MARKS = {
    "+": (" + ", "+"),
    "-": (" - ", "-", " − ", "–"),
    "*": ("*", " * ", "·", " × ", "⋅"),
    "/": ("/", " / ", " ÷ "),
    "**": ("**", "^", " ** "),
}
LEVEL = {"+": 1, "-": 1, "*": 2, "/": 2, "negative": 3, "**": 4}
"""How tightly an operator binds; all else stands for itself."""
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def grown(draw: random.Random, names: Sequence[str], depth: int) -> Tree:
    """A random tree."""
    if depth == 0 or draw.random() < 0.1:
        return ("name", draw.choice(names)) if draw.random() < 0.75 else number(draw)
    kind = draw.random()

    def part() -> Tree:
        return grown(draw, names, depth - 1)

    if kind < 0.55:
        return draw.choice("++--**/"), part(), part()
    if kind < 0.65:
        exponent = draw.choice([("number", "2"), ("number", "3"), ("number", "0.5"), part()])
        return "**", part(), exponent
    if kind < 0.7:
        return "negative", part()
    if kind < 0.75:
        test = draw.choice(list(COMPARISONS)), part(), part()
        return "where", test, part(), part()
    if kind < 0.82:
        return draw.choice(["max", "min", "hypot", "atan2"]), part(), part()
    return draw.choice([*ONE_OPERAND, "abs"]), part()


def number(draw: random.Random) -> Tree:
    return "number", draw.choice(NUMBERS)


class Writer:
    """Writes trees; ``plain`` in one way, else in any."""

    def __init__(self, draw: random.Random, *, plain: bool = False) -> None:
        self._draw, self._plain = draw, plain

    def text(self, tree: Tree) -> str:
        """A whole text: sometimes with parts under names, or over several lines."""
        if self._plain or self._draw.random() < 0.7 or tree[0] not in ("+", "-", "*"):
            return self.of(tree, 0)
        kind, left, right = tree
        if self._draw.random() < 0.5:
            return f"part_1 = {self.of(left, 0)}\npart_1 {kind} {self.of(right, LEVEL[kind] + 1)}"
        return f"{self.of(left, LEVEL[kind])}\n  {kind} {self.of(right, LEVEL[kind] + 1)}"

    def of(self, tree: Tree, level: int) -> str:
        """The text of a tree, in parentheses where it binds less tightly than ``level``."""
        kind, *rest = tree
        if kind in ("number", "name"):
            return str(rest[0])
        if kind == "where":
            return self._choice(*rest)
        if kind not in LEVEL:
            return self._call(kind, rest)
        text = self._operator(kind, rest)
        return f"({text})" if LEVEL[kind] < level or self._any(0.05) else text

    def _any(self, share: float) -> bool:
        return not self._plain and self._draw.random() < share

    def _one(self, words: Sequence[str]) -> str:
        return words[0] if self._plain else self._draw.choice(words)

    def _operator(self, kind: str, operands: Sequence[Tree]) -> str:
        if kind == "negative":
            return f"-{self.of(operands[0], 4)}"
        left, right = operands
        mark = self._one(MARKS[kind])
        if kind == "**":
            if right == ("number", "2") and self._any(0.4):
                if left[0] in ("sin", "cos", "tan") and self._any(0.5):
                    return f"{left[0]}{self._draw.choice(['^2', '²'])}({self.of(left[1], 0)})"
                return f"{self.of(left, 5)}²"
            return f"{self.of(left, 5)}{mark}{self.of(right, 3)}"
        if kind == "*" and self._any(0.15):
            return f"({self.of(left, 0)})({self.of(right, 0)})"
        counted = kind == "*" and left[0] == "number" and right[0] == "name"
        if counted and left[1].isdigit() and right[1][0] not in "eEdDjJ" and self._any(0.4):
            return f"{left[1]}{right[1]}"
        return f"{self.of(left, LEVEL[kind])}{mark}{self.of(right, LEVEL[kind] + 1)}"

    def _call(self, kind: str, operands: Sequence[Tree]) -> str:
        inside = [self.of(operand, 0) for operand in operands]
        word = self._one(SPELLED.get(kind, (kind,)))
        if word == "|":
            return f"|{inside[0]}|" if "|" not in inside[0] else f"abs({inside[0]})"
        return f"{word}({', '.join(inside)})"

    def _choice(self, test: Tree, yes: Tree, no: Tree) -> str:
        mark, left, right = test
        condition = f"{self.of(left, 1)} {mark} {self.of(right, 1)}"
        a, b = self.of(yes, 0), self.of(no, 0)
        form = self._one(("where({0}, {1}, {2})", "({1} if {0} else {2})", "({0} ? {1} : {2})",
                          "IF({0}, {1}, {2})", "np.where({0}, {1}, {2})",
                          "Piecewise(({1}, {0}), ({2}, True))"))  # fmt: skip
        return form.format(condition, a, b)
