"""Kinds of answers: what a row says, and that nobody else says it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import gradcalc
from gradcalc.calculus.kinds import KINDS, OUTPUTS, VARIABLES

PACKAGE = Path(gradcalc.__file__).parent
OWNER = PACKAGE / "calculus" / "kinds.py"


def names(node: ast.AST) -> list[str]:
    """The kinds that an expression names: as a text, or as texts of a collection."""
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    return [part.value for part in parts if isinstance(part, ast.Constant) and part.value in KINDS]


def asks_which_kind(tree: ast.AST) -> Iterator[int]:
    """The lines that compare with the name of a kind, match one, or list several."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            found = [name for part in (node.left, *node.comparators) for name in names(part)]
        elif isinstance(node, ast.MatchValue):
            found = names(node.value)
        elif isinstance(node, ast.Dict):
            keys = [name for key in node.keys if key is not None for name in names(key)]
            found = keys if len(keys) > 1 else []
        elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            found = names(node) if len(names(node)) > 1 else []
        else:
            continue
        if found:
            yield node.lineno


def test_nobody_asks_which_kind_it_is() -> None:
    """What depends on the kind is a field of its row."""
    doors = PACKAGE / "__init__.py"  # it lists its functions
    files = [path for path in PACKAGE.rglob("*.py") if path not in (OWNER, doors)]
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in files
        for line in asks_which_kind(ast.parse(path.read_text("utf-8")))
    ]
    assert not found


@pytest.mark.parametrize(
    "code",
    ['kind == "vjp"', 'kind in ("hessian", "hvp")', '"eval" != kind', 'x = {"vjp": 1, "jvp": 2}'],
)
def test_asking_would_be_noticed(code: str) -> None:
    assert set(asks_which_kind(ast.parse(code))) == {1}


@pytest.mark.parametrize("name", KINDS)
def test_a_row_agrees_with_itself(name: str) -> None:
    kind = KINDS[name]
    assert kind.name == name
    assert len(kind.shape(2, 3)) == len(kind.axes)
    outputs, variables = ["f", "g"][: 1 if kind.of_one else 2], ["x", "y", "z"]
    sizes = {OUTPUTS: len(outputs), VARIABLES: len(variables)}
    count = sizes.get(kind.rows, 1) * sizes.get(kind.columns, 1)
    places = [kind.place(k, outputs, variables) for k in range(count)]
    assert len(set(places)) == count
    assert len({kind.entry(k, outputs, variables) for k in range(count)}) == count
    if kind.head:
        assert len(set(kind.heads(outputs, variables))) == count
