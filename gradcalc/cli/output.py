"""Writing answers: to standard output as it can take them, or to a file all at once."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TextIO

from gradcalc.errors import Exit, UsageError

_ASCII = str.maketrans({
    "─": "-", "…": "...", "·": "*", "∂": "d", "ᵀ": "^T", "²": "2", "✓": "ok:", "✗": "wrong:",
    "−": "-", "×": "*",
})  # fmt: skip


class Text(NamedTuple):
    """An answer that is text already, and the exit code that goes with it.

    ``checked``: it says that something agrees with something independent.
    """

    text: str
    exit: Exit = Exit.DONE
    checked: bool = False


@contextmanager
def sink(path: str | None) -> Iterator[Callable[[str], None]]:
    """A function that writes text to standard output, or to the file ``path``.

    The file is written beside itself and then renamed: it is there whole, or as it was before.
    Raises UsageError when it cannot be written.
    """
    if path is None:
        yield lambda text: write(sys.stdout, text)
        return
    target = os.path.realpath(path)
    if os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode):
        with _open(path, target) as file:  # /dev/null, a named pipe: nothing to rename
            yield _writer(file)
        return
    temporary = f"{target}.{os.getpid()}.part"
    try:
        with _open(path, temporary) as file:
            yield _writer(file)
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


def _open(shown: str, path: str) -> TextIO:
    try:
        return open(path, "w", encoding="utf-8")
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
