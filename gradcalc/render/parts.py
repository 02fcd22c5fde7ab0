"""The parts of an expression as boxes and arrows: values going down, cotangents coming up; where
there are several outputs, or on request, the weighted sum that ``backward`` starts from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradcalc.explain.steps import Chart, one_line
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed, operands
from gradcalc.render import drawing, drawn
from gradcalc.render.drawing import Arrow, Box, Drawing, draw
from gradcalc.render.numbers import shown

DIGITS = 6
"""Significant digits in a picture, unless others are asked for."""
_FEW = 4  # of a slope, which stands between two boxes


def of_chart(
    chart: Chart,
    v: Sequence[float],
    value: Sequence[float],
    digits: int | None = None,
    *,
    total: bool = True,
) -> Drawing:
    """A box for each part, in their order, then Σ if ``total``; an arrow for each edge, then those
    to Σ and those without slopes. ``value`` are the outputs', which may be constants."""
    digits = digits or DIGITS
    everything = (*chart.variables, *chart.parts)
    place = {part.node: k for k, part in enumerate(everything)}
    arrived = chart.cotangents(v)
    named = {node: name for name, node in reversed(chart.outputs)}
    boxes = [
        Box(
            _called(part.label, named.get(part.node)),
            part.label,
            "input" if k < len(chart.variables) else "output" if part.node in named else "part",
            (
                ("value", shown(part.value, digits)),
                ("cotangent", shown(arrived[part.node], digits) if part.node in arrived else ""),
            ),
        )
        for k, part in enumerate(everything)
    ]
    arrows = [
        Arrow(
            place[edge.node],
            k,
            _times(edge.slope) if edge.taken else "",
            "" if edge.formula == "1" else edge.formula,
        )
        for k, part in enumerate(everything)
        for edge in part.edges
    ]
    if total:
        weighted = sum(weight * y for weight, y in zip(v, value, strict=True))
        lines = (("value", shown(weighted, digits)), ("cotangent", "1"))
        boxes.append(Box("Σ", "Σ", "sum", lines))
        arrows += [
            Arrow(place[node], len(everything), _times(weight), name)
            for (name, node), weight in zip(chart.outputs, v, strict=True)
            if node in place
        ]
    arrows += [
        Arrow(place[operand], k) for k, part in enumerate(everything) for operand in part.conditions
    ]
    return draw(boxes, arrows)


def of_graph(graph: Graph) -> Drawing:
    """The same without a point: nothing but what stands on what."""
    nodes = [
        node
        for node in needed(graph, graph.outputs + graph.inputs, closed=graph.constants)
        if node not in graph.constants
    ]
    place = {node: k for k, node in enumerate(nodes)}
    named = dict(zip(reversed(graph.outputs), reversed(graph.output_names), strict=True))
    texts = {node: one_line(graph.text(node)) for node in nodes}
    texts |= zip(graph.inputs, graph.variables, strict=True)
    boxes = [
        Box(
            _called(texts[node], named.get(node)),
            texts[node],
            "input" if node in graph.inputs else "output" if node in named else "part",
        )
        for node in nodes
    ]
    arrows = [
        Arrow(place[operand], place[node])
        for node in nodes
        for operand in dict.fromkeys(operands(graph, node))
        if operand in place
    ]
    return draw(boxes, arrows)


def _called(label: str, output: str | None) -> str:
    return label if output in (None, label) else f"{output} = {label}"


def _times(slope: float) -> str:
    return "" if slope == 1 else f"×{shown(slope, _FEW)}"


def _alone(found: Drawing, name: str) -> str:
    return drawing.svg(found, name, alone=True)


WRITERS: dict[str, Callable[[Drawing, str], str]] = {
    "svg": _alone,
    "html": drawing.html,
    "png": drawn.graph("png"),
    "pdf": drawn.graph("pdf"),
}
"""Drawings of graphs by format."""
