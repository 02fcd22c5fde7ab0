"""Text tables: a quick path for blocks that are all numbers, a careful one for those that are not.

The quick path is polars where it is installed, numpy where it is not. It takes a block as a whole
or not at all; the careful one goes line by line and says what is wrong with each.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

import numpy as np

from gradcalc.batch.blocks import LONGEST, Blocks, require_text
from gradcalc.batch.chunk import Chunk, Column, joined
from gradcalc.batch.columnar import library
from gradcalc.batch.dialect import BLANKS, Dialect, recognised, with_exponents
from gradcalc.errors import BindingError

PIECES = 16
"""Into how many pieces a block is cut that has something wrong in it, to find out where."""

TO_UTF8 = "iconv -f LATIN1 -t UTF-8"

_UNUSUAL = re.compile(rb"[^\t\n -~]")
"""What a line of numbers has none of."""


class Separated:
    """Rows of fields. The first line is a header if none of its fields is a number."""

    unit = "line"

    def __init__(self, blocks: Blocks, name: str, separators: Sequence[str]) -> None:
        self._blocks = blocks
        self._name = name
        self._line = 1
        self._pending = blocks.lines(quotes=True)
        csv.field_size_limit(LONGEST)
        comment, body = self._comment()
        text = _text(body)
        self._dialect = recognised(_first_two(text), separators)
        reader = self._dialect.reader(io.StringIO(text, newline="\n"))
        try:
            first = next(reader)
        except csv.Error as error:
            raise self._broken(self._line, error) from None
        self.width = len(first)
        numeric = any(self._dialect.number(field) is not None for field in first)
        self.names = self._named_by(comment) if numeric else self._header(first)
        if not numeric:
            body = _after(body, reader.line_num)
            self._line += reader.line_num
        self._pending = chain([body], self._pending)

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

    def _comment(self) -> tuple[bytes, bytes]:
        """The last comment before the first line, and the block that begins with that line."""
        comment = b""
        for block in self._pending:
            require_text(block, self._name)
            block = block.removeprefix(b"\xef\xbb\xbf") if self._line == 1 else block
            at = 0
            while at < len(block):
                end = block.find(b"\n", at) + 1 or len(block)
                line = block[at:end].strip()
                if line and not line.startswith(b"#"):
                    return comment, block[at:]
                comment, at = line or comment, end
                self._line += 1
        if comment:  # a header, and no rows
            return b"", comment.lstrip(b"# \t")
        raise BindingError(
            f"{self._name} is empty", hint="a header of names, then a row for each point"
        )

    def _header(self, fields: Sequence[str]) -> tuple[str, ...]:
        if any("\ufffd" in field for field in fields):
            raise BindingError(f"the header of {self._name} is not text in UTF-8", hint=TO_UTF8)
        return tuple(field.strip() for field in fields)

    def _named_by(self, comment: bytes) -> tuple[str, ...] | None:
        """The names in a comment, as numpy.savetxt writes them; None where it is something else."""
        line = _text(comment).lstrip("# \t")
        for dialect in (self._dialect, Dialect(), Dialect(BLANKS)):
            with suppress(csv.Error, StopIteration):
                names = self._header(dialect.fields(line))
                if len(names) == self.width and not any(map(dialect.number, names)):
                    return names
        return None

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
        if not wanted or not block.strip() or block.startswith(b"\xef\xbb\xbf"):
            return None
        plain = self._dialect.plain(block, keep=keep)
        if plain is None:
            return None
        found = self._quickly(plain, lines, wanted, keep)
        if found is None and not keep and (other := with_exponents(plain)) != plain:
            found = self._quickly(other, lines, wanted, keep)
        return found

    def _quickly(
        self, block: bytes, lines: range, wanted: Sequence[int], keep: bool
    ) -> Chunk | None:
        quoted = b'"' in block
        # That the last number is there says that all fields are; text may be empty.
        if not quoted and self.width - 1 not in wanted and not self._is_full(block, len(lines)):
            return None
        polars = library(len(block))
        if polars is not None:
            return self._by_polars(polars, block, lines, wanted, keep)
        # numpy does not say of a row with more fields than it was asked for, and takes any blank.
        if keep or quoted or self.width > len(wanted) or _UNUSUAL.search(block):
            return None
        try:
            numbers = np.loadtxt(
                _text_lines(block), delimiter=self._dialect.separator, comments=None, ndmin=2
            )
        except ValueError:
            return None
        if numbers.shape != (len(lines), self.width):
            return None
        return Chunk(numbers[:, list(wanted)], lines)

    def _is_full(self, block: bytes, count: int) -> bool:
        """Whether ``count`` lines can all have their fields."""
        return block.count(self._dialect.separator.encode()) == count * (self.width - 1)

    def _by_polars(
        self, polars: Any, block: bytes, lines: range, wanted: Sequence[int], keep: bool
    ) -> Chunk | None:
        # All columns are read, wanted or not: only then does a field too many show.
        schema = {str(j): polars.Float64 if j in wanted else polars.String
                  for j in range(self.width)}  # fmt: skip
        try:
            frame = polars.read_csv(
                block, has_header=False, separator=self._dialect.separator, schema=schema
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
        if keep:
            self._require_utf8(block, line)
        for here, record, why in self._records(block, line):
            if not why and not self._is_row(record):
                continue
            numbers, why = ([np.nan] * len(wanted), why) if why else self._numbers(record, wanted)
            if why:
                unread[len(rows)] = why
            rows.append(numbers)
            lines.append(here)
            if keep:
                texts.append((record + [""] * self.width)[: self.width])
        table = np.array(rows, float).reshape(len(rows), len(wanted))
        return Chunk(table, lines, unread, self._kept(texts, wanted) if keep else ())

    def _records(self, block: bytes, line: int) -> Iterator[tuple[int, list[str], str]]:
        """The records, with the lines they begin in; or what is wrong with their marks."""
        reader, start = self._dialect.reader(_text_lines(block)), 0
        while True:
            try:
                record, why = next(reader), ""
            except StopIteration:
                return
            except csv.Error as error:
                if "end of data" in str(error):
                    raise self._broken(line + start, error) from None
                record, why = [], "a quotation mark inside a field"
            yield line + start, record, why
            start = reader.line_num

    def _is_row(self, record: list[str]) -> bool:
        """Not a blank line, nor a comment."""
        if not record or record[0].lstrip().startswith("#"):
            return False
        return len(record) > 1 or self.width == 1 or bool(record[0].strip())

    def _broken(self, line: int, error: csv.Error) -> BindingError:
        if "end of data" not in str(error):
            return BindingError(f"{self._name}, line {line}: {error}")
        return BindingError(f"{self._name}, line {line}: a quotation mark is never closed")

    def _require_utf8(self, block: bytes, line: int) -> None:
        try:
            block.decode()
        except UnicodeDecodeError as error:
            line += block.count(b"\n", 0, error.start)
            raise BindingError(
                f"{self._name}, line {line}: not text in UTF-8, and --keep is to keep it",
                hint=TO_UTF8,
            ) from None

    def _numbers(self, record: list[str], wanted: Sequence[int]) -> tuple[list[float], str]:
        """The numbers of a record, or NaNs and why there are none."""
        nothing = [np.nan] * len(wanted)
        if len(record) != self.width:
            fields = f"{len(record)} field{'' if len(record) == 1 else 's'}"
            return nothing, f"{fields} instead of {self.width}"
        numbers = [self._dialect.number(record[j]) for j in wanted]
        for j, number in zip(wanted, numbers, strict=True):
            if number is None:
                label = self.names[j] if self.names else f"field {j + 1}"
                text = record[j].strip()
                return nothing, f"{label} is {text[:40]!r}, not a number" if text else (
                    f"{label} is empty"
                )
        return [number for number in numbers if number is not None], ""

    def _kept(self, texts: list[list[str]], wanted: Sequence[int]) -> tuple[Column, ...]:
        columns = (
            [self._cell(text[j]) for text in texts] if j in wanted else [text[j] for text in texts]
            for j in range(self.width)
        )
        return tuple(np.array([*column, None], object)[:-1] for column in columns)

    def _cell(self, text: str) -> Any:
        """The number in a field; without one what stands there, None for nothing."""
        number = self._dialect.number(text)
        return (text if text.strip() else None) if number is None else number


def _count(block: bytes) -> int:
    newlines = np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n"))  # beats bytes.count
    return int(newlines) + (not block.endswith(b"\n"))


def _text(block: bytes) -> str:
    return block.decode("utf-8", "replace")


def _text_lines(block: bytes) -> io.StringIO:
    return io.StringIO(_text(block), newline="\n")


def _after(block: bytes, lines: int) -> bytes:
    """What follows so many lines."""
    end = 0
    for _ in range(lines):
        end = block.find(b"\n", end) + 1 or len(block)
    return block[end:]


def _first_two(text: str) -> list[str]:
    """Lines that are neither blank nor comments, at most two of them."""
    found: list[str] = []
    at = 0
    while at < len(text) and len(found) < 2:
        end = text.find("\n", at) + 1 or len(text)
        line, at = text[at:end], end
        if line.strip() and not line.lstrip().startswith("#"):
            found.append(line)
    return found


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
