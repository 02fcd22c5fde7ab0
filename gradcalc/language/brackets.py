"""Brackets: parentheses, calls, arrays, indices and |bars|, from opening to closing."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from gradcalc.errors import Span
from gradcalc.functions.primitives import ABS, WHERE
from gradcalc.language import complaints
from gradcalc.language.arrays import Value
from gradcalc.language.foreign import PIECEWISE
from gradcalc.language.late import Late
from gradcalc.language.operators import TIGHT, Operators
from gradcalc.language.reader import Pending
from gradcalc.language.structural import STRUCTURAL
from gradcalc.language.tokens import SPELLINGS

CLOSERS = {"(": ")", "[": "]", "|": "|"}
ALL = -1
"""In place of a condition: otherwise."""

_TWO_ENTRIES = Late(r"[\w)\]'.]\s+[-+][^\s]")
"""``1 -2``: in MATLAB's brackets these are two entries, elsewhere it is a difference."""


class Brackets(Operators):
    """What stands inside of brackets, and what it comes to."""

    def in_bars(self) -> bool:
        entry = self.innermost()
        return entry is not None and entry.kind == "|"

    def open(self, token: str) -> bool:
        top = self.pending[-1] if self.pending else None
        if top is not None and top.kind == "call" and not top.sign:
            top.sign = 1  # the parenthesis of this very call
            top.code = token == "["
        else:
            self.pending.append(Pending(0, token, self.start))
            self.depth += 1
        return True

    def call(self, name: str) -> bool:
        call = Pending(0, "call", self.start)
        call.items = name
        call.sign = 0  # its parenthesis is still to come
        self.pending.append(call)
        self.depth += 1
        return True

    def names_argument(self, token: str) -> bool:
        """Whether ``axis=`` begins an argument of a call; then it is read with its mark."""
        top = self.pending[-1] if self.pending else None
        if top is None or top.kind != "call" or not top.sign:
            return False
        top.keywords[len(top.terms)] = token
        self.take(self.source.text.index("=", self.token_end) + 1)
        return True

    def wants_order(self, token: str) -> bool:
        """Whether the p of a norm is wanted here, which may be infinity."""
        top = self.pending[-1] if self.pending else None
        if top is None or top.kind != "call" or self.is_variable(token):
            return False
        row, place = STRUCTURAL.get(top.items), len(top.terms)
        by_place = row is not None and row.names[place : place + 1] == ["p"]
        return by_place or top.keywords.get(place) == "p"

    def open_index(self) -> None:
        self.reduce(TIGHT)
        self.pending.append(Pending(0, "index", self.start))
        self.depth += 1

    def close(self, token: str) -> bool:
        if self.pending and self.pending[-1].prec:
            self.reduce(1)
        if not self.pending:
            raise self.complain(
                f"'{token}' closes nothing",
                "remove it, or open one before",
                fixes=[(self.start, self.token_end, "")],
            )
        self.depth -= 1
        entry = self.pending.pop()
        kind = entry.kind
        if kind == "(" and token == ")":
            if entry.terms:
                return self.end_pair(entry)
            self.target = None if not self.pending else self.target
            self.starts[-1] = entry.at
            self.end = self.token_end
            return False
        if CLOSERS[entry.opener] != token:
            raise self.complain(
                f"'{entry.opener}' is closed by '{token}'",
                f"write '{CLOSERS[entry.opener]}' here",
                Span(entry.at, self.token_end),
                [(self.start, self.token_end, CLOSERS[entry.opener])],
            )
        if kind == "|":
            return self.end_bars(entry)
        self.end_item(entry)
        value = self.bracketed(entry)
        start = self.starts.pop() if kind == "index" else entry.at
        return self.push(value, start, self.token_end)

    def end_bars(self, entry: Pending) -> bool:
        span = Span(entry.at, self.token_end)
        value = self.values.pop()
        self.starts.pop()
        if not isinstance(value, int):
            inside = self.source.text[span.start + 1 : span.end - 1].strip()
            fixes = [(*span, f"{name}({inside})") for name in ("norm", "abs")]
            raise self.complain(*complaints.bars_around_an_array(inside), span, fixes)
        return self.push(self.meaning.apply(ABS.code, (value,), *span), *span)

    # --- sympy's pairs of a value and a condition ---------------------------------------------

    def is_pair(self) -> bool:
        """Whether the parenthesis that is open stands straight inside of ``Piecewise(``."""
        if len(self.pending) < 2 or self.pending[-1].kind != "(":
            return False
        return self.pending[-2].kind == "call" and self.pending[-2].items == PIECEWISE

    def is_second_of_pair(self) -> bool:
        """Whether the token is where the condition of such a pair begins."""
        return self.is_pair() and bool(self.pending[-1].terms) and self.previous_token() == ","

    def end_pair(self, entry: Pending) -> bool:
        self.end_item(entry)
        span = Span(entry.at, self.token_end)
        if len(entry.terms) != 2 or self.next_token() not in (",", ")"):
            raise self.complain(*complaints.piecewise(), span)
        pair: Any = tuple(term[1] for term in entry.terms)
        return self.push(pair, *span)

    def piecewise(self, pairs: tuple[Any, ...], span: Span) -> Value:
        """``Piecewise((a, c), (b, True))``: b, unless c holds."""
        if not all(isinstance(pair, tuple) for pair in pairs) or pairs[-1][1] != ALL:
            raise self.complain(*complaints.piecewise(), span)
        value: Value = pairs[-1][0]
        for yes, condition in reversed(pairs[:-1]):
            if isinstance(condition, int) and condition == ALL:
                value = yes
            else:
                value = self.meaning.apply(WHERE.code, (condition, yes, value), *span)
        return value

    def end_item(self, entry: Pending) -> None:
        """The value before a comma or a closing bracket joins its call, array or index."""
        value, start = self.values.pop(), self.starts.pop()
        if entry.kind != "index":
            entry.terms.append((1, value, start, self.end))
            return
        number = self.whole_number(value, start)
        if entry.items is None:
            entry.terms.append(number)
        else:
            self.end_slice(entry, number)

    def bracketed(self, entry: Pending) -> Value:
        span = Span(entry.at, self.token_end)
        if entry.kind == "index":
            return self.indexed(entry, span)
        values = tuple([term[1] for term in entry.terms])
        if entry.kind == "call":
            if entry.keywords:
                values = self.positional(entry, values, span)
            value = self.called(entry, values, span)
            return self.to_power(value, entry.at, span.end) if self.powers else value
        if entry.code:
            return self.matrix(entry, values, span)
        if len(values) == 1 and isinstance(values[0], int):
            self.refuse_two_entries(span)
        return self.turned(self.meaning.array(values, span), span, blanks=False)

    @abstractmethod
    def called(self, entry: Pending, values: tuple[Value, ...], span: Span) -> Value:
        """The value of a call."""

    def positional(
        self, entry: Pending, values: tuple[Value, ...], span: Span
    ) -> tuple[Value, ...]:
        """The arguments of a call that were not given by name; only whole arrays take others."""
        if entry.items not in STRUCTURAL:
            name = next(iter(entry.keywords.values()))
            raise self.complain(*complaints.no_keywords(entry.items, name), span)
        return tuple(v for place, v in enumerate(values) if place not in entry.keywords)

    # --- MATLAB's arrays: blanks between entries, semicolons between rows ---------------------

    def begins_row(self) -> bool:
        """Whether a bracket after a bracket is the next row of an array, as numpy prints them:
        without a comma, on a line of its own."""
        array = self.innermost()
        in_row = array is not None and array.kind == "[" and self.previous_token() == "]"
        if not in_row or not self.after_newline():
            return False
        assert array is not None
        self.reduce(1)
        self.end_item(array)
        return self.open("[")

    def next_entry(self, entry: Pending, new_row: bool) -> None:
        """An entry of an array ends at a blank, a row at a semicolon or at the end of a line."""
        self.reduce(1)
        self.end_item(entry)
        entry.code = 1
        if new_row:
            self.end_row(entry)

    def end_row(self, entry: Pending) -> None:
        entry.items = [*(entry.items or []), tuple(term[1] for term in entry.terms)]
        entry.terms = []

    def matrix(self, entry: Pending, last: tuple[Value, ...], span: Span) -> Value:
        """``[1 2; 3 4]``."""
        rows = [*(entry.items or []), *([last] if last else [])]
        if any(not isinstance(value, int) for row in rows for value in row):
            raise self.complain(
                "arrays side by side in brackets are joined in MATLAB; here an array is made of "
                "numbers, or of rows in brackets",
                "write the rows as [[1, 2], [3, 4]]",
                span,
            )
        self.refuse_two_entries(span)
        if not entry.items:
            return self.turned(self.meaning.array(rows[0], span), span, blanks=True)
        return self.meaning.array(tuple(self.meaning.array(row, span) for row in rows), span)

    def turned(self, array: Value, span: Span, *, blanks: bool) -> Value:
        """A literal vector of MATLAB's or Julia's, which is a row in front of a product or of a
        transpose; with blanks it is one wherever no function takes it.

        ``[a, b]`` is a row in MATLAB and in Julia a column, as here: refused where it may be both.
        """
        around = self.innermost()
        if self.spellings is SPELLINGS or isinstance(array, int):
            return array  # a transcript has numbers for its arrays
        if array.ndim > 1 or array.size < 2:
            return array
        if around is not None and around.kind in ("[", "|"):
            return array
        following = self.spellings.get(self.next_token(), self.next_token())
        if following == "'" and not blanks:
            text = self.source.text[slice(*span)]
            row, column = text.replace(", ", " ").replace(",", " "), text.replace(",", ";")
            fixes = [(*span, row), (*span, column)]
            raise self.complain(*complaints.row_or_column(text, row, column), span, fixes)
        named = blanks and (around is None or around.kind == "(")
        if named or following in ("'", "of matrices *"):
            return array[None]
        self.habits.columns |= not blanks
        return array

    def refuse_two_entries(self, span: Span) -> None:
        """``[1 -2]``"""
        text = self.source.text[slice(*span)]
        for found in _TWO_ENTRIES.finditer(text):
            before = text[: found.start() + 1]
            if before.count("(") == before.count(")"):
                sign = found.end() - 2
                apart = f"{before}, {text[sign:]}", f"{before} {text[sign]} {text[sign + 1 :]}"
                fixes = [] if ";" in text else [(*span, one) for one in apart]
                raise self.complain(*complaints.two_entries(text), span, fixes)

    # --- indices ------------------------------------------------------------------------------

    def end_slice(self, entry: Pending, last: int | None) -> None:
        parts = [*entry.items, last]
        if len(parts) > 3:
            raise self.complain("a slice has at most start:stop:step")
        if len(parts) == 3 and parts[2] == 0:
            raise self.complain("the step of a slice cannot be 0")
        entry.terms.append(slice(*parts))
        entry.items = None

    def indexed(self, entry: Pending, span: Span) -> Value:
        index = tuple(entry.terms)
        if self.target is not None and not self.pending:
            self.target = (self.target[0], index) if self.target[1] is None else None
        return self.meaning.item(self.values.pop(), index, Span(self.starts[-1], span.end), span)

    def close_method(self, entry: Pending, token: str) -> bool:
        """``a.mean()``: what stands before the dot is the only argument."""
        _, value, start, end = entry.terms.pop()
        self.push(value, start, end)
        return self.close(token)

    def close_after_row(self, entry: Pending) -> bool:
        """``[1; 2;]``: a semicolon may trail."""
        self.depth -= 1
        self.pending.pop()
        span = Span(entry.at, self.token_end)
        return self.push(self.matrix(entry, (), span), *span)

    def close_after_comma(self, entry: Pending, token: str) -> bool:
        """``[1, 2,]`` and ``f(x,)``: a comma may trail."""
        _, value, start, end = entry.terms.pop()
        self.push(value, start, end)
        return self.close(token)

    def open_slice(self, entry: Pending, token: str) -> bool:
        if token == ":":
            entry.items = [*(entry.items or []), None]
            return True
        if entry.items is None:
            if token == "]" and not entry.terms:
                raise self.complain("the index is empty", "indices count from 0: a[0], a[0:2]")
            raise self.complain(*complaints.missing_operand(token, self.tokens.whole(), self.index))
        self.end_slice(entry, None)
        if token == ",":
            return True
        self.depth -= 1
        self.pending.pop()
        value = self.indexed(entry, Span(entry.at, self.token_end))
        return self.push(value, self.starts.pop(), self.token_end)
