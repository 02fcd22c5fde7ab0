"""A reading, written out: every operation in brackets of its own, and what each name is.

The parser that makes graphs reads the text here too; only what it makes is text. So a transcript
cannot say anything else than what a graph of the same text computes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gradcalc.errors import Source, Span
from gradcalc.functions.primitives import CONSTANTS, MUL, NOT, TABLE
from gradcalc.graph.graph import NOWHERE, Graph, folded
from gradcalc.language.arrays import Value
from gradcalc.language.definitions import Definition
from gradcalc.language.latex import plain
from gradcalc.language.meaning import FLOOR_DIVISION, INVERSE, MATMUL, MATRIX_CODES, Meaning, Term
from gradcalc.language.names import Roles, natural
from gradcalc.language.parser import Parser
from gradcalc.language.reader import Statement

LONGEST = 100_000
"""Characters of one statement; what is longer is shown up to here."""

_SIGNS = {MATMUL: "@", **{code: sign for sign, code in MATRIX_CODES.items()}}


class Line(NamedTuple):
    """One statement: its name (f1, f2, … where it has none), what it says, and whether it is an
    output."""

    name: str
    text: str
    output: bool


class Name(NamedTuple):
    """A name of the text and what it is; ``more`` is its value or its shape."""

    name: str
    role: str
    more: str = ""


@dataclass(frozen=True)
class Transcript:
    """What a text was read as."""

    lines: tuple[Line, ...]
    names: tuple[Name, ...]


def transcribe(text: str, given: Roles) -> Transcript:
    """The transcript of a text that can be read."""
    formula = plain(Source(text))
    text = text if formula is None else formula.text
    parser = _Transcriber(
        Source(text),
        shapes=dict(given.shapes),
        parameters=dict(given.constants),
        bound=given.bound,
        graph=_Texts(Source(text)),
        looks_ahead=False,
    )
    assert isinstance(parser.graph, _Texts)
    parser.meaning = _Spelling(parser.graph, parser.meaning)
    parser.parse()
    lines, bare = [], 0
    for index, statement in enumerate(parser.statements):
        value = parser.written.get(index, statement.value)
        assert isinstance(value, int)
        bare += not statement.name
        last = index not in parser.used and parser.named.get(statement.name) == index
        label = statement.name or f"f{bare}"
        lines.append(Line(label, parser.graph.spelled(value), not statement.name or last))
    return Transcript(tuple(lines), tuple(_names(parser, given)))


def _names(parser: _Transcriber, given: Roles) -> list[Name]:
    found = []
    for name in sorted(parser.meaning.variables, key=natural):
        shape = given.shapes.get(name, ())
        size = "×".join(map(str, shape))
        found.append(Name(name, f"array of {size} variables" if shape else "variable"))
    spelling = parser.meaning
    assert isinstance(spelling, _Spelling)
    for name in spelling.constants:
        value = given.constants.get(name, CONSTANTS.get(name))
        role = "parameter" if name in given.constants else "constant of the language"
        found.append(Name(name, role, str(value)))
    for name in parser.named:
        definition = parser.functions.get(name)
        if definition is None:
            found.append(Name(name, "named value"))
        else:
            found.append(Name(name, f"function of {', '.join(definition.parameters)}"))
    return found


class _Texts(Graph):
    """Pieces of text in the place of nodes: some characters, and the pieces between them."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.pieces: list[tuple[Any, ...]] = []

    def piece(self, *parts: Any) -> int:
        self.pieces.append(parts)
        return len(self.pieces) - 1

    def constant(self, value: float, span: Span = NOWHERE, name: str = "") -> int:
        text = name or (f"{value:.0f}" if value.is_integer() and abs(value) < 1e16 else repr(value))
        made = self.piece(text)
        self.constants[made] = value
        return made

    def inside(self, piece: int) -> tuple[Any, ...]:
        """The parts of a piece, without the brackets around all of it."""
        parts = self.pieces[piece]
        return parts[1:-1] if parts[0] == "(" else parts

    def spelled(self, piece: int) -> str:
        waiting: list[Any] = list(reversed(self.inside(piece)))
        found: list[str] = []
        length = 0
        while waiting and length < LONGEST:
            part = waiting.pop()
            if isinstance(part, str):
                found.append(part)
                length += len(part)
            else:
                waiting.extend(reversed(self.pieces[part]))
        return "".join(found) + ("…" if waiting else "")


class _Spelling(Meaning):
    """Writes down what ``Meaning`` would make."""

    def __init__(self, graph: _Texts, meaning: Meaning) -> None:
        super().__init__(
            graph, meaning.shapes, meaning.parameters, meaning.bound, flags_are_numbers=True
        )
        self.texts = graph
        self.constants: dict[str, None] = {}

    def leaf(self, name: str, span: Span) -> Value:
        if name in self.parameters or (name in CONSTANTS and name not in self.bound):
            self.constants[name] = None
            value = self.parameters.get(name, CONSTANTS.get(name))
            return self.texts.piece(name) if isinstance(value, list) else self.texts.constant(
                float(value), span, name
            )  # fmt: skip
        return self.variable(name, span)

    def variable(self, name: str, span: Span) -> Value:
        value = self.variables.get(name)
        if value is None:
            value = self.variables[name] = self.texts.piece(name)
        return value

    def apply(self, code: int, operands: tuple[Value, ...], start: int, end: int) -> Value:
        made = self._applied(code, operands)
        self._fold(made, code, operands)
        return made

    def _fold(self, made: int, code: int, operands: Sequence[Value]) -> None:
        """An index may be a constant expression."""
        known = [self.texts.constants.get(x) if isinstance(x, int) else None for x in operands]
        numbers = [number for number in known if number is not None]
        if code >= 0 and len(numbers) == len(known):
            value = folded(code, numbers)
            if math.isfinite(value):
                self.texts.constants[made] = value

    def _applied(self, code: int, operands: tuple[Value, ...]) -> int:
        if code == FLOOR_DIVISION:
            return self.texts.piece("floor(", operands[0], " / ", operands[1], ")")
        if code >= 0 and not TABLE[code].symbol:
            return self._called(TABLE[code].name, operands)
        sign = _SIGNS.get(code) or TABLE[code].symbol
        if len(operands) == 1:
            return self.texts.piece("(", "not " if code == NOT.code else sign, operands[0], ")")
        return self.texts.piece("(", operands[0], f" {sign} ", operands[1], ")")

    def chain(self, code: int, terms: list[Term]) -> Value:
        ours, other = ("*", "/") if code == MUL.code else ("+", "-")
        parts: list[Any] = ["(", terms[0][1]]
        for sign, operand, _, _ in terms[1:]:
            parts += [f" {ours if sign > 0 else other} ", operand]
        made = self.texts.piece(*parts, ")")
        if len(terms) == 2:
            self._fold(made, code if terms[1][0] > 0 else INVERSE[code], [terms[0][1], terms[1][1]])
        return made

    def comparison(self, terms: list[Term], last: Value, end: int) -> Value:
        parts: list[Any] = ["("]
        for code, operand, _, _ in terms:
            parts += [operand, f" {TABLE[code].symbol} "]
        return self.texts.piece(*parts, last, ")")

    def call(
        self,
        name: str,
        operands: tuple[Value, ...],
        span: Span,
        keywords: Mapping[str, Value] | None = None,
    ) -> Value:
        named = [self.texts.piece(f"{word}=", value) for word, value in (keywords or {}).items()]
        return self._called(name, [*operands, *named])

    def _called(self, name: str, operands: Sequence[Value]) -> int:
        return self.texts.piece(f"{name}(", *_listed(self.texts, operands), ")")

    def array(self, items: tuple[Value, ...], span: Span) -> Value:
        return self.texts.piece("[", *_listed(self.texts, items), "]")

    def item(self, array: Value, index: tuple[Any, ...], whole: Span, inside: Span) -> Value:
        return self.texts.piece(array, f"[{_index(index)}]")

    def with_item(self, array: Value, index: Any, value: Value, span: Span) -> Value:
        return value

    def transposed(self, value: Value, span: Span) -> Value:
        return self.texts.piece(value, "'")


class _Transcriber(Parser):
    """Reads on with the name of a value where a value was given one."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.written: dict[int, int] = {}

    def finish_assignment(self, value: Value, span: Span) -> None:
        assert self.assign is not None
        name, index, _ = self.assign
        assert isinstance(self.graph, _Texts)
        place = len(self.statements)
        label = name if index is None else f"{name}[{_index(index)}]"
        assert isinstance(value, int)
        self.written[place] = value
        if index is None:
            self.named[name] = place
        self.statements.append(Statement(label, self.graph.piece(name), span))

    def call_of_text(
        self, name: str, definition: Definition, values: tuple[Value, ...], span: Span
    ) -> Value:
        self.used.add(definition.statement)
        return self.meaning.call(name, values, span)

    def read_all_uncalled(self) -> None:
        """Those that are called too: what they say is said where they stand."""
        super().read_all_uncalled()
        assert isinstance(self.graph, _Texts)
        for name, definition in self.functions.items():
            if definition.statement in self.used:
                values: dict[str, Value] = {
                    word: self.graph.piece(word) for word in definition.parameters
                }
                label = f"{name}({', '.join(definition.parameters)})"
                value = self.body(name, definition, values)
                self.statements[definition.statement] = Statement(label, value, definition.body)


def _listed(texts: _Texts, values: Sequence[Value]) -> list[Any]:
    """Values with commas between them, which need no brackets there."""
    parts: list[Any] = []
    for value in values:
        assert isinstance(value, int)
        parts += [", ", *texts.inside(value)]
    return parts[1:]


def _index(index: Sequence[Any]) -> str:
    return ", ".join(_slice(item) if isinstance(item, slice) else str(item) for item in index)


def _slice(item: slice) -> str:
    parts = [item.start, item.stop, *([item.step] if item.step is not None else [])]
    return ":".join("" if part is None else str(part) for part in parts)
