"""A graph laid out in layers: operands above their users, few crossings, edges as straight as may
be (Sugiyama, Tagawa and Toda's method: layers, order, places).

An edge that spans several layers has a bend in each between; bends are placed as nodes are, but
take little room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

BEND = 6.0
"""The room that an edge takes in a layer which it passes."""
_SWEEPS = 12


class Layout(NamedTuple):
    """``x`` is the middle of each node and ``layer`` its row; ``bends[e]`` the middles of edge e in
    the layers between its ends, from the operand on. Everything lies within 0 … ``width``."""

    x: tuple[float, ...]
    layer: tuple[int, ...]
    bends: tuple[tuple[float, ...], ...]
    width: float


def layered(widths: Sequence[float], edges: Sequence[tuple[int, int]], gap: float = 18.0) -> Layout:
    """Lay out nodes of these ``widths``; ``edges`` are pairs (operand, user), the operand a smaller
    number than the user."""
    layer = _layers(len(widths), edges)
    sizes = list(widths)
    rows: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for node, k in enumerate(layer):
        rows[k].append(node)
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    chains = []
    for operand, user in edges:
        chain = [operand]
        for k in range(layer[operand] + 1, layer[user]):
            chain.append(len(sizes))
            rows[k].append(len(sizes))
            sizes.append(BEND)
        chain.append(user)
        for one, next in pairwise(chain):
            below.setdefault(one, []).append(next)
            above.setdefault(next, []).append(one)
        chains.append(chain[1:-1])
    rows = _ordered(rows, above, below)
    x = _placed(rows, sizes, above, below, gap, len(widths))
    left = min((x[node] - sizes[node] / 2 for node in x), default=0.0)
    x = {node: place - left for node, place in x.items()}
    return Layout(
        tuple(x[node] for node in range(len(widths))),
        tuple(layer),
        tuple(tuple(x[bend] for bend in chain) for chain in chains),
        max((x[node] + sizes[node] / 2 for node in x), default=0.0),
    )


def _layers(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The longest way to each node from a leaf; then what has no more operands than users comes
    down to these, which makes no edges longer in all, and often many shorter."""
    layer = [0] * count
    operands = [0] * count
    users: list[list[int]] = [[] for _ in range(count)]
    for operand, user in sorted(edges, key=lambda edge: edge[1]):
        layer[user] = max(layer[user], layer[operand] + 1)
        operands[user] += 1
        users[operand].append(user)
    for node in reversed(range(count)):
        if users[node] and operands[node] <= len(users[node]):
            layer[node] = min(layer[user] for user in users[node]) - 1
    return layer


Neighbours = Mapping[int, Sequence[int]]


def _ordered(rows: list[list[int]], above: Neighbours, below: Neighbours) -> list[list[int]]:
    """Each row by the mean place of its neighbours in the row before, down and up in turn; the best
    order that was met."""
    best, fewest = [row[:] for row in rows], crossings(rows, above)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows[1:] if down else rows[-2::-1]:
            other = rows[rows.index(row) + (-1 if down else 1)]
            place = {node: k for k, node in enumerate(other)}
            near = above if down else below
            means = {
                node: sum(place[n] for n in near[node]) / len(near[node])
                if near.get(node)
                else k * len(other) / len(row)
                for k, node in enumerate(row)
            }
            row.sort(key=means.__getitem__)
        _swap(rows, above, below)
        count = crossings(rows, above)
        if count < fewest:
            best, fewest = [row[:] for row in rows], count
    return best


def _swap(rows: Sequence[list[int]], above: Neighbours, below: Neighbours) -> None:
    """Neighbours in a row change places while that saves crossings."""
    place = {node: k for row in rows for k, node in enumerate(row)}

    def between(left: int, right: int) -> int:
        """The crossings of their edges, minus those if they changed places."""
        return sum(
            (place[a] > place[b]) - (place[a] < place[b])
            for near in (above, below)
            for a in near.get(left, ())
            for b in near.get(right, ())
        )

    better = True
    while better:
        better = False
        for row in rows:
            for k in range(len(row) - 1):
                left, right = row[k], row[k + 1]
                if between(left, right) > 0:
                    row[k], row[k + 1] = right, left
                    place[left], place[right] = k + 1, k
                    better = True


def crossings(rows: Sequence[Sequence[int]], above: Neighbours) -> int:
    """How many pairs of edges between neighbouring rows cross."""
    total = 0
    for upper, row in pairwise(rows):
        place = {node: k for k, node in enumerate(upper)}
        ends: list[int] = []
        for node in row:
            mine = sorted(place[n] for n in above.get(node, ()))
            total += sum(1 for new in mine for old in ends if old > new)
            ends += mine
    return total


def _placed(
    rows: Sequence[Sequence[int]],
    sizes: Sequence[float],
    above: Neighbours,
    below: Neighbours,
    gap: float,
    nodes: int,
) -> dict[int, float]:
    """Places as near as may be to the mean of the neighbours, in their order and apart."""
    x: dict[int, float] = {}
    for row in rows:
        start = 0.0
        for node in row:
            x[node] = start + sizes[node] / 2
            start += sizes[node] + gap
    for sweep in range(2 * _SWEEPS):
        both = sweep >= _SWEEPS
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wanted, weights = [], []
            for node in row:
                up, down = above.get(node, ()), below.get(node, ())
                near = [*up, *down] if both or not (up and down) else up if sweep % 2 == 0 else down
                wanted.append(sum(x[n] for n in near) / len(near) if near else x[node])
                weights.append(1.0 if node < nodes else 4.0)  # a bend is to be none
            apart = [(sizes[one] + sizes[next]) / 2 + gap for one, next in pairwise(row)]
            for node, place in zip(row, _spread(wanted, weights, apart), strict=True):
                x[node] = place
    return x


def _spread(
    wanted: Sequence[float], weights: Sequence[float], apart: Sequence[float]
) -> list[float]:
    """The places nearest to the wanted ones, in squares, that are ``apart``: isotonic regression,
    by pooling what violates the order."""
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    pools: list[list[float]] = []  # mean, weight, count
    for place, weight, offset in zip(wanted, weights, offsets, strict=True):
        pools.append([place - offset, weight, 1])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            mean, heavy, count = pools.pop()
            last = pools[-1]
            last[0] = (last[0] * last[1] + mean * heavy) / (last[1] + heavy)
            last[1] += heavy
            last[2] += count
    found = [mean for mean, _, count in pools for _ in range(int(count))]
    return [mean + offset for mean, offset in zip(found, offsets, strict=True)]
