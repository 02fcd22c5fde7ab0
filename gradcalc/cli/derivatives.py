"""The commands that answer with numbers: an expression at a point → an ``Answer``."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gradcalc.calculus.kinds import BY_WORD, Kind, V
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import method, one_output, posed, traced, vector
from gradcalc.errors import BindingError, Exit, UndefinedError, listed
from gradcalc.functions.primitives import CONSTANTS, TABLE, WHERE
from gradcalc.graph.graph import Graph
from gradcalc.limits import MOST_ENTRIES
from gradcalc.render.remarks import lost, notes, undefined

if TYPE_CHECKING:
    from gradcalc.check.matrices import Facts
    from gradcalc.check.verdict import Verdict
    from gradcalc.engine.point import At, Question
    from gradcalc.engine.schedule import Floats
    from gradcalc.explain.kinks import Kink
    from gradcalc.render.answer import Answer
    from gradcalc.render.formulas import Sheet


def answer(options: Options, kind: Kind | None = None) -> Answer | Text:
    """What ``options.command`` asks for: at a point the values and the derivative, checked; without
    one the derivative as formulas.

    Raises GradcalcError where the expression, the point or the vector cannot be read or don't fit.
    """
    kind = kind or BY_WORD[options.command]
    if kind.order and options.at is None:
        graph = traced(options)
        if options.order > 1:
            graph = _raised(graph, options, plain=True)
        if graph.variables:  # of numbers alone there is nothing to write down
            from gradcalc.cli.formulas import formulas  # deferred: not every answer is one

            return formulas(options, kind, graph)
    method(options)  # refused before anything is computed
    problem = posed(options)
    if kind.of_one:
        one_output(problem.graph, kind.of_one, options)
    primal = problem.graph
    if options.order > 1:
        problem = problem._replace(graph=_raised(primal, options))
    direction = vector(problem, kind.vector, options) if kind.vector else []
    _require_printable(problem.graph, kind)

    import numpy as np  # deferred, like the answer: what is refused above needs neither

    from gradcalc.engine.point import Question
    from gradcalc.engine.program import Program
    from gradcalc.render.answer import Answer

    at = Program(problem.graph).at(problem.x)
    along = np.array(direction) if kind.vector else None
    question = Question(kind, at, along, options.mode)
    bent = bends(at, options, question.way) if kind.order else []
    value, entries = at.value, question.entries
    verdict = judged(question, options)
    if verdict is not None and options.order > 1:
        verdict = _with_series(verdict, primal, question, options)
    limits = _limits(question, value, verdict)
    if verdict is not None and (limits or options.precise):
        value, entries = _known(value, entries, verdict, None if options.precise else limits)
        verdict = judged(question, options, entries, value)
    gap = undefined(question, entries, value, verdict)
    if gap is not None and verdict is not None and not options.limits:
        gap.hint = _also(gap.hint, question, options)
    facts = None
    if options.show and entries is not None:
        from gradcalc.check.matrices import BUDGET, examine  # deferred, as the check is
        from gradcalc.linear.kinds import chosen

        budget = BUDGET if options.budget is None else options.budget
        facts = examine(
            question, entries, chosen(options.show), method=method(options), budget=budget
        )
    misses = None if gap or options.precise else lost(at, verdict)
    sheet = _formulas(options, kind) if options.formulas else None
    return Answer(
        command=options.command,
        kind=kind,
        variables=at.program.variables,
        outputs=at.program.outputs,
        at=problem.at,
        point=at.x,
        value=value,
        entries=entries,
        vector=along,
        verdict=verdict,
        notes=(
            *problem.graph.notes,
            *_of_constants(problem.graph, options),
            *notes(question, entries, bent),
            *dict.fromkeys(limits.values()),
        ),
        undefined=gap,
        lost=misses,
        jacobian=_beside(question, options),
        certified=options.certify,
        formulas=sheet,
        facts=facts,
        exit=Exit.UNDEFINED if gap else _worst(verdict_exit(verdict, options), facts, sheet),
    )


def _worst(exit: Exit, facts: Facts | None, formulas: Sheet | None) -> Exit:
    """A fact or a formula that is wrong is a wrong answer."""
    judged = (
        facts and facts.judged, formulas and formulas.identity, formulas and formulas.facts_identity
    )  # fmt: skip
    return Exit.DISAGREES if any(one and one.passed is False for one in judged) else exit


def _raised(graph: Graph, options: Options, plain: bool = False) -> Graph:
    """The derivative whose gradient is of the order that is asked for, with ``plain`` rules or
    those that are exact to the edges."""
    from gradcalc.calculus import gradients, rules  # deferred: a syntax error comes back without

    one_output(graph, "derivative of higher order", options)
    if len(graph.variables) != 1:
        by_name = ",".join(f"{name}=…" for name in graph.variables)
        raise BindingError(
            f"--order is of one variable, and there are {listed(graph.variables) or 'none'}",
            hint=f"one of them: --wrt {graph.variables[0]} --at {by_name}" if by_name else "",
        )
    rule = rules.plain if plain else rules.rule
    return gradients.higher_graph(graph, options.order - 1, rule)


def _with_series(verdict: Verdict, primal: Graph, question: Question, options: Options) -> Verdict:
    """The verdict, and whether Arb's power series has the same derivative."""
    from dataclasses import replace

    from gradcalc.check.orders import by_series  # deferred, as in judged
    from gradcalc.check.verify import BUDGET

    entries = question.entries
    if entries is None or verdict.passed is not True or not math.isfinite(entries[0]):
        return verdict
    budget = BUDGET if options.budget is None else options.budget
    at, scale = question.at, float(question.at.scale("gradient").flat[0])
    told = by_series(primal, float(at.x[0]), options.order, float(entries[0]), scale, budget)
    if told is None:
        return verdict
    if not told:
        other = "the power series has another number"
        return replace(verdict, passed=None, open=True, reason=other)
    same = f"the power series has it as its coefficient of order {options.order}"
    return replace(verdict, reason="; ".join(filter(None, [verdict.reason, same])))


def _beside(question: Question, options: Options) -> Floats | None:
    """The Jacobian beside a vᵀJ of several outputs, where it is small."""
    from gradcalc.render.product import MOST

    outputs, variables = question.at.program.outputs, question.at.program.variables
    small = len(outputs) > 1 and 0 < len(outputs) * len(variables) <= MOST
    wanted = question.kind.vector is V and options.format == "table" and not options.quiet
    return question.at.jacobian() if small and wanted else None


def _formulas(options: Options, kind: Kind) -> Sheet:
    from gradcalc.cli.formulas import written  # deferred, as above

    return written(options, kind, traced(options))


def _require_printable(graph: Graph, kind: Kind) -> None:
    """Raises BindingError for a Jacobian or a Hessian of more than MOST_ENTRIES entries."""
    shape = kind.shape(len(graph.outputs), len(graph.inputs))
    if kind.otherwise and math.prod(shape) > MOST_ENTRIES:
        size = " × ".join(f"{length:,}" for length in shape)
        raise BindingError(
            f"the {kind.title} would have {size} entries, and the most is {MOST_ENTRIES:,}",
            hint=kind.otherwise,
        )


def judged(
    question: Question,
    options: Options,
    entries: Floats | None = None,
    value: Floats | None = None,
) -> Verdict | None:
    """The verdict on an answer (ours, or other numbers), as the options ask for it."""
    how = method(options)
    if how == "none":
        return None
    from gradcalc.check.verify import BUDGET, verify  # deferred: it brings sympy

    budget = BUDGET if options.budget is None else options.budget
    limits = options.limits
    return verify(question, entries, value, method=how, budget=budget, limits=limits)


def _of_constants(graph: Graph, options: Options) -> Iterator[str]:
    """Of true values, that e and pi are doubles here like all numbers of a text."""
    numbers = ((graph.names.get(node, ""), number) for node, number in graph.constants.items())
    named = sorted({name for name, number in numbers if CONSTANTS.get(name) == number})
    if (options.precise or options.certify) and named:
        told = ", ".join(f"{name} = {CONSTANTS[name]!r}" for name in named)
        yield f"the numbers of the text are doubles, and so is {told}: true is what is true of them"


def _also(hint: str, question: Question, options: Options) -> str:
    """A hint, and that there are limits for all that is undefined, if so."""
    value, entries = question.at.value, question.entries
    again = judged(question, options.but(limits=True))
    limits = _limits(question, value, again)
    if again is None or not limits:
        return hint
    value, entries = _known(value, entries, again, limits)
    if undefined(question, entries, value, again) is not None:
        return hint
    return "\n".join(filter(None, [hint, f"--limits: {next(iter(limits.values()))}"]))


def _limits(question: Question, value: Floats, verdict: Verdict | None) -> dict[int, str]:
    """The numbers (entries, and then values) that the formula has no answer for, or a convention
    that the two sides of the point contradict, and in words what is printed instead."""
    if verdict is None or not verdict.limits:
        return {}
    import numpy as np

    entries = np.array(()) if question.entries is None else question.entries
    truth = () if verdict.truth is None else verdict.truth
    ours = [*entries.ravel().tolist(), *value.tolist()]
    trues = [*np.ravel(truth).tolist(), *verdict.value_truth]
    names = question.at.program.outputs
    found: dict[str, list[tuple[int, str]]] = {}
    for k, where in sorted(verdict.limits.items(), key=lambda item: item[0] < entries.size):
        if not (math.isclose(ours[k], trues[k]) or math.isnan(trues[k])):  # rounding is no limit
            place = k - entries.size
            index = np.unravel_index(k, entries.shape) if place < 0 else ()
            name = names[place] if place >= 0 else question.name(*map(int, index))
            found.setdefault(where, []).append((k, f"{name} = {trues[k]:.6g}"))
    return {
        k: f"{listed([text for _, text in told], 4)} {verb} {where}"
        for where, told in found.items()
        for verb in ["is a limit," if len(told) == 1 else "are limits,"]
        for k, _ in told
    }


def _known(
    value: Floats, entries: Floats | None, verdict: Verdict, only: Container[int] | None
) -> tuple[Floats, Floats | None]:
    """The nearest doubles to the truth, for all numbers or ``only`` for some entries. What the
    check could not decide stays as it is."""
    import numpy as np

    size = 0 if entries is None else entries.size
    if verdict.value_truth:
        known = np.array(verdict.value_truth)
        taken = ~np.isnan(known)
        if only is not None:
            taken &= [size + i in only for i in range(taken.size)]
        value = np.where(taken, known, value)
    if entries is not None and verdict.truth is not None:
        taken = ~np.isnan(verdict.truth)
        if only is not None:
            chosen = [k in only for k in range(taken.size)]
            taken &= np.reshape(chosen, taken.shape)
        entries = np.where(taken, verdict.truth, entries)
    return value, entries


def verdict_exit(verdict: Verdict | None, options: Options) -> Exit:
    """A check that was insisted on and could not be decided is no success."""
    insisted = options.check is not None or options.command == "check" or options.precise
    return Exit.DONE if verdict is None else verdict.exit(insisted)


def bends(at: At, options: Options, way: Iterable[float] = ()) -> Sequence[Kink]:
    """The kinks that are to be told of, those along ``way`` too. Raises UndefinedError if there
    shall be none."""
    graph = at.program.graph
    bending = [code for code in set(graph.codes) if TABLE[code].kink or code == WHERE.code]
    if options.kinks == "silent" or not bending:
        return []
    from gradcalc.explain.kinks import kinks

    bent = kinks(at, [float(u) for u in way])
    if bent and options.kinks == "error":
        raise UndefinedError(
            f"no derivative at this point: {bent[0].note}",
            source=graph.source,
            span=bent[0].span,
            hint="--kinks note gives the slopes all the same",
        )
    return bent
