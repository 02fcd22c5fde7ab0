"""What a reader should be told of the reading: sentences that stand beside the answer."""

from __future__ import annotations

from collections.abc import Mapping

MOST = 6
"""Words that one sentence lists."""


def read_as(words: Mapping[str, str]) -> list[str]:
    """One sentence for all foreign words, and what they were read as."""
    if not words:
        return []
    shown = dict(list(words.items())[:MOST])
    more = f", and {len(words) - MOST} more" if len(words) > MOST else ""
    verb = "is" if len(words) == 1 else "are"
    return [f"{', '.join(shown)} {verb} read as {', '.join(shown.values())}{more}"]
