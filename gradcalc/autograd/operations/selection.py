"""Taking elements by their order or by their places: sort, topk, gather, masks.

Each finds places with numpy and indexes with them, so the way back is that of indexing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.autograd.core.node import Node
from gradcalc.autograd.core.tensor import Tensor, attach, method, tracks, wrap
from gradcalc.autograd.operations.elementwise import FUNCTION
from gradcalc.autograd.operations.indexing import IndexBackward0, get_item
from gradcalc.autograd.operations.reductions import Chosen
from gradcalc.autograd.operations.structural import axis


def _node(name: str) -> type[IndexBackward0]:
    return type(f"{name}Backward0", (IndexBackward0,), {"__module__": __name__})


_SORT, _TOPK, _MEDIAN, _GATHER, _INDEX_SELECT, _MASKED_SELECT, _TAKE, _ROLL = map(
    _node, ("Sort", "Topk", "Median", "Gather", "IndexSelect", "MaskedSelect", "Take", "Roll")
)


def _taken(x: Tensor, key: tuple[Any, ...], node: type[IndexBackward0]) -> Tensor:
    out = wrap(x._array[key])
    return attach(out, node(x._array.shape, key), x) if tracks(x) else out


def _along(x: Tensor, places: Any, dim: int, node: type[IndexBackward0]) -> Tensor:
    """x at these places along one axis, and at its own place along the others."""
    if x.ndim == 0:
        return x
    key = list(np.indices(places.shape, sparse=True))
    key[dim] = places
    return _taken(x, tuple(key), node)


def _order(x: Tensor, dim: int, descending: bool) -> Any:
    array = x._array
    return np.argsort(-array if descending else array, axis=dim, kind="stable")


@method("sort")
def sort(x: Tensor, dim: int = -1, descending: bool = False) -> Chosen:
    """The numbers in order along ``dim``, and where they were."""
    k = axis(dim, x.ndim)
    places = _order(x, k, descending) if x.ndim else np.array(0)
    return Chosen.by("sort", _along(x, places, k, _SORT), wrap(places))


@method("argsort")
def argsort(x: Tensor, dim: int = -1, descending: bool = False) -> Tensor:
    """Where the numbers are that come first, second … in order."""
    return wrap(_order(x, axis(dim, x.ndim), descending))


@method("topk")
def topk(x: Tensor, k: int, dim: int = -1, largest: bool = True) -> Chosen:
    """The k largest along ``dim`` (or smallest), and where they were."""
    along = axis(dim, x.ndim)
    places = np.take(_order(x, along, largest), np.arange(k), axis=along)
    return Chosen.by("topk", _along(x, places, along, _TOPK), wrap(places))


@method("median")
def median(x: Tensor, dim: int | None = None) -> Any:
    """The one in the middle; of two, the smaller."""
    if dim is None:
        flat = np.argsort(x._array, axis=None, kind="stable")[(x._array.size - 1) // 2]
        return _taken(x, np.unravel_index(flat, x._array.shape), _MEDIAN)
    k = axis(dim, x.ndim)
    places = np.take(_order(x, k, False), [(x._array.shape[k] - 1) // 2], axis=k)
    values = _along(x, places, k, _MEDIAN)
    return Chosen.by("median", values.squeeze(k), wrap(places.squeeze(k)))


@method("gather")
def gather(x: Tensor, dim: int, index: Tensor) -> Tensor:
    """``out[i, j] = x[index[i, j], j]`` for ``dim=0``; ``x[i, index[i, j]]`` for ``dim=1``."""
    return _along(x, index._array, axis(dim, x.ndim), _GATHER)


@method("index_select")
def index_select(x: Tensor, dim: int, index: Tensor) -> Tensor:
    """These slices along ``dim``."""
    return _taken(x, (*(slice(None),) * axis(dim, x.ndim), index._array), _INDEX_SELECT)


@method("select")
def select(x: Tensor, dim: int, index: int) -> Any:
    """The slice at one place along ``dim``: a view."""
    return get_item(x, (*(slice(None),) * axis(dim, x.ndim), index))


@method("narrow")
def narrow(x: Tensor, dim: int, start: int, length: int) -> Any:
    """``length`` slices along ``dim``, from ``start``: a view."""
    return get_item(x, (*(slice(None),) * axis(dim, x.ndim), slice(start, start + length)))


@method("take")
def take(x: Tensor, index: Tensor) -> Tensor:
    """The elements at these places, counted as if x had one axis."""
    return _taken(x, np.unravel_index(index._array, x._array.shape), _TAKE)


@method("masked_select")
def masked_select(x: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask holds, in one row."""
    return _taken(x, (np.broadcast_to(mask._array, x._array.shape),), _MASKED_SELECT)


class MaskedFillBackward0(Node):
    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        if isinstance(v, Tensor):
            return (masked_fill(v, wrap(self.mask), 0.0),)
        return (np.where(self.mask, v.dtype.type(0), v),)


@method("masked_fill")
def masked_fill(x: Tensor, mask: Tensor, value: Any) -> Tensor:
    """``value`` where the mask holds, x elsewhere."""
    if isinstance(value, Tensor) or np.broadcast_shapes(mask.shape, x.shape) != x.shape:
        return FUNCTION["where"](mask, value, x)  # type: ignore[no-any-return]
    out = wrap(np.where(mask._array, x._array.dtype.type(value), x._array))
    return attach(out, MaskedFillBackward0(mask._array), x) if tracks(x) else out


@method("nonzero")
def nonzero(x: Tensor) -> Tensor:
    """The places of what is not 0, one row each."""
    return wrap(np.argwhere(x._array))


@method("roll")
def roll(x: Tensor, shifts: int, dim: int | None = None) -> Tensor:
    """The numbers moved on by ``shifts``, those at the end to the front."""
    places = np.arange(x._array.size).reshape(x._array.shape)
    moved = np.roll(places, shifts, dim)
    return _taken(x, np.unravel_index(moved, x._array.shape), _ROLL)


def _triangle(name: str, keep: Any) -> Any:
    def triangle(x: Tensor, diagonal: int = 0) -> Any:
        return x * wrap(keep(np.ones(x._array.shape[-2:], x._array.dtype), diagonal))

    triangle.__name__ = name
    triangle.__doc__ = f"numpy's ``{name}``: zeros on the other side of the diagonal."
    return method(name)(triangle)


tril, triu = _triangle("tril", np.tril), _triangle("triu", np.triu)
