"""What is undefined at a point has no finite slope there, among many points as well as alone."""

from __future__ import annotations

import numpy as np
import pytest

import gradcalc
from gradcalc.engine.unwatched import telling_below


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("x*y/4 - (3*y)**2", [1e300, 1e300]),
        ("x*x + y*x", [-1e300, 1e300]),
        ("relu(cos(y*x))", [1e300, 1e300]),
        ("max(sin(x*x), -2)", [1e200]),
        ("relu(cosh(x*y*(2 - 2)))", [1e300, 1e300]),
        ("tanh(relu(sin(exp(x))))", [800.0]),
        ("(x*x - x*x) + 1/x", [1e200]),
    ],
)
def test_no_finite_slope_where_an_overflow_made_the_value_undefined(
    text: str, point: list[float]
) -> None:
    program = gradcalc.compile(text)
    with np.errstate(all="ignore"):
        alone = program.jacobian(point)
        many = program.jacobian(np.tile(point, (1000, 1)))
    np.testing.assert_array_equal(many[-1], alone)


@pytest.mark.parametrize(
    ("text", "below"),
    [
        ("x1**2 + 3*x2", 1e100),
        ("x**2*x**2*x**2", 1e30),
        ("exp(-5000/T)*a*b", 1e100),
        ("tanh(x*y) + abs(x)", 1e100),
        ("x**2/y", 1e100),
        ("sin(x/y)*exp(-3/x)", 1e100),
        ("log(x)", 0),
        ("x + 1/0", 0),
        ("where(x > 0, 1/y, x)", 0),
        ("floor(1/x)*y", 0),
        ("relu(exp(x))", 0),
        ("*".join(f"x{k}" for k in range(20)), 0),
    ],
)
def test_up_to_where_slopes_tell(text: str, below: float) -> None:
    assert telling_below(gradcalc.compile(text).graph) == below
