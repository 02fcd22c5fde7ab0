"""One way down: who may import whom, and who may import what is heavy.

Every import counts: at the head of a module, deferred into a function, or under TYPE_CHECKING.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import gradcalc

HOUSE = Path(gradcalc.__file__).parent

FLOORS = [
    ["__main__"],
    ["cli"],
    ["__init__"],
    ["api"],
    ["program"],
    ["page", "plot"],
    ["render"],
    ["batch"],
    ["claims"],
    ["check"],
    ["autograd", "code", "explain", "linear", "uncertainty"],
    ["engine", "formulas"],
    ["calculus"],
    ["language"],
    ["graph"],
    ["functions"],
    ["errors"],
    ["limits"],
]
"""From the top down: a room imports from itself and from lower floors."""

DOORS = {"__init__", "__main__", "api", "limits", "program"}
"""The files at the root of the package."""

HEAVY = {
    "numpy": {"autograd", "batch", "calculus", "check", "claims", "cli", "code", "engine",
              "explain", "functions", "graph", "language", "plot", "linear", "render",
              "uncertainty"},
    "scipy": {"engine", "functions", "linear", "uncertainty"},
    "sympy": {"check", "formulas"},
    "mpmath": {"functions"},
    "flint": {"check", "functions"},
    "polars": {"batch"},
    "fsspec": {"batch"},
    "pyarrow": {"batch"},
    "distributed": {"batch"},
    "rich": {"cli", "render"},
    "matplotlib": {"render"},
    "typer": {"cli"},
}  # fmt: skip
"""Rooms that may import a package from outside. The table's rows name functions of scipy, sympy and
mpmath through ``functions/row.py``, which imports each when it is called."""

LATER = {"Lazy", "import_module"}
"""What imports a module of ours by its name, when it is called."""


class Import:
    """``file`` imports ``module``, a dotted name, at ``line``."""

    def __init__(self, file: str, module: str, line: int) -> None:
        self.file, self.module, self.line = file, module, line

    def __repr__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def dotted(path: Path) -> str:
    """``gradcalc.graph.graph``; of a package's __init__ the package."""
    parts = ("gradcalc", *path.relative_to(HOUSE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> frozenset[str]:
    return frozenset(dotted(path) for path in HOUSE.rglob("*.py"))


def imports_of(file: str, text: str) -> Iterator[Import]:
    """Every import of a module's text; of ``from a import b`` the module b, where b is one."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(file, name.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: imports are absolute"
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                module = inner if inner in modules() else node.module or ""
                yield Import(file, module, node.lineno)
        elif isinstance(node, ast.Call):
            said = [name.value for name in node.args if isinstance(name, ast.Constant)]
            called = getattr(node.func, "id", "")
            if said and (called == "loaded" or (called in LATER and said[0] in modules())):
                yield Import(file, said[0], node.lineno)


@cache
def imports() -> tuple[Import, ...]:
    found = []
    for path in sorted(HOUSE.rglob("*.py")):
        found += imports_of(dotted(path), path.read_text())
    return tuple(found)


def ours() -> list[Import]:
    return [i for i in imports() if i.module in modules()]


def room(module: str) -> str:
    """The folder of the package, or the file at its root."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def floor(module: str) -> int:
    return next(k for k, rooms in enumerate(FLOORS) if room(module) in rooms)


def upward(found: list[Import]) -> list[Import]:
    """What goes up, or across to a neighbour on the same floor."""
    return [
        i for i in found
        if room(i.file) != room(i.module) and floor(i.module) <= floor(i.file)
    ]  # fmt: skip


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """Files, or rooms, that import each other in a loop; empty where none do."""
    left = {name: below - {name} for name, below in arrows.items()}

    def loose() -> list[str]:
        used = set().union(*left.values())
        return [name for name, below in left.items() if not below & left.keys() or name not in used]

    while free := loose():
        for name in free:
            del left[name]
    return sorted(left)


def arrows(found: list[Import], of: str = "file") -> dict[str, set[str]]:
    name = room if of == "room" else str
    made: dict[str, set[str]] = {}
    for i in found:
        made.setdefault(name(i.file), set()).add(name(i.module))
    return made


def test_every_room_has_a_floor() -> None:
    rooms = {room(module) for module in modules()}
    assert rooms == {name for names in FLOORS for name in names}


def test_no_import_points_up() -> None:
    assert upward(ours()) == []


def test_an_import_that_points_up_is_found_wherever_it_stands() -> None:
    text = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from gradcalc.engine.program import Program\n"
        "def f():\n    import gradcalc.cli.app\n    from gradcalc.language import parser\n"
        "later = Lazy('gradcalc.render.table')\n"
    )
    planted = [i for i in imports_of("gradcalc.graph.graph", text) if i.module in modules()]
    assert [i.line for i in upward(planted)] == [3, 5, 6, 7]


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circle(arrows(ours())) == []


def test_no_rooms_import_each_other_in_a_circle() -> None:
    assert circle(arrows(ours(), "room")) == []


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": set()}) == ["a", "b", "c"]


def test_the_way_down_is_written_down() -> None:
    text = (HOUSE.parent / "CONTRIBUTING.md").read_text("utf-8")
    rows = re.findall(r"^\| ((?:`[\w./]+`(?:, )?)+) \|", text, re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"[\w.]+", row)]
    rooms = [name.removesuffix(".py") for name in names]
    assert set(rooms) == {room(module) for module in modules()} - {"__init__", "__main__", "api"}
    floors = [next(k for k, names in enumerate(FLOORS) if name in names) for name in rooms]
    assert floors == sorted(floors)


def test_few_files_stand_at_the_root() -> None:
    assert {path.stem for path in HOUSE.glob("*.py")} == DOORS
    assert len(DOORS) <= 5


@pytest.mark.parametrize("package", HEAVY)
def test_who_imports_what_is_heavy(package: str) -> None:
    rooms = {room(i.file) for i in imports() if i.module.split(".")[0] == package}
    assert rooms == HEAVY[package]
