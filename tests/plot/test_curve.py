"""Curves with poles, jumps, kinks and steep walls: where they are, and that nothing is drawn across
them."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import gradcalc
from gradcalc.plot.curve import Curve, curve, heights
from gradcalc.plot.surface import surface
from gradcalc.plot.terminal import curves, shades
from tests.cli.shell import Shell, shell

HALF = math.pi / 2

CURVES: list[tuple[str, float, float, list[tuple[str, float]]]] = [
    ("x**2", -2, 2, []),
    ("1/x", -2, 2, [("pole", 0)]),
    ("1/x**2", -2, 2, [("pole", 0)]),
    ("tan(x)", -4, 4, [("pole", -HALF), ("pole", HALF)]),
    ("1/(x-1)/(x+1)", -2, 2, [("pole", -1), ("pole", 1)]),
    ("gamma(x)", -2.5, 3, [("pole", -2), ("pole", -1), ("pole", 0)]),
    ("abs(x)", -2, 2, [("kink", 0)]),
    ("max(x, 1-x)", -1, 2, [("kink", 0.5)]),
    ("relu(x) + abs(x-1)", -2, 2, [("kink", 0), ("kink", 1)]),
    ("floor(x)", -1.5, 1.5, [("jump", -1), ("jump", 0), ("jump", 1)]),
    ("x % 1", -0.5, 1.5, [("jump", 0), ("jump", 1)]),
    ("where(x > 0.3, x, x**2)", -1, 1, [("jump", 0.3)]),
    ("atan(1/x)", -1, 1, [("jump", 0)]),
    ("tanh(1000*x)", -2, 2, []),
    ("1/(1e-4 + x**2)", -1, 1, []),
    ("exp(x**2)", -3, 3, []),
    ("cbrt(x)", -1, 1, []),
    ("log(x)", -1, 2, [("edge", 0)]),
    ("sqrt(x)", -1, 2, [("edge", 0)]),
    ("gamma(x)", -2, 3, [("pole", -2), ("pole", -1), ("pole", 0)]),
    ("tan(x) + abs(x-1)/x", -1, 4, [("pole", 0), ("kink", 1), ("pole", HALF)]),
    ("relu(x) + x**3", -5, 5, [("kink", 0)]),
    ("exp(5*x) + abs(x)", -2, 3, [("kink", 0)]),
    ("x**2 + relu(x-1)", -100, 100, [("kink", 1)]),
    ("1/x**2 + abs(x-1)", -2, 2, [("pole", 0), ("kink", 1)]),
    ("exp(9*x) + floor(x)", -0.5, 1.5, [("jump", 0), ("jump", 1)]),
    ("exp(9*x) + x % 1", -0.5, 1.5, [("jump", 0), ("jump", 1)]),
    ("exp(9*x) + where(x < 0.3, x, 0.3)", -1, 1, [("kink", 0.3)]),
    ("exp(9*x) + max(x, min(0.5, x**2))", -1, 1, [("kink", -math.sqrt(0.5)), ("kink", 0)]),
    ("exp(9*x) + abs(x)**3 + relu(x)**2 + where(x < 1/3, x, x)", -1, 1, []),
    ("asin(x)", -2, 2, [("edge", -1), ("edge", 1)]),
]


@cache
def sampled(text: str, low: float, high: float) -> Curve:
    return curve(gradcalc.compile(text), low, high)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return shell(capsys, monkeypatch)


@pytest.mark.parametrize(("text", "low", "high", "marks"), CURVES)
def test_a_curve_breaks_where_the_function_does_and_nowhere_else(
    text: str, low: float, high: float, marks: list[tuple[str, float]]
) -> None:
    program, found = gradcalc.compile(text), sampled(text, low, high)
    assert [mark.kind for mark in found.marks] == [kind for kind, _ in marks]
    np.testing.assert_allclose([m.x for m in found.marks], [x for _, x in marks], atol=1e-9)
    assert (np.diff(found.x) >= 0).all()
    assert len(found.x) <= 6100
    for kind, x in marks:
        if kind in ("pole", "jump"):
            assert np.isnan(found.value[np.argmin(np.abs(found.x - x)), 0])
    whole = np.isfinite(found.value[:, 0])
    true = program(found.x[:, None])[:, 0]
    np.testing.assert_array_equal(found.value[whole, 0], true[whole])


@pytest.mark.parametrize(("text", "low", "high", "marks"), CURVES)
def test_a_straight_line_between_samples_is_the_curve_as_far_as_one_sees(
    text: str, low: float, high: float, marks: list[tuple[str, float]]
) -> None:
    program, found = gradcalc.compile(text), sampled(text, low, high)
    bottom, top = heights(found.value[:, 0], found.x)
    middle = (found.x[:-1] + found.x[1:]) / 2
    true = program(middle[:, None])[:, 0]
    straight = (found.value[:-1, 0] + found.value[1:, 0]) / 2
    seen = (bottom < true) & (true < top) & np.isfinite(straight)
    assert (np.abs(true - straight)[seen] <= 0.02 * (top - bottom)).all()


def test_in_the_svg_no_line_crosses_a_break(run: Shell, tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    text = "1/x, floor(x), abs(x), tanh(1000*x)"
    assert run("plot", text, "--over", "x=-1.9..1.9", "-o", str(path)).code == 0
    drawing = ElementTree.parse(path)
    names = {one.get("id"): one for one in drawing.iter() if one.get("id")}

    def lines(name: str) -> list[list[tuple[float, float]]]:
        (found,) = [one.get("d") or "" for one in names[name].iter() if one.tag.endswith("path")]
        pieces = re.split(r"\s*M\s*", found)[1:]
        return [
            [(float(a), float(b)) for a, b in re.findall(r"(-?[\d.]+) (-?[\d.]+)", piece)]
            for piece in pieces
        ]

    assert [len(lines(f"value{i}")) for i in range(4)] == [2, 4, 1, 1]
    assert len(lines("slope2")) == 2
    across = [x for piece in lines("value2") for x, _ in piece]
    left, right = min(across), max(across)
    floor = [{round(y, 3) for _, y in piece} for piece in lines("value1")]
    assert all(len(level) == 1 for level in floor)  # every step is level
    for piece, (a, b) in zip(lines("value1"), ((-2, -1), (-1, 0), (0, 1), (1, 2)), strict=True):
        places = [(x - left) / (right - left) * 3.8 - 1.9 for x, _ in piece]
        assert a - 0.02 <= min(places)
        assert max(places) <= b + 0.02
    peak = [y for _, y in lines("slope3")[0]]
    assert max(peak) - min(peak) > 50  # the top of a steep wall's slope is on the page


def test_lost_digits_are_told_and_are_no_jumps(run: Shell) -> None:
    ran = run("plot", "(1-cos(x))/x**2", "--over", "x=-1e-4..1e-4", "-f", "json")
    marks = json.loads(ran.out)["marks"]
    assert {mark["kind"] for mark in marks} == {"lost"}
    assert "digits left in 1-cos(x)" in marks[0]["text"]


def test_lost_digits_are_those_of_the_output_that_lost_them(run: Shell) -> None:
    text = "sin(1/x), abs(x), x**2 + (1-cos(x))/x**2"
    marks = json.loads(run("plot", text, "--over", "x=-1e-3..1e-3", "-f", "json").out)["marks"]
    told = {(mark["output"], mark["kind"]) for mark in marks}
    assert ("f2", "kink") in told
    assert [kind for output, kind in told if output == "f2"] == ["kink"]
    assert ("f3", "lost") in told


def test_the_numbers_are_the_engines(run: Shell) -> None:
    ran = run("plot", "x**2*k, x/k", "--over", "x=0..1", "--at", "k=3", "-f", "csv")
    rows = list(csv.reader(io.StringIO(ran.out)))
    assert rows[0] == ["x", "f1", "f2", "df1/dx", "df2/dx"]
    for x, *rest in ([float(entry) for entry in row] for row in rows[1:]):
        assert rest == [x * x * 3, x / 3, 3 * (2 * x), 1 / 3]


def test_a_terminal_shows_a_panel_for_each(run: Shell) -> None:
    text = run("plot", "abs(x)/(x - 1)", "--over", "-2..2").out
    assert "f1: kink at x = 0: slopes 1 | -1" in text
    assert "f1: pole at x = 1" in text
    assert text.count("┤") == 22
    assert max(map(len, text.splitlines())) <= 80
    many = curves(curve(gradcalc.compile(",".join(f"x+{k}" for k in range(9))), 0, 1), 60)
    assert "12 more panels" in many


def test_two_variables_are_shades_with_arrows_up_the_gradient(run: Shell) -> None:
    program = gradcalc.compile("x + 0*y")
    found = surface(program, (-1.0, 1.0), (-1.0, 1.0))
    text = shades(found, 60)
    assert "→" in text
    assert not set("←↑↓↗↖↘↙") & set(text)
    rows = run("plot", "x**2-y", "--over", "x=-1..1,y=0..2", "-f", "csv").out.splitlines()
    assert rows[0] == "x,y,f1,df1/dx,df1/dy"
    assert len(rows) == 1 + 81 * 81


def test_what_cannot_be_drawn_is_told(run: Shell) -> None:
    for words, said in (
        (["x**2"], "plot needs a range"),
        (["x*y", "--over", "x=0..1"], "y"),
        (["x*y", "--over", "0..1"], "which variable?"),
        (["x", "--over", "x=1..0"], "the range from 1 to 0 is empty"),
        (["x", "--over", "x=0..1,x=1..2"], "twice"),
        (["x", "--over", "x=-1e308..1e308"], "too wide"),
        (["x", "--over", "x=1..1.0000000000000002"], "too narrow"),
        (["x", "--over", "x=0..1,y=0..1,z=0..1"], "one variable or two"),
        (["log(x)", "--over", "x=-2..-1"], "no value anywhere"),
        (["x", "--over", "z=0..1"], "z"),
    ):
        ran = run("plot", *words)
        assert ran.code in (3, 4), words
        assert said in ran.err, (words, ran.err)


@pytest.mark.parametrize(
    "text", ["3 + 0*x", "x % 0 + x", "exp(exp(x))", "1e308*x", "x**x", "1e-320*x"]
)
def test_numbers_of_any_size_are_drawn_or_left_out(run: Shell, text: str) -> None:
    ran = run("plot", text, "--over", "x=-1e20..1e20")
    assert ran.code in (0, 4)
    assert "internal error" not in ran.err


def test_heights_are_doubles() -> None:
    low, high = heights(np.array([-1.5e308, 1e308, 1.0, 2.0]))
    assert (low, high) == (1.0, 2.0)


def test_a_constant_and_a_whole_nan_have_a_height() -> None:
    assert heights(np.array([2.0, 2.0])) == (1.0, 3.0)
    assert heights(np.array([np.nan])) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("text", "low", "high", "within"),
    [
        ("sin(1/x)", -1, 1, (0, 0)),
        ("x*sin(1/x)", -1, 1, (0, 0)),
        ("sin(1/(x - 0.3))", -1, 1, (0.3, 0.3)),
        ("sin(exp(x))", 0, 12, (9, 12)),
        ("sin(20000*x)", -1, 1, (-0.9, 0.9)),
    ],
)
def test_what_is_finer_than_the_samples_is_told(
    text: str, low: float, high: float, within: tuple[float, float]
) -> None:
    (mark,) = curve(gradcalc.compile(text), low, high).marks
    first, last = map(float, re.findall(r"-?\d[\d.e-]*", mark.text))
    assert mark.kind == "fine"
    assert first <= within[0] <= within[1] <= last
    assert first <= mark.x <= last


@pytest.mark.parametrize("text", ["sin(1000*x)", "exp(-x**2)*cos(30*x)", "1/(1e-4 + x**2)"])
def test_what_is_drawn_in_full_is_not_said_to_be_too_fine(text: str) -> None:
    assert not sampled(text, -1, 1).marks
