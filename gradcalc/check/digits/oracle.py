"""mpmath's answer: the same graph at many digits, and exact sweeps over it.

Everything is computed with more and more digits until two runs agree. Where the chain rule has no
answer, the values beside the point are asked (``gradcalc.check.digits.approach``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from gradcalc.calculus.kinds import V
from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.case import PRECISIONS, Case, Direction, NoReferenceError, Reference
from gradcalc.check.compare import KINK, TOO_MANY, Nowhere, Open, Truth, Unchecked
from gradcalc.check.digits.approach import LOST, NEARBY, Beside
from gradcalc.check.digits.tape import Tangents, Tape, is_short
from gradcalc.check.structure import Outline
from gradcalc.functions.digits import context

_AGREE = 1e-20
_ZERO_FROM, _TINY = 320, -1075
"""Digits from which on a 0 is believed, and the power of two below which a double is 0."""
_DIRECTIONS = 2
_SAMPLE = 1_000
"""Columns, where one sweep over the whole graph takes too long; fewer when …"""
_PART = 0.7
"""… no more than this part of the time is left."""
_PROBES = 8  # rows or columns that tell how long all of them would take


Run = Callable[[Tape], list[Any]]


def truth(case: Case, deadline: Deadline) -> Reference:
    """The entries and values by sweeps. Raises OutOfTime and NoReferenceError."""
    try:
        with deadline.alarm():
            work = _Work(case, deadline)
            answer = Reference(entries=[], values=work.values())
    except NoReferenceError:
        if not case.kind.is_slope:
            raise
        return _sample(case, deadline)
    if case.kind.order:
        _entries(case, work, answer, deadline)
    return answer


def _sample(case: Case, deadline: Deadline) -> Reference:
    """A few columns of a Jacobian whose graph is too large to be run as a whole."""
    work: _Work | None = None
    with suppress(OutOfTime), deadline.alarm():
        work = _Work(case, deadline, lazy=True)
        enough = _PART * deadline.remaining
        for k in _spread(work.count)[:_SAMPLE]:
            work.sweep(k)
            if deadline.remaining < enough:
                break
    if work is None or not work.known:
        raise OutOfTime
    gaps: list[Truth] = [Unchecked("no time")] * len(case.graph.outputs)
    return Reference(work.entries(), gaps, TOO_MANY)


def values(case: Case, deadline: Deadline) -> list[Truth]:
    """The outputs alone."""
    return _Work(case, deadline).values()


def _entries(case: Case, work: _Work, answer: Reference, deadline: Deadline) -> None:
    """Sweep by sweep, as many as there is time for; if not all, all of them together too."""
    order = _spread(work.count)
    try:
        with deadline.alarm():
            before = deadline.remaining
            for k in order[:_PROBES]:
                work.sweep(k)
            each = (before - deadline.remaining) / _PROBES
            too_long = each * len(order) > 0.8 * deadline.remaining
            if too_long and len(order) > _PROBES and case.kind.is_slope:
                answer.directions = [work.random_direction(seed) for seed in range(_DIRECTIONS)]
            for k in order[_PROBES:]:
                work.sweep(k)
    except OutOfTime:
        if not work.known:
            raise
    answer.entries = work.entries()
    if len(work.known) < work.count:
        along = f", all together along {_DIRECTIONS} random directions"
        answer.remark = TOO_MANY + along * bool(answer.directions)


class _Work:
    """One case, at as many precisions as it takes.

    ``known`` has the truths that sweep number k found: a row of the Jacobian, or a column where
    there are fewer of those; a column of a Hessian; a product with a vector as a whole.
    """

    def __init__(self, case: Case, deadline: Deadline, *, lazy: bool = False) -> None:
        self._case, self._deadline, self._lazy = case, deadline, lazy
        self._graph = graph = case.graph
        self._outline = Outline(graph)
        self._tapes: dict[int, Tape] = {}
        self._cotangents: dict[int, Tangents] = {}
        self._beside: Beside | None = None
        self._zero = context().mpf(0)
        self.known: dict[int, list[Truth]] = {}
        m, n = len(graph.outputs), len(graph.inputs)
        self.by_rows = case.kind.is_slope and m <= n and not lazy
        self.count = 1 if case.kind.vector else m if self.by_rows else n

    def values(self) -> list[Truth]:
        """The outputs."""
        kept: dict[int, list[Truth]] = {}
        self._settle(kept, 0, self._outputs)
        known = [Unchecked("no real value") if true == Unchecked(NEARBY) else true
                 for true in kept[0]]  # fmt: skip
        return [self._open([i], of_slopes=False) or true for i, true in enumerate(known)]

    def sweep(self, k: int) -> None:
        """Find out ``known[k]``. What there was no time for is Unchecked."""
        kind, scales = self._case.kind, self._case.entry_scales
        m, n = len(self._graph.outputs), len(self._graph.inputs)
        weights = dict(enumerate(self._case.vector)) if kind.vector else {k: 1.0}
        if self.by_rows or kind.vector is V:
            wanted = scales if kind.vector else scales[k * n : k * n + n]
            self._settle(self.known, k, lambda tape: self._row(tape, weights))
            self._rescue(k, [({j: 1.0}, weights) for j in range(n)], wanted)
            shut = self._open([i for i, weight in weights.items() if weight], of_slopes=True)
            self.known[k] = [shut or true for true in self.known[k]]
            return
        wanted = scales if kind.vector else scales[k::n]
        if kind.order == 2:
            self._settle(self.known, k, lambda tape: self._bent(tape, weights))
            shut = self._open([0], of_slopes=True)
            self.known[k] = [shut or true for true in self.known[k]]
            return
        self._settle(self.known, k, lambda tape: self._column(tape, weights))
        self._rescue(k, [(weights, {i: 1.0}) for i in range(m)], wanted)
        found = self.known[k]
        self.known[k] = [self._open([i], of_slopes=True) or found[i] for i in range(m)]

    def entries(self) -> list[Truth]:
        """All entries, flat; Unchecked where no sweep came."""
        missing = Unchecked(TOO_MANY)
        m, n = len(self._graph.outputs), len(self._graph.inputs)
        if self.count == 1:
            return self.known.get(0, [missing] * n)
        if self.by_rows:
            return [true for i in range(m) for true in self.known.get(i, [missing] * n)]
        rows = n if self._case.kind.order == 2 else m
        columns = [self.known.get(j, [missing] * rows) for j in range(n)]
        return [column[i] for i in range(rows) for column in columns]

    def random_direction(self, seed: int) -> Direction:
        """The derivatives of all outputs when every input moves by 1 or by -1."""
        signs = random.Random(seed).choices((-1.0, 1.0), k=len(self._graph.inputs))
        kept: dict[int, list[Truth]] = {}
        self._settle(kept, 0, lambda tape: self._column(tape, dict(enumerate(signs))))
        return Direction(tuple(signs), kept[0])

    # --- one precision --------------------------------------------------------------------------

    def _outputs(self, tape: Tape) -> list[Any]:
        """The values; those that are exactly 0 as the one 0 that is known."""
        sizes = tape.errors.sizes
        return [
            tape.values[node] if tape.values[node] or sizes.get(node) != 0 else self._zero
            for node in self._graph.outputs
        ]

    def _row(self, tape: Tape, weights: Mapping[int, float]) -> list[Any]:
        """The derivatives of a mixture of outputs by every input."""
        mp = context()
        seeds: Tangents = {}
        for i, weight in weights.items():
            if weight:
                node = self._graph.outputs[i]
                seeds[node] = seeds.get(node, mp.mpf(0)) + mp.mpf(weight)
        found = tape.reverse(seeds)
        return [found.get(node, self._zero) for node in self._graph.inputs]

    def _column(self, tape: Tape, along: Mapping[int, float]) -> list[Any]:
        """The derivatives of every output when the inputs move by their weights."""
        found = self._tangents(tape, along)
        return [found.get(node, self._zero) for node in self._graph.outputs]

    def _tangents(self, tape: Tape, along: Mapping[int, float]) -> Tangents:
        inputs = self._graph.inputs
        seeds = {inputs[j]: context().mpf(weight) for j, weight in along.items() if weight}
        if len(seeds) == 1:
            return tape.forward(seeds, self._outline.dependents(*seeds))
        varies, leaf = self._outline.varies, set(inputs)
        return tape.forward(seeds, (n for n in self._outline.nodes if varies[n] and n not in leaf))

    def _bent(self, tape: Tape, along: Mapping[int, float]) -> list[Any]:
        """The second derivatives along a direction and by every input."""
        one = context().mpf(1)
        if tape.digits not in self._cotangents:
            self._cotangents[tape.digits] = tape.reverse({self._graph.outputs[0]: one})
        found = tape.bend(self._tangents(tape, along), self._cotangents[tape.digits])
        return [found.get(node, self._zero) for node in self._graph.inputs]

    def _open(self, outputs: Collection[int], *, of_slopes: bool) -> Open | None:
        """What lies on a step to all digits, where these outputs need it; of slopes on a kink."""
        last = self._tapes[max(self._tapes)]
        return last.errors.open(self._graph, outputs, last.digits, of_slopes=of_slopes)

    # --- all precisions -------------------------------------------------------------------------

    def _settle(self, kept: dict[int, list[Truth]], k: int, run: Run) -> None:
        """Run with more and more digits until they agree; ``kept[k]`` is what is known so far."""
        before: list[Any] | None = None
        spent = 0.0
        for digits in PRECISIONS:
            start, half = self._deadline.remaining, spent
            tape = self._tape(digits)
            now = run(tape)
            spent = start - self._deadline.remaining
            if before is not None:
                kept[k] = [
                    b if a is b is self._zero else agreed(a, b, digits)
                    for a, b in zip(before, now, strict=True)
                ]
                is_last = digits >= PRECISIONS[-1 if tape.errors.vast else -2]
                is_found = Unchecked(LOST) not in kept[k] and not tape.collapsed
                if is_found and (is_last or tape.errors.all_known):
                    return
                if (is_last and tape.errors.stepping) or is_short(self._deadline, spent, half):
                    return
            before = now

    def _tape(self, digits: int) -> Tape:
        if digits not in self._tapes:
            self._tapes[digits] = Tape(
                self._outline, self._case.x, digits, self._deadline, lazy=self._lazy
            )
        return self._tapes[digits]

    def _rescue(
        self,
        k: int,
        asked: Sequence[tuple[dict[int, float], dict[int, float]]],
        scales: Sequence[float],
    ) -> None:
        """Ask the values beside the point where the chain rule had no answer: of each entry the
        direction that it is along, and the mixture of outputs."""
        found = self.known[k]
        if self._lazy:
            return  # they are all the values
        for place, (along, mixture) in enumerate(asked):
            if found[place] != Unchecked(NEARBY):
                continue
            if self._beside is None:
                self._beside = Beside(self._outline, self._case.x, self._deadline)
            true = self._beside.slope(along, mixture, scales[place])
            if self._case.kinks and isinstance(true, Nowhere):
                true = Unchecked(KINK)  # a note tells of it
            found[place] = true


def agreed(fewer: Any, more: Any, digits: int) -> Truth:
    """``more``, computed with so many digits and more than ``fewer``, if they agree far beyond a
    double. A 0 takes many digits: exp(1e-100) - 1 is 0 with few."""
    mp = context()
    if not mp.isfinite(more):
        return Unchecked(NEARBY)
    if abs(more - fewer) <= _AGREE * abs(more) and more:
        return more
    if digits >= _ZERO_FROM and mp.mag(more) < _TINY:
        return 0 * more
    return Unchecked(LOST)


def _spread(count: int) -> list[int]:
    """0 to count - 1, in an order that visits all regions early: strides, halved and halved."""
    order: dict[int, None] = {}
    stride = 1 << count.bit_length()
    while stride:
        order.update(dict.fromkeys(range(0, count, stride)))
        stride >>= 1
    return list(order)
