"""The gate: generated code is run before it is printed, and compared with the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradcalc.code.bounds import ULPS, bounds
from gradcalc.code.language import Array
from gradcalc.code.points import chosen, values
from gradcalc.code.printing import Printed, Target
from gradcalc.code.running import FailedError, run, tool, version
from gradcalc.engine.schedule import Floats
from gradcalc.errors import count

POINTS = 64
_MOST_NUMBERS = 400_000
"""That are compared."""


@dataclass(frozen=True)
class Verdict:
    """``passed`` is None where the code was not run. Of ``numbers``, at ``points`` with ``tool``,
    ``equal`` were the same to the last bit; ``worst`` is the largest difference in ulps."""

    passed: bool | None
    tool: str = ""
    points: int = 0
    numbers: int = 0
    equal: int = 0
    worst: float = 0.0
    reason: str = ""

    @property
    def line(self) -> str:
        """What is said of it."""
        if self.passed is None:
            return f"not run here: {self.reason}"
        if not self.passed:
            return f"wrong: {self.reason}"
        share = 100 * self.equal // max(1, self.numbers)
        apart = f"worst {self.worst:.3g} ulp" if self.worst else "every bit equal"
        return f"checked at {count(self.points, 'point', 'points')} with {self.tool}: {apart}" + (
            f", {share} % of the numbers equal" if self.worst else ""
        )


def judge(printed: Printed, points: int = POINTS, seed: int = 0) -> Verdict:
    """Run the code where it can be run, and compare it with the engine."""
    found = tool(printed.language)
    if found is None:
        names = " or ".join(one.called or one.program for one in printed.language.tools)
        return Verdict(None, reason=f"there is no {names}" if names else "nothing can run it")
    numbers = sum(target.signature.output.size for target in printed.targets)
    points = max(4, min(points, _MOST_NUMBERS // max(1, numbers)))
    graph = printed.graph
    single = printed.language.narrow
    x = chosen(graph, points, seed, single)
    record, rows = _record(printed, x, seed)
    signatures = [target.signature for target in printed.targets]
    try:
        told = run(printed.language, found, printed.name, printed.text(), signatures, record, rows)
    except FailedError as why:
        return Verdict(False, version(found), reason=str(why))
    return _compared(printed, x, rows, record, told, version(found))


def _record(printed: Printed, x: Floats, seed: int) -> tuple[list[Array], Floats]:
    """The inputs of all functions, and their numbers at each point."""
    rng = np.random.default_rng(seed + 1)
    arrays: dict[str, Array] = {}
    for target in printed.targets:
        for array in target.signature.inputs:
            arrays[array.name] = array
    columns = [x]
    for array in list(arrays.values())[1:]:
        vector = rng.uniform(-2, 2, (len(x), array.size))
        columns.append(vector.astype(np.float32).astype(float))
    return list(arrays.values()), np.concatenate(columns, axis=1)


def _compared(
    printed: Printed, x: Floats, rows: Floats, record: Sequence[Array], told: Floats, name: str
) -> Verdict:
    ends = np.cumsum([array.size for array in record])
    place = {a.name: slice(end - a.size, end) for a, end in zip(record, ends, strict=True)}
    start = equal = total = 0
    worst = 0.0
    unit = 2.0**-23 if printed.language.narrow else 2.0**-52
    for target in printed.targets:
        stop = start + target.signature.output.size
        theirs = told[:, start:stop].T
        given = np.concatenate([rows[:, place[a.name]] for a in target.signature.inputs], axis=1)
        ours, room = _ours(target, given, printed.language.narrow)
        with np.errstate(all="ignore"):
            same = (theirs == ours) | (np.isnan(theirs) & np.isnan(ours))
            apart = np.abs(theirs - ours)
            fits = same | (apart <= room) | np.isinf(room)
        if not fits.all():
            entry, point = np.argwhere(~fits)[0]
            numbers = theirs[entry, point], ours[entry, point]
            return Verdict(
                False, name, reason=_difference(printed, target, entry, x[point], *numbers)
            )
        with np.errstate(all="ignore"):
            ulp = np.fmax(unit * np.abs(ours), room / ULPS)
            ulps = np.where(same | np.isinf(room), 0, apart / ulp)
        worst = max(worst, float(np.nan_to_num(ulps, posinf=0).max(initial=0)))
        equal += int(same.sum())
        total += same.size
        start = stop
    return Verdict(True, name, len(x), total, equal, worst)


def _ours(target: Target, given: Floats, single: bool) -> tuple[Floats, Floats]:
    """The engine's numbers and how far others may be from them, both of shape (m, N)."""
    graph = target.derived
    found = values(graph, given)
    with np.errstate(all="ignore"):
        ours = np.array([found[node] for node in graph.outputs]).reshape(-1, len(given))
        if single:
            ours = ours.astype(np.float32).astype(float)
    room = bounds(graph, found, exact=1.0 if single else 0.0, single=single)
    return ours, room.reshape(ours.shape)


def _difference(
    printed: Printed, target: Target, entry: int, x: Floats, theirs: float, ours: float
) -> str:
    at = ", ".join(f"{n}={v:.17g}" for n, v in zip(printed.graph.variables[:8], x, strict=False))
    return (f"{target.signature.name}, number {entry} is {theirs!r} at {at}, "
            f"and the engine says {ours!r}")  # fmt: skip
