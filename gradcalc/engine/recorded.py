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
from gradcalc.engine.schedule import Floats, Group, Schedule
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
    """The places: those of the schedule, then constants and slopes, then room for the steps."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.size = schedule.size
        self.numbers: dict[float, int] = {}
        self.functions: list[Any] = []
        self.scripts = [script(group.primitive, group.active) for group in schedule.groups]
        self.edges: list[Any] = []
        self.codes: tuple[list[Any], list[Any]] = ([], [])

    def tape(self) -> Any:
        for scripted in self.scripts:
            for line in (*scripted.value, *scripted.partials):
                if not kernel.has_loop(line.function, len(line.operands)):
                    return None
                for ref in line.operands:
                    self._constant(ref)
            for ref in scripted.slopes:
                self._constant(ref)
        slopes = 0
        for group, scripted in zip(self.schedule.groups, self.scripts, strict=True):
            slopes += sum(type(ref) is int and ref > _OUT for ref in scripted.slopes) * group.size
        self.slopes_from, self.room = self.size, self.size + slopes
        for group, scripted in zip(self.schedule.groups, self.scripts, strict=True):
            self._lay_out(group, scripted)
        longest = max((len(scripted.partials) + len(scripted.value) for scripted in self.scripts),
                      default=0)  # fmt: skip
        return kernel.recorded(
            self.schedule,
            tuple(np.concatenate(code or [np.zeros((0, 6), np.intc)]) for code in self.codes),
            np.concatenate(self.edges or [np.zeros((0, 3), np.intc)]),
            self.functions,
            self.numbers,
            self.room + longest + _OUT + 1,
        )

    def _constant(self, ref: Ref) -> None:
        if type(ref) is float and ref not in self.numbers:
            self.numbers[ref] = self.size
            self.size += 1

    def _lay_out(self, group: Group, scripted: Script) -> None:
        results = np.arange(group.results.start, group.results.stop)
        places: dict[Ref, Any] = {_OUT: results}
        for k, access in enumerate(group.operands):
            places[k] = access.places(group.size)
        self._lines(scripted.value, places, self.codes[0], group.size)
        for ref in scripted.slopes:
            if type(ref) is int and ref > _OUT and ref not in places:
                places[ref] = np.arange(self.slopes_from, self.slopes_from + group.size)
                self.slopes_from += group.size
        self._lines(scripted.partials, places, self.codes[1], group.size)
        if group.active:
            edges = np.empty((group.size, len(group.active), 3), np.intc)
            edges[:, :, 0] = results[:, None]
            for column, (k, ref) in enumerate(zip(group.active, scripted.slopes, strict=True)):
                edges[:, column, 1] = places[k]
                edges[:, column, 2] = self._place(ref, places)
            self.edges.append(edges.reshape(-1, 3))

    def _lines(self, lines: Any, places: dict[Ref, Any], code: list[Any], size: int) -> None:
        if not lines:
            return
        steps = np.zeros((size, len(lines), 6), np.intc)
        for number, line in enumerate(lines):
            operation, function = kernel.code(line.function, len(line.operands), self.functions)
            steps[:, number, :2] = operation, function
            for k, ref in enumerate(line.operands):
                steps[:, number, 2 + k] = self._place(ref, places)
            steps[:, number, 5] = self._place(line.target, places)
        code.append(steps.reshape(-1, 6))

    def _place(self, ref: Ref, places: dict[Ref, Any]) -> Any:
        if type(ref) is float:
            return self.numbers[ref]
        return places.get(ref, self.room + int(ref))
