"""Markdown and LaTeX."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradcalc.render import render
from tests.render.sample import AGREED, ALL_KINDS, jacobian


def test_markdown() -> None:
    answer = replace(ALL_KINDS["jacobian"], variables=("a_1", "a|b"), verdict=AGREED)
    assert render(answer, "markdown") == (
        "Jacobian at a\\_1 = 0, a\\|b = 1\n"
        "\n"
        "|  | value | a\\_1 | a\\|b |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| f1 | 13 | 4 | 3 |\n"
        "| f2 | 13 | 2 | 6 |\n"
        "\n"
        "✓ sympy: 4 entries and 2 values agree, exact\n"
    )


def test_latex() -> None:
    answer = replace(
        jacobian([[4, 1.5e-9]], verdict=AGREED), variables=("theta", "a[0,1]"), outputs=("speed",)
    )
    assert render(answer, "latex") == (
        "\\frac{\\partial(\\mathit{speed})}{\\partial(\\theta, a_{0,1})}(0, 1) = "
        "\\left(\\begin{array}{rr}\n"
        "4 & 1.5 \\times 10^{-9}\n"
        "\\end{array}\\right)\n"
        "% ✓ sympy: 4 entries and 2 values agree, exact\n"
    )


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_kind_is_balanced_latex_and_a_rectangular_markdown_table(kind: str) -> None:
    latex = render(ALL_KINDS[kind], "latex")
    assert latex.count("{") == latex.count("}")
    rows = [line for line in render(ALL_KINDS[kind], "markdown").split("\n") if line[:1] == "|"]
    assert len({row.count("|") for row in rows}) == 1


def test_many_names_are_abridged_in_a_label_but_no_column_is() -> None:
    latex = render(jacobian([list(range(12))]), "latex")
    assert r"\partial(x_{1}, x_{2}, \ldots, x_{12})" in latex
    assert latex.count(" & ") == 11
