"""Every function on balls and on power series of balls, against mpmath's; steps, and both sides of
kinks."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import pytest
from flint import arb, arb_series, ctx, fmpq

from gradcalc.functions import balls
from gradcalc.functions.primitives import TABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.exact import call
from tests.functions.test_accuracy import SLOPES, SMOOTH, VALUES, operands

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

DIGITS = 40
SAMPLE = 12
LARGEST = 300.0
"""Of larger operands mpmath and Arb would need thousands of digits to say anything."""


def as_mpf(ball: Any) -> Any:
    mantissa, exponent = ball.mid().man_exp()
    return mp.ldexp(mp.mpf(int(mantissa)), int(exponent))


def assert_holds(ball: Any, true: Any, what: Any) -> None:
    assert ball.is_finite(), what
    width = as_mpf(ball.rad())
    assert abs(as_mpf(ball) - true) <= width + mp.mpf(10) ** -DIGITS * abs(true), what
    assert width <= mp.mpf(10) ** -DIGITS * abs(true) or not true, what


def rows(primitive: Primitive) -> list[list[float]]:
    columns = [column.tolist() for column in operands(primitive)]
    every = [list(row) for row in zip(*columns, strict=True)]
    tame = [row for row in every if max(map(abs, row)) < LARGEST]
    return tame[:: max(1, len(tame) // SAMPLE)]


def test_every_function_has_a_counterpart() -> None:
    assert all(callable(primitive.ball) for primitive in TABLE if primitive.arity)


@pytest.mark.parametrize("primitive", VALUES, ids=lambda p: p.name)
def test_values(primitive: Primitive) -> None:
    for row in rows(primitive):
        with mp.workdps(4 * DIGITS), ctx.workprec(2_000):
            true = call(primitive.code, tuple(map(mp.mpf, row)))
            if mp.isfinite(true):
                assert_holds(primitive.ball(*map(arb, row)), true, (primitive.name, row))


@pytest.mark.parametrize("primitive", SMOOTH, ids=lambda p: p.name)
def test_slopes(primitive: Primitive) -> None:
    for row in rows(primitive):
        for k, slope in enumerate(SLOPES[primitive.name]):
            with mp.workdps(4 * DIGITS), ctx.workprec(2_000):
                ctx.cap = 2
                numbers = [arb(x) for x in row]
                germ = arb_series([numbers[k], 1])
                try:
                    true = slope(*map(mp.mpf, row)) if slope else None
                except ZeroDivisionError:
                    continue
                if true is None or not mp.isfinite(true):
                    continue
                found = primitive.ball(*numbers[:k], germ, *numbers[k + 1 :])
                found = found[1] if isinstance(found, arb_series) else arb(0)
                assert_holds(found, true, (primitive.name, row, k))


# --- steps ----------------------------------------------------------------------------------------

WIDE = arb(2, 1e-9)
THIRD = fmpq(1, 3)


def test_a_step_is_decided_by_the_whole_ball_or_not_at_all() -> None:
    assert balls.floor(arb(2.5, 0.25)) == 2
    assert balls.floor(WIDE).is_nan()
    assert balls.ceil(WIDE).is_nan()
    assert balls.nearest(arb(2.5, 1e-9)).is_nan()
    assert balls.lt(WIDE, arb(2)).is_nan()
    assert balls.eq(WIDE, arb(2)).is_nan()
    assert balls.lt(WIDE, arb(3)) == 1
    assert balls.where(balls.lt(WIDE, arb(2)), arb(1), arb(1)).is_nan()


def test_the_same_ball_is_equal_to_itself() -> None:
    assert balls.eq(WIDE, WIDE) == 1
    assert balls.lt(WIDE, WIDE) == 0


def test_fractions_are_exact() -> None:
    assert balls.floor(THIRD * 3) == 1
    assert balls.nearest(fmpq(5, 2)) == 2
    assert balls.eq(THIRD + THIRD + THIRD, fmpq(1)) == 1
    assert balls.maximum(THIRD, fmpq(1, 2)) == fmpq(1, 2)
    assert balls.power(THIRD, fmpq(-2)) == 9


@pytest.mark.parametrize(
    ("primitive", "left", "right"),
    [
        ("abs", -1, 1),
        ("relu", 0, 1),
        ("floor", 0, 0),
        ("sqrt", None, None),
    ],
)
def test_a_kink_has_two_sides(primitive: str, left: int | None, right: int | None) -> None:
    (row,) = [row for row in TABLE if row.name == primitive]
    for sign, slope in ((-1, left), (1, right)):
        with ctx.workprec(128):
            ctx.cap = 3
            balls.watch.beside = False
            found = row.ball(arb_series([0, sign]))
        assert balls.watch.beside
        if slope is None:
            assert not balls.is_finite(found)
        else:
            assert (found[1] if isinstance(found, arb_series) else 0) == sign * slope


def test_roots_of_even_powers_are_series() -> None:
    with ctx.workprec(128):
        ctx.cap = 6
        assert balls.sqrt(arb_series([0, 0, 4]))[1] == 2
        assert balls.cbrt(arb_series([0, 0, 0, -8]))[1].contains(-2)
        assert balls.power(arb_series([0, 0, 1]), arb(1.5))[3] == 1
        assert balls.power(arb_series([0, 1]), arb(1.25)).prec == 2  # 0 + 0*t, and smaller than t
        assert not balls.is_finite(balls.sqrt(arb_series([0, 1])))


def test_the_first_coefficients_cancel() -> None:
    with ctx.workprec(128):
        ctx.cap = 6
        t = arb_series([0, 1])
        assert balls.div(t.sin(), t)[0] == 1
        assert balls.div(1 - t.cos(), t * t)[0] == 0.5
        assert balls.div(arb(1), t).is_nan()


def test_a_pivot_is_chosen_by_the_middle_and_never_said_to_be_zero() -> None:
    assert balls.outweighs(arb(-3, 1), arb(2, 2)) == 1
    assert balls.outweighs(THIRD, arb(1)) == 0
    assert balls.outweighs(arb(1, 0.5), arb(0)) == 1
    assert balls.outweighs(arb(0, 1e-9), arb(0)).is_nan()
    assert balls.outweighs(arb(0), arb(0)).is_nan()


@pytest.mark.parametrize(("p", "late", "known"), [(3, 1, 2), (3, 2, 1), (8, 3, 5), (1, 1, None)])
def test_a_quotient_of_a_zero_is_known_to_fewer_terms(p: int, late: int, known: int | None) -> None:
    ctx.cap = 8
    found = balls.div(arb_series([0], prec=p), arb_series([0] * late + [1, 1]))
    assert found.is_nan() if known is None else found.prec == known


def test_a_long_series_of_many_bits_does_not_end_the_process() -> None:
    ctx.cap = 48
    with ctx.workprec(16_384):
        sine = arb_series([0] * 6 + [1])
        assert (balls.asin(sine) + balls.acos(sine) - arb.pi() / 2)[0].contains(0)
        assert balls.asin(sine)[6].overlaps(arb(1))


def test_a_product_of_zeros_is_known_to_more_terms_and_one_with_nan_to_none() -> None:
    ctx.cap = 12
    few, more = arb_series([0], prec=2), arb_series([0], prec=5)  # smaller than t, than t**4
    assert balls.mul(few, more).prec == 6
    assert balls.mul(arb_series([0, 1]), few).prec == 3
    assert balls.mul(few, balls.NAN).is_nan()
