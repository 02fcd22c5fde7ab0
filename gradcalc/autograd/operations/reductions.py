"""Sums, products and extremes over some or all axes. ``statistics`` has norms and spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcalc.autograd.core.dtypes import int_product, numpy_type
from gradcalc.autograd.core.node import Node
from gradcalc.autograd.core.tensor import Tensor, attach, method, save, tracks, wrap
from gradcalc.autograd.operations.elementwise import FUNCTION
from gradcalc.autograd.operations.indexing import embed
from gradcalc.autograd.operations.inplace import in_place
from gradcalc.autograd.operations.joining import stack, unbind
from gradcalc.autograd.operations.structural import Shape, axis, convert, expand, flip

Axes = int | Sequence[int] | None


def axes_of(dim: Axes, rank: int) -> tuple[int, ...]:
    """The axes to reduce, as numbers from 0."""
    if dim is None:
        return tuple(range(rank))
    chosen = (dim,) if isinstance(dim, int) else tuple(dim)
    numbers = tuple(axis(k, rank) for k in chosen)
    return numbers if rank else ()


def kept(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """The shape with length 1 where an axis was reduced."""
    return tuple(1 if k in axes else n for k, n in enumerate(shape))


# --- Sums ---------------------------------------------------------------------------------------


class SumBackward0(Node):
    def __init__(self, shape: Shape, axes: tuple[int, ...]) -> None:
        self.shape, self.axes = shape, axes

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (expand(v.reshape(kept(self.shape, self.axes)), self.shape),)


class SumBackward1(SumBackward0):
    pass


@method("sum")
def sum(
    x: Tensor, dim: Axes = None, keepdim: bool = False, dtype: Any = None, axis: Axes = None
) -> Any:
    """The sum over ``dim``, over everything by default; ``axis`` is numpy's name for ``dim``."""
    dim = axis if dim is None else dim
    if dtype is not None:
        x = convert(x, numpy_type(dtype))
    array = x._array
    axes = None if dim is None else axes_of(dim, array.ndim)
    out = wrap(array.sum(axis=axes, keepdims=keepdim))
    if not tracks(x):
        return out
    if axes is None:
        return attach(out, SumBackward0(array.shape, tuple(range(array.ndim))), x)
    return attach(out, SumBackward1(array.shape, axes), x)


class MeanBackward0(SumBackward0):
    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        count = int_product(self.shape[k] for k in self.axes)
        return (super().backward(v / count)[0],)


class MeanBackward1(MeanBackward0):
    pass


@method("mean")
def mean(x: Tensor, dim: Axes = None, keepdim: bool = False, axis: Axes = None) -> Any:
    """The average over ``dim``, over everything by default; ``axis`` is numpy's name for it."""
    dim = axis if dim is None else dim
    if x._array.size == 0:
        return sum(x, dim, keepdim) / 0.0
    if x._array.dtype.kind not in "fc":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {x.dtype.name.capitalize()}"
        )
    axes = axes_of(dim, x.ndim)
    out = wrap(x._array.mean(axis=axes, keepdims=keepdim))
    node = MeanBackward0 if dim is None else MeanBackward1
    return attach(out, node(x._array.shape, axes), x) if tracks(x) else out


class CumsumBackward0(Node):
    def __init__(self, dim: int) -> None:
        self.dim = dim

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (flip(cumsum(flip(v, self.dim), self.dim), self.dim),)


@method("cumsum")
def cumsum(x: Any, dim: int) -> Any:
    """Running sums along ``dim``."""
    if not isinstance(x, Tensor):
        return np.cumsum(x, axis=dim)
    out = wrap(np.cumsum(x._array, axis=dim))
    return attach(out, CumsumBackward0(dim), x) if tracks(x) else out


# --- Products -----------------------------------------------------------------------------------


class ProdBackward0(Node):
    """The slope at each factor is the product of the others, found without dividing by it."""

    def __init__(self, dim: int | None, keepdim: bool) -> None:
        self.dim, self.keepdim = dim, keepdim

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        x = saved[0]
        if self.dim is None:
            return ((v * _others(x.reshape((-1,)), 0)).reshape(x.shape),)
        if not self.keepdim:
            v = v.reshape(kept(x.shape, (self.dim,)))
        return (v * _others(x, self.dim),)


class ProdBackward1(ProdBackward0):
    pass


def _others(x: Any, dim: int) -> Any:
    """For every factor, the product of those before it times the product of those after it."""
    if isinstance(x, Tensor):
        parts = list(unbind(x, dim))
        before = _running(parts)
        after = _running(parts[::-1])[::-1]
        return stack([a * b for a, b in zip(before, after, strict=True)], dim)
    moved = np.moveaxis(x, dim, 0)
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


@method("prod")
def prod(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The product over ``dim``, over everything by default."""
    out = wrap(x._array.prod(axis=dim, keepdims=keepdim))
    if not tracks(x):
        return out
    node = (ProdBackward0 if dim is None else ProdBackward1)(
        dim if dim is None else dim % (x.ndim or 1), keepdim
    )
    node.saved = save(x)
    return attach(out, node, x)


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
    name: type(name, (Chosen,), {}) for name in ("max", "min", "sort", "topk", "median")
}


class AmaxBackward0(Node):
    """Ties share the cotangent evenly."""

    def __init__(self, axes: tuple[int, ...], array: Any, extreme: Any) -> None:
        self.axes = axes
        ties = array == extreme.reshape(kept(array.shape, axes))
        self.share = ties / ties.sum(axis=axes, keepdims=True).astype(array.dtype)

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (v.reshape(kept(self.share.shape, self.axes)) * self.share,)


class MaxBackward1(AmaxBackward0):
    pass


class MinBackward1(AmaxBackward0):
    pass


class AminBackward0(AmaxBackward0):
    pass


class MaxBackward0(Node):
    """Along one axis, the number that was chosen takes all."""

    def __init__(self, shape: Shape, key: tuple[Any, ...], keepdim: int | None) -> None:
        self.shape, self.key, self.keepdim = shape, key, keepdim

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        if self.keepdim is not None:
            v = v.reshape(v.shape[: self.keepdim] + v.shape[self.keepdim + 1 :])
        return (embed(v, self.shape, self.key),)


class MinBackward0(MaxBackward0):
    pass


def _extreme(x: Tensor, dim: int | None, keepdim: bool, name: str) -> Any:
    array = x._array
    if array.size == 0 and dim is None:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
            "reduction dim with the 'dim' argument."
        )
    pick, place = (np.max, np.argmax) if name == "max" else (np.min, np.argmin)
    if dim is None:
        out = wrap(pick(array))
        node = MaxBackward1 if name == "max" else MinBackward1
        whole = tuple(range(array.ndim))
        return attach(out, node(whole, array, out._array), x) if tracks(x) else out
    k = axis(dim, array.ndim)
    chosen = np.expand_dims(place(array, axis=k), k)
    values = np.take_along_axis(array, chosen, k)
    out = wrap(values if keepdim else values.squeeze(k))
    indices = wrap(chosen if keepdim else chosen.squeeze(k))
    if tracks(x):
        rest = np.indices(chosen.squeeze(k).shape)
        key = (*rest[:k], chosen.squeeze(k), *rest[k:])
        kind = MaxBackward0 if name == "max" else MinBackward0
        attach(out, kind(array.shape, key, k if keepdim else None), x)
    return Chosen.by(name, out, indices)


@method("max")
def max(x: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest of all; of each row along ``dim``, with its place; the larger of two."""
    if isinstance(dim, Tensor):
        return FUNCTION["max"](x, dim)
    return _extreme(x, dim, keepdim, "max")


@method("min")
def min(x: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest of all; of each row along ``dim``, with its place; the smaller of two."""
    if isinstance(dim, Tensor):
        return FUNCTION["min"](x, dim)
    return _extreme(x, dim, keepdim, "min")


def _amost(x: Tensor, dim: Axes, keepdim: bool, name: str) -> Any:
    axes = axes_of(dim, x.ndim)
    out = wrap((np.max if name == "max" else np.min)(x._array, axis=axes, keepdims=keepdim))
    node = AmaxBackward0 if name == "max" else AminBackward0
    return attach(out, node(axes, x._array, out._array), x) if tracks(x) else out


@method("amax")
def amax(x: Tensor, dim: Axes = None, keepdim: bool = False) -> Any:
    """The largest over ``dim``; ties share the gradient."""
    return _amost(x, dim, keepdim, "max")


@method("amin")
def amin(x: Tensor, dim: Axes = None, keepdim: bool = False) -> Any:
    """The smallest over ``dim``; ties share the gradient."""
    return _amost(x, dim, keepdim, "min")


def maximum(x: Any, y: Any) -> Tensor:
    """The larger of two; at a tie each gets half of the gradient."""
    return FUNCTION["max"](x, y)  # type: ignore[no-any-return]


def minimum(x: Any, y: Any) -> Tensor:
    """The smaller of two; at a tie each gets half of the gradient."""
    return FUNCTION["min"](x, y)  # type: ignore[no-any-return]


@method("clamp", "clip")
def clamp(x: Tensor, min: Any = None, max: Any = None) -> Any:
    """x, but at least ``min`` and at most ``max``; the slope at either edge is 1."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    low = -np.inf if min is None else min
    return FUNCTION["clamp"](x, low, np.inf if max is None else max)


Tensor.clamp_ = in_place(clamp)  # type: ignore[attr-defined]
clip = clamp


def where(condition: Tensor, x: Any = None, y: Any = None) -> Any:
    """x where the condition holds, else y. A NaN in the branch not taken stays out of the value."""
    if x is None:
        return tuple(wrap(places) for places in np.nonzero(condition._array))
    if condition._array.dtype.kind not in "bu":
        kind = condition.dtype.name.capitalize().removesuffix("32")
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {kind}"
        )
    return FUNCTION["where"](condition, x, y)


Tensor.where = lambda x, condition, y: where(condition, x, y)  # type: ignore[attr-defined]


@method("argmax")
def argmax(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the largest is."""
    return wrap(np.argmax(x._array, axis=dim, keepdims=keepdim))


@method("argmin")
def argmin(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the smallest is."""
    return wrap(np.argmin(x._array, axis=dim, keepdims=keepdim))


@method("any")
def any(x: Tensor, dim: Axes = None, keepdim: bool = False) -> Tensor:
    """Whether one of them holds."""
    return wrap(np.any(x._array, axis=axes_of(dim, x.ndim), keepdims=keepdim))


@method("all")
def all(x: Tensor, dim: Axes = None, keepdim: bool = False) -> Tensor:
    """Whether every one of them holds."""
    return wrap(np.all(x._array, axis=axes_of(dim, x.ndim), keepdims=keepdim))


@method("count_nonzero")
def count_nonzero(x: Tensor, dim: Axes = None) -> Tensor:
    """How many are not 0."""
    return wrap(np.count_nonzero(x._array, axis=axes_of(dim, x.ndim)))
