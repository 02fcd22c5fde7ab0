"""Eigenvalues and singular values as formulas, where there are any that somebody can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from gradcalc.formulas.terms import Terms
from gradcalc.functions.primitives import FUNCTIONS
from gradcalc.linear.structure import blocks

Rows = Sequence[Sequence[int]]


class Spectrum(NamedTuple):
    """Terms, and what there is to say of them; without any, why not."""

    entries: list[int]
    told: str = ""


def eigenvalues(terms: Terms, rows: Rows) -> Spectrum:
    """Those of a square matrix, block by block of what depends on each other: an entry, or the
    roots of a quadratic."""
    found, complex_ = list[int](), False
    for block in blocks([[entry != terms.zero for entry in row] for row in rows]):
        if len(block) > 2:
            told = f"of {len(block)} rows that depend on each other there is none to be read"
            return Spectrum([], told)
        inside = [[rows[i][j] for j in block] for i in block]
        if len(block) == 1:
            found.append(inside[0][0])
            continue
        (a, b), (c, d) = inside
        found += _roots(terms, terms.plus([(1, a), (1, d)]), _discriminant(terms, a, b, c, d))
        complex_ = complex_ or b != c
    told = "a pair of complex numbers where a root is of a negative number" if complex_ else ""
    return Spectrum(found, told)


def singular_values(terms: Terms, rows: Rows) -> Spectrum:
    """Those of a matrix of two rows or columns, of one, or with one entry in each."""
    m, n = len(rows), len(rows[0])
    columns = list(zip(*rows, strict=True))
    if all(sum(entry != terms.zero for entry in line) < 2 for line in (*rows, *columns)):
        entries = [_sum(terms, line) for line in (rows if m <= n else columns)]
        sizes = [terms.call(FUNCTIONS["abs"], [entry]) for entry in entries]
        return Spectrum(sizes, "in no order" if len(sizes) > 1 else "")
    if m == n == 2:
        sum_, difference = _of_two_rows(terms, rows)
        return Spectrum([terms.times(_half(terms), sum_), terms.times(_half(terms), difference)])
    if min(m, n) > 2:
        return Spectrum([], f"of {m} × {n} entries there is no formula to be read")
    lines = rows if m <= n else columns
    products = [[_dot(terms, one, other) for other in lines] for one in lines]
    if len(lines) == 1:
        return Spectrum([_root(terms, products[0][0])])
    (a, b), (c, d) = products
    squares = _roots(terms, terms.plus([(1, a), (1, d)]), _discriminant(terms, a, b, c, d))
    return Spectrum([_root(terms, square) for square in squares])


def condition(terms: Terms, rows: Rows) -> Spectrum:
    """The largest singular value over the smallest."""
    if len(rows) == len(rows[0]) == 2:
        sum_, difference = _of_two_rows(terms, rows)
        return Spectrum([_over(terms, sum_, difference)])
    found = singular_values(terms, rows)
    if len(found.entries) == 1:
        return Spectrum([terms.one])
    if len(found.entries) != 2 or found.told:
        return Spectrum([], found.told if not found.entries else
                        "which singular value is the largest depends on the point")  # fmt: skip
    return Spectrum([_over(terms, *found.entries)])


SPECTRAL: Mapping[str, Callable[[Terms, Rows], Spectrum]] = {
    "cond": condition, "svd": singular_values, "eig": eigenvalues,
}  # fmt: skip


def _half(terms: Terms) -> int:
    return terms.number(Fraction(1, 2))


def _root(terms: Terms, square: int) -> int:
    return terms.power(square, _half(terms))


def _sum(terms: Terms, entries: Sequence[int]) -> int:
    return terms.plus((1, entry) for entry in entries)


def _dot(terms: Terms, one: Sequence[int], other: Sequence[int]) -> int:
    return terms.plus((1, terms.times(a, b)) for a, b in zip(one, other, strict=True))


def _over(terms: Terms, above: int, below: int) -> int:
    return terms.times(above, terms.power(below, terms.number(-1)))


def _square(terms: Terms, sign: int, a: int, b: int) -> int:
    """(a ± b)²"""
    return terms.power(terms.plus([(1, a), (sign, b)]), terms.number(2))


def _discriminant(terms: Terms, a: int, b: int, c: int, d: int) -> int:
    """(a - d)² + 4 b c"""
    product = terms.times(terms.number(4), b, c)
    return terms.plus([(1, _square(terms, -1, a, d)), (1, product)])


def _roots(terms: Terms, trace: int, discriminant: int) -> list[int]:
    root = _root(terms, discriminant) if discriminant != terms.zero else terms.zero
    return [terms.times(_half(terms), terms.plus([(1, trace), (sign, root)])) for sign in (1, -1)]


def _of_two_rows(terms: Terms, rows: Rows) -> tuple[int, int]:
    """σ₁ + σ₁ and σ₂ + σ₂: the sum and the difference of what a turn by J and one by its mirror
    image make of a vector."""
    (a, b), (c, d) = rows
    turn, mirror = (
        _root(terms, _sum(terms, [_square(terms, sign, a, d), _square(terms, -sign, b, c)]))
        for sign in (1, -1)
    )
    difference = terms.plus([(1, turn), (-1, mirror)])
    return _sum(terms, [turn, mirror]), terms.call(FUNCTIONS["abs"], [difference])
