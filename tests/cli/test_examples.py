"""``examples.txt`` is run: what it teaches is right, and all of it is checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell

EXAMPLES = Path(__file__).parents[2] / "examples.txt"


@pytest.fixture
def records(gradcalc: Shell) -> list[dict[str, Any]]:
    """The answers that have numbers, one a line of the script."""
    ran = gradcalc("run", str(EXAMPLES), "--format", "ndjson")
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines() if line.startswith('{"line"')]


def test_every_example_is_checked_and_finite(records: list[dict[str, Any]]) -> None:
    assert len(records) >= 40
    for record in records:
        assert record["check"]["passed"] is True, record
        assert not record.get("nonfinite"), record


def test_the_tutorials_examples_come_first(records: list[dict[str, Any]]) -> None:
    assert records[0]["value"] == [91.5]
    assert records[0]["gradient"] == [15, 18]
    vectors = [record["vjp"] for record in records if "vjp" in record][:6]
    assert vectors == [[8, 81], [4, 27], [6, 9], [4, 3], [2, 6], [6, 9]]
    assert next(r["jacobian"] for r in records if "jacobian" in r) == [[4, 3], [2, 6]]
