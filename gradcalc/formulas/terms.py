"""Terms: sums and products, functions, and conditions, of which as few as say it are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial, reduce

from gradcalc.formulas.arithmetic import Arithmetic
from gradcalc.formulas.conditions import (
    COMPARISONS,
    ORDERS,
    TURNED,
    cover,
    exclude,
    implies,
    inside,
    is_length,
    is_long,
    members,
    possible,
)
from gradcalc.formulas.exact import (
    ZERO,
    Call,
    Number,
    divided,
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


class Terms(Arithmetic):
    """The same with functions and conditions."""

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
        node = self.nodes[normed[0][1]]
        if right == self.zero and len(normed) == 1 and orders == "=" and is_length(node):
            return self.all(self._compared(orders, side, right) for side in operands(node))
        if right == self.zero and len(normed) == 2 and normed[1][0].value == -1:
            left, right = normed[0][1], normed[1][1]
            if orders in ("=", "<>"):
                left, right = min(left, right), max(left, right)
        else:
            left = self._sum(ZERO, {term: number for number, term in normed})
            ways = set(possible(self.nodes, normed, bound))
            if ways.issubset(orders) or ways.isdisjoint(orders):
                return self.one if ways.issubset(orders) else self.zero
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
        sides = [members(self.nodes, inner, k) for k in (one, other)]
        shared = [part for part in sides[0] if part in sides[1]]
        if shared and all(len(side) == len(shared) + 1 for side in sides):
            # (A and B) or (A and C)
            left, right = (next(k for k in side if k not in shared) for side in sides)
            merged = self._merged(primitive, left, right)
            if merged is not None:
                return reduce(partial(self._joined, inner), [*shared, merged])
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
