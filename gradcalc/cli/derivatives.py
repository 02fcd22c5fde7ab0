"""The commands that answer with numbers: an expression at a point → an ``Answer``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from gradcalc.calculus.kinds import BY_WORD, Kind, U, V
from gradcalc.cli.bounds import require_printable
from gradcalc.cli.options import Options
from gradcalc.cli.question import method, posed, require_one_output, vector
from gradcalc.errors import Exit, GradcalcError, UndefinedError
from gradcalc.functions.primitives import TABLE, WHERE

if TYPE_CHECKING:
    from gradcalc.check.verdict import Verdict
    from gradcalc.engine.program import Program
    from gradcalc.engine.schedule import Floats
    from gradcalc.explain.kinks import Kink
    from gradcalc.explain.undefined import Cause
    from gradcalc.render.answer import Answer


class Asked(NamedTuple):
    """A program at a point, with the vector of a product, and the sweeps that were asked for."""

    program: Program
    x: list[float]
    vector: list[float]
    mode: str


_ENTRIES: dict[str, Callable[[Asked], Floats | None]] = {
    "eval": lambda asked: None,
    "gradient": lambda asked: asked.program.jacobian(asked.x, asked.mode)[0],
    "jacobian": lambda asked: asked.program.jacobian(asked.x, asked.mode),
    "vjp": lambda asked: asked.program.vjp(asked.x, asked.vector),
    "jvp": lambda asked: asked.program.jvp(asked.x, asked.vector),
    "hessian": lambda asked: asked.program.hessian(asked.x),
    "hvp": lambda asked: asked.program.hvp(asked.x, asked.vector),
}


def answer(options: Options, kind: Kind | None = None) -> Answer:
    """The values and the derivative that ``options.command`` asks for, checked.

    Raises GradcalcError where the expression, the point or the vector cannot be read or don't fit.
    """
    kind = kind or BY_WORD[options.command]
    method(options)  # refused before anything is computed
    problem = posed(options)
    if kind.of_one:
        require_one_output(problem, kind.of_one, options)
    direction = vector(problem, kind.vector, options) if kind.vector else []
    require_printable(problem.graph, kind)

    import numpy as np  # deferred, like the answer: what is refused above needs neither

    from gradcalc.engine.program import Program
    from gradcalc.render.answer import Answer

    asked = Asked(Program(problem.graph), problem.x, direction, options.mode)
    bent = bends(asked, options) if kind.order else []
    value, entries = asked.program(asked.x), _ENTRIES[kind.name](asked)
    verdict = judged(asked, kind, value, entries, options)
    gap = undefined(asked, kind, value, entries)
    lost = None if gap or options.precise else _lost(asked, verdict)
    if options.precise and not gap:
        value, entries, verdict = _precise(value, entries, verdict)
    return Answer(
        command=options.command,
        kind=kind,
        variables=asked.program.variables,
        outputs=asked.program.outputs,
        at=problem.at,
        point=np.array(asked.x, dtype=float),
        value=value,
        entries=entries,
        vector=np.array(direction) if kind.vector else None,
        verdict=verdict,
        notes=(*problem.graph.notes, *_notes(asked, kind, entries, bent)),
        undefined=gap,
        lost=lost,
        certified=options.certify,
        exit=Exit.UNDEFINED if gap else verdict_exit(verdict, options),
    )


def judged(
    asked: Asked, kind: Kind, value: Floats, entries: Floats | None, options: Options
) -> Verdict | None:
    """The verdict on an answer, by the method that the options ask for."""
    how = method(options)
    if how == "none":
        return None
    from gradcalc.check.verify import BUDGET, verify  # deferred: it brings sympy

    return verify(
        asked.program,
        asked.x,
        kind.name,
        entries,
        value=value,
        vector=asked.vector or None,
        method=how,
        budget=BUDGET if options.budget is None else options.budget,
    )


def _lost(asked: Asked, verdict: Verdict | None) -> GradcalcError | None:
    """Where the digits went that the verdict misses."""
    if verdict is None or verdict.passed is None or not (verdict.wrong or verdict.doubts):
        return None
    from gradcalc.check.lost import culprit

    found = culprit(asked.program, asked.x)
    if found is None:
        return None
    return GradcalcError(
        f"digits are lost here, {found.digits} are left: {found.calculation}",
        source=asked.program.graph.source,
        span=found.span,
        hint="--precise prints the true values",
    )


def _precise(
    value: Floats, entries: Floats | None, verdict: Verdict | None
) -> tuple[Floats, Floats | None, Verdict]:
    """The nearest doubles to the truth, and a verdict on those. What the check could not decide
    stays as it is, and the verdict says that it was not decided."""
    import numpy as np

    from gradcalc.check.compare import ALL_DIGITS

    assert verdict is not None  # it is not asked for without one
    if verdict.passed is None or (verdict.worst is not None and verdict.worst.nowhere):
        return value, entries, verdict
    known = np.array(verdict.value_truth or value, dtype=float)
    value = np.where(np.isnan(known), value, known)
    if entries is not None and verdict.truth is not None:
        entries = np.where(np.isnan(verdict.truth), entries, verdict.truth)
    nearest = replace(
        verdict,
        passed=True,
        wrong=0,
        max_ulp=0.0,
        worst=None,
        doubts=(),
        digits=tuple(None if d is None else ALL_DIGITS for d in verdict.digits),
        value_digits=tuple(None if d is None else ALL_DIGITS for d in verdict.value_digits),
    )
    return value, entries, nearest


def verdict_exit(verdict: Verdict | None, options: Options) -> Exit:
    """A check that was insisted on and could not be decided is no success."""
    if verdict is None or verdict.passed:
        return Exit.DONE
    if verdict.passed is False:
        return Exit.DISAGREES
    insisted = options.check is not None or options.command == "check" or options.precise
    return Exit.UNDECIDED if insisted else Exit.DONE


def undefined(
    asked: Asked, kind: Kind, value: Floats, entries: Floats | None
) -> UndefinedError | None:
    """The first value that is not finite, or the first entry that is a NaN, with its cause."""
    if all(map(math.isfinite, value.tolist())) and not _has_nan(entries):
        return None
    from gradcalc.explain.undefined import of_slope, of_value  # deferred: rarely needed

    infinite = [i for i, number in enumerate(value.tolist()) if not math.isfinite(number)]
    if infinite:
        i = infinite[0]
        cause = of_value(asked.program, asked.x, i)
        name = asked.program.outputs[i]
        said = f"{name} is {float(value[i])}"
        return _undefined_error(
            asked, said, cause, f"{name} is", lambda x: float(asked.program(x)[i])
        )
    import numpy as np

    holes = np.argwhere(np.isnan(np.asarray(entries)))
    index = holes[0].tolist()
    outputs, variables = _about(asked, kind, index)
    program = asked.program
    if kind.order == 2:  # a slope of the gradient
        program = program.gradient_program
    causes = (of_slope(program, asked.x, i, j) for i in outputs for j in variables)
    cause = next(filter(None, causes), None)
    slope = "the slope is" if kind.is_slope else "it is"
    hole = tuple(holes[0])

    def entry(x: list[float]) -> float:
        return float(np.asarray(_ENTRIES[kind.name](asked._replace(x=x)))[hole])

    what = _name(asked, kind, index)
    return _undefined_error(asked._replace(program=program), f"{what} is nan", cause, slope, entry)


def _has_nan(entries: Floats | None) -> bool:
    import numpy as np

    return entries is not None and bool(np.isnan(np.asarray(entries)).any())


_FEW = 32  # outputs or variables among which the cause of a NaN in a product is looked for


def _about(asked: Asked, kind: Kind, index: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """The outputs (of second order, the slopes) and the variables that an entry is about."""
    first, last = index[0], index[-1]
    if kind.vector is V:
        return range(len(asked.program.outputs))[:_FEW], [last]
    if kind.vector is U:
        return [first], range(len(asked.program.variables))[:_FEW]
    return [first if len(index) == 2 else 0], [last]


def _name(asked: Asked, kind: Kind, index: Sequence[int]) -> str:
    """What a mathematician calls the entry."""
    outputs, variables = asked.program.outputs, asked.program.variables
    flat = index[0] * len(variables) + index[1] if len(index) == 2 else index[0]
    return kind.entry(flat, outputs, variables)


def _undefined_error(
    asked: Asked,
    what: str,
    cause: Cause | None,
    subject: str,
    number: Callable[[list[float]], float],
) -> UndefinedError:
    """``number`` is what is undefined, at any point; the hint tells of one close by."""
    if cause is None:
        return UndefinedError(f"{what} at this point")
    from gradcalc.explain.nearby import nearby  # deferred, as above

    found = nearby(asked.program, asked.x, cause, number)
    return UndefinedError(
        f"{what} at this point: {cause.what}",
        source=asked.program.graph.source,
        span=cause.span,
        hint=f"at {found.variable}={found.at:.13g} {subject} {found.number:.6g}" if found else "",
    )


def bends(asked: Asked, options: Options) -> Sequence[Kink]:
    """The kinks that are to be told of. Raises UndefinedError if there shall be none."""
    graph = asked.program.graph
    if options.kinks == "silent" or not any(
        TABLE[code].kink or code == WHERE.code for code in set(graph.codes)
    ):
        return []
    from gradcalc.explain.kinks import kinks

    bent = kinks(asked.program, asked.x)
    if bent and options.kinks == "error":
        raise UndefinedError(
            f"no derivative at this point: {bent[0].note}",
            source=graph.source,
            span=bent[0].span,
            hint="--kinks note gives the slopes all the same",
        )
    return bent


def _notes(asked: Asked, kind: Kind, entries: Floats | None, bent: Sequence[Kink]) -> Iterator[str]:
    """Where the numbers are a convention, or infinite."""
    if entries is None:
        return
    for kink in bent:
        yield kink.note
    import numpy as np

    infinite = np.argwhere(np.isinf(entries))
    if len(infinite):
        what = _name(asked, kind, infinite[0].tolist())
        others = f", and {len(infinite) - 1} more entries are infinite" if len(infinite) > 1 else ""
        yield f"{what} is infinite at this point{others}"
