"""Does the linear interval stand? JCGM 101, clause 8: its ends against those of a better one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gradcalc.errors import Exit


@dataclass(frozen=True)
class Linearity:
    """Whether the ends of y ± k·u are right to the ``digits`` of u that are told.

    ``interval`` is the linear one, ``better`` what it is compared with and ``by`` what made that;
    ``tolerance`` is half a unit of the last of these digits, ``noise`` the standard error of the
    ends. Not ``judged``, or with a verdict against it whatever the ends, for a ``reason``.
    """

    output: str
    digits: int
    tolerance: float
    interval: tuple[float, float]
    by: str
    noise: float = 0.0
    trials: int = 0
    better: tuple[float, float] | None = None
    reason: str = ""
    judged: bool = True
    replaced: bool = True
    """Whether value and uncertainty of what it is compared with are better."""

    @property
    def off(self) -> tuple[float, float]:
        """How far the better ends are from the linear ones; NaN where there are none."""
        if self.better is None:
            return math.nan, math.nan
        return self.better[0] - self.interval[0], self.better[1] - self.interval[1]

    @property
    def distance(self) -> float:
        return max(map(abs, self.off))

    @property
    def stands(self) -> bool | None:
        """None where the noise is too loud to say, or nothing was there to judge by."""
        if not self.judged:
            return None
        if self.reason or math.isnan(self.distance):
            return False
        if self.distance - 2 * self.noise > self.tolerance:
            return False
        if self.distance > self.tolerance or 2 * self.noise > self.tolerance:
            return None
        return True

    @property
    def exit(self) -> Exit:
        if not self.judged:
            return Exit.DONE
        return {True: Exit.DONE, False: Exit.DISAGREES, None: Exit.UNDECIDED}[self.stands]

    @property
    def wanted(self) -> int:
        """How many trials would decide it."""
        times = (4 * self.noise / self.tolerance) ** 2 if self.tolerance else math.inf
        return int(self.trials * times) if times < 1e9 else 0


def tolerance(u: float, digits: int) -> float:
    """Half a unit of the last of the ``digits`` significant digits of u (JCGM 101, 7.9.2)."""
    if not u or not math.isfinite(u):
        return 0.0
    exponent = int(f"{u:.{digits - 1}e}".partition("e")[2])
    return 0.5 * 10.0 ** (exponent - digits + 1)
