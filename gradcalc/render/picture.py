"""The traced graph, for eyes and for drawing programs: a listing, DOT, Mermaid, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gradcalc.errors.text import safe
from gradcalc.functions.primitives import CONSTANT, TABLE, VARIABLE
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed
from gradcalc.render.frame import framed
from gradcalc.render.numbers import exact, shown
from gradcalc.render.records import RECORDS

Values = Sequence[float] | None


class Line(NamedTuple):
    """A node that the outputs need."""

    node: int
    what: str
    operands: tuple[int, ...]
    text: str
    value: float | None


def lines(graph: Graph, values: Values = None) -> list[Line]:
    """The needed nodes in order; ``values`` has one number per node, or there is no point."""
    return [
        Line(
            node,
            _what(graph, node),
            _operands(graph, node),
            " ".join(graph.text(node).split()),
            _value(graph, node, values),
        )
        for node in needed(graph, graph.outputs + graph.inputs, closed=graph.constants)
    ]


def _operands(graph: Graph, node: int) -> tuple[int, ...]:
    """The operands to draw; a constant is drawn as its number, without its formula."""
    return () if node in graph.constants else graph[node].operands


def _what(graph: Graph, node: int) -> str:
    if node in graph.constants:
        return graph.names.get(node) or exact(graph.constants[node])
    if graph.codes[node] == VARIABLE.code:
        return graph.names[node]
    return TABLE[graph.codes[node]].name


def _value(graph: Graph, node: int, values: Values) -> float | None:
    if node in graph.constants:
        return graph.constants[node]
    return None if values is None else float(values[node])


def render_listing(graph: Graph, values: Values = None, digits: int | None = None) -> str:
    """One node a line, operands before users: number, operation, value, the user's text."""
    rows = []
    for line in lines(graph, values):
        call = line.what
        if line.operands:
            call = f"{line.what}({', '.join(f'%{operand}' for operand in line.operands)})"
        is_leaf = graph.codes[line.node] in (VARIABLE.code, CONSTANT.code)
        value = "" if line.value is None or call == exact(line.value) else shown(line.value, digits)
        rows.append((f"%{line.node}", safe(call), value, "" if is_leaf else safe(line.text)))
    widths = [max((len(row[k]) for row in rows), default=0) for k in range(4)]
    listing = [
        f"{a:>{widths[0]}} = {b:{widths[1]}}  {c:{widths[2]}}  {d}".rstrip() for a, b, c, d in rows
    ]
    outputs = [f"{name} = %{node}" for name, node in _outputs(graph)]
    return "\n".join([*listing, f"outputs: {', '.join(outputs)}", ""])


def render_dot(graph: Graph, values: Values = None, digits: int | None = None) -> str:
    """For Graphviz: ``gradcalc graph EXPR --format dot | dot -Tsvg``."""
    text = ["digraph gradcalc {", "  rankdir=BT;", '  node [fontname="sans-serif"];']
    for line in lines(graph, values):
        shape = "ellipse" if line.operands else "box"
        label = json.dumps(_label(line, digits), ensure_ascii=False)
        text.append(f"  n{line.node} [label={label}, shape={shape}];")
        text += [f"  n{operand} -> n{line.node};" for operand in line.operands]
    for i, (name, node) in enumerate(_outputs(graph)):
        text.append(f"  out{i} [label={json.dumps(name)}, shape=plaintext];")
        text.append(f"  n{node} -> out{i};")
    return "\n".join([*text, "}", ""])


def render_mermaid(graph: Graph, values: Values = None, digits: int | None = None) -> str:
    """For Markdown pages that draw Mermaid."""
    text = ["flowchart BT"]
    for line in lines(graph, values):
        label = _label(line, digits).replace('"', "#quot;").replace("\n", "<br>")
        left, right = ("([", "])") if line.operands else ("[", "]")
        text.append(f'  n{line.node}{left}"{label}"{right}')
        text += [f"  n{operand} --> n{line.node}" for operand in line.operands]
    for i, (name, node) in enumerate(_outputs(graph)):
        text.append(f'  n{node} --> out{i}["{name}"]')
    return "\n".join([*text, ""])


def record(graph: Graph, values: Values = None) -> dict[str, Any]:
    """Nodes with operands, spans and values."""
    nodes = [
        {
            "node": line.node,
            "operation": TABLE[graph.codes[line.node]].name,
            "name": graph.names.get(line.node),
            "operands": list(line.operands),
            "text": line.text,
            "span": list(graph.span(line.node)),
            "value": line.value,
        }
        for line in lines(graph, values)
    ]
    at = {} if values is None else {
        name: values[node] for name, node in zip(graph.variables, graph.inputs, strict=True)
    }  # fmt: skip
    body = {"nodes": nodes, "results": list(graph.outputs)}
    return framed("graph", graph.variables, graph.output_names, at, body, notes=graph.notes)


def _recorded(written: Callable[[dict[str, Any]], str]) -> Callable[..., str]:
    return lambda graph, values=None, digits=None: written(record(graph, values))


def _label(line: Line, digits: int | None) -> str:
    label = safe(line.what)
    if line.value is None or label == exact(line.value):
        return label
    return f"{label}\n{shown(line.value, digits)}"


def _outputs(graph: Graph) -> list[tuple[str, int]]:
    return list(zip(graph.output_names, graph.outputs, strict=True))


PICTURES: dict[str, Callable[..., str]] = {
    "table": render_listing,
    "dot": render_dot,
    "mermaid": render_mermaid,
    **{name: _recorded(written) for name, written in RECORDS.items()},
}
"""Graph formats by name."""
