"""THE table of distributions: how a quantity may be spread about its value.

``uniform(a)`` after a ± or in --u names one, with its numbers. The first number is a width, in the
unit of the value or in percent of it; the standard uncertainty is a multiple of it. No numpy here:
a row draws with the generator that it is handed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Distribution(NamedTuple):
    """A distribution of mean 0 by name.

    ``takes`` are its numbers, the first of them the width: s, or a where nothing lies beyond it.
    ``ratio`` is the standard uncertainty of width 1. ``draw(random, count, more)`` are ``count``
    deviates of width 1 from a generator of numpy, ``more`` the numbers after the first.
    ``kurtosis(more)`` is the excess over the normal one. ``joint``: correlated with others it is
    jointly normal.
    """

    name: str
    takes: tuple[str, ...]
    doc: str
    ratio: float
    draw: Callable[[Any, int, Sequence[float]], Any]
    kurtosis: Callable[[Sequence[float]], float]
    joint: bool = False

    @property
    def bounded(self) -> bool:
        return self.takes == ("a",)

    @property
    def usage(self) -> str:
        return f"{self.name}({','.join(self.takes)})"


def _arcsine(random: Any, count: int, more: Sequence[float]) -> Any:
    import numpy as np  # deferred: a syntax error must come back without it

    return np.sin(random.uniform(-math.pi, math.pi, count))


DISTRIBUTIONS = {
    row.name: row
    for row in (
        Distribution("normal", ("s",), "standard deviation s", 1.0,
                     lambda random, count, more: random.standard_normal(count),
                     lambda more: 0.0, joint=True),
        Distribution("uniform", ("a",), "half-width a", 1 / math.sqrt(3),
                     lambda random, count, more: random.uniform(-1.0, 1.0, count),
                     lambda more: -1.2),
        Distribution("triangular", ("a",), "half-width a", 1 / math.sqrt(6),
                     lambda random, count, more: random.triangular(-1.0, 0.0, 1.0, count),
                     lambda more: -0.6),
        Distribution("arcsine", ("a",), "half-width a, of a sine at a random phase",
                     1 / math.sqrt(2), _arcsine, lambda more: -1.5),
        Distribution("t", ("s", "nu"), "scale s, nu degrees of freedom", 1.0,
                     lambda random, count, more: random.standard_t(more[0], count),
                     lambda more: 6 / (more[0] - 4) if more[0] > 4 else math.inf),
    )
}  # fmt: skip
"""The standard uncertainty of ``t(s,nu)`` is s with nu degrees of freedom, as JCGM 100 has it; the
spread of its draws is s·√(nu/(nu-2)), as JCGM 101, 6.4.9."""

NORMAL = DISTRIBUTIONS["normal"]
