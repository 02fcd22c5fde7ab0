"""The sweeps for graphs that are deep and narrow: one node at a time, on Python floats.

Where a level holds only a node or two, the schedule's numpy calls carry one number each and cost a
microsecond; a Python float costs a tenth of that. The steps are the same as in
``gradcalc.engine.sweeps``; what is not finite is left to the careful sweeps there.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gradcalc.engine.schedule import Floats
from gradcalc.graph import Graph, bulk_building
from gradcalc.primitives import OPERANDS, TABLE, Primitive
from gradcalc.rules import rule

NARROW = 4
"""Nodes per numpy call below which this module is faster (measured: they meet at about 5)."""

Function = Callable[..., Any]
Step = tuple[int, Function, int, int, int, tuple[tuple[int, Function], ...]]
"""A node, its function, its operands (-1: none), and the slope of each active operand."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A graph as straight-line code; ``start`` has a place per node, constants filled in."""

    graph: Graph
    start: list[float]
    steps: tuple[Step, ...]


def is_narrow(graph: Graph) -> bool:
    """Whether one node at a time is the faster way: many levels, and little on each."""
    if max(graph.levels, default=0) < 64:
        return False
    levels = np.frombuffer(graph.levels, dtype=np.intc).astype(np.int64)
    calls = np.unique(levels * len(TABLE) + np.frombuffer(graph.codes, dtype=np.intc))
    return len(graph) < NARROW * len(calls)


def straighten(graph: Graph) -> Lines:
    """The nodes that the outputs need, in order."""
    with bulk_building():
        return _straightened(graph)


def _straightened(graph: Graph) -> Lines:
    start = [0.0] * len(graph)
    for node, value in graph.constants.items():
        start[node] = value
    needed = bytearray(len(graph))
    for node in graph.outputs:
        needed[node] = 1
    steps: list[Step] = []
    xs, ys, zs = graph.operands
    constants = graph.constants
    for node in range(len(graph) - 1, -1, -1):
        operands = (xs[node], ys[node], zs[node])
        if not needed[node] or node in constants or operands[0] < 0:
            continue
        for operand in operands:
            if operand >= 0:
                needed[operand] = 1
        function, slopes = _scalar(graph.codes[node])
        active = tuple(
            (operand, slope)
            for operand, slope in zip(operands, slopes, strict=False)
            if slope is not None and operand not in constants
        )
        steps.append((node, function, *operands, active))
    return Lines(graph, start, tuple(reversed(steps)))


def forward(lines: Lines, x: Floats) -> list[float]:
    """The values of all nodes at one point, shape (n,)."""
    values = lines.start.copy()
    for node, number in zip(lines.graph.inputs, x.tolist(), strict=True):
        values[node] = number
    with np.errstate(all="ignore"):
        for node, function, a, b, c, _ in lines.steps:
            if b < 0:
                values[node] = function(values[a])
            elif c < 0:
                values[node] = function(values[a], values[b])
            else:
                values[node] = function(values[a], values[b], values[c])
    return values


def pullback(
    lines: Lines, values: list[float], seeds: Sequence[float], *, magnitudes: bool = False
) -> Floats | None:
    """vᵀJ at one point, shape (n,); None where only the careful sweep can tell.

    With ``magnitudes``, the sum of the absolute values of all path products instead.
    """
    if not math.isfinite(sum(values)):
        return None
    cotangents = [0.0] * len(values)
    for node, seed in zip(lines.graph.outputs, seeds, strict=True):
        cotangents[node] += seed
    with np.errstate(all="ignore"):
        for node, _, a, b, c, active in reversed(lines.steps):
            cotangent = cotangents[node]
            x, y, z, out = values[a], values[b], values[c], values[node]
            for operand, slope in active:
                flow = cotangent * slope(x, y, z, out)
                cotangents[operand] += abs(flow) if magnitudes else flow
    result = np.array([cotangents[node] for node in lines.graph.inputs])
    return result if np.isfinite(result).all() else None


# --- scalar functions -----------------------------------------------------------------------------

_ARITHMETIC: dict[str, Function] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "neg": operator.neg,
    "square": lambda x: x * x,
}
_SAME_IN_MATH = ("sqrt", "exp", "log", "sin", "cos", "tan", "tanh", "atan", "sinh", "cosh",
                 "expm1", "log1p")  # fmt: skip


@cache
def _function(primitive: Primitive) -> Function:
    """The primitive on Python floats; where Python raises, numpy's answer (an inf or a NaN)."""
    plain = _ARITHMETIC.get(primitive.name)
    if plain is not None:
        return plain
    vector = primitive.numpy
    if primitive.name == "div":
        quick: Function = operator.truediv
    elif primitive.name in _SAME_IN_MATH:
        quick = getattr(math, primitive.name)
    else:
        return lambda *operands: float(vector(*operands))

    def guarded(x: float) -> Any:
        try:
            return quick(x)
        except (ValueError, OverflowError):
            return float(vector(x))

    def guarded_pair(x: float, y: float) -> Any:
        try:
            return quick(x, y)
        except (ValueError, ZeroDivisionError, OverflowError):
            return float(vector(x, y))

    return guarded if primitive.arity == 1 else guarded_pair


@cache
def _scalar(code: int) -> tuple[Function, tuple[Function | None, ...]]:
    """A primitive's function, and its partials as functions of x, y, z and out."""
    primitive = TABLE[code]
    graph, outputs = rule(primitive)
    names = (*OPERANDS, "out")
    made: dict[int, Function] = {}
    for node, value in graph.constants.items():
        made[node] = lambda x, y, z, out, value=value: value
    for name, node in zip(graph.variables, graph.inputs, strict=True):
        made[node] = _PICK[names.index(name)]
    for node in range(len(graph)):
        if node not in made:
            primitive_here = TABLE[graph.codes[node]]
            operands = [made[column[node]] for column in graph.operands[: primitive_here.arity]]
            made[node] = _compose(_function(primitive_here), operands)
    slopes = tuple(None if node is None else made[node] for node in outputs)
    return _function(primitive), slopes


_PICK: tuple[Function, ...] = (
    lambda x, y, z, out: x,
    lambda x, y, z, out: y,
    lambda x, y, z, out: z,
    lambda x, y, z, out: out,
)


def _compose(function: Function, operands: list[Function]) -> Function:
    if len(operands) == 1:
        (f,) = operands
        if f is _PICK[0]:  # cos(x) and its like: one call less
            return lambda x, y, z, out: function(x)
        return lambda x, y, z, out: function(f(x, y, z, out))
    if len(operands) == 2:
        f, g = operands
        return lambda x, y, z, out: function(f(x, y, z, out), g(x, y, z, out))
    return lambda x, y, z, out: function(*(f(x, y, z, out) for f in operands))
