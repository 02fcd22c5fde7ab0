"""Sums, products and extremes over some or all axes. ``statistics`` has norms and spread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcalc.autograd.core.dtypes import int_product, numpy_type
from gradcalc.autograd.core.node import type_name
from gradcalc.autograd.core.record import in_order, recorded
from gradcalc.autograd.core.registry import function, operation
from gradcalc.autograd.core.tensor import Tensor, tracks, wrap
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.elementwise import FUNCTION, flat
from gradcalc.autograd.operations.indexing import embed
from gradcalc.autograd.operations.inplace import in_place
from gradcalc.autograd.operations.joining import stack, unbind
from gradcalc.autograd.operations.structural import (
    Shape,
    axis,
    conj,
    expand,
    flip,
    several_axes,
    unsqueeze,
)

Axes = int | Sequence[int] | None


def axes_of(dim: Axes, rank: int) -> tuple[int, ...]:
    """The axes to reduce, as numbers from 0; no axis named means all of them."""
    if dim is None or (not isinstance(dim, int) and not len(dim)):
        return tuple(range(rank))
    numbers = several_axes(dim, rank)
    return numbers if rank else ()


def kept(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """The shape with length 1 where an axis was reduced."""
    return tuple(1 if k in axes else n for k, n in enumerate(shape))


# --- Sums ---------------------------------------------------------------------------------------


def spread(shape: Shape, axes: tuple[int, ...]) -> Callable[[Any], Any]:
    """What carries one number for each group of slots to all of them."""
    return lambda v: expand(v.reshape(kept(shape, axes)), shape)


def _summed(array: Any, axes: Any, keepdim: bool) -> Any:
    """numpy's sum; small integers as int64, halves added up as floats."""
    kind = array.dtype
    if kind.kind in "iub":
        return array.sum(axis=axes, keepdims=keepdim, dtype=np.int64)
    if kind == np.float16:
        return array.sum(axis=axes, keepdims=keepdim, dtype=np.float32).astype(kind)
    return array.sum(axis=axes, keepdims=keepdim)


@operation()
def sum(
    x: Tensor, dim: Axes = None, keepdim: bool = False, dtype: Any = None, axis: Axes = None
) -> Any:
    """The sum over ``dim``, over everything by default; ``axis`` is numpy's name for ``dim``."""
    dim = axis if dim is None else dim
    if dtype is not None:
        x = convert(x, numpy_type(dtype))
    array = x._array
    axes = axes_of(dim, array.ndim)
    total = _summed(array, None if dim is None else axes, keepdim)
    if not tracks(x):
        return wrap(total)
    name = "SumBackward0" if dim is None else "SumBackward1"
    return recorded(total, name, spread(array.shape, axes), x)


@operation()
def nansum(x: Tensor, dim: Axes = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The sum of what is a number."""
    if x._array.dtype.kind not in "fc":
        return sum(x, dim, keepdim, dtype)
    return sum(FUNCTION["where"](x != x, 0.0, x), dim, keepdim, dtype)


@operation()
def mean(
    x: Tensor, dim: Axes = None, keepdim: bool = False, dtype: Any = None, axis: Axes = None
) -> Any:
    """The average over ``dim``, over everything by default; ``axis`` is numpy's name for it."""
    dim = axis if dim is None else dim
    if dtype is not None:
        x = convert(x, numpy_type(dtype))
    kind = x._array.dtype
    if kind.kind not in "fc":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {type_name(kind)}"
        )
    axes = axes_of(dim, x.ndim)
    to_all, count = spread(x._array.shape, axes), int_product(x._array.shape[k] for k in axes)
    average = (_summed(x._array, axes, keepdim) / kind.type(count)).astype(kind)
    name = "MeanBackward0" if dim is None else "MeanBackward1"
    return recorded(average, name, lambda v: to_all(v) / count, x)


@operation()
def cumsum(x: Any, dim: int, dtype: Any = None) -> Any:
    """Running sums along ``dim``."""
    if not isinstance(x, Tensor):
        return np.cumsum(x, axis=dim, dtype=x.dtype) if x.ndim else x
    if dtype is not None:
        x = convert(x, numpy_type(dtype))
    k, array = axis(dim, x.ndim), x._array
    kind = np.dtype(np.int64) if array.dtype.kind in "iub" else array.dtype
    sums = in_order(np.cumsum(array, axis=k, dtype=kind) if array.ndim else array.astype(kind))
    return recorded(sums, "CumsumBackward0", lambda v: flip(cumsum(flip(v, k), k), k), x)


# --- Products -----------------------------------------------------------------------------------


def _others(x: Any, dim: int) -> Any:
    """For every factor, the product of those before it times the product of those after it."""
    if isinstance(x, Tensor):
        parts = list(unbind(x, dim))
        if not parts:
            return x
        before = _running(parts)
        after = _running(parts[::-1])[::-1]
        return stack([a * b for a, b in zip(before, after, strict=True)], dim)
    moved = np.moveaxis(x, dim, 0)
    if not len(moved):
        return x
    ones = np.ones((1, *moved.shape[1:]), x.dtype)
    left = np.cumprod(np.concatenate([ones, moved[:-1]]), axis=0)
    right = np.cumprod(np.concatenate([ones, moved[:0:-1]]), axis=0)[::-1]
    return np.moveaxis(left * right, 0, dim)


def _running(parts: list[Any]) -> list[Any]:
    """1, p₀, p₀p₁, … without the last factor."""
    products = [wrap(np.ones_like(parts[0]._array))]
    for part in parts[:-1]:
        products.append(products[-1] * part)
    return products


@operation()
def prod(x: Tensor, dim: int | None = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The product over ``dim``, over everything by default."""
    if dtype is not None:
        x = convert(x, numpy_type(dtype))
    array = x._array
    k = None if dim is None else axis(dim, array.ndim)
    whole = array.dtype.kind in "iub" and dtype is None
    kind = np.dtype(np.int64) if whole else array.dtype
    product = array.prod(axis=k if array.ndim else None, keepdims=keepdim, dtype=kind)

    def back(v: Any, x: Any) -> Any:
        """The slope at each factor is the product of the others, found without dividing by it."""
        factors = conj(x)
        if k is None or not x.ndim:
            return flat(v * _others(factors.reshape((-1,)), 0).reshape(x.shape), x)
        return flat((v if keepdim else unsqueeze(v, k)) * _others(factors, k), x)

    name = "ProdBackward0" if dim is None else "ProdBackward1"
    return recorded(product, name, back, x, saves=(x,))


# --- Extremes -----------------------------------------------------------------------------------


class Chosen(NamedTuple):
    """What ``x.max(dim)`` returns, and ``min``, ``sort``, ``topk``, ``median``."""

    values: Tensor
    indices: Tensor

    @classmethod
    def by(cls, name: str, values: Tensor, indices: Tensor) -> Chosen:
        """The pair, under the name of the function that chose."""
        return _NAMED[name](values, indices)

    def __repr__(self) -> str:
        return (
            f"torch.return_types.{type(self).__name__}(\nvalues={self[0]!r},\nindices={self[1]!r})"
        )


_NAMED: dict[str, type[Chosen]] = {
    name: type(name, (Chosen,), {})
    for name in ("max", "min", "sort", "topk", "median", "kthvalue", "mode", "cummax", "cummin")
}


def shared(x: Tensor, found: Any, axes: tuple[int, ...], name: str) -> Any:
    """An extreme over these axes, or a median: ties share the cotangent evenly."""
    array, out = x._array, wrap(found)
    if not tracks(x):
        return out
    rows = kept(array.shape, axes)
    extreme = out._array.reshape(rows)
    ties = (array == extreme) | (np.isnan(array) & np.isnan(extreme))
    share = (ties / ties.sum(axis=axes, keepdims=True)).astype(array.dtype)
    return recorded(out, name, lambda v, _: v.reshape(rows) * share, x, saves=(x,))


def not_empty(x: Tensor, axes: tuple[int, ...] | None, name: str) -> None:
    """Raise where there is nothing to choose from."""
    if axes is None:
        if not x._array.size:
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify "
                "the reduction dim with the 'dim' argument."
            )
        return
    for k in axes:
        if x.ndim and not x._array.shape[k]:
            raise IndexError(f"{name}(): Expected reduction dim {k} to have non-zero size.")


def _extreme(x: Tensor, dim: int | None, keepdim: bool, name: str) -> Any:
    array = x._array
    k = None if dim is None else axis(dim, array.ndim)
    not_empty(x, None if k is None else (k,), name)
    pick, place = (np.max, np.argmax) if name == "max" else (np.min, np.argmin)
    title = f"{name.capitalize()}Backward"
    if k is None:
        return shared(x, pick(array), tuple(range(array.ndim)), f"{title}1")
    if not array.ndim:
        values = x.reshape(1).select(0, 0).clone() if x._tracked else x.clone()
        return Chosen.by(name, values, wrap(np.zeros((), np.int64)))
    chosen = np.expand_dims(place(array, axis=k), k)
    values = np.take_along_axis(array, chosen, k)
    shape, rows = array.shape, chosen.squeeze(k)
    key: list[Any] = [*np.indices(rows.shape, sparse=True)]
    key.insert(k, rows)

    def back(v: Any, rows: Any) -> Any:
        whole = (*key[:k], rows._array if isinstance(rows, Tensor) else rows, *key[k + 1 :])
        return embed(v.reshape(rows.shape) if keepdim else v, shape, whole)

    out = recorded(values if keepdim else values.squeeze(k), f"{title}0", back, x,
                   saves=(wrap(rows),))  # fmt: skip
    return Chosen.by(name, out, wrap(chosen if keepdim else rows))


@operation()
def max(x: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest of all; of each row along ``dim``, with its place; the larger of two."""
    if isinstance(dim, Tensor):
        return FUNCTION["max"](x, dim)
    return _extreme(x, dim, keepdim, "max")


@operation()
def min(x: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest of all; of each row along ``dim``, with its place; the smaller of two."""
    if isinstance(dim, Tensor):
        return FUNCTION["min"](x, dim)
    return _extreme(x, dim, keepdim, "min")


def _amost(x: Tensor, dim: Axes, keepdim: bool, name: str) -> Any:
    axes = axes_of(dim, x.ndim)
    not_empty(x, None if dim is None or (not isinstance(dim, int) and not len(dim)) else axes,
              f"a{name}")  # fmt: skip
    found = (np.max if name == "max" else np.min)(x._array, axis=axes, keepdims=keepdim)
    return shared(x, found, axes, f"A{name}Backward0")


@operation()
def amax(x: Tensor, dim: Axes = None, keepdim: bool = False) -> Any:
    """The largest over ``dim``; ties share the gradient."""
    return _amost(x, dim, keepdim, "max")


@operation()
def amin(x: Tensor, dim: Axes = None, keepdim: bool = False) -> Any:
    """The smallest over ``dim``; ties share the gradient."""
    return _amost(x, dim, keepdim, "min")


@operation()
def aminmax(x: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest and the largest."""
    return AMinMax(amin(x, dim, keepdim), amax(x, dim, keepdim))


class AMinMax(NamedTuple):
    """What ``aminmax`` returns."""

    min: Tensor
    max: Tensor

    def __repr__(self) -> str:
        return f"torch.return_types.aminmax(\nmin={self[0]!r},\nmax={self[1]!r})"


@operation()
def maximum(x: Tensor, other: Tensor) -> Tensor:
    """The larger of two; at a tie each gets half of the gradient."""
    return FUNCTION["max"](x, _tensor("maximum", other))


@operation()
def minimum(x: Tensor, other: Tensor) -> Tensor:
    """The smaller of two; at a tie each gets half of the gradient."""
    return FUNCTION["min"](x, _tensor("minimum", other))


def _tensor(name: str, other: Any) -> Any:
    if not isinstance(other, Tensor):
        raise TypeError(f"{name}(): argument 'other' (position 2) must be Tensor, not "
                        f"{type(other).__name__}")  # fmt: skip
    return other


@operation("clip")
def clamp(x: Tensor, min: Any = None, max: Any = None) -> Any:
    """x, but at least ``min`` and at most ``max``; the slope at either edge is 1."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if x._array.dtype.kind in "iu":
        out = x
        out = out if min is None else FUNCTION["max"](out, min)
        return out if max is None else FUNCTION["min"](out, max)
    low = -np.inf if min is None else min
    return FUNCTION["clamp"](x, low, np.inf if max is None else max)


Tensor.clamp_ = Tensor.clip_ = in_place(clamp)  # type: ignore[attr-defined]


@function()
def where(condition: Tensor, x: Any = None, y: Any = None) -> Any:
    """x where the condition holds, else y. A NaN in the branch not taken stays out of the value."""
    if x is None:
        return tuple(wrap(places) for places in np.nonzero(np.atleast_1d(condition._array)))
    if condition._array.dtype.kind not in "b" and condition._array.dtype != np.uint8:
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{type_name(condition._array.dtype)}"
        )
    return FUNCTION["where"](condition, x, y)


Tensor.where = lambda x, condition, other: where(condition, x, other)  # type: ignore[attr-defined]


def _place(name: str, pick: Any) -> Any:
    def place(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        k = None if dim is None else axis(dim, x.ndim)
        if not x._array.size and k is None:
            raise IndexError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
            )
        not_empty(x, None if k is None else (k,), name)
        return wrap(np.asarray(pick(x._array, axis=k if x.ndim else None, keepdims=keepdim)))

    place.__name__, place.__doc__ = name, f"Where the {name[3:]}imum is."
    return operation()(place)


argmax, argmin = _place("argmax", np.argmax), _place("argmin", np.argmin)


def _whether(name: str, ufunc: Any, doc: str) -> Any:
    def of_all(x: Tensor, dim: Axes = None, keepdim: bool = False) -> Tensor:
        return wrap(np.asarray(ufunc(x._array, axis=axes_of(dim, x.ndim), keepdims=keepdim)))

    of_all.__name__, of_all.__doc__ = name, doc
    return operation()(of_all)


any = _whether("any", np.any, "Whether one of them holds.")
all = _whether("all", np.all, "Whether every one of them holds.")


@operation()
def count_nonzero(x: Tensor, dim: Axes = None) -> Tensor:
    """How many are not 0."""
    return wrap(np.asarray(np.count_nonzero(x._array, axis=axes_of(dim, x.ndim))))
