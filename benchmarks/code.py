"""Code and formulas: how long they take to be made, and a compiler to take them."""

from __future__ import annotations

import resource
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.report import Section, Target
from gradcalc.calculus.kinds import KINDS
from gradcalc.code.printing import generate
from gradcalc.formulas.derivative import derive
from gradcalc.graph.graph import Graph
from gradcalc.language import parse
from tests.code.test_every_language import rosenbrock
from tests.formulas.test_derivative import THE_TWELVE


def suite() -> str:
    section = Section("code", "Code and formulas")
    _code(section)
    _formulas(section)
    return section.text()


def _compiled(source: str, level: str) -> float:
    """Processor seconds of gcc alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "f.c").write_text(source)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(["gcc", "-std=c99", level, "-c", "f.c"], cwd=folder, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _code(section: Section) -> None:
    section.say("### The extended Rosenbrock function and its gradient as C; processor seconds")
    rows = []
    for n in (100, 1000):
        graph = parse(rosenbrock(n))
        start = time.process_time()
        printed = generate(graph, "c", ("f", "gradient"))
        text = printed.text()
        made = time.process_time() - start
        plain, optimised = (_compiled(text, level) for level in ("-O0", "-O1"))
        rows.append([f"{n:,}", f"{text.count(chr(10)):,}", f"{made:.2f} s", f"{plain:.1f} s",
                     f"{optimised:.1f} s"])  # fmt: skip
    section.table(["variables", "lines", "made", "gcc -O0", "gcc -O1"], rows)
    section.targets += [
        Target("1,000 variables as C: made", 1, made, " s"),
        Target("the same: gcc -O1, processor", 10, optimised, " s"),
    ]


def _least(graph: Graph) -> float:
    times = []
    for _ in range(30):
        start = time.process_time()
        derive(graph, KINDS["jacobian"])
        times.append(time.process_time() - start)
    return min(times)


def _formulas(section: Section) -> None:
    times = {name: _least(anchor.graph) for name, anchor in THE_TWELVE.items()}
    section.say("### Jacobians as formulas, without --simplify; processor time, the least of 30")
    section.table(
        ["problem", "time"], [[name, f"{1e3 * took:.2f} ms"] for name, took in times.items()]
    )
    section.targets.append(Target("the slowest", 5, 1e3 * max(times.values()), " ms"))
