"""Whole processes, from the shell's point of view."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import process
from benchmarks.report import Section, Target

ROUNDS = 15
QUESTION = ["jacobian", "x1**2+3*x2, x2**2+2*x1", "--at", "2,3"]

EXIT_CODES = {"a syntax error": 3}

# Each command, the import that it is measured against, and how many times that it may take.
COMMANDS: dict[str, tuple[list[str], str, float]] = {
    "gradcalc --help": (["--help"], "typer", 1.2),
    "gradcalc --version": (["--version"], "typer", 1.2),
    "a syntax error": (["grad", "x**", "--at", "3"], "typer", 1.2),
    "unchecked JSON": ([*QUESTION, "--no-check", "-f", "json"], "numpy", 1.8),
    "the checked table": (QUESTION, "sympy", 1.5),
}


def suite() -> str:
    section = Section("startup", "Start-up", ["typer", "rich", "sympy"])
    gradcalc = Path(sys.executable).with_name("gradcalc")
    commands = {name: [str(gradcalc), *words] for name, (words, _, _) in COMMANDS.items()}
    for package in dict.fromkeys(package for _, package, _ in COMMANDS.values()):
        commands[package] = [sys.executable, "-c", f"import {package}"]
    with tempfile.TemporaryDirectory() as compiled:
        found = _rounds(commands, compiled)
    rows = []
    for name, (_, package, most) in COMMANDS.items():
        # Turn by turn: what slowed one process down slowed its neighbour down too.
        pairs = zip(found[name], found[package], strict=True)
        times = statistics.median(mine / theirs for mine, theirs in pairs)
        section.targets.append(Target(f"{name} / `import {package}`", most, times, " ×"))
        medians = (statistics.median(found[key]) * 1e3 for key in (name, package))
        rows.append([name, *(f"{median:.0f} ms" for median in medians), f"{times:.2f} ×"])
    section.say(
        f"Medians of {ROUNDS} rounds of whole processes, taking turns; the ratio is the median of "
        "the rounds' ratios. Modules are compiled beforehand, as after an installation."
    )
    section.table(["command", "gradcalc", "the import alone", "ratio"], rows)
    return section.text()


def _rounds(commands: dict[str, list[str]], compiled: str) -> dict[str, list[float]]:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for name, command in commands.items():
        code = process(command, environment).code
        if code != EXIT_CODES.get(name, 0):
            raise RuntimeError(f"{name}: exit code {code}")
    found: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            found[name].append(process(command, environment).seconds)
    return found
