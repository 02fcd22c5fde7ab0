"""How a table is written as text: what stands between columns, and what a number looks like."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

BLANKS = " "
"""As a separator: any run of blanks and tabs, and none at the ends of a line."""

SEPARATORS = (",", ";", "\t", "|", BLANKS)
"""In the order in which they are tried."""

_FORTRAN = re.compile(r"(?<=[\d.])[dD](?=[+-]?\d)")
_FORTRAN_BYTES = re.compile(rb"(?<=[\d.])[dD](?=[+-]?\d)")
_RUN = re.compile(rb"[ \t]+")
_ENDS = re.compile(rb"(?m)^[ \t]+|[ \t]+$")


class Dialect(NamedTuple):
    """Where semicolons stand between columns, a comma may be the decimal point."""

    separator: str = ","

    def fields(self, line: str) -> list[str]:
        """Of one line that is not empty. Raises csv.Error where quotation marks make no sense."""
        return next(self.reader([line]))

    def reader(self, lines: Iterable[str]) -> csv._reader:  # type: ignore[name-defined]
        if self.separator != BLANKS:
            return csv.reader(lines, delimiter=self.separator, strict=True)
        stripped = (line.strip(" \t\r\n").replace("\t", " ") for line in lines)
        return csv.reader(stripped, delimiter=" ", skipinitialspace=True, strict=True)

    def number(self, field: str) -> float | None:
        """What Python reads, but 1_000 and ١; and 1,5 and 1.5D+00."""
        if "_" in field or not field.isascii():
            return None
        try:
            return float(field)
        except ValueError:
            other = _FORTRAN.sub("E", field)
            if self.separator == ";" and "." not in other:
                other = other.replace(",", ".")
            return None if other == field else Dialect().number(other)

    def plain(self, block: bytes, *, keep: bool) -> bytes | None:
        """The lines with one separator between fields and points in numbers, for those who read no
        other; None where that would change text that is kept, or what is in quotation marks."""
        if self.separator == BLANKS:
            if b'"' in block:
                return None
            block = _RUN.sub(b" ", _ENDS.sub(b"", block))
        if b"," in block and self.separator == ";":
            return None if keep else block.replace(b",", b".")
        return block


def with_exponents(block: bytes) -> bytes:
    """1.5D+00 as 1.5E+00."""
    return _FORTRAN_BYTES.sub(b"E", block)


def recognised(lines: Sequence[str], separators: Sequence[str]) -> Dialect:
    """What stands between the columns of the first one or two lines: the same number of fields on
    both, more than one, and in the last as many numbers as can be."""
    best, most = Dialect(separators[0]), (-1.0, 0)
    for dialect in map(Dialect, separators):
        try:
            counts = [len(dialect.fields(line)) for line in lines]
            numbers = [dialect.number(field) is not None for field in dialect.fields(lines[-1])]
        except (csv.Error, StopIteration):
            continue
        found = (sum(numbers) / max(1, len(numbers)), sum(numbers))
        if counts[0] == counts[-1] > 1 and found > most:
            best, most = dialect, found
    return best
