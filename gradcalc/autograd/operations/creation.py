"""Making tensors, from data, of a shape, at random, in a row; and keeping them on disk.

What is written here computes an array, of the type that is asked for or, where that is None, of its
own; ``create`` makes functions of it that make tensors, with the options that they all have.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from inspect import Parameter, Signature, signature
from typing import Any

import numpy as np

from gradcalc.autograd.core import dtypes
from gradcalc.autograd.core.record import in_order_of, recorded
from gradcalc.autograd.core.registry import NAMES, Kind, Number, Shape, declare, function, method
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.inplace import overwriting
from gradcalc.autograd.operations.joining import no_slope_of


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


def _finished(
    array: Any, dtype: Any = None, *, device: Any = None, requires_grad: Any = None,
    layout: Any = None, memory_format: Any = None, pin_memory: Any = None,
) -> Tensor:  # fmt: skip
    """A new tensor, with the options that all functions here take."""
    dtypes.check_device(device)
    array = np.asarray(array)
    return leaf(wrap(array if dtype is None else array.astype(dtype, copy=False)), requires_grad)


_X = Parameter("x", Parameter.POSITIONAL_OR_KEYWORD)
_OPTIONS = [p for p in signature(_finished).parameters.values() if p.kind is p.KEYWORD_ONLY]


def create(computed: Callable[..., Any], name: str, doc: str, new: bool = False,
           like: bool = False) -> Any:  # fmt: skip
    """A row: ``zeros(2, 3)``, and if asked for ``x.new_zeros(2, 3)`` and ``zeros_like(x)``."""
    own = [*signature(computed).parameters.values()]

    def make(*given: Any, dtype: Kind | None = None, **named: Any) -> Tensor:
        kind = None if dtype is None else dtypes.numpy_type(dtype)
        options = {p.name: named.pop(p.name) for p in _OPTIONS if p.name in named} if named else {}
        return _finished(computed(*given, dtype=kind, **named), kind, **options)

    def of_type(x: Tensor, *given: Any, dtype: Kind | None = None, **named: Any) -> Tensor:
        return make(*given, dtype=dtype or x._array.dtype, **named)

    def of_shape(x: Tensor, *given: Any, **named: Any) -> Tensor:
        made = of_type(x, x._array.shape, *given, **named)
        if not x._array.flags.c_contiguous:
            made._array = in_order_of(made._array, x._array)
        return made

    def row(name: str, form: Any, takes: list[Parameter], doc: str, how: Any) -> Any:
        form.__signature__ = Signature([*takes, *_OPTIONS])
        return declare(name, form, doc, how)

    row(name, make, own, doc, function)
    if new:
        row(f"new_{name}", of_type, [_X, *own], f"``{name}``, of the type of x.", method)
    if like:
        doc = f"``{name}``, in the shape and of the type of x."
        return make, row(f"{name}_like", of_shape, [_X, *own[1:]], doc, function)
    return make


# --- From data ------------------------------------------------------------------------------------


def _tensor(data: Any, *, dtype: Kind | None = None) -> Any:
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use "
            "sourceTensor.detach().clone() or sourceTensor.detach().clone().requires_grad_(True), "
            "rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=4,
        )
    array = np.array(_array(data))
    typed = dtype is not None or isinstance(_first(data), np.ndarray | np.generic | Tensor)
    return array if typed else _default_type(array)


def _first(data: Any) -> Any:
    """What the nested lists are made of."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return data


def _array(data: Any, inside: bool = False) -> np.ndarray[Any, Any]:
    if isinstance(data, Tensor):
        if inside and data.numel() != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return data._array
    if isinstance(data, list | tuple):
        data = [_array(part, True) if isinstance(part, list | tuple | Tensor) else part
                for part in data]  # fmt: skip
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


def _default_type(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Of Python's numbers: floats have the default type, integers are int64."""
    kind = dtypes.get_default_dtype().numpy
    if array.dtype.kind == "c":
        kind = np.result_type(kind, np.complex64)
    return array.astype(kind) if array.dtype.kind in "fc" else array


tensor = create(
    _tensor,
    "tensor",
    """A new tensor with a copy of the data: numbers, nested lists, an array or a tensor.

    Python floats become float32 (or what ``set_default_dtype`` says), as in PyTorch; an array keeps
    its own type. Raises RuntimeError where integers are asked to require grad.
    """,
    new=True,
)


@function("asarray")
def as_tensor(data: Any, dtype: Kind | None = None, device: Any = None, *,
              requires_grad: Any = None) -> Any:  # fmt: skip
    """The tensor itself, or a tensor that shares an array's memory, or a new one."""
    if isinstance(data, Tensor):
        return data if dtype is None else convert(data, dtype)
    make = _finished if isinstance(data, np.ndarray) else tensor
    return make(data, dtype=dtype, device=device, requires_grad=requires_grad)


@function()
def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares the array's memory."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    return wrap(array)


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

    def draw(size: Shape, *, dtype: Kind | None = None, generator: Any = None) -> Any:
        draw_real, kind = getattr(_random(generator), name), _kind(dtype)
        if kind.kind != "c":
            return np.asarray(draw_real(_sized(size))).astype(kind)
        parts = draw_real((2, *_sized(size))) * scale
        return (parts[0] + 1j * parts[1]).astype(kind)

    return draw


def _randint(low: int = 0, high: Any = None, size: Shape | None = None, *,
             dtype: Kind | None = None, generator: Any = None) -> Any:  # fmt: skip
    if size is None:
        low, high, size = 0, low, tuple(high)
    return _random(generator).integers(low, high, size)


_, randn_like = create(_drawn("standard_normal", 0.5**0.5), "randn",
                       "Drawn from the normal distribution.", True, True)  # fmt: skip
rand, _ = create(_drawn("random", 1.0), "rand", "Drawn uniformly from [0, 1).", True, True)
create(_randint, "randint", "Whole numbers drawn from low, …, high - 1; without low from 0.")
create(lambda n, *, dtype=None, generator=None: _random(generator).permutation(n), "randperm",
       "0, …, n - 1 in an order drawn at random.")  # fmt: skip


@function()
def normal(mean: Any, std: Any = 1.0, size: Shape | None = None, *, generator: Any = None,
           dtype: Kind | None = None, **options: Any) -> Any:  # fmt: skip
    """Drawn from the normal distribution with this mean and deviation."""
    inputs = [z for z in (mean, std) if isinstance(z, Tensor)]
    kind = inputs[0]._array.dtype if inputs else dtypes.get_default_dtype().numpy
    middle, width = (z._array if isinstance(z, Tensor) else z for z in (mean, std))
    drawn = np.asarray(_random(generator).normal(middle, width, size)).astype(kind)
    if not inputs:
        return _finished(drawn, dtype, **options)
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


def _drawn_over(draw: Any, x: Tensor, *options: Any, generator: Any = None, **named: Any) -> Any:
    return draw(_random(generator), x._array.shape, *options, **named)


for _name, _draw in _DRAWS.items():
    declare(_name, overwriting(partial(_drawn_over, _draw)), "Filled with numbers drawn at random.",
            method)  # fmt: skip


# --- Of one number, in a row ----------------------------------------------------------------------


def _sized(size: Shape, of_zeros: bool = False) -> Shape:
    if any(n < 0 for n in size):
        others = f"Trying to create tensor with negative dimension {min(size)}: {list(size)}"
        raise RuntimeError("zeros: Dimension size must be non-negative." if of_zeros else others)
    return size


def _full(size: Shape, fill_value: Number, *, dtype: Kind | None = None) -> Any:
    array = np.full(_sized(size), *_plain(fill_value))
    return array if dtype else _default_type(array)


def _arange(start: Number, end: Number | None = None, step: Number = 1, *,
            dtype: Kind | None = None) -> Any:  # fmt: skip
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
    return array if dtype else _default_type(array)


def _spaced(start: Any, end: Any, steps: int, *, dtype: Kind | None = None) -> Any:
    """Each half of them is counted from its own end, as PyTorch does it."""
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    (low, high), kind = _plain(start, end), _kind(dtype)
    if kind.kind in "iu":
        low, high, kind = int(low), int(high), np.dtype(np.float64)
    step, places = kind.type((high - low) / max(steps - 1, 1)), np.arange(steps)
    left = (steps - 1 - places).astype(kind)
    return np.where(places < max(steps // 2, 1), kind.type(low) + step * places.astype(kind),
                    kind.type(high) - step * left)  # fmt: skip


def _powers(start: Any, end: Any, steps: int, base: float = 10.0, *,
            dtype: Kind | None = None) -> Any:  # fmt: skip
    exponents = _spaced(start, end, steps, dtype=dtype)
    return exponents.dtype.type(base) ** exponents


zeros, zeros_like = create(lambda size, *, dtype=None: np.zeros(_sized(size, True), _kind(dtype)),
                           "zeros", "All 0.", True, True)  # fmt: skip
_, ones_like = create(lambda size, *, dtype=None: np.ones(_sized(size), _kind(dtype)),
                      "ones", "All 1.", True, True)  # fmt: skip
create(lambda size, *, dtype=None: np.zeros(_sized(size), _kind(dtype)), "empty",
       "Of that shape; here, all 0.", True, True)  # fmt: skip
full, _ = create(_full, "full", "All ``fill_value``.", True, True)
create(_arange, "arange", "start, start + step, … up to but without end.")
create(_spaced, "linspace", "``steps`` numbers from start to end, both included.")
create(_powers, "logspace", "From base**start to base**end, even in its exponent.")
create(lambda n, m=None, *, dtype=None: np.eye(n, m, dtype=_kind(dtype)), "eye",
       "The identity matrix.")  # fmt: skip
create(lambda s, *, dtype=None: np.array(_array(s), _kind(dtype)), "scalar_tensor",
       "A 0-d tensor of the default type.")  # fmt: skip


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
