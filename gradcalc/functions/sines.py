"""Sine and cosine of thousands of numbers at once, by way of the tangent.

Where the processor has vectors of 512 bits, numpy's tangent is vectorised; its sine and its cosine
take one number after the other and cost several times as much. With t = tan(x/2),

    sin x = 2t / (1 + t²)        cos x = sin(π/2 - x)        |cos x| = 1 / √(1 + tan²x)

and none enlarges the relative error of its tangent, wherever x is: both stay within 4 ulps of the
truth. A cosine alone takes the second way, whose π/2 - x is rounded and put right, and where that
cannot be, because x is huge, the third. Where both are wanted of one x, the third and one tangent
serve for both: sin x = cos x · tan x. For short arrays, and where the tangent is not vectorised,
numpy's own are taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcalc.functions.processor import is_vectorised

Floats = np.ndarray[Any, np.dtype[np.float64]]

LONG = 2048
"""Numbers from which on this pays. Who calls says whether there are so many: what becomes of one
number must not depend on how many stand beside it."""

_QUARTER, _QUARTER_REST = 1.5707963267948966, 6.123233995736766e-17  # π/2, and what it lacks
_FAR = 2.0**26
"""Up to here the square of an ulp of x is no ulp of 1."""

_NEAR = 2.0**-20
"""An ulp of what is less than ``_FAR`` is next to nothing beside this."""

CHUNK = 32768
"""Numbers at a time: they and what is computed on the way stay in the cache."""


def sin(x: Any, out: Floats | None = None) -> Any:
    """sin x, elementwise, as ``numpy.sin(x, out=out)``."""
    return _by_chunks(np.sin, _sin, x, out)


def cos(x: Any, out: Floats | None = None) -> Any:
    """cos x, elementwise, as ``numpy.cos(x, out=out)``."""
    return _by_chunks(np.cos, _cos, x, out)


# --- both of one x: first tan x, then cos x beside it, then sin x beside both ---------------------


def tangent(x: Floats, out: Floats) -> None:
    """tan x for ``cos_beside`` and ``sin_beside``."""
    np.tan(x, out=out)


def cos_beside(tangent: Floats, x: Floats, out: Floats) -> None:
    """cos x, elementwise; ``out`` may be ``x``."""
    sign = np.empty(min(CHUNK, len(x)))
    for start in range(0, len(x), CHUNK):
        here = slice(start, start + CHUNK)
        angles = x[here]
        _cos_of_tangent(angles, tangent[here], out[here], sign[: len(angles)])


def sin_beside(tangent: Floats, cos: Floats, x: Floats, out: Floats) -> None:
    """sin x, elementwise; ``out`` may be any of the three."""
    np.multiply(tangent, cos, out=out)


def _by_chunks(
    plain: Callable[..., Any], quick: Callable[..., None], x: Any, out: Floats | None
) -> Any:
    if np.ndim(x) == 0 or x.dtype != np.float64:
        return plain(x, out=out)
    source = np.ascontiguousarray(x).reshape(-1)
    made = np.empty(x.shape) if out is None or not out.flags.c_contiguous else out
    target = made.reshape(-1)
    room = np.empty((4, min(CHUNK, len(source))))
    with np.errstate(all="ignore"):
        for start in range(0, len(source), CHUNK):
            quick(source[start : start + CHUNK], target[start : start + CHUNK], room)
    if out is None or out is made:
        return made
    out[...] = made
    return out


def _sin(x: Floats, out: Floats, room: Floats) -> None:
    t = room[0, : len(x)]
    np.multiply(x, 0.5, out=t)
    np.tan(t, out=t)
    np.multiply(t, t, out=out)
    np.add(out, 1.0, out=out)
    np.divide(t, out, out=out)
    np.add(out, out, out=out)


def _cos(x: Floats, out: Floats, room: Floats) -> None:
    t, rest, square, cos_t = room[:, : len(x)]
    np.subtract(_QUARTER, x, out=t)  # cos x = sin y, but y = π/2 - x is not a double:
    np.add(x, t, out=rest)
    np.subtract(_QUARTER, rest, out=rest)
    np.add(rest, _QUARTER_REST, out=rest)  # sin y = sin t + rest · cos t
    np.multiply(t, 0.5, out=t)
    np.tan(t, out=t)
    np.multiply(t, t, out=square)
    np.subtract(1.0, square, out=cos_t)  # … times 1 + square, as everything is until the end
    np.multiply(rest, cos_t, out=rest)
    np.add(t, t, out=t)
    np.add(t, rest, out=t)
    np.add(square, 1.0, out=square)
    np.divide(t, square, out=t)
    if not np.abs(t, out=square).min() >= _NEAR:  # or not a number
        near = square < _NEAR  # there sin t and the rest may cancel
        t[near] = np.cos(x[near])
    if not -_FAR < x.min() <= x.max() < _FAR:  # or not a number
        far = ~(np.abs(x) < _FAR)
        angles = x[far]
        _cos_of_tangent(angles, np.tan(angles), cos_far := np.empty_like(angles), angles.copy())
        t[far] = cos_far
    np.copyto(out, t)


def _cos_of_tangent(x: Floats, tangent: Floats, out: Floats, sign: Floats) -> None:
    np.multiply(x, 0.5, out=sign)
    np.tan(sign, out=sign)
    np.multiply(sign, tangent, out=sign)  # the sign of cos x is that of sin x · tan x
    np.multiply(tangent, tangent, out=out)
    np.add(out, 1.0, out=out)
    np.sqrt(out, out=out)
    np.divide(1.0, out, out=out)
    np.copysign(out, sign, out=out)


def _sin_formula(x: Any) -> Any:
    t = np.tan(x * 0.5)
    half = t / (t * t + 1.0)
    return half + half


def _cos_formula(tangent: Any, x: Any) -> Any:
    sign = np.tan(x * 0.5) * tangent
    return np.copysign(1.0 / np.sqrt(tangent * tangent + 1.0), sign)


FORMULAS: dict[Any, Callable[..., Any]] = {
    sin: _sin_formula,
    tangent: np.tan,
    cos_beside: _cos_formula,
    sin_beside: lambda tangent, cos, x: tangent * cos,
}
"""The same, to the last bit, as expressions."""


def are_by_tangent() -> bool:
    """Whether the tangent is the quicker way here."""
    return is_vectorised("tan")
