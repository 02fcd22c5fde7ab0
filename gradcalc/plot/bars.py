"""Bars and intervals for a terminal of any kind: histograms, and uncertainty budgets."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gradcalc.errors import count
from gradcalc.errors.text import safe
from gradcalc.plot.budget import Sketch, sketches
from gradcalc.plot.histogram import Histogram
from gradcalc.plot.terminal import MOST, WIDTH
from gradcalc.render.budget import Budget, percent
from gradcalc.render.numbers import aligned, shown

_DIGITS = 6
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def histograms(found: Sequence[Histogram], width: int | None) -> str:
    """One below the other."""
    return "\n".join(_histogram(one, min(width or WIDTH, MOST)) for one in found)


def _histogram(one: Histogram, columns: int) -> str:
    """A line for each bar, from where on it is; what is farther out is told."""
    ends = aligned([shown(x, _DIGITS) for x in one.low])
    counts = [f"{rows:,}" for rows in one.counts]
    left, right = max(map(len, ends), default=0), max(map(len, counts), default=0)
    room = max(8, columns - left - right - 4)
    most = max(one.counts, default=1) or 1
    said, *more = remarks(one)
    lines = [f"{safe(one.name)}: {said}", *(f"  {'; '.join(more)}" for _ in more[:1])]
    lines += [
        f" {end:>{left}} ┤{_bar(rows / most, room):<{room}} {text:>{right}}"
        for end, rows, text in zip(ends, one.counts, counts, strict=True)
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def remarks(one: Histogram) -> list[str]:
    """What is to be said of a column besides its bars."""
    if not one.rows:
        found = ["no row has a finite value"]
    else:
        spread = f", standard deviation {shown(one.deviation, _DIGITS)}" * (one.rows > 1)
        found = [f"{count(one.rows, 'row', 'rows')}, mean {shown(one.mean, _DIGITS)}{spread}",
                 f"from {shown(one.least, _DIGITS)} to {shown(one.most, _DIGITS)}"]  # fmt: skip
    wide = float(one.high[0] - one.low[0]) if len(one.low) else 0.0
    found += [f"each bar is {shown(wide, _DIGITS)} wide"] * bool(wide)
    for rows, where in (
        (one.below, "below the first bar"), (one.above, "above the last bar"),
        (one.infinite[0], "-inf"), (one.infinite[1], "inf"), (one.missing, "without a number"),
    ):  # fmt: skip
        found += [f"{rows:,} {where}"] * bool(rows)
    return found


def _bar(part: float, room: int) -> str:
    """So much of the room, to an eighth of a cell; what is there at all is seen."""
    eighths = max(round(part * room * 8), part > 0)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def budget(found: Budget, width: int | None) -> str:
    """Of each output what contributes to u², and the intervals by all ways that there are."""
    columns = min(width or WIDTH, MOST)
    blocks = [_shares(one, columns) + _intervals(one, columns) for one in sketches(found)]
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks) + "\n"


def _shares(one: Sketch, columns: int) -> list[str]:
    """Shares to the right of a line, and to the left of it what correlations take away."""
    lines = [f"{safe(one.name)}: share of u²"]
    if not one.shares:
        return [f"{safe(one.name)}: nothing uncertain reaches it"]
    names = [safe(name) for name, _ in one.shares]
    texts = [percent(share) for _, share in one.shares]
    left, right = max(map(len, names)), max(map(len, texts))
    sizes = [share for _, share in one.shares]
    low, high = min(0.0, *sizes), max(0.0, *sizes)
    room = max(8, columns - left - right - 5)
    minus = round(room * -low / (high - low)) if low else 0
    for name, text, share in zip(names, texts, sizes, strict=True):
        before = round(minus * min(share / low, 1.0)) if share < 0 else 0
        after = _bar(share / high, room - minus) if share > 0 else ""
        lines.append(
            f" {name:>{left}} {'█' * before:>{minus}}│{after:<{room - minus}} {text:>{right}}"
        )
    return lines


def _intervals(one: Sketch, columns: int) -> list[str]:
    """Each as a line from end to end with its value in it, all over one axis."""
    drawn = [way for way in one.ways if way.interval is not None and math.isfinite(way.u)]
    ends: list[float] = [end for way in drawn for end in (*(way.interval or ()), way.value)]
    if not ends or not min(ends) < max(ends):
        return []
    low, high = min(ends), max(ends)
    left = max(len(way.by) for way in drawn)
    room = max(12, columns - left - 3)

    def place(x: float) -> int:
        part = (x / 2 - low / 2) / (high / 2 - low / 2)
        return round(part * (room - 1))

    lines = ["", f"{safe(one.name)}: {one.level}"]
    for way in drawn:
        assert way.interval is not None
        first, last = map(place, way.interval)
        cells = [" "] * room
        cells[first : last + 1] = "─" * (last + 1 - first)
        cells[first], cells[last], cells[place(way.value)] = "├", "┤", "●"
        lines.append(f" {way.by:>{left}} {''.join(cells)}")
    start, end = one.written(low), one.written(high)
    lines.append(f" {'':>{left}} {start}{end:>{max(room - len(start), len(end) + 1)}}")
    return lines
