"""Functions of whole arrays: their values are numpy's, their slopes those of exact differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import special

import gradcalc
from gradcalc.check.budget import Deadline
from gradcalc.check.verify import verify
from gradcalc.errors import ExpressionError
from gradcalc.explain.kinks import kinks
from gradcalc.functions.digits import context, exclusive
from gradcalc.graph.exact import leaves, rerun
from gradcalc.language.structural import rows

A = np.array([[0.5, -1.25, 2.0], [1.5, 0.75, -0.5], [-2.0, 3.0, 1.0]])
B = np.array([[1.0, 0.5, -1.5], [2.0, -0.25, 0.5], [0.75, 1.5, 3.0]])
C = np.array([0.5, -1.5, 2.5])
POINT = {"A": A, "B": B, "c": C, "x": 0.7, "y": -1.2}

CASES: list[tuple[str, Callable[..., Any]]] = [
    ("sum(A)", lambda A, **_: A.sum()),
    ("sum(A, 0)", lambda A, **_: A.sum(0)),
    ("sum(A, -1)", lambda A, **_: A.sum(-1)),
    ("sum(A, [0, 1])", lambda A, **_: A.sum((0, 1))),
    ("sum(A, 1, 1)", lambda A, **_: A.sum(1, keepdims=True)),
    ("sum(A, axis=1)", lambda A, **_: A.sum(1)),
    ("max(A, axis=0) + min(B, axis=-1)", lambda A, B, **_: A.max(0) + B.min(-1)),
    ("mean(A, keepdims=1, axis=0)", lambda A, **_: A.mean(0, keepdims=True)),
    ("var(A, ddof=1, axis=0)", lambda A, **_: A.var(0, ddof=1)),
    ("A.T @ c + (A + B).T[0]", lambda A, B, c, **_: A.T @ c + (A + B)[:, 0]),
    ("[[x, y], [1, 2]].T * 2", lambda x, y, **_: np.array([[x, y], [1, 2]]).T * 2),
    ("sum(x, y, 2)", lambda x, y, **_: x + y + 2),
    ("mean(A, 1)", lambda A, **_: A.mean(1)),
    ("prod(A, 0)", lambda A, **_: A.prod(0)),
    ("max(A)", lambda A, **_: A.max()),
    ("max(A, B)", lambda A, B, **_: np.maximum(A, B)),
    ("max(A, 0)", lambda A, **_: np.maximum(A, 0)),
    ("min(x, y, 3)", lambda x, y, **_: min(x, y, 3)),
    ("var(A)", lambda A, **_: A.var()),
    ("var(A, 0, 1)", lambda A, **_: A.var(0, ddof=1)),
    ("std(A, 1)", lambda A, **_: A.std(1)),
    ("std(x, y, 1)", lambda x, y, **_: np.std([x, y, 1])),
    ("norm(A)", lambda A, **_: np.linalg.norm(A)),
    ("norm(c, 1)", lambda c, **_: np.linalg.norm(c, 1)),
    ("norm(c, 3)", lambda c, **_: np.linalg.norm(c, 3)),
    ("norm(c, 2.5)", lambda c, **_: np.linalg.norm(c, 2.5)),
    ("norm(A, 2, 0)", lambda A, **_: np.linalg.norm(A, 2, axis=0)),
    ("logsumexp(A)", lambda A, **_: special.logsumexp(A)),
    ("logsumexp(A, 1)", lambda A, **_: special.logsumexp(A, 1)),
    ("logsumexp(x, y)", lambda x, y, **_: np.logaddexp(x, y)),
    ("softmax(c)", lambda c, **_: special.softmax(c)),
    ("softmax(A, 0)", lambda A, **_: special.softmax(A, 0)),
    ("log_softmax(A, 1)", lambda A, **_: special.log_softmax(A, 1)),
    ("softmax(x, y)", lambda x, y, **_: special.softmax([x, y])),
    ("cumsum(c)", lambda c, **_: np.cumsum(c)),
    ("cumsum(A, 0)", lambda A, **_: np.cumsum(A, 0)),
    ("cumprod(c)", lambda c, **_: np.cumprod(c)),
    ("diff(c)", lambda c, **_: np.diff(c)),
    ("diff(A, 2, 0)", lambda A, **_: np.diff(A, 2, 0)),
    ("dot(c, A[0])", lambda A, c, **_: c @ A[0]),
    ("inner(A, B)", lambda A, B, **_: np.inner(A, B)),
    ("outer(c, c)", lambda c, **_: np.outer(c, c)),
    ("cross(c, A[1])", lambda A, c, **_: np.cross(c, A[1])),
    ("trace(A @ B)", lambda A, B, **_: np.trace(A @ B)),
    ("transpose(A)", lambda A, **_: A.T),
    ("reshape(A, 9) * 2", lambda A, **_: A.reshape(9) * 2),
    ("reshape(A, [1, -1])", lambda A, **_: A.reshape(1, 9)),
    ("concat(c, x, A[0])", lambda A, c, x, **_: np.hstack([c, x, A[0]])),
    ("ravel(A)[4]", lambda A, **_: A[1, 1]),
    ("diag(A) + diag(B, 1)[0]", lambda A, B, **_: np.diag(A) + B[0, 1]),
    ("diag(c, -1) @ ones(4)", lambda c, **_: np.diag(c, -1) @ np.ones(4)),
    ("eye(3) - A", lambda A, **_: np.eye(3) - A),
    ("det(A)", lambda A, **_: np.linalg.det(A)),
    ("det(A[0:2, 0:2])", lambda A, **_: np.linalg.det(A[:2, :2])),
    ("inv(A)", lambda A, **_: np.linalg.inv(A)),
    ("inv(A[0:2, 1:])", lambda A, **_: np.linalg.inv(A[:2, 1:])),
    ("solve(A, c)", lambda A, c, **_: np.linalg.solve(A, c)),
    ("solve(A, B)", lambda A, B, **_: np.linalg.solve(A, B)),
]


def program(text: str, point: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    shapes = {name: np.shape(value) for name, value in point.items() if np.ndim(value)}
    p = gradcalc.compile(text, shapes=shapes)
    used = {name.partition("[")[0] for name in p.variables}
    at = {name: np.asarray(value).tolist() for name, value in point.items() if name in used}
    return p, at


def exact_slopes(p: Any, x: Any) -> Any:
    """J by differences of 60 digits."""
    graph = p.graph

    def values(point: list[Any]) -> list[Any]:
        known = leaves(graph, x)
        known |= dict(zip(graph.inputs, point, strict=True))
        rerun(graph, range(len(graph)), known, Deadline(60))
        return [known[node] for node in graph.outputs]

    with exclusive(), context().workdps(60):
        number, step = context().mpf, context().mpf(10) ** -20
        here = [number(float(v)) for v in x]
        columns = []
        for j in range(len(here)):
            ends = [values([*here[:j], here[j] + s * step, *here[j + 1 :]]) for s in (1, -1)]
            columns.append([float((a - b) / (2 * step)) for a, b in zip(*ends, strict=True)])
    return np.array(columns).T


@pytest.mark.parametrize(("text", "numpys"), CASES, ids=[text for text, _ in CASES])
def test_values_are_numpys_and_slopes_those_of_differences(
    text: str, numpys: Callable[..., Any]
) -> None:
    p, at = program(text, POINT)
    np.testing.assert_allclose(p(at), np.ravel(numpys(**POINT)), rtol=1e-14, atol=1e-15)
    true = exact_slopes(p, p.point(at))
    np.testing.assert_allclose(p.jacobian(at), true, rtol=2e-14, atol=1e-14)


def test_every_row_of_the_table_is_tried_here() -> None:
    tried = " ".join(text for text, _ in CASES)
    assert all(f"{row.name}(" in tried for row in rows() if row.name != "zeros")


# --- linear algebra: at every point where the matrix is regular -----------------------------------

WHOLE = st.sampled_from([0.0, 1.0, -1.0, 2.0])
ENTRIES = st.one_of(WHOLE, st.floats(-4, 4).map(lambda x: round(x, 2)))
MATRICES = st.integers(1, 6).flatmap(lambda n: arrays.arrays(float, (n, n), elements=ENTRIES))


@settings(max_examples=60)
@given(MATRICES)
def test_a_determinant_has_its_cofactors_for_slopes_singular_or_not(a: Any) -> None:
    p, at = program("det(A)", {"A": a})
    n = len(a)
    with mp.workdps(60):
        cofactors = [
            (-1) ** (i + j) * _exact_det(np.delete(np.delete(a, i, 0), j, 1))
            for i in range(n)
            for j in range(n)
        ]
        true = _exact_det(a)
    size = max(1.0, float(np.abs(a).max())) ** n * n**2
    assert abs(float(p(at)[0]) - float(true)) <= 1e-14 * size
    np.testing.assert_allclose(p.gradient(at), [float(c) for c in cofactors], atol=1e-14 * size)


def _exact_det(a: Any) -> Any:
    if not a.size:
        return mp.mpf(1)
    matrix, total = mp.matrix(a.tolist()), mp.mpf(1)
    for k in range(len(a)):
        pivot = max(range(k, len(a)), key=lambda i: abs(matrix[i, k]))
        if abs(matrix[pivot, k]) < mp.mpf(10) ** -40:
            return mp.mpf(0)
        if pivot != k:
            for j in range(len(a)):
                matrix[k, j], matrix[pivot, j] = matrix[pivot, j], matrix[k, j]
            total = -total
        total *= matrix[k, k]
        for i in range(k + 1, len(a)):
            factor = matrix[i, k] / matrix[k, k]
            for j in range(k, len(a)):
                matrix[i, j] -= factor * matrix[k, j]
    return total


@settings(max_examples=60)
@given(MATRICES)
def test_an_inverse_has_the_slopes_of_an_inverse_wherever_there_is_one(a: Any) -> None:
    if abs(np.linalg.det(a)) < 1e-3 or np.linalg.cond(a) > 1e4:
        return
    p, at = program("inv(A)", {"A": a})
    b, n = np.linalg.inv(a), len(a)
    slopes = -np.einsum("ik,lj->ijkl", b, b).reshape(n * n, n * n)  # -A⁻¹ dA A⁻¹
    scale = np.linalg.cond(a) * 1e-14
    np.testing.assert_allclose(p(at), b.ravel(), atol=scale * np.abs(b).max())
    np.testing.assert_allclose(p.jacobian(at), slopes, atol=scale * np.abs(slopes).max())


@pytest.mark.parametrize("n", [3, 5, 12])
@pytest.mark.parametrize("text", ["det(A)", "sum(inv(A))", "sum(solve(A, c))"])
def test_elimination_has_its_verdict(text: str, n: int) -> None:
    rng = np.random.default_rng(n)
    a = np.roll(np.eye(n), 1, axis=0) + np.tril(rng.integers(-2, 3, (n, n)))
    a[0, 0] = 0.0  # its pivot is elsewhere
    p, at = program(text, {"A": a, "c": rng.normal(size=n)})
    verdict = verify(p.at(at).ask("gradient"), method="mpmath")
    assert verdict.passed
    assert verdict.checked == verdict.total
    assert not kinks(p.at(at))  # of two rows that weigh the same, either is right


def test_twice_a_zero_pivot_leaves_the_second_derivatives_of_a_determinant() -> None:
    a = np.diag([1.0, 2.0, 3.0, 0.0, 0.0])
    p, at = program("det(A)", {"A": a})
    hessian = p.hessian(at).reshape(5, 5, 5, 5)
    assert hessian[3, 3, 4, 4] == 6.0
    assert hessian[3, 4, 4, 3] == -6.0
    assert np.abs(p.gradient(at)).max() == 0.0


# --- at the edges ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [0.0, 1000.0, -1000.0, 1e6])
def test_softmax_and_logsumexp_move_with_their_numbers(shift: float) -> None:
    c = np.array([0.5, -1.5, 2.5, 2.5])
    p, at = program("softmax(c)", {"c": c + shift})
    q, _ = program("softmax(c)", {"c": c})
    np.testing.assert_allclose(p(at), special.softmax(c), rtol=4e-16)
    np.testing.assert_allclose(p.jacobian(at), q.jacobian({"c": c}), rtol=1e-15, atol=1e-17)
    r, _ = program("logsumexp(c)", {"c": c})
    np.testing.assert_allclose(r(at), special.logsumexp(c) + shift, rtol=4e-16)
    np.testing.assert_allclose(r.gradient(at), special.softmax(c), rtol=1e-15)


def test_what_softmax_has_left_of_one_has_its_digits() -> None:
    p, at = program("softmax(c)", {"c": [0.0, 50.0, -20.0]})
    tiny = float(np.exp(-50) + np.exp(-70))
    assert p.jacobian(at)[1, 1] == pytest.approx(tiny, rel=1e-15)
    q, _ = program("log_softmax(c)", {"c": [0.0, 50.0, -20.0]})
    assert q(at)[1] == pytest.approx(-tiny, rel=1e-15)
    r, _ = program("logsumexp(c)", {"c": [0.0, 50.0, -20.0]})
    assert r({"c": [-50.0, 0.0, -90.0]})[0] == pytest.approx(float(np.exp(-50)), rel=1e-15)


@pytest.mark.parametrize("c", [[1.0, 1.0, 1.0], [1.0, 2.0, 2.0], [3.0, 1.0, 2.0], [1.0, 2.0, 3.0]])
@pytest.mark.parametrize("text", ["softmax(c)", "logsumexp(c)", "norm(c, 3)"])
def test_which_number_is_the_largest_makes_no_kink(text: str, c: list[float]) -> None:
    p, at = program(text, {"c": c})
    assert not kinks(p.at(at))
    assert verify(p.at(at).ask("jacobian")).passed


@pytest.mark.parametrize("power", ["0.5", "1", "1.5", "2", "3", "2.5", "inf"])
def test_at_zero_a_norm_has_slope_zero_as_in_pytorch_and_its_kinks_are_told_of(power: str) -> None:
    p, at = program(f"norm(c, {power})", {"c": [0.0, 0.0]})
    assert p(at)[0] == 0.0
    assert p.gradient(at).tolist() == [0.0, 0.0]
    assert kinks(p.at(at))
    assert verify(p.at(at).ask("jacobian")).passed is not False
    p, at = program(f"norm(c, {power})", {"c": [0.0, -2.0]})
    assert p.gradient(at).tolist() == [0.0, -1.0]


def test_without_spread_the_slopes_of_std_are_zero_as_in_pytorch() -> None:
    p, at = program("std(c)", {"c": [2.0, 2.0, 2.0]})
    assert p(at)[0] == 0.0
    assert p.gradient(at).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("det([1, 2])", "det takes a square matrix, not an array of shape (2,)"),
        ("solve([[1, 2], [3, 4]], [1, 2, 3])", "solve of a matrix of shape (2, 2)"),
        ("cross([1, 2], [3, 4])", "cross takes vectors of 3"),
        ("sum([1, 2], 1)", "sum: an array of shape (2,) has no axis 1"),
        ("sum([1, 2], x)", "sum: axis is a whole number, and no variable"),
        ("sum([1, 2], [0, 0])", "sum: an axis is given twice"),
        ("sum([1, 2], 0, 0, 0)", "sum takes one array, or numbers"),
        ("sum([1, 2], axes=0)", "sum takes no argument by the name of 'axes'"),
        ("max([1, 2], [2, 1], axis=0)", "max along an axis takes one array"),
        ("sin(x=2)", "sin takes no argument by the name of 'x'"),
        ("sum(axis=0)", "sum takes at least 1 argument, got 0"),
        ("[1, 2].S", "a '.' stands alone"),
        ("reshape([1, 2, 3], 2, 2)", "3 elements do not fit the shape (2, 2)"),
        ("concat([1, 2], [[1, 2]])", "do not join along axis 0"),
        ("var([1, 2], 0, 2)", "var with ddof = 2 takes more than 2 numbers"),
        ("norm([[1, 2], [3, 4]], 1)", "the p-norm of a matrix is another thing"),
        ("norm([1, 2], 0)", "the p of a norm is larger than 0"),
        ("trace([1, 2])", "trace takes a matrix"),
        ("eye(0)", "eye takes a size"),
        ("det(zeros(400, 400))", "are the most"),
        ("softmax([1, 2], 3)", "has no axis 3"),
        ("transpose([[1, 2]], [0, 0])", "transpose: axes are"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as refusal:
        gradcalc.compile(text)
    assert message in str(refusal.value)
