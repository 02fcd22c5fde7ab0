"""How other languages say it: what a word or a mark of theirs is here.

Everything here only looks, at a word or at the text from some place on; the parser acts. What our
own language can read is never looked up here: a foreign word stands where ours would be refused.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gradcalc.functions.formulas import FORMULAS
from gradcalc.functions.primitives import DISPUTED, ELSEWHERE, FUNCTIONS
from gradcalc.language.late import Late
from gradcalc.language.structural import STRUCTURAL
from gradcalc.language.tokens import (
    A_NAME,
    PATTERN,
    SUPERSCRIPTS,
    ends_value,
    is_blank,
    is_name,
    is_number,
)

LIBRARIES = {
    *("np", "numpy", "jnp", "jax", "onp", "anp", "autograd", "cp", "cupy", "xp", "linalg", "lax"),
    *("math", "cmath", "Math", "scipy", "special", "sp", "sympy", "mp", "mpmath", "ca", "casadi"),
    *("torch", "nn", "functional", "F", "tf", "keras", "K", "pt", "tt", "pytensor", "theano", "pm"),
    *("Base", "mx", "nd", "pyo", "std", "System"),
}
"""What stands before a dot (or ``::``) and a function and says where it comes from, ``np.sin``: not
read."""

LIBRARY_CONSTANTS = {"PI": "pi", "Pi": "pi", "E": "e"}
"""``Math.PI``"""
NUMBERS_ELSEWHERE = {"M_PI": "pi", "M_E": "e"}
"""Names for constants that nobody gives to anything else."""


ARRAYS = {*("array", "asarray", "tensor", "Matrix", "ImmutableMatrix", "ImmutableDenseMatrix"),
          *("stack", "float", "double", "float64", "Float64", "dble", "DBLE")}  # fmt: skip
"""What other languages write around the brackets of an array, ``array([1, 2])``, or around a value
that is a number here in any case."""

INFINITIES = {*("inf", "Inf", "infty", "Infinity", "oo", "∞")}
"""What other languages call infinity: the p of a norm, and nothing else, can be that."""

PIECEWISE, ALWAYS = "Piecewise", {"True", "true"}
"""sympy's ``Piecewise((a, c), (b, True))``."""

WORDS_ELSEWHERE = {*INFINITIES, *ALWAYS, *NUMBERS_ELSEWHERE}
"""Names that stand for values in some places."""

CELL, ROW = Late(r"[$][A-Za-z]{1,3}[$]?\d+\b"), Late(r"[$](\d+)\b")
"""A cell of a spreadsheet whose column stays where it is, ``$A1``, or its row, ``A$1``."""

_SPELLED_OUT = {key.partition("(")[0] for key in FORMULAS}


@lru_cache(maxsize=1024)
def function(word: str) -> str | None:
    """The function of ours that ``word`` calls; None where there is none, or more than one."""
    if word in FUNCTIONS or word in STRUCTURAL or word in _SPELLED_OUT:
        return word
    if word in DISPUTED:
        return None
    name = ELSEWHERE.get(word)
    if name is None and word != word.lower():
        return function(word.lower())
    return name


_COMMENT_LINE = r"(?:\#|//|%|!(?![=(])|--[^\S\n]+\w+[^\S\n]+\w)[^\n]*"
_OPERATOR = r"(?:[-+*/^@<>?−–·⋅×÷∗]|==|!=|~=|&&|\.[-+*/^<>]|(?:and|or)\b)"

CONTINUES = Late(rf"(?:[^\S\n]*(?:{_COMMENT_LINE})?\n)*[^\S\n]*(?!{_COMMENT_LINE})(?={_OPERATOR})")
"""From the end of a line to an operator, with which the next one that is no comment begins."""

COMMENT = Late(_COMMENT_LINE)
"""A line that is a comment in this language or in another one."""

_WORDS = r"[^\W\d]\w*[^\S\n]+(?!(?:if|else|and|or|not)\b)\w"

TRAILING_COMMENT = Late(rf"(?://|%)[^\S\n]*(?:{_WORDS}[^\n]*|$)|(?<=\s)![^\n]*", re.MULTILINE)
"""After a value: what cannot go on with it, for it has two words in a row."""

CONTINUATION = Late(r"\.\.\.[^\n]*(?:\n|\Z)|\\[^\S\n]*\n|&[^\S\n]*(?:![^\n]*)?\n\s*&?")
"""The end of a line that goes on in the next one, in MATLAB, in C and the shell, in Fortran."""

HAS_WORDS, BLOCK_COMMENT = Late(r"\w"), Late(r"#[^\n]*|(/\*(?:.*?\*/|.*))", re.DOTALL)
"""Of what is skipped: whether it says anything; and comments of C, which the tokens skip."""

POWER = Late(
    r"[^\S\n]*(?:(?:\^|\*\*)[^\S\n]*(?:(?P<plain>-?\d+)|\{\s*(?P<braces>-?\d+)\s*\}"
    rf"|\(\s*(?P<parens>-?\d+)\s*\))|(?P<raised>⁻?[{SUPERSCRIPTS}]+))[^\S\n]*(?=[(\[]|(?P<word>{A_NAME}))"
)
"""After the name of a function: a power of its value, ``sin^2(x)``."""

MATRICES = Late(r"[\w)\]]\.?'(?!'*\s*=(?!=))|\[[^\[\]]*;")
"""A transpose, or rows between semicolons, as MATLAB and Julia have them: ``*`` is the product of
matrices."""

# --- left sides -----------------------------------------------------------------------------------

_PARAMETERS = rf"\s*{A_NAME}\s*(?:,\s*{A_NAME}\s*)*"
_GIVES = r":?=(?!=)"
_TYPES = (
    "let|var|val|const|double|float|real|auto|local|long|static|final|mut|my|our|global|constexpr"
)

DECLARES = {*_TYPES.split("|"), "return"}
"""Words before a name that is given a value, or before a value."""

DECLARATION = Late(
    rf"(?:(?:{_TYPES})\b(?:\([^()\n]*\)|\*\d+)?\s*(?:::\s*)?)+(?={A_NAME}\s*{_GIVES})|return\b\s*"
)

_TIMES = r"(?:\^\d|\*\*\d|[²³])"
DERIVATIVE = Late(rf"(?:d(?:{_TIMES}\s*)?\w+\s*/\s*d\w+{_TIMES}?|{A_NAME}'+)(?=\s*{_GIVES})")
"""A left side that names a derivative: ``dx/dt = …``, ``d²x/dt² = …``, ``x' = …``."""

DEFINITION = Late(
    rf"{A_NAME}\s*(?:\((?P<call>{_PARAMETERS})\)\s*{_GIVES}"
    r"|\[(?P<pattern>\s*[^\W\d]\w*_\s*(?:,\s*[^\W\d]\w*_\s*)*)\]\s*:?=(?!=)"
    rf"|{_GIVES}\s*(?:@\s*\((?P<handle>{_PARAMETERS})\)|lambda\b(?P<lambda>{_PARAMETERS}):"
    rf"|\((?P<arrow>{_PARAMETERS})\)\s*[-=]>|(?P<one>{A_NAME})\s*[-=]>))\s*"
)
"""``f(x) =``, ``f[x_] :=``, ``f = @(x)``, ``f = lambda x:``, ``f = (x) ->``."""

PYTHON = Late(
    rf"def\s+(?P<name>{A_NAME})\s*\((?P<parameters>{_PARAMETERS})\)\s*(?:->[^:\n]+)?:\s*return\b\s*"
)
"""``def f(x): return``, up to what it comes to."""

CALLED_PI = Late(r"(?i:pi)\s*\(\s*\)")
"""``PI()`` of a spreadsheet."""

ARROWS = ("->", "=>", "@", "lambda")
"""What a text has that defines functions without parentheses on the left."""

NAMELESS = Late(
    rf"(?:lambda\b{_PARAMETERS}:|@\s*\({_PARAMETERS}\)"
    rf"|\({_PARAMETERS}\)\s*[-=]>|{A_NAME}\s*[-=]>)\s*"
)
"""A function without a name, up to what it comes to."""

STRINGS = Late(
    r"""\s*\[?\s*(?:"[^"\n]*"|'[^'\n]*')(?:\s*,\s*(?:"[^"\n]*"|'[^'\n]*'))*\s*,?\s*\]?\s*"""
)
"""A text that is one string, or a list of some."""

FORTRAN_NUMBER = Late(r"((?:\d+\.\d*|\.\d+))[dD]([-+]?\d+)(?![\w.])")
"""A number whose exponent has a D."""

UNCERTAIN = Late(r"\d*\.\d+\(\d+\)")
"""A number with the uncertainty of its last digits."""

METHOD = Late(rf"\.({A_NAME})(?=\s*(\()?)")
"""``.mean(`` and ``.T`` after a value."""

ELEMENT = Late(r"\(\s*([1-9]\d*)\s*\)")
"""``(1)`` after the name of an array: MATLAB's first element."""

CAST = Late(r"\.(?:astype\(\s*['\"]?[\w.]+['\"]?\s*\)|(?:float|double|item|numpy|tolist)\(\s*\))")
"""``.astype(float)`` after a value, which is a number here in any case."""


def end_of_statement(text: str, at: int) -> int:
    """Where the statement ends that goes on at ``at``."""
    depth, last = 0, ""
    for found in PATTERN.finditer(text, at):
        token = found[0]
        if is_blank(token):
            continue
        if depth <= 0 and token in (",", ";"):
            return found.start()
        if token == "\n":
            over = depth <= 0 and ends_value(last) and not CONTINUES.match(text, found.end())
            if over:
                return found.start()
            continue
        depth += (token in "([{") - (token in ")]}")
        last = token
    return len(text)


def end_of_operand(text: str, at: int) -> int:
    """Where a number, a name, a call or a parenthesis ends that begins at ``at``."""
    depth, end, name = 0, at, False
    for found in PATTERN.finditer(text, at):
        token = found[0]
        opens = token in ("(", "[")
        begins = end == at and (is_name(token) or is_number(token))
        if depth == 0 and not (opens or begins):
            return end
        if depth == 0 and opens and end > at and not name:
            return end
        name = depth == 0 and is_name(token)
        depth += opens - (token in (")", "]"))
        end = found.end()
        if depth == 0 and not name:
            return end
    return end
