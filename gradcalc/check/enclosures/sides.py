"""A slope as a limit from either side, enclosed: where the chain rule has no answer.

At a kink, at the edge of a domain and where 0/0 hides a smooth function, the graph itself is a
power series just beside the point: each side of ``where(x == 0, 1, sin(x)/x)`` takes the branch
that holds there, and the first coefficients that are not 0 cancel exactly. Where roots meet 0 the
series goes in powers of a root of the step: x = s**2 makes ``x*sqrt(x)`` a series in s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flint import arb, arb_series, ctx

from gradcalc.check.budget import Deadline
from gradcalc.check.compare import Nowhere
from gradcalc.check.enclosures.point import Point, call
from gradcalc.check.structure import Outline
from gradcalc.functions.balls import NAN
from gradcalc.functions.primitives import VARIABLE
from gradcalc.graph.reach import operands

_ROOTS = (1, 2, 6)
"""Which power of s the step is: square and cube roots of it are powers of s too."""
_TERMS = 8
"""Of the step, to begin with: divisions by small numbers use some of them up."""


_NEARBY = -60
"""Power of two, relative: beside the edge of a domain."""
_SLANTS = (0.75, -1.25)
"""Ways between two directions: mixed derivatives have to agree in them."""

Way = Mapping[int, float]
"""How much each input moves, by its number."""


class Side(NamedTuple):
    """The limit of an output on one side, and of its first and second derivative along the way
    there; NaN where one is not known."""

    value: Any
    slope: Any
    bend: Any


Pair = tuple[Side | None, Side | None]
"""The left and the right; None where there are no values."""


class Limit(NamedTuple):
    """A derivative as a limit from both sides: ``left`` is ``right`` up to the width of the balls
    where there is one. None for a side on which the function has no value."""

    left: Any
    right: Any

    @property
    def sides(self) -> list[Any]:
        return [side for side in self if side is not None]

    @property
    def only(self) -> str:
        """The side that there is."""
        return "left" if self.right is None else "right"

    @property
    def joined(self) -> Any:
        """One ball for both sides, where they meet; else NaN."""
        first, last = self.sides[0], self.sides[-1]
        return first.intersection(last) if first.overlaps(last) else NAN


class Sides:
    """A mixture of the outputs of a graph beside a point: ``weights`` by number of the output."""

    def __init__(
        self, outline: Outline, point: Point, deadline: Deadline, terms: int = _TERMS
    ) -> None:
        self._outline, self._point, self._deadline = outline, point, deadline
        self._terms = terms
        self._known: dict[tuple[Any, ...], list[Side]] = {}

    def slope(self, way: Way, weights: Way) -> Limit | Nowhere | None:
        """The derivative along ``way``, from either side; None where no side shows it."""
        both = self._both(way, weights)
        return both if both is None or isinstance(both, Nowhere) else _slopes(both)

    def curvature(self, along: Way, across: Way) -> Any:
        """The second derivative of the one output along two directions; NaN where it is not
        known."""
        own = self._curvature(along)
        if along == across or not own.is_finite():
            return own
        found = arb.pos_inf()
        for weight in _SLANTS:
            way = {j: along.get(j, 0) + weight * across.get(j, 0) for j in {**along, **across}}
            mixed = self._curvature(way) - own - arb(weight) ** 2 * self._curvature(across)
            part = mixed / (2 * arb(weight))
            if not found.is_finite():
                found = part
            elif not found.overlaps(part):
                return NAN
        return found

    def _curvature(self, way: Way) -> Any:
        both = self._both(way, {0: 1.0})
        if both is None or isinstance(both, Nowhere):
            return NAN
        bends = Limit(*(side and side.bend for side in both))
        return bends.joined if _slopes(both).joined.is_finite() else NAN

    def _both(self, way: Way, weights: Way) -> Pair | Nowhere | None:
        """Both sides, None for one that has no values, if the others continue the value here."""
        outputs = self._outline.graph.outputs
        here = sum((arb(w) * self._point.values[outputs[i]] for i, w in weights.items()), arb(0))
        found: list[Side | None] = []
        for sign in (-1, 1):
            sides = self.along(way, sign)
            side = Side(*(
                sum((arb(w) * sides[i][k] for i, w in weights.items()), arb(0)) for k in range(3)
            ))  # fmt: skip
            if side.value.is_finite() and here.is_finite() and not side.value.overlaps(here):
                return Nowhere("jumps here")
            if not side.slope.is_nan() and here.is_finite():
                found.append(side)
            elif side.value.is_nan() and self.is_outside(way, sign, weights):
                found.append(None)
            else:
                return None
        return None if found == [None, None] else (found[0], found[1])

    def is_outside(self, way: Way, sign: int, weights: Way) -> bool:
        """Whether there is no value beside the point: it is the edge of a domain."""
        graph = self._outline.graph
        x = [self._point.values[node] for node in graph.inputs]
        for j, weight in way.items():
            x[j] += sign * arb(weight) * arb(2) ** _NEARBY * abs(x[j]).max(1)
        point = Point(self._outline, x, self._deadline)
        doubts = point.doubtful()
        return not doubts and any(not point.values[graph.outputs[i]].is_finite() for i in weights)

    def along(self, way: Way, sign: int) -> list[Side]:
        """For each output the side that is reached when the inputs move by t times ``sign`` times
        their weights, for small t > 0; derivatives are by t."""
        key = (sign, *sorted(way.items()))
        if key not in self._known:
            best = [Side(NAN, NAN, NAN)] * len(self._outline.graph.outputs)
            for root in _ROOTS:
                found = [_side(germ, root) for germ in self._germs(way, sign, root)]
                best = [b if a.slope.is_nan() else a for a, b in zip(best, found, strict=True)]
                if not any(side.slope.is_nan() for side in best):
                    break
            self._known[key] = best
        return self._known[key]

    def ends(self, way: Way) -> list[Any]:
        """Where the outputs go when the inputs come along ``way`` from t > 0 to t = 0; NaN for one
        that is no power series in a root of t."""
        best: list[Any] = [NAN] * len(self._outline.graph.outputs)
        for root in _ROOTS:
            germs = self._germs(way, 1, root)
            best = [b if a.is_nan() else a for a, b in zip(best, map(_end, germs), strict=True)]
            if not any(end.is_nan() for end in best):
                break
        return best

    def coefficient(self, order: int) -> Any:
        """Of the one output of one variable, the coefficient of t**order at x + t; NaN where its
        two sides differ."""
        germs = [self._germs({0: 1.0}, sign, 1)[0] for sign in (1, -1)]
        right, left = (_term(g, 1, order) if isinstance(g, arb_series) else arb(0) for g in germs)
        left = left * (-1) ** order
        return right.intersection(left) if right.overlaps(left) else NAN

    def _germs(self, way: Way, sign: int, root: int) -> list[Any]:
        graph, point = self._outline.graph, self._point
        ctx.cap = self._terms * root
        step = [0] * root
        germs: dict[int, Any] = {
            graph.inputs[j]: arb_series(
                [point.values[graph.inputs[j]], *step[1:], sign * arb(weight)]
            )
            for j, weight in way.items()
            if weight
        }
        for count, node in enumerate(self._outline.nodes):
            if count % 64 == 0:
                self._deadline.test()
            within = operands(graph, node)
            if graph.codes[node] != VARIABLE.code and any(below in germs for below in within):
                numbers = [germs.get(below, point.values[below]) for below in within]
                germs[node] = call(graph.codes[node], numbers)
        return [germs.get(node, point.values[node]) for node in graph.outputs]


def _slopes(both: Pair) -> Limit:
    left, right = both
    return Limit(left and -left.slope, right and right.slope)


def _side(germ: Any, root: int) -> Side:
    """What a power series in s says of t = s**root."""
    if isinstance(germ, arb):  # it does not move
        still = arb(0) if germ.is_finite() else NAN
        return Side(germ, still, still)
    value, slope = (germ[0], _term(germ, root, 1)) if germ.prec else (NAN, NAN)
    return Side(value, slope, 2 * _term(germ, root, 2) if slope.is_finite() else NAN)


def _end(germ: Any) -> Any:
    if isinstance(germ, arb):
        return germ
    return germ[0] if germ.prec else NAN


def _term(germ: Any, root: int, order: int) -> Any:
    """The coefficient of t**order, infinite if it is preceded by roots of t that grow faster."""
    if germ.prec <= order * root:
        return NAN
    for k in range((order - 1) * root + 1, order * root):
        if germ[k] > 0:
            return arb.pos_inf()
        if germ[k] < 0:
            return arb.neg_inf()
        if not germ[k].is_zero():
            return NAN
    return germ[order * root]
