"""Where a NaN or an infinity came from: the characters of the text in which it arose.

A value is traced to the first node, in order of evaluation, that is not finite although its
operands are. A derivative is traced down the reverse sweep to the first product (or sum) that is a
NaN although its factors are not: ``0 * inf``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gradcalc.calculus.gradients import no_slope
from gradcalc.calculus.rules import evaluate, rule
from gradcalc.engine.point import At
from gradcalc.errors import Span
from gradcalc.functions.primitives import WHERE
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import above, below, operands


@dataclass(frozen=True, slots=True)
class Cause:
    """``what`` happened (``sqrt of -1``, ``0 * inf``) in ``node``, the text at ``span``."""

    what: str
    text: str
    span: Span
    node: int


def of_value(at: At, output: int) -> Cause | None:
    """Why output number ``output`` is not finite at the point; None when it is finite."""
    graph, values = at.program.graph, at.values
    node = graph.outputs[output]
    if math.isfinite(values[node]):
        return None
    reached = below(graph, [node], closed=graph.constants, within=partial(_taken, values))
    for candidate in range(node + 1):
        if not reached[candidate] or math.isfinite(values[candidate]):
            continue
        numbers = _numbers(graph, values, candidate)
        if all(map(math.isfinite, numbers)):
            return _cause(graph, candidate, _call(graph, candidate, numbers))
    return _cause(graph, node, "not finite")


def of_slope(at: At, output: int, variable: int) -> Cause | None:
    """Why ∂f_i/∂x_j is a NaN at the point; None when the sweep finds none.

    An output that is not finite itself is its own reason.
    """
    graph, values = at.program.graph, at.values
    if not math.isfinite(values[graph.outputs[output]]):
        return of_value(at, output)
    leads = above(graph, [graph.inputs[variable]])
    cotangents: dict[int, float] = {graph.outputs[output]: 1.0}
    for node in range(graph.outputs[output], -1, -1):
        if node not in cotangents or node in graph.constants:
            continue
        primitive, operands, _, _ = graph[node]
        cotangent = cotangents[node]
        active = [k for k, operand in enumerate(operands) if leads[operand]]
        numbers = _numbers(graph, values, node)
        with np.errstate(all="ignore"):
            slopes = evaluate(rule(primitive), numbers, values[node], active)
        for k, (operand, slope) in enumerate(zip(operands, slopes, strict=True)):
            if slope is None or (primitive.selects and slope == 0):
                continue
            slope = float(slope)
            flow = cotangent * slope
            if math.isnan(flow):
                factors = f"{cotangent:g} * {slope:g}"
                if math.isnan(slope) and k < primitive.orders:
                    factors = no_slope(primitive, k)
                elif math.isnan(slope):
                    factors = f"no slope: {_call(graph, node, numbers)}"
                return _cause(graph, node, factors)
            before = cotangents.get(operand, 0.0)
            if math.isnan(before + flow):
                return _cause(graph, operand, f"{before:g} + {flow:g}")
            cotangents[operand] = before + flow
    return None


def _cause(graph: Graph, node: int, what: str) -> Cause:
    return Cause(what, " ".join(graph.text(node).split()), graph.span(node), node)


def _numbers(graph: Graph, values: Any, node: int) -> list[float]:
    return [
        float(graph.constants.get(operand, values[operand])) for operand in graph[node].operands
    ]


def _call(graph: Graph, node: int, numbers: Sequence[float]) -> str:
    """``sqrt(-1)``, ``1 / 0``: the operation on the numbers that it met."""
    primitive = graph[node].primitive
    shown = [f"{number:.6g}" for number in numbers]
    if primitive.symbol and len(shown) == 2:
        return f"{shown[0]} {primitive.symbol} {shown[1]}"
    return f"{primitive.symbol or primitive.name}({', '.join(shown)})"


def _taken(values: Any, graph: Graph, node: int) -> tuple[int, ...]:
    """The operands that a value depends on; of a ``where``, the condition and one branch."""
    within = operands(graph, node)
    if graph.codes[node] != WHERE.code:
        return within
    condition, yes, no = within
    return condition, yes if values[condition] else no
