"""The laws of differentiation, over random expressions of the whole language."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradcalc.calculus.gradients import gradient_graph, vjp_graph
from gradcalc.engine.program import Program
from gradcalc.functions.primitives import CONSTANT, VARIABLE
from gradcalc.graph.graph import Graph
from tests import complex_step
from tests.expressions import Case, cases, one_output

Floats = np.ndarray[Any, np.dtype[np.float64]]


def agree(ours: Floats, theirs: Floats, scale: Floats, tolerance: float) -> None:
    """Equal up to rounding, in units of the sizes of the terms that make the entries."""
    assert ours.shape == theirs.shape
    assert np.isfinite(ours).all()
    wrong = np.abs(ours - theirs) > tolerance * scale + 1e-40
    assert not wrong.any(), f"{ours[wrong]} and {theirs[wrong]}"


def vectors(draw: Any, count: int) -> Floats:
    numbers = st.integers(-8, 8).map(lambda k: k / 4)
    return np.array([draw(numbers) for _ in range(count)])


@given(cases())
def test_the_reverse_and_the_forward_mode_give_one_jacobian(case: Case) -> None:
    p, x = case.program(), case.point()
    reverse, forward = p.jacobian(x, "reverse"), p.jacobian(x, "forward")
    agree(reverse, forward, p.at(x).scale("jacobian"), 1e-13)
    assert reverse.shape == (len(p.outputs), len(p.variables))


@given(cases(), st.data())
def test_a_vector_may_be_pushed_forward_or_pulled_back(case: Case, data: st.DataObject) -> None:
    p, x = case.program(), case.point()
    v, u = vectors(data.draw, len(p.outputs)), vectors(data.draw, len(p.variables))
    left, right = v @ p.jvp(x, u), p.vjp(x, v) @ u
    scale = np.abs(v) @ p.at(x).scale("jacobian") @ np.abs(u)
    assert abs(left - right) <= 1e-13 * scale


@given(cases(), st.data())
def test_vjp_is_linear_in_the_vector(case: Case, data: st.DataObject) -> None:
    p, x = case.program(), case.point()
    v, w = vectors(data.draw, len(p.outputs)), vectors(data.draw, len(p.outputs))
    scale = (np.abs(v) + 2 * np.abs(w)) @ p.at(x).scale("jacobian")
    agree(p.vjp(x, v + 2 * w), p.vjp(x, v) + 2 * p.vjp(x, w), scale, 1e-13)


@given(cases(), st.data())
def test_products_are_those_of_the_whole_jacobian(case: Case, data: st.DataObject) -> None:
    p, x = case.program(), case.point()
    jacobian, scale = p.jacobian(x), p.at(x).scale("jacobian")
    v, u = vectors(data.draw, len(p.outputs)), vectors(data.draw, len(p.variables))
    agree(p.vjp(x, v), v @ jacobian, np.abs(v) @ scale, 1e-13)
    agree(p.jvp(x, u), jacobian @ u, scale @ np.abs(u), 1e-13)


@given(cases())
def test_no_entry_is_larger_than_its_scale(case: Case) -> None:
    p, x = case.program(), case.point()
    assert (np.abs(p.jacobian(x)) <= p.at(x).scale("jacobian") * (1 + 1e-12)).all()


@given(cases("analytic"))
def test_the_jacobian_is_that_of_the_complex_step(case: Case) -> None:
    p, x = case.program(), case.point()
    agree(p.jacobian(x), complex_step.jacobian(p.graph, x), p.at(x).scale("jacobian"), 1e-8)


@given(cases())
def test_values_are_those_of_the_complex_interpreter(case: Case) -> None:
    p, x = case.program(), case.point()
    inner = {node.primitive.name for node in p.graph if node.operands}
    assume(inner <= set(complex_step.FUNCTIONS))
    expected = np.array([value.real for value in complex_step.values(p.graph, x)])
    np.testing.assert_allclose(p(x), expected, rtol=1e-7, atol=1e-7)


@given(cases(depth=2), st.integers(1, 5), st.data())
def test_a_batch_of_points_is_a_loop_over_points(
    case: Case, count: int, data: st.DataObject
) -> None:
    p, x = case.program(), case.point()
    points = x * (1 + 1e-3 * np.arange(count)[:, None])
    v, u = vectors(data.draw, len(p.outputs)), vectors(data.draw, len(p.variables))
    same = partial(np.testing.assert_allclose, rtol=1e-11, atol=1e-11)
    same(p(points), [p(point) for point in points])
    for mode in ("reverse", "forward"):
        batch = p.jacobian(points, mode)
        same(batch, [p.jacobian(q, mode) for q in points])
    same(p.vjp(points, v), [p.vjp(q, v) for q in points])
    same(p.jvp(points, u), [p.jvp(q, u) for q in points])


@given(one_output("smooth"))
def test_the_hessian_is_symmetric(case: Case) -> None:
    p, x = case.program(), case.point()
    hessian = p.hessian(x)
    size = np.abs(hessian).max(initial=1.0)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-9, atol=1e-9 * size)


@given(one_output("analytic", depth=2))
def test_the_hessian_is_the_complex_step_of_the_gradient(case: Case) -> None:
    p, x = case.program(), case.point()
    gradient = Program(gradient_graph(p.graph))
    inner = {node.primitive.name for node in gradient.graph if node.operands}
    assume(inner <= set(complex_step.FUNCTIONS) - {"digamma"})
    expected = complex_step.jacobian(gradient.graph, x)
    agree(p.hessian(x), expected, gradient.at(x).scale("jacobian"), 1e-7)


@given(one_output("smooth", depth=2), st.data())
def test_a_hessian_vector_product_is_the_hessian_times_the_vector(
    case: Case, data: st.DataObject
) -> None:
    p, x = case.program(), case.point()
    u, hessian = vectors(data.draw, len(p.variables)), p.hessian(x)
    scale = np.abs(hessian).sum() * np.abs(u).max(initial=0) + 1
    np.testing.assert_allclose(p.hvp(x, u), hessian @ u, rtol=1e-9, atol=1e-10 * scale)


@given(cases(depth=2), st.data())
def test_the_vjp_as_a_graph_has_the_values_of_the_sweep(case: Case, data: st.DataObject) -> None:
    p, x = case.program(), case.point()
    v = vectors(data.draw, len(p.outputs))
    derived = Program(vjp_graph(p.graph))
    assert derived.variables == (*p.variables, *(f"v[{i}]" for i in range(len(v))))
    agree(
        derived(np.concatenate([x, v])), p.vjp(x, v), np.abs(v) @ p.at(x).scale("jacobian"), 1e-11
    )


def symbolic(graph: Graph) -> tuple[list[sympy.Symbol], list[Any]]:
    symbols = [sympy.Symbol(f"s{j}", real=True) for j in range(len(graph.inputs))]
    made: dict[int, Any] = dict(zip(graph.inputs, symbols, strict=True))
    for node, (primitive, operands, _, _) in enumerate(graph):
        if primitive is CONSTANT:
            made[node] = sympy.Rational(graph.constants[node])
        elif primitive is not VARIABLE:
            made[node] = primitive.sympy(*(made[operand] for operand in operands))
    return symbols, [made[node] for node in graph.outputs]


@settings(max_examples=12)
@given(cases("smooth", outputs=1, depth=2))
def test_the_jacobian_is_that_of_sympy(case: Case) -> None:
    p, x = case.program(), case.point()
    # sympy differentiates |u| only where it can prove that u is real
    assume(not {"cbrt", "lgamma"} & {node.primitive.name for node in p.graph})
    symbols, outputs = symbolic(p.graph)
    exact = {s: sympy.Rational(value) for s, value in zip(symbols, x, strict=True)}
    expected = [[float(sympy.diff(f, s).subs(exact).evalf(20)) for s in symbols] for f in outputs]
    ours = p.jacobian(x)
    agree(ours, np.array(expected).reshape(ours.shape), p.at(x).scale("jacobian"), 1e-9)


def test_the_cheap_gradient_principle_counts_few_nodes_a_node() -> None:
    terms = " + ".join(f"sin(x{i})*x{i + 1}**2/(1 + x{i}**2)" for i in range(200))
    p = gradient = Program(gradient_graph(_compile(terms).graph))
    assert p is gradient
    assert len(gradient.graph) < 5 * len(_compile(terms).graph)


def _compile(text: str) -> Program:
    return Case(text, {}).program()


@pytest.mark.parametrize("mode", ["reverse", "forward", "auto"])
def test_each_mode_gives_the_jacobian_of_the_tutorial(mode: str) -> None:
    p = _compile("x1**2+3*x2, x2**2+2*x1")
    assert p.jacobian([2, 3], mode).tolist() == [[4, 3], [2, 6]]
