"""Errors as text: what is wrong, the user's own text with a caret under it, and a hint to type."""

from __future__ import annotations

from typing import Any

from gradcalc.errors import GradcalcError, Span
from gradcalc.errors.text import WIDTH, excerpt, safe

_STYLES = {"error": "\x1b[1;31m", "note": "\x1b[1;33m", "hint": "\x1b[1;36m", "^": "\x1b[1;31m"}
_RESET = "\x1b[0m"

WHOLE = 4000
"""Characters of a source that a program is told whole."""


def problem(
    error: GradcalcError, *, width: int = WIDTH, color: bool = False, word: str = "error"
) -> str:
    """``error`` (or a remark, by another ``word``) for a person, ending with a newline.

    ``width`` bounds the excerpt of the source: a longer line is cut to what surrounds the span.
    """
    lines = [f"{styled(word, color)}: {safe(error.message)}"]
    if error.source is not None:
        lines += excerpt(*error.source, error.span, width)
        if error.span is not None:
            caret = lines[-1].lstrip()
            lines[-1] = lines[-1].removesuffix(caret) + styled(caret, color, "^")
    if error.hint:
        first, *rest = map(safe, error.hint.split("\n"))
        lines += [f"{styled('hint', color)}: {first}", *(f"      {line}" for line in rest)]
    return "\n".join(lines) + "\n"


def problem_json(error: GradcalcError) -> str:
    """``error`` as one JSON object on one line, ending with a newline."""
    import json  # deferred: a millisecond that people's errors do not need

    return json.dumps({"error": problem_record(error)}) + "\n"


def problem_record(error: GradcalcError) -> dict[str, Any]:
    """``error`` for a program; ``span`` counts characters of ``source``, the end exclusive.

    Of a long source there is the neighbourhood of the span, and ``offset`` says where it begins.
    """
    text = error.source.text if error.source else None
    span = error.span if error.source else None
    offset = {}
    if text is not None and len(text) > WHOLE:
        start = max(0, min(span.start if span else 0, len(text)) - WHOLE // 4)
        text, offset = text[start : start + WHOLE], {"offset": start}
        span = span and Span(span.start - start, min(span.end - start, len(text) + 1))
    return {
        "code": int(error.exit),
        "message": error.message,
        "source": text,
        **offset,
        "span": list(span) if span else None,
        "hint": error.hint or None,
    }


def note(text: str, *, color: bool = False) -> str:
    """A remark beside the answer, ending with a newline."""
    return f"{styled('note', color)}: {safe(text)}\n"


def styled(word: str, color: bool, style: str = "") -> str:
    """``word`` in its colour, or as it is."""
    return f"{_STYLES[style or word]}{word}{_RESET}" if color else word
