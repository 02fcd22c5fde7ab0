"""The primitive table against itself: every row's function and slopes against mpmath and sympy."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

from gradcalc.calculus import rules
from gradcalc.check.budget import Deadline
from gradcalc.check.compare import EPS
from gradcalc.check.symbolic.numbers import Evaluation
from gradcalc.functions.primitives import FUNCTIONS, OPERANDS, TABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.exact import call
from gradcalc.language import parse

POINTS = 24
FEW = 4
"""Points for a function with an order, whose true values take long; test_accuracy asks for more."""
DIGITS = 160
STEP = mpmath.ldexp(1, -200)
TOLERANCE = 16
"""In ulps of the truth and of what rounding the operands does to it."""

FORWARD = [primitive for primitive in TABLE if primitive.arity]
SMOOTH = [primitive for primitive in FORWARD if primitive.differentiable]
GAMMAS = ("gamma", "lgamma", "digamma", "polygamma")
BOUNDED = [p for p in SMOOTH if p.domain and p.name not in GAMMAS]
NOT_IN_SYMPY = {"zeta"}
"""Whose derivative sympy leaves as it is."""
ANALYTIC = ("square", "sqrt", "exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos",
            "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sec",
            "cot", "csc", "coth", "add", "sub", "mul", "div", "neg")  # fmt: skip


def condition(text: str, operands: list[Any]) -> Any:
    """A condition of the table (a domain, a kink) on arrays."""
    graph = parse(text, bound=OPERANDS, flags_are_numbers=True)
    values: dict[int, Any] = dict(graph.constants)
    for name, node in zip(graph.variables, graph.inputs, strict=True):
        values[node] = operands[OPERANDS.index(name)]
    with np.errstate(all="ignore"):
        for node in range(len(graph)):
            if node not in values:
                primitive, within = graph[node][:2]
                values[node] = primitive.numpy(*(values[operand] for operand in within))
    return np.asarray(values[graph.outputs[0]], bool)


@cache
def points(primitive: Primitive) -> list[Any]:
    """Operands in the domain, off the kinks: at many scales, near 1, near multiples of π/2."""
    rng = np.random.default_rng(primitive.code)
    count, chosen = 400, []
    for _ in range(primitive.arity):
        sign = rng.choice([-1.0, 1.0], count)
        chosen.append(
            np.select(
                [rng.random(count) < part for part in (0.3, 0.4, 0.5, 0.6, 0.7)],
                [
                    sign * rng.uniform(0, 6, count),
                    sign * 10 ** rng.uniform(-12, 2.5, count),
                    sign * (1 - 10 ** rng.uniform(-12, -1, count)),
                    rng.integers(-4, 5, count) * np.pi / 2 + 10 ** rng.uniform(-9, -1, count),
                    np.round(sign * rng.uniform(0, 6, count)),
                ],
                sign * 10 ** rng.uniform(-100, 100, count),
            )
        )
    if primitive.ordered:
        orders = rng.integers(0, 5, (primitive.orders, count)).astype(float)
        chosen = [*orders, *rng.uniform(-9, 30, (primitive.arity - primitive.orders, count))]
    if primitive.name.startswith("beta") and primitive.arity == 3:
        chosen = [np.abs(chosen[0]) % 50, np.abs(chosen[1]) % 50, rng.uniform(0, 1, count)]
    if primitive.name in GAMMAS[:3]:
        chosen = [np.clip(chosen[0], -150, 150)]
    if primitive.name == "where":
        chosen[0] = rng.integers(0, 2, count).astype(float)
    good = condition(primitive.domain, chosen) if primitive.domain else np.full(count, True)
    if primitive.kink:
        good = good & ~condition(primitive.kink, chosen)
    with np.errstate(all="ignore"):
        good = good & np.isfinite(primitive.numpy(*chosen))
    return [operand[good][:POINTS] for operand in chosen]


def truth(primitive: Primitive, operands: list[Any]) -> Any:
    return call(primitive.code, tuple(operands))


def slope(primitive: Primitive, operands: list[Any], k: int) -> Any:
    """∂/∂operand k by differences; None where they are not to be trusted."""
    step = abs(operands[k]) * STEP or mpmath.ldexp(1, -332)
    ahead, behind = list(operands), list(operands)
    ahead[k] += step
    behind[k] -= step
    here = truth(primitive, operands)
    plus, minus = truth(primitive, ahead), truth(primitive, behind)
    found = (plus - minus) / (2 * step)
    doubt = abs(plus + minus - 2 * here) + abs(here) * mpmath.mpf(10) ** (5 - DIGITS)
    return found if mpmath.isfinite(doubt) and doubt / step <= 1e-20 * abs(found) else None


def width(function: Any, operands: list[Any]) -> Any:
    """How far ``function`` moves when an operand moves by its own size (linearly continued)."""
    total = mpmath.mpf(0)
    here = function(operands)
    for k, operand in enumerate(operands):
        moved = list(operands)
        moved[k] = operand * (1 + mpmath.ldexp(1, -60))
        there = function(moved)
        if here is not None and there is not None and mpmath.isfinite(there - here):
            total += abs(there - here) * mpmath.ldexp(1, 60)
    return total


def assert_close(ours: float, true: Any, extra: Any, what: str) -> None:
    unit = EPS * (abs(true) + extra + mpmath.mpf(2) ** -1022)
    if abs(true) >= 2**1023:
        return
    assert np.isfinite(ours), what
    error = abs(mpmath.mpf(float(ours)) - true) / unit
    assert error <= TOLERANCE, (
        f"{what}: {ours!r} is {mpmath.nstr(true, 17)}, {float(error):.3g} ulp"
    )


def shown(primitive: Primitive, operands: list[Any]) -> str:
    return f"{primitive.name}{tuple(map(float, operands))}"


def columns(primitive: Primitive) -> list[list[Any]]:
    return [[mpmath.mpf(float(c)) for c in row] for row in zip(*points(primitive), strict=True)]


def partials(primitive: Primitive) -> dict[int, Any]:
    """The table's slopes at ``points``, by operand."""
    operands = points(primitive)
    with np.errstate(all="ignore"):
        out = primitive.numpy(*operands)
        rule = rules.rule(primitive)
        wanted = [k for k, node in enumerate(rule.outputs) if node is not None]
        found = rules.evaluate(rule, operands, out, wanted)
    return {k: np.broadcast_to(found[k], np.shape(out)) for k in wanted}


@pytest.mark.parametrize("primitive", FORWARD, ids=lambda p: p.name)
def test_the_function_is_mpmaths(primitive: Primitive) -> None:
    with np.errstate(all="ignore"):
        ours = np.asarray(primitive.numpy(*points(primitive)), float)
    assert len(ours) >= POINTS / 2
    with mpmath.workdps(DIGITS):
        rows = list(zip(ours, columns(primitive), strict=True))
        for number, operands in rows[
            : FEW if primitive.ordered or primitive.name == "zeta" else None
        ]:
            true = truth(primitive, operands)
            assert not mpmath.isnan(true)
            extra = width(lambda xs: truth(primitive, xs), operands)
            assert_close(number, true, extra, shown(primitive, operands))


@pytest.mark.parametrize("primitive", SMOOTH, ids=lambda p: p.name)
def test_the_slopes_are_those_of_differences(primitive: Primitive) -> None:
    with mpmath.workdps(DIGITS):
        rows, compared = columns(primitive), 0
        some = FEW if primitive.ordered or primitive.name == "zeta" else POINTS
        for k, ours in partials(primitive).items():
            if k < primitive.orders:
                continue
            for number, operands in list(zip(ours, rows, strict=True))[:some]:
                true = slope(primitive, operands, k)
                if true is None:
                    continue
                compared += 1
                extra = width(lambda xs, k=k: slope(primitive, xs, k), operands)
                what = f"d{OPERANDS[k]} of {shown(primitive, operands)}"
                assert_close(number, true, extra, what)
        assert compared >= some / 4


@pytest.mark.parametrize(
    "primitive", [p for p in SMOOTH if p.name not in NOT_IN_SYMPY], ids=lambda p: p.name
)
def test_the_slopes_are_sympys(primitive: Primitive) -> None:
    symbols = [sympy.Dummy(name, real=True) for name in OPERANDS[: primitive.arity]]
    deadline = Deadline(60)
    with mpmath.workdps(DIGITS):
        rows = columns(primitive)
        for k, ours in partials(primitive).items():
            if primitive.name == "where":
                flag = sympy.Ne(symbols[0], 0)
                expression = primitive.sympy(flag, *symbols[1:]).diff(symbols[k])
            elif primitive.ordered:
                continue  # sympy wants its order as a number; the check gives it one
            else:
                expression = primitive.sympy(*symbols).diff(symbols[k])

            def true_at(xs: list[Any], expression: Any = expression) -> Any:
                value = Evaluation(dict(zip(symbols, xs, strict=True)), {}, deadline)(expression)
                if isinstance(value, mpmath.mpc):
                    value = value.real if value.imag == 0 else mpmath.nan
                return None if mpmath.isnan(value) else value

            for number, operands in zip(ours, rows, strict=True):
                true = true_at(operands)
                if true is None:
                    continue
                what = f"d{OPERANDS[k]} of {shown(primitive, operands)}"
                assert_close(number, true, width(true_at, operands), what)


@pytest.mark.parametrize("name", ANALYTIC)
def test_the_slopes_are_those_of_a_complex_step(name: str) -> None:
    primitive = next(p for p in TABLE if p.name == name)
    for k, ours in partials(primitive).items():
        operands = points(primitive)
        # numpy's complex functions lose digits near the branch points, at 0 and 1
        tame = [(abs(x) > 1e-3) & (abs(x) < 30) & (abs(abs(x) - 1) > 1e-3) for x in operands]
        moved = [x.astype(complex) for x in operands]
        moved[k] = moved[k] + 1e-30j * np.abs(operands[k])
        with np.errstate(all="ignore"):
            stepped = primitive.numpy(*moved).imag / (1e-30 * np.abs(operands[k]))
        good = np.all(tame, axis=0) & np.isfinite(stepped)
        assert good.any()
        near = np.isclose(stepped[good], ours[good], rtol=1e-9)
        # on the side of a branch cut that numpy takes, a complex step may have the other sign
        assert (near | np.isclose(-stepped[good], ours[good], rtol=1e-9)).all()


def test_every_name_and_alias_is_one_functions() -> None:
    words = [word for p in TABLE if p.spoken for word in (p.name, *p.aliases)]
    assert len(words) == len(set(words)) == len(FUNCTIONS)
    assert all(FUNCTIONS[word].name == word or word in FUNCTIONS[word].aliases for word in words)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", word) for word in words)


def test_codes_are_places_in_the_table() -> None:
    assert [primitive.code for primitive in TABLE] == list(range(len(TABLE)))


@pytest.mark.parametrize("primitive", TABLE, ids=lambda p: p.name)
def test_every_row_is_documented(primitive: Primitive) -> None:
    assert primitive.doc
    assert not primitive.doc.endswith(".")
    for text in (primitive.domain, primitive.kink):
        if text:
            condition(text, [np.ones(1)] * 3)


@pytest.mark.parametrize("primitive", BOUNDED, ids=lambda p: p.name)
def test_outside_its_domain_a_function_is_nan_or_a_pole(primitive: Primitive) -> None:
    rng = np.random.default_rng(1)
    operands = [np.round(rng.uniform(-4, 4, 200), 1) for _ in range(primitive.arity)]
    outside = ~condition(primitive.domain, operands)
    with np.errstate(all="ignore"):
        values = primitive.numpy(*operands)
    assert outside.any()
    assert not np.isfinite(values[outside]).any()


@pytest.mark.parametrize("primitive", FORWARD, ids=lambda p: p.name)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_python_float_is_taken_wherever_an_array_is(primitive: Primitive) -> None:
    """At its poles too, where Python's own division would raise."""
    for number in (0.0, 1.0, -1.0, 0.5, 2.0):
        alone = primitive.numpy(*[number] * primitive.arity)
        (beside,) = primitive.numpy(*[np.array([number])] * primitive.arity)
        np.testing.assert_array_equal(float(alone), float(beside))
