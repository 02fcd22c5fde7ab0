"""Making tensors."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from gradcalc.autograd.dtypes import get_default_dtype, numpy_type
from gradcalc.autograd.structural import convert, flat
from gradcalc.autograd.tensor import Tensor, wrap

_generator = np.random.default_rng()


def tensor(data: Any, *, dtype: Any = None, requires_grad: bool = False, **_: Any) -> Tensor:
    """A new tensor with a copy of the data: numbers, nested lists, an array or a tensor.

    Python floats become float32 (or what ``set_default_dtype`` says), as in PyTorch; an array keeps
    its own type. Raises RuntimeError where integers are asked to require grad.
    """
    array = _array(data)
    if dtype is not None:
        array = array.astype(numpy_type(dtype))
    elif not isinstance(data, np.ndarray | np.generic | Tensor):
        array = _default_type(array)
    made = wrap(np.array(array))
    if requires_grad:
        made.requires_grad = True
    return made


def _array(data: Any) -> np.ndarray[Any, Any]:
    if isinstance(data, Tensor):
        return data._array
    if isinstance(data, list | tuple):
        data = [_array(part) if isinstance(part, list | tuple | Tensor) else part for part in data]
    try:
        return np.asarray(data)
    except ValueError:
        raise ValueError("expected sequence of equal length at every depth") from None


def _default_type(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Of Python's numbers: floats have the default type, integers are int64."""
    if array.dtype == object:
        raise TypeError("a tensor is made of numbers")
    if array.dtype.kind == "f":
        return array.astype(get_default_dtype().numpy)
    if array.dtype.kind == "c":
        wide = get_default_dtype().name == "float64"
        return array.astype("complex128" if wide else "complex64")
    return array


def as_tensor(data: Any, dtype: Any = None, **_: Any) -> Tensor:
    """The tensor itself, or a tensor that shares an array's memory, or a new one."""
    if isinstance(data, Tensor):
        return data if dtype is None else convert(data, numpy_type(dtype))
    return from_numpy(data) if isinstance(data, np.ndarray) else tensor(data, dtype=dtype)


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares the array's memory."""
    return wrap(array)


def Variable(data: Any, requires_grad: bool = False, **_: Any) -> Tensor:
    """The name tensors had before PyTorch 0.4: an alias of the data that may require grad."""
    alias = data.detach() if isinstance(data, Tensor) else tensor(data)
    alias.requires_grad = requires_grad
    return alias


def _filled(fill: Callable[[Any, Any], Any]) -> Callable[..., Tensor]:
    """``zeros(2, 3)`` and ``zeros((2, 3), dtype=…, requires_grad=…)`` from numpy's function."""

    @wraps(fill)
    def make(*size: Any, dtype: Any = None, requires_grad: bool = False, **_: Any) -> Tensor:
        shape = flat(size) if size else flat((_.get("size", ()),))
        made = wrap(fill(shape, numpy_type(dtype or get_default_dtype())))
        if requires_grad:
            made.requires_grad = True
        return made

    return make


@_filled
def zeros(shape: Any, kind: Any) -> Any:
    """All 0."""
    return np.zeros(shape, kind)


@_filled
def ones(shape: Any, kind: Any) -> Any:
    """All 1."""
    return np.ones(shape, kind)


@_filled
def empty(shape: Any, kind: Any) -> Any:
    """Of that shape; here the numbers are 0, which PyTorch does not promise."""
    return np.zeros(shape, kind)


@_filled
def randn(shape: Any, kind: Any) -> Any:
    """Drawn from the normal distribution."""
    return _generator.standard_normal(shape).astype(kind)


@_filled
def rand(shape: Any, kind: Any) -> Any:
    """Drawn uniformly from [0, 1)."""
    return _generator.random(shape).astype(kind)


def manual_seed(seed: int) -> None:
    """Make ``randn`` and ``rand`` repeatable (the numbers are numpy's, not PyTorch's)."""
    global _generator
    _generator = np.random.default_rng(seed)


def full(size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """All ``fill_value``."""
    shape = (size,) if isinstance(size, int) else tuple(size)
    array = _default_type(np.full(shape, fill_value))
    return tensor(array, dtype=dtype, requires_grad=requires_grad)


def _like(make: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def like(x: Tensor, *, dtype: Any = None, requires_grad: bool = False, **_: Any) -> Tensor:
        return make(x._array.shape, dtype=dtype or x.dtype, requires_grad=requires_grad)

    like.__name__ = f"{make.__name__}_like"
    like.__doc__ = f"``{make.__name__}``, in the shape and of the type of x."
    return like


zeros_like, ones_like, empty_like = _like(zeros), _like(ones), _like(empty)
randn_like, rand_like = _like(randn), _like(rand)


def full_like(x: Tensor, fill_value: Any, *, dtype: Any = None, **rest: Any) -> Tensor:
    """All ``fill_value``, in the shape and of the type of x."""
    return full(x._array.shape, fill_value, dtype=dtype or x.dtype, **rest)


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """start, start + step, … up to but without end."""
    low, high = (0, start) if end is None else (start, end)
    return tensor(_default_type(np.arange(low, high, step)), dtype=dtype,
                  requires_grad=requires_grad)  # fmt: skip


def linspace(
    start: float, end: float, steps: int, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """``steps`` numbers from start to end, both included."""
    array = np.linspace(start, end, steps, dtype=numpy_type(dtype or get_default_dtype()))
    return tensor(array, requires_grad=requires_grad)


def eye(n: int, m: int | None = None, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """The identity matrix."""
    array = np.eye(n, m, dtype=numpy_type(dtype or get_default_dtype()))
    return tensor(array, requires_grad=requires_grad)


def scalar_tensor(value: Any, *, dtype: Any = None) -> Tensor:
    """A 0-d tensor."""
    return tensor(value, dtype=dtype)
