"""How uncertain a row is: the columns that say it, and what comes of it (J C Jᵀ, row by row)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from gradcalc.batch.chunk import Floats
from gradcalc.errors import BindingError, beginning

U, R, COV = "u", "r", "cov"
"""What a column says: a standard uncertainty, a correlation, a covariance. Its name is ``u_x``,
``r_x_y`` or ``cov_x_y``."""

_MOST = 1 + 1e-9


class Term(NamedTuple):
    """What is known of the variables ``first`` and ``second``, by number, which may be one: a
    number for all rows, or the column that has one for each."""

    form: str
    first: int
    second: int
    entry: float | str


def terms(
    variables: Sequence[str], slopes: int, header: Sequence[str], given: Sequence[float | str] = ()
) -> tuple[Term, ...]:
    """What the header says of the first ``slopes`` variables; ``given`` are their uncertainties
    where the command line says them. A column that is a variable itself says nothing.

    Raises BindingError where there is no uncertainty, or two of one.
    """
    columns = {word for word in header if word not in variables}
    found = [Term(U, j, j, entry) for j, entry in enumerate(given)]
    for j, name in enumerate(variables[:slopes]):
        words = ((U, f"u_{name}"), (COV, f"cov_{name}_{name}"))
        own = [Term(form, j, j, word) for form, word in words if word in columns]
        if len(own) + bool(given) > 1:
            raise BindingError(f"'{name}' has two uncertainties: {own[-1].entry} is one of them")
        found += own
    if not found:
        names = [f"u_{name}" for name in variables[:slopes]]
        raise BindingError(
            f"no column says how uncertain {beginning(variables[:slopes])} "
            f"{'is' if slopes == 1 else 'are'}",
            hint=f"columns {beginning(names)}; or for all rows: --u {','.join(['0.1'] * slopes)}",
        )
    for j, k in combinations(range(slopes), 2):
        found += _between(variables, j, k, columns)
    return tuple(found)


def _between(variables: Sequence[str], j: int, k: int, columns: set[str]) -> Iterator[Term]:
    words = [(form, f"{form}_{a}_{b}") for form in (R, COV)
             for a, b in ((variables[j], variables[k]), (variables[k], variables[j]))]  # fmt: skip
    there = [(form, word) for form, word in words if word in columns]
    if len(there) > 1:
        raise BindingError(f"{there[0][1]} and {there[1][1]} say the same: which one?")
    yield from (Term(form, j, k, word) for form, word in there)


class Spread:
    """The standard uncertainties of the outputs at rows of numbers with ``labels``."""

    def __init__(self, terms: Sequence[Term], labels: Sequence[str]) -> None:
        self.terms = terms
        self._labels = list(labels)

    def __call__(self, J: Floats, numbers: Floats) -> Floats:
        """Of N rows with slopes J, shape (N, m, k): shape (N, m). NaN where an uncertainty is
        negative, a correlation beyond 1, or several contradict each other."""
        rows, _, k = J.shape
        u = np.zeros((rows, k))
        for term in self.terms:
            if term.first == term.second:
                here = self._entries(term, numbers)
                u[:, term.first] = here if term.form == U else np.sqrt(here)
        w = J * u[:, None, :]
        w[(J != J) & (u[:, None, :] == 0)] = 0.0  # what is exact adds nothing
        variance: Floats = np.einsum("nij,nij->ni", w, w)
        bad = (u < 0).any(axis=1)
        pairs = [term for term in self.terms if term.first != term.second]
        correlations = [self._correlation(term, numbers, u) for term in pairs]
        for term, r in zip(pairs, correlations, strict=True):
            bad |= ~(np.abs(r) <= _MOST)
            variance += 2 * w[:, :, term.first] * w[:, :, term.second] * r[:, None]
        if len(pairs) > 1:  # one beyond 1 has been found; several may contradict each other
            R = np.tile(np.eye(k), (rows, 1, 1))
            for term, r in zip(pairs, correlations, strict=True):
                R[:, term.first, term.second] = R[:, term.second, term.first] = r
            R[bad] = np.eye(k)
            bad |= np.linalg.eigvalsh(R)[:, 0] < (1 - _MOST) * k
        found: Floats = np.sqrt(np.maximum(variance, 0.0))
        found[bad] = np.nan
        return found

    def _correlation(self, term: Term, numbers: Floats, u: Floats) -> Floats:
        """Of two variables, as such or as a covariance."""
        entries = np.broadcast_to(self._entries(term, numbers), len(numbers))
        if term.form == R:
            return entries
        unit = u[:, term.first] * u[:, term.second]
        return np.where(entries == 0, 0.0, entries / unit)

    def why(self, row: Floats) -> str:
        """What is wrong with the uncertainties of a row."""
        for term in self.terms:
            entry = float(np.ravel(self._entries(term, row[None]))[0])
            if term.first == term.second and entry < 0:
                return f"{term.entry} is {entry}, and an uncertainty is not negative"
            if term.form == R and abs(entry) > _MOST:
                return f"{term.entry} is {entry}, and a correlation is between -1 and 1"
        return "the covariance of this row is none"

    def _entries(self, term: Term, numbers: Floats) -> Floats | float:
        if not isinstance(term.entry, str):
            return term.entry
        column: Floats = numbers[:, self._labels.index(term.entry)]
        return column
