"""Random formulas of the whole language: sympy, mpmath and we agree; a digit changed is found."""

from __future__ import annotations

import math
import os
import random
from typing import Any

import numpy as np
import pytest

import gradcalc
from gradcalc.check.verify import verify
from gradcalc.functions.primitives import FUNCTIONS

WORDS = sorted(
    {p.name for p in FUNCTIONS.values() if not p.ordered} - {"where", "round", "pow", "square"}
)


def formula(draw: random.Random, depth: int) -> str:
    if depth == 0 or draw.random() < 0.15:
        return draw.choice(["x", "y", "x", "y", str(draw.randint(0, 5)), f"{draw.random():.3f}"])

    def part() -> str:
        return formula(draw, depth - 1)

    kind = draw.random()
    if kind < 0.45:
        return f"({part()} {draw.choice('+-*/')} {part()})"
    if kind < 0.55:
        return f"({part()})**{draw.choice(['2', '3', '0.5', '-1', '(1/3)', '0', 'x'])}"
    if kind < 0.62:
        return f"where({part()} < {part()}, {part()}, {part()})"
    word = draw.choice(WORDS)
    return f"{word}({', '.join(part() for _ in range(FUNCTIONS[word].arity))})"


@pytest.mark.parametrize("seed", range(300 if "GRADCALC_LONG" in os.environ else 40))
def test_random_formulas(seed: int) -> None:
    draw = random.Random(seed)
    text = f"{formula(draw, 4)} + 0*x*y, {formula(draw, 3)}*x + 0*y"
    program = gradcalc.compile(text)
    x = [draw.choice([draw.uniform(-3, 3), draw.uniform(0.1, 2), 0.0, 1.0]) for _ in "xy"]
    with np.errstate(all="ignore"):
        value, entries = program(x), program.jacobian(x)
    known: list[Any] = []
    for method in ("sympy", "mpmath"):
        verdict = verify(program.at(x).ask("jacobian"), entries, value, method=method, budget=4)
        smooth = verdict.worst is None or math.isfinite(verdict.worst.true)  # not 0**0
        assert verdict.passed is not False or not smooth, f"{text} at {x}: {verdict.line}"
        if verdict.passed is not False:
            known.append((method, verdict))
    spoilt = np.array(entries)
    places = [k for k in range(4) if np.isfinite(entries.flat[k]) and entries.flat[k]]
    for k in places[:1]:
        spoilt.flat[k] *= 1 + 1e-6
        for method, verdict in known:
            again = verify(program.at(x).ask("jacobian"), spoilt, value, method=method, budget=4)
            sure = verdict.truth is not None and not np.isnan(verdict.truth.flat[k])
            assert (again.passed is False) == sure, f"{text} at {x}: {again.line}"
