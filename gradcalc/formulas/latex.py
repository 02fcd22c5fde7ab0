r"""Formulas in LaTeX: ``\frac{x^{2}}{2}``, ``\sqrt{x_{1}}``, ``\sin\left(\theta\right)``."""

from __future__ import annotations

from collections.abc import Sequence

from gradcalc.formulas.exact import Number
from gradcalc.formulas.names import greek, parted
from gradcalc.formulas.writing import Binding, Notation, Text
from gradcalc.functions.row import Primitive

# What LaTeX itself has a word or a sign for; the others are operators of their own name.
FUNCTIONS = {
    name: rf"\{name}"
    for name in [
        "sin",
        "cos",
        "tan",
        "sec",
        "csc",
        "cot",
        "sinh",
        "cosh",
        "tanh",
        "coth",
        "exp",
        "log",
        "max",
        "min",
    ]
} | {
    "asin": r"\arcsin",
    "acos": r"\arccos",
    "atan": r"\arctan",
    "gamma": r"\Gamma",
    "digamma": r"\psi",
}
_FENCES = {
    "abs": r"\left|{}\right|",
    "floor": r"\left\lfloor {} \right\rfloor",
    "ceil": r"\left\lceil {} \right\rceil",
    "where": r"\begin{{cases}} {1} & {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
    "cbrt": r"\sqrt[3]{{{}}}",
}
_LATIN = {
    "Alpha": "A", "Beta": "B", "Epsilon": "E", "Zeta": "Z", "Eta": "H", "Iota": "I", "Kappa": "K",
    "Mu": "M", "Nu": "N", "Omicron": "O", "omicron": "o", "Rho": "P", "Tau": "T", "Chi": "X",
}  # fmt: skip
"""Greek letters that LaTeX has no word for, and the Latin ones that they look like."""
SIGNS = {"<=": r"\le", ">=": r"\ge", "==": "=", "!=": r"\ne", "and": r"\land", "or": r"\lor",
          "not": r"\lnot", "%": r"\bmod"}  # fmt: skip


class Latex(Notation):
    """LaTeX's mathematics mode, with no package."""

    def number(self, number: Number) -> Text:
        text = super().number(number).text
        mantissa, e, exponent = text.partition("e")
        if not e:
            return Text(text)
        return Text(rf"{mantissa} \cdot 10^{{{int(exponent)}}}", Binding.POWER)

    def name(self, name: str) -> Text:
        return Text(name_of(name))

    def grouped(self, piece: Text, least: Binding) -> str:
        return piece.text if piece.binding >= least else rf"\left({piece.text}\right)"

    def product(self, factors: Sequence[Text]) -> Text:
        if len(factors) == 1:
            return factors[0]
        pieces = [self.grouped(factor, Binding.POWER) for factor in factors]
        text = pieces[0]
        for piece in pieces[1:]:  # 2 x, but 2 \cdot 3: two numbers do not stand side by side
            text += (r" \cdot " if piece[0].isdigit() else " ") + piece
        return Text(text, Binding.PRODUCT)

    def quotient(self, above: Text, below: Text) -> Text:
        return Text(rf"\frac{{{above.text}}}{{{below.text}}}", Binding.PRODUCT)

    def power(self, base: Text, exponent: Text) -> Text:
        return Text(f"{self.grouped(base, Binding.ATOM)}^{{{exponent.text}}}", Binding.POWER)

    def root(self, base: Text) -> Text:
        return Text(rf"\sqrt{{{base.text}}}")

    def call(self, primitive: Primitive, operands: Sequence[Text]) -> Text:
        name = primitive.name
        if name in _FENCES:
            return Text(_FENCES[name].format(*(operand.text for operand in operands)))
        if primitive.symbol:
            return self.infix(primitive, operands)
        escaped = name.replace("_", r"\_")
        word = FUNCTIONS.get(name, rf"\operatorname{{{escaped}}}")
        return Text(rf"{word}\left({', '.join(operand.text for operand in operands)}\right)")

    def sign(self, symbol: str) -> str:
        return SIGNS.get(symbol, symbol)


def name_of(name: str) -> str:
    r"""``x1`` → ``x_{1}``, ``alpha`` → ``\alpha``, ``a[0,1]`` → ``a_{0,1}``."""
    stem, index = parted(name)
    found = greek(stem)
    if found:
        latin = _LATIN.get(found[0])
        letter = rf"\mathrm{{{latin}}}" if latin else rf"\{found[0]}"
    else:
        escaped = stem.replace("_", r"\_")
        letter = escaped if len(stem) == 1 else rf"\mathit{{{escaped}}}"
    return f"{letter}_{{{index}}}" if index else letter
