"""The compiled program: points, shapes, refusals, and what zeros, infinities and NaNs become."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcalc
from gradcalc.engine.program import Program
from gradcalc.errors import BindingError, UsageError
from gradcalc.functions.primitives import FUNCTIONS
from tests import complex_step
from tests.expressions import has_room

inf, nan = np.inf, np.nan
MODES = ["reverse", "forward", "auto"]


def compiled(text: str, **options: Any) -> Program:
    return gradcalc.compile(text, **options)


def same(ours: Any, expected: Any) -> None:
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(expected, dtype=float))


# --- every function -----------------------------------------------------------------------------

OPERANDS = (0.3, 0.6, -0.4, 1.7, 2.3, -1.6)


@pytest.mark.parametrize("name", sorted({p.name for p in FUNCTIONS.values()}))
def test_each_function_has_the_slope_of_the_complex_step(name: str) -> None:
    primitive = FUNCTIONS[name]
    if primitive.ordered or name == "where" or name not in complex_step.FUNCTIONS:
        pytest.skip("no complex counterpart in the oracle")
    names = ["x", "y", "z"][: primitive.arity]
    p = compiled(f"{name}({', '.join(names)})")
    tried = 0
    for first in OPERANDS:
        point = [first, 0.7, 1.9][: primitive.arity]
        if primitive.arity < 3 and not has_room(name, *point):
            continue
        tried += 1
        expected = complex_step.jacobian(p.graph, point)
        for mode in MODES:
            np.testing.assert_allclose(p.jacobian(point, mode), expected, rtol=1e-9, atol=1e-12)
    assert tried


# --- structural zeros ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_a_zero_beside_a_singular_row_stays_a_zero(mode: str) -> None:
    p = compiled("x1**2, sqrt(x2)")
    same(p.jacobian([2, 0], mode), [[4, 0], [0, inf]])
    same(p.jacobian(np.array([[2, 0], [3, 4]]), mode), [[[4, 0], [0, inf]], [[6, 0], [0, 0.25]]])


@pytest.mark.parametrize("mode", MODES)
def test_where_ignores_the_branch_that_is_not_taken(mode: str) -> None:
    p = compiled("where(x > 0, sqrt(x), 0)")
    same(p.jacobian([0], mode), [[0]])
    same(p.jacobian([-1], mode), [[0]])
    same(p.jacobian([4], mode), [[0.25]])
    same(p.jacobian(np.array([[-1], [0], [4]]), mode), [[[0]], [[0]], [[0.25]]])
    same(compiled("where(x != 0, sin(x)/x, 1)").jacobian([0], mode), [[0]])
    same(compiled("where(x > 0, log(x)*y, y**2)").jacobian([-1, 3], mode), [[0, 6]])


def test_the_branch_not_taken_is_ignored_in_second_derivatives_too() -> None:
    same(compiled("where(x > 0, sqrt(x), x**2)").hessian([-1]), [[2]])
    same(compiled("where(x > 0, x**3, sqrt(-x))").hessian([2]), [[12]])
    same(compiled("where(x > 0, log(x), 3*x)").hvp([-2], [1]), [0])


def test_max_and_clamp_ignore_the_operand_that_has_no_say() -> None:
    same(compiled("max(x, sqrt(y))").gradient([1, 0]), [1, 0])
    same(compiled("clamp(sqrt(x), 1, 2)").gradient([0]), [0])
    same(compiled("relu(-sqrt(x) - 1)").gradient([0]), [0])


def test_a_literal_zero_in_the_vector_stops_an_infinite_slope() -> None:
    p = compiled("sqrt(x), sqrt(y)")
    same(p.vjp([0, 4], [0, 1]), [0, 0.25])
    same(p.jvp([0, 4], [0, 1]), [0, 0.25])
    same(p.vjp(np.array([[0, 4], [1, 0]]), [0, 1]), [[0, 0.25], [0, inf]])


def test_a_nan_in_the_vector_does_not_leak() -> None:
    p = compiled("x**2, y**2")
    same(p.vjp([3, 4], [nan, 1]), [nan, 8])
    same(p.jvp([3, 4], [1, nan]), [6, nan])


def test_an_infinite_slope_times_a_zero_slope_is_undefined() -> None:
    same(compiled("x*sqrt(y)").gradient([0, 0]), [0, nan])


@pytest.mark.parametrize("mode", MODES)
def test_an_undefined_value_never_has_a_finite_slope(mode: str) -> None:
    same(compiled("log(x)").jacobian([-1], mode), [[nan]])
    same(compiled("log(x), y").jacobian([-1, 1], mode), [[nan, 0], [0, 1]])
    same(compiled("asin(x)").jacobian([2], mode), [[nan]])


# --- special points -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "value", "gradient"),
    [
        (0, 0, 1, [0, -inf]),
        (0, 1, 0, [1, 0]),
        (0, 2, 0, [0, 0]),
        (0, 0.5, 0, [inf, 0]),
        (0, -1, inf, [-inf, -inf]),
        (-2, 3, -8, [12, nan]),
        (-2, 0.5, nan, [nan, nan]),
        (1, 1, 1, [1, 0]),
    ],
)
def test_the_special_points_of_the_power(x: float, y: float, value: float, gradient: Any) -> None:
    p = compiled("x**y")
    same(p([x, y]), [value])
    same(p.gradient([x, y]), gradient)


@pytest.mark.parametrize(
    ("text", "gradient", "second"),
    [
        ("x**2", 0, 2),
        ("x**3", 0, 0),
        ("x**1", 1, 0),
        ("x**0", 0, 0),
        ("x**0.5", inf, None),
        ("abs(x)", 0, 0),
        ("relu(x)", 0, 0),
        ("sign(x)", 0, 0),
        ("floor(x)", 0, 0),
        ("max(x, -x)", 0, 0),
        ("max(x, 0)", 0.5, 0),
        ("hypot(x, 0)", 0, None),
        ("norm([x, 2*x])", 0, None),
        ("sqrt(x)", inf, None),
        ("cbrt(x)", inf, None),
        ("1/x", -inf, None),
        ("x/x", nan, None),
        ("tanh(x)", 1, 0),
        ("atan2(x, 1)", 1, 0),
        ("expm1(x)", 1, 1),
        ("log1p(x)", 1, -1),
    ],
)
def test_conventions_at_zero(text: str, gradient: float, second: float | None) -> None:
    p = compiled(text)
    same(p.gradient([0]), [gradient])
    if second is not None:
        same(p.hessian([0]), [[second]])


def test_the_edge_of_a_clamp_belongs_to_the_middle() -> None:
    p = compiled("clamp(x, 0, 1)")
    same(p.gradient(np.array(np.array([[0], [0.5], [1], [2], [-1]]))).ravel(), [1, 1, 1, 0, 0])


def test_slopes_are_accurate_where_the_textbook_formula_is_not() -> None:
    for text, x, slope in [
        ("tanh(x)", 20.0, 1.6993417021166355e-17),
        ("sigmoid(x)", 40.0, 4.248354255291589e-18),
        ("expm1(x)", -40.0, 4.248354255291589e-18),
        ("asin(x)", 1 - 1e-12, 707114.6025256452),
        ("erfc(x)", 10.0, -4.197656228e-44),
    ]:
        assert compiled(text).gradient([x])[0] == pytest.approx(slope, rel=1e-8)


# --- points and shapes --------------------------------------------------------------------------


def test_a_point_is_a_sequence_a_mapping_or_an_array() -> None:
    p = compiled("x*y**2")
    for point in ([2, 3], (2, 3), np.array([2, 3]), {"x": 2, "y": 3}, {"y": 3, "x": 2}):
        same(p(point), [18])
    same(p(np.array([[2, 3], [1, 1]])), [[18], [1]])


def test_array_variables_are_given_as_lists_or_element_by_element() -> None:
    p = compiled("M @ a", shapes={"M": (2, 2), "a": 2})
    assert p.variables == ("M[0,0]", "M[0,1]", "M[1,0]", "M[1,1]", "a[0]", "a[1]")
    same(p({"M": [[1, 2], [3, 4]], "a": np.array([1, 10])}), [21, 43])
    same(p([1, 2, 3, 4, 1, 10]), [21, 43])
    labels = dict(zip(p.variables, [1, 2, 3, 4, 1, 10], strict=True))
    same(p(labels), [21, 43])


def test_one_variable_may_be_given_as_a_bare_number() -> None:
    bare: Any = 3.0
    same(compiled("x**2")(bare), [9])


@pytest.mark.parametrize(
    "point",
    [[1], [1, 2, 3], [[1], [2]], [[[1, 2]]], 5.0, [], "ab", ["a", "b"], {"x": 1},
     {"x": 1, "y": "q"},     {"x": 1, "y": [[2]]}, [1, [2, 3]], None],
)  # fmt: skip
def test_a_point_that_does_not_fit_is_refused(point: Any) -> None:
    p = compiled("x*y")
    for ask in (p, p.gradient, p.jacobian, p.hessian):
        with pytest.raises(BindingError):
            ask(point)


@pytest.mark.parametrize("vector", [[1], [1, 2, 3], [[1], [2]], 5.0, "ab", [[[1, 2]]], None])
def test_a_vector_that_does_not_fit_is_refused(vector: Any) -> None:
    p = compiled("x*y, x + y")
    with pytest.raises(BindingError):
        p.vjp([1, 2], vector)
    with pytest.raises(BindingError):
        p.jvp([1, 2], vector)


def test_points_and_vectors_in_different_numbers_are_refused() -> None:
    with pytest.raises(BindingError, match="3 points and 2 vectors"):
        compiled("x*y").jvp(np.ones((3, 2)), np.ones((2, 2)))


def test_what_is_of_one_output_is_refused_for_two() -> None:
    p = compiled("x, x**2")
    for ask in (p.gradient, p.hessian, lambda x: p.hvp(x, [1])):
        for x in ([1.0], np.ones((10, 1))):
            with pytest.raises(BindingError, match="there are 2: f1, f2"):
                ask(x)


def test_an_unknown_mode_is_a_wrong_call() -> None:
    with pytest.raises(UsageError, match="mode 'sideways' is none of auto, reverse, forward"):
        compiled("x").jacobian([1], "sideways")


@pytest.mark.parametrize("count", [1, 2, 5000])
def test_results_for_many_points_have_them_first(count: int) -> None:
    p, q = compiled("x*y, x + y, sin(x)"), compiled("x**3*y")
    x = np.linspace(0.5, 2, 2 * count).reshape(count, 2)
    assert p(x).shape == (count, 3)
    assert p.jacobian(x).shape == (count, 3, 2)
    assert p.vjp(x, np.ones((count, 3))).shape == (count, 2)
    assert p.vjp(x, np.ones(3)).shape == (count, 2)
    assert p.vjp([1, 2], np.ones((count, 3))).shape == (count, 2)
    assert p.jvp(x, np.ones(2)).shape == (count, 3)
    assert q.gradient(x).shape == (count, 2)
    assert q.hessian(x).shape == (count, 2, 2)
    assert q.hvp(x, np.ones(2)).shape == (count, 2)
    np.testing.assert_allclose(q.hessian(x)[-1], q.hessian(x[-1]), rtol=1e-14)
    np.testing.assert_allclose(p.jacobian(x)[-1], p.jacobian(x[-1]), rtol=1e-14)


@pytest.mark.parametrize("threads", [2, 5])
def test_results_are_the_same_to_the_last_bit_whoever_works_on_them(threads: int) -> None:
    p, q = compiled("exp(x)/y, sin(x)*y, sqrt(x - y)"), compiled("tan(x)*cos(y)")
    x = np.random.default_rng(0).normal(size=(100_003, 2))
    np.testing.assert_array_equal(p(x, threads=threads), p(x, threads=1))
    np.testing.assert_array_equal(p.jacobian(x, threads=threads), p.jacobian(x, threads=1))
    np.testing.assert_array_equal(q.gradient(x, threads=threads), q.gradient(x, threads=1))


def test_no_points_are_a_batch_of_none() -> None:
    p = compiled("x*y, x")
    x = np.empty((0, 2))
    assert p(x).shape == (0, 2)
    assert p.jacobian(x).shape == (0, 2, 2)
    assert p.vjp(x, [1, 1]).shape == (0, 2)


@pytest.mark.parametrize("mode", MODES)
def test_a_constant_expression_has_a_jacobian_without_columns(mode: str) -> None:
    p = compiled("2*pi, 3")
    same(p([]), [2 * np.pi, 3])
    assert p.jacobian([], mode).shape == (2, 0)
    assert p.jacobian(np.empty((4, 0)), mode).shape == (4, 2, 0)
    assert p.vjp([], [1, 1]).shape == (0,)
    same(p.jvp([], []), [0, 0])
    assert compiled("pi").hessian([]).shape == (0, 0)


@pytest.mark.parametrize("mode", MODES)
def test_outputs_that_are_variables_constants_or_each_other(mode: str) -> None:
    p = compiled("x, x, 3, y, 0*x + 2")
    same(p([5, 7]), [5, 5, 3, 7, 2])
    same(p.jacobian([5, 7], mode), [[1, 0], [1, 0], [0, 0], [0, 1], [0, 0]])
    same(p.vjp([5, 7], [1, 2, 3, 4, 5]), [3, 4])
    same(p.jvp([5, 7], [1, 2]), [1, 1, 0, 2, 0])


def test_results_are_the_callers_own() -> None:
    p = compiled("x*y")
    first = p.gradient([2, 3])
    first[:] = 0
    same(p.gradient([2, 3]), [3, 2])
    x = np.array([2.0, 3.0])
    p.jacobian(x)
    same(x, [2, 3])


# --- for those who judge the numbers ------------------------------------------------------------


def test_the_scale_adds_up_what_cancels() -> None:
    p = compiled("(x + 1)*(x - 1) - x**2")
    assert abs(p.jacobian([1e6])[0, 0]) <= 1e-9
    assert p.at([1e6]).scale("jacobian")[0, 0] == pytest.approx(4e6, rel=1e-5)
    assert p.at([1e6]).scale("gradient").shape == (1,)
    same(p.at([1e6]).scale("vjp", np.array([-1.0])), p.at([1e6]).scale("gradient"))
    same(p.at([1e6]).scale("jvp", np.array([-2.0])), 2 * p.at([1e6]).scale("jacobian")[0])


def test_every_node_has_its_value() -> None:
    p = compiled("r = x + 1; s = 5*x; r**2", outputs=["r"])
    found = dict(zip((p.graph.text(k) for k in range(len(p.graph))), p.at([3]).values, strict=True))
    assert found["x"] == 3
    assert found["x + 1"] == 4
    assert np.isnan(found["5*x"])  # the chosen outputs do not need it


def test_a_program_introduces_itself() -> None:
    assert repr(compiled("x*y, x")) == "<program (x, y) -> (f1, f2)>"


# --- size ---------------------------------------------------------------------------------------


def rosenbrock(n: int) -> str:
    return " + ".join(f"100*(x{i + 1} - x{i}**2)**2 + (1 - x{i})**2" for i in range(n - 1))


def test_the_extended_rosenbrock_function_has_its_gradient() -> None:
    n = 500
    p = compiled(rosenbrock(n))
    x = np.linspace(-1, 1, n)
    expected = np.zeros(n)
    expected[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    expected[1:] += 200 * (x[1:] - x[:-1] ** 2)
    np.testing.assert_allclose(p.gradient(x), expected, rtol=1e-12, atol=1e-12)
    assert len(p.schedule.groups) < 40


def test_a_wide_graph_takes_few_numpy_calls_whatever_its_size() -> None:
    counts = {len(compiled(rosenbrock(n)).schedule.groups) for n in (257, 1025)}
    assert max(counts) - min(counts) <= 4  # two more levels of the sum for four times the terms


def test_a_jacobian_of_many_rows_and_columns_is_swept_several_seeds_at_a_time() -> None:
    n = 60
    p = compiled(", ".join(f"x{i}*x{(i + 1) % n}" for i in range(n)))
    x = np.arange(1.0, n + 1)
    expected = np.zeros((n, n))
    for i in range(n):
        expected[i, i] += x[(i + 1) % n]
        expected[i, (i + 1) % n] += x[i]
    for mode in MODES:
        same(p.jacobian(x, mode), expected)


def test_a_value_that_is_none_has_no_second_derivative_either() -> None:
    p = gradcalc.compile("log(x)*y**2")
    assert np.isnan(p.hessian([-1, 2])).all()
    assert np.isnan(p.hvp([-1, 2], [0, 1])).all()
    points = np.array([[-1.0, 2.0], [1.0, 2.0]])
    hessians = p.hessian(points)
    assert np.isnan(hessians[0]).all()
    np.testing.assert_array_equal(hessians[1], [[-4, 4], [4, 0]])


# --- where the answer goes ---------------------------------------------------------------------

ASKED: dict[str, Callable[..., Any]] = {
    "values": lambda p, x, **to: p(x, **to),
    "jacobian": lambda p, x, **to: p.jacobian(x, **to),
    "gradient": lambda p, x, **to: gradcalc.compile("x1**2 + log(x2)").gradient(x, **to),
    "by columns": lambda p, x, **to: p.jacobian(x, "forward", **to),
    "vjp": lambda p, x, **to: p.vjp(x, [1.0, 2.0], **to),
    "jvp": lambda p, x, **to: p.jvp(x, [1.0, 2.0], **to),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("count", [None, 1, 3000])
def test_an_answer_is_written_where_it_is_wanted(asked: str, count: int | None) -> None:
    p = gradcalc.compile("x1**2 + log(x2), x2**2 + 2*x1")
    x = np.random.default_rng(1).normal(size=(count, 2) if count else 2)  # some are undefined
    with np.errstate(all="ignore"):
        there = ASKED[asked](p, x)
        matrix = np.empty(there.shape).view(np.matrix if there.ndim == 2 else np.ndarray)
        for out in (np.empty(there.shape), np.empty((*there.shape, 2))[..., 0], matrix):
            assert ASKED[asked](p, x, out=out) is out
            np.testing.assert_array_equal(out, there)
        inside = np.array(x)
        if there.shape == x.shape:  # the point itself may be the place
            ASKED[asked](p, inside, out=inside)
            np.testing.assert_array_equal(inside, there)


@pytest.mark.parametrize("out", [np.empty(3), np.empty((2, 2), np.float32), [[0.0, 0.0]] * 2])
def test_a_place_that_does_not_fit_is_refused(out: Any) -> None:
    p = gradcalc.compile("x1**2+3*x2, x2**2+2*x1")
    with pytest.raises(BindingError, match="out is no array of float64 of shape"):
        p.jacobian([2.0, 3.0], out=out)


def test_a_variable_may_be_called_out() -> None:
    p = gradcalc.compile("out**2 + y")
    assert p.gradient(out=3.0, y=1.0).tolist() == [6.0, 1.0]
    assert p.hvp(u=[1.0, 0.0], out=3.0, y=1.0).tolist() == [2.0, 0.0]
