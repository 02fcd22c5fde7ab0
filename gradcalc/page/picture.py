"""The graph of a scene as a picture: its parts, and the weighted sum that ``backward`` starts from,
a box of its own."""

from __future__ import annotations

from gradcalc.page.scene import Scene
from gradcalc.render.drawing import Arrow, Box, Drawing, draw
from gradcalc.render.numbers import shown

DIGITS = 6


def picture(scene: Scene) -> Drawing:
    """A box for each part, in their order, then Σ; an arrow for each edge, then those to Σ."""
    chart = scene.chart
    everything = (*chart.variables, *chart.parts)
    place = {part.node: k for k, part in enumerate(everything)}
    cotangents = arrivals(scene)
    named = {node: name for name, node in reversed(chart.outputs)}
    boxes = [
        Box(
            f"{named[part.node]} = {part.label}" if part.node in named else part.label,
            part.label,
            "input" if k < len(chart.variables) else "output" if part.node in named else "part",
            (
                ("value", shown(part.value, DIGITS)),
                ("cotangent", shown(cotangents[k], DIGITS) if k in cotangents else ""),
            ),
        )
        for k, part in enumerate(everything)
    ]
    total = sum(v * y for v, y in zip(scene.v, scene.value, strict=True))
    boxes.append(Box("Σ", "Σ", "sum", (("value", shown(total, DIGITS)), ("cotangent", "1"))))
    arrows = [
        Arrow(place[edge.node], k, _times(edge.slope, edge.taken), edge.formula)
        for k, part in enumerate(everything)
        for edge in part.edges
    ]
    arrows += [
        Arrow(place[node], len(everything), _times(v), name)
        for (name, node), v in zip(chart.outputs, scene.v, strict=True)
        if node in place
    ]
    return draw(boxes, arrows)


def _times(slope: float, taken: bool = True) -> str:
    return f"×{shown(slope, 4)}" if taken and slope != 1 else ""


def arrivals(scene: Scene) -> dict[int, float]:
    """The cotangents by the place of their part, where anything arrives."""
    chart = scene.chart
    place = {part.label: k for k, part in enumerate((*chart.variables, *chart.parts))}
    explanation = scene.explanation
    found = {place[step.text]: step.cotangent for step in explanation.steps}
    found |= {
        place[total.variable]: total.derivative
        for total in explanation.totals
        if total.contributions
    }
    return found
