"""Text → graph: ``parse`` reads expressions, ``gradcalc.language.points`` points and vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from gradcalc.errors import BindingError, ExpressionError, Source, beginning
from gradcalc.functions.primitives import CONSTANTS, FUNCTIONS
from gradcalc.graph.graph import BulkBuilding, Graph
from gradcalc.language import corrections, notes
from gradcalc.language.arrays import Value
from gradcalc.language.lookalikes import remarks
from gradcalc.language.names import natural, order_columns, roles, spelled, unread_constants
from gradcalc.language.parser import Parser
from gradcalc.language.reader import Statement
from gradcalc.language.structural import STRUCTURAL
from gradcalc.limits import MOST_CHARACTERS, MOST_ELEMENTS

__all__ = ["natural", "parse"]

LATEX = ("\\", "{", "$")
"""What every text in LaTeX has one of."""


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
    then: str = "",
) -> Graph:
    """The graph of an expression text, as docs/language.md describes it.

    ``name`` is where the text came from (a file), '' for the command line. ``shapes`` declares
    array variables, ``parameters`` binds constants (numbers or nested lists of them), ``bound`` are
    names that are variables even if they name a constant (``e``), and so are those of ``wrt``,
    which orders the columns. ``outputs`` chooses among the named values and f1, f2, …;
    ``flags_are_numbers`` lets conditions be used as 0 and 1, for the partials of the primitive
    table. ``then`` is a second text, whose values are outputs too, after those of the first,
    whichever of these it uses.

    Raises ExpressionError with the offending span, BindingError for names that cannot be bound.
    """
    given = roles(shapes or {}, parameters or {}, bound, wrt)
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(
            f"an expression of more than {MOST_CHARACTERS:,} characters, which is the most"
        )
    options: dict[str, Any] = {
        "shapes": dict(given.shapes),
        "parameters": dict(given.constants),
        "bound": given.bound,
        "flags_are_numbers": flags_are_numbers,
    }
    source = Source(f"{text}\n{then}" if then else text, name)
    formula = None
    if any(mark in source.text for mark in LATEX):
        from gradcalc.language import latex  # deferred: start-up

        formula = latex.plain(source)
    reading = source if formula is None else Source(formula.text, name)
    try:
        with BulkBuilding():
            parser = Parser(reading, **options).parse()
            if then:
                parser.used = _used_before(parser, Parser(_read(text, name), **options).parse())
        graph = parser.graph
        for label, statement in _outputs(parser, outputs):
            _add_output(graph, label, parser.meaning.number(statement.value, statement.span))
    except ExpressionError as error:
        if formula is None:
            corrections.attach(error, lambda text: Parser(Source(text), **options).parse())
        elif error.span is not None:
            error.source, error.span = source, formula.original(error.span)
        raise
    if formula is not None:
        latex.restore(formula, graph, source)
    order_columns(graph, given, parser.meaning.variables)
    if given.constants:
        graph.notes += unread_constants(given, reading.text, parser.meaning.variables)
    graph.notes += notes.of_reading(parser, given.bound)
    names = (*parser.meaning.variables, *parser.meaning.parameters, *parser.named)
    graph.notes += remarks(names, chain(CONSTANTS, FUNCTIONS, STRUCTURAL))
    return graph


def _read(text: str, name: str) -> Source:
    """A text as the parser reads it."""
    if not any(mark in text for mark in LATEX):
        return Source(text, name)
    from gradcalc.language import latex  # deferred, as above

    formula = latex.plain(Source(text, name))
    return Source(text if formula is None else formula.text, name)


def _used_before(whole: Parser, first: Parser) -> set[int]:
    """The statements of a text that it uses itself, whatever a second text uses of them."""
    return first.used | {index for index in whole.used if index >= len(first.statements)}


def _outputs(parser: Parser, wanted: Sequence[str] | None) -> list[tuple[str, Statement]]:
    """Bare expressions (f1, f2, …), and the named values that no later statement uses."""
    chosen = [s for i, s in enumerate(parser.statements) if not s.name or _is_last(parser, i)]
    if not chosen:  # every named value is used: the last statement is what was meant
        chosen = parser.statements[-1:]
    labelled = _labelled(chosen)
    if wanted is None:
        return labelled
    known = dict(labelled) | {name: parser.statements[at] for name, at in parser.named.items()}
    wanted = [name if name in known else spelled(name, "--outputs") for name in wanted]
    missing = [name for name in wanted if name not in known]
    if missing:
        raise BindingError(
            f"--outputs: '{missing[0]}' is not a named value of the expression",
            source=parser.source,
            hint=f"its values: {beginning([*known])}",
        )
    return [(name, known[name]) for name in wanted]


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
