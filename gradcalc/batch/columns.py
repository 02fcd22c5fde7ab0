"""A header fitted to an expression: which column is which variable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from gradcalc.batch.chunk import Reader
from gradcalc.errors import BindingError
from gradcalc.graph.graph import Graph
from gradcalc.language import parse
from gradcalc.language.names import base, is_name, spelled


@dataclass(frozen=True, slots=True)
class Expression:
    """The text of an expression, as it was given."""

    text: str
    name: str
    parameters: Mapping[str, Any]
    wrt: Sequence[str] | None
    outputs: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Layout:
    """The graph; the column of each of its variables; and how many of these get slopes."""

    graph: Graph
    columns: tuple[int, ...]
    slopes: int


def fit(expression: Expression, reader: Reader, name: str) -> Layout:
    """The expression as a graph over the columns of the input, which errors call ``name``.

    Columns named ``a[0]``, ``a[1]`` make ``a`` an array variable. A variable that ``wrt`` leaves
    out is read from its column and gets no slopes. Without a header, columns are in
    the order of the variables. Raises BindingError where they do not fit, ExpressionError for the
    text.
    """
    header = None if reader.names is None else named(reader.names)
    graph, slopes = _graph(expression, header or ())
    if header is not None:
        times, place = Counter(header), {word: j for j, word in enumerate(header)}
        columns = (place[v] if times[v] == 1 else column(header, v, name) for v in graph.variables)
        return Layout(graph, tuple(columns), slopes)
    if reader.width != len(graph.variables):
        variables = ", ".join(graph.variables[:8]) + ", …" * (len(graph.variables) > 8)
        raise BindingError(
            f"{name} has no header and {reader.width} columns, for "
            f"{len(graph.variables)} variables: {variables}",
            hint="name the columns in its first line",
        )
    return Layout(graph, tuple(range(reader.width)), slopes)


def named(header: Sequence[str]) -> list[str]:
    """The header with every name as the language has it (π is pi); other words as they are."""
    return [spelled(word, "a column") if is_name(word) else word for word in header]


def column(header: Sequence[str], label: str, name: str) -> int:
    """Where ``label`` stands in the header. Raises BindingError if it does not, or twice."""
    count = header.count(label)
    if count == 1:
        return header.index(label)
    if count:
        raise BindingError(f"{name} has {count} columns named '{label}'")
    close = get_close_matches(label, header, 1)
    listed = ", ".join(header[:8]) + ", …" * (len(header) > 8)
    raise BindingError(
        f"{name} has no column '{label}'",
        hint=f"its columns are {listed}" + (f" (is it {close[0]}?)" if close else "")
        + f"\na constant instead: --param {label}=…",
    )  # fmt: skip


def _graph(expression: Expression, header: Sequence[str]) -> tuple[Graph, int]:
    """The graph, and how many of its variables, the first ones, get slopes."""
    graph = _parsed(expression, header, None)
    if expression.wrt is None:
        return graph, len(graph.variables)
    bases = {base(spelled(label, "--wrt")) for label in expression.wrt}
    others = [v for v in graph.variables if base(v) not in bases]
    graph = _parsed(expression, header, [*expression.wrt, *others])
    return graph, len(graph.variables) - len(others)


def _parsed(expression: Expression, header: Sequence[str], wrt: Sequence[str] | None) -> Graph:
    return parse(
        expression.text,
        name=expression.name,
        parameters=expression.parameters,
        bound=[
            word for word in header if is_name(word) and base(word) not in expression.parameters
        ],
        wrt=wrt,
        outputs=expression.outputs,
    )
