"""An explanation as text: the chain rule over the user's own words."""

from __future__ import annotations

from typing import Any

from gradcalc.errors.text import safe
from gradcalc.explain.steps import Explanation, Flow, Step, Total
from gradcalc.render.numbers import shown

MOST_STEPS = 200
"""More steps than this nobody reads; the JSON has them all."""


def render_steps(explanation: Explanation, digits: int | None = None) -> str:
    """Forward values, backward steps, and the sum of what reached each variable."""
    blocks = [_forward(explanation, digits)] if explanation.forward else []
    blocks += [_backward(explanation, digits)] if explanation.steps else []
    blocks.append(["per variable", *(_total(total, digits) for total in explanation.totals)])
    return "\n\n".join("\n".join(shortened(block)) for block in blocks) + "\n"


def shortened(lines: list[str]) -> list[str]:
    """The first and the last of very many."""
    if len(lines) <= MOST_STEPS:
        return lines
    left_out = len(lines) - MOST_STEPS
    return [
        *lines[: MOST_STEPS - 20],
        f"  … {left_out} lines; --format json has them …",
        *lines[-20:],
    ]


def _forward(explanation: Explanation, digits: int | None) -> list[str]:
    texts = [safe(text) for text, _ in explanation.forward]
    width = max(map(len, texts), default=0)
    values = [shown(value, digits) for _, value in explanation.forward]
    lines = [f"  {text:{width}} = {value}" for text, value in zip(texts, values, strict=True)]
    return ["forward: the value of every part", *lines]


def _backward(explanation: Explanation, digits: int | None) -> list[str]:
    seeds = ", ".join(f"{shown(v, digits)} to {name}" for name, v in explanation.seeds)
    lines = [f"backward: v gives {seeds}; each part passes on cotangent × slope"]
    for step in explanation.steps:
        lines += _step(step, digits)
    return lines


def _step(step: Step, digits: int | None) -> list[str]:
    lines = [f"  {safe(step.text)}  has {shown(step.cotangent, digits)}"]
    width = max((len(safe(flow.operand)) for flow in step.flows), default=0)
    return lines + [_flow(flow, step, width, digits) for flow in step.flows]


def _flow(flow: Flow, step: Step, width: int, digits: int | None) -> str:
    slope = shown(flow.slope, digits)
    formula = safe(flow.formula)
    named = "" if formula == slope else f"{formula} = "
    product = (
        f"{shown(step.cotangent, digits)} × {factor(slope)} = {shown(flow.contribution, digits)}"
    )
    return f"    → {safe(flow.operand):{width}}  slope {named}{slope},  {product}"


def factor(number: str) -> str:
    """A number behind a ×."""
    return f"({number})" if number.startswith("-") else number


def _total(total: Total, digits: int | None) -> str:
    if not total.contributions:
        return f"  {total.variable}: nothing reaches it, 0"
    terms = " + ".join(factor(shown(value, digits)) for _, value in total.contributions)
    if len(total.contributions) == 1:
        terms = shown(total.derivative, digits)
    else:
        terms = f"{terms} = {shown(total.derivative, digits)}"
    through = ", ".join(f"'{safe(text)}'" for text, _ in total.contributions if text)
    return f"  {total.variable}: {terms}" + (f"   (through {through})" if through else "")


def as_record(explanation: Explanation) -> dict[str, Any]:
    """The explanation for JSON."""
    return {
        "forward": [{"text": text, "value": value} for text, value in explanation.forward],
        "v": [value for _, value in explanation.seeds],
        "backward": [
            {
                "text": step.text,
                "value": step.value,
                "cotangent": step.cotangent,
                "flows": [
                    {
                        "to": flow.operand,
                        "formula": flow.formula,
                        "slope": flow.slope,
                        "contribution": flow.contribution,
                    }
                    for flow in step.flows
                ],
            }
            for step in explanation.steps
        ],
        "derivative": {total.variable: total.derivative for total in explanation.totals},
    }
