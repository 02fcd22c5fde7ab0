"""Joining tensors and taking them apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import common_type
from gradcalc.autograd.core.node import Node
from gradcalc.autograd.core.tensor import Tensor, attach, method, tracks, wrap
from gradcalc.autograd.core.views import View
from gradcalc.autograd.operations.indexing import Shape, get_item, index
from gradcalc.autograd.operations.structural import axis, convert


class CatBackward0(Node):
    def __init__(self, dim: int, lengths: Sequence[int], rank: int) -> None:
        self.dim, self.lengths, self.rank = dim, lengths, rank

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        parts, start = [], 0
        for length in self.lengths:
            key = [slice(None)] * self.rank
            key[self.dim] = slice(start, start + length)
            parts.append(index(v, tuple(key)))
            start += length
        return tuple(parts)


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after the other along ``dim``."""
    tensors = _of_one_type(tensors)
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    _check_lengths(tensors, dim)
    out = wrap(np.concatenate([x._array for x in tensors], axis=dim))
    if not tracks(*tensors):
        return out
    k = dim % out.ndim
    lengths = [x._array.shape[k] for x in tensors]
    return attach(out, CatBackward0(k, lengths, out.ndim), *tensors)


concat = concatenate = cat


def _of_one_type(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    kinds = {x._array.dtype for x in tensors}
    if len(kinds) < 2:
        return tensors
    kind = common_type([(each, 2) for each in kinds])
    return [convert(x, kind) for x in tensors]


def _check_lengths(tensors: Sequence[Tensor], dim: int) -> None:
    first = tensors[0]
    k = axis(dim, first.ndim)
    for number, x in enumerate(tensors):
        if x.ndim != first.ndim:
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {first.ndim} and {x.ndim}"
            )
        for other, (m, n) in enumerate(zip(first.shape, x.shape, strict=True)):
            if m != n and other != k:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {k}. Expected size {m} but "
                    f"got size {n} for tensor number {number} in the list."
                )


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors one after the other, as columns if they are matrices."""
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors one above the other; vectors become rows."""
    return cat([x.unsqueeze(0) if x.ndim == 1 else x for x in tensors])


class StackBackward0(Node):
    def __init__(self, dim: int, count: int) -> None:
        self.dim, self.count = dim, count

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        before = (slice(None),) * self.dim
        return tuple(index(v, (*before, k, ...)) if self.wants(k) else None
                     for k in range(self.count))  # fmt: skip


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors side by side along a new axis."""
    tensors = _of_one_type(tensors)
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    for number, x in enumerate(tensors):
        if x._array.shape != tensors[0]._array.shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0].shape)} at "
                f"entry 0 and {list(x.shape)} at entry {number}"
            )
    out = wrap(np.stack([x._array for x in tensors], axis=dim))
    if not tracks(*tensors):
        return out
    return attach(out, StackBackward0(dim % out.ndim, len(tensors)), *tensors)


class UnbindBackward0(Node):
    def __init__(self, dim: int, shape: Shape, kind: Any) -> None:
        self.dim, self.shape, self.kind = dim, shape, kind
        self.outputs = shape[dim]

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
        part = self.shape[: self.dim] + self.shape[self.dim + 1 :]
        zeros = np.zeros(part, self.kind)
        filled = [zeros if v is None else v for v in cotangents]
        if not tracked:
            return (np.stack(filled, axis=self.dim),)
        return (stack([v if isinstance(v, Tensor) else wrap(v) for v in filled], self.dim),)


@method("unbind")
def unbind(x: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along ``dim``, one tensor each."""
    if x.ndim == 0:
        raise TypeError("iteration over a 0-d tensor")
    k = dim % x.ndim
    keys: list[Any] = [(*(slice(None),) * k, i, ...) for i in range(x._array.shape[k])]
    if not tracks(x):
        return tuple(index(x, key) for key in keys)
    node = UnbindBackward0(k, x._array.shape, x._array.dtype)
    outs = tuple(wrap(x._array[key]) for key in keys)
    for i, out in enumerate(outs):
        attach(out, node, x)
        out._edge = (node, i)
        out._counter = x._counter
        out._view = View(x, ())
        out._view.refuses = _ONE_OF_SEVERAL
    return outs


_ONE_OF_SEVERAL = (
    "Output 0 of UnbindBackward0 is a view and is being modified inplace. This view is the output "
    "of a function that returns multiple views. Such functions do not allow the output views to be "
    "modified inplace. You should replace the inplace operation by an out-of-place one."
)


@method("__iter__")
def iterate(x: Tensor) -> Any:
    """``for row in x``."""
    return iter(unbind(x))


@method("split")
def split(x: Tensor, size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of the given length (or lengths) along ``dim``."""
    total = x._array.shape[dim]
    sizes = [size] * -(-total // size) if isinstance(size, int) else list(size)
    starts = [int(n) for n in np.cumsum([0, *sizes])]
    before = (slice(None),) * (dim % x.ndim)
    return tuple(get_item(x, (*before, slice(a, min(b, total))))
                 for a, b in pairwise(starts))  # fmt: skip


@method("chunk")
def chunk(x: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """As many pieces of equal length as asked, the last one shorter."""
    return split(x, -(-x._array.shape[dim] // chunks), dim)
