"""The mathematics: J C Jᵀ, the second order, draws, and the verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import gradcalc
from gradcalc.engine.program import Program
from gradcalc.errors import BindingError, UndefinedError
from gradcalc.functions.distributions import DISTRIBUTIONS
from gradcalc.uncertainty.inputs import Floats, Inputs, Shape
from gradcalc.uncertainty.linear import Linear, coverage_factor
from gradcalc.uncertainty.moments import Moments
from gradcalc.uncertainty.montecarlo import simulate
from gradcalc.uncertainty.propagation import Setting, propagate
from gradcalc.uncertainty.second import second


def inputs(
    program: Program,
    x: Floats | list[float],
    u: Floats | list[float],
    R: Floats | None = None,
    *,
    dof: list[float] | None = None,
    shapes: dict[str, Shape] | None = None,
    together: frozenset[int] = frozenset(),
) -> Inputs:
    names = program.variables
    n = len(names)
    return Inputs(
        names, np.array(x, float), np.array(u, float), np.eye(n) if R is None else R,
        np.array(dof or [math.inf] * n), tuple((shapes or {}).get(v, Shape()) for v in names),
        together,
    )  # fmt: skip


def linear(program: Program, given: Inputs) -> Linear:
    at = program.at(given.x)
    return Linear(given, at.value, at.jacobian())


def correlated(seed: int, n: int) -> Floats:
    root = np.random.default_rng(seed).normal(size=(n, n))
    C = root @ root.T
    found: Floats = C / np.sqrt(np.outer(np.diag(C), np.diag(C)))
    return found


seeds = st.integers(0, 10**6)


@given(seeds)
def test_the_covariance_is_J_C_Jt_and_the_budget_adds_up(seed: int) -> None:
    p = gradcalc.compile("x*y + sin(z), x/z, y")
    random = np.random.default_rng(seed)
    given = inputs(p, random.uniform(1, 2, 3), random.uniform(0, 0.1, 3), correlated(seed, 3))
    found = linear(p, given)
    J = p.jacobian(given.x)
    assert np.allclose(found.covariance, J @ given.covariance @ J.T, rtol=1e-12, atol=1e-18)
    for i in range(3):
        parts = found.shares(i).sum() + sum(pair.share for pair in found.pairs(i))
        assert parts == pytest.approx(1)
        assert found.u[i] ** 2 == pytest.approx(found.covariance[i, i])


@given(seeds)
def test_the_second_order_of_a_quadratic_is_exact(seed: int) -> None:
    """Against the moments of δᵀAδ + bδ for normal δ, by their own closed form."""
    random = np.random.default_rng(seed)
    a, b, c, d = random.normal(size=4).tolist()
    p = gradcalc.compile("a*x**2 + b*x*y + c*y + d", params={"a": a, "b": b, "c": c, "d": d})
    x, u, R = random.normal(size=2), random.uniform(0.1, 2, 2), correlated(seed, 2)
    found = second(p, linear(p, inputs(p, x, u, R)), 0)
    assert found is not None
    C = R * np.outer(u, u)
    A = np.array([[a, b / 2], [b / 2, 0.0]])
    g = 2 * A @ x + [0, c]
    assert found.settled
    assert found.shift == pytest.approx(np.trace(A @ C))
    assert found.u**2 == pytest.approx(g @ C @ g + 2 * np.trace(A @ C @ A @ C))


def test_third_derivatives_enter_as_jcgm_100_has_them() -> None:
    """Σ [½ f_ij² + f_i f_ijj] u_i² u_j² of exp(x)·y, by hand."""
    p = gradcalc.compile("exp(x)*y")
    x, y, s, r = 0.3, 1.7, 0.1, 0.2
    e = math.exp(x)
    f = {"x": e * y, "y": e, "xx": e * y, "xy": e, "xxx": e * y, "xxy": e}
    first = f["x"] ** 2 * s**2 + f["y"] ** 2 * r**2
    more = (f["xx"] ** 2 / 2 + f["x"] * f["xxx"]) * s**4
    more += 2 * f["xy"] ** 2 / 2 * s**2 * r**2  # f_yy is 0
    more += (f["x"] * 0 + f["y"] * f["xxy"]) * s**2 * r**2
    found = second(p, linear(p, inputs(p, [x, y], [s, r])), 0)
    assert found is not None
    assert found.u**2 == pytest.approx(first + more, rel=1e-14)
    assert found.shift == pytest.approx(f["xx"] * s**2 / 2, rel=1e-14)


@pytest.mark.parametrize("dof", [[4.0, 9.0], [2.5, math.inf], [math.inf, math.inf]])
def test_welch_and_satterthwaite(dof: list[float]) -> None:
    p = gradcalc.compile("3*x + 4*y")
    found = linear(p, inputs(p, [0, 0], [1, 2], dof=dof))
    wanted = 1 / (9**2 / dof[0] + 64**2 / dof[1]) * 73**2 if dof[0] < math.inf else math.inf
    assert found.dof(0).number == pytest.approx(wanted)
    k = found.factor(0, 0.95)
    assert k == pytest.approx(stats.t(math.floor(wanted)).ppf(0.975) if wanted < 1e9 else 1.959964)


def test_welch_and_satterthwaite_are_for_independent_inputs() -> None:
    p = gradcalc.compile("x + y")
    R = np.array([[1, 0.5], [0.5, 1]])
    said = linear(p, inputs(p, [0, 0], [1, 1], R, dof=[5, math.inf])).dof(0)
    assert said.number is None
    assert "x has 5 degrees of freedom and is correlated with y" in said.reason
    assert linear(p, inputs(p, [0, 0], [1, 1], R)).dof(0).number == math.inf
    rows = inputs(p, [0, 0], [1, 1], R, dof=[5, 5], together=frozenset({0, 1}))
    assert linear(p, rows).dof(0).number == pytest.approx(5)


@given(seeds, st.integers(2, 40), st.integers(1, 3))
def test_moments_are_merged_chunk_by_chunk(seed: int, rows: int, columns: int) -> None:
    data = np.random.default_rng(seed).normal(1e6, 1, size=(rows, columns))
    moments = Moments(columns)
    for part in np.array_split(data, 3):
        moments.add(part)
    assert np.allclose(moments.mean, data.mean(axis=0), rtol=1e-15)
    wanted = np.cov(data, rowvar=False).reshape(columns, columns)
    assert np.allclose(moments.covariance, wanted, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_each_distribution_is_drawn_as_its_row_says(name: str) -> None:
    row = DISTRIBUTIONS[name]
    more = (12.0,) * (len(row.takes) - 1)
    drawn = row.draw(np.random.default_rng(1), 200_000, more)
    u = row.ratio * (math.sqrt(12 / 10) if more else 1)
    assert np.mean(drawn) == pytest.approx(0, abs=4 * u / math.sqrt(2e5))
    assert np.std(drawn) == pytest.approx(u, rel=0.02)
    assert stats.kurtosis(drawn) == pytest.approx(row.kurtosis(more), abs=0.15)
    if row.bounded:
        assert abs(drawn).max() <= 1


def test_draws_of_correlated_inputs_have_their_covariance() -> None:
    p = gradcalc.compile("x, y, z")
    given = inputs(p, [1, 2, 3], [1, 2, 0.5], np.array([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1.0]]))
    found = simulate(p, given, 100_000, 3, 0.95)
    assert np.allclose(found.covariance, given.covariance, atol=0.06)
    again = simulate(p, given, 100_000, 3, 0.95)
    assert np.array_equal(again.intervals, found.intervals)
    assert not np.array_equal(simulate(p, given, 100_000, 4, 0.95).mean, found.mean)


def test_more_trials_than_the_pilot_have_the_quantiles_of_all() -> None:
    p = gradcalc.compile("x")
    found = simulate(p, inputs(p, [0], [1]), 400_000, 0, 0.95)
    assert found.trials == 400_000
    for end, wanted in zip(found.intervals[0], (-1.959964, 1.959964), strict=True):
        assert end == pytest.approx(wanted, abs=5 * found.errors[0].max())
    assert found.errors[0].max() == pytest.approx(0.0042, rel=0.25)  # √(p(1-p)/N)/φ(z)
    low, high = found.shortest[0]
    assert high - low <= found.intervals[0, 1] - found.intervals[0, 0]


def test_correlated_rectangles_are_not_drawn() -> None:
    p = gradcalc.compile("x + y")
    shapes = {"x": Shape(DISTRIBUTIONS["uniform"])}
    given = inputs(p, [0, 0], [1, 1], np.array([[1, 0.5], [0.5, 1]]), shapes=shapes)
    with pytest.raises(BindingError, match="x is uniform and correlated with y"):
        simulate(p, given, 1000, 0, 0.95)


def test_draws_without_a_value_are_told_of() -> None:
    p = gradcalc.compile("log(x)")
    found = simulate(p, inputs(p, [1], [0.35]), 10_000, 0, 0.95)
    assert 0 < found.undefined < 50
    assert "have no value and are left out" in found.remarks[0]
    with pytest.raises(UndefinedError, match="trials have no value"):
        simulate(p, inputs(p, [1], [1]), 10_000, 0, 0.95)


def stands(text: str, x: list[float], u: list[float], **setting: int) -> bool | None:
    p = gradcalc.compile(text)
    given = inputs(p, x, u)
    found = propagate(p, p.at(given.x), given, Setting(**setting))
    (verdict,) = found.verdicts
    return verdict.stands


@pytest.mark.parametrize("trials", [0, 200_000])
@pytest.mark.parametrize(
    ("text", "x", "u", "expected"),
    [
        ("3*x + 2*y", [1, 1], [0.1, 0.11], True),
        ("x*y", [100, 100], [0.12, 0.1], True),
        ("x**2 + y**2", [0, 0], [0.005, 0.005], False),
        ("abs(x)", [0.01], [0.1], False),  # a kink within the uncertainty
        ("where(x > 0.15, 5, x)", [0.0], [0.1], False),  # a step
        ("exp(x)", [0], [1], False),
        ("x/y", [1, 1], [0.1, 0.3], False),
    ],
)
def test_the_verdict_is_the_same_with_and_without_draws(
    text: str, x: list[float], u: list[float], expected: bool, trials: int
) -> None:
    assert stands(text, x, u, trials=trials) is expected


def test_too_few_draws_decide_nothing() -> None:
    assert stands("x", [0], [9.9], trials=1000) is None
    assert stands("x", [0], [9.9], trials=1000, digits=1) is True


def test_a_rectangle_that_outweighs_the_rest_is_seen_without_draws() -> None:
    p = gradcalc.compile("a+b+c+d")
    shapes = dict.fromkeys("abcd", Shape(DISTRIBUTIONS["uniform"]))
    given = inputs(p, [0] * 4, [1, 1, 1, 10], shapes=shapes)
    found = propagate(p, p.at(given.x), given, Setting())
    assert found.verdicts[0].stands is False


def test_no_linear_zero_is_passed_off_as_an_uncertainty() -> None:
    p = gradcalc.compile("x**2 + y**2")
    given = inputs(p, [0, 0], [0.005, 0.005])
    best = propagate(p, p.at(given.x), given, Setting()).best(0)
    assert best is not None
    assert (best.value, best.u) == (pytest.approx(5e-5), pytest.approx(5e-5))


def test_coverage_factors_are_those_of_the_tables() -> None:
    """JCGM 100, Table G.2."""
    for level, dof, k in ((0.95, 1, 12.71), (0.95, 10, 2.23), (0.99, 16, 2.92), (0.95, 50, 2.01)):
        assert coverage_factor(level, dof) == pytest.approx(k, abs=0.005)
    assert coverage_factor(0.95, 16.9) == coverage_factor(0.95, 16)
