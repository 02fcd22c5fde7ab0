"""Names as mathematics writes them: a letter, perhaps Greek, and an index."""

from __future__ import annotations

import re
import unicodedata


def _word(letter: str) -> str:
    """Unicode's names are all capitals, and one is spelled otherwise than everywhere else."""
    word = unicodedata.name(letter).split()[-1].replace("LAMDA", "LAMBDA").lower()
    return word.capitalize() if letter.isupper() else word


_GREEK = {_word(chr(code)): chr(code) for code in (*range(0x391, 0x3AA), *range(0x3B1, 0x3CA))
          if chr(code).isalpha()}  # fmt: skip


def parted(name: str) -> tuple[str, str]:
    """Stem and index: x1 → x, 1; theta_2 → theta, 2; a[0,1] → a, (0,1)."""
    stem, bracket, index = name.partition("[")
    if bracket:
        return stem, index.rstrip("]")
    match = re.fullmatch(r"(.*?)_?(\d+)", name)
    return (match[1], match[2]) if match and match[1] else (name, "")


def greek(stem: str) -> tuple[str, str] | None:
    """Word and letter, where the stem is either: alpha, α, Omega, Ω."""
    return next((pair for pair in _GREEK.items() if stem in pair), None)
