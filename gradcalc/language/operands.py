"""A name or a mark where a value is expected: a variable, a constant, a call, what others write."""

from __future__ import annotations

import math

from gradcalc.errors import Span
from gradcalc.functions.primitives import CONSTANTS, FUNCTIONS
from gradcalc.language import complaints
from gradcalc.language.brackets import ALL, CLOSERS
from gradcalc.language.foreign import (
    ALWAYS,
    ARRAYS,
    CALLED_PI,
    CAST,
    DECLARES,
    ELEMENT,
    INFINITIES,
    LIBRARIES,
    LIBRARY_CONSTANTS,
    METHOD,
    NUMBERS_ELSEWHERE,
    PIECEWISE,
    POWER,
    ROW,
    WORDS_ELSEWHERE,
    end_of_operand,
    function,
)
from gradcalc.language.operators import TIGHT
from gradcalc.language.reader import Pending
from gradcalc.language.side_by_side import SideBySide
from gradcalc.language.structural import STRUCTURAL
from gradcalc.language.tokens import FROM_SUPERSCRIPT, SPELLINGS, SUPERSCRIPTS

_AFTER_VALUE = {"", "+", "-", "*", ",", ")", "]", "\n", ";", "<", ">", "<=", ">=", "==", "!="}
_AFTER_LEFT = {"(", "[", "=", "/", "'"}


class Operands(SideBySide):
    """What names mean by what follows them."""

    def name(self, token: str) -> bool:
        following = self.next_token()
        ordinary = token not in WORDS_ELSEWHERE
        if following in _AFTER_VALUE and ordinary and self.tokens[self.index - 1] != ".":
            return self.push(self.named_value(token), self.start, self.token_end)
        if following == "(" and token in FUNCTIONS and not self.gives_names:
            return self.call(token)
        if not ordinary:
            if token in INFINITIES and self.wants_order(token):
                return self.infinity()
            if token in ALWAYS and following == ")" and self.is_second_of_pair():
                return self.push(ALL, self.start, self.token_end)
        following = SPELLINGS.get(following, following)
        if following == "=" and not self.has_arrows and self.at_statement_start():
            self.target = (token, None)
            return self.push(0, self.start, self.token_end)
        begins = following in _AFTER_LEFT or token in DECLARES or token in ("d", "def")
        if begins and self.at_statement_start() and not self.numbers_only:
            read = self.left_side(token, following)
            if read is not None:
                return read
        if following == "$":
            return self.cell(token)
        if token in ("if", "If", "IF") and (choice := complaints.chosen(self.source.text)):
            fixes = [(0, len(self.source.text), choice)]
            raise self.complain(*complaints.written_as_a_call(token), fixes=fixes)
        if token.lower() == "pi" and (found := CALLED_PI.match(self.source.text, self.start)):
            start = self.start
            self.take(found.end())
            return self.push(self.named_value("pi"), start, self.token_end)
        if following == "(" or following == "[":
            if following == "(" and (token in ARRAYS or token == PIECEWISE):
                return self.call(PIECEWISE) if token == PIECEWISE else True
            if token in self.functions:
                return self.call(token)
            if following == "(" and (token in FUNCTIONS or token in STRUCTURAL):
                return self.call(token)
            function = self.function(token, following)
            if function is not None:
                return self.call(function)
        elif following in (".", ":") and token in LIBRARIES and not self.is_variable(token):
            if following == "." or self.source.text.startswith("::", self.token_end):
                self.take(self.token_end + (following == ":") * 2)
                return True
        elif following == "." and self.source.text.startswith(".(", self.token_end):
            if (called := self.function(token, "(")) is not None:
                self.take(self.token_end + 1)
                return self.call(called)
        elif following == "**" or following[-1:] in SUPERSCRIPTS:
            power = self.power_of_function(token)
            if power is not None:
                return power
        if following == "=" and self.names_argument(token):
            return True
        if following == "=" and self.at_statement_start():
            self.target = (token, None)
            return self.push(0, self.start, self.token_end)
        if following == "(" and self.is_array(token):
            found = ELEMENT.match(self.source.text, self.token_end)
            place = f"[{int(found[1]) - 1}]" if found else ""
            fixes = [(self.token_end, found.end(), place)] if found else []
            raise self.complain(*complaints.counted_from_one(token), fixes=fixes)
        if following == "(" and not self.ends_entry():
            raise self.complain(*complaints.not_a_function(token), fixes=self.instead_of(token))
        number = self.number_elsewhere(token)
        if number:
            return self.push(self.named_value(number), self.start, self.token_end)
        if token not in CONSTANTS and self.after_library():
            raise self.complain(*complaints.not_a_member(token))
        if token in self.named and self.at_statement_start() and following == "[":
            self.target = (token, None)  # if a '=' follows, the array is not read but replaced
        return self.push(self.named_value(token), self.start, self.token_end)

    def is_array(self, name: str) -> bool:
        """Whether a name stands for an array."""
        if name in self.named:
            return not isinstance(self.statements[self.named[name]].value, int)
        return name in self.meaning.shapes or isinstance(self.meaning.parameters.get(name), list)

    def number_elsewhere(self, token: str) -> str:
        """The constant of ours that ``Math.PI`` and ``M_PI`` are; '' for any other name."""
        if self.after_library():
            return LIBRARY_CONSTANTS.get(token, "")
        number = NUMBERS_ELSEWHERE.get(token, "")
        if not number or self.is_variable(token):
            return ""
        self.habits.read_as[token] = number
        return number

    def infinity(self) -> bool:
        return self.push(self.graph.constant(math.inf), self.start, self.token_end)

    def cell(self, column: str) -> bool:
        """``A$1``: the cell A1."""
        found = ROW.match(self.source.text, self.token_end)
        start = self.start
        if found is None:
            mark = Span(self.token_end, self.token_end + 1)
            raise self.complain(*complaints.unexpected("$", self.tokens.whole(), self.index), mark)
        self.take(found.end())
        return self.push(self.named_value(column + found[1]), start, self.token_end)

    def function(self, word: str, bracket: str) -> str | None:
        """The function that is called here: ``EXP(``, ``Sin[``."""
        if bracket == "[" and self.is_variable(word):
            return None
        name = function(word)
        if name is not None and (name != word or bracket == "["):
            self.habits.read_as[f"{word}{bracket}…{CLOSERS[bracket]}"] = f"{name}(…)"
        return name

    def power_of_function(self, word: str) -> bool | None:
        """``sin^2(x)`` and ``sin²x``: the square of the sine; None where it is something else."""
        name = function(word)
        if name not in FUNCTIONS or FUNCTIONS[name].arity != 1 or self.is_variable(word):
            return None
        found = POWER.match(self.source.text, self.token_end)
        if found is None:
            return None
        digits = found["plain"] or found["braces"] or found["parens"]
        digits = digits or found["raised"].translate(FROM_SUPERSCRIPT)
        span = Span(self.token_end, found.end())
        if digits == "-1":
            whole = Span(self.start, span.end)
            others = [f"a{name}"] if f"a{name}" in FUNCTIONS else []
            raise self.complain(
                *complaints.inverse_or_reciprocal(name),
                whole,
                [(*whole, text) for text in (*others, f"1/{name}")],
            )
        if found["word"] is not None and not found["raised"] and not function(found["word"]):
            end = end_of_operand(self.source.text, found.start("word"))
            whole, inside = Span(self.start, end), self.source.text[found.start("word") : end]
            fix = (*whole, f"{word}({inside})**{digits}")
            raise self.complain(*complaints.bare(word, f"{fix[-1]}"), whole, [fix])
        if found["word"] is not None and (not found["raised"] or function(found["word"])):
            return None
        self.powers[self.start] = float(digits), span
        self.take(found.end())
        if found["word"] is None:
            return self.call(name)
        self.careful = True
        self.pending.append(Pending(TIGHT, "unary", self.start, FUNCTIONS[name].code))
        return True

    def prime(self) -> bool:
        """``x'``: a transpose, or the derivative of that name that the text gives a value."""
        name = f"{self.source.text[self.starts[-1] : self.end]}'"
        begins = not self.pending and self.assign is None
        if begins and SPELLINGS.get(self.next_token(), self.next_token()) == "=":
            self.target = (name, None)
            return False
        if name not in self.named:
            return self.transposed()
        start = self.starts.pop()
        self.values.pop()
        return self.push(self.named_value(name), start, self.token_end)

    def method(self) -> bool:
        """``a.mean()`` and ``A.T``: functions of what stands before the dot."""
        found = METHOD.match(self.source.text, self.start)
        if found is None:
            return False if self.continues() else self.juxtapose(".")
        cast = CAST.match(self.source.text, self.start)
        if cast is not None:
            self.take(cast.end())
            return False
        name = function(found[1]) if found[2] else None
        if found[1] == "T" and not found[2]:
            self.take(found.end())
            start = self.starts.pop()
            value = self.values.pop()
            value = value if isinstance(value, int) else value.T
            return self.push(value, start, self.token_end)
        if name is None:
            return self.juxtapose(".")
        start = self.starts.pop()
        term = (1, self.values.pop(), start, self.end)
        self.take(found.end())
        self.call(name)
        self.pending[-1].at = start
        self.pending[-1].terms.append(term)
        return True

    def root(self, name: str) -> bool:
        """``√x``; ``√(x)`` is a call like any other."""
        if self.next_token() == "(":
            return self.call(name)
        self.careful = True
        self.pending.append(Pending(TIGHT, "unary", self.start, FUNCTIONS[name].code))
        return True
