"""Sparse Jacobians: the same numbers as dense ones, in the places that the graph allows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

import gradcalc
from gradcalc.engine.sparse import colour, most_entries
from tests.expressions import Case, cases


def broyden(n: int) -> str:
    """Broyden's tridiagonal system as text."""
    rows = []
    for i in range(1, n + 1):
        before = f" - x{i - 1}" if i > 1 else ""
        after = f" - 2*x{i + 1}" if i < n else ""
        rows.append(f"(3 - 2*x{i})*x{i}{before}{after} + 1")
    return ", ".join(rows)


@given(cases())
def test_a_sparse_jacobian_is_the_dense_one(case: Case) -> None:
    p, x = case.program(), case.point()
    dense = p.jacobian(x)
    sparse = p.sparse_jacobian(x)
    assert sparse.shape == dense.shape
    scale = p.at(x).scale("jacobian")
    assert (np.abs(sparse.toarray() - dense) <= 1e-13 * scale + 1e-200).all()


@given(cases())
def test_outside_the_pattern_everything_is_zero_at_every_point(case: Case) -> None:
    p, x = case.program(), case.point()
    pattern = p.pattern
    inside = np.zeros(pattern.shape, dtype=bool)
    inside[pattern.rows, pattern.columns] = True
    assert (p.jacobian(x)[~inside] == 0).all()
    assert pattern.nonzeros == inside.sum()


def test_broyden_has_three_diagonals_and_needs_three_passes() -> None:
    p = gradcalc.compile(broyden(50))
    x = np.linspace(-1, 1, 50)
    assert p.pattern.nonzeros == 148 <= most_entries(p.schedule) <= 20 * 50
    colours = colour(p.pattern.rows, p.pattern.columns, p.pattern.shape)
    assert colours.max() == 2
    expected = np.diag(3 - 4 * x) - np.eye(50, k=-1) - 2 * np.eye(50, k=1)
    np.testing.assert_allclose(p.sparse_jacobian(x).toarray(), expected, rtol=1e-15)


def test_only_slopes_that_change_are_computed_at_a_point() -> None:
    p = gradcalc.compile(broyden(50))
    cells = sum(step.cells.stop - step.cells.start for step in p.pattern.steps)
    assert cells == 50  # the diagonal; its neighbours are the constants -1 and -2


def test_an_arrow_needs_two_reverse_passes_and_a_dense_row_costs_its_entries() -> None:
    n = 40
    names = [f"x{i}" for i in range(n)]
    p = gradcalc.compile(", ".join(f"{name}**2" for name in names) + ", " + "+".join(names))
    pattern = p.pattern
    assert pattern.nonzeros == 2 * n
    reverse = colour(pattern.columns, pattern.rows, pattern.shape[::-1])
    assert reverse.max() + 1 == 2


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("x1**2, sqrt(x2)", [2.0, 0.0], [[4, 0], [0, np.inf]]),
        ("where(x > 0, sqrt(x), 3*x)", [0.0], [[3]]),
        ("where(x > 0, log(x), y)", [-1.0, 2.0], [[0, 1]]),
        ("log(x)", [-1.0], [[np.nan]]),
        ("x, 5, x - x", [1.0], [[1], [0], [0]]),
    ],
)
def test_structural_zeros_stay_zero_and_undefined_values_have_no_slope(
    text: str, x: list[float], expected: list[list[float]]
) -> None:
    np.testing.assert_array_equal(gradcalc.compile(text).sparse_jacobian(x).toarray(), expected)


@given(cases())
def test_columns_of_one_colour_never_meet_in_a_row(case: Case) -> None:
    pattern = case.program().pattern
    colours = colour(pattern.rows, pattern.columns, pattern.shape)
    seen = {(int(i), int(colours[j])) for i, j in zip(pattern.rows, pattern.columns, strict=True)}
    assert len(seen) == pattern.nonzeros


ODD = ["log(x)+y", "sqrt(max(x,y))", "sqrt(min(x,y))*x, y", "log(x)*0+y, x", "1/0*x, exp(1000)*y"]
ODD += ["where(x > 0, log(x), y)", "x**y, x/y, x*1e308*y", "max(sqrt(x), y), clamp(x, 0, y)**0.5"]
ODD += ["sum([sqrt(max(x, y)), log(x*y), y]), x+y", "sqrt(x)*sqrt(y)+max(x,y)", "abs(x)**0.5-y"]


@pytest.mark.parametrize("text", ODD)
def test_at_odd_points_a_sparse_jacobian_is_the_dense_one(text: str) -> None:
    program = gradcalc.compile(text)
    for x in (-1.0, 0.0, -0.0, 1.0, 1e200):
        for y in (-1.0, 0.0, 2.0, 1e200):
            point = [x, y][: len(program.variables)]
            dense = program.jacobian(point)
            np.testing.assert_array_equal(program.sparse_jacobian(point).toarray(), dense)


@pytest.mark.parametrize(
    "text",
    ["where(-60 < pi, pi, sqrt(-1 - x**2)) + x**8", "where(1 < 2, x, sqrt(x - 1))*y",
     "where(2 < 1, log(x), y)", "max(1, 2)*x + where(1 > 0, 3, 1/x)"],
)  # fmt: skip
def test_a_branch_that_is_never_taken_is_a_structural_zero(text: str) -> None:
    p = gradcalc.compile(text)
    x = np.zeros(len(p.variables))
    np.testing.assert_array_equal(p.sparse_jacobian(x).toarray(), p.jacobian(x))
