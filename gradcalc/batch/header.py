"""A header fitted to an expression: which column is which variable."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from gradcalc.batch.chunk import Chunk, Reader
from gradcalc.errors import BindingError, beginning
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
    fixed: Mapping[str, float] = field(default_factory=dict)
    """Values of variables, the same for all rows: a[0] too."""
    called: Mapping[str, str] = field(default_factory=dict)
    """What a variable is called in the header."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The graph; where each of its variables comes from, a column or a number for all rows; how
    many of them get slopes; and the header, in which columns are called as the variables are."""

    graph: Graph
    columns: tuple[int | float, ...]
    slopes: int
    header: tuple[str, ...]


def fit(expression: Expression, reader: Reader, name: str) -> Layout:
    """The expression as a graph over the columns of the input, which errors call ``name``.

    Columns named ``a[0]``, ``a[1]`` make ``a`` an array variable. A variable that ``wrt`` leaves
    out is read from its column and gets no slopes. Without a header, columns are in
    the order of the variables. Raises BindingError where they do not fit, ExpressionError for the
    text.
    """
    header = _header(expression, reader, name)
    fixed = expression.fixed
    graph, slopes = _graph(expression, header)
    for label in fixed:
        if label in header:
            raise BindingError(f"'{label}' is a column of {name}, and --at has a value for it")
        if label not in graph.variables:
            raise BindingError(f"--at binds '{label}', and the expression has no such variable")
    free = [v for v in graph.variables if v not in fixed]
    if reader.names is not None:
        times, place = Counter(header), {word: j for j, word in enumerate(header)}
        found = {v: place[v] if times[v] == 1 else column(header, v, name) for v in free}
    elif reader.width == len(free):
        found = {v: j for j, v in enumerate(free)}
    else:
        variables = beginning(free, 8)
        raise BindingError(
            f"{name} has no header and {reader.width} columns, for "
            f"{len(free)} variables: {variables}",
            hint="name the columns in its first line",
        )
    places = (fixed[v] if v in fixed else found[v] for v in graph.variables)
    return Layout(graph, tuple(places), slopes, tuple(header))


class Filled:
    """A reader in which what is wanted may be a number, the same in all rows."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.names, self.width, self.unit = reader.names, reader.width, reader.unit
        self.part = reader.part

    def chunks(self, wanted: Sequence[int | float], keep: bool) -> Iterator[Chunk]:
        read = [k for k, place in enumerate(wanted) if isinstance(place, int)]
        row = np.array([0.0 if isinstance(place, int) else place for place in wanted])
        for chunk in self._reader.chunks([int(wanted[k]) for k in read], keep):
            numbers = np.tile(row, (len(chunk), 1))
            numbers[:, read] = chunk.numbers
            yield replace(chunk, numbers=numbers)


def _header(expression: Expression, reader: Reader, name: str) -> list[str]:
    """The names of the columns, as the variables are called; none without a header."""
    header = named(reader.names or ())
    for variable, word in expression.called.items():
        place = column(reader.names or (), word, name)
        header = ["" if other == variable else other for other in header]
        header[place] = variable
    return header


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
    raise BindingError(
        f"{name} has no column '{label}'",
        hint=f"its columns are {beginning(header, 8)}" + (f" (is it {close[0]}?)" if close else "")
        + f"\n{_other_ways(label, header)}",
    )  # fmt: skip


def _other_ways(label: str, header: Sequence[str]) -> str:
    """How else a variable gets its numbers; a column whose name has a unit is likely meant."""
    units = [word for word in header if word.partition(" ")[0].partition("[")[0] == label]
    units = units or [word for word in header if word.lower() == label.lower()]
    word = units[0] if len(units) == 1 else "…"
    return f"called otherwise: --map {shlex.quote(f'{label}={word}')}; " + (
        f"the same for all rows: --at {label}=…"
    )


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
            word
            for word in (*header, *expression.fixed)
            if is_name(word) and base(word) not in expression.parameters
        ],
        wrt=wrt,
        outputs=expression.outputs,
    )
