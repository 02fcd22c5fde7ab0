"""Which sub-expression lost the digits: the one whose error is far larger than its operands'.

The graph is run again in mpmath at many digits; the first node, in order of evaluation, whose
double is wrong although its operands were right is where terms cancelled, or where a rounding was
magnified.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.compare import right_digits
from gradcalc.check.verdict import ALL_DIGITS
from gradcalc.engine.point import At
from gradcalc.errors import Span
from gradcalc.functions.digits import context, exclusive
from gradcalc.functions.primitives import TABLE
from gradcalc.graph.exact import leaves, rerun
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import below

_DIGITS = 60
_LOST = 4
"""So many digits fewer than the worst operand has, in one step, are a loss."""


class Loss(NamedTuple):
    """The text in which digits were lost, how many of them are left, and what it calculated."""

    text: str
    span: Span
    digits: int
    calculation: str


def first_loss(at: At, budget: float = 2.0) -> Loss | None:
    """The first sub-expression whose value lost digits; None if all values are right.

    Digits that were lost only among the contributions to a derivative have no such place.
    """
    graph, ours = at.program.graph, at.values
    leads = below(graph, graph.outputs)
    needed = [node for node in range(len(graph)) if leads[node] and ours[node] == ours[node]]
    with exclusive(), context().workdps(_DIGITS):
        truth = leaves(graph, at.x.tolist())
        try:
            rerun(graph, range(len(graph)), truth, Deadline(budget))
        except OutOfTime:
            return None
        digits: dict[int, int] = {}
        for node in needed:
            if truth[node] != truth[node]:
                continue  # it lies on a step, or is too large: nothing is known of its digits
            digits[node] = right_digits(float(ours[node]), truth[node])
            before = [digits.get(operand, ALL_DIGITS) for operand in graph[node].operands]
            if before and digits[node] < min(before) - _LOST and digits[node] < 12:
                return _found(graph, ours, node, digits[node])
    return None


def _found(graph: Graph, ours: Any, node: int, digits: int) -> Loss:
    primitive, operands, span, _ = graph[node]
    numbers = [repr(float(graph.constants.get(o, ours[o]))) for o in operands]
    if primitive.symbol and len(numbers) == 2:
        calculation = f" {primitive.symbol} ".join(numbers)
    else:
        calculation = f"{TABLE[primitive.code].name}({', '.join(numbers)})"
    return Loss(" ".join(graph.text(node).split()), span, digits, calculation)
