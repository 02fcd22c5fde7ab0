"""Indexing: ``x[key]`` takes, its backward puts back.

Integers, slices, None and ``...`` make a view; lists, masks and integer tensors make a copy. An
index with several parts is one node here, named after the last part; PyTorch has one for each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.autograd.core.node import Node
from gradcalc.autograd.core.tensor import Tensor, attach, method, tracks, wrap
from gradcalc.autograd.core.views import view

Shape = tuple[int, ...]


def clean_key(key: Any) -> tuple[Any, ...]:
    """An index as a tuple of what numpy understands; a basic one always gives a view."""
    parts = key if isinstance(key, tuple) else (key,)
    plain = tuple(_plain(part) for part in parts)
    return (*plain, ...) if basic(plain) and not any(part is ... for part in plain) else plain


def _plain(part: Any) -> Any:
    if type(part) is slice:
        if part.step is not None and part.step <= 0:
            raise ValueError("step must be greater than zero")
        return part
    if isinstance(part, Tensor):
        array = part._array
        if array.dtype.kind not in "iub":
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
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
        if isinstance(part, slice) and part != _EVERYTHING:
            return SliceBackward0
        if part is not ... and part != _EVERYTHING:
            return SelectBackward0
    return SliceBackward0 if _EVERYTHING in key else AliasBackward0


_EVERYTHING = slice(None)


_NewAxis = type("UnsqueezeBackward0", (IndexBackward0,), {})


@method("__getitem__")
def get_item(x: Tensor, key: Any) -> Any:
    """``x[key]``: a view for integers and slices, a copy for lists, masks and tensors."""
    return index(x, clean_key(key))


def index(x: Any, key: tuple[Any, ...]) -> Any:
    """``x[key]`` for a clean key, of an array or of a tensor."""
    if not isinstance(x, Tensor):
        return x[key]
    try:
        array = x._array[key]
    except IndexError as error:
        raise _index_error(x, key, error) from None
    if not basic(key):
        out = wrap(array)
        return attach(out, IndexBackward0(x._array.shape, key), x) if tracks(x) else out
    out = view(x, array, index, key)
    return attach(out, _index_node(key)(x._array.shape, key), x) if tracks(x) else out  # type: ignore[call-arg]


def _index_error(x: Tensor, key: tuple[Any, ...], error: IndexError) -> IndexError:
    """In PyTorch's words where numpy speaks of arrays."""
    if x.ndim == 0:
        return IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a 0-dim "
            "tensor to a number"
        )
    if "too many indices" in str(error):
        return IndexError(f"too many indices for tensor of dimension {x.ndim}")
    if "boolean index did not match" in str(error):
        mask = next(part for part in key if getattr(part, "dtype", None) is np.dtype(bool))
        return IndexError(
            f"The shape of the mask {list(mask.shape)} at index 0 does not match the shape of the "
            f"indexed tensor {list(x.shape)} at index 0"
        )
    return error


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
