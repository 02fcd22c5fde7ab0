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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from gradcalc.errors import ExpressionError, Source, Span
from gradcalc.primitives import (
    ADD,
    CONSTANT,
    DIV,
    MUL,
    NEG,
    POW,
    SQUARE,
    SUB,
    TABLE,
    VARIABLE,
    Primitive,
)

NOWHERE = Span(0, 0)
_POW, _SQUARE = POW.code, SQUARE.code


@contextmanager
def bulk_building() -> Iterator[None]:
    """No garbage collection meanwhile: it would look in vain through millions of small tuples."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
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
        self.array_work = 0  # elements that array operations made while the text was read
        self._known: dict[tuple[object, ...], int] = {}

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
        node = self._known.get((VARIABLE, name))
        if node is None:
            node = self._append(VARIABLE.code, -1, -1, -1, 0, span.start, span.end)
            self._known[VARIABLE, name] = node
            self.names[node] = name
            self.inputs.append(node)
            self.variables.append(name)
        return node

    def constant(self, value: float, span: Span = NOWHERE, name: str = "") -> int:
        """The number ``value``; ``name`` where it has one (pi, a parameter)."""
        # copysign: 0.0 == -0.0, and they are different numbers.
        key = (CONSTANT, value, math.copysign(1.0, value), name)
        node = self._known.get(key)
        if node is None:
            node = self._append(CONSTANT.code, -1, -1, -1, 0, span.start, span.end)
            self._known[key] = node
            self.constants[node] = value
            if name:
                self.names[node] = name
        return node

    def apply(
        self, code: int, x: int, y: int = -1, z: int = -1, start: int = 0, end: int = 0
    ) -> int:
        """The primitive ``code`` of nodes x, y, z: a new node, or the one that is already there."""
        constants = self.constants
        if code == _POW and constants.get(y) == 2.0:
            code, y = _SQUARE, -1
        key = (code, x, y, z)
        node = self._known.get(key)
        if node is not None:
            return node
        levels = self.levels
        level = levels[x]
        if y >= 0 and levels[y] > level:
            level = levels[y]
        if z >= 0 and levels[z] > level:
            level = levels[z]
        # As _append does it: of all that is done to a text, most is done here.
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

    def _append(self, code: int, x: int, y: int, z: int, level: int, start: int, end: int) -> int:
        node = len(self.codes)
        self.codes.append(code)
        xs, ys, zs = self.operands
        xs.append(x)
        ys.append(y)
        zs.append(z)
        self.levels.append(level)
        self.starts.append(start)
        self.ends.append(end)
        return node

    def _fold(self, node: int, code: int, operands: Sequence[float]) -> None:
        """Note the value of a constant node, unless undefined: that is for the run to report."""
        arithmetic = _ARITHMETIC.get(code)
        try:
            if arithmetic is not None:
                value = arithmetic(*operands)
            else:
                import numpy  # deferred: a syntax error must come back without it

                with numpy.errstate(all="ignore"):
                    value = float(TABLE[code].numpy(*operands))
        except (ValueError, ZeroDivisionError):
            return  # a pole or a domain error
        except OverflowError:
            value = math.inf
        if math.isfinite(value):
            self.constants[node] = value
        elif arithmetic is not None and all(map(math.isfinite, operands)):
            raise ExpressionError(
                f"'{_shorten(self.text(node))}' overflows: the largest double is about 1.8e308",
                source=self.source,
                span=self.span(node),
            )


# Python's own arithmetic is numpy's bit for bit, and needs no numpy at start-up.
_ARITHMETIC: dict[int, Callable[..., float]] = {
    ADD.code: lambda x, y: x + y,
    SUB.code: lambda x, y: x - y,
    MUL.code: lambda x, y: x * y,
    DIV.code: lambda x, y: x / y,
    NEG.code: lambda x: -x,
    POW.code: math.pow,
    SQUARE.code: lambda x: x * x,
}


def _shorten(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
