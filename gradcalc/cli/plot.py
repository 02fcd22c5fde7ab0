"""``gradcalc plot``: values and slopes over one variable or two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from gradcalc.cli import terminal
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import expression, names, values
from gradcalc.errors import BindingError, Exit, Source, Span, UndefinedError, beginning
from gradcalc.language import parse
from gradcalc.language.points import Given, shapes
from gradcalc.language.problem import pose

if TYPE_CHECKING:
    from gradcalc.claims.ranges import Range
    from gradcalc.plot.curve import Curve
    from gradcalc.plot.surface import Surface

_FARTHEST, _FINEST = 1e150, 1e-9


def plot(options: Options) -> Text:
    """A drawing, or its numbers. The variables that it is not over are held at --at."""
    from gradcalc.claims.ranges import OVER, forms, read_over

    text, name = expression(options)
    given = values(options.at, "--at")
    parameters = values(options.param, "--param")
    held = {item.name for item in [*given, *parameters]}
    known = parse(text, name=name, shapes=shapes(given)).variables
    free = [one for one in known if one not in held]
    if options.over is None:
        raise BindingError("plot needs a range", hint=forms(OVER, free))
    over = read_over(options.over, free)
    _require_known(over, known, options.over)
    for one in over.values():
        _require_drawable(one, options.over)
    problem = pose(
        text,
        name=name,
        at=[*given, *(Given(one, ends.low) for one, ends in over.items())],
        parameters=parameters,
        wrt=list(over),
        outputs=names(options.outputs, "--outputs"),
    )
    import numpy as np  # deferred: what is refused above needs no numbers

    from gradcalc.calculus.conventions import under
    from gradcalc.engine.program import Program
    from gradcalc.plot.curve import curve
    from gradcalc.plot.surface import surface

    graph = problem.graph
    program = Program(under(graph, options.convention) if options.convention else graph)
    ends = [(one.low, one.high) for one in over.values()]
    with np.errstate(all="ignore"):  # what is undefined or too large is told, or cut
        drawn = curve(program, *ends[0]) if len(ends) == 1 else surface(program, *ends)
        written = WRITERS[options.format](drawn, options, problem.fixed)
    if np.isfinite(drawn.value).any():
        return Text(written, notes=tuple(graph.notes))
    error = UndefinedError(f"no value anywhere over {options.over}")
    return Text(written, Exit.UNDEFINED, error=error)


def _require_known(over: Iterable[str], known: Sequence[str], text: str) -> None:
    for one in over:
        if one not in known:
            start = max(text.find(one), 0)
            raise BindingError(
                f"--over has '{one}', and the expression has no such variable",
                source=Source(text, "--over"),
                span=Span(start, start + len(one)),
                hint=f"variables: {beginning(known)}",
            )


def _require_drawable(ends: Range, text: str) -> None:
    """Room for some hundred different numbers, and none beyond the doubles."""
    most = max(abs(ends.low), abs(ends.high))
    if most > _FARTHEST or ends.high - ends.low < max(_FINEST * most, 1 / _FARTHEST):
        wide = "wide" if most > _FARTHEST else "narrow"
        raise BindingError(
            f"the range from {ends.low:g} to {ends.high:g} is too {wide} to be drawn",
            source=Source(text, "--over"),
            span=Span(0, len(text)),
        )


Writer = Callable[["Curve | Surface", Options, dict[str, Any]], str]


def _table(drawn: Curve | Surface, options: Options, _: Any) -> str:
    from gradcalc.plot import curve
    from gradcalc.plot import terminal as on_terminal

    width = terminal.screen(options.color, options.out).width
    if isinstance(drawn, curve.Curve):
        return on_terminal.curves(drawn, width, options.digits)
    return on_terminal.shades(drawn, width, options.digits)


def _figure(drawn: Curve | Surface, options: Options, _: Any) -> str:
    from gradcalc.plot import curve, figures

    if isinstance(drawn, curve.Curve):
        return figures.curves(drawn, options.format)
    return figures.contours(drawn, options.format)


def _record(drawn: Curve | Surface, options: Options, at: dict[str, Any]) -> str:
    from gradcalc.plot.records import record

    return record(drawn, options.format, at)


def _separated(drawn: Curve | Surface, options: Options, _: Any) -> str:
    from gradcalc.plot.records import separate
    from gradcalc.render.records import MARKS

    return separate(drawn, MARKS[options.format])


WRITERS: dict[str, Writer] = {
    "table": _table,
    **dict.fromkeys(("json", "ndjson"), _record),
    **dict.fromkeys(("csv", "tsv"), _separated),
    **dict.fromkeys(("svg", "png", "pdf"), _figure),
}
"""Formats of a plot by name."""
