"""An expression at a point: what a user asks about, read and fitted together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gradcalc.errors import BindingError
from gradcalc.functions.primitives import CONSTANTS
from gradcalc.graph.graph import Graph
from gradcalc.language import parse
from gradcalc.language.names import base, spelled, unread
from gradcalc.language.points import Given, Number, bind, regular, require_name, shapes


class Problem(NamedTuple):
    """A graph and the point it is asked about.

    ``x`` has the coordinates in the order of ``graph.variables``; ``at`` the same as they were
    bound: numbers, and nested lists for array variables. ``fixed`` are the constants by name.
    """

    graph: Graph
    x: list[float]
    at: dict[str, Number]
    fixed: dict[str, Number]


def pose(
    text: str,
    *,
    name: str = "",
    at: Sequence[Given] = (),
    parameters: Sequence[Given] = (),
    wrt: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    then: str = "",
) -> Problem:
    """Read ``text`` (and ``then``, as ``parse`` has it) and fit the point to it.

    Values of ``at`` whose names are not in ``wrt`` are constants, as if they were parameters.
    Raises ExpressionError and BindingError, with spans.
    """
    given = settled(at, parameters, wrt)
    graph = parse(text, name=name, outputs=outputs, then=then, **given.for_parse)
    text = graph.source.text
    _require_point(graph, given.columns)
    _require_read(text, given, graph.variables)
    try:
        x = bind(given.columns, graph.variables, "variables", "--at") if given.columns else []
    except BindingError as error:
        _mention_constants(error, text, given, graph.variables)
        raise
    return Problem(graph, x, _as_bound(given.columns, graph.variables, x), given.fixed)


class Settled(NamedTuple):
    """Which of the given values are coordinates (``columns``), and which are held fixed.

    ``fixed`` has every constant by name, those of --param and those of --at that are not in
    ``wrt``; ``held`` the latter.
    """

    columns: list[Given]
    held: list[Given]
    fixed: dict[str, Number]
    wrt: Sequence[str] | None

    @property
    def for_parse(self) -> dict[str, Any]:
        """What ``parse`` is told of it."""
        return {
            "shapes": shapes(self.columns),
            "parameters": self.fixed,
            "bound": [item.name for item in self.columns if item.name],
            "wrt": self.wrt,
        }


def settled(at: Sequence[Given], parameters: Sequence[Given], wrt: Sequence[str] | None) -> Settled:
    """What --at, --param and --wrt make of the names in them.

    Values of ``at`` whose names are not in ``wrt`` are constants, as if they were parameters.
    Raises BindingError for a name that is given a value twice.
    """
    fixed = constants(parameters)
    for item in at:
        if item.name in fixed:
            raise BindingError(
                f"'{item.name}' is in --at and in --param: a variable or a constant?",
                source=item.source,
                span=item.span,
                hint=f"leave {item.name} out of one of them",
            )
    columns, held = list(at), []
    if wrt is not None:
        bases = {base(spelled(label, "--wrt")) for label in wrt}
        columns = [item for item in at if not item.name or base(item.name) in bases]
        held = [item for item in at if item.name and base(item.name) not in bases]
    fixed |= once(held, "--at")
    return Settled(columns, held, fixed, wrt)


def _mention_constants(
    error: BindingError, text: str, given: Settled, variables: Sequence[str]
) -> None:
    """``a*e`` has one variable, unless something says that e is one too."""
    bound = {*map(base, variables), *given.fixed}
    named = [name for name in CONSTANTS if name not in bound and not unread([name], text)]
    if named and not any(item.name for item in given.columns):
        columns = ",".join([*dict.fromkeys(map(base, variables)), *named])
        error.hint += f"\n{named[0]} is a constant here; as a variable: --wrt {columns}"


def constants(parameters: Sequence[Given]) -> dict[str, Number]:
    """The values of --param by name. Raises BindingError for one without a name, or given twice."""
    for item in parameters:
        require_name(item, "--param")
    return once(parameters, "--param")


def once(given: Sequence[Given], option: str) -> dict[str, Number]:
    """The values by name. Raises BindingError for a name with two values."""
    found: dict[str, Number] = {}
    for item in given:
        if item.name in found:
            raise BindingError(
                f"{option} binds '{item.name}' twice", source=item.source, span=item.span
            )
        found[item.name] = item.value
    return found


def _require_read(text: str, given: Settled, variables: Sequence[str]) -> None:
    """A value that is held fixed and that nothing reads is a slip of the pen."""
    missing = unread([item.name for item in given.held], text)
    for item in given.held:
        if item.name in missing:
            columns = ",".join([*dict.fromkeys(map(base, variables)), item.name])
            raise BindingError(
                f"--at binds '{item.name}', and it does not occur in the expression",
                source=item.source,
                span=item.span,
                hint=f"leave it out, or for a column of zeros: --wrt {columns}",
            )


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
