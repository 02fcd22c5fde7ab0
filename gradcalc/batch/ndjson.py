"""NDJSON: a JSON object of values by name, or a list of numbers by order, on each line."""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, BinaryIO

import numpy as np

from gradcalc.batch.blocks import Blocks, require_text
from gradcalc.batch.chunk import Chunk, Table, as_list
from gradcalc.batch.columnar import library
from gradcalc.batch.spelling import FEW_ROWS, spelled
from gradcalc.errors import BindingError


class Lines:
    """Records, a line each. The names are those of the first one; an array is a value for each of
    ``a[0]``, ``a[1]``, …"""

    unit = "line"

    def __init__(self, blocks: Blocks, name: str) -> None:
        self._blocks = blocks
        self._line = 1
        self._pending = blocks.lines(quotes=False)
        first = self._first_record(name)
        self._flat = isinstance(first, dict) and not any(
            isinstance(value, list | dict) for value in first.values()
        )
        self.names, self.width = header(first)

    def part(self) -> float | None:
        return self._blocks.part()

    def _first_record(self, name: str) -> Any:
        for block in self._pending:
            require_text(block, name)
            block = block.removeprefix(b"\xef\xbb\xbf") if self._line == 1 else block
            text = block.lstrip()
            self._line += block[: len(block) - len(text)].count(b"\n")
            if text:
                self._pending = chain([text], self._pending)
                return parsed(text.partition(b"\n")[0])[0]
        raise BindingError(f"{name} is empty", hint='an object on each line: {"x1": 2, "x2": 3}')

    def chunks(self, wanted: Sequence[int], keep: bool) -> Iterator[Chunk]:
        for block in self._pending:
            chunk = None if keep else self._quick(block, wanted)
            if chunk is None:
                chunk = self._careful(block, wanted, keep)
            self._line += block.count(b"\n")
            if len(chunk):
                yield chunk

    def _quick(self, block: bytes, wanted: Sequence[int]) -> Chunk | None:
        """The block, if all its lines have numbers under all the names that are wanted."""
        polars = library(len(block))
        if polars is None or not self._flat or self.names is None or not wanted:
            return None
        count = block.count(b"\n") + (not block.endswith(b"\n"))
        if not self._is_plain(block, count, wanted):
            return None
        schema = {self.names[j]: polars.Float64 for j in wanted}
        try:
            frame = polars.read_ndjson(block, schema=schema)
        except polars.exceptions.PolarsError:
            return None
        if len(frame) != count or any(column.null_count() for column in frame.get_columns()):
            return None
        return Chunk(frame.to_numpy(), range(self._line, self._line + count))

    def _is_plain(self, block: bytes, count: int, wanted: Sequence[int]) -> bool:
        """Whether no name that is wanted can stand twice on one of the ``count`` lines, if it
        stands on all of them: polars does not tell."""
        if b"\\" in block or block.startswith(b"\xef\xbb\xbf"):
            return False
        names = self.names or ()
        if len(wanted) == len(names):
            return block.count(b'"') == 2 * len(names) * count
        labels = (f'"{names[j]}"'.encode() for j in wanted)
        return all(block.count(label) == count for label in labels)

    def _careful(self, block: bytes, wanted: Sequence[int], keep: bool) -> Chunk:
        lines = enumerate(block.split(b"\n"), start=self._line)
        records = ((line, *parsed(text)) for line, text in lines if text.strip())
        return chunk_of(records, self.names, self.width, wanted, keep)


def header(first: Any) -> tuple[tuple[str, ...] | None, int]:
    """The names that the first record gives to all, None if it is a list, and how many columns."""
    flat = _flattened(first) if isinstance(first, list | dict) else {}
    return tuple(flat) if isinstance(first, dict) else None, len(flat)


def chunk_of(
    records: Iterable[tuple[int, Any, set[str]]],
    names: tuple[str, ...] | None,
    width: int,
    wanted: Sequence[int],
    keep: bool,
) -> Chunk:
    """Records, each with its number and the names that it gives twice, as rows under ``names``."""
    rows: list[list[float]] = []
    kept_records: list[dict[str, Any]] = []
    lines: list[int] = []
    unread: dict[int, str] = {}
    needed = {(names or ())[j].partition("[")[0] for j in wanted if names}
    for line, record, twice in records:
        flat = _flattened(record) if isinstance(record, list | dict) else {}
        numbers, why = _numbers(record, flat, names, width, wanted)
        for name in sorted(twice if keep else twice & needed)[:1]:
            numbers, why = [math.nan] * len(wanted), f"{name[:40]} is given twice"
        if why:
            unread[len(rows)] = why
        rows.append(numbers)
        lines.append(line)
        kept_records.append(flat if keep else {})
    table = np.array(rows, float).reshape(len(rows), len(wanted))
    labels = (names or tuple(map(str, range(width)))) if keep else ()
    kept = tuple(_column([record.get(label) for record in kept_records]) for label in labels)
    return Chunk(table, lines, unread, kept)


def _numbers(
    record: Any,
    flat: dict[str, Any],
    names: tuple[str, ...] | None,
    width: int,
    wanted: Sequence[int],
) -> tuple[list[float], str]:
    """The numbers that are wanted of a record; or NaNs, and why."""
    nothing = [math.nan] * len(wanted)
    shape = "object" if names else "list"
    if not isinstance(record, dict if names else list):
        return nothing, f"not a JSON {shape}"
    if not names and len(flat) != width:
        return nothing, f"{len(flat)} numbers instead of {width}"
    numbers = []
    for j in wanted:
        label = names[j] if names else str(j)
        if label not in flat:
            return nothing, f"no {label}"
        value = flat[label]
        if isinstance(value, bool) or not isinstance(value, int | float):
            return nothing, f"{label} is {json.dumps(value)[:40]}, not a number"
        numbers.append(_float(value))
    return numbers, ""


def _float(number: float) -> float:
    """As a double; an integer beyond all doubles is infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def parsed(text: bytes) -> tuple[Any, set[str]]:
    """The value of a line, None if it is not JSON; and the names with two values in one object."""
    twice: set[str] = set()
    try:
        return json.loads(text, object_pairs_hook=noting(twice)), twice
    except (ValueError, RecursionError):
        return None, twice


def noting(twice: set[str]) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    """What makes an object of its pairs, and puts the names that have two values into ``twice``."""

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            twice.update(name for name, count in counts.items() if count > 1)
        return found

    return made


def _flattened(record: dict[str, Any] | list[Any]) -> dict[str, Any]:
    """``{"x": 1, "a": [2, 3]}`` as x, a[0], a[1]; ``[1, 2]`` as 0, 1."""
    if isinstance(record, list):
        return {str(j): value for j, value in enumerate(record)}
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, list):
            flat |= {f"{name}[{place}]": item for place, item in _items(value)}
        else:
            flat[name] = value
    return flat


def _items(value: list[Any]) -> Iterator[tuple[str, Any]]:
    for j, item in enumerate(value):
        if isinstance(item, list):
            yield from ((f"{j},{place}", inner) for place, inner in _items(item))
        else:
            yield str(j), item


def _column(values: list[Any]) -> Any:
    column = np.empty(len(values), object)
    column[:] = values
    return column


# --- writing --------------------------------------------------------------------------------------


def write(names: Sequence[str], tables: Iterator[Table], file: BinaryIO) -> None:
    """An object for each row. Strict JSON: a number that is not finite is null."""
    for table in tables:
        short = table.kept or len(table.results) < FEW_ROWS
        polars = None if short else library(8 * table.results.size)
        if polars is None:
            file.write(_plain(names, table))
        else:
            text = io.BytesIO()
            columns = zip(names, np.asfortranarray(table.results).T, strict=True)
            polars.DataFrame(dict(columns)).write_ndjson(text)
            file.write(text.getvalue())
        file.flush()


def _plain(names: Sequence[str], table: Table) -> bytes:
    keys = [json.dumps(name, ensure_ascii=False) for name in names]
    columns = [[_spelled(value) for value in as_list(column)]
               for column in (*table.kept, *table.results.T)]  # fmt: skip
    fields = ",".join(f"{key.replace('%', '%%')}:%s" for key in keys)
    template = "{" + fields + "}\n"
    return "".join([template % row for row in zip(*columns, strict=True)]).encode()


def _spelled(value: Any) -> str:
    if isinstance(value, float):
        return spelled(repr(value)) if math.isfinite(value) else "null"
    return json.dumps(value, ensure_ascii=False, default=str)
