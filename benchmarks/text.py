"""Expression text, up to megabytes of it, to values and gradients.

Every figure of this suite comes from a process of its own: ``python -m benchmarks.text TOOL
WORKLOAD SIZE`` prints one tool's as JSON. A peer's process measures gradcalc too, in turns, so that
the ratio of repeated gradients is of one process.
"""

from __future__ import annotations

import gc
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import chart
from benchmarks.measure import ROOT, installed, medians, module, once, worker
from benchmarks.report import Section, Target, ratio, seconds
from benchmarks.workloads import WORKLOADS, Workload

SIZES = (100, 1_000, 10_000, 100_000)
LARGEST = 320_000
"""For gradcalc alone: 16 megabytes, the longest text that it takes, and 2.9 million nodes."""

PEERS = {"casadi": 60, "symengine": 15, "sympy": 15, "autograd": 15}
"""The peers and the seconds after which they are stopped."""

Figures = dict[str, float]
Ready = Callable[[], Any]


def suite() -> str:
    section = Section("text", "Text to gradient", ["sympy", "symengine", "casadi", "autograd"])
    _rosenbrock(section)
    _smaller(section)
    return section.text()


def _rosenbrock(section: Section) -> None:
    ours = {n: _figures("gradcalc", "rosenbrock", n, 120) for n in (*SIZES, LARGEST)}
    section.say("### The extended Rosenbrock function, written out as text; gradcalc")
    section.table(
        ["variables", "text", "nodes", "compile", "processor", "first value", "value",
         "first gradient", "gradient", "gradient / value", "peak memory"],
        [_our_row(n, figures) for n, figures in ours.items()],
    )  # fmt: skip
    section.targets += [
        Target("10,000 variables: compile", 0.8, ours[10_000]["compile"], " s"),
        Target("10,000 variables: gradient", 2, ours[10_000]["gradient"] * 1e3, " ms"),
        Target(
            "100,000 variables: compile and first gradient",
            1.5,
            ours[100_000]["compile"] + ours[100_000]["first_gradient"],
            " s",
        ),
        Target("100,000 variables: peak memory", 1500, ours[100_000]["megabytes"], " MB"),
        Target("growth exponent of compiling, 10³ to 10⁵", 1.05, _exponent(ours, "compile")),
        Target("the same, processor time", 1.05, _exponent(ours, "processor")),
    ]
    for n in (*SIZES[2:], LARGEST):
        cheap = ours[n]["gradient"] / ours[n]["value"]
        section.targets.append(Target(f"{n:,} variables: gradient / value", 4, cheap))
    section.say(
        "Compiling is parsing and scheduling: the median of five in wall time, and in processor "
        "time, which other work on the machine lengthens less; of three for 100,000 variables, "
        "and a single one above."
    )
    section.say("![How cost grows](growth.svg)")
    theirs = {peer: _up_to_the_limit(peer) for peer in ("casadi", "symengine", "sympy")}
    section.say(
        "Peers, each in a process of its own that is stopped at its limit. Set-up is parsing and "
        "differentiating; for CasADi, which has no parser, it is building the graph by Python "
        "calls and differentiating. The ratios are to gradcalc: of set-up plus first gradient, and "
        "of repeated gradients measured in turns in one process, in processor time."
    )
    rows = [row for n, row in _peer_rows(theirs, ours)]
    section.table(["peer", "variables", "set-up", "of ours", "gradient", "of ours"], rows)
    for peer, found in theirs.items():
        for n, figures in zip(SIZES, found, strict=True):
            if not isinstance(figures, str):
                section.targets.append(_ahead(f"{n:,} variables", peer, figures))
    casadi = theirs["casadi"][2]
    if not isinstance(casadi, str):
        whole = ours[10_000]["compile"] + ours[10_000]["first_gradient"]
        section.targets += [
            Target("10,000 variables: whole path / CasADi's graph building alone", 0.25,
                   whole / casadi["build"]),
        ]  # fmt: skip
    _draw(ours, theirs["casadi"])


def _ahead(name: str, peer: str, figures: Figures) -> Target:
    return Target(f"{name}: gradient / {peer}'s", 1, figures["ours"] / figures["gradient"])


def _exponent(ours: dict[int, Figures], name: str) -> float:
    """The slope from 10³ to 10⁵ variables on logarithmic axes, fitted by least squares."""
    sizes = SIZES[1:]
    slope, _ = np.polyfit(np.log(sizes), np.log([ours[n][name] for n in sizes]), 1)
    return float(slope)


def _up_to_the_limit(peer: str) -> list[Figures | str]:
    """A peer's figures size by size; what is larger than a size it did not manage is not tried."""
    if not installed(peer):
        return ["absent"] * len(SIZES)
    found: list[Figures | str] = []
    for n in SIZES:
        stopped = found and isinstance(found[-1], str)
        limit = PEERS[peer]
        found.append(
            "not tried" if stopped else worker("text", peer, "rosenbrock", str(n), limit=limit)
        )
    return found


def _figures(tool: str, workload: str, size: int, limit: float) -> Figures:
    found = worker("text", tool, workload, str(size), limit=limit)
    if isinstance(found, str):
        raise RuntimeError(f"{tool} {workload} {size}: {found}")
    return found


def _our_row(n: int, f: Figures) -> list[str]:
    names = ("compile", "processor", "first_value", "value", "first_gradient", "gradient")
    times = [seconds(f[name]) for name in names]
    size = f"{f['bytes'] / 1e3:,.0f} kB"
    nodes = f"{f['nodes']:,}"
    return [
        f"{n:,}",
        size,
        nodes,
        *times,
        ratio(f["gradient"], f["value"]),
        f"{f['megabytes']:.0f} MB",
    ]


def _peer_rows(
    theirs: dict[str, list[Figures | str]], ours: dict[int, Figures]
) -> list[tuple[int, list[str]]]:
    rows = []
    for peer, found in theirs.items():
        for n, figures in zip(SIZES, found, strict=True):
            if isinstance(figures, str):
                rows.append((n, [peer, f"{n:,}", figures, "", "", ""]))
                continue
            whole = ours[n]["compile"] + ours[n]["first_gradient"]
            cells = [seconds(figures["setup"]), ratio(figures["setup"], whole)]
            cells += [seconds(figures["gradient"]), ratio(figures["gradient"], figures["ours"])]
            rows.append((n, [peer, f"{n:,}", *cells]))
    return rows


def _draw(ours: dict[int, Figures], casadi: list[Figures | str]) -> None:
    lines = {
        name: [(n, figures[key]) for n, figures in ours.items()]
        for name, key in (("compile", "compile"), ("gradient", "gradient"), ("value", "value"))
    }
    measured = [(n, f) for n, f in zip(SIZES, casadi, strict=False) if not isinstance(f, str)]
    if measured:
        lines["CasADi set-up"] = [(n, f["setup"]) for n, f in measured]
        lines["CasADi gradient"] = [(n, f["gradient"]) for n, f in measured]
    svg = chart.growth("Extended Rosenbrock: seconds by variables", lines)
    (ROOT / "benchmarks" / "growth.svg").write_text(svg)


def _smaller(section: Section) -> None:
    section.say("### Other scalar functions")
    rows = []
    for workload, size in (("speelpenning", 10_000), ("nested", 10_000), ("likelihood", 200)):
        ours = _figures("gradcalc", workload, size, 60)
        whole = ours["compile"] + ours["first_gradient"]
        name = f"{workload}, {size:,}"
        gradient = [seconds(ours["gradient"]), "1.00 ×", ratio(ours["gradient"], ours["value"])]
        rows.append([name, "gradcalc", seconds(whole), "1.00 ×", *gradient])
        if ours["nodes"] >= 10_000:
            cheap = ours["gradient"] / ours["value"]
            section.targets.append(Target(f"{name}: gradient / value", 4, cheap))
        for peer, limit in PEERS.items():
            found = (
                worker("text", peer, workload, str(size), limit=limit) if installed(peer) else ""
            )
            rows.append([name, peer, *_peer_cells(found, whole)])
            if found and not isinstance(found, str):
                section.targets.append(_ahead(name, peer, found))
    header = ["function", "tool", "set-up", "of ours", "gradient", "of ours", "gradient / value"]
    section.table(header, rows)


def _peer_cells(found: Figures | str, whole: float) -> list[str]:
    if isinstance(found, str):
        return [found or "absent", "", "", "", ""]
    cells = [seconds(found["setup"]), ratio(found["setup"], whole), seconds(found["gradient"])]
    return [*cells, ratio(found["gradient"], found["ours"]), ""]


# --- the processes --------------------------------------------------------------------------------


def gradcalc(workload: Workload, size: int) -> Figures:
    """gradcalc alone: every stage, and the peak memory of it all."""
    import gradcalc as library

    text, x = workload.text(size), workload.point(size)
    library.compile("x").gradient([1.0])

    def compiled() -> Any:
        program = library.compile(text)
        return program if program.schedule else None

    walls, processors = [], []
    for _ in range(5 if size <= 10_000 else 3 if size <= 100_000 else 1):
        program = None  # a second one would be a second peak
        processor = time.process_time()
        wall, program = once(compiled)
        walls.append(wall)
        processors.append(time.process_time() - processor)
    if program.variables != tuple(workload.names(size)):
        raise RuntimeError("the variables are not those of the workload")
    first_value, first_gradient = once(lambda: program(x))[0], once(lambda: program.gradient(x))[0]
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    gc.collect()
    runs = {"value": lambda: program(x), "gradient": lambda: program.gradient(x)}
    repeated = medians(runs, 15, clock=time.process_time)
    return {
        "bytes": len(text),
        "nodes": len(program.graph),
        "compile": statistics.median(walls),
        "processor": statistics.median(processors),
        "first_value": first_value,
        "first_gradient": first_gradient,
        "megabytes": megabytes,
        **repeated,
    }


def _casadi(workload: Workload, size: int) -> tuple[Ready, float]:
    casadi = module("casadi")
    n = workload.variables(size)

    def build() -> Any:
        x = casadi.SX.sym("x", n)
        return x, workload.build(casadi, casadi.vertsplit(x) if n > 1 else [x], size)

    build_seconds, (x, f) = once(build)
    function = casadi.Function("g", [x], [casadi.gradient(f, x)])
    point = casadi.DM(workload.point(size))
    return lambda: np.asarray(function(point)).ravel(), build_seconds


def _symengine(workload: Workload, size: int) -> tuple[Ready, float]:
    symengine = module("symengine")
    x = [symengine.Symbol(name) for name in workload.names(size)]
    parse_seconds, f = once(lambda: symengine.sympify(workload.text(size)))
    function = symengine.Lambdify(x, [f.diff(v) for v in x])
    point = workload.point(size)
    return lambda: np.asarray(function(point)).ravel(), parse_seconds


def _sympy(workload: Workload, size: int) -> tuple[Ready, float]:
    sympy = module("sympy")
    x = sympy.symbols(workload.names(size))
    parse_seconds, f = once(lambda: sympy.sympify(workload.text(size)))
    function = sympy.lambdify([x], [sympy.diff(f, v) for v in x], cse=True)
    point = workload.point(size)
    return lambda: np.asarray(function(point)), parse_seconds


def _autograd(workload: Workload, size: int) -> tuple[Ready, float]:
    library, m = module("autograd"), module("autograd.numpy")
    names = workload.names(size)
    function = library.grad(lambda x: workload.build(m, [x[i] for i in range(len(names))], size))
    point = workload.point(size)
    return lambda: function(point), 0.0


def peer(name: str, workload: Workload, size: int) -> Figures:
    """A peer: set-up with the first gradient, and gradients in turns with gradcalc's."""
    import gradcalc as library

    tools = {"casadi": _casadi, "symengine": _symengine, "sympy": _sympy, "autograd": _autograd}
    sys.setrecursionlimit(1_000_000)
    module(name)

    def first() -> Any:
        ready, build = tools[name](workload, size)
        return ready, build, ready()

    setup, (ready, build, gradient) = once(first)
    program, x = library.compile(workload.text(size)), workload.point(size)
    np.testing.assert_allclose(gradient, program.gradient(x), rtol=1e-8, atol=1e-10)
    rounds = 3 if setup > 5 else 9
    runs = {"gradient": ready, "ours": lambda: program.gradient(x)}
    repeated = medians(runs, rounds, clock=time.process_time)
    return {"setup": setup, "build": build, **repeated}


if __name__ == "__main__":
    tool, chosen, count = sys.argv[1:]
    here = WORKLOADS[chosen]
    if tool == "gradcalc":
        print(json.dumps(gradcalc(here, int(count))))
    else:
        print(json.dumps(peer(tool, here, int(count))))
