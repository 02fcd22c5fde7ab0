"""The scalar functions of the text suite: as text, and as calls on any library's numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Build = Callable[[Any, Sequence[Any]], Any]
"""The function's value, made with a namespace of functions (sin, exp, log) and the variables."""


@dataclass(frozen=True)
class Workload:
    """``text(size)`` and ``build`` say the same; ``names(size)`` are the variables in order."""

    text: Callable[[int], str]
    build: Callable[[Any, Sequence[Any], int], Any]
    variables: Callable[[int], int]

    def names(self, size: int) -> list[str]:
        return [f"x{i + 1}" for i in range(self.variables(size))]

    def point(self, size: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.linspace(0.9, 1.1, self.variables(size))


def _rosenbrock_text(n: int) -> str:
    return " + ".join(f"100*(x{i + 1} - x{i}**2)**2 + (1 - x{i})**2" for i in range(1, n))


def _rosenbrock(m: Any, x: Sequence[Any], n: int) -> Any:
    terms = (100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(n - 1))
    return sum(terms, start=0 * x[0])


def _speelpenning(m: Any, x: Sequence[Any], n: int) -> Any:
    product = x[0]
    for factor in x[1:]:
        product = product * factor
    return product


def _nested(m: Any, x: Sequence[Any], n: int) -> Any:
    value = x[0]
    for _ in range(n):
        value = m.sin(value)
    return value


def observations(count: int) -> list[tuple[float, int]]:
    """Whether something happened at a time, for a logistic regression."""
    rng = np.random.default_rng(0)
    times = np.round(rng.uniform(-2, 2, count), 4).tolist()
    return [(t, 1 if t + e > 0 else -1) for t, e in zip(times, rng.normal(size=count), strict=True)]


def _likelihood_text(n: int) -> str:
    terms = (f"log(1+exp({-s}*(x1+x2*({t})+x3*({t})**2)))" for t, s in observations(n))
    return "-(" + "+".join(terms) + ")"


def _likelihood(m: Any, x: Sequence[Any], n: int) -> Any:
    a, b, c = x
    terms = (m.log(1 + m.exp(-s * (a + b * t + c * t**2))) for t, s in observations(n))
    return -sum(terms, start=0 * a)


WORKLOADS = {
    "rosenbrock": Workload(_rosenbrock_text, _rosenbrock, lambda n: n),
    "speelpenning": Workload(
        lambda n: "*".join(f"x{i + 1}" for i in range(n)), _speelpenning, lambda n: n
    ),
    "nested": Workload(lambda n: "sin(" * n + "x1" + ")" * n, _nested, lambda n: 1),
    "likelihood": Workload(_likelihood_text, _likelihood, lambda n: 3),
}
