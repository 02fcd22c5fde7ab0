"""Simple LaTeX → text of our own, with the place of every character.

In LaTeX letters side by side are a product, braces group, and a power or a subscript is one
character or a group. What is read here is what a formula on paper is made of: fractions, roots,
powers, subscripts, Greek letters and functions. A command that is not known is refused.
"""

from __future__ import annotations

import re
from array import array
from typing import NamedTuple

from gradcalc.errors import ExpressionError, Source, Span
from gradcalc.functions.primitives import FUNCTIONS
from gradcalc.graph.graph import Graph
from gradcalc.language.foreign import function
from gradcalc.language.tokens import SUPERSCRIPTS

_MARK = re.compile(r"\\[A-Za-z]{2,}")
"""What a text in LaTeX has, and no other has."""
_RAISED = re.compile(r"\^\s*\{")
_LOWERED = re.compile(r"_\s*\{")
_IN_DOUBT = re.compile(rf"[/%÷]|(?:{'|'.join(FUNCTIONS)})\s*\Z")
_TO_SUPERSCRIPT = str.maketrans("0123456789-", SUPERSCRIPTS + "⁻")
_DISPLAY = re.compile(r"\s*(?:(\$\$?)[^$]+\1|\\\(.+\\\)|\\\[.+\\\])[\s.,;]*", re.DOTALL)
"""A formula between the marks that set it apart from a text."""

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\.\d+|[^\W\d_]|\s+|.", re.DOTALL)

_OPERATORS = {"cdot": "*", "times": "*", "ast": "*", "div": "/", "le": "<=", "leq": "<=",
              "ge": ">=", "geq": ">=", "ne": "!=", "neq": "!=", "lt": "<", "gt": ">",
              "lvert": "|", "rvert": "|", "vert": "|", "land": "and", "lor": "or"}  # fmt: skip
_NOTHING = {"left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "displaystyle", "quad",
            "qquad", "limits", ",", ";", ":", "!", " ", "[", "]", "(", ")"}  # fmt: skip
_GREEK = {
    *("alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "iota"),
    *("kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "varphi"),
    *("chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi"),
    *("Psi", "Omega", "ell", "hbar"),
}
_WORDS = {"mathrm", "operatorname", "text", "mathit", "mathbf", "mathsf"}
_FRACTIONS = {"frac", "dfrac", "tfrac"}
_ACCENTS = {"dot", "ddot", "dddot", "hat", "widehat", "bar", "overline", "tilde", "widetilde"}
"""Over a letter they make another name, ``x_dot``; an arrow or bold print do not."""
_SAME = {"vec", "boldsymbol", "bm", "mathcal"}
_ENVIRONMENTS = {"align", "aligned", "equation", "gather", "gathered", "split", "eqnarray"}
_D = r"(?:d|\\partial|\\mathrm\s*\{\s*d\s*\})"
_DERIVATIVE = re.compile(
    rf"\\[dt]?frac\s*\{{\s*{_D}(?P<n>\^\d|\^\{{\d\}}|)\s*(?P<x>\\?[A-Za-z]+(?:_\w|_\{{\w+\}})?)\s*\}}"
    rf"\s*\{{\s*{_D}\s*(?P<t>\\?[A-Za-z]+)(?:\^\d|\^\{{\d\}})?\s*\}}(?=\s*&?\s*=)"
)
"""A left side that names a derivative, ``\\frac{dx}{dt} = …``."""


class Plain(NamedTuple):
    """The text, and for each of its characters where that begins and ends in the LaTeX."""

    text: str
    starts: list[int]
    ends: list[int]

    def original(self, span: Span) -> Span:
        """Where the characters of a span of the text come from."""
        last = len(self.text)
        if span.start >= last:
            end = self.ends[-1] if self.ends else 0
            return Span(end, end + 1)
        start, end = self.starts[span.start], self.ends[min(span.end, last) - 1]
        return Span(start, max(end, start + 1))


def plain(source: Source) -> Plain | None:
    """LaTeX as our own language; None for what is no LaTeX. Raises ExpressionError for a command
    that is not known."""
    text = source.text
    marked = "\\" in text and _MARK.search(text)
    if not (marked or _DISPLAY.fullmatch(text) or _LOWERED.search(text)):
        return _without_braces(text) if _RAISED.search(text) else None
    return _Translation(source).whole()


def _without_braces(text: str) -> Plain | None:
    """``e^{-x}``: a group that is raised, and nothing else of LaTeX, is one in parentheses. Behind
    it a factor may stand: ``x^{2}y`` is ``x²y``."""
    found, raised = list(text), list[int]()
    for k, char in enumerate(text):
        if char == "{" and not text[:k].rstrip().endswith("^"):
            return None
        if char == "}" and raised:
            _lower(text, found, raised.pop(), k)
        elif char == "{":
            raised.append(k)
    if raised:
        return None
    places = [k for k, part in enumerate(found) for _ in part]
    return Plain("".join(found), places, [k + 1 for k in places])


def _lower(text: str, found: list[str], start: int, end: int) -> None:
    """Write the group from ``start`` to ``end`` in our own way."""
    inside, behind = text[start + 1 : end].strip(), text[end + 1 :].lstrip(" ")[:1]
    found[start], found[end] = "(", ")"
    if not (behind.isalnum() or behind == "("):
        return
    mark = text.rindex("^", 0, start)
    if inside.removeprefix("-").isdecimal():
        blanks = [""] * (end - mark + 1)
        found[mark : end + 1] = [inside.translate(_TO_SUPERSCRIPT), *blanks[1:]]
    elif not _IN_DOUBT.search(text, 0, mark):
        found[end] = ")*"


def restore(found: Plain, graph: Graph, source: Source) -> None:
    """Give the nodes of ``graph`` their places in the LaTeX that it was made of."""
    spans = [found.original(graph.span(node)) for node in range(len(graph))]
    graph.source = source
    graph.starts = array("i", (span.start for span in spans))
    graph.ends = array("i", (span.end for span in spans))
    lines = (" ".join(line.split()).rstrip(",;") for line in found.text.splitlines())
    shown = "; ".join(filter(None, lines))
    graph.notes.append(f"the LaTeX is read as {shown if len(shown) <= 200 else shown[:199] + '…'}")


class _Translation:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens = [(m[0], *m.span()) for m in _TOKEN.finditer(source.text)]
        self.at = 0
        self.parts: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.waiting: list[tuple[str, bool, bool]] = []  # of open groups: what ends them, …
        self.bars = 0
        self.value = False  # a value ends here: what follows side by side is a factor
        self.letter = False  # that value is a letter, which may be a function: f(x)
        self.below = False  # behind a '/', where a factor side by side is in doubt

    def whole(self) -> Plain:
        while self.at < len(self.tokens):
            self.step()
        if self.waiting:
            raise self.complain("'{' is never closed", len(self.tokens) - 1)
        return Plain("".join(self.parts), self.starts, self.ends)

    def write(self, text: str, index: int) -> None:
        _, start, end = self.tokens[min(index, len(self.tokens) - 1)]
        self.parts.append(text)
        self.starts += [start] * len(text)
        self.ends += [end] * len(text)

    def factor(self, index: int, opens: bool = False) -> None:
        """What is between two values side by side."""
        if self.value and not (opens and self.letter):
            number = self.parts[-1].replace(".", "").isdigit()
            self.write("*" if not self.below else "" if number else " ", index)

    def operand(self, text: str, index: int, letter: bool = False) -> None:
        self.factor(index)
        self.write(text, index)
        self.value, self.letter = True, letter

    def step(self) -> None:
        index = self.at
        token = self.tokens[index][0]
        self.at += 1
        if token[0] == "\\":
            self.command(token[1:], index)
        elif token.isspace() or token in "~$&" or (token == "." and self.at == len(self.tokens)):
            if "\n" in token:
                self.write("\n", index)
        elif token[0].isdigit() or token[0] == ".":
            self.operand(token, index)
        elif token.isalpha():
            self.operand(token + self.subscript(), index, letter=True)
        elif token == "{":
            self.factor(index)
            self.open(index, "(", ")")
        elif token == "}":
            self.close(index)
        elif token == "^":
            self.argument(index, "**(", ")")
        elif token == "|":
            self.bar(index)
        elif token in ("(", "["):
            self.factor(index, opens=True)
            self.write(token, index)
            self.value = False
        else:
            self.write(f" {token} " if token in "<>=" else token, index)
            self.value = token in ")]!'"
            self.letter = False
            self.below = token == "/" or (self.below and token not in "+-,;=<>")

    def command(self, name: str, index: int) -> None:
        if name in _NOTHING:
            return
        if name == "\\":
            self.write("\n", index)
            self.value = self.below = False
        elif name in _OPERATORS:
            if _OPERATORS[name] == "|":
                self.bar(index)
                return
            self.write(f" {_OPERATORS[name]} ", index)
            self.value = False
            self.below = name == "div"
        elif name in _FRACTIONS and self.at_start() and (found := self.derivative(index)):
            self.operand(found, index)
        elif name in _FRACTIONS:
            self.factor(index)
            self.argument(index, "((", ")/", second=True)
        elif name == "sqrt":
            self.factor(index)
            self.argument(index, *self.root(index))
        elif name in _ACCENTS or name in _SAME:
            mark = f"_{name.removeprefix('wide')}" if name in _ACCENTS else ""
            self.operand(self.accented(index) + mark + self.subscript(), index, letter=True)
        elif name in ("begin", "end"):
            self.environment(name, index)
        elif name in _GREEK:
            self.operand(name.removeprefix("var") + self.subscript(), index, letter=True)
        elif name in _WORDS:
            word = self.group(index)
            if function(word) is not None and self.next() in ("(", "\\left"):
                self.call(word, index)
            else:
                self.operand(word + self.subscript(), index, letter=True)
        elif function(name) is not None:
            self.call(name, index)
        else:
            raise self.complain(f"'\\{name}' is not read", index)

    # --- names that are made of several tokens ------------------------------------------------

    def at_start(self) -> bool:
        """Whether a statement begins here."""
        written = "".join(self.parts).rstrip(" ")
        return not written or written[-1] in ",;\n"

    def derivative(self, index: int) -> str:
        """``dx/dt`` for the left side that begins here, if one does; it is taken."""
        found = _DERIVATIVE.match(self.source.text, self.tokens[index][1])
        if found is None:
            return ""
        while self.at < len(self.tokens) and self.tokens[self.at][1] < found.end():
            self.at += 1
        n, x, t = (re.sub(r"\\(?:var)?|[{}^]", "", found[k]) for k in ("n", "x", "t"))
        return f"d{n}{x}/d{t}{n}"

    def accented(self, index: int) -> str:
        """The name under an accent, a letter or a group."""
        token = self.next()
        if token == "{":
            end = self.closing()
            word = "".join(text for text, _, _ in self.tokens[self.at + 1 : end])
            self.at = end + 1
        else:
            word = token
            self.at += 1
        word = re.sub(r"[{}\s]", "", word).removeprefix("\\").removeprefix("var")
        if not word.replace("_", "").isalnum() or word[0].isdigit():
            raise self.complain("an accent stands over a name here", index)
        return word

    def closing(self) -> int:
        """Where the group ends that begins at the current token."""
        depth = 0
        for k in range(self.at, len(self.tokens)):
            depth += (self.tokens[k][0] == "{") - (self.tokens[k][0] == "}")
            if not depth:
                return k
        raise self.complain("'{' is never closed", self.at)

    def environment(self, name: str, index: int) -> None:
        """``\\begin{align}`` and its end, which only set the lines."""
        text = self.source.text
        found = re.compile(r"\s*\{\s*([A-Za-z]+)\*?\s*\}").match(text, self.tokens[index][2])
        if found is None or found[1] not in _ENVIRONMENTS:
            raise self.complain(f"of environments only {', '.join(sorted(_ENVIRONMENTS))} are read",
                                index)  # fmt: skip
        while self.at < len(self.tokens) and self.tokens[self.at][1] < found.end():
            self.at += 1
        self.value = False

    # --- groups and arguments -----------------------------------------------------------------

    def open(self, index: int, opening: str, closing: str, second: bool = False) -> None:
        self.write(opening, index)
        self.waiting.append((closing, second, self.below))
        self.value = self.below = False

    def close(self, index: int) -> None:
        if not self.waiting:
            raise self.complain("'}' closes nothing", index)
        closing, second, self.below = self.waiting.pop()
        self.end(index, closing, second)

    def end(self, index: int, closing: str, second: bool) -> None:
        self.write(closing, index)
        self.value, self.letter = True, False
        if second:
            self.value = False
            self.argument(index, "(", "))")

    def argument(self, index: int, opening: str, closing: str, second: bool = False) -> None:
        """A group in braces, or one character."""
        token = self.next()
        if token == "{":
            self.at += 1
            self.open(index, opening, closing, second)
            return
        if not (token.isalnum() or token[1:] in _GREEK):
            raise self.complain("an argument is one character, or stands in braces", index)
        if opening == "**(" and token[0].isdigit() and len(token) > 1:
            raise self.complain(f"only the first digit is raised; write ^{{{token}}}", self.at)
        self.first_digit()
        self.write(opening, index)
        self.value = False
        text = self.tokens[self.at][0]
        self.write(text.removeprefix("\\").removeprefix("var"), self.at)
        self.at += 1
        self.end(index, closing, second)

    def first_digit(self) -> None:
        """Of ``x^23`` only the 2 is raised."""
        if not self.next():
            raise self.complain("something is missing here", self.at)
        token, start, end = self.tokens[self.at]
        if token[0].isdigit() and len(token) > 1:
            self.tokens[self.at : self.at + 1] = [
                (token[0], start, start + 1), (token[1:], start + 1, end)
            ]  # fmt: skip

    def next(self) -> str:
        """The next token that is no blank; it is the current one then."""
        while self.at < len(self.tokens) and self.tokens[self.at][0].isspace():
            self.at += 1
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def bar(self, index: int) -> None:
        closes = self.bars and self.value
        if not closes:
            self.factor(index)
        self.bars += -1 if closes else 1
        self.write("|", index)
        self.value, self.letter = bool(closes), False

    def root(self, index: int) -> tuple[str, str]:
        """What stands before and after what is under the root."""
        if self.next() != "[":
            return "sqrt(", ")"
        degree = self.tokens[self.at + 1][0] if self.at + 2 < len(self.tokens) else ""
        if not degree.isdecimal() or self.tokens[self.at + 2][0] != "]":
            raise self.complain("the degree of a root is a whole number here", index)
        self.at += 3
        return ("cbrt(", ")") if degree == "3" else ("((", f")**(1/{degree}))")

    def subscript(self) -> str:
        """``_1`` or ``_{max}``, which are part of a name."""
        if self.next() != "_":
            return ""
        self.at += 1
        index = self.at
        if self.next() == "{":
            return f"_{self.group(index)}"
        if not self.next().isalnum():
            raise self.complain("a subscript is letters and digits here", index)
        self.first_digit()
        self.at += 1
        return f"_{self.tokens[self.at - 1][0]}"

    def group(self, index: int, signed: bool = False) -> str:
        """The letters and digits of a group in braces, perhaps with a sign before them."""
        if self.next() != "{":
            raise self.complain("braces are expected here", index)
        start = self.at + 1
        while self.at < len(self.tokens) and self.tokens[self.at][0] != "}":
            self.at += 1
        word = "".join(token for token, _, _ in self.tokens[start : self.at])
        self.at += 1
        if not (word.removeprefix("-") if signed else word).isalnum():
            raise self.complain("a name is letters and digits here", index)
        return word

    # --- functions ----------------------------------------------------------------------------

    def call(self, name: str, index: int) -> None:
        """A function with its power and its argument, ``\\sin^2 x``."""
        self.factor(index)
        self.write(self.with_base(name, index), index)
        if self.next() == "^":
            self.at += 1
            power = self.group(index, signed=True) if self.next() == "{" else ""
            if not power:
                self.first_digit()
                power = self.tokens[self.at][0] if self.at < len(self.tokens) else ""
                self.at += 1
            self.write(f"**{power}", index)
        self.value = False
        following = self.next()
        if following == "{":
            self.at += 1
            self.open(index, "(", ")")
        elif following not in ("(", "\\left"):
            self.bare_argument(index)

    def with_base(self, name: str, index: int) -> str:
        """``\\log_2``"""
        if name != "log" or self.next() != "_":
            return name
        base = self.subscript().removeprefix("_")
        if base not in ("2", "10"):
            raise self.complain(f"write \\log(x)/\\log({base})", index)
        return f"log{base}"

    def bare_argument(self, index: int) -> None:
        """``\\sin x``, where nothing follows that may belong to it too."""
        self.write("(", index)
        token = self.next()
        if not (token.isalnum() or token[1:] in _GREEK):
            raise self.complain("what is its argument? put parentheses around it", index)
        self.at += 1
        self.value = False
        self.operand(token.removeprefix("\\").removeprefix("var") + self.subscript(), self.at - 1)
        self.write(")", index)
        self.letter = False
        following = self.next()
        if following == "^" or following.isalnum() or following[1:] in _GREEK:
            raise self.complain("how far does its argument go? put parentheses around it", index)

    def complain(self, message: str, index: int) -> ExpressionError:
        token, start, end = self.tokens[min(index, len(self.tokens) - 1)]
        return ExpressionError(
            f"{token[:20]}: {message}", source=self.source, span=Span(start, end)
        )
