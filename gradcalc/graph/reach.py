"""What depends on what: the one place where a graph is walked.

Nodes are numbered operands first, so a walk is a loop over numbers and never a recursion: down from
the roots to what they are computed from, or up from the starts to what is computed from them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable
from typing import Any

from gradcalc.functions.primitives import TABLE
from gradcalc.graph.graph import Graph

_ARITIES = [primitive.arity for primitive in TABLE]
_MANY = 20_000
_WIDE = 32  # nodes a level, on average, from which on numpy is the faster way

Within = Callable[[Graph, int], Iterable[int]]
"""Which operands of a node to go on to."""


def operands(graph: Graph, node: int) -> tuple[int, ...]:
    """The operands of a node, as node numbers."""
    return tuple(column[node] for column in graph.operands[: _ARITIES[graph.codes[node]]])


def slopes(graph: Graph, node: int) -> tuple[int, ...]:
    """The operands that a slope can flow to: not conditions, not what is rounded away. (To an order
    flows a NaN.)"""
    flows = TABLE[graph.codes[node]].flows
    return tuple(x for x, flow in zip(operands(graph, node), flows, strict=True) if flow)


def below(
    graph: Graph,
    roots: Collection[int],
    *,
    closed: Container[int] = (),
    within: Within | None = None,
) -> bytearray:
    """A mark for each node that the roots are computed from, and for the roots.

    ``closed`` nodes are not opened (constants, whose number stands for their formula); ``within``
    says which operands to go on to, where that is not all of them.
    """
    marks = bytearray(len(graph) + 1)  # the last place takes the operands that are not there: -1
    for root in roots:
        marks[root] = 1
    xs, ys, zs = graph.operands
    for node in range(max(roots, default=-1), -1, -1):
        if not marks[node] or node in closed:
            continue
        if within is None:
            marks[xs[node]] = marks[ys[node]] = marks[zs[node]] = 1
        else:
            for operand in within(graph, node):
                marks[operand] = 1
    del marks[-1]
    return marks


def needed(
    graph: Graph,
    roots: Collection[int],
    *,
    closed: Container[int] = (),
    within: Within | None = None,
) -> list[int]:
    """The nodes that ``below`` marks, operands first."""
    if within is None and not closed and is_wide(graph):
        return nodes_of(Reach(graph).below(roots))
    marks = below(graph, roots, closed=closed, within=within)
    return [node for node, mark in enumerate(marks) if mark]


def above(graph: Graph, starts: Collection[int]) -> bytearray:
    """A mark for each node that depends on one of the starts, and for the starts."""
    if is_wide(graph):
        return bytearray(Reach(graph).above(starts).tobytes())
    marks = bytearray(len(graph) + 1)  # the last place is for the operands that are not there: -1
    for start in starts:
        marks[start] = 1
    for node, (x, y, z) in enumerate(zip(*graph.operands, strict=True)):
        if marks[x] or marks[y] or marks[z]:
            marks[node] = 1
    del marks[-1]
    return marks


def active(graph: Graph) -> bytearray:
    """A mark for each node that depends on an input."""
    return above(graph, graph.inputs)


def closure(starts: Iterable[int], onward: Callable[[int], Iterable[int]]) -> set[int]:
    """The starts and all that they lead to; it costs what it finds, however large the graph."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        for node in onward(waiting.pop()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


def comparisons(graph: Graph, conditions: Iterable[int]) -> set[int]:
    """The comparisons that conditions are made of, by ``and``, ``or`` and ``not``."""

    def inside(node: int) -> tuple[int, ...]:
        return operands(graph, node) if TABLE[graph.codes[node]].logical else ()

    found = closure(conditions, inside)
    return {node for node in found if TABLE[graph.codes[node]].compares}


def users(graph: Graph, nodes: Iterable[int]) -> list[list[int]]:
    """For each node the nodes among ``nodes`` that use it, in order."""
    lists: list[list[int]] = [[] for _ in range(len(graph))]
    for node in nodes:
        for operand in set(operands(graph, node)):
            lists[operand].append(node)
    return lists


def supports(graph: Graph, nodes: Iterable[int], within: Within = slopes) -> dict[int, int]:
    """For each node a bit set: bit j is set where a slope can flow from it to variable j."""
    bits = {node: 1 << j for j, node in enumerate(graph.inputs)}
    for node in nodes:
        if node not in bits:
            mask = 0
            for operand in within(graph, node):
                mask |= bits[operand]
            bits[node] = mask
    return bits


def bits(mask: int) -> list[int]:
    """The places of the ones in a bit set, in order."""
    return [place for place in range(mask.bit_length()) if mask >> place & 1]


def is_wide(graph: Graph) -> bool:
    """Whether a level at a time is faster than a node at a time."""
    return len(graph) > _MANY and _WIDE * max(graph.levels) < len(graph)


class Reach:
    """The nodes of a wide graph by level, in numpy: operands are on lower levels than their node.

    To be kept where many questions are asked of one graph.
    """

    def __init__(self, graph: Graph) -> None:
        import numpy as np  # deferred: small graphs are walked without

        levels = np.frombuffer(graph.levels, dtype=np.intc)
        order = np.argsort(levels, kind="stable")
        bounds = np.flatnonzero(np.diff(levels[order])) + 1
        self._levels = np.split(order, bounds)
        self._operands = [np.frombuffer(column, dtype=np.intc) for column in graph.operands]
        # the last place is for operands that are not there: number -1
        self._nothing = np.zeros(len(levels) + 1, bool)

    def below(self, roots: Iterable[int], through: Any = None) -> Any:
        """As the function, in an array of bools. With ``through``, a mark a node too, only its
        nodes are opened."""
        marks = self._nothing.copy()
        marks[list(roots)] = True
        for nodes in reversed(self._levels):
            opened = nodes[marks[nodes] if through is None else marks[nodes] & through[nodes]]
            for column in self._operands:
                marks[column[opened]] = True
        return marks[:-1]

    def above(self, starts: Iterable[int]) -> Any:
        """As the function, in an array of bools."""
        marks = self._nothing.copy()
        marks[list(starts)] = True
        xs, ys, zs = self._operands
        for nodes in self._levels:
            marks[nodes] |= marks[xs[nodes]] | marks[ys[nodes]] | marks[zs[nodes]]
        return marks[:-1]


def nodes_of(marks: Any) -> list[int]:
    """The places of the marks in an array of bools."""
    found: list[int] = marks.nonzero()[0].tolist()
    return found
