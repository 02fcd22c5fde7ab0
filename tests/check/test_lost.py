"""Lost digits: how many are left, where they went, and what the verdict says of it."""

from __future__ import annotations

import math

import mpmath
import pytest

import gradcalc
from gradcalc.check.compare import right_digits
from gradcalc.check.lost import first_loss
from gradcalc.check.verdict import ALL_DIGITS
from gradcalc.check.verify import verify


@pytest.mark.parametrize(
    ("ours", "true", "digits"),
    [
        (0.1, mpmath.mpf("0.1"), ALL_DIGITS),  # the nearest double
        (0.0, mpmath.mpf(0), ALL_DIGITS),
        (1e-17, mpmath.mpf(0), 0),
        (1.0011, mpmath.mpf(1), 2),
        (2.0, mpmath.mpf(1), 0),
        (math.inf, mpmath.inf, ALL_DIGITS),
        (math.inf, mpmath.mpf(1), 0),
        (math.nextafter(1.0, 2), mpmath.mpf(1), 15),
    ],
)
def test_right_digits_are_counted_against_the_number_itself(
    ours: float, true: object, digits: int
) -> None:
    assert right_digits(ours, true) == digits


@pytest.mark.parametrize(
    ("text", "x", "guilty"),
    [
        ("(1-cos(x))/x**2", 1e-5, "1-cos(x)"),
        ("log(1+x)/x", 1e-10, "1+x"),
        ("x*(exp(x) - 1)", 1e-12, "exp(x) - 1"),
        ("sqrt(x+1) - sqrt(x)", 1e14, "sqrt(x+1) - sqrt(x)"),
        ("y = x**2 + 1; 3*(y - x**2)", 1e9, "y - x**2"),
    ],
)
def test_the_culprit_is_the_subtraction_that_cancels(text: str, x: float, guilty: str) -> None:
    found = first_loss(gradcalc.compile(text).at([x]))
    assert found is not None
    assert text[found.span.start : found.span.end] in (guilty, found.text)
    assert found.digits < 12


def test_where_all_values_are_right_there_is_no_culprit() -> None:
    assert first_loss(gradcalc.compile("sin(x)/x").at([1e-5])) is None
    assert first_loss(gradcalc.compile("x**2 + y").at([2.0, 3.0])) is None


def test_of_what_nobody_knows_no_digits_are_counted() -> None:
    on_a_step = gradcalc.compile("gaussian(x) % x").at([-5e8])  # x, and a little more than that
    assert first_loss(on_a_step) is None


def test_few_right_digits_are_told_about_though_rounding_explains_them() -> None:
    p = gradcalc.compile("sin(x)/x")
    verdict = verify(p.at([1e-5]).ask("gradient"))
    assert (verdict.passed, verdict.outcome) == (None, "few digits")
    assert verdict.line.startswith("≈ ")
    (doubt,) = verdict.doubts
    assert doubt.true == -3.3333333333000005e-06
    assert doubt.digits == right_digits(doubt.ours, mpmath.mpf(doubt.true)) < 9
    assert "digits are right in df1/dx" in verdict.line


def test_an_exact_zero_that_comes_out_as_one_has_no_digits_to_doubt() -> None:
    p = gradcalc.compile("x*y - x*y + 0.1*x - x/10")
    verdict = verify(p.at([1.0, 3.0]).ask("gradient"))
    assert verdict.outcome == "few digits"
    assert all(doubt.true != 0 for doubt in verdict.doubts)


@pytest.mark.parametrize("method", ["mpmath", "sympy"])
@pytest.mark.parametrize(
    ("text", "x", "true"),
    [
        ("cosh(x)**2 - sinh(x)**2", 1000.0, 1),  # 868 digits cancel
        ("cosh(x)**2 - sinh(x)**2", 1500.0, None),  # 1302: more than there are
        ("sin(x)**2 + cos(x)**2 - 1", 3.0, 0),
    ],
)
def test_a_zero_is_none_where_the_digits_do_not_reach(
    method: str, text: str, x: float, true: int | None
) -> None:
    question = gradcalc.compile(text).at([x]).ask("eval")
    verdict = verify(question, value=[0.0], method=method, budget=30.0)
    (found,) = verdict.value_truth or (None,)
    if true is None or (method == "mpmath" and true == 1):
        assert verdict.passed is None
    else:
        assert found == true
        assert verdict.passed is (true == 0)
