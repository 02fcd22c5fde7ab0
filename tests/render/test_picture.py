"""Pictures of the graph and of sparsity."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from scipy.io import mmread

import gradcalc
from gradcalc.render.coordinates import MOST_ROWS, WRITERS, Coordinates, render_table
from gradcalc.render.pattern import picture
from gradcalc.render.picture import PICTURES, record, render_listing


def test_a_listing_has_operands_before_users_and_the_users_text() -> None:
    graph = gradcalc.compile("sin(x*y) + x").graph
    assert render_listing(graph) == (
        "%0 = x\n"
        "%1 = y\n"
        "%2 = mul(%0, %1)    x*y\n"
        "%3 = sin(%2)        sin(x*y)\n"
        "%4 = add(%3, %0)    sin(x*y) + x\n"
        "outputs: f1 = %4\n"
    )


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_shows_the_value_of_a_node_when_there_is_a_point(name: str) -> None:
    p = gradcalc.compile("x*y + 1")
    assert "42" in PICTURES[name](p.graph, p.at([6.0, 7.0]).values)
    assert "42" not in PICTURES[name](p.graph)


def test_the_json_of_a_graph_is_enough_to_evaluate_it() -> None:
    p = gradcalc.compile("x*y + 1")
    data = record(p.graph, p.at([6.0, 7.0]).values)
    by_number = {node["node"]: node for node in data["nodes"]}
    top = by_number[data["results"][data["outputs"].index("f1")]]
    assert top["operation"] == "add"
    assert sum(by_number[k]["value"] for k in top["operands"]) == top["value"] == 43


@pytest.fixture
def coordinates() -> Coordinates:
    return Coordinates(("f1", "f2"), ("x", "a[0,1]"), (0, 1, 1), (0, 0, 1), (1.5, np.inf, -2.0))


def test_matrix_market_is_what_scipy_reads(coordinates: Coordinates) -> None:
    text = WRITERS["mtx"](coordinates).replace("inf", "7")
    matrix = mmread(io.StringIO(text)).toarray()
    np.testing.assert_array_equal(matrix, [[1.5, 0], [7, -2]])


def test_json_is_strict_and_csv_quotes_a_name_with_a_comma(coordinates: Coordinates) -> None:
    assert json.loads(WRITERS["json"](coordinates))["entry"] == [1.5, None, -2.0]
    assert WRITERS["csv"](coordinates).splitlines()[-1] == 'f2,"a[0,1]",-2'


def test_a_table_says_how_many_entries_it_leaves_out() -> None:
    many = range(MOST_ROWS + 5)
    names = [f"x{i}" for i in many]
    matrix = Coordinates(names, names, many, many, [1.0] * len(many))
    assert "… and 5 more entries" in render_table(matrix, most=MOST_ROWS)
    assert "x44  x44  1" in WRITERS["table"](matrix)


def test_a_small_pattern_is_drawn_entry_by_entry_and_a_large_one_in_dots() -> None:
    rows = np.arange(3)
    assert picture(rows, rows, (3, 3)).splitlines()[1:-1] == ["│ ● · · │", "│ · ● · │", "│ · · ● │"]
    many = np.arange(1000)
    drawn = picture(many, many, (1000, 1000), width=72).splitlines()
    assert max(map(len, drawn)) <= 72
    assert drawn[1][2] != "\u2800"
    assert drawn[1][-3] == "\u2800"
