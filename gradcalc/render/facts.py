"""Facts about a matrix, numbers and formulas, in every format of answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from gradcalc.calculus.kinds import Kind
from gradcalc.errors import UsageError
from gradcalc.errors.text import safe
from gradcalc.formulas.latex import Latex
from gradcalc.formulas.mathml import MathML, block, in_parentheses
from gradcalc.formulas.writing import Notation
from gradcalc.linear.kinds import SINGULAR, Fact
from gradcalc.render.numbers import aligned, exact, latex, shown
from gradcalc.render.records import (
    MARKS,
    RECORDS,
    escaped,
    markdown,
    matrix_market,
    numpy_file,
    plain,
    separated,
)

if TYPE_CHECKING:
    from gradcalc.check.matrices import Facts
    from gradcalc.linear.facts import Found
    from gradcalc.linear.symbolic import FactFormula


def _symbol(fact: Fact, kind: Kind) -> str:
    return fact.symbol.replace("J", "H") if kind.order == 2 else fact.symbol


# --- numbers at a point ---------------------------------------------------------------------------


def _texts(one: Found, digits: int | None) -> list[str]:
    """A fact as lines: a number with what there is to say, numbers side by side, or a matrix."""
    told = "; ".join(one.told)
    name = one.fact.name
    if name in ("svd", "eig"):
        if name == "svd":
            numbers = [shown(x, digits) for x in one.entries[0].tolist()]
        else:
            numbers = [as_complex(re, im, digits) for re, im in one.entries.tolist()]
        return ["   ".join(numbers), *([told] if told else [])]
    if name == "inv":
        return [told] if told else _grid(one, digits)
    number = _huge(*one.log10) if one.log10 else shown(one.entries[0, 0], digits)
    return [f"{number}   {told}" if told else number]


def _grid(one: Found, digits: int | None) -> list[str]:
    columns = [["", *map(safe, one.rows)]]
    for name, numbers in zip(one.columns, one.entries.T.tolist(), strict=True):
        texts = aligned([shown(x, digits) for x in numbers])
        width = max(map(len, [safe(name), *texts]))
        columns.append([text.rjust(width) for text in (safe(name), *texts)])
    first = max(map(len, columns[0]))
    rows = zip(*columns, strict=True)
    return ["   ".join([name.ljust(first), *cells]).rstrip() for name, *cells in rows]


def as_complex(re: float, im: float, digits: int | None = None) -> str:
    """``1.5 - 2i``."""
    if not im:
        return shown(re, digits)
    part = "" if abs(im) == 1 else shown(abs(im), digits)
    return f"{shown(re, digits)} {'-' if im < 0 else '+'} {part}i"


def _huge(sign: float, log10: float) -> str:
    """A number that no double holds, from its logarithm."""
    exponent = math.floor(log10)
    return f"{'-' * (sign < 0)}{10 ** (log10 - exponent):.6f}e{exponent}"


def lines(facts: Facts, digits: int | None, quiet: bool = False) -> list[str]:
    """Below a table."""
    width = max((len(one.fact.title) for one in facts.found), default=0)
    told = []
    for one in facts.found:
        first, *more = _texts(one, digits)
        told.append(f"{one.fact.title:<{width}}   {first}")
        told += [f"{'':<{width}}   {text}" for text in more]
    remarks = [] if quiet else facts.remarks
    return [*told, *([""] if remarks else []), *remarks]


def _table(facts: Facts, text: str, digits: int | None) -> str:
    return f"{text}\n" + "".join(f"{line}\n" for line in lines(facts, digits))


def as_record(facts: Facts) -> dict[str, Any]:
    """The ``facts`` of the JSON object: numbers and matrices by name, and what they mean."""
    body: dict[str, Any] = {}
    for one in facts.found:
        whole = one.fact.name in ("rank", "cond")
        body[one.fact.name] = one.data if whole else one.data[one.fact.name]
        if one.log10:
            body["log10_det"] = {"sign": one.log10[0], "log10": one.log10[1]}
    if facts.nature:
        body["nature"] = facts.nature
    check = facts.judged.as_json() if facts.judged else {"passed": None}
    return body | {"check": check, "notes": list(facts.notes)}


def gaps_of(facts: Facts) -> Iterator[dict[str, str]]:
    """What the nulls among the facts are."""
    for name, row, column, number in _rows(facts):
        if not math.isfinite(number):
            yield {"key": f"facts.{name}", "row": row, "col": column, "value": exact(number)}


def _rows(facts: Facts) -> Iterator[tuple[str, str, str, float]]:
    for one in facts.found:
        for row, numbers in zip(one.rows, one.entries.tolist(), strict=True):
            for column, number in zip(one.columns, numbers, strict=True):
                yield one.fact.name, row, column, number


def _only(facts: Facts, format: str) -> Any:
    if len(facts.found) != 1:
        raise UsageError(
            f"{format} holds one matrix, and {len(facts.found)} facts are asked for",
            hint="--show inv, or --format json for all of them",
        )
    return facts.found[0].entries


def _markdown(facts: Facts, text: str, digits: int | None) -> str:
    rows = [
        [one.fact.title, "<br>".join(escaped(line) for line in _texts(one, digits))]
        for one in facts.found
    ]
    below = "".join(f"\n{escaped(remark)}\n" for remark in facts.remarks)
    return f"{text}\n{markdown(['', ''], rows, left=2)}{below}"


def _latex(facts: Facts, text: str, digits: int | None) -> str:
    told = []
    for one in facts.found:
        body = [[latex(x, digits) for x in row] for row in one.entries.tolist()]
        if one.fact.name == "eig":
            body = [[_complex_latex(re, im, digits) for re, im in one.entries.tolist()]]
        told.append(_named_latex(one.fact, facts.kind, [] if one.absent else body, SINGULAR))
    return "\n".join([text + "\n".join(told), *(f"% {safe(r)}" for r in facts.remarks), ""])


def _named_latex(fact: Fact, kind: Kind, rows: Sequence[Sequence[str]], said: str) -> str:
    """A fact by its name, to stand beside the matrix; what is said where it has no entries."""
    symbol = _symbol(fact, kind)
    if not rows:
        return rf"\qquad {symbol}: \text{{ {said}}}"
    whole = rows[0][0] if len(rows) == len(rows[0]) == 1 else _pmatrix(rows)
    return rf"\qquad {symbol} = {whole}"


def _complex_latex(re: float, im: float, digits: int | None) -> str:
    sign = "-" if im < 0 else "+"
    return f"{latex(re, digits)} {sign} {latex(abs(im), digits)} i" if im else latex(re, digits)


def _pmatrix(body: Sequence[Sequence[str]]) -> str:
    rows = r" \\ ".join(" & ".join(row) for row in body)
    return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"


def _mathml(facts: Facts, text: str, digits: int | None) -> str:
    told = []
    for one in facts.found:
        body = [[f"<mn>{shown(x, digits)}</mn>" for x in row] for row in one.entries.tolist()]
        if one.fact.name == "eig":
            body = [[_complex_mathml(re, im, digits) for re, im in one.entries.tolist()]]
        if one.absent:
            body = []
        told.append(
            _labelled(one.fact, facts.kind, body, f"<mtext>{SINGULAR}</mtext>" * (not body))
        )
    return text + "".join(told)


def _complex_mathml(re: float, im: float, digits: int | None) -> str:
    sign, part = "−" if im < 0 else "+", f"<mn>{shown(abs(im), digits)}</mn><mi>i</mi>"
    real = f"<mn>{shown(re, digits)}</mn>"
    return f"<mrow>{real}<mo>{sign}</mo>{part}</mrow>" if im else real


def _labelled(fact: Fact, kind: Kind, rows: Sequence[Sequence[str]], after: str) -> str:
    """A fact by its name: a number where it has one entry, and what is said where it has none."""
    name = fact.mathml.replace(">J<", ">H<") if kind.order == 2 else fact.mathml
    if not rows:
        return block(f"{name}<mo>:</mo>{after}")
    whole = rows[0][0] if len(rows) == len(rows[0]) == 1 else in_parentheses(rows)
    return block(f"{name}<mo>=</mo>{whole}{after}")


def _in_sympy(facts: Facts, text: str, digits: int | None) -> str:
    told = []
    for one in facts.found:
        rows = [[_sympy_number(x) for x in row] for row in one.entries.tolist()]
        if one.fact.name == "eig":
            rows = [[f"{re} + {im}*I" if float(im) else re] for re, im in rows]
        told.append(sympy_matrix(rows))
    return text + "".join(f"{line}\n" for line in told)


def sympy_matrix(rows: Sequence[Sequence[str]]) -> str:
    """``Matrix([[…]])``, or a number by itself."""
    if len(rows) == len(rows[0]) == 1:
        return rows[0][0]
    return f"Matrix([{', '.join(f'[{inner}]' for inner in map(', '.join, rows))}])"


def _sympy_number(x: float) -> str:
    return {"inf": "oo", "-inf": "-oo"}.get(exact(x), exact(x))


Writer: TypeAlias = "Callable[[Facts, str, int | None], str]"


def _marked(mark: str) -> Writer:
    header = ("fact", "row", "column", "value")
    return lambda facts, text, digits: separated(header, _rows(facts), mark)


WRITERS: dict[str, Writer] = {
    "table": _table,
    **dict.fromkeys(RECORDS, lambda facts, text, digits: text),  # they are a key of it
    **{name: _marked(mark) for name, mark in MARKS.items()},
    "plain": lambda facts, text, digits: "".join(
        plain(one.entries.tolist()) for one in facts.found
    ),
    "mtx": lambda facts, text, digits: matrix_market(_only(facts, "mtx")),
    "npy": lambda facts, text, digits: numpy_file(_only(facts, "npy")),
    "markdown": _markdown,
    "latex": _latex,
    "mathml": _mathml,
    "sympy": _in_sympy,
}
"""``text`` is the answer itself in that format; formats of bare numbers have the facts alone."""


# --- formulas -------------------------------------------------------------------------------------


def named_formulas(
    facts: Sequence[FactFormula], notation: Notation
) -> Iterator[tuple[Fact, list[tuple[str, str]], list[list[str]], str]]:
    """Each fact with its shared parts, a text for every entry in rows, and what is said of it; no
    rows where there is no such thing."""
    for one in facts:
        if one.formulas is None:
            yield one.fact, [], [[str(one.number)]] if one.number is not None else [], one.told
            continue
        parts, entries = one.formulas.spelled(notation)
        width = one.formulas.shape[1] if one.is_matrix else 1
        rows = [entries[k : k + width] for k in range(0, len(entries), width)]
        yield one.fact, parts, rows, one.told


def formula_lines(facts: Sequence[FactFormula], notation: Notation) -> list[str]:
    """Below a table of formulas, and as bare text."""
    told: list[str] = []
    for fact, parts, rows, said in named_formulas(facts, notation):
        if not rows:
            told.append(f"{fact.name}   {said}")
            continue
        body = [", ".join(row) for row in rows]
        text = "; ".join(body) if len(body) == 1 else f"[{'; '.join(body)}]"
        told.append(f"{fact.name} = {text}{f'   {said}' if said else ''}")
        told += [f"  {name} = {text}" for name, text in parts]
    return told


def formula_record(facts: Sequence[FactFormula]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for fact, parts, rows, _ in named_formulas(facts, Notation()):
        found[fact.name] = rows[0][0] if rows and len(rows) == len(rows[0]) == 1 else rows or None
        if parts:
            found[f"{fact.name}_parts"] = dict(parts)
    return found | {one.fact.name: one.number for one in facts if one.formulas is None}


def formula_latex(facts: Sequence[FactFormula], kind: Kind) -> list[str]:
    told = []
    for fact, parts, rows, said in named_formulas(facts, Latex()):
        defined = "".join(rf", \quad {name} = {text}" for name, text in parts)
        told.append(_named_latex(fact, kind, rows, said) + defined)
    return told


def formula_mathml(facts: Sequence[FactFormula], kind: Kind) -> str:
    whole = []
    for fact, parts, rows, said in named_formulas(facts, MathML()):
        after = "".join(f"<mo>,</mo>{name}<mo>=</mo>{text}" for name, text in parts)
        whole.append(_labelled(fact, kind, rows, after or f"<mtext>{said}</mtext>" * (not rows)))
    return "".join(whole)
