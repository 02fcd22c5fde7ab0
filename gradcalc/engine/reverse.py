"""The way back: cotangents from the outputs down to the inputs, and where they are kept.

A cotangent has the place of its node's value, with one exception that most of the speed comes from:
a sum hands its own cotangent on as it is, so an operand that nothing else uses **shares** the place
of its sum. The cotangents of a long sum's terms are then one number, and the tree of sums above
them is not walked at all. Of the places that are left, most get a single contribution, which is
stored and not added to a zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gradcalc.engine.schedule import Access, Floats, Ints, Schedule, access
from gradcalc.engine.sweeps import Partials, careful_pullback


class Flow(NamedTuple):
    """The contribution through the ``slope``-th slope of a group, to the cotangents at ``target``;
    ``first`` if nothing was there before."""

    slope: int
    target: Access
    first: bool


class Pullback(NamedTuple):
    """One group: where its own cotangents are, and what flows on from there."""

    group: int
    cotangents: Access
    flows: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class WayBack:
    """The reverse sweep of a schedule. ``cleared`` are the places that are added to or read before
    anything is stored there; ``inputs`` is where the inputs' cotangents are in the end."""

    schedule: Schedule
    steps: tuple[Pullback, ...]
    cleared: Ints
    inputs: slice | Ints

    def pullback(self, partials: Partials, seeds: Floats) -> Floats:
        """vᵀJ: the cotangents of the inputs, for cotangents ``seeds`` of the outputs.

        ``seeds`` has shape (m,), or (m, k) for k seeds or k points; the result (n,) or (n, k).
        """
        with np.errstate(all="ignore"):
            if partials.undefined.all():
                return careful_pullback(self.schedule, partials, seeds)
            result = self._quick(partials, seeds)
            finite = np.isfinite(result.sum(axis=0)) & ~partials.undefined
            if finite.all():
                return result
            return np.where(finite, result, careful_pullback(self.schedule, partials, seeds))

    def _quick(self, partials: Partials, seeds: Floats) -> Floats:
        cotangents = np.empty((self.schedule.size, *seeds.shape[1:]))
        cotangents[self.cleared] = 0.0
        np.add.at(cotangents, self.schedule.outputs, seeds)
        slopes_of_groups = partials.slopes
        for group, where, flows in self.steps:
            cotangent, slopes = cotangents[where.where], slopes_of_groups[group]
            for k, target, first in flows:
                slope = slopes[k]
                passed_on = type(slope) is float and slope == 1.0
                if first and not passed_on and type(target.where) is slice:
                    np.multiply(cotangent, slope, out=cotangents[target.where])
                else:
                    target.add(cotangents, cotangent if passed_on else cotangent * slope, first)
        result = np.zeros((self.schedule.n_inputs, *seeds.shape[1:]))
        result += cotangents[self.inputs]  # added to 0, so that minus nothing is no -0
        return result


def way_back(schedule: Schedule) -> WayBack:
    """Which cotangents share a place, and which contribution to a place comes first."""
    kept_at = _shared(schedule)
    holds = np.zeros(schedule.size, dtype=bool)
    holds[schedule.outputs] = True
    cleared = [schedule.outputs]
    steps = []
    for index in range(len(schedule.groups) - 1, -1, -1):
        group = schedule.groups[index]
        own = kept_at[group.results]
        flows = []
        for slope, operand in enumerate(group.active):
            target = group.operands[operand]
            places = target.places(group.size)
            if (kept_at[places] == own).all():  # they share it: what is to flow is there
                continue
            first = not holds[places].any()
            if not first:
                cleared.append(places[~holds[places]])
            holds[places] = True
            flows.append(Flow(slope, target, first))
        if not flows:
            continue
        cleared.append(own[~holds[own]])
        holds[own] = True
        steps.append(Pullback(index, _readable(own, flows), tuple(flows)))
    inputs = kept_at[: schedule.n_inputs]
    cleared.append(inputs[~holds[inputs]])
    unshared = np.array_equal(inputs, np.arange(len(inputs)))
    ends = slice(len(inputs)) if unshared else inputs
    return WayBack(schedule, tuple(steps), np.concatenate(cleared), ends)


def _shared(schedule: Schedule) -> Ints:
    """For each place, the place where its cotangent is kept: its own, or that of a sum above."""
    uses = np.zeros(schedule.size, dtype=np.int64)
    uses[schedule.outputs] += 1
    operands = [
        operand.places(group.size) for group in schedule.groups for operand in group.operands
    ]
    if operands:
        uses += np.bincount(np.concatenate(operands), minlength=schedule.size)
    kept_at = np.arange(schedule.size)
    for group in reversed(schedule.groups):
        for operand in group.active:
            if group.primitive.partials[operand] == "1":
                places = group.operands[operand].places(group.size)
                if (uses[places] == 1).all():
                    kept_at[places] = kept_at[group.results]
    return kept_at


def _readable(own: Ints, flows: list[Flow]) -> Access:
    """How the group's cotangents are read: as one number where they are one, unless some flow adds
    up several of them."""
    read = access(own)
    if not isinstance(read.where, int):
        return read
    adds = any(to.targets is not None or isinstance(to.where, int) for _, to, _ in flows)
    return Access(own) if adds else read
