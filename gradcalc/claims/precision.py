"""How far a claimed number may be off because it was written with few digits.

Whole numbers, and numbers of five digits or fewer, are what they say: 3 is not 3.2, and 0.5 is not
0.54. Six digits or more are a rounding of something: they claim so many digits and no more. What
has sixteen is a double that somebody has calculated, and may be off by the rounding of that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gradcalc.check.compare import EPS

ROUNDED = 6
"""Digits from which on a number is taken for a rounding, as print(float32) and %g write it."""

DOUBLE = 16
CALCULATED = 64.0
"""Ulps that the rounding of a calculation in doubles may add up to."""

_NUMERAL = re.compile(r"\s*[-+−]?\s*(\d*)(\.(\d*))?(?:[eE]([-+]?\d+))?\s*")


class Numeral(NamedTuple):
    """``digits`` are significant; ``unit`` is one in the last place; ``whole``: an integer."""

    digits: int
    decimals: int
    unit: float
    whole: bool


def numeral(text: str) -> Numeral | None:
    """What a text says of a number, if it is one and nothing else."""
    found = _NUMERAL.fullmatch(text)
    if found is None or not (found[1] or found[3]) or len(text) > 400:
        return None
    decimals = len(found[3] or "")
    mantissa = (found[1] + (found[3] or "")).lstrip("0")
    exponent = max(min(int(found[4] or 0), 400), -400)
    unit = float(f"1e{exponent - decimals}")
    return Numeral(len(mantissa), decimals, unit, not found[2] and not found[4])


def slacks(texts: Sequence[str], numbers: Sequence[float]) -> tuple[tuple[float, ...], str]:
    """How far each entry may be off, and in words what that is; '' if every digit counts."""
    numerals = [numeral(text) for text in texts]
    long = [n for n in numerals if n is not None and not n.whole and n.digits >= ROUNDED]
    columns = {n.decimals for n in long if n.digits < DOUBLE}
    found = []
    for number, said in zip(numbers, numerals, strict=True):
        if said is None or said.whole or (said.digits < ROUNDED and said.decimals not in columns):
            found.append(0.0)
        elif said.digits >= DOUBLE:
            found.append(CALCULATED * EPS * abs(number))
        else:
            found.append(said.unit * (0.5 + 1e-9))
    fewest = min((n.digits for n in long), default=DOUBLE)
    return tuple(found), f"the {fewest} digits that it has" if fewest < DOUBLE else ""
