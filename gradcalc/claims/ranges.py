"""Ranges, the values of ``--range``: ``-2,2`` for all variables, ``x=0..1, y=-pi..pi`` by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from gradcalc.errors import BindingError, GradcalcError, Source, Span, beginning
from gradcalc.language.names import spelled
from gradcalc.language.points import MOST_NAMED, read

OPTION, OVER = "--range", "--over"


def forms(option: str, variables: Sequence[str]) -> str:
    """How a range of these variables is written."""
    if not variables:
        return ""
    first, others = f"{variables[0]}=-2..2", variables[1:]
    if option == OPTION:
        return f"--range -2,2 for all variables, --range {first} for one"
    held = f" --at {','.join(f'{v}=1' for v in others[:MOST_NAMED])}" if others else ""
    two = f", or over both: --over {first},{others[0]}=-2..2" if len(others) == 1 else ""
    return f"--over {first}{held}{two}"


@contextmanager
def _explained(option: str, variables: Sequence[str]) -> Iterator[None]:
    """Errors with a hint, which knows the variables."""
    try:
        yield
    except BindingError as error:
        error.hint = error.hint or forms(option, variables)
        raise


@dataclass(frozen=True)
class Range:
    """The numbers from ``low`` to ``high``."""

    low: float
    high: float

    @property
    def text(self) -> str:
        return f"[{self.low:g}, {self.high:g}]"


DEFAULT = Range(-2.0, 2.0)


def read_ranges(texts: Sequence[str] | None, variables: Sequence[str]) -> list[Range]:
    """A range for each of ``variables``; an array variable's elements share the one of its name.

    Raises BindingError with the offending span.
    """
    with _explained(OPTION, variables):
        return _ranges(texts, variables)


def _ranges(texts: Sequence[str] | None, variables: Sequence[str]) -> list[Range]:
    everywhere = DEFAULT
    named: dict[str, Range] = {}
    for text in texts or ():
        if ".." not in text:
            everywhere = _pair(text)
            continue
        for name, ends, span in _pieces(text):
            found = _between(*ends, Source(text, OPTION), span)
            if not name:
                everywhere = found
            elif name in variables or any(label.startswith(f"{name}[") for label in variables):
                named[name] = found
            else:
                raise BindingError(
                    f"{OPTION} has '{name}', and the expression has no such variable",
                    source=Source(text, OPTION),
                    span=Span(span.start, span.start + len(name)),
                    hint=f"variables: {beginning(variables)}",
                )
    return [named.get(v, named.get(v.partition("[")[0], everywhere)) for v in variables]


def read_over(text: str, variables: Sequence[str]) -> dict[str, Range]:
    """The ranges of one variable or two, by name: ``x=-2..2,y=0..1``; of the only one of
    ``variables`` the name may be left out.

    Raises BindingError with the offending span.
    """
    with _explained(OVER, variables):
        return _over(text, variables)


def _over(text: str, variables: Sequence[str]) -> dict[str, Range]:
    found: dict[str, Range] = {}
    source = Source(text, OVER)
    for name, ends, span in _pieces(text, OVER):
        label = name or (variables[0] if len(variables) == 1 else "")
        if not label or label in found:
            raise BindingError(
                f"{OVER} says '{label}' twice" if label else "which variable?",
                source=source,
                span=span,
            )
        found[label] = _between(*ends, source, span)
    if not 1 <= len(found) <= 2:
        raise BindingError(
            f"{OVER} takes one variable or two",
            source=source,
            span=Span(0, max(len(text), 1)),
        )
    return found


def _pieces(text: str, option: str = OPTION) -> list[tuple[str, tuple[str, str], Span]]:
    """``x=0..1`` between commas: the name, the two ends, and where the piece stands."""
    found, end = [], -1
    for whole in text.split(","):
        start, end = end + 1, end + 1 + len(whole)
        piece = whole.strip()
        if not piece:
            continue
        start += len(whole) - len(whole.lstrip())
        span = Span(start, start + len(piece))
        name, equals, ends = piece.rpartition("=")
        low, dots, high = ends.partition("..")
        if not dots or not low.strip() or not high.strip() or (equals and not name.strip()):
            raise BindingError(
                f"'{piece}' is not a range",
                source=Source(text, option),
                span=span,
            )
        found.append((name and spelled(name, option), (low, high), span))
    return found


def _pair(text: str) -> Range:
    everywhere = Span(0, max(len(text), 1))
    given = read(text, OPTION)
    if len(given) != 2 or any(item.name or isinstance(item.value, list) for item in given):
        raise BindingError(
            f"{OPTION} is two numbers",
            source=Source(text, OPTION),
            span=everywhere,
        )
    return _ordered(
        _plain(given[0].value), _plain(given[1].value), Source(text, OPTION), everywhere
    )


def _between(low: str, high: str, source: Source, span: Span) -> Range:
    try:
        ends = [read(end, source.name) for end in (low, high)]
    except GradcalcError as error:
        raise BindingError(error.message, source=source, span=span) from None
    if any(len(end) != 1 or end[0].name or isinstance(end[0].value, list) for end in ends):
        raise BindingError(
            "a range is from a number to a number",
            source=source,
            span=span,
        )
    return _ordered(_plain(ends[0][0].value), _plain(ends[1][0].value), source, span)


def _plain(value: object) -> float:
    assert isinstance(value, float)
    return value


def _ordered(low: float, high: float, source: Source, span: Span) -> Range:
    if low < high:
        return Range(low, high)
    raise BindingError(
        f"the range from {low:g} to {high:g} is empty",
        source=source,
        span=span,
        hint=f"from {high:g} to {low:g}?" if high < low else "two different numbers",
    )
