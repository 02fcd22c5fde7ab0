"""Deep and narrow graphs, where a level holds only a few nodes: the cost of one node."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gradcalc
from benchmarks.measure import installed, medians, module, once
from benchmarks.report import Section, Target, ratio, seconds

STEPS = 10_000
NESTED = 100_000


def lotka_volterra(steps: int) -> str:
    """x² + y² after some steps of Runge and Kutta, with dx/dt = x(a - by), dy/dt = y(cx - d)."""
    slopes = "{x}*(a - b*{y})", "{y}*(c*{x} - d)"
    lines: list[str] = ["h = 0.001", "x0 = x", "y0 = y"]
    for i in range(steps):
        for k, (before, share) in enumerate([(0, ""), (1, "h/2"), (2, "h/2"), (3, "h")], start=1):
            for q, at in (("x", f"x{i}"), ("y", f"y{i}")):
                lines.append(f"{q}{i}s{k} = {at} + {share}*{q}{i}k{before}" if share else "")
            x, y = (f"{q}{i}s{k}" if share else f"{q}{i}" for q in "xy")
            for q, slope in zip("xy", slopes, strict=True):
                lines.append(f"{q}{i}k{k} = {slope.format(x=x, y=y)}")
        for q in "xy":
            k1, k2, k3, k4 = (f"{q}{i}k{j}" for j in range(1, 5))
            total = f"{k1} + 2*{k2} + 2*{k3} + {k4}"
            lines.append(f"{q}{i + 1} = {q}{i} + h/6*({total})")
    lines.append(f"x{steps}**2 + y{steps}**2")
    return "\n".join(line for line in lines if line)


def _lotka_volterra(m: Any, at: Any) -> Any:
    a, b, c, d, x, y = (at[i] for i in range(6))
    h = 0.001

    def slope(x: Any, y: Any) -> tuple[Any, Any]:
        return x * (a - b * y), y * (c * x - d)

    for _ in range(STEPS):
        p1, q1 = slope(x, y)
        p2, q2 = slope(x + h / 2 * p1, y + h / 2 * q1)
        p3, q3 = slope(x + h / 2 * p2, y + h / 2 * q2)
        p4, q4 = slope(x + h * p3, y + h * q3)
        x = x + h / 6 * (p1 + 2 * p2 + 2 * p3 + p4)
        y = y + h / 6 * (q1 + 2 * q2 + 2 * q3 + q4)
    return x**2 + y**2


def _nested(m: Any, at: Any) -> Any:
    value = at[0]
    for _ in range(NESTED):
        value = m.sin(value)
    return value


Workload = tuple[Callable[[], str], list[float], Callable[[Any, Any], Any], float]
"""Text, point, the same for CasADi, and the nanoseconds that a node of the gradient should take."""
WORKLOADS: dict[str, Workload] = {
    f"Lotka-Volterra, {STEPS:,} steps of RK4": (
        lambda: lotka_volterra(STEPS),
        [1.1, 0.4, 0.1, 0.4, 10.0, 5.0],
        _lotka_volterra,
        8,
    ),
    f"sin, nested {NESTED:,} times": (
        lambda: "sin(" * NESTED + "x" + ")" * NESTED,
        [0.5],
        _nested,
        20,
    ),
}


def suite() -> str:
    section = Section("deep", "Deep and narrow graphs", ["casadi"])
    rows = []
    for name, (text, x, build, most) in WORKLOADS.items():
        compiling, program = once(lambda text=text: gradcalc.compile(text()), time.process_time)  # type: ignore[misc]
        first = once(lambda: program.gradient(x), time.process_time)[0]  # noqa: B023
        runs: dict[str, Callable[[], Any]] = {
            "value": lambda: program(x),  # noqa: B023
            "gradient": lambda: program.gradient(x),  # noqa: B023
        }
        setup = None
        if installed("casadi"):
            setup, runs["casadi"] = once(lambda: _casadi(build, x), time.process_time)  # noqa: B023
        times = medians(runs, rounds=21, clock=time.process_time)
        nodes = len(program.graph)
        section.targets += [
            Target(f"{name}: gradient, a node", most, times["gradient"] / nodes * 1e9, " ns"),
            Target(f"{name}: gradient / value", 4, times["gradient"] / times["value"]),
        ]
        casadi = times.get("casadi")
        if casadi is not None:
            ahead = times["gradient"] / casadi
            section.targets.append(Target(f"{name}: gradient / CasADi's", 1, ahead))
        rows.append([name, f"{nodes:,}", seconds(compiling), seconds(first),
                     seconds(times["value"]), seconds(times["gradient"]),
                     ratio(times["gradient"], times["value"]),
                     "absent" if setup is None else ratio(setup, compiling + first),
                     ratio(casadi, times["gradient"])])  # fmt: skip
    header = ["function", "nodes", "compile", "first gradient", "value", "gradient",
              "gradient / value", "CasADi, set-up", "CasADi, gradient"]  # fmt: skip
    section.say(
        "CasADi's columns are multiples of gradcalc's times (its set-up parses nothing). All is "
        "processor time."
    )
    section.table(header, rows)
    return section.text()


def _casadi(build: Callable[[Any, Any], Any], x: list[float]) -> Callable[[], Any]:
    casadi = module("casadi")
    at = casadi.SX.sym("x", len(x))
    parts = casadi.vertsplit(at) if len(x) > 1 else [at]
    function = casadi.Function("g", [at], [casadi.gradient(build(casadi, parts), at)])
    point = casadi.DM(x)
    function(point)
    return lambda: function(point)
