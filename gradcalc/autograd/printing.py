"""How a tensor prints: PyTorch's format, four digits, brackets aligned."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcalc.autograd.dtypes import get_default_dtype
from gradcalc.autograd.tensor import Tensor, method

PRECISION = 4
THRESHOLD = 1000
EDGE_ITEMS = 3
LINE_WIDTH = 80


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
        plain = (get_default_dtype().numpy, np.dtype("int64"), np.dtype("bool"))
        if array.dtype not in plain:
            suffixes.append(f"dtype={x.dtype!r}")
        body = _body(array, len(prefix))
    if x.grad_fn is not None:
        suffixes.append(f"grad_fn=<{type(x.grad_fn).__name__}>")
    elif x.requires_grad:
        suffixes.append("requires_grad=True")
    return _with_suffixes(prefix + body, suffixes, len(prefix), bool(array.dtype.kind == "s"))


def _with_suffixes(text: str, suffixes: list[str], indent: int, own_line: bool) -> str:
    width = len(text) - text.rfind("\n") - 1
    for suffix in suffixes:
        if own_line or width + len(suffix) + 2 > LINE_WIDTH:
            text += ",\n" + " " * indent + suffix
            width = indent + len(suffix)
            own_line = False
        else:
            text += ", " + suffix
            width += len(suffix) + 2
    return text + ")"


def _body(array: np.ndarray[Any, Any], indent: int) -> str:
    summarize = array.size > THRESHOLD
    write = _Writer(_corners(array) if summarize else array)
    if array.ndim == 0:
        return write(array.item())
    return _nested(array, indent, summarize, write)


def _nested(array: Any, indent: int, summarize: bool, write: _Writer) -> str:
    if array.ndim == 1:
        return _row(array, indent, summarize, write)
    if summarize and len(array) > 2 * EDGE_ITEMS:
        parts: list[Any] = [*array[:EDGE_ITEMS], None, *array[-EDGE_ITEMS:]]
    else:
        parts = list(array)
    slices = ["..." if part is None else _nested(part, indent + 1, summarize, write)
              for part in parts]  # fmt: skip
    between = "," + "\n" * int(array.ndim - 1) + " " * (indent + 1)
    return "[" + between.join(slices) + "]"


def _row(array: Any, indent: int, summarize: bool, write: _Writer) -> str:
    per_line = max(1, (LINE_WIDTH - indent) // (write.width + 2))
    if summarize and len(array) > 2 * EDGE_ITEMS:
        words = [
            *map(write, array[:EDGE_ITEMS].tolist()),
            " ...",
            *map(write, array[-EDGE_ITEMS:].tolist()),
        ]
    else:
        words = [write(value) for value in array.tolist()]
    lines = [words[i : i + per_line] for i in range(0, len(words), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(", ".join(line) for line in lines) + "]"


def _corners(array: Any) -> Any:
    """What is left of a large array when the middle of every axis is left out."""
    for k, length in enumerate(array.shape):
        if length > 2 * EDGE_ITEMS:
            kept = [*range(EDGE_ITEMS), *range(length - EDGE_ITEMS, length)]
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
        self.width = max(len(self(value)) for value in values.tolist())

    def __call__(self, value: Any) -> str:
        if isinstance(value, complex):
            sign = "+" if value.imag >= 0 else "-"
            text = f"{_short(value.real)}{sign}{_short(abs(value.imag))}j"
        elif not self.floating:
            text = str(value)
        elif self.scientific:
            text = f"{value:.{PRECISION}e}"
        elif self.whole:
            text = f"{value:.0f}" + ("." if math.isfinite(value) else "")
        else:
            text = f"{value:.{PRECISION}f}"
        return text.rjust(self.width)


def _short(value: float) -> str:
    return f"{value:.0f}." if value == math.floor(value) else f"{value:.{PRECISION}f}"
