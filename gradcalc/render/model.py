"""Linear models: tables, records, and source for numpy, MATLAB and python-control."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradcalc.errors.text import safe
from gradcalc.render.facts import as_complex
from gradcalc.render.frame import framed
from gradcalc.render.numbers import aligned, exact, latex, shown
from gradcalc.render.records import MARKS, RECORDS, plain, separated

if TYPE_CHECKING:
    from gradcalc.check.models import Proven
    from gradcalc.check.verdict import Verdict
    from gradcalc.engine.schedule import Floats
    from gradcalc.linear.model import Model
    from gradcalc.linear.reachable import Reach


@dataclass(frozen=True, eq=False)
class Report:
    """A model, what is known of it, and what the check found."""

    model: Model
    known: Proven
    verdict: Verdict | None = None
    notes: tuple[str, ...] = ()
    quiet: bool = False
    width: int | None = None
    """Columns of the screen, None where it is none."""

    def __repr__(self) -> str:
        return _table(self, None).rstrip("\n")

    def _repr_latex_(self) -> str:
        matrices = (line for line in _latex(self, 6).splitlines() if line[:1] != "%")
        return f"$$\\begin{{gathered}}{' '.join(matrices)}\\end{{gathered}}$$"

    @property
    def A(self) -> Floats:
        return self.model.A

    @property
    def B(self) -> Floats:
        return self.model.B

    @property
    def C(self) -> Floats:
        return self.model.C

    @property
    def D(self) -> Floats:
        return self.model.D

    @property
    def eigenvalues(self) -> list[complex]:
        return [mode.value for mode in self.known.modes]

    @property
    def at(self) -> dict[str, float]:
        """The point: that of --trim, where one was found."""
        return dict(zip(self.columns, self.point, strict=True))

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.model.roles.states, *self.model.roles.inputs)

    @property
    def rows(self) -> tuple[str, ...]:
        return (*self.model.roles.labels, *self.model.roles.measured)

    @property
    def point(self) -> list[float]:
        at = self.model.at
        place = {name: float(x) for name, x in zip(at.program.variables, at.x, strict=True)}
        return [place[name] for name in self.columns]

    @property
    def matrices(self) -> dict[str, Any]:
        model = self.model
        return {"A": model.A, "B": model.B, "C": model.C, "D": model.D}

    @property
    def body(self) -> list[list[float]]:
        """(A B; C D)"""
        model = self.model
        above = [[*a, *b] for a, b in zip(model.A.tolist(), model.B.tolist(), strict=True)]
        below = [[*c, *d] for c, d in zip(model.C.tolist(), model.D.tolist(), strict=True)]
        return above + below

    @property
    def balance(self) -> str:
        """Whether the point is an equilibrium, and by how much not."""
        model = self.model
        if model.equilibrium:
            return "an equilibrium: the equations are 0 there, as far as rounding lets them be"
        pairs = zip(model.roles.labels, model.off.tolist(), model.room.tolist(), strict=True)
        off = [f"{name} = {x:.6g}" for name, x, room in pairs if abs(x) > room]
        more = f", and {len(off) - 4} more" if len(off) > 4 else ""
        return f"no equilibrium: {', '.join(off[:4])}{more} there"

    @property
    def trimmed(self) -> str:
        """What was found by --trim; '' where it was not asked for."""
        search = self.model.search
        if search is None:
            return ""
        if not search.moved:
            return "--trim: the point is an equilibrium as it is"
        place = self.at
        moved = ", ".join(f"{name} = {shown(place[name])}" for name in search.moved)
        return f"--trim: {moved}, in {search.steps} step{'s' * (search.steps != 1)}"

    @property
    def remarks(self) -> list[str]:
        if self.quiet:
            return []
        told = [*self.notes, *filter(None, [self.trimmed]), self.balance]
        lines = [f"note: {note}" for note in told]
        if self.verdict is not None:
            lines.append(self.verdict.line)
        return [*lines, *filter(None, [self.known.line])]


# --- for people -----------------------------------------------------------------------------------


def _table(report: Report, digits: int | None) -> str:
    lines = ["Linear model: d/dt Δx = A·Δx + B·Δu,  Δy = C·Δx + D·Δu", ""]
    lines += _blocks(report, digits)
    if report.known.modes:
        lines += ["", *_modes(report, digits)]
    width = len("controllable")
    told = {"stability": report.known.stability.told}
    if report.model.roles.inputs:
        told["controllable"] = reached(report.known.controllability, "modes that no input moves")
    told["observable"] = reached(report.known.observability, "modes that no measurement shows")
    lines += ["", *(f"{name:<{width}}   {text}" for name, text in told.items())]
    lines += ["", *report.remarks] if report.remarks else []
    return "".join(f"{safe(line)}\n" for line in lines)


def _blocks(report: Report, digits: int | None) -> list[str]:
    """A and B over C and D, under the names and the point."""
    n = len(report.model.roles.states)
    names = ["", "at", *report.rows]
    columns = []
    numbers = [report.point, *report.body]
    for j, name in enumerate(report.columns):
        texts = aligned([shown(row[j], digits) for row in numbers])
        width = max(map(len, [name, *texts]))
        columns.append([text.rjust(width) for text in (name, *texts)])
    first = max(map(len, names))
    split = 2 + len(report.model.roles.labels)
    told: list[str] = []
    for start, stop in _chunks([len(column[0]) for column in columns], first, report.width):
        lines = []
        for k, name in enumerate(names):
            sides = (columns[start : min(n, stop)], columns[max(n, start) : stop])
            parts = ["   ".join(column[k] for column in side) for side in sides if side]
            lines.append(f"{name:<{first}}   {' │ '.join(parts)}".rstrip())
        rule = "─" * max(map(len, lines))
        told += [*([""] if told else []), *lines[:2], rule, *lines[2:split], rule, *lines[split:]]
    return told


def _chunks(widths: Sequence[int], first: int, most: int | None) -> list[tuple[int, int]]:
    """Columns that stand side by side, as many as the screen has room for, at least one."""
    found, start, used = [], 0, first
    for j, width in enumerate(widths):
        used += 3 + width
        if most is not None and used > most and j > start:
            found.append((start, j))
            start, used = j, first + 3 + width
    return [*found, (start, len(widths))]


def _modes(report: Report, digits: int | None) -> list[str]:
    modes = report.known.modes
    grid = [["eigenvalue", "damping", "frequency"]]
    for mode in modes:
        damping = "" if math.isnan(mode.damping) else f"{mode.damping + 0.0:.6g}"
        value = as_complex(mode.value.real, mode.value.imag, digits)
        grid.append([value, damping, f"{mode.frequency:.6g}"])
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    return [
        "   ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip()
        for row in grid
    ]


def reached(reach: Reach, hidden: str) -> str:
    """How many states are moved, or told apart, what decided it, and the modes that are not."""
    known = "" if reach.proven is None else ", proven" if reach.proven else ""
    above = f"σ = {reach.above:.2g} is above" if math.isfinite(reach.above) else ""
    below = f"σ = {reach.below:.2g} is below" if reach.below or not above else ""
    between = f"{' and '.join(filter(None, (above, below)))} {reach.threshold:.1g}"
    told = f"rank {reach.rank} of {reach.size}{known}: {between}"
    if reach.hidden and not reach.full:
        values = ", ".join(as_complex(v.real, v.imag, 6) for v in reach.hidden[:4])
        decay = all(value.real < 0 for value in reach.hidden)
        told += f"; {hidden}: {values}{' (they decay)' if decay else ''}"
    return told


# --- for programs ---------------------------------------------------------------------------------


def _record(report: Report) -> dict[str, Any]:
    model, known, roles = report.model, report.known, report.model.roles
    body: dict[str, Any] = {
        "states": list(roles.states),
        "inputs": list(roles.inputs),
        "measured": list(roles.measured),
        "equations": list(roles.labels),
        **{name: matrix.tolist() for name, matrix in report.matrices.items()},
        "equilibrium": model.equilibrium,
        "residual": dict(zip(roles.labels, model.off.tolist(), strict=True)),
        "eigenvalues": [
            {
                "re": mode.value.real,
                "im": mode.value.imag,
                "damping": None if math.isnan(mode.damping) else mode.damping,
                "frequency": mode.frequency,
                "uncertainty": mode.uncertainty,
            }
            for mode in known.modes
        ],
        "stability": known.stability.as_json(),
        "controllability": known.controllability.as_json(),
        "observability": known.observability.as_json(),
    }
    if model.search is not None:
        body["trim"] = {"steps": model.search.steps, "moved": list(model.search.moved)}
    told = (*report.notes, report.balance)
    return framed(
        "linearize", report.columns, report.rows, report.at, body, report.verdict, told
    ) | {"proven": list(known.proven)}  # fmt: skip


def _separated(report: Report, mark: str) -> str:
    rows = ((name, *numbers) for name, numbers in zip(report.rows, report.body, strict=True))
    return separated(("", *report.columns), rows, mark)


def _latex(report: Report, digits: int | None) -> str:
    lines = []
    for name, matrix in report.matrices.items():
        rows = [[latex(x, digits) for x in row] for row in matrix.tolist()]
        lines.append(latex_matrix(name, rows))
    return "\n".join([*lines, *(f"% {safe(remark)}" for remark in report.remarks), ""])


def latex_matrix(name: str, rows: Sequence[Sequence[str]]) -> str:
    body = " \\\\\n".join(" & ".join(row) for row in rows)
    return f"{name} = \\begin{{pmatrix}}\n{body}\n\\end{{pmatrix}}"


def _comments(report: Report, mark: str) -> Iterator[str]:
    """Where the model comes from, and what is known of it."""
    text = report.model.at.program.graph.source.text
    for line in text.splitlines():
        yield f"{mark} {safe(line)}"
    pairs = zip(report.columns, report.point, strict=True)
    yield f"{mark} at {', '.join(f'{safe(name)} = {exact(x)}' for name, x in pairs)}"
    for remark in report.remarks:
        yield f"{mark} {safe(remark)}"


def _python(name: str, matrix: Any) -> str:
    """An assignment of an array, a row a line; its shape where a row has no numbers."""
    if not matrix.size:
        return f"{name} = np.zeros({matrix.shape})"
    rows = ",\n    ".join(f"[{', '.join(map(_number, row))}]" for row in matrix.tolist())
    return f"{name} = np.array([\n    {rows},\n])"


def _number(x: float) -> str:
    return repr(float(x))


def _numpy(report: Report, digits: int | None) -> str:
    roles = report.model.roles
    lines = [
        *_comments(report, "#"),
        "import numpy as np",
        "",
        f"states = {list(roles.states)!r}",
        f"inputs = {list(roles.inputs)!r}",
        f"outputs = {list(roles.measured)!r}",
        *(_python(name, matrix) for name, matrix in report.matrices.items()),
    ]
    return "\n".join([*lines, ""])


def _control(report: Report, digits: int | None) -> str:
    """A state space system of python-control, with the names."""
    driven = "inputs=inputs, " if report.model.roles.inputs else ""
    lines = _numpy(report, digits).replace("import numpy", "import control\nimport numpy", 1)
    return f"{lines}system = control.ss(A, B, C, D, states=states, {driven}outputs=outputs)\n"


def _matlab(report: Report, digits: int | None) -> str:
    roles = report.model.roles
    lines = [*_comments(report, "%")]
    for name, matrix in report.matrices.items():
        if not matrix.size:
            lines.append(f"{name} = zeros({matrix.shape[0]}, {matrix.shape[1]});")
            continue
        rows = "\n    ".join(" ".join(map(exact, row)) for row in matrix.tolist())
        lines.append(f"{name} = [\n    {rows}\n];")
    named = {"states": roles.states, "inputs": roles.inputs, "outputs": roles.measured}
    for name, names in named.items():
        quoted = ", ".join(f"'{one}'" for one in names)
        lines.append(f"{name} = {{{quoted}}};")
    given = "'StateName', states, 'InputName', inputs, 'OutputName', outputs"
    return "\n".join([*lines, f"% system = ss(A, B, C, D, {given});", ""])


Writer = Callable[[Report, int | None], str]


def _recorded(written: Callable[[dict[str, Any]], str]) -> Writer:
    return lambda report, digits: written(_record(report))


def _marked(mark: str) -> Writer:
    return lambda report, digits: _separated(report, mark)


WRITERS: dict[str, Writer] = {
    "table": _table,
    **{name: _recorded(written) for name, written in RECORDS.items()},
    **{name: _marked(mark) for name, mark in MARKS.items()},
    "plain": lambda report, digits: plain(report.body),
    "latex": _latex,
    "numpy": _numpy,
    "matlab": _matlab,
    "control": _control,
}


# --- formulas -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class FormulaModel:
    """The blocks as texts, shared parts before them, and what was found when they were judged."""

    states: tuple[str, ...]
    inputs: tuple[str, ...]
    measured: tuple[str, ...]
    labels: tuple[str, ...]
    blocks: dict[str, list[list[str]]]
    parts: list[tuple[str, str]]
    remarks: list[str]
    check: dict[str, Any]
    width: int | None = None


def _formula_table(model: FormulaModel) -> str:
    header = ["", *model.states, *(["│", *model.inputs] if model.inputs else [])]
    grid = [header]
    pairs = (("A", "B", model.labels), ("C", "D", model.measured))
    splits = []
    for left, right, names in pairs:
        splits.append(len(grid))
        for name, a, b in zip(names, model.blocks[left], model.blocks[right], strict=True):
            grid.append([name, *a, *(["│", *b] if b else [])])
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    lines = [
        "   ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip()
        for row in grid
    ]
    rule = "─" * max(map(len, lines))
    for place in reversed(splits):
        lines.insert(place, rule)
    if model.width is not None and len(rule) > model.width:
        lines = list(_entry_lines(model))
    told = ["Linear model: d/dt Δx = A·Δx + B·Δu,  Δy = C·Δx + D·Δu", "", *lines]
    if model.parts:
        told += ["", "where", *(f"  {name} = {text}" for name, text in model.parts)]
    told += ["", *model.remarks] if model.remarks else []
    return "".join(f"{safe(line)}\n" for line in told)


def _entry_lines(model: FormulaModel) -> Iterator[str]:
    """A line for each entry that is not 0: where the matrices are wider than the screen."""
    rows = {"A": model.labels, "B": model.labels, "C": model.measured, "D": model.measured}
    columns = {"A": model.states, "B": model.inputs, "C": model.states, "D": model.inputs}
    for letter, block in model.blocks.items():
        for row, texts in zip(rows[letter], block, strict=True):
            for column, text in zip(columns[letter], texts, strict=True):
                if text != "0":
                    yield f"{letter}[{row}, {column}] = {text}"


def _formula_record(model: FormulaModel) -> dict[str, Any]:
    return {
        "command": "linearize",
        "states": list(model.states),
        "inputs": list(model.inputs),
        "measured": list(model.measured),
        "parts": dict(model.parts),
        **model.blocks,
        "check": model.check,
    }


def _formula_latex(model: FormulaModel) -> str:
    lines = [latex_matrix(name, rows) for name, rows in model.blocks.items() if rows and rows[0]]
    lines += [rf"% {name} = {text}" for name, text in model.parts]
    return "\n".join([*lines, *(f"% {safe(remark)}" for remark in model.remarks), ""])


def _formula_plain(model: FormulaModel) -> str:
    """A formula a line, the blocks one after the other, row by row."""
    entries = [text for rows in model.blocks.values() for row in rows for text in row]
    return "\n".join([*(f"{name} = {text}" for name, text in model.parts), *entries, ""])


def _formula_json(model: FormulaModel) -> str:
    return json.dumps(_formula_record(model), indent=2, ensure_ascii=False) + "\n"


FORMULA_WRITERS: dict[str, Callable[[FormulaModel], str]] = {
    "table": _formula_table,
    "json": _formula_json,
    "ndjson": lambda model: json.dumps(_formula_record(model), ensure_ascii=False) + "\n",
    "plain": _formula_plain,
    "latex": _formula_latex,
}
"""Without a point."""
