"""An expression at a point: what a user asks about, read and fitted together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradcalc.errors import BindingError
from gradcalc.graph.graph import Graph
from gradcalc.language import parse
from gradcalc.language.points import Given, Number, bind, regular, shapes

if TYPE_CHECKING:
    from gradcalc.engine.program import Program


@dataclass(frozen=True)
class Problem:
    """A graph and the point it is asked about.

    ``x`` has the coordinates in the order of ``graph.variables``; ``at`` the same as they were
    bound: numbers, and nested lists for array variables.
    """

    graph: Graph
    x: list[float]
    at: dict[str, Number]

    def program(self) -> Program:
        """The graph, ready to run (this is where numpy is first needed)."""
        from gradcalc.engine.program import Program

        return Program(self.graph)


def pose(
    text: str,
    *,
    name: str = "",
    at: Sequence[Given] = (),
    parameters: Sequence[Given] = (),
    wrt: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
) -> Problem:
    """Read ``text`` and fit the point to it.

    Values of ``at`` whose names are not in ``wrt`` are constants, as if they were parameters.
    Raises ExpressionError and BindingError, with spans.
    """
    fixed = constants(parameters)
    columns = list(at)
    if wrt is not None:
        bases = {label.partition("[")[0] for label in wrt}
        columns = [item for item in at if not item.name or item.name in bases]
        held = [item for item in at if item.name and item.name not in bases]
        fixed |= {item.name: item.value for item in held}
    graph = parse(
        text,
        name=name,
        shapes=shapes(columns),
        parameters=fixed,
        bound=[item.name for item in columns if item.name],
        wrt=wrt,
        outputs=outputs,
    )
    _require_point(graph, columns)
    x = bind(columns, graph.variables, "variables", "--at") if columns else []
    return Problem(graph, x, _as_bound(columns, graph.variables, x))


def constants(parameters: Sequence[Given]) -> dict[str, Number]:
    """The values of --param by name. Raises BindingError for one without a name."""
    for item in parameters:
        if not item.name:
            raise BindingError(
                "--param binds by name", source=item.source, span=item.span, hint="--param k=9.81"
            )
    return {item.name: item.value for item in parameters}


def _require_point(graph: Graph, columns: Sequence[Given]) -> None:
    if graph.variables and not columns:
        shown, count = graph.variables[:6], len(graph.variables)
        more = f", … ({count} in all)" if count > len(shown) else ""
        hint = f"for example --at {','.join(f'{label}=1' for label in shown)}"
        raise BindingError(
            f"no value for the variable{'s' * (count > 1)} {', '.join(shown)}{more}",
            hint="--at @FILE reads as many numbers as there are variables" if more else hint,
        )


def _as_bound(
    columns: Sequence[Given], variables: Sequence[str], x: Sequence[float]
) -> dict[str, Any]:
    if any(item.name for item in columns):
        return {item.name: item.value for item in columns}
    return dict(zip(variables, x, strict=True))


def from_python(values: Mapping[str, Any] | Sequence[float] | None) -> dict[str, Number]:
    """Numbers, nested lists and arrays from a Python caller, as plain numbers and lists."""
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise TypeError("values by name are a mapping")
    return {name: _plain(value, name) for name, value in values.items()}


def _plain(value: Any, name: str) -> Number:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return regular([_plain(item, name) for item in value], name)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise BindingError(f"the value of '{name}' is not made of numbers") from None
