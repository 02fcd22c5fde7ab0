"""The table: rows are outputs, columns are variables, and no digit is ever lost.

Everything is measured here before rich sees it: rich would cut a cell that does not fit. What is
wider than the screen becomes several tables below each other, each with some of the columns.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gradcalc.calculus.kinds import OUTPUTS, VARIABLES, U, V
from gradcalc.errors.text import safe
from gradcalc.render.answer import Answer
from gradcalc.render.numbers import aligned, shown
from gradcalc.render.product import combination, product

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradcalc.check.verdict import Verdict

LONGEST = 500  # rows or columns; of more than these, the first and the last few are shown
MOST = 5_000  # entries; of a matrix with more, the corners are shown
CORNER = 6
GAP = "…"
_BETWEEN = 3  # blanks between two columns: a half before the edge of a cell, one, a half after it
RULED = Box("    \n    \n    \n    \n ── \n    \n    \n    \n")  # a line between sections only
_NAMED_TERMS = 4  # of the sum in the title of a vᵀJ
_PAINT = {"nan": "bold red", "inf": "yellow", "-inf": "yellow"}


def render_table(
    answer: Answer, *, width: int | None = None, digits: int | None = None, color: bool = False
) -> str:
    """A title, the table (in blocks of columns if ``width`` asks for it), notes, the verdict."""
    sheet = Sheet(answer, digits)
    blocks = list(_blocks(_padded(sheet.grid()), width))
    counted = list(_certificate_blocks(answer, width))
    screen = console(max([block.width for block in (*blocks, *counted)]), color)
    screen.print(Text(_title(answer, digits), style="bold"), soft_wrap=True)
    for block in blocks:
        screen.print()
        if len(blocks) > 1 and block.columns:
            screen.print(Text(_caption(block), style="cyan"), soft_wrap=True)
        screen.print(_table(block))
    for i, line in enumerate(_product(answer, digits)):
        if i == 0:
            screen.print()
        screen.print(Text(line), soft_wrap=True)
    if counted:
        screen.print()
        screen.print(Text(_counting(answer), style="bold"), soft_wrap=True)
        for block in counted:
            screen.print()
            screen.print(_table(block))
    for i, (remark, style) in enumerate(_remarks(sheet)):
        if i == 0:
            screen.print()
        screen.print(Text(safe(remark), style=style), soft_wrap=True)
    assert isinstance(screen.file, io.StringIO)
    return "\n".join(map(str.rstrip, screen.file.getvalue().split("\n")))


def _counting(answer: Answer) -> str:
    proof = answer.verdict.proof if answer.verdict else None
    proven = ", all proven" if proof and not proof.without else ""
    return f"Right digits{proven} (17: the nearest double)"


def _product(answer: Answer, digits: int | None) -> list[str]:
    if answer.jacobian is None or answer.vector is None or answer.entries is None:
        return []
    v, jacobian, entries = answer.vector, answer.jacobian, answer.entries
    return product(v.tolist(), jacobian.tolist(), entries.tolist(), digits)


def _certificate_blocks(answer: Answer, width: int | None) -> Iterator[Grid]:
    """The table of right digits, if it was asked for."""
    if answer.certified and answer.verdict is not None:
        sheet = Sheet(_certificate(answer, answer.verdict), None)
        yield from _blocks(_padded(sheet.grid()), width)


def _certificate(answer: Answer, verdict: Verdict) -> Answer:
    """The same answer with the number of right digits in the place of every number."""
    import numpy as np

    def counts(digits: tuple[int | None, ...], shape: tuple[int, ...]) -> NDArray[np.float64]:
        known = [np.nan if d is None else float(d) for d in digits]
        return np.reshape(known or [np.nan] * int(np.prod(shape)), shape)

    entries = None if answer.entries is None else counts(verdict.digits, answer.entries.shape)
    return replace(answer, value=counts(verdict.value_digits, answer.value.shape), entries=entries)


# --- What stands where --------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A line of the table: its name, what stands left of the variables, and a text for each."""

    name: str
    left: Sequence[str] = ()
    entries: Sequence[str] = ()
    style: str = ""


@dataclass(frozen=True)
class Grid:
    """Sections of rows, with a rule between them. ``left`` heads the columns before ``columns``."""

    left: Sequence[str]
    columns: Sequence[str]
    sections: Sequence[Sequence[Row]]

    @cached_property
    def rows(self) -> list[Row]:
        return [row for section in self.sections for row in section]

    @cached_property
    def widths(self) -> list[int]:
        """Of each column: the names, what is left of the variables, the variables."""
        lines = [["", *self.left, *self.columns]]
        lines += [[row.name, *row.left, *row.entries] for row in self.rows]
        return [max(map(cell_len, column)) for column in zip(*lines, strict=True)]

    @property
    def width(self) -> int:
        return sum(self.widths) + _BETWEEN * (len(self.widths) - 1)


class Sheet:
    """The rows of a table about ``answer``, cut to its corners where it is too large."""

    def __init__(self, answer: Answer, digits: int | None) -> None:
        self.answer = answer
        self.digits = digits
        longest = LONGEST if len(answer.rows) * len(answer.columns) <= MOST else 2 * CORNER
        self.outputs = _shown(len(answer.outputs), longest)
        self.variables = _shown(len(answer.variables), longest)

    def grid(self) -> Grid:
        """The point, the outputs with what there is one of for each, the matrix."""
        answer, kind = self.answer, self.answer.kind
        beside = self._beside()
        outputs = self._down(beside) if beside else []
        matrix = self._matrix() if kind.columns == VARIABLES else []
        if matrix and outputs and kind.rows == OUTPUTS:
            pairs = zip(matrix, outputs, strict=True)
            outputs, matrix = [replace(row, left=output.left) for row, output in pairs], []
        names = _names(answer.variables, self.variables)
        sections = (self._top(), outputs, matrix)
        return Grid(list(beside), names, [section for section in sections if section])

    def _beside(self) -> dict[str, NDArray[np.float64]]:
        """The columns left of the variables: v, the value, the derivative if it is one a row."""
        answer, kind = self.answer, self.answer.kind
        columns = {}
        if kind.vector is V:
            import numpy as np  # deferred: tables of words need none

            columns["v"] = np.ones_like(answer.value) if answer.vector is None else answer.vector
        if kind.order < 2:
            columns["value"] = answer.value
        if kind.columns != VARIABLES:
            columns[kind.columns] = answer.matrix[:, 0]
        return columns

    def _top(self) -> list[Row]:
        """The point, and the direction u."""
        answer = self.answer
        if not answer.variables:
            return []
        rows = [self.across("at", answer.point, "dim")]
        if answer.kind.vector is U and answer.vector is not None:
            rows.append(self.across("u", answer.vector, "dim"))
        return rows

    def across(self, name: str, numbers: NDArray[np.float64], style: str = "") -> Row:
        """A row with a number for each variable."""
        return Row(name, (), self._texts(numbers, self.variables), style)

    def _matrix(self) -> list[Row]:
        """A row for each row of the matrix, with a gap between its corners."""
        answer = self.answer
        shown = {OUTPUTS: self.outputs, VARIABLES: self.variables}.get(answer.kind.rows, [0])
        gap = Row(GAP, (), [GAP] * len(self.variables))
        return [gap if i is None else self.across(answer.rows[i], answer.matrix[i]) for i in shown]

    def _down(self, columns: Mapping[str, NDArray[np.float64]]) -> list[Row]:
        """A row for each output with its number from each of ``columns``, left of the variables."""
        texts = [self._texts(numbers, self.outputs) for numbers in columns.values()]
        names = _names(self.answer.outputs, self.outputs)
        return [Row(name, left) for name, *left in zip(names, *texts, strict=True)]

    def _texts(self, numbers: NDArray[np.float64], indices: Sequence[int | None]) -> list[str]:
        return [GAP if i is None else shown(numbers[i], self.digits) for i in indices]


def _names(names: Sequence[str], indices: Sequence[int | None]) -> list[str]:
    return [GAP if i is None else names[i] for i in indices]


def _shown(total: int, longest: int) -> list[int | None]:
    if total <= longest:
        return list(range(total))
    return [*range(CORNER), None, *range(total - CORNER, total)]


# --- Fitting it to the screen -------------------------------------------------------------------


def _padded(grid: Grid) -> Grid:
    """Every row with a text for every column, and the numbers of a column aligned."""
    full = [
        [*(row.left or [""] * len(grid.left)), *(row.entries or [""] * len(grid.columns))]
        for row in grid.rows
    ]
    columns = [aligned(list(column)) for column in zip(*full, strict=True)]
    rows = iter(zip(*columns, strict=True)) if columns else iter([()] * len(full))
    split = len(grid.left)

    def pad(row: Row) -> Row:
        texts = next(rows)
        left, entries = texts[:split], texts[split:]
        return replace(row, left=left, entries=entries if row.entries else ("",) * len(entries))

    return replace(grid, sections=[[pad(row) for row in section] for section in grid.sections])


def _blocks(grid: Grid, width: int | None) -> Iterator[Grid]:
    """The grid cut into as many columns at a time as ``width`` has room for, at least one."""
    if width is None or grid.width <= width:
        yield grid
        return
    split = 1 + len(grid.left)
    name, left = grid.widths[0], grid.widths[1:split]
    start, used = 0, name + sum(_BETWEEN + w for w in left)
    for j, w in enumerate(grid.widths[split:]):
        used += _BETWEEN + w
        if used > width and j > start:
            yield _columns(grid, start, j)
            start, used = j, name + _BETWEEN + w
    yield _columns(grid, start, len(grid.columns))


def _columns(grid: Grid, start: int, stop: int) -> Grid:
    """Some of the columns. The ones left of the variables, and rows without entries, come once."""
    sections = []
    for section in grid.sections:
        rows = [replace(row, entries=row.entries[start:stop]) for row in section]
        if start > 0:
            rows = [replace(row, left=()) for row in rows if any(map(str.strip, row.entries))]
        sections.append(rows)
    left = grid.left if start == 0 else ()
    return Grid(left, grid.columns[start:stop], [rows for rows in sections if rows])


def _caption(block: Grid) -> str:
    first, last = block.columns[0], block.columns[-1]
    return first if first == last else f"{first} … {last}"


# --- Words and paint ----------------------------------------------------------------------------


def _title(answer: Answer, digits: int | None) -> str:
    return answer.kind.heading.format(
        s="s" * (len(answer.outputs) > 1),
        output=answer.outputs[0],
        value=shown(answer.value[0], digits),
        combination=_combination(answer, digits),
    )


def _combination(answer: Answer, digits: int | None) -> str:
    """The sum whose gradient vᵀJ is: ``2·f1 + 3·f2``."""
    if answer.vector is None:
        return answer.outputs[0]
    numbers = [shown(v, digits) for v in answer.vector[:_NAMED_TERMS].tolist()]
    more = f" + {GAP}" if len(answer.outputs) > _NAMED_TERMS else ""
    return combination(numbers, answer.outputs) + more


def _remarks(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """What stands below the table, with its style."""
    for what, indices, total in (
        ("rows", sheet.outputs, len(sheet.answer.outputs)),
        ("columns", sheet.variables, len(sheet.answer.variables)),
    ):
        if None in indices:
            left_out = total - 2 * CORNER
            yield f"{left_out} of {total} {what} are left out; --format csv has them all.", "yellow"
    for note in sheet.answer.notes:
        yield f"note: {note}", "yellow"
    verdict = sheet.answer.verdict
    if verdict is not None:
        yield verdict.line, {True: "green", False: "bold red", None: "yellow"}[verdict.passed]


def _table(grid: Grid) -> Table:
    table = Table(
        box=RULED, show_header=False, show_edge=False, pad_edge=False, padding=(0, _BETWEEN // 2)
    )
    for width in grid.widths:
        table.add_column(no_wrap=True, width=width, justify="right")
    table.columns[0].justify = "left"
    table.add_row(*[Text(name, style="bold") for name in ("", *grid.left, *grid.columns)])
    for section in grid.sections:
        for row in section:
            texts = [Text(text, style=_PAINT.get(text.strip(), ""))
                     for text in (*row.left, *row.entries)]  # fmt: skip
            table.add_row(Text(row.name, style="bold"), *texts, style=row.style)
        table.add_section()
    return table


def console(width: int, color: bool) -> Console:
    """A console that prints into a string, as wide as it must be, and decides nothing by itself."""
    return Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
