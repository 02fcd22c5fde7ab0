"""Making tensors."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import (
    BY_TENSOR_NAME,
    Size,
    check_device,
    get_default_dtype,
    numpy_type,
)
from gradcalc.autograd.core.record import in_order_of, recorded
from gradcalc.autograd.core.registry import NAMES as _NAMES
from gradcalc.autograd.core.registry import function, method, operation
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.inplace import overwritten, write
from gradcalc.autograd.operations.joining import no_slope_of
from gradcalc.autograd.operations.structural import flat

_generator = np.random.default_rng()


class Generator:
    """A source of random numbers of one's own."""

    def __init__(self, device: Any = None) -> None:
        check_device(device)
        self._generator = np.random.default_rng()

    def manual_seed(self, seed: int) -> Generator:
        """Make what follows repeatable."""
        self._generator = np.random.default_rng(seed % 2**64)
        return self


function()(Generator)


def _random(generator: Generator | None) -> np.random.Generator:
    return _generator if generator is None else generator._generator


@function()
def manual_seed(seed: int) -> Generator:
    """Make ``randn`` and ``rand`` repeatable (the numbers are numpy's, not PyTorch's)."""
    global _generator
    made = Generator().manual_seed(seed)
    _generator = made._generator
    return made


def _made(array: Any, dtype: Any = None, *, device: Any = None, requires_grad: bool = False,
          **_: Any) -> Tensor:  # fmt: skip
    """A new tensor, with the options that every function here takes."""
    check_device(device)
    if dtype is not None and array.dtype != numpy_type(dtype):
        array = array.astype(numpy_type(dtype))
    made = wrap(array)
    if requires_grad and array.dtype.kind not in "fc":
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    made._tracked = bool(requires_grad)
    return made


@function()
def tensor(data: Any, *, dtype: Any = None, **options: Any) -> Tensor:
    """A new tensor with a copy of the data: numbers, nested lists, an array or a tensor.

    Python floats become float32 (or what ``set_default_dtype`` says), as in PyTorch; an array keeps
    its own type. Raises RuntimeError where integers are asked to require grad.
    """
    array = _array(data)
    if dtype is None and not isinstance(_first(data), np.ndarray | np.generic | Tensor):
        array = _default_type(array)
    return _made(np.array(array), dtype, **options)


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


@function("asarray")
def as_tensor(data: Any, dtype: Any = None, **options: Any) -> Tensor:
    """The tensor itself, or a tensor that shares an array's memory, or a new one."""
    if isinstance(data, Tensor):
        return data if dtype is None else convert(data, numpy_type(dtype))
    if isinstance(data, np.ndarray):
        return _made(data, dtype, **options)
    return tensor(data, dtype=dtype, **options)


@function()
def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares the array's memory."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    return wrap(array)


@method("new")
def new_of_type(x: Tensor, *data: Any) -> Tensor:
    """``Tensor(…)``, of the type of x."""
    return _of_type(x.dtype)(*data)  # type: ignore[no-any-return]


@method("new_tensor")
def new_tensor(x: Tensor, data: Any, *, dtype: Any = None, **options: Any) -> Tensor:
    """A tensor of these numbers, of the type of x."""
    return tensor(data, dtype=dtype or x.dtype, **options)


class _Variables(type):
    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, Tensor)


class Variable(metaclass=_Variables):
    """The name tensors had before PyTorch 0.4: an alias of the data that may require grad."""

    def __new__(cls, data: Any, requires_grad: bool = False, **_: Any) -> Any:
        alias = data.detach() if isinstance(data, Tensor) else tensor(data)
        alias.requires_grad = requires_grad
        return alias


function()(Variable)


# --- Of a shape -----------------------------------------------------------------------------------


def _filled(fill: Callable[..., Any]) -> Callable[..., Tensor]:
    """``zeros(2, 3)``, ``zeros_like(x)``, ``x.new_zeros(2, 3)`` from one function of numpy."""

    @wraps(fill)
    def make(*size: Any, dtype: Any = None, generator: Any = None, **options: Any) -> Tensor:
        shape = flat(size) if size else flat((options.pop("size", ()),))
        if any(n < 0 for n in shape):
            raise RuntimeError(f"{fill.__name__}: Dimension size must be non-negative.")
        kind = numpy_type(dtype or get_default_dtype())
        return _made(np.asarray(fill(shape, kind, _random(generator))), **options)

    def like(x: Tensor, *, dtype: Any = None, **options: Any) -> Tensor:
        made = make(x._array.shape, dtype=dtype or x.dtype, **options)
        if not x._array.flags.c_contiguous:
            made._array = in_order_of(made._array, x._array)
        return made

    def new(x: Tensor, *size: Any, dtype: Any = None, **options: Any) -> Tensor:
        return make(*size, dtype=dtype or x.dtype, **options)

    like.__name__ = f"{fill.__name__}_like"
    like.__doc__ = f"``{fill.__name__}``, in the shape and of the type of x."
    function()(like)
    method(f"new_{fill.__name__}")(new)
    return function()(make)


@_filled
def zeros(shape: Any, kind: Any, source: Any) -> Any:
    """All 0."""
    return np.zeros(shape, kind)


@_filled
def ones(shape: Any, kind: Any, source: Any) -> Any:
    """All 1."""
    return np.ones(shape, kind)


@_filled
def empty(shape: Any, kind: Any, source: Any) -> Any:
    """Of that shape; here the numbers are 0, which PyTorch does not promise."""
    return np.zeros(shape, kind)


@_filled
def randn(shape: Any, kind: Any, source: Any) -> Any:
    """Drawn from the normal distribution."""
    if kind.kind == "c":
        parts = source.standard_normal((2, *shape)) / np.sqrt(2)
        return (parts[0] + 1j * parts[1]).astype(kind)
    return np.asarray(source.standard_normal(shape)).astype(kind)


@_filled
def rand(shape: Any, kind: Any, source: Any) -> Any:
    """Drawn uniformly from [0, 1)."""
    if kind.kind == "c":
        parts = source.random((2, *shape))
        return (parts[0] + 1j * parts[1]).astype(kind)
    return np.asarray(source.random(shape)).astype(kind)


zeros_like = _NAMES["zeros_like"]
ones_like = _NAMES["ones_like"]


@function()
def full(size: Any, fill_value: Any, *, dtype: Any = None, **options: Any) -> Tensor:
    """All ``fill_value``."""
    shape = (size,) if isinstance(size, int) else tuple(size)
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    array = np.full(shape, value)
    return _made(_default_type(array) if dtype is None else array, dtype, **options)


@function()
def full_like(x: Tensor, fill_value: Any, *, dtype: Any = None, **options: Any) -> Tensor:
    """All ``fill_value``, in the shape and of the type of x."""
    made = full(x._array.shape, fill_value, dtype=dtype or x.dtype, **options)
    made._array = in_order_of(made._array, x._array)
    return made


@method("new_full")
def new_full(x: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, **options: Any) -> Tensor:
    """``full``, of the type of x."""
    return full(size, fill_value, dtype=dtype or x.dtype, **options)


# --- Drawn at random ------------------------------------------------------------------------------


@function()
def randint(low: int, high: Any, size: Any = None, *, dtype: Any = None, generator: Any = None,
            **options: Any) -> Tensor:  # fmt: skip
    """Whole numbers drawn from low, …, high - 1; ``randint(high, size)`` starts at 0."""
    low, high, size = (0, low, high) if size is None else (low, high, size)
    return _made(np.asarray(_random(generator).integers(low, high, flat((size,)))), dtype,
                 **options)  # fmt: skip


@function()
def randperm(n: int, *, dtype: Any = None, generator: Any = None, **options: Any) -> Tensor:
    """0, …, n - 1 in an order drawn at random."""
    return _made(_random(generator).permutation(n), dtype, **options)


@operation()
def normal(mean: Any, std: Any = 1.0, size: Any = None, *, generator: Any = None,
           **options: Any) -> Tensor:  # fmt: skip
    """Drawn from the normal distribution with this mean and deviation."""
    inputs = [z for z in (mean, std) if isinstance(z, Tensor)]
    kind = inputs[0]._array.dtype if inputs else get_default_dtype().numpy
    middle, width = (z._array if isinstance(z, Tensor) else z for z in (mean, std))
    drawn = _random(generator).normal(middle, width, None if size is None else flat((size,)))
    if not inputs:
        return _made(np.asarray(drawn).astype(kind), **options)
    slopes = [no_slope_of(z._array) for z in inputs]
    return recorded(np.asarray(drawn).astype(kind), "NormalBackward3", slopes, *inputs)


@operation()
def bernoulli(x: Tensor, *, generator: Any = None) -> Tensor:
    """1 with the probability that x says, else 0."""
    return wrap((_random(generator).random(x._array.shape) < x._array).astype(x._array.dtype))


@function()
def multinomial(x: Tensor, num_samples: int, replacement: bool = False, *,
                generator: Any = None) -> Tensor:  # fmt: skip
    """Places drawn with the weights that x gives them, one row for each row of x."""
    rows = np.atleast_2d(x._array).astype(float)
    drawn = [_random(generator).choice(len(row), num_samples, replacement, row / row.sum())
             for row in rows]  # fmt: skip
    return wrap(np.array(drawn) if x.ndim > 1 else drawn[0])


_DRAWS: dict[str, Callable[..., Any]] = {
    "uniform_": lambda g, shape, low=0.0, high=1.0, **k: g.uniform(
        k.get("from", low), k.get("to", high), shape),
    "normal_": lambda g, shape, mean=0.0, std=1.0: g.normal(mean, std, shape),
    "random_": lambda g, shape, low=None, high=None, **k: g.integers(
        *((low, high) if high is not None else (0, low or 2**24)), shape),
    "bernoulli_": lambda g, shape, p=0.5: g.random(shape) < (
        p._array if isinstance(p, Tensor) else p),
    "exponential_": lambda g, shape, lambd=1.0: g.exponential(1 / lambd, shape),
    "cauchy_": lambda g, shape, median=0.0, sigma=1.0: median + sigma * g.standard_cauchy(shape),
    "log_normal_": lambda g, shape, mean=1.0, std=2.0: g.lognormal(mean, std, shape),
    "geometric_": lambda g, shape, p: g.geometric(p, shape),
}  # fmt: skip
"""What fills a tensor with numbers drawn at random, from numpy's generator and a shape."""


def _filling(draw: Callable[..., Any]) -> Callable[..., Tensor]:
    def fill(x: Tensor, *options: Any, generator: Any = None, **named: Any) -> Tensor:
        drawn = draw(_random(generator), x._array.shape, *options, **named)
        return write(x, drawn, overwritten(x))

    return fill


for _name, _draw in _DRAWS.items():
    method(_name)(_filling(_draw))


# --- In a row -------------------------------------------------------------------------------------


@function()
def arange(start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None,
           **options: Any) -> Tensor:  # fmt: skip
    """start, start + step, … up to but without end."""
    low, high = (0, start) if end is None else (start, end)
    low, high, step = (z.item() if isinstance(z, Tensor) else z for z in (low, high, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (high - low) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype is not None and numpy_type(dtype).kind in "iu":
        low, high, step = int(low), int(high), int(step)
    steps = np.arange(int(np.ceil((high - low) / step)))
    array = low + step * steps
    if any(isinstance(z, float) for z in (low, high, step)):
        array = array.astype(np.float64)
    return _made(_default_type(array) if dtype is None else array, dtype, **options)


def _spaced(name: str, make: Callable[..., Any], doc: str) -> Callable[..., Tensor]:
    def space(start: Any, end: Any, steps: int, *base: float, dtype: Any = None,
              **options: Any) -> Tensor:  # fmt: skip
        low, high = (z.item() if isinstance(z, Tensor) else z for z in (start, end))
        if steps < 0:
            raise RuntimeError("number of steps must be non-negative")
        kind = dtype or get_default_dtype()
        if numpy_type(kind).kind in "iu":
            low, high = int(low), int(high)
        known = (
            {"base": options.pop("base", base[0] if base else 10.0)} if name == "logspace" else {}
        )
        return _made(make(low, high, steps, **known), kind, **options)

    space.__name__, space.__doc__ = name, doc
    return function()(space)


linspace = _spaced("linspace", np.linspace, "``steps`` numbers from start to end, both included.")
logspace = _spaced("logspace", np.logspace, "From base**start to base**end, even in its exponent.")


@function()
def eye(n: int, m: int | None = None, *, dtype: Any = None, **options: Any) -> Tensor:
    """The identity matrix."""
    return _made(np.eye(n, m, dtype=numpy_type(dtype or get_default_dtype())), **options)


@function()
def scalar_tensor(value: Any, *, dtype: Any = None, **options: Any) -> Tensor:
    """A 0-d tensor of the default type."""
    return tensor(value, dtype=dtype or get_default_dtype(), **options)


@function()
def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """The coordinates of every point of a grid."""
    given = tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors
    axes = list(range(len(given)))
    if indexing == "xy" and len(given) > 1:
        axes[:2] = [1, 0]
    shape = [given[k].numel() for k in axes]
    return tuple(x.reshape(*(1,) * k, -1, *(1,) * (len(given) - 1 - k)).expand(*shape)
                 for x, k in zip(given, axes, strict=True))  # fmt: skip


def _of_type(kind: Any) -> Any:
    """``FloatTensor([2, 3])``: how old tutorials choose an element type."""

    class OfType(metaclass=_OfType):
        dtype = kind

        def __new__(cls, *data: Any) -> Any:
            if data and not isinstance(data[0], int | Size):
                return tensor(data[0], dtype=kind)
            return zeros(*data or (0,), dtype=kind)

    return OfType


class _OfType(type):
    """``isinstance(x, torch.FloatTensor)`` asks for the element type."""

    dtype: Any

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, Tensor) and x.dtype == cls.dtype


FloatTensor, DoubleTensor, LongTensor = (
    _of_type(BY_TENSOR_NAME[name]) for name in ("FloatTensor", "DoubleTensor", "LongTensor")
)
_NAMES.update({name: _of_type(kind) for name, kind in BY_TENSOR_NAME.items()})


# --- On disk --------------------------------------------------------------------------------------


def save(obj: Any, f: Any, **_: Any) -> None:
    """Write tensors, or dictionaries and lists of them, to a file."""
    if hasattr(f, "write"):
        pickle.dump(obj, f)
    else:
        with open(f, "wb") as file:
            pickle.dump(obj, file)


class _Reader(pickle.Unpickler):
    """Reads tensors, numbers, text and their containers, and nothing that runs code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _HARMLESS:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f"Weights only load failed: {module}.{name} is not a tensor; only tensors and their "
            "containers are read"
        )


_HARMLESS = {
    ("gradcalc.autograd.core.tensor", "_unpickled"), ("gradcalc.autograd.core.dtypes", "Size"),
    ("collections", "OrderedDict"), ("numpy", "ndarray"), ("numpy", "dtype"),
    ("numpy._core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
}  # fmt: skip


def load(f: Any, *_: Any, **options: Any) -> Any:
    """Read what ``save`` wrote. (Not PyTorch's own files: those hold its storages.)"""
    if hasattr(f, "read"):
        return _Reader(f).load()
    with open(f, "rb") as file:
        return _Reader(file).load()


function()(save)
function()(load)
