"""Sparse Jacobians: from text, the pattern and the first one, and every one after that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import gradcalc
from benchmarks.measure import installed, medians, module, once
from benchmarks.report import Section, Target, ratio, seconds


@dataclass(frozen=True)
class Workload:
    """The same residuals as text and as calls on a list of numbers."""

    size: int
    text: Callable[[int], str]
    build: Callable[[Any, Any, int], list[Any]]


def _broyden_text(n: int) -> str:
    lines = []
    for i in range(1, n + 1):
        before = f" - x{i - 1}" if i > 1 else ""
        after = f" - 2*x{i + 1}" if i < n else ""
        lines.append(f"(3 - 2*x{i})*x{i}{before}{after} + 1")
    return "\n".join(lines)


def _broyden(m: Any, x: Any, n: int) -> list[Any]:
    return [
        (3 - 2 * x[i]) * x[i]
        - (x[i - 1] if i else 0)
        - (2 * x[i + 1] if i < n - 1 else 0)
        + 1
        for i in range(n)
    ]  # fmt: skip


def _neighbours(i: int, n: int) -> list[int]:
    """The neighbours of point i of a square grid of n points."""
    side = round(n**0.5)
    row, column = divmod(i, side)
    around = ((row - 1, column), (row, column - 1), (row, column + 1), (row + 1, column))
    return [r * side + c for r, c in around if 0 <= r < side and 0 <= c < side]


def _laplacian_text(n: int) -> str:
    lines = []
    for i in range(n):
        around = "".join(f" - x{j + 1}" for j in _neighbours(i, n))
        lines.append(f"4*x{i + 1}{around} - 0.01*exp(x{i + 1})")
    return "\n".join(lines)


def _laplacian(m: Any, x: Any, n: int) -> list[Any]:
    return [
        4 * x[i] - sum((x[j] for j in _neighbours(i, n)), start=0) - 0.01 * m.exp(x[i])
        for i in range(n)
    ]


def _arrow_text(n: int) -> str:
    first = " + ".join(f"x{i}**2" for i in range(1, n + 1))
    return "\n".join([first, *(f"x1*x{i} + x{i}**2" for i in range(2, n + 1))])


def _arrow(m: Any, x: Any, n: int) -> list[Any]:
    first = sum((x[i] ** 2 for i in range(n)), start=0)
    return [first, *(x[0] * x[i] + x[i] ** 2 for i in range(1, n))]


WORKLOADS = {
    "Broyden tridiagonal": Workload(100_000, _broyden_text, _broyden),
    "2-D Laplacian, exp source": Workload(40_000, _laplacian_text, _laplacian),
    "arrow": Workload(10_000, _arrow_text, _arrow),
}


def suite() -> str:
    section = Section("sparse", "Sparse Jacobians", ["scipy", "casadi"])
    gradcalc.compile("x**2, x*y").sparse_jacobian([1.0, 2.0])  # scipy is imported here
    ours, theirs = [], []
    for name, workload in WORKLOADS.items():
        mine, peer = _measure(section, name, workload)
        ours.append(mine)
        theirs.append(peer)
    section.say(
        "### gradcalc\n\nFrom text to a `scipy.sparse` array; a repeated Jacobian is the median of "
        "many at one point, and is compared with one evaluation of the residuals."
    )
    header = ["residuals", "variables", "nonzeros", "compile", "pattern", "first", "repeated",
              "residuals", "repeated / residuals"]  # fmt: skip
    section.table(header, ours)
    section.say(
        "### CasADi\n\nGraph building by Python calls, then `jacobian()` and a `Function`; the "
        "ratios are to gradcalc."
    )
    header = ["residuals", "graph building", "of our compile", "jacobian() and Function", "of ours",
              "repeated", "of ours"]  # fmt: skip
    section.table(header, theirs)
    return section.text()


def _measure(section: Section, name: str, workload: Workload) -> tuple[list[str], list[str]]:
    n = workload.size
    text, x = workload.text(n), np.linspace(-1.0, 0.5, n)
    compiling, program = once(lambda: _compiled(text))
    finding, pattern = once(lambda: program.pattern)
    first, J = once(lambda: program.sparse_jacobian(x))
    runs: dict[str, Callable[[], Any]] = {
        "repeated": lambda: program.sparse_jacobian(x),
        "residuals": lambda: program(x),
    }
    peer = [name, "absent", *[""] * 5]
    if installed("casadi"):
        building, differentiating, function = _casadi(workload)
        point = module("casadi").DM(x)
        difference = abs(function(point).sparse() - J).max()
        if difference > 1e-9:
            raise RuntimeError(f"{name}: CasADi and gradcalc differ by {difference}")
        runs["casadi"] = lambda: function(point)
    times = medians(runs, rounds=11)
    if "casadi" in times:
        peer = [name, seconds(building), ratio(building, compiling), seconds(differentiating),
                ratio(differentiating, finding + first), seconds(times["casadi"]),
                ratio(times["casadi"], times["repeated"])]  # fmt: skip
    if name == "Broyden tridiagonal":
        section.targets += [
            Target(f"{name}, {n:,}: from text", 8, compiling, " s"),
            Target(f"{name}, {n:,}: pattern and first", 0.7, finding + first, " s"),
            Target(f"{name}, {n:,}: repeated / residuals", 3,
                   times["repeated"] / times["residuals"]),
        ]  # fmt: skip
    mine = [name, f"{n:,}", f"{pattern.nonzeros:,}"]
    mine += [seconds(t) for t in (compiling, finding, first, times["repeated"], times["residuals"])]
    return [*mine, ratio(times["repeated"], times["residuals"])], peer


def _compiled(text: str) -> gradcalc.Program:
    """Parsed and scheduled."""
    program = gradcalc.compile(text)
    _ = program.schedule  # made when it is first asked for
    return program


def _casadi(workload: Workload) -> tuple[float, float, Any]:
    casadi = module("casadi")

    def build() -> Any:
        x = casadi.SX.sym("x", workload.size)
        return x, casadi.vertcat(*workload.build(casadi, casadi.vertsplit(x), workload.size))

    building, (x, f) = once(build)
    differentiating, function = once(lambda: casadi.Function("J", [x], [casadi.jacobian(f, x)]))
    return building, differentiating, function
