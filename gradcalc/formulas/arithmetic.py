"""Derivatives as a person would write them: a graph, rewritten by local rules.

A graph of derivatives is made for numbers: guarded against overflow, every product by itself, signs
where they fell. Here its nodes become **terms**: sums c₀ + Σ cᵢ·tᵢ with exact rational
coefficients, products Π bᵢ^eᵢ, and calls. The constructors apply what needs no search: 0 and 1,
signs, like terms, powers of one base, the branches of one condition. Nothing is expanded.

Terms are hash-consed and numbered in the order in which they were made, operands first, so that
whoever walks them needs no recursion.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from gradcalc.formulas.exact import (
    ONE,
    ZERO,
    Call,
    Number,
    Product,
    Sum,
    Symbol,
    Term,
    UnwritableError,
    added,
    divided,
    exact,
    exact_power,
    has_fractions,
    multiplied,
    operands,
    scaled,
)
from gradcalc.functions.primitives import NOT, WHERE

_SIMPLE = 1000
"""The largest denominator of a fraction that a double is taken for: 0.333… is 1/3."""


class Arithmetic:
    """All terms of some formulas. ``nodes[k]`` is term k, its operands ``below[k]``, all less
    than k."""

    def __init__(self) -> None:
        self.nodes: list[Term] = []
        self.below: list[tuple[int, ...]] = []  # the operands of each
        self.sizes: list[int] = []  # of each as a tree
        self._known: dict[Term, int] = {}
        self._multiples: set[int] = set()  # numbers, and numbers times a term
        self._fractions: set[int] = set()  # other sums with fractions in them
        self._holding: set[int] = set()  # sums that are held as one factor
        self.zero, self.one = self.number(0), self.number(1)

    # --- leaves -------------------------------------------------------------------------------

    def number(self, value: int | Fraction, decimal: bool = False) -> int:
        return self.made(exact(value, decimal))

    def double(self, value: float, text: str = "") -> int:
        """The number that was typed: 0.1 is a tenth, and a decimal fraction if ``text`` says so."""
        if not math.isfinite(value):
            raise UnwritableError(f"there is no formula for {value}", hint="--at gives the numbers")
        typed = Fraction(repr(float(value)))
        simple = typed.limit_denominator(_SIMPLE)
        if float(simple) == value and repr(float(value)) not in text:
            return self.number(simple)
        return self.number(typed, decimal=True)

    def symbol(self, name: str) -> int:
        return self.made(Symbol(name))

    # --- arithmetic ---------------------------------------------------------------------------

    def plus(self, terms: Iterable[tuple[int, int]]) -> int:
        """Σ sign · term, of pairs (sign, term): like terms are collected, and common factors."""
        constant, collected = ZERO, dict[int, Number]()
        for sign, term in terms:
            start, parts = self._linear(self.as_number(term))
            constant = added(constant, scaled(start, sign))
            for coefficient, part in parts:
                known = collected.get(part, ZERO)
                collected[part] = added(known, scaled(coefficient, sign))
        if not self._holding.isdisjoint(collected):
            constant = self._let_go(constant, collected)
        collected = {term: number for term, number in collected.items() if number.value}
        flat = self._sum(constant, dict(collected))
        if constant.value or len(collected) < 2 or not isinstance(self.nodes[flat], Sum):
            return flat
        factored = self._factored(collected)
        return flat if factored is None or self.sizes[factored] > self.sizes[flat] else factored

    def _let_go(self, constant: Number, collected: dict[int, Number]) -> Number:
        """Of 3*x + 2*(x - y) the like terms collected; the constant with what comes to it."""
        for part in sorted(self._holding.intersection(collected)):
            start, parts = self._linear(self.below[part][0])
            if any(term in collected for _, term in parts):
                number = collected.pop(part)
                constant = added(constant, multiplied(start, number))
                for c, term in parts:
                    known = collected.get(term, ZERO)
                    collected[term] = added(known, multiplied(c, number))
        return constant

    def times(self, *factors: int) -> int:
        """The product: numbers in front, powers of one base collected."""
        coefficient, powers = ONE, dict[int, int]()
        for factor in factors:
            number, parts = self._split(factor)
            coefficient = multiplied(coefficient, number)
            for base, exponent in parts:
                known = powers.get(base)
                powers[base] = exponent if known is None else self._added(known, exponent)
        return self._multiplied(coefficient, powers)

    def _multiplied(self, coefficient: Number, powers: dict[int, int]) -> int:
        """coefficient · Π base ** exponent, of exponents that may be 0."""
        if not self._multiples.isdisjoint(powers):
            coefficient = self._opened(coefficient, powers)
        if not coefficient.value:
            return self.zero
        if self.zero in powers.values():
            powers = {base: e for base, e in powers.items() if e != self.zero}
        chosen = self._condition(powers)
        if chosen is not None:
            del powers[chosen]
            rest = self._scaled_product(coefficient, powers)
            return self._chosen(chosen, rest)
        return self._scaled_product(coefficient, powers)

    def _opened(self, coefficient: Number, powers: dict[int, int]) -> Number:
        """Whole powers that two roots have become, (2*x)**(1/2) twice, among the others."""
        for base in self._multiples.intersection(powers):
            to = self.nodes[powers[base]]
            if isinstance(to, Number) and isinstance(to.value, int):
                number, parts = self._split(self.power(base, powers.pop(base)))
                coefficient = multiplied(coefficient, number)
                for inner, e in parts:
                    powers[inner] = self._added(powers[inner], e) if inner in powers else e
        return coefficient

    def _added(self, one: int, other: int) -> int:
        """Two exponents."""
        a, b = self.nodes[one], self.nodes[other]
        if isinstance(a, Number) and isinstance(b, Number):
            return self.made(added(a, b))
        return self.plus([(1, one), (1, other)])

    def power(self, base: int, exponent: int) -> int:
        """base ** exponent. Only whole powers are taken into products and of powers."""
        number, to = self.nodes[base], self.nodes[exponent]
        if exponent == self.zero or base == self.one:
            return self.one
        if exponent == self.one:
            return base
        if not isinstance(to, Number):
            return self._product({base: exponent})
        if isinstance(number, Number):
            raised = exact_power(number, to.value)
            if raised is not None:
                return self.made(raised)
        if to.value.denominator != 1:
            return self._product({base: exponent})
        coefficient, parts = self._split(base)
        scale = exact_power(coefficient, to.value)
        if scale is None:
            return self._product({base: exponent})
        return self._scaled_product(
            scale, {b: self.times(e, exponent) for b, e in parts} if parts else {}
        )

    def choice(self, condition: int, yes: int, no: int) -> int:
        """where(condition, yes, no)"""
        decided = self.nodes[condition]
        if isinstance(decided, Number):
            return yes if decided.value else no
        if yes == no:
            return yes
        if isinstance(decided, Call) and decided.primitive is NOT:
            return self.choice(decided.operands[0], no, yes)
        return self.made(Call(WHERE, (condition, yes, no)))

    def as_number(self, term: int) -> int:
        """A condition as 1 or 0, where a number is wanted."""
        node = self.nodes[term]
        if isinstance(node, Call) and node.primitive.boolean:
            return self.choice(term, self.one, self.zero)
        return term

    # --- what a term is made of ----------------------------------------------------------------

    def made(self, term: Term) -> int:
        """The term as it is, no rule applied."""
        found = self._known.get(term)
        if found is not None:
            return found
        if isinstance(term, Number) and term.decimal and isinstance(term.value, int):
            return self.made(Number(term.value))
        found = self._known[term] = len(self.nodes)
        below = operands(term)
        self.nodes.append(term)
        self.below.append(below)
        self.sizes.append(1 + sum([self.sizes[operand] for operand in below]))
        if isinstance(term, Sum):
            if len(below) == 1 and not term.constant.value:
                self._multiples.add(found)
            elif has_fractions(term):
                self._fractions.add(found)
        elif isinstance(term, Number):
            self._multiples.add(found)
        return found

    def _linear(self, term: int) -> tuple[Number, Sequence[tuple[Number, int]]]:
        """constant and (coefficient, term) pairs."""
        node = self.nodes[term]
        if isinstance(node, Number):
            return node, ()
        if isinstance(node, Sum):
            return node.constant, node.terms
        return ZERO, ((ONE, term),)

    def _split(self, term: int) -> tuple[Number, Sequence[tuple[int, int]]]:
        """The number in front, and (base, exponent) pairs."""
        node, number = self.nodes[term], ONE
        if isinstance(node, Number):
            return node, ()
        if isinstance(node, Sum):
            if len(node.terms) == 1 and not node.constant.value:
                ((number, term),) = node.terms
                node = self.nodes[term]
            elif node.constant.value <= 0 and all(c.value < 0 for c, _ in node.terms):
                number, term = scaled(ONE, -1), self.plus([(-1, term)])
        return number, node.factors if isinstance(node, Product) else ((term, self.one),)

    def _factored(self, collected: Mapping[int, Number]) -> int | None:
        """The sum with the powers that all its terms share in front: x/r - y/r³ is one fraction."""
        shared: dict[int, int | Fraction] = {}
        alike: set[tuple[int, int]] = set()  # to a power that is no number
        for k, term in enumerate(collected):
            parts = self._split(term)[1]
            powers = {
                base: to.value
                for base, exponent in parts
                for to in [self.nodes[exponent]]
                if isinstance(to, Number)
            }
            others = set(parts if len(powers) < len(parts) else ())
            others = {pair for pair in others if pair[0] not in powers}
            kept = powers if k == 0 else shared.keys() & powers.keys()
            shared = {base: min(powers[base], shared.get(base, powers[base])) for base in kept}
            alike = others if k == 0 else alike & others
            if not shared and not alike:
                return None
        out = [self.power(base, self.number(to)) for base, to in shared.items()]
        back = {base: self.number(-to) for base, to in shared.items()}
        for base, to in sorted(alike):
            out.append(self.power(base, to))
            back[base] = self.plus([(-1, to)])
        inner = []
        for term, number in collected.items():
            scale, parts = self._split(term)
            left = {base: self._added(e, back[base]) if base in back else e for base, e in parts}
            inner.append((1, self._multiplied(multiplied(number, scale), left)))
        return self.times(*out, self.plus(inner))

    def _sum(self, constant: Number, collected: dict[int, Number]) -> int:
        """A sum in which the branches of one condition have come together."""
        branches: dict[int, list[int]] = {}
        for term in collected:
            node = self.nodes[term]
            if isinstance(node, Call) and node.primitive is WHERE:
                branches.setdefault(node.operands[0], []).append(term)
        for condition, alike in branches.items():
            if len(alike) > 1:
                sides: tuple[list[int], list[int]] = ([], [])
                for term in alike:
                    node, number = self.nodes[term], self.made(collected.pop(term))
                    assert isinstance(node, Call)
                    for side, branch in zip(sides, node.operands[1:], strict=True):
                        side.append(self.times(number, branch))
                yes, no = (self.plus((1, branch) for branch in side) for side in sides)
                joined = self.choice(condition, yes, no)
                return self.plus([(1, joined), (1, self._sum(constant, collected))])
        if not collected:
            return self.made(constant)
        if len(collected) == 1 and not constant.value:
            ((term, coefficient),) = collected.items()
            if coefficient.value == 1:
                return term
            node = self.nodes[term]
            if isinstance(node, Call) and node.primitive is WHERE:
                scale, (condition, yes, no) = self.made(coefficient), node.operands
                return self.choice(condition, self.times(scale, yes), self.times(scale, no))
        return self.made(Sum(constant, tuple((collected[t], t) for t in sorted(collected))))

    def _scaled_product(self, coefficient: Number, powers: dict[int, int]) -> int:
        if not powers:
            return self.made(coefficient)
        if not self._fractions.isdisjoint(powers):
            coefficient = self._cleared(coefficient, powers)
        product = self._product(powers)
        if coefficient.value == 1:
            return product
        start, parts = self._linear(product)
        if coefficient.value == -1 or (len(parts) == 1 and not start.value):
            multiples = {t: multiplied(c, coefficient) for c, t in parts}
            return self._sum(multiplied(start, coefficient), multiples)
        return self.made(Sum(ZERO, ((coefficient, self._held(product)),)))

    def _cleared(self, coefficient: Number, powers: dict[int, int]) -> Number:
        """What is left of it when denominators in a factor have taken theirs: 4*(x/2 - y/4) is
        2*x - y."""
        for base in self._fractions.intersection(powers):
            start, parts = self._linear(base)
            numbers = [start, *(number for number, _ in parts)]
            size = Number(math.lcm(*(number.value.denominator for number in numbers)))
            left = divided(coefficient, size)
            if powers[base] == self.one and isinstance(left.value, int):
                del powers[base]
                multiples = {term: multiplied(number, size) for number, term in parts}
                whole = self._sum(multiplied(start, size), multiples)
                powers[whole] = (
                    self._added(powers[whole], self.one) if whole in powers else self.one
                )
                coefficient = left
        return coefficient

    def _held(self, term: int) -> int:
        """A sum as one factor, so that a number can stand before it: 2·(x + y)."""
        held = self.made(Product(((term, self.one),)))
        self._holding.add(held)
        return held

    def _product(self, powers: dict[int, int]) -> int:
        if len(powers) == 1:
            ((base, exponent),) = powers.items()
            if exponent == self.one:
                return base
        return self.made(Product(tuple(sorted(powers.items()))))

    def _condition(self, powers: dict[int, int]) -> int | None:
        """A factor that is 1 or 0, or that chooses between a number and another."""
        for base, exponent in powers.items():
            node = self.nodes[base]
            if exponent == self.one and isinstance(node, Call):
                if node.primitive.boolean:
                    return base
                if node.primitive is WHERE and any(
                    isinstance(self.nodes[k], Number) for k in node.operands[1:]
                ):
                    return base
        return None

    def _chosen(self, factor: int, rest: int) -> int:
        node = self.nodes[factor]
        assert isinstance(node, Call)
        if node.primitive is WHERE:
            condition, yes, no = node.operands
            return self.choice(condition, self.times(yes, rest), self.times(no, rest))
        return self.choice(factor, rest, self.zero)
