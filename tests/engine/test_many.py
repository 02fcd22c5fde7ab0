"""Many points at once are the same as one after another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

import gradcalc
from gradcalc.engine import many
from gradcalc.functions.sines import LONG
from tests.expressions import Case, cases

MANY, MANY_PRODUCTS = 71, 1024


@settings(max_examples=40)
@given(cases())
def test_straight_line_code_and_sweeps_agree_at_every_point(case: Case) -> None:
    p, x = case.program(), case.point()
    points = x * (1 + 1e-3 * np.linspace(-1, 1, MANY))[:, None]
    scale = np.array([p.at(point).scale("jacobian") for point in points])
    one_by_one = np.array([p.jacobian(point) for point in points])
    together = p.jacobian(points)
    assert together.shape == one_by_one.shape
    assert (np.abs(together - one_by_one) <= 1e-12 * scale + 1e-200).all()
    np.testing.assert_allclose(p(points), [p(point) for point in points], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "log(x)",
        "where(x > 0, sqrt(x), 0)",
        "where(x > 0, log(x), y)",
        "x**2, sqrt(y)",
        "x*sqrt(x)",
        "atanh(x)",
        "1/x, y",
        "max(x, sqrt(y))",
    ],
)
def test_where_something_is_not_finite_the_careful_sweeps_decide(text: str) -> None:
    p = gradcalc.compile(text)
    points = np.repeat(np.linspace(-2, 2, MANY)[:, None], len(p.variables), axis=1)
    one_by_one = np.array([p.jacobian(point) for point in points])
    np.testing.assert_array_equal(p.jacobian(points), one_by_one)


@pytest.mark.parametrize(
    "text", ["x + y", "x/2 + y", "x + 1/y", "x*y", "exp(-1/x)*y", "1/(1/x) + y"]
)
@pytest.mark.parametrize("number", [np.nan, np.inf, 0.0])
def test_an_undefined_value_among_many_has_no_finite_slope(text: str, number: float) -> None:
    p = gradcalc.compile(text)
    points = np.ones((MANY, 2))
    points[3, 0], points[5, 1] = number, number
    one_by_one = np.array([p.jacobian(point) for point in points])
    np.testing.assert_array_equal(p.jacobian(points), one_by_one)


SOME = slice(None, None, MANY_PRODUCTS // 40)
"""Points that are looked at, of the very many that products take before they run as such code."""


@settings(max_examples=15)
@given(cases())
def test_products_agree_at_every_point(case: Case) -> None:
    p, x = case.program(), case.point()
    rng = np.random.default_rng(0)
    points = x * (1 + 1e-3 * np.linspace(-1, 1, MANY_PRODUCTS))[:, None]
    v = rng.normal(size=(MANY_PRODUCTS, len(p.outputs)))
    u = rng.normal(size=(MANY_PRODUCTS, len(p.variables)))
    scale = np.array([p.at(point).scale("jacobian") for point in points[SOME]])
    rows = list(map(p.vjp, points[SOME], v[SOME]))
    room = 1e-12 * np.einsum("ki,kij->kj", np.abs(v[SOME]), scale) + 1e-200
    assert (np.abs(p.vjp(points, v)[SOME] - rows) <= room).all()
    columns = list(map(p.jvp, points[SOME], u[SOME]))
    room = 1e-12 * np.einsum("kj,kij->ki", np.abs(u[SOME]), scale) + 1e-200
    assert (np.abs(p.jvp(points, u)[SOME] - columns) <= room).all()


def test_products_are_careful_where_something_is_not_finite() -> None:
    p = gradcalc.compile("x*y, sqrt(y), log(x)")
    points = np.ones((MANY_PRODUCTS, 2))
    points[3], points[4], points[5] = (1, 0), (-1, 1), (np.nan, 1)
    v = np.tile([1.0, 0.0, 0.0], (MANY_PRODUCTS, 1))
    v[6], v[7, 1] = (0, 0, 1), np.nan
    u = np.tile([1.0, 0.0], (MANY_PRODUCTS, 1))
    np.testing.assert_array_equal(p.vjp(points, v)[:9], list(map(p.vjp, points[:9], v)))
    np.testing.assert_array_equal(p.jvp(points, u)[:9], list(map(p.jvp, points[:9], u)))


def test_second_derivatives_agree_at_every_point() -> None:
    p = gradcalc.compile("x*y + sin(x*y*z) + exp(z)*x**2/y + max(x, z)**3")
    points = np.random.default_rng(1).normal(size=(MANY_PRODUCTS, 3))
    u = np.random.default_rng(2).normal(size=(MANY_PRODUCTS, 3))
    some = list(map(p.hessian, points[SOME]))
    np.testing.assert_allclose(p.hessian(points)[SOME], some, rtol=1e-11)
    some = list(map(p.hvp, points[SOME], u[SOME]))
    np.testing.assert_allclose(p.hvp(points, u)[SOME], some, rtol=1e-10)


def test_an_output_may_be_an_input_a_constant_or_another_output() -> None:
    p = gradcalc.compile("x, x, 3, x*y, x*y, 2*x*y, pi")
    points = np.random.default_rng(1).normal(size=(MANY, 2))
    np.testing.assert_array_equal(p(points), [p(point) for point in points])
    np.testing.assert_array_equal(p.jacobian(points), [p.jacobian(point) for point in points])


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_number_of_threads_and_a_last_odd_chunk_make_no_difference(threads: int) -> None:
    code = many.straighten(gradcalc.compile("sin(x)*y, exp(-y)*x").graph)
    points = np.random.default_rng(2).normal(size=(4 * code.most + 5, 2))
    results, suspects = many.run(code, points, threads)
    x, y = points.T
    np.testing.assert_allclose(results, np.stack([np.sin(x) * y, np.exp(-y) * x], 1), rtol=1e-14)
    np.testing.assert_array_equal(results, many.run(code, points, 1)[0])
    assert not len(suspects)


@pytest.mark.parametrize("count", [MANY, 3 * LONG])
def test_sine_and_cosine_of_one_angle_are_those_of_each_alone(count: int) -> None:
    p = gradcalc.compile("sin(x), cos(x), sin(x)*cos(y), y*cos(x), x*sin(y)")
    points = np.random.default_rng(3).normal(scale=5, size=(count, 2))
    points[::7] = 0
    (x, y), (s, t), (c, d) = points.T, np.sin(points.T), np.cos(points.T)
    values = np.stack([s, c, s * d, y * c, x * t], axis=1)
    np.testing.assert_allclose(p(points), values, rtol=2e-15)
    slopes = [c, 0 * x, -s, 0 * x, c * d, -s * t, -y * s, c, t, x * d]
    expected = np.stack(slopes, axis=1).reshape(-1, 5, 2)
    np.testing.assert_allclose(p.jacobian(points), expected, rtol=2e-15)


def test_lines_are_used_again_however_long_the_code() -> None:
    text = "y0 = x; " + "; ".join(f"y{i + 1} = sin(y{i})" for i in range(200))
    assert many.straighten(gradcalc.compile(text).graph).lines <= 4


def test_slopes_that_are_the_same_everywhere_are_not_computed() -> None:
    p = gradcalc.compile("x1**2+3*x2, x2**2+2*x1")
    code = many.Many(p.graph, p._grouped).jacobian
    same = [code.constants[place - code.lines] for place in code.results if place >= code.lines]
    assert sorted(same) == [2.0, 3.0]
    names = [step[0].__name__ for step in code.steps]
    assert names == ["multiply", "reduce"] * 2  # the sum tells whether all is finite
    assert code.lines <= 4


def test_chunks_are_of_one_length_but_for_the_last() -> None:
    code = many.straighten(gradcalc.compile("x*y").graph)
    for count in (0, 1, 64, code.most, code.most + 1, 10 * code.most + 3):
        chunks = code.chunks(count)
        assert [i for chunk in chunks for i in (chunk.start, chunk.stop)] == sorted(
            i for chunk in chunks for i in (chunk.start, chunk.stop)
        )
        assert sum(chunk.stop - chunk.start for chunk in chunks) == count
        assert len({chunk.stop - chunk.start for chunk in chunks[:-1]}) <= 1


@pytest.mark.parametrize("width", range(1, 18))
def test_every_row_is_its_own_whatever_the_width_of_a_point(width: int) -> None:
    """numpy 2.4.6's negative reads the wrong numbers at a stride of eight."""
    names = [f"x{j}" for j in range(width)]
    texts = ["-x0", "x0", "2*x0", "x0 - x0/2", "x0**2", "abs(x0)", "sqrt(x0)", "1/x0"]
    p = gradcalc.compile(", ".join([*texts, "+".join(names)]))
    points = 1 + np.arange(20.0 * width).reshape(20, width)
    expected = [[-x, x, 2 * x, x / 2, x * x, x, np.sqrt(x), 1 / x] for x in points[:, 0]]
    for straight in (p._at_many_points.values, replace(p._at_many_points.values, native=None)):
        found, _ = many.run(straight, points)
        np.testing.assert_array_equal(found[:, :8], expected)


def test_second_derivatives_of_a_determinant_at_many_points() -> None:
    p = gradcalc.compile("det([[a, b], [c, d]])")
    x, u = [1.0, 1.0, 0.5, 3.0], [1.25, 2.0, 3.0, 4.0]
    expected = [[4.0, -3.0, -2.0, 1.25]] * 3
    np.testing.assert_array_equal(p.hvp(np.array([x] * 3), np.array([u] * 3)), expected)


@pytest.mark.parametrize("text", ["x/5e-324", "x*y/1e-310", "(x - y)/erfc(26.6)"])
def test_a_slope_that_overflows_at_every_point_is_infinite(text: str) -> None:
    p = gradcalc.compile(text)
    x = np.ones((9, len(p.variables)))
    assert np.isinf(p.jacobian(x)).all()
    np.testing.assert_array_equal(p.jacobian(x)[0], p.jacobian(x[0]))
    np.testing.assert_array_equal(p.hessian(x)[0], p.hessian(x[0]))
