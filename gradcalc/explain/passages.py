"""How an input reaches an output: its uncertainty, passed on slope by slope over the text."""

from __future__ import annotations

from dataclasses import dataclass

from gradcalc.explain.steps import Explanation


@dataclass(frozen=True, slots=True)
class Term:
    """What comes in by one operand: ``slope * incoming = contribution``."""

    operand: str
    formula: str
    slope: float
    incoming: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A part that the input reaches, and by how much one standard uncertainty of it moves it."""

    text: str
    terms: tuple[Term, ...]
    moved: float


def passages(explanation: Explanation, variable: str, u: float) -> tuple[Passage, ...]:
    """From the variable to the output whose seed the explanation has, in the order of evaluation;
    none where it does not get there."""
    moved = {variable: u}
    found = []
    for step in reversed(explanation.steps):
        terms = tuple(
            Term(flow.operand, flow.formula, flow.slope, here, flow.slope * here)
            for flow in step.flows
            if (here := moved.get(flow.operand)) is not None
        )
        if terms:
            moved[step.text] = sum(term.contribution for term in terms)
            found.append(Passage(step.text, terms, moved[step.text]))
    return tuple(found)
