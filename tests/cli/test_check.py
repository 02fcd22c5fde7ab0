"""``check --claim`` at the command line: where claims come from, exit codes, both formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import Shell

PAIR = "x1**2+3*x2, x2**2+2*x1"
RIGHT = "2*x1, 3; 2, 2*x2"


def test_a_right_claim(gradcalc: Shell) -> None:
    ran = gradcalc("check", PAIR, "--at", "2,3", "--claim", RIGHT)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("✓ the claim is right: 4 entries at the point\n")
    assert "sympy" in ran.out


def test_a_wrong_claim_says_where_and_what(gradcalc: Shell) -> None:
    ran = gradcalc("check", PAIR, "--at", "2,3", "--claim", "2*x1, 2*x2; 2, 2*x2", "--quiet")
    assert ran.code == 1
    assert ran.out == (
        "✗ the claim is wrong at x1=2, x2=3: 1 of 4 entries differs\n"
        "  row f1, column x2: claimed 2*x2 = 6, exact 3\n"
        "diagnosis: one entry is wrong: this is the right one for row f2, column x2\n"
    )


def test_random_points(gradcalc: Shell) -> None:
    ran = gradcalc("check", "log(x)*y", "--claim", "y/x, log(x)", "--seed", "1")
    assert ran.code == 0
    assert "100 random points of [-2, 2] (" in ran.out
    again = gradcalc("check", "log(x)*y", "--claim", "y/x, log(x)", "--seed", "1")
    assert again.out == ran.out
    ran = gradcalc(
        "check", "x*y", "--claim", "y,x", "--samples", "7", "--range", "x=0..pi/2, y=1..2"
    )
    assert "7 random points of x [0, 1.5708], y [1, 2]" in ran.out
    ran = gradcalc("check", "x*y", "--claim", "y,x", "--at", "1,2", "--range", "-3,3")
    assert "at the point and at 100 random points of [-3, 3]" in ran.out


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, ["x*y", "--claim", "y,x"]),
        (0, ["x", "--claim", "1"]),
        (0, ["x*k", "--claim", "k", "--param", "k=3"]),
        (0, ["x*k", "--claim", "k", "--at", "x=1,k=3", "--wrt", "x"]),
        (0, ["x*k", "--claim", "k,x", "--at", "x=1,k=3", "--wrt", "x,k"]),
        (0, ["dot(a,a)*b", "--claim", "2*a*b, dot(a,a)", "--at", "a=[2,3],b=1"]),
        (0, ["r = x**2; s = r*y", "--claim", "2*x*y, x**2", "--outputs", "s"]),
        (1, ["x", "--claim", "2"]),
        (1, ["x", "--claim", "2", "--check", "none"]),
        (2, ["x", "--claim", "nowhere.csv"]),
        (2, ["x", "--claim", "1", "--format", "csv"]),
        (2, ["x", "--at", "1", "--samples", "10"]),
        (2, ["x", "--at", "1", "--range", "0,1"]),
        (2, ["x", "--claim", "1", "--samples", "0"]),
        (2, ["x", "--claim", "1", "--seed", "-1"]),
        (2, ["-", "--claim", "-"]),
        (3, ["x*y", "--claim", "1"]),
        (3, ["x*y", "--claim", "z,1"]),
        (3, ["x*y", "--claim", "y,,x"]),
        (3, ["x", "--claim", "1", "--range", "2,1"]),
        (3, ["x", "--claim", "1", "--range", "y=0..1"]),
        (3, ["x", "--claim", "1", "--range", "0..z"]),
        (3, ["x", "--claim", "1", "--range", "1,2,3"]),
        (4, ["log(x)", "--claim", "1/x", "--at", "-1"]),
        (5, ["log(x)", "--claim", "1/x", "--range", "-2,-1"]),
        (5, ["abs(x)", "--claim", "1", "--at", "0"]),
        (5, ["x**2", "--claim", "2*x", "--budget", "0"]),
    ],
)
def test_exit_codes(gradcalc: Shell, code: int, words: list[str]) -> None:
    ran = gradcalc("check", *words)
    assert ran.code == code, ran
    assert "internal error" not in ran.err


def test_files_and_standard_input(
    gradcalc: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("J.csv").write_text("4,3\n2,6\n", encoding="utf-8")
    Path("J").write_text(RIGHT, encoding="utf-8")
    for claim in ("J.csv", "@J.csv", "@J", "./J"):
        assert gradcalc("check", PAIR, "--at", "2,3", "--claim", claim).code == 0
    for printed in (
        "[[4. 3.]\n [2. 6.]]\n",
        "tensor([[4., 3.],\n [2., 6.]])\n",
        "[[4, 3], [2, 6]]",
    ):
        assert gradcalc("check", PAIR, "--at", "2,3", "--claim", "-", stdin=printed).code == 0
        assert gradcalc("check", PAIR, "--at", "2,4", "--claim", "-", stdin=printed).code == 1


@pytest.mark.parametrize("format", ["json", "ndjson", "csv", "plain", "tsv"])
def test_what_gradcalc_prints_is_a_claim(gradcalc: Shell, format: str) -> None:
    text = "exp(x*y)/3, sin(x)/y"
    printed = gradcalc("jacobian", text, "--at", "0.7,1.3", "--format", format).out
    assert gradcalc("check", text, "--at", "0.7,1.3", "--claim", "-", stdin=printed).code == 0
    assert gradcalc("check", text, "--at", "0.7,1.4", "--claim", "-", stdin=printed).code == 1


def test_a_transposed_claim_that_does_not_fit(gradcalc: Shell) -> None:
    ran = gradcalc("check", "x*y*z, x+y", "--claim", "y*z,1; x*z,1; x*y,0")
    assert ran.code == 3
    assert "3 by 2" in ran.err
    assert "it is transposed, and otherwise right" in ran.err


def test_json(gradcalc: Shell) -> None:
    words = ("check", PAIR, "--at", "2,3", "--claim", "4,2;3,6", "--format")
    record = json.loads(gradcalc(*words, "json").out)
    assert json.loads(gradcalc(*words, "ndjson").out) == record
    claim = record["claim"]
    assert claim["right"] is False
    assert claim["diagnosis"]["kind"] == "transposed"
    assert claim["at"] == {"x1": 2.0, "x2": 3.0}
    assert claim["wrong"][0] == {
        "output": "f1", "variable": "x2", "text": "2", "claimed": 2.0, "exact": 3.0
    }  # fmt: skip
    assert record["check"]["passed"] is True


def test_a_claim_in_a_script_counts_as_checked(gradcalc: Shell) -> None:
    ran = gradcalc("run", "-", stdin=f'check "{PAIR}" --claim "{RIGHT}"\n')
    assert ran.code == 0
    assert "1 passed, 0 failed, 0 unchecked" in ran.out


def test_nothing_in_a_claim_reaches_the_terminal(gradcalc: Shell) -> None:
    ran = gradcalc("check", "x", "--claim", "\x1b[31m1")
    assert ran.code == 3
    assert "\x1b" not in ran.out + ran.err
    ran = gradcalc("check", "x", "--claim", "2 # \x1b[31m", "--at", "1")
    assert "\x1b" not in ran.out + ran.err
