"""Values and slopes in balls at one precision, and slopes as limits from both sides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flint import arb, arb_series, ctx

from gradcalc.check import sweeps
from gradcalc.check.budget import Deadline
from gradcalc.check.compare import Nowhere
from gradcalc.check.enclosures.point import Point, call
from gradcalc.check.enclosures.sides import Sides
from gradcalc.check.structure import Outline
from gradcalc.functions.primitives import TABLE
from gradcalc.language import parse

PATIENT = Deadline(60)


@pytest.fixture(autouse=True)
def _bits() -> Iterator[None]:
    with ctx.workprec(256):
        yield


def point(text: str, *x: float) -> Point:
    return Point(Outline(parse(text)), x, PATIENT)


def value(text: str, *x: float) -> Any:
    here = point(text, *x)
    return here.values[here.graph.outputs[0]]


def gradient(text: str, *x: float) -> list[Any]:
    here = point(text, *x)
    found = sweeps.reverse(here.slopes, {here.graph.outputs[0]: arb(1)})
    return [found.get(node, arb(0)) for node in here.graph.inputs]


def sides(text: str, *x: float) -> Sides:
    outline = Outline(parse(text))
    return Sides(outline, Point(outline, x, PATIENT), PATIENT)


def test_values_are_held() -> None:
    assert value("exp(log(x))", 3.0).contains(3)
    assert value("1/3 + x", 2 / 3).contains(arb(1) / 3 + arb(2 / 3))


@pytest.mark.parametrize(
    ("text", "x", "slopes"),
    [
        ("x**2*y", (3.0, 2.0), [12, 9]),
        ("max(x, y)", (1.0, 2.0), [0, 1]),
        ("floor(x)*x", (2.5,), [2]),
        ("where(x > 1, x**2, x)", (3.0,), [6]),
        ("where(x < 0, log(x), x)", (3.0,), [1]),
        ("sign(x)*abs(x)", (-3.0,), [1]),
        ("x % 3", (7.0,), [1]),
        ("x*0 + (x + x) - 2*x", (0.1,), [0]),
    ],
)
def test_slopes(text: str, x: tuple[float, ...], slopes: list[int]) -> None:
    assert [found.contains(true) for found, true in zip(gradient(text, *x), slopes, strict=True)]


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("abs(x)", (0.0,)),
        ("max(x, y)", (1.0, 1.0)),
        ("hypot(x, y)", (0.0, 0.0)),
        ("clamp(x, x/3, 0)", (0.0,)),
        ("floor(x)", (2.0,)),
        ("where(x > 1, x**2, x)", (1.0,)),
        ("where(x > 1 and x > 0, x, 2*x)", (1.0,)),
        ("where(not x == 1, x, 2*x)", (1.0,)),
        ("sqrt(x)", (0.0,)),
        ("x**0.5*x", (0.0,)),
        ("atan2(x, -1)", (0.0,)),
        ("trunc(x)", (1.0,)),
    ],
)
def test_there_is_no_slope_by_the_chain_rule(text: str, x: tuple[float, ...]) -> None:
    assert all(slope.is_nan() for slope in gradient(text, *x))


def test_a_condition_that_another_one_overrules_does_not_turn() -> None:
    assert gradient("where(x > 1 and x > 5, x**2, x)", 1.0) == [1]
    assert gradient("where(x >= 1 or x > 0, x**2, x)", 1.0) == [2]
    for both in ("x == 1 or 2*x == 2", "not (x != 1 and x - 1 != 0)", "x >= 1 or x <= 1 and x > 1"):
        assert gradient(f"where({both}, 1, x**2)", 1.0)[0].is_nan()  # they turn together


@pytest.mark.parametrize(
    "text",
    ["floor(sin(x)**2 + cos(x)**2)", "sqrt(x)**2 == x", "sqrt(sin(x)**2 + cos(x)**2 - 1)"],
)
def test_what_lies_on_a_step_is_doubtful(text: str) -> None:
    here = point(f"where({text}, x, 2*x)" if "==" in text else text, 3.0)
    assert here.values[here.graph.outputs[0]].is_nan()
    assert here.doubtful()


@pytest.mark.parametrize("text", ["x/3*3 == 1", "floor(x/3 + x/3 + x/3) == 1", "x/7 < x/6"])
def test_fractions_decide_exactly(text: str) -> None:
    assert value(f"where({text}, 1, 0)", 1.0) == 1


@pytest.mark.parametrize("text", ["log(x)", "1/(x + 1)", "asin(x - 2)", "sqrt(x)"])
def test_what_has_no_value_is_not_doubtful(text: str) -> None:
    here = point(text, -1.0)
    assert here.values[here.graph.outputs[0]].is_nan()
    assert not here.doubtful()


# --- sides ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "x", "left", "right"),
    [
        ("abs(x)", 0.0, -1, 1),
        ("relu(x) - relu(-x)", 0.0, 1, 1),
        ("where(x == 0, 1, (exp(x)-1)/x)", 0.0, 0.5, 0.5),
        ("where(x != 0, (1-cos(x))/x, 0)", 0.0, 0.5, 0.5),
        ("where(x == 0, 1, x/(exp(x)-1))", 0.0, -0.5, -0.5),
        ("min(x**2, x)", 1.0, 2, 1),
        ("x*sqrt(x)", 0.0, None, 0),
        ("x**1.1", 0.0, None, 0),
        ("0*sqrt(x)", 0.0, None, 0),
        ("sqrt(x**2)**2", 0.0, 0, 0),
        ("x*cbrt(x)", 0.0, 0, 0),
        ("cbrt(x)", 0.0, float("inf"), float("inf")),
    ],
)
def test_slopes_on_both_sides(text: str, x: float, left: float | None, right: float) -> None:
    limit = sides(text, x).slope({0: 1.0}, {0: 1.0})
    assert limit is not None
    assert not isinstance(limit, Nowhere)
    assert limit.left is None if left is None else limit.left == left
    assert limit.right == right


@pytest.mark.parametrize("text", ["floor(x)", "where(x == 2, 7, x)", "where(x < 2, 0, 1)"])
def test_jumps(text: str) -> None:
    assert isinstance(sides(text, 2.0).slope({0: 1.0}, {0: 1.0}), Nowhere)


@pytest.mark.parametrize(
    "text", ["x*log(x)", "where(x > 0, x*log(x), x)", "x**x", "where(x != 0, x**2*sin(1/x), 0)"]
)
def test_what_is_no_power_series_is_not_known(text: str) -> None:
    assert sides(text, 0.0).slope({0: 1.0}, {0: 1.0}) is None


def test_second_derivatives_on_both_sides() -> None:
    beside = sides("where(a == b, a, (a-b)/log(a/b))", 20.0, 20.0)
    for i in range(2):
        for j in range(2):
            curvature = beside.curvature({i: 1.0}, {j: 1.0})
            assert curvature.contains(arb(-1 if i == j else 1) / 120)
    assert sides("x*abs(x)", 0.0).curvature({0: 1.0}, {0: 1.0}).is_nan()


def test_what_is_made_of_a_step_jumps_too() -> None:
    assert gradient("where(sign(x)*2 < 1 and x < 3, x, 5)", 0.0)[0].is_nan()
    assert gradient("where(2*floor(x) + 1 > 5, x, 5*x)", 2.0)[0].is_nan()


@pytest.mark.parametrize("text", ["where(x < 0.5, x, z)*y", "y/where(x <= 0.5, x, z)"])
def test_nothing_is_known_of_mixed_derivatives_at_a_jump(text: str) -> None:
    here = point(text, 0.5, 3.0, 7.0)
    root, (_, z, y) = here.graph.outputs[0], here.graph.inputs
    cotangents = sweeps.reverse(here.slopes, {root: arb(1)})
    for moved, other in ((y, z), (z, y)):
        tangents = sweeps.forward(here.slopes, {moved: arb(1)}, range(len(here.graph)))
        bent = sweeps.bend(here.slopes, here.curves, tangents, cotangents)
        assert bent[other].is_nan()


@pytest.mark.parametrize("germ", [[], [0], [1], [0, 1]], ids=str)
def test_what_has_no_value_makes_no_germ(germ: list[int]) -> None:
    """Arb's NaN times a series that is 0 is 0."""
    ctx.cap = 4
    for row in TABLE:
        if row.arity < 2 or row.selects or row.boolean or not row.ball_forward:
            continue
        for k in range(row.arity):
            operands: list[Any] = [arb_series(germ, prec=3)] * row.arity
            operands[k] = arb.nan()
            found = call(row.code, operands)
            first = found[0] if isinstance(found, arb_series) else found
            assert not first.is_finite(), (row.name, k)
