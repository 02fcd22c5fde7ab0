"""0 silently wrong: random texts, and formulas of numerical analysis, against another evaluator.

``GRADCALC_LONG=1`` tries 20,000 random texts instead of 150 (``GRADCALC_SLICE=2/8`` the second
eighth of them); ``GRADCALC_FPBENCH=FOLDER`` reads FPBench's .fpcore files there and tries every
formula at five points.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcalc
from gradcalc.check.verify import verify
from gradcalc.errors import GradcalcError
from tests.corpora.dual import Tree, UndefinedError, evaluated, mp
from tests.corpora.fpcore import Formula, formulas, parsed, tree_of
from tests.corpora.texts import NAMES, Writer, grown

COUNT = 20_000 if os.environ.get("GRADCALC_LONG") else 150
FPBENCH = os.environ.get("GRADCALC_FPBENCH", "")
ACCURATE = 1e-9
"""What is off by more than this has to be told of."""
TINIEST = 5e-324
LARGEST = 1e308
POINTS = 5


def judged(text: str, tree: Tree, point: Mapping[str, float]) -> str:
    """What our value and gradient are worth: "right", "told", "undefined" or "refused"; or else
    what is silently wrong."""
    try:
        program = gradcalc.compile(text, wrt=list(point))
    except GradcalcError as error:
        too_large = "overflows" in error.message  # a constant of the text
        return "undefined" if too_large else f"refused: {error}"
    with np.errstate(all="ignore"):
        at = program.at(np.array(list(point.values())))
        ours = [float(at.value[0]), *at.gradient().tolist()]
    try:
        truth = numbers(tree, point, 120)
        if any(0 < abs(t) < mp.mpf(10) ** -60 for t in truth):  # as small as what cancels
            truth = [t if abs(t) > TINIEST else mp.mpf(0) for t in numbers(tree, point, 600)]
    except UndefinedError:
        return "undefined"
    if all(abs(mp.mpf(a) - b) <= ACCURATE * abs(b) for a, b in zip(ours, truth, strict=True)
           if math.isfinite(a)) and all(map(math.isfinite, ours)):  # fmt: skip
        return "right"
    if any(map(math.isnan, ours)):
        return "told"  # exit code 4
    verdict = verify(at.ask("gradient"), budget=20.0)
    unsaid = verdict.passed and not verdict.doubts and "stands for 0" not in verdict.line
    if unsaid and "flows: the true value" not in verdict.line:
        return f"SILENT: {ours} for {[mp.nstr(t, 17) for t in truth]}: {verdict.line}"
    return "told"


def numbers(tree: Tree, point: Mapping[str, float], digits: int) -> list[Any]:
    """The true value and gradient."""
    with mp.workdps(digits):
        true = evaluated(tree, {name: mp.mpf(number) for name, number in point.items()})
        return [true.value, *(true.slopes.get(name, mp.mpf(0)) for name in point)]


def coordinate(draw: random.Random) -> float:
    kind = draw.random()
    if kind < 0.7:
        return draw.uniform(-3, 3)
    if kind < 0.85:
        return draw.choice([0.0, 1.0, -1.0, 0.5, 2.0, 0.1])
    return draw.choice([-1, 1]) * 10 ** draw.uniform(-12, 12)


def one_of_many(seed: int) -> tuple[str, Tree, dict[str, float]]:
    """A text and a point: nearly always in its domain."""
    draw = random.Random(f"corpus {seed}")
    anywhere = draw.random() < 0.08
    while True:
        names = draw.sample(NAMES, draw.randint(1, 4))
        tree = grown(draw, names, draw.randint(2, 5))
        for _ in range(6):
            point = {name: coordinate(draw) for name in names}
            if anywhere or is_defined(tree, point):
                return Writer(draw).text(tree), tree, point


def is_defined(tree: Tree, point: Mapping[str, float]) -> bool:
    try:
        return all(abs(number) < LARGEST for number in numbers(tree, point, 30))
    except UndefinedError:
        return False


def test_random_texts() -> None:
    part, _, parts = os.environ.get("GRADCALC_SLICE", "1/1").partition("/")
    found: dict[str, list[str]] = {}
    for seed in range(int(part) - 1, COUNT, int(parts)):
        text, tree, point = one_of_many(seed)
        worth = judged(text, tree, point)
        found.setdefault(worth.partition(":")[0], []).append(f"{seed}: {text} at {point}: {worth}")
    print({kind: len(cases) for kind, cases in found.items()})
    wrong = [*found.get("SILENT", []), *found.get("refused", [])]
    assert not wrong, "\n".join(wrong)
    assert len(found.get("undefined", [])) < 0.15 * sum(map(len, found.values()))


# --- formulas of numerical analysis ---------------------------------------------------------------

HARD = [
    "(- (sqrt (+ x 1)) (sqrt x))",
    "(- (/ 1 (+ x 1)) (/ 1 x))",
    "(/ (- 1 (cos x)) (* x x))",
    "(/ (- (exp x) 1) x)",
    "(- (log (+ x 1)) (log x))",
    "(/ (- x (sin x)) (- x (tan x)))",
    "(- (pow (+ x 1) 1/3) (pow x 1/3))",
    "(/ (+ (- b) (sqrt (- (* b b) (* 4 (* a c))))) (* 2 a))",
    "(- (tan (+ x y)) (tan x))",
    "(- (atan (+ x 1)) (atan x))",
    "(let ([t (+ 331.4 (* 0.6 T))]) (/ (* (- t) v) (* (+ t u) (+ t u))))",
    "(if (< x 0) (- (exp x) 1) (log (+ 1 x)))",
    "(+ (* 333.75 (pow y 6)) (* (* x x) (- (* 11 (* x x (* y y))) (+ (pow y 6) (* 9 (pow y 4))))))",
    "(sqrt (+ (* x x) (* y y)))",
    "(- (/ 1 (tan x)) (/ 1 (sin x)))",
    "(log (+ (exp x) (exp y)))",
    "(/ x (+ x (exp (- y))))",
    "(- (* x x) (* y y))",
]
"""In Lisp's notation: cancellation, overflow on the way, roots of quadratics, a Doppler shift."""


def _read(text: str) -> Formula:
    words = sorted(set("abcuvxyT") & set(text.replace("(", " ").replace(")", " ").split()))
    return Formula(
        text, tuple(words), tree_of(parsed(text)[0], {w: ("name", w) for w in words}), {}
    )


def tried(formula: Formula) -> list[str]:
    draw = random.Random(formula.name)
    worth = []
    for k in range(POINTS):
        point = {}
        for name in formula.variables:
            low, high = formula.ranges.get(name, (-4.0, 4.0))
            small = not formula.ranges and k % 2 == 1
            point[name] = 10 ** draw.uniform(-9, 9) if small else draw.uniform(low, high)
        text = Writer(draw, plain=k == 0).text(formula.tree)
        worth.append(f"{judged(text, formula.tree, point)}  {text} at {point}")
    return worth


@pytest.mark.parametrize("text", HARD)
def test_formulas_that_lose_digits_say_so(text: str) -> None:
    assert not [one for one in tried(_read(text)) if one.startswith(("SILENT", "refused"))]


@pytest.mark.skipif(not FPBENCH, reason="GRADCALC_FPBENCH names a folder of .fpcore files")
def test_fpbench() -> None:
    found = {formula.name: tried(formula) for formula in formulas(Path(FPBENCH))}
    wrong: list[Any] = [one for worth in found.values() for one in worth
                        if one.startswith(("SILENT", "refused"))]  # fmt: skip
    print(len(found), "formulas")
    assert len(found) > 90
    assert not wrong, "\n".join(wrong)
