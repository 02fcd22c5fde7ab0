"""No pass on a wrong digit: steps on their boundary, lost digits, few digits."""

from __future__ import annotations

import json
import sys
from functools import cache

import pytest

import gradcalc
from gradcalc.check.verify import verify
from tests.cli.shell import Shell
from tests.treacherous.judging import SILENT, TRUTHS, ours, worth
from tests.treacherous.points import POINTS, Point


@pytest.mark.parametrize(
    ("command", "text", "at"),
    [
        ("grad", "where(sqrt(x)**2==x,x,2*x)", "3"),
        ("eval", "floor(sin(x)**2+cos(x)**2)", "3"),
        ("eval", "floor(log(x)/log(10))", "1e13"),
        ("eval", "floor(exp(lgamma(x)))", "10"),
        ("eval", "floor(exp(log(x)/2))", "16"),
        ("eval", "ceil(tan(x)*cos(x)/sin(x))", "0.7"),
        ("eval", "trunc(cbrt(x)**3)", "5"),
    ],
)
@pytest.mark.parametrize(
    "more",
    [[], ["--precise"], ["-f", "csv"], *(["--check", how] for how in ("arb", "sympy", "mpmath"))],
    ids=" ".join,
)
def test_a_number_on_a_step_is_undecided(
    gradcalc: Shell, command: str, text: str, at: str, more: list[str]
) -> None:
    ran = gradcalc(command, text, "--at", at, *more)
    assert ran.code == 5
    assert "✓" not in ran.out + ran.err
    assert "? " in ran.out + ran.err


@pytest.mark.parametrize(
    ("command", "text", "at", "true"),
    [
        ("grad", "(x**y-1)/y", "2,1e-150", "0.5 0.24022650695910072"),
        ("eval", "exp(cosh(x)**2-sinh(x)**2)", "117", "2.718281828459045"),
        ("grad", "(hypot(1,x)-1)/x**2", "1e-60", "-2.5e-61"),
        ("eval", "(softplus(x)-x)*exp(x)", "300", "1"),
        ("eval", "(1-tanh(x))**0.001", "3000", "0.002480470912348503"),
    ],
)
def test_hundreds_of_digits_cancelled_are_found(
    gradcalc: Shell, command: str, text: str, at: str, true: str
) -> None:
    assert gradcalc(command, text, "--at", at).code == 1
    precise = gradcalc(command, text, "--at", at, "--precise", "-f", "plain")
    assert (precise.code, precise.out) == (0, f"{true}\n")


@pytest.mark.parametrize("form", ["table", "plain", "csv", "json", "latex"])
def test_few_digits_are_said_in_every_format(gradcalc: Shell, form: str) -> None:
    ran = gradcalc("hessian", "1/sec(x)", "--at=-1.5707963267948966", "-f", form)
    assert ran.code == 6
    if form == "json":
        check = json.loads(ran.out)["check"]
        assert (check["passed"], check["outcome"], check["digits"]) == (None, "few digits", 0)
    else:
        assert "no digit is right" in ran.out + ran.err


@pytest.mark.parametrize("text", ["y**1e-3", "y**0.02", "y**0.3"])
def test_small_powers_are_infinitely_steep_and_no_jumps(gradcalc: Shell, text: str) -> None:
    ran = gradcalc("grad", text, "--at", "0", "-f", "plain")
    assert (ran.code, ran.out) == (0, "inf\n")


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["grad", "relu(x)-relu(-x)", "--at", "0"], "1"),
        (["grad", "max(x*x/x, sqrt(x)**2)", "--at", "3"], "1"),
        (["grad", "where(x + 3 - 3 > x, 3*x, 8*x)", "--at", "4.98"], "8"),
        (["grad", "where(x!=0,(1-cos(x))/x,0)", "--at", "0"], "0.5"),
        (["hessian", "where(x==0, 1, sin(x)/x)", "--at", "0"], "-0.3333333333333333"),
        (["grad", "x * x**0.5", "--at", "0"], "0"),
        (["hessian", "x*(1-x^1.1)", "--at", "0"], "0"),
        (["hessian", "y*where(x==x, x, z)", "--at", "x=0.3,y=0.7,z=2"], "0 1 0\n1 0 0\n0 0 0"),
        (["hvp", "y*where(x==x, x, z)", "--at", "x=0.3,y=0.7,z=2", "--u", "0,1,0"], "1 0 0"),
        (["grad", "norm(x)^2", "--at", "x=[0,0]"], "0 0"),
        (["grad", "log(exp(x)+exp(y))", "--at", "1000,1000", "--precise"], "0.5 0.5"),
        (["grad", "-log(1-1/(1+exp(-z)))", "--at", "40", "--precise"], "1"),
    ],
)
def test_a_slope_that_exists_is_given(gradcalc: Shell, words: list[str], out: str) -> None:
    ran = gradcalc(*words, "-f", "plain")
    assert (ran.code, ran.out) == (0, f"{out}\n")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("exp(exp(x))", "100"),
        ("1 + exp(-exp(x))", "100"),
        ("floor(exp(x)) % 3", "1e14"),
        ("log((exp(x) + y) % 1)", "1e14,-3e133"),
        ("where(x >= 0, x**1e10, 0)", "0"),
    ],
)
def test_numbers_that_would_fill_the_memory_do_not(gradcalc: Shell, text: str, at: str) -> None:
    for command in ("eval", "grad"):
        ran = gradcalc(command, text, "--at", at, "-f", "json")
        assert ran.code in (0, 4, 5)
        assert "✓" not in ran.err
        assert "memory" not in ran.err
        assert len(ran.out) < 4000


@pytest.mark.parametrize("text", ["sqrt(abs(x))", "cbrt(abs(x))", "cbrt(x**2)", "abs(x)**0.3"])
@pytest.mark.parametrize("how", [[], *(["--check", how] for how in ("arb", "sympy", "mpmath"))])
def test_two_infinities_are_no_limit(gradcalc: Shell, text: str, how: list[str]) -> None:
    ran = gradcalc("grad", text, "--at", "0", *how, "-f", "json")
    assert ran.code == 4
    assert json.loads(ran.out)["check"]["passed"] is None
    assert "is a limit" not in ran.out


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("min(sqrt(x)**2, sqrt(y)**2, z)", "3,3,3"),
        ("abs(sqrt(x)**2 - sqrt(y)**2) + abs(z - sqrt(x)**2)", "3,3,3"),
    ],
)
def test_a_kink_is_no_limit_along_some_ways(gradcalc: Shell, text: str, at: str) -> None:
    ran = gradcalc("grad", text, "--at", at)
    assert ran.code == 5
    assert "is a limit" not in ran.out


def test_where_roots_meet_powers_infinities_are_no_limit(gradcalc: Shell) -> None:
    ran = gradcalc("grad", "(abs(a)^1.5 + abs(b)^1.5)^0.5", "--at", "0,0", "-f", "json")
    assert ran.code == 4
    assert json.loads(ran.out)["check"]["passed"] is None


@pytest.mark.parametrize(
    ("text", "at"), [("elu(x, 2)", "-1"), ("leaky_relu(x, y)", "-1,3"), ("elu(x, y)*y", "-1,3")]
)
@pytest.mark.parametrize("how", ["arb", "sympy", "mpmath", "differences"])
def test_what_chooses_may_bend(gradcalc: Shell, text: str, at: str, how: str) -> None:
    assert gradcalc("hessian", text, f"--at={at}", "--check", how).code == 0


@pytest.mark.parametrize("how", ["arb", "sympy", "mpmath"])
@pytest.mark.parametrize(
    ("text", "at", "true"),
    [
        ("where(x - y == x, 3, 8)", "2.125,1e-300", 8),
        ("where(hypot(x, y) == x, 3, 8)", "2.125,1e-200", 8),
        ("where(x % 3 == 1, 3, 8)", "7", 3),
        ("where(sqrt(x) == 2, 3, 8)", "4", 3),
        ("floor(x + y)", "2,-1e-300", 1),
    ],
)
def test_what_is_exact_is_known(gradcalc: Shell, text: str, at: str, true: float, how: str) -> None:
    ran = gradcalc("eval", text, "--at", at, "--check", how, "-f", "json")
    check = json.loads(ran.out)["check"]
    (ours,) = json.loads(ran.out)["value"]
    assert check["passed"] is not (ours != true)  # passed if right, and not if wrong
    assert check["outcome"] != "undecided"


def test_one_undefined_output_does_not_take_the_others_digits(gradcalc: Shell) -> None:
    ran = gradcalc("eval", "exp(log(39.7)*170.3), sqrt(x)", "--at", "-1", "--precise", "-f", "csv")
    assert (ran.code, ran.out.split()) == (4, ["value", "1.8794176529024816e+272", "nan"])


def test_what_only_doubles_cannot_say_is_not_called_undefined(gradcalc: Shell) -> None:
    ran = gradcalc("grad", "exp(x)/(exp(x)+exp(y))", "--at", "1000,1001")
    assert ran.code == 4
    assert "in doubles" in ran.err
    assert "0.268941421369995" in ran.err
    assert "at this point" not in ran.err


def test_arb_alone_needs_neither_sympy_nor_mpmath(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    @cache
    def unwanted() -> None:
        raise AssertionError("mpmath is asked for")

    monkeypatch.setitem(sys.modules, "sympy", None)
    monkeypatch.setattr("gradcalc.functions.digits._own", unwanted)
    ran = gradcalc("jacobian", "x1**2+3*x2, x2**2+2*x1", "--at", "2,3", "--check", "arb")
    assert ran.code == 0
    assert "✓ proven: every digit of 4 entries and 2 values (Arb, 128 bits)" in ran.out
    assert gradcalc("grad", "exp(sin(x))/x", "--at", "0.3", "--check", "arb").code == 0


@pytest.mark.usefixtures("no_flint")
def test_without_flint_slopes_that_values_hide_are_found() -> None:
    text = "(1/x + y)*(1/x - y) - square(1/x)"  # 2/x**3 twice, with opposite signs, beside y**2
    verdict = verify(gradcalc.compile(text).at([1e-6, 1e159]).ask("gradient"))
    assert (verdict.passed, verdict.doubts) == (True, ())


@pytest.mark.usefixtures("no_flint")
def test_without_flint_nothing_is_proven() -> None:
    verdict = verify(gradcalc.compile("x*sin(x)").at([2.0]).ask("gradient"))
    assert (verdict.passed, verdict.proven) == (True, False)
    assert "not proven (python-flint is not installed" in verdict.line


@pytest.mark.usefixtures("no_flint")
@pytest.mark.parametrize("point", POINTS[::6], ids=lambda point: f"{point.text}@{point.x}")
def test_without_flint_the_answers_are_weaker_and_not_wrong(point: Point) -> None:
    answer = ours(point)
    assert not answer.proven
    assert worth(answer, TRUTHS[POINTS.index(point)]["true"]) not in SILENT


@pytest.mark.usefixtures("no_flint")
@pytest.mark.parametrize(
    "words",
    [
        ["grad", "where(sqrt(x)**2==x,x,2*x)", "--at", "3"],
        ["eval", "floor(sin(x)**2+cos(x)**2)", "--at", "3"],
        ["eval", "floor(exp(lgamma(x)))", "--at", "10"],
        ["eval", "exp(cosh(x)**2-sinh(x)**2)", "--at", "117"],
        ["grad", "(hypot(1,x)-1)/x**2", "--at", "1e-60"],
        ["grad", "(x**y-1)/y", "--at", "2,1e-150"],
        ["eval", "(softplus(x)-x)*exp(x)", "--at", "300"],
        ["grad", "sqrt(abs(x))", "--at", "0"],
        ["hessian", "1/sec(x)", "--at=-1.5707963267948966"],
        ["jacobian", "(x**2-1)/(x-1)", "--at", "1", "--limits"],
    ],
    ids=" ".join,
)
def test_without_flint_no_wrong_digit_passes(gradcalc: Shell, words: list[str]) -> None:
    ran = gradcalc(*words)
    assert "internal error" not in ran.err
    assert "proven:" not in ran.out
    assert "✓" not in ran.out or words[-1] == "--limits"
