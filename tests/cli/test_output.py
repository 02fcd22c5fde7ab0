"""Where the answer goes, how wide and how colourful it is."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from gradcalc.cli.output import sink, write
from gradcalc.cli.terminal import wants_color
from gradcalc.errors import UsageError
from tests.cli.shell import Shell


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


# --- colour --------------------------------------------------------------------------------------

COLOR = [
    # --color, environment, terminal, colour
    ("auto", {}, True, True),
    ("auto", {}, False, False),
    ("always", {}, False, True),
    ("never", {}, True, False),
    ("auto", {"NO_COLOR": "1"}, True, False),
    ("auto", {"NO_COLOR": ""}, True, True),
    ("always", {"NO_COLOR": "1"}, True, True),
    ("auto", {"FORCE_COLOR": "1"}, False, True),
    ("auto", {"FORCE_COLOR": "0"}, True, False),
    ("auto", {"FORCE_COLOR": ""}, True, False),
    ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
    ("auto", {"TERM": "dumb"}, True, False),
    ("auto", {"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
    ("never", {"FORCE_COLOR": "1"}, True, False),
]


@pytest.mark.parametrize(("choice", "environment", "terminal", "color"), COLOR)
def test_the_policy_on_colour(
    monkeypatch: pytest.MonkeyPatch,
    choice: str,
    environment: dict[str, str],
    terminal: bool,
    color: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_color(choice, Screen() if terminal else io.StringIO()) is color


def test_no_escapes_in_a_pipe_and_some_on_request(gradcalc: Shell) -> None:
    assert "\x1b" not in gradcalc("grad", "x", "--at", "1").out
    assert "\x1b" in gradcalc("grad", "x", "--at", "1", "--color", "always").out
    assert "\x1b" in gradcalc("grad", "sqrt(x)", "--at", "-1", "--color", "always").err


@pytest.mark.parametrize("words", [["x +", "--at", "1"], ["x", "--att", "1"]])
def test_the_colour_of_an_error_is_as_asked_for(gradcalc: Shell, words: list[str]) -> None:
    assert "\x1b" not in gradcalc("grad", *words).err
    assert "\x1b" in gradcalc("grad", *words, "--color", "always").err
    assert "\x1b" in gradcalc("grad", "--color=always", *words).err


def test_the_environment_sets_defaults(gradcalc: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADCALC_COLOR", "always")
    assert "\x1b" in gradcalc("grad", "x", "--at", "1").out
    assert "\x1b" not in gradcalc("grad", "x", "--at", "1", "--color", "never").out
    monkeypatch.setenv("GRADCALC_FORMAT", "plain")
    assert gradcalc("grad", "x/3", "--at", "1").out == "0.3333333333333333\n"
    monkeypatch.setenv("GRADCALC_DIGITS", "3")
    assert " 0.333\n" in gradcalc("grad", "x/3", "--at", "1", "-f", "table", "--color=never").out
    monkeypatch.setenv("GRADCALC_DIGITS", "many")
    monkeypatch.setenv("GRADCALC_COLOR", "never")
    ran = gradcalc("grad", "x/3", "--at", "1")
    assert (ran.code, ran.err) == (
        2,
        "error: GRADCALC_DIGITS: 'many' is not a whole number from 1 to 17\n",
    )


# --- files ---------------------------------------------------------------------------------------


def test_an_answer_in_a_file(gradcalc: Shell, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    ran = gradcalc("grad", "x**2", "--at", "3", "-f", "json", "-o", str(file))
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert json.loads(file.read_text())["gradient"] == [6]
    assert os.listdir(tmp_path) == ["answer.json"]


def test_a_file_stays_as_it_was_when_there_is_no_answer(gradcalc: Shell, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_text("before")
    assert gradcalc("grad", "x +", "--at", "3", "-o", str(file)).code == 3
    assert file.read_text() == "before"


def test_a_file_is_whole_or_as_before(tmp_path: Path) -> None:
    file = tmp_path / "answer"
    file.write_text("before")

    def interrupted() -> None:
        with sink(str(file)) as put:
            put("half an ans")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert file.read_text() == "before"
    assert os.listdir(tmp_path) == ["answer"]


def test_a_rewritten_file_keeps_its_mode_and_a_link_its_target(tmp_path: Path) -> None:
    file, link = tmp_path / "answer", tmp_path / "link"
    file.write_text("before")
    file.chmod(0o600)
    link.symlink_to(file)
    with sink(str(link)) as put:
        put("after")
    assert file.read_text() == "after"
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_no_file_is_written_as_it_is() -> None:
    with sink(os.devnull) as put:
        put("nothing")
    assert not Path(os.devnull).is_file()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"), sink(str(tmp_path / "no" / "file")):
        pass


# --- streams -------------------------------------------------------------------------------------


def test_a_stream_that_only_has_ascii() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    write(stream, "∂f ─ ✓ 温\n")
    stream.seek(0)
    assert stream.read() == "df - ok: \\u6e29\n"


def test_quiet_is_the_answer_alone_unless_it_is_wrong(gradcalc: Shell) -> None:
    ran = gradcalc("grad", "abs(x)", "--at", "0", "-q")
    assert ran.out == (
        "Gradient of f1\n"
        "\n"
        "     value   x\n"
        "at           0\n"
        "──────────────\n"
        "f1       0   0\n"
    )  # fmt: skip
    assert gradcalc("grad", "abs(x)", "--at", "0", "-q", "-f", "plain").err == ""


def test_a_wide_answer_fits_a_terminal(gradcalc: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"x{i}" for i in range(1, 31)]
    text = ", ".join(f"exp(x{i}/7)*x{31 - i}" for i in range(1, 31))
    point = ",".join(f"{name}={i}/3" for i, name in enumerate(names))
    words = ("jacobian", text, "--at", point, "--no-check", "--color", "never")
    piped = gradcalc(*words).out
    assert max(map(len, piped.split("\n"))) > 300

    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    gradcalc(*words)
    assert max(map(len, screen.getvalue().split("\n"))) <= 80
    words_of = [
        {word for word in text.split() if "─" not in word} for text in (piped, screen.getvalue())
    ]
    assert words_of[0] <= words_of[1]


def test_functions_in_every_format(gradcalc: Shell) -> None:
    assert "sech(x)**2" in gradcalc("functions").out
    records = json.loads(gradcalc("functions", "-f", "json").out)
    tanh = next(record for record in records if record["name"] == "tanh(x)")
    assert tanh["derivative"] == {"x": "sech2(x)"}
    assert "tanh" in gradcalc("functions", "-f", "plain").out.split()
    for format in ("ndjson", "csv", "tsv", "markdown", "latex"):
        assert "tanh(x)" in gradcalc("functions", "-f", format).out


def test_quiet_leaves_the_verdict_of_a_json_answer(gradcalc: Shell) -> None:
    loud = json.loads(gradcalc("eval", "0**x", "--at", "0", "-f", "json").out)
    quiet = json.loads(gradcalc("eval", "0**x", "--at", "0", "-f", "json", "--quiet").out)
    assert quiet["check"] == loud["check"]
    assert quiet["notes"] == []


def test_json_says_where_digits_went(gradcalc: Shell) -> None:
    ran = gradcalc("grad", "(1-cos(x))/x**2", "--at", "1e-5", "-f", "json")
    (note,) = json.loads(ran.out)["notes"]
    assert "in '1-cos(x)'; --precise prints the true values" in note


def test_one_reason_is_given_once(gradcalc: Shell) -> None:
    ran = gradcalc("eval", "log(x)", "--at", "-1")
    assert "not checked: 1 value not checked (no real value)\n" in ran.out


@pytest.mark.parametrize("command", ["graph", "pattern", "explain", "backward"])
def test_names_that_look_alike_are_told_by_every_command(gradcalc: Shell, command: str) -> None:
    point = [] if command in ("graph", "pattern") else ["--at", "1,1"]
    assert "'х' looks like 'x' and is another name" in gradcalc(command, "x*х", *point).err


# --- formats --------------------------------------------------------------------------------------

ASKED = [
    ("eval", []), ("grad", []), ("jacobian", []), ("jacobian", ["--sparse"]), ("vjp", []),
    ("jvp", ["--u", "1,0"]), ("hessian", []), ("hvp", ["--u", "1,0"]), ("check", []),
    ("check", ["--claim", "2*x*y, x**2"]), ("backward", []), ("explain", []), ("graph", []),
    ("pattern", []),
]  # fmt: skip


@pytest.mark.parametrize(("command", "more"), ASKED, ids=str)
def test_the_json_of_every_command_has_one_frame(
    gradcalc: Shell, command: str, more: list[str]
) -> None:
    ran = gradcalc(command, "x**2*y", "--at", "x=3,y=2", "-f", "json", *more)
    assert ran.code == 0
    record = json.loads(ran.out)
    assert record["command"] == command
    assert (record["variables"], record["outputs"]) == (["x", "y"], ["f1"])
    assert record["at"] == ({} if command == "pattern" else {"x": 3, "y": 2})
    assert {"method", "passed"} <= set(record["check"])
    assert isinstance(record["notes"], list)


@pytest.mark.parametrize(
    ("name", "begins"),
    [("a.csv", "x,y\n"), ("a.JSON", "{\n"), ("a.md", "Gradient"), ("a.tex", r"\nabla"),
     ("a.mtx", "%%MatrixMarket"), ("a.jsonl", '{"command"'), ("a.txt", "Gradient of f1\n\n"),
     ("a", "Gradient of f1\n\n"), ("a.foo", "Gradient of f1\n\n"), ("a.npy", "\x93NUMPY")],
)  # fmt: skip
def test_a_file_is_written_as_its_extension_says(
    gradcalc: Shell, tmp_path: Path, name: str, begins: str
) -> None:
    path = tmp_path / name
    ran = gradcalc("grad", "x*y", "--at", "1,2", "-o", str(path))
    assert (ran.code, ran.out) == (0, "")
    assert path.read_bytes().decode("latin-1").startswith(begins)
    said = "no format here is called .foo" in ran.err
    assert said is (name == "a.foo")
    assert gradcalc("grad", "x*y", "--at", "1,2", "-f", "plain", "-o", str(path)).err == ""
    assert path.read_text() == "2 1\n"


def test_the_extension_outweighs_the_environment(
    gradcalc: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADCALC_FORMAT", "json")
    gradcalc("grad", "x*y", "--at", "1,2", "-o", str(tmp_path / "a.csv"))
    assert (tmp_path / "a.csv").read_text() == "x,y\n2,1\n"
    assert json.loads(gradcalc("explain", "x*y", "--at", "1,2").out)["command"] == "explain"
    monkeypatch.setenv("GRADCALC_FORMAT", "csv")
    assert gradcalc("explain", "x*y", "--at", "1,2").out.startswith("forward")


def test_a_dash_is_standard_output(gradcalc: Shell) -> None:
    assert gradcalc("grad", "x*y", "--at", "1,2", "-f", "csv", "--out", "-").out == "x,y\n2,1\n"


def test_a_sparse_table_is_whole_in_a_pipe(gradcalc: Shell) -> None:
    text = ", ".join(f"x{i}*x{i + 1}" for i in range(1, 50))
    ran = gradcalc("jacobian", text, "--sparse", "--at", ",".join("1" * 50), "--no-check")
    assert ran.out.count("\nf") == 97


def test_what_stands_behind_two_dashes_is_no_option(gradcalc: Shell) -> None:
    ran = gradcalc("grad", "--at", "1", "--", "x +", "--format", "json")
    assert ran.err.startswith("error: ")


def test_every_format_of_every_command_is_an_answer_or_a_sentence(
    gradcalc: Shell, tmp_path: Path
) -> None:
    from gradcalc.cli.commands import COMMANDS
    from gradcalc.render.formats import FORMATS

    for command in COMMANDS.values():
        if "format" not in command.takes:
            continue
        for name in FORMATS:
            for more in ([], ["--sparse"], ["--claim", "2*x*y, x**2"]):
                words = ["x**2*y", "--at", "1,2", *more]
                if command.name in ("run", "functions"):
                    words = ["-"] if command.name == "run" else []
                out = str(tmp_path / "out")
                ran = gradcalc(command.name, *words, "-f", name, "-o", out, stdin="eval 1\n")
                assert ran.code in (0, 1, 2, 3), (command.name, name, more, ran.err)
                assert "internal" not in ran.err
