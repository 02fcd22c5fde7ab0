"""Random claims, right and wrong ones, from sympy: every one is judged right.

``GRADCALC_LONG=1`` tries 3,000 of each kind instead of 12.
"""

from __future__ import annotations

import os
import random
from decimal import Decimal

import mpmath
import numpy as np
import sympy

import gradcalc
from gradcalc.claims.claim import Matter, read_claim
from gradcalc.claims.ruling import Ruling, decide
from gradcalc.errors import Source

COUNT = 3_000 if os.environ.get("GRADCALC_LONG") else 12
X, Y = sympy.symbols("x y", positive=True)
FUNCTIONS = [sympy.sin, sympy.cos, sympy.exp, sympy.tanh, sympy.atan, lambda u: sympy.log(1 + u**2)]
FORMS = ["{}", "-(-({}))", "({})*7/7", "3*({0}) - 2*({0})"]


def grown(rng: random.Random, depth: int) -> sympy.Expr:
    """An expression that is smooth everywhere."""
    if depth == 0 or rng.random() < 0.2:
        return rng.choice([X, Y, X * Y, X + 2 * Y, sympy.Integer(rng.randint(1, 4))])
    one, other = grown(rng, depth - 1), grown(rng, depth - 1)
    kind = rng.randrange(5)
    if kind == 0:
        return one + other
    if kind == 1:
        return one - other
    if kind == 2:
        return one * other
    if kind == 3:
        return one / (2 + other**2)
    return rng.choice(FUNCTIONS)(one / (1 + one**2))


def judged(text: str, claim: str, at: np.ndarray) -> Ruling:
    program = gradcalc.compile(text, wrt=["x", "y"])
    matter = Matter(program.outputs, program.variables, {}, {})
    return decide(program, read_claim(Source(claim, "--claim"), matter).fitted(matter), at)


def decimal(number: mpmath.mpf) -> Decimal:
    return Decimal(mpmath.nstr(number, 30))


def test_every_claim_is_judged_right() -> None:
    rng = random.Random(COUNT)
    done = 0
    while done < COUNT:
        f = grown(rng, 4)
        if not {X, Y} <= f.free_symbols:
            continue
        done += 1
        x, y = (rng.choice([0.3, 0.7, 1.25, 2.6, 11.0]) for _ in range(2))
        slopes = [sympy.diff(f, symbol) for symbol in (X, Y)]
        with mpmath.workdps(40):
            at_point = [sympy.lambdify([X, Y], slope, "mpmath") for slope in slopes]
            numbers = [g(mpmath.mpf(x), mpmath.mpf(y)) * mpmath.mpf(1) for g in at_point]
        if any(abs(number) < 1e-30 for number in numbers):
            continue
        at, text = np.array([[x, y]]), str(f)

        formulas = [rng.choice(FORMS).format(slope) for slope in slopes]
        found = judged(text, ", ".join(formulas), at)
        assert found.right, (text, formulas, x, y, found)
        digits = rng.randint(6, 17)
        typed = [f"{decimal(number):.{digits - 1}e}" for number in numbers]
        found = judged(text, ", ".join(typed), at)
        assert found.right, (text, typed, x, y, found)

        k, exponent = rng.randrange(2), rng.randint(1, 12)
        wrong = rng.choice(
            [f"({formulas[k]})*(1 + 1e-{exponent})", f"({formulas[k]}) + 1e-{exponent}",
             f"-({formulas[k]})", f"({formulas[k]})*x/{x + 1e-9 * x!r}"]
        )  # fmt: skip
        spoiled = [*formulas[:k], wrong, *formulas[k + 1 :]]
        found = judged(text, ", ".join(spoiled), at)
        assert found.right is False, (text, spoiled, x, y, found)
        digits = rng.randint(6, 14)
        unit = Decimal(10) ** (decimal(numbers[k]).adjusted() - digits + 1)
        off = f"{decimal(numbers[k]) + rng.choice([-2, 2]) * unit:.{digits - 1}e}"
        spoiled = [*typed[:k], off, *typed[k + 1 :]]
        found = judged(text, ", ".join(spoiled), at)
        assert found.right is False, (text, spoiled, x, y, found)
