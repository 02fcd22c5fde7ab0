"""A value with its uncertainty in brief, ``1.2340(54)``, as JCGM 100, 7.2.2 has it."""

from __future__ import annotations

import math
from decimal import Context, Decimal

from gradcalc.render.numbers import shown

_EXACT = Context(prec=800)


def brief(value: float, u: float, digits: int = 2) -> str:
    """``u`` rounded to ``digits`` significant digits, the value to the same place.

    >>> brief(1.234, 0.0054), brief(5.687408, 1.0269), brief(5.67037e-8, 2.04612e-13)
    ('1.2340(54)', '5.7(1.0)', '5.670370(20)e-8')
    """
    if not u:
        return shown(value)
    if not _is_brief(value, u):
        return f"{shown(value)} ± {shown(u, digits)}"
    last = _exponent(u, digits) - digits + 1
    first = _exponent(max(abs(value), abs(u)), 15)
    power = first if last > 0 or first < -4 else 0
    number, width = _at(value, last, power), _at(u, last, power)
    if last - power < 0 and Decimal(width) < 1:
        width = width.replace(".", "").lstrip("0")
    return f"{number}({width})" + (f"e{power}" if power else "")


def to_place_of(x: float, u: float, digits: int = 2, like: float = 0.0) -> str:
    """``x`` rounded to the last digit of ``u`` that is told, with the power of ten of ``like``."""
    if not x or not u or not _is_brief(x, u):
        return shown(x)
    last = _exponent(u, digits) - digits + 1
    first = _exponent(max(abs(like or x), abs(u)), 15)
    power = first if last > 0 or first < -4 else 0
    return _at(x, last, power) + (f"e{power}" if power else "")


def _is_brief(x: float, u: float) -> bool:
    return math.isfinite(x) and math.isfinite(u) and u > 1e-17 * abs(x)


def _exponent(x: float, digits: int) -> int:
    """Of the first digit, after rounding."""
    return int(f"{x:.{digits - 1}e}".partition("e")[2])


def _at(x: float, last: int, power: int) -> str:
    """x/10^power, rounded to the place of 10^last."""
    rounded = Decimal(x).quantize(Decimal(1).scaleb(last), context=_EXACT)
    places = Decimal(1).scaleb(last - power)
    text = f"{rounded.scaleb(-power, _EXACT).quantize(places, context=_EXACT):f}"
    return text if text.strip("-0.") else text.lstrip("-")
