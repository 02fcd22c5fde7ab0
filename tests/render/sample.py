"""Answers to print, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcalc.calculus.kinds import KINDS
from gradcalc.check.verdict import Verdict
from gradcalc.render.answer import Answer

AGREED = Verdict("sympy", True, 4, 4, values=2)


def jacobian(entries: Any, *, verdict: Verdict | None = None, **rest: Any) -> Answer:
    """An Answer with these entries at the point 0, 1, 2, …, where the outputs are 0.5, 1.5, …"""
    entries = np.array(entries, dtype=float)
    m, n = entries.shape
    point = np.arange(float(n))
    variables = tuple(f"x{j}" for j in range(1, n + 1))
    return Answer(
        command="jacobian",
        kind=KINDS["jacobian"],
        variables=variables,
        outputs=tuple(f"f{i}" for i in range(1, m + 1)),
        at=dict(zip(variables, point.tolist(), strict=True)),
        point=point,
        value=np.arange(m) + 0.5,
        entries=entries,
        verdict=verdict,
        **rest,
    )


def of_kind(kind: str, entries: Sequence[Any] | None, vector: Sequence[float] = ()) -> Answer:
    """An answer of another kind, in two variables, of two outputs or (where it must be) of one."""
    outputs = ("f1",) if KINDS[kind].of_one else ("f1", "f2")
    return replace(
        jacobian([[4, 3], [2, 6]]),
        command=kind,
        kind=KINDS[kind],
        outputs=outputs,
        value=np.array([13.0, 13.0])[: len(outputs)],
        entries=None if entries is None else np.array(entries, dtype=float),
        vector=np.array(vector, dtype=float) if vector else None,
    )


ALL_KINDS = {
    "eval": of_kind("eval", None),
    "gradient": of_kind("gradient", [4, 3]),
    "jacobian": of_kind("jacobian", [[4, 3], [2, 6]]),
    "vjp": of_kind("vjp", [6, 9], [1, 1]),
    "jvp": of_kind("jvp", [4, 2], [1, 0]),
    "hessian": of_kind("hessian", [[4, 3], [3, 6]]),
    "hvp": of_kind("hvp", [4, 3], [1, 0]),
}
