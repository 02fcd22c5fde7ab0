"""Complex tensors seen as pairs of real numbers, and taken apart.

The convention is PyTorch's: the gradient of a real L is ∂L/∂re + i ∂L/∂im, so a holomorphic
function's slope takes part conjugated (``conj``, in ``structural``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import get_default_dtype
from gradcalc.autograd.core.record import OUT, recorded
from gradcalc.autograd.core.registry import function, operation
from gradcalc.autograd.core.tensor import Tensor
from gradcalc.autograd.core.views import view
from gradcalc.autograd.operations.elementwise import FUNCTION, OF_COMPLEX
from gradcalc.autograd.operations.structural import conj, no_slope, sum_to


@function()
def view_as_real(x: Any) -> Any:
    """The same memory as pairs of real numbers along a new last axis."""
    if not isinstance(x, Tensor):
        parts = x.real
        return np.lib.stride_tricks.as_strided(parts, (*x.shape, 2), (*x.strides, parts.itemsize))
    if x._array.dtype.kind != "c":
        raise RuntimeError("view_as_real is only supported for complex tensors")
    out = view(x, view_as_real(x._array), view_as_real)
    return recorded(out, "ViewAsRealBackward0", view_as_complex, x)


@function()
def view_as_complex(x: Any) -> Any:
    """The same memory, whose last axis holds pairs, as complex numbers."""
    if not isinstance(x, Tensor):
        if x.strides[-1] != x.itemsize:
            x = np.ascontiguousarray(x)
        return x.view(np.result_type(x.dtype, np.complex64))[..., 0]
    if x._array.dtype.kind != "f":
        raise RuntimeError(
            "view_as_complex is only supported for half, bfloat16, float and double tensors, but "
            f"got a tensor of scalar type: {x.dtype.name.capitalize()}"
        )
    if not x.ndim or x._array.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    out = view(x, view_as_complex(x._array), view_as_complex)
    return recorded(out, "ViewAsComplexBackward0", view_as_real, x)


@function()
def real(x: Tensor) -> Any:
    """The real parts: a view."""
    return view_as_real(x).select(-1, 0) if x._array.dtype.kind == "c" else x


@function()
def imag(x: Tensor) -> Any:
    """The imaginary parts: a view."""
    if x._array.dtype.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return view_as_real(x).select(-1, 1)


def _write_part(part: Any) -> Any:
    return lambda x, value: part(x).copy_(value)


Tensor.real = property(real, _write_part(real))  # type: ignore[attr-defined]
Tensor.imag = property(imag, _write_part(imag))  # type: ignore[attr-defined]


@function()
def complex(real: Tensor, imag: Tensor) -> Any:
    """real + i imag."""
    if real._array.dtype != imag._array.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {real.dtype.name.capitalize()} but got scalar type "
            f"{imag.dtype.name.capitalize()} for second argument"
        )
    kind = np.result_type(real._array.dtype, np.complex64)
    one, other = real._array.shape, imag._array.shape
    return recorded(
        (real._array + 1j * imag._array).astype(kind), "ComplexBackward0",
        (lambda v: sum_to(_real(v), one), lambda v: sum_to(_imag(v), other)), real, imag,
    )  # fmt: skip


def _real(v: Any) -> Any:
    return real(v) if isinstance(v, Tensor) else v.real


def _imag(v: Any) -> Any:
    return imag(v) if isinstance(v, Tensor) else v.imag


operation("conj_physical")(conj)


@operation("resolve_neg")
def resolve_conj(x: Tensor) -> Tensor:
    """x: nothing is conjugated or negated later here."""
    return x


# --- In a row's place ---------------------------------------------------------------------------


def _size(x: Tensor) -> Tensor:
    return recorded(np.abs(x._array), "AbsBackward0", lambda v, x: v * direction(x), x, saves=(x,))


def direction(x: Any) -> Any:
    """x over its size, and 0 at 0."""
    array = x._array if isinstance(x, Tensor) else x
    sizes = np.abs(array)
    unit = np.divide(array, sizes, out=np.zeros_like(array), where=sizes != 0)
    if not isinstance(x, Tensor):
        return unit
    return recorded(unit, "SgnBackward0", _of_direction, x, saves=(x, OUT))


def _of_direction(v: Any, x: Any, unit: Any) -> Any:
    """What of v stands across x, over the size of x."""
    tracked = isinstance(v, Tensor)
    zeros = ((x._array if tracked else x) == 0).astype(float)
    size = (_size(x) if tracked else np.abs(x)) + zeros
    along = _real(v * conj(unit))
    return (v - along * unit) / size * (1 - zeros)


def _sigmoid(x: Tensor) -> Tensor:
    return FUNCTION["exp"](-x).add(1).reciprocal()  # type: ignore[no-any-return]


OF_COMPLEX.update(abs=_size, sign=direction, sigmoid=_sigmoid, silu=lambda x: x * _sigmoid(x),
                  sech2=lambda x: FUNCTION["cosh"](x).reciprocal() ** 2)  # fmt: skip


@operation()
def angle(x: Tensor) -> Any:
    """The angle in the plane."""
    if x._array.dtype.kind == "c":
        return FUNCTION["atan2"](imag(x), real(x))
    array = x._array
    angles = np.where(np.isnan(array), np.nan, np.where(array < 0, np.pi, 0.0))
    kind = array.dtype if array.dtype.kind == "f" else get_default_dtype().numpy
    return recorded(angles.astype(kind), "AngleBackward0", no_slope, x)
