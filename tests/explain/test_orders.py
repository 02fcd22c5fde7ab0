"""What is no derivative is no 0: an order of a function is not differentiated by."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradcalc
from gradcalc.calculus.gradients import no_slope
from gradcalc.check.verify import verify
from gradcalc.errors import BindingError
from gradcalc.explain.undefined import of_slope
from gradcalc.functions.primitives import FUNCTIONS

ORDERED = sorted({row.name for row in FUNCTIONS.values() if row.ordered and row.arity == 2})


@pytest.mark.parametrize("name", ORDERED)
def test_the_slope_by_an_order_is_nan_and_the_reason_is_said(name: str) -> None:
    at = gradcalc.compile(f"{name}(n, y)").at([1.0, 0.5])
    by_order, by_operand = at.gradient()
    assert math.isnan(by_order)
    assert math.isfinite(by_operand)
    cause = of_slope(at, 0, 0)
    assert cause is not None
    assert cause.what == no_slope(FUNCTIONS[name], 0)
    verdict = verify(at.ask("gradient"), [0.0, by_operand], budget=1)
    assert verdict.passed is not True or verdict.checked < 2  # a 0 is never agreed upon


@pytest.mark.parametrize("name", ORDERED)
def test_an_order_that_is_held_fixed_is_none_of_its_business(name: str) -> None:
    fixed = gradcalc.compile(f"{name}(n, y)", params={"n": 1})
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(fixed.gradient([0.5])).all()
    assert np.isnan(gradcalc.compile(f"{name}(n, y)").hessian([1.0, 0.5]))[0].all()


def test_a_formula_by_an_order_is_refused() -> None:
    from gradcalc.calculus.gradients import gradient_graph
    from gradcalc.calculus.rules import plain

    graph = gradcalc.compile("polygamma(n, y)").graph
    with pytest.raises(BindingError, match="polygamma has no derivative with respect to its first"):
        gradient_graph(graph, plain)
