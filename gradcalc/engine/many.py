"""The machine for few nodes at many points: one numpy call a node, on a chunk of the points.

At one point the schedule makes long vectors out of many nodes. At many points every node is a long
vector already, so the graph is straight-line code over chunks that stay in the cache. A few
registers are used over and over, and the results of a chunk are put together, row by row, in a
place of their own before they are copied to the rest in one go: so a chunk never leaves the cache,
and what is the same at every point is written once. Threads, which numpy lets run side by side,
take chunk after chunk.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from gradcalc.calculus import gradients
from gradcalc.engine.grouped import FEWEST, Chunks, Grouped, Sweeps, turned
from gradcalc.engine.schedule import Floats, Ints
from gradcalc.engine.unwatched import telling_below
from gradcalc.functions import sines
from gradcalc.functions.primitives import COS, NEG, SIN
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed

CACHE = 1 << 21
"""Bytes for the registers, points and results of a chunk: about what a core has to itself."""

CHUNKS = (512, 32768)
"""Fewest and most points in a chunk: below, a call costs more than its work."""

WORK = 1 << 20
"""Numbers that a thread must have to make and to put in place: below, it waits for the others more
than it helps."""

SMALL_GRAPH = 20_000
"""Nodes times outputs up to which a Jacobian is written out as straight-line code, which costs a
few microseconds a node to make. However few the points: their last bits must not depend on it."""

SMALL_PRODUCT = 1000
"""Nodes up to which vᵀJ and J u are: sweeps take less time there, the code more."""

_TOTAL = np.add.reduce
"""Of what may be infinite or NaN: a single number tells whether any of them is."""

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


class Many:
    """A graph at many points; ``careful`` does what is left to the sweeps."""

    def __init__(self, graph: Graph, careful: Grouped) -> None:
        self.graph = graph
        self.careful = careful

    def at(self, x: Floats, threads: int | None = None) -> Everywhere:
        """The answers at N points, shape (N, n)."""
        return Everywhere(self, x, threads)

    @cached_property
    def values(self) -> Straight:
        return straighten(self.graph)

    @cached_property
    def jacobian(self) -> Straight:
        return self._slopes(gradients.jacobian_graph(self.graph))

    @cached_property
    def vjp(self) -> Straight:
        return self._slopes(gradients.vjp_graph(self.graph))

    @cached_property
    def jvp(self) -> Straight:
        return self._slopes(gradients.jvp_graph(self.graph))

    def _slopes(self, graph: Graph) -> Straight:
        entries, below = len(graph.outputs), telling_below(self.graph)
        if not below:
            graph.outputs = graph.outputs + self.graph.outputs
        return straighten(graph, entries, below or math.inf)


class Everywhere:
    """The answers at N points, by code where that is worth its making, and by careful sweeps where
    the code met an infinity or a NaN."""

    def __init__(self, machine: Many, x: Floats, threads: int | None) -> None:
        self.machine = machine
        self.x = x
        self.threads = threads
        self.careful = Chunks(machine.careful, x)
        graph = machine.graph
        self._worth_it = len(graph) * len(graph.outputs) <= SMALL_GRAPH
        self._products_worth_it = len(graph) <= SMALL_PRODUCT

    @property
    def odd(self) -> list[Ints]:
        return self.careful.odd

    @property
    def value(self) -> Floats:
        if not self._worth_it:
            return self.careful.value
        return self._all(self.machine.values, self.x, lambda run, _: run.value)

    def jacobian(self, mode: str) -> Floats:
        if mode != "auto" or not self._worth_it:
            return self.careful.jacobian(mode)
        shape = len(self.machine.graph.outputs), self.x.shape[1]
        return self._all(
            self.machine.jacobian, self.x, lambda run, _: run.jacobian("reverse"), shape
        )

    def vjp(self, v: Floats) -> Floats:
        if not self._products_worth_it:
            return self.careful.vjp(v)
        points = np.hstack([self.x, v])
        return self._all(self.machine.vjp, points, lambda run, rows: run.vjp(turned(v[rows])))

    def jvp(self, u: Floats) -> Floats:
        if not self._products_worth_it:
            return self.careful.jvp(u)
        points = np.hstack([self.x, u])
        return self._all(self.machine.jvp, points, lambda run, rows: run.jvp(turned(u[rows])))

    def _all(
        self,
        code: Straight,
        points: Floats,
        work: Callable[[Sweeps, Ints], Floats],
        shape: tuple[int, ...] = (),
    ) -> Floats:
        flat, suspects = run(code, points, self.threads)
        result = flat.reshape(len(points), *shape) if shape else flat
        self.careful.fill(result, suspects, work)
        return result


def straighten(graph: Graph, columns: int | None = None, below: float = math.inf) -> Straight:
    """Order, registers and destinations for the nodes that the outputs need.

    The first ``columns`` outputs are the results (by default, all), the others are only looked at:
    whether they are finite. The results are to be trusted where the points are ``below`` this.
    """
    return _Allocation(graph, len(graph.outputs) if columns is None else columns).straight(below)


class _Allocation:
    """Gives every needed node a place, and takes registers back after the last use."""

    def __init__(self, graph: Graph, columns: int) -> None:
        self.graph = graph
        self.width = columns
        self.columns: dict[int, list[int]] = {}
        for column, node in enumerate(graph.outputs[:columns], start=len(graph.inputs)):
            self.columns.setdefault(node, []).append(column)
        self.telling = {_without_sign(graph, node) for node in graph.outputs}
        self.operations = _operations(graph)
        self.uses = dict.fromkeys(self.operations, 0)
        for operation in self.operations.values():
            for operand in operation.operands:
                self.uses[operand] += 1
        self.place = {node: j for j, node in enumerate(graph.inputs)}
        self.size = len(graph.inputs) + columns
        self.registers: list[int] = []
        self.free: list[int] = []
        self.constants: list[tuple[int, float]] = []
        self.fills: list[tuple[int, float]] = []
        self.sums: list[int] = []
        self.steps: list[Instruction] = []

    def straight(self, below: float) -> Straight:
        graph = self.graph
        for node, operation in self.operations.items():
            if node in graph.constants:
                self._hold(node, graph.constants[node])
            elif operation.operands:
                self._compute(node, operation)
            else:
                self._load(node)
        return Straight(
            steps=tuple(self.steps),
            inputs=len(graph.inputs),
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
        target = columns[0] if direct else self._take(node)
        self.steps.append((function, a, b, c, target))
        if node in self.telling:
            self.sums.append(self._new_place())
            self.steps.append((_TOTAL, target, -1, -1, self.sums[-1]))
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
            self.registers.append(self.free[-1])
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


def _operations(graph: Graph) -> dict[int, _Operation]:
    """The nodes that the outputs need, in an order in which they can be computed."""
    wanted = needed(graph, graph.outputs, closed=graph.constants)
    turns = _turns(graph, wanted) if sines.are_by_tangent() else {}
    made: dict[int, _Operation] = {}
    for node in wanted:
        primitive, operands, _, _ = graph[node]
        if node in graph.constants or not operands:
            made[node] = _Operation(np.positive)
        elif node not in turns:
            made[node] = _Operation(_writing(primitive), operands, primitive.arithmetic)
        elif node not in made:
            sine, cosine = turns[node]
            tangent, (angle,) = len(graph) + node, operands
            made[tangent] = _Operation(sines.tangent, (angle,))
            made[cosine] = _Operation(sines.cos_beside, (tangent, angle))
            made[sine] = _Operation(sines.sin_beside, (tangent, cosine, angle))
    return made


def _turns(graph: Graph, nodes: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The sine and the cosine of one angle, found by either, where both are needed."""
    found: dict[int, dict[int, int]] = {}
    for node in nodes:
        if node not in graph.constants and graph.codes[node] in (SIN.code, COS.code):
            found.setdefault(graph.operands[0][node], {})[graph.codes[node]] = node
    pairs = [(pair[SIN.code], pair[COS.code]) for pair in found.values() if len(pair) == 2]
    return {node: pair for pair in pairs for node in pair}


def _writing(primitive: Primitive) -> Callable[..., Any]:
    """The primitive's function, with an ``out``."""
    function = primitive.numpy_long
    if isinstance(function, np.ufunc) or function is not primitive.numpy:
        return function  # what stands in for a ufunc has an out as well

    def into(*operands: Any, out: Floats) -> None:
        out[...] = function(*operands)

    return into


def run(straight: Straight, points: Floats, threads: int | None = None) -> tuple[Floats, Ints]:
    """The outputs at points of shape (N, n): shape (N, columns); and the rows that are suspect.

    A row is suspect when something in it is not finite, or huge: there, only a careful sweep can
    tell a structural zero from a NaN. ``threads`` is at most how many work (by default, one a
    core); the results do not depend on it, nor on the other rows.
    """
    count = len(points)
    if 0 < count < FEWEST:
        results, suspects = run(straight, points[np.resize(np.arange(count), FEWEST)], threads)
        return results[:count], suspects[suspects < count]
    results = np.empty((count, straight.columns))
    waiting = straight.chunks(count)
    worthwhile = count * (len(straight.steps) + straight.columns) // WORK
    workers = max(1, min(threads or min(cores(), worthwhile), len(waiting)))
    work = partial(_work, straight, points, results, waiting)
    others = [_pool(workers - 1).submit(work) for _ in range(workers - 1)]
    try:
        found = work()
    finally:
        waiting.clear()  # an interruption here ends the others too
    for other in others:
        found += other.result()
    return results, np.unique(np.concatenate(found)) if found else np.arange(0)


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    """Threads are kept: to start them takes as long as many a call."""
    return ThreadPoolExecutor(workers)


if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


def _work(straight: Straight, points: Floats, results: Floats, waiting: list[slice]) -> list[Ints]:
    """One thread's share: a chunk as long as any is waiting."""
    suspects: list[Ints] = []
    room = None
    with np.errstate(all="ignore"):
        while chunk := _next(waiting):
            there = results[chunk]
            if room is None or room.count != len(there):
                memory = _kept.__dict__.pop("memory", None) if room is None else room.memory
                # The only chunk is put together where it belongs.
                rows = there if len(there) == len(results) else None
                room = _Room(straight, rows, len(there), memory)
            room.fill(points[chunk])
            if not (_largest(points[chunk]) < straight.below and room.is_finite()):
                suspects.append(chunk.start + room.suspects(points[chunk]))
            if len(there) < len(results):
                there[:] = room.rows
    if room is not None and room.memory.nbytes <= 2 * CACHE:
        _kept.memory = room.memory
    return suspects


_kept = threading.local()
"""The memory of each thread, for the next run: the system takes as long to hand out fresh memory as
a chunk takes."""


def _next(waiting: list[slice]) -> slice | None:
    """The next chunk; to take it off a list is one step that no other thread comes between."""
    try:
        return waiting.pop(0)
    except IndexError:
        return None


class _Room:
    """The places of one thread for chunks of ``count`` points; ``rows`` are the results.

    They are in ``memory`` (of an earlier room, if it is large enough), but for ``rows`` if given.
    """

    def __init__(
        self, straight: Straight, rows: Floats | None, count: int, memory: Floats | None
    ) -> None:
        self.count = count
        self.inputs = straight.inputs
        own = 0 if rows is not None else straight.columns
        needed = (own + len(straight.registers)) * count
        if memory is None or len(memory) < needed:
            memory = np.empty(needed)
        self.memory = memory
        at = own * count
        self.rows = memory[:at].reshape(count, own) if rows is None else rows
        registers = memory[at:needed].reshape(-1, count)
        self.sums = np.zeros(len(straight.sums))
        others = len(straight.registers) + len(straight.constants) + len(straight.sums)
        self.places: list[Any] = [None] * straight.inputs + [*self.rows.T] + [None] * others
        for place, row in zip(straight.registers, registers, strict=True):
            self.places[place] = row
        for place, number in straight.constants:
            self.places[place] = np.asarray(number)
        for k, place in enumerate(straight.sums):
            self.places[place] = self.sums[k : k + 1].reshape(())
        for column, number in straight.fills:
            self.places[column].fill(number)
        self.steps = straight.steps
        self.below = straight.below

    def fill(self, points: Floats) -> None:
        """Compute the rows of these points."""
        places = self.places
        places[: self.inputs] = points.T
        for function, a, b, c, target in self.steps:
            if b < 0:
                function(places[a], out=places[target])
            elif c < 0:
                function(places[a], places[b], out=places[target])
            else:
                function(places[a], places[b], places[c], out=places[target])

    def suspects(self, points: Floats) -> Ints:
        """Which of these points have a number that is not finite, or coordinates too large.

        Everything is computed once more to find out: a register has many uses.
        """
        found = ~(np.abs(points) < self.below).all(axis=1)
        places = self.places
        for function, a, b, c, target in self.steps:
            if function is _TOTAL:
                found |= ~np.isfinite(places[a])
            elif b < 0:
                function(places[a], out=places[target])
            elif c < 0:
                function(places[a], places[b], out=places[target])
            else:
                function(places[a], places[b], places[c], out=places[target])
        return np.flatnonzero(found)

    def is_finite(self) -> bool:
        """Whether all that was computed is finite; an overflow of the sum is taken for a no."""
        return bool(np.isfinite(self.sums).all())


def _largest(points: Floats) -> float:
    """The largest magnitude, or NaN."""
    return float(np.maximum(points.max(initial=0.0), -points.min(initial=0.0)))


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1
