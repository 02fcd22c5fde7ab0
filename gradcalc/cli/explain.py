"""``gradcalc explain``: the chain rule, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcalc.calculus.kinds import KINDS, V
from gradcalc.cli.derivatives import bends
from gradcalc.cli.inputs import inputs_of, stated
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import posed, vector
from gradcalc.cli.terminal import screen
from gradcalc.errors import Exit, UndefinedError, UsageError
from gradcalc.render.numbers import shown
from gradcalc.render.product import MOST, combination, product
from gradcalc.render.remarks import undefined

if TYPE_CHECKING:
    from gradcalc.engine.point import At, Question
    from gradcalc.explain.steps import Explanation


_LONGEST = 100  # characters of a formula, beside numbers
DIGITS = 6
"""Significant digits of an explanation, unless --digits says otherwise."""


def explain(options: Options) -> Text:
    """The chain rule step by step: for vᵀJ, or without v for every output in turn; with
    --uncertainty, how that of each input comes to each output."""
    if options.uncertainty:
        return _budgets(options)
    _require_certain(options)
    problem = posed(options)
    labels = problem.graph.output_names
    if options.v is not None or len(labels) == 1:
        kind = KINDS["vjp" if options.v is not None else "gradient"]
        seeds = [vector(problem, V, options)]
    else:
        kind = KINDS["jacobian"]
        seeds = [[float(i == k) for k in range(len(labels))] for i in range(len(labels))]
    from gradcalc.engine.point import Question
    from gradcalc.engine.program import Program
    from gradcalc.explain.steps import chart  # deferred, as numpy is
    from gradcalc.render.frame import framed
    from gradcalc.render.records import RECORDS
    from gradcalc.render.steps import Style, as_record, render_all

    at = Program(problem.graph).at(problem.x)
    notes = (*problem.graph.notes, *(kink.note for kink in bends(at, options)))
    parts = chart(at)
    explanations = [parts.sweep(v) for v in seeds]
    if options.format in RECORDS:
        body = {"explanations": [as_record(explanation) for explanation in explanations]}
        record = framed("explain", problem.graph.variables, labels, problem.at, body, notes=notes)
        text, notes = RECORDS[options.format](record), ()
    else:
        digits = options.digits or DIGITS
        style = Style(digits, screen(options.color, options.out).color, options.steps)
        more = _weighted(at, seeds[0], digits) if len(seeds) == 1 else []
        text = render_all(explanations, style, more)
    error = _undefined(Question(kind, at, seeds[0]), explanations)
    return Text(text, error.exit if error else Exit.DONE, error=error, notes=notes)


def _weighted(at: At, v: list[float], digits: int) -> list[list[str]]:
    """What is differentiated, and its slopes, as formulas; and vᵀ·J as a product."""
    outputs, gradient = at.program.outputs, at.vjp(v).tolist()
    blocks = []
    if len(outputs) > 1 or v != [1.0]:
        terms = combination([shown(weight, digits) for weight in v], outputs)
        total = sum(weight * y for weight, y in zip(v, at.value.tolist(), strict=True))
        said = f"  Σ = {terms} = {shown(total, digits)}"
        slopes = _slopes(at, v, gradient, "Σ", digits)
        blocks = [["the sum that is differentiated, and its slopes", said, *slopes]]
    elif slopes := _slopes(at, v, gradient, outputs[0], digits):
        blocks = [["the slopes as formulas", *slopes]]
    jacobian = at.jacobian().tolist() if len(gradient) * len(outputs) <= MOST else []
    if lines := product(v, jacobian, gradient, digits):
        blocks.append(["v picks rows of J and adds them up", *(f"  {line}" for line in lines)])
    return blocks


def _slopes(at: At, v: list[float], gradient: list[float], name: str, digits: int) -> list[str]:
    """dΣ/dx = formula = number; none where a formula is long, or cannot be written."""
    from gradcalc.formulas.derivative import derive
    from gradcalc.formulas.exact import UnwritableError
    from gradcalc.formulas.writing import OnPaper

    if len(gradient) * len(v) > MOST:
        return []
    try:
        _, formulas = derive(at.program.graph, KINDS["vjp"], v).unshared().spelled(OnPaper())
    except UnwritableError:
        return []
    numbers = [shown(slope, digits) for slope in gradient]
    if any(len(formula) > _LONGEST for formula in formulas):
        return []
    return [
        f"  d{name}/d{variable} = {formula}" + (f" = {number}" if formula != number else "")
        for variable, formula, number in zip(at.program.variables, formulas, numbers, strict=True)
    ]


def _undefined(question: Question, explanations: list[Explanation]) -> UndefinedError | None:
    """What an explanation of nothing has to say."""
    import numpy as np

    slopes = np.array([[total.derivative for total in one.totals] for one in explanations])
    return undefined(question, slopes.reshape(question.kind.shape(*slopes.shape)))


def _require_certain(options: Options) -> None:
    """Options that speak of uncertainties alone."""
    given = {"--u": options.uncertainties, "--cov": options.cov, "--corr": options.corr,
             "--dof": options.dof, "--data": options.data}  # fmt: skip
    for option, value in given.items():
        if value:
            raise UsageError(f"{option} is about uncertainties", hint="with --uncertainty")


def _budgets(options: Options) -> Text:
    """A budget for each output, the chain rule as far as each input goes."""
    if options.v is not None:
        raise UsageError("--uncertainty explains every output for itself: leave out --v")
    asked = stated(options)
    graph = asked.problem.graph

    from gradcalc.engine.program import Program
    from gradcalc.explain.passages import passages
    from gradcalc.explain.steps import chart
    from gradcalc.render.frame import framed
    from gradcalc.render.passages import Explained, as_record, render_passages
    from gradcalc.render.records import RECORDS
    from gradcalc.uncertainty.linear import Linear

    program = Program(graph)
    inputs = inputs_of(asked, options)
    at = program.at(asked.problem.x)
    notes = (*graph.notes, *(kink.note for kink in bends(at, options)), *asked.notes)
    gap = undefined(at.ask("jacobian"))
    if gap is not None:
        raise gap
    linear, parts, explained = Linear(inputs, at.value, at.jacobian()), chart(at), []
    for i, name in enumerate(program.outputs):
        steps = parts.sweep([float(i == k) for k in range(len(program.outputs))])
        pairs = zip(inputs.names, inputs.u.tolist(), strict=True)
        ways = [passages(steps, variable, u) if u else () for variable, u in pairs]
        explained.append(Explained(linear, i, name, ways))
    if options.format in RECORDS:
        body = {"budgets": [as_record(one) for one in explained]}
        record = framed("explain", program.variables, program.outputs, asked.problem.at, body,
                        notes=notes)  # fmt: skip
        return Text(RECORDS[options.format](record))
    digits = options.digits or DIGITS
    return Text("\n".join(render_passages(one, digits) for one in explained), notes=notes)
