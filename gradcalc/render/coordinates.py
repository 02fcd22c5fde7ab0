"""Sparse matrices as text: coordinate lists, MatrixMarket, and a picture of the pattern."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from gradcalc.render.numbers import exact, shown
from gradcalc.text import safe

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
    lines += ["", f"{len(matrix.entries):,} entries of a {shape} Jacobian", *matrix.remarks]
    return "\n".join(lines) + "\n"


def render_csv(matrix: Coordinates, digits: int | None = None) -> str:
    return _separated(matrix, ",")


def render_tsv(matrix: Coordinates, digits: int | None = None) -> str:
    return _separated(matrix, "\t")


def render_plain(matrix: Coordinates, digits: int | None = None) -> str:
    """Row and column numbers from 0, and the value: for ``numpy.loadtxt``."""
    return "".join(f"{i} {j} {exact(x)}\n" for i, j, x in matrix.triples())


def render_json(matrix: Coordinates, digits: int | None = None) -> str:
    return json.dumps(_record(matrix), allow_nan=False, indent=1) + "\n"


def render_ndjson(matrix: Coordinates, digits: int | None = None) -> str:
    return json.dumps(_record(matrix), allow_nan=False) + "\n"


def render_mtx(matrix: Coordinates, digits: int | None = None) -> str:
    """MatrixMarket, coordinates from 1: ``scipy.io.mmread`` reads it."""
    head = "%%MatrixMarket matrix coordinate real general\n"
    size = f"{len(matrix.outputs)} {len(matrix.variables)} {len(matrix.entries)}\n"
    return head + size + "".join(f"{i + 1} {j + 1} {exact(x)}\n" for i, j, x in matrix.triples())


FORMATS = {
    "table": render_table,
    "json": render_json,
    "ndjson": render_ndjson,
    "csv": render_csv,
    "tsv": render_tsv,
    "plain": render_plain,
    "mtx": render_mtx,
}
"""Formats of a sparse matrix by name."""


def _separated(matrix: Coordinates, mark: str) -> str:
    outputs = [_quoted(name, mark) for name in matrix.outputs]
    variables = [_quoted(name, mark) for name in matrix.variables]
    lines = (f"{outputs[i]}{mark}{variables[j]}{mark}{exact(x)}\n" for i, j, x in matrix.triples())
    return f"output{mark}variable{mark}value\n" + "".join(lines)


def _quoted(name: str, mark: str) -> str:
    return f'"{name}"' if mark in name else name


def _record(matrix: Coordinates) -> dict[str, Any]:
    finite = [x if math.isfinite(x) else None for x in matrix.entries]
    return {
        "command": "jacobian",
        "variables": list(matrix.variables),
        "outputs": list(matrix.outputs),
        "at": matrix.at,
        "shape": [len(matrix.outputs), len(matrix.variables)],
        "row": list(matrix.rows),
        "col": list(matrix.columns),
        "entry": finite,
        "check": matrix.check,
        "notes": list(matrix.remarks),
    }


# --- a picture ------------------------------------------------------------------------------------

_BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def picture(rows: Any, columns: Any, shape: tuple[int, int], width: int = 72) -> str:
    """The pattern in a frame: a letter per entry while it fits, else Braille dots that each stand
    for a block of entries and are set when any of them is."""
    m, n = shape
    if m <= 40 and 2 * n <= width:
        grid = [["·"] * n for _ in range(m)]
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True):
            grid[i][j] = "●"
        return _framed([" ".join(line) for line in grid])
    across = min(n, 2 * (width - 4))
    down = max(1, min(m, round(across * m / n), 4 * 40))
    dots = set(zip((rows * down // m).tolist(), (columns * across // n).tolist(), strict=True))
    cells = [[0x2800] * -(-across // 2) for _ in range(-(-down // 4))]
    for i, j in dots:
        cells[i // 4][j // 2] |= _BRAILLE[i % 4][j % 2]
    return _framed(["".join(map(chr, line)) for line in cells])


def _framed(lines: list[str]) -> str:
    width = max(map(len, lines), default=0)
    edge = "─" * (width + 2)
    return "\n".join([f"┌{edge}┐", *(f"│ {line:{width}} │" for line in lines), f"└{edge}┘"])
