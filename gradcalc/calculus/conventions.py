"""A graph with the slopes that another library takes at kinks."""

from __future__ import annotations

import re

from gradcalc.errors import Span
from gradcalc.functions.primitives import (
    ADD,
    CONSTANT,
    CONVENTIONS,
    DIV,
    EQ,
    FUNCTIONS,
    JOINED,
    MUL,
    POW,
    TABLE,
    VARIABLE,
)
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import operands


def _place(graph: Graph, node: int) -> int | None:
    """Of a node that is part of one longer function, of max(x, y, z) or of a norm: 1 for the last
    part, 0 for the others. None for a function of its own."""
    code = graph.codes[node]
    if TABLE[code].arity < 2:
        return None
    span = graph.span(node)
    above = any(
        graph.codes[user] == code and graph.span(user) == span and node in operands(graph, user)
        for user in range(node + 1, len(graph))
    )
    beside = any(
        graph.codes[part] == code and graph.span(part) == span for part in operands(graph, node)
    )
    word = re.match(r"(\w+)\(", graph.text(node))
    known = FUNCTIONS.get(word[1]) if word else TABLE[code]
    alone = known is not None and known.name in TABLE[code].name
    return None if alone and not above and not beside else int(not above)


def stand_in(graph: Graph, node: int, library: str, row: Primitive) -> Primitive:
    """The row by which a library differentiates a node that is a ``row`` of the table."""
    joined = JOINED[library].get(row.code)
    place = None if joined is None else _place(graph, node)
    if joined is not None and place is not None:
        return joined[place]
    if row is POW and operands(graph, node)[1] in graph.constants:
        return row  # x**0 is a product of x's
    return CONVENTIONS[library].get(row.code, row)


def under(graph: Graph, library: str) -> Graph:
    """The same graph with the slopes of a library (``primitives.CONVENTIONS``)."""
    known = CONVENTIONS[library].keys() | JOINED[library].keys()
    if known.isdisjoint(graph.codes):
        return graph
    changed = Graph(graph.source)
    here: list[int] = []
    tied = _Ties(changed)
    for node, code in enumerate(graph.codes):
        span = graph.span(node)
        if code == VARIABLE.code:
            here.append(changed.variable(graph.names[node], span))
        elif code == CONSTANT.code:
            constant, name = graph.constants[node], graph.names.get(node, "")
            here.append(changed.constant(constant, span, name))
        else:
            row, within = TABLE[code], [here[k] for k in operands(graph, node)]
            if code in known:
                row = stand_in(graph, node, library, row)
            if row.arity > len(within):
                within.append(tied.share(within[0], within[1], span))
            x, y, z = (*within, -1, -1)[:3]
            here.append(changed.apply(row.code, x, y, z, *span))
            if row.arity > TABLE[code].arity:
                tied.count(here[node], x, y, span)
    changed.inputs = [here[node] for node in graph.inputs]
    changed.variables = list(graph.variables)
    changed.outputs = [here[node] for node in graph.outputs]
    changed.output_names, changed.notes = list(graph.output_names), list(graph.notes)
    return changed


class _Ties:
    """Of how many operands the extreme of a call is made that are equal to it, as nodes."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._counts: dict[tuple[int, Span], int] = {}

    def _of(self, node: int, span: Span) -> int:
        return self._counts.get((node, span), self._graph.constant(1.0, span))

    def _apply(self, row: Primitive, x: int, y: int, span: Span) -> int:
        return self._graph.apply(row.code, x, y, -1, *span)

    def share(self, x: int, y: int, span: Span) -> int:
        """The part of the slope that the operands of x get if y is as large."""
        ours, theirs = self._of(x, span), self._of(y, span)
        return self._apply(DIV, ours, self._apply(ADD, ours, theirs, span), span)

    def count(self, extreme: int, x: int, y: int, span: Span) -> None:
        """Note the count of ``extreme``, which is x or y or both."""
        first, second = (
            self._apply(MUL, self._of(node, span), self._apply(EQ, node, extreme, span), span)
            for node in (x, y)
        )
        self._counts[extreme, span] = self._apply(ADD, first, second, span)
