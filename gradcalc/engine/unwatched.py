"""May a batch of slopes leave its values uncomputed, and up to which inputs?

At many points only slopes are computed, where they are all that was asked for. But a slope may be
a number where the value is none: log(x) has the slope 1/x by formula, at -1 too. A value is NaN
where a function was asked for outside its domain, or where an overflow met another (inf - inf,
0 * inf, sin(inf)). Where neither can happen unseen, the values need not be looked at: they are
finite, or a slope is not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcalc.engine.schedule import Access, Group, Ints, Schedule
from gradcalc.functions.primitives import DIV, MUL, SQUARE, TABLE, VARIABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import active

_LARGE = 1e30
"""A growing function or a quotient that is larger has a slope that is larger still; no steep one
is. What neither grows nor is steep is at most ``_MORE`` larger than the sum of its operands."""
_MORE = 4.0
"""Of a function of neither kind: what it may add to the sizes of its operands."""
_SAFE = 1e300
"""Of a value: no larger one is let pass, so that none overflows unseen."""
_MAGNITUDES = (1e100, 1e30)


def telling_below(graph: Graph) -> float:
    """Up to which magnitude of the inputs some slope is not finite wherever a value is undefined;
    0 where that cannot be promised, and the values have to be looked at."""
    primitives = [TABLE[code] for code in graph.codes]
    if _has_fixed_overflow(graph):
        return 0.0
    if not all(primitive.tells for primitive in primitives) and any(
        primitive.domain or _grows(primitive) for primitive in primitives
    ):
        return 0.0
    for magnitude in _MAGNITUDES:
        if _largest(graph, primitives, magnitude) <= _SAFE:
            return magnitude
    return 0.0


def _has_fixed_overflow(graph: Graph) -> bool:
    """Whether something is not finite wherever the point is: exp(1000), which no slope knows of.
    What is finite has become a constant."""
    moving = active(graph)
    return not all(moving[node] or node in graph.constants for node in range(len(graph)))


def _grows(primitive: Primitive) -> bool:
    """Whether it overflows on its own; of products the operands tell."""
    return not primitive.arithmetic and primitive.grows


def _largest(graph: Graph, primitives: list[Primitive], magnitude: float) -> float:
    """No value is larger, but those of which a slope tells."""
    bounds: list[float] = []
    for node, primitive in enumerate(primitives):
        sizes = [bounds[column[node]] for column in graph.operands[: primitive.arity]]
        if node in graph.constants:
            bound = abs(graph.constants[node])
        elif primitive is VARIABLE:
            bound = magnitude
        elif primitive is MUL:
            bound = sizes[0] * sizes[1]
        elif primitive is SQUARE:
            bound = sizes[0] * sizes[0]
        elif primitive is DIV:
            bound = sizes[0] * _LARGE
        elif primitive.steep or _grows(primitive):
            bound = _LARGE
        else:
            bound = sum(sizes, _MORE)
        bounds.append(bound)
    return max(bounds, default=0.0)


# --- at one point: what the slopes do not read ----------------------------------------------------

_LIMITS = (300, 100, 30)
"""Binary exponents: a limit for the values that are read on the way to what is left out."""
_OVERFLOW = 1000
"""No value of a larger binary exponent is let pass."""


class Unread(NamedTuple):
    """Groups of a schedule that no slope needs, by number: where the numbers at the places
    ``guarded`` are below the ``limit``, and those at ``positive`` are that too, none of them is
    NaN or infinite. ``telling`` are the other places that tell of a NaN."""

    groups: frozenset[int]
    guarded: list[slice]
    positive: list[tuple[Access, int]]
    limit: float
    telling: Ints


def unread(schedule: Schedule, reads: Sequence[Collection[int]]) -> Unread:
    """``reads`` are the operands (0, 1, 2) and the value (3) that the slopes of each group read."""
    maker = np.zeros(schedule.size, np.intc)  # 0: inputs and constants
    for number, group in enumerate(schedule.groups, start=1):
        maker[group.results] = number
    makers = [[_marked(operand.read(maker)) for operand in group.operands]
              for group in schedule.groups]  # fmt: skip
    pairs = zip(schedule.groups, reads, strict=True)
    needed = np.array([3 in some or not _is_bounded(group, some) for group, some in pairs], bool)
    for index in range(len(makers) - 1, -1, -1):
        for k, found in enumerate(makers[index]):
            if needed[index] or k in reads[index]:
                needed[found[found >= 0]] = True
    for exponent in _LIMITS:
        bounds = _bounds(schedule, makers, needed, exponent)
        if max(bounds, default=0.0) <= _OVERFLOW:
            break
    else:
        needed[:] = True
    left = [index for index in range(len(makers)) if not needed[index]]
    read = np.unique(np.concatenate([np.zeros(0, int), *(f for k in left for f in makers[k])]))
    guarded = [slice(0, schedule.n_inputs)] if -1 in read and schedule.n_inputs else []
    guarded += [schedule.groups[k].results for k in read.tolist() if k >= 0 and needed[k]]
    groups = [schedule.groups[k] for k in left]
    outside = np.append(True, needed)[maker[schedule.telling]]
    return Unread(
        groups=frozenset(left),
        guarded=guarded,
        positive=[(group.operands[0], group.size) for group in groups if group.primitive.domain],
        limit=2.0**exponent,
        telling=schedule.telling[outside],
    )


def _marked(makers: Ints) -> Ints:
    """Which groups these are; -1 for inputs and constants."""
    return np.flatnonzero(np.bincount(np.atleast_1d(makers))) - 1


def _is_bounded(group: Group, reads: Collection[int]) -> bool:
    """Whether the size of its operands tells that of its value. Of a logarithm they have to be
    positive, and there to be looked at."""
    primitive = group.primitive
    if primitive.slow:
        return 0 in reads
    known = primitive in (MUL, SQUARE) or not (primitive.grows or primitive.steep)
    return known and not primitive.domain


def _bounds(schedule: Schedule, makers: Any, needed: Any, exponent: int) -> list[float]:
    """Binary exponents of the values that are left out, where what they are made of is guarded."""
    constants = np.abs(schedule.constants)
    largest = np.log2(np.maximum(constants, 1).max(initial=1))
    leaf = float(max(exponent, largest if np.isfinite(largest) else np.inf))
    bounds: list[float] = []
    for index, group in enumerate(schedule.groups):
        sizes = [max(leaf if k < 0 or needed[k] else bounds[k] for k in found)
                 for found in makers[index]]  # fmt: skip
        if needed[index]:
            bound = 0.0
        elif group.primitive is MUL:
            bound = sum(sizes)
        elif group.primitive is SQUARE:
            bound = 2 * sizes[0]
        else:
            bound = 11.0 if group.primitive.slow else max(2.0, *sizes) + 2
        bounds.append(bound)
    return bounds
