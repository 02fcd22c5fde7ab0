"""Slopes from values alone: those of the table, without a look at the table."""

from __future__ import annotations

from typing import Any

import pytest

from gradcalc.calculus import rules
from gradcalc.check.digits.slopes import Slopes
from gradcalc.functions.digits import context, exclusive
from gradcalc.functions.primitives import FUNCTIONS, TABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.exact import call

POINTS = {
    **dict.fromkeys(("acosh", "asec", "acsc", "acoth"), (1.5,)),
    **dict.fromkeys(("polygamma", "sincn", "cardinal", "expint"), (2.0, 0.7)),
    **dict.fromkeys(("besselj", "besseli"), (1.0, 0.7)),
    **dict.fromkeys(("xlogy", "gammapdf", "gammainc", "gammaincc"), (0.7, 0.4)),
    **dict.fromkeys(("betapdf", "betainc", "psigap"), (2.0, 1.6, 0.4)),
    "clamp": (0.3, -1.0, 1.0),
}
PLACES = (0.7, -0.4, 0.2)
SMOOTH = [
    primitive
    for primitive in dict.fromkeys(FUNCTIONS.values())
    if primitive.differentiable and primitive.name != "where"
]


def operands(primitive: Primitive) -> tuple[Any, ...]:
    numbers = POINTS.get(primitive.name, PLACES[: primitive.arity])
    return tuple(context().mpf(number) for number in numbers)


def by_rule(primitive: Primitive, xs: tuple[Any, ...], value: Any) -> list[Any]:
    """The partials of the table, evaluated in mpmath."""
    rule = rules.rule(primitive)
    wanted = [k for k, place in enumerate(rule.outputs) if place is not None]
    number = context().mpf
    numbers = rules.evaluate(
        rule, xs, value, wanted, lambda p, *ys: call(p.code, tuple(map(number, ys)))
    )
    return [None if k not in wanted else number for k, number in enumerate(numbers)]


@pytest.mark.parametrize("primitive", SMOOTH, ids=lambda primitive: primitive.name)
def test_they_are_those_of_the_table(primitive: Primitive) -> None:
    with exclusive(), context().workdps(40):
        xs = operands(primitive)
        value = call(primitive.code, xs)
        found = Slopes(40).first(primitive.code, xs, value, (True,) * primitive.arity)
        for ours, true in zip(found, by_rule(primitive, xs, value), strict=True):
            both_none = ours != ours and true != true  # by an order
            assert both_none or abs((ours or 0) - (true or 0)) <= 1e-15 * abs(true or 0)


@pytest.mark.parametrize(
    ("name", "xs"),
    [
        ("abs", (0.0,)),
        ("floor", (2.0,)),
        ("sign", (0.0,)),
        ("cbrt", (0.0,)),
        ("sqrt", (0.0,)),
        ("asin", (1.0,)),
        ("hypot", (0.0, 0.0)),
        ("max", (1.0, 1.0)),
        ("clamp", (0.0, 1.0, 1.0)),
        ("clamp", (0.0, 0.0, 0.0)),  # flat along every axis
        ("atan2", (0.0, -1.0)),
        ("log", (-1.0,)),
    ],
)
def test_where_there_is_none_it_is_no_number(name: str, xs: tuple[float, ...]) -> None:
    code = FUNCTIONS[name].code
    with exclusive(), context().workdps(40):
        numbers = tuple(map(context().mpf, xs))
        value = call(code, numbers)
        found = Slopes(40).first(code, numbers, value, (True,) * len(xs))
        assert any(slope is not None and context().isnan(slope) for slope in found)


def test_a_function_that_does_not_move_is_noticed() -> None:
    with exclusive(), context().workdps(40):
        for digits, collapsed in ((40, True), (320, False)):
            local = Slopes(digits)
            x = context().mpf(400)
            local.first(FUNCTIONS["tanh"].code, (x,), context().tanh(x), (True,))
            assert local.collapsed is collapsed


@pytest.mark.parametrize("name", ["mul", "div", "square", "pow", "sin", "gamma", "hypot"])
def test_second_derivatives(name: str) -> None:
    primitive = next(primitive for primitive in TABLE if primitive.name == name)
    with exclusive(), context().workdps(60):
        xs = tuple(abs(x) for x in operands(primitive))
        value, h = call(primitive.code, xs), context().mpf(10) ** -25
        found = Slopes(40).second(primitive.code, xs, value)
        for k in range(primitive.arity):
            ends = []
            for sign in (1, -1):
                moved = tuple(x + sign * h * (i == k) for i, x in enumerate(xs))
                ends.append(by_rule(primitive, moved, call(primitive.code, moved)))
            for j, (ahead, behind) in enumerate(zip(*ends, strict=True)):
                curve = found.get((min(j, k), max(j, k)), 0)
                assert abs(curve - (ahead - behind) / (2 * h)) < 1e-14


def test_a_tiny_operand_does_not_hide_how_the_other_one_bends() -> None:
    code = FUNCTIONS["logaddexp"].code
    with exclusive(), context().workdps(60):
        mp = context()
        xs = (mp.ldexp(1, -100_000), mp.mpf("1.628"))
        found = Slopes(40).second(code, xs, call(code, xs))
        share = 1 / (1 + mp.exp(-xs[1]))
        assert abs(found[1, 1] - share * (1 - share)) < 1e-30
        assert abs(found[0, 1] + share * (1 - share)) < 1e-30
