"""How far two sound computations of one graph may be apart.

Addition, multiplication and whatever else every processor rounds in one way come out the same to
the last bit; two libraries' ``exp`` may differ by some ulps, and what is computed from it by as
much as the graph makes of that. So every node has a bound: how far its value moves if its operands
move within theirs, and the ulps of its own function. Where a bound is 0, one wrong bit is a fault.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from gradcalc.engine.schedule import Floats
from gradcalc.functions.primitives import MOD, TABLE
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed, operands

ULPS = 8.0
"""Between two libraries' values of a function: each is within 4 ulps of the truth."""

_TURN = 0.25
"""From so much on, a function may have turned between the ends of an interval."""

_DOUBLE, _SINGLE = 2.0**-52, 2.0**-23
_LARGEST_SINGLE = float(np.finfo(np.float32).max)
_TINY, _TINY_SINGLE = 5e-324, 1.5e-45


def bounds(
    graph: Graph, values: dict[int, Any], exact: float = 0.0, single: bool = False
) -> Floats:
    """For each output and point, shape (m, N), how far a computed value may be from another one.

    ``values`` has those of all nodes; ``exact`` are the ulps of the operations that are rounded
    correctly: 0 where they are done in one order, more where not. Infinite where nothing is known.
    """
    unit, tiny = (_SINGLE, _TINY_SINGLE) if single else (_DOUBLE, _TINY)
    found: dict[int, Any] = {}
    with np.errstate(all="ignore"):
        for node in needed(graph, graph.outputs, closed=graph.constants):
            value = values[node]
            primitive = TABLE[graph.codes[node]]
            if node in graph.constants:
                found[node] = np.abs(value) * unit if single else np.zeros(len(value))
            elif not primitive.arity:
                found[node] = np.zeros(len(value))
            else:
                below = operands(graph, node)
                given, moved = ([of[k] for k in below] for of in (values, found))
                rounds = primitive.arithmetic or primitive.rounded
                ulps = ULPS if not primitive.exact else exact if rounds else 0.0
                size = np.abs(value)
                own = np.where(np.isfinite(size), ulps * (unit * size + tiny), 0.0)
                if primitive.steps:
                    own = own + _near_zeros(primitive, given, value)
                found[node] = _moved(primitive, given, moved, value) + (own if ulps else 0.0)
                if single:  # where floats overflow, what is computed further may be anything
                    found[node] = np.where(size > _LARGEST_SINGLE, np.inf, found[node])
    return np.array([found[node] for node in graph.outputs])


_MORE_DIGITS = 2.0**-6
"""Of an ulp, where a function is computed with more digits than it is given."""


def _near_zeros(primitive: Any, given: list[Any], value: Any) -> Any:
    """What a few of those digits make where the value is much smaller than what cancels in it."""
    *order, x = given
    beside = np.asarray(primitive.numpy(*order, x * (1 + _DOUBLE)), float)
    return np.nan_to_num(_MORE_DIGITS * np.abs(beside - value), posinf=0.0)


def _ends(centre: Any, move: Any) -> list[Any]:
    """Where an operand may lie at most, and 0 where that is between: 0/0 is there alone."""
    ends = [centre - move, centre + move]
    across = (move >= np.abs(centre)) & np.isfinite(move)
    return [*ends, np.where(across, 0.0, centre)] if across.any() else ends


def _moved(primitive: Any, given: list[Any], moved: list[Any], value: Any) -> Any:
    """How far the value moves at the corners of what the operands may be."""
    most = np.zeros(len(value))
    here = np.flatnonzero(np.any([move != 0 for move in moved], axis=0))
    if not len(here):
        return most
    some = [operand[here] for operand in given]
    moves = [move[here] for move in moved]
    for corner in product(*map(_ends, some, moves)):
        end = np.asarray(primitive.numpy(*corner), float)
        centre = value[here]
        same = (end == centre) | (np.isnan(end) & np.isnan(centre))
        away = np.where(same, 0.0, np.abs(end - centre))
        away = np.where(np.isnan(away), np.inf, away)
        if primitive is MOD:  # past a multiple, a remainder may be anything
            ratio = some[0] / some[1]
            turns = (np.floor(corner[0] / corner[1]) != np.floor(ratio)) | ~(np.abs(ratio) < 1e15)
            away = np.where(turns, np.inf, away)
        most[here] = np.fmax(most[here], away)
    if not (primitive.selects or primitive.boolean or primitive.flat):
        # of a wave that is moved past a turn, too, the corners say nothing
        far = np.inf if primitive.exact or primitive.tame else _TURN
        lost = [np.abs(move) >= far for move in moves]
        most[here] = np.where(np.any(lost, axis=0), np.inf, most[here])
    return most
