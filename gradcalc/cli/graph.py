"""``gradcalc graph``: the traced graph, for eyes and for drawing programs."""

from __future__ import annotations

from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import posed, traced


def graph(options: Options) -> Text:
    """The traced graph; with the value of every node where there is a point."""
    from gradcalc.render.picture import PICTURES

    draw = PICTURES[options.format]
    if options.at is None:
        drawn = traced(options)
        return Text(draw(drawn, None, options.digits), notes=tuple(drawn.notes))
    problem = posed(options)
    from gradcalc.engine.program import Program  # deferred: it brings numpy

    at = Program(problem.graph).at(problem.x).values.tolist()
    text = draw(problem.graph, at, options.digits)
    return Text(text, notes=tuple(problem.graph.notes))
