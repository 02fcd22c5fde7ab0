"""A Jacobian that somebody else has written: as formulas, as numbers, or as a program prints it.

Formulas are read by gradcalc's own language, with the variables, parameters and shapes of the
expression that they are about; ``gradcalc.claims.printout`` reads what numpy and torch print.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gradcalc.calculus.kinds import KINDS
from gradcalc.check.compare import LIMIT
from gradcalc.claims.foreign import by_name, in_brackets
from gradcalc.claims.precision import slacks
from gradcalc.claims.printout import Printout, is_printout, read_printout, unwrapped
from gradcalc.claims.sheets import Sheet, read_sheet
from gradcalc.engine.program import Program
from gradcalc.engine.schedule import Floats
from gradcalc.errors import BindingError, ExpressionError, Source, Span, UsageError, beginning
from gradcalc.graph.graph import Graph
from gradcalc.language.parser import Parser
from gradcalc.language.reader import Statement

_DEFINED = re.compile(r"\s*[^\W\d]\w*\s*=(?!=)")
_SIGNED = re.compile(r"\s*[-+−]")
_COMMENT = re.compile(r"#[^\n]*")
_SHORTHAND = re.compile(r"@(\d+)")  # CasADi's names for what occurs twice
_HEADED = tuple(name for name, kind in KINDS.items() if kind.order)


@dataclass(frozen=True)
class Matter:
    """What a claim is about: the names of the rows and columns, and what its formulas may use.

    ``title`` is what the matrix is called, ``key`` what it is in JSON.
    """

    rows: tuple[str, ...]
    variables: tuple[str, ...]
    shapes: Mapping[str, tuple[int, ...]]
    parameters: Mapping[str, Any]
    title: str = "Jacobian"
    key: str = "jacobian"

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.variables)


@dataclass(frozen=True)
class Claim:
    """``rows`` by ``columns`` entries, as they were written.

    ``program`` has an output for each entry, row by row, and the variables of the expression;
    ``texts`` has the entries as they were typed. ``slack`` is how far each may be off because it
    was printed with few digits; ``printed`` says which digits those are, ``rounded`` how many.
    """

    program: Program
    rows: int
    columns: int
    texts: tuple[str, ...]
    slack: tuple[float, ...]
    source: Source
    printed: str = ""
    rounded: str = ""

    @property
    def constant(self) -> bool:
        """Whether it is made of numbers alone."""
        graph = self.program.graph
        return all(node in graph.constants for node in graph.outputs)

    def at(self, points: Floats, chunk: slice) -> Floats:
        """The claimed numbers at ``points``, which are ``chunk`` of all of them."""
        del chunk
        return self.program(points).reshape(len(points), self.rows, self.columns)

    def ulps(self, least: float) -> float:
        """How many ulps its arithmetic may be off: it is done with many digits."""
        return least

    def transposed(self) -> Claim:
        """The same entries with rows and columns exchanged."""
        places = [i * self.columns + j for j in range(self.columns) for i in range(self.rows)]
        return replace(self, **_chosen(self, places), rows=self.columns, columns=self.rows)

    def fitted(self, matter: Matter) -> Claim:
        """The claim in the shape of the Jacobian; a vector may lie down or stand.

        Raises BindingError when the shapes do not fit.
        """
        m, n = matter.shape
        if (self.rows, self.columns) == (m, n):
            return self
        if 1 in (m, n) and sorted((self.rows, self.columns)) == sorted((m, n)):
            return replace(self, rows=m, columns=n)
        if (self.rows, self.columns) == (m * n, 1):  # an entry a line
            return replace(self, rows=m, columns=n)
        raise _misfit(self, matter)


@dataclass(frozen=True)
class Tested:
    """Derivatives as a program has calculated them, shape (N, rows, columns), point by point."""

    numbers: Floats

    constant = False
    texts: tuple[str, ...] = ()
    slack: tuple[float, ...] = ()
    printed = rounded = ""

    def at(self, points: Floats, chunk: slice) -> Floats:
        """The numbers at ``points``, which are ``chunk`` of all of them."""
        del points
        return self.numbers[chunk]

    def ulps(self, least: float) -> float:
        """How many ulps its arithmetic may be off: as many as ours may."""
        return max(least, LIMIT)


def read_claim(source: Source, matter: Matter) -> Claim:
    """Raises ExpressionError and BindingError, with spans, for what cannot be read."""
    if not source.text.strip():
        raise BindingError("the claim is empty", hint="--claim '2*x1, 3; 2, 2*x2'")
    named = by_name(source.text)
    if named is not None and set(named) == set(matter.variables):
        claim = _from_lists(source, [list(named.values())], matter, {})
        return _reordered(claim, list(named), matter)
    source = Source(in_brackets(source.text), source.name)
    start = source.text.lstrip()[:1]
    if start == "{" or (start == "[" and '"' in source.text):
        return _read_json(source, matter)
    if is_printout(source.text, typed=source.name.startswith("--")):
        return _read_printout(source, matter)
    sheet = read_sheet(source.text, matter.rows, matter.variables)
    if sheet is not None:
        return _from_cells(source, sheet, matter)
    return _read_table(Source(_SHORTHAND.sub(r"_\1", source.text), source.name), matter)


def read_array(path: str, matter: Matter) -> Claim:
    """The numbers of a file of numpy. Raises UsageError and BindingError."""
    import numpy as np  # already loaded by whoever judges

    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or "not an array of numbers in numpy's format"
        raise UsageError(f"cannot read '{path}': {reason.lower()}") from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu" or array.ndim > 2:
        raise BindingError(f"{path} is not a matrix of numbers")
    rows = np.atleast_2d(array)
    texts = [[repr(float(x)) for x in row] for row in rows.tolist()]
    half = array.dtype.kind == "f" and array.dtype.itemsize < 8
    relative = 8 * float(np.finfo(array.dtype).eps) if half else 0.0
    printout = Printout(
        rows.astype(float).tolist(), texts, 0.0, relative, f"{array.dtype}" if half else ""
    )
    return _from_numbers(Source("", path), printout, matter)


def _read_printout(source: Source, matter: Matter) -> Claim:
    """Numbers; or formulas inside of ``Matrix(…)``, as sympy prints them."""
    try:
        return _from_numbers(source, read_printout(source), matter)
    except BindingError:
        inside = unwrapped(source.text)
        if inside is None:
            raise
        if "E" not in matter.variables:  # sympy's name for it
            inside = re.sub(r"\bE\b", "e", inside)
        try:
            return _read_table(Source(inside, source.name), matter)
        except ExpressionError:
            pass
        raise


def _from_cells(source: Source, sheet: Sheet, matter: Matter) -> Claim:
    """Cells of numbers are numbers, with the digits that they have; others are formulas."""
    try:
        numbers = [[float(cell) for cell in row] for row in sheet.cells]
    except ValueError:
        text = ";\n".join([*sheet.parts, *(", ".join(row) for row in sheet.cells)])
        claim = _read_formulas(Source(text, source.name), matter)
    else:
        claim = _from_numbers(source, Printout(numbers, sheet.cells), matter)
    if sheet.columns is None:
        return claim
    if sorted(sheet.columns) != sorted(matter.variables):
        raise BindingError(
            f"the claim has the columns {beginning(sheet.columns)}",
            hint=f"the expression has the variables {beginning(matter.variables)}",
        )
    return _reordered(claim, sheet.columns, matter)


def _reordered(claim: Claim, order: Sequence[str], matter: Matter) -> Claim:
    """The claim with its columns, which stand in this order, in that of the variables."""
    n, place = claim.columns, {name: k for k, name in enumerate(order)}
    places = [i * n + place[name] for i in range(claim.rows) for name in matter.variables]
    return replace(claim, **_chosen(claim, places))


# --- formulas -------------------------------------------------------------------------------------


def _read_table(source: Source, matter: Matter) -> Claim:
    """Entries between commas (tabs), rows between semicolons or on lines; maybe under a header."""
    text, order = _without_header(source.text, matter)
    turned = order is None
    if turned:  # or the matrix is transposed, under the names of the rows
        across = replace(matter, rows=matter.variables, variables=matter.rows)
        text, order = _without_header(source.text, across)
    laid = matter if order is None or not turned else across
    text = _with_ends(text.replace("\t", ",").replace('"', " "), laid)
    claim = _read_formulas(Source(text, source.name), matter)
    if order is None or claim.columns != len(order):
        return claim
    places = [
        i * claim.columns + order.index(j) for i in range(claim.rows) for j in range(len(order))
    ]
    claim = replace(claim, **_chosen(claim, places))
    return claim.transposed() if turned else claim


def _with_ends(text: str, matter: Matter) -> str:
    """The text with an end for every line, where a line is a row or an entry: what begins with a
    minus goes on the line before, else."""
    m, n = matter.shape
    lines = text.splitlines()
    full = [k for k, line in enumerate(lines) if _COMMENT.sub("", line).strip()]
    named = sum(bool(_DEFINED.match(lines[k])) for k in full)
    if len(full) - named not in (m, m * n) or not any(_SIGNED.match(line) for line in lines):
        return text
    for k in full:
        lines[k] += ";" * (not lines[k].rstrip().endswith(";"))
    return "\n".join(lines)


def _without_header(text: str, matter: Matter) -> tuple[str, list[int] | None]:
    """The text with a first line of variable names blanked out, and the columns that it names.

    ``x2,x1`` may also be a row of formulas: it is a header if there is a line for every output
    below it. A header with one more cell has a column of row names at its left.
    """
    lines = text.splitlines(keepends=True)
    full = [k for k, line in enumerate(lines) if line.strip()]
    if len(full) != len(matter.rows) + 1:
        return text, None
    separator = "\t" if "\t" in lines[full[0]] else ","
    cells = [cell.strip() for cell in next(csv.reader([lines[full[0]]], delimiter=separator))]
    labelled = len(cells) == len(matter.variables) + 1
    names = cells[1:] if labelled else cells
    if sorted(names) != sorted(matter.variables):
        return text, None
    lines[full[0]] = _blank(lines[full[0]])
    if labelled:
        for k in full[1:]:
            label, cut, rest = lines[k].partition(separator)
            lines[k] = _blank(label + cut) + rest
    return "".join(lines), [matter.variables.index(name) for name in names]


def _blank(text: str) -> str:
    """As many blanks, so that carets stay where they are."""
    return "".join(char if char == "\n" else " " for char in text)


def _read_formulas(source: Source, matter: Matter) -> Claim:
    bases = {name.partition("[")[0] for name in matter.variables}
    parser = Parser(
        source,
        shapes=dict(matter.shapes),
        parameters=dict(matter.parameters),
        bound=frozenset(bases),
    ).parse()
    entries = [statement for statement in parser.statements if not statement.name]
    entries = entries or parser.statements[-1:]  # J = [[…], […]]
    for statement in entries:
        parser.meaning.number(statement.value, statement.span)
    rows = _rows(parser, entries, matter)
    _require_even(rows, source, matter)
    nodes = [node for row in rows for node, _ in row]
    program = Program(_with_columns(parser.graph, nodes, matter))
    texts = tuple(source.text[slice(*span)] for row in rows for _, span in row)
    numbers = [program.graph.constants.get(node, 0.0) for node in program.graph.outputs]
    slack, rounded = slacks(texts, numbers)
    return Claim(program, len(rows), len(rows[0]), texts, slack, source, rounded, rounded)


Cell = tuple[int, Span]
"""A node and the text that it stands for."""


def _rows(parser: Parser, entries: Sequence[Statement], matter: Matter) -> list[list[Cell]]:
    """Statements and the elements of arrays, in rows."""
    arrays = [s for s in entries if not isinstance(s.value, int)]
    if len(entries) == len(arrays) == 1 and arrays[0].value.ndim == 2:  # type: ignore[union-attr]
        return [_cells(parser.graph, row, arrays[0].span) for row in arrays[0].value]  # type: ignore[union-attr]
    rows: list[list[Cell]] = [[]]
    for before, statement in zip([None, *entries], entries, strict=False):
        if before is not None and _breaks(
            parser.source.text[before.span.end : statement.span.start]
        ):
            rows.append([])
        rows[-1] += _cells(parser.graph, statement.value, statement.span)
    if len(rows) == 1 and len(arrays) == len(entries) == len(matter.rows):
        return [_cells(parser.graph, s.value, s.span) for s in entries]  # [1, 2], [3, 4]
    return rows


def _breaks(between: str) -> bool:
    """Whether a row ends between two entries."""
    between = _COMMENT.sub("", between)
    return ";" in between or "\n" in between


def _cells(graph: Graph, value: Any, span: Span) -> list[Cell]:
    if isinstance(value, int):
        return [(value, span)]
    inside = [int(node) for node in value.ravel()]
    return [(node, graph.span(node) if graph.text(node) else span) for node in inside]


def _require_even(rows: Sequence[Sequence[Cell]], source: Source, matter: Matter) -> None:
    lengths = [len(row) for row in rows]
    if len(set(lengths)) == 1:
        return
    usual = len(matter.variables) if len(matter.variables) in lengths else lengths[0]
    odd = next(i for i, length in enumerate(lengths) if length != usual)
    raise BindingError(
        f"row {odd + 1} of the claim has {_count(lengths[odd], 'entry', 'entries')}, "
        f"and {'the others' if len(rows) > 2 else 'the other'} {usual}",
        source=source,
        span=Span(rows[odd][0][1].start, rows[odd][-1][1].end),
        hint="entries are separated by ',', rows by ';'",
    )


def _with_columns(graph: Graph, nodes: Sequence[int], matter: Matter) -> Graph:
    """The graph with the entries as outputs and the variables of the expression as inputs."""
    for name, node in zip(graph.variables, graph.inputs, strict=True):
        if name not in matter.variables:
            raise BindingError(
                f"'{name}' in the claim is not a variable of the expression",
                source=graph.source,
                span=graph.span(node),
                hint=f"variables: {beginning(matter.variables)}",
            )
    graph.inputs = [graph.variable(name) for name in matter.variables]
    graph.variables = list(matter.variables)
    graph.outputs = list(nodes)
    graph.output_names = [f"entry{k}" for k in range(len(nodes))]
    return graph


# --- numbers --------------------------------------------------------------------------------------


def _read_json(source: Source, matter: Matter) -> Claim:
    """gradcalc's own JSON output, or another object with a Jacobian in it; lists of formulas."""
    try:
        data = json.loads(source.text)
    except json.JSONDecodeError as error:
        raise BindingError(
            f"the claim is not JSON: {error.msg}",
            source=source,
            span=Span(error.pos, error.pos + 1),
        ) from None
    except (RecursionError, ValueError):  # brackets a thousand deep, a number of 5000 digits
        raise BindingError("the claim is not JSON that holds a matrix") from None
    order, parts = None, dict[str, str]()
    if isinstance(data, dict):
        parts = data.get("parts") or {}
        key = next((key for key in (matter.key, *_HEADED) if key in data), None)
        if key is None and set(data) == set(matter.variables):
            data, key = {matter.key: [[*data.values()]], "variables": [*data]}, matter.key
        if key is None:
            raise BindingError(
                "the JSON object of the claim has no matrix", hint=f"a key: {', '.join(_HEADED)}"
            )
        names = data.get("variables")
        order = names if names and names != list(matter.variables) else None
        data = data[key]
    claim = _from_lists(source, data, matter, parts)
    if order is None:
        return claim
    if not isinstance(order, list) or set(map(str, order)) != set(matter.variables):
        raise BindingError(
            f"the claim has the variables {', '.join(map(str, order))}",
            hint=f"the expression has {', '.join(matter.variables)}",
        )
    return _reordered(claim, order, matter)


def _from_lists(source: Source, data: Any, matter: Matter, parts: Mapping[str, str]) -> Claim:
    rows = data if isinstance(data, list) else [[data]]
    if not any(isinstance(row, list) for row in rows):
        rows = [rows]
    if not all(isinstance(row, list) and row for row in rows):
        raise BindingError("the JSON of the claim is not a list of rows")
    if any(isinstance(entry, str) for row in rows for entry in row):
        defined = [f"{name} = {formula}" for name, formula in parts.items()]
        text = ";\n".join([*defined, *(", ".join(map(str, row)) for row in rows)])
        return _read_formulas(Source(text, source.name), matter)
    try:
        numbers = [[_number(entry) for entry in row] for row in rows]
    except (TypeError, ValueError, OverflowError):
        raise BindingError("the JSON of the claim has an entry that is no number") from None
    return _from_numbers(
        source, Printout(numbers, [[repr(x) for x in row] for row in numbers]), matter
    )


def _number(entry: Any) -> float:
    if isinstance(entry, bool):
        raise TypeError
    return float("nan") if entry is None else float(entry)


def _from_numbers(source: Source, printout: Printout, matter: Matter) -> Claim:
    lengths = {len(row) for row in printout.numbers}
    if len(lengths) != 1:
        raise BindingError(f"the rows of the claim differ in length: {sorted(lengths)}")
    graph = Graph(source)
    nodes = [graph.constant(number) for row in printout.numbers for number in row]
    program = Program(_with_columns(graph, nodes, matter))
    texts = tuple(text for row in printout.texts for text in row)
    flat = [x for row in printout.numbers for x in row]
    by_digits, rounded = slacks(texts, flat)
    if printout.precision:
        rounded = ""
    slack = tuple(
        max(printout.absolute, printout.relative * abs(x), own if not printout.precision else 0.0)
        for x, own in zip(flat, by_digits, strict=True)
    )
    shape, precision = (len(printout.numbers), lengths.pop()), printout.precision or rounded
    return Claim(program, *shape, texts, slack, source, precision, rounded)


# --- shapes ---------------------------------------------------------------------------------------


def _chosen(claim: Claim, places: Sequence[int]) -> dict[str, Any]:
    """The fields of a claim with its entries in another order."""
    graph = claim.program.graph
    chosen = Graph.__new__(Graph)
    chosen.__dict__ = {**graph.__dict__, "outputs": [graph.outputs[place] for place in places]}
    return {
        "program": Program(chosen),
        "texts": tuple(claim.texts[place] for place in places),
        "slack": tuple(claim.slack[place] for place in places),
    }


def _misfit(claim: Claim, matter: Matter) -> BindingError:
    m, n = matter.shape
    return BindingError(
        f"the claim is {claim.rows} by {claim.columns}, and the {matter.title} is {m} by {n}: "
        f"{_count(m, 'row', 'rows')} and {_count(n, 'variable', 'variables')}",
        source=claim.source if len(claim.source.text) < 200 else None,
        span=Span(0, len(claim.source.text)) if len(claim.source.text) < 200 else None,
        hint=f"rows: {beginning(matter.rows)}; an entry for each of {beginning(matter.variables)}",
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
