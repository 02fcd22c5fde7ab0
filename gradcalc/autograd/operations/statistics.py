"""Norms, spread and softmax: what is summed, with something done before and after.

Each is one node, as in PyTorch, with its slope in terms of the input and of the result.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import int_product
from gradcalc.autograd.core.node import Node
from gradcalc.autograd.core.tensor import Tensor, attach, method, save, tracks, wrap
from gradcalc.autograd.operations.elementwise import FUNCTION
from gradcalc.autograd.operations.reductions import Axes, axes_of, kept
from gradcalc.autograd.operations.structural import Shape, expand


class Statistic(Node):
    """A number for every group of slots, the groups being what ``axes`` run over."""

    def __init__(self, shape: Shape, axes: tuple[int, ...], option: Any = None) -> None:
        self.shape, self.axes, self.option = shape, axes, option

    def spread(self, v: Any) -> Any:
        """One number a group, as long as the input."""
        return expand(v.reshape(kept(self.shape, self.axes)), self.shape)


def _statistic(x: Tensor, array: Any, node: Statistic, keepdim: bool) -> Any:
    """``array``, computed with the axes kept, as the result of a node that saves x and it."""
    out = wrap(array if keepdim else array.squeeze(node.axes))
    if not tracks(x):
        return out
    node.saved = (*save(x), (out._array, out._counter, 0, None))
    return attach(out, node, x)


def _is_zero(x: Any) -> Any:
    """1 where x is 0, to divide by instead."""
    array = x._array if isinstance(x, Tensor) else x
    return (array == 0).astype(array.dtype)


# --- Norms --------------------------------------------------------------------------------------


class LinalgVectorNormBackward0(Statistic):
    """sign(x) (|x|/‖x‖)^(p-1), and 0 at the origin: the subgradient of least norm."""

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        x, size = saved
        v, p = self.spread(v), self.option
        if p == 2:
            return (v * x / self.spread(size + _is_zero(size)),)
        numbers = x._array if isinstance(x, Tensor) else x
        sign = np.sign(numbers)
        if p == 0:
            return (v * 0.0,)
        if p == 1:
            return (v * sign,)
        if abs(p) == np.inf:  # ties share
            norm = size._array if isinstance(size, Tensor) else size
            chosen = np.abs(numbers) == norm.reshape(kept(self.shape, self.axes))
            share = sign * chosen / chosen.sum(self.axes, keepdims=True).astype(numbers.dtype)
            return (v * share,)
        length = (x * sign) / self.spread(size + _is_zero(size))
        return (v * sign * (length + _is_zero(x)) ** (p - 1),)


@method("norm")
def norm(x: Tensor, p: Any = 2, dim: Axes = None, keepdim: bool = False) -> Any:
    """The p-norm over ``dim``, over everything and Euclidean by default."""
    axes = axes_of(dim, x.ndim)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"norm: {p!r} is not a norm that is known here")
    p = 2 if p in (None, "fro") else p
    node = LinalgVectorNormBackward0(x._array.shape, axes, p)
    return _statistic(x, _norm(x._array, p, axes), node, keepdim)


def _norm(array: Any, p: Any, axes: tuple[int, ...]) -> Any:
    if p == 2:
        return np.sqrt(np.square(array).sum(axis=axes, keepdims=True))
    sizes = np.abs(array)
    if abs(p) == np.inf:
        return (np.max if p > 0 else np.min)(sizes, axis=axes, keepdims=True)
    if p == 0:
        return (array != 0).astype(array.dtype).sum(axis=axes, keepdims=True)
    total = (sizes if p == 1 else sizes**p).sum(axis=axes, keepdims=True)
    return total if p == 1 else total ** (1 / p)


@method("dist")
def dist(x: Tensor, y: Tensor, p: Any = 2) -> Any:
    """The p-norm of the difference."""
    return norm(x - y, p)


# --- Spread -------------------------------------------------------------------------------------


class VarBackward0(Statistic):
    """2 (x - mean) / (n - correction)."""

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (self.spread(v) * self.slope(saved[0]),)

    def slope(self, x: Any) -> Any:
        count = int_product(self.shape[k] for k in self.axes)
        average = self.spread(x.sum(self.axes) / count)
        return (x - average) * (2 / max(count - self.option, 0)) if count > self.option else x / 0.0


class StdBackward0(VarBackward0):
    """The variance's slope over twice the deviation, and 0 where that is 0."""

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        x, deviation = saved
        halved = v / (2 * (deviation + _is_zero(deviation)))
        return (self.spread(halved) * self.slope(x),)


@method("var")
def var(
    x: Tensor, dim: Axes = None, keepdim: bool = False, correction: int = 1, unbiased: bool = True
) -> Any:
    """The variance, divided by n - 1; ``unbiased=False`` or ``correction=0``: by n."""
    correction = correction if unbiased else 0
    axes = axes_of(dim, x.ndim)
    array = np.var(x._array, axis=axes, ddof=correction, keepdims=True)
    return _statistic(x, array, VarBackward0(x._array.shape, axes, correction), keepdim)


@method("std")
def std(
    x: Tensor, dim: Axes = None, keepdim: bool = False, correction: int = 1, unbiased: bool = True
) -> Any:
    """The standard deviation, the root of ``var``."""
    correction = correction if unbiased else 0
    axes = axes_of(dim, x.ndim)
    array = np.std(x._array, axis=axes, ddof=correction, keepdims=True)
    return _statistic(x, array, StdBackward0(x._array.shape, axes, correction), keepdim)


# --- Exponentials, summed -----------------------------------------------------------------------


def _log_sum(array: Any, axes: tuple[int, ...]) -> Any:
    """log(sum(exp(x))), without overflow; an infinite largest is the answer itself."""
    top = array.max(axis=axes, keepdims=True)
    finite = np.where(np.isfinite(top), top, 0).astype(array.dtype)
    return np.log(np.exp(array - finite).sum(axis=axes, keepdims=True)) + finite


class LogsumexpBackward0(Statistic):
    """exp(x - out): the softmax."""

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        x, out = saved
        return (self.spread(v) * _exp(x - self.spread(out)),)


class SoftmaxBackward0(Statistic):
    """out (v - Σ v out)."""

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        out = saved[1]
        return (out * (v - self.spread((v * out).sum(self.axes))),)


class LogSoftmaxBackward0(Statistic):
    """v - exp(out) Σ v."""

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (v - _exp(saved[1]) * self.spread(v.sum(self.axes)),)


def _exp(x: Any) -> Any:
    return FUNCTION["exp"](x) if isinstance(x, Tensor) else np.exp(x)


@method("logsumexp")
def logsumexp(x: Tensor, dim: Axes, keepdim: bool = False) -> Any:
    """log(sum(exp(x))) over ``dim``."""
    axes = axes_of(dim, x.ndim)
    array = _log_sum(x._array, axes)
    return _statistic(x, array, LogsumexpBackward0(x._array.shape, axes), keepdim)


@method("softmax")
def softmax(x: Tensor, dim: int) -> Any:
    """exp(x) over its sum along ``dim``."""
    axes = axes_of(dim, x.ndim)
    array = np.exp(x._array - _log_sum(x._array, axes))
    return _statistic(x, array, SoftmaxBackward0(x._array.shape, axes), True)


@method("log_softmax")
def log_softmax(x: Tensor, dim: int) -> Any:
    """The logarithm of ``softmax``."""
    axes = axes_of(dim, x.ndim)
    array = x._array - _log_sum(x._array, axes)
    return _statistic(x, array, LogSoftmaxBackward0(x._array.shape, axes), True)


vector_norm = norm
