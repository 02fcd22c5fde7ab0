"""Curves, contours, the entries of J, histograms and budgets as figures, through matplotlib."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcalc.plot.bars import remarks
from gradcalc.plot.budget import Sketch, sketches
from gradcalc.plot.curve import MARK_NAMES, Curve, heights
from gradcalc.plot.histogram import Histogram
from gradcalc.plot.surface import Surface
from gradcalc.render.budget import Budget
from gradcalc.render.figures import BACKWARD, FORWARD, LINE, add_lines, figure, written
from gradcalc.uncertainty.propagation import FIRST

_STYLES = {
    "pole": ":",
    "jump": ":",
    "kink": "-.",
    "edge": "--",
    "lost": (0, (1, 3)),
    "fine": (0, (3, 1)),
}
_LINES = {"jump": ":", "kink": "-"}  # of short pieces, in which other dashes come to nothing
_ARROWS = 14
_DRAWN = 1e300
"""What is farther out is drawn here: axes take no larger numbers."""


def curves(curve: Curve, kind: str) -> str:
    """A row for each output: f, and its slope beside it."""
    m = len(curve.outputs)
    made = figure(9, 2.6 * m + 0.4)
    grid = made.subplots(m, 2, squeeze=False, sharex=True)
    for i, name in enumerate(curve.outputs):
        slope = f"d{name}/d{curve.variable}"
        for axes, title, y, ink, key in (
            (grid[i, 0], name, curve.value[:, i], FORWARD, "value"),
            (grid[i, 1], slope, curve.slope[:, i], BACKWARD, "slope"),
        ):
            low, high = heights(y, curve.x)
            room = 0.05 * (high - low)
            axes.plot(curve.x, np.where(np.isfinite(y), y, np.nan), color=ink, gid=f"{key}{i}")
            axes.set(xlim=(curve.x[0], curve.x[-1]), ylim=(low - room, high + room))
            axes.set_title(title, parse_math=False)
            axes.grid(color=LINE, alpha=0.3)
            axes.locator_params(axis="x", nbins=5)
            told: set[str] = set()
            for mark in curve.marks:
                if mark.output == i:
                    label = MARK_NAMES[mark.kind] if mark.kind not in told else None
                    told.add(mark.kind)
                    axes.axvline(mark.x, color=LINE, linestyle=_STYLES[mark.kind], label=label,
                                 gid=f"{mark.kind}{i}")  # fmt: skip
            if told:
                axes.legend(fontsize="small")
    for axes in grid[-1]:
        axes.set_xlabel(curve.variable, parse_math=False)
    return written(made, kind)


def contours(surface: Surface, kind: str) -> str:
    """For each output its contours with arrows up the gradient, then the entries of J."""
    m = len(surface.outputs)
    made = figure(12, 3.6 * m + 0.4)
    grid = made.subplots(m, 3, squeeze=False, sharex=True, sharey=True)
    first, second = surface.variables
    for i, name in enumerate(surface.outputs):
        _filled(made, grid[i, 0], surface, surface.value[:, :, i], name)
        _arrows(grid[i, 0], surface, i)
        for axes in grid[i]:
            _lines(axes, surface, i)
        for j, variable in enumerate(surface.variables):
            entry = surface.slope[:, :, i, j]
            _filled(made, grid[i, j + 1], surface, entry, f"d{name}/d{variable}")
        grid[i, 0].set_ylabel(second, parse_math=False)
    for axes in grid[-1]:
        axes.set_xlabel(first, parse_math=False)
    return written(made, kind)


def _lines(axes: Any, surface: Surface, i: int) -> None:
    """Where the output has a kink, or jumps."""
    for edge in surface.edges:
        if edge.output == i:
            style, gid = _LINES[edge.kind], f"{edge.kind}{i}"
            add_lines(axes, edge.pieces, style=style, label=MARK_NAMES[edge.kind], gid=gid)
    if any(edge.output == i for edge in surface.edges):
        axes.legend(fontsize="small", loc="upper left")


def _filled(made: Any, axes: Any, surface: Surface, values: Any, title: str) -> None:
    low, high = heights(values)
    levels = np.linspace(low, high, 13)
    found = np.ma.masked_invalid(values)
    drawn = axes.contourf(surface.x, surface.y, found, levels, extend="both", cmap="viridis")
    made.colorbar(drawn, ax=axes)
    axes.set_title(title, parse_math=False)


def _arrows(axes: Any, surface: Surface, i: int) -> None:
    """Of one length: where to, not how steep; that is what the contours say."""
    places = np.linspace(0, len(surface.x) - 1, _ARROWS + 2).round().astype(int)[1:-1]
    slopes = surface.slope[np.ix_(places, places)][:, :, i]
    with np.errstate(all="ignore"):
        length = np.hypot(slopes[..., 0], slopes[..., 1])
        across, up = slopes[..., 0] / length, slopes[..., 1] / length
    axes.quiver(
        surface.x[places],
        surface.y[places],
        across,
        up,
        angles="xy",
        color="white",
        scale=22,
        width=0.006,
    )


def histograms(found: Sequence[Histogram], kind: str) -> str:
    """A panel for each column."""
    made = figure(8, 3.2 * len(found) + 0.2)
    for i, one in enumerate(found):
        axes = made.add_subplot(len(found), 1, i + 1)
        low, high = (np.clip(ends, -_DRAWN, _DRAWN) for ends in (one.low, one.high))
        wide = high - low
        if not wide.any():  # value by value
            wide = np.full(len(low), 0.8 * float(np.diff(low).min()) if len(low) > 1 else 1.0)
            low = low - wide / 2
        for k, bar in enumerate(axes.bar(low, one.counts, wide, align="edge", color=FORWARD)):
            bar.set_gid(f"bar{i}-{k}")
        axes.set_title(one.name, parse_math=False)
        axes.set_xlabel("; ".join(remarks(one)), fontsize="small", parse_math=False, wrap=True)
        axes.set_ylabel("rows")
        axes.grid(axis="y", color=LINE, alpha=0.3)
    return written(made, kind)


def budget(found: Budget, kind: str) -> str:
    """A row for each output: what contributes to u², and the intervals beside it."""
    every = list(sketches(found))
    bars = [max(len(one.shares), len(one.ways), 2) for one in every]
    made = figure(10, sum(0.32 * many + 1.1 for many in bars))
    grid = made.subplots(
        len(every), 2, squeeze=False, height_ratios=[many + 2 for many in bars],
        width_ratios=[3, 2],
    )  # fmt: skip
    for i, one in enumerate(every):
        _shares(grid[i, 0], one, i)
        _intervals(grid[i, 1], one, i)
    return written(made, kind)


def _shares(axes: Any, one: Sketch, i: int) -> None:
    """The largest above; what correlations take away is on the other side."""
    percent = [100 * share for _, share in one.shares]
    places = range(len(percent), 0, -1)
    inks = [FORWARD if share > 0 else BACKWARD for share in percent]
    for k, bar in enumerate(axes.barh(places, percent, color=inks)):
        bar.set_gid(f"share{i}-{k}")
        axes.annotate(
            f"{percent[k]:.1f} %", (max(percent[k], 0.0), places[k]), xytext=(3, 0),
            textcoords="offset points", va="center", fontsize="small",
        )  # fmt: skip
    axes.set_yticks(places, [name for name, _ in one.shares], parse_math=False)
    axes.margins(x=0.15)
    axes.set_xlabel("share of u², %" if percent else "nothing uncertain reaches it")
    if not percent:
        axes.set_xticks([])
    axes.set_title(one.name, parse_math=False)
    axes.axvline(0, color=LINE, linewidth=0.8)


def _intervals(axes: Any, one: Sketch, i: int) -> None:
    """By each way of propagation, from end to end, with the value in it."""
    drawn = [way for way in one.ways if way.interval is not None]
    for k, way in enumerate(drawn):
        low, high = way.interval or (math.nan, math.nan)
        ends, level = np.clip([low, high], -_DRAWN, _DRAWN), len(drawn) - k
        ink = BACKWARD if way.by == FIRST and one.stands is False else FORWARD
        axes.plot(ends, [level, level], "|-", color=ink, gid=f"interval{i}-{k}")
        axes.plot([way.value], [level], "o", color=ink, gid=f"value{i}-{k}")
    axes.set_yticks(range(len(drawn), 0, -1), [way.by for way in drawn])
    axes.set_ylim(0.4, len(drawn) + 0.6)
    axes.set_title(f"{one.name}, {one.level}", parse_math=False)
    if one.stands is False:
        axes.set_xlabel("the linear interval does not stand", color=BACKWARD)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(axis="x", color=LINE, alpha=0.3)
