"""What can be known about a graph without evaluating it: how large it would be written out as a
tree, and of which terms its outputs are made."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

from gradcalc.functions.primitives import ADD, DIV, MUL, NEG, SUB
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import Reach, active, closure, is_wide, needed, nodes_of, operands, users

SUMS = frozenset((ADD.code, SUB.code))
PRODUCTS = frozenset((MUL.code,))


_UNCOUNTED = 1e300  # nodes; shared sub-expressions double it all too quickly


class Extent(NamedTuple):
    """The size and the depth of a node written out as a tree; a long sum is one level deep."""

    size: float
    depth: int


def extents(graph: Graph, nodes: Iterable[int]) -> dict[int, Extent]:
    """The extent of each node; ``nodes`` are closed under operands and in order."""
    found: dict[int, Extent] = {}
    for node in nodes:
        size, depth = 1.0, 0
        code = graph.codes[node]
        for operand in operands(graph, node):
            inner = found[operand]
            size += inner.size
            depth = max(depth, inner.depth + (not _merge(code, graph.codes[operand])))
        found[node] = Extent(min(size, _UNCOUNTED), depth)
    return found


def _merge(code: int, inner: int) -> bool:
    """Whether a node of the second kind inside one of the first is the same sum or product."""
    return (code in SUMS and inner in SUMS) or (code in PRODUCTS and inner in PRODUCTS)


class Term(NamedTuple):
    """A part of an output: ``sign`` times ``node`` times the constants ``factors``, divided by the
    constants ``divisors``."""

    node: int
    sign: int = 1
    factors: tuple[int, ...] = ()
    divisors: tuple[int, ...] = ()


_MOST_FACTORS = 8
"""A chain like y = 0.9*y + x, 50,000 times, is no sum of terms but one deep term."""


class Spine(NamedTuple):
    """The outputs as linear combinations. ``nodes`` make the combinations and nothing else."""

    terms: list[list[Term]]
    nodes: set[int]


def spine(graph: Graph, users_of: list[list[int]], varies: bytearray) -> Spine:
    """Take the outputs apart into terms, so that each can be treated on its own.

    A derivative of a sum of 10,000 terms is then that of the few terms that have the variable.
    """
    nodes: set[int] = set()
    known = {}
    for root in graph.outputs:
        if root not in known:
            known[root] = _terms(graph, root, users_of, varies, nodes)
    return Spine([known[root] for root in graph.outputs], nodes)


def _terms(
    graph: Graph, root: int, users_of: list[list[int]], varies: bytearray, nodes: set[int]
) -> list[Term]:
    outputs = set(graph.outputs)
    terms, stack = [], [Term(root)]
    while stack:
        term = stack.pop()
        node = term.node
        private = not users_of[node] if node == root else len(users_of[node]) == 1
        parts = None
        few = len(term.factors) + len(term.divisors) < _MOST_FACTORS
        if few and private and (node == root or node not in outputs):
            parts = _apart(graph, term, varies)
        if parts is None:
            terms.append(term)
        else:
            nodes.add(node)
            stack += parts
    return terms


def _apart(graph: Graph, term: Term, varies: bytearray) -> list[Term] | None:
    """The terms of one sum or multiple; None if it is neither."""
    node, sign, factors, divisors = term
    code = graph.codes[node]
    within = operands(graph, node)
    if code == NEG.code:
        return [Term(within[0], -sign, factors, divisors)]
    if code in SUMS and within[0] != within[1]:
        second = -sign if code == SUB.code else sign
        return [
            Term(within[1], second, factors, divisors),
            Term(within[0], sign, factors, divisors),
        ]
    if code == DIV.code and varies[within[0]] and not varies[within[1]]:
        return [Term(within[0], sign, factors, (*divisors, within[1]))]
    if code == MUL.code and varies[within[0]] != varies[within[1]]:
        moving, fixed = within if varies[within[0]] else within[::-1]
        return [Term(moving, sign, (*factors, fixed), divisors)]
    return None


class Outline:
    """All of the above about one graph, as far as its outputs need it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes = needed(graph, graph.outputs)
        self.varies = active(graph)
        self._last: tuple[int, list[int]] = (-1, [])

    @cached_property
    def users(self) -> list[list[int]]:
        """For each node those that use it."""
        return users(self.graph, self.nodes)

    @cached_property
    def spine(self) -> Spine:
        """The outputs as linear combinations."""
        return spine(self.graph, self.users, self.varies)

    @cached_property
    def _reach(self) -> tuple[Reach, Any] | None:
        """In a wide graph, and the nodes that the outputs need."""
        if not is_wide(self.graph):
            return None
        reach = Reach(self.graph)
        return reach, reach.below(self.graph.outputs)

    def dependents(self, start: int) -> list[int]:
        """The nodes that depend on ``start`` and that an output needs, operands first."""
        if self._last[0] != start:  # asked for at every precision in turn
            self._last = start, self._above(start)
        return self._last[1]

    def _above(self, start: int) -> list[int]:
        if self._reach is None:
            return sorted(closure([start], self.users.__getitem__) - {start})
        reach, wanted = self._reach
        marks = reach.above([start]) & wanted
        marks[start] = False
        return nodes_of(marks)
