"""What a formula decides by: numbers that change where it goes over to another branch.

A kink or a jump of a function can be nowhere else, but for what is singular there. How steep the
function is beside it has no say in it.
"""

from __future__ import annotations

from copy import copy

import numpy as np

from gradcalc.calculus import rules
from gradcalc.engine.program import Program
from gradcalc.engine.schedule import Floats
from gradcalc.functions.primitives import EQ, TABLE
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import active, below, operands


class Switches:
    """The decisions of a graph: those of its comparisons, of ``abs``, ``max``, ``floor`` and all
    others that have a kink."""

    def __init__(self, graph: Graph) -> None:
        marks, varies = below(graph, graph.outputs), active(graph)
        nodes = [
            node
            for node, code in enumerate(graph.codes)
            if (TABLE[code].kink or TABLE[code].compares) and marks[node] and varies[node]
        ]
        self._conditions = [TABLE[graph.codes[node]] for node in nodes]
        self._places = [operands(graph, node) for node in nodes]
        alone = copy(graph)
        alone.outputs = [operand for place in self._places for operand in place]
        alone.output_names = [f"f{k}" for k in range(len(alone.outputs))]
        self._program = Program(alone) if nodes else None

    def __call__(self, x: Floats) -> Floats:
        """A column for each decision, at N points of shape (N, n): another number, or one of
        another sign, where it is another one; 0 on the boundary."""
        if self._program is None:
            return np.empty((len(x), 0))
        numbers = iter(self._program.at(x).value.T)
        columns: list[Floats] = []
        for primitive, place in zip(self._conditions, self._places, strict=True):
            within = [next(numbers) for _ in place]
            if primitive.compares:
                columns.append(np.sign(within[0] - within[1]))
            else:
                columns += _decided(primitive.kink, within)
        return np.stack([np.broadcast_to(column, len(x)) for column in columns], axis=1)


def _decided(kink: str, numbers: list[Floats]) -> list[Floats]:
    """The sides of each equation in a condition: which one is larger, or between which whole
    numbers it is."""
    graph = rules.condition(kink).graph
    sides = [operands(graph, node) for node, code in enumerate(graph.codes) if code == EQ.code]
    flat = tuple(side for pair in sides for side in pair)
    found = iter(rules.evaluate(rules.Rule(graph, flat), numbers, None, tuple(range(len(flat)))))
    return [
        right + 0.5 if TABLE[graph.codes[b]].partials == ("0",) else np.sign(left - right)
        for (_, b), left, right in zip(sides, found, found, strict=False)
    ]
