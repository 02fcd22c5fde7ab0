"""The numbers of a scene at any other point: a function in JavaScript, by the code generator."""

from __future__ import annotations

from gradcalc.calculus.gradients import copy, instantiate
from gradcalc.calculus.rules import rule
from gradcalc.code.printing import generate
from gradcalc.errors import GradcalcError
from gradcalc.explain.steps import Chart
from gradcalc.functions.primitives import TABLE
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import operands


def live(graph: Graph, chart: Chart) -> tuple[str, str]:
    """A JavaScript expression, a function of x; or '' and why there is none."""
    try:
        printed = generate(numbers(graph, chart), "javascript", ("f",))
    except GradcalcError as error:
        return "", error.message
    return f"(() => {{\n{printed.functions}return f;\n}})()", ""


def numbers(graph: Graph, chart: Chart) -> Graph:
    """A graph whose outputs are the value of every part, variables first, then the slope of every
    edge: all that the sweep back over them needs."""
    result = copy(graph)
    result.outputs = [part.node for part in (*chart.variables, *chart.parts)]
    for part in chart.parts:
        below = operands(graph, part.node)
        wanted = frozenset(k for k, operand in enumerate(below) if operand not in graph.constants)
        partials = rule(TABLE[graph.codes[part.node]])
        slopes = instantiate(result, partials, below, part.node, wanted, graph.span(part.node))
        result.outputs += [slope for slope in slopes if slope is not None]
    result.output_names = [f"r{k}" for k in range(len(result.outputs))]
    return result
