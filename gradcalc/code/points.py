"""Points at which generated code is tried: at random, at the edges, at kinks, on every branch."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.code.statements import inlined
from gradcalc.engine.schedule import Floats
from gradcalc.functions.primitives import TABLE, WHERE
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed, operands

_RANGES = ((-2.0, 2.0), (0.1, 0.9), (0.2, 3.0), (1.1, 4.0), (-20.0, 20.0), (-300.0, 300.0),
           (-1e3, 1e3))  # fmt: skip
"""Where functions live: around 0, between 0 and 1, positive, beyond 1, far out, where exp ends, and
farther."""

_EDGES = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 10.0, 1e-300, 1e-8, 1e8, 1e155, -1e155,
          1e300)  # fmt: skip
_CANDIDATES = 2048
_MOST_NUMBERS = 8_000_000
"""Values of nodes at candidates that are looked at."""


def candidates(graph: Graph, rng: np.random.Generator, count: int) -> Floats:
    """Points of all sorts, shape (count, n)."""
    n = len(graph.variables)
    inside = count // 2
    low, high = np.array(_RANGES)[rng.integers(len(_RANGES), size=inside)].T[..., None]
    anywhere = low + (high - low) * rng.random((inside, n))
    sizes = rng.choice([-1.0, 1.0], (count // 8, n)) * 10.0 ** rng.uniform(-8, 4, (count // 8, n))
    special = np.array([*_EDGES, *_of_the_text(graph)])
    edges = rng.choice(special, (count // 4, n))
    mixed = np.where(rng.random((count // 8, n)) < 0.5, rng.choice(special, (count // 8, n)),
                     rng.uniform(-3, 3, (count // 8, n)))  # fmt: skip
    halves = rng.integers(-6, 7, (count // 16, n)) / 2
    alike = np.repeat(rng.uniform(-3, 3, (count // 16, 1)), n, axis=1)
    return np.concatenate([anywhere, sizes, edges, mixed, halves, alike])


def _of_the_text(graph: Graph) -> list[float]:
    """The numbers of the text and their neighbours: where its conditions turn."""
    own = sorted({value for value in graph.constants.values() if value})[:200]
    beside = [np.nextafter(value, to) for value in own for to in (-np.inf, np.inf)]
    return [*own, *(-value for value in own), *map(float, beside)]


def values(graph: Graph, x: Floats) -> dict[int, Any]:
    """The value of every node that the outputs need at points of shape (N, n)."""
    found: dict[int, Any] = dict(zip(graph.inputs, x.T, strict=True))
    with np.errstate(all="ignore"):
        for node in needed(graph, graph.outputs, closed=graph.constants):
            if node in graph.constants:
                found[node] = np.full(len(x), graph.constants[node])
            elif node not in found:
                given = [found[operand] for operand in operands(graph, node)]
                found[node] = np.asarray(TABLE[graph.codes[node]].numpy(*given), float)
    return found


def chosen(graph: Graph, count: int, seed: int = 0, single: bool = False) -> Floats:
    """``count`` points, shape (count, n): first those that turn a condition of the text, or of a
    function that it uses, another way, or give an output a value; then some of every sort."""
    rng = np.random.default_rng(seed)
    open_graph = inlined(graph)
    width = max(4 * count, min(_CANDIDATES, _MOST_NUMBERS // max(1, len(open_graph))))
    x = candidates(graph, rng, width)
    x = x[rng.permutation(len(x))]
    if single:
        with np.errstate(all="ignore"):
            x = x.astype(np.float32).astype(float)
    if not len(graph.variables):
        return x[:1]
    found = values(open_graph, x)
    finite: Any = np.array([np.isfinite(found[node]) for node in open_graph.outputs])
    marks = [finite, *_turns(open_graph, found, finite.any(axis=0))]
    covering = _covering(np.concatenate(marks), count // 2)
    rest = np.setdiff1d(np.arange(len(x)), covering, assume_unique=True)
    whole = finite.all(axis=0) if finite.all(axis=0).any() else finite.any(axis=0)
    room = count - len(covering)
    fine, odd = rest[whole[rest]], rest[~whole[rest]]
    taken = [*covering, *fine[: room - min(room // 4, len(odd))]]
    return x[[*taken, *odd[: count - len(taken)]]]


def _turns(graph: Graph, found: dict[int, Any], fine: Any) -> list[Any]:
    """Marks of the points that show which way a condition turns: where it holds and where it does
    not, how near its two sides are, and where the two ends of a ``where`` differ."""
    marks = []
    for node, value in found.items():
        primitive = TABLE[graph.codes[node]]
        if node in graph.constants or not primitive.arity:
            continue
        below = [found[operand] for operand in operands(graph, node)]
        with np.errstate(all="ignore"):
            if primitive is WHERE:
                apart = fine & ~(np.abs(below[1] - below[2]) <= 1e-6 * np.abs(below[1]))
                marks.append(np.array([apart & (below[0] != 0), apart & (below[0] == 0)]))
            elif primitive.boolean:
                marks.append(np.array([(value != 0) & fine, (value == 0) & fine]))
                if not primitive.logical:
                    marks.append(_nearest(below[0] - below[1], fine))
    return marks


def _nearest(difference: Any, fine: Any) -> Any:
    """A mark for the least difference of each sign, and for none."""
    marks = np.zeros((3, len(fine)), bool)
    for k, side in enumerate((difference > 0, difference < 0, difference == 0)):
        places = np.flatnonzero(side & fine)
        if len(places):
            marks[k, places[np.abs(difference[places]).argmin()]] = True
    return marks


def _covering(marks: Any, most: int) -> list[int]:
    """Points that together have all the marks that any has: each adds the most that is missing."""
    left = marks.copy()
    taken: list[int] = []
    while len(taken) < most and left.any():
        best = int(left.sum(axis=0).argmax())
        taken.append(best)
        left = left[~left[:, best]]
    return taken
