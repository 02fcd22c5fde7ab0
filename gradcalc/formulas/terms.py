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
from functools import partial, reduce

from gradcalc.formulas.conditions import (
    COMPARISONS,
    ORDERS,
    TURNED,
    cover,
    exclude,
    implies,
    inside,
    is_long,
    is_square,
    members,
)
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
    is_multiple,
    multiplied,
    operands,
    scaled,
)
from gradcalc.functions.primitives import (
    AND,
    NOT,
    OR,
    WHERE,
)
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import folded

_SIMPLE = 1000
"""The largest denominator of a fraction that a double is taken for: 0.333… is 1/3."""


class Terms:
    """All terms of some formulas. ``nodes[k]`` is term k, its operands ``below[k]``, all less
    than k."""

    def __init__(self) -> None:
        self.nodes: list[Term] = []
        self.below: list[tuple[int, ...]] = []  # the operands of each
        self.sizes: list[int] = []  # of each as a tree
        self._known: dict[Term, int] = {}
        self._multiples: set[int] = set()  # numbers, and numbers times a term
        self._fractions: set[int] = set()  # other sums with fractions in them
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
        collected = {term: number for term, number in collected.items() if number.value}
        flat = self._sum(constant, dict(collected))
        if constant.value or len(collected) < 2 or not isinstance(self.nodes[flat], Sum):
            return flat
        factored = self._factored(collected)
        return flat if factored is None or self.sizes[factored] > self.sizes[flat] else factored

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

    def call(self, primitive: Primitive, operands: Sequence[int]) -> int:
        """A primitive that is not arithmetic, less what numbers decide."""
        if primitive is WHERE:
            return self.choice(*operands)
        if primitive is NOT:
            return self._negated(*operands)
        if primitive in (AND, OR):
            return self._joined(primitive, *operands)
        if primitive in ORDERS:
            return self._compared(ORDERS[primitive], *operands)
        numbers = [self.nodes[operand] for operand in operands]
        if _is_step(primitive) and all(isinstance(number, Number) for number in numbers):
            value = folded(primitive.code, [float(number.value) for number in numbers])  # type: ignore[union-attr]
            return self.double(value)
        return self.made(Call(primitive, tuple(operands)))

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
        if found is None:
            if isinstance(term, Number) and term.decimal and isinstance(term.value, int):
                return self.made(Number(term.value))
            found = self._known[term] = len(self.nodes)
            below = operands(term)
            self.nodes.append(term)
            self.below.append(below)
            if is_multiple(term):
                self._multiples.add(found)
            elif isinstance(term, Sum) and has_fractions(term):
                self._fractions.add(found)
            self.sizes.append(1 + sum([self.sizes[operand] for operand in below]))
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
        for k, term in enumerate(collected):
            powers = {
                base: to.value
                for base, exponent in self._split(term)[1]
                for to in [self.nodes[exponent]]
                if isinstance(to, Number)
            }
            kept = powers if k == 0 else shared.keys() & powers.keys()
            shared = {base: min(powers[base], shared.get(base, powers[base])) for base in kept}
            if not shared:
                return None
        out = [self.power(base, self.number(to)) for base, to in shared.items()]
        back = {base: self.number(-to) for base, to in shared.items()}
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
        return self.made(Product(((term, self.one),)))

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

    # --- conditions -----------------------------------------------------------------------------

    def _compared(self, orders: str, a: int, b: int) -> int:
        """A comparison that holds for ``orders``, some of '<', '=' and '>': variables on the left,
        a number on the right where that can be."""
        if not orders or len(orders) == 3:
            return self.one if orders else self.zero
        difference = a if b == self.zero else self.plus([(1, a), (-1, b)])
        constant, parts = self._linear(self.as_number(difference))
        if not parts:
            order = "=" if not constant.value else "<" if constant.value < 0 else ">"
            return self.one if order in orders else self.zero
        first = parts[0][0]
        if first.value < 0:
            orders = "".join(TURNED[order] for order in reversed(orders))
        normed = [(divided(c, first), term) for c, term in parts]
        bound = divided(scaled(constant, -1), first)
        right = self.made(bound)
        if right == self.zero and len(normed) == 1 and orders == "<>":
            # a product is 0 where a factor is; its poles are told of by themselves
            factors = [
                inside(self.nodes, base)
                for base, e in self._split(parts[0][1])[1]
                if not (isinstance(to := self.nodes[e], Number) and to.value < 0)
            ]
            if factors != [parts[0][1]]:
                return self.all(self._compared(orders, factor, right) for factor in factors)
        if right == self.zero and len(normed) == 2 and normed[1][0].value == -1:
            left, right = normed[0][1], normed[1][1]
            if orders in ("=", "<>"):
                left, right = min(left, right), max(left, right)
        else:
            left = self._sum(ZERO, {term: number for number, term in normed})
            squares = (c.value > 0 and is_square(self.nodes, term) for c, term in normed)
            if bound.value <= 0 and all(squares):
                possible = {">"} if bound.value else {"=", ">"}
                if possible.issubset(orders):
                    return self.one
                if possible.isdisjoint(orders):
                    return self.zero
        return self.made(Call(COMPARISONS[orders], (left, right)))

    def all(self, conditions: Iterable[int]) -> int:
        """Every one of the conditions."""
        return reduce(partial(self._joined, AND), conditions, self.one)

    def _joined(self, primitive: Primitive, a: int, b: int) -> int:
        """``a and b`` or ``a or b``; of two comparisons of the same terms, one comparison."""
        absorbing, neutral = (self.zero, self.one) if primitive is AND else (self.one, self.zero)
        if a == absorbing or b == absorbing:
            return absorbing
        if a in (neutral, b):
            return b
        if b == neutral:
            return a
        before, after = (members(self.nodes, primitive, k) for k in (a, b))
        for one in before:
            for other in after:
                merged = self._merged(primitive, one, other)
                if merged is not None:
                    for member in (m for m in (*before, *after) if m not in (one, other)):
                        merged = self._joined(primitive, member, merged)
                    return merged
        joined, *rest = (*before, *after)
        for member in rest:
            joined = self.made(Call(primitive, (joined, member)))
        return joined

    def _merged(self, primitive: Primitive, one: int, other: int) -> int | None:
        """What says as much as the two together, more shortly; None where nothing does."""
        both = primitive is AND
        if is_long(self.nodes, one) or is_long(self.nodes, other):
            return one if one == other else None
        if implies(self.nodes, one, other):
            return one if both else other
        if implies(self.nodes, other, one):
            return other if both else one
        against, inner = (exclude, OR) if both else (cover, AND)
        if against(self.nodes, one, other):
            return self.zero if both else self.one
        a, b = self.nodes[one], self.nodes[other]
        if isinstance(a, Call) and isinstance(b, Call) and a.operands == b.operands:
            first, second = (ORDERS.get(node.primitive, "") for node in (a, b))
            if first and second:
                orders = (o for o in "<=>" if (o in first and o in second if both
                                               else o in first + second))  # fmt: skip
                return self._compared("".join(orders), *a.operands)
        for whole, beside in ((one, other), (other, one)):  # A or (B and not A) is A or B
            parts = members(self.nodes, inner, whole)
            kept = [part for part in parts if not against(self.nodes, part, beside)]
            if len(kept) < len(parts):
                left = kept[0]
                for part in kept[1:]:
                    left = self._joined(inner, left, part)
                return self._joined(primitive, left, beside)
        return None

    def opposite(self, condition: int) -> int:
        """The condition that holds where this one does not, of numbers."""
        node = self.nodes[condition]
        if is_long(self.nodes, condition):
            return self._negated(condition)
        if isinstance(node, Call) and node.primitive in ORDERS:
            others = "".join(o for o in "<=>" if o not in ORDERS[node.primitive])
            return self._compared(others, *node.operands)
        if isinstance(node, Call) and node.primitive in (AND, OR):
            turned = OR if node.primitive is AND else AND
            parts = map(self.opposite, members(self.nodes, node.primitive, condition))
            return reduce(partial(self._joined, turned), parts)
        return self._negated(condition)

    def either(self, conditions: Iterable[int]) -> int:
        """One of the conditions at least."""
        return reduce(partial(self._joined, OR), conditions, self.zero)

    def _negated(self, condition: int) -> int:
        node = self.nodes[condition]
        if isinstance(node, Number):
            return self.zero if node.value else self.one
        if isinstance(node, Call) and node.primitive is NOT:
            return node.operands[0]
        return self.made(Call(NOT, (condition,)))


def _is_step(primitive: Primitive) -> bool:
    """Whether it has whole numbers for values: its slopes are 0."""
    return all(partial in (None, "0") for partial in primitive.partials)
