"""Making tensors."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import float32, float64, get_default_dtype, int64, numpy_type
from gradcalc.autograd.core.tensor import Tensor, method, wrap
from gradcalc.autograd.operations.structural import convert, flat

_generator = np.random.default_rng()


def tensor(data: Any, *, dtype: Any = None, requires_grad: bool = False, **_: Any) -> Tensor:
    """A new tensor with a copy of the data: numbers, nested lists, an array or a tensor.

    Python floats become float32 (or what ``set_default_dtype`` says), as in PyTorch; an array keeps
    its own type. Raises RuntimeError where integers are asked to require grad.
    """
    array = _array(data)
    if dtype is not None:
        array = array.astype(numpy_type(dtype))
    elif not isinstance(_first(data), np.ndarray | np.generic | Tensor):
        array = _default_type(array)
    made = wrap(np.array(array))
    return _asked(made, requires_grad)


def _asked(made: Tensor, requires_grad: bool) -> Tensor:
    """The new tensor, requiring grad if that was asked and can be."""
    if requires_grad and made._array.dtype.kind not in "fc":
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    if requires_grad:
        made._tracked = True
    return made


def _first(data: Any) -> Any:
    """What the nested lists are made of."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return data


def _array(data: Any) -> np.ndarray[Any, Any]:
    if isinstance(data, Tensor):
        return data._array
    if isinstance(data, list | tuple):
        data = [_array(part) if isinstance(part, list | tuple | Tensor) else part for part in data]
    try:
        array = np.asarray(data)
    except ValueError:
        raise _ragged(data) from None
    if array.dtype.kind in "US":
        raise TypeError("new(): invalid data type 'str'")
    if array.dtype == object:
        raise RuntimeError(f"Could not infer a dtype of {data!r}: a tensor is made of numbers")
    return array


def _ragged(data: Any, dim: int = 1) -> ValueError:
    lengths = [np.size(part) for part in data]
    odd = next((n for n in lengths if n != lengths[0]), lengths[0])
    return ValueError(f"expected sequence of length {lengths[0]} at dim {dim} (got {odd})")


def _default_type(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Of Python's numbers: floats have the default type, integers are int64."""
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


@method("new_tensor")
def new_tensor(x: Tensor, data: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of these numbers, of the type of x."""
    return tensor(data, dtype=dtype or x.dtype, requires_grad=requires_grad)


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
        if any(n < 0 for n in shape):
            raise RuntimeError(f"{fill.__name__}: Dimension size must be non-negative.")
        made = wrap(fill(shape, numpy_type(dtype or get_default_dtype())))
        return _asked(made, requires_grad)

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


def randint(low: int, high: Any, size: Any = None, *, dtype: Any = None) -> Tensor:
    """Whole numbers drawn from low, …, high - 1; ``randint(high, size)`` starts at 0."""
    low, high, size = (0, low, high) if size is None else (low, high, size)
    return tensor(_generator.integers(low, high, flat((size,))), dtype=dtype)


def randperm(n: int) -> Tensor:
    """0, …, n - 1 in an order drawn at random."""
    return wrap(_generator.permutation(n))


def normal(mean: float, std: float, size: Any, *, requires_grad: bool = False) -> Tensor:
    """Drawn from the normal distribution with this mean and deviation."""
    kind = get_default_dtype().numpy
    made = wrap(_generator.normal(mean, std, flat((size,))).astype(kind))
    return _asked(made, requires_grad)


def manual_seed(seed: int) -> None:
    """Make ``randn`` and ``rand`` repeatable (the numbers are numpy's, not PyTorch's)."""
    global _generator
    _generator = np.random.default_rng(seed)


def full(size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """All ``fill_value``."""
    shape = (size,) if isinstance(size, int) else tuple(size)
    array = _default_type(np.full(shape, fill_value))
    return tensor(array, dtype=dtype, requires_grad=requires_grad)


def _new(make: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def new(x: Tensor, *arguments: Any, dtype: Any = None, **rest: Any) -> Tensor:
        return make(*arguments, dtype=dtype or x.dtype, **rest)

    new.__doc__ = f"``{make.__name__}``, of the type of x."
    return new


for _make in (zeros, ones, empty, full):
    method(f"new_{_make.__name__}")(_new(_make))


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
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (high - low) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
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


def logspace(
    start: float, end: float, steps: int, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """``steps`` numbers from 10**start to 10**end, evenly in their logarithm."""
    array = np.logspace(start, end, steps, dtype=numpy_type(dtype or get_default_dtype()))
    return tensor(array, requires_grad=requires_grad)


def _of_type(kind: Any) -> Callable[..., Tensor]:
    """``FloatTensor([2, 3])``: how old tutorials choose an element type."""
    return lambda data=(): tensor(data, dtype=kind)


FloatTensor, DoubleTensor, LongTensor = map(_of_type, (float32, float64, int64))


def scalar_tensor(value: Any, *, dtype: Any = None) -> Tensor:
    """A 0-d tensor."""
    return tensor(value, dtype=dtype)
