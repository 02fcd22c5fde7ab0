"""The chain rule over a graph, in whatever numbers the slopes are: mpmath's, or balls.

``slopes(node)`` lists the operands that a slope flows to, and the slopes; ``curves(node)`` pairs of
operands, whether it is twice the same one, and the second derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import Any

Numbers = dict[int, Any]
"""By node; what is not there is 0."""

Slopes = Callable[[int], list[tuple[int, Any]]]
Curves = Callable[[int], list[tuple[int, int, bool, Any]]]


def forward(slopes: Slopes, seeds: Mapping[int, Any], nodes: Iterable[int]) -> Numbers:
    """The tangents of ``nodes``, in order, when the inputs move by ``seeds``."""
    found = dict(seeds)
    for node in nodes:
        flows = [slope * found[below] for below, slope in slopes(node) if below in found]
        if flows:
            found[node] = sum(flows[1:], flows[0])
    return found


def reverse(slopes: Slopes, seeds: Mapping[int, Any]) -> Numbers:
    """The cotangents of all nodes below those that have a seed."""
    found, waiting = dict(seeds), [-node for node in seeds]  # a heap: the last node first
    heapify(waiting)
    while waiting:
        node = -heappop(waiting)
        cotangent = found[node]
        for operand, slope in slopes(node):
            flow = cotangent * slope
            if operand in found:
                found[operand] = found[operand] + flow
            else:
                found[operand] = flow
                heappush(waiting, -operand)
    return found


def bend(slopes: Slopes, curves: Curves, tangents: Numbers, cotangents: Numbers) -> Numbers:
    """How the cotangents change when the inputs move: a column of a Hessian, by node."""
    found: Numbers = {}

    def add(node: int, flow: Any) -> None:
        found[node] = found[node] + flow if node in found else flow

    for node in sorted(cotangents, reverse=True):
        here = cotangents[node]
        for x, y, square, curve in curves(node):
            if y in tangents:
                add(x, here * curve * tangents[y])
            if not square and x in tangents:
                add(y, here * curve * tangents[x])
        if node in found:
            for operand, slope in slopes(node):
                add(operand, found[node] * slope)
    return found
