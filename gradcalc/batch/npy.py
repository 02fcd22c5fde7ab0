"""NPY: numpy's own format, an array of shape (N, n), or with named fields; NPZ has several."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from gradcalc.batch.chunk import Chunk, Table
from gradcalc.errors import BindingError, UsageError

ROWS = 50_000


NUMBERS, KEPT = "iuf", "iufbU"
"""Kinds of numpy types: what can be computed with, and what can be carried through as it is."""


class Array:
    """The rows of an array, read as they are needed; counted from 1.

    Raises BindingError for what is not an array of numbers with one or two axes.
    """

    unit = "row"

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        shape, self._by_columns, self._type = _header(file, name)
        self.names: tuple[str, ...] | None = self._type.names
        if not 1 <= len(shape) <= (1 if self.names else 2) or self._type.hasobject:
            raise BindingError(f"{name} has shape {shape} of {self._type}: not rows of numbers")
        self.rows, self.flat = shape[0], len(shape) == 1
        self.width = len(self.names) if self.names else (shape[1] if len(shape) == 2 else 1)
        if min(shape) < 0 or not self.width or not self._type.itemsize:
            raise BindingError(f"{name} has shape {shape} of {self._type}: there is nothing in it")
        if self._by_columns and not file.seekable():
            raise UsageError(f"{name} is stored column by column: it cannot come through a pipe")
        self._start = file.tell() if self._by_columns else 0
        self._done = 0

    def part(self) -> float | None:
        return self._done / self.rows if self.rows else None

    def chunks(self, wanted: Sequence[int], keep: bool) -> Iterator[Chunk]:
        for j in range(self.width) if keep else wanted:
            self.require(j, NUMBERS if j in wanted else KEPT)
        most = max(1, min(ROWS, (ROWS * 16) // max(1, self.width)))
        for start in range(0, self.rows, most):
            count = min(most, self.rows - start)
            columns = self.columns(start, count)
            numbers = np.array([columns[j] for j in wanted], float).reshape(-1, count).T
            self._done = start + count
            lines = range(start + 1, start + count + 1)
            yield Chunk(numbers, lines, {}, tuple(map(_native, columns)) if keep else ())
        if not self._by_columns and self._file.read(1):
            raise BindingError(f"{self._name} goes on after its {self.rows} rows")

    def require(self, j: int, kinds: str) -> None:
        """Refuse a column of which numpy would make something else."""
        kind = self._type[j] if self.names else self._type
        if kind.shape or kind.kind not in kinds:
            what = f"column '{self.names[j]}' of {self._name}" if self.names else self._name
            raise BindingError(f"{what} is of {kind}: not numbers")

    def columns(self, start: int, count: int) -> list[NDArray[Any]]:
        """The columns of some rows; those before have been read."""
        rows = self._read(start, count)
        return [rows[name] for name in self.names] if self.names else list(rows.T)

    def _read(self, start: int, count: int) -> NDArray[Any]:
        if not self._by_columns:
            rows = self._numbers(count * (1 if self.names else self.width))
            return rows if self.names else rows.reshape(count, self.width)
        columns = []
        for j in range(self.width):
            self._file.seek(self._start + (j * self.rows + start) * self._type.itemsize)
            columns.append(self._numbers(count))
        return np.stack(columns, axis=1)

    def _numbers(self, count: int) -> NDArray[Any]:
        wanted = count * self._type.itemsize
        data = self._file.read(wanted)
        if len(data) < wanted:
            raise BindingError(f"{self._name} ends before all its rows")
        return np.frombuffer(data, self._type)


class Archive:
    """The arrays of an NPZ file side by side: a column for each of one axis, called as the array
    is, or several (a[0], a[1]) for one of two; an array alone is what it would be as NPY."""

    unit = "row"

    def __init__(self, file: BinaryIO, name: str) -> None:
        try:
            archive = ZipFile(file)
            inside = [member for member in archive.namelist() if member.endswith(".npy")]
            opened: list[Any] = [archive.open(member) for member in inside]
        except (BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
            raise BindingError(f"{name} is no NPZ file: {error}") from None
        labels = [member.removesuffix(".npy") for member in inside]
        self._arrays = [Array(f, f"{name}, {n}") for f, n in zip(opened, labels, strict=True)]
        named = list(zip(labels, self._arrays, strict=True))
        if len({array.rows for array in self._arrays}) != 1:
            told = ", ".join(f"{label} has {array.rows}" for label, array in named)
            raise BindingError(f"{name} has no arrays of one length: {told or 'it is empty'}")
        self.width = sum(array.width for array in self._arrays)
        found = (word for label, array in named for word in array.names or _labels(label, array))
        self.names: tuple[str, ...] | None = tuple(found)
        if labels == ["arr_0"]:  # numpy's name for what was given none
            self.names = self._arrays[0].names
        self._rows, self._done = self._arrays[0].rows, 0

    def part(self) -> float | None:
        return self._done / self._rows if self._rows else None

    def chunks(self, wanted: Sequence[int], keep: bool) -> Iterator[Chunk]:
        places = [(array, k) for array in self._arrays for k in range(array.width)]
        for j in range(self.width) if keep else wanted:
            array, k = places[j]
            array.require(k, NUMBERS if j in wanted else KEPT)
        most = max(1, min(ROWS, (ROWS * 16) // max(1, self.width)))
        for start in range(0, self._rows, most):
            count = min(most, self._rows - start)
            columns = [column for array in self._arrays for column in array.columns(start, count)]
            numbers = np.array([columns[j] for j in wanted], float).reshape(-1, count).T
            self._done = start + count
            lines = range(start + 1, start + count + 1)
            yield Chunk(numbers, lines, {}, tuple(map(_native, columns)) if keep else ())


def _labels(name: str, array: Array) -> list[str]:
    return [name] if array.flat else [f"{name}[{k}]" for k in range(array.width)]


def _header(file: BinaryIO, name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """The shape, whether column by column, and the type of an item or of a row."""
    try:
        version = npy.read_magic(file)
        if version not in ((1, 0), (2, 0), (3, 0)):
            raise ValueError(f"version {version[0]}.{version[1]} of the format is not known")
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, by_columns, kind = read(file)
        if version == (3, 0) and kind.names:  # UTF-8, which numpy's reader of 2.0 takes for Latin-1
            kind.names = tuple(field.encode("latin1").decode() for field in kind.names)
    except Exception as error:  # a header is a Python literal: whatever the reader of those says
        reason = str(error).partition("\n")[0]
        raise BindingError(f"{name} is not an NPY file: {reason}") from None
    return shape, by_columns, kind


def _native(column: NDArray[Any]) -> NDArray[Any]:
    """In the byte order of this machine, which is all that others take."""
    return column.astype(column.dtype.newbyteorder("="))


def write(names: Sequence[str], tables: Iterator[Table], file: BinaryIO) -> None:
    """Float64, shape (N, k). The header has the number of rows: it is written again at the end."""
    start, rows = file.tell(), 0
    _write_header(file, rows, len(names))
    for table in tables:
        try:
            kept = [np.asarray(column, float) for column in table.typed()]
        except (TypeError, ValueError):
            raise UsageError("NPY has no place for text", hint="another --format, or no --keep"
                             ) from None  # fmt: skip
        block = np.column_stack([*kept, table.results]) if kept else table.results
        file.write(np.ascontiguousarray(block).data)
        rows += len(block)
    file.seek(start)
    _write_header(file, rows, len(names))
    file.seek(0, os.SEEK_END)


def _write_header(file: BinaryIO, rows: int, columns: int) -> None:
    """Always of the same length: numpy leaves room for the first axis to grow."""
    header = {"descr": "<f8", "fortran_order": False, "shape": (rows, columns)}
    npy.write_array_header_1_0(file, header)
