"""Taking elements by their order or by their places: sort, topk, gather, masks.

Each finds places with numpy and indexes with them, so the way back is that of indexing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcalc.autograd.core.node import Node, named
from gradcalc.autograd.core.registry import function, operation
from gradcalc.autograd.core.tensor import Tensor, attach, save, tracks, wrap
from gradcalc.autograd.operations.indexing import IndexBackward0, filled, index
from gradcalc.autograd.operations.inplace import in_place
from gradcalc.autograd.operations.reductions import Chosen, not_empty
from gradcalc.autograd.operations.structural import axis, several_axes

_SORT, _SORT_STABLE, _TOPK, _MEDIAN, _MEDIAN_ALONG, _KTH, _GATHER, _SELECT, _MASKED, _TAKE = named(
    IndexBackward0, "SortBackward0", "SortBackward1", "TopkBackward0", "MedianBackward0",
    "MedianBackward1", "KthvalueBackward0", "GatherBackward0",
    "IndexSelectBackward0", "MaskedSelectBackward0", "TakeBackward0",
)  # fmt: skip


def _taken(x: Tensor, key: tuple[Any, ...], node: type[IndexBackward0]) -> Tensor:
    """x at these places, with new memory."""
    out = wrap(np.array(x._array[key], order="C"))
    if not tracks(x):
        return out
    places = tuple(wrap(part) if isinstance(part, np.ndarray) else part for part in key)
    return attach(out, node(x._array.shape, places), x)


def _key_along(x: Any, places: Any, dim: int) -> tuple[Any, ...]:
    key: list[Any] = list(np.indices(places.shape, sparse=True)) or [places]
    key[dim] = places
    return tuple(key)


def _along(x: Tensor, places: Any, dim: int, node: type[IndexBackward0]) -> Tensor:
    """x at these places along one axis, and at its own place along the others."""
    if x.ndim == 0:
        flat = _taken(x.reshape(1), (np.reshape(places, -1),), node)
        return flat.reshape(np.shape(places))  # type: ignore[no-any-return]
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
    places = _order(x, k, descending)
    node = _SORT if stable is None else _SORT_STABLE
    return Chosen.by("sort", _along(x, places, k, node), wrap(places))


@operation()
def argsort(x: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """Where the numbers are that come first, second … in order."""
    return wrap(_order(x, axis(dim, x.ndim), descending))


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
    places = _order(x, along, largest)
    if x.ndim:
        places = np.take(places, np.arange(k), axis=along)
    return Chosen.by("topk", _along(x, places, along, _TOPK), wrap(places))


def _one_along(
    x: Tensor, rank: int, dim: int, keepdim: bool, name: str, node: type[IndexBackward0]
) -> Chosen:
    """The number that has this rank along ``dim``."""
    k = axis(dim, x.ndim)
    not_empty(x, (k,), name)
    places = _order(x, k, False)
    if not x.ndim:
        return Chosen.by(name, _along(x, places, k, node), wrap(places))
    places = np.take(places, [rank], axis=k)
    if keepdim:
        return Chosen.by(name, _along(x, places, k, node), wrap(places))
    key = tuple(part.squeeze(k) for part in np.broadcast_arrays(*_key_along(x, places, k)))
    return Chosen.by(name, _taken(x, key, node), wrap(places.squeeze(k)))


@operation()
def median(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The one in the middle; of two, the smaller."""
    if dim is None:
        if not x._array.size:
            return wrap(np.asarray(np.nan, x._array.dtype))
        flat = np.argsort(x._array, axis=None, kind="stable")[(x._array.size - 1) // 2]
        return _taken(x, tuple(map(np.asarray, np.unravel_index(flat, x._array.shape))), _MEDIAN)
    length = x._array.shape[axis(dim, x.ndim)] if x.ndim else 1
    return _one_along(x, (length - 1) // 2, dim, keepdim, "median", _MEDIAN_ALONG)


@operation()
def kthvalue(x: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Chosen:
    """The k-th smallest along ``dim``."""
    length = x._array.shape[axis(dim, x.ndim)] if x.ndim else 1
    if not 1 <= k <= length:
        raise RuntimeError("kthvalue(): selected number k out of range for dimension "
                           f"{axis(dim, x.ndim)}")  # fmt: skip
    return _one_along(x, k - 1, dim, keepdim, "kthvalue", _KTH)


@operation()
def gather(x: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """``out[i, j] = x[index[i, j], j]`` for ``dim=0``; ``x[i, index[i, j]]`` for ``dim=1``."""
    k = axis(dim, x.ndim)
    _within(index._array, x._array.shape[k] if x.ndim else 1, k)
    return _along(x, index._array, k, _GATHER)


def _within(places: Any, length: int, k: int) -> None:
    if places.dtype != np.int64:
        raise RuntimeError("gather(): Expected dtype int64 for index")
    wrong = places[(places < 0) | (places >= length)]
    if wrong.size:
        raise RuntimeError(
            f"index {wrong.flat[0]} is out of bounds for dimension {k} with size {length}"
        )


@operation()
def index_select(x: Tensor, dim: int, index: Tensor) -> Tensor:
    """These slices along ``dim``."""
    k, places = axis(dim, x.ndim), np.atleast_1d(index._array)
    length = x._array.shape[k] if x.ndim else 1
    if ((places < 0) | (places >= length)).any():
        raise IndexError("index out of range in self")
    if not x.ndim:
        return _taken(x.reshape(1), (places,), _SELECT).reshape(())  # type: ignore[no-any-return]
    return _taken(x, (*(slice(None),) * k, places), _SELECT)


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
    return _taken(flat, np.unravel_index(places % (size or 1), flat._array.shape), _TAKE)


@operation()
def masked_select(x: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask holds, in one row."""
    wide = np.broadcast_shapes(mask._array.shape, x._array.shape)
    if wide != x._array.shape:
        x = x.expand(wide)
    x = x if wide else x.reshape(1)
    return _taken(x, np.nonzero(np.atleast_1d(np.broadcast_to(mask._array, wide))), _MASKED)


class MaskedFillBackward0(Node):
    """``value`` is a number, or a 0-d tensor, to which all that was masked flows."""

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        mask = saved[0]._array if isinstance(saved[0], Tensor) else saved[0]
        if isinstance(v, Tensor):
            kept = masked_fill(v, wrap(mask), 0.0)
            rest = masked_fill(v, wrap(~mask), 0.0)
        else:
            kept = np.where(mask, v.dtype.type(0), v)
            rest = np.where(mask, v, v.dtype.type(0))
        return (kept, rest.sum())[: len(self.next_functions)]


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
    out = wrap(np.where(mask._array, number, x._array))
    inputs = (x, value) if given else (x,)
    if not tracks(*inputs):
        return out
    node = MaskedFillBackward0()
    node.saved = save(mask)
    return attach(out, node, *inputs)


Tensor.masked_fill_ = in_place(masked_fill)  # type: ignore[attr-defined]


@operation()
def nonzero(x: Tensor, *, as_tuple: bool = False) -> Any:
    """The places of what is not 0, one row each; ``as_tuple``: one tensor an axis."""
    if as_tuple:
        return tuple(wrap(places) for places in np.nonzero(np.atleast_1d(x._array)))
    return wrap(np.argwhere(x._array))


@function()
def argwhere(x: Tensor) -> Tensor:
    """The places of what is not 0, one row each."""
    return nonzero(x)  # type: ignore[no-any-return]


@operation()
def roll(x: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """The numbers moved on by ``shifts``, those at the end to the front."""
    if not x.ndim:
        return x.clone()  # type: ignore[no-any-return]
    if dims is not None and dims != ():
        dims = several_axes((dims,) if isinstance(dims, int) else dims, x.ndim)
        shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
        if len(shifts) != len(dims):
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:"
                               f"{len(dims)}")  # fmt: skip
    out = wrap(np.array(np.roll(x._array, shifts, dims or None), order="C"))
    return attach(out, RollBackward0(shifts, dims or None), x) if tracks(x) else out


class RollBackward0(Node):
    def __init__(self, shifts: Any, dims: Any) -> None:
        self.shifts = -shifts if isinstance(shifts, int) else tuple(-n for n in shifts)
        self.dims = dims

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        if isinstance(v, Tensor):
            return (roll(v, self.shifts, self.dims),)
        return (np.roll(v, self.shifts, self.dims),)


class TrilBackward0(Node):
    """Zeros on one side of the diagonal; the way back is the same again."""

    def __init__(self, of_array: Callable[..., Any], of_tensor: Any, diagonal: int) -> None:
        self.of_array, self.of_tensor, self.diagonal = of_array, of_tensor, diagonal

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        of = self.of_tensor if isinstance(v, Tensor) else self.of_array
        return (of(v, self.diagonal),)


TriuBackward0 = named(TrilBackward0, "TriuBackward0")


def _triangle(name: str, of_array: Any, kind: type[TrilBackward0]) -> Any:
    def triangle(x: Tensor, diagonal: int = 0) -> Any:
        if x.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        out = wrap(of_array(x._array, diagonal))
        return attach(out, kind(of_array, triangle, diagonal), x) if tracks(x) else out

    triangle.__name__ = name
    triangle.__doc__ = f"numpy's ``{name}``: zeros on the other side of the diagonal."
    return operation()(triangle)


tril, triu = _triangle("tril", np.tril, TrilBackward0), _triangle("triu", np.triu, TriuBackward0)


# --- Writing at places ----------------------------------------------------------------------------


class ScatterBackward0(Node):
    """Slots were overwritten, or added to; what was there, and what came, are paid back."""

    def __init__(self, key: tuple[Any, ...], add: bool) -> None:
        self.key, self.add = tuple(None if isinstance(p, Tensor) else p for p in key), add
        self.saved = save(*(part for part in key if isinstance(part, Tensor)))

    def backward(self, v: Any, *places: Any) -> tuple[Any, ...]:
        key = filled(self.key, places)
        old = v
        if not self.add and self.wants(0):
            lost = np.zeros(v.shape, bool)
            lost[key] = True
            old = masked_fill(v, wrap(lost), 0.0) if isinstance(v, Tensor) else np.where(lost, 0, v)
            old = old if isinstance(v, Tensor) else old.astype(v.dtype)
        new = index(v, key) if len(self.next_functions) > 1 and self.wants(1) else None
        return (old, new)[: len(self.next_functions)]


_SCATTER, _SCATTER_VALUE, _SCATTER_ADD, _INDEX_ADD, _INDEX_COPY, _INDEX_FILL = named(
    ScatterBackward0, "ScatterBackward0", "ScatterBackward1", "ScatterAddBackward0",
    "IndexAddBackward0", "IndexCopyBackward0", "IndexFillBackward0",
)  # fmt: skip


def _written(x: Tensor, key: tuple[Any, ...], source: Any, node: Any, add: bool = False) -> Tensor:
    """A copy of x with ``source`` written at these places, or added there."""
    if not x.ndim:
        key = tuple(np.reshape(part, -1) for part in key)
        return _written(x.reshape(1), key, _row(source), node, add).reshape(())  # type: ignore[no-any-return]
    array = np.array(x._array)
    given = isinstance(source, Tensor)
    if given and source._array.dtype != array.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    values = source._array if given else source
    if add:
        np.add.at(array, key, values)
    else:
        array[key] = values
    out = wrap(array)
    inputs = (x, source) if given else (x,)
    if not tracks(*inputs):
        return out
    places = tuple(wrap(p) if isinstance(p, np.ndarray) else p for p in key)
    return attach(out, node(places, add), *inputs)


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
            reduce: str | None = None) -> Tensor:  # fmt: skip
    """x with ``src`` written to the places that ``gather`` would read."""
    src = value if src is None else src
    if reduce == "add":
        return scatter_add(x, dim, index, src)
    if reduce is not None:
        raise RuntimeError("scatter: reduce must be None or 'add' here")
    node = _SCATTER if isinstance(src, Tensor) else _SCATTER_VALUE
    return _written(x, _scatter_key(x, dim, index), _part(src, index), node)


@operation()
def scatter_add(x: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """x with ``src`` added to the places that ``gather`` would read."""
    return _written(x, _scatter_key(x, dim, index), _part(src, index), _SCATTER_ADD, add=True)


def _rows(x: Tensor, dim: int, index: Tensor) -> tuple[Any, ...]:
    return (*(slice(None),) * axis(dim, x.ndim), np.atleast_1d(index._array))


@operation()
def index_add(x: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """x with these slices added along ``dim``."""
    source = source if alpha == 1 else source * alpha
    return _written(x, _rows(x, dim, index), source, _INDEX_ADD, add=True)


@operation()
def index_copy(x: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """x with these slices along ``dim``."""
    return _written(x, _rows(x, dim, index), source, _INDEX_COPY)


@operation()
def index_fill(x: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """x with one number in these slices along ``dim``."""
    value = value.item() if isinstance(value, Tensor) else value
    return _written(x, _rows(x, dim, index), value, _INDEX_FILL)


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
