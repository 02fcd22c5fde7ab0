"""A text cut up stretch by stretch: the tokens that it has as a whole."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.errors import ExpressionError
from gradcalc.language import parse, tokens
from gradcalc.language.tokens import Tokens, tokenize

fragments = st.sampled_from(
    ["1e+5", "1_000", ".5", "2.", "x1", "é_1", "**", "*", "<=", "&&", "x²", "⁻¹²", "# a + b", "\n",
     "   ", "\t", "(", "0x1", "1e", "-", "=", "_", "a[0]"]
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(fragments | st.text(max_size=3), max_size=30).map("".join), st.integers(1, 9))
def test_no_stretch_ends_within_a_token(text: str, stretch: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "STRETCH", stretch)
        cut = Tokens(text)
        while not cut.complete:
            cut.cut_further()
            assert cut == tokenize(text)[: len(cut)]
            assert "".join(cut) == text[: cut.cut]
    assert cut == tokenize(text)


@pytest.mark.parametrize(
    "text",
    [
        "a = x + 1\nb = a*a # squared\nb - 2e-3*(x**2, )",
        "2x + sin (x)/0.5",
        "f(x) = x**2",
        "x y",
        "x + ) 3",
        "(x + 1",
        "",
    ],
)
@pytest.mark.parametrize("stretch", [1, 5])
def test_where_the_stretches_end_makes_no_difference(
    text: str, stretch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outcome() -> object:
        try:
            graph = parse(text)
        except ExpressionError as error:
            return error.message, error.hint, error.span
        return list(graph.codes), list(graph.starts), list(graph.ends), graph.output_names

    whole = outcome()
    monkeypatch.setattr(tokens, "STRETCH", stretch)
    assert outcome() == whole
