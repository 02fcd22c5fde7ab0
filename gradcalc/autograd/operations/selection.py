"""Taking elements by their order or by their places: sort, topk, gather, masks.

Each finds places with numpy and indexes with them, so the way back is that of indexing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import int_product
from gradcalc.autograd.core.record import in_order, in_order_of, recorded
from gradcalc.autograd.core.registry import function, operation
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.operations import ties
from gradcalc.autograd.operations.indexing import apart, filled, index
from gradcalc.autograd.operations.indexing import take as take_from
from gradcalc.autograd.operations.inplace import in_place
from gradcalc.autograd.operations.joining import no_slope_of
from gradcalc.autograd.operations.reductions import Chosen, not_empty, shared
from gradcalc.autograd.operations.structural import axis, several_axes, sum_to

Key = tuple[Any, ...]


def _taken(x: Tensor, key: Key, node: str) -> Tensor:
    """x at these places, with new memory."""
    return take_from(x, tuple(wrap(p) if isinstance(p, np.ndarray) else p for p in key), node)


def _key_along(x: Any, places: Any, dim: int) -> Key:
    key: list[Any] = list(np.indices(places.shape, sparse=True)) or [places]
    key[dim] = places
    return tuple(key)


def _along(x: Tensor, places: Any, dim: int, node: str) -> Any:
    """x at these places along one axis, and at its own place along the others."""
    if x.ndim == 0:
        return _taken(x.reshape(1), (np.reshape(places, -1),), node).reshape(np.shape(places))
    return _taken(x, _key_along(x, places, dim), node)


def _order(x: Tensor, dim: int, descending: bool) -> Any:
    array = x._array
    if not array.ndim:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(array, axis=dim, kind="stable")
    back = np.flip(np.argsort(np.flip(array, dim), axis=dim, kind="stable"), dim)
    return array.shape[dim] - 1 - back


@operation()
def sort(x: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = None) -> Chosen:
    """The numbers in order along ``dim``, and where they were."""
    k = axis(dim, x.ndim)
    places = in_order_of(_order(x, k, descending), x._array)
    values = _along(x, places, k, f"SortBackward{stable is not None:d}")
    values._array = in_order_of(values._array, x._array)
    return Chosen.by("sort", values, wrap(places))


@operation()
def argsort(x: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """Where the numbers are that come first, second … in order."""
    return wrap(in_order_of(_order(x, axis(dim, x.ndim), descending), x._array))


@operation()
def msort(x: Tensor) -> Tensor:
    """The rows in order."""
    return sort(x, 0)[0]


@operation()
def topk(x: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Chosen:
    """The k largest along ``dim`` (or smallest), and where they were."""
    along = axis(dim, x.ndim)
    if not 0 <= k <= (x._array.shape[along] if x.ndim else 1):
        raise RuntimeError("selected index k out of range")
    places = _each_row(x._array, along, lambda rows: ties.along(
        rows, lambda order: (order[:, ::-1] if largest else order)[:, :k],
        lambda row: ties.first(row, k, largest)))  # fmt: skip
    return Chosen.by("topk", _along(x, places, along, "TopkBackward0"), wrap(places))


def _each_row(array: Any, dim: int, chosen: Callable[[Any], Any]) -> Any:
    """The places that are chosen from each row along ``dim``: ``chosen`` of a matrix of rows."""
    if not array.ndim:
        return np.zeros((), np.int64)
    rows = np.moveaxis(array, dim, -1)
    found = chosen(rows.reshape(int_product(rows.shape[:-1]), rows.shape[-1]))
    return in_order(np.moveaxis(found.reshape(*rows.shape[:-1], found.shape[-1]), -1, dim))


def _ranked(x: Tensor, dim: int, keepdim: bool, chosen: Any, name: str) -> Chosen:
    """The number that ``chosen`` takes from each row."""
    k, node = axis(dim, x.ndim), f"{name.capitalize()}Backward{name == 'median':d}"
    not_empty(x, (k,), name)
    places = _each_row(x._array, k, chosen)
    if not x.ndim or keepdim:
        return Chosen.by(name, _along(x, places, k, node), wrap(places))
    key = tuple(part.squeeze(k) for part in np.broadcast_arrays(*_key_along(x, places, k)))
    return Chosen.by(name, _taken(x, key, node), wrap(places.squeeze(k)))


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
    odd = array.dtype.kind == "f" and np.isnan(array).any()
    middle = np.nan if odd else np.sort(array, axis=None)[(array.size - 1) // 2]
    return shared(x, array.dtype.type(middle), tuple(range(x.ndim)), "MedianBackward0")


@operation()
def kthvalue(x: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Chosen:
    """The k-th smallest along ``dim``."""
    length = x._array.shape[axis(dim, x.ndim)] if x.ndim else 1
    if not 1 <= k <= length:
        raise RuntimeError("kthvalue(): selected number k out of range for dimension "
                           f"{axis(dim, x.ndim)}")  # fmt: skip
    return _ranked(x, dim, keepdim, lambda rows: ties.along(
        rows, lambda order: order[:, [k - 1]], lambda row: ties.kth(row, k - 1)),
        "kthvalue")  # fmt: skip


@operation()
def gather(x: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Any:
    """``out[i, j] = x[index[i, j], j]`` for ``dim=0``; ``x[i, index[i, j]]`` for ``dim=1``."""
    k = axis(dim, x.ndim)
    _within(index._array, x._array.shape[k] if x.ndim else 1, k)
    if not index._array.size:
        nothing = np.empty(index._array.shape, x._array.dtype)
        return recorded(nothing, "GatherBackward0", no_slope_of(x._array), x)
    return _along(x, index._array, k, "GatherBackward0")


def _within(places: Any, length: int, k: int) -> None:
    if places.dtype.kind not in "iu":
        raise RuntimeError("gather(): Expected dtype int32/int64 for index")
    wrong = places[(places < 0) | (places >= length)]
    if wrong.size:
        raise RuntimeError(
            f"index {wrong.flat[0]} is out of bounds for dimension {k} with size {length}"
        )


@operation()
def index_select(x: Tensor, dim: int, index: Tensor) -> Any:
    """These slices along ``dim``."""
    k, places = axis(dim, x.ndim), np.atleast_1d(index._array)
    length = x._array.shape[k] if x.ndim else 1
    if ((places < 0) | (places >= length)).any():
        raise IndexError("index out of range in self")
    if not x.ndim:
        return _taken(x.reshape(1), (places,), "IndexSelectBackward0").reshape(())
    return _taken(x, (*(slice(None),) * k, places), "IndexSelectBackward0")


@operation()
def select(x: Tensor, dim: int, index: int) -> Any:
    """The slice at one place along ``dim``: a view."""
    k = axis(dim, x.ndim)
    if x.ndim == 0:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    if not -x._array.shape[k] <= index < x._array.shape[k]:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(x.shape)} at dimension "
            f"{k}"
        )
    return _view(x, (*(slice(None),) * k, int(index), ...))


_view = index


@operation()
def narrow(x: Tensor, dim: int, start: Any, length: int) -> Any:
    """``length`` slices along ``dim``, from ``start``: a view."""
    k = axis(dim, x.ndim)
    if x.ndim == 0:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    size, start = x._array.shape[k], int(start)
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -size <= start <= size:
        raise IndexError(f"start out of range (expected to be in range of [-{size}, {size}], but "
                         f"got {start})")  # fmt: skip
    start += size if start < 0 else 0
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return index(x, (*(slice(None),) * k, slice(start, start + length), ...))


@operation()
def take(x: Tensor, index: Tensor) -> Tensor:
    """The elements at these places, counted as if x had one axis."""
    places, size = index._array, x._array.size
    wrong = places[(places < -size) | (places >= size)]
    if wrong.size:
        raise IndexError(
            f"out of range: tried to access index {wrong.flat[0]} on a tensor of {size} elements."
        )
    flat = x if x.ndim else x.reshape(1)
    return _taken(flat, np.unravel_index(places % (size or 1), flat._array.shape), "TakeBackward0")


@operation()
def masked_select(x: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask holds, in one row."""
    wide = np.broadcast_shapes(mask._array.shape, x._array.shape)
    if wide != x._array.shape:
        x = x.expand(wide)
    x = x if wide else x.reshape(1)
    return _taken(
        x, np.nonzero(np.atleast_1d(np.broadcast_to(mask._array, wide))), "MaskedSelectBackward0"
    )


def _outside(v: Any, mask: Any) -> Any:
    """v, with zeros where the mask holds."""
    if isinstance(v, Tensor):
        return masked_fill(v, wrap(mask), 0.0)
    return np.where(mask, v.dtype.type(0), v)


@operation()
def masked_fill(x: Tensor, mask: Tensor, value: Any) -> Tensor:
    """``value`` where the mask holds, x elsewhere."""
    if mask._array.dtype.kind != "b":
        raise RuntimeError("masked_fill_ only supports boolean masks, but got mask with dtype "
                           f"{mask.dtype.name}")  # fmt: skip
    given = isinstance(value, Tensor)
    if given and value.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    wide = np.broadcast_shapes(mask._array.shape, x._array.shape)
    x = x if wide == x._array.shape else x.expand(wide)
    number = x._array.dtype.type(value._array if given else value)
    filled = in_order(np.where(mask._array, number, x._array))
    slopes = (lambda v, m: _outside(v, _array(m)), lambda v, m: _outside(v, ~_array(m)).sum())
    inputs = (x, value) if given else (x,)
    return recorded(filled, "MaskedFillBackward0", slopes[: len(inputs)], *inputs, saves=(mask,))


def _array(x: Any) -> Any:
    return x._array if isinstance(x, Tensor) else x


Tensor.masked_fill_ = in_place(masked_fill)  # type: ignore[attr-defined]


@operation()
def nonzero(x: Tensor, *, as_tuple: bool = False) -> Any:
    """The places of what is not 0, one row each; ``as_tuple``: one tensor an axis."""
    if as_tuple:
        return tuple(wrap(places) for places in np.nonzero(np.atleast_1d(x._array)))
    return wrap(np.argwhere(x._array))


@function()
def argwhere(x: Tensor) -> Any:
    """The places of what is not 0, one row each."""
    return nonzero(x)


@operation()
def roll(x: Tensor, shifts: Any, dims: Any = None) -> Any:
    """The numbers moved on by ``shifts``, those at the end to the front."""
    if not x.ndim:
        return x.clone()
    if dims is not None and dims != ():
        dims = several_axes(dims, x.ndim)
        shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
        if len(shifts) != len(dims):
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:"
                               f"{len(dims)}")  # fmt: skip
    array = in_order(np.roll(x._array, shifts, dims or None))
    back = -shifts if isinstance(shifts, int) else tuple(-n for n in shifts)
    return recorded(array, "RollBackward0", lambda v: roll(v, back, dims or None) if isinstance(
        v, Tensor) else np.roll(v, back, dims or None), x)  # fmt: skip


def _triangle(name: str, of_array: Any) -> Any:
    def triangle(x: Tensor, diagonal: int = 0) -> Any:
        if x.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        return recorded(in_order(of_array(x._array, diagonal)), f"{name.capitalize()}Backward0",
                        lambda v: (triangle if isinstance(v, Tensor) else of_array)(v, diagonal),
                        x)  # fmt: skip

    triangle.__name__ = name
    triangle.__doc__ = f"numpy's ``{name}``: zeros on the other side of the diagonal."
    return operation()(triangle)


tril, triu = _triangle("tril", np.tril), _triangle("triu", np.triu)


# --- Writing at places ----------------------------------------------------------------------------


def _written(x: Tensor, key: Key, source: Any, node: str, add: bool = False) -> Any:
    """A copy of x with ``source`` written at these places, or added there."""
    if not x.ndim:
        key = tuple(np.reshape(part, -1) for part in key)
        return _written(x.reshape(1), key, _row(source), node, add).reshape(())
    given = isinstance(source, Tensor)
    if given and source._array.dtype != x._array.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    array = in_order(x._array)
    _put(array, key, _array(source), add)
    rest, places = apart(tuple(wrap(p) if isinstance(p, np.ndarray) else p for p in key))

    def to_old(v: Any, *saved: Any) -> Any:
        lost = np.zeros(v.shape, bool)
        _put(lost, filled(rest, saved), not add, False)
        return v if add else _outside(v, lost)

    def to_new(v: Any, *saved: Any) -> Any:
        return sum_to(index(v, filled(rest, saved)), shape)

    shape = np.shape(_array(source))
    inputs, slopes = ((x, source), (to_old, to_new)) if given else ((x,), (to_old,))
    return recorded(array, node, slopes, *inputs, saves=places)


def _put(array: Any, key: Key, values: Any, add: bool) -> None:
    if add:
        np.add.at(array, key, values)
    else:
        array[key] = values


def _row(source: Any) -> Any:
    return source.reshape(-1) if isinstance(source, Tensor) else source


def _scatter_key(x: Tensor, dim: int, index: Tensor) -> tuple[Any, ...]:
    k = axis(dim, x.ndim)
    _within(index._array, x._array.shape[k] if x.ndim else 1, k)
    return _key_along(x, index._array, k)


def _part(source: Any, index: Tensor) -> Any:
    """What of the source is read: as much as there are places."""
    if not isinstance(source, Tensor) or source._array.shape == index._array.shape:
        return source
    return source[tuple(slice(n) for n in index._array.shape)]


@operation()
def scatter(x: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None,
            reduce: str | None = None) -> Any:  # fmt: skip
    """x with ``src`` written to the places that ``gather`` would read."""
    src = value if src is None else src
    if reduce == "add":
        if not isinstance(src, Tensor):
            src = wrap(np.full(index._array.shape, src, x._array.dtype))
        return scatter_add(x, dim, index, src)
    if reduce is not None:
        raise RuntimeError("scatter: reduce must be None or 'add' here")
    node = f"ScatterBackward{not isinstance(src, Tensor):d}"
    return _written(x, _scatter_key(x, dim, index), _part(src, index), node)


@operation()
def scatter_add(x: Tensor, dim: int, index: Tensor, src: Tensor) -> Any:
    """x with ``src`` added to the places that ``gather`` would read."""
    return _written(
        x, _scatter_key(x, dim, index), _part(src, index), "ScatterAddBackward0", add=True
    )


def _rows(x: Tensor, dim: int, index: Tensor) -> tuple[Any, ...]:
    return (*(slice(None),) * axis(dim, x.ndim), np.atleast_1d(index._array))


@operation()
def index_add(x: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Any:
    """x with these slices added along ``dim``."""
    source = source if alpha == 1 else source * alpha
    return _written(x, _rows(x, dim, index), source, "IndexAddBackward0", add=True)


@operation()
def index_copy(x: Tensor, dim: int, index: Tensor, source: Tensor) -> Any:
    """x with these slices along ``dim``."""
    return _written(x, _rows(x, dim, index), source, "IndexCopyBackward0")


@operation()
def index_fill(x: Tensor, dim: int, index: Tensor, value: Any) -> Any:
    """x with one number in these slices along ``dim``."""
    if isinstance(value, Tensor) and value.ndim:
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    index = wrap(np.unique(index._array))
    return _written(x, _rows(x, dim, index), value, "IndexFillBackward0")


for _made in (scatter, scatter_add, index_add, index_copy, index_fill):
    setattr(Tensor, f"{_made.__name__}_", in_place(_made))


# --- Counting -------------------------------------------------------------------------------------


@operation()
def unique(x: Tensor, sorted: bool = True, return_inverse: bool = False,
           return_counts: bool = False, dim: int | None = None) -> Any:  # fmt: skip
    """Each value once, in order."""
    found = np.unique(x._array, return_inverse=True, return_counts=True, axis=dim)
    values, inverse, counts = map(wrap, found)
    if return_inverse or return_counts:
        return (values, *((inverse,) if return_inverse else ()),
                *((counts,) if return_counts else ()))  # fmt: skip
    return values


@operation()
def bincount(x: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each whole number comes, or how much it weighs."""
    if x.ndim != 1 or x._array.dtype.kind not in "iu" or (x._array < 0).any():
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    return wrap(np.bincount(x._array, None if weights is None else weights._array, minlength))
