"""Do the slopes at a point tell whether its values are undefined, or infinite?

At many points only slopes are computed, where they are all that was asked for. But a slope may be
a number where the value is none: log(x) has the slope 1/x by formula, at -1 too. A value is NaN
where a function was asked for outside its domain, or where an overflow met another (inf - inf,
0 * inf, sin(inf)). Where neither can happen unseen, the values need not be looked at: they are
finite, or a slope is not.
"""

from __future__ import annotations

from gradcalc.calculus.gradients import active
from gradcalc.functions.primitives import (
    ADD,
    CONSTANT,
    COS,
    DIV,
    EXP,
    FUNCTIONS,
    MUL,
    NEG,
    SIN,
    SQUARE,
    SUB,
    TABLE,
    VARIABLE,
)
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph

CARRYING = (VARIABLE, CONSTANT, ADD, SUB, MUL, DIV, NEG, SQUARE, EXP, SIN, COS)
"""Through these a slope that is not finite stays so, whatever it is multiplied by."""

GROWING = (
    EXP,
    *(
        FUNCTIONS[name]
        for name in ("exp2", "expm1", "sinh", "cosh", "expx2", "erfi", "elu", "leaky_relu")
    ),
)
"""These overflow on their own."""

STEEP = (FUNCTIONS["tan"], FUNCTIONS["sec"])
"""No double is so near to a pole that these exceed ``_LARGE``. What is in none of these lists, and
has all numbers for its domain, is at most ``_MORE`` larger than the sum of its operands."""

_LARGE = 1e30
"""A growing function or a quotient that is larger has a slope that is larger still."""
_MORE = 4.0
"""Of a function of neither kind: what it may add to the sizes of its operands."""
_SAFE = 1e300
"""Of a value: no larger one is let pass, so that none overflows unseen."""
_MAGNITUDES = (1e100, 1e30)


def telling_below(graph: Graph) -> float:
    """Up to which magnitude of the inputs some slope is not finite wherever a value is undefined;
    0 where that cannot be promised, and the values have to be looked at."""
    primitives = [TABLE[code] for code in graph.codes]
    if _has_fixed_overflow(graph, primitives):
        return 0.0
    if not all(primitive in CARRYING for primitive in primitives):
        if any(primitive.domain or primitive in GROWING for primitive in primitives):
            return 0.0
    elif DIV in primitives:
        moving = active(graph)
        quotients = (node for node, primitive in enumerate(primitives) if primitive is DIV)
        if not all(moving[node] or node in graph.constants for node in quotients):
            return 0.0
    for magnitude in _MAGNITUDES:
        if _largest(graph, primitives, magnitude) <= _SAFE:
            return magnitude
    return 0.0


def _has_fixed_overflow(graph: Graph, primitives: list[Primitive]) -> bool:
    """Whether something is not finite wherever the point is: exp(1000), which no slope knows of.
    What is finite has become a constant."""
    depends: list[bool] = []
    for node, primitive in enumerate(primitives):
        operands = [column[node] for column in graph.operands[: primitive.arity]]
        depends.append(primitive is VARIABLE or any(depends[operand] for operand in operands))
        if not depends[-1] and node not in graph.constants:
            return True
    return False


def _largest(graph: Graph, primitives: list[Primitive], magnitude: float) -> float:
    """No value is larger, but those of which a slope tells."""
    bounds: list[float] = []
    for node, primitive in enumerate(primitives):
        sizes = [bounds[column[node]] for column in graph.operands[: primitive.arity]]
        if node in graph.constants:
            bound = abs(graph.constants[node])
        elif primitive is VARIABLE:
            bound = magnitude
        elif primitive is MUL:
            bound = sizes[0] * sizes[1]
        elif primitive is SQUARE:
            bound = sizes[0] * sizes[0]
        elif primitive is DIV:
            bound = sizes[0] * _LARGE
        elif primitive in GROWING or primitive in STEEP:
            bound = _LARGE
        else:
            bound = sum(sizes, _MORE)
        bounds.append(bound)
    return max(bounds, default=0.0)
