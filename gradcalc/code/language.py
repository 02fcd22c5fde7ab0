"""What a language is: how it spells numbers, operations, branches and functions.

A language is a subclass in a file of its own, with one column: ``functions``, a template for each
primitive that it has. What is not in the column is made of what is (``Primitive.made``). To add a
language, write that file and name it in ``languages.py``; nothing else needs to be touched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import IntEnum
from itertools import accumulate
from math import prod
from struct import pack
from typing import ClassVar, NamedTuple

from gradcalc.functions.primitives import ADD, AND, DIV, MUL, NEG, NOT, OR, SUB, WHERE
from gradcalc.functions.row import Primitive


class Binding(IntEnum):
    """How tightly a piece of code holds together, loosest first."""

    CHOICE = 0
    LOGIC = 1
    COMPARISON = 2
    SUM = 3
    PRODUCT = 4
    SIGN = 5
    ATOM = 6


class Piece(NamedTuple):
    """A piece of code; ``flag``: it is a truth value."""

    text: str
    binding: Binding = Binding.ATOM
    flag: bool = False


class Array(NamedTuple):
    """A parameter: a vector, or a matrix of ``shape``; ``room`` is for what parts hand on."""

    name: str
    shape: tuple[int, ...]
    room: bool = False

    @property
    def size(self) -> int:
        return prod(self.shape)


class Native(NamedTuple):
    """A helper function that is written in the language itself; ``{name}`` in it is its name."""

    text: str


Column = Mapping[str, str | Native]
"""How a language says a primitive, by the name of that."""


class Signature(NamedTuple):
    """A generated function: its name, what goes in, what comes out, and what it is."""

    name: str
    inputs: tuple[Array, ...]
    output: Array
    doc: str


class Exported(NamedTuple):
    """A function that others use; of a sparse matrix ``shape`` is what it is the entries of, and
    there are constants called like the function and ``_nnz``, ``_rows``, ``_cols`` too."""

    signature: Signature
    shape: tuple[int, int] | None = None

    @property
    def names(self) -> list[str]:
        own = self.signature.name
        return [own] if self.shape is None else [own, *(f"{own}_{k}" for k in PATTERN)]


PATTERN = ("nnz", "rows", "cols")
"""What says where the entries of a sparse matrix are: how many, and the places of each."""


class Vectors(NamedTuple):
    """What a file tests itself by: inputs (the numbers of ``record`` at each point), what comes out
    (those of ``functions``, one after the other), and how far off each may be."""

    record: Sequence[Array]
    functions: Sequence[Signature]
    given: Sequence[Sequence[float]]
    wanted: Sequence[Sequence[float]]
    room: Sequence[Sequence[float]]

    @property
    def tables(self) -> dict[str, Sequence[Sequence[float]]]:
        """The three by name."""
        return {"given": self.given, "wanted": self.wanted, "room": self.room}

    @property
    def places(self) -> dict[str, tuple[int, int]]:
        """Where the numbers of an input begin and end."""
        ends = list(accumulate(array.size for array in self.record))
        return {a.name: (end - a.size, end) for a, end in zip(self.record, ends, strict=True)}


class Local(NamedTuple):
    """A local variable: a number, a truth value, or a ``pair`` of numbers."""

    name: str
    flag: bool = False
    pair: bool = False


class Routine(NamedTuple):
    """A helper function of numbers and pairs, that gives a number or a ``pair``; it has the local
    variables ``own``, and its lines."""

    name: str
    given: Sequence[Local]
    pair: bool
    own: Sequence[Local]
    lines: Sequence[str]


class Body(NamedTuple):
    """The lines of a function, not indented, and its local variables. ``filled``: the output is
    set to 0 first, because not every entry is stored."""

    lines: Sequence[str]
    locals: Sequence[Local]
    filled: bool = False


class Tool(NamedTuple):
    """What runs the code: a program, how its version is asked for, and the commands that turn
    ``{source}`` into numbers. ``{tool}`` is the program; the last command is the run. ``called`` is
    what it is called, if not by its file."""

    program: str
    version: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]
    called: str = ""


_OPERATORS = {
    ADD: Binding.SUM,
    SUB: Binding.SUM,
    MUL: Binding.PRODUCT,
    DIV: Binding.PRODUCT,
    NEG: Binding.SIGN,
    AND: Binding.LOGIC,
    OR: Binding.LOGIC,
    NOT: Binding.LOGIC,
    WHERE: Binding.CHOICE,
}
_CALL = re.compile(r"[\w.:]+\(.*\)")
_PLACE = re.compile(r"([(,]\s*)?\{(\d)\}(?=(\s*[),])?)")


def _holds(piece: Piece, place: int, binding: Binding) -> bool:
    """Whether a piece may stand at a place of something that binds so tightly."""
    if piece.binding is Binding.ATOM:
        return True
    if piece.text.startswith("-") and place:
        return False  # two operators beside each other, which Fortran has not
    if binding is Binding.CHOICE:
        return piece.binding > Binding.CHOICE
    if binding in (Binding.SUM, Binding.PRODUCT) and not place:
        return piece.binding >= binding
    return piece.binding > max(binding, Binding.COMPARISON)


class Language:
    """What all languages have in common: they look like C, more or less."""

    name: ClassVar[str]
    title: ClassVar[str]
    also: ClassVar[str] = ""
    """What else it is called."""
    extension: ClassVar[str]
    functions: ClassVar[Column]
    keywords: ClassVar[str]
    tools: ClassVar[tuple[Tool, ...]] = ()
    indent = "    "
    eager = False
    """Both branches are computed: the values are arrays, or there is no other way."""
    single = True
    """It has numbers of single precision."""
    insensitive = False
    """Names that differ in case are the same."""
    hidden = ""
    """What names that nobody else uses begin with."""
    most_name = 63
    patience: ClassVar[int] = 10_000_000
    """So many calls of functions that are computed step by step are soon done."""
    words: ClassVar[str] = ""
    """Names of the library that a function must not have."""
    layout: ClassVar[str] = "Matrices are flat, row by row: entry (i, j) of n columns is [i*n + j]."
    """How a matrix lies in memory."""

    def __init__(self, single: bool = False) -> None:
        self.narrow = single

    @property
    def real(self) -> str:
        """What the type of numbers is called."""
        return "float" if self.narrow else "double"

    # --- expressions ------------------------------------------------------------------------------

    def literal(self, value: float) -> str:
        """A number that reads back as the same one, and is never a whole number's type."""
        text = repr(value)
        return text if any(mark in text for mark in ".en") else f"{text}.0"

    def number(self, value: float) -> Piece:
        return Piece(self.literal(value), Binding.SIGN if value < 0 or 1 / value < 0 else
                     Binding.ATOM) if value else Piece(self.literal(value))  # fmt: skip

    special: ClassVar[tuple[str, str]] = ("INFINITY", "NAN")
    """How infinity and what is no number are written."""
    pair = "[{0}, {1}]"
    """Two numbers as one value; ``{name}`` is that of the helper that makes one."""
    halves: ClassVar[tuple[str, str]] = ("{0}[0]", "{0}[1]")
    """The first and the second of them."""
    natives: ClassVar[Mapping[str, Native]] = {}
    """Helpers that belong to no primitive: ``pair``, ``choose``, ``by_order``."""
    widened, narrowed = "{0}", "{0}"
    """A number of single precision as a double, and the other way round."""
    flag_as_number = "({0} ? 1.0 : 0.0)"
    number_as_flag = "{0} != 0.0"

    def as_number(self, piece: Piece) -> Piece:
        if not piece.flag:
            return piece
        template = self.flag_as_number
        binding = Binding.ATOM if _CALL.fullmatch(template) else Binding.CHOICE
        return Piece(self.filled(template, [piece], binding), Binding.ATOM)

    def as_flag(self, piece: Piece) -> Piece:
        if piece.flag:
            return piece
        return Piece(self.filled(self.number_as_flag, [piece]), Binding.COMPARISON, flag=True)

    def apply(self, primitive: Primitive, operands: Sequence[Piece], template: str = "") -> Piece:
        """A primitive of operands of the right kinds, by a template of the column or another."""
        if not template:
            found = self.functions[primitive.name]
            assert isinstance(found, str)
            template = found
        binding = _OPERATORS.get(primitive, Binding.COMPARISON if primitive.boolean else None)
        if binding is None or _CALL.fullmatch(template):
            binding = Binding.ATOM
        return Piece(self.filled(template, operands, binding), binding, primitive.boolean)

    def filled(
        self, template: str, operands: Sequence[Piece], binding: Binding = Binding.ATOM
    ) -> str:
        """The operands in their places, in parentheses unless they stand alone between commas."""

        def put(match: re.Match[str]) -> str:
            before, place, after = match[1] or "", int(match[2]), match[3]
            piece = operands[place]
            if (before and after) or _holds(piece, place, binding):
                return before + piece.text
            return f"{before}({piece.text})"

        return _PLACE.sub(put, template)

    first = 0
    """The number of the first entry of an array."""

    def call(self, name: str, operands: Sequence[str]) -> str:
        return f"{name}({', '.join(operands)})"

    def choice(self, condition: Piece, then: Piece, other: Piece) -> Piece | None:
        """One or the other; None where the language has no such expression."""
        template = self.functions[WHERE.name]
        assert isinstance(template, str)
        binding = Binding.ATOM if _CALL.fullmatch(template) else Binding.CHOICE
        return Piece(self.filled(template, [condition, then, other], binding), binding)

    # --- statements -------------------------------------------------------------------------------

    end = ";"

    def element(self, array: Array, place: int) -> str:
        """An entry of a vector, or of a matrix row by row."""
        return f"{array.name}[{place}]"

    def define(self, local: Local, text: str) -> str:
        """A local variable that is not changed any more."""
        raise NotImplementedError

    def declare(self, local: Local) -> list[str]:
        """A local variable that a branch will set."""
        raise NotImplementedError

    def assign(self, target: str, text: str) -> str:
        return f"{target} = {text}{self.end}"

    def branch(self, condition: str, then: Sequence[str], other: Sequence[str] = ()) -> list[str]:
        opposite = ["} else {", *self.inner(other)] if other else []
        return [f"if ({condition}) {{", *self.inner(then), *opposite, "}"]

    def loop(self, condition: str, body: Sequence[str]) -> list[str]:
        return [f"while ({condition}) {{", *self.inner(body), "}"]

    def back(self, text: str) -> list[str]:
        """The end of a helper, with its value."""
        return [f"return {text}{self.end}"]

    def variables(self, own: Sequence[Local]) -> list[str]:
        """Local variables that are changed."""
        return []

    def inner(self, lines: Sequence[str]) -> list[str]:
        return [f"{self.indent}{line}" if line else line for line in lines]

    # --- functions and files ----------------------------------------------------------------------

    frame: ClassVar[tuple[Sequence[str], Sequence[str]]] = (["function {name}({given}) {{"], ["}"])
    """The lines before those of a routine and after them."""

    def routine(self, one: Routine) -> list[str]:
        """A helper function."""
        head, tail = self.frame
        given = ", ".join(local.name for local in one.given)
        return [
            *(line.format(name=one.name, given=given) for line in head),
            *self.inner(one.lines),
            *tail,
        ]

    def in_doubles(self, lines: Sequence[str]) -> list[str]:
        """A helper of doubles, in a file of single precision."""
        return list(lines)

    def function(self, signature: Signature, body: Body) -> list[str]:
        """A function of arrays."""
        raise NotImplementedError

    def part(self, name: str, arrays: Sequence[Array], body: Body) -> list[str]:
        """A piece of a long function; ``arrays`` are its inputs, its work and its output."""
        raise NotImplementedError

    def work(self, array: Array) -> list[str]:
        """Room for what the parts of a function hand on."""
        raise NotImplementedError

    def run_part(self, name: str, arrays: Sequence[Array]) -> list[str]:
        return [f"{self.call(name, [array.name for array in arrays])}{self.end}"]

    def numbers(self, name: str, values: Sequence[int]) -> list[str]:
        """A constant array of whole numbers."""
        raise NotImplementedError

    def constant(self, name: str, value: int) -> list[str]:
        raise NotImplementedError

    def comment(self, lines: Sequence[str]) -> list[str]:
        """The head of the file."""
        return ["/*", *(f" * {line}".rstrip().replace("*/", "* /") for line in lines), " */"]

    def file(
        self, name: str, head: Sequence[str], code: Sequence[str], exported: Sequence[Exported]
    ) -> list[str]:
        """The whole file: the head as lines of a comment, then helpers, functions and the test."""
        raise NotImplementedError

    def own_name(self, name: str, what: str) -> str:
        """What the function ``what`` of a file that is called ``name`` is called."""
        return name if what == "f" else f"{name}_{what}"

    def file_name(self, name: str) -> str:
        """What a file with the function ``name`` is called."""
        return f"{name}{self.extension}"

    def test(self, name: str, vectors: Vectors) -> list[str]:
        """A self-test, to be switched on."""
        raise NotImplementedError

    def bits(self, value: float) -> str:
        """A number to the last bit."""
        return value.hex()

    def table(self, rows: Sequence[Sequence[float]]) -> list[str]:
        """Numbers to the last bit, with commas between them, on lines."""
        return wrapped([self.bits(value) for row in rows for value in row])

    # --- being run --------------------------------------------------------------------------------

    def driver(self, name: str, functions: Sequence[Signature], record: Sequence[Array]) -> str:
        """A program that runs ``functions`` of the file of ``name``. It reads how many points there
        are and then ``record`` for each of them, 16 hexadecimal digits a line for each double, and
        writes what the functions answer in the same form."""
        raise NotImplementedError


def hexadecimal(value: float) -> str:
    """The 16 digits of a double."""
    return pack(">d", value).hex()


def wrapped(items: Sequence[str], width: int = 92) -> list[str]:
    """Items with commas between them, on lines of their own."""
    lines, line = [], ""
    for k, item in enumerate(items):
        piece = item + ("," if k + 1 < len(items) else "")
        if line and len(line) + 1 + len(piece) > width:
            lines.append(line)
            line = piece
        else:
            line = f"{line} {piece}" if line else piece
    return [*lines, line] if line else lines
