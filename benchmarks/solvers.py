"""Whole runs of scipy's solvers on classic problems, values and derivatives by one tool each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize
from scipy.integrate import solve_ivp

import gradcalc
from benchmarks.measure import installed, medians, module
from benchmarks.report import Section, Target, ratio, seconds

Functions = tuple[Callable[[Any], Any], Callable[[Any], Any]]
"""The values at a point, and their Jacobian (of one output, its gradient), as numpy arrays."""

N = 100
"""Variables of Rosenbrock's function and of Broyden's system."""

U = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
Y = np.array([0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246])
"""Kowalik and Osborne's enzyme reaction: the concentrations, and what was measured."""


@dataclass(frozen=True)
class Problem:
    """``text``, ``build`` (of any library's numbers, one by one), ``hand`` and ``arrays`` (for JAX,
    where there are many of a kind) say the same; ``solve`` runs the solver to the solution."""

    text: str
    build: Callable[[Any], list[Any]]
    hand: Functions
    start: Any
    solve: Callable[[Functions, Any], Any]
    arrays: Callable[[Any, Any], Any] | None = None


def _rosenbrock(x: Any) -> list[Any]:
    terms = [100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(N - 1)]
    return [sum(terms[1:], start=terms[0])]


def _rosenbrock_value(x: Any) -> Any:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def _rosenbrock_gradient(x: Any) -> Any:
    g, rest = np.zeros_like(x), x[1:] - x[:-1] ** 2
    g[:-1] = -400 * x[:-1] * rest - 2 * (1 - x[:-1])
    g[1:] += 200 * rest
    return g


def _broyden(x: Any) -> list[Any]:
    return [
        (3 - 2 * x[i]) * x[i] - (x[i - 1] if i else 0) - (2 * x[i + 1] if i < N - 1 else 0) + 1
        for i in range(N)
    ]


def _broyden_values(x: Any) -> Any:
    f = (3 - 2 * x) * x + 1
    f[1:] -= x[:-1]
    f[:-1] -= 2 * x[1:]
    return f


def _broyden_arrays(m: Any, x: Any) -> Any:
    none = m.zeros(1)
    below, above = m.concatenate([none, x[:-1]]), m.concatenate([x[1:], none])
    return (3 - 2 * x) * x - below - 2 * above + 1


def _broyden_jacobian(x: Any) -> Any:
    J = np.zeros((N, N))
    at = np.arange(N)
    J[at, at], J[at[1:], at[:-1]], J[at[:-1], at[1:]] = 3 - 4 * x, -1, -2
    return J


def _powell(x: Any) -> list[Any]:
    return [
        x[0] + 10 * x[1],
        5**0.5 * (x[2] - x[3]),
        (x[1] - 2 * x[2]) ** 2,
        10**0.5 * (x[0] - x[3]) ** 2,
    ]


def _powell_jacobian(x: Any) -> Any:
    a, b = 2 * (x[1] - 2 * x[2]), 2 * 10**0.5 * (x[0] - x[3])
    return np.array(
        [[1, 10, 0, 0], [0, 0, 5**0.5, -(5**0.5)], [0, a, -2 * a, 0], [b, 0, 0, -b]], float
    )


def _kowalik(x: Any) -> list[Any]:
    return [
        y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])
        for u, y in zip(U.tolist(), Y.tolist(), strict=True)
    ]


def _kowalik_values(x: Any) -> Any:
    return Y - x[0] * (U**2 + U * x[1]) / (U**2 + U * x[2] + x[3])


def _kowalik_jacobian(x: Any) -> Any:
    over, under = U**2 + U * x[1], U**2 + U * x[2] + x[3]
    slope = x[0] * over / under**2
    return np.stack([-over / under, -x[0] * U / under, slope * U, slope], axis=1)


def _robertson(y: Any) -> list[Any]:
    fast, slow = 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
    return [-0.04 * y[0] + fast, 0.04 * y[0] - fast - slow, slow]


def _robertson_jacobian(y: Any) -> Any:
    a, b, c = 1e4 * y[2], 1e4 * y[1], 6e7 * y[1]
    return np.array([[-0.04, a, b], [0.04, -a - c, -b], [0, c, 0]])


def _array(function: Callable[[Any], list[Any]]) -> Callable[[Any], Any]:
    return lambda x: np.array(function(x))


def _root(functions: Functions, start: Any) -> Any:
    return optimize.root(functions[0], start, jac=functions[1]).x


def _least(functions: Functions, start: Any) -> Any:
    return optimize.least_squares(functions[0], start, functions[1], xtol=1e-12, ftol=1e-12).x


def _lowest(functions: Functions, start: Any) -> Any:
    options = {"maxiter": 2000, "maxfun": 4000}
    found = optimize.minimize(functions[0], start, jac=functions[1], method="L-BFGS-B",
                              options=options)  # fmt: skip
    return found.x


def _integrated(functions: Functions, start: Any) -> Any:
    f, jacobian = functions
    found = solve_ivp(lambda t, y: f(y), (0, 1e4), start, "BDF", jac=lambda t, y: jacobian(y),
                      rtol=1e-6, atol=1e-10)  # fmt: skip
    return found.y[:, -1]


PROBLEMS = {
    f"Rosenbrock, {N} variables: minimize, L-BFGS-B": Problem(
        " + ".join(f"100*(x{i + 1} - x{i}**2)**2 + (1 - x{i})**2" for i in range(1, N)),
        _rosenbrock,
        (_rosenbrock_value, _rosenbrock_gradient),
        np.tile([-1.2, 1.0], N // 2),
        _lowest,
        lambda m, x: _rosenbrock_value(x),
    ),
    f"Broyden tridiagonal, {N}: root, hybr": Problem(
        ", ".join(
            f"(3 - 2*x{i})*x{i}{f' - x{i - 1}' if i > 1 else ''}"
            f"{f' - 2*x{i + 1}' if i < N else ''} + 1"
            for i in range(1, N + 1)
        ),
        _broyden,
        (_broyden_values, _broyden_jacobian),
        -np.ones(N),
        _root,
        _broyden_arrays,
    ),
    "Powell singular: root, hybr": Problem(
        "x1 + 10*x2, sqrt(5)*(x3 - x4), (x2 - 2*x3)**2, sqrt(10)*(x1 - x4)**2",
        _powell,
        (_array(_powell), _powell_jacobian),
        np.array([3.0, -1, 0, 1]),
        _root,
    ),
    "Kowalik and Osborne: least_squares, trf": Problem(
        ", ".join(
            f"{y} - x1*({u}**2 + {u}*x2)/({u}**2 + {u}*x3 + x4)"
            for u, y in zip(U.tolist(), Y.tolist(), strict=True)
        ),
        _kowalik,
        (_kowalik_values, _kowalik_jacobian),
        np.array([0.25, 0.39, 0.415, 0.39]),
        _least,
    ),
    "Robertson, to 10⁴ s: solve_ivp, BDF": Problem(
        "-0.04*x1 + 1e4*x2*x3, 0.04*x1 - 1e4*x2*x3 - 3e7*x2**2, 3e7*x2**2",
        _robertson,
        (_array(_robertson), _robertson_jacobian),
        np.array([1.0, 0, 0]),
        _integrated,
    ),
}


def _gradcalc(problem: Problem) -> Functions:
    p = gradcalc.compile(problem.text)
    if len(p.outputs) == 1:
        return lambda x: p(x)[0], p.gradient
    return p, p.jacobian


def _jax(problem: Problem) -> Functions:
    jax = module("jax")
    jax.config.update("jax_enable_x64", True)
    m = module("jax.numpy")
    alone = len(problem.build(problem.start)) == 1

    def function(x: Any) -> Any:
        if problem.arrays:
            return problem.arrays(m, x)
        return problem.build(x)[0] if alone else m.stack(problem.build(x))

    value, slopes = jax.jit(function), jax.grad if alone else jax.jacfwd
    slope = jax.jit(slopes(value))
    return lambda x: np.asarray(value(x)), lambda x: np.asarray(slope(x))


def _casadi(problem: Problem) -> Functions:
    casadi = module("casadi")
    x = casadi.SX.sym("x", len(problem.start))
    f = casadi.vertcat(*problem.build(casadi.vertsplit(x)))
    alone = f.shape[0] == 1
    slopes = casadi.gradient(f, x) if alone else casadi.densify(casadi.jacobian(f, x))
    value, slope = casadi.Function("f", [x], [f]), casadi.Function("J", [x], [slopes])
    if alone:
        return lambda x: float(value(x)), lambda x: slope(x).full().ravel()
    return lambda x: value(x).full().ravel(), lambda x: slope(x).full()


TOOLS: dict[str, tuple[str, Callable[[Problem], Functions]]] = {
    "gradcalc": ("numpy", _gradcalc),
    "numpy by hand": ("numpy", lambda problem: problem.hand),
    "jax, jitted": ("jax", _jax),
    "casadi": ("casadi", _casadi),
}


def suite() -> str:
    section = Section("solvers", "scipy's solvers", ["scipy", "jax", "casadi"])
    tools = {name: tool for name, (package, tool) in TOOLS.items() if installed(package)}
    rows = []
    for name, problem in PROBLEMS.items():
        made = {tool: make(problem) for tool, make in tools.items()}
        runs = {
            tool: (lambda functions=functions: problem.solve(functions, problem.start))  # type: ignore[misc]  # noqa: B023
            for tool, functions in made.items()
        }
        truth = runs["numpy by hand"]()
        for tool, run in runs.items():
            np.testing.assert_allclose(run(), truth, rtol=1e-3, atol=1e-4, err_msg=tool)
        times = medians(runs, rounds=21, least=0.01, clock=time.process_time)
        ours, fastest = times["gradcalc"], min(times.values())
        section.targets.append(Target(f"{name}: gradcalc / the fastest", 1.1, ours / fastest))
        peers = [tool for tool in TOOLS if tool != "gradcalc"]
        rows.append([name, seconds(ours), *(ratio(times.get(peer), ours) for peer in peers)])
    section.say(
        "Whole runs in processor time, values and derivatives by one tool, compiled before. Times "
        "are gradcalc's, the other columns are multiples of it (above 1, gradcalc is ahead)."
    )
    section.table(["problem and solver", *TOOLS], rows)
    return section.text()
