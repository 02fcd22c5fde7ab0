"""The sweeps: values up, local partials, tangents up; and cotangents down, the careful way.

Every buffer has one place per scheduled node on its first axis; a second axis, where there is one,
is many points or many seeds. That is all of forward and reverse mode; the rest of the package is
rules and arrangement.

**Structural zeros.** Where a slope is infinite, a cotangent that is zero because nothing flows
there (another output's row, a branch of ``where`` that is not taken, a literal 0 in the user's v)
must stay zero, and 0·inf must not make it a NaN. Only when a plain sweep yields something that is
not finite is it run again, with a second buffer of flags that says which places anything has
flowed to. (A sweep only multiplies and adds, so a finite result has met nothing that was not.)
Points, and seeds, that stand side by side do not meet: only those get what the second run makes of
them whose own results were not finite, so that a point's last bits do not depend on its company.
The quick sweep down is in ``gradcalc.engine.reverse``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcalc.calculus.rules import constant_slopes, evaluate, reads, rule
from gradcalc.engine.schedule import Floats, Group, Schedule, operands_of
from gradcalc.functions.row import Primitive
from gradcalc.functions.sines import LONG


class Partials(NamedTuple):
    """``slopes``: per group, per active operand, an array over the group or a float for all of it;
    ``undefined``: whether the value of any node is a NaN, at the point or at each of them."""

    slopes: list[list[Any]]
    undefined: Any


def forward(schedule: Schedule, x: Floats) -> Floats:
    """The values of all nodes at ``x``, of shape (n,) or (n, points)."""
    buffer = np.empty((schedule.size, *x.shape[1:]))
    n, constants = schedule.n_inputs, schedule.constants
    buffer[:n] = x
    buffer[n : n + len(constants)] = constants.reshape(-1, *[1] * (x.ndim - 1))
    with np.errstate(all="ignore"):
        for group in schedule.groups:
            place = buffer[group.results]
            long = x.ndim > 1 or place.size >= LONG  # among many points, however few
            function = group.primitive.numpy_long if long else group.primitive.numpy
            if isinstance(function, np.ufunc):
                function(*operands_of(group, buffer), out=place)
            else:
                place[...] = function(*operands_of(group, buffer))
    return buffer


def linearize(schedule: Schedule, values: Floats) -> Partials:
    """The local partials at the point where ``values`` were computed. Once per point."""
    with np.errstate(all="ignore"):
        # An undefined value has no slope, whatever its formula says: log(-1) has not slope -1.
        undefined = np.isnan(values[schedule.telling].max(axis=0, initial=-np.inf))
        some = bool(undefined.any())
        slopes = [slopes_of(group, values, group.active, some) for group in schedule.groups]
        return Partials(slopes, undefined)


def slopes_of(group: Group, values: Floats, operands: Sequence[int], undefined: bool) -> list[Any]:
    """The slopes of some operands of a group; ``undefined`` says whether any value is a NaN."""
    out = values[group.results]
    wanted = tuple(operands)
    known = constant_slopes(group.primitive, wanted)
    if known is not None and not undefined:
        return known
    slopes = rule(group.primitive)
    needed = reads(slopes, wanted)
    given = [x.read(values) if k in needed else None for k, x in enumerate(group.operands)]
    long = out.ndim > 1 or out.size >= LONG
    partials = evaluate(slopes, given, out, wanted, _apply_long if long else None)
    found = [partials[k] for k in wanted]
    if undefined and np.isnan(out).any():
        return [np.where(np.isnan(out), np.nan, partial) for partial in found]
    return found


def times(flow: Floats, slope: Any) -> Any:
    """``flow * slope``; sums, half of most graphs, have the slope 1, which costs no pass."""
    return flow if type(slope) is float and slope == 1.0 else flow * slope


def careful_pullback(schedule: Schedule, partials: Partials, seeds: Floats) -> Floats:
    """vᵀJ with flags, where 0·inf may occur; shapes as in ``WayBack.pullback``."""
    cotangents = np.zeros((schedule.size, *seeds.shape[1:]))
    reached = np.zeros(cotangents.shape)  # in how many ways
    np.add.at(cotangents, schedule.outputs, seeds)
    np.add.at(reached, schedule.outputs, seeds != 0)
    for group, slopes in zip(reversed(schedule.groups), reversed(partials.slopes), strict=True):
        cotangent, flows = cotangents[group.results], reached[group.results] > 0
        for k, slope in zip(group.active, slopes, strict=True):
            through = flows & (slope != 0) if group.primitive.selects else flows
            group.operands[k].add(cotangents, np.where(through, cotangent * slope, 0.0))
            group.operands[k].add(reached, through)
    return cotangents[: schedule.n_inputs]


def _apply_long(primitive: Primitive, *operands: Any) -> Any:
    return primitive.numpy_long(*operands)


def pushforward(schedule: Schedule, partials: Partials, seeds: Floats) -> Floats:
    """J u: the tangents of the outputs, for tangents ``seeds`` of the inputs, (n,) or (n, k)."""
    with np.errstate(all="ignore"):
        result = _pushforward(schedule, partials, seeds, None)
        finite = np.isfinite(result).all(axis=0)
        if not finite.all():
            reached = np.zeros((schedule.size, *seeds.shape[1:]), dtype=bool)
            reached[: schedule.n_inputs] = seeds != 0
            careful = _pushforward(schedule, partials, seeds, reached)
            result = np.where(finite, result, careful)
    return result


def _pushforward(schedule: Schedule, partials: Partials, seeds: Floats, reached: Any) -> Floats:
    """``reached``, if given, is set where something flows to; elsewhere there is nothing."""
    tangents = np.zeros((schedule.size, *seeds.shape[1:]))
    tangents[: schedule.n_inputs] = seeds
    for group, slopes in zip(schedule.groups, partials.slopes, strict=True):
        tangent = tangents[group.results]
        for k, slope in zip(group.active, slopes, strict=True):
            flow = times(group.operands[k].read(tangents), slope)
            if reached is not None:
                through = group.operands[k].read(reached)
                if group.primitive.selects:
                    through = through & (slope != 0)
                reached[group.results] |= through
                flow = np.where(through, flow, 0.0)
            tangent += flow
    return tangents[schedule.outputs]


def across_seeds(partials: Partials) -> Partials:
    """The partials of one point, shaped to meet many seeds: (g,) becomes (g, 1)."""
    slopes = [
        [slope[:, None] if getattr(slope, "ndim", 0) == 1 else slope for slope in group]
        for group in partials.slopes
    ]
    return partials._replace(slopes=slopes)


def magnitudes(partials: Partials) -> Partials:
    """Absolute partials: swept, they add up |path products|, the natural unit of rounding."""
    return partials._replace(slopes=[list(map(np.abs, group)) for group in partials.slopes])
