"""Errors as text: what is wrong, the user's own text with a caret under it, and a hint to type."""

from __future__ import annotations

from typing import Any

from gradcalc.errors import GradcalcError, Source, Span
from gradcalc.render.text import cells, clipped, safe

WIDTH = 80
_STYLES = {"error": "\x1b[1;31m", "note": "\x1b[1;33m", "hint": "\x1b[1;36m", "^": "\x1b[1;31m"}
_RESET = "\x1b[0m"
_INDENT = "  "


def problem(
    error: GradcalcError, *, width: int = WIDTH, color: bool = False, word: str = "error"
) -> str:
    """``error`` (or a remark, by another ``word``) for a person, ending with a newline.

    ``width`` bounds the excerpt of the source: a longer line is cut to what surrounds the span.
    """
    lines = [f"{styled(word, color)}: {safe(error.message)}"]
    if error.source is not None:
        excerpt = _excerpt(error.source, error.span or Span(0, 0), width, color)
        lines += excerpt if error.span is not None else excerpt[:-1]
    if error.hint:
        first, *rest = map(safe, error.hint.split("\n"))
        lines += [f"{styled('hint', color)}: {first}", *(f"      {line}" for line in rest)]
    return "\n".join(lines) + "\n"


def problem_json(error: GradcalcError) -> str:
    """``error`` as one JSON object on one line, ending with a newline."""
    import json  # deferred: a millisecond that people's errors do not need

    return json.dumps({"error": problem_record(error)}) + "\n"


def problem_record(error: GradcalcError) -> dict[str, Any]:
    """``error`` for a program; ``span`` counts characters of ``source``, the end exclusive."""
    return {
        "code": int(error.exit),
        "message": error.message,
        "source": error.source.text if error.source else None,
        "span": list(error.span) if error.source and error.span else None,
        "hint": error.hint or None,
    }


def note(text: str, *, color: bool = False) -> str:
    """A remark beside the answer, ending with a newline."""
    return f"{styled('note', color)}: {safe(text)}\n"


def styled(word: str, color: bool, style: str = "") -> str:
    """``word`` in its colour, or as it is."""
    return f"{_STYLES[style or word]}{word}{_RESET}" if color else word


def _excerpt(source: Source, span: Span, width: int, color: bool) -> list[str]:
    text = source.text
    start = min(max(span.start, 0), len(text))
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", start)
    stop = len(text) if stop < 0 else stop
    end = min(max(span.end, start), stop)

    place, prefix = _place(source, begin)
    room = max(width - len(_INDENT) - cells(prefix), 20)
    before, guilty, after = _window(text, begin, start, end, stop, room)
    caret = "^" * max(cells(guilty), 1)
    offset = " " * (cells(prefix) + cells(before))
    return [
        *place,
        f"{_INDENT}{prefix}{before}{guilty}{after}",
        f"{_INDENT}{offset}{styled(caret, color, '^')}",
    ]


def _place(source: Source, begin: int) -> tuple[list[str], str]:
    """A line that says where the excerpt is from, and what stands before it on its own line."""
    name = safe(source.name)
    if name.startswith("--"):
        return [], f"{name} "
    number = source.text.count("\n", 0, begin) + 1
    where = [name] if name else []
    if "\n" in source.text.rstrip("\n"):
        where.append(f"line {number}")
    return ([f"{_INDENT}{', '.join(where)}:"] if where else []), ""


def _window(
    text: str, begin: int, start: int, end: int, stop: int, room: int
) -> tuple[str, str, str]:
    """The guilty characters and what fits around them in ``room`` columns, made safe.

    Only the neighbourhood of the span is looked at: the line may be megabytes long.
    """
    before = safe(text[max(begin, start - room) : start])
    guilty = safe(text[start : min(end, start + room)])
    after = safe(text[end : min(stop, end + room)])
    far_left, far_right = start - room > begin, end + room < stop
    if not (far_left or far_right) and cells(before + guilty + after) <= room:
        return before, guilty, after

    guilty = clipped(guilty, room // 2)
    left = room - cells(guilty) - min(cells(after), room // 4) - 1
    before = _kept_end(before, left, far_left)
    after = clipped(after + "…" * far_right, room - cells(before) - cells(guilty))
    return before, guilty, after


def _kept_end(text: str, most: int, cut: bool) -> str:
    """The last ``most`` columns of ``text``, with a … where something is missing before them."""
    if cells(text) <= most and not cut:
        return text
    kept = text[-(most - 1) :]
    while cells(kept) > most - 1:
        kept = kept[1:]
    return f"…{kept}"
