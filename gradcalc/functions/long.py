"""Functions of doubles that are computed in the platform's long double.

It has eleven more bits on x86 and sixty more on 64-bit ARM Linux, so that the rounding of what
stands between a double and its function does not show. Where it is no longer than a double
(Windows, macOS on ARM) a few ulps are lost here too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

Long = np.longdouble
Floats = Any
PI = Long("3.14159265358979323846264338327950288")
EULER = Long("0.577215664901532860606512090082402431")


def in_long_double(function: Callable[..., Floats]) -> Callable[..., Any]:
    """Arrays of doubles in and out, or of single precision; numbers stay numbers. Complex numbers,
    which only those meet who check us with them, are scipy's."""

    @wraps(function)
    def rounded(*operands: Any) -> Any:
        arrays = [np.asarray(x) for x in operands]
        if any(a.dtype.kind == "c" for a in arrays):
            from scipy import special  # deferred: 200 ms

            return getattr(special, function.__name__)(*operands)
        if len(arrays) > 1:
            arrays = list(np.broadcast_arrays(*arrays))
        kind = np.float32 if all(a.dtype == np.float32 for a in arrays) else np.float64
        with np.errstate(all="ignore"):
            long = function(*(a.astype(Long).reshape(-1) for a in arrays))
            result = long.astype(kind).reshape(arrays[0].shape)
        return result if result.ndim else result[()]

    return rounded


def piecewise(x: Floats, *pieces: tuple[Any, Callable[[Floats], Floats]]) -> Floats:
    """Each function where its condition is the first to hold; NaN where none does."""
    result = np.full(x.shape, np.nan, Long)
    left = np.ones(x.shape, bool)
    for condition, function in pieces:
        here = left & condition
        if here.any():
            result[here] = function(x[here])
            left &= ~here
    return result


def polynomial(coefficients: list[Any], x: Floats) -> Floats:
    """Σ c_k x^k."""
    total = np.full(x.shape, coefficients[-1], Long)
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total


def nearest(x: Floats) -> tuple[Floats, Floats]:
    """The nearest integer, and what is beyond it."""
    whole = np.round(x)
    return whole, x - whole
