"""Several oracles on one question: whose word is taken for which number, and where they disagree.

What Arb has enclosed is proven. Of the rest, sympy's word is taken, or mpmath's where sympy has
none. Where two of them disagree nothing is agreed upon, unless both contradict us.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcalc.check.case import Case, Reference
from gradcalc.check.compare import (
    KINK,
    LIMIT,
    Nowhere,
    Open,
    Truth,
    Unchecked,
    alike,
    error,
    identities,
)
from gradcalc.errors import count
from gradcalc.functions.digits import context

_AGREE = 1e-18
_TINY = -1075
"""A power of two below which all numbers have the same double."""


def left_open(case: Case, answers: Mapping[str, Reference]) -> bool:
    """Whether there is a number of ours of which no answer knows anything, or nothing that we could
    not be wrong about: one of them contradicts us, and it is not proven."""
    if not answers:
        return True
    known = [case.about(answer) for answer in answers.values()]
    proof = case.about(answers["arb"]) if "arb" in answers else None
    numbers, scales = case.numbers, case.scales
    for k in set(alike(numbers, scales, *map(identities, known))):
        ours, scale = numbers[k], scales[k]
        said = [truths[k] for truths in known if not isinstance(truths[k], Unchecked)]
        tried = any(isinstance(truths[k], Open) for truths in known)
        proven = proof is not None and not isinstance(proof[k], Unchecked)
        if proven or tried or math.isnan(ours):
            continue
        if not said or any(_contradicts(true, ours, scale) for true in said):
            return True
    return not numbers


def merge(case: Case, answers: Mapping[str, Reference]) -> tuple[Reference, str, str]:
    """One answer of several; whose it is, and in words how many numbers are only mpmath's."""
    known = {method: case.about(answer) for method, answer in answers.items()}
    proof, others = known.pop("arb", None), list(known)
    arb = answers.get("arb", Reference([], []))
    limits = {k: arb.entries[k] for k in arb.limits if k < len(case.ours)}
    numbers, scales = case.numbers, case.scales

    def one(k: int) -> tuple[str, Truth]:
        said = {method: known[method][k] for method in others}
        if k in limits:  # a formula's derivative knows nothing of limits
            return "", limits[k]
        if proof is not None and not isinstance(proof[k], Unchecked):
            return "", _proven(proof[k], said, numbers[k], scales[k])
        if proof is not None and isinstance(proof[k], Open):
            return "", proof[k]
        return _agreed(said, proof and proof[k], numbers[k], scales[k])

    columns = [identities(column) for column in (*known.values(), *([proof] if proof else []))]
    alone = np.zeros(len(numbers), dtype=int)
    alone[list(limits)] = range(1, len(limits) + 1)
    like, split = alike(numbers, scales, alone, *columns), len(case.ours)
    found = {k: one(k) for k in set(like)}
    truths = [found[k][1] for k in like]
    taken: Counter[tuple[str, bool]] = Counter()
    for is_entry, places in ((True, like[:split]), (False, like[split:])):
        for k, many in Counter(places).items():
            taken[found[k][0], is_entry] += many
    last = answers.get("mpmath") or answers.get("sympy") or answers["arb"]
    values = truths[split:] + last.values[len(case.values) :]  # those that we did not give, too
    merged = Reference(truths[:split], values, last.remark, last.directions, arb.balls, arb.limits)
    told = [
        f"{count(taken['mpmath', is_entry], *nouns)} by mpmath"
        for is_entry, nouns in ((True, ("entry", "entries")), (False, ("value", "values")))
        if "sympy" in answers and taken["mpmath", is_entry]
    ]
    used = [name for name in others if name != "mpmath" or told or "sympy" not in answers]
    return merged, "+".join(used) or "arb", ", ".join(told)


def _proven(true: Truth, said: Mapping[str, Truth], ours: float, scale: float) -> Truth:
    """The proven number, unless we agree with it and somebody else does not."""
    for method, other in said.items():
        if _differ(true, other) and not _contradicts(true, ours, scale):
            return Open(f"{method} and Arb disagree")
    return true


def _agreed(
    said: Mapping[str, Truth], unproven: Truth | None, ours: float, scale: float
) -> tuple[str, Truth]:
    """What those who have a number agree upon, and whose it is."""
    found = {method: true for method, true in said.items() if not isinstance(true, Unchecked)}
    if not found and unproven == Unchecked(KINK):  # Arb has been on both sides
        return "", unproven
    if not found:
        reasons = [true for true in said.values() if true.reason != KINK]
        return "", next(iter([*reasons, *said.values()]), unproven)
    (method, true), *others = found.items()
    if any(_differ(true, other) for _, other in others) and not math.isnan(ours):
        contradicting = [_contradicts(one, ours, scale) for one in found.values()]
        if not all(contradicting):
            return method, Open(f"{' and '.join(found)} disagree")
    return method, true


def _contradicts(true: Truth, ours: float, scale: float) -> bool:
    return isinstance(true, Nowhere) or error(ours, true, scale) > LIMIT


def _differ(one: Truth, two: Truth) -> bool:
    """Whether two oracles contradict each other."""
    if isinstance(one, Unchecked) or isinstance(two, Unchecked):
        return False
    if isinstance(one, Nowhere) or isinstance(two, Nowhere):
        return type(one) is not type(two)
    mp = context()
    one, two = mp.convert(one), mp.convert(two)
    if one == two or (_is_tiny(mp, one) and _is_tiny(mp, two)):
        return False
    return not (mp.isfinite(one) and abs(one - two) <= _AGREE * abs(one))


def _is_tiny(mp: Any, number: Any) -> bool:
    return not number or bool(mp.isfinite(number) and mp.mag(number) < _TINY)
