"""A stream of bytes as blocks of whole lines."""

from __future__ import annotations

import io
import os
import select
import stat
from collections.abc import Iterator
from typing import BinaryIO

from gradcalc.errors import BindingError

BLOCK = 1 << 22
"""Bytes read at a time: some 70,000 rows of three numbers."""

PATIENCE = 0.1
"""Seconds that a slow producer may pause before what it has written so far is worked on."""

LONGEST = 1 << 26
"""Bytes that one record may have before we believe that a quotation mark was never closed."""


_BINARY = (
    (b"\x1f\x8b", "compressed (gzip)", "gunzip -c FILE | gradcalc batch … --points -"),
    (b"\x28\xb5\x2f\xfd", "compressed (zstd)", "zstd -dc FILE | gradcalc batch … --points -"),
    (b"BZh91AY&SY", "compressed (bzip2)", "bunzip2 -c FILE | gradcalc batch … --points -"),
    (b"\xfd7zXZ", "compressed (xz)", "xz -dc FILE | gradcalc batch … --points -"),
    (b"ARROW1", "an Arrow file", "--input-format arrow"),
    (b"PK\x03\x04", "an archive or a spreadsheet, and text is wanted", "save it as CSV"),
    (b"PAR1\x15", "a Parquet file", "--input-format parquet"),
    (b"\x93NUMPY", "an NPY file", "--input-format npy"),
    (b"\xff\xfe", "in UTF-16, and UTF-8 is wanted", "iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", "in UTF-16, and UTF-8 is wanted", "iconv -f UTF-16 -t UTF-8"),
)
"""How files begin that are no text, what they are, and what to do."""


def require_text(start: bytes, name: str) -> None:
    """Refuse an input by its first bytes. Raises BindingError, which says what it is instead."""
    for mark, what, hint in _BINARY:
        if start.startswith(mark):
            raise BindingError(f"{name} is {what}", hint=hint)


class Blocks:
    """Blocks of whole lines; with ``quotes``, a line end inside quotation marks does not end one.

    Every line ends in a newline alone, also where the file has CR LF or CR; the last one may lack
    its end. ``read`` counts bytes, ``size`` is how many there are, if known.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._begun = b""
        self._quotes = False
        self.read = 0
        self.size = _size(file)

    def begun(self, *, further: bool = False) -> bytes:
        """How the input begins, which is read again later; ``further``: more than the last time."""
        if further or not self._begun:
            self._begun += self._some()
        return self._begun

    def whole(self) -> bytes:
        """All there is."""
        parts = [self._begun]
        while data := self._some():
            parts.append(data)
        self._begun = b""
        return b"".join(parts)

    def lines(self, *, quotes: bool) -> Iterator[bytes]:
        self._quotes = quotes
        rest = b""
        while data := self._begun or self._some():
            self._begun = b""
            data = self._with_newlines(rest + data)
            cut = self._cut(data)
            if cut:
                yield data[:cut]
            rest = data[cut:]
            if len(rest) > LONGEST:
                raise BindingError("a line of the input does not end: is a quotation mark open?")
        if rest:
            yield self._with_newlines(rest, at_end=True)

    def part(self) -> float | None:
        return min(1.0, self.read / self.size) if self.size else None

    def _with_newlines(self, data: bytes, *, at_end: bool = False) -> bytes:
        if b"\r" not in data:
            return data
        if data.endswith(b"\r") and not at_end:  # a newline may follow
            return self._with_newlines(data[:-1]) + b"\r"
        outside = 2 if self._quotes else 1
        parts = data.split(b'"') if self._quotes else [data]
        parts[::outside] = [
            part.replace(b"\r\n", b"\n").replace(b"\r", b"\n") for part in parts[::outside]
        ]
        return b'"'.join(parts)

    def _cut(self, data: bytes) -> int:
        """The end of the last whole line, 0 if there is none."""
        cut = data.rfind(b"\n") + 1
        if not self._quotes or b'"' not in data or not data.count(b'"', 0, cut) % 2:
            return cut
        while cut and data.count(b'"', 0, cut) % 2:
            cut = data.rfind(b"\n", 0, data.rfind(b'"', 0, cut)) + 1
        return cut

    def _some(self) -> bytes:
        """A block, or less where the producer pauses; nothing at the end."""
        parts: list[bytes] = []
        count = 0
        while count < BLOCK:
            if parts and not self._is_ready() and parts[-1].endswith(b"\n"):
                break
            data = _read(self._file, BLOCK - count)
            if not data:
                break
            parts.append(data)
            count += len(data)
        self.read += count
        return b"".join(parts)

    def _is_ready(self) -> bool:
        if self.size is not None or _number(self._file) is None or os.name != "posix":
            return True
        return bool(select.select([self._file], [], [], PATIENCE)[0])


def is_regular(file: BinaryIO) -> bool:
    """Whether this is a file on a disk, and no pipe."""
    number = _number(file)
    return number is not None and stat.S_ISREG(os.fstat(number).st_mode)


def _read(file: BinaryIO, most: int) -> bytes:
    """What there is, up to ``most`` bytes; waits for the first of them."""
    number = _number(file)
    return file.read(most) if number is None else os.read(number, most)


def _size(file: BinaryIO) -> int | None:
    """The length of a regular file, or of one in memory."""
    if is_regular(file):
        return os.fstat(file.fileno()).st_size
    return len(file.getbuffer()) if isinstance(file, io.BytesIO) else None


def _number(file: BinaryIO) -> int | None:
    """By which the system knows the file; None for one in memory."""
    try:
        return file.fileno()
    except (OSError, AttributeError):
        return None
