"""The gate: generated code is run before it is printed, and compared with the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from gradcalc.calculus.gradients import gradient_graph
from gradcalc.calculus.isolated import Isolated
from gradcalc.code.bounds import ULPS, bounds
from gradcalc.code.language import Array, Vectors
from gradcalc.code.points import chosen, values
from gradcalc.code.printing import Printed, Target
from gradcalc.code.running import FailedError, run, tool, version
from gradcalc.engine.grouped import Chunks
from gradcalc.engine.point import At
from gradcalc.engine.program import Program
from gradcalc.engine.schedule import Floats
from gradcalc.errors import Exit, GradcalcError, count
from gradcalc.functions.primitives import TABLE

POINTS = 1024
_LOST = 2.0**-10
"""Of a number that may be off by more than this part of it, no ulps are counted."""
_MOST_NUMBERS = 200_000
"""That are compared."""
_MOST_VALUES = 2_000_000
"""Of nodes, that are computed on the way."""


@dataclass(frozen=True)
class Verdict:
    """``passed`` is None where the code was not run. Of ``numbers``, at ``points`` with ``tool``,
    ``equal`` were the same to the last bit; ``worst`` is the largest difference in ulps: of the
    number, or of what rounding leaves of it (``bounds``). ``remarks`` are what to know beside,
    ``vectors`` what the file can test itself by."""

    passed: bool | None
    tool: str = ""
    points: int = 0
    numbers: int = 0
    equal: int = 0
    worst: float = 0.0
    reason: str = ""
    remarks: tuple[str, ...] = ()
    vectors: Vectors | None = None

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
    told = {_APART: _treats_apart(printed), _UNTESTED: verdict.vectors is None}
    return replace(verdict, remarks=tuple(remark for remark, holds in told.items() if holds))


def _treats_apart(printed: Printed) -> bool:
    """Whether a slope at an isolated point would take a limit."""
    order = max(target.kind.order for target in printed.targets)
    graphs = [printed.graph, gradient_graph(printed.graph)] if order == 2 else [printed.graph]
    return bool(order) and any(map(Isolated, graphs))


_UNTESTED = "no test in the file: it would be long, or no number is sure at any point tried"
_APART = "where an equality holds at one point only, the slope is that of the branch, not the limit"


def judge(printed: Printed, points: int = POINTS, seed: int = 0) -> Verdict:
    """Run the code where it can be run, and compare it with the engine."""
    sample = _sampled(printed, points, seed)
    if isinstance(sample, str):
        return Verdict(False, reason=sample)
    vectors, found = _vectors(printed, sample), tool(printed.language)
    if found is None:
        names = " or ".join(one.called or one.program for one in printed.language.tools)
        return Verdict(None, reason=f"there is no {names}", vectors=vectors)
    name = version(found)
    signatures = [target.signature for target in printed.targets]
    try:
        text = printed.text(vectors=vectors)
        told = run(printed.language, found, printed.name, text, signatures, sample.record,
                   sample.rows)  # fmt: skip
    except FailedError as why:
        return Verdict(False, name, reason=str(why))
    return replace(_compared(printed, sample, told, name), vectors=vectors)


class _Answers(NamedTuple):
    """The engine's numbers for a function, and how far others may be from them: at once, and if the
    operations are done in another order. All of shape (numbers, points)."""

    ours: Floats
    room: Floats
    loose: Floats


class _Sample(NamedTuple):
    """Points, the inputs of all functions at them (``rows`` has the numbers of ``record``), and
    what the engine answers."""

    x: Floats
    record: list[Array]
    rows: Floats
    answers: list[_Answers]


def _sampled(printed: Printed, points: int, seed: int) -> _Sample | str:
    """What to try the code with; or what is wrong with the graph that it is made from."""
    numbers = sum(target.signature.output.size for target in printed.targets)
    size = max(len(target.derived) for target in printed.targets)
    calls = sum(bool(TABLE[code].steps) for one in printed.targets for code in one.derived.codes)
    points = max(4, min(points, _MOST_NUMBERS // max(1, numbers), _MOST_VALUES // max(1, size),
                        max(16, printed.language.patience // max(1, calls))))  # fmt: skip
    single, program = printed.language.narrow, Program(printed.graph)
    x = chosen(printed.graph, points, seed, single)
    record, columns = _record(printed, x, seed)
    answers = []
    for target in printed.targets:
        given = [columns[array.name] for array in target.signature.inputs]
        graph = target.derived
        found = values(graph, np.concatenate(given, axis=1))
        shape = len(graph.outputs), len(x)
        loose = bounds(graph, found, exact=1.0, single=single).reshape(shape)
        odd = _against_sweeps(program, target, given, found, loose)
        if odd is not None:
            return f"{target.signature.name}: {odd}"
        ours = np.array([found[node] for node in graph.outputs]).reshape(shape)
        with np.errstate(all="ignore"):
            ours = ours.astype(np.float32).astype(float) if single else ours
        room = loose if single else bounds(graph, found).reshape(shape)
        answers.append(_Answers(ours, room, loose))
    return _Sample(x, record, np.concatenate(list(columns.values()), axis=1), answers)


def _record(printed: Printed, x: Floats, seed: int) -> tuple[list[Array], dict[str, Floats]]:
    """The inputs of all functions, and their numbers at each point."""
    rng = np.random.default_rng(seed + 1)
    arrays = {a.name: a for target in printed.targets for a in target.signature.inputs}
    columns: dict[str, Floats] = {}
    for name, array in arrays.items():
        vector = rng.uniform(-2, 2, (len(x), array.size))
        columns[name] = vector.astype(np.float32).astype(float) if columns else x
    return list(arrays.values()), columns


def _compared(printed: Printed, sample: _Sample, told: Floats, name: str) -> Verdict:
    start = equal = total = 0
    worst = 0.0
    unit = 2.0**-23 if printed.language.narrow else 2.0**-52
    for target, (ours, room, _) in zip(printed.targets, sample.answers, strict=True):
        stop = start + target.signature.output.size
        theirs = told[:, start:stop].T
        with np.errstate(all="ignore"):
            same = (theirs == ours) | (np.isnan(theirs) & np.isnan(ours))
            apart = np.abs(theirs - ours)
            fits = same | (apart <= room) | np.isinf(room)
            ulp = np.fmax(unit * np.abs(ours), room / ULPS)
            lost = room > _LOST * np.abs(ours)
            ulps = np.where(same | lost, 0, apart / ulp)
        if not fits.all():
            entry, point = np.argwhere(~fits)[0]
            numbers = theirs[entry, point], ours[entry, point]
            reason = _difference(printed, target, entry, sample.x[point], *numbers)
            return Verdict(False, name, reason=reason)
        worst = max(worst, float(np.nan_to_num(ulps, posinf=0).max(initial=0)))
        equal += int(same.sum())
        total += same.size
        start = stop
    return Verdict(True, name, len(sample.x), total, equal, worst)


_VECTORS = 4
_MOST_IN_A_FILE = 400


def _vectors(printed: Printed, sample: _Sample) -> Vectors | None:
    """What the file is to test itself by: some points where all is finite; None where that would
    be long."""
    ours, room = (np.concatenate([getattr(one, which) for one in sample.answers]).T
                  for which in ("ours", "loose"))  # fmt: skip
    sound = np.isfinite(ours).all(axis=1) & np.isfinite(room).all(axis=1)
    most = min(_VECTORS, _MOST_IN_A_FILE // max(1, 2 * ours.shape[1] + sample.rows.shape[1]))
    places = np.flatnonzero(sound)[:most]
    if not len(places) or not ours.shape[1]:
        return None
    functions = [target.signature for target in printed.targets]
    tables = (
        [list(map(float, row)) for row in table[places]] for table in (sample.rows, ours, room)
    )
    return Vectors(sample.record, functions, *tables)


_MARGIN = 16.0
"""How many times the bound of one order of operations another order may be off."""


class _Branches:
    """What the sweeps say of a program at points, without the limits that it takes where a
    ``where`` treats one apart: code has the slope of the branch."""

    def __init__(self, at: At) -> None:
        self.at = at
        self.value = at.value
        self.run = Chunks(at.run.machine, at.x)

    def jacobian(self, mode: str) -> Floats:
        return self.run.jacobian(mode)

    def vjp(self, v: Floats) -> Floats:
        return self.run.vjp(v)

    def jvp(self, u: Floats) -> Floats:
        return self.run.jvp(u)

    def hessian(self) -> Floats:
        return _Branches(self.at.gradient_at).jacobian("auto")

    def hvp(self, u: Floats) -> Floats:
        return _Branches(self.at.gradient_at).jvp(u)


def _against_sweeps(
    program: Program,
    target: Target,
    vectors: Sequence[Floats],
    found: dict[int, Any],
    loose: Floats,
) -> str | None:
    """What is wrong with the graph that is printed: the engine's own sweeps, which were derived
    another way, must say the same where all of its values are numbers."""
    kind, graph = target.kind, target.derived
    sound = np.all([np.isfinite(value) for value in found.values()], axis=0)
    with np.errstate(all="ignore"):
        at = _Branches(program.at(vectors[0]))
        vector = vectors[1] if len(vectors) > 1 else None
        swept = kind.answer(at, vector, "auto") if kind.order else at.value
        swept = np.reshape(swept, (len(vectors[0]), -1)).T
        if target.entries is not None:
            swept = swept[[i * target.whole[1] + j for i, j in target.entries]]
        ours = np.array([found[node] for node in graph.outputs]).reshape(swept.shape)
        room = _MARGIN * loose
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
