"""Text that says the same over and over, read piece by piece and not token by token.

Programs write sums of ten thousand terms, products of as many factors and as many expressions in a
row, and the pieces differ in names and numbers only. When a sum, a product or a list has become
long, the parser asks here whether what follows repeats. The first piece is then parsed once more,
on its own, into a ``Shape``: which names and numbers it takes, and which nodes it makes of them.
All pieces after it follow this shape together (``columns``), and the same nodes come out as always,
in the same order and with the same spans.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import accumulate, islice, pairwise, repeat
from typing import Any

from gradcalc.errors import ExpressionError, Source, Span
from gradcalc.functions.primitives import FUNCTIONS
from gradcalc.graph.graph import NOWHERE, Graph
from gradcalc.language.repeats.shape import (
    LEAF,
    NAME,
    NUMBER,
    SPECIAL,
    Leaf,
    Shape,
    ShapeNode,
    Unusual,
)
from gradcalc.language.tokens import PATTERN, is_name, is_number

LONG = 64
"""Terms, factors or expressions after which to look for the first time; then at every doubling."""

PERIODS = 4
"""Most pieces that repeat together, as a sum of terms of two kinds in turn does."""

FAR = 2000
"""Most tokens of those pieces."""

_OPERATORS = {"+", "-", "*", "/", "**", "^"}

Pieces = tuple[frozenset[str], frozenset[str]]
"""What ends a piece, and the operators that may stand in it outside of parentheses."""

TERMS = frozenset("+-"), frozenset(("*", "/", "**", "^"))
FACTORS = frozenset("*/"), frozenset(("**", "^"))
EXPRESSIONS = frozenset(",;\n"), frozenset(_OPERATORS)

Read = Callable[[Source, Graph], Sequence[tuple[str, Any, Span]]]
"""Reads a text into a graph: the name, the value and the span of each of its statements."""

Take = Callable[[list[int], list[int], list[int], list[str]], None]
"""What is done with pieces: their values, where they start and end, the separators behind them."""

AT_ONCE = 200_000
"""Steps that are taken at once: they must find room in memory."""


def follow(
    graph: Graph, at: int, pieces: Pieces, take: Take, read: Read, leaf: Leaf
) -> tuple[int, str]:
    """Take the pieces from ``at`` on that repeat, and say where they end, with what separator."""
    shape = _ahead(graph.source.text, at, pieces, read)
    if shape is None:
        return at, ""
    from gradcalc.language.repeats.columns import Columns  # deferred: it needs numpy

    closers = [closer for *_, closer in shape.pieces]
    least, most = 1 + LONG // len(closers), 1 + AT_ONCE // len(shape.steps)
    run = re.compile(f"(?:{shape.pattern('{}')}){{{least},{least + most}}}+")
    once = re.compile(shape.pattern("({})"))
    text = graph.source.text
    while found := run.match(text, at):
        try:
            columns = Columns(graph, leaf, shape, once.findall(text, at, found.end()), at)
        except Unusual:
            break
        take(*columns.add(), closers * columns.count)
        at = found.end()
    return at, closers[-1]


def _ahead(text: str, at: int, pieces: Pieces, read: Read) -> Shape | None:
    """The shape that repeats from ``at`` on."""
    kinds, ends = _pieces(text, at, *pieces)
    for period, last in enumerate(ends[:PERIODS], start=1):
        if kinds[:last] == kinds[last : 2 * last]:
            shapes = [_shape(kinds[a:b], read) for a, b in pairwise([0, *ends[:period]])]
            return reduce(lambda one, other: one and other and one.then(other), shapes)
    return None


def _pieces(
    text: str, at: int, closers: frozenset[str], inside: frozenset[str]
) -> tuple[list[str], list[int]]:
    """The kinds of the tokens from ``at`` on, and which of them end pieces, as long as these are
    plain arithmetic and calls."""
    kinds: list[str] = []
    ends: list[int] = []
    depth, after_value = 0, False
    for found in islice(PATTERN.finditer(text, at), FAR):
        kind = _kind(found[0])
        kinds.append(kind)
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
            ends.append(len(kinds))
            after_value = False
            if len(ends) == 2 * PERIODS:
                break
        elif kind in _OPERATORS or (kind == "," and depth):
            if ends and kinds[ends[-1] - 1] == "\n" and not after_value and depth == 0:
                break  # the line goes on with the one above
            if depth == 0 and after_value and kind not in inside:
                break
            after_value = False
        else:
            break
    return kinds, ends


def _kind(token: str) -> str:
    """A name, a number, or the token itself."""
    if is_number(token):
        return NUMBER
    return NAME if is_name(token) and token not in SPECIAL else token


def _shape(kinds: list[str], read: Read) -> Shape | None:
    """The shape of one piece; None where it is more than arithmetic."""
    words = [
        f"n{k}" if kind == NAME else str(_Recorder.BASE + k) if kind == NUMBER else kind
        for k, kind in enumerate(kinds[:-1])
    ]
    places = list(accumulate(map(len, words), initial=0))
    source = Source("".join(words))
    recorder = _Recorder(source, {place: k for k, place in enumerate(places)})
    try:
        ((_, value, span),) = read(source, recorder)
    except ExpressionError:
        return None
    if recorder.refused or not isinstance(value, int):
        return None
    start, end = (recorder.tokens[place] for place in span)
    return Shape(tuple(kinds), tuple(recorder.steps), ((value, start, end, kinds[-1]),))


class _Recorder(Graph):
    """Takes down what the parser would have made. Every name and number of the text is another one:
    they are called after their token, ``n7`` or ``1000007``."""

    BASE = 1_000_000

    def __init__(self, source: Source, tokens: dict[int, int]) -> None:
        super().__init__(source)
        self.tokens = tokens
        self.steps: list[ShapeNode] = []
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

    def apply_all(self, *columns: Any) -> list[int]:
        codes, xs, ys, starts, ends = (column.tolist() for column in columns)
        return list(map(self.apply, codes, xs, ys, repeat(-1), starts, ends))
