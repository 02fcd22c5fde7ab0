"""A budget as the chain rule: how the uncertainty of each input comes to the output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradcalc.errors.text import safe
from gradcalc.explain.passages import Passage, Term
from gradcalc.render.brief import brief
from gradcalc.render.numbers import shown
from gradcalc.render.steps import factor, shortened
from gradcalc.uncertainty.linear import Linear


@dataclass(frozen=True, eq=False)
class Explained:
    """One output, by number: its linear budget, and for each input the ways it takes."""

    linear: Linear
    output: int
    name: str
    ways: Sequence[tuple[Passage, ...]]

    @property
    def order(self) -> list[int]:
        """The inputs that contribute, the largest first."""
        sizes = abs(self.linear.contributions[self.output]).tolist()
        return sorted((j for j, size in enumerate(sizes) if size), key=lambda j: -sizes[j])


def render_passages(explained: Explained, digits: int) -> str:
    linear, i = explained.linear, explained.output
    value, u = float(linear.value[i]), float(linear.u[i])
    said = f"{safe(explained.name)} = {brief(value, u)}: each input moves it by its u, passed on by"
    blocks = [[f"{said} the slopes; squares are added"]]
    blocks += [_input(explained, j, digits) for j in explained.order]
    blocks.append(_sum(explained, digits))
    return "\n\n".join("\n".join(shortened(block)) for block in blocks) + "\n"


def _input(explained: Explained, j: int, digits: int) -> list[str]:
    linear, i = explained.linear, explained.output
    inputs = linear.inputs
    share = 100 * float(linear.shares(i)[j])
    lines = [f"{safe(inputs.names[j])} ± {shown(inputs.u[j], digits)}   {share:.3g} % of u²"]
    for passage in explained.ways[j]:
        if len(passage.terms) == 1:
            lines.append(f"  → {safe(passage.text)}  {_term(passage.terms[0], digits)}")
            continue
        lines.append(f"  → {safe(passage.text)}  {shown(passage.moved, digits)} in all")
        lines += [f"      by {safe(term.operand)}: {_term(term, digits)}" for term in passage.terms]
    return lines


def _term(term: Term, digits: int) -> str:
    slope = shown(term.slope, digits)
    named = "" if term.formula == slope else f"{safe(term.formula)} = "
    product = f"{factor(slope)} × {factor(shown(term.incoming, digits))}"
    return f"slope {named}{slope},  {product} = {shown(term.contribution, digits)}"


def _sum(explained: Explained, digits: int) -> list[str]:
    """√(a² + b² + 2·r·a·b) in figures."""
    linear, i = explained.linear, explained.output
    w, names = linear.contributions[i], linear.inputs.names
    squares = [f"{factor(shown(w[j], digits))}²" for j in explained.order]
    pairs = [
        f"2 × {factor(shown(pair.r, digits))} × {factor(shown(w[pair.first], digits))} × "
        f"{factor(shown(w[pair.second], digits))} ({safe(names[pair.first])}, "
        f"{safe(names[pair.second])})"
        for pair in linear.pairs(i)
    ]
    terms = [*squares, *pairs] or ["0"]
    lines = [f"u² = {terms[0]}", *(f"   + {term}" for term in terms[1:])]
    return [*lines, f"u  = {shown(linear.u[i], digits)}"]


def as_record(explained: Explained) -> dict[str, Any]:
    linear, i = explained.linear, explained.output
    inputs = linear.inputs
    return {
        "output": explained.name,
        "value": float(linear.value[i]),
        "u": float(linear.u[i]),
        "inputs": [
            {
                "name": inputs.names[j],
                "u": float(inputs.u[j]),
                "contribution": float(linear.contributions[i, j]),
                "share": float(linear.shares(i)[j]),
                "passages": [
                    {
                        "text": passage.text,
                        "moved": passage.moved,
                        "terms": [
                            {"by": term.operand, "formula": term.formula, "slope": term.slope,
                             "incoming": term.incoming, "contribution": term.contribution}
                            for term in passage.terms
                        ],
                    }
                    for passage in explained.ways[j]
                ],
            }
            for j in explained.order
        ],
        "pairs": [
            {"inputs": [inputs.names[pair.first], inputs.names[pair.second]], "r": pair.r,
             "share": pair.share}
            for pair in linear.pairs(i)
        ],
    }  # fmt: skip
