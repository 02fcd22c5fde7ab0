"""The same formula for a screen, for a paper, for a web page and for sympy."""

from __future__ import annotations

import keyword
import re
import unicodedata
from xml.etree import ElementTree

import numpy as np
import pytest
import sympy

from gradcalc.calculus.kinds import KINDS
from gradcalc.engine.program import Program
from gradcalc.formulas.derivative import derive
from gradcalc.formulas.exact import UnwritableError
from gradcalc.formulas.in_sympy import InSympy
from gradcalc.formulas.latex import Latex, name_of
from gradcalc.formulas.mathml import MathML
from gradcalc.formulas.writing import Notation, OnPaper
from gradcalc.functions.primitives import TABLE, WHERE
from gradcalc.functions.row import Primitive
from gradcalc.language import parse

RESERVED = {"and", "or", "not"}


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
     ("lambda", r"\lambda"), ("λ", r"\lambda"), ("Omega_1", r"\Omega_{1}"), ("Θ", r"\Theta"),
     ("omicron", r"\mathrm{o}"), ("Alpha", r"\mathrm{A}"),
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
def test_every_function_and_its_gradient_in_sympy_is_the_engine_s(row: Primitive) -> None:
    """Read by sympy, at a point where it is defined; what sympy has no function for is refused."""
    names = ["x > y" if row is WHERE else "x", "y", "z"][: row.arity]
    names[: row.orders] = ["1", "2"][: row.orders]
    graph = parse(f"{row.name}({', '.join(names)})", wrt=list("xyz")[row.orders : row.arity])
    program = Program(graph)
    points = ([0.7, 0.5, 0.9], [1.7, 1.25, 0.3], [-0.3, 0.4, 0.6])
    x = next(
        [*point[: len(graph.variables)]]
        for point in points
        for at in [program.at(point[: len(graph.variables)])]
        if np.isfinite([*at.value, *at.gradient()]).all()
    )
    at = program.at(x)
    here = {name: sympy.Rational(repr(t)) for name, t in zip(graph.variables, x, strict=True)}
    for kind, ours in (("eval", at.value), ("gradient", at.gradient())):
        found = derive(graph, KINDS[kind]).unshared()
        try:
            _, texts = found.spelled(InSympy())
        except UnwritableError:
            assert row.name in ("zeta", "zetan")  # sympy leaves these derivatives as they are
            continue
        theirs = [complex(sympy.sympify(text).subs(here).evalf(20)) for text in texts]
        assert theirs == pytest.approx([complex(t) for t in ours], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("order", [0, 2])
@pytest.mark.parametrize("name", ["sincn", "cardinal", "ellipkn", "ellipen", "polygamma"])
def test_a_derivative_of_a_whole_order_is_written_out_in_sympy(name: str, order: int) -> None:
    graph = parse(f"{name}({order}, x*y)")
    found = derive(graph, KINDS["eval"])
    (text,) = found.said(found.values, InSympy())
    theirs = sympy.sympify(text).subs({"x": sympy.Rational(1, 2), "y": sympy.Rational(3, 2)})
    assert float(theirs) == pytest.approx(Program(graph)([0.5, 1.5])[0], rel=1e-12)


def test_a_derivative_of_an_unknown_order_is_refused_by_sympy() -> None:
    """Differentiated by its order it would be 0."""
    found = derive(parse("cardinal(n, x)", parameters={"n": 1}), KINDS["gradient"])
    with pytest.raises(UnwritableError, match="sympy has no function for cardinal"):
        found.spelled(InSympy())


@pytest.mark.parametrize(
    "name", [*sorted(set(keyword.kwlist) - RESERVED), "E", "I", "S", "N", "Q", "beta", "gamma",
             "zeta", "sum", "id", "Symbol", "x", "theta", "X_"],
)  # fmt: skip
def test_a_name_is_a_symbol_to_sympy_whatever_else_it_means(name: str) -> None:
    graph = parse(f"3*{name}*cos({name})", wrt=[name])
    (text,) = derive(graph, KINDS["eval"]).spelled(InSympy({name}))[1]
    symbol = sympy.Symbol(name)
    assert sympy.sympify(text) == 3 * symbol * sympy.cos(symbol)


def test_constants_are_sympy_s_and_variables_of_their_names_are_not() -> None:
    assert sympy.sympify(value("x/tau + e*pi", InSympy())) == (
        sympy.Symbol("x") / (2 * sympy.pi) + sympy.E * sympy.pi
    )
    graph = parse("e*pi*tau*x", wrt=["e", "tau", "x"])
    (text,) = derive(graph, KINDS["eval"]).spelled(InSympy(graph.variables))[1]
    e, tau, x = sympy.symbols("e tau x")
    assert sympy.sympify(text) == e * tau * x * sympy.pi


def test_parentheses_in_sympy_s_functions_are_those_that_are_needed() -> None:
    assert value("exp(-y/2)", InSympy()) == "exp(-y/2)"
    assert value("abs(x/y)*where(x*y > 0, x/y, y)", InSympy()) == (
        "Abs(x/y)*Piecewise((x/y, x*y > 0), (y, True))"
    )
    assert value("cbrt(x*y)/mod(x/y, z)", InSympy()) == (
        "Abs(x*y)**(1/3)*sign(x*y)/(x/y - z*floor((x/y)/z))"
    )


def test_greek_letters_are_apart_in_latex_and_mathml() -> None:
    """Small and capital ones are other names, and all 48 words are known."""
    letters = [chr(code) for code in (*range(0x391, 0x3AA), *range(0x3B1, 0x3CA)) if code not in
               (0x3A2, 0x3C2)]  # fmt: skip
    words = [unicodedata.name(one).split()[-1].replace("LAMDA", "LAMBDA").lower()
             if one.islower() else unicodedata.name(one).split()[-1].replace("LAMDA", "LAMBDA")
             .capitalize() for one in letters]  # fmt: skip
    assert len({name_of(word) for word in words}) == 48
    assert [MathML().name(word).text for word in words] == [f"<mi>{one}</mi>" for one in letters]


def test_in_mathml_no_word_runs_into_a_factor() -> None:
    text = "x*sin(y)*gamma(y)*speed*x/(speed*y), x*speed**2*abs(x)*exp(y)*atan(x), beta*x*y"
    graph = parse(text)
    formulas = derive(graph, KINDS["jacobian"])
    _, texts = formulas.spelled(MathML())
    beside = r"<mi>[^<]{2,}</mi>(<mn>\w+</mn></msub>)?<mo>\u2062|\u2062</mo>(<m\w+>)*<mi>[^<]{2,}"
    assert not [text for text in texts if re.search(beside, text)]
    assert any("\u2062" in text for text in texts)


@pytest.mark.parametrize("text", ["x*1e-200*1e-200", "x*1e-308/7", "x*1e200*y*1e200"])
@pytest.mark.parametrize("notation", [OnPaper(), Latex(), MathML()])
def test_what_no_double_can_say_no_formula_says(text: str, notation: Notation) -> None:
    with pytest.raises(UnwritableError, match="no double is"):
        derive(parse(text), KINDS["jacobian"]).spelled(notation)
