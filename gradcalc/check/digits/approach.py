"""The values beside a point, and what they say of a slope there.

Where the chain rule has no answer (``sqrt(x)*sqrt(x)`` at 0, ``x**x`` at 0, a kink), the function
itself has: its rise on either side, over steps that shrink, to hundreds of digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from gradcalc.check.budget import Deadline
from gradcalc.check.compare import Nowhere, Open, Truth, Unchecked
from gradcalc.check.digits.errors import Errors, errors
from gradcalc.check.digits.tape import evaluate
from gradcalc.check.structure import Outline
from gradcalc.functions.digits import context
from gradcalc.graph.exact import HUGE, huge, leaves

_STEPS = (40, 80, 120)
"""Powers of ten by which the steps are smaller than the coordinates that move."""
_SECOND_STEPS = (40, 50)
_DIGITS = 400
_AGREE = 1e-18
_GROWS = 1.2
_STAYS = 1e-20
_SHRINKS = 1e-3
"""What a step of 40 digits fewer does to a slope that is 0: x*cbrt(x)."""

LOST = "lost in cancellation"
NEARBY = "undefined nearby"


Ends = list[tuple[Any, Any]]
"""Of each output the value, and how far off it may be."""


class Beside:
    """The outputs of a graph at a point and beside it."""

    def __init__(self, outline: Outline, x: Sequence[float], deadline: Deadline) -> None:
        self._outline, self._x, self._deadline = outline, x, deadline
        self._known: dict[tuple[Any, ...], list[tuple[Any, Ends]]] = {}
        self._digits = _DIGITS
        self._stepping: set[int] = set()
        values = self._run({})
        # The smallest number on the way: the kink of max(x, y) at (0, 1e-160) is as close.
        sizes = [abs(value) for value in values.values() if value and abs(value) < 1]
        self._small = max(min([context().mpf(1), *sizes]), context().ldexp(1, -HUGE))
        held = [abs(v) for v in values.values() if context().isfinite(v) and not huge(v)]
        large = max([context().mpf(1), *held])
        self._long = int(0.302 * (context().mag(large) - context().mag(self._small)))
        self._digits += 4 * self._long
        self._here = self._outputs({})

    def slope(
        self, along: Mapping[int, float], mixture: Mapping[int, float], scale: float
    ) -> Truth:
        """The derivative along a direction of a mixture of outputs (their weights by number). A 0
        is one beside ``scale``, the size of the entry."""
        mp = context()
        with mp.workdps(self._digits):
            here, noise = _mix(mixture, self._here)
            if not mp.isfinite(here):
                return Unchecked("no real value")
            sides = []
            for sign in (-1, 1):
                ends = [(h, *_mix(mixture, end)) for h, end in self._ends(along, sign)]
                sides.append(_side([(h, end - here, more + noise) for h, end, more in ends], scale))
            return self._open([i for i, weight in mixture.items() if weight]) or _ruled(*sides)

    def _open(self, outputs: Sequence[int]) -> Open | None:
        """What has been on a step at some of the points, to all digits."""
        near = Errors(stepping=self._stepping)
        return near.open(self._outline.graph, outputs, self._digits, of_slopes=False)

    def curvature(
        self, along: Mapping[int, float], across: Mapping[int, float], scale: float
    ) -> Truth:
        """The second derivative of the one output, along two directions."""
        mp = context()
        if not mp.isfinite(self._here[0][0]):
            return Unchecked("no real value")
        with mp.workdps(self._digits):
            rises = [self._mixed(along, across, power) for power in _SECOND_STEPS]
            if not all(mp.isfinite(rise) for _, rise, _ in rises):
                return Unchecked(NEARBY)
            (step, fewer, _), (closer, more, noise) = rises
            fewer, more = fewer / step, more / closer
            true: Truth = Unchecked(LOST)
            if abs(more) <= max(_AGREE * abs(fewer), noise / closer):
                true = _zero(closer, noise, scale)
            elif abs(more - fewer) <= _AGREE * abs(more):
                true = more
            return self._open([0]) or true

    def _mixed(
        self, along: Mapping[int, float], across: Mapping[int, float], power: int
    ) -> tuple[Any, Any, Any]:
        """The product of two steps, the difference across of the difference along, and how far off
        that may be."""
        mp = context()
        h, g = (self._size(way) * mp.mpf(10) ** (-power - self._long) for way in (along, across))
        total, noise = mp.mpf(0), mp.mpf(0)
        for s in (1, -1):
            for t in (1, -1):
                moves = {j: s * h * weight for j, weight in along.items()}
                for j, weight in across.items():
                    moves[j] = moves.get(j, 0) + t * g * weight
                end, more = self._outputs(moves)[0]
                total, noise = total + s * t * end, noise + more
        return 4 * h * g, total, noise

    def _outputs(self, moves: Mapping[int, Any]) -> Ends:
        """The outputs when the coordinates move."""
        graph, values = self._outline.graph, self._run(moves)
        near = errors(graph, values, self._digits, self._deadline)
        self._stepping |= near.stepping
        return [(values[node], near.sizes[node]) for node in graph.outputs]

    def _run(self, moves: Mapping[int, Any]) -> dict[int, Any]:
        graph = self._outline.graph
        values = leaves(graph, self._x)
        with context().workdps(self._digits):
            for j, move in moves.items():
                values[graph.inputs[j]] += move
        evaluate(graph, self._outline.nodes, values, self._digits, self._deadline)
        return values

    def _size(self, along: Mapping[int, float]) -> Any:
        """What a step along a direction is small beside."""
        sizes = [abs(self._x[j] / w) for j, w in along.items() if self._x[j] and w]
        weight = max((abs(w) for w in along.values()), default=0.0) or 1.0
        return self._small * (min(sizes, default=0.0) or 1 / weight)

    def _ends(self, along: Mapping[int, float], sign: int) -> list[tuple[Any, Ends]]:
        """Steps, and the outputs after them."""
        mp = context()
        key = (sign, *along.items())
        if key not in self._known:
            size = self._size(along)
            steps = [sign * size * mp.mpf(10) ** (-power - self._long) for power in _STEPS]
            self._known[key] = [
                (h, self._outputs({j: h * weight for j, weight in along.items()})) for h in steps
            ]
        return self._known[key]


def _mix(mixture: Mapping[int, float], outputs: Ends) -> tuple[Any, Any]:
    mp = context()
    parts = [(mp.mpf(weight), *outputs[i]) for i, weight in mixture.items() if weight]
    return mp.fsum(w * value for w, value, _ in parts), mp.fsum(abs(w) * e for w, _, e in parts)


def _zero(step: Any, noise: Any, scale: float) -> Truth:
    """0, if a slope as large as the scale would have shown."""
    is_seen = not scale or noise <= _AGREE * scale * abs(step)
    return context().mpf(0) if is_seen else Unchecked(LOST)


def _side(rises: Sequence[tuple[Any, Any, Any]], scale: float) -> Any:
    """The limit of rise over step on one side, from steps, rises and how far off those may be: None
    if there are none, NaN if it jumps, Unchecked where three steps do not show it."""
    mp = context()
    if not all(mp.isfinite(rise) for _, rise, _ in rises):
        return None
    if all(abs(rise) <= noise for _, rise, noise in rises):
        return _zero(rises[0][0], rises[0][2], scale)
    if any(0 < abs(rise) <= noise for _, rise, noise in rises):
        return Unchecked(LOST)
    slopes = [rise / h for h, rise, _ in rises]
    if all(
        abs(near) > abs(far) * (1 - mp.mpf(_STAYS)) > 0
        for far, near in pairwise(rise for _, rise, _ in rises)
    ):
        return mp.nan  # the rise does not shrink with the step: x**1e-3 does, by a twelfth
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
    size = max(abs(left), abs(right))
    if left == right or (mp.isfinite(size) and abs(left - right) <= _AGREE * size):
        return right
    return Nowhere(f"has slope {_shown(left)} on the left, {_shown(right)} on the right")


def _shown(slope: Any) -> str:
    return f"{float(slope) + 0.0:g}"
