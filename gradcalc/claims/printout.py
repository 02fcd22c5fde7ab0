"""Matrices as other programs print them: numpy, torch, JAX, sympy, and bare numbers in lines.

A printout rounds. numpy shows 8 digits after the point and torch 4, unless told otherwise, so that
is how far its entries can be judged; single precision is known by its name, and in torch by having
none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gradcalc.errors import BindingError, Source, Span

_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|inf|nan|Infinity|NaN)"
_WRAPPED = re.compile(
    r"\b(tensor|array|Array|DeviceArray|matrix|Matrix|ImmutableMatrix|Tensor|SX|DM|MX)\s*\("
)
_SYMBOL = re.compile(r"\bSymbol\('([^'\\]*)'\)")
"""A name that sympy would take for something else."""
_KEYWORD = re.compile(
    r"(?:,\s*)?\b\w+\s*=(?!\s*\w+\s*\()\s*(?:<[^<>]*>|'[^']*'|\"[^\"]*\"|\([^()]*\)|[\w.]+)"
)
_BARE = re.compile(rf"[\s\[\]]*{_NUMBER}(?:[\s\[\]]+{_NUMBER})*[\s\[\]]*")
_TOKEN = re.compile(
    rf"(?P<word>(?!inf|nan|NaN|Infinity)[A-Za-z_][\w.]*\()|(?P<number>{_NUMBER})(?![\w.])|(?P<mark>[\[\]()])|[\s,]+"
)
_SINGLE = ("float32", "complex64")
_HALF = ("float16", "bfloat16")
_DEPTH = 8


@dataclass(frozen=True)
class Printout:
    """Rows of numbers with their texts, and how far rounding may have moved them.

    ``precision`` says in words how many digits there are; empty if all of them are.
    """

    numbers: list[list[float]]
    texts: list[list[str]]
    absolute: float = 0.0
    relative: float = 0.0
    precision: str = ""


def is_printout(text: str, *, typed: bool) -> bool:
    """Whether it is a matrix that a program has printed, and not a list of formulas.

    ``typed``: it stands on a command line, where ``1 -2`` is a difference and not two numbers.
    """
    if _WRAPPED.search(text) or "..." in text:
        return True
    if "," in text or ";" in text or not _BARE.fullmatch(text):
        return False
    apart = "[" in text or re.search(r"\d\.?[^\S\n]+\.?\d", text)
    return bool(apart) if typed else len(text.split()) > 1


def read_printout(source: Source) -> Printout:
    """Raises BindingError where the text is no matrix of numbers."""
    text = source.text
    if "..." in text:
        at = text.index("...")
        raise BindingError(
            "the printout leaves entries out", source=source, span=Span(at, at + 3),
            hint="numpy.set_printoptions(threshold=sys.maxsize), or the same of torch",
        )  # fmt: skip
    words = _WRAPPED.findall(text)
    rows = _rows(_nested(source))
    if not rows or not all(rows):
        raise BindingError("the printout has no numbers", source=source)
    texts = [[str(entry) for entry in row] for row in rows]
    try:
        numbers = [[float(entry) for entry in row] for row in rows]
    except ValueError:
        raise BindingError("the printout is not a matrix of numbers", source=source) from None
    flat = [entry for row in texts for entry in row]
    return Printout(numbers, texts, *_precision(text, words, flat))


def unwrapped(text: str) -> str | None:
    """What stands in the brackets of ``Matrix(…)``, blanks around it; None if that is not all."""
    found = re.match(r"\s*(?:\w+\s*=\s*)?[\w.]+\s*\(", text)
    end = text.rstrip().rfind(")")
    if found is None or end != len(text.rstrip()) - 1 or end < found.end():
        return None
    inside = _KEYWORD.sub(lambda word: " " * len(word[0]), text[found.end() : end])
    inside = _SYMBOL.sub(lambda symbol: f"        {symbol[1]}  ", inside)
    return " " * found.end() + inside


def _nested(source: Source) -> list[Any]:
    """The brackets as lists, the numbers as text. Lines without brackets are rows."""
    text = _KEYWORD.sub(lambda found: " " * len(found[0]), source.text)
    if not _WRAPPED.search(source.text) and "[" not in text:
        return [line.split() for line in text.splitlines() if line.strip()]
    stack: list[list[Any]] = [[]]
    silent: list[bool] = []  # whether the bracket that is open is only the one of ``tensor(``
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or len(stack) > _DEPTH:
            raise BindingError(
                "the printout is not a matrix of numbers",
                source=source,
                span=Span(place, place + 1),
            )
        place = found.end()
        if found["number"]:
            stack[-1].append(found["number"])
        elif found["word"] or found["mark"] in ("[", "("):
            silent.append(bool(found["word"]))
            if not silent[-1]:
                stack[-1].append([])
                stack.append(stack[-1][-1])
        elif found["mark"] and silent and not silent.pop():
            stack.pop()
    return stack[0]


def _rows(nested: list[Any]) -> list[list[str]]:
    """The innermost lists; lists of one that hold everything are peeled off."""
    while len(nested) == 1 and isinstance(nested[0], list):
        nested = nested[0]
    if not any(isinstance(item, list) for item in nested):
        return [nested]
    rows = [item if isinstance(item, list) else [item] for item in nested]
    while any(isinstance(item, list) for row in rows for item in row):
        if not all(len(row) == 1 and isinstance(row[0], list) for row in rows):
            raise BindingError("the printout has more than two dimensions")
        rows = [row[0] for row in rows]
    return rows


def _precision(text: str, words: list[str], numbers: list[str]) -> tuple[float, float, str]:
    """Absolute and relative rounding, and the words for them."""
    torch = "tensor" in words
    bare = not words and "[" not in text
    if bare or "Matrix" in words:
        return 0.0, 0.0, ""  # lines of numbers, as savetxt writes them, and sympy's have all digits
    decimals = max(map(_decimals, numbers))
    relative = _kind(text, torch)
    if torch and not decimals:
        return 0.0, relative, "" if not relative else "single precision"
    shown = decimals if torch else max(decimals, 8)
    if any("e" in number.lower() for number in numbers):
        return 0.0, max(relative, 10.0**-shown), f"the {shown} decimals of a printout"
    return 10.0**-shown / 2, relative, f"the {shown} decimals of a printout"


def _decimals(number: str) -> int:
    return len(re.split("[eE]", number)[0].partition(".")[2])


def _kind(text: str, torch: bool) -> float:
    """The relative rounding of the numbers' type, with room for a formula of some length."""
    if any(name in text for name in _HALF):
        return 2.0**-6
    if any(name in text for name in _SINGLE) or (torch and "dtype" not in text):
        return 2.0**-18
    return 0.0
