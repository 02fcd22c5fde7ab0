"""The table: names, point, values and verdict are there, and no digit is lost at any width."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.render import render
from gradcalc.render.answer import Answer
from gradcalc.render.numbers import aligned, shown
from tests.render.sample import AGREED, ALL_KINDS, jacobian

finite = st.floats(allow_nan=False, allow_infinity=False)


def test_the_tutorials_jacobian() -> None:
    answer = replace(
        jacobian([[4, 3], [2, 6]], verdict=AGREED),
        point=np.array([2.0, 3.0]),
        value=np.array([13.0, 13.0]),
    )
    assert render(answer, "table") == (
        "Jacobian: ∂ row / ∂ column\n"
        "\n"
        "     value   x1   x2\n"
        "at            2    3\n"
        "────────────────────\n"
        "f1      13    4    3\n"
        "f2      13    2    6\n"
        "\n"
        "✓ sympy: 4 entries and 2 values agree, exact\n"
    )


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_number_and_name_is_there(kind: str) -> None:
    answer = ALL_KINDS[kind]
    words = re.split(r"\s+", render(answer, "table"))
    assert {*answer.variables, *answer.rows} <= set(words)
    assert {shown(x) for x in answer.matrix.flat} <= set(words)
    assert {shown(x) for x in answer.point} <= set(words)
    if answer.vector is not None:
        assert {shown(x) for x in answer.vector} <= set(words)


@given(
    st.integers(1, 9).flatmap(
        lambda n: st.lists(st.lists(finite, min_size=n, max_size=n), min_size=1, max_size=3)
    ),
    st.integers(20, 200),
)
def test_no_digit_is_lost_at_any_width(entries: list[list[float]], width: int) -> None:
    answer = jacobian(entries)
    text = render(answer, "table", width=width)
    words = re.split(r"\s+", text)
    for name, row in zip(answer.outputs, entries, strict=True):
        lines = [line.split() for line in text.split("\n") if line.startswith(f"{name} ")]
        numbers = [word for line in lines for word in line[1:]]
        assert numbers[1:] == [shown(x) for x in row]
    assert set(answer.variables) <= set(words)
    columns = [aligned([shown(x) for x in column]) for column in zip(*entries, strict=True)]
    widest = max(len(column[0]) for column in columns)  # decimal points stand below each other
    if widest + 20 <= width:
        assert max(map(len, text.split("\n"))) <= max(width, len("Jacobian: ∂ row / ∂ column"))


def test_a_pipe_gets_one_table_however_wide() -> None:
    entries = np.random.default_rng(0).normal(size=(30, 30))
    text = render(jacobian(entries), "table")
    assert text.count("at ") == 1
    assert max(map(len, text.split("\n"))) > 600


def test_blocks_are_labelled_and_hold_every_column_once() -> None:
    entries = np.random.default_rng(0).normal(size=(30, 30)) * 1000
    text = render(jacobian(entries), "table", width=80)
    labels = re.findall(r"^(x\d+) … (x\d+)$", text, re.MULTILINE)
    assert labels[0][0] == "x1"
    assert labels[-1][1] == "x30"
    ends = [int(last[1:]) for _, last in labels[:-1]]
    assert [int(first[1:]) for first, _ in labels[1:]] == [end + 1 for end in ends]
    assert max(map(len, text.split("\n"))) <= 80
    assert {shown(x) for x in entries.flat} <= set(text.split())


def test_thousands_of_rows_and_columns_show_their_corners_and_say_so() -> None:
    entries = np.arange(2000.0 * 1500).reshape(2000, 1500)
    text = render(jacobian(entries), "table")
    assert {"f1", "f2000", "x1", "x1500", "0", "2999999"} <= set(text.split())
    assert "1988 of 2000 rows are left out; --format csv has them all." in text
    assert "1488 of 1500 columns are left out; --format csv has them all." in text
    assert len(text.split("\n")) < 30


@pytest.mark.parametrize("shape", [(60, 60), (500, 2), (1, 500)])
def test_hundreds_are_shown_whole(shape: tuple[int, int]) -> None:
    text = render(jacobian(np.ones(shape)), "table")
    assert "left out" not in text
    assert f"f{shape[0]}" in text.split()
    assert f"x{shape[1]}" in text.split()


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_large_answer_of_every_kind_is_cut(kind: str) -> None:
    n = 600
    names = tuple(f"x{i}" for i in range(n))
    answer = ALL_KINDS[kind]
    many = {
        "gradient": np.ones(n), "vjp": np.ones(n), "jvp": np.ones(n), "hvp": np.ones(n),
        "hessian": np.ones((n, n)), "jacobian": np.ones((n, n)), "eval": None,
    }  # fmt: skip
    one_output = len(answer.outputs) == 1
    large = replace(
        answer,
        variables=names,
        outputs=("f1",) if one_output else tuple(f"f{i}" for i in range(n)),
        point=np.ones(n),
        value=np.ones(1 if one_output else n),
        entries=many[kind],
        vector=None if answer.vector is None else np.ones(n),
    )
    text = render(large, "table")
    assert "588 of 600 columns are left out" in text
    assert len(text.split("\n")) < 40


def test_digits_round_people_s_numbers_and_no_others() -> None:
    answer = jacobian([[1 / 3]])
    assert "0.333" in render(answer, "table", digits=3).split()
    assert "0.3333333333333333" in render(answer, "csv", digits=3).split()


def test_notes_stand_before_the_verdict_which_is_last() -> None:
    answer = jacobian([[1]], verdict=AGREED, notes=("abs(x1) has a kink",))
    assert render(answer, "table").endswith(f"\n\nnote: abs(x1) has a kink\n{AGREED.line}\n")


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_no_escapes_without_colour_and_some_with_it(kind: str) -> None:
    assert "\x1b" not in render(ALL_KINDS[kind], "table", width=80)
    colored = render(ALL_KINDS[kind], "table", width=80, color=True)
    assert "\x1b[1m" in colored
    assert (
        re.sub(r"\x1b\[[\d;]*m", "", colored).split()
        == render(ALL_KINDS[kind], "table", width=80).split()
    )


def test_markup_in_a_name_is_text() -> None:
    answer: Answer = replace(jacobian([[1, 2]]), variables=("[bold]", ":smile:"))
    assert "[bold]   :smile:" in render(answer, "table")


def test_wide_glyphs_are_measured() -> None:
    answer = replace(jacobian([[1, 2]]), variables=("温度", "θ"))
    lines = render(answer, "table").split("\n")
    assert lines[2] == "     value   温度   θ"
    assert lines[3] == "at              0   1"


def test_a_value_without_variables() -> None:
    answer = replace(
        ALL_KINDS["eval"], variables=(), point=np.array([]), at={}, outputs=("f1",),
        value=np.array([5.0]),
    )  # fmt: skip
    assert render(answer, "table") == "Value\n\n     value\nf1       5\n"
