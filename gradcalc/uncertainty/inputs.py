"""The input quantities: estimates, standard uncertainties, correlations, degrees of freedom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradcalc.errors import BindingError, listed
from gradcalc.functions.distributions import NORMAL, Distribution

Floats = NDArray[np.float64]

ASYMMETRY = 1e-9
"""By how much the halves of a covariance may differ, in parts of u_i·u_j: it was printed."""
_ROUNDING = 1e-12


class Shape(NamedTuple):
    """A distribution with the numbers that it takes after the width."""

    distribution: Distribution = NORMAL
    more: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Inputs:
    """n quantities about the point ``x``, shape (n,).

    ``u`` are their standard uncertainties, ``correlation`` has shape (n, n), ``dof`` are the
    degrees of freedom, infinite where nothing is said. ``together`` are those observed in the same
    rows: their means are jointly t with the same degrees of freedom.
    """

    names: tuple[str, ...]
    x: Floats
    u: Floats
    correlation: Floats
    dof: Floats
    shapes: tuple[Shape, ...]
    together: frozenset[int] = frozenset()

    @property
    def covariance(self) -> Floats:
        """C[i, j] = r_ij·u_i·u_j."""
        found: Floats = self.correlation * np.outer(self.u, self.u)
        return found

    @cached_property
    def groups(self) -> list[list[int]]:
        """The inputs in sets that are independent of each other."""
        linked = self.correlation != 0
        left, found = list(range(len(self.names))), []
        while left:
            group, waiting = [], [left.pop(0)]
            while waiting:
                i = waiting.pop()
                group.append(i)
                more = [j for j in left if linked[i, j]]
                left = [j for j in left if j not in more]
                waiting += more
            found.append(sorted(group))
        return found

    @property
    def correlated(self) -> bool:
        return any(len(group) > 1 for group in self.groups)


def correlations(
    names: Sequence[str], covariance: Floats, name: str = "the covariance"
) -> tuple[Floats, Floats]:
    """The standard uncertainties and the correlations of a covariance matrix, shape (n, n).

    Raises BindingError where it is none, with the entries that say so and by how much.
    """
    C = np.asarray(covariance, float)
    _require_finite(names, C, name)
    negative = [(names[i], c) for i, c in enumerate(np.diag(C).tolist()) if c < 0]
    if negative:
        who, variance = negative[0]
        raise BindingError(f"{name}: the variance of {who} is negative, {variance:g}")
    u = np.sqrt(np.diag(C))
    size = np.outer(u, u)
    gap = np.abs(C - C.T)
    if (gap > ASYMMETRY * size + np.finfo(float).tiny).any():
        i, j = _largest(gap)
        raise BindingError(
            f"{name} is not symmetric: of {names[i]} and {names[j]} it has {C[i, j]:g}, "
            f"of {names[j]} and {names[i]} {C[j, i]:g}, {gap[i, j]:.3g} apart"
        )
    R = np.divide((C + C.T) / 2, size, out=np.zeros_like(C), where=size > 0)
    alone = (size == 0) & (C != 0)
    if alone.any():
        i, j = _largest(alone)
        raise BindingError(
            f"{name}: {names[i]} and {names[j]} have a covariance of {C[i, j]:g}, and one of them "
            "a variance of 0"
        )
    np.fill_diagonal(R, 1.0)
    return u, R


def require_correlations(names: Sequence[str], R: Floats, name: str = "the correlations") -> None:
    """Raises BindingError for a coefficient beyond ±1, and where there are no quantities that are
    correlated so (the matrix is not positive semidefinite)."""
    over = np.abs(R) > 1 + _ROUNDING
    if over.any():
        i, j = _largest(np.abs(R))
        raise BindingError(
            f"{name}: {names[i]} and {names[j]} are correlated by {R[i, j]:.6g}, "
            f"{abs(R[i, j]) - 1:.3g} beyond {'1' if R[i, j] > 0 else '-1'}"
        )
    values, vectors = np.linalg.eigh(R)
    least = float(values[0])
    if least >= -_ROUNDING * len(R) * max(1.0, float(values[-1])):
        return
    weights = vectors[:, 0]
    involved = [i for i in np.argsort(-np.abs(weights)).tolist() if abs(weights[i]) > 0.1]
    terms = " ".join(f"{weights[i]:+.2f}·{names[i]}" for i in involved[:4])
    pairs = [
        f"r({names[i]}, {names[j]}) = {R[i, j]:.6g}"
        for k, i in enumerate(sorted(involved))
        for j in sorted(involved)[k + 1 :]
        if R[i, j]
    ]
    raise BindingError(
        f"{name} of {listed([names[i] for i in sorted(involved)])} contradict each other: "
        f"{terms} (in units of their u) would have the variance {least:.3g}",
        hint=f"what does not go together: {', '.join(pairs[:3])}{', …' * (len(pairs) > 3)}",
    )


def _require_finite(names: Sequence[str], C: Floats, name: str) -> None:
    if C.shape != (len(names), len(names)):
        size = " × ".join(map(str, C.shape))
        raise BindingError(f"{name} is {size}, for {len(names)} quantities: {listed(list(names))}")
    if not np.isfinite(C).all():
        i, j = _largest(~np.isfinite(C))
        raise BindingError(f"{name} of {names[i]} and {names[j]} is {C[i, j]}, not a number")


def _largest(matrix: Any) -> tuple[int, int]:
    i, j = np.unravel_index(int(np.argmax(matrix)), matrix.shape)
    return int(i), int(j)
