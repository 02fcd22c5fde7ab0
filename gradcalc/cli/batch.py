"""``gradcalc batch``: a stream of points through an expression."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gradcalc.batch import compression, places
from gradcalc.batch.names import EXTENSIONS, PROPAGATE, TEXT, WHAT, WRITTEN, by_extension, extension
from gradcalc.batch.names import compression as compression_of
from gradcalc.calculus.conventions import under
from gradcalc.cli import histogram
from gradcalc.cli.dispatch import report
from gradcalc.cli.options import Options
from gradcalc.cli.output import bytes_sink, write
from gradcalc.cli.progress import RowCount, taken
from gradcalc.cli.question import STDIN, expression, names, values
from gradcalc.cli.replaced import require_no_input
from gradcalc.cli.terminal import is_terminal, wants_color
from gradcalc.errors import (
    BindingError,
    Exit,
    GradcalcError,
    Source,
    Span,
    UsageError,
    count,
    listed,
)
from gradcalc.errors.text import quoted, safe
from gradcalc.language.names import spelled
from gradcalc.language.points import bind, expanded, read, require_name
from gradcalc.language.problem import constants
from gradcalc.render.errors import note

SLOW = 3.0
"""Seconds from which on a user is told how it goes sooner."""

if TYPE_CHECKING:
    from gradcalc.batch.chunk import Reader
    from gradcalc.batch.header import Expression, Layout
    from gradcalc.batch.results import Direction, Request
    from gradcalc.batch.sample import Outcome
    from gradcalc.batch.spread import Term
    from gradcalc.batch.stream import Stream, Tally


def batch(options: Options) -> Exit:
    """Read, evaluate and write, chunk by chunk; remarks and the closing line on standard error.

    Returns DISAGREES when a row failed, or one that was checked is wrong; UNDECIDED when the check
    came to nothing. Raises GradcalcError before the first row where the input, the expression and
    the options do not fit together.
    """
    if options.histogram:
        histogram.format_of(options)  # refused before anything is read
    else:
        _output_format(options)
        compression.require(_packing(options))
    asked = asking(options)
    with reader_of(options, options.points or []) as (reader, source):
        layout, request = asked(reader, source)[1:]
        return _run(options, reader, source, layout, request)


def asking(options: Options) -> Callable[[Reader, str], tuple[Expression, Layout, Request]]:
    """What fits the expression, and what is asked of it, to an input, which errors call by a name.

    Raises UsageError where the command line is wrong.
    """
    kinds = _kinds(options.what)
    if not options.points:
        raise UsageError("batch needs --points", hint="--points FILE, or --points - for stdin")
    if "-" in options.points and options.expr == ["-"]:
        raise UsageError("the expression and the points cannot both come from standard input")
    text, name = expression(options)

    def fitted(reader: Reader, source: str) -> tuple[Expression, Layout, Request]:
        from gradcalc.batch import header  # deferred: numpy

        asked = header.Expression(
            text,
            name,
            constants(values(options.param, "--param")),
            names(options.wrt, "--wrt"),
            names(options.outputs, "--outputs"),
            _fixed(options),
            _called(options),
        )
        layout = header.fit(asked, reader, source)
        if options.convention is not None:
            layout = replace(layout, graph=under(layout.graph, options.convention))
        request = _request(options, kinds, layout)
        remarks = [*layout.graph.notes, *_taken_as_exact(layout, request)]
        for remark in () if options.quiet else remarks:
            write(sys.stderr, note(remark, color=wants_color(options.color, sys.stderr)))
        return asked, layout, request

    return fitted


@contextmanager
def reader_of(options: Options, points: list[str]) -> Iterator[tuple[Reader, str]]:
    """The rows of the input, or of all the files that it means; and what errors call it."""
    from gradcalc.batch import formats, inputs, several  # deferred: numpy

    @contextmanager
    def opened(path: str) -> Iterator[Reader]:
        if path == "-":
            if is_terminal(sys.stdin):
                write(sys.stderr, "The points, a row each under a header of names, then Ctrl-D:\n")
            with formats.opened(options.input_format, sys.stdin.buffer, STDIN) as reader:
                yield reader
            return
        with inputs.rows(path, options.input_format, places.keys(path, points)) as reader:
            yield reader

    paths = places.files(points)
    if options.out is not None:
        require_no_input(options.out, paths)
    with opened(paths[0]) as first:
        if len(paths) > 1:
            yield several.Several(first, paths, opened), ", ".join(points)
        else:
            yield first, STDIN if paths[0] == "-" else paths[0]


def _run(options: Options, reader: Reader, source: str, layout: Layout, request: Request) -> Exit:
    from gradcalc.batch import header
    from gradcalc.batch.results import Results
    from gradcalc.batch.sample import Sample
    from gradcalc.batch.stream import RowError, Stream
    from gradcalc.engine.program import Program

    results = Results(Program(layout.graph), request, options.threads)
    progress = RowCount(reader)
    sample = Sample(options.check_sample)
    proofs = None
    if options.prove:
        from gradcalc.batch.proof import Proofs  # deferred: it brings the check

        proofs = Proofs(results, _reporter(options, source, reader.unit, progress), options.budget)
    more = request.labels[len(layout.columns) :]
    constant = any(isinstance(place, float) for place in layout.columns)
    stream = Stream(
        header.Filled(reader) if constant else reader,
        results,
        (*layout.columns, *(header.column(layout.header, label, source) for label in more)),
        keep=options.keep,
        policy=options.on_error,
        sample=sample,
        proofs=proofs,
        report=_reporter(options, source, reader.unit, progress),
        progress=progress.tick,
    )
    try:
        if options.histogram:
            histogram.write(options, stream, progress)
        else:
            _write(options, stream, progress)
    except RowError as error:
        error.message = error.message if error.placed else f"{source}, {error.message}"
        raise
    seconds = progress.seconds
    outcome = sample.outcome(results, reader.unit, options.budget)
    if seconds > SLOW and find_spec("polars") is None and not options.quiet:
        remark = "text is read and written several times sooner with polars: pip install polars"
        write(sys.stderr, note(remark, color=wants_color(options.color, sys.stderr)))
    outcomes = [told for told in (outcome, proofs and proofs.outcome()) if told]
    return _close(options, stream.tally, seconds, outcomes)


def _write(options: Options, stream: Stream, progress: RowCount) -> None:
    from gradcalc.batch import formats

    with (
        bytes_sink(options.out) as (whole, seeks),
        compression.compressed(_packing(options), whole) as file,
        progress,
    ):
        seeks = seeks and file is whole
        formats.written(_output_format(options), stream.names, stream.tables(), file, seeks)
        file.flush()


# --- what was asked -------------------------------------------------------------------------------


def _fixed(options: Options) -> dict[str, float]:
    """The values of --at, which are the same for all rows: of a number or of an element."""
    given = values(options.at, "--at")
    for item in given:
        require_name(item, "--at", beside=" beside --points")
    found: dict[str, float] = {}
    for label, number in (pair for item in given for pair in expanded(item)):
        if label in found:
            raise BindingError(f"--at binds '{label}' twice")
        found[label] = number
    return found


def _called(options: Options) -> dict[str, str]:
    """What --map says: the variable, and what it is called in the header."""
    found: dict[str, str] = {}
    for text in options.map or ():
        for piece in text.split(","):
            variable, equals, word = (part.strip() for part in piece.partition("="))
            if not equals or not word:
                raise UsageError(
                    f"--map: '{piece.strip()}' is no name=column",
                    hint=f"--map NAME={quoted(piece.strip())}" if piece.strip() else "",
                )
            variable = spelled(variable, "--map")
            if variable in found:
                raise UsageError(f"--map has '{variable}' twice")
            found[variable] = word
    return found


def _kinds(what: str) -> tuple[str, ...]:
    kinds = tuple(word.strip() for word in what.split(","))
    for kind in kinds:
        if kind not in WHAT:
            raise UsageError(
                f"--what: '{kind}' is none of {', '.join(WHAT)}", hint="--what eval,jacobian"
            )
    return kinds


def _request(options: Options, kinds: tuple[str, ...], layout: Layout) -> Request:
    """What is computed, with its vectors. Raises BindingError where they do not fit the graph."""
    from gradcalc.batch.results import Request, kind_of
    from gradcalc.batch.spread import terms

    graph = layout.graph
    for kind in kinds:
        if kind_of(kind).of_one and len(graph.outputs) != 1:
            raise BindingError(
                f"a {kind_of(kind).of_one} is of one output, and there are {len(graph.outputs)}",
                hint="all rows at once: --what jacobian",
            )
    header = layout.header
    labels = {"v": graph.output_names, "u": graph.variables[: layout.slopes]}
    vectors = {
        vector.letter: _direction(options, vector.letter, labels[vector.letter], header)
        for vector in (kind_of(kind).vector for kind in kinds)
        if vector is not None
    }
    spread: tuple[Term, ...] = ()
    if PROPAGATE in kinds:
        if "u" in vectors:
            raise UsageError(f"--u is the direction of one and the uncertainties of the other: "
                             f"--what {options.what}")  # fmt: skip
        given = () if options.u is None else _direction(options, "u", labels["u"], header)
        spread = terms(graph.variables, layout.slopes, header, given)
    entries = [*(entry for vector in vectors.values() for entry in vector),
               *(term.entry for term in spread)]  # fmt: skip
    more = dict.fromkeys(
        entry for entry in entries if isinstance(entry, str) and entry not in graph.variables
    )
    return Request(kinds, layout.slopes, vectors, (*graph.variables, *more), spread)


def _taken_as_exact(layout: Layout, request: Request) -> Iterator[str]:
    """Of a row with uncertainties, the variables of which none is said."""
    said = {term.first for term in request.spread if term.first == term.second}
    names = [v for j, v in enumerate(layout.graph.variables[: layout.slopes]) if j not in said]
    if said and names:
        are = "is" if len(names) == 1 else "are"
        yield f"no uncertainty is said of {listed(names)}, which {are} taken as exact"


def _direction(
    options: Options, letter: str, labels: Sequence[str], header: Sequence[str]
) -> Direction:
    """The entries of v or u: numbers as everywhere, or names of columns of the input."""
    option, text = f"--{letter}", getattr(options, letter)
    what = "outputs" if letter == "v" else "variables"
    if text is None:
        if len(labels) == 1:
            return (1.0,)
        raise BindingError(
            f"--what {options.what} needs {option}, an entry for each of the {len(labels)} {what}",
            hint=f"{option} {','.join('1' * min(len(labels), 8))}, or names of columns",
        )
    words = [word.strip() for word in text.split(",")]
    if not any(word in header for word in words):
        return tuple(bind(read(text, option), labels, what, option))
    if len(words) != len(labels):
        raise BindingError(
            f"{option} has {len(words)} entries for {len(labels)} {what}",
            source=Source(text, option),
            span=Span(0, len(text)),
        )
    return tuple(
        word if word in header else bind(read(word, option), [label], what, option)[0]
        for word, label in zip(words, labels, strict=True)
    )


def _input_format(options: Options) -> str:
    first = (options.points or [""])[0]
    return options.input_format or by_extension(first) or "csv"


def _packing(options: Options) -> str:
    """The name that says how the output is compressed."""
    asked = options.output_format or ""
    return asked if compression_of(asked) else options.out or ""


def _output_format(options: Options) -> str:
    """As asked; or as the file is called; or as the input, if that is text."""
    by_name = by_extension(options.out or "")
    by_name = by_name if by_name in EXTENSIONS else None
    if options.out and not (options.output_format or by_name or extension(options.out) in TEXT):
        raise UsageError(
            f"--out {options.out}: batch writes no {extension(options.out)}",
            hint=f"one of {', '.join(EXTENSIONS)}, and .gz or .zst behind it; or --format csv",
        )
    like, asked = _input_format(options), (options.output_format or "").partition(".")[0]
    if asked and asked not in EXTENSIONS:
        raise UsageError(
            f"batch writes no {asked}: it is none of {', '.join(WRITTEN)}",
            hint="--histogram COLUMN draws a column",
        )
    return asked or by_name or (like if like in ("tsv", "ndjson") else "csv")


# --- what standard error is told ------------------------------------------------------------------


def wants_json(options: Options) -> bool:
    return (options.output_format or "").startswith("ndjson")


def _reporter(
    options: Options, source: str, unit: str, progress: RowCount
) -> Callable[[str, int, str], None]:
    """What says of a row that it failed."""

    def told(file: str, line: int, reason: str) -> None:
        progress.clear()
        error = GradcalcError(f"{file or source}, {unit} {line}: {reason}")
        report(error, json=wants_json(options), color=options.color)

    return told


def _close(options: Options, tally: Tally, seconds: float, outcomes: Sequence[Outcome]) -> Exit:
    """The closing line, and the exit code."""
    from gradcalc.batch.stream import FEW

    failed = f", {tally.failed:,} failed" if tally.failed else ""
    if tally.failed > FEW:
        failed += f" (the first {FEW} are named above)"
    verdict = "".join(f"; {outcome.line}" for outcome in outcomes)
    codes = [Exit.DISAGREES] if tally.failed else [outcome.exit for outcome in outcomes]
    code = next((code for code in codes if code is not Exit.DONE), Exit.DONE)
    if not options.quiet or code is not Exit.DONE:
        line = f"{count(tally.rows, 'row', 'rows')}{taken(tally.rows, seconds)}{failed}{verdict}"
        write(sys.stderr, safe(line) + "\n")
    return code
