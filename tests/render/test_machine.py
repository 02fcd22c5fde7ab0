"""Formats for programs: strict, whole, exact."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.render import render
from gradcalc.render.answer import Answer
from tests.render.sample import AGREED, ALL_KINDS, jacobian

matrices = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(st.floats(), min_size=n, max_size=n), min_size=1, max_size=4)
)


def strict(text: str) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@given(matrices)
def test_json_is_strict_and_says_what_its_nulls_are(entries: list[list[float]]) -> None:
    answer = jacobian(entries)
    read = strict(render(answer, "json"))
    gaps = {(gap["row"], gap["col"]): float(gap["value"]) for gap in read.get("nonfinite", ())}
    for i, row in enumerate(read["jacobian"]):
        for j, entry in enumerate(row):
            place = (answer.outputs[i], answer.variables[j])
            assert np.array_equal(
                gaps[place] if entry is None else entry, entries[i][j], equal_nan=True
            )


@given(matrices)
def test_ndjson_is_the_same_object_on_one_line(entries: list[list[float]]) -> None:
    answer = jacobian(entries)
    line = render(answer, "ndjson")
    assert line.count("\n") == 1
    assert strict(line) == strict(render(answer, "json"))


@given(matrices)
def test_plain_reads_back_exactly(entries: list[list[float]]) -> None:
    text = render(jacobian(entries), "plain")
    read = np.loadtxt(io.StringIO(text), ndmin=2)
    assert np.array_equal(read, np.array(entries), equal_nan=True)


@pytest.mark.parametrize(("format", "separator"), [("csv", ","), ("tsv", "\t")])
def test_separated_values_have_a_header_of_variables(format: str, separator: str) -> None:
    answer = replace(jacobian([[4, 0.1], [2, 6]]), variables=("a[0,0]", "b"))
    rows = list(csv.reader(io.StringIO(render(answer, format)), delimiter=separator))
    assert rows == [["a[0,0]", "b"], ["4", "0.1"], ["2", "6"]]


KEYS = {
    "eval": None,
    "gradient": [4, 3],
    "jacobian": [[4, 3], [2, 6]],
    "vjp": [6, 9],
    "jvp": [4, 2],
    "hessian": [[4, 3], [3, 6]],
    "hvp": [4, 3],
}


@pytest.mark.parametrize("kind", KEYS)
def test_json_keys(kind: str) -> None:
    read = strict(render(replace(ALL_KINDS[kind], verdict=AGREED, notes=("a note",)), "json"))
    entries = [] if kind == "eval" else [kind]
    assert list(read) == [
        "command", "variables", "outputs", "at", "value", *entries, "check", "notes",
    ]  # fmt: skip
    assert read.get(kind) == KEYS[kind]
    assert read["at"] == {"x1": 0, "x2": 1}
    assert read["check"]["passed"] is True
    assert read["check"]["method"] == "sympy"
    assert read["notes"] == ["a note"]


def test_without_a_check_passed_is_null() -> None:
    assert strict(render(jacobian([[1]]), "json"))["check"] == {"method": "none", "passed": None}


def test_minus_zero_stays_minus_zero_for_machines() -> None:
    answer = jacobian([[-0.0]])
    assert "-0.0" in render(answer, "json")
    assert render(answer, "plain") == "-0\n"


def test_a_matrix_in_json_has_a_row_a_line() -> None:
    assert '  "jacobian": [\n    [4.0, 3.0],\n    [2.0, 6.0]\n  ],\n' in render(
        ALL_KINDS["jacobian"], "json"
    )


@pytest.mark.parametrize("answer", ALL_KINDS.values(), ids=ALL_KINDS.keys())
@pytest.mark.parametrize("format", ["json", "ndjson", "csv", "tsv", "plain"])
def test_names_cannot_carry_escapes(format: str, answer: Answer) -> None:
    named = replace(answer, notes=("\x1b[31mred\x9b",))
    assert "\x1b" not in render(named, format)
    assert "\x9b" not in render(named, format)
