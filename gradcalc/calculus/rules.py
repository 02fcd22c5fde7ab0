"""The partial derivatives of the primitive table, read into small graphs.

``rule(primitive)`` is a graph with inputs named x, y, z and out (those its partials mention) and
one output per operand that has a slope. Everything that differentiates goes through here: a
``Recipe`` says in what order its nodes come about, and is read three times over: ``evaluate`` makes
arrays of them, or whatever ``apply`` works on (the steps of ``engine.recorded``),
``gradients.instantiate`` nodes of a larger graph, and ``autograd.operations.formula`` what an eager
tensor has to keep.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

from gradcalc.functions.primitives import OPERANDS, TABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed, operands
from gradcalc.language import parse

_NAMES = (*OPERANDS, "out")
_OUT = len(OPERANDS)


class Rule(NamedTuple):
    """``outputs[k]`` is the node of the k-th partial, None where no slope flows to operand k."""

    graph: Graph
    outputs: tuple[int | None, ...]


@cache
def rule(primitive: Primitive) -> Rule:
    """The partials of ``primitive`` as one graph, so that what they share is computed once."""
    partials = primitive.partials
    if primitive.ordered:  # there is no slope by an order: a NaN, to any order of differentiation
        nothing = " + ".join(f"{x} - {x}" for x in OPERANDS[: primitive.arity])
        partials = (f"({nothing})/0",) * primitive.orders + partials[primitive.orders :]
    return _read(partials)


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


@cache
def condition(text: str) -> Rule:
    """A condition of the table, where a function has a kink or jumps, as a rule of one output."""
    return _read((text,))


class Recipe(NamedTuple):
    """How some nodes of a small graph come about, in order.

    ``inputs`` are places in (x, y, z, out) and the nodes that hold them; ``constants`` nodes and
    their numbers; ``steps`` a node each, the primitive that makes it, and its operands.
    """

    inputs: tuple[tuple[int, int], ...]
    constants: tuple[tuple[int, float], ...]
    steps: tuple[tuple[int, Primitive, tuple[int, ...]], ...]
    outputs: tuple[int | None, ...]


@cache
def recipe(graph: Graph, outputs: tuple[int | None, ...]) -> Recipe:
    """What it takes to make ``outputs``, and nothing else."""
    roots = [node for node in outputs if node is not None]
    nodes = needed(graph, roots, closed=graph.constants)
    names = dict(zip(graph.inputs, graph.variables, strict=True))
    return Recipe(
        inputs=tuple((_NAMES.index(names[node]), node) for node in nodes if node in names),
        constants=tuple((node, graph.constants[node]) for node in nodes if node in graph.constants),
        steps=tuple(
            (node, TABLE[graph.codes[node]], operands(graph, node))
            for node in nodes
            if node not in names and node not in graph.constants
        ),
        outputs=outputs,
    )


@cache
def of_partials(rule: Rule, wanted: tuple[int, ...]) -> Recipe:
    """The recipe of the wanted partials; its outputs are None for the other operands."""
    outputs = (node if k in wanted else None for k, node in enumerate(rule.outputs))
    return recipe(rule.graph, tuple(outputs))


def evaluate(
    rule: Rule,
    given: Sequence[Any],
    out: Any,
    wanted: Collection[int],
    apply: Any = None,
) -> list[Any]:
    """The partials with respect to the ``wanted`` operands, None for the others.

    ``given``, the operands, and ``out`` are arrays that broadcast, or anything else on which
    ``apply(primitive, *operands)`` works; without it, the primitives' numpy functions do. A partial
    that is one of the operands comes back as it is, a constant one as a float.
    """
    made = of_partials(rule, tuple(wanted))
    values: dict[int, Any] = dict(made.constants)
    for place, node in made.inputs:
        values[node] = out if place == _OUT else given[place]
    for node, primitive, below in made.steps:
        arguments = [values[argument] for argument in below]
        values[node] = apply(primitive, *arguments) if apply else primitive.numpy(*arguments)
    return [None if node is None else values[node] for node in made.outputs]


@cache
def reads(rule: Rule, wanted: tuple[int, ...]) -> frozenset[int]:
    """The operands whose numbers the wanted partials need; ``evaluate`` never looks at others."""
    return frozenset(place for place, _ in of_partials(rule, wanted).inputs if place != _OUT)


@cache
def constant_slopes(primitive: Primitive, wanted: tuple[int, ...]) -> list[float] | None:
    """The wanted partials where all are the same everywhere, as those of sums; else None."""
    slopes = rule(primitive)
    constants, outputs = slopes.graph.constants, [slopes.outputs[k] for k in wanted]
    if any(node not in constants for node in outputs):
        return None
    return [constants[node] for node in outputs if node is not None]


@cache
def mentions(rule: Rule, operand: int) -> frozenset[str]:
    """Which of x, y, z and out the partial with respect to ``operand`` depends on."""
    return frozenset(_NAMES[place] for place, _ in of_partials(rule, (operand,)).inputs)
