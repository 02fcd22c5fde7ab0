"""The derivative of a graph is a graph: evaluated, differentiated again, and left small."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from gradcalc.calculus.gradients import copy, gradient_graph, jvp_graph, vjp_graph
from gradcalc.engine.program import Program
from gradcalc.language import parse
from tests.expressions import Case, cases, one_output


def test_a_copy_grows_apart_from_its_original() -> None:
    graph = parse("x*y")
    twin = copy(graph)
    assert [tuple(node) for node in twin] == [tuple(node) for node in graph]
    twin.variable("z")
    assert graph.variables == ["x", "y"]
    assert len(twin) == len(graph) + 1


def test_the_jvp_graph_takes_the_point_and_the_direction() -> None:
    derived = jvp_graph(parse("x1**2 + 3*x2, x2**2 + 2*x1"))
    assert derived.variables == ["x1", "x2", "u[0]", "u[1]"]
    assert derived.output_names == ["df1/du", "df2/du"]
    assert Program(derived)([2, 3, 1, 10]).tolist() == [34, 62]


def test_the_vjp_graph_takes_the_point_and_the_vector() -> None:
    derived = vjp_graph(parse("x1**2 + 3*x2, x2**2 + 2*x1"))
    assert derived.variables == ["x1", "x2", "v[0]", "v[1]"]
    assert derived.output_names == ["d/dx1", "d/dx2"]
    assert Program(derived)([2, 3, 1, 1]).tolist() == [6, 9]


def test_the_gradient_graph_names_its_entries() -> None:
    derived = gradient_graph(parse("r = x**2*y"))
    assert derived.output_names == ["dr/dx", "dr/dy"]
    assert Program(derived)([3, 5]).tolist() == [30, 9]


def test_the_gradient_of_two_outputs_is_refused() -> None:
    with pytest.raises(ValueError, match="the gradient of 2 outputs is a Jacobian"):
        gradient_graph(parse("x, y"))


@given(one_output())
def test_the_gradient_graph_has_the_values_of_the_sweep(case: Case) -> None:
    p, x = case.program(), case.point()
    scale = p.at(x).scale("gradient")
    error = np.abs(Program(gradient_graph(p.graph))(x) - p.gradient(x))
    assert (error <= 1e-11 * scale + 1e-200).all()


@given(cases())
def test_the_derivative_leaves_the_primal_where_it_was(case: Case) -> None:
    graph = case.program().graph
    derived = vjp_graph(graph)
    assert [tuple(node) for node in graph] == [tuple(derived[k]) for k in range(len(graph))]
    assert all(derived.text(k) in case.text for k in range(len(derived)))


def test_multiplications_by_one_are_left_out() -> None:
    derived = gradient_graph(parse("x + y - z"))
    assert Program(derived)([1, 2, 3]).tolist() == [1, 1, -1]
    assert not [node for node in derived if node.primitive.name == "mul"]


def test_a_constant_power_brings_no_logarithm_along() -> None:
    derived = gradient_graph(parse("x**3"))
    assert not [node for node in derived if node.primitive.name in ("log", "where", "and")]


def test_derivatives_of_any_order_are_derivatives_of_derivatives() -> None:
    graph = parse("x**5")
    for order in range(1, 6):
        graph = gradient_graph(graph)
        expected = math.factorial(5) / math.factorial(5 - order) * 2.0 ** (5 - order)
        assert Program(graph)([2.0])[0] == pytest.approx(expected, rel=1e-14)
    assert Program(gradient_graph(graph))([2.0])[0] == 0


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("tanh(x)", 0.0, [1, 0, -2, 0]),
        ("asin(x)", 0.0, [1, 0, 1, 0]),
        ("atan2(x, 1)", 0.0, [1, 0, -2, 0]),
        ("exp(x)", 1.0, [math.e] * 4),
        ("sin(x)", 0.0, [1, 0, -1, 0]),
        ("where(x > 0, x**3, log(x))", 2.0, [12, 12, 6, 0]),
        ("1/x", 1.0, [-1, 2, -6, 24]),
        ("cbrt(x)", 1.0, [1 / 3, -2 / 9, 10 / 27, -80 / 81]),
    ],
)
def test_higher_derivatives_at_a_point(text: str, at: float, expected: list[float]) -> None:
    graph = parse(text)
    for derivative in expected:
        graph = gradient_graph(graph)
        assert Program(graph)([at])[0] == pytest.approx(derivative, rel=1e-12, abs=1e-12)
