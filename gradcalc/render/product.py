"""vᵀ·J as people write it: a sum of outputs, a product of matrices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradcalc.render.numbers import shown

MOST = 48
"""Entries of a matrix that is shown beside another answer."""
_MOST_ROWS, _WIDEST = 8, 80


def combination(numbers: Iterable[str], names: Iterable[str]) -> str:
    """``f1 - 2·f2``, as long as both are."""
    terms = (
        {"1": name, "-1": f"-{name}"}.get(v, f"{v}·{name}")
        for v, name in zip(numbers, names, strict=False)
    )
    return " + ".join(terms).replace("+ -", "- ")


def product(
    v: Sequence[float],
    jacobian: Sequence[Sequence[float]],
    result: Sequence[float],
    digits: int | None = None,
) -> list[str]:
    """Lines: a row, times a matrix, is a row; none where there is but one output, or no room."""
    if not 1 < len(jacobian) <= _MOST_ROWS or not result:
        return []
    matrix = _matrix([list(row) for row in jacobian], digits)
    row, found = (_matrix([list(numbers)], digits)[0] for numbers in (v, result))
    first = f"vᵀ·J = {row} · "
    lines = [f"{first}{matrix[0]} = {found}"]
    lines += [" " * len(first) + line for line in matrix[1:]]
    return lines if len(lines[0]) <= _WIDEST else []


def _matrix(rows: Sequence[Sequence[float]], digits: int | None) -> list[str]:
    texts = [[shown(number, digits) for number in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return [
        f"[{'  '.join(f'{text:>{width}}' for text, width in zip(row, widths, strict=True))}]"
        for row in texts
    ]
