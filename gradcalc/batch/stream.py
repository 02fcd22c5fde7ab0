"""The stream itself: chunks in, tables out, failures counted on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcalc.batch.chunk import Chunk, Floats, Reader, Table, selected
from gradcalc.batch.proof import COLUMN, Proofs
from gradcalc.batch.results import Results
from gradcalc.batch.sample import Sample
from gradcalc.errors import BindingError, Exit, GradcalcError

FEW = 5
"""How many failures are reported one by one; the others are counted."""

NUMBERS = 1 << 21
"""How many numbers of a chunk and its results are in memory at a time, if a row allows."""


class RowError(GradcalcError):
    """A row failed, and that was to be the end. ``placed``: the message says in which file."""

    exit = Exit.DISAGREES
    placed = False


@dataclass(slots=True)
class Tally:
    """How many rows were read, and how many of them failed."""

    rows: int = 0
    failed: int = 0


class Stream:
    """The rows of ``reader`` through ``results``.

    ``columns`` are the positions of the numbers in the input. ``report(file, line, reason)`` is
    told of the first failures, ``progress(tally)`` of every chunk. Raises RowError at a failure if
    ``policy`` is 'stop'.
    """

    def __init__(
        self,
        reader: Reader,
        results: Results,
        columns: Sequence[Any],
        *,
        keep: bool,
        policy: str,
        sample: Sample,
        proofs: Proofs | None = None,
        report: Callable[[str, int, str], None],
        progress: Callable[[Tally], None],
    ) -> None:
        self._reader = reader
        self._results = results
        self._columns = columns
        self._wanted = frozenset(place for place in columns if isinstance(place, int))
        self._keep = keep
        self._policy = policy
        self._sample = sample
        self._proofs = proofs
        self._report = report
        self._progress = progress
        self.tally = Tally()
        self.names = (*self._kept_names(), *results.names, *([COLUMN] if proofs else []))
        self._require_different()

    def tables(self) -> Iterator[Table]:
        """The rows to be written, as they are ready."""
        most = max(1, NUMBERS // max(1, len(self._columns) + len(self._results.names)))
        for chunk in self._reader.chunks(self._columns, self._keep):
            for piece in chunk.pieces(most):
                table, stopped = self._through(piece)
                if len(table.results):
                    yield table
                if stopped:
                    error = RowError(stopped)
                    error.placed = bool(chunk.source)
                    raise error
                self._progress(self.tally)

    def _through(self, chunk: Chunk) -> tuple[Table, str]:
        """The chunk as a table, and why the stream ends here, if it does."""
        results = self._results.at(chunk.numbers)
        if not chunk.unread and _all_finite(results, chunk.numbers):  # as usual
            self.tally.rows += len(chunk)
            good = np.ones(len(chunk), bool)
            self._sample.add(chunk.lines, chunk.numbers, results, good)
            return Table(chunk.kept, self._proven(chunk, results, good), False, self._wanted), ""
        results[list(chunk.unread)] = np.nan
        results[~np.isfinite(chunk.numbers).all(axis=1)] = np.nan
        bad = self._results.undefined(chunk.numbers, results)
        bad[list(chunk.unread)] = True
        if self._policy == "stop" and bad.any():
            return self._until(chunk, results, int(bad.argmax()))
        self._tell(chunk, results, bad)
        self.tally.rows += len(chunk)
        self.tally.failed += int(bad.sum())
        finite: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(results), axis=1)
        self._sample.add(chunk.lines, chunk.numbers, results, ~bad & finite)
        results = self._proven(chunk, results, ~bad & finite)
        if self._policy == "nan":
            return Table(chunk.kept, results, True, self._wanted), ""
        kept = tuple(selected(column, ~bad) for column in chunk.kept)
        return Table(kept, results[~bad], True, self._wanted), ""

    def _until(self, chunk: Chunk, results: Floats, row: int) -> tuple[Table, str]:
        self.tally.rows += row + 1
        self.tally.failed += 1
        reason = chunk.unread.get(row) or self._results.why(chunk.numbers[row], results[row])
        where = f"{chunk.source}, " * bool(chunk.source)
        where += f"{self._reader.unit} {chunk.lines[row]}"
        before = np.arange(len(chunk)) < row
        kept = tuple(column[:row] for column in chunk.kept)
        results = self._proven(chunk, results, before)[:row]
        return Table(kept, results, True, self._wanted), f"{where}: {reason}"

    def _proven(self, chunk: Chunk, results: Floats, good: NDArray[np.bool_]) -> Floats:
        """The results with a column of digits behind them, where that was asked for."""
        if self._proofs is None:
            return results
        digits = self._proofs.column(chunk.lines, chunk.numbers, results, good, chunk.source)
        return np.concatenate([results, digits], axis=1)

    def _tell(self, chunk: Chunk, results: Floats, bad: NDArray[np.bool_]) -> None:
        for row in np.flatnonzero(bad)[: max(0, FEW - self.tally.failed)].tolist():
            reason = chunk.unread.get(row) or self._results.why(chunk.numbers[row], results[row])
            self._report(chunk.source, chunk.lines[row], reason)

    def _kept_names(self) -> tuple[str, ...]:
        if not self._keep:
            return ()
        return self._reader.names or self._results.request.labels

    def _require_different(self) -> None:
        seen: set[str] = set()
        for name in self.names:
            if name in seen:
                raise BindingError(
                    f"the output would have two columns '{name}'",
                    hint="ask for one of the kinds that share it, or give the outputs names",
                )
            seen.add(name)


def _all_finite(results: Floats, numbers: Floats) -> bool:
    """Whether there is no NaN and no infinity. A sum that overflows says no, to no harm."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(results.sum() + numbers.sum()))
