"""Graph → graph: the derivative of a graph as another graph.

The same rules that the engine evaluates on arrays are copied here node by node, so the result can
be evaluated, differentiated again (Hessians, ``create_graph``), checked and printed like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from gradcalc.calculus.rules import Rule, of_partials, rule
from gradcalc.errors import BindingError, Span
from gradcalc.functions.primitives import (
    ADD,
    AND,
    CONSTANT,
    DIV,
    FLOW,
    MUL,
    NEG,
    OR,
    SUB,
    TABLE,
    VARIABLE,
    WHERE,
)
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph, chain
from gradcalc.graph.reach import active
from gradcalc.limits import MOST_RAISED

_ORDINALS = ("first", "second", "third")

Rules = Callable[[Primitive], Rule]
"""Where the partials come from: ``rules.rule`` for numbers, ``rules.plain`` for formulas."""


def no_slope(primitive: Primitive, k: int) -> str:
    """What is said of an order or a parameter that nothing is differentiated by."""
    return f"{primitive.name} has no derivative with respect to its {_ORDINALS[k]} operand here"


def copy(graph: Graph) -> Graph:
    """The same inputs and nodes, under the same numbers; no outputs yet."""
    result = Graph(graph.source)
    result.derived = True
    result.codes = graph.codes[:]
    x, y, z = graph.operands
    result.operands = (x[:], y[:], z[:])
    result.starts, result.ends, result.levels = graph.starts[:], graph.ends[:], graph.levels[:]
    result.constants, result.names = dict(graph.constants), dict(graph.names)
    result.inputs, result.variables = list(graph.inputs), list(graph.variables)
    result._known = dict(graph._known)
    return result


def vjp_graph(graph: Graph, vector: str = "v", rule: Rules = rule) -> Graph:
    """The graph of vᵀJ: the inputs of ``graph``, then ``v[0]``, …; one output per variable."""
    result = copy(graph)
    while any(name.startswith(f"{vector}[") for name in graph.variables):
        vector += "'"  # v of the vjp of a vjp: no name of the user's has an apostrophe
    seeds = [result.variable(f"{vector}[{i}]") for i in range(len(graph.outputs))]
    result.outputs = _Backward(graph, result, rule).sweep(graph.outputs, seeds)
    result.output_names = [f"d/d{name}" for name in graph.variables]
    return result


def jvp_graph(graph: Graph, rule: Rules = rule) -> Graph:
    """The graph of J u: the inputs of ``graph``, then ``u[0]``, …; one output per output of it.

    vᵀJ is linear in v, and its slope in direction v_i, turned back with the seeds u, is (J u)_i.
    """
    turned = vjp_graph(graph, rule=rule)
    count = len(graph.inputs)
    result = vjp_graph(turned, "u", rule)
    for of_inputs in (result.inputs, result.variables):
        del of_inputs[count : len(turned.inputs)]  # v has no say in its own slope
    result.outputs = result.outputs[count:]
    result.output_names = [f"d{name}/du" for name in graph.output_names]
    return result


def gradient_graph(graph: Graph, rule: Rules = rule) -> Graph:
    """The graph of the gradient of the one output: one output per variable, ``df1/dx1``."""
    if len(graph.outputs) != 1:
        raise ValueError(f"the gradient of {len(graph.outputs)} outputs is a Jacobian")
    return jacobian_graph(graph, rule)


def higher_graph(graph: Graph, order: int, rule: Rules = rule) -> Graph:
    """The derivative of this order of the one output of one variable, as the one output. Raises
    BindingError where its formula would be too long."""
    result = graph
    for k in range(order):
        result = gradient_graph(result, rule)
        if len(result) > MOST_RAISED:
            size = f"{len(result):,} operations"
            raise BindingError(
                f"the derivative of order {k + 2} would be of {size}, and the most is "
                f"{MOST_RAISED:,}",
                hint=f"--order {k + 1}",
            )
    marks = str(order).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    result.output_names = [f"{graph.output_names[0]}⁽{marks}⁾"]
    result.notes = list(graph.notes)
    return result


def jacobian_graph(graph: Graph, rule: Rules = rule) -> Graph:
    """The graph of the Jacobian, row by row: output i·n + j is ``df_i/dx_j``.

    The rows share the values and the local partials; slopes that are the same number at every point
    are constants.
    """
    result = copy(graph)
    one = [result.constant(1.0)]
    backward = _Backward(graph, result, rule)
    for output, row in zip(graph.outputs, graph.output_names, strict=True):
        result.outputs += backward.sweep([output], one)
        result.output_names += [f"d{row}/d{name}" for name in graph.variables]
    return result


class _Signed(NamedTuple):
    """A node, or minus a node. Signs are kept apart until the end, so that what is the same but for
    its sign (the slopes of a reaction's rate, in both its balances) is one node."""

    node: int
    minus: bool = False


class _Backward:
    """Reverse sweeps over ``primal``, written down as nodes of ``result``."""

    def __init__(self, primal: Graph, result: Graph, rule: Rules) -> None:
        self.primal = primal
        self.rule = rule
        self.result = result
        self.active = active(primal)

    def sweep(self, outputs: Sequence[int], seeds: Sequence[int]) -> list[int]:
        """The nodes of the inputs' cotangents."""
        primal, result = self.primal, self.result
        contributions: dict[int, list[_Signed]] = {}
        for node, seed in zip(outputs, seeds, strict=True):
            contributions.setdefault(node, []).append(_Signed(seed))
        guarded: set[int] = set()
        waiting = [-node for node in contributions]  # a heap: the last node first
        heapify(waiting)
        while waiting:
            node = -heappop(waiting)
            primitive = TABLE[primal.codes[node]]
            if not self.active[node] or primitive is VARIABLE:
                continue
            span = primal.span(node)
            cotangent = _sum(result, contributions[node], span)
            guard = node in guarded or primitive.selects
            operands = [column[node] for column in primal.operands[: primitive.arity]]
            wanted = frozenset(k for k, operand in enumerate(operands) if self.active[operand])
            orders = wanted.intersection(range(primitive.orders))
            if self.rule is not rule and orders:
                raise BindingError(
                    no_slope(primitive, min(orders)),
                    source=primal.source,
                    span=span,
                    hint="hold it fixed: --param NAME=NUMBER",
                )
            slopes = instantiate(result, self.rule(primitive), operands, node, wanted, span)
            for operand, slope in zip(operands, slopes, strict=True):
                if slope is None:
                    continue
                flow = _times(result, cotangent, slope, FLOW if guard else MUL, span)
                if operand not in contributions:
                    contributions[operand] = []
                    heappush(waiting, -operand)
                contributions[operand].append(flow)
                if guard:
                    guarded.add(operand)
        return [
            _signed(result, _sum(result, contributions[node], primal.span(node)), primal.span(node))
            if node in contributions
            else result.constant(0.0)
            for node in primal.inputs
        ]


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
    for node in sorted(source.constants):  # a constant keeps its formula: sqrt(pi)
        arguments = [copied[column[node]] for column in source.operands if column[node] >= 0]
        if arguments:
            copied[node] = _apply(target, source.codes[node], arguments, span)
        else:
            copied[node] = target.constant(source.constants[node], span, source.names.get(node, ""))
    made = of_partials(partials, tuple(sorted(wanted)))
    for node, primitive, below in made.steps:
        arguments = [copied[argument] for argument in below]
        copied[node] = _apply(target, primitive.code, arguments, span)
    return [None if node is None else copied[node] for node in made.outputs]


def _apply(graph: Graph, code: int, operands: Sequence[int], span: Span) -> int:
    """A node of a rule, less the branches that constant operands decide."""
    constants = graph.constants
    if code == AND.code and any(constants.get(operand) == 0.0 for operand in operands):
        return graph.constant(0.0)
    if code == OR.code and any(constants.get(operand, 0.0) for operand in operands):
        return graph.constant(1.0)
    if code == WHERE.code and operands[0] in constants:
        return operands[1] if constants[operands[0]] else operands[2]
    x, y, z = (*operands, -1, -1)[:3]
    return graph.apply(code, x, y, z, *span)


def _times(graph: Graph, cotangent: _Signed, slope: int, product: Primitive, span: Span) -> _Signed:
    """cotangent · slope, without the multiplications by one."""
    factor = _without_sign(graph, slope, span)
    minus = cotangent.minus != factor.minus
    if _nameless(graph, factor.node) == 1.0:
        return _Signed(cotangent.node, minus)
    if _nameless(graph, cotangent.node) == 1.0:
        return _Signed(factor.node, minus)
    x, y = cotangent.node, factor.node
    if product is MUL:  # in one order, so that what is the same is one node
        x, y = min(x, y), max(x, y)
    return _Signed(graph.apply(product.code, x, y, -1, *span), minus)


def _nameless(graph: Graph, node: int) -> float | None:
    """The value of a number that was written as one. A parameter has none, nor what is made of
    parameters: a formula says their names, whatever their values are."""
    written = graph.codes[node] == CONSTANT.code and node not in graph.names
    return graph.constants.get(node) if written else None


def _without_sign(graph: Graph, node: int, span: Span) -> _Signed:
    """A node as plus or minus another, where its sign stands in front."""
    value = _nameless(graph, node)
    if value is not None:
        return _Signed(graph.constant(-value, span), True) if value < 0 else _Signed(node)
    code, (x, y, _) = graph.codes[node], (column[node] for column in graph.operands)
    if code == NEG.code:
        return _Signed(x, True)
    if code in (MUL.code, DIV.code) and graph.codes[x] == NEG.code and x not in graph.constants:
        return _Signed(graph.apply(code, graph.operands[0][x], y, -1, *span), True)
    return _Signed(node)


def _sum(graph: Graph, terms: Sequence[_Signed], span: Span) -> _Signed:
    """The sum; its sign is that of the first term."""
    minus = terms[0].minus
    same, other = (
        chain(graph, ADD.code, nodes, span) if nodes else None
        for sign in (minus, not minus)
        for nodes in [[term.node for term in terms if term.minus == sign]]
    )
    assert same is not None  # the first term is there
    if other is None:
        return _Signed(same, minus)
    return _Signed(graph.apply(SUB.code, same, other, -1, *span), minus)


def _signed(graph: Graph, term: _Signed, span: Span) -> int:
    """The node itself, its sign put in front again."""
    if not term.minus:
        return term.node
    value = _nameless(graph, term.node)
    if value is not None:
        return graph.constant(-value if value else 0.0, span)
    return graph.apply(NEG.code, term.node, -1, -1, *span)
