"""Matrix products, and what else reads a tensor as a matrix."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcalc.autograd.composite import composite
from gradcalc.autograd.core.record import recorded, several
from gradcalc.autograd.core.refusals import expect
from gradcalc.autograd.core.registry import Number, Shape, declare, method, operation
from gradcalc.autograd.core.tensor import Tensor, tracks, wrap
from gradcalc.autograd.core.views import view
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.joining import stack
from gradcalc.autograd.operations.structural import axis, conj, expand, shaped, sum_to, swap


def _products(a: Shape, b: Shape) -> tuple[Any, Any]:
    """The slopes of ``a @ b``; either may be a vector, both may have axes in front."""
    # A vector takes part as a matrix of one row (on the left) or of one column (on the right).
    left = (1, *a) if len(a) == 1 else a
    right = (*b, 1) if len(b) == 1 else b

    def matrix(v: Tensor) -> Tensor:
        v = v.unsqueeze(-1) if len(b) == 1 else v
        return v.unsqueeze(-2) if len(a) == 1 else v

    def to_a(v: Tensor, _: Any, y: Tensor) -> Tensor:
        return shaped(sum_to(matrix(v) @ swap(shaped(conj(y), right)), left), a)

    def to_b(v: Tensor, x: Tensor, _: Any) -> Tensor:
        return shaped(sum_to(swap(shaped(conj(x), left)) @ matrix(v), right), b)

    return to_a, to_b


_NODES = {(1, 1): "DotBackward0", (2, 1): "MvBackward0", (1, 2): "MvBackward0",
          (2, 2): "MmBackward0"}  # fmt: skip


@operation()
def matmul(x: Tensor, other: Tensor) -> Tensor:
    """The matrix product."""
    a, b = x._array, other._array
    if not a.ndim or not b.ndim:
        raise RuntimeError("both arguments to matmul need to be at least 1D, but they are "
                           f"{a.ndim}D and {b.ndim}D")  # fmt: skip
    if a.dtype != b.dtype:
        fits = a.shape[-1] == b.shape[-2 if b.ndim > 1 else 0] or a.ndim == b.ndim == 1
        raise RuntimeError(_of_two_types(x, other) if fits else _of_two_sizes(a.shape, b.shape))
    try:
        array = np.matmul(a, b)
    except ValueError:
        raise RuntimeError(_of_two_sizes(a.shape, b.shape)) from None
    if not tracks(x, other):
        return wrap(array)
    saves = [one if two._tracked or two._tangent is not None else None
             for one, two in ((x, other), (other, x))]  # fmt: skip
    return recorded(array, _NODES.get((a.ndim, b.ndim), "BmmBackward0"),
                    _products(a.shape, b.shape), x, other, saves=saves)  # fmt: skip


def _of_two_types(x: Tensor, other: Tensor) -> str:
    """PyTorch's words: each of its kernels has its own."""
    one, two = x.dtype.older, other.dtype.older
    if x.ndim == other.ndim == 1:
        return f"dot : expected both vectors to have same dtype, but found {one} and {two}"
    if other.ndim == 1:
        return f"addmv input tensors must have the same dtype, but got {two}, {one}, and {two}"
    if x.ndim > 2 and other.ndim > 2:
        return f"expected scalar type {one} but found {two}"
    return (f"expected m1 and m2 to have the same dtype, but got: {x.dtype.in_c} != "
            f"{other.dtype.in_c}")  # fmt: skip


def _of_two_sizes(a: Shape, b: Shape) -> str:
    if len(a) == len(b) == 1:
        return (f"inconsistent tensor size, expected tensor {list(a)} and src {list(b)} to have "
                f"the same number of elements, but got {a[0]} and {b[0]} elements "
                "respectively")  # fmt: skip
    if len(a) == 2 and len(b) == 1:
        return f"size mismatch, got input ({a[0]}), mat ({a[0]}x{a[1]}), vec ({b[0]})"
    if len(a) > 2 and len(b) > 2:
        return ("Expected size for first two dimensions of batch2 tensor to be: "
                f"[{math.prod(a[:-2])}, {a[-1]}] but got: [{math.prod(b[:-2])}, "
                f"{b[-2]}].")  # fmt: skip
    rows, columns = ("x".join(map(str, shape)) for shape in (a, b))
    return (f"mat1 and mat2 shapes cannot be multiplied ({'1x' * (len(a) == 1)}{rows} and "
            f"{columns})")  # fmt: skip


def _reflected(x: Tensor, other: Any) -> Any:
    other = wrap(other) if isinstance(other, np.ndarray) else other
    return matmul(other, x) if isinstance(other, Tensor) else NotImplemented


method("__matmul__")(
    lambda x, other: matmul(x, other) if isinstance(other, Tensor) else NotImplemented
)
method("__rmatmul__")(_reflected)


@operation()
def dot(x: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors."""
    if x.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {x.ndim}D and {tensor.ndim}D tensors")
    return matmul(x, tensor)


declare("vdot", lambda x, other: dot(conj(x), other), "``dot``, the first vector conjugated.")


@operation()
def inner(x: Tensor, other: Tensor) -> Tensor:
    """The sum of products over the last axis of both."""
    if x.ndim == 0 or other.ndim == 0:
        return x * other
    return matmul(x, other if other.ndim == 1 else swap(other))


@operation("ger")
def outer(x: Tensor, vec2: Tensor) -> Any:
    """Every product of an element of x with one of ``vec2``."""
    for vector, name in ((x, "self"), (vec2, "vec2")):
        expect(vector.ndim == 1, "outer: Expected 1-D argument {}, but got {}-D", name, vector.ndim)
    return x.reshape(-1, 1) * vec2


def _plus_product(x: Tensor, one: Tensor, other: Tensor, *, beta: Any, alpha: Any) -> Any:
    return (x if beta == 1 else x * beta).add(matmul(one, other), alpha=alpha)


def _of_ranks(name: str, left: int, right: int) -> None:
    """``matmul`` for operands of these numbers of dimensions only, and what adds it to another."""

    def check(one: Tensor, other: Tensor, added: Tensor | None = None) -> None:
        if (one.ndim, other.ndim) == (left, right):
            return
        k = int(one.ndim == left)
        wrong = (one, other)[k].ndim
        raise RuntimeError(
            f"vector + matrix @ vector expected, got {getattr(added, 'ndim', 1)}, {one.ndim}, "
            f"{other.ndim}" if right == 1
            else f"batch{k + 1} must be a 3D tensor" if left == 3
            else f"{('self', 'mat2')[k]} must be a matrix" if added is None
            else f"mat{k + 1} must be a matrix, got {wrong}-D tensor")  # fmt: skip

    def product(x: Tensor, mat2: Tensor) -> Tensor:
        check(x, mat2)
        return matmul(x, mat2)

    def added(x: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Number = 1,
              alpha: Number = 1) -> Any:  # fmt: skip
        check(mat1, mat2, x)
        if x._array.dtype.kind in "iub":
            beta, alpha = int(beta), int(alpha)
        return sum_of(x, mat1, mat2, beta=beta, alpha=alpha)

    sum_name = f"{'ba' if name == 'bmm' else ''}add{name}"
    sum_of = composite(f"{sum_name.capitalize()}Backward0", level=False)(_plus_product)
    declare(name, product, f"The matrix product of a {left}D and a {right}D tensor.")
    declare(sum_name, added, "β x + α times the matrix product.")


for _name, _left, _right in (("mm", 2, 2), ("mv", 2, 1), ("bmm", 3, 3)):
    _of_ranks(_name, _left, _right)


@composite("LinalgCrossBackward0", level=False)
def _cross(a: Tensor, b: Tensor, *, dim: int) -> Any:
    (a0, a1, a2), (b0, b1, b2) = a.unbind(dim), b.unbind(dim)
    return stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], dim)


@operation()
def cross(x: Tensor, other: Tensor, dim: int | None = None) -> Any:
    """The cross product along ``dim``, the first axis of length 3 by default."""
    if x._array.dtype != other._array.dtype:
        raise RuntimeError(f"expected scalar type {x.dtype.older} but found {other.dtype.older}")
    k = next((k for k, n in enumerate(x.shape) if n == 3), -1) if dim is None else dim
    if k >= x.ndim or x.ndim == 0 or x.shape[k] != 3:
        raise RuntimeError("linalg.cross: inputs dimension must have length 3.")
    return _cross(x, other, dim=axis(k, x.ndim))


# --- Diagonals ------------------------------------------------------------------------------------


def _diagonal_of(array: Any, *which: int) -> Any:
    """A view of the diagonal, which may be written to: numpy's may not."""
    found = np.diagonal(array, *which)
    if array.flags.writeable:
        found.flags.writeable = True
    return found


def _on_diagonal(v: Tensor, shape: Shape, *which: int) -> Any:
    """Zeros of this shape, and v on the diagonal."""
    array = np.zeros(shape, v._array.dtype)
    _diagonal_of(array, *which)[...] = v._array
    return recorded(array, "DiagonalBackwardBackward0", lambda w: diagonal(w, *which), v)


@operation()
def diagonal(x: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The slots where two axes count alike (``offset`` apart), along a new last axis: a view."""
    one, other = axis(dim1, x.ndim), axis(dim2, x.ndim)
    expect(one != other, "diagonal dimensions cannot be identical {}, {}", dim1, dim2)
    shape, which = x._array.shape, (offset, one, other)
    out = view(x, _diagonal_of(x._array, *which), diagonal, *which)
    return recorded(out, "DiagonalBackward0", lambda v: _on_diagonal(v, shape, *which), x)


@operation()
def trace(x: Tensor) -> Tensor:
    """The sum of the diagonal."""
    shape = x._array.shape
    return recorded(np.trace(x._array), "TraceBackward0",
                    lambda v: _on_diagonal(expand(v, (min(shape),)), shape), x)  # fmt: skip


@operation()
def diag(x: Tensor, diagonal: int = 0) -> Any:
    """The diagonal of a matrix, copied; of a vector, its diagonal matrix."""
    if x.ndim == 2:
        return x.diagonal(diagonal).clone()
    made = np.diag(x._array, diagonal)
    return recorded(made, "DiagEmbedBackward0", lambda v: v.diagonal(diagonal), x)


# --- Singular values, differentiable to any order -------------------------------------------------


def _slope_of_svd(cotangents: Any, u: Tensor, s: Tensor, vh: Tensor) -> Any:
    """From the cotangents of u, s and vᴴ to that of x = u s vᴴ, of which only s is handed out.

    The formula is that of J. Townsend, "Differentiating the Singular Value Decomposition" (2016).
    """
    to_u, to_s, to_vh = cotangents
    row, column = s.unsqueeze(-2), s.unsqueeze(-1)
    eye = wrap(np.eye(s.shape[-1], dtype=s._array.dtype))
    apart = (row - column) * (row + column) + eye  # where it divides a 0, by 1
    middle: Any = 0.0 if to_s is None else eye * to_s.unsqueeze(-2)
    beside = []
    if to_u is not None:
        inner = conj(swap(u)) @ to_u
        skew = inner - conj(swap(inner))
        middle = middle + skew / apart * row
        if u.is_complex():
            middle = middle + eye * skew / (2 * row)
        if u.shape[-2] > s.shape[-1]:
            beside.append(((to_u - u @ inner) / row) @ vh)
    if to_vh is not None:
        to_v = conj(swap(to_vh))
        inner = vh @ to_v
        middle = middle + column * (inner - conj(swap(inner))) / apart
        if vh.shape[-1] > s.shape[-1]:
            beside.append((u / row) @ conj(swap(to_v - conj(swap(vh)) @ inner)))
    total = u @ convert(middle, u._array.dtype) @ vh
    for part in beside:
        total = total + part
    return total


@operation()
def svdvals(x: Tensor) -> Tensor:
    """The singular values of a matrix, or of several, the largest first."""
    parts = np.linalg.svd(x._array, full_matrices=False)
    return several(parts, "LinalgSvdBackward0", _slope_of_svd, x, saves=(0, 1, 2))[1]  # type: ignore[no-any-return]
