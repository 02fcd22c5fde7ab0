"""The lines on which a function of two variables has a kink, or jumps.

They can be nowhere but where the formula goes over to another branch. Between two neighbours of a
grid that are on different branches the place is found by halving; in every cell the places on its
sides are joined. Where values and slopes on both sides are the same there is no line.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradcalc.engine.program import Program
from gradcalc.engine.schedule import Floats
from gradcalc.explain.switches import Switches
from gradcalc.plot.curve import only

_HALVINGS = 40
_BESIDE = 1e-7  # of the distance between neighbours
_MOST = 4000  # places on sides of cells, for each decision: of more there are no lines to be seen


class Edge(NamedTuple):
    """The lines of an output on which it has a 'kink' or a 'jump': pieces of shape (N, 2, 2), from
    (x, y) to (x, y)."""

    kind: str
    output: int
    pieces: Floats


def edges(program: Program, x: Floats, y: Floats) -> tuple[Edge, ...]:
    """All of them over a grid; ``x`` and ``y`` ascend."""
    found = []
    for i in range(len(program.outputs)):
        alone = only(program, i)
        pieces: dict[str, list[Floats]] = {"kink": [], "jump": []}
        for kind, piece in _of(alone, Switches(alone.graph), x, y):
            pieces[kind].append(piece)
        found += [Edge(kind, i, np.stack(all)) for kind, all in pieces.items() if all]
    return tuple(found)


def _of(program: Program, switches: Switches, x: Floats, y: Floats) -> list[tuple[str, Floats]]:
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    decided = switches(grid.reshape(-1, 2))
    found = []
    for k, column in enumerate(decided.T):
        sides = np.where(column == 0, 1.0, column).reshape(grid.shape[:2])
        places: dict[tuple[int, int, int], tuple[str, Floats]] = {}
        for axis in (0, 1):  # up, and across
            near, far = (sides[:-1], sides[1:]) if axis == 0 else (sides[:, :-1], sides[:, 1:])
            rows, columns = np.nonzero((near != far) & np.isfinite(near) & np.isfinite(far))
            if not 0 < len(rows) <= _MOST:
                continue
            first, step = grid[rows, columns], np.zeros(2)
            step[1 - axis] = (y if axis == 0 else x)[1] - (y if axis == 0 else x)[0]
            middle = _halved(switches, k, first, step)
            kinds = _kinds(program, middle, step * _BESIDE)
            for row, col, kind, place in zip(
                rows.tolist(), columns.tolist(), kinds, middle, strict=True
            ):
                if kind:
                    places[axis, row, col] = kind, place
        found += _joined(places)
    return found


def _halved(switches: Switches, k: int, first: Floats, step: Floats) -> Floats:
    """Where between ``first`` and a step on the decision changes."""
    before = switches(first)[:, k]
    low, high = np.zeros(len(first)), np.ones(len(first))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        same = switches(first + middle[:, None] * step)[:, k] == before
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return first + ((low + high) / 2)[:, None] * step


def _kinds(program: Program, places: Floats, beside: Floats) -> list[str]:
    """'jump', 'kink' or '' for each place: by whether values, or slopes, change far more from one
    side to the other than on either."""
    ends = [program.at(places + t * beside) for t in (-2, -1, 1, 2)]
    values = np.stack([end.value for end in ends])[..., 0]
    slopes = np.stack([end.jacobian()[:, 0] for end in ends])
    jumps = _turns(values[..., None]).any(axis=-1)
    kinks = _turns(slopes).any(axis=-1)
    return [
        "jump" if jump else "kink" * bool(kink) for jump, kink in zip(jumps, kinks, strict=True)
    ]


def _turns(sides: Any) -> Any:
    a, b, c, d = sides
    smooth = np.maximum(abs(b - a), abs(d - c))
    size = np.maximum(abs(b), abs(c))
    return abs(c - b) > np.maximum(10 * smooth, 1e-6 * size)  # a NaN is not


def _joined(
    places: dict[tuple[int, int, int], tuple[str, Floats]],
) -> list[tuple[str, Floats]]:
    """In every cell a line between the places on its sides; of four, between those opposite."""
    cells = {
        cell
        for axis, row, col in places
        for cell in ([(row, col - 1), (row, col)] if axis == 0 else [(row - 1, col), (row, col)])
    }
    found = []
    for row, col in sorted(cells):
        sides = [(0, row, col), (0, row, col + 1), (1, row, col), (1, row + 1, col)]
        met = [places[side] for side in sides if side in places]
        pairs = [(met[0], met[1])] if len(met) == 2 else []
        if len(met) == 4:
            pairs = [(met[0], met[1]), (met[2], met[3])]
        for (kind, one), (same, other) in pairs:  # a jump of no height is part of the jump
            kind = kind if kind == same else "jump"
            found.append((kind, np.stack([one, other])))
    return found
