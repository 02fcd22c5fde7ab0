"""``--kinks`` and ``--as`` at the command line."""

from __future__ import annotations

import json
import math
import re

import pytest

from tests.cli.shell import Shell

BENT = "abs(x) + y"


def entries(gradcalc: Shell, *words: str) -> list[float]:
    ran = gradcalc(*words, "--format", "json")
    assert ran.code == 0
    found: list[float] = json.loads(ran.out)["gradient"]
    return found


def test_whose_slope(gradcalc: Shell) -> None:
    assert entries(gradcalc, "grad", BENT, "--at", "0,1") == [0, 1]
    assert entries(gradcalc, "grad", BENT, "--at", "0,1", "--as", "torch") == [0, 1]
    assert entries(gradcalc, "grad", BENT, "--at", "0,1", "--as", "jax") == [1, 1]


@pytest.mark.parametrize("text", ["abs(x)", "clamp(x, 0, 1)", "clamp(0, x, y)", "clamp(x, y, y)"])
@pytest.mark.parametrize("library", ["torch", "jax"])
def test_the_check_knows_the_convention(gradcalc: Shell, text: str, library: str) -> None:
    at = "0" if "y" not in text else "0,0"
    ran = gradcalc("grad", text, "--at", at, "--as", library, "-f", "json")
    record = json.loads(ran.out)
    assert ran.code == 0
    assert record["check"]["passed"] is True
    assert "kink" in record["notes"][0]


def test_note_error_silent(gradcalc: Shell) -> None:
    words = ("grad", BENT, "--at", "0,1")
    assert "note: abs(x) has a kink at x = 0: left | right slope -1 | 1" in gradcalc(*words).out
    silent = gradcalc(*words, "--kinks", "silent")
    assert (silent.code, "kink" in silent.out + silent.err) == (0, False)
    error = gradcalc(*words, "--kinks", "error")
    assert (error.code, error.out) == (4, "")
    assert "  abs(x) + y\n  ^^^^^^\n" in error.err
    assert gradcalc("grad", BENT, "--at", "1,1", "--kinks", "error").code == 0


def test_the_sparse_form_too(gradcalc: Shell) -> None:
    words = ("jacobian", "abs(x), y", "--at", "0,1", "--sparse")
    assert gradcalc(*words, "--kinks", "error").code == 4
    assert "JAX takes 1" in (lambda ran: ran.out + ran.err)(gradcalc(*words))


def test_values_have_no_kinks(gradcalc: Shell) -> None:
    assert gradcalc("eval", "abs(x)", "--at", "0").code == 0
    assert gradcalc("eval", "abs(x)", "--at", "0", "--as", "jax").code == 2


def test_explain_takes_the_slopes_that_are_asked_for(gradcalc: Shell) -> None:
    for library, slope in (("torch", 0), ("jax", 1)):
        told = gradcalc("explain", "abs(x)", "--at", "0", "--as", library, "--format", "json")
        assert f'"x": {slope}.0' in told.out


@pytest.mark.parametrize("command", ["explain", "backward"])
def test_explain_and_backward_name_kinks_too(gradcalc: Shell, command: str) -> None:
    note = "abs(x) has a kink at x = 0"
    assert f"note: {note}" in gradcalc(command, "abs(x)", "--at", "0").err
    told = json.loads(gradcalc(command, "abs(x)", "--at", "0", "--format", "json").out)
    assert told["notes"][0].startswith(note)
    assert gradcalc(command, "abs(x)", "--at", "0", "--kinks", "silent").err == ""
    assert gradcalc(command, "abs(x)", "--at", "0", "--kinks", "error").code == 4


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("hypot(x, y)", "0,0", "0 and 0 used (PyTorch takes nan and nan; JAX takes 0.5 and 0.5)"),
        ("norm([x, y])", "0,0", "0 and 0 used (PyTorch's choice; JAX takes nan and nan)"),
        ("clamp(x, y, z)", "-1,0,0", "(PyTorch's choice; JAX takes 0 and 0.5 and 0.5)"),
        ("atan2(x, y)", "0,0", "(PyTorch's choice; JAX takes nan and nan)"),
        ("max(x, y, z)", "1,1,1", "0.5 and 0.5 used (PyTorch and JAX share a tie evenly)"),
        ("xlogy(x, y)", "0,0", "(PyTorch takes 0 and nan; JAX takes -inf and nan)"),
        ("clamp(x, 0, 1)", "1", "kink at x = 1: left"),
        ("heaviside(x)", "0", "0 used"),
        ("leaky_relu(x)", "0", "(PyTorch's choice; JAX takes 1)"),
    ],
)
def test_what_is_said_of_them(gradcalc: Shell, text: str, at: str, said: str) -> None:
    ran = gradcalc("grad", text, "--at", at, "-f", "plain")
    assert ran.code == 0
    assert said in ran.err
    assert re.search(r"✗|✓ .*kink", ran.err) is None


@pytest.mark.parametrize("text", ["max(x, y, z)", "min([x, y, z])"])
@pytest.mark.parametrize("library", ["torch", "jax"])
@pytest.mark.parametrize("command", ["grad", "jacobian"])
def test_a_tie_of_three_is_shared_and_not_condemned(
    gradcalc: Shell, text: str, library: str, command: str
) -> None:
    ran = gradcalc(command, text, "--at", "1,1,1", "--as", library, "-f", "json")
    assert ran.code == 0
    record = json.loads(ran.out)
    assert record["check"]["passed"] is not False
    if command == "grad":
        assert all(math.isclose(slope, 1 / 3) for slope in record["gradient"])


@pytest.mark.parametrize(
    ("text", "left", "right"),
    [
        ("3*abs(x)", -3, 3),
        ("relu(x) + x", 1, 2),
        ("max(x, x**2)", 0, 1),
        ("exp(abs(sin(2*x)))", -2, 2),
        ("where(x > 0, sin(3*x), x)", 1, 3),
        ("min(x, 5*x) - x", 4, 0),
        ("sqrt(abs(x))", -math.inf, math.inf),
    ],
)
def test_the_slopes_on_both_sides_are_proven(
    gradcalc: Shell, text: str, left: float, right: float
) -> None:
    record = json.loads(gradcalc("grad", text, "--at", "0", "-f", "json").out)
    (entry,) = record["check"]["enclosures"]["entries"]
    ends = [float.fromhex(entry[side][end]) for side in entry for end in ("lower", "upper")]
    assert ends == [left, left, right, right]
    if math.isfinite(left):
        said = gradcalc("grad", text, "--at", "0").out
        assert f"left | right slope {left} | {right}, proven" in said
