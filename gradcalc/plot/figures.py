"""Curves, contours and the entries of J as figures, through matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.plot.curve import KINDS, Curve, heights
from gradcalc.plot.surface import Surface
from gradcalc.render.figures import BACKWARD, FORWARD, LINE, figure, written

_STYLES = {"pole": ":", "jump": ":", "kink": "-.", "edge": "--", "lost": (0, (1, 3))}
_ARROWS = 14


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
                    label = KINDS[mark.kind] if mark.kind not in told else None
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
        for j, variable in enumerate(surface.variables):
            entry = surface.slope[:, :, i, j]
            _filled(made, grid[i, j + 1], surface, entry, f"d{name}/d{variable}")
        grid[i, 0].set_ylabel(second, parse_math=False)
    for axes in grid[-1]:
        axes.set_xlabel(first, parse_math=False)
    return written(made, kind)


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
