"""The operators: how tightly each binds, and what is made when one has both its sides.

Operands are node numbers (or arrays of them) on one stack, operators that still wait for their
right side on another; ``reduce`` completes those that bind tightly enough.
"""

from __future__ import annotations

import unicodedata

from gradcalc.errors import Span
from gradcalc.functions.primitives import (
    ADD,
    AND,
    DIV,
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
    WHERE,
)
from gradcalc.language import complaints
from gradcalc.language.arrays import Value
from gradcalc.language.foreign import end_of_operand
from gradcalc.language.meaning import FLOOR_DIVISION, MATMUL, MATRIX_CODES
from gradcalc.language.reader import Pending, Reader
from gradcalc.language.tokens import FROM_SUPERSCRIPT, SUPERSCRIPTS, is_name

# Python's precedences. 0 is an open bracket: nothing reduces past it. EITHER and BOTH are numpy's
# | and &; TIGHT is what stands before its operand without a parenthesis, as √x and sin²x.
CHOICE, _OR, _AND, _NOT, _COMPARE, EITHER, _BOTH, _SUM, _PRODUCT, _UNARY, _POWER, TIGHT = range(
    1, 13
)

CHAINS = {"+": (_SUM, ADD.code, 1), "-": (_SUM, ADD.code, -1),
          "*": (_PRODUCT, MUL.code, 1), "/": (_PRODUCT, MUL.code, -1)}  # fmt: skip
COMPARISONS = {"<": LT.code, "<=": LE.code, ">": GT.code, ">=": GE.code, "==": EQ.code,
               "!=": NE.code}  # fmt: skip
BINARY = {"**": (_POWER, POW.code), "%": (_PRODUCT, MOD.code), "@": (_PRODUCT, MATMUL),
          "and": (_AND, AND.code), "or": (_OR, OR.code), "&": (_BOTH, AND.code),
          "|": (EITHER, OR.code), "//": (_PRODUCT, FLOOR_DIVISION)}  # fmt: skip
OF_MATRICES = {"*": "of matrices *", "/": "of matrices /", "^": "of matrices ^"}
"""MATLAB's and Julia's operators, in a text that is theirs."""

BINARY |= {"of matrices *": (_PRODUCT, MATRIX_CODES["*"]),
           "of matrices /": (_PRODUCT, MATRIX_CODES["/"]),
           "of matrices ^": (_POWER, MATRIX_CODES["^"])}  # fmt: skip

PREFIXES = {"-": (_UNARY, NEG.code), "+": (_UNARY, 0), "not": (_NOT, NOT.code)}
ROOTS = {"√": "sqrt", "∛": "cbrt"}
GAMMA = FUNCTIONS["gamma"]


class Operators(Reader):
    """Operators and their operands on the two stacks of the reading."""

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
            elif kind == "compare":
                start = entry.terms[0][2]
                result = self.meaning.comparison(entry.terms, value, self.end)
            else:
                result, start = self.choice(entry, value)
            values.append(result)
            starts.append(start)

    def unary(self, entry: Pending, value: Value) -> Value:
        at, end = entry.at, self.end
        if not entry.code:
            return self.meaning.fitting((value,), Span(at, end))[0]
        result = self.meaning.apply(entry.code, (value,), at, end)
        return self.to_power(result, at, end) if self.powers else result

    def to_power(self, value: Value, at: int, end: int) -> Value:
        """The value of the function that stands at ``at``, to the power behind its name."""
        exponent, span = self.powers.pop(at, (1.0, Span(at, at)))
        if exponent == 1.0:
            return value
        return self.meaning.apply(POW.code, (value, self.graph.constant(exponent, span)), at, end)

    # --- sums, products, comparisons ----------------------------------------------------------

    def extend_chain(self, token: str) -> Pending:
        """A + or - (a * or /): one entry for the whole run of terms, however long."""
        prec, code, sign = CHAINS[token]
        pending = self.pending
        if pending and pending[-1].prec > prec:
            self.reduce(prec + 1)
        top = pending[-1] if pending else None
        if top is None or top.kind != "chain" or top.prec != prec:
            self.reduce(prec)
            top = Pending(prec, "chain", self.start, code)
            pending.append(top)
        top.terms.append((top.sign, self.values.pop(), self.starts.pop(), self.end))
        top.sign = sign
        top.at = self.start
        return top

    def extend_comparison(self, token: str) -> None:
        self.reduce(_COMPARE + 1)
        top = self.pending[-1] if self.pending else None
        if top is None or top.kind != "compare":
            top = Pending(_COMPARE, "compare", self.start)
            self.pending.append(top)
        term = (COMPARISONS[token], self.values.pop(), self.starts.pop(), self.end)
        top.terms.append(term)

    def binary(self, token: str) -> bool:
        """An operator of two operands that binds from the left."""
        prec, code = BINARY[token]
        self.reduce(prec)
        self.pending.append(Pending(prec, "binary", self.start, code))
        return True

    def refuse_power(self, token: str) -> None:
        """A power that is read in two ways: ``√x^2``, or ``2.^3.^2`` and, in a spreadsheet,
        ``-2^2``, in a text of other rules than ours."""
        self.refuse_under_root(token)
        top = self.pending[-1] if self.pending else None
        spreadsheet = self.source.text.lstrip().startswith("=")
        others = spreadsheet or ".^" in self.source.text
        if top is None or not others:
            return
        if top.code == POW.code or (spreadsheet and top.code == NEG.code):
            start = top.at if top.code == NEG.code else self.starts[-2]
            text, last = self.source.text, self.starts[-1]
            end = end_of_operand(text, self.token_end)
            fixes = [
                (start, self.end, f"({text[start : self.end]})"),
                (last, end, f"({text[last:end]})"),
            ]
            raise self.complain(*complaints.power_of_power(), Span(start, self.token_end), fixes)

    def refuse_under_root(self, token: str) -> None:
        """``√x²`` and ``√2x``: how far does the root go?"""
        top = self.pending[-1] if self.pending else None
        if top is not None and top.prec == TIGHT and top.code != NOT.code:
            inside = self.source.text[top.at : self.start]
            span = Span(top.at, self.token_end)
            root, operand = inside[:1], inside[1:].strip()
            fixes = [(top.at, self.start, f"({inside.strip()})")]
            if token[-1] in SUPERSCRIPTS and root in ROOTS:
                fixes.append((*span, f"{root}({operand}{token})"))
            elif is_name(token) and root in ROOTS:
                fixes = [
                    (*span, f"{root}({operand}*{token})"),
                    (*span, f"{root}({operand})*{token}"),
                ]
            raise self.complain(*complaints.how_far(inside, token), span, fixes)

    # --- after its operand --------------------------------------------------------------------

    def superscript(self, token: str) -> bool:
        """``x²`` and ``eˣ``."""
        span = Span(self.start, self.token_end)
        if token[-1] in SUPERSCRIPTS:
            power = self.finite(token.translate(FROM_SUPERSCRIPT))
            exponent: Value = self.graph.constant(power, span)
        else:
            exponent = self.raised_name(token, span)
        self.target = None
        start = self.starts.pop()
        operands = (self.values.pop(), exponent)
        value = self.meaning.apply(POW.code, operands, start, self.token_end)
        return self.push(value, start, self.token_end)

    def raised_name(self, token: str, span: Span) -> Value:
        """The variable of a power ``ˣ`` or ``⁻ˣ``."""
        name = unicodedata.normalize("NFKC", token.lstrip("⁻"))
        if len(name) > 1 or token[-1] == "ᵀ":
            power = token.replace(token.lstrip("⁻"), "*".join(name)).replace("⁻", "-")
            fixes = [(*span, ".T" if token == "ᵀ" else f"^({power})")]
            raise self.complain(*complaints.raised(token), span, fixes)
        value = self.named_value(name)
        return self.meaning.apply(NEG.code, (value,), *span) if token[0] == "⁻" else value

    def fraction(self, token: str) -> Value:
        """``½``"""
        top, _, bottom = unicodedata.normalize("NFKC", token).partition("⁄")
        span = Span(self.start, self.token_end)
        parts = self.graph.constant(float(top), span), self.graph.constant(float(bottom), span)
        return self.meaning.apply(DIV.code, parts, *span)

    def factorial(self) -> bool:
        """``n!`` is gamma(n + 1)."""
        start, end = self.starts.pop(), self.token_end
        one = self.graph.constant(1.0, Span(self.start, end))
        above = self.meaning.apply(ADD.code, (self.values.pop(), one), start, end)
        return self.push(self.meaning.apply(GAMMA.code, (above,), start, end), start, end)

    def transposed(self) -> bool:
        """``A'`` of MATLAB and Julia."""
        start, end = self.starts.pop(), self.token_end
        value = self.meaning.transposed(self.values.pop(), Span(start, end))
        return self.push(value, start, end)

    # --- one or the other ---------------------------------------------------------------------

    def begin_choice(self, token: str) -> bool:
        """``a if c else b`` at its if, ``c ? a : b`` at its ?."""
        self.reduce(CHOICE + 1)
        self.pending.append(Pending(CHOICE, token, self.start))
        return True

    def goes_on_with(self, token: str, begun: str) -> bool:
        """Whether an ``else`` or a ``:`` has the ``if`` or ``?`` that it belongs to: it waits for
        its last operand then."""
        self.reduce(CHOICE + 1)
        while begun == "?" and self.pending and self.pending[-1].kind == ":":
            self.reduce_one()
        if not self.pending or self.pending[-1].kind != begun:
            return False
        self.pending[-1].kind = token
        return True

    def reduce_one(self) -> None:
        """Complete the last choice, which is inside of another one."""
        self.starts.pop()
        result, start = self.choice(self.pending.pop(), self.values.pop())
        self.values.append(result)
        self.starts.append(start)

    def choice(self, entry: Pending, last: Value) -> tuple[Value, int]:
        """The value of a complete choice, and where it starts."""
        if entry.kind not in ("else", ":"):
            other = "else" if entry.kind == "if" else ":"
            raise self.complain(
                f"the '{entry.kind}' has no '{other}'",
                "write where(condition, a, b)",
                Span(entry.at, entry.at + len(entry.kind)),
            )
        second, first = self.values.pop(), self.values.pop()
        self.starts.pop()
        start = self.starts.pop()
        condition, yes = (second, first) if entry.kind == "else" else (first, second)
        return self.meaning.apply(WHERE.code, (condition, yes, last), start, self.end), start
