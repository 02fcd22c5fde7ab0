"""Python functions of numpy become programs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gradcalc
from gradcalc.errors import UsageError

X = np.array([0.5, 2.0, 1.5])


def loop(x: Any) -> Any:
    total = 0
    for i in range(len(x)):
        total = total + x[i] ** i / (i + 1)
    return total


def item_assignment(x: Any) -> Any:
    y = np.zeros_like(x)
    y[0] = x[1] * x[2]
    y[1:] = x[:2] ** 2
    return y


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x,
        lambda x: x[0] * x[1] + 3,
        lambda x: 2 / x - 1,
        lambda x: 2**x + x**2 + x**x,
        lambda x: x % 0.7,
        lambda x: -abs(x),
        lambda x: [x[0], x[1] * 2, 7.0],
        lambda x: (x.sum(), x.prod(), x.mean(), x.max(), x.min()),
        lambda x: np.sum(x) + np.prod(x) + np.mean(x) + np.max(x) + np.min(x),
        lambda x: np.sin(x) * np.exp(-x) + np.sqrt(x) + np.arctan2(x, 2) + np.log1p(x),
        lambda x: np.hypot(x, 1.0) + np.tanh(x) + np.cbrt(x) + np.maximum(x, 1.0),
        lambda x: np.where(x > 1, x, x**2),
        lambda x: np.where((x > 1) != (x < 3), x, 0),
        lambda x: np.clip(x, 0.7, 1.7),
        lambda x: x @ x,
        lambda x: np.dot(x, np.array([1.0, 2.0, 3.0])),
        lambda x: np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]) @ x,
        lambda x: x @ np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        lambda x: np.stack([x, 2 * x]).sum(axis=0),
        lambda x: np.concatenate([x, x[::-1]]),
        lambda x: np.stack([x, x**2]).mean(axis=1),
        lambda x: np.reshape(x, (3, 1)) * x,
        lambda x: x.reshape(1, 3).T @ x.reshape(1, 3),
        lambda x: np.linalg.norm(x),
        lambda x: np.add.reduce(x) * np.multiply.reduce(x),
        lambda x: np.ravel(np.ones_like(x) * x[:1]),
        lambda x: x.copy()[[2, 0, 0]],
        lambda x: x[x.shape[0] - 1] * x.size * x.ndim,
        lambda x: sum(list(x)),
        lambda x: np.array([1.0, 2.0, 3.0]) * x - np.float64(2) * x,
        loop,
        item_assignment,
    ],
)
def test_a_traced_function_has_the_values_of_the_function(f: Any) -> None:
    p = gradcalc.trace(f, 3)
    expected = np.ravel(np.asarray(f(X.copy()), dtype=float))
    np.testing.assert_allclose(p(X), expected, rtol=1e-14)
    assert p.variables == ("x0", "x1", "x2")
    assert p.outputs == tuple(f"f{i + 1}" for i in range(expected.size))
    nudged = [f(X + 1e-6 * e) for e in np.eye(3)], [f(X - 1e-6 * e) for e in np.eye(3)]
    up, down = (np.array([np.ravel(np.asarray(value)) for value in side]) for side in nudged)
    np.testing.assert_allclose(p.jacobian(X), (up - down).T / 2e-6, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x[0] if x[0] > 0 else 0, "a branch on a traced value"),
        (lambda x: math.sin(x[0]), "a traced value has no number yet"),
        (lambda x: np.array([x[0], x[1]]), "cannot be put into a plain array"),
        (lambda x: np.spacing(x), "np.spacing cannot be traced"),
        (lambda x: np.linalg.inv(x.reshape(1, 3)), "np.inv cannot be traced"),
        (lambda x: np.sort(x), "np.sort cannot be traced"),
        (lambda x: np.add.accumulate(x), "np.add cannot be traced"),
        (lambda x: x[:0].sum(), "add of an empty array"),
    ],
)
def test_what_cannot_be_traced_is_refused_by_name(f: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        gradcalc.trace(f, 3)
