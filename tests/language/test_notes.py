"""A text that may be meant otherwise is read as the language has it, and a note says how."""

from __future__ import annotations

import pytest

import gradcalc
from gradcalc.errors import BindingError, ExpressionError
from gradcalc.functions.primitives import FUNCTIONS
from gradcalc.language import parse
from gradcalc.language.points import read
from gradcalc.language.problem import pose


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sinx", "sinx is read as one variable; write sin(x) if that is meant"),
        ("cosx + siny", "cosx, siny are read as one variable each; write cos(x), sin(y)"),
        ("expx1*y", "expx1 is read as one variable; write exp(x1)"),
        ("sin(2πx)", "πx is read as one variable; write π*x"),
        ("cos2t + t", "cos2t is read as one variable; write cos(2*t)"),
        ("sqrtk + k", "sqrtk is read as one variable; write sqrt(k)"),
        ("x*y + xy", "xy is read as one variable; write x*y"),
        ("inf*x", "inf is a variable here"),
        ("NaN + Infinity", "NaN, Infinity are variables here"),
        ("3,5*x", "3,5 are two expressions; for a decimal number write 3.5"),
        ("x, 2,5", "2,5 are two expressions"),
        ("x*1,5", "1,5 are two expressions; for a decimal number write 1.5"),
        ("2e*x", "2e is read as 2*e; a number in powers of ten is 2e0"),
        ("1e +5*x", "1e is read as 1*e"),
        ("1e−5*x", "1e is read as 1*e"),
        ("1.000(2)*x", "1.000(…) is read as 1.000*(…)"),
        ("x\n+ y", "line 2 begins with '+' and continues the one above"),
        ("EXP(x)", "EXP(…) is read as exp(…)"),
    ],
)  # fmt: skip
def test_what_may_be_meant_otherwise_is_told_of(text: str, said: str) -> None:
    (note,) = parse(text).notes
    assert note.startswith(said)
    assert gradcalc.compile(text).notes == (note,)


@pytest.mark.parametrize(
    "text",
    ["sin(x)*cost", "logs + signs", "gamma*x + beta", "xy", "3, 5*x", "x**2,2*x", "2e0*x", "pin",
     "sin*cos", "information*x", "e*x", "3(2)*x", "r = x; s = r\n", *FUNCTIONS],
)  # fmt: skip
def test_what_is_plain_is_not_told_of(text: str) -> None:
    assert parse(text).notes == []


def test_names_that_somebody_gave_values_to_are_meant() -> None:
    assert parse("sinx + inf", bound=["sinx", "inf"]).notes == []
    assert parse("sinx*y", parameters={"sinx": 2.0}).notes == []


def test_letters_that_were_meant_as_a_product() -> None:
    with pytest.raises(BindingError) as caught:
        pose("xy", at=read("2,3", "--at"))
    assert caught.value.hint == "xy is one variable; as a product write x*y"


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("sinx", "x=2", "sinx is read as one variable; write sin(x)"),
        ("ax^2 + bx", "a=1,b=2,x=3", "ax, bx are read as one variable each; write a*x, b*x"),
        ("E*x", "x=1", "E is a variable; the constant is e"),
    ],
)
def test_a_value_for_a_part_of_a_name_is_told_of_it(text: str, at: str, said: str) -> None:
    with pytest.raises(BindingError) as caught:
        pose(text, at=read(at, "--at"))
    assert said in caught.value.hint


def test_an_argument_too_many_may_be_a_decimal_comma() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("y + sin(0,5*x)")
    assert caught.value.hint == "a decimal comma? write sin(0.5*x)"
    with pytest.raises(BindingError) as caught:
        pose("x1", at=read("2,3", "--at"))
    assert caught.value.hint == "a decimal comma? write --at 2.3"
