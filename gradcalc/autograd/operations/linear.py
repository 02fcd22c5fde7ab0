"""Matrix products, and what else reads a tensor as a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import C_NAMES, int_product
from gradcalc.autograd.core.node import type_name
from gradcalc.autograd.core.record import recorded
from gradcalc.autograd.core.registry import operation
from gradcalc.autograd.core.tensor import Tensor, tracks, wrap
from gradcalc.autograd.core.views import view
from gradcalc.autograd.operations.indexing import embed
from gradcalc.autograd.operations.structural import Shape, axis, conj, expand, sum_to, swap


def _products(a: Shape, b: Shape) -> tuple[Any, Any]:
    """The slopes of ``a @ b``; either may be a vector, both may have axes in front."""
    # A vector takes part as a matrix of one row (on the left) or of one column (on the right).
    left = (1, *a) if len(a) == 1 else a
    right = (*b, 1) if len(b) == 1 else b

    def to_a(v: Any, _: Any, y: Any) -> Any:
        v = _shaped(v, _matrix(v.shape, a, b))
        return _shaped(sum_to(v @ swap(_shaped(conj(y), right)), left), a)

    def to_b(v: Any, x: Any, _: Any) -> Any:
        v = _shaped(v, _matrix(v.shape, a, b))
        return _shaped(sum_to(swap(_shaped(conj(x), left)) @ v, right), b)

    return to_a, to_b


def _shaped(x: Any, shape: Shape) -> Any:
    return x if x.shape == shape else x.reshape(shape)


def _matrix(shape: Shape, a: Shape, b: Shape) -> Shape:
    """The product's shape with the axes that a vector on either side took away."""
    if len(a) == 1 and len(b) == 1:
        return (1, 1)
    if len(a) == 1:
        return (*shape[:-1], 1, shape[-1])
    return (*shape, 1) if len(b) == 1 else tuple(shape)


_NODES = {(1, 1): "DotBackward0", (2, 1): "MvBackward0", (1, 2): "MvBackward0",
          (2, 2): "MmBackward0"}  # fmt: skip


@operation("__matmul__")
def matmul(a: Any, b: Any) -> Any:
    """The matrix product."""
    if not isinstance(a, Tensor) or not isinstance(b, Tensor):
        raise TypeError("matmul(): both arguments must be Tensors")
    if a.ndim == 0 or b.ndim == 0:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {a.ndim}D and {b.ndim}D"
        )
    if a._array.dtype != b._array.dtype:
        raise RuntimeError(
            "expected m1 and m2 to have the same dtype, but got: "
            f"{C_NAMES[a._array.dtype.name]} != {C_NAMES[b._array.dtype.name]}"
            if a.ndim + b.ndim > 2
            else "dot : expected both vectors to have same dtype, but found "
            f"{type_name(a._array.dtype)} and {type_name(b._array.dtype)}"
        )
    try:
        array = np.matmul(a._array, b._array)
    except ValueError:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({_as_rows(a)} and {_by(b)})"
        ) from None
    if not tracks(a, b):
        return wrap(array)
    saves = [x if y._tracked or y._tangent is not None else None for x, y in ((a, b), (b, a))]
    slopes = _products(a._array.shape, b._array.shape)
    return recorded(array, _NODES.get((a.ndim, b.ndim), "BmmBackward0"), slopes, a, b, saves=saves)


def _by(x: Tensor) -> str:
    return "x".join(map(str, x._array.shape))


def _as_rows(x: Tensor) -> str:
    return ("1x" if x.ndim == 1 else "") + _by(x)


Tensor.__rmatmul__ = lambda b, a: matmul(a if isinstance(a, Tensor) else wrap(np.asarray(a)), b)  # type: ignore[attr-defined]


@operation()
def vdot(a: Tensor, b: Tensor) -> Any:
    """The inner product, the first vector conjugated."""
    return dot(conj(a), b)


@operation()
def dot(a: Tensor, b: Tensor) -> Any:
    """The inner product of two vectors."""
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors")
    if a.numel() != b.numel():
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.numel()}] and src [{b.numel()}] to "
            f"have the same number of elements, but got {a.numel()} and {b.numel()} elements "
            "respectively"
        )
    return matmul(a, b)


@operation()
def inner(a: Tensor, b: Tensor) -> Any:
    """The sum of products over the last axis of both."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return matmul(a, b) if b.ndim == 1 else matmul(a, swap(b))


@operation("ger")
def outer(a: Tensor, b: Tensor) -> Any:
    """Every product of an element of a with one of b."""
    for x, name in ((a, "self"), (b, "vec2")):
        if x.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {x.ndim}-D")
    return a.reshape(-1, 1) * b


@operation()
def trace(x: Tensor) -> Any:
    """The sum of the diagonal."""
    if x.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {x.ndim}")
    slots = _slots(x._array.shape, (0, 0, 1))
    shape = x._array.shape

    def back(v: Any) -> Any:
        return embed(expand(v, (min(shape),)), (int_product(shape),), (slots,)).reshape(shape)

    return recorded(np.trace(x._array), "TraceBackward0", back, x)


def _slots(shape: Shape, option: tuple[int, int, int]) -> Any:
    """Where in a row of all of its elements a tensor's diagonal lies."""
    return diagonal(np.arange(int_product(shape)).reshape(shape), *option)


@operation()
def diagonal(x: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The slots where two axes count alike (``offset`` apart), along a new last axis: a view."""
    one, other = axis(dim1, x.ndim), axis(dim2, x.ndim)
    if one == other:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    array = x._array if isinstance(x, Tensor) else x
    rows, columns = array.shape[one], array.shape[other]
    key = [slice(None)] * array.ndim
    key[one] = slice(min(-offset, rows), None) if offset < 0 else slice(None)
    key[other] = slice(min(offset, columns), None) if offset > 0 else slice(None)
    start = array[tuple(key)]
    moved = np.moveaxis(start, (one, other), (-2, -1))
    count = min(moved.shape[-2:])
    slots = np.lib.stride_tricks.as_strided(  # numpy's own diagonal cannot be written to
        moved, (*moved.shape[:-2], count), (*moved.strides[:-2], sum(moved.strides[-2:])),
        writeable=array.flags.writeable,
    )  # fmt: skip
    if not isinstance(x, Tensor):
        return slots
    option = (offset, one, other)
    shape = array.shape

    def back(v: Any) -> Any:
        return embed(v, (int_product(shape),), (_slots(shape, option),)).reshape(shape)

    return recorded(view(x, slots, diagonal, *option), "DiagonalBackward0", back, x)


@operation()
def diag(x: Tensor, diagonal: int = 0) -> Any:
    """The diagonal of a matrix, copied; of a vector, the matrix that has it as its diagonal."""
    if x.ndim == 2:
        return _diagonal(x, diagonal).clone()
    if x.ndim != 1:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {x.ndim}D")
    array = np.diag(x._array, diagonal)
    return recorded(array, "DiagEmbedBackward0", lambda v: _diagonal(v, diagonal), x)


_diagonal = diagonal


def _of_ranks(name: str, left: int, right: int) -> Any:
    """``matmul`` for operands of these numbers of dimensions only."""

    def product(a: Tensor, b: Tensor) -> Any:
        if a.ndim != left or b.ndim != right:
            raise RuntimeError(
                f"{name}: expected a {left}D and a {right}D tensor, got {a.ndim}D and {b.ndim}D"
            )
        return matmul(a, b)

    product.__name__ = name
    product.__doc__ = f"The matrix product of a {left}D and a {right}D tensor."
    return operation()(product)


mm, mv, bmm = _of_ranks("mm", 2, 2), _of_ranks("mv", 2, 1), _of_ranks("bmm", 3, 3)
