"""What the facts about a derivative mean: areas, singular points, minima and saddles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcalc.engine.point import At
from gradcalc.engine.schedule import Floats
from gradcalc.linear.facts import EPS, Found, Matrix

_SIZES = {1: "lengths", 2: "areas", 3: "volumes"}
_ROUNDING = 8.0


def of_map(matrix: Matrix, found: Iterable[Found]) -> list[str]:
    """What a Jacobian does to small pieces of space."""
    m, n = matrix.shape
    known = {one.fact.name: one for one in found}
    told = []
    if "det" in known and known["det"].log10 is None:
        det, sizes = float(known["det"].entries[0, 0]), _SIZES.get(n, "volumes")
        turned = " and turned over" if det < 0 else ""
        told.append(
            f"{sizes} are multiplied by {abs(det):.6g} here{turned}"
            if det
            else f"a singular point: {sizes} shrink to 0, and there is no smooth inverse"
        )
    rank = known["rank"].data.get("exact", matrix.rank) if "rank" in known else matrix.rank
    if rank < min(m, n) and "det" not in known:
        lost = "directions of the outputs cannot be reached" if m <= n else "directions are lost"
        told.append(f"a singular point: {min(m, n) - rank} of {min(m, n)} {lost}")
    return told


class Nature(NamedTuple):
    """What a Hessian says of a point: its ``signs`` (positive, negative, zero or not known), and
    whether the gradient is 0, as far as the rounding of the point lets it be."""

    signs: tuple[int, int, int]
    stationary: bool
    slope: str
    least: float
    proven: bool

    @property
    def definite(self) -> str:
        plus, minus, zero = self.signs
        if plus and minus:
            return "indefinite"
        sign = "positive" if plus else "negative" if minus else ""
        if not sign:
            return "zero" if zero else "empty"
        return f"{sign} {'semidefinite' if zero else 'definite'}"

    @property
    def name(self) -> str:
        """minimum, maximum, saddle, undecided; '' where the gradient is not 0."""
        if not self.stationary:
            return ""
        return {"positive definite": "minimum", "negative definite": "maximum",
                "indefinite": "saddle"}.get(self.definite, "undecided")  # fmt: skip

    @property
    def told(self) -> str:
        known = "proven " if self.proven else ""
        if not self.stationary:
            curved = {"positive definite": "convex", "negative definite": "concave"}
            shape = curved.get(self.definite)
            here = f": the function is {shape} here" if shape else ""
            return f"{known}{self.definite}{here}; no stationary point, {self.slope}"
        if self.name == "undecided":
            return (
                f"{self.definite}, an eigenvalue is {self.least:.2g}: whether it is a minimum, "
                "higher derivatives decide"
            )
        point = "saddle point" if self.name == "saddle" else self.name
        return f"{known}{self.definite}: a {point}"

    def as_json(self) -> dict[str, Any]:
        return {
            "definite": self.definite,
            "nature": self.name or None,
            "stationary": self.stationary,
            "proven": self.proven,
        }


def of_bowl(at: At, hessian: Floats, values: Floats, balls: Sequence[Any] | None) -> Nature:
    """``values`` are the eigenvalues in doubles, ``balls`` enclosures of them, if there are any."""
    rounding = len(values) * EPS * float(np.abs(values).max(initial=0.0)) * _ROUNDING
    if balls:
        plus = sum(bool(ball.real > 0) for ball in balls)
        minus = sum(bool(ball.real < 0) for ball in balls)
    else:
        plus, minus = int((values > rounding).sum()), int((values < -rounding).sum())
    slopes = at.gradient()
    moved = np.abs(hessian) @ np.abs(at.x) + at.scale("gradient").ravel()
    free = np.abs(slopes) <= _ROUNDING * EPS * moved
    steepest = int(np.argmax(np.where(free, -math.inf, np.abs(slopes))))
    name = at.program.variables[steepest]
    slope = f"d{at.program.outputs[0]}/d{name} = {slopes[steepest]:.3g}"
    least = float(values[np.argmin(np.abs(values))])
    signs = (plus, minus, len(values) - plus - minus)
    known = bool(balls) and (signs[2] == 0 or (plus > 0 and minus > 0))
    return Nature(signs, bool(free.all()), slope, least, known)
