"""Taking elements by their order or by their places, and writing at places: sort, gather, scatter.

Each finds places with numpy and indexes with them, so the way back is that of indexing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from operator import setitem
from typing import Any

import numpy as np

from gradcalc.autograd.core.node import type_name
from gradcalc.autograd.core.record import in_order, in_order_of, recorded
from gradcalc.autograd.core.refusals import expect
from gradcalc.autograd.core.registry import Number, declare, operation, python_type
from gradcalc.autograd.core.tensor import Tensor, tracks, wrap
from gradcalc.autograd.operations import ties
from gradcalc.autograd.operations.copies import convert, same
from gradcalc.autograd.operations.indexing import along, apart, array_of, filled, key_along, take
from gradcalc.autograd.operations.indexing import index as view_of
from gradcalc.autograd.operations.joining import no_slope_of, slot
from gradcalc.autograd.operations.reductions import Chosen, Over, choose, shared
from gradcalc.autograd.operations.structural import axis, sum_to

# --- By their order -------------------------------------------------------------------------------


def _order(x: Tensor, dim: int, descending: bool) -> Any:
    array = x._array
    if not array.ndim:
        return np.zeros((), np.int64)
    order = np.argsort(np.flip(array, dim) if descending else array, axis=dim, kind="stable")
    places = array.shape[dim] - 1 - np.flip(order, dim) if descending else order
    return in_order_of(places, array)


@operation()
def sort(x: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = None) -> Chosen:
    """The numbers in order along ``dim``, and where they were."""
    k = axis(dim, x.ndim)
    made = choose("sort", x, _order(x, k, descending), k, number=stable is not None)
    made[0]._array = in_order_of(made[0]._array, x._array)
    return made


@operation()
def argsort(x: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """Where the numbers are that come first, second … in order."""
    return wrap(_order(x, axis(dim, x.ndim), descending))


declare("msort", lambda x: sort(x, 0)[0], "The rows in order.")


def _each_row(array: Any, dim: int, chosen: Callable[[Any], Any]) -> Any:
    """The places that are chosen from each row along ``dim``: ``chosen`` of a matrix of rows."""
    if not array.ndim:
        return np.zeros((), np.int64)
    rows = np.moveaxis(array, dim, -1)
    found = chosen(rows.reshape(math.prod(rows.shape[:-1]), rows.shape[-1]))
    return in_order(np.moveaxis(found.reshape(*rows.shape[:-1], found.shape[-1]), -1, dim))


@operation()
def topk(x: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Chosen:
    """The k largest along ``dim`` (or smallest), and where they were."""
    number = axis(dim, x.ndim)
    expect(0 <= k <= (x._array.shape or (1,))[number], "selected index k out of range")
    places = _each_row(x._array, number, lambda rows: ties.along(
        rows, lambda order: (order[:, ::-1] if largest else order)[:, :k],
        lambda row: ties.first(row, k, largest)))  # fmt: skip
    return choose("topk", x, places, number)


def _ranked(x: Tensor, dim: int, keepdim: bool, chosen: Any, name: str) -> Chosen:
    """The number that ``chosen`` takes from each row."""
    k = axis(dim, x.ndim)
    Over.of(x, k).not_empty(name)
    places = _each_row(x._array, k, chosen)
    places = places if keepdim or not x.ndim else places.squeeze(k)
    return choose(name, x, places, k, keepdim, name == "median")


def _middle(rows: Any) -> Any:
    """The place of the median of each row, or of its first NaN."""
    middle = np.argsort(rows, axis=-1, kind="stable")[:, [(rows.shape[-1] - 1) // 2]]
    odd = rows != rows
    return np.where(odd.any(-1, keepdims=True), odd.argmax(-1)[:, None], middle)


@operation()
def median(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The one in the middle; of two, the smaller. Of all, equal numbers share the cotangent."""
    if dim is not None:
        return _ranked(x, dim, keepdim, _middle, "median")
    array = x._array
    if not array.size:
        return wrap(np.asarray(np.nan, array.dtype))
    numbers = np.sort(array, axis=None)  # NaN comes last
    middle = numbers[(array.size - 1) // 2 if numbers[-1] == numbers[-1] else -1]
    return shared(x, middle, Over.of(x, None), "MedianBackward0")


@operation()
def kthvalue(x: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Chosen:
    """The k-th smallest along ``dim``."""
    number = axis(dim, x.ndim)
    if not 1 <= k <= (x._array.shape or (1,))[number]:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {number}")
    return _ranked(x, dim, keepdim, lambda rows: ties.along(
        rows, lambda order: order[:, [k - 1]], lambda row: ties.kth(row, k - 1)),
        "kthvalue")  # fmt: skip


# --- By their places ------------------------------------------------------------------------------


def _aimed(name: str, x: Tensor, dim: int, index: Tensor) -> int:
    """The number of the axis that the index has places on, one for each of its elements."""
    k, places = axis(dim, x.ndim), index._array
    if places.size and max(x.ndim, 1) != max(index.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as "
                           f"{'input' if name == 'gather' else 'self'} tensor")  # fmt: skip
    expect(places.dtype.kind in "iu", "{}(): Expected dtype int32/int64 for index", name)
    length = (x._array.shape or (1,))[k]
    wrong = places[(places < 0) | (places >= length)]
    if wrong.size:
        raise RuntimeError(f"index {wrong.flat[0]} is out of bounds for dimension {k} with size "
                           f"{length}")  # fmt: skip
    return k


@operation()
def gather(x: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Any:
    """``out[i, j] = x[index[i, j], j]`` for ``dim=0``; ``x[i, index[i, j]]`` for ``dim=1``."""
    k = _aimed("gather", x, dim, index)
    if not index._array.size:
        nothing = np.empty(index._array.shape, x._array.dtype)
        return recorded(nothing, "GatherBackward0", no_slope_of(x._array), x)
    return along(x, index, k, "GatherBackward0")


@operation()
def index_select(x: Tensor, dim: int, index: Tensor) -> Any:
    """These slices along ``dim``."""
    k, places = axis(dim, x.ndim), np.atleast_1d(index._array)
    expect(places.ndim <= 1, "index_select(): Index is supposed to be a vector", error=IndexError)
    length = (x._array.shape or (1,))[k]
    if ((places < 0) | (places >= length)).any():
        raise IndexError("index out of range in self")
    if not x.ndim:
        return recorded(x._array.copy(), "IndexSelectBackward0", same, x)
    return take(x, slot(k, index if index.ndim else places)[:-1], "IndexSelectBackward0")


@operation()
def select(x: Tensor, dim: int, index: int) -> Any:
    """The slice at one place along ``dim``: a view."""
    k = axis(dim, x.ndim)
    expect(x.ndim > 0, "select() cannot be applied to a 0-dim tensor.", error=IndexError)
    if not -x._array.shape[k] <= index < x._array.shape[k]:
        raise IndexError(f"select(): index {index} out of range for tensor of size "
                         f"{list(x.shape)} at dimension {k}")  # fmt: skip
    return view_of(x, slot(k, index))


@operation()
def narrow(x: Tensor, dim: int, start: int, length: int) -> Any:
    """``length`` slices along ``dim``, from ``start``: a view."""
    k = axis(dim, x.ndim)
    size = x._array.shape[k]
    expect(length >= 0, "narrow(): length must be non-negative.")
    expect(-size <= start <= size, "start out of range (expected to be in range of [-{}, {}], but "
           "got {})", size, size, start, error=IndexError)  # fmt: skip
    start += size if start < 0 else 0
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return view_of(x, slot(k, slice(start, start + length)))


def _take(x: Tensor, index: Tensor) -> Tensor:
    places, size = index._array, x._array.size
    wrong = places[(places < -size) | (places >= size)]
    if wrong.size:
        raise IndexError(f"out of range: tried to access index {wrong.flat[0]} on a tensor of "
                         f"{size} elements.")  # fmt: skip
    flat = x if x.ndim else x.reshape(1)
    return take(flat, np.unravel_index(places % (size or 1), flat._array.shape), "TakeBackward0")


declare("take", _take, "The elements at these places, counted as if x had one axis.")


@operation()
def masked_select(x: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask holds, in one row."""
    expect(mask._array.dtype.kind == "b", "masked_select: expected BoolTensor for mask")
    wide = np.broadcast_shapes(mask._array.shape, x._array.shape)
    x = x.expand(wide).reshape(wide or 1)
    holds = np.nonzero(np.atleast_1d(np.broadcast_to(mask._array, wide)))
    return take(x, holds, "MaskedSelectBackward0")


def _masked_fill(x: Tensor, mask: Tensor, value: Any) -> Tensor:
    expect(mask._array.dtype.kind == "b", "masked_fill_ only supports boolean masks, but got mask "
           "with dtype {}", mask.dtype.in_c)  # fmt: skip
    given = isinstance(value, Tensor)
    if not given and not isinstance(value, int | float | complex | np.generic):
        raise TypeError("masked_fill() received an invalid combination of arguments - got (Tensor, "
                        f"{python_type(value)})")  # fmt: skip
    _zero_dimensional("masked_fill_", value)
    wide = np.broadcast_shapes(mask._array.shape, x._array.shape)
    x = x if wide == x._array.shape else x.expand(wide)
    filled = in_order(np.where(mask._array, x._array.dtype.type(array_of(value)), x._array))
    slopes = (lambda v, m: _masked_fill(v, m, 0.0), lambda v, m: _masked_fill(v, ~m, 0.0).sum())
    inputs = (x, value) if given else (x,)
    return recorded(filled, "MaskedFillBackward0", slopes[: len(inputs)], *inputs, saves=(mask,))


def _zero_dimensional(name: str, value: Any) -> None:
    rank = value.ndim if isinstance(value, Tensor) else 0
    expect(rank == 0, "{} only supports a 0-dimensional value tensor, but got tensor with {} "
           "dimension(s).", name, rank)  # fmt: skip


_writes = partial(operation, in_place=True)
declare("masked_fill", _masked_fill, "``value`` where the mask holds, x elsewhere.", _writes)


@operation()
def nonzero(x: Tensor, *, as_tuple: bool = False) -> Any:
    """The places of what is not 0, one row each; ``as_tuple``: one tensor an axis."""
    if as_tuple:
        return tuple(wrap(places) for places in np.nonzero(np.atleast_1d(x._array)))
    return wrap(np.argwhere(x._array))


declare("argwhere", lambda x: nonzero(x), "The places of what is not 0, one row each.")

# --- Writing at places ----------------------------------------------------------------------------


def _written(x: Tensor, key: tuple[Any, ...], source: Any, node: str, add: bool = False) -> Any:
    """A copy of x with ``source`` written at these places, or added there."""
    given = isinstance(source, Tensor)
    if given and source._array.dtype != x._array.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    array, shape = in_order(np.atleast_1d(x._array)), np.shape(array_of(source))
    if not x.ndim:  # as a row of one
        key = tuple(wrap(np.atleast_1d(array_of(part))) for part in key)
    write: Any = np.add.at if add else setitem
    write(array, tuple(map(array_of, key)), array_of(source))
    rest, places = apart(key)

    def to_old(v: Tensor, *saved: Tensor) -> Tensor:
        if add:
            return v
        lost = np.zeros(array.shape, bool)
        lost[filled(rest, saved)] = True
        return _masked_fill(v, wrap(lost.reshape(v.shape)), 0.0)

    def to_new(v: Tensor, *saved: Tensor) -> Any:
        return sum_to(view_of(v if v.ndim else v.reshape(1), filled(rest, saved)), shape)

    inputs, slopes = ((x, source), (to_old, to_new)) if given else ((x,), (to_old,))
    return recorded(array.reshape(x._array.shape), node, slopes, *inputs, saves=places)


@operation(in_place=True)
def index_put(x: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Any:
    """x with ``values`` at these places: what ``x[indices] = values`` writes."""
    kind = x._array.dtype
    expect(values._array.dtype == kind or not values.ndim, "Index put requires the source and "
           "destination dtypes match, got {} for the destination and {} for the source.",
           type_name(kind), type_name(values._array.dtype))  # fmt: skip
    shape = x._array[tuple(map(array_of, indices))].shape
    try:
        np.broadcast_to(values._array, shape)
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to "
            f"indexing result of shape {list(shape)}"
        ) from None
    return _written(x, tuple(indices), convert(values, kind), "IndexPutBackward0", accumulate)


@operation(in_place=True)
def scatter(x: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Number | None = None,
            reduce: str | None = None) -> Any:  # fmt: skip
    """x with ``src`` written to the places that ``gather`` would read."""
    src, add = value if src is None else src, reduce is not None
    expect(src is not None, "scatter() received an invalid combination of arguments - got (int, "
           "Tensor)", error=TypeError)  # fmt: skip
    expect(reduce in (None, "add"), "scatter: reduce must be None or 'add' here")
    k = _aimed("scatter", x, dim, index)
    if add and not isinstance(src, Tensor):
        src = wrap(np.full(index._array.shape, src, x._array.dtype))
    given = isinstance(src, Tensor)
    if given and src._array.shape != index._array.shape:
        src = src[tuple(slice(n) for n in index._array.shape)]  # what of it is read
    node = "ScatterAddBackward0" if add else f"ScatterBackward{not given:d}"
    return _written(x, key_along(index, k), src, node, add)


declare("scatter_add", lambda x, dim, index, src: scatter(x, dim, index, src, reduce="add"),
        "x with ``src`` added to the places that ``gather`` would read.", _writes)  # fmt: skip


def _rows(x: Tensor, dim: int, index: Tensor) -> tuple[Any, ...]:
    return slot(axis(dim, x.ndim), index if index.ndim else np.atleast_1d(index._array))[:-1]


@operation(in_place=True)
def index_add(x: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Number = 1) -> Any:
    """x with these slices added along ``dim``."""
    k, count = axis(dim, x.ndim), index.numel()
    length = source._array.shape[k] if source.ndim > k else 1
    expect(count == length, "index_add_(): Number of indices ({}) should be equal to "
           "source.size(dim): ({}), for dim: {}", count, length, dim)  # fmt: skip
    source = source if alpha == 1 else source * alpha
    return _written(x, _rows(x, dim, index), source, "IndexAddBackward0", add=True)


declare("index_copy",
        lambda x, dim, index, source: _written(
            x, _rows(x, dim, index), source, "IndexCopyBackward0"),
        "x with these slices along ``dim``.", _writes)  # fmt: skip


@operation(in_place=True)
def index_fill(x: Tensor, dim: int, index: Tensor, value: Any) -> Any:
    """x with one number in these slices along ``dim``."""
    _zero_dimensional("index_fill_", value)
    node = f"IndexFillBackward{isinstance(value, Tensor):d}"
    return _written(x, _rows(x, dim, wrap(np.unique(index._array))), value, node)


# --- Counting -------------------------------------------------------------------------------------


@operation()
def unique(x: Tensor, sorted: bool = True, return_inverse: bool = False,
           return_counts: bool = False, dim: int | None = None) -> Any:  # fmt: skip
    """Each value once, in order."""
    if tracks(x):
        raise NotImplementedError("the derivative for '_unique2' is not implemented.")
    found = np.unique(x._array, return_inverse=True, return_counts=True, axis=dim)
    wanted = (True, return_inverse, return_counts)
    made = tuple(wrap(array) for array, asked in zip(found, wanted, strict=True) if asked)
    return made if len(made) > 1 else made[0]


@operation()
def bincount(x: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each whole number comes, or how much it weighs."""
    if x.ndim != 1 or x._array.dtype.kind not in "iu" or (x._array < 0).any():
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return wrap(np.bincount(x._array, None, minlength))
    kind = np.result_type(weights._array.dtype, np.float32)
    found = np.bincount(x._array, weights._array, minlength)
    return wrap(found.astype(kind if kind == np.float32 else np.float64))
