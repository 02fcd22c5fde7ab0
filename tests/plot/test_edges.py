"""Lines of kinks and jumps over a plane: on the boundary to the last digit, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import gradcalc
from gradcalc.engine.schedule import Floats
from gradcalc.plot.surface import surface
from tests.cli.shell import Shell, shell

RANGE = (-2.0, 1.75)

LINES: list[tuple[str, str, Callable[[Floats, Floats], Floats]]] = [
    ("abs(x - y)", "kink", lambda x, y: x - y),
    ("max(x, y**2)", "kink", lambda x, y: x - y**2),
    ("where(x**2 + y**2 < 1, 0, 1)", "jump", lambda x, y: x**2 + y**2 - 1),
    ("where(x > y, x*y, 2 + x*y)", "jump", lambda x, y: x - y),
    ("relu(x*y - 0.3)", "kink", lambda x, y: x * y - 0.3),
    ("floor(x + y)", "jump", lambda x, y: np.sin(np.pi * (x + y))),
    ("exp(3*x) + abs(y - sin(x))", "kink", lambda x, y: y - np.sin(x)),
]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return shell(capsys, monkeypatch)


@pytest.mark.parametrize(("text", "kind", "boundary"), LINES)
def test_lines_are_on_the_boundary(
    text: str, kind: str, boundary: Callable[[Floats, Floats], Floats]
) -> None:
    drawn = surface(gradcalc.compile(text), RANGE, RANGE)
    (edge,) = drawn.edges
    assert (edge.kind, edge.output) == (kind, 0)
    points = edge.pieces.reshape(-1, 2)
    assert np.abs(boundary(*points.T)).max() < 1e-9
    cell = np.hypot(drawn.x[1] - drawn.x[0], drawn.y[1] - drawn.y[0])
    assert np.linalg.norm(edge.pieces[:, 0] - edge.pieces[:, 1], axis=1).max() <= 1.001 * cell
    # Wherever neighbours are on different sides, a line passes between them.
    across, up = np.meshgrid(drawn.x, drawn.y)
    side = np.sign(boundary(across, up))
    rows, columns = np.nonzero(side[1:-1, 1:-2] * side[1:-1, 2:-1] < 0)
    for row, column in zip(rows + 1, columns + 1, strict=True):
        middle = np.array([drawn.x[column : column + 2].mean(), drawn.y[row]])
        assert np.linalg.norm(points - middle, axis=1).min() <= cell


@pytest.mark.parametrize(
    "text",
    ["x**2*y", "abs(x)**3 + relu(y)**2", "where(x < y, x + y, y + x)", "1/(x-y)", "floor(1e5*x)+y"],
)
def test_where_both_sides_are_the_same_there_is_no_line(text: str) -> None:
    assert not surface(gradcalc.compile(text), RANGE, RANGE).edges


def test_lines_belong_to_their_output_and_are_in_every_format(run: Shell, tmp_path: Path) -> None:
    words = ["plot", "x*y, abs(x), floor(y)", "--over", "x=-2..1.75,y=-2..1.75"]
    marks = json.loads(run(*words, "-f", "json").out)["marks"]
    assert [(mark["kind"], mark["output"]) for mark in marks] == [("kink", "f2"), ("jump", "f3")]
    assert max(abs(x) for piece in marks[0]["lines"] for x, _ in piece) < 1e-12
    path = tmp_path / "plot.svg"
    assert run(*words, "-o", str(path)).code == 0
    names = [one.get("id") for one in ElementTree.parse(path).iter()]
    assert names.count("kink1") == names.count("jump2") == 3  # beside f, and both its slopes
    text = run(*words).out
    assert text.count("∧ kink") == text.count("↕ jump") == 1
    assert text.count("∧") > 20
