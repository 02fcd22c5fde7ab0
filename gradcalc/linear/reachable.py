"""What inputs can move: the staircase of Rosenbrock, by orthogonal steps on scaled matrices.

Powers of A, as in Kalman's matrix, lose all digits for a few states already. Each step here takes
the directions that the inputs, or the directions found before, move; what is left is a matrix of
the modes that nothing moves. (Van Dooren, "The generalized eigenstructure problem in linear system
theory", IEEE TAC 26, 1981.) Observability is the same of the transposed matrices.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from gradcalc.engine.schedule import Floats
from gradcalc.linear.facts import EPS


class Reach(NamedTuple):
    """``rank`` of ``size`` directions are moved; ``hidden`` are the eigenvalues of the rest.
    ``above`` is the smallest number that counted as one, ``below`` the largest that did not, and
    ``threshold`` what they were compared with."""

    rank: int
    size: int
    hidden: tuple[complex, ...]
    above: float
    below: float
    threshold: float
    proven: bool | None = None

    @property
    def full(self) -> bool:
        return self.rank == self.size

    def as_json(self) -> dict[str, Any]:
        return {
            "rank": self.rank,
            "full": self.full,
            "hidden": [{"re": value.real, "im": value.imag} for value in self.hidden],
            "above": self.above if math.isfinite(self.above) else None,
            "below": self.below,
            "threshold": self.threshold,
            "proven": self.proven,
        }


def controllable(a: Floats, b: Floats) -> Reach:
    """How many directions of the states the inputs move; ``a`` is (n, n), ``b`` (n, p)."""
    n = len(a)
    # in units of time in which A is about 1; the directions are the same, and nothing overflows
    largest = float(np.abs(a).max(initial=0.0))
    pace = 2.0 ** math.frexp(largest)[1] if 0 < largest < 2.0**1023 else 1.0
    a, b = _scaled(a / pace, b)
    threshold = max(n, 1) * EPS * float(np.linalg.norm(np.hstack([a, b]))) * 10
    above, below, rank = math.inf, 0.0, 0
    while len(a) and b.shape[1]:
        u, sigma, _ = np.linalg.svd(b)
        found = int((sigma > threshold).sum())
        above = min([above, *sigma[:found]])
        below = max([below, *sigma[found:]])
        if not found:
            break
        rank += found
        turned = u.T @ a @ u
        a, b = turned[found:, found:], turned[found:, :found]
    hidden = np.linalg.eigvals(a) * pace if rank < n else np.zeros(0)
    return Reach(rank, n, tuple(map(complex, hidden)), float(above), float(below), threshold)


def observable(a: Floats, c: Floats) -> Reach:
    """How many directions of the states can be told from the measurements; ``c`` is (q, n)."""
    return controllable(a.T, c.T)


def _scaled(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """States in units in which rows and columns of A are alike, by powers of 2: exactly; and the
    inputs in units in which they move as much as the states do."""
    scale = np.ones(len(a))
    for _ in range(20):
        before = scale.copy()
        for i in range(len(a)):
            row = np.abs(np.delete(a[i] * scale, i)).sum() / scale[i]
            column = np.abs(np.delete(a[:, i] / scale, i)).sum() * scale[i]
            if row and column:
                scale[i] *= 2.0 ** round(0.5 * math.log2(row / column))
        if (scale == before).all():
            break
    a = a * scale / scale[:, None]
    b = b / scale[:, None]
    largest = np.abs(b).max(axis=0, initial=0.0)
    b = b / np.where(largest > 0, largest, 1.0)
    return a, b * (float(np.linalg.norm(a)) or 1.0)


def touched(a: Any, b: Any) -> Any:
    """The states that some input has a path to, by the patterns of A and B: no others can be
    moved, whatever the numbers."""
    reached = np.asarray(b, bool).any(axis=1)
    step = np.asarray(a, bool)
    for _ in range(len(step)):
        reached = reached | (step & reached).any(axis=1)
    return reached
