"""Names that a language can have: of variables as they are, where that can be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import cache

from gradcalc.code.language import Language
from gradcalc.errors import UsageError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def key(language: Language, name: str) -> str:
    return name.lower() if language.insensitive else name


def is_taken(language: Language, name: str) -> bool:
    """Whether the language, or its library, has the name for itself."""
    return key(language, name) in words(language)


@cache
def words(language: Language) -> frozenset[str]:
    """All of them."""
    both = f"{language.keywords} {language.words}".split()
    return frozenset(key(language, word) for word in both)


def require_name(language: Language, name: str) -> None:
    """Raises UsageError for what cannot be the name of a function."""
    if not _NAME.fullmatch(name) or len(name) > language.most_name - 20:
        raise UsageError(
            f"--name '{name}' is no name for a function in {language.title}",
            hint="letters, digits and underscores, a letter first: --name residual",
        )
    if is_taken(language, name):
        keyword = key(language, name) in language.keywords.split()
        kind = "a keyword" if keyword else "in the library"
        raise UsageError(
            f"--name '{name}' is {kind} in {language.title}",
            hint=f"another one: --name my_{name}",
        )


def renamed(language: Language, names: Sequence[str], taken: Collection[str]) -> list[str]:
    """What variables are called: their own names, in ASCII, and none twice."""
    found: list[str] = []
    used = {key(language, name) for name in taken}
    free = {name for name in names if _is_plain(language, name)}
    for name in names:
        plain = name if name in free else _in_letters(name)
        while (
            key(language, plain) in used
            or is_taken(language, plain)
            or (plain != name and plain in free)
        ):
            plain += "_"
        used.add(key(language, plain))
        found.append(plain)
    return found


def _is_plain(language: Language, name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and not is_taken(language, name)


def _in_letters(name: str) -> str:
    """θ → theta, a[0,1] → a_0_1, 温 → u6e29."""
    pieces = []
    for char in name:
        if char.isascii() and (char.isalnum() or char == "_"):
            pieces.append(char)
        elif char in "[,":
            pieces.append("_")
        elif not char.isascii():
            words = unicodedata.name(char, "").split()
            greek = words[:1] == ["GREEK"] and len(words) == 4
            pieces.append(words[-1].lower() if greek and "SMALL" in words else
                          words[-1].capitalize() if greek else f"u{ord(char):x}")  # fmt: skip
    text = "".join(pieces)
    return text if text[:1].isalpha() else f"v{text}"
