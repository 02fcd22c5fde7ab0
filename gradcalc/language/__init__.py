"""Text → graph: ``parse`` reads expressions, ``gradcalc.language.points`` points and vectors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gradcalc.errors import BindingError, ExpressionError, Source, Span
from gradcalc.functions.primitives import CONSTANTS, FUNCTIONS
from gradcalc.graph.graph import Graph, bulk_building
from gradcalc.language.arrays import STRUCTURAL, Value
from gradcalc.language.lookalikes import remarks
from gradcalc.language.parser import Parser
from gradcalc.language.reader import Statement
from gradcalc.limits import MOST_CHARACTERS, MOST_ELEMENTS

__all__ = ["natural", "parse"]


def parse(
    text: str,
    *,
    name: str = "",
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    parameters: Mapping[str, Any] | None = None,
    bound: Sequence[str] = (),
    wrt: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    flags_are_numbers: bool = False,
) -> Graph:
    """The graph of an expression text, as INTERFACE.md describes the language.

    ``name`` is where the text came from (a file), '' for the command line. ``shapes`` declares
    array variables, ``parameters`` binds constants (numbers or nested lists of them), ``bound`` are
    names that are variables even if they name a constant (``e``). ``wrt`` orders the variables,
    ``outputs`` chooses among the named values. ``flags_are_numbers`` lets conditions be used as 0
    and 1, for the partials of the primitive table.

    Raises ExpressionError with the guilty span, BindingError for ``wrt`` and ``outputs``.
    """
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(
            f"an expression of more than {MOST_CHARACTERS:,} characters, which is the most"
        )
    with bulk_building():
        parser = Parser(
            Source(text, name),
            shapes=dict(shapes or {}),
            parameters=dict(parameters or {}),
            bound=frozenset(bound),
            flags_are_numbers=flags_are_numbers,
        ).parse()
    graph = parser.graph
    for label, statement in _outputs(parser, outputs):
        parser.meaning.require_output(statement.value, statement.span)
        _add_output(graph, label, statement.value)
    _order_inputs(graph, parser.meaning.variables, wrt)
    names = {**parser.meaning.variables, **parser.meaning.parameters, **parser.named}
    graph.notes += remarks(names, [*CONSTANTS, *FUNCTIONS, *STRUCTURAL])
    return graph


def natural(name: str) -> list[tuple[int, int, str]]:
    """The sort key that puts x2 before x10. (A number is compared by its length first: its value
    would cost the square of its digits.)"""
    word = name.rstrip("0123456789")
    if word.isalpha():  # nearly all: a word and a number
        digits = name[len(word) :]
        return [(1, 0, word), _number_key(digits.lstrip("0"))] if digits else [(1, 0, word)]
    return [_number_key(part.lstrip("0")) if part.isdecimal() else (1, 0, part)
            for part in re.split(r"(\d+)", name) if part]  # fmt: skip


def _number_key(digits: str) -> tuple[int, int, str]:
    return 0, len(digits), digits


def _outputs(parser: Parser, wanted: Sequence[str] | None) -> list[tuple[str, Statement]]:
    """Bare expressions (f1, f2, …), and the named values that no later statement uses."""
    if wanted is None:
        chosen = [s for i, s in enumerate(parser.statements) if not s.name or _is_last(parser, i)]
        if not chosen:  # every named value is used: the last statement is what was meant
            chosen = parser.statements[-1:]
    else:
        missing = [name for name in wanted if name not in parser.named]
        if missing:
            names = ", ".join(parser.named) or "none"
            raise BindingError(
                f"--outputs: '{missing[0]}' is not a named value of the expression",
                source=parser.source,
                hint=f"named values: {names}",
            )
        chosen = [parser.statements[parser.named[name]] for name in wanted]
    return _labelled(chosen)


def _is_last(parser: Parser, index: int) -> bool:
    name = parser.statements[index].name
    return index not in parser.used and parser.named[name] == index


def _labelled(statements: Sequence[Statement]) -> list[tuple[str, Statement]]:
    bare = 0
    labelled = []
    for statement in statements:
        bare += not statement.name
        labelled.append((statement.name or f"f{bare}", statement))
    return labelled


def _add_output(graph: Graph, label: str, value: Value) -> None:
    if isinstance(value, int):
        graph.outputs.append(value)
        graph.output_names.append(label)
        return
    import numpy as np  # already loaded: the value is an array

    for index in np.ndindex(*value.shape):
        graph.outputs.append(int(value[index]))
        graph.output_names.append(f"{label}[{','.join(map(str, index))}]")
    if len(graph.outputs) > MOST_ELEMENTS:
        raise ExpressionError(
            f"this makes more than {MOST_ELEMENTS:,} outputs, which is the most",
            source=graph.source,
            span=graph.span(graph.outputs[-1]),
        )


def _order_inputs(graph: Graph, used: Mapping[str, Value], wrt: Sequence[str] | None) -> None:
    """Columns in natural order, or as ``wrt`` has them; a name in ``wrt`` alone has zero slopes."""
    nodes = dict(zip(graph.variables, graph.inputs, strict=True))
    if wrt is None:
        order = sorted(nodes, key=natural)
    else:
        order = []
        for name in wrt:
            inside = [label for label in nodes if label == name or label.startswith(f"{name}[")]
            if not inside:
                nodes[name] = graph.variable(name)
            order += sorted(inside, key=natural) or [name]
        _require_all(graph, nodes, order)
    graph.variables = order
    graph.inputs = [nodes[label] for label in order]


def _require_all(graph: Graph, nodes: Mapping[str, int], order: Sequence[str]) -> None:
    twice = next((name for name, count in Counter(order).items() if count > 1), None)
    if twice is not None:
        text = ",".join(order)
        end = text.rindex(twice) + len(twice)
        raise BindingError(
            f"--wrt names '{twice}' twice",
            source=Source(text, "--wrt"),
            span=Span(end - len(twice), end),
            hint=f"--wrt {','.join(dict.fromkeys(order))}",
        )
    missing = sorted(set(nodes) - set(order), key=natural)
    if missing:
        raise BindingError(
            f"'{missing[0]}' is not in --wrt and has no value",
            source=graph.source,
            span=graph.span(nodes[missing[0]]),
            hint=f"bind it by name: --at …,{missing[0]}=…, or --param {missing[0]}=…",
        )
