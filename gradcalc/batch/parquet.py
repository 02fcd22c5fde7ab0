"""Parquet and Arrow (IPC, Feather), by polars' streaming engine: neither side holds more than a few
chunks. Of Arrow's streams, which cannot be read from the middle, all is held."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from gradcalc.batch.ahead import aside
from gradcalc.batch.chunk import Chunk, Table
from gradcalc.batch.columnar import required, series, told_by_the_system
from gradcalc.errors import BindingError

ROWS = 50_000


PARQUET, ARROW = "Parquet", "Arrow"
_FILE = b"ARROW1"
"""How a file of Arrow begins; a stream does not."""


class Frame:
    """The rows of a Parquet or Arrow file, counted from 1."""

    unit = "row"

    def __init__(self, file: BinaryIO, name: str, format: str = PARQUET) -> None:
        self._polars = required(format)
        self._name, self._format = name, format
        with self._whole():
            self._lazy = self._scanned(os.path.abspath(file.name), file)
            self._types = self._lazy.collect_schema()
            self._rows = self._lazy.select(self._polars.len()).collect().item()
        self.names = tuple(self._types.names())
        self.width = len(self.names)
        self._done = 0

    def _scanned(self, path: str, file: BinaryIO) -> Any:
        as_it_is = {"glob": False, "hive_partitioning": False}
        if self._format == PARQUET:
            return self._polars.scan_parquet(path, **as_it_is)
        file.seek(0)
        if file.read(len(_FILE)) == _FILE:
            return self._polars.scan_ipc(path, **as_it_is)
        return self._polars.read_ipc_stream(path).lazy()

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """What polars says of a file that is none, or damaged, in a word."""
        try:
            yield
        except (self._polars.exceptions.PolarsError, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise BindingError(f"{self._name} is no {self._format} file: {reason}") from None
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            raise BindingError(f"{self._name} is a damaged {self._format} file") from None

    def part(self) -> float | None:
        return self._done / self._rows if self._rows else None

    def chunks(self, wanted: Sequence[int], keep: bool) -> Iterator[Chunk]:
        labels = [self.names[j] for j in wanted]
        require_numbers(self._polars, self._types, labels)
        lazy = self._lazy if keep else self._lazy.select(labels or self.names[:1])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # collect_batches may still change, says polars
            batches = lazy.collect_batches(chunk_size=ROWS, maintain_order=True)
        for frame in self._each(batches):
            first = self._done + 1
            self._done += len(frame)
            if len(frame):
                yield chunk(self._polars, frame, labels, first, keep)

    def _each(self, batches: Iterator[Any]) -> Iterator[Any]:
        while True:
            with self._whole():
                frame = next(batches, None)
            if frame is None:
                return
            yield frame


def require_numbers(polars: Any, types: Any, labels: Sequence[str]) -> None:
    """Raises BindingError where a column is of something else."""
    for label in labels:
        kind = types[label]
        if not (kind.is_numeric() or kind == polars.Null):
            raise BindingError(f"column '{label}' is of {kind}: not numbers")


def chunk(polars: Any, frame: Any, labels: Sequence[str], first: int, keep: bool) -> Chunk:
    """A frame as a chunk of the columns ``labels``, its rows counted from ``first``."""
    numbers = frame.select(polars.col(labels).cast(polars.Float64))
    table = numbers.to_numpy() if labels else np.empty((len(frame), 0))
    kept = tuple(frame.get_columns()) if keep else ()
    return Chunk(table, range(first, first + len(frame)), dict(_nulls(numbers)), kept)


def _nulls(frame: Any) -> Iterator[tuple[int, str]]:
    for column in frame.get_columns():
        if column.null_count():
            for row in column.is_null().arg_true():
                yield row, f"{column.name} is null"


def write(
    names: Sequence[str], tables: Iterator[Table], file: BinaryIO, format: str = PARQUET
) -> None:
    """Float64 columns after the columns that were kept, Parquet compressed with zstd."""
    polars = required(format)
    frames = (_frame(polars, names, table) for table in tables)
    first = next(frames, None)
    if first is None:
        first = polars.DataFrame(schema=dict.fromkeys(names, polars.Float64))
    own: list[BaseException] = []

    def source(*_: Any) -> Iterator[Any]:
        try:
            yield first
            for frame in frames:
                yield frame.cast(dict(first.schema))
        except BaseException as error:  # polars would tell of it in its words
            own.append(error)
            raise

    from polars.io.plugins import register_io_source

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lazy = register_io_source(source, schema=first.schema)
        sink = lazy.sink_parquet if format == PARQUET else lazy.sink_ipc
        try:
            with told_by_the_system(polars):
                aside(lambda: sink(file, maintain_order=True))
        except polars.exceptions.PolarsError:
            if own:
                raise own[0] from None
            raise


def _frame(polars: Any, names: Sequence[str], table: Table) -> Any:
    results = np.asfortranarray(table.results).T
    columns = [series(polars, column) for column in (*table.typed(), *results)]
    return polars.DataFrame([c.alias(name) for name, c in zip(names, columns, strict=True)])
