"""What a piece of text says, whatever its names and numbers are."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from gradcalc.functions.primitives import FUNCTIONS, WORDS
from gradcalc.graph.graph import LeafKey
from gradcalc.language.foreign import CONTINUES
from gradcalc.language.structural import STRUCTURAL
from gradcalc.language.tokens import A_NAME, A_NUMBER

NAME, NUMBER = "a name", "a number"
SPECIAL = {"√", *WORDS, *FUNCTIONS, *STRUCTURAL}
LINE_END = rf"\n(?!{CONTINUES.pattern})"
"""A newline that is the end of a statement, for the next line does not begin with an operator."""

Leaf = Callable[[str], int | LeafKey | None]
"""What a name or a number is: its node, or what a new one is known by; None for what is neither."""

LEAF = -1
ShapeNode = tuple[int, int, int, int, int, int]
"""``(LEAF, k, …)``: the value of the k-th token. Else a primitive's code, its operands (as numbers
of steps; -1: none). Last the tokens where its span begins and ends."""


class Unusual(Exception):  # noqa: N818  (never seen by a user)
    """Something that is for the parser to read, or to refuse."""


class Shape(NamedTuple):
    """What some tokens of these ``kinds`` say: the steps, and the pieces that they come to.

    Of every piece it has the step that makes its value, the tokens where it begins and ends, and
    the separator behind it (which is the last of its tokens).
    """

    kinds: tuple[str, ...]
    steps: tuple[ShapeNode, ...]
    pieces: tuple[tuple[int, int, int, str], ...]

    def then(self, other: Shape) -> Shape:
        """One after the other."""
        tokens, made = len(self.kinds), len(self.steps)

        def later(step: ShapeNode) -> ShapeNode:
            code, x, y, z, start, end = step
            if code == LEAF:
                return code, x + tokens, y, z, start + tokens, end + tokens
            x, y, z = (k + made if k >= 0 else k for k in (x, y, z))
            return code, x, y, z, start + tokens, end + tokens

        pieces = [(value + made, start + tokens, end + tokens, closer)
                  for value, start, end, closer in other.pieces]  # fmt: skip
        return Shape(self.kinds + other.kinds, (*self.steps, *map(later, other.steps)),
                     (*self.pieces, *pieces))  # fmt: skip

    def pattern(self, leaf: str) -> str:
        """The text of this shape; ``leaf`` is what to make of the pattern of a name or a number."""
        leaves = {NAME: leaf.format(A_NAME), NUMBER: leaf.format(A_NUMBER), "\n": LINE_END}
        return "".join(leaves.get(kind) or re.escape(kind) for kind in self.kinds)
