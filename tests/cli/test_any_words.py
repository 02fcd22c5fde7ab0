"""No words whatever end in an internal error, a traceback, or not at all.

``GRADCALC_LONG=1`` tries 20,000 command lines instead of 300.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gradcalc.cli.app import main
from gradcalc.cli.commands import ALIASES, COMMANDS, build
from gradcalc.errors import Exit

COUNT = 20_000 if os.environ.get("GRADCALC_LONG") else 300
SECONDS = 10.0

EXPRESSIONS = [
    "x", "x**2*y", "x1**2+3*x2, x2**2+2*x1", "sin(x)/x", "log(x)", "a*e", "mean(a)", "r=x; r**2",
    "abs(x)", "where(x>0, x, 0)", "1/x", "exp(exp(x))", "x+", "", "-x", "-", "--x", "θ", "x\ty",
    "sum([x,y,z])", "floor(x)", "x**x", "2", "sqrt(x*y)", "\x1b[31m", "a[0]", "x = ", "x;y", "'",
    "m:f", "(" * 99, "x" * 500, "polygamma(x, y)", "det([[x,1],[2,y]])", "#", "\ud800", "1e999*x",
]  # fmt: skip
POINTS = [
    "1", "2,3", "x=1", "x=2,y=3", "1,2,3", "a=[2,3]", "", "nan", "1e308,1e308", "0", "0,0", "-1",
    "@p.json", "@p.csv", "@nowhere", "-", "pi/4", "x=", "e=1,a=2", "1;2", "x=1,x=2", "θ=1", "@",
    "x=1±0.1", "1.0(2),2±5%", "x=0±uniform(1),y=2±t(1,3)", "a=[1±1,2]", "x=1±",
]  # fmt: skip
NAMES = ["x", "y,x", "e", "x,x", "", ",", "a", "a[0]", "x\n", "1", "θ", "x,zz"]
NUMBERS = ["0", "1", "2", "17", "-1", "1e9", "", "x", "0.01", "3.5", "nan", "1e999"]
WORDS = [
    "",
    "x",
    "--",
    "-",
    "-f",
    "--at",
    "\x00",
    "-x",
    "--version",
    "-h",
    "table",
    "json",
    "=",
    "*",
]
VALUES: dict[str, list[str]] = {
    "file": ["p.txt", "nowhere", ".", "p.csv", "a\x00b"],
    "at": POINTS,
    "param": ["k=1", "x=2", "e=3", "1", "", "k=1,k=2", "@p.json"],
    "wrt": NAMES,
    "outputs": ["r", "f1", *NAMES],
    "v": POINTS,
    "u": POINTS,
    "gradient": POINTS,
    "uncertainties": ["x=0.1", "0.1,0.2", "x=5%", "a=uniform(1)", "", "@nowhere", "x=", "-"],
    "corr": ["x,y=0.5", "x,y=2", "x,x=1", "x", ""],
    "cov": ["p.csv", "nowhere", "."],
    "data": ["p.csv", "p.json", "nowhere", "-"],
    "dof": ["x=3", "x=0", "3", ""],
    "monte_carlo": ["1000", "1e4", "1e9", "0", "x", "1e999"],
    "claim": ["1", "2*x, 3; 2, 2*y", "p.csv", "@p.json", "x.npy", "-", "", "tensor([[1,", "[1 2; 3",
              "|a|b|\n|-|-|\n|1|", "%%MatrixMarket\n1", "\\begin{matrix}1&2\\end{matrix}", "@1=2"],
    "claim_from": ["false", "", "'", "/nowhere"],
    "jac": ["m:f", "no_such:f", ":", ""],
    "points": ["p.csv", "p.json", "-", "nowhere", ".", "p.txt"],
    "what": ["eval", "grad", "jacobian,vjp", "", "all"],
    "range": ["-1,1", "x=0..1", "1,0", "..", "x=a..b"],
    "out": ["o.csv", "o.json", "o.npy", "o.foo", "o", "-", ".", "no/where", "a\x00b", ""],
    "script": ["-", "p.txt", "nowhere"],
}  # fmt: skip
ENVIRONMENTS = [
    {}, {}, {}, {"GRADCALC_FORMAT": "json"}, {"GRADCALC_FORMAT": "?"}, {"GRADCALC_DIGITS": "3"},
    {"GRADCALC_DIGITS": "x"}, {"GRADCALC_COLOR": "always"}, {"NO_COLOR": "1"}, {"COLUMNS": "1"},
    {"TERM": "dumb"}, {"SYMPY_DEBUG": "True"},
]  # fmt: skip


def line(rng: random.Random) -> list[str]:
    """A command with some of its options, and now and then something else."""
    name = rng.choice([*COMMANDS, *ALIASES])
    command = COMMANDS[ALIASES.get(name, name)]
    words: list[str] = []
    options: dict[str, Any] = {p.name: p for p in build(command.name).params}
    for key in rng.sample(list(command.takes), rng.randint(0, min(5, len(command.takes)))):
        option = options[key]
        if option.param_type_name != "option":
            continue
        spelled = rng.choice(option.opts)
        if option.is_flag:
            words.append(spelled)
            continue
        choices = (option.metavar or "").split("|")
        values = VALUES.get(key) or [*(choices if len(choices) > 1 else NUMBERS), *WORDS[:3]]
        value = rng.choice(values if rng.random() < 0.95 else WORDS)
        words += [f"{spelled}={value}"] if spelled[:2] == "--" and rng.random() < 0.3 else [
            spelled, value
        ]  # fmt: skip
    if {"at", "points"} & set(command.takes) and rng.random() < 0.6:
        words += (
            ["--points", "p.csv"] if "points" in command.takes else ["--at", rng.choice(POINTS)]
        )
    if "expr" in command.takes and rng.random() < 0.95:
        words.insert(rng.randint(0, len(words)), rng.choice(EXPRESSIONS))
    if "script" in command.takes:
        words.append(rng.choice(VALUES["script"]))
    if rng.random() < 0.1:
        words.insert(rng.randint(0, len(words)), rng.choice(WORDS))
    about = ["--version", "--help", "-V", "-h", "--show-completion"]
    return [rng.choice(about), *words] if rng.random() < 0.03 else [name, *words]


STDIN = [
    "",
    "x**2\n",
    "2,3",
    "x,y\n1,2\n3,\n",
    '{"x": 1}\n',
    "eval 1\ngrad x --at\n",
    "[[1, 2]]",
    "\ufeff",
]


class Stream(io.TextIOWrapper):
    """A standard stream over memory."""

    def __init__(self, text: str = "") -> None:
        super().__init__(io.BytesIO(text.encode("utf-8", "replace")), encoding="utf-8")

    def text(self) -> str:
        self.flush()
        buffer: Any = self.buffer
        return str(buffer.getvalue().decode("utf-8", "replace"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "p.json").write_text('{"x": 2, "y": 3}', encoding="utf-8")
    (tmp_path / "p.csv").write_text("x,y\n2,3\n1,bad\n0,0\n", encoding="utf-8")
    (tmp_path / "p.txt").write_text("x**2 + y\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", lambda _: True)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_any_command_line_ends_in_an_exit_code_and_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(COUNT)
    codes = set(Exit)
    for _ in range(COUNT):
        words, environment = line(rng), rng.choice(ENVIRONMENTS)
        out, err = Stream(), Stream()
        start = time.process_time()
        with monkeypatch.context() as patch, contextlib.redirect_stdout(out):
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", Stream(rng.choice(STDIN)))
            with contextlib.redirect_stderr(err):
                code = main(words)
        seconds = time.process_time() - start
        said = out.text() + err.text()
        assert code in codes, (words, environment, code, said)
        assert "Traceback" not in said, (words, environment, said)
        assert "internal error" not in said, (words, environment, said)
        assert seconds < SECONDS, (words, environment, seconds)
