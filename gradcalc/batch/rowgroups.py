"""Some row groups of a Parquet file, of which no more is read than they are, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from gradcalc.batch import parquet
from gradcalc.batch.chunk import Chunk
from gradcalc.batch.columnar import required
from gradcalc.errors import BindingError, UsageError


class RowGroups:
    """The rows of the groups from ``groups[0]`` up to ``groups[1]``, counted from the first of the
    file."""

    unit = "row"

    def __init__(self, file: BinaryIO, name: str, groups: tuple[int, int]) -> None:
        self._polars = required("Parquet")
        self._name = name
        self._groups = range(*groups)
        self._file, sizes = _opened(file, name)
        self._start = sum(sizes[: groups[0]])
        self._rows = sum(sizes[groups[0] : groups[1]])
        self._done = 0
        empty = self._polars.from_arrow(self._file.schema_arrow.empty_table())
        self._types = empty.schema
        self.names: tuple[str, ...] = tuple(self._types.names())
        self.width = len(self.names)

    def part(self) -> float | None:
        return self._done / self._rows if self._rows else None

    def chunks(self, wanted: Sequence[int], keep: bool) -> Iterator[Chunk]:
        labels = [self.names[j] for j in wanted]
        parquet.require_numbers(self._polars, self._types, labels)
        columns = list(self.names) if keep else labels or [self.names[0]]
        batches = self._file.iter_batches(
            parquet.ROWS, row_groups=list(self._groups), columns=columns, use_threads=False
        )
        while True:
            with _whole(self._name):
                batch = next(batches, None)
            if batch is None:
                break
            frame = self._polars.from_arrow(batch).select(columns)
            first = self._start + self._done + 1
            self._done += len(frame)
            if len(frame):
                yield parquet.chunk(self._polars, frame, labels, first, keep)
        if self._done != self._rows:
            raise BindingError(f"{self._name} ends before all its rows")


def sizes(file: BinaryIO, name: str) -> list[int]:
    """How many rows each row group has. Raises BindingError for what is no Parquet file."""
    return _opened(file, name)[1]


def _opened(file: BinaryIO, name: str) -> tuple[Any, list[int]]:
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        from gradcalc.batch.places import EXTRA

        raise UsageError("the row groups of Parquet need pyarrow", hint=EXTRA) from None
    with _whole(name):
        found = ParquetFile(file)
        about = found.metadata
        return found, [about.row_group(k).num_rows for k in range(about.num_row_groups)]


@contextmanager
def _whole(name: str) -> Iterator[None]:
    """What pyarrow says of a file that is none, or damaged."""
    try:
        yield
    except (OSError, ValueError) as error:  # its own errors are one or the other
        reason = str(error).partition("\n")[0]
        raise BindingError(f"{name} is not a Parquet file, or damaged: {reason}") from None
