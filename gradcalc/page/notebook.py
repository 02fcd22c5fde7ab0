"""The page in a notebook: a program as its small page, and the whole page in a frame."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from gradcalc.graph.graph import Graph
from gradcalc.render.drawing import svg
from gradcalc.render.notebook import as_html
from gradcalc.render.parts import of_graph

_MOST = 60
"""Nodes of a graph that is drawn beside its formulas."""


def small(graph: Graph) -> str | None:
    """The outputs as formulas over the graph that they are; None where nobody could read them."""
    formulas = as_html(graph)
    if formulas is None or len(graph) - len(graph.constants) > _MOST:
        return formulas
    names = ", ".join(graph.output_names)
    return f"<div>{formulas}{svg(of_graph(graph), f'the graph of {names}', alone=True)}</div>"


@dataclass(frozen=True)
class Page:
    """The ``text`` of an HTML file; a notebook shows it in a frame of its own."""

    text: str

    def _repr_html_(self) -> str:
        frame = f'srcdoc="{escape(self.text)}" width="100%" height="800"'
        return f'<iframe title="gradcalc" {frame}></iframe>'
