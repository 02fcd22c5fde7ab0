"""What the parser keeps while it reads: values, operators that wait, names, and its place.

Here too is what only looks: at the tokens around, and at the text, to complain of it.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, NamedTuple

from gradcalc.errors import ExpressionError, Fix, Source, Span
from gradcalc.functions.primitives import FUNCTIONS
from gradcalc.graph.graph import Graph, LeafKey, constant_key
from gradcalc.language import complaints
from gradcalc.language.arrays import Value
from gradcalc.language.foreign import (
    COMMENT,
    CONTINUATION,
    HAS_WORDS,
    LIBRARIES,
    TRAILING_COMMENT,
    WORDS_ELSEWHERE,
)
from gradcalc.language.meaning import Meaning
from gradcalc.language.structural import STRUCTURAL
from gradcalc.language.tokens import SPELLINGS, Tokens, is_blank, is_number

FOLLOWING = 3
"""Tokens that are looked at before it is their turn."""


class Pending:
    """An operator that waits for its right operand, or an open bracket."""

    __slots__ = ("at", "code", "items", "keywords", "kind", "prec", "sign", "terms")

    def __init__(self, prec: int, kind: str, at: int, code: int = 0) -> None:
        self.prec = prec
        # "binary", "unary", "chain", "compare"; "if" and "else", "?" and ":";
        # "(", "call", "[", "index", "|"
        self.kind = kind
        self.at = at  # where it stands in the text
        self.code = code
        self.sign = 1
        self.terms: list[Any] = []  # of a chain; the arguments so far of a call or an array
        self.keywords: dict[int, str] = {}  # the arguments of a call that were given by name
        self.items: Any = None  # the parts of a slice; the name of a call; the rows of an array

    @property
    def opener(self) -> str:
        """Of an open bracket."""
        if self.kind == "call":
            return "[" if self.code else "("
        return "[" if self.kind == "index" else self.kind


class Statement(NamedTuple):
    """One statement: its value, the name it was given ('' for a bare expression), its text."""

    name: str
    value: Value
    span: Span


class Habits:
    """What has been noticed of the way in which the whole text is written."""

    def __init__(self) -> None:
        # Foreign words, and what they were read as.
        self.read_as: dict[str, str] = {}
        # Numbers before an e that is the constant: ``2e``.
        self.unfinished: list[str] = []
        # Where a line begins with an operator.
        self.continued: list[int] = []
        # What was skipped as a comment of another language.
        self.comments: list[str] = []
        # Whether d, d0, … are no names of the text, but exponents.
        self.fortran: dict[str, bool] = {}
        # Whether [a, b] stands for a column of MATLAB or Julia.
        self.columns = False
        # Calls of functions of the text with numbers that were made before.
        self.calls: dict[tuple[int, tuple[Value, ...]], Value] = {}


class CallOf(NamedTuple):
    """Where the text of a function is read: its arguments by parameter, and how many calls deep."""

    arguments: dict[str, Value]
    depth: int


_OUTSIDE = CallOf({}, 0)


class Reader(ABC):
    """The state of a reading of one text into ``graph``."""

    def __init__(
        self,
        source: Source,
        *,
        shapes: dict[str, tuple[int, ...]] | None = None,
        parameters: dict[str, Any] | None = None,
        bound: frozenset[str] = frozenset(),
        flags_are_numbers: bool = False,
        graph: Graph | None = None,
        looks_ahead: bool = True,
        numbers_only: bool = False,
    ) -> None:
        self.source = source
        self.tokens = Tokens(source.text)
        self.graph = Graph(source) if graph is None else graph
        self.meaning = Meaning(
            self.graph, shapes or {}, parameters or {}, bound, flags_are_numbers=flags_are_numbers
        )
        self.statements: list[Statement] = []
        self.named: dict[str, int] = {}  # a name → the statement that gave it its value
        self.used: set[int] = set()  # statements whose value a later one uses
        self.leaves: dict[str, Value] = {}  # tokens seen before that are operands by themselves
        self.values: list[Value] = []
        self.starts: list[int] = []
        self.pending: list[Pending] = []
        self.powers: dict[int, tuple[float, Span]] = {}  # by where the function stands: sin²(x)
        self.functions: dict[str, Any] = {}  # of the text: f(x) = …
        self.habits = Habits()
        self.numbers_only = numbers_only  # of a point, which defines nothing
        self.looks_ahead = looks_ahead  # for what repeats
        self.index = -1  # of the current token
        self.start = 0  # where the current token begins
        self.token_end = 0
        self.end = 0  # where the last operand ended
        self.start_of_value = 0  # where the last statement's value begins
        self.depth = 0  # of open brackets
        self.target: tuple[str, Any] | None = None  # what a '=' here would assign to
        self.assign: tuple[str, Any, Span] | None = None
        self.spellings = SPELLINGS
        self.careful = False  # what is a power of what may be in doubt
        self.gives_names = True  # there is a '=' somewhere
        self.has_arrows = False  # x -> …, lambda x: …
        self.inside = _OUTSIDE  # what this is the body of

    @abstractmethod
    def read_tokens(self) -> bool:
        """Read all tokens. Says whether a value is expected after them."""

    @abstractmethod
    def read_uncalled(self, name: str, definition: Any) -> None:
        """Give the statement of a function of the text the value of its body."""

    # --- values -------------------------------------------------------------------------------

    def push(self, value: Value, start: int, end: int) -> bool:
        self.values.append(value)
        self.starts.append(start)
        self.end = end
        return False

    def push_leaf(self, token: str, value: Value) -> bool:
        self.leaves[token] = value
        return self.push(value, self.start, self.token_end)

    def number(self, token: str) -> int:
        return self.graph.constant(self.finite(token), Span(self.start, self.token_end))

    def finite(self, token: str) -> float:
        value = float(token)
        if math.isinf(value):
            raise self.complain(f"{complaints.short(token)} is larger than any double")
        return value

    def named_value(self, token: str) -> Value:
        """What a name stands for: an argument of the function whose text this is, an earlier
        statement, a variable, a parameter, a constant."""
        argument = self.inside.arguments.get(token)
        if argument is not None:
            return argument
        statement = self.named.get(token)
        if statement is not None:
            if token in self.functions:
                self.read_uncalled(token, self.functions[token])
            self.used.add(statement)
            return self.statements[statement].value
        value = self.meaning.leaf(token, Span(self.start, self.token_end))
        if token not in FUNCTIONS and token not in STRUCTURAL and token not in WORDS_ELSEWHERE:
            self.leaves[token] = value  # those may mean something else the next time
        return value

    def leaf(self, token: str) -> int | LeafKey | None:
        """What a name or a number further on is: its node, or the key of a new one; else None."""
        value = self.leaves.get(token)
        if value is None and token in self.named:
            value = self.named_value(token)
        if value is not None:
            return value if isinstance(value, int) else None
        if not is_number(token):
            return self.meaning.key(token)
        number = float(token)
        return None if math.isinf(number) else constant_key(number)

    def whole_number(self, value: Value, start: int) -> int:
        number = self.graph.constants.get(value) if type(value) is int else None
        if number is None or not float(number).is_integer():
            raise self.complain(
                "an index is a constant whole number",
                "indices count from 0: a[0], a[-1], a[0:2]",
                Span(start, self.end),
            )
        return int(number)

    def take(self, to: int) -> None:
        """What stands up to ``to`` has been read together with the current token; no more than
        there is: the text of a function ends before its statement does."""
        while self.token_end < min(to, self.tokens.end):
            self.index += 1
            if self.index == len(self.tokens):
                self.tokens.cut_further()
            self.token_end += len(self.tokens[self.index])

    # --- what is not read ---------------------------------------------------------------------

    def skip_comment(self) -> bool:
        """A line that is a comment in another language."""
        text = self.source.text
        if text[self.start] not in "#/%!-" or not self.at_statement_start():
            return False
        return self.skip(COMMENT.match(text, self.start))

    def skip_trailing_comment(self) -> bool:
        if self.source.text[self.start] not in "/%!":
            return False
        return self.skip(TRAILING_COMMENT.match(self.source.text, self.start))

    def continues(self) -> bool:
        """``...`` or a backslash at the end of a line that goes on in the next."""
        if self.source.text[self.start] not in ".\\&":
            return False
        return self.skip(CONTINUATION.match(self.source.text, self.start))

    def skip(self, found: re.Match[str] | None) -> bool:
        """Whether there is something to be skipped. What words it has are not lost sight of."""
        if found is None:
            return False
        if HAS_WORDS.search(found[0]):
            self.habits.comments.append(found[0].strip())
        self.take(found.end())
        return True

    # --- looking around -----------------------------------------------------------------------

    def next_token(self) -> str:
        for token in self.tokens[self.index + 1 : self.index + 1 + FOLLOWING]:
            if token != " " and not is_blank(token):
                return token
        return ""

    def previous_token(self) -> str:
        for place in range(self.index - 1, -1, -1):
            if not is_blank(self.tokens[place]) and self.tokens[place] != "\n":
                return self.tokens[place]
        return ""

    def after_newline(self) -> bool:
        for place in range(self.index - 1, -1, -1):
            if not is_blank(self.tokens[place]):
                return self.tokens[place] == "\n"
        return False

    def is_variable(self, name: str) -> bool:
        """Whether ``name`` has a value already, or is given one at the point."""
        meaning = self.meaning
        known = name in self.named or name in meaning.variables or name in meaning.shapes
        return known or meaning.is_bound(name)

    def after_library(self, back: int = 1) -> bool:
        """Whether ``np.`` stands before this token; ``back`` 0: whether this is the dot itself."""
        dot = self.index - back
        return dot > 0 and self.tokens[dot] == "." and self.tokens[dot - 1] in LIBRARIES

    def innermost(self) -> Pending | None:
        """The last bracket that is still open."""
        if self.depth:
            for entry in reversed(self.pending):
                if entry.prec == 0:
                    return entry
        return None

    def at_statement_start(self) -> bool:
        return not self.pending and not self.values and self.assign is None

    def complain(
        self,
        message: str,
        hint: str = "",
        span: Span | None = None,
        fixes: Iterable[tuple[int, int, str]] = (),
    ) -> ExpressionError:
        """An error at ``span``, or at the current token."""
        error = ExpressionError(
            message,
            source=self.source,
            span=span or Span(self.start, max(self.token_end, self.start + 1)),
            hint=hint,
        )
        error.fixes = tuple(Fix(*fix) for fix in fixes)
        return error
