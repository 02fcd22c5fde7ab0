"""Many files as one input: a folder's, or those that a pattern fits, in natural order."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from gradcalc.batch.chunk import Chunk, Reader
from gradcalc.batch.names import by_extension
from gradcalc.errors import BindingError, UsageError
from gradcalc.language.names import natural


def files(path: str) -> list[str]:
    """The files that ``path`` means. A file that is called so is meant, whatever is in its name.

    Raises UsageError where a folder has no file of points, or a pattern fits none.
    """
    if os.path.isdir(path):
        inside = [os.path.join(path, name) for name in os.listdir(path) if name[0] != "."]
        found = [name for name in inside if by_extension(name) and os.path.isfile(name)]
    elif os.path.exists(path) or not any(mark in path for mark in "*?["):
        return [path]
    else:
        found = [name for name in glob.glob(path) if os.path.isfile(name)]
    if not found:
        raise UsageError(f"cannot read '{path}': there are no files of points")
    return sorted(found, key=natural)


class Several:
    """The rows of ``first``, then those of the other files, whose columns are found by name."""

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
        self._orders: list[list[int]] = []
        for path in paths[1:]:  # what does not fit is refused before the first row
            with opened(path) as reader:
                self._orders.append(self._order(reader, path))

    def part(self) -> float | None:
        return self._done / len(self._paths)

    def chunks(self, wanted: Sequence[int], keep: bool) -> Iterator[Chunk]:
        for chunk in self._first.chunks(wanted, keep):
            yield replace(chunk, source=self._paths[0])
        for path, order in zip(self._paths[1:], self._orders, strict=True):
            self._done += 1
            with self._opened(path) as reader:
                for chunk in reader.chunks([order[j] for j in wanted], keep):
                    kept = tuple(chunk.kept[j] for j in order) if keep else ()
                    yield replace(chunk, source=path, kept=kept)

    def _order(self, reader: Reader, path: str) -> list[int]:
        """Where the columns of the first file are in another one."""
        if self.names is None or reader.names is None:
            if self.names == reader.names and self.width == reader.width:
                return list(range(self.width))
            raise BindingError(f"{path} has other columns than {self._paths[0]}")
        place = {name: j for j, name in enumerate(reader.names)}
        for name in self.names:
            if name not in place:
                raise BindingError(f"{path} has no column '{name}', which {self._paths[0]} has")
        return [place[name] for name in self.names]
