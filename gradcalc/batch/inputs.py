"""Files of points, opened as readers of their rows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from gradcalc.batch import compression, formats, places
from gradcalc.batch.chunk import Chunk, Reader
from gradcalc.batch.names import by_extension, is_remote
from gradcalc.batch.several import Partition
from gradcalc.errors import BindingError


class Input(NamedTuple):
    """A file, how long it is and what changes when it does; the ``keys`` of its partition."""

    path: str
    size: int
    stamp: str
    keys: Mapping[str, str]

    @property
    def name(self) -> str:
        return called(self.path)


def called(path: str) -> str:
    """What a file is called here: from this folder on, if it is below it."""
    return path if is_remote(path) else path.removeprefix(os.path.join(os.getcwd(), ""))


@contextmanager
def rows(
    path: str,
    format: str | None,
    keys: Mapping[str, str],
    groups: tuple[int, int] | None = None,
) -> Iterator[Reader]:
    """The rows of a file; of its row groups from one up to another, if only those are asked for.

    Raises UsageError when it cannot be read, BindingError when it is not what it should be.
    """
    with places.opened(path) as file:
        if groups is not None:
            from gradcalc.batch.rowgroups import RowGroups  # deferred: pyarrow, for these alone

            yield _with(keys, RowGroups(file, path, groups))
            return
        kind = compression.of_input(path)
        source = compression.Decompressed(kind, file, path) if kind else file
        with formats.opened(format or by_extension(path), source, path) as reader:  # type: ignore[arg-type]
            yield _with(keys, reader)


class Told:
    """A reader; what the system or a server says while it reads is said of the input ``path``."""

    def __init__(self, reader: Reader, path: str) -> None:
        self._reader = reader
        self._path = path
        self.names, self.width, self.unit = reader.names, reader.width, reader.unit
        self.part = reader.part

    def chunks(self, wanted: Sequence[int], keep: bool) -> Iterator[Chunk]:
        try:
            yield from self._reader.chunks(wanted, keep)
        except OSError as error:
            reason = (error.strerror or str(error)).partition("\n")[0].lower()
            raise BindingError(f"{self._path}: {reason}") from None


def _with(keys: Mapping[str, str], reader: Reader) -> Reader:
    return Partition(reader, keys) if keys else reader
