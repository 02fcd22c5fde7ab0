"""What flows: chunks of rows that were read, tables of rows to be written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Column = Any
"""Values of one column: a numpy array (of objects, for text) or a polars Series."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows, in order.

    ``numbers`` has shape (N, c), a column for each one that was wanted; ``lines`` are the N numbers
    by which a user finds the rows in the input; ``unread`` says of rows that could not be read why
    (their numbers are NaN); ``kept`` are all columns of the input, if they were asked for;
    ``source`` is the file they are from, where there are several.
    """

    numbers: Floats
    lines: Sequence[int]
    unread: dict[int, str] = field(default_factory=dict)
    kept: tuple[Column, ...] = ()
    source: str = ""

    def __len__(self) -> int:
        return len(self.lines)

    def pieces(self, rows: int) -> Iterator[Chunk]:
        """The same rows in chunks of at most ``rows``."""
        if len(self) <= rows:
            yield self
            return
        for start in range(0, len(self), rows):
            here = slice(start, start + rows)
            unread = {row - start: why for row, why in self.unread.items()
                      if start <= row < start + rows}  # fmt: skip
            kept = tuple(column[here] for column in self.kept)
            yield Chunk(self.numbers[here], self.lines[here], unread, kept, self.source)


def joined(chunks: Sequence[Chunk]) -> Chunk:
    """One chunk of the rows of several."""
    if len(chunks) == 1:
        return chunks[0]
    unread: dict[int, str] = {}
    rows = 0
    for chunk in chunks:
        unread |= {rows + row: why for row, why in chunk.unread.items()}
        rows += len(chunk)
    columns = zip(*(chunk.kept for chunk in chunks), strict=True)
    return Chunk(
        np.concatenate([chunk.numbers for chunk in chunks]),
        [line for chunk in chunks for line in chunk.lines],
        unread,
        tuple(np.concatenate([np.asarray(part, object) for part in column]) for column in columns),
    )


def as_list(column: Column) -> list[Any]:
    """The values of a column as Python has them."""
    values: list[Any] = column.tolist() if isinstance(column, np.ndarray) else column.to_list()
    return values


def selected(column: Column, rows: NDArray[np.bool_]) -> Column:
    """The values of a column where ``rows`` is true."""
    return column[rows] if isinstance(column, np.ndarray) else column.filter(rows)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to be written: the columns kept from the input, then the results of shape (N, k).

    ``gaps``: some result is not finite. ``wanted``: which of the columns that are kept were read as
    numbers; a cell of theirs that has none is as it was, text or None.
    """

    kept: tuple[Column, ...]
    results: Floats
    gaps: bool
    wanted: frozenset[int] = frozenset()

    def typed(self) -> Iterator[Column]:
        """The columns that are kept, for formats where all of one are numbers or all text: without
        one, what was to be a number is NaN."""
        for j, column in enumerate(self.kept):
            if j in self.wanted and isinstance(column, np.ndarray) and column.dtype == object:
                values = column.tolist()
                if not all(map(_is_number, values)):
                    yield np.array([x if _is_number(x) else np.nan for x in values], float)
                    continue
            yield column


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Reader(Protocol):
    """An input. ``names`` is its header, None where it has none.

    ``unit`` is what ``Chunk.lines`` counts, 'line' or 'row'; ``width`` the number of its columns.
    """

    @property
    def names(self) -> tuple[str, ...] | None: ...

    @property
    def width(self) -> int: ...

    @property
    def unit(self) -> str: ...

    def chunks(self, wanted: Sequence[int], keep: bool) -> Iterator[Chunk]:
        """All rows, with the numbers of the columns ``wanted`` (by position)."""
        ...

    def part(self) -> float | None:
        """How much of the input has been read, 0 to 1; None where that is not known."""
        ...


class Writer(Protocol):
    """An output: a header of ``names``, then the rows as they come."""

    def __call__(self, names: Sequence[str], tables: Iterator[Table], file: Any) -> None: ...
