"""``--limits``: the option of every command with a value, and the hint that leads to it."""

from __future__ import annotations

import json

import pytest

from gradcalc.errors import Exit
from tests.cli.shell import Shell


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        (("eval", "sin(x)/x", "--at", "0"), "1"),
        (("grad", "(x^2-1)/(x-1)", "--at", "1"), "1"),
        (("jacobian", "sin(x)/x, x*y", "--at", "0,2"), "0 0\n2 0"),
        (("vjp", "sin(x)/x, x*y", "--at", "0,2", "--v", "1,1"), "2 0"),
        (("jvp", "sin(x)/x, x*y", "--at", "0,2", "--u", "1,1"), "0\n2"),
        (("hessian", "x/(x^2+x)", "--at", "0"), "2"),
        (("hvp", "x/(x^2+x)", "--at", "0", "--u", "2"), "4"),
    ],
)
def test_every_command_answers_with_limits_and_says_so(
    gradcalc: Shell, words: tuple[str, ...], plain: str
) -> None:
    ran = gradcalc(*words, "-f", "plain")
    assert ran.code == Exit.UNDEFINED
    assert "--limits: f1 = " in ran.err  # what the hint names is what is got
    hinted = ran.err.rpartition("--limits: ")[2].strip()
    ran = gradcalc(*words, "-f", "plain", "--limits")
    assert (ran.code, ran.out.strip()) == (Exit.DONE, plain)
    assert f"note: {hinted}" in ran.err


def test_the_verdict_has_a_name_of_its_own(gradcalc: Shell) -> None:
    ran = gradcalc("grad", "(x^2-1)/(x-1)", "--at", "1", "--limits", "-f", "json")
    answer = json.loads(ran.out)
    assert (answer["value"], answer["gradient"]) == ([2.0], [1.0])
    assert (answer["check"]["method"], answer["check"]["proven"]) == ("limits", True)
    assert answer["notes"] == ["f1 = 2, df1/dx = 1 are limits, the same on both sides"]


def test_limits_come_from_the_check(gradcalc: Shell) -> None:
    ran = gradcalc("grad", "sin(x)/x", "--at", "0", "--limits", "--no-check")
    assert (ran.code, "--limits takes its values from the check" in ran.err) == (Exit.USAGE, True)


def test_a_claim_is_judged_by_a_limit_too(gradcalc: Shell) -> None:
    words = ("check", "x*sqrt(x)", "--at", "0", "--claim")
    assert gradcalc(*words, "1.5*sqrt(x)").code == Exit.DONE
    assert gradcalc(*words, "1.5*sqrt(x)+1").code == Exit.DISAGREES


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("x*x**(1/3)", "0"),
        ("x*x**0.3", "0"),
        ("x**(1/4)*x**(3/4)", "1"),
        ("x**(1/3)*x**(2/3)", "1"),
        ("x**2*x**0.3", "0"),
        ("x**0.3*x**0.6", "inf"),
    ],
)
def test_powers_whose_slopes_are_hidden_by_0_times_infinity(
    gradcalc: Shell, text: str, slope: str
) -> None:
    ran = gradcalc("grad", text, "--at", "0", "-f", "plain")
    assert (ran.code, ran.out) == (0, f"{slope}\n")
    assert f"df1/dx = {slope} is a limit, from the right side alone" in ran.err


@pytest.mark.parametrize("second", ["0.7", "0.70001", "0.69999"])
@pytest.mark.parametrize("how", ["auto", "arb", "mpmath"])
def test_what_is_nearly_a_straight_line_has_no_slope_of_0(
    gradcalc: Shell, second: str, how: str
) -> None:
    """0.3 + 0.7 is less than 1 in doubles: the slope grows beyond all bounds, at 1e-300 it is 1."""
    more = [] if how == "auto" else ["--check", how]
    ran = gradcalc("grad", f"x**0.3*x**{second}", "--at", "0", "-f", "plain", *more)
    assert ran.out != "0\n"
    assert ran.code != 0
