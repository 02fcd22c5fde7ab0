"""The verdict of a check: data, and one English sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gradcalc.calculus.kinds import KINDS, Kind
from gradcalc.errors import Exit, count


@dataclass(frozen=True)
class Worst:
    """The entry, or the value, that is furthest from the truth.

    ``output`` and ``variable`` name its row and column; one of them is empty where the entry has
    none (a value, an entry of a vjp or a jvp). ``ulps`` is the error in units of the last place of
    the true number; of ``eps * scale`` where that is 0 (``gradcalc.check.compare``).
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


class Unproven(NamedTuple):
    """A number without an enclosure, and why."""

    name: str
    reason: str


class Apart(NamedTuple):
    """In the place of one ball those of the slopes on both sides of a kink."""

    left: Any
    right: Any

    def __str__(self) -> str:
        left, right = (f"{float(side.mid()) + 0.0:g}" for side in self)
        return f"left | right slope {left} | {right}, proven"


@dataclass(frozen=True)
class Proof:
    """The balls that hold the true numbers, None for those ``without``, and the ``first`` such. Of
    a number that has two sides, an ``Apart``: it is without one."""

    entries: tuple[Any, ...]
    values: tuple[Any, ...]
    without: int = 0
    first: Unproven | None = None

    @property
    def count(self) -> int:
        """How many numbers are proven."""
        return len(self.entries) + len(self.values) - self.without

    @property
    def bits(self) -> int:
        """How many bits of every one of them are known, at the least."""
        every = (*self.entries, *self.values)
        balls = [ball for ball in every if ball is not None and not isinstance(ball, Apart)]
        known = (int(ball.rel_accuracy_bits()) for ball in balls if not ball.contains(0))
        return min([_BITS, *known])

    def as_json(self) -> dict[str, Any]:
        return {"entries": list(map(_enclosure, self.entries)),
                "values": list(map(_enclosure, self.values))}  # fmt: skip


def _enclosure(ball: Any) -> dict[str, Any] | None:
    if ball is None:
        return None
    if isinstance(ball, Apart):
        return {"left": _enclosure(ball.left), "right": _enclosure(ball.right)}
    from flint import ctx  # deferred: there is a ball, and so there is flint

    with ctx.workprec(ball.bits() + _MARGIN):  # its ends are rounded to the precision in force
        ends = _hex(ball.lower(), False), _hex(ball.upper(), True)
    decimal = f"from {ends[0]} to {ends[1]}" if _is_far(ball) else ball.str(40)
    return {"lower": ends[0], "upper": ends[1], "decimal": decimal}


def _is_far(exact: Any) -> bool:
    """Whether its exponent is itself a long number."""
    size = abs(exact).upper()
    return bool(size.is_finite() and size and abs(int(size.man_exp()[1])) > _FAR)


def _hex(exact: Any, is_upper: bool) -> str:
    """All bits of an end, as C's %a writes those of a double; farther out where its exponent is
    itself a long number."""
    sign = "-" if exact < 0 else ""
    if not exact.is_finite():
        return f"{sign}inf"
    mantissa, exponent = map(int, exact.man_exp())
    if not mantissa:
        return "0x0p+0"
    if _is_far(exact):
        outwards = is_upper == (exact > 0)
        if exponent > 0:
            return f"{sign}inf" if outwards else f"{sign}0x1p+{_FAR}"
        return f"{sign}0x1p-{_FAR}" if outwards else "0x0p+0"
    size = mantissa.bit_length() - 1
    places = -(-size // 4)
    digits = f"{abs(mantissa) << (4 * places - size):x}"
    point = f".{digits[1:].rstrip('0')}".rstrip(".")
    return f"{sign}0x{digits[0]}{point}p{exponent + size:+d}"


ALL_DIGITS = 17
"""No double has more; what has them all is the double nearest to the truth."""
_BITS, _MARGIN = 128, 64
_FAR = 1 << 40
"""A power of two beyond which the ends of an enclosure are not written out."""
FEW_DIGITS, FEWEST_DIGITS = 12, 6
"""An answer with fewer right digits than the one is told about, however well rounding explains it;
with fewer than the other it does not pass."""


MARKS = {
    "agrees": "✓",
    "disagrees": "✗",
    "few digits": "≈",
    "undecided": "?",
    "not checked": "not checked:",
}
"""What a check can come to, and how its line begins."""
EXITS = {
    "agrees": Exit.DONE,
    "disagrees": Exit.DISAGREES,
    "few digits": Exit.FEW_DIGITS,
    "undecided": Exit.UNDECIDED,
    "not checked": Exit.UNDECIDED,
}


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    ``passed`` is None when nothing was decided: the check did not run, did not finish, or had
    nothing that it could compare; when a number lies on a step to all digits, or the oracles
    disagree (``open``); and when rounding explains an error that leaves fewer than 6 digits.
    ``outcome`` says which in a word. ``checked`` of ``total`` entries of the derivative were
    compared one by one, and ``values`` of the outputs' values. ``max_ulp`` is the largest error
    among them (``Worst.ulps``), ``wrong`` how many were out of tolerance. ``reason`` says what was
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
    open: bool = False
    limits: dict[int, str] = field(default_factory=dict, compare=False, repr=False)
    """The entries (flat) that are limits and no sums of products, and from where."""
    proof: Proof | None = field(default=None, compare=False, repr=False)

    @property
    def outcome(self) -> str:
        """A key of ``MARKS``."""
        if self.passed is not None:
            return "agrees" if self.passed else "disagrees"
        if self.open:
            return "undecided"
        few = any(doubt.digits < FEWEST_DIGITS for doubt in self.doubts)
        return "few digits" if few else "not checked"

    def exit(self, insisted: bool = False) -> Exit:
        """The exit code that it stands for. Not to be decided in the budget is no failure, unless
        it was ``insisted`` on."""
        code = EXITS[self.outcome]
        return code if self.outcome != "not checked" or insisted else Exit.DONE

    @property
    def proven(self) -> bool:
        """Whether all that was compared is proven."""
        return bool(self.passed and self.proof and not self.proof.without)

    @property
    def line(self) -> str:
        """The sentence under a table."""
        because = f"; {self.reason}" if self.reason else ""
        outcome = self.outcome
        mark = MARKS[outcome]
        if outcome == "not checked":
            return f"{mark} {self.reason or 'no check was asked for'}"
        if outcome == "undecided":
            return f"{mark} {self.method}: not decided{because}"
        if outcome == "disagrees":
            return f"{mark} {self.method}: {self._difference()}{because}"
        if self.proof and self.proven and self.method == "arb" and self._is_nearest:
            bits = f"Arb, {self.proof.bits} bits"
            return f"{mark} proven: every digit of {self._compared()} ({bits}){because}"
        agree = "agrees" if self.checked + self.values == 1 else "agree"
        if outcome == "few digits":
            compared = f"{self._compared()} {agree} up to rounding"
            return f"{mark} {self.method}: {compared}{because}{self._doubtful()}"
        found = f"{mark} {self.method}: {self._compared()} {agree}, {self._accuracy()}"
        return f"{found}{self._proven()}{because}{self._doubtful()}"

    @property
    def _is_nearest(self) -> bool:
        """Whether every number is the double nearest to the truth."""
        return {*self.digits, *self.value_digits} <= {ALL_DIGITS}

    def _proven(self) -> str:
        if self.proof is None:
            return ""
        if self.proof.first is None:
            return "; proven"
        name, reason = self.proof.first
        why = f" ({reason})" if reason else ""
        more = f" and {self.proof.without - 1:,} more" if self.proof.without > 1 else ""
        if not self.proof.count:
            return f"; not proven{why}"
        return f"; proven but for {name}{why}{more}"

    def as_json(self) -> dict[str, Any]:
        """The ``check`` object of the JSON output; strict: what is not finite is None."""
        shown: dict[str, Any] = {
            "method": self.method,
            "passed": self.passed,
            "outcome": self.outcome,
            "proven": self.proven,
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
        if self.proof is not None:
            shown["enclosures"] = self.proof.as_json()
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


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _telling_apart(ours: float, true: float) -> tuple[str, str]:
    """Both numbers, ours no longer than it takes to see the difference."""
    for digits in range(3, 17):
        short = f"{ours:.{digits}g}"
        if abs(float(short) - ours) < 0.01 * abs(ours - true):
            return short, f"{true:.14g}" if digits < 13 else repr(true)
    return repr(ours), repr(true)
