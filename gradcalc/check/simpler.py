"""Shorter formulas, if sympy finds any: one entry at a time, and never without being judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gradcalc.check.budget import Deadline, OutOfTime
from gradcalc.check.identity import InSympy
from gradcalc.errors import GradcalcError
from gradcalc.formulas.derivative import Formulas
from gradcalc.formulas.exact import UnwritableError
from gradcalc.formulas.reading import read
from gradcalc.formulas.writing import Notation
from gradcalc.functions.loading import loaded
from gradcalc.language import parse
from gradcalc.linear.kinds import SINGULAR
from gradcalc.linear.symbolic import FactFormula, is_zero, named_apart

_SHARE = 0.5  # of what remains, for one entry


def simplified(formulas: Formulas, seconds: float) -> Formulas:
    """The same formulas, those entries replaced for which sympy knows a shorter text.

    What comes back is written out, and judged like any other; an entry that takes too long, or that
    comes back longer or as something that is not in the language, stays as it is.
    """
    whole = formulas.unshared()
    _, texts = whole.spelled(Notation())
    names = sorted({name for text in texts for name in _names(text)})
    deadline = Deadline(seconds)
    entries = list(whole.entries)
    for k, text in enumerate(texts):
        shorter = _simplify(text, names, deadline)
        if shorter is None or len(shorter) >= len(text):
            continue
        try:
            graph = parse(shorter, bound=names)
            (entry,) = (read(graph, whole.terms)[node] for node in graph.outputs)
        except (GradcalcError, UnwritableError):
            continue  # sympy's answer is in terms that are not ours
        entries[k] = entry
    return replace(whole, entries=tuple(entries)).shared()


def simplified_facts(
    found: Formulas, facts: Sequence[FactFormula], seconds: float
) -> list[FactFormula]:
    """The same facts about the matrix ``found``, as short as sympy makes them; there is no inverse
    where it knows the determinant to be 0."""
    share = seconds / max(1, len(facts))
    return named_apart(found, [_simplified_fact(one, share) for one in facts])


def _simplified_fact(one: FactFormula, seconds: float) -> FactFormula:
    if one.divisor and is_zero(simplified(one.divisor, seconds)):
        return FactFormula(one.fact, told=SINGULAR)
    return replace(one, formulas=simplified(one.formulas, seconds)) if one.formulas else one


def _simplify(text: str, names: list[str], deadline: Deadline) -> str | None:
    """sympy's shortest form of one formula, None where it has none in time."""
    sympy = loaded("sympy")

    share = deadline.share(_SHARE)
    try:
        with share.alarm():
            expressions: Any = InSympy(sympy, {n: sympy.Symbol(n, real=True) for n in names})
            (ours,) = expressions.read(parse(text, bound=names))
            return str(sympy.sstr(sympy.simplify(ours)))
    except (OutOfTime, GradcalcError):
        return None
    except Exception:  # sympy raises anything at all
        return None


def _names(text: str) -> list[str]:
    return parse(text).variables if text else []
