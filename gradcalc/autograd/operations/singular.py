"""Singular values, differentiable to any order.

The node has three outputs, u, s and vᴴ, of which only s is handed out. Its slope uses u and vᴴ as
tensors that it made, so that a second derivative flows back through all three. The formula is that
of J. Townsend, "Differentiating the Singular Value Decomposition" (2016).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.autograd.core.record import several
from gradcalc.autograd.core.registry import operation
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.structural import conj, swap


def _slope(cotangents: Any, u: Tensor, s: Tensor, vh: Tensor) -> Any:
    """From the cotangents of u, s and vᴴ to that of x = u s vᴴ."""
    to_u, to_s, to_vh = cotangents
    row, column = s.unsqueeze(-2), s.unsqueeze(-1)
    eye = wrap(np.eye(s.shape[-1], dtype=s._array.dtype))
    apart = (row - column) * (row + column) + eye  # where it divides a 0, by 1
    middle: Any = 0.0 if to_s is None else eye * to_s.unsqueeze(-2)
    beside = []
    if to_u is not None:
        inner = conj(swap(u)) @ to_u
        skew = inner - conj(swap(inner))
        middle = middle + skew / apart * row
        if u.is_complex():
            middle = middle + eye * skew / (2 * row)
        if u.shape[-2] > s.shape[-1]:
            beside.append(((to_u - u @ inner) / row) @ vh)
    if to_vh is not None:
        to_v = conj(swap(to_vh))
        inner = vh @ to_v
        middle = middle + column * (inner - conj(swap(inner))) / apart
        if vh.shape[-1] > s.shape[-1]:
            beside.append((u / row) @ conj(swap(to_v - conj(swap(vh)) @ inner)))
    total = u @ convert(middle, u._array.dtype) @ vh
    for part in beside:
        total = total + part
    return total


@operation()
def svdvals(x: Tensor) -> Tensor:
    """The singular values of a matrix, or of several, the largest first."""
    parts = np.linalg.svd(x._array, full_matrices=False)
    return several(parts, "LinalgSvdBackward0", _slope, x, saves=(0, 1, 2))[1]  # type: ignore[no-any-return]
