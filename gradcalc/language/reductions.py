"""Sums and their kin: functions that take the elements of an array together, or along an axis."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from gradcalc.functions.primitives import (
    ADD,
    DIV,
    FUNCTIONS,
    HYPOT,
    MAX,
    MIN,
    MUL,
    NEG,
    OUTWEIGHS,
    PEAK,
    POW,
    SUB,
    WHERE,
)
from gradcalc.functions.row import Primitive
from gradcalc.language.arrays import Sizes, Value
from gradcalc.language.making import Axis, Maker

ABS = FUNCTIONS["abs"]
SQUARE = FUNCTIONS["square"]
LOGADDEXP = FUNCTIONS["logaddexp"]
SHARE = FUNCTIONS["share"]
SOFTPLUS = FUNCTIONS["softplus"]


def total(make: Maker, a: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    return make.reduced(a, axis, keepdims, make.sum)


def product(make: Maker, a: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    return make.reduced(a, axis, keepdims, lambda nodes: make.chain(MUL, nodes))


def mean(make: Maker, a: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    return make.reduced(a, axis, keepdims, lambda nodes: _mean(make, nodes))


def _mean(make: Maker, nodes: list[int]) -> int:
    return int(make.of(DIV, make.sum(nodes), make.number(len(nodes))))


def largest(make: Maker, *a: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    return _extreme(make, MAX, a, axis, keepdims)


def smallest(make: Maker, *a: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    return _extreme(make, MIN, a, axis, keepdims)


def _extreme(
    make: Maker, primitive: Primitive, a: tuple[Value, ...], axis: Axis, keepdims: bool
) -> Value:
    if len(a) > 1:
        if axis is not None:
            raise Sizes(f"{make.name} along an axis takes one array")
        result = a[0]
        for value in a[1:]:
            result = make.of(primitive, result, value)
        return result
    if isinstance(a[0], int):
        return a[0]
    return make.reduced(a[0], axis, keepdims, lambda nodes: make.chain(primitive, nodes))


# --- statistics -----------------------------------------------------------------------------------


def _from_mean(make: Maker, nodes: list[int]) -> list[int]:
    """How far each is from the mean: with that taken off first, no digits are lost to it."""
    middle = _mean(make, nodes)
    return [make.of(SUB, node, middle) for node in nodes]


def _freedom(make: Maker, count: int, ddof: int) -> float:
    if count <= ddof:
        raise Sizes(f"{make.name} with ddof = {ddof} takes more than {ddof} numbers")
    return float(count - ddof)


def variance(
    make: Maker, a: Value, axis: Axis = None, ddof: int = 0, keepdims: bool = False
) -> Value:
    def of(nodes: list[int]) -> int:
        count = make.number(_freedom(make, len(nodes), ddof))
        squares = [make.of(SQUARE, node) for node in _from_mean(make, nodes)]
        return int(make.of(DIV, make.sum(squares), count))

    return make.reduced(a, axis, keepdims, of)


def deviation(
    make: Maker, a: Value, axis: Axis = None, ddof: int = 0, keepdims: bool = False
) -> Value:
    """By the length of the distances: where all are 0, its slope is hypot's, and not 0/0."""

    def of(nodes: list[int]) -> int:
        root = make.number(np.sqrt(_freedom(make, len(nodes), ddof)))
        return int(make.of(DIV, _length(make, _from_mean(make, nodes)), root))

    return make.reduced(a, axis, keepdims, of)


# --- norms ----------------------------------------------------------------------------------------


def _length(make: Maker, nodes: list[int]) -> int:
    return make.chain(HYPOT, nodes) if len(nodes) != 1 else int(make.of(ABS, nodes[0]))


def norm(make: Maker, a: Value, p: float = 2, axis: Axis = None, keepdims: bool = False) -> Value:
    array = make.array(a)
    if p != 2 and axis is None and array.ndim > 1:
        raise Sizes("the p-norm of a matrix is another thing; along an axis, it is norm(a, p, 0)")
    if not p > 0:
        raise Sizes("the p of a norm is larger than 0")

    def of(nodes: list[int]) -> int:
        if p == 2:
            return _length(make, nodes)
        sizes = [int(make.of(ABS, node)) for node in nodes]
        if p == 1:
            return make.sum(sizes)
        if p == np.inf:
            return make.chain(MAX, sizes)
        return _power_mean(make, sizes, p)

    return make.reduced(array, axis, keepdims, of)


def _power_mean(make: Maker, sizes: list[int], p: float) -> int:
    """(Σ x^p)^(1/p), in units of the largest, lest a power overflows. Where it is 0, so are its
    slopes, as PyTorch has it: a root has none there."""
    zero = make.number(0)

    def unless_zero(size: int, power: int) -> int:
        return int(make.of(WHERE, make.of(OUTWEIGHS, size, zero), make.of(POW, size, power), size))

    unit = make.chain(PEAK, [*sizes, make.number(np.finfo(float).tiny)])
    power = make.number(p)
    shares = [int(make.of(DIV, size, unit)) for size in sizes]
    parts = [unless_zero(x, power) if p < 1 else int(make.of(POW, x, power)) for x in shares]
    root = make.of(DIV, make.number(1), power)
    return int(make.of(MUL, unit, unless_zero(make.sum(parts), root)))


# --- exponentials, without overflow ---------------------------------------------------------------


def _below_peak(make: Maker, nodes: list[int]) -> tuple[int, list[int]]:
    """The largest of the numbers, and how far each is below it."""
    peak = make.chain(PEAK, nodes)
    return peak, [int(make.of(SUB, node, peak)) for node in nodes]


def logsumexp(make: Maker, a: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    def of(nodes: list[int]) -> int:
        if len(nodes) <= 2:  # exact without a shift
            return make.chain(LOGADDEXP, nodes)
        peak, below = _below_peak(make, nodes)
        return int(make.of(ADD, peak, make.chain(LOGADDEXP, below)))

    return make.reduced(a, axis, keepdims, of)


def _against_the_rest(make: Maker, nodes: list[int]) -> list[tuple[int, int]]:
    """Each number beside logsumexp of all others: so 1 - softmax keeps its digits where it is
    tiny."""
    below = _below_peak(make, nodes)[1] if len(nodes) > 2 else nodes
    return list(zip(below, _rests(make, below), strict=True))


def _rests(make: Maker, nodes: list[int]) -> list[int]:
    """For each of two or more, logsumexp of the others: from a tree of pairs, once up and once
    down."""
    pairs = [make.chain(LOGADDEXP, nodes[k : k + 2]) for k in range(0, len(nodes), 2)]
    if len(pairs) == 1:
        return [nodes[1], nodes[0]]
    above = _rests(make, pairs)
    return [
        make.chain(LOGADDEXP, [above[k // 2], *nodes[k ^ 1 : (k ^ 1) + 1]])
        for k in range(len(nodes))
    ]


def softmax(make: Maker, a: Value, axis: int | None = None) -> Value:
    def of(nodes: list[int]) -> list[int]:
        if len(nodes) == 1:
            return [make.number(1)]
        return [int(make.of(SHARE, x, rest)) for x, rest in _against_the_rest(make, nodes)]

    return _normalised(make, a, axis, of)


def log_softmax(make: Maker, a: Value, axis: int | None = None) -> Value:
    def of(nodes: list[int]) -> list[int]:
        if len(nodes) == 1:
            return [make.number(0)]
        return [
            int(make.of(NEG, make.of(SOFTPLUS, make.of(SUB, rest, x))))
            for x, rest in _against_the_rest(make, nodes)
        ]

    return _normalised(make, a, axis, of)


def _normalised(make: Maker, a: Value, axis: int | None, of: Any) -> Value:
    array = make.array(a)
    if not array.size:
        raise Sizes(f"{make.name} of an empty array")
    made: Any = make.lanes(array, axis, of)
    return np.reshape(made, array.shape)


# --- along a line ---------------------------------------------------------------------------------


def cumulated(make: Maker, a: Value, axis: int | None = None) -> Value:
    return make.lanes(a, axis, lambda nodes: running(make, ADD, nodes))


def cumulated_product(make: Maker, a: Value, axis: int | None = None) -> Value:
    return make.lanes(a, axis, lambda nodes: running(make, MUL, nodes))


def running(make: Maker, primitive: Primitive, nodes: list[int]) -> list[int]:
    return list(accumulate(nodes, lambda x, y: int(make.of(primitive, x, y))))


def differences(make: Maker, a: Value, n: int = 1, axis: int = -1) -> Value:
    if n < 0:
        raise Sizes("diff takes differences a whole number of times")

    def of(nodes: list[int]) -> list[int]:
        for _ in range(min(n, len(nodes))):
            nodes = [int(make.of(SUB, y, x)) for x, y in pairwise(nodes)]
        return nodes

    return make.lanes(a, axis, of)
