"""How a tensor prints: PyTorch's format, four digits, brackets aligned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import get_default_dtype
from gradcalc.autograd.core.registry import method
from gradcalc.autograd.core.tensor import Tensor


@dataclass
class _Options:
    """What ``set_printoptions`` sets."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}
_options = _Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Digits after the point, the size from which the middle is left out, the width of a line.

    ``sci_mode`` True or False writes all numbers with or without an exponent; left out, the numbers
    decide. ``profile`` is ``default``, ``short`` or ``full``.
    """
    if profile is not None:
        vars(_options).update(_PROFILES[profile])
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems,
             "linewidth": linewidth}  # fmt: skip
    vars(_options).update({name: value for name, value in given.items() if value is not None})
    _options.sci_mode = sci_mode


@method("__repr__", "__str__")
def represent(x: Tensor) -> str:
    """``tensor([[ 4., 27.]], grad_fn=<CopySlices>)``."""
    array = x._array
    prefix = "tensor("
    suffixes = []
    if array.size == 0:
        if array.ndim != 1:
            suffixes.append(f"size={tuple(array.shape)}")
        if array.dtype != get_default_dtype().numpy:
            suffixes.append(f"dtype={x.dtype!r}")
        body = "[]"
    else:
        real = get_default_dtype().numpy
        plain = (real, np.result_type(real, np.complex64), np.dtype("int64"), np.dtype("bool"))
        if array.dtype not in plain:
            suffixes.append(f"dtype={x.dtype!r}")
        body = _body(array, len(prefix))
    made = _made_by(x)
    if made:
        suffixes.append(f"grad_fn=<{made}>")
    elif x.requires_grad:
        suffixes.append("requires_grad=True")
    if x._tangent is not None:
        suffixes.append(f"tangent={represent(x._tangent)}")
    head = "Parameter containing:\n" if x._parameter else ""
    return head + _with_suffixes(
        prefix + body, suffixes, len(prefix), bool(array.dtype.kind == "s")
    )


def _made_by(x: Tensor) -> str:
    try:
        return "" if x.grad_fn is None else type(x.grad_fn).__name__
    except RuntimeError:  # a view whose memory was written to where it must not be
        return "Invalid"


def _with_suffixes(text: str, suffixes: list[str], indent: int, own_line: bool) -> str:
    width = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if own_line or width + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            width = indent + len(suffix)
            own_line = False
        else:
            text += ", " + suffix
            width += len(suffix) + 2
    return text + ")"


def _body(array: np.ndarray[Any, Any], indent: int) -> str:
    summarize = array.size > _options.threshold
    write = _Writer(_corners(array) if summarize else array)
    if array.ndim == 0:
        return write(array.item())
    return _nested(array, indent, summarize, write)


def _nested(array: Any, indent: int, summarize: bool, write: _Writer) -> str:
    if array.ndim == 1:
        return _row(array, indent, summarize, write)
    if summarize and len(array) > 2 * _options.edgeitems:
        parts: list[Any] = [*array[: _options.edgeitems], None, *array[-_options.edgeitems :]]
    else:
        parts = list(array)
    slices = ["..." if part is None else _nested(part, indent + 1, summarize, write)
              for part in parts]  # fmt: skip
    between = "," + "\n" * int(array.ndim - 1) + " " * (indent + 1)
    return "[" + between.join(slices) + "]"


def _row(array: Any, indent: int, summarize: bool, write: _Writer) -> str:
    per_line = max(1, (_options.linewidth - indent) // (write.width + 2))
    if summarize and len(array) > 2 * _options.edgeitems:
        words = [
            *map(write, array[: _options.edgeitems].tolist()),
            " ...",
            *map(write, array[-_options.edgeitems :].tolist()),
        ]
    else:
        words = [write(value) for value in array.tolist()]
    lines = [words[i : i + per_line] for i in range(0, len(words), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(", ".join(line) for line in lines) + "]"


def _corners(array: Any) -> Any:
    """What is left of a large array when the middle of every axis is left out."""
    for k, length in enumerate(array.shape):
        if length > 2 * _options.edgeitems:
            kept = [*range(_options.edgeitems), *range(length - _options.edgeitems, length)]
            array = np.take(array, kept, axis=k)
    return array


class _Writer:
    """Writes every number of a tensor in the same way: whole, with four digits, or scientific."""

    def __init__(self, array: Any) -> None:
        self.floating = array.dtype.kind == "f"
        self.whole = True
        self.scientific = False
        self.width = 1
        if array.dtype.kind == "c":
            self.real, self.imaginary = _Writer(array.real), _Writer(np.abs(array.imag))
            self.width = max(len(self(value)) for value in array.reshape(-1).tolist())
            return
        if not self.floating:
            self.width = max(len(str(value)) for value in array.reshape(-1).tolist())
            return
        values = array[np.isfinite(array) & (array != 0)].astype(float)
        if values.size == 0:
            return
        sizes = np.abs(values)
        most, least = float(sizes.max()), float(sizes.min())
        self.whole = bool((values == np.ceil(values)).all())
        wide = most / least > 1000.0 or most > 1.0e8
        self.scientific = wide or (not self.whole and least < 1.0e-4)
        if _options.sci_mode is not None:
            self.scientific = _options.sci_mode
        self.width = max(len(self(value)) for value in values.tolist())

    def __call__(self, value: Any) -> str:
        if isinstance(value, complex):
            sign = "+" if value.imag >= 0 else "-"
            return f"{self.real(value.real)}{sign}{self.imaginary(abs(value.imag)).strip()}j"
        if not self.floating:
            text = str(value)
        elif self.scientific:
            text = f"{value:.{_options.precision}e}"
        elif self.whole:
            text = f"{value:.0f}" + ("." if math.isfinite(value) else "")
        else:
            text = f"{value:.{_options.precision}f}"
        return text.rjust(self.width)
