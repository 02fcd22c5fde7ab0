"""A file that is there whole, or as it was before: whoever else writes it, and whatever ends us."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO

from gradcalc.errors import UsageError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(
    os, "O_BINARY", 0
)  # fmt: skip
"""Made by us or not at all: a file that is there already is not ours, nor one behind a link."""


@contextmanager
def replaced(path: str) -> Iterator[BinaryIO]:
    """A file beside ``path`` that takes its place in the end, and is swept away if that goes wrong.

    Its name is random: a number of the process says nothing where processes are numbered twice, in
    two containers with one disk, and can be guessed. Raises UsageError when it cannot be made.
    """
    target = os.path.realpath(path)
    if os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode):
        with _named(path), open(target, "wb") as file:  # /dev/null, a pipe: nothing to rename
            yield file
        return
    temporary = os.path.join(os.path.dirname(target), f".{os.urandom(16).hex()}.part")
    try:
        with _named(path):
            number = os.open(temporary, _NEW, 0o666)
        with open(number, "wb") as file:
            with suppress(FileNotFoundError):  # nobody may read what only the owner could
                os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
            yield file
        os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


@contextmanager
def _named(path: str) -> Iterator[None]:
    """What the system says of a file, with the name that the user gave it."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise UsageError(f"cannot write '{path}': {reason}") from None


def require_writable(path: str) -> None:
    """Refuse a file that cannot be written before anything is computed. Raises UsageError."""
    try:
        target = os.path.realpath(path)
        folder = os.path.dirname(target)
        if os.path.isdir(target):
            raise UsageError(f"cannot write '{path}': it is a folder")
        if not os.path.isdir(folder):
            raise UsageError(f"cannot write '{path}': there is no such folder")
        if os.path.isfile(target) and not os.access(folder, os.W_OK):
            raise UsageError(f"cannot write '{path}': its folder is read-only")
    except ValueError as error:  # a NUL; UsageError is one too
        if isinstance(error, UsageError):
            raise
        raise UsageError("--out: not a file name") from None


def require_no_input(path: str, inputs: Sequence[str]) -> None:
    """Refuse to write over what is read, whatever it is called there. Raises UsageError.

    ``inputs`` are files, or - for standard input; those that are not there are none.
    """
    for name in inputs:
        if is_same(path, name):
            shown = "standard input" if name == "-" else f"'{name}'"
            raise UsageError(
                f"--out {path} would be written over {shown}, which is read",
                hint="another name for --out",
            )


def is_same(path: str, other: str) -> bool:
    """Whether both are one file on a disk, through links too; ``other`` may be -, standard input.
    Files that are not there yet are the same by their names."""
    try:
        there = os.fstat(sys.stdin.fileno()) if other == "-" else os.stat(other)
        return stat.S_ISREG(there.st_mode) and os.path.samestat(there, os.stat(path))
    except (OSError, ValueError):  # not there, no real stream, a NUL
        return _place(path) == _place(other)


def _place(path: str) -> str:
    with suppress(ValueError):
        return os.path.realpath(path)
    return path
