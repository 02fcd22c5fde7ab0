"""The partials of the table, read into graphs and evaluated."""

from __future__ import annotations

import numpy as np
import pytest

from gradcalc.calculus.rules import evaluate, of_partials, plain, rule
from gradcalc.functions.primitives import FUNCTIONS, MUL, POW, TABLE, WHERE
from gradcalc.functions.row import Primitive

SPOKEN = [primitive for primitive in TABLE if primitive.arity]


@pytest.mark.parametrize("primitive", SPOKEN, ids=lambda p: p.name)
def test_every_primitive_has_a_partial_for_each_operand_with_a_slope(primitive: Primitive) -> None:
    outputs = rule(primitive).outputs
    assert len(outputs) == primitive.arity
    for flows, node in zip(primitive.flows, outputs, strict=True):
        assert (node is not None) == flows
    assert set(rule(primitive).graph.variables) <= {"x", "y", "z", "out"}


def test_the_partials_of_a_product_are_its_operands_untouched() -> None:
    x, y = np.array([2.0, 3.0]), np.array([5.0, 7.0])
    dx, dy = evaluate(rule(MUL), [x, y], x * y, (0, 1))
    assert dx is y
    assert dy is x


def test_only_the_wanted_partials_are_worked_out() -> None:
    x, y = np.array([-2.0]), np.array([3.0])
    dx, dy = evaluate(rule(POW), [x, y], x**y, (0,))
    assert dx.tolist() == [12]
    assert dy is None
    both, one = (of_partials(rule(POW), wanted).steps for wanted in ((0, 1), (0,)))
    assert set(one) < set(both)


def test_a_constant_partial_is_a_plain_number() -> None:
    (slope,) = evaluate(rule(FUNCTIONS["sinh"]), [np.zeros(3)], np.zeros(3), (0,))
    assert slope.tolist() == [1, 1, 1]
    dx, dy = evaluate(rule(TABLE[MUL.code - 1]), [np.zeros(3)] * 2, np.zeros(3), (0, 1))  # sub
    assert (dx, dy) == (1.0, -1.0)


def test_a_rule_can_be_evaluated_on_anything() -> None:
    def spell(primitive: Primitive, *operands: object) -> str:
        return f"{primitive.name}({', '.join(map(str, operands))})"

    assert evaluate(rule(FUNCTIONS["tanh"]), ["u"], "w", (0,), spell) == ["sech2(u)"]
    assert evaluate(rule(FUNCTIONS["sqrt"]), ["u"], "w", (0,), spell) == ["div(1.0, mul(2.0, w))"]


def test_a_condition_has_no_slope_and_its_branches_share_one() -> None:
    condition = np.array([1.0, 0.0])
    nothing, dy, dz = evaluate(rule(WHERE), [condition, None, None], None, (0, 1, 2))
    assert nothing is None
    assert np.asarray(dy, dtype=float).tolist() == [1, 0]
    assert np.asarray(dz, dtype=float).tolist() == [0, 1]


def test_a_rule_is_read_once() -> None:
    assert rule(POW) is rule(POW)


@pytest.mark.parametrize("primitive", [row for row in TABLE if row.plain], ids=lambda row: row.name)
def test_a_partial_as_people_write_it_is_the_same_function(primitive: Primitive) -> None:
    """The accurate forms and the readable ones agree where neither loses digits."""
    for place in (0.3, 0.7, 1.7, 2.6):
        operands = [np.array(place + 0.4 * k) for k in range(primitive.arity)]
        with np.errstate(all="ignore"):
            out = primitive.numpy(*operands)
            if np.isnan(out):
                continue
            wanted = range(primitive.orders, primitive.arity)
            accurate = evaluate(rule(primitive), operands, out, wanted)
            readable = evaluate(plain(primitive), operands, out, wanted)
        found, expected = ([slopes[k] for k in wanted] for slopes in (readable, accurate))
        np.testing.assert_allclose(found, expected, rtol=1e-13)
