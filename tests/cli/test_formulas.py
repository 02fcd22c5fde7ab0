"""Commands without a point answer with formulas."""

from __future__ import annotations

import json

import pytest

from tests.cli.shell import Shell

README = "x1**2+3*x2, x2**2+2*x1"


def test_the_jacobian_of_the_readme(gradcalc: Shell) -> None:
    ran = gradcalc("jacobian", README)
    assert ran.code == 0
    assert "f1   2·x1   3" in ran.out
    assert ran.out.endswith("✓ sympy: 4 formulas equal; agree at 32 points\n")
    assert ran.err == ""


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["grad", "x**2*y"], "2*x*y"),
        (["hessian", "x**2*y"], "2*y"),
        (["vjp", README, "--v", "a,b"], "2*b + 2*a*x1"),
        (["vjp", README, "--v", "1,0"], "2*x1"),
        (["jvp", README, "--u", "1,0"], "2*x1"),
        (["hvp", "x**2*y", "--u", "p,q"], "2*p*y + 2*q*x"),
    ],
)
def test_bare_formulas_are_lines_that_gradcalc_reads(
    gradcalc: Shell, words: list[str], line: str
) -> None:
    ran = gradcalc(*words, "-f", "plain")
    assert (ran.code, ran.out.splitlines()[0]) == (0, line)
    assert gradcalc("graph", "-", stdin=ran.out).code == 0


def test_the_frame_of_the_json(gradcalc: Shell) -> None:
    found = json.loads(gradcalc("jacobian", README, "-f", "json").out)
    assert found["jacobian"] == [["2*x1", "3"], ["2", "2*x2"]]
    assert found["check"]["passed"] is True
    assert found["variables"] == ["x1", "x2"]


def test_numbers_and_formulas(gradcalc: Shell) -> None:
    ran = gradcalc("jacobian", README, "--at", "2,3", "--formulas")
    assert "13" in ran.out
    assert "2·x1" in ran.out
    found = json.loads(gradcalc("grad", "x**2", "--at", "3", "--formulas", "-f", "json").out)
    assert found["gradient"] == [6.0]
    assert found["formulas"]["gradient"] == ["2*x"]


@pytest.mark.parametrize(
    ("format", "start"),
    [("latex", r"\frac{\partial"), ("markdown", "$$"), ("mathml", "<math"), ("csv", "x1,x2\n2*x1"),
     ("sympy", "Matrix([[2*x1, 3], [2, 2*x2]])"), ("tsv", "x1\tx2\n")],
)  # fmt: skip
def test_every_format_of_formulas(gradcalc: Shell, format: str, start: str) -> None:
    ran = gradcalc("jacobian", README, "-f", format)
    assert ran.code == 0
    assert ran.out.startswith(start)


@pytest.mark.parametrize("format", ["latex", "sympy", "mathml"])
def test_the_same_formats_of_numbers(gradcalc: Shell, format: str) -> None:
    assert gradcalc("jacobian", README, "--at", "2,3", "-f", format).code == 0


def test_what_is_for_numbers_only_says_so(gradcalc: Shell) -> None:
    ran = gradcalc("jacobian", README, "-f", "mtx")
    assert ran.code == 2
    assert "is for numbers" in ran.err


def test_transposed_and_in_ascii(gradcalc: Shell) -> None:
    ran = gradcalc("jacobian", "x**2*y, sqrt(x)", "--transpose", "--ascii")
    assert "x   2*x*y   1/(2*sqrt(x))" in ran.out
    assert "for x > 0" in ran.out
    assert ran.out.isascii()
    ran = gradcalc("vjp", "abs(x)/y, x**2", "--v", "a,b", "--ascii")
    assert ran.out.isascii()


def test_a_wide_matrix_is_a_line_an_entry(gradcalc: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcalc.cli.terminal.width", lambda stream: 80)
    entries = ", ".join(f"exp(a*b*c*d*e1*{k})" for k in range(1, 5))
    ran = gradcalc("jacobian", entries, "--no-check")
    assert "df1/da  = b·c·d·e1·" in ran.out


def test_a_gradient_of_several_outputs_is_refused_with_what_to_type(gradcalc: Shell) -> None:
    ran = gradcalc("grad", "x, y")
    assert ran.code == 3
    assert "gradcalc jacobian" in ran.err


def test_an_expression_without_variables_needs_no_point(gradcalc: Shell) -> None:
    assert gradcalc("jacobian", "1 + 2").code == 0


def test_simplify_keeps_what_is_shorter(gradcalc: Shell) -> None:
    ran = gradcalc("grad", "sin(x)**2 + cos(x)**2", "--simplify", "-f", "plain")
    assert ran.out == "0\n"
