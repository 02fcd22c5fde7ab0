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
