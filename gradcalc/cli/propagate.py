"""``gradcalc propagate``: what the uncertainties of the inputs make of the outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcalc.cli.derivatives import bends, judged, verdict_exit
from gradcalc.cli.inputs import inputs_of, remarks, stated
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import method
from gradcalc.cli.terminal import screen
from gradcalc.errors import Exit, UsageError
from gradcalc.render.formats import FIGURES
from gradcalc.render.remarks import undefined

if TYPE_CHECKING:
    from gradcalc.check.verdict import Verdict
    from gradcalc.render.budget import Budget
    from gradcalc.uncertainty.propagation import Propagation


def propagate(options: Options) -> Text:
    """The value and the uncertainty of every output, its budget, and whether the linear interval
    stands.

    Raises GradcalcError where the expression, the point and the uncertainties do not fit together.
    """
    method(options)  # refused before anything is computed
    if options.plot and options.format not in ("table", *FIGURES):
        raise UsageError(
            f"--plot draws beside a table, and {options.format} is none",
            hint="-f svg draws the budget alone",
        )
    asked = stated(options)

    from gradcalc.engine.program import Program
    from gradcalc.render.budget import Budget  # deferred, as numpy is
    from gradcalc.uncertainty.propagation import Setting
    from gradcalc.uncertainty.propagation import propagate as propagated

    program = Program(asked.problem.graph)
    inputs = inputs_of(asked, options)
    at = program.at(asked.problem.x)
    question = at.ask("jacobian")
    bent = bends(at, options)
    gap = undefined(question)
    if gap is not None:
        raise gap
    setting = Setting(
        options.level / 100, options.significant, int(options.monte_carlo or 0), options.seed
    )
    found = propagated(program, at, inputs, setting)
    verdict = judged(question, options)
    curved = _curvatures(found, options)
    exits = [*(verdict_exit(one, options) for one in (verdict, *curved)), found.exit]
    exit = Exit.DISAGREES if Exit.DISAGREES in exits else next(filter(None, exits), Exit.DONE)
    budget = Budget(
        program.outputs,
        asked.problem.at,
        found,
        verdict,
        curved,
        options.quiet,
        () if options.quiet else (
            *asked.problem.graph.notes, *(kink.note for kink in bent), *asked.notes,
            *remarks(inputs), *found.remarks,
        ),
    )  # fmt: skip
    text = _written(budget, options)
    told = options.format in _WITH_REMARKS
    passed = verdict is not None and all(one is None or one.passed for one in (verdict, *curved))
    return Text(text, exit, passed, notes=() if told else _aside(budget))


def _aside(budget: Budget) -> tuple[str, ...]:
    """What a format has no place for: notes, and verdicts that are not good."""
    from gradcalc.render.budget import verdicts

    return (*budget.notes, *(line for line in verdicts(budget) if not line.startswith("✓")))


def _written(budget: Budget, options: Options) -> str:
    if options.format in FIGURES:
        from gradcalc.plot import figures  # deferred: matplotlib

        return figures.budget(budget, options.format)
    from gradcalc.render.budget import WRITERS

    text = WRITERS[options.format](budget, options.digits)
    if options.plot:
        from gradcalc.plot import bars

        text += f"\n{bars.budget(budget, screen(options.color, options.out).width)}"
    return text


def _curvatures(found: Propagation, options: Options) -> tuple[Verdict | None, ...]:
    """The verdicts on the second derivatives of each output; together they take no longer than one
    check may. None where there are none."""
    if method(options) == "none":
        return (None,) * len(found.seconds)
    from gradcalc.check.verify import BUDGET  # deferred, as in ``judged``

    budget = (BUDGET if options.budget is None else options.budget) / len(found.seconds)
    shared = options.but(budget=budget)
    return tuple(judged(one.question, shared) if one else None for one in found.seconds)


_WITH_REMARKS = ("table", "json", "ndjson", "markdown")
