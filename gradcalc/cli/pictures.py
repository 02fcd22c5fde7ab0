"""The commands that show how an answer comes about: ``explain`` and ``graph``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import posed, traced, vector
from gradcalc.problem import Problem

if TYPE_CHECKING:
    from gradcalc.explanation import Explanation


def explain(options: Options) -> Text:
    """The chain rule step by step: for vᵀJ, or without v for every output in turn."""
    problem = posed(options)
    labels = problem.graph.output_names
    if options.v is not None or len(labels) == 1:
        seeds = [vector(problem, "v", options)]
    else:
        seeds = [[float(i == k) for k in range(len(labels))] for i in range(len(labels))]
    explanations = _explanations(problem, seeds)
    from gradcalc.render.steps import as_record, render_steps

    if options.explained == "json":
        records = [as_record(explanation) for explanation in explanations]
        return Text(json.dumps(records, allow_nan=False, indent=1, ensure_ascii=False) + "\n")
    return Text("\n".join(render_steps(one, options.digits) for one in explanations))


def _explanations(problem: Problem, seeds: list[list[float]]) -> list[Explanation]:
    from gradcalc.explanation import explain  # deferred, as numpy is

    program = problem.program()
    return [explain(program, problem.x, v) for v in seeds]


def graph(options: Options) -> Text:
    """The traced graph; with the value of every node where there is a point."""
    from gradcalc.render.picture import PICTURES

    draw = PICTURES[options.picture]
    if options.at is None:
        return Text(draw(traced(options), None, options.digits))
    problem = posed(options)
    at = problem.program().values(problem.x).tolist()
    return Text(draw(problem.graph, at, options.digits))
