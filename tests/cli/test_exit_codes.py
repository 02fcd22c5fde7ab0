"""Every row of the table of exit codes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gradcalc.check.verdict import Verdict, Worst
from gradcalc.errors import Exit
from tests.cli.shell import Ran, Shell

Case = Callable[[Shell, pytest.MonkeyPatch], Ran]
CASES: dict[Exit, list[Case]] = {}


def ends_with(exit: Exit) -> Callable[[Case], Case]:
    def note(case: Case) -> Case:
        CASES.setdefault(exit, []).append(case)
        return case

    return note


@ends_with(Exit.DONE)
def the_check_agreed(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    return gradcalc("grad", "x**2", "--at", "3")


@ends_with(Exit.DONE)
def an_infinite_slope_is_an_answer(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    ran = gradcalc("grad", "sqrt(x)", "--at", "0")
    assert "inf" in ran.out
    assert "note: df1/dx is infinite at this point" in ran.out
    return ran


@ends_with(Exit.DONE)
def an_undecided_check_that_nobody_asked_for(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch
) -> Ran:
    judge(monkeypatch, Verdict("mpmath", None, reason="no time"))
    return gradcalc("grad", "x**2", "--at", "3")


def judge(monkeypatch: pytest.MonkeyPatch, verdict: Verdict) -> None:
    import gradcalc.check

    del gradcalc
    module = sys.modules["gradcalc.check.verify"]
    monkeypatch.setattr(module, "verify", lambda *args, **rest: verdict)


@ends_with(Exit.UNDEFINED)
def an_explanation_of_nothing(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    ran = gradcalc("explain", "log(x)", "--at", "-1")
    assert "slope 1/x = nan" in ran.out
    return ran


@ends_with(Exit.UNDEFINED)
def a_backward_without_a_value(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    ran = gradcalc("backward", "log(x)", "--at", "-1", "--format", "json")
    record = json.loads(ran.out)
    assert record["nonfinite"] == [{"key": "calls[0].grad", "row": "", "col": "x", "value": "nan"}]
    return ran


WRONG = Verdict("sympy", False, 1, 1, 1e9, Worst("f1", "x", 6.0, 6.5, 1e9), wrong=1)


@ends_with(Exit.FEW_DIGITS)
def rounding_explains_that_few_digits_are_right(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    ran = gradcalc("grad", "sin(x)/x", "--at", "1e-5", "-f", "csv")
    assert "note: ≈ sympy: " in ran.err
    assert "only 5 digits are right" in ran.err
    return ran


@ends_with(Exit.UNDECIDED)
def a_number_lies_on_a_step(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    ran = gradcalc("eval", "floor(sin(x)**2 + cos(x)**2)", "--at", "3")
    assert "? sympy: not decided" in ran.out
    return ran


@ends_with(Exit.DISAGREES)
def the_check_found_a_wrong_digit(gradcalc: Shell, monkeypatch: pytest.MonkeyPatch) -> Ran:
    judge(monkeypatch, WRONG)
    ran = gradcalc("grad", "x**2", "--at", "3")
    assert ran.out.endswith(f"{WRONG.line}\n")
    return ran


@ends_with(Exit.DISAGREES)
def a_wrong_digit_is_told_beside_bare_numbers_too(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch
) -> Ran:
    judge(monkeypatch, WRONG)
    ran = gradcalc("grad", "x**2", "--at", "3", "-f", "plain", "-q")
    assert ran.out == "6\n"
    assert WRONG.line in ran.err
    return ran


@ends_with(Exit.DISAGREES)
def a_line_of_a_script_failed(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    return gradcalc("run", "-", stdin="grad x --at 1\ngrad x --at\n")


@ends_with(Exit.USAGE)
def an_unknown_option(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    return gradcalc("grad", "x", "--att", "1")


@ends_with(Exit.USAGE)
def an_unreadable_file(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    return gradcalc("grad", "-i", "/no/such/file", "--at", "1")


@ends_with(Exit.USAGE)
def nothing_at_all(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    ran = gradcalc()
    assert "Usage: gradcalc" in ran.err
    return ran


@ends_with(Exit.INPUT)
def a_syntax_error(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    return gradcalc("grad", "x +", "--at", "1")


@ends_with(Exit.INPUT)
def a_point_that_does_not_fit(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    return gradcalc("grad", "x*y", "--at", "1")


@ends_with(Exit.UNDEFINED)
def the_value_is_nan(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    ran = gradcalc("grad", "1 + log(x)", "--at", "-1")
    assert "nan" in ran.out
    assert "f1 is nan at this point: log(-1)\n  1 + log(x)\n      ^^^^^^" in ran.err
    return ran


@ends_with(Exit.UNDEFINED)
def the_value_is_infinite(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    ran = gradcalc("eval", "1/x", "--at", "0", "-f", "json")
    assert '"value": [null]' in ran.out
    assert '"span": [0, 3]' in ran.err
    return ran


@ends_with(Exit.UNDEFINED)
def an_entry_is_nan(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    ran = gradcalc("grad", "x**2 + sqrt(y**2)", "--at", "0,0", "-f", "plain")
    assert ran.out == "0 nan\n"
    assert "df1/dy is nan at this point" in ran.err
    return ran


@ends_with(Exit.UNDECIDED)
def no_time_for_the_check_asked_for(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    ran = gradcalc("grad", "sin(x)", "--at", "1", "--check", "sympy", "--budget", "0")
    assert "not checked" in ran.out
    return ran


@ends_with(Exit.UNDECIDED)
def the_command_check_is_a_check_asked_for(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    return gradcalc("check", "sin(x)", "--at", "1", "--budget", "0")


@ends_with(Exit.INTERRUPTED)
def interrupted(gradcalc: Shell, monkeypatch: pytest.MonkeyPatch) -> Ran:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gradcalc.cli.question.expression", interrupt)
    ran = gradcalc("grad", "x", "--at", "1")
    assert (ran.out, ran.err) == ("", "")
    return ran


@ends_with(Exit.PIPE_CLOSED)
def nobody_reads(gradcalc: Shell, _: pytest.MonkeyPatch) -> Ran:
    with subprocess.Popen(
        [sys.executable, "-m", "gradcalc", "functions", "-f", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert err == ""
    return Ran(process.returncode, "", err)


@pytest.mark.parametrize(
    ("exit", "case"),
    [(exit, case) for exit, cases in CASES.items() for case in cases],
    ids=lambda x: x.name if isinstance(x, Exit) else x.__name__,
)
def test_exit_code(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch, exit: Exit, case: Case
) -> None:
    assert case(gradcalc, monkeypatch).code == exit


def test_every_code_is_tested() -> None:
    assert set(CASES) == set(Exit)


def test_a_real_interrupt_leaves_no_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "gradcalc", "grad", "-", "--at", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    ) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)  # it waits for its standard input
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (130, "")


def test_a_mistake_of_ours_is_an_apology(gradcalc: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("gradcalc.cli.question.expression", fail)
    ran = gradcalc("grad", "x", "--at", "1")
    assert ran.code == 70
    assert ran.err.startswith("error: internal error, ZeroDivisionError: ours\n")
