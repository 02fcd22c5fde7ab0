"""Making tensors, from data, of a shape, at random, in a row; and keeping them on disk."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from gradcalc.autograd.core import dtypes
from gradcalc.autograd.core.record import in_order_of, recorded
from gradcalc.autograd.core.registry import (
    NAMES,
    Kind,
    Number,
    Shape,
    declare,
    function,
    method,
)
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.inplace import overwriting
from gradcalc.autograd.operations.joining import no_slope_of


def _made(
    array: Any, dtype: Kind | None = None, *, device: Any = None, requires_grad: bool = False,
    layout: Any = None, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """A new tensor, with the options that every function here takes."""
    dtypes.check_device(device)
    array = np.asarray(array)
    return leaf(
        wrap(array if dtype is None else array.astype(_kind(dtype), copy=False)), requires_grad
    )


def leaf(x: Tensor, requires_grad: bool) -> Tensor:
    """x, which nothing has been done with yet, as a tensor to differentiate by if asked."""
    if requires_grad and x._array.dtype.kind not in "fc":
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    x._tracked = bool(requires_grad)
    return x


def _kind(dtype: Any) -> Any:
    """numpy's type; the default one where none is named."""
    return dtypes.numpy_type(dtype or dtypes.get_default_dtype())


def _plain(*values: Any) -> list[Any]:
    """Python's numbers, where tensors may have been given in their stead."""
    return [z.item() if isinstance(z, Tensor) else z for z in values]


# --- From data ------------------------------------------------------------------------------------


@function()
def tensor(data: Any, *, dtype: Kind | None = None, **options: Any) -> Tensor:
    """A new tensor with a copy of the data: numbers, nested lists, an array or a tensor.

    Python floats become float32 (or what ``set_default_dtype`` says), as in PyTorch; an array keeps
    its own type. Raises RuntimeError where integers are asked to require grad.
    """
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use "
            "sourceTensor.detach().clone() or sourceTensor.detach().clone().requires_grad_(True), "
            "rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=3,
        )
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
        data = [_part(part) if isinstance(part, list | tuple | Tensor) else part for part in data]
    try:
        array = np.asarray(data)
    except ValueError:
        lengths = [np.size(part) for part in data]
        odd = next((n for n in lengths if n != lengths[0]), lengths[0])
        raise ValueError(f"expected sequence of length {lengths[0]} at dim 1 (got {odd})") from None
    if array.dtype.kind in "US":
        raise TypeError("new(): invalid data type 'str'")
    if array.dtype == object:
        raise RuntimeError(f"Could not infer dtype of {type(_first(data)).__name__}")
    return array


def _part(data: Any) -> Any:
    if isinstance(data, Tensor) and data.numel() != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    return _array(data)


def _default_type(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Of Python's numbers: floats have the default type, integers are int64."""
    kind = dtypes.get_default_dtype().numpy
    if array.dtype.kind == "c":
        kind = np.result_type(kind, np.complex64)
    return array.astype(kind) if array.dtype.kind in "fc" else array


@function("asarray")
def as_tensor(data: Any, dtype: Kind | None = None, **options: Any) -> Tensor:
    """The tensor itself, or a tensor that shares an array's memory, or a new one."""
    if isinstance(data, Tensor):
        return data if dtype is None else convert(data, dtype)
    if isinstance(data, np.ndarray):
        return _made(data, dtype, **options)
    return tensor(data, dtype=dtype, **options)


@function()
def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares the array's memory."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    return wrap(array)


declare("new_tensor",
        lambda x, data, *, dtype=None, **options: tensor(
            data, dtype=dtype or x._array.dtype, **options),
        "A tensor of these numbers, of the type of x.", method)  # fmt: skip
declare("new", lambda x, *data: _of_type(x.dtype)(*data), "``Tensor(…)``, of x's type.", method)


class Kindred(type):
    """Of classes whose instances are tensors, told apart by what they hold."""

    holds: Callable[[Tensor], bool]

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, Tensor) and cls.holds(x)


@function()
class Variable(metaclass=Kindred):
    """The name tensors had before PyTorch 0.4: an alias of the data that may require grad."""

    holds = staticmethod(lambda x: True)

    def __new__(cls, data: Any, requires_grad: bool = False, **_: Any) -> Any:
        alias = data.detach() if isinstance(data, Tensor) else tensor(data)
        alias.requires_grad = requires_grad
        return alias


def _of_type(kind: Any) -> Any:
    """``FloatTensor([2, 3])``: how old tutorials choose an element type, and ask for it."""

    def make(cls: Any, *data: Any) -> Any:
        first = data[0] if data else 0
        if not isinstance(first, int | dtypes.Size):
            return tensor(first, dtype=kind)
        return zeros(data or (0,) if isinstance(first, int) else first, dtype=kind)

    holds = staticmethod(lambda x: x.dtype == kind)
    return Kindred("OfType", (), {"dtype": kind, "holds": holds, "__new__": make})


NAMES.update({name: _of_type(kind) for name, kind in dtypes.BY_TENSOR_NAME.items()})


# --- At random ------------------------------------------------------------------------------------


class Generator:
    """A source of random numbers of one's own."""

    def __init__(self, device: Any = None) -> None:
        dtypes.check_device(device)
        self.numpy = np.random.default_rng()

    def manual_seed(self, seed: int) -> Generator:
        """Make what follows repeatable."""
        self.numpy = np.random.default_rng(seed % 2**64)
        return self


_common = Generator()
function()(Generator)
declare("manual_seed", lambda seed: _common.manual_seed(int(seed)),
        "Make ``randn`` and ``rand`` repeatable (the numbers are numpy's, not PyTorch's).",
        function)  # fmt: skip


def _random(generator: Generator | None) -> np.random.Generator:
    return (_common if generator is None else generator).numpy


def _drawn(name: str, scale: float) -> Callable[..., Any]:
    """Numbers that numpy's generator draws by this name, complex ones as two."""

    def draw(shape: Shape, kind: Any, source: Any) -> Any:
        draw_real = getattr(source, name)
        if kind.kind != "c":
            return np.asarray(draw_real(shape)).astype(kind)
        parts = draw_real((2, *shape)) * scale
        return (parts[0] + 1j * parts[1]).astype(kind)

    return draw


def _like(x: Tensor, create: Callable[..., Tensor], *given: Any, dtype: Any,
          **options: Any) -> Tensor:  # fmt: skip
    """A tensor of the shape and type of x, whose axes lie in memory as those of x."""
    made = create(x._array.shape, *given, dtype=dtype or x._array.dtype, **options)
    if not x._array.flags.c_contiguous:
        made._array = in_order_of(made._array, x._array)
    return made


def _filled(name: str, fill: Callable[..., Any], doc: str) -> Any:
    """``zeros(2, 3)``, ``zeros_like(x)``, ``x.new_zeros(2, 3)`` from one function of numpy."""

    def make(size: Shape = (), *, dtype: Kind | None = None, generator: Any = None,
             **options: Any) -> Tensor:  # fmt: skip
        if any(n < 0 for n in size):
            raise RuntimeError(f"{name}: Dimension size must be non-negative.")
        return _made(fill(size, _kind(dtype), _random(generator)), **options)

    declare(f"new_{name}",
            lambda x, size=(), *, dtype=None, **options: make(
                size, dtype=dtype or x._array.dtype, **options),
            f"``{name}``, of the type of x.", method)  # fmt: skip
    return declare(name, make, doc, function), declare(
        f"{name}_like", lambda x, *, dtype=None, **options: _like(x, make, dtype=dtype, **options),
        f"``{name}``, in the shape and of the type of x.", function)  # fmt: skip


zeros, zeros_like = _filled("zeros", lambda shape, kind, _: np.zeros(shape, kind), "All 0.")
_, ones_like = _filled("ones", lambda shape, kind, _: np.ones(shape, kind), "All 1.")
_filled("empty", lambda shape, kind, _: np.zeros(shape, kind), "Of that shape; here, all 0.")
_, randn_like = _filled(
    "randn", _drawn("standard_normal", 0.5**0.5), "Drawn from the normal distribution."
)
rand, _ = _filled("rand", _drawn("random", 1.0), "Drawn uniformly from [0, 1).")


@function()
def randint(low: int = 0, high: Any = None, size: Shape | None = None, *, dtype: Kind | None = None,
            generator: Any = None, **options: Any) -> Tensor:  # fmt: skip
    """Whole numbers drawn from low, …, high - 1; ``randint(high, size)`` starts at 0."""
    if size is None:
        low, high, size = 0, low, tuple(high)
    return _made(_random(generator).integers(low, high, size), dtype, **options)


declare("randperm",
        lambda n, *, dtype=None, generator=None, **options: _made(
            _random(generator).permutation(n), dtype, **options),
        "0, …, n - 1 in an order drawn at random.", function)  # fmt: skip


@function()
def normal(mean: Any, std: Any = 1.0, size: Shape | None = None, *, generator: Any = None,
           **options: Any) -> Tensor:  # fmt: skip
    """Drawn from the normal distribution with this mean and deviation."""
    inputs = [z for z in (mean, std) if isinstance(z, Tensor)]
    kind = inputs[0]._array.dtype if inputs else dtypes.get_default_dtype().numpy
    middle, width = (z._array if isinstance(z, Tensor) else z for z in (mean, std))
    drawn = np.asarray(_random(generator).normal(middle, width, size)).astype(kind)
    if not inputs:
        return _made(drawn, **options)
    return recorded(drawn, "NormalBackward3", [no_slope_of(z._array) for z in inputs], *inputs)


@function()
def multinomial(x: Tensor, num_samples: int, replacement: bool = False, *,
                generator: Any = None) -> Tensor:  # fmt: skip
    """Places drawn with the weights that x gives them, one row for each row of x."""
    rows = np.atleast_2d(x._array).astype(float)
    drawn = [_random(generator).choice(len(row), num_samples, replacement, row / row.sum())
             for row in rows]  # fmt: skip
    return wrap(np.array(drawn) if x.ndim > 1 else drawn[0])


declare("bernoulli",
        lambda x, *, generator=None: wrap(
            (_random(generator).random(x._array.shape) < x._array).astype(x._array.dtype)),
        "1 with the probability that x says, else 0.")  # fmt: skip
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


def _filling(name: str, draw: Callable[..., Any]) -> None:
    def drawn(x: Tensor, *options: Any, generator: Any = None, **named: Any) -> Any:
        return draw(_random(generator), x._array.shape, *options, **named)

    declare(name, overwriting(drawn), "Filled with numbers drawn at random.", method)


for _name, _draw in _DRAWS.items():
    _filling(_name, _draw)


# --- Of one number, in a row ----------------------------------------------------------------------


@function()
def full(size: Shape, fill_value: Number, *, dtype: Kind | None = None, **options: Any) -> Tensor:
    """All ``fill_value``."""
    array = np.full(size, *_plain(fill_value))
    return _made(_default_type(array) if dtype is None else array, dtype, **options)


declare("full_like",
        lambda x, fill_value, *, dtype=None, **options: _like(
            x, full, fill_value, dtype=dtype, **options),
        "All ``fill_value``, in the shape and of the type of x.", function)  # fmt: skip
declare("new_full",
        lambda x, size, fill_value, *, dtype=None, **options: full(
            size, fill_value, dtype=dtype or x._array.dtype, **options),
        "``full``, of the type of x.", method)  # fmt: skip


@function()
def arange(start: Number, end: Number | None = None, step: Number = 1, *, dtype: Kind | None = None,
           **options: Any) -> Tensor:  # fmt: skip
    """start, start + step, … up to but without end."""
    low, high, step = _plain(*((0, start) if end is None else (start, end)), step)
    if dtype is not None and dtype.kind in "iu":
        low, high, step = int(low), int(high), int(step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (high - low) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    array = low + step * np.arange(int(np.ceil((high - low) / step)))
    if any(isinstance(z, float) for z in (low, high, step)):
        array = array.astype(np.float64)
    return _made(_default_type(array) if dtype is None else array, dtype, **options)


def _spaced(start: Number, end: Number, steps: int, dtype: Kind | None, base: Any = None) -> Any:
    """Each half of them is counted from its own end, as PyTorch does it."""
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    (low, high), kind = _plain(start, end), _kind(dtype)
    if kind.kind in "iu":
        low, high, kind = int(low), int(high), np.dtype(np.float64)
    step, places = kind.type((high - low) / max(steps - 1, 1)), np.arange(steps)
    left = (steps - 1 - places).astype(kind)
    array = np.where(places < max(steps // 2, 1), kind.type(low) + step * places.astype(kind),
                     kind.type(high) - step * left)  # fmt: skip
    return array if base is None else kind.type(base) ** array


declare("linspace",
        lambda start, end, steps, *, dtype=None, **options: _made(
            _spaced(start, end, steps, dtype), dtype, **options),
        "``steps`` numbers from start to end, both included.", function)  # fmt: skip
declare("logspace",
        lambda start, end, steps, base=10.0, *, dtype=None, **options: _made(
            _spaced(start, end, steps, dtype, base), dtype, **options),
        "From base**start to base**end, even in its exponent.", function)  # fmt: skip
declare("eye",
        lambda n, m=None, *, dtype=None, **options: _made(
            np.eye(n, m, dtype=_kind(dtype)), **options),
        "The identity matrix.", function)  # fmt: skip
declare("scalar_tensor",
        lambda s, *, dtype=None, **options: tensor(s, dtype=_kind(dtype), **options),
        "A 0-d tensor of the default type.", function)  # fmt: skip


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


# --- On disk --------------------------------------------------------------------------------------


def _file(f: Any, how: str) -> Any:
    return nullcontext(f) if hasattr(f, "read") else open(f, how)


@function()
def save(obj: Any, f: Any, **_: Any) -> None:
    """Write tensors, or dictionaries and lists of them, to a file."""
    with _file(f, "wb") as file:
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


@function()
def load(f: Any, map_location: Any = None, **_: Any) -> Any:
    """Read what ``save`` wrote. (Not PyTorch's own files: those hold its storages.)"""
    with _file(f, "rb") as file:
        return _Reader(file).load()
