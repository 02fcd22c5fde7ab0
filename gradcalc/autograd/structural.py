"""Operations that move numbers and compute none: indexing, reshaping, joining, broadcasting.

Each is a function that takes an array or a tensor, and a node whose ``backward`` uses these same
functions. So every backward here can itself be differentiated, without a second set of formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcalc.autograd.dtypes import int_product, numpy_type
from gradcalc.autograd.node import Node
from gradcalc.autograd.tensor import Tensor, attach, method, tracks, wrap
from gradcalc.autograd.views import view

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
        raise _cannot_expand(x._array.shape, shape) from None
    out = view(x, array, expand, shape)
    return attach(out, ExpandBackward0(x._array.shape), x) if tracks(x) else out


def _cannot_expand(shape: Shape, target: Shape) -> RuntimeError:
    if len(shape) > len(target):
        return RuntimeError(
            f"expand: the number of sizes provided ({len(target)}) must be greater or equal to the "
            f"number of dimensions in the tensor ({len(shape)})"
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
    return expand(x, tuple(x._array.shape[k - offset] if n == -1 else n
                           for k, n in enumerate(wanted)))  # fmt: skip


@method("expand_as")
def expand_as(x: Tensor, other: Tensor) -> Any:
    """x, expanded to the shape of ``other``."""
    return expand(x, other._array.shape)


def broadcast_to(x: Tensor, shape: Sequence[int]) -> Any:
    """x, expanded to ``shape``."""
    return expand(x, tuple(shape))


def flat(arguments: tuple[Any, ...]) -> Shape:
    """``f(2, 3)`` and ``f((2, 3))`` mean the same shape."""
    if len(arguments) == 1 and isinstance(arguments[0], Sequence):
        return tuple(int(n) for n in arguments[0])
    return tuple(int(n) for n in arguments)


# --- Shapes -------------------------------------------------------------------------------------


class ViewBackward0(Node):
    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (v.reshape(self.shape),)


class SqueezeBackward0(ViewBackward0):
    pass


class UnsqueezeBackward0(ViewBackward0):
    pass


def _reshape_to(x: Any, shape: Shape, node: type[ViewBackward0] = ViewBackward0) -> Any:
    if not isinstance(x, Tensor):
        return x.reshape(shape)
    try:
        array = x._array.reshape(shape)
    except ValueError:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {x.numel()}") from (
            None
        )
    shares = np.may_share_memory(array, x._array)  # numpy copies where it cannot look differently
    out = view(x, array, _reshape_to, shape) if shares else wrap(array)
    return attach(out, node(x._array.shape), x) if tracks(x) else out


@method("reshape", "view")
def reshape(x: Tensor, *shape: Any) -> Any:
    """The same numbers in another shape; -1 stands for whatever is left."""
    return _reshape_to(x, flat(shape))


@method("view_as", "reshape_as")
def view_as(x: Tensor, other: Tensor) -> Any:
    """x in the shape of ``other``."""
    return _reshape_to(x, other._array.shape)


@method("flatten", "ravel")
def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The axes from ``start_dim`` to ``end_dim`` as one."""
    shape = x._array.shape or (1,)
    start, end = start_dim % len(shape), end_dim % len(shape)
    middle = int_product(shape[start : end + 1])
    return _reshape_to(x, (*shape[:start], middle, *shape[end + 1 :]))


@method("squeeze")
def squeeze(x: Tensor, dim: int | None = None) -> Any:
    """Without the axes of length 1, or without that one."""
    shape = x._array.shape
    gone = range(len(shape)) if dim is None else (dim % max(len(shape), 1),)
    kept = tuple(n for k, n in enumerate(shape) if k not in gone or n != 1)
    return _reshape_to(x, kept, SqueezeBackward0)


@method("unsqueeze")
def unsqueeze(x: Any, dim: int) -> Any:
    """With a new axis of length 1."""
    k = dim % (x.ndim + 1)
    return _reshape_to(x, (*x.shape[:k], 1, *x.shape[k:]), UnsqueezeBackward0)


class PermuteBackward0(Node):
    def __init__(self, order: Shape) -> None:
        self.order_of_axes = order

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (permute(v, tuple(int(k) for k in np.argsort(self.order_of_axes))),)


class TransposeBackward0(PermuteBackward0):
    pass


class TBackward0(PermuteBackward0):
    pass


def permute(x: Any, order: Shape, node: type[PermuteBackward0] = PermuteBackward0) -> Any:
    """The axes in another order."""
    if not isinstance(x, Tensor):
        return x.transpose(order)
    order = tuple(k % x.ndim for k in order)
    out = view(x, x._array.transpose(order), permute, order)
    return attach(out, node(order), x) if tracks(x) else out


@method("permute")
def _permute(x: Tensor, *order: Any) -> Any:
    return permute(x, flat(order))


def swap(x: Any) -> Any:
    """The last two axes exchanged."""
    return permute(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


@method("transpose", "swapaxes")
def transpose(x: Tensor, dim0: int, dim1: int) -> Any:
    """Two axes exchanged."""
    order = list(range(x.ndim))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return permute(x, tuple(order), TransposeBackward0)


@method("t")
def t(x: Tensor) -> Any:
    """The transpose of a matrix; a vector stays as it is."""
    if x.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {x.ndim}D")
    return permute(x, tuple(reversed(range(x.ndim))), TBackward0)


Tensor.T = Tensor.mT = property(lambda x: permute(x, tuple(reversed(range(x.ndim)))))  # type: ignore[attr-defined]


@method("repeat")
def repeat(x: Tensor, *times: Any) -> Any:
    """The numbers again and again along each axis."""
    counts = flat(times)
    shape = (1,) * (len(counts) - x.ndim) + x._array.shape
    paired = [n for pair in zip((1,) * len(shape), shape, strict=True) for n in pair]
    wide = [n for pair in zip(counts, shape, strict=True) for n in pair]
    total = tuple(a * b for a, b in zip(counts, shape, strict=True))
    return expand(_reshape_to(x, tuple(paired)), tuple(wide)).reshape(total)


class FlipBackward0(Node):
    def __init__(self, dims: Shape) -> None:
        self.dims = dims

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (flip(v, self.dims),)


@method("flip")
def flip(x: Any, *dims: Any) -> Any:
    """The numbers in reverse along ``dims``."""
    axes = flat(dims)
    if not isinstance(x, Tensor):
        return np.flip(x, axes)
    out = wrap(np.ascontiguousarray(np.flip(x._array, axes)))
    return attach(out, FlipBackward0(axes), x) if tracks(x) else out


# --- Indexing -----------------------------------------------------------------------------------


def clean_key(key: Any) -> tuple[Any, ...]:
    """An index as a tuple of what numpy understands; a basic one always gives a view."""
    parts = key if isinstance(key, tuple) else (key,)
    plain = tuple(_plain(part) for part in parts)
    return (*plain, ...) if basic(plain) and not any(part is ... for part in plain) else plain


def _plain(part: Any) -> Any:
    if isinstance(part, Tensor):
        array = part._array
        return int(array) if array.ndim == 0 and array.dtype.kind in "iu" else array
    return list(map(_plain, part)) if isinstance(part, list) else part


def basic(key: tuple[Any, ...]) -> bool:
    """Whether numpy makes a view: integers, slices, None and ``...`` only."""
    for part in key:
        kind = type(part)
        if not (kind is int or kind is slice or part is None or part is ...):
            if isinstance(part, np.integer) or (isinstance(part, int) and kind is not bool):
                continue
            return False
    return True


class IndexBackward0(Node):
    """``x[key]``: the cotangent goes back to the slots it was taken from."""

    def __init__(self, shape: Shape, key: tuple[Any, ...]) -> None:
        self.shape, self.key = shape, key

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (embed(v, self.shape, self.key),)


class SelectBackward0(IndexBackward0):
    pass


class SliceBackward0(IndexBackward0):
    pass


class AliasBackward0(IndexBackward0):
    pass


def _index_node(key: tuple[Any, ...]) -> type[Node]:
    """Named after the last thing the index does, as in PyTorch's chain of views."""
    for part in reversed(key):
        if part is None:
            return _NewAxis
        if isinstance(part, slice):
            return SliceBackward0
        if part is not ...:
            return SelectBackward0
    return AliasBackward0


_NewAxis = type("UnsqueezeBackward0", (IndexBackward0,), {})


@method("__getitem__")
def get_item(x: Tensor, key: Any) -> Any:
    """``x[key]``: a view for integers and slices, a copy for lists, masks and tensors."""
    return index(x, clean_key(key))


def index(x: Any, key: tuple[Any, ...]) -> Any:
    """``x[key]`` for a clean key, of an array or of a tensor."""
    if not isinstance(x, Tensor):
        return x[key]
    array = x._array[key]
    if not basic(key):
        out = wrap(array)
        return attach(out, IndexBackward0(x._array.shape, key), x) if tracks(x) else out
    out = view(x, array, index, key)
    return attach(out, _index_node(key)(x._array.shape, key), x) if tracks(x) else out  # type: ignore[call-arg]


class EmbedBackward(Node):
    def __init__(self, key: tuple[Any, ...]) -> None:
        self.key = key

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (index(v, self.key),)


def embed(v: Any, shape: Shape, key: tuple[Any, ...]) -> Any:
    """Zeros of this shape, with v added into ``[key]``: what indexing does, turned around."""
    array = v._array if isinstance(v, Tensor) else v
    zeros = np.zeros(shape, array.dtype)
    if basic(key):
        zeros[key] = array
    else:
        np.add.at(zeros, key, array)  # a slot that was read twice is paid twice
    if not isinstance(v, Tensor):
        return zeros
    out = wrap(zeros)
    return attach(out, EmbedBackward(key), v) if tracks(v) else out


# --- Copies -------------------------------------------------------------------------------------


class CloneBackward0(Node):
    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (v,)


@method("clone")
def clone(x: Tensor) -> Tensor:
    """A copy with memory of its own."""
    out = wrap(x._array.copy())
    return attach(out, CloneBackward0(), x) if tracks(x) else out


@method("contiguous")
def contiguous(x: Tensor) -> Tensor:
    """x itself, or a copy with the numbers in order."""
    return x if x._array.flags.c_contiguous else clone(x)


class ToCopyBackward0(Node):
    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (convert(v, self.kind),)


def convert(x: Any, kind: Any) -> Any:
    """x with another element type; x itself where it has it already."""
    if x.dtype == kind:
        return x
    if not isinstance(x, Tensor):
        return (x.real if x.dtype.kind == "c" and kind.kind != "c" else x).astype(kind)
    out = wrap(x._array.astype(kind))
    tracked = tracks(x) and out._array.dtype.kind in "fc"
    return attach(out, ToCopyBackward0(x._array.dtype), x) if tracked else out


@method("to", "type")
def to(x: Tensor, *args: Any, dtype: Any = None, **_: Any) -> Any:
    """x with another element type; a device is taken and ignored."""
    for argument in args:
        if isinstance(argument, Tensor):
            dtype = argument.dtype
        elif not isinstance(argument, str):
            dtype = argument
    return x if dtype is None else convert(x, numpy_type(dtype))


_CASTS = {
    "float": "float32", "double": "float64", "half": "float16", "int": "int32", "long": "int64",
    "short": "int16", "bool": "bool", "cdouble": "complex128",
}  # fmt: skip


def _cast_to(kind: np.dtype[Any]) -> Any:
    return lambda x: convert(x, kind)


for _name, _kind in _CASTS.items():
    setattr(Tensor, _name, _cast_to(np.dtype(_kind)))
Tensor.cpu = Tensor.cuda = lambda x, *_: x  # type: ignore[attr-defined]
