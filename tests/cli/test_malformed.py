"""Whatever is typed, the answer is an exit code, a sentence, and a caret: never a traceback."""

from __future__ import annotations

import json
import re
import shlex
import time
from pathlib import Path

import pytest

from tests.cli.shell import Shell

CORPUS = Path(__file__).with_name("malformed.txt")
FILES = {
    "expression.txt": "x**2 + y\n",
    "wrong.txt": "# a model\ny = x**2\ny + sine(x)\n",
    "broken.json": '{"x": 1,',
    "words.json": '{"x": "one"}',
    "words.txt": "one two\n",
}
SECONDS = 0.3


def lines() -> list[tuple[int, bool, list[str]]]:
    found = []
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            code, caret, words = line.split(maxsplit=2)
            found.append((int(code), caret == "^", shlex.split(words)))
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with some files in it, most of them wrong."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "binary.bin").write_bytes(b"\xff\xfe\x00\x80")
    monkeypatch.chdir(tmp_path)


def test_there_are_enough_of_them() -> None:
    assert len(lines()) >= 100


@pytest.mark.parametrize(("code", "caret", "words"), lines(), ids=lambda x: str(x)[:60])
@pytest.mark.usefixtures("folder")
def test_a_malformed_line(gradcalc: Shell, code: int, caret: bool, words: list[str]) -> None:
    start = time.process_time()
    ran = gradcalc(*words)
    seconds = time.process_time() - start
    assert ran.code == code, ran.err
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert "Traceback" not in ran.err
    assert "internal error" not in ran.err
    assert bool(re.search(r"^ +\^+$", ran.err, re.MULTILINE)) is caret, ran.err
    assert seconds < SECONDS


@pytest.mark.parametrize(("code", "caret", "words"), lines()[::7], ids=lambda x: str(x)[:60])
@pytest.mark.usefixtures("folder")
def test_a_program_gets_the_same_as_json(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch, code: int, caret: bool, words: list[str]
) -> None:
    monkeypatch.setenv("GRADCALC_FORMAT", "json")
    ran = gradcalc(*words)
    error = json.loads(ran.err)["error"]
    assert (ran.code, error["code"]) == (code, code)
    assert (error["span"] is not None) is caret
