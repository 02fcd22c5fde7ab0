"""Graph → statements of no particular language: what is computed where.

What only one branch of a ``where`` uses is computed in that branch; what is used once stands where
it is used. ``prepared`` first replaces what a language lacks, where that is short, by what it is
made of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from gradcalc.code.language import Language
from gradcalc.errors import GradcalcError
from gradcalc.functions.primitives import CONSTANT, FLOW, MUL, NE, OPERANDS, TABLE, VARIABLE, WHERE
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import BulkBuilding, Graph
from gradcalc.graph.reach import needed, operands
from gradcalc.language import parse

SHORT = 4
"""Nodes of what stands in the place of a primitive; longer ones are functions of their own."""

DEEPEST = 12
"""Branches within branches; what is deeper is computed before it is known to be wanted."""


class MissingError(GradcalcError):
    """A primitive that a language has not, and cannot be made of others."""


@cache
def definition(primitive: Primitive) -> Graph:
    """What a primitive is made of, as a graph of x, y, z with one output."""
    return parse(primitive.made, bound=OPERANDS, flags_are_numbers=True)


def prepared(graph: Graph, language: Language) -> Graph:
    """A graph of what the language has and of functions to be made.

    Raises MissingError.
    """
    return _rebuilt(graph, language, SHORT)


def inlined(graph: Graph) -> Graph:
    """A graph in which everything is what it is made of, to see all conditions on the way."""
    return _rebuilt(graph, None, len(TABLE) * SHORT)


def _rebuilt(graph: Graph, language: Language | None, short: int) -> Graph:
    with BulkBuilding():
        return _copied(graph, language, short)


def _copied(graph: Graph, language: Language | None, short: int) -> Graph:
    result = Graph()
    result.derived = graph.derived
    names = dict(zip(graph.inputs, graph.variables, strict=True))
    made = {node: result.variable(name) for node, name in names.items()}
    for node in needed(graph, graph.outputs, closed=graph.constants):
        if node in names:
            continue
        if node in graph.constants:
            made[node] = result.constant(graph.constants[node])
            continue
        below = [made[operand] for operand in operands(graph, node)]
        made[node] = _made(result, TABLE[graph.codes[node]], below, language, short)
    result.outputs = [made[output] for output in graph.outputs]
    return result


def _made(
    result: Graph, primitive: Primitive, below: list[int], language: Language | None, short: int
) -> int:
    if primitive is FLOW:  # nothing flows back to a branch that is not taken, nor is it computed
        condition, flow = below
        if TABLE[result.codes[condition]].boolean and condition not in result.constants:
            return result.apply(WHERE.code, condition, flow, result.constant(0.0))
        some = result.apply(NE.code, condition, result.constant(0.0))
        product = result.apply(MUL.code, condition, flow)
        if some in result.constants:
            return product if result.constants[some] else result.constant(0.0)
        return result.apply(WHERE.code, some, product, result.constant(0.0))
    if language is not None and primitive.name in language.functions:
        return result.apply(primitive.code, *below)
    if not primitive.made:
        if language is None or primitive.steps:
            return result.apply(primitive.code, *below)
        raise MissingError(f"{language.title} has no {primitive.name}", hint=others(primitive))
    inside = definition(primitive)
    if len(inside) - len(inside.inputs) - len(inside.constants) > short:
        return result.apply(primitive.code, *below)
    places = dict(zip(OPERANDS, below, strict=False))
    copied = {
        node: places[name] for node, name in zip(inside.inputs, inside.variables, strict=True)
    }
    for node in needed(inside, inside.outputs, closed=inside.constants):
        if node in inside.constants:
            copied[node] = result.constant(inside.constants[node])
        elif node not in copied:
            of = [copied[operand] for operand in operands(inside, node)]
            copied[node] = _made(result, TABLE[inside.codes[node]], of, language, short)
    return copied[inside.outputs[0]]


def others(primitive: Primitive) -> str:
    """Which languages have a primitive."""
    from gradcalc.code.languages import LANGUAGES

    having = [name for name, one in LANGUAGES.items() if primitive.name in one.functions]
    return f"{', '.join(having)} can: --to {having[0]}" if having else "no language here has it"


# --- where things are computed --------------------------------------------------------------------


@dataclass(eq=False)
class Scope:
    """The whole, or a branch of a ``where``: the nodes that are computed in it, in order."""

    parent: Scope | None = None
    depth: int = 0
    nodes: list[int] = field(default_factory=list)


class Arranged(NamedTuple):
    """``root`` has all that is always computed; ``branches`` the scopes of the ``where`` nodes, for
    what their second operand needs and their third; ``uses`` counts how often a node is used, as
    an operand or as an output."""

    graph: Graph
    root: Scope
    branches: Mapping[tuple[int, int], Scope]
    uses: Mapping[int, int]


def arrange(graph: Graph, outputs: Collection[int], eager: bool) -> Arranged:
    """Put every node that is needed into the smallest scope that has all its users."""
    root = Scope()
    branches: dict[tuple[int, int], Scope] = {}
    uses = Counter(outputs)
    scopes = dict.fromkeys(outputs, root)
    order = needed(graph, outputs, closed=graph.constants)
    for node in reversed(order):
        if node in graph.constants:
            continue
        scope = scopes[node]
        for k, operand in enumerate(operands(graph, node)):
            here = scope
            if k and graph.codes[node] == WHERE.code and not eager and scope.depth < DEEPEST:
                here = branches.setdefault((node, k), Scope(scope, scope.depth + 1))
            scopes[operand] = _meet(scopes[operand], here) if operand in scopes else here
            uses[operand] += 1
    leaves = (VARIABLE.code, CONSTANT.code)
    for node in order:
        if node not in graph.constants and graph.codes[node] not in leaves:
            scopes[node].nodes.append(node)
    return Arranged(graph, root, branches, uses)


def _meet(a: Scope, b: Scope) -> Scope:
    while a is not b:
        if a.depth < b.depth:
            a, b = b, a
        assert a.parent is not None
        a = a.parent
    return a
