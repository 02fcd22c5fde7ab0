"""Names: what is one, whether it is a variable or a constant, and in which order columns stand.

A name that somebody gives (after ``--wrt``, ``--at``, ``--param``, as a column's header, in a file,
as a keyword in Python) is a binding, whatever else it is called in the language: ``e``, ``pi`` and
``tau`` are constants only where nothing binds them. Every door comes through ``roles``, and every
name through ``spelled``, so that what is no name is never printed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from gradcalc.errors import BindingError, Source, Span
from gradcalc.functions.primitives import CONSTANTS, WORDS
from gradcalc.graph.graph import Graph
from gradcalc.language.late import Late
from gradcalc.language.lookalikes import deception
from gradcalc.language.tokens import A_NAME, PATTERN, SPELLINGS

_LABEL = Late(rf"({A_NAME})\s*(?:\[\s*(\d+(?:\s*,\s*\d+)*)\s*\])?")
_ALSO = {meant: mark for mark, meant in SPELLINGS.items()}

Shape = tuple[int, ...]


class Roles(NamedTuple):
    """What the names are that somebody gave.

    ``shapes`` has the variables that are arrays, ``constants`` the values of parameters, ``bound``
    the names that are variables even where the language has a constant of that name, ``wrt`` the
    columns in their order (None: natural order).
    """

    shapes: Mapping[str, Shape]
    constants: Mapping[str, Any]
    bound: frozenset[str]
    wrt: tuple[str, ...] | None


NOTHING_GIVEN = Roles({}, {}, frozenset(), None)


def roles(
    shapes: Mapping[str, Shape],
    constants: Mapping[str, Any],
    bound: Iterable[str],
    wrt: Sequence[str] | None,
) -> Roles:
    """What each name is. Raises BindingError, by name, for one that would have to be two things."""
    if wrt is None and not (shapes or constants or bound):
        return NOTHING_GIVEN
    wrt = wrt.split(",") if isinstance(wrt, str) else wrt
    columns = None if wrt is None else tuple(spelled(name, "wrt") for name in wrt)
    constants = {spelled(name, "param"): value for name, value in constants.items()}
    for name in columns or ():
        if name in constants or base(name) in constants:
            value = typed(constants[name]) if name in constants else "…"
            raise _which_one(name, "--wrt", f"--at {name}={value} instead of --param")
    if columns is not None:
        _refuse_twice(columns)
    labels = [spelled(name, "at") for name in bound]
    declared = {spelled(name, "at"): size for name, size in shapes.items()}
    for name in (*labels, *declared):
        if name in constants:
            raise _which_one(name, "--at", f"leave {name} out of one of them")
    declared = whole_arrays([*labels, *(columns or ())]) | declared
    names = {base(label) for label in (*labels, *declared, *(columns or ()))}
    return Roles(declared, constants, frozenset(names), columns)


def spelled(name: Any, option: str) -> str:
    """The name as the language has it (π is pi), or that of an element: ``a[0,1]``.

    Raises BindingError for what is no name, so that nothing else is ever shown as one.
    """
    found = _LABEL.fullmatch(name.strip()) if isinstance(name, str) else None
    if found is None or found[1] in WORDS or deception(name):
        text = name if isinstance(name, str) else repr(name)
        raise BindingError(
            f"{option}: {_glimpse(text)} is not a name",
            hint="a name is made of letters, digits and _, and begins with no digit: x, x_1, θ",
        )
    word = SPELLINGS.get(found[1], found[1])
    return f"{word}[{''.join(found[2].split())}]" if found[2] else word


def typed(value: Any) -> str:
    """A number, or nested lists of numbers, as they may be typed."""
    if isinstance(value, list):
        return f"[{','.join(map(typed, value))}]"
    return repr(float(value)).removesuffix(".0")


def is_name(text: str) -> bool:
    """Whether ``spelled`` takes it."""
    found = _LABEL.fullmatch(text.strip())
    return found is not None and found[1] not in WORDS and deception(text) is None


def base(label: str) -> str:
    """The variable that a column belongs to: a of ``a[0,1]``."""
    return label.partition("[")[0]


def whole_arrays(labels: Iterable[str]) -> dict[str, Shape]:
    """The arrays of which every element is named: a[0], a[1], …"""
    found: dict[str, list[Shape]] = {}
    for label in labels:
        name, bracket, inside = label.partition("[")
        if bracket:
            found.setdefault(name, []).append(tuple(map(int, inside.rstrip("]").split(","))))
    whole = {}
    for name, indices in found.items():
        if len({len(index) for index in indices}) == 1:
            shape = tuple(max(axis) + 1 for axis in zip(*indices, strict=True))
            size = 1
            for extent in shape:
                size *= extent
            if size == len(set(indices)):
                whole[name] = shape
    return whole


def elements(name: str, shape: Shape) -> list[str]:
    """The labels of the elements of an array, or the name of a number."""
    labels = [""]
    for size in shape:
        labels = [f"{label},{i}" if label else str(i) for label in labels for i in range(size)]
    return [f"{name}[{label}]" if label else name for label in labels]


# --- columns --------------------------------------------------------------------------------------


def order_columns(graph: Graph, given: Roles, taken: Iterable[str]) -> None:
    """Put the inputs of ``graph`` in natural order, or as ``wrt`` has them.

    A name in ``wrt`` that does not occur gets a column of zeros and a note. ``taken`` are the names
    that the text has read. Raises BindingError for a variable that ``wrt`` leaves without a value.
    """
    nodes = dict(zip(graph.variables, graph.inputs, strict=True))
    if given.wrt is None:
        order = in_natural_order(nodes)
    else:
        order, known = [], {*taken, *given.constants, *CONSTANTS}
        meant: dict[str, list[str]] = {}
        for label in nodes:
            for name in {label, base(label)}:
                meant.setdefault(name, []).append(label)
        for name in given.wrt:
            inside = meant.get(name, [])
            if not inside:
                inside = elements(name, given.shapes.get(name, ()))
                nodes |= {label: graph.variable(label) for label in inside}
                graph.notes.append(_does_not_occur(name, known, "its slopes are 0"))
            order += sorted(inside, key=natural)
        _require_all(graph, nodes, order)
    graph.variables = order
    graph.inputs = [nodes[label] for label in order]


def unread(names: Iterable[str], text: str) -> list[str]:
    """Those of ``names`` that do not occur in the text."""
    names = list(names)
    if not any(name in text or _ALSO.get(name, name) in text for name in names):
        return names  # a long text is not taken apart for nothing
    words = {SPELLINGS.get(token, token) for token in PATTERN.findall(text)}
    return [name for name in names if name not in words]


def unread_constants(given: Roles, text: str, taken: Iterable[str]) -> list[str]:
    """A note for each parameter that the text does not read."""
    known = {*taken, *CONSTANTS}
    return [
        _does_not_occur(name, known, "its value is not used")
        for name in unread(given.constants, text)
    ]


def natural(name: str) -> list[tuple[int, int, str]]:
    """The sort key that puts x2 before x10. (A number is compared by its length first: its value
    would cost the square of its digits.)"""
    word = name.rstrip("0123456789")
    if word.isalpha():  # nearly all: a word and a number
        digits = name[len(word) :]
        return [(1, 0, word), _number_key(digits.lstrip("0"))] if digits else [(1, 0, word)]
    return [_number_key(part.lstrip("0")) if part.isdecimal() else (1, 0, part)
            for part in re.split(r"(\d+)", name) if part]  # fmt: skip


def in_natural_order(names: Iterable[str]) -> list[str]:
    """Sorted by ``natural``; where all are a word and a number, as nearly always, without a key for
    each."""
    names = list(names)
    words: dict[str, list[str]] = {}
    for name in names:
        words.setdefault(name.rstrip("0123456789"), []).append(name)
    order: list[str] = []
    for word in sorted(words):
        numbered, zero = sorted(words[word]), f"{word}0"
        after = bisect_right(numbered, zero)
        padded = after < len(numbered) and numbered[after].startswith(zero)
        if padded or not word.isalpha():
            return sorted(names, key=natural)
        order += sorted(numbered, key=len)
    return order


def _number_key(digits: str) -> tuple[int, int, str]:
    return 0, len(digits), digits


def _require_all(graph: Graph, nodes: Mapping[str, int], order: Sequence[str]) -> None:
    missing = sorted(set(nodes) - set(order), key=natural)
    if missing:
        raise BindingError(
            f"'{missing[0]}' is not in --wrt and has no value",
            source=graph.source,
            span=graph.span(nodes[missing[0]]),
            hint=f"bind it: --param {missing[0]}=…",
        )


def _refuse_twice(columns: Sequence[str]) -> None:
    """``a`` and ``a[0]`` are twice, too."""
    text, seen, end = ",".join(columns), set[str](), 0
    for name in columns:
        start, end = end, end + len(name) + 1
        if name in seen or (name != base(name) and base(name) in seen):
            raise BindingError(
                f"--wrt names '{name}' twice",
                source=Source(text, "--wrt"),
                span=Span(start, end - 1),
                hint=f"--wrt {','.join(_apart(columns))}",
            )
        seen.add(name)


def _apart(columns: Sequence[str]) -> list[str]:
    """The columns once each, without elements of what is there as a whole."""
    once = list(dict.fromkeys(columns))
    return [name for name in once if name == base(name) or base(name) not in once]


def _which_one(name: str, option: str, hint: str) -> BindingError:
    return BindingError(
        f"'{name}' is in {option} and in --param: a variable or a constant?", hint=hint
    )


def _does_not_occur(name: str, known: Iterable[str], so: str) -> str:
    close = get_close_matches(name, sorted(known), 1)
    meant = f" (is it {close[0]}?)" if close else ""
    return f"{name} does not occur in the expression{meant}: {so}"


def _glimpse(text: str) -> str:
    """What stands there, so that it can be printed."""
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[:40])
    return f"'{shown}{'…' if len(text) > 40 else ''}'"
