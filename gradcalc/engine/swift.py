"""A program by its tapes alone, where the interpreter in C is there and nothing is in doubt.

A call of a small program takes less time than to say which machine is to answer it. Here it is one
call of C; whatever is suspect (a number that is not finite, a point that is treated apart) is for
``Program.at`` to answer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.engine import kernel
from gradcalc.engine.grouped import FEWEST
from gradcalc.engine.many import SMALL_GRAPH, SMALL_PRODUCT, WORK, Many
from gradcalc.engine.schedule import Floats
from gradcalc.engine.tape import Straight

_FLOAT = np.dtype(np.float64)


class Swift:
    """The answers at a point, shape (n,), or at a few, (N, n); None where they are in doubt."""

    def __init__(self, many: Many, rows: int, columns: int) -> None:
        self._many = many
        self._rows, self._columns = rows, columns

    def value(self, x: Floats) -> Floats | None:
        return _run(self._many.values, x, (self._rows,))

    def jacobian(self, x: Floats) -> Floats | None:
        return _run(self._many.jacobian, x, (self._rows, self._columns))

    def vjp(self, x: Floats, v: Any) -> Floats | None:
        return self._product(self._many.vjp, x, v, self._rows, self._columns)

    def jvp(self, x: Floats, u: Any) -> Floats | None:
        return self._product(self._many.jvp, x, u, self._columns, self._rows)

    def _product(
        self, straight: Straight, x: Floats, vector: Any, given: int, made: int
    ) -> Floats | None:
        if x.ndim != 1 or np.shape(vector) != (given,):
            return None
        try:
            points = np.concatenate((x, vector), dtype=float)
        except (TypeError, ValueError):
            return None
        return _run(straight, points, (made,))


def swift(many: Many, rows: int, columns: int) -> Swift | None:
    """For graphs that are written out as tapes; None where tapes cannot answer."""
    size = len(many.graph)
    small = size <= SMALL_PRODUCT and size * rows <= SMALL_GRAPH
    return Swift(many, rows, columns) if kernel.native and small else None


def _run(straight: Straight, x: Floats, shape: tuple[int, ...]) -> Floats | None:
    native = straight.native
    if native is None or x.dtype != _FLOAT:
        return None
    if x.ndim == 1:
        if native.calls:
            return None
        found = np.empty(shape)
        doubt = kernel.native.point(native.tape, x, found, straight.below)
        return None if doubt else found
    count = len(x)
    if count < FEWEST or count * (len(straight.steps) + straight.columns) > WORK:
        return None
    found = np.empty((count, *shape))
    doubts = kernel.suspects(straight, np.ascontiguousarray(x), found, slice(0, count))
    return None if len(doubts) else found
