"""What is drawn, as rows and records for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradcalc.plot.curve import Curve, Mark
from gradcalc.plot.histogram import Histogram
from gradcalc.plot.surface import Surface
from gradcalc.render.frame import framed
from gradcalc.render.records import RECORDS, separated


def header(drawn: Curve | Surface) -> list[str]:
    """The variables, the outputs, the slopes."""
    variables = [drawn.variable] if isinstance(drawn, Curve) else list(drawn.variables)
    slopes = [f"d{name}/d{variable}" for name in drawn.outputs for variable in variables]
    return [*variables, *drawn.outputs, *slopes]


def rows(drawn: Curve | Surface) -> Iterator[list[float]]:
    """A row for each sample."""
    if isinstance(drawn, Curve):
        for x, value, slope in zip(drawn.x, drawn.value, drawn.slope, strict=True):
            yield [float(x), *value.tolist(), *slope.tolist()]
        return
    for k, y in enumerate(drawn.y.tolist()):
        for j, x in enumerate(drawn.x.tolist()):
            yield [x, y, *drawn.value[k, j].tolist(), *drawn.slope[k, j].ravel().tolist()]


def separate(drawn: Curve | Surface, mark: str) -> str:
    return separated(header(drawn), rows(drawn), mark)


def record(drawn: Curve | Surface, kind: str, at: dict[str, Any]) -> str:
    """A JSON object: columns by name, and the marks."""
    columns = dict(zip(header(drawn), map(list, zip(*rows(drawn), strict=True)), strict=True))
    variables = [drawn.variable] if isinstance(drawn, Curve) else list(drawn.variables)
    body = {"samples": columns, "marks": list(_marks(drawn))}
    return RECORDS[kind](framed("plot", variables, drawn.outputs, at, body))


def _marks(drawn: Curve | Surface) -> Iterator[dict[str, Any]]:
    """Of a curve where something is; of a surface the pieces of lines, from point to point."""
    for mark in drawn.marks if isinstance(drawn, Curve) else drawn.edges:
        about = {"kind": mark.kind, "output": drawn.outputs[mark.output]}
        if isinstance(mark, Mark):
            yield about | {"at": mark.x, "text": mark.text}
        else:
            yield about | {"lines": mark.pieces.tolist()}


def bars(found: Sequence[Histogram], mark: str) -> str:
    """A row for each bar, and for what is below and above all of them."""
    return separated(("column", "low", "high", "rows"), _bars(found), mark)


def _bars(found: Sequence[Histogram]) -> Iterator[list[Any]]:
    for one in found:
        bars = list(zip(one.low.tolist(), one.high.tolist(), one.counts, strict=True))
        if one.below:
            bars.insert(0, (one.least, bars[0][0], one.below))
        if one.above:
            bars.append((bars[-1][1], one.most, one.above))
        yield from ([one.name, *bar] for bar in bars)


def counted(found: Sequence[Histogram], kind: str) -> str:
    """A JSON object with a record for each column."""
    columns = [one.__dict__ | {"low": one.low.tolist(), "high": one.high.tolist()} for one in found]
    return RECORDS[kind]({"command": "batch", "histograms": columns})
