"""Generated code, run: it gives the engine's numbers, and the gate sees when it does not.

``GRADCALC_LONG=1`` runs every language that there is on the machine, not only C, JavaScript and
Python; ``GRADCALC_LONG=25`` does a quarter of what is random in that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gradcalc.code import writer
from gradcalc.code.gate import judge, judged
from gradcalc.code.languages import LANGUAGES
from gradcalc.code.printing import generate
from gradcalc.language import parse

TEXT = (
    "where(x > 0, log(x)*y, x/y) + sigmoid(x)*tanh(y), max(x, y)*abs(y) % 3, "
    "relu(x)**y + sech(x) + floor(y) + (x == y)*2, atan2(x, y) + hypot(x, y) + csch(x)"
)


def here(to: str) -> bool:
    return any(shutil.which(one.program) for one in LANGUAGES[to].tools)


LONG = int(os.environ.get("GRADCALC_LONG") or 0)


def share(count: int) -> int:
    """How many of so many random ones are run: percent, if that is more than one."""
    return count if LONG <= 1 else max(1, count * LONG // 100)


RUN = [to for to in LANGUAGES if here(to) and (LONG or to in ("c", "javascript", "python"))]
README = "x1**2+3*x2, x2**2+2*x1"


@pytest.mark.parametrize("to", RUN)
def test_code_has_the_numbers_of_the_engine(to: str) -> None:
    found = judge(generate(parse(TEXT), to, ("f", "jacobian", "vjp", "jvp")))
    assert found.passed, found.line
    assert found.worst <= 8
    assert found.points >= 1000  # as many as an interpreter has time for


def test_what_is_rounded_once_has_to_be_equal_to_the_last_bit() -> None:
    found = judge(generate(parse("x1**2+3*x2, x2**2+2*x1"), "python"))
    assert (found.worst, found.equal) == (0, found.numbers)


def test_one_wrong_bit_is_a_mismatch() -> None:
    printed = generate(parse("x*3 + y"), "python", ("f",))
    pieces = [[line.replace("3.0", "3.0000000000000004") for line in p] for p in printed.pieces]
    found = judge(printed._replace(pieces=tuple(map(tuple, pieces))))
    assert found.passed is False
    assert "and the engine says" in found.reason


TESTED = {
    "c": ("f.c", ["gcc", "-std=c99", "-DGRADCALC_TEST", "f.c", "-o", "f", "-lm"], ["./f"]),
    "javascript": ("f.js", ["true"], ["node", "f.js", "--test"]),
    "python": ("f.py", ["true"], [sys.executable, "f.py", "--test"]),
    "numpy": ("f.py", ["true"], [sys.executable, "f.py", "--test"]),
    "rust": ("f.rs", ["rustc", "--test", "f.rs", "-o", "f"], ["./f"]),
    "matlab": ("f.m", ["true"], ["octave-cli", "-qf", "--eval", "f('--test')"]),
}


@pytest.mark.parametrize("to", [to for to in TESTED if to in RUN])
def test_a_file_tests_itself(to: str, tmp_path: Path) -> None:
    printed = generate(parse(README), to, ("f", "jacobian", "vjp"))
    text = printed.text((), judge(printed).vectors)
    assert self_test(to, text, tmp_path)
    assert not self_test(to, text.replace("3.0", "3.5"), tmp_path)


@pytest.mark.parametrize("to", [to for to in ("fortran", "rust") if here(to)])
def test_it_compiles_without_options(to: str, tmp_path: Path) -> None:
    """With infinities, what is no number, and helpers with loops."""
    words = {"fortran": ["gfortran", "-c", "f.f90"], "rust": ["rustc", "--test", "f.rs"]}[to]
    graph = parse("lambertw(x)*ellipk(y) + where(x < y, 0, log(0))")
    vectors = judge(generate(graph, "javascript")).vectors
    assert vectors
    (tmp_path / words[-1]).write_text(generate(graph, to).text((), vectors))
    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("text", [
    "exp(x)/(1 + exp(x))", "exp(x)*exp(-y**2)", "exp(-x)/(exp(-x) + exp(-2*x))", "x**30/y**20",
])  # fmt: skip
def test_where_floats_overflow_or_vanish_on_the_way_the_code_is_sound(text: str) -> None:
    found = judge(generate(parse(text), "numpy", ("f",), single=True))
    assert found.passed, found.line


def test_a_wrong_operation_is_found_in_single_precision_too() -> None:
    printed = generate(parse("exp(x)/(1 + exp(x))"), "numpy", ("f",), single=True)
    pieces = [[line.replace("1.0", "2.0") for line in p] for p in printed.pieces]
    assert judge(printed._replace(pieces=tuple(map(tuple, pieces)))).passed is False


def test_a_file_without_a_test_says_so() -> None:
    many = ", ".join(f"x**{k}" for k in range(2, 500))
    verdict = judged(generate(parse(many), "python", ("f",)))
    assert verdict.vectors is None
    assert any("No test in the file" in line for line in verdict.lines)


def self_test(to: str, text: str, folder: Path) -> bool:
    file, *commands = TESTED[to]
    (folder / file).write_text(text)
    ran = [subprocess.run(words, cwd=folder, capture_output=True, check=False).returncode
           for words in commands]  # fmt: skip
    return ran == [0, 0]


@pytest.mark.parametrize("to", RUN)
@pytest.mark.parametrize("what", ["jacobian", "hessian"])
def test_sparse_matrices(to: str, what: str) -> None:
    text = "x1*x2 + exp(x3)*x4" if what == "hessian" else "x1*x2, x2*x3, x3, sin(x4)"
    printed = generate(parse(text), to, (what,), sparse=True)
    found = judge(printed, points=64)
    assert found.passed, found.line
    entries = printed.targets[0].entries
    assert entries is not None
    assert len(entries) == 6 if what == "jacobian" else 5


@pytest.mark.parametrize("to", [to for to in RUN if LANGUAGES[to].single])
def test_single_precision(to: str) -> None:
    found = judge(generate(parse("sigmoid(x)*y - x/3, where(x > 1, x, y**2)"), to, single=True))
    assert found.passed, found.line


@pytest.mark.parametrize("to", RUN if LONG else RUN[:1])
def test_a_long_body_in_parts_is_right(to: str) -> None:
    text = "; ".join(f"a{k} = where(a{k - 1} > 0, sin(a{k - 1})*x, y)" for k in range(1, 90))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "MOST_IN_A_PART", 60)
        printed = generate(parse(f"a0 = x; {text}; a89, a1*a50"), to, ("f", "vjp"))
    assert "_part3" in printed.functions
    found = judge(printed, points=16)
    assert found.passed, found.line


def test_zeros_of_a_matrix_are_zeros() -> None:
    for to in RUN:
        found = judge(generate(parse("x1, x3, x2*x1"), to, ("jacobian",)), points=16)
        assert found.passed, found.line
