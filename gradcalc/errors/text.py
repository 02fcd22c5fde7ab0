"""Text that a user typed, made safe and measured for a screen."""

from __future__ import annotations

import shlex
import unicodedata

WIDTH = 80
"""Columns that an excerpt takes where no screen says otherwise."""

IN_ASCII = str.maketrans({
    "─": "-", "…": "...", "·": "*", "∂": "d", "ᵀ": "^T", "²": "2", "✓": "ok:", "✗": "wrong:",
    "−": "-", "×": "*",
})  # fmt: skip
"""For our own signs, where there is nothing but ASCII."""

_INDENT = "  "
_UNQUOTED = frozenset("_@%+=:,./-…")


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


def shortened(text: str, most: int) -> str:
    """``text`` in at most so many columns; of a longer one how it begins and how it ends."""
    if len(text) <= 2 * most and cells(text) <= most:
        return text
    end = _kept_end(text, (most + 1) // 2, cut=True)
    start = text[: most - cells(end)]
    while cells(start) > most - cells(end):
        start = start[:-1]
    return start + end


# --- a line with a caret under it ----------------------------------------------------------------


def excerpt(text: str, name: str, span: tuple[int, int] | None, width: int = WIDTH) -> list[str]:
    """The line of ``text`` with the span, cut to what surrounds it, over a caret (without a span:
    the first line, over nothing), under a line that says where it is from, if that is not clear."""
    first, last = span or (0, 0)
    start = min(max(first, 0), len(text))
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", start)
    stop = len(text) if stop < 0 else stop
    end = min(max(last, start), stop)

    place, prefix = _place(text, name, begin)
    room = max(width - len(_INDENT) - cells(prefix), 20)
    before, marked, after = _window(text, begin, start, end, stop, room)
    lines = [*place, f"{_INDENT}{prefix}{before}{marked}{after}"]
    if span is None:
        return lines
    offset = " " * (cells(prefix) + cells(before))
    return [*lines, f"{_INDENT}{offset}{'^' * max(cells(marked), 1)}"]


def _place(text: str, name: str, begin: int) -> tuple[list[str], str]:
    """A line that says where the excerpt is from, and what stands before it on its own line."""
    name = safe(name)
    if name.startswith("--"):
        return [], f"{name} "
    number = text.count("\n", 0, begin) + 1
    where = [name] if name else []
    if "\n" in text.rstrip("\n"):
        where.append(f"line {number}")
    return ([f"{_INDENT}{', '.join(where)}:"] if where else []), ""


def _window(
    text: str, begin: int, start: int, end: int, stop: int, room: int
) -> tuple[str, str, str]:
    """The marked characters and what fits around them in ``room`` columns, made safe.

    Only the neighbourhood of the span is looked at: the line may be megabytes long.
    """
    before = safe(text[max(begin, start - room) : start])
    marked = safe(text[start : min(end, start + room)])
    after = safe(text[end : min(stop, end + room)])
    far_left, far_right = start - room > begin, end + room < stop
    if not (far_left or far_right) and cells(before + marked + after) <= room:
        return before, marked, after

    marked = clipped(marked, room // 2)
    left = room - cells(marked) - min(cells(after), room // 4) - 1
    before = _kept_end(before, left, far_left)
    after = clipped(after + "…" * far_right, room - cells(before) - cells(marked))
    return before, marked, after


def _kept_end(text: str, most: int, cut: bool) -> str:
    """The last ``most`` columns of ``text``, with a … where something is missing before them."""
    if cells(text) <= most and not cut:
        return text
    kept = text[-(most - 1) :]
    while cells(kept) > most - 1:
        kept = kept[1:]
    return f"…{kept}"


def quoted(word: str) -> str:
    """A word as a shell takes it; letters of all alphabets and an ellipsis need no quotes."""
    return word if all(c.isalnum() or c in _UNQUOTED for c in word) else shlex.quote(word)
