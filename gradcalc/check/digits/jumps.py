"""Where a value jumps at the very point, so that a condition made of it turns beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gradcalc.check.structure import operands
from gradcalc.functions.digits import context
from gradcalc.functions.primitives import AND, NOT, OR, TABLE
from gradcalc.graph.graph import Graph

_LOGICAL = frozenset((AND.code, OR.code, NOT.code))
CONDITIONS = frozenset(primitive.code for primitive in TABLE if primitive.boolean)
_INDIFFERENT = frozenset(primitive.code for primitive in TABLE if primitive.indifferent)
_NUMBER = frozenset(CONDITIONS - _LOGICAL - _INDIFFERENT)


def _whole(x: Any) -> bool:
    return bool(x == context().floor(x))


_JUMPS: dict[str, Callable[..., bool]] = {
    "floor": _whole,
    "ceil": _whole,
    "trunc": lambda x: bool(x) and _whole(x),
    "acot": lambda x: not x,
    "round": lambda x: _whole(x + context().mpf(0.5)),
    "sign": lambda x: not x,
    "heaviside": lambda x: not x,
    "mod": lambda x, y: not y or _whole(x / y),
    "atan2": lambda y, x: not y and x <= 0,
    "pow": lambda x, y: not x and not y,
}
_BY_CODE = {p.code: _JUMPS[p.name] for p in TABLE if p.name in _JUMPS}


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
        elif code in _NUMBER:
            if values[within[0]] == values[within[1]]:
                found.add(node)
        elif code in _BY_CODE:
            numbers = [values[operand] for operand in within]
            if all(map(context().isfinite, numbers)) and _BY_CODE[code](*numbers):
                found.add(node)
        elif code in _LOGICAL and any(_is_edge(graph, x, values, varies) for x in within):
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
