"""One point in C: the values of all nodes are recorded, and sweeps run over them.

What a node and its slopes come to is written once for each kind of group (a *script*), and laid out
for all its nodes at once; so a graph is ready in about the time of its schedule. Sweeps then follow
the way back of ``reverse``, or add up tangent times slope along the edges: what is added is added
in the order of numpy's sweeps, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np

from gradcalc.calculus.rules import of_partials, rule
from gradcalc.engine import kernel
from gradcalc.engine.grouped import Grouped
from gradcalc.engine.kernel import Recording
from gradcalc.engine.reverse import Flow
from gradcalc.engine.schedule import Access, Floats, Group, Ints, access
from gradcalc.functions.primitives import WHERE
from gradcalc.functions.row import Primitive
from gradcalc.functions.sines import LONG
from gradcalc.graph.graph import Graph

OUT = 3
"""In a script, 0, 1 and 2 are the operands and 3 the value; from 4 on come the steps' results."""

Ref = int | float
"""A number of that kind, or (float) a constant."""


class Line(NamedTuple):
    """``target`` is what ``function`` makes of the operands."""

    function: Callable[..., Any]
    operands: tuple[Ref, ...]
    target: int


class Script(NamedTuple):
    """How the value of a node comes about, then the slopes that are wanted."""

    value: tuple[Line, ...]
    partials: tuple[Line, ...]
    slopes: tuple[Ref, ...]


@cache
def script(primitive: Primitive, active: tuple[int, ...], long: bool = False) -> Script:
    """Of a primitive, with slopes for the ``active`` operands; ``long``: for thousands of them."""
    lines: list[Line] = []
    _write(lines, primitive, tuple(range(primitive.arity)), OUT, long)
    value, lines = tuple(lines), []
    made = of_partials(rule(primitive), active)
    refs: dict[int, Ref] = {node: place for place, node in made.inputs}
    refs |= {node: float(number) for node, number in made.constants}
    room = OUT + 1
    for node, inner, operands in made.steps:
        refs[node] = room = _write(lines, inner, tuple(refs[k] for k in operands), room, long)
        room += 1
    slopes = tuple(refs[node] for node in made.outputs if node is not None)
    return Script(value, tuple(lines), slopes)


def _write(
    lines: list[Line], primitive: Primitive, operands: tuple[Ref, ...], room: int, long: bool
) -> int:
    """The lines of one function, behind what is there; where its value is: at ``OUT``, or from
    ``room`` on."""
    function: Callable[..., Any] = primitive.numpy_long if long else primitive.numpy
    if primitive is WHERE:
        function = kernel.where
    steps = kernel.written_out(function, primitive.arity)
    if steps is None:
        lines.append(Line(function, operands, room))
        return room
    refs = list(operands)
    first = room if room > OUT else OUT + 1 + len(lines)
    for number, step in enumerate(steps):
        target = OUT if room == OUT and step is steps[-1] else first + number
        inner = tuple(refs[k] if type(k) is int else k for k in step.operands)
        lines.append(Line(step.function, inner, target))
        refs.append(target)
    return lines[-1].target


class Recorded:
    """A graph, ready to run at a point. ``down`` and ``up`` make tapes for the sweeps from the
    outputs and from the inputs; None where a function of Python is among the graph's."""

    def __init__(self, graph: Graph, down: Callable[[], Any], up: Callable[[], Any]) -> None:
        self._outputs, self._inputs = len(graph.outputs), len(graph.inputs)
        self._by_rows = self._outputs <= self._inputs
        self._seeds = np.eye(min(self._outputs, self._inputs))
        self._none = np.empty(0)
        self.tape, self._make_up = down(), up

    @cached_property
    def _up(self) -> Any:
        return self._make_up()

    def value(self, x: Floats) -> Floats | None:
        """f(x), shape (m,)."""
        return self._run(self.tape, x, self._none, 0, np.empty(self._outputs))

    def jacobian(self, x: Floats) -> Floats | None:
        """Shape (m, n)."""
        m, n = self._outputs, self._inputs
        if self._by_rows:
            return self._run(self.tape, x, self._seeds, m, np.empty((m, n)))
        columns = self._run(self._up, x, self._seeds, n, np.empty((n, m)), False)
        return None if columns is None else np.ascontiguousarray(columns.T)

    def gradient(self, x: Floats) -> Floats | None:
        """Of the one output, shape (n,)."""
        return self.vjp(x, self._seeds)

    def vjp(self, x: Floats, v: Floats) -> Floats | None:
        return self._run(self.tape, x, v, 1, np.empty(self._inputs))

    def jvp(self, x: Floats, u: Floats) -> Floats | None:
        return self._run(self._up, x, u, 1, np.empty(self._outputs), False)

    def _run(
        self, tape: Any, x: Floats, seeds: Floats, count: int, found: Floats, backwards: bool = True
    ) -> Floats | None:
        """``found``, filled; None where something is not finite: only careful sweeps can tell a
        structural zero from a NaN."""
        doubt = kernel.native.sweep(tape, np.ascontiguousarray(x), seeds, count, found, backwards)
        return None if doubt else found


def by_groups(grouped: Grouped) -> Any:
    """A tape for both ways, whose runs are the groups of the schedule."""
    return _Layout(grouped).tape()


class _Layout:
    """The places: those of the schedule, then constants, slopes, and room for a group's steps.

    A *reference* says where the operands of a run lie: the first place, the stride, and -1; or,
    where they are not evenly spaced, where their places begin among the ``indices``.
    """

    def __init__(self, grouped: Grouped) -> None:
        self.way_back = grouped.way_back
        self.schedule = grouped.schedule
        self.size = self.schedule.size
        self.numbers: dict[float, int] = {}
        self.functions: list[Any] = [(np.add, True, 2)]  # what sums are made by
        self.scripts = [
            script(group.primitive, group.active, group.size >= LONG)
            for group in self.schedule.groups
        ]
        self.slopes: list[list[tuple[Ref, tuple[int, int, int]]]] = []
        self.values: list[tuple[int, ...]] = []
        self.partials: list[tuple[int, ...]] = []
        self.edges: list[tuple[int, ...]] = []
        self.indices: list[Ints] = []
        self.indexed = 0

    def tape(self) -> Any:
        slopes = room = 0
        for group, scripted in zip(self.schedule.groups, self.scripts, strict=True):
            for line in (*scripted.value, *scripted.partials):
                if not kernel.has_loop(line.function, len(line.operands)):
                    return None
                room = max(room, (line.target - OUT) * group.size)
                for ref in line.operands:
                    self._constant(ref)
            for ref in scripted.slopes:
                self._constant(ref)
                slopes += group.size * (type(ref) is int and ref > OUT)
        self.slopes_from, self.room = self.size, self.size + slopes
        for group, scripted in zip(self.schedule.groups, self.scripts, strict=True):
            self._lay_out(group, scripted)
        ways = [
            self._way(step.group, step.cotangents, flow)
            for step in self.way_back.steps
            for flow in step.flows
        ]
        schedule = self.schedule
        values = np.zeros(self.room + room)
        values[schedule.n_inputs : schedule.n_inputs + len(schedule.constants)] = schedule.constants
        values[list(self.numbers.values())] = list(self.numbers)
        inputs = np.arange(schedule.n_inputs)
        kept = np.arange(schedule.size)[self.way_back.inputs]
        return kernel.recorded(
            Recording(
                self.functions,
                values,
                schedule.size,
                (inputs, kept, schedule.outputs, self.way_back.cleared, schedule.telling),
                self.values,
                self.partials,
                self.edges,
                ways,
                indices=np.concatenate(self.indices or [np.zeros(0, np.intc)]),
            )
        )

    def _way(self, group: int, cotangents: Access, flow: Flow) -> tuple[int, ...]:
        slope, place = self.slopes[group][flow.slope]
        target, count = flow.target, self.schedule.groups[group].size
        how, parts = kernel.EACH, (-1, -1, 0)
        to = self._reference(target.where)
        if target.targets is not None:
            order = -1 if target.order is None else self._listed(target.order)
            how, parts = kernel.PARTS, (order, self._listed(target.firsts), len(target.targets))
            to = self._reference(access(target.targets).where)
        elif isinstance(target.where, int):
            how = kernel.TO_ONE
        how += kernel.PUT * flow.first + kernel.UNIT * (slope == 1.0 and type(slope) is float)
        return how, count, *self._reference(cotangents.where), *to, *place, *parts

    def _constant(self, ref: Ref) -> None:
        if type(ref) is float and ref not in self.numbers:
            self.numbers[ref] = self.size
            self.size += 1

    def _lay_out(self, group: Group, scripted: Script) -> None:
        size, first = group.size, group.results.start
        places: dict[Ref, tuple[int, int, int]] = {OUT: (first, 1, -1)}
        for k, operand in enumerate(group.operands):
            places[k] = self._reference(operand.where)
        for line in scripted.value:
            self._line(line, places, self.values, size)
        for ref in scripted.slopes:
            if type(ref) is int and ref > OUT and ref not in places:
                places[ref] = (self.slopes_from, 1, -1)
                self.slopes_from += size
        for line in scripted.partials:
            self._line(line, places, self.partials, size)
        found = [(ref, self._place(ref, places, size)) for ref in scripted.slopes]
        self.slopes.append(found)
        self.edges += [
            (size, first, *places[k], *place)
            for k, (_, place) in zip(group.active, found, strict=True)
        ]

    def _line(self, line: Line, places: Any, code: list[tuple[int, ...]], size: int) -> None:
        operation, function = kernel.code(line.function, len(line.operands), self.functions)
        refs = [self._place(ref, places, size) for ref in line.operands]
        refs += [(0, 0, -1)] * (3 - len(refs))
        target = self._place(line.target, places, size)[0]
        code.append((operation, function, size, target, *refs[0], *refs[1], *refs[2]))

    def _place(self, ref: Ref, places: Any, size: int) -> tuple[int, int, int]:
        if type(ref) is float:
            return self.numbers[ref], 0, -1
        found: tuple[int, int, int] = places.get(ref) or (
            self.room + (int(ref) - OUT - 1) * size,
            1,
            -1,
        )
        return found

    def _reference(self, where: slice | int | Ints) -> tuple[int, int, int]:
        if isinstance(where, slice):
            return where.start, where.step or 1, -1
        if isinstance(where, int):
            return where, 0, -1
        return int(where[0]), 0, self._listed(where)

    def _listed(self, numbers: Ints) -> int:
        """Where they begin among the indices."""
        self.indices.append(numbers.astype(np.intc))
        self.indexed += len(numbers)
        return self.indexed - len(numbers)
