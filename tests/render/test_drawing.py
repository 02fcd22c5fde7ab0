"""Graphs drawn: well-formed SVG, with the numbers on it, and nothing of a text obeyed."""

from __future__ import annotations

import sys
from itertools import combinations
from xml.etree import ElementTree

import pytest

import gradcalc
from gradcalc.explain.steps import chart
from gradcalc.render.drawing import Arrow, Box, draw, html, svg
from gradcalc.render.parts import of_chart, of_graph
from tests.cli.shell import Shell, shell

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return shell(capsys, monkeypatch)


def texts(picture: str, kind: str) -> list[str]:
    found = ElementTree.fromstring(picture).iter(f"{SVG}text")
    return [one.text or "" for one in found if one.get("class") == kind]


def test_values_slopes_and_cotangents_stand_on_it(run: Shell) -> None:
    picture = run("graph", "x1**2+3*x2, x2**2+2*x1", "--at", "2,3", "-f", "svg").out
    assert texts(picture, "value") == ["2", "3", "4", "9", "13", "9", "4", "13", "26"]
    assert texts(picture, "cotangent") == ["6", "9", "1", "1", "1", "1", "1", "1", "1"]
    assert sorted(filter(None, texts(picture, "slope"))) == ["×2", "×3", "×4", "×6"]
    assert texts(picture, "what")[-1] == "Σ"


def test_without_a_point_it_shows_what_stands_on_what(run: Shell) -> None:
    picture = run("graph", "sin(x*y) + x", "-f", "svg").out
    assert texts(picture, "what") == ["x", "y", "x*y", "sin(x*y)", "f1 = sin(x*y) + x"]
    assert texts(picture, "value") == []
    assert len(list(ElementTree.fromstring(picture).iter(f"{SVG}path"))) == 5


def test_nothing_flows_into_a_branch_that_is_not_taken() -> None:
    p = gradcalc.compile("where(x > 0, x**2, y**2)")
    at = p.at([2.0, 3.0])
    drawing = of_chart(chart(at), [1.0], at.value.tolist(), total=False)
    cotangents = {box.title: dict(box.lines)["cotangent"] for box in drawing.boxes}
    assert cotangents["y**2"] == cotangents["y"] == ""
    assert cotangents["x**2"] == "1"


@pytest.mark.parametrize(
    "text",
    [
        "r = sqrt(x**2 + y**2); x*exp(y/3)/r, log(1 + x**2)*abs(y)",
        ",".join(f"sin({k}*x)" for k in range(2, 13)),
        "x*y, x*z, y*z, x**2, y**2, z**2",
    ],
)
def test_no_slope_stands_on_another(text: str) -> None:
    p = gradcalc.compile(text)
    at = p.at([0.1 * (k + 1) for k in range(len(p.variables))])
    drawing = of_chart(chart(at), [1.0] * len(p.outputs), at.value.tolist())
    assert len(drawing.labels) == len(drawing.arrows)
    for (x, y), (other, down) in combinations(drawing.labels, 2):
        assert abs(x - other) >= 50 or abs(y - down) >= 8  # of seven letters, 12 px high
    for k, (_, y) in enumerate(drawing.labels):
        assert drawing.ways(k)[-2][1] < y < drawing.ways(k)[-1][1]


def test_slopes_keep_clear_of_other_arrows_where_they_can() -> None:
    p = gradcalc.compile("abs(x)*y, max(x,y), relu(x-y), exp(-x)/y")
    at = p.at([-0.25, 0.125])
    drawing = of_chart(chart(at), [1.0] * 4, at.value.tolist())
    ways = [drawing.ways(k) for k in range(len(drawing.arrows))]
    curves = [
        [
            (x + (to - x) * t * t * (3 - 2 * t), y + (down - y) * (1.5 * t * (1 - t) + t**3))
            for (x, y), (to, down) in zip(way[::2], way[1::2], strict=True)
            for t in (k / 50 for k in range(51))
        ]
        for way in ways
    ]

    def crossed(k: int, label: tuple[float, float]) -> int:
        within = [
            any(abs(x - label[0]) < 25 and abs(y - label[1]) < 6 for x, y in curve)
            for curve in curves
        ]
        return sum(within) - within[k]

    halfway = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for *_, a, b in ways]
    ours = sum(crossed(k, label) for k, label in enumerate(drawing.labels))
    assert ours < sum(crossed(k, label) for k, label in enumerate(halfway))


@pytest.mark.parametrize("write", [lambda d, n: svg(d, n, alone=True), html])
def test_what_is_written_on_it_is_text(write: object) -> None:
    hostile = 'a<script>alert(1)</script>"&\x1b[31m\u202e'
    drawing = draw([Box("x", hostile, "input"), Box(hostile, "", "part")], [Arrow(0, 1, "<b>")])
    made = write(drawing, hostile)  # type: ignore[operator]
    assert "<script" not in made
    assert "<b>" not in made
    assert "\x1b" not in made
    assert "\u202e" not in made


def test_a_long_name_is_cut_and_told_in_full() -> None:
    drawing = of_graph(gradcalc.compile("+".join(f"x{k}" for k in range(20))).graph)
    names = [box.what for box in drawing.boxes]
    assert max(map(len, names)) <= 18
    assert len(set(names)) == len(names)  # its end is shown, where the sums differ
    assert max(len(box.title) for box in drawing.boxes) > 60


def test_a_picture_of_too_much_is_refused(run: Shell) -> None:
    ran = run("graph", "+".join(f"sin(x+{k})" for k in range(900)), "-f", "svg")
    assert ran.code == 3
    assert "--format json has them all" in ran.err


def test_without_matplotlib_it_is_said_what_to_install(
    run: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ran = run("graph", "x**2", "-f", "png")
    assert ran.code == 2
    assert 'pip install "gradcalc[plot]"' in ran.err
