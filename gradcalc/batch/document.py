"""One JSON value that is a whole table: an array of records, or an object of columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from gradcalc.batch.blocks import Blocks
from gradcalc.batch.chunk import Chunk
from gradcalc.batch.ndjson import Lines, chunk_of, header, noting, parsed
from gradcalc.errors import BindingError

ROWS = 1 << 16
"""In a chunk."""

_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*(?:[\"}]|\Z)|\[\s*(?:[\[\]{\d-]|\Z))")
"""What begins JSON, and no table of columns."""

_BETWEEN = re.compile(r"[\s,]*")


def recognised(blocks: Blocks, name: str) -> Lines | Document | None:
    """The reader of an input that is JSON, None where it is not: of records line by line, or of one
    value. What is on a line alone is a record, unless all in it are lists."""
    while not (start := blocks.begun()).strip() and blocks.begun(further=True) != start:
        pass
    if not _BEGINS.match(start):
        return None
    line, is_more = _first_line(start)
    first, _ = parsed(line)
    if first is None or (isinstance(first, list) and first and _are_nested(first)):
        return Document(blocks, name)
    if isinstance(first, list) or _are_nested(first.values()):
        while not is_more and (further := blocks.begun(further=True)) != start:
            start, is_more = further, _first_line(further)[1]
        if not is_more:
            return Document(blocks, name)
    return Lines(blocks, name)


def _first_line(start: bytes) -> tuple[bytes, bool]:
    """The first line that is not blank, and whether there is a further one."""
    text = start.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n").lstrip()
    line, _, more = text.partition(b"\n")
    return line, bool(more.strip())


def _are_nested(values: Iterable[Any]) -> bool:
    return all(isinstance(value, list | dict) for value in values)


class Document:
    """The rows of ``[{"x": 1}, …]``, ``[[1, 2], …]`` or ``{"x": [1, …]}``.

    It is read whole: what is no JSON is refused before the first row. Its records are read as
    ``Lines`` reads them.
    """

    unit = "row"

    def __init__(self, blocks: Blocks, name: str) -> None:
        self._done = 0
        self._records = _records(blocks.whole(), name)
        self.names, self.width = header(self._records[0][1])

    def part(self) -> float | None:
        return self._done / len(self._records)

    def chunks(self, wanted: Sequence[int], keep: bool) -> Iterator[Chunk]:
        rows = iter(self._records)
        while some := list(islice(rows, ROWS)):
            self._done += len(some)
            yield chunk_of(some, self.names, self.width, wanted, keep)


def _records(data: bytes, name: str) -> list[tuple[int, Any, set[str]]]:
    """The rows by number, each with the names that it gives twice."""
    twice: set[str] = set()
    try:
        text = data.decode("utf-8-sig")
        value = json.loads(text, object_pairs_hook=noting(twice))
    except UnicodeDecodeError:
        raise BindingError(f"{name} is not text in UTF-8") from None
    except json.JSONDecodeError as error:
        reason = f"{error.msg[:1].lower()}{error.msg[1:]}"
        place = f"line {error.lineno}, column {error.colno}"
        raise BindingError(f"{name} is not JSON: {reason} at {place}") from None
    except (ValueError, RecursionError):  # of digits, or of brackets
        raise BindingError(f"{name} is JSON that is too long or too deep") from None
    if isinstance(value, dict):
        is_one = not _are_nested(value.values())
        records = [(value, twice)] if is_one else _rows(value, twice, name)
    elif twice:
        records = list(zip(value, _twice(text, len(value)), strict=True))
    else:
        records = [(record, twice) for record in value]
    if not records:
        raise BindingError(f"{name} has no rows", hint='[{"x1": 2, "x2": 3}]')
    if not isinstance(records[0][0], list | dict):
        raise BindingError(
            f"{name} is a list: is it a row, or a column?",
            hint="[[1, 2]] is a row, [[1], [2]] are two",
        )
    return [(row, record, names) for row, (record, names) in enumerate(records, start=1)]


def _twice(text: str, count: int) -> Iterator[set[str]]:
    """The names that each record of an array gives twice."""
    twice: set[str] = set()
    decoder = json.JSONDecoder(object_pairs_hook=noting(twice))
    at = text.index("[") + 1
    for _ in range(count):
        twice.clear()
        _, at = decoder.raw_decode(text, _BETWEEN.match(text, at).end())  # type: ignore[union-attr]
        yield set(twice)


def _rows(columns: dict[str, Any], twice: set[str], name: str) -> list[tuple[Any, set[str]]]:
    """The rows of columns that are lists, or objects of values by row, as pandas writes them."""
    for label in sorted(twice):
        raise BindingError(f"{name} gives '{label[:40]}' twice")
    if not columns:
        return []
    kinds = {type(column) for column in columns.values()}
    if len(kinds) > 1:
        raise BindingError(f"{name}: some columns are lists, and some are objects")
    first, *others = columns.items()
    for label, column in others:
        if len(column) != len(first[1]) or (kinds == {dict} and [*column] != [*first[1]]):
            raise BindingError(
                f"{name}: the columns '{first[0][:40]}' and '{label[:40]}' have other rows",
                hint="--input-format ndjson for one record with arrays",
            )
    values = [column.values() if kinds == {dict} else column for column in columns.values()]
    return [(dict(zip(columns, row, strict=True)), set()) for row in zip(*values, strict=True)]
