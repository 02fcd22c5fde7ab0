"""Answers for documents: markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcalc.calculus.kinds import OUTPUTS
from gradcalc.errors.text import safe
from gradcalc.formulas.latex import name_of
from gradcalc.formulas.mathml import matrix as mathml_matrix
from gradcalc.render.answer import Answer
from gradcalc.render.numbers import exact, latex, shown
from gradcalc.render.records import escaped, markdown

_LISTED = 8  # names written out in a LaTeX label before it says "…"


def render_markdown(answer: Answer, *, digits: int | None = None, **_: Any) -> str:
    """A GitHub table with a title above it and the verdict below."""
    point = zip(answer.variables, answer.point.tolist(), strict=True)
    at = ", ".join(f"{escaped(name)} = {shown(x, digits)}" for name, x in point)
    rows = [[escaped(name), *(shown(x, digits) for x in row)]
            for name, row in zip(answer.rows, answer.matrix.tolist(), strict=True)]  # fmt: skip
    header = ["", *map(escaped, answer.columns)]
    if answer.kind.rows == OUTPUTS and answer.kind.order:
        header.insert(1, "value")
        for row, value in zip(rows, answer.value.tolist(), strict=True):
            row.insert(1, shown(value, digits))
    title = f"{answer.kind.title} at {at}" if at else answer.kind.title
    remarks = [*answer.notes, *([answer.verdict.line] if answer.verdict else [])]
    below = "".join(f"\n{escaped(remark)}\n" for remark in remarks)
    return f"{title}\n\n{markdown(header, rows)}{below}"


def render_latex(answer: Answer, *, digits: int | None = None, **_: Any) -> str:
    """The matrix with what it is, for mathematics mode; needs no package."""
    matrix = answer.matrix
    body = " \\\\\n".join(" & ".join(latex(x, digits) for x in row) for row in matrix.tolist())
    columns = "r" * matrix.shape[1]
    lines = [
        rf"{_label(answer)} = \left(\begin{{array}}{{{columns}}}",
        body,
        r"\end{array}\right)",
    ]
    remarks = [*answer.notes, *([answer.verdict.line] if answer.verdict else [])]
    return "\n".join([*lines, *(f"% {safe(remark)}" for remark in remarks), ""])


def render_mathml(answer: Answer, *, digits: int | None = None, **_: Any) -> str:
    """A ``<math>`` element that browsers show as it is."""
    body = [[f"<mn>{shown(x, digits)}</mn>" for x in row] for row in answer.matrix.tolist()]
    return mathml_matrix(body)


def render_sympy(answer: Answer, **_: Any) -> str:
    """``Matrix([[4, 3], [2, 6]])``."""
    rows = (f"[{', '.join(map(_in_sympy, row))}]" for row in answer.matrix.tolist())
    return f"Matrix([{', '.join(rows)}])\n"


def _in_sympy(number: float) -> str:
    return {"inf": "oo", "-inf": "-oo"}.get(exact(number), exact(number))


def _label(answer: Answer) -> str:
    """Such as ``\\frac{\\partial(f_{1}, f_{2})}{\\partial(x_{1}, x_{2})}(2, 3)``."""
    point = _listed([latex(x) for x in answer.point.tolist()])
    symbol = answer.kind.symbol.format(
        output=name_of(answer.outputs[0]),
        outputs=_listed([name_of(name) for name in answer.outputs]),
        variables=_listed([name_of(name) for name in answer.variables]),
    )
    return f"{symbol}({point})"


def _listed(items: Sequence[str]) -> str:
    if len(items) <= _LISTED:
        return ", ".join(items)
    return rf"{items[0]}, {items[1]}, \ldots, {items[-1]}"
