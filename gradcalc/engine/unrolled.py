"""A deep graph node by node: its places are the nodes, then slopes and numbers.

On most levels of a deep graph there is a node or two, and runs have no length. All nodes of one
primitive have one script, which is laid out for all of them at once; then the steps are put in the
order of the nodes, and the links, along which cotangents flow, in that order backwards. ``narrow``
follows them in Python; in C a step is sixteen bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.engine import kernel
from gradcalc.engine.kernel import Recording
from gradcalc.engine.recorded import OUT, Ref, Script, Writing, script, shortly
from gradcalc.engine.schedule import Ints, needed, of_kind
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph

_MOST = 1 << 23
"""Places, so that in C a third operand's fits beside its operation."""

_LONGEST = 64
"""Lines of a script, at most, and more than a primitive has operands."""


class Unrolled:
    """``steps`` are rows of a function (a number of ``functions``, which have their arity beside
    them), whether it makes a slope, three operands and the target; ``links`` are rows of where a
    cotangent is from, where it flows to, the slope, and whether that is 1. ``values`` are the
    numbers at all places, constants filled in; if any value is a NaN, one of those ``telling`` is.

    ``by`` as for ``script``.
    """

    def __init__(self, graph: Graph, by: Writing) -> None:
        self.graph = graph
        _, self._inner, kinds, self._operands = needed(graph)
        self.functions: dict[tuple[Any, int], int] = {}
        self._size = len(graph)
        self._numbers: dict[float, int] = {}
        self._rows: list[Any] = []  # a step, and before it a number to sort by
        self._links: list[Any] = []  # the same
        self._telling = [np.array(graph.outputs)]
        for kind in np.unique(kinds).tolist():
            primitive, active = of_kind(kind)
            scripted = script(primitive, active, by)
            self._lay_out(primitive, self._inner[kinds == kind], active, scripted)
        self.steps, self.links = _in_order(self._rows, 7), _in_order(self._links, 5)
        self.telling = np.concatenate(self._telling)
        self.values = np.zeros(self._size)
        self.values[list(graph.constants)] = list(graph.constants.values())
        self.values[list(self._numbers.values())] = list(self._numbers)

    def shared(self) -> tuple[Any, Ints]:
        """The links without those from sums to what nothing else uses, whose cotangent is the
        sum's; and where that of each node is kept."""
        used = [column[self._inner] for column in self._operands]
        every = np.concatenate([*used, self.graph.outputs])
        kept = np.arange(len(self.graph))
        uses = np.bincount(every[every >= 0], minlength=len(kept))
        alone = (self.links[:, 3] == 1) & (uses[self.links[:, 1]] == 1)
        kept[self.links[alone, 1]] = self.links[alone, 0]
        while not np.array_equal(kept, kept[kept]):
            kept = kept[kept]
        links = self.links[~alone, :3]
        links[:, :2] = kept[links[:, :2]]
        return links, kept

    def _lay_out(
        self, primitive: Primitive, nodes: Ints, active: tuple[int, ...], scripted: Script
    ) -> None:
        places: dict[Ref, Any] = {k: self._operands[k][nodes] for k in range(primitive.arity)}
        places[OUT] = nodes
        if not primitive.carries_nan:
            self._telling += [places[k] for k in range(primitive.arity)]
        for k, line in enumerate((*scripted.value, *scripted.partials)):
            if line.target not in places:
                places[line.target] = self._new(len(nodes) if line.target in scripted.slopes else 1)
            entry = line.function, len(line.operands)
            number = self.functions.setdefault(entry, len(self.functions))
            operands = (*(self._at(ref, places) for ref in line.operands), 0, 0)[:3]
            is_slope = k >= len(scripted.value)
            row = [nodes * _LONGEST + k, number, is_slope, *operands, places[line.target]]
            self._rows.append(np.stack(np.broadcast_arrays(*row), axis=1))
        for k, ref in zip(active, scripted.slopes, strict=True):
            is_one = type(ref) is float and ref == 1.0
            row = [k - nodes * _LONGEST, nodes, places[k], self._at(ref, places), is_one]
            self._links.append(np.stack(np.broadcast_arrays(*row), axis=1))

    def _at(self, ref: Ref, places: dict[Ref, Any]) -> Any:
        if type(ref) is int:
            return places[ref]
        if ref not in self._numbers:
            self._numbers[ref] = int(self._new(1)[0])
        return self._numbers[ref]

    def _new(self, count: int) -> Ints:
        self._size += count
        return np.arange(self._size - count, self._size)


def by_nodes(graph: Graph, shared: bool) -> Any:
    """A tape for the way down, on which cotangents may be ``shared`` (``reverse``), or up; None
    where a function of Python is among the graph's."""
    code = Unrolled(graph, shortly)
    if len(code.values) >= _MOST or not all(kernel.has_loop(*entry) for entry in code.functions):
        return None
    functions: list[Any] = [(np.add, True, 2)]
    codes = np.array([kernel.code(*entry, functions) for entry in code.functions]).reshape(-1, 2)
    function, slopes, a, b, c, target = code.steps.T
    operations, numbers = codes[function].T
    more = np.where(operations == kernel.WHERE, c, numbers)
    singles = np.stack([operations + kernel.SLOPE * slopes + (more << 8), a, b, target], axis=1)
    inputs, outputs = np.array(graph.inputs, int), np.array(graph.outputs)
    links, kept, cleared = code.links[:, :3], np.arange(len(graph)), outputs
    if shared:
        links, kept = code.shared()
        links, cleared = _first(links, kept[inputs], outputs)
    places = inputs, kept[inputs], outputs, cleared, code.telling
    return kernel.recorded(
        Recording(functions, code.values, len(graph), places, singles=singles, links=links)
    )


def _in_order(rows: list[Any], width: int) -> Any:
    """Sorted by their first numbers, which are left out."""
    whole = np.concatenate([np.zeros((0, width), np.int64), *rows])
    return whole[np.argsort(whole[:, 0], kind="stable"), 1:]


def _first(links: Any, inputs: Ints, outputs: Ints) -> tuple[Any, Ints]:
    """The links, those marked that lead to where nothing was; and what is to be cleared because it
    is read or added to before that."""
    targets, first = np.unique(links[:, 1], return_index=True)
    new = first[~np.isin(targets, outputs)]
    cleared = np.union1d(outputs, np.setdiff1d(np.union1d(links[:, 0], inputs), targets))
    links = links.astype(np.intc)
    links[new, 1] = ~links[new, 1]
    return links, cleared
