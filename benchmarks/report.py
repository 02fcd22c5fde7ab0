"""What a suite found, as its section of RESULTS.md."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")

HEAD = """# What was measured

`python -m benchmarks NAME` measures one suite and rewrites its section, and nothing else. Repeated
figures are medians over rounds in which the tools took turns; a first call or a set-up is a single
measurement where nothing else is said. Quote the ratios: the machine was shared and busy. A target
that was not met says so.
"""


@dataclass(frozen=True)
class Target:
    """What a figure should be at most, and what it was."""

    what: str
    most: float
    measured: float
    unit: str = ""

    @property
    def cells(self) -> list[str]:
        verdict = "met" if self.measured <= self.most else "**not met**"
        return [
            self.what,
            f"≤ {self.most:g}{self.unit}",
            f"{self.measured:.3g}{self.unit}",
            verdict,
        ]


@dataclass
class Section:
    """A suite's part of the results: paragraphs and tables in markdown, and the targets."""

    name: str
    title: str
    packages: Sequence[str] = ()
    body: list[str] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.body.append(text)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.body.append(table(header, rows))

    def text(self) -> str:
        parts = [
            f"## {self.title}",
            f"`python -m benchmarks {self.name}`: {machine(self.packages)}",
        ]
        if self.targets:
            rows = [target.cells for target in self.targets]
            parts.append(table(["target", "wanted", "measured", ""], rows))
        return "\n\n".join([*parts, *self.body])


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine(packages: Sequence[str]) -> str:
    """Cores, versions and date; what is not installed is said to be absent."""
    versions = []
    for name in ("numpy", *packages):
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            versions.append(f"{name} absent")
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{', '.join(versions)}; {time.strftime('%Y-%m-%d')}."
    )


def seconds(value: float | None) -> str:
    """A time in a unit that suits it."""
    if value is None:
        return "–"
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def ratio(value: float | None, unit: float | None) -> str:
    return f"{value / unit:.2f} ×" if value is not None and unit else "–"


def write(name: str, text: str, order: Sequence[str], path: Path = RESULTS) -> None:
    """Replace the section of one suite; sections stand in the order of the suites."""
    old = path.read_text() if path.exists() else ""
    found = re.findall(r"<!-- (\w+) -->\n(.*?)\n<!-- end -->", old, flags=re.DOTALL)
    sections = {**dict(found), name: text}
    parts = [f"<!-- {key} -->\n{sections[key]}\n<!-- end -->" for key in order if key in sections]
    path.write_text("\n".join([HEAD, *("\n".join([part, ""]) for part in parts)]))
