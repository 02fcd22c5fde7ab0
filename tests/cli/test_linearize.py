"""``gradcalc linearize`` at the command line: names, formats, formulas, and what is refused."""

from __future__ import annotations

import json
import shlex
from typing import Any

import numpy as np
import pytest

from gradcalc.render.formats import FORMATS_OF
from gradcalc.render.model import FORMULA_WRITERS, WRITERS
from tests.cli.shell import Shell

PENDULUM = ["linearize", "dx/dt = v; dv/dt = u - sin(x)", "--states", "x,v", "--inputs", "u"]
AT = ["--at", "0,0,0"]


def blocks(gradcalc: Shell, *words: str) -> Any:
    ran = gradcalc("linearize", *words, "-f", "json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    return [found[name] for name in "ABCD"]


def test_the_table(gradcalc: Shell) -> None:
    ran = gradcalc(*PENDULUM, *AT)
    assert ran.code == 0
    assert "dv/dt   -1   0 │ 1" in ran.out
    assert "2 eigenvalues are on the imaginary axis" in ran.out
    assert "controllable   rank 2 of 2" in ran.out
    assert "an equilibrium" in ran.out
    assert ran.out.endswith("✓ proven: eigenvalues, controllability, observability (Arb)\n")


@pytest.mark.parametrize("text", [
    "dx/dt = v; dv/dt = u - sin(x)", "x' = v; v' = u - sin(x)", "dx = v; dv = u - sin(x)",
    "x_dot = v; v_dot = u - sin(x)", "v, u - sin(x)", "dv/dt = u - sin(x); dx/dt = v",
    "f = sin(x); dx/dt = v; dv/dt = u - f",
])  # fmt: skip
def test_equations_are_known_by_name_or_by_order(gradcalc: Shell, text: str) -> None:
    a, b, _, _ = blocks(gradcalc, text, "--states", "x,v", "--inputs", "u", *AT)
    assert a == [[0, 1], [-1, 0]]
    assert b == [[0], [1]]


def test_what_is_measured(gradcalc: Shell) -> None:
    _, _, c, d = blocks(gradcalc, *PENDULUM[1:], *AT, "--measure", "sin(x), y = x + 3*u")
    assert c == [[1, 0], [1, 0]]
    assert d == [[0], [3]]
    text = "dx = v; dv = u - sin(x)"  # a measurement may use an equation
    _, _, c, d = blocks(gradcalc, text, *PENDULUM[2:], *AT, "--measure", "dv")
    assert (c, d) == ([[-1, 0]], [[1]])
    _, _, c, d = blocks(
        gradcalc, f"{PENDULUM[1]}; height = 1 - cos(x)", *PENDULUM[2:], "--at", "1,0,0"
    )
    assert c == [[pytest.approx(np.sin(1)), 0]]


def test_states_may_be_arrays(gradcalc: Shell) -> None:
    a, b, *_ = blocks(
        gradcalc, "q' = p; p' = -2*q + u", "--states", "q,p", "--inputs", "u",
        "--at", "q=[0,0],p=[0,0],u=0",
    )  # fmt: skip
    assert a == [[0, 0, 1, 0], [0, 0, 0, 1], [-2, 0, 0, 0], [0, -2, 0, 0]]
    assert b == [[0], [0], [1], [1]]


def test_values_at_the_point_that_are_no_columns_are_constants(gradcalc: Shell) -> None:
    words = ["dx/dt = -k*x + u", "--states", "x", "--inputs", "u", "--at", "x=0,u=0,k=3"]
    assert blocks(gradcalc, *words)[:2] == [[[-3]], [[1]]]


def test_without_inputs(gradcalc: Shell) -> None:
    a, b, _, d = blocks(gradcalc, "dx/dt = -x", "--states", "x", "--at", "0")
    assert (a, b, d) == ([[-1]], [[]], [[]])
    for format in WRITERS:
        assert (
            gradcalc("linearize", "dx/dt=-x", "--states", "x", "--at", "0", "-f", format).code == 0
        )


def test_unstable_is_an_answer(gradcalc: Shell) -> None:
    ran = gradcalc("linearize", "dx/dt = x", "--states", "x", "--at", "0")
    assert ran.code == 0
    assert "proven unstable: 1 eigenvalue is right" in ran.out


def test_numbers_of_any_size(gradcalc: Shell) -> None:
    words = ["dx/dt = 1e200*x + 1e-200*u; dy/dt = -1e200*y", "--states", "x,y", "--inputs", "u"]
    ran = gradcalc("linearize", *words, "--at", "0,0,0")
    assert ran.code == 0
    assert "rank 1 of 2, proven" in ran.out
    assert "modes that no input moves: -1e200 (they decay)" in ran.out


def test_at_a_kink_nothing_is_said_to_be_exact(gradcalc: Shell) -> None:
    ran = gradcalc("linearize", "dx/dt = abs(x)", "--states", "x", "--at", "0")
    assert "as far as doubles tell" in ran.out
    assert "has a kink" in ran.out
    assert "not proven" in ran.out


# --- formulas -------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMULA_WRITERS)
def test_without_a_point_the_matrices_are_formulas(gradcalc: Shell, format: str) -> None:
    text = "dx/dt = v; dv/dt = u - g*sin(x)/l"
    ran = gradcalc("linearize", text, *PENDULUM[2:], "--measure", "l*sin(x)", "-f", format)
    assert ran.code == 0
    wanted = {
        "table": "dv/dt   -g·cos(x)/l   0   │   1", "json": '"-g*cos(x)/l"',
        "ndjson": '"-g*cos(x)/l"', "plain": "-g*cos(x)/l\n", "latex": r"\frac{g",
    }  # fmt: skip
    assert wanted[format] in ran.out


def test_formulas_have_all_blocks(gradcalc: Shell) -> None:
    assert blocks(gradcalc, *PENDULUM[1:]) == [
        [["0", "1"], ["-cos(x)", "0"]], [["0"], ["1"]],
        [["1", "0"], ["0", "1"]], [["0"], ["0"]],
    ]  # fmt: skip


def test_what_is_wider_than_the_screen(gradcalc: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers in blocks of columns, formulas a line an entry; nothing is lost."""
    monkeypatch.setattr("gradcalc.cli.terminal.width", lambda stream: 50)
    text = "; ".join(f"dx{k}/dt = x{k}*x{k + 1}/3 + u" for k in range(1, 8)) + "; dx8/dt = -x8"
    states = ",".join(f"x{k}" for k in range(1, 9))
    words = [text, "--states", states, "--inputs", "u", "--no-check"]
    ran = gradcalc("linearize", *words, "--at", ",".join(["1"] * 9))
    grid = ran.out.partition("eigenvalue")[0].splitlines()[2:]
    assert max(map(len, grid)) <= 50
    assert len([line for line in grid if line.startswith("at")]) > 1
    shown = [name for line in grid if line[:1] == " " for name in line.replace("│", "").split()]
    assert shown == [*states.split(","), "u"]
    told = gradcalc("linearize", *words).out
    assert "A[dx1/dt, x1] = x2/3\n" in told
    assert "B[dx7/dt, u] = 1\n" in told


# --- formats --------------------------------------------------------------------------------------


def test_numpy_source_runs(gradcalc: Shell) -> None:
    place: dict[str, Any] = {}
    exec(compile(gradcalc(*PENDULUM, *AT, "-f", "numpy").out, "model", "exec"), place)
    assert place["A"].tolist() == [[0, 1], [-1, 0]]
    assert place["states"] == ["x", "v"]


def test_rows_for_programs(gradcalc: Shell) -> None:
    assert gradcalc(*PENDULUM, *AT, "-f", "plain").out == "0 1 0\n-1 0 1\n1 0 0\n0 1 0\n"
    assert gradcalc(*PENDULUM, *AT, "-f", "csv").out.splitlines()[:2] == [",x,v,u", "dx/dt,0,1,0"]


def test_the_list_of_formats_is_that_of_the_writers() -> None:
    assert set(WRITERS) == set(FORMATS_OF["a model"])
    assert set(FORMULA_WRITERS) <= set(WRITERS)


# --- what is refused ------------------------------------------------------------------------------

WRONG = {
    'dx/dt = v; dv/dt = u - x --states x,v,w --inputs u --at 0,0,0,0':
        (3, "the state w has no equation", "add dw/dt"),
    'v, u --states x,v,w --inputs u --at 0,0,0,0':
        (3, "2 equations for 3 states", "--measure"),
    'dx/dt = v; dv/dt = u; dz/dt = x --states x,v --inputs u --at 0,0,0':
        (3, "dz/dt is an equation for z", "--states x,v,z"),
    'dx/dt = v; dv/dt = u; x+v --states x,v --inputs u --at 0,0,0':
        (3, "neither an equation nor has it a name", "y = …"),
    "x'' = u - x --states x --inputs u --at 0,0":
        (3, "x'' is a second derivative", "dx/dt = v; dv/dt = …"),
    "dx/dt = v; x' = u --states x,v --inputs u --at 0,0,0":
        (3, "x has two equations", ""),
    'dx/dt = thrust - x --states x --inputs thrst --at 0,0':
        (3, "", "thrust"),
    'dx/dt = u - x --states x --inputs u,w --at 0,0,0':
        (3, "the input w does not occur", "it has u, x"),
    'dx/dt = x - u --states x --inputs x --at 0':
        (3, "'x' is in --inputs and in --states", "leave x out"),
    'dx/dt = x - u --states x,x --inputs u --at 0,0':
        (3, "--states names 'x' twice", ""),
    'dx/dt = u - k*x --states x --inputs u --at 0,0':
        (3, "'k' is not in --states or --inputs and has no value", "--param k"),
    'dx/dt = log(x) --states x --at 0':
        (4, "dx/dt is -inf", ""),
    'dx/dt = sqrt(x - 1) --states x --at 0':
        (4, "dx/dt is nan", ""),
    'dx/dt = x --at 0': (2, "linearize needs --states", "--states x"),
    'dx/dt = x --states x --trim': (2, "--trim needs a point", "--at"),
    'dx/dt = x --states x -f numpy': (2, "numpy is for numbers", "--at"),
    'dx/dt = x --states x --at 1,2': (3, "--at has 2 values for 1 variable", ""),
    'dx/dt = (x --states x --at 1': (3, "never closed", "add ')'"),
    'dx/dt = x --states x --at 1 --measure x+': (3, "expected a value after '+'", ""),
}  # fmt: skip


@pytest.mark.parametrize("line", WRONG)
def test_what_does_not_fit_is_told(gradcalc: Shell, line: str) -> None:
    code, message, hint = WRONG[line]
    text, _, options = line.partition(" --")
    ran = gradcalc("linearize", text, *shlex.split(f"--{options}"))
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert message in ran.err
    assert hint in ran.err


@pytest.mark.parametrize(
    ("text", "states", "inputs"),
    [
        ("dx/dt = -x + u", "x", "u"),
        ("dv/dt = -k*x - c*v; dx/dt = v", "v,x", "c,k"),
        ("a' = u*b - w; b' = a", "a,b", "u,w"),
        ("x_dot = -x*u; y = x", "x", "u"),
        ("b*u, a", "a,b", "u"),
        ("dx/dt = 1", "x", ""),
    ],
)
def test_the_hint_without_states_is_a_model_when_it_is_typed(
    gradcalc: Shell, text: str, states: str, inputs: str
) -> None:
    ran = gradcalc("linearize", text)
    words = ["--states", states, *(["--inputs", inputs] if inputs else [])]
    assert f"hint: for example {' '.join(words)}\n" in ran.err
    assert gradcalc("linearize", text, *words, "-f", "json").code == 0


def test_a_caret_stands_under_the_name(gradcalc: Shell) -> None:
    ran = gradcalc("linearize", "dx/dt = u", "--states", "x, w", "--inputs", "u", "--at", "0,0,0")
    assert "--states x, w\n" in ran.err
    assert ran.err.splitlines()[2].index("^") == ran.err.splitlines()[1].index("w")
