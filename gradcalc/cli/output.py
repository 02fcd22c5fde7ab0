"""Writing answers: to standard output as it can take them, or to a file all at once."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, TextIO, TypeVar

from gradcalc.errors import Exit, GradcalcError, UsageError

_File = TypeVar("_File", TextIO, BinaryIO)

_ASCII = str.maketrans({
    "─": "-", "…": "...", "·": "*", "∂": "d", "ᵀ": "^T", "²": "2", "✓": "ok:", "✗": "wrong:",
    "−": "-", "×": "*",
})  # fmt: skip


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
    """A function that writes text to standard output, or to the file ``path``.

    The file is written beside itself and then renamed: it is there whole, or as it was before.
    Raises UsageError when it cannot be written.
    """
    if path is None:
        yield lambda text: write(sys.stdout, text)
        return
    with _replaced(path, lambda name: open(name, "w", encoding="utf-8")) as file:
        yield _writer(file)


@contextmanager
def bytes_sink(path: str | None) -> Iterator[tuple[BinaryIO, bool]]:
    """Standard output or the file ``path``, as ``sink`` has them, for bytes; and whether the file
    is one in which a writer can go back."""
    if path is None:
        sys.stdout.flush()
        yield sys.stdout.buffer, False
        return
    with _replaced(path, lambda name: open(name, "wb")) as file:
        yield file, stat.S_ISREG(os.fstat(file.fileno()).st_mode)


@contextmanager
def _replaced(path: str, opened: Callable[[str], _File]) -> Iterator[_File]:
    """A file beside ``path`` that takes its place in the end, if all goes well."""
    target = os.path.realpath(path)
    if os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode):
        with _open(path, target, opened) as file:  # /dev/null, a named pipe: nothing to rename
            yield file
        return
    temporary = f"{target}.{os.getpid()}.part"
    try:
        with _open(path, temporary, opened) as file:
            yield file
        if os.path.exists(target):
            os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def require_writable(path: str) -> None:
    """Refuse a file that cannot be written before anything is computed. Raises UsageError."""
    target = os.path.realpath(path)
    if os.path.isdir(target):
        raise UsageError(f"cannot write '{path}': it is a folder")
    if not os.path.isdir(os.path.dirname(target)):
        raise UsageError(f"cannot write '{path}': there is no such folder")


def _open(shown: str, path: str, opened: Callable[[str], _File]) -> _File:
    try:
        return opened(path)
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise UsageError(f"cannot write '{shown}': {reason}") from None


def _writer(file: TextIO) -> Callable[[str], None]:
    def put(text: str) -> None:
        file.write(text)

    return put


def write(stream: TextIO, text: str) -> None:
    """``text`` on ``stream``; in ASCII where the stream has no more to offer."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        plain = text.translate(_ASCII).encode(encoding, "replace").decode(encoding)
        stream.write(plain)
