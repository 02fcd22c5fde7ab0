"""An explanation as text: the chain rule over the user's own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gradcalc.errors.text import safe
from gradcalc.explain.steps import Explanation, Flow, Step, Total
from gradcalc.render.numbers import shown

MOST_STEPS = 200
"""More steps than this nobody reads; the JSON has them all."""


class Style(NamedTuple):
    """How an explanation is shown: significant digits, colour, the names of the rules."""

    digits: int | None = None
    color: bool = False
    rules: bool = False

    def painted(self, text: str, ink: str) -> str:
        return f"\x1b[{_INKS[ink]}m{text}\x1b[0m" if self.color else text


_INKS = {"head": "1", "value": "34", "cotangent": "33", "rule": "2"}


def render_steps(explanation: Explanation, digits: int | None = None) -> str:
    """Forward values, backward steps, and the sum of what reached each variable."""
    return render_all([explanation], Style(digits))


def render_all(
    explanations: Sequence[Explanation], style: Style, more: Sequence[Sequence[str]] = ()
) -> str:
    """Forward values once, as they are the same whatever is differentiated; then each way back.
    ``more`` are blocks of lines at the end."""
    blocks = [_forward(explanations[0], style)] if explanations[0].forward else []
    for explanation in explanations:
        blocks += [_backward(explanation, style)] if explanation.steps else []
        totals = [_total(total, style.digits) for total in explanation.totals]
        blocks.append([style.painted("per variable", "head"), *totals])
    blocks += [[style.painted(first, "head"), *rest] for first, *rest in more]
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


def _forward(explanation: Explanation, style: Style) -> list[str]:
    texts = [safe(text) for text, _ in explanation.forward]
    width = max(map(len, texts), default=0)
    values = [shown(value, style.digits) for _, value in explanation.forward]
    lines = [
        f"  {text:{width}} = {style.painted(value, 'value')}"
        for text, value in zip(texts, values, strict=True)
    ]
    return [style.painted("forward: the value of every part", "head"), *lines]


def _backward(explanation: Explanation, style: Style) -> list[str]:
    seeds = ", ".join(f"{shown(v, style.digits)} to {name}" for name, v in explanation.seeds)
    head = f"backward: v gives {seeds}; each part passes on cotangent × slope"
    lines = [style.painted(head, "head")]
    for step in explanation.steps:
        lines += _step(step, style)
    return lines


def _step(step: Step, style: Style) -> list[str]:
    rule = style.painted(f"   {step.rule}", "rule") if style.rules else ""
    cotangent = style.painted(shown(step.cotangent, style.digits), "cotangent")
    lines = [f"  {safe(step.text)}  has {cotangent}{rule}"]
    width = max((len(safe(flow.operand)) for flow in step.flows), default=0)
    return lines + [_flow(flow, step, width, style) for flow in step.flows]


def _flow(flow: Flow, step: Step, width: int, style: Style) -> str:
    slope, contribution = (
        shown(number, style.digits) for number in (flow.slope, flow.contribution)
    )
    formula = safe(flow.formula)
    named = "" if formula == slope else f"{formula} = "
    product = f"{shown(step.cotangent, style.digits)} × {factor(slope)} = "
    product += style.painted(contribution, "cotangent")
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
                "rule": step.rule,
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
