"""Indexing: ``x[key]`` takes, its backward puts back.

A key is taken apart as PyTorch does it: integers, slices, None and ``...`` first, which make a
view; then lists, masks and integer tensors, which make a copy of what the view shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import index as whole
from typing import Any

import numpy as np

from gradcalc.autograd.core.record import recorded
from gradcalc.autograd.core.refusals import expect
from gradcalc.autograd.core.registry import Shape, method
from gradcalc.autograd.core.tensor import Tensor, tracks, wrap
from gradcalc.autograd.core.views import view

Key = tuple[Any, ...]
_EVERYTHING = slice(None)


def split_key(x: Tensor, key: Any) -> tuple[Key, Key]:
    """The part of the key that makes a view of x, and the part that takes from it.

    The second has a tensor of places, or a whole slice, for each axis of the view; it is empty
    where nothing is to be taken.
    """
    parts = list(key) if isinstance(key, tuple) or _is_tuple(key) else [key]
    parts = [_plain(part) for part in parts]
    used = sum(_axes_of(part) for part in parts)
    if used > x.ndim:
        expect(x.ndim > 0, "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
               "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number",
               error=IndexError)  # fmt: skip
        raise IndexError(f"too many indices for tensor of dimension {x.ndim}")
    where = next((k for k, part in enumerate(parts) if part is ...), len(parts))
    rest = [_EVERYTHING] * (x.ndim - used)
    parts = parts[:where] + rest + [part for part in parts[where + 1 :] if part is not ...]
    basic: list[Any] = []
    taken: list[Any] = []
    for part in parts:
        if isinstance(part, Tensor):
            basic += [None] if part.ndim == 0 else [_EVERYTHING] * _axes_of(part)
            taken += _places(part, x, len(taken))
        else:
            basic.append(part)
            if not isinstance(part, int):
                taken.append(_EVERYTHING)
    return (*basic, ...), tuple(taken) if any(isinstance(part, Tensor) for part in taken) else ()


def _is_tuple(key: Any) -> bool:
    """A list that PyTorch reads as a tuple: short, with a slice, a list, a tensor in it."""
    return isinstance(key, list) and len(key) < 32 and any(
        part is None or part is ... or isinstance(part, slice | Sequence | Tensor | np.ndarray)
        for part in key)  # fmt: skip


def _plain(part: Any) -> Any:
    """A part as an integer, a slice, None, ``...`` or a tensor of places or of yes and no."""
    if type(part) is slice:
        ends = [n if n is None else whole(n) for n in (part.start, part.stop, part.step)]
        expect(ends[2] is None or ends[2] > 0, "step must be greater than zero", error=ValueError)
        return slice(*ends)
    if part is None or part is ...:
        return part
    if isinstance(part, bool | np.bool_):
        return wrap(np.asarray(part))
    if isinstance(part, int | np.integer):
        return int(part)
    expect(not isinstance(part, str), "new(): invalid data type 'str'", error=TypeError)
    if not isinstance(part, Tensor):
        expect(isinstance(part, Sequence | np.ndarray), "only integers, slices (`:`), ellipsis "
               "(`...`), None and long or byte Variables are valid indices (got {})",
               type(part).__name__, error=IndexError)  # fmt: skip
        array = np.asarray(_numbers(part))
        part = wrap(array if array.size else array.astype(np.int64))
    if part._array.dtype.kind not in "iub":
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    if part._array.dtype == np.uint8:
        return wrap(part._array != 0)
    return int(part._array) if part.ndim == 0 and part._array.dtype.kind == "i" else part


def _numbers(part: Any) -> Any:
    if isinstance(part, Tensor):
        return part._array
    return [_numbers(each) for each in part] if isinstance(part, list | tuple) else part


def _axes_of(part: Any) -> int:
    """How many axes of the tensor a part uses up."""
    if part is None or part is ...:
        return 0
    return part.ndim if isinstance(part, Tensor) and part._array.dtype.kind == "b" else 1


def _places(part: Tensor, x: Tensor, first: int) -> list[Any]:
    """A mask as one tensor of places for each of its axes."""
    if part._array.dtype.kind != "b":
        return [part]
    if part.ndim == 0:
        return [wrap(np.zeros(int(part._array), np.int64))]
    shape = x._array.shape
    for k, (m, n) in enumerate(zip(part._array.shape, shape[first:], strict=False)):
        if m != n:
            raise IndexError(
                f"The shape of the mask {list(part.shape)} at index {k} does not match the shape "
                f"of the indexed tensor {list(shape)} at index {first + k}"
            )
    return [wrap(places) for places in np.nonzero(part._array)]


def array_of(x: Any) -> Any:
    return x._array if isinstance(x, Tensor) else x


def _view_node(key: Key) -> str:
    """Named after the last thing the key does, as in PyTorch's chain of views."""
    for part in reversed(key):
        if part is None:
            return "UnsqueezeBackward0"
        if part is not ... and part != _EVERYTHING:
            return "SliceBackward0" if isinstance(part, slice) else "SelectBackward0"
    return "SliceBackward0" if _EVERYTHING in key else "AliasBackward0"


@method("__getitem__")
def get_item(x: Tensor, key: Any) -> Any:
    """``x[key]``: a view for integers and slices, a copy for lists, masks and tensors."""
    kind = type(key)
    if (kind is int or kind is slice) and x._array.ndim:
        return index(x, (_plain(key), ...))
    basic, taken = split_key(x, key)
    if not taken:
        return index(x, basic if key is not ... else (...,))
    return take(x if is_whole(basic) else index(x, basic), taken)


def is_whole(key: Key) -> bool:
    """Whether this view is all of the tensor, as it is."""
    return all(part is ... or (isinstance(part, slice) and part == _EVERYTHING) for part in key)


def take(x: Tensor, key: Key, node: str = "IndexBackward0") -> Tensor:
    """A copy of x[key], for a key with tensors or arrays of places among its parts."""
    try:
        array = np.asarray(x._array[tuple(map(array_of, key))], order="C")
    except IndexError as error:
        raise _words(error) from None
    shape, rest, places = x._array.shape, *apart(key)
    return recorded(array, node, lambda v, *saved: embed(v, shape, filled(rest, saved)), x,
                    saves=places)  # fmt: skip


def key_along(places: Tensor, k: int, keepdim: bool = True) -> Key:
    """The key with these places on axis k, which they may lack, and its own on the others."""
    key: list[Any] = list(np.indices(places._array.shape, sparse=True))
    key[k : k + keepdim] = [places]
    return tuple(key)


def along(x: Tensor, places: Tensor, k: int, node: str, keepdim: bool = True) -> Any:
    """What stands at these places along axis k."""
    if x.ndim:
        return take(x, key_along(places, k, keepdim), node)
    copies = np.full(places._array.shape, x._array)
    return recorded(copies, node, lambda v: v.sum() if v.ndim else v, x)


def apart(key: Key) -> tuple[Key, tuple[Tensor, ...]]:
    """The key with None for its tensors of places, and these, which are to be saved."""
    rest = tuple(None if isinstance(part, Tensor) else part for part in key)
    return rest, tuple(part for part in key if isinstance(part, Tensor))


def filled(key: Key, places: Sequence[Tensor]) -> Key:
    """The key with its saved places in it again."""
    given = iter(places)
    return tuple(next(given)._array if part is None else part for part in key)


def index(x: Tensor, key: Key) -> Tensor:
    """``x[key]``: a view for a key of integers, slices, None and ``...``."""
    if not _basic(key):
        return take(x, key)
    try:
        array = x._array[key]
    except IndexError as error:
        raise _words(error) from None
    out, shape = view(x, array, index, key), x._array.shape
    if not tracks(x):
        return out
    return recorded(out, _view_node(key), lambda v: embed(v, shape, key), x)


def _basic(key: Key) -> bool:
    return not any(isinstance(part, np.ndarray | Tensor) for part in key)


def _words(error: IndexError) -> IndexError:
    """In PyTorch's words where numpy speaks of axes and arrays."""
    words = str(error).replace(" axis ", " dimension ").replace("array", "tensor")
    head, shapes, sizes = words.partition("with shapes ")
    return IndexError(head + shapes + ", ".join(
        str([int(n) for n in size.strip("(),").split(",")]) for size in sizes.split()
    ))  # fmt: skip


def embed(v: Tensor, shape: Shape, key: Key) -> Tensor:
    """Zeros of this shape, with v added into ``[key]``: what indexing does, turned around."""
    zeros = np.zeros(shape, v._array.dtype)
    if _basic(key):
        zeros[key] = v._array
    else:
        np.add.at(zeros, key, v._array)  # a slot that was read twice is paid twice
    return recorded(zeros, "EmbedBackward", lambda w: index(w, key), v)
