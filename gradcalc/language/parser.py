"""Tokens → graph: an operator-precedence parser with a stack of its own.

There is no syntax tree and no recursion. Operands are node numbers (or arrays of them) on one
stack, operators that still wait for their right side on another; whenever an operator is complete,
its node is made at once, with the span of text it came from. A hundred thousand nested parentheses
are a hundred thousand entries on a list.

The parser is always in one of two states: it expects an operand, or it has one and expects an
operator. Each state has a table from token to method. The grammar (``operators`` has the
precedences; what stands in other languages for a mark of this one is not shown)::

    text        = [statement] {("," | ";" | newline) [statement]}
    statement   = [name ["[" index "]"] "="] choice
    choice      = or ["if" or "else" choice] | or ["?" choice ":" choice]
    or          = and {"or" and}
    and         = not {"and" not}
    not         = "not" not | comparison
    comparison  = either {("<" | "<=" | ">" | ">=" | "==" | "!=") either}
    either      = both {"|" both}
    both        = sum {"&" sum}
    sum         = product {("+" | "-") product}
    product     = unary {("*" | "/" | "%" | "//" | "@") unary | adjacent}
    adjacent    = power          after a number, a closing bracket or a raised power
    unary       = ("-" | "+") unary | power
    power       = postfix ["**" unary]
    postfix     = operand {"[" index "]" | raised | "!" | "'"}
    operand     = number | name | function [power] "(" choice {"," choice} ")" | "(" choice ")"
                | "[" choice {"," choice} "]" | "|" choice "|" | ("√" | "∛") operand
    index       = item {"," item}
    item        = choice | [choice] ":" [choice] [":" [choice]]
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import repeat

from gradcalc.errors import Source, Span
from gradcalc.functions.primitives import ADD, CONSTANTS, FUNCTIONS, NOT, WORDS
from gradcalc.graph.graph import Graph
from gradcalc.language import complaints, frames
from gradcalc.language.brackets import ALL, CLOSERS
from gradcalc.language.foreign import (
    ALWAYS,
    ARRAYS,
    ARROWS,
    CALLED_PI,
    CAST,
    CELL,
    DECLARES,
    ELEMENT,
    INFINITIES,
    LIBRARIES,
    LIBRARY_CONSTANTS,
    MATRICES,
    METHOD,
    NUMBERS_ELSEWHERE,
    PIECEWISE,
    POWER,
    ROW,
    STRINGS,
    WORDS_ELSEWHERE,
    end_of_operand,
    function,
)
from gradcalc.language.lookalikes import deception
from gradcalc.language.operators import (
    BINARY,
    CHAINS,
    COMPARISONS,
    OF_MATRICES,
    PREFIXES,
    ROOTS,
    TIGHT,
)
from gradcalc.language.reader import FOLLOWING, Pending, Statement
from gradcalc.language.repeats.follow import EXPRESSIONS, FACTORS, LONG, TERMS, Pieces, Take, follow
from gradcalc.language.side_by_side import SideBySide
from gradcalc.language.structural import STRUCTURAL
from gradcalc.language.tokens import (
    FRACTIONS,
    FROM_SUPERSCRIPT,
    RAISED,
    SPELLINGS,
    SUPERSCRIPTS,
    Tokens,
    is_blank,
    is_name,
    is_number,
)

_AFTER_VALUE = {"", "+", "-", "*", ",", ")", "]", "\n", ";", "<", ">", "<=", ">=", "==", "!="}
_AFTER_LEFT = {"(", "[", "=", "/", "'"}
_OTHERWISE = {"|", "&", "%", "//"}
"""Binary operators whose marks may mean something else."""


class Parser(SideBySide):
    """Reads one text into ``graph``; ``statements`` has what it says, in order."""

    # --- the loop -----------------------------------------------------------------------------

    def parse(self) -> Parser:
        found = deception(self.source.text)
        if found is not None:
            raise self.complain(*found)
        self.recognise()
        expecting = self.read_tokens()
        self.start = self.token_end
        self.finish_statement(expecting, at_end=True)
        self.read_all_uncalled()
        return self

    def recognise(self) -> None:
        """What of the whole text decides how its parts are read."""
        text = self.source.text
        self.gives_names = "=" in text
        self.has_arrows = any(mark in text for mark in ARROWS)
        if ("(" in text and "\n" in text) or "{" in text or "function" in text:
            self.tokens = Tokens(frames.inside(text))
        quotes = "'" in text or '"' in text
        if quotes and STRINGS.fullmatch(text):
            blanks = str.maketrans("\"'[]", "    ")
            self.tokens = Tokens(text.translate(blanks))
        elif (quotes or ("[" in text and ";" in text)) and MATRICES.search(text):
            self.spellings = SPELLINGS | OF_MATRICES
        self.careful = ".^" in text or text.lstrip().startswith("=")

    def read_tokens(self) -> bool:
        """All tokens. Says whether a value is expected after them."""
        expecting = True
        tokens = self.tokens
        while self.index + 1 < len(tokens) or not tokens.complete:
            if not tokens.complete:
                tokens.cut_further()
            ready = len(tokens) if tokens.complete else max(0, len(tokens) - FOLLOWING)
            expecting = self.read(tokens[self.index + 1 : ready], expecting)
        return expecting

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
                    if self.token_end != position:  # more was read with it
                        break
            elif token != " ":
                expecting = self.operator(token)
                if self.token_end != position:
                    break
        return expecting

    def operand(self, token: str) -> bool:
        """A token where a value is expected. Says whether one is still expected after it."""
        if self.has_arrows and self.skip_parameters():
            return True
        token = SPELLINGS.get(token, token)
        if token in CLOSERS:
            return self.open(token)
        if token in PREFIXES:
            return self.prefix(token)
        if (token.isidentifier() or is_name(token)) and token not in WORDS:
            return self.name(token)
        if is_number(token):
            return self.push_leaf(token, self.number(token))
        if is_blank(token):
            return True
        if token in ROOTS:
            return self.root(ROOTS[token])
        if token in (",", ";", "\n", ")", "]", ":"):
            return self.missing_operand(token)
        if token == "||":
            return self.open_bars()
        if token in FRACTIONS:
            return self.push(self.fraction(token), self.start, self.token_end)
        if self.source.text.startswith("@.", self.start) and self.at_statement_start():
            self.take(self.token_end + 1)  # @. of Julia
            return True
        if token in ("!", "~") and self.next_token() == "(":
            self.pending.append(Pending(TIGHT, "unary", self.start, NOT.code))
            return True
        if token == "." and self.after_library(0):
            return True
        if token in INFINITIES and self.wants_order(token):
            return self.infinity()
        if token == "$" and CELL.match(self.source.text, self.start):
            return True
        if token == "=" and self.at_statement_start() and not self.numbers_only:
            return True  # a cell of a spreadsheet
        if self.skip_comment() or self.continues():
            return True
        raise self.complain(*complaints.unexpected(token, self.tokens.whole(), self.index))

    def prefix(self, token: str) -> bool:
        """An operator before its operand."""
        if token == "-":
            if self.next_token() == "-" and self.skip_comment():
                return True
            if self.index and self.tokens[self.index - 1] == "<":
                self.refuse_arrow()
        prec, code = PREFIXES[token]
        self.pending.append(Pending(prec, "unary", self.start, code))
        return True

    def operator(self, token: str) -> bool:
        """A token after a value. Says whether a value is expected after it."""
        token = self.spellings.get(token, token)
        if token in CHAINS:
            chain = self.extend_chain(token)
            if len(chain.terms) >= LONG and _has_doubled(len(chain.terms)):
                self.read_terms(chain)
        elif token in BINARY:
            if token in _OTHERWISE:
                return self.operator_or_mark(token)
            prec, code = BINARY[token]
            if token != "**":
                self.reduce(prec)
            else:
                if self.careful:
                    self.refuse_power(token)
                self.reduce(prec + 1)  # it binds from the right
            self.pending.append(Pending(prec, "binary", self.start, code))
        elif token == ")" or token == "]":
            return self.close(token)
        elif token in (",", ";", "\n", ":"):
            expecting = self.separate(token)
            if expecting and not self.pending:
                count = len(self.statements)
                if count >= LONG and _has_doubled(count):
                    self.read_statements()
            return expecting
        elif token in COMPARISONS:
            self.extend_comparison(token)
        elif is_blank(token):
            return False
        elif token == "[":
            if self.begins_row():
                return True
            self.open_index()
        elif token == "=":
            self.assignment()
        elif token[-1] in SUPERSCRIPTS or token[-1] in RAISED:
            if self.careful:
                self.refuse_under_root(token)
            return self.superscript(token)
        else:
            return self.mark(token)
        return True

    def operator_or_mark(self, token: str) -> bool:
        """A binary operator, where its mark does not mean something else."""
        if token == "|" and (self.in_bars() or is_number(self.previous_token())):
            return self.bar()
        if token != "|" and (self.skip_trailing_comment() or self.continues()):
            return False
        if token == "//":
            self.habits.read_as["x//y"] = "floor(x/y)"
        return self.binary(token)

    def mark(self, token: str) -> bool:
        """What only other languages, or paper, write after a value."""
        adjacent = not is_blank(self.tokens[self.index - 1])
        if token == "||":
            return self.double_bar()
        if token == "!" and adjacent:
            return self.factorial()
        if token == "'" and adjacent:
            return self.prime()
        if token == "." and adjacent:
            return self.method()
        if token == "?" or token == "if":
            return self.begin_choice(token)
        if token == "else" and self.goes_on_with("else", "if"):
            return True
        if self.skip_trailing_comment() or self.continues():
            return False
        return self.juxtapose(token)

    # --- operands -----------------------------------------------------------------------------

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

    # --- bars ---------------------------------------------------------------------------------

    def bar(self) -> bool:
        """``|`` after a value: the end of an absolute value, or after a number the beginning."""
        return self.close("|") if self.in_bars() else self.times_bar()

    def open_bars(self) -> bool:
        """``||`` where a value is expected: two beginnings."""
        self.open("|")
        self.pending.append(Pending(0, "|", self.start + 1))
        self.depth += 1
        return True

    def double_bar(self) -> bool:
        """``||`` after a value: two ends, an end and a beginning (``|x||y|``), or else an or."""
        compares = any(entry.kind == "compare" for entry in self.pending)
        if not self.in_bars() and not compares and is_number(self.previous_token()):
            self.refuse_ambiguous("|")
            self.extend_chain("*")
            return self.open_bars()
        if not self.in_bars():
            return self.binary("or")
        self.token_end -= 1
        self.close("|")
        self.token_end += 1
        return self.close("|") if self.in_bars() else self.times_bar()

    def times_bar(self) -> bool:
        self.refuse_ambiguous("|")
        self.extend_chain("*")
        return self.open("|")

    # --- what repeats -------------------------------------------------------------------------

    def read_terms(self, chain: Pending) -> None:
        """Further terms of a long sum, or factors of a product, that say the same once more."""

        def take(values: list[int], starts: list[int], ends: list[int], closers: list[str]) -> None:
            signs = [chain.sign, *(CHAINS[closer][-1] for closer in closers)]
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
            graph, known = self.graph, len(self.graph.inputs)
            end, closer = follow(graph, self.token_end, pieces, take, _statements, self.leaf)
            new = zip(graph.variables[known:], graph.inputs[known:], strict=True)
            self.meaning.variables.update(new)
            if end > self.token_end:
                self.tokens.skip(self.index, closer, end)
                self.token_end = end


def _statements(source: Source, graph: Graph) -> list[Statement]:
    """What a text says on its own."""
    return Parser(source, graph=graph, looks_ahead=False).parse().statements


def _has_doubled(count: int) -> bool:
    """Since so many were last looked at: powers of two."""
    return count & (count - 1) == 0
