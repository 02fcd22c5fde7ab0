"""What is computed of each row: the columns of the output, and their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradcalc.batch.chunk import Floats
from gradcalc.engine.program import Program

if TYPE_CHECKING:
    from gradcalc.check.verdict import Verdict

Direction = tuple[float | str, ...]
"""The entries of v or of u: a number, or the name of the column that has one for each row."""


class Request(NamedTuple):
    """``kinds`` of results (``names.WHAT``), at ``slopes`` of the variables (the first ones).

    ``vectors`` has the entries of v and u where they are needed; ``labels`` are the columns of the
    numbers: the variables, then those that the vectors use.
    """

    kinds: tuple[str, ...]
    slopes: int
    vectors: dict[str, Direction]
    labels: tuple[str, ...]


class Kind(NamedTuple):
    """``names(outputs, variables)`` and ``numbers(program, x, vector, threads)``, shape (N, …).

    ``as_checked`` is the name under which ``check.verify`` knows it.
    """

    names: Callable[[Sequence[str], Sequence[str]], list[str]]
    numbers: Callable[[Program, Floats, Floats | None, int | None], Floats]
    vector: str = ""
    as_checked: str = ""


KINDS = {
    "eval": Kind(lambda f, x: list(f), lambda p, x, _, t: p(x, threads=t), as_checked="eval"),
    "grad": Kind(
        lambda f, x: [f"d/d{b}" for b in x],
        lambda p, x, _, t: p.gradient(x, threads=t),
        as_checked="gradient",
    ),
    "jacobian": Kind(
        lambda f, x: [f"d{a}/d{b}" for a in f for b in x],
        lambda p, x, _, t: p.jacobian(x, threads=t),
        as_checked="jacobian",
    ),
    "vjp": Kind(
        lambda f, x: [f"d/d{b}" for b in x],
        lambda p, x, v, t: p.vjp(x, _given(v), threads=t),
        "v",
        "vjp",
    ),
    "jvp": Kind(
        lambda f, x: [f"d{a}/du" for a in f],
        lambda p, x, u, t: p.jvp(x, _given(u), threads=t),
        "u",
        "jvp",
    ),
}


def _given(vector: Floats | None) -> Floats:
    if vector is None:
        raise ValueError("a product needs its vector")
    return vector


class Results:
    """A program with what is asked of it at every row, and how many threads may work on it."""

    def __init__(self, program: Program, request: Request, threads: int | None = None) -> None:
        self.program = program
        self.threads = threads
        self.request = request
        self._variables = program.variables[: request.slopes]
        self.names = tuple(
            name
            for kind in request.kinds
            for name in KINDS[kind].names(program.outputs, self._variables)
        )

        kinds = [kind for kind in request.kinds
                 for _ in KINDS[kind].names(program.outputs, self._variables)]  # fmt: skip
        self._values = [j for j, kind in enumerate(kinds) if kind == "eval"]

    def at(self, numbers: Floats) -> Floats:
        """The results at N rows of numbers: shape (N, number of names)."""
        parts = []
        with np.errstate(all="ignore"):
            for kind in self.request.kinds:
                found = self._full(kind, numbers)
                if kind not in ("eval", "jvp"):
                    found = found[..., : self.request.slopes]
                parts.append(found.reshape(len(numbers), -1))
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def verdicts(self, row: Floats, results: Floats, budget: float | None) -> Iterator[Verdict]:
        """What the check says of one row of numbers and its results."""
        from gradcalc.check.verify import BUDGET, verify  # deferred: it brings sympy

        x, start = row[: len(self.program.variables)], 0
        for name in self.request.kinds:
            kind = KINDS[name]
            count = len(kind.names(self.program.outputs, self._variables))
            ours, start = results[start : start + count], start + count
            with np.errstate(all="ignore"):
                full = self._full(name, row[None])[0]
            if name in ("eval", "jvp"):
                full = ours
            else:  # what stands in the output, among slopes that do not
                full[..., : self.request.slopes] = ours.reshape(*full.shape[:-1], -1)
            vector = self._vector(kind.vector, row[None])
            question = self.program.at(x).ask(
                kind.as_checked, None if vector is None else np.ravel(vector)
            )
            yield verify(
                question,
                full if question.kind.order else (),
                () if question.kind.order else full,
                budget=BUDGET if budget is None else budget,
            )

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
        """Which number of a row is none, or which of its results, and where that comes from."""
        gaps = ~np.isfinite(row)
        if gaps.any():
            at = int(gaps.argmax())
            return f"{self.request.labels[at]} is {row[at]}, not a number"
        at = int(self._holes(results[None])[0].argmax())
        cause = self._cause(row[: len(self.program.variables)], at)
        return f"{self.names[at]} is {results[at]}" + (f": {cause}" if cause else "")

    def _cause(self, x: Floats, at: int) -> str:
        from gradcalc.explain.undefined import of_slope, of_value  # deferred: rarely needed

        for kind in self.request.kinds:
            count = len(KINDS[kind].names(self.program.outputs, self._variables))
            if at < count:
                break
            at -= count
        point = self.program.at(x)
        if kind == "eval":
            cause = of_value(point, at)
        elif kind in ("grad", "jacobian"):
            cause = of_slope(point, *divmod(at, self.request.slopes))
        else:
            return ""
        return cause.what if cause else ""

    def _full(self, kind: str, numbers: Floats) -> Floats:
        x = numbers[:, : len(self.program.variables)]
        vector = self._vector(KINDS[kind].vector, numbers)
        return KINDS[kind].numbers(self.program, x, vector, self.threads)

    def _vector(self, letter: str, numbers: Floats) -> Floats | None:
        """The vector, one for all rows, or where it uses columns one for each row."""
        if not letter:
            return None
        entries = self.request.vectors[letter]
        if letter == "u":  # variables without slopes stand still
            rest = len(self.program.variables) - self.request.slopes
            entries = (*entries, *[0.0] * rest)
        if not any(isinstance(entry, str) for entry in entries):
            return np.array(entries, float)
        columns = [numbers[:, self.request.labels.index(entry)] if isinstance(entry, str)
                   else np.full(len(numbers), entry) for entry in entries]  # fmt: skip
        return np.stack(columns, axis=1)
