"""A row and nothing else: rows that are planted in the table work through every part of the house.

``planted`` puts a step, a function of unknown growth and one that sympy does not know into the
table of a process of its own, and asks; here is what has to come out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from gradcalc.render.formats import FORMATS, FORMATS_OF

ROWS = ["staircase", "shi", "dawsn"]


@cache
def answers() -> dict[str, dict[str, Any]]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.planted"], capture_output=True, text=True, check=True
    )
    found: dict[str, dict[str, Any]] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize(
    "question",
    [
        "values_and_slopes_are_those_of_mpmath",
        "many_points_have_what_each_has_alone",
        "a_deep_chain_is_swept_narrowly",
        "tensors_have_it",
    ],
)
def test_a_planted_row_is_computed_with_everywhere(question: str, name: str) -> None:
    assert answers()[question][name] is True


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("method", ["auto", "sympy", "mpmath", "differences"])
def test_a_planted_row_is_checked_by_each_method(method: str, name: str) -> None:
    true, false = answers()["checks"][name][method]
    unknown = method == "sympy" and name == "dawsn"
    assert (true, false) == ((None, None) if unknown else (True, False))


@pytest.mark.parametrize("name", ROWS)
def test_every_command_and_format_has_the_planted_row(name: str) -> None:
    said = answers()["says"][name]
    assert {words for words, text in said.items() if text[0] != "0"} <= {"turns"}
    printed = [format for format in FORMATS_OF["an answer"] if not FORMATS[format].binary]
    assert {f"grad {format}" for format in printed} <= said.keys()
    assert any(line.startswith(f"{name}(x)") for line in said["functions"].splitlines())
    graphs = [text for words, text in said.items() if words.startswith("graph ")]
    assert len(graphs) > 2
    assert all(name in text for text in graphs)
    assert name in said["explain"]


def test_a_condition_made_of_a_planted_step_has_no_slope_where_it_turns() -> None:
    said = answers()["says"]["staircase"]
    assert "✓" not in said["turns"]
    assert "jumps" in said["kink"]
    assert "✓" in answers()["says"]["shi"]["turns"]


def test_what_sympy_does_not_know_is_said_and_checked_otherwise() -> None:
    said = answers()["says"]
    assert "✓ mpmath" in said["dawsn"]["grad"]
    assert "sympy has no dawsn" in said["dawsn"]["grad"]
    assert "✓ sympy" in said["shi"]["grad"]
