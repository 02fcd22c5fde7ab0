"""What a reader should be told of the reading: sentences that stand beside the answer.

Nothing here is wrong. It was read as the language has it, and it may not be what was meant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from gradcalc.functions.primitives import CONSTANTS, FUNCTIONS
from gradcalc.language.foreign import BLOCK_COMMENT, HAS_WORDS
from gradcalc.language.late import Late
from gradcalc.language.reader import Reader
from gradcalc.language.tokens import SPELLINGS

MOST = 6
"""Words that one sentence lists."""

LONG = 40
"""Characters that are shown of a comment."""

MANY = 2000
"""Names from which on a program wrote the text: it runs no words together."""

_NUMBERS = {"inf", "infinity", "nan", "na", "none", "null", "true", "false"}
"""Words for values in other languages, in small letters."""

_UNARY = sorted((name for name in FUNCTIONS if FUNCTIONS[name].arity == 1), key=len, reverse=True)
_FUNCTION_FIRST = Late(rf"({'|'.join(_UNARY)})(\d*)(\w+)")
_OPERAND = Late(r"[xyzXYZθφψ]\d*|theta|phi|π|pi")
_AFTER_COMMA = Late(r",(\d+)")
_BEFORE_COMMA = Late(r"(?<![\w.])(\d+),\Z")
_LETTERS = Late(r"[^\W\d_]{2,3}")


def of_reading(parser: Reader, bound: Collection[str]) -> list[str]:
    """All notes on one reading; ``bound`` are the names that somebody gave values to, and meant."""
    free = [name for name in parser.meaning.variables if name not in bound]
    notes = [*read_as(parser.habits.read_as), *continued(parser), *comments(parser)]
    if len(free) <= MANY:
        long = [name for name in free if len(name.rstrip("0123456789")) > 1]
        if long:
            notes += run_together(long, {*parser.meaning.variables, *parser.named})
            notes += words_for_numbers(long)
    notes += unfinished(parser.habits.unfinished)
    notes += decimal_commas(parser)
    if parser.spellings is not SPELLINGS:
        columns = "; [a, b] is a column, [a b] a row" if parser.habits.columns else ""
        notes.append(f"as in MATLAB, '*' is the product of matrices, '.*' of elements{columns}")
    return notes


def read_as(words: Mapping[str, str]) -> list[str]:
    """One sentence for all foreign words, and what they were read as."""
    if not words:
        return []
    shown, readings, more = _first(words)
    verb = "is" if len(words) == 1 else "are"
    return [f"{shown} {verb} read as {readings}{more}"]


def _first(readings: Mapping[str, str]) -> tuple[str, str, str]:
    """The first words, how they are read, and how many more there are."""
    shown = dict(list(readings.items())[:MOST])
    more = f", and {len(readings) - MOST} more" if len(readings) > MOST else ""
    return ", ".join(shown), ", ".join(shown.values()), more


def continued(parser: Reader) -> list[str]:
    """That lines were read as the rest of the ones above them."""
    if not parser.habits.continued:
        return []
    first, text = parser.habits.continued[0], parser.source.text
    lines = "line {} begins with '{}' and continues the one above".format(
        text.count("\n", 0, first) + 1, text[first]
    )
    if len(parser.habits.continued) > 1:
        lines += f", and so do {len(parser.habits.continued) - 1} more"
    return [f"{lines}; a ',' at the end of a line makes two expressions of them"]


def comments(parser: Reader) -> list[str]:
    """That something was skipped which is a comment in another language, and could be meant."""
    text = parser.source.text
    blocks = [found[1] for found in BLOCK_COMMENT.finditer(text)] if "/*" in text else []
    skipped = [
        *parser.habits.comments,
        *(block for block in blocks if block and HAS_WORDS.search(block)),
    ]
    if not skipped:
        return []
    first = " ".join(skipped[0].split())
    shown = first if len(first) <= LONG else f"{first[: LONG - 1]}…"
    more = f", and so are {len(skipped) - 1} more" if len(skipped) > 1 else ""
    return [f"'{shown}' is skipped as a comment{more}"]


def run_together(names: Iterable[str], known: Collection[str]) -> list[str]:
    """``sinx``, ``2πx`` and ``xy`` beside x and y are a variable each."""
    meant = {name: apart for name in names if (apart := _apart(name, known))}
    if not meant:
        return []
    shown, readings, more = _first(meant)
    one = "is read as one variable" if len(meant) == 1 else "are read as one variable each"
    return [f"{shown} {one}; write {readings} if that is meant{more}"]


def _apart(name: str, known: Collection[str]) -> str:
    """What a name may have been meant as; '' where it looks like a name."""
    if name in FUNCTIONS or name in CONSTANTS:
        return ""
    found = _FUNCTION_FIRST.fullmatch(name)
    if found is not None:
        function, number, rest = found.groups()
        if rest in known or rest in CONSTANTS or _OPERAND.fullmatch(rest):
            return f"{function}({number}{'*' if number else ''}{SPELLINGS.get(rest, rest)})"
    for sign in ("π", "pi"):
        rest = name.removeprefix(sign)
        if rest != name and (rest in known or _OPERAND.fullmatch(rest) or (sign == "π" and rest)):
            return f"{sign}*{rest}"
    if _LETTERS.fullmatch(name) and all(letter in known for letter in name):
        return product(name)
    return ""


def product(name: str) -> str:
    """The product of the letters of a name."""
    return "*".join(name)


def words_for_numbers(names: Iterable[str]) -> list[str]:
    """``inf`` and ``nan`` are names like any other here."""
    found = [name for name in names if name.lower() in _NUMBERS]
    if not found:
        return []
    verb = "is a variable" if len(found) == 1 else "are variables"
    return [f"{', '.join(found[:MOST])} {verb} here, and no value by that name is known"]


def unfinished(numbers: Iterable[str]) -> list[str]:
    """``2e`` is the product with the constant e."""
    return [
        f"{text} is read as {text[:-1]}*{text[-1]}; a number in powers of ten is {text}0"
        for text in list(numbers)[:1]
    ]


_DIGITS = 40
"""Of a number before a comma as many are looked at."""


def decimal_commas(parser: Reader) -> list[str]:
    """``3,5*x`` and ``x*3,5`` are two expressions, and one is a bare number."""
    text = parser.source.text
    for statement in parser.statements:
        start, end = statement.span
        before = None
        if text[start - 1 : start] == "," and not statement.name and text[start:end].isdecimal():
            before = _BEFORE_COMMA.search(text, max(0, start - _DIGITS), start)
        if before:
            number = f"{before[1]},{text[start:end]}"
            return [f"{number} are two expressions; for a decimal number write "
                    f"{number.replace(',', '.')}"]  # fmt: skip
        value, end = statement.value, statement.span.end
        if not statement.name and type(value) is int and value in parser.graph.constants:
            number = text[statement.span.start : end]
            digits = _AFTER_COMMA.match(text, end)
            if number.isdecimal() and digits:
                return [
                    f"{number},{digits[1]} are two expressions; for a decimal number write "
                    f"{number}.{digits[1]}"
                ]
    return []
