"""Errors as text: the caret is under the guilty characters, whatever the text is made of."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.errors import ExpressionError, GradcalcError, Source, Span
from gradcalc.errors.text import cells, clipped, safe
from gradcalc.language import parse
from gradcalc.render.errors import WHOLE, note, problem, problem_json, problem_record


def error(text: str, start: int, end: int, name: str = "", hint: str = "") -> GradcalcError:
    return ExpressionError(
        "it is wrong", source=Source(text, name), span=Span(start, end), hint=hint
    )


def excerpt(text: str, start: int, end: int, name: str = "", width: int = 80) -> list[str]:
    return problem(error(text, start, end, name), width=width).split("\n")[1:-1]


def under_caret(lines: list[str]) -> str:
    """The characters that the caret points at."""
    line, carets = lines[-2:]
    marked, column = "", 0
    for char in line:
        if carets[column : column + 1] == "^":
            marked += char
        column += cells(char)
    return marked


def test_what_where_and_hint() -> None:
    assert problem(error("x1**2 + sine(x2)", 8, 12, hint="did you mean 'sin'?\nor 'sinh'?")) == (
        "error: it is wrong\n"
        "  x1**2 + sine(x2)\n"
        "          ^^^^\n"
        "hint: did you mean 'sin'?\n"
        "      or 'sinh'?\n"
    )


def test_an_option_stands_before_its_value() -> None:
    assert excerpt("1,1,1", 4, 5, "--v") == ["  --v 1,1,1", "          ^"]


def test_a_file_is_named_with_the_line() -> None:
    assert excerpt("x = 1\ny = sine(x)\nx + y\n", 10, 14, "model.txt") == [
        "  model.txt, line 2:",
        "  y = sine(x)",
        "      ^^^^",
    ]


def test_the_end_of_the_text_can_be_guilty() -> None:
    assert excerpt("x +", 3, 3) == ["  x +", "     ^"]
    assert excerpt("x +\ny", 3, 4) == ["  line 1:", "  x +", "     ^"]
    assert excerpt("", 0, 0) == ["  ", "  ^"]


def test_a_span_over_several_lines_is_marked_to_the_end_of_its_first() -> None:
    assert excerpt("sin(x +\n y", 3, 10)[-1] == "     ^^^^"


def test_tabs_and_wide_glyphs_and_accents() -> None:
    assert under_caret(excerpt("\tx + sine(y)", 5, 9)) == "sine"
    assert under_caret(excerpt("温度 + sine(y)", 5, 9)) == "sine"
    assert under_caret(excerpt("e\u0301 + sine(y)", 5, 9)) == "sine"


def test_escapes_are_shown_and_not_obeyed() -> None:
    text = problem(error("x\x1b[31m + \x9b\u202e y\x07", 1, 2, "a\x1bb", hint="\x1b]0;t\x07"))
    assert text.replace("\n", "").isprintable()
    assert "x␛[31m" in text


def test_a_long_line_is_cut_around_the_span() -> None:
    line = "+".join(f"x{i}" for i in range(1, 100_000))
    at = line.index("x50000")
    lines = excerpt(line, at, at + 6)
    assert under_caret(lines) == "x50000"
    assert lines[0].startswith("  …")
    assert lines[0].endswith("…")
    assert cells(lines[0]) <= 80


lines = st.text(st.characters(codec="utf-8") | st.sampled_from("ab+\t温\u0301\x1b"), max_size=300)


@given(lines, st.integers(0, 300), st.integers(0, 300), st.integers(24, 120))
def test_any_excerpt_fits_and_points_at_its_span(
    text: str, start: int, length: int, width: int
) -> None:
    shown = excerpt(text, start, start + length, width=width)
    assert all(cells(line) <= width for line in shown[-2:])
    assert all(line.isprintable() for line in shown)
    begin = min(start, len(text))
    guilty = safe(text[begin : begin + length].partition("\n")[0])
    marked = under_caret(shown)
    bare = guilty.replace("\u0301", "")
    assert marked.startswith(guilty[:3]) or not bare or cells(guilty) <= 1 or "…" in marked


@given(st.text(max_size=60), st.integers(2, 50))
def test_clipped_text_fits(text: str, most: int) -> None:
    assert cells(clipped(safe(text), most)) <= most


def test_a_program_gets_one_json_object() -> None:
    read = json.loads(problem_json(error("sine(x)", 0, 4, hint="sin")))
    assert read == {
        "error": {
            "code": 3,
            "message": "it is wrong",
            "source": "sine(x)",
            "span": [0, 4],
            "hint": "sin",
        }
    }
    bare = json.loads(problem_json(GradcalcError("no source")))["error"]
    assert (bare["source"], bare["span"], bare["hint"]) == (None, None, None)


def test_colour_only_when_asked_for() -> None:
    assert "\x1b" not in problem(error("x", 0, 1))
    assert problem(error("x", 0, 1), color=True).startswith("\x1b[1;31merror\x1b[0m: ")


def test_a_note_is_one_safe_line() -> None:
    assert note("a\nb\x1b") == "note: a␊b␛\n"


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("温度", 4), ("e\u0301", 1), ("", 0), ("\u00e9", 1)]
)
def test_cells(text: str, width: int) -> None:
    assert cells(text) == width


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cn", "Co"])))
def test_cells_agree_with_rich_on_words(text: str) -> None:
    """The caret and the tables measure with the same rule, where text can be in both."""
    from rich.cells import cell_len

    words = "".join(char for char in text if char.isidentifier())
    assert cells(words) == cell_len(words)


def test_of_a_long_source_a_program_is_told_the_neighbourhood() -> None:
    text = "+".join(["x"] * 300_000) + " y + 1"
    with pytest.raises(GradcalcError) as caught:
        parse(text)
    record = problem_record(caught.value)
    start, end = record["span"]
    assert record["source"][start:end] == "y"
    assert len(record["source"]) <= WHOLE
    assert text[record["offset"] :].startswith(record["source"])
    with pytest.raises(GradcalcError) as caught:
        parse("x y")
    assert "offset" not in problem_record(caught.value)
