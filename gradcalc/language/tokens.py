"""Text → tokens. One regular expression, no positions: a token is as long as it is.

Every character of the text is in exactly one token (white space and comments too), so the place of
a token is the sum of the lengths before it. The parser cuts a text up stretch by stretch: what
repeats is not read token by token.
"""

from __future__ import annotations

import re

from gradcalc.functions.primitives import WORDS

_DIGITS = "[0-9]++(?:_[0-9]++)*+"
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"

A_NUMBER = rf"(?:{_DIGITS}(?:\.(?:{_DIGITS})?+)?+|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?+"
FRACTIONS = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒↉"
RAISED = "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ"
_NO_NAME = SUPERSCRIPTS + FRACTIONS + RAISED
"""Letters to a regular expression, and no part of a name."""
A_NAME = rf"[^\W\d{_NO_NAME}][^\W{_NO_NAME}]*+"

_FORTRAN = "gt|ge|lt|le|eq|ne|and|or|not"

PATTERN = re.compile(
    rf"""
      [^\S\n]+                                                            # white space
    | {A_NUMBER}
    | {A_NAME}                                                            # or another word
    | ⁻?[{SUPERSCRIPTS}]+                                                # a superscript power
    | ⁻?[{RAISED}]+                                                      # another one: eˣ
    | \*\* | == | != | ~= | <> | <= | >= | && | \|\| | :=
    | \.(?:\*\*|[*/^'+-]|[<>=!]=|[<>])                                     # of elements: .*
    | \.(?:{_FORTRAN}|{_FORTRAN.upper()})\.                               # .gt. is >
    | //
    | /\*(?:.*?\*/|.*)                                                     # a comment
    | \#[^\n]*                                                            # a comment
    | .                                                                   # all else, one by one
    """,
    re.VERBOSE | re.DOTALL,
)

FROM_SUPERSCRIPT = str.maketrans(SUPERSCRIPTS + "⁻", "0123456789-")

SPELLINGS = {
    **dict.fromkeys(["^", "＾"], "**"),
    **dict.fromkeys(["−", "–", "—", "―", "‐", "‑", "‒", "﹣", "－", ".-"], "-"),
    **dict.fromkeys(["·", "⋅", "×", "∗", "∙", "•", "⁎", "✕", "⨯", "＊"], "*"),
    **dict.fromkeys(["÷", "∕", "⁄", "／"], "/"),
    **dict.fromkeys(["＋", "﹢", ".+"], "+"), "∣": "|", "‖": "||", "′": "'", "ℯ": "e",
    **{f".{mark}": mark for mark in ("<", ">", "<=", ">=", "==", "!=")},
    **{f".{word}.": word for word in WORDS},
    **{f".{word.upper()}.": word for word in WORDS},
    **dict.fromkeys([".gt.", ".GT."], ">"), **dict.fromkeys([".ge.", ".GE."], ">="),
    **dict.fromkeys([".lt.", ".LT."], "<"), **dict.fromkeys([".le.", ".LE."], "<="),
    **dict.fromkeys([".eq.", ".EQ."], "=="), **dict.fromkeys([".ne.", ".NE.", "~=", "<>"], "!="),
    "（": "(", "）": ")", "，": ",", "；": ";", "＝": "=",
    "≤": "<=", "⩽": "<=", "≥": ">=", "⩾": ">=", "≠": "!=", "∧": "and", "∨": "or", "¬": "not",
    ".*": "*", "./": "/", ".^": "**", ".**": "**", ".'": "'", "&&": "and", ":=": "=", "π": "pi",
}  # fmt: skip
"""What a pasted page or another language writes, and what it means."""


def tokenize(text: str) -> list[str]:
    """All tokens of ``text``, in order; joined, they are the text."""
    return PATTERN.findall(text)


STRETCH = 1 << 14
"""Characters that are cut up at a time."""


class Tokens(list[str]):
    """The tokens of ``text`` from ``start`` up to ``cut``; joined, they are the text."""

    def __init__(self, text: str, start: int = 0, end: int | None = None) -> None:
        super().__init__()
        self.text = text
        self.cut = start
        self.end = len(text) if end is None else end

    @property
    def complete(self) -> bool:
        return self.cut == self.end

    def cut_further(self) -> None:
        """The next stretch, or at least one token."""
        size = STRETCH
        found: list[str] = []
        end = self.cut
        while not found and not self.complete:
            end = min(self.cut + size, self.end)
            size *= 2
            found = PATTERN.findall(self.text, self.cut, end)
            if end < self.end:
                del found[-3:]  # the last one may go on, and half of 1e+5 is three tokens
        self += found
        self.cut = end if end == self.end else self.cut + sum(map(len, found))

    def whole(self) -> Tokens:
        """Itself, complete: for complaints, which look at what follows."""
        while not self.complete:
            self.cut_further()
        return self

    def skip(self, index: int, last: str, to: int) -> None:
        """Go on at ``to``; ``last``, which stands before it, is token ``index`` now."""
        self[index:] = [last]
        self.cut = to


def is_blank(token: str) -> bool:
    """White space (other than a newline, which separates) or a comment."""
    return token[0] == "#" or (token[0] != "\n" and token.isspace()) or token[:2] == "/*"


def is_number(token: str) -> bool:
    return token[0] in "0123456789" or (token[0] == "." and len(token) > 1)


def is_name(token: str) -> bool:
    return token.isidentifier() or (token[0] != "_" and token[0].isalpha())


def ends_value(token: str) -> bool:
    """Whether a value can end in this token."""
    if not token:
        return False
    word = is_name(token) and token not in WORDS
    return word or is_number(token) or token[0] in f")]|!'⁻{_NO_NAME}"
