"""What has gone wrong with a Jacobian: transposed, a sign, two columns, a factor, one entry.

A guess is made only if it explains the whole claim, at every point that is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from gradcalc.engine.schedule import Floats

_CLOSE = 1e-9
"""How near, relatively, a guess has to come. An entry that happens to come so near to another one
is rarer than rounding."""
_ROUNDED = 1e-4
_MOST = 64
"""Rows or columns among which a rearrangement is looked for."""


@dataclass(frozen=True)
class Diagnosis:
    """``kind`` is one word or two for a program, ``text`` a clause for a person."""

    kind: str
    text: str


@dataclass(frozen=True)
class Evidence:
    """A claim and the truth at K points, both (K, m, n), and the names of rows and columns.

    ``slack`` is how far the claim may be off because it was printed with few digits.
    """

    claimed: Floats
    exact: Floats
    rows: Sequence[str]
    columns: Sequence[str]
    slack: float = 0.0

    def alike(self, claimed: Any, exact: Any) -> Any:
        """Elementwise: are they the same number, up to rounding?"""
        floor = 1e-3 * _CLOSE * np.max(np.abs(self.exact), axis=(1, 2), initial=0, keepdims=True)
        room = _CLOSE * np.maximum(np.abs(claimed), np.abs(exact)) + floor + self.slack
        return (claimed == exact) | (np.abs(claimed - exact) <= room)

    def equal(self, exact: Floats) -> bool:
        """Does ``exact``, rearranged, explain the claim?"""
        return bool(np.all(self.alike(self.claimed, exact)))

    @property
    def wrong(self) -> Any:
        """The entries that differ at some point, shape (m, n)."""
        return ~np.all(self.alike(self.claimed, self.exact), axis=0)


def diagnose(evidence: Evidence) -> Diagnosis | None:
    """The simplest mistake that explains the claim; None if there is no simple one."""
    with np.errstate(all="ignore"):
        wrong = evidence.wrong
        if not wrong.any():
            return None
        if wrong.sum() == 1:
            i, j = np.argwhere(wrong)[0].tolist()
            return _entry(evidence, i, j)
        return next(filter(None, (guess(evidence) for guess in _GUESSES)), None)


# --- the whole matrix -----------------------------------------------------------------------------


def _transposed(evidence: Evidence) -> Diagnosis | None:
    _, m, n = evidence.exact.shape
    if m != n or not evidence.equal(np.swapaxes(evidence.exact, 1, 2)):
        return None
    return Diagnosis("transposed", "it is transposed: rows are outputs, columns are variables")


def _sign(evidence: Evidence) -> Diagnosis | None:
    if not evidence.equal(-evidence.exact):
        return None
    return Diagnosis("sign", "every sign is flipped")


def _factor(evidence: Evidence) -> Diagnosis | None:
    factor = _ratio(evidence, evidence.claimed, evidence.exact)
    if factor is None:
        return None
    return Diagnosis("factor", f"every entry is {_times(factor)} what it should be")


def _negative_transpose(evidence: Evidence) -> Diagnosis | None:
    _, m, n = evidence.exact.shape
    if m != n or not evidence.equal(-np.swapaxes(evidence.exact, 1, 2)):
        return None
    return Diagnosis("transposed", "it is transposed, and every sign is flipped")


# --- rows and columns -----------------------------------------------------------------------------


def _lines(evidence: Evidence) -> Iterator[tuple[str, int, Sequence[str]]]:
    yield "row", 1, evidence.rows
    yield "column", 2, evidence.columns


def _swapped(evidence: Evidence) -> Diagnosis | None:
    for word, axis, names in _lines(evidence):
        other = 3 - axis
        bad = np.flatnonzero(evidence.wrong.any(axis=other - 1))
        for a, b in combinations(bad[:3].tolist(), 2) if len(bad) == 2 else ():
            order = list(range(len(names)))
            order[a], order[b] = b, a
            if evidence.equal(np.take(evidence.exact, order, axis=axis)):
                return Diagnosis("swapped", f"the {word}s {names[a]} and {names[b]} are swapped")
    return None


def _permuted(evidence: Evidence) -> Diagnosis | None:
    for word, axis, names in _lines(evidence):
        if len(names) > _MOST:
            continue
        order = _order(evidence, axis, len(names))
        if order is not None:
            listed = ", ".join(names[k] for k in order)
            return Diagnosis("order", f"the {word}s are in the order {listed}")
    return None


def _order(evidence: Evidence, axis: int, count: int) -> list[int] | None:
    """Which exact row (column) stands in the place of each."""
    order: list[int] = []
    for place in range(count):
        claimed = np.take(evidence.claimed, [place], axis=axis)
        same = np.all(evidence.alike(claimed, evidence.exact), axis=(0, 3 - axis))
        free = [k for k in np.flatnonzero(same).tolist() if k not in order]
        if not free:
            return None
        order.append(free[0])
    return order


def _line_signs(evidence: Evidence) -> Diagnosis | None:
    return _line_by_line(
        evidence,
        "sign",
        lambda claimed, exact: -1.0 if np.all(evidence.alike(claimed, -exact)) else None,
        lambda which, _: f"the sign of {which} is flipped",
    )


def _line_factors(evidence: Evidence) -> Diagnosis | None:
    return _line_by_line(
        evidence,
        "factor",
        lambda claimed, exact: _ratio(evidence, claimed, exact),
        lambda which, factor: f"{which} is {_times(factor)} what it should be",
    )


def _line_by_line(
    evidence: Evidence,
    kind: str,
    explain: Callable[[Floats, Floats], float | None],
    say: Callable[[str, float], str],
) -> Diagnosis | None:
    """One explanation that all wrong rows share, or all wrong columns; the fewer, the better."""
    found: list[tuple[int, Diagnosis]] = []
    for word, axis, names in _lines(evidence):
        bad = np.flatnonzero(evidence.wrong.any(axis=2 - axis)).tolist()
        factors = [
            explain(np.take(evidence.claimed, [k], axis), np.take(evidence.exact, [k], axis))
            for k in bad
        ]
        if None in factors or not np.allclose(factors, factors[0], rtol=_CLOSE):  # type: ignore[arg-type]
            continue
        which = " and of ".join(f"{word} {names[k]}" for k in bad[:4]) + ", …" * (len(bad) > 4)
        if kind == "factor":
            which = which.replace(" and of ", " and ")
        found.append((len(bad), Diagnosis(kind, say(which, factors[0]))))  # type: ignore[arg-type]
    return min(found, key=lambda pair: pair[0])[1] if found else None


# --- entries --------------------------------------------------------------------------------------


def _entry(evidence: Evidence, i: int, j: int) -> Diagnosis:
    claimed = evidence.claimed[:, i : i + 1, j : j + 1]
    exact = evidence.exact[:, i : i + 1, j : j + 1]
    if np.all(evidence.alike(claimed, -exact)):
        return Diagnosis("sign", "its sign is flipped")
    factor = _ratio(evidence, claimed, exact)
    if factor is not None and (np.ptp(exact) > 0 or _simple(factor)):
        return Diagnosis("factor", f"it is {_times(factor)} what it should be")
    if _nearly(claimed, exact):
        return Diagnosis("rounded", _few(_digits(claimed, exact), "it has"))
    place = _place(evidence, claimed)
    if place:
        return Diagnosis("entry", f"one entry is wrong: this is the right one for {place}")
    return Diagnosis("entry", "one entry is wrong")


def _place(evidence: Evidence, claimed: Floats) -> str:
    """Where else the claimed entry would be right."""
    if np.all(claimed == claimed.flat[0]) and abs(claimed.flat[0]) in (0.0, 1.0):
        return ""  # an ordinary number, found anywhere
    same = np.all(evidence.alike(claimed, evidence.exact), axis=0)
    if same.sum() != 1:
        return ""
    i, j = np.argwhere(same)[0].tolist()
    return f"row {evidence.rows[i]}, column {evidence.columns[j]}"


def _rounded(evidence: Evidence) -> Diagnosis | None:
    if not _nearly(evidence.claimed, evidence.exact):
        return None
    digits = _digits(evidence.claimed, evidence.exact)
    return Diagnosis("rounded", _few(digits, "every entry has at least"))


def _few(digits: int, what: str) -> str:
    return f"{what} {digits} right digits; --rtol 1e-{digits} lets that pass"


def _nearly(claimed: Floats, exact: Floats) -> bool:
    return bool(np.all(np.abs(claimed - exact) <= _ROUNDED * np.abs(exact)))


def _digits(claimed: Floats, exact: Floats) -> int:
    worst = np.nanmax(np.abs(claimed - exact) / np.abs(exact))
    return int(-np.log10(worst)) if worst > 0 else 16


# --- factors --------------------------------------------------------------------------------------


def _ratio(evidence: Evidence, claimed: Floats, exact: Floats) -> float | None:
    """The c for which claimed = c * exact, if there is one other than 0 and 1."""
    largest = np.argmax(np.where(np.isfinite(exact), np.abs(exact), 0))
    if not exact.flat[largest]:
        return None
    factor = float(claimed.flat[largest] / exact.flat[largest])
    if not np.isfinite(factor) or factor == 0 or abs(factor - 1) < _ROUNDED:
        return None
    return factor if np.all(evidence.alike(claimed, factor * exact)) else None


def _simple(factor: float) -> bool:
    """A factor that a single number may owe to more than chance."""
    near = Fraction(factor).limit_denominator(12)
    return abs(near - factor) <= 1e-7 * abs(factor) and abs(near.numerator) <= 12


def _times(factor: float) -> str:
    near = Fraction(factor).limit_denominator(100)
    if abs(near - factor) > 1e-7 * abs(factor):
        return f"{factor:.6g} times"
    return f"{near} times"


_GUESSES: tuple[Callable[[Evidence], Diagnosis | None], ...] = (
    _transposed,
    _sign,
    _rounded,
    _factor,
    _swapped,
    _line_signs,
    _line_factors,
    _permuted,
    _negative_transpose,
)
