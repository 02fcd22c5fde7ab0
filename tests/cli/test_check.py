"""``check --claim`` at the command line: where claims come from, exit codes, both formats."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from gradcalc.render.formats import FORMATS_OF
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


KINDS = [
    ("jacobian", "exp(x*y)/3, sin(x)/y", []),
    ("jacobian", "exp(x*y)/3, sin(x)/y", ["--sparse"]),
    ("jacobian", "[a[0]*a[1]/3, exp(a[1]), a[0]]", []),
    ("grad", "exp(x*y)/3", []),
    ("hessian", "exp(x*y)/3", []),
    ("vjp", "exp(x*y)/3, sin(x)/y", ["--v", "2,3"]),
]


@pytest.mark.parametrize("format", FORMATS_OF["an answer"])
@pytest.mark.parametrize(("command", "text", "more"), KINDS, ids=str)
def test_what_gradcalc_prints_is_a_claim(
    gradcalc: Shell, tmp_path: Path, command: str, text: str, more: list[str], format: str
) -> None:
    if "--sparse" in more and format not in ("csv", "tsv", "mtx"):
        return
    file = str(tmp_path / f"J.{'npy' if format == 'npy' else 'txt'}")
    at, elsewhere = ("0.7,1.3", "0.7,1.4")
    if "a[" in text:
        at, elsewhere = "a=[0.7,1.3]", "a=[0.7,1.4]"
    assert gradcalc(command, text, "--at", at, *more, "-f", format, "-o", file).code == 0
    asked = {"hessian": ["--hessian"], "vjp": more}.get(command, [])
    ran = gradcalc("check", text, "--at", at, *asked, "--claim", f"@{file}")
    assert ran.code == 0, ran
    assert gradcalc("check", text, "--at", elsewhere, *asked, "--claim", f"@{file}").code == 1


def test_a_table_in_blocks_is_a_claim(
    gradcalc: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ", ".join(f"exp(x{i}*x{i + 1})/3" for i in range(1, 12))
    at = ",".join(str(i / 7) for i in range(12))
    monkeypatch.setattr("gradcalc.cli.terminal.width", lambda stream: 60)
    printed = gradcalc("jacobian", text, "--at", at, "--certify").out
    assert printed.count("─\n") > 2
    assert gradcalc("check", text, "--at", at, "--claim", "-", stdin=printed).code == 0


PRINTED = [
    "Matrix([[2*x1, 3], [2, 2*x2]])",
    "Matrix([\n[2*x1,    3],\n[   2, 2*x2]])",
    "ImmutableMatrix([[4, 3], [2, 6]])",
    "[4.0 3.0; 2.0 6.0]",
    "J = [4 3; 2 6];",
    "[2*x1, 3; 2, 2*x2]",
    "[2*x1 3; 2 2*x2]",
    "J =\n\n     4     3\n     2     6\n",
    "2×2 Matrix{Float64}:\n 4.0  3.0\n 2.0  6.0",
    "[[4, 3], \n [2, 6]]",
    "[[(2*x1), 3], \n [2, (2*x2)]]",
    "@1=2, \n[[(@1*x1), 3], \n [@1, (@1*x2)]]",
    "SX([[(2*x1), 3], [2, (2*x2)]])",
    "DM([[4, 3], [2, 6]])",
    "np.array([[2*x1, 3], [2, 2*x2]])",
    "array([[4., 3.],\n       [2., 6.]])",
    "[[4. 3.]\n [2. 6.]]",
    "Array([[4., 3.],\n       [2., 6.]], dtype=float32)",
    "tensor([[4., 3.],\n        [2., 6.]], grad_fn=<ViewBackward0>)",
    r"\left[\begin{matrix}4 & 3\\2 & 6\end{matrix}\right]",
    r"\begin{pmatrix} 4 & 3 \\ 2 & 6 \\ \end{pmatrix}",
    "| | x1 | x2 |\n|---|---|---|\n| f1 | 2*x1 | 3 |\n| f2 | 2 | 2*x2 |\n",
]


@pytest.mark.parametrize("printed", PRINTED)
def test_what_other_programs_print_is_a_claim(gradcalc: Shell, printed: str) -> None:
    words = ("check", PAIR, "--claim", "-", "--at")
    assert gradcalc(*words, "2,3", stdin=printed).code == 0
    transposed = gradcalc(*words, "1.5,3", stdin=printed)
    assert transposed.code == (0 if "x1" in printed else 1)
    assert gradcalc("check", PAIR, "--claim", printed, "--at", "2,3").code == 0


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, ["sin(x)", "--claim", "0.5403023", "--at", "1"]),
        (1, ["sin(x)", "--claim", "0.5403024", "--at", "1"]),
        (1, ["sin(x)", "--claim", "0.54", "--at", "1"]),
        (0, ["sin(x)", "--claim", "0.54", "--at", "1", "--rtol", "1e-3"]),
        (0, ["sin(x)", "--claim", "0.54", "--at", "1", "--atol", "1e-3"]),
        (1, ["sin(x)", "--claim", "0.54", "--at", "1", "--rtol", "1e-4"]),
        (1, ["x**2", "--claim", "6.000000000001", "--at", "3"]),
        (1, ["x**2", "--claim", "2.000000000001*x", "--at", "3"]),
        (1, ["sin(x)/x", "--claim", "1.2345678901234e-7", "--at", "1e-6"]),
        (1, ["1e19*x-1e19*x+0.1*x", "--claim", "5", "--at", "1"]),
        (0, ["1e19*x-1e19*x+0.1*x", "--claim", "0.1", "--at", "1"]),
        (0, ["tanh(x)", "--claim", "1-tanh(x)**2", "--at", "200"]),
        (0, ["sin(exp(x))", "--claim", "cos(exp(x))*exp(x)", "--at", "360"]),
        (1, ["sin(exp(x))", "--claim", "sin(exp(x))*exp(x)", "--at", "360"]),
        (0, ["0.1*x*y", "--claim", "y/10, x/10"]),
        (1, ["0.1*x*y", "--claim", "y/10, x/10.000000001"]),
        (0, ["pi*x", "--claim", "3.14159265358979", "--at", "1"]),
        (0, ["exp(x)", "--claim", "e**x", "--range", "-20,20"]),
        (0, ["sin(tau*x)", "--claim", "2*pi*cos(2*pi*x)", "--range", "-20,20"]),
        (1, ["exp(x)", "--claim", "2.718281828459*exp(x)/e", "--at", "1"]),
        (1, ["pi*x", "--claim", "3.14159265358978", "--at", "1"]),
        (1, ["x/3", "--claim", "0", "--at", "1"]),
        (2, ["x", "--rtol", "1e-3", "--at", "1"]),
        (2, ["x", "--claim", "1", "--rtol", "2"]),
        (2, ["x", "--claim", "1", "--jac", "a:b"]),
        (2, ["x", "--hessian", "--v", "1", "--claim", "1"]),
        (3, ["x, y", "--hessian", "--claim", "1"]),
    ],
)
def test_a_claim_is_right_to_the_digits_that_it_has(
    gradcalc: Shell, code: int, words: list[str]
) -> None:
    ran = gradcalc("check", *words)
    assert ran.code == code, ran
    assert "internal error" not in ran.err


def test_how_many_digits_that_are_is_said(gradcalc: Shell) -> None:
    ran = gradcalc("check", "sin(x)", "--claim", "0.5403023", "--at", "1")
    assert ran.out.startswith("✓ the claim is right to the 7 digits that it has: 1 entry")


def test_our_own_rounded_number_is_not_called_exact(gradcalc: Shell) -> None:
    true = "cos(x)/x-sin(x)/x**2"
    ran = gradcalc("check", "sin(x)/x", "--claim", true, "--at", "1e-5")
    assert ran.code == 0
    assert "right at this point only" not in ran.out
    ran = gradcalc("check", "x**2", "--claim", "5", "--at", "1", "--check", "none")
    assert "claimed 5, ours 2" in ran.out


def test_a_product_is_no_jacobian(gradcalc: Shell) -> None:
    ran = gradcalc("check", PAIR, "--claim", "tensor([[6., 9.]])", "--at", "2,3")
    assert ran.code == 3
    assert "this is vᵀJ for v = (1, 1), not the Jacobian" in ran.err
    assert "--v 1,1" in ran.err
    assert "v = (1, 0)" in gradcalc("check", PAIR, "--claim", "2*x1, 3").err
    for claim, v, code in (("6,9", "1,1", 0), ("2*x1+2, 3+2*x2", "1,1", 0), ("6,9", "1,2", 1)):
        ran = gradcalc("check", PAIR, "--claim", claim, "--v", v, "--at", "2,3")
        assert ran.code == code
        assert "our own vᵀJ" in ran.out


def test_a_kink_that_is_none_is_judged(gradcalc: Shell) -> None:
    for words in (["norm(x)^2", "--claim", "2*x[0], 2*x[1]", "--at", "x=[0,0]"],
                  ["x*abs(x)", "--claim", "2*abs(x)", "--at", "0"]):  # fmt: skip
        assert gradcalc("check", *words).code == 0
    assert gradcalc("check", "x*abs(x)", "--claim", "1", "--at", "0").code == 1
    assert gradcalc("check", "abs(x)", "--claim", "0", "--at", "0").code == 5


def test_hessians(gradcalc: Shell) -> None:
    words = ("check", "x**2*y", "--hessian", "--claim")
    assert gradcalc(*words, "2*y, 2*x; 2*x, 0").code == 0
    ran = gradcalc(*words, "2*y, 2*x; 2*x, 1", "--at", "1,2")
    assert ran.code == 1
    assert "row y, column y: claimed 1, exact 0" in ran.out
    assert gradcalc(*words, "4, 2; 2, 0", "--at", "1,2").code == 0
    assert gradcalc("check", "x**2*y", "--hessian", "--at", "1,2").out.startswith("Hessian of f1")


def test_a_point_from_standard_input(gradcalc: Shell) -> None:
    ran = gradcalc("check", PAIR, "--claim", RIGHT, "--at", "-", stdin="2,3")
    assert (ran.code, ran.err) == (0, "")
    ran = gradcalc("check", PAIR, "--claim", "-", "--at", "-", stdin="2,3")
    assert "the point and the claim cannot both be standard input" in ran.err


MODULE = """
import numpy as np
print("imported")
def f(x): return [x[0]**2 + 3*x[1], x[1]**2 + 2*x[0]]
def jac(x): print("called"); return [[2*x[0], 3], [2, 2*x[1]]]
def wrong(x): return np.array([[2*x[0], 3], [2, 2*x[0]]])
def product(a, b): return a*b
def slopes(a, b): return b, a
def boom(x): raise ZeroDivisionError("no")
def short(x): return [1.0]
number = 3
"""
COMMAND = """
import json, sys
for line in sys.stdin:
    a, b = map(float, line.split())
    rows = [[2*a, 3], [2, 2*b]]
    if sys.argv[1] == "json": print(json.dumps(rows))
    if sys.argv[1] == "flat": print(*rows[0], *rows[1])
    if sys.argv[1] == "rows": print(*rows[0]); print(*rows[1]); print()
    if sys.argv[1] == "wrong": print(*rows[0], *rows[0])
    if sys.argv[1] == "less": break
sys.exit(sys.argv[1] == "fail")
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module and a command in the working directory; the name of the module."""
    name = f"under_test_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "program.py").write_text(COMMAND, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


@pytest.mark.parametrize(
    ("code", "f", "jac", "more"),
    [
        (0, "M:f", "M:jac", ["--at", "1,2", "--samples", "20"]),
        (1, "M:f", "M:wrong", ["--at", "1,2"]),
        (0, "M:product", "M:slopes", ["--samples", "5"]),
        (0, PAIR, "M:jac", ["--samples", "5"]),
        (1, PAIR, "M:wrong", ["--samples", "5"]),
        (2, "M:f", "M:boom", ["--at", "1,2"]),
        (2, "M:f", "M:nothing", ["--at", "1,2"]),
        (2, "M:f", "M:number", ["--at", "1,2"]),
        (2, "M:f", "no_such_module:f", ["--at", "1,2"]),
        (2, "M:f", "M:jac", []),
        (3, "M:f", "M:short", ["--at", "1,2"]),
    ],
)
def test_a_python_function_under_test(
    gradcalc: Shell, programs: str, code: int, f: str, jac: str, more: list[str]
) -> None:
    ran = gradcalc("check", f.replace("M:", f"{programs}:"), "--jac",
                   jac.replace("M:", f"{programs}:"), *more)  # fmt: skip
    assert ran.code == code, ran
    assert "called" not in ran.out
    assert "imported" not in ran.out
    assert "internal error" not in ran.err


@pytest.mark.parametrize(
    ("code", "argument"),
    [(0, "json"), (0, "flat"), (0, "rows"), (1, "wrong"), (3, "less"), (2, "fail")],
)
@pytest.mark.usefixtures("programs")
def test_a_command_under_test(gradcalc: Shell, code: int, argument: str) -> None:
    command = f"{sys.executable} program.py {argument}"
    ran = gradcalc("check", PAIR, "--claim-from", command, "--samples", "9")
    assert ran.code == code, ran
    for nothing in ("", "'", "/no/such/program"):
        assert gradcalc("check", PAIR, "--claim-from", nothing).code == 2


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
