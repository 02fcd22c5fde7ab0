"""The traced graph: flat, single static assignment, hash-consed. Data only.

Nodes are numbered in the order in which they were made, operands before users, so that a plain
``for`` over the numbers is a topological walk and nothing ever recurses. A node is a row across a
few parallel arrays; the arrays are ``array.array``, so that a million nodes cost 32 MB and numpy
can look at them without a copy.

A constant sub-expression (``pi/4``) keeps its nodes, operands and spans, and its value stands
beside it in ``constants``: the engine uses the number, the sympy check and the printers the
formula.
"""

from __future__ import annotations

import gc
import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from gradcalc.errors import ExpressionError, Source, Span
from gradcalc.functions.primitives import (
    CONSTANT,
    POW,
    SQUARE,
    TABLE,
    VARIABLE,
)
from gradcalc.functions.row import Primitive

NOWHERE = Span(0, 0)

Key = int | tuple[Any, ...]
"""What a node is, so that it is made once: ``node_key``, ``(VARIABLE, name)``, or a constant's
``(CONSTANT, value, its sign, name)``."""

LeafKey = tuple[Any, ...]

_POW, _SQUARE = POW.code, SQUARE.code


class BulkBuilding:
    """No garbage collection meanwhile: it would look in vain through millions of small tuples."""

    def __enter__(self) -> None:
        self._collecting = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._collecting:
            gc.enable()


class Node(NamedTuple):
    """One node, gathered for reading and printing."""

    primitive: Primitive
    operands: tuple[int, ...]
    span: Span
    level: int


class Graph:
    """Inputs, nodes and outputs, all by node number.

    ``variables[j]`` names ``inputs[j]`` (column j of the Jacobian); ``output_names[i]`` names
    ``outputs[i]`` (row i). ``names`` has the name of every variable and named constant.
    """

    def __init__(self, source: Source = Source("")) -> None:  # noqa: B008  (immutable)
        self.source = source
        self.codes = array("i")
        self.operands = (array("i"), array("i"), array("i"))  # -1 where there is none
        self.starts = array("i")
        self.ends = array("i")
        self.levels = array("i")
        self.constants: dict[int, float] = {}
        self.names: dict[int, str] = {}
        self.inputs: list[int] = []
        self.variables: list[str] = []
        self.outputs: list[int] = []
        self.output_names: list[str] = []
        self.notes: list[str] = []  # what a reader of the text should be told
        self.derived = False  # no text says it: a constant of it may overflow
        self.array_work = 0  # elements that array operations made while the text was read
        self._known: dict[Key, int] = {}

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, node: int) -> Node:
        primitive = TABLE[self.codes[node]]
        operands = tuple(column[node] for column in self.operands[: primitive.arity])
        return Node(primitive, operands, self.span(node), self.levels[node])

    def __iter__(self) -> Iterator[Node]:
        return map(self.__getitem__, range(len(self)))

    def span(self, node: int) -> Span:
        """The characters of the source that this node came from (where it first stood)."""
        return Span(self.starts[node], self.ends[node])

    def text(self, node: int) -> str:
        """The user's own text for this node."""
        return self.source.text[self.starts[node] : self.ends[node]]

    # --- building -----------------------------------------------------------------------------

    def variable(self, name: str, span: Span = NOWHERE) -> int:
        """A new input, or the one of this name."""
        return self._leaf((VARIABLE, name), span)

    def constant(self, value: float, span: Span = NOWHERE, name: str = "") -> int:
        """The number ``value``; ``name`` where it has one (pi, a parameter)."""
        return self._leaf(constant_key(value, name), span)

    def _leaf(self, key: LeafKey, span: Span) -> int:
        node = self._known.get(key)
        if node is None:
            node = len(self.codes)
            self.codes.append(key[0].code)
            for column in self.operands:
                column.append(-1)
            self.levels.append(0)
            self.starts.append(span.start)
            self.ends.append(span.end)
            self._enter(key, node)
        return node

    def _enter(self, key: LeafKey, node: int) -> None:
        """Note a new leaf."""
        self._known[key] = node
        name = key[-1]
        if key[0] is VARIABLE:
            self.inputs.append(node)
            self.variables.append(name)
        else:
            self.constants[node] = key[1]
        if name:
            self.names[node] = name

    def apply(
        self, code: int, x: int, y: int = -1, z: int = -1, start: int = 0, end: int = 0
    ) -> int:
        """The primitive ``code`` of nodes x, y, z: a new node, or the one that is already there."""
        constants = self.constants
        if code == _POW and constants.get(y) == 2.0:
            code, y = _SQUARE, -1
        key: Key = (code << 56) + (y << 28) + x + y if z < 0 else (code, x, y, z)  # node_key
        node = self._known.get(key)
        if node is not None:
            return node
        levels = self.levels
        level = levels[x]
        if y >= 0 and levels[y] > level:
            level = levels[y]
        if z >= 0 and levels[z] > level:
            level = levels[z]
        node = self._known[key] = len(self.codes)
        self.codes.append(code)
        xs, ys, zs = self.operands
        xs.append(x)
        ys.append(y)
        zs.append(z)
        levels.append(level + 1)
        self.starts.append(start)
        self.ends.append(end)
        if x in constants and (y < 0 or y in constants) and (z < 0 or z in constants):
            self._fold(node, code, [constants[k] for k in (x, y, z) if k >= 0])
        return node

    def apply_all(self, codes: Any, xs: Any, ys: Any, starts: Any, ends: Any) -> Sequence[int]:
        """``apply`` to many pairs of nodes, one after the other: arrays of numpy. The codes are not
        that of a power."""
        import numpy as np  # deferred, as below

        keys = node_key(codes, xs, ys).tolist()  # type: ignore[union-attr]
        known, fixed = self._known, [*self.constants]
        plain = not (np.isin(xs, fixed) & np.isin(ys, fixed)).any()
        if not plain or len(set(keys)) < len(keys) or not known.keys().isdisjoint(keys):
            given = [column.tolist() for column in (codes, xs, ys, starts, ends)]
            return list(map(self.apply, *given[:3], repeat(-1), *given[3:]))
        levels = np.frombuffer(self.levels, np.intc)
        below = np.maximum(levels[xs], levels[ys])
        del levels  # while it is looked at it cannot grow
        rows = codes, xs, ys, np.full_like(xs, -1), below + 1, starts, ends
        nodes = range(len(self), len(self) + len(keys))
        known.update(zip(keys, nodes, strict=True))
        self._extend(np.ascontiguousarray(row, np.intc) for row in rows)
        return nodes

    def find(self, key: Key) -> int | None:
        return self._known.get(key)

    def known(self, keys: Iterable[Key]) -> dict[Key, int]:
        """Those of ``keys`` that have a node, with it."""
        known = self._known
        return {key: known[key] for key in known.keys() & keys}

    def adopt(
        self, leaves: Mapping[int, LeafKey], inner: Iterable[tuple[Key, int]], rows: Iterable[Any]
    ) -> None:
        """Nodes that were made elsewhere and are new here: ``rows`` are C integers, the columns of
        this class from ``codes`` to ``ends``. ``leaves`` and ``inner`` have the keys by which they
        will be found again."""
        self._known.update(inner)
        for node, key in leaves.items():
            self._enter(key, node)
        self._extend(rows)

    def _extend(self, rows: Iterable[Any]) -> None:
        columns = self.codes, *self.operands, self.levels, self.starts, self.ends
        for column, row in zip(columns, rows, strict=True):
            column.frombytes(memoryview(row).cast("B"))

    def _fold(self, node: int, code: int, operands: Sequence[float]) -> None:
        """Note the value of a constant node, unless undefined: that is for the run to report."""
        value = folded(code, operands)
        if math.isfinite(value):
            self.constants[node] = value
        elif math.isinf(value) and not self.derived:
            raise ExpressionError(
                f"'{_shorten(self.text(node))}' overflows: the largest double is about 1.8e308",
                source=self.source,
                span=self.span(node),
            )


def node_key(code: int, x: int, y: int, z: int = -1) -> Key:
    """One integer where there are two operands at most: the quickest to look up, above all if its
    low bits change with both. (There are at most 128 primitives; 2**27 nodes would take 40 GB.)"""
    return (code << 56) + (y << 28) + x + y if z < 0 else (code, x, y, z)


def constant_key(value: float, name: str = "") -> LeafKey:
    # copysign: 0.0 == -0.0, and they are different numbers.
    return CONSTANT, value, math.copysign(1.0, value), name


def folded(code: int, operands: Sequence[float]) -> float:
    """The primitive of constants: a NaN where it has no value, an infinity where arithmetic
    overflows."""
    arithmetic = _ARITHMETIC.get(code)
    try:
        if arithmetic is not None:
            value = arithmetic(*operands)
            return value if all(map(math.isfinite, operands)) else math.nan
        import numpy  # deferred: a syntax error must come back without it

        with numpy.errstate(all="ignore"):
            value = float(TABLE[code].numpy(*operands))
    except (ValueError, ZeroDivisionError):
        return math.nan  # a pole or a domain error
    except OverflowError:
        return math.inf
    return value if math.isfinite(value) else math.nan


# Python's own arithmetic is numpy's bit for bit, and needs no numpy at start-up.
_ARITHMETIC = {p.code: p.mpmath for p in TABLE if p.arithmetic} | {POW.code: math.pow}


def _shorten(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


LEFT_TO_RIGHT = 32
"""A chain of at most this many terms is added from left to right, to the bit as Python would;
a longer one in a balanced tree: fewer levels for the engine, and less rounding."""


def chain(graph: Graph, code: int, nodes: list[int], span: Span) -> int:
    """One associative operator over many nodes."""
    apply, start, end = graph.apply, span.start, span.end
    if len(nodes) <= LEFT_TO_RIGHT:
        total = nodes[0]
        for node in nodes[1:]:
            total = apply(code, total, node, -1, start, end)
        return total
    while len(nodes) > 1:
        pairs = zip(nodes[::2], nodes[1::2], strict=False)
        odd = nodes[-1:] if len(nodes) % 2 else []
        nodes = [apply(code, a, b, -1, start, end) for a, b in pairs] + odd
    return nodes[0]
