"""Our numbers against a method's, and what there is to say about them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradcalc.calculus.kinds import KINDS, Kind
from gradcalc.check.case import Case, Reference
from gradcalc.check.compare import TOO_MANY, Comparison, Open, Truth, compare
from gradcalc.check.verdict import (
    FEW_DIGITS,
    FEWEST_DIGITS,
    Apart,
    Doubt,
    Proof,
    Unproven,
    Verdict,
    Worst,
)
from gradcalc.errors import count
from gradcalc.functions.digits import context

VALUES = KINDS["eval"]
_FAR = 3_321_928  # bits: a million digits


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
    doubts = _doubts(case, case.kind, ours, entries) + _doubts(case, VALUES, values, outputs)
    is_open = any(isinstance(true, Open) for true in case.about(reference))
    undecided = nothing or is_open or any(doubt.digits < FEWEST_DIGITS for doubt in doubts)
    return Verdict(
        method=method,
        passed=False if wrong else None if undecided else True,
        checked=entries.checked,
        total=len(ours),
        max_ulp=worst.ulps if worst else 0.0,
        worst=worst if worst and worst.ulps else None,
        reason=join(reasons),
        values=outputs.checked,
        wrong=wrong,
        truth=truth,
        digits=tuple(entries.digits),
        value_truth=tuple(outputs.truth),
        value_digits=tuple(outputs.digits),
        doubts=doubts,
        open=is_open,
        limits=_limits(case, reference),
        proof=_proof(case, reference),
    )


def _limits(case: Case, reference: Reference) -> dict[int, str]:
    """Of our numbers those that are limits: entries, and after them values."""
    split = len(reference.entries)
    about = {
        k if k < split else k - split + len(case.ours): why
        for k, why in reference.limits.items()
        if k < len(case.ours) or k >= split
    }
    return {k: why for k, why in about.items() if k < len(case.numbers)}


def _proof(case: Case, reference: Reference) -> Proof | None:
    """What is proven of our numbers; None where nothing was tried."""
    if not reference.balls:
        return None
    split = len(reference.balls) - len(case.graph.outputs)
    tried = reference.balls[: len(case.ours)] + reference.balls[split:][: len(case.values)]
    without = [k for k, ball in enumerate(tried) if isinstance(ball, str | Apart)]
    first = Unproven(_name(case, without[0]), str(tried[without[0]])) if without else None
    balls = tuple(None if isinstance(ball, str) else ball for ball in tried)
    return Proof(balls[: len(case.ours)], balls[len(case.ours) :], len(without), first)


def _name(case: Case, k: int) -> str:
    """What a mathematician would call our k-th number: an entry or, after those, a value."""
    entries = len(case.ours)
    return case.name(k, case.kind) if k < entries else case.name(k - entries, VALUES)


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
        if number != nearest or (number and math.isfinite(number)) or truth[k] == number:
            continue
        true = context().convert(truth[k])
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
        if number and number == number and true == 0
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
            if reason != TOO_MANY:
                parts.append(f"{count(number, one, many)} not checked ({reason})")
    return ", ".join(parts)


def join(parts: Sequence[str]) -> str:
    return "; ".join(part for part in parts if part)
