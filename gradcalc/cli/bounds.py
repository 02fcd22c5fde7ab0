"""What is too large to be printed, refused before it is computed."""

from __future__ import annotations

import math

from gradcalc.calculus.kinds import Kind
from gradcalc.errors import BindingError
from gradcalc.graph.graph import Graph
from gradcalc.limits import MOST_ENTRIES


def require_printable(graph: Graph, kind: Kind) -> None:
    """Raises BindingError for a Jacobian or a Hessian of more than MOST_ENTRIES entries."""
    shape = kind.shape(len(graph.outputs), len(graph.inputs))
    if kind.otherwise and math.prod(shape) > MOST_ENTRIES:
        size = " × ".join(f"{length:,}" for length in shape)
        raise BindingError(
            f"the {kind.title} would have {size} entries, and the most is {MOST_ENTRIES:,}",
            hint=kind.otherwise,
        )
