"""Are balls where they should be? Every node of random graphs, beside mpmath's 100 digits."""

from __future__ import annotations

from random import Random
from typing import Any

import mpmath
import numpy as np
from flint import ctx

import gradcalc
from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.digits.errors import errors
from gradcalc.check.enclosures.point import Point
from gradcalc.check.structure import Outline
from gradcalc.check.verify import verify
from gradcalc.errors import GradcalcError
from gradcalc.explain.kinks import kinks
from gradcalc.graph.exact import leaves, rerun
from tests.attack import growing
from tests.attack.finding import Finding
from tests.attack.trees import text, variables

BITS, DIGITS = 192, 100
CLOSE = mpmath.mpf(10) ** -60
LARGE = 1e280


def _as_mpf(ball: Any) -> Any:
    mantissa, exponent = ball.man_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))


def enclosed(draw: Random) -> tuple[str, list[Finding]]:
    """Whether the gradient at a regular point is proven, and the balls that miss their numbers."""
    tree = growing.tree(draw, draw.choice((1, 2, 3, 3, 4)))
    names = sorted(variables(tree))
    if not names:
        return "no variable", []
    at = {name: growing.coordinate(draw) for name in names}
    words = ["grad", text(tree), "--at", ",".join(f"{k}={v!r}" for k, v in at.items())]
    try:
        program = gradcalc.compile(text(tree))
    except GradcalcError:
        return "refused", []
    x = [at[name] for name in program.variables]
    try:
        missed = _missed(program, x)
    except OutOfTime:
        return "no time", []
    findings = [Finding("enclosure", words, what) for what in missed]
    return _proven(program, x), findings


def _missed(program: Any, x: list[float]) -> list[str]:
    outline = Outline(program.graph)
    deadline = Deadline(2)
    with mpmath.workdps(DIGITS), ctx.workprec(BITS), deadline.alarm():
        here = Point(outline, x, deadline)
        values = leaves(program.graph, x)
        rerun(program.graph, outline.nodes, values, deadline)
        known = errors(program.graph, values, DIGITS, deadline)
        found = []
        for node, size in known.sizes.items():
            ball, true = here.values[node], values[node]
            unsure = node in known.stepping or node in known.lost
            if unsure or not ball.is_finite() or not mpmath.isfinite(true):
                continue
            if known.stepping and known.stepping.intersection(program.graph[node].operands):
                continue
            room = _as_mpf(ball.rad()) + CLOSE * abs(true) + 16 * size
            if not abs(_as_mpf(ball.mid()) - true) <= room:
                found.append(f"{program.graph.text(node)}: {ball} misses {mpmath.nstr(true, 30)}")
    return found


def _proven(program: Any, x: list[float]) -> str:
    """Of a regular point: finite numbers, and no kink."""
    with np.errstate(all="ignore"):
        point = program.at(x)
        question = point.ask("gradient")
        numbers = [*np.ravel(question.entries), *point.value]
        if not np.isfinite(numbers).all() or np.abs(numbers).max() > LARGE or kinks(point):
            return "not regular"
        verdict = verify(question, method="arb", budget=4)
    if verdict.proof is not None and not verdict.proof.without:
        return "proven"
    return "step" if verdict.open else "not proven"
