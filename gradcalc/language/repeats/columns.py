"""Many pieces of one shape at once: a step of the shape is a column, one entry for each piece.

Step by step the nodes of all pieces are looked up, under provisional numbers: what was made before
keeps its own, and equal nodes get the same one. In the end the new ones are numbered in the order
in which the text says them first, and the graph adopts them. They are what the parser would have
made of these tokens, to the last span; what needs its care (an array, an overflow) is left to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcalc.functions.primitives import CONSTANT, POW, SQUARE
from gradcalc.graph.graph import Graph, Key, LeafKey, folded, node_key
from gradcalc.language.repeats.shape import LEAF, NAME, NUMBER, SPECIAL, Leaf, Shape, Unusual

Ints = np.ndarray[Any, np.dtype[np.int64]]

Numbers = Sequence[float | None] | None
"""Which entries of a column are constants, and their values; None where there is none."""


class Columns:
    """``shape`` over and over from ``at`` on; ``found`` has the names and numbers of each time.
    Raises Unusual, with the graph as it was."""

    def __init__(self, graph: Graph, leaf: Leaf, shape: Shape, found: list[Any], at: int) -> None:
        self.graph = graph
        self.shape = shape
        self.count = len(found)
        self.first = len(self.graph)  # from here on the numbers are provisional,
        self.after = self.first + self.count * len(shape.steps)  # and from here on of new leaves
        self.fresh: dict[Key, int] = {}  # what these pieces need → its number
        self.leaves = _Leaves(self, leaf)
        self.values: dict[int, float] = {}  # of new constants, by provisional number
        self.ids: list[Ints] = []  # by column
        self.codes: list[Ints] = []
        self.numbers: list[Numbers] = []
        at_leaf = [k for k, kind in enumerate(shape.kinds) if kind in (NAME, NUMBER)]
        columns = zip(*found, strict=True) if len(at_leaf) > 1 else [found]
        words = dict(zip(at_leaf, columns, strict=True))
        self.places = _Places(shape.kinds, words, at)
        for step in shape.steps:
            if step[0] == LEAF:
                self._leaf(list(map(self.leaves.__getitem__, words[step[1]])))
            else:
                self._apply(*step[:4])

    def _leaf(self, ids: list[int]) -> None:
        """A column of names or numbers."""
        self.codes.append(np.full(self.count, LEAF))
        self.ids.append(np.array(ids))
        old, new = self.graph.constants, self.values
        variable = old.keys().isdisjoint(ids) and new.keys().isdisjoint(ids)
        self.numbers.append(None if variable else self._constants(ids))

    def _apply(self, code: int, *operands: int) -> None:
        """A column of one primitive. As in ``Graph.apply``, the power 2 is a square."""
        numbers = [self.numbers[k] for k in operands if k >= 0]
        xs, ys, zs = (self.ids[k] if k >= 0 else np.full(self.count, -1) for k in operands)
        codes = np.full(self.count, code)
        if code == POW.code and numbers[1] is not None:
            squares = np.array([power == 2.0 for power in numbers[1]])
            codes[squares] = SQUARE.code
            ys = np.where(squares, -1, ys)
        keys = node_keys(codes, xs, ys, zs)
        self.fresh.update(self.graph.known(keys))
        own = range(self.first + len(self.ids), self.after, len(self.shape.steps))
        ids = list(map(self.fresh.setdefault, keys, own))
        self.codes.append(codes)
        self.ids.append(np.array(ids))
        self.numbers.append(None if None in numbers else self._folded(codes, ids, numbers))

    def _folded(self, codes: Ints, ids: list[int], operands: list[Any]) -> Numbers:
        for code, node, *numbers in zip(codes.tolist(), ids, *operands, strict=True):
            if code == SQUARE.code:
                del numbers[1:]
            if node < self.first or node in self.values or None in numbers:
                continue
            value = folded(code, numbers)
            if math.isinf(value):
                raise Unusual
            if not math.isnan(value):
                self.values[node] = value
        return self._constants(ids)

    def _constants(self, ids: list[int]) -> Numbers:
        old, new = self.graph.constants, self.values
        return [old.get(node) if node < self.first else new.get(node) for node in ids]

    # --- into the graph -----------------------------------------------------------------------

    def add(self) -> tuple[list[int], list[int], list[int]]:
        """Make the new nodes. Returns the value of every piece, its start and its end."""
        columns = np.array(self.ids)
        levels = self._levels(columns)
        said = columns.T.ravel()  # in the order of the text
        spare = np.flatnonzero(said >= self.first)
        offsets = said[spare] - self.first
        earliest = np.empty(self.after - self.first + len(self.leaves), dtype=np.int64)
        earliest[offsets[::-1]] = spare[::-1]  # of equal ones, what is stored last remains
        new = spare[earliest[offsets] == spare]
        final = np.empty_like(earliest)
        final[said[new] - self.first] = np.arange(self.first, self.first + len(new))
        said[spare] = final[offsets]
        nodes = said.reshape(self.count, -1)
        self._adopt(new, nodes, levels.T.ravel()[new], final)
        return self._results(nodes)

    def _levels(self, columns: Ints) -> Ints:
        old = np.frombuffer(self.graph.levels, dtype=np.intc)
        levels = np.zeros_like(columns)
        for row, ids, codes, step in zip(
            levels, columns, self.codes, self.shape.steps, strict=True
        ):
            if step[0] == LEAF:
                known = ids < self.first
                row[known] = old[ids[known]]
                continue
            below = levels[[k for k in step[1:4] if k >= 0]]
            row[:] = 1 + np.where(codes == SQUARE.code, below[0], below.max(axis=0))
        return levels

    def _adopt(self, new: Ints, nodes: Ints, levels: Ints, final: Ints) -> None:
        rows, kinds = np.divmod(new, len(self.shape.steps))
        steps = np.array(self.shape.steps)
        starts, ends = (self.places.of(rows, steps[kinds, k]) for k in (4, 5))
        steps[steps[:, 0] == LEAF, 1:4] = -1
        codes = np.array(self.codes).T.ravel()[new]
        operands = [np.where(at < 0, -1, nodes[rows, at]) for at in steps[kinds, 1:4].T]
        operands[1][codes == SQUARE.code] = -1
        new_leaves = self.leaves.new
        leaves = dict(zip(self._final(new_leaves, final), new_leaves.values(), strict=True))
        codes[[node - self.first for node in leaves]] = [key[0].code for key in leaves.values()]
        inner = np.flatnonzero(operands[0] >= 0)
        keys = node_keys(*(column[inner] for column in (codes, *operands)))
        columns = codes, *operands, levels, starts, ends
        self.graph.adopt(
            dict(sorted(leaves.items())),
            zip(keys, (inner + self.first).tolist(), strict=True),
            [column.astype(np.intc) for column in columns],
        )
        values = zip(self._final(self.values, final), self.values.values(), strict=True)
        self.graph.constants.update(sorted(values))

    def _final(self, provisional: Iterable[int], final: Ints) -> list[int]:
        nodes: list[int] = final[np.fromiter(provisional, dtype=np.int64) - self.first].tolist()
        return nodes

    def _results(self, nodes: Ints) -> tuple[list[int], list[int], list[int]]:
        """The pieces' values, starts and ends, one after the other."""
        steps, starts, ends = np.array([piece[:3] for piece in self.shape.pieces]).T
        rows = np.arange(self.count)[:, None]
        found = nodes[:, steps], self.places.of(rows, starts), self.places.of(rows, ends)
        values, left, right = (column.ravel().tolist() for column in found)
        return values, left, right


class _Places:
    """Where the tokens are, of which only names and numbers differ in length."""

    def __init__(self, kinds: Sequence[str], words: Mapping[int, Sequence[str]], at: int) -> None:
        lengths = [0 if k in words else len(kind) for k, kind in enumerate(kinds)]
        self.fixed = np.cumsum([0, *lengths])
        self.leaves = np.cumsum([0, *(k in words for k in range(len(kinds)))])  # before a token
        varying = np.array([list(map(len, column)) for column in words.values()])
        self.varying = np.cumsum(np.vstack([np.zeros_like(varying[:1]), varying]), axis=0)
        ends = at + np.cumsum(self.fixed[-1] + self.varying[-1])
        self.starts = np.concatenate([[at], ends[:-1]])

    def of(self, rows: Ints, tokens: Ints) -> Ints:
        """Where these tokens of these pieces begin."""
        places: Ints = self.fixed[tokens] + self.varying[self.leaves[tokens], rows]
        places += self.starts[rows]
        return places


def node_keys(codes: Ints, xs: Ints, ys: Ints, zs: Ints) -> list[Key]:
    """``node_key`` of each."""
    keys: list[Key] = ((codes << 56) + (ys << 28) + xs + ys).tolist()
    for k in np.flatnonzero(zs >= 0).tolist():
        keys[k] = node_key(*(int(column[k]) for column in (codes, xs, ys, zs)))
    return keys


class _Leaves(dict[str, int]):
    """A name or a number → its node, or a provisional number; ``new`` has the keys for these."""

    def __init__(self, columns: Columns, leaf: Leaf) -> None:
        self.columns = columns
        self.leaf = leaf
        self.new: dict[int, LeafKey] = {}

    def __missing__(self, token: str) -> int:
        found = None if token in SPECIAL else self.leaf(token)
        if found is None:
            raise Unusual
        node = found if isinstance(found, int) else self.columns.graph.find(found)
        if node is None:
            key: LeafKey = found  # type: ignore[assignment]
            node = self.columns.fresh.setdefault(key, self.columns.after + len(self))
            self.new[node] = key
            if key[0] is CONSTANT:
                self.columns.values[node] = key[1]
        self[token] = node
        return node
