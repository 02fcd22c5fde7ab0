from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcalc
from gradcalc.check.verdict import Verdict
from gradcalc.check.verify import verify

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
            question = program.at(x).ask(kind, vector)
            entries = question.entries
        if spoil:
            entries = np.array(entries)
            spoil(entries)
        return verify(question, entries, **options)

    return run
