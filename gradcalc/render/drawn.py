"""The picture of a graph through matplotlib, as ``render.drawing`` lays it out: png and pdf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcalc.render.drawing import Drawing, wide
from gradcalc.render.figures import BACKWARD, FORWARD, INK, LINE, figure, written

_INKS = {"what": INK, "value": FORWARD, "cotangent": BACKWARD}


def graph(kind: str) -> Callable[[Drawing, str], str]:
    """A writer of graphs, as ``render.drawing`` lays them out."""

    def write(drawing: Drawing, name: str) -> str:
        width, height = drawing.size
        made = figure(width / 72 + 0.2, height / 72 + 0.2, arranged=False)
        from matplotlib.patches import FancyBboxPatch

        axes = made.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-8, width + 8), ylim=(height + 8, -8))
        axes.axis("off")
        for k, arrow in enumerate(drawing.arrows):
            _curve(axes, drawing, k, arrow.slope)
        for k, box in enumerate(drawing.boxes):
            x, y = drawing.middle(k)
            size = wide(box)
            axes.add_patch(
                FancyBboxPatch(
                    (x - size / 2, y - drawing.tall / 2),
                    size,
                    drawing.tall,
                    boxstyle="round,pad=0,rounding_size=5",
                    facecolor="white",
                    edgecolor=FORWARD if box.kind == "output" else LINE,
                    linestyle="--" if box.kind == "sum" else "-",
                )
            )
            lines = [("what", box.what), *box.lines]
            for i, (kind_of_line, text) in enumerate(lines):
                top = y - drawing.tall / 2 + (i + 0.5) * drawing.tall / len(lines)
                _write(axes, x, top, text, _INKS[kind_of_line])
        return written(made, kind)

    return write


def _curve(axes: Any, drawing: Drawing, k: int, slope: str) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    points = drawing.ways(k)
    for (x, y), (to, down) in zip(points[::2], points[1::2], strict=True):
        middle = (y + down) / 2
        ways, codes = [(x, y), (x, middle), (to, middle), (to, down)], [Path.MOVETO]
        codes += [Path.CURVE4] * 3
        if (to, down) != points[-1]:  # past a layer
            ways, codes = [*ways, (to, down + drawing.tall)], [*codes, Path.LINETO]
        path = Path(ways, codes)
        axes.add_patch(PathPatch(path, facecolor="none", edgecolor=LINE, zorder=0))
    if slope:
        under = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        _write(axes, *drawing.labels[k], slope, BACKWARD, bbox=under)


def _write(axes: Any, x: float, y: float, text: str, ink: str, **more: Any) -> None:
    axes.text(x, y, text, color=ink, ha="center", va="center", family="monospace", size=8.5,
              parse_math=False, **more)  # fmt: skip
