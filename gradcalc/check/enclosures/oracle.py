"""Arb's answer: an enclosure of every number, narrow enough to decide its double.

The precision is doubled until it is. What the chain rule leaves open is asked for from both sides
(``gradcalc.check.enclosures.sides``); what lies on a step to the last digit tried stays open.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from gradcalc.calculus.kinds import U, V
from gradcalc.check import sweeps
from gradcalc.check.budget import Deadline
from gradcalc.check.case import Case, NoReferenceError, Reference
from gradcalc.check.compare import KINK, Dyadic, Nowhere, Open, Truth, Unchecked
from gradcalc.check.structure import Outline
from gradcalc.check.verdict import Apart
from gradcalc.graph.reach import needed

FEWEST, MOST = 128, 1 << 16
"""Bits to begin with, and to end with."""
_STEEPER = 3.0
"""A run with twice the bits takes so much longer; without time for it, there is none."""
_SMALLEST, _LARGEST = -1075, 1024
"""Powers of two: what is smaller has 0 as its double, what is larger an infinity."""

LIMIT = "limit not evaluated"
NO_VALUE = "no real value"
TOO_LARGE = "too large a number"


class _Found(NamedTuple):
    """A ball, and in the place of a number what is in its way; of a limit, from where; and the
    slopes on both sides of a kink."""

    ball: Any
    unknown: Truth = None
    limit: str = ""
    apart: Apart | None = None

    @property
    def truth(self) -> Truth:
        return middle(self.ball) if self.unknown is None else self.unknown


def truth(case: Case, deadline: Deadline) -> Reference:
    """The entries and values with proof. Raises OutOfTime and NoReferenceError."""
    try:
        from gradcalc.check.enclosures.point import UnenclosedError
    except ImportError:
        raise NoReferenceError("python-flint is not installed: pip install python-flint") from None
    with deadline.alarm():
        outline = Outline(case.graph)
        bits = FEWEST
        while True:
            before = deadline.remaining
            try:
                with precision(bits):
                    found = _Work(case, outline, deadline, bits).found()
                    answer = _answer(case, found)
            except UnenclosedError as what:
                raise NoReferenceError(f"no enclosure of {what}") from None
            spent = before - deadline.remaining
            is_open = any(isinstance(item.unknown, Open) for item in found)
            if not is_open or 2 * bits > MOST or _STEEPER * spent > deadline.remaining:
                return answer
            bits *= 2


def entries(case: Case, deadline: Deadline, bits: int) -> list[Any]:
    """A ball for every entry, flat, at the precision of ``bits`` that is in force.

    Raises OutOfTime, and NoReferenceError where an entry has none.
    """
    try:
        from gradcalc.check.enclosures.point import UnenclosedError
    except ImportError:
        raise NoReferenceError("python-flint is not installed: pip install python-flint") from None
    try:
        found = _Work(case, Outline(case.graph), deadline, bits).found()
    except UnenclosedError as what:
        raise NoReferenceError(f"no enclosure of {what}") from None
    found = found[: len(found) - len(case.graph.outputs)]
    for k, item in enumerate(found):
        if not item.ball.is_finite():
            name = case.name(k, case.kind)
            why = item.unknown.reason if isinstance(item.unknown, Unchecked) else LIMIT
            raise NoReferenceError(f"{name} has no enclosure, {why}")
    return [item.ball for item in found]


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Arb's context is its user's too: it is put back as it was."""
    from flint import ctx

    before, cap = ctx.prec, ctx.cap
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec, ctx.cap = before, cap


class _Work:
    """One case at one precision."""

    def __init__(self, case: Case, outline: Outline, deadline: Deadline, bits: int) -> None:
        from flint import arb

        from gradcalc.check.enclosures.point import Point
        from gradcalc.check.enclosures.sides import Sides

        self._case, self._outline, self._deadline = case, outline, deadline
        self._graph, self._bits = case.graph, bits
        self._arb = arb
        self._point = Point(outline, case.x, deadline)
        self._sides = Sides(outline, self._point, deadline)
        self._doubts: set[int] | None = None
        self._cotangents: sweeps.Numbers | None = None
        self._vector = dict(enumerate(case.vector))

    def found(self) -> list[_Found]:
        """The entries, flat, and after them the values."""
        values = [self._point.values[node] for node in self._graph.outputs]
        entries = self._entries()
        return [
            *(self._entry(k, ball) for k, ball in enumerate(entries)),
            *(self._told(ball, [i]) for i, ball in enumerate(values)),
        ]

    # --- the chain rule -------------------------------------------------------------------------

    def _entries(self) -> list[Any]:
        kind, m, n = self._case.kind, len(self._graph.outputs), len(self._graph.inputs)
        if kind.order == 0:
            return []
        if kind.order == 2:
            ways = [self._vector] if kind.vector else [{j: 1.0} for j in range(n)]
            columns = [self._bent(way) for way in ways]
            return [column[i] for i in range(n) for column in columns]
        if kind.vector is V:
            return self._row(self._vector)
        if kind.vector is U:
            return self._column(self._vector)
        if m <= n:
            return [ball for i in range(m) for ball in self._row({i: 1.0})]
        columns = [self._column({j: 1.0}) for j in range(n)]
        return [column[i] for i in range(m) for column in columns]

    def _at(self, numbers: Mapping[int, Any], nodes: Iterable[int]) -> list[Any]:
        self._deadline.test()
        zero = self._arb(0)
        return [numbers.get(node, zero) for node in nodes]

    def _row(self, weights: Mapping[int, float]) -> list[Any]:
        seeds: dict[int, Any] = {}
        for i, weight in weights.items():
            if weight:
                node = self._graph.outputs[i]
                seeds[node] = seeds.get(node, self._arb(0)) + self._arb(weight)
        return self._at(sweeps.reverse(self._point.slopes, seeds), self._graph.inputs)

    def _tangents(self, way: Mapping[int, float]) -> sweeps.Numbers:
        seeds = {self._graph.inputs[j]: self._arb(weight) for j, weight in way.items() if weight}
        leaves = set(self._graph.inputs)
        nodes: Iterable[int] = (node for node in self._outline.nodes if node not in leaves)
        if len(seeds) == 1:
            nodes = self._outline.dependents(*seeds)
        return sweeps.forward(self._point.slopes, seeds, nodes)

    def _column(self, way: Mapping[int, float]) -> list[Any]:
        return self._at(self._tangents(way), self._graph.outputs)

    def _bent(self, way: Mapping[int, float]) -> list[Any]:
        point = self._point
        if self._cotangents is None:
            self._cotangents = sweeps.reverse(point.slopes, {self._graph.outputs[0]: self._arb(1)})
        bent = sweeps.bend(point.slopes, point.curves, self._tangents(way), self._cotangents)
        return self._at(bent, self._graph.inputs)

    # --- what it leaves open --------------------------------------------------------------------

    def _entry(self, k: int, ball: Any) -> _Found:
        """The flat entry number ``k``, from both sides where it has to be."""
        kind, n = self._case.kind, len(self._graph.inputs)
        outputs = self._mixture(k)
        if ball.is_finite() or not all(map(math.isfinite, self._case.vector)):
            return self._told(ball, outputs)
        if kind.order == 2:
            row, column = (k, 0) if kind.vector else divmod(k, n)
            across = self._vector if kind.vector else {column: 1.0}
            curvature = self._sides.curvature({row: 1.0}, across)
            told = self._told(curvature, outputs)
            return told if told.unknown else told._replace(limit="from the points around")
        limit = self._sides.slope(self._vector if kind.vector is U else {k % n: 1.0}, outputs)
        if limit is None:
            return self._told(ball, outputs)
        if isinstance(limit, Nowhere):
            return self._nowhere(limit)
        first, *others = (as_double(side) for side in limit.sides)
        if first is not None and (not others or others == [first]):
            where = "the same on both sides" if others else f"from the {limit.only} side alone"
            return _Found(limit.sides[0], limit=where)
        if first is not None and others and others[0] is not None:
            slopes = f"has slope {first:g} on the left, {others[0]:g} on the right"
            return self._nowhere(Nowhere(slopes))._replace(apart=Apart(*limit.sides))
        return self._told(limit.joined, outputs)

    def _nowhere(self, why: Nowhere) -> _Found:
        """A kink that a note tells of is no fault of ours."""
        return _Found(self._arb.nan(), Unchecked(KINK) if self._case.kinks else why)

    def _mixture(self, k: int) -> dict[int, float]:
        """The outputs that an entry is about, and their weights."""
        kind, n = self._case.kind, len(self._graph.inputs)
        if kind.order == 2:
            return {0: 1.0}
        if kind.vector is V:
            return {i: weight for i, weight in self._vector.items() if weight}
        return {k if kind.vector is U else k // n: 1.0}

    def _told(self, ball: Any, outputs: Iterable[int]) -> _Found:
        """A ball, or in words what is in its way."""
        if as_double(ball) is not None:
            return _Found(ball)
        bits = f"{self._bits:,} bits"
        if ball.is_finite():
            return _Found(ball, Open(f"{bits} do not decide it"))
        roots = [self._graph.outputs[i] for i in outputs]
        if self._doubts is None:
            self._doubts = set(self._point.doubtful())
        doubts = self._doubts.intersection(needed(self._graph, roots))
        if doubts:
            text = " ".join(self._graph.text(min(doubts)).split())
            return _Found(ball, Open(f"{bits} do not decide {text}"))
        values = [self._point.values[root] for root in roots]
        why = LIMIT
        if not all(value.is_finite() for value in values):
            why = NO_VALUE if any(value.is_nan() for value in values) else TOO_LARGE
        return _Found(ball, Unchecked(why))


def _answer(case: Case, found: Sequence[_Found]) -> Reference:
    balls = [item.ball if item.unknown is None else _why(item) for item in found]
    known = [item.truth for item in found]
    split = len(found) - len(case.graph.outputs)
    limits = {k: item.limit for k, item in enumerate(found) if item.limit}
    return Reference(known[:split], known[split:], balls=balls, limits=limits)


def _why(item: _Found) -> Any:
    """What stands in the place of a ball."""
    if item.unknown.reason == KINK:
        return item.apart or "its sides differ"
    return item.unknown.reason


def middle(ball: Any) -> Dyadic | float:
    """The middle of a ball that decides its double; 0 where no double but 0 is as small."""
    nearest = as_double(ball)
    if not ball.is_finite() or (nearest == 0 and ball.contains(0)):
        return nearest or 0.0
    mantissa, exponent = map(int, ball.mid().man_exp())
    return Dyadic(mantissa, exponent, nearest or 0.0)


def as_double(ball: Any) -> float | None:
    """The double nearest to the number that the ball holds, if all that it holds have the same."""
    if ball.is_nan():
        return None
    if not ball.is_finite():
        return math.inf if ball > 0 else -math.inf if ball < 0 else None
    low, high = _nearest(ball.lower()), _nearest(ball.upper())
    return low if low == high else None


def _nearest(exact: Any) -> float:
    mantissa, exponent = map(int, exact.man_exp())
    size = mantissa.bit_length() + exponent
    if not mantissa or size < _SMALLEST:
        return 0.0
    if size > _LARGEST:
        return math.inf if mantissa > 0 else -math.inf
    try:
        return float(mantissa << exponent) if exponent >= 0 else mantissa / (1 << -exponent)
    except OverflowError:
        return math.inf if mantissa > 0 else -math.inf
