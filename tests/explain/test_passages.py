"""``explain --uncertainty``: budgets as the chain rule over the user's text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from gradcalc.explain.passages import passages
from gradcalc.explain.steps import chart
from tests.cli.shell import Shell
from tests.expressions import Case, cases


@settings(max_examples=40)
@given(cases())
def test_the_last_passage_of_an_input_is_its_contribution(case: Case) -> None:
    p, x = case.program(), case.point()
    at = p.at(x)
    slopes, scales = at.jacobian(), at.scale("jacobian")
    for i in range(len(p.outputs)):
        steps = chart(at).sweep([float(i == k) for k in range(len(p.outputs))])
        for j, name in enumerate(p.variables):
            ways = passages(steps, name, 0.25)
            if ways:
                room = 1e-12 * scales[i, j] + 1e-200
                assert abs(ways[-1].moved - 0.25 * slopes[i, j]) <= room


def test_the_largest_contribution_comes_first(gradcalc: Shell) -> None:
    ran = gradcalc("explain", "3*x + y", "--uncertainty", "--at", "x=1±0.1,y=1±1")
    assert ran.code == 0
    assert ran.out.index("y ± 1   91.7 % of u²") < ran.out.index("x ± 0.1   8.26 % of u²")
    assert "  → 3*x  slope 3,  3 × 0.1 = 0.3\n" in ran.out
    assert ran.out.endswith("u² = 1²\n   + 0.3²\nu  = 1.04403\n")


def test_correlations_stand_apart_and_every_step_is_in_the_json(gradcalc: Shell) -> None:
    words = ["explain", "x*y, x", "--uncertainty", "--at", "x=2±0.1,y=3±0.2", "--corr", "x,y=0.5"]
    ran = gradcalc(*words)
    assert "+ 2 × 0.5 × 0.3 × 0.4 (x, y)" in ran.out
    found = json.loads(gradcalc(*words, "-f", "json").out)["budgets"]
    assert [one["output"] for one in found] == ["f1", "f2"]
    assert found[0]["u"] == pytest.approx((0.3**2 + 0.4**2 + 0.12) ** 0.5)
    assert [i["name"] for i in found[0]["inputs"]] == ["y", "x"]
    assert found[0]["inputs"][0]["passages"][-1]["moved"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["x", "--at", "x=1", "--uncertainty"], 3, "no input has an uncertainty"),
        (["x", "--at", "x=1", "--u", "x=1"], 2, "--u is about uncertainties"),
        (["x", "--at", "x=1±1", "--uncertainty", "--v", "1"], 2, "leave out --v"),
        (["log(x)", "--at", "x=-1±1", "--uncertainty"], 4, "log(-1)"),
    ],
)
def test_what_does_not_fit_is_said(gradcalc: Shell, words: list[str], code: int, said: str) -> None:
    ran = gradcalc("explain", *words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
