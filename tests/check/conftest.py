from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcalc
from gradcalc.check.verdict import Verdict
from gradcalc.check.verify import verify
from gradcalc.engine.program import Program

ENTRIES: dict[str, Callable[[Program, Any, Any], Any]] = {
    "eval": lambda p, x, v: None,
    "jacobian": lambda p, x, v: p.jacobian(x),
    "gradient": lambda p, x, v: p.gradient(x),
    "vjp": lambda p, x, v: p.vjp(x, v),
    "jvp": lambda p, x, v: p.jvp(x, v),
    "hessian": lambda p, x, v: p.hessian(x),
    "hvp": lambda p, x, v: p.hvp(x, v),
}
Check = Callable[..., Verdict]


@pytest.fixture
def check() -> Check:
    """``check(text, x, kind)``: our own answer, verified. ``spoil`` changes the entries first."""

    def run(
        text: str,
        x: Any,
        kind: str = "jacobian",
        vector: Any = None,
        spoil: Callable[[Any], None] | None = None,
        **options: Any,
    ) -> Verdict:
        program = gradcalc.compile(text)
        x = np.asarray(x, float)
        with np.errstate(all="ignore"):
            value, entries = program(x), ENTRIES[kind](program, x, vector)
        if spoil:
            entries = np.array(entries)
            spoil(entries)
        return verify(program, x, kind, entries, value=value, vector=vector, **options)

    return run
