"""The machine for few nodes at many points: one numpy call a node, on a chunk of the points.

At one point the schedule makes long vectors out of many nodes. At many points every node is a long
vector already, so the graph is straight-line code over chunks that stay in the cache. A few lines
of numbers are used over and over, and the results of a chunk are put together, row by row, in a
place of their own before they are copied to the rest in one go: so a chunk never leaves the cache,
and what is the same at every point is written once. Threads, which numpy lets run side by side,
take chunk after chunk.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from gradcalc.calculus import gradients
from gradcalc.engine import kernel
from gradcalc.engine.grouped import FEWEST, Chunks, Grouped, Sweeps, turned
from gradcalc.engine.schedule import Floats, Ints
from gradcalc.engine.tape import CACHE, Straight, straighten
from gradcalc.engine.unwatched import telling_below
from gradcalc.graph.graph import Graph

WORK = 1 << 22
"""So much work, in sums at a point, a thread must have: below, it waits for the others more than it
helps."""

CALLING = 20_000
"""What it takes in C to call on a thread, one after the other: two microseconds."""

WAKING = 600_000
"""So much work in C that one may be woken up for it."""

SMALL_GRAPH = 20_000
"""Nodes times outputs up to which a Jacobian is written out as straight-line code, which costs a
few microseconds a node to make. However few the points: their last bits must not depend on it."""

SMALL_PRODUCT = 1000
"""Nodes up to which vᵀJ and J u are: sweeps take less time there, the code more."""


class Many:
    """A graph at many points; ``careful`` does what is left to the sweeps."""

    def __init__(self, graph: Graph, careful: Grouped) -> None:
        self.graph = graph
        self.careful = careful

    def at(self, x: Floats, threads: int | None = None, out: Any = None) -> Everywhere:
        """The answers at N points, shape (N, n): one is in ``out``, where that has the place
        for it side by side."""
        return Everywhere(self, x, threads, out)

    @cached_property
    def is_small(self) -> bool:
        """Whether its Jacobian is worth to be written out."""
        return len(self.graph) * len(self.graph.outputs) <= SMALL_GRAPH

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


class Everywhere(Chunks):
    """The answers by code where that is worth its making; what the code has an infinity or a NaN
    in is left to the careful sweeps."""

    def __init__(self, many: Many, x: Floats, threads: int | None, out: Any) -> None:
        self.machine, self.x = many.careful, x  # without the call of Chunks' own: 0.3 µs
        self.many, self.threads, self.out = many, threads, out

    @property
    def value(self) -> Floats:
        if not self.many.is_small:
            return super().value
        return self._by(self.many.values, self.x, lambda run, _: run.value)

    def jacobian(self, mode: str) -> Floats:
        if mode != "auto" or not self.many.is_small:
            return super().jacobian(mode)
        shape = len(self.many.graph.outputs), self.x.shape[1]
        return self._by(self.many.jacobian, self.x, lambda run, _: run.jacobian("reverse"), shape)

    def vjp(self, v: Floats) -> Floats:
        if len(self.many.graph) > SMALL_PRODUCT:
            return super().vjp(v)
        points = np.hstack([self.x, v])
        return self._by(self.many.vjp, points, lambda run, rows: run.vjp(turned(v[rows])))

    def jvp(self, u: Floats) -> Floats:
        if len(self.many.graph) > SMALL_PRODUCT:
            return super().jvp(u)
        points = np.hstack([self.x, u])
        return self._by(self.many.jvp, points, lambda run, rows: run.jvp(turned(u[rows])))

    def _by(
        self,
        code: Straight,
        points: Floats,
        work: Callable[[Sweeps, Ints], Floats],
        shape: tuple[int, ...] = (),
    ) -> Floats:
        out = self.out
        if out is not None:
            out = _place(out, (len(points), *(shape or (code.columns,))), points)
        result, suspects = run(code, points, self.threads, out, shape)
        if len(suspects):
            self.fill(result, suspects, work)
        return result


def _place(out: Any, shape: tuple[int, ...], x: Floats) -> Floats | None:
    """An array to be written to, if it can be: a point may be read after its row is there."""
    if not isinstance(out, np.ndarray) or out.size != math.prod(shape) or out.dtype != float:
        return None
    fit = out.flags.carray and not np.may_share_memory(out, x)
    return np.asarray(out).reshape(shape) if fit else None


def run(
    straight: Straight,
    points: Floats,
    threads: int | None = None,
    out: Floats | None = None,
    shape: tuple[int, ...] = (),
) -> tuple[Floats, Ints]:
    """The outputs at points of shape (N, n): shape (N, columns), or of each of N the ``shape``; and
    the rows that are suspect. They are in ``out``, if it is given.

    A row is suspect when something in it is not finite, or huge: there, only a careful sweep can
    tell a structural zero from a NaN. ``threads`` is at most how many work (by default, one a
    core); the results do not depend on it, nor on the other rows.
    """
    count = len(points)
    if 0 < count < FEWEST:
        some = points[np.resize(np.arange(count), FEWEST)]
        results, suspects = run(straight, some, threads, shape=shape)
        return results[:count], suspects[suspects < count]
    results = np.empty((count, *(shape or (straight.columns,)))) if out is None else out
    work, native = count * straight.times, straight.native
    if native is None:
        rows = results.reshape(count, straight.columns)
        return results, _in_numpy(straight, points, rows, threads or _workers(work // WORK))
    workers, hurry = threads or 1, bool(threads) or work > WAKING
    if not threads and work > 4 * CALLING:
        workers = _workers(math.isqrt(work // CALLING))
    points = np.ascontiguousarray(points)
    return results, kernel.suspects(straight, points, results, workers, hurry)


def _in_numpy(straight: Straight, points: Floats, results: Floats, workers: int) -> Ints:
    waiting = straight.chunks(len(points))
    work = partial(_work, straight, points, results, waiting)
    others = [_pool(workers - 1).submit(work) for _ in range(min(workers, len(waiting)) - 1)]
    try:
        found = work()
    finally:
        waiting.clear()  # an interruption here ends the others too
    for other in others:
        found += other.result()
    return np.unique(np.concatenate(found)) if found else np.arange(0)


def _workers(worthwhile: int) -> int:
    return min(cores(), worthwhile) if worthwhile > 1 else 1


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    """Threads are kept: to start them takes as long as many a call."""
    return ThreadPoolExecutor(workers)


if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
    if kernel.native is not None:
        os.register_at_fork(after_in_child=kernel.native.forget_helpers)


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
        own = 0 if rows is not None else straight.columns
        needed = (own + straight.lines) * count
        if memory is None or len(memory) < needed:
            memory = np.empty(needed)
        self.memory = memory
        at = own * count
        self.rows = memory[:at].reshape(count, own) if rows is None else rows
        lines = memory[at:needed].reshape(-1, count)
        self.inputs = lines[: straight.inputs]
        self.sums = np.zeros(straight.sums)
        self.places = [*lines, *map(np.asarray, straight.constants)]
        self.places += [self.sums[k, ...] for k in range(straight.sums)]
        self.results = []
        for column, place in zip(self.rows.T, straight.results, strict=True):
            if place < straight.lines:
                self.results.append((column, lines[place]))
            else:
                column.fill(self.places[place])
        self.steps = straight.steps
        self.below = straight.below

    def fill(self, points: Floats, odd: Any = None) -> None:
        """Compute the rows of these points, and mark those ``odd``, if there are marks, that have a
        number which is not finite."""
        places = self.places
        self.inputs[...] = points.T
        for function, a, b, c, target in self.steps:
            if odd is not None and function is kernel.TOTAL:
                odd |= ~np.isfinite(places[a])
            elif b < 0:
                function(places[a], out=places[target])
            elif c < 0:
                function(places[a], places[b], out=places[target])
            else:
                function(places[a], places[b], places[c], out=places[target])
        for column, line in self.results:
            column[...] = line

    def suspects(self, points: Floats) -> Ints:
        """Which of these points have a number that is not finite, or coordinates too large.

        Everything is computed once more to find out: a line has many uses.
        """
        found = ~(np.abs(points) < self.below).all(axis=1)
        self.fill(points, found)
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
