"""A header fitted to an expression: which column is which variable."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from gradcalc.batch.chunk import Reader
from gradcalc.errors import BindingError
from gradcalc.graph.graph import Graph
from gradcalc.language import parse

_ELEMENT = re.compile(r"(\w+)\[(\d+(?:,\d+)*)\]")


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
    header = reader.names
    graph, slopes = _graph(expression, header or ())
    if header is not None:
        return Layout(graph, tuple(column(header, v, name) for v in graph.variables), slopes)
    if reader.width != len(graph.variables):
        variables = ", ".join(graph.variables[:8]) + ", …" * (len(graph.variables) > 8)
        raise BindingError(
            f"{name} has no header and {reader.width} columns, for "
            f"{len(graph.variables)} variables: {variables}",
            hint="name the columns in its first line",
        )
    return Layout(graph, tuple(range(reader.width)), slopes)


def column(header: Sequence[str], label: str, name: str) -> int:
    """Where ``label`` stands in the header. Raises BindingError if it does not, or twice."""
    count = header.count(label)
    if count == 1:
        return header.index(label)
    if count:
        raise BindingError(f"{name} has {count} columns named '{label}'")
    separator = next((mark for mark in ";\t|" if len(header) == 1 and mark in header[0]), None)
    if separator is not None:
        raise BindingError(
            f"{name} has one column, called '{header[0]}'",
            hint="tabs stand between columns in --input-format tsv"
            if separator == "\t"
            else f"commas stand between columns; to change that: tr '{separator}' , <{name}",
        )
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
    bases = {label.partition("[")[0] for label in expression.wrt}
    others = [v for v in graph.variables if v.partition("[")[0] not in bases]
    graph = _parsed(expression, header, [*expression.wrt, *others])
    return graph, len(graph.variables) - len(others)


def _parsed(expression: Expression, header: Sequence[str], wrt: Sequence[str] | None) -> Graph:
    return parse(
        expression.text,
        name=expression.name,
        shapes=shapes(header),
        parameters=expression.parameters,
        bound=[label for label in header if label not in expression.parameters],
        wrt=wrt,
        outputs=expression.outputs,
    )


def shapes(header: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """The arrays whose elements are columns: a[0], a[1], … of every index."""
    found: dict[str, list[tuple[int, ...]]] = {}
    for match in filter(None, map(_ELEMENT.fullmatch, header)):
        index = tuple(map(int, match[2].split(",")))
        found.setdefault(match[1], []).append(index)
    whole = {}
    for name, indices in found.items():
        if len({len(index) for index in indices}) == 1:
            shape = tuple(max(axis) + 1 for axis in zip(*indices, strict=True))
            size = 1
            for extent in shape:
                size *= extent
            if size == len(set(indices)):
                whole[name] = shape
    return whole
