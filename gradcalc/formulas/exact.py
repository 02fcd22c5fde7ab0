"""What formulas are made of, as data: terms, and the exact numbers in them."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from gradcalc.errors import GradcalcError
from gradcalc.functions.row import Primitive

MOST_BITS = 64
"""Of an exact coefficient: a longer one would be no easier to read than its double."""


class Number(NamedTuple):
    """An exact number; ``decimal`` if a decimal fraction that somebody typed is in it."""

    value: Fraction
    decimal: bool = False

    def __hash__(self) -> int:
        """Fractions take microseconds to agree with the hashes of floats, which nobody asks for."""
        return hash((self.value.numerator, self.value.denominator, self.decimal))


class Symbol(NamedTuple):
    """A variable, a parameter or a named constant."""

    name: str


class Sum(NamedTuple):
    """constant + Σ coefficient · term; of one term at least, and no term is a number or a sum."""

    constant: Number
    terms: tuple[tuple[Number, int], ...]


class Product(NamedTuple):
    """Π base ** exponent, both terms; never one factor to the power of 1."""

    factors: tuple[tuple[int, int], ...]


class Call(NamedTuple):
    """A primitive of terms."""

    primitive: Primitive
    operands: tuple[int, ...]


Term = Number | Symbol | Sum | Product | Call

ZERO, ONE = Number(Fraction(0)), Number(Fraction(1))


class UnwritableError(GradcalcError, ValueError):
    """What no formula can say: an infinity, a function that a notation lacks."""


# Fractions are slow, and most numbers here are 0 and 1.


def added(a: Number, b: Number) -> Number:
    if a is ZERO:
        return b
    if b is ZERO:
        return a
    return Number(a.value + b.value, a.decimal or b.decimal)


def scaled(a: Number, sign: int) -> Number:
    if sign == 1 or a is ZERO:
        return a
    return Number(a.value * sign, a.decimal)


def multiplied(a: Number, b: Number) -> Number:
    if a is ONE:
        return b
    if b is ONE:
        return a
    return Number(a.value * b.value, a.decimal or b.decimal)


def exact_power(base: Number, exponent: Fraction) -> Number | None:
    """A whole power of a number, unless it is too long to be read."""
    if exponent.denominator != 1 or (not base.value and exponent < 0):
        return None
    bits = max(base.value.numerator.bit_length(), base.value.denominator.bit_length())
    if bits > 1 and bits * abs(exponent) > MOST_BITS:
        return None
    return Number(base.value ** int(exponent), base.decimal)


def operands(term: Term) -> list[int]:
    """The terms that a term is made of, each as often as it stands in it."""
    if isinstance(term, Sum):
        return [inner for _, inner in term.terms]
    if isinstance(term, Product):
        return [inner for factor in term.factors for inner in factor]
    return list(term.operands) if isinstance(term, Call) else []
