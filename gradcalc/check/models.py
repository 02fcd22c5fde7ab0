"""Linear models, proven: enclosed eigenvalues, and ranks of Kalman's matrix in many bits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcalc.calculus.kinds import KINDS
from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.case import NoReferenceError
from gradcalc.check.enclosures import oracle as enclosures
from gradcalc.check.matrices import Algebra, as_double, prove
from gradcalc.check.verdict import Verdict
from gradcalc.check.verify import BUDGET, case_of, verify
from gradcalc.engine.point import Question
from gradcalc.engine.schedule import Floats
from gradcalc.linear.facts import Matrix, eigenvalues
from gradcalc.linear.model import Mode, Model, Stability, sort_modes, stability
from gradcalc.linear.reachable import Reach

_BITS = 1024
"""Powers of A up to the number of states keep digits enough with so many."""
_MOST_STATES = 24


@dataclass(frozen=True, eq=False)
class Proven:
    """What is known of a model: its modes, whether it is stable, what inputs move and measurements
    tell; which of these are ``proven``, and in a ``line``."""

    modes: list[Mode]
    stability: Stability
    controllability: Reach
    observability: Reach
    line: str = ""
    proven: tuple[str, ...] = ()


def judge_model(
    model: Model, *, method: str = "auto", budget: float = BUDGET
) -> tuple[Verdict | None, Proven]:
    """The verdict on the Jacobian that the model is made of, and what is known of the model. With
    the ``method`` none there is no verdict, and nothing is proven."""
    with np.errstate(all="ignore"):
        if method == "none":
            return None, unproven(model)
        question = Question(KINDS["jacobian"], model.at)
        # at an equilibrium the values are rounding, and nobody's answer: they are not compared
        verdict = verify(question, value=np.zeros(0), method=method, budget=budget)
        return verdict, prove_model(question, model, budget)


def unproven(model: Model, line: str = "") -> Proven:
    """As doubles have it."""
    return Proven(
        model.modes, stability(model.modes), model.controllability, model.observability, line
    )


def prove_model(question: Question, model: Model, budget: float) -> Proven:
    """What many bits say of the model at a point. ``question`` is that for its Jacobian."""
    found = unproven(model)
    if not len(model.A):
        return found
    names = question.at.program.variables
    states = [names.index(name) for name in model.roles.states]
    inputs = [names.index(name) for name in model.roles.inputs]
    rows, below = list(model.roles.equations), list(model.roles.measurements)

    def take(entries: Floats) -> Floats:
        return entries[np.ix_(rows, states)]

    asked = [eigenvalues(np.array([mode.value for mode in model.modes]))]
    judged = prove(question, model.matrix, asked, budget, take)
    balls = judged.algebra.spectrum if judged.algebra else None
    told = []
    if balls is not None:
        modes = sort_modes([_mode(ball) for ball in balls])
        found = replace(found, modes=modes, stability=stability(modes, proven=True))
        told.append("eigenvalues")
    try:
        case, deadline = case_of(question), Deadline(budget)
        with enclosures.precision(_BITS):
            whole = np.empty(case.shape, object)
            whole.ravel()[:] = enclosures.entries(case, deadline, _BITS)
            a, b = whole[np.ix_(rows, states)], whole[np.ix_(rows, inputs)]
            c = whole[np.ix_(below, states)] if below else np.array(_ones(len(states)), object)
            marks = model.touched
            moved = _ranked(found.controllability, a, b, marks[0])
            seen = _ranked(found.observability, a.T, c.T, marks[1])
    except (NoReferenceError, OutOfTime):
        moved, seen = found.controllability, found.observability
    told += ["controllability"] if moved.proven else []
    told += ["observability"] if seen.proven else []
    line = f"✓ proven: {', '.join(told)} (Arb)" if told else judged.line
    return replace(found, controllability=moved, observability=seen, line=line, proven=tuple(told))


def _ones(n: int) -> list[list[Any]]:
    from flint import arb

    return [[arb(int(i == j)) for j in range(n)] for i in range(n)]


def _mode(ball: Any) -> Mode:
    """The middle of an enclosure, its nearest doubles where they are decided."""
    re, im = as_double(ball.real), as_double(ball.imag)
    value = complex(
        float(ball.real.mid()) if np.isnan(re) else re,
        float(ball.imag.mid()) if np.isnan(im) else im,
    )
    if ball.real.contains(0) and not ball.real.is_exact():
        value = complex(0.0, value.imag)
    return Mode(value, float(ball.real.rad()))


def _ranked(reach: Reach, a: Any, b: Any, marks: Any) -> Reach:
    """The rank of (B, AB, A²B, …), as far as it is certain: of fractions exactly, else where the
    rows that can be moved at all are independent."""
    n = len(a)
    kept = np.flatnonzero(marks)
    if n > _MOST_STATES:
        return _known(reach, None)
    if not len(kept) or not b.shape[1]:
        return reach._replace(rank=0, proven=True)
    inner, column = a[np.ix_(kept, kept)], b[kept]
    columns = [column]
    for _ in range(len(kept) - 1):
        columns.append(inner @ columns[-1])
    kalman = np.concatenate(columns, axis=1)
    ones = np.ones(kalman.shape, bool)
    names = tuple(map(str, range(max(kalman.shape))))
    algebra = Algebra(
        kalman,
        Matrix(np.zeros(kalman.shape), ones, names[: len(kept)], names[: kalman.shape[1]]),
        _BITS,
    )
    if algebra.rational is not None:
        return _known(reach, int(algebra.rational.rank()))
    whole = algebra.arb(kalman)
    full = bool((whole * whole.transpose()).det() > 0)
    return _known(reach, len(kept) if full else None)


def _known(reach: Reach, rank: int | None) -> Reach:
    """``rank`` is certain, or None."""
    if rank is None:
        return reach._replace(proven=False)
    hidden = reach.hidden if rank == reach.rank else ()
    return reach._replace(rank=rank, hidden=hidden, proven=True)
