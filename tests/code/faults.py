"""Faults, planted in what is printed: as the table or the emission of a printer might have them.

A fault of the table is a wrong template of one primitive, wherever it is used; one of the emission
is one wrong place of the text. Whether a fault changes a number is found out without the gate: the
code is run at other points beside the code without the fault.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from gradcalc.code import gate
from gradcalc.code.bounds import bounds
from gradcalc.code.languages import LANGUAGES
from gradcalc.code.points import candidates, values
from gradcalc.code.printing import Printed, generate
from gradcalc.code.running import FailedError, run, tool
from gradcalc.language import parse

TEXTS = [
    "x1**2+3*x2, x2**2+2*x1",
    "100*(y-x**2)**2 + (1-x)**2",
    "where(x > 0, log(x)*y, x/y) + x",
    "where(x < y and y < 2 or not z > 1, x*y, where(x >= 1, y - z, z/(x*x + 1)))",
    "sech(x)*tanh(y), sigmoid(x - y)/2, softplus(x*y)",
    "r = sqrt(x**2+y**2); x/r, y/r, atan2(y, x)",
    "max(x, y) - min(x*y, 1), abs(x - y)*relu(x), clamp(x, -1, y)",
    "floor(x/3) + ceil(y) + round(x*y) + x % 3 - y % x, trunc(x) - sign(y)",
    "gaussian(x)*expx2(y/2), normpdf(x - y)",
    "x**y, y**3 - x**(1/3), 2**x, (x - y)**-2",
    "asinh(x)*acosh(1 + y**2) - atanh(x/9), acoth(3 + x**2), asech(1/(1 + y**2))",
    "logaddexp(x, y) - xlogy(x**2, y**2 + 1), share(x, y), logit(1/(2 + x**2))",
    "exp(-x/2)*cos(3*y) - sin(x)/(1 + y**2), log1p(x**2)*expm1(y/4), log2(1 + y**2)",
    "where(x == 1, y, y*x) + heaviside(y - 2)*x, elu(x, 2) + leaky_relu(y)",
    "asec(2 + x**2) - acsc(1 + y**2) + acot(x - y), cbrt(x)*hypot(x, y), csch(x)*coth(y)",
]

_INFIX = {"+": "-", "-": "+", "*": "/", "/": "*", "<": "<=", ">": ">=", "<=": "<", ">=": ">",
          "==": "!=", "!=": "==", "===": "!==", "!==": "===", "&&": "||", "||": "&&",
          "and": "or", "or": "and"}  # fmt: skip


@contextmanager
def wrong_column(to: str, draw: random.Random) -> Iterator[str]:
    """A language with one wrong template."""
    kind = LANGUAGES[to]
    column = dict(kind.functions)
    names = [name for name, found in column.items() if isinstance(found, str) and found]
    name = draw.choice(names)
    old = str(column[name])
    alike = [
        other
        for n in names
        for other in [str(column[n])]
        if _places(other) == _places(old) and n != name
    ]
    own = _places(old)
    faults = {
        "operand order": _swapped(old, "0", "1") if {"0", "1"} <= own else old,
        "branch": _swapped(old, "1", "2") if "2" in own else old,
        "half": f"({old} * 0.5)",
        "another": draw.choice(alike) if alike else old,
        "whole": old.replace("/", "//") if to == "python" else old,
    }
    what, new = draw.choice([(w, n) for w, n in faults.items() if n != old])
    column[name] = new
    kept, kind.functions = kind.functions, column
    try:
        yield f"{what} of {name}: {new}"
    finally:
        kind.functions = kept


def _places(template: str) -> set[str]:
    return set(re.findall(r"\{(\d)\}", template))


def _swapped(template: str, a: str, b: str) -> str:
    marked = template.replace(f"{{{a}}}", "{9}").replace(f"{{{b}}}", f"{{{a}}}")
    return marked.replace("{9}", f"{{{b}}}")


def wrong_place(printed: Printed, draw: random.Random) -> tuple[Printed, str] | None:
    """The same code with one wrong place."""
    pieces = [list(piece) for piece in printed.pieces]
    places = [(i, j) for i, piece in enumerate(pieces) for j, line in enumerate(piece)
              if re.search(r"=|return", line) and "def " not in line and "new Float64" not in line
              and "[0.0]" not in line and "double f" not in line]  # fmt: skip
    i, j = draw.choice(places)
    line = pieces[i][j]
    change: Callable[[str, random.Random], str | None] = draw.choice(
        [_operator, _constant, _index, _name, _missing, _function, _turned]
    )
    new = change(line, draw)
    if new is None or new == line:
        return None
    pieces[i][j] = new
    return printed._replace(
        pieces=tuple(map(tuple, pieces))
    ), f"{change.__name__} in {line.strip()}"


def _one(pattern: str, line: str, draw: random.Random, new: Callable[[str], str]) -> str | None:
    head, equals, rest = line.partition("=") if " = " in line else ("", "", line)
    found = list(re.finditer(pattern, rest))
    if not found:
        return None
    match = draw.choice(found)
    rest = rest[: match.start()] + new(match[0]) + rest[match.end() :]
    return f"{head}{equals}{rest}"


def _operator(line: str, draw: random.Random) -> str | None:
    words = "|".join(re.escape(word) for word in sorted(_INFIX, key=len, reverse=True))
    return _one(rf"(?<= )({words})(?= )", line, draw, _INFIX.__getitem__)


def _constant(line: str, draw: random.Random) -> str | None:
    ways: list[Callable[[float], float]] = [
        lambda x: x + 1, lambda x: -x, lambda x: x / 2, lambda x: float(f"{x:.3g}"),
        lambda x: x * (1 + 1e-9), lambda x: float(int(x)),
    ]  # fmt: skip
    way = draw.choice(ways)
    return _one(r"\b\d+\.\d+(e[+-]?\d+)?", line, draw, lambda text: repr(way(float(text))))


def _index(line: str, draw: random.Random) -> str | None:
    return re.sub(r"\[(\d+)\]", lambda m: f"[{int(m[1]) + draw.choice([-1, 1])}]", line, count=1)


def _name(line: str, draw: random.Random) -> str | None:
    names = sorted(set(re.findall(r"\b(?:t\d+|x\d?|y|z)\b(?!\[)", line.partition("=")[2])))
    if len(names) < 2:
        return None
    a, b = draw.sample(names, 2)
    return _one(rf"\b{a}\b", line, draw, lambda _: b)


def _missing(line: str, draw: random.Random) -> str | None:
    return "" if " = " in line else None


def _function(line: str, draw: random.Random) -> str | None:
    others = ["sin", "cos", "tanh", "exp", "sqrt", "floor", "atan", "sinh"]
    return _one(r"\b(" + "|".join(others) + r")\b(?=\()", line, draw,
                lambda old: draw.choice([o for o in others if o != old]))  # fmt: skip


def _turned(line: str, draw: random.Random) -> str | None:
    """The branches of an expression the other way round."""
    match = re.search(r"\? ([^?:()]+) : ([^?:()]+?)(?=[);])", line)
    if match:
        return line[: match.start()] + f"? {match[2]} : {match[1]}" + line[match.end() :]
    match = re.search(r"(?<=[(= ])([\w.]+) if (.+?) else ([\w.]+)", line)
    if match:
        return (
            f"{line[: match.start()]}{match[3]} if {match[2]} else {match[1]}{line[match.end() :]}"
        )
    return None


# --- judging --------------------------------------------------------------------------------------


def printed(text: str, to: str) -> Printed:
    graph = parse(text)
    what = ("f", "jacobian", "vjp") if len(graph.outputs) > 1 else ("f", "gradient", "hessian")
    return generate(graph, to, what)


def changes_a_number(sound: Printed, faulty: Printed, seed: int) -> bool:
    """Whether at any of a thousand points a number of the faulty code is further from that of the
    sound code than two libraries may be."""
    one = tool(sound.language)
    assert one is not None
    x = candidates(sound.graph, np.random.default_rng(seed), 1024)
    record, columns = gate._record(sound, x, seed)
    rows = np.concatenate(list(columns.values()), axis=1)
    signatures = [target.signature for target in sound.targets]
    ours = run(sound.language, one, sound.name, sound.text(), signatures, record, rows)
    try:
        theirs = run(sound.language, one, sound.name, faulty.text(), signatures, record, rows)
    except FailedError:
        return True
    room = []
    for target in sound.targets:
        given = np.concatenate([columns[a.name] for a in target.signature.inputs], axis=1)
        room.append(bounds(target.derived, values(target.derived, given)).T)
    with np.errstate(all="ignore"):
        same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
        fits = same | (np.abs(ours - theirs) <= np.concatenate(room, axis=1))
    return not bool((fits | np.isinf(np.concatenate(room, axis=1))).all())
