"""Python functions of numpy → graph: the function is run once on an array that writes down what is
done to it.

Only the operations are recorded, so the function must do the same ones at every point: a branch on
a traced value is refused (``np.where`` is traced), and numpy functions that are made of nothing in
the primitive table are refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from gradcalc.errors import Span, UsageError
from gradcalc.functions.primitives import (
    ADD,
    DIV,
    FUNCTIONS,
    HYPOT,
    MAX,
    MIN,
    MUL,
    NEG,
    TABLE,
    WHERE,
)
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph, chain
from gradcalc.language.arrays import elementwise, matmul

_NOWHERE = Span(0, 0)


def trace(f: Callable[[Any], Any], n: int) -> Graph:
    """``f``, a function of an array of ``n`` numbers, as a graph of the variables x0, x1, …."""
    graph = Graph()
    x = Traced(graph, np.array([graph.variable(f"x{i}") for i in range(n)], dtype=np.int64))
    result = _nodes(graph, f(x)).ravel().tolist()
    graph.outputs = result
    graph.output_names = [f"f{i + 1}" for i in range(len(result))]
    return graph


class Traced:
    """An array of graph nodes that numpy takes for an array of numbers."""

    __array_priority__ = 1000

    def __init__(self, graph: Graph, nodes: Any) -> None:
        self.graph = graph
        self.nodes = nodes

    shape = property(lambda self: self.nodes.shape)
    ndim = property(lambda self: self.nodes.ndim)
    size = property(lambda self: self.nodes.size)
    T = property(lambda self: Traced(self.graph, self.nodes.T))

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Traced:
        return Traced(self.graph, np.asarray(self.nodes[index]))

    def __setitem__(self, index: Any, value: Any) -> None:
        self.nodes[index] = _nodes(self.graph, value)

    def __bool__(self) -> bool:
        raise UsageError(
            "a branch on a traced value would be the same at every point",
            hint="use np.where(condition, a, b)",
        )

    def __float__(self) -> float:
        raise UsageError("a traced value has no number yet", hint="use numpy, not math: np.sin(x)")

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise UsageError(
            "a traced value cannot be put into a plain array", hint="use np.stack([...])"
        )

    def reshape(self, *shape: Any) -> Traced:
        return Traced(self.graph, self.nodes.reshape(*shape))

    def ravel(self) -> Traced:
        return Traced(self.graph, self.nodes.ravel())

    def copy(self) -> Traced:
        return Traced(self.graph, self.nodes.copy())

    def sum(self, axis: Any = None) -> Traced:
        return self._reduce(ADD, axis)

    def prod(self, axis: Any = None) -> Traced:
        return self._reduce(MUL, axis)

    def max(self, axis: Any = None) -> Traced:
        return self._reduce(MAX, axis)

    def min(self, axis: Any = None) -> Traced:
        return self._reduce(MIN, axis)

    def mean(self, axis: Any = None) -> Traced:
        total = self._reduce(ADD, axis)
        return _apply(self.graph, DIV, total, self.size / max(1, total.size))

    def dot(self, other: Any) -> Traced:
        return _matmul(self.graph, self, other)

    def _reduce(self, primitive: Primitive, axis: Any) -> Traced:
        if axis is None:
            flat = self.nodes.ravel().tolist()
            return Traced(self.graph, np.asarray(_chain(self.graph, primitive, flat)))
        lines = np.moveaxis(self.nodes, axis, -1)
        reduced = [
            _chain(self.graph, primitive, line.tolist())
            for line in lines.reshape(-1, lines.shape[-1])
        ]
        return Traced(self.graph, np.array(reduced, dtype=np.int64).reshape(lines.shape[:-1]))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Traced:
        if ufunc is np.matmul and method == "__call__":
            return _matmul(self.graph, *inputs)
        primitive = _by_ufunc().get(ufunc)
        if primitive is not None and method == "__call__" and not options:
            return _apply(self.graph, primitive, *inputs)
        if primitive in (ADD, MUL, MAX, MIN) and method == "reduce":
            return self._reduce(primitive, options.get("axis", 0))
        raise UsageError(f"np.{ufunc.__name__} cannot be traced", hint="see: gradcalc functions")

    def __array_function__(self, function: Any, _: Any, args: Any, kwargs: Any) -> Any:
        traced = _FUNCTIONS.get(function.__name__)
        if traced is None:
            raise UsageError(f"np.{function.__name__} cannot be traced")
        return traced(self.graph, *args, **kwargs)

    def __matmul__(self, other: Any) -> Traced:
        return _matmul(self.graph, self, other)

    def __rmatmul__(self, other: Any) -> Traced:
        return _matmul(self.graph, other, self)

    def __neg__(self) -> Traced:
        return _apply(self.graph, NEG, self)

    def __abs__(self) -> Traced:
        return _apply(self.graph, FUNCTIONS["abs"], self)


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

        setattr(Traced, f"__{name}__", forward)
        if not primitive.boolean:
            setattr(Traced, f"__r{name}__", backward)


_install_operators()


def _nodes(graph: Graph, value: Any) -> Any:
    """Traced arrays, numbers, arrays of numbers and sequences of them as an array of nodes."""
    if isinstance(value, Traced):
        return value.nodes
    if isinstance(value, list | tuple):
        return np.stack([_nodes(graph, item) for item in value])
    numbers = np.asarray(value, dtype=float)
    flat = [graph.constant(number) for number in numbers.ravel().tolist()]
    return np.array(flat, dtype=np.int64).reshape(numbers.shape)


def _apply(graph: Graph, primitive: Primitive, *operands: Any) -> Traced:
    nodes = [_nodes(graph, operand) for operand in operands]
    return Traced(graph, elementwise(graph, primitive.code, nodes, _NOWHERE))


def _matmul(graph: Graph, a: Any, b: Any) -> Traced:
    product = matmul(graph, _nodes(graph, a), _nodes(graph, b), _NOWHERE)
    return Traced(graph, np.asarray(product))


def _chain(graph: Graph, primitive: Primitive, nodes: Sequence[int]) -> int:
    if not nodes:
        raise UsageError(f"{primitive.name} of an empty array")
    return chain(graph, primitive.code, list(nodes), _NOWHERE)


@cache
def _by_ufunc() -> dict[Any, Primitive]:
    return {
        primitive.numpy: primitive
        for primitive in TABLE
        if primitive.arity and isinstance(primitive.numpy, np.ufunc)
    }


def _norm(graph: Graph, x: Any) -> Traced:
    nodes = _nodes(graph, x).ravel().tolist()
    if len(nodes) > 1:
        return Traced(graph, np.asarray(_chain(graph, HYPOT, nodes)))
    return _apply(graph, FUNCTIONS["abs"], x)


def _joined(join: Callable[..., Any]) -> Callable[..., Traced]:
    def joined(graph: Graph, arrays: Any, axis: int = 0) -> Traced:
        return Traced(graph, join([_nodes(graph, array) for array in arrays], axis=axis))

    return joined


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "where": lambda graph, c, a, b: _apply(graph, WHERE, c, a, b),
    "sum": lambda graph, x, axis=None: x.sum(axis),
    "prod": lambda graph, x, axis=None: x.prod(axis),
    "mean": lambda graph, x, axis=None: x.mean(axis),
    "max": lambda graph, x, axis=None: x.max(axis),
    "amax": lambda graph, x, axis=None: x.max(axis),
    "min": lambda graph, x, axis=None: x.min(axis),
    "amin": lambda graph, x, axis=None: x.min(axis),
    "clip": lambda graph, x, lo, hi: _apply(graph, FUNCTIONS["clamp"], x, lo, hi),
    "dot": lambda graph, a, b: _matmul(graph, a, b),
    "norm": _norm,
    "stack": _joined(np.stack),
    "concatenate": _joined(np.concatenate),
    "reshape": lambda graph, x, shape: x.reshape(shape),
    "ravel": lambda graph, x: x.ravel(),
    "zeros_like": lambda graph, x: Traced(graph, _nodes(graph, np.zeros(x.shape))),
    "ones_like": lambda graph, x: Traced(graph, _nodes(graph, np.ones(x.shape))),
}
"""numpy functions that are no ufuncs, made of primitives."""
