"""``gradcalc check EXPR --claim …``: somebody else's Jacobian, judged and diagnosed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gradcalc.calculus.kinds import KINDS
from gradcalc.claims.ranges import Range, read_ranges
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import STDIN, method, posed, read_stdin, traced, values
from gradcalc.errors import BindingError, Exit, Source, UndecidedError, UsageError
from gradcalc.graph.graph import Graph
from gradcalc.language.files import read_file
from gradcalc.language.points import shapes
from gradcalc.language.problem import Problem

if TYPE_CHECKING:
    from gradcalc.claims.claim import Claim, Matter
    from gradcalc.claims.ruling import Ruling
    from gradcalc.engine.program import Program
    from gradcalc.engine.schedule import Floats
    from gradcalc.render.answer import Answer

SAMPLES = 100
FORMATS = ("table", "json", "ndjson")
_FILE = re.compile(r"[^\s,;()\[\]]+\.(csv|tsv|json|txt|dat|out)", re.IGNORECASE)


class Points(NamedTuple):
    """Where a claim is judged: a point, random ones, or both. ``said`` is that in words."""

    x: Floats
    said: str


def check(options: Options) -> Answer | Text:
    """Our own Jacobian, or with ``--claim`` somebody else's."""
    if options.claim is not None:
        return judge(options)
    for name in ("samples", "range"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name} goes with --claim", hint="--claim '2*x1, 3; 2, 2*x2'")
    from gradcalc.cli.derivatives import answer

    return answer(options, KINDS["jacobian"])


def judge(options: Options) -> Text:
    """The verdict on ``--claim``.

    Raises GradcalcError where the expression, the claim or the points cannot be read."""
    if options.format not in FORMATS:
        raise UsageError(
            f"check --claim has no format {options.format}", hint=f"one of {', '.join(FORMATS)}"
        )
    source = _source(options)
    how = method(options)
    problem = posed(options) if options.at is not None else None
    graph = problem.graph if problem else traced(options)

    from gradcalc.check.verify import BUDGET
    from gradcalc.claims.claim import read_claim  # deferred, like the rest: they bring numpy
    from gradcalc.claims.ruling import rule
    from gradcalc.engine.program import Program
    from gradcalc.render.claims import as_record, as_text

    program = Program(graph)
    budget = BUDGET if options.budget is None else options.budget
    points = _points(options, program, problem)
    matter = _matter(options, graph)
    claim = read_claim(source, matter)
    try:
        claim = claim.fitted(matter)
    except BindingError as error:
        _mention_the_transpose(error, program, claim, points)
        raise
    ruling = rule(program, claim, points.x, method=how, budget=budget)
    if ruling.skipped and not ruling.points and ruling.right is None:
        raise _undefined(options, ruling, points)
    if options.format == "table":
        text = as_text(program, ruling, points.said, quiet=options.quiet)
    else:
        text = _json(as_record(program, claim, ruling, points.said), options.format == "ndjson")
    return Text(text, _exit(ruling), checked=ruling.right is True)


def _exit(ruling: Ruling) -> Exit:
    return {True: Exit.DONE, False: Exit.DISAGREES, None: Exit.UNDECIDED}[ruling.right]


def _json(record: dict[str, Any], one_line: bool) -> str:
    if one_line:
        return json.dumps(record, allow_nan=False) + "\n"
    pairs = (f"  {json.dumps(k)}: {json.dumps(v, allow_nan=False)}" for k, v in record.items())
    return "{\n" + ",\n".join(pairs) + "\n}\n"


def _source(options: Options) -> Source:
    """The text of the claim, and where it comes from."""
    text = options.claim or ""
    if text == "-":
        if options.expr == ["-"]:
            raise UsageError("the expression and the claim cannot both be standard input")
        return Source(read_stdin(), STDIN)
    if text.startswith("@"):
        return Source(read_file(text[1:]), text[1:])
    if _FILE.fullmatch(text) or (("/" in text or "." in text) and _is_file(text)):
        return Source(read_file(text), text)
    return Source(text, "--claim")


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # a name that is too long, or with a NUL in it
        return False


def _matter(options: Options, graph: Graph) -> Matter:
    from gradcalc.claims.claim import Matter

    at = values(options.at, "--at")
    bases = {label.partition("[")[0] for label in graph.variables}
    held = [item for item in at if item.name and item.name not in bases]
    given = [*values(options.param, "--param"), *held]
    return Matter(
        tuple(graph.output_names),
        tuple(graph.variables),
        shapes([item for item in at if item.name in bases]),
        {item.name: item.value for item in given},
    )


def _points(options: Options, program: Program, problem: Problem | None) -> Points:
    """The point of ``--at`` first, then the random ones: without ``--at``, a hundred of them."""
    import numpy as np

    n = len(program.variables)
    count = options.samples
    if count is None:
        count = 0 if options.at is not None and options.range is None else SAMPLES
    parts, words = [np.empty((0, n))], []
    if problem is not None:
        parts.append(np.reshape(problem.x, (1, n)))
        words.append("at the point")
    if count and n:
        ranges = read_ranges(options.range, program.variables)
        rng = np.random.default_rng(options.seed)
        low, high = (np.array([getattr(r, end) for r in ranges]) for end in ("low", "high"))
        parts.append(low + (high - low) * rng.random((count, n)))
        words.append(_said(count, ranges, program.variables))
    elif problem is None:
        parts.append(np.empty((1, 0)))  # no variables: one point, without coordinates
    return Points(np.concatenate(parts), " and ".join(words))


def _said(count: int, ranges: list[Range], variables: tuple[str, ...]) -> str:
    points = "at 1 random point" if count == 1 else f"at {count:,} random points"
    if len(set(ranges)) == 1:
        return f"{points} of {ranges[0].text}"
    named = [f"{name} {r.text}" for name, r in zip(variables[:4], ranges, strict=False)]
    return f"{points} of {', '.join(named)}{', …' * (len(variables) > 4)}"


def _mention_the_transpose(
    error: BindingError, program: Program, claim: Claim, points: Points
) -> None:
    """A claim with columns for rows may be right all the same."""
    from gradcalc.claims.ruling import rule

    if (claim.columns, claim.rows) != (len(program.outputs), len(program.variables)):
        return
    if rule(program, claim.transposed(), points.x, method="none").right:
        error.hint = "it is transposed, and otherwise right: a row for each output"


def _undefined(options: Options, ruling: Ruling, points: Points) -> UndecidedError:
    error = UndecidedError(
        f"the expression is undefined {points.said}: nothing to compare",
        hint="points where it is defined: --at …, or --range x=0.1..2",
    )
    if options.samples is None and options.range is None and options.at is not None:
        error.exit = Exit.UNDEFINED
    return error
