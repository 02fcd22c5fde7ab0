"""A point close by where what is undefined has a value: what to try instead."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from gradcalc.engine.point import At
from gradcalc.explain.undefined import Cause
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import below

STEPS = (1e-12, 1e-9, 1e-6, 1e-3)
"""How far to go, relative to the coordinate; where that is 0, how far at all."""
MOST_VARIABLES = 8
BUDGET = 0.5
"""Seconds: a hint is not worth more."""


class Nearby(NamedTuple):
    """With ``variable`` at ``at``, and all else as it was, ``number`` is what is asked for."""

    variable: str
    at: float
    number: float


def nearby(at: At, cause: Cause, number: Callable[[Sequence[float]], float]) -> Nearby | None:
    """The first point around where ``number`` of it is finite; None when none of a few is.

    One coordinate is moved at a time, of those that the offending part of the text depends on.
    """
    x = at.x.tolist()
    columns = _columns(at.program.graph, cause.node)[:MOST_VARIABLES]
    end = time.perf_counter() + BUDGET
    for column, place in _places(x, columns):
        if time.perf_counter() > end:
            return None
        moved = [*x[:column], place, *x[column + 1 :]]
        found = number(moved)
        if math.isfinite(found):
            return Nearby(at.program.variables[column], place, found)
    return None


def _columns(graph: Graph, top: int) -> list[int]:
    """The variables that node ``top`` depends on."""
    marks = below(graph, [top])
    return [column for column, node in enumerate(graph.inputs) if marks[node]]


def _places(x: Sequence[float], columns: Sequence[int]) -> Iterator[tuple[int, float]]:
    """The closest first; upwards before downwards, for roots and logarithms begin at 0."""
    for step, column, sign in product(STEPS, columns, (1.0, -1.0)):
        place = x[column] + sign * step * (abs(x[column]) or 1.0)
        yield column, float(f"{place:.13g}")
