"""What is to be said beside an answer: where its numbers are a convention, where digits were lost,
where it is undefined and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from gradcalc.calculus.kinds import U, V
from gradcalc.errors import GradcalcError, UndefinedError, count

if TYPE_CHECKING:
    from gradcalc.check.verdict import Verdict
    from gradcalc.engine.point import At, Question
    from gradcalc.engine.schedule import Floats
    from gradcalc.explain.kinks import Kink
    from gradcalc.explain.undefined import Cause


def notes(question: Question, entries: Floats | None, bent: Sequence[Kink]) -> Iterator[str]:
    """Where the numbers are a convention, or infinite."""
    if entries is None:
        return
    for kink in bent:
        yield kink.note
    if question.at.apart:
        yield (
            "a condition holds at this very point and not around it: the slopes are limits of the "
            "branch around it (PyTorch's are those of the branch taken)"
        )
    import numpy as np

    infinite = np.argwhere(np.isinf(entries))
    if len(infinite):
        what = question.name(*infinite[0].tolist())
        more = count(len(infinite) - 1, "more entry is", "more entries are")
        others = f", and {more} infinite" if len(infinite) > 1 else ""
        yield f"{what} is infinite at this point{others}"


def lost(at: At, verdict: Verdict | None) -> GradcalcError | None:
    """Where the digits went that the verdict misses."""
    if verdict is None or not (verdict.wrong or verdict.doubts):
        return None
    from gradcalc.check.lost import first_loss

    found = first_loss(at)
    if found is None:
        return None
    return GradcalcError(
        f"digits are lost here, {found.digits} are left: {found.calculation}",
        source=at.program.graph.source,
        span=found.span,
        hint="--precise prints the true values",
    )


def undefined(
    question: Question,
    entries: Floats | None = None,
    value: Floats | None = None,
    verdict: Verdict | None = None,
) -> UndefinedError | None:
    """The first value that is not finite, or the first entry that is a NaN (of ours, or of other
    numbers), with its cause; and the true number if the ``verdict`` knows it."""
    kind, at = question.kind, question.at
    entries = question.entries if entries is None else entries
    value = at.value if value is None else value
    import numpy as np

    infinite = np.flatnonzero(~np.isfinite(value))
    holes = np.argwhere(np.isnan(np.asarray(() if entries is None else entries)))
    if not len(infinite) and not len(holes):
        return None
    from gradcalc.explain.undefined import of_slope, of_value  # deferred: rarely needed

    if len(infinite):
        i = int(infinite[0])
        name = at.program.outputs[i]
        said = f"{name} is {float(value[i])}"
        true = verdict.value_truth[i] if verdict and verdict.value_truth else math.nan
        return _undefined_error(
            at,
            said,
            of_value(at, i),
            f"{name} is",
            lambda x: float(at.program.at(x).value[i]),
            true,
        )
    index = holes[0].tolist()
    outputs, variables = _about(question, index)
    slopes = at.gradient_at if kind.order == 2 else at  # of second order, a slope of the gradient
    causes = (of_slope(slopes, i, j) for i in outputs for j in variables)
    cause = next(filter(None, causes), None)

    def entry(x: Sequence[float]) -> float:
        return float(np.asarray(question.elsewhere(x).entries)[tuple(index)])

    said = f"{question.name(*index)} is nan"
    slope = "the slope is" if kind.is_slope else "it is"
    truth = None if verdict is None else verdict.truth
    true = math.nan if truth is None else float(truth[tuple(index)])
    return _undefined_error(slopes, said, cause, slope, entry, true)


_FEW = 32  # outputs or variables among which the cause of a NaN in a product is looked for


def _about(question: Question, index: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """The outputs (of second order, the slopes) and the variables that an entry is about."""
    program, vector = question.at.program, question.kind.vector
    first, last = index[0], index[-1]
    if vector is V:
        return range(len(program.outputs))[:_FEW], [last]
    if vector is U:
        return [first], range(len(program.variables))[:_FEW]
    return [first if len(index) == 2 else 0], [last]


def _undefined_error(
    at: At,
    what: str,
    cause: Cause | None,
    subject: str,
    number: Callable[[Sequence[float]], float],
    true: float,
) -> UndefinedError:
    """``number`` is what is undefined, at any point; the hint tells of one close by. Where it is
    defined and only doubles are not enough for it, the hint is its ``true`` value."""
    if math.isfinite(true):
        return UndefinedError(
            f"{what} in doubles{f': {cause.what}' if cause else ''}; it is {true:.17g}",
            source=at.program.graph.source,
            span=cause.span if cause else None,
            hint="--precise prints it",
        )
    if cause is None:
        return UndefinedError(f"{what} at this point")
    from gradcalc.explain.nearby import nearby  # deferred, as above

    found = nearby(at, cause, number)
    return UndefinedError(
        f"{what} at this point: {cause.what}",
        source=at.program.graph.source,
        span=cause.span,
        hint=f"at {found.variable}={found.at:.13g} {subject} {found.number:.6g}" if found else "",
    )
