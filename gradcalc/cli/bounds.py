"""What is too large to be printed, refused before it is computed."""

from __future__ import annotations

from gradcalc.errors import BindingError
from gradcalc.graph.graph import Graph
from gradcalc.limits import MOST_ENTRIES

_OTHERWISE = {
    "jacobian": "jacobian --sparse prints the entries that can be nonzero; vjp and jvp are vectors",
    "hessian": "hvp is its product with a vector",
}


def require_printable(graph: Graph, kind: str) -> None:
    """Raises BindingError for a Jacobian or a Hessian of more than MOST_ENTRIES entries."""
    rows = len(graph.inputs) if kind == "hessian" else len(graph.outputs)
    columns = len(graph.inputs)
    if kind in _OTHERWISE and rows * columns > MOST_ENTRIES:
        raise BindingError(
            f"the {kind.capitalize()} would have {rows:,} × {columns:,} entries, and the most is "
            f"{MOST_ENTRIES:,}",
            hint=_OTHERWISE[kind],
        )
