"""Is a claimed Jacobian right? The claim against ours, and ours against an independent one.

Doubles decide what is plainly equal. Where they differ, the claim's formulas are evaluated to 160
digits and compared with the true Jacobian: a claim is not called wrong for its rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.compare import EPS, LIMIT, error
from gradcalc.check.digits.values import leaves, rerun
from gradcalc.check.structure import bits, operands, supports
from gradcalc.check.verdict import Verdict
from gradcalc.check.verify import BUDGET, verify
from gradcalc.claims.claim import Claim
from gradcalc.claims.diagnosis import Diagnosis, Evidence, diagnose
from gradcalc.engine.program import Program
from gradcalc.engine.schedule import Floats
from gradcalc.explain.kinks import Kink, kinks
from gradcalc.functions.digits import context, exclusive
from gradcalc.functions.primitives import CONSTANT
from gradcalc.graph.graph import Graph

_CHUNK = 256  # points at a time
_WITNESSES = 48
"""Points that a diagnosis has to hold at."""
_NEARBY = 12
_ROUNDING = 16.0
"""Ulps of what cancels that numbers like 0.1 in the texts may be off, being doubles."""
_LONG = 13  # characters of such a number
_CANCELLED = 1e-30
"""What is left, relatively, where 160 digits cancel to 0."""
_DIGITS = 160
"""1 - tanh(x)**2 is a right formula, and at x = 40 it takes 35 digits to see it."""


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
    elsewhere: tuple[Wrong, Floats] | None = field(default=None, compare=False)


@dataclass
class _Progress:
    points: int = 0
    skipped: int = 0
    max_ulp: float = 0.0
    verdict: Verdict | None = None


def rule(
    program: Program, claim: Claim, points: Floats, *, method: str = "auto", budget: float = BUDGET
) -> Ruling:
    """Judge ``claim``, in the shape of the Jacobian, at ``points`` of shape (N, n).

    ``method`` and ``budget`` are those of ``verify``, for our own Jacobian.
    """
    with exclusive(), np.errstate(all="ignore"):
        court = _Court(program, claim, points, method, Deadline(budget))
        try:
            return court.judge()
        except OutOfTime:
            return court.ruling(None, reason="no time")


class _Court:
    """One claim at many points."""

    def __init__(
        self, program: Program, claim: Claim, points: Floats, method: str, deadline: Deadline
    ) -> None:
        self.program, self.claim, self.points = program, claim, points
        self.method, self.deadline = method, deadline
        self.shape = (len(program.outputs), len(program.variables))
        self.slack = np.reshape(claim.slack, self.shape)
        graphs = (program.graph, claim.program.graph)
        self.rounding = LIMIT if method == "none" else max(map(_rounding, graphs))
        self.so_far = _Progress()

    def judge(self) -> Ruling:
        first: Floats | None = None
        for chunk in self._chunks():
            defined, exact, claimed = self._both(chunk)
            self.so_far.skipped += int((~defined).sum())
            for k in np.flatnonzero(defined).tolist():
                if first is None:
                    first = chunk[k]
                    found = self._first(chunk[k], exact[k], claimed[k])
                else:
                    found = self._later(chunk[k], exact[k], claimed[k])
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
        total = self.shape[0] * self.shape[1]
        return Ruling(right, total, so_far.points, so_far.skipped, **fields)

    # --- one point ------------------------------------------------------------------------------

    def _first(self, x: Floats, exact: Floats, claimed: Floats) -> Ruling | None:
        """Our own Jacobian has to be verified once, whatever the claim says."""
        verdict, truth, unknown = self._truth(x, exact)
        self.so_far.verdict = verdict
        bent = kinks(self.program.at(x))
        unknown = unknown | _bent(self.program.graph, bent)
        wrong, numbers, ulps = self._compared(x, truth, claimed, unknown)
        if wrong.any():
            return self._condemned(x, truth, numbers, wrong, verdict)
        if unknown.any():
            return self.ruling(None, at=x, reason=_why(bent, verdict))
        self.so_far.max_ulp = ulps
        return None

    def _later(self, x: Floats, exact: Floats, claimed: Floats) -> Ruling | None:
        """Only where the doubles differ is the truth asked for."""
        difference = np.abs(claimed - exact)
        room = _room(exact) + self.slack
        equal = (claimed == exact) | (difference <= room)
        if equal.all():
            small = np.where(claimed == exact, 0, difference / (EPS * np.abs(exact)))
            self.so_far.max_ulp = max(self.so_far.max_ulp, float(small.max(initial=0)))
            return None
        self.deadline.test()
        verdict, truth, unknown = self._truth(x, exact)
        wrong, numbers, _ = self._compared(x, truth, claimed, unknown)
        if wrong.any():
            return self._condemned(x, truth, numbers, wrong, verdict)
        if verdict is not None and (unknown & ~equal).any():
            return self.ruling(None, at=x, verdict=verdict, reason=verdict.reason)
        return None

    def _truth(self, x: Floats, exact: Floats) -> tuple[Verdict | None, Floats, Any]:
        """The verdict on our Jacobian at x, the true one, and the entries that nobody knows."""
        if self.method == "none":
            return None, exact, np.zeros(self.shape, bool)
        verdict = verify(
            self.program.at(x).ask("jacobian"),
            exact,
            method=self.method,
            budget=max(self.deadline.remaining, 0.0),
        )
        known = np.full(self.shape, np.nan) if verdict.truth is None else verdict.truth
        unknown = np.isnan(known)
        if verdict.passed is None:
            return verdict, exact, np.ones(self.shape, bool)
        if not verdict.checked:  # the entries were too many, and were checked by directions
            unknown = np.zeros(self.shape, bool)
        return verdict, np.where(np.isnan(known), exact, known), unknown

    def _compared(
        self, x: Floats, truth: Floats, claimed: Floats, unknown: Any
    ) -> tuple[Any, Floats, float]:
        """Which entries are wrong, the claimed numbers, and the largest error in ulps."""
        scale = self.program.at(x).scale("jacobian")
        near = np.abs(claimed - truth) <= _room(truth)
        doubtful = ~((claimed == truth) | near) & ~unknown
        numbers = claimed.copy()
        wrong = np.zeros(self.shape, bool)
        ulps = np.where(claimed == truth, 0, np.abs(claimed - truth) / (EPS * np.abs(truth)))
        ulps = np.where(unknown | doubtful, 0, ulps)
        if doubtful.any():
            precise = self._precise(x)
            for i, j in np.argwhere(doubtful).tolist():
                number = precise[i * self.shape[1] + j]
                numbers[i, j] = float(number)
                wrong[i, j], ulps[i, j] = self._differs(number, truth[i, j], scale[i, j], i, j)
        return wrong, numbers, float(np.where(wrong, 0, ulps).max(initial=0))

    def _differs(
        self, number: Any, true: float, scale: float, i: int, j: int
    ) -> tuple[bool, float]:
        if math.isnan(number):
            return True, math.inf
        # Both are exact for the doubles in the texts: what cancels excuses only their rounding.
        room = scale * (EPS * self.rounding + _CANCELLED) if math.isfinite(scale) else 0.0
        within = abs(number - true) <= max(room, self.slack[i, j])
        ulps = 0.0 if within else error(float(true), number, 0.0)
        return ulps > LIMIT, ulps

    def _precise(self, x: Floats) -> list[Any]:
        """The claim's entries in mpmath."""
        mp = context()

        graph = self.claim.program.graph
        with mp.workdps(_DIGITS):
            values = leaves(graph, x.tolist())
            wanted = [node for node in range(len(graph)) if node not in values]
            if self.claim.constant:
                return [_mpf(graph.constants[node]) for node in graph.outputs]
            rerun(graph, wanted, values, self.deadline)
            return [values[node] for node in graph.outputs]

    # --- many points ----------------------------------------------------------------------------

    def _chunks(self) -> Iterator[Floats]:
        return (self.points[k : k + _CHUNK] for k in range(0, len(self.points), _CHUNK))

    def _both(self, points: Floats) -> tuple[Any, Floats, Floats]:
        """Where the expression is defined, and there ours and the claim's: shape (N, m, n)."""
        values, exact = self.program(points), self.program.jacobian(points)
        claimed = self.claim.program(points).reshape(exact.shape)
        defined = np.isfinite(values).all(axis=1) & ~np.isnan(exact).any(axis=(1, 2))
        return defined, exact, claimed

    def _condemned(
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
        outputs, variables = self.program.outputs, self.program.variables
        text = self.claim.texts[i * self.shape[1] + j]
        return Wrong(outputs[i], variables[j], text, float(numbers[i, j]), float(truth[i, j]))

    def _diagnosis(self, x: Floats, truth: Floats, numbers: Floats) -> Diagnosis | None:
        """Formulas are looked at beside the point too: at one point, much is a coincidence."""
        more = self.points[:_WITNESSES]
        if not self.claim.constant and len(self.points) < _NEARBY:
            more = np.concatenate([more, _near(x)])
        defined, exact, claimed = self._both(more)
        usable = defined & np.isfinite(claimed).all(axis=(1, 2)) & (more != x).any(axis=1)
        evidence = Evidence(
            np.concatenate([numbers[None], claimed[usable]]),
            np.concatenate([truth[None], exact[usable]]),
            self.program.outputs,
            self.program.variables,
            float(self.slack.max(initial=0)),
        )
        return diagnose(evidence)

    def _elsewhere(self, x: Floats) -> tuple[Wrong, Floats] | None:
        """Whether formulas that are right at the only point are wrong beside it."""
        if self.claim.constant or len(self.points) > 1:
            return None
        near = _near(x)
        defined, exact, claimed = self._both(near)
        for k in np.flatnonzero(defined).tolist():
            off = np.abs(claimed[k] - exact[k]) > 1e-6 * np.abs(exact[k]) + self.slack
            for i, j in np.argwhere(off).tolist():
                wrong, numbers, _ = self._compared(near[k], exact[k], claimed[k], ~off)
                if wrong[i, j]:
                    return self._wrong(exact[k], numbers, i, j), near[k]
        return None


def _bent(graph: Graph, bent: Sequence[Kink]) -> Any:
    """The entries that have no derivative because of a kink, shape (m, n)."""
    found = np.zeros((len(graph.outputs), len(graph.inputs)), bool)
    if not bent:
        return found
    support = supports(graph, range(len(graph)))
    for kink in bent:
        above = {kink.node}
        for node in range(kink.node + 1, len(graph)):
            if not above.isdisjoint(operands(graph, node)):
                above.add(node)
        rows = [i for i, node in enumerate(graph.outputs) if node in above]
        columns = [j for operand in operands(graph, kink.node) for j in bits(support[operand])]
        found[np.ix_(rows, columns)] = True
    return found


def _room(exact: Floats) -> Floats:
    """How far doubles may be from a number and be plainly equal to it: from an infinity, not."""
    return np.where(np.isinf(exact), 0.0, np.abs(exact) * LIMIT * EPS)


def _why(bent: Sequence[Kink], verdict: Verdict | None) -> str:
    if bent:
        return f"no derivative at a kink: {bent[0].text} at {bent[0].condition}"
    return (verdict and verdict.reason) or "our own Jacobian is not checked"


def _rounding(graph: Graph) -> float:
    """How many ulps the numbers in a text may be off: 2 is exact, 0.1 nearly, 1.41421356237309 is
    a root that somebody has cut off."""
    typed = [x for node, x in graph.constants.items() if graph.codes[node] == CONSTANT.code]
    broken = [x for x in typed if not x.is_integer()]
    if any(len(f"{x!r}".partition("e")[0]) >= _LONG for x in broken):
        return LIMIT
    return _ROUNDING if broken else 0.0


def _near(x: Floats) -> Floats:
    """Some points around x, shape (_NEARBY, n)."""
    rng = np.random.default_rng(0)
    shift = rng.uniform(-1, 1, (_NEARBY, len(x)))
    return x + np.where(x == 0, 0.1, 0.05 * np.abs(x)) * shift


def _mpf(number: float) -> Any:
    mp = context()

    return mp.mpf(number)
