"""What depends on what in a graph of millions of nodes: whole levels at a time, in numpy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradcalc.graph.graph import Graph

_MANY = 20_000
_WIDE = 32  # nodes a level, on average, from which on numpy is the faster way


def is_wide(graph: Graph) -> bool:
    """Whether a level at a time is faster than a node at a time."""
    return len(graph) > _MANY and _WIDE * max(graph.levels) < len(graph)


class Reach:
    """The nodes of a graph by level: the operands of a node are on lower levels than itself."""

    def __init__(self, graph: Graph) -> None:
        levels = np.frombuffer(graph.levels, dtype=np.intc)
        order = np.argsort(levels, kind="stable")
        bounds = np.flatnonzero(np.diff(levels[order])) + 1
        self._levels = np.split(order, bounds)
        self._operands = [np.frombuffer(column, dtype=np.intc) for column in graph.operands]
        self._count = len(levels)

    def below(self, roots: Iterable[int], through: Any = None) -> Any:
        """A mark for each node that the roots are computed from, and for the roots. With
        ``through``, a mark a node too, only its nodes are opened."""
        marks = np.zeros(self._count, bool)
        marks[list(roots)] = True
        for nodes in reversed(self._levels):
            opened = nodes[marks[nodes] if through is None else marks[nodes] & through[nodes]]
            for column in self._operands:
                operands = column[opened]
                marks[operands[operands >= 0]] = True
        return marks

    def above(self, starts: Iterable[int]) -> Any:
        """A mark for each node that depends on one of the starts, and for the starts."""
        # the last place is for operands that are not there: number -1
        marks = np.zeros(self._count + 1, bool)
        marks[list(starts)] = True
        xs, ys, zs = self._operands
        for nodes in self._levels:
            marks[nodes] |= marks[xs[nodes]] | marks[ys[nodes]] | marks[zs[nodes]]
        return marks[:-1]
