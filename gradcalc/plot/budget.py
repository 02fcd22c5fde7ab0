"""What of an uncertainty budget is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from gradcalc.render.brief import to_place_of
from gradcalc.render.budget import Budget
from gradcalc.uncertainty.propagation import Result

_MOST = 20
"""Shares that are drawn; the rest is one bar."""


class Sketch(NamedTuple):
    """Of an output: ``shares`` of u² by name, those of pairs too, the largest first; ``ways`` of
    propagation; ``level`` in words; ``u`` the linear uncertainty; ``stands``: the linear interval
    does, None where that is not known."""

    name: str
    shares: tuple[tuple[str, float], ...]
    ways: tuple[Result, ...]
    level: str
    u: float
    stands: bool | None

    def written(self, end: float) -> str:
        """An end of an interval, to four digits of u."""
        return to_place_of(end, self.u, 4, end)


def sketches(budget: Budget) -> Iterator[Sketch]:
    """Of each output."""
    linear = budget.found.linear
    for i, name in enumerate(budget.outputs):
        shares = linear.shares(i)
        found = [(budget.inputs[j], float(shares[j])) for j in budget.order(i)]
        found += [(f"{budget.inputs[pair.first]}, {budget.inputs[pair.second]}", pair.share)
                  for pair in linear.pairs(i)]  # fmt: skip
        found = [one for one in found if one[1] and math.isfinite(one[1])]
        found.sort(key=lambda one: -abs(one[1]))
        rest = found[_MOST:]
        if rest:
            found[_MOST:] = [(f"{len(rest)} more", sum(share for _, share in rest))]
        yield Sketch(name, tuple(found), tuple(budget.found.results(i)), budget.level,
                     float(linear.u[i]), budget.found.verdicts[i].stands)  # fmt: skip
