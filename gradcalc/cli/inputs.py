"""The inputs of a measurement model, as a command line states them: values with uncertainties,
their covariance and degrees of freedom, repeated observations."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradcalc.cli.batch import reader_of
from gradcalc.cli.options import Options
from gradcalc.cli.question import expression, names, under_convention, values
from gradcalc.errors import BindingError, Source, Span, listed
from gradcalc.language.measured import Measured, Spread, labelled, read, read_spreads
from gradcalc.language.points import (
    MOST_NAMED,
    Given,
    bind,
    expanded,
    flatten,
    read_text,
    require_name,
    unknown,
)
from gradcalc.language.problem import Problem, pose
from gradcalc.limits import MOST_INPUTS

if TYPE_CHECKING:
    from gradcalc.uncertainty.inputs import Floats, Inputs
    from gradcalc.uncertainty.moments import Means

_CORRELATION = re.compile(r"\s*([^,;=]+?)\s*,\s*([^,;=]+?)\s*=\s*([^,;=]+?)\s*(?:[,;]|$)")


@dataclass(frozen=True)
class Stated:
    """The expression at its point; the uncertainties by variable; the columns of --data, and what
    their rows say; and what is to be told."""

    problem: Problem
    spreads: dict[str, Spread]
    data: tuple[tuple[str, ...], Means] | None = None
    notes: list[str] = field(default_factory=list)


def stated(options: Options) -> Stated:
    text, name = expression(options)
    items = [item for text in options.at or () for item in read(text, "--at")]
    data, notes = None, []
    given = [item.given for item in items]
    chosen = names(options.wrt, "--wrt")
    if options.data is not None:
        labels, others, means = _observed(options, options.data, text, given)
        if others:
            notes.append(f"{options.data}: nothing is called {listed(others)} in the expression")
        given += [Given(label, float(x)) for label, x in zip(labels, means.mean, strict=True)]
        data = labels, means
    problem = pose(
        text,
        name=name,
        at=given,
        parameters=values(options.param, "--param"),
        wrt=chosen,
        outputs=names(options.outputs, "--outputs"),
    )
    variables = problem.graph.variables
    spreads = labelled(items, variables)
    _require_no_held(items, variables)
    for label, spread in _from_u(options, problem):
        if label in spreads:
            raise _twice(label, spread)
        spreads[label] = spread
    for label in data[0] if data else ():
        if label in spreads:
            raise _twice(label, spreads[label])
    return Stated(under_convention(problem, options), spreads, data, notes)


def _twice(label: str, spread: Spread) -> BindingError:
    return BindingError(
        f"'{label}' has two uncertainties: which one?", source=spread.source, span=spread.span
    )


def _require_no_held(items: Sequence[Measured], variables: Sequence[str]) -> None:
    for item in items:
        for (label, _), spread in zip(expanded(item.given), item.spreads, strict=True):
            if spread is not None and item.given.name and label not in variables:
                raise BindingError(
                    f"'{label}' has an uncertainty, and --wrt leaves it out",
                    source=spread.source,
                    span=spread.span,
                )


def _from_u(options: Options, problem: Problem) -> Iterator[tuple[str, Spread]]:
    """The uncertainties of --u by variable, in the unit of the value."""
    variables = problem.graph.variables
    here = dict(zip(variables, problem.x, strict=True))
    for text in options.uncertainties or ():
        said = read_spreads(text, "--u")
        if not any(given.name for given, _ in said):
            every = [spread for _, spreads in said for spread in spreads]
            places = [Given("", float(k), given.source, given.span)
                      for k, given in enumerate(g for g, s in said for _ in s)]  # fmt: skip
            try:
                bind(places, variables, "variables", "--u")
            except BindingError as error:
                error.hint = f"name them: --u {','.join(f'{v}=…' for v in variables[:MOST_NAMED])}"
                raise
            yield from ((v, s.of(here[v])) for v, s in zip(variables, every, strict=True))
            continue
        for given, spreads in said:
            for label, spread in _spread_over(given, spreads, variables):
                yield label, spread.of(here[label])


def _spread_over(
    given: Given, spreads: Sequence[Spread], variables: Sequence[str]
) -> Iterator[tuple[str, Spread]]:
    """One uncertainty for a variable or for all elements of an array, or one for each."""
    if not given.name:
        raise BindingError(
            "--u binds by name and by order at once", source=given.source, span=given.span
        )
    elements = [v for v in variables if v == given.name or v.startswith(f"{given.name}[")]
    if not elements:
        raise unknown(given, given.name, variables, "variables", "--u")
    if not isinstance(given.value, list):
        yield from ((label, spreads[0]) for label in elements)
        return
    if len(elements) != len(spreads):
        raise BindingError(
            f"{given.name} has {len(elements)} elements, and --u {len(spreads)} uncertainties",
            source=given.source,
            span=given.span,
        )
    yield from zip(elements, spreads, strict=True)


# --- what is known of the inputs together ---------------------------------------------------------


def inputs_of(stated: Stated, options: Options) -> Inputs:
    """The variables of the expression with all that is said of them. Raises BindingError where that
    does not fit together, or nothing is uncertain."""
    import numpy as np

    from gradcalc.uncertainty.inputs import Inputs, Shape, require_correlations

    variables = tuple(stated.problem.graph.variables)
    place = {label: j for j, label in enumerate(variables)}
    n = len(variables)
    if n > MOST_INPUTS:
        raise BindingError(
            f"{n:,} variables: a budget and its correlations are for {MOST_INPUTS:,} at most",
            hint="in Python: p.propagate(x, u=…)",
        )
    u, R, dof = np.zeros(n), np.eye(n), np.full(n, np.inf)
    shapes = [Shape()] * n
    for label, spread in stated.spreads.items():
        j, more = place[label], spread.numbers[1:]
        u[j], shapes[j] = spread.u, Shape(spread.distribution, more)
        dof[j] = more[0] if more else np.inf
    together: frozenset[int] = frozenset()
    uncertain = {*stated.spreads}  # or exact, if somebody says so
    if stated.data is not None:
        labels, means = stated.data
        block = [place[label] for label in labels]
        _fill(u, R, block, labels, means.covariance, options.data or "")
        dof[block] = means.dof
        together = frozenset(block)
        uncertain |= {*labels}
    if options.cov is not None:
        labels, covariance = _covariance(options, options.cov, variables)
        block = [place[label] for label in labels]
        for label in labels:
            if u[place[label]]:
                raise BindingError(f"'{label}' has an uncertainty besides that in {options.cov}")
        _fill(u, R, block, labels, covariance, options.cov)
        uncertain |= {*labels}
    name = options.cov or "the correlations"
    for j, k, r in _stated_correlations(options, place, uncertain):
        R[j, k] = R[k, j] = r
    for label, number in _freedom(options, variables, uncertain):
        if place[label] in together:
            raise BindingError(f"--dof binds '{label}', and {options.data} says it")
        dof[place[label]] = number
    if not u.any():
        raise BindingError(
            "no input has an uncertainty",
            hint=f"--u {variables[0]}=…" if n else "",
        )
    require_correlations(variables, R, name)
    return Inputs(variables, np.array(stated.problem.x), u, R, dof, tuple(shapes), together)


def _fill(
    u: Floats, R: Floats, block: list[int], labels: Sequence[str], covariance: Floats, name: str
) -> None:
    import numpy as np

    from gradcalc.uncertainty.inputs import correlations

    u[block], R[np.ix_(block, block)] = correlations(labels, covariance, name)


def _require_uncertain(given: Given, label: str, uncertain: Collection[str], of: str) -> None:
    """Raises BindingError where ``of`` is said of what no uncertainty is said of."""
    if label not in uncertain:
        raise BindingError(
            f"no uncertainty is said of {label}, and {of} is of one",
            source=given.source,
            span=given.span,
            hint=f"--u {label}=…, or leave {label} out",
        )


def _stated_correlations(
    options: Options, place: dict[str, int], uncertain: Collection[str]
) -> Iterator[tuple[int, int, float]]:
    """The coefficients of --corr a,b=0.3."""
    seen: set[frozenset[int]] = set()
    for text in options.corr or ():
        source, at = Source(text, "--corr"), 0
        while at < len(text):
            found = _CORRELATION.match(text, at)
            if found is None:
                raise BindingError(
                    "a correlation is of two names", source=source, span=Span(at, len(text)),
                    hint=f"--corr {','.join(list(place)[:2])}=…" if len(place) > 1 else "",
                )  # fmt: skip
            span = Span(found.start(1), found.end(3))
            labels = [Given(found[k], 0.0, source, Span(*found.span(k))) for k in (1, 2)]
            for label in labels:
                if label.name not in place:
                    raise unknown(label, label.name, list(place), "variables", "--corr")
                _require_uncertain(label, label.name, uncertain, "a correlation")
            j, k = (place[label.name] for label in labels)
            if j == k or frozenset((j, k)) in seen:
                what = "itself" if j == k else f"{found[2]} twice"
                raise BindingError(
                    f"{found[1]} is correlated with {what}", source=source, span=span
                )
            seen.add(frozenset((j, k)))
            r = _coefficient(found[3], Span(*found.span(3)), source)
            yield j, k, r
            at = found.end()


def _coefficient(text: str, span: Span, source: Source) -> float:
    try:
        value = read_text(Source(text, "--corr"))[0].value
    except BindingError as error:
        raise BindingError(error.message, source=source, span=span, hint=error.hint) from None
    if isinstance(value, list) or abs(value) > 1:
        over = "" if isinstance(value, list) else f", and this is {abs(value) - 1:.6g} beyond"
        raise BindingError(f"a correlation is between -1 and 1{over}", source=source, span=span)
    return value


def _freedom(
    options: Options, variables: Sequence[str], uncertain: Collection[str]
) -> Iterator[tuple[str, float]]:
    """The degrees of freedom of --dof."""
    for item in values(options.dof, "--dof"):
        require_name(item, "--dof", variables[0])
        numbers = flatten(item.value)
        elements = [v for v in variables if v == item.name or v.startswith(f"{item.name}[")]
        if not elements:
            raise unknown(item, item.name, variables, "variables", "--dof")
        for label in elements:
            _require_uncertain(item, label, uncertain, "a degree of freedom")
        if any(number <= 0 for number in numbers) or len(numbers) not in (1, len(elements)):
            raise BindingError(
                "degrees of freedom are numbers above 0, one for each",
                source=item.source,
                span=item.span,
            )
        yield from zip(elements, numbers * len(elements) if len(numbers) == 1 else numbers,
                       strict=True)  # fmt: skip


# --- files ----------------------------------------------------------------------------------------


def _observed(
    options: Options, path: str, text: str, given: Sequence[Given]
) -> tuple[tuple[str, ...], list[str], Means]:
    """The columns that the expression has a name for, the other ones, and what the rows say."""
    from gradcalc.batch.header import named
    from gradcalc.language.names import unread
    from gradcalc.uncertainty.moments import Moments, means

    with reader_of(options, [path]) as (reader, source):
        if reader.names is None:
            raise BindingError(f"{source} has no header", hint="name the columns in its first line")
        header = named(reader.names)
        missing = {*unread(header, text), *(item.name for item in given)}
        held = [item.name for item in given if item.name in header]
        if held:
            raise BindingError(f"'{held[0]}' is a column of {source}, and --at has a value for it")
        wanted = [j for j, word in enumerate(header) if word not in missing]
        if not wanted:
            raise BindingError(
                f"{source} has no column of the expression: its columns are {listed(header)}"
            )
        moments = Moments(len(wanted))
        for chunk in reader.chunks(wanted, keep=False):
            _require_read(chunk.numbers, chunk.lines, chunk.unread, source, reader.unit)
            moments.add(chunk.numbers)
        labels = tuple(header[j] for j in wanted)
        return labels, sorted(missing & {*header}), means(moments, source)


def _covariance(
    options: Options, path: str, variables: Sequence[str]
) -> tuple[tuple[str, ...], Floats]:
    """The names of a covariance matrix, and the matrix."""
    import numpy as np

    from gradcalc.batch.header import named

    with reader_of(options, [path]) as (reader, source):
        header = named(reader.names) if reader.names is not None else list(variables)
        wanted = [j for j, word in enumerate(header) if word in variables]
        unfit = [word for word in header if word not in variables and word.strip()]
        if reader.names is None and reader.width != len(variables):
            raise BindingError(
                f"{source} has no header and {reader.width} columns, for {len(variables)} "
                f"variables: {listed(list(variables))}"
            )
        parts, labels = [], []
        for chunk in reader.chunks(wanted, keep=True):
            _require_read(chunk.numbers, chunk.lines, chunk.unread, source, reader.unit)
            parts.append(chunk.numbers)
            labels += _words(chunk.kept, wanted)
    columns = [header[j] for j in wanted]
    if unfit and sorted(labels) != sorted(columns):  # one column may have the names of the rows
        raise BindingError(
            f"{source} has a column '{unfit[0]}', and the expression has no such variable",
            hint=f"variables: {listed(list(variables))}",
        )
    matrix = np.concatenate(parts) if parts else np.empty((0, len(columns)))
    if len(matrix) != len(columns):
        raise BindingError(
            f"{source} has {len(matrix)} rows for {len(columns)} columns: {listed(columns)}"
        )
    if sorted(labels) == sorted(columns):
        matrix = matrix[[labels.index(word) for word in columns]]
    return tuple(columns), matrix


def _words(kept: Sequence[object], wanted: Sequence[int]) -> list[str]:
    """The names of the rows, where a column has them."""
    others = [column for j, column in enumerate(kept) if j not in wanted]
    return [str(word).strip() for word in others[0]] if others else []  # type: ignore[attr-defined]


def _require_read(
    numbers: Floats, lines: Sequence[int], unread: dict[int, str], source: str, unit: str
) -> None:
    import numpy as np

    bad = np.flatnonzero(~np.isfinite(numbers).all(axis=1)).tolist()
    rows = sorted({*unread, *bad})
    if rows:
        why = unread.get(rows[0], "a number is missing or not finite")
        raise BindingError(f"{source}, {unit} {lines[rows[0]]}: {why}")


def remarks(inputs: Inputs) -> Iterator[str]:
    """What was assumed of the inputs."""
    exact = [name for name, u in zip(inputs.names, inputs.u.tolist(), strict=True) if not u]
    if exact:
        are = "is" if len(exact) == 1 else "are"
        yield f"no uncertainty is said of {listed(exact)}, which {are} taken as exact"
