"""Linear algebra over arrays of nodes: products, determinants, inverses, systems of equations.

Elimination needs pivots, and which entry is a good one is known only at the point. So the graph
has all of them in it: where another row outweighs the pivot's, the two are exchanged, by ``where``.
Either gives the same result, so these choices are no boundaries (``outweighs`` is a condition that
nothing turns on), and the branch that is taken is a formula that is right all around the point: its
slopes are those of the result.

A determinant is a polynomial, with slopes where the matrix is singular too. Up to four rows it is
expanded into minors, without a division. Larger ones are eliminated down to four, with the largest
entry of all as pivot: a pivot of 0 then means that all that is left is 0, and so is the determinant
with its slopes.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from gradcalc.functions.primitives import ADD, DIV, FUNCTIONS, MUL, NEG, OUTWEIGHS, PEAK, SUB, WHERE
from gradcalc.language.arrays import Sizes, Value, charge, matmul
from gradcalc.language.making import Array, Maker

EXPANDED = 4
"""Rows of a determinant that is written out."""

ABS = FUNCTIONS["abs"]
Rows = list[list[int]]


def dot(make: Maker, a: Value, b: Value) -> Value:
    if not isinstance(a, int) and not isinstance(b, int) and 1 in a.shape and 1 in b.shape:
        a, b = np.ravel(a), np.ravel(b)  # rows and columns of MATLAB
    if isinstance(a, int) or isinstance(b, int) or a.shape != b.shape or a.ndim != 1:
        raise Sizes("dot takes two vectors of the same length")
    return matmul(make.graph, a, b, make.span)


def inner(make: Maker, a: Value, b: Value) -> Value:
    if isinstance(a, int) or isinstance(b, int):
        return make.value(make.of(MUL, a, b))
    return matmul(make.graph, a, b.T, make.span)


def outer(make: Maker, a: Value, b: Value) -> Array:
    made: Array = make.of(MUL, np.ravel(a)[:, None], np.ravel(b)[None, :])
    return made


def cross(make: Maker, a: Value, b: Value) -> Array:
    a, b = make.array(a), make.array(b)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise Sizes(f"cross takes vectors of 3, not arrays of shapes {a.shape} and {b.shape}")
    ahead, behind = [1, 2, 0], [2, 0, 1]
    plus = make.of(MUL, a[..., ahead], b[..., behind])
    made: Array = make.of(SUB, plus, make.of(MUL, a[..., behind], b[..., ahead]))
    return made


def trace(make: Maker, a: Value) -> Value:
    array = make.array(a)
    if array.ndim != 2:
        raise Sizes(f"trace takes a matrix, not an array of shape {array.shape}")
    return make.sum(np.diagonal(array).tolist())


def det(make: Maker, a: Value) -> Value:
    rows: Rows = make.matrix(a).tolist()
    charge(make.graph, len(rows) ** 3)
    factors: list[int] = []
    sign = make.number(1)
    while len(rows) > EXPANDED:
        sign, pivot, rows = _eliminate_largest(make, rows, sign)
        factors.append(pivot)
    rest = _expanded(make, rows)
    return make.chain(MUL, [*factors, rest, *([sign] if factors else [])])


def _expanded(make: Maker, rows: Rows) -> int:
    """By minors: those of the last rows, for each set of columns, make those of one row more."""
    minors: dict[tuple[int, ...], int] = {(column,): node for column, node in enumerate(rows[-1])}
    for row in reversed(rows[:-1]):
        size = len(next(iter(minors))) + 1
        minors = {
            columns: _alternating(make, [
                make.of(MUL, row[column], minors[columns[:k] + columns[k + 1 :]])
                for k, column in enumerate(columns)
            ])
            for columns in combinations(range(len(row)), size)
        }  # fmt: skip
    (found,) = minors.values()
    return found


def _alternating(make: Maker, terms: list[int]) -> int:
    """t0 - t1 + t2 - …"""
    total = terms[0]
    for k, term in enumerate(terms[1:]):
        total = make.of(SUB if k % 2 == 0 else ADD, total, term)
    return total


# --- elimination ----------------------------------------------------------------------------------


def _exchange(make: Maker, a: list[int], b: list[int], flag: int) -> tuple[list[int], list[int]]:
    """``a`` and ``b``, exchanged where the flag holds."""
    first = [make.of(WHERE, flag, y, x) for x, y in zip(a, b, strict=True)]
    second = [make.of(WHERE, flag, x, y) for x, y in zip(a, b, strict=True)]
    return first, second


def _eliminate_largest(make: Maker, rows: Rows, sign: int) -> tuple[int, int, Rows]:
    """One step with the largest entry as pivot: the sign with its exchanges, the pivot, and what
    is left below it and to its right."""
    rows = [list(row) for row in rows]
    sizes = [make.chain(PEAK, [make.of(ABS, node) for node in row]) for row in rows]
    for i in range(1, len(rows)):
        flag = make.of(OUTWEIGHS, sizes[i], sizes[0])
        rows[0], rows[i] = _exchange(make, rows[0], rows[i], flag)
        sizes[0] = make.of(WHERE, flag, sizes[i], sizes[0])
        sign = make.of(WHERE, flag, make.of(NEG, sign), sign)
    columns = [list(column) for column in zip(*rows, strict=True)]
    for j in range(1, len(columns)):
        flag = make.of(OUTWEIGHS, columns[j][0], columns[0][0])
        columns[0], columns[j] = _exchange(make, columns[0], columns[j], flag)
        sign = make.of(WHERE, flag, make.of(NEG, sign), sign)
    pivot, *below = columns[0]
    zero = make.number(0)
    some = make.of(OUTWEIGHS, pivot, zero)
    factors = [make.of(WHERE, some, make.of(DIV, node, pivot), zero) for node in below]
    left = [
        [make.of(SUB, column[i], make.of(MUL, factor, column[0])) for column in columns[1:]]
        for i, factor in enumerate(factors, start=1)
    ]  # fmt: skip
    return sign, pivot, left


def _upper(make: Maker, rows: Rows) -> Rows:
    """The rows of a matrix and of right sides beside it, eliminated below the diagonal, each pivot
    the largest of its column."""
    count = len(rows)
    rows = [list(row) for row in rows]
    for k in range(count):
        for i in range(k + 1, count):
            flag = make.of(OUTWEIGHS, rows[i][k], rows[k][k])
            rows[k][k:], rows[i][k:] = _exchange(make, rows[k][k:], rows[i][k:], flag)
        for i in range(k + 1, count):
            factor = make.of(DIV, rows[i][k], rows[k][k])
            rows[i][k + 1 :] = [
                make.of(SUB, node, make.of(MUL, factor, above))
                for node, above in zip(rows[i][k + 1 :], rows[k][k + 1 :], strict=True)
            ]
    return rows


def _solved(make: Maker, a: Rows, b: Rows) -> Rows:
    """x with a x = b, the columns of b one by one."""
    count = len(a)
    if count <= 2:
        return _by_cramer(make, a, b)
    rows = _upper(make, [[*left, *right] for left, right in zip(a, b, strict=True)])
    found: Rows = [[] for _ in a]
    for k in range(count - 1, -1, -1):
        for column in range(count, count + len(b[0])):
            value = rows[k][column]
            for j in range(k + 1, count):
                term = make.of(MUL, rows[k][j], found[j][column - count])
                value = make.of(SUB, value, term)
            found[k].append(make.of(DIV, value, rows[k][k]))
    return found


def _by_cramer(make: Maker, a: Rows, b: Rows) -> Rows:
    whole = _expanded(make, a)
    columns = [list(column) for column in zip(*a, strict=True)]

    def one(k: int, right: list[int]) -> int:
        other = zip(*columns[:k], right, *columns[k + 1 :], strict=True)
        return int(make.of(DIV, _expanded(make, list(map(list, other))), whole))

    rights = [list(right) for right in zip(*b, strict=True)]
    return [[one(k, right) for right in rights] for k in range(len(a))]


def inv(make: Maker, a: Value) -> Array:
    matrix = make.matrix(a)
    count = len(matrix)
    charge(make.graph, 2 * count**3)
    rows: Rows = matrix.tolist()
    if count == 2:  # by its minors: a product with 1 or 0 is none
        (p, q), (r, s) = rows
        whole = _expanded(make, rows)
        rows = [[s, make.of(NEG, q)], [make.of(NEG, r), p]]
        return np.array([[make.of(DIV, node, whole) for node in row] for row in rows])
    unit: Any = [[make.number(i == j) for j in range(count)] for i in range(count)]
    return np.array(_solved(make, rows, unit), dtype=np.int64)


def solve(make: Maker, a: Value, b: Value) -> Value:
    matrix, right = make.matrix(a), make.array(b)
    if right.ndim not in (1, 2) or len(right) != len(matrix) or not right.size:
        raise Sizes(f"solve of a matrix of shape {matrix.shape} with one of shape {right.shape}")
    columns = right.reshape(len(matrix), -1)
    charge(make.graph, len(matrix) ** 2 * (len(matrix) + columns.shape[1]))
    found = _solved(make, matrix.tolist(), columns.tolist())
    return np.array(found, dtype=np.int64).reshape(right.shape)
