"""The machine for many levels with few nodes on each: one node at a time, on Python floats.

There the schedule's numpy calls carry a number or two each and cost a microsecond; a Python float
costs a tenth of that. The steps are the same as in
``gradcalc.engine.sweeps``; what is not finite, or what Python's ``math`` refuses, is left to the
sweeps there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from gradcalc.calculus.rules import recipe, rule
from gradcalc.engine.grouped import Chunks, Grouped, Sweeps, by_rows
from gradcalc.engine.schedule import Floats
from gradcalc.functions.primitives import TABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import BulkBuilding, Graph
from gradcalc.graph.reach import below

NARROW = 4
"""Nodes per numpy call below which this module is faster (measured: they meet at about 5)."""

Function = Callable[..., Any]
Instruction = tuple[int, Function, int, int, int]
"""A node, its function, and its operands (-1: none)."""

Edge = tuple[int, int, Function | None, int, int, int]
"""A node, an operand that its cotangent flows to, and the slope: ``function`` of the value at the
first place, or that value itself where there is no function; where the second place is not -1, a
function of x, y, z (at the three places) and out."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A graph, an instruction for each node; ``start`` has a place per node, constants filled in,
    and behind them the constant slopes. ``edges`` are in the order of the sweep down."""

    graph: Graph
    start: list[float]
    steps: tuple[Instruction, ...]
    edges: tuple[Edge, ...]


def is_narrow(graph: Graph) -> bool:
    """Whether one node at a time is the faster way: many levels, and little on each."""
    if max(graph.levels, default=0) < 64:
        return False
    levels = np.frombuffer(graph.levels, dtype=np.intc).astype(np.int64)
    calls = np.unique(levels * len(TABLE) + np.frombuffer(graph.codes, dtype=np.intc))
    return len(graph) < NARROW * len(calls)


def in_lines(graph: Graph) -> Lines:
    """The nodes that the outputs need, in order."""
    with BulkBuilding():
        return _in_lines(graph)


def _in_lines(graph: Graph) -> Lines:
    start = [0.0] * len(graph)
    for node, value in graph.constants.items():
        start[node] = value
    steps: list[Instruction] = []
    edges: list[Edge] = []
    slope_places: dict[float, int] = {}
    xs, ys, zs = graph.operands
    constants = graph.constants
    needed = below(graph, graph.outputs, closed=constants)
    for node in range(len(graph) - 1, -1, -1):
        operands = (xs[node], ys[node], zs[node])
        if not needed[node] or node in constants or operands[0] < 0:
            continue
        function, slopes = _scalar(graph.codes[node])
        steps.append((node, function, *operands))
        for operand, slope in zip(operands, slopes, strict=False):
            if slope is None or operand in constants:
                continue
            if not slope.reads:
                place = slope_places.setdefault(slope.constant, len(graph) + len(slope_places))
                edges.append((node, operand, None, place, -1, -1))
            elif len(slope.reads) == 1:
                place = (*operands, node)[slope.reads[0]]
                edges.append((node, operand, slope.function, place, -1, -1))
            else:
                a, b, c = (max(place, 0) for place in operands)
                edges.append((node, operand, slope.function, a, b, c))
    return Lines(graph, start + list(slope_places), tuple(reversed(steps)), tuple(edges))


def forward(lines: Lines, x: Floats) -> list[float] | None:
    """The values of all nodes at one point, shape (n,); None where Python refuses a value that
    numpy has (an inf or a NaN)."""
    values = lines.start.copy()
    for node, number in zip(lines.graph.inputs, x.tolist(), strict=True):
        values[node] = number
    try:
        with np.errstate(all="ignore"):
            for node, function, a, b, c in lines.steps:
                if b < 0:
                    values[node] = function(values[a])
                elif c < 0:
                    values[node] = function(values[a], values[b])
                else:
                    values[node] = function(values[a], values[b], values[c])
    except (ValueError, ArithmeticError):
        return None
    return values


class Narrow:
    """A narrow graph; ``careful`` does what is left to the sweeps."""

    def __init__(self, graph: Graph, careful: Grouped) -> None:
        self.graph = graph
        self.careful = careful

    @cached_property
    def lines(self) -> Lines:
        return in_lines(self.graph)

    def at(self, x: Floats, threads: int | None = None) -> Line | Sweeps | Chunks:
        """The answers at a point, shape (n,), or at N of them, (N, n)."""
        return Line(self, x) if x.ndim == 1 else self.careful.at(x)


class Line:
    """The answers at one point."""

    def __init__(self, machine: Narrow, x: Floats) -> None:
        self.machine = machine
        self.x = x
        self.sizes = False
        self.numbers = forward(machine.lines, x)  # the values of all nodes, if Python has them

    @cached_property
    def careful(self) -> Sweeps:
        run = Sweeps(self.machine.careful, self.x)
        return run.magnitudes() if self.sizes else run

    @property
    def value(self) -> Floats:
        """That of each output."""
        line = self.numbers
        if line is None:
            return self.careful.value
        return np.array([line[node] for node in self.machine.graph.outputs])

    @property
    def values(self) -> Floats:
        """That of each node; NaN where no output needs it."""
        line = self.numbers
        if line is None:
            return self.careful.values
        graph, values = self.machine.graph, np.full(len(self.machine.graph), np.nan)
        steps = self.machine.lines.steps
        for node in (*graph.inputs, *graph.constants, *(step[0] for step in steps)):
            values[node] = line[node]
        return values

    def magnitudes(self) -> Line:
        """The same with absolute partials, as ``Sweeps.magnitudes``."""
        other = copy(self)
        other.sizes = True
        other.__dict__.pop("careful", None)
        return other

    def vjp(self, v: Floats) -> Floats:
        rows = self._rows(v[None])
        return self.careful.vjp(v) if rows is None else rows.reshape(len(self.x))

    def jvp(self, u: Floats) -> Floats:
        return self.careful.jvp(u)

    def jacobian(self, mode: str) -> Floats:
        m, n = len(self.machine.graph.outputs), len(self.x)
        rows = self._rows(np.eye(m)) if by_rows(mode, m, n) else None
        return self.careful.jacobian(mode) if rows is None else rows

    def _rows(self, seeds: Floats) -> Floats | None:
        """A row vᵀJ for each of the seeds, shape (k, m); None where only the careful sweep can
        tell."""
        values = self.numbers
        if values is None or not math.isfinite(sum(values)):
            return None
        lines = self.machine.lines
        found = [_pullback(lines, values, seed, self.sizes) for seed in seeds.tolist()]
        result = np.array([row for row in found if row is not None])
        return result if len(result) == len(found) and np.isfinite(result).all() else None


def _pullback(
    lines: Lines, values: list[float], seeds: Sequence[float], magnitudes: bool
) -> list[float] | None:
    cotangents = [0.0] * len(values)
    for node, seed in zip(lines.graph.outputs, seeds, strict=True):
        cotangents[node] += seed
    try:
        with np.errstate(all="ignore"):
            for node, operand, function, a, b, c in lines.edges:
                if function is None:
                    flow = cotangents[node] * values[a]
                elif b < 0:
                    flow = cotangents[node] * function(values[a])
                else:
                    slope = function(values[a], values[b], values[c], values[node])
                    flow = cotangents[node] * slope
                cotangents[operand] += abs(flow) if magnitudes else flow
    except (ValueError, ArithmeticError):
        return None
    return [cotangents[node] for node in lines.graph.inputs]


# --- scalar functions -----------------------------------------------------------------------------


@cache
def _function(primitive: Primitive) -> Function:
    """The primitive on Python floats. It may raise where numpy has an inf or a NaN."""
    if primitive.arithmetic:
        return primitive.mpmath
    if primitive.scalar is not None:
        return primitive.scalar
    vector = primitive.numpy
    return lambda *operands: float(vector(*operands))


class _Slope(NamedTuple):
    """A part of a rule. ``reads`` counts through x, y, z and out; ``function`` is of the one value
    that is read (None: that value itself), or else of all four."""

    reads: tuple[int, ...]
    function: Function | None
    constant: float = 0.0

    def of_one(self) -> Function:
        """As a function of the one value that is read, if any."""
        if not self.reads:
            return lambda value: self.constant
        return self.function or (lambda value: value)

    def of_four(self) -> Function:
        """As a function of x, y, z and out."""
        if not self.reads:
            return lambda x, y, z, out: self.constant
        if len(self.reads) > 1 and self.function is not None:
            return self.function
        (k,), function = self.reads, self.of_one()
        return lambda *values: function(values[k])


@cache
def _scalar(code: int) -> tuple[Function, tuple[_Slope | None, ...]]:
    """A primitive's function, and its partials."""
    primitive = TABLE[code]
    inputs, constants, steps, outputs = recipe(*rule(primitive))
    made = {node: _Slope((), None, value) for node, value in constants}
    made |= {node: _Slope((place,), None) for place, node in inputs}
    for node, inner, operands in steps:
        made[node] = _compose(_function(inner), [made[operand] for operand in operands])
    slopes = tuple(None if node is None else made[node] for node in outputs)
    return _function(primitive), slopes


def _compose(function: Function, operands: list[_Slope]) -> _Slope:
    reads = tuple(sorted({k for operand in operands for k in operand.reads}))
    if len(reads) == 1:
        return _Slope(reads, _compose_of_one(function, operands))
    parts = [operand.of_four() for operand in operands]
    if len(parts) == 2:
        f, g = parts
        return _Slope(reads, lambda *values: function(f(*values), g(*values)))
    return _Slope(reads, lambda *values: function(*(part(*values) for part in parts)))


def _compose_of_one(function: Function, operands: list[_Slope]) -> Function:
    """As few calls as possible: cos(x), 2*x and their like are one."""
    if len(operands) == 1:
        inner = operands[0].function
        return function if inner is None else lambda value: function(inner(value))
    if len(operands) == 2 and not operands[0].reads and operands[1].function is None:
        return partial(function, operands[0].constant)
    parts = [operand.of_one() for operand in operands]
    return lambda value: function(*(part(value) for part in parts))
