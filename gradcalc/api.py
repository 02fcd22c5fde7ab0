"""The module-level calls of the Python API, on expression text.

For more than one question about an expression, ``compile`` it once and ask the ``Program``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradcalc.calculus.conventions import under
from gradcalc.engine.schedule import Floats
from gradcalc.errors import UsageError
from gradcalc.functions.primitives import CONVENTIONS
from gradcalc.graph.graph import Graph
from gradcalc.language import parse, tracing
from gradcalc.language.coordinates import named_values
from gradcalc.language.points import Given
from gradcalc.language.problem import from_python, pose, settled
from gradcalc.linear.system import own
from gradcalc.program import Program

if TYPE_CHECKING:
    from gradcalc.check.verdict import Verdict
    from gradcalc.render.model import Report

At = Mapping[str, Any] | Sequence[float] | Floats


def compile(
    text: str,
    *,
    shapes: Mapping[str, int | tuple[int, ...]] | None = None,
    params: Mapping[str, Any] | None = None,
    wrt: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    convention: str | None = None,
) -> Program:
    """Expression text as a ``Program``.

    ``shapes`` declares array variables, ``params`` binds constants, ``wrt`` orders the variables,
    ``outputs`` chooses among the named values; ``convention`` says whose slopes to take at kinks,
    'torch' or 'jax', and without one they are PyTorch's where it has any. Raises ExpressionError
    and BindingError.

    >>> compile("mean(3*(a+3)**2)", shapes={"a": 2}).gradient({"a": [2, 3]})
    array([15., 18.])
    """
    declared = {
        name: (size,) if isinstance(size, int) else tuple(size)
        for name, size in (shapes or {}).items()
    }
    graph = parse(
        text,
        shapes=declared,
        parameters=from_python(params),
        bound=tuple(declared),
        wrt=wrt,
        outputs=outputs,
    )
    return _with_slopes(graph, convention)


def _with_slopes(graph: Graph, convention: str | None) -> Program:
    if convention is None:
        return Program(graph)
    if convention not in CONVENTIONS:
        raise UsageError(f"convention {convention!r} is none of {', '.join(CONVENTIONS)}")
    return Program(under(graph, convention))


def _asked(
    text: str,
    at: At,
    *,
    shapes: Mapping[str, int | tuple[int, ...]] | None = None,
    params: Mapping[str, Any] | None = None,
    wrt: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    convention: str | None = None,
) -> tuple[Program, At]:
    """The program, and the point as it takes it. Names in the point are variables, 'e' too, and
    say which variables are arrays; values whose names are not in ``wrt`` are held fixed."""
    named = named_values(at)
    if named is None or not _is_one_point(at, named):
        names = {**(shapes or {}), **dict.fromkeys(named or (), ())}
        program = compile(
            text, shapes=names, params=params, wrt=wrt, outputs=outputs, convention=convention
        )
        return program, at
    problem = pose(
        text,
        at=[Given(name, value) for name, value in from_python(named).items()],
        parameters=[Given(name, value) for name, value in from_python(params).items()],
        wrt=wrt,
        outputs=outputs,
    )
    return _with_slopes(problem.graph, convention), problem.x


def _is_one_point(at: At, named: Mapping[str, Any]) -> bool:
    """A mapping, where a list is the value of an array; or a row of a data frame."""
    return isinstance(at, Mapping) or all(not hasattr(v, "__len__") for v in named.values())


def trace(f: Callable[[Any], Any], n: int) -> Program:
    """``f``, a function of an array of ``n`` numbers, as a Program with variables x0, x1, ….

    ``f`` returns a number, a sequence of numbers or an array; the outputs are its elements. Raises
    UsageError when it does something that cannot be traced.

    >>> import numpy as np
    >>> trace(lambda x: np.sin(x[0]) * x[1:].sum(), 3).gradient([0.0, 2.0, 3.0])
    array([5., 0., 0.])
    """
    return Program(tracing.trace(f, n))


def evaluate(text: str, at: At, **options: Any) -> Floats:
    """The values of the outputs, shape (m,); (N, m) for points of shape (N, n).

    ``options`` of this and the following functions are those of ``compile``.

    >>> evaluate("x1**2+3*x2, x2**2+2*x1", at=[2, 3])
    array([13., 13.])
    """
    program, x = _asked(text, at, **options)
    return program(x)


def gradient(text: str, at: At, **options: Any) -> Floats:
    """The gradient of the one output, shape (n,).

    >>> gradient("sin(x)*y", at={"x": 0, "y": 2})
    array([2., 0.])
    """
    program, x = _asked(text, at, **options)
    return program.gradient(x)


def jacobian(text: str, at: At, *, mode: str = "auto", **options: Any) -> Floats:
    """J[i, j] = ∂f_i/∂x_j, shape (m, n).

    >>> jacobian("x1**2+3*x2, x2**2+2*x1", at={"x1": 2, "x2": 3})
    array([[4., 3.],
           [2., 6.]])
    """
    program, x = _asked(text, at, **options)
    return program.jacobian(x, mode)


def vjp(text: str, at: At, v: Sequence[float] | Floats, **options: Any) -> Floats:
    """vᵀJ, what PyTorch's ``y.backward(v)`` leaves in ``x.grad``; shape (n,).

    >>> vjp("x1**2, x2**3", at=[2, 3], v=[2, 3])
    array([ 8., 81.])
    """
    program, x = _asked(text, at, **options)
    return program.vjp(x, v)


def jvp(text: str, at: At, u: Sequence[float] | Floats, **options: Any) -> Floats:
    """J u, the derivative in direction u; shape (m,).

    >>> jvp("x1**2+3*x2, x2**2+2*x1", at=[2, 3], u=[1, 0])
    array([4., 2.])
    """
    program, x = _asked(text, at, **options)
    return program.jvp(x, u)


def hessian(text: str, at: At, **options: Any) -> Floats:
    """The matrix of second derivatives of the one output, shape (n, n).

    >>> hessian("x**2*y", at={"x": 1, "y": 2})
    array([[4., 2.],
           [2., 0.]])
    """
    program, x = _asked(text, at, **options)
    return program.hessian(x)


def hvp(text: str, at: At, u: Sequence[float] | Floats, **options: Any) -> Floats:
    """The Hessian of the one output times u, shape (n,).

    >>> hvp("x**2*y", at={"x": 1, "y": 2}, u=[1, 0])
    array([4., 2.])
    """
    program, x = _asked(text, at, **options)
    return program.hvp(x, u)


def linearize(
    text: str,
    at: At,
    *,
    states: Sequence[str],
    inputs: Sequence[str] = (),
    measure: str = "",
    params: Mapping[str, Any] | None = None,
    trim: bool = False,
    check: bool = True,
) -> Report:
    """The linear model of equations at one point, as ``Program.linearize`` has it; ``measure`` is
    what is measured. Values of ``at`` that are neither states nor inputs are constants.

    >>> model = linearize("-k*x + u, x - y", {"x": 4, "y": 4, "u": 8, "k": 2}, states=["x", "y"],
    ...                   inputs=["u"], measure="x*y")
    >>> model.A, model.C
    (array([[-2.,  0.],
           [ 1., -1.]]), array([[4., 4.]]))
    """
    if isinstance(at, Mapping):
        given = [Given(name, value) for name, value in from_python(at).items()]
    else:
        given = [Given("", float(value)) for value in at]
    fixed = [Given(name, value) for name, value in from_python(params).items()]
    columns = [*states, *inputs]
    problem = pose(text, at=given, parameters=fixed, wrt=columns, then=measure)
    count = own(problem.graph, text, measure, **settled(given, fixed, columns).for_parse)
    program = Program(problem.graph)
    return program.linearize(
        problem.x, states, inputs, equations=count, trim=trim, check=check
    )  # fmt: skip


def propagate(text: str, at: At, cov: Any = None, *, u: Any = None, **options: Any) -> Any:
    """The values and their covariance J C Jᵀ, given that of the variables, or their standard
    uncertainties ``u`` where they are independent.

    >>> propagate("x*y", at={"x": 2, "y": 3}, u={"x": 0.1, "y": 0.2})
    (array([6.]), array([[0.25]]))
    """
    if cov is None and u is None and isinstance(at, Mapping):  # numbers that know theirs
        nominal = {name: getattr(x, "nominal_value", x) for name, x in at.items()}
        return _asked(text, nominal, **options)[0].propagate(at)
    program, x = _asked(text, at, **options)
    return program.propagate(x, cov, u=u)


def verify(text: str, at: At, *, method: str = "auto", **options: Any) -> Verdict:
    """Compare the Jacobian at one point with an independent one.

    ``method`` is 'auto', 'sympy', 'mpmath' or 'differences'. The verdict says what was compared
    with what, and how far apart they were.

    >>> verify("x1**2+3*x2, x2**2+2*x1", at=[2, 3]).passed
    True
    """
    from gradcalc.check.verify import verify as check  # deferred: it brings sympy

    program, x = _asked(text, at, **options)
    return check(program.at(x).ask("jacobian"), method=method)
