"""What an option takes: a word of some, several with commas, a number within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, NamedTuple

import typer

_NONE: Mapping[str, str] = MappingProxyType({})


class Choice(NamedTuple):
    """What an option chooses among, one or ``several``; ``also`` has further spellings."""

    choices: tuple[str, ...]
    also: Mapping[str, str] = _NONE
    several: bool = False

    def __str__(self) -> str:
        return ("," if self.several else "|").join(self.choices)

    @property
    def parser(self) -> Callable[[str], str]:
        one = one_of(self.choices, self.also)
        return _some_of(one) if self.several else one


def one_of(choices: Iterable[str], also: Mapping[str, str] = _NONE) -> Callable[[str], str]:
    """A parser of a word that must be one of ``choices``."""
    words = tuple(choices)

    def choice(word: str) -> str:
        word = also.get(word, word)
        if word in words:
            return word
        close = get_close_matches(word, words, 1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        said = f"none of {', '.join(words)}" if len(words) > 1 else f"not {words[0]}"
        raise typer.BadParameter(f"'{word}' is {said}{meant}")

    return choice


def _some_of(one: Callable[[str], str]) -> Callable[[str], str]:
    def chosen(text: str) -> str:
        return ",".join(one(word.strip()) for word in text.split(","))

    return chosen


def number(
    kind: Callable[[str], float], least: float, most: float, what: str
) -> Callable[[str], Any]:
    """A parser of a number within bounds; ``what`` says which numbers these are."""

    def within(word: str) -> float:
        try:
            value = kind(word)
        except (ValueError, OverflowError):
            value = least - 1
        if least <= value <= most:
            return value
        raise typer.BadParameter(f"'{word}' is not {what}")

    return within


def count(word: str) -> int:
    """A whole number, as 1e6 too. Raises ValueError for any other."""
    value = float(word)
    if value != int(value):
        raise ValueError
    return int(value)
