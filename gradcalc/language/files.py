"""Files and standard input as text, of bounded size."""

from __future__ import annotations

import sys
from typing import TextIO

from gradcalc.errors import UsageError
from gradcalc.limits import MOST_IN_A_FILE


def read_file(path: str) -> str:
    """The text of a file without its byte order mark, lines ending in a newline alone.

    Raises UsageError when it cannot be read, is no text in UTF-8, or does not end: of a device or a
    pipe only so much is taken.
    """
    try:
        with open(path.encode("utf-8", "surrogateescape"), encoding="utf-8-sig") as file:
            return _bounded(file, f"'{path}'")
    except UnicodeDecodeError:
        raise UsageError(f"'{path}' is not a text file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if isinstance(error, UsageError):
            raise
        reason = getattr(error, "strerror", None) or "not a file name"
        raise UsageError(f"cannot read '{path}': {reason.lower()}") from None


def read_stdin() -> str:
    """All of standard input, under the same conditions."""
    try:
        return _bounded(sys.stdin, "standard input").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise UsageError("standard input is not text in UTF-8") from None


def _bounded(file: TextIO, name: str) -> str:
    text = file.read(MOST_IN_A_FILE + 1)
    if len(text) > MOST_IN_A_FILE:
        raise UsageError(f"{name} has more than {MOST_IN_A_FILE:,} characters, which is the most")
    return text
