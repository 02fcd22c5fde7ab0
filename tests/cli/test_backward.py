"""``gradcalc backward``: PyTorch's calls, one after another."""

from __future__ import annotations

import json

import pytest

from gradcalc.cli.app import main
from tests.cli.shell import Shell

EXPR = "x1**2+3*x2, x2**2+2*x1"
ROWS = ["--at", "2,3", "--gradient", "1,0", "--gradient", "0,1"]


def grads(capsys: pytest.CaptureFixture[str], *words: str) -> list[list[float]]:
    assert main(["backward", EXPR, *ROWS, "--retain-graph", "-f", "json", *words]) == 0
    return [call["grad"] for call in json.loads(capsys.readouterr().out)["calls"]]


def test_gradients_accumulate(capsys: pytest.CaptureFixture[str]) -> None:
    assert grads(capsys) == [[4, 3], [6, 9]]


def test_zeroed_before_each_call_they_are_the_rows_of_the_jacobian(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert grads(capsys, "--zero-grad") == [[4, 3], [2, 6]]


def test_what_stands_in_grad_at_the_end_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backward", EXPR, *ROWS, "--retain-graph", "-f", "json"]) == 0
    check = json.loads(capsys.readouterr().out)["check"]
    assert (check["method"], check["passed"], check["checked"]) == ("sympy", True, 2)


def test_the_second_call_without_retain_graph_fails_in_pytorchs_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["backward", EXPR, *ROWS]) == 3
    out, err = capsys.readouterr()
    assert "y.backward([1, 0])" in out
    assert err.startswith("error: Trying to backward through the graph a second time")
    assert err.splitlines()[-1].startswith("hint: gradcalc backward")
    assert err.splitlines()[-1].endswith("--retain-graph")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ([], "grad can be implicitly created only for scalar outputs", "--gradient 1,1 is the"),
        (
            ["--gradient", "1,2,3"],
            "Mismatch in shape: grad_output[0] has a shape",
            "--gradient 1,1",
        ),
        (["--gradient", "a"], "'a' is not a number", "values are numbers"),
    ],
)
def test_a_call_that_pytorch_refuses_prints_no_answer(
    words: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backward", EXPR, "--at", "2,3", *words]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert hint in err


def test_a_scalar_needs_no_gradient(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backward", "x**2*y", "--at", "2,3"]) == 0
    assert "y.backward()   12   4" in capsys.readouterr().out


def test_a_script_reports_the_call_that_failed(
    tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    script = f"{tmp_path}/calls.txt"
    with open(script, "w", encoding="utf-8") as file:
        file.write(f'backward "{EXPR}" {" ".join(ROWS)}\nbackward "{EXPR}" {" ".join(ROWS[:4])}\n')
    assert main(["run", script]) == 1
    out, err = capsys.readouterr()
    assert "1 passed, 1 failed (line 1)" in out + err


def test_a_text_that_binds_its_own_values_has_no_leaves(gradcalc: Shell) -> None:
    ran = gradcalc("backward", "a=[2,3]; b=a+3; mean(b)")
    assert (ran.code, ran.out) == (3, "")
    assert "does not require grad and does not have a grad_fn" in ran.err  # PyTorch's words
    assert "hint: bind a outside of the text: gradcalc backward" in ran.err
    assert gradcalc("backward", "b=a+3; mean(b)", "--at", "a=[2,3]").code == 0
