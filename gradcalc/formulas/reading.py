"""A graph as terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from gradcalc.formulas.terms import Terms
from gradcalc.functions.primitives import (
    ADD,
    CONSTANT,
    DIV,
    FLOW,
    FUNCTIONS,
    MUL,
    NE,
    NEG,
    OPERANDS,
    OUTWEIGHS,
    PEAK,
    POW,
    SQUARE,
    SUB,
    TABLE,
    VARIABLE,
)
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed
from gradcalc.language import parse

_POWERS = {FUNCTIONS["sqrt"].code: Fraction(1, 2), SQUARE.code: Fraction(2)}
"""What is a power by another name."""


def read(graph: Graph, terms: Terms, bound: Mapping[str, int] | None = None) -> dict[int, int]:
    """The terms of all nodes that the outputs of ``graph`` need; ``bound`` are those of names.

    Raises UnwritableError for a constant that has none.
    """
    bound = bound or {}
    found: dict[int, int] = {}
    units = _units(graph)
    for node in needed(graph, graph.outputs):
        primitive = TABLE[graph.codes[node]]
        if node in units:
            found[node] = terms.number(1)
        elif primitive is VARIABLE or (primitive is CONSTANT and node in graph.names):
            name = graph.names[node]
            found[node] = bound[name] if name in bound else terms.symbol(name)
        elif primitive is CONSTANT:
            found[node] = terms.double(graph.constants[node], graph.source.text)
        else:
            operands = [found[column[node]] for column in graph.operands[: primitive.arity]]
            found[node] = _read(terms, primitive, operands)
    return found


def _units(graph: Graph) -> set[int]:
    """The peaks in units of which something is computed, lest it overflows: as many as are divided
    by are multiplied with, and a formula needs none."""
    peaks = {node for node, code in enumerate(graph.codes) if code == PEAK.code}
    peaks -= {*graph.outputs}
    for node in range(len(graph) - 1, -1, -1) if peaks else ():
        code, (x, *others) = graph.codes[node], (column[node] for column in graph.operands)
        if code == DIV.code:
            peaks.discard(x)
        elif code not in (MUL.code, FLOW.code) and node not in peaks:
            peaks -= {x, *others}
    return peaks


def _read(terms: Terms, primitive: Primitive, operands: Sequence[int]) -> int:
    if primitive is ADD:
        return terms.plus([(1, operand) for operand in operands])
    if primitive is SUB:
        return terms.plus([(1, operands[0]), (-1, operands[1])])
    if primitive is NEG:
        return terms.plus([(-1, operands[0])])
    if primitive in (MUL, FLOW):
        return terms.times(*operands)
    if primitive is DIV:
        return terms.times(operands[0], terms.power(operands[1], terms.number(-1)))
    if primitive is POW:
        return terms.power(*operands)
    if primitive.code in _POWERS:
        return terms.power(operands[0], terms.number(_POWERS[primitive.code]))
    if primitive is OUTWEIGHS and operands[1] == terms.number(0):
        return terms.call(NE, operands)
    if not primitive.spoken and primitive.made:  # nobody could type it
        made = parse(primitive.made, bound=OPERANDS, flags_are_numbers=True)
        named = dict(zip(OPERANDS, operands, strict=False))
        return read(made, terms, named)[made.outputs[0]]
    return terms.call(primitive, operands)
