"""Where the formula has no derivative at the point, and which convention the engine used there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from gradcalc.calculus import rules
from gradcalc.calculus.conventions import stand_in
from gradcalc.engine.point import At
from gradcalc.engine.program import Program
from gradcalc.errors import Span
from gradcalc.functions.primitives import (
    CONVENTIONS,
    EQ,
    JOINED,
    LIBRARIES,
    NE,
    OPERANDS,
    TABLE,
    WHERE,
)
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import active, below, comparisons, operands, slopes

_LONGEST = 40  # characters of the user's text in a note
_NUDGE = 2.0**-40
"""How far beside a kink, relatively, its two sides are looked at."""
_APPROACH = (2.0**-20, 2.0**-30, 2.0**-40)
"""Three steps towards a boundary: they show whether something grows without bound there …"""
_SHRINKS = 0.9
"""… or goes to a limit, by ever smaller parts of the way: a logarithm's stay the same."""
_JUMP = 1e-6
_WIDE = 2.0**-10
"""The same beside a point that a formula treats apart: farther, as the usual reason for that is a
cancellation there, as in where(x == 0, 1, sin(x)/x)."""
_FARTHER = (_WIDE, _WIDE / 4, _WIDE / 16)
_APART = 1e-3
_MOST = 20_000
"""Nodes of a graph in which the two sides of a boundary are looked at."""
_VARIABLES = 64
"""Variables that are moved to see whether two branches meet smoothly."""
_EQUALITY = {EQ.code, NE.code}


class Sides(NamedTuple):
    """A slope on the left of a kink and on its right, and the one that the engine uses."""

    left: float
    right: float
    used: float


@dataclass(frozen=True)
class Kink:
    """A node without a derivative at the point.

    ``text`` is the user's text for it, ``condition`` what makes it a kink there, in the user's
    terms ("x1 = 0"); ``sides`` are the slopes, for each operand that depends on a variable; for a
    ``where`` on its boundary, for the one variable that was moved. ``jump`` is the value on either
    side if that differs; ``library`` whose slopes they are, '' where they are ours alone;
    ``others`` the slopes that other libraries use, by their names; ``evenly`` says that they share
    a tie of more than two among all that are equal.
    """

    node: int
    primitive: Primitive
    span: Span
    text: str
    condition: str
    sides: tuple[Sides, ...]
    jump: tuple[float, float] | None = None
    library: str = LIBRARIES["torch"]
    others: tuple[tuple[str, tuple[float, ...]], ...] = ()
    evenly: bool = False

    @property
    def slopes(self) -> tuple[float, ...]:
        """The slopes that the engine uses."""
        return tuple(side.used for side in self.sides)

    @property
    def note(self) -> str:
        """One sentence for the notes under an answer."""
        if self.jump is not None:
            what = f"jumps at {self.condition} from {self.jump[0]:g} to {self.jump[1]:g}"
        else:
            ends = (f"{_shown(side.left)} | {_shown(side.right)}" for side in self.sides)
            pairs = " and ".join(ends)
            what = f"has a kink at {self.condition}: left | right slope {pairs}"
        whose = self._whose()
        return f"{self.text} {what}; {_listed(self.slopes)} used{f' ({whose})' if whose else ''}"

    def _whose(self) -> str:
        if self.primitive.code == WHERE.code:
            return "that of the branch taken"
        chosen = [f"{self.library}'s choice"] if self.library else []
        others = [f"{name} takes {_listed(slopes)}" for name, slopes in self.others]
        if self.evenly:
            others.append(f"{' and '.join(LIBRARIES.values())} share a tie evenly")
        return "; ".join(chosen + others)


def _listed(slopes: Sequence[float]) -> str:
    return " and ".join(map(_shown, slopes))


def _shown(slope: float) -> str:
    return f"{slope + 0.0:g}"  # -0 is 0


_known: WeakKeyDictionary[At, list[Kink]] = WeakKeyDictionary()
"""The notes under an answer and the check of it ask at one point."""


def kinks(at: At, u: Sequence[float] = ()) -> list[Kink]:
    """The kinks that the derivative at the point goes through, in the order of the graph: that by
    the variables, and the one along ``u`` if that is given.

    Kinks in a branch that is not taken, in an operand of ``max`` that is not the larger one, or in
    what depends on no variable are not among them.
    """
    if at not in _known:
        _known[at] = _found(at)
    bent = _known[at]
    if len(u) and np.count_nonzero(u) > 1:
        bent = sorted([*bent, *_slanting(at, u, bent)], key=lambda kink: kink.node)
    return bent


def _found(at: At) -> list[Kink]:
    graph = at.program.graph
    suspects = [node for node, code in enumerate(graph.codes) if TABLE[code].kink]
    meetings = any(code == WHERE.code for code in graph.codes)
    if not suspects and not meetings:
        return []
    values = at.values
    with np.errstate(all="ignore"):
        found = [node for node in suspects if _is_kink(graph, node, values)]
        if not found and not meetings:
            return []
        alive, varies = _alive(graph, values), active(graph)
        marks = [a and b for a, b in zip(alive, varies, strict=True)]
        bent = [
            _describe(graph, node, values, varies)
            for node in found
            if marks[node] and _has_sides(graph, node, values, varies)
        ]
        if meetings and len(graph) <= _MOST:
            bent += _boundaries(graph, at.x, values, marks)
    return sorted(bent, key=lambda kink: kink.node)


def _is_kink(graph: Graph, node: int, values: Any) -> bool:
    return _holds(TABLE[graph.codes[node]].kink, graph, node, values)


def _has_sides(graph: Graph, node: int, values: Any, varies: bytearray) -> bool:
    """Whether its operands can move to either side: floor(inf) has no slope, and no kink."""
    moving = [operand for operand in operands(graph, node) if varies[operand]]
    return bool(np.isfinite(values[moving]).all())


def _holds(text: str, graph: Graph, node: int, values: Any) -> bool:
    """Whether a condition on a node's operands holds at its values."""
    if not text:
        return False
    numbers = [values[operand] for operand in operands(graph, node)]
    return bool(rules.evaluate(rules.condition(text), numbers, None, (0,))[0])


def _alive(graph: Graph, values: Any) -> bytearray:
    """A mark for each node that a cotangent of some output reaches."""
    return below(graph, graph.outputs, within=partial(_reached, values))


def _reached(values: Any, graph: Graph, node: int) -> tuple[int, ...]:
    primitive = TABLE[graph.codes[node]]
    if not primitive.selects:
        return slopes(graph, node)
    within = operands(graph, node)
    return tuple(
        operand
        for operand, slope in zip(within, _partials(graph, node, values), strict=True)
        if slope
    )


def _partials(graph: Graph, node: int, values: Any) -> list[float]:
    """The engine's partials at a node; 0 for an operand that no slope flows to."""
    primitive = TABLE[graph.codes[node]]
    within = operands(graph, node)
    rule = rules.rule(primitive)
    wanted = [k for k, place in enumerate(rule.outputs) if place is not None]
    numbers = rules.evaluate(rule, [values[operand] for operand in within], values[node], wanted)
    return [0.0 if number is None else float(number) for number in numbers]


def _describe(graph: Graph, node: int, values: Any, varies: bytearray) -> Kink:
    primitive = TABLE[graph.codes[node]]
    within = operands(graph, node)
    texts = {name: _text(graph, operand) for name, operand in zip(OPERANDS, within, strict=False)}
    reasons = [part for part in primitive.kink.split(" or ") if _holds(part, graph, node, values)]
    why = " or ".join(part[1:-1] if part[0] == "(" else part for part in reasons)
    condition = re.sub(r"\b[xyz]\b", lambda found: texts[found[0]], why)
    origin, row = _origin(primitive)
    moving = [k for k, operand in enumerate(within[: row.arity]) if varies[operand]]
    xs = [float(values[operand]) for operand in within]
    used = _slopes(primitive, xs)
    rows = {library: stand_in(graph, node, library, row) for library in LIBRARIES}
    if _holds(row.own, graph, node, values):
        del rows["torch"]
    chosen = [used[k] for k in moving]
    takers = {
        library: [_slopes(theirs, xs)[k] for k in moving]
        for library, theirs in rows.items()
        if theirs.arity == len(xs)
    }
    alike = [name for name in (origin, *LIBRARIES) if _same(takers.get(name, ()), chosen)]
    return Kink(
        node=node,
        primitive=primitive,
        span=graph.span(node),
        text=_text(graph, node),
        condition=condition.replace("==", "="),
        sides=tuple(_sides(primitive, xs, k, used[k]) for k in moving),
        jump=next(filter(None, (_jump(primitive, xs, k) for k in moving)), None),
        library=LIBRARIES[alike[0]] if alike else "",
        others=tuple(
            (LIBRARIES[name], tuple(slopes))
            for name, slopes in takers.items()
            if not _same(slopes, chosen)
        ),
        evenly=any(theirs.arity > len(xs) for theirs in rows.values()),
    )


def _origin(primitive: Primitive) -> tuple[str, Primitive]:
    """Whose slopes a row has, and the row that it stands in for."""
    for library, instead in CONVENTIONS.items():
        for code, row in instead.items():
            if row is primitive:
                return library, TABLE[code]
    for library, parts in JOINED.items():
        for code, rows in parts.items():
            if primitive in rows:
                return library, TABLE[code]
    return "torch", primitive


def _same(ones: Sequence[float], others: Sequence[float]) -> bool:
    return len(ones) == len(others) and all(map(_is, ones, others))


def _is(one: float, other: float) -> bool:
    return one == other or (one != one and other != other)


def _slopes(primitive: Primitive, xs: Sequence[float]) -> list[float]:
    """The partials with respect to all operands; 0 where no slope flows."""
    rule = rules.rule(primitive)
    wanted = [k for k, place in enumerate(rule.outputs) if place is not None]
    found = rules.evaluate(rule, xs, primitive.numpy(*xs), wanted)
    return [0.0 if slope is None else float(slope) for slope in found]


def _moved(xs: Sequence[float], k: int, sign: int, nudge: float = _NUDGE) -> list[float]:
    """The operands with the k-th a little to the left or to the right."""
    moved = list(xs)
    moved[k] += sign * nudge * max(abs(xs[k]), 1.0)
    return moved


def _sides(primitive: Primitive, xs: Sequence[float], k: int, used: float) -> Sides:
    left, right = (_slopes(primitive, _moved(xs, k, sign))[k] for sign in (-1, 1))
    return Sides(left, right, used)


def _jump(primitive: Primitive, xs: Sequence[float], k: int) -> tuple[float, float] | None:
    left, right = (float(primitive.numpy(*_moved(xs, k, sign))) for sign in (-1, 1))
    return _leap(left, right, max(1.0, *map(abs, xs)))


def _leap(left: float, right: float, size: float) -> tuple[float, float] | None:
    """Both values if they differ by more than a slope makes of a nudge, shortened."""
    if not _differ(left, right, _JUMP * size):
        return None
    return round(left, 9) + 0.0, round(right, 9) + 0.0  # -0 is 0


# --- where, on its boundary -----------------------------------------------------------------------


def _boundaries(graph: Graph, x: Any, values: Any, marks: Any) -> Iterator[Kink]:
    """Where two branches meet: a kink if they do not meet smoothly."""
    for node, code in enumerate(graph.codes):
        if code != WHERE.code or not marks[node]:
            continue
        boundary = _boundary(graph, operands(graph, node)[0], values)
        if boundary is not None:
            yield from _meeting(graph, node, boundary, x)


def _boundary(graph: Graph, condition: int, values: Any) -> int | None:
    """The comparison in a condition whose two sides are equal at the point."""
    for node in sorted(comparisons(graph, [condition]), reverse=True):
        x, y = operands(graph, node)
        if values[x] == values[y]:
            return node
    return None


def _meeting(graph: Graph, node: int, boundary: int, x: Any) -> Iterator[Kink]:
    """The kink along the first variable that crosses the boundary, if there is one."""
    alone = copy(graph)
    alone.outputs, alone.output_names = [node], ["f"]
    program = Program(alone)
    here, value = program.jacobian(x)[0], float(program(x)[0])
    apart = graph.codes[boundary] in _EQUALITY
    for j in range(min(len(graph.inputs), _VARIABLES)):
        if apart:
            kink = _set_apart(graph, program, boundary, x, j)
            if kink is None:
                continue
            yield kink
            return
        (before, left), (after, right) = (_one_sided(program, x, j, sign) for sign in (-1, 1))
        jump = _leap(before, after, 1.0) or _leap(before, value, 1.0)  # x*x <= 0: at 0 alone
        if jump or _differ(left, right, _JUMP):
            yield _turning(graph, node, boundary, Sides(left, right, float(here[j])), jump)
            return


def _slanting(at: At, u: Sequence[float], known: Sequence[Kink]) -> Iterator[Kink]:
    """Where two branches meet along ``u`` and no variable alone crosses the boundary:
    ``where(x/y >= x, …)`` at 0, 1."""
    graph, bent = at.program.graph, {kink.node for kink in known}
    suspects = [k for k, code in enumerate(graph.codes) if code == WHERE.code and k not in bent]
    if not suspects or len(graph) > _MOST:
        return
    alive, varies = _alive(graph, at.values), active(graph)
    for node in suspects:
        boundary = _boundary(graph, operands(graph, node)[0], at.values)
        if boundary is None or not (alive[node] and varies[node]):
            continue
        if graph.codes[boundary] in _EQUALITY and at.apart:
            continue
        alone = copy(graph)
        alone.outputs, alone.output_names = [node], ["f"]
        program = Program(alone)
        here = program.at(at.x)
        for steps, tolerance in ((_APPROACH, _JUMP), (_FARTHER, _APART)):
            (before, left), (after, right) = (_along(program, at.x, u, s, steps) for s in (-1, 1))
            leaps = _leap(before, after, tolerance / _JUMP)
            jump = leaps or _leap(before, float(here.value[0]), tolerance / _JUMP)
            if jump or _differ(left, right, tolerance):
                sides = Sides(left, right, float(here.jvp(u)[0]))
                yield _turning(graph, node, boundary, sides, jump, " along u")
                break


def _along(
    program: Program, x: Any, u: Sequence[float], sign: int, steps: Sequence[float]
) -> tuple[float, float]:
    """The value and the slope along ``u`` that are approached from one side."""
    x, way = np.asarray(x, float), np.asarray(u, float)
    size = max(1.0, float(np.abs(x).max())) / float(np.abs(way).max())
    ends = [program.at(x + sign * step * size * way) for step in steps]
    values = (float(end.value[0]) for end in ends)
    return _limit(*values), _limit(*(float(end.jvp(way)[0]) for end in ends))


def _turning(
    graph: Graph,
    node: int,
    boundary: int,
    sides: Sides,
    jump: tuple[float, float] | None,
    way: str = "",
) -> Kink:
    """A kink of the ``where`` that is ``node``."""
    return Kink(
        node=node,
        primitive=WHERE,
        span=graph.span(node),
        text=_text(graph, node),
        condition=_equality(graph, boundary) + way,
        sides=(sides,),
        jump=jump,
    )


def _one_sided(program: Program, x: Any, j: int, sign: int) -> tuple[float, float]:
    """The value and the slope that are approached from one side."""
    ends = [program.at(_moved(x, j, sign, nudge)) for nudge in _APPROACH]
    values = (float(end.value[0]) for end in ends)
    return _limit(*values), _limit(*(float(end.jacobian()[0, j]) for end in ends))


def _limit(far: float, near: float, nearest: float) -> float:
    """Where a function goes whose argument comes closer by equal factors."""
    before, last = near - far, nearest - near
    if abs(last) < _SHRINKS * abs(before):
        return nearest - last * last / (last - before)  # each step a part of the one before
    grows = abs(nearest) > abs(near) > abs(far) and _differ(near, nearest, _APART)
    return float(np.copysign(np.inf, nearest)) if grows else nearest


def _differ(left: float, right: float, tolerance: float) -> bool:
    sizes = [abs(side) for side in (left, right) if np.isfinite(side)]
    return left != right and abs(right - left) > tolerance * max([1.0, *sizes])


def _set_apart(graph: Graph, program: Program, boundary: int, x: Any, j: int) -> Kink | None:
    """A kink where the branch for this one point does not continue what is on both its sides."""
    place = program.at(x)
    here, at = float(place.jacobian()[0, j]), float(place.value[0])
    (before, left, wild), (after, right, wilder) = (_towards(program, x, j, s) for s in (-1, 1))
    middle, around = (before + after) / 2, (left + right) / 2
    leaps = abs(at - middle) > _APART * max(abs(middle), 1.0)
    if not leaps and (wild or wilder):
        return None  # x**2*sin(1/x): it has no sides
    meets = not _differ(left, right, _APART)
    if not leaps and meets and abs(here - around) <= _APART * max(abs(around), 1.0):
        return None
    (node,) = program.graph.outputs
    jump = (round(middle, 6), at) if leaps else None
    return _turning(graph, node, boundary, Sides(left, right, here), jump)


def _towards(program: Program, x: Any, j: int, sign: int) -> tuple[float, float, bool]:
    """The value and the slope that are approached from one side, not from too close; and whether
    the slopes come to nothing."""
    ends = [program.at(_moved(x, j, sign, _WIDE / 4**k)) for k in range(3)]
    value = _limit(*(float(end.value[0]) for end in ends))
    far, near, nearest = (float(end.jacobian()[0, j]) for end in ends)
    slope = _limit(far, near, nearest)
    return value, slope, bool(np.isfinite(slope)) and _far_apart(near, far)


def _far_apart(one: float, two: float) -> bool:
    return abs(one - two) > 0.1 * max(abs(two), 1.0)


def _equality(graph: Graph, node: int) -> str:
    x, y = operands(graph, node)
    return f"{_text(graph, x)} = {_text(graph, y)}"


def _text(graph: Graph, node: int) -> str:
    """The user's text, on one line and not too long; a value that was named goes by its name."""
    text = graph.names.get(node) or " ".join(graph.text(node).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
