"""Text → tokens. One regular expression, no positions: a token is as long as it is.

Every character of the text is in exactly one token (white space and comments too), so the place of
a token is the sum of the lengths before it, and cutting up a megabyte costs a tenth of a second.
"""

from __future__ import annotations

import re

_DIGITS = "[0-9]+(?:_[0-9]+)*"
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"

PATTERN = re.compile(
    rf"""
      [^\S\n]+                                                            # white space
    | (?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?  # a number
    | [^\W\d{_SUPERSCRIPTS}][^\W{_SUPERSCRIPTS}]*                         # a name, a word
    | ⁻?[{_SUPERSCRIPTS}]+                                                # a superscript power
    | \*\* | == | != | <= | >= | && | \|\|
    | \#[^\n]*                                                            # a comment
    | .                                                                   # all else, one by one
    """,
    re.VERBOSE | re.DOTALL,
)

FROM_SUPERSCRIPT = str.maketrans(_SUPERSCRIPTS + "⁻", "0123456789-")

SPELLINGS = {"^": "**", "−": "-", "·": "*", "⋅": "*", "×": "*", "÷": "/",
             "≤": "<=", "≥": ">=", "≠": "!=", "π": "pi"}  # fmt: skip
"""What a pasted page writes, and what it means."""


def tokenize(text: str) -> list[str]:
    """All tokens of ``text``, in order; joined, they are the text."""
    return PATTERN.findall(text)


def is_blank(token: str) -> bool:
    """White space (other than a newline, which separates) or a comment."""
    return token[0] == "#" or (token[0] != "\n" and token.isspace())


def is_number(token: str) -> bool:
    return token[0] in "0123456789" or (token[0] == "." and len(token) > 1)


def is_name(token: str) -> bool:
    return token.isidentifier() or (token[0] != "_" and token[0].isalpha())
