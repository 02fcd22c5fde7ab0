"""An expression as the lines of Python that compute it with PyTorch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from keyword import iskeyword

from gradcalc.calculus.kinds import KINDS
from gradcalc.errors import GradcalcError
from gradcalc.formulas.derivative import derive
from gradcalc.formulas.writing import Notation, Text
from gradcalc.functions.primitives import CONSTANTS
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph

_ALIKE = """
    sqrt exp exp2 expm1 log log1p log2 log10 sin cos tan asin acos atan atan2 sinh cosh tanh asinh
    acosh atanh abs sign floor ceil round trunc hypot erf erfc erfinv sigmoid relu lgamma digamma
    logaddexp heaviside where sinc
"""
FUNCTIONS = {name: f"torch.{name}" for name in _ALIKE.split()} | {
    "max": "torch.maximum",
    "min": "torch.minimum",
    "and": "torch.logical_and",
    "or": "torch.logical_or",
    "not": "torch.logical_not",
    "softplus": "torch.nn.functional.softplus",
    "silu": "torch.nn.functional.silu",
}
"""The column of PyTorch: what a primitive is called there, where it is there."""

_NUMBER = re.compile(r"(?:[\d.+\-*/() ]|(?<=\d)e|torch\.pi|torch\.e)+")


class _NoCounterpartError(GradcalcError):
    """PyTorch lacks a function."""


class PyTorch(Notation):
    """Python, with PyTorch's functions of tensors; ``spelled`` says what variables are called."""

    def __init__(self, spelled: Mapping[str, str]) -> None:
        self.spelled = spelled

    def name(self, name: str) -> Text:
        if name in self.spelled:
            return Text(self.spelled[name])
        if name not in CONSTANTS:
            raise _NoCounterpartError(name)  # a parameter has a value, and no name there
        return Text(f"torch.{name}" if name != "tau" else "(2*torch.pi)")

    def root(self, base: Text) -> Text:
        return Text(f"torch.sqrt({_tensor(base.text)})")

    def call(self, primitive: Primitive, operands: Sequence[Text]) -> Text:
        if primitive.symbol and not primitive.logical:
            return self.infix(primitive, operands)
        if primitive.name not in FUNCTIONS:
            raise _NoCounterpartError(primitive.name)
        given = ", ".join(_tensor(operand.text) for operand in operands)
        return Text(f"{FUNCTIONS[primitive.name]}({given})")


def _tensor(text: str) -> str:
    """PyTorch's functions take no bare numbers."""
    return f"torch.tensor({text}, dtype=x.dtype)" if _NUMBER.fullmatch(text) else text


def in_pytorch(graph: Graph) -> list[str]:
    """The lines that make y of the tensor x; none where PyTorch lacks something."""
    names = graph.variables
    plain = all(name.isidentifier() and not iskeyword(name) for name in names)
    unpacked = plain and not {"x", "y", "v", "torch"} & {*names}
    spelled = {name: name if unpacked else f"x[{k}]" for k, name in enumerate(names)}
    try:
        found = derive(graph, KINDS["eval"])
        formulas = [_tensor(text) for text in found.said(found.values, PyTorch(spelled))]
    except GradcalcError:
        return []
    made = formulas[0] if len(formulas) == 1 else f"torch.stack([{', '.join(formulas)}])"
    lines = [f"y = {made}"]
    if unpacked and names:
        lines.insert(0, f"{', '.join(names)}{',' if len(names) == 1 else ''} = x")
    return lines
