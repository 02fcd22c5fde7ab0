"""The chain rule, step by step: the same numbers as the answer, over the user's own text."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given

import gradcalc
from gradcalc.explain.steps import Flow, explain
from gradcalc.render.records import one_line
from gradcalc.render.steps import MOST_STEPS, as_record, render_steps
from tests.expressions import Case, cases


@given(cases())
def test_the_totals_are_the_vector_jacobian_product(case: Case) -> None:
    p, x = case.program(), case.point()
    v = np.linspace(1, 2, len(p.outputs))
    explanation = explain(p.at(x), v.tolist())
    totals = [total.derivative for total in explanation.totals]
    assert (np.abs(totals - p.vjp(x, v)) <= 1e-12 * p.at(x).scale("vjp", v) + 1e-200).all()


def test_every_flow_is_cotangent_times_slope_with_the_formula_over_the_users_text() -> None:
    p = gradcalc.compile("sin((x+1)*y)")
    sine, product, _ = explain(p.at([1.0, 2.0]), [1.0]).steps
    assert sine.flows[0].formula == "cos((x+1)*y)"
    assert sine.flows[0].contribution == np.cos(4.0)
    assert product.flows == (
        Flow("x+1", "y", 2.0, 2.0 * np.cos(4.0)),
        Flow("y", "x+1", 2.0, 2.0 * np.cos(4.0)),
    )


def test_a_variable_sums_what_came_through_each_part() -> None:
    p = gradcalc.compile("x1**2+3*x2, x2**2+2*x1")
    x1, x2 = explain(p.at([2.0, 3.0]), [1.0, 1.0]).totals
    assert sorted(x1.contributions) == [("2*x1", 2.0), ("x1**2", 4.0)]
    assert (x1.derivative, x2.derivative) == (6.0, 9.0)


def test_nothing_flows_through_a_branch_that_is_not_taken() -> None:
    p = gradcalc.compile("where(x > 0, sqrt(x), 3*x)")
    explanation = explain(p.at([0.0]), [1.0])
    assert explanation.totals[0].derivative == 3.0
    assert "sqrt(x)" not in [step.text for step in explanation.steps]


def test_the_text_shows_values_slopes_and_sums() -> None:
    p = gradcalc.compile("x1**2+3*x2, x2**2+2*x1")
    text = render_steps(explain(p.at([2.0, 3.0]), [1.0, 1.0]))
    assert "x1**2+3*x2 = 13" in text
    assert "slope 2*x2 = 6,  1 × 6 = 6" in text
    assert "x2: 6 + 3 = 9   (through 'x2**2', '3*x2')" in text


def test_a_long_explanation_says_what_it_leaves_out() -> None:
    p = gradcalc.compile("+".join(f"sin(x{i})" for i in range(400)))
    text = render_steps(explain(p.at([0.5] * 400), [1.0]))
    assert len(text.splitlines()) < 4 * MOST_STEPS
    assert "--format json has them" in text


def test_json_has_no_number_that_json_has_not() -> None:
    text = one_line(as_record(explain(gradcalc.compile("1/x").at([0.0]), [1.0])))
    assert json.loads(text)["derivative"] == {"x": None}


def test_parts_of_one_text_are_told_apart() -> None:
    told = explain(gradcalc.compile("sum(a*a)", shapes={"a": 2}).at([1.0, 2.0]), [1.0])
    assert told.forward == (("(a*a)[0]", 1.0), ("(a*a)[1]", 4.0), ("sum(a*a)", 5.0))
    first = next(step for step in told.steps if step.text == "(a*a)[0]")
    assert [(flow.operand, flow.formula) for flow in first.flows] == [("a[0]", "a[0]")] * 2
    assert told.totals[1].contributions == (("(a*a)[1]", 2.0), ("(a*a)[1]", 2.0))


@pytest.mark.parametrize(
    ("text", "formula"),
    [("x^3", "3*x**2"), ("x**2.5", "2.5*x**1.5"), ("x^n", "n*x**(n - 1)"), ("x**-1", "(-1)*x**-2"),
     ("tanh(x)", "1 - tanh(x)**2"), ("atan(x)", "1/(1 + x**2)")],
)  # fmt: skip
def test_a_slope_is_written_as_people_write_it(text: str, formula: str) -> None:
    program = gradcalc.compile(text, params={"n": 3})
    (step, *_) = explain(program.at([2.0]), [1.0]).steps
    assert [flow.formula for flow in step.flows if flow.operand == "x"] == [formula]


def test_the_parts_of_a_mean_are_named_by_what_they_are() -> None:
    told = explain(gradcalc.compile("mean(a+3)", shapes={"a": 2}).at([2.0, 3.0]), [1.0])
    assert [text for text, _ in told.forward] == [
        "(a+3)[0]", "(a+3)[1]", "sum in mean(a+3)", "mean(a+3)",
    ]  # fmt: skip
