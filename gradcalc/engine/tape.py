"""The tape: a graph as straight-line code between places, in the order of its nodes.

A place holds a number for each point of a chunk; a few registers are used over and over. One
lowering serves both interpreters, numpy's (``many``) and the one in C (``kernel``). For the latter
the functions that are none of numpy's own are written out in those that are, so that one
instruction is one loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from gradcalc.engine import kernel
from gradcalc.engine.grouped import FEWEST
from gradcalc.engine.schedule import Floats
from gradcalc.functions import sines
from gradcalc.functions.primitives import COS, NEG, SIN, WHERE
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed

CACHE = 1 << 21
"""Bytes for the registers, points and results of a chunk: about what a core has to itself."""

CHUNKS = (512, 32768)
"""Fewest and most points in a chunk: below, a call costs more than its work."""


Instruction = tuple[Callable[..., Any], int, int, int, int]
"""A function, the places of its operands (-1: none), and the place that it writes to."""


@dataclass(frozen=True, slots=True)
class Straight:
    """A graph as steps between places.

    A place holds a number for each point of a chunk. The first places are the columns of the points
    (``inputs`` of them), then come the columns of the results; behind them ``registers``,
    ``constants`` as (place, number), and ``sums``, each a single number, of what may be infinite or
    NaN. ``fills`` are the columns that are the same at every point.
    """

    steps: tuple[Instruction, ...]
    inputs: int
    columns: int
    registers: tuple[int, ...]
    constants: tuple[tuple[int, float], ...]
    sums: tuple[int, ...]
    fills: tuple[tuple[int, float], ...]
    below: float = math.inf
    """Where a number of the points is as large, a careful sweep has to be made."""
    native: Any = None
    """The same for the interpreter in C; None where there is none."""

    @property
    def most(self) -> int:
        """Points that fit in a chunk."""
        least, most = CHUNKS
        width = self.inputs + self.columns + len(self.registers)
        return max(least, min(most, CACHE // (8 * max(1, width))))

    def chunks(self, count: int) -> list[slice]:
        """So many points in chunks of much the same length, whoever is to work on them."""
        pieces = max(1, -(-count // self.most))
        step = max(1, -(-count // pieces) + 7 & -8)  # registers begin where a cache line does
        found = [slice(start, min(start + step, count)) for start in range(0, count, step)]
        if found and count >= FEWEST:  # the last one may share rows with the one before it
            found[-1] = slice(min(found[-1].start, count - FEWEST), count)
        return found


def straighten(graph: Graph, columns: int | None = None, below: float = math.inf) -> Straight:
    """Order, registers and destinations for the nodes that the outputs need.

    The first ``columns`` outputs are the results (by default, all), the others are only looked at:
    whether they are finite. The results are to be trusted where the points are ``below`` this.
    """
    made = _Allocation(graph, len(graph.outputs) if columns is None else columns).straight(below)
    return replace(made, native=kernel.tape(made)) if kernel.native else made


class _Allocation:
    """Gives every needed node a place, and takes registers back after the last use."""

    def __init__(self, graph: Graph, columns: int) -> None:
        self.graph = graph
        self.width = columns
        self.columns: dict[int, list[int]] = {}
        for column, node in enumerate(graph.outputs[:columns], start=len(graph.inputs)):
            self.columns.setdefault(node, []).append(column)
        self.telling = {_without_sign(graph, node) for node in graph.outputs}
        self.operations, self.numbers = _operations(graph)
        self.uses = dict.fromkeys(self.operations, 0)
        for operation in self.operations.values():
            for operand in operation.operands:
                self.uses[operand] += 1
        self.place = {node: j for j, node in enumerate(graph.inputs)}
        self.size = len(graph.inputs) + columns
        self.registers: dict[int, None] = {}
        self.free: list[int] = []
        self.constants: list[tuple[int, float]] = []
        self.fills: list[tuple[int, float]] = []
        self.sums: list[int] = []
        self.steps: list[Instruction] = []

    def straight(self, below: float) -> Straight:
        for node, operation in self.operations.items():
            if node in self.numbers:
                self._hold(node, self.numbers[node])
            elif operation.operands:
                self._compute(node, operation)
            else:
                self._load(node)
        return Straight(
            steps=tuple(self.steps),
            inputs=len(self.graph.inputs),
            columns=self.width,
            registers=tuple(self.registers),
            constants=tuple(self.constants),
            sums=tuple(self.sums),
            fills=tuple(self.fills),
            below=below,
        )

    def _hold(self, node: int, number: float) -> None:
        """A constant has a place of its own, and fills the columns where it is the result."""
        self.fills += [(column, number) for column in self.columns.get(node, [])]
        if self.uses[node]:
            self.place[node] = self._new_place()
            self.constants.append((self.place[node], number))

    def _load(self, node: int) -> None:
        """An input that is used again and again is brought together in a register."""
        self._copy(node, self.columns.get(node, []))
        if self.uses[node] > 1:
            self._gather(node)

    def _gather(self, node: int) -> None:
        column = self.place[node]
        self.steps.append((np.positive, column, -1, -1, self._take(node)))

    def _compute(self, node: int, operation: _Operation) -> None:
        function, operands, light = operation
        for operand in operands:
            if not light and self.place[operand] < len(self.graph.inputs):
                self._gather(operand)
        a, b, c = (*(self.place[operand] for operand in operands), -1, -1)[:3]
        for operand in operands:
            self.uses[operand] -= 1
            self._release(operand)
        # An output that nothing else uses goes where it belongs, without a register.
        columns = self.columns.get(node, [])
        direct = light and bool(columns) and not self.uses[node]
        if function is np.negative and a < len(self.graph.inputs):
            # From a column of the points straight to one of the results numpy 2.4 negates other
            # numbers than were asked for, where a point has eight coordinates.
            direct = False
        target = columns[0] if direct else self._take(node)
        self.steps.append((function, a, b, c, target))
        if node in self.telling:
            self.sums.append(self._new_place())
            self.steps.append((kernel.TOTAL, target, -1, -1, self.sums[-1]))
        if direct:  # made once more for another column: reading back a column is no quicker
            self.steps += [(function, a, b, c, column) for column in columns[1:]]
        else:
            self._copy(node, columns)
            self._release(node)

    def _copy(self, node: int, columns: Sequence[int]) -> None:
        self.steps += [(np.positive, self.place[node], -1, -1, column) for column in columns]

    def _take(self, node: int) -> int:
        if not self.free:
            self.free.append(self._new_place())
            self.registers[self.free[-1]] = None
        self.place[node] = self.free.pop()
        return self.place[node]

    def _release(self, node: int) -> None:
        """Give a register back after its last use."""
        if self.uses[node] == 0 and self.place[node] in self.registers:
            self.free.append(self.place[node])

    def _new_place(self) -> int:
        self.size += 1
        return self.size - 1


def _without_sign(graph: Graph, node: int) -> int:
    """What is finite wherever the node is, and computed before it."""
    while graph.codes[node] == NEG.code and node not in graph.constants:
        node = graph.operands[0][node]
    return node


class _Operation(NamedTuple):
    """What makes a node of which others. What is ``light`` costs no more on columns of the points
    and results than on registers; the others' vector code wants its numbers side by side."""

    function: Callable[..., Any]
    operands: tuple[int, ...] = ()
    light: bool = False


def _operations(graph: Graph) -> tuple[dict[int, _Operation], dict[int, float]]:
    """The nodes that the outputs need, in an order in which they can be computed; and the numbers
    that are constants. Behind the nodes of the graph are those of what is written out."""
    wanted = needed(graph, graph.outputs, closed=graph.constants)
    turns = _turns(graph, wanted) if sines.are_by_tangent() else {}
    writer = _Writer(graph)
    for node in wanted:
        primitive, operands, _, _ = graph[node]
        if node in graph.constants or not operands:
            writer.made[node] = _Operation(np.positive)
        elif node not in turns:
            writer.write(node, _writing(primitive), operands, primitive.arithmetic)
        elif node not in writer.made:
            sine, cosine = turns[node]
            (angle,) = operands
            tangent = writer.fresh()
            writer.write(tangent, sines.tangent, (angle,))
            writer.write(cosine, sines.cos_beside, (tangent, angle))
            writer.write(sine, sines.sin_beside, (tangent, cosine, angle))
    return writer.made, writer.numbers


class _Writer:
    """Collects operations; for the interpreter in C it writes functions out in numpy's own."""

    def __init__(self, graph: Graph) -> None:
        self.made: dict[int, _Operation] = {}
        self.numbers: dict[int, float] = dict(graph.constants)
        self._constants: dict[float, int] = {}
        self._next = len(graph)

    def fresh(self) -> int:
        self._next += 1
        return self._next - 1

    def write(
        self,
        node: int,
        function: Callable[..., Any],
        operands: tuple[int, ...],
        light: bool = False,
    ) -> None:
        if not kernel.native:
            self.made[node] = _Operation(function, operands, light)
            return
        steps = kernel.written_out(function, len(operands))
        if steps is None:
            self.made[node] = _Operation(function, operands, function in kernel.LIGHT)
            return
        places: list[int] = list(operands)
        for step in steps:
            here = node if step is steps[-1] else self.fresh()
            inner = tuple(places[k] if type(k) is int else self._constant(k) for k in step.operands)
            self.made[here] = _Operation(step.function, inner, step.function in kernel.LIGHT)
            places.append(here)

    def _constant(self, number: float) -> int:
        if number not in self._constants:
            node = self._constants[number] = self.fresh()
            self.numbers[node] = number
            self.made[node] = _Operation(np.positive)
        return self._constants[number]


def _turns(graph: Graph, nodes: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The sine and the cosine of one angle, found by either, where both are needed."""
    found: dict[int, dict[int, int]] = {}
    for node in nodes:
        if node not in graph.constants and graph.codes[node] in (SIN.code, COS.code):
            found.setdefault(graph.operands[0][node], {})[graph.codes[node]] = node
    pairs = [(pair[SIN.code], pair[COS.code]) for pair in found.values() if len(pair) == 2]
    return {node: pair for pair in pairs for node in pair}


@cache
def _writing(primitive: Primitive) -> Callable[..., Any]:
    """The primitive's function, with an ``out``."""
    if primitive is WHERE:
        return kernel.where
    function = primitive.numpy_long
    if isinstance(function, np.ufunc) or function is not primitive.numpy:
        return function  # what stands in for a ufunc has an out as well
    return partial(_into, function)


def _into(function: Callable[..., Any], *operands: Any, out: Floats) -> None:
    out[...] = function(*operands)
