"""The partial derivatives of the primitive table, read into small graphs.

``rule(primitive)`` is a graph with inputs named x, y, z and out (those its partials mention) and
one output per operand that has a slope. Everything that differentiates goes through here: the
engine and the eager tensors evaluate a rule on arrays, ``gradcalc.calculus.gradients`` copies it
into a larger graph.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

from gradcalc.functions.primitives import CONSTANT, OPERANDS, TABLE, VARIABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.language import parse

_NAMES = (*OPERANDS, "out")


class Rule(NamedTuple):
    """``outputs[k]`` is the node of the k-th partial, None where no slope flows to operand k."""

    graph: Graph
    outputs: tuple[int | None, ...]


@cache
def rule(primitive: Primitive) -> Rule:
    """The partials of ``primitive`` as one graph, so that what they share is computed once."""
    return _read(primitive.partials)


@cache
def plain(primitive: Primitive) -> Rule:
    """The same as people write it: for formulas, not for numbers."""
    return _read(primitive.plain or primitive.partials)


def _read(partials: tuple[str | None, ...]) -> Rule:
    texts = [partial for partial in partials if partial not in (None, "0")]
    if not texts:
        return Rule(Graph(), (None,) * len(partials))
    graph = parse(", ".join(map(str, texts)), bound=_NAMES, flags_are_numbers=True)
    nodes = iter(graph.outputs)
    flows = (partial not in (None, "0") for partial in partials)
    return Rule(graph, tuple(next(nodes) if flow else None for flow in flows))


def evaluate(
    rule: Rule,
    operands: Sequence[Any],
    out: Any,
    wanted: Collection[int],
    apply: Any = None,
) -> list[Any]:
    """The partials with respect to the ``wanted`` operands, None for the others.

    ``operands`` and ``out`` are arrays that broadcast, or anything else on which ``apply(primitive,
    *operands)`` works; without it, the primitives' numpy functions do. A partial that is one of the
    operands comes back as it is, a constant one as a float.
    """
    recipe = _recipe(rule, tuple(wanted))
    values: dict[int, Any] = dict(rule.graph.constants)
    for operand, node in recipe.inputs:
        values[node] = out if operand is None else operands[operand]
    for node, primitive, below in recipe.steps:
        arguments = [values[argument] for argument in below]
        values[node] = apply(primitive, *arguments) if apply else primitive.numpy(*arguments)
    return [None if node is None else values[node] for node in recipe.outputs]


def reads(rule: Rule, wanted: tuple[int, ...]) -> frozenset[int]:
    """The operands whose numbers the wanted partials need; ``evaluate`` never looks at others."""
    return _recipe(rule, wanted).reads


@cache
def constant_slopes(primitive: Primitive, wanted: tuple[int, ...]) -> list[float] | None:
    """The wanted partials where all are the same everywhere, as those of sums; else None."""
    slopes = rule(primitive)
    constants, outputs = slopes.graph.constants, [slopes.outputs[k] for k in wanted]
    if any(node not in constants for node in outputs):
        return None
    return [constants[node] for node in outputs if node is not None]


class _Recipe(NamedTuple):
    """What ``evaluate`` does: a sweep does it for every group, and finds it out once."""

    inputs: tuple[tuple[int | None, int], ...]  # operand (None: out), node
    steps: tuple[tuple[int, Primitive, tuple[int, ...]], ...]  # node, primitive, its operands
    outputs: tuple[int | None, ...]
    reads: frozenset[int]


@cache
def _recipe(rule: Rule, wanted: tuple[int, ...]) -> _Recipe:
    graph, codes = rule.graph, rule.graph.codes
    outputs = tuple(node if k in wanted else None for k, node in enumerate(rule.outputs))
    steps = tuple(
        (node, primitive, tuple(column[node] for column in graph.operands[: primitive.arity]))
        for node in needed_nodes(rule, frozenset(wanted))
        for primitive in [TABLE[codes[node]]]
    )
    used = {*outputs, *(argument for _, _, below in steps for argument in below)}
    inputs = tuple(
        (None if name == "out" else OPERANDS.index(name), node)
        for name, node in zip(graph.variables, graph.inputs, strict=True)
        if node in used
    )
    read = frozenset(operand for operand, _ in inputs if operand is not None)
    return _Recipe(inputs, steps, outputs, read)


@cache
def mentions(rule: Rule, operand: int) -> frozenset[str]:
    """Which of x, y, z and out the partial with respect to ``operand`` depends on."""
    graph, node = rule.graph, rule.outputs[operand]
    below = {node, *needed_nodes(rule, frozenset([operand]))}
    leaves = {column[n] for n in below if n is not None for column in graph.operands} | below
    return frozenset(graph.names[leaf] for leaf in graph.inputs if leaf in leaves)


@cache
def needed_nodes(rule: Rule, wanted: frozenset[int]) -> list[int]:
    """The nodes to compute for the wanted partials, in order."""
    graph = rule.graph
    needed = {node for k, node in enumerate(rule.outputs) if node is not None and k in wanted}
    for node in range(len(graph) - 1, -1, -1):
        if node in needed and node not in graph.constants:
            needed.update(column[node] for column in graph.operands if column[node] >= 0)
    leaves = (VARIABLE.code, CONSTANT.code)
    return [node for node in sorted(needed)
            if graph.codes[node] not in leaves and node not in graph.constants]  # fmt: skip
