"""Means and covariances of rows that are not kept; what they say of repeated observations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradcalc.errors import BindingError
from gradcalc.uncertainty.inputs import Floats


class Moments:
    """The number of rows so far, their means, shape (k,), and covariance, shape (k, k)."""

    def __init__(self, columns: int) -> None:
        self.rows = 0
        self.mean: Floats = np.zeros(columns)
        self._about: Floats = np.zeros((columns, columns))

    def add(self, rows: Floats) -> None:
        """Some more, shape (N, k), merged as Chan, Golub and LeVeque do."""
        if not len(rows):
            return
        mean = rows.mean(axis=0)
        about, apart = rows - mean, mean - self.mean
        before, after = self.rows, self.rows + len(rows)
        self._about += about.T @ about + np.outer(apart, apart) * (before * len(rows) / after)
        self.mean = self.mean + apart * (len(rows) / after)
        self.rows = after

    @property
    def covariance(self) -> Floats:
        found: Floats = self._about / max(1, self.rows - 1)
        return found


@dataclass(frozen=True, eq=False)
class Means:
    """Type A (JCGM 100, 4.2 and 5.2.3): the means of repeated observations, shape (k,), with their
    covariance s_ij/n, shape (k, k), and n - 1 degrees of freedom."""

    mean: Floats
    covariance: Floats
    dof: int


def means(moments: Moments, name: str) -> Means:
    """Raises BindingError for fewer than two rows of ``name``."""
    if moments.rows < 2:
        raise BindingError(
            f"{name} has {moments.rows} row{'s' * (moments.rows != 1)} of observations, and their "
            "spread is known from two on",
            hint="a value with a known uncertainty: --at x=4.63±0.05",
        )
    return Means(moments.mean, moments.covariance / moments.rows, moments.rows - 1)
