"""How often the values of a stream are where: a histogram in one pass and little memory.

Values are counted in cells of one width, a power of two, whose edges are multiples of it; cells
without values are not kept. Where there are too many cells, the width doubles until there are few
enough: every two cells become one, which is exact. So every count is right, and the cells are the
same in whatever order the values come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcalc.engine.schedule import Floats
from gradcalc.uncertainty.moments import Moments

CELLS = 4096
"""That are kept of a column, at most."""

Counts = NDArray[np.int64]

BARS = 32
"""That are shown, about, at most. Of no more different values, each often, each has its own."""

_WHOLE = 2.0**53
_LEAST, _GREATEST = -1074, 1023


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of the values x of a column with ``low[k]`` <= x < ``high[k]``, or of the value
    ``low[k]`` where both are the same; ``below`` and ``above`` are farther out.

    ``rows`` have a finite value, with this ``mean`` and ``deviation`` (n - 1), from ``least`` to
    ``most``; ``infinite`` are -inf and inf, and ``missing`` none.
    """

    name: str
    low: Floats
    high: Floats
    counts: tuple[int, ...]
    below: int
    above: int
    rows: int
    mean: float
    deviation: float
    least: float
    most: float
    infinite: tuple[int, int]
    missing: int


class Cells:
    """The values of a column so far. ``width`` is 0 while each value has a cell of its own."""

    def __init__(self) -> None:
        self.width = 0.0
        self.keys: Floats = np.empty(0)
        self.counts: Counts = np.empty(0, np.int64)
        self.least, self.most = math.inf, -math.inf
        self.infinite = [0, 0]
        self.missing = 0
        self._moments = Moments(1)

    def add(self, values: Floats) -> None:
        """Some more of them; NaN is none."""
        finite = values[np.isfinite(values)]
        self.missing += int(np.isnan(values).sum())
        self.infinite[0] += int((values == -math.inf).sum())
        self.infinite[1] += int((values == math.inf).sum())
        if not len(finite):
            return
        self.least = min(self.least, float(finite.min()))
        self.most = max(self.most, float(finite.max()))
        with np.errstate(all="ignore"):
            self._moments.add(finite[:, None])
            keys, counts = np.unique(_floor(finite, self.width) + 0.0, return_counts=True)
        self._merge(keys, counts)
        self._widen()

    def _merge(self, keys: Floats, counts: Counts) -> None:
        """Into the cells that there are."""
        keys, counts = np.concatenate([self.keys, keys]), np.concatenate([self.counts, counts])
        order = np.argsort(keys, kind="stable")
        keys, counts = keys[order], counts[order]
        first = np.flatnonzero(np.concatenate([[True], np.diff(keys) != 0]))
        self.keys, self.counts = keys[first], np.add.reduceat(counts, first)

    def _widen(self) -> None:
        """To the least width at which there are few enough."""
        if len(self.keys) <= CELLS:
            return
        low, high = math.frexp(self.width)[1] if self.width else _LEAST, _GREATEST
        while low < high:
            middle = (low + high) // 2
            keys = _floor(self.keys, math.ldexp(1.0, middle))
            if np.count_nonzero(np.diff(keys)) < CELLS:
                high = middle
            else:
                low = middle + 1
        self.width = math.ldexp(1.0, low)
        keys, counts = _floor(self.keys, self.width), self.counts
        self.keys, self.counts = np.empty(0), np.empty(0, np.int64)
        self._merge(keys, counts)

    def histogram(self, name: str) -> Histogram:
        low, high, counts, below, above = self._bars()
        deviation = math.sqrt(float(self._moments.covariance[0, 0]))
        rows = self._moments.rows
        return Histogram(
            name, low, high, tuple(counts.tolist()), below, above, rows,
            float(self._moments.mean[0]) if rows else math.nan,
            deviation if rows > 1 else math.nan,
            self.least if rows else math.nan, self.most if rows else math.nan,
            (self.infinite[0], self.infinite[1]), self.missing,
        )  # fmt: skip

    def _bars(self) -> tuple[Floats, Floats, Counts, int, int]:
        """Low and high ends, counts, and how many are below and above all."""
        keys, counts = self.keys, self.counts
        total = int(counts.sum())
        few = not self.width and len(keys) <= BARS and 2 * len(keys) <= total
        if few or len(keys) <= 1:
            return keys, keys, counts, 0, 0
        low, high = self._range()
        width = max(self.width, _power(high / BARS - low / BARS), float(np.spacing(abs(low))),
                    float(np.spacing(abs(high))))  # fmt: skip
        places = np.floor(keys / width)
        first, last = math.floor(low / width), math.floor(high / width)
        inside = (first <= places) & (places <= last)
        found = np.zeros(last - first + 1, np.int64)
        np.add.at(found, (places[inside] - first).astype(int), counts[inside])
        with np.errstate(over="ignore"):
            edges = (first + np.arange(len(found) + 1.0)) * width
        below, above = int(counts[places < first].sum()), int(counts[places > last].sum())
        return edges[:-1], edges[1:], found, below, above

    def _range(self) -> tuple[float, float]:
        """What is shown: all values but those far away from nearly all others."""
        below = np.cumsum(self.counts)
        first, last = (
            float(self.keys[np.searchsorted(below, part * below[-1])]) for part in (0.05, 0.95)
        )
        room = 2 * last - 2 * first
        if not 0 < room < math.inf:
            return self.least, self.most
        return max(self.least, first - room), min(self.most, last + room)


def _floor(values: Floats, width: float) -> Floats:
    """The lower edges of their cells: whole multiples of the width, which is exact; numbers beyond
    2⁵³ widths are such multiples themselves."""
    if not width:
        return values
    with np.errstate(all="ignore"):
        return np.where(
            np.abs(values) < _WHOLE * width, np.floor(values / width) * width, values
        ) + 0.0  # fmt: skip


def _power(x: float) -> float:
    """The least power of two that is no less."""
    mantissa, exponent = math.frexp(x)
    return math.ldexp(1.0, exponent - (mantissa == 0.5)) if x else math.ldexp(1.0, _LEAST)
