"""The chain rule, step by step: the same reverse sweep as the engine's, one node at a time, keeping
what a person would write down: which cotangent met which slope, and where it went.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcalc.calculus.rules import evaluate, rule
from gradcalc.engine.point import At
from gradcalc.functions.primitives import ADD, DIV, MUL, OPERANDS, SUB, TABLE, VARIABLE
from gradcalc.graph.graph import Graph
from gradcalc.language.tokens import is_name, tokenize

_PARTS = {ADD.code: "sum", SUB.code: "difference", MUL.code: "product", DIV.code: "quotient"}
_DIFFERENCE = re.compile(r"\(\(?(-?\d+(?:\.\d+)?)\)? - (\d+(?:\.\d+)?)\)")
_TO_THE_FIRST = re.compile(r"\*\*1(?![\d.])")


@dataclass(frozen=True, slots=True)
class Flow:
    """What a node passes to one operand: ``cotangent * slope = contribution``."""

    operand: str
    formula: str
    slope: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Step:
    """One node of the reverse sweep: its text, value and summed cotangent; what it passes on."""

    text: str
    value: float
    cotangent: float
    flows: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """A variable's derivative, and the contributions (with the text each came through) it sums."""

    variable: str
    contributions: tuple[tuple[str, float], ...]
    derivative: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """``forward`` are (text, value) in the order of evaluation; ``steps`` run backwards."""

    forward: tuple[tuple[str, float], ...]
    seeds: tuple[tuple[str, float], ...]
    steps: tuple[Step, ...]
    totals: tuple[Total, ...]


def explain(at: At, v: Sequence[float]) -> Explanation:
    """vᵀJ at the point, step by step. A node is explained when it is needed and no constant."""
    program, values = at.program, at.values
    graph = program.graph
    order = [
        node
        for node in range(len(graph))
        if program.schedule.place[node] >= 0
        and node not in graph.constants
        and graph.codes[node] != VARIABLE.code
    ]
    sweep = _Sweep(graph, values, order)
    for node, seed in zip(graph.outputs, v, strict=True):
        if seed:
            sweep.arrive(node, "", float(seed))
    steps = [step for node in reversed(order) if (step := sweep.step(node)) is not None]
    return Explanation(
        forward=tuple((sweep.labels[node], float(values[node])) for node in order),
        seeds=tuple(zip(program.outputs, map(float, v), strict=True)),
        steps=tuple(steps),
        totals=tuple(sweep.total(node, name)
                     for name, node in zip(graph.variables, graph.inputs, strict=True)),
    )  # fmt: skip


class _Sweep:
    """The contributions that have arrived at each node so far."""

    def __init__(self, graph: Graph, values: Any, order: Sequence[int]) -> None:
        self.graph = graph
        self.values = values
        self.texts = {node: one_line(graph.text(node)) for node in range(len(graph))}
        self.texts |= zip(graph.inputs, graph.variables, strict=True)  # a[0], where the text says a
        self.labels = self.texts | _named(graph, order, self.texts)
        self.arrived: dict[int, list[tuple[str, float]]] = {}

    def arrive(self, node: int, through: str, contribution: float) -> None:
        self.arrived.setdefault(node, []).append((through, contribution))

    def step(self, node: int) -> Step | None:
        """Pass the cotangent of ``node`` on to its operands; None where nothing has arrived."""
        if node not in self.arrived:
            return None
        graph, values = self.graph, self.values
        primitive, operands, _, _ = graph[node]
        cotangent = sum(contribution for _, contribution in self.arrived[node])
        active = [k for k, operand in enumerate(operands) if operand not in graph.constants]
        numbers = [values[operand] if operand not in graph.constants else graph.constants[operand]
                   for operand in operands]  # fmt: skip
        with np.errstate(all="ignore"):
            slopes = evaluate(rule(primitive), numbers, values[node], active)
        label, flows = self.labels[node], []
        within = [self.texts[operand] for operand in operands]
        for k, slope in enumerate(slopes):
            if slope is None or (primitive.selects and slope == 0):
                continue
            if math.isnan(values[node]):  # log(-1) has no slope, whatever its formula says
                slope = math.nan
            contribution = float(cotangent) * float(slope)
            partial = (primitive.plain or primitive.partials)[k]
            formula = _tidy(_substituted(str(partial), within, self.texts[node]))
            flows.append(Flow(self.labels[operands[k]], formula, float(slope), contribution))
            self.arrive(operands[k], label, contribution)
        return Step(label, float(values[node]), float(cotangent), tuple(flows))

    def total(self, node: int, name: str) -> Total:
        arrived = tuple(self.arrived.get(node, ()))
        return Total(name, arrived, sum(contribution for _, contribution in arrived))


def _named(graph: Graph, order: Sequence[int], texts: dict[int, str]) -> dict[int, str]:
    """A label for each node: its text. Where many say the same, the last kind of them is what the
    text says, element by element; what comes before are its parts."""
    alike: dict[str, list[int]] = {}
    for node in order:
        alike.setdefault(texts[node], []).append(node)
    flat = not any("," in name for name in graph.variables if "[" in name)
    labels: dict[int, str] = {}
    for text, nodes in alike.items():
        last = graph.codes[nodes[-1]]
        whole = [node for node in nodes if graph.codes[node] == last]
        if flat:
            labels |= _counted(whole, text, f"{_grouped(text)}[", "]", start=0)
        else:
            labels |= _counted(whole, text, f"{text} #")
        for code in dict.fromkeys(graph.codes[node] for node in nodes if graph.codes[node] != last):
            word = _PARTS.get(code, TABLE[code].name)
            parts = [node for node in nodes if graph.codes[node] == code]
            labels |= _counted(parts, f"{word} in {text}", f"{word} ", f" in {text}")
    return labels


def _counted(
    nodes: Sequence[int], one: str, before: str, after: str = "", *, start: int = 1
) -> dict[int, str]:
    """A label for the only one, or one with a number for each."""
    if len(nodes) == 1:
        return {nodes[0]: one}
    return {node: f"{before}{k}{after}" for k, node in enumerate(nodes, start)}


def _substituted(partial: str, operands: Sequence[str], out: str) -> str:
    """A partial of the table over the user's own text: ``2*x`` of x1+1 is ``2*(x1+1)``."""
    place = dict(zip(OPERANDS, operands, strict=False)) | {"out": out}
    if partial in place:
        return place[partial]
    tokens = tokenize(partial)
    around = ["", *tokens, ""]
    return "".join(
        token if token not in place
        else place[token] if (around[i], around[i + 2]) == ("(", ")")
        else _grouped(place[token])
        for i, token in enumerate(tokens)
    )  # fmt: skip


def _tidy(formula: str) -> str:
    """Without arithmetic that needs no pencil: ``3*x**(3 - 1)`` is ``3*x**2``."""
    formula = _DIFFERENCE.sub(lambda found: _number(float(found[1]) - float(found[2])), formula)
    return _TO_THE_FIRST.sub("", formula)


def _number(x: float) -> str:
    return f"{x:.12g}"


def _grouped(text: str) -> str:
    """Parentheses unless the text is one name or one number."""
    tokens = tokenize(text)
    simple = len(tokens) == 1 or (
        is_name(tokens[0]) and tokens[1] == "[" and tokens.count("[") == 1
    )
    return text if simple or _is_enclosed(tokens) else f"({text})"


def _is_enclosed(tokens: Sequence[str]) -> bool:
    """Whether the text is one call or one parenthesis: sin(x+1), (x+1)."""
    start = 1 if is_name(tokens[0]) else 0
    if tokens[start] != "(" or tokens[-1] != ")":
        return False
    depth = 0
    for token in tokens[start:-1]:
        depth += (token == "(") - (token == ")")
        if depth == 0:
            return False
    return True


def one_line(text: str) -> str:
    """A span of source text as it can stand inside a sentence."""
    return " ".join(text.split())
