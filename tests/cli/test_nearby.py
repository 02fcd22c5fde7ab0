"""Where an answer is undefined, the hint names a point close by where it is not."""

from __future__ import annotations

import math

import pytest

import gradcalc
from gradcalc.explain.nearby import nearby
from gradcalc.explain.undefined import of_slope, of_value
from tests.cli.shell import Shell


@pytest.mark.parametrize(
    ("command", "text", "at", "hint"),
    [
        ("grad", "x1*sqrt(x2)", "0,0", "at x2=1e-12 the slope is 0"),
        ("jacobian", "y, x*sqrt(y)", "0,0", "at y=1e-12 the slope is 0"),
        ("jacobian", "x/y, y", "0,0", "at y=1e-12 f1 is 0"),
        ("vjp", "x*sqrt(y)", "0,0", "at y=1e-12 it is 0"),
        ("jvp", "x*sqrt(y)", "0,0", "at y=1e-12 it is 1e-06"),
        ("hessian", "x*sqrt(y)", "0,0", "at y=1e-12 it is 500000"),
        ("hvp", "x*sqrt(y)", "0,0", "at y=1e-12 it is 500000"),
        ("eval", "log(x1-2)+x2", "2,1", "at x1=2.000000000002 f1 is -25.9378"),
        ("eval", "gamma(n)", "n=-1", "at n=-0.999999999999 f1 is -1.00002e+12"),
        ("eval", "r = 1/(a-b)", "a=1e20,b=1e20", "at a=1.000000000001e+20 r is 9.99921e-09"),
        ("eval", "sqrt(3 - k[1])", "k=[1,3.003]", "at k[1]=2.999997 f1 is 0.00173205"),
        ("eval", "acosh(x)", "1-1e-13", "at x=1.000000000001 f1 is 1.41428e-06"),
        ("eval", "sqrt(x)", "-1e-20", None),
        ("eval", "exp(n)", "1000", None),
        ("eval", "sqrt(-1)*x", "1", None),
    ],
)
def test_the_hint_is_a_point_that_has_an_answer(
    gradcalc: Shell, command: str, text: str, at: str, hint: str | None
) -> None:
    extra = ["--u", "1,1"] if command in ("jvp", "hvp") else []
    result = gradcalc(command, text, "--at", at, "--no-check", *extra)
    assert result.code == 4
    hints = [line for line in result.err.splitlines() if line.startswith("hint: at ")]
    assert hints == ([f"hint: {hint}"] if hint else [])


def test_only_the_variables_of_the_guilty_part_are_moved() -> None:
    program = gradcalc.compile("x1 + x2 + log(x3)")
    x = [1.0, 1.0, 0.0]
    cause = of_value(program.at(x), 0)
    assert cause is not None
    found = nearby(program.at(x), cause, lambda x: float(program(x)[0]))
    assert found == ("x3", 1e-12, 2 + math.log(1e-12))


def test_the_answer_there_is_what_the_program_says_there() -> None:
    program = gradcalc.compile("x*sqrt(y)*cbrt(y)")
    x = [0.0, 0.0]
    cause = of_slope(program.at(x), 0, 1)
    assert cause is not None
    found = nearby(program.at(x), cause, lambda x: float(program.gradient(x)[1]))
    assert found is not None
    assert found.number == program.gradient([0.0, found.at])[1]
