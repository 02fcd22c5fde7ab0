"""Facts about a matrix in doubles: numpy's, less what the places of its zeros decide.

What is proven of them, and by how many digits they are off, ``gradcalc.check.matrices`` finds out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from gradcalc.engine.schedule import Floats, Ints
from gradcalc.errors import BindingError, listed
from gradcalc.linear import structure
from gradcalc.linear.kinds import FACTS, SINGULAR, Fact

EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class Matrix:
    """``entries`` of shape (m, n) with names for rows and columns; ``pattern`` marks the places
    where there can be others than zeros."""

    entries: Floats
    pattern: Any
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    symmetric: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        m, n = self.entries.shape
        return m, n

    @property
    def threshold(self) -> float:
        """A singular value below it is rounding: max(m, n)·ε·σ₁."""
        return max(self.shape) * EPS * float(self.sigma.max(initial=0.0))

    @cached_property
    def sigma(self) -> Floats:
        """The singular values, the largest first."""
        sigma = np.linalg.svd(self.entries, compute_uv=False).astype(np.float64)
        sigma[self.structural_rank :] = 0.0
        return sigma

    @property
    def rank(self) -> int:
        return int((self.sigma > self.threshold).sum())

    @cached_property
    def structural_rank(self) -> int:
        return structure.rank(self.pattern)

    @cached_property
    def blocks(self) -> list[Ints]:
        return structure.blocks(self.pattern)

    @property
    def empty(self) -> str:
        """The rows and columns without an entry, in words."""
        pattern = np.asarray(self.pattern)
        told = []
        for word, names, axis in (("row", self.rows, 1), ("column", self.columns, 0)):
            zero = [names[k] for k in np.flatnonzero(~pattern.any(axis=axis))]
            if zero:
                told.append(f"{word}{'s' * (len(zero) > 1)} {listed(zero)}")
        return " and ".join(told)


@dataclass(frozen=True, eq=False)
class Found:
    """A fact as a matrix of numbers: of one entry for a determinant, a row for singular values, a
    row (re, im) for each eigenvalue. ``told`` explains it, ``data`` says the same to programs;
    ``proven`` is None where no many digits have been asked, ``log10`` that of a determinant which
    no double holds."""

    fact: Fact
    entries: Floats
    rows: tuple[str, ...] = ("",)
    columns: tuple[str, ...] = ("",)
    told: tuple[str, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    proven: bool | None = None
    log10: tuple[float, float] | None = None

    @property
    def absent(self) -> bool:
        """Whether there is no such thing: ``entries`` are NaN."""
        return SINGULAR in self.told


def facts(matrix: Matrix, wanted: Iterable[str]) -> list[Found]:
    """The wanted ones of ``FACTS``, in that order. Raises BindingError where there are none."""
    require(matrix.shape, wanted)
    return [_FOUND[name](matrix) for name in FACTS if name in set(wanted)]


def require(shape: tuple[int, int], wanted: Iterable[str]) -> None:
    """Raises BindingError for what only a square matrix has, with what to ask of this one."""
    m, n = shape
    odd = [name for name in wanted if FACTS[name].square and m != n]
    if odd:
        root = "√det(J·Jᵀ)" if m < n else "√det(Jᵀ·J)"
        fewer = "variables as outputs: --wrt" if m < n else "outputs as variables: --outputs"
        raise BindingError(
            f"{odd[0]} is of a square matrix, and this one has {m} × {n} entries",
            hint=f"--show svd: the product of the singular values is {root}\nor as many {fewer} …",
        )


def _det(matrix: Matrix) -> Found:
    fact = FACTS["det"]
    if matrix.structural_rank < matrix.shape[0]:
        why = matrix.empty or "the places of its zeros make it so"
        told = (f"0 at every point: {why}{' is 0' if matrix.empty else ''}",)
        return Found(fact, np.zeros((1, 1)), told=told, data={"det": 0.0}, proven=True)
    with np.errstate(all="ignore"):
        value = float(np.linalg.det(matrix.entries))
        sign, log = map(float, np.linalg.slogdet(matrix.entries))
    held = math.isfinite(log) and (not math.isfinite(value) or abs(value) < 1e-300)
    log10 = (sign, log / math.log(10)) if held else None
    return Found(fact, np.array([[value]]), data={"det": value}, log10=log10)


def _rank(matrix: Matrix) -> Found:
    sigma, rank, most = matrix.sigma, matrix.rank, min(matrix.shape)
    told = [f"{'full' if rank == most else f'of {most}'}: {decided(sigma, rank, matrix.threshold)}"]
    if matrix.structural_rank < most:
        why = f": {matrix.empty} has no entry" if matrix.empty else ""
        told.append(f"at most {matrix.structural_rank} at any point{why}")
    data = {
        "rank": rank,
        "structural": matrix.structural_rank,
        "full": most,
        "threshold": matrix.threshold,
    }
    return Found(FACTS["rank"], np.array([[float(rank)]]), told=tuple(told), data=data)


def decided(sigma: Sequence[float] | Floats, rank: int, threshold: float) -> str:
    """The singular values on both sides of the threshold."""
    above = f"σ{rank} = {sigma[rank - 1]:.3g} is above" if rank else ""
    below = f"σ{rank + 1} = {sigma[rank]:.3g} is below" if rank < len(sigma) else ""
    between = " and ".join(filter(None, (above, below))) or "there is none above or below"
    return f"{between} max(m, n)·ε·σ1 = {threshold:.2g}"


def _cond(matrix: Matrix) -> Found:
    sigma = matrix.sigma
    least, most = (float(sigma[-1]), float(sigma[0])) if len(sigma) else (1.0, 1.0)
    found = conditioned(most / least if least else math.inf)
    if least and matrix.rank < len(sigma):
        return replace(found, told=("as good as singular: the number is rounding",))
    return found


def conditioned(kappa: float, proven: bool | None = None) -> Found:
    """A condition number, with the digits it costs."""
    data: dict[str, Any] = {"cond": kappa}
    if math.isinf(kappa):
        told = "no inverse: equations with this matrix have no or many solutions"
    else:
        lost, left = math.log10(kappa), kappa * EPS
        data |= {"digits_lost": lost, "attainable": left}
        told = f"about {lost:.1f} digits are lost, attainable accuracy {left:.1g}"
    return Found(FACTS["cond"], np.array([[kappa]]), told=(told,), data=data, proven=proven)


def _svd(matrix: Matrix) -> Found:
    return singular_values(matrix.shape, matrix.sigma)


def singular_values(shape: tuple[int, int], sigma: Floats, proven: bool | None = None) -> Found:
    m, n = shape
    told: tuple[str, ...] = ()
    if m != n:
        root = "√det(J·Jᵀ), the manipulability" if m < n else "√det(Jᵀ·J)"
        told = (f"their product {float(np.prod(sigma)):.6g} is {root}",)
    names = tuple(f"σ{k + 1}" for k in range(len(sigma)))
    data = {"svd": sigma.tolist()}
    return Found(FACTS["svd"], sigma.reshape(1, -1), ("",), names, told, data, proven)


def _eig(matrix: Matrix) -> Found:
    return eigenvalues(spectrum(matrix))


def spectrum(matrix: Matrix) -> Any:
    """The eigenvalues, block by block, as complex numbers: by real part, the largest first."""
    found = [np.zeros(0, complex)]
    for block in matrix.blocks:
        inner = matrix.entries[np.ix_(block, block)]
        if matrix.symmetric:
            found.append(np.linalg.eigvalsh(inner).astype(complex))
        else:
            found.append(inner[0].astype(complex) if len(block) == 1 else np.linalg.eigvals(inner))
    return in_order(np.concatenate(found))


def in_order(values: Any) -> Any:
    """By real part, the largest first; of a pair the one above the axis first."""
    return values[np.lexsort((-values.imag, -np.abs(values.imag), -values.real))]


def eigenvalues(values: Any, proven: bool | None = None) -> Found:
    """``values`` are complex numbers in order."""
    entries = np.stack([values.real, values.imag], axis=1)
    names = tuple(f"λ{k + 1}" for k in range(len(values)))
    data = {"eig": [{"re": re, "im": im} for re, im in entries.tolist()]}
    return Found(FACTS["eig"], entries, names, ("re", "im"), data=data, proven=proven)


def _inv(matrix: Matrix) -> Found:
    if matrix.rank < matrix.shape[0]:
        return inverse(matrix, np.full(matrix.shape, np.nan))
    return inverse(matrix, np.linalg.inv(matrix.entries).astype(np.float64))


def inverse(matrix: Matrix, entries: Floats, proven: bool | None = None) -> Found:
    """Rows are what the columns of ``matrix`` are; NaN where there is none."""
    told = (SINGULAR,) if np.isnan(entries).any() else ()
    data = {"inv": None if told else entries.tolist()}
    return Found(FACTS["inv"], entries, matrix.columns, matrix.rows, told, data, proven)


_FOUND = {"det": _det, "rank": _rank, "cond": _cond, "svd": _svd, "eig": _eig, "inv": _inv}
