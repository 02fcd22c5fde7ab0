"""How a data set is cut into parts, each of which is computed and written by itself."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from gradcalc.batch import places
from gradcalc.batch.inputs import Input
from gradcalc.batch.names import by_extension, is_remote
from gradcalc.errors import BindingError

ROWS = 2_000_000
"""In a part of a Parquet file, about: a second or two of work."""

_AT_ONCE = 16
"""Files that are looked at side by side: stores take long to answer."""

_NONE = (0, 0)
"""The row groups of a file that has none, or is damaged."""

_OTHERS = re.compile(r"[^\w.+=-]+", re.ASCII)


class Part(NamedTuple):
    """The rows of an input, or those of its row groups from one up to another, which become the
    file ``name``."""

    number: int
    input: Input
    groups: tuple[int, int] | None
    name: str

    @property
    def source(self) -> str:
        """The input, for a message."""
        if self.groups is None or self.groups == _NONE:
            return self.input.name
        first, last = self.groups[0], self.groups[1] - 1
        which = f"row group {first}" if first == last else f"row groups {first} to {last}"
        return f"{self.input.name}, {which}"


def looked_at(paths: Sequence[str], given: Sequence[str]) -> list[Input]:
    """The files with their stamps; ``given`` is what the user called them."""

    def one(path: str) -> Input:
        size, stamp = places.stamp(path)
        return Input(_lasting(path), size, stamp, places.keys(path, given))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(one, paths))


def again(file: Input) -> Input:
    """A file as it is now."""
    size, stamp = places.stamp(file.path)
    return file._replace(size=size, stamp=stamp)


def parts(inputs: Sequence[Input], format: str | None, rows: int, extension: str) -> list[Part]:
    """The parts in the order of their rows. A file of text is one; of Parquet, as many row groups
    as have ``rows`` rows, at least one.

    They are named so that their names stand in that order too.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        cuts = list(pool.map(lambda file: list(_cut(file, format, rows)), inputs))
    pieces = [(file, groups) for file, cut in zip(inputs, cuts, strict=True) for groups in cut]
    width = max(5, len(str(len(pieces))))
    return [
        Part(k, file, groups, f"part-{k:0{width}}-{_named(file, groups)}{extension}")
        for k, (file, groups) in enumerate(pieces)
    ]


def _cut(file: Input, format: str | None, rows: int) -> Iterator[tuple[int, int] | None]:
    if (format or by_extension(file.path)) != "parquet":
        yield None
        return
    from gradcalc.batch.rowgroups import sizes  # deferred: pyarrow, for these alone

    try:
        with places.opened(file.path) as opened:
            groups = sizes(opened, file.path)
    except BindingError:  # a damaged file is told when it is its turn, and the others are done
        groups = []
    start, count = 0, 0
    for k, size in enumerate(groups):
        if count and count + size > rows:
            yield start, k
            start, count = k, 0
        count += size
    yield start, len(groups)


def _named(file: Input, groups: tuple[int, int] | None) -> str:
    stem = re.split(r"[/\\]", file.path)[-1].split(".")[0]
    stem = _OTHERS.sub("_", stem)[:60] or "points"
    return stem if groups is None else f"{stem}-g{groups[0]:04}"


def _lasting(path: str) -> str:
    """The path that means the same in another folder."""
    return path if is_remote(path) else os.path.abspath(path)
