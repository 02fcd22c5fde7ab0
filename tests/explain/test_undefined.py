"""A NaN or an infinity is traced to the characters in which it arose."""

from __future__ import annotations

import pytest

import gradcalc
from gradcalc.explain.undefined import of_slope, of_value


@pytest.mark.parametrize(
    ("text", "x", "guilty", "what"),
    [
        ("log(x1-2)+x2", [1, 1], "log(x1-2)", "log(-1)"),
        ("1/(x1-x2)", [1, 1], "1/(x1-x2)", "1 / 0"),
        ("x1/x2", [0, 0], "x1/x2", "0 / 0"),
        ("x2*exp(1000*x1)", [1, 1], "exp(1000*x1)", "exp(1000)"),
        ("sqrt(-1)*x1", [1], "sqrt(-1)", "sqrt(-1)"),
        ("where(x1>0, log(x1), x1) + log(x1-5)", [-1], "log(x1-5)", "log(-6)"),
        ("y = sqrt(x1); y + asin(y)", [4], "asin(y)", "asin(2)"),
    ],
)
def test_a_value_is_traced_to_the_first_operation_that_went_wrong(
    text: str, x: list[float], guilty: str, what: str
) -> None:
    cause = of_value(gradcalc.compile(text).at(x), 0)
    assert cause is not None
    assert (cause.text, cause.what) == (guilty, what)
    assert text[cause.span.start : cause.span.end] == guilty


@pytest.mark.parametrize(
    ("text", "x", "variable", "guilty", "what"),
    [
        ("x1*sqrt(x2)", [0, 0], 1, "sqrt(x2)", "0 * inf"),
        ("sqrt(x1) - sqrt(x1+x2)", [0, 0], 0, "x1", "-inf + inf"),
        ("cbrt(x1)*x1**2", [0], 0, "cbrt(x1)", "0 * inf"),
        ("log(x1)", [-1], 0, "log(x1)", "log(-1)"),
    ],
)
def test_a_slope_is_traced_to_the_product_that_has_no_value(
    text: str, x: list[float], variable: int, guilty: str, what: str
) -> None:
    cause = of_slope(gradcalc.compile(text).at(x), 0, variable)
    assert cause is not None
    assert cause.text == guilty
    assert sorted(cause.what.split()) == sorted(what.split())


def test_what_is_finite_has_no_cause() -> None:
    p = gradcalc.compile("x1*x2")
    assert of_value(p.at([1, 2]), 0) is None
    assert of_slope(p.at([1, 2]), 0, 1) is None
