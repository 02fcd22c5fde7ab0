"""The machine for many levels with few nodes on each: one node at a time, on Python floats.

There the schedule's numpy calls carry a number or two each and cost a microsecond; a Python float
costs a tenth of that. The steps are those of ``unrolled``; what is not finite, or what Python's
``math`` refuses, is left to the sweeps over groups.
"""

from __future__ import annotations

import math
from functools import cache, cached_property

import numpy as np

from gradcalc.engine import kernel
from gradcalc.engine.grouped import Chunks, Grouped, Sweeps, by_rows
from gradcalc.engine.kernel import Instruction, Written
from gradcalc.engine.schedule import Floats
from gradcalc.engine.unrolled import Unrolled
from gradcalc.functions.primitives import TABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import BulkBuilding, Graph

NARROW = 4
"""Nodes per numpy call below which this module is faster (measured: they meet at about 5)."""


def is_narrow(graph: Graph) -> bool:
    """Whether one node at a time is the faster way: many levels, and little on each."""
    if max(graph.levels, default=0) < 64:
        return False
    levels = np.frombuffer(graph.levels, dtype=np.intc).astype(np.int64)
    calls = np.unique(levels * len(TABLE) + np.frombuffer(graph.codes, dtype=np.intc))
    return len(graph) < NARROW * len(calls)


class Narrow(Grouped):
    """A narrow graph."""

    @cached_property
    def _code(self) -> Unrolled:
        return Unrolled(self.graph, _on_floats)

    @cached_property
    def start(self) -> list[float]:
        """The numbers at all places before anything is computed."""
        start: list[float] = self._code.values.tolist()
        return start

    @cached_property
    def values(self) -> list[Instruction]:
        """What makes the values,"""
        return self._steps(slopes=False)

    @cached_property
    def slopes(self) -> list[Instruction]:
        """and what makes the slopes of them."""
        return self._steps(slopes=True)

    def _steps(self, slopes: bool) -> list[Instruction]:
        functions = list(self._code.functions)
        steps = self._code.steps
        with BulkBuilding():
            return [
                (function, a, b if arity > 1 else -1, c if arity > 2 else -1, target)
                for k, _, a, b, c, target in steps[steps[:, 1] == slopes].tolist()
                for function, arity in [functions[k]]
            ]

    @cached_property
    def links(self) -> tuple[list[tuple[int, int, int]], list[int]]:
        """The links, and where the cotangents of the inputs are in the end."""
        links, kept = self._code.shared()
        with BulkBuilding():
            return list(map(tuple, links.tolist())), kept[self.graph.inputs].tolist()

    def at(self, x: Floats, threads: int | None = None) -> Sweeps | Chunks:
        return Line(self, x) if x.ndim == 1 else super().at(x, threads)


class Line(Sweeps):
    """The sweeps at one point, where they can be made node by node."""

    machine: Narrow

    def __init__(self, machine: Narrow, x: Floats) -> None:
        self.machine = machine
        self.x = x
        numbers = machine.start.copy()
        for node, number in zip(machine.graph.inputs, x.tolist(), strict=True):
            numbers[node] = number
        # At all places; None where Python refused one.
        self._numbers = numbers if _run(machine.values, numbers) else None

    @cached_property
    def at_nodes(self) -> list[float] | None:
        """The numbers at all places, slopes among them; None where only the sweeps over groups can
        tell."""
        if isinstance(self.measured, Line):
            slopes = self.measured.at_nodes
            return None if slopes is None else list(map(abs, slopes))
        line = self._numbers
        if line is None or not math.isfinite(sum(line)) or not _run(self.machine.slopes, line):
            return None
        return line

    @property
    def value(self) -> Floats:
        line = self._numbers
        if line is None:
            return super().value
        return np.array([line[node] for node in self.machine.graph.outputs])

    @property
    def values(self) -> Floats:
        line = self._numbers
        if line is None:
            return super().values
        graph, values = self.machine.graph, np.full(len(self.machine.graph), np.nan)
        for node in (*graph.inputs, *graph.constants, *(step[-1] for step in self.machine.values)):
            values[node] = line[node]
        return values

    def vjp(self, v: Floats) -> Floats:
        rows = self._by_nodes(v[None])
        return super().vjp(v) if rows is None else rows[0]

    def jacobian(self, mode: str) -> Floats:
        m, n = len(self.machine.graph.outputs), len(self.x)
        rows = self._by_nodes(np.eye(m)) if by_rows(mode, m, n) else None
        return super().jacobian(mode) if rows is None else rows

    def _by_nodes(self, seeds: Floats) -> Floats | None:
        """A row vᵀJ for each of the seeds, shape (k, m)."""
        slopes = self.at_nodes
        if slopes is None:
            return None
        (links, inputs), rows = self.machine.links, np.zeros((len(seeds), len(self.x)))
        for row, seed in zip(rows, seeds.tolist(), strict=True):
            cotangents = [0.0] * len(self.machine.graph)
            for node, number in zip(self.machine.graph.outputs, seed, strict=True):
                cotangents[node] += number
            for source, target, slope in links:
                cotangents[target] += cotangents[source] * slopes[slope]
            row += [cotangents[node] for node in inputs]
        return rows if np.isfinite(rows).all() else None


def _run(steps: list[Instruction], numbers: list[float]) -> bool:
    """Follow the steps; False where Python refuses a number that numpy has (an inf or a NaN)."""
    try:
        with np.errstate(all="ignore"):
            for function, a, b, c, target in steps:
                if b < 0:
                    numbers[target] = function(numbers[a])
                elif c < 0:
                    numbers[target] = function(numbers[a], numbers[b])
                else:
                    numbers[target] = function(numbers[a], numbers[b], numbers[c])
    except (ValueError, ArithmeticError):
        return False
    return True


@cache
def _on_floats(primitive: Primitive) -> tuple[Written, ...]:
    """It may raise where numpy has an inf or a NaN."""
    vector, function = primitive.numpy, primitive.scalar
    if primitive.arithmetic:
        function = primitive.mpmath
    elif function is None:
        function = lambda *operands: float(vector(*operands))  # noqa: E731
    return kernel.whole(function, primitive.arity)
