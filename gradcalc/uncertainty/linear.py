"""The law of propagation, JCGM 100, 5.1 and 5.2: J C Jᵀ, its budget, coverage factors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from gradcalc.uncertainty.inputs import Floats, Inputs


class Pair(NamedTuple):
    """What the correlation ``r`` of two inputs, by number, adds to u², as a part of it."""

    first: int
    second: int
    r: float
    share: float


class Dof(NamedTuple):
    """Effective degrees of freedom, infinite where nothing is said of any input; None if they
    cannot be had, with the reason."""

    number: float | None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Linear:
    """The values, shape (m,), and the sensitivities J, shape (m, n), at the estimates."""

    inputs: Inputs
    value: Floats
    J: Floats

    @cached_property
    def contributions(self) -> Floats:
        """J[i, j]·u_j, with its sign, shape (m, n). An exact input contributes nothing, whatever
        its sensitivity."""
        exact = self.inputs.u == 0
        with np.errstate(all="ignore"):
            return np.where(exact, 0.0, self.J * self.inputs.u)

    @cached_property
    def covariance(self) -> Floats:
        """Of the outputs, shape (m, m)."""
        w = self.contributions
        return w @ self.inputs.correlation @ w.T if self.inputs.correlated else w @ w.T

    @cached_property
    def u(self) -> Floats:
        """The combined standard uncertainties, shape (m,)."""
        if not self.inputs.correlated:
            return np.array([math.hypot(*row) for row in self.contributions.tolist()])
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    @cached_property
    def correlation(self) -> Floats:
        """Of the outputs; NaN beside one without uncertainty."""
        with np.errstate(all="ignore"):
            found: Floats = self.covariance / np.outer(self.u, self.u)
        diagonal = np.diag(found)
        np.fill_diagonal(found, np.where(np.isnan(diagonal), diagonal, 1.0))  # to the last digit
        return found

    def relative(self, output: int) -> Floats:
        """The contributions in units of the combined uncertainty, shape (n,)."""
        w, total = self.contributions[output], float(self.u[output])
        return w / total if total else np.zeros_like(w)

    def shares(self, output: int) -> Floats:
        """What part of u² the square of each contribution is, shape (n,)."""
        return self.relative(output) ** 2

    def pairs(self, output: int) -> list[Pair]:
        """What correlations add, the largest first; none that adds nothing."""
        w, R = self.relative(output), self.inputs.correlation
        found = [
            Pair(int(j), int(k), float(R[j, k]), float(2 * w[j] * w[k] * R[j, k]))
            for j, k in zip(*np.nonzero(np.triu(R, 1)), strict=True)
        ]
        return sorted((pair for pair in found if pair.share), key=lambda pair: -abs(pair.share))

    def dof(self, output: int) -> Dof:
        """Welch and Satterthwaite's, JCGM 100, G.4.1.

        Means of the same rows of observations count as one contribution with the degrees of freedom
        of the rows, which is exact: a sum of jointly normal means is a mean of as many rows. Other
        correlated inputs with finite degrees of freedom have no such formula.
        """
        inputs, w, below = self.inputs, self.relative(output), 0.0
        for group in inputs.groups:
            here = [j for j in group if w[j]]
            finite = [j for j in here if math.isfinite(inputs.dof[j])]
            if not finite:
                continue
            if len(here) > 1 and not set(here) <= inputs.together:
                one, other = finite[0], next(j for j in here if j != finite[0])
                return Dof(
                    None,
                    f"Welch and Satterthwaite's formula is for independent inputs: "
                    f"{inputs.names[one]} has {inputs.dof[one]:g} degrees of freedom and is "
                    f"correlated with {inputs.names[other]}",
                )
            part = w[here] @ inputs.correlation[np.ix_(here, here)] @ w[here]
            below += float(part) ** 2 / float(inputs.dof[here[0]])
        return Dof(1 / below if below else math.inf)

    def factor(self, output: int, level: float) -> float:
        """k such that ±k·u covers the part ``level``, of a t or normal distribution.

        Degrees of freedom are cut to a whole number, as JCGM 100, G.4.1 advises.
        """
        number = self.dof(output).number
        return coverage_factor(level, math.inf if number is None else number)


def coverage_factor(level: float, dof: float = math.inf) -> float:
    """The quantile of (1 + level)/2."""
    from scipy.special import ndtri, stdtrit  # deferred: 60 ms

    if math.isinf(dof):
        return float(ndtri((1 + level) / 2))
    return float(stdtrit(math.floor(dof + 1e-9) if dof >= 1 else dof, (1 + level) / 2))
