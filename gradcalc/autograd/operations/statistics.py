"""Norms, spread and softmax: reductions with something done before and after.

Each is one node, as in PyTorch, with its slope in terms of the input and of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import get_default_dtype, int_product, numpy_type
from gradcalc.autograd.core.node import Node, type_name
from gradcalc.autograd.core.record import OUT, recorded
from gradcalc.autograd.core.registry import function, operation
from gradcalc.autograd.core.tensor import Tensor, attach, place, save, tracks, wrap
from gradcalc.autograd.operations.complexes import direction
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.elementwise import FUNCTION, flat
from gradcalc.autograd.operations.reductions import Axes, amax, amin, axes_of, spread
from gradcalc.autograd.operations.singular import svdvals
from gradcalc.autograd.operations.structural import movedim, several_axes


def _result(x: Tensor, array: Any, axes: tuple[int, ...], keepdim: bool) -> Any:
    """``array``, computed with the axes kept, as wide as x's numbers and without them if asked."""
    array = array.astype(x._array.dtype if x._array.dtype.kind == "f" else array.dtype, copy=False)
    return array if keepdim else array.squeeze(axes)


def _floating(x: Tensor, complaint: str) -> None:
    if x._array.dtype.kind not in "fc":
        raise RuntimeError(complaint.format(type_name(x._array.dtype)))


def _is_zero(like: Any, x: Any = None) -> Any:
    """1 where x is 0, to divide by instead, in the type of ``like``."""
    return (_array(like if x is None else x) == 0).astype(_array(like).dtype)


def _array(x: Any) -> Any:
    return x._array if isinstance(x, Tensor) else x


# --- Norms --------------------------------------------------------------------------------------


def _slope_of_norm(p: float, axes: tuple[int, ...], to_all: Callable[[Any], Any]) -> Any:
    """sign(x) (|x|/‖x‖)^(p-1), and 0 at the origin: the subgradient of least norm."""

    def slope(v: Any, x: Any, size: Any) -> Any:
        v, length = to_all(v), to_all(size + _is_zero(size))
        if p == 2:
            return v * x / length
        if p == 1:
            return flat(v * _sign(x), x)
        if abs(p) == np.inf:  # ties share
            chosen = np.abs(_array(x)) == to_all(_array(size))
            share = chosen / chosen.sum(axes, keepdims=True).astype(_array(size).dtype)
            return flat(v * share * _sign(x), x)
        if p < 0:
            v = v * (1 - to_all(_is_zero(size)))
        return v * _sign(x) * (_size(x) / length + _is_zero(size, x)) ** (p - 1)

    return slope


def _sign(x: Any) -> Any:
    """Of a real number it is flat, of a complex one it turns."""
    return direction(x) if _array(x).dtype.kind == "c" else np.sign(_array(x))


def _size(x: Any) -> Any:
    if _array(x).dtype.kind != "c":
        return x * np.sign(_array(x))
    return FUNCTION["abs"](x) if isinstance(x, Tensor) else np.abs(x)


@function()
def vector_norm(
    x: Tensor, ord: Any = 2, dim: Axes = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """The p-norm over ``dim``, over everything and Euclidean by default."""
    _floating(x, "linalg.vector_norm: Expected a floating point or complex tensor as input. Got {}")
    x = x if dtype is None else convert(x, numpy_type(dtype))
    axes = axes_of(dim, x.ndim)
    if abs(ord) == np.inf or ord < 0:
        _has_an_extreme(x, axes, dim is None)
    found = _result(x, _norm(x._array, ord, axes), axes, keepdim)
    slope = _slope_of_norm(ord, axes, spread(x._array.shape, axes)) if ord else None
    return recorded(found, "LinalgVectorNormBackward0", slope, x, saves=(x, OUT))


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
def norm(x: Tensor, p: Any = "fro", dim: Axes = None, keepdim: bool = False,
         dtype: Any = None) -> Any:  # fmt: skip
    """The p-norm over ``dim``, over everything and Euclidean by default."""
    if p == "nuc":
        return matrix_norm(x, "nuc", dim or (-2, -1), keepdim)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"norm: {p!r} is not a norm that is known here")
    return vector_norm(x, 2 if p in (None, "fro") else p, dim, keepdim, dtype=dtype)


def _norm(array: Any, p: Any, axes: tuple[int, ...]) -> Any:
    if array.dtype == np.float16:
        array = array.astype(np.float32)
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


def matrix_norm(
    x: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """The norm of a matrix: Frobenius, nuclear, or that of the linear map for 1, 2 and inf."""
    _floating(x, "linalg.matrix_norm: Expected a floating point or complex tensor as input. Got {}")
    x = x if dtype is None else convert(x, numpy_type(dtype))
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
    sizes = svdvals(movedim(x, (row, column), (-2, -1)))
    found = sizes.sum(-1) if ord == "nuc" else (amax if ord == 2 else amin)(sizes, -1)
    return movedim(found[..., None, None], (-2, -1), (row, column)) if keepdim else found


def linalg_norm(
    x: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
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
        return matrix_norm(x, ord, dim or (-2, -1), keepdim, dtype=dtype)
    return vector_norm(x, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


@operation()
def dist(x: Tensor, y: Tensor, p: Any = 2) -> Any:
    """The p-norm of the difference."""
    return vector_norm(x - y, p)


# --- Spread -------------------------------------------------------------------------------------


def _slopes_of_spread(shape: Any, axes: tuple[int, ...], less: float) -> tuple[Any, Any]:
    """Of the variance 2 (x - mean)/(n - correction); of its root that over twice the root."""
    to_all, count = spread(shape, axes), int_product(shape[k] for k in axes)

    def of_variance(v: Any, x: Any, *_: Any) -> Any:
        left = count - less
        return to_all(v) * ((x - to_all(x.sum(axes) / count)) * (2 / left if left > 0 else np.inf))

    def of_root(v: Any, x: Any, root: Any) -> Any:
        halved = v / (2 * (root + _is_zero(root))) * (1 - _is_zero(root))
        return of_variance(halved, x)

    return of_variance, of_root


class _WithMean(Node):
    """Two outputs: the spread and the average."""

    outputs = 2

    def __init__(self, slope: Callable[..., Any], average: Callable[..., Any]) -> None:
        self.slope, self.average = slope, average

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
        to_spread, to_mean = cotangents
        saved = self.unpack(tracked)
        parts = [] if to_spread is None else [self.slope(to_spread, *saved)]
        parts += [] if to_mean is None else [self.average(to_mean)]
        return (parts[0] if len(parts) == 1 else parts[0] + parts[1],)


class VarMeanBackward0(_WithMean):
    """Of ``var_mean``."""


class StdMeanBackward0(_WithMean):
    """Of ``std_mean``."""


def _spread(name: str, root: bool) -> Any:
    measure = np.std if root else np.var
    noun = "standard deviation" if root else "variance"

    def asked(x: Tensor, dim: Any, unbiased: bool, correction: Any, what: str) -> Any:
        """The axes, and what is subtracted from n; the old signature is ``var(unbiased)``."""
        _floating(x, what)
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        axes = axes_of(dim, x.ndim)
        less = correction if correction is not None else int(unbiased)
        return axes, less, _slopes_of_spread(x._array.shape, axes, less)[root]

    def spread_of(
        x: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
        correction: Any = None,
    ) -> Any:  # fmt: skip
        kinds = "std and var only support floating point and complex dtypes"
        axes, less, slope = asked(x, dim, unbiased, correction, kinds)
        found = _result(x, measure(x._array, axis=axes, ddof=less, keepdims=True), axes, keepdim)
        return recorded(found, f"{name.capitalize()}Backward0", slope, x,
                        saves=(x, OUT) if root else (x,))  # fmt: skip

    def spread_and_mean(
        x: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
        correction: Any = None,
    ) -> Any:  # fmt: skip
        kinds = f"{name}_mean only support floating point and complex dtypes"
        axes, less, slope = asked(x, dim, unbiased, correction, kinds)
        found = wrap(measure(x._array, axis=axes, ddof=less, keepdims=keepdim))
        average = wrap(x._array.mean(axis=axes, keepdims=keepdim))
        if tracks(x):
            to_all = spread(x._array.shape, axes)
            count = int_product(x._array.shape[k] for k in axes)
            node = (StdMeanBackward0 if root else VarMeanBackward0)(
                slope, lambda v: to_all(v / count)
            )
            own = ((found._array, found._counter, 0, None),) if root else ()
            node.saved = save(x) + own
            attach(found, node, x)
            attach(average, node, x)
            if average._tracked:
                place(average, (node, 1))
        return found, average

    spread_of.__name__, spread_and_mean.__name__ = name, f"{name}_mean"
    spread_of.__doc__ = f"The {noun}, over n - 1; ``correction=0`` or ``unbiased=False``: over n."
    spread_and_mean.__doc__ = f"The {noun} and the mean."
    function()(spread_and_mean)
    return operation()(spread_of)


var, std = _spread("var", False), _spread("std", True)


# --- Exponentials, summed -----------------------------------------------------------------------


def _log_sum(array: Any, axes: tuple[int, ...]) -> Any:
    """log(sum(exp(x))), without overflow; an infinite largest is the answer itself."""
    top = array.max(axis=axes, keepdims=True, initial=-np.inf)
    finite = np.where(np.isfinite(top), top, 0).astype(array.dtype)
    return np.log(np.exp(array - finite).sum(axis=axes, keepdims=True)) + finite


def _exp(x: Any) -> Any:
    return FUNCTION["exp"](x) if isinstance(x, Tensor) else np.exp(x)


@operation()
def logsumexp(x: Tensor, dim: Axes, keepdim: bool = False) -> Any:
    """log(sum(exp(x))) over ``dim``."""
    if x._array.dtype.kind in "iub":
        x = convert(x, get_default_dtype().numpy)
    axes = axes_of(dim, x.ndim)
    if x._array.dtype.kind == "c":
        largest = wrap(
            np.where(np.isfinite(tops := x._array.real.max(axes, keepdims=True)), tops, 0)
        )
        total = FUNCTION["exp"](x - largest).sum(axes, True).log() + largest
        return total if keepdim else total.squeeze(axes)
    found, to_all = _result(x, _log_sum(x._array, axes), axes, keepdim), spread(x.shape, axes)

    def slope(v: Any, x: Any, out: Any) -> Any:
        return to_all(v) * _exp(x - to_all(out))

    return recorded(found, "LogsumexpBackward0", slope, x, saves=(x, OUT))


def _soft(name: str, node: str, of_logs: Any, slope: Any) -> Any:
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
        array = np.ascontiguousarray(of_logs(x._array - _log_sum(x._array, axes)))
        to_all = spread(x._array.shape, axes)
        return recorded(_result(x, array.reshape(x._array.shape), axes, True), node,
                        lambda v, out: slope(v, out, lambda u: to_all(u.sum(axes))), x,
                        saves=(OUT,))  # fmt: skip

    soft.__name__ = name
    soft.__doc__ = "exp(x) over its sum along ``dim``, or the logarithm of that."
    return operation()(soft)


softmax = _soft("softmax", "SoftmaxBackward0", np.exp,
                lambda v, out, total: out * (v - total(v * out)))  # fmt: skip
log_softmax = _soft("log_softmax", "LogSoftmaxBackward0", lambda logs: logs,
                    lambda v, out, total: v - _exp(out) * total(v))  # fmt: skip
