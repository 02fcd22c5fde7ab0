"""Kinks are named in the user's words, and only those that the answer went through."""

from __future__ import annotations

import numpy as np
import pytest

import gradcalc
from gradcalc.calculus.conventions import under
from gradcalc.engine.program import Program
from gradcalc.explain.kinks import kinks
from gradcalc.functions.primitives import CONVENTIONS


def notes(text: str, **at: float) -> list[str]:
    program = gradcalc.compile(text)
    return [kink.note for kink in kinks(program.at(np.array([at[v] for v in program.variables])))]


def test_a_note_is_a_sentence() -> None:
    assert notes("abs(x1)+x1", x1=0) == [
        "abs(x1) has a kink at x1 = 0: left | right slope -1 | 1; 0 used "
        "(PyTorch's choice; JAX takes 1)"
    ]
    assert notes("clamp(x, 0, 1)", x=1) == [
        "clamp(x, 0, 1) has a kink at x = 1: left | right slope 1 | 0; 1 used "
        "(PyTorch's choice; JAX takes 0.5)"
    ]
    assert notes("3*max(x, y)", x=2, y=2) == [
        "max(x, y) has a kink at x = y: left | right slope 0 | 1 and 0 | 1; 0.5 and 0.5 used "
        "(PyTorch's choice)"
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("abs(x)", "relu(x)", "sign(x)", "floor(x)", "ceil(x)", "round(x + 1/2)", "x % 1"),
        *("max(x, 0)", "min(x, 0)", "clamp(x, 0, 1)", "hypot(x, x)", "atan2(x, -1)"),
    ],
)
def test_where_there_is_a_kink(text: str) -> None:
    assert len(notes(text, x=0)) == 1
    assert notes(text, x=0.3) == []


def test_the_span_is_that_of_the_users_text() -> None:
    program = gradcalc.compile("1 + sin(abs(x - 2))")
    (kink,) = kinks(program.at([2.0]))
    assert program.graph.source.text[slice(*kink.span)] == kink.text == "abs(x - 2)"
    assert kink.condition == "x - 2 = 0"


@pytest.mark.parametrize(
    "text",
    [
        "where(x > 1, abs(x), x)",  # the branch is not taken
        "max(abs(x), 5)",  # the other operand is larger
        "floor(abs(x) + 1/3)",  # nothing flows through floor
        "where(abs(x) > 1, x, 2x)",  # a condition
        "x + abs(0)",  # depends on nothing
        "x",
    ],
)
def test_kinks_that_do_not_matter_are_not_mentioned(text: str) -> None:
    assert notes(text, x=0) == []


@pytest.mark.parametrize(
    ("text", "x", "jump"),
    [
        ("sign(x)", 0, "from -1 to 1"),
        ("floor(x)", 3, "from 2 to 3"),
        ("x % 1", 2, "from 1 to 0"),
        ("round(x)", 0.5, "from 0 to 1"),
        ("heaviside(x)", 0, "from 0 to 1"),
        ("where(x >= 1, x**2, 0)", 1, "from 0 to 1"),
    ],
)
def test_a_jump_is_no_kink(text: str, x: float, jump: str) -> None:
    (note,) = notes(text, x=x)
    assert f"jumps at {'x' if 'x' in text else ''}"[:8] in note
    assert jump in note


@pytest.mark.parametrize(
    ("text", "at", "sides"),
    [
        ("where(x > 0, x, 0)", {"x": 0}, "at x = 0: left | right slope 0 | 1; 0 used"),
        ("where(x >= 0, x, 0)", {"x": 0}, "at x = 0: left | right slope 0 | 1; 1 used"),
        ("where(x > y, 3*x, 3*y)", {"x": 2, "y": 2}, "at x = y: left | right slope 0 | 3; 0 used"),
        ("where(x > 0 and y > 1, y, 1)", {"x": 2, "y": 1}, "at y = 1"),
        ("relu(x)", {"x": 0}, "left | right slope 0 | 1; 0 used"),
        ("min(x, 3)", {"x": 3}, "left | right slope 1 | 0; 0.5 used"),
        ("norm([x, y])", {"x": 0, "y": 0}, "slope -1 | 1 and -1 | 1; 0 and 0 used"),
    ],
)
def test_the_slopes_on_both_sides(text: str, at: dict[str, float], sides: str) -> None:
    (note,) = notes(text, **at)
    assert sides in note


def test_a_boundary_that_only_the_direction_crosses_is_told_of() -> None:
    at = gradcalc.compile("where(x/y >= x, x, x + 1)").at([0.0, 1.0])
    assert kinks(at) == kinks(at, [1.0, 0.0]) == []
    (bent,) = kinks(at, [1.0, 1.0])
    assert "jumps at x/y = x along u from 1 to 0; 1 used" in bent.note
    at = gradcalc.compile("where(x*y > x + y - 1, x, 2*x)").at([1.0, 1.0])
    (bent,) = kinks(at, [1.0, 1.0])
    assert "from 1 to 2" in bent.note
    assert kinks(at, [1.0, -1.0]) == []  # nothing is crossed on that way
    at = gradcalc.compile("where(x*y > x + y - 1, x, x)").at([1.0, 1.0])
    assert kinks(at, [1.0, 1.0]) == []


def test_branches_that_meet_smoothly_are_no_kink() -> None:
    assert notes("where(x > 1, x**2, 2*x - 1)", x=1) == []
    assert notes("where(x > 0, sin(x), x)", x=0) == []
    assert notes("where(x > 0, 3*x, 3*x + y)", x=1, y=0) == []


def test_a_point_set_apart_is_told_of_where_its_branch_does_not_continue_the_other() -> None:
    assert notes("where(x == 1, 1, x**2)", x=1) == []  # the slope is 2, the limit
    assert "jumps at x = 1 from 1 to 7" in notes("where(x == 1, 7, x**2)", x=1)[0]
    assert notes("where(x != 0, x**2*sin(1/x), 0)", x=0) == []  # it has no sides
    assert "jumps at x = 0 from 0 to 5" in notes("where(x != 0, x, 5)", x=0)[0]
    assert notes("where(x == 0, 1, sin(x)/x)", x=0) == []
    assert notes("where(x == 0, 0.5, (1-cos(x))/x**2)", x=0) == []
    assert notes("where(x == 2, 1, x**2)", x=1) == []
    assert "jumps at x*x = 0 from 0 to 1" in notes("where(x*x <= 0, x + 1, x)", x=0)[0]
    assert "from 1 to 0" in notes("where(x >= 0 and not -x < 0, 0, 1)", x=0)[0]
    assert notes("where(x*x <= 0, 1, cos(x))", x=0) == []
    assert "slope -inf | inf" in notes("where(x == 0, 0, sqrt(abs(x)))", x=0)[0]
    assert "slope -1 | 1" in notes("where(x == 0, 0, abs(x))", x=0)[0]


@pytest.mark.parametrize(
    ("text", "x", "torch", "jax"),
    [
        ("abs(x)", 0.0, 0.0, 1.0),
        ("abs(x)", -2.0, -1.0, -1.0),
        ("clamp(x, 0, 1)", 0.0, 1.0, 0.5),
        ("clamp(x, 0, 1)", 1.0, 1.0, 0.5),
        ("clamp(x, 0, 1)", 0.5, 1.0, 1.0),
        ("clamp(0, x, 1)", 0.0, 0.0, 0.5),
        ("clamp(2, x, 1)", 0.0, 0.0, 0.0),
        ("clamp(1, 0, x)", 1.0, 0.0, 0.5),
        ("relu(x)", 0.0, 0.0, 0.0),
        ("max(x, 0)", 0.0, 0.5, 0.5),
        ("min(x, 0)", 0.0, 0.5, 0.5),
        ("hypot(x, 0)", 0.0, np.nan, 0.5),
        ("hypot(x, 3)", 4.0, 0.8, 0.8),
    ],
)
def test_conventions(text: str, x: float, torch: float, jax: float) -> None:
    graph = gradcalc.compile(text).graph
    slopes = {name: Program(under(graph, name)).gradient([x])[0] for name in CONVENTIONS}
    np.testing.assert_equal(slopes, {"torch": torch, "jax": jax})
    for name in CONVENTIONS:
        program = Program(under(graph, name))
        for kink in kinks(program.at([x])):
            np.testing.assert_equal(kink.slopes, (slopes[name],))
            assert ("takes" in kink.note) is (torch != jax)


def test_conventions_differ_at_kinks_only() -> None:
    rng = np.random.default_rng(0)
    graph = gradcalc.compile("abs(x*y) + clamp(x, y, z)*max(x, z)").graph
    points = rng.normal(size=(50, 3))
    both = [Program(under(graph, name)).jacobian(points) for name in CONVENTIONS]
    assert (both[0] == both[1]).all()
    smooth = gradcalc.compile("sin(x)").graph
    assert under(smooth, "jax") is smooth


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("where(x > 0, x*log(x), 0)", "left | right slope 0 | -inf"),
        ("where(x < 0, -sqrt(-x), x)", "left | right slope inf | 1"),
        ("where(x > 0, x**2, x)", "left | right slope 1 | 0"),
        ("where(x > 0, x**1.5, x)", "left | right slope 1 | 0"),
        ("where(x > 0, log(x), x)", "jumps at x = 0 from 0 to -inf"),
        ("where(x > 0, 1/x, x)", "jumps at x = 0 from 0 to inf"),
        ("where(x > 0, 5 - x**0.1, x)", "jumps at x = 0 from 0 to 5"),
    ],
)
def test_beside_a_boundary_the_limits_are_named(text: str, sides: str) -> None:
    (kink,) = kinks(gradcalc.compile(text).at([0.0]))
    assert sides in kink.note


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("abs(x)", {"x": 0}, "(PyTorch's choice; JAX takes 1)"),
        ("max(x, y)", {"x": 1, "y": 1}, "(PyTorch's choice)"),
        ("hypot(x, y)", {"x": 0, "y": 0}, "(PyTorch takes nan and nan; JAX takes 0.5 and 0.5)"),
        ("max(x, y, z)", {"x": 1, "y": 1, "z": 1}, "0.5 and 0.5 used"),  # others take thirds
        ("norm([x, y])", {"x": 0, "y": 0}, "(PyTorch's choice; JAX takes nan and nan)"),
        ("clamp(x, y, z)", {"x": 0, "y": 0, "z": 1}, "(PyTorch's choice; JAX takes 0.5"),
    ],
)
def test_of_other_libraries_only_what_they_do(text: str, at: dict[str, float], said: str) -> None:
    assert notes(text, **at)[0].endswith(said) or said in notes(text, **at)[0]
    assert ("choice" in notes(text, **at)[0]) == ("choice" in said)


@pytest.mark.parametrize(
    "text", ["floor(1/x)", "ceil(-1/x)", "round(exp(1000 + x))", "x*floor(1/x**2)"]
)
def test_at_infinity_there_is_no_kink(text: str) -> None:
    assert not [note for note in notes(text, x=0) if "kink" in note]


@pytest.mark.parametrize("wave", ["x**2*sin(1/x)", "x**3*cos(1/x)"])
def test_a_slope_that_is_the_limit_of_no_slopes_is_no_kink(wave: str) -> None:
    assert notes(f"where(x != 0, {wave}, 0)", x=0) == []
