"""What is said of other libraries at kinks is what they were recorded to do."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import gradcalc
from gradcalc.explain.kinks import kinks
from gradcalc.functions.primitives import LIBRARIES
from tests.explain.record_libraries import RECORDED

ROWS = json.loads(RECORDED.read_text())["rows"]
CLOSE = {"rtol": 1e-15, "atol": 0}


def recorded(row: dict[str, Any], library: str) -> list[float]:
    """In the order of our variables."""
    slopes = dict(zip(row["at"], map(float, row[library]), strict=True))
    return [slopes[name] for name in gradcalc.compile(row["text"]).variables]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['text']} at {row['at']}")
def test_its_slopes_are_those_of_the_library_that_is_asked_for(row: dict[str, Any]) -> None:
    for library in LIBRARIES:
        if row[library] is not None:
            program = gradcalc.compile(row["text"], convention=library)
            with np.errstate(all="ignore"):
                ours = program.gradient([float(row["at"][name]) for name in program.variables])
            np.testing.assert_allclose(ours, recorded(row, library), **CLOSE)


@pytest.mark.parametrize("convention", [None, *LIBRARIES])
def test_the_words_about_libraries_are_true(convention: str | None) -> None:
    for row in ROWS:
        program = gradcalc.compile(row["text"], convention=convention)
        at = program.at([float(row["at"][name]) for name in program.variables])
        bent = kinks(at)
        if [len(kink.sides) for kink in bent] != [len(program.variables)]:
            continue  # what is said is said of parts
        (kink,) = bent
        told = dict(kink.others) | ({kink.library: kink.slopes} if kink.library else {})
        for library, name in LIBRARIES.items():
            if name in told:
                assert row[library] is not None, kink.note
                np.testing.assert_allclose(told[name], recorded(row, library), **CLOSE)
        for library, name in LIBRARIES.items():
            if row[library] is not None and name not in told:
                np.testing.assert_allclose(kink.slopes, recorded(row, library), **CLOSE)
