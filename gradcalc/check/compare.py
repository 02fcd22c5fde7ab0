"""Ours against the truth, in ulps.

Whether an entry is wrong is judged in units of ``eps * scale``, the scale being the larger of the
true value and the sum of the absolute values of the contributions that make the entry
(``Program.scale``). Without cancellation that is the ordinary ulp of the true value. Where terms
cancel, it is an ulp of what they cancel from: 1e-17 for an exact 0 that is 0.3 - 0.1 - 0.2 is no
error. It does not cover a sub-expression whose *value* lost its digits, as ``1 - cos(x)`` near 0
does: those wrong digits are found.

What is told of the worst entry is its error in units of its own last place.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from gradcalc.check.verdict import ALL_DIGITS
from gradcalc.functions.digits import context

LIMIT = 4096.0
"""How many ulps an answer may be off: 12 of its 16 digits are right. Each operation of a formula
may be off by an ulp or so, a primitive by a few; hand-sized formulas add up to some hundreds in the
worst case. Genuine mistakes, and cancellation worth a warning, are off by millions."""

EPS = 2.0**-52
_UNSURE = 0.01  # ulps: the truth itself is not known better
_BITS = 256  # of the truth: those of a gap between two doubles, and then some
_LOOKS, _FEW = 8, 1000
_SMALLEST = 2.0**-1022  # below the smallest normal double an ulp is 2**-1074, whatever the number


class Unchecked(NamedTuple):
    """In place of a true number that is not known, with the reason in a few words."""

    reason: str


KINK, TOO_MANY = "kink", "no time for every entry"
"""Reasons that are told of elsewhere."""


class Open(Unchecked):
    """The same where it was tried hard: a number on a step, to all the digits that there were. No
    other method's word for it counts."""


class Nowhere(NamedTuple):
    """In place of a derivative that does not exist: the ``reason`` is what the function does."""

    reason: str


class Dyadic:
    """``mantissa`` · 2**``exponent``, not 0, and the ``nearest`` double: what Arb says without
    mpmath, which takes it for a number (``context().convert``)."""

    __slots__ = ("exponent", "mantissa", "nearest")

    def __init__(self, mantissa: int, exponent: int, nearest: float) -> None:
        self.mantissa, self.exponent, self.nearest = mantissa, exponent, nearest

    def __float__(self) -> float:
        return self.nearest

    def _mpmath_(self, *_: Any) -> Any:
        mp = context()
        with mp.workprec(self.mantissa.bit_length() + 1):
            return mp.ldexp(mp.mpf(self.mantissa), self.exponent)


Truth = Any
"""A Dyadic or a double, possibly infinite; an mpmath number; Unchecked, or Nowhere."""


@dataclass
class Comparison:
    """The errors found so far: how many numbers were compared, the worst, and who was left out."""

    checked: int = 0
    wrong: int = 0
    worst: tuple[int, float, float, float] | None = None
    """Index, ours, true, ulps."""
    unchecked: Counter[str] = field(default_factory=Counter)
    truth: list[float] = field(default_factory=list)
    nowhere: str = ""
    """What the function does where it has no derivative."""
    digits: list[int | None] = field(default_factory=list)
    """Per number, how many of its significant digits are right; None where that is not known."""

    @property
    def max_ulp(self) -> float:
        return self.worst[3] if self.worst else 0.0


def compare(
    ours: Sequence[float], truth: Sequence[Truth], scale: Sequence[float], limit: float = LIMIT
) -> Comparison:
    """Compare number by number: all three sequences are flat and equally long."""
    found, is_wrong = Comparison(), False
    like = alike(ours, scale, identities(truth))
    exact = {k for k in set(like) if not ours[k] and truth[k] == 0}  # most of a large Jacobian
    others = [index for index, other in enumerate(like) if other not in exact]
    found.checked = len(like) - len(others)
    found.truth = [0.0] * len(like)
    found.digits = [ALL_DIGITS] * len(like)
    if found.checked:
        found.worst = (like.index(next(iter(exact))), 0.0, 0.0, 0.0)
    for index in others:
        number, true, unit = ours[index], truth[index], scale[index]
        if isinstance(true, Unchecked) or math.isnan(number):
            known = not isinstance(true, Unchecked | Nowhere)
            reason = true.reason if isinstance(true, Unchecked) else "nan in doubles"
            found.unchecked[reason] += 1
            found.truth[index] = as_double(true) if known else math.nan
            found.digits[index] = None
            continue
        found.checked += 1
        if isinstance(true, Nowhere):
            found.wrong += 1
            found.truth[index] = math.nan
            found.digits[index] = None
            found.nowhere, is_wrong = found.nowhere or true.reason, True
            found.worst = (index, float(number), math.nan, math.inf)
            continue
        nearest, gap = as_double(true), _Gap(number, true)
        wrong = gap.ulps(unit) > limit
        ulps = gap.of_last_place(unit)
        found.truth[index] = nearest
        found.digits[index] = gap.right_digits
        found.wrong += wrong
        if found.worst is None or (wrong, ulps) > (is_wrong, found.worst[3]):
            is_wrong = wrong
            found.worst = (index, float(number), nearest, ulps)
    return found


def alike(*columns: Sequence[float] | Any) -> list[int]:
    """For each place one that has the same in every column: a few looks find the many zeros of a
    large matrix, of which one then stands for all. The others stand for themselves."""
    arrays = [np.asarray(column) for column in columns]
    found = np.arange(len(arrays[0]))
    rest = found
    for _ in range(_LOOKS):
        if len(rest) < _FEW:
            break
        one = rest[len(rest) // 2]
        same = np.logical_and.reduce([array[rest] == array[one] for array in arrays])
        same[len(rest) // 2] = True  # a NaN, too
        found[rest[same]] = one
        rest = rest[~same]
    like: list[int] = found.tolist()
    return like


def identities(things: Sequence[Any]) -> Any:
    """Equal only where two are one object."""
    return np.fromiter(map(id, things), dtype=np.intp, count=len(things))


def error(ours: float, true: Truth, scale: float) -> float:
    """|ours - true| in units of ``eps * max(|true|, scale)``; 0 for the double nearest to the truth
    if that is exact or infinite, infinite if only one of the two is."""
    return _Gap(ours, true).ulps(scale)


def right_digits(ours: float, true: Truth) -> int:
    """How many significant decimal digits of ``ours`` are those of the truth.

    This is against the number itself, not against its scale: of a 1e-17 that should be 2e-17 no
    digit is right, however well that is explained.
    """
    return _Gap(ours, true).right_digits


class _Gap:
    """What is between a double and the truth: exact, in whole numbers."""

    def __init__(self, ours: float, true: Truth) -> None:
        self._ours, self._nearest = float(ours), as_double(true)
        self._is_zero = not self._nearest and not _is_tiny(true)
        self._infinite = math.isinf(self._nearest) or math.isinf(ours)
        self._true = (0, 1) if self._infinite or not self._nearest else _ratio(true)

    def ulps(self, scale: float) -> float:
        """In units of ``eps * max(|true|, scale)``."""
        if self._infinite:
            return 0.0 if self._nearest == self._ours else math.inf
        unit = max(_SMALLEST, scale if math.isfinite(scale) else 0.0, abs(self._nearest))
        return _sure(self._over(unit) / EPS)

    def of_last_place(self, scale: float) -> float:
        """In units of the last place of the truth; of the scale where that is 0."""
        if self._nearest == self._ours or self._is_zero or self._infinite:
            return self.ulps(scale)
        return _sure(self._over(math.ulp(self._nearest)))

    @property
    def right_digits(self) -> int:
        if self._nearest == self._ours:
            return ALL_DIGITS
        if not self._nearest or self._infinite:
            return 0
        relative = min(1.0, self._over(*self._true))
        return max(0, min(ALL_DIGITS - 1, math.floor(-math.log10(relative))))

    def _over(self, unit: float, part: int = 1) -> float:
        """The gap in units of ``unit / part``."""
        if math.isnan(self._ours):
            return math.nan
        (top, bottom), (ours, below) = self._true, self._ours.as_integer_ratio()
        (size, parts) = unit.as_integer_ratio()
        try:
            gap = abs(top * below - ours * bottom) * parts * part
            return gap / (bottom * below * abs(size))
        except OverflowError:
            return math.inf


def _sure(ulps: float) -> float:
    return ulps if ulps >= _UNSURE else 0.0


def _ratio(true: Truth) -> tuple[int, int]:
    """A number between the doubles as a fraction, the bits cut off that do not matter."""
    if isinstance(true, float):
        return true.as_integer_ratio()
    if isinstance(true, Dyadic):
        mantissa, exponent = true.mantissa, true.exponent
    else:
        sign, mantissa, exponent, _ = true._mpf_
        mantissa = int(-mantissa if sign else mantissa)
    more = max(0, mantissa.bit_length() - _BITS)
    mantissa, exponent = mantissa >> more, exponent + more
    return (mantissa << exponent, 1) if exponent >= 0 else (mantissa, 1 << -exponent)


def _is_tiny(true: Truth) -> bool:
    """Whether a number whose double is 0 is none."""
    return isinstance(true, Dyadic) or bool(true)


def as_double(true: Truth) -> float:
    """The double nearest to the truth; infinite beyond the largest one."""
    try:
        return float(true)
    except OverflowError:
        return math.inf if true > 0 else -math.inf


def flat(numbers: Any) -> list[float]:
    """Any array of numbers as a flat list of floats."""
    return [float(number) for number in np.asarray(numbers, dtype=float).ravel()]
