"""Values with their uncertainties: ``x=4.63±0.05``, ``1.000(2)e-3``, ``±5%``, ``±uniform(0.5)``.

What says the uncertainty is cut out of the text and blanks are put in its place, so that the rest
is read as any point is (``points``), and every caret stands where it should.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches

from gradcalc.errors import BindingError, GradcalcError, Source, Span, count
from gradcalc.functions.distributions import DISTRIBUTIONS, NORMAL, Distribution
from gradcalc.functions.primitives import FUNCTIONS
from gradcalc.language import points
from gradcalc.language.files import read_file, read_stdin
from gradcalc.language.points import Given, flatten

_SIGN = re.compile(r"±|\\pm\b|\+\s?/\s?[-−]|\+[-−]")
_NUMBER = r"(?:\d++\.?+\d*+|\.\d++)"
_BRIEF = re.compile(rf"(?<![\w.])({_NUMBER})\(({_NUMBER})\)([eE][-+]?\d+)?")
_EXPONENT_FIRST = re.compile(rf"(?<![\w.])({_NUMBER})([eE][-+]?\d+)\(({_NUMBER})\)")
_SCALED = re.compile(r"^(\s*)\((.*)\)\s*([eE][-+]?\d+)\s*$", re.DOTALL)
_CALL = re.compile(r"\s*([^\W\d]\w*)\s*\((.*)\)\s*$", re.DOTALL)
_FORMS = "0.05, 5%, uniform(0.1)"


@dataclass(frozen=True, slots=True)
class Spread:
    """How far a value may be off: a distribution with its numbers, and where that stands.

    ``percent``: the first number is in percent of the value.
    """

    distribution: Distribution
    numbers: tuple[float, ...]
    percent: bool = False
    source: Source | None = None
    span: Span | None = None

    def of(self, value: float) -> Spread:
        """The same in the unit of the value. Raises BindingError for a percentage of 0."""
        if not self.percent:
            return self
        if not value:
            raise BindingError(
                "a percentage of 0 is 0",
                source=self.source,
                span=self.span,
                hint="say it in the unit of the value: ±0.05",
            )
        first = self.numbers[0] * abs(value) / 100
        return replace(self, numbers=(first, *self.numbers[1:]), percent=False)

    @property
    def u(self) -> float:
        """The standard uncertainty."""
        return self.numbers[0] * self.distribution.ratio


@dataclass(frozen=True, slots=True)
class Measured:
    """A value that the user gave, and for each of its numbers how it is spread, if that is said."""

    given: Given
    spreads: tuple[Spread | None, ...]


def read(text: str, option: str) -> list[Measured]:
    """The values of ``text`` with their uncertainties; ``@FILE`` and ``-`` as for any point.

    Raises UsageError, BindingError or ExpressionError with the offending span.
    """
    source = _source(text, option)
    if not _says_any(source.text):
        return [Measured(item, (None,) * len(flatten(item.value)))
                for item in points.read(text, option)]  # fmt: skip
    if text != source.text:
        source = Source(_as_typed(source.text), source.name)
    return _typed(source)


def read_spreads(text: str, option: str) -> list[tuple[Given, tuple[Spread, ...]]]:
    """What --u says: names (or '' by order) with their uncertainties. The values of the ``Given``
    are places in the list beside it."""
    source = _source(text, option)
    if text != source.text:
        source = Source(_as_typed(source.text), source.name)
    found = []
    for statement in _statements(source.text):
        spreads = tuple(_spread(source, span) for span in statement.items)
        places = [float(k) for k in range(len(spreads))]
        value = places if statement.brackets else places[0]
        where = statement.whole
        found.append((Given(statement.name, value, source, where), spreads))
    if not found:
        raise BindingError(f"{option} has no values", hint=f"{option} x=0.1,y=5%")
    return found


def _source(text: str, option: str) -> Source:
    if text in ("-", "@-"):
        return Source(read_stdin(), "standard input")
    if text.startswith("@"):
        return Source(read_file(text[1:]), text[1:])
    return Source(text, option)


def _says_any(text: str) -> bool:
    return any(form.search(text) for form in (_SIGN, _BRIEF, _EXPONENT_FIRST))


def _as_typed(text: str) -> str:
    """An object of JSON or a table of one row as it would be typed; other texts as they are."""
    import json  # deferred: files are rare

    lines = [line for line in text.splitlines() if line.strip()]
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if isinstance(data, dict):
        return ", ".join(f"{name}={_typed_value(value)}" for name, value in data.items())
    if isinstance(data, list):
        return ", ".join(map(_typed_value, data))
    if len(lines) == 2 and "=" not in text and not any(c.isdigit() for c in lines[0][:1]):
        mark = "\t" if "\t" in lines[0] else ","
        pairs = zip(lines[0].split(mark), lines[1].split(mark), strict=False)
        return ", ".join(f"{name.strip()}={value.strip()}" for name, value in pairs)
    return text


def _typed_value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_typed_value, value))}]"
    return str(value)


# --- where things stand ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Statement:
    """``name = item`` or ``name = [item, …]``; ``after`` is what follows the closing bracket."""

    name: str
    whole: Span
    items: tuple[Span, ...]
    brackets: bool
    after: Span


def _statements(text: str) -> Iterator[_Statement]:
    for start, end in _pieces(text, 0, len(text), ",;\n"):
        if not text[start:end].strip():
            continue
        equals = re.match(r"[^=<>!]*=(?!=)", text[start:end])
        at = start + (equals.end() if equals else 0)
        name = text[start : at - 1].strip() if equals else ""
        first, last = text.find("[", at, end), text.rfind("]", at, end)
        brackets = first >= 0 and not text[at:first].strip() and last > first
        inside = (first + 1, last) if brackets else (at, end)
        items = tuple(_items(text, *inside)) if brackets else (Span(*inside),)
        after = Span(last + 1, end) if brackets else Span(end, end)
        yield _Statement(name, _trimmed(text, start, end), items, brackets, after)


def _pieces(text: str, start: int, end: int, marks: str) -> Iterator[tuple[int, int]]:
    """The stretches between ``marks`` that stand outside of all brackets."""
    depth, begin = 0, start
    for k in range(start, end):
        depth += (text[k] in "([{") - (text[k] in ")]}")
        if not depth and text[k] in marks:
            yield begin, k
            begin = k + 1
    yield begin, end


def _items(text: str, start: int, end: int) -> Iterator[Span]:
    """The numbers of nested lists, row by row."""
    for begin, stop in _pieces(text, start, end, ","):
        piece = text[begin:stop]
        if piece.strip()[:1] == "[" and piece.strip()[-1:] == "]":
            yield from _items(text, text.index("[", begin) + 1, text.rindex("]", begin, stop))
        elif piece.strip():
            yield Span(begin, stop)


def _trimmed(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    return Span(start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip()))


# --- values ---------------------------------------------------------------------------------------


def _typed(source: Source) -> list[Measured]:
    text, statements = source.text, list(_statements(source.text))
    values, found = list(text), []
    for statement in statements:
        spreads = [_cut(source, span, values) for span in statement.items]
        if text[slice(*statement.after)].strip():
            spreads = _after_all(source, statement, spreads, values)
        found.append(tuple(spreads))
    with _pointing_at(source):
        given = points.read_text(Source("".join(values), source.name))
    if len(given) != len(found):
        raise BindingError("the values cannot be told apart", source=source)
    return [_fitted(item._replace(source=source), spreads)
            for item, spreads in zip(given, found, strict=True)]  # fmt: skip


def _fitted(item: Given, spreads: tuple[Spread | None, ...]) -> Measured:
    numbers = flatten(item.value)
    if len(spreads) == 1:
        spreads *= len(numbers)  # behind what is an array: zeros(2)±0.1
    if len(numbers) != len(spreads):
        if any(spreads):
            raise BindingError(
                f"{count(len(numbers), 'number', 'numbers')}, and uncertainties for {len(spreads)}",
                source=item.source,
                span=item.span,
                hint="one behind every number: a=[1±0.1, 2±0.1], or for all: a=[1,2]±0.1",
            )
        spreads = (None,) * len(numbers)
    return Measured(
        item, tuple(s.of(x) if s else None for s, x in zip(spreads, numbers, strict=True))
    )


def _after_all(
    source: Source, statement: _Statement, spreads: list[Spread | None], values: list[str]
) -> list[Spread | None]:
    """``a = [1, 2] ± 0.1``: the same for all."""
    spread = _cut(source, statement.after, values)
    if any(spreads):
        raise BindingError(
            "uncertainties inside of an array, and something behind it",
            source=source,
            span=_trimmed(source.text, *statement.after),
            hint="one behind every number: a=[1±0.1, 2±0.1], or for all: a=[1,2]±0.1",
        )
    return [spread] * len(spreads)


def _cut(source: Source, span: Span, values: list[str]) -> Spread | None:
    """The uncertainty that stands in the span, cut out of ``values``; None where none does."""
    text = source.text[slice(*span)]
    scaled = _SCALED.match(text)
    if scaled and _SIGN.search(scaled[2]):
        inner = Span(span.start + scaled.start(2), span.start + scaled.end(2))
        spread = _cut(source, inner, values)
        assert spread is not None
        _rewrite(values, span, f"{''.join(values[slice(*inner)]).strip()}{scaled[3]}")
        factor = 1.0 if spread.percent else float(f"1{scaled[3]}")
        numbers = (spread.numbers[0] * factor, *spread.numbers[1:])
        return replace(spread, numbers=numbers)
    sign = _SIGN.search(text)
    if sign:
        _rewrite(values, Span(span.start + sign.start(), span.end), "")
        if _BRIEF.search(text[: sign.start()]) or _SIGN.search(text, sign.end()):
            raise BindingError(
                "a value with two uncertainties", source=source, span=_trimmed(source.text, *span)
            )
        return _spread(source, Span(span.start + sign.end(), span.end))
    doubtful = _EXPONENT_FIRST.search(text)
    if doubtful:
        number, exponent, digits = doubtful.groups()
        raise BindingError(
            "does the exponent belong to the uncertainty too?",
            source=source,
            span=Span(span.start + doubtful.start(), span.start + doubtful.end()),
            hint=f"both: {number}({digits}){exponent}; one: {number}{exponent}±{digits}",
        )
    brief = _BRIEF.search(text)
    if brief is None:
        return None
    place = Span(span.start + brief.start(), span.start + brief.end())
    number, digits, exponent = brief[1], brief[2], brief[3] or ""
    _rewrite(values, place, number + exponent)
    decimals = 0 if "." in digits else len(number.partition(".")[2])
    u = float(f"{digits}e{-decimals + int(exponent[1:] or 0)}")
    return Spread(NORMAL, (u,), source=source, span=place)


def _rewrite(values: list[str], span: Span, text: str) -> None:
    values[slice(*span)] = text.ljust(span.end - span.start)


def _spread(source: Source, span: Span) -> Spread:
    """An uncertainty alone: a number, a percentage, a distribution."""
    span = _trimmed(source.text, *span)
    text = source.text[slice(*span)]
    if not text:
        raise BindingError(
            "the uncertainty is missing", source=source, span=Span(span.start - 1, span.start),
            hint=f"an uncertainty: {_FORMS}",
        )  # fmt: skip
    call = _CALL.match(text)
    if call and call[1] in DISTRIBUTIONS:
        return _distribution(source, span, DISTRIBUTIONS[call[1]], span.start + call.start(2))
    try:
        number, percent = _width(source, span)
    except BindingError:
        if call is None or call[1] in FUNCTIONS:
            raise
        close = get_close_matches(call[1], DISTRIBUTIONS, 1)
        usages = [DISTRIBUTIONS[name].usage for name in close or DISTRIBUTIONS]
        raise BindingError(
            f"'{call[1]}' is no distribution",
            source=source,
            span=Span(span.start, span.start + len(call[1])),
            hint=f"did you mean {usages[0]}?" if close else f"one is {', '.join(usages)}",
        ) from None
    return Spread(NORMAL, (number,), percent, source, span)


def _distribution(source: Source, span: Span, row: Distribution, start: int) -> Spread:
    end = source.text.rindex(")", 0, span.end)
    pieces = [Span(*piece) for piece in _pieces(source.text, start, end, ",")]
    if len(pieces) != len(row.takes):
        raise BindingError(
            f"{row.name} takes {len(row.takes)} number{'s' * (len(row.takes) > 1)}: {row.doc}",
            source=source,
            span=span,
            hint=row.usage,
        )
    first, percent = _width(source, pieces[0])
    more = [_width(source, piece) for piece in pieces[1:]]
    for (number, in_percent), piece in zip(more, pieces[1:], strict=True):
        if in_percent or not number:
            raise BindingError("degrees of freedom are a number above 0", source=source, span=piece)
    return Spread(row, (first, *(number for number, _ in more)), percent, source, span)


def _width(source: Source, span: Span) -> tuple[float, bool]:
    """A number that is not negative, and whether it is in percent."""
    span = _trimmed(source.text, *span)
    text = source.text[slice(*span)]
    percent = text.endswith("%")
    body = text[:-1] if percent else text
    with _pointing_at(source):
        given = points.read_text(Source(" " * span.start + body, source.name))
    if len(given) != 1 or given[0].name or isinstance(given[0].value, list) or (body.endswith("%")):
        raise BindingError(
            f"'{text}' is no uncertainty", source=source, span=span, hint=f"one is {_FORMS}"
        )
    if given[0].value < 0:
        raise BindingError("an uncertainty is not negative", source=source, span=span)
    return given[0].value, percent


@contextmanager
def _pointing_at(source: Source) -> Iterator[None]:
    """What goes wrong inside is shown in the text that the user typed."""
    try:
        yield
    except GradcalcError as error:
        error.source = source if error.source is not None else None
        raise


def labelled(items: Sequence[Measured], labels: Sequence[str]) -> dict[str, Spread]:
    """The uncertainties by the names of the variables, of values that fit them."""
    found: dict[str, Spread] = {}
    by_order = iter(labels)
    for item in items:
        names = [label for label, _ in points.expanded(item.given)] if item.given.name else [
            next(by_order, "") for _ in item.spreads
        ]  # fmt: skip
        found |= {name: spread for name, spread in zip(names, item.spreads, strict=True) if spread}
    return found
