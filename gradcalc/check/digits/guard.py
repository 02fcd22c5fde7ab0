"""Guard digits: how many more than asked for a run must carry, because ``1 + 1e-160`` or
``tanh(300)`` loses them on the way.

Two runs that agree have not both lost the same digits, unless a sum swallows a number whole:
``log(1 + x**2)`` is 0 at x = 1e-160 with 100 digits and with 200. So the magnitudes of one run tell
how many digits the next ones need.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradcalc.check.structure import SUMS
from gradcalc.engine.exact import HUGE, call, is_tame
from gradcalc.functions.digits import context
from gradcalc.functions.primitives import POW, TABLE
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import operands

_FAR = 16  # from here on a function may be level to all digits
_CURVED = frozenset(p.code for p in TABLE if p.arity and not is_tame(p) and p is not POW)
_STEPS = frozenset(p.code for p in TABLE if p.flat)


def reserve(graph: Graph, nodes: Iterable[int], values: dict[int, Any]) -> int:
    """Digits to add, from the values of a first run."""
    most = 0
    for node in nodes:
        code = graph.codes[node]
        if code in SUMS:
            x, y = (_mag(values[operand]) for operand in operands(graph, node))
            bits = abs(x - y) if x is not None and y is not None else 0
        elif code == POW.code:
            x, y = (_mag(values[operand]) or 0 for operand in operands(graph, node))
            bits = max(y, 0) + abs(x).bit_length()  # x**y is exp(y*log(x))
        elif code in _CURVED or code in _STEPS:
            bits = max(_swallowed(code, values[operand]) for operand in operands(graph, node))
        else:
            continue
        if most < bits <= HUGE:
            most = bits
    return int(0.302 * most)


def _swallowed(code: int, x: Any) -> int:
    """The bits of a function's operand that do not show in its value."""
    mag = _mag(x)
    if mag is None:
        return 0
    if abs(x) > _FAR and TABLE[code].levels:
        return _level(code, x)
    if code in _CURVED and mag < 0:
        return -2 * mag  # cos(x) is 1 - x**2/2
    return max(mag, 0)


def _level(code: int, x: Any) -> int:
    """How many bits it takes to see that the function still moves."""
    mp = context()
    bits = 128
    while bits < HUGE:
        with mp.workprec(bits):
            if call(code, (x,)) != call(code, (x + x / 1024,)):
                return bits
        bits *= 2
    return 0


def _mag(x: Any) -> int | None:
    """The place of the first bit before the point; None of 0, infinities and NaN."""
    _, mantissa, exponent, bits = x._mpf_
    return exponent + bits if mantissa else None
