"""What a tensor is before it remembers anything: numbers of one type, in a shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.autograd.core import dtypes
from gradcalc.autograd.core.dtypes import Size


class Numbers:
    """An n-dimensional array under PyTorch's names, and what Python asks of a number."""

    _array: np.ndarray[Any, Any]

    shape = property(lambda self: Size(self._array.shape))
    dtype = property(lambda self: dtypes.named(self._array.dtype))
    device = property(lambda self: dtypes.CPU)
    ndim = property(lambda self: self._array.ndim)
    is_cuda = is_sparse = is_quantized = False

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self._array)

    __hash__ = object.__hash__

    def __float__(self) -> float:
        return float(self._real("double"))

    def __int__(self) -> int:
        return int(self._real("int64_t"))

    def _real(self, kind: str) -> Any:
        number = self._number()
        if isinstance(number, complex) and number.imag:
            raise RuntimeError(f"value cannot be converted to type {kind} without overflow")
        return number.real if isinstance(number, complex) else number

    def __complex__(self) -> complex:
        return complex(self._number())

    def _number(self) -> Any:
        if self._array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self._array.item()

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iub":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._number())

    def __bool__(self) -> bool:
        if self._array.size != 1:
            many = "more than one value" if self._array.size else "no values"
            raise RuntimeError(f"Boolean value of Tensor with {many} is ambiguous")
        return bool(self._array.item())

    def __format__(self, spec: str) -> str:
        return format(self._array.item(), spec) if self.ndim == 0 else object.__format__(self, spec)

    def __contains__(self, value: Any) -> bool:
        return bool((self._array == getattr(value, "_array", value)).any())
