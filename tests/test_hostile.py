"""What a stranger types: the limits of gradcalc.limits, and characters that deceive."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gradcalc.errors import ExpressionError, GradcalcError
from gradcalc.language import parse
from gradcalc.language.points import read
from tests.cli.shell import Shell, shell


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return shell(capsys, monkeypatch)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zeros(3000,3000) @ zeros(3000,3000)", "more than 1,000,000 elements"),
        ("a = ones(1000,1000); a @ a", "more than 1,000,000 products"),
        ("zeros(10**7) * zeros(10**7)", "more than 1,000,000 elements"),
        ("zeros(1e300, 0)", "more than 1,000,000 elements"),
        ("a = ones(1000); b = ones(1001, 1); c = a*b", "more than 1,000,000 elements"),
        ("a = x*ones(10**6);" + "b = a + 1;" * 9, "4,000,000 elements in all"),
        ("a = x*ones(10**6);" + "sum(a);" * 9, "4,000,000 elements in all"),
        ("k = zeros(10**6);" + "k[0] = x;" * 99, "4,000,000 elements in all"),
        ("a = x*ones(10**6);" + "a[::2];" * 9, "more than 1,000,000 outputs"),
        ("[" * 100_000 + "x" + "]" * 100_000, "nested 33 deep; the most is 32"),
        ("a = ones(3); a[10**30]", "out of range"),
        ("a = ones(3); a[10**9:10**300]", "without elements"),
        ("1" * 1_000_000 + "*x", "larger than any double"),
        ("x" + "⁹" * 1_000_000, "larger than any double"),
        ("x**9**9**9", "overflows"),
    ],
)
def test_what_is_too_large_is_refused_at_once(text: str, message: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ExpressionError, match=message):
        parse(text)
    assert time.perf_counter() - start < 20


def test_the_length_of_a_text_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcalc.language.MOST_CHARACTERS", 10)
    assert parse("x+y+z+u+v1").variables == ["u", "v1", "x", "y", "z"]
    with pytest.raises(ExpressionError, match="more than 10 characters"):
        parse("x+y+z+u+v12")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000 + "x" + ")" * 100_000,
        "sin(" * 30_000 + "x" + ")" * 30_000,
        "-" * 100_000 + "x",
        "x**" * 30_000 + "x",
        "0." + "1" * 1_000_000 + "*x",
        "x" + "1" * 100_000 + " + x2",  # a name that ends in a number of 100000 digits
        "a = ones(3); x*a[::10**300]",
        "#" * 1_000_000 + "\nx",
    ],
    ids=lambda text: text[:12],
)
def test_nesting_and_digits_are_not_bounded(text: str) -> None:
    start = time.perf_counter()
    assert parse(text).outputs
    assert time.perf_counter() - start < 10


def test_long_numbers_in_names_are_in_natural_order() -> None:
    long = "x" + "9" * 5000
    assert parse(f"{long} + x10 + x2 + x002 + x").variables == ["x", "x2", "x002", "x10", long]


@pytest.mark.parametrize("command", ["jacobian", "hessian"])
def test_a_matrix_that_nobody_can_read_is_refused(run: Shell, command: str) -> None:
    text = "sum(a**2)" if command == "hessian" else "a*2"
    code, _, err = run(command, text, "--at", "a=ones(5001)", "--no-check")
    assert code == 3
    assert "5,001 × 5,001 entries, and the most is 25,000,000" in err


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom"])
@pytest.mark.parametrize(
    "words",
    [["grad", "x", "--at", "@{}"], ["grad", "-i", "{}", "--at", "1"], ["run", "{}"],
     ["check", "x", "--claim", "@{}", "--at", "1"], ["batch", "x", "--points", "{}"]],
    ids=["at", "input", "run", "claim", "points"],
)  # fmt: skip
def test_a_device_that_never_ends_is_left(
    run: Shell, monkeypatch: pytest.MonkeyPatch, words: list[str], device: str
) -> None:
    monkeypatch.setattr("gradcalc.language.files.MOST_IN_A_FILE", 100_000)
    code, out, err = run(*(word.format(device) for word in words))
    assert code in (2, 3)
    assert "internal error" not in err
    assert out.replace("\n", "").isprintable()
    assert err.replace("\n", "").isprintable()


def test_a_pipe_is_read_to_its_bound(
    run: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("gradcalc.language.files.MOST_IN_A_FILE", 100)
    code, _, err = run("grad", "-", "--at", "1", stdin="x+" * 51 + "x")
    assert (code, err) == (
        2, "error: standard input has more than 100 characters, which is the most\n",
    )  # fmt: skip
    (tmp_path / "f").write_text("x+" * 49 + "x")
    assert run("grad", "-i", str(tmp_path / "f"), "--at", "1", "-f", "plain").out == "50\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "not JSON that holds a point"),
        (b'{"x":' * 100_000 + b"1" + b"}" * 100_000, "not JSON that holds a point"),
        (b"[" * 600 + b"1" + b"]" * 600, "lists nested more than 32 deep"),
        (b'{"x":' * 600 + b"1" + b"}" * 600, "an object is not a finite number"),
        (b'{"x": ' + b"9" * 100_000 + b"}", "not JSON that holds a point"),
        (b'{"x": 1e999}', "is not a finite number"),
        (b"9" * 1_000_000, "is larger than any double"),
        (b"\xff\xfe1\x00", "not a text file"),
        (b"1\x002", "cannot be read"),
    ],
)
def test_bombs_in_the_file_of_a_point(
    run: Shell, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "p").write_bytes(content)
    start = time.perf_counter()
    code, out, err = run("grad", "x", "--at", f"@{tmp_path / 'p'}")
    assert code in (2, 3)
    assert not out
    assert message in err
    assert "internal error" not in err
    assert time.perf_counter() - start < 10


def test_marks_and_line_ends_of_other_systems(run: Shell, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbfr = x**2\r\nr*y\r\n")
    (tmp_path / "p").write_bytes(b"\xef\xbb\xbfx,y\r\n2,3\r\n")
    words = ["-i", str(tmp_path / "f"), "--at", f"@{tmp_path / 'p'}", "-f", "plain"]
    assert run("grad", *words).out == "12 4\n"
    assert run("grad", "-", "--at", "3", "-f", "plain", stdin="\ufeffx**2\r\n").out == "6\n"


def test_memory_that_is_not_there_is_an_error_like_others(
    run: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hungry(*args: object) -> None:
        raise MemoryError

    monkeypatch.setattr("gradcalc.cli.app.invoke", hungry)
    assert run("grad", "x") == (3, "", "error: this needs more memory than there is\n")


# --- characters -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at", "code"),
    [
        ("x\u200by", 1, "200B"),
        ("x + \u202ey", 4, "202E"),
        ("\u2066x", 0, "2066"),
        ("x + y  # \u202e)", 9, "202E"),  # in a comment it would move what stands before it
        ("a\u3164 + 1", 1, "3164"),  # a letter, says Unicode, and nothing to be seen
        ("x\u00ad1", 1, "00AD"),
        ("x\x00", 1, "0000"),
        ("\x1b[31mx", 0, "001B"),
        ("\udcff", 0, "DCFF"),
    ],
)
def test_what_cannot_be_seen_is_refused(text: str, at: int, code: str) -> None:
    with pytest.raises(ExpressionError, match=rf"U\+{code}") as caught:
        parse(text)
    assert caught.value.span is not None
    assert caught.value.span.start == at


def test_a_comment_may_have_any_picture_in_it() -> None:
    assert parse("x # careful \u26a0\ufe0f \U0001f469\u200d\U0001f52c").variables == ["x"]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (
            "x + х",
            "'х' looks like 'x' and is another name: it has U+0445, cyrillic small letter ha",
        ),
        ("ｘ * x", "'ｘ' looks like 'x' and is another name: it has U+FF58"),
        (
            "ο + o",
            "'ο' looks like 'o' and is another name: it has U+03BF, greek small letter omicron",
        ),
        ("2*рi", "'рi' looks like 'pi' and is another name: it has U+0440"),
        ("е**x", "'е' looks like 'e' and is another name: it has U+0435"),
        ("r1 = x; rх = 2*r1; rx*y", "'rх' looks like 'rx'"),
    ],
)
def test_names_that_look_alike_are_told_of(text: str, note: str) -> None:
    (found,) = parse(text).notes
    assert found.startswith(note)


@pytest.mark.parametrize("text", ["θ*x + ж", "α*a + ρ*p", "温 + x", "x1 + x2", "Ω + О"])
def test_other_scripts_are_welcome(text: str) -> None:
    assert parse(text).notes == []


def test_a_function_that_only_looks_like_one() -> None:
    with pytest.raises(ExpressionError, match=r"only looks like 'sin': it has U\+0455"):
        parse("ѕin(x)")


def test_the_note_is_printed_and_a_point_is_told_too(run: Shell) -> None:
    assert "note: 'х' looks like 'x'" in run("eval", "x + х", "--at", "1,2").out
    err = run("eval", "x", "--at", "х=1").err
    assert "it only looks like 'x': it has U+0445" in err


@pytest.mark.parametrize("option", ["--at", "--v", "--param"])
def test_points_are_read_by_the_same_rules(option: str) -> None:
    with pytest.raises(GradcalcError, match=r"U\+200B"):
        read("x=1\u200b", option)


# --- scripts and markup ---------------------------------------------------------------------------


def test_a_script_is_data(run: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET", "31337")
    lines = ["grad x --at $(touch owned)", "eval $SECRET", "eval `touch owned`", "!touch owned",
             "grad x --at 1 ; touch owned", "grad x --at 1 > owned", "grad x --at 1 | tee owned",
             "run other.txt", "../../bin/touch owned"]  # fmt: skip
    code, out, err = run("run", "-", stdin="\n".join(lines))
    assert code == 1
    assert os.listdir(tmp_path) == []
    assert "31337" not in out + err
    assert f"{len(lines)} failed" in out


def test_markup_is_text(run: Shell) -> None:
    err = run("grad", "-i", "[bold]no[/bold].txt", "--at", "1").err
    assert "'[bold]no[/bold].txt'" in err
    assert "[link=x]" in run("grad", "x", "--at", "[link=x]").err


def test_a_file_is_whole_or_as_it_was(run: Shell, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("before\n")
    assert run("grad", "x**", "--at", "1", "-f", "csv", "--out", str(target)).code == 3
    assert target.read_text() == "before\n"
    assert run("grad", "x**2", "--at", "1", "-f", "csv", "--out", str(target)).code == 0
    assert target.read_text() == "x\n2\n"
    assert os.listdir(tmp_path) == ["out.csv"]
