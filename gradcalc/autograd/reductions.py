"""Sums, products, extremes and norms over some or all axes, and matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcalc.autograd.dtypes import int_product, numpy_type
from gradcalc.autograd.elementwise import FUNCTION
from gradcalc.autograd.indexing import embed
from gradcalc.autograd.inplace import in_place
from gradcalc.autograd.joining import stack, unbind
from gradcalc.autograd.node import Node
from gradcalc.autograd.structural import Shape, convert, expand, flip
from gradcalc.autograd.tensor import Tensor, attach, method, save, tracks, wrap

Axes = int | Sequence[int] | None


def _axes(dim: Axes, rank: int) -> tuple[int, ...]:
    """The axes to reduce, as numbers from 0."""
    if dim is None:
        return tuple(range(rank))
    chosen = (dim,) if isinstance(dim, int) else tuple(dim)
    for k in chosen:
        if not -(rank or 1) <= k < (rank or 1):
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-(rank or 1)}, "
                f"{(rank or 1) - 1}], but got {k})"
            )
    return tuple(k % rank for k in chosen) if rank else ()


def _kept(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """The shape with length 1 where an axis was reduced."""
    return tuple(1 if k in axes else n for k, n in enumerate(shape))


# --- Sums ---------------------------------------------------------------------------------------


class SumBackward0(Node):
    def __init__(self, shape: Shape, axes: tuple[int, ...]) -> None:
        self.shape, self.axes = shape, axes

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (expand(v.reshape(_kept(self.shape, self.axes)), self.shape),)


class SumBackward1(SumBackward0):
    pass


@method("sum")
def sum(x: Tensor, dim: Axes = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The sum over ``dim``, over everything by default."""
    if dtype is not None:
        x = convert(x, numpy_type(dtype))
    array = x._array
    axes = None if dim is None else _axes(dim, array.ndim)
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
def mean(x: Tensor, dim: Axes = None, keepdim: bool = False) -> Any:
    """The average over ``dim``, over everything by default."""
    if x._array.dtype.kind not in "fc":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {x.dtype.name.capitalize()}"
        )
    axes = _axes(dim, x.ndim)
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
            v = v.reshape(_kept(x.shape, (self.dim,)))
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


class Extreme(NamedTuple):
    """What ``x.max(dim)`` returns."""

    values: Tensor
    indices: Tensor


class AmaxBackward0(Node):
    """Ties share the cotangent evenly."""

    def __init__(self, axes: tuple[int, ...], array: Any, extreme: Any) -> None:
        self.axes = axes
        ties = array == extreme.reshape(_kept(array.shape, axes))
        self.share = ties / ties.sum(axis=axes, keepdims=True).astype(array.dtype)

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (v.reshape(_kept(self.share.shape, self.axes)) * self.share,)


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
    pick, place = (np.max, np.argmax) if name == "max" else (np.min, np.argmin)
    if dim is None:
        out = wrap(pick(array))
        node = MaxBackward1 if name == "max" else MinBackward1
        whole = tuple(range(array.ndim))
        return attach(out, node(whole, array, out._array), x) if tracks(x) else out
    k = dim % (array.ndim or 1)
    chosen = np.expand_dims(place(array, axis=k), k)
    values = np.take_along_axis(array, chosen, k)
    out = wrap(values if keepdim else values.squeeze(k))
    indices = wrap(chosen if keepdim else chosen.squeeze(k))
    if tracks(x):
        rest = np.indices(chosen.squeeze(k).shape)
        key = (*rest[:k], chosen.squeeze(k), *rest[k:])
        kind = MaxBackward0 if name == "max" else MinBackward0
        attach(out, kind(array.shape, key, k if keepdim else None), x)
    return Extreme(out, indices)


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
    axes = _axes(dim, x.ndim)
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
    return FUNCTION["where"](condition, x, y)


Tensor.where = lambda x, condition, y: where(condition, x, y)  # type: ignore[attr-defined]


@method("argmax")
def argmax(x: Tensor, dim: int | None = None) -> Tensor:
    """Where the largest is."""
    return wrap(np.argmax(x._array, axis=dim))


@method("argmin")
def argmin(x: Tensor, dim: int | None = None) -> Tensor:
    """Where the smallest is."""
    return wrap(np.argmin(x._array, axis=dim))


@method("any")
def any(x: Tensor, dim: Axes = None) -> Tensor:
    """Whether one of them holds."""
    return wrap(np.any(x._array, axis=None if dim is None else _axes(dim, x.ndim)))


@method("all")
def all(x: Tensor, dim: Axes = None) -> Tensor:
    """Whether every one of them holds."""
    return wrap(np.all(x._array, axis=None if dim is None else _axes(dim, x.ndim)))


# --- Norms and spread ---------------------------------------------------------------------------


class LinalgVectorNormBackward0(Node):
    """x/|x|, and 0 at the origin: the subgradient of least norm."""

    def __init__(self, shape: Shape, axes: tuple[int, ...]) -> None:
        self.shape, self.axes = shape, axes

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        x, norm_of_x = (s.reshape(_kept(self.shape, self.axes)) if k else s
                        for k, s in enumerate(saved))  # fmt: skip
        v = v.reshape(_kept(self.shape, self.axes))
        array = norm_of_x._array if isinstance(norm_of_x, Tensor) else norm_of_x
        return (v * x / (norm_of_x + (array == 0).astype(array.dtype)),)


@method("norm")
def norm(x: Tensor, p: Any = 2, dim: Axes = None, keepdim: bool = False) -> Any:
    """The p-norm, Euclidean by default."""
    axes = _axes(dim, x.ndim)
    if p not in (2, 2.0, "fro", None):
        return _p_norm(x, float(p), axes, keepdim)
    out = wrap(np.sqrt(np.square(x._array).sum(axis=axes, keepdims=keepdim)))
    if not tracks(x):
        return out
    node = LinalgVectorNormBackward0(x._array.shape, axes)
    node.saved = (*save(x), (out._array, out._counter, 0, None))
    return attach(out, node, x)


def _p_norm(x: Tensor, p: float, axes: tuple[int, ...], keepdim: bool) -> Any:
    size = FUNCTION["abs"](x)
    if p == 1.0:
        return size.sum(axes, keepdim)
    if p == float("inf"):
        return size.amax(axes, keepdim)
    return (size**p).sum(axes, keepdim) ** (1 / p)


@method("var")
def var(x: Tensor, dim: Axes = None, keepdim: bool = False, correction: int = 1) -> Any:
    """The variance, divided by n - 1."""
    axes = _axes(dim, x.ndim)
    count = int_product(x._array.shape[k] for k in axes)
    return (x - x.mean(axes, True)).square().sum(axes, keepdim) / (count - correction)


@method("std")
def std(x: Tensor, dim: Axes = None, keepdim: bool = False, correction: int = 1) -> Any:
    """The standard deviation, divided by n - 1."""
    return var(x, dim, keepdim, correction).sqrt()


@method("logsumexp")
def logsumexp(x: Tensor, dim: Axes, keepdim: bool = False) -> Any:
    """log(sum(exp(x))), without overflow."""
    axes = _axes(dim, x.ndim)
    top = x.detach().amax(axes, True)
    total = (x - top).exp().sum(axes, True).log() + top
    return total if keepdim else total.sum(axes)


@method("softmax")
def softmax(x: Tensor, dim: int) -> Any:
    """exp(x) over its sum along ``dim``."""
    return (x - logsumexp(x, dim, True)).exp()
