"""numpy's functions on arrays of nodes: by its name, which of ours each is.

``nodes`` turns what a function of the user's hands over (traced arrays, numbers, sequences of both)
into an array of nodes. What comes back is a node, an array of nodes, a sequence of those, or
NotImplemented: then numpy's own code may still do, on elements one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import pi
from operator import index
from typing import Any

import numpy as np

from gradcalc.errors import UsageError
from gradcalc.functions.primitives import ADD, DIV, EQ, FUNCTIONS, MAX, MIN, MUL, SUB, TABLE, WHERE
from gradcalc.functions.row import Primitive
from gradcalc.language.arrays import matmul
from gradcalc.language.foreign import function as named
from gradcalc.language.making import PLAIN, Array, Maker
from gradcalc.language.reductions import running
from gradcalc.language.structural import STRUCTURAL

Nodes = Callable[[Any], Array]

# --- ufuncs ---------------------------------------------------------------------------------------


@cache
def _by_ufunc() -> dict[Any, Primitive]:
    return {
        primitive.numpy: primitive
        for primitive in TABLE
        if primitive.arity and isinstance(primitive.numpy, np.ufunc)
    }


COMPOSED: dict[str, Callable[..., Any]] = {
    "positive": lambda make, x: x,
    "conjugate": lambda make, x: x,
    "reciprocal": lambda make, x: make.of(DIV, make.number(1), x),
    "deg2rad": lambda make, x: make.of(MUL, x, make.number(pi / 180)),
    "radians": lambda make, x: make.of(MUL, x, make.number(pi / 180)),
    "rad2deg": lambda make, x: make.of(MUL, x, make.number(180 / pi)),
    "degrees": lambda make, x: make.of(MUL, x, make.number(180 / pi)),
    "floor_divide": lambda make, x, y: make.of(FUNCTIONS["floor"], make.of(DIV, x, y)),
    "fmod": lambda make, x, y: _truncated_remainder(make, x, y),
    "heaviside": lambda make, x, at_zero: make.of(
        WHERE, make.of(EQ, x, make.number(0)), at_zero, make.of(FUNCTIONS["heaviside"], x)
    ),
    "matmul": lambda make, x, y: matmul(make.graph, x, y, make.span),
}
"""Ufuncs that are no primitives."""


def _truncated_remainder(make: Maker, x: Array, y: Array) -> Any:
    whole = make.of(FUNCTIONS["trunc"], make.of(DIV, x, y))
    return make.of(SUB, x, make.of(MUL, y, whole))


def ufunc(make: Maker, ufunc: np.ufunc, method: str, operands: list[Array], options: Any) -> Any:
    """A ufunc, or one of its methods."""
    options = {name: value for name, value in options.items() if value is not None}
    if "out" in options:
        raise UsageError(
            f"np.{ufunc.__name__} cannot be traced into an array that is there",
            hint="write y = y + x, and np.zeros_like(x) for an array to assign to",
        )
    composed = COMPOSED.get(ufunc.__name__)
    if method == "__call__" and composed is not None and not options:
        return composed(make, *operands)
    primitive = _by_ufunc().get(ufunc) or FUNCTIONS.get(named(ufunc.__name__) or "")
    if primitive is None or primitive.arity != ufunc.nin:
        return NotImplemented
    if method == "__call__" and not options:
        return make.of(primitive, *operands)
    if method == "outer" and not options:
        x, y = operands
        return make.of(primitive, x.reshape(x.shape + (1,) * y.ndim), y)
    if primitive not in (ADD, MUL, MAX, MIN):
        return NotImplemented
    if method == "reduce" and options.keys() <= {"axis", "keepdims"}:
        axis, keepdims = options.get("axis", 0), options.get("keepdims", False)
        return make.reduced(operands[0], axis, keepdims, lambda line: make.chain(primitive, line))
    if method == "accumulate" and options.keys() <= {"axis"}:
        axis = options.get("axis", 0)
        return make.lanes(operands[0], axis, lambda line: running(make, primitive, line))
    return NotImplemented


# --- functions ------------------------------------------------------------------------------------

JOINS = {"concatenate", "stack", "vstack", "hstack", "dstack", "column_stack"}
REARRANGED = {
    *("roll", "flip", "fliplr", "flipud", "rot90", "swapaxes", "moveaxis", "rollaxis", "squeeze"),
    *("expand_dims", "broadcast_to", "tile", "repeat", "take", "diagonal", "atleast_1d", "delete"),
    *("atleast_2d", "atleast_3d", "split", "array_split", "vsplit", "hsplit", "copy", "ravel"),
    *("matrix_transpose", "permute_dims", "unstack", "transpose", "reshape", "resize"),
}
"""These put elements elsewhere, whatever they are: numpy's own code does it with nodes."""

_RENAMED = {"ord": "p", "newshape": "shape"}
_NOT_NUMPYS = {"dot", "concat", "zeros", "ones", "eye", "softmax", "transpose", "reshape", "ravel"}


def function(make: Maker, name: str, args: Any, kwargs: Any, nodes: Nodes) -> Any:
    """numpy's function ``name``, or ``numpy.linalg``'s."""
    own = _OWN.get(name)
    if own is not None:
        return own(make, nodes, *args, **kwargs)
    if name in JOINS:
        return getattr(np, name)([nodes(array) for array in args[0]], *args[1:], **kwargs)
    if name in REARRANGED:
        return getattr(np, name)(nodes(args[0]), *args[1:], **kwargs)
    word = named(name)
    if word in STRUCTURAL and word not in _NOT_NUMPYS:
        return _structural(make, word, args, kwargs, nodes)
    primitive = FUNCTIONS.get(word or "")
    if primitive is not None and len(args) == primitive.arity and not kwargs:  # np.sinc
        return make.of(primitive, *map(nodes, args))
    return NotImplemented


def _structural(make: Maker, word: str, args: Any, kwargs: Any, nodes: Nodes) -> Any:
    row = STRUCTURAL[word]
    names = ["a", *row.only_by_name] if row.spread else row.names
    given = dict(zip(names, args, strict=False))
    given |= {_RENAMED.get(name, name): value for name, value in kwargs.items()}
    given = {name: value for name, value in given.items() if value is not None}
    if len(args) > len(names) or not given.keys() <= {*names}:
        return NotImplemented
    known = {
        name: _plain(name, value) if name in PLAIN else nodes(value)
        for name, value in given.items()
    }
    if any(value is NotImplemented for value in known.values()):
        return NotImplemented
    first = [known.pop("a")] if row.spread else []
    return row.make.resolve()(make, *first, **known)


def _plain(name: str, value: Any) -> Any:
    if name == "p":
        return {"fro": 2.0}.get(value, NotImplemented) if isinstance(value, str) else float(value)
    try:
        return tuple(map(index, value)) if isinstance(value, tuple | list) else index(value)
    except TypeError:
        return NotImplemented


def _where(make: Maker, nodes: Nodes, *args: Any) -> Any:
    if len(args) != 3:
        raise UsageError("np.where of a condition alone cannot be traced: where it holds differs")
    return make.of(WHERE, *map(nodes, args))


def _select(make: Maker, nodes: Nodes, conditions: Any, choices: Any, default: Any = 0) -> Any:
    made = nodes(default)
    for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
        made = make.of(WHERE, nodes(condition), nodes(choice), made)
    return made


def _clip(
    make: Maker, nodes: Nodes, a: Any, a_min: Any = None, a_max: Any = None, **ends: Any
) -> Any:
    low, high = ends.pop("min", a_min), ends.pop("max", a_max)
    if ends:
        return NotImplemented
    if low is not None and high is not None:
        return make.of(FUNCTIONS["clamp"], nodes(a), nodes(low), nodes(high))
    if low is not None:
        return make.of(MAX, nodes(a), nodes(low))
    return nodes(a) if high is None else make.of(MIN, nodes(a), nodes(high))


def _dot(make: Maker, nodes: Nodes, a: Any, b: Any) -> Any:
    x, y = nodes(a), nodes(b)
    return matmul(make.graph, x, y, make.span) if x.ndim and y.ndim else make.of(MUL, x, y)


def _triangle(keep: Callable[..., Any]) -> Callable[..., Any]:
    def triangle(make: Maker, nodes: Nodes, m: Any, k: int = 0) -> Any:
        array = nodes(m)
        return np.where(keep(np.ones(array.shape, bool), k), array, make.number(0))

    return triangle


def _like(number: float) -> Callable[..., Any]:
    def like(make: Maker, nodes: Nodes, a: Any, *_: Any, shape: Any = None, **__: Any) -> Any:
        return make.full(np.shape(nodes(a)) if shape is None else np.empty(shape).shape, number)

    return like


_OWN: dict[str, Callable[..., Any]] = {
    "where": _where,
    "select": _select,
    "clip": _clip,
    "dot": _dot,
    "matmul": _dot,
    "tril": _triangle(np.tril),
    "triu": _triangle(np.triu),
    "zeros_like": _like(0.0),
    "empty_like": _like(0.0),
    "ones_like": _like(1.0),
    "full_like": lambda make, nodes, a, value, **_: np.broadcast_to(
        nodes(value), nodes(a).shape
    ).copy(),
    "ptp": lambda make, nodes, a, axis=None, **options: make.of(
        SUB,
        _structural(make, "max", (a, axis), options, nodes),
        _structural(make, "min", (a, axis), options, nodes),
    ),
    "append": lambda make, nodes, a, b, axis=None: np.append(nodes(a), nodes(b), axis),
}

THERE_IS = ", ".join(
    sorted(
        name
        for name in {*_OWN, *JOINS, *REARRANGED, *STRUCTURAL} - {"zeros", "ones", "eye"}
        if hasattr(np, name) or hasattr(np.linalg, name)
    )
)
"""For the hint of a refusal."""
