"""Norms, spread and softmax: what is summed, with something done before and after.

Each is one node, as in PyTorch, with its slope in terms of the input and of the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import get_default_dtype, int_product, numpy_type
from gradcalc.autograd.core.node import Node, type_name
from gradcalc.autograd.core.registry import function, operation
from gradcalc.autograd.core.tensor import Tensor, attach, place, save, tracks, wrap
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.elementwise import FUNCTION, flat
from gradcalc.autograd.operations.reductions import Axes, amax, amin, axes_of, kept
from gradcalc.autograd.operations.structural import Shape, expand, movedim, several_axes


class Statistic(Node):
    """A number for every group of slots, the groups being what ``axes`` run over."""

    def __init__(self, shape: Shape, axes: tuple[int, ...], option: Any = None) -> None:
        self.shape, self.axes, self.option = shape, axes, option

    def spread(self, v: Any) -> Any:
        """One number a group, as long as the input."""
        return expand(v.reshape(kept(self.shape, self.axes)), self.shape)


def _statistic(x: Tensor, array: Any, node: Statistic, keepdim: bool, saves: str = "x") -> Any:
    """``array``, computed with the axes kept, as the result of a node that saves x, it, or both."""
    array = array.astype(x._array.dtype if x._array.dtype.kind == "f" else array.dtype, copy=False)
    out = wrap(array if keepdim else array.squeeze(node.axes))
    if not tracks(x):
        return out
    own = ((out._array, out._counter, 0, None),) if "out" in saves else ()
    node.saved = (*(save(x) if "x" in saves else ()), *own)
    return attach(out, node, x)


def _floating(x: Tensor, complaint: str) -> None:
    if x._array.dtype.kind not in "fc":
        raise RuntimeError(complaint.format(type_name(x._array.dtype)))


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
            return (_flat(v * sign, x),)
        if abs(p) == np.inf:  # ties share
            norm = size._array if isinstance(size, Tensor) else size
            chosen = np.abs(numbers) == norm.reshape(kept(self.shape, self.axes))
            share = sign * chosen / chosen.sum(self.axes, keepdims=True).astype(numbers.dtype)
            return (_flat(v * share, x),)
        if p < 0:
            v = v * (1 - self.spread(_is_zero(size)))
        length = (x * sign) / self.spread(size + _is_zero(size))
        return (v * sign * (length + _is_zero(x)) ** (p - 1),)


def _flat(g: Any, x: Any) -> Any:
    return flat(g, [x]) if isinstance(g, Tensor) else g


@function()
def vector_norm(x: Tensor, ord: Any = 2, dim: Axes = None, keepdim: bool = False) -> Any:
    """The p-norm over ``dim``, over everything and Euclidean by default."""
    _floating(x, "linalg.vector_norm: Expected a floating point or complex tensor as input. Got {}")
    axes = axes_of(dim, x.ndim)
    if abs(ord) == np.inf or ord < 0:
        _has_an_extreme(x, axes, dim is None)
    node = LinalgVectorNormBackward0(x._array.shape, axes, ord)
    return _statistic(x, _norm(x._array, ord, axes), node, keepdim, "x out")


def _has_an_extreme(x: Tensor, axes: tuple[int, ...], whole: bool) -> None:
    empty = [k for k in axes if not x._array.shape[k]]
    if empty:
        where = "an empty tensor" if whole else f"the dimension {empty[0]}"
        because = "the operation" if whole else "this dimension is empty and the operation"
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the inf norm on {where}"
            f"{' ' if whole else ''}because {because} does not have an identity"
        )


@operation()
def norm(x: Tensor, p: Any = "fro", dim: Axes = None, keepdim: bool = False, **_: Any) -> Any:
    """The p-norm over ``dim``, over everything and Euclidean by default."""
    if p == "nuc":
        return matrix_norm(x, "nuc", dim or (-2, -1), keepdim)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"norm: {p!r} is not a norm that is known here")
    return vector_norm(x, 2 if p in (None, "fro") else p, dim, keepdim)


def _norm(array: Any, p: Any, axes: tuple[int, ...]) -> Any:
    if p == 2:
        sizes = np.abs(array) if array.dtype.kind == "c" else array
        return np.sqrt(np.square(sizes).sum(axis=axes, keepdims=True))
    sizes = np.abs(array)
    if abs(p) == np.inf:
        return (np.max if p > 0 else np.min)(sizes, axis=axes, keepdims=True)
    if p == 0:
        return (array != 0).astype(sizes.dtype).sum(axis=axes, keepdims=True)
    total = (sizes if p == 1 else sizes**p).sum(axis=axes, keepdims=True)
    return total if p == 1 else total ** (1 / p)


class LinalgSvdBackward0(Node):
    """Of singular values: u vᵀ of the one that counts, or of all of them."""

    def __init__(self, slope: Any, keepdim: bool) -> None:
        self.slope, self.keepdim = slope, keepdim

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        if isinstance(v, Tensor):
            raise RuntimeError("second derivatives of singular values are not here")
        return ((v if self.keepdim else v[..., None, None]) * self.slope,)


def matrix_norm(x: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False) -> Any:
    """The norm of a matrix: Frobenius, nuclear, or that of the linear map for 1, 2 and inf."""
    _floating(x, "linalg.matrix_norm: Expected a floating point or complex tensor as input. Got {}")
    if x.ndim < 2:
        raise RuntimeError(
            "linalg.matrix_norm: The input tensor A must have at least 2 dimensions."
        )
    row, column = several_axes(dim, x.ndim)
    if ord == "fro":
        return vector_norm(x, 2, (row, column), keepdim)
    if ord in (1, -1, np.inf, -np.inf):
        over, then = (row, column) if abs(ord) == 1 else (column, row)
        sums = vector_norm(x, 1, over, True)
        found = (amax if ord > 0 else amin)(sums, then, True)
        return found if keepdim else found.squeeze((row, column))
    if ord not in (2, -2, "nuc"):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    moved = movedim(x, (row, column), (-2, -1))
    u, s, vh = np.linalg.svd(moved._array, full_matrices=False)
    size = s.sum(-1) if ord == "nuc" else s[..., 0 if ord == 2 else -1]
    k = slice(None) if ord == "nuc" else slice(0, 1) if ord == 2 else slice(-1, None)
    out = wrap(np.asarray(size)[..., None, None] if keepdim else size)
    if tracks(moved):
        attach(out, LinalgSvdBackward0(u[..., k] @ vh[..., k, :], keepdim), moved)
    return movedim(out, (-2, -1), (row, column)) if keepdim else out


def linalg_norm(x: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False) -> Any:
    """``torch.linalg.norm``: of a matrix where an order is given, of the numbers otherwise."""
    if ord is not None and dim is None and x.ndim not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{x.ndim}D."
        )
    if ord is not None and (
        (dim is None and x.ndim == 2) or isinstance(ord, str)
        or (dim is not None and not isinstance(dim, int) and len(dim) == 2)
    ):  # fmt: skip
        return matrix_norm(x, ord, dim or (-2, -1), keepdim)
    return vector_norm(x, 2 if ord is None else ord, dim, keepdim)


@operation()
def dist(x: Tensor, y: Tensor, p: Any = 2) -> Any:
    """The p-norm of the difference."""
    return vector_norm(x - y, p)


# --- Spread -------------------------------------------------------------------------------------


class VarBackward0(Statistic):
    """2 (x - mean) / (n - correction)."""

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (self.spread(v) * self.slope(saved[0]),)

    def slope(self, x: Any) -> Any:
        count = int_product(self.shape[k] for k in self.axes)
        average = self.spread(x.sum(self.axes) / count)
        left = count - self.option
        return (x - average) * (2 / left if left > 0 else np.inf)


class StdBackward0(VarBackward0):
    """The variance's slope over twice the deviation, and 0 where that is 0."""

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        x, deviation = saved
        halved = v / (2 * (deviation + _is_zero(deviation))) * (1 - _is_zero(deviation))
        return (self.spread(halved) * self.slope(x),)


class VarMeanBackward0(VarBackward0):
    """Two outputs: the spread and the average."""

    outputs = 2
    spread_only: type[VarBackward0] = VarBackward0

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
        to_spread, to_mean = cotangents
        saved = self.unpack(tracked)
        parts: list[Any] = []
        if to_spread is not None:
            parts += self.spread_only.backward(self, to_spread, *saved)
        if to_mean is not None:
            count = int_product(self.shape[k] for k in self.axes)
            parts.append(self.spread(to_mean / count))
        return (parts[0] if len(parts) == 1 else parts[0] + parts[1],)


class StdMeanBackward0(VarMeanBackward0):
    spread_only = StdBackward0


def _correction(dim: Any, correction: Any, unbiased: bool) -> tuple[Any, int]:
    """The old signature ``var(unbiased)`` beside the new one."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return dim, correction if correction is not None else int(unbiased)


def _spread(name: str, root: bool) -> Any:
    kind = StdBackward0 if root else VarBackward0

    def spread(
        x: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
        correction: int | None = None,
    ) -> Any:  # fmt: skip
        _floating(x, "std and var only support floating point and complex dtypes")
        dim, less = _correction(dim, correction, unbiased)
        axes = axes_of(dim, x.ndim)
        array = (np.std if root else np.var)(x._array, axis=axes, ddof=less, keepdims=True)
        node = kind(x._array.shape, axes, less)
        return _statistic(x, array, node, keepdim, "x out" if root else "x")

    def spread_and_mean(
        x: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
        correction: int | None = None,
    ) -> Any:  # fmt: skip
        _floating(x, f"{name}_mean only support floating point and complex dtypes")
        dim, less = _correction(dim, correction, unbiased)
        axes = axes_of(dim, x.ndim)
        spread_of = wrap((np.std if root else np.var)(x._array, axis=axes, ddof=less,
                                                      keepdims=keepdim))  # fmt: skip
        average = wrap(x._array.mean(axis=axes, keepdims=keepdim))
        if tracks(x):
            node = (StdMeanBackward0 if root else VarMeanBackward0)(x._array.shape, axes, less)
            node.saved = save(x) + (
                ((spread_of._array, spread_of._counter, 0, None),) if root else ())  # fmt: skip
            attach(spread_of, node, x)
            attach(average, node, x)
            if average._tracked:
                place(average, (node, 1))
        return spread_of, average

    noun = "standard deviation" if root else "variance"
    spread.__name__, spread_and_mean.__name__ = name, f"{name}_mean"
    spread.__doc__ = f"The {noun}, over n - 1; ``correction=0`` or ``unbiased=False``: over n."
    spread_and_mean.__doc__ = f"The {noun} and the mean."
    function()(spread_and_mean)
    return operation()(spread)


var, std = _spread("var", False), _spread("std", True)


# --- Exponentials, summed -----------------------------------------------------------------------


def _log_sum(array: Any, axes: tuple[int, ...]) -> Any:
    """log(sum(exp(x))), without overflow; an infinite largest is the answer itself."""
    top = array.max(axis=axes, keepdims=True, initial=-np.inf)
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
        out = saved[0]
        return (out * (v - self.spread((v * out).sum(self.axes))),)


class LogSoftmaxBackward0(Statistic):
    """v - exp(out) Σ v."""

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (v - _exp(saved[0]) * self.spread(v.sum(self.axes)),)


def _exp(x: Any) -> Any:
    return FUNCTION["exp"](x) if isinstance(x, Tensor) else np.exp(x)


@operation()
def logsumexp(x: Tensor, dim: Axes, keepdim: bool = False) -> Any:
    """log(sum(exp(x))) over ``dim``."""
    if x._array.dtype.kind in "iub":
        x = convert(x, get_default_dtype().numpy)
    axes = axes_of(dim, x.ndim)
    array = _log_sum(x._array, axes)
    return _statistic(x, array, LogsumexpBackward0(x._array.shape, axes), keepdim, "x out")


def _soft(name: str, kind: type[Statistic], of_logs: Any) -> Any:
    def soft(x: Tensor, dim: int, dtype: Any = None) -> Any:
        if not isinstance(dim, int):
            raise TypeError(f"{name}(): argument 'dim' (position 1) must be int, not "
                            f"{type(dim).__name__}")  # fmt: skip
        if dtype is not None:
            x = convert(x, numpy_type(dtype))
        if x._array.dtype.kind != "f":
            raise NotImplementedError(
                f"\"{name}_lastdim_kernel_impl\" not implemented for '{type_name(x._array.dtype)}'"
            )
        axes = axes_of(dim, x.ndim)
        array = of_logs(x._array - _log_sum(x._array, axes))
        return _statistic(x, array, kind(x._array.shape, axes), True, "out")

    soft.__name__ = name
    soft.__doc__ = "exp(x) over its sum along ``dim``, or the logarithm of that."
    return operation()(soft)


softmax = _soft("softmax", SoftmaxBackward0, np.exp)
log_softmax = _soft("log_softmax", LogSoftmaxBackward0, lambda logs: logs)
