"""How far off a run with so many digits is, and what it cannot know."""

from __future__ import annotations

import pytest

from gradcalc.check.budget import Deadline
from gradcalc.check.digits.errors import Errors, errors
from gradcalc.functions.digits import context, exclusive
from gradcalc.graph.exact import leaves, rerun
from gradcalc.language import parse


def estimated(text: str, x: float, digits: int) -> tuple[Errors, float]:
    """What is known of a text's nodes, and the estimate for its value."""
    graph, patient = parse(text), Deadline(60)
    with exclusive(), context().workdps(digits):
        values = leaves(graph, [x])
        rerun(graph, [n for n in range(len(graph)) if n not in values], values, patient)
        found = errors(graph, values, digits, patient)
        return found, float(found.sizes[graph.outputs[0]])


@pytest.mark.parametrize(
    ("text", "x", "few", "many"),
    [
        ("(1 + x) - 1", 1e-100, 40, 160),
        ("log(1 + x**2)", 1e-100, 160, 320),
        ("1 - tanh(x)", 200, 160, 320),
        ("exp(x)*exp(-x) - 1/(1 + x)", 1e-30, 40, 80),
    ],
)
def test_more_digits_find_what_was_lost(text: str, x: float, few: int, many: int) -> None:
    assert not estimated(text, x, few)[0].all_known
    assert estimated(text, x, many)[0].all_known


@pytest.mark.parametrize(
    ("text", "x", "few", "many"),
    [("1 + x", 1e-100, 80, 160), ("tanh(x)", 300, 160, 320), ("cos(x)", 1e-60, 80, 160)],
)
def test_a_value_may_be_known_and_hide_what_it_is_made_of(
    text: str, x: float, few: int, many: int
) -> None:
    found, size = estimated(text, x, few)
    assert size < 10.0**-few * 10
    assert found.hiding
    assert not found.lost
    assert estimated(text, x, many)[0].all_known


@pytest.mark.parametrize("text", ["polygamma(2, x)", "besselj(1, x)", "x*0", "max(x, 1)", "x**1"])
def test_what_has_no_say_is_not_hidden(text: str) -> None:
    assert not estimated(text, 2.5, 40)[0].hiding


@pytest.mark.parametrize("digits", [40, 640])
def test_a_step_and_a_kink_are_never_known_beside_rounded_numbers(digits: int) -> None:
    assert estimated("floor(sqrt(x)**2)", 3, digits)[0].stepping
    assert estimated("where(cbrt(x)**3 >= x, x, 0)", 5, digits)[0].stepping
    assert estimated("abs(sqrt(x)**2 - x)", 3, digits)[0].bending


@pytest.mark.parametrize("text", ["2*x - 4", "sqrt(x*8) - x**2", "where(x >= 2, x, 0)"])
def test_exact_numbers_have_no_error(text: str) -> None:
    found, size = estimated(text, 2, 40)
    assert found.all_known
    assert size == 0
