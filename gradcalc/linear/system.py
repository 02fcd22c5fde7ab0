"""Which output of a text is whose equation: states, inputs and measurements, and the blocks of J.

Equations are known by their names, ``dx/dt = …``, ``x' = …``, ``dx = …``, ``x_dot = …``; where none
has such a name, by their order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

from gradcalc.errors import BindingError, Source, Span, count, listed
from gradcalc.functions.primitives import TABLE, VARIABLE
from gradcalc.graph.graph import Graph
from gradcalc.language import parse
from gradcalc.language.names import base

_DERIVATIVE = re.compile(r"(?:d(?P<over>\w+)/d\w+|(?P<prime>\w+)(?P<order>'+))(?P<index>\[.*\])?")
_BARE = re.compile(r"f\d+(\[.*\])?")


class Names(NamedTuple):
    """The names that an option lists, and the text that lists them."""

    option: str
    text: str
    names: tuple[str, ...]

    def error(self, name: str, message: str, hint: str = "") -> BindingError:
        """An error about one of the names, with a caret under it."""
        found = re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", self.text)
        span = Span(*found.span()) if found else None
        return BindingError(message, source=Source(self.text, self.option), span=span, hint=hint)


@dataclass(frozen=True)
class Roles:
    """``equations`` has the number of the output that is each state's derivative, ``measurements``
    those of what is measured; where nothing is, the states are."""

    states: tuple[str, ...]
    inputs: tuple[str, ...]
    equations: tuple[int, ...]
    measurements: tuple[int, ...]
    measured: tuple[str, ...]
    labels: tuple[str, ...]
    """What the equations are called: dx/dt."""

    def blocks(self, entry: Any, zero: Any, one: Any) -> tuple[Any, Any, Any, Any]:
        """A, B, C, D as lists of rows, from ``entry(output, name of a variable)``."""

        def rows(outputs: Sequence[int], names: Sequence[str]) -> list[list[Any]]:
            return [[entry(i, name) for name in names] for i in outputs]

        a, b = rows(self.equations, self.states), rows(self.equations, self.inputs)
        if self.measurements:
            return a, b, rows(self.measurements, self.states), rows(self.measurements, self.inputs)
        c = [[one if i == j else zero for j in self.states] for i in self.states]
        return a, b, c, [[zero] * len(self.inputs) for _ in self.states]


def roles(graph: Graph, own: int, states: Names, inputs: Names) -> Roles:
    """The roles of the outputs of ``graph``, the first ``own`` of which are of the text itself and
    the others of what is measured. Raises BindingError where names and equations do not fit."""
    columns, driving = _expanded(graph, states), _expanded(graph, inputs)
    labels = graph.output_names
    of_state = _by_name(graph, labels[:own], columns, states)
    if of_state is None:
        if own != len(columns):
            raise _wrong_count(graph, own, columns, states)
        equations = list(range(own))
    else:
        for name in columns:
            if name not in of_state:
                raise states.error(
                    base(name),
                    f"the state {name} has no equation",
                    f"add d{name}/dt = …, or leave {base(name)} out of {states.option}",
                )
        equations = [of_state[name] for name in columns]
    taken = set(equations)
    measured = [k for k in range(len(labels)) if k not in taken]
    if of_state is not None:
        for k in measured:
            if k < own and _BARE.fullmatch(labels[k]):
                raise BindingError(
                    f"'{graph.text(graph.outputs[k])}' is neither an equation nor has it a name",
                    source=graph.source,
                    span=graph.span(graph.outputs[k]),
                    hint="as an equation: dx/dt = …; as something that is measured: y = …",
                )
    _require_used(graph, inputs, driving)
    return Roles(
        tuple(columns),
        tuple(driving),
        tuple(equations),
        tuple(measured),
        tuple(_measured(graph, measured)) or tuple(columns),
        tuple(
            labels[k] if of_state is not None else f"d{name}/dt"
            for k, name in zip(equations, columns, strict=True)
        ),
    )


def own(graph: Graph, text: str, then: str, **options: Any) -> int:
    """How many outputs of ``graph`` are of ``text``, and not of what is measured ``then``; it was
    parsed with ``options``."""
    return len(parse(text, **options).outputs) if then else len(graph.outputs)


def likely(graph: Graph) -> tuple[list[str], list[str]]:
    """States and inputs that would fit: of equations with names the states that these name, else
    the first variables, one for each; the other variables are inputs. No states where none fit."""
    labels, variables = graph.output_names, graph.variables
    named = [name for label in labels if (name := _state_of(label, variables)) is not None]
    states = list(dict.fromkeys(map(base, named or variables[: len(labels)])))
    fits = len({*named}) == len(named) if named else len(variables) >= len(labels)
    if not fits or any("'" in name for name in named):
        return [], []
    return states, list(dict.fromkeys(b for v in variables if (b := base(v)) not in states))


def require_apart(states: Names, inputs: Names) -> None:
    """Raises BindingError for a name that is there twice."""
    for given in (states, inputs):
        for name in given.names:
            if given.names.count(name) > 1:
                raise given.error(name, f"{given.option} names '{name}' twice")
    for name in inputs.names:
        if name in states.names:
            raise inputs.error(
                name,
                f"'{name}' is in {inputs.option} and in {states.option}",
                f"leave {name} out of one of them",
            )


def _expanded(graph: Graph, given: Names) -> list[str]:
    """The columns of the names: of an array, its elements."""
    found: list[str] = []
    for name in given.names:
        inside = [v for v in graph.variables if name in (v, base(v))]
        found += inside or [name]
    return found


def _by_name(
    graph: Graph, labels: Sequence[str], columns: Sequence[str], states: Names
) -> Mapping[str, int] | None:
    """The equations by state; None where no label is that of a derivative."""
    found: dict[str, int] = {}
    strangers: list[tuple[int, str]] = []
    for k, label in enumerate(labels):
        name = _state_of(label, columns)
        if name is None:
            continue
        if name in found:
            raise BindingError(
                f"{name} has two equations, {labels[found[name]]} and {label}",
                source=graph.source,
                span=graph.span(graph.outputs[k]),
            )
        if name in columns:
            found[name] = k
        else:
            strangers.append((k, name))
    for k, name in strangers:
        second = labels[k].endswith("''")
        hint = f"{states.option} {','.join((*states.names, base(name)))}"
        if second:
            stem = name.rstrip("'")
            hint = f"give the slope a name: d{stem}/dt = v; dv/dt = …, and {states.option} {stem},v"
        raise BindingError(
            f"{labels[k]} is {'a second derivative' if second else f'an equation for {name}'}, "
            f"and {'a model has first ones' if second else f'{name} is no state'}",
            source=graph.source,
            span=graph.span(graph.outputs[k]),
            hint=hint,
        )
    return found or None


def _state_of(label: str, columns: Sequence[str]) -> str | None:
    """The variable that ``label`` says it is the derivative of, state or not."""
    match = _DERIVATIVE.fullmatch(label)
    if match:
        index = match["index"] or ""
        order = match["order"] or "'"
        return f"{match['over'] or match['prime']}{order[1:]}{index}"
    stem, _, rest = label.partition("[")
    for name in columns:
        word, _, place = name.partition("[")
        if stem in (f"d{word}", f"{word}_dot", f"{word}dot") and rest == place:
            return name
    return None


def _wrong_count(graph: Graph, own: int, columns: Sequence[str], states: Names) -> BindingError:
    equations = count(own, "equation", "equations")
    example = f"d{columns[0]}/dt = …" if columns else "dx/dt = …"
    return BindingError(
        f"{equations} for {count(len(columns), 'state', 'states')}: {listed(columns)}",
        source=graph.source,
        span=Span(0, len(graph.source.text)),
        hint=f"as many as states, in their order, or with names: {example}\n"
        "what is measured goes into --measure",
    )


def _require_used(graph: Graph, inputs: Names, driving: Sequence[str]) -> None:
    """An input that nothing reads is a slip of the pen."""
    read = set(graph.variables) - {note.split(" ")[0] for note in graph.notes if _ABSENT in note}
    for name in driving:
        if name not in read:
            close = get_close_matches(name, sorted(read), 1)
            raise inputs.error(
                base(name),
                f"the input {name} does not occur in the expression",
                f"did you mean {close[0]}?" if close else f"it has {listed(sorted(read))}",
            )


_ABSENT = "does not occur in the expression"


def remarks(graph: Graph, states: Sequence[str]) -> list[str]:
    """The notes on the text, less those that a state has no say in any equation."""
    absent = {f"{name} {_ABSENT}" for name in states}
    return [note for note in graph.notes if not any(note.startswith(told) for told in absent)]


def _measured(graph: Graph, outputs: Sequence[int]) -> list[str]:
    """What measurements are called: their names, that of the variable, or y1, y2, …"""
    names = []
    for k, output in enumerate(outputs):
        node, label = graph.outputs[output], graph.output_names[output]
        if _BARE.fullmatch(label):
            label = graph.names[node] if TABLE[graph.codes[node]] is VARIABLE else f"y{k + 1}"
        names.append(label)
    return names
