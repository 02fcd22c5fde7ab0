"""The second order: what the curvature at the estimates adds to the law of propagation.

With δ normal of covariance C about the estimates, g the gradient, H the Hessian and t the gradient
of tr(HC), which has the third derivatives::

    mean       f + ½ tr(HC)
    variance   gᵀCg + ½ tr(HCHC) + gᵀCt

For independent inputs that is the note of JCGM 100, 5.1.2, term by term. The quadratic without t
has all its cumulants in closed form, and so an interval (Cornish and Fisher's); the kurtosis of
inputs that are not normal joins the fourth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradcalc.calculus.gradients import copy, jacobian_graph
from gradcalc.engine.point import Question
from gradcalc.engine.program import Program
from gradcalc.graph.graph import Graph
from gradcalc.uncertainty.inputs import Floats, Inputs, Shape
from gradcalc.uncertainty.linear import Linear, coverage_factor

MOST_NODES = 20_000
"""Of an expression, times its variables: what all their second derivatives are worth."""
_ENDS = 2.0
"""Standard uncertainties from the estimate, where the expression is looked at."""
_SKEW, _KURTOSIS = 2.5, 9.0
"""Beyond these Cornish and Fisher's expansion turns back on itself."""


@dataclass(frozen=True, eq=False)
class Second:
    """Of one output: the shift of the mean, the standard uncertainty, and, standardised, skewness
    and excess kurtosis. NaN where a derivative is.

    ``settled``: there is no higher order (the expression is quadratic), or the second adds less
    than the first, so that the next ones are likely to be smaller still. ``departure`` is how far
    the expression is from its second order at the ends of an input, ``place``, weighed with the
    share of it: a kink or a step within the uncertainties, that no derivative here knows of.
    """

    value: float
    shift: float
    u: float
    skewness: float
    kurtosis: float
    settled: bool
    departure: float
    place: str
    question: Question
    """What was asked of the Hessian, for a check of it."""

    @property
    def mean(self) -> float:
        return self.value + self.shift

    @property
    def known(self) -> bool:
        return math.isfinite(self.shift) and math.isfinite(self.u)

    def interval(self, level: float, k: float) -> tuple[float, float] | None:
        """What covers the part ``level``, stretched as far as ``k`` is beyond the normal factor;
        None where the expansion does not reach."""
        if not self.known or not self.settled:
            return None
        if not self.u:
            return self.mean, self.mean
        if not (abs(self.skewness) <= _SKEW and -2 <= self.kurtosis <= _KURTOSIS):
            return None
        z = coverage_factor(level)
        low, high = (self._quantile(end) * self.u * k / z for end in (-z, z))
        return (self.mean + low, self.mean + high) if low < high else None

    def _quantile(self, z: float) -> float:
        skew, kurtosis = self.skewness, self.kurtosis
        return (z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * kurtosis / 24
                - (2 * z**3 - 5 * z) * skew**2 / 36)  # fmt: skip


def second(program: Program, linear: Linear, output: int) -> Second | None:
    """Of one output; None where its second derivatives would be too many, or its formula is one at
    this very point and another around it."""
    inputs, u = linear.inputs, linear.inputs.u
    one = Program(_of_one(program.graph, output))
    at = one.at(inputs.x)
    if len(one.graph) * len(u) > MOST_NODES or at.apart:
        return None
    with np.errstate(all="ignore"):
        C = inputs.covariance
        curvatures = jacobian_graph(one.gradient_program.graph)
        slopes = Program(curvatures).at(inputs.x).vjp(C.ravel())
        # All in units of the uncertainties, in which an exact input has no slope.
        w, R = linear.contributions[output], inputs.correlation
        H = _scaled(at.hessian(), np.outer(u, u))
        t = _scaled(slopes, u)
        p, HR = R @ w, H @ R
        bent = H @ p
        straight, curved, higher = float(w @ p), float(np.trace(HR @ HR)) / 2, float(p @ t)
        quadratic, variance = straight + curved, straight + curved + higher
        third = float(3 * p @ bent + np.trace(HR @ HR @ HR))
        fourth = float(12 * bent @ R @ bent + 3 * np.trace(np.linalg.matrix_power(HR, 4)))
        fourth += _excess(inputs, w)
    size = math.sqrt(quadratic) if quadratic > 0 else math.inf
    departure, place = _departure(one, linear, output, H)
    return Second(
        value=float(linear.value[output]),
        shift=float(np.trace(HR)) / 2,
        # The third derivatives alone can make it negative, which no variance is.
        u=math.sqrt(variance) if variance >= 0 else math.nan,
        skewness=third / size**3,
        kurtosis=fourth / size**4,
        settled=all(node in curvatures.constants for node in curvatures.outputs)
        or curved + abs(higher) <= straight,
        departure=departure,
        place=place,
        question=at.ask("hessian"),
    )


def _departure(one: Program, linear: Linear, output: int, H: Floats) -> tuple[float, str]:
    """The largest difference at the ends of one input at a time, and where that is."""
    inputs, w, value = linear.inputs, linear.contributions[output], float(linear.value[output])
    moving = np.flatnonzero(inputs.u)
    if not len(moving):
        return 0.0, ""
    reach = np.array([min(_ENDS, _bound(inputs.shapes[j])) for j in moving])
    steps = np.concatenate([reach, -reach])
    column = np.concatenate([moving, moving])
    points = np.tile(inputs.x, (len(steps), 1))
    points[np.arange(len(steps)), column] += steps * inputs.u[column]
    with np.errstate(all="ignore"):
        moved = one(points)[:, 0] - value
        predicted = steps * w[column] + steps**2 * np.diag(H)[column] / 2
        share = np.minimum(1.0, np.abs(moved / steps) / float(linear.u[output] or 1e-300))
        apart = np.nan_to_num(np.abs(moved - predicted) * share, nan=math.inf)
    worst = int(np.argmax(apart))
    name = inputs.names[column[worst]]
    return float(apart[worst]), f"{name}={points[worst, column[worst]]:.4g}"


def _bound(shape: Shape) -> float:
    """In units of the standard uncertainty."""
    row = shape.distribution
    return 1 / row.ratio if row.bounded else math.inf


def _of_one(graph: Graph, output: int) -> Graph:
    result = copy(graph)
    result.outputs = [graph.outputs[output]]
    result.output_names = [graph.output_names[output]]
    return result


def _scaled(derivatives: Floats, units: Floats) -> Floats:
    return np.where(units == 0, 0.0, derivatives * units)


def _excess(inputs: Inputs, w: Floats) -> float:
    """What inputs that are not normal add to the fourth cumulant, each by itself."""
    alone = {group[0] for group in inputs.groups if len(group) == 1}
    return sum(
        float(w[j]) ** 4 * shape.distribution.kurtosis(shape.more)
        for j, shape in enumerate(inputs.shapes)
        if j in alone and w[j]
    )
