"""The tape: a graph as straight-line code between places, in the order of its nodes.

A place holds a number for each point of a chunk: a *line* of them, side by side; a few lines are
used over and over. One lowering serves both interpreters, numpy's (``many``) and the one in C
(``kernel``). For the latter the functions that are none of numpy's own are written out in those
that are, so that one instruction is one loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

from gradcalc.engine import kernel
from gradcalc.engine.grouped import FEWEST
from gradcalc.engine.kernel import Instruction
from gradcalc.engine.schedule import Floats
from gradcalc.functions import sines
from gradcalc.functions.primitives import COS, NEG, SIN, WHERE
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed, operands

CACHE = 1 << 21
"""Bytes for the lines, points and results of a chunk: about what a core has to itself."""

CHUNKS = (512, 8192)
"""Fewest and most points in a chunk: below, a call costs more than its work."""

LONG = 15
"""Sums in the time of a function of numpy's."""


@dataclass(frozen=True, slots=True)
class Straight:
    """A graph as steps between places.

    First come the ``lines``, a number each for every point; the ``inputs`` first ones hold the
    columns of the points. Behind them are the ``constants``, and then as many ``sums``, each a
    single number, of what may be infinite or NaN. ``results`` are the places of the columns of the
    results.
    """

    steps: tuple[Instruction, ...]
    inputs: int
    lines: int
    constants: tuple[float, ...]
    sums: int
    results: tuple[int, ...]
    below: float = math.inf
    """Where a number of the points is as large, a careful sweep has to be made."""
    times: int = 0
    """How long a point takes: as long as so many sums."""
    native: Any = None
    """The same for the interpreter in C; None where there is none."""

    @property
    def columns(self) -> int:
        return len(self.results)

    @property
    def most(self) -> int:
        """Points that fit in a chunk."""
        least, most = CHUNKS
        return max(least, min(most, CACHE // (8 * max(1, self.lines + self.columns))))

    def chunks(self, count: int) -> list[slice]:
        """So many points in chunks of much the same length, whoever is to work on them."""
        pieces = max(1, -(-count // self.most))
        step = max(1, -(-count // pieces) + 7 & -8)  # lines begin where those of the cache do
        found = [slice(start, min(start + step, count)) for start in range(0, count, step)]
        if found and count >= FEWEST:  # the last one may share rows with the one before it
            found[-1] = slice(min(found[-1].start, count - FEWEST), count)
        return found


def straighten(graph: Graph, columns: int | None = None, below: float = math.inf) -> Straight:
    """The nodes that the outputs need, in order, each in a line.

    The first ``columns`` outputs are the results (by default, all), the others are only looked at:
    whether they are finite. The results are to be trusted where the points are ``below`` this.
    """
    values = _Values(graph)
    results = [values.of_node[node] for node in graph.outputs[:columns]]
    lines, count = _lines(values, results)
    place = {~k: count + k for k in range(len(values.constants))} | lines
    sums = count + len(values.constants)
    steps = []
    for value, (function, *known) in values.made():
        a, b, c = (*(place[k] for k in known), -1, -1)[:3]
        steps.append((function, a, b, c, place.get(value, sums)))
        sums += function is kernel.TOTAL
    made = Straight(
        steps=tuple(steps),
        inputs=len(graph.inputs),
        lines=count,
        constants=tuple(map(float, values.constants)),
        sums=sums - count - len(values.constants),
        results=tuple(place[value] for value in results),
        below=below,
        times=len(steps)
        + 2 * (len(graph.inputs) + len(results))
        + LONG * sum(function not in kernel.PLAIN for function, *_ in steps),
    )
    return replace(made, native=kernel.tape(made)) if kernel.native else made


class _Values:
    """What has to be computed, once each: a value is the number of an input, then of a function of
    others, in order; ~k is the k-th of the ``constants``, by how they are written."""

    def __init__(self, graph: Graph) -> None:
        self.inputs = len(graph.inputs)
        self.constants: dict[str, int] = {}
        self.of_node = {node: j for j, node in enumerate(graph.inputs)}
        self._made: dict[tuple[Any, ...], int] = {}
        wanted = needed(graph, graph.outputs, closed=graph.constants)
        turns = _turns(graph, wanted) if sines.are_by_tangent() else {}
        telling = {_without_sign(graph, node) for node in graph.outputs}
        for node in wanted:
            primitive = graph[node].primitive
            below = operands(graph, node)
            if node in graph.constants:
                self.of_node[node] = self._constant(graph.constants[node])
            elif node in turns:
                self._turn(*turns[node], self.of_node[below[0]])
            elif below:
                known = tuple(self.of_node[operand] for operand in below)
                self.of_node[node] = self._make(_writing(primitive), known)
            if below and node in telling and node not in graph.constants:
                self._make(kernel.TOTAL, (self.of_node[node],))

    def made(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """The values that are functions of others: a function and its operands."""
        return enumerate(self._made, start=self.inputs)

    def _make(self, function: Callable[..., Any], known: tuple[int, ...]) -> int:
        write = kernel.written_out if kernel.native else kernel.whole
        places = list(known)
        for step in write(function, len(known)):
            inner = [places[k] if type(k) is int else self._constant(k) for k in step.operands]
            key = step.function, *inner
            places.append(self._made.setdefault(key, self.inputs + len(self._made)))
        return places[-1]

    def _turn(self, sine: int, cosine: int, angle: int) -> None:
        tangent = self._make(sines.tangent, (angle,))
        self.of_node[cosine] = self._make(sines.cos_beside, (tangent, angle))
        known = tangent, self.of_node[cosine], angle
        self.of_node[sine] = self._make(sines.sin_beside, known)

    def _constant(self, number: float) -> int:
        return ~self.constants.setdefault(repr(number), len(self.constants))


def _lines(values: _Values, results: Sequence[int]) -> tuple[dict[int, int], int]:
    """A line for every value that is a number a point, and how many there are: after its last use
    a line is free for another value."""
    last = {value: k for k, made in values.made() for value in made[1:]}
    last.update(dict.fromkeys(results, -1))  # never
    lines = {j: j for j in range(values.inputs)}
    count = max(values.inputs, 4)  # of fewer inputs C takes four
    free = [j for j in range(count) if j >= values.inputs or j not in last]
    for k, (function, *known) in values.made():
        free += [lines[value] for value in {*known} if value >= 0 and last[value] == k]
        if function is not kernel.TOTAL:
            if not free:
                free.append(count)
                count += 1
            lines[k] = free.pop()
    return lines, count


def _without_sign(graph: Graph, node: int) -> int:
    """What is finite wherever the node is, and computed before it."""
    while graph.codes[node] == NEG.code and node not in graph.constants:
        node = graph.operands[0][node]
    return node


def _turns(graph: Graph, nodes: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The sine and the cosine of one angle, found by either, where both are needed."""
    found: dict[int, dict[int, int]] = {}
    for node in nodes:
        if node not in graph.constants and graph.codes[node] in (SIN.code, COS.code):
            found.setdefault(graph.operands[0][node], {})[graph.codes[node]] = node
    pairs = [(pair[SIN.code], pair[COS.code]) for pair in found.values() if len(pair) == 2]
    return {node: pair for pair in pairs for node in pair}


@cache
def _writing(primitive: Primitive) -> Callable[..., Any]:
    """The primitive's function, with an ``out``."""
    if primitive is WHERE:
        return kernel.where
    function = primitive.numpy_long
    if isinstance(function, np.ufunc) or function is not primitive.numpy:
        return function  # what stands in for a ufunc has an out as well
    return partial(_into, function)


def _into(function: Callable[..., Any], *operands: Any, out: Floats) -> None:
    out[...] = function(*operands)
