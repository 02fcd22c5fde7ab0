"""``grad --order N``: derivatives of high order."""

from __future__ import annotations

import json
import math

import mpmath
import pytest

import gradcalc as package
from gradcalc.calculus import gradients
from gradcalc.check import orders
from gradcalc.errors import Exit
from tests.cli.shell import Shell


@pytest.mark.parametrize(
    ("text", "x", "order", "true"),
    [
        ("log(1+x)", 0.3, 6, -120 / mpmath.mpf(1.3) ** 6),
        ("x^3", 2, 3, 6),
        ("x^3", 2, 4, 0),
        ("sin(x)", 1, 9, mpmath.cos(1)),
        ("exp(x)/x", 1.5, 5, mpmath.diff(lambda x: mpmath.exp(x) / x, 1.5, 5)),
        ("atan(x)", 0.5, 8, mpmath.diff(mpmath.atan, 0.5, 8)),
        ("gamma(x)", 2.5, 5, mpmath.diff(mpmath.gamma, 2.5, 5)),
    ],
)
def test_the_derivative_of_an_order(
    gradcalc: Shell, text: str, x: float, order: int, true: float
) -> None:
    ran = gradcalc("grad", text, "--order", str(order), "--at", str(x), "-f", "json")
    answer = json.loads(ran.out)
    assert ran.code == Exit.DONE
    assert answer["gradient"][0] == pytest.approx(float(true), rel=1e-13, abs=0)
    assert answer["outputs"] == [f"f1⁽{'⁰¹²³⁴⁵⁶⁷⁸⁹'[order - 1]}⁾"]
    assert (
        f"the power series has it as its coefficient of order {order}" in answer["check"]["reason"]
    )


def test_formulas_of_an_order(gradcalc: Shell) -> None:
    ran = gradcalc("grad", "log(1+x)", "--order", "3", "-f", "plain")
    assert (ran.code, ran.out.strip()) == (Exit.DONE, "2/(x + 1)**3")


def test_where_the_series_has_another_number_nothing_is_agreed(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "by_series", lambda *_: False)
    ran = gradcalc("grad", "exp(2*x)", "--order", "3", "--at", "1")
    assert (ran.code, "the power series has another number" in ran.out) == (Exit.UNDECIDED, True)


def test_the_series_knows_a_wrong_number() -> None:
    graph = package.compile("exp(2*x)").graph
    right = 2**7 * math.e**2
    assert orders.by_series(graph, 1.0, 7, right, right, 5.0) is True
    assert orders.by_series(graph, 1.0, 7, right * (1 + 1e-11), right, 5.0) is False


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("x*y", "1,2", "--order is of one variable"),
        ("x, x^2", "1", "is of one output"),
        ("tanh(x)*sin(x)/(1+x^4)", "1", "and the most is 500"),
    ],
)
def test_what_has_no_order(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch, text: str, at: str, said: str
) -> None:
    monkeypatch.setattr(gradients, "MOST_RAISED", 500)
    ran = gradcalc("grad", text, "--order", "20", "--at", at)
    assert ran.code == Exit.INPUT
    assert said in ran.err
