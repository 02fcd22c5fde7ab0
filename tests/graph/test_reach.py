"""What depends on what: down and up agree, in wide graphs as in others."""

from __future__ import annotations

import random

import pytest

from gradcalc.functions.primitives import ADD, FUNCTIONS, MUL, TABLE, WHERE
from gradcalc.graph import reach
from gradcalc.graph.graph import Graph

SIN = FUNCTIONS["sin"]


def drawn(seed: int, size: int = 60) -> Graph:
    """A graph of random operations on whatever is there already."""
    draw, graph = random.Random(seed), Graph()
    for k in range(5):
        graph.variable(f"x{k}")
    graph.constant(2.0)
    while len(graph) < size:
        primitive = draw.choice((ADD, MUL, SIN, WHERE))
        nodes = [draw.randrange(len(graph)) for _ in range(primitive.arity)]
        graph.apply(primitive.code, *(*nodes, -1, -1)[:3])
    graph.outputs = draw.sample(range(len(graph)), 3)
    return graph


def below_by_definition(graph: Graph, root: int) -> set[int]:
    """The root, and what its operands are computed from."""
    return {root}.union(*(below_by_definition(graph, o) for o in graph[root].operands))


@pytest.fixture(params=range(8))
def graph(request: pytest.FixtureRequest) -> Graph:
    return drawn(request.param)


def marked(marks: bytearray) -> set[int]:
    return {node for node, mark in enumerate(marks) if mark}


def test_below_is_what_the_roots_are_computed_from(graph: Graph) -> None:
    expected = set().union(*(below_by_definition(graph, node) for node in graph.outputs))
    assert marked(reach.below(graph, graph.outputs)) == expected
    assert reach.needed(graph, graph.outputs) == sorted(expected)


def test_above_is_below_turned_round(graph: Graph) -> None:
    every = range(len(graph))
    downwards = {(low, top) for top in every for low in marked(reach.below(graph, [top]))}
    upwards = {(low, top) for low in every for top in marked(reach.above(graph, [low]))}
    assert downwards == upwards
    assert marked(reach.active(graph)) == {top for low, top in upwards if low in graph.inputs}


def test_closed_nodes_are_reached_and_not_opened(graph: Graph) -> None:
    top = graph.outputs[0]
    closed = set(graph[top].operands)
    assert marked(reach.below(graph, [top], closed=closed)) == {top, *closed}


def test_a_walk_goes_on_where_it_is_told(graph: Graph) -> None:
    def first(graph: Graph, node: int) -> tuple[int, ...]:
        return reach.operands(graph, node)[:1]

    node, path = graph.outputs[0], {graph.outputs[0]}
    while graph[node].operands:
        node = graph[node].operands[0]
        path.add(node)
    assert reach.needed(graph, [graph.outputs[0]], within=first) == sorted(path)


def test_users_are_operands_turned_round(graph: Graph) -> None:
    users = reach.users(graph, range(len(graph)))
    for node in range(len(graph)):
        for operand in graph[node].operands:
            assert node in users[operand]
    start = graph.inputs[0]
    assert reach.closure([start], users.__getitem__) == marked(reach.above(graph, [start]))


def test_a_wide_graph_is_walked_by_levels_to_the_same_end(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = reach.needed(graph, graph.outputs), reach.active(graph)
    monkeypatch.setattr(reach, "is_wide", lambda graph: True)
    assert (reach.needed(graph, graph.outputs), reach.active(graph)) == one_by_one


def test_slopes_flow_to_no_condition_and_support_is_where_they_come_from() -> None:
    graph = Graph()
    c, x, y = (graph.variable(name) for name in "cxy")
    node = graph.apply(WHERE.code, c, x, y)
    assert reach.slopes(graph, node) == (x, y)
    assert reach.bits(reach.supports(graph, range(len(graph)))[node]) == [1, 2]
    for primitive in TABLE:
        flows = [k for k, d in enumerate(primitive.partials) if d not in (None, "0")]
        assert primitive.differentiable == bool(flows)
