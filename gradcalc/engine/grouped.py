"""The machine for most graphs: a numpy call for each group of the schedule.

At one point the groups are long; at many, a chunk of points stands beside every node. Whatever is
computed at a point is kept there: the values, then the local partials, for every sweep to use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np

from gradcalc.engine import reverse, sweeps
from gradcalc.engine.schedule import Floats, Ints, Schedule, schedule
from gradcalc.graph.graph import Graph

MODES = ("auto", "reverse", "forward")
"""Which sweeps make a Jacobian: one for each output, one for each variable, or the fewer."""

SEED_BUFFER = 1 << 20
"""Doubles in a buffer of many seeds: eight megabytes, so that a wide Jacobian stays bounded."""

POINT_BUFFER = 1 << 17
"""Doubles in a buffer of many points: one megabyte, so that a chunk stays in the cache."""


class Grouped:
    """A graph as groups of nodes."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def schedule(self) -> Schedule:
        return schedule(self.graph)

    @cached_property
    def way_back(self) -> reverse.WayBack:
        return reverse.way_back(self.schedule)

    def at(self, x: Floats, threads: int | None = None) -> Sweeps | Chunks:
        """The answers at a point, shape (n,), or at N of them, (N, n)."""
        return Sweeps(self, x) if x.ndim == 1 else Chunks(self, x)


class Sweeps:
    """The sweeps at a point, ``x`` of shape (n,), or side by side at k points, (n, k).

    The values have shape (m,) or (m, k), and so on: the points are the last axis.
    """

    measured: Sweeps | None = None
    """What these add up the magnitudes of."""

    def __init__(self, machine: Grouped, x: Floats) -> None:
        self.machine = machine
        self.x = x
        self.buffer = sweeps.forward(machine.schedule, x)

    @cached_property
    def buffer(self) -> Floats:
        """The values of the scheduled nodes, where they are not computed at once."""
        return sweeps.forward(self.machine.schedule, self.x)

    @cached_property
    def partials(self) -> sweeps.Partials:
        if self.measured is not None:
            return sweeps.magnitudes(self.measured.partials)
        return sweeps.linearize(self.machine.schedule, self.buffer)

    @property
    def value(self) -> Floats:
        """That of each output."""
        return self.buffer[self.machine.schedule.outputs]

    @property
    def values(self) -> Floats:
        """That of each node of the graph; NaN where no output needs it."""
        place = self.machine.schedule.place
        return np.where(place >= 0, self.buffer[place], np.nan)

    def magnitudes(self) -> Sweeps:
        """The same with absolute partials: its derivatives add up |path products|."""
        other = copy(self)
        other.measured = self
        for slopes in ("partials", "at_nodes"):
            other.__dict__.pop(slopes, None)
        return other

    def vjp(self, v: Floats) -> Floats:
        return self.machine.way_back.pullback(self.partials, v)

    def jvp(self, u: Floats) -> Floats:
        return sweeps.pushforward(self.machine.schedule, self.partials, u)

    def jacobian(self, mode: str) -> Floats:
        """Shape (m, n), or (m, n, k)."""
        m, n = len(self.machine.graph.outputs), len(self.x)
        down, alone = by_rows(mode, m, n), self.x.ndim == 1
        if down and alone and m == 1:
            return self.vjp(np.ones(1))[None]
        result = np.empty((m, *self.x.shape))
        lines = result if down else result.swapaxes(0, 1)
        partials = sweeps.across_seeds(self.partials) if alone else self.partials
        for some, seeds in self._seeds(len(lines)):
            if down:
                found = self.machine.way_back.pullback(partials, seeds)
            else:
                found = sweeps.pushforward(self.machine.schedule, partials, seeds)
            lines[some] = found.T if alone else found
        return result

    def _seeds(self, count: int) -> Iterator[tuple[Any, Floats]]:
        """For every line of a Jacobian, or several at one point, where it is 1."""
        if self.x.ndim == 1:
            width = max(1, SEED_BUFFER // max(1, self.machine.schedule.size))
            for start in range(0, count, width):
                stop = min(start + width, count)
                yield slice(start, stop), np.eye(count, stop - start, -start)
        else:
            for k in range(count):
                yield k, np.outer(np.arange(count) == k, np.ones(self.x.shape[1]))


FEWEST = 8
"""Points that are computed side by side, if need be the same ones: numpy's vector code treats one
number alone, and sums of one column, otherwise than several."""


class Chunks:
    """The answers at N points, ``x`` of shape (N, n), a chunk at a time; the points come first.

    ``odd`` has the points, by number, where a value turned out not to be finite.
    """

    def __init__(self, machine: Grouped, x: Floats) -> None:
        self.machine = machine
        self.x = x

    @cached_property
    def odd(self) -> list[Ints]:
        """What ``fill`` has found so far."""
        return []

    @property
    def value(self) -> Floats:
        return self._all(lambda run, _: run.value, len(self.machine.graph.outputs))

    def jacobian(self, mode: str) -> Floats:
        m, n = len(self.machine.graph.outputs), self.x.shape[1]
        return self._all(lambda run, _: run.jacobian(mode), m, n)

    def vjp(self, v: Floats) -> Floats:
        return self._all(lambda run, rows: run.vjp(turned(v[rows])), self.x.shape[1])

    def jvp(self, u: Floats) -> Floats:
        m = len(self.machine.graph.outputs)
        return self._all(lambda run, rows: run.jvp(turned(u[rows])), m)

    def _all(self, work: Callable[[Sweeps, Ints], Floats], *shape: int) -> Floats:
        result = np.empty((len(self.x), *shape))
        self.fill(result, np.arange(len(self.x)), work)
        return result

    def fill(self, result: Floats, rows: Ints, work: Callable[[Sweeps, Ints], Floats]) -> None:
        """Put what ``work`` makes of the points ``rows`` in its place."""
        width = max(FEWEST, POINT_BUFFER // max(1, self.machine.schedule.size))
        for start in range(0, len(rows), width):
            some = rows[start : start + width]
            chunk = np.resize(some, max(FEWEST, len(some)))
            run = Sweeps(self.machine, turned(self.x[chunk]))
            result[chunk] = np.moveaxis(work(run, chunk), -1, 0)
            self.odd.append(chunk[~np.isfinite(run.value).all(axis=0)])


def by_rows(mode: str, m: int, n: int) -> bool:
    """Whether a Jacobian of m rows and n columns is made row by row."""
    return mode == "reverse" or (mode == "auto" and m <= n)


def turned(rows: Floats) -> Floats:
    return np.ascontiguousarray(rows.T)
