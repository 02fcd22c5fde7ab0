"""Formulas are judged by the engine and by sympy; a wrong one is found, whatever is wrong."""

from __future__ import annotations

import pytest

from gradcalc.calculus.kinds import KINDS
from gradcalc.check.budget import Deadline
from gradcalc.check.identity import Identity, identify
from gradcalc.check.simpler import simplified
from gradcalc.formulas.derivative import derive
from gradcalc.formulas.writing import Notation
from gradcalc.language import parse


def judged(text: str, claimed: str, kind: str = "jacobian", *, sympy: bool = True) -> Identity:
    graph = parse(text)
    written = parse(claimed, bound=graph.variables)
    return identify(graph, KINDS[kind], written, [], Deadline(20), sympy=sympy)


def test_equal_formulas_are_proven_so() -> None:
    found = judged("x**2 + sin(x)*y", "2*x + y*cos(x); sin(x)")
    assert (found.passed, found.equal, found.points) == (True, 2, 32)
    assert found.line == "✓ sympy: 2 formulas equal; agree at 32 points"


def test_what_simplify_does_not_see_agrees_in_numbers() -> None:
    found = judged("gamma(x)", "gamma(x)*digamma(x + 1) - gamma(x)/x")
    assert found.passed
    assert found.points == 32


@pytest.mark.parametrize(
    "claimed",
    ["2*x + y*cos(x); cos(x)", "2*x - y*cos(x); sin(x)", "2*x + y*cos(x); 0", "2*x; sin(x)",
     "2.00001*x + y*cos(x); sin(x)", "2*x + y*cos(x); sin(y)"],
)  # fmt: skip
@pytest.mark.parametrize("sympy", [True, False])
def test_a_wrong_formula_is_found(claimed: str, sympy: bool) -> None:
    found = judged("x**2 + sin(x)*y", claimed, sympy=sympy)
    assert found.passed is False
    assert found.line.startswith("✗ formula ")


def test_a_function_that_is_nowhere_defined_is_not_said_to_be_checked() -> None:
    found = judged("log(-1 - x**2)", "2*x/(x**2 + 1)")
    assert found.passed is None
    assert found.line.startswith("not checked: ")


def test_sympy_shortens_what_local_rules_do_not_see() -> None:
    formulas = derive(parse("sin(x)**2 + cos(x)**2 + x*y"), KINDS["jacobian"])
    shorter = simplified(formulas, 20.0)
    assert shorter.spelled(Notation())[1] == ["y", "x"]


def test_without_time_formulas_stay_as_they_are() -> None:
    formulas = derive(parse("sin(x)**2 + exp(x)/x"), KINDS["jacobian"])
    assert simplified(formulas, 0.0).spelled(Notation()) == formulas.spelled(Notation())
