"""Entries of a graph to as many digits as it takes.

``1 - tanh(x)**2`` is a right formula, and at x = 200 it takes 180 digits to see it: every run says
how far off it may be (``gradcalc.check.digits.errors``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from gradcalc.calculus.gradients import copy, gradient_graph, jacobian_graph, vjp_graph
from gradcalc.calculus.kinds import Kind
from gradcalc.check.budget import Deadline
from gradcalc.check.digits.errors import errors
from gradcalc.functions.digits import context
from gradcalc.functions.primitives import CONSTANT, CONSTANTS, VARIABLE
from gradcalc.graph.exact import leaves, rerun
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import operands

_DIGITS = (40, 80, 160, 320, 640, 1280)
_AGREE = 1e-25
_ZERO = "1e-330"
"""What is smaller than every double: terms that cancel leave less in the last run."""

_LARGEST = 50_000
"""Nodes of a graph of derivatives that is still worth running again."""

_LITERAL = re.compile(r"\d[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?\d+)?|\.\d[\d_]*(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Exact:
    """A graph to be run with many digits. ``texts`` are the numbers of the text that no double is,
    by node: 0.1 and pi, but not 0.5."""

    graph: Graph
    texts: Mapping[int, str]

    def at(self, x: Sequence[float], deadline: Deadline, *, typed: bool = False) -> list[Any]:
        """The outputs at ``x`` as mpmath numbers; None for one that stays open.

        Numbers in the text are the doubles that they are rounded to, or ``typed``: the decimals
        that stand there. Raises OutOfTime.
        """
        mp, graph = context(), self.graph
        nodes = [node for node in range(len(graph)) if node not in self.texts]
        for digits in _DIGITS:
            with mp.workdps(digits):
                values = leaves(graph, x)
                values |= {node: _meant(text) if typed else mp.mpf(_as_double(text))
                           for node, text in self.texts.items()}  # fmt: skip
                rerun(graph, [node for node in nodes if node not in values], values, deadline)
                near = errors(graph, values, digits, deadline)
                found = [_known(values[node], near.sizes[node]) for node in graph.outputs]
            if near.all_known and None not in found:
                break
        shut = [near.open(graph, [i], digits, of_slopes=False) for i in range(len(found))]
        return [None if hold else number for hold, number in zip(shut, found, strict=True)]


def derivatives(graph: Graph, kind: Kind) -> Exact | None:
    """The entries, row by row; None if their graph would be too large. The inputs of a product are
    the variables and then the vector."""
    rows = len(graph.inputs) if kind.order == 2 else len(graph.outputs)
    if len(graph) * max(rows, 1) > _LARGEST:
        return None
    exact = unfolded(graph)
    if kind.vector is not None:
        return replace(exact, graph=vjp_graph(exact.graph))
    first = gradient_graph(exact.graph) if kind.order == 2 else exact.graph
    return replace(exact, graph=jacobian_graph(first))


def unfolded(graph: Graph) -> Exact:
    """The graph without the values of what is made of decimals: they may be other than doubles."""
    texts = dict(_decimals(graph))
    if not texts:
        return Exact(graph, texts)
    free = copy(graph)
    free.outputs, free.output_names = list(graph.outputs), list(graph.output_names)
    for node in range(len(graph)):
        if node in texts:
            free.codes[node] = VARIABLE.code
            free.names[node] = f"#{node}"
        elif (
            node not in graph.constants
            or graph.codes[node] == CONSTANT.code
            or all(k in free.constants for k in operands(graph, node))
        ):
            continue
        del free.constants[node]
    return Exact(free, texts)


def _meant(text: str) -> Any:
    """The number that a text stands for: 1/10, or π itself."""
    mp = context()
    known = {"pi": mp.pi, "e": mp.e, "tau": 2 * mp.pi}
    return +known[text] if text in known else mp.mpf(text)


def _as_double(text: str) -> float:
    return CONSTANTS[text] if text in CONSTANTS else float(text)


def _decimals(graph: Graph) -> Iterator[tuple[int, str]]:
    for node, number in graph.constants.items():
        if graph.codes[node] != CONSTANT.code:
            continue
        if CONSTANTS.get(name := graph.names.get(node, "")) == number:
            yield node, name
            continue
        text = graph.text(node).replace("_", "")
        if not _LITERAL.fullmatch(text) or len(text) > 40 or float(text) != number:
            continue
        if "e" in text.lower() or Fraction(text) != Fraction(number):
            yield node, text


def _known(number: Any, error: Any) -> Any:
    """The number, or None if too little of it is; what is left of terms that cancel is 0."""
    mp = context()
    if not mp.isfinite(number) or error <= _AGREE * abs(number):
        return number
    return number * 0 if abs(number) + error < mp.mpf(_ZERO) else None
