"""Many files as one input: their rows one after another, their columns found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace

import numpy as np

from gradcalc.batch.chunk import Chunk, Column, Reader
from gradcalc.errors import BindingError


class Several:
    """The rows of ``first``, then those of the other files."""

    def __init__(
        self,
        first: Reader,
        paths: Sequence[str],
        opened: Callable[[str], AbstractContextManager[Reader]],
    ) -> None:
        self._first = first
        self._paths = paths
        self._opened = opened
        self.names, self.width, self.unit = first.names, first.width, first.unit
        self._done = 0
        for path in paths[1:]:  # what does not fit is refused before the first row
            with opened(path) as reader:
                self._alike(reader, path)

    def part(self) -> float | None:
        return self._done / len(self._paths)

    def chunks(self, wanted: Sequence[int], keep: bool) -> Iterator[Chunk]:
        for chunk in self._first.chunks(wanted, keep):
            yield replace(chunk, source=self._paths[0])
        for path in self._paths[1:]:
            self._done += 1
            with self._opened(path) as reader:
                for chunk in self._alike(reader, path).chunks(wanted, keep):
                    yield replace(chunk, source=path)

    def _alike(self, reader: Reader, path: str) -> Alike:
        return Alike(reader, self.names, self.width, path, self._paths[0])


class Alike:
    """A reader with the columns of another file, ``names`` or as many as ``width``, in their order.

    Raises BindingError where it lacks one.
    """

    def __init__(
        self, reader: Reader, names: tuple[str, ...] | None, width: int, path: str, first: str
    ) -> None:
        self._reader = reader
        self.names, self.width, self.unit, self.part = names, width, reader.unit, reader.part
        if names is None or reader.names is None:
            if names != reader.names or width != reader.width:
                raise BindingError(f"{path} has other columns than {first}")
            self._order = list(range(width))
            return
        place = {name: j for j, name in enumerate(reader.names)}
        for name in names:
            if name not in place:
                raise BindingError(f"{path} has no column '{name}', which {first} has")
        self._order = [place[name] for name in names]

    def chunks(self, wanted: Sequence[int], keep: bool) -> Iterator[Chunk]:
        for chunk in self._reader.chunks([self._order[j] for j in wanted], keep):
            yield replace(chunk, kept=tuple(chunk.kept[j] for j in self._order) if keep else ())


class Partition:
    """A file of a partitioned data set: ``keys`` are further columns, the same in all its rows."""

    def __init__(self, reader: Reader, keys: Mapping[str, str]) -> None:
        self._reader = reader
        self._file_width = reader.width
        names = reader.names or ()
        self._keys = [text for name, text in keys.items() if name not in names]
        more = tuple(name for name in keys if name not in names)
        self.names = (*names, *more) if reader.names is not None else None
        self.width = reader.width + len(more) if reader.names is not None else reader.width
        self.unit, self.part = reader.unit, reader.part

    def chunks(self, wanted: Sequence[int], keep: bool) -> Iterator[Chunk]:
        inside = [j for j in wanted if j < self._file_width]
        row = [0.0 if j < self._file_width else _number(self._key(j)) for j in wanted]
        for chunk in self._reader.chunks(inside, keep):
            numbers = np.tile(np.array(row), (len(chunk), 1))
            numbers[:, [k for k, j in enumerate(wanted) if j < self._file_width]] = chunk.numbers
            more = tuple(_column(text, len(chunk)) for text in self._keys) if keep else ()
            yield replace(chunk, numbers=numbers, kept=(*chunk.kept, *more))

    def _key(self, j: int) -> str:
        return self._keys[j - self._file_width]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _column(text: str, rows: int) -> Column:
    """As a table has it: whole numbers, numbers or text."""
    for kind in (int, float):
        with suppress(ValueError):
            return np.full(rows, kind(text))
    return np.full(rows, text, object)
