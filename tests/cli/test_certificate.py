"""--certify and --precise: how many digits are right, and the right ones."""

from __future__ import annotations

import json

import pytest

from gradcalc.cli.app import main

LOST = ["grad", "(1-cos(x))/x**2", "--at", "1e-5"]


def test_precise_prints_the_nearest_doubles_to_the_truth(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*LOST, "--precise", "--format", "plain"]) == 0
    assert float(capsys.readouterr().out) == -8.333333333277779e-07


def test_certify_counts_the_right_digits_of_every_entry(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*LOST, "--certify", "--format", "json"]) == 1
    certificate = json.loads(capsys.readouterr().out)["certificate"]
    assert certificate["digits"] == [0]
    assert certificate["true"] == [-8.333333333277779e-07]
    assert certificate["value_digits"] == [7]
    assert certificate["value_proven"] == [7]


def test_a_table_has_the_right_digits_in_a_table_of_their_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["jacobian", "x*y, x+y", "--at", "2,3", "--certify"]) == 0
    assert "Right digits, all proven (17: the nearest double)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "proven"),
    [
        (["abs(x)*3 + sin(y)", "--at", "0,1"], [0, 17]),  # of a kink nothing is
        (["abs(x)*3 + sin(y)", "--at", "0,1", "--check", "sympy"], [0, 0]),
        (["abs(x)*3 + sin(y)", "--at", "2,1"], [17, 17]),
    ],
)
def test_of_the_right_digits_the_proven_ones_are_counted(
    capsys: pytest.CaptureFixture[str], words: list[str], proven: list[int]
) -> None:
    assert main(["grad", *words, "--certify", "--format", "json"]) == 0
    certificate = json.loads(capsys.readouterr().out)["certificate"]
    assert certificate["digits"][1] == 17
    assert certificate["proven"] == proven


def test_the_place_where_digits_were_lost_gets_a_caret(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(LOST) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("note: digits are lost here, 7 are left: 1.0 - 0.99999999995")
    assert said[2] == "   ^^^^^^^^"
    assert said[3] == "hint: --precise prints the true values"


def test_precise_without_a_check_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grad", "x", "--at", "1", "--precise", "--no-check"]) == 2
    assert "takes its values from the check" in capsys.readouterr().err


def test_precise_that_cannot_be_had_is_undecided(capsys: pytest.CaptureFixture[str]) -> None:
    text = "sin(" * 3000 + "x" + ")" * 3000
    assert main(["grad", text, "--at", "1", "--precise", "--budget", "0.01"]) == 5


def test_precise_does_not_approve_of_a_slope_that_is_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["grad", "0**x", "--at", "0", "--precise"]) == 1
    assert "f1 jumps here" in capsys.readouterr().out


def test_the_table_of_digits_has_room_for_the_point(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grad", "abs(x)+y", "--at", "0,2", "--certify"]) == 0
    assert "…" not in capsys.readouterr().out
