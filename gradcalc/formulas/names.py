"""Names as mathematics writes them: a letter, perhaps Greek, and an index."""

from __future__ import annotations

import re
import unicodedata

_GREEK = {
    unicodedata.name(chr(code)).split()[-1].lower(): chr(code) for code in range(0x3B1, 0x3CA)
}


def parted(name: str) -> tuple[str, str]:
    """Stem and index: x1 → x, 1; theta_2 → theta, 2; a[0,1] → a, (0,1)."""
    stem, bracket, index = name.partition("[")
    if bracket:
        return stem, index.rstrip("]")
    match = re.fullmatch(r"(.*?)_?(\d+)", name)
    return (match[1], match[2]) if match and match[1] else (name, "")


def greek(stem: str) -> tuple[str, str] | None:
    """Word and letter, where the stem is either: alpha, α."""
    for word, letter in _GREEK.items():
        if stem.lower() == word or stem == letter:
            return word, letter
    return None
