"""Graph → schedule: which nodes one numpy call can do together, and where their values live.

Nodes of one level (longest path from the leaves) do not depend on each other; those among them with
the same primitive form a **group**. All values of a run live in one buffer, in the order

    inputs | constants | group 0 | group 1 | …

so that the results of a group are one contiguous slice. The operands of a group are described by an
``Access``: a plain slice where they happen to lie evenly spaced, else a gather by index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from gradcalc.functions.primitives import TABLE, VARIABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import below

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Access:
    """Where in the buffer the k-th operands of a group are, and how to add to those places.

    ``where`` indexes the buffer: a slice when the places are evenly spaced, an int when they are
    all the same one, else an index array. When an index array has repeats, ``order`` sorts it and
    ``firsts`` and ``targets`` give the runs of equal places, so that contributions can be added up
    per place before they are stored.
    """

    where: slice | int | Ints
    order: Ints | None = None
    firsts: Any = None
    targets: Ints | None = None

    def places(self, count: int) -> Ints:
        """The places of all ``count`` operands, written out."""
        where: Any = self.where
        if isinstance(where, int):
            return np.full(count, where)
        if isinstance(where, slice):
            step = where.step or 1
            return np.arange(where.start, where.start + step * count, step)
        return np.asarray(where, dtype=np.int64)

    def read(self, buffer: Any) -> Any:
        """The operands: a view for evenly spaced places, a copy for gathered ones."""
        return buffer[self.where]

    def add(self, buffer: Any, contribution: Any, first: bool = False) -> None:
        """Add ``contribution[i]`` to the place of operand i; places may repeat. If it is the
        ``first``, what was there does not count."""
        if type(self.where) is slice and not first:  # nearly always: a view, which is added to
            view = buffer[self.where]
            view += contribution
            return
        where: Any = self.where
        if self.targets is not None:
            where = self.targets
            if self.order is not None:
                contribution = contribution[self.order]
            contribution = np.add.reduceat(contribution, self.firsts, axis=0)
        elif isinstance(where, int):
            contribution = contribution.sum(axis=0)
        buffer[where] = contribution if first else buffer[where] + contribution


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes of one level and primitive: ``results`` is their slice of the buffer.

    ``active`` lists the operands that a cotangent flows back to: those that depend on an input and
    that the primitive has a slope for.
    """

    primitive: Primitive
    results: slice
    operands: tuple[Access, ...]
    active: tuple[int, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """The groups in order, and the layout of the buffer.

    ``place[node]`` is where a node of the graph lives in the buffer (-1: not needed for the
    outputs); ``constants`` fill the buffer from ``n_inputs`` on; ``outputs`` are places. If any
    value is a NaN, then one of those at the places ``telling`` is.
    """

    n_inputs: int
    constants: Floats
    groups: tuple[Group, ...]
    outputs: Ints
    telling: Ints
    size: int
    place: Ints = field(repr=False)


class Needed(NamedTuple):
    """What the outputs need: constants, and the ``nodes`` that are to be computed, in order. Those
    of one kind are of one primitive and have constants, which need no partials, among the same
    operands."""

    constants: Ints
    nodes: Ints
    kinds: Ints
    operands: list[Any]


def needed(graph: Graph) -> Needed:
    """Behind a constant nothing is needed."""
    codes = np.frombuffer(graph.codes, dtype=np.intc).astype(np.int64)
    operands = [np.frombuffer(column, dtype=np.intc) for column in graph.operands]
    fixed = np.zeros(len(codes), dtype=bool)
    fixed[list(graph.constants)] = True
    marks = np.zeros(len(codes) + 1, dtype=bool)  # the last one takes the -1s
    for column in operands:
        marks[column[~fixed]] = True
    marks = marks[:-1]
    marks[graph.outputs] = True
    computed = ~fixed & (codes != VARIABLE.code)
    if (computed & ~marks).any():
        # Something is carried along that nobody uses: the exact answer, node by node.
        exact = below(graph, graph.outputs, closed=graph.constants)
        marks = np.frombuffer(exact, dtype=np.uint8).astype(bool)
    nodes = np.flatnonzero(marks & computed)
    pattern = np.zeros(len(nodes), np.int64)
    for k, column in enumerate(operands):
        at = column[nodes]
        pattern += np.where(at >= 0, fixed[at], False).astype(np.int64) << k
    return Needed(np.flatnonzero(marks & fixed), nodes, codes[nodes] * 8 + pattern, operands)


def of_kind(kind: int) -> tuple[Primitive, tuple[int, ...]]:
    """The primitive, and the operands that a cotangent flows back to."""
    primitive = TABLE[kind // 8]
    active = [k for k, flow in enumerate(primitive.flows) if flow and not kind >> k & 1]
    return primitive, tuple(active)


def schedule(graph: Graph) -> Schedule:
    """Sort the nodes that the outputs need into groups."""
    constants, nodes, kinds, operands = needed(graph)
    levels = np.frombuffer(graph.levels, dtype=np.intc).astype(np.int64)
    inputs = np.array(graph.inputs, dtype=np.int64)
    key = levels[nodes] * (8 * len(TABLE)) + kinds
    order = np.argsort(key, kind="stable")
    nodes, key = nodes[order], key[order]

    place = np.full(len(graph), -1, dtype=np.int64)
    layout = np.concatenate([inputs, constants, nodes])
    place[layout] = np.arange(len(layout))
    first = len(inputs) + len(constants)
    columns = [place[column[nodes]] for column in operands]
    bounds = np.flatnonzero(np.diff(key, prepend=-1, append=-1)) if len(key) else np.zeros(1, int)
    runs = zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    groups = tuple([_group(int(key[run[0]]), first, run, columns) for run in runs])
    ends = place[np.array(graph.outputs, dtype=np.int64)]
    return Schedule(
        n_inputs=len(inputs),
        constants=np.array([graph.constants[node] for node in constants.tolist()]),
        groups=groups,
        outputs=ends,
        telling=_telling(groups, ends),
        size=len(layout),
        place=place,
    )


def _telling(groups: Sequence[Group], outputs: Ints) -> Ints:
    """The outputs, and what goes into a primitive where a NaN may get lost."""
    swallowed = [operand.places(group.size) for group in groups
                 if not group.primitive.carries_nan for operand in group.operands]  # fmt: skip
    return np.concatenate([outputs, *swallowed])


def _group(key: int, first: int, run: tuple[int, int], columns: list[Ints]) -> Group:
    """The nodes from one number to another in order, the first of them at place ``first``."""
    primitive, active = of_kind(key % (8 * len(TABLE)))
    start, stop = run
    operands = tuple([access(column[start:stop]) for column in columns[: primitive.arity]])
    return Group(primitive, slice(first + start, first + stop), operands, active, stop - start)


def access(places: Ints) -> Access:
    """The cheapest description of these places."""
    first = int(places[0])
    if len(places) == 1:
        return Access(slice(first, first + 1))
    steps = np.diff(places)
    step = int(steps[0])
    if (steps == step).all():
        if step == 0:
            return Access(first)
        stop = first + step * len(places)
        return Access(slice(first, stop if stop >= 0 else None, step))
    if (steps > 0).all():
        return Access(places)
    order = None if (steps >= 0).all() else np.argsort(places, kind="stable")
    ordered = places if order is None else places[order]
    firsts = np.flatnonzero(np.diff(ordered, prepend=-1))
    if len(firsts) == len(places):
        return Access(places)
    return Access(places, order, firsts, ordered[firsts])


def operands_of(group: Group, buffer: Any) -> list[Any]:
    """The operands of a group, read from ``buffer``."""
    return [buffer[access.where] for access in group.operands]
