"""A point among many has the same bits in any company: alone, among few, among very many, beside
points where everything overflows or is undefined, by one thread or by several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradcalc
from gradcalc.engine import grouped, many
from gradcalc.engine.program import Program
from gradcalc.functions.primitives import FLOW, TABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from tests.expressions import Case, cases

QUESTIONS: dict[str, Callable[[Program, Any], Any]] = {
    "values": lambda p, x: p(x),
    "jacobian": lambda p, x: p.jacobian(x),
    "vjp": lambda p, x: p.vjp(x, np.linspace(1, 2, len(p.outputs))),
    "jvp": lambda p, x: p.jvp(x, np.linspace(1, 2, len(p.variables))),
}

SPECIAL = [0.0, -0.0, 1.0, -1.0, 1e-300, -5e-324, 1e155, -1e200, 1e308, np.inf, -np.inf, np.nan]


def company(rows: np.ndarray[Any, Any], count: int, seed: int) -> np.ndarray[Any, Any]:
    """``count`` rows of all sizes, some of them special, the first of them ``rows``."""
    rng = np.random.default_rng(seed)
    shape = (count, rows.shape[1])
    others = rng.normal(size=shape) * 10.0 ** rng.integers(-3, 9, shape)
    special = rng.random(shape) < 0.02
    others[special] = rng.choice(SPECIAL, int(special.sum()))
    others[: len(rows)] = rows
    return others


def bits(numbers: Any) -> Any:
    """Numbers by their bits; every NaN is the same."""
    array = np.array(numbers, float)
    array[np.isnan(array)] = np.nan
    return array.view(np.int64)


def assert_same_in_any_company(program: Program, rows: np.ndarray[Any, Any], most: int) -> None:
    n = len(rows)
    among = [company(rows, max(count, n), count) for count in (n, n + 1, 67, 1025, most)]
    with np.errstate(all="ignore"):
        for question in QUESTIONS.values():
            alone = bits([question(program, rows[k : k + 1])[0] for k in range(n)])
            for x in among:
                np.testing.assert_array_equal(bits(question(program, x)[:n]), alone)
                if len(x) < most:
                    back = question(program, x[::-1])[::-1]
                    np.testing.assert_array_equal(bits(back[:n]), alone)


@settings(max_examples=15, deadline=None)
@given(cases(), st.lists(st.sampled_from([*SPECIAL, 0.3, 2.0, -7.5]), min_size=3, max_size=6))
def test_the_same_bits_in_any_company(case: Case, special: list[float]) -> None:
    x = np.asarray(case.point(), float)
    rows = np.array([x, x * 1.1, x * 0.7 - 0.1, np.resize(special, len(x))])
    assert_same_in_any_company(case.program(), rows, 5000)


@pytest.mark.parametrize("small", [0, 10**9])
@pytest.mark.parametrize(
    "text",
    [
        "sin(x)*exp(y), cos(x)/y, sqrt(x*x+y*y), log(x)",
        "sin(x*y)*cos(x*y)+exp(-x)*tanh(y), x**y, atan2(y, x), where(x > y, x, log(y))",
        "max(x, y)*expm1(x)+log1p(y)**3, tan(x)-gamma(y), erf(x)*sigmoid(y)",
        "sum([x, y, x*y, sin(x), cos(y), x/y, y/x, x-y, exp(x)])",
        "sin(exp(1000))+x, y",
    ],
)
def test_whatever_the_machine(text: str, small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "SMALL_GRAPH", small)
    monkeypatch.setattr(many, "SMALL_PRODUCT", small)
    monkeypatch.setattr(grouped, "POINT_BUFFER", 1 << 12)
    rng = np.random.default_rng(5)
    rows = np.concatenate([rng.normal(size=(7, 2)) * 3, [[1e155, 1e155], [-1, 0], [0, np.nan]]])
    assert_same_in_any_company(gradcalc.compile(text), rows, 20_000)


CALLED = [p for p in TABLE if p.arity and p is not FLOW]


@pytest.mark.parametrize("primitive", CALLED, ids=lambda p: p.name)
def test_every_function(primitive: Primitive) -> None:
    graph = Graph()
    operands = [graph.variable(f"x{k}") for k in range(primitive.arity)]
    graph.outputs = [graph.apply(primitive.code, *operands)]
    graph.output_names = ["f1"]
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(9, primitive.arity)) * 10.0 ** rng.integers(-2, 3, (9, 1))
    assert_same_in_any_company(Program(graph), rows, 2049)


@pytest.mark.parametrize("kind", ["hessian", "hvp"])
def test_second_derivatives(kind: str) -> None:
    p = gradcalc.compile("sin(x)*exp(y*z)+x**2/y+log(z)")
    rows = np.random.default_rng(1).normal(size=(5, 3))
    rest = () if kind == "hessian" else ([1.0, 2.0, 3.0],)
    with np.errstate(all="ignore"):
        alone = bits([getattr(p, kind)(rows[k : k + 1], *rest)[0] for k in range(5)])
        for count in (5, 6, 67, 3000):
            found = getattr(p, kind)(company(rows, count, count), *rest)[:5]
            np.testing.assert_array_equal(bits(found), alone)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_number_of_threads(threads: int) -> None:
    p = gradcalc.compile("sin(x)*exp(y), sqrt(x*x+y*y), log(x)")
    x = company(np.ones((1, 2)), 150_000, 4)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(
            bits(p.jacobian(x, threads=threads)), bits(p.jacobian(x, threads=1))
        )
        some = slice(70_001, 70_011)
        np.testing.assert_array_equal(bits(p.jacobian(x)[some]), bits(p.jacobian(x[some])))
