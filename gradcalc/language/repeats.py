"""Text that says the same over and over, read piece by piece and not token by token.

Programs write sums of ten thousand terms, products of as many factors and as many expressions in a
row, and the pieces differ in names and numbers only. When a sum, a product or a list has become
long, the parser asks here whether what follows repeats. The first piece is then parsed once more,
on its own, into a ``Shape``: which names and numbers it takes, and which nodes it makes of them.
All pieces after it follow this shape together (``columns``), and the same nodes come out as always,
in the same order and with the same spans.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, pairwise, repeat
from typing import TYPE_CHECKING, NamedTuple

from gradcalc.errors import ExpressionError, Source, Span
from gradcalc.graph import NOWHERE, Graph
from gradcalc.language.arrays import STRUCTURAL
from gradcalc.language.tokens import is_name, is_number
from gradcalc.primitives import FUNCTIONS

if TYPE_CHECKING:
    from gradcalc.language.parser import Parser

LONG = 64
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

Take = Callable[[list[int], list[int], list[int], list[str]], None]
"""What is done with pieces: their values, where they start and end, the separators behind them."""

LEAF = -1
Step = tuple[int, int, int, int, int, int]
"""``(LEAF, k, …)``: the value of the k-th token. Else a primitive's code, its operands (as numbers
of steps; -1: none). Last the tokens where its span begins and ends."""

AT_ONCE = 200_000
"""Steps that are taken at once: they must find room in memory."""


class Unusual(Exception):  # noqa: N818  (never seen by a user)
    """Something that is for the parser to read, or to refuse."""


class Shape(NamedTuple):
    """What ``length`` tokens say: the steps, and the pieces that they come to.

    Of every piece it has the step that makes its value, the tokens where it begins and ends, and
    the separator behind it (which is the last of its tokens).
    """

    length: int
    steps: tuple[Step, ...]
    pieces: tuple[tuple[int, int, int, str], ...]

    def then(self, other: Shape) -> Shape:
        """One after the other."""
        tokens, made = self.length, len(self.steps)

        def later(step: Step) -> Step:
            code, x, y, z, start, end = step
            if code == LEAF:
                return code, x + tokens, y, z, start + tokens, end + tokens
            x, y, z = (k + made if k >= 0 else k for k in (x, y, z))
            return code, x, y, z, start + tokens, end + tokens

        pieces = [(value + made, start + tokens, end + tokens, closer)
                  for value, start, end, closer in other.pieces]  # fmt: skip
        return Shape(tokens + other.length, (*self.steps, *map(later, other.steps)),
                     (*self.pieces, *pieces))  # fmt: skip


class Repeats:
    """The tokens of a parser's text, by what they are and where they are."""

    def __init__(self, parser: Parser) -> None:
        import numpy as np  # deferred: so long a text is going to be computed

        self.parser = parser
        self.tokens = parser.tokens
        self.kinds = list(map(_Kinds().__getitem__, self.tokens))
        self.places = np.zeros(len(self.tokens) + 1, dtype=np.int64)
        np.cumsum(list(map(len, self.tokens)), out=self.places[1:])

    def follow(self, at: int, pieces: Pieces, take: Take) -> int:
        """Take the pieces from token ``at`` on that repeat, and say where they end."""
        from gradcalc.language.columns import Columns  # deferred: it needs numpy

        shape, count = self._ahead(at, pieces)
        if shape is None or count * len(shape.pieces) < LONG:
            return at
        graph, tokens, places = self.parser.graph, self.tokens, self.places
        closers = [closer for *_, closer in shape.pieces]
        while count:
            some = min(count, 1 + AT_ONCE // len(shape.steps))
            end = at + some * shape.length
            try:
                columns = Columns(graph, tokens[at:end], shape, self.parser.leaf)
            except Unusual:
                return at
            take(*columns.add(places[at : end + 1]), closers * some)
            self.parser.meaning.variables.update(columns.variables)
            at, count = end, count - some
        return at

    def _ahead(self, first: int, pieces: Pieces) -> tuple[Shape | None, int]:
        """The shape of the tokens from ``first`` on, and how often it comes one after the other."""
        kinds = self.kinds
        ends = self._ends(first, *pieces)
        for period in range(1, len(ends) + 1):
            last = ends[period - 1]
            unit = kinds[first:last]
            if kinds[last : last + len(unit)] != unit:
                continue
            shape = self._shape(first, ends[0])
            for a, b in pairwise(ends[:period]):
                other = self._shape(a, b)
                shape = shape.then(other) if shape is not None and other is not None else None
            return shape, self._count(first, unit)
        return None, 0

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
            reader = type(self.parser)(source, graph=recorder, looks_ahead=False)
            (statement,) = reader.parse().statements
        except ExpressionError:
            return None
        if recorder.refused or not isinstance(statement.value, int):
            return None
        start, end = (recorder.tokens[place] for place in statement.span)
        piece = statement.value, start, end, self.tokens[last - 1]
        return Shape(last - first, tuple(recorder.steps), (piece,))


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
        return self._take_leaf(int(name[1:]))

    def constant(self, value: float, span: Span = NOWHERE, name: str = "") -> int:
        if value < self.BASE:  # the parser's own
            self.refused = True
        return self._take_leaf(int(value) - self.BASE)

    def _take_leaf(self, token: int) -> int:
        return self._take_down(LEAF, token, -1, -1, token, token + 1)

    def apply(
        self, code: int, x: int, y: int = -1, z: int = -1, start: int = 0, end: int = 0
    ) -> int:
        return self._take_down(code, x, y, z, self.tokens[start], self.tokens[end])

    def apply_all(self, *columns: list[int]) -> list[int]:
        codes, xs, ys, starts, ends = columns
        return list(map(self.apply, codes, xs, ys, repeat(-1), starts, ends))


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
