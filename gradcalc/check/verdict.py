"""The verdict of a check: data, and one English sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gradcalc.calculus.kinds import KINDS, Kind


@dataclass(frozen=True)
class Worst:
    """The entry, or the value, that is furthest from the truth.

    ``output`` and ``variable`` name its row and column; one of them is empty where the entry has
    none (a value, an entry of a vjp or a jvp). ``ulps`` is the error in units of ``eps * scale``,
    see ``gradcalc.check.compare``.
    """

    output: str
    variable: str
    ours: float
    true: float
    ulps: float
    kind: Kind = KINDS["jacobian"]
    nowhere: str = ""
    """What the function does instead of having a derivative: 'jumps here'."""

    @property
    def name(self) -> str:
        """What a mathematician would call it: df2/dx1."""
        return self.kind.named(self.output, self.variable)


class Doubt(NamedTuple):
    """A number of which few digits are right, and its true value."""

    name: str
    ours: float
    true: float
    digits: int


FEW_DIGITS = 12
"""An answer with fewer right digits than this is told about, however well rounding explains it."""


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    ``passed`` is None when nothing was decided: the check did not run, did not finish, or had
    nothing that it could compare. ``checked`` of ``total`` entries of the derivative were compared
    one by one, and ``values`` of the outputs' values. ``max_ulp`` is the largest error among them
    (``Worst.ulps``), ``wrong`` how many were out of tolerance. ``reason`` says in words what was
    not checked, and why; or why this method and not sympy.
    """

    method: str
    passed: bool | None
    checked: int = 0
    total: int = 0
    max_ulp: float = 0.0
    worst: Worst | None = None
    reason: str = ""
    values: int = 0
    wrong: int = 0
    truth: Any = field(default=None, compare=False, repr=False)
    """The true entries as doubles, in the shape of the answer; NaN where they are not known."""
    digits: tuple[int | None, ...] = field(default=(), compare=False, repr=False)
    """Per entry (flat), how many of its digits are right; None where that is not known."""
    value_truth: tuple[float, ...] = field(default=(), compare=False, repr=False)
    value_digits: tuple[int | None, ...] = field(default=(), compare=False, repr=False)
    doubts: tuple[Doubt, ...] = ()
    """What agrees with the truth as far as rounding goes, but has few right digits."""

    @property
    def line(self) -> str:
        """The sentence under a table."""
        if self.passed is None:
            return f"not checked: {self.reason or 'no check was asked for'}"
        because = f"; {self.reason}" if self.reason else ""
        if self.passed:
            agree = "agrees" if self.checked + self.values == 1 else "agree"
            found = f"✓ {self.method}: {self._compared()} {agree}, {self._accuracy()}{because}"
            return found + self._doubtful()
        return f"✗ {self.method}: {self._difference()}{because}"

    def as_json(self) -> dict[str, Any]:
        """The ``check`` object of the JSON output; strict: what is not finite is None."""
        shown: dict[str, Any] = {
            "method": self.method,
            "passed": self.passed,
            "max_ulp": _finite(self.max_ulp) if self.passed is not None else None,
            "worst": None,
            "checked": self.checked,
            "total": self.total,
            "values": self.values,
        }
        if self.worst is not None:
            shown["worst"] = {
                "output": self.worst.output,
                "variable": self.worst.variable,
                "ours": _finite(self.worst.ours),
                "true": _finite(self.worst.true),
                "ulps": _finite(self.worst.ulps),
            }
        known = [d for d in (*self.digits, *self.value_digits) if d is not None]
        if known:
            shown["digits"] = min(known)
        if self.reason:
            shown["reason"] = self.reason
        return shown

    def _compared(self) -> str:
        parts = []
        if self.total:
            part = "" if self.checked == self.total else f"{self.checked:,} of "
            parts.append(f"{part}{count(self.total, 'entry', 'entries')}")
        if self.values:
            parts.append(count(self.values, "value", "values"))
        return " and ".join(parts)

    def _accuracy(self) -> str:
        if not self.max_ulp:
            return "exact"
        where = f" ({self.worst.name})" if self.worst is not None else ""
        return f"worst {self.max_ulp:.2g} ulp{where}"

    def _doubtful(self) -> str:
        """Told even though rounding explains it: terms cancelled, or a rounding was magnified."""
        if not self.doubts:
            return ""
        doubt = min(self.doubts, key=lambda doubt: doubt.digits)
        others = f", and {len(self.doubts) - 1:,} more" if len(self.doubts) > 1 else ""
        right = {0: "no digit is", 1: "only 1 digit is"}.get(
            doubt.digits, f"only {doubt.digits} digits are"
        )
        ours, true = f"{doubt.ours:.{doubt.digits + 4}g}", f"{doubt.true:.14g}"
        return f"; but {right} right in {doubt.name} = {ours}, true value {true}{others}"

    def _difference(self) -> str:
        worst = self.worst
        if worst is None:
            return f"{self.wrong} wrong"
        more = self.wrong - 1
        others = f"; {more:,} more {'differs' if more == 1 else 'differ'}" if more else ""
        if worst.nowhere:
            who = worst.output or "the function"
            return f"{worst.name} is {worst.ours:g}, but {who} {worst.nowhere}{others}"
        ours, true = _telling_apart(worst.ours, worst.true)
        return f"{worst.name} is {ours}, true value {true}{others}"


def count(number: int, one: str, many: str) -> str:
    """'1 entry', '2,000 entries'."""
    return f"{number:,} {one if number == 1 else many}"


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _telling_apart(ours: float, true: float) -> tuple[str, str]:
    """Both numbers, ours no longer than it takes to see the difference."""
    for digits in range(3, 17):
        short = f"{ours:.{digits}g}"
        if abs(float(short) - ours) < 0.01 * abs(ours - true):
            return short, f"{true:.14g}" if digits < 13 else repr(true)
    return repr(ours), repr(true)
