"""A compiled graph: what evaluates and differentiates, at one point or at many."""

from __future__ import annotations

from typing import Any, Protocol, cast, overload

import numpy as np

from gradcalc.calculus.kinds import KINDS
from gradcalc.engine.point import Differentiable, Numbers, Point
from gradcalc.engine.schedule import Floats
from gradcalc.errors import BindingError


class Traceable(Protocol):
    """What records a program as one of its own operations: a tensor of ``gradcalc.autograd``."""

    def through(self, program: Program) -> Any: ...


class Program(Differentiable):
    """A graph, scheduled and ready to run.

    ``x`` is a point: n numbers in the order of ``variables``, a mapping from names to numbers (or,
    for an array variable ``a``, to nested lists or arrays), or keywords; or it is N points: an
    array of shape (N, n), a data frame, or a mapping from names to N numbers. Names that the
    expression does not have are refused. Of N points every result has a leading axis N. ``threads``
    is at most how many work on them (by default as many as there are cores and work for); the
    results are the same to the last bit. They are written into ``out``, an array of float64 and of
    their shape, where one is given and no variable has that name. ``notes`` says what of the text
    may have been meant differently.

    >>> import gradcalc
    >>> p = gradcalc.compile("x1**2+3*x2, x2**2+2*x1")
    >>> p.jacobian([2, 3])
    array([[4., 3.],
           [2., 6.]])
    >>> p.vjp([2, 3], [1, 1])
    array([6., 9.])
    """

    # --- what is asked ------------------------------------------------------------------------

    @overload
    def __call__(
        self,
        x: Point | None = None,
        /,
        *,
        threads: int | None = None,
        out: Floats | None = None,
        **named: Any,
    ) -> Floats: ...

    @overload
    def __call__(self, x: Traceable, /, *, threads: int | None = None) -> Any: ...

    def __call__(
        self,
        x: Point | Traceable | None = None,
        /,
        *,
        threads: int | None = None,
        out: Floats | None = None,
        **named: Any,
    ) -> Any:
        """The values f(x), shape (m,) or (N, m).

        Of a tensor of ``gradcalc.autograd`` they are a tensor, whose ``backward`` runs the compiled
        sweep.
        """
        if (found := self.swift.eval(x)) is not None:
            return found if out is None else _into(out, found)
        if hasattr(x, "through"):
            return cast("Traceable", x).through(self)
        return self._answer("eval", cast("Point", x), named, out, threads=threads)

    def gradient(
        self,
        x: Point | None = None,
        /,
        *,
        threads: int | None = None,
        out: Floats | None = None,
        **named: Any,
    ) -> Floats:
        """The gradient of the one output, shape (n,) or (N, n)."""
        if (found := self.swift.gradient(x)) is not None:
            return found if out is None else _into(out, found)
        self.require_one_output("gradient", "jacobian")
        return self._answer("gradient", x, named, out, threads=threads)

    def jacobian(
        self,
        x: Point | None = None,
        /,
        mode: str = "auto",
        *,
        threads: int | None = None,
        out: Floats | None = None,
        **named: Any,
    ) -> Floats:
        """J[i, j] = ∂f_i/∂x_j, shape (m, n) or (N, m, n).

        ``mode`` is 'reverse' (a sweep per output), 'forward' (a sweep per variable) or 'auto', the
        one with fewer sweeps. The local partials are computed once, whatever the mode.
        """
        if mode == "auto" and (found := self.swift.jacobian(x)) is not None:
            return found if out is None else _into(out, found)
        return self._answer("jacobian", x, named, out, threads=threads, mode=mode)

    def sparse_jacobian(self, x: Point | None = None, /, **named: Any) -> Any:
        """The Jacobian at one point as a ``scipy.sparse.csr_array`` of shape (m, n).

        It stores the entries that the graph allows to be other than zero, whatever their value.
        """
        return self.at(x, **named).sparse_jacobian()

    def vjp(
        self,
        x: Point | None = None,
        /,
        v: Numbers = (),
        *,
        threads: int | None = None,
        out: Floats | None = None,
        **named: Any,
    ) -> Floats:
        """vᵀJ, what ``y.backward(v)`` leaves in ``x.grad``; shape (n,) or (N, n).

        ``v`` has one entry per output, or shape (N, m) for a vector per point.
        """
        if (found := self.swift.vjp(x, v)) is not None:
            return found if out is None else _into(out, found)
        return self._answer("vjp", x, named, out, v, threads=threads)

    def jvp(
        self,
        x: Point | None = None,
        /,
        u: Numbers = (),
        *,
        threads: int | None = None,
        out: Floats | None = None,
        **named: Any,
    ) -> Floats:
        """J u, the derivative in direction u; shape (m,) or (N, m); u per variable."""
        if (found := self.swift.jvp(x, u)) is not None:
            return found if out is None else _into(out, found)
        return self._answer("jvp", x, named, out, u, threads=threads)

    def hessian(
        self, x: Point | None = None, /, *, out: Floats | None = None, **named: Any
    ) -> Floats:
        """The matrix of second derivatives of the one output, shape (n, n) or (N, n, n)."""
        return self._answer("hessian", x, named, out)

    def hvp(
        self,
        x: Point | None = None,
        /,
        u: Numbers = (),
        *,
        out: Floats | None = None,
        **named: Any,
    ) -> Floats:
        """The Hessian of the one output times u, shape (n,) or (N, n)."""
        return self._answer("hvp", x, named, out, u)

    def _answer(
        self,
        kind: str,
        x: Point | None,
        named: dict[str, Any],
        out: Floats | None,
        vector: Numbers | None = None,
        *,
        threads: int | None = None,
        mode: str = "auto",
    ) -> Floats:
        """By one call of C where there can be one, else by the machine; through ``At`` where it
        has to be asked twice, or something to be looked at first."""
        named, out = self._apart(named, out)
        points, row = self.point(x, named), KINDS[kind]
        alone, plain = points.ndim == 1, mode == "auto"
        found = self.swift(kind, points, vector) if alone and plain else None
        if found is None:
            at: Any
            if alone or not plain or row.order > 1 or row.vector is not None or self.isolated:
                at = self.at(points, threads=threads)
            else:
                at = self._at_many_points.at(points, threads, out)
            found = row.answer(at, vector, mode) if row.order else at.value
        return _into(out, found)

    def _apart(
        self, named: dict[str, Any], out: Floats | None
    ) -> tuple[dict[str, Any], Floats | None]:
        """The keywords of variables, and the array for the answer: ``out`` is a variable where the
        expression has one of that name."""
        if out is None or "out" not in self.variables:
            return named, out
        return {**named, "out": out}, None


def _into(out: Floats | None, found: Floats) -> Floats:
    """What was found, in ``out`` if there is one."""
    if out is None or found is out:
        return found
    if not isinstance(out, np.ndarray) or (out.shape, out.dtype) != (found.shape, found.dtype):
        raise BindingError(f"out is no array of float64 of shape {found.shape}")
    if not np.may_share_memory(out, found):
        out[...] = found
    return out
