"""Where the formula has no derivative at the point, and which convention the engine used there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gradcalc import rules
from gradcalc.check.structure import operands, slopes, varying
from gradcalc.engine import Program
from gradcalc.errors import Span
from gradcalc.graph import Graph
from gradcalc.language import parse
from gradcalc.primitives import OPERANDS, TABLE, Primitive

_LONGEST = 40  # characters of the user's text in a note


@dataclass(frozen=True)
class Kink:
    """A node without a derivative at the point.

    ``text`` is the user's text for it, ``condition`` what makes it a kink there, in the user's
    terms ("x1 = 0"); ``slopes`` are the partials that the engine uses, for the operands
    that depend on a variable.
    """

    node: int
    primitive: Primitive
    span: Span
    text: str
    condition: str
    slopes: tuple[float, ...]

    @property
    def note(self) -> str:
        """One sentence for the notes under an answer."""
        used = " and ".join(f"{slope:g}" for slope in self.slopes)
        plural = "s" if len(self.slopes) > 1 else ""
        return (
            f"{self.text} has a kink at {self.condition}: "
            f"slope{plural} {used} used (PyTorch's choice)"
        )


def kinks(program: Program, x: Mapping[str, Any] | Sequence[float] | Any) -> list[Kink]:
    """The kinks that the derivative at the point ``x`` goes through, in the order of the graph.

    Kinks in a branch that is not taken, in an operand of ``max`` that is not the larger one, or in
    what depends on no variable are not among them.
    """
    graph = program.graph
    suspects = [node for node, code in enumerate(graph.codes) if TABLE[code].kink]
    if not suspects:
        return []
    values = program.values(x)
    with np.errstate(all="ignore"):
        found = [node for node in suspects if _is_kink(graph, node, values)]
        if not found:
            return []
        alive, varies = _alive(graph, values), varying(graph)
        return [
            _describe(graph, node, values, varies) for node in found if alive[node] and varies[node]
        ]


def _is_kink(graph: Graph, node: int, values: Any) -> bool:
    condition = _condition(TABLE[graph.codes[node]])
    known = dict(condition.constants)
    within = operands(graph, node)
    for name, place in zip(condition.variables, condition.inputs, strict=True):
        known[place] = values[within[OPERANDS.index(name)]]
    for place in range(len(condition)):
        if place not in known:
            primitive, arguments = condition[place][:2]
            known[place] = primitive.numpy(*(known[argument] for argument in arguments))
    return bool(known[condition.outputs[0]])


@cache
def _condition(primitive: Primitive) -> Graph:
    return parse(primitive.kink, bound=OPERANDS, flags_are_numbers=True)


def _alive(graph: Graph, values: Any) -> bytearray:
    """A mark for each node that a cotangent of some output reaches."""
    alive = bytearray(len(graph))
    for node in graph.outputs:
        alive[node] = 1
    for node in range(len(graph) - 1, -1, -1):
        if alive[node]:
            for operand in _reached(graph, node, values):
                alive[operand] = 1
    return alive


def _reached(graph: Graph, node: int, values: Any) -> tuple[int, ...]:
    primitive = TABLE[graph.codes[node]]
    if not primitive.selects:
        return slopes(graph, node)
    within = operands(graph, node)
    return tuple(
        operand
        for operand, slope in zip(within, _partials(graph, node, values), strict=True)
        if slope
    )


def _partials(graph: Graph, node: int, values: Any) -> list[float]:
    """The engine's partials at a node; 0 for an operand that no slope flows to."""
    primitive = TABLE[graph.codes[node]]
    within = operands(graph, node)
    rule = rules.rule(primitive)
    wanted = [k for k, place in enumerate(rule.outputs) if place is not None]
    numbers = rules.evaluate(rule, [values[operand] for operand in within], values[node], wanted)
    return [0.0 if number is None else float(number) for number in numbers]


def _describe(graph: Graph, node: int, values: Any, varies: bytearray) -> Kink:
    primitive = TABLE[graph.codes[node]]
    within = operands(graph, node)
    texts = {name: _text(graph, operand) for name, operand in zip(OPERANDS, within, strict=False)}
    condition = re.sub(r"\b[xyz]\b", lambda found: texts[found[0]], primitive.kink)
    partials = _partials(graph, node, values)
    return Kink(
        node=node,
        primitive=primitive,
        span=graph.span(node),
        text=_text(graph, node),
        condition=condition.replace("==", "="),
        slopes=tuple(p for p, operand in zip(partials, within, strict=True) if varies[operand]),
    )


def _text(graph: Graph, node: int) -> str:
    """The user's text, on one line and not too long; a value that was named goes by its name."""
    text = graph.names.get(node) or " ".join(graph.text(node).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
