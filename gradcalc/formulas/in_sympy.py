"""Formulas as sympy prints them, for ``sympify``. How sympy spells a function, sympy is asked."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cache
from keyword import iskeyword
from typing import Any

from gradcalc.formulas.exact import UnwritableError
from gradcalc.formulas.writing import Binding, Notation, Text
from gradcalc.functions.loading import loaded
from gradcalc.functions.primitives import CONSTANTS
from gradcalc.functions.row import Primitive

_PLACES = ("X_", "Y_", "Z_")
_PLACE = re.compile(r"\b[XYZ]_")
_WHOLE = re.compile(r"-?\d+")
_PRECEDENCES = {
    Binding.SUM: "Add",
    Binding.PRODUCT: "Mul",
    Binding.POWER: "Pow",
    Binding.ATOM: "Atom",
}
"""By sympy's names; a condition stands in parentheses, since & binds more tightly than <."""
_CONSTANTS = {"e": Text("E"), "tau": Text("2*pi", Binding.PRODUCT)}
"""Constants of the language that sympy calls otherwise."""


class InSympy(Notation):
    """Python with sympy's names; ``variables`` are never constants, whatever they are called."""

    def __init__(self, variables: Collection[str] = ()) -> None:
        self._variables = frozenset(variables)

    def name(self, name: str) -> Text:
        if name in CONSTANTS and name not in self._variables:
            return _CONSTANTS.get(name, Text(name))
        free = name.isidentifier() and not iskeyword(name) and name not in _taken()
        return Text(name if free else f"Symbol({name!r})")

    def call(self, primitive: Primitive, operands: Sequence[Text]) -> Text:
        orders = tuple(
            int(operand.text) if _WHOLE.fullmatch(operand.text) else None
            for operand in operands[: primitive.orders]
        )
        bindings = tuple(operand.binding for operand in operands)
        spelled, binding = _spelling(primitive, orders, bindings)
        given = dict(zip(_PLACES, operands, strict=False))
        return Text(_PLACE.sub(lambda match: given[match[0]].text, spelled), binding)


@cache
def _spelling(
    primitive: Primitive, orders: tuple[int | None, ...], bindings: tuple[Binding, ...]
) -> tuple[str, Binding]:
    """The function of places that are to hold what binds so, and how it binds itself. Orders that
    are numbers stand as they are: a derivative of such an order is a formula."""
    sympy = loaded("sympy")
    printing = loaded("sympy.printing.precedence")
    precedences = printing.PRECEDENCE
    symbol: Any = sympy.Symbol

    class Place(symbol):  # type: ignore[misc]
        """An operand; sympy asks it how tightly it binds."""

        __slots__ = ()

        @property
        def precedence(self) -> int:
            binding = bindings[_PLACES.index(self.name)]
            if binding is Binding.PRODUCT:  # sympy takes it for a factor: a/b*c
                binding = Binding.SUM
            found: int = precedences[_PRECEDENCES.get(binding, "Or")]
            return found

    places: list[Any] = [Place(place, real=True) for place in _PLACES[: primitive.arity]]
    for k, order in enumerate(orders):
        places[k] = places[k] if order is None else sympy.Integer(order)
    result = primitive.sympy(*places)
    if result.has(sympy.Derivative, sympy.Subs):
        raise UnwritableError(f"sympy has no function for {primitive.name}", hint="--format plain")
    binds = printing.precedence(result)
    fit = [binding for binding, name in _PRECEDENCES.items() if binds >= precedences[name]]
    return str(result), max(fit, default=Binding.OR)


@cache
def _taken() -> frozenset[str]:
    """What is no symbol in a text for ``sympify``: what sympy exports, and Python's own names."""
    return frozenset((*loaded("sympy").__all__, *dir(loaded("builtins"))))
