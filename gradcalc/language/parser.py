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

from collections.abc import Iterable
from itertools import repeat

from gradcalc.errors import Source, Span
from gradcalc.functions.primitives import ADD, NOT, WORDS
from gradcalc.graph.graph import Graph
from gradcalc.language import complaints, frames
from gradcalc.language.brackets import CLOSERS
from gradcalc.language.foreign import ARROWS, CELL, INFINITIES, MATRICES, STRINGS
from gradcalc.language.lookalikes import deception
from gradcalc.language.operands import Operands
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
from gradcalc.language.tokens import (
    FRACTIONS,
    RAISED,
    SPELLINGS,
    SUPERSCRIPTS,
    Tokens,
    is_blank,
    is_name,
    is_number,
)

_OTHERWISE = {"|", "&", "%", "//"}
"""Binary operators whose marks may mean something else."""


class Parser(Operands):
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
