"""Jacobians at many points, steady state and from nothing, beside libraries made for arrays."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import gradcalc
from benchmarks import loops
from benchmarks.measure import installed, medians, module, once
from benchmarks.report import Section, Target, ratio, seconds

Floats = np.ndarray[Any, np.dtype[np.float64]]
Jacobians = Callable[[Floats], Any]

SIZES = (1_000, 10_000, 100_000, 1_000_000)
HUGE = 10_000_000
TOO_SLOW = {"torch.func", "casadi map"}
"""Tools that are not asked for so many points: they take minutes."""
COMPARED = 100_000
"""Points, the last ones, at which all tools have to say the same."""
ROUNDS = 5
FROM_NOTHING = 3
"""Times that a set-up is repeated, always with functions that the library has not seen."""


@dataclass(frozen=True)
class Workload:
    """``text`` and ``build`` say the same; ``hand`` is the Jacobian as numpy code, (N, m, n), and
    ``loop`` at one point."""

    text: str
    build: Callable[[Any, Any], list[Any]]
    hand: Callable[[Floats, Floats], None]
    loop: loops.Kernel
    variables: int


def _quadratic_by_hand(x: Floats, J: Floats) -> None:
    J[:, 0, 0] = 2 * x[:, 0]
    J[:, 0, 1] = 3
    J[:, 1, 0] = 2
    J[:, 1, 1] = 2 * x[:, 1]


def _arm(m: Any, q: Any) -> list[Any]:
    a, b, c = q[0], q[0] + q[1], q[0] + q[1] + q[2]
    return [
        m.cos(a) + 0.7 * m.cos(b) + 0.4 * m.cos(c),
        m.sin(a) + 0.7 * m.sin(b) + 0.4 * m.sin(c),
        c,
    ]


def _arm_by_hand(q: Floats, J: Floats) -> None:
    b = q[:, 0] + q[:, 1]
    c = b + q[:, 2]
    J[:, 0, 2] = -0.4 * np.sin(c)
    J[:, 0, 1] = J[:, 0, 2] - 0.7 * np.sin(b)
    J[:, 0, 0] = J[:, 0, 1] - np.sin(q[:, 0])
    J[:, 1, 2] = 0.4 * np.cos(c)
    J[:, 1, 1] = J[:, 1, 2] + 0.7 * np.cos(b)
    J[:, 1, 0] = J[:, 1, 1] + np.cos(q[:, 0])
    J[:, 2] = 1


def _robertson(m: Any, y: Any) -> list[Any]:
    fast, slow = 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
    return [-0.04 * y[0] + fast, 0.04 * y[0] - fast - slow, slow]


def _robertson_by_hand(y: Floats, J: Floats) -> None:
    J[:, 0, 0] = -0.04
    J[:, 0, 1] = 1e4 * y[:, 2]
    J[:, 0, 2] = 1e4 * y[:, 1]
    J[:, 2, 0] = 0
    J[:, 2, 1] = 6e7 * y[:, 1]
    J[:, 2, 2] = 0
    J[:, 1] = -J[:, 0] - J[:, 2]


def _arrhenius(m: Any, x: Any) -> list[Any]:
    T, a, b, c, d = (x[i] for i in range(5))
    r1 = 1e6 * m.exp(-5000 / T) * a * b
    r2 = 2e6 * m.exp(-6000 / T) * c
    r3 = 5e5 * m.exp(-7000 / T) * c * d
    return [-r1, r2 - r1, r1 - r2 - r3, r2 - r3]


def _arrhenius_by_hand(x: Floats, J: Floats) -> None:
    T, a, b, c, d = x.T
    k1, k2, k3 = (A * np.exp(-E / T) for A, E in ((1e6, 5000), (2e6, 6000), (5e5, 7000)))
    zero = np.zeros(len(x))
    by_T, ca, da = k1 * a * b * 5000 / T**2, k1 * b, k1 * a
    second, third = k2 * c * 6000 / T**2, k3 * c * d * 7000 / T**2
    r1 = np.stack([by_T, ca, da, zero, zero], axis=1)
    r2 = np.stack([second, zero, zero, k2, zero], axis=1)
    r3 = np.stack([third, zero, zero, k3 * d, k3 * c], axis=1)
    J[:, 0], J[:, 1], J[:, 2], J[:, 3] = -r1, r2 - r1, r1 - r2 - r3, r2 - r3


WORKLOADS = {
    "coupled quadratic": Workload(
        "x1**2+3*x2, x2**2+2*x1",
        lambda m, x: [x[0] ** 2 + 3 * x[1], x[1] ** 2 + 2 * x[0]],
        _quadratic_by_hand,
        loops.quadratic,
        2,
    ),
    "planar 3R arm": Workload(
        "l1=1;l2=.7;l3=.4; l1*cos(q1)+l2*cos(q1+q2)+l3*cos(q1+q2+q3);"
        "l1*sin(q1)+l2*sin(q1+q2)+l3*sin(q1+q2+q3); q1+q2+q3",
        _arm,
        _arm_by_hand,
        loops.arm,
        3,
    ),
    "Robertson kinetics": Workload(
        "-0.04*y1+1e4*y2*y3; 0.04*y1-1e4*y2*y3-3e7*y2**2; 3e7*y2**2",
        _robertson,
        _robertson_by_hand,
        loops.robertson,
        3,
    ),
    "Arrhenius network": Workload(
        "r1=1e6*exp(-5000/T)*a*b; r2=2e6*exp(-6000/T)*c; r3=5e5*exp(-7000/T)*c*d;"
        "-r1; r2-r1; r1-r2-r3; r2-r3",
        _arrhenius,
        _arrhenius_by_hand,
        loops.arrhenius,
        5,
    ),
}


# --- the tools: each makes a function from points (N, n) to Jacobians -----------------------------


def _gradcalc(workload: Workload, count: int) -> Jacobians:
    program = gradcalc.compile(workload.text, wrt=_order(workload))
    return program.jacobian


def _order(workload: Workload) -> list[str] | None:
    return ["T", "a", "b", "c", "d"] if workload.variables == 5 else None


def _by_hand(workload: Workload, count: int) -> Jacobians:
    return _filling(workload, workload.hand)


def _numba(workload: Workload, count: int) -> Jacobians:
    return _filling(workload, loops.compiled(workload.loop))


def _filling(workload: Workload, fill: Callable[[Floats, Floats], None]) -> Jacobians:
    m = 4 if workload.variables == 5 else workload.variables

    def jacobians(x: Floats) -> Floats:
        J = np.empty((len(x), m, workload.variables))
        fill(x, J)
        return J

    return jacobians


def _jax(mode: str) -> Callable[[Workload, int], Jacobians]:
    def tool(workload: Workload, count: int) -> Jacobians:
        jax = module("jax")
        jax.config.update("jax_enable_x64", True)
        m = module("jax.numpy")
        slope = getattr(jax, mode)(lambda x: m.stack(workload.build(m, x)))
        run = jax.jit(jax.vmap(slope))
        return lambda x: run(x).block_until_ready()

    return tool


def _torch(workload: Workload, count: int) -> Jacobians:
    torch = module("torch")
    slope = torch.func.jacrev(lambda x: torch.stack(workload.build(torch, x)))
    run = torch.func.vmap(slope)
    return lambda x: run(torch.from_numpy(x)).numpy()


def _casadi(workload: Workload, count: int) -> Jacobians:
    casadi = module("casadi")
    x = casadi.SX.sym("x", workload.variables)
    f = casadi.vertcat(*workload.build(casadi, x))
    slope = casadi.Function("J", [x], [casadi.densify(casadi.jacobian(f, x))])
    run = slope.map(count, "thread", 2)
    m, n = f.shape[0], workload.variables
    return lambda x: run(x.T).full().reshape(m, len(x), n).transpose(1, 0, 2)


def _lambdify(workload: Workload, count: int) -> Jacobians:
    sympy = module("sympy")
    x = sympy.symbols(f"x:{workload.variables}")
    J = sympy.Matrix(workload.build(sympy, x)).jacobian(x)
    function = sympy.lambdify(x, list(J), modules="numpy", cse=True)

    def jacobians(points: Floats) -> Floats:
        result = np.empty((len(points), *J.shape))
        flat = result.reshape(len(points), -1)
        for k, entry in enumerate(function(*points.T)):
            flat[:, k] = entry
        return result

    return jacobians


TOOLS: dict[str, tuple[str, Callable[[Workload, int], Jacobians]]] = {
    "gradcalc": ("numpy", _gradcalc),
    "jax jacfwd": ("jax", _jax("jacfwd")),
    "jax jacrev": ("jax", _jax("jacrev")),
    "torch.func": ("torch", _torch),
    "casadi map": ("casadi", _casadi),
    "lambdify(cse)": ("sympy", _lambdify),
    "numpy by hand": ("numpy", _by_hand),
    "numba by hand": ("numba", _numba),
}


def suite() -> str:
    section = Section(
        "points", "Jacobians at many points", ["jax", "torch", "casadi", "sympy", "numba"]
    )
    tools = {name: tool for name, (package, tool) in TOOLS.items() if installed(package)}
    steady: dict[tuple[str, int], dict[str, float]] = {}
    whole: dict[tuple[str, int], dict[str, float]] = {}
    for name, workload in WORKLOADS.items():
        for count in SIZES:
            x = _points(name, workload, count)
            steady[name, count] = _steady(tools, workload, x)
            if count in (SIZES[0], SIZES[-1]):
                whole[name, count] = _from_nothing(tools, workload, x)
        quick = {tool: make for tool, make in tools.items() if tool not in TOO_SLOW}
        steady[name, HUGE] = _steady(quick, workload, _points(name, workload, HUGE))
    section.say(
        "Every tool makes an array (N, m, n) of doubles. gradcalc, JAX, torch, CasADi and numba "
        "may use all cores; numba compiles Jacobians that were written out by hand. Times are "
        "gradcalc's, the other columns are multiples of it (above 1, gradcalc is ahead)."
    )
    section.say("### Steady state")
    _compared(section, steady, (*SIZES, HUGE))
    section.say("### With set-up and the first call")
    _compared(section, whole, (SIZES[0], SIZES[-1]))
    _aims(section, steady, whole)
    return section.text()


def _points(name: str, workload: Workload, count: int) -> Floats:
    x = np.random.default_rng(0).uniform(0.5, 1.5, (count, workload.variables))
    if name == "Arrhenius network":
        x[:, 0] *= 400
    return x


def _steady(tools: dict[str, Any], workload: Workload, x: Floats) -> dict[str, float]:
    ready = {name: tool(workload, len(x)) for name, tool in tools.items()}
    truth = ready["numpy by hand"](x)[-COMPARED:].copy()
    for name, run in ready.items():
        found = np.asarray(run(x))[-COMPARED:]
        np.testing.assert_allclose(found, truth, rtol=1e-9, atol=1e-9, err_msg=name)
    runs = {name: lambda run=run: run(x) for name, run in ready.items()}
    return medians(runs, ROUNDS, least=0.01, rest=0.01)


def _from_nothing(tools: dict[str, Any], workload: Workload, x: Floats) -> dict[str, float]:
    found: dict[str, list[float]] = {name: [] for name in tools if name != "numpy by hand"}
    for _ in range(FROM_NOTHING):
        for name, times in found.items():
            times.append(once(lambda tool=tools[name]: tool(workload, len(x))(x))[0])  # type: ignore[misc]
    return {name: statistics.median(times) for name, times in found.items()}


def _compared(
    section: Section, found: dict[tuple[str, int], dict[str, float]], sizes: tuple[int, ...]
) -> None:
    peers = [name for name in TOOLS if name != "gradcalc"]
    rows = []
    for (name, count), times in found.items():
        cells = [ratio(times.get(peer), times["gradcalc"]) for peer in peers]
        rows.append([name, f"{count:,}", seconds(times["gradcalc"]), *cells])
    for count in sizes:
        here = [times for (_, n), times in found.items() if n == count]
        means = [_mean(here, peer) for peer in peers]
        cells = ["–" if mean is None else f"**{mean:.2f} ×**" for mean in means]
        rows.append(["**geometric mean**", f"{count:,}", "", *cells])
    section.table(["workload", "points", "gradcalc", *peers], rows)


def _mean(found: list[dict[str, float]], peer: str) -> float | None:
    """Geometric mean of a peer's times over gradcalc's."""
    if any(peer not in times for times in found):
        return None
    return statistics.geometric_mean([times[peer] / times["gradcalc"] for times in found])


def _aims(section: Section, steady: dict[Any, Any], whole: dict[Any, Any]) -> None:
    """Targets read from the million points: gradcalc's time over the peer's."""
    largest = [times for (_, n), times in steady.items() if n == SIZES[-1]]
    for peer in ("torch.func", "lambdify(cse)", "casadi map"):
        if all(peer in times for times in largest):
            worst = max(times["gradcalc"] / times[peer] for times in largest)
            section.targets.append(Target(f"steady, worst workload: gradcalc / {peer}", 1, worst))
    jax, numba = ("jax jacfwd", "jax jacrev"), ("numba by hand",)
    for label, found, most, count, peers in (
        *((f"{n:,} points", steady, 0.6, n, jax) for n in (*SIZES, HUGE)),
        *((f"{n:,} points", steady, 2.0, n, numba) for n in SIZES),
        *((f"with set-up, {n:,} points", whole, 0.2, n, jax) for n in (SIZES[0], SIZES[-1])),
    ):
        here = [times for (_, n), times in found.items() if n == count]
        if any(peer not in times for times in here for peer in peers):
            continue
        ratios = [times["gradcalc"] / min(times[peer] for peer in peers) for times in here]
        name = "JAX's better mode" if peers == jax else peers[0]
        label = f"{label}, geometric mean: gradcalc / {name}"
        section.targets.append(Target(label, most, statistics.geometric_mean(ratios)))
