"""Operations that move numbers and compute none: reshaping, broadcasting, copying.

Each is a function that takes an array or a tensor, and a node whose ``backward`` uses these same
functions. So every backward here can itself be differentiated, without a second set of formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import (
    int_product,
)
from gradcalc.autograd.core.node import Node, named
from gradcalc.autograd.core.registry import function, method, operation
from gradcalc.autograd.core.tensor import Tensor, attach, tracks, wrap
from gradcalc.autograd.core.views import view
from gradcalc.autograd.operations.copies import contiguous

Shape = tuple[int, ...]

# --- Broadcasting and its transpose, summation --------------------------------------------------


def sum_to(v: Any, shape: Shape) -> Any:
    """v, summed over the axes along which an operand of this shape was broadcast."""
    if v.shape == shape:
        return v
    lead = v.ndim - len(shape)
    axes = tuple(k for k in range(v.ndim)
                 if k < lead or (shape[k - lead] == 1 and v.shape[k] != 1))  # fmt: skip
    return v.sum(axes).reshape(shape)


def no_slope(v: Any) -> Any:
    """A 0 for every element, untracked: what is flat is flat to every order."""
    return wrap(np.zeros_like(v._array)) if isinstance(v, Tensor) else np.zeros_like(v)


class ConjBackward0(Node):
    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (conj(v),)


def conj(x: Any) -> Any:
    """The complex conjugates; what is real stays as it is."""
    if not isinstance(x, Tensor):
        return np.conj(x) if isinstance(x, complex) or getattr(x, "dtype", _REAL).kind == "c" else x
    if x._array.dtype.kind != "c":
        return x
    out = wrap(np.conj(x._array))
    return attach(out, ConjBackward0(), x) if tracks(x) else out


_REAL = np.dtype(float)


class ExpandBackward0(Node):
    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (sum_to(v, self.shape),)


def expand(x: Any, shape: Shape) -> Any:
    """x, repeated along axes of length 1 and along new leading axes, without a copy."""
    if not isinstance(x, Tensor):
        return np.broadcast_to(x, shape)
    try:
        array = np.broadcast_to(x._array, shape)
    except ValueError:
        raise cannot_expand(x._array.shape, shape) from None
    if x._array.flags.writeable:
        array.flags.writeable = True  # one number may be written to all places at once
    out = view(x, array, expand, shape)
    return attach(out, ExpandBackward0(x._array.shape), x) if tracks(x) else out


def cannot_expand(shape: Shape, target: Shape, source: str = "") -> RuntimeError:
    if len(shape) > len(target):
        return RuntimeError(
            f"expand({source}{list(shape)}, size={list(target)}): the number of sizes provided "
            f"({len(target)}) must be greater or equal to the number of dimensions in the tensor "
            f"({len(shape)})"
        )
    offset = len(target) - len(shape)
    k = next(k for k, n in enumerate(shape) if n not in (1, target[offset + k]))
    return RuntimeError(
        f"The expanded size of the tensor ({target[offset + k]}) must match the existing size "
        f"({shape[k]}) at non-singleton dimension {offset + k}.  Target sizes: {list(target)}.  "
        f"Tensor sizes: {list(shape)}"
    )


@method("expand")
def _expand(x: Tensor, *shape: Any) -> Any:
    wanted = flat(shape)
    offset = len(wanted) - x.ndim
    for k, n in enumerate(wanted[: max(offset, 0)]):
        if n == -1:
            raise RuntimeError(
                "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing "
                f"dimension {k}"
            )
    return expand(x, tuple(x._array.shape[k - offset] if n == -1 else n
                           for k, n in enumerate(wanted)))  # fmt: skip


@method("expand_as")
def expand_as(x: Tensor, other: Tensor) -> Any:
    """x, expanded to the shape of ``other``."""
    return expand(x, other._array.shape)


@operation()
def broadcast_to(x: Tensor, *shape: Any) -> Any:
    """x, expanded to ``shape``."""
    return _expand(x, *shape)


@function()
def broadcast_tensors(*tensors: Tensor) -> tuple[Any, ...]:
    """The tensors, each expanded to the shape that they have together."""
    shape = np.broadcast_shapes(*(x._array.shape for x in tensors))
    return tuple(expand(x, shape) for x in tensors)


def flat(arguments: tuple[Any, ...]) -> Shape:
    """``f(2, 3)`` and ``f((2, 3))`` mean the same shape."""
    if len(arguments) == 1 and isinstance(arguments[0], Sequence):
        return tuple(int(n) for n in arguments[0])
    return tuple(int(n) for n in arguments)


def axis(dim: int, rank: int) -> int:
    """The number of an axis, counted from 0; of a 0-d tensor, 0 and -1 are taken."""
    count = rank or 1
    if not -count <= dim < count:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-count}, {count - 1}], but got "
            f"{dim})"
        )
    return dim % count


def several_axes(dims: Sequence[int], rank: int) -> tuple[int, ...]:
    """The numbers of these axes, none of them twice."""
    numbers = tuple(axis(k, rank) for k in dims)
    for k in numbers:
        if numbers.count(k) > 1:
            raise RuntimeError(f"dim {k} appears multiple times in the list of dims")
    return numbers


# --- Shapes -------------------------------------------------------------------------------------


class ViewBackward0(Node):
    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (v.reshape(self.shape),)


SqueezeBackward0, SqueezeBackward1, SqueezeBackward2 = named(
    ViewBackward0, "SqueezeBackward0", "SqueezeBackward1", "SqueezeBackward2"
)
UnsqueezeBackward0, UnsafeViewBackward0 = named(
    ViewBackward0, "UnsqueezeBackward0", "UnsafeViewBackward0"
)


def reshape_to(x: Any, shape: Shape, node: type[ViewBackward0] = ViewBackward0) -> Any:
    if not isinstance(x, Tensor):
        return x.reshape(shape)
    array = _reshaped(x, shape)
    shares = _shares(array, x._array)  # numpy copies where it cannot look differently
    out = view(x, array, reshape_to, shape) if shares else wrap(array)
    if not tracks(x):
        return out
    return attach(out, (node if shares else UnsafeViewBackward0)(x._array.shape), x)


def _reshaped(x: Tensor, shape: Shape) -> Any:
    try:
        return x._array.reshape(shape)
    except ValueError:
        if shape.count(-1) > 1:
            raise RuntimeError("only one dimension can be inferred") from None
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {x.numel()}") from (
            None
        )


def _shares(array: Any, other: Any) -> bool:
    return array.size == 0 or np.may_share_memory(array, other)


@operation()
def reshape(x: Tensor, *shape: Any) -> Any:
    """The same numbers in another shape; -1 stands for whatever is left."""
    return reshape_to(x, flat(shape))


@method("view")
def view_of_shape(x: Tensor, *shape: Any) -> Any:
    """``reshape``, of the same memory: where that cannot be, an error and not a copy."""
    wanted = flat(shape)
    if not _shares(_reshaped(x, wanted), x._array):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return reshape_to(x, wanted)


@method("view_as", "reshape_as")
def view_as(x: Tensor, other: Tensor) -> Any:
    """x in the shape of ``other``."""
    return reshape_to(x, other._array.shape)


@operation()
def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The axes from ``start_dim`` to ``end_dim`` as one."""
    shape = x._array.shape or (1,)
    start, end = axis(start_dim, len(shape)), axis(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end and x.ndim:
        return x
    middle = int_product(shape[start : end + 1])
    return reshape_to(x, (*shape[:start], middle, *shape[end + 1 :]))


@operation()
def ravel(x: Tensor) -> Any:
    """All in one row: a view where the memory allows it."""
    return reshape_to(contiguous(x), (-1,))


@operation()
def unflatten(x: Tensor, dim: int, sizes: Sequence[int]) -> Any:
    """One axis as several."""
    k = axis(dim, x.ndim)
    if not x.ndim:
        raise RuntimeError("unflatten: a 0-dim tensor has no axis to take apart")
    known = int_product(n for n in sizes if n != -1)
    whole = [x._array.shape[k] // (known or 1) if n == -1 else n for n in sizes]
    return reshape_to(x, (*x._array.shape[:k], *whole, *x._array.shape[k + 1 :]))


@operation()
def squeeze(x: Tensor, dim: int | Sequence[int] | None = None) -> Any:
    """Without the axes of length 1, or without those of them that are named."""
    shape = x._array.shape
    if dim is None:
        return reshape_to(x, tuple(n for n in shape if n != 1), SqueezeBackward0)
    one = isinstance(dim, int)
    gone = several_axes((dim,) if one else dim, x.ndim)  # type: ignore[arg-type]
    kept = tuple(n for k, n in enumerate(shape) if k not in gone or n != 1)
    return reshape_to(x, kept, SqueezeBackward1 if one else SqueezeBackward2)


@operation()
def unsqueeze(x: Any, dim: int) -> Any:
    """With a new axis of length 1."""
    k = axis(dim, x.ndim + 1)
    return reshape_to(x, (*x.shape[:k], 1, *x.shape[k:]), UnsqueezeBackward0)


class PermuteBackward0(Node):
    def __init__(self, order: Shape) -> None:
        self.order_of_axes = order

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (permute(v, tuple(int(k) for k in np.argsort(self.order_of_axes))),)


TransposeBackward0, TBackward0 = named(PermuteBackward0, "TransposeBackward0", "TBackward0")


def permute(x: Any, order: Shape, node: type[PermuteBackward0] = PermuteBackward0) -> Any:
    """The axes in another order."""
    if not isinstance(x, Tensor):
        return x.transpose(order)
    order = tuple(axis(k, x.ndim) for k in order)
    if len(order) != x.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {x.ndim} is not "
            f"equal to len(dims) = {len(order)}"
        )
    if len(set(order)) != len(order):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    out = view(x, x._array.transpose(order), permute, order)
    return attach(out, node(order), x) if tracks(x) else out


def _permute(x: Tensor, *dims: Any) -> Any:
    """The axes in another order."""
    return permute(x, flat(dims))


_permute.__name__ = "permute"
operation()(_permute)


@operation("moveaxis")
def movedim(x: Tensor, source: Any, destination: Any) -> Any:
    """Axes moved to other places."""
    sources = several_axes((source,) if isinstance(source, int) else source, x.ndim)
    targets = several_axes((destination,) if isinstance(destination, int) else destination, x.ndim)
    if len(sources) != len(targets):
        raise RuntimeError(
            "movedim: Invalid source or destination dims: source "
            f"({list(sources)} dims) should contain the same number of dims as destination "
            f"({list(targets)} dims)"
        )
    order = [k for k in range(x.ndim) if k not in sources]
    for target, k in sorted(zip(targets, sources, strict=True)):
        order.insert(target, k)
    return permute(x, tuple(order) if x.ndim else ())


def swap(x: Any) -> Any:
    """The last two axes exchanged."""
    return permute(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


@operation("swapaxes", "swapdims")
def transpose(x: Tensor, dim0: int, dim1: int) -> Any:
    """Two axes exchanged."""
    order = list(range(x.ndim))
    one, other = axis(dim0, x.ndim), axis(dim1, x.ndim)
    if order:
        order[one], order[other] = other, one
    return permute(x, tuple(order), TransposeBackward0)


@operation()
def t(x: Tensor) -> Any:
    """The transpose of a matrix; a vector stays as it is."""
    if x.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {x.ndim}D")
    return permute(x, tuple(reversed(range(x.ndim))), TBackward0)


Tensor.T = property(lambda x: permute(x, tuple(reversed(range(x.ndim)))))  # type: ignore[attr-defined]
Tensor.mT = property(lambda x: transpose(x, -2, -1))  # type: ignore[attr-defined]


class RepeatBackward0(Node):
    def __init__(self, counts: Shape, shape: Shape) -> None:
        self.counts, self.shape = counts, shape

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        lengths = (1,) * (len(self.counts) - len(self.shape)) + self.shape
        paired = [n for pair in zip(self.counts, lengths, strict=True) for n in pair]
        copies = tuple(range(0, len(paired), 2))
        if not copies:
            return (v,)
        return (v.reshape(tuple(paired)).sum(copies).reshape(self.shape),)


@method("repeat")
def repeat(x: Tensor, *times: Any) -> Any:
    """The numbers again and again along each axis."""
    counts = flat(times)
    if len(counts) < x.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
        )
    out = wrap(np.array(np.tile(x._array, counts)))
    return attach(out, RepeatBackward0(counts, x._array.shape), x) if tracks(x) else out


@operation()
def tile(x: Tensor, *times: Any) -> Any:
    """``repeat``, with 1 for the axes that are not named."""
    counts = flat(times)
    return repeat(x, (1,) * (x.ndim - len(counts)) + counts)


class FlipBackward0(Node):
    def __init__(self, dims: Shape) -> None:
        self.dims = dims

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (flip(v, self.dims),)


@operation()
def flip(x: Any, *dims: Any) -> Any:
    """The numbers in reverse along ``dims``."""
    if not dims:
        raise TypeError('flip() missing 1 required positional arguments: "dims"')
    axes = flat(dims)
    if not isinstance(x, Tensor):
        return np.flip(x, axes) if x.ndim else x
    axes = several_axes(axes, x.ndim)
    out = wrap(np.array(np.flip(x._array, axes) if x.ndim else x._array, order="C"))
    return attach(out, FlipBackward0(axes), x) if tracks(x) else out


@function()
def fliplr(x: Tensor) -> Any:
    """The columns in reverse."""
    return flip(x, 1)


@function()
def flipud(x: Tensor) -> Any:
    """The rows in reverse."""
    return flip(x, 0)
