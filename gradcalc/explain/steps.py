"""The chain rule, step by step: the same reverse sweep as the engine's, one node at a time, keeping
what a person would write down: which cotangent met which slope, and where it went.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcalc.calculus.rules import evaluate, rule
from gradcalc.engine.point import At
from gradcalc.functions.primitives import (
    ADD,
    DIV,
    MUL,
    NEG,
    OPERANDS,
    POW,
    SQUARE,
    SUB,
    TABLE,
    VARIABLE,
)
from gradcalc.graph.graph import Graph
from gradcalc.language.tokens import is_name, tokenize

_PARTS = {ADD.code: "sum", SUB.code: "difference", MUL.code: "product", DIV.code: "quotient"}
_WORDS = re.compile(r" #| of | in ")
_RULES = {
    ADD.code: "sum rule",
    SUB.code: "sum rule",
    NEG.code: "constant factor",
    MUL.code: "product rule",
    DIV.code: "quotient rule",
    POW.code: "power rule",
    SQUARE.code: "power rule",
}
_DIFFERENCE = re.compile(r"\(\(?(-?\d+(?:\.\d+)?)\)? - (\d+(?:\.\d+)?)\)")
_TO_THE_FIRST = re.compile(r"\*\*1(?![\d.])")


@dataclass(frozen=True, slots=True)
class Edge:
    """From a node to one of its operands (``node``): its slope, over the user's text and as a
    number. Nothing flows where it is not ``taken``, a branch of ``where``."""

    node: int
    formula: str
    slope: float
    taken: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A node that is needed and no constant: what it is called, its value, and the edges to its
    operands that are no constants either; ``conditions`` are operands that no slope flows to.
    Variables are parts without edges."""

    node: int
    label: str
    value: float
    edges: tuple[Edge, ...] = ()
    conditions: tuple[int, ...] = ()
    rule: str = ""


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
    rule: str = ""
    """What it is called: product rule, chain rule, …"""


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


@dataclass(frozen=True, slots=True)
class Chart:
    """A graph at a point, part by part: ``variables`` first, ``parts`` in the order of
    evaluation. ``outputs`` are names and nodes."""

    variables: tuple[Part, ...]
    parts: tuple[Part, ...]
    outputs: tuple[tuple[str, int], ...]

    def arrivals(self, v: Sequence[float]) -> dict[int, list[tuple[str, float]]]:
        """What reaches each node on the way back, and the text that each came through."""
        arrived: dict[int, list[tuple[str, float]]] = {}
        for (_, node), seed in zip(self.outputs, v, strict=True):
            if seed:
                arrived.setdefault(node, []).append(("", float(seed)))
        for part in reversed(self.parts):
            if part.node in arrived:
                cotangent = _sum(arrived[part.node])
                for edge in part.edges:
                    if edge.taken:
                        flow = part.label, cotangent * edge.slope
                        arrived.setdefault(edge.node, []).append(flow)
        return arrived

    def cotangents(self, v: Sequence[float]) -> dict[int, float]:
        """The sums of what reaches the nodes that anything reaches."""
        return {node: _sum(arrived) for node, arrived in self.arrivals(v).items()}

    def sweep(self, v: Sequence[float]) -> Explanation:
        """vᵀJ, step by step."""
        labels = {part.node: part.label for part in (*self.variables, *self.parts)}
        arrived = self.arrivals(v)
        steps = []
        for part in reversed(self.parts):
            if part.node in arrived:
                cotangent = _sum(arrived[part.node])
                flows = tuple(
                    Flow(labels[edge.node], edge.formula, edge.slope, cotangent * edge.slope)
                    for edge in part.edges
                    if edge.taken
                )
                steps.append(Step(part.label, part.value, cotangent, flows, part.rule))
        totals = []
        for variable in self.variables:
            found = tuple(arrived.get(variable.node, ()))
            totals.append(Total(variable.label, found, _sum(found)))
        return Explanation(
            forward=tuple((part.label, part.value) for part in self.parts),
            seeds=tuple(
                (name, float(seed)) for (name, _), seed in zip(self.outputs, v, strict=True)
            ),
            steps=tuple(steps),
            totals=tuple(totals),
        )


def _sum(arrived: Sequence[tuple[str, float]]) -> float:
    return float(sum(contribution for _, contribution in arrived))


def explain(at: At, v: Sequence[float]) -> Explanation:
    """vᵀJ at the point, step by step."""
    return chart(at).sweep(v)


def chart(at: At) -> Chart:
    """What there is to explain at a point, whatever v is."""
    program, values = at.program, at.values
    graph = program.graph
    order = [
        node
        for node in range(len(graph))
        if program.schedule.place[node] >= 0
        and node not in graph.constants
        and graph.codes[node] != VARIABLE.code
    ]
    texts = {node: one_line(graph.text(node)) for node in range(len(graph))}
    texts |= zip(graph.inputs, graph.variables, strict=True)  # a[0], where the text says a
    labels = texts | _named(graph, order, texts)
    if any("," in name for name in graph.variables):  # elements of matrices, by their names
        texts |= {node: label for node, label in labels.items() if not _WORDS.search(label)}
    return Chart(
        tuple(
            Part(node, name, float(x))
            for node, name, x in zip(graph.inputs, graph.variables, at.x, strict=True)
        ),
        tuple(_part(graph, values, texts, node, labels[node]) for node in order),
        tuple(zip(graph.output_names, graph.outputs, strict=True)),
    )


def _part(graph: Graph, values: Any, texts: Mapping[int, str], node: int, label: str) -> Part:
    edges = _edges(graph, values, texts, node)
    reached = {edge.node for edge in edges}
    below = dict.fromkeys(graph[node].operands)
    conditions = tuple(k for k in below if k not in reached and k not in graph.constants)
    rule_ = _rule_name(graph, node, [edge.node for edge in edges])
    return Part(node, label, float(values[node]), edges, conditions, rule_)


def _rule_name(graph: Graph, node: int, active: Sequence[int]) -> str:
    """What a textbook calls the slopes of a node, whose ``active`` operands are no constants."""
    primitive = TABLE[graph.codes[node]]
    inner = any(graph.codes[operand] != VARIABLE.code for operand in active)
    if primitive.selects:
        return "the branch that is taken"
    if primitive.code in (MUL.code, DIV.code) and len(set(active)) < primitive.arity:
        return "quotient rule" if _is_below(graph, node, active) else "constant factor"
    if primitive.code in _RULES:
        named = _RULES[primitive.code]
        return f"{named}, chain rule" if inner and named == "power rule" else named
    named = f"derivative of {primitive.name}"
    return f"{named}, chain rule" if inner else named


def _is_below(graph: Graph, node: int, active: Sequence[int]) -> bool:
    """Whether a node is a quotient by something that varies."""
    return graph.codes[node] == DIV.code and graph[node].operands[1] in active


def _edges(graph: Graph, values: Any, texts: Mapping[int, str], node: int) -> tuple[Edge, ...]:
    primitive, operands, _, _ = graph[node]
    active = [k for k, operand in enumerate(operands) if operand not in graph.constants]
    numbers = [values[operand] if operand not in graph.constants else graph.constants[operand]
               for operand in operands]  # fmt: skip
    with np.errstate(all="ignore"):
        slopes = evaluate(rule(primitive), numbers, values[node], active)
    within = [texts[operand] for operand in operands]
    edges = []
    for k, slope in enumerate(slopes):
        if slope is None:
            continue
        taken = not (primitive.selects and slope == 0)
        if math.isnan(values[node]):  # log(-1) has no slope, whatever its formula says
            slope = math.nan
        partial = (primitive.plain or primitive.partials)[k]
        formula = _tidy(_substituted(str(partial), within, texts[node]))
        edges.append(Edge(operands[k], formula, float(slope), taken))
    return tuple(edges)


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
        if not flat and len(nodes) > 1:
            labels |= _by_names(graph, nodes, text, texts | labels)
            continue
        labels |= _counted(whole, text, f"{_grouped(text)}[", "]", start=0)
        for code in dict.fromkeys(graph.codes[node] for node in nodes if graph.codes[node] != last):
            word = _PARTS.get(code, TABLE[code].name)
            parts = [node for node in nodes if graph.codes[node] == code]
            labels |= _counted(parts, f"{word} in {text}", f"{word} ", f" in {text}")
    return labels


_LONGEST = 36  # characters of a label that is made of names


def _by_names(
    graph: Graph, nodes: Sequence[int], text: str, known: Mapping[int, str]
) -> dict[int, str]:
    """What each of several nodes of one text calculates, by the names of its operands, where that
    is short and tells them apart; else a number for each."""
    labels: dict[int, str] = {}
    for node in nodes:
        primitive, operands, _, _ = graph[node]
        said = [labels.get(operand) or known[operand] for operand in operands]
        if primitive is SQUARE:
            labels[node] = f"{_grouped(said[0])}**2"
        elif primitive.symbol and len(said) == 2:
            tight = primitive.code not in (ADD.code, SUB.code)
            left, right = map(_grouped, said) if tight else (said[0], _factor(said[1]))
            space = "" if tight else " "
            labels[node] = f"{left}{space}{primitive.symbol}{space}{right}"
        elif primitive.symbol:
            labels[node] = f"{primitive.symbol}{_grouped(said[0])}"
        else:
            labels[node] = f"{primitive.name}({', '.join(said)})"
    longest = max(map(len, labels.values()))
    if longest <= _LONGEST and len(set(labels.values())) == len(nodes):
        return labels
    used = {operand for node in nodes for operand in graph[node].operands}
    ends = [node for node in nodes if node not in used]
    if len(ends) > 1:
        return _counted(nodes, text, f"{text} #")
    steps = [node for node in nodes if node in used]
    return {ends[0]: text} | _counted(steps, f"part of {text}", "part ", f" of {text}")


def _factor(text: str) -> str:
    """What is added or taken away: in parentheses if it begins with a sign or is a sum."""
    return _grouped(text) if " " in text or text.startswith("-") else text


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
        is_name(tokens[0]) and tokens[1] == "[" and tokens.index("]") == len(tokens) - 1
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
