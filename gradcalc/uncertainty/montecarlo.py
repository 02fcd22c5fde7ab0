"""Propagation of distributions, JCGM 101: draws of the inputs through the program.

In memory are one chunk of draws, and of each output the edges of cells that hold much the same
share of the trials, with the number in each: as many trials as one likes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradcalc.engine.program import Program
from gradcalc.errors import BindingError, UndefinedError, count, listed
from gradcalc.functions.distributions import DISTRIBUTIONS, NORMAL
from gradcalc.uncertainty.inputs import Floats, Inputs
from gradcalc.uncertainty.moments import Moments

CHUNK = 1 << 16
"""Trials at a time. Part of what ``--seed`` means: with other chunks other draws."""
PILOT = 1 << 18
"""Trials, the first ones, that make the edges of the cells; as many are kept exactly."""
FEWEST = 1000
"""Trials, below which quantiles mean little."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """Of m outputs: means, standard deviations and covariance of the trials, the probabilistically
    symmetric and the shortest interval, and the standard errors of the ends of the former.

    ``undefined`` trials have no value and are left out; ``remarks`` say what was drawn.
    """

    trials: int
    undefined: int
    mean: Floats
    u: Floats
    covariance: Floats
    intervals: Floats
    shortest: Floats
    errors: Floats
    remarks: list[str]

    @property
    def correlation(self) -> Floats:
        with np.errstate(all="ignore"):
            return self.covariance / np.outer(self.u, self.u)


def simulate(program: Program, inputs: Inputs, trials: int, seed: int, level: float) -> Sampled:
    """``trials`` draws of the inputs, and what becomes of them; the same for the same seed.

    Raises BindingError for correlated inputs whose joint distribution is not known, UndefinedError
    where more than half of what the interval leaves out has no value.
    """
    sampler = _Sampler(inputs)
    random = np.random.Generator(np.random.PCG64(seed))
    moments = Moments(len(program.outputs))
    cells: list[_Cells] = []
    waiting: list[Floats] = []
    undefined = 0
    for size in _sizes(trials):
        with np.errstate(all="ignore"):
            values = program(sampler.draw(random, size))
        defined = np.isfinite(values).all(axis=1)
        undefined += size - int(defined.sum())
        values = values if defined.all() else values[defined]
        moments.add(values)
        if cells:
            for cell, column in zip(cells, values.T, strict=True):
                cell.add(column)
            continue
        waiting.append(values)
        if sum(map(len, waiting)) >= PILOT:
            cells, waiting = _cells(waiting), []
    if undefined > trials * (1 - level) / 2:
        raise UndefinedError(
            f"{undefined:,} of {count(trials, 'trial', 'trials')} have no value: the inputs reach "
            "where the expression is undefined",
            source=program.graph.source,
            hint="distributions with bounds, such as ±uniform(a), or smaller uncertainties",
        )
    cells = cells or _cells(waiting)
    tail = (1 - level) / 2
    ends = [[cell.quantile(tail), cell.quantile(1 - tail)] for cell in cells]
    errors = [[cell.error(tail), cell.error(1 - tail)] for cell in cells]
    covariance = moments.covariance
    return Sampled(
        trials=trials,
        undefined=undefined,
        mean=moments.mean,
        u=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        intervals=np.array(ends),
        shortest=np.array([cell.shortest(level) for cell in cells]),
        errors=np.array(errors),
        remarks=[*_left_out(undefined, trials), *sampler.remarks],
    )


def _left_out(undefined: int, trials: int) -> list[str]:
    return [f"{undefined:,} of {trials:,} trials have no value and are left out"] * bool(undefined)


def _sizes(trials: int) -> Iterator[int]:
    while trials > 0:
        yield min(CHUNK, trials)
        trials -= CHUNK


class _Sampler:
    """Draws of the inputs, group by group of what is correlated."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.alone = [group[0] for group in inputs.groups if len(group) == 1 and inputs.u[group[0]]]
        self.joint = [(group, self._root(group)) for group in inputs.groups if len(group) > 1]

    def _root(self, group: list[int]) -> Floats:
        """A with A Aᵀ the covariance, by eigenvectors: it may be singular."""
        inputs = self.inputs
        for j in group:
            distribution = inputs.shapes[j].distribution
            if not distribution.joint:
                others = ", ".join(inputs.names[k] for k in group if k != j)
                raise BindingError(
                    f"{inputs.names[j]} is {distribution.name} and correlated with {others}: many "
                    "joint distributions are like that, and which one is not said",
                    hint="correlated inputs are drawn jointly normal where they are given as ±u",
                )
        u = inputs.u[group]
        values, vectors = np.linalg.eigh(inputs.correlation[np.ix_(group, group)])
        root: Floats = u[:, None] * vectors * np.sqrt(np.maximum(values, 0.0))
        return root

    @property
    def remarks(self) -> list[str]:
        """What a reader of the intervals should know of the draws."""
        inputs, found = self.inputs, []
        for group, _ in self.joint:
            names = listed([inputs.names[j] for j in group])
            how = f"t with {inputs.dof[group[0]]:g} degrees of freedom" if (
                set(group) <= inputs.together
            ) else "normal"  # fmt: skip
            found.append(f"{names} are drawn jointly {how}")
        finite = [j for j in self.alone if math.isfinite(inputs.dof[j])]
        students = [j for j in finite if inputs.shapes[j].distribution is NORMAL]
        others = [j for j in finite if inputs.shapes[j].distribution.bounded]
        if students:
            names = listed([inputs.names[j] for j in students])
            found.append(f"{names}: drawn from t, as JCGM 101, 6.4.9 has it")
        if others:
            names = listed([inputs.names[j] for j in others])
            found.append(f"{names}: drawn within exact limits, whatever their degrees of freedom")
        return found

    def draw(self, random: np.random.Generator, size: int) -> Floats:
        """Shape (size, n)."""
        inputs = self.inputs
        found = np.empty((size, len(inputs.x)))
        found[:] = inputs.x
        for j in self.alone:
            found[:, j] += self._one(random, j, size)
        for group, root in self.joint:
            about = random.standard_normal((size, len(group))) @ root.T
            if set(group) <= inputs.together:
                dof = float(inputs.dof[group[0]])
                about *= np.sqrt(dof / random.chisquare(dof, size))[:, None]
            found[:, group] += about
        return found

    def _one(self, random: np.random.Generator, j: int, size: int) -> Floats:
        (row, more), dof, u = self.inputs.shapes[j], float(self.inputs.dof[j]), self.inputs.u[j]
        if row.joint and math.isfinite(dof):  # JCGM 101, 6.4.9
            row, more = DISTRIBUTIONS["t"], (dof,)
        drawn: Floats = row.draw(random, size, more) * (u / row.ratio)
        return drawn


def _cells(waiting: list[Floats]) -> list[_Cells]:
    pilot = np.concatenate(waiting)
    return [_Cells(column) for column in pilot.T]


class _Cells:
    """How many values lie up to each of the values of the pilot, sorted."""

    def __init__(self, pilot: Floats) -> None:
        self.edges = np.sort(pilot)
        self.counts = np.ones(len(pilot), np.int64)

    def add(self, values: Floats) -> None:
        """Values beyond the last edge stretch the last cell."""
        self.edges[0] = min(self.edges[0], values.min(initial=math.inf))
        self.edges[-1] = max(self.edges[-1], values.max(initial=-math.inf))
        place = np.searchsorted(self.edges, np.sort(values))
        self.counts += np.bincount(place, minlength=len(self.counts))

    def _at(self, parts: Floats) -> Floats:
        """The values below which these parts of all lie, between edges in a line."""
        below = np.cumsum(self.counts) - 0.5
        found: Floats = np.interp(parts * below[-1] + 0.5 * (1 - 2 * parts), below, self.edges)
        return found

    def quantile(self, part: float) -> float:
        return float(self._at(np.array([part]))[0])

    def error(self, part: float) -> float:
        """The standard error of that: half of what lies within one of the rank."""
        spread = math.sqrt(part * (1 - part) / int(self.counts.sum()))
        ends = np.clip([part - spread, part + spread], 0.0, 1.0)
        low, high = self._at(ends)
        return float(high - low) / 2

    def shortest(self, level: float) -> tuple[float, float]:
        """The shortest interval that holds the part ``level`` (JCGM 101, 5.3.4)."""
        starts = np.linspace(0.0, 1.0 - level, 4097)
        low, high = self._at(starts), self._at(np.minimum(starts + level, 1.0))
        best = int(np.argmin(high - low))
        return float(low[best]), float(high[best])
