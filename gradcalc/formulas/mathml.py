"""Formulas in MathML Core, which browsers show without a library."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from gradcalc.formulas.exact import Number
from gradcalc.formulas.names import greek, parted
from gradcalc.formulas.writing import Binding, Notation, Text
from gradcalc.functions.row import Primitive

SIGNS = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠", "and": "∧", "or": "∨", "not": "¬", "%": "mod"}
_WORD_FIRST, _WORD_LAST = (
    re.compile(r"(<m(row|sub|sup)>)*<mi>[^<]{2,}"),
    re.compile(r"[^<>]{2}</mi>$"),
)
"""A name of more than a letter, which must not run into what is beside it."""
_FENCES = {"abs": ("|", "|"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")}


class MathML(Notation):
    """Elements of ``<math>``."""

    def number(self, number: Number) -> Text:
        return Text(f"<mn>{super().number(number).text}</mn>")

    def name(self, name: str) -> Text:
        stem, index = parted(name)
        found = greek(stem)
        letter = f"<mi>{escape(found[1] if found else stem)}</mi>"
        return Text(f"<msub>{letter}<mn>{escape(index)}</mn></msub>" if index else letter)

    def grouped(self, piece: Text, least: Binding) -> str:
        if piece.binding >= least:
            return piece.text
        return f"<mrow><mo>(</mo>{piece.text}<mo>)</mo></mrow>"

    def sum(self, parts: Sequence[tuple[bool, Text]]) -> Text:
        text = ""
        for k, (negative, part) in enumerate(parts):
            sign = "<mo>−</mo>" if negative else "<mo>+</mo>" if k else ""
            text += sign + self.grouped(part, Binding.PRODUCT)
        return Text(f"<mrow>{text}</mrow>", Binding.SUM)

    def product(self, factors: Sequence[Text]) -> Text:
        if len(factors) == 1:
            return factors[0]
        pieces = [self.grouped(factor, Binding.POWER) for factor in factors]
        text = pieces[0]
        for piece in pieces[1:]:
            seen = piece.startswith("<mn>") or _WORD_FIRST.match(piece) or _WORD_LAST.search(text)
            text += ("<mo>·</mo>" if seen else "<mo>\u2062</mo>") + piece
        return Text(f"<mrow>{text}</mrow>", Binding.PRODUCT)

    def quotient(self, above: Text, below: Text) -> Text:
        return Text(f"<mfrac>{_one(above)}{_one(below)}</mfrac>", Binding.PRODUCT)

    def power(self, base: Text, exponent: Text) -> Text:
        under = self.grouped(base, Binding.ATOM)
        return Text(f"<msup>{under}{_one(exponent)}</msup>", Binding.POWER)

    def root(self, base: Text) -> Text:
        return Text(f"<msqrt>{base.text}</msqrt>")

    def call(self, primitive: Primitive, operands: Sequence[Text]) -> Text:
        texts = [operand.text for operand in operands]
        if primitive.name in _FENCES:
            left, right = _FENCES[primitive.name]
            return Text(f"<mrow><mo>{left}</mo>{texts[0]}<mo>{right}</mo></mrow>")
        if primitive.symbol:
            return self.infix(primitive, operands)
        inner = "<mo>,</mo>".join(texts)
        return Text(f"<mrow><mi>{escape(primitive.name)}</mi><mo>(</mo>{inner}<mo>)</mo></mrow>")

    def sign(self, symbol: str) -> str:
        return f"<mo>{escape(SIGNS.get(symbol, symbol))}</mo>"


def _one(piece: Text) -> str:
    return piece.text if piece.text.count("<mrow>") == 1 else f"<mrow>{piece.text}</mrow>"


def matrix(rows: Sequence[Sequence[str]], after: str = "") -> str:
    """A ``<math>`` element with a matrix in parentheses, and what stands after it."""
    return block(in_parentheses(rows) + after)


def in_parentheses(rows: Sequence[Sequence[str]]) -> str:
    cells = "\n".join(f"<mtr>{''.join(f'<mtd>{text}</mtd>' for text in row)}</mtr>" for row in rows)
    return f"<mrow><mo>(</mo><mtable>\n{cells}\n</mtable><mo>)</mo></mrow>"


def block(inner: str) -> str:
    """A ``<math>`` element on lines of its own."""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">{inner}</math>\n'
