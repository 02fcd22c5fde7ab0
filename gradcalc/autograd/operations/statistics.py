"""Norms, spread and softmax: reductions with something done before and after.

Each is one node, as in PyTorch, with its slope in terms of the input and of the result.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from gradcalc.autograd.composite import composite
from gradcalc.autograd.core.dtypes import get_default_dtype
from gradcalc.autograd.core.record import OUT, recorded, several
from gradcalc.autograd.core.refusals import expect, refuse
from gradcalc.autograd.core.registry import Ints, Kind, Number, declare, function, operation
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.operations.complexes import direction
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.elementwise import FUNCTION, flat
from gradcalc.autograd.operations.joining import cat
from gradcalc.autograd.operations.linear import svdvals
from gradcalc.autograd.operations.promotion import type_of_all
from gradcalc.autograd.operations.reductions import Over, amax, amin, cast, running
from gradcalc.autograd.operations.structural import axis, conj, movedim, several_axes


def _as_wide(x: Tensor, over: Over, array: Any) -> Any:
    """``array``, computed with the axes kept, as wide as x's numbers, and in its shape."""
    kind = x._array.dtype if x._array.dtype.kind == "f" else array.dtype
    return over.done(array.astype(kind, copy=False))


def _is_zero(x: Tensor) -> Any:
    """1 where x is 0, to divide by instead."""
    zeros: Tensor = wrap(x._array == 0)
    return convert(zeros, x._array.real.dtype)


# --- Norms --------------------------------------------------------------------------------------


def _slope_of_norm(p: float, over: Over) -> Any:
    """sign(x) (|x|/‖x‖)^(p-1), and 0 at the origin: the subgradient of least norm."""
    to_all = over.spread

    def slope(v: Tensor, x: Tensor, size: Tensor) -> Any:
        if x._array.dtype == np.float16:  # whose powers would overflow
            wide = [convert(z, np.dtype(np.float32)) for z in (v, x, size)]
            return convert(slope(*wide), x._array.dtype)
        v, length = to_all(v), to_all(size + _is_zero(size))
        if p == 2:
            return v * x / length
        if abs(p) == np.inf:  # ties share
            chosen = np.abs(x._array) == to_all(size)._array
            share = chosen / chosen.sum(over.axes, keepdims=True).astype(size._array.dtype)
            return flat(v * wrap(share) * _sign(x), x)
        if p < 0:
            v = v * (1 - to_all(_is_zero(size)))
        sizes = FUNCTION["abs"](x) if x.is_complex() else x * _sign(x)
        return v * _sign(x) * (sizes / length + _is_zero(x)) ** (p - 1)

    return slope


def _sign(x: Tensor) -> Tensor:
    """Of a real number it is flat, of a complex one it turns."""
    return direction(x) if x.is_complex() else wrap(np.sign(x._array))


def vector_norm(x: Tensor, ord: Number = 2, dim: Ints | None = None, keepdim: bool = False, *,
                dtype: Kind | None = None) -> Tensor:  # fmt: skip
    """The p-norm over ``dim``, over everything and Euclidean by default."""
    refuse("linalg.vector_norm", x._array.dtype)
    x, ord = cast(x, dtype), float(ord)
    over = Over.of(x, dim, keepdim)
    empty = [k for k in over.axes if not x._array.shape[k]]
    if empty and (abs(ord) == np.inf or ord < 0):
        what = f"the dimension {empty[0]}because this dimension is empty and"
        raise RuntimeError("linalg.vector_norm cannot compute the inf norm on "
                           f"{'an empty tensor because' if over.all else what} the operation does "
                           "not have an identity")  # fmt: skip
    array = x._array.astype(np.float32) if x._array.dtype == np.float16 else x._array
    if ord == 2 and array.dtype.kind == "f":
        sizes = np.sqrt(np.square(array).sum(axis=over.axes, keepdims=True))
    else:
        with np.errstate(all="ignore"):
            sizes = np.linalg.vector_norm(array, axis=over.axes, keepdims=True, ord=ord)
    slope = _slope_of_norm(ord, over) if ord else None
    return recorded(_as_wide(x, over, sizes), "LinalgVectorNormBackward0", slope, x, saves=(x, OUT))


@operation()
def norm(x: Tensor, p: Any = "fro", dim: Ints | None = None, keepdim: bool = False, *,
         dtype: Kind | None = None) -> Any:  # fmt: skip
    """The p-norm over ``dim``, over everything and Euclidean by default."""
    if isinstance(p, str) and p != "fro":
        return matrix_norm(x, p, dim or (-2, -1), keepdim)
    return vector_norm(x, 2 if p in (None, "fro") else p, dim, keepdim, dtype=dtype)


def matrix_norm(x: Tensor, ord: Any = "fro", dim: Ints = (-2, -1), keepdim: bool = False, *,
                dtype: Kind | None = None) -> Any:  # fmt: skip
    """The norm of a matrix: Frobenius, nuclear, or that of the linear map for 1, 2 and inf."""
    refuse("linalg.matrix_norm", x._array.dtype, x.ndim)
    x = cast(x, dtype)
    row, column = several_axes(dim, x.ndim)
    if ord == "fro":
        return vector_norm(x, 2, (row, column), keepdim)
    if ord not in (1, -1, np.inf, -np.inf, 2, -2, "nuc"):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    if ord != "nuc" and abs(ord) != 2:
        over, then = (row, column) if abs(ord) == 1 else (column, row)
        found = (amax if ord > 0 else amin)(vector_norm(x, 1, over, True), then, True)
        return found if keepdim else found.squeeze((row, column))
    sizes = svdvals(movedim(x, (row, column), (-2, -1)))
    found = sizes.sum(-1) if ord == "nuc" else (amax if ord == 2 else amin)(sizes, -1)
    return movedim(found[..., None, None], (-2, -1), (row, column)) if keepdim else found


def linalg_norm(x: Tensor, ord: Any = None, dim: Ints | None = None, keepdim: bool = False, *,
                dtype: Kind | None = None) -> Any:  # fmt: skip
    """``torch.linalg.norm``: of a matrix where an order is given, of the numbers otherwise."""
    expect(ord is None or dim is not None or x.ndim in (1, 2), "linalg.norm: If dim is not "
           "specified but ord is, the input must be 1D or 2D. Got {}D.", x.ndim)  # fmt: skip
    axes = x.ndim if dim is None else 1 if isinstance(dim, int) else len(dim)
    if ord is not None and (axes == 2 or isinstance(ord, str)):
        return matrix_norm(x, ord, dim or (-2, -1), keepdim, dtype=dtype)
    return vector_norm(x, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


_distance = composite("DistBackward0")(lambda x, other, p: vector_norm(x - other, p))


@operation()
def dist(x: Tensor, other: Tensor, p: Number = 2) -> Any:
    """The norm of the difference."""
    refuse("dist", type_of_all((x, other)))
    return _distance(x, other, p=p)


# --- Spread -------------------------------------------------------------------------------------


def _spread(name: str, both: bool, doc: str) -> None:
    """The variance or its root, the standard deviation, alone or beside the mean."""
    root = name.startswith("std")
    node = f"{name.title().replace('_', '')}Backward0"

    def spread(x: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
               correction: Number | None = None) -> Any:  # fmt: skip
        if isinstance(dim, bool):  # the old signature is ``var(unbiased)``
            dim, unbiased = None, dim
        over = Over.of(x, dim, keepdim)
        less = int(unbiased) if correction is None else correction
        left = over.number - less
        if left <= 0:
            warnings.warn(
                f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than "
                "the reduction factor (input numel divided by output numel).",
                UserWarning,
                stacklevel=3,
            )
        measure = np.std if root else np.var
        found = measure(x._array, axis=over.axes, ddof=less, keepdims=True)
        found = _as_wide(x, over, found)

        def slope(v: Tensor, x: Tensor, out: Tensor | None = None) -> Tensor:
            """2 (x - mean)/(n - correction), for the root over twice the root."""
            if out is not None:
                v = v / (2 * (out + _is_zero(out))) * (1 - _is_zero(out))
            mean = over.spread(x.sum(over.axes) / over.number)
            return over.spread(v) * ((x - mean) * (2 / left if left > 0 else np.inf))

        if not both:
            return recorded(found, node, slope, x, saves=(x, OUT) if root else (x,))

        def back(vs: Any, *saved: Tensor) -> Any:
            parts = [] if vs[0] is None else [slope(vs[0], *saved)]
            parts += [] if vs[1] is None else [over.spread(vs[1] / over.number)]
            return parts[0] if len(parts) == 1 else parts[0] + parts[1]

        average = x._array.mean(axis=over.axes, keepdims=keepdim)
        return several((found, average), node, back, x, saves=(x, 0) if root else (x,))

    declare(name, spread, doc, function if both else operation)


for _name, _noun in (("var", "variance"), ("std", "standard deviation")):
    _spread(_name, False, f"The {_noun}, over n - 1; ``correction=0``: over n.")
    _spread(f"{_name}_mean", True, f"The {_noun} and the mean.")

# --- Exponentials, summed -----------------------------------------------------------------------


def _log_sum(array: Any, axes: tuple[int, ...]) -> Any:
    """log(sum(exp(x))), without overflow; an infinite largest is the answer itself."""
    top = array.real.max(axis=axes, keepdims=True, initial=-np.inf)
    finite = np.where(np.isfinite(top), top, 0).astype(array.real.dtype)
    return np.log(np.exp(array - finite).sum(axis=axes, keepdims=True)) + finite


@operation()
def logsumexp(x: Tensor, dim: Ints, keepdim: bool = False) -> Any:
    """log(sum(exp(x))) over ``dim``."""
    if x._array.dtype.kind in "iub":
        x = convert(x, get_default_dtype().numpy)
    over = Over.of(x, dim, keepdim)

    def slope(v: Tensor, x: Tensor, out: Tensor) -> Any:
        return over.spread(v) * conj((x - over.spread(out)).exp())

    found = _as_wide(x, over, _log_sum(x._array, over.axes))
    return recorded(found, "LogsumexpBackward0", slope, x, saves=(x, OUT))


def _soft(name: str, node: str, of_logs: Any, slope: Any) -> Any:
    def soft(x: Tensor, dim: int, dtype: Kind | None = None) -> Tensor:
        x = cast(x, dtype)
        over = Over.of(x, dim, True)
        last = axis(dim, x.ndim) == max(x.ndim, 1) - 1
        refuse(f"{name}_lastdim" if last else name, x._array.dtype)
        array = np.ascontiguousarray(of_logs(x._array - _log_sum(x._array, over.axes)))
        return recorded(_as_wide(x, over, array.reshape(x._array.shape)), node,
                        lambda v, out: slope(v, out, lambda u: over.spread(u.sum(over.axes))), x,
                        saves=(OUT,))  # fmt: skip

    return declare(name, soft, "exp(x) over its sum along ``dim``, or the logarithm of that.")


softmax = _soft("softmax", "SoftmaxBackward0", np.exp,
                lambda v, out, total: out * (v - total(v * out)))  # fmt: skip
log_softmax = _soft("log_softmax", "LogSoftmaxBackward0", lambda logs: logs,
                    lambda v, out, total: v - out.exp() * total(v))  # fmt: skip


@composite("LogcumsumexpBackward0", level=False)
def _logs_of_sums(x: Tensor, *, dim: int) -> Any:
    kind, lengths = x._array.dtype, range(1, x.shape[dim] + 1)
    x = convert(x, np.result_type(kind, np.float32))  # halves are added up as floats
    sums = [logsumexp(x.narrow(dim, 0, n), dim, True) for n in lengths]
    return convert(cat(sums, dim), kind)


running("logcumsumexp", _logs_of_sums, "log of the running sums of exp(x) along ``dim``.")
