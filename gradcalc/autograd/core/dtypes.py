"""Element types and shapes, as PyTorch names and prints them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


class dtype:  # noqa: N801  (PyTorch's name)
    """An element type: ``numpy`` is numpy's, ``repr`` is PyTorch's, whose messages have an older
    name of it, or C's."""

    def __init__(self, name: str, older: str, in_c: str) -> None:
        self.name, self.older, self.in_c = name, older, in_c
        self.numpy = np.dtype(name)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __eq__(self, other: object) -> bool:
        return self is other or (not isinstance(other, dtype) and self.numpy == other)

    def __hash__(self) -> int:
        return hash(self.numpy)

    is_floating_point = property(lambda self: self.numpy.kind == "f")
    is_complex = property(lambda self: self.numpy.kind == "c")


float32 = dtype("float32", "Float", "float")
float64 = dtype("float64", "Double", "double")
float16 = dtype("float16", "Half", "c10::Half")
int64 = dtype("int64", "Long", "long int")
int32 = dtype("int32", "Int", "int")
int16 = dtype("int16", "Short", "short int")
int8 = dtype("int8", "Char", "signed char")
uint8 = dtype("uint8", "Byte", "unsigned char")
bool_ = dtype("bool", "Bool", "bool")
complex64 = dtype("complex64", "ComplexFloat", "c10::complex<float>")
complex128 = dtype("complex128", "ComplexDouble", "c10::complex<double>")

ALL = tuple(kind for kind in list(vars().values()) if isinstance(kind, dtype))
BY_TENSOR_NAME = {f"{kind.older}Tensor": kind for kind in ALL if not kind.is_complex}
"""The names that element types had before they had their own."""
SHORT = {kind.older.lower().replace("complex", "c"): kind for kind in ALL}
"""``x.long()``, ``torch.double``: the types by their short names."""
_BY_NUMPY = {kind.numpy: kind for kind in ALL}

_default = float32


def get_default_dtype() -> dtype:
    """The type of ``tensor([2.0])``: float32, as in PyTorch, until it is set."""
    return _default


def set_default_dtype(kind: Any) -> None:
    """Make float32 or float64 the type of new floating tensors."""
    global _default
    chosen = named(kind)
    if not chosen.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type, but got "
                        f"{chosen!r}")  # fmt: skip
    _default = chosen


def named(kind: Any) -> dtype:
    """The dtype of a numpy type or array, or ``kind`` itself."""
    return kind if isinstance(kind, dtype) else _BY_NUMPY[np.dtype(kind)]


def numpy_type(kind: Any) -> Any:
    """numpy's type for a dtype, for numpy's own types, and for Python's: ``float`` is float64."""
    return kind.numpy if isinstance(kind, dtype) else np.dtype(kind)


CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
"""Of the kinds of numbers, as numpy has them: what is higher does not fit into what is lower."""


def common_type(kinds: list[tuple[Any, int]]) -> Any:
    """The highest category (bool, integer, float, complex) decides, the highest rank within it.

    The rank says what the numbers come from: 2 a tensor with axes, 1 a 0-d one, 0 a Python number.
    """
    top = max(CATEGORY[kind.kind] for kind, _ in kinds)
    candidates = [(kind, rank) for kind, rank in kinds if CATEGORY[kind.kind] == top]
    rank = max(rank for _, rank in candidates)
    if rank or top < 2:
        return np.result_type(*(kind for kind, r in candidates if r == rank))
    sized = [kind for kind, r in kinds if r and kind.kind == "f"] or [_default.numpy]
    # A complex number makes a float32 tensor complex64.
    return np.result_type(*sized, *[np.complex64] * (top == 3))


class device(str):  # noqa: N801
    """Where numbers live: always ``device("cpu")`` here; taken, and without effect."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"device(type={str(self)!r})"

    type = property(str.__str__)


CPU = device("cpu")


def check_device(where: Any) -> None:
    """There is the CPU, and nothing else."""
    if where is not None and str(where).split(":")[0] != "cpu":
        if str(where).startswith("cuda"):
            raise AssertionError("Torch not compiled with CUDA enabled")
        raise RuntimeError(f"there is no device {str(where)!r} here: tensors live on the CPU")


class Size(tuple[Any, ...]):
    """A shape; prints as ``torch.Size([2, 3])``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        return Size(part) if isinstance(key, slice) else part

    def __add__(self, other: Any) -> Size:
        return Size(super().__add__(tuple(other)))

    def numel(self) -> int:
        return math.prod(self)
