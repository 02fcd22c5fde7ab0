"""How other languages say it: what a word or a mark of theirs is here.

Everything here only looks, at a word or at the text from some place on; the parser acts. What our
own language can read is never looked up here: a foreign word stands where ours would be refused.
"""

from __future__ import annotations

import re

from gradcalc.functions.primitives import DISPUTED, ELSEWHERE, FUNCTIONS
from gradcalc.language.structural import STRUCTURAL
from gradcalc.language.tokens import A_NAME, SUPERSCRIPTS

LIBRARIES = {
    *("np", "numpy", "jnp", "jax", "onp", "anp", "autograd", "cp", "cupy", "xp", "linalg", "lax"),
    *("math", "cmath", "Math", "scipy", "special", "sp", "sympy", "mp", "mpmath", "ca", "casadi"),
    *("torch", "nn", "functional", "F", "tf", "keras", "K", "pt", "tt", "pytensor", "theano", "pm"),
    *("Base", "mx", "nd", "pyo"),
}
"""What stands before a dot and a function (``np.sin``) and says where it comes from: not read."""


def function(word: str) -> str | None:
    """The function of ours that ``word`` calls; None where there is none, or more than one."""
    if word in FUNCTIONS or word in STRUCTURAL:
        return word
    if word in DISPUTED:
        return None
    name = ELSEWHERE.get(word)
    if name is None and word != word.lower():
        return function(word.lower())
    return name


_COMMENT_LINE = r"(?:\#|//|%|!(?![=(])|--[^\S\n]+\w+[^\S\n]+\w)[^\n]*"
_OPERATOR = r"(?:[-+*/^@<>?−–·⋅×÷∗]|==|!=|&&|\.[*/^]|(?:and|or)\b)"

CONTINUES = re.compile(
    rf"(?:[^\S\n]*(?:{_COMMENT_LINE})?\n)*[^\S\n]*(?!{_COMMENT_LINE})(?={_OPERATOR})"
)
"""From the end of a line to an operator, with which the next one that is no comment begins."""

COMMENT = re.compile(_COMMENT_LINE)
"""A line that is a comment in this language or in another one."""

_WORDS = r"[^\W\d]\w*[^\S\n]+(?!(?:if|else|and|or|not)\b)\w"

TRAILING_COMMENT = re.compile(rf"(?://|%)[^\S\n]*(?:{_WORDS}[^\n]*|$)|(?<=\s)![^\n]*", re.MULTILINE)
"""After a value: what cannot go on with it, for it has two words in a row."""

CONTINUATION = re.compile(r"\.\.\.[^\n]*(?:\n|\Z)|\\[^\S\n]*\n|&[^\S\n]*(?:![^\n]*)?\n\s*&?")
"""The end of a line that goes on in the next one, in MATLAB, in C and the shell, in Fortran."""

POWER = re.compile(
    r"[^\S\n]*(?:(?:\^|\*\*)[^\S\n]*(?:(?P<plain>-?\d+)|\{\s*(?P<braces>-?\d+)\s*\}"
    rf"|\(\s*(?P<parens>-?\d+)\s*\))|(?P<raised>⁻?[{SUPERSCRIPTS}]+))[^\S\n]*(?=[(\[]|(?P<word>{A_NAME}))"
)
"""After the name of a function: a power of its value, ``sin^2(x)``."""

MATRICES = re.compile(r"[\w)\]]\.?'(?!\s*=(?!=))")
"""A transpose: the text is of MATLAB or Julia, and ``*`` is the product of matrices."""
