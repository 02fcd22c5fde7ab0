"""Terms → text: one walk, and what a notation has to say about each kind of term."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

from gradcalc.formulas.exact import (
    ONE,
    Call,
    Number,
    Product,
    Sum,
    Symbol,
    Term,
    UnwritableError,
    has_minus,
    scaled,
)
from gradcalc.formulas.terms import Terms
from gradcalc.functions.row import Primitive
from gradcalc.language.names import natural

Factors = Sequence[tuple[int, int]]
"""Bases and exponents."""


class Binding(IntEnum):
    """How tightly a text holds together, loosest first: Python's precedences."""

    OR = 0
    AND = 1
    NOT = 2
    COMPARISON = 3
    SUM = 4
    PRODUCT = 5
    POWER = 6
    ATOM = 7


class Text(NamedTuple):
    """A piece of a formula; ``negative``: it begins with a minus of its own."""

    text: str
    binding: Binding = Binding.ATOM


class Notation:
    """How formulas are spelled: here as gradcalc itself reads them."""

    def number(self, number: Number) -> Text:
        """A number that is not negative, nor a fraction."""
        return Text(_decimal(number.value))

    def name(self, name: str) -> Text:
        return Text(name)

    def grouped(self, piece: Text, least: Binding) -> str:
        """In parentheses, unless it holds together as tightly as ``least``."""
        return piece.text if piece.binding >= least else f"({piece.text})"

    def sum(self, parts: Sequence[tuple[bool, Text]]) -> Text:
        """Pairs (negative, term)."""
        first, *rest = parts
        text = f"{'-' * first[0]}{self.grouped(first[1], Binding.PRODUCT)}"
        for negative, part in rest:
            text += f" {'-' if negative else '+'} {self.grouped(part, Binding.PRODUCT)}"
        return Text(text, Binding.SUM)

    times = "*"

    def product(self, factors: Sequence[Text]) -> Text:
        if len(factors) == 1:
            return factors[0]
        return Text(
            self.times.join(self.grouped(factor, Binding.POWER) for factor in factors),
            Binding.PRODUCT,
        )

    def quotient(self, above: Text, below: Text) -> Text:
        """``below`` is a product where it has several factors."""
        over = self.grouped(above, Binding.PRODUCT)
        return Text(f"{over}/{self.grouped(below, Binding.POWER)}", Binding.PRODUCT)

    def power(self, base: Text, exponent: Text) -> Text:
        under = self.grouped(base, Binding.ATOM)
        return Text(f"{under}**{self.grouped(exponent, Binding.POWER)}", Binding.POWER)

    def root(self, base: Text) -> Text:
        return Text(f"sqrt({base.text})")

    def call(self, primitive: Primitive, operands: Sequence[Text]) -> Text:
        if primitive.symbol:
            return self.infix(primitive, operands)
        return Text(f"{primitive.name}({', '.join(operand.text for operand in operands)})")

    def infix(self, primitive: Primitive, operands: Sequence[Text]) -> Text:
        """A condition, or an operator that is no arithmetic of terms."""
        if not primitive.boolean:  # -x % y is (-x) % y: it binds as a sum from outside
            left, right = (self.grouped(operand, Binding.POWER) for operand in operands)
            return Text(f"{left} {self.sign(primitive.symbol)} {right}", Binding.SUM)
        binding = _BINDINGS.get(primitive.name, Binding.COMPARISON)
        if primitive.arity == 1:
            sign = self.sign(primitive.symbol)
            return Text(f"{sign} {self.grouped(operands[0], binding)}", binding)
        tighter = Binding(binding + 1)
        left = self.grouped(operands[0], binding if binding < Binding.COMPARISON else tighter)
        sign = self.sign(primitive.symbol)
        return Text(f"{left} {sign} {self.grouped(operands[1], tighter)}", binding)

    def sign(self, symbol: str) -> str:
        """How the table's symbol of a primitive is spelled."""
        return symbol


_BINDINGS = {"or": Binding.OR, "and": Binding.AND, "not": Binding.NOT}

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class OnPaper(Notation):
    """For people at a terminal: x², 2·x, √(…), ≥; still a text that gradcalc reads."""

    def sign(self, symbol: str) -> str:
        return {"<=": "≤", ">=": "≥", "!=": "≠"}.get(symbol, symbol)

    times = "·"

    def power(self, base: Text, exponent: Text) -> Text:
        if exponent.text.isdecimal():
            under = self.grouped(base, Binding.ATOM)
            return Text(under + exponent.text.translate(_SUPERSCRIPTS), Binding.POWER)
        return super().power(base, exponent)

    def root(self, base: Text) -> Text:
        return Text(f"√({base.text})")


def _decimal(value: int | Fraction) -> str:
    if value.denominator == 1 and abs(value.numerator) < 10**16:
        return str(value.numerator)
    if not _is_double(value):
        power = math.log10(abs(value.numerator)) - math.log10(value.denominator)
        raise UnwritableError(
            f"the formula has a number near 1e{power:.0f}, and no double is",
            hint="--at gives the numbers",
        )
    return repr(float(value)).replace("e+", "e")


def _is_double(value: int | Fraction) -> bool:
    """Whether a positive number is within the range of doubles."""
    return -1073 < value.numerator.bit_length() - value.denominator.bit_length() < 1024


def write(
    terms: Terms, roots: Iterable[int], notation: Notation, names: Mapping[int, str]
) -> dict[int, Text]:
    """Every term that ``roots`` are made of, spelled. Terms in ``names`` are called by their name
    where they are used; ``names`` of roots do not hide what they are."""
    speller, spelled = _Speller(terms, notation), dict[int, Text]()
    for term in reachable(terms, roots):
        spelled[term] = speller.spell(terms.nodes[term])
        named = term in names
        speller.pieces[term] = notation.name(names[term]) if named else spelled[term]
    return spelled


def reachable(terms: Terms, roots: Iterable[int]) -> list[int]:
    """The terms that ``roots`` are made of, operands first."""
    found, waiting = set(roots), list(roots)
    while waiting:
        for operand in terms.below[waiting.pop()]:
            if operand not in found:
                found.add(operand)
                waiting.append(operand)
    return sorted(found)


class _Speller:
    """One term at a time; ``pieces`` has what its operands are called."""

    def __init__(self, terms: Terms, notation: Notation) -> None:
        self.terms = terms
        self.notation = notation
        self.pieces: dict[int, Text] = {}

    def spell(self, node: Term) -> Text:
        if isinstance(node, Symbol):
            return self.notation.name(node.name)
        if isinstance(node, Call):
            return self.notation.call(node.primitive, [self.pieces[k] for k in node.operands])
        if isinstance(node, Product):
            return self._signed([self._fraction(ONE, node.factors)])
        return self._signed([self._fraction(*part) for part in self._parts(node)])

    def _parts(self, node: Number | Sum, sign: int = 1) -> list[tuple[Number, Factors]]:
        """Coefficients and factors, what is added before what is taken away if that can be."""
        if isinstance(node, Number):
            return [(node, ())]
        parts: list[tuple[Number, Factors]] = [
            (Number(number.value * sign, number.decimal), self._factors(term))
            for number, term in node.terms
        ]
        if parts[0][0].value < 0:
            parts.sort(key=lambda part: part[0].value < 0)
        if node.constant.value:
            last = 0 if parts[0][0].value < 0 < node.constant.value * sign else len(parts)
            parts.insert(last, (scaled(node.constant, sign), ()))
        return parts

    def _factors(self, term: int) -> Factors:
        inner = self.terms.nodes[term]
        named = self.pieces[term].binding is Binding.ATOM
        return (
            inner.factors if isinstance(inner, Product) and not named else ((term, self.terms.one),)
        )

    def _signed(self, parts: Sequence[tuple[bool, Text]]) -> Text:
        return self.notation.sum(parts) if len(parts) > 1 or parts[0][0] else parts[0][1]

    def _fraction(self, number: Number, factors: Factors) -> tuple[bool, Text]:
        """Whether a minus goes before it, and |number| · Π base ** exponent as one fraction."""
        notation, above, below = self.notation, list[Text](), list[Text]()
        negative = number.value < 0
        number = scaled(number, -1 if negative else 1)
        top, bottom = number, ONE
        if not (number.decimal and _terminates(number.value)):
            top, bottom = Number(number.value.numerator), Number(number.value.denominator)
        for base, exponent in sorted(factors, key=partial(_place, self.terms)):
            piece, to = self.pieces[base], self.terms.nodes[exponent]
            inner = self.terms.nodes[base]
            odd = isinstance(to, Number) and to.value % 2 == 1
            opposite = _opposite_of(inner) if odd and piece.binding is not Binding.ATOM else None
            if opposite is not None:  # (-a)**3 is -a**3
                negative, piece = not negative, self.pieces[opposite]
                inner = self.terms.nodes[opposite]
            single = exponent == self.terms.one and piece.binding is not Binding.ATOM
            if negative and single and isinstance(inner, Sum) and has_minus(inner):
                # -(a - b) is (b - a)
                flipped = [self._fraction(*part) for part in self._parts(inner, -1)]
                negative, piece = False, self._signed(flipped)
            if not isinstance(to, Number):
                above.append(notation.power(piece, self.pieces[exponent]))
            elif to.value < 0:
                below.append(_power(notation, piece, Number(-to.value, to.decimal)))
            else:
                above.append(_power(notation, piece, to))
        if top.value != 1 or not above:
            above.insert(0, notation.number(top))
        if bottom.value != 1:
            below.insert(0, notation.number(bottom))
        numerator = notation.product(above)
        if not below:
            return negative, numerator
        return negative, notation.quotient(numerator, notation.product(below))


def _opposite_of(node: Term) -> int | None:
    """a, of -a."""
    if isinstance(node, Sum) and not node.constant.value and len(node.terms) == 1:
        number, term = node.terms[0]
        return term if number.value == -1 else None
    return None


def _power(notation: Notation, base: Text, to: Number) -> Text:
    """To a power that is a positive number."""
    if to.value == 1:
        return base
    if to.value == Fraction(1, 2):
        return notation.root(base)
    top = notation.number(Number(to.value.numerator))
    if to.value.denominator == 1:
        return notation.power(base, top)
    if to.decimal and _terminates(to.value):
        return notation.power(base, notation.number(to))
    bottom = notation.number(Number(to.value.denominator))
    return notation.power(base, notation.quotient(top, bottom))


def _place(terms: Terms, factor: tuple[int, int]) -> tuple[Any, ...]:
    """Where a factor stands in a product: numbers, names in their order, then what is longer."""
    base, exponent = (terms.nodes[term] for term in factor)
    kinds = (Number, Symbol, Sum, Product, Call)
    rank = next(k for k, kind in enumerate(kinds) if isinstance(base, kind))
    name = base.name if isinstance(base, Symbol) else ""
    return not isinstance(exponent, Number), rank, natural(name), factor


def _terminates(value: int | Fraction) -> bool:
    """Whether a decimal fraction of at most 17 digits is the number."""
    return _is_double(value) and Fraction(repr(float(value))) == value
