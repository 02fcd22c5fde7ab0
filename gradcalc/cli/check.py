"""``gradcalc check EXPR --claim …``: somebody else's Jacobian, judged and diagnosed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gradcalc.calculus.kinds import KINDS, Kind
from gradcalc.claims.ranges import Range, read_ranges
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import (
    STDIN,
    method,
    one_output,
    posed,
    read_stdin,
    traced,
    values,
    vector,
)
from gradcalc.errors import BindingError, Exit, Source, UndecidedError, UsageError, count
from gradcalc.language.files import read_file
from gradcalc.language.points import bind, flatten, shape
from gradcalc.language.problem import Problem, constants

if TYPE_CHECKING:
    from gradcalc.claims.claim import Claim, Matter, Tested
    from gradcalc.claims.ruling import Ruling, Subject
    from gradcalc.engine.program import Program
    from gradcalc.engine.schedule import Floats
    from gradcalc.render.answer import Answer

SAMPLES = 100
SPEC = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
"""A Python function: module:name."""

_FILE = re.compile(r"[^\s,;()\[\]]+\.(csv|tsv|json|txt|dat|out)", re.IGNORECASE)


class Points(NamedTuple):
    """Where a claim is judged: a point, random ones, or both. ``said`` is that in words."""

    x: Floats
    said: str


def check(options: Options) -> Answer | Text:
    """Our own derivative, or with ``--claim`` and its kin somebody else's."""
    kind = _kind(options)
    given = [name for name in ("claim", "claim_from", "jac") if getattr(options, name) is not None]
    if len(given) > 1:
        one, other = (name.replace("_", "-") for name in given[:2])
        raise UsageError(f"--{one} and --{other}: which one?")
    if given:
        return ruled(options, kind)
    for name in ("samples", "range", "rtol", "atol"):
        if getattr(options, name):
            raise UsageError(
                f"--{name} goes with --claim", hint=f"a claim: --claim …, or without --{name}"
            )
    from gradcalc.cli.derivatives import answer

    return answer(options, kind)


def _kind(options: Options) -> Kind:
    if options.hessian and options.v is not None:
        raise UsageError("--hessian and --v: which one?")
    return KINDS["hessian" if options.hessian else "jacobian" if options.v is None else "vjp"]


def ruled(options: Options, kind: Kind) -> Text:
    """The verdict on a claim.

    Raises GradcalcError where the expression, the claim or the points cannot be read."""
    source = None if options.claim is None else _source(options)
    how = method(options)
    problem = _problem(options)
    if kind.of_one:
        one_output(problem.graph, kind.of_one, options)
    along = vector(problem, kind.vector, options) if kind.vector else []

    from gradcalc.check.verify import BUDGET
    from gradcalc.claims.ruling import Subject, Tolerance, decide  # deferred: numpy
    from gradcalc.engine.program import Program
    from gradcalc.render.claims import as_record, as_text
    from gradcalc.render.records import RECORDS

    subject = Subject(Program(problem.graph), kind, tuple(along))
    points = _points(options, subject.program, problem)
    claim = _claim(options, source, subject, problem, points)
    ruling = decide(
        subject,
        claim,
        points.x,
        method=how,
        budget=BUDGET if options.budget is None else options.budget,
        tolerance=Tolerance(options.rtol, options.atol),
    )
    if ruling.skipped and not ruling.points and ruling.right is None:
        raise _undefined(options, ruling, points)
    if options.format == "table":
        text = as_text(subject, ruling, points.said, quiet=options.quiet)
    else:
        text = RECORDS[options.format](as_record(subject, claim, ruling, points.said))
    notes = tuple(problem.graph.notes)
    return Text(text, _exit(ruling), checked=ruling.right is True, notes=notes)


def _problem(options: Options) -> Problem:
    """The expression, with its point if there is one; or a Python function in its place."""
    words = options.expr or []
    if options.jac is not None and len(words) == 1 and SPEC.fullmatch(words[0]):
        from gradcalc.claims.tested import traced as traced_function

        at = values(options.at, "--at")
        count = sum(len(flatten(item.value)) for item in at) or None
        graph = traced_function(words[0], count)
        x = bind(at, graph.variables, "variables", "--at") if at else []
        return Problem(graph, x, dict(zip(graph.variables, x, strict=False)), {})
    if options.at is not None:
        return posed(options)
    return Problem(traced(options), [], {}, {})


def _claim(
    options: Options, source: Source | None, subject: Subject, problem: Problem, points: Points
) -> Claim | Tested:
    """What is to be judged, in the shape of the derivative."""
    from gradcalc.claims.claim import read_array, read_claim
    from gradcalc.claims.tested import by_command, by_function

    if options.jac is not None:
        return by_function(options.jac, points.x, subject.shape)
    if options.claim_from is not None:
        return by_command(options.claim_from, points.x, subject.shape)
    assert source is not None
    matter = _matter(options, subject, problem)
    path = _npy(options)
    claim = read_array(path, matter) if path else read_claim(source, matter)
    try:
        return claim.fitted(matter)
    except BindingError as error:
        _mention_what_fits(error, subject, claim, points)
        raise


def _exit(ruling: Ruling) -> Exit:
    return {True: Exit.DONE, False: Exit.DISAGREES, None: Exit.UNDECIDED}[ruling.right]


def _source(options: Options) -> Source:
    """The text of the claim, and where it comes from."""
    text = options.claim or ""
    if text == "-":
        if options.expr == ["-"] or "-" in (options.at or ()):
            what = "expression" if options.expr == ["-"] else "point"
            raise UsageError(f"the {what} and the claim cannot both be standard input")
        return Source(read_stdin(), STDIN)
    path = _npy(options)
    if path is not None:
        return Source("", path)
    if text.startswith("@") and not re.match(r"@\d+=", text):  # that is CasADi's @1=…
        return Source(read_file(text[1:]), text[1:])
    if _FILE.fullmatch(text) or (("/" in text or "." in text) and _is_file(text)):
        return Source(read_file(text), text)
    return Source(text, "--claim")


def _npy(options: Options) -> str | None:
    """The file of numpy that the claim is, if it is one."""
    path = (options.claim or "").removeprefix("@")
    return path if path.endswith(".npy") and "\n" not in path else None


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # a name that is too long, or with a NUL in it
        return False


def _matter(options: Options, subject: Subject, problem: Problem) -> Matter:
    from gradcalc.claims.claim import Matter

    kind = subject.kind
    arrays = {name: shape(value) for name, value in problem.at.items() if isinstance(value, list)}
    return Matter(
        subject.rows,
        subject.columns,
        arrays,
        problem.fixed or constants(values(options.param, "--param")),
        kind.title,
        kind.name,
    )


def _points(options: Options, program: Program, problem: Problem) -> Points:
    """The point of ``--at`` first, then the random ones: without ``--at``, a hundred of them."""
    import numpy as np

    n = len(program.variables)
    count = options.samples
    if count is None:
        count = 0 if options.at is not None and options.range is None else SAMPLES
    parts, words = [np.empty((0, n))], []
    if options.at is not None:
        parts.append(np.reshape(problem.x, (1, n)))
        words.append("at the point")
    if count and n:
        ranges = read_ranges(options.range, program.variables)
        rng = np.random.default_rng(options.seed)
        low, high = (np.array([getattr(r, end) for r in ranges]) for end in ("low", "high"))
        parts.append(low + (high - low) * rng.random((count, n)))
        words.append(_said(count, ranges, program.variables))
    elif options.at is None:
        parts.append(np.empty((1, 0)))  # no variables: one point, without coordinates
    return Points(np.concatenate(parts), " and ".join(words))


def _said(number: int, ranges: list[Range], variables: tuple[str, ...]) -> str:
    points = f"at {count(number, 'random point', 'random points')}"
    if len(set(ranges)) == 1:
        return f"{points} of {ranges[0].text}"
    named = [f"{name} {r.text}" for name, r in zip(variables[:4], ranges, strict=False)]
    return f"{points} of {', '.join(named)}{', …' * (len(variables) > 4)}"


def _mention_what_fits(error: BindingError, subject: Subject, claim: Claim, points: Points) -> None:
    """A claim with columns for rows may be right all the same; and one of a single row may be what
    ``backward(v)`` leaves in ``x.grad``, which is no Jacobian."""
    from gradcalc.claims.ruling import decide
    from gradcalc.claims.tested import vector as found_vector

    rows, columns = subject.shape
    if (claim.columns, claim.rows) == (rows, columns):
        if decide(subject, claim.transposed(), points.x, method="none").right:
            error.hint = "it is transposed, and otherwise right: a row for each output"
        return
    if not subject.kind.is_slope or columns not in (claim.rows * claim.columns,):
        return
    some = points.x[:8]
    product = claim.at(some, slice(0)).reshape(len(some), columns)
    close = max(1e-9, 10 * max(claim.slack, default=0.0))
    v = found_vector(product, subject.at(some), close)
    if v is not None:
        listed = ", ".join(f"{number:g}" for number in v)
        error.hint = (
            f"this is vᵀJ for v = ({listed}), not the Jacobian: what backward(v) leaves in x.grad"
            f"\nto judge it as that: --v {listed.replace(' ', '')}"
        )


def _undefined(options: Options, ruling: Ruling, points: Points) -> UndecidedError:
    error = UndecidedError(
        f"the expression has no value in doubles {points.said}: nothing to compare",
        hint="other points, where it is defined: --at …",
    )
    if options.samples is None and options.range is None and options.at is not None:
        error.exit = Exit.UNDEFINED
    return error
