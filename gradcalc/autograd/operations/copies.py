"""Copies, element types, where in memory a tensor lies, and what else is asked of it."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcalc.autograd.core import dtypes
from gradcalc.autograd.core.node import describe
from gradcalc.autograd.core.record import recorded
from gradcalc.autograd.core.registry import declare, function, method, operation
from gradcalc.autograd.core.tensor import Tensor, wrap


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def same(v: Any) -> Any:
    """The slope of what changes nothing."""
    return v


@operation()
def clone(x: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy with memory of its own."""
    array = x._array
    return recorded(array.copy("K" if all(array.strides) else "C"), "CloneBackward0", same, x)


def _contiguous(x: Tensor, *, memory_format: Any = None) -> Tensor:
    if x._array.flags.c_contiguous:
        return x
    return recorded(np.ascontiguousarray(x._array), "CloneBackward0", same, x)


class Storage:
    """The memory that a tensor looks at, maybe together with others."""

    def __init__(self, array: Any) -> None:
        while isinstance(array.base, np.ndarray):
            array = array.base
        self._size = int(array.size)
        self.data_ptr = lambda: _address(array)
        self.nbytes = lambda: int(array.nbytes)

    def __len__(self) -> int:
        return self._size

    size = __len__


def _storage_offset(x: Tensor) -> int:
    base = x._array if x._view is None else x._view.base._array
    return (_address(x._array) - _address(base)) // x._array.itemsize


def _stride(x: Tensor, dim: int | None = None) -> Any:
    array = x._array
    steps: Any = [step // array.itemsize for step in array.strides]
    if not array.size:  # numpy has no steps where there is nothing; PyTorch has those of the shape
        steps = [math.prod(max(n, 1) for n in array.shape[k + 1 :]) for k in range(array.ndim)]
    return tuple(steps) if dim is None else steps[dim]


declare("contiguous", _contiguous, "x itself, or a copy with the numbers in order.", method)
declare("storage_offset", _storage_offset,
        "How many elements into the memory that it shares the first one lies.", method)  # fmt: skip
declare("stride", _stride, "How many elements apart neighbours along each axis lie.", method)
declare("is_contiguous", lambda x: bool(x._array.flags.c_contiguous),
        "Whether the numbers lie in memory in order.", method)  # fmt: skip
declare("data_ptr", lambda x: _address(x._array), "Where its first element lies.", method)
declare("storage untyped_storage", lambda x: Storage(x._array), "The memory it looks at.", method)


# --- What is asked of a tensor --------------------------------------------------------------------


def _size(x: Tensor, dim: int | None = None) -> Any:
    if dim is not None and not -x.ndim <= dim < x.ndim:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-x.ndim}, "
                         f"{x.ndim - 1}], but got {dim})")  # fmt: skip
    return x.shape if dim is None else x._array.shape[dim]


def _limits(kind: Any) -> SimpleNamespace:
    info = np.finfo(kind)
    names = ("eps", "max", "min", "tiny", "smallest_normal", "resolution")
    return SimpleNamespace(bits=info.bits, dtype=str(kind),
                           **{name: float(getattr(info, name)) for name in names})  # fmt: skip


def _item(x: Tensor) -> Any:
    if x._array.size != 1:
        raise RuntimeError(f"a Tensor with {x._array.size} elements cannot be converted to Scalar")
    return x._array.item()


declare("size", _size, "The shape, or its length along ``dim``.", method)
declare("dim ndimension", lambda x: x._array.ndim, "How many axes it has.", method)
declare("numel", lambda x: x._array.size, "How many elements it has.")
declare("nelement", lambda x: x._array.size, "How many elements it has.", method)
declare("element_size", lambda x: x._array.itemsize, "How many bytes an element has.", method)
declare("item", _item, "The one number as a Python number.", method)
declare("tolist", lambda x: x._array.tolist(), "The numbers as nested lists.", method)
declare("is_floating_point", lambda x: x._array.dtype.kind == "f", "Whether it is of floats.")
declare("is_complex", lambda x: x._array.dtype.kind == "c", "Whether its numbers are complex.")
declare("is_inference", lambda x: x.is_inference(), "Whether ``inference_mode`` made it.", function)
declare("is_tensor", lambda obj: isinstance(obj, Tensor), "Whether it is a tensor.", function)
declare("finfo", lambda dtype=None: _limits(dtype or dtypes.get_default_dtype().numpy),
        "The limits of a floating-point type: ``eps``, ``max``, ``tiny`` …", function)  # fmt: skip
declare("iinfo", lambda dtype: np.iinfo(dtype), "Those of an integer type.", function)
declare("promote_types",
        lambda type1, type2: dtypes.named(
            dtypes.common_type([(dtypes.numpy_type(kind), 2) for kind in (type1, type2)])),
        "The type that numbers of these two have together.", function)  # fmt: skip


# --- Element types --------------------------------------------------------------------------------


def convert(x: Any, kind: Any) -> Any:
    """x, an array or a tensor, with another element type; x itself where it has it already."""
    if x.dtype == kind:
        return x
    if not isinstance(x, Tensor):
        return (x.real if x.dtype.kind == "c" and kind.kind != "c" else x).astype(kind)
    before = x._array.dtype
    array = convert(x._array, kind)
    if kind.kind not in "fc" or before.kind not in "fc":
        return wrap(array)
    return recorded(array, "ToCopyBackward0", lambda v: convert(v, before), x)


@method("to")
def to(x: Tensor, *targets: Any, dtype: Any = None, device: Any = None, copy: bool = False,
       **_: Any) -> Any:  # fmt: skip
    """x with another element type, on the one device there is."""
    for target in targets:
        if isinstance(target, Tensor):
            dtype = target.dtype
        elif isinstance(target, str):
            device = target
        elif target is not None and not isinstance(target, bool):
            dtype = target
    dtypes.check_device(device)
    made = x if dtype is None else convert(x, dtypes.numpy_type(dtype))
    return clone(x) if copy and made is x else made


def _type(x: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    if dtype is None:
        return describe(x._array).split()[0]
    if isinstance(dtype, str):
        dtype = dtypes.BY_TENSOR_NAME[dtype.removeprefix("torch.")]
    return convert(x, dtypes.numpy_type(getattr(dtype, "dtype", dtype)))


declare("type", _type, "x with another element type; without one, the name of its own.", method)
declare("type_as", lambda x, other: convert(x, other._array.dtype), "With other's type.", method)
declare("cpu", lambda x, *, memory_format=None: x, "x: there is no other place.", method)
declare("cuda", lambda x, *_, **options: dtypes.check_device("cuda"), "An error.", method)
for _name, _kind in dtypes.SHORT.items():
    declare(_name, lambda x, *, memory_format=None, kind=_kind.numpy: convert(x, kind),
            f"x as {_kind.name}.", method)  # fmt: skip
