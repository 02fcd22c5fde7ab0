"""A linear model of equations at a point: A, B, C, D of one Jacobian, and what they say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from gradcalc.engine.point import At
from gradcalc.engine.schedule import Floats
from gradcalc.errors import UndefinedError
from gradcalc.linear.facts import EPS, Matrix, in_order
from gradcalc.linear.reachable import Reach, controllable, observable, touched
from gradcalc.linear.system import Roles
from gradcalc.linear.trim import Search, rounding

_LOOSE = 10.0


class Mode(NamedTuple):
    """An eigenvalue of A, and by how much it may be off."""

    value: complex
    uncertainty: float

    @property
    def frequency(self) -> float:
        """The natural one, |λ|."""
        return abs(self.value)

    @property
    def damping(self) -> float:
        """-Re λ / |λ|: 1 of what decays without swinging, 0 of what swings for ever."""
        return -self.value.real / abs(self.value) if self.value else math.nan

    @property
    def side(self) -> int:
        """1 right of the imaginary axis, -1 left of it, 0 where that is not certain."""
        re = self.value.real
        return 0 if abs(re) <= self.uncertainty else int(math.copysign(1, re))


class Stability(NamedTuple):
    """``word`` is stable, unstable or undecided; ``nearest`` the mode next to the axis."""

    word: str
    nearest: Mode | None
    right: int
    on: int
    proven: bool

    @property
    def told(self) -> str:
        known = "proven " if self.proven else ""
        if self.nearest is None:
            return "no states"
        re, unsure = self.nearest.value.real, self.nearest.uncertainty
        exactly = "known exactly" if self.proven else "as far as doubles tell"
        sure = f"known to ±{unsure:.1g}" if unsure else exactly
        if self.word == "unstable":
            return f"{known}unstable: {_of(self.right)} right of the imaginary axis"
        if self.word == "stable":
            return (
                f"{known}stable: the eigenvalue nearest to the axis is {-re:.6g} left of it, {sure}"
            )
        return (
            f"neither stable nor unstable: {_of(self.on)} on the imaginary axis, {sure}; "
            "the linear model does not decide"
        )

    def as_json(self) -> dict[str, Any]:
        nearest = self.nearest
        return {
            "stable": {"stable": True, "unstable": False}.get(self.word),
            "margin": None if nearest is None else -nearest.value.real,
            "uncertainty": None if nearest is None else nearest.uncertainty,
            "right": self.right,
            "on_axis": self.on,
            "proven": self.proven and self.word != "undecided",
        }


def _of(number: int) -> str:
    return f"{number} eigenvalue is" if number == 1 else f"{number} eigenvalues are"


def stability(modes: Sequence[Mode], proven: bool = False) -> Stability:
    """What the signs of the real parts say, as far as these are certain."""
    right = sum(mode.side > 0 for mode in modes)
    on = sum(mode.side == 0 for mode in modes)
    word = "unstable" if right else "undecided" if on else "stable"
    nearest = min(modes, key=lambda mode: abs(mode.value.real), default=None)
    return Stability(word, nearest, right, on, proven)


@dataclass(frozen=True, eq=False)
class Model:
    """dx/dt ≈ A (x - x₀) + B (u - u₀) + ``off``, y ≈ C (x - x₀) + D (u - u₀) + y₀ around ``at``.

    ``off`` is what the equations are at the point: 0 at an equilibrium, where ``room`` is what
    rounding lets them be. ``marks`` are the patterns of A, B, C.
    """

    roles: Roles
    at: At
    A: Floats
    B: Floats
    C: Floats
    D: Floats
    marks: tuple[Any, Any, Any]
    off: Floats
    room: Floats
    search: Search | None = None

    @property
    def equilibrium(self) -> bool:
        return bool((np.abs(self.off) <= self.room).all())

    @cached_property
    def matrix(self) -> Matrix:
        """A, with its pattern."""
        return Matrix(self.A, self.marks[0], self.roles.labels, self.roles.states)

    @cached_property
    def modes(self) -> list[Mode]:
        """The eigenvalues in doubles, block by block, each with its own condition."""
        found: list[Mode] = []
        for block in self.matrix.blocks:
            inner = self.A[np.ix_(block, block)]
            if len(block) == 1:
                value = float(inner[0, 0])
                found.append(Mode(complex(value), EPS * abs(value)))
                continue
            values, vectors = np.linalg.eig(inner)
            unsure = _uncertainties(inner, vectors)
            found += [Mode(complex(v), float(u)) for v, u in zip(values, unsure, strict=True)]
        return sort_modes(found)

    @cached_property
    def controllability(self) -> Reach:
        return controllable(self.A, self.B)

    @cached_property
    def observability(self) -> Reach:
        return observable(self.A, self.C)

    @property
    def touched(self) -> tuple[Any, Any]:
        """The states with a path from an input, and those with a path to a measurement."""
        a, b, c = (np.asarray(mark) for mark in self.marks)
        return touched(a, b), touched(a.T, c.T)


def sort_modes(modes: Sequence[Mode]) -> list[Mode]:
    """The one furthest to the right first."""
    order = in_order(np.array([mode.value for mode in modes]))
    left = list(modes)
    found = []
    for value in order:
        mode = next(mode for mode in left if mode.value == value)
        left.remove(mode)
        found.append(mode)
    return found


def _uncertainties(block: Floats, vectors: Any) -> Floats:
    """A change of the size of rounding moves an eigenvalue by its condition times as much."""
    size = _LOOSE * EPS * float(np.linalg.norm(block))
    try:
        rows = np.linalg.inv(vectors)
        condition = np.linalg.norm(vectors, axis=0) * np.linalg.norm(rows, axis=1)
    except np.linalg.LinAlgError:
        condition = np.full(len(block), np.inf)
    norm = float(np.linalg.norm(block))
    worst = norm * (_LOOSE * EPS) ** (1 / len(block))  # of a block of one eigenvalue
    found: Floats = np.minimum(size * condition, worst)
    return found


def linearize(at: At, roles: Roles, search: Search | None = None) -> Model:
    """The model at a point; its columns are variables of the program. Raises UndefinedError where
    there is none."""
    program = at.program
    jacobian = at.jacobian()
    for name, value in zip(program.outputs, at.value.tolist(), strict=True):
        if not math.isfinite(value):
            raise UndefinedError(f"{name} is {value} at this point")
    for i, j in np.argwhere(~np.isfinite(jacobian)).tolist():
        name = f"d{program.outputs[i]}/d{program.variables[j]}"
        raise UndefinedError(f"{name} is {jacobian[i, j]} at this point")
    found = program.pattern
    pattern = np.zeros(jacobian.shape, bool)
    pattern[found.rows, found.columns] = True
    place = {name: j for j, name in enumerate(program.variables)}
    numbers = roles.blocks(lambda i, name: float(jacobian[i, place[name]]), 0.0, 1.0)
    marks = roles.blocks(lambda i, name: bool(pattern[i, place[name]]), False, True)
    n, p, q = len(roles.states), len(roles.inputs), len(roles.measured)
    shapes = ((n, n), (n, p), (q, n), (q, p))
    a, b, c, d = (
        np.array(rows, float).reshape(shape) for rows, shape in zip(numbers, shapes, strict=True)
    )
    a_mark, b_mark, c_mark, _ = (
        np.array(rows, bool).reshape(shape) for rows, shape in zip(marks, shapes, strict=True)
    )
    rows = list(roles.equations)
    return Model(
        roles, at, a, b, c, d, (a_mark, b_mark, c_mark),
        at.value[rows], rounding(at, rows), search,
    )  # fmt: skip
