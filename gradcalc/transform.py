"""Graph → graph: the derivative of a graph as another graph.

The same rules that the engine evaluates on arrays are copied here node by node, so the result can be
evaluated, differentiated again (Hessians, ``create_graph``), checked and printed like any other.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradcalc.errors import Span
from gradcalc.graph import Graph
from gradcalc.language.arrays import chain
from gradcalc.primitives import (
    ADD,
    AND,
    CONSTANT,
    FLOW,
    MUL,
    NEG,
    TABLE,
    VARIABLE,
    WHERE,
    Primitive,
)
from gradcalc.rules import Rule, needed_nodes, rule


def copy(graph: Graph) -> Graph:
    """The same inputs and nodes, under the same numbers; no outputs yet."""
    result = Graph(graph.source)
    result.codes = graph.codes[:]
    x, y, z = graph.operands
    result.operands = (x[:], y[:], z[:])
    result.starts, result.ends, result.levels = graph.starts[:], graph.ends[:], graph.levels[:]
    result.constants, result.names = dict(graph.constants), dict(graph.names)
    result.inputs, result.variables = list(graph.inputs), list(graph.variables)
    result._known = dict(graph._known)
    return result


def vjp_graph(graph: Graph, vector: str = "v") -> Graph:
    """The graph of vᵀJ: inputs are those of ``graph``, then ``v[0]``, …; one output per variable."""
    result = copy(graph)
    seeds = [result.variable(f"{vector}[{i}]") for i in range(len(graph.outputs))]
    _backward(result, graph.outputs, seeds, graph)
    return result


def gradient_graph(graph: Graph) -> Graph:
    """The graph of the gradient of the one output: one output per variable, ``df1/dx1``."""
    if len(graph.outputs) != 1:
        raise ValueError(f"the gradient of {len(graph.outputs)} outputs is a Jacobian")
    result = copy(graph)
    _backward(result, graph.outputs, [result.constant(1.0)], graph)
    result.output_names = [f"d{graph.output_names[0]}/d{name}" for name in graph.variables]
    return result


def _backward(
    result: Graph, outputs: Sequence[int], seeds: Sequence[int], primal: Graph
) -> None:
    """Append the reverse sweep to ``result`` and make the inputs' cotangents its outputs."""
    active = _active(primal)
    contributions: dict[int, list[int]] = {}
    guarded: set[int] = set()
    for node, seed in zip(outputs, seeds, strict=True):
        contributions.setdefault(node, []).append(seed)
    for node in range(len(primal) - 1, -1, -1):
        if node not in contributions or not active[node]:
            continue
        primitive = TABLE[primal.codes[node]]
        if primitive is VARIABLE:
            continue
        span = primal.span(node)
        cotangent = chain(result, ADD.code, contributions.pop(node), span)
        guard = node in guarded or primitive.selects
        operands = [column[node] for column in primal.operands[: primitive.arity]]
        wanted = frozenset(k for k, operand in enumerate(operands) if active[operand])
        slopes = instantiate(result, rule(primitive), operands, node, wanted, span)
        for operand, slope in zip(operands, slopes, strict=True):
            if slope is None:
                continue
            flow = _times(result, cotangent, slope, FLOW if guard else MUL, span)
            contributions.setdefault(operand, []).append(flow)
            if guard:
                guarded.add(operand)
    zero = result.constant(0.0)
    result.outputs = [
        chain(result, ADD.code, contributions[node], primal.span(node))
        if node in contributions
        else zero
        for node in primal.inputs
    ]
    result.output_names = [f"d/d{name}" for name in primal.variables]


def _active(graph: Graph) -> bytearray:
    """Which nodes depend on an input."""
    active = bytearray(len(graph))
    for node in graph.inputs:
        active[node] = 1
    leaves = (VARIABLE.code, CONSTANT.code)
    for node, code in enumerate(graph.codes):
        if code not in leaves and node not in graph.constants:
            operands = (column[node] for column in graph.operands)
            active[node] = any(operand >= 0 and active[operand] for operand in operands)
    return active


def instantiate(
    target: Graph,
    partials: Rule,
    operands: Sequence[int],
    out: int,
    wanted: frozenset[int],
    span: Span,
) -> list[int | None]:
    """The nodes of the wanted partials, copied into ``target`` over its own operands."""
    source = partials.graph
    place = {"out": out} | dict(zip(("x", "y", "z"), operands, strict=False))
    copied = {node: place[name] for name, node in zip(source.variables, source.inputs, strict=True)}
    for node, value in source.constants.items():
        copied[node] = target.constant(value, span, source.names.get(node, ""))
    for node in needed_nodes(partials, wanted):
        arguments = [copied[column[node]] for column in source.operands if column[node] >= 0]
        copied[node] = _apply(target, source.codes[node], arguments, span)
    return [
        copied[node] if node is not None and k in wanted else None
        for k, node in enumerate(partials.outputs)
    ]


def _apply(graph: Graph, code: int, operands: Sequence[int], span: Span) -> int:
    """A node of a rule, less the branches that constant operands decide."""
    constants = graph.constants
    if code == AND.code and any(constants.get(operand) == 0.0 for operand in operands):
        return graph.constant(0.0)
    if code == WHERE.code and operands[0] in constants:
        return operands[1] if constants[operands[0]] else operands[2]
    return graph.apply(code, *operands, start=span.start, end=span.end)


def _times(graph: Graph, cotangent: int, slope: int, product: Primitive, span: Span) -> int:
    """cotangent · slope, without the multiplications by one."""
    one, minus_one = graph.constants.get(slope) == 1.0, graph.constants.get(slope) == -1.0
    if one:
        return cotangent
    if minus_one:
        return graph.apply(NEG.code, cotangent, -1, -1, *span)
    if graph.constants.get(cotangent) == 1.0:
        return slope
    return graph.apply(product.code, cotangent, slope, -1, *span)
