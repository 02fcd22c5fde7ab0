"""The chain rule, step by step: the same numbers as the answer, over the user's own text."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given

import gradcalc
from gradcalc.explain.steps import Flow, chart, explain
from gradcalc.render.records import one_line
from gradcalc.render.steps import MOST_STEPS, Style, as_record, render_all, render_steps
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


def test_elements_of_matrices_are_called_by_what_they_are() -> None:
    program = gradcalc.compile("A@b", shapes={"A": (2, 2), "b": 2})
    told = explain(program.at([1.0, 2, 3, 4, 5, 6]), [1.0, 0.0])
    assert told.forward[2] == ("A[0,0]*b[0] + A[0,1]*b[1]", 17.0)
    (flow, _) = told.steps[-1].flows
    assert (flow.operand, flow.formula) == ("A[0,0]", "b[0]")


def test_the_parts_of_a_long_sum_have_names_too() -> None:
    program = gradcalc.compile("sum((M+1)**2)", shapes={"M": (2, 2)})
    told = explain(program.at([1.0, 2, 3, 4]), [1.0])
    assert [text for text, _ in told.forward][4:] == [
        "(M[0,0] + 1)**2", "(M[0,1] + 1)**2", "(M[1,0] + 1)**2", "(M[1,1] + 1)**2",
        "part 1 of sum((M+1)**2)", "part 2 of sum((M+1)**2)", "sum((M+1)**2)",
    ]  # fmt: skip
    assert [flow.formula for flow in told.steps[3].flows] == ["2*(M[1,1] + 1)"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("x+y", "sum rule"),
        ("x*y", "product rule"),
        ("3*x", "constant factor"),
        ("x/3", "constant factor"),
        ("3/x", "quotient rule"),
        ("x/y", "quotient rule"),
        ("x**3", "power rule"),
        ("sin(x)**3", "power rule, chain rule"),
        ("sin(x)", "derivative of sin"),
        ("sin(x*y)", "derivative of sin, chain rule"),
        ("where(x > 0, x, y)", "the branch that is taken"),
    ],
)
def test_a_step_has_the_name_that_a_textbook_gives_it(text: str, name: str) -> None:
    program = gradcalc.compile(text)
    steps = explain(program.at([2.0, 3.0][: len(program.variables)]), [1.0]).steps
    assert steps[0].rule == name


def test_the_forward_pass_is_told_once_for_all_outputs() -> None:
    told = chart(gradcalc.compile("x*y, x+y").at([2.0, 3.0]))
    text = render_all([told.sweep([1.0, 0.0]), told.sweep([0.0, 1.0])], Style())
    assert text.count("forward: the value of every part") == 1
    assert text.count("backward: v gives") == text.count("per variable") == 2


def test_colour_and_names_of_rules_are_there_if_asked_for() -> None:
    told = [explain(gradcalc.compile("x*y").at([2.0, 3.0]), [1.0])]
    plain = render_all(told, Style())
    assert "\x1b" not in plain
    assert "product rule" not in plain
    ruled = render_all(told, Style(color=True, rules=True))
    assert re.sub(r"\x1b\[\d*m", "", ruled).replace("   product rule", "") == plain


@given(cases())
def test_a_chart_swept_and_its_cotangents_are_the_same(case: Case) -> None:
    told = chart(case.program().at(case.point()))
    v = np.linspace(1, 2, len(told.outputs)).tolist()
    steps = {step.text: step.cotangent for step in told.sweep(v).steps}
    cotangents = told.cotangents(v)
    assert {p.label: cotangents[p.node] for p in told.parts if p.node in cotangents} == steps
