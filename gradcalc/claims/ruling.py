"""Is a claimed derivative right? The claim against ours, and ours against an independent one.

Doubles decide what is plainly equal. Where they differ, the claim's formulas and our rules are
evaluated to as many digits as it takes: a claim is not called wrong for its rounding, and not right
because rounding hides what is wrong with it. Numbers in the texts may be meant as the decimals that
stand there or as the doubles next to them: either is right, if both texts are read alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from gradcalc.calculus.kinds import KINDS, Kind
from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.compare import EPS, LIMIT
from gradcalc.check.verdict import Verdict
from gradcalc.check.verify import BUDGET, verify
from gradcalc.claims.claim import Claim, Tested
from gradcalc.claims.diagnosis import Diagnosis, Evidence, diagnose
from gradcalc.claims.exact import derivatives, unfolded
from gradcalc.engine.program import Program
from gradcalc.engine.schedule import Floats
from gradcalc.explain.kinks import Kink, kinks
from gradcalc.functions.digits import context, exclusive
from gradcalc.graph.reach import above, bits, operands, supports

_CHUNK = 256  # points at a time
_SAMPLES = 48
"""Points that a diagnosis has to hold at."""
_NEARBY = 12
_ULPS = 2.0
"""How far from the true number a claimed one may be and be it: both have been rounded once."""
_SURE = 16
"""Points at which a formula has been right to all digits: at others, doubles are enough."""


class Tolerance(NamedTuple):
    """What the user allows: ``|claimed - true| <= absolute + relative * |true|``."""

    relative: float = 0.0
    absolute: float = 0.0


@dataclass(frozen=True)
class Subject:
    """What a claim is about: a derivative of ``program``, times ``vector`` if ``kind`` has one."""

    program: Program
    kind: Kind = KINDS["jacobian"]
    vector: tuple[float, ...] = ()

    @property
    def rows(self) -> tuple[str, ...]:
        names = {"outputs": self.program.outputs, "variables": self.program.variables}
        return names.get(self.kind.rows, (self.kind.rows,))

    @property
    def columns(self) -> tuple[str, ...]:
        return self.program.variables

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.columns)

    def at(self, points: Floats) -> Floats:
        """The entries as we calculate them, shape (N, rows, columns)."""
        method = getattr(self.program, self.kind.name)
        found = method(points, self.vector) if self.kind.vector else method(points)
        return np.reshape(found, (len(points), *self.shape))


class Wrong(NamedTuple):
    """An entry that is not what it should be, at one point."""

    output: str
    variable: str
    text: str
    claimed: float
    exact: float


@dataclass(frozen=True)
class Ruling:
    """What became of a claim.

    ``right`` is None when nothing was decided, for the reason given. ``points`` were compared and
    ``skipped`` were not, since the expression is undefined there. ``wrong`` has the entries that
    differ at the point ``at``; ``verdict`` is that on our own Jacobian, at ``at`` or at the first
    point. ``elsewhere`` is an entry that is right at the point and wrong beside it.
    """

    right: bool | None
    total: int
    points: int
    skipped: int
    max_ulp: float = 0.0
    at: Floats | None = None
    wrong: tuple[Wrong, ...] = ()
    diagnosis: Diagnosis | None = None
    verdict: Verdict | None = None
    reason: str = ""
    digits: str = ""
    """What the digits of the claim are good for, if it has been rounded."""
    elsewhere: tuple[Wrong, Floats] | None = field(default=None, compare=False)


@dataclass
class _SoFar:
    points: int = 0
    skipped: int = 0
    max_ulp: float = 0.0
    verdict: Verdict | None = None
    sure: int = 0


def decide(
    subject: Subject | Program,
    claim: Claim | Tested,
    points: Floats,
    *,
    method: str = "auto",
    budget: float = BUDGET,
    tolerance: Tolerance | None = None,
) -> Ruling:
    """Judge ``claim``, in the shape of the derivative, at ``points`` of shape (N, n).

    ``method`` and ``budget`` are those of ``verify``, for our own derivative.
    """
    about = Subject(subject) if isinstance(subject, Program) else subject
    with exclusive(), np.errstate(all="ignore"):
        check = _Check(about, claim, points, method, Deadline(budget), tolerance or Tolerance())
        try:
            return check.run()
        except OutOfTime:
            return check.ruling(None, reason="no time")


class _Check:
    """One claim at many points."""

    def __init__(
        self,
        subject: Subject,
        claim: Claim | Tested,
        points: Floats,
        method: str,
        deadline: Deadline,
        tolerance: Tolerance,
    ) -> None:
        self.subject, self.claim, self.points = subject, claim, points
        self.method, self.deadline, self.tolerance = method, deadline, tolerance
        self.shape = subject.shape
        self.slack = np.reshape(claim.slack, self.shape) if claim.slack else np.zeros(self.shape)
        self.derivatives = derivatives(subject.program.graph, subject.kind)
        self.so_far = _SoFar()

    def run(self) -> Ruling:
        first: Floats | None = None
        for start in range(0, len(self.points), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            points = self.points[chunk]
            defined, exact = self._ours(points)
            claimed = self.claim.at(points, chunk)
            self.so_far.skipped += int((~defined).sum())
            for k in np.flatnonzero(defined).tolist():
                if first is None:
                    first = points[k]
                    found = self._first(points[k], exact[k], claimed[k])
                else:
                    found = self._later(points[k], exact[k], claimed[k])
                if found is not None:
                    return found
                self.so_far.points += 1
        if first is None:
            return self.ruling(None, reason="the expression is undefined at every point")
        at = first if len(self.points) == 1 else None
        return replace(self.ruling(True, at=at), elsewhere=self._elsewhere(first))

    def ruling(self, right: bool | None, **rest: Any) -> Ruling:
        so_far = self.so_far
        fields: dict[str, Any] = {"max_ulp": so_far.max_ulp, "verdict": so_far.verdict} | rest
        fields["digits"] = self.claim.rounded
        total = self.shape[0] * self.shape[1]
        return Ruling(right, total, so_far.points, so_far.skipped, **fields)

    # --- one point ------------------------------------------------------------------------------

    def _first(self, x: Floats, exact: Floats, claimed: Floats) -> Ruling | None:
        """Our own derivative has to be verified once, whatever the claim says."""
        verdict, truth, unknown = self._truth(x, exact)
        self.so_far.verdict = verdict
        bent = kinks(self.subject.program.at(x))
        if bent:  # there may be a derivative all the same: the values beside the point tell
            unknown = unknown | (_bent(self.subject, bent) & self._nowhere(x, exact))
        wrong, numbers, ulps, open_ = self._compared(x, truth, claimed, ~unknown, verdict)
        if wrong.any():
            return self._refuted(x, truth, numbers, wrong, verdict)
        if unknown.any() or open_.any():
            return self.ruling(None, at=x, reason=_why(bent, verdict))
        self.so_far.max_ulp = ulps
        return None

    def _later(self, x: Floats, exact: Floats, claimed: Floats) -> Ruling | None:
        """Only where the doubles differ is the truth asked for."""
        difference = np.abs(claimed - exact)
        room = self._room(exact)
        if self.so_far.sure >= _SURE:
            room = np.maximum(room, LIMIT * EPS * np.abs(exact))
        doubtful = ~((claimed == exact) | (difference <= room))
        if not doubtful.any():
            within = np.isfinite(exact) & (exact != 0) & (claimed != exact)
            small = np.where(within, difference / (EPS * np.abs(exact)), 0)
            self.so_far.max_ulp = max(self.so_far.max_ulp, float(small.max(initial=0)))
            return None
        self.deadline.test()
        verdict, truth = None, self._precisely(x, exact)
        if truth is None:  # too large to be run again
            verdict, truth, unknown = self._truth(x, exact)
            doubtful = doubtful & ~unknown
        wrong, numbers, _, open_ = self._compared(x, truth, claimed, doubtful, verdict)
        if wrong.any():
            return self._refuted(x, truth, numbers, wrong, self.so_far.verdict)
        if open_.any():
            reason = (verdict and verdict.reason) or "the digits cancel"
            return self.ruling(None, at=x, verdict=verdict, reason=reason)
        return None

    def _truth(self, x: Floats, exact: Floats) -> tuple[Verdict | None, Floats, Any]:
        """The verdict on our derivative at x, the true one, and the entries that nobody knows."""
        if self.method == "none":
            return None, exact, np.zeros(self.shape, bool)
        verdict = self._verdict(x, exact, self.method)
        entries = [k for k in verdict.limits if k < exact.size]
        if entries and verdict.truth is not None:  # what the chain rule has no answer for
            exact = exact.copy()
            exact.flat[entries] = np.ravel(verdict.truth)[entries]
            verdict = self._verdict(x, exact, self.method)
        known = np.full(self.shape, np.nan)
        if verdict.truth is not None:
            known = np.reshape(verdict.truth, self.shape)
        unknown = np.isnan(known)
        if verdict.outcome in ("not checked", "undecided"):
            return verdict, exact, np.ones(self.shape, bool)
        if not verdict.checked:  # the entries were too many, and were checked by directions
            unknown = np.zeros(self.shape, bool)
        return verdict, np.where(np.isnan(known), exact, known), unknown

    def _nowhere(self, x: Floats, exact: Floats) -> Any:
        """Where values on both sides of x do not agree on a derivative."""
        if self.method == "none":
            return np.ones(self.shape, bool)
        verdict = self._verdict(x, exact, "differences")
        if verdict.truth is None:
            return np.ones(self.shape, bool)
        return np.isnan(np.reshape(verdict.truth, self.shape))

    def _verdict(self, x: Floats, exact: Floats, method: str) -> Verdict:
        program, kind = self.subject.program, self.subject.kind
        return verify(
            program.at(x).ask(kind.name, self.subject.vector or None),
            exact.reshape(kind.shape(len(program.outputs), len(program.variables))),
            method=method,
            budget=max(self.deadline.remaining, 0.0),
        )

    def _precisely(self, x: Floats, exact: Floats) -> Floats | None:
        """Our derivative, rounded once; None if its graph is too large."""
        if self.derivatives is None:
            return None
        found = self.derivatives.at(self._inputs(x), self.deadline)
        numbers = [math.nan if number is None else float(number) for number in found]
        truth = np.reshape(numbers, self.shape)
        return np.where(np.isnan(truth), exact, truth)

    def _inputs(self, x: Floats) -> list[float]:
        return [*x.tolist(), *self.subject.vector]

    def _compared(
        self, x: Floats, truth: Floats, claimed: Floats, judged: Any, verdict: Verdict | None
    ) -> tuple[Any, Floats, float, Any]:
        """Of the entries to be ``judged``: which are wrong, the claimed numbers, the largest error
        in ulps, and which stay open."""
        doubtful = judged & ~((claimed == truth) | (np.abs(claimed - truth) <= self._room(truth)))
        numbers = claimed.copy()
        wrong, open_ = np.zeros(self.shape, bool), np.zeros(self.shape, bool)
        ulps = np.abs(claimed - truth) / (EPS * np.abs(truth))
        ulps = np.where(judged & ~doubtful & (claimed != truth) & (truth != 0), ulps, 0)
        if doubtful.any():
            readings = self._readings(x, truth)
            for i, j in np.argwhere(doubtful).tolist():
                place = i * self.shape[1] + j
                pairs = [(one[place], other[place]) for one, other in readings]
                number = pairs[0][0] if pairs else claimed[i, j]
                if number is None:
                    open_[i, j] = True
                    continue
                numbers[i, j] = float(number)
                wrong[i, j] = not any(self._same(*pair, i, j) for pair in pairs)
        elif not self.claim.constant:
            self.so_far.sure += 1
        if not wrong.any() and not open_.any() and doubtful.any():
            self.so_far.sure += 1
        return wrong, numbers, float(ulps.max(initial=0)), open_

    def _readings(self, x: Floats, truth: Floats) -> list[tuple[list[Any], list[Any]]]:
        """The claimed and the true numbers: with doubles in the texts, and with their decimals."""
        true = truth.ravel().tolist()
        if isinstance(self.claim, Tested):
            return []
        theirs = unfolded(self.claim.program.graph)
        claimed = theirs.at(x.tolist(), self.deadline)
        found: list[tuple[list[Any], list[Any]]] = [(claimed, true)]
        ours = self.derivatives
        if ours is None:
            return found
        exact = ours.at(self._inputs(x), self.deadline)
        # Where our rules do not tell the truth, as at a kink, only the truth counts.
        told = [_is_double(number, t) for number, t in zip(exact, true, strict=True)]
        found.append((claimed, [n if ok else None for n, ok in zip(exact, told, strict=True)]))
        if ours.texts or theirs.texts:
            typed = ours.at(self._inputs(x), self.deadline, typed=True)
            as_typed = theirs.at(x.tolist(), self.deadline, typed=True)
            found.append((as_typed, [n if ok else None for n, ok in zip(typed, told, strict=True)]))
        return found

    def _same(self, number: Any, true: Any, i: int, j: int) -> bool:
        """Whether a claimed number is the true one, within what it claims and the user allows."""
        if number is None or true is None or number != number or true != true:
            return False
        if number == true:
            return True
        mp = context()
        if not mp.isfinite(number) or not mp.isfinite(true):
            return False
        return bool(abs(number - true) <= self._room(np.full(self.shape, float(true)))[i, j])

    def _room(self, true: Floats) -> Floats:
        """How far a claimed number may be from the true one: from an infinity, not at all."""
        size = np.where(np.isfinite(true), np.abs(true), 0.0)
        allowed = self.tolerance.absolute + self.tolerance.relative * size
        room = np.maximum(self.slack, allowed) + self.claim.ulps(_ULPS) * EPS * size
        return np.where(np.isfinite(true), room, 0.0)

    # --- many points ----------------------------------------------------------------------------

    def _ours(self, points: Floats) -> tuple[Any, Floats]:
        """Where the expression is defined, and our derivative: shape (N, rows, columns)."""
        values, exact = self.subject.program(points), self.subject.at(points)
        defined = np.isfinite(values).all(axis=1)
        if len(points) > 1:  # of the only one, the check may know what the chain rule does not
            defined &= ~np.isnan(exact).any(axis=(1, 2))
        return defined, exact

    def _refuted(
        self, x: Floats, truth: Floats, numbers: Floats, wrong: Any, verdict: Verdict | None
    ) -> Ruling:
        self.so_far.points += 1
        return self.ruling(
            False,
            at=x,
            wrong=tuple(self._wrong(truth, numbers, i, j) for i, j in np.argwhere(wrong).tolist()),
            diagnosis=self._diagnosis(x, truth, numbers),
            verdict=verdict,
        )

    def _wrong(self, truth: Floats, numbers: Floats, i: int, j: int) -> Wrong:
        text = self.claim.texts[i * self.shape[1] + j] if self.claim.texts else ""
        row, column = self.subject.rows[i], self.subject.columns[j]
        return Wrong(row, column, text, float(numbers[i, j]), float(truth[i, j]))

    def _diagnosis(self, x: Floats, truth: Floats, numbers: Floats) -> Diagnosis | None:
        """Formulas are looked at beside the point too: at one point, much is a coincidence."""
        more = self.points[:_SAMPLES]
        claimed = self.claim.at(more, slice(0, _SAMPLES))
        if isinstance(self.claim, Claim) and not self.claim.constant and len(more) < _NEARBY:
            near = _near(x)
            more = np.concatenate([more, near])
            claimed = np.concatenate([claimed, self.claim.at(near, slice(0))])
        defined, exact = self._ours(more)
        usable = defined & np.isfinite(claimed).all(axis=(1, 2)) & (more != x).any(axis=1)
        evidence = Evidence(
            np.concatenate([numbers[None], claimed[usable]]),
            np.concatenate([truth[None], exact[usable]]),
            self.subject.rows,
            self.subject.columns,
            float(self.slack.max(initial=0)),
        )
        return diagnose(evidence)

    def _elsewhere(self, x: Floats) -> tuple[Wrong, Floats] | None:
        """Whether formulas that are right at the only point are wrong beside it."""
        if isinstance(self.claim, Tested) or self.claim.constant or len(self.points) > 1:
            return None
        near = _near(x)
        defined, exact = self._ours(near)
        claimed = self.claim.at(near, slice(0))
        for k in np.flatnonzero(defined).tolist():
            off = np.abs(claimed[k] - exact[k]) > 1e-6 * np.abs(exact[k]) + self.slack
            truth = self._precisely(near[k], exact[k]) if off.any() else None
            if truth is None:
                continue
            wrong, numbers, _, _ = self._compared(near[k], truth, claimed[k], off, None)
            for i, j in np.argwhere(wrong).tolist():
                return self._wrong(truth, numbers, i, j), near[k]
        return None


def _bent(subject: Subject, bent: Sequence[Kink]) -> Any:
    """The entries that have no derivative because of a kink."""
    graph = subject.program.graph
    found = np.zeros(subject.shape, bool)
    if not bent:
        return found
    support = supports(graph, range(len(graph)))
    for kink in bent:
        marks = above(graph, [kink.node])
        rows = [i for i, node in enumerate(graph.outputs) if marks[node]]
        columns = [j for operand in operands(graph, kink.node) for j in bits(support[operand])]
        if subject.kind.order == 2:
            rows = columns
        elif subject.kind.vector is not None:
            rows = [0] if any(subject.vector[i] for i in rows) else []
        found[np.ix_(rows, columns)] = True
    return found


def _is_double(number: Any, true: float) -> bool:
    """Whether ``true`` is the double next to a number, or nearly."""
    if number is None or not math.isfinite(true):
        return False
    return bool(abs(number - true) <= 4 * EPS * abs(true))


def _why(bent: Sequence[Kink], verdict: Verdict | None) -> str:
    if bent:
        return f"no derivative at a kink: {bent[0].text} at {bent[0].condition}"
    return (verdict and verdict.reason) or "our own derivative is not checked"


def _near(x: Floats) -> Floats:
    """Some points around x, shape (_NEARBY, n)."""
    rng = np.random.default_rng(0)
    shift = rng.uniform(-1, 1, (_NEARBY, len(x)))
    return x + np.where(x == 0, 0.1, 0.05 * np.abs(x)) * shift
