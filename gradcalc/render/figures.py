"""Figures through matplotlib (the extra ``plot``): png, pdf, and the svg of what is no graph."""

from __future__ import annotations

import io
from typing import Any

from gradcalc.errors import UsageError

INK, LINE, FORWARD, BACKWARD = "#1c2430", "#8894a5", "#0b5cad", "#a83a05"


def figure(width: float, height: float, *, arranged: bool = True) -> Any:
    """A figure of so many inches. Raises UsageError without matplotlib."""
    try:
        from matplotlib import rcParams  # deferred: half a second
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError(
            "figures are drawn by matplotlib, which is not installed",
            hint='pip install "gradcalc[plot]"',
        ) from None
    rcParams["svg.hashsalt"] = "gradcalc"  # the same figure, the same bytes
    rcParams["svg.fonttype"] = "none"  # text stays text
    return Figure(figsize=(width, height), layout="constrained" if arranged else None)


def add_lines(axes: Any, pieces: Any, *, style: str, label: str, gid: str) -> None:
    """Pieces of lines, each from (x, y) to (x, y), that are seen on every colour."""
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.6, foreground="white")]
    drawn = LineCollection(
        list(pieces), colors=INK, linestyles=style, linewidths=1.2, label=label, gid=gid,
        path_effects=halo,
    )  # fmt: skip
    axes.add_collection(drawn, autolim=False)


def written(figure: Any, kind: str) -> str:
    """The bytes of a figure (png, svg or pdf), a character each as ``Format.binary`` has them; an
    svg is text."""
    file = io.BytesIO()
    dates = {"png": None, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    figure.savefig(file, format=kind, dpi=150, metadata=dates[kind])
    return file.getvalue().decode("utf-8" if kind == "svg" else "latin-1")
