"""``verify``: the methods in order, the comparison, the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcalc.check import differences, numeric, oracle
from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.compare import Comparison, Truth, Unchecked, compare, flat
from gradcalc.check.conditioning import conditioning
from gradcalc.check.kinks import kinks
from gradcalc.check.question import KINDS, Answer, Question, UndecidedError, as_floats
from gradcalc.check.structure import sum_terms
from gradcalc.check.verdict import FEW_DIGITS, Doubt, Verdict, Worst
from gradcalc.engine import Program
from gradcalc.errors import UsageError
from gradcalc.transform import gradient_graph

METHODS = ("auto", "sympy", "mpmath", "differences", "none")
BUDGET = 5.0
"""Seconds that a check may take."""

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
    ``value`` is f(x), shape (m,), or None. ``method`` is 'sympy', 'mpmath' (a re-run of the graph
    and differences at 160 digits), 'differences' (plain ones, in double precision: crude), 'none',
    or 'auto': sympy, and mpmath where sympy would not finish in ``budget`` seconds.

    A verdict whose ``passed`` is None means that nothing was decided, and says why.
    """
    if kind not in KINDS:
        raise UsageError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    if method not in METHODS:
        raise UsageError(f"method {method!r} is none of {', '.join(METHODS)}")
    if method == "none":
        return Verdict("none", None)
    question = _ask(program, x, kind, vector)
    deadline = Deadline(budget)
    ours = [] if kind == "eval" else flat(entries)
    values = [] if value is None else flat(value)
    if method == "differences":
        return differences.verdict(program, question, ours)
    if method != "auto":
        return _decide(method, question, ours, values, deadline, strict=True)
    first = _decide("sympy", question, ours, values, deadline.share(_SYMPY_SHARE))
    if first.passed is not None:
        return first
    return _decide("mpmath", question, ours, values, deadline, f"not sympy: {first.reason}")


def _ask(program: Program, x: Any, kind: str, vector: Any) -> Question:
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


def _entry_scales(program: Program, point: Any, kind: str, vector: Any) -> tuple[float, ...]:
    if kind == "eval":
        return ()
    if kind in ("hessian", "hvp"):
        first = Program(gradient_graph(program.graph))
        inner = {"hessian": "jacobian", "hvp": "jvp"}[kind]
        return as_floats(first.scale(point, inner, vector))
    return as_floats(program.scale(point, kind, vector))


def _value_scales(program: Program, point: Any) -> tuple[float, ...]:
    """|f|, or the sum of the absolute values of the terms where f is a sum."""
    values = program.values(point)
    graph = program.graph
    return tuple(
        math.fsum(abs(float(values[term])) for term in sum_terms(graph, node))
        if not math.isnan(values[node])
        else 0.0
        for node in graph.outputs
    )


_TRUTH: dict[str, Callable[[Question, Deadline], Answer]] = {
    "sympy": oracle.truth,
    "mpmath": numeric.truth,
}


def _decide(
    method: str,
    question: Question,
    ours: list[float],
    values: list[float],
    deadline: Deadline,
    remark: str = "",
    *,
    strict: bool = False,
) -> Verdict:
    """The verdict of one method. ``strict``: it was asked for, half an answer is none."""
    try:
        answer = _TRUTH[method](question, deadline)
    except OutOfTime:
        return Verdict(method, None, total=len(ours), reason=_join(["no time", remark]))
    except UndecidedError as why:
        return Verdict(method, None, total=len(ours), reason=_join([str(why), remark]))
    verdict = judge(method, question, ours, values, answer, remark)
    if verdict.passed is False and not answer.directions:
        verdict = _second_look(method, question, ours, values, answer, deadline, remark) or verdict
    if strict and answer.remark and verdict.passed:
        return Verdict(method, None, verdict.checked, verdict.total, reason=answer.remark)
    return verdict


def _second_look(
    method: str,
    question: Question,
    ours: list[float],
    values: list[float],
    answer: Answer,
    deadline: Deadline,
    remark: str,
) -> Verdict | None:
    """The verdict if an error is forgiven that rounding the point itself would also cause.

    ``x2 - x1**2`` near (1, 1) is as accurate as its operands allow, and what is made of it cannot
    be better; ``1 - cos(x)`` near 0 is not. None if that does not excuse everything.
    """
    try:
        moved = conditioning(_TRUTH[method], question, answer, deadline)
    except (OutOfTime, UndecidedError):
        return None
    verdict = judge(method, moved, ours, values, answer, remark)
    if not verdict.passed:
        return None
    sensitive = "sensitive: rounding the point moves it by as much as our error"
    return replace(verdict, reason=_join([verdict.reason, sensitive]))


def judge(
    method: str,
    question: Question,
    ours: list[float],
    values: list[float],
    answer: Answer,
    remark: str = "",
) -> Verdict:
    """Compare our numbers with a method's."""
    known = answer.entries
    if method == "mpmath":
        known = [_finite_slope(o, true) for o, true in zip(ours, known, strict=True)]
    entries = compare(ours, known, question.entry_scales)
    outputs = compare(values, answer.values[: len(values)], question.value_scales[: len(values)])
    sums = _along_directions(question, ours, answer)
    wrong = entries.wrong + outputs.wrong + sums.wrong
    worst = _worst(question, {question.kind: entries, "direction": sums, "value": outputs})
    nothing = not (entries.checked or sums.checked) if ours else not outputs.checked
    reasons = [answer.remark, _left_out(entries, outputs), remark]
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
        + _doubts(question, "value", values, outputs),
    )


def _doubts(
    question: Question, kind: str, ours: Sequence[float], found: Comparison
) -> tuple[Doubt, ...]:
    """The numbers of which few digits are right. A true 0 that came out as 1e-17 is no such number:
    it has no digits to be right."""
    return tuple(
        Doubt(Worst(*question.names(i, kind), ours[i], true, 0.0, kind).name, ours[i], true, digits)
        for i, (digits, true) in enumerate(zip(found.digits, found.truth, strict=True))
        if digits is not None and digits < FEW_DIGITS and true and math.isfinite(ours[i])
    )


def _finite_slope(ours: float, true: Truth) -> Truth:
    """A difference quotient is finite where the slope is not: it cannot judge our infinity."""
    return Unchecked("infinite slope") if math.isinf(ours) else true


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
        if question.kind == "vjp":
            slopes = question.contract(slopes)
        for row, unit, slope in zip(rows, units, slopes, strict=True):
            sums.append(math.fsum(row * u) if np.isfinite(row).all() else math.nan)
            truth.append(slope)
            scales.append(float(np.dot(unit, np.abs(u))))
    return compare(sums, truth, scales)


def _worst(question: Question, found: dict[str, Comparison]) -> Worst | None:
    """The worst of all; a wrong entry rather than a wrong value, which is often its cause."""
    wrong = {kind: comparison for kind, comparison in found.items() if comparison.wrong}
    if wrong:
        found = dict([next(iter(wrong.items()))])
    worst: Worst | None = None
    for kind, comparison in found.items():
        if comparison.worst is not None and (not worst or comparison.max_ulp > worst.ulps):
            index, ours, true, ulps = comparison.worst
            worst = Worst(*question.names(index, kind), ours, true, ulps, kind)
    return worst


def _left_out(entries: Comparison, outputs: Comparison) -> str:
    """Who was not compared, and why: '2 entries not checked (kink)'."""
    parts = []
    for found, one, many in ((entries, "entry", "entries"), (outputs, "value", "values")):
        for reason, count in found.unchecked.items():
            if reason != numeric.TOO_MANY:
                parts.append(f"{count:,} {one if count == 1 else many} not checked ({reason})")
    return ", ".join(parts)


def _join(parts: Sequence[str]) -> str:
    return "; ".join(part for part in parts if part)
