"""Hints are typed in before they are printed.

An error says how its text can be mended, as fixes. Each is applied and the text is read again; what
cannot be read then, or only with more of the same, is not suggested.
"""

from __future__ import annotations

from collections.abc import Callable

from gradcalc.errors import ExpressionError, Fix

LONGEST = 20_000
"""Characters of a text that is read again for its hints."""

SHORT = 60
"""Characters of a correction that is a hint as it is."""

FAULTS = 8
"""Faults of one text that are mended one after the other: ``x y + z w`` has two."""


def attach(error: ExpressionError, read: Callable[[str], object]) -> None:
    """Give ``error`` the corrections that can be read; its hint goes where there are none."""
    if not error.fixes or error.source is None or len(error.source.text) > LONGEST:
        return
    found = [_mended(error.source.text, fix, read) for fix in error.fixes]
    error.corrections = tuple(dict.fromkeys(text for text in found if text is not None))
    if not error.corrections:
        error.hint = ""
    elif "…" in error.hint and max(map(len, error.corrections)) <= SHORT:
        error.hint = f"write {' or '.join(error.corrections)}"


def _mended(text: str, fix: Fix, read: Callable[[str], object]) -> str | None:
    """The text with the fix and, where it has more faults, with the first fix of each."""
    for _ in range(FAULTS):
        text = fix.applied(text)
        try:
            read(text)
        except ExpressionError as error:
            if not error.fixes:
                return None
            fix = error.fixes[0]
        else:
            return text
    return None
