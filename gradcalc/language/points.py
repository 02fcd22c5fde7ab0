"""Points and vectors: the values of --at, --v, --u and --param, typed or read from a file.

A point is itself a text in the language: ``x1=2, x2=pi/4`` are assignments and ``2, 3`` are bare
expressions, in which nothing may be a variable. A file may also be JSON, a CSV of two lines, or
bare numbers; these are read by their own rules.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from gradcalc.errors import (
    BindingError,
    ExpressionError,
    GradcalcError,
    Source,
    Span,
    UsageError,
    listed,
)
from gradcalc.errors.text import quoted
from gradcalc.functions.primitives import CONSTANTS
from gradcalc.graph.graph import Graph
from gradcalc.language.arrays import Value
from gradcalc.language.files import read_file, read_stdin
from gradcalc.language.late import Late
from gradcalc.language.lookalikes import foreign, skeleton
from gradcalc.language.names import base, elements, spelled, typed
from gradcalc.language.notes import product, run_together
from gradcalc.language.parser import Parser
from gradcalc.language.tokens import A_NAME
from gradcalc.limits import MOST_AXES

Number = float | list[Any]
"""A number, or nested lists of numbers: the value of an array variable."""


_MEASURED = Late(
    r"(?<![\w.])(\d++\.\d++(?:[eE][-+]?\d+)?)\((\d+)\)|(?<![\w.])([\w.]++)\s*+(?:±|\+/-)\s*[\w.]+"
)
_OF_MEASURED = ("(", "±", "/-")
_DECIMAL_COMMA = Late(r"\s*-?\d+,\d+\s*")
_HALF = Late(r"(?<![\w.])(?:\d++\.?+\d*+|\.\d++)[eE](?!\w)(?![-+]\d)")


MOST_NAMED = 8
"""As many names a hint spells out."""


class Given(NamedTuple):
    """One value that the user gave: its name ('' if by order), and where it stands, if it was
    typed."""

    name: str
    value: Number
    source: Source | None = None
    span: Span | None = None


def read(text: str, option: str) -> list[Given]:
    """The values of ``text``, typed after ``option``; ``@FILE`` reads them from a file, ``-`` from
    standard input.

    Raises UsageError when the file cannot be read, BindingError or ExpressionError with the
    offending span when its text or the typed one cannot.
    """
    if text in ("-", "@-"):
        return _read_any(Source(read_stdin(), "standard input"))
    if text.startswith("@"):
        return _read_file(text[1:], option)
    return read_text(Source(text, option))


def read_text(source: Source) -> list[Given]:
    """The values of a typed text."""
    if not source.text.strip():
        raise BindingError(f"{source.name} has no values", hint="by order 2,3 or by name x1=2,x2=3")
    _refuse_slips(source)
    try:
        parser = Parser(source, numbers_only=True).parse()
        for statement in parser.statements:
            parser.meaning.number(statement.value, statement.span)
        for node in parser.meaning.conditions:
            raise parser.complain(
                f"'{parser.graph.text(node)}' is a condition, not a number",
                "values have a single '=': x=2",
                parser.graph.span(node),
            )
    except ExpressionError as error:
        raise _as_binding(error) from None
    graph = parser.graph
    for node in graph.inputs:
        raise BindingError(
            f"'{graph.names[node]}' is not a number",
            source=source,
            span=graph.span(node),
            hint=_no_number(source, graph.names[node]),
        )
    return [
        Given(statement.name, _number(graph, statement.value), source, statement.span)
        for statement in parser.statements
    ]


def _no_number(source: Source, name: str) -> str:
    if source.text == name and source.name in ("--at", "--param"):
        return f"a number for it: {source.name} {name}=…"
    return "values are numbers and constant expressions: 2, -1e-3, pi/4, x=2, a=[2,3]"


def _refuse_slips(source: Source) -> None:
    """What would be read as a product, and is a measured value or half a number."""
    text = source.text  # looked at letter by letter first: a pattern takes a millisecond to make
    measured = any(sign in text for sign in _OF_MEASURED) and _MEASURED.search(text)
    if measured:
        value, digits = measured[1] or measured[3], measured[2]
        product = f"; a product: {value}*({digits})" if digits else ""
        raise BindingError(
            f"'{measured[0]}' is a value with its uncertainty",
            source=source,
            span=Span(*measured.span()),
            hint=f"the value alone: {value}{product}; what comes of it says the command propagate",
        )
    half = ("e" in text or "E" in text) and _HALF.search(text)
    if half:
        number = half[0][:-1]
        raise BindingError(
            f"the exponent of '{half[0]}' is missing",
            source=source,
            span=Span(*half.span()),
            hint=f"a number: {half[0]}0; a product: {number}*e",
        )


def _as_binding(error: ExpressionError) -> GradcalcError:
    return BindingError(error.message, source=error.source, span=error.span, hint=error.hint)


def _number(graph: Graph, value: Value) -> Number:
    if not isinstance(value, int):
        return [_number(graph, item if item.ndim else int(item)) for item in value]
    number = graph.constants.get(value)
    if number is None:
        text = graph.text(value)
        raise BindingError(
            f"'{text}' is not a finite number", source=graph.source, span=graph.span(value)
        )
    return number


# --- files ----------------------------------------------------------------------------------------


def _read_file(path: str, option: str) -> list[Given]:
    try:
        text = read_file(path)
    except UsageError as error:
        raise UsageError(f"{option}: {error.message}") from None
    return _read_any(Source(text, path))


def _read_any(source: Source) -> list[Given]:
    """JSON, bare numbers, a table of one row, or what might have been typed."""
    if source.text.lstrip()[:1] in ("{", "["):
        return _read_json(source)
    bare = _read_bare(source)
    if bare is not None:
        return bare
    table = _read_csv(source)
    return table if table is not None else read_text(source)


def _read_json(source: Source) -> list[Given]:
    import json  # deferred: 10 ms that most calls do not need

    try:
        data = json.loads(source.text, object_pairs_hook=_each_once)
    except json.JSONDecodeError as error:
        if source.text.lstrip().startswith("["):
            return read_text(source)  # an array in the language: [pi/4, 1]
        raise BindingError(
            f"not JSON: {error.msg}", source=source, span=Span(error.pos, error.pos + 1)
        ) from None
    except BindingError as error:  # a key that is there twice
        raise BindingError(f"{source.name}: {error.message}") from None
    except (RecursionError, ValueError):  # brackets a thousand deep, a number of 5000 digits
        raise BindingError(f"{source.name}: not JSON that holds a point") from None
    everywhere = Span(0, len(source.text))
    if isinstance(data, dict):
        items = [(spelled(name, source.name), value) for name, value in data.items()]
    else:
        items = [("", value) for value in data]
    return [Given(name, _plain(value, source), source, everywhere) for name, value in items]


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; of a key that is there twice Python would take the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BindingError(f"{_glimpse(twice)} is bound twice")
    return found


def _plain(value: Any, source: Source, depth: int = 0) -> Number:
    """A JSON value as numbers; a string is a constant expression ("pi/4")."""
    if depth > MOST_AXES:
        raise BindingError(f"{source.name}: lists nested more than {MOST_AXES} deep")
    if isinstance(value, list) and value:
        return regular([_plain(item, source, depth + 1) for item in value], source.name)
    if isinstance(value, str):
        given = read_text(Source(value, source.name))
        if len(given) == 1:
            return given[0].value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value) if abs(value) < 2**1023 else math.inf
        if math.isfinite(number):
            return number
    raise BindingError(f"{source.name}: {_glimpse(value)} is not a finite number")


def _glimpse(value: Any) -> str:
    """What stands there; an object may be nested too deep to be printed."""
    return "an object" if isinstance(value, dict) and value else repr(str(value)[:40])


def _read_bare(source: Source) -> list[Given] | None:
    """Numbers between spaces, commas, semicolons or newlines; None if anything else is there."""
    words = source.text.replace(",", " ").replace(";", " ").split()
    try:
        numbers = [float(word) for word in words if "_" not in word]
    except ValueError:
        return None
    if not numbers or len(numbers) < len(words) or not all(map(math.isfinite, numbers)):
        return None
    everywhere = Span(0, len(source.text))
    return [Given("", number, source, everywhere) for number in numbers]


def _read_csv(source: Source) -> list[Given] | None:
    """A header of names over one line of values; None if it is not that."""
    lines = [line for line in source.text.splitlines() if line.strip()]
    if len(lines) != 2 or "=" in lines[0] or lines[0].startswith("#"):
        return None
    separator = "\t" if "\t" in lines[0] else ","
    fields = _fields(lines[0], separator, source)
    if any(field.strip()[:1].isdigit() for field in fields):
        return None  # no header: two lines of numbers
    names = [spelled(name, source.name) for name in fields]
    values = read_text(Source(",".join(_fields(lines[1], separator, source)), source.name))
    if len(names) != len(values):
        raise BindingError(
            f"{source.name}: {len(names)} names over {len(values)} values", source=source
        )
    return [Given(name, given.value, source, given.span)
            for name, given in zip(names, values, strict=True)]  # fmt: skip


def _fields(line: str, separator: str, source: Source) -> list[str]:
    """The fields of a line; quotes protect a separator, as in ``"a[0,1]"``."""
    if line.count('"') % 2:
        at = source.text.rindex('"', 0, source.text.index(line) + len(line))
        raise BindingError("a quote is never closed", source=source, span=Span(at, at + 1))
    import csv  # deferred: files of points are rare

    return next(csv.reader([line], delimiter=separator, skipinitialspace=True))


# --- fitting values to a graph --------------------------------------------------------------------


def shape(value: Number) -> tuple[int, ...]:
    """The shape of a number () or of nested lists of numbers."""
    if not isinstance(value, list):
        return ()
    return (len(value), *shape(value[0])) if value else (0,)


def regular(value: list[Number], name: str) -> list[Number]:
    """The list itself, if its items are of one shape; BindingError if they are not."""
    shapes = list(dict.fromkeys(map(shape, value)))
    if not shapes:
        raise BindingError(f"{name}: an array without elements")
    if len(shapes) > 1:
        listed = " and ".join(map(str, shapes))
        raise BindingError(f"{name}: the items of an array differ in shape: {listed}")
    return value


def flatten(value: Number) -> list[float]:
    """The numbers of nested lists, row by row."""
    if not isinstance(value, list):
        return [value]
    return [number for item in value for number in flatten(item)]


def shapes(given: Sequence[Given]) -> dict[str, tuple[int, ...]]:
    """The array variables that values given by name declare."""
    return {item.name: shape(item.value) for item in given
            if item.name and isinstance(item.value, list)}  # fmt: skip


def require_name(item: Given, option: str, example: str = "NAME", beside: str = "") -> None:
    """Raises BindingError for a value without a name."""
    if not item.name:
        raise BindingError(
            f"{option} binds by name{beside}",
            source=item.source,
            span=item.span,
            hint=f"{option} {example}={typed(item.value)}",
        )


def bind(given: Sequence[Given], labels: Sequence[str], what: str, option: str) -> list[float]:
    """The numbers for ``labels`` (x1, a[0], …), given all by name or all by order.

    ``what`` says what the labels are, 'variables' or 'outputs'. Raises BindingError with the span
    of the value that is too many, twice or unknown.
    """
    named = [item for item in given if item.name]
    if named and len(named) < len(given):
        odd = next(item for item in given if not item.name)
        raise BindingError(
            f"{option} binds by name and by order at once",
            source=odd.source,
            span=odd.span,
            hint=f"name them all: {option} {','.join(f'{label}=…' for label in labels)}"
            if len(labels) <= MOST_NAMED
            else "",
        )
    return _bind_names(named, labels, what, option) if named else _bind_order(
        given, labels, what, option
    )  # fmt: skip


def _bind_order(
    given: Sequence[Given], labels: Sequence[str], what: str, option: str
) -> list[float]:
    numbers = [number for item in given for number in flatten(item.value)]
    if len(numbers) == len(labels):
        return numbers
    extra = given[len(labels)] if len(given) > len(labels) else None
    values = f"{len(numbers)} value{'' if len(numbers) == 1 else 's'}"
    label = what if len(labels) != 1 else what[:-1]
    order = " (natural order)" if what == "variables" and len(labels) > 1 else ""
    fitting = f"for {len(labels)} {label}: {listed(labels)}{order}"
    raise BindingError(
        f"{option} has {values} {fitting if labels else f'and the expression has no {what}'}",
        source=given[0].source if given else None,
        span=extra.span if extra else (given[0].span if given else None),
        hint=_count_hint(numbers, labels, given[0].source if given else None, option),
    )


def _count_hint(
    numbers: Sequence[float], labels: Sequence[str], source: Source | None, option: str
) -> str:
    if not labels:
        return f"leave {option} out"
    if len(labels) == 1 and len(numbers) == len(labels[0]) and labels[0].isalpha():
        return f"{labels[0]} is one variable; as a product write {product(labels[0])}"
    if len(labels) == 1 and source is not None and _DECIMAL_COMMA.fullmatch(source.text):
        return f"a decimal comma? write {option} {source.text.strip().replace(',', '.')}"
    if len(labels) > MOST_NAMED:
        return f"{option} @FILE reads as many numbers as there are places for them"
    padded = [typed(number) for number in numbers[: len(labels)]] + ["…"] * len(labels)
    pairs = ",".join(f"{label}={number}" for label, number in zip(labels, padded))  # noqa: B905
    return f"name them to be safe: {option} {pairs}"


def _bind_names(
    given: Sequence[Given], labels: Sequence[str], what: str, option: str
) -> list[float]:
    found: dict[str, float] = {}
    for item in given:
        for label, number in expanded(item):
            if label in found:
                raise BindingError(
                    f"{option} binds '{label}' twice", source=item.source, span=item.span
                )
            found[label] = number
    known = set(labels)
    for item in given:
        for label, _ in expanded(item):
            if label not in known:
                raise unknown(item, label, labels, what, option)
    missing = [label for label in labels if label not in found]
    if missing:
        raise BindingError(
            f"{option} has no value for {listed(missing)}",
            source=given[0].source,
            hint=_completed(given, missing, option) + _constants(missing)
            if len(missing) <= MOST_NAMED
            else "",
        )
    return [found[label] for label in labels]


def _constants(missing: Sequence[str]) -> str:
    """That E is no constant here, and e is."""
    small = {name: name.lower() for name in missing if name.lower() in CONSTANTS}
    return "".join(f"\n{name} is a variable; the constant is {small[name]}" for name in small)


def _completed(given: Sequence[Given], missing: Sequence[str], option: str) -> str:
    """What was typed, with places for what is missing."""
    texts = dict.fromkeys(item.source.text.strip() for item in given if item.source is not None)
    known = all(item.source is not None and item.source.name == option for item in given)
    more = ",".join(f"{label}=…" for label in missing)
    return f"{option} {quoted(','.join([*texts, more]))}" if known else f"add {more}"


def unknown(item: Given, label: str, labels: Sequence[str], what: str, option: str) -> BindingError:
    """The error of a value for ``label``, which is none of ``labels``."""
    hint = f"{what}: {listed(labels)}" if labels else f"it has no {what} at all"
    if what == "variables" and len(labels) <= MOST_NAMED:
        typed_names = re.findall(A_NAME, item.source.text if item.source is not None else label)
        hint += "".join(f"\n{note}" for note in run_together(labels, typed_names))
    if option == "--at" and what == "variables" and len(labels) <= MOST_NAMED:
        columns = ",".join(dict.fromkeys(map(base, (*labels, label))))
        hint += f"\nto give it a column of zeros: --wrt {columns}"
    if not "".join((label, *labels)).isascii():
        alike = [other for other in labels if skeleton(other) == skeleton(label)]
        hint += "".join(f"\nit only looks like '{o}': {foreign(label, o)}" for o in alike[:1])
    return BindingError(
        f"{option} binds '{label}', and the expression has no such {what[:-1]}",
        source=item.source,
        span=item.span,
        hint=hint,
    )


def expanded(item: Given) -> list[tuple[str, float]]:
    """``a=[2,3]`` as a[0]=2, a[1]=3."""
    if not isinstance(item.value, list):
        return [(item.name, item.value)]
    labels = elements(item.name, shape(item.value))
    return list(zip(labels, flatten(item.value), strict=True))
