"""How far off is a run with so many digits? An estimate of every node's rounding error.

The error of a node is how far it moves when its operands move by theirs, and its own rounding. It
is no bound, as a ball is (``gradcalc.check.enclosures``); but a number that is smaller than it, or
that lies within it from a step, is known to nobody who has run the graph with these digits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from gradcalc.calculus.rules import condition, evaluate
from gradcalc.check.budget import Deadline
from gradcalc.check.compare import Open
from gradcalc.check.structure import SUMS
from gradcalc.functions.digits import context
from gradcalc.functions.primitives import EQ, MOD, OPERANDS, TABLE, WHERE
from gradcalc.functions.row import Primitive
from gradcalc.graph.exact import HUGE, call
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed, operands

_SPREAD = SUMS | {MOD.code}
"""What is as long as its operands are apart."""
LOOKED_AT = 2_000
"""Nodes of a graph of which every one is asked: it takes several times as long as a run."""
_ROOM = 4
"""How many estimates away from a step is near."""
_CLOSER = 256
"""How much smaller a second move is, and …"""
_MORE = 1 << 20
"""… how many times smaller its rise may be, of a function that does not jump."""
_ASIDE = 64
"""Bits to see such moves with."""
_SHOWN = 2.0**-1074
_HALF = 1e-12
"""An error of this part of a number has taken its digits."""


@dataclass
class Errors:
    """By node, the estimates; those of which no digit may be right, those that hide an operand
    (1 + 1e-300 and tanh(300), whose slope shows it), those that lie on a step (their value jumps)
    and those on a kink (their slope does)."""

    sizes: dict[int, Any] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)
    hiding: set[int] = field(default_factory=set)
    stepping: set[int] = field(default_factory=set)
    bending: set[int] = field(default_factory=set)

    @property
    def vast(self) -> set[int]:
        """The nodes without a right digit whose errors a double would show."""
        return {node for node in self.lost if self.sizes[node] > _SHOWN}

    @property
    def all_known(self) -> bool:
        """Whether more digits change nothing."""
        return not (self.lost or self.hiding or self.stepping or self.bending)

    def open(
        self, graph: Graph, outputs: Collection[int], digits: int, *, of_slopes: bool
    ) -> Open | None:
        """What so many digits do not decide of these outputs, or of their slopes."""
        near = (self.stepping | self.bending if of_slopes else self.stepping) | self.vast
        if not near:
            return None
        found = near.intersection(needed(graph, [graph.outputs[i] for i in outputs]))
        if not found:
            return None
        text = " ".join(graph.text(min(found)).split())
        return Open(f"{digits} digits do not decide {text}")


def errors(graph: Graph, values: dict[int, Any], digits: int, deadline: Deadline) -> Errors:
    """Of the nodes that the outputs take their values from, run with ``digits``."""
    found = Errors()
    with context().workdps(digits):
        for node in needed(graph, graph.outputs, within=_taken(values)):
            deadline.test()
            _look(graph, node, values, found)
            if found.sizes[node] and _hides(graph, node, values):
                found.hiding.add(node)
    return found


def _taken(values: dict[int, Any]) -> Any:
    def within(graph: Graph, node: int) -> Iterator[int]:
        below = operands(graph, node)
        if graph.codes[node] == WHERE.code and values[below[0]] == values[below[0]]:
            yield below[0]
            yield below[1 if values[below[0]] else 2]
        else:
            yield from below

    return within


def _look(graph: Graph, node: int, values: dict[int, Any], found: Errors) -> None:
    mp = context()
    code, value = graph.codes[node], values[node]
    primitive, within = TABLE[code], operands(graph, node)
    found.sizes[node] = mp.mpf(0)
    if not within or not mp.isfinite(value):
        return
    numbers = tuple(values[operand] for operand in within)
    sizes = [found.sizes.get(operand, mp.mpf(0)) for operand in within]
    if not any(sizes):
        if not _is_exact(primitive, numbers, value):
            found.sizes[node] = mp.eps * abs(value)
        return
    if primitive.boolean:
        if not primitive.indifferent and _is_close(primitive, numbers, sizes):
            found.stepping.add(node)
        return
    rises = [_rise(code, numbers, k, _ROOM * size, value) for k, size in enumerate(sizes) if size]
    if any(map(mp.isnan, rises)):  # the edge of a domain
        found.stepping.add(node)
        return
    if primitive.flat:
        if any(rises):
            found.stepping.add(node)
        return
    error = mp.fsum(rises) / _ROOM + mp.eps * abs(value)
    found.sizes[node] = error
    if primitive.kink or primitive.jump:
        nearer = [
            _rise(code, numbers, k, size / _CLOSER, value) for k, size in enumerate(sizes) if size
        ]
        if any(map(_is_jump, nearer, rises)):
            found.stepping.add(node)
    bends = [size for name, size in zip(OPERANDS, sizes, strict=False) if name in _named(primitive)]
    if any(bends) and _near(primitive, numbers, _ROOM * max(bends)):
        found.bending.add(node)
    if error > _HALF * abs(value):
        found.lost.add(node)


def _hides(graph: Graph, node: int, values: dict[int, Any]) -> bool:
    """Whether the value stays, to the last digit, when an operand moves by a thousandth of it."""
    code, numbers = graph.codes[node], [values[operand] for operand in operands(graph, node)]
    row = TABLE[code]
    if row.flat or row.boolean or row.selects or (row.arithmetic and code not in SUMS):
        return False
    for k, number in enumerate(numbers):
        moved = (*numbers[:k], number + number / 1024, *numbers[k + 1 :])
        if number and row.partials[k] and call(code, moved) == values[node]:
            return True
    return False


def _rise(code: int, numbers: tuple[Any, ...], k: int, size: Any, value: Any) -> Any:
    """How far the value moves at most when an operand moves by ``size``; NaN if there is none."""
    mp = context()
    with mp.workprec(mp.prec + _ASIDE):
        ends = (
            call(code, (*numbers[:k], numbers[k] + move, *numbers[k + 1 :]))
            for move in (size, -size)
        )
        apart = [abs(end - value) for end in ends]
    return mp.nan if any(map(mp.isnan, apart)) else max(apart)


def _is_jump(near: Any, far: Any) -> bool:
    return bool(near > far / 2 > 0 or far > _MORE * near)


def _is_close(primitive: Primitive, numbers: tuple[Any, ...], sizes: list[Any]) -> bool:
    """Whether a condition is on numbers that cannot be told apart, or not from 0."""
    if primitive.logical:
        return any(abs(x) <= _ROOM * size for x, size in zip(numbers, sizes, strict=True) if size)
    return bool(abs(numbers[0] - numbers[1]) <= _ROOM * (sizes[0] + sizes[1]))


def _is_exact(primitive: Primitive, numbers: tuple[Any, ...], value: Any) -> bool:
    """Whether a function of exact numbers has not been rounded: with more bits it is the same. Of
    1 + 1e-300 that takes as many as the numbers are apart."""
    mp = context()
    apart = 0
    if primitive.code in _SPREAD and all(numbers):
        apart = abs(mp.mag(numbers[0]) - mp.mag(numbers[1]))
    elif primitive.code not in _SPREAD and not (
        primitive.arithmetic or primitive.selects or primitive.flat or primitive.boolean
    ):
        with mp.workprec(3 * mp.prec):  # a root, if anything
            return len(numbers) == 1 and numbers[0] in (value * value, value * value * value)
    with mp.workprec(2 * mp.prec + min(apart, HUGE)):
        return apart < HUGE and bool(call(primitive.code, numbers) == value)


@cache
def _named(primitive: Primitive) -> frozenset[str]:
    """The operands that make a kink."""
    return frozenset(re.findall(r"\b[xyz]\b", primitive.kink))


def _near(primitive: Primitive, numbers: tuple[Any, ...], room: Any) -> bool:
    """Whether the condition of a kink holds as far as one can see."""

    def apply(row: Primitive, *xs: Any) -> Any:
        mp = context()
        exact = tuple(map(mp.mpf, xs))
        if row is EQ:
            return mp.mpf(int(abs(exact[0] - exact[1]) <= room))
        return call(row.code, exact)

    holds = evaluate(condition(primitive.kink), numbers, None, (0,), apply)[0]
    return bool(holds == 1)
