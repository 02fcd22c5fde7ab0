"""One point in C: the values of all nodes are recorded, and sweeps run over them.

What a node and its slopes come to is written once for each kind of group (a *script*), and laid out
for all its nodes at once; so a graph is ready in about the time of its schedule. Sweeps then follow
the way back of ``reverse``, or add up tangent times slope along the edges: what is added is added
in the order of numpy's sweeps, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from gradcalc.calculus.rules import evaluate, rule
from gradcalc.engine import kernel
from gradcalc.engine.grouped import Grouped
from gradcalc.engine.kernel import Recording, Written
from gradcalc.engine.reverse import Flow
from gradcalc.engine.schedule import Access, Group, Ints, access
from gradcalc.engine.unwatched import unread
from gradcalc.functions.primitives import WHERE
from gradcalc.functions.row import Primitive
from gradcalc.functions.sines import LONG

OUT = 3
"""In a script, 0, 1 and 2 are the operands and 3 the value; from 4 on come the steps' results."""

Ref = int | float
"""A number of that kind, or (float) a constant."""


class Line(NamedTuple):
    """``target`` is what ``function`` makes of the operands."""

    function: Any
    operands: tuple[Ref, ...]
    target: int


class Script(NamedTuple):
    """How the value of a node comes about, then the slopes that are wanted."""

    value: tuple[Line, ...]
    partials: tuple[Line, ...]
    slopes: tuple[Ref, ...]


Writing = Callable[[Primitive], tuple[Written, ...]]
"""In which steps a primitive is computed."""


def shortly(primitive: Primitive) -> tuple[Written, ...]:
    """For a few numbers."""
    function = kernel.where if primitive is WHERE else primitive.numpy
    return kernel.written_out(function, primitive.arity)


def at_length(primitive: Primitive) -> tuple[Written, ...]:
    """For thousands of them."""
    function = kernel.where if primitive is WHERE else primitive.numpy_long
    return kernel.written_out(function, primitive.arity)


@cache
def script(primitive: Primitive, active: tuple[int, ...], by: Writing) -> Script:
    """Of a primitive, with slopes for the ``active`` operands."""
    value: list[Line] = []
    _write(value, by(primitive), range(primitive.arity), OUT)
    partials: list[Line] = []
    slopes = evaluate(
        rule(primitive),
        range(primitive.arity),
        OUT,
        active,
        lambda inner, *operands: _write(partials, by(inner), operands),
    )
    return Script(tuple(value), tuple(partials), tuple(slopes[k] for k in active))


def _write(
    lines: list[Line], steps: Sequence[Written], operands: Sequence[Ref], out: int | None = None
) -> Ref:
    """The lines of one function, behind what is there; where its value is: at ``out``, if that is
    said, or in a place of its own as what comes before it."""
    refs = list(operands)
    for step in steps:
        target = OUT + 1 + len(lines) if out is None or step is not steps[-1] else out
        inner = tuple(refs[k] if type(k) is int else k for k in step.operands)
        lines.append(Line(step.function, inner, target))
        refs.append(target)
    return refs[-1]


def by_groups(grouped: Grouped) -> Any:
    """A tape for both ways, whose runs are the groups of the schedule."""
    return _Layout(grouped).tape()


def _reads(scripted: Script) -> set[int]:
    """What the slopes are made of."""
    operands = (ref for line in scripted.partials for ref in line.operands)
    return {ref for ref in (*scripted.slopes, *operands) if type(ref) is int}


class _Layout:
    """The places: those of the schedule, then room for a group's steps, slopes, and constants.

    A *reference* says where the operands of a run lie: the first place, the stride, and -1; or,
    where they are not evenly spaced, where their places begin among the ``indices``.
    """

    def __init__(self, grouped: Grouped) -> None:
        self.way_back = grouped.way_back
        self.schedule = grouped.schedule
        self.size = self.room = self.schedule.size
        self.numbers: dict[float, int] = {}
        self.constants: list[tuple[int, Any]] = [(self.schedule.n_inputs, self.schedule.constants)]
        self.functions: list[Any] = [(np.add, True, 2)]  # what sums are made by
        self.scripts = [
            script(group.primitive, group.active, at_length if group.size >= LONG else shortly)
            for group in self.schedule.groups
        ]
        self.slopes: list[list[tuple[Ref, tuple[int, int, int]]]] = []
        self.values: list[tuple[int, tuple[int, ...]]] = []  # with the number of the group
        self.partials: list[tuple[int, ...]] = []
        self.edges: list[tuple[int, ...]] = []
        self.indices: list[Ints] = []
        self.indexed = 0

    def tape(self) -> Any:
        for group, scripted in zip(self.schedule.groups, self.scripts, strict=True):
            for line in (*scripted.value, *scripted.partials):
                if not kernel.has_loop(line.function, len(line.operands)):
                    return None
                self.size = max(self.size, self.room + (line.target - OUT) * group.size)
        for group, scripted in zip(self.schedule.groups, self.scripts, strict=True):
            self._lay_out(group, scripted)
        ways = [
            self._way(step.group, step.cotangents, flow)
            for step in self.way_back.steps
            for flow in step.flows
        ]
        schedule, left = self.schedule, unread(self.schedule, [_reads(s) for s in self.scripts])
        needed = [code for k, code in self.values if k not in left.groups]
        others = [code for k, code in self.values if k in left.groups]
        guards = [(0, s.stop - s.start, s.start, 1, -1) for s in left.guarded]
        guards += [(1, size, *self._reference(x.where)) for x, size in left.positive]
        values = np.zeros(self.size)
        for place, numbers in self.constants:
            values[place : place + len(numbers)] = numbers
        inputs = np.arange(schedule.n_inputs)
        kept = np.arange(schedule.size)[self.way_back.inputs]
        return kernel.recorded(
            Recording(
                self.functions,
                values,
                schedule.size,
                (inputs, kept, schedule.outputs, self.way_back.cleared, left.telling),
                needed + others,
                len(needed),
                self.partials,
                self.edges,
                ways,
                guards=guards,
                limit=left.limit,
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

    def _lay_out(self, group: Group, scripted: Script) -> None:
        size, first = group.size, group.results.start
        places: dict[Ref, tuple[int, int, int]] = {OUT: (first, 1, -1)}
        for k, operand in enumerate(group.operands):
            places[k] = self._reference(operand.where)
        kept = set(scripted.slopes)
        for line in scripted.value:
            self.values.append((len(self.slopes), self._line(line, places, size, set())))
        self.partials += [self._line(line, places, size, kept) for line in scripted.partials]
        found = [(ref, self._place(ref, places)) for ref in scripted.slopes]
        self.slopes.append(found)
        self.edges += [
            (size, first, *places[k], *place)
            for k, (_, place) in zip(group.active, found, strict=True)
        ]

    def _line(self, line: Line, places: Any, size: int, kept: Collection[Ref]) -> tuple[int, ...]:
        operation, function = kernel.code(line.function, len(line.operands), self.functions)
        refs = [self._place(ref, places) for ref in line.operands]
        if line.target != OUT:
            # Of numbers that are one for the whole group numpy makes one, and raises to its power
            # otherwise than to those of an array.
            one = all(stride == 0 and start < 0 for _, stride, start in refs)
            room = self.room + (line.target - OUT - 1) * size
            size = 1 if one else size
            first = self._new(size) if line.target in kept else room
            places[line.target] = first, 0 if one else 1, -1
        refs += [(0, 0, -1)] * (3 - len(refs))
        return operation, function, size, places[line.target][0], *refs[0], *refs[1], *refs[2]

    def _place(self, ref: Ref, places: Any) -> tuple[int, int, int]:
        if type(ref) is not float:
            found: tuple[int, int, int] = places[ref]
            return found
        if ref not in self.numbers:
            self.numbers[ref] = self._new(1)
            self.constants.append((self.numbers[ref], [ref]))
        return self.numbers[ref], 0, -1

    def _new(self, count: int) -> int:
        """The first of so many places more."""
        self.size += count
        return self.size - count

    def _reference(self, where: slice | int | Ints) -> tuple[int, int, int]:
        if isinstance(where, slice):
            return where.start, where.step or 1, -1
        if isinstance(where, int):
            return where, 0, -1
        constants = where - self.schedule.n_inputs
        if constants.min() >= 0 and constants.max() < len(self.schedule.constants):
            numbers = self.schedule.constants[constants]  # side by side they need not be gathered
            self.constants.append((self._new(len(numbers)), numbers))
            return self.constants[-1][0], 1, -1
        return int(where[0]), 0, self._listed(where)

    def _listed(self, numbers: Ints) -> int:
        """Where they begin among the indices."""
        self.indices.append(numbers.astype(np.intc))
        self.indexed += len(numbers)
        return self.indexed - len(numbers)
