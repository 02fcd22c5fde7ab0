"""A compiled graph: what evaluates and differentiates, at one point or at many."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Protocol, cast, overload

import numpy as np

from gradcalc.calculus import gradients
from gradcalc.calculus.kinds import KINDS, U
from gradcalc.engine import many, narrow, reverse, sparse, sweeps
from gradcalc.engine.coordinates import coordinates
from gradcalc.engine.schedule import Floats, Schedule, schedule
from gradcalc.engine.unwatched import telling_below
from gradcalc.errors import BindingError, UsageError
from gradcalc.graph.graph import Graph


class Traceable(Protocol):
    """What records a program as one of its own operations: a tensor of ``gradcalc.autograd``."""

    def through(self, program: Program) -> Any: ...


Point = Mapping[str, Any] | Sequence[float] | Floats
Sweep = Callable[[sweeps.Partials, Floats], Floats]
"""From partials and seeds to cotangents of the inputs, or tangents of the outputs."""

MODES = ("auto", "reverse", "forward")

SEED_BUFFER = 1 << 20
"""Doubles in a buffer of many seeds: eight megabytes, so that a wide Jacobian stays bounded."""

MANY_POINTS = 64
SMALL_GRAPH = 20_000
"""From so many points on, and up to so many nodes times outputs, the Jacobian is written out as
straight-line code, which costs a few microseconds a node to make."""

MANY_PRODUCTS = 1024
SMALL_PRODUCT = 1000
"""The same for vᵀJ and J u, of points and nodes: sweeps take less time there, the code more."""

POINT_BUFFER = 1 << 17
"""Doubles in a buffer of many points: one megabyte, so that a chunk stays in the cache."""


class Program:
    """A graph, scheduled and ready to run.

    ``x`` is a point: n numbers in the order of ``variables``, a mapping from names to numbers (or,
    for an array variable ``a``, to nested lists or arrays), or keywords; or it is N points: an
    array of shape (N, n), a data frame, or a mapping from names to N numbers. Names that the
    expression does not have are refused. Of N points every result has a leading axis N. ``threads``
    is at most how many work on them (by default as many as there are cores and work for); the
    results are the same to the last bit.

    >>> import gradcalc
    >>> p = gradcalc.compile("x1**2+3*x2, x2**2+2*x1")
    >>> p.jacobian([2, 3])
    array([[4., 3.],
           [2., 6.]])
    >>> p.vjp([2, 3], [1, 1])
    array([6., 9.])
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.variables = tuple(graph.variables)
        self.outputs = tuple(graph.output_names)

    def __reduce__(self) -> tuple[type[Program], tuple[Graph]]:
        return Program, (self.graph,)  # what was made of it is made again where it is needed

    def __repr__(self) -> str:
        return f"<program ({', '.join(self.variables)}) -> ({', '.join(self.outputs)})>"

    @cached_property
    def schedule(self) -> Schedule:
        return schedule(self.graph)

    @cached_property
    def _pullback(self) -> Sweep:
        return reverse.way_back(self.schedule).pullback

    @property
    def _pushforward(self) -> Sweep:
        return partial(sweeps.pushforward, self.schedule)

    @cached_property
    def _lines(self) -> narrow.Lines | None:
        """Straight-line code, if the graph is so narrow that it is faster than numpy."""
        return narrow.straighten(self.graph) if narrow.is_narrow(self.graph) else None

    @cached_property
    def vjp_program(self) -> Program:
        """vᵀJ as a program of the inputs followed by v: it can be differentiated in turn."""
        return Program(gradients.vjp_graph(self.graph))

    @cached_property
    def gradient_program(self) -> Program:
        """The gradient of the one output as a program: its Jacobian is the Hessian."""
        return Program(gradients.gradient_graph(self.graph))

    # --- what is asked ------------------------------------------------------------------------

    @overload
    def __call__(
        self, x: Point | None = None, /, *, threads: int | None = None, **named: Any
    ) -> Floats: ...

    @overload
    def __call__(self, x: Traceable, /, *, threads: int | None = None) -> Any: ...

    def __call__(
        self, x: Point | Traceable | None = None, /, *, threads: int | None = None, **named: Any
    ) -> Any:
        """The values f(x), shape (m,) or (N, m).

        Of a tensor of ``gradcalc.autograd`` they are a tensor, whose ``backward`` runs the compiled
        sweep.
        """
        if hasattr(x, "through"):
            return cast("Traceable", x).through(self)
        x = self.point(cast("Point", x), named)

        def values(at: Floats) -> Floats:
            if at.ndim == 1 and self._lines is not None:
                line = narrow.forward(self._lines, at)
                if line is not None:
                    return np.array([line[node] for node in self.graph.outputs])
            return sweeps.forward(self.schedule, at)[self.schedule.outputs]

        if self._is_straight(x):
            return self._everywhere(self._straight_values, x, (len(self.outputs),), values, threads)
        return self._over_points(x, (len(self.outputs),), values)

    def gradient(
        self, x: Point | None = None, /, *, threads: int | None = None, **named: Any
    ) -> Floats:
        """The gradient of the one output, shape (n,) or (N, n)."""
        self._require_one_output("gradient", "jacobian")
        x = self.point(x, named)
        if self._is_straight(x):
            return self.jacobian(x, threads=threads)[:, 0]
        return self.vjp(x, np.ones(1))

    def jacobian(
        self,
        x: Point | None = None,
        /,
        mode: str = "auto",
        *,
        threads: int | None = None,
        **named: Any,
    ) -> Floats:
        """J[i, j] = ∂f_i/∂x_j, shape (m, n) or (N, m, n).

        ``mode`` is 'reverse' (a sweep per output), 'forward' (a sweep per variable) or 'auto', the
        one with fewer sweeps. The local partials are computed once, whatever the mode.
        """
        m, n = len(self.outputs), len(self.variables)
        if mode not in MODES:
            raise UsageError(f"mode {mode!r} is none of {', '.join(MODES)}")
        x = self.point(x, named)
        if mode == "auto" and self._is_straight(x):
            return self._everywhere(self._straight_jacobian, x, (m, n), self._rows, threads)
        reverse = mode == "reverse" or (mode == "auto" and m <= n)
        if reverse and self._lines is not None:
            rows = self._narrow_rows(x, np.eye(m))
            if rows is not None:
                return rows
        sweep = self._rows if reverse else self._columns
        return self._over_points(x, (m, n), sweep)

    def sparse_jacobian(self, x: Point | None = None, /, **named: Any) -> Any:
        """The Jacobian at one point as a ``scipy.sparse.csr_array`` of shape (m, n).

        It stores the entries that the graph allows to be other than zero, whatever their value.
        """
        from scipy.sparse import csr_array  # deferred: 200 ms

        values = sweeps.forward(self.schedule, self._one_point(self.point(x, named)))
        entries = sparse.fill(self.schedule, self.pattern, values)
        return csr_array((entries, self.pattern.columns, self.pattern.indptr), self.pattern.shape)

    @cached_property
    def pattern(self) -> sparse.Pattern:
        """Which entries of the Jacobian can be other than zero."""
        return sparse.find_pattern(self.schedule)

    def vjp(
        self,
        x: Point | None = None,
        /,
        v: Sequence[float] | Floats = (),
        *,
        threads: int | None = None,
        **named: Any,
    ) -> Floats:
        """vᵀJ, what ``y.backward(v)`` leaves in ``x.grad``; shape (n,) or (N, n).

        ``v`` has one entry per output, or shape (N, m) for a vector per point.
        """
        x = self.point(x, named)
        rows = self._narrow_rows(x, _vector(v, self.outputs, "v")[None])
        if rows is not None:
            (row,) = rows
            return cast("Floats", row)
        points, seeds = self._paired(x, v, self.outputs, "v")
        if points.ndim == 1:
            return self._pullback(self._linearized(points), seeds)
        code = self._straight_vjp if self._has_straight_products(points) else None
        return self._products(points, seeds, self._pullback, len(self.variables), code, threads)

    def jvp(
        self,
        x: Point | None = None,
        /,
        u: Sequence[float] | Floats = (),
        *,
        threads: int | None = None,
        **named: Any,
    ) -> Floats:
        """J u, the derivative in direction u; shape (m,) or (N, m); u per variable."""
        points, seeds = self._paired(self.point(x, named), u, self.variables, "u")
        if points.ndim == 1:
            return self._pushforward(self._linearized(points), seeds)
        code = self._straight_jvp if self._has_straight_products(points) else None
        return self._products(points, seeds, self._pushforward, len(self.outputs), code, threads)

    def hessian(self, x: Point | None = None, /, **named: Any) -> Floats:
        """The matrix of second derivatives of the one output, shape (n, n) or (N, n, n)."""
        self._require_one_output("hessian", "jacobian")
        x = self.point(x, named)
        mode = "auto" if self._is_straight(x) else "reverse"
        return self._where_defined(x, self.gradient_program.jacobian(x, mode))

    def hvp(
        self, x: Point | None = None, /, u: Sequence[float] | Floats = (), **named: Any
    ) -> Floats:
        """The Hessian of the one output times u, shape (n,) or (N, n)."""
        self._require_one_output("hvp", "jvp")
        x = self.point(x, named)
        return self._where_defined(x, self.gradient_program.jvp(x, u))

    def _where_defined(self, x: Point, slopes: Floats) -> Floats:
        """No second derivative of a value that is none: the formula of log has one at -1."""
        undefined = np.isnan(self(x))[..., 0]
        if undefined.any():
            slopes[undefined] = np.nan
        return slopes

    # --- straight-line code, for many points ---------------------------------------------------

    def _is_straight(self, points: Floats) -> bool:
        """Whether it is many points and the graph small: then it runs as straight-line code."""
        many = points.ndim == 2 and len(points) >= MANY_POINTS
        return many and self._straight_size <= SMALL_GRAPH

    def _has_straight_products(self, points: Floats) -> bool:
        return len(points) >= MANY_PRODUCTS and len(self.graph) <= SMALL_PRODUCT

    @cached_property
    def _straight_size(self) -> int:
        return len(self.graph) * len(self.outputs)

    @cached_property
    def _straight_values(self) -> many.Straight:
        return many.straighten(self.graph)

    @cached_property
    def _straight_jacobian(self) -> many.Straight:
        return self._straight_slopes(gradients.jacobian_graph(self.graph))

    @cached_property
    def _straight_vjp(self) -> many.Straight:
        return self._straight_slopes(gradients.vjp_graph(self.graph))

    @cached_property
    def _straight_jvp(self) -> many.Straight:
        return self._straight_slopes(gradients.jvp_graph(self.graph))

    def _straight_slopes(self, graph: Graph) -> many.Straight:
        entries, below = len(graph.outputs), telling_below(self.graph)
        if not below:
            graph.outputs = graph.outputs + self.graph.outputs
        return many.straighten(graph, entries, below or math.inf)

    def _everywhere(
        self,
        code: many.Straight,
        x: Point,
        shape: tuple[int, ...],
        careful: Callable[[Floats], Floats],
        threads: int | None,
    ) -> Floats:
        """Straight-line code at all points; the careful sweeps where it met an inf or a NaN."""
        where = self.point(x)
        flat, suspects = many.run(code, where, threads)
        results = flat.reshape(len(where), *shape)
        for chunk in suspects:
            results[chunk] = np.moveaxis(careful(np.ascontiguousarray(where[chunk].T)), -1, 0)
        return results

    # --- for those who judge the numbers ------------------------------------------------------

    def values(self, x: Point) -> Floats:
        """The value of every node of the graph at one point; NaN where no output needs it."""
        point = self._one_point(x)
        if self._lines is not None:
            values = narrow.node_values(self._lines, point)
            if values is not None:
                return values
        place = self.schedule.place
        buffer = sweeps.forward(self.schedule, point)
        return np.where(place >= 0, buffer[place], np.nan)

    def scale(self, x: Point, kind: str, vector: Floats | None = None) -> Floats:
        """Σ |path products| behind every entry of ``kind`` at one point: rounding's natural unit.

        An entry whose paths cancel is small against its scale, and only its error relative to the
        scale says whether the arithmetic was sound. ``kind`` is the name of one of first order; the
        result has the shape of its entries.
        """
        asked = KINDS[kind]
        shape = asked.shape(len(self.outputs), len(self.variables))
        sizes = None if asked.vector is None else np.abs(np.asarray(vector, float))
        if self._lines is not None and asked.vector is not U:
            seeds = np.eye(len(self.outputs)) if sizes is None else sizes[None]
            rows = self._narrow_rows(self.point(x), seeds, magnitudes=True)
            if rows is not None:
                return rows.reshape(shape)
        partials = sweeps.magnitudes(self._linearized(self._one_point(x)))
        if sizes is not None:
            sweep = self._pushforward if asked.vector is U else self._pullback
            return sweep(partials, sizes)
        if len(self.outputs) <= len(self.variables):
            return self._all_pullbacks(partials).reshape(shape)
        return self._all_pushforwards(partials).reshape(shape)

    # --- one point, many points ---------------------------------------------------------------

    def point(self, x: Point | None, named: Mapping[str, Any] | None = None) -> Floats:
        """``x`` as an array of shape (n,) or (N, n), in the order of ``variables``.

        Raises BindingError when names or counts do not fit.
        """
        if named:
            if x is not None:
                raise BindingError("a point and keywords: which one?")
            x = named
        return coordinates(x, self.variables)

    def _one_point(self, x: Point) -> Floats:
        point = self.point(x)
        if point.ndim != 1:
            raise BindingError("one point is wanted here, not many")
        return point

    def _over_points(
        self, x: Point, shape: tuple[int, ...], work: Callable[[Floats], Floats]
    ) -> Floats:
        """``work`` at the point, or at chunks of the points: (n, k) in, ``shape`` + (k,) out."""
        points = self.point(x)
        if points.ndim == 1:
            return work(points)
        result = np.empty((len(points), *shape))
        for chunk in self._chunks(len(points)):
            result[chunk] = np.moveaxis(work(np.ascontiguousarray(points[chunk].T)), -1, 0)
        return result

    def _chunks(self, count: int) -> Iterator[slice]:
        width = max(1, POINT_BUFFER // max(1, self.schedule.size))
        return (slice(start, start + width) for start in range(0, count, width))

    def _paired(
        self, x: Point, vector: Sequence[float] | Floats, entries: Sequence[str], name: str
    ) -> tuple[Floats, Floats]:
        """Points and vectors, as many of the one as of the other."""
        points, seeds = self.point(x), _vector(vector, entries, name)
        if points.ndim == 1 and seeds.ndim == 1:
            return points, seeds
        count = len(points) if points.ndim == 2 else len(seeds)
        if seeds.ndim == 2 and len(seeds) != count:
            raise BindingError(f"{count} points and {len(seeds)} vectors {name}")
        points = np.broadcast_to(points, (count, len(self.variables)))
        return points, np.broadcast_to(seeds, (count, len(entries)))

    def _products(
        self,
        points: Floats,
        seeds: Floats,
        sweep: Sweep,
        entries: int,
        code: many.Straight | None,
        threads: int | None,
    ) -> Floats:
        """A product at each of the points; by straight-line code, careful sweeps do the rest."""
        chunks: Iterable[slice]
        if code is not None:
            result, chunks = many.run(code, np.hstack([points, seeds]), threads)
        else:
            result, chunks = np.empty((len(points), entries)), self._chunks(len(points))
        for chunk in chunks:
            partials = self._linearized(np.ascontiguousarray(points[chunk].T))
            result[chunk] = sweep(partials, np.ascontiguousarray(seeds[chunk].T)).T
        return result

    def _narrow_rows(
        self, points: Floats, seeds: Floats, *, magnitudes: bool = False
    ) -> Floats | None:
        """A row vᵀJ for each seed, node by node, if the graph is narrow and all is finite."""
        if self._lines is None or points.ndim > 1 or seeds.ndim > 2:
            return None
        return narrow.rows(self._lines, points, seeds, magnitudes=magnitudes)

    def _linearized(self, points: Floats) -> sweeps.Partials:
        run = self.schedule
        return sweeps.linearize(run, sweeps.forward(run, points))

    # --- whole Jacobians ----------------------------------------------------------------------

    def _rows(self, points: Floats) -> Floats:
        partials = self._linearized(points)
        if points.ndim == 1:
            return self._all_pullbacks(partials)
        result = np.empty((len(self.outputs), *points.shape))
        for i, seeds in enumerate(_one_hot(len(self.outputs), points.shape[1])):
            result[i] = self._pullback(partials, seeds)
        return result

    def _columns(self, points: Floats) -> Floats:
        partials = self._linearized(points)
        if points.ndim == 1:
            return self._all_pushforwards(partials)
        result = np.empty((len(self.outputs), *points.shape))
        for j, seeds in enumerate(_one_hot(len(self.variables), points.shape[1])):
            result[:, j] = self._pushforward(partials, seeds)
        return result

    def _all_pullbacks(self, partials: sweeps.Partials) -> Floats:
        """Every row of J at one point, several seeds at a time."""
        m, n = len(self.outputs), len(self.variables)
        if m == 1:
            return self._pullback(partials, np.ones(1))[None]
        result, partials = np.empty((m, n)), sweeps.across_seeds(partials)
        for rows, seeds in sweeps.stacked_seeds(m, self._seed_width()):
            result[rows] = self._pullback(partials, seeds).T
        return result

    def _all_pushforwards(self, partials: sweeps.Partials) -> Floats:
        """Every column of J at one point, several seeds at a time."""
        m, n = len(self.outputs), len(self.variables)
        result, partials = np.empty((m, n)), sweeps.across_seeds(partials)
        for columns, seeds in sweeps.stacked_seeds(n, self._seed_width()):
            result[:, columns] = self._pushforward(partials, seeds)
        return result

    def _seed_width(self) -> int:
        return max(1, SEED_BUFFER // max(1, self.schedule.size))

    def _require_one_output(self, what: str, instead: str) -> None:
        if len(self.outputs) != 1:
            raise BindingError(
                f"{what} is of one output, and there are {len(self.outputs)}: "
                f"{_listed(self.outputs)}",
                hint=f"all rows at once: {instead}; one of them: leave the others out",
            )


def _one_hot(count: int, points: int) -> Iterator[Floats]:
    """The seeds e_0, e_1, … at every point, each of shape (count, points)."""
    for i in range(count):
        seeds = np.zeros((count, points))
        seeds[i] = 1.0
        yield seeds


def _vector(vector: Sequence[float] | Floats, entries: Sequence[str], name: str) -> Floats:
    try:
        array = np.asarray(vector, dtype=float)
    except (TypeError, ValueError):
        raise BindingError(f"{name} is made of numbers") from None
    if array.ndim not in (1, 2) or array.shape[-1] != len(entries):
        raise BindingError(
            f"{name} has one entry for each of {_listed(entries)}, this has shape {array.shape}"
        )
    return array


def _listed(names: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown}, … ({len(names)} in all)"
