"""What stands around the statements of a whole function: ``double f(double x) { … }``.

A text that is one function of C, JavaScript, Rust, R, Julia, MATLAB or Python is its statements.
"""

from __future__ import annotations

import re

from gradcalc.language.late import Late
from gradcalc.language.tokens import A_NAME

_LIST = r"\([^(){}\n]*\)"
_GIVEN = rf"(?:(?:const|let|var)[^\S\n]+)?(?:{A_NAME}\s*(?:<-|=)\s*)?"
_TYPES = r"(?:(?:static|inline|constexpr|const|public|double|float|real|auto|long)[^\S\n]+)+"

_RESULT = rf"(?:(?:{A_NAME}|\[[^\]\n]*\])\s*=\s*)?"
_FUNCTION = rf"(?:pub[^\S\n]+)?(?:function|fn|func)\b\s*(?:{A_NAME})?"

_HEAD = Late(
    rf"""\s*(?:
      (?P<python>def[^\S\n]+{A_NAME}\s*{_LIST}\s*(?:->[^:\n]+)?:[^\S\n]*(?:\#[^\n]*)?\n)
    | (?P<braces>(?:{_GIVEN}{_FUNCTION}\s*{_LIST}\s*(?:->\s*[\w.]+\s*)?
        | {_TYPES}{A_NAME}\s*{_LIST}\s* | {_GIVEN}(?:{_LIST}|{A_NAME})\s*=>\s*)\{{)
    | (?P<closed>function\b[^\S\n]*{_RESULT}{A_NAME}\s*{_LIST}[^\S\n]*[\n;,]?)
    | (?P<one>{_GIVEN}function\s*{_LIST})
    )""",
    re.VERBOSE,
)
_TAILS = {
    "braces": Late(r"\}\s*;?\s*\Z"),
    "closed": Late(r"(?:(?<!\w)end(?:function)?\s*;?\s*)?\Z"),
}
_ANOTHER = Late(r"[{}]|(?<!\w)(?:def|function|end)(?!\w)")


def inside(text: str) -> str:
    """The text with blanks for what stands around its statements, if anything does."""
    head = _HEAD.match(text)
    if head is None:
        return text
    tail = _TAILS[head.lastgroup].search(text, head.end()) if head.lastgroup in _TAILS else None
    if head.lastgroup == "braces" and tail is None:
        return text
    end = len(text) if tail is None else tail.start()
    if not text[head.end() : end].strip() or _ANOTHER.search(text, head.end(), end):
        return text
    body = text[head.end() : end]
    if "<-" in head[0]:
        body = body.replace("<-", "= ")  # R gives names their values so
    return _blank(head[0]) + body + _blank(text[end:])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
