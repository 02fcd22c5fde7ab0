"""Sparse matrices as text: coordinate lists and MatrixMarket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from gradcalc.errors import count
from gradcalc.errors.text import safe
from gradcalc.render.frame import framed
from gradcalc.render.numbers import exact, shown
from gradcalc.render.records import MARKS, RECORDS, plain, separated

MOST_ROWS = 40
"""A table on a screen shows so many entries and says how many there are."""


@dataclass(frozen=True)
class Coordinates:
    """The stored entries of a Jacobian, row by row, with the names of rows and columns.

    ``at`` is the point as it was bound, ``check`` what JSON says of the check.
    """

    outputs: Sequence[str]
    variables: Sequence[str]
    rows: Sequence[int]
    columns: Sequence[int]
    entries: Sequence[float]
    remarks: tuple[str, ...] = ()
    at: Mapping[str, Any] = field(default_factory=dict)
    check: Mapping[str, Any] = field(default_factory=dict)

    def triples(self) -> Iterator[tuple[int, int, float]]:
        return zip(self.rows, self.columns, self.entries, strict=True)


def render_table(matrix: Coordinates, digits: int | None = None, most: int | None = None) -> str:
    """A line per stored entry: output, variable, value; ``most`` of them for a screen."""
    found = [
        (safe(matrix.outputs[i]), safe(matrix.variables[j]), shown(x, digits))
        for i, j, x in islice(matrix.triples(), most)
    ]
    widths = [max((len(row[k]) for row in found), default=0) for k in range(3)]
    lines = [f"{a:{widths[0]}}  {b:{widths[1]}}  {c:>{widths[2]}}" for a, b, c in found]
    left_out = len(matrix.entries) - len(found)
    if left_out:
        lines.append(f"… and {left_out:,} more entries; every other --format has them all")
    shape = f"{len(matrix.outputs):,} × {len(matrix.variables):,}"
    lines += [
        "",
        f"{count(len(matrix.entries), 'entry', 'entries')} of a {shape} Jacobian",
        *matrix.remarks,
    ]
    return "\n".join(lines) + "\n"


def render_mtx(matrix: Coordinates, digits: int | None = None) -> str:
    """MatrixMarket, coordinates from 1: ``scipy.io.mmread`` reads it."""
    head = "%%MatrixMarket matrix coordinate real general\n"
    size = f"{len(matrix.outputs)} {len(matrix.variables)} {len(matrix.entries)}\n"
    return head + size + "".join(f"{i + 1} {j + 1} {exact(x)}\n" for i, j, x in matrix.triples())


def _recorded(written: Callable[[dict[str, Any]], str]) -> Format:
    return lambda matrix, digits=None: written(_record(matrix))


def _marked(mark: str) -> Format:
    return lambda matrix, digits=None: _separated(matrix, mark)


def _plain(matrix: Coordinates, digits: int | None = None) -> str:
    """Row and column numbers from 0, and the value: for ``numpy.loadtxt``."""
    return plain(matrix.triples())


Format = Callable[..., str]
WRITERS: dict[str, Format] = {
    "table": render_table,
    **{name: _recorded(written) for name, written in RECORDS.items()},
    **{name: _marked(mark) for name, mark in MARKS.items()},
    "plain": _plain,
    "mtx": render_mtx,
}
"""Formats of a sparse matrix by name."""


def _separated(matrix: Coordinates, mark: str) -> str:
    rows = ((matrix.outputs[i], matrix.variables[j], x) for i, j, x in matrix.triples())
    return separated(("output", "variable", "value"), rows, mark)


def _record(matrix: Coordinates) -> dict[str, Any]:
    body = {
        "shape": [len(matrix.outputs), len(matrix.variables)],
        "row": list(matrix.rows),
        "col": list(matrix.columns),
        "entry": list(matrix.entries),
    }
    found = framed(
        "jacobian", matrix.variables, matrix.outputs, matrix.at, body, None, matrix.remarks
    )
    return found | {"check": matrix.check}
