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

CHECKED, UNCHECKED, EMPTY = "the checked table", "the unchecked table", "empty"

EXIT_CODES = {"a syntax error": 3}

# Each command, the import that it is measured against, and how many times that it may take.
COMMANDS: dict[str, tuple[list[str], str, float]] = {
    "gradcalc --help": (["--help"], "typer", 1.2),
    "gradcalc --version": (["--version"], "typer", 1.2),
    "a syntax error": (["grad", "x**", "--at", "3"], "typer", 1.2),
    "unchecked JSON": ([*QUESTION, "--no-check", "-f", "json"], "numpy", 1.8),
    CHECKED: (QUESTION, "sympy", 1.5),
}


def suite() -> str:
    section = Section("startup", "Start-up", ["typer", "rich", "sympy"])
    gradcalc = Path(sys.executable).with_name("gradcalc")
    commands = {name: [str(gradcalc), *words] for name, (words, _, _) in COMMANDS.items()}
    for package in dict.fromkeys(package for _, package, _ in COMMANDS.values()):
        commands[package] = [sys.executable, "-c", f"import {package}"]
    commands[UNCHECKED] = [str(gradcalc), *QUESTION, "--no-check"]
    commands[EMPTY] = [sys.executable, "-c", "pass"]
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
    rows += _verdict(found, section)
    section.say(
        f"Medians of {ROUNDS} rounds of whole processes, taking turns; the ratio is the median of "
        "the rounds' ratios. Modules are compiled beforehand, as after an installation. The "
        "verdict is the checked table less the unchecked one; *alone*, it is also less what "
        "`import sympy` adds to an empty Python, more than it adds where numpy is already loaded."
    )
    section.table(["command", "gradcalc", "the import alone", "ratio"], rows)
    return section.text()


def _verdict(found: dict[str, list[float]], section: Section) -> list[list[str]]:
    """What a verdict takes, with the import of sympy and beside it."""
    four = list(zip(*(found[name] for name in (CHECKED, UNCHECKED, "sympy", EMPTY)), strict=True))
    added = [checked - plain for checked, plain, _, _ in four]
    alone = [more - (sympy - empty) for more, (_, _, sympy, empty) in zip(added, four, strict=True)]
    rows = []
    for name, costs in (("the verdict, sympy included", added), ("the verdict alone", alone)):
        pairs = zip(costs, found["sympy"], strict=True)
        times = statistics.median(mine / theirs for mine, theirs in pairs)
        medians = (statistics.median(column) * 1e3 for column in (costs, found["sympy"]))
        rows.append([name, *(f"{median:.0f} ms" for median in medians), f"{times:.2f} ×"])
    section.targets.append(Target("the verdict alone / `import sympy`", 0.5, times, " ×"))
    return rows


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
