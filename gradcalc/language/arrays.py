"""Arrays of the language: numpy arrays of node numbers.

They exist only while the text is read. Broadcasting, indexing and slicing are numpy's own;
arithmetic and reductions make one scalar node per element, so that the graph, and everything after
it, sees scalars alone. Only expressions that use arrays import numpy here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from gradcalc.errors import Span
from gradcalc.functions.primitives import ADD, DIV, FUNCTIONS, HYPOT, MAX, MIN, MUL, TABLE
from gradcalc.graph.graph import Graph, chain
from gradcalc.limits import COPIED_AT_ONCE, MOST_ARRAY_WORK, MOST_AXES, MOST_ELEMENTS

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.int64]]
    Value = int | Array
else:
    Value = Any


class Sizes(Exception):  # noqa: N818  (never seen by a user: the parser adds the span)
    """Operands that do not fit together; the message says how."""


def shape_of(value: Value) -> tuple[int, ...]:
    return () if isinstance(value, int) else value.shape


def full(graph: Graph, shape: Sequence[int], number: float, span: Span) -> Value:
    """An array of one constant."""
    import numpy as np

    charge(graph, 1 + _bound_size(shape) // COPIED_AT_ONCE)
    return np.full(tuple(shape), graph.constant(number, span), dtype=np.int64)


def nested(items: Sequence[Value]) -> Array:
    """``[a, b, …]``: items of one shape, stacked."""
    import numpy as np

    shapes = [shape_of(item) for item in items]
    if any(shape != shapes[0] for shape in shapes):
        raise Sizes(f"the items of an array differ in shape: {_listed(shapes)}")
    _bound_size((len(items), *shapes[0]))
    return np.array(items, dtype=np.int64)


def elementwise(graph: Graph, code: int, operands: Sequence[Value], span: Span) -> Value:
    """The primitive ``code`` over broadcast operands."""
    import numpy as np

    try:
        shape = np.broadcast_shapes(*map(shape_of, operands))
    except ValueError:
        name = TABLE[code].symbol or TABLE[code].name
        shapes = _listed(list(map(shape_of, operands)))
        raise Sizes(f"'{name}' of arrays of shapes {shapes}: they do not broadcast") from None
    charge(graph, _bound_size(shape))
    columns: list[Iterable[int]] = [
        np.broadcast_to(operand, shape).ravel().tolist() for operand in operands
    ]
    columns += [repeat(-1)] * (3 - len(columns))
    nodes = [graph.apply(code, x, y, z, *span) for x, y, z in zip(*columns, strict=False)]
    return np.array(nodes, dtype=np.int64).reshape(shape)


def matmul(graph: Graph, a: Value, b: Value, span: Span) -> Value:
    """``a @ b`` of one- and two-dimensional arrays, as numpy has it."""
    import numpy as np

    if isinstance(a, int) or isinstance(b, int) or a.ndim > 2 or b.ndim > 2:
        raise Sizes("'@' multiplies vectors and matrices; a number is multiplied with '*'")
    if a.shape[-1] != b.shape[0]:
        raise Sizes(f"'@' of arrays of shapes {a.shape} and {b.shape}: inner sizes differ")
    charge(graph, _bound_size((*a.shape, *b.shape[1:]), "products"))
    rows, columns = np.atleast_2d(a), (b.reshape(-1, 1) if b.ndim == 1 else b).T
    nodes = [
        chain(graph, ADD.code, _products(graph, row, column, span), span)
        for row in rows.tolist()
        for column in columns.tolist()
    ]
    shape = a.shape[:-1] + b.shape[1:]
    return np.array(nodes, dtype=np.int64).reshape(shape) if shape else nodes[0]


def matrix_product(graph: Graph, a: Array, b: Array, span: Span) -> Value:
    """MATLAB's ``a*b``, where vectors are columns and a matrix of one element is a number."""
    row = b.ndim == 2 and b.shape[0] == 1
    if a.ndim == 1 and not row:
        raise Sizes("'*' of two columns; write x'*y, or x.*y for the products of the elements")
    product = matmul(graph, a.reshape(-1, 1) if a.ndim == 1 else a, b, span)
    if isinstance(product, int) or product.size > 1:
        return product
    return int(product.flat[0])


def _products(graph: Graph, a: Iterable[int], b: Iterable[int], span: Span) -> list[int]:
    return [
        graph.apply(MUL.code, x, y, -1, span.start, span.end) for x, y in zip(a, b, strict=True)
    ]


# --- functions of whole arrays ------------------------------------------------------------------


def _elements(graph: Graph, name: str, values: Sequence[Value]) -> list[int]:
    """The elements of the one array, or the scalars, that a reduction was given."""
    charge(graph, sum(1 if isinstance(value, int) else value.size for value in values))
    if len(values) == 1 and not isinstance(values[0], int):
        nodes: list[int] = values[0].ravel().tolist()
    else:
        nodes = [value for value in values if isinstance(value, int)]
        if len(nodes) < len(values):
            raise Sizes(f"{name} takes one array, or numbers")
    if not nodes:
        raise Sizes(f"{name} of an empty array")
    return nodes


def _sum(graph: Graph, values: Sequence[Value], span: Span) -> Value:
    return chain(graph, ADD.code, _elements(graph, "sum", values), span)


def _prod(graph: Graph, values: Sequence[Value], span: Span) -> Value:
    return chain(graph, MUL.code, _elements(graph, "prod", values), span)


def _mean(graph: Graph, values: Sequence[Value], span: Span) -> Value:
    nodes = _elements(graph, "mean", values)
    count = graph.constant(float(len(nodes)), span)
    return graph.apply(DIV.code, chain(graph, ADD.code, nodes, span), count, -1, *span)


def _norm(graph: Graph, values: Sequence[Value], span: Span) -> Value:
    nodes = _elements(graph, "norm", values)
    if len(nodes) == 1:
        return graph.apply(FUNCTIONS["abs"].code, nodes[0], -1, -1, *span)
    return chain(graph, HYPOT.code, nodes, span)


def _dot(graph: Graph, values: Sequence[Value], span: Span) -> Value:
    a, b = values
    if isinstance(a, int) or isinstance(b, int) or a.shape != b.shape or a.ndim != 1:
        raise Sizes("dot takes two vectors of the same length")
    charge(graph, a.size)
    return chain(graph, ADD.code, _products(graph, a.tolist(), b.tolist(), span), span)


def _extreme(code: int) -> Callable[[Graph, Sequence[Value], Span], Value]:
    name = TABLE[code].name

    def reduce(graph: Graph, values: Sequence[Value], span: Span) -> Value:
        if len(values) == 1 or all(isinstance(value, int) for value in values):
            return chain(graph, code, _elements(graph, name, values), span)
        total = values[0]
        for value in values[1:]:
            total = elementwise(graph, code, (total, value), span)
        return total

    return reduce


def _filled(number: float) -> Callable[[Graph, Sequence[Value], Span], Value]:
    def fill(graph: Graph, values: Sequence[Value], span: Span) -> Value:
        sizes = [graph.constants.get(value, -1) if isinstance(value, int) else -1
                 for value in values]  # fmt: skip
        if any(size < 0 or not float(size).is_integer() for size in sizes):
            raise Sizes("sizes of an array are whole numbers")
        return full(graph, [int(size) for size in sizes], number, span)

    return fill


def charge(graph: Graph, elements: int) -> None:
    """Count what an array operation is about to make. Raises Sizes when the text makes too much."""
    graph.array_work += elements
    if graph.array_work > MOST_ARRAY_WORK:
        raise Sizes(f"arrays of {MOST_ARRAY_WORK:,} elements in all are the most that a text makes")


def _bound_size(shape: Sequence[int], what: str = "elements") -> int:
    """How many elements an array of this shape has (at least 1). Raises Sizes for too many."""
    if len(shape) > MOST_AXES:
        raise Sizes(f"arrays nested {len(shape)} deep; the most is {MOST_AXES}")
    size = 1
    for length in shape:
        size *= max(1, length)  # numpy minds a length of 1e300 even beside a 0
    if size > MOST_ELEMENTS:
        raise Sizes(f"this makes more than {MOST_ELEMENTS:,} {what}, which is the most")
    return size


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return " and ".join(dict.fromkeys(map(str, shapes)))


class Structural(NamedTuple):
    """A function of whole arrays: how primitives make it, and how many arguments it takes."""

    build: Callable[[Graph, Sequence[Value], Span], Value]
    least: int
    most: int
    doc: str


MANY = 1_000_000

STRUCTURAL: dict[str, Structural] = {
    "sum": Structural(_sum, 1, MANY, "sum of the elements of an array"),
    "mean": Structural(_mean, 1, MANY, "arithmetic mean of the elements of an array"),
    "prod": Structural(_prod, 1, MANY, "product of the elements of an array"),
    "dot": Structural(_dot, 2, 2, "sum of the products of two vectors, a @ b"),
    "norm": Structural(_norm, 1, MANY, "Euclidean length, without overflow"),
    "max": Structural(_extreme(MAX.code), 1, MANY, MAX.doc),
    "min": Structural(_extreme(MIN.code), 1, MANY, MIN.doc),
    "zeros": Structural(_filled(0.0), 1, 8, "an array of zeros, to be assigned to"),
    "ones": Structural(_filled(1.0), 1, 8, "an array of ones"),
}
"""Functions of the language that are no primitives but are made of them."""
