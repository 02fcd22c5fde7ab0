"""Facts about a matrix as formulas: determinants by minors, inverses by cofactors.

A minor is computed once, so that a determinant of n rows takes n·2ⁿ⁻¹ products, and shares what its
parts have in common; nothing is divided, nothing expanded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcalc.engine.program import Program
from gradcalc.errors import UsageError
from gradcalc.formulas.derivative import Formulas
from gradcalc.formulas.terms import Terms
from gradcalc.linear.facts import require
from gradcalc.linear.kinds import FACTS, SINGULAR, Fact
from gradcalc.linear.spectral import SPECTRAL

LARGEST = {"det": 6, "inv": 3}
"""Rows of a matrix whose facts are still formulas that somebody can read."""
_POINTS = 32


@dataclass(frozen=True, eq=False)
class FactFormula:
    """A fact: ``formulas`` has its entries, flat, row by row; a rank is the ``number``. Where there
    is neither, ``told`` says why. ``divisor`` is what nobody may divide by where it is 0."""

    fact: Fact
    formulas: Formulas | None = None
    number: int | None = None
    told: str = ""
    divisor: Formulas | None = None

    @property
    def absent(self) -> bool:
        """Whether there is no such thing: ``told`` says why."""
        return self.formulas is None and self.number is None

    @property
    def is_matrix(self) -> bool:
        return self.fact.name == "inv"


def formula(found: Formulas, name: str) -> FactFormula:
    """A fact about the matrix ``found``; that of a square one, if only such have it."""
    if name == "rank":
        return _rank(found)
    found = found.unshared()
    terms, (n, width) = found.terms, found.shape
    if n > LARGEST.get(name, n):
        told = f"as a formula it is of at most {LARGEST[name]} rows, and there are {n}"
        return FactFormula(FACTS[name], told=told)
    rows = [found.entries[i * width : i * width + width] for i in range(n)]
    if name in SPECTRAL:
        entries, told = SPECTRAL[name](terms, rows)
        formulas = replace(found, entries=tuple(entries)).shared() if entries else None
        return FactFormula(FACTS[name], formulas, told=told)
    minors = _Minors(terms, rows)
    whole = minors.det(range(n), range(n))
    det = replace(found, entries=(whole,)).shared()
    if name == "det":
        return FactFormula(FACTS[name], det)
    if is_zero(det):
        return FactFormula(FACTS[name], told=SINGULAR)
    one_over = terms.power(whole, terms.number(-1))
    inverses = [terms.times(minors.cofactor(j, i), one_over) for i in range(n) for j in range(n)]
    inverse = replace(found, entries=tuple(inverses)).shared()
    return FactFormula(FACTS[name], inverse, divisor=det)


def is_zero(found: Formulas) -> bool:
    """Whether the one formula is 0 everywhere, as far as its text shows."""
    return found.entries == (found.terms.zero,)


def named_apart(found: Formulas, facts: Iterable[FactFormula]) -> list[FactFormula]:
    """The facts as they are printed below ``found``, one after the other: a name of a shared part
    says the same in all of them."""
    apart = []
    for one in facts:
        if one.formulas:
            formulas = one.formulas.beside(found)
            found = replace(found, names={**found.names, **formulas.names})
            one = replace(one, formulas=formulas)
        apart.append(one)
    return apart


def fact_formulas(
    found: Formulas, wanted: Sequence[str], beside_numbers: bool = False
) -> list[FactFormula]:
    """The wanted facts about a matrix of formulas; of one that is no formula that anybody could
    read, why, or ``beside_numbers`` nothing. Raises BindingError for what only a square matrix has,
    UsageError where there is nothing else."""
    rows, columns = found.shape
    require((rows, columns), wanted)
    facts = [formula(found, name) for name in wanted]
    there = [one for one in facts if not one.absent or one.told == SINGULAR]
    if facts and not there and not beside_numbers:
        raise UsageError(f"{facts[0].fact.name}: {facts[0].told}", hint="--at gives the numbers")
    return named_apart(found, there if beside_numbers else facts)


class _Minors:
    """The minors of a matrix of terms: the first rows of a choice, and any columns."""

    def __init__(self, terms: Terms, rows: Sequence[Sequence[int]]) -> None:
        self.terms, self.rows = terms, rows

    def det(self, rows: Sequence[int], columns: Sequence[int]) -> int:
        """Expanded along one row after the other, over all sets of columns."""
        terms = self.terms
        known = {0: terms.one}
        for count, i in enumerate(rows):
            grown: dict[int, list[tuple[int, int]]] = {}
            for chosen, minor in known.items():
                for j in columns:
                    entry = self.rows[i][j]
                    if chosen >> j & 1 or entry == terms.zero:
                        continue
                    after = sum(chosen >> k & 1 for k in columns if k > j)
                    sign = -1 if after % 2 else 1
                    term = terms.times(minor, entry)
                    grown.setdefault(chosen | 1 << j, []).append((sign, term))
            known = {chosen: terms.plus(parts) for chosen, parts in grown.items()}
            if not known and count < len(rows):
                return terms.zero
        return next(iter(known.values()), terms.zero)

    def cofactor(self, i: int, j: int) -> int:
        n = len(self.rows)
        minor = self.det([k for k in range(n) if k != i], [k for k in range(n) if k != j])
        return self.terms.plus([((-1) ** (i + j), minor)])


def _rank(found: Formulas) -> FactFormula:
    """That of the matrix at nearly every point: the largest at random ones."""
    m, n = found.shape
    program = Program(found.graph)
    x = np.random.default_rng(0).uniform(0.2, 2.0, (_POINTS, len(program.variables)))
    with np.errstate(all="ignore"):
        at = program.at(x)
        matrices = np.reshape(found.kind.answer(at, None, "auto"), (_POINTS, m, n))
    known = matrices[np.isfinite(matrices).all(axis=(1, 2))]
    if not len(known):
        return FactFormula(FACTS["rank"], told="no random point has a matrix")
    rank = int(np.linalg.matrix_rank(known).max())
    told = "at nearly every point" + (": full" if rank == min(m, n) else f", of {min(m, n)}")
    return FactFormula(FACTS["rank"], number=rank, told=told)
