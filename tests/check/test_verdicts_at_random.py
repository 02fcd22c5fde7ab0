"""Random expressions of the whole language: what passed is never farther off than it claims.

The truth here is a difference of 200-digit values: the graph evaluated by mpmath, with none of our
derivatives and nothing of ``gradcalc.check``. GRADCALC_LONG=10000 makes so many examples of
each kind, and not the usual ones.
"""

from __future__ import annotations

import math
import os
import time
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import gradcalc
from gradcalc.check.verdict import Verdict
from gradcalc.check.verify import verify
from gradcalc.engine.program import Program
from gradcalc.errors import GradcalcError
from gradcalc.explain.kinks import kinks
from gradcalc.functions.primitives import TABLE
from gradcalc.graph.graph import Graph
from tests.expressions import Case, cases

# An alarm that rings inside hypothesis' own hook into the garbage collector is told of in a
# warning, and rings again.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

LONG = int(os.environ.get("GRADCALC_LONG", "0"))
BUDGET, MARGIN = 2.0, 6.0
"""Seconds of processor time: a busy machine is not a check that hangs."""
AWKWARD = st.sampled_from([0.0, 1.0, -1.0, 0.5, 1e-5, 1e-9, 40.0, -40.0, 1e10, 1e155, 1e-160])

PLAIN = {
    "add",
    "sub",
    "mul",
    "div",
    "neg",
    "square",
    "sqrt",
    "log",
    "abs",
    "max",
    "min",
    "lt",
    "gt",
}
STAIRS = {"floor", "ceil", "round"}

FAR = 2000  # bits before the point, from which on exp and sin take too many digits of e and pi

examples = settings(max_examples=LONG or 25, derandomize=not LONG)


def exact(graph: Graph, x: list[Any]) -> list[Any]:
    """The outputs at 200 digits; ValueError where one is not real. Only branches taken are run."""
    known: dict[int, Any] = dict(zip(graph.inputs, x, strict=True))
    known |= {
        node: mpf(number)
        for node, number in graph.constants.items()
        if TABLE[graph.codes[node]].name == "constant"  # not pi/4: it was rounded
    }
    stack = list(reversed(graph.outputs))
    while stack:
        node = stack[-1]
        if node in known:
            stack.pop()
            continue
        primitive, within = TABLE[graph.codes[node]], graph[node].operands
        if primitive.name == "where" and within[0] in known:
            within = (within[0], within[1] if known[within[0]] else within[2])
        missing = [operand for operand in within if operand not in known]
        if primitive.name == "where" and len(within) == 3:
            missing = [within[0]]
        if missing:
            stack += missing
        elif primitive.name == "where":
            known[node] = known[within[1]]
        elif primitive.name in STAIRS and abs(known[within[0]]) > 1e15:
            raise ValueError("a difference steps over many stairs")
        elif primitive.name not in PLAIN and any(mpmath.mag(known[k]) > FAR for k in within):
            raise ValueError("more digits of e than there is time for")
        else:
            known[node] = _real(primitive.mpmath(*(known[operand] for operand in within)))
    return [known[node] for node in graph.outputs]


def _real(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if mpmath.im(value) or not mpmath.isfinite(mpmath.re(value)):
        raise ValueError(value)
    return mpmath.re(value)


def slope(graph: Graph, x: list[float], i: int, j: int) -> Any:
    """df_i/dx_j by a central difference; None where two steps do not agree or there is no value."""
    found = []
    nearest = min([1.0, *(abs(v) for v in x if v)])  # max(x, y) at (0, 1e-160)
    with mp.workdps(400):
        for step in (mpf(10) ** -60, mpf(10) ** -64):
            h = step * nearest  # nor is sin(1e155) any smoother than sin(1)
            ends = [[mpf(v) + (s * h if k == j else 0) for k, v in enumerate(x)] for s in (1, -1)]
            try:
                above, below = (exact(graph, end)[i] for end in ends)
            except (ValueError, ArithmeticError, mpmath.libmp.NoConvergence, MemoryError):
                return None
            found.append((above - below) / (2 * h))
        agree = abs(found[0] - found[1]) <= mpf(10) ** -18 * abs(found[1])
    return found[1] if agree else None


def judged(program: Program, x: list[float]) -> tuple[Any, Verdict]:
    start = time.process_time()
    with np.errstate(all="ignore"):
        entries, value = program.jacobian(x), program(x)
    verdict = verify(program.at(x).ask("jacobian"), entries, value, budget=BUDGET)
    assert time.process_time() - start < BUDGET + MARGIN
    return entries, verdict


def hold_to_claim(program: Program, x: list[float]) -> None:
    """Each entry that was passed has the digits that it is said to have."""
    entries, verdict = judged(program, x)
    if not verdict.passed:
        return
    with np.errstate(all="ignore"):
        bent = bool(kinks(program.at(x)))
    for k, digits in enumerate(verdict.digits):
        i, j = divmod(k, len(x))
        if digits == 0:
            assert verdict.doubts or "stands for 0" in verdict.reason, verdict.line
        if not digits or bent or not math.isfinite(entries[i, j]):
            continue
        true = slope(program.graph, x, i, j)
        if true is None or abs(true) < 1e-290:
            continue
        error = abs(mpf(float(entries[i, j])) - true) / abs(true)
        claimed = mpf(10) ** (1 - min(digits, 16))
        assert error <= claimed, f"{k}: {entries[i, j]!r}, true {true}, {verdict.line}"


@examples
@given(cases())
def test_inside_domains(case: Case) -> None:
    program = case.program()
    hold_to_claim(program, [float(v) for v in case.point()])


@examples
@given(cases(outputs=2), st.lists(AWKWARD, min_size=16, max_size=16))
def test_at_awkward_points(case: Case, coordinates: list[float]) -> None:
    """The same texts where nothing is chosen to be harmless."""
    program = case.program()
    n = len(program.variables)
    if n <= len(coordinates):
        hold_to_claim(program, coordinates[:n])


@examples
@given(cases(outputs=2))
def test_the_library_says_the_same(case: Case) -> None:
    shapes = {name: np.shape(value) for name, value in case.at.items() if np.ndim(value)}
    try:
        verdict = gradcalc.verify(case.text, case.at, shapes=shapes)
    except GradcalcError as error:
        raise AssertionError(f"{case.text} at {case.at}") from error
    assert verdict.passed is not False or verdict.worst is not None
