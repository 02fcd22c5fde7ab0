"""Matrices as documents and programs lay them out: gradcalc's own tables, Markdown, LaTeX,
MatrixMarket, lists of coordinates, MATLAB, Julia, MathML.

Each reader takes a text apart into cells, or says that the text is not of its kind. What stands in
the cells, numbers or formulas, is not its business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from gradcalc.claims.typeset import from_latex, from_mathml
from gradcalc.errors import BindingError

_RULE = re.compile(r"─{3,}|-{3,}")
_LATEX = re.compile(
    r"\\begin\{(array|[bpvBV]?matrix|smallmatrix)\}(?:\{[^}]*\})?(.*?)\\end\{\1\}", re.S
)
_REMARK = re.compile(r"(?<!\\)%.*")
_BETWEEN = re.compile(r"(\\begin\{cases\}|\\end\{cases\}|&|\\\\(?:\[[^\]]*\])?)")
_POWER = re.compile(r"\s*\\(?:times|cdot)\s*10\^\{?([-+]?\d+)\}?")
_BRACKETS = re.compile(r"\s*(?:\w+\s*=\s*)?\[([^\[\]]*)\]\s*(?:;\s*)?")
_HEADING = re.compile(r"\s*(?:\d+(?:[×x]\d+ |-element )[\w{}, ]+:|\w+\s*=)[ \t]*\n")
_NUMBER = re.compile(r"\s*[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[iI]nf|nan|NaN)\s*")
_R_HEAD, _R_ROW = re.compile(r"\s*(?:\[,\d+\]\s*)+"), re.compile(r"\s*\[\d+,\]\s+(.*)")
_TALL = re.compile(r"\s*[⎡⎢⎣|](.*)[⎤⎥⎦|]\s*")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_MOST = 4096  # rows and columns of a matrix that is written by its coordinates


@dataclass(frozen=True)
class Sheet:
    """Cells in rows; ``columns`` are the names over them, where they have names."""

    cells: list[list[str]]
    columns: list[str] | None = None
    parts: tuple[str, ...] = ()
    """Definitions, ``r = sqrt(x**2 + y**2)``, of what the cells mention."""

    @property
    def transposed(self) -> Sheet:
        return replace(self, cells=[list(row) for row in zip(*self.cells, strict=True)])


def read_sheet(text: str, rows: Sequence[str], columns: Sequence[str]) -> Sheet | None:
    """The cells of a matrix whose rows and columns have these names; None if it is a plain text.

    Raises BindingError where the layout is one of these, and broken.
    """
    for reader in _READERS:
        found = reader(text, rows, columns)
        if found is not None:
            return found
    return None


def _table(text: str, rows: Sequence[str], columns: Sequence[str]) -> Sheet | None:
    """gradcalc's table, maybe in blocks of columns, maybe transposed."""
    found = _grid(text, rows, columns)
    if found is None or found.columns:
        return found
    turned = _grid(text, columns, rows)
    if turned is None or sorted(turned.columns or ()) != sorted(rows):
        raise BindingError("the table of the claim has not all its entries")
    place = {name: k for k, name in enumerate(turned.columns or ())}
    ordered = [[row[place[name]] for name in rows] for row in turned.cells]
    return replace(turned, cells=ordered, columns=None).transposed


def _grid(text: str, rows: Sequence[str], columns: Sequence[str]) -> Sheet | None:
    """The same where rows and columns have these names; without columns if none is there."""
    lines = text.splitlines()
    rules = [k for k, line in enumerate(lines) if _RULE.fullmatch(line.strip())]
    if not rules:
        return None
    below = {k - 1 for k, line in enumerate(lines) if line.split()[:1] == ["at"]} | {
        k - 1 for k in rules
    }
    heads = [k for k in sorted(below) if _is_head(lines[k], columns)]
    if not heads:
        return Sheet([], [])
    cells: dict[str, list[str]] = {name: [] for name in rows}
    names: list[str] = []
    for head, stop in zip(heads, [*heads[1:], len(lines)], strict=True):
        inside = [name for name in lines[head].split() if name in columns]
        if set(inside) & set(names):  # a second table: how many digits are right
            break
        names += inside
        for line in takewhile(_is_told, lines[head + 1 : stop]):
            words = re.split(r"\s{2,}", line.strip())
            words = words if len(words) > len(inside) else line.split()
            if words and words[0] in cells and len(words) > len(inside):
                cells[words[0]] += words[len(words) - len(inside) :]
    if not all(len(found) == len(names) for found in cells.values()):
        raise BindingError("the table of the claim has not all its entries")
    where = lines.index("where") + 1 if "where" in lines else len(lines)
    parts = [line.strip() for line in takewhile(str.strip, lines[where:])]
    return Sheet(list(cells.values()), names, tuple(parts))


def _is_head(line: str, columns: Sequence[str]) -> bool:
    words = line.split()
    others = [word for word in words if word not in columns]
    return len(words) > len(others) and set(others) <= {"value", "v", "J·u"}


def _is_told(line: str) -> bool:
    return not line.startswith(("note:", "✓", "✗", "?", "ok:", "wrong:"))


def _markdown(text: str, rows: Sequence[str], columns: Sequence[str]) -> Sheet | None:
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("|")]
    if len(lines) < 3 or not re.fullmatch(r"[|\s:-]+", lines[1]):
        return None
    split = [re.split(r"(?<!\\)\|", line.strip("|")) for line in lines]
    table = [[re.sub(r"\\(.)", r"\1", cell).strip() for cell in row] for row in split]
    places = [k for k, name in enumerate(table[0]) if name in columns]
    names = [table[0][k] for k in places]
    if not places or any(len(row) != len(table[0]) for row in table):
        raise BindingError("the table of the claim has not all its entries")
    wanted = [row for row in table[2:] if row[0] in rows] or table[2:]
    return Sheet([[row[k] for k in places] for row in wanted], names)


def _latex(text: str, rows: Sequence[str], columns: Sequence[str]) -> Sheet | None:
    text = _REMARK.sub("", text)
    found = _LATEX.search(text)
    if found is None:
        return None
    names = (*rows, *columns)
    cells: list[list[str]] = [[""]]
    depth = 0
    for piece in _BETWEEN.split(found[2].replace(r"\hline", "")):
        depth += (piece == r"\begin{cases}") - (piece == r"\end{cases}")
        if depth or not (piece == "&" or piece.startswith("\\\\")):
            cells[-1][-1] += piece
        elif piece == "&":
            cells[-1].append("")
        else:
            cells.append([""])
    cells = [row for row in cells if any(cell.strip() for cell in row)]
    parts = []
    for part in text[found.end() :].partition("$$")[0].partition("\n")[0].split(r"\quad")[1:]:
        name, _, formula = part.strip().rstrip(",").partition("=")
        parts.append(f"{from_latex(name, names)} = {from_latex(formula, names)}")
    sheet = Sheet([[_typed(cell, names) for cell in row] for row in cells], None, tuple(parts))
    return sheet.transposed if r"^{\top}" in text[: found.start()] else sheet


def _typed(cell: str, names: Sequence[str]) -> str:
    """A cell of LaTeX: a number, or a formula as one types it."""
    plain = _plain(cell)
    simple = _NUMBER.fullmatch(plain) or not re.search(r"[\\{}^]|[\w)]\s+[\w(]", cell)
    return plain if simple else from_latex(_POWER.sub(r"e\1", cell), names)


def _mathml(text: str, rows: Sequence[str], columns: Sequence[str]) -> Sheet | None:
    if "<mtable" not in text:
        return None
    from xml.etree import ElementTree  # deferred: rare

    try:
        root = ElementTree.fromstring(text[text.index("<math") : text.rindex("</math>") + 7])
        first, *after = root
    except (ElementTree.ParseError, ValueError):
        raise BindingError("the claim's MathML cannot be read") from None
    names = (*rows, *columns)
    cells = []
    for line in first.iter():
        if line.tag.endswith("mtr"):
            plain = [(_plain("".join(cell.itertext())), cell) for cell in line]
            cells.append([
                number if _NUMBER.fullmatch(number) else from_mathml(cell, names)
                for number, cell in plain
            ])  # fmt: skip
    parts: list[str] = []
    for k, element in enumerate(after):
        if element.tag.endswith("mspace"):
            parts.append(f"{from_mathml(after[k + 1], names)} = ")
        elif parts and after[k - 1].text == "=":
            parts[-1] += from_mathml(element, names)
    return Sheet(cells, None, tuple(parts))


def _plain(cell: str) -> str:
    cell = _POWER.sub(r"e\1", cell).strip().replace("−", "-").replace("∞", r"\infty")
    return {r"\infty": "inf", r"-\infty": "-inf", r"\mathrm{NaN}": "nan"}.get(cell, cell)


def _matrix_market(text: str, rows: Sequence[str], columns: Sequence[str]) -> Sheet | None:
    if not text.lstrip().startswith("%%MatrixMarket"):
        return None
    lines = [line.split() for line in text.splitlines() if not line.startswith("%")]
    lines = [words for words in lines if words]
    try:
        m, n = map(int, lines[0][:2])
        if len(lines[0]) == 3:
            return _placed([(int(i) - 1, int(j) - 1, x) for i, j, x in lines[1:]], m, n)
        entries = [words[0] for words in lines[1:]]
        return Sheet([[entries[j * m + i] for j in range(n)] for i in range(m)])
    except (ValueError, IndexError):
        raise BindingError("the claim is not a MatrixMarket file of a matrix of numbers") from None


def _coordinates(text: str, rows: Sequence[str], columns: Sequence[str]) -> Sheet | None:
    """A line per entry: output, variable, value, as ``jacobian --sparse`` writes them."""
    import csv  # deferred: rare

    first, *rest = text.strip().splitlines() or [""]
    mark = "\t" if "\t" in first else ","
    if [word.strip() for word in first.split(mark)] != ["output", "variable", "value"]:
        return None
    try:
        places = [
            (rows.index(i), columns.index(j), x) for i, j, x in csv.reader(rest, delimiter=mark)
        ]
    except ValueError:
        raise BindingError("an entry of the claim has a row or a column of another name") from None
    return _placed(places, len(rows), len(columns))


def _placed(entries: Sequence[tuple[int, int, str]], m: int, n: int) -> Sheet:
    if not (0 <= m <= _MOST and 0 <= n <= _MOST):
        raise ValueError
    cells = [["0"] * n for _ in range(m)]
    for i, j, x in entries:
        if i < 0 or j < 0:
            raise ValueError
        cells[i][j] = x
    return Sheet(cells)


def _spaced(text: str, rows: Sequence[str], columns: Sequence[str]) -> Sheet | None:
    """MATLAB's and Julia's ``[4.0 3.0; 2.0 6.0]``, and the lines in which they show a matrix."""
    found = _BRACKETS.fullmatch(text)
    heading = None if found else _HEADING.match(text)
    if found:
        body = found[1]
    elif heading:
        body = text[heading.end() :]
    else:
        return None
    lines = [line for line in re.split(r";|\n", body.replace("...\n", " ")) if line.strip()]
    if heading is None and len(lines) == 1 and "," in body:
        return None  # an array of the language
    cells = [_commas(line) if "," in line else line.split() for line in lines]
    widths = {len(row) for row in cells}
    numeric = all(_NUMBER.fullmatch(cell) for row in cells for cell in row)
    fits = widths == {len(columns)} and not any(cell in "+-*/^" for row in cells for cell in row)
    return Sheet(cells) if len(widths) == 1 and (numeric or fits) and "[" not in body else None


def _commas(line: str) -> list[str]:
    """The parts between commas that stand in no brackets."""
    depth, start, found = 0, 0, []
    for place, char in enumerate(line):
        depth += (char in "([") - (char in ")]")
        if char == "," and not depth:
            found.append(line[start:place])
            start = place + 1
    return [*found, line[start:]]


def _drawn(text: str, rows: Sequence[str], columns: Sequence[str]) -> Sheet | None:
    """The matrices that R prints, with numbers for its rows and columns, and sympy's in tall
    brackets; a grid of bars without a head."""
    lines = [line for line in text.splitlines() if line.strip()]
    found = None
    if lines and _R_HEAD.fullmatch(lines[0]):
        found = [_R_ROW.fullmatch(line) for line in lines[1:]]
    elif lines and all(_TALL.fullmatch(line) for line in lines):
        found = [_TALL.fullmatch(line) for line in lines if line.strip(" ⎡⎢⎣⎤⎥⎦[]|")]
    if not found or not all(found):
        return None
    bodies = [row[1].strip().translate(_SUBSCRIPTS) for row in found if row]
    cells = [re.split(r"\s{2,}|\s*\|\s*", body) for body in bodies]
    even = all(len(row) == len(columns) for row in cells)
    return Sheet(cells) if even and len(cells) == len(rows) else None


_READERS: tuple[Callable[[str, Sequence[str], Sequence[str]], Sheet | None], ...] = (
    _table,
    _markdown,
    _latex,
    _mathml,
    _matrix_market,
    _coordinates,
    _drawn,
    _spaced,
)
