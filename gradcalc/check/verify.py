"""``verify``: the methods in order, the comparison, the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from gradcalc.calculus.gradients import gradient_graph
from gradcalc.calculus.kinds import KINDS, Kind
from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.compare import (
    LIMIT,
    Comparison,
    Nowhere,
    Truth,
    Unchecked,
    compare,
    error,
    flat,
)
from gradcalc.check.conditioning import conditioning
from gradcalc.check.digits import differences
from gradcalc.check.digits import oracle as digits
from gradcalc.check.question import Answer, Question, UndecidedError, as_floats
from gradcalc.check.structure import sum_terms
from gradcalc.check.symbolic import oracle as symbolic
from gradcalc.check.verdict import FEW_DIGITS, Doubt, Verdict, Worst, count
from gradcalc.engine.program import Program
from gradcalc.errors import UsageError
from gradcalc.explain.kinks import kinks
from gradcalc.functions.digits import context, exclusive

VALUES = KINDS["eval"]
METHODS = ("auto", "sympy", "mpmath", "differences", "none")
BUDGET = 5.0
"""Seconds of processor time that a check may take."""

_FAR = 3_321_928  # bits: a million digits
_BOTH = "sympy+mpmath"
_SYMPY_SHARE = 0.5
"""What part of the budget sympy gets when something else can stand in."""


def verify(
    program: Program,
    x: Mapping[str, Any] | Sequence[float] | Any,
    kind: str,
    entries: Any,
    *,
    value: Any,
    vector: Any = None,
    method: str = "auto",
    budget: float = BUDGET,
) -> Verdict:
    """Compare ``entries`` and ``value`` with an independent evaluation of ``program.graph`` at x.

    ``kind`` says what the entries are: 'jacobian' (m, n), 'gradient' (n,), 'vjp' (n,) with
    ``vector`` v, 'jvp' (m,) with ``vector`` u, 'hessian' (n, n), 'hvp' (n,) with u; 'eval' none.
    ``value`` is f(x), shape (m,), or None. ``method`` is 'sympy', 'mpmath' (the graph run again
    with many digits, and the chain rule), 'differences' (of values of hundreds of digits), 'none',
    or 'auto': sympy, and mpmath for what sympy leaves open or would not finish in
    ``budget`` seconds of processor time.

    Checks in several threads take turns: mpmath's tables are not made for more than one.
    A verdict whose ``passed`` is None means that nothing was decided, and says why.
    """
    if kind not in KINDS:
        raise UsageError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    asked = KINDS[kind]
    if method not in METHODS:
        raise UsageError(f"method {method!r} is none of {', '.join(METHODS)}")
    if method == "none":
        return Verdict("none", None)
    with exclusive():
        deadline = Deadline(budget)
        case = _Case(
            question=_ask(program, x, asked, vector),
            ours=flat(entries) if asked.order else [],
            values=[] if value is None else flat(value),
        )
        if method == "auto":
            return _auto(case, deadline)
        verdict, _ = _decide(method, case, deadline, strict=True)
        return verdict


class _Case(NamedTuple):
    """A question and our answer to it."""

    question: Question
    ours: list[float]
    values: list[float]


def _auto(case: _Case, deadline: Deadline) -> Verdict:
    """sympy's verdict; mpmath's on what sympy leaves open, and a second opinion on what it
    condemns, as sympy has mistakes of its own."""
    first, answer = _decide("sympy", case, deadline.share(_SYMPY_SHARE))
    if answer is None or first.passed is None:
        because = f"not sympy: {first.reason}"
        verdict, _ = _decide("mpmath", case, deadline, because)
        if verdict.reason == f"{first.reason}; {because}":  # both for one reason: once is enough
            return replace(verdict, reason=first.reason)
        return verdict
    values = answer.values[: len(case.values)]
    judged = zip(case.ours + case.values, answer.entries + values, strict=True)
    if first.passed and not any(_unknown(*pair) for pair in judged):
        return first
    try:
        second = digits.truth(case.question, deadline)
    except (OutOfTime, UndecidedError):
        return first
    merged, remark = _merged(case, answer, second)
    if not remark:
        return first
    verdict = judge(_BOTH, case, merged, remark)
    if verdict.passed is False:
        return _second_look(_BOTH, case, merged, deadline, remark) or verdict
    return verdict


def _merged(case: _Case, first: Answer, second: Answer) -> tuple[Answer, str]:
    """The first answer, the second's where the first has none or accuses us and the second does
    not; and in words whose is what."""
    merged, told = Answer([], []), []
    for ours, one, two, scales, found, nouns in (
        (case.ours, first.entries, second.entries, case.question.entry_scales,
         merged.entries, ("entry", "entries")),
        (case.values, first.values, second.values, case.question.value_scales,
         merged.values, ("value", "values")),
    ):  # fmt: skip
        numbers = ours or [0.0] * len(one)  # values that were not given
        taken = [_better(*four) for four in zip(numbers, one, two, scales, strict=True)]
        found += [b if take else a for a, b, take in zip(one, two, taken, strict=True)]
        if any(taken):
            told.append(f"{count(sum(taken), *nouns)} by mpmath")
    return merged, ", ".join(told)


def _better(ours: float, one: Truth, two: Truth, scale: float) -> bool:
    """Whether the second truth is to be preferred to the first."""
    if math.isnan(ours) or isinstance(two, Unchecked) or one == two:
        return False
    if isinstance(one, Unchecked):
        return True
    accused = error(ours, one, scale) > LIMIT
    return accused and not isinstance(two, Nowhere) and error(ours, two, scale) <= LIMIT


def _unknown(ours: float, true: Truth) -> bool:
    return isinstance(true, Unchecked) and not math.isnan(ours)


def _ask(program: Program, x: Any, kind: Kind, vector: Any) -> Question:
    point = program.point(x)
    with np.errstate(all="ignore"):
        return Question(
            graph=program.graph,
            x=as_floats(point),
            kind=kind,
            vector=() if vector is None else as_floats(vector),
            entry_scales=_entry_scales(program, point, kind, vector),
            value_scales=_value_scales(program, point),
            kinks=frozenset(kink.node for kink in kinks(program, point)),
        )


def _entry_scales(program: Program, point: Any, kind: Kind, vector: Any) -> tuple[float, ...]:
    if kind.order == 0:
        return ()
    if kind.order == 2:
        first = Program(gradient_graph(program.graph))
        inner = "jvp" if kind.vector else "jacobian"
        return as_floats(first.scale(point, inner, vector))
    return as_floats(program.scale(point, kind.name, vector))


def _value_scales(program: Program, point: Any) -> tuple[float, ...]:
    """|f|, or the sum of the absolute values of the terms where f is a sum."""
    values = program.values(point)
    graph = program.graph
    return tuple(
        0.0 if math.isnan(values[node]) else _size(values[sum_terms(graph, node)])
        for node in graph.outputs
    )


def _size(numbers: Any) -> float:
    return float(np.abs(numbers).sum())


_TRUTH: dict[str, Callable[[Question, Deadline], Answer]] = {
    "sympy": symbolic.truth,
    "mpmath": digits.truth,
    _BOTH: digits.truth,
    "differences": differences.truth,
}


def _decide(
    method: str, case: _Case, deadline: Deadline, remark: str = "", *, strict: bool = False
) -> tuple[Verdict, Answer | None]:
    """The verdict of one method, and its answer if it has one.

    ``strict``: it was asked for, half an answer is none.
    """
    total = len(case.ours)
    try:
        answer = _TRUTH[method](case.question, deadline)
    except OutOfTime:
        return Verdict(method, None, total=total, reason=_join(["no time", remark])), None
    except UndecidedError as why:
        return Verdict(method, None, total=total, reason=_join([str(why), remark])), None
    verdict = judge(method, case, answer, remark)
    if verdict.passed is False and not answer.directions:
        verdict = _second_look(method, case, answer, deadline, remark) or verdict
    if strict and answer.remark and verdict.passed:
        verdict = Verdict(method, None, verdict.checked, verdict.total, reason=answer.remark)
    return verdict, answer


def _second_look(
    method: str, case: _Case, answer: Answer, deadline: Deadline, remark: str
) -> Verdict | None:
    """The verdict if an error is forgiven that rounding the point itself would also cause.

    ``x2 - x1**2`` near (1, 1) is as accurate as its operands allow, and what is made of it cannot
    be better; ``1 - cos(x)`` near 0 is not. None if that does not excuse everything.
    """
    try:
        moved = conditioning(_TRUTH[method], case.question, answer, deadline)
    except (OutOfTime, UndecidedError):
        return None
    verdict = judge(method, case._replace(question=moved), answer, remark)
    if verdict.passed is False:
        return None
    sensitive = "sensitive: rounding the point moves it by as much as our error"
    return replace(verdict, reason=_join([verdict.reason, sensitive]))


def judge(method: str, case: _Case, answer: Answer, remark: str = "") -> Verdict:
    """Compare our numbers with a method's."""
    question, ours, values = case
    entries = compare(ours, answer.entries, question.entry_scales)
    outputs = compare(values, answer.values[: len(values)], question.value_scales[: len(values)])
    sums = _along_directions(question, ours, answer)
    wrong = entries.wrong + outputs.wrong + sums.wrong
    outputs_of_sums = question.graph.output_names * len(answer.directions)
    worst = _worst(
        question,
        (question.kind, entries, question.graph.output_names),
        (KINDS["jvp"], sums, outputs_of_sums),
        (VALUES, outputs, question.graph.output_names),
    )
    nothing = not (entries.checked or sums.checked) if ours else not outputs.checked
    beyond = [_out_of_range(question, question.kind, ours, entries, answer.entries),
              _out_of_range(question, VALUES, values, outputs, answer.values)]  # fmt: skip
    both = ((question.kind, ours, entries), (VALUES, values, outputs))
    noise = "" if wrong else _noise(question, both)
    reasons = [answer.remark, _left_out(entries, outputs), *beyond, noise, remark]
    truth = np.reshape(entries.truth, question.shape) if ours else None
    return Verdict(
        method=method,
        passed=False if wrong else None if nothing else True,
        checked=entries.checked,
        total=len(ours),
        max_ulp=worst.ulps if worst else 0.0,
        worst=worst if worst and worst.ulps else None,
        reason=_join(reasons),
        values=outputs.checked,
        wrong=wrong,
        truth=truth,
        digits=tuple(entries.digits),
        value_truth=tuple(outputs.truth),
        value_digits=tuple(outputs.digits),
        doubts=_doubts(question, question.kind, ours, entries)
        + _doubts(question, VALUES, values, outputs),
    )


def _doubts(
    question: Question, kind: Kind, ours: Sequence[float], found: Comparison
) -> tuple[Doubt, ...]:
    """The numbers of which few digits are right. A true 0 that came out as 1e-17 is no such number:
    it has no digits to be right."""
    return tuple(
        Doubt(question.name(i, kind), ours[i], true, digits)
        for i, (digits, true) in enumerate(zip(found.digits, found.truth, strict=True))
        if digits is not None and digits < FEW_DIGITS and true and math.isfinite(ours[i])
    )


def _out_of_range(
    question: Question,
    kind: Kind,
    ours: Sequence[float],
    found: Comparison,
    truth: Sequence[Truth],
) -> str:
    """Numbers that no double can say: 'df/dx overflows: the true value is -2e+360'."""
    told = []
    for k, (number, nearest) in enumerate(zip(ours, found.truth, strict=True)):
        true = truth[k]
        if number != nearest or (number and math.isfinite(number)):
            continue
        if true and context().isfinite(true):
            what = "underflows" if not number else "overflows"
            told.append((k, f"{what}: the true value is {_shown(true)}"))
    if not told:
        return ""
    more = f", and {len(told) - 1:,} more" if len(told) > 1 else ""
    return f"{question.name(told[0][0], kind)} {told[0][1]}{more}"


def _shown(true: Truth) -> str:
    """A number far from the doubles, unless its exponent is a long number itself."""
    mp = context()
    if abs(mp.mag(true)) > _FAR:
        return f"beyond {'-' * (true < 0)}1e{'+' if abs(true) > 1 else '-'}1000000"
    with mp.workdps(15):  # not thousands of digits
        return str(mp.nstr(+true, 6)).replace(".0e", "e")


def _noise(question: Question, found: Sequence[tuple[Kind, list[float], Comparison]]) -> str:
    """Numbers that are rounding and nothing else: 'df/dx = 4.4e-16 stands for 0'."""
    told = [
        (k, kind, number)
        for kind, numbers, comparison in found
        for k, (number, true) in enumerate(zip(numbers, comparison.truth, strict=True))
        if number and true == 0
    ]
    if not told:
        return ""
    k, kind, number = told[0]
    more = f", and {len(told) - 1:,} more do" if len(told) > 1 else ""
    return f"{question.name(k, kind)} = {number:.2g} stands for 0{more}"


def _along_directions(question: Question, ours: list[float], answer: Answer) -> Comparison:
    """Our entries summed along each direction against the derivative along it."""
    if not answer.directions:
        return Comparison()
    n = len(question.x)
    rows = np.reshape(ours, (-1, n))
    units = np.reshape(question.entry_scales, (-1, n))
    sums: list[float] = []
    truth: list[Truth] = []
    scales: list[float] = []
    for u, slopes in answer.directions:
        for row, unit, slope in zip(rows, units, slopes, strict=True):
            sums.append(math.fsum(row * u) if np.isfinite(row).all() else math.nan)
            truth.append(slope)
            scales.append(float(np.dot(unit, np.abs(u))))
    return compare(sums, truth, scales)


def _worst(question: Question, *found: tuple[Kind, Comparison, Sequence[str]]) -> Worst | None:
    """The worst of all; a wrong entry rather than a wrong value, which is often its cause."""
    wrong = [one for one in found if one[1].wrong]
    worst: Worst | None = None
    for kind, comparison, outputs in wrong[:1] or found:
        if comparison.worst is not None and (not worst or comparison.max_ulp > worst.ulps):
            index, ours, true, ulps = comparison.worst
            place = kind.place(index, outputs, question.graph.variables)
            worst = Worst(*place, ours, true, ulps, kind, comparison.nowhere)
    return worst


def _left_out(entries: Comparison, outputs: Comparison) -> str:
    """Who was not compared, and why: '2 entries not checked (kink)'."""
    parts = []
    for found, one, many in ((entries, "entry", "entries"), (outputs, "value", "values")):
        for reason, number in found.unchecked.items():
            if reason != digits.TOO_MANY:
                parts.append(f"{count(number, one, many)} not checked ({reason})")
    return ", ".join(parts)


def _join(parts: Sequence[str]) -> str:
    return "; ".join(part for part in parts if part)
