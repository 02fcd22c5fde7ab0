"""``gradcalc backward``: PyTorch's calls of ``backward``, one after another, and what they leave in
``.grad``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gradcalc.cli.derivatives import bends, judged, verdict_exit
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import everything, posed, retyped
from gradcalc.errors import BindingError, Exit, GradcalcError, Source, Span
from gradcalc.language.names import is_name
from gradcalc.language.points import flatten, read
from gradcalc.language.problem import Problem
from gradcalc.render.calls import Call
from gradcalc.render.formats import FORMATS
from gradcalc.render.product import MOST
from gradcalc.render.remarks import undefined


class Run(NamedTuple):
    """The calls that went well, the value they were made on, and the error that ended them."""

    value: list[float]
    calls: list[Call]
    error: GradcalcError | None


def backward(options: Options) -> Text:
    """Make the calls, show ``.grad`` after each, and check what it came to."""
    problem = posed(options)
    if not problem.graph.variables:
        raise _without_variables(problem, options)
    from gradcalc.engine.program import Program  # deferred: it brings numpy

    program = Program(problem.graph)
    run = _calls(problem, program, options)
    total = _total(run.calls, options.zero_grad)
    verdict, error, small = None, run.error, list[list[float]]()
    notes = tuple(problem.graph.notes)
    if run.calls:
        import numpy as np  # deferred: what is refused above needs no numbers

        at, last = program.at(problem.x), np.array(run.calls[-1].grad)
        notes += tuple(kink.note for kink in bends(at, options))
        question = at.ask("vjp", total)
        verdict = judged(question, options, last)
        error = error or undefined(question, last)
        if len(problem.x) * len(run.value) <= MOST and options.format == "table":
            small = at.jacobian().tolist()
    exit = error.exit if error else verdict_exit(verdict, options)
    agreed = verdict is not None and verdict.passed is True and exit is Exit.DONE
    from gradcalc.render import calls as render

    shown = render.Calls(
        tuple(problem.graph.variables),
        tuple(problem.graph.output_names),
        problem.at,
        problem.x,
        run.value,
        run.calls,
        options.retain_graph,
        options.zero_grad,
        verdict,
        notes,
        total,
        small,
    )
    text = render.WRITERS[options.format](shown, options.digits) if run.calls else ""
    told = FORMATS[options.format].json
    return Text(text, exit, agreed, error, () if told else notes)


def _without_variables(problem: Problem, options: Options) -> BindingError:
    """What is given its value in the text is a constant; a variable is bound from outside."""
    graph = problem.graph
    text = graph.source.text
    first, _, rest = text.partition(";")
    name, equals, value = (part.strip() for part in first.partition("="))
    assigned = equals and rest.strip() and is_name(name) and not value.startswith("=")
    outside = options.but(expr=[rest.strip()], at=[f"{name}={value}"])
    return BindingError(
        "element 0 of tensors does not require grad and does not have a grad_fn",
        source=graph.source,
        span=everything(problem),
        hint=f"bind {name} outside of the text: {retyped(outside, 'backward')}" if assigned else "",
    )


def _calls(problem: Problem, program: Any, options: Options) -> Run:
    import gradcalc.autograd as torch  # deferred: it brings numpy

    x = torch.tensor(problem.x, dtype=torch.float64, requires_grad=True)
    y = program(x)
    calls: list[Call] = []
    error = None
    for text in options.gradient or (None,):
        v = None if text is None else _numbers(text)
        if options.zero_grad:
            x.grad = None
        try:
            given = None if v is None else torch.tensor(v, dtype=torch.float64)
            y.backward(given, retain_graph=options.retain_graph)
        except RuntimeError as refusal:
            error = _refused(str(refusal), text, problem, options)
            break
        assert x.grad is not None
        calls.append(Call(v, x.grad.tolist()))
    return Run(y.detach().tolist(), calls, error)


def _numbers(text: str) -> list[float]:
    return [number for item in read(text, "--gradient") for number in flatten(item.value)]


def _total(calls: Sequence[Call], zeroed: bool) -> list[float]:
    """The vector whose vᵀJ stands in ``.grad`` at the end: gradients accumulate unless zeroed."""
    vectors = [call.gradient or [1.0] for call in (calls[-1:] if zeroed else calls)]
    return [sum(column) for column in zip(*vectors, strict=True)]


def _refused(message: str, text: str | None, problem: Problem, options: Options) -> GradcalcError:
    """PyTorch's words, and what to do about it."""
    outputs = problem.graph.output_names
    if "second time" in message:
        return BindingError(message, hint=f"{retyped(options, 'backward')} --retain-graph")
    ones = ",".join("1" for _ in outputs[:8])
    source = problem.graph.source if text is None else Source(text, "--gradient")
    span = everything(problem) if text is None else Span(0, len(text))
    sum_of = "+".join(outputs[:8])
    hint = f"--gradient {ones} is the gradient of {sum_of}" if len(outputs) <= 8 else ""
    return BindingError(message, source=source, span=span, hint=hint)
