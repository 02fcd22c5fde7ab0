"""Formulas of FPBench's FPCore files, as trees: those that are expressions in real numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.corpora.dual import COMPARISONS, ONE_OPERAND, Tree

_TOKEN = re.compile(r"""[()\[\]]|"(?:\\.|[^"\\])*"|[^\s()\[\]";]+|;[^\n]*""")
_CONSTANTS = {"PI": "3.141592653589793", "E": "2.718281828459045", "LN2": "0.6931471805599453"}
_TWO = {"fmax": "max", "fmin": "min", "hypot": "hypot", "atan2": "atan2", "pow": "**"}


class Formula(NamedTuple):
    """A formula: its name, its variables, what it is, and where its variables lie."""

    name: str
    variables: tuple[str, ...]
    tree: Tree
    ranges: Mapping[str, tuple[float, float]]


class _OtherError(Exception):
    """No formula: a loop, an array, a condition that is none of ours."""


def formulas(folder: Path) -> Iterator[Formula]:
    for path in sorted(folder.rglob("*.fpcore")):
        for core in parsed(path.read_text(encoding="utf-8")):
            try:
                yield _formula(core, path.stem)
            except (_OtherError, IndexError, ValueError):
                continue


def parsed(text: str) -> list[Any]:
    stack: list[list[Any]] = [[]]
    for token in _TOKEN.findall(text):
        if token[0] in "([":
            stack.append([])
        elif token[0] in ")]":
            done = stack.pop()
            stack[-1].append(done)
        elif token[0] != ";":
            stack[-1].append(token)
    return stack[0]


def _formula(core: list[Any], stem: str) -> Formula:
    head, variables, *rest = core
    if head != "FPCore" or not isinstance(variables, list):
        raise _OtherError
    facts: dict[str, Any] = {}
    while len(rest) > 1 and isinstance(rest[0], str) and rest[0].startswith(":"):
        facts[rest[0]], rest = rest[1], rest[2:]
    if not all(isinstance(v, str) for v in variables) or len(rest) != 1:
        raise _OtherError
    renamed = {v: re.sub(r"\W", "_", v) for v in variables}
    tree = tree_of(rest[0], {v: ("name", word) for v, word in renamed.items()})
    ranges = {renamed[v]: span for v, span in _ranges(facts.get(":pre")) if v in renamed}
    name = str(facts.get(":name", stem)).strip('"')
    return Formula(name, tuple(renamed.values()), tree, ranges)


def tree_of(node: Any, names: Mapping[str, Tree]) -> Tree:
    if isinstance(node, str):
        if node in names:
            return names[node]
        if node in _CONSTANTS:
            return "number", _CONSTANTS[node]
        top, _, bottom = node.partition("/")
        number = "number", repr(float(top))
        return ("/", number, ("number", repr(float(bottom)))) if bottom else _signed(number)
    head, *rest = node
    if head in ("let", "let*"):
        inner = dict(names)
        for word, value in rest[0]:
            inner[word] = tree_of(value, inner if head == "let*" else names)
        return tree_of(rest[1], inner)
    if head == "!":
        return tree_of(rest[-1], names)
    if head == "if":
        (test, left, right), yes, no = rest
        if test not in COMPARISONS:
            raise _OtherError
        sides = tree_of(left, names), tree_of(right, names)
        return "where", (test, *sides), tree_of(yes, names), tree_of(no, names)
    parts = [tree_of(part, names) for part in rest]
    if head == "-" and len(parts) == 1:
        return "negative", parts[0]
    if head in ("+", "-", "*", "/") and len(parts) >= 2:
        tree = parts[0]
        for part in parts[1:]:
            tree = (head, tree, part)
        return tree
    if head == "fabs":
        return "abs", *parts
    if head in _TWO and len(parts) == 2:
        return _TWO[head], *parts
    if head in ONE_OPERAND and len(parts) == 1:
        return head, *parts
    raise _OtherError


def _signed(number: Tree) -> Tree:
    return ("negative", ("number", number[1][1:])) if number[1].startswith("-") else number


def _ranges(condition: Any) -> Iterator[tuple[str, tuple[float, float]]]:
    """What a precondition says of single variables: (<= low x high)."""
    if not isinstance(condition, list):
        return
    if condition[0] == "and":
        for part in condition[1:]:
            yield from _ranges(part)
    elif condition[0] in ("<", "<=") and len(condition) == 4:
        low, name, high = condition[1:]
        try:
            yield name, (_value(low), _value(high))
        except (ValueError, TypeError):
            return


def _value(text: str) -> float:
    top, _, bottom = text.partition("/")
    return float(top) / float(bottom or 1)
