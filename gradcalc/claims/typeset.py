"""Formulas that are typeset → formulas as one types them: LaTeX and MathML, as gradcalc writes them
and as people do where it is not ambiguous."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from gradcalc.errors import BindingError
from gradcalc.formulas.latex import FUNCTIONS, SIGNS, name_of
from gradcalc.formulas.mathml import SIGNS as MATHML_SIGNS
from gradcalc.formulas.names import greek, parted
from gradcalc.functions.primitives import CONSTANTS, WORDS

_TOKEN = re.compile(
    r"\\(?:left|right)\s*(?:\\[A-Za-z]+|\\?.)|\\[A-Za-z]+|\\.|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[A-Za-z]|[^\sA-Za-z]"
)
_OPERATORS = {r"\cdot": "*", r"\times": "*", r"\leq": "<=", r"\geq": ">=", r"\neq": "!=",
              r"\div": "/"} | {sign: symbol for symbol, sign in SIGNS.items()}  # fmt: skip
_WORDS = {word: name for name, word in FUNCTIONS.items()} | {r"\ln": "log"}
_FENCES = {"|": "abs", r"\lfloor": "floor", r"\lceil": "ceil", "(": "", "[": "", r"\{": ""}
_BLANK = (r"\,", r"\;", r"\!", r"\:", r"\quad", r"\qquad", r"\ ", "~", r"\displaystyle")
_SPACED = {*WORDS, "==", "%"}
_MOST_NESTED = 100


@dataclass
class _Line:
    """Pieces of text; between two operands that touch there is a product."""

    pieces: list[str] = field(default_factory=list)
    complete: bool = False
    """Whether an operand ends here."""

    def operand(self, text: str) -> None:
        if self.complete:
            self.pieces.append("*")
        self.pieces.append(text)
        self.complete = True

    def sign(self, text: str) -> None:
        self.pieces.append(f" {text} " if text.isalpha() else text)
        self.complete = False

    @property
    def text(self) -> str:
        return "".join(self.pieces).strip()


# --- LaTeX ----------------------------------------------------------------------------------------


def from_latex(text: str, names: Iterable[str]) -> str:
    r"""``\frac{x_{1}}{2}`` → ``(x1)/(2)``; ``names`` are those that may stand in it.

    Raises BindingError for what is not understood.
    """
    reader = _Latex(text, {name_of(name): name for name in names})
    line = reader.line(())
    if reader.place < len(reader.tokens):
        raise _unread(reader.tokens[reader.place])
    return line


def _unread(what: str) -> BindingError:
    return BindingError(f"'{what}' in the claim's typeset formula is not understood",
                        hint="the same as one types it: --format plain")  # fmt: skip


class _Latex:
    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self.tokens: list[str] = [token.replace(" ", "") for token in _TOKEN.findall(text)]
        self.names = names
        self.place = self.depth = 0

    def next(self) -> str:
        if self.place == len(self.tokens):
            raise _unread("the end")
        self.place += 1
        return self.tokens[self.place - 1]

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def line(self, ends: tuple[str, ...]) -> str:
        """Up to one of ``ends``, which is not taken."""
        self.depth += 1
        if self.depth > _MOST_NESTED:
            raise _unread("…")
        line = _Line()
        while self.peek() and self.peek() not in ends:
            self.piece(self.next(), line)
        self.depth -= 1
        return line.text

    def group(self) -> str:
        """``{…}``, or one token."""
        token = self.next()
        if token != "{":
            line = _Line()
            self.piece(token, line)
            return line.text
        text = self.line(("}",))
        self.next()
        return text

    def piece(self, token: str, line: _Line) -> None:
        if token in _BLANK:
            return
        if token == "^":
            power = self.group()
            line.pieces.append(f"**({power})")
        elif token in (r"\frac", r"\dfrac", r"\tfrac"):
            line.operand(f"(({self.group()})/({self.group()}))")
        elif token == r"\sqrt":
            line.operand(f"{self.root()}({self.group()})")
        elif token == "{":
            self.place -= 1
            line.operand(f"({self.group()})")
        elif token.startswith(r"\left") or token in ("(", "|"):
            line.operand(self.fenced(token))
        elif token == r"\begin":
            line.operand(self.cases())
        elif token in _OPERATORS:
            line.sign(_OPERATORS[token])
        elif token[0].isdigit() or token[0] == ".":
            line.operand(token)
        elif token in "+-*/,<>=%!":
            line.sign(token)
        else:
            self.named(token, line)

    def root(self) -> str:
        if self.peek() != "[":
            return "sqrt"
        self.next()
        if (self.next(), self.next()) != ("3", "]"):
            raise _unread(r"\sqrt[…]")
        return "cbrt"

    def fenced(self, token: str) -> str:
        left = token.removeprefix(r"\left")
        name, sized = _FENCES.get(left), token.startswith(r"\left")
        if name is None:
            raise _unread(token)
        close = {"(": ")", "[": "]", "|": "|"}.get(left, "")
        ends = tuple(t for t in self.tokens if t.startswith(r"\right")) if sized else (close,)
        inside = self.line(ends)
        self.next()
        return f"{name}({inside})"

    def cases(self) -> str:
        r"""``\begin{cases} a & condition \\ b & \text{otherwise} \end{cases}``"""
        if self.word() != "cases":
            raise _unread(r"\begin")
        branches = []
        while self.peek() != r"\end":
            value = self.line(("&",))
            self.next()
            if self.peek() == r"\text":
                self.next(), self.word()
                branches.append((value, ""))
            else:
                branches.append((value, self.line((r"\\", r"\end"))))
            if self.peek() == r"\\":
                self.next()
        self.next(), self.word()
        *tested, (text, _) = branches
        for value, condition in reversed(tested):
            text = f"where({condition}, {value}, {text})"
        return text

    def word(self) -> str:
        """The letters of ``{…}``."""
        letters = []
        if self.next() != "{":
            raise _unread("…")
        while (token := self.next()) != "}":
            letters.append("_" if token == r"\_" else token)
        return "".join(letters)

    def named(self, token: str, line: _Line) -> None:
        if token == r"\operatorname":
            line.operand(self.word())
            line.complete = False
            return
        if token in _WORDS and self.peek().removeprefix(r"\left") in ("(", "^", "{"):
            line.operand(_WORDS[token])
            line.complete = False
            return
        named = token in (r"\mathit", r"\mathrm")
        stem = f"{token}{{{self.word()}}}" if named else token
        raw = stem.replace("_", r"\_") if named else stem
        index = ""
        if self.peek() == "_":
            self.next()
            index = self.group().replace("*", "")
        subscript = f"_{{{index}}}" if index else ""
        found = self.names.get(raw + subscript)
        if found is None and named:  # upright or slanted, as people do
            found = self.names.get(raw.replace(r"\mathrm", r"\mathit") + subscript)
        plain = re.sub(r"\\math(?:it|rm)\{(.*)\}|\\", r"\1", stem) + index
        if not plain.isidentifier():
            raise _unread(token)
        line.operand(found or plain)


# --- MathML ---------------------------------------------------------------------------------------

_SIGN = {sign: symbol for symbol, sign in MATHML_SIGNS.items()} | {
    "−": "-", "·": "*", "\u2062": "*", "×": "*", "\u2061": "",
}  # fmt: skip
_OPEN = {"|": "abs(", "⌊": "floor(", "⌈": "ceil("}
_CLOSE = ("⌋", "⌉")


def from_mathml(element: ElementTree.Element, names: Iterable[str]) -> str:
    """``<mfrac><mi>x</mi><mn>2</mn></mfrac>`` → ``((x)/(2))``. Raises BindingError."""
    return _mathml(element, {_letter(name): name for name in (*CONSTANTS, *names)}, 0)


def _letter(name: str) -> tuple[str, str]:
    stem, index = parted(name)
    found = greek(stem)
    return (found[1] if found else stem), index


def _mathml(element: ElementTree.Element, names: Mapping[tuple[str, str], str], depth: int) -> str:
    tag = element.tag.rpartition("}")[2]
    if depth > _MOST_NESTED:
        raise _unread("…")

    def inner(child: ElementTree.Element) -> str:
        return _mathml(child, names, depth + 1)

    def pair(form: str) -> Callable[[], str]:
        return lambda: form.format(*map(inner, element))

    text = "".join(element.itertext()).strip()
    forms: dict[str, Callable[[], str]] = {
        "mn": lambda: text,
        "mi": lambda: names.get((text, ""), text),
        "mo": lambda: _SIGN.get(text, text),
        "msub": lambda: names.get(
            ("".join(element[0].itertext()), "".join(element[1].itertext())), text
        ),
        "mfrac": pair("(({})/({}))"),
        "msup": pair("({})**({})"),
        "msqrt": lambda: f"sqrt({_row(element, inner)})",
        "mspace": lambda: "",
    }
    rows = ("mrow", "math", "mstyle", "mtd")
    found = forms.get(tag) or ((lambda: _row(element, inner)) if tag in rows else None)
    if found is None:
        raise _unread(f"<{tag}>")
    try:
        return found()
    except IndexError:
        raise _unread(f"<{tag}>") from None


def _row(element: ElementTree.Element, inner: Callable[[ElementTree.Element], str]) -> str:
    """The children one after another, bars as absolute values."""
    return "".join(_barred([inner(child) for child in element]))


def _barred(pieces: list[str]) -> Iterator[str]:
    opened = False
    for piece in pieces:
        if piece == "|":
            yield ")" if opened else "abs("
            opened = not opened
        elif piece in _OPEN:
            yield _OPEN[piece]
        elif piece in _CLOSE:
            yield ")"
        else:
            yield f" {piece} " if piece in _SPACED else piece
