"""Text that a user typed, made safe and measured for a screen."""

from __future__ import annotations

import re
import unicodedata

# Controls, lone surrogates, invisible characters and the ones that turn the direction of writing.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


def safe(text: str) -> str:
    """``text`` on one line, with nothing in it that a terminal would obey; as many characters."""
    return _UNSAFE.sub(_picture, text)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] == "\t":
        return " "
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's pictures of the control characters: ␛ for escape
    return "␡" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


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
