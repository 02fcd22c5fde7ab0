"""Matrix products, and what else reads a tensor as a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.autograd.core.node import Node
from gradcalc.autograd.core.tensor import Tensor, attach, method, save, tracks, wrap
from gradcalc.autograd.core.views import view
from gradcalc.autograd.operations.indexing import embed
from gradcalc.autograd.operations.structural import Shape, permute, sum_to, swap


class MmBackward0(Node):
    """``a @ b``; either may be a vector, both may have axes in front."""

    def __init__(self, a: Shape, b: Shape) -> None:
        self.a, self.b = a, b

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        a, b = saved
        # A vector takes part as a matrix of one row (on the left) or of one column (on the right).
        left = (1, *self.a) if len(self.a) == 1 else self.a
        right = (*self.b, 1) if len(self.b) == 1 else self.b
        v = _shaped(v, _matrix(v.shape, self.a, self.b))
        to_a = to_b = None
        if self.wants(0):
            to_a = _shaped(sum_to(v @ swap(_shaped(b, right)), left), self.a)
        if self.wants(1):
            to_b = _shaped(sum_to(swap(_shaped(a, left)) @ v, right), self.b)
        return to_a, to_b


def _shaped(x: Any, shape: Shape) -> Any:
    return x if x.shape == shape else x.reshape(shape)


class MvBackward0(MmBackward0):
    pass


class DotBackward0(MmBackward0):
    pass


class BmmBackward0(MmBackward0):
    pass


def _matrix(shape: Shape, a: Shape, b: Shape) -> Shape:
    """The product's shape with the axes that a vector on either side took away."""
    if len(a) == 1 and len(b) == 1:
        return (1, 1)
    if len(a) == 1:
        return (*shape[:-1], 1, shape[-1])
    return (*shape, 1) if len(b) == 1 else tuple(shape)


_PRODUCTS = {(1, 1): DotBackward0, (2, 1): MvBackward0, (1, 2): MvBackward0, (2, 2): MmBackward0}


@method("matmul", "__matmul__")
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
            f"expected m1 and m2 to have the same dtype, but got: {a.dtype.name} != {b.dtype.name}"
        )
    try:
        out = wrap(np.matmul(a._array, b._array))
    except ValueError:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({_by(a)} and {_by(b)})"
        ) from None
    if not tracks(a, b):
        return out
    node = _PRODUCTS.get((a.ndim, b.ndim), BmmBackward0)(a._array.shape, b._array.shape)
    attach(out, node, a, b)
    node.saved = (save(a)[0] if node.wants(1) else None, save(b)[0] if node.wants(0) else None)
    return out


def _by(x: Tensor) -> str:
    return "x".join(map(str, x._array.shape))


Tensor.__rmatmul__ = lambda b, a: matmul(wrap(np.asarray(a)), b)  # type: ignore[attr-defined]


@method("dot", "inner", "vdot")
def dot(a: Tensor, b: Tensor) -> Any:
    """The inner product of two vectors."""
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors")
    if a.numel() != b.numel():
        raise RuntimeError(
            "inconsistent tensor size, expected tensor ["
            + str(a.numel())
            + "] and src ["
            + str(b.numel())
            + "] to have the same number of elements, but got "
            + f"{a.numel()} and {b.numel()} elements respectively"
        )
    return matmul(a, b)


@method("outer")
def outer(a: Tensor, b: Tensor) -> Any:
    """Every product of an element of a with one of b."""
    return a.unsqueeze(1) * b


@method("trace")
def trace(x: Tensor) -> Any:
    """The sum of the diagonal."""
    return diagonal(x).sum()


class DiagonalBackward0(Node):
    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        places = np.arange(min(self.shape))
        return (embed(v, self.shape, (places, places)),)


@method("diagonal")
def diagonal(x: Any) -> Any:
    """The diagonal of a matrix: a view."""
    array = x._array if isinstance(x, Tensor) else x
    count = min(array.shape)
    slots = np.einsum("ii->i", array[:count, :count])  # numpy's own diagonal cannot be written to
    if not isinstance(x, Tensor):
        return slots
    out = view(x, slots, diagonal)
    return attach(out, DiagonalBackward0(array.shape), x) if tracks(x) else out


@method("diag")
def diag(x: Tensor) -> Any:
    """The diagonal of a matrix; of a vector, the matrix that has it as its diagonal."""
    if x.ndim == 2:
        return diagonal(x)
    places = np.arange(x._array.shape[0])
    return embed(x, x._array.shape * 2, (places, places))


@method("movedim")
def movedim(x: Tensor, source: int, destination: int) -> Any:
    """One axis moved to another place."""
    order = [k for k in range(x.ndim) if k != source % x.ndim]
    order.insert(destination % x.ndim, source % x.ndim)
    return permute(x, tuple(order))


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
    return method(name)(product)


mm, mv, bmm = _of_ranks("mm", 2, 2), _of_ranks("mv", 2, 1), _of_ranks("bmm", 3, 3)
