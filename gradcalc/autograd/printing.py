"""How a tensor prints: PyTorch's format, four digits, brackets aligned."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import get_default_dtype
from gradcalc.autograd.core.registry import method
from gradcalc.autograd.core.tensor import Tensor

Array = np.ndarray[Any, Any]

_HEAD = "tensor("
_DEFAULT: dict[str, Any] = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80}
_PROFILES = {
    "default": _DEFAULT,
    "short": _DEFAULT | {"precision": 2, "edgeitems": 2},
    "full": _DEFAULT | {"threshold": math.inf},
}
_options = SimpleNamespace(**_DEFAULT, sci_mode=None)


def set_printoptions(precision: int | None = None, threshold: float | None = None,
                     edgeitems: int | None = None, linewidth: int | None = None,
                     profile: str | None = None, sci_mode: bool | None = None) -> None:  # fmt: skip
    """Digits after the point, the size from which the middle is left out, the width of a line.

    ``sci_mode`` True or False writes all numbers with or without an exponent; left out, the numbers
    decide. ``profile`` is ``default``, ``short`` or ``full``.
    """
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems,
             "linewidth": linewidth}  # fmt: skip
    chosen = _PROFILES.get(profile or "", {}) | {k: v for k, v in given.items() if v is not None}
    vars(_options).update(chosen, sci_mode=sci_mode)


@method("__repr__", "__str__")
def represent(x: Tensor) -> str:
    """``tensor([[ 4., 27.]], grad_fn=<CopySlices>)``."""
    array, real = x._array, get_default_dtype().numpy
    body, suffixes, plain = "[]", [], [real]
    if array.size:
        body = _body(array)
        plain += [np.result_type(real, np.complex64), np.dtype("int64"), np.dtype("bool")]
    elif array.ndim != 1:
        suffixes.append(f"size={tuple(array.shape)}")
    if array.dtype not in plain:
        suffixes.append(f"dtype={x.dtype!r}")
    try:
        made = "" if x.grad_fn is None else type(x.grad_fn).__name__
    except RuntimeError:  # a view whose memory was written to where it must not be
        made = "Invalid"
    if made or x.requires_grad:
        suffixes.append(f"grad_fn=<{made}>" if made else "requires_grad=True")
    if x._tangent is not None:
        suffixes.append(f"tangent={represent(x._tangent)}")
    text = _HEAD + body
    width = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        width += len(suffix) + 2
        if width > _options.linewidth:
            text, width = f"{text},\n{' ' * len(_HEAD)}{suffix}", len(_HEAD) + len(suffix)
        else:
            text = f"{text}, {suffix}"
    return ("Parameter containing:\n" if x._parameter else "") + text + ")"


def _body(array: Array) -> str:
    half, summarized = _options.edgeitems, array.size > _options.threshold
    write, width = _writer(_corners(array) if summarized else array)

    def nested(array: Array, indent: int) -> str:
        if array.ndim == 0:
            return write(array.item())
        left_out = summarized and len(array) > 2 * half
        kept = (*array[:half], *array[-half:]) if left_out else array
        parts = [nested(part, indent + 1) for part in kept]
        if left_out:
            parts.insert(half, "..." if array.ndim > 1 else " ...")
        if array.ndim == 1:
            count = max(1, (_options.linewidth - indent) // (width + 2))
            parts = [", ".join(parts[i : i + count]) for i in range(0, len(parts), count)]
        between = "," + "\n" * max(array.ndim - 1, 1) + " " * (indent + 1)
        return f"[{between.join(parts)}]"

    return nested(array, len(_HEAD))


def _corners(array: Array) -> Array:
    """What is left of a large array when the middle of every axis is left out."""
    half = _options.edgeitems
    kept = [[k for k in range(n) if k < half or n - k <= half] for n in array.shape]
    return array[np.ix_(*kept)]


def _writer(array: Array) -> tuple[Callable[[Any], str], int]:
    """What writes every number of a tensor in the same way, and the width that it takes."""
    if array.dtype.kind == "c":
        (real, before), (imaginary, behind) = _writer(array.real), _writer(array.imag)
        return (
            lambda z: real(z.real) + _signed(imaginary(z.imag).lstrip()) + "j",
            before + behind + 1,
        )
    text, counted = _text(array)
    width = max((len(text(value)) for value in counted.tolist()), default=1)
    return lambda value: text(value).rjust(width), width


def _signed(number: str) -> str:
    return number if number.startswith("-") else f"+{number}"


def _text(array: Array) -> tuple[Callable[[Any], str], Array]:
    """How numbers are written (whole, with four digits, scientific), and whose width counts."""
    counted = array.reshape(-1)
    if array.dtype.kind != "f":
        return str, counted
    counted = counted[np.isfinite(counted) & (counted != 0)].astype(float)
    whole, scientific = bool((counted == np.ceil(counted)).all()), False
    if counted.size:
        most, least = np.abs(counted).max(), np.abs(counted).min()
        scientific = bool(most / least > 1000.0 or most > 1.0e8 or least < 1.0e-4)
        scientific = scientific if _options.sci_mode is None else _options.sci_mode
    if whole and not scientific:
        return lambda value: f"{value:.0f}" + ("." if math.isfinite(value) else ""), counted
    return f"{{:.{_options.precision}{'e' if scientific else 'f'}}}".format, counted
