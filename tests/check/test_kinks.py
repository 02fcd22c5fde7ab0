"""Kinks are named in the user's words, and only those that the answer went through."""

from __future__ import annotations

import numpy as np
import pytest

import gradcalc
from gradcalc.check import kinks


def notes(text: str, **at: float) -> list[str]:
    program = gradcalc.compile(text)
    return [kink.note for kink in kinks(program, np.array([at[v] for v in program.variables]))]


def test_a_note_is_a_sentence() -> None:
    assert notes("abs(x1)+x1", x1=0) == [
        "abs(x1) has a kink at x1 = 0: slope 0 used (PyTorch's choice)"
    ]
    assert notes("clamp(x, 0, 1)", x=1) == [
        "clamp(x, 0, 1) has a kink at x = 0 or x = 1: slope 1 used (PyTorch's choice)"
    ]
    assert notes("3*max(x, y)", x=2, y=2) == [
        "max(x, y) has a kink at x = y: slopes 0.5 and 0.5 used (PyTorch's choice)"
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("abs(x)", "relu(x)", "sign(x)", "floor(x)", "ceil(x)", "round(x + 1/2)", "x % 1"),
        *("max(x, 0)", "min(x, 0)", "clamp(x, 0, 1)", "hypot(x, x)", "atan2(x, -1)"),
    ],
)
def test_where_there_is_a_kink(text: str) -> None:
    assert len(notes(text, x=0)) == 1
    assert notes(text, x=0.3) == []


def test_the_span_is_that_of_the_users_text() -> None:
    program = gradcalc.compile("1 + sin(abs(x - 2))")
    (kink,) = kinks(program, [2.0])
    assert program.graph.source.text[slice(*kink.span)] == kink.text == "abs(x - 2)"
    assert kink.condition == "x - 2 = 0"


@pytest.mark.parametrize(
    "text",
    [
        "where(x > 1, abs(x), x)",  # the branch is not taken
        "max(abs(x), 5)",  # the other operand is larger
        "floor(abs(x) + 1/3)",  # nothing flows through floor
        "where(abs(x) > 1, x, 2x)",  # a condition
        "x + abs(0)",  # depends on nothing
        "x",
    ],
)
def test_kinks_that_do_not_matter_are_not_mentioned(text: str) -> None:
    assert notes(text, x=0) == []
