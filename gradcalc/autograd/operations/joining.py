"""Joining tensors and taking them apart."""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import common_type
from gradcalc.autograd.core.record import recorded, several
from gradcalc.autograd.core.refusals import expect
from gradcalc.autograd.core.registry import Ints, Tensors, declare, function, method, operation
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.core.views import one_of_several, view
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.indexing import index
from gradcalc.autograd.operations.structural import at_least, axis, expand


def slot(k: int, part: Any) -> tuple[Any, ...]:
    """The key of one part along axis k: an integer, a slice, places."""
    return (*(slice(None),) * k, part, ...)


@function("concat", "concatenate")
def cat(tensors: Tensors, dim: int = 0) -> Tensor:
    """The tensors one after the other along ``dim``."""
    tensors = _of_one_type(tensors)
    expect(tensors, "torch.cat(): expected a non-empty list of Tensors", error=ValueError)
    first = next((x._array.shape for x in tensors if x._array.shape != (0,)), (0,))
    expect(first, "zero-dimensional tensor (at position 0) cannot be concatenated")
    k = axis(dim, len(first))
    empty = (*first[:k], 0, *first[k + 1 :])  # PyTorch's old grace: a [] among matrices
    arrays = [x._array.reshape(empty) if x._array.shape == (0,) else x._array for x in tensors]
    try:
        joined = np.concatenate(arrays, axis=k)
    except ValueError:
        raise RuntimeError(_unequal([array.shape for array in arrays], k)) from None
    lengths = [array.shape[k] for array in arrays]
    slopes = [partial(index, key=slot(k, slice(end - length, end))) if x.ndim == len(first)
              else no_slope_of(x._array)
              for end, length, x in zip(accumulate(lengths), lengths, tensors,
                                        strict=True)]  # fmt: skip
    return recorded(np.ascontiguousarray(joined), "CatBackward0", slopes, *tensors)


def no_slope_of(array: Any) -> Any:
    """The slope of an input without a say: zeros of its own shape."""
    return lambda v: wrap(np.zeros_like(array))


def _of_one_type(tensors: Tensors) -> Tensors:
    for k, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            raise TypeError(f"expected Tensor as element {k} in argument 0, but got "
                            f"{type(x).__name__}")  # fmt: skip
    kinds = {x._array.dtype for x in tensors}
    if len(kinds) < 2:
        return tensors
    kind = common_type([(each, 2) for each in kinds])
    return [convert(x, kind) for x in tensors]


def _unequal(shapes: list[Any], k: int) -> str:
    for number, shape in enumerate(shapes):
        if len(shape) != len(shapes[0]):
            return (f"Tensors must have same number of dimensions: got {len(shapes[0])} and "
                    f"{len(shape)}")  # fmt: skip
        for other, (m, n) in enumerate(zip(shapes[0], shape, strict=True)):
            if m != n and other != k:
                return (f"Sizes of tensors must match except in dimension {k}. Expected size {m} "
                        f"but got size {n} for tensor number {number} in the list.")  # fmt: skip
    raise AssertionError("they can be joined")


@function()
def stack(tensors: Tensors, dim: int = 0) -> Tensor:
    """The tensors side by side along a new axis."""
    tensors = _of_one_type(tensors)
    expect(tensors, "stack expects a non-empty TensorList")
    shape = tensors[0]._array.shape
    for number, x in enumerate(tensors):
        if x._array.shape != shape:
            raise RuntimeError(f"stack expects each tensor to be equal size, but got {list(shape)} "
                               f"at entry 0 and {list(x.shape)} at entry {number}")  # fmt: skip
    k = axis(dim, len(shape) + 1)
    slopes = [partial(index, key=slot(k, number)) for number in range(len(tensors))]
    array = np.stack([x._array for x in tensors], axis=k)
    return recorded(np.ascontiguousarray(array), "StackBackward0", slopes, *tensors)


declare("hstack", lambda tensors: cat([at_least(1, x) for x in tensors], tensors[0].ndim > 1),
        "The tensors one after the other, as columns if they are matrices.", function)  # fmt: skip
declare("vstack row_stack", lambda tensors: cat([at_least(2, x) for x in tensors]),
        "The tensors one above the other; vectors become rows.", function)  # fmt: skip


@function()
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors, each expanded to the shape that they have together."""
    shape = np.broadcast_shapes(*(x._array.shape for x in tensors))
    return tuple(expand(x, shape) for x in tensors)


# --- Apart ----------------------------------------------------------------------------------------


def _views(x: Tensor, dim: int, parts: Any, name: str, join: Any = cat) -> tuple[Tensor, ...]:
    """Each of these parts along the axis: views none of which may be written to."""
    keys = [slot(dim, part) for part in parts]
    outs = [view(x, x._array[key], index, key) for key in keys]
    shapes, kind = [out._array.shape for out in outs], x._array.dtype

    def back(vs: Any) -> Any:
        filled = [wrap(np.zeros(shape, kind)) if v is None else v
                  for v, shape in zip(vs, shapes, strict=True)]  # fmt: skip
        return join(filled, dim)

    made = several(outs, name, back, x)
    one_of_several(made)
    return made


@operation()
def unbind(x: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along ``dim``, one tensor each."""
    k = axis(dim, x.ndim)
    return _views(x, k, range(x._array.shape[k]), "UnbindBackward0", stack)


@method("__iter__")
def iterate(x: Tensor) -> Any:
    """``for row in x``."""
    expect(x.ndim > 0, "iteration over a 0-d tensor", error=TypeError)
    return iter(unbind(x))


@operation("split_with_sizes")
def split(x: Tensor, split_size: Ints, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of the given length (or lengths) along ``dim``."""
    k = axis(dim, x.ndim)
    total, name = x._array.shape[k], "SplitWithSizesBackward0"
    if isinstance(split_size, int):
        expect(split_size >= 0, "split expects split_size be non-negative, but got split_size={}",
               split_size)  # fmt: skip
        expect(split_size or not total, "split_size can only be 0 if dimension size is 0, but "
               "got dimension size of {}", total)  # fmt: skip
        sizes = [split_size] * max(-(-total // (split_size or 1)), 1)
        sizes[-1], name = total - sum(sizes[:-1]), "SplitBackward0"
    else:
        sizes = list(split_size)
        expect(sum(sizes) == total, "split_with_sizes expects split_sizes to sum exactly to {} "
               "(input tensor's size at dimension {}), but got split_sizes={}",
               total, k, sizes)  # fmt: skip
    ends = accumulate(sizes)
    return _views(x, k, [slice(b - n, b) for b, n in zip(ends, sizes, strict=True)], name)


@operation()
def chunk(x: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """As many pieces of equal length as asked, the last one shorter."""
    expect(chunks >= 1, "chunk expects `chunks` to be greater than 0, got: {}", chunks)
    length = x._array.shape[axis(dim, x.ndim)]
    return split(x, -(-length // chunks) if length else [0] * chunks, dim)


@operation()
def diff(x: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None,
         append: Tensor | None = None) -> Tensor:  # fmt: skip
    """The differences of neighbours along ``dim``, n times over."""
    parts = [part for part in (prepend, x, append) if part is not None and n]
    x, k = cat(parts, dim) if len(parts) > 1 else x, axis(dim, x.ndim)
    for _ in range(min(n, x.shape[k])):
        low, high = (x.narrow(k, start, x.shape[k] - 1) for start in (0, 1))
        x = high ^ low if x._array.dtype.kind == "b" else high - low
    return x
