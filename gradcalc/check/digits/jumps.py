"""Where a value jumps at the very point, so that a condition made of it turns beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gradcalc.calculus.rules import condition, evaluate
from gradcalc.functions.digits import context
from gradcalc.functions.primitives import TABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.exact import HUGE, call
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import operands

_LOGICAL = frozenset(primitive.code for primitive in TABLE if primitive.logical)
CONDITIONS = frozenset(primitive.code for primitive in TABLE if primitive.boolean)
_NUMBER = frozenset(primitive.code for primitive in TABLE if primitive.compares)
_NEAR = 64
"""Bits after the point of a step beside the operands; twice as many of a second one."""


def jumps_at(primitive: Primitive, numbers: Sequence[Any]) -> bool:
    """Whether the value jumps at these operands: whether its rise stays as the step shrinks."""
    text = primitive.jump or primitive.kink
    if not text or not all(map(context().isfinite, numbers)):
        return False
    here = evaluate(condition(text), numbers, None, (0,), _apply)[0] == 1
    return here and any(
        _rises(primitive.code, numbers, k, sign) for k in range(len(numbers)) for sign in (1, -1)
    )


def _apply(primitive: Primitive, *numbers: Any) -> Any:
    return call(primitive.code, tuple(map(context().mpf, numbers)))


def _rises(code: int, numbers: Sequence[Any], k: int, sign: int) -> bool:
    mp = context()
    most = max((mp.mag(number) for number in numbers if number), default=0)
    if most > HUGE:
        return True  # nobody can tell, and it would fill the memory
    with mp.workprec(max(most, 0) + 4 * _NEAR):
        here = call(code, tuple(numbers))
        far, near = (
            abs(call(code, (*numbers[:k], numbers[k] + step, *numbers[k + 1 :])) - here)
            for step in (sign * mp.ldexp(1, -_NEAR), sign * mp.ldexp(1, -2 * _NEAR))
        )
        return bool(near > far / 2 > 0)


def jumps(
    graph: Graph, nodes: Iterable[int], values: dict[int, Any], varies: bytearray
) -> set[int]:
    """The nodes whose value may jump: two equal sides of a comparison, a floor at an integer, and
    what is made of those. ``nodes`` are in order and closed under operands."""
    found: set[int] = set()
    for node in nodes:
        if not varies[node]:
            continue
        code, within = graph.codes[node], operands(graph, node)
        if not found.isdisjoint(within):
            found.add(node)
        elif code in _LOGICAL:
            if any(_is_edge(graph, x, values, varies) for x in within):
                found.add(node)
        elif code in _NUMBER:
            if values[within[0]] == values[within[1]]:
                found.add(node)
        elif jumps_at(TABLE[code], tuple(values[operand] for operand in within)):
            found.add(node)
    return found


def turns(
    graph: Graph, condition: int, values: dict[int, Any], varies: bytearray, jumping: set[int]
) -> bool:
    """Whether another branch is taken right beside the point, from the nodes that jump."""
    return condition in jumping or _is_edge(graph, condition, values, varies)


def _is_edge(graph: Graph, node: int, values: dict[int, Any], varies: bytearray) -> bool:
    """A number that stands for a condition, and is 0."""
    return graph.codes[node] not in CONDITIONS and bool(varies[node]) and not values[node]
