"""No hint can be printed that fails when it is typed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.errors import ExpressionError
from gradcalc.language import parse
from tests.language.test_errors import MALFORMED, PIECES, damaged
from tests.language.test_foreign import spelled


def refusal(text: str, **options: Any) -> ExpressionError | None:
    try:
        parse(text, **options)
    except ExpressionError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("x y", ["x*y", "x, y"]),
        ("x y + z w", ["x*y + z*w", "x, y + z*w"]),
        ("sin x", ["sin(x)"]),
        ("x 2", ["x*2", "x**2"]),
        ("2 3", ["2, 3"]),
        ("2 x", ["2*x", "2, x"]),
        ("x(y+1)", ["x*(y+1)"]),
        ("sine(x)", ["sin(x)"]),
        ("ｓin(x)", ["sin(x)"]),
        ("1/2x", ["1/(2*x)", "(1/2)*x"]),
        ("y + 1/2sin(x)*z", ["y + 1/(2*sin(x))*z", "y + (1/2)*sin(x)*z"]),
        ("1/2(x+1)", ["1/(2*(x+1))", "(1/2)*(x+1)"]),
        ("2^3x", ["2^(3*x)", "(2^3)*x"]),
        ("1/(x+1)(x-1)", ["1/((x+1)*(x-1))", "(1/(x+1))*(x-1)"]),
        ("sin^-1(x)", ["asin(x)", "1/sin(x)"]),
        ("LOG(x)", ["log(x)", "log10(x)"]),
        ("(x", ["(x)"]),
        ("sin(x1 + [x2", ["sin(x1 + [x2])"]),
        ("x)", ["x"]),
        ("(x]", ["(x)"]),
        ("y <- x^2", ["y = x^2", "y < -x^2"]),
        ("sin 2x + ln x", ["sin(2*x) + ln(x)"]),
        ("sin^2 x", ["sin(x)^2"]),
        ("sin√x", ["sin(√x)"]),
        ("x mod 2", ["x % 2"]),
        ("v = [x, y]; v(2)^2", ["v = [x, y]; v[1]^2"]),
        ("x div 2", ["floor(x/2)"]),
        ("if x>0 then x else -x", ["where(x>0, x, -x)"]),
        ("if (x > 0) x else -x", ["where(x>0, x, -x)"]),
        ("2.5f*x", ["2.5*x", "2.5*f*x"]),
        ("eᵏˣ", ["e^(k*x)"]),
        ("1 // 2*x", ["floor(1/2)*x", "(1/2)*x"]),
        ("Log[b, x]", ["log(x)/log(b)"]),
        ("|[x, y]|", ["norm([x, y])", "abs([x, y])"]),
        ("√x²", ["sqrt(x)²", "sqrt(x²)"]),
        ("√2x", ["sqrt(2*x)", "sqrt(2)*x"]),
        ("x.^2 .^3", ["(x^2)^3", "x^(2^3)"]),
        ("=-A1^2", ["(-A1)^2", "-(A1^2)"]),
    ],
)  # fmt: skip
def test_a_hint_typed_in_is_what_was_meant(text: str, meant: list[str]) -> None:
    error = refusal(text)
    assert error is not None
    assert error.hint
    assert [spelled(parse(one)) for one in error.corrections] == [spelled(parse(m)) for m in meant]


@pytest.mark.parametrize("text", [row[0] for row in MALFORMED if len(row[0]) < 1000])
def test_what_is_suggested_for_a_malformed_text_can_be_read(text: str) -> None:
    error = refusal(text)
    assert error is not None
    for correction in error.corrections:
        assert parse(correction).outputs
    assert bool(error.corrections) == bool(error.fixes and error.hint)


@settings(max_examples=300)
@given(
    st.one_of(st.lists(PIECES, max_size=8).map("".join), damaged()),
    st.sampled_from([{}, {"shapes": {"a": (2,)}}, {"parameters": {"k": [1.0, 2.0]}}]),
)
def test_whatever_is_suggested_can_be_read(text: str, options: dict[str, Any]) -> None:
    error = refusal(text, **options)
    for correction in error.corrections if error else ():
        assert len(parse(correction, **options).outputs) > 0


def test_a_hint_that_cannot_be_read_is_not_given() -> None:
    error = refusal("x y + sin(*)")
    assert error is not None
    assert error.hint == ""


def test_a_long_text_is_not_read_again_for_its_hint() -> None:
    error = refusal("+".join(["x"] * 20_000) + " y")
    assert error is not None
    assert error.hint
    assert error.corrections == ()
