"""``verify``: the methods in order, the comparison, the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.case import Case, NoReferenceError, Reference, as_floats
from gradcalc.check.compare import Nowhere, Truth, Unchecked
from gradcalc.check.judge import join, judge
from gradcalc.check.merge import left_open, merge
from gradcalc.check.verdict import Verdict
from gradcalc.engine.point import Question
from gradcalc.errors import UsageError
from gradcalc.explain.kinks import kinks
from gradcalc.functions.digits import context, exclusive

METHODS = ("auto", "sympy", "arb", "mpmath", "differences", "none")
BUDGET = 5.0
"""Seconds of processor time that a check may take."""

_ARB_SHARE, _SYMPY_SHARE = 0.6, 0.5
"""What parts of the budget they get when something else can stand in."""
_COMPARING = 1.2e-6
"""Seconds that it takes to compare a number of a large matrix, measured on Hessians."""


def verify(
    question: Question,
    entries: Any = None,
    value: Any = None,
    *,
    method: str = "auto",
    budget: float = BUDGET,
    limits: bool = False,
) -> Verdict:
    """Compare the answer to ``question`` with an independent one.

    ``entries``, in the shape of the kind, and ``value``, f(x) of shape (m,), are our own; those of
    the question unless others are given, and none to be compared where they are empty. ``method``
    is 'arb' (balls, which prove what they decide), 'sympy', 'mpmath' (the graph run again with many
    digits, and the chain rule), 'differences' (of values of hundreds of digits), 'none', or 'auto':
    sympy and Arb, and mpmath for what both leave open or would not finish in ``budget`` seconds of
    processor time.

    Where a slope is undefined and the value is not, it is its limit, if there is one; with
    ``limits`` undefined values are limits too.

    Checks in several threads take turns: mpmath's tables are not made for more than one.
    A verdict whose ``passed`` is None means that nothing was decided, and says why.
    """
    if method not in METHODS:
        raise UsageError(f"method {method!r} is none of {', '.join(METHODS)}")
    if method == "none":
        return Verdict("none", None)
    with exclusive(at_once=method != "arb"):
        deadline = Deadline(budget)
        case = case_of(question, entries, value)
        deadline = deadline.less(_COMPARING * len(case.numbers))
        if method == "auto":
            return _auto(case, deadline, limits)
        reference, because = _asked(method, case, deadline)
        if reference is None:
            return Verdict(method, None, total=len(case.ours), reason=because)
        method = _with_limits(method, case, reference, deadline, limits)
        verdict = _judged(method, case, reference, deadline)
        if reference.remark and verdict.passed:  # it was asked for: half an answer is none
            return replace(verdict, passed=None, reason=reference.remark)
        return verdict


def case_of(question: Question, entries: Any = None, value: Any = None) -> Case:
    """What the oracles are asked: the question as data, and our answer to it, or other numbers."""
    entries = question.entries if entries is None else entries
    value = question.at.value if value is None else value
    kind, at, vector = question.kind, question.at, question.vector
    with np.errstate(all="ignore"):
        return Case(
            graph=at.program.graph,
            x=as_floats(at.x),
            kind=kind,
            vector=() if vector is None else as_floats(vector),
            entry_scales=as_floats(at.scale(kind.name, vector)) if kind.order else (),
            value_scales=as_floats(at.value_scale),
            kinks=frozenset(kink.node for kink in kinks(at, as_floats(question.way))),
            ours=as_floats(entries) if kind.order else (),
            values=as_floats(value),
        )


def _auto(case: Case, deadline: Deadline, limits: bool) -> Verdict:
    """Arb's proof and sympy's answer; mpmath's too where they leave something open."""
    answers: dict[str, Reference] = {}
    reasons: dict[str, str] = {}
    for method, share in (("arb", _ARB_SHARE), ("sympy", _SYMPY_SHARE), ("mpmath", 1.0)):
        if method == "mpmath" and not left_open(case, answers):
            break
        found, reasons[method] = _asked(method, case, deadline.share(share))
        if found is not None:
            answers[method] = found
    reasons = {method: why for method, why in reasons.items() if why}
    if not answers:
        first, last = reasons["sympy"], reasons["mpmath"]
        why = first if first == last else join([last, _without(reasons, "sympy")])
        return Verdict("mpmath", None, total=len(case.ours), reason=why)
    reference, method, told = merge(case, answers)
    if "arb" in reasons:
        reference.balls = [reasons["arb"]] * (len(case.ours) + len(case.graph.outputs))
    method = _with_limits(method, case, reference, deadline, limits)
    return _judged(method, case, reference, deadline, join([told, _without(reasons, "sympy")]))


def _with_limits(
    method: str, case: Case, reference: Reference, deadline: Deadline, of_values: bool
) -> str:
    """Put limits where nothing else is known, or only formulas say a slope that the chain rule has
    not; and who has answered then."""
    hidden = _hidden(case, reference)
    if hidden:
        from gradcalc.check.digits.approach import LOST  # deferred: few need it

        for k in hidden:
            reference.entries[k] = Unchecked(LOST)
    if not any(isinstance(true, Unchecked) for true in (*reference.entries, *reference.values)):
        return method
    from gradcalc.check.limits import close, named  # deferred: it brings all digits

    context()  # made before an alarm may ring
    found = close(case, reference, deadline, of_values=of_values)
    for k, true in hidden.items():
        if k not in reference.limits:
            reference.entries[k] = true
    return named(method, case, found)


def _hidden(case: Case, reference: Reference) -> dict[int, Truth]:
    """The slopes that are not proven, and NaN in our numbers: 0 times infinity at x*x**(1/3)."""
    if not all(map(math.isfinite, case.values)):
        return {}
    return {
        k: true
        for k, (our, true) in enumerate(zip(case.ours, reference.entries, strict=True))
        if math.isnan(our)
        and k not in reference.limits
        and not isinstance(true, Unchecked | Nowhere)
        and (not reference.balls or isinstance(reference.balls[k], str))
    }


def _without(reasons: Mapping[str, str], method: str) -> str:
    return f"not {method}: {reasons[method]}" if method in reasons else ""


_ORACLES = {
    "arb": "enclosures.oracle",
    "sympy": "symbolic.oracle",
    "mpmath": "digits.oracle",
    "differences": "digits.differences",
}


def _truth(method: str) -> Callable[[Case, Deadline], Reference]:
    """The oracle of that name, loaded when it is asked: Arb alone needs none of the others."""
    truth: Callable[[Case, Deadline], Reference]
    truth = import_module(f"gradcalc.check.{_ORACLES[method]}").truth
    return truth


def _asked(method: str, case: Case, deadline: Deadline) -> tuple[Reference | None, str]:
    """The answer of a method, or why there is none."""
    try:
        return _truth(method)(case, deadline), ""
    except OutOfTime:
        return None, "no time"
    except NoReferenceError as why:
        return None, str(why)


def _judged(
    method: str, case: Case, reference: Reference, deadline: Deadline, remark: str = ""
) -> Verdict:
    """The verdict, with an error forgiven that rounding the point itself would also cause.

    ``x2 - x1**2`` near (1, 1) is as accurate as its operands allow, and what is made of it cannot
    be better; ``1 - cos(x)`` near 0 is not.
    """
    verdict = judge(method, case, reference, remark)
    if verdict.passed is not False or reference.directions:
        return verdict
    from gradcalc.check.conditioning import conditioning  # deferred: rarely needed

    try:
        again = "arb" if reference.balls else method.partition("+")[0]
        again = again if again in _ORACLES else "mpmath"
        moved = conditioning(_truth(again), case, reference, deadline)
    except (OutOfTime, NoReferenceError):
        return verdict
    widened = judge(method, moved, reference, remark)
    if widened.passed is False:
        return verdict
    sensitive = "sensitive: rounding the point moves it by as much as our error"
    return replace(widened, reason=join([widened.reason, sensitive]))
