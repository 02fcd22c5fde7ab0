"""What formulas are made of, as data: terms, and the exact numbers in them."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain
from typing import NamedTuple

from gradcalc.errors import GradcalcError
from gradcalc.functions.row import Primitive

MOST_BITS = 64
"""Of an exact coefficient: a longer one would be no easier to read than its double."""


class Number(NamedTuple):
    """An exact number; ``decimal`` if a decimal fraction that somebody typed is in it. A whole one
    is an int: a fraction takes ten times as long to be multiplied, compared or looked up."""

    value: int | Fraction
    decimal: bool = False


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

ZERO, ONE = Number(0), Number(1)


class UnwritableError(GradcalcError, ValueError):
    """What no formula can say: an infinity, a function that a notation lacks."""


def exact(value: int | Fraction, decimal: bool = False) -> Number:
    """A number, an int if it is whole."""
    if isinstance(value, int) or value.denominator != 1:
        return Number(value, decimal)
    return Number(value.numerator, decimal)


def added(a: Number, b: Number) -> Number:
    if a is ZERO:
        return b
    if b is ZERO:
        return a
    return exact(a.value + b.value, a.decimal or b.decimal)


def scaled(a: Number, sign: int) -> Number:
    if sign == 1 or a is ZERO:
        return a
    return Number(a.value * sign, a.decimal)


def multiplied(a: Number, b: Number) -> Number:
    if a is ONE:
        return b
    if b is ONE:
        return a
    return exact(a.value * b.value, a.decimal or b.decimal)


def divided(a: Number, b: Number) -> Number:
    """a/b, as decimal as a is."""
    return a if b is ONE else exact(Fraction(a.value) / b.value, a.decimal)


def exact_power(base: Number, exponent: int | Fraction) -> Number | None:
    """A whole power of a number, unless it is too long to be read."""
    if exponent.denominator != 1 or (not base.value and exponent < 0):
        return None
    bits = max(base.value.numerator.bit_length(), base.value.denominator.bit_length())
    if bits > 1 and bits * abs(int(exponent)) > MOST_BITS:
        return None
    return exact(Fraction(base.value) ** int(exponent), base.decimal)


def has_minus(term: Sum) -> bool:
    """Whether a number in it is negative."""
    return term.constant.value < 0 or any(number.value < 0 for number, _ in term.terms)


def has_fractions(term: Sum) -> bool:
    """Whether a number in it is a fraction that nobody typed as a decimal one."""
    for number, _ in (*term.terms, (term.constant, 0)):
        if isinstance(number.value, Fraction) and not number.decimal:
            return True
    return False


def operands(term: Term) -> tuple[int, ...]:
    """The terms that a term is made of, each as often as it stands in it."""
    if isinstance(term, Product):
        return tuple(chain.from_iterable(term.factors))
    if isinstance(term, Sum):
        return tuple([inner for _, inner in term.terms])
    return term.operands if isinstance(term, Call) else ()
