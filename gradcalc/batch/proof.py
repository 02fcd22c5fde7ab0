"""How many digits of every row are proven right, and which rows are in doubt."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gradcalc.batch.chunk import Floats
from gradcalc.batch.results import Results
from gradcalc.batch.sample import Outcome
from gradcalc.errors import Exit, UsageError, count

if TYPE_CHECKING:
    from gradcalc.check.verdict import Verdict

COLUMN = "digits"
"""The column that a proven stream has more: 17 where every number of the row is the double nearest
to the truth, 0 where one of them is not proven."""

_FEW = 5
"""How many rows in doubt are told of one by one; the others are counted."""

_WORSE = (Exit.DONE, Exit.UNDECIDED, Exit.FEW_DIGITS, Exit.DISAGREES)


class Proofs:
    """The proofs of a stream: every row on its own, by Arb.

    ``told(file, line, why)`` hears of the first rows in doubt. ``budget`` is how many seconds all
    may take; None leaves the usual ones to each row. Raises UsageError without python-flint.
    """

    def __init__(
        self, results: Results, told: Callable[[str, int, str], None], budget: float | None
    ) -> None:
        if find_spec("flint") is None:
            raise UsageError("--prove needs python-flint", hint="pip install python-flint")
        self._results, self._told = results, told
        self._end = None if budget is None else time.thread_time() + budget
        self._least = 0
        self._rows = self._whole = self._doubted = 0
        self._exit = Exit.DONE

    def column(
        self,
        lines: Sequence[int],
        numbers: Floats,
        results: Floats,
        good: NDArray[np.bool_],
        source: str,
    ) -> Floats:
        """The digits of some more rows, shape (N, 1); NaN for those that are not ``good``, which
        have been reported already."""
        found = np.full((len(lines), 1), np.nan)
        for row in np.flatnonzero(good).tolist():
            digits, why, code = self._row(numbers[row], results[row])
            found[row] = digits
            self._rows += 1
            if code is Exit.DONE:
                self._whole += digits == _all_digits()
                self._least = min(self._least or digits, digits)
                continue
            self._doubted += 1
            self._exit = max(self._exit, code, key=_WORSE.index)
            if self._doubted <= _FEW:
                self._told(source, lines[row], why)
        return found

    def _row(self, numbers: Floats, results: Floats) -> tuple[int, str, Exit]:
        left = None if self._end is None else max(0.0, self._end - time.thread_time())
        digits = _all_digits()
        for verdict in self._results.verdicts(numbers, results, left, "arb"):
            if verdict.passed is not True:
                code = verdict.exit(insisted=True)
                return _proven(verdict), verdict.line, code
            proven = _proven(verdict)
            if not proven:
                first = verdict.proof and verdict.proof.first
                why = f"{first.name} is not proven ({first.reason})" if first else verdict.line
                return 0, why, Exit.UNDECIDED
            digits = min(digits, proven)
        return digits, "", Exit.DONE

    def outcome(self) -> Outcome:
        """The sentence in the end, and the exit code."""
        if not self._rows:
            return Outcome("nothing to prove", Exit.DONE)
        if self._doubted:
            first = f" (the first {_FEW} are named above)" if self._doubted > _FEW else ""
            rest = self._rows - self._doubted
            others = f"; of the other {rest:,} {self._said()}" if rest else ""
            mark = "✗" if self._exit is Exit.DISAGREES else "?"
            return Outcome(f"{mark} {self._doubted:,} in doubt{first}{others}", self._exit)
        return Outcome(f"✓ proven: {self._said()}", Exit.DONE)

    def _said(self) -> str:
        if self._least == _all_digits():
            return "every digit"
        whole = f", all of them in {count(self._whole, 'row', 'rows')}" if self._whole else ""
        return f"{self._least} digits or more{whole}"


def _all_digits() -> int:
    from gradcalc.check.verdict import ALL_DIGITS  # deferred: it is the check's

    return ALL_DIGITS


def _proven(verdict: Verdict) -> int:
    """How many digits of all its numbers are proven; 0 where one has no enclosure."""
    if verdict.proof is None or verdict.proof.without:
        return 0
    return min((d for d in (*verdict.digits, *verdict.value_digits) if d is not None), default=0)
