"""Tokens → graph: an operator-precedence parser with a stack of its own.

There is no syntax tree and no recursion. Operands are node numbers (or arrays of them) on one
stack, operators that still wait for their right side on another; whenever an operator is complete,
its node is made at once, with the span of text it came from. A hundred thousand nested parentheses
are a hundred thousand entries on a list.

The parser is always in one of two states: it expects an operand, or it has one and expects an
operator. Each state has a table from token to method.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat

from gradcalc.errors import Span
from gradcalc.functions.primitives import (
    ADD,
    AND,
    CONSTANTS,
    EQ,
    FUNCTIONS,
    GE,
    GT,
    LE,
    LT,
    MOD,
    MUL,
    NE,
    NEG,
    NOT,
    OR,
    POW,
)
from gradcalc.language import complaints
from gradcalc.language.arrays import STRUCTURAL, Value
from gradcalc.language.foreign import LIBRARIES, function
from gradcalc.language.lookalikes import deception
from gradcalc.language.meaning import MATMUL
from gradcalc.language.reader import FOLLOWING, Pending, Reader, Statement
from gradcalc.language.repeats.follow import EXPRESSIONS, FACTORS, LONG, TERMS, Pieces, Take, follow
from gradcalc.language.tokens import (
    FROM_SUPERSCRIPT,
    SPELLINGS,
    is_blank,
    is_name,
    is_number,
)

# Python's precedences. 0 is an open bracket: nothing reduces past it.
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _UNARY, _POWER = range(1, 9)

_CHAINS = {"+": (ADD.code, 1), "-": (ADD.code, -1), "*": (MUL.code, 1), "/": (MUL.code, -1)}
_COMPARISONS = {"<": LT.code, "<=": LE.code, ">": GT.code, ">=": GE.code, "==": EQ.code,
                "!=": NE.code}  # fmt: skip
_PLAIN = {"**": (_POWER, POW.code), "%": (_PRODUCT, MOD.code), "@": (_PRODUCT, MATMUL),
          "and": (_AND, AND.code), "or": (_OR, OR.code)}  # fmt: skip
_CLOSERS = {"(": ")", "[": "]"}
_WORDS = {"and", "or", "not"}


class Parser(Reader):
    """Reads one text into ``graph``; ``statements`` has what it says, in order."""

    # --- the loop -----------------------------------------------------------------------------

    def parse(self) -> Parser:
        found = deception(self.source.text)
        if found is not None:
            raise self.complain(*found)
        expecting = True
        tokens = self.tokens
        while self.index + 1 < len(tokens) or not tokens.complete:
            if not tokens.complete:
                tokens.cut_further()
            ready = len(tokens) if tokens.complete else max(0, len(tokens) - FOLLOWING)
            expecting = self.read(tokens[self.index + 1 : ready], expecting)
        self.start = self.token_end
        self.finish_statement(expecting, at_end=True)
        return self

    def read(self, tokens: Iterable[str], expecting: bool) -> bool:
        """Some tokens, one by one. Says whether a value is expected after them."""
        values, starts, leaves = self.values, self.starts, self.leaves
        position = self.token_end
        for index, token in enumerate(tokens, self.index + 1):
            self.index = index
            self.start = start = position
            self.token_end = position = start + len(token)
            if expecting:
                leaf = leaves.get(token)
                if leaf is not None:
                    values.append(leaf)
                    starts.append(start)
                    self.end = position
                    expecting = False
                elif token != " ":
                    expecting = self.operand(token)
            elif token != " ":
                expecting = self.operator(token)
                if self.token_end != position:  # more was read with it
                    break
        return expecting

    def operand(self, token: str) -> bool:
        """A token where a value is expected. Says whether one is still expected after it."""
        token = SPELLINGS.get(token, token)
        if is_blank(token):
            return True
        if is_number(token):
            return self.push_leaf(token, self.number(token))
        if token in ("-", "+", "not"):
            prec = _NOT if token == "not" else _UNARY
            code = {"-": NEG.code, "+": 0, "not": NOT.code}[token]
            self.pending.append(Pending(prec, "unary", self.start, code))
            return True
        if token == "(" or token == "[":
            top = self.pending[-1] if self.pending else None
            if top is not None and top.kind == "call" and not top.sign:
                top.sign = 1  # the parenthesis of this very call
                top.opener = token
                return True
            self.pending.append(Pending(0, token, self.start))
            return True
        if token == "√" or (is_name(token) and token not in _WORDS):
            return self.name(token)
        if token in (",", ";", "\n", ")", "]", ":"):
            return self.missing_operand(token)
        if token == "." and self.after_library(0):
            return True
        raise self.complain(*complaints.unexpected(token, self.tokens.whole(), self.index))

    def operator(self, token: str) -> bool:
        """A token after a value. Says whether a value is expected after it."""
        token = SPELLINGS.get(token, token)
        if token in _CHAINS:
            self.extend_chain(token)
        elif token in _PLAIN:
            prec, code = _PLAIN[token]
            self.reduce(prec + (token == "**"))  # '**' binds from the right
            self.pending.append(Pending(prec, "binary", self.start, code))
        elif is_blank(token):
            return False
        elif token in (")", "]"):
            return self.close(token)
        elif token in (",", ";", "\n", ":"):
            return self.separate(token)
        elif token in _COMPARISONS:
            self.extend_comparison(token)
        elif token == "[":
            self.open_index()
        elif token == "=":
            self.assignment()
        elif token[-1] in "⁰¹²³⁴⁵⁶⁷⁸⁹":
            return self.superscript(token)
        else:
            return self.juxtapose(token)
        return True

    # --- operands -----------------------------------------------------------------------------

    def name(self, token: str) -> bool:
        following = self.next_token()
        if following == "(" or following == "[":
            function = self.function(token, following)
            if function is not None:
                return self.call(function)
        elif following == "." and token in LIBRARIES and not self.is_variable(token):
            return True
        if token == "√":
            raise self.complain("'√' stands before a parenthesis", hint="write √(x) or sqrt(x)")
        if following == "=" and self.at_statement_start():
            self.target = (token, None)
            return self.push(0, self.start, self.token_end)
        if following == "(":
            raise self.complain(*complaints.not_a_function(token, self.tokens.whole(), self.index))
        if token not in CONSTANTS and self.after_library():
            raise self.complain(*complaints.not_a_member(token))
        if token in self.named and self.at_statement_start() and following == "[":
            self.target = (token, None)  # if a '=' follows, the array is not read but replaced
        return self.push(self.named_value(token), self.start, self.token_end)

    def function(self, word: str, bracket: str) -> str | None:
        """The function that is called here: ``sin(``, ``EXP(``, ``Sin[``."""
        if bracket == "(" and (word in FUNCTIONS or word in STRUCTURAL):
            return word
        if word == "√":
            return "sqrt"
        if bracket == "[" and self.is_variable(word):
            return None
        name = function(word)
        if name is not None and (name != word or bracket == "["):
            self.read_as[f"{word}{bracket}…{_CLOSERS[bracket]}"] = f"{name}(…)"
        return name

    def call(self, name: str) -> bool:
        call = Pending(0, "call", self.start)
        call.items = name
        call.sign = 0  # its parenthesis is still to come
        self.pending.append(call)
        return True

    # --- operators ----------------------------------------------------------------------------

    def reduce(self, prec: int) -> None:
        """Complete every waiting operator that binds at least as tightly as ``prec``."""
        pending, values, starts = self.pending, self.values, self.starts
        while pending and pending[-1].prec >= prec:
            entry = pending.pop()
            kind = entry.kind
            value = values.pop()
            start = starts.pop()
            if kind == "chain":
                terms = entry.terms
                terms.append((entry.sign, value, start, self.end))
                start = terms[0][2]
                result = self.meaning.chain(entry.code, terms)
            elif kind == "binary":
                left = values.pop()
                start = starts.pop()
                result = self.meaning.apply(entry.code, (left, value), start, self.end)
            elif kind == "unary":
                start = entry.at
                result = self.unary(entry, value)
            else:
                start = entry.terms[0][2]
                result = self.meaning.comparison(entry.terms, value, self.end)
            values.append(result)
            starts.append(start)

    def unary(self, entry: Pending, value: Value) -> Value:
        if entry.code:
            return self.meaning.apply(entry.code, (value,), entry.at, self.end)
        self.meaning.require_numbers((value,), Span(entry.at, self.end))
        return value

    def extend_chain(self, token: str) -> None:
        """A + or - (a * or /): one entry for the whole run of terms, however long."""
        code, sign = _CHAINS[token]
        prec = _SUM if code == ADD.code else _PRODUCT
        self.reduce(prec + 1)
        top = self.pending[-1] if self.pending else None
        if top is None or top.kind != "chain" or top.prec != prec:
            self.reduce(prec)
            top = Pending(prec, "chain", self.start, code)
            self.pending.append(top)
        top.terms.append((top.sign, self.values.pop(), self.starts.pop(), self.end))
        top.sign = sign
        top.at = self.start
        if _is_worth_a_look(len(top.terms)):
            self.read_terms(top)

    def extend_comparison(self, token: str) -> None:
        self.reduce(_COMPARE + 1)
        top = self.pending[-1] if self.pending else None
        if top is None or top.kind != "compare":
            top = Pending(_COMPARE, "compare", self.start)
            self.pending.append(top)
        term = (_COMPARISONS[token], self.values.pop(), self.starts.pop(), self.end)
        top.terms.append(term)

    def superscript(self, token: str) -> bool:
        power = self.finite(token.translate(FROM_SUPERSCRIPT))
        exponent = self.graph.constant(power, Span(self.start, self.token_end))
        self.target = None
        start = self.starts.pop()
        operands = (self.values.pop(), exponent)
        value = self.meaning.apply(POW.code, operands, start, self.token_end)
        return self.push(value, start, self.token_end)

    def juxtapose(self, token: str) -> bool:
        """A value straight after a value: ``2x`` multiplies, anything else is refused."""
        is_operand = token in ("(", "√") or is_name(token) or is_number(token)
        if not is_operand or token in _WORDS:
            raise self.complain(*complaints.unexpected(token, self.tokens.whole(), self.index))
        before = self.tokens[self.index - 1]
        if not is_number(before) or is_number(token):
            raise self.complain(*complaints.juxtaposed(self.tokens.whole(), self.index))
        if before == "0" and token[0] in "xXbBoO" and token[1:].isalnum() and len(token) > 1:
            raise self.complain(*complaints.other_base(before + token))
        self.refuse_ambiguous(token)
        self.extend_chain("*")
        return self.operand(token)

    def refuse_ambiguous(self, token: str) -> None:
        """``1/2x`` could be read two ways, so it is not read at all."""
        waiting = len(self.pending) - 1
        while waiting >= 0 and self.pending[waiting].kind == "unary":
            waiting -= 1
        entry = self.pending[waiting] if waiting >= 0 else None
        if entry is None:
            return
        if entry.kind == "chain" and entry.code == MUL.code and entry.sign < 0:
            left = entry.terms[0][2]
        elif entry.kind == "binary" and entry.code in (POW.code, MOD.code):
            left = self.starts[-2]
        else:
            return
        text = self.source.text
        operator_end = entry.at + (2 if text.startswith("**", entry.at) else 1)
        complaint = complaints.ambiguous(
            text[left : entry.at].strip(),
            text[entry.at : operator_end],
            text[operator_end : self.start].strip(),
            f"{token}(…)" if self.next_token() == "(" else token,
        )
        raise self.complain(*complaint, Span(left, self.token_end))

    # --- brackets -----------------------------------------------------------------------------

    def close(self, token: str) -> bool:
        self.reduce(1)
        if not self.pending:
            raise self.complain(f"'{token}' closes nothing", hint="remove it, or open one before")
        entry = self.pending.pop()
        opener = entry.opener
        if _CLOSERS[opener] != token:
            raise self.complain(
                f"'{opener}' is closed by '{token}'",
                f"write '{_CLOSERS[opener]}' here",
                Span(entry.at, self.token_end),
            )
        if entry.kind == "(":
            self.target = None if not self.pending else self.target
            self.starts[-1] = entry.at
            self.end = self.token_end
            return False
        self.end_item(entry)
        value = self.bracketed(entry)
        start = self.starts.pop() if entry.kind == "index" else entry.at
        return self.push(value, start, self.token_end)

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

    def end_slice(self, entry: Pending, last: int | None) -> None:
        parts = [*entry.items, last]
        if len(parts) > 3:
            raise self.complain("a slice has at most start:stop:step")
        if len(parts) == 3 and parts[2] == 0:
            raise self.complain("the step of a slice cannot be 0")
        entry.terms.append(slice(*parts))
        entry.items = None

    def bracketed(self, entry: Pending) -> Value:
        span = Span(entry.at, self.token_end)
        if entry.kind == "index":
            return self.indexed(entry, span)
        values = tuple(term[1] for term in entry.terms)
        if entry.kind == "call":
            return self.meaning.call(entry.items, values, span)
        return self.meaning.array(values, span)

    def indexed(self, entry: Pending, span: Span) -> Value:
        index = tuple(entry.terms)
        if self.target is not None and not self.pending:
            self.target = (self.target[0], index) if self.target[1] is None else None
        return self.meaning.item(self.values.pop(), index, Span(self.starts[-1], span.end), span)

    def open_index(self) -> None:
        self.reduce(_POWER + 1)
        self.pending.append(Pending(0, "index", self.start))

    # --- separators and statements ------------------------------------------------------------

    def separate(self, token: str) -> bool:
        self.reduce(1)
        if not self.pending:
            if token == ":":
                raise self.complain(*complaints.unexpected(token, self.tokens.whole(), self.index))
            self.finish_statement(expecting=False)
            if _is_worth_a_look(len(self.statements)):
                self.read_statements()
            return True
        entry = self.pending[-1]
        if token == "\n":
            return False
        if token == ":" and entry.kind == "index":
            start = self.starts.pop()
            entry.items = [*(entry.items or []), self.whole_number(self.values.pop(), start)]
            return True
        if token == "," and entry.kind != "(":
            self.end_item(entry)
            return True
        raise self.complain(*complaints.separator_inside(token, entry.kind))

    def missing_operand(self, token: str) -> bool:
        """A separator or a closing bracket where a value should be."""
        entry = self.pending[-1] if self.pending else None
        if token == "\n" and (entry is not None or not self.values):
            return True  # an open bracket or an operator goes on in the next line
        if entry is not None and entry.kind == "index" and token in (":", ",", "]"):
            return self.open_slice(entry, token)
        after_comma = self.previous_token() == ","
        if entry is not None and entry.prec == 0 and token in (")", "]"):
            if entry.kind in ("[", "call") and after_comma and entry.terms:
                return self.close_after_comma(entry, token)
            if entry.kind == "call":
                entry_span = Span(entry.at, self.token_end)
                raise self.meaning.wrong_count(entry.items, 0, entry_span)
        if entry is None and token in (";", ",") and self.statements and token == ";":
            return True
        raise self.complain(*complaints.missing_operand(token, self.tokens.whole(), self.index))

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
        self.pending.pop()
        value = self.indexed(entry, Span(entry.at, self.token_end))
        return self.push(value, self.starts.pop(), self.token_end)

    def finish_statement(self, expecting: bool, at_end: bool = False) -> None:
        """The end of a statement: at a separator, or at the end of the text."""
        for entry in reversed(self.pending):
            if entry.prec == 0:
                opener = entry.opener
                span = Span(entry.at, entry.at + 1)
                if entry.kind == "call":
                    span = Span(entry.at, self.source.text.index(opener, entry.at) + 1)
                hint = f"add '{_CLOSERS[opener]}'"
                raise self.complain(f"'{opener}' is never closed", hint, span)
        if expecting:
            if not self.pending and self.assign is None and (self.statements or not at_end):
                return
            raise self.complain(
                *complaints.missing_operand("", self.tokens.whole(), len(self.tokens))
            )
        self.reduce(1)
        value, start = self.values.pop(), self.starts.pop()
        span = Span(start, self.end)
        if self.assign is None:
            self.meaning.require_numbers((value,), span)
            self.statements.append(Statement("", value, span))
        else:
            self.finish_assignment(value, span)
        self.target = self.assign = None

    def assignment(self) -> None:
        if self.pending or self.assign is not None or self.target is None:
            name = self.source.text[self.starts[-1] : self.end]
            again = not self.pending and self.assign is None and is_name(name)
            again = again and (name in self.leaves or name in self.meaning.variables)
            raise self.complain(*complaints.assignment(name if again else ""))
        self.values.clear()
        self.starts.clear()
        name, index = self.target
        self.assign = (name, index, Span(0, self.start))
        self.target = None
        if index is None and name in self.meaning.variables:
            raise self.complain(*complaints.assignment(name))
        if index is None and self.meaning.is_bound(name):
            raise self.complain(*complaints.bound_and_assigned(name))
        self.leaves.pop(name, None)

    def finish_assignment(self, value: Value, span: Span) -> None:
        assert self.assign is not None
        name, index, _ = self.assign
        if index is not None:  # the array lives on under the new statement
            self.meaning.require_numbers((value,), span)
            before = self.named[name]
            array = self.statements[before].value
            value = self.meaning.with_item(array, index, value, span)
            # Nobody can see the old one any more; a thousand of them would fill the memory.
            self.statements[before] = self.statements[before]._replace(value=value)
        self.named[name] = len(self.statements)
        self.statements.append(Statement(name, value, span))

    # --- what repeats -------------------------------------------------------------------------

    def read_terms(self, chain: Pending) -> None:
        """Further terms of a long sum, or factors of a product, that say the same once more."""

        def take(values: list[int], starts: list[int], ends: list[int], closers: list[str]) -> None:
            signs = [chain.sign, *(_CHAINS[closer][1] for closer in closers)]
            chain.sign = signs.pop()
            chain.terms.extend(zip(signs, values, starts, ends, strict=True))

        self.read_ahead(TERMS if chain.code == ADD.code else FACTORS, take)

    def read_statements(self) -> None:
        """Further expressions of a long list that say the same once more."""

        def take(values: list[int], starts: list[int], ends: list[int], _: list[str]) -> None:
            spans = map(Span, starts, ends)
            self.statements += map(Statement, repeat(""), values, spans)

        self.read_ahead(EXPRESSIONS, take)

    def read_ahead(self, pieces: Pieces, take: Take) -> None:
        if self.looks_ahead and not self.meaning.conditions:
            end, closer = follow(self, self.token_end, pieces, take)
            if end > self.token_end:
                self.tokens.skip(self.index, closer, end)
                self.token_end = end


def _is_worth_a_look(count: int) -> bool:
    """At so many terms, and whenever they have doubled."""
    return count >= LONG and count & (count - 1) == 0
