"""The stand-in for sympy: the same graph re-run in mpmath, and central differences at 160 digits.

With so many digits a step can be so small that the truncation error of a central difference
disappears (it is the square of the step, 1e-120) and the rounding error too. Whether it did is seen
from the second difference, which is also large at a kink: such an entry is not compared.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterable, Sequence
from typing import Any

from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.compare import Truth, Unchecked
from gradcalc.check.question import Answer, Direction, Question, UndecidedError
from gradcalc.check.rerun import coefficient, leaves, rerun
from gradcalc.check.structure import Outline, dependents, slopes
from gradcalc.primitives import TABLE

DIGITS = 160
DIGITS_OF_SECOND = 300
_FEW_DIGITS = 60
"""A second run with fewer digits tells which values have lost theirs."""
_STEP_BITS = 200
"""The step is x * 2**-200, about 1e-60 x …"""
_STEP_BITS_AT_0 = 332
"""… and 1e-100 at 0, where nothing says how fast a function may vary."""
_LARGE_STEP = 1e-20
_AGREE = 1e-18
"""Relative to the scale: a hundredth of an ulp."""
_NEGLIGIBLE = 1e-50
_FLAGS = frozenset(primitive.code for primitive in TABLE if primitive.boolean)
_SPARE = 3
"""Digits that a value may have lost after a good many operations."""
_DIRECTIONS = 2
_PROBES = 8  # columns that tell how long all of them would take

TOO_MANY = "no time for every column"
KINK = "kink"
TURN = "a condition changes here"
LOST = "lost in cancellation"


def truth(question: Question, deadline: Deadline) -> Answer:
    """The entries and values by high-precision differences. Raises OutOfTime and UndecidedError."""
    import mpmath  # deferred: heavy

    second = question.kind in ("hessian", "hvp")
    with mpmath.workdps(DIGITS_OF_SECOND if second else DIGITS):
        with deadline.alarm():
            work = _Differences(question, deadline)
            answer = Answer(entries=[], values=work.settled_values())
            if question.kind == "jvp":
                answer.entries = work.direction(question.vector).truth
        if question.kind not in ("eval", "jvp"):
            _all_columns(question, work, answer, deadline)
        return answer


def _all_columns(
    question: Question, work: _Differences, answer: Answer, deadline: Deadline
) -> None:
    """Column by column, as many as there is time for; if not all, all of them together too."""
    order = _spread(len(question.x))
    known: dict[int, list[Truth]] = {}
    try:
        with deadline.alarm():
            started = time.monotonic()
            known |= {j: work.column(j) for j in order[:_PROBES]}
            each = (time.monotonic() - started) / _PROBES
            if each * len(order) > 0.8 * deadline.remaining and not work.second:
                answer.directions = [work.random_direction(seed) for seed in range(_DIRECTIONS)]
            for j in order[_PROBES:]:
                known[j] = work.column(j)
    except OutOfTime:
        if not answer.directions:
            raise
    rows = max(len(question.graph.outputs), len(order))
    missing: list[Truth] = [Unchecked(TOO_MANY)] * rows
    answer.entries = question.assemble(lambda i, j: known.get(j, missing)[i])
    if len(known) < len(order):
        answer.remark = (
            f"{len(known):,} of {len(order):,} columns one by one, "
            f"all together along {_DIRECTIONS} random directions"
        )


class _Differences:
    """The graph at the point, and at points beside it.

    The outputs are taken apart into terms, and only those with a moving variable are run again.
    """

    def __init__(self, question: Question, deadline: Deadline) -> None:
        self._question = question
        self._deadline = deadline
        self.second = question.kind in ("hessian", "hvp")
        self._turned = False  # whether a condition did, on the way to a point beside this one
        self._pairs: dict[tuple[int, int], Truth] = {}
        self._graph = question.graph
        self._outline = outline = Outline(question.graph)
        self._values: dict[int, Any] = leaves(self._graph, question.x)
        self._evaluate()
        self._terms_of: dict[int, list[tuple[int, Any]]] = {}
        for i, terms in enumerate(outline.spine.terms):
            for term in terms:
                weight = coefficient(term, self._values)
                self._terms_of.setdefault(term.node, []).append((i, weight))
        hidden = outline.spine.nodes
        self._users = [[user for user in each if user not in hidden] for each in outline.users]

    def _evaluate(self) -> None:
        """All values at the point. Gives up early where there is no time for three more runs."""
        import mpmath  # deferred: heavy

        nodes, started = self._outline.nodes, time.monotonic()
        part = len(nodes) // 10
        rerun(self._graph, nodes[:part], self._values, self._deadline)
        seconds = 10 * (time.monotonic() - started)
        if 4 * seconds > self._deadline.remaining:
            digits = mpmath.mp.dps
            raise UndecidedError(f"one evaluation at {digits} digits takes {seconds:.1f} s")
        rerun(self._graph, nodes[part:], self._values, self._deadline)

    def settled_values(self) -> list[Truth]:
        """The values, as far as a run with fewer digits confirms them."""
        import mpmath  # deferred: heavy

        fewer = leaves(self._graph, self._question.x)
        with mpmath.workdps(_FEW_DIGITS):
            rerun(self._graph, self._outline.nodes, fewer, self._deadline)
        scales = self._question.value_scales
        return [
            settled(fewer[node], self._values[node], scale)
            for node, scale in zip(self._graph.outputs, scales, strict=True)
        ]

    def column(self, j: int) -> list[Truth]:
        """∂f_i/∂x_j for all i; of the one output, ∂²f/∂x_i∂x_j for all i."""
        if self.second:
            return [self._pair(max(i, j), min(i, j)) for i in range(len(self._question.x))]
        affected = dependents(self._users, self._graph.inputs[j])
        return self._differences({j: 1.0}, self._step(j), affected)

    def _step(self, j: int) -> Any:
        import mpmath  # deferred: heavy

        x = self._question.x[j]
        return mpmath.ldexp(abs(x), -_STEP_BITS) if x else mpmath.ldexp(1, -_STEP_BITS_AT_0)

    def _pair(self, j: int, k: int) -> Truth:
        """∂²f/∂x_j∂x_k: the mixed difference, confirmed by that of twice the step."""
        if (j, k) in self._pairs:
            return self._pairs[j, k]
        inputs = self._graph.inputs
        by_j, by_k = (set(dependents(self._users, inputs[c])) for c in (j, k))
        terms = [node for node in self._terms_of if node in by_j and node in by_k]
        affected = sorted(by_j | by_k)
        zero = 0 * self._step(j)
        found: Truth = zero
        if not self._tainted([inputs[j], inputs[k]], affected).isdisjoint(terms):
            found = Unchecked(KINK)
        elif terms:
            self._turned = False
            near, noise = self._mixed(j, k, 1, affected, terms)
            far, _ = self._mixed(j, k, 2, affected, terms)
            unit = self._question.entry_scales[j]
            if self._question.kind == "hessian":
                unit = self._question.entry_scales[j * len(inputs) + k]
            found = _slope(near, abs(near - far) + noise, unit)
            found = Unchecked(TURN) if self._turned else found
        self._pairs[j, k] = found
        return found

    def _mixed(
        self, j: int, k: int, factor: int, affected: list[int], terms: list[int]
    ) -> tuple[Any, Any]:
        """The mixed difference of the one output, and how much of it may be rounding."""
        inputs = self._graph.inputs
        h, g = factor * self._step(j), factor * self._step(k)
        total = noise = 0 * h
        for sign in (1, -1):
            for other in (1, -1):
                steps = {inputs[j]: sign * h}
                steps[inputs[k]] = steps.get(inputs[k], 0) + other * g
                for node, value in zip(terms, self._moved(steps, 1, affected, terms), strict=True):
                    weight = sum(w for _, w in self._terms_of[node])
                    total = total + sign * other * weight * value
                    noise = noise + abs(weight * value) * _rounding()
        return total / (4 * h * g), noise / (4 * h * g)

    def random_direction(self, seed: int) -> Direction:
        signs = random.Random(seed).choices((-1.0, 1.0), k=len(self._question.x))
        return self.direction(signs)

    def direction(self, u: Sequence[float]) -> Direction:
        """Σ_j u_j ∂f_i/∂x_j for all i."""
        import mpmath  # deferred: heavy

        along = {j: weight for j, weight in enumerate(u) if weight}
        x = self._question.x
        sizes = [abs(x[j] / weight) for j, weight in along.items() if x[j]]
        step = mpmath.ldexp(min(sizes, default=0) or 1, -_STEP_BITS)
        still = self._outline.spine.nodes.union(self._graph.inputs)
        affected = [n for n in self._outline.nodes if self._outline.varies[n] and n not in still]
        return Direction(tuple(u), self._differences(along, step, affected))

    def _differences(self, along: dict[int, float], step: Any, affected: list[int]) -> list[Truth]:
        """Central differences of all outputs when the columns ``along`` move by their weights."""
        steps = {self._graph.inputs[j]: step * weight for j, weight in along.items()}
        terms = [node for node in (*steps, *affected) if node in self._terms_of]
        tainted = self._tainted(steps, affected)
        base = [self._values[node] for node in terms]
        self._turned = False
        ahead = self._moved(steps, 1, affected, terms)
        behind = self._moved(steps, -1, affected, terms)
        rise: dict[int, Any] = {}
        doubt: dict[int, Any] = {}
        kinked = set()
        for node, here, plus, minus in zip(terms, base, ahead, behind, strict=True):
            noise = _rounding() * max(abs(plus), abs(minus))
            for i, weight in self._terms_of[node]:
                bend = abs(plus + minus - 2 * here)
                rise[i] = rise.get(i, 0) + weight * (plus - minus)
                doubt[i] = doubt.get(i, 0) + abs(weight) * (bend + noise)
                if node in tainted:
                    kinked.add(i)
        found: list[Truth] = [0 * step] * len(self._graph.outputs)
        for i in rise:
            slope = _slope(rise[i] / (2 * step), doubt[i] / (2 * step), self._unit(i, along))
            if _jumped(step, slope, doubt[i], self._unit(i, along)):
                slope = Unchecked(LOST)
            found[i] = Unchecked(KINK) if i in kinked else slope
            if self._turned and not isinstance(found[i], Unchecked):
                found[i] = Unchecked(TURN)
        return found

    def _unit(self, i: int, along: dict[int, float]) -> float:
        """The scale of a derivative of output i along some columns."""
        kind, scales = self._question.kind, self._question.entry_scales
        if kind == "jvp":
            return scales[i]
        if kind == "vjp":
            v = abs(self._question.vector[i])
            return sum(abs(w) * scales[j] for j, w in along.items()) / v if v else math.inf
        row = i * len(self._question.x)
        return sum(abs(w) * scales[row + j] for j, w in along.items())

    def _moved(
        self, steps: dict[int, Any], sign: int, affected: list[int], terms: list[int]
    ) -> list[Any]:
        """The terms where the inputs are moved; the values are put back."""
        values = self._values
        saved = [(node, values[node]) for node in (*steps, *affected)]
        try:
            for node, step in steps.items():
                values[node] = values[node] + sign * step
            rerun(self._graph, affected, values, self._deadline)
            self._turned |= any(
                self._graph.codes[node] in _FLAGS and values[node] != before
                for node, before in saved
            )
            return [values[node] for node in terms]
        finally:
            values.update(saved)

    def _tainted(self, steps: Iterable[int], affected: list[int]) -> set[int]:
        """The nodes whose slope goes through a kink on the way to an input that moves."""
        kinks = self._question.kinks
        if not kinks:
            return set()
        moving: set[int] = set(steps)
        tainted: set[int] = set()
        for node in affected:
            within = slopes(self._graph, node)
            if moving.isdisjoint(within) and not (node in kinks and self._moves(node, moving)):
                continue
            moving.add(node)
            if node in kinks or not tainted.isdisjoint(within):
                tainted.add(node)
        return tainted

    def _moves(self, node: int, moving: set[int]) -> bool:
        """Whether an operand moves, even one that a slope of 0 flows to."""
        return any(column[node] in moving for column in self._graph.operands)


def _rounding() -> Any:
    """Relative to a value: what it may be off."""
    import mpmath  # deferred: heavy

    return mpmath.mpf(10) ** (_SPARE - mpmath.mp.dps)


def _slope(slope: Any, doubt: Any, unit: float) -> Truth:
    """The slope, if the second difference and the rounding are as small as they should be."""
    import mpmath  # deferred: heavy

    if not mpmath.isfinite(slope) or not mpmath.isfinite(doubt):
        return Unchecked("undefined nearby")
    if not unit and abs(slope) <= _NEGLIGIBLE:
        return 0 * slope  # x**3 at 0, whose difference is the square of the step
    if doubt > _AGREE * max(abs(slope), unit):
        return Unchecked("not smooth here" if doubt > _NEGLIGIBLE else LOST)
    return slope


def _jumped(step: Any, slope: Truth, doubt: Any, unit: float) -> bool:
    """Whether so large a step may have jumped over the waves of sin(x) at 1e300: the difference is
    of the size of the bend, and both are nothing beside the slope that was to be expected."""
    if step < _LARGE_STEP or isinstance(slope, Unchecked):
        return False
    return bool(abs(slope) < _AGREE * unit and doubt / (2 * step) > _AGREE * abs(slope))


def settled(fewer: Any, more: Any, scale: float) -> Truth:
    """``more``, computed with more digits than ``fewer``, if they agree far beyond a double."""
    import mpmath  # deferred: heavy

    if isinstance(more, Unchecked):
        return more
    if mpmath.isnan(more):
        return Unchecked("no real value")
    if mpmath.isinf(more) or more == fewer:
        return more
    if abs(more - fewer) > _AGREE * max(abs(more), scale, 1e-300):
        return Unchecked(LOST)
    return more


def _spread(count: int) -> list[int]:
    """0 to count - 1, in an order that visits all regions early: strides, halved and halved."""
    order: dict[int, None] = {}
    stride = 1 << count.bit_length()
    while stride:
        order.update(dict.fromkeys(range(0, count, stride)))
        stride >>= 1
    return list(order)
