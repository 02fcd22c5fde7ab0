"""A value straight after a value: a product, the next entry of an array, or refused."""

from __future__ import annotations

import re
from abc import abstractmethod

from gradcalc.errors import Span
from gradcalc.functions.primitives import ADD, DISPUTED, FUNCTIONS, MOD, MUL, POW, WORDS
from gradcalc.language import complaints
from gradcalc.language.definitions import Definitions
from gradcalc.language.foreign import FORTRAN_NUMBER, UNCERTAIN, end_of_operand
from gradcalc.language.operators import ROOTS
from gradcalc.language.tokens import (
    FRACTIONS,
    RAISED,
    SUPERSCRIPTS,
    is_blank,
    is_name,
    is_number,
)


class SideBySide(Definitions):
    """What stands between two values where nothing is written."""

    @abstractmethod
    def operand(self, token: str) -> bool:
        """Read a token where a value is expected. Says whether one is still expected after it."""

    def juxtapose(self, token: str) -> bool:
        """A value straight after a value: ``2x``, ``(x+1)(x-1)`` and ``x²y`` multiply, in an array
        a blank separates; anything else is refused."""
        if token in FRACTIONS and is_number(self.tokens[self.index - 1]):
            return self.mixed_number(token)
        is_operand = token in ("(", *ROOTS) or is_name(token) or is_number(token)
        if not is_operand or token in WORDS:
            raise self.complain(*complaints.unexpected(token, self.tokens.whole(), self.index))
        before = self.tokens[self.index - 1]
        if token[0] in "dD" and self.fortran_exponent(before):
            return False
        if token in ("f", "F") and "." in before and is_number(before):
            self.refuse_float(before, token)
        array = self.innermost()
        if array is not None and array.kind == "[" and is_blank(before.replace("\n", " ")):
            self.next_entry(array, new_row=self.after_newline())
            return self.operand(token)
        if not self.multiplies(before, token):
            complaint = complaints.juxtaposed(self.tokens.whole(), self.index)
            raise self.complain(*complaint, fixes=self.between(token))
        if before == "0" and token[0] in "xXbBoO" and token[1:].isalnum() and len(token) > 1:
            raise self.complain(*complaints.other_base(before + token))
        self.refuse_ambiguous(token)
        if is_number(before):
            self.look_at_number(before, token)
        self.extend_chain("*")
        return self.operand(token)

    def mixed_number(self, token: str) -> bool:
        """``2½``"""
        start = self.starts.pop()
        terms = (self.values.pop(), self.fraction(token))
        value = self.meaning.apply(ADD.code, terms, start, self.token_end)
        return self.push(value, start, self.token_end)

    def refuse_float(self, number: str, token: str) -> None:
        """``2.0f`` of C, unless f is a variable that somebody gives a value to."""
        if self.next_token() != "(" and not self.is_variable(token):
            span = Span(self.start - len(number), self.token_end)
            fixes = [(*span, number), (*span, f"{number}*{token}")]
            raise self.complain(*complaints.float_of_c(number, token), span, fixes)

    def look_at_number(self, number: str, token: str) -> None:
        """``2e`` and ``1.000(2)`` are products, and may not be meant."""
        if token in ("e", "E"):
            self.habits.unfinished.append(f"{number}{token}")
        elif token == "(" and UNCERTAIN.match(self.source.text, self.start - len(number)):
            self.habits.read_as[f"{number}(…)"] = f"{number}*(…)"

    def multiplies(self, before: str, token: str) -> bool:
        """Whether two values side by side have a product for their only meaning."""
        if is_number(token):
            return False
        if is_number(before):
            return True
        previous = self.previous_token()
        if token in ROOTS and is_name(previous):
            return previous not in FUNCTIONS
        raised = f")|!{SUPERSCRIPTS}{RAISED}{FRACTIONS}"
        return previous[-1] in raised or (previous == "]" and token != "(")

    def between(self, token: str) -> list[tuple[int, int, str]]:
        """What may stand between two values side by side."""
        before, here = self.previous_token(), (self.start, self.start)
        if before in FUNCTIONS and (is_name(token) or is_number(token) or token in ROOTS):
            end = complaints.end_of_argument(self.source.text, self.start)
            return [(self.end, end, f"({self.source.text[self.start : end]})")]
        if token.lower() in complaints.INFIX:
            return [(self.start, self.token_end, complaints.INFIX[token.lower()])]
        if is_number(token) and is_number(before):
            return [(*here, ", ")]
        if is_number(token):
            return [(*here, "*"), (*here, "**")]
        return [(*here, "*"), (*here, ", ")]

    def instead_of(self, name: str) -> list[tuple[int, int, str]]:
        """What may have been meant by a name that is called and is no function."""
        span = self.start, self.token_end
        if name in DISPUTED:
            words = (ours.partition("(")[0] for ours in DISPUTED[name])
            return [(*span, word) for word in dict.fromkeys(words)]
        close = complaints.close_functions(name)
        return [(*span, close) if close else (self.token_end, self.token_end, "*")]

    def fortran_exponent(self, before: str) -> bool:
        """``1.5d-3``, unless d is a name of the text: then it is 1.5*d - 3."""
        start = self.start - len(before)
        found = FORTRAN_NUMBER.match(self.source.text, start)
        if found is None or not is_number(before):
            return False
        name = self.source.text[self.start : self.token_end]
        if name not in self.habits.fortran:
            elsewhere = re.search(rf"(?<![\w.]){name}(?!\w)", self.source.text)
            self.habits.fortran[name] = elsewhere is None and not self.is_variable(name)
        if not self.habits.fortran[name]:
            return False
        number = f"{found[1]}e{found[2]}"
        self.habits.read_as[found[0]] = number
        self.take(found.end())
        self.values[-1] = self.graph.constant(self.finite(number), Span(start, self.token_end))
        self.end = self.token_end
        return True

    def ends_entry(self) -> bool:
        """Whether a blank after this token separates it from the next entry of an array."""
        array = self.innermost()
        apart = is_blank(self.tokens[self.index + 1])
        return apart and array is not None and array.kind == "["

    def refuse_ambiguous(self, token: str) -> None:
        """``1/2x`` could be read two ways, so it is not read at all."""
        waiting = len(self.pending) - 1
        while waiting >= 0 and self.pending[waiting].kind == "unary":
            self.refuse_under_root(token)
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
        number = text[operator_end : self.start].strip()
        end = end_of_operand(text, self.start)
        before, after = text[left:operator_end], text[self.start : end]
        fixes = [
            (left, end, f"{before}({number}*{after})"),
            (left, self.start, f"({before}{number})*"),
        ]
        raise self.complain(*complaint, Span(left, self.token_end), fixes)
