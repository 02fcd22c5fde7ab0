"""Facts about a matrix of derivatives, proven: Arb's linear algebra over the enclosed entries.

Every fact is enclosed with more and more bits until its nearest doubles are decided, and those are
what is told then. Where an entry has no enclosure, or there is no Arb, mpmath computes the facts
with many digits, which proves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from gradcalc.calculus.kinds import KINDS, OUTPUTS, VARIABLES, Kind
from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.case import NoReferenceError
from gradcalc.check.enclosures import oracle as enclosures
from gradcalc.check.verify import case_of
from gradcalc.engine.point import Question
from gradcalc.engine.schedule import Floats
from gradcalc.errors import BindingError, beginning
from gradcalc.functions.digits import context, exclusive
from gradcalc.linear import words
from gradcalc.linear.facts import (
    EPS,
    Found,
    Matrix,
    conditioned,
    eigenvalues,
    facts,
    in_order,
    inverse,
    require,
    singular_values,
    spectrum,
)

BUDGET = 5.0
"""Seconds of processor time for proving facts."""
MOST_BITS = 1024
LARGEST = 60
"""Rows or columns of a matrix whose facts are enclosed: the work grows with the cube of them."""
_LOOSE = 1e4
"""Of the rounding that linear algebra in doubles allows itself: what is further off is wrong."""
_DIGITS = 40


class Judged(NamedTuple):
    """The facts as far as they are known; ``passed`` is None where nothing was decided. ``algebra``
    has the enclosures, for whoever asks more of them."""

    facts: list[Found]
    passed: bool | None
    line: str
    algebra: Algebra | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "proven": [found.fact.name for found in self.facts if found.proven],
            "told": self.line,
        }


@dataclass(frozen=True)
class Facts:
    """Facts, what was found when they were judged, and what they mean; ``nature`` is that of a
    Hessian, for programs."""

    found: tuple[Found, ...]
    judged: Judged | None = None
    notes: tuple[str, ...] = ()
    kind: Kind = KINDS["jacobian"]
    nature: dict[str, Any] | None = None

    @property
    def remarks(self) -> list[str]:
        told = [f"note: {note}" for note in self.notes]
        return [*told, *([self.judged.line] if self.judged else [])]

    def __repr__(self) -> str:
        told = (f"{one.fact.name} = {self[one.fact.name]}" for one in self.found)
        return "\n".join([*told, *self.remarks])

    def __getitem__(self, name: str) -> Any:
        """A number, or an array: singular values, complex eigenvalues, the inverse."""
        entries = next(one.entries for one in self.found if one.fact.name == name)
        if name == "eig":
            return entries[:, 0] + 1j * entries[:, 1] if entries[:, 1].any() else entries[:, 0]
        if name == "inv":
            return entries
        return entries[0] if name == "svd" else float(entries[0, 0])


def examine(
    question: Question,
    entries: Floats,
    wanted: Sequence[str],
    *,
    method: str = "auto",
    budget: float = BUDGET,
) -> Facts:
    """The facts about ``entries``, the Jacobian or the Hessian that answers ``question``: proven as
    far as that goes, unless the ``method`` is none.

    Raises BindingError for facts that only a square matrix has.
    """
    program, kind = question.at.program, question.kind
    names = {OUTPUTS: program.outputs, VARIABLES: program.variables}
    rows, columns = names[kind.rows], names[kind.columns]
    require((len(rows), len(columns)), wanted)
    if not entries.size:
        raise BindingError("there is no matrix: the expression has no variables")
    if not np.isfinite(entries).all():
        return Facts((), None, ("no facts: the matrix has entries that are not finite",), kind)
    places = (program.gradient_program if kind.order == 2 else program).pattern
    pattern = np.zeros(entries.shape, bool)
    pattern[places.rows, places.columns] = True
    matrix = Matrix(entries, pattern, rows, columns, symmetric=kind.order == 2)
    with np.errstate(all="ignore"):
        found, judged = facts(matrix, wanted), None
    if method != "none":
        judged = prove(question, matrix, found, budget)
        found = judged.facts
    if kind.order == 2:
        balls = judged.algebra.spectrum if judged and judged.algebra else None
        nature = words.of_bowl(question.at, entries, spectrum(matrix).real, balls)
        return Facts(tuple(found), judged, (nature.told,), kind, nature.as_json())
    return Facts(tuple(found), judged, tuple(words.of_map(matrix, found)), kind)


def prove(
    question: Question,
    matrix: Matrix,
    found: Sequence[Found],
    budget: float,
    take: Callable[[Floats], Floats] = lambda entries: entries,
) -> Judged:
    """What many digits say of ``found``, facts about ``matrix``: the entries of ``question``, or
    the part of them that ``take`` takes."""
    if max(matrix.shape) > LARGEST:
        return Judged(list(found), None, f"not proven: more than {LARGEST} rows or columns")
    with exclusive(), np.errstate(all="ignore"):
        deadline = Deadline(budget)
        try:
            return _enclosed(question, matrix, found, take, deadline)
        except NoReferenceError as why:
            because = str(why)
        except OutOfTime:
            return Judged(list(found), None, "not proven: no time")
        try:
            return _in_digits(question, matrix, found, take, deadline, because)
        except (OutOfTime, NoReferenceError, ValueError, ArithmeticError):
            return Judged(list(found), None, f"not proven: {because}")


def _enclosed(
    question: Question,
    matrix: Matrix,
    found: Sequence[Found],
    take: Callable[[Floats], Floats],
    deadline: Deadline,
) -> Judged:
    case = case_of(question)
    bits, spent = enclosures.FEWEST, 0.0
    while True:
        before = deadline.remaining
        with enclosures.precision(bits):
            balls = np.empty(case.shape, object)
            balls.ravel()[:] = enclosures.entries(case, deadline, bits)
            algebra = Algebra(take(balls), matrix, bits)
            proven = [_PROVED[one.fact.name](algebra, one) for one in found]
            wrong = [one.fact.name for one in found if not algebra.agrees(one)]
        if wrong:
            line = f"✗ {beginning(wrong)}: doubles and Arb's enclosures differ"
            return Judged(list(found), False, line, algebra)
        spent = before - deadline.remaining
        done = all(one.proven for one in proven)
        if done or 2 * bits > MOST_BITS or 4 * spent > deadline.remaining:
            return Judged(proven, True, _line(proven, bits), algebra)
        bits *= 2


def _line(found: Iterable[Found], bits: int) -> str:
    proven = [one.fact.title for one in found if one.proven]
    others = [one.fact.title for one in found if not one.proven]
    told = f"✓ proven: {', '.join(proven)} (Arb, {bits} bits)" if proven else ""
    if not others:
        return told
    rest = f"{', '.join(others)}: {bits} bits do not prove it"
    return f"{told}; {rest}" if told else f"not proven: {rest}"


# --- balls ----------------------------------------------------------------------------------------


class Algebra:
    """A matrix of balls at one precision, which is to be in force while it is asked."""

    def __init__(self, balls: Any, matrix: Matrix, bits: int) -> None:
        self.balls, self.matrix, self.bits = balls, matrix, bits

    def arb(self, balls: Any) -> Any:
        from flint import arb_mat

        return arb_mat(balls.tolist())

    @cached_property
    def rational(self) -> Any:
        """The matrix as one of fractions, where every entry is exactly known; else None."""
        from flint import fmpq, fmpq_mat

        rows: list[list[Any]] = []
        for row in self.balls.tolist():
            rows.append([])
            for ball in row:
                if not ball.is_exact():
                    return None
                mantissa, exponent = map(int, ball.mid().man_exp())
                if abs(exponent) > MOST_BITS:
                    return None
                rows[-1].append(
                    fmpq(mantissa << exponent) if exponent >= 0 else fmpq(mantissa, 1 << -exponent)
                )
        return fmpq_mat(rows)

    @cached_property
    def det(self) -> Any:
        from flint import arb

        if self.rational is not None:
            return arb(self.rational.det())
        if self.matrix.structural_rank < self.matrix.shape[0]:
            return arb(0)
        return self.arb(self.balls).det()

    @cached_property
    def rank(self) -> tuple[int, int]:
        """At least, and at most."""
        if self.rational is not None:
            known = int(self.rational.rank())
            return known, known
        return sum(bool(ball > 0) for ball in self._roots), self.matrix.structural_rank

    @cached_property
    def _roots(self) -> list[Any]:
        """The squares of the singular values, the largest first."""
        m, n = self.matrix.shape
        whole = self.arb(self.balls)
        turned = whole.transpose()
        squares = self.eig(whole * turned if m <= n else turned * whole)
        if squares is None:
            return []
        return sorted((s.real for s in squares), key=lambda ball: float(ball.mid()), reverse=True)

    @cached_property
    def sigma(self) -> list[Any]:
        """Enclosures of the singular values, the largest first; none where they are not known."""
        from flint import arb

        most = self.rank[1]
        return [
            arb(0) if k >= most else (ball.max(arb(0))).sqrt() for k, ball in enumerate(self._roots)
        ]

    def eig(self, square: Any) -> list[Any] | None:
        """Enclosures of the eigenvalues of a matrix of balls, as often as they are ones."""
        from flint import acb_mat

        try:
            found: list[Any] = acb_mat(square).eig(multiple=True)
        except (ValueError, ZeroDivisionError):
            return None
        return found if all(value.is_finite() for value in found) else None

    @cached_property
    def spectrum(self) -> list[Any] | None:
        """The eigenvalues, block by block; those that only can be real are."""
        from flint import acb

        found: list[Any] = []
        for block in self.matrix.blocks:
            inner = self.balls[np.ix_(block, block)]
            if len(block) == 1:
                found.append(acb(inner[0, 0]))
                continue
            values = self.eig(self.arb(inner))
            if values is None:
                return None
            found += [self._settled(value, values) for value in values]
        return found

    def _settled(self, value: Any, values: Sequence[Any]) -> Any:
        """A real number where its conjugate can be no other eigenvalue."""
        from flint import acb

        mirrored = value.conjugate()
        alone = sum(bool(mirrored.overlaps(other)) for other in values) == 1
        real = self.matrix.symmetric or (value.imag.contains(0) and alone)
        return acb(value.real) if real else value

    @cached_property
    def inverse(self) -> Any:
        """An object array of balls, None where the matrix is not known to have one."""
        try:
            return np.array(self.arb(self.balls).inv().tolist(), object)
        except (ValueError, ZeroDivisionError):
            return None

    # --- against doubles ------------------------------------------------------------------------

    def agrees(self, found: Found) -> bool:
        """Whether what doubles say may be the enclosed number, for all the rounding there is."""
        matrix = self.matrix
        sigma = matrix.sigma
        rounding = _LOOSE * max(matrix.shape) * EPS * float(sigma.max(initial=0.0))
        if found.fact.name == "svd" and self.sigma:
            pairs = zip(sigma.tolist(), self.sigma, strict=True)
            return all(abs(ball - ours) <= rounding or not ball.is_finite() for ours, ball in pairs)
        if found.fact.name == "det" and found.log10 is None:
            room = rounding * float(np.prod(np.maximum(sigma[:-1], rounding)))
            return not bool(abs(self.det - float(found.entries[0, 0])) > room)
        return True


def as_double(ball: Any) -> float:
    """The nearest double; NaN where the ball does not decide it: a 0 is one that is proven."""
    if ball.contains(0):
        return 0.0 if ball.is_exact() else math.nan
    known = enclosures.as_double(ball)
    return math.nan if known is None else known


def _det(algebra: Algebra, found: Found) -> Found:
    known, ball = as_double(algebra.det), algebra.det
    if not math.isnan(known):
        log10 = None
        if found.log10 is not None and ball != 0:
            log10 = (math.copysign(1.0, float(ball.mid() > 0) - 0.5), found.log10[1])
        told = found.told or (("exactly 0 at this point",) if known == 0 and ball == 0 else ())
        return replace(
            found, entries=np.array([[known]]), data={"det": known}, told=told, proven=True,
            log10=log10,
        )  # fmt: skip
    if not ball.contains(0):
        return replace(found, proven=False)
    return _vanishing(found, "det", ball)


def _vanishing(found: Found, key: str, ball: Any) -> Found:
    mantissa, exponent = map(int, abs(ball).upper().man_exp())
    digits = int((mantissa.bit_length() + exponent) * math.log10(2))
    told = (f"0, or smaller than 1e{digits}: no number of digits proves a 0",)
    return replace(found, entries=np.zeros((1, 1)), data={key: 0.0}, told=told, proven=False)


def _rank(algebra: Algebra, found: Found) -> Found:
    least, most = algebra.rank
    if least < most:
        return replace(found, proven=False)
    told = found.told
    if least != int(found.entries[0, 0]):
        told = (*told, f"exactly {least}: the matrix is singular only in doubles")
    return replace(found, told=told, data=found.data | {"exact": least}, proven=True)


def _svd(algebra: Algebra, found: Found) -> Found:
    known = np.array([as_double(ball) for ball in algebra.sigma])
    if not len(known) or np.isnan(known).any():
        return replace(found, proven=False)
    return singular_values(algebra.matrix.shape, known, proven=True)


def _cond(algebra: Algebra, found: Found) -> Found:
    if algebra.rank[1] < min(algebra.matrix.shape):
        return conditioned(math.inf, proven=True)
    if not algebra.sigma or not algebra.sigma[-1] > 0:
        return replace(found, proven=False)
    known = as_double(algebra.sigma[0] / algebra.sigma[-1])
    return replace(found, proven=False) if math.isnan(known) else conditioned(known, proven=True)


def _eig(algebra: Algebra, found: Found) -> Found:
    known = None if algebra.spectrum is None else complex_doubles(algebra.spectrum)
    return replace(found, proven=False) if known is None else eigenvalues(known, proven=True)


def complex_doubles(balls: Sequence[Any]) -> Any:
    """The nearest doubles of enclosures in the plane, in order; None where one is not decided."""
    found = np.array([complex(as_double(ball.real), as_double(ball.imag)) for ball in balls])
    return None if np.isnan(found).any() else in_order(found)


def _inv(algebra: Algebra, found: Found) -> Found:
    matrix = algebra.matrix
    if algebra.rank[1] < matrix.shape[0]:
        return inverse(matrix, np.full(matrix.shape, np.nan), proven=True)
    if algebra.inverse is None:
        return replace(found, proven=False)
    known = np.vectorize(as_double, otypes=[float])(algebra.inverse)
    return replace(found, proven=False) if np.isnan(known).any() else inverse(matrix, known, True)


_PROVED = {"det": _det, "rank": _rank, "cond": _cond, "svd": _svd, "eig": _eig, "inv": _inv}


# --- digits ---------------------------------------------------------------------------------------


def _in_digits(
    question: Question,
    matrix: Matrix,
    found: Sequence[Found],
    take: Callable[[Floats], Floats],
    deadline: Deadline,
    because: str,
) -> Judged:
    """mpmath's numbers, of which nothing is proven."""
    from gradcalc.check.digits.oracle import truth  # deferred: it brings mpmath

    case = case_of(question)
    known = truth(case, deadline).entries
    mp = context()
    if not all(isinstance(entry, mp.mpf) and mp.isfinite(entry) for entry in known):
        raise NoReferenceError(because)
    entries = np.empty(case.shape, object)
    entries.ravel()[:] = known
    with mp.workdps(_DIGITS):
        told = [_DIGITAL[one.fact.name](mp, take(entries), matrix, one) for one in found]
    titles = ", ".join(one.fact.title for one in found)
    line = f"✓ mpmath, {_DIGITS} digits: {titles}; not proven ({because})"
    return Judged([replace(one, proven=False) for one in told], True, line)


def _mp_sigma(mp: Any, entries: Any) -> Floats:
    tall = entries if entries.shape[0] >= entries.shape[1] else entries.T
    return np.array([float(s) for s in mp.svd_r(mp.matrix(tall.tolist()), compute_uv=False)])


def _mp_det(mp: Any, entries: Any, matrix: Matrix, found: Found) -> Found:
    value = float(mp.det(mp.matrix(entries.tolist())))
    return replace(found, entries=np.array([[value]]), data={"det": value})


def _mp_cond(mp: Any, entries: Any, matrix: Matrix, found: Found) -> Found:
    sigma = _mp_sigma(mp, entries)
    return conditioned(float(sigma[0] / sigma[-1])) if sigma[-1] else found


def _mp_svd(mp: Any, entries: Any, matrix: Matrix, found: Found) -> Found:
    return singular_values(matrix.shape, _mp_sigma(mp, entries))


def _mp_eig(mp: Any, entries: Any, matrix: Matrix, found: Found) -> Found:
    values: list[complex] = []
    for block in matrix.blocks:
        inner = mp.matrix(entries[np.ix_(block, block)].tolist())
        values += map(complex, mp.eig(inner, left=False, right=False))
    return eigenvalues(in_order(np.array(values)))


def _mp_inv(mp: Any, entries: Any, matrix: Matrix, found: Found) -> Found:
    turned = mp.inverse(mp.matrix(entries.tolist()))
    return inverse(matrix, np.array([[float(x) for x in row] for row in turned.tolist()]))


_DIGITAL: dict[str, Callable[[Any, Any, Matrix, Found], Found]] = {
    "det": _mp_det,
    "rank": lambda mp, entries, matrix, found: found,
    "cond": _mp_cond,
    "svd": _mp_svd,
    "eig": _mp_eig,
    "inv": _mp_inv,
}
