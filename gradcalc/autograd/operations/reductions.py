"""Sums, products and extremes over some or all axes. ``statistics`` has norms and spread."""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable
from itertools import accumulate
from operator import mul
from typing import Any, NamedTuple

import numpy as np

from gradcalc.autograd.composite import composite
from gradcalc.autograd.core.node import type_name
from gradcalc.autograd.core.record import in_order, recorded, several
from gradcalc.autograd.core.refusals import expect, refuse
from gradcalc.autograd.core.registry import Ints, Kind, Shape, declare, function, method, operation
from gradcalc.autograd.core.tensor import Tensor, tracks, wrap
from gradcalc.autograd.operations.copies import convert, same
from gradcalc.autograd.operations.elementwise import FUNCTION, flat, node_class
from gradcalc.autograd.operations.indexing import along, index
from gradcalc.autograd.operations.joining import cat, slot, stack
from gradcalc.autograd.operations.promotion import type_of_all
from gradcalc.autograd.operations.structural import axis, conj, expand, flip, several_axes
from gradcalc.functions.primitives import FUNCTIONS


class Over(NamedTuple):
    """What is reduced: a tensor of this shape over these axes, None for all of them."""

    shape: Shape
    axes: tuple[int, ...]
    keepdim: bool
    all: bool

    @classmethod
    def of(cls, x: Tensor, dim: Ints | None, keepdim: bool = False) -> Over:
        """No axis named means all of them; a 0-d tensor has none."""
        rank = x._array.ndim
        axes = () if dim is None else several_axes(dim, rank)
        axes = axes if axes and rank else tuple(range(rank))
        return cls(x._array.shape, axes, keepdim, dim is None)

    @property
    def kept(self) -> Shape:
        """The shape with length 1 where an axis was reduced."""
        return tuple(1 if k in self.axes else n for k, n in enumerate(self.shape))

    @property
    def number(self) -> int:
        """How many numbers become one."""
        return math.prod(self.shape[k] for k in self.axes)

    def spread(self, v: Tensor, *_: Any) -> Tensor:
        """One number for each group of slots, carried to all of them."""
        return expand(v.reshape(self.kept), self.shape)

    def done(self, array: Any) -> Any:
        """A result that still has its axes, without them unless they are to be kept."""
        return array if self.keepdim else array.squeeze(self.axes)

    def not_empty(self, name: str) -> None:
        """Raise where there is nothing to choose from."""
        expect(not self.all or 0 not in self.shape, "{}(): Expected reduction dim to be specified "
               "for input.numel() == 0. Specify the reduction dim with the 'dim' argument.",
               name)  # fmt: skip
        for k in () if self.all else self.axes:
            if not self.shape[k]:
                raise IndexError(f"{name}(): Expected reduction dim {k} to have non-zero size.")


def cast(x: Tensor, kind: Kind | None) -> Tensor:
    """x, of the type that the option ``dtype`` asks for."""
    return x if kind is None else convert(x, kind)


# --- Sums and products --------------------------------------------------------------------------


def _reduction(name: str, of: Callable[[Tensor, Over], Tensor], doc: str) -> Any:
    """``of`` is told the tensor, of the type that was asked for, and what to reduce."""

    def reduced(x: Tensor, dim: Ints | None = None, keepdim: bool = False, *,
                dtype: Kind | None = None) -> Tensor:  # fmt: skip
        x = cast(x, dtype)
        return of(x, Over.of(x, dim, keepdim))

    return declare(name, reduced, doc)


def _total(array: Any, over: Over) -> Any:
    """numpy's sum; small integers as int64, halves added up as floats."""
    kind = array.dtype
    wide = np.int64 if kind.kind in "iub" else np.float32 if kind == np.float16 else kind
    axes = None if over.all else over.axes
    total = array.sum(axis=axes, keepdims=over.keepdim, dtype=wide)
    return total.astype(kind) if wide is np.float32 else total


def _sum_of_numbers(x: Tensor, over: Over) -> Tensor:
    numbers = ~np.isnan(x._array)
    found = _total(np.where(numbers, x._array, x._array.dtype.type(0)), over)
    return recorded(found, "NansumBackward0", lambda v: over.spread(v) * wrap(numbers), x)


def _mean(x: Tensor, over: Over) -> Tensor:
    kind = x._array.dtype
    refuse("mean", kind)
    wide = x._array.astype(np.float32) if kind == np.float16 else x._array  # not to overflow
    average = (_total(wide, over) / wide.dtype.type(over.number)).astype(kind)
    name = f"MeanBackward{not over.all:d}"
    return recorded(average, name, lambda v: over.spread(v) / over.number, x)


_reduction("sum", lambda x, over: recorded(
    _total(x._array, over), f"SumBackward{not over.all:d}", over.spread, x),
    "The sum over ``dim``, over everything by default.")  # fmt: skip
_reduction("nansum", _sum_of_numbers, "The sum of what is a number.")
_reduction("mean", _mean, "The average over ``dim``, over everything by default.")


# --- Running along an axis ------------------------------------------------------------------------


def running(name: str, along: Any, doc: str) -> None:
    """``along`` is told the axis, and has one node."""

    def run(x: Tensor, dim: int, *, dtype: Kind | None = None) -> Any:
        x, k = cast(x, dtype), axis(dim, x.ndim)
        x = convert(x, np.dtype(np.int64)) if x._array.dtype.kind in "iub" else x
        if not x.ndim or not x._array.shape[k]:
            return recorded(x._array.copy(), f"{name.capitalize()}Backward0", same, x)
        return along(x, dim=k)

    declare(name, run, doc)


def _sums(x: Tensor, *, dim: int) -> Tensor:
    def back(v: Tensor) -> Tensor:
        return flip(_sums(flip(v, (dim,)), dim=dim), (dim,))

    return recorded(in_order(np.cumsum(x._array, dim)), "CumsumBackward0", back, x)


@composite("CumprodBackward0", False, lambda array, dim: in_order(np.cumprod(array, dim)))
def _products(x: Tensor, *, dim: int) -> Any:
    return stack(list(accumulate(x.unbind(dim), mul)), dim)


running("cumsum", _sums, "Running sums along ``dim``.")
running("cumprod", _products, "Running products along ``dim``.")


def _others(x: Tensor, dim: int) -> Any:
    """For every factor, the product of those before it times the product of those after it."""
    if not x.shape[dim]:
        return x
    one, last = wrap(np.ones_like(x._array.take([0], dim))), slot(dim, slice(-2))
    padded = cat([one, x, one], dim)
    before, after = (_products(index(factors, last), dim=dim)
                     for factors in (padded, flip(padded, (dim,))))  # fmt: skip
    return before * flip(after, (dim,))


@operation()
def prod(x: Tensor, dim: int | None = None, keepdim: bool = False, *,
         dtype: Kind | None = None) -> Tensor:  # fmt: skip
    """The product over ``dim``, over everything by default."""
    x = cast(x, dtype)
    over, kind = Over.of(x, dim, keepdim), x._array.dtype
    wide = np.dtype(np.int64) if kind.kind in "iub" and dtype is None else kind
    axes = None if over.all else over.axes
    product = x._array.prod(axis=axes, keepdims=keepdim, dtype=wide)

    def back(v: Tensor, x: Tensor) -> Any:
        """The slope at each factor is the product of the others, found without dividing by it."""
        whole = dim is None or not x.ndim
        factors = conj(x).reshape(-1) if whole else conj(x)
        others = _others(factors, 0 if whole else over.axes[0])
        return flat(over.spread(v) * others.reshape(x.shape), x)

    return recorded(product, f"ProdBackward{dim is not None:d}", back, x, saves=(x,))


def _whether(name: str, ufunc: Any, doc: str) -> None:
    def of_all(x: Tensor, dim: Ints | None = None, keepdim: bool = False) -> Tensor:
        found = np.asarray(ufunc(x._array, axis=Over.of(x, dim).axes, keepdims=keepdim))
        whole = name != "count_nonzero" and x._array.dtype == np.uint8  # PyTorch's older answers
        return wrap(found.astype(np.uint8) if whole else found)

    declare(name, of_all, doc)


_whether("any", np.any, "Whether one of them holds.")
_whether("all", np.all, "Whether every one of them holds.")
_whether("count_nonzero", np.count_nonzero, "How many are not 0.")

# --- Extremes -----------------------------------------------------------------------------------


def _pair(name: str, *fields: str) -> Any:
    """What a function returns that has two results; it is shown under the function's name."""

    def shown(self: Any) -> str:
        parts = (f"{field}={part!r}" for field, part in zip(fields, self, strict=True))
        return f"torch.return_types.{name}(\n" + ",\n".join(parts) + ")"

    return type(name, (namedtuple(name, fields),), {"__repr__": shown})


Chosen = tuple[Tensor, Tensor]
"""What ``x.max(dim)`` returns, and ``min``, ``sort``, ``topk``, ``median``: values, places."""
_CHOSEN = {name: _pair(name, "values", "indices")
           for name in ("max", "min", "sort", "topk", "median", "kthvalue")}  # fmt: skip


def choose(name: str, x: Tensor, places: Any, k: int, keepdim: bool = True,
           number: int = 0) -> Chosen:  # fmt: skip
    """What stands at these places along axis k, and the places, of one or more in each row."""
    rows = wrap(places)
    values = along(x, rows, k, f"{name.capitalize()}Backward{number:d}", keepdim)
    return _CHOSEN[name](values, rows)  # type: ignore[no-any-return]


def shared(x: Tensor, found: Any, over: Over, name: str) -> Any:
    """An extreme over these axes, or a median: ties share the cotangent evenly."""
    out = wrap(found)
    if not tracks(x):
        return out
    share = _share(x._array, found, over)
    return recorded(out, name, lambda v, _: v.reshape(over.kept) * share, x, saves=(x,))


def _share(array: Any, extreme: Any, over: Over) -> Tensor:
    extreme = np.reshape(extreme, over.kept)
    ties = (array == extreme) | (np.isnan(array) & np.isnan(extreme))
    return wrap((ties / ties.sum(axis=over.axes, keepdims=True)).astype(array.dtype))


def _extremes(name: str, pick: Any, place: Any, word: str) -> Any:
    """``max``, ``amax``, ``argmax`` and ``maximum``; or those of ``min``."""

    def extreme(x: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        if isinstance(dim, Tensor):
            return FUNCTION[name](x, dim)
        over = Over.of(x, dim)
        over.not_empty(name)
        if dim is None:
            return shared(x, pick(x._array), over, f"{name.capitalize()}Backward1")
        k = axis(dim, x.ndim)
        return choose(name, x, np.asarray(place(x._array, axis=k, keepdims=keepdim)), k, keepdim)

    def of_axes(x: Tensor, dim: Ints | None = None, keepdim: bool = False) -> Any:
        over = Over.of(x, dim, keepdim)
        over._replace(all=dim in (None, ())).not_empty(f"a{name}")
        found = pick(x._array, axis=over.axes, keepdims=keepdim)
        return shared(x, found, over, f"A{name}Backward0")

    def where_it_is(x: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        over = Over.of(x, dim)
        expect(dim is not None or x._array.size, "arg{}(): Expected reduction dim to be specified "
               "for input.numel() == 0.", name, error=IndexError)  # fmt: skip
        over.not_empty(f"arg{name}")
        k = None if dim is None else axis(dim, x.ndim)
        return wrap(np.asarray(place(x._array, axis=k, keepdims=keepdim)))

    declare(name, extreme, f"The {word} of all, or of each row with its place, or of two.")
    declare(f"{name}imum", lambda x, other: FUNCTION[name](x, other),
            f"The {word} of two; at a tie each gets half of the gradient.")  # fmt: skip
    declare(f"arg{name}", where_it_is, f"Where the {word} is.")
    return declare(f"a{name}", of_axes, f"The {word} over ``dim``; ties share the gradient.")


amax = _extremes("max", np.max, np.argmax, "largest")
amin = _extremes("min", np.min, np.argmin, "smallest")
_AMinMax = _pair("aminmax", "min", "max")


@operation()
def aminmax(x: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest and the largest."""
    over = Over.of(x, dim, keepdim)
    expect(over.number and (not over.all or x.numel()), "aminmax(): cannot compute aminmax over an "
           "empty dimension as the operation has no identity.")  # fmt: skip
    found = [pick(x._array, axis=over.axes, keepdims=keepdim) for pick in (np.min, np.max)]

    def back(vs: Any, x: Tensor) -> Any:
        parts = [v.reshape(over.kept) * _share(x._array, extreme, over)
                 for v, extreme in zip(vs, found, strict=True) if v is not None]  # fmt: skip
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]

    return _AMinMax(*several(found, "AminmaxBackward0", back, x, saves=(x,)))


# --- Bounds and branches --------------------------------------------------------------------------


@operation("clip", in_place=True)
def clamp(x: Tensor, min: Any = None, max: Any = None) -> Any:
    """x, but at least ``min`` and at most ``max``; the slope at either edge is 1."""
    bounds = [z for z in (min, max) if z is not None]
    expect(bounds, "torch.clamp: At least one of 'min' or 'max' must not be None")
    tensors = [z for z in bounds if isinstance(z, Tensor)]
    if 0 < len(tensors) < len(bounds):
        if tensors[0].ndim:
            kinds = ", ".join(type(z).__name__ for z in bounds)
            raise TypeError(f"clamp() received an invalid combination of arguments - got ({kinds})")
        min, max = (z.item() if isinstance(z, Tensor) else z for z in bounds)
        tensors = []
    if x._array.dtype.kind == "b" and len(tensors) == 2:
        refuse("clamp", type_of_all((x, *tensors)))
    if x._array.dtype.kind in "iub":
        x = x if min is None else FUNCTION["max"](x, min)
        return x if max is None else FUNCTION["min"](x, max)
    low = -np.inf if min is None else min
    out = FUNCTION["clamp"](x, low, np.inf if max is None else max)
    if tensors and out._edge is not None and out._edge[0] is not None:
        out._edge[0].__class__ = _CLAMP_OF_TENSORS
    return out


_CLAMP_OF_TENSORS = node_class(FUNCTIONS["clamp"], name="ClampBackward0")


@function()
def where(condition: Tensor, x: Any = None, other: Any = None) -> Any:
    """x where the condition holds, else y. A NaN in the branch not taken stays out of the value."""
    if x is None:
        return tuple(wrap(places) for places in np.nonzero(np.atleast_1d(condition._array)))
    expect(other is not None, "where() received an invalid combination of arguments - got (Tensor, "
           "{})", type(x).__name__, error=TypeError)  # fmt: skip
    expect(condition._array.dtype.kind in "b" or condition._array.dtype == np.uint8,
           "where expected condition to be a boolean tensor, but got a tensor with dtype {}",
           type_name(condition._array.dtype))  # fmt: skip
    return FUNCTION["where"](condition, x, other)


@method("where")
def _where(x: Tensor, condition: Tensor, other: Any) -> Any:
    """x where the condition holds, else ``other``."""
    return where(condition, x, other)
