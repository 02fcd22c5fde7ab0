"""``gradcalc linearize``: equations around a point → A, B, C, D, and what they say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gradcalc.calculus.kinds import KINDS
from gradcalc.cli import terminal
from gradcalc.cli.derivatives import bends, verdict_exit
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import a_point, expression, method, names, traced, values
from gradcalc.errors import BindingError, Exit, UsageError
from gradcalc.language import parse
from gradcalc.language.problem import pose, settled
from gradcalc.linear.system import Names, likely, own, remarks, require_apart, roles
from gradcalc.render.formats import FORMATS
from gradcalc.render.remarks import undefined


def linearize(options: Options) -> Text:
    """The linear model at a point, checked; without one its matrices as formulas."""
    states, inputs = _names(options.states, "--states"), _names(options.inputs_, "--inputs")
    if not states.names:
        raise UsageError("linearize needs --states", hint=_as_states(options))
    require_apart(states, inputs)
    method(options)
    try:
        if options.at is None:
            if options.trim:
                raise UsageError("--trim needs a point to start from", hint=a_point(options))
            return _formulas(options, states, inputs)
        return _at_a_point(options, states, inputs)
    except BindingError as error:  # what is a column here, the language knows as --wrt
        error.message = error.message.replace("--wrt", "--states or --inputs")
        error.hint = error.hint.replace("--wrt", "--inputs")
        raise


def _as_states(options: Options) -> str:
    """States and inputs that would do."""
    states, inputs = likely(traced(options))
    rest = f" --inputs {','.join(inputs)}" if inputs else ""
    return f"for example --states {','.join(states)}{rest}" if states else ""


def _names(text: str | None, option: str) -> Names:
    return Names(option, text or "", tuple(names(text, option) or ()))


def _at_a_point(options: Options, states: Names, inputs: Names) -> Text:
    text, name = expression(options)
    columns = [*states.names, *inputs.names]
    at, parameters = values(options.at, "--at"), values(options.param, "--param")
    problem = pose(
        text, name=name, at=at, parameters=parameters, wrt=columns, then=options.measure or ""
    )
    given = settled(at, parameters, columns).for_parse
    first = own(problem.graph, text, options.measure or "", name=name, **given)
    found = roles(problem.graph, first, states, inputs)
    from gradcalc.check.models import judge_model  # deferred, as all that computes
    from gradcalc.check.verify import BUDGET
    from gradcalc.engine.point import Question
    from gradcalc.engine.program import Program
    from gradcalc.linear.model import linearize as model_at
    from gradcalc.linear.trim import trimmed
    from gradcalc.render.model import WRITERS, Report

    program = Program(problem.graph)
    here, search = program.at(problem.x), None
    if options.trim:
        search = trimmed(here, found)
        here = program.at(search.x)
    question = Question(KINDS["jacobian"], here)
    bent = bends(here, options)
    gap = undefined(question)
    if gap is not None:
        raise gap
    model = model_at(here, found, search)
    budget = BUDGET if options.budget is None else options.budget
    verdict, known = judge_model(model, method=method(options), budget=budget)
    report = Report(
        model,
        known,
        verdict,
        (*remarks(problem.graph, found.states), *(kink.note for kink in bent)),
        options.quiet,
        terminal.screen(options.color, options.out).width,
    )
    own_place = FORMATS[options.format].remarks or options.format in ("numpy", "matlab", "control")
    return Text(
        WRITERS[options.format](report, options.digits),
        verdict_exit(verdict, options),
        verdict is not None and verdict.passed is True,
        notes=() if own_place else (*report.notes, report.balance),
    )


def _formulas(options: Options, states: Names, inputs: Names) -> Text:
    from gradcalc.cli.formulas import judged as judged_formulas
    from gradcalc.formulas.derivative import derive
    from gradcalc.formulas.latex import Latex
    from gradcalc.formulas.writing import Notation, OnPaper
    from gradcalc.render.model import FORMULA_WRITERS, FormulaModel

    if options.format not in FORMULA_WRITERS:
        raise UsageError(
            f"{options.format} is for numbers, and without a point the model is formulas",
            hint=f"numbers at a point: {a_point(options)}; formulas: --format json",
        )
    text, name = expression(options)
    given: dict[str, Any] = {
        "name": name,
        "parameters": {item.name: item.value for item in values(options.param, "--param")},
        "bound": [*states.names, *inputs.names],
    }
    then = options.measure or ""
    graph = parse(text, then=then, **given)
    found = roles(graph, own(graph, text, then, **given), states, inputs)
    formulas = derive(graph, KINDS["jacobian"])
    identity = None
    if method(options) != "none" and formulas.entries:
        identity = judged_formulas(formulas, options, method(options))
    formulas = formulas.unshared()  # they are shared anew, among the blocks
    terms, n = formulas.terms, len(graph.variables)
    place = {variable: j for j, variable in enumerate(graph.variables)}

    def entry(output: int, variable: str) -> int:
        j = place.get(variable)
        return terms.zero if j is None else formulas.entries[output * n + j]

    blocks = found.blocks(entry, terms.zero, terms.one)
    flat = tuple(term for block in blocks for row in block for term in row)
    whole = replace(formulas, entries=flat).shared()
    notation = {"table": OnPaper(), "latex": Latex()}.get(options.format, Notation())
    parts, texts = whole.spelled(notation)
    rest = iter(texts)
    spelled = {
        letter: [[next(rest) for _ in row] for row in block]
        for letter, block in zip("ABCD", blocks, strict=True)
    }
    told = [f"note: {note}" for note in remarks(graph, found.states)]
    report = FormulaModel(
        found.states,
        found.inputs,
        found.measured,
        found.labels,
        spelled,
        parts,
        [] if options.quiet else [*told, *([identity.line] if identity else [])],
        identity.as_json() if identity else {"method": "none", "passed": None},
        terminal.screen(options.color, options.out).width,
    )
    wrong = identity is not None and identity.passed is False
    return Text(
        FORMULA_WRITERS[options.format](report),
        Exit.DISAGREES if wrong else Exit.DONE,
        identity is not None and identity.passed is not None,
    )
