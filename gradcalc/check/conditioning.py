"""How much an answer moves when the point or a constant is rounded: no arithmetic can do better."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace

from gradcalc.check.budget import Deadline
from gradcalc.check.case import Case, Reference
from gradcalc.check.compare import LIMIT, Nowhere, Truth, Unchecked, as_double
from gradcalc.functions.digits import context

_DELTA = 2.0**-40
"""Relative: far above the rounding of the moved point, far below anything that matters."""
_ROUNDINGS = 64.0
"""How many roundings of the point an error may amount to: one for each operation on it, about."""
_ONE_BY_ONE = 6  # coordinates; more are moved together, in random directions
_DRAWS = 4


def conditioning(
    truth: Callable[[Case, Deadline], Reference],
    case: Case,
    answer: Reference,
    deadline: Deadline,
) -> Case:
    """The case with scales that know how far a relative change eps of x moves each entry.

    ``truth`` is the method that gave ``answer``. Raises what it raises.
    """
    entries = [0.0] * len(answer.entries)
    values = [0.0] * len(answer.values)
    for signs in _directions(len(case.x)):
        ahead, behind = (truth(_moved(case, signs, delta), deadline) for delta in (_DELTA, -_DELTA))
        _widen(entries, answer.entries, ahead.entries, behind.entries)
        _widen(values, answer.values, ahead.values, behind.values)
    return replace(
        case,
        entry_scales=tuple(map(max, case.entry_scales, entries)),
        value_scales=tuple(map(max, case.value_scales, values)),
    )


def _directions(count: int) -> list[list[int]]:
    """Which coordinates move; with none of them, the constants of the formula do."""
    if count <= _ONE_BY_ONE:
        return [[int(k == j) for k in range(count)] for j in range(-1, count)]
    draw = random.Random(0)
    return [[0] * count, *(draw.choices((-1, 1), k=count) for _ in range(_DRAWS))]


def _moved(case: Case, signs: Sequence[int], delta: float) -> Case:
    if any(signs):
        x = tuple(c * (1 + s * delta) for c, s in zip(case.x, signs, strict=True))
        return replace(case, x=x)
    graph = copy(case.graph)
    graph.constants = dict(graph.constants)
    for node, number in case.graph.constants.items():
        if not number.is_integer() and node not in graph.names:  # 0.1 was rounded when it was read
            graph.constants[node] = number * (1 + delta * (1 if node % 2 else -1))
    return replace(case, graph=graph)


def _widen(
    widths: list[float], here: Sequence[Truth], ahead: Sequence[Truth], behind: Sequence[Truth]
) -> None:
    """Take the smaller of the two sides: a jump is on one side only, and widens nothing."""
    for k, three in enumerate(zip(here, ahead, behind, strict=True)):
        if not any(isinstance(true, Unchecked | Nowhere) for true in three):
            base, plus, minus = map(context().convert, three)
            both = min(abs(as_double(plus - base)), abs(as_double(minus - base)))
            widths[k] = max(widths[k], both / _DELTA * _ROUNDINGS / LIMIT)
