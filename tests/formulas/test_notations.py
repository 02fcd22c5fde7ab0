"""The same formula for a screen, for a paper, for a web page and for sympy."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
import sympy

from gradcalc.calculus.kinds import KINDS
from gradcalc.formulas.derivative import derive
from gradcalc.formulas.exact import UnwritableError
from gradcalc.formulas.in_sympy import InSympy
from gradcalc.formulas.latex import Latex, name_of
from gradcalc.formulas.mathml import MathML
from gradcalc.formulas.writing import Notation, OnPaper
from gradcalc.functions.primitives import TABLE, WHERE
from gradcalc.language import parse


def value(text: str, notation: Notation) -> str:
    """A formula of one output, spelled."""
    found = derive(parse(text), KINDS["eval"])
    (said,) = found.said(found.values, notation)
    return said


@pytest.mark.parametrize(
    ("text", "paper", "latex"),
    [
        ("x1**2/2", "x1²/2", r"\frac{x_{1}^{2}}{2}"),
        ("2*x*y", "2·x·y", "2 x y"),
        ("sqrt(x + 1)", "√(x + 1)", r"\sqrt{x + 1}"),
        ("x**(1/3)", "x**(1/3)", r"x^{\frac{1}{3}}"),
        ("sin(theta)**2", "sin(theta)²", r"\sin\left(\theta\right)^{2}"),
        ("abs(x) + floor(y)", "abs(x) + floor(y)",
         r"\left|x\right| + \left\lfloor y \right\rfloor"),
        ("-(x - y)*z", "z·(y - x)", r"z \left(y - x\right)"),
        ("where(x >= 1, x, 0)", "where(x ≥ 1, x, 0)",
         r"\begin{cases} x & x \ge 1 \\ 0 & \text{otherwise} \end{cases}"),
        ("softplus(x)", "softplus(x)", r"\operatorname{softplus}\left(x\right)"),
        ("1e-7*x", "1e-07·x", r"1 \cdot 10^{-7} x"),
    ],
)  # fmt: skip
def test_on_a_screen_and_in_latex(text: str, paper: str, latex: str) -> None:
    assert value(text, OnPaper()) == paper
    assert value(text, Latex()) == latex


@pytest.mark.parametrize(
    ("name", "latex"),
    [("x1", "x_{1}"), ("alpha", r"\alpha"), ("α", r"\alpha"), ("a[0,1]", "a_{0,1}"),
     ("rate", r"\mathit{rate}"), ("theta_2", r"\theta_{2}"), ("k", "k")],
)  # fmt: skip
def test_names_in_latex(name: str, latex: str) -> None:
    assert name_of(name) == latex


def _arguments(arity: int, first: str) -> str:
    return ", ".join((first, "y", "z")[:arity])


SPOKEN = [row for row in TABLE if row.spoken]


@pytest.mark.parametrize("row", SPOKEN, ids=lambda row: row.name)
def test_every_function_in_mathml_is_well_formed(row: object) -> None:
    first = "x > 0" if row is WHERE else "x"
    text = f"{row.name}({_arguments(row.arity, first)})"
    element = ElementTree.fromstring(f"<math>{value(text, MathML())}</math>")
    assert element.tag == "math"


@pytest.mark.parametrize("row", SPOKEN, ids=lambda row: row.name)
def test_every_function_in_sympy_is_read_by_sympy(row: object) -> None:
    """At a point where all of them are defined."""
    first = "x > 0" if row is WHERE else "x"
    text = f"{row.name}({_arguments(row.arity, first)})"
    try:
        expression = sympy.sympify(value(text, InSympy()))
    except UnwritableError:  # sympy says it by a derivative
        assert row.sympy(*sympy.symbols("x y z")[: row.arity]).has(sympy.Derivative, sympy.Subs)
        return
    here = {"x": sympy.Rational(7, 10), "y": sympy.Rational(1, 2), "z": sympy.Rational(9, 10)}
    x, y, z = sympy.symbols("x y z", real=True)
    operands = (sympy.true if row is WHERE else x, y, z)[: row.arity]
    theirs = row.sympy(*operands).subs({x: here["x"], y: here["y"], z: here["z"]})
    ours, exact = (complex(found.evalf(20)) for found in (expression.subs(here), theirs))
    assert ours == pytest.approx(exact, rel=1e-12, nan_ok=True)
