"""Text that says the same over and over, read piece by piece and not token by token.

Programs write sums of ten thousand terms, products of as many factors and as many expressions in a
row, and the pieces differ in names and numbers only. When a sum, a product or a list has become
long, the parser asks here whether what follows repeats. The first piece is then parsed once more,
on its own, into a ``Shape``: which names and numbers it takes, and which nodes it makes of them.
For all further pieces the parser follows the shape, and the same nodes come out as always, in the
same order and with the same spans.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from gradcalc.errors import ExpressionError, Source, Span
from gradcalc.graph import NOWHERE, Graph
from gradcalc.language.arrays import STRUCTURAL
from gradcalc.language.tokens import is_name, is_number
from gradcalc.primitives import FUNCTIONS

if TYPE_CHECKING:
    from gradcalc.language.parser import Parser

LONG = 8
"""Terms, factors or expressions after which to look for the first time; then at every doubling."""

PERIODS = 4
"""Most pieces that repeat together, as a sum of terms of two kinds in turn does."""

FAR = 2000
"""Most tokens of those pieces."""

NAME, NUMBER = "a name", "a number"
_SPECIAL = {"and", "or", "not", "√", *FUNCTIONS, *STRUCTURAL}
_OPERATORS = {"+", "-", "*", "/", "**", "^"}

Pieces = tuple[frozenset[str], frozenset[str]]
"""What ends a piece, and the operators that may stand in it outside of parentheses."""

TERMS = frozenset("+-"), frozenset(("*", "/", "**", "^"))
FACTORS = frozenset("*/"), frozenset(("**", "^"))
EXPRESSIONS = frozenset(",;\n"), frozenset(_OPERATORS)

Take = Callable[[int, int, int, str], None]
"""What is done with a piece: its value, where it starts and ends, the separator behind it."""

LEAF = -1
Step = tuple[int, int, int, int, int, int]
"""``(LEAF, k, …)``: the value of the piece's k-th token. Else a primitive's code, its operands (as
numbers of steps; -1: none), and the tokens where its span begins and ends."""


class Shape(NamedTuple):
    """What a piece of ``length`` tokens says, its closing separator included."""

    length: int
    steps: tuple[Step, ...]
    value: int  # the step that makes the piece's value
    start: int  # the tokens where it begins and ends
    end: int
    closer: str


class Repeats:
    """The tokens of a parser's text, by what they are and where they are."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self.tokens = parser.tokens
        self.kinds = list(map(_Kinds().__getitem__, self.tokens))
        self.places = array("q", accumulate(map(len, self.tokens), initial=0))

    def follow(self, at: int, pieces: Pieces, take: Take) -> int:
        """Take the pieces from token ``at`` on that repeat, and say where they end: before the
        first that is not all scalars. A megabyte of text spends its time in this loop."""
        shapes, count = self._ahead(at, pieces)
        tokens, places, leaves = self.tokens, self.places, self.parser.leaves
        apply = self.parser.graph.apply
        for _ in range(count):
            for length, steps, result, start, end, closer in shapes:
                values: list[Any] = []
                for code, x, y, z, left, right in steps:
                    if code == LEAF:
                        value = leaves.get(tokens[at + x])
                        if value is None:
                            value = self.parser.leaf_at(at + x)
                        if type(value) is not int:
                            return at
                        values.append(value)
                        continue
                    a, b, c = values[x], -1 if y < 0 else values[y], -1 if z < 0 else values[z]
                    values.append(apply(code, a, b, c, places[at + left], places[at + right]))
                take(values[result], places[at + start], places[at + end], closer)
                at += length
        return at

    def _ahead(self, first: int, pieces: Pieces) -> tuple[list[Shape], int]:
        """The shapes of the pieces from token ``first`` on, and how often they come one after the
        other (0 times where nothing repeats)."""
        kinds = self.kinds
        ends = self._ends(first, *pieces)
        for period in range(1, len(ends) + 1):
            last = ends[period - 1]
            unit = kinds[first:last]
            if kinds[last : last + len(unit)] != unit:
                continue
            found = [self._shape(a, b) for a, b in pairwise([first, *ends[:period]])]
            shapes = [shape for shape in found if shape is not None]
            return (shapes, self._count(first, unit)) if len(shapes) == period else ([], 0)
        return [], 0

    def _count(self, first: int, unit: list[str]) -> int:
        count, length = 0, len(unit)
        while self.kinds[first : first + length] == unit:
            count += 1
            first += length
        return count

    def _ends(self, first: int, closers: frozenset[str], inside: frozenset[str]) -> list[int]:
        """Where the next pieces end, as long as they are plain arithmetic and calls."""
        ends: list[int] = []
        depth, after_value = 0, False
        for k, kind in enumerate(self.kinds[first : first + FAR], start=first):
            if kind.isspace() and not (kind == "\n" and depth == 0 and after_value):
                continue
            if kind in (NAME, NUMBER) or kind in FUNCTIONS or kind == "(":
                if after_value:
                    break
                after_value = kind in (NAME, NUMBER)
                depth += kind == "("
            elif kind == ")":
                depth, after_value = depth - 1, True
                if depth < 0:
                    break
            elif depth == 0 and after_value and kind in closers:
                ends.append(k + 1)
                after_value = False
                if len(ends) == PERIODS:
                    break
            elif kind in _OPERATORS or (kind == "," and depth):
                if depth == 0 and after_value and kind not in inside:
                    break
                after_value = False
            else:
                break
        return ends

    def _shape(self, first: int, last: int) -> Shape | None:
        """The shape of the piece ``[first, last)``; None where it is more than arithmetic."""
        words = [
            f"n{k}" if kind == NAME else str(_Recorder.BASE + k) if kind == NUMBER else kind
            for k, kind in enumerate(self.kinds[first : last - 1])
        ]
        places = list(accumulate(map(len, words), initial=0))
        source = Source("".join(words))
        recorder = _Recorder(source, {place: k for k, place in enumerate(places)})
        try:
            (statement,) = type(self.parser)(source, graph=recorder).parse().statements
        except ExpressionError:
            return None
        if recorder.refused or not isinstance(statement.value, int):
            return None
        return Shape(
            length=last - first,
            steps=tuple(recorder.steps),
            value=statement.value,
            start=recorder.tokens[statement.span.start],
            end=recorder.tokens[statement.span.end],
            closer=self.tokens[last - 1],
        )


class _Recorder(Graph):
    """Takes down what the parser would have made. Every name and number of the text is another one:
    they are called after their token, ``n7`` or ``1000007``."""

    BASE = 1_000_000

    def __init__(self, source: Source, tokens: dict[int, int]) -> None:
        super().__init__(source)
        self.tokens = tokens
        self.steps: list[Step] = []
        self.refused = False

    def _take_down(self, *step: int) -> int:
        self.steps.append(step)  # type: ignore[arg-type]
        return len(self.steps) - 1

    def variable(self, name: str, span: Span = NOWHERE) -> int:
        return self._take_down(LEAF, int(name[1:]), -1, -1, 0, 0)

    def constant(self, value: float, span: Span = NOWHERE, name: str = "") -> int:
        if value < self.BASE:  # the parser's own
            self.refused = True
        return self._take_down(LEAF, int(value) - self.BASE, -1, -1, 0, 0)

    def apply(
        self, code: int, x: int, y: int = -1, z: int = -1, start: int = 0, end: int = 0
    ) -> int:
        return self._take_down(code, x, y, z, self.tokens[start], self.tokens[end])


class _Kinds(dict[str, str]):
    """A token → what it is: a name, a number, or itself."""

    def __missing__(self, token: str) -> str:
        kind = token
        if is_number(token):
            kind = NUMBER
        elif is_name(token) and token not in _SPECIAL:
            kind = NAME
        self[token] = kind
        return kind
