"""Formulas as sympy prints them, for ``sympify``. How sympy spells a function, sympy is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from gradcalc.formulas.exact import UnwritableError
from gradcalc.formulas.writing import Binding, Notation, Text
from gradcalc.functions.loading import loaded
from gradcalc.functions.row import Primitive

_PLACES = ("X_", "Y_", "Z_")
_PLACE = re.compile(r"\b[XYZ]_")


class InSympy(Notation):
    """Python with sympy's names."""

    def call(self, primitive: Primitive, operands: Sequence[Text]) -> Text:
        given = {
            place: self.grouped(operand, Binding.ATOM)
            for place, operand in zip(_PLACES, operands, strict=False)
        }
        spelled, whole = _spelling(primitive)
        text = _PLACE.sub(lambda match: given[match[0]], spelled)
        return Text(text, Binding.ATOM if whole else Binding.OR)


@cache
def _spelling(primitive: Primitive) -> tuple[str, bool]:
    """The function of places, and whether it holds together as it stands."""
    sympy = loaded("sympy")

    places = [sympy.Symbol(place, real=True) for place in _PLACES[: primitive.arity]]
    result = primitive.sympy(*places)
    if result.has(sympy.Derivative, sympy.Subs):
        raise UnwritableError(f"sympy has no function for {primitive.name}", hint="--format plain")
    return str(result), isinstance(result, (sympy.Function, sympy.Piecewise))
