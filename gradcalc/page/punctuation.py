"""Chinese punctuation: of full width beside Chinese characters, as it is set there; the tables are
written with the signs of every keyboard."""

from __future__ import annotations

import re

_HAN = r"[\u4e00-\u9fff\u300c\u300d]"  # with corner brackets
_TOLD = r"\{\w+\*\}"  # what will be Chinese, in a sentence of the shell
_WIDE = {",": "\uff0c", ";": "\uff1b", ":": "\uff1a", "?": "\uff1f", "!": "\uff01"}
_SIGN = re.compile(rf"(?:(?<={_HAN})|(?<=\*\}})|(?<=\uff09))[,;:?!]|[,;:?!](?={_HAN}|{_TOLD})")
_BRACKETS = re.compile(rf"\(([^()]*(?:{_HAN}|{_TOLD})[^()]*)\)")


def full_width(text: str) -> str:
    """``text`` with signs beside Chinese characters, and brackets around them, of full width."""
    text = _BRACKETS.sub("\uff08\\1\uff09", text)
    return _SIGN.sub(lambda sign: _WIDE[sign[0]], text)
