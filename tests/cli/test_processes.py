"""What only a whole process can show: pipes, what is imported, the installed command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.shell import ENVIRONMENT, sh


@pytest.mark.parametrize(
    ("script", "out"),
    [
        (
            "gradcalc jac 'x*y, y' --at 2,3 --no-check -f plain | awk '{s += $1} END {print s}'",
            "3\n",
        ),
        ("echo 'x**2' | gradcalc grad - --at 3 --no-check -f plain", "6\n"),
        ("gradcalc grad -x**2 --at 3 --no-check -f plain", "-6\n"),
        ("read a b < <(gradcalc grad x*y --at 2,3 --no-check -f plain); echo $b$a", "23\n"),
    ],
)
def test_a_good_citizen_of_pipes(script: str, out: str) -> None:
    ran = sh(script)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, out, "")


@pytest.mark.parametrize("command", ["functions", "--help", "run -"])
def test_a_reader_that_goes_away(command: str) -> None:
    lines = "\n".join(["grad x --at 1 --no-check"] * 3)
    ran = sh(f"gradcalc {command} | head -1; echo ${{PIPESTATUS[0]}}", input=lines)
    assert ran.stderr == ""
    assert ran.stdout.splitlines()[-1] in ("0", "141")  # 0 when all of it was in the pipe already


WHAT_IS_IMPORTED = """
import sys
from gradcalc.cli.app import main
code = main(sys.argv[1:])
heavy = ("numpy", "scipy", "sympy", "rich", "gradcalc.language.latex")
print([name for name in heavy if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("words", "imported"),
    [
        (["--help"], []),
        (["--version"], []),
        (["grad", "--help"], []),
        (["grad", "x +", "--at", "1"], []),
        (["grad", "x", "--att", "1"], []),
        (["grad", r"\frac{x}{", "--at", "1"], ["gradcalc.language.latex"]),
        (["grad", "x", "--at", "1", "--no-check", "-f", "json"], ["numpy"]),
        (["grad", "x", "--at", "1", "--no-check"], ["numpy", "rich"]),
    ],
)
def test_only_what_is_needed_is_imported(words: list[str], imported: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WHAT_IS_IMPORTED, *words],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=True,
    )
    assert ran.stdout.splitlines()[-1] == str(imported)


@pytest.mark.parametrize(
    ("redirections", "code"),
    [("<&-", 0), (">&-", 2), ("2>&-", 0), (">&- -o /dev/null", 0), (">/dev/full", 2)],
)
def test_streams_that_are_closed_or_full(redirections: str, code: int) -> None:
    ran = sh(f"gradcalc grad x --at 1 --no-check -f plain {redirections}; echo $?")
    assert ran.stdout.splitlines()[-1] == str(code)
    assert "Traceback" not in ran.stderr
    assert "internal" not in ran.stderr


def test_a_terminal_with_ascii_only() -> None:
    ran = sh("PYTHONIOENCODING=ascii gradcalc jac 'x, y' --at 1,2")
    assert ran.returncode == 0
    assert "Jacobian: d row / d column" in ran.stdout
    assert ran.stdout.isascii()


@pytest.mark.parametrize(
    "words",
    ["grad 'θ**2' --at θ=2 -f csv", "grad 'θ**2' --wrt θ --at 2 -f csv",
     "grad 'θ**2' --at @θ.json -f csv", "grad - --at 2 -f csv < θ.txt"],
)  # fmt: skip
def test_names_in_the_c_locale(words: str, tmp_path: Path) -> None:
    (tmp_path / "θ.json").write_text('{"θ": 2}', encoding="utf-8")
    (tmp_path / "θ.txt").write_text("θ**2", encoding="utf-8")
    ran = sh(f"cd {tmp_path}; export LC_ALL=C PYTHONUTF8=0; gradcalc {words}; gradcalc grad 'θ**'")
    assert ran.stdout == "θ\n4\n"
    assert "θ**\n     ^" in ran.stderr
