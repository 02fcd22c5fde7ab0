"""vᵀ·J as a product."""

from __future__ import annotations

import pytest

from gradcalc.render.product import product
from tests.cli.shell import Shell, shell


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return shell(capsys, monkeypatch)


def test_columns_stand_below_each_other() -> None:
    assert product([1, 2.5], [[1, -20], [3, 0.5]], [8.5, -18.75]) == [
        "vᵀ·J = [1  2.5] · [1  -20] = [8.5  -18.75]",
        "                  [3  0.5]",
    ]


def test_there_is_none_for_one_output_or_beyond_the_screen() -> None:
    assert product([1], [[2, 3]], [2, 3]) == []
    assert product([1, 1], [[0.1] * 20] * 2, [0.2] * 20) == []


@pytest.mark.parametrize("words", [
    ["vjp", "--v", "1,1"], ["backward", "--gradient", "1,1"], ["explain", "--v", "1,1"],
])  # fmt: skip
def test_it_stands_where_a_product_with_v_is_the_answer(run: Shell, words: list[str]) -> None:
    command, *rest = words
    text = run(command, "x1**2+3*x2, x2**2+2*x1", "--at", "2,3", *rest).out
    assert "vᵀ·J = [1  1] · [4  3] = [6  9]" in text
    machine = run(command, "x1**2+3*x2, x2**2+2*x1", "--at", "2,3", *rest, "-f", "json").out
    assert "vᵀ·J" not in machine


def test_an_explanation_ends_with_the_sum_and_its_slopes(run: Shell) -> None:
    text = run("explain", "x1**2+3*x2, x2**2+2*x1", "--at", "2,3", "--v", "1,-2").out
    assert "Σ = f1 - 2·f2 = -13" in text
    assert "dΣ/dx1 = 2·x1 - 4 = 0" in text
