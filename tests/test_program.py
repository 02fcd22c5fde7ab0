"""What a program can be asked beyond numbers: formulas, facts, linear models; and in a notebook."""

from __future__ import annotations

import pickle
from xml.etree import ElementTree

import numpy as np
import pytest

import gradcalc
from gradcalc.check.verdict import Verdict
from gradcalc.errors import BindingError, UndefinedError, UsageError
from gradcalc.render.answer import Answer

README = gradcalc.compile("x1**2+3*x2, x2**2+2*x1")


def test_formulas_are_a_table_texts_and_mathematics() -> None:
    found = README.formulas()
    assert found.texts == [["2*x1", "3"], ["2", "2*x2"]]
    assert "f1   2·x1   3" in repr(found)
    assert found._repr_latex_().startswith(r"$$\frac{\partial(f_{1}, f_{2})}")
    assert "%" not in found._repr_latex_()
    ElementTree.fromstring(found._repr_html_())


@pytest.mark.parametrize(("kind", "vector", "texts"), [
    ("gradient", None, [["2*x*y", "x**2"]]),
    ("hessian", None, [["2*y", "2*x"], ["2*x", "0"]]),
    ("hvp", [1, 0], [["2*y", "2*x"]]),
    ("eval", None, [["x**2*y"]]),
])  # fmt: skip
def test_every_kind_has_formulas(kind: str, vector: list[float], texts: list[list[str]]) -> None:
    assert gradcalc.compile("x**2*y").formulas(kind, vector).texts == texts


def test_facts_as_formulas() -> None:
    found = README.formulas(show="det,inv,rank")
    assert found["det"] == "4*x1*x2 - 6"
    assert found["rank"] == 2
    with pytest.raises(UsageError, match="of 3 × 3 entries there is no formula"):
        gradcalc.compile("x*y*z, x*y, y + z*x").formulas(show="svd")


def test_facts_at_a_point() -> None:
    found = README.facts([2, 3])
    assert found["det"] == 18.0
    np.testing.assert_allclose(found["inv"] @ README.jacobian([2, 3]), np.eye(2), atol=1e-15)
    np.testing.assert_allclose(found["svd"].prod(), 18)
    assert found.judged is not None
    assert found.judged.passed
    assert "det = 18.0" in repr(found)
    assert README.facts([2, 3], "det", check=False).judged is None
    bowl = gradcalc.compile("x**2 + y**2").facts([0, 0], "eig", kind="hessian")
    assert bowl.nature is not None
    assert bowl.nature["nature"] == "minimum"
    with pytest.raises(BindingError, match="square"):
        gradcalc.compile("x*y").facts([1, 2], "det")
    with pytest.raises(UsageError, match="no fact is called 'dett'"):
        README.facts([2, 3], "dett")


def test_a_linear_model() -> None:
    p = gradcalc.compile("dx/dt = v; dv/dt = u - k*sin(x); y = 2*x")
    model = p.linearize({"x": 0, "v": 0, "u": 0, "k": 4}, ["x", "v"], ["u"])
    assert model.A.tolist() == [[0, 1], [-4, 0]]
    assert model.C.tolist() == [[2, 0]]
    assert model.eigenvalues == [2j, -2j]
    assert isinstance(model.verdict, Verdict)
    assert "dv/dt   -4   0 │ 1" in repr(model)
    assert model._repr_latex_().startswith(r"$$\begin{gathered}")
    found = p.linearize({"x": 3, "v": 1, "u": 0, "k": 4}, ["x", "v"], ["u"], trim=True)
    assert found.at["x"] == pytest.approx(np.pi)
    assert found.at["v"] == 0
    with pytest.raises(BindingError, match="is in inputs and in states"):
        p.linearize([0, 0, 0, 0], ["x", "v"], ["x"])
    with pytest.raises(UndefinedError, match="dx/dt is nan"):
        gradcalc.compile("dx/dt = sqrt(x)").linearize([-1], ["x"])


def test_what_is_measured_is_a_text() -> None:
    model = gradcalc.linearize(
        "dx = -x + u", [2, 2], states=["x"], inputs=["u"], measure="dx, x**2"
    )
    assert model.C.tolist() == [[-1], [4]]
    assert model.D.tolist() == [[1], [0]]


def test_a_program_in_a_notebook() -> None:
    assert README._repr_latex_() == (
        r"$$\begin{aligned} f_{1} &= x_{1}^{2} + 3 x_{2} \\ f_{2} &= 2 x_{1} + x_{2}^{2} "
        r"\end{aligned}$$"
    )
    html = README._repr_html_()
    assert html is not None
    assert len(ElementTree.fromstring(html).findall(".//{*}mtr")) == 2
    long = gradcalc.compile(" + ".join(f"sin(x{k})" for k in range(3000)))
    assert long._repr_latex_() is None
    assert long._repr_html_() is None


def test_an_answer_in_a_notebook() -> None:
    at = README.at([2, 3])
    answer = Answer(
        "jacobian", at.ask("jacobian").kind, README.variables, README.outputs, {}, at.x, at.value,
        at.jacobian(),
    )  # fmt: skip
    assert r"4 & 3 \\" in answer._repr_latex_()
    ElementTree.fromstring(answer._repr_html_())


def test_a_pickled_program_is_the_same() -> None:
    again = pickle.loads(pickle.dumps(README))
    assert type(again) is gradcalc.Program
    assert again.formulas().texts == README.formulas().texts


def test_a_program_that_no_formula_says_is_shown_as_none() -> None:
    program = gradcalc.compile("x*1e-200*1e-200")
    assert program._repr_latex_() is None
    assert program.page([1.0], check=False).text
