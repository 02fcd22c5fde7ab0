"""``--show``: facts about a Jacobian or a Hessian, at a point and as formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcalc.cli.options import Options
from gradcalc.errors import BindingError, UsageError
from gradcalc.linear.kinds import FACTS

if TYPE_CHECKING:
    from gradcalc.engine.point import Question
    from gradcalc.engine.schedule import Floats
    from gradcalc.formulas.derivative import Formulas
    from gradcalc.render.facts import Shown

BUDGET = 5.0
"""Seconds of processor time for proving facts, unless --budget says."""


def wanted(options: Options) -> list[str]:
    """The facts that were asked for, in the order of their table."""
    return [name for name in FACTS if name in (options.show or "").split(",")]


def at_a_point(options: Options, question: Question, entries: Floats, how: str) -> Shown:
    """The facts about the matrix of ``entries``, proven as far as that goes."""
    import numpy as np

    from gradcalc.linear import words
    from gradcalc.linear.facts import Matrix, facts, require, spectrum
    from gradcalc.render.facts import Shown

    program, kind = question.at.program, question.kind
    names = {"outputs": program.outputs, "variables": program.variables}
    rows, columns = names[kind.rows], names[kind.columns]
    require((len(rows), len(columns)), wanted(options))
    if not entries.size:
        raise BindingError("there is no matrix: the expression has no variables")
    if not np.isfinite(entries).all():
        return Shown((), None, ("--show: the matrix has entries that are not finite",))
    found = (program.gradient_program if kind.order == 2 else program).pattern
    pattern = np.zeros(entries.shape, bool)
    pattern[found.rows, found.columns] = True
    matrix = Matrix(entries, pattern, rows, columns, symmetric=kind.order == 2)
    asked = facts(matrix, wanted(options))
    judged = None
    if how != "none":
        from gradcalc.check.matrices import prove  # deferred: it brings the check

        judged = prove(
            question, matrix, asked, BUDGET if options.budget is None else options.budget
        )
        asked = judged.facts
    if kind.order == 2:
        balls = judged.algebra.spectrum if judged and judged.algebra else None
        nature = words.of_bowl(question.at, entries, spectrum(matrix).real, balls)
        return Shown(tuple(asked), judged, (nature.told,), kind, nature.as_json())
    return Shown(tuple(asked), judged, tuple(words.of_map(matrix, asked)), kind)


def as_formulas(options: Options, found: Formulas) -> list[Any]:
    """The facts that are formulas. Raises UsageError for the others."""
    from gradcalc.linear.facts import require
    from gradcalc.linear.symbolic import LARGEST, formula

    shape = found.shape
    require((shape[0], shape[1]), wanted(options))
    for name in wanted(options):
        if name not in LARGEST:
            raise UsageError(
                f"there is no formula for {FACTS[name].title} here",
                hint=f"--at gives the numbers; formulas: --show {','.join(LARGEST)}",
            )
        if shape[0] > LARGEST[name]:
            raise UsageError(
                f"{name} as a formula is of at most {LARGEST[name]} rows, and there are {shape[0]}",
                hint="--at gives the numbers",
            )
    return [formula(found, name) for name in wanted(options)]
