"""What we know about the screen: colour and width. Decided here and nowhere else."""

from __future__ import annotations

import os
import shutil
import sys
from typing import NamedTuple, TextIO


class Screen(NamedTuple):
    """Where an answer goes: columns of the terminal, None where it is none; whether in colour."""

    width: int | None
    color: bool


def screen(color: str, out: str | None) -> Screen:
    """That of an answer. In a file there is colour only where it is ``always``."""
    if out is not None:
        return Screen(None, color == "always")
    return Screen(width(sys.stdout), wants_color(color, sys.stdout))


def wants_color(choice: str, stream: TextIO) -> bool:
    """Whether to colour what goes to ``stream``; ``choice`` is auto, always or never.

    ``auto`` asks NO_COLOR, then FORCE_COLOR (0 and empty mean off), then TERM, then the stream.
    """
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR")
    if forced is not None:
        return forced not in ("", "0")
    return os.environ.get("TERM") != "dumb" and is_terminal(stream)


def is_terminal(stream: TextIO) -> bool:
    """Whether a person is at the other end of ``stream``."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # closed, or no real stream
        return False


def width(stream: TextIO) -> int | None:
    """The columns of the terminal that ``stream`` is; None where there is none."""
    return shutil.get_terminal_size().columns if is_terminal(stream) else None
