"""The way back: what shares a cotangent, and the same numbers as the careful sweep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given

import gradcalc
from gradcalc.engine import sweeps
from gradcalc.engine.reverse import WayBack, way_back
from gradcalc.functions.primitives import TABLE
from tests.expressions import Case, cases


def back(text: str) -> WayBack:
    return way_back(gradcalc.compile(text).schedule)


@given(cases())
def test_the_quick_sweep_gives_what_the_careful_one_gives(case: Case) -> None:
    p, x = case.program(), case.point()
    v = np.linspace(1, 2, len(p.outputs))
    partials = sweeps.linearize(p.schedule, sweeps.forward(p.schedule, x))
    with np.errstate(all="ignore"):
        careful = sweeps.careful_pullback(p.schedule, partials, v)
    assume(np.isfinite(careful).all())
    quick = way_back(p.schedule).pullback(partials, v)
    assert (np.abs(quick - careful) <= 1e-13 * p.at(x).scale("vjp", v) + 1e-200).all()


@given(cases())
def test_many_seeds_are_as_many_sweeps(case: Case) -> None:
    p, x = case.program(), case.point()
    partials = sweeps.linearize(p.schedule, sweeps.forward(p.schedule, x))
    seeds = np.array([[1.0, -0.5, 3.0]] * len(p.outputs))
    sweep = way_back(p.schedule).pullback
    together = sweep(sweeps.across_seeds(partials), seeds)
    for k in range(3):
        alone = sweep(partials, seeds[:, k])
        np.testing.assert_allclose(together[:, k], alone, rtol=1e-12, atol=1e-12)


def test_the_terms_of_a_long_sum_have_one_cotangent_and_no_sums_are_walked() -> None:
    names = [f"x{i}" for i in range(1000)]
    steps = back("+".join(f"sin({name})" for name in names)).steps
    assert len(steps) == 1
    assert isinstance(steps[0].cotangents.where, int)


def test_what_is_used_twice_does_not_share_its_cotangent() -> None:
    p = gradcalc.compile("(x + y) + x, x*y + x")
    np.testing.assert_array_equal(p.jacobian([2, 3], "reverse"), [[2, 1], [4, 2]])
    np.testing.assert_array_equal(gradcalc.compile("x + x").gradient([1]), [2])


def test_an_output_inside_another_output_keeps_a_cotangent_of_its_own() -> None:
    p = gradcalc.compile("a = x*y\na, a + z")
    np.testing.assert_array_equal(p.vjp([2, 3, 5], [10, 1]), [33, 22, 1])


def test_nothing_that_flows_through_a_minus_sign_is_a_plain_zero() -> None:
    jacobian = gradcalc.compile("-a*b, b").jacobian([2, 3], "reverse")
    assert not np.signbit(jacobian[1]).any()


def test_a_sum_without_a_value_has_no_slope() -> None:
    p = gradcalc.compile("exp(x) - exp(y)")
    assert np.isnan(p([800, 800])).all()
    assert np.isnan(gradcalc.compile("x + y").gradient([np.inf, -np.inf])).all()


def test_an_undefined_branch_that_is_not_taken_is_seen_and_does_no_harm() -> None:
    p = gradcalc.compile("where(x > 0, log(x), -x) + y")
    np.testing.assert_array_equal(p.gradient([-2, 1]), [-1, 1])


@pytest.mark.parametrize("primitive", [row for row in TABLE if row.arity], ids=repr)
def test_a_nan_gets_lost_only_where_it_is_looked_for(primitive: object) -> None:
    lost = {"eq", "ne", "lt", "le", "gt", "ge", "where", "pow", "hypot", "and", "or", "not"}
    row = TABLE[primitive.code]  # type: ignore[attr-defined]
    name = row.name.removeprefix("jax_").removeprefix("torch_")
    assert row.carries_nan or row.boolean or row.selects or name in lost
