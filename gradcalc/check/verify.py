"""``verify``: the methods in order, the comparison, the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcalc.calculus.kinds import KINDS, Kind
from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.case import Case, NoReferenceError, Reference, as_floats
from gradcalc.check.compare import (
    LIMIT,
    Comparison,
    Nowhere,
    Truth,
    Unchecked,
    compare,
    error,
)
from gradcalc.check.conditioning import conditioning
from gradcalc.check.digits import differences
from gradcalc.check.digits import oracle as digits
from gradcalc.check.structure import sum_terms
from gradcalc.check.symbolic import oracle as symbolic
from gradcalc.check.verdict import FEW_DIGITS, Doubt, Verdict, Worst, count
from gradcalc.engine.point import At, Question
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
    question: Question,
    entries: Any = None,
    value: Any = None,
    *,
    method: str = "auto",
    budget: float = BUDGET,
) -> Verdict:
    """Compare the answer to ``question`` with an independent one.

    ``entries``, in the shape of the kind, and ``value``, f(x) of shape (m,), are our own; those of
    the question unless others are given, and none to be compared where they are empty. ``method``
    is 'sympy', 'mpmath' (the graph run again with many digits, and the chain rule), 'differences'
    (of values of hundreds of digits), 'none', or 'auto': sympy, and mpmath for what sympy leaves
    open or would not finish in ``budget`` seconds of processor time.

    Checks in several threads take turns: mpmath's tables are not made for more than one.
    A verdict whose ``passed`` is None means that nothing was decided, and says why.
    """
    if method not in METHODS:
        raise UsageError(f"method {method!r} is none of {', '.join(METHODS)}")
    if method == "none":
        return Verdict("none", None)
    with exclusive():
        deadline = Deadline(budget)
        case = _case(
            question,
            question.entries if entries is None else entries,
            question.at.value if value is None else value,
        )
        if method == "auto":
            return _auto(case, deadline)
        verdict, _ = _decide(method, case, deadline, strict=True)
        return verdict


def _case(question: Question, entries: Any, value: Any) -> Case:
    kind, at, vector = question.kind, question.at, question.vector
    with np.errstate(all="ignore"):
        return Case(
            graph=at.program.graph,
            x=as_floats(at.x),
            kind=kind,
            vector=() if vector is None else as_floats(vector),
            entry_scales=as_floats(at.scale(kind.name, vector)) if kind.order else (),
            value_scales=_value_scales(at),
            kinks=frozenset(kink.node for kink in kinks(at)),
            ours=as_floats(entries) if kind.order else (),
            values=as_floats(value),
        )


def _auto(case: Case, deadline: Deadline) -> Verdict:
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
        second = digits.truth(case, deadline)
    except (OutOfTime, NoReferenceError):
        return first
    merged, remark = _merged(case, answer, second)
    if not remark:
        return first
    verdict = judge(_BOTH, case, merged, remark)
    if verdict.passed is False:
        return _second_look(_BOTH, case, merged, deadline, remark) or verdict
    return verdict


def _merged(case: Case, first: Reference, second: Reference) -> tuple[Reference, str]:
    """The first answer, the second's where the first has none or accuses us and the second does
    not; and in words whose is what."""
    merged, told = Reference([], []), []
    for ours, one, two, scales, found, nouns in (
        (case.ours, first.entries, second.entries, case.entry_scales,
         merged.entries, ("entry", "entries")),
        (case.values, first.values, second.values, case.value_scales,
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


def _value_scales(at: At) -> tuple[float, ...]:
    """|f|, or the sum of the absolute values of the terms where f is a sum."""
    values, graph = at.values, at.program.graph
    return tuple(
        0.0 if math.isnan(values[node]) else _size(values[sum_terms(graph, node)])
        for node in graph.outputs
    )


def _size(numbers: Any) -> float:
    return float(np.abs(numbers).sum())


_TRUTH: dict[str, Callable[[Case, Deadline], Reference]] = {
    "sympy": symbolic.truth,
    "mpmath": digits.truth,
    _BOTH: digits.truth,
    "differences": differences.truth,
}


def _decide(
    method: str, case: Case, deadline: Deadline, remark: str = "", *, strict: bool = False
) -> tuple[Verdict, Reference | None]:
    """The verdict of one method, and its answer if it has one.

    ``strict``: it was asked for, half an answer is none.
    """
    total = len(case.ours)
    try:
        answer = _TRUTH[method](case, deadline)
    except OutOfTime:
        return Verdict(method, None, total=total, reason=_join(["no time", remark])), None
    except NoReferenceError as why:
        return Verdict(method, None, total=total, reason=_join([str(why), remark])), None
    verdict = judge(method, case, answer, remark)
    if verdict.passed is False and not answer.directions:
        verdict = _second_look(method, case, answer, deadline, remark) or verdict
    if strict and answer.remark and verdict.passed:
        verdict = Verdict(method, None, verdict.checked, verdict.total, reason=answer.remark)
    return verdict, answer


def _second_look(
    method: str, case: Case, reference: Reference, deadline: Deadline, remark: str
) -> Verdict | None:
    """The verdict if an error is forgiven that rounding the point itself would also cause.

    ``x2 - x1**2`` near (1, 1) is as accurate as its operands allow, and what is made of it cannot
    be better; ``1 - cos(x)`` near 0 is not. None if that does not excuse everything.
    """
    try:
        moved = conditioning(_TRUTH[method], case, reference, deadline)
    except (OutOfTime, NoReferenceError):
        return None
    verdict = judge(method, moved, reference, remark)
    if verdict.passed is False:
        return None
    sensitive = "sensitive: rounding the point moves it by as much as our error"
    return replace(verdict, reason=_join([verdict.reason, sensitive]))


def judge(method: str, case: Case, reference: Reference, remark: str = "") -> Verdict:
    """Compare our numbers with a method's."""
    ours, values = case.ours, case.values
    entries = compare(ours, reference.entries, case.entry_scales)
    outputs = compare(values, reference.values[: len(values)], case.value_scales[: len(values)])
    sums = _along_directions(case, ours, reference)
    wrong = entries.wrong + outputs.wrong + sums.wrong
    outputs_of_sums = case.graph.output_names * len(reference.directions)
    worst = _worst(
        case,
        (case.kind, entries, case.graph.output_names),
        (KINDS["jvp"], sums, outputs_of_sums),
        (VALUES, outputs, case.graph.output_names),
    )
    nothing = not (entries.checked or sums.checked) if ours else not outputs.checked
    beyond = [_out_of_range(case, case.kind, ours, entries, reference.entries),
              _out_of_range(case, VALUES, values, outputs, reference.values)]  # fmt: skip
    both = ((case.kind, ours, entries), (VALUES, values, outputs))
    noise = "" if wrong else _noise(case, both)
    reasons = [reference.remark, _left_out(entries, outputs), *beyond, noise, remark]
    truth = np.reshape(entries.truth, case.shape) if ours else None
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
        doubts=_doubts(case, case.kind, ours, entries) + _doubts(case, VALUES, values, outputs),
    )


def _doubts(case: Case, kind: Kind, ours: Sequence[float], found: Comparison) -> tuple[Doubt, ...]:
    """The numbers of which few digits are right. A true 0 that came out as 1e-17 is no such number:
    it has no digits to be right."""
    return tuple(
        Doubt(case.name(i, kind), ours[i], true, digits)
        for i, (digits, true) in enumerate(zip(found.digits, found.truth, strict=True))
        if digits is not None and digits < FEW_DIGITS and true and math.isfinite(ours[i])
    )


def _out_of_range(
    case: Case,
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
    return f"{case.name(told[0][0], kind)} {told[0][1]}{more}"


def _shown(true: Truth) -> str:
    """A number far from the doubles, unless its exponent is a long number itself."""
    mp = context()
    if abs(mp.mag(true)) > _FAR:
        return f"beyond {'-' * (true < 0)}1e{'+' if abs(true) > 1 else '-'}1000000"
    with mp.workdps(15):  # not thousands of digits
        return str(mp.nstr(+true, 6)).replace(".0e", "e")


def _noise(case: Case, found: Sequence[tuple[Kind, Sequence[float], Comparison]]) -> str:
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
    return f"{case.name(k, kind)} = {number:.2g} stands for 0{more}"


def _along_directions(case: Case, ours: Sequence[float], reference: Reference) -> Comparison:
    """Our entries summed along each direction against the derivative along it."""
    if not reference.directions:
        return Comparison()
    n = len(case.x)
    rows = np.reshape(ours, (-1, n))
    units = np.reshape(case.entry_scales, (-1, n))
    sums: list[float] = []
    truth: list[Truth] = []
    scales: list[float] = []
    for u, slopes in reference.directions:
        for row, unit, slope in zip(rows, units, slopes, strict=True):
            sums.append(math.fsum(row * u) if np.isfinite(row).all() else math.nan)
            truth.append(slope)
            scales.append(float(np.dot(unit, np.abs(u))))
    return compare(sums, truth, scales)


def _worst(case: Case, *found: tuple[Kind, Comparison, Sequence[str]]) -> Worst | None:
    """The worst of all; a wrong entry rather than a wrong value, which is often its cause."""
    wrong = [one for one in found if one[1].wrong]
    worst: Worst | None = None
    for kind, comparison, outputs in wrong[:1] or found:
        if comparison.worst is not None and (not worst or comparison.max_ulp > worst.ulps):
            index, ours, true, ulps = comparison.worst
            place = kind.place(index, outputs, case.graph.variables)
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
