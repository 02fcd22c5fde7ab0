"""Complex tensors seen as pairs of real numbers, and taken apart.

The convention is PyTorch's: the gradient of a real L is ∂L/∂re + i ∂L/∂im, so a holomorphic
function's slope takes part conjugated (``conj``, in ``structural``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.autograd.core.node import Node
from gradcalc.autograd.core.registry import function, operation
from gradcalc.autograd.core.tensor import Tensor, attach, tracks, wrap
from gradcalc.autograd.core.views import view
from gradcalc.autograd.operations.elementwise import FUNCTION
from gradcalc.autograd.operations.structural import conj


class ViewAsRealBackward0(Node):
    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (view_as_complex(v),)


class ViewAsComplexBackward0(Node):
    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (view_as_real(v),)


@function()
def view_as_real(x: Any) -> Any:
    """The same memory as pairs of real numbers along a new last axis."""
    if not isinstance(x, Tensor):
        parts = x.real
        return np.lib.stride_tricks.as_strided(parts, (*x.shape, 2), (*x.strides, parts.itemsize))
    if x._array.dtype.kind != "c":
        raise RuntimeError("view_as_real is only supported for complex tensors")
    out = view(x, view_as_real(x._array), view_as_real)
    return attach(out, ViewAsRealBackward0(), x) if tracks(x) else out


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
    return attach(out, ViewAsComplexBackward0(), x) if tracks(x) else out


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


class ComplexBackward0(Node):
    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (real(v), imag(v)) if isinstance(v, Tensor) else (v.real, v.imag)


def complex(real: Tensor, imag: Tensor) -> Any:
    """real + i imag."""
    if real._array.dtype != imag._array.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {real.dtype.name.capitalize()} but got scalar type "
            f"{imag.dtype.name.capitalize()} for second argument"
        )
    kind = np.result_type(real._array.dtype, np.complex64)
    out = wrap((real._array + 1j * imag._array).astype(kind))
    return attach(out, ComplexBackward0(), real, imag) if tracks(real, imag) else out


function()(complex)
operation("conj_physical", "resolve_conj")(conj)


@operation()
def angle(x: Tensor) -> Any:
    """The angle in the plane."""
    if x._array.dtype.kind == "c":
        return FUNCTION["atan2"](imag(x), real(x))
    return FUNCTION["atan2"](x * 0.0, x)
