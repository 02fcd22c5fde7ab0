"""What is computed of each row: the columns of the output, and their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradcalc.batch.chunk import Floats
from gradcalc.batch.names import PROPAGATE
from gradcalc.batch.spread import Spread, Term
from gradcalc.calculus.kinds import BY_WORD, KINDS, VARIABLES, Kind
from gradcalc.engine.point import At, Question
from gradcalc.engine.program import Program

if TYPE_CHECKING:
    from gradcalc.check.verdict import Verdict
    from gradcalc.explain.undefined import Cause

Direction = tuple[float | str, ...]
"""The entries of v or of u: a number, or the name of the column that has one for each row."""


class Request(NamedTuple):
    """``kinds`` of results (``names.WHAT``), at ``slopes`` of the variables (the first ones).

    ``vectors`` has the entries of v and u where they are needed, ``spread`` what is said of the
    uncertainties; ``labels`` are the columns of the numbers: the variables, then those that these
    use.
    """

    kinds: tuple[str, ...]
    slopes: int
    vectors: dict[str, Direction]
    labels: tuple[str, ...]
    spread: tuple[Term, ...] = ()


def kind_of(word: str) -> Kind:
    """What is computed of a point for one of ``names.WHAT``."""
    return KINDS["jacobian"] if word == PROPAGATE else BY_WORD[word]


class Results:
    """A program with what is asked of it at every row, and how many threads may work on it."""

    def __init__(self, program: Program, request: Request, threads: int | None = None) -> None:
        self.program = program
        self.threads = threads
        self.request = request
        self._spread = Spread([Term(*term) for term in request.spread], request.labels)
        names = {word: self._names(word) for word in request.kinds}
        self.names = tuple(name for word in request.kinds for name in names[word])
        words = [word for word in request.kinds for _ in names[word]]
        self._values = [j for j, word in enumerate(words) if not kind_of(word).order]
        self._slopes = np.array([j for j, word in enumerate(words) if kind_of(word).order], int)

    def at(self, numbers: Floats) -> Floats:
        """The results at N rows of numbers: shape (N, number of names).

        Where a value is not finite, no slope is a number: 0 of √(x·x) where x·x overflows is none.
        """
        with np.errstate(all="ignore"):
            at = self.program.at(numbers[:, : len(self.program.variables)], threads=self.threads)
            parts = [self._part(word, at, numbers) for word in self.request.kinds]
            results = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
            if len(self._slopes) and len(at.odd):
                results[np.ix_(at.odd, self._slopes)] = np.nan
        return results

    def verdicts(
        self, row: Floats, results: Floats, budget: float | None, method: str = "auto"
    ) -> Iterator[Verdict]:
        """What the check says of one row of numbers and its results."""
        from gradcalc.check.verify import BUDGET, verify  # deferred: it brings sympy

        at, start = self.program.at(row[: len(self.program.variables)]), 0
        for word in self.request.kinds:
            vector = self._vector(word, row[None])
            question = at.ask(kind_of(word).name, None if vector is None else np.ravel(vector))
            count, kept = len(self._names(word)), self._kept(word)
            with np.errstate(all="ignore"):
                full = np.array(at.value if question.entries is None else question.entries)
            # What stands in the output, among slopes that do not.
            full[kept] = self._as_entries(word, results[start : start + count], full[kept], row)
            start += count
            yield verify(
                question,
                full if question.kind.order else (),
                () if question.kind.order else full,
                method=method,
                budget=BUDGET if budget is None else budget,
            )

    def _as_entries(self, word: str, ours: Floats, entries: Floats, row: Floats) -> Floats:
        """Results as entries of the derivative that they are made of: of an uncertainty the slopes
        that would make it, each off by as much as it is."""
        if word != PROPAGATE:
            return ours.reshape(entries.shape)
        made = self._spread(entries[None], row[None])[0]
        with np.errstate(all="ignore"):
            off = np.where(made == ours, 1.0, ours / made)
        scaled: Floats = entries * off[:, None]
        return scaled

    def undefined(self, numbers: Floats, results: Floats) -> NDArray[np.bool_]:
        """The rows with a coordinate that is no number (infinity is none), or a NaN or an infinite
        value among the results; an infinite slope is an answer."""
        holes = np.concatenate([~np.isfinite(numbers), self._holes(results)], axis=1)
        found: NDArray[np.bool_] = np.logical_or.reduce(holes, axis=1)
        return found

    def _holes(self, results: Floats) -> NDArray[np.bool_]:
        holes = np.isnan(results)
        holes[:, self._values] = ~np.isfinite(results[:, self._values])
        return holes

    def why(self, row: Floats, results: Floats) -> str:
        """Which number of a row is none, or which of its values or results, and why."""
        from gradcalc.explain.undefined import of_value  # deferred: rarely needed

        gaps = ~np.isfinite(row)
        if gaps.any():
            at = int(gaps.argmax())
            why = "not a number" if np.isnan(row[at]) else "or larger than any double"
            return f"{self.request.labels[at]} is {row[at]}, {why}"
        at = int(self._holes(results[None])[0].argmax())
        point = self.program.at(row[: len(self.program.variables)])
        with np.errstate(all="ignore"):
            gaps = ~np.isfinite(point.value)
        if gaps.any() and at not in self._values:
            output = int(gaps.argmax())
            cause = of_value(point, output)
            said = f"{self.program.outputs[output]} is {point.value[output]}"
        else:
            cause = self._cause(point, at)
            said = f"{self.names[at]} is {results[at]}"
            if cause is None and self.request.spread:
                return f"{said}: {self._spread.why(row)}"
        return said + (f": {cause.what}" if cause else "")

    def _cause(self, point: At, at: int) -> Cause | None:
        from gradcalc.explain.undefined import of_slope, of_value

        for word in self.request.kinds:
            count = len(self._names(word))
            if at < count:
                break
            at -= count
        if kind_of(word).order == 0:
            return of_value(point, at)
        if word == PROPAGATE:
            slopes = (of_slope(point, at, j) for j in range(self.request.slopes))
            return next(filter(None, slopes), None)
        if kind_of(word).is_slope:
            return of_slope(point, *divmod(at, self.request.slopes))
        return None

    def _names(self, word: str) -> list[str]:
        if word == PROPAGATE:
            return [f"u_{output}" for output in self.program.outputs]
        slopes = self.program.variables[: self.request.slopes]
        return kind_of(word).heads(self.program.outputs, slopes)

    def _kept(self, word: str) -> tuple[Any, ...]:
        """Which entries are those of the variables that get slopes."""
        return (..., *[slice(self.request.slopes)] * kind_of(word).axes.count(VARIABLES))

    def _part(self, word: str, at: At, numbers: Floats) -> Floats:
        entries = Question(kind_of(word), at, self._vector(word, numbers)).entries
        found: Floats = (at.value if entries is None else entries)[self._kept(word)]
        if word == PROPAGATE:
            return self._spread(found, numbers)
        return found.reshape(len(numbers), len(self._names(word)))

    def _vector(self, word: str, numbers: Floats) -> Floats | None:
        """The vector, one for all rows, or where it uses columns one for each row."""
        kind = kind_of(word)
        if kind.vector is None:
            return None
        letter = kind.vector.letter
        entries = self.request.vectors[letter]
        if letter == "u":  # variables without slopes stand still
            rest = len(self.program.variables) - self.request.slopes
            entries = (*entries, *[0.0] * rest)
        if not any(isinstance(entry, str) for entry in entries):
            return np.array(entries, float)
        columns = [numbers[:, self.request.labels.index(entry)] if isinstance(entry, str)
                   else np.full(len(numbers), entry) for entry in entries]  # fmt: skip
        return np.stack(columns, axis=1)
