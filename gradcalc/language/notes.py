"""What a reader should be told of the reading: sentences that stand beside the answer."""

from __future__ import annotations

from collections.abc import Mapping

from gradcalc.language.reader import Reader

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


def continued(parser: Reader) -> list[str]:
    """That lines were read as the rest of the ones above them."""
    if not parser.habits.continued:
        return []
    first, text = parser.habits.continued[0], parser.source.text
    lines = "line {} begins with '{}' and continues the one above".format(
        text.count("\n", 0, first) + 1, text[first]
    )
    if len(parser.habits.continued) > 1:
        lines += f", and so do {len(parser.habits.continued) - 1} more"
    return [f"{lines}; a ',' at the end of a line makes two expressions of them"]
