"""The gate: generated code is run before it is printed, and compared with the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcalc.calculus.gradients import gradient_graph
from gradcalc.code.bounds import ULPS, bounds
from gradcalc.code.language import Array
from gradcalc.code.points import chosen, values
from gradcalc.code.printing import Printed, Target
from gradcalc.code.running import FailedError, run, tool, version
from gradcalc.engine.isolated import Isolated
from gradcalc.engine.program import Program
from gradcalc.engine.schedule import Floats
from gradcalc.errors import Exit, GradcalcError, count

POINTS = 64
_MOST_NUMBERS = 400_000
"""That are compared."""


@dataclass(frozen=True)
class Verdict:
    """``passed`` is None where the code was not run. Of ``numbers``, at ``points`` with ``tool``,
    ``equal`` were the same to the last bit; ``worst`` is the largest difference in ulps: of the
    number, or of what rounding leaves of it (``bounds``). ``remarks`` are what to know beside."""

    passed: bool | None
    tool: str = ""
    points: int = 0
    numbers: int = 0
    equal: int = 0
    worst: float = 0.0
    reason: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """The same in the head of a file."""
        told = [self.line, *self.remarks]
        return [f"{line[:1].upper()}{line[1:]}." for line in told]

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


class WrongCodeError(GradcalcError):
    """Generated code that does not say what the engine says."""

    exit = Exit.DISAGREES


def judged(printed: Printed) -> Verdict:
    """What the gate says of the code. Raises WrongCodeError for what must not be printed."""
    verdict = judge(printed)
    if verdict.passed is False:
        raise WrongCodeError(
            f"the {printed.language.title} that was made is {verdict.line}",
            hint="nothing was printed; please report it with the expression",
        )
    return replace(verdict, remarks=(_APART,)) if _treats_apart(printed) else verdict


def _treats_apart(printed: Printed) -> bool:
    """Whether a slope at an isolated point would take a limit."""
    order = max(target.kind.order for target in printed.targets)
    graphs = [printed.graph, gradient_graph(printed.graph)] if order == 2 else [printed.graph]
    return bool(order) and any(map(Isolated, graphs))


_APART = "where an equality holds at one point only, the slope is that of the branch, not the limit"


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
    single = printed.language.narrow
    unit = 2.0**-23 if single else 2.0**-52
    program = Program(printed.graph)
    for target in printed.targets:
        stop = start + target.signature.output.size
        theirs = told[:, start:stop].T
        vectors = [rows[:, place[a.name]] for a in target.signature.inputs]
        found = values(target.derived, np.concatenate(vectors, axis=1))
        odd = _against_sweeps(program, target, vectors, found)
        if odd is not None:
            return Verdict(False, name, reason=f"{target.signature.name}: {odd}")
        ours = np.array([found[node] for node in target.derived.outputs]).reshape(theirs.shape)
        room = bounds(target.derived, found, exact=1.0 if single else 0.0, single=single)
        with np.errstate(all="ignore"):
            if single:
                ours = ours.astype(np.float32).astype(float)
            room = room.reshape(ours.shape)
            same = (theirs == ours) | (np.isnan(theirs) & np.isnan(ours))
            apart = np.abs(theirs - ours)
            fits = same | (apart <= room) | np.isinf(room)
            ulp = np.fmax(unit * np.abs(ours), room / ULPS)
            ulps = np.where(same | np.isinf(room), 0, apart / ulp)
        if not fits.all():
            entry, point = np.argwhere(~fits)[0]
            numbers = theirs[entry, point], ours[entry, point]
            reason = _difference(printed, target, entry, x[point], *numbers)
            return Verdict(False, name, reason=reason)
        worst = max(worst, float(np.nan_to_num(ulps, posinf=0).max(initial=0)))
        equal += int(same.sum())
        total += same.size
        start = stop
    return Verdict(True, name, len(x), total, equal, worst)


_MARGIN = 16.0
"""How many times the bound of one order of operations another order may be off."""


def _against_sweeps(
    program: Program, target: Target, vectors: Sequence[Floats], found: dict[int, Any]
) -> str | None:
    """What is wrong with the graph that is printed: the engine's own sweeps, which were derived
    another way, must say the same where all of its values are numbers."""
    kind, graph = target.kind, target.derived
    sound = np.all([np.isfinite(value) for value in found.values()], axis=0)
    with np.errstate(all="ignore"):
        at = program.at(vectors[0])
        vector = vectors[1] if len(vectors) > 1 else None
        swept = kind.answer(at, vector, "auto") if kind.order else at.value
        swept = np.reshape(swept, (len(vectors[0]), -1)).T
        if target.entries is not None:
            swept = swept[[i * target.whole[1] + j for i, j in target.entries]]
        ours = np.array([found[node] for node in graph.outputs]).reshape(swept.shape)
        room = _MARGIN * bounds(graph, found, exact=1.0).reshape(swept.shape)
        sound[at.apart] = False
        if kind.order == 2:
            sound[at.gradient_at.apart] = False
        wrong = sound & ~((np.abs(swept - ours) <= room) | np.isinf(room) | np.isnan(swept))
    if not wrong.any():
        return None
    entry, point = np.argwhere(wrong)[0]
    return (
        f"number {entry} of its graph is {float(ours[entry, point])!r}, "
        f"and the engine's sweeps say {float(swept[entry, point])!r}"
    )


def _difference(
    printed: Printed, target: Target, entry: int, x: Floats, theirs: float, ours: float
) -> str:
    at = ", ".join(f"{n}={v:.17g}" for n, v in zip(printed.graph.variables[:8], x, strict=False))
    return (f"{target.signature.name}, number {entry} is {float(theirs)!r} at {at}, "
            f"and the engine says {float(ours)!r}")  # fmt: skip
