"""One point in C: the values of all nodes are recorded, and sweeps run over them.

What a node and its slopes come to is written once for each kind of group (a *script*), and laid out
for all its nodes at once; so a graph is ready in about the time of its schedule. Sweeps then add up
cotangent times slope along the edges, backwards, or tangent times slope, forwards.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from gradcalc.calculus.rules import of_partials, rule
from gradcalc.engine import kernel
from gradcalc.engine.schedule import Floats, Group, Ints, Schedule
from gradcalc.functions.primitives import WHERE
from gradcalc.functions.row import Primitive

_OUT = 3
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
def script(primitive: Primitive, active: tuple[int, ...]) -> Script:
    """Of a primitive, with slopes for the ``active`` operands."""
    lines: list[Line] = []
    _write(lines, primitive, tuple(range(primitive.arity)), _OUT)
    value, lines = tuple(lines), []
    made = of_partials(rule(primitive), active)
    refs: dict[int, Ref] = {node: place for place, node in made.inputs}
    refs |= {node: float(number) for node, number in made.constants}
    room = _OUT + 1
    for node, inner, operands in made.steps:
        refs[node] = room = _write(lines, inner, tuple(refs[k] for k in operands), room)
        room += 1
    slopes = tuple(refs[node] for node in made.outputs if node is not None)
    return Script(value, tuple(lines), slopes)


def _write(lines: list[Line], primitive: Primitive, operands: tuple[Ref, ...], room: int) -> int:
    """The lines of one function, behind what is there; where its value is: at ``_OUT``, or from
    ``room`` on."""
    function: Callable[..., Any] = kernel.where if primitive is WHERE else primitive.numpy
    steps = kernel.written_out(function, primitive.arity)
    if steps is None:
        lines.append(Line(function, operands, room))
        return room
    refs = list(operands)
    first = room if room > _OUT else _OUT + 1 + len(lines)
    for number, step in enumerate(steps):
        target = _OUT if room == _OUT and step is steps[-1] else first + number
        inner = tuple(refs[k] if type(k) is int else k for k in step.operands)
        lines.append(Line(step.function, inner, target))
        refs.append(target)
    return lines[-1].target


class Recorded:
    """A schedule, ready to run at a point; ``tape`` is None where it takes functions of Python."""

    def __init__(self, schedule: Schedule) -> None:
        self._outputs, self._inputs = len(schedule.outputs), schedule.n_inputs
        self._by_rows = self._outputs <= self._inputs
        self._seeds = np.eye(min(self._outputs, self._inputs))
        self._none = np.empty(0)
        self.tape = _Layout(schedule).tape()

    def value(self, x: Floats) -> Floats | None:
        """f(x), shape (m,)."""
        return self._run(x, self._none, 0, np.empty(self._outputs), True)

    def jacobian(self, x: Floats) -> Floats | None:
        """Shape (m, n)."""
        m, n = self._outputs, self._inputs
        if self._by_rows:
            return self._run(x, self._seeds, len(self._seeds), np.empty((m, n)), True)
        columns = self._run(x, self._seeds, len(self._seeds), np.empty((n, m)), False)
        return None if columns is None else np.ascontiguousarray(columns.T)

    def vjp(self, x: Floats, v: Floats) -> Floats | None:
        return self._run(x, v, 1, np.empty(self._inputs), True)

    def jvp(self, x: Floats, u: Floats) -> Floats | None:
        return self._run(x, u, 1, np.empty(self._outputs), False)

    def _run(
        self, x: Floats, seeds: Floats, count: int, found: Floats, backwards: bool
    ) -> Floats | None:
        """``found``, filled; None where something is not finite: only careful sweeps can tell a
        structural zero from a NaN."""
        x = np.ascontiguousarray(x)
        doubt = kernel.native.sweep(self.tape, x, seeds, count, found, backwards)
        return None if doubt else found


class _Layout:
    """The places: those of the schedule, then constants, slopes, and room for a group's steps.

    A *reference* says where the operands of a run lie: the first place, the stride, and -1; or,
    where they are not evenly spaced, where their places begin among the ``indices``.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.size = schedule.size
        self.numbers: dict[float, int] = {}
        self.functions: list[Any] = []
        self.scripts = [script(group.primitive, group.active) for group in schedule.groups]
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
                room = max(room, (line.target - _OUT) * group.size)
                for ref in line.operands:
                    self._constant(ref)
            for ref in scripted.slopes:
                self._constant(ref)
                slopes += group.size * (type(ref) is int and ref > _OUT)
        self.slopes_from, self.room = self.size, self.size + slopes
        for group, scripted in zip(self.schedule.groups, self.scripts, strict=True):
            self._lay_out(group, scripted)
        return kernel.recorded(
            self.schedule,
            (self.values, self.partials),
            self.edges,
            np.concatenate(self.indices or [np.zeros(0, np.intc)]),
            self.functions,
            self.numbers,
            self.room + room,
        )

    def _constant(self, ref: Ref) -> None:
        if type(ref) is float and ref not in self.numbers:
            self.numbers[ref] = self.size
            self.size += 1

    def _lay_out(self, group: Group, scripted: Script) -> None:
        size, first = group.size, group.results.start
        places: dict[Ref, tuple[int, int, int]] = {_OUT: (first, 1, -1)}
        for k, access in enumerate(group.operands):
            places[k] = self._reference(access.where)
        for line in scripted.value:
            self._line(line, places, self.values, size)
        for ref in scripted.slopes:
            if type(ref) is int and ref > _OUT and ref not in places:
                places[ref] = (self.slopes_from, 1, -1)
                self.slopes_from += size
        for line in scripted.partials:
            self._line(line, places, self.partials, size)
        for k, ref in zip(group.active, scripted.slopes, strict=True):
            self.edges.append((size, first, *places[k], *self._place(ref, places, size)))

    def _line(self, line: Line, places: Any, code: list[tuple[int, ...]], size: int) -> None:
        operation, function = kernel.code(line.function, len(line.operands), self.functions)
        refs = [self._place(ref, places, size) for ref in line.operands]
        refs += [refs[0]] * (3 - len(refs))
        target = self._place(line.target, places, size)[0]
        code.append((operation, function, size, target, *refs[0], *refs[1], *refs[2]))

    def _place(self, ref: Ref, places: Any, size: int) -> tuple[int, int, int]:
        if type(ref) is float:
            return self.numbers[ref], 0, -1
        found: tuple[int, int, int] = places.get(ref) or (
            self.room + (int(ref) - _OUT - 1) * size,
            1,
            -1,
        )
        return found

    def _reference(self, where: slice | int | Ints) -> tuple[int, int, int]:
        if isinstance(where, slice):
            return where.start, where.step or 1, -1
        if isinstance(where, int):
            return where, 0, -1
        self.indices.append(where.astype(np.intc))
        self.indexed += len(where)
        return int(where[0]), 0, self.indexed - len(where)
