"""Differences of values, for those who ask for them: no derivative rule of anybody's is used.

The graph is evaluated to hundreds of digits at the point and beside it, so that a step can be small
enough for its error to vanish. That takes several evaluations a column, of a Hessian eight an
entry.
"""

from __future__ import annotations

from gradcalc.calculus.kinds import U, V
from gradcalc.check.budget import Deadline
from gradcalc.check.case import Case, Reference
from gradcalc.check.compare import KINK, Nowhere, Truth, Unchecked
from gradcalc.check.digits import oracle
from gradcalc.check.digits.approach import Beside
from gradcalc.check.structure import Outline


def truth(case: Case, deadline: Deadline) -> Reference:
    """The entries and values by differences. Raises OutOfTime and NoReferenceError."""
    with deadline.alarm():
        values = oracle.values(case, deadline)
        if case.kind.order == 0:
            return Reference([], values)
        beside = Beside(Outline(case.graph), case.x, deadline)
        return Reference([_told(case, true) for true in _entries(case, beside)], values)


def _entries(case: Case, beside: Beside) -> list[Truth]:
    m, n = len(case.graph.outputs), len(case.graph.inputs)
    kind, scales = case.kind, case.entry_scales
    vector = dict(enumerate(case.vector))
    if kind.order == 2 and kind.vector is not None:
        return [beside.curvature({j: 1.0}, vector, scales[j]) for j in range(n)]
    if kind.order == 2:
        pairs = [(i, j) for i in range(n) for j in range(i + 1)]
        half = {(i, j): beside.curvature({i: 1.0}, {j: 1.0}, scales[i * n + j]) for i, j in pairs}
        return [half[max(i, j), min(i, j)] for i in range(n) for j in range(n)]
    if kind.vector is V:
        return [beside.slope({j: 1.0}, vector, scales[j]) for j in range(n)]
    if kind.vector is U:
        return [beside.slope(vector, {i: 1.0}, scales[i]) for i in range(m)]
    places = [(i, j) for i in range(m) for j in range(n)]
    return [beside.slope({j: 1.0}, {i: 1.0}, scales[i * n + j]) for i, j in places]


def _told(case: Case, true: Truth) -> Truth:
    """Where there is no derivative because of a kink, a note tells of it."""
    return Unchecked(KINK) if case.kinks and isinstance(true, Nowhere) else true
