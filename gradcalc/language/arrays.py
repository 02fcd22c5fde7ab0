"""Arrays of the language: numpy arrays of node numbers.

They exist only while the text is read. Broadcasting, indexing and slicing are numpy's own;
arithmetic and reductions make one scalar node per element, so that the graph, and everything after
it, sees scalars alone. Only expressions that use arrays import numpy here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

from gradcalc.errors import Span
from gradcalc.functions.primitives import ADD, MUL, TABLE
from gradcalc.graph.graph import Graph, chain
from gradcalc.limits import MOST_ARRAY_WORK, MOST_AXES, MOST_ELEMENTS

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


def nested(items: Sequence[Value]) -> Array:
    """``[a, b, …]``: items of one shape, stacked."""
    import numpy as np

    shapes = [shape_of(item) for item in items]
    if any(shape != shapes[0] for shape in shapes):
        raise Sizes(f"the items of an array differ in shape: {_listed(shapes)}")
    bound_size((len(items), *shapes[0]))
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
    charge(graph, bound_size(shape))
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
    charge(graph, bound_size((*a.shape, *b.shape[1:]), "products"))
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


def charge(graph: Graph, elements: int) -> None:
    """Count what an array operation is about to make. Raises Sizes when the text makes too much."""
    graph.array_work += elements
    if graph.array_work > MOST_ARRAY_WORK:
        raise Sizes(f"arrays of {MOST_ARRAY_WORK:,} elements in all are the most that a text makes")


def bound_size(shape: Sequence[int], what: str = "elements") -> int:
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
