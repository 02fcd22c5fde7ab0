"""A graph in layers: operands above users, nothing on top of anything, few crossings."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.render.layered import BEND, crossings, layered

GAP = 10.0


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[float], list[tuple[int, int]]]:
    count = draw(st.integers(1, 25))
    widths = [float(draw(st.integers(10, 150))) for _ in range(count)]
    edges = [
        (operand, user)
        for user in range(1, count)
        for operand in sorted(draw(st.sets(st.integers(0, user - 1), max_size=3)))
    ]
    return widths, edges


@settings(max_examples=40)
@given(graphs())
def test_operands_are_above_and_nothing_overlaps(
    graph: tuple[list[float], list[tuple[int, int]]],
) -> None:
    widths, edges = graph
    found = layered(widths, edges, GAP)
    for operand, user in edges:
        assert found.layer[operand] < found.layer[user]
    for (operand, user), bends in zip(edges, found.bends, strict=True):
        assert len(bends) == found.layer[user] - found.layer[operand] - 1
    rows: dict[int, list[tuple[float, float]]] = {}
    for node, width in enumerate(widths):
        rows.setdefault(found.layer[node], []).append((found.x[node], width))
    for (operand, _), bends in zip(edges, found.bends, strict=True):
        for k, x in enumerate(bends, found.layer[operand] + 1):
            rows[k].append((x, BEND))
    for row in rows.values():
        for (x, width), (y, other) in pairwise(sorted(row)):
            assert y - x >= (width + other) / 2 + GAP - 1e-6
        assert all(x - width / 2 >= -1e-6 for x, width in row)
        assert all(x + width / 2 <= found.width + 1e-6 for x, width in row)


@settings(max_examples=40)
@given(graphs())
def test_edges_are_no_longer_than_with_all_nodes_as_high_as_may_be(
    graph: tuple[list[float], list[tuple[int, int]]],
) -> None:
    widths, edges = graph
    high = [0] * len(widths)
    for operand, user in sorted(edges, key=lambda edge: edge[1]):
        high[user] = max(high[user], high[operand] + 1)
    layer = layered(widths, edges, GAP).layer
    assert sum(layer[b] - layer[a] for a, b in edges) <= sum(high[b] - high[a] for a, b in edges)
    assert all(ours >= highest for ours, highest in zip(layer, high, strict=True))


def test_powers_stand_where_they_are_used() -> None:
    edges = [(0, 2), (1, 3), (2, 4), (4, 5), (3, 5)]  # sin(sin(x**2)) * y**2, with x = 0 and y = 1
    assert layered([40.0] * 6, edges).layer == (0, 1, 1, 2, 2, 3)


def test_a_tree_is_drawn_without_a_crossing() -> None:
    edges = [(k, 8 + k // 2) for k in (0, 2, 4, 6, 1, 3, 5, 7)]
    edges += [(8, 12), (10, 13), (9, 12), (11, 13), (12, 14), (13, 14)]
    found = layered([40.0] * 15, edges)
    rows = [sorted((n for n in range(15) if found.layer[n] == k), key=lambda n: found.x[n])
            for k in range(4)]  # fmt: skip
    above = {user: [a for a, b in edges if b == user] for _, user in edges}
    assert crossings(rows, above) == 0


def test_crossings_are_counted() -> None:
    assert crossings([[0, 1], [2, 3]], {2: [1], 3: [0]}) == 1
    assert crossings([[0, 1], [2, 3]], {2: [0, 1], 3: [0, 1]}) == 1
    assert crossings([[0, 1], [2, 3]], {2: [0], 3: [1]}) == 0
