"""Deep and narrow graphs: Python floats, and the same numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given

import gradcalc
from gradcalc.engine import narrow, reverse, sweeps
from gradcalc.engine.grouped import Sweeps
from tests.expressions import Case, cases


@given(cases())
def test_one_node_at_a_time_gives_what_the_groups_give(case: Case) -> None:
    p, x = case.program(), case.point()
    line = narrow.Narrow(p.graph).at(np.array(x, float))
    assert isinstance(line, narrow.Line)
    np.testing.assert_allclose(line.value, p(x), rtol=1e-12, atol=1e-12)
    v = np.linspace(1, 2, len(p.outputs))
    grouped = sweeps.linearize(p.schedule, sweeps.forward(p.schedule, x))
    expected = reverse.way_back(p.schedule).pullback(grouped, v)
    scale = p.at(x).scale("vjp", v)
    result = line._by_nodes(v[None])
    assume(result is not None)  # else it is left to the careful sweeps
    assert result is not None
    assert (np.abs(result[0] - expected) <= 1e-13 * scale + 1e-200).all()


def test_a_tower_is_narrow_and_a_wide_sum_is_not() -> None:
    assert narrow.is_narrow(gradcalc.compile("sin(" * 100 + "x" + ")" * 100).graph)
    wide = "+".join(f"sin(x{i})*x{i + 1}" for i in range(2000))
    assert not narrow.is_narrow(gradcalc.compile(wide).graph)


def test_the_slope_of_a_tower_is_the_product_of_its_slopes() -> None:
    depth = 20_000
    p = gradcalc.compile("sin(" * depth + "x" + ")" * depth)
    value, slope = 1.0, 1.0
    for _ in range(depth):
        slope *= math.cos(value)
        value = math.sin(value)
    assert p([1.0])[0] == pytest.approx(value, rel=1e-12)
    assert p.gradient([1.0])[0] == pytest.approx(slope, rel=1e-9)


@pytest.mark.parametrize(
    ("tower", "x"), [("log(", 1.0), ("sqrt(", -1.0), ("exp(", 3.0), ("acosh(", 1.5)]
)
def test_what_python_refuses_is_numpys_inf_or_nan(tower: str, x: float) -> None:
    p = gradcalc.compile(tower * 70 + "x" + ")" * 70)
    grouped = sweeps.forward(p.schedule, np.array([x]))[p.schedule.outputs]
    np.testing.assert_array_equal(p([x]), grouped)
    assert not np.isfinite(p.gradient([x])).any()


def test_a_zero_times_an_infinite_slope_is_not_a_zero() -> None:
    tower = "sin(" * 80 + "x1*sqrt(x2)" + ")" * 80
    np.testing.assert_array_equal(gradcalc.compile(tower).gradient([0.0, 0.0]), [0.0, np.nan])


def test_a_narrow_program_answers_all_questions_without_a_schedule() -> None:
    narrow = gradcalc.compile("sin(" * 80 + "x1*x2 - 3*x1" + ")" * 80 + ", x2")
    x = [0.5, 0.7]
    at = narrow.at(x)
    jacobian, values, scale = at.jacobian(), at.values, at.scale("jacobian")
    assert "schedule" not in vars(narrow._grouped)
    careful = Sweeps(narrow._grouped, np.array(x))
    np.testing.assert_allclose(careful.jacobian("reverse"), jacobian, rtol=1e-12)
    expected = careful.magnitudes().jacobian("reverse")
    np.testing.assert_allclose(scale, expected, rtol=1e-12)
    place = narrow.schedule.place
    assert np.isnan(values[place < 0]).all() or (place >= 0).all()
