"""May a batch of slopes leave its values uncomputed, and up to which inputs?

At many points only slopes are computed, where they are all that was asked for. But a slope may be
a number where the value is none: log(x) has the slope 1/x by formula, at -1 too. A value is NaN
where a function was asked for outside its domain, or where an overflow met another (inf - inf,
0 * inf, sin(inf)). Where neither can happen unseen, the values need not be looked at: they are
finite, or a slope is not.
"""

from __future__ import annotations

from gradcalc.functions.primitives import (
    DIV,
    MUL,
    SQUARE,
    TABLE,
    VARIABLE,
)
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import active

_LARGE = 1e30
"""A growing function or a quotient that is larger has a slope that is larger still; no steep one
is. What neither grows nor is steep is at most ``_MORE`` larger than the sum of its operands."""
_MORE = 4.0
"""Of a function of neither kind: what it may add to the sizes of its operands."""
_SAFE = 1e300
"""Of a value: no larger one is let pass, so that none overflows unseen."""
_MAGNITUDES = (1e100, 1e30)


def telling_below(graph: Graph) -> float:
    """Up to which magnitude of the inputs some slope is not finite wherever a value is undefined;
    0 where that cannot be promised, and the values have to be looked at."""
    primitives = [TABLE[code] for code in graph.codes]
    if _has_fixed_overflow(graph):
        return 0.0
    if not all(primitive.tells for primitive in primitives) and any(
        primitive.domain or _grows(primitive) for primitive in primitives
    ):
        return 0.0
    for magnitude in _MAGNITUDES:
        if _largest(graph, primitives, magnitude) <= _SAFE:
            return magnitude
    return 0.0


def _has_fixed_overflow(graph: Graph) -> bool:
    """Whether something is not finite wherever the point is: exp(1000), which no slope knows of.
    What is finite has become a constant."""
    moving = active(graph)
    return not all(moving[node] or node in graph.constants for node in range(len(graph)))


def _grows(primitive: Primitive) -> bool:
    """Whether it overflows on its own; of products the operands tell."""
    return not primitive.arithmetic and primitive.grows


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
        elif primitive.steep or _grows(primitive):
            bound = _LARGE
        else:
            bound = sum(sizes, _MORE)
        bounds.append(bound)
    return max(bounds, default=0.0)
