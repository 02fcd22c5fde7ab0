"""Copies, element types, and where in memory a tensor lies."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import BY_TENSOR_NAME, check_device, numpy_type
from gradcalc.autograd.core.node import describe
from gradcalc.autograd.core.record import recorded
from gradcalc.autograd.core.registry import method, operation
from gradcalc.autograd.core.tensor import Tensor, wrap


@operation()
def clone(x: Tensor, **_: Any) -> Tensor:
    """A copy with memory of its own."""
    array = x._array
    return recorded(array.copy("K" if all(array.strides) else "C"), "CloneBackward0", same, x)


def same(v: Any) -> Any:
    """The slope of what changes nothing."""
    return v


@method("is_contiguous")
def is_contiguous(x: Tensor) -> bool:
    """Whether the numbers lie in memory in order."""
    return bool(x._array.flags.c_contiguous)


@method("stride")
def stride(x: Tensor) -> tuple[int, ...]:
    """How many elements apart neighbours along each axis lie in memory."""
    return tuple(step // x._array.itemsize for step in x._array.strides)


@method("data_ptr")
def data_ptr(x: Tensor) -> int:
    """Where in memory its first element lies."""
    return int(x._array.__array_interface__["data"][0])


class Storage:
    """The memory that a tensor looks at, maybe together with others."""

    def __init__(self, array: Any) -> None:
        while isinstance(array.base, np.ndarray):
            array = array.base
        self._array = array

    def data_ptr(self) -> int:
        """Where it begins."""
        return int(self._array.__array_interface__["data"][0])

    def __len__(self) -> int:
        return int(self._array.size)

    size = __len__

    def nbytes(self) -> int:
        """How many bytes it has."""
        return int(self._array.nbytes)


@method("storage", "untyped_storage")
def storage(x: Tensor) -> Storage:
    """The memory that x looks at."""
    return Storage(x._array)


@method("contiguous")
def contiguous(x: Tensor, **_: Any) -> Tensor:
    """x itself, or a copy with the numbers in order."""
    if x._array.flags.c_contiguous:
        return x
    return recorded(np.ascontiguousarray(x._array), "CloneBackward0", same, x)


def convert(x: Any, kind: Any) -> Any:
    """x with another element type; x itself where it has it already."""
    if x.dtype == kind:
        return x
    if not isinstance(x, Tensor):
        return (x.real if x.dtype.kind == "c" and kind.kind != "c" else x).astype(kind)
    array, before = x._array, x._array.dtype
    if before.kind == "c" and kind.kind != "c":
        array = array.real
    array = array.astype(kind)
    if kind.kind not in "fc" or before.kind not in "fc":
        return wrap(array)
    return recorded(array, "ToCopyBackward0", lambda v: convert(v, before), x)


@method("type_as")
def type_as(x: Tensor, other: Tensor) -> Any:
    """x with the element type of ``other``."""
    return convert(x, other._array.dtype)


@method("to")
def to(x: Tensor, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False,
       **_: Any) -> Any:  # fmt: skip
    """x with another element type, on the one device there is."""
    for argument in args:
        if isinstance(argument, Tensor):
            dtype = argument.dtype
        elif isinstance(argument, str):
            device = argument
        elif argument is not None and not isinstance(argument, bool):
            dtype = argument
    check_device(device)
    made = x if dtype is None else convert(x, numpy_type(dtype))
    return clone(x) if copy and made is x else made


@method("type")
def type_of(x: Tensor, dtype: Any = None, **_: Any) -> Any:
    """x with another element type; without one, the name of the type it has."""
    if dtype is None:
        return describe(x._array).split()[0]
    if isinstance(dtype, str):
        dtype = BY_TENSOR_NAME[dtype.removeprefix("torch.")]
    return convert(x, numpy_type(getattr(dtype, "dtype", dtype)))


_CASTS = {
    "float": "float32", "double": "float64", "half": "float16", "int": "int32", "long": "int64",
    "short": "int16", "char": "int8", "byte": "uint8", "bool": "bool", "cdouble": "complex128",
    "cfloat": "complex64",
}  # fmt: skip


def _cast_to(kind: np.dtype[Any]) -> Any:
    return lambda x, **_: convert(x, kind)


for _name, _kind in _CASTS.items():
    method(_name)(_cast_to(np.dtype(_kind)))
Tensor.cpu = lambda x, *_, **options: x  # type: ignore[attr-defined]
Tensor.cuda = lambda x, *_, **options: check_device("cuda")  # type: ignore[attr-defined]


@method("storage_offset")
def storage_offset(x: Tensor) -> int:
    """How many elements into the memory that it shares the first one lies."""
    if x._view is None:
        return 0
    base = x._view.base._array
    start = x._array.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    return int(start) // base.itemsize
