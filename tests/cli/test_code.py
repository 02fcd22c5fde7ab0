"""``gradcalc code``: what it prints, refuses and says."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcalc.code import gate
from gradcalc.code.languages import LANGUAGES
from gradcalc.code.python import Python
from tests.cli.shell import Shell

README = "x1**2+3*x2, x2**2+2*x1"


def test_the_verdict_stands_in_the_file_and_on_standard_error(gradcalc: Shell) -> None:
    ran = gradcalc("code", README, "--to", "python")
    assert ran.code == 0
    assert "points with Python" in ran.err
    assert "Checked at 1,024 points with Python" in ran.out
    assert "x1**2+3*x2, x2**2+2*x1" in ran.out
    scope: dict[str, object] = {}
    exec(ran.out, scope)
    assert scope["f"]([2.0, 3.0]) == [13.0, 13.0]  # type: ignore[operator]
    assert scope["f_jacobian"]([2.0, 3.0]) == [[4.0, 3.0], [2.0, 6.0]]  # type: ignore[operator]


def test_the_extension_picks_the_language(gradcalc: Shell, tmp_path: Path) -> None:
    ran = gradcalc("code", "x**2", "-o", str(tmp_path / "f.py"), "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert "def f(" in (tmp_path / "f.py").read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--to", "cobol"], 2, "'cobol' is none of c, python"),
        (["--to", "pyton"], 2, "did you mean python?"),
        ([], 2, "--to is one of c, python"),
        (["-o", "f.zz"], 2, "no language by the extension"),
        (["--to", "c", "--name", "double"], 2, "'double' is a keyword in C"),
        (["--to", "c", "--name", "sin"], 2, "in the library in C"),
        (["--to", "c", "--name", "a b"], 2, "no name for a function"),
        (["--to", "c", "--what", "grad"], 2, "did you mean gradient?"),
        (["--to", "c", "--what", "gradient"], 3, "of one output"),
        (["--to", "python", "--float"], 2, "no numbers of single precision"),
    ],
)
def test_what_cannot_be_is_refused(gradcalc: Shell, words: list[str], code: int, said: str) -> None:
    ran = gradcalc("code", README, *words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_code_that_is_wrong_is_not_printed(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    column = {**Python.functions, "add": "{0} - {1}"}
    monkeypatch.setattr(Python, "functions", column)
    ran = gradcalc("code", README, "--to", "python", "-o", str(tmp_path / "f.py"))
    assert (ran.code, ran.out) == (1, "")
    assert "and the engine says" in ran.err
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_run_is_said_and_refused_if_that_is_asked_for(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "tool", lambda language: None)
    ran = gradcalc("code", README, "--to", "julia")
    assert ran.code == 0
    assert "Not run here: there is no julia." in ran.out
    ran = gradcalc("code", README, "--to", "julia", "--verify")
    assert (ran.code, ran.out) == (5, "")
    assert "there is no julia" in ran.err


def test_a_slope_at_an_isolated_point_is_told(gradcalc: Shell) -> None:
    ran = gradcalc("code", "where(x == 0, 1, sin(x)/x)", "--to", "python")
    assert "slope is that of the branch" in ran.err


@pytest.mark.parametrize("name", LANGUAGES)
def test_help_lists_every_language(gradcalc: Shell, name: str) -> None:
    assert name in gradcalc("code", "--help").out.replace("\n", "")
