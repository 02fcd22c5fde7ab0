"""No text whatever is answered with a traceback, or with an escape that the terminal would obey."""

from __future__ import annotations

import contextlib
import io
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.cli.app import main
from gradcalc.cli.commands import COMMANDS
from gradcalc.errors import Exit
from gradcalc.functions.primitives import FUNCTIONS

PIECES = [
    "x", "y", "x1", "2", ".5", "1e3", "(", ")", "[", "]", ",", ";", "\n", "=", "+", "-", "*", "/",
    "**", "^", "%", "@", "<", "==", " and ", "not ", "#", "²", "√(", "·", ".", "_", "\x1b[31m",
    "温", "'", "--at", "-f", *(f"{name}(" for name in FUNCTIONS),
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)


def run(*words: str) -> tuple[int, str, str]:
    """A command line with nothing on standard input."""
    out, err, stdin = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.StringIO("")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
    finally:
        sys.stdin = stdin
    return code, out.getvalue(), err.getvalue()


@given(texts, texts)
@settings(max_examples=300)
def test_any_expression_at_any_point(text: str, point: str) -> None:
    code, out, err = run("jacobian", "--at", point, "--no-check", "--", text)
    assert code in set(Exit)
    assert "internal error" not in err
    assert (out + err).replace("\n", "").isprintable()


@given(texts)
@settings(max_examples=100)
def test_any_error_is_strict_json(text: str) -> None:
    code, _, err = run("grad", "--at", "1,2", "--no-check", "-f", "json", "--", text)
    if code not in (0, 4):
        error = json.loads(err)["error"]
        assert error["code"] == code
        if error["span"]:
            start, end = error["span"]
            assert 0 <= start <= end <= len(error["source"]) + 1


words = texts.filter(lambda word: not word.startswith("-o"))  # no files, please


@given(st.sampled_from([*COMMANDS]), st.lists(words, max_size=4))
@settings(max_examples=150)
def test_any_command_line(command: str, words: list[str]) -> None:
    code, _, err = run(command, *words)
    assert code in set(Exit)
    assert "internal error" not in err


@pytest.mark.parametrize("words", [["\ud800"], ["grad", "\udcff", "--at", "1"], [""], ["-"]])
def test_words_that_are_hardly_text(words: list[str]) -> None:
    code, _, err = run(*words)
    assert code in (2, 3)
    err.encode("utf-8")
