"""How much an answer moves when the point is rounded: no arithmetic can be asked to do better."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from gradcalc.check.budget import Deadline
from gradcalc.check.compare import Truth, Unchecked, as_double
from gradcalc.check.question import Answer, Question

_DELTA = 2.0**-40
"""Relative: far above the rounding of the moved point, far below anything that matters."""
_ONE_BY_ONE = 6  # coordinates; more are moved together, in random directions
_DRAWS = 4


def conditioning(
    truth: Callable[[Question, Deadline], Answer],
    question: Question,
    answer: Answer,
    deadline: Deadline,
) -> Question:
    """The question with scales that know how far a relative change eps of x moves each entry.

    ``truth`` is the method that gave ``answer``. Raises what it raises.
    """
    entries = [0.0] * len(answer.entries)
    values = [0.0] * len(answer.values)
    for signs in _directions(len(question.x)):
        ahead, behind = (
            truth(replace(question, x=_moved(question.x, signs, delta)), deadline)
            for delta in (_DELTA, -_DELTA)
        )
        _widen(entries, answer.entries, ahead.entries, behind.entries)
        _widen(values, answer.values, ahead.values, behind.values)
    return replace(
        question,
        entry_scales=tuple(map(max, question.entry_scales, entries)),
        value_scales=tuple(map(max, question.value_scales, values)),
    )


def _directions(count: int) -> list[list[int]]:
    if count <= _ONE_BY_ONE:
        return [[int(k == j) for k in range(count)] for j in range(count)]
    draw = random.Random(0)
    return [draw.choices((-1, 1), k=count) for _ in range(_DRAWS)]


def _moved(x: Sequence[float], signs: Sequence[int], delta: float) -> tuple[float, ...]:
    return tuple(c * (1 + s * delta) for c, s in zip(x, signs, strict=True))


def _widen(
    widths: list[float], here: Sequence[Truth], ahead: Sequence[Truth], behind: Sequence[Truth]
) -> None:
    """Take the smaller of the two sides: a jump is on one side only, and excuses nothing."""
    for k, three in enumerate(zip(here, ahead, behind, strict=True)):
        if not any(isinstance(true, Unchecked) for true in three):
            base, plus, minus = three
            both = min(abs(as_double(plus - base)), abs(as_double(minus - base)))
            widths[k] = max(widths[k], both / _DELTA)
