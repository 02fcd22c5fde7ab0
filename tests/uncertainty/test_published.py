"""Published budgets, through the command."""

from __future__ import annotations

import os

import pytest

from tests.cli.shell import Shell
from tests.uncertainty.published import (
    CORRECTIONS,
    EXAMPLES,
    RESIDUAL,
    TEMPERATURES,
    TRIALS,
    Example,
)

LONG = os.environ.get("GRADCALC_LONG")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e.source}: {e.name}")
def test_the_figures_are_those_that_were_published(example: Example) -> None:
    trials = 1_000_000 if LONG else TRIALS
    record, code = example.record(trials)
    for figure in example.figures:
        ours = figure.ours(record)
        assert abs(ours - float(figure.printed)) <= figure.room(record, trials), figure
    assert code == example.exit


@pytest.mark.parametrize(
    ("source", "length"), [("JCGM 101, 9.3", 1.3825 - 1.0834), ("NPL DEM-ES-011, 9.2", 1.990)]
)
def test_the_length_of_a_shortest_interval_is_known_better_than_its_place(
    source: str, length: float
) -> None:
    (example,) = (one for one in EXAMPLES if one.source == source)
    sampled = example.record()[0]["monte_carlo"]
    low, high = sampled["shortest"][0]
    noise = max(sampled["standard_error"][0])
    assert high - low == pytest.approx(length, abs=0.001 + 4 * noise)


def test_the_uncertainty_of_the_thermometer_is_that_of_its_residuals(gradcalc: Shell) -> None:
    """H.3 takes s from the line itself; JCGM 100 prints 0.0035."""
    s = gradcalc("eval", RESIDUAL, "--param", f"t=[{TEMPERATURES}]", "--at", f"b=[{CORRECTIONS}]",
                 "--no-check", "-f", "plain").out  # fmt: skip
    assert abs(float(s) - 0.00349756) < 5e-9
