"""CSV and TSV: a quick path for blocks that are all numbers, a careful one for those that are not.

The quick path is polars where it is installed, numpy where it is not. It takes a block as a whole
or not at all; the careful one goes line by line and says what is wrong with each.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gradcalc.batch.blocks import LONGEST, Blocks, is_regular, require_text
from gradcalc.batch.chunk import Chunk, Column, Floats, Table, joined
from gradcalc.batch.columnar import as_cell, library, series, told_by_the_system
from gradcalc.errors import BindingError

PIECES = 16
"""Into how many pieces a block is cut that has something wrong in it, to find out where."""

BATCH = 8192
"""Rows that polars spells at a time: fewer, larger writes."""

FEW_ROWS = 512
"""Rows below which polars takes longer for its columns (10 µs each) than for what is in them."""

DENSE = 1 / 8
"""The part of wide rows that varies from which on polars spells them sooner than Python."""

GLANCE = 64
"""Rows that show of most columns that they are not constant."""


class Separated:
    """Rows of fields. The first line is a header if none of its fields is a number."""

    unit = "line"

    def __init__(self, file: BinaryIO, name: str, separator: str) -> None:
        self._blocks = Blocks(file, quotes=True)
        self._separator = separator
        self._line = 1
        self._pending = iter(self._blocks)
        csv.field_size_limit(LONGEST)
        first = self._first_record(name)
        self.width = len(first)
        numeric = any(_number(field) is not None for field in first)
        self.names = None if numeric else _header(first)
        if not numeric:
            self._skip_record()

    def part(self) -> float | None:
        return self._blocks.part()

    def chunks(self, wanted: Sequence[int], keep: bool) -> Iterator[Chunk]:
        for block in self._pending:
            if block:
                count = _count(block)
                chunk = self._chunk(block, count, wanted, keep)
                self._line += count
                if len(chunk):
                    yield chunk

    # --- the header -----------------------------------------------------------------------------

    def _first_record(self, name: str) -> list[str]:
        """The fields of the first line that is not empty; what follows is still to be read."""
        for block in self._pending:
            require_text(block, name)
            block = block.removeprefix(b"\xef\xbb\xbf") if self._line == 1 else block
            text = block.lstrip(b"\r\n")
            self._line += block[: len(block) - len(text)].count(b"\n")
            if text:
                reader = csv.reader(_text_lines(text), delimiter=self._separator)
                first = next(reader)
                self._pending = chain([text], self._pending)
                self._ends = (text, reader.line_num)
                return first
        raise BindingError(f"{name} is empty", hint="a header of names, then a row for each point")

    def _skip_record(self) -> None:
        """Go on after the first record, which has some lines of the first block."""
        text, count = self._ends
        end = 0
        for _ in range(count):
            end = text.find(b"\n", end) + 1 or len(text)
        self._line += count
        next(self._pending)
        self._pending = chain([text[end:]], self._pending)

    # --- the rows -------------------------------------------------------------------------------

    def _chunk(self, block: bytes, count: int, wanted: Sequence[int], keep: bool) -> Chunk:
        whole = self._quick(block, range(self._line, self._line + count), wanted, keep)
        if whole is not None:
            return whole
        found, line = [], self._line
        for piece in _cut(block):
            lines = range(line, line + _count(piece))
            quick = self._quick(piece, lines, wanted, keep)
            found.append(quick or self._careful(piece, line, wanted, keep))
            line = lines.stop
        return joined(found)

    def _quick(self, block: bytes, lines: range, wanted: Sequence[int], keep: bool) -> Chunk | None:
        """The block, if every line of it has all its fields, and numbers where they are wanted."""
        quoted = b'"' in block
        if not wanted or not block.strip():
            return None
        # That the last number is there says that all fields are; text may be empty.
        if not quoted and self.width - 1 not in wanted and not self._is_full(block, len(lines)):
            return None
        polars = library(len(block))
        if polars is not None:
            return self._by_polars(polars, block, lines, wanted, keep)
        # numpy does not say of a row with more fields than it was asked for.
        if keep or quoted or self.width > len(wanted):
            return None
        try:
            numbers = np.loadtxt(
                _text_lines(block), delimiter=self._separator, comments=None, ndmin=2
            )
        except ValueError:
            return None
        if numbers.shape != (len(lines), self.width):
            return None
        return Chunk(numbers[:, list(wanted)], lines)

    def _is_full(self, block: bytes, count: int) -> bool:
        """Whether ``count`` lines can all have their fields."""
        return block.count(self._separator.encode()) == count * (self.width - 1)

    def _by_polars(
        self, polars: Any, block: bytes, lines: range, wanted: Sequence[int], keep: bool
    ) -> Chunk | None:
        # All columns are read, wanted or not: only then does a field too many show.
        schema = {str(j): polars.Float64 if j in wanted else polars.String
                  for j in range(self.width)}  # fmt: skip
        try:
            frame = polars.read_csv(
                block, has_header=False, separator=self._separator, schema=schema
            )
        except polars.exceptions.PolarsError:
            return None
        columns = frame.get_columns()
        short = b'"' in block and columns[-1].null_count()
        if len(frame) != len(lines) or short or any(columns[j].null_count() for j in wanted):
            return None
        numbers = frame.select([str(j) for j in wanted]).to_numpy()
        kept = tuple(column if j in wanted else column.fill_null("")
                     for j, column in enumerate(columns)) if keep else ()  # fmt: skip
        return Chunk(numbers, lines, {}, kept)

    def _careful(self, block: bytes, line: int, wanted: Sequence[int], keep: bool) -> Chunk:
        rows: list[list[float]] = []
        texts: list[list[str]] = []
        lines: list[int] = []
        unread: dict[int, str] = {}
        reader = csv.reader(_text_lines(block), delimiter=self._separator)
        start = 0
        for record in reader:
            here, start = line + start, reader.line_num
            if not record or (len(record) == 1 and self.width > 1 and not record[0].strip()):
                continue
            numbers, why = self._numbers(record, wanted)
            if why:
                unread[len(rows)] = why
            rows.append(numbers)
            lines.append(here)
            if keep:
                texts.append((record + [""] * self.width)[: self.width])
        table = np.array(rows, float).reshape(len(rows), len(wanted))
        return Chunk(table, lines, unread, self._kept(texts, table, wanted) if keep else ())

    def _numbers(self, record: list[str], wanted: Sequence[int]) -> tuple[list[float], str]:
        """The numbers of a record, or NaNs and why there are none."""
        nothing = [np.nan] * len(wanted)
        if len(record) != self.width:
            fields = f"{len(record)} field{'' if len(record) == 1 else 's'}"
            return nothing, f"{fields} instead of {self.width}"
        numbers = [_number(record[j]) for j in wanted]
        for j, number in zip(wanted, numbers, strict=True):
            if number is None:
                label = self.names[j] if self.names else f"field {j + 1}"
                text = record[j].strip()
                return nothing, f"{label} is {text[:40]!r}, not a number" if text else (
                    f"{label} is empty"
                )
        return [number for number in numbers if number is not None], ""

    def _kept(
        self, texts: list[list[str]], numbers: Floats, wanted: Sequence[int]
    ) -> tuple[Column, ...]:
        place = {column: j for j, column in enumerate(wanted)}
        return tuple(
            numbers[:, place[j]] if j in place else np.array([text[j] for text in texts], object)
            for j in range(self.width)
        )


def _header(fields: Sequence[str]) -> tuple[str, ...]:
    """The names; numpy.savetxt begins its header with a #."""
    names = [field.strip() for field in fields]
    names[0] = names[0].removeprefix("#").strip()
    return tuple(names)


def _number(field: str) -> float | None:
    if "_" in field or not field.isascii():  # Python would read 1_000 and ١
        return None
    try:
        return float(field)
    except ValueError:
        return None


def _count(block: bytes) -> int:
    newlines = np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n"))  # beats bytes.count
    return int(newlines) + (not block.endswith(b"\n"))


def _text_lines(block: bytes) -> io.StringIO:
    return io.StringIO(block.decode("utf-8", "replace").replace("\0", "\ufffd"), newline="")


def _cut(block: bytes) -> Iterator[bytes]:
    """The block in pieces of whole lines."""
    if b'"' in block:
        yield block
        return
    size, start = len(block) // PIECES + 1, 0
    while start < len(block):
        end = block.find(b"\n", min(start + size, len(block)) - 1) + 1 or len(block)
        yield block[start:end]
        start = end


# --- writing --------------------------------------------------------------------------------------


def write(names: Sequence[str], tables: Iterator[Table], file: BinaryIO, separator: str) -> None:
    """A header, then a line for each row; numbers in the shortest text that reads back exactly."""
    header = io.StringIO()
    csv.writer(header, delimiter=separator, lineterminator="\n").writerow(names)
    file.write(header.getvalue().encode())
    file.flush()
    straight = is_regular(file)
    for table in tables:
        _write_table(table, file, separator, straight)
        file.flush()


def _write_table(table: Table, file: BinaryIO, separator: str, straight: bool) -> None:
    polars = library(8 * table.results.size)
    if polars is None or (len(table.results) < FEW_ROWS and not table.kept):
        file.write(_lines(polars, table, separator))
        return
    varying = np.ones(table.results.shape[1], bool) if table.kept else _varying(table.results)
    if not varying.any():
        file.write(_lines(polars, table, separator))
    elif straight:
        _write_by_polars(polars, table, varying, file, separator)
    else:  # through Python, so that a closed pipe is told as one
        text = io.BytesIO()
        _write_by_polars(polars, table, varying, text, separator)
        file.write(text.getbuffer())


def _varying(results: Floats) -> NDArray[np.bool_]:
    """Which columns have more than one number. Slopes are often constant: spelled once, not N
    times."""
    bits = np.ascontiguousarray(results).view(np.int64)
    varying: NDArray[np.bool_] = (bits[:GLANCE] != bits[0]).any(axis=0)
    others = np.flatnonzero(~varying)
    varying[others] = (bits[:, others] != bits[0, others]).any(axis=0)
    return varying


def _write_by_polars(
    polars: Any, table: Table, varying: NDArray[np.bool_], file: BinaryIO, separator: str
) -> None:
    """The columns that vary; constants beside one another are one column of text."""
    columns = [*table.kept, *np.ascontiguousarray(table.results.T[varying])]
    frame = polars.DataFrame({str(j): series(polars, c) for j, c in enumerate(columns)})
    shown = [_with_nan(polars, c) for c in frame.get_columns()] if table.gaps else frame.columns
    if not varying.all():
        numbers, first, shown = iter(shown), table.results[0].tolist(), []
        for varies, run in groupby(range(len(varying)), key=varying.item):
            if varies:
                shown += [next(numbers) for _ in run]
            else:
                text = separator.join(_spelled(first[j]) for j in run)
                shown.append(polars.lit(text).alias(f"constant {len(shown)}"))
    with told_by_the_system(polars):
        frame.select(shown).write_csv(
            file,
            include_header=False,
            separator=separator,
            null_value="nan",
            batch_size=BATCH,
            quote_style="necessary" if table.kept else "never",
        )


def _with_nan(polars: Any, column: Any) -> Any:
    """A column in which only a NaN is null: polars would spell it NaN, the rest of us nan."""
    if column.dtype.is_float():
        return column.fill_nan(None)
    return column.cast(polars.String).fill_null("")


def _lines(polars: Any, table: Table, separator: str) -> bytes | memoryview:
    if table.kept:
        return _lines_with_text(table, separator)
    varying = _varying(table.results)
    if polars is not None and varying.mean() > DENSE:
        return _dense_lines(polars, table, separator)
    first = np.ascontiguousarray(table.results[0])
    fields = np.where(varying, "%s", "0.0").astype(object)
    others = np.flatnonzero(~varying & (first.view(np.int64) != 0))  # 0.0 is most of a wide row
    fields[others] = [_spelled(x) for x in first[others].tolist()]
    template = (separator.join(fields) + "\n") * len(table.results)
    numbers = map(repr, table.results[:, varying].ravel().tolist())
    return (template % tuple(spelled(" ".join(numbers)).split())).encode()


def _dense_lines(polars: Any, table: Table, separator: str) -> memoryview:
    """A few wide rows: spelled as one long column, whose line ends then become separators."""
    text = io.BytesIO()
    column = polars.Series(table.results.ravel()).fill_nan(None)
    column.to_frame().write_csv(text, include_header=False, null_value="nan", batch_size=BATCH)
    characters = np.frombuffer(text.getbuffer(), np.uint8)
    ends = np.flatnonzero(characters == ord("\n")).reshape(table.results.shape)
    characters[ends[:, :-1]] = ord(separator)
    return text.getbuffer()


def _lines_with_text(table: Table, separator: str) -> bytes:
    kept = [[_spelled(value) for value in column.tolist()] for column in table.kept]
    results = [[_spelled(value) for value in column] for column in table.results.T.tolist()]
    text = io.StringIO()
    rows = zip(*kept, *results, strict=True)
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _spelled(value: Any) -> Any:
    return spelled(repr(value)) if isinstance(value, float) else as_cell(value)


_MANTISSA = re.compile(r"(\d)(?:\.(\d+))?$")


def spelled(text: str) -> str:
    """Python's floats as polars spells them: 1e-7 and 0.00001 for 1e-07 and 1e-05."""
    if "e-0" not in text:
        return text
    *starts, end = text.split("e-05")
    return "".join([*map(_written_out, starts), end]).replace("e-0", "e-")


def _written_out(text: str) -> str:
    """A text that ends with a mantissa, times 1e-5."""
    tail = text[-20:]
    return text[:-20] + _MANTISSA.sub(lambda m: f"0.0000{m[1]}{m[2] or ''}", tail)
