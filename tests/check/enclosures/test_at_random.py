"""Random expressions: no ball misses the value that mpmath finds with several times its digits.

GRADCALC_LONG=100000 makes so many examples of each.
"""

from __future__ import annotations

import os
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import ctx
from hypothesis import given, settings

from gradcalc.check.budget import Deadline
from gradcalc.check.enclosures.point import Point
from gradcalc.check.structure import Outline
from gradcalc.check.verify import verify
from gradcalc.graph.exact import leaves, rerun
from tests.expressions import Case, cases

LONG = int(os.environ.get("GRADCALC_LONG", "0"))
DIGITS, BITS = 120, 200
SLACK = mpmath.mpf(10) ** -60


def as_mpf(ball: Any) -> Any:
    mantissa, exponent = ball.man_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))


@settings(max_examples=LONG or 60, deadline=None)
@given(cases(outputs=2))
def test_no_ball_misses_its_value(case: Case) -> None:
    program = case.program()
    x = np.ravel(case.point()).tolist()
    outline = Outline(program.graph)
    with mpmath.workdps(DIGITS), ctx.workprec(BITS):
        here = Point(outline, x, Deadline(60))
        values = leaves(program.graph, x)
        rerun(program.graph, outline.nodes, values, Deadline(60))
        for node in outline.nodes:
            ball, true = here.values[node], values[node]
            if ball.is_finite() and mpmath.isfinite(true):
                room = as_mpf(ball.rad()) + SLACK * max(1, abs(true))
                assert abs(as_mpf(ball.mid()) - true) <= room, program.graph.text(node)


@settings(max_examples=LONG or 40, deadline=None)
@given(cases(kind="smooth", outputs=2, depth=2))
def test_what_is_regular_is_proven(case: Case) -> None:
    question = case.program().at(case.at).ask("jacobian")
    verdict = verify(question, method="arb", budget=30)
    assert verdict.outcome in ("agrees", "few digits"), (case, verdict.line)
    assert verdict.proof is not None
    assert not verdict.proof.without, (case, verdict.line)
    assert None not in verdict.digits


@pytest.mark.parametrize("text", ["floor(exp(log(x)))", "where(sqrt(x)**2 == x, x, 2*x)"])
def test_a_step_is_never_proven(text: str) -> None:
    import gradcalc

    for x in range(2, 30):
        verdict = verify(gradcalc.compile(text).at([float(x)]).ask("gradient"), method="arb")
        assert verdict.outcome in ("undecided", "not checked") or verdict.proven
        if verdict.proven:  # sqrt(4) is exact
            assert round(x**0.5) ** 2 == x
