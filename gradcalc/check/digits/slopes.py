"""The slopes of one primitive, from its values alone: nothing of the table's derivatives.

Arithmetic has its school rules. Every other function is differenced at its operands, with a step so
small, and so many digits, that truncation and rounding both disappear: in the size of one function
nothing is hidden, as there is in the size of a formula (``sin(1e100*x)`` has waves shorter than any
step that suits x).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise, permutations
from typing import Any

from gradcalc.calculus.rules import rule
from gradcalc.functions.digits import context
from gradcalc.functions.primitives import (
    ADD,
    DIV,
    FLOW,
    MOD,
    MUL,
    NEG,
    POW,
    SQUARE,
    SUB,
    TABLE,
    VARIABLE,
    WHERE,
)
from gradcalc.functions.row import Primitive
from gradcalc.graph.exact import HUGE, call, huge
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed, operands

_WAYS = (-1.0, 0.3, 1.0)
"""How the operands move together, in every order."""

Numbers = tuple[Any, ...]
"""mpf numbers; NaN where the function has no slope, None where no slope flows."""


class Slopes:
    """Slopes at operands that are right to about ``digits`` digits.

    ``collapsed`` tells that a function did not move at all when its operand did: with so few digits
    tanh(300) is 1, and its slope came out as 0.
    """

    def __init__(self, digits: int) -> None:
        self._digits = digits
        self.collapsed = False

    def first(self, code: int, operands: Numbers, value: Any, wanted: tuple[bool, ...]) -> Numbers:
        """∂/∂operand, for the wanted operands, of what is neither linear nor a product of two."""
        if code == POW.code and not wanted[1]:
            return _monomial(context(), operands[0], operands[1], value, 1), None
        school = _SCHOOL.get(code)
        if school is not None:
            return school(context(), operands, value)
        partials, selects = TABLE[code].partials, TABLE[code].selects
        found: list[Any] = []
        for k, (partial, want) in enumerate(zip(partials, wanted, strict=True)):
            slope = self._slope(code, operands, k, not selects) if want and partial else None
            if want and k < TABLE[code].orders:
                slope = context().nan
            # an operand of max that is not the larger one: not even a NaN comes through
            found.append(None if selects and slope == 0 else slope)
        if TABLE[code].kink and sum(wanted) > 1 and not self._joins(code, operands, found, wanted):
            return tuple(context().nan if want else None for want in wanted)
        return tuple(found)

    def _joins(
        self, code: int, operands: Numbers, slopes: Sequence[Any], wanted: tuple[bool, ...]
    ) -> bool:
        """Whether the slopes along the axes are those of a plane. Those of clamp(x, x/3, y) at 0
        are all 0, and it is not flat."""
        mp = context()
        if any(slope is not None and mp.isnan(slope) for slope in slopes):
            return False
        steps = [self._step(operands, k) for k in range(len(operands))]
        h, spare = min(step for step, _ in steps), max(spare for _, spare in steps)
        with mp.workdps(spare + 4 * self._digits):
            here = call(code, operands)
            for way in permutations(_WAYS, len(operands)):
                moves = {k: h * w for k, w in enumerate(way) if wanted[k]}
                rise = _moved(code, operands, moves) - here
                parts = [(slopes[k] or 0) * move for k, move in moves.items()]
                room = mp.mpf(10) ** (-self._digits // 2) * max([h, *map(abs, parts)])
                if not abs(rise - mp.fsum(parts)) <= room:
                    return False
        return True

    def second(self, code: int, operands: Numbers, value: Any) -> dict[tuple[int, int], Any]:
        """∂²/∂operand j ∂operand k for j <= k, without those that are 0 everywhere."""
        school = _SCHOOL_SECOND.get(code)
        if school is not None:
            return school(context(), operands, value)
        primitive = TABLE[code]
        if not primitive.differentiable or (primitive.selects and _is_straight(primitive)):
            return {}
        moving = [k for k, partial in enumerate(primitive.partials) if partial is not None]
        pairs = [(j, k) for j in moving for k in moving if j <= k]
        by_order = [(j, k) for j in range(primitive.orders) for k in range(j, primitive.arity)]
        curves = {(j, k): self._curvature(code, operands, j, k) for j, k in pairs}
        return curves | dict.fromkeys(by_order, context().nan)

    def _slope(self, code: int, operands: Numbers, k: int, moves: bool) -> Any:
        mp = context()
        if any(huge(x) or not mp.isfinite(x) for x in operands):
            return mp.nan
        step, spare = self._step(operands, k)
        with mp.workdps(spare + 4 * self._digits):
            here, rises = call(code, operands), []
            for h in (step, step / 1024) if not operands[k] else (step,):
                ahead, behind = (_moved(code, operands, {k: s * h}) for s in (1, -1))
                bend, rise = ahead + behind - 2 * here, ahead - behind
                if not mp.isfinite(bend):
                    return mp.nan
                if abs(bend) > mp.mpf(10) ** (-self._digits // 2) * max(abs(rise), h * abs(here)):
                    return mp.nan  # a kink or a step
                self.collapsed |= moves and ahead == behind == here and not _flat(code)
                rises.append(rise / (2 * h))
            if any(abs(near) > 2 * abs(far) for far, near in pairwise(rises)):
                return mp.nan  # it grows as the step shrinks: cbrt at 0
            if any(abs(near) < abs(far) / 2 for far, near in pairwise(rises)):
                return mp.mpf(0)
            return rises[-1]

    def _curvature(self, code: int, operands: Numbers, j: int, k: int) -> Any:
        mp = context()
        if any(huge(x) or not mp.isfinite(x) for x in operands):
            return mp.nan
        (h, spare), (g, more) = self._step(operands, j), self._step(operands, k)
        with mp.workdps(spare + more + 6 * self._digits):  # of a product of two steps
            if j == k:
                ahead, behind = (_moved(code, operands, {k: s * h}) for s in (1, -1))
                return (ahead + behind - 2 * call(code, operands)) / h**2
            corners = [s * t * _moved(code, operands, {j: s * h, k: t * g})
                       for s in (1, -1) for t in (1, -1)]  # fmt: skip
            return sum(corners, mp.mpf(0)) / (4 * h * g)

    def _step(self, operands: Numbers, k: int) -> tuple[Any, int]:
        """A step at operand k, and how many digits it takes to see it there."""
        mp = context()
        # all of them count: max(0, 1e-160) has its kink close by
        sizes = [abs(x) for x in operands if x]
        size = max(min([*sizes, mp.mpf(1)]), mp.ldexp(1, -HUGE))
        spread = max([mp.mag(x) for x in operands if x], default=0) - mp.mag(size)
        return size * mp.mpf(10) ** -self._digits, int(0.31 * max(spread, 0)) + 5


@cache
def _is_straight(primitive: Primitive) -> bool:
    """Whether it is made of straight pieces: max is, elu is not."""
    derived = rule(primitive)
    graph, outputs = derived.graph, [node for node in derived.outputs if node is not None]
    reached = needed(graph, outputs, within=_beyond_choices)
    return not any(graph.codes[node] == VARIABLE.code for node in reached)


def _beyond_choices(graph: Graph, node: int) -> tuple[int, ...]:
    primitive = TABLE[graph.codes[node]]
    if primitive.flat or primitive.boolean:
        return ()
    below = operands(graph, node)
    return below[1:] if primitive is WHERE else below


def _moved(code: int, operands: Numbers, steps: dict[int, Any]) -> Any:
    return call(code, tuple(x + steps.get(k, 0) for k, x in enumerate(operands)))


def _flat(code: int) -> bool:
    """Whether a function is flat wherever it is smooth."""
    return all(partial in (None, "0") for partial in TABLE[code].partials)


def _quotient(mp: Any, operands: Numbers, value: Any) -> Numbers:
    y = operands[1]
    return (1 / y, -value / y) if y else (mp.nan, mp.nan)


def _remainder(mp: Any, operands: Numbers, _value: Any) -> Numbers:
    x, y = operands
    if not y or not mp.isfinite(x / y):
        return mp.nan, mp.nan
    turns = mp.floor(x / y)
    return (mp.nan, mp.nan) if turns == x / y else (mp.mpf(1), -turns)


def _power(mp: Any, operands: Numbers, value: Any) -> Numbers:
    x, y = operands
    if not mp.isfinite(value):
        return mp.nan, mp.nan
    return _monomial(mp, x, y, value, 1), value * mp.log(x) if x > 0 else (
        0 * x if y > 0 == x else mp.nan
    )


def _monomial(mp: Any, x: Any, y: Any, value: Any, order: int) -> Any:
    """The derivative of x**y of that order, by x. No digit of y is lost in a y - 1."""
    factor = y if order == 1 else y * (y - 1)
    if not factor:
        return mp.mpf(0)
    return factor * value / x**order if x else factor * call(POW.code, (x, y - order))


def _branch(mp: Any, operands: Numbers, _value: Any) -> Numbers:
    if operands[0] != operands[0]:
        return None, mp.nan, mp.nan
    return (None, mp.mpf(1), None) if operands[0] else (None, None, mp.mpf(1))


LINEAR = {ADD.code: (1, 1), SUB.code: (1, -1), NEG.code: (-1,)}
"""The slopes that are the same everywhere."""

_SCHOOL: dict[int, Callable[[Any, Numbers, Any], Numbers]] = {
    FLOW.code: lambda _, xs, __: (xs[1], xs[0]),
    DIV.code: _quotient,
    SQUARE.code: lambda _, xs, __: (2 * xs[0],),
    MOD.code: _remainder,
    POW.code: _power,
    WHERE.code: _branch,
}


def _quotient_twice(mp: Any, operands: Numbers, value: Any) -> dict[tuple[int, int], Any]:
    y = operands[1]
    if not y:
        return {(0, 1): mp.nan, (1, 1): mp.nan}
    return {(0, 1): -1 / y**2, (1, 1): 2 * value / y**2}


def _power_twice(mp: Any, operands: Numbers, value: Any) -> dict[tuple[int, int], Any]:
    x, y = operands
    curved = _monomial(mp, x, y, value, 2)
    if x <= 0:
        return {(0, 0): curved, (0, 1): mp.nan, (1, 1): mp.nan}
    log = mp.log(x)
    return {(0, 0): curved, (0, 1): value / x * (1 + y * log), (1, 1): value * log**2}


_SCHOOL_SECOND: dict[int, Callable[[Any, Numbers, Any], dict[tuple[int, int], Any]]] = {
    **{code: lambda mp, _, __: {} for code in (ADD.code, SUB.code, NEG.code, WHERE.code, MOD.code)},
    MUL.code: lambda mp, _, __: {(0, 1): mp.mpf(1)},
    FLOW.code: lambda mp, _, __: {(0, 1): mp.mpf(1)},
    DIV.code: _quotient_twice,
    SQUARE.code: lambda mp, _, __: {(0, 0): mp.mpf(2)},
    POW.code: _power_twice,
}
