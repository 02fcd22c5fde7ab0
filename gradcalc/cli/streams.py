"""The words and the streams that a process starts with, made what the rest takes them to be."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence


def as_unicode(words: Sequence[str]) -> list[str]:
    """The words of the command line in UTF-8, whatever locale Python has read them in."""
    return [
        word.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
        if not word.isascii() and _is_escaped(word)
        else word
        for word in words
    ]


def _is_escaped(word: str) -> bool:
    """Whether only surrogates stand for what is not ASCII: half a character would be lost."""
    return all(char < "\x80" or "\udc80" <= char <= "\udcff" for char in word)


def prepare() -> None:
    """A stream that was closed (``>&-``) is None in Python; one of the C locale has ASCII only."""
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull)  # noqa: SIM115 - it cannot be written: an error
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    streams = [s for s in (sys.stdin, sys.stdout, sys.stderr) if isinstance(s, io.TextIOWrapper)]
    if any(stream.errors == "surrogateescape" for stream in streams):  # the C locale
        for stream in streams:
            handling = "strict" if stream is sys.stdin else "backslashreplace"
            stream.reconfigure(encoding="utf-8", errors=handling)


def why(error: OSError) -> str:
    """What went wrong with a stream or a file, in lower case."""
    if not sys.stdout.writable():
        return "standard output is closed"
    return (error.strerror or str(error)).lower()
