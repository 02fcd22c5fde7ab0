"""What an oracle is asked, and what it answers: data, without our engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from gradcalc.calculus.kinds import Kind, U, V
from gradcalc.check.compare import Truth, Unchecked
from gradcalc.functions.digits import context
from gradcalc.graph.graph import Graph

PRECISIONS = (40, 80, 160, 320, 640, 1280)
"""Digits. What 640 leave in doubt stays so; the last are for them to agree with."""


@dataclass(frozen=True)
class Case:
    """A kind of derivative of ``graph`` at ``x``; ``vector`` is v for a vjp, u for a jvp or hvp.

    ``scales`` are the natural units of the entries and of the values (``gradcalc.check.compare``),
    ``kinks`` the nodes that have no derivative at the point. ``ours`` and ``values`` are our own
    entries and values, which no oracle looks at.
    """

    graph: Graph
    x: tuple[float, ...]
    kind: Kind
    vector: tuple[float, ...]
    entry_scales: tuple[float, ...]
    value_scales: tuple[float, ...]
    kinks: frozenset[int] = frozenset()
    ours: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    @property
    def numbers(self) -> tuple[float, ...]:
        """Our entries, flat, and our values."""
        return self.ours + self.values

    @property
    def scales(self) -> tuple[float, ...]:
        """The natural unit of each of ``numbers``."""
        return self.entry_scales[: len(self.ours)] + self.value_scales[: len(self.values)]

    def about(self, reference: Reference) -> list[Truth]:
        """What is said of each of ``numbers``."""
        return reference.entries[: len(self.ours)] + reference.values[: len(self.values)]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the entries."""
        return self.kind.shape(len(self.graph.outputs), len(self.graph.inputs))

    def name(self, index: int, kind: Kind) -> str:
        """What a mathematician would call the flat entry ``index`` of a kind of answer."""
        return kind.entry(index, self.graph.output_names, self.graph.variables)

    def assemble(self, partial: Callable[[int, int], Truth]) -> list[Truth]:
        """The entries, flat, from ``partial(i, j)``: ∂f_i/∂x_j, or ∂²f/∂x_i∂x_j for a Hessian."""
        m, n, kind = len(self.graph.outputs), len(self.graph.inputs), self.kind
        if kind.order == 0:
            return []
        rows = n if kind.order == 2 else m
        if kind.vector is V:
            return [self._dot([(i, j) for i in range(rows)], partial) for j in range(n)]
        if kind.vector is U:
            return [self._dot([(i, j) for j in range(n)], partial) for i in range(rows)]
        return [partial(i, j) for i in range(rows) for j in range(n)]

    def _dot(
        self, places: Sequence[tuple[int, int]], partial: Callable[[int, int], Truth]
    ) -> Truth:
        """The vector times the partials at ``places``; a literal 0 silences even infinity."""
        mp = context()
        total: Any = 0.0
        for weight, (i, j) in zip(self.vector, places, strict=True):
            if weight == 0:
                continue
            term = partial(i, j)
            if isinstance(term, Unchecked):
                return term
            if not math.isfinite(weight):
                return Unchecked("the vector is not finite")
            if not isinstance(term, float):  # 0 by structure
                total = total + mp.mpf(weight) * term
        return Unchecked("limit not evaluated") if mp.isnan(total) else total


class Direction(NamedTuple):
    """A derivative of every output along ``u``: all columns of J in one number a row."""

    u: tuple[float, ...]
    truth: list[Truth]


@dataclass
class Reference:
    """The true numbers, as far as a method knows them: flat entries and values, and a remark.

    ``directions`` stand in for entries where those were too many to compute one by one. ``balls``
    has, for the entries and then the values, what proves them, or why nothing does; ``limits``
    the entries that are no sums of products by the chain rule but limits, and from where.
    """

    entries: list[Truth]
    values: list[Truth]
    remark: str = ""
    directions: list[Direction] = field(default_factory=list)
    balls: list[Any] = field(default_factory=list)
    limits: dict[int, str] = field(default_factory=dict)


class NoReferenceError(Exception):
    """A method cannot answer, for the reason that ``str`` gives."""


def as_floats(numbers: Any) -> tuple[float, ...]:
    return tuple(float(number) for number in np.asarray(numbers, dtype=float).ravel())
