"""The module-level calls of the Python API, on expression text.

For more than one question about an expression, ``compile`` it once and ask the ``Program``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradcalc.calculus.gradients import under
from gradcalc.engine.program import Program
from gradcalc.engine.schedule import Floats
from gradcalc.errors import UsageError
from gradcalc.functions.primitives import CONVENTIONS
from gradcalc.graph.graph import Graph
from gradcalc.language import parse
from gradcalc.language.points import shape
from gradcalc.language.problem import from_python

if TYPE_CHECKING:
    from gradcalc.check.verdict import Verdict

At = Mapping[str, Any] | Sequence[float] | Floats


def compile(
    text: str,
    *,
    shapes: Mapping[str, int | tuple[int, ...]] | None = None,
    params: Mapping[str, Any] | None = None,
    wrt: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    convention: str = "torch",
) -> Program:
    """Expression text as a ``Program``.

    ``shapes`` declares array variables, ``params`` binds constants, ``wrt`` orders the variables,
    ``outputs`` chooses among the named values; ``convention`` says whose slopes to take at kinks,
    'torch' or 'jax'. Raises ExpressionError and BindingError.

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


def _with_slopes(graph: Graph, convention: str) -> Program:
    if convention not in CONVENTIONS:
        raise UsageError(f"convention {convention!r} is none of {', '.join(CONVENTIONS)}")
    return Program(under(graph, convention))


def _compiled(text: str, at: At, options: dict[str, Any]) -> Program:
    """The program; a mapping also says which names are arrays, and that 'e' may be a variable."""
    if not isinstance(at, Mapping):
        return compile(text, **options)
    plain = from_python(at)
    wrt = options.get("wrt")
    parameters = from_python(options.get("params"))
    if wrt is not None:
        parameters |= {name: value for name, value in plain.items() if name not in wrt}
    sizes = {name: shape(value) for name, value in plain.items() if shape(value)}
    graph = parse(
        text,
        shapes=sizes,
        parameters=parameters,
        bound=[name for name in plain if name not in parameters],
        wrt=wrt,
        outputs=options.get("outputs"),
    )
    return _with_slopes(graph, options.get("convention", "torch"))


def evaluate(text: str, at: At, **options: Any) -> Floats:
    """The values of the outputs, shape (m,); (N, m) for points of shape (N, n).

    ``options`` of this and the following functions are those of ``compile``.

    >>> evaluate("x1**2+3*x2, x2**2+2*x1", at=[2, 3])
    array([13., 13.])
    """
    return _compiled(text, at, options)(at)


def gradient(text: str, at: At, **options: Any) -> Floats:
    """The gradient of the one output, shape (n,).

    >>> gradient("sin(x)*y", at={"x": 0, "y": 2})
    array([2., 0.])
    """
    return _compiled(text, at, options).gradient(at)


def jacobian(text: str, at: At, *, mode: str = "auto", **options: Any) -> Floats:
    """J[i, j] = ∂f_i/∂x_j, shape (m, n).

    >>> jacobian("x1**2+3*x2, x2**2+2*x1", at={"x1": 2, "x2": 3})
    array([[4., 3.],
           [2., 6.]])
    """
    return _compiled(text, at, options).jacobian(at, mode)


def vjp(text: str, at: At, v: Sequence[float] | Floats, **options: Any) -> Floats:
    """vᵀJ, what PyTorch's ``y.backward(v)`` leaves in ``x.grad``; shape (n,).

    >>> vjp("x1**2, x2**3", at=[2, 3], v=[2, 3])
    array([ 8., 81.])
    """
    return _compiled(text, at, options).vjp(at, v)


def jvp(text: str, at: At, u: Sequence[float] | Floats, **options: Any) -> Floats:
    """J u, the derivative in direction u; shape (m,).

    >>> jvp("x1**2+3*x2, x2**2+2*x1", at=[2, 3], u=[1, 0])
    array([4., 2.])
    """
    return _compiled(text, at, options).jvp(at, u)


def hessian(text: str, at: At, **options: Any) -> Floats:
    """The matrix of second derivatives of the one output, shape (n, n).

    >>> hessian("x**2*y", at={"x": 1, "y": 2})
    array([[4., 2.],
           [2., 0.]])
    """
    return _compiled(text, at, options).hessian(at)


def hvp(text: str, at: At, u: Sequence[float] | Floats, **options: Any) -> Floats:
    """The Hessian of the one output times u, shape (n,).

    >>> hvp("x**2*y", at={"x": 1, "y": 2}, u=[1, 0])
    array([4., 2.])
    """
    return _compiled(text, at, options).hvp(at, u)


def verify(text: str, at: At, *, method: str = "auto", **options: Any) -> Verdict:
    """Compare the Jacobian at one point with an independent one.

    ``method`` is 'auto', 'sympy', 'mpmath' or 'differences'. The verdict says what was compared
    with what, and how far apart they were.

    >>> verify("x1**2+3*x2, x2**2+2*x1", at=[2, 3]).passed
    True
    """
    from gradcalc.check.verify import verify as check  # deferred: it brings sympy

    program = _compiled(text, at, options)
    entries, value = program.jacobian(at), program(at)
    return check(program, at, "jacobian", entries, value=value, method=method)
