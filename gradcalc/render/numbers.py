"""Numbers as text: exact for machines, as asked for people.

Every float that is printed without ``--digits`` reads back as the same float.
"""

from __future__ import annotations

import math


def exact(x: float) -> str:
    """The shortest text that reads back as the same float: ``4``, ``-0``, ``0.1``, ``nan``."""
    return repr(float(x)).removesuffix(".0")


def shown(x: float, digits: int | None = None) -> str:
    """A number for people: exact, or ``digits`` significant digits; -0 is 0, and 1e+16 is 1e16."""
    x = float(x)
    if x == 0.0:
        return "0"
    text = repr(x).removesuffix(".0")  # as ``exact`` has it
    if digits is not None and math.isfinite(x):
        text = _rounded(x, digits, text)
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text


def _rounded(x: float, digits: int, text: str) -> str:
    """``text``, unless fewer digits are asked for than it has."""
    short = f"{x:.{digits}g}"
    return short if float(short) != x else text


def latex(x: float, digits: int | None = None) -> str:
    """A number in LaTeX's mathematics mode."""
    if math.isnan(x):
        return r"\mathrm{NaN}"
    if math.isinf(x):
        return r"\infty" if x > 0 else r"-\infty"
    mantissa, e, exponent = shown(x, digits).partition("e")
    if not e:
        return mantissa
    power = f"10^{{{exponent}}}"
    if mantissa in ("1", "-1"):
        return mantissa.replace("1", power)
    return rf"{mantissa} \times {power}"


def aligned(texts: list[str]) -> list[str]:
    """The texts of a column padded to one width, decimal points below each other."""
    wholes = [len(text.partition("." if "." in text else "e")[0]) for text in texts]
    left = max(wholes, default=0)
    width = left + max(map(int.__sub__, map(len, texts), wholes), default=0)
    return [
        (" " * (left - w) + text).ljust(width) if text else " " * width
        for text, w in zip(texts, wholes, strict=True)
    ]
