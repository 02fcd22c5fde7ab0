"""Numbers as text: nothing is lost for a machine, nor by default for a person."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.render.numbers import aligned, exact, latex, shown


def same(x: float, y: float) -> bool:
    return math.copysign(1, x) == math.copysign(1, y) and (x == y or (x != x and y != y))


@given(st.floats())
def test_exact_text_reads_back_as_the_same_float(x: float) -> None:
    assert same(float(exact(x)), x) or math.isnan(x)


@given(st.floats())
def test_all_digits_are_shown_by_default(x: float) -> None:
    assert float(shown(x)) == x or math.isnan(x)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 17))
def test_digits_are_at_most_as_many_as_asked_for(x: float, digits: int) -> None:
    mantissa = shown(x, digits).partition("e")[0]
    significant = mantissa.lstrip("-0.").replace(".", "")
    assert len(significant.rstrip("0") or "0") <= digits
    text, true = Decimal(shown(x, digits)), Decimal(x)
    half = Decimal(5).scaleb(true.adjusted() - digits)
    assert float(text) == x or abs(text - true) <= half


@pytest.mark.parametrize(
    ("x", "machine", "person"),
    [
        (4.0, "4", "4"),
        (-0.0, "-0", "0"),
        (0.1, "0.1", "0.1"),
        (1e16, "1e+16", "1e16"),
        (1e-7, "1e-07", "1e-7"),
        (math.nan, "nan", "nan"),
        (-math.inf, "-inf", "-inf"),
    ],
)
def test_spelling(x: float, machine: str, person: str) -> None:
    assert (exact(x), shown(x)) == (machine, person)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (1.5e-17, r"1.5 \times 10^{-17}"),
        (1e20, "10^{20}"),
        (-1e20, "-10^{20}"),
        (-math.inf, r"-\infty"),
        (math.nan, r"\mathrm{NaN}"),
        (2.5, "2.5"),
    ],
)
def test_latex(x: float, text: str) -> None:
    assert latex(x) == text


def test_decimal_points_stand_below_each_other() -> None:
    assert aligned(["4", "-12.5", "", "1e-17", "nan"]) == [
        "  4    ", "-12.5  ", "       ", "  1e-17", "nan    ",
    ]  # fmt: skip
