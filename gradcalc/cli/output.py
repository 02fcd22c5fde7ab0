"""Writing answers: to standard output as it can take them, or to a file all at once."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, TextIO

from gradcalc.cli.replaced import replaced
from gradcalc.errors import Exit, GradcalcError
from gradcalc.errors.text import IN_ASCII


class Text(NamedTuple):
    """An answer that is text already, and the exit code that goes with it.

    ``checked``: it says that something agrees with something independent. ``error``: what ended it.
    ``notes`` are remarks that the text has no place for.
    """

    text: str
    exit: Exit = Exit.DONE
    checked: bool = False
    error: GradcalcError | None = None
    notes: tuple[str, ...] = ()


@contextmanager
def sink(path: str | None) -> Iterator[Callable[[str], None]]:
    """A function that writes text to standard output, or to the file ``path``, all at once.

    Raises UsageError when it cannot be written.
    """
    if path is None:
        yield lambda text: write(sys.stdout, text)
        return
    with replaced(path) as file:

        def put(text: str) -> None:
            file.write(text.encode())

        yield put


@contextmanager
def bytes_sink(path: str | None) -> Iterator[tuple[BinaryIO, bool]]:
    """Standard output or the file ``path``, as ``sink`` has them, for bytes; and whether the file
    is one in which a writer can go back."""
    if path is None:
        sys.stdout.flush()
        yield sys.stdout.buffer, False
        return
    with replaced(path) as file:
        yield file, stat.S_ISREG(os.fstat(file.fileno()).st_mode)


def write(stream: TextIO, text: str) -> None:
    """``text`` on ``stream``; in ASCII where the stream has no more to offer."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        plain = text.translate(IN_ASCII).encode(encoding, "backslashreplace").decode(encoding)
        stream.write(plain)
