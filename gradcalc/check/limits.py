"""Limits: the numbers that a formula only says beside the point, (x² - 1)/(x - 1) at 1.

The values and the derivatives are graphs, and each is followed into the point from several sides:
along every way as a power series in balls, or, where it is none (``x*log(x)``, ``(1 + x)**(1/x)``),
by its values over steps that shrink, to hundreds of digits. All ways have to lead to the same
number; a way on which there are no values is beyond the edge of a domain. What is the same along
all of them is the value, and the derivative, of the function that continues the formula.

In several variables the ways are a sample: there no ball is said to prove anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, NamedTuple

from gradcalc.calculus.gradients import gradient_graph, jacobian_graph
from gradcalc.calculus.kinds import U, V
from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.case import Case, NoReferenceError, Reference
from gradcalc.check.compare import Nowhere, Open, Truth, Unchecked
from gradcalc.check.digits.approach import LOST, NEARBY
from gradcalc.check.enclosures.oracle import LIMIT, NO_VALUE
from gradcalc.check.structure import Outline
from gradcalc.functions.digits import context
from gradcalc.functions.primitives import TABLE
from gradcalc.graph.exact import leaves, rerun
from gradcalc.graph.reach import operands

_REASONS = {LIMIT, NO_VALUE, NEARBY, LOST}
"""For these numbers are missing that may be limits; others are a kink's, or there was no time."""
_SHARE = 0.5
"""What part of the time that is left may be used."""
_LARGEST, _MOST = 50_000, 400
"""Nodes of a graph of derivatives that is still followed, and derivatives in it."""
_BITS, _TERMS = 256, 12
_STEPS = (20, 40, 60)
"""Powers of ten by which a step is smaller than what it moves."""
_DIGITS, _TRUSTED = 700, 2200
"""Digits, and bits of the largest number on the way above which a difference is no rounding."""
_AGREE = 1e-18
_SHRINKS, _GROWS = 1e-3, 1.2
BOTH = "the same on both sides"
_PACES = (1.0, 0.8109302162163288, 1.2337005501361697, 0.6931471805599453, 1.4426950408889634)
"""How far the coordinates move along a way, beside each other: in no simple ratios."""


class Limit(NamedTuple):
    """The number, from where, and a ball that proves it if there is one."""

    number: Truth
    where: str
    ball: Any = None


def close(case: Case, reference: Reference, deadline: Deadline, *, of_values: bool) -> int:
    """Put limits into ``reference`` in the place of what is not known: of entries of outputs that
    have a value; with ``of_values`` of these values too, where they have none. Says how many."""
    split, m = len(reference.entries), len(case.graph.outputs)
    numbers = [*reference.entries, *reference.values[:m]]
    continuous = _Continuous(case)
    lost = {
        i: of_values or (isinstance(value, Open) and bool(continuous))
        for i, value in enumerate(numbers[split:])
        if _is_gap(value)
    }
    # some ways past a kink may all pass it on one side
    kinked = len(case.x) > 1 and any(TABLE[code].kink for code in set(case.graph.codes))
    wanted = [
        k for k in range(split)
        if _is_gap(numbers[k]) and not (kinked and isinstance(numbers[k], Open))
        and all(lost.get(i, True) for i in _outputs(case, k))
    ] + [split + i for i, told in lost.items() if told]  # fmt: skip
    if not wanted:
        return 0
    try:
        share = deadline.share(_SHARE)
        with share.alarm():
            entries, values = _limits(case, share)
        values = _confirmed(case, values, lost, deadline.share(_SHARE))
    except (OutOfTime, NoReferenceError):
        return 0
    reference.limits = {k: where for k, where in reference.limits.items() if k < split}
    met = [_meets(value, numbers[split + i], i in lost) for i, value in enumerate(values)]
    told = 0
    for k in wanted:
        about = _outputs(case, k) if k < split else [k - split]
        limit = entries[k] if k < split else values[k - split]
        if limit is None or not all(met[i] for i in about):
            continue
        truths, place = (reference.entries, k) if k < split else (reference.values, k - split)
        truths[place] = limit.number
        reference.limits[k] = limit.where
        told += 1
        if reference.balls:
            place = k if k < split else len(reference.balls) - m + place
            reference.balls[place] = "a limit, not proven" if limit.ball is None else limit.ball
    return told


def named(method: str, case: Case, found: int) -> str:
    """Who answered, where so many of the numbers are limits."""
    if not found:
        return method
    return "limits" if found == len(case.numbers) else f"{method}+limits"


def _confirmed(
    case: Case, values: Sequence[Limit | None], lost: Iterable[int], deadline: Deadline
) -> list[Limit | None]:
    """The values, without those of which sympy's limit is another. It is asked where there is one
    variable, no ball, and time."""
    told = list(values)
    for i in lost if len(case.x) == 1 else ():
        limit = told[i]
        if limit is None or limit.ball is not None:
            continue
        from gradcalc.check.symbolic.limit import limit as of_sympy  # deferred: sympy

        try:
            with deadline.alarm():
                sides = (-1, 1) if limit.where == BOTH else (1 if "right" in limit.where else -1,)
                others = [of_sympy(case.graph, i, case.x[0], sign) for sign in sides]
        except OutOfTime:
            return told
        known = [other for other in others if other is not None]
        if not all(_same(limit.number, other) for other in known):
            told[i] = None
        elif known:
            told[i] = limit._replace(where=f"{limit.where}; sympy's limit is the same")
    return told


def _is_gap(true: Truth) -> bool:
    return isinstance(true, Open) or (isinstance(true, Unchecked) and true.reason in _REASONS)


def _outputs(case: Case, k: int) -> Sequence[int]:
    """The outputs that the flat entry ``k`` is about."""
    kind = case.kind
    if kind.order == 2:
        return [0]
    if kind.vector is V:
        return [i for i, weight in enumerate(case.vector) if weight]
    return [k if kind.vector is U else k // len(case.graph.inputs)]


def _meets(limit: Limit | None, value: Truth, is_lost: bool) -> bool:
    """Whether a function has the limit for its value: without one, it takes it."""
    if limit is None or isinstance(value, Nowhere):
        return False
    if is_lost:
        return bool(context().isfinite(limit.number))
    return isinstance(value, Unchecked) or _same(limit.number, value)


class _Continuous:
    """Whether a formula is continuous wherever it has a value: nothing in it jumps at the point."""

    def __init__(self, case: Case) -> None:
        self._case = case

    def __bool__(self) -> bool:
        graph = self._case.graph
        if self._case.kinks:
            return False
        for node, code in enumerate(graph.codes):
            primitive = TABLE[code]
            fixed = any(below in graph.constants for below in operands(graph, node))
            if primitive.flat or primitive.boolean or (primitive.jump and not fixed):
                return False
        return True


# --- the graph of all numbers ---------------------------------------------------------------------


def _limits(case: Case, deadline: Deadline) -> tuple[list[Limit | None], list[Limit | None]]:
    """The limits of the entries and of the values; None where there is none, or none was found."""
    graph, order = case.graph, case.kind.order
    count = len(graph.inputs) * len(graph.inputs if order == 2 else graph.outputs)
    if order and (count > _MOST or len(graph) * count > _LARGEST):
        raise NoReferenceError("too large for limits")
    made = graph
    if order:
        first = gradient_graph(graph) if order == 2 else graph
        made = jacobian_graph(first)
        made.outputs += graph.outputs
        made.output_names += graph.output_names
    about = [0] * count if order == 2 else [k // len(graph.inputs) for k in range(count)]
    about = (about if order else []) + list(range(len(graph.outputs)))
    paths = _Paths(Outline(made), Outline(graph), case.x, deadline)
    split = len(about) - len(graph.outputs)
    found = [paths.limit(k, i, order if k < split else 0) for k, i in enumerate(about)]
    partials, values = found[:split], found[split:]
    if not case.kind.vector:
        return partials, values
    return list(_products(case, partials)), values


def _products(case: Case, partials: Sequence[Limit | None]) -> Iterator[Limit | None]:
    n = len(case.graph.inputs)

    def partial(i: int, j: int) -> Truth:
        limit = partials[i * n + j]
        return Unchecked("no limit") if limit is None else limit.number

    where = next((limit.where for limit in partials if limit is not None), "")
    for number in case.assemble(partial):
        yield None if isinstance(number, Unchecked) else Limit(number, where)


# --- ways into the point --------------------------------------------------------------------------


class _Paths:
    """The outputs of a graph beside a point, along several ways into it; ``primal`` is the graph
    of the values alone."""

    def __init__(
        self, outline: Outline, primal: Outline, x: Sequence[float], deadline: Deadline
    ) -> None:
        self._outline, self._primal = outline, primal
        self._x, self._deadline = x, deadline
        n = len(x)
        ways = [[_PACES[(j + turn) % len(_PACES)] for j in range(n)] for turn in (0, 2, 3)]
        if n > 1:
            ways[2] = [pace * (-1) ** j for j, pace in enumerate(ways[2])]
        self._ways = [(tuple(s * pace for pace in way), s)
                      for way in ways[: 3 if n > 1 else 1] for s in (-1, 1)]  # fmt: skip
        self._steps: dict[int, list[list[Any]]] = {}
        self._outside: dict[tuple[int, int], bool] = {}

    def limit(self, k: int, about: int, order: int) -> Limit | None:
        """The limit of output ``k``, which is a derivative of this order of output ``about`` of the
        primal."""
        sides = {
            place: self._coefficient(place, about, order) or self._along(k, place)
            for place in range(len(self._ways))
            if not self._is_outside(place, about)
        }
        found = list(sides.values())
        if not found or any(number != number for number, _ in found):
            return None
        number, ball = found[0]
        if not all(_same(number, other) for other, _ in found[1:]):
            return None
        proven = len(self._x) == 1 and all(ball is not None for _, ball in found)
        return Limit(number, self._where(list(sides)), ball if proven else None)

    def _where(self, places: Sequence[int]) -> str:
        everywhere = len(places) == len(self._ways)
        if len(self._x) > 1:
            part = "" if everywhere else " on which there are values"
            return f"the same along {len(places)} ways into the point{part}"
        if everywhere:
            return BOTH
        return f"from the {'left' if self._ways[places[0]][1] < 0 else 'right'} side alone"

    def _along(self, k: int, place: int) -> tuple[Any, Any]:
        """The limit of an output along a way: an mpmath number, NaN if none shows, and a ball."""
        ball: tuple[Any, Any] | None = self._balls[place][k] if self._balls else None
        if ball is not None:
            return ball
        if place not in self._steps:
            self._steps[place] = [self._beside(place, power) for power in _STEPS]
        return _settled([values[k] for values in self._steps[place]]), None

    # --- as power series ----------------------------------------------------------------------

    def _coefficient(self, place: int, about: int, order: int) -> tuple[Any, Any] | None:
        """Of one variable, a derivative of the power series that the function is on that side."""
        if len(self._x) > 1 or not self._has_balls:
            return None
        from gradcalc.check.enclosures.oracle import precision

        with precision(_BITS):
            sides = self._sides_of(self._primal)
            if sides is None:
                return None
            sign = self._ways[place][1]
            side = sides.along({0: 1.0}, sign)[about]
            return _known(side[order] * sign**order)

    @cached_property
    def _has_balls(self) -> bool:
        return find_spec("flint") is not None

    def _sides_of(self, outline: Outline) -> Any:
        """Arb's view of the point, or None where there is none."""
        from gradcalc.check.enclosures.point import Point, UnenclosedError
        from gradcalc.check.enclosures.sides import Sides

        try:
            point = Point(outline, self._x, self._deadline)
            return Sides(outline, point, self._deadline, terms=_TERMS)
        except UnenclosedError:
            return None

    @cached_property
    def _balls(self) -> list[list[Any]]:
        """For every way the limits of all outputs, and balls; None for one that shows none."""
        if not self._has_balls:
            return []
        from gradcalc.check.enclosures.oracle import precision

        with precision(_BITS):
            sides = self._sides_of(self._outline)
            if sides is None:
                return []
            ways = (sides.ends(dict(enumerate(way))) for way, _ in self._ways)
            return [list(map(_known, ends)) for ends in ways]

    def _is_outside(self, place: int, about: int) -> bool:
        """Whether an output of the primal has no values along a way."""
        key = place, about
        if not self._has_balls:
            return False
        if key not in self._outside:
            from gradcalc.check.enclosures.oracle import precision

            with precision(_BITS):
                sides = self._sides_of(self._primal)
                way = dict(enumerate(self._ways[place][0]))
                outside = sides is not None and sides.is_outside(way, 1, {about: 1.0})
            self._outside[key] = outside
        return self._outside[key]

    # --- by values ----------------------------------------------------------------------------

    def _beside(self, place: int, power: int) -> list[Any]:
        """The outputs, a step along a way from the point."""
        mp, graph = context(), self._outline.graph
        with mp.workdps(_DIGITS):
            values = leaves(graph, self._x)
            for node, number, pace in zip(graph.inputs, self._x, self._ways[place][0], strict=True):
                values[node] += mp.mpf(10) ** -power * pace * (abs(number) or 1)
            nodes = [node for node in self._outline.nodes if node not in values]
            rerun(graph, nodes, values, self._deadline)
            held = (mp.mag(v) for v in values.values() if v and mp.isfinite(v))
            noise = mp.ldexp(1, max(held, default=0) - _TRUSTED)
            ends = (values[node] for node in graph.outputs)
            return [mp.mpf(0) if noise < 1 and abs(end) < noise else end for end in ends]


def _known(ball: Any) -> tuple[Any, Any] | None:
    """A ball as an mpmath number, and itself, if it decides its double."""
    from gradcalc.check.enclosures.oracle import as_double, middle

    decided = ball.is_finite() and as_double(ball) is not None
    return (context().convert(middle(ball)), ball) if decided else None


def _settled(numbers: Sequence[Any]) -> Any:
    """Where numbers go to whose steps shrink by the same factor; NaN if that does not show."""
    mp = context()
    with mp.workdps(_DIGITS):
        if any(number != number for number in numbers):
            return mp.nan
        if abs(numbers[-1] - numbers[-2]) <= _AGREE * abs(numbers[-1]):
            return numbers[-1]
        if all(abs(near) <= _SHRINKS * abs(far) for far, near in pairwise(numbers)):
            return mp.mpf(0)
        if all(far and near / far > _GROWS for far, near in pairwise(numbers)):
            return mp.inf * mp.sign(numbers[-1])
        return mp.nan


def _same(one: Any, two: Any) -> bool:
    mp = context()
    with mp.workdps(_DIGITS):
        one, two = mp.convert(one), mp.convert(two)
        size = max(abs(one), abs(two))
        return bool(one == two or (mp.isfinite(size) and abs(one - two) <= _AGREE * size))
