"""Derivatives as formulas, in every format that has a place for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradcalc.calculus.kinds import OUTPUTS, VARIABLES, V
from gradcalc.errors.text import IN_ASCII, safe
from gradcalc.formulas.derivative import Formulas
from gradcalc.formulas.latex import Latex, name_of
from gradcalc.formulas.mathml import MathML, matrix
from gradcalc.formulas.writing import Notation, OnPaper
from gradcalc.render.facts import (
    formula_latex,
    formula_lines,
    formula_mathml,
    formula_record,
    named_formulas,
    sympy_matrix,
)
from gradcalc.render.product import combination
from gradcalc.render.records import MARKS, separated

if TYPE_CHECKING:
    from gradcalc.check.identity import Identity
    from gradcalc.linear.symbolic import FactFormula

_BETWEEN = 3  # blanks between two columns


@dataclass(frozen=True)
class Sheet:
    """Formulas, what was found when they were judged, and how they are to be shown."""

    command: str
    formulas: Formulas
    identity: Identity | None = None
    notes: tuple[str, ...] = ()
    transposed: bool = False
    ascii: bool = False
    facts: tuple[FactFormula, ...] = ()
    """What was asked of the matrix: its determinant, its rank, its inverse."""
    facts_identity: Identity | None = None

    def __repr__(self) -> str:
        return render_table(self).rstrip("\n")

    def _repr_latex_(self) -> str:
        return f"$${_mathematics(self)}$$"

    def _repr_html_(self) -> str:
        return render_mathml(self)

    @property
    def texts(self) -> list[list[str]]:
        """The entries in rows, every part written out, as gradcalc reads them."""
        whole = replace(self, formulas=self.formulas.unshared())
        return whole.matrix(Notation())[2]

    def __getitem__(self, fact: str) -> Any:
        """A fact that was asked for: a formula, rows of formulas, or a rank."""
        return formula_record(self.facts)[fact]

    @property
    def absent(self) -> list[str]:
        """The facts that there are not, and why."""
        return [f"{one.fact.title}: {one.told}" for one in self.facts if one.absent]

    @property
    def paper(self) -> Notation:
        return Notation() if self.ascii else OnPaper()

    def matrix(self, notation: Notation) -> tuple[list[str], list[str], list[list[str]]]:
        """Names of rows, names of columns, a text for each entry."""
        formulas = self.formulas
        names = {OUTPUTS: formulas.graph.output_names, VARIABLES: formulas.graph.variables}
        rows, columns = (
            list(names.get(axis, [axis])) for axis in (formulas.kind.rows, formulas.kind.columns)
        )
        _, entries = formulas.spelled(notation)
        width = max(1, len(columns))
        body = [entries[k : k + width] for k in range(0, len(entries), width)]
        if self.transposed:
            return columns, rows, [list(column) for column in zip(*body, strict=True)]
        return rows, columns, body

    def entries(self, notation: Notation) -> list[tuple[str, str]]:
        """What a mathematician calls each entry, and its formula."""
        kind, graph = self.formulas.kind, self.formulas.graph
        _, texts = self.formulas.spelled(notation)
        named = (kind.entry(k, graph.output_names, graph.variables) for k in range(len(texts)))
        return list(zip(named, texts, strict=True))

    def conditions(self, notation: Notation) -> list[str]:
        """Where the formulas hold, and where a slope is a convention."""
        formulas = self.formulas
        told = []
        if formulas.condition != formulas.terms.one:
            (text,) = formulas.said([formulas.condition], notation)
            told.append(f"for {text}")
        told += [f"a kink where {text}" for text in formulas.said(formulas.kinks, notation)]
        return told

    def remarks(self, notation: Notation) -> list[str]:
        """What is said below the formulas."""
        notes = [*self.conditions(notation), *(f"note: {note}" for note in self.notes)]
        judged = (self.identity, self.facts_identity)
        return [*notes, *(found.line for found in judged if found)]


def render_table(sheet: Sheet, *, width: int | None = None, **_rest: Any) -> str:
    """The matrix, or where it is wider than the screen a line an entry."""
    notation = sheet.paper
    rows, columns, body = sheet.matrix(notation)
    lines = [_title(sheet), ""]
    grid = [["", *columns], *([name, *texts] for name, texts in zip(rows, body, strict=True))]
    widths = [max(len(line[k]) for line in grid) for k in range(len(grid[0]))]
    total = sum(widths) + _BETWEEN * (len(widths) - 1)
    if width is not None and total > width:
        named = sheet.entries(notation)
        longest = max(len(name) for name, _ in named)
        lines += [f"{name:<{longest}} = {text}" for name, text in named]
    else:
        for k, line in enumerate(grid):
            padded = (text.ljust(size) for text, size in zip(line, widths, strict=True))
            lines.append((" " * _BETWEEN).join(padded).rstrip())
            if k == 0:
                lines.append("─" * total)
    parts, _ = sheet.formulas.spelled(notation)
    if parts:
        lines += ["", "where"] + [f"  {name} = {text}" for name, text in parts]
    lines += ["", *formula_lines(sheet.facts, notation)] if sheet.facts else []
    lines += ["", *sheet.remarks(notation)] if sheet.remarks(notation) else []
    text = "\n".join(map(safe, lines)) + "\n"
    return text.translate(IN_ASCII) if sheet.ascii else text


def _title(sheet: Sheet) -> str:
    formulas = sheet.formulas
    names = formulas.graph.output_names
    values = formulas.said(formulas.values, sheet.paper)
    vector = formulas.said(formulas.vector, sheet.paper) if formulas.kind.vector is V else []
    return formulas.kind.heading.format(
        s="s", output=names[0], value=values[0], combination=combination(vector, names)
    )


def render_plain(sheet: Sheet, **_rest: Any) -> str:
    """A formula a line, shared parts before them; what gradcalc reads. Facts that were asked for,
    alone."""
    parts, entries = sheet.formulas.spelled(Notation())
    lines = [*(f"{name} = {text}" for name, text in parts), *entries]
    if sheet.facts:
        lines = []
        for _, parts, rows, _ in named_formulas(sheet.facts, Notation()):
            lines += [*(f"{name} = {text}" for name, text in parts), *(t for r in rows for t in r)]
    return "".join(f"{line}\n" for line in lines)


def record(sheet: Sheet) -> dict[str, Any]:
    """The formulas as a JSON object; every formula is text that gradcalc reads."""
    notation, formulas = Notation(), sheet.formulas
    parts, entries = formulas.spelled(notation)
    width = formulas.shape[1] if len(formulas.shape) == 2 else 0
    nested: list[Any] = entries
    if width:
        nested = [entries[k : k + width] for k in range(0, len(entries), width)]
    return {
        "command": sheet.command,
        "variables": list(formulas.graph.variables),
        "outputs": list(formulas.graph.output_names),
        "value": formulas.said(formulas.values, notation),
        "parts": dict(parts),
        formulas.kind.name: nested,
        **({"facts": formula_record(sheet.facts)} if sheet.facts else {}),
        "where": sheet.conditions(notation),
        "operations": formulas.operations(),
        "check": sheet.identity.as_json() if sheet.identity else {"method": "none", "passed": None},
        "notes": [*sheet.notes, *sheet.absent],
    }


def render_json(sheet: Sheet, **_rest: Any) -> str:
    return json.dumps(record(sheet), indent=2, ensure_ascii=False) + "\n"


def render_ndjson(sheet: Sheet, **_rest: Any) -> str:
    return json.dumps(record(sheet), ensure_ascii=False) + "\n"


def render_csv(sheet: Sheet, *, delimiter: str = MARKS["csv"], **_rest: Any) -> str:
    """A header of columns and a row of formulas for each row; shared parts are written out."""
    if sheet.facts:
        return _separated_facts(sheet, delimiter)
    whole = Sheet(sheet.command, sheet.formulas.unshared(), transposed=sheet.transposed)
    _, columns, body = whole.matrix(Notation())
    return separated(columns, body, delimiter)


def _written_out(facts: Sequence[FactFormula]) -> list[FactFormula]:
    """The same without names for shared parts."""
    return [replace(one, formulas=one.formulas and one.formulas.unshared()) for one in facts]


def _separated_facts(sheet: Sheet, mark: str) -> str:
    whole = _written_out(sheet.facts)
    rows = [
        (fact.name, i + 1, j + 1, text)
        for fact, _, body, _ in named_formulas(whole, Notation())
        for i, row in enumerate(body)
        for j, text in enumerate(row)
    ]
    return separated(("fact", "row", "column", "formula"), rows, mark)


def render_tsv(sheet: Sheet, **_rest: Any) -> str:
    return render_csv(sheet, delimiter=MARKS["tsv"])


def render_latex(sheet: Sheet, **_rest: Any) -> str:
    r"""A ``pmatrix`` with its name, shared parts after it."""
    notation = Latex()
    _, _, body = sheet.matrix(notation)
    inner = " \\\\\n".join(" & ".join(line) for line in body)
    graph = sheet.formulas.graph
    symbol = sheet.formulas.kind.symbol.format(
        output=name_of(graph.output_names[0]),
        outputs=", ".join(map(name_of, graph.output_names)),
        variables=", ".join(map(name_of, graph.variables)),
    )
    transpose = r"^{\top}" if sheet.transposed else ""
    lines = [rf"{symbol}{transpose} = \begin{{pmatrix}}", inner, r"\end{pmatrix}"]
    parts, _ = sheet.formulas.spelled(notation)
    if parts:
        defined = r", \quad ".join(f"{name} = {text}" for name, text in parts)
        lines[-1] += rf", \quad {defined}"
    lines += formula_latex(sheet.facts, sheet.formulas.kind)
    return "\n".join([*lines, *(f"% {safe(r)}" for r in sheet.remarks(Notation())), ""])


def _mathematics(sheet: Sheet) -> str:
    """The LaTeX less the remarks."""
    return "\n".join(line for line in render_latex(sheet).splitlines() if line[:1] != "%")


def render_markdown(sheet: Sheet, **_rest: Any) -> str:
    """The same between dollar signs, with the remarks below."""
    tex = _mathematics(sheet).splitlines()
    remarks = [text for remark in sheet.remarks(Notation()) for text in ("", safe(remark))]
    return "\n".join(["$$", *tex, "$$", *remarks]) + "\n"


def render_mathml(sheet: Sheet, **_rest: Any) -> str:
    """A ``<math>`` element that browsers show as it is."""
    notation = MathML()
    _, _, body = sheet.matrix(notation)
    parts, _ = sheet.formulas.spelled(notation)
    defined = "".join(
        f"<mo>,</mo><mspace width='1em'/>{name}<mo>=</mo>{text}" for name, text in parts
    )
    return matrix(body, defined) + formula_mathml(sheet.facts, sheet.formulas.kind)


def render_sympy(sheet: Sheet, **_rest: Any) -> str:
    """``Matrix([[…]])`` as sympy itself prints it."""
    from gradcalc.formulas.in_sympy import InSympy  # deferred: sympy says how it spells things

    whole = Sheet(sheet.command, sheet.formulas.unshared(), transposed=sheet.transposed)
    letters = whole.formulas.said(whole.formulas.vector, Notation())
    notation = InSympy({*whole.formulas.graph.variables, *letters})
    _, _, body = whole.matrix(notation)
    lines = ", ".join(f"[{', '.join(line)}]" for line in body)
    named = named_formulas(_written_out(sheet.facts), notation)
    facts = [sympy_matrix(rows) for _, _, rows, _ in named if rows]
    return "\n".join([f"Matrix([{lines}])", *facts, ""])


def writer(name: str) -> Callable[..., str] | None:
    """The function of a format by its name; None where it is one for numbers only."""
    return globals().get(f"render_{name}")
