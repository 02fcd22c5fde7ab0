"""What may be typed: expressions that begin with a minus, options anywhere, help."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.cli.arguments import arranged, place, shown
from gradcalc.cli.commands import ALIASES, COMMANDS, build
from gradcalc.engine.built import interpreter
from tests.cli.shell import Shell


@pytest.mark.parametrize(
    ("words", "gradient"),
    [
        (["-x**2", "--at", "3"], "-6"),
        (["--at", "3", "-x**2"], "-6"),
        (["-x", "--at", "3"], "-1"),
        (["-f+1", "--at", "3"], "-1"),
        (["-x*3", "--at=-3"], "-3"),
        (["-(x)", "--at", "-3"], "-1"),
        (["-3", "--wrt", "x", "--at", "1"], "0"),
        (["--at", "3", "--", "--x"], "1"),
        (["--at", "3", "--", "-q"], "-1"),
        (["-2**x+x", "--at", "0", "--digits", "3"], "0.3068528194400547"),
    ],
)
def test_an_expression_may_begin_with_a_minus(
    gradcalc: Shell, words: list[str], gradient: str
) -> None:
    ran = gradcalc("grad", *words, "-f", "plain") if "--" not in words else gradcalc(
        "grad", "-f", "plain", *words
    )  # fmt: skip
    assert (ran.code, ran.out) == (0, f"{gradient}\n"), ran.err


@pytest.mark.parametrize("words", [["-f", "csv"], ["--format", "csv"], ["--format=csv"], ["-fcsv"]])
def test_spellings_of_an_option(gradcalc: Shell, words: list[str]) -> None:
    assert gradcalc("grad", *words, "x", "--at", "1").out == "x\n1\n"


word = st.text(st.characters(codec="utf-8"), max_size=8)


@given(st.lists(word, max_size=5))
def test_the_caret_stands_under_the_word_it_is_about(line: list[str]) -> None:
    text = shown(line).text
    for index, word in enumerate(line):
        start, end = place(line, index)
        assert text[start:end] == shlex.quote(word)


@given(st.text(min_size=1, max_size=10).filter(lambda text: not text.startswith("--")))
def test_no_expression_is_taken_for_an_option(text: str) -> None:
    options = {"-f", "-i", "-o", "-q", "-h"}
    if text in options or text[:2] == "-f":
        return
    parameters = build("grad").params
    assert arranged([text, "--at", "1"], parameters, ["gradcalc", "grad", text, "--at", "1"]) == [
        "--at", "1", "--", text,
    ]  # fmt: skip


@pytest.mark.parametrize("name", [*COMMANDS, *ALIASES])
def test_every_command_has_help_with_all_its_options(gradcalc: Shell, name: str) -> None:
    ran = gradcalc(name, "--help")
    command = COMMANDS[ALIASES.get(name, name)]
    assert (ran.code, ran.err) == (0, "")
    assert command.summary.split(".")[0] in " ".join(ran.out.split())
    for parameter in build(command.name).params:
        if parameter.param_type_name == "option":
            assert max(parameter.opts, key=len) in ran.out
            assert parameter.help
    assert gradcalc(name, "-h") == ran


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_every_help_works(
    gradcalc: Shell, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program, *words = shlex.split(COMMANDS[name].example)
    assert program == "gradcalc"
    if any(word.endswith((".txt", ".csv", "/")) for word in words):
        pytest.skip("it is about a file")
    ran = gradcalc(*words)
    assert ran.code == 0, ran.err


def test_no_command_has_v_for_a_short_option() -> None:
    for name in COMMANDS:
        for parameter in build(name).params:
            assert "-v" not in parameter.opts


def test_the_list_of_commands(gradcalc: Shell) -> None:
    ran = gradcalc("--help")
    assert ran.code == 0
    assert all(f"\n  {name} " in ran.out for name in COMMANDS)


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version(gradcalc: Shell, option: str) -> None:
    import gradcalc as package

    ran = gradcalc(option)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"gradcalc {package.__version__} (kernel: {interpreter()})\n"


def test_a_kernel_that_is_none_is_refused(gradcalc: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADCALC_KERNEL", "fortran")
    ran = gradcalc("--version")
    assert (ran.code, ran.err) == (2, "error: GRADCALC_KERNEL=fortran is none of c, numpy\n")


@pytest.mark.parametrize(
    "line",
    ["--version --foo", "--help -f x", "-V --claim 1", "-h -x", "--install-completion foo",
     "--show-completion x y", "-h grad"],
)  # fmt: skip
def test_what_stands_alone_is_not_followed(gradcalc: Shell, line: str) -> None:
    ran = gradcalc(*line.split())
    assert (ran.code, ran.out) == (2, "")
    assert f"{line.split()[0]} stands alone" in ran.err


def test_completion_is_a_text_like_others(gradcalc: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = gradcalc("--show-completion")
    assert ran.code in (0, 1, 2)  # whether there is a shell around
    monkeypatch.setenv("_GRADCALC_COMPLETE", "nonsense")
    assert gradcalc("grad").code == 1
    monkeypatch.setenv("_GRADCALC_COMPLETE", "")
    assert gradcalc("grad", "x", "--at", "1", "-f", "plain").out == "1\n"


def test_hints_lead_somewhere(gradcalc: Shell) -> None:
    assert "as an expression: (--x)" in gradcalc("grad", "--x", "--at", "1").err
    assert gradcalc("grad", "(--x)", "--at", "1", "-f", "plain").out == "1\n"
    assert "did you mean" not in gradcalc("jacobian", "x", "--det", "--at", "1").err
    assert "--at L=1,T=2" in gradcalc("grad", "L*T", "--at", "L=1", "T=2").err
