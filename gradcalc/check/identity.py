"""Are these formulas the derivative? The engine at many points, and sympy's own formulas.

What is judged is the text that is printed, read again: its entries against the engine's at random
points where both are defined, and against sympy's derivative of the same function, first as
formulas (is the difference 0?), else at some of the points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from gradcalc.calculus.kinds import Kind, U, V
from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.engine.program import Program
from gradcalc.engine.schedule import Floats
from gradcalc.errors import count
from gradcalc.functions.loading import loaded
from gradcalc.functions.primitives import CONSTANT, CONSTANTS, TABLE, VARIABLE
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed

POINTS = 32
_RANGES = ((-2.0, 2.0), (0.1, 0.9), (0.2, 3.0), (1.1, 4.0), (-20.0, 20.0))
"""Where functions live: around 0, between 0 and 1, positive, beyond 1, far out."""
_CANDIDATES = 512
"""In each of the ranges."""
_LARGE = 1e12
"""Of an entry: where functions grow like this, formulas differ by their rounding."""
_TOLERANCE = 1e-7
"""Of an entry, relative to itself or to what it usually is: wrong formulas are off by far more, and
a right one that cancels by less."""
_SIMPLE = 400
"""Nodes that sympy is given to differentiate."""
_PLACES = 3
"""Points at which sympy's numbers are looked at, where formulas are not seen to be equal."""
_SHARE = 0.25
"""Of the time that remains, for one pair of formulas."""


@dataclass(frozen=True)
class Identity:
    """``passed`` is None where there was no point to compare at. ``equal`` of ``total`` formulas
    are sympy's; all were compared with the engine at ``points``, and those that are not seen to be
    equal with sympy's numbers at ``places``."""

    passed: bool | None
    total: int
    points: int = 0
    equal: int = 0
    places: int = 0
    reason: str = ""

    @property
    def line(self) -> str:
        """The sentence under the formulas."""
        if self.passed is None:
            return f"not checked: {self.reason}"
        if not self.passed:
            return f"✗ {self.reason}"
        agrees = "agrees" if self.total == 1 else "agree"
        points = f"{agrees} at {count(self.points, 'point', 'points')}"
        because = f"; {self.reason}" if self.reason else ""
        formulas = count(self.total, "formula", "formulas")
        if self.equal == self.total:
            return f"✓ sympy: {formulas} equal; {points}{because}"
        parts = [f"✓ {formulas} {points}"]
        if self.places:
            parts.append(f"with sympy's at {self.places}")
        if self.equal:
            parts.append(f"{self.equal} equal to sympy's")
        return ", ".join(parts) + because

    def as_json(self) -> dict[str, Any]:
        """The ``check`` object of the JSON output."""
        told = {
            "method": "sympy" if self.equal or self.places else "engine",
            "passed": self.passed,
            "points": self.points,
            "equal": self.equal,
            "total": self.total,
        }
        return told | ({"reason": self.reason} if self.reason else {})


def identify(
    graph: Graph,
    kind: Kind,
    written: Graph,
    letters: Sequence[str],
    deadline: Deadline,
    *,
    sympy: bool,
    holds: Graph | None = None,
) -> Identity:
    """Compare ``written``, whose outputs are the entries of ``kind`` of derivative of ``graph``.

    ``letters`` are the entries of the vector, names in ``written`` or numbers. ``written`` may have
    no value where ``holds``, said beside it, is 0.
    """
    program, formulas = Program(graph), Program(written)
    total = len(formulas.outputs)
    places, exact, found = _compared(program, kind, formulas, letters, holds)
    if not places:
        return Identity(None, total, reason="no random point has a derivative")
    wrong = _first_difference(exact, found)
    if wrong is not None:
        point, entry = wrong
        at = ", ".join(f"{name}={places[point][name]:.17g}" for name in program.variables)
        reason = (
            f"formula {entry + 1} is {found[point, entry]:.6g} at {at}, "
            f"and the derivative {exact[point, entry]:.6g}"
        )
        return Identity(False, total, len(places), reason=reason)
    if not sympy:
        return Identity(True, total, len(places))
    try:
        with deadline.alarm():
            judged = _Theirs(graph, kind, letters).identity(written, places, deadline)
            return replace(judged, points=len(places))
    except (OutOfTime, _UnfitError) as why:
        return Identity(True, total, len(places), reason=str(why) or "no time for sympy")


def _compared(
    program: Program,
    kind: Kind,
    formulas: Program,
    letters: Sequence[str],
    holds: Graph | None,
) -> tuple[list[dict[str, float]], Floats, Floats]:
    """Points as numbers by name, the engine's entries and the formulas', where both have any."""
    rng = np.random.default_rng(0)
    n = len(program.variables)
    x = np.concatenate([rng.uniform(*ends, (_CANDIDATES, n)) for ends in _RANGES])
    x = x[rng.permutation(len(x))]
    weights = rng.uniform(-2, 2, (len(x), len(letters)))
    for k, letter in enumerate(letters):
        if not letter.isidentifier():
            weights[:, k] = float(Fraction(letter))
    given = dict(
        zip((*program.variables, *letters), np.concatenate([x, weights], 1).T, strict=True)
    )
    with np.errstate(all="ignore"):
        at = program.at(x)
        exact = np.reshape(kind.answer(at, weights, "auto"), (len(x), -1))
        found = _at(formulas, given)
        told = holds is None or np.isfinite(found).all(axis=1) | (
            _at(Program(holds), given)[:, 0] > 0
        )
    fit = told & np.isfinite(at.value).all(axis=1) & (np.abs(exact) < _LARGE).all(axis=1)
    chosen = np.flatnonzero(fit)[:POINTS]
    places = [{name: float(column[k]) for name, column in given.items()} for k in chosen]
    return places, exact[chosen], found[chosen]


def _at(program: Program, given: Mapping[str, Floats]) -> Floats:
    columns = [given[name] for name in program.variables]
    count = len(next(iter(given.values())))
    return program(np.reshape(columns, (len(columns), count)).T)


def _first_difference(exact: Floats, found: Floats) -> tuple[int, int] | None:
    usual = np.median(np.abs(exact), axis=0)
    room = _TOLERANCE * np.maximum(np.abs(exact), usual) + 1e-12
    differs = ~(np.abs(exact - found) <= room)  # a NaN differs
    if not differs.any():
        return None
    point, entry = np.argwhere(differs)[0]
    return int(point), int(entry)


class _Exact(NamedTuple):
    """A fact about matrices in numpy; whether only of ``regular`` ones, whether its numbers come in
    an order; the absolute ``room`` for an error, of the norms of the rows, (N, n)."""

    of: Callable[[Floats], Any]
    room: Callable[[Floats], Any]
    regular: bool = False
    ordered: bool = True


def _half_the_digits(norms: Floats) -> Any:
    """A double root has no more."""
    return _TOLERANCE * norms.max(axis=1)


_OF_MATRICES = {
    "det": _Exact(np.linalg.det, lambda norms: 1e-12 * norms.prod(axis=1)),
    "inv": _Exact(np.linalg.inv, lambda _: 1e-12, regular=True),
    "cond": _Exact(np.linalg.cond, lambda _: 0.0, regular=True),
    "eig": _Exact(np.linalg.eigvals, _half_the_digits, ordered=False),
    "svd": _Exact(
        lambda matrices: np.linalg.svd(matrices, compute_uv=False), _half_the_digits, ordered=False
    ),
}
_SINGULAR = "no random point has a regular matrix"
_REGULAR = 1e8
"""The condition of a matrix up to which its facts in doubles have digits to compare."""


def facts_agree(graph: Graph, kind: Kind, written: Mapping[str, Graph]) -> Identity | None:
    """Compare formulas for facts about the matrix of a derivative with those of the engine's
    matrices, at random points where these are regular; None where there is nothing to compare."""
    if not written:
        return None
    program, n = Program(graph), len(graph.variables)
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(*ends, (_CANDIDATES, n)) for ends in _RANGES])
    x = x[rng.permutation(len(x))]
    with np.errstate(all="ignore"):
        shape = (len(x), *kind.shape(len(graph.outputs), n))
        matrices = np.reshape(kind.answer(program.at(x), None, "auto"), shape)
        fit = np.flatnonzero((np.abs(matrices) < _LARGE).all(axis=(1, 2)))[: 4 * POINTS]
        x, matrices = x[fit], matrices[fit]
        regular = np.linalg.cond(matrices) < _REGULAR if len(fit) else np.zeros(0, bool)
    beside = ""
    if not regular.any():  # of a matrix that is singular everywhere, the determinant alone is known
        regular = np.ones(len(fit), bool)
        always = {name: text for name, text in written.items() if not _OF_MATRICES[name].regular}
        beside = "".join(f"; {name} not checked, {_SINGULAR}" for name in written.keys() - always)
        written = always
    x, matrices = x[regular][:POINTS], matrices[regular][:POINTS]
    total = sum(len(formula.outputs) for formula in written.values())
    if not len(x) or not total:
        return Identity(None, total, reason=_SINGULAR)
    norms = np.linalg.norm(matrices, axis=2)
    for name, formula in written.items():
        fact = _OF_MATRICES[name]
        exact = np.reshape(fact.of(matrices), (len(x), -1))
        formulas = Program(formula)
        places = [program.variables.index(variable) for variable in formulas.variables]
        with np.errstate(all="ignore"):
            found = np.reshape(formulas(x[:, places]), exact.shape)
        real: Any = np.isreal(exact).all(axis=1)
        if not real.any():
            beside += f"; {name} not checked, no random point has real ones"
            total -= len(formula.outputs)
            continue
        exact = np.where(real[:, None], exact.real, np.nan)
        if not fact.ordered:
            exact, found = np.sort(exact, axis=1), np.sort(found, axis=1)
        room = _TOLERANCE * np.abs(exact) + np.reshape(fact.room(norms), (-1, 1))
        differs = real[:, None] & ~(np.abs(exact - found) <= room)
        if differs.any():
            point, entry = np.argwhere(differs)[0]
            at = ", ".join(
                f"{v}={t:.17g}" for v, t in zip(program.variables, x[point], strict=True)
            )
            reason = (
                f"{name} is {found[point, entry]:.6g} at {at}, "
                f"and of the engine's matrix {exact[point, entry]:.6g}"
            )
            return Identity(False, total, len(x), reason=reason)
    reason = f"{' and '.join(written)} of the engine's matrix{beside}"
    if not total:
        return Identity(None, 0, reason=beside.removeprefix("; "))
    return Identity(True, total, len(x), reason=reason)


class _UnfitError(Exception):
    """sympy cannot be asked; ``str`` says why."""


class InSympy:
    """Graphs as sympy expressions of real symbols, every number the one that was typed."""

    def __init__(self, sympy: Any, symbols: dict[str, Any]) -> None:
        self.sympy = sympy
        self.symbols = symbols

    def symbol(self, name: str) -> Any:
        if name not in self.symbols:
            self.symbols[name] = self.sympy.Dummy(name, real=True)
        return self.symbols[name]

    def read(self, graph: Graph) -> list[Any]:
        """The outputs."""
        found: dict[int, Any] = {}
        for node in needed(graph, graph.outputs):
            primitive = TABLE[graph.codes[node]]
            if primitive is VARIABLE:
                found[node] = self.symbol(graph.names[node])
            elif primitive is CONSTANT:
                found[node] = self._number(graph, node)
            else:
                below = [found[k[node]] for k in graph.operands[: primitive.arity]]
                found[node] = primitive.sympy(*below)
        return [found[node] for node in graph.outputs]

    def _number(self, graph: Graph, node: int) -> Any:
        name = graph.names.get(node, "")
        if name in CONSTANTS:
            known = {"pi": self.sympy.pi, "e": self.sympy.E}
            return known.get(name, 2 * self.sympy.pi)
        return self.symbol(name) if name else self.sympy.Rational(repr(graph.constants[node]))


class _Theirs:
    """sympy's derivative beside the formulas."""

    def __init__(self, graph: Graph, kind: Kind, letters: Sequence[str]) -> None:
        sympy = loaded("sympy")  # deferred: 300 ms

        if len(graph) > _SIMPLE:
            raise _UnfitError("too long for sympy to differentiate")
        self.sympy = sympy
        self.language = InSympy(sympy, {})
        outputs = self.language.read(graph)
        x = [self.language.symbol(name) for name in graph.variables]
        slopes = [[sympy.diff(f, symbol) for symbol in x] for f in outputs]
        if kind.order == 2:
            slopes = [[sympy.diff(slope, symbol) for symbol in x] for slope in slopes[0]]
        weights = [self._weight(letter) for letter in letters]
        if kind.vector is V:
            slopes = [[_dot(weights, column) for column in zip(*slopes, strict=True)]]
        elif kind.vector is U:
            slopes = [[_dot(weights, row)] for row in slopes]
        self.entries = [entry for row in slopes for entry in row]

    def _weight(self, letter: str) -> Any:
        """An entry of the vector: a name, or a number."""
        if letter.isidentifier():
            return self.language.symbol(letter)
        return self.sympy.Rational(letter)

    def identity(
        self, written: Graph, places: Sequence[Mapping[str, float]], deadline: Deadline
    ) -> Identity:
        """Which of the formulas are sympy's, and whether the others have the same numbers."""
        pairs = list(zip(self.language.read(written), self.entries, strict=True))
        unequal = [k for k, pair in enumerate(pairs) if not self._equal(*pair, deadline)]
        looked_at = places[:_PLACES] if unequal else []
        for place in looked_at:
            given = {
                symbol: self.sympy.Float(place[name], 30)
                for name, symbol in self.language.symbols.items()
                if name in place
            }
            for k in unequal:
                deadline.test()
                ours, theirs = (self._value(expression, given) for expression in pairs[k])
                if ours is not None and theirs is not None and _apart(ours, theirs):
                    reason = f"formula {k + 1} is {ours:.6g}, and sympy's {theirs:.6g}"
                    return Identity(False, len(pairs), reason=reason)
        equal = len(pairs) - len(unequal)
        return Identity(True, len(pairs), equal=equal, places=len(looked_at))

    def _equal(self, ours: Any, theirs: Any, deadline: Deadline) -> bool:
        deadline.test()
        if ours == theirs:
            return True
        try:
            with deadline.share(_SHARE).alarm():
                return bool(self.sympy.simplify(ours - theirs) == 0)
        except OutOfTime:
            return False
        except Exception:  # sympy raises anything at all
            return False

    def _value(self, expression: Any, numbers: Mapping[Any, Any]) -> float | None:
        try:
            value = complex(self.sympy.N(expression.xreplace(numbers), 20))
        except (TypeError, ValueError):
            return None
        return value.real if np.isfinite(value.real) and abs(value.imag) < 1e-12 else None


def _dot(weights: Sequence[Any], slopes: Sequence[Any]) -> Any:
    return sum(w * slope for w, slope in zip(weights, slopes, strict=True))


def _apart(a: float, b: float) -> bool:
    return abs(a - b) > _TOLERANCE * max(1.0, abs(a), abs(b))
