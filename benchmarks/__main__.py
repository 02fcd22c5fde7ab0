"""``python -m benchmarks`` lists the suites; ``python -m benchmarks NAME …`` runs some."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from benchmarks import report
from benchmarks.measure import ROOT

SUITES = {
    "startup": "whole processes against the import of the packages they need",
    "text": "megabytes of expression text to a gradient, and cheap gradients",
    "points": "Jacobians at 10³ to 10⁷ points",
    "sparse": "sparse Jacobians of 10,000 to 100,000 variables",
    "linear": "linear models against hand and python-control",
    "deep": "deep and narrow graphs, per node",
    "solvers": "whole runs of scipy's solvers with our derivatives",
    "uncertainty": "uncertainty budgets beside the packages made for them",
    "code": "code in C, and formulas, until they are there",
    "batch": "files of points, CSV to CSV, whole processes",
    "cluster": "a data set by two workers, and tasks through a scheduler",
    "eager": "the eager engine, operation by operation",
}
SCRIPTS = {"batch", "eager"}
"""Suites that are scripts with options of their own; they write a document of their own."""


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in SUITES]
    if unknown or not names:
        for name, purpose in SUITES.items():
            print(f"{name:11} {purpose}")
        return 2 if unknown else 0
    for name in names:
        text = _script(name) if name in SCRIPTS else import_module(f"benchmarks.{name}").suite()
        report.write(name, text, list(SUITES))
        print(text)
    return 0


def _script(name: str) -> str:
    """The document of a script, its headings one level down."""
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "section.md"
        command = [sys.executable, f"benchmarks/{name}.py", "--write", str(document)]
        subprocess.run(command, cwd=ROOT, check=True)
        lines = document.read_text().strip().splitlines()
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
