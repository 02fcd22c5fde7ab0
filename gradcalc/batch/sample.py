"""Some rows of a stream, chosen at random while it passes, and what the check says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcalc.batch.chunk import Floats
from gradcalc.batch.results import Results
from gradcalc.errors import Exit


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: a sentence, and the exit code that it stands for."""

    line: str
    exit: Exit


class Sample:
    """``size`` rows, every one of the stream equally likely; the same ones in every run."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._random: np.random.Generator | None = None
        self._rows: list[tuple[float, int, Floats, Floats]] = []

    def add(
        self, lines: Sequence[int], numbers: Floats, results: Floats, good: NDArray[np.bool_]
    ) -> None:
        """Look at some more rows; those that are not ``good`` have been reported already."""
        if not self.size:
            return
        if self._random is None:
            self._random = np.random.default_rng(self.size)  # 10 ms to load, here if needed
        keys = np.where(good, self._random.random(len(lines)), np.inf)
        best = np.argsort(keys)[: self.size]
        self._rows += [(float(keys[row]), int(lines[row]), numbers[row].copy(), results[row].copy())
                       for row in best if good[row]]  # fmt: skip
        self._rows = sorted(self._rows, key=lambda row: row[0])[: self.size]

    def outcome(self, results: Results, unit: str, budget: float | None) -> Outcome | None:
        """The check of the rows; None if there are none.

        ``budget`` is how many seconds it may take in all; None leaves the usual ones to each row.
        """
        if not self._rows:
            return None
        undecided, worst, methods, proven = "", 0.0, set(), True
        parts = len(self._rows) * len(results.request.kinds)
        share = None if budget is None else budget / parts
        rows = sorted(self._rows, key=lambda row: row[1])
        for _, line, numbers, ours in rows:
            for verdict in results.verdicts(numbers, ours, share):
                if verdict.outcome in ("disagrees", "few digits"):
                    return Outcome(f"{unit} {line}: {verdict.line}", verdict.exit())
                if verdict.passed is None:
                    undecided = f"{unit} {line}: {verdict.line}"
                worst = max(worst, verdict.max_ulp)
                methods.add(verdict.method)
                proven &= verdict.proven
        if undecided:
            return Outcome(undecided, Exit.UNDECIDED)
        agree = "1 random row agrees" if len(rows) == 1 else f"{len(rows)} random rows agree"
        how = f"worst {worst:.2g} ulp" if worst else "exact"
        return Outcome(
            f"✓ {', '.join(sorted(methods))}: {agree}, {how}{'; proven' * proven}", Exit.DONE
        )
