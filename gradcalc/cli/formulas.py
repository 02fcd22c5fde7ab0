"""Derivatives without a point: the commands that differentiate answer with formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gradcalc.calculus.kinds import Kind, Vector
from gradcalc.cli import terminal
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import a_point, method, one_output
from gradcalc.errors import Exit, UsageError
from gradcalc.language.points import flatten, read
from gradcalc.render.formats import FORMATS

if TYPE_CHECKING:
    from gradcalc.check.identity import Identity
    from gradcalc.formulas.derivative import Formulas
    from gradcalc.graph.graph import Graph
    from gradcalc.render.formulas import Sheet

BUDGET = 4.0
"""Seconds of processor time that sympy has for proving formulas equal, unless --budget says."""


def formulas(options: Options, kind: Kind, graph: Graph) -> Text:
    """The formulas of a derivative, judged, in the format that is asked for.

    Raises GradcalcError where the expression or the vector cannot be read, or has no formulas.
    """
    from gradcalc.render.formulas import writer

    write = writer(options.format)
    if write is None:
        raise UsageError(
            f"{options.format} is for numbers, and without a point the answer is formulas",
            hint=f"numbers at a point: {a_point(options)}; formulas: --format json",
        )
    sheet = written(options, kind, graph)
    identity = sheet.identity
    wrong = any(found and found.passed is False for found in (identity, sheet.facts_identity))
    open_question = identity is not None and identity.passed is None and options.check is not None
    screen = terminal.screen(options.color, options.out)
    return Text(
        write(sheet, width=screen.width),
        Exit.DISAGREES if wrong else Exit.UNDECIDED if open_question else Exit.DONE,
        identity is not None and identity.passed is not None,
        notes=() if FORMATS[options.format].remarks else _beside(sheet, wrong),
    )


def written(options: Options, kind: Kind, graph: Graph) -> Sheet:
    """The formulas as a value, for any format."""
    from gradcalc.formulas.derivative import derive
    from gradcalc.render.formulas import Sheet

    how = method(options)
    if kind.of_one:
        one_output(graph, kind.of_one, options)
    found = derive(graph, kind, _vector(options, kind.vector) if kind.vector else None)
    if options.simplify:
        from gradcalc.check.simpler import simplified  # deferred: it brings sympy

        found = simplified(found, _budget(options))
    sheet = Sheet(
        options.command,
        found,
        None if how == "none" else judged(found, options, how),
        () if options.quiet else tuple(graph.notes),
        options.transpose,
        options.ascii,
    )
    return _with_facts(sheet, options, how) if options.show else sheet


def _with_facts(sheet: Sheet, options: Options, how: str) -> Sheet:
    """The facts of --show beside the formulas: sympy may shorten them, and they are compared with
    the engine's."""
    from gradcalc.linear.kinds import chosen
    from gradcalc.linear.symbolic import fact_formulas

    facts = fact_formulas(sheet.formulas, chosen(options.show), options.at is not None)
    if how == "none":
        return replace(sheet, facts=tuple(facts))
    from gradcalc.check.identity import facts_agree
    from gradcalc.check.simpler import simplified_facts

    found = sheet.formulas
    facts = simplified_facts(found, facts, _budget(options))
    told = facts_agree(
        found.graph,
        found.kind,
        {one.fact.name: one.formulas.reread([]) for one in facts if one.formulas},
    )
    return replace(sheet, facts=tuple(facts), facts_identity=told)


def judged(found: Formulas, options: Options, how: str) -> Identity:
    """The printed text, read again, against the engine and sympy."""
    from gradcalc.check.budget import Deadline
    from gradcalc.check.identity import identify
    from gradcalc.formulas.writing import Notation

    letters = found.said(found.vector, Notation())
    names = [letter for letter in letters if letter.isidentifier()]
    return identify(
        found.graph,
        found.kind,
        found.reread(names),
        letters,
        Deadline(_budget(options)),
        sympy=how in ("auto", "sympy"),
        holds=found.holds(),
    )


def _budget(options: Options) -> float:
    return BUDGET if options.budget is None else options.budget


def _beside(sheet: Sheet, wrong: bool) -> tuple[str, ...]:
    """What standard error is told where the format has no place for it."""
    told = (*sheet.notes, *sheet.absent, *sheet.conditions(sheet.paper)) if not wrong else ()
    judged = (sheet.identity, sheet.facts_identity)
    return (*told, *(found.line for found in judged if found)) if wrong else told


def _vector(options: Options, wanted: Vector) -> Sequence[float | str] | None:
    """Numbers, or names: ``--v a,b``; None where nothing is said."""
    text: str | None = getattr(options, wanted.letter)
    if text is None:
        return None
    pieces = [piece.strip() for piece in text.split(",")]
    if all(piece.isidentifier() for piece in pieces):
        return pieces
    return [number for item in read(text, f"--{wanted.letter}") for number in flatten(item.value)]
