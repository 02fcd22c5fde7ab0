"""An equilibrium near a point: Newton's method on the equations, damped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gradcalc.engine.point import At, Differentiable
from gradcalc.engine.schedule import Floats
from gradcalc.errors import UndefinedError, listed
from gradcalc.linear.facts import EPS
from gradcalc.linear.system import Roles

_STEPS = 100
_SHORTEST = 2.0**-30
"""Of a Newton step: where no longer one brings the equations closer to 0, the search is stuck."""
_ENOUGH = 1e-4
_NOISE = 1e-12
"""Of a step: what it moves a coordinate by less may be the rounding of solving for it."""
_ROUNDING = 8.0


class Search(NamedTuple):
    """Where a search ended: ``x`` the whole point, ``off`` the equations' values there."""

    x: Floats
    off: Floats
    found: bool
    steps: int
    moved: tuple[str, ...]


def search(
    program: Differentiable, x: Floats, equations: Sequence[int], columns: Sequence[int]
) -> Search:
    """Move the coordinates ``columns`` of ``x`` until the outputs ``equations`` are 0, as far as
    rounding lets them be. Of many ways the shortest is taken."""
    x, rows, free = np.array(x, float), list(equations), list(columns)
    start = x.copy()
    steps = 0
    with np.errstate(all="ignore"):
        at = program.at(x)
        off = at.value[rows]
        while steps < _STEPS and np.isfinite(off).all():
            if (np.abs(off) <= rounding(at, rows)).all():
                break
            slopes = at.jacobian()[np.ix_(rows, free)]
            if not np.isfinite(slopes).all() or not free:
                break
            step = _shortest(slopes, off)
            moved = _damped(program, x, free, step, rows, float(np.linalg.norm(off)))
            if moved is None:
                break
            at = _rounded(program, moved, free, rows, float(np.abs(step).max()))
            x, off = at.x, at.value[rows]
            steps += 1
        found = bool(np.isfinite(off).all() and (np.abs(off) <= rounding(at, rows)).all())
    names = tuple(program.variables[j] for j in free if x[j] != start[j])
    return Search(x, off, found, steps, names)


def trimmed(here: At, found: Roles) -> Search:
    """An equilibrium near the point: the states are moved, and the inputs too where that is not
    enough. Raises UndefinedError where none is found."""
    program, x = here.program, here.x
    place = {name: j for j, name in enumerate(program.variables)}
    states, inputs = ([place[name] for name in names] for names in (found.states, found.inputs))
    ended = search(program, x, found.equations, states)
    if not ended.found and inputs:
        both = search(program, x, found.equations, [*states, *inputs])
        ended = both if both.found else ended
    if ended.found:
        return ended
    pairs = zip(found.labels, ended.off.tolist(), strict=True)
    off = listed([f"{label} = {number:.6g}" for label, number in pairs if number])
    where = ", ".join(f"{name}={ended.x[place[name]]:.6g}" for name in found.states)
    free = "states and inputs" if inputs else "states"
    raise UndefinedError(
        f"no equilibrium found by moving the {free}: the search ends at {where} after "
        f"{ended.steps} steps, where {off}",
        hint="start closer to one, or give other inputs",
    )


def _shortest(slopes: Floats, off: Floats) -> Floats:
    """The shortest step after which the linearised equations are as near to 0 as can be, with rows
    of one size: an equation in kilopascals counts as much as one in metres."""
    sizes = np.linalg.norm(slopes, axis=1)
    sizes = np.where(sizes > 0, sizes, 1.0)
    step = np.linalg.lstsq(slopes / sizes[:, None], off / sizes, rcond=1e-10)[0]
    return -step.astype(np.float64)


def _damped(
    program: Differentiable,
    x: Floats,
    free: Sequence[int],
    step: Floats,
    rows: Sequence[int],
    before: float,
) -> At | None:
    """The point after as much of the step as brings the equations closer to 0; None: none does."""
    part = 1.0
    while part >= _SHORTEST:
        moved = x.copy()
        moved[free] += part * step
        at = program.at(moved)
        after = float(np.linalg.norm(at.value[rows]))
        if after <= (1 - _ENOUGH * part) * before:
            return at
        part /= 2
    return None


def _rounded(
    program: Differentiable, at: At, free: Sequence[int], rows: Sequence[int], step: float
) -> At:
    """The same point with zeros for coordinates that are rounding of the step that led there, if
    the equations are no further from 0 with them."""
    x = at.x.copy()
    tiny = [j for j in free if 0 < abs(x[j]) <= _NOISE * step]
    if not tiny:
        return at
    x[tiny] = 0.0
    there = program.at(x)
    room = np.maximum(np.abs(at.value[list(rows)]), rounding(there, rows))
    return there if (np.abs(there.value[list(rows)]) <= room).all() else at


def rounding(at: At, rows: Sequence[int]) -> Floats:
    """What the equations may be off by where they are 0: rounding of the point, and of their terms.

    An equation whose value is no larger is 0 at a point that doubles cannot tell from this one.
    """
    with np.errstate(all="ignore"):
        moved = np.abs(at.jacobian())[list(rows)] @ np.abs(at.x)
        room: Floats = _ROUNDING * EPS * (moved + at.value_scale[list(rows)])
    return np.where(np.isfinite(room), room, 0.0)
