"""What a page knows of an expression at a point: the parts, the numbers, the formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gradcalc.calculus.kinds import KINDS
from gradcalc.calculus.rules import constant_slopes
from gradcalc.engine.point import At
from gradcalc.errors import BindingError, GradcalcError
from gradcalc.errors.text import safe
from gradcalc.explain.steps import Chart, Explanation, chart
from gradcalc.formulas.derivative import Formulas, derive
from gradcalc.formulas.exact import UnwritableError
from gradcalc.formulas.mathml import MathML
from gradcalc.formulas.writing import write
from gradcalc.functions.primitives import TABLE

MOST_PARTS = 300
MOST_SLOPES = 400
"""A page of more parts, or of a larger Jacobian, is nothing that anybody reads."""

MOST_MARKUP = 20_000
"""Characters of MathML: longer formulas are left out."""


@dataclass(frozen=True, eq=False)
class Scene:
    """An expression at a point with a v, and what the shell says of the answer: the verdict, notes,
    where digits are lost, and why it is undefined."""

    at: At
    v: tuple[float, ...]
    verdict: str = ""
    notes: tuple[str, ...] = ()
    lost: str = ""
    undefined: str = ""

    @cached_property
    def chart(self) -> Chart:
        return chart(self.at)

    @cached_property
    def explanation(self) -> Explanation:
        return self.chart.sweep(self.v)

    @property
    def text(self) -> str:
        """The user's text, line by line, with nothing in it that turns the writing around; as many
        characters."""
        return "\n".join(map(safe, self.at.program.graph.source.text.split("\n")))

    @cached_property
    def value(self) -> list[float]:
        found: list[float] = self.at.value.tolist()
        return found

    @cached_property
    def jacobian(self) -> list[list[float]]:
        found: list[list[float]] = self.at.jacobian().tolist()
        return found

    @cached_property
    def gradient(self) -> list[float]:
        """vᵀJ, as the engine has it."""
        found: list[float] = self.at.vjp(self.v).tolist()
        return found

    @cached_property
    def saves(self) -> bool:
        """Whether PyTorch's graph keeps values that the first ``backward`` frees: any node does
        whose slopes are not the same numbers everywhere, as those of sums are, and products by a
        number too."""
        graph = self.at.program.graph
        kinds = (TABLE[graph.codes[part.node]] for part in self.chart.parts if part.edges)
        return any(constant_slopes(kind, tuple(range(kind.arity))) is None for kind in kinds)

    @cached_property
    def formulas(self) -> Mathematics | None:
        """None where there are none, or too long ones; without slopes where those are too long."""
        try:
            found = Mathematics(derive(self.at.program.graph, KINDS["vjp"]).unshared())
        except UnwritableError:
            return None
        if found.length(found.slopes) > MOST_MARKUP:
            found.slopes = []
        return None if found.length() > MOST_MARKUP else found


class Mathematics:
    """Formulas in MathML: ``outputs`` and ``slopes`` (of the weighted sum) in their order."""

    def __init__(self, found: Formulas) -> None:
        notation, graph = MathML(), found.graph
        texts = write(found.terms, (*found.values, *found.entries, *found.vector), notation, {})
        values = [texts[term] for term in found.values]
        weights = [texts[term] for term in found.vector]
        self.names = [notation.name(name).text for name in graph.output_names]
        self.outputs = [text.text for text in values]
        self.slopes = [
            (notation.name(name).text, texts[term].text)
            for name, term in zip(graph.variables, found.entries, strict=True)
        ]
        products = [
            (False, notation.product([weight, value]))
            for weight, value in zip(weights, values, strict=True)
        ]
        self.sum = notation.sum(products).text

    def length(self, slopes: Sequence[tuple[str, str]] = ()) -> int:
        """Of the outputs and their sum, or of slopes."""
        texts = [text for _, text in slopes] or [*self.outputs, self.sum]
        return sum(map(len, texts))


def require_readable(at: At) -> None:
    """Raises BindingError for what is too large for a page."""
    program = at.program
    parts = program.schedule.size - len(program.schedule.constants)
    m, n = len(program.outputs), len(program.variables)
    if parts > MOST_PARTS:
        raise BindingError(
            f"a page of {parts:,} parts is nothing that anybody reads; the most is {MOST_PARTS}",
            hint="gradcalc explain has the steps, gradcalc graph --format dot a picture",
        )
    if m * n > MOST_SLOPES:
        raise BindingError(
            f"a page of {m:,} × {n:,} slopes is nothing that anybody reads; "
            f"the most is {MOST_SLOPES}",
            hint="gradcalc jacobian --format markdown has them for a document",
        )


def told(error: GradcalcError | None, word: str = "error") -> str:
    """An error, or a remark by another ``word``, as the shell tells it; '' where there is none."""
    from gradcalc.render.errors import problem  # deferred: rarely needed

    return "" if error is None else problem(error, word=word)


def as_data(scene: Scene) -> dict[str, Any]:
    """What ``page.js`` works with: parts and outputs by their place in ``parts`` (variables
    first), edges as [from, to, slope, formula, true if a slope of 0 closes it]."""
    chart, graph = scene.chart, scene.at.program.graph
    everything = (*chart.variables, *chart.parts)
    place = {part.node: k for k, part in enumerate(everything)}
    return {
        "variables": list(scene.at.program.variables),
        "outputs": list(scene.at.program.outputs),
        "x": scene.at.x.tolist(),
        "v": list(scene.v),
        "value": scene.value,
        "J": scene.jacobian,
        "grad": scene.gradient,
        "saves": scene.saves,
        "parts": [[part.label, *graph.span(part.node), part.value] for part in everything],
        "ends": [place.get(node, -1) for _, node in chart.outputs],
        "edges": [
            [k, place[edge.node], edge.slope, edge.formula]
            + [True] * TABLE[graph.codes[part.node]].selects
            for k, part in enumerate(everything)
            for edge in part.edges
        ],
    }
