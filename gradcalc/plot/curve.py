"""A function of one variable, sampled where it bends, and not drawn across where it breaks.

Between neighbouring samples the slopes tell how far the function is from a straight line: where
that could be seen, there is another sample. Then every step that is still steep is cut in halves,
the steeper half again, until doubles end: what shrinks on the way is only steep, what stays is a
jump, what grows a pole; a slope that stays is a kink; and where values end, the domain does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradcalc.check.lost import first_loss
from gradcalc.engine.program import Program
from gradcalc.engine.schedule import Floats

_FIRST = 240  # intervals to begin with
_ROUNDS = 9
_MOST = 6000  # samples
_VISIBLE = 1 / 400  # of the height: what is smaller is not seen
_HALVINGS = 70
_NARROWED = 60  # intervals that are looked into, at most, for each output
_SOON, _FADED = 9, 0.02
_GOLDEN = 0.381966  # so that no sample is where a text breaks, at a round number
_FEW_DIGITS = 8
_LOOKED_AT = 13  # places where digits are counted


class Mark(NamedTuple):
    """Something about an output at ``x``: ``kind`` is a key of ``KINDS``, ``text`` says more."""

    kind: str
    output: int
    x: float
    text: str = ""


KINDS = {
    "pole": "pole",
    "jump": "jump",
    "kink": "kink",
    "edge": "end of the domain",
    "lost": "few digits",
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
    marks = [mark for i in range(value.shape[1]) for mark in _breaks(numbers, x, value, slope, i)]
    marks = [_or_noise(program, mark) for mark in marks]
    marks += _lost(program, x)
    x, value, slope = _interrupted(x, value, slope, marks)
    return Curve(program.variables[0], program.outputs, x, value, slope, tuple(marks))


def heights(values: Floats) -> tuple[float, float]:
    """What of the values is to be seen: all of them, but for what shoots up to a pole."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return -1.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    first, last = np.quantile(finite, [0.1, 0.9])
    room = 2.0 * (last - first)
    if room > 0:
        low, high = max(low, float(first - room)), min(high, float(last + room))
    if low == high:
        low, high = low - max(1.0, abs(low) / 2), high + max(1.0, abs(high) / 2)
    return low, high


def _bent(x: Floats, value: Floats, slope: Floats) -> Any:
    """The intervals in which a straight line would be seen to be wrong, or that are steep."""
    wide = np.diff(x)
    found = np.zeros(len(wide), bool)
    with np.errstate(all="ignore"):
        for y, s in [(value[:, i], slope[:, i]) for i in range(value.shape[1])]:
            low, high = heights(y)
            seen = np.clip(y, low - (high - low), high + (high - low))
            sag = np.abs(np.diff(s)) * wide / 8 / (high - low)
            inside = ((y >= low) & (y <= high))[:-1] | ((y >= low) & (y <= high))[1:]
            rise = np.abs(np.diff(seen)) / (high - low)
            found |= inside & ((sag > _VISIBLE) | (rise > 0.04))
            found |= np.diff(np.isfinite(y).astype(int)) != 0
    tiny = wide <= 1e-6 * (x[-1] - x[0])
    return found & ~tiny


Numbers = Callable[[Floats], tuple[Floats, Floats]]


def _breaks(numbers: Numbers, x: Floats, value: Floats, slope: Floats, i: int) -> list[Mark]:
    """Where output i ends, jumps, has a pole or a kink."""
    y, s = value[:, i], slope[:, i]
    low, high = heights(y)
    tall = high - low
    with np.errstate(all="ignore"):
        rise, turn = np.abs(np.diff(y)), np.abs(np.diff(s))
        steepness = np.abs(s[np.isfinite(s)])
        usual = float(np.quantile(steepness, 0.9)) if len(steepness) else 0.0
        ends = np.flatnonzero(np.diff(np.isfinite(y).astype(int)) != 0)
    scale = _Scale(tall, usual)
    marks = [_end(numbers, x[k : k + 2], y[k : k + 2], i) for k in ends]
    for by_value, change in ((True, rise / tall), (False, turn / (usual or 1.0))):
        for k in _largest(change):
            found = _narrowed(numbers, x[k], x[k + 1], i, scale, by_value)
            marks += [] if found is None else [found]
    return _apart(marks, 1e-9 * (x[-1] - x[0]))


def _largest(change: Floats) -> Sequence[int]:
    """Where there is most of a change that counts."""
    counted = np.flatnonzero(change > 0.02)  # a NaN is none
    return sorted(counted[np.argsort(-change[counted])[:_NARROWED]].tolist())


def _end(numbers: Numbers, x: Floats, y: Floats, i: int) -> Mark:
    """Where the values begin or end, between a point that has one and a point that has none."""
    inside, outside = (x[0], x[1]) if np.isfinite(y[0]) else (x[1], x[0])
    for _ in range(_HALVINGS):
        middle = inside + (outside - inside) / 2
        if middle in (inside, outside):
            break
        if np.isfinite(numbers(np.array([middle]))[0][0, i]):
            inside = middle
        else:
            outside = middle
    return Mark("edge", i, float(inside))


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
    where = float(left if abs(left) < abs(right) else right)
    if abs(where) < 1e-12 * (b - a):
        where = 0.0
    if not max(abs(ya), abs(yb)) < 1e4 * max(size, scale.tall):
        return Mark("pole", i, where)
    if abs(ya - yb) > max(0.3 * rise, 1e-3 * scale.tall):
        return Mark("jump", i, where, _both(ya, yb))
    turned = max(0.3 * turn, 1e-3 * scale.usual) < abs(sa - sb) < 1e6 * scale.usual
    return Mark("kink", i, where, f"slopes {_both(sa, sb)}") if turned and not by_value else None


def _both(left: float, right: float) -> str:
    """Both sides in six digits; what is nothing beside the other side is 0."""
    size = 1e-12 * max(abs(left), abs(right))
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


def _or_noise(program: Program, mark: Mark) -> Mark:
    """A jump or a kink that is but the noise of lost digits is told of as such."""
    if mark.kind not in ("jump", "kink"):
        return mark
    found = first_loss(program.at([mark.x]), budget=0.2)
    if found is None or found.digits >= _FEW_DIGITS:
        return mark
    return Mark("lost", mark.output, mark.x, f"{found.digits} digits left in {found.text}")


def _lost(program: Program, x: Floats) -> list[Mark]:
    """Where few digits of a value are right; told once for a stretch."""
    marks: list[Mark] = []
    places = x[np.unique(np.linspace(0, len(x) - 1, _LOOKED_AT).astype(int))]
    before = False
    for place in places.tolist():
        at = program.at([place])
        found = first_loss(at, budget=0.2) if np.isfinite(at.value).all() else None
        few = found is not None and found.digits < _FEW_DIGITS
        if few and not before and found is not None:
            said = f"{found.digits} digits left in {found.text}"
            marks.append(Mark("lost", 0, float(place), said))
        before = few
    return marks


def _interrupted(
    x: Floats, value: Floats, slope: Floats, marks: Sequence[Mark]
) -> tuple[Floats, Floats, Floats]:
    """The curves cut at poles and jumps, and the slopes at kinks too."""
    places, rows, slopes = [], [], []
    for mark in marks:
        if mark.kind in ("pole", "jump", "kink"):
            places.append(mark.x)
            row = np.full(value.shape[1], np.nan)
            if mark.kind == "kink":
                row = np.array([np.interp(mark.x, x, value[:, i]) for i in range(len(row))])
            rows.append(row)
            slopes.append(np.full(value.shape[1], np.nan))
    if not places:
        return x, value, slope
    order = np.argsort(np.concatenate([x, places]), kind="stable")
    return (
        np.concatenate([x, places])[order],
        np.concatenate([value, rows])[order],
        np.concatenate([slope, slopes])[order],
    )
