"""The list of functions in every format."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from gradcalc.errors.text import WIDTH
from gradcalc.functions.primitives import FUNCTIONS, OPERANDS
from gradcalc.functions.row import Primitive
from gradcalc.language.structural import rows
from gradcalc.render.records import MARKS, markdown, one_line, separated


class Entry(NamedTuple):
    """A function of the language as people read it.

    ``derivative`` has the partial with respect to each operand, written in the language, ``out``
    being the value itself.
    """

    name: str
    aliases: tuple[str, ...]
    derivative: dict[str, str]
    domain: str
    doc: str

    @property
    def partials(self) -> list[str]:
        if list(self.derivative) == ["x"]:
            return [self.derivative["x"]]
        return [f"d/d{operand} = {text}" for operand, text in self.derivative.items()]

    @property
    def description(self) -> str:
        return f"{self.doc} (also {', '.join(self.aliases)})" if self.aliases else self.doc


def entries() -> list[Entry]:
    """Every function that can be called, in the order of the primitive table."""
    elementwise = [_entry(primitive) for primitive in dict.fromkeys(FUNCTIONS.values())]
    of_arrays = [
        Entry(row.usage, row.aliases, {}, "", row.doc)
        for row in rows()
        if row.name not in FUNCTIONS
    ]
    return elementwise + of_arrays


def _entry(primitive: Primitive) -> Entry:
    operands = OPERANDS[: primitive.arity]
    pairs = zip(operands, primitive.partials, strict=True)
    return Entry(
        name=f"{primitive.name}({', '.join(operands)})",
        aliases=primitive.aliases,
        derivative={operand: partial for operand, partial in pairs if partial is not None},
        domain=primitive.domain,
        doc=primitive.doc,
    )


def catalogue(format: str, *, width: int | None = None, color: bool = False) -> str:
    """All functions in one of the formats of answers, ending with a newline."""
    rows = entries()
    if format == "table":
        return _table(rows, width, color)
    return WRITERS[format](rows)


def _json(rows: Sequence[Entry]) -> str:
    return "[\n" + ",\n".join(f"  {line}" for line in _ndjson(rows).splitlines()) + "\n]\n"


def _ndjson(rows: Sequence[Entry]) -> str:
    return "".join(one_line(row._asdict()) for row in rows)


def _separated(rows: Sequence[Entry], mark: str) -> str:
    cells = (
        (row.name, " ".join(row.aliases), "; ".join(row.partials), row.domain, row.doc)
        for row in rows
    )
    return separated(Entry._fields, cells, mark)


def _names(rows: Sequence[Entry]) -> str:
    return "".join(f"{row.name.partition('(')[0]}\n" for row in rows)


def _markdown(rows: Sequence[Entry]) -> str:
    cells = (
        (
            f"`{row.name}`",
            "<br>".join(f"`{partial}`" for partial in row.partials),
            f"`{row.domain}`" if row.domain else "",
            row.description.replace("|", r"\|"),
        )
        for row in rows
    )
    return markdown(("function", "derivative", "domain", ""), cells, left=4)


def _latex(rows: Sequence[Entry]) -> str:
    lines = [r"\begin{tabular}{lll}"]
    for row in rows:
        partials = ", ".join(rf"\verb!{partial}!" for partial in row.partials)
        lines.append(rf"\verb!{row.name}! & {partials} & \verb!{row.description}! \\")
    return "\n".join([*lines, r"\end{tabular}", ""])


def _table(rows: Sequence[Entry], width: int | None, color: bool) -> str:
    """Three columns, the longest at the end; they are folded where the screen is narrow."""
    from rich.table import Table  # deferred: only this format needs rich
    from rich.text import Text

    from gradcalc.render.table import RULED, console

    head = ("function", "", "derivative (out is the value)")
    texts = [(row.name, row.description, "\n".join(row.partials)) for row in rows]
    widths = [max(len(line) for text in column for line in text.split("\n"))
              for column in zip(head, *texts, strict=True)]  # fmt: skip
    room = max((width or WIDTH) - widths[0] - 6, 40)
    if sum(widths[1:]) > room:
        widths[1] = min(widths[1], room * 3 // 5 if width is None else room // 2)
        widths[2] = widths[2] if width is None else room - widths[1]
    table = Table(box=RULED, show_header=False, show_edge=False, pad_edge=False)
    for column in widths:
        table.add_column(width=column)
    table.add_row(*(Text(text, style="bold") for text in head))
    table.add_section()
    for name, doc, derivative in texts:
        table.add_row(Text(name, style="bold"), Text(doc), Text(derivative))
    screen = console(sum(widths) + 6, color)
    screen.print(table)
    assert isinstance(screen.file, io.StringIO)
    lines = (line.rstrip() for line in screen.file.getvalue().split("\n"))
    rule = width or WIDTH  # in a file a line is as long as its derivative
    return "\n".join(line[:rule] if not line.strip("─") else line for line in lines)


WRITERS: dict[str, Callable[[Sequence[Entry]], str]] = {
    "json": _json,
    "ndjson": _ndjson,
    **{name: partial(_separated, mark=mark) for name, mark in MARKS.items()},
    "plain": _names,
    "markdown": _markdown,
    "latex": _latex,
}
