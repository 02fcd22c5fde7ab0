"""The values beside a point, and what they say of a slope there.

Where the chain rule has no answer (``sqrt(x)*sqrt(x)`` at 0, ``x**x`` at 0, a kink), the function
itself has: its rise on either side, over steps that shrink, to hundreds of digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from gradcalc.arithmetic import context
from gradcalc.check.budget import Deadline
from gradcalc.check.compare import Nowhere, Truth, Unchecked
from gradcalc.check.rerun import leaves
from gradcalc.check.structure import Outline
from gradcalc.check.tape import evaluate

_STEPS = (40, 80, 120)
"""Powers of ten by which the steps are smaller than the coordinates that move."""
_SECOND_STEPS = (40, 50)
_DIGITS = 400
_SEEN = 260
"""Digits of a value in which a rise must show."""
_AGREE = 1e-18
_GROWS = 1.2
_SHRINKS = 1e-3
"""What a step of 40 digits fewer does to a slope that is 0: x*cbrt(x)."""

LOST = "lost in cancellation"
NEARBY = "undefined nearby"


class Beside:
    """The outputs of a graph at a point and beside it."""

    def __init__(self, outline: Outline, x: Sequence[float], deadline: Deadline) -> None:
        self._outline, self._x, self._deadline = outline, x, deadline
        self._known: dict[tuple[Any, ...], list[tuple[Any, list[Any]]]] = {}
        self._long = 0  # digits before the point that have to be seen
        self._here = self._outputs({}, 0)
        if self._long:
            self._here = self._outputs({}, 0)

    def _outputs(self, along: Mapping[int, Any], step: Any) -> list[Any]:
        """The outputs when the coordinates ``along`` move by ``step`` times their weights."""
        graph = self._outline.graph
        values = leaves(graph, self._x)
        digits = _DIGITS + self._long
        with context().workdps(2 * digits):
            for j, weight in along.items():
                values[graph.inputs[j]] += step * weight
        long = evaluate(graph, self._outline.nodes, values, digits, self._deadline)
        self._long = max(self._long, long)
        return [values[node] for node in graph.outputs]

    def slope(self, along: Mapping[int, float], mixture: Mapping[int, float]) -> Truth:
        """The derivative along a direction of a mixture of outputs (their weights by number)."""
        mp = context()
        with mp.workdps(_DIGITS):
            here = _mix(mixture, self._here)
            if not mp.isfinite(here):
                return Unchecked("no real value")
            left, right = (
                _side([(h, _mix(mixture, end), here) for h, end in self._ends(along, sign)])
                for sign in (-1, 1)
            )
            return _ruled(left, right)

    def curvature(self, along: Mapping[int, float], across: Mapping[int, float]) -> Truth:
        """The second derivative of the one output, along two directions."""
        mp = context()
        with mp.workdps(_DIGITS):
            fewer, more = (self._mixed(along, across, power) for power in _SECOND_STEPS)
            if not mp.isfinite(more):
                return Unchecked(NEARBY)
            if abs(more) <= _AGREE * abs(fewer):
                return mp.mpf(0)
            return more if abs(more - fewer) <= _AGREE * abs(more) else Unchecked(LOST)

    def _mixed(self, along: Mapping[int, float], across: Mapping[int, float], power: int) -> Any:
        """The central difference across of the central difference along."""
        mp = context()
        h, g = (self._size(way) * mp.mpf(10) ** (-power - self._long) for way in (along, across))
        total = mp.mpf(0)
        for s in (1, -1):
            for t in (1, -1):
                moves = {j: s * h * weight for j, weight in along.items()}
                for j, weight in across.items():
                    moves[j] = moves.get(j, 0) + t * g * weight
                total += s * t * self._outputs(moves, 1)[0]
        return total / (4 * h * g)

    def _size(self, along: Mapping[int, float]) -> Any:
        """What a step along a direction is small beside."""
        sizes = [abs(self._x[j] / w) for j, w in along.items() if self._x[j] and w]
        return context().mpf(min(sizes, default=1.0)) or context().mpf(1)

    def _ends(self, along: Mapping[int, float], sign: int) -> list[tuple[Any, list[Any]]]:
        """Steps, and the outputs after them."""
        mp = context()
        key = (sign, *along.items())
        if key not in self._known:
            size = self._size(along)
            steps = [sign * size * mp.mpf(10) ** (-power - self._long) for power in _STEPS]
            self._known[key] = [(h, self._outputs(along, h)) for h in steps]
        return self._known[key]


def _mix(mixture: Mapping[int, float], outputs: Sequence[Any]) -> Any:
    mp = context()
    return mp.fsum(mp.mpf(weight) * outputs[i] for i, weight in mixture.items() if weight)


def _side(ends: Sequence[tuple[Any, Any, Any]]) -> Any:
    """The limit of rise over step on one side, from steps and the values there and here: None if
    there are none, NaN if it jumps, Unchecked where three steps do not show it."""
    mp = context()
    if not all(mp.isfinite(end) for _, end, _ in ends):
        return None
    rises = [(h, end - here) for h, end, here in ends]
    noise = mp.mpf(10) ** -_SEEN * max(abs(end) + abs(here) for _, end, here in ends)
    if any(0 < abs(rise) < noise for _, rise in rises):
        return Unchecked(LOST)
    slopes = [rise / h for h, rise in rises]
    jump = mp.mpf(10) ** (_STEPS[0] - _STEPS[1] + 1)
    if all(abs(near) > abs(far) / jump > 0 for far, near in pairwise(slopes)):
        return mp.nan  # the rise does not shrink with the step
    if all(abs(near) <= abs(far) * _SHRINKS for far, near in pairwise(slopes)):
        return mp.mpf(0)
    if abs(slopes[-1] - slopes[-2]) <= _AGREE * abs(slopes[-1]):
        return slopes[-1]
    if all(abs(near) > _GROWS * abs(far) for far, near in pairwise(slopes)):
        return mp.inf * mp.sign(slopes[-1])
    return Unchecked(LOST)


def _ruled(left: Any, right: Any) -> Truth:
    """The slope, if there is one; at the edge of a domain the one that there is."""
    mp = context()
    sides = [side for side in (left, right) if side is not None]
    if not sides:
        return Unchecked(NEARBY)
    for side in sides:
        if isinstance(side, Unchecked):
            return side
    if any(map(mp.isnan, sides)):
        return Nowhere("jumps here")
    if len(sides) == 1:
        return sides[0]
    if left == right or abs(left - right) <= _AGREE * max(abs(left), abs(right)):
        return right
    return Nowhere(f"has slope {_shown(left)} on the left, {_shown(right)} on the right")


def _shown(slope: Any) -> str:
    return f"{float(slope) + 0.0:g}"
