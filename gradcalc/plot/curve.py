"""A function of one variable, sampled where it bends, and not drawn across where it breaks.

Between neighbouring samples the slopes tell how far the function is from a straight line: where
that could be seen, there is another sample. Then every step that is still steep is cut in halves,
the steeper half again, until doubles end: what shrinks on the way is only steep, what stays is a
jump, what grows a pole; a slope that stays is a kink; and where values end, the domain does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradcalc.check.lost import first_loss
from gradcalc.engine.program import Program
from gradcalc.engine.schedule import Floats
from gradcalc.explain.switches import Switches
from gradcalc.graph.graph import Graph

_FIRST = 240  # intervals to begin with
_ROUNDS = 9
_MOST = 6000  # samples
_VISIBLE = 1 / 400  # of the height: what is smaller is not seen
_HALVINGS = 70
_LARGEST = 1e300  # that is drawn: differences of larger numbers are none
_NARROWED = 60  # intervals that are looked into, at most, for each output
_SOON, _FADED = 9, 0.02
_GOLDEN = 0.381966  # so that no sample is where a text breaks, at a round number
_FEW_DIGITS = 8
_LOOKED_AT = 13  # places where digits are counted
_WILD = 8  # intervals that make a stretch
_NEAR = 1 / 40  # of the range: what is as near is of the same stretch


class Mark(NamedTuple):
    """Something about an output at ``x``, a ``kind`` of ``MARK_NAMES``; ``text`` says more."""

    kind: str
    output: int
    x: float
    text: str = ""


MARK_NAMES = {
    "pole": "pole",
    "jump": "jump",
    "kink": "kink",
    "edge": "end of the domain",
    "lost": "few digits",
    "fine": "finer than is drawn",
}


@dataclass(frozen=True, eq=False)
class Curve:
    """``value`` and ``slope`` have a row for each of ``x``, ascending, and a column for each
    output; where a curve is interrupted there is an x with NaNs."""

    variable: str
    outputs: tuple[str, ...]
    x: Floats
    value: Floats
    slope: Floats
    marks: tuple[Mark, ...]


def curve(program: Program, low: float, high: float) -> Curve:
    """Sample the program of one variable from ``low`` to ``high``."""

    def numbers(x: Floats) -> tuple[Floats, Floats]:
        at = program.at(x[:, None])
        return at.value, at.jacobian()[..., 0]

    step = (high - low) / _FIRST
    inner = low + step * (np.arange(1, _FIRST - 1) + _GOLDEN)
    x = np.unique(np.concatenate([[low], inner, [high]]))
    value, slope = numbers(x)
    for _ in range(_ROUNDS):
        wanted = _bent(x, value, slope)
        middle = (x[:-1] + (x[1:] - x[:-1]) * 0.5)[wanted]
        if not len(middle) or len(x) + len(middle) > _MOST:
            break
        more = numbers(middle)
        order = np.argsort(np.concatenate([x, middle]), kind="stable")
        x = np.concatenate([x, middle])[order]
        value = np.concatenate([value, more[0]])[order]
        slope = np.concatenate([slope, more[1]])[order]
    width = high - low
    turns = _turns(numbers, _decisions(program.graph, x), value.shape[1], 1e-9 * width)
    marks = [
        mark
        for i, known in enumerate(turns)
        for mark in _breaks(numbers, x, value, slope, i, known)
    ]
    fine = [
        one for i in range(value.shape[1]) for one in _unresolved(x, value[:, i], slope[:, i], i)
    ]
    marks = [mark for mark in marks if not any(one.covers(mark) for one in fine)]
    alone = [only(program, i) for i in range(value.shape[1])]
    marks = [_or_noise(alone[mark.output], mark, 1e-9 * width) for mark in marks]
    marks += [_loss(alone[one.output], one.first, one.output) or one.mark() for one in fine]
    marks = _stretches([*marks, *_lost(program, alone, x)], width / 20)
    x, value, slope = _interrupted(numbers, x, value, slope, marks)
    return Curve(program.variables[0], program.outputs, x, value, slope, tuple(marks))


def only(program: Program, output: int) -> Program:
    """The program of one of the outputs."""
    graph = copy(program.graph)
    graph.outputs, graph.output_names = [graph.outputs[output]], [graph.output_names[output]]
    return Program(graph)


def heights(values: Floats, x: Floats | None = None) -> tuple[float, float]:
    """What of the values is to be seen: all of them, but for what shoots up to a pole. Samples
    that crowd at some ``x`` count for no more than the others."""
    values = np.where(np.abs(values) < _LARGEST, values, np.nan)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return -1.0, 1.0
    even = finite
    if x is not None:
        places = np.searchsorted(x, np.linspace(x[0], x[-1], _FIRST))
        even = values[places.clip(0, len(x) - 1)]
        even = even[np.isfinite(even)] if np.isfinite(even).any() else finite
    low, high = float(finite.min()), float(finite.max())
    first, last = np.quantile(even, [0.1, 0.9])
    room = 2.0 * (last - first)
    if room > 0:
        low, high = max(low, float(first - room)), min(high, float(last + room))
    if x is not None:
        low = min(low, _resolved(values, int(np.nanargmin(_known(values, np.inf)))))
        high = max(high, _resolved(values, int(np.nanargmax(_known(values, -np.inf)))))
    if low == high:
        low, high = low - max(1.0, abs(low) / 2), high + max(1.0, abs(high) / 2)
    return low, high


def _known(values: Floats, otherwise: float) -> Floats:
    return np.where(np.isfinite(values), values, otherwise)


def _resolved(values: Floats, k: int) -> float:
    """The extreme value if its neighbours come near to it: the top of a spike, not of a pole."""
    near = [j for j in (k - 1, k + 1) if 0 <= j < len(values)]
    top = float(values[k])
    usual = float(np.median(values[np.isfinite(values)]))
    close = all(abs(values[j] - top) <= 0.1 * abs(top - usual) for j in near)  # a NaN is not
    return top if close else usual


def _bent(x: Floats, value: Floats, slope: Floats) -> Any:
    """The intervals in which a straight line would be seen to be wrong, or that are steep."""
    wide = np.diff(x)
    found = np.zeros(len(wide), bool)
    with np.errstate(all="ignore"):
        for y, s in [(value[:, i], slope[:, i]) for i in range(value.shape[1])]:
            low, high = heights(y, x)
            seen = np.clip(y, low - (high - low), high + (high - low))
            sag = np.abs(np.diff(s)) * wide / 8 / (high - low)
            inside = ((y >= low) & (y <= high))[:-1] | ((y >= low) & (y <= high))[1:]
            rise = np.abs(np.diff(seen)) / (high - low)
            found |= inside & ((sag > _VISIBLE) | (rise > 0.04))
            lowest, highest = heights(s, x)
            turn = np.abs(np.diff(np.clip(s, lowest, highest))) / (highest - lowest)
            found |= turn > 0.2
            found |= (s[:-1] * s[1:] < 0) & ~inside  # an extreme value, or a pole
            found |= np.diff(np.isfinite(y).astype(int)) != 0
    tiny = wide <= 1e-6 * (x[-1] - x[0])
    return found & ~tiny


class _Stretch(NamedTuple):
    """Where a curve is finer than its samples."""

    output: int
    first: float
    last: float

    def mark(self) -> Mark:
        middle = self.first + (self.last - self.first) / 2
        return Mark("fine", self.output, middle, f"from {self.first:.4g} to {self.last:.4g}")

    def covers(self, mark: Mark) -> bool:
        return mark.output == self.output and self.first <= mark.x <= self.last


def _unresolved(x: Floats, y: Floats, s: Floats, i: int) -> list[_Stretch]:
    """Stretches in which a function goes up and down faster than there are samples: between these
    it does not do what their slopes say."""
    low, high = heights(y, x)
    lowest, highest = heights(s, x)
    shown = (y >= low) & (y <= high)  # and a NaN is not
    with np.errstate(all="ignore"):
        other = np.abs(np.diff(y) - np.diff(x) * (s[:-1] + s[1:]) / 2)
        wild = (other > high - low) & shown[:-1] & shown[1:]
        turn = np.diff(s)
        zigzag = (turn[:-1] * turn[1:] < 0) & (
            np.minimum(np.abs(turn[:-1]), np.abs(turn[1:])) > 0.3 * (highest - lowest)
        )
    wild[1:] |= zigzag
    places = np.flatnonzero(wild)
    apart = np.flatnonzero(np.diff(x[places]) > _NEAR * (x[-1] - x[0]))
    stretches = np.split(places, apart + 1)
    return [
        _Stretch(i, float(x[some[0]]), float(x[some[-1] + 1]))
        for some in stretches
        if len(some) >= _WILD
    ]


Numbers = Callable[[Floats], tuple[Floats, Floats]]


def _decisions(graph: Graph, x: Floats) -> Floats:
    """Where, to the last digit, the graph goes over to another branch. Of what does so all the
    time, as ``floor(1e4*x)``, there is none."""
    switches = Switches(graph)
    sides = switches(x[:, None])
    lefts: list[Floats] = []
    rights: list[Floats] = []
    columns: list[Any] = []
    for number, side in enumerate(sides.T):
        apart = np.flatnonzero(np.isfinite(side) & (side != 0))
        first, second = apart[:-1], apart[1:]
        changes = (side[first] != side[second]) & (second - first <= 2)
        if changes.sum() <= _NARROWED:
            lefts.append(x[first[changes]])
            rights.append(x[second[changes]])
            columns.append(np.full(changes.sum(), number))
    if not columns:
        return np.empty(0)
    left, right, column = map(np.concatenate, (lefts, rights, columns))
    each, before = np.arange(len(left)), switches(left[:, None])
    for _ in range(_HALVINGS if len(left) else 0):
        middle = left + (right - left) / 2
        same = switches(middle[:, None])[each, column] == before[each, column]
        left, right = np.where(same, middle, left), np.where(same, right, middle)
    found: Floats = _or_zero(np.where(np.abs(left) < np.abs(right), left, right), x[-1] - x[0])
    return found


def _or_zero(where: Any, width: float) -> Any:
    """0 where halving has come as near to it as to any other number."""
    return np.where(np.abs(where) < 1e-12 * width, 0.0, where)


def _turns(numbers: Numbers, places: Floats, outputs: int, beside: float) -> list[list[Mark]]:
    """The kinks and jumps of each output at some of the places: where values or slopes change far
    more from one side to the other than on either."""
    found: list[list[Mark]] = [[] for _ in range(outputs)]
    sides = [numbers(places + k * beside) for k in (-2, -1, 1, 2)] if len(places) else []
    for i in range(outputs):
        for k, where in enumerate(places.tolist()):
            for kind, which in (("jump", 0), ("kink", 1)):
                a, b, c, d = (float(side[which][k, i]) for side in sides)
                apart, smooth = abs(c - b), max(abs(b - a), abs(d - c))
                if apart > max(10 * smooth, 1e-7 * max(abs(b), abs(c))):  # a NaN is not
                    text = _both(2 * b - a, 2 * c - d)
                    found[i].append(Mark(kind, i, where, "slopes " * which + text))
                    break
    return found


def _breaks(
    numbers: Numbers, x: Floats, value: Floats, slope: Floats, i: int, turns: Sequence[Mark]
) -> list[Mark]:
    """Where output i ends, jumps, has a pole or a kink; ``turns`` are known."""
    y, s = value[:, i], slope[:, i]
    low, high = heights(y, x)
    tall = high - low
    with np.errstate(all="ignore"):
        rise, turn = np.abs(np.diff(y)), np.abs(np.diff(s))
        steepness = np.abs(s[np.isfinite(s)])
        usual = float(np.quantile(steepness, 0.9)) if len(steepness) else 0.0
        ends = np.flatnonzero(np.diff(np.isfinite(y).astype(int)) != 0)
    scale = _Scale(tall, usual)
    marks = [_end(numbers, x, y, k, i, tall) for k in ends.tolist()]
    for by_value, change in ((True, rise / tall), (False, turn / (usual or 1.0))):
        for k in _largest(change):
            found = _narrowed(numbers, x[k], x[k + 1], i, scale, by_value)
            marks += [] if found is None else [found]
    return _apart([*turns, *marks], 1e-9 * (x[-1] - x[0]))


def _largest(change: Floats) -> Sequence[int]:
    """Where there is most of a change that counts."""
    counted = np.flatnonzero(change > 0.02)  # a NaN is none
    return sorted(counted[np.argsort(-change[counted])[:_NARROWED]].tolist())


def _end(numbers: Numbers, x: Floats, y: Floats, k: int, i: int, tall: float) -> Mark:
    """Where the values begin or end, between a point that has one and a point that has none. At an
    end of the range it may be a pole."""
    inside, outside = (x[k], x[k + 1]) if np.isfinite(y[k]) else (x[k + 1], x[k])
    last = outside in (x[0], x[-1])
    for _ in range(_HALVINGS):
        middle = inside + (outside - inside) / 2
        if middle in (inside, outside):
            break
        if np.isfinite(numbers(np.array([middle]))[0][0, i]):
            inside = middle
        else:
            outside = middle
    shoots = abs(numbers(np.array([inside]))[0][0, i]) > 1e4 * tall
    return Mark("pole" if last and shoots else "edge", i, float(_or_zero(inside, x[-1] - x[0])))


class _Scale(NamedTuple):
    """What is much: of the values, and of the slopes."""

    tall: float
    usual: float


def _narrowed(
    numbers: Numbers, a: float, b: float, i: int, scale: _Scale, by_value: bool
) -> Mark | None:
    """What is in an interval: cut in halves, on to the half that is steeper, or bends more."""
    left, right = a, b
    (ya, yb), (sa, sb) = _two(numbers, left, right, i)
    rise, turn, size = abs(ya - yb), abs(sa - sb), max(abs(ya), abs(yb))
    for halved in range(_HALVINGS):
        middle = left + (right - left) / 2
        if middle in (left, right):
            break
        if halved == _SOON and abs(ya - yb) < _FADED * rise and abs(sa - sb) < _FADED * turn:
            return None  # smooth: all of it shrinks with the interval
        y, s = numbers(np.array([middle]))
        ym, sm = float(y[0, i]), float(s[0, i])
        if not np.isfinite(ym):
            left, right = np.nextafter(middle, left), np.nextafter(middle, right)
            (ya, yb), (sa, sb) = _two(numbers, left, right, i)
            break
        first, second = (ya - ym, ym - yb) if by_value else (sa - sm, sm - sb)
        if abs(first) < abs(second):
            left, ya, sa = middle, ym, sm
        else:
            right, yb, sb = middle, ym, sm
    where = float(_or_zero(left if abs(left) < abs(right) else right, b - a))
    if not max(abs(ya), abs(yb)) < 1e4 * max(size, scale.tall):
        return Mark("pole", i, where)
    jumps = abs(ya - yb) > max(0.3 * rise, 1e-3 * scale.tall)
    turns = max(0.3 * turn, 1e-3 * scale.usual) < abs(sa - sb) < 1e6 * scale.usual
    beside = 1e-9 * (b - a)  # at the very place there may be a convention
    (ya, yb), (sa, sb) = _two(numbers, where - beside, where + beside, i)
    if jumps:
        return Mark("jump", i, where, _both(ya, yb))
    return Mark("kink", i, where, f"slopes {_both(sa, sb)}") if turns and not by_value else None


def _both(left: float, right: float) -> str:
    """Both sides in six digits; what is nothing beside the other side is 0."""
    size = 1e-9 * max(abs(left), abs(right))
    return " | ".join(f"{0.0 if abs(side) < size else side:.6g}" for side in (left, right))


def _two(numbers: Numbers, a: float, b: float, i: int) -> tuple[Any, Any]:
    value, slope = numbers(np.array([a, b]))
    return value[:, i].tolist(), slope[:, i].tolist()


def _apart(marks: Sequence[Mark], near: float) -> list[Mark]:
    """One mark a place: what was found from both sides is one thing."""
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: mark.x):
        if not kept or mark.x - kept[-1].x > near:
            kept.append(mark)
    return kept


def _or_noise(program: Program, mark: Mark, beside: float) -> Mark:
    """A jump or a kink that is but the noise of lost digits is told of as such."""
    if mark.kind not in ("jump", "kink"):
        return mark
    return _loss(program, mark.x + beside, mark.output) or mark


def _lost(program: Program, alone: Sequence[Program], x: Floats) -> list[Mark]:
    """Where few digits of a value are right, among some of the samples."""
    some = x[np.unique(np.linspace(0, len(x) - 1, _LOOKED_AT).astype(int))]
    places = [place for place in some.tolist() if _loss(program, place, 0)]
    found = [_loss(one, place, i) for place in places for i, one in enumerate(alone)]
    return [mark for mark in found if mark is not None]


def _loss(program: Program, x: float, output: int) -> Mark | None:
    at = program.at([x])
    found = first_loss(at, budget=0.2) if np.isfinite(at.value).all() else None
    if found is None or found.digits >= _FEW_DIGITS:
        return None
    return Mark("lost", output, x, f"{found.digits} digits left in {found.text}")


def _stretches(marks: Sequence[Mark], near: float) -> list[Mark]:
    """The marks in order; of a stretch of lost digits the worst place."""
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: (mark.output, mark.kind == "lost", mark.x)):
        last = kept[-1] if kept else None
        if last and mark[:2] == last[:2] == ("lost", mark.output) and mark.x - last.x <= near:
            if int(mark.text.split()[0]) >= int(last.text.split()[0]):
                mark = last._replace(x=last.x)
            kept[-1] = mark
        else:
            kept.append(mark)
    return kept


def _interrupted(
    numbers: Numbers, x: Floats, value: Floats, slope: Floats, marks: Sequence[Mark]
) -> tuple[Floats, Floats, Floats]:
    """The curves cut at their poles and jumps, and the slopes at their kinks too."""
    cuts: dict[float, list[Mark]] = {}
    for mark in marks:
        if mark.kind in ("pole", "jump", "kink"):
            cuts.setdefault(mark.x, []).append(mark)
    if not cuts:
        return x, value, slope
    places = np.array(list(cuts))
    rows, slopes = numbers(places)
    rows, slopes = rows.copy(), slopes.copy()
    for k, here in enumerate(cuts.values()):
        for mark in here:
            slopes[k, mark.output] = np.nan
            if mark.kind != "kink":
                rows[k, mark.output] = np.nan
    kept = ~np.isin(x, places)
    order = np.argsort(np.concatenate([x[kept], places]), kind="stable")
    return (
        np.concatenate([x[kept], places])[order],
        np.concatenate([value[kept], rows])[order],
        np.concatenate([slope[kept], slopes])[order],
    )
