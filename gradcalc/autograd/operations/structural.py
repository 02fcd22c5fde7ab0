"""Operations that move numbers and compute none: views of a shape, and copies in another order."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from gradcalc.autograd.core.grad_mode import mode
from gradcalc.autograd.core.node import type_name
from gradcalc.autograd.core.record import in_order, in_order_of, node_class, recorded
from gradcalc.autograd.core.refusals import expect
from gradcalc.autograd.core.registry import Ints, Shape, called, declare, method, operation
from gradcalc.autograd.core.tensor import Tensor, edge, place, wrap
from gradcalc.autograd.core.views import view
from gradcalc.autograd.operations.indexing import embed

# --- Broadcasting and its transpose, summation --------------------------------------------------


def sum_to(v: Any, shape: Shape) -> Any:
    """v, an array or a tensor, summed over the axes along which an operand was broadcast."""
    if v.shape == shape:
        return v
    lead = v.ndim - len(shape)
    axes = tuple(k for k in range(v.ndim)
                 if k < lead or (shape[k - lead] == 1 and v.shape[k] != 1))  # fmt: skip
    return v.sum(axes).reshape(shape)


def no_slope(v: Any, *_: Any) -> Any:
    """A 0 for every element, untracked: what is flat is flat to every order."""
    return wrap(np.zeros_like(v._array)) if isinstance(v, Tensor) else np.zeros_like(v)


def conj(x: Any) -> Any:
    """The complex conjugates, of a tensor, an array or a number; what is real stays as it is."""
    if not isinstance(x, Tensor):
        return np.conj(x) if np.iscomplexobj(x) else x
    if x._array.dtype.kind != "c":
        return x
    return recorded(np.conj(x._array), "ConjBackward0", conj, x)


def expand(x: Tensor, shape: Shape) -> Tensor:
    """x, repeated along axes of length 1 and along new leading axes, without a copy."""
    before = x._array.shape
    try:
        array = np.broadcast_to(x._array, shape)
    except ValueError:
        raise cannot_expand(before, shape, x._array.dtype) from None
    if x._array.flags.writeable:
        array.flags.writeable = True  # one number may be written to all places at once
    out = view(x, array, expand, shape)
    return recorded(out, "ExpandBackward0", lambda v: sum_to(v, before), x)


def cannot_expand(shape: Shape, target: Shape, kind: Any) -> RuntimeError:
    if len(shape) > len(target):
        name = type_name(kind)
        source = f"CPU{name}Type" if kind.kind in "bc" else f"torch.{name}Tensor"
        return RuntimeError(
            f"expand({source}{{{list(shape)}}}, size={list(target)}): the number of sizes provided "
            f"({len(target)}) must be greater or equal to the number of dimensions in the tensor "
            f"({len(shape)})"
        )
    offset = len(target) - len(shape)
    k = max(k for k, n in enumerate(shape) if n not in (1, target[offset + k]))
    return RuntimeError(
        f"The expanded size of the tensor ({target[offset + k]}) must match the existing size "
        f"({shape[k]}) at non-singleton dimension {offset + k}.  Target sizes: {list(target)}.  "
        f"Tensor sizes: {list(shape)}"
    )


def _expanded(x: Tensor, size: Shape, *, implicit: bool = False) -> Tensor:
    offset = len(size) - x.ndim
    if -1 in size[: max(offset, 0)]:
        raise RuntimeError("The expanded size of the tensor (-1) isn't allowed in a leading, "
                           f"non-existing dimension {size.index(-1)}")  # fmt: skip
    return expand(x, tuple(x._array.shape[k - offset] if n == -1 else n
                           for k, n in enumerate(size)))  # fmt: skip


declare("expand", _expanded, "x, repeated to this size without a copy.", method)
declare("broadcast_to", lambda x, size: _expanded(x, size), "x, expanded to ``size``.")
declare("expand_as", lambda x, other: expand(x, other._array.shape), "x in other's shape.", method)


@method("sum_to_size")
def sum_to_size(x: Tensor, size: Shape) -> Any:
    """x, summed over the axes that ``size`` lacks."""
    lead = x.ndim - len(size)
    if lead < 0 or any(n not in (1, m) for n, m in zip(size, x.shape[lead:], strict=True)):
        raise RuntimeError(f"size {{{list(size)}}} is not expandable to size {{{list(x.shape)}}}.")
    return sum_to(x, size) if size else x.sum()


def axis(dim: int, rank: int) -> int:
    """The number of an axis, counted from 0; of a 0-d tensor, 0 and -1 are taken."""
    count = rank or 1
    if not -count <= dim < count:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-count}, "
                         f"{count - 1}], but got {dim})")  # fmt: skip
    return dim % count


def several_axes(dims: Ints, rank: int) -> tuple[int, ...]:
    """The numbers of these axes, none of them twice."""
    numbers = tuple(axis(k, rank) for k in ((dims,) if isinstance(dims, int) else dims))
    for k in numbers:
        if numbers.count(k) > 1:
            raise RuntimeError(f"dim {k} appears multiple times in the list of dims")
    return numbers


# --- Shapes -------------------------------------------------------------------------------------


def reshape_to(x: Tensor, shape: Shape, node: str = "ViewBackward0", copies: bool = True) -> Tensor:
    """The same numbers in another shape: a view where the memory allows it."""
    before = x._array.shape
    try:
        array = x._array.reshape(shape)
    except ValueError:
        raise RuntimeError(_invalid(shape, x.numel())) from None
    shares = array.size == 0 or np.may_share_memory(array, x._array)
    if not shares and not copies:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    out = view(x, array, reshape_to, shape) if shares else wrap(array)
    return recorded(out, node if shares else "UnsafeViewBackward0",
                    lambda v: v.reshape(before), x)  # fmt: skip


def _invalid(shape: Shape, count: int) -> str:
    if shape.count(-1) > 1:
        return "only one dimension can be inferred"
    if count or 0 not in shape or -1 not in shape:
        return f"shape '{list(shape)}' is invalid for input of size {count}"
    return (f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified "
            "dimension size -1 can be any value and is ambiguous")  # fmt: skip


declare("reshape", lambda x, shape: reshape_to(x, shape),
        "The same numbers in another shape; -1 is whatever is left.")  # fmt: skip
declare("view", lambda x, size: reshape_to(x, size, copies=False),
        "``reshape``, of the same memory or not at all.", method)  # fmt: skip
declare("ravel", lambda x: reshape_to(x.contiguous(), (-1,)), "All in one row.")


@method("view_as", "reshape_as")
def view_as(x: Tensor, other: Tensor) -> Tensor:
    """x in the shape of ``other``."""
    return reshape_to(x, other._array.shape)


@operation()
def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes from ``start_dim`` to ``end_dim`` as one."""
    shape = x._array.shape or (1,)
    start, end = axis(start_dim, len(shape)), axis(end_dim, len(shape))
    expect(start <= end, "flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end and x.ndim:
        return x
    return reshape_to(x, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


@operation()
def unflatten(x: Tensor, dim: int, sizes: Shape) -> Tensor:
    """One axis as several."""
    k, shape = axis(dim, x.ndim), x._array.shape
    known = math.prod(n for n in sizes if n != -1)
    whole = [shape[k] // (known or 1) if n == -1 else n for n in sizes]
    return reshape_to(x, (*shape[:k], *whole, *shape[k + 1 :]))


@operation()
def squeeze(x: Tensor, dim: Ints | None = None) -> Tensor:
    """Without the axes of length 1, or without those of them that are named."""
    gone = range(x.ndim) if dim is None else several_axes(dim, x.ndim)
    kept = tuple(n for k, n in enumerate(x._array.shape) if k not in gone or n != 1)
    number = 0 if dim is None else 1 if isinstance(dim, int) else 2
    return reshape_to(x, kept, f"SqueezeBackward{number}")


@operation()
def unsqueeze(x: Tensor, dim: int) -> Tensor:
    """With a new axis of length 1."""
    k = axis(dim, x.ndim + 1)
    return reshape_to(x, (*x._array.shape[:k], 1, *x._array.shape[k:]), "UnsqueezeBackward0")


def shaped(x: Tensor, shape: Shape) -> Tensor:
    """x itself where it has this shape."""
    return x if x._array.shape == shape else reshape_to(x, shape)


def at_least(rank: int, x: Tensor) -> Tensor:
    """With leading axes of length 1, as many as are missing."""
    return shaped(x, (1,) * (rank - x.ndim) + x._array.shape)


# --- The order of axes ----------------------------------------------------------------------------


def permute_to(x: Tensor, order: Shape, node: str = "PermuteBackward0") -> Tensor:
    """The axes in another order."""
    order = tuple(axis(k, x.ndim) for k in order)
    expect(len(order) == x.ndim, "permute(sparse_coo): number of dimensions in the tensor input "
           "does not match the length of the desired ordering of dimensions i.e. input.dim() = {} "
           "is not equal to len(dims) = {}", x.ndim, len(order))  # fmt: skip
    expect(len(set(order)) == len(order), "permute(): duplicate dims are not allowed.")
    out = view(x, x._array.transpose(order), permute_to, order)
    back = tuple(sorted(range(len(order)), key=order.__getitem__))
    return recorded(out, node, lambda v: permute_to(v, back), x)


declare("permute", lambda x, dims: permute_to(x, dims), "The axes in another order.")


@operation("moveaxis")
def movedim(x: Tensor, source: Ints, destination: Ints) -> Tensor:
    """Axes moved to other places."""
    sources, targets = several_axes(source, x.ndim), several_axes(destination, x.ndim)
    expect(len(sources) == len(targets), "movedim: Invalid source or destination dims: source ({} "
           "dims) should contain the same number of dims as destination ({} dims)",
           list(sources), list(targets))  # fmt: skip
    order = [k for k in range(x.ndim) if k not in sources]
    for target, k in sorted(zip(targets, sources, strict=True)):
        order.insert(target, k)
    return permute_to(x, tuple(order) if x.ndim else ())


@operation("swapaxes", "swapdims")
def transpose(x: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two axes exchanged."""
    order = list(range(x.ndim))
    one, other = axis(dim0, x.ndim), axis(dim1, x.ndim)
    if order:
        order[one], order[other] = other, one
    return permute_to(x, tuple(order), "TransposeBackward0")


swap = partial(transpose, dim0=-2, dim1=-1)
"""The last two axes exchanged."""


def _reversed(x: Tensor, node: str = "PermuteBackward0") -> Tensor:
    return permute_to(x, tuple(reversed(range(x.ndim))), node)


t = declare("t", lambda x: _reversed(x, "TBackward0"),
            "The transpose of a matrix; a vector stays as it is.")  # fmt: skip


def _of_matrices(x: Tensor) -> Tensor:
    expect(x.ndim >= 2, "tensor.mT is only supported on matrices or batches of matrices. Got {}-D "
           "tensor.", x.ndim)  # fmt: skip
    return swap(x)


def _adjoint(x: Tensor) -> Any:
    if x.ndim not in (0, 2):
        more = " For batches of matrices, consider using tensor.mH" if x.ndim > 2 else ""
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {x.ndim}-D "
                           f"tensor.{more}")  # fmt: skip
    return conj(_reversed(x))


for _name, _made in (("T", _reversed), ("mT", _of_matrices), ("H", _adjoint)):
    setattr(Tensor, _name, property(_made))

# --- Copies in another order ----------------------------------------------------------------------


@method("repeat")
def repeat(x: Tensor, repeats: Shape) -> Tensor:
    """The numbers again and again along each axis."""
    before = x._array.shape
    expect(len(repeats) >= x.ndim, "Number of dimensions of repeat dims can not be smaller than "
           "number of dimensions of tensor")  # fmt: skip
    lengths = (1,) * (len(repeats) - x.ndim) + before
    paired = tuple(n for pair in zip(repeats, lengths, strict=True) for n in pair)
    copies = tuple(range(0, len(paired), 2))
    return recorded(
        np.array(np.tile(x._array, repeats)), "RepeatBackward0",
        lambda v: v.reshape(paired).sum(copies).reshape(before) if copies else v, x
    )  # fmt: skip


declare("tile", lambda x, dims: repeat(x, (1,) * (x.ndim - len(dims)) + dims),
        "``repeat``, with 1 for the axes that are not named.")  # fmt: skip


@operation()
def flip(x: Tensor, dims: Shape) -> Tensor:
    """The numbers in reverse along ``dims``."""
    axes = several_axes(dims, x.ndim)
    array = np.flip(x._array, axes) if x.ndim else x._array
    return recorded(in_order_of(array, x._array), "FlipBackward0", lambda v: flip(v, axes), x)


declare("fliplr", lambda x: flip(x, (1,)), "The columns in reverse.")
declare("flipud", lambda x: flip(x, (0,)), "The rows in reverse.")


@operation()
def roll(x: Tensor, shifts: Ints, dims: Ints | None = None) -> Any:
    """The numbers moved on by ``shifts``, those at the end to the front."""
    shifts = (shifts,) if isinstance(shifts, int) else shifts
    if dims in (None, ()):
        dims = None
    else:
        expect(x.ndim > 0, "Dimension specified as {} but tensor has no dimensions",
               several_axes(dims, 9)[0], error=IndexError)  # fmt: skip
        dims = several_axes(dims, x.ndim)
        expect(len(shifts) == len(dims), "shifts and dimensions must align. shifts: {}, dims:{}",
               len(shifts), len(dims))  # fmt: skip
    array, back = in_order(np.roll(x._array, shifts, dims)), tuple(-n for n in shifts)
    return recorded(array, "RollBackward0", lambda v: roll(v, back, dims), x)


def _triangle(name: str, of_array: Any) -> Any:
    def triangle(x: Tensor, diagonal: int = 0) -> Tensor:
        return recorded(in_order(of_array(x._array, diagonal)), f"{name.capitalize()}Backward0",
                        lambda v: triangle(v, diagonal), x)  # fmt: skip

    return declare(name, triangle, "Zeros on the other side of the diagonal.")


tril, triu = _triangle("tril", np.tril), _triangle("triu", np.triu)

# --- Views by strides, and views that take their tensor's place: ``x.transpose_(0, 1)`` -----------


def _strided(array: Any, size: Shape, stride: Shape, offset: int) -> Any:
    return np.lib.stride_tricks.as_strided(
        array.reshape(-1)[offset:], size, tuple(n * array.itemsize for n in stride)
    )


@operation()
def as_strided(x: Tensor, size: Shape, stride: Shape, storage_offset: int | None = None) -> Tensor:
    """The memory that x looks at, with these steps."""
    offset = x.storage_offset() if storage_offset is None else storage_offset
    return _seen(reshape_to(x if x._view is None else x._view.base, (-1,)), size, stride, offset)


def _seen(flat: Tensor, *how: Any) -> Tensor:
    out, count = view(flat, _strided(flat._array, *how), _seen, *how), flat._array.size
    return recorded(out, "AsStridedBackward0", lambda v: embed(
        v, (count,), (_strided(np.arange(count), *how),)), flat)  # fmt: skip


def _replacing(of: Any, later: int) -> Any:
    """``later`` is what the node's number is more by than that of the view."""

    def replace(x: Tensor, *options: Any) -> Tensor:
        if x._view is not None and x._tracked and mode.enabled:
            x._view.edge(x)
            x._view.refuse()
        before = x.detach()
        before._tracked, before._edge, before._view = x._tracked, x._edge, x._view
        out = of(before, *options)
        node = out.grad_fn
        if node is not None and node is not before.grad_fn:
            name = node.name()
            node.__class__ = node_class(f"{name[:-1]}{int(name[-1]) + later}")
        if x._view is not None:
            out._view.creation = x._view.creation or out._view.creation
            x._view = out._view
        elif out._tracked and mode.enabled:
            place(x, edge(out))
        x._array = out._array
        x._counter[0] += 1
        if x._view is not None:
            x._view.seen = x._counter[0]
        return x

    return replace


for _of in (transpose, t, squeeze, unsqueeze, as_strided):
    _in_place = called(_of, f"{_of.__name__}_", 1)
    setattr(Tensor, f"{_of.__name__}_", _replacing(_in_place, 3 if _of is squeeze else 1))
Tensor.swapaxes_ = Tensor.swapdims_ = Tensor.transpose_  # type: ignore[attr-defined]
