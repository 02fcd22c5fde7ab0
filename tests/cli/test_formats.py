"""Every format of every command that prints one, and every list of options against its owner."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from gradcalc.check.verify import METHODS
from gradcalc.cli import options, plot
from gradcalc.cli.commands import COMMANDS
from gradcalc.engine.grouped import MODES
from gradcalc.functions.primitives import CONVENTIONS
from gradcalc.render import calls, catalogue, coordinates, parts, pattern, picture
from gradcalc.render.formats import FORMATS, FORMATS_OF
from tests.cli.shell import Shell

POINT = ["x1**2+3*x2, x2**2+2*x1", "--at", "2,3"]
LINES = {
    name: shlex.split(command.example)[1:]
    for name, command in COMMANDS.items()
    if "format" in command.takes and name != "run"
}
LINES["check"] = ["check", *POINT]
LINES["sparse"] = ["jacobian", *POINT, "--sparse"]
LINES["show"] = ["jacobian", *POINT, "--show", "inv"]
LINES["claim"] = ["check", *POINT, "--claim", "2*x1, 3; 2, 2*x2"]
SHOWN = {name: COMMANDS[name].shows for name in COMMANDS if name in LINES}
SHOWN |= {"sparse": "coordinates", "show": "an answer", "claim": "a ruling"}


def without_format(words: list[str]) -> list[str]:
    at = words.index("--format") if "--format" in words else len(words)
    return [*words[:at], *words[at + 2 :]]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", LINES)
def test_a_format_is_printed_or_refused(
    gradcalc: Shell, tmp_path: Path, name: str, format: str
) -> None:
    words = without_format(LINES[name])
    choices = FORMATS_OF[SHOWN[name]]
    out = tmp_path / "answer"  # to a file: what is no text is none for a test's standard output
    ran = gradcalc(*words, "--format", format, "-o", str(out))
    if format not in choices:
        assert ran.code == 2
        assert not out.exists()
        assert f"there is no {format} of this" in ran.err
        assert f"--format is one of {', '.join(choices)}" in ran.err
        assert "^" * len(format) in ran.err
        return
    assert (ran.code, ran.out) == (0, "")
    if FORMATS[format].binary:
        beginning = {"npy": b"\x93NUMPY", "png": b"\x89PNG", "pdf": b"%PDF"}[format]
        assert out.read_bytes().startswith(beginning)
        return
    text = out.read_text("utf-8")
    assert text
    if format == "json":
        assert json.loads(text)
    if format == "ndjson":
        assert [json.loads(line) for line in text.splitlines()]


HAD = {name: FORMATS_OF[shown] for name, shown in SHOWN.items()}
LACKED = {name: [format for format in FORMATS if format not in HAD[name]][::6] for name in LINES}
IN_THE_ENVIRONMENT = [(n, format) for n in LINES for format in (*HAD[n], *LACKED[n])]
"""Every format that a line has, and some that it has not: these are read alike, and change
nothing."""


@pytest.mark.parametrize(("name", "format"), IN_THE_ENVIRONMENT)
def test_the_environment_sets_the_format_of_what_has_it(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, format: str
) -> None:
    words = without_format(LINES[name])
    has_it = format in FORMATS_OF[SHOWN[name]]
    asked, found = tmp_path / "asked", tmp_path / "found"
    gradcalc(*words, "--format", format if has_it else "table", "-o", str(asked))
    monkeypatch.setenv("GRADCALC_FORMAT", format)
    assert gradcalc(*words, "-o", str(found)).code == 0
    assert found.read_bytes() == asked.read_bytes()


def test_a_word_in_the_environment_that_is_no_format_is_told(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADCALC_FORMAT", "jsn")
    for words in (["eval", "x", "--at", "1"], ["explain", "x", "--at", "1"], ["functions"]):
        ran = gradcalc(*words)
        assert ran.code == 2
        assert "GRADCALC_FORMAT: 'jsn' is none of" in ran.err
        assert "did you mean json?" in ran.err


@pytest.mark.parametrize("name", ["explain", "backward", "pattern", "graph", "jacobian"])
def test_text_is_another_word_for_a_table(gradcalc: Shell, name: str) -> None:
    words = without_format(LINES[name])
    assert gradcalc(*words, "-f", "text").out == gradcalc(*words).out


def test_a_script_sets_the_format_of_every_line_that_has_it(gradcalc: Shell) -> None:
    script = 'explain "x**2" --at 3\neval x --at 1\nbackward "x**2" --at 3\n'
    ran = gradcalc("run", "-", "-f", "ndjson", stdin=script)
    commands = [json.loads(line)["command"] for line in ran.out.splitlines()]
    assert commands == ["explain", "eval", "backward"]


def test_what_is_printed_has_the_formats_that_the_list_says() -> None:
    assert set(coordinates.WRITERS) == set(FORMATS_OF["coordinates"])
    assert set(pattern.WRITERS) == set(FORMATS_OF["a pattern"])
    assert set(calls.WRITERS) == set(FORMATS_OF["calls"])
    assert {"table", *catalogue.WRITERS} == set(FORMATS_OF["functions"])
    assert {*picture.PICTURES, *parts.WRITERS} == set(FORMATS_OF["a graph"])
    assert set(plot.WRITERS) == set(FORMATS_OF["a plot"])
    assert {name for names in FORMATS_OF.values() for name in names} == set(FORMATS)


def test_the_choices_of_options_are_those_of_their_owners() -> None:
    """Written down twice, as ``--help`` does without numpy."""
    assert set(options.METHODS) == {*METHODS} - {"auto"}
    assert options.MODES == MODES
    assert tuple(CONVENTIONS) == options.CONVENTIONS
