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
from typing import Any

import numpy as np

from gradcalc.engine.schedule import Floats
from gradcalc.graph import Graph

REGISTER_BYTES = 1 << 18
"""What the registers of one thread may take: a good part of a core's own cache."""

CHUNKS = (512, 8192)
"""Fewest and most points in a chunk: below, a call costs more than its work."""

WORK = 1 << 22
"""Numbers that a thread must have to make: below, it waits for the others more than it helps."""

Operand = int | Floats
"""A register, or a constant as an array of no dimensions."""


@dataclass(frozen=True, slots=True)
class Step:
    """``function(*operands)`` into register ``target``, or (-1) straight into column ``column``."""

    function: Callable[..., Any]
    operands: tuple[Operand, ...]
    target: int
    column: int


@dataclass(frozen=True, slots=True)
class Straight:
    """A graph as steps over ``registers``; input j is loaded into register ``loads[j]`` (-1:
    unused).

    ``copies`` are (column, register) and ``fills`` (column, number): outputs that no step makes.
    Outputs from number ``columns`` on are not results; they are only looked at for NaNs.
    """

    steps: tuple[Step, ...]
    registers: int
    loads: tuple[int, ...]
    copies: tuple[tuple[int, int], ...]
    fills: tuple[tuple[int, float], ...]
    columns: int
    watched: int

    @property
    def chunk(self) -> int:
        least, most = CHUNKS
        fitting = REGISTER_BYTES // (8 * max(1, self.registers))
        return max(least, min(most, fitting))


def straighten(graph: Graph, columns: int | None = None) -> Straight:
    """Order, registers and destinations for the nodes that the outputs need.

    The first ``columns`` outputs are the results (by default, all).
    """
    return _Allocation(graph).straight(len(graph.outputs) if columns is None else columns)


class _Allocation:
    """Gives every needed node a register, and takes it back after its last use."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.columns: dict[int, list[int]] = {}
        for column, node in enumerate(graph.outputs):
            self.columns.setdefault(node, []).append(column)
        self.uses = self._count_uses()
        self.free: list[int] = []
        self.registers = 0
        self.register: dict[int, int] = {}

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
        loads = tuple(self._take(node) if self.uses.get(node) or node in self.columns else -1
                      for node in graph.inputs)  # fmt: skip
        copies = [(column, loads[j]) for j, node in enumerate(graph.inputs)
                  for column in self.columns.get(node, ())]  # fmt: skip
        fills = [(column, graph.constants[node]) for node, columns in self.columns.items()
                 if node in graph.constants for column in columns]  # fmt: skip
        steps: list[Step] = []
        for node in sorted(self.uses):
            primitive, operands, _, _ = graph[node]
            if node in graph.constants or not operands:
                continue
            steps.append(self._step(node, primitive.numpy, operands))
            copied = self.columns.get(node, [])[0 if self.uses[node] else 1 :]
            steps += [self._copy(node, steps[-1], column) for column in copied]
            self._release(node)
        return Straight(
            steps=tuple(steps),
            registers=self.registers,
            loads=loads,
            copies=tuple(copies),
            fills=tuple(fills),
            columns=columns,
            watched=len(graph.outputs) - columns,
        )

    def _step(self, node: int, function: Callable[..., Any], operands: tuple[int, ...]) -> Step:
        graph = self.graph
        sources = tuple(
            np.asarray(graph.constants[o]) if o in graph.constants else self.register[o]
            for o in operands
        )
        for operand in operands:
            self.uses[operand] -= 1
            self._release(operand)
        # An output that nothing else uses goes where it belongs, without a register.
        if node in self.columns and not self.uses[node]:
            return Step(function, sources, -1, self.columns[node][0])
        return Step(function, sources, self._take(node), -1)

    def _copy(self, node: int, made: Step, column: int) -> Step:
        """Another column of the same node: from its register, or made once more."""
        if made.target < 0:
            return Step(made.function, made.operands, -1, column)
        return Step(np.positive, (made.target,), -1, column)

    def _take(self, node: int) -> int:
        if not self.free:
            self.free.append(self.registers)
            self.registers += 1
        self.register[node] = self.free.pop()
        return self.register[node]

    def _release(self, node: int) -> None:
        """Give the register back after its last use. Inputs keep theirs for the copies."""
        if self.uses[node] == 0 and node in self.register and self.graph[node].operands:
            self.free.append(self.register.pop(node))


def run(
    straight: Straight, points: Floats, threads: int | None = None
) -> tuple[Floats, list[slice]]:
    """The outputs at points of shape (N, n): shape (N, columns); and the chunks that are suspect.

    A chunk is suspect when something in it is not finite: there, only a careful sweep can tell a
    structural zero from a NaN.
    """
    results = np.empty((len(points), straight.columns))
    starts = range(0, len(points), straight.chunk)
    worthwhile = len(points) * len(straight.steps) // WORK
    workers = max(1, min(threads or min(_cores(), worthwhile), len(starts) // 4))
    if workers == 1:
        return results, _work(straight, points, results, starts)
    with ThreadPoolExecutor(workers) as pool:
        shares = [starts[k::workers] for k in range(workers)]
        suspects = pool.map(lambda share: _work(straight, points, results, share), shares)
        return results, [chunk for share in suspects for chunk in share]


def _work(
    straight: Straight, points: Floats, results: Floats, starts: Sequence[int]
) -> list[slice]:
    """One thread's chunks, with registers of its own."""
    chunk = straight.chunk
    registers = np.empty((max(1, straight.registers), chunk))
    watched = np.empty((straight.watched, chunk))
    whole = _bound(straight, registers)
    suspects = []
    with np.errstate(all="ignore"):
        for start in starts:
            here, there = points[start : start + chunk], results[start : start + chunk]
            count = len(here)
            columns = [*there.T, *watched[:, :count]]
            steps = whole if count == chunk else _bound(straight, registers[:, :count])
            for j, register in enumerate(straight.loads):
                if register >= 0:
                    registers[register, :count] = here[:, j]
            for column, number in straight.fills:
                columns[column][:] = number
            for column, register in straight.copies:
                columns[column][:] = registers[register, :count]
            for function, operands, target, column in steps:
                function(*operands, out=columns[column] if target is None else target)
            if not np.isfinite(there.sum() + watched[:, :count].sum()):
                suspects.append(slice(start, start + count))
    return suspects


def _bound(
    straight: Straight, registers: Floats
) -> list[tuple[Callable[..., Any], list[Any], Any, int]]:
    """The steps over these very registers."""
    return [
        (
            step.function if isinstance(step.function, np.ufunc) else _into(step.function),
            [registers[o] if isinstance(o, int) else o for o in step.operands],
            registers[step.target] if step.target >= 0 else None,
            step.column,
        )
        for step in straight.steps
    ]


def _into(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is no ufunc, with an ``out``."""

    def into(*operands: Any, out: Floats) -> None:
        out[...] = function(*operands)

    return into


def _cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1
