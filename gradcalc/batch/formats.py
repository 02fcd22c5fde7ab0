"""How each format is read and written. Their names and extensions are in ``names``."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, NamedTuple

from gradcalc.batch import document, ndjson, npy, parquet, separated, spelling
from gradcalc.batch.ahead import ahead
from gradcalc.batch.blocks import Blocks
from gradcalc.batch.chunk import Reader, Table, Writer
from gradcalc.batch.dialect import SEPARATORS


class Handlers(NamedTuple):
    """``reader(file, name)`` and ``writer(names, tables, file)``.

    ``seeks`` says that the reader, or the writer, needs a file in which it can go back.
    """

    reader: Callable[[BinaryIO, str], Reader]
    writer: Writer
    reader_seeks: bool = False
    writer_seeks: bool = False


def _separated(file: BinaryIO, name: str, separators: Sequence[str] = SEPARATORS) -> Reader:
    return separated.Separated(Blocks(file), name, separators)


def _lines(file: BinaryIO, name: str) -> Reader:
    return ndjson.Lines(Blocks(file), name)


def _by_content(file: BinaryIO, name: str) -> Reader:
    """JSON if it begins so, or else columns."""
    blocks = Blocks(file)
    return document.recognised(blocks, name) or separated.Separated(blocks, name, SEPARATORS)


HANDLERS = {
    "csv": Handlers(_separated, partial(spelling.write, separator=",")),
    "tsv": Handlers(partial(_separated, separators="\t"), partial(spelling.write, separator="\t")),
    "ndjson": Handlers(_lines, ndjson.write),
    "npy": Handlers(npy.Array, npy.write, writer_seeks=True),
    "npz": Handlers(npy.Archive, npy.write, reader_seeks=True),
    "parquet": Handlers(parquet.Frame, parquet.write, reader_seeks=True, writer_seeks=True),
    "arrow": Handlers(
        partial(parquet.Frame, format=parquet.ARROW),
        partial(parquet.write, format=parquet.ARROW),
        reader_seeks=True,
        writer_seeks=True,
    ),
}


@contextmanager
def opened(format: str | None, file: BinaryIO, name: str) -> Iterator[Reader]:
    """The input ``file``, which errors call ``name``; None is the format that its content says.

    Raises BindingError if it cannot be that.
    """
    if format is None:
        yield _by_content(file, name)
        return
    handlers = HANDLERS[format]
    if not handlers.reader_seeks or _is_regular(file):
        yield handlers.reader(file, name)
        return
    with tempfile.NamedTemporaryFile() as copy:  # all of a pipe
        shutil.copyfileobj(file, copy, 1 << 20)
        copy.flush()
        yield handlers.reader(copy, name)  # type: ignore[arg-type]


def _is_regular(file: BinaryIO) -> bool:
    name = getattr(file, "name", None)
    return isinstance(name, str) and os.path.isfile(name)


def written(
    format: str, names: Sequence[str], tables: Iterator[Table], file: BinaryIO, seeks: bool
) -> None:
    """The tables in this format on ``file``; by way of a temporary file if it cannot go back."""
    handlers, tables = HANDLERS[format], ahead(tables)
    if seeks or not handlers.writer_seeks:
        handlers.writer(names, tables, file)
        return
    with tempfile.TemporaryFile() as copy:
        handlers.writer(names, tables, copy)
        copy.seek(0)
        shutil.copyfileobj(copy, file, 1 << 20)
