"""The sweeps: values up, local partials, cotangents down, tangents up.

Every buffer has one place per scheduled node on its first axis; a second axis, where there is one,
is many points or many seeds. That is all of forward and reverse mode; the rest of the package is
rules and arrangement.

**Structural zeros.** Where a slope is infinite, a cotangent that is zero because nothing flows
there (another output's row, a branch of ``where`` that is not taken, a literal 0 in the user's v)
must stay zero, and 0·inf must not make it a NaN. Only when a plain sweep yields something that is
not finite is it run again, with a second buffer of flags that says which places anything has
flowed to. (A sweep only multiplies and adds, so a finite result has met nothing that was not.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcalc.engine.schedule import Floats, Group, Schedule, operands_of
from gradcalc.rules import evaluate, reads, rule

Partials = list[list[Any]]
"""Per group, per active operand: an array over the group, or a float for all of it."""


def forward(schedule: Schedule, x: Floats) -> Floats:
    """The values of all nodes at ``x``, of shape (n,) or (n, points)."""
    buffer = np.empty((schedule.size, *x.shape[1:]))
    n, constants = schedule.n_inputs, schedule.constants
    buffer[:n] = x
    buffer[n : n + len(constants)] = constants.reshape(-1, *[1] * (x.ndim - 1))
    with np.errstate(all="ignore"):
        for group in schedule.groups:
            function = group.primitive.numpy
            if isinstance(function, np.ufunc):
                function(*operands_of(group, buffer), out=buffer[group.results])
            else:
                buffer[group.results] = function(*operands_of(group, buffer))
    return buffer


def linearize(schedule: Schedule, values: Floats) -> Partials:
    """The local partials at the point where ``values`` were computed. Once per point."""
    with np.errstate(all="ignore"):
        # An undefined value has no slope, whatever its formula says: log(-1) has not slope -1.
        undefined = bool(np.isnan(values.max(initial=-np.inf)))
        return [_partials(group, values, undefined) for group in schedule.groups]


def _partials(group: Group, values: Floats, undefined: bool) -> list[Any]:
    return slopes_of(group, values, group.active, undefined) if group.active else []


def slopes_of(group: Group, values: Floats, operands: Sequence[int], undefined: bool) -> list[Any]:
    """The slopes of some operands of a group; ``undefined`` says whether any value is a NaN."""
    out = values[group.results]
    slopes, wanted = rule(group.primitive), tuple(operands)
    needed = reads(slopes, wanted)
    given = [x.read(values) if k in needed else None for k, x in enumerate(group.operands)]
    partials = evaluate(slopes, given, out, wanted)
    found = [partials[k] for k in wanted]
    if undefined and np.isnan(out).any():
        return [np.where(np.isnan(out), np.nan, partial) for partial in found]
    return found


def pullback(schedule: Schedule, partials: Partials, seeds: Floats) -> Floats:
    """vᵀJ: the cotangents of the inputs, for cotangents ``seeds`` of the outputs.

    ``seeds`` has shape (m,), or (m, k) for k seeds or k points; the result (n,) or (n, k).
    """
    with np.errstate(all="ignore"):
        result = _pullback(schedule, partials, seeds)
        if not np.isfinite(result).all():
            result = _careful_pullback(schedule, partials, seeds)
    return result


def _pullback(schedule: Schedule, partials: Partials, seeds: Floats) -> Floats:
    cotangents = np.zeros((schedule.size, *seeds.shape[1:]))
    np.add.at(cotangents, schedule.outputs, seeds)
    for group, slopes in zip(reversed(schedule.groups), reversed(partials), strict=True):
        cotangent = cotangents[group.results]
        for k, slope in zip(group.active, slopes, strict=True):
            group.operands[k].add(cotangents, _times(cotangent, slope))
    return cotangents[: schedule.n_inputs]


def _times(flow: Floats, slope: Any) -> Any:
    """``flow * slope``; sums, half of most graphs, have the slope 1, which costs no pass."""
    return flow if type(slope) is float and slope == 1.0 else flow * slope


def _careful_pullback(schedule: Schedule, partials: Partials, seeds: Floats) -> Floats:
    cotangents = np.zeros((schedule.size, *seeds.shape[1:]))
    reached = np.zeros(cotangents.shape, dtype=bool)
    np.add.at(cotangents, schedule.outputs, seeds)
    np.logical_or.at(reached, schedule.outputs, seeds != 0)
    for group, slopes in zip(reversed(schedule.groups), reversed(partials), strict=True):
        cotangent, flows = cotangents[group.results], reached[group.results]
        for k, slope in zip(group.active, slopes, strict=True):
            through = flows & (slope != 0) if group.primitive.selects else flows
            group.operands[k].add(cotangents, np.where(through, cotangent * slope, 0.0))
            group.operands[k].mark(reached, through)
    return cotangents[: schedule.n_inputs]


def pushforward(schedule: Schedule, partials: Partials, seeds: Floats) -> Floats:
    """J u: the tangents of the outputs, for tangents ``seeds`` of the inputs, (n,) or (n, k)."""
    with np.errstate(all="ignore"):
        result = _pushforward(schedule, partials, seeds)
        if not np.isfinite(result).all():
            result = _careful_pushforward(schedule, partials, seeds)
    return result


def _pushforward(schedule: Schedule, partials: Partials, seeds: Floats) -> Floats:
    tangents = np.zeros((schedule.size, *seeds.shape[1:]))
    tangents[: schedule.n_inputs] = seeds
    for group, slopes in zip(schedule.groups, partials, strict=True):
        tangent = tangents[group.results]
        for k, slope in zip(group.active, slopes, strict=True):
            tangent += _times(group.operands[k].read(tangents), slope)
    return tangents[schedule.outputs]


def _careful_pushforward(schedule: Schedule, partials: Partials, seeds: Floats) -> Floats:
    tangents = np.zeros((schedule.size, *seeds.shape[1:]))
    reached = np.zeros(tangents.shape, dtype=bool)
    tangents[: schedule.n_inputs] = seeds
    reached[: schedule.n_inputs] = seeds != 0
    for group, slopes in zip(schedule.groups, partials, strict=True):
        tangent, flows = tangents[group.results], reached[group.results]
        for k, slope in zip(group.active, slopes, strict=True):
            through = group.operands[k].read(reached)
            if group.primitive.selects:
                through = through & (slope != 0)
            tangent += np.where(through, group.operands[k].read(tangents) * slope, 0.0)
            flows |= through
    return tangents[schedule.outputs]


def across_seeds(partials: Partials) -> Partials:
    """The partials of one point, shaped to meet many seeds: (g,) becomes (g, 1)."""
    return [[_upright(slope) for slope in slopes] for slopes in partials]


def _upright(slope: Any) -> Any:
    return slope[:, None] if getattr(slope, "ndim", 0) == 1 else slope


def magnitudes(partials: Partials) -> Partials:
    """Absolute partials: swept, they add up |path products|, the natural unit of rounding."""
    return [[np.abs(slope) for slope in slopes] for slopes in partials]


def stacked_seeds(count: int, width: int) -> Sequence[tuple[slice, Floats]]:
    """The rows of an identity matrix, ``width`` at a time, as seeds of shape (count, k)."""
    return [
        (slice(start, stop), np.eye(count, stop - start, -start))
        for start in range(0, count, width)
        for stop in [min(start + width, count)]
    ]
