"""Mutated Jacobians: the mutation is named, from formulas and from the numbers at one point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gradcalc
from gradcalc.claims.claim import Matter, read_claim
from gradcalc.claims.ruling import Ruling, decide
from gradcalc.errors import Source

Matrix = list[list[str]]
JACOBIANS: list[tuple[str, Matrix]] = [
    ("x1**2+3*x2, x2**2+2*x1", [["2*x1", "3"], ["2", "2*x2"]]),
    ("r*cos(t), r*sin(t)", [["cos(t)", "-r*sin(t)"], ["sin(t)", "r*cos(t)"]]),
    ("x*y, x+y**3", [["y", "x"], ["1", "3*y**2"]]),
    ("exp(x)*y, log(x)/y", [["exp(x)*y", "exp(x)"], ["1/(x*y)", "-log(x)/y**2"]]),
    (
        "x*y*z, x+sin(y), z**2*x",
        [["y*z", "x*z", "x*y"], ["1", "cos(y)", "0"], ["z**2", "0", "2*x*z"]],
    ),
    ("a**2*b, a*b**2", [["2*a*b", "a**2"], ["b**2", "2*a*b"]]),
    (
        "x+2*y+3*z, x*y, tanh(z)*x",
        [["1", "2", "3"], ["y", "x", "0"], ["tanh(z)", "0", "x*sech(z)**2"]],
    ),
    ("sqrt(x**2+y**2), atan2(y, x)",
     [["x/hypot(x,y)", "y/hypot(x,y)"], ["-y/(x**2+y**2)", "x/(x**2+y**2)"]]),
    ("x**y, y**x", [["y*x**(y-1)", "x**y*log(x)"], ["y**x*log(y)", "x*y**(x-1)"]]),
    ("u**2+7*v, u-5*v**3", [["2*u", "7"], ["1", "-15*v**2"]]),
]  # fmt: skip
CASES = range(len(JACOBIANS))


def negative(entry: str) -> str:
    return f"-({entry})"


def times(factor: str, entry: str) -> str:
    return f"({factor})*({entry})"


Mutation = Callable[[Matrix, int], Matrix]
FACTORS = ("2", "1/2", "3", "-2", "5", "1/3", "4", "1/4", "10", "-1/2")


def swapped(rows: Matrix) -> Matrix:
    return [rows[1], rows[0], *rows[2:]]


def transposed(rows: Matrix) -> Matrix:
    return [list(column) for column in zip(*rows, strict=True)]


def changed(rows: Matrix, i: int, j: int, entry: str) -> Matrix:
    return [[entry if (i, j) == (k, m) else old for m, old in enumerate(row)]
            for k, row in enumerate(rows)]  # fmt: skip


def nonzero(rows: Matrix, k: int) -> tuple[int, int]:
    places = [(i, j) for i, row in enumerate(rows) for j, e in enumerate(row) if e != "0"]
    return places[k % len(places)]


def sign_of_entry(rows: Matrix, k: int) -> Matrix:
    i, j = nonzero(rows, k)
    return changed(rows, i, j, negative(rows[i][j]))


def factor_in_entry(rows: Matrix, k: int) -> Matrix:
    i, j = nonzero(rows, k)
    return changed(rows, i, j, times(FACTORS[k], rows[i][j]))


def wrong_entry(rows: Matrix, k: int) -> Matrix:
    i, j = nonzero(rows, k)
    return changed(rows, i, j, f"({rows[i][j]}) + 0.37")


def sign_of_column(rows: Matrix, k: int) -> Matrix:
    return [[negative(row[0]), *row[1:]] for row in rows]


MUTATIONS: dict[str, tuple[str, str, Mutation]] = {
    "transposed": ("transposed", "it is transposed", lambda rows, k: transposed(rows)),
    "all signs": ("sign", "every sign", lambda rows, k: [[*map(negative, row)] for row in rows]),
    "row sign": ("sign", "the sign of row", lambda rows, k: [[*map(negative, rows[0])], *rows[1:]]),
    "column sign": ("sign", "the sign of column", sign_of_column),
    "entry sign": ("sign", "its sign", sign_of_entry),
    "rows": ("swapped", "the rows", lambda rows, k: swapped(rows)),
    "columns": ("swapped", "the columns", lambda rows, k: [[r[1], r[0], *r[2:]] for r in rows]),
    "factor": ("factor", "every entry is", lambda rows, k: [
        [times(FACTORS[k], entry) for entry in row] for row in rows]),
    "row factor": ("factor", "row", lambda rows, k: [
        [times(FACTORS[k], entry) for entry in rows[0]], *rows[1:]]),
    "entry factor": ("factor", "it is", factor_in_entry),
    "entry": ("entry", "one entry is wrong", wrong_entry),
}  # fmt: skip


def judged(expression: str, claim: str, points: np.ndarray) -> Ruling:
    program = gradcalc.compile(expression)
    matter = Matter(program.outputs, program.variables, {}, {})
    claimed = read_claim(Source(claim, "--claim"), matter).fitted(matter)
    return decide(program, claimed, points)


def typed(rows: Matrix) -> str:
    return "; ".join(", ".join(row) for row in rows)


def points(rows: Matrix, count: int) -> np.ndarray:
    return np.random.default_rng(7).uniform(0.3, 1.7, (count, len(rows[0])))


@pytest.mark.parametrize("case", CASES)
def test_a_right_one_is_right(case: int) -> None:
    expression, rows = JACOBIANS[case]
    ruling = judged(expression, typed(rows), points(rows, 30))
    assert ruling.right
    assert ruling.diagnosis is None


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("count", [30, 1], ids=["samples", "point"])
def test_formulas(case: int, mutation: str, count: int) -> None:
    kind, words, mutate = MUTATIONS[mutation]
    expression, rows = JACOBIANS[case]
    ruling = judged(expression, typed(mutate(rows, case)), points(rows, count))
    assert ruling.right is False
    assert ruling.diagnosis is not None
    assert (ruling.diagnosis.kind, ruling.diagnosis.text[: len(words)]) == (kind, words)


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("case", CASES)
def test_numbers(case: int, mutation: str) -> None:
    kind, words, mutate = MUTATIONS[mutation]
    expression, rows = JACOBIANS[case]
    at = points(rows, 1)
    variables = gradcalc.compile(expression).variables
    spoiled = gradcalc.compile(", ".join(", ".join(r) for r in mutate(rows, case)), wrt=variables)
    numbers = spoiled(at[0]).reshape(len(rows), -1).tolist()
    ruling = judged(expression, typed([[repr(x) for x in row] for row in numbers]), at)
    assert ruling.right is False
    assert ruling.diagnosis is not None
    assert (ruling.diagnosis.kind, ruling.diagnosis.text[: len(words)]) == (kind, words)


def test_what_the_entry_should_be() -> None:
    ruling = judged("x1**2+3*x2, x2**2+2*x1", "2*x1, 2*x2; 2, 2*x2", np.array([[2.0, 3.0]]))
    (wrong,) = ruling.wrong
    assert wrong == ("f1", "x2", "2*x2", 6.0, 3.0)
    assert ruling.diagnosis is not None
    assert ruling.diagnosis.text.endswith("the right one for row f2, column x2")


def test_columns_in_another_order() -> None:
    ruling = judged("x*y**2*z**3", "x*2*y*z**3, x*y**2*3*z**2, y**2*z**3", np.array([[2, 3, 5.0]]))
    assert ruling.diagnosis is not None
    assert ruling.diagnosis.text == "the columns are in the order y, z, x"


def test_digits_that_were_cut_off() -> None:
    ruling = judged("sin(x), exp(x)", "0.5403; 2.7183", np.array([[1.0]]))
    assert ruling.diagnosis is not None
    assert ruling.diagnosis.kind == "rounded"
    assert ruling.diagnosis.text.endswith("--rtol 1e-5 lets that pass")


def test_no_guess_is_made_without_an_explanation() -> None:
    ruling = judged("x*y, x+y", "x, x+y; y**2, 3", np.array([[2.0, 3.0]]))
    assert ruling.right is False
    assert ruling.diagnosis is None
