"""Python functions of numpy become programs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import optimize, special

import gradcalc
from gradcalc.errors import UsageError

X = np.array([0.5, 2.0, 1.5])


def loop(x: Any) -> Any:
    total = 0
    for i in range(len(x)):
        total = total + x[i] ** i / (i + 1)
    return total


def in_place(x: Any) -> Any:
    y = x.copy()
    tail = y[1:]
    tail *= 2  # a view: y changes with it
    first = y[0]
    first += 5  # a number: y stays
    y -= x[::-1]
    return np.append(y, first)


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
        lambda x: np.fmod(-x, 0.7) + x // 0.7 * x + 5.3 // x,
        lambda x: np.heaviside(x - 1, 0.5) * x + np.ptp(x),
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
        lambda x: x / np.sum(x, keepdims=True),
        lambda x: np.linalg.norm(x[[0, 1, 1, 2]].reshape(2, 2), axis=1),
        lambda x: np.array([x[0] * x[1], np.sin(x[2])]),
        lambda x: np.array([[x[0], 1], [x[1], x[2]]]).sum(axis=0) @ np.array([x[0], x[1]]),
        lambda x: np.exp(np.asarray(x)) + np.array([x[0], 2, x[1]]),
        optimize.rosen,
        lambda x: optimize.rosen(x) * x,
        lambda x: np.cross(x, [1.0, 2.0, 3.0]),
        lambda x: np.outer(x, x) + np.multiply.outer(x, x),
        lambda x: np.inner(x, x) + np.vdot(x, x),
        lambda x: np.einsum("i,j,ij->j", x, x, np.outer(x, x)),
        lambda x: np.diff(x) * np.ediff1d(x),
        lambda x: np.cumsum(x) + np.cumprod(x) + np.add.accumulate(x),
        lambda x: np.std(x) * np.var(x) + x.std(ddof=1) + np.var(np.outer(x, x), axis=0, ddof=1),
        lambda x: np.hstack([x, 1.0, x[::2]]),
        lambda x: np.vstack([x, 2 * x]) * np.column_stack([x, x]).T,
        lambda x: np.roll(x, 1) - np.flip(x),
        lambda x: np.append(x, x[0]) * np.repeat(x, 2)[:4],
        lambda x: np.trace(np.outer(x, x)) + np.diag(np.outer(x, x)),
        lambda x: np.linalg.det(np.diag(x) + 0.5),
        lambda x: np.linalg.inv(np.diag(x) + 0.5),
        lambda x: np.linalg.solve(np.diag(x) + 0.5, x**2),
        lambda x: np.linalg.matrix_power(np.outer(x, x) / 9, 3),
        lambda x: np.logaddexp(x, x[::-1]) + np.logaddexp(x, 1),
        lambda x: np.sum(np.outer(x, x), axis=(0, 1), keepdims=True),
        lambda x: np.mean(np.outer(x, x), axis=-1, keepdims=True),
        lambda x: np.max(np.outer(x, [1.0, 2.0]), axis=1) + np.amin(x),
        lambda x: np.average(x, weights=[1.0, 2.0, 3.0]),
        lambda x: np.kron(x, x[:2]) + np.tensordot(np.outer(x, x), x, 1)[0],
        lambda x: np.polyval([1.0, 2.0, 3.0], x) + np.trapezoid(x),
        lambda x: np.tril(np.outer(x, x)) + np.triu(np.outer(x, x), 1) * 2,
        lambda x: np.convolve(x, x)[:3],
        lambda x: np.select([x < 1, x < 1.8], [x**2, x**3], x),
        lambda x: np.clip(x, None, 1.0) + np.clip(x, 1.0, None) + x.clip(0.6, 1.6),
        lambda x: np.full_like(x, 2.0) * x + np.reciprocal(x) + np.deg2rad(x),
        lambda x: np.maximum(x, 1.0) + np.fmin(x, 1.0) + np.remainder(x, 0.7) * np.trunc(x + 0.1),
        lambda x: np.float_power(x, 3) + np.positive(x) - np.negative(x) + np.fabs(x),
        lambda x: special.expit(x) + special.erf(x) + special.gammaln(x) + special.xlogy(x, x),
        lambda x: np.array_split(x, 2)[0] * np.squeeze(x[None])[:2],
        lambda x: x.reshape((3, 1)).swapaxes(0, 1).ravel() @ np.eye(3)[:, :2],
        loop,
        item_assignment,
        in_place,
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
        (lambda x: np.spacing(x), "np.spacing cannot be traced"),
        (lambda x: np.linalg.inv(x.reshape(1, 3)), "inv takes a square matrix"),
        (lambda x: np.linalg.eigvals(x.reshape(1, 3)), "np.linalg.eigvals cannot be traced"),
        (lambda x: np.linalg.det(np.array([[x[0], 1], [x[1], 2]])), "cannot be traced"),
        (lambda x: {"a": x[0]}, "a dict is no array of numbers"),
        (lambda x: None, "the function returns nothing"),
        (lambda x: "x", "a str is no array of numbers"),
        (lambda x: [x[0], x[:2]], "a sequence of arrays of shapes"),
        (lambda x: x[x > 1], "which elements are taken would differ"),
        (lambda x: np.where(x > 1), "np.where of a condition alone"),
        (lambda x: np.median(x), "np.median cannot be traced"),
        (lambda x: np.interp(x, [0.0, 1.0], [1.0, 2.0]), "np.interp cannot be traced"),
        (lambda x: np.fft.fft(x), "cannot be traced"),
        (lambda x: np.nextafter(x, 1.0), "np.nextafter cannot be traced"),
        (lambda x: x + np.ones(2), "they do not broadcast"),
        (lambda x: np.add(np.ones(3), x, out=np.zeros(3)), "an array that is there"),
        (lambda x: range(int(x[0])), "no number yet"),
        (lambda x: np.argmax(x), "np.argmax cannot be traced"),
        (lambda x: x.any(), "cannot be traced"),
        (lambda x: np.sort(x), "np.sort cannot be traced"),
        (lambda x: np.subtract.accumulate(x), "np.subtract cannot be traced"),
        (lambda x: x[:0].sum(), "sum of an empty array"),
    ],
)
def test_what_cannot_be_traced_is_refused_by_name(f: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        gradcalc.trace(f, 3)
