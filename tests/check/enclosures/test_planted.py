"""A wrong digit in any partial of the table, one at a time: Arb alone refutes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gradcalc.calculus import rules
from gradcalc.check.verify import verify
from gradcalc.engine.program import Program
from gradcalc.errors import ExpressionError
from gradcalc.functions.primitives import OPERANDS
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.language import parse
from tests.functions.test_accuracy import SMOOTH, operands

SHOWS = 1e-9
"""How much, relatively, a planted digit has to change a slope to be a wrong one."""
MOST = 5  # points at which each is tried


def plants(text: str) -> Iterator[str]:
    """The text with one digit changed, for all its digits; and times nearly 1."""
    for found in re.finditer(r"\d", text):
        yield f"{text[: found.start()]}{(int(found[0]) + 1) % 10}{text[found.end() :]}"
    yield f"({text})*1.000001"


def program(primitive: Primitive, k: int, row: list[float]) -> Program:
    """The function of its operand number ``k``, the others fixed."""
    graph = Graph()
    x = graph.variable("x")
    nodes = [x if j == k else graph.constant(number) for j, number in enumerate(row)]
    graph.outputs, graph.output_names = [graph.apply(primitive.code, *nodes)], ["f1"]
    return Program(graph)


def slopes(text: str, columns: list[Any], out: Any) -> Any:
    graph = parse(text, bound=(*OPERANDS, "out"), flags_are_numbers=True)
    known = dict(zip(OPERANDS, columns, strict=False)) | {"out": out}
    if not graph.variables:
        return np.full(out.shape, graph.constants[graph.outputs[0]])
    points = np.column_stack([np.broadcast_to(known[name], out.shape) for name in graph.variables])
    return Program(graph)(points)[:, 0]


@pytest.mark.parametrize("primitive", SMOOTH, ids=lambda p: p.name)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_planted_digit_is_refuted(primitive: Primitive) -> None:
    columns = operands(primitive)
    out = np.asarray(primitive.numpy(*columns), float)
    for k, node in enumerate(rules.rule(primitive).outputs):
        text = primitive.partials[k]
        if node is None or text is None:  # no slope by an order
            continue
        right, refuted = slopes(text, columns, out), 0
        for planted in plants(text):
            try:
                wrong = slopes(planted, columns, out)
            except ExpressionError:
                continue  # expm2 is no function
            differ = np.abs(wrong - right) > SHOWS * np.abs(right)
            shown = np.flatnonzero(differ & np.isfinite(right) & np.isfinite(wrong) & (right != 0))
            if not len(shown):
                continue  # a digit that changes nothing: the border between two good formulas
            refuted, outcomes = refuted + 1, set()
            for i in shown[:: max(1, len(shown) // MOST)]:
                row = [float(column[i]) for column in columns]
                question = program(primitive, k, row).at([row[k]]).ask("gradient")
                verdict = verify(question, np.array([wrong[i]]), method="arb")
                outcomes.add(verdict.outcome)
                # where the point is ill conditioned it may be excused, but never in silence
                assert verdict.outcome != "agrees" or verdict.doubts, (planted, row, verdict.line)
            assert "disagrees" in outcomes, planted
        assert refuted, primitive.name
