"""A graph at a point: the values, the partials and what the sweeps make of them, computed once.

``at = program.at(x)`` is the field's linearization point. Whoever has to know something of a point
(the derivative, the check of it, its kinks, its explanation) is handed ``at``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gradcalc.calculus import gradients
from gradcalc.calculus.isolated import Isolated
from gradcalc.calculus.kinds import KINDS, Kind, U
from gradcalc.engine import kernel, sparse
from gradcalc.engine.grouped import MODES, Chunks, Grouped, Sweeps
from gradcalc.engine.narrow import Narrow, is_narrow
from gradcalc.engine.schedule import Floats, Ints, Schedule
from gradcalc.errors import BindingError, UsageError, listed
from gradcalc.functions.primitives import ADD, SUB
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import operands
from gradcalc.language.coordinates import coordinates

if TYPE_CHECKING:
    from gradcalc.engine.many import Many
    from gradcalc.engine.swift import Silent, Swift

_SUMS = (ADD.code, SUB.code)

Numbers = Sequence[float] | Floats
Point = Mapping[str, Any] | Numbers


class Differentiable:
    """A graph ready to run, and what is made of it once: the machines that run it, and programs of
    derivatives."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.variables = tuple(graph.variables)
        self.notes = tuple(graph.notes)
        self.outputs = tuple(graph.output_names)

    def __reduce__(self) -> tuple[type[Self], tuple[Graph]]:
        return type(self), (self.graph,)  # what was made of it is made again where it is needed

    def __repr__(self) -> str:
        return f"<program ({', '.join(self.variables)}) -> ({', '.join(self.outputs)})>"

    @property
    def schedule(self) -> Schedule:
        return self._grouped.schedule

    @cached_property
    def _grouped(self) -> Grouped:
        return (Narrow if is_narrow(self.graph) else Grouped)(self.graph)

    @cached_property
    def _at_many_points(self) -> Many:
        from gradcalc.engine.many import Many  # deferred: a command line asks at one

        return Many(self.graph, self._grouped)

    @cached_property
    def swift(self) -> Swift | Silent:
        """What answers by one call of C, if at all."""
        from gradcalc.engine.swift import Silent, Swift  # deferred, as above

        if self.isolated or not kernel.native:
            return Silent()
        return Swift(self._grouped)

    @cached_property
    def vjp_program(self) -> Self:
        """vᵀJ as a program of the inputs followed by v: it can be differentiated in turn."""
        return type(self)(gradients.vjp_graph(self.graph))

    @cached_property
    def sides(self) -> Self:
        """The sides of the conditions that hold at isolated points only."""
        return type(self)(self.isolated.sides)

    @cached_property
    def isolated(self) -> Isolated:
        """The points that a ``where`` treats apart."""
        return Isolated(self.graph)

    @cached_property
    def gradient_program(self) -> Self:
        """The gradient of the one output as a program: its Jacobian is the Hessian."""
        return type(self)(gradients.gradient_graph(self.graph))

    @cached_property
    def pattern(self) -> sparse.Pattern:
        """Which entries of the Jacobian can be other than zero."""
        return sparse.find_pattern(self.schedule)

    def at(self, x: Point | None = None, /, *, threads: int | None = None, **named: Any) -> At:
        """This program at a point or at many, for several questions: nothing is computed twice."""
        points = self.point(x, named)
        machine = self._at_many_points if points.ndim == 2 else self._grouped
        return At(self, points, machine.at(points, threads))

    def point(self, x: Point | None, named: Mapping[str, Any] | None = None) -> Floats:
        """``x`` as an array of shape (n,) or (N, n), in the order of ``variables``.

        Raises BindingError when names or counts do not fit.
        """
        if named:
            if x is not None:
                raise BindingError("a point and keywords: which one?")
            x = named
        return coordinates(x, self.variables)

    def require_one_output(self, what: str, instead: str) -> None:
        if len(self.outputs) != 1:
            raise BindingError(
                f"{what} is of one output, and there are {len(self.outputs)}: "
                f"{listed(self.outputs)}",
                hint=f"all rows at once: {instead}; one of them: leave the others out",
            )


@dataclass(frozen=True, eq=False)
class At:
    """``program`` at a point, ``x`` of shape (n,), or at N points, (N, n).

    Of N points every answer has a leading axis N. What has been computed is kept.
    """

    program: Differentiable
    x: Floats
    run: Sweeps | Chunks = field(repr=False)
    """What the machine for such a graph and so many points says of them."""

    @cached_property
    def value(self) -> Floats:
        """f(x), shape (m,)."""
        return self.run.value

    @cached_property
    def values(self) -> Floats:
        """Of every node of the graph, at one point; NaN where no output needs it."""
        return self._alone.values

    @property
    def odd(self) -> Ints:
        """Of N points, those whose values are not finite, by number. Each answer finds the ones
        among all points on its way; before the first answer there are none."""
        found = self.run.odd if isinstance(self.run, Chunks) else []
        return np.unique(np.concatenate(found)) if found else np.arange(0)

    @cached_property
    def gradient_at(self) -> At:
        """The gradient of the one output as a program, at the same point."""
        return self.program.gradient_program.at(self.x)

    def gradient(self) -> Floats:
        """Of the one output, shape (n,)."""
        self.program.require_one_output("gradient", "jacobian")
        return self.jacobian()[..., 0, :]

    def jacobian(self, mode: str = "auto") -> Floats:
        """J[i, j] = ∂f_i/∂x_j, shape (m, n), by the sweeps of ``mode`` (``MODES``)."""
        if mode not in MODES:
            raise UsageError(f"mode {mode!r} is none of {', '.join(MODES)}")
        return self._set_apart(self.run.jacobian(mode), self.program.isolated.slopes)

    @cached_property
    def apart(self) -> list[Any]:
        """The points that a ``where`` treats apart (``calculus/isolated.py``), by number; the one
        there is by ``...``."""
        isolated = self.program.isolated
        if not isolated:
            return []
        sides = self.program.sides
        ends = sides.at(self.x).value
        equal = np.flatnonzero((ends[..., ::2] == ends[..., 1::2]).any(axis=-1))
        if not len(equal):
            return []
        points = np.atleast_2d(self.x)[equal]
        smooth = equal[isolated.smooth(points, lambda x: self.program.at(x).value,
                                       lambda x: sides.at(x).value)]  # fmt: skip
        return list(smooth) if self.x.ndim == 2 else [...] * len(smooth)

    def _set_apart(self, entries: Floats, limits: Callable[[Floats, Floats], Floats]) -> Floats:
        """The entries, with limits at those points."""
        for k in self.apart:
            entries[k] = limits(self.x[k], entries[k])
        return entries

    def sparse_jacobian(self) -> Any:
        """The Jacobian at one point as a ``scipy.sparse.csr_array`` of shape (m, n)."""
        from scipy.sparse import csr_array  # deferred: 200 ms

        pattern, sweeps = self.program.pattern, self._alone
        entries = sparse.fill(sweeps.machine.schedule, pattern, sweeps.buffer)
        if self.apart:
            rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
            entries = self.jacobian()[rows, pattern.columns]
        return csr_array((entries, pattern.columns, pattern.indptr), pattern.shape)

    def vjp(self, v: Numbers) -> Floats:
        """vᵀJ, shape (n,); ``v`` has a number for each output, or a row of them for each point."""
        at, seeds = self._with(v, self.program.outputs, "v")
        return at._by_rows(at.run.vjp(seeds), seeds, lambda rows, v: v @ rows)

    def jvp(self, u: Numbers) -> Floats:
        """J u, shape (m,); ``u`` has a number for each variable, or a row for each point."""
        at, seeds = self._with(u, self.program.variables, "u")
        return at._by_rows(at.run.jvp(seeds), seeds, lambda rows, u: rows @ u)

    def hessian(self) -> Floats:
        """The second derivatives of the one output, shape (n, n)."""
        self.program.require_one_output("hessian", "jacobian")
        entries = self._where_defined(self.gradient_at.jacobian())
        return self._set_apart(entries, self.program.isolated.curvatures)

    def hvp(self, u: Numbers) -> Floats:
        """The Hessian of the one output times u, shape (n,)."""
        self.program.require_one_output("hvp", "jvp")
        product = self._where_defined(self.gradient_at.jvp(u))
        at, seeds = self._with(u, self.program.variables, "u")
        return at._by_rows(product, seeds, lambda rows, u: rows @ u, second=True)

    def ask(self, kind: str, vector: Numbers | None = None, mode: str = "auto") -> Question:
        """A question about this point, by the name of its kind."""
        if kind not in KINDS:
            raise UsageError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        return Question(KINDS[kind], self, vector, mode)

    @cached_property
    def value_scale(self) -> Floats:
        """Of every output |f|, or where f is a sum the sum of the absolute values of its terms."""
        graph, sizes = self.program.graph, np.abs(self.values)
        for node in np.flatnonzero(np.isin(np.frombuffer(graph.codes, np.intc), _SUMS)).tolist():
            x, y = operands(graph, node)
            if not np.isnan(sizes[node]):
                sizes[node] = sizes[x] + sizes[y]
        scale: Floats = np.nan_to_num(sizes[graph.outputs], nan=0.0, posinf=np.inf)
        return scale

    def scale(self, kind: str, vector: Numbers | None = None) -> Floats:
        """Σ |path products| behind every entry of a ``kind`` (``KINDS``) at one point, in their
        shape: rounding's natural unit.

        An entry whose paths cancel is small against its scale, and only its error relative to the
        scale says whether the arithmetic was sound.
        """
        asked = KINDS[kind]
        sizes = (self.gradient_at if asked.order == 2 else self)._alone.magnitudes()
        if asked.vector is None:
            shape = asked.shape(len(self.program.outputs), len(self.program.variables))
            return sizes.jacobian("auto").reshape(shape)
        weights = np.abs(np.asarray(vector, float))
        return sizes.jvp(weights) if asked.vector is U else sizes.vjp(weights)

    @property
    def _alone(self) -> Sweeps:
        if not isinstance(self.run, Sweeps):
            raise BindingError("one point is wanted here, not many")
        return self.run

    def _with(self, vector: Numbers, entries: Sequence[str], letter: str) -> tuple[At, Floats]:
        """Points and vectors, as many of the one as of the other."""
        x, seeds = self.x, _vector(vector, entries, letter)
        if x.ndim == seeds.ndim == 1:
            return self, seeds
        count = len(x) if x.ndim == 2 else len(seeds)
        if seeds.ndim == 2 and len(seeds) != count:
            raise BindingError(f"{count} points and {len(seeds)} vectors {letter}")
        at = self if x.ndim == 2 else self.program.at(np.broadcast_to(x, (count, len(x))))
        return at, np.broadcast_to(seeds, (count, len(entries)))

    def _by_rows(
        self, product: Floats, vectors: Floats, times: Callable[..., Floats], second: bool = False
    ) -> Floats:
        """A product at the points that are treated apart, from the whole derivative there."""
        for k in self.apart:
            at = self if k is ... else self.program.at(self.x[k])
            product[k] = times(at.hessian() if second else at.jacobian(), vectors[k])
        return product

    def _where_defined(self, slopes: Floats) -> Floats:
        """No second derivative of a value that is none: the formula of log has one at -1."""
        undefined = np.isnan(self.value)[..., 0]
        if undefined.any():
            slopes[undefined] = np.nan
        return slopes


@dataclass(frozen=True, eq=False)
class Question:
    """A kind of answer at a point. ``vector`` is the v or u of a product, ``mode`` the sweeps that
    a Jacobian is to be made by."""

    kind: Kind
    at: At
    vector: Numbers | None = None
    mode: str = "auto"

    @cached_property
    def entries(self) -> Floats | None:
        """Our answer; None where only the values are asked for."""
        entries: Floats | None = self.kind.answer(self.at, self.vector, self.mode)
        return entries

    @property
    def way(self) -> Numbers:
        """The direction that a derivative is taken along; empty where there is none."""
        return self.vector if self.kind.vector is U and self.vector is not None else ()

    def elsewhere(self, x: Numbers) -> Question:
        """The same question at another point."""
        return replace(self, at=self.at.program.at(x))

    def name(self, *index: int) -> str:
        """What a mathematician would call an entry."""
        program = self.at.program
        shape = self.kind.shape(len(program.outputs), len(program.variables))
        flat = int(np.ravel_multi_index(index, shape))
        return self.kind.entry(flat, program.outputs, program.variables)


def _vector(vector: Numbers, entries: Sequence[str], name: str) -> Floats:
    try:
        array = np.asarray(vector, dtype=float)
    except (TypeError, ValueError):
        raise BindingError(f"{name} is made of numbers") from None
    if array.ndim not in (1, 2) or array.shape[-1] != len(entries):
        raise BindingError(
            f"{name} has one entry for each of {listed(entries)}, this has shape {array.shape}"
        )
    return array
