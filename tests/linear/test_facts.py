"""Facts about matrices of derivatives: against fractions, sympy and mpmath."""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.calculus.kinds import KINDS
from gradcalc.check import matrices
from gradcalc.check.identity import facts_agree
from gradcalc.check.matrices import Judged, prove
from gradcalc.engine.program import Program
from gradcalc.errors import BindingError, UsageError
from gradcalc.formulas.derivative import derive
from gradcalc.language import parse
from gradcalc.linear import structure
from gradcalc.linear.facts import Matrix, facts
from gradcalc.linear.kinds import FACTS
from gradcalc.linear.symbolic import LARGEST, fact_formulas, formula
from gradcalc.linear.words import of_bowl


def matrix_of(program: Program, x: Any, kind: str = "jacobian") -> Matrix:
    at = program.at(x)
    entries = at.ask(kind).entries
    assert entries is not None
    found = (program.gradient_program if kind == "hessian" else program).pattern
    pattern = np.zeros(entries.shape, bool)
    pattern[found.rows, found.columns] = True
    rows = program.variables if kind == "hessian" else program.outputs
    return Matrix(entries, pattern, rows, program.variables, symmetric=kind == "hessian")


def judged(text: str, x: Any, wanted: str, kind: str = "jacobian", budget: float = 20.0) -> Judged:
    program = Program(parse(text))
    matrix = matrix_of(program, x, kind)
    return prove(program.at(x).ask(kind), matrix, facts(matrix, wanted.split(",")), budget)


def entries(found: Judged) -> list[Any]:
    return [one.entries.tolist() for one in found.facts]


def linear(rows: list[list[int]]) -> str:
    """A map whose Jacobian is this matrix everywhere."""
    sums = (" + ".join(f"({a})*x{j}" for j, a in enumerate(row)) for row in rows)
    return ", ".join(sums)


squares = st.integers(2, 4).flatmap(
    lambda n: st.lists(st.lists(st.integers(-3, 3), min_size=n, max_size=n), min_size=n, max_size=n)
)


def exact_det(rows: list[list[int]]) -> Fraction:
    work, det = [[Fraction(a) for a in row] for row in rows], Fraction(1)
    for k in range(len(work)):
        pivot = next((i for i in range(k, len(work)) if work[i][k]), None)
        if pivot is None:
            return Fraction(0)
        if pivot != k:
            work[k], work[pivot], det = work[pivot], work[k], -det
        det *= work[k][k]
        for row in work[k + 1 :]:
            factor = row[k] / work[k][k]
            row[:] = [a - factor * b for a, b in zip(row, work[k], strict=True)]
    return det


@given(squares)
@settings(max_examples=15)
def test_of_whole_numbers_every_fact_is_proven_and_exact(rows: list[list[int]]) -> None:
    program = Program(parse(linear(rows), wrt=[f"x{j}" for j in range(len(rows))]))
    matrix = matrix_of(program, np.ones(len(rows)))
    found = prove(
        program.at(np.ones(len(rows))).ask("jacobian"),
        matrix,
        facts(matrix, ["det", "rank", "inv", "cond"]),
        20,
    )
    assert found.passed
    det, rank, cond, inv = found.facts
    assert det.proven
    assert det.entries[0, 0] == exact_det(rows)
    assert rank.proven
    assert rank.data["exact"] == np.linalg.matrix_rank(np.array(rows, float))
    if det.entries[0, 0]:
        assert np.allclose(np.array(rows) @ inv.entries, np.eye(len(rows)), atol=1e-9)
        assert cond.entries[0, 0] == pytest.approx(np.linalg.cond(np.array(rows, float)), rel=1e-9)
    else:
        assert math.isinf(cond.entries[0, 0])
        assert np.isnan(inv.entries).all()


def test_a_determinant_has_its_last_digit_where_doubles_have_none() -> None:
    text = "x + y, x + y + 1e-17*y, z"  # numpy's is 0 or rounding
    (det,) = judged("x*1e8 + y*(1e8+1), x*(1e8-1) + y*1e8", [1.0, 2.0], "det").facts
    assert det.proven
    assert det.entries[0, 0] == 1.0
    found = judged(text, [1.0, 1.0, 1.0], "det,rank")
    assert found.facts[0].proven
    assert found.facts[0].entries[0, 0] == 1e-17
    assert found.facts[1].data["rank"] == 2
    assert found.facts[1].data["exact"] == 3


def test_the_hilbert_matrix() -> None:
    """Of 10 rows: its condition number and determinant to the last digit (mpmath, 60 digits)."""
    n = 10
    rows = [[1 / (i + j + 1) for j in range(n)] for i in range(n)]
    text = ", ".join(" + ".join(f"{a!r}*x{j}" for j, a in enumerate(row)) for row in rows)
    det, cond = judged(text, np.ones(n), "det,cond").facts
    with mpmath.workdps(60):
        whole = mpmath.matrix(rows)
        sigma = mpmath.svd_r(whole, compute_uv=False)
        assert det.entries[0, 0] == float(mpmath.det(whole))
        assert cond.entries[0, 0] == float(sigma[0] / sigma[n - 1])


def test_eigenvalues_of_a_rotation_are_a_pair() -> None:
    (found,) = judged("cos(1)*x - sin(1)*y, sin(1)*x + cos(1)*y", [1.0, 2.0], "eig").facts
    assert found.proven
    assert found.entries.tolist() == [[math.cos(1), math.sin(1)], [math.cos(1), -math.sin(1)]]


def test_what_the_places_of_zeros_say_is_said() -> None:
    det, rank = judged("x*y, 3", [1.0, 2.0], "det,rank").facts
    assert det.entries[0, 0] == 0
    assert "row f2" in det.told[0]
    assert rank.data["structural"] == 1
    assert structure.rank([[True, True], [False, True]]) == 2


def test_a_nilpotent_matrix_has_exact_zeros_for_eigenvalues() -> None:
    """numpy alone says 1e-4 of a chain of four integrators in mixed order."""
    found = judged("b, c + 0*d, d, 0*a", [1.0] * 4, "eig")
    assert found.facts[0].entries.tolist() == [[0.0, 0.0]] * 4


def test_a_matrix_that_is_singular_as_far_as_digits_show() -> None:
    det, rank = judged("sin(x)*y, 2*sin(x)*y", [1.0, 2.0], "det,rank").facts
    assert det.entries[0, 0] == 0
    assert det.proven is False
    assert "no number of digits proves a 0" in det.told[0]
    assert rank.entries[0, 0] == 1


def test_a_wrong_fact_is_found() -> None:
    program = Program(parse("x1**2+3*x2, x2**2+2*x1"))
    matrix = matrix_of(program, [2.0, 3.0])
    wrong = Matrix(matrix.entries.T * [[1, 1], [1, 1.001]], matrix.pattern, *["ab"] * 2)
    found = prove(program.at([2.0, 3.0]).ask("jacobian"), wrong, facts(wrong, ["det"]), 20)
    assert found.passed is False


def test_without_arb_mpmath_answers_and_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: Any) -> Any:
        raise matrices.NoReferenceError("python-flint is not installed: pip install python-flint")

    monkeypatch.setattr(matrices.enclosures, "entries", absent)
    found = judged("x1**2+3*x2, x2**2+2*x1", [2.0, 3.0], ",".join(FACTS))
    assert "not proven" in found.line
    assert not any(one.proven for one in found.facts)
    det, rank, cond, svd, eig, inv = entries(found)
    assert det == [[18.0]]
    assert rank == [[2.0]]
    assert cond[0][0] == pytest.approx(svd[0][0] / svd[0][1])
    assert eig[0][0] == pytest.approx(5 + math.sqrt(7))
    assert inv == [[1 / 3, -1 / 6], [-1 / 9, 2 / 9]]
    assert "mpmath" in sys.modules


def test_at_a_kink_nothing_is_proven() -> None:
    found = judged("abs(x) + y, y", [0.0, 1.0], "det")
    assert found.passed is None
    assert found.facts[0].proven is None


@pytest.mark.parametrize(("text", "x", "name"), [
    ("x**2 + y**2 + x*y", [0, 0], "minimum"),
    ("-x**2 - cosh(y)", [0, 0], "maximum"),
    ("x*y", [0, 0], "saddle"),
    ("x**3 - 3*x*y**2", [0, 0], "undecided"),
    ("x**4 + y**2", [0, 0], "undecided"),
    ("cos(x) + sin(y)", [math.pi, -math.pi / 2], "minimum"),
    ("x**2 + y**2", [1, 0], ""),
    ("(1-x)**2 + 100*(y-x**2)**2", [1, 1], "minimum"),
])  # fmt: skip
def test_the_nature_of_a_point(text: str, x: list[float], name: str) -> None:
    program = Program(parse(text))
    at = program.at(x)
    hessian = at.hessian()
    found = judged(text, x, "eig", "hessian")
    assert found.algebra is not None
    values = np.linalg.eigvalsh(hessian)
    for balls in (None, found.algebra.spectrum):
        assert of_bowl(at, hessian, values, balls).name == name


def test_of_a_matrix_that_is_not_square_square_facts_are_refused() -> None:
    program = Program(parse("x*y*z, x"))
    with pytest.raises(BindingError, match="2 × 3") as told:
        facts(matrix_of(program, [1.0, 2.0, 3.0]), ["det"])
    assert "svd" in told.value.hint


# --- formulas -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_a_determinant_as_a_formula_is_that_of_the_matrix(n: int) -> None:
    """Of a full matrix of n rows, at a random point, against numpy."""
    text = ", ".join(
        " + ".join(f"x{j}**{(i + j) % 3 + 1}*{i + 2 * j + 1}" for j in range(n)) for i in range(n)
    )
    found = derive(parse(text), KINDS["jacobian"])
    x = np.random.default_rng(n).uniform(0.5, 2, n)
    jacobian = Program(parse(text)).jacobian(x)
    for name, theirs in (("det", np.linalg.det), ("inv", np.linalg.inv)):
        if n <= LARGEST[name]:
            formulas = formula(found, name).formulas
            assert formulas is not None
            graph = formulas.reread([])
            at = [x[int(v[1:])] for v in graph.variables]
            assert Program(graph)(at) == pytest.approx(theirs(jacobian).ravel(), rel=1e-7)


def test_the_rank_of_a_formula_is_that_of_nearly_every_point() -> None:
    found = derive(parse("x*y, x**2*y**2"), KINDS["jacobian"])
    assert formula(found, "rank").number == 1


@pytest.mark.parametrize(("text", "name"), [
    ("x*y, x + y**2", "eig"), ("x**2, x*y, z*y + x", "eig"),
    ("w + x, w*x, y**2*z, y*z", "eig"),
    ("x*y, x + y**2", "svd"), ("x*y*z, x + z**2", "svd"), ("x*y, x, y**2", "svd"),
    ("x*y*z", "svd"), ("z**2, x**3, 2*y", "svd"), ("x*y, x + y**2", "cond"),
    ("x*y, x, y**2", "cond"), ("x*y", "cond"),
])  # fmt: skip
def test_a_spectrum_as_formulas_is_that_of_the_matrix(text: str, name: str) -> None:
    found = derive(parse(text), KINDS["jacobian"])
    formulas = formula(found, name).formulas
    assert formulas is not None
    graph = formulas.reread([])
    told = facts_agree(found.graph, found.kind, {name: graph})
    assert told is not None
    assert told.passed, told.line
    wrong = parse(f"{graph.source.text} + 0.001", bound=graph.variables)
    doubted = facts_agree(found.graph, found.kind, {name: wrong})
    assert doubted is not None
    assert doubted.passed is False


def test_of_what_is_no_formula_the_others_are_told() -> None:
    found = derive(parse("x*y*z, x + z, y*x"), KINDS["jacobian"])
    det, svd, eig = fact_formulas(found, ["det", "svd", "eig"])
    assert (det.absent, svd.absent, eig.absent) == (False, True, True)
    assert "3 rows that depend on each other" in eig.told
    with pytest.raises(UsageError, match="3 × 3"):
        fact_formulas(found, ["svd"])
    assert fact_formulas(found, ["svd"], beside_numbers=True) == []


def test_eigenvalues_that_are_nowhere_real_are_not_checked() -> None:
    found = derive(parse("x - y, x + y"), KINDS["jacobian"])
    eig = formula(found, "eig")
    assert "complex" in eig.told
    assert eig.formulas is not None
    told = facts_agree(found.graph, found.kind, {"eig": eig.formulas.reread([])})
    assert told is not None
    assert told.passed is None
