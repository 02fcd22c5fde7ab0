"""sympy's limit of an output of one variable, a second witness where no ball proves one."""

from __future__ import annotations

from typing import Any

from gradcalc.functions.digits import context
from gradcalc.functions.loading import loaded
from gradcalc.functions.primitives import CONSTANT, TABLE, VARIABLE
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed, operands

_DIGITS, _LARGEST = 40, 60
"""Nodes; of more, sympy's limits take minutes."""


def limit(graph: Graph, output: int, x: float, sign: int) -> Any:
    """The limit at ``x`` from the left (-1) or the right (1) as an mpmath number; None where sympy
    has none. It may run away: to be called under an alarm."""
    sp = loaded("sympy")  # deferred: 300 ms

    nodes = needed(graph, [graph.outputs[output]])
    if len(nodes) > _LARGEST:
        return None
    symbol, known = sp.Symbol("x", real=True), dict[int, Any]()
    try:
        for node in nodes:
            code = graph.codes[node]
            if code == VARIABLE.code:
                known[node] = symbol
            elif code == CONSTANT.code:
                known[node] = sp.Rational(*graph.constants[node].as_integer_ratio())
            else:
                known[node] = TABLE[code].sympy(*(known[k] for k in operands(graph, node)))
        place = sp.Rational(*float(x).as_integer_ratio())
        found = sp.limit(known[graph.outputs[output]], symbol, place, "+" if sign > 0 else "-")
        if found.has(sp.Limit, sp.AccumBounds, sp.nan, sp.zoo) or found.free_symbols:
            return None
        mp = context()
        with mp.workdps(_DIGITS):
            return mp.mpf(str(found.evalf(_DIGITS)).replace("oo", "inf"))
    except (ArithmeticError, TypeError, ValueError, AttributeError, NotImplementedError,
            RecursionError):  # fmt: skip
        return None  # sympy's own mistakes, as in its oracle
