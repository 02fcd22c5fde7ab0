"""A deep graph in C, node by node: the places are the nodes, and a step is sixteen bytes.

On most levels of a deep graph there is a node or two, and runs have no length. All nodes of one
primitive have one script, which is laid out for all of them at once; then the steps are put in the
order of the nodes, and the links, along which cotangents flow, in that order backwards.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.engine import kernel
from gradcalc.engine.kernel import Recording
from gradcalc.engine.recorded import OUT, Ref, Script, script
from gradcalc.engine.schedule import Ints
from gradcalc.functions.primitives import TABLE, VARIABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import below

_MOST = 1 << 23
"""Places, so that a third operand's fits beside its operation."""

_LONGEST = 64
"""Lines of a script, at most, and more than a primitive has operands."""


def by_nodes(graph: Graph, shared: bool) -> Any:
    """A tape for the way down, on which cotangents may be ``shared`` (``reverse``), or up."""
    return _Nodes(graph).tape(shared)


class _Nodes:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        codes = np.frombuffer(graph.codes, np.intc)
        self.operands = [np.frombuffer(column, np.intc) for column in graph.operands]
        fixed = np.zeros(len(graph), bool)
        fixed[list(graph.constants)] = True
        marks = below(graph, graph.outputs, closed=graph.constants)
        needed = np.frombuffer(marks, np.uint8).astype(bool)
        self.inner = np.flatnonzero(needed & ~fixed & (codes != VARIABLE.code))
        pattern = np.zeros(len(self.inner), np.int64)
        for k, column in enumerate(self.operands):
            at = column[self.inner]
            pattern += ((at >= 0) & fixed[at]).astype(np.int64) << k
        self.kinds = codes[self.inner] * 8 + pattern
        self.functions: list[Any] = [(np.add, True, 2)]
        self.size = len(graph)
        self.numbers: dict[float, int] = {}
        self.rows: list[Any] = []  # step, and before it a number to sort by
        self.links: list[Any] = []  # the same
        self.ones: list[Any] = []  # of each link, whether its slope is 1
        self.telling = [np.array(graph.outputs)]

    def tape(self, shared: bool) -> Any:
        for kind in np.unique(self.kinds).tolist():
            primitive, nodes = TABLE[kind // 8], self.inner[self.kinds == kind]
            active = [k for k, flow in enumerate(primitive.flows) if flow and not kind >> k & 1]
            scripted = script(primitive, tuple(active))
            for line in (*scripted.value, *scripted.partials):
                if not kernel.has_loop(line.function, len(line.operands)):
                    return None
            self._lay_out(primitive, nodes, active, scripted)
        if self.size >= _MOST:
            return None
        singles, _ = _in_order(self.rows, 5)
        links, order = _in_order(self.links, 4)
        values = np.zeros(self.size)
        values[list(self.graph.constants)] = list(self.graph.constants.values())
        values[list(self.numbers.values())] = list(self.numbers)
        inputs, outputs = np.array(self.graph.inputs, int), np.array(self.graph.outputs)
        kept, cleared = np.arange(len(self.graph)), outputs
        if shared:
            ones = np.concatenate([np.zeros(0, bool), *self.ones])[order]
            links, kept = self._share(links, ones, kept)
            links, cleared = _first(links, kept[inputs], outputs)
        places = inputs, kept[inputs], outputs, cleared, np.concatenate(self.telling)
        nodes = len(self.graph)
        return kernel.recorded(
            Recording(self.functions, values, nodes, places, singles=singles, links=links)
        )

    def _lay_out(
        self, primitive: Primitive, nodes: Ints, active: list[int], scripted: Script
    ) -> None:
        places: dict[Ref, Any] = {k: self.operands[k][nodes] for k in range(primitive.arity)}
        places[OUT] = nodes
        if not primitive.carries_nan:
            self.telling += [places[k] for k in range(primitive.arity)]
        lines = (*scripted.value, *scripted.partials)
        for k, line in enumerate(lines):
            if line.target not in places:
                places[line.target] = self._new(len(nodes) if line.target in scripted.slopes else 1)
            operation, function = kernel.code(line.function, len(line.operands), self.functions)
            a, b, c = (*(self._at(ref, places) for ref in line.operands), 0, 0)[:3]
            more = c if line.function is kernel.where else function
            what = operation + kernel.SLOPE * (k >= len(scripted.value)) + (more << 8)
            row = [nodes * _LONGEST + k, what, a, b, places[line.target]]
            self.rows.append(np.stack(np.broadcast_arrays(*row), axis=1))
        for k, ref in zip(active, scripted.slopes, strict=True):
            row = [k - nodes * _LONGEST, nodes, places[k], self._at(ref, places)]
            self.links.append(np.stack(np.broadcast_arrays(*row), axis=1))
            self.ones.append(np.full(len(nodes), type(ref) is float and ref == 1.0))

    def _at(self, ref: Ref, places: dict[Ref, Any]) -> Any:
        if type(ref) is int:
            return places[ref]
        if ref not in self.numbers:
            self.numbers[ref] = int(self._new(1)[0])
        return self.numbers[ref]

    def _new(self, count: int) -> Ints:
        self.size += count
        return np.arange(self.size - count, self.size)

    def _share(self, links: Any, ones: Any, kept: Ints) -> tuple[Any, Ints]:
        """Without the links from sums to what nothing else uses: its cotangent is the sum's."""
        used = [column[self.inner] for column in self.operands]
        every = np.concatenate([*used, self.graph.outputs])
        uses = np.bincount(every[every >= 0], minlength=len(kept))
        alone = ones & (uses[links[:, 1]] == 1)
        kept[links[alone, 1]] = links[alone, 0]
        while not np.array_equal(kept, kept[kept]):
            kept = kept[kept]
        links = links[~alone]
        links[:, :2] = kept[links[:, :2]]
        return links, kept


def _in_order(rows: list[Any], width: int) -> tuple[Any, Ints]:
    """Sorted by their first numbers, which are left out; and the order."""
    whole = np.concatenate([np.zeros((0, width), np.int64), *rows])
    order = np.argsort(whole[:, 0], kind="stable")
    return whole[order, 1:], order


def _first(links: Any, inputs: Ints, outputs: Ints) -> tuple[Any, Ints]:
    """The links, those marked that lead to where nothing was; and what is to be cleared because it
    is read or added to before that."""
    targets, first = np.unique(links[:, 1], return_index=True)
    new = first[~np.isin(targets, outputs)]
    cleared = np.union1d(outputs, np.setdiff1d(np.union1d(links[:, 0], inputs), targets))
    links = links.astype(np.intc)
    links[new, 1] = ~links[new, 1]
    return links, cleared
