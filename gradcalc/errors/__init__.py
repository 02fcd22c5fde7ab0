"""What can go wrong, as values.

An error carries what a reader needs to mend it: a message, the text the user typed, the span of
characters that is at fault, a hint that can be typed, and the exit code. Nothing here prints;
``gradcalc.render.errors`` turns an error into text for a terminal or a program.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from gradcalc.errors.text import excerpt, safe


class Exit(IntEnum):
    """The exit codes of the command, and the one place where they are defined."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Exit:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = 0, "done, and what was checked agreed (an infinite slope is an answer, with a note)"
    DISAGREES = (
        1,
        "the check disagrees: a wrong digit in our answer, or in a claim; "
        "in `run` and `batch`: some line or row failed, the others were done; "
        "in `propagate`: the linear interval does not stand",
    )
    USAGE = 2, "the command line is wrong: unknown option, missing argument, unreadable file"
    INPUT = 3, "the expression, the point or the vector cannot be read, or they don't fit together"
    UNDEFINED = (
        4,
        "undefined at this point: the value, or an entry of the derivative, is NaN, "
        "or the value is infinite",
    )
    UNDECIDED = (
        5,
        "the check asked for could not be decided in its budget; or a number lies on a step, "
        "or the oracles disagree",
    )
    FEW_DIGITS = 6, "fewer than 6 digits of a number are right, as rounding explains"
    INTERRUPTED = 130, "interrupted"
    PIPE_CLOSED = 141, "the reader of the pipe went away (no message)"


class Span(NamedTuple):
    """Characters ``start`` to ``end`` (exclusive) of a source text."""

    start: int
    end: int


class Source(NamedTuple):
    """A text that a user typed, and as what: '' (the expression), '--at', a file's name."""

    text: str
    name: str = ""


class GradcalcError(Exception):
    """Anything that a user of gradcalc can mend.

    ``error.message`` is the message alone; ``str(error)`` has the text with its caret and the hint
    too, as Python's traceback shows it.
    """

    exit: Exit = Exit.INPUT

    def __init__(
        self,
        message: str,
        *,
        source: Source | None = None,
        span: Span | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.span = span
        self.hint = hint

    def __str__(self) -> str:
        lines = [safe(self.message)]
        if self.source is not None:
            lines += excerpt(*self.source, self.span)
        hints = self.hint.split("\n") if self.hint else []
        return "\n".join([*lines, *(f"hint: {safe(hint)}" for hint in hints)])


class Fix(NamedTuple):
    """What may stand in the place of some characters of a source."""

    start: int
    end: int
    text: str

    def applied(self, source: str) -> str:
        return source[: self.start] + self.text + source[self.end :]


class ExpressionError(GradcalcError, ValueError):
    """The text of an expression cannot be read.

    ``fixes`` are what the hint says, as changes of the text; ``corrections`` the texts that they
    make, each of which was read before it is shown.
    """

    fixes: tuple[Fix, ...] = ()
    corrections: tuple[str, ...] = ()


class BindingError(GradcalcError, ValueError):
    """A point or a vector cannot be read, or does not fit the expression."""


class UsageError(GradcalcError, ValueError):
    """The command line or a call is wrong: an option, a file, a mode."""

    exit = Exit.USAGE


class UndefinedError(GradcalcError, ArithmeticError):
    """The expression or its derivative is undefined at the point."""

    exit = Exit.UNDEFINED


class UndecidedError(GradcalcError):
    """A check that was asked for did not finish in its budget."""

    exit = Exit.UNDECIDED


def listed(names: Sequence[str], most: int = 6) -> str:
    """Some names for a message: 'a, b, c', or the first few and how many there are."""
    return beginning(names, most) + (f" ({len(names)} in all)" if len(names) > most else "")


def beginning(names: Sequence[str], most: int = 6) -> str:
    """The same where the number is said elsewhere: 'a, b, c', or the first few and '…'."""
    return ", ".join(names[:most]) + ", …" * (len(names) > most)


def count(number: int, one: str, many: str) -> str:
    """'1 entry', '2,000 entries'."""
    return f"{number:,} {one if number == 1 else many}"
