"""What makes functions of whole arrays: primitives over arrays of nodes, and plain arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcalc.errors import Span
from gradcalc.functions.primitives import ADD
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph, chain
from gradcalc.language.arrays import (
    Sizes,
    Value,
    bound_size,
    charge,
    elementwise,
    nested,
)
from gradcalc.limits import COPIED_AT_ONCE

Array = np.ndarray[Any, np.dtype[np.int64]]
Axis = int | tuple[int, ...] | None
"""None is all of them."""


class Maker:
    """Makes the nodes of one call of ``name`` in ``graph``; all of them come from ``span``."""

    def __init__(self, graph: Graph, span: Span, name: str) -> None:
        self.graph, self.span, self.name = graph, span, name

    def of(self, primitive: Primitive, *operands: Any) -> Any:
        """The primitive of nodes, or elementwise of arrays that broadcast."""
        if set(map(type, operands)) == {int}:
            x, y, z = (*operands, -1, -1)[:3]
            return self.graph.apply(primitive.code, x, y, z, *self.span)
        return elementwise(self.graph, primitive.code, operands, self.span)

    def chain(self, primitive: Primitive, nodes: Sequence[int]) -> int:
        """An associative primitive over all of ``nodes``."""
        if not nodes:
            raise Sizes(f"{self.name} of an empty array")
        return chain(self.graph, primitive.code, list(nodes), self.span)

    def sum(self, nodes: Sequence[int]) -> int:
        return self.chain(ADD, nodes)

    def number(self, value: float) -> int:
        return self.graph.constant(float(value), self.span)

    def full(self, shape: Sequence[int], number: float) -> Array:
        charge(self.graph, 1 + bound_size(shape) // COPIED_AT_ONCE)
        return np.full(tuple(shape), self.number(number), dtype=np.int64)

    def array(self, value: Value) -> Array:
        """The array; raises Sizes for a number."""
        if isinstance(value, int):
            raise Sizes(f"{self.name} takes an array, not a number")
        return value

    def stacked(self, values: Sequence[Value]) -> Array:
        return nested(values)

    def value(self, made: Any) -> Value:
        """A node, or an array of one dimension or more."""
        if isinstance(made, np.ndarray) and made.ndim:
            return made.astype(np.int64, copy=False)
        return int(made)

    def matrix(self, value: Value) -> Array:
        """A square matrix; raises Sizes for anything else."""
        a = self.array(value)
        if a.ndim != 2 or a.shape[0] != a.shape[1] or not a.size:
            raise Sizes(f"{self.name} takes a square matrix, not an array of shape {a.shape}")
        return a

    # --- along axes ---------------------------------------------------------------------------

    def reduced(
        self, a: Value, axis: Axis, keepdims: bool, reduce: Callable[[list[int]], int]
    ) -> Value:
        """``reduce`` of the nodes along ``axis``, for each place on the other axes."""
        a = self.array(a)
        axes = self.axes(a, axis)
        kept = [k for k in range(a.ndim) if k not in axes]
        lanes = a.transpose(*kept, *axes).reshape([a.shape[k] for k in kept] + [-1])
        if not lanes.shape[-1]:
            raise Sizes(f"{self.name} of an empty array")
        nodes = [reduce(lane) for lane in lanes.reshape(-1, lanes.shape[-1]).tolist()]
        shape = [1 if k in axes else a.shape[k] for k in range(a.ndim)
                 if keepdims or k in kept]  # fmt: skip
        return self.value(np.array(nodes, dtype=np.int64).reshape(shape))

    def lanes(self, a: Value, axis: int | None, make: Callable[[list[int]], list[int]]) -> Value:
        """``make`` of the nodes along ``axis``, which may change how many there are. Without an
        axis the elements are taken in a row."""
        a = self.array(a)
        if axis is None:
            a, axis = a.ravel(), 0
        (axis,) = self.axes(a, axis)
        last = np.moveaxis(a, axis, -1)
        made = [make(lane) for lane in last.reshape(-1, last.shape[-1]).tolist()]
        shape = (*last.shape[:-1], len(made[0]) if made else last.shape[-1])
        return np.moveaxis(np.array(made, dtype=np.int64).reshape(shape), -1, axis)

    def axes(self, a: Array, axis: Axis) -> list[int]:
        if axis is None:
            return list(range(a.ndim))
        found = []
        for k in axis if isinstance(axis, tuple) else (axis,):
            if not -a.ndim <= k < a.ndim:
                raise Sizes(f"{self.name}: an array of shape {a.shape} has no axis {k}")
            found.append(k % a.ndim)
        if len(set(found)) < len(found):
            raise Sizes(f"{self.name}: an axis is given twice")
        return found


def argument(maker: Maker, name: str, values: Sequence[Value]) -> Any:
    """What a parameter gets: the array, or where its name says so a plain number or several."""
    read = PLAIN.get(name)
    if read is None:
        return values[0]
    nodes = np.concatenate([np.ravel(value) for value in values]).tolist()
    numbers = [maker.graph.constants.get(node, np.nan) for node in nodes]
    single = len(values) == 1 and isinstance(values[0], int)
    return read(f"{maker.name}: {name}", numbers, single)


def _whole(what: str, numbers: list[float], single: bool) -> int:
    if not single or not numbers[0].is_integer() or abs(numbers[0]) > 1e9:
        raise Sizes(f"{what} is a whole number, and no variable")
    return int(numbers[0])


def _axis(what: str, numbers: list[float], single: bool) -> Axis:
    found = tuple(_whole(what, [number], True) for number in numbers)
    return found[0] if single else found


def _sizes(what: str, numbers: list[float], single: bool) -> tuple[int, ...]:
    if not all(number.is_integer() and number >= -1 for number in numbers):
        raise Sizes("sizes of an array are whole numbers")
    return tuple(map(int, numbers))


PLAIN: dict[str, Callable[[str, list[float], bool], Any]] = {
    "axis": _axis,
    "axes": _sizes,
    "shape": _sizes,
    "n": _whole,
    "k": _whole,
    "ddof": _whole,
    "keepdims": _whole,
    "p": lambda _, numbers, __: numbers[0],
}
"""How a parameter is read that is no array, by its name."""
