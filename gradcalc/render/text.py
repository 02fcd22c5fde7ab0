"""Text that a user typed, made safe and measured for a screen."""

from __future__ import annotations

import unicodedata


def safe(text: str) -> str:
    """``text`` on one line, with nothing in it that a terminal would obey; as many characters."""
    return text if text.isprintable() else "".join(map(_picture, text))


def _picture(char: str) -> str:
    if char.isprintable():
        return char
    if char < " " and char != "\t":
        return chr(0x2400 + ord(char))  # Unicode's pictures of the control characters: ␛ for escape
    # What is left are blanks of other widths, and what is invisible or turns the writing around.
    return " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"


def cells(text: str) -> int:
    """How many columns of a terminal ``text`` takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def _cell(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def clipped(text: str, most: int) -> str:
    """``text``, cut at ``most`` columns with a … where it is longer."""
    if len(text) <= 2 * most and cells(text) <= most:
        return text
    kept = text[: max(most - 1, 0)]
    while cells(kept) > most - 1:
        kept = kept[:-1]
    return f"{kept}…"
