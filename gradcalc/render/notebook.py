"""A program as notebooks show it: its outputs as formulas."""

from __future__ import annotations

from dataclasses import replace

from gradcalc.calculus.kinds import KINDS
from gradcalc.errors import GradcalcError
from gradcalc.formulas.derivative import derive
from gradcalc.formulas.latex import Latex
from gradcalc.formulas.mathml import MathML
from gradcalc.formulas.writing import Notation
from gradcalc.graph.graph import Graph

LONGEST = 2_000
"""Nodes of a graph that is still shown as formulas."""


def as_latex(graph: Graph) -> str | None:
    """The outputs below each other; None where nobody could read them."""
    lines = _lines(graph, Latex())
    if lines is None:
        return None
    body = r" \\ ".join(f"{name} &= {text}" for name, text in lines)
    return rf"$$\begin{{aligned}} {body} \end{{aligned}}$$"


def as_html(graph: Graph) -> str | None:
    """The same in MathML."""
    lines = _lines(graph, MathML())
    if lines is None:
        return None
    rows = "".join(
        f"<mtr><mtd>{name}</mtd><mtd><mo>=</mo></mtd><mtd>{text}</mtd></mtr>"
        for name, text in lines
    )
    namespace = "http://www.w3.org/1998/Math/MathML"
    return f'<math xmlns="{namespace}" display="block"><mtable>{rows}</mtable></math>'


def _lines(graph: Graph, notation: Notation) -> list[tuple[str, str]] | None:
    """Names and formulas: of the outputs, and of the parts that they share."""
    if len(graph) > LONGEST:
        return None
    try:
        found = derive(graph, KINDS["eval"])
        whole = replace(found, entries=found.values).shared()
        parts, entries = whole.spelled(notation)
    except GradcalcError:
        return None
    names = (notation.name(name).text for name in graph.output_names)
    return [*zip(names, entries, strict=True), *parts]
