"""A derivative of high order, as a coefficient of the power series that Arb makes of the formula.

The chain rule is not in it, so it is no witness of itself, however often it was applied.
"""

from __future__ import annotations

from math import factorial

from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.compare import LIMIT, error
from gradcalc.check.structure import Outline
from gradcalc.graph.graph import Graph

_BITS = 128
"""Of the numbers; and so many more for every order, as rounding grows with it."""
_FOR_EACH = 32


def by_series(
    graph: Graph, x: float, order: int, ours: float, scale: float, budget: float
) -> bool | None:
    """Whether ``ours`` is the derivative of this order of the one output of one variable; None
    where the series does not tell."""
    try:
        from gradcalc.check.enclosures.oracle import as_double, middle, precision
        from gradcalc.check.enclosures.point import Point, UnenclosedError
        from gradcalc.check.enclosures.sides import Sides
    except ImportError:
        return None
    deadline, outline = Deadline(budget), Outline(graph)
    try:
        with deadline.alarm(), precision(_BITS + _FOR_EACH * order):
            point = Point(outline, [x], deadline)
            sides = Sides(outline, point, deadline, terms=order + 2)
            ball = sides.coefficient(order) * factorial(order)
            if not ball.is_finite() or as_double(ball) is None:
                return None
            return error(ours, middle(ball), scale) <= LIMIT
    except (OutOfTime, UnenclosedError):
        return None
