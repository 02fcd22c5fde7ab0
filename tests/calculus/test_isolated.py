"""Points that a formula treats apart: the slopes are limits of the branch around them, through
every door of a program."""

from __future__ import annotations

import numpy as np
import pytest

import gradcalc

EXPM1 = "where(x == 0, 1, (exp(x)-1)/x)"


def test_every_derivative_at_one_point_is_the_limit() -> None:
    p = gradcalc.compile(EXPM1)
    assert p.gradient([0.0]) == [0.5]
    assert p.jacobian([0.0]) == [[0.5]]
    assert p.vjp([0.0], [2.0]) == [1.0]
    assert p.jvp([0.0], [3.0]) == [1.5]
    assert p.sparse_jacobian([0.0]).toarray() == [[0.5]]
    assert p.hessian([0.0]) == pytest.approx(np.array([[1 / 3]]), rel=1e-15)
    assert p.hvp([0.0], [3.0]) == pytest.approx(np.array([1.0]), rel=1e-15)


@pytest.mark.parametrize("count", [3, 5_000])
def test_among_many_points_too(count: int) -> None:
    p = gradcalc.compile("where(x == y, x, (x-y)/log(x/y))")
    x = np.column_stack([np.full(count, 20.0), np.linspace(20, 30, count)])
    entries = p.jacobian(x)
    assert entries[0] == pytest.approx(np.array([[0.5, 0.5]]), rel=1e-15)
    assert entries[1] == pytest.approx(p.jacobian(x[1]), rel=1e-12)
    assert p.jvp(x, [1.0, 0.0])[0] == pytest.approx(0.5, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "x", "gradient", "hessian"),
    [
        ("where(a == b, a, (a-b)/log(a/b))", (20, 20), [0.5, 0.5], [[-1, 1], [1, -1]]),
        ("120*where(x == y, x, x*y)", (1, 1), [120, 120], [[0, 120**2], [120**2, 0]]),
        ("where(not x != 0, 1, sin(x)/x)", (0,), [0], [[-40]]),
    ],
)
def test_second_derivatives(text: str, x: tuple[float, ...], gradient: list[float],
                            hessian: list[list[float]]) -> None:  # fmt: skip
    p = gradcalc.compile(text)
    assert p.gradient(x) == pytest.approx(np.array(gradient), abs=1e-14)
    assert 120 * p.hessian(x) == pytest.approx(np.array(hessian, float), abs=1e-12)


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("where(x == 0, 5, x)", 0.0),  # it jumps
        ("where(x == 0, 0, abs(x))", 0.0),  # a kink
        ("where(x == 0, 0, x*sin(1/x))", 0.0),  # no sides
        ("where(x == 1, 5, 3*x)", 3.0),  # elsewhere
        ("where(x <= 0, 0, x)", 0.0),  # not apart
    ],
)
def test_where_there_is_no_limit_the_branch_counts(text: str, slope: float) -> None:
    assert gradcalc.compile(text).gradient([0.0]) == [slope]


@pytest.mark.parametrize(
    "condition",
    [
        "abs(x) <= 0",
        "not x*x > 0",
        "-x**2 >= 0",
        "sqrt(x*x) <= 0",
        "0 >= hypot(x, x)",
        "norm(x) <= 0",
        "x**4 + max(abs(x), 0) <= 0",
    ],
)
def test_an_inequality_that_holds_at_one_point_is_an_equality(condition: str) -> None:
    p = gradcalc.compile(f"where({condition}, 1, (exp(x)-1)/x)")
    assert p.gradient([0.0]) == [0.5]
    assert p.gradient(np.array([[0.0], [2.0]]))[0] == [0.5]


@pytest.mark.parametrize("condition", ["x**3 <= 0", "x*abs(x) <= 0", "abs(x) <= 1e-9", "x <= 0"])
def test_one_that_holds_around_the_point_is_none(condition: str) -> None:
    p = gradcalc.compile(f"where({condition}, 1, (exp(x)-1)/x)")
    assert not p.isolated
    assert p.gradient([0.0]) == [0.0]
