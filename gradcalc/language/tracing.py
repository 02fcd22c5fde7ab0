"""Python functions of numpy → graph: the function is run once on an array that writes down what is
done to it.

Only the operations are recorded, so the function must do the same ones at every point: a branch on
a traced value is refused (``np.where`` is traced). What numpy does to whole arrays is ours
(``numpy_calls``); what it only makes of arithmetic (``einsum``, ``kron``, ``trapezoid``) is left to
its own code, on arrays of single traced numbers. The rest is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gradcalc.errors import GradcalcError, Span, UsageError
from gradcalc.functions.primitives import FUNCTIONS, NEG, TABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.language import numpy_calls
from gradcalc.language.arrays import Sizes
from gradcalc.language.making import Maker

_NOWHERE = Span(0, 0)
_HINT = f"there are the functions of 'gradcalc functions', and {numpy_calls.THERE_IS}"


def trace(f: Callable[[Any], Any], n: int) -> Graph:
    """``f``, a function of an array of ``n`` numbers, as a graph of the variables x0, x1, …."""
    graph = Graph()
    x = Traced(graph, np.array([graph.variable(f"x{i}") for i in range(n)], dtype=np.int64))
    try:
        result = f(x)
        if result is None:
            raise UsageError("the function returns nothing", hint="return what it calculates")
        graph.outputs = _nodes(graph, result).ravel().tolist()
    except GradcalcError:
        raise
    except Sizes as sizes:
        raise UsageError(str(sizes)) from None
    except (TypeError, ValueError, AttributeError) as error:
        if not _is_about_tracing(error):
            raise
        message = f"the function cannot be traced: {error}"
        raise UsageError(message, hint="np.stack keeps traced values, np.array does not") from error
    graph.output_names = [f"f{i + 1}" for i in range(len(graph.outputs))]
    return graph


def _is_about_tracing(error: Exception) -> bool:
    """Whether numpy complains of what it cannot know, and the user of nothing."""
    return type(error).__name__.startswith(("UFunc", "_UFunc")) or any(
        word in str(error) for word in ("Traced", "object arrays", "dtype('O')", "object")
    )


class Traced:
    """An array of graph nodes that numpy takes for an array of numbers."""

    __array_priority__ = 1000
    dtype = np.dtype(float)

    def __init__(self, graph: Graph, nodes: Any) -> None:
        self.graph = graph
        self.nodes = nodes

    shape = property(lambda self: self.nodes.shape)
    ndim = property(lambda self: self.nodes.ndim)
    size = property(lambda self: self.nodes.size)
    T = property(lambda self: Traced(self.graph, self.nodes.T))
    real = property(lambda self: self)
    flat = property(lambda self: iter(self.ravel()))

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Traced:
        _require_known(index)
        return Traced(self.graph, np.asarray(self.nodes[index]))

    def __setitem__(self, index: Any, value: Any) -> None:
        _require_known(index)
        self.nodes[index] = _nodes(self.graph, value)

    def __bool__(self) -> bool:
        raise UsageError(
            "a branch on a traced value would be the same at every point",
            hint="use np.where(condition, a, b)",
        )

    def __float__(self) -> float:
        raise UsageError(
            "a traced value has no number yet",
            hint="use numpy, not math: np.sin(x); an array to assign to is np.zeros_like(x)",
        )

    __int__ = __index__ = __complex__ = __float__

    def __getattr__(self, name: str) -> Any:
        """numpy's methods: ``x.sum(axis=0)``; and ``x.sin()``, as arrays of objects call it."""
        function: Any = None if name.startswith("_") else getattr(np, name, None)
        if isinstance(function, np.ufunc) or name in _METHODS:
            return partial(function, self)
        raise AttributeError(f"'Traced' object has no attribute '{name}'")

    def reshape(self, *shape: Any, **order: Any) -> Traced:
        return Traced(self.graph, self.nodes.reshape(*shape, **order))

    def transpose(self, *axes: Any) -> Traced:
        return Traced(self.graph, self.nodes.transpose(*axes))

    def flatten(self) -> Traced:
        return Traced(self.graph, self.nodes.flatten())

    def astype(self, *_: Any, **__: Any) -> Traced:
        return self.copy()

    def copy(self) -> Traced:
        return Traced(self.graph, self.nodes.copy())

    def item(self, *index: int) -> Traced:
        return Traced(self.graph, np.asarray(self.nodes.item(*index)))

    def tolist(self) -> Any:
        return [part.tolist() for part in self] if self.ndim else self

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        operands = [_nodes(self.graph, operand) for operand in inputs]
        made = numpy_calls.ufunc(self._maker(ufunc), ufunc, method, operands, options)
        if made is NotImplemented:
            raise _refused(ufunc)
        return _wrapped(self.graph, made)

    def __array_function__(self, function: Any, _: Any, args: Any, kwargs: Any) -> Any:
        nodes = partial(_nodes, self.graph)
        if function in (np.shape, np.ndim, np.size):
            return function(nodes(args[0]), *args[1:], **kwargs)
        made = numpy_calls.function(self._maker(function), function.__name__, args, kwargs, nodes)
        if made is NotImplemented:
            return _by_elements(self.graph, function, args, kwargs)
        return _wrapped(self.graph, made)

    def _maker(self, function: Any) -> Maker:
        return Maker(self.graph, _NOWHERE, function.__name__)

    def __matmul__(self, other: Any) -> Any:
        return np.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return np.matmul(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return np.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return np.floor_divide(other, self)

    def __neg__(self) -> Traced:
        return _apply(self.graph, NEG, self)

    def __pos__(self) -> Traced:
        return self

    def __abs__(self) -> Traced:
        return _apply(self.graph, FUNCTIONS["abs"], self)


_METHODS = {
    *("sum", "prod", "mean", "max", "min", "var", "std", "cumsum", "cumprod", "trace", "ravel"),
    *("squeeze", "swapaxes", "repeat", "take", "diagonal", "clip", "round", "dot", "ptp"),
}


def _install_operators() -> None:
    """+, *, <, … on traced arrays, from the symbols of the table."""
    names = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "%": "mod", "**": "pow",
             "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}  # fmt: skip
    for primitive in TABLE:
        name = names.get(primitive.symbol)
        if name is None or primitive.arity != 2:
            continue

        def forward(self: Traced, other: Any, primitive: Primitive = primitive) -> Traced:
            return _apply(self.graph, primitive, self, other)

        def backward(self: Traced, other: Any, primitive: Primitive = primitive) -> Traced:
            return _apply(self.graph, primitive, other, self)

        def in_place(self: Traced, other: Any, primitive: Primitive = primitive) -> Traced:
            made = _apply(self.graph, primitive, self, other)
            if not self.ndim:
                return made  # a number, of which nobody has a view
            self.nodes[...] = made.nodes
            return self

        setattr(Traced, f"__{name}__", forward)
        if not primitive.boolean:
            setattr(Traced, f"__r{name}__", backward)
            setattr(Traced, f"__i{name}__", in_place)


_install_operators()


def _require_known(index: Any) -> None:
    if any(isinstance(part, Traced) for part in (index if isinstance(index, tuple) else (index,))):
        raise UsageError(
            "which elements are taken would differ from point to point",
            hint="use np.where(condition, a, b)",
        )


def _nodes(graph: Graph, value: Any) -> Any:
    """Traced arrays, numbers, arrays of numbers and sequences of them as an array of nodes."""
    if isinstance(value, Traced):
        return value.nodes
    if isinstance(value, list | tuple):
        parts = [_nodes(graph, item) for item in value]
        if len({part.shape for part in parts}) > 1:
            shapes = " and ".join(dict.fromkeys(str(part.shape) for part in parts))
            raise UsageError(f"a sequence of arrays of shapes {shapes} is no array",
                             hint="np.concatenate joins them")  # fmt: skip
        return np.stack(parts) if parts else np.empty(0, dtype=np.int64)
    if isinstance(value, np.ndarray) and value.dtype == object:
        flat = [int(_nodes(graph, item)) for item in value.ravel()]
        return np.array(flat, dtype=np.int64).reshape(value.shape)
    try:
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise UsageError(
            f"a {type(value).__name__} is no array of numbers",
            hint="a traced function calculates with numbers and arrays, and returns them",
        ) from None
    flat = [graph.constant(number) for number in numbers.ravel().tolist()]
    return np.array(flat, dtype=np.int64).reshape(numbers.shape)


def _wrapped(graph: Graph, made: Any) -> Any:
    """A node, an array of nodes or a sequence of those, as traced arrays."""
    if isinstance(made, list | tuple):
        return [_wrapped(graph, part) for part in made]
    return Traced(graph, np.asarray(made))


def _apply(graph: Graph, primitive: Primitive, *operands: Any) -> Traced:
    make = Maker(graph, _NOWHERE, primitive.name)
    nodes = make.of(primitive, *(_nodes(graph, operand) for operand in operands))
    return Traced(graph, np.asarray(nodes))


def _by_elements(graph: Graph, function: Any, args: Any, kwargs: Any) -> Any:
    """numpy's own code on arrays of single traced numbers, where it is arithmetic alone."""
    try:
        made = function(*map(_elements, args), **{k: _elements(v) for k, v in kwargs.items()})
    except (GradcalcError, TypeError, ValueError, AttributeError, IndexError, Sizes):
        raise _refused(function) from None
    if isinstance(made, tuple | list):
        return [Traced(graph, _nodes(graph, part)) for part in made]
    return Traced(graph, _nodes(graph, made))


def _elements(value: Any) -> Any:
    if isinstance(value, Traced):
        made = np.empty(value.shape, dtype=object)
        for place in np.ndindex(value.shape):
            made[place] = value[place]
        return made
    if isinstance(value, list | tuple):
        return type(value)(map(_elements, value))
    return value


def _refused(function: Any) -> UsageError:
    module = (getattr(function, "__module__", None) or "numpy").replace("numpy", "np")
    return UsageError(f"{module}.{function.__name__} cannot be traced", hint=_HINT)
