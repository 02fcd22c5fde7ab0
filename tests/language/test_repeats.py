"""Text that repeats is read piece by piece: the very nodes that token by token makes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradcalc.errors import ExpressionError
from gradcalc.graph.graph import Graph
from gradcalc.language import parse, parser
from gradcalc.language.repeats import follow as repeats


def everything(graph: Graph) -> tuple[Any, ...]:
    """All that a graph is made of."""
    columns = [list(column) for column in (*graph.operands, graph.starts, graph.ends, graph.levels)]
    named = (dict(graph.constants), dict(graph.names), graph.inputs, graph.variables)
    return list(graph.codes), columns, named, graph.outputs, graph.output_names, graph.notes


def outcome(text: str, **options: Any) -> Any:
    try:
        return everything(parse(text, **options))
    except ExpressionError as error:
        return error.message, error.hint, error.span


def token_by_token(text: str, **options: Any) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parser, "_has_doubled", lambda count: False)
        return outcome(text, **options)


def characters_followed(text: str, **options: Any) -> int:
    """How many characters were not read token by token."""
    taken = 0

    def follow(graph: Graph, at: int, *rest: Any) -> tuple[int, str]:
        nonlocal taken
        end, closer = repeats.follow(graph, at, *rest)
        taken += end - at
        return end, closer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parser, "follow", follow)
        parse(text, **options)
    return taken


PIECES = [
    "100*(x{i} - x{j}**2)**2",
    "(1 - x{i})**2",
    "x{i}",
    "-x{i}*{i}.5",
    "2x{i}",
    "sin(x{i}, ) if",
    "exp(-x{i}/{j})*y",
    "max(x{i}, {i})",
    "x{i}^2",
    "sqrt( (x{i}+1) / y )",
    "where(x{i} > 0, y, 1)",
    "a[{i}]",
    "a*x{i}",
    "pi*e*x{i}",
    "2.5e{i}",
    "sum(x{i}, y)",
    "x{i}²",
    "0x{i}",
    "log x{i}",
    "beta",
    "x{i}**(1 + 1)",
    "x{i}**{j}",
    "(0.{i})**2*x1",
    "exp(-{i}*(y + 0.5))",
    "x1*x{i}/(1/{j})",
    "clamp(x{i}, -{j}, {j})",
    "1e{i}0*1e2{j}0",
    "log({i} - 3)",
    "(x{i} + x{j})",
    "{i}*{j}",
]
JOINS = [" + ", "+", " - ", "*", " / ", ", ", ";", "\n", "**", " < ", " +\n", "  +  "]


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A few kinds of pieces in turn, many times, perhaps with a stranger among them."""
    kinds = draw(st.lists(st.sampled_from(PIECES[:9] * 5 + PIECES), min_size=1, max_size=3))
    join = draw(st.sampled_from(JOINS[:7] * 2 + JOINS))
    count = draw(st.integers(5, 40))
    pieces = [kinds[k % len(kinds)].format(i=k % 17, j=(k + 1) % 17) for k in range(count)]
    if draw(st.booleans()):
        stranger = draw(st.sampled_from([*PIECES, "(x", ")", "", "1e999", "9**9**9", "é_1"]))
        pieces.insert(draw(st.integers(0, count)), stranger.format(i=3, j=4))
    text = join.join(pieces)
    return draw(st.sampled_from(["{}", "-({})", "f = {}; f*f", "y0 = 3\n{}", "g(({}))"])).format(
        text
    )


@pytest.fixture(autouse=True)
def looks_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short texts repeat too; and no more than a few pieces are taken at once."""
    monkeypatch.setattr(parser, "LONG", 8)
    monkeypatch.setattr(repeats, "LONG", 8)
    monkeypatch.setattr(repeats, "AT_ONCE", 60)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts())
def test_piece_by_piece_is_token_by_token(text: str) -> None:
    assert outcome(text) == token_by_token(text)
    options: dict[str, Any] = {"shapes": {"a": (40,)}, "parameters": {"x3": 2.0}}
    assert outcome(text, **options) == token_by_token(text, **options)


@pytest.mark.parametrize(
    ("piece", "join"),
    [
        ("100*(x{j} - x{i}**2)**2 + (1 - x{i})**2", " + "),
        ("x{i}", "*"),
        ("(3-2*x{i})*x{i} - 2*x{j} + 1", ", "),
        ("sin(x{i})/{i}", " - "),
        ("x{i}*x{j}", "\n"),
    ],
)
def test_what_programs_write_is_read_piece_by_piece(piece: str, join: str) -> None:
    text = join.join(piece.format(i=i, j=i + 1) for i in range(200))
    assert outcome(text) == token_by_token(text)
    assert characters_followed(text) > 0.9 * len(text)


def test_a_piece_that_differs_is_read_as_always_and_what_follows_repeats_again() -> None:
    terms = [f"sin(x{i})*{i}" for i in range(100)]
    terms[40] = "sin(x40)*40*y"
    assert outcome("+".join(terms)) == token_by_token("+".join(terms))


def test_an_array_among_the_names_ends_the_repetition() -> None:
    text = " + ".join(["x*2"] * 20 + ["a*2"] + ["x*3"] * 20)
    shapes = {"shapes": {"a": (3,)}}
    assert outcome(text, **shapes) == token_by_token(text, **shapes)


def test_an_error_far_inside_has_its_own_caret() -> None:
    text = "+".join(f"x{i}*{i}" for i in range(50)) + "+x50*1e999+" + "+".join(["x*1"] * 20)
    message, _, span = outcome(text)
    assert "larger than any double" in message
    assert text[span.start : span.end] == "1e999"


def test_nodes_are_numbered_as_the_text_says_them_also_where_pieces_share_some() -> None:
    text = "+".join(f"sin(x{i})*sin(x{i + 1})*x{i}**2/x{i + 1}**2" for i in range(50))
    assert outcome(text) == token_by_token(text)


def test_constants_of_every_piece_are_folded_and_an_overflow_is_told_where_it_is() -> None:
    terms = [f"x*(0.{i})**2*exp(-{i})" for i in range(1, 60)]
    assert outcome("+".join(terms)) == token_by_token("+".join(terms))
    terms[50] = "x*(1e300)**2*exp(-1)"
    message, _, span = outcome("+".join(terms))
    assert "overflows" in message
    assert "+".join(terms)[span.start : span.end] == "(1e300)**2"
