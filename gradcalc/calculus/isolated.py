"""Points that a formula treats apart: ``where(x == 0, 1, sin(x)/x)`` at 0.

A condition that holds at isolated points only says nothing of a slope, which is made of the points
around. Where the value is the limit of the other branch, and the slopes agree on both sides, the
derivative is their limit (divergence D7 from PyTorch, whose slope is that of the branch taken).

The limits are quotients of differences in mpmath: with steps of 1e-40 and hundreds of digits they
have more right digits than a double. That takes a millisecond a point, and most points at which an
equality holds are jumps or kinks: quotients in doubles tell those apart first, all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from functools import cached_property, partial, reduce
from operator import or_
from typing import Any

import numpy as np

from gradcalc.functions.digits import context, exclusive
from gradcalc.functions.primitives import (
    ADD,
    EQ,
    FUNCTIONS,
    GE,
    GT,
    HYPOT,
    LE,
    LT,
    MAX,
    MUL,
    NE,
    NEG,
    PEAK,
    POW,
    SQUARE,
    WHERE,
)
from gradcalc.graph.exact import leaves, rerun
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import bits, closure, comparisons, operands, supports

Floats = np.ndarray[Any, np.dtype[np.float64]]

_STEPS = (40, 55)
"""Powers of ten by which a step is smaller than what it moves: two, to see that they agree."""
_DIGITS = 400
_AGREE = 1e-18
_SLANT = 0.625
"""How one of two directions is stretched: x == y holds along both together."""
_LOOKS = (1e-2, 1e-4, 1e-6)
"""Steps in doubles, relative to what they move: a curved function needs a small one, a formula that
cancels a large one."""
_ALIKE, _LEVEL = 0.1, 1e-2
"""By how much two slopes may differ, relatively or absolutely, that a limit is looked for."""
_EQUALITY = frozenset((EQ.code, NE.code))
_ORDER = frozenset((LT.code, LE.code, GT.code, GE.code))
SQRT = FUNCTIONS["sqrt"]
_KEEP_SIGNS = frozenset(
    p.code for p in (FUNCTIONS["abs"], SQUARE, HYPOT, ADD, MAX, PEAK, MUL, SQRT, POW)
)
"""Functions that are 0 at isolated points and above it elsewhere, if they are 0 anywhere, and those
that are so where their operands are."""


class Isolated:
    """The equalities of a graph that a ``where`` depends on, as pairs of nodes; ``bool`` of it says
    whether there are any."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.pairs = sorted(set(_equalities(graph)))

    def __bool__(self) -> bool:
        return bool(self.pairs)

    @cached_property
    def columns(self) -> list[int]:
        """The inputs that the equalities depend on: along all others they hold on."""
        nodes = {node for pair in self.pairs for node in pair}
        below = supports(self._graph, range(len(self._graph)))
        return bits(reduce(or_, (below[node] for node in nodes), 0))

    def smooth(
        self, points: Floats, value: Callable[[Floats], Floats], sides: Callable[[Floats], Floats]
    ) -> Any:
        """A mark for each of the points, shape (N, n), where along one of ``columns`` an equality
        holds there only, and the value may have the same slope from both sides. ``value`` and
        ``sides`` map points to values and to both sides of the equalities."""

        def equal(x: Floats) -> Any:
            ends = sides(x)
            return ends[:, ::2] == ends[:, 1::2]

        here, held = value(points), equal(points)
        found = np.zeros(len(points), bool)
        with np.errstate(all="ignore"):
            for j in self.columns:
                for look in _LOOKS:
                    step = np.zeros_like(points)
                    step[:, j] = look * np.where(points[:, j] == 0, 1, np.abs(points[:, j]))
                    size = step[:, j, None]
                    left = (here - value(points - step)) / size
                    right = (value(points + step) - here) / size
                    most = np.maximum(np.abs(left), np.abs(right))
                    alike = np.abs(left - right) <= _ALIKE * most + _LEVEL * (1 + np.abs(here))
                    only = held & ~equal(points - step) & ~equal(points + step)
                    found |= alike.any(axis=1) & only.any(axis=1)
        return found

    @cached_property
    def sides(self) -> Graph:
        """Both sides of every equality, as outputs: two by two."""
        graph = copy(self._graph)
        graph.outputs = [node for pair in self.pairs for node in pair]
        graph.output_names = [f"f{k}" for k in range(len(graph.outputs))]
        return graph

    def slopes(self, x: Floats, entries: Floats) -> Floats:
        """A Jacobian, with limits for its entries where they are known."""
        with exclusive():
            beside = _Beside(self._graph, x)
            found = np.array(entries)
            for j in self.columns:
                for i, slope in enumerate(beside.slopes(j)):
                    if slope is not None:
                        found[i, j] = slope
        return found

    def curvatures(self, x: Floats, entries: Floats) -> Floats:
        """A Hessian, with limits for its entries where they are known."""
        with exclusive():
            beside = _Beside(self._graph, x)
            found = np.array(entries)
            if all(beside.slopes(j)[0] is None for j in self.columns):
                return found
            for i in range(len(x)):
                for j in range(i + 1):
                    second = beside.curvature(i, j)
                    if second is not None:
                        found[i, j] = found[j, i] = second
        return found


def _equalities(graph: Graph) -> Iterator[tuple[int, int]]:
    xs, ys, _ = graph.operands
    choices = np.flatnonzero(np.frombuffer(graph.codes, np.intc) == WHERE.code).tolist()
    for node in comparisons(graph, [xs[node] for node in choices]):
        code = graph.codes[node]
        if code in _EQUALITY or (code in _ORDER and _only_meet(graph, xs[node], ys[node])):
            yield xs[node], ys[node]


def _only_meet(graph: Graph, x: int, y: int) -> bool:
    """Whether one side is 0 and the other never crosses it: ``norm(x) > 0``, ``x*x <= 0``."""
    return any(
        graph.constants.get(zero) == 0.0 and other not in graph.constants
        and _has_one_sign(graph, other)
        for zero, other in ((x, y), (y, x))
    )  # fmt: skip


def _has_one_sign(graph: Graph, root: int) -> bool:
    """Whether a node is never below 0, or never above, whatever its variables are."""
    start = graph.operands[0][root] if graph.codes[root] == NEG.code else root
    found = closure([start], partial(_of_which_sign, graph))
    return all(
        graph.codes[node] in _KEEP_SIGNS or graph.constants.get(node, -1.0) >= 0 for node in found
    )


def _of_which_sign(graph: Graph, node: int) -> tuple[int, ...]:
    """What a node that keeps signs is made of; nothing where it is no sign of theirs."""
    code, (x, y, *_) = graph.codes[node], (*operands(graph, node), -1, -1)
    if code in (ADD.code, MAX.code, PEAK.code) or (code == MUL.code and x != y):
        return x, y
    if code == SQRT.code or (code == POW.code and graph.constants.get(y, 0.5) % 2):
        return (x,)
    return ()


class _Unhurried:
    def test(self) -> None:
        """There is time."""


class _Beside:
    """The outputs of a graph at a point and close to it, to hundreds of digits."""

    def __init__(self, graph: Graph, x: Floats) -> None:
        self._graph, self._x = graph, x.tolist()
        self._here = self._outputs({})

    def slopes(self, j: int) -> list[float | None]:
        """The derivative of every output by input j, if it is the same from both sides."""
        mp = context()
        with mp.workdps(_DIGITS):
            left, right = (self._one_sided(j, sign) for sign in (-1, 1))
            return [
                None if a is None or b is None or abs(a - b) > _AGREE * max(abs(a), abs(b))
                else float(b)
                for a, b in zip(left, right, strict=True)
            ]  # fmt: skip

    def curvature(self, i: int, j: int) -> float | None:
        """The second derivative of the one output by inputs i and j."""
        mp = context()
        with mp.workdps(_DIGITS):
            found = [self._mixed(i, j, power) for power in _STEPS]
            second = _settled(*found)
            return None if second is None else float(second)

    def _one_sided(self, j: int, sign: int) -> list[Any]:
        quotients = []
        for power in _STEPS:
            h = sign * self._step(j, power)
            ends = self._outputs({j: h})
            quotients.append([(end - here) / h for end, here in zip(ends, self._here, strict=True)])
        return [_settled(*pair) for pair in zip(*quotients, strict=True)]

    def _step(self, j: int, power: int) -> Any:
        return context().mpf(10) ** -power * (abs(self._x[j]) or 1)

    def _mixed(self, i: int, j: int, power: int) -> Any:
        h, g = self._step(i, power), _SLANT * self._step(j, power)
        (here,) = self._here
        if i == j:
            (ahead,), (behind,) = (self._outputs({i: s * h}) for s in (1, -1))
            return (ahead + behind - 2 * here) / h**2
        corners = [s * t * self._outputs({i: s * h, j: t * g})[0] for s in (1, -1) for t in (1, -1)]
        return sum(corners, 0 * here) / (4 * h * g)

    def _outputs(self, moves: Mapping[int, Any]) -> list[Any]:
        graph, mp = self._graph, context()
        with mp.workdps(_DIGITS):
            values = leaves(graph, self._x)
            for j, move in moves.items():
                values[graph.inputs[j]] += move
            rerun(graph, range(len(graph)), values, _Unhurried())
            return [values[node] for node in graph.outputs]


def _settled(far: Any, near: Any) -> Any:
    """The limit of two quotients, the second with the smaller step; None if they show none."""
    mp = context()
    if not (mp.isfinite(far) and mp.isfinite(near)):
        return None
    if abs(near) <= abs(far) * mp.mpf(10) ** (_STEPS[0] - _STEPS[1] + 5):
        return mp.mpf(0)
    return near if abs(near - far) <= _AGREE * abs(near) else None
