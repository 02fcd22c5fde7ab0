"""A graph at very many points: straight-line code over chunks that stay in the cache.

At one point the schedule makes long vectors out of many nodes. At many points every node is a long
vector already, so the graph runs node by node, each step one numpy call on a chunk of points. A few
registers are used over and over, so that a chunk never leaves the cache; the results are written
where they belong; chunks are shared out to threads, which numpy lets run side by side.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gradcalc.engine.schedule import Floats
from gradcalc.graph import Graph
from gradcalc.primitives import ADD, DIV, MUL, NEG, SUB, Primitive

CACHE = 1 << 20
"""Bytes for the registers, points and results of a chunk: about what a core has to itself."""

CHUNKS = (512, 16384)
"""Fewest and most points in a chunk: below, a call costs more than its work."""

WORK = 1 << 20
"""Numbers that a thread must have to make: below, it waits for the others more than it helps."""

Step = tuple[Callable[..., Any], int, int, int, int]
"""A function, the places of its operands (-1: none), and the place that it writes to."""


@dataclass(frozen=True, slots=True)
class Straight:
    """A graph as steps between places.

    A place holds a number for each point of a chunk. The first places are the columns of the points
    (``inputs`` of them), then come the columns of the results, then the outputs that are only
    ``watched`` for NaNs; behind them ``registers`` and ``constants``, as (place, number).
    """

    steps: tuple[Step, ...]
    inputs: int
    columns: int
    watched: int
    registers: tuple[int, ...]
    constants: tuple[tuple[int, float], ...]

    @property
    def chunk(self) -> int:
        """How many points at a time."""
        least, most = CHUNKS
        width = self.inputs + self.columns + self.watched + len(self.registers)
        return max(least, min(most, CACHE // (8 * max(1, width))))


def straighten(graph: Graph, columns: int | None = None) -> Straight:
    """Order, registers and destinations for the nodes that the outputs need.

    The first ``columns`` outputs are the results (by default, all).
    """
    return _Allocation(graph).straight(len(graph.outputs) if columns is None else columns)


class _Allocation:
    """Gives every needed node a place, and takes registers back after the last use."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.columns: dict[int, list[int]] = {}
        for column, node in enumerate(graph.outputs, start=len(graph.inputs)):
            self.columns.setdefault(node, []).append(column)
        self.uses = self._count_uses()
        self.place = {node: j for j, node in enumerate(graph.inputs)}
        self.size = len(graph.inputs) + len(graph.outputs)
        self.registers: list[int] = []
        self.free: list[int] = []
        self.constants: list[tuple[int, float]] = []
        self.steps: list[Step] = []

    def _count_uses(self) -> dict[int, int]:
        """How often each needed node is an operand; nodes that are not needed are not there."""
        graph = self.graph
        uses = dict.fromkeys(graph.outputs, 0)
        for node in range(len(graph) - 1, -1, -1):
            if node in uses and node not in graph.constants:
                for operand in graph[node].operands:
                    uses[operand] = uses.get(operand, 0) + 1
        return uses

    def straight(self, columns: int) -> Straight:
        graph = self.graph
        for node in sorted(self.uses):
            primitive, operands, _, _ = graph[node]
            if node in graph.constants:
                self._hold(node, graph.constants[node])
            elif operands:
                self._compute(node, primitive, operands)
            else:
                self._load(node)
        return Straight(
            steps=tuple(self.steps),
            inputs=len(graph.inputs),
            columns=columns,
            watched=len(graph.outputs) - columns,
            registers=tuple(self.registers),
            constants=tuple(self.constants),
        )

    def _hold(self, node: int, number: float) -> None:
        """A constant has a place of its own, and is copied to where it is a result."""
        self.place[node] = self._new_place()
        self.constants.append((self.place[node], number))
        columns = self.columns.get(node, [])
        self.steps += [(_fill, self.place[node], -1, -1, column) for column in columns]

    def _load(self, node: int) -> None:
        """An input that is used again and again is brought together in a register."""
        self._copy(node, self.columns.get(node, []))
        if self.uses[node] > 1:
            self._gather(node)

    def _gather(self, node: int) -> None:
        column = self.place[node]
        self.steps.append((np.positive, column, -1, -1, self._take(node)))

    def _compute(self, node: int, primitive: Primitive, operands: tuple[int, ...]) -> None:
        light = primitive in _LIGHT
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
        function = _writing(primitive)
        self.steps.append((function, a, b, c, target))
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


_LIGHT = (ADD, SUB, MUL, DIV, NEG)
"""What costs no more on columns of the points and results than on registers; the others' vector
code wants its numbers side by side."""


def _fill(number: Floats, out: Floats) -> None:
    out.fill(number)


def _writing(primitive: Primitive) -> Callable[..., Any]:
    """The primitive's function, with an ``out``."""
    function = primitive.numpy_long
    if isinstance(function, np.ufunc) or function is not primitive.numpy:
        return function  # what stands in for a ufunc has an out as well

    def into(*operands: Any, out: Floats) -> None:
        out[...] = function(*operands)

    return into


def run(
    straight: Straight, points: Floats, threads: int | None = None
) -> tuple[Floats, list[slice]]:
    """The outputs at points of shape (N, n): shape (N, columns); and the chunks that are suspect.

    A chunk is suspect when something in it is not finite: there, only a careful sweep can tell a
    structural zero from a NaN. ``threads`` is at most how many work (by default, one a core).
    """
    results = np.empty((len(points), straight.columns))
    starts = range(0, len(points), straight.chunk)
    worthwhile = len(points) * len(straight.steps) // WORK
    workers = max(1, min(threads or min(cores(), worthwhile), len(starts) // 2))
    shares = [starts[k::workers] for k in range(workers)]
    others = [
        _pool(workers).submit(_work, straight, points, results, share) for share in shares[1:]
    ]
    suspects = _work(straight, points, results, shares[0])
    for other in others:
        suspects += other.result()
    return results, suspects


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    """Threads are kept: to start them takes as long as many a call."""
    return ThreadPoolExecutor(workers)


if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


def _work(
    straight: Straight, points: Floats, results: Floats, starts: Sequence[int]
) -> list[slice]:
    """One thread's chunks, with registers of its own."""
    places, inside = _room(straight, straight.chunk)
    suspects = []
    with np.errstate(all="ignore"):
        for start in starts:
            stop = min(start + straight.chunk, len(points))
            here, there = points[start:stop], results[start:stop]
            if len(here) < straight.chunk:
                places, inside = _room(straight, len(here))
            places[: straight.inputs + straight.columns] = [*here.T, *there.T]
            for function, a, b, c, target in straight.steps:
                if b < 0:
                    function(places[a], out=places[target])
                elif c < 0:
                    function(places[a], places[b], out=places[target])
                else:
                    function(places[a], places[b], places[c], out=places[target])
            if not np.isfinite(there.sum() + inside.sum()):
                suspects.append(slice(start, stop))
    return suspects


def _room(straight: Straight, count: int) -> tuple[list[Any], Floats]:
    """The places for so many points, those of points and results still empty; and what is only
    watched."""
    outside = straight.inputs + straight.columns
    inside = np.empty((straight.watched, count))
    places: list[Any] = [None] * outside + list(inside)
    places += [None] * (len(straight.registers) + len(straight.constants))
    rows = np.empty((len(straight.registers), count))
    for place, row in zip(straight.registers, rows, strict=True):
        places[place] = row
    for place, number in straight.constants:
        places[place] = np.asarray(number)
    return places, inside


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1
