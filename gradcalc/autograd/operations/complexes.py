"""Complex tensors seen as pairs of real numbers, and taken apart.

The convention is PyTorch's: the gradient of a real L is ∂L/∂re + i ∂L/∂im, so a holomorphic
function's slope takes part conjugated (``conj``, in ``structural``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import get_default_dtype
from gradcalc.autograd.core.record import OUT, recorded
from gradcalc.autograd.core.registry import declare, function, operation
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.core.views import view
from gradcalc.autograd.operations.elementwise import FUNCTION, OF_COMPLEX
from gradcalc.autograd.operations.structural import conj, no_slope, sum_to


@function()
def view_as_real(x: Tensor) -> Tensor:
    """The same memory as pairs of real numbers along a new last axis."""
    if x._array.dtype.kind != "c":
        raise RuntimeError("view_as_real is only supported for complex tensors")
    parts = x._array.real
    array = np.lib.stride_tricks.as_strided(
        parts, (*parts.shape, 2), (*parts.strides, parts.itemsize)
    )
    out = view(x, array, view_as_real)
    return recorded(out, "ViewAsRealBackward0", view_as_complex, x)


@function()
def view_as_complex(x: Tensor) -> Tensor:
    """The same memory, whose last axis holds pairs, as complex numbers."""
    array = x._array
    if array.dtype.kind != "f":
        raise RuntimeError(
            "view_as_complex is only supported for half, bfloat16, float and double tensors, but "
            f"got a tensor of scalar type: {x.dtype.older}"
        )
    if not x.ndim or array.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if array.strides[-1] != array.itemsize:
        array = np.ascontiguousarray(array)
    pairs = array.view(np.result_type(array.dtype, np.complex64))[..., 0]
    return recorded(view(x, pairs, view_as_complex), "ViewAsComplexBackward0", view_as_real, x)


def real(x: Tensor) -> Tensor:
    return view_as_real(x).select(-1, 0) if x._array.dtype.kind == "c" else x


def imag(x: Tensor) -> Any:
    if x._array.dtype.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return view_as_real(x).select(-1, 1)


declare("real", real, "The real parts: a view.", function)
declare("imag", imag, "The imaginary parts: a view.", function)


Tensor.real = property(real, lambda x, value: real(x).copy_(value))  # type: ignore[attr-defined]
Tensor.imag = property(imag, lambda x, value: imag(x).copy_(value))  # type: ignore[attr-defined]


@function()
def complex(real: Tensor, imag: Tensor) -> Any:
    """real + i imag."""
    if real._array.dtype != imag._array.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {real.dtype.older} but got scalar type "
            f"{imag.dtype.older} for second argument"
        )
    kind = np.result_type(real._array.dtype, np.complex64)
    one, other = real._array.shape, imag._array.shape
    return recorded(
        (real._array + 1j * imag._array).astype(kind), "ComplexBackward0",
        (lambda v: sum_to(v.real, one), lambda v: sum_to(v.imag, other)), real, imag,
    )  # fmt: skip


declare("conj conj_physical", lambda x: conj(x), "The complex conjugates.")
declare("resolve_conj resolve_neg", lambda x: x, "x: nothing is conjugated later here.")


# --- In a row's place ---------------------------------------------------------------------------


def _size(x: Tensor) -> Tensor:
    return recorded(np.abs(x._array), "AbsBackward0", lambda v, x: v * direction(x), x, saves=(x,))


def direction(x: Tensor) -> Tensor:
    """x over its size, and 0 at 0."""
    sizes = np.abs(x._array)
    unit = np.divide(x._array, sizes, out=np.zeros_like(x._array), where=sizes != 0)
    return recorded(unit, "SgnBackward0", _of_direction, x, saves=(x, OUT))


def _of_direction(v: Tensor, x: Tensor, unit: Tensor) -> Tensor:
    """What of v stands across x, over the size of x."""
    zeros = wrap((x._array == 0).astype(float))
    along = real(v * conj(unit))
    return (v - along * unit) / (_size(x) + zeros) * (1 - zeros)


def _of_angle(v: Tensor, x: Tensor) -> Tensor:
    """A quarter of a turn on from x, over the size of x."""
    return v * direction(x) * 1j / (_size(x) + wrap((x._array == 0).astype(x._array.real.dtype)))


def _sigmoid(x: Tensor) -> Any:
    return FUNCTION["exp"](-x).add(1).reciprocal()


OF_COMPLEX.update(abs=_size, sign=direction, sigmoid=_sigmoid, silu=lambda x: x * _sigmoid(x),
                  sech2=lambda x: FUNCTION["cosh"](x).reciprocal() ** 2)  # fmt: skip


@operation()
def angle(x: Tensor) -> Any:
    """The angle in the plane."""
    array = x._array
    if array.dtype.kind == "c":
        return recorded(np.angle(array), "AngleBackward0", _of_angle, x, saves=(x,))
    angles = np.where(np.isnan(array), np.nan, np.where(array < 0, np.pi, 0.0))
    kind = array.dtype if array.dtype.kind == "f" else get_default_dtype().numpy
    return recorded(angles.astype(kind), "AngleBackward0", no_slope, x)
