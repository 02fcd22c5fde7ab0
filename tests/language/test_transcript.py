"""A transcript says what was read: read again, it is the same graph."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings

from gradcalc.errors import ExpressionError
from gradcalc.language import parse
from gradcalc.language.names import roles
from gradcalc.language.transcript import Name, Transcript, transcribe
from tests.expressions import Case, cases
from tests.language.test_foreign import CODE, CONDITIONS, DEFINITIONS, LINES, PAPER, SIDES, spelled

SHAPES = {"a": (3,), "M": (2, 3)}


def transcript(text: str, **shapes: tuple[int, ...]) -> Transcript:
    return transcribe(text, roles(shapes, {}, [], None))


def again(found: Transcript) -> str:
    """The statements of a transcript as a text."""
    return ";\n".join(
        line.text if line.name.startswith("f") and line.output else f"{line.name} = {line.text}"
        for line in found.lines
    )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x^2 + 3*x*y", ["f1 = (x ** 2) + (3 * x * y)"]),
        ("-x^2, 2x^-y", ["f1 = -(x ** 2)", "f2 = 2 * (x ** (-y))"]),
        ("r = √(x²+y²); r/2", ["r = sqrt((x ** 2) + (y ** 2))", "f1 = r / 2"]),
        ("1/2*x - y", ["f1 = (1 / 2 * x) - y"]),
        ("x if x>0 and y<1 else -x", ["f1 = where((x > 0) and (y < 1), x, -x)"]),
        ("f(x) = x^2; f(2y)", ["f(x) = x ** 2", "f1 = f(2 * y)"]),
        ("k = zeros(2); k[0] = x; k[1:]", ["k = zeros(2)", "k[0] = x", "f1 = k[1:]"]),
        ("sin^2(x)/LN(y)", ["f1 = (sin(x) ** 2) / ln(y)"]),
    ],
)
def test_every_operation_is_in_brackets(text: str, lines: list[str]) -> None:
    assert [f"{line.name} = {line.text}" for line in transcript(text).lines] == lines


def test_every_name_has_its_role() -> None:
    given = roles({"a": (2,)}, {"k": 2.5}, ["e"], None)
    found = transcribe("r = a[0]*k; f(t) = t*pi; f(r)*x10/x2 + e", given)
    assert found.names == (
        Name("a", "array of 2 variables"),
        Name("e", "variable"),
        Name("x2", "variable"),
        Name("x10", "variable"),
        Name("k", "parameter", "2.5"),
        Name("pi", "constant of the language", "3.141592653589793"),
        Name("r", "named value"),
        Name("f", "function of t"),
    )


@settings(max_examples=60)
@given(cases(depth=2))
def test_a_transcript_read_again_is_the_same_graph(case: Case) -> None:
    assume("@" not in case.text and "⁻" not in case.text)
    text = again(transcript(case.text, **SHAPES))
    first, second = (parse(one, shapes=SHAPES) for one in (case.text, text))
    assert spelled(first) == spelled(second)


@pytest.mark.parametrize("text", [t for t, _ in PAPER + CODE + CONDITIONS + LINES if "⁻" not in t])
def test_so_is_that_of_another_languages_text(text: str) -> None:
    assert spelled(parse(again(transcript(text)))) == spelled(parse(text))


@pytest.mark.parametrize("text", [t for t, _ in SIDES + DEFINITIONS])
def test_whatever_can_be_read_has_a_transcript(text: str) -> None:
    assert len(transcript(text).lines) >= len(parse(text).outputs) or "[" in text


def test_a_deep_text_is_written_out_without_recursion() -> None:
    (line,) = transcript("sin(" * 5000 + "x" + ")" * 5000).lines
    assert line.text == "sin(" * 5000 + "x" + ")" * 5000
    (line,) = transcript("-(" * 60_000 + "x" + ")" * 60_000).lines
    assert line.text.endswith("…")


def test_what_cannot_be_read_has_none() -> None:
    with pytest.raises(ExpressionError):
        transcript("x y")
