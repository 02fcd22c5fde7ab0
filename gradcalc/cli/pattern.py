"""The commands about sparsity: ``pattern``, and ``jacobian --sparse``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gradcalc.cli.derivatives import answer, bends, judged, verdict_exit
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import method, posed, traced
from gradcalc.cli.terminal import is_terminal
from gradcalc.errors import Exit, GradcalcError, UndefinedError, UsageError
from gradcalc.render import formats as render_formats
from gradcalc.render.remarks import undefined

if TYPE_CHECKING:
    from gradcalc.engine.point import Question
    from gradcalc.render.answer import Answer

CHECKED = 4096
"""A sparse Jacobian of up to so many entries, zeros included, is checked whole."""


def pattern(options: Options) -> Text:
    """Which entries of the Jacobian can be other than zero, and what that saves."""
    from gradcalc.engine.program import Program
    from gradcalc.engine.sparse import colour
    from gradcalc.render.pattern import WRITERS, Shape

    program = Program(traced(options))
    found = program.pattern
    (m, n), rows, columns = found.shape, found.rows, found.columns
    shape = Shape(
        program.outputs,
        program.variables,
        rows,
        columns,
        forward=int(colour(rows, columns, (m, n)).max(initial=-1)) + 1,
        reverse=int(colour(columns, rows, (n, m)).max(initial=-1)) + 1,
        notes=tuple(program.graph.notes),
    )
    told = render_formats.FORMATS[options.format].json
    return Text(WRITERS[options.format](shape), notes=() if told else shape.notes)


def jacobian(options: Options) -> Answer | Text:
    """The Jacobian: as a matrix, or with ``--sparse`` as coordinates."""
    if options.sparse and options.show:
        raise UsageError(
            f"--sparse and --show {options.show}: which one?", hint="leave out --sparse"
        )
    return _coordinates(options) if options.sparse else answer(options)


def _coordinates(options: Options) -> Text:
    """The entries that can be other than zero."""
    from gradcalc.engine.program import Program
    from gradcalc.render.coordinates import MOST_ROWS, WRITERS, Coordinates, render_table
    from gradcalc.render.frame import checked

    how, verdict = method(options), None
    problem = posed(options)
    program = Program(problem.graph)
    at = program.at(problem.x)
    remarks = (*problem.graph.notes, *(kink.note for kink in bends(at, options)))
    matrix = at.sparse_jacobian()
    gap = _gap(at.ask("jacobian"), matrix)
    exit = Exit.DONE
    if how != "none" and matrix.shape[0] * matrix.shape[1] <= CHECKED:
        verdict = judged(at.ask("jacobian"), options, matrix.toarray())
        if verdict is not None:
            remarks, exit = (*remarks, verdict.line), verdict_exit(verdict, options)
    elif how != "none":
        remarks = (
            *remarks,
            f"not checked: more than {CHECKED:,} entries, zeros included",
        )
    exit = exit if gap is None else Exit.UNDEFINED
    found = program.pattern
    coordinates = Coordinates(
        program.outputs,
        program.variables,
        found.rows.tolist(),
        found.columns.tolist(),
        matrix.data.tolist(),
        remarks,
        problem.at,
        checked(verdict),
    )
    if options.format == "table":
        screen = options.out is None and is_terminal(sys.stdout)
        text = render_table(coordinates, options.digits, MOST_ROWS if screen else None)
        return Text(text, exit, error=gap)
    text = WRITERS[options.format](coordinates, options.digits)
    if render_formats.FORMATS[options.format].remarks:
        return Text(text, exit, error=gap)
    agreed = verdict is not None and verdict.passed
    return Text(text, exit, error=gap, notes=remarks[:-1] if agreed else remarks)


def _gap(question: Question, matrix: Any) -> GradcalcError | None:
    """The first value that is not finite, or entry that is a NaN, as with a dense Jacobian."""
    if matrix.shape[0] * matrix.shape[1] <= CHECKED:
        return undefined(question, matrix.toarray())
    gap = undefined(question, matrix.data[:0])
    holes = [k for k, entry in enumerate(matrix.data.tolist()) if entry != entry]
    if gap is not None or not holes:
        return gap
    pattern = question.at.program.pattern
    name = question.name(int(pattern.rows[holes[0]]), int(pattern.columns[holes[0]]))
    return UndefinedError(f"{name} is nan at this point")
