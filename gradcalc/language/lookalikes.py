"""Characters that deceive the eye: what cannot be seen, and letters that look like others.

Invisible characters and those that turn the direction of writing are refused wherever they stand;
in a comment only the latter, for they can move the code beside it on the screen. Letters of another
script are names like any other (θ, ж, 温), but two names of one text that look alike are told of.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from gradcalc.errors import Span
from gradcalc.language.late import Late

_TURNING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSEEN = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2028\u2029\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_DECEPTION = Late(rf"[{_TURNING}]|(?P<comment>#[^\n{_TURNING}]*)|[{_UNSEEN}]")

# Letters that fonts draw as they draw the Latin one below them. Greek letters that only resemble a
# Latin one (α and a, ρ and p) are left out: they stand side by side in many a formula.
_GREEK = ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧον", "ABEZHIKMNOPTYXov")
_CYRILLIC = ("АВЕЅІЈКМНОРСТХаеорсухѕіјһԁԛԝѵ", "ABESIJKMHOPCTXaeopcyxsijhdqwv")
_LATIN = str.maketrans(_GREEK[0] + _CYRILLIC[0] + "ıɡ", _GREEK[1] + _CYRILLIC[1] + "ig")


def deception(text: str) -> tuple[str, str, Span] | None:
    """What to say of the first character that cannot be seen or turns the writing around: a
    message, a hint and where it stands."""
    if text.isascii():
        return None
    for found in _DECEPTION.finditer(text):
        if found["comment"] is None:
            char = found[0]
            what = (
                "turns the writing round" if re.match(f"[{_TURNING}]", char) else "cannot be seen"
            )
            message = f"the character U+{ord(char):04X} cannot be read: it {what}"
            return message, "delete it; an editor may show nothing there", Span(*found.span())
    return None


def skeleton(name: str) -> str:
    """What is left of a name for the eye: two names with the same skeleton look alike."""
    if name.isascii():
        return name
    return unicodedata.normalize("NFKC", name).translate(_LATIN)


def remarks(names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    """A sentence for each of ``names`` that looks like another of them or one of ``known``."""
    names = list(dict.fromkeys(names))
    if all(map(str.isascii, names)):
        return
    shapes = {name: name for name in known}
    for name in sorted(names, key=str.isascii, reverse=True):
        other = shapes.setdefault(skeleton(name), name)
        if other != name:
            yield f"'{name}' looks like '{other}' and is another name: {foreign(name, other)}"


def foreign(name: str, other: str) -> str:
    """The first letter in which ``name`` differs from one that looks the same."""
    pairs = zip(name, other, strict=False)
    letter = next((a for a, b in pairs if a != b), name[-1])
    return f"it has U+{ord(letter):04X}, {unicodedata.name(letter, 'a letter').lower()}"
