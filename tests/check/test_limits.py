"""Where a formula has no value and the function has one: --limits, and slopes that hide in 0·∞."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gradcalc
from gradcalc.check.verify import verify

E_HALF = -math.e / 2

TWO_SIDED = [
    ("(x^2-1)/(x-1)", 1, 2, 1, 0),
    ("sin(x)/x", 0, 1, 0, -1 / 3),
    ("(exp(x)-1)/x", 0, 1, 1 / 2, 1 / 3),
    ("(1-cos(x))/x^2", 0, 1 / 2, 0, -1 / 12),
    ("x/(exp(x)-1)", 0, 1, -1 / 2, 1 / 6),
    ("log(x)/(x-1)", 1, 1, -1 / 2, 2 / 3),
    ("(sqrt(x)-2)/(x-4)", 4, 1 / 4, -1 / 64, 1 / 256),
    ("1/x - 1/sin(x)", 0, 0, -1 / 6, 0),  # ∞ - ∞
    ("x/tan(x)", 0, 1, 0, -2 / 3),
    ("(1+x)^(1/x)", 0, math.e, E_HALF, 11 * math.e / 12),  # 1^∞
    ("(tan(sin(x))-sin(tan(x)))/x^7", 0, 1 / 30, 0, 29 / 756 * 2),
]


def asked(text: str, kind: str, *x: float) -> Any:
    return verify(gradcalc.compile(text).at(np.array(x)).ask(kind), limits=True)


@pytest.mark.parametrize(("text", "x", "value", "slope", "bend"), TWO_SIDED)
def test_of_one_variable(text: str, x: float, value: float, slope: float, bend: float) -> None:
    first, second = (asked(text, kind, x) for kind in ("gradient", "hessian"))
    assert first.value_truth[0] == pytest.approx(value, rel=1e-15, abs=0)
    assert first.truth.item() == pytest.approx(slope, rel=1e-15, abs=0)
    assert second.truth.item() == pytest.approx(bend, rel=1e-15, abs=0)
    assert all(where.startswith("the same on both sides") for where in first.limits.values())


@pytest.mark.parametrize(
    ("text", "value", "slope"),
    [("x*log(x)", 0, -math.inf), ("sin(sqrt(x))/sqrt(x)", 1, -1 / 6), ("x^2*log(x)", 0, 0)],
)
def test_at_the_edge_of_a_domain(text: str, value: float, slope: float) -> None:
    verdict = asked(text, "gradient", 0.0)
    assert verdict.value_truth[0] == pytest.approx(value, abs=0)
    assert verdict.truth.item() == pytest.approx(slope, rel=1e-15, abs=0)
    assert all(where.startswith("from the right side alone") for where in verdict.limits.values())


@pytest.mark.parametrize(
    "text",
    ["1/x", "1/x^2", "abs(x)/x", "floor(x)/x", "1/(1+exp(1/x))", "sin(1/x)", "atan(1/x)",
     "x/x^2", "sqrt(-1+0*x)", "where(x == 0, 0/x, 1/x)"],
)  # fmt: skip
def test_where_there_is_no_limit_there_is_none(text: str) -> None:
    verdict = asked(text, "gradient", 0.0)
    assert not verdict.limits
    assert math.isnan(verdict.value_truth[0])


def test_a_value_may_have_a_limit_and_its_slope_none() -> None:
    verdict = asked("x*sin(1/x)", "gradient", 0.0)
    assert verdict.value_truth == (0.0,)
    assert math.isnan(verdict.truth.item())


@pytest.mark.parametrize(
    ("text", "x", "value", "slopes"),
    [
        ("(x^2-1)/(x-1)*y", (1, 2), 4, [2, 2]),
        ("sin(x-y)/(x-y)", (1, 1), 1, [0, 0]),
        ("r = sqrt(x^2+y^2); sin(r)/r", (0, 0), 1, [0, 0]),
        ("x*log(x) + y*log(y)", (0, 0), 0, [-math.inf, -math.inf]),
        ("x*y/(x^2+y^2)", (0, 0), math.nan, [math.nan, math.nan]),
        ("x^2*y/(x^2+y^2)", (0, 0), 0, [math.nan, math.nan]),
        ("x*y*(x^2-y^2)/(x^2+y^2)", (0, 0), 0, [0, 0]),
    ],
)
def test_of_several_variables(text: str, x: Any, value: float, slopes: list[float]) -> None:
    verdict = asked(text, "gradient", *x)
    assert np.array_equal(verdict.value_truth, [value], equal_nan=True)
    assert np.array_equal(verdict.truth.ravel(), slopes, equal_nan=True)
    assert not verdict.proven


def test_a_value_that_is_another_than_the_limit_is_not_continued() -> None:
    """The slopes beside a jump have a limit, and it is nobody's derivative."""
    verdict = asked("where(x > 0, x^2/x, 1)", "gradient", 0.0)
    assert verdict.value_truth == (1.0,)
    assert not verdict.limits


@pytest.mark.parametrize(
    "text", ["acos(cos(a)*cos(b)+sin(a)*sin(b))^2", "(sqrt(1-(cos(a)^2+sin(a)^2)+b^2))^2 - b^2"]
)
def test_a_derivative_that_hides_in_zero_times_infinity(text: str) -> None:
    at = gradcalc.compile(text).at(np.array([0.5, 0.5 if "acos" in text else 0.0]))
    assert np.isnan(at.gradient()).any()
    assert verify(at.ask("gradient")).truth.ravel().tolist() == [0, 0]
