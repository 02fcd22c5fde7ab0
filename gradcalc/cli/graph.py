"""``gradcalc graph``: the traced graph, for eyes and for drawing programs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import posed, traced
from gradcalc.errors import BindingError

if TYPE_CHECKING:
    from gradcalc.engine.point import At
    from gradcalc.graph.graph import Graph

MOST_PARTS = 1000
"""Of a picture that is laid out here."""


def graph(options: Options) -> Text:
    """The traced graph; with the value of every node where there is a point."""
    from gradcalc.render.picture import PICTURES

    draw = PICTURES.get(options.format, partial(_drawn, options.format))
    if options.at is None:
        found = traced(options)
        return Text(draw(found, None, options.digits), notes=tuple(found.notes))
    problem = posed(options)
    from gradcalc.engine.program import Program  # deferred: it brings numpy

    at = Program(problem.graph).at(problem.x)
    given = at if options.format not in PICTURES else at.values.tolist()
    return Text(draw(problem.graph, given, options.digits), notes=tuple(problem.graph.notes))


def _drawn(format: str, graph: Graph, at: At | None, digits: int | None) -> str:
    """The picture; at a point with all values, and the cotangents of the sum of the outputs."""
    from gradcalc.explain.steps import chart
    from gradcalc.render.parts import WRITERS, of_chart, of_graph

    _require_readable(graph)
    name = "the graph of " + ", ".join(graph.output_names)
    if at is None:
        return WRITERS[format](of_graph(graph), name)
    several = len(graph.outputs) > 1
    drawing = of_chart(
        chart(at), [1.0] * len(graph.outputs), at.value.tolist(), digits, total=several
    )
    return WRITERS[format](drawing, name)


def _require_readable(graph: Graph) -> None:
    if len(graph) > MOST_PARTS:
        raise BindingError(
            f"a picture of {len(graph):,} parts shows nothing; the most is {MOST_PARTS:,}",
            hint="--format json has them all",
        )
