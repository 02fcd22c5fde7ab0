"""Plain central differences in double precision, for those who ask for them: crude, but they
run the program itself and need neither sympy nor mpmath."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.check.compare import EPS
from gradcalc.check.question import Question
from gradcalc.check.verdict import Verdict, Worst
from gradcalc.engine import Program

_TOLERANCE = 1e-4
"""Relative to the scale, on top of the error that the differences themselves show."""
_DOUBTFUL = 1e-2
"""Beyond this, relative to the scale, the difference says nothing: noise, or a kink."""
_STEP = EPS ** (1 / 3)  # where truncation (h**2) and rounding (eps/h) are about equal


def verdict(program: Program, question: Question, ours: list[float]) -> Verdict:
    """Compare the entries with differences; values are not checked."""
    if question.kind not in ("jacobian", "gradient", "vjp", "jvp"):
        return Verdict("differences", None, reason=f"differences cannot check {question.kind}")
    with np.errstate(all="ignore"):
        directions, vector = _directions(question)
        near, far = (_slopes(program, question, directions, factor) for factor in (1.0, 2.0))
        noise = _noise(question, directions)
    slopes, doubt = near, np.abs(near - far) + noise
    if question.kind == "vjp":
        slopes, doubt = slopes @ vector, doubt @ np.abs(vector)
    else:
        slopes, doubt = slopes.T, doubt.T  # (rows, columns)
    truth, doubt = slopes.ravel(), doubt.ravel()
    scale = np.maximum(np.asarray(question.entry_scales), np.abs(truth))
    numbers = np.asarray(ours)
    smooth = np.isfinite(truth) & np.isfinite(doubt) & np.isfinite(numbers)
    smooth &= not question.kinks  # a difference cannot tell which entries a kink spoils
    smooth &= doubt <= _DOUBTFUL * scale
    off = np.where(smooth, np.abs(numbers - truth), 0.0)
    wrong = int(np.sum(off > _TOLERANCE * scale + doubt))
    checked = int(smooth.sum())
    return _state(question, numbers, truth, off, scale, wrong, checked, smooth)


def _state(
    question: Question,
    ours: Any,
    truth: Any,
    off: Any,
    scale: Any,
    wrong: int,
    checked: int,
    smooth: Any,
) -> Verdict:
    ulps = np.where(smooth, off / np.maximum(EPS * scale, 2.0**-1074), 0.0)
    index = int(np.argmax(ulps)) if len(ulps) else 0
    worst = None
    if checked and ulps[index]:
        output, variable = question.names(index, question.kind)
        worst = Worst(output, variable, float(ours[index]), float(truth[index]),
                      float(ulps[index]), question.kind)  # fmt: skip
    left = len(ours) - checked
    reasons = ["double precision differences, good for a few digits"]
    if left:
        reasons.append(f"{left} not checked (too rough)")
    return Verdict(
        method="differences",
        passed=False if wrong else True if checked else None,
        checked=checked,
        total=len(ours),
        max_ulp=worst.ulps if worst else 0.0,
        worst=worst,
        reason="; ".join(reasons),
        wrong=wrong,
        truth=np.where(smooth, truth, np.nan).reshape(question.shape),
    )


def _directions(question: Question) -> tuple[Any, Any]:
    """The directions to differentiate along, one a row, and the vector of a vjp."""
    vector = np.asarray(question.vector)
    if question.kind == "jvp":
        return vector[None], vector
    return np.eye(len(question.x)), vector


def _slopes(program: Program, question: Question, directions: Any, factor: float) -> Any:
    """(f(x + h d) - f(x - h d)) / 2h for each direction d, shape (directions, m)."""
    x, steps = np.asarray(question.x), factor * _steps(question, directions)
    ahead, behind = x + steps[:, None] * directions, x - steps[:, None] * directions
    return (program(ahead) - program(behind)) / (2 * steps[:, None])


def _steps(question: Question, directions: Any) -> Any:
    x = np.abs(np.asarray(question.x))
    sizes = np.where(directions != 0, np.where(x > 0, x, 1.0) / np.abs(directions), np.inf)
    smallest = np.min(sizes, axis=1, initial=np.inf)
    return _STEP * np.where(np.isfinite(smallest), smallest, 1.0)


def _noise(question: Question, directions: Any) -> Any:
    """What the rounding of f and of the moved point does to a slope."""
    values = np.asarray(question.value_scales)
    return 16 * EPS * values / _steps(question, directions)[:, None]
