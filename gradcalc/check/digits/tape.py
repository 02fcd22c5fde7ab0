"""The graph at one point, to any number of digits: its values, and exact sweeps over it.

A sweep multiplies the slopes of the primitives (``gradcalc.check.digits.slopes``) along the graph.
NaN comes out where one of them does not exist; that is no verdict on the formula, as the chain rule
may fail where a derivative exists (``sqrt(x)*sqrt(x)`` at 0).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gradcalc.check import sweeps
from gradcalc.check.budget import Deadline
from gradcalc.check.case import PRECISIONS, NoReferenceError
from gradcalc.check.digits.errors import LOOKED_AT, Errors, errors
from gradcalc.check.digits.jumps import CONDITIONS, jumps, turns
from gradcalc.check.digits.slopes import LINEAR, Slopes
from gradcalc.check.structure import Outline
from gradcalc.functions.digits import context
from gradcalc.functions.primitives import MUL, WHERE
from gradcalc.graph.exact import leaves, rerun
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import closure, needed, operands

_ASIDE = 340
"""Digits put aside where nobody looks at every node: 1 + 1e-320."""
_RUNS = 6
"""As long as so many runs take, there has to be time for: two runs and two sweeps of each."""
_TRIAL = 10_000
"""Nodes that tell how long all of them would take …"""
_TRIALS = 2
"""… by the quicker of so many such pieces: an import or a garbage collection falls into one."""

_STEEPER = 30.0
"""How much longer three runs take with twice the digits than one, at most: gamma functions do …"""
_RUNS_AND_MARGIN = 6.0
"""… and by how much more than the last doubling of the digits made it."""

Tangents = dict[int, Any]
"""mpf numbers by node; what is not there is 0."""


class Tape:
    """``graph`` at ``x``. Raises OutOfTime, here and in the sweeps.

    ``errors`` tells what so many digits leave in doubt. ``lazy`` computes values when a sweep asks
    for them: a few columns of a Jacobian need few.
    """

    def __init__(
        self,
        outline: Outline,
        x: Iterable[float],
        digits: int,
        deadline: Deadline,
        *,
        lazy: bool = False,
    ) -> None:
        self.graph: Graph = outline.graph
        self.digits = digits
        self._varies, self._nodes = outline.varies, outline.nodes
        self._jumps: set[int] | None = None
        self._lazy = lazy
        self._deadline = deadline
        self._local = Slopes(digits)
        self._slopes: dict[int, list[tuple[int, Any]]] = {}
        self._curves: dict[int, list[tuple[int, int, bool, Any]]] = {}
        small = not lazy and len(outline.nodes) <= LOOKED_AT
        self.working = digits if small else digits + _ASIDE
        self.values: Tangents = leaves(self.graph, x)
        if lazy:
            self.values = _Lazy(self.graph, self.values, self.working, deadline)
        else:
            evaluate(self.graph, outline.nodes, self.values, self.working, deadline)
        self.errors = errors(self.graph, self.values, self.working, deadline) if small else Errors()

    @property
    def collapsed(self) -> bool:
        """Whether a function was so flat that these digits do not show its slope."""
        return self._local.collapsed

    def forward(self, seeds: Tangents, nodes: Iterable[int]) -> Tangents:
        """The tangents of ``nodes``, in order, when the inputs move by ``seeds``."""
        with context().workdps(self.working):
            return sweeps.forward(self.slopes, seeds, nodes)

    def reverse(self, seeds: Tangents) -> Tangents:
        """The cotangents of all nodes below those that have a seed."""
        with context().workdps(self.working):
            return sweeps.reverse(self.slopes, seeds)

    def bend(self, tangents: Tangents, cotangents: Tangents) -> Tangents:
        """How the cotangents change when the inputs move: a column of a Hessian, by node."""
        with context().workdps(self.working):
            return sweeps.bend(self.slopes, self._curved, tangents, cotangents)

    def slopes(self, node: int) -> list[tuple[int, Any]]:
        """The operands that a slope flows to, and the slopes."""
        known = self._slopes.get(node)
        if known is None:
            known = self._slopes[node] = self._found(node)
            self._deadline.test()
        return known

    def _found(self, node: int) -> list[tuple[int, Any]]:
        code, within = self.graph.codes[node], operands(self.graph, node)
        moving = [operand for operand in within if self._varies[operand]]
        if code in CONDITIONS:  # asked for only where a branch turns
            return [(operand, context().mpf(1)) for operand in moving]
        if code == WHERE.code and self._varies[within[0]] and self._turns(within[0]):
            return [(operand, context().nan) for operand in moving]
        if code in LINEAR:
            pairs = zip(within, LINEAR[code], strict=True)
            return [(operand, slope) for operand, slope in pairs if self._varies[operand]]
        if code == MUL.code:
            swapped = (within, within[::-1])
            return [(x, self.values[y]) for x, y in swapped if self._varies[x]]
        wanted = tuple(bool(self._varies[operand]) for operand in within)
        found = self._local.first(code, self._numbers(within), self.values[node], wanted)
        three = zip(within, found, wanted, strict=True)
        return [(operand, slope) for operand, slope, want in three if want and slope is not None]

    def _turns(self, condition: int) -> bool:
        """Whether another branch is taken right beside the point."""
        if self._jumps is None or self._lazy:
            nodes = needed(self.graph, [condition]) if self._lazy else self._nodes
            self._jumps = jumps(self.graph, nodes, self.values, self._varies)
        return turns(self.graph, condition, self.values, self._varies, self._jumps)

    def _curved(self, node: int) -> list[tuple[int, int, bool, Any]]:
        """Pairs of operands, whether it is twice the same one, and the second derivatives."""
        known = self._curves.get(node)
        if known is None:
            within = operands(self.graph, node)
            smooth = all(map(context().isfinite, (slope for _, slope in self.slopes(node))))
            found = self._local.second(
                self.graph.codes[node], self._numbers(within), self.values[node]
            )
            known = [
                (within[j], within[k], j == k, curve if smooth else context().nan)
                for (j, k), curve in found.items()
                if self._varies[within[j]] and self._varies[within[k]]
            ]
            self._curves[node] = known
            self._deadline.test()
        return known

    def _numbers(self, nodes: Iterable[int]) -> tuple[Any, ...]:
        return tuple(self.values[node] for node in nodes)


def known(outline: Outline, x: Sequence[float], deadline: Deadline) -> Tape:
    """The tape of the fewest digits that leave nothing in doubt; of the most that there is time
    for, if all do."""
    for digits in PRECISIONS:
        before = deadline.remaining
        tape = Tape(outline, x, digits, deadline)
        enough = tape.errors.all_known or (digits >= PRECISIONS[-2] and not tape.errors.vast)
        if enough or is_short(deadline, before - deadline.remaining):
            break
    return tape


def is_short(deadline: Deadline, spent: float, half: float = 0.0) -> bool:
    """Whether twice the digits would take too long, when these took the seconds ``spent``, and half
    as many digits, where that is known, ``half``."""
    growth = max(1.0, spent / half) if half > 0 else _STEEPER
    return min(_STEEPER, _RUNS_AND_MARGIN * growth) * spent > deadline.remaining


class _Lazy(dict[int, Any]):
    """Values that are computed, with all that they need, when they are first read."""

    def __init__(self, graph: Graph, known: Tangents, digits: int, deadline: Deadline) -> None:
        super().__init__(known)
        self._graph, self._digits, self._deadline = graph, digits, deadline

    def __missing__(self, node: int) -> Any:
        missing = closure([node], self._unknown)
        with context().workdps(self._digits):
            rerun(self._graph, sorted(missing), self, self._deadline)
        return self[node]

    def _unknown(self, node: int) -> Iterator[int]:
        return (operand for operand in operands(self._graph, node) if operand not in self)


def evaluate(
    graph: Graph, nodes: list[int], values: dict[int, Any], digits: int, deadline: Deadline
) -> None:
    """Run ``nodes``. Raises NoReferenceError where there is no time for a few runs of that kind."""
    with context().workdps(digits):
        trial = min(len(nodes) // 10, _TRIAL)
        start, took = len(graph.inputs), []  # the inputs cost nothing
        rerun(graph, nodes[:start], values, deadline)
        for _ in range(_TRIALS):
            before = deadline.remaining
            rerun(graph, nodes[start : start + trial], values, deadline)
            start += trial
            took.append(before - deadline.remaining)
        seconds = min(took) * len(nodes) / max(trial, 1)
        if _RUNS * seconds > deadline.remaining:
            raise NoReferenceError(f"one evaluation at {digits} digits takes {seconds:.1f} s")
        rerun(graph, nodes[start:], values, deadline)
