"""What one condition says of another, as far as their forms show: comparisons of one term with
numbers are intervals of a line, and ``and`` and ``or`` are made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from gradcalc.formulas.exact import ONE, Call, Number, Product, Sum, Term
from gradcalc.functions.primitives import AND, EQ, FUNCTIONS, GE, GT, LE, LT, NE, NOT, OR
from gradcalc.functions.row import Primitive

ORDERS = {LT: "<", LE: "<=", GT: ">", GE: "=>", EQ: "=", NE: "<>"}
"""How the operands of a comparison may lie for it to hold."""
COMPARISONS = {orders: primitive for primitive, orders in ORDERS.items()}
TURNED = {"<": ">", "=": "=", ">": "<"}
_ABS, HYPOT = FUNCTIONS["abs"], FUNCTIONS["hypot"]
_MOST = 60
_DEEPEST = 6
"""An ``and`` in an ``or`` in an ``and`` …: what is nested more deeply nobody reads."""


def inside(nodes: Sequence[Term], term: int) -> int:
    """x of |x|, which is 0 where it is."""
    node = nodes[term]
    return node.operands[0] if isinstance(node, Call) and node.primitive is _ABS else term


def is_length(node: Term) -> bool:
    """Whether it is 0 where both of its operands are, and nowhere else."""
    return isinstance(node, Call) and node.primitive is HYPOT


def is_square(nodes: Sequence[Term], term: int) -> bool:
    """Whether it is never below 0, being a product of even powers."""
    node = nodes[term]
    exponents = [nodes[e] for _, e in node.factors] if isinstance(node, Product) else [ONE]
    return all(isinstance(e, Number) and e.value % 2 == 0 for e in exponents)


def is_positive(nodes: Sequence[Term], term: int, depth: int = 0) -> bool:
    """Whether it is above 0 wherever it is a number, as far as its form shows."""
    node = nodes[term]
    if depth > _DEEPEST:
        return False
    if isinstance(node, Sum):
        return node.constant.value >= 0 and all(
            number.value > 0 and is_positive(nodes, inner, depth + 1)
            for number, inner in node.terms
        )
    if isinstance(node, Product):
        return all(is_positive(nodes, base, depth + 1) for base, _ in node.factors)
    return isinstance(node, Call) and node.primitive.positive


def possible(nodes: Sequence[Term], parts: Sequence[tuple[Number, int]], bound: Number) -> str:
    """How Σ number · term may lie to a bound, as far as the forms show."""
    if bound.value > 0 or not all(number.value > 0 for number, _ in parts):
        return "<=>"
    positive = [is_positive(nodes, term) for _, term in parts]
    if not all(k or is_square(nodes, term) for k, (_, term) in zip(positive, parts, strict=True)):
        return "<=>"
    return ">" if bound.value or any(positive) else "=>"


def members(nodes: Sequence[Term], primitive: Primitive, condition: int) -> list[int]:
    """The conditions that are joined by ``primitive``."""
    found, waiting = list[int](), [condition]
    while waiting:
        node = nodes[waiting[-1]]
        if isinstance(node, Call) and node.primitive is primitive:
            waiting[-1:] = reversed(node.operands)
        else:
            found.append(waiting.pop())
    return found


def is_long(nodes: Sequence[Term], condition: int) -> bool:
    """Whether it is made of more comparisons than anybody reads."""
    count, waiting = 0, [condition]
    while waiting and count <= _MOST:
        count += 1
        node = nodes[waiting.pop()]
        if isinstance(node, Call) and node.primitive in (AND, OR, NOT):
            waiting += node.operands
    return count > _MOST


def implies(nodes: Sequence[Term], a: int, b: int, depth: int = 0) -> bool:
    """Whether b holds wherever a does."""
    if a == b:
        return True
    if depth > _DEEPEST:
        return False
    either, both = members(nodes, OR, a), members(nodes, AND, b)
    if len(either) > 1:
        return all(implies(nodes, k, b, depth + 1) for k in either)
    if len(both) > 1:
        return all(implies(nodes, a, k, depth + 1) for k in both)
    given, wanted = members(nodes, AND, a), members(nodes, OR, b)
    if len(given) > 1 or len(wanted) > 1:
        return any(implies(nodes, k, m, depth + 1) for k in given for m in wanted)
    return _on_a_line(nodes, a, b, lambda one, other: other or not one)


def exclude(nodes: Sequence[Term], a: int, b: int, depth: int = 0) -> bool:
    """Whether a and b hold nowhere together."""
    return _against(nodes, a, b, OR, lambda one, other: not (one and other), depth)


def cover(nodes: Sequence[Term], a: int, b: int, depth: int = 0) -> bool:
    """Whether a or b holds everywhere."""
    return _against(nodes, a, b, AND, lambda one, other: one or other, depth)


def _against(
    nodes: Sequence[Term],
    a: int,
    b: int,
    each: Primitive,
    holds: Callable[[bool, bool], bool],
    depth: int,
) -> bool:
    """``holds`` for every part of what ``each`` joins, and for one of what the other does."""
    if depth > _DEEPEST:
        return False
    for one, other in ((a, b), (b, a)):
        node = nodes[one]
        if isinstance(node, Call) and node.primitive is NOT and node.operands[0] == other:
            return True
        if isinstance(node, Call) and node.primitive in (AND, OR):
            every = all if node.primitive is each else any
            return every(
                _against(nodes, k, other, each, holds, depth + 1)
                for k in members(nodes, node.primitive, one)
            )
    return _on_a_line(nodes, a, b, holds)


def _on_a_line(nodes: Sequence[Term], a: int, b: int, holds: Callable[[bool, bool], bool]) -> bool:
    """Whether ``holds`` for two comparisons of the same, wherever that lies."""
    one, other = _interval(nodes, a), _interval(nodes, b)
    if one is None or other is None or one[0] != other[0]:
        return False
    low, high = sorted((one[2], other[2]))
    return all(
        holds(_order(place, one[2]) in one[1], _order(place, other[2]) in other[1])
        for place in (low - 1, low, Fraction(low + high) / 2, high, high + 1)
    )


def _interval(nodes: Sequence[Term], condition: int) -> tuple[object, str, int | Fraction] | None:
    """What is compared, how it may lie, and to which number."""
    node = nodes[condition]
    if not isinstance(node, Call) or node.primitive not in ORDERS:
        return None
    left, right = node.operands
    bound, orders = nodes[right], ORDERS[node.primitive]
    if isinstance(bound, Number):
        return left, orders, bound.value
    return (left, right), orders, 0


def _order(place: int | Fraction, bound: int | Fraction) -> str:
    return "<" if place < bound else "=" if place == bound else ">"
