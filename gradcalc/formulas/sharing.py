"""Common parts of products and sums: ``a*b*c`` and ``a*b*d`` share ``a*b``.

Terms are flat, so that what is alike is one term however it was written. Here they are cut again
where a part stands in several of them: greedily, what most have in common first, two factors of
products or two terms of sums at a time, as compilers do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from itertools import combinations

from gradcalc.formulas.exact import ZERO, Call, Number, Product, Sum
from gradcalc.formulas.terms import Terms
from gradcalc.formulas.writing import reachable

_MOST = 24
"""Factors of a product, or terms of a sum, that are looked at in pairs."""
_CONSTANT = -(1 << 60)
_ONES = {sign: Number(sign) for sign in (1, -1)}

Item = tuple[int, int | Number]
"""A base with its exponent, or a term with its coefficient. Part k is referred to as ~k, and the
constant of a sum as _CONSTANT."""
Pair = tuple[Item, Item]


def compact(terms: Terms, roots: Sequence[int]) -> tuple[int, ...]:
    """The same terms, made of parts that they share."""
    below = reachable(terms, roots)
    products: dict[int, list[Item]] = {}
    sums: dict[int, list[Item]] = {}
    for term in below:
        node = terms.nodes[term]
        if isinstance(node, Product):
            products[term] = list(node.factors)
        elif isinstance(node, Sum):
            constant = [(_CONSTANT, node.constant)] if node.constant.value else []
            sums[term] = [*constant, *((inner, number) for number, inner in node.terms)]
    scales = {term: scale for term in sums if (scale := _scale(sums[term])) is not None}
    for term, scale in scales.items():
        sums[term] = [(inner, _over(number, scale)) for inner, number in sums[term]]
    powers = _powers(terms, products)
    factors = _cut(products, lambda sign: terms.one)
    summands = _cut(sums, _ONES.__getitem__)
    if not (powers or factors or summands or scales):
        return tuple(roots)
    rebuilt = _Rebuilt(terms, products, sums, factors, summands, powers, scales)
    for term in below:
        rebuilt.add(term)
    return tuple(rebuilt.new[root] for root in roots)


def _scale(items: list[Item]) -> Number | None:
    """What all coefficients of a sum are but for their signs, if it is not 1; the sign is that of
    the first: 2*a - 2*b is 2*(a - b), and 2*b - 2*a is -2*(a - b)."""
    numbers = [number for _, number in sorted(items, key=_ref) if isinstance(number, Number)]
    size = abs(numbers[0].value)
    if len(numbers) < 2 or size == 1 or any(abs(number.value) != size for number in numbers):
        return None
    return numbers[0]


def _over(number: object, scale: Number) -> Number:
    assert isinstance(number, Number)
    return _ONES[1 if number.value == scale.value else -1]


def _powers(terms: Terms, products: dict[int, list[Item]]) -> set[Item]:
    """The powers that stand in several products, less those that cost nothing: x and 1/x."""
    free = {terms.one, terms.number(-1)}
    counted = Counter(item for items in products.values() for item in items if item[1] not in free)
    return {item for item, count in counted.items() if count > 1}


# --- which parts ----------------------------------------------------------------------------------


def _spelled(one: Item, other: Item) -> tuple[Pair, int]:
    """A pair by which it is known, and the sign with which it stands here: b - a is -(a - b)."""
    if not isinstance(one[1], Number) or one[1].value > 0:
        return (one, other), 1
    assert isinstance(other[1], Number)
    return (_turned(one[0], one[1]), _turned(other[0], other[1])), -1


def _turned(term: int, number: Number) -> Item:
    return term, Number(-number.value, number.decimal)


class _Places:
    """Which wholes have which pairs of items in them, those with most wholes first."""

    def __init__(self, wholes: dict[int, list[Item]]) -> None:
        self.wholes = wholes
        self.found: dict[Pair, dict[int, tuple[Item, Item, int]]] = {}
        self.rank: dict[Pair, int] = {}
        self.heap: list[tuple[int, int, Pair]] = []
        for whole, items in wholes.items():
            if 1 < len(items) <= _MOST:
                for one, other in combinations(sorted(items, key=_ref), 2):
                    self._enter(whole, one, other)
        self.heap = [
            (-len(found), self.rank[pair], pair)
            for pair, found in self.found.items()
            if len(found) > 1
        ]
        heapify(self.heap)

    def _enter(self, whole: int, one: Item, other: Item) -> Pair:
        pair, sign = _spelled(one, other)
        self.rank.setdefault(pair, len(self.rank))
        self.found.setdefault(pair, {})[whole] = one, other, sign
        return pair

    def best(self) -> tuple[Pair, dict[int, tuple[Item, Item, int]]] | None:
        """The pair that most wholes have, and where it stands; None where no two have one."""
        while self.heap:
            count, rank, pair = heappop(self.heap)
            live = {
                whole: where
                for whole, where in self.found[pair].items()
                if where[0] in self.wholes[whole] and where[1] in self.wholes[whole]
            }
            self.found[pair] = live
            if len(live) == -count:
                return pair, live
            if len(live) > 1:
                heappush(self.heap, (-len(live), rank, pair))
        return None

    def put(self, whole: int, new: Item) -> None:
        """A part in the place of what was cut out."""
        items = self.wholes[whole]
        for item in items:
            pair = self._enter(whole, *sorted((item, new), key=_ref))
            if len(self.found[pair]) > 1:
                heappush(self.heap, (-len(self.found[pair]), self.rank[pair], pair))
        items.append(new)


def _ref(item: Item) -> int:
    return item[0]


def _cut(wholes: dict[int, list[Item]], one_of: object) -> list[Pair]:
    """Cut pairs out of ``wholes``, in place, until no two have one; ``one_of`` a sign is the
    exponent or the coefficient of a part."""
    places, parts = _Places(wholes), list[Pair]()
    while (best := places.best()) is not None:
        pair, live = best
        for whole, (one, other, sign) in live.items():
            wholes[whole].remove(one)
            wholes[whole].remove(other)
            places.put(whole, (~len(parts), one_of(sign)))  # type: ignore[operator]
        parts.append(pair)
    return parts


# --- made of them ---------------------------------------------------------------------------------


class _Rebuilt:
    """``new`` has the terms in the place of those that were cut."""

    def __init__(
        self,
        terms: Terms,
        products: dict[int, list[Item]],
        sums: dict[int, list[Item]],
        factors: list[Pair],
        summands: list[Pair],
        powers: set[Item],
        scales: dict[int, Number],
    ) -> None:
        self.terms, self.products, self.sums = terms, products, sums
        self.factors, self.summands, self.powers = factors, summands, powers
        self.scales = scales
        self.new: dict[int, int] = {}
        self._made: dict[tuple[str, int], int] = {}

    def add(self, term: int) -> None:
        node = self.terms.nodes[term]
        if term in self.products:
            self.new[term] = self._product(self.products[term])
        elif term in self.sums:
            inner = self._sum(self.sums[term])
            scale = self.scales.get(term)
            if scale is not None:
                held = self.terms.made(Product(((inner, self.terms.one),)))
                inner = self.terms.made(Sum(ZERO, ((scale, held),)))
            self.new[term] = inner
        elif isinstance(node, Call):
            below = tuple(self.new[operand] for operand in node.operands)
            self.new[term] = self.terms.made(Call(node.primitive, below))
        else:
            self.new[term] = term

    def _product(self, items: Sequence[Item]) -> int:
        made = self.terms.made
        factors = []
        for base, exponent in items:
            assert isinstance(exponent, int)
            if base < 0:
                factors.append((self._part("factors", ~base), exponent))
                continue
            factor = self.new[base], self.new[exponent]
            if (base, exponent) in self.powers:
                factor = made(Product((factor,))), self.terms.one
            factors.append(factor)
        if len(factors) == 1 and factors[0][1] == self.terms.one:
            return factors[0][0]
        return made(Product(tuple(sorted(factors))))

    def _sum(self, items: Sequence[Item]) -> int:
        constant, summands = ZERO, []
        for term, number in items:
            assert isinstance(number, Number)
            if term == _CONSTANT:
                constant = number
            else:
                inner = self._part("summands", ~term) if term < 0 else self.new[term]
                summands.append((number, inner))
        ordered = tuple(sorted(summands, key=lambda summand: summand[1]))
        if not constant.value and len(ordered) == 1 and ordered[0][0].value == 1:
            return ordered[0][1]
        return self.terms.made(Sum(constant, ordered))

    def _part(self, kind: str, number: int) -> int:
        """A pair that was cut out, and those that it is made of first."""
        pairs, build = (
            (self.factors, self._product) if kind == "factors" else (self.summands, self._sum)
        )
        waiting = [number]
        while waiting:
            inner = [
                ~ref for ref, _ in pairs[waiting[-1]]
                if _CONSTANT < ref < 0 and (kind, ~ref) not in self._made
            ]  # fmt: skip
            if inner:
                waiting += inner
            else:
                last = waiting.pop()
                if (kind, last) not in self._made:
                    self._made[kind, last] = build(pairs[last])
        return self._made[kind, number]
