"""Is the answer right? An independent derivative, and the comparison."""

from __future__ import annotations

from gradcalc.check.kinks import Kink, kinks
from gradcalc.check.verdict import Verdict, Worst
from gradcalc.check.verify import METHODS, verify

__all__ = ["METHODS", "Kink", "Verdict", "Worst", "kinks", "verify"]
