"""Sparse Jacobians: which entries can be other than zero, and only those computed.

Every node carries its row of the Jacobian of the node with respect to the inputs, as a list of
columns and *references*: ``coefficient · cell``. A step with a constant slope (a sum, a
difference, a constant factor) only scales coefficients and renames nothing; only where a slope
changes with the point does a row get cells of its own. All of that is worked out once, group by
group, in numpy; at a point, what is left is one multiplication per contribution to a cell.

The pattern is the graph's, never that of sampled numbers: an entry is in it if some path leads from
the variable to the output, wherever the point is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from gradcalc.calculus.rules import evaluate, mentions, rule
from gradcalc.engine.schedule import Access, Floats, Group, Ints, Schedule, access, operands_of
from gradcalc.engine.sweeps import slopes_of
from gradcalc.functions.primitives import OPERANDS


class Contributions(NamedTuple):
    """What flows into the rows of one group: per contribution, its node and column, and
    ``coefficient · cell · slope``; ``slope`` counts through the active operands' slopes, node by
    node, and is -1 where the slope is constant (then it is in the coefficient)."""

    node: Ints
    column: Ints
    cell: Ints
    coefficient: Floats
    slope: Ints


class Terms(NamedTuple):
    """Products ``coefficient · cell · slope``, one per index; no ``cell`` where all are cell 0."""

    slope: Access
    cell: Access | None
    coefficient: Floats | float


@dataclass(frozen=True, slots=True)
class NewCells:
    """New cells of one group. Where all get as many terms, cell i is the sum of every
    ``terms[·][i]``; else there is one list of terms, and ``firsts`` says where the run of each
    cell begins."""

    group: Group
    operands: tuple[int, ...]
    terms: tuple[Terms, ...]
    firsts: Ints | None
    cells: slice


@dataclass(frozen=True, slots=True)
class Pattern:
    """The sparsity of a Jacobian in compressed rows, and how its entries are computed.

    ``constant`` has the entries that are the same everywhere; the entries at ``changing`` are
    ``coefficient · cell``. The indices are 32-bit where they fit, as scipy likes them.
    """

    indptr: Any
    columns: Any
    shape: tuple[int, int]
    steps: tuple[NewCells, ...]
    cells: int
    constant: Floats
    changing: Any
    cell: Access | None
    coefficient: Floats | float

    @property
    def rows(self) -> Ints:
        """The row of every entry, as ``columns`` has its column."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))

    @property
    def nonzeros(self) -> int:
        return len(self.columns)

    @property
    def density(self) -> float:
        return self.nonzeros / max(1, self.shape[0] * self.shape[1])


class _Rows:
    """∂node/∂inputs of every node so far, stored back to back: row k is
    ``columns[start[k]:][:length[k]]``, and each of its entries ``coefficients · cells`` beside it.
    """

    def __init__(self, places: int, inputs: int) -> None:
        self.start = np.zeros(places, dtype=np.int64)
        self.length = np.zeros(places, dtype=np.int64)
        self.start[:inputs] = np.arange(inputs)
        self.length[:inputs] = 1
        self.size = inputs
        self.columns = np.arange(inputs)
        self.cells = np.zeros(inputs, dtype=np.int64)  # cell 0 is the number 1
        self.coefficients = np.ones(inputs)

    def append(self, columns: Ints, cells: Ints, coefficients: Floats) -> int:
        """Room for new runs at the end of the pools, which double when they are full."""
        start, size = self.size, self.size + len(columns)
        if size > len(self.columns):
            room = max(size, 2 * len(self.columns))
            self.columns = np.resize(self.columns, room)
            self.cells = np.resize(self.cells, room)
            self.coefficients = np.resize(self.coefficients, room)
        self.columns[start:size] = columns
        self.cells[start:size] = cells
        self.coefficients[start:size] = coefficients
        self.size = size
        return start

    def gather(self, places: Ints) -> tuple[Ints, Ints]:
        """Positions in the pools of the rows at ``places``, and for each which place it is of."""
        lengths = self.length[places]
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if len(ends) else 0
        shift = np.repeat(self.start[places] - (ends - lengths), lengths)
        return shift + np.arange(total), np.repeat(np.arange(len(places)), lengths)


Flags = np.ndarray[Any, np.dtype[np.bool_]]


def most_entries(schedule: Schedule) -> int:
    """No more entries have the rows of all nodes; what ``find_pattern`` costs is in proportion."""
    lengths = np.zeros(schedule.size)
    lengths[: schedule.n_inputs] = 1
    for group in schedule.groups:
        found = sum(group.operands[k].read(lengths) for k in group.active)
        lengths[group.results] = np.minimum(found, schedule.n_inputs)
    return int(lengths.sum())


@np.errstate(all="ignore")  # constant slopes that are not finite are slopes too
def find_pattern(schedule: Schedule) -> Pattern:
    """The pattern of the Jacobian and the steps that compute its entries."""
    rows = _Rows(schedule.size, schedule.n_inputs)
    numbers = np.full(schedule.size, np.nan)  # of the constants; nothing else has one yet
    numbers[schedule.n_inputs :][: len(schedule.constants)] = schedule.constants
    steps: list[NewCells] = []
    cells = 1
    for group in schedule.groups:
        if not group.active:
            continue
        fixed = _constant_slopes(group, numbers)
        if len(group.active) == 1 and isinstance(fixed[0], float) and fixed[0] == 1.0:
            _share(rows, group)
            continue
        terms = _contributions(rows, group, fixed, schedule.n_inputs)
        changing = tuple(k for k, c in zip(group.active, fixed, strict=True) if c is None)
        step = _absorb(rows, group, changing, terms, cells)
        if step is not None:
            steps.append(step)
            cells = step.cells.stop
    return _finished(rows, schedule, steps, cells)


def _finished(rows: _Rows, schedule: Schedule, steps: Sequence[NewCells], cells: int) -> Pattern:
    """The rows of the outputs, told apart into constant and changing entries."""
    position, output = rows.gather(schedule.outputs)
    counts = np.bincount(output, minlength=len(schedule.outputs))
    narrow = np.int32 if max(len(position), schedule.n_inputs) < 2**31 else np.int64
    cell, coefficient = rows.cells[position], rows.coefficients[position]
    changing = np.flatnonzero(cell)
    return Pattern(
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(narrow),
        columns=rows.columns[position].astype(narrow),
        shape=(len(schedule.outputs), schedule.n_inputs),
        steps=tuple(steps),
        cells=cells,
        constant=np.where(cell == 0, coefficient, 0.0),
        changing=access(changing).where if len(changing) else changing,
        cell=access(cell[changing]) if len(changing) else None,
        coefficient=_uniform(coefficient[changing]),
    )


def fill(schedule: Schedule, pattern: Pattern, values: Floats) -> Floats:
    """The entries of the pattern, in its order, where the nodes have ``values``.

    As in ``gradcalc.engine.sweeps``, what is not finite is done again with flags: of an infinite
    slope only that much reaches an entry as something flows there, and an undefined value has none.
    """
    with np.errstate(all="ignore"):
        entries = _fill(pattern, values, None)
        undefined = np.isnan(values[schedule.outputs])
        if np.isfinite(entries.sum()) and not undefined.any():
            return entries
        reached = np.ones(pattern.cells, dtype=bool)
        entries = _fill(pattern, values, reached)
        flows = np.ones(len(entries), dtype=bool)
        if pattern.cell is not None:
            flows[pattern.changing] = pattern.cell.read(reached)
        entries[~flows] = 0.0
        entries[flows & undefined[pattern.rows]] = np.nan
    return entries


def _fill(pattern: Pattern, values: Floats, reached: Flags | None) -> Floats:
    """The entries; ``reached``, if given, is set for the cells that something flows to."""
    cells = np.empty(pattern.cells)
    cells[0] = 1.0
    undefined = bool(np.isnan(values.max(initial=-np.inf)))
    for step in pattern.steps:
        slopes = _slopes(step.group, step.operands, values, undefined)
        selects = step.group.primitive.selects
        flows = [_flow(terms, slopes, cells, selects) for terms in step.terms]
        if reached is not None:
            through = [_through(terms, slopes, reached, selects) for terms in step.terms]
            reached[step.cells] = _together(np.logical_or, through, step.firsts)
            flows = [np.where(t, flow, 0.0) for t, flow in zip(through, flows, strict=True)]
        cells[step.cells] = _together(np.add, flows, step.firsts)
    entries = pattern.constant.copy()
    if pattern.cell is not None:
        entries[pattern.changing] = pattern.coefficient * pattern.cell.read(cells)
    return entries


def _together(add: np.ufunc, terms: Sequence[Any], firsts: Ints | None) -> Any:
    """Of each cell: all terms at its place, or its run of the only ones."""
    return reduce(add, terms) if firsts is None else add.reduceat(terms[0], firsts)


def _through(terms: Terms, slopes: Floats, reached: Flags, selects: bool) -> Flags:
    slope = terms.slope.read(slopes)
    takes = slope != 0 if selects else np.ones(np.shape(slope), bool)
    return np.asarray(takes if terms.cell is None else takes & terms.cell.read(reached))


def _flow(terms: Terms, slopes: Floats, cells: Floats, selects: bool) -> Floats:
    slope: Floats = terms.slope.read(slopes)
    if not (isinstance(terms.coefficient, float) and terms.coefficient == 1.0):
        slope = slope * terms.coefficient
    if terms.cell is None:
        return slope
    flow = slope * terms.cell.read(cells)
    return np.where(slope == 0, 0.0, flow) if selects else flow


def _slopes(group: Group, operands: Sequence[int], values: Floats, undefined: bool) -> Floats:
    """The slopes of the operands, one after the other, and the number 1 at the end."""
    count = group.size
    result = np.empty(len(operands) * count + 1)
    for i, slope in enumerate(slopes_of(group, values, operands, undefined)):
        result[i * count : (i + 1) * count] = slope
    result[-1] = 1.0
    return result


def _constant_slopes(group: Group, numbers: Floats) -> list[Any]:
    """For each active operand its slope where no input changes it (a number, or one per node)."""
    partials = rule(group.primitive)
    operands = operands_of(group, numbers)
    changing = {"out"}
    changing |= {OPERANDS[k] for k, operand in enumerate(operands) if np.isnan(operand).any()}
    fixed = [k for k in group.active if not (mentions(partials, k) & changing)]
    slopes = evaluate(partials, operands, None, fixed)
    return [slopes[k] for k in group.active]


def _share(rows: _Rows, group: Group) -> None:
    """One operand with slope 1: the very same rows."""
    places = group.operands[group.active[0]].places(group.size)
    rows.start[group.results] = rows.start[places]
    rows.length[group.results] = rows.length[places]


def _contributions(rows: _Rows, group: Group, fixed: Sequence[Any], n: int) -> Contributions:
    """All contributions to the rows of a group, sorted by node and column."""
    count = group.size
    parts, changing = [], 0
    for k, constant in zip(group.active, fixed, strict=True):
        position, node = rows.gather(group.operands[k].places(group.size))
        if constant is not None and group.primitive.selects:  # of a branch not taken nothing flows
            taken = np.broadcast_to(np.not_equal(constant, 0), count)[node]
            position, node = position[taken], node[taken]
        coefficient = rows.coefficients[position]
        if constant is None:
            slope = changing * count + node
            changing += 1
        else:
            coefficient = coefficient * (constant if np.ndim(constant) == 0 else constant[node])
            slope = np.full(len(node), -1)
        parts.append(
            Contributions(node, rows.columns[position], rows.cells[position], coefficient, slope)
        )
    if len(parts) == 1:
        return parts[0]
    joined: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(joined[0] * n + joined[1], kind="stable")
    return Contributions(*(column[order] for column in joined))


def _absorb(
    rows: _Rows, group: Group, operands: tuple[int, ...], terms: Contributions, cells: int
) -> NewCells | None:
    """Make the rows of a group from its sorted contributions; new cells, from number ``cells`` on,
    where the slopes of ``operands`` change."""
    count = group.size
    fresh_entry = np.ones(len(terms.node), dtype=bool)
    fresh_entry[1:] = (np.diff(terms.node) != 0) | (np.diff(terms.column) != 0)
    firsts = np.flatnonzero(fresh_entry)
    sizes = np.diff(firsts, append=len(terms.node))
    renamed = (sizes == 1) & (terms.slope[firsts] < 0)
    made = np.flatnonzero(~renamed)
    new_cells = terms.cell[firsts]
    new_cells[made] = cells + np.arange(len(made))
    coefficients = np.where(renamed, terms.coefficient[firsts], 1.0)
    lengths = np.bincount(terms.node[firsts], minlength=count)
    start = rows.append(terms.column[firsts], new_cells, coefficients)
    rows.length[group.results] = lengths
    rows.start[group.results] = start + np.cumsum(lengths) - lengths
    if not len(made):
        return None
    inside = np.repeat(~renamed, sizes)
    one = len(operands) * count  # where the slopes end stands the number 1
    slope = np.where(terms.slope < 0, one, terms.slope)
    columns = (slope[inside], terms.cell[inside], terms.coefficient[inside])
    runs = sizes[made]
    width = int(runs[0])
    uniform = width <= FEW and bool((runs == width).all())
    parts = [tuple(c[k::width] for c in columns) for k in range(width)] if uniform else [columns]
    return NewCells(
        group=group,
        operands=operands,
        terms=tuple(_terms(*part) for part in parts),
        firsts=None if uniform else np.cumsum(runs) - runs,
        cells=slice(cells, cells + len(made)),
    )


FEW = 8
"""Up to so many terms a cell are added as whole columns, when all cells have as many."""


def _terms(slope: Ints, cell: Ints, coefficient: Floats) -> Terms:
    return Terms(access(slope), access(cell) if cell.any() else None, _uniform(coefficient))


def _uniform(numbers: Floats) -> Floats | float:
    """One number for all, where they are the same."""
    return float(numbers[0]) if len(numbers) and (numbers == numbers[0]).all() else numbers


def colour(rows: Ints, columns: Ints, shape: tuple[int, int]) -> Ints:
    """A colour for every column, such that columns that share a row differ in colour.

    Greedy, the columns with most entries first. As many tangent sweeps as there are colours make
    the whole Jacobian; with rows and columns exchanged, as many reverse sweeps.
    """
    m, n = shape
    by_column = rows[np.argsort(columns, kind="stable")].tolist()
    counts = np.bincount(columns, minlength=n)
    ends = np.cumsum(counts).tolist()
    taken: list[set[int]] = [set() for _ in range(m)]  # per row, the colours of its columns
    colours = np.zeros(n, dtype=np.int64)
    for column in np.argsort(-counts, kind="stable").tolist():
        mine = by_column[ends[column] - counts[column] : ends[column]]
        used = set().union(*(taken[row] for row in mine))
        choice = 0
        while choice in used:
            choice += 1
        colours[column] = choice
        for row in mine:
            taken[row].add(choice)
    return colours
