"""Which entries of a Jacobian can be other than zero: a picture, and lists of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gradcalc.render.figures import FORWARD, figure, written
from gradcalc.render.formats import FIGURES
from gradcalc.render.frame import framed
from gradcalc.render.numbers import exact
from gradcalc.render.records import MARKS, RECORDS, plain, separated


@dataclass(frozen=True, eq=False)
class Shape:
    """The places of the entries, as arrays of rows and columns; and how many sweeps of either mode
    make the matrix."""

    outputs: Sequence[str]
    variables: Sequence[str]
    rows: Any
    columns: Any
    forward: int
    reverse: int
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        return len(self.outputs), len(self.variables)

    @property
    def density(self) -> float:
        m, n = self.size
        return len(self.rows) / max(1, m * n)

    @property
    def places(self) -> list[tuple[int, int]]:
        return list(zip(self.rows.tolist(), self.columns.tolist(), strict=True))


def _table(shape: Shape) -> str:
    m, n = shape.size
    return (
        f"{picture(shape.rows, shape.columns, shape.size)}\n"
        f"{len(shape.rows):,} of {m * n:,} entries ({100 * shape.density:.3g} %) can be nonzero\n"
        f"passes: {shape.forward:,} forward instead of {n:,}, "
        f"or {shape.reverse:,} reverse instead of {m:,}\n"
    )


def _record(shape: Shape) -> dict[str, Any]:
    body = {
        "shape": list(shape.size),
        "nonzeros": len(shape.rows),
        "density": shape.density,
        "passes": {"forward": shape.forward, "reverse": shape.reverse},
        "row": shape.rows.tolist(),
        "col": shape.columns.tolist(),
    }
    return framed("pattern", shape.variables, shape.outputs, None, body, notes=shape.notes)


def _recorded(written: Callable[[dict[str, Any]], str]) -> Callable[[Shape], str]:
    return lambda shape: written(_record(shape))


def _marked(mark: str) -> Callable[[Shape], str]:
    return lambda shape: separated(
        ("output", "variable"),
        ((shape.outputs[i], shape.variables[j]) for i, j in shape.places),
        mark,
    )


def _matrix_market(shape: Shape) -> str:
    """Coordinates from 1, without entries: ``scipy.io.mmread`` has ones in their place."""
    m, n = shape.size
    head = f"%%MatrixMarket matrix coordinate pattern general\n{m} {n} {len(shape.rows)}\n"
    return head + plain((i + 1, j + 1) for i, j in shape.places)


def _figure(kind: str) -> Callable[[Shape], str]:
    """A writer of patterns: a square for each entry that can be nonzero."""

    def write(shape: Shape) -> str:
        m, n = shape.size
        longest = max(m, n, 1)
        made = figure(0.8 + 5 * n / longest, 0.8 + 5 * m / longest)
        axes = made.add_subplot()
        axes.set(xlim=(-0.5, n - 0.5), ylim=(m - 0.5, -0.5), aspect="equal")
        size = 5 * 72 / longest
        axes.plot(shape.columns, shape.rows, "s", color=FORWARD, markersize=max(0.5, 0.85 * size))
        axes.set_title(
            f"{len(shape.rows):,} of {m * n:,} ({exact(round(100 * shape.density, 3))} %)"
        )
        if longest <= 40:
            axes.set_xticks(range(n), shape.variables, rotation=90 if n > 8 else 0)
            axes.set_yticks(range(m), shape.outputs)
        return written(made, kind)

    return write


WRITERS: dict[str, Callable[[Shape], str]] = {
    "table": _table,
    **{name: _recorded(written) for name, written in RECORDS.items()},
    **{name: _marked(mark) for name, mark in MARKS.items()},
    "plain": lambda shape: plain(shape.places),  # numbered from 0
    "mtx": _matrix_market,
    **{name: _figure(name) for name in FIGURES},
}
"""Formats of a pattern by name."""


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
