"""At none of the treacherous points is a wrong digit printed without saying so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.treacherous.judging import PEERS, SILENT, TRUTHS, ours, peer, worth
from tests.treacherous.points import POINTS
from tests.treacherous.truth import truth

VERDICTS: list[str] = json.loads(Path(__file__).with_name("verdicts.json").read_text())


def test_there_are_enough_points_and_each_is_recorded() -> None:
    asked = [(point.text, point.x) for point in POINTS]
    assert len(asked) >= 180
    assert [(row["text"], row["x"]) for row in TRUTHS] == asked
    assert [(row["text"], row["x"]) for row in PEERS["points"]] == asked
    assert len(VERDICTS) == len(asked)


@pytest.mark.parametrize("k", range(len(POINTS)), ids=lambda k: f"{POINTS[k].text}@{POINTS[k].x}")
def test_no_wrong_digit_goes_unsaid(k: int) -> None:
    answer = ours(POINTS[k])
    assert worth(answer, TRUTHS[k]["true"]) == VERDICTS[k], answer
    assert VERDICTS[k] == "right" or VERDICTS[k].startswith("told: ")


def test_the_recorded_truths_are_those_of_mpmath() -> None:
    assert [truth(point) for point in POINTS] == [row["true"] for row in TRUTHS]


@pytest.mark.parametrize(("tool", "least"), [("pytorch", 30), ("jax", 30), ("autograd", 30)])
def test_the_others_are_silently_wrong_at_many(tool: str, least: int) -> None:
    assert sum(peer(tool, k) in SILENT for k in range(len(POINTS))) >= least
