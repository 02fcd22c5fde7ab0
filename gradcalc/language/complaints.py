"""What the parser says when it refuses a text: the message, and a hint that can be typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from typing import NamedTuple

from gradcalc.functions.formulas import FORMULAS
from gradcalc.functions.primitives import DISPUTED, FUNCTIONS, OPERANDS, WORDS
from gradcalc.language.foreign import end_of_operand
from gradcalc.language.late import Late
from gradcalc.language.lookalikes import foreign, skeleton
from gradcalc.language.structural import MANY, STRUCTURAL
from gradcalc.language.tokens import FRACTIONS, ends_value, is_blank, is_name, is_number


class Complaint(NamedTuple):
    message: str
    hint: str = ""


_LIST_HINT = "full list: gradcalc functions"

_AS_CLOSE = 0.05  # a shorter name that is nearly as close is the one that is meant: sin, not sincn

_STRANGERS = {
    "||": Complaint(
        "'||' stands where a value is expected", "write abs(x), or norm(a) of an array"
    ),
    "&": Complaint("expected a value before '&'"),
    "!": Complaint("'!' is not known", "the factorial of n is gamma(n + 1); not equal is !="),
    "~": Complaint("'~' is not known", "write not"),
    ".": Complaint("a '.' stands alone", "nothing has attributes here; a number is 0.5 or .5"),
    "{": Complaint("'{' is no bracket here", "write ( ) to group, [ ] for arrays"),
    "}": Complaint("'}' is no bracket here", "write ( ) to group, [ ] for arrays"),
    "'": Complaint("there are no strings here", "remove the quotation marks"),
    '"': Complaint("there are no strings here", "remove the quotation marks"),
    "\\": Complaint("'\\' is not known: this is no LaTeX", "write sqrt(x), sin(x), pi"),
    "=": Complaint("'=' has nothing on its left", "name a value with r = …; compare with =="),
    "∞": Complaint("infinity is no number to calculate with"),
}


def short(token: str, most: int = 24) -> str:
    """A token in quotation marks, without its control characters, at a length one can read."""
    token = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in token)
    return f"'{token}'" if len(token) <= most else f"'{token[: most - 1]}…'"


def unexpected(token: str, tokens: list[str], index: int) -> Complaint:
    """A token that makes no sense where it stands."""
    before = _previous(tokens, index)
    if token == "=" and before in ("+", "-", "*", "/"):
        return Complaint(f"'{before}=' is not known", f"write r = r {before} …")
    if token == before == "/":
        return Complaint("'//' is not known", "write floor(x/y)")
    if token == "\\" and ends_value(before):
        return Complaint("'\\' divides by a matrix in MATLAB", "write solve(A, b) for A\\b")
    if token in _STRANGERS:
        return _STRANGERS[token]
    if token in FRACTIONS:
        top, bottom = unicodedata.normalize("NFKC", token).split("⁄")
        return Complaint(f"'{token}' is not read after a value", f"write ({top}/{bottom})")
    if token == ":" or token in WORDS:
        return Complaint(f"unexpected {short(token)}")
    if token[0] in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻":
        return Complaint(f"the power {short(token)} has nothing on its left")
    if len(token) == 1 and (not token.isprintable() or unicodedata.combining(token)):
        return Complaint(f"the character U+{ord(token):04X} cannot be read")
    if before and token in ("*", "**", "/", "%", "@", "<", ">", "<=", ">=", "==", "!="):
        return Complaint(f"expected a value before {short(token)}")
    if token in ("*", "**", "/", "%", "@", "<", ">", "<=", ">=", "==", "!="):
        return Complaint(f"expected a value before {short(token)}", "an expression is like 2*x + 1")
    if token == "not":
        return Complaint("unexpected 'not'", "write a != b, or not (a == b)")
    return Complaint(f"the character {short(token)} cannot be read")


def missing_operand(token: str, tokens: list[str], index: int) -> Complaint:
    """Something ends where a value should be."""
    before = _previous(tokens, index)
    if not before:
        if not token:
            return Complaint("the expression is empty", "for example: x1**2 + 3*x2")
        return Complaint(f"expected an expression before {short(token)}")
    if before == "(" and token == ")":
        return Complaint("the parentheses are empty", "put a value between them")
    if before == "[" and token == "]":
        return Complaint("the array is empty", "put a value between the brackets")
    if before in (",", ";") and token in (",", ";"):
        return Complaint(f"expected an expression between {short(before)} and {short(token)}")
    if ends_value(before):
        return Complaint(f"expected an expression before {short(token)}")
    return Complaint(f"expected a value after {short(before)}")


def close_functions(name: str) -> str:
    """The function of ours that a name is nearly spelled as, or ''."""
    if len(name) <= 2:
        return ""
    if skeleton(name) != name and skeleton(name) in (*FUNCTIONS, *STRUCTURAL):
        return skeleton(name)
    typed = name.lower()
    found = get_close_matches(typed, [*FUNCTIONS, *STRUCTURAL], 3, 0.6)
    likeness = {one: SequenceMatcher(None, one, typed).ratio() for one in found}
    nearly = (one for one in found if likeness[one] > likeness[found[0]] - _AS_CLOSE)
    return min(nearly, key=len, default="")


def not_a_function(name: str) -> Complaint:
    """A name in call position that is no function."""
    if name in DISPUTED:
        one, other = DISPUTED[name]
        return Complaint(f"{short(name)} is one function in some languages and another in others",
                         f"write {one} or {other}")  # fmt: skip
    known: Iterable[str] = {**FUNCTIONS, **STRUCTURAL}
    if skeleton(name) != name and skeleton(name) in known:
        meant = skeleton(name)
        return Complaint(f"{short(name)} only looks like {short(meant)}: {foreign(name, meant)}",
                         f"type {meant}(…)")  # fmt: skip
    close = close_functions(name)
    if close:
        return Complaint(
            f"unknown function {short(name)}", f"did you mean '{close}'?  {_LIST_HINT}"
        )
    product = f"to multiply write {name}*(…)"
    if len(name) > 2:
        return Complaint(f"unknown function {short(name)}", f"{product};  {_LIST_HINT}")
    return Complaint(f"{short(name)} is a variable, not a function", product)


def not_a_member(name: str) -> Complaint:
    """What stands after ``np.`` and is neither a function nor a constant of ours."""
    return Complaint(f"{short(name)} of this library is not known here", _LIST_HINT)


def juxtaposed(tokens: list[str], index: int) -> Complaint:
    """A value straight after a value, other than a number before a name."""
    token, before = tokens[index], _previous(tokens, index)
    if before in FUNCTIONS and (is_name(token) or is_number(token) or token in "√∛"):
        return bare(before, "…")
    if token.lower() in INFIX:
        return Complaint(f"{short(token)} stands between its operands", "write …")
    if is_number(token):
        if is_number(before):
            return Complaint(f"two numbers side by side: {short(before)} and {short(token)}",
                             "put an operator or a comma between them")  # fmt: skip
        hint = "put an operator or a comma between them"
        if is_name(before):
            hint = f"write {before}*{token} to multiply, {before}**{token} for a power"
        return Complaint(f"a number straight after {short(before)}", hint)
    if token == "(":
        if is_name(before):
            return Complaint(f"{short(before)} is a variable, not a function",
                             f"to multiply write {before}*(…)")  # fmt: skip
        return Complaint(f"a parenthesis straight after {short(before)}", "to multiply write …*(…)")
    if is_number(before):
        return Complaint(f"a number and {short(token)} side by side", f"write {before}*{token}")
    left = before if is_name(before) else "…"
    return Complaint(f"{short(before)} and {short(token)} side by side",
                     f"to multiply write {left}*{token}")  # fmt: skip


INFIX = {"mod": "%"} | {"rem": "%", "div": "//"}
"""Words of other languages, in small letters, for operators of ours."""

_DECIMAL_COMMA = re.compile(r"(?<![\w.])(\d+),(?=\d)")

_IF = Late(
    r"\s*if\b\s*(?P<c>\([^()]*\)(?!\s*then\b)|[^;\n]+?(?=[;\n:]|\sthen\b))"
    r"(?:\s*[;\n]\s*|\s+then\s+|\s*:\s*|\s+)(?P<a>[^;\n]+?)"
    r"(?:\s*[;\n]\s*|\s+)else\b[\s:]*(?P<b>[^;\n]+?)\s*(?:\bend\b|\bfi\b)?\s*;?\s*",
    re.IGNORECASE,
)


def written_as_a_call(word: str) -> Complaint:
    """``if x > 0 then x else -x``"""
    return Complaint(f"an {short(word)} is written as a call here", "write …")


def chosen(text: str) -> str:
    """``if x>0 then x else -x`` as a call, or ''."""
    found = _IF.fullmatch(text)
    return f"where({found['c']}, {found['a']}, {found['b']})" if found else ""


def end_of_argument(text: str, at: int) -> int:
    """Where ``2x``, ``√x`` or ``x`` ends after the name of a function."""
    end = end_of_operand(text, at)
    joined = text[at] in "√∛" or (is_number(text[at]) and text[end : end + 1].isidentifier())
    end += text[at] in "√∛"
    return end_of_operand(text, end) if joined else end


def float_of_c(number: str, token: str) -> Complaint:
    """``2.0f``"""
    return Complaint(f"'{number}{token}' is a number in C, and a product here",
                     f"write {number} or {number}*{token}")  # fmt: skip


def ambiguous(left: str, operator: str, number: str, name: str) -> Complaint:
    """``1/2x``: both readings, for the user to choose from."""
    if len(left) > 20:
        left = "…"
    name = name if name != "(" else "(…)"
    return Complaint(
        f"{short(f'{left}{operator}{number}{name}', 48)} can be read in two ways",
        f"write {left}{operator}({number}*{name}) or ({left}{operator}{number})*{name}",
    )


def other_base(token: str) -> Complaint:
    hint = f"write numbers in base 10, or {token[0]}*{token[1:]} for a product"
    return Complaint(f"{short(token)} looks like a number in another base", hint)


def condition(text: str) -> Complaint:
    """A number where a condition is wanted."""
    text = text if len(text) <= 40 else text[:39] + "…"
    return Complaint(f"{short(text, 42)} wants a condition here, not a number",
                     "write a comparison, as in where(x > 0, x, -x)")  # fmt: skip


def whole_ratio(x: str, y: str) -> Complaint:
    """``1//2``: Python rounds it down, in Julia it is a half."""
    return Complaint("'//' rounds down in Python, and is a fraction in Julia",
                     f"write floor({x}/{y}) or {x}/{y}")  # fmt: skip


def prime(text: str) -> Complaint:
    return Complaint(f"{short(text)} is the transpose of an array in MATLAB, and this is a number",
                     "bind it as an array, x=[1,2], or name a derivative dx = …")  # fmt: skip


def bars_around_an_array(inside: str) -> Complaint:
    inside = inside if len(inside) <= 20 else "a"
    return Complaint("bars around an array: its length, or the absolute value of each element?",
                     f"write norm({inside}) or abs({inside})")  # fmt: skip


def power_of_power() -> Complaint:
    """``2^3^2`` and ``-2^2`` as MATLAB and spreadsheets have them."""
    return Complaint("which power comes first differs from language to language",
                     "put parentheses: (…)^… or …^(…)")  # fmt: skip


def two_entries(text: str) -> Complaint:
    """``[1 -2; 3 4]``"""
    hint = "put commas between the entries: [1, -2; 3, 4]" if ";" in text else "write …"
    return Complaint(f"{short(text)} has an entry like '1 -2': a difference, or two entries?", hint)


def counted_from_one(name: str) -> Complaint:
    """``v(1)``"""
    return Complaint(f"{short(name)} is an array: its elements stand in [ ], and count from 0",
                     "write …")  # fmt: skip


def bare(name: str, instead: str) -> Complaint:
    """``sin^2 x``"""
    return Complaint(f"{short(name)} is a function and wants parentheses", f"write {instead}")


def raised(token: str) -> Complaint:
    """``eᵏˣ`` and ``xᵀ``"""
    return Complaint(f"the power {short(token)} is not read", "write …")


def row_or_column(text: str, row: str, column: str) -> Complaint:
    """``[x, y]'``"""
    return Complaint(f"{short(text)} is a row in MATLAB, and a column in Julia",
                     f"write {row} or {column}")  # fmt: skip


def inverse_or_reciprocal(name: str) -> Complaint:
    """``sin^-1(x)``"""
    inverse = f"a{name}"
    hint = f"write {inverse}(x) or 1/{name}(x)" if inverse in FUNCTIONS else f"write 1/{name}(x)"
    return Complaint(f"the power -1 of {name}: its inverse, or 1/{name}?", hint)


def how_far(inside: str, following: str) -> Complaint:
    """``√x²``, ``√2x``, ``sin²x²``: what is under the root?"""
    inside = inside.strip()
    return Complaint(f"does {short(inside)} end before {short(following)} or after it?",
                     "put parentheses around what belongs together: √(…)")  # fmt: skip


def separator_inside(token: str, kind: str) -> Complaint:
    """A comma, semicolon or colon inside brackets that have no use for it."""
    if token == "," and kind == "(":
        return Complaint("a ',' inside parentheses", "write [a, b] for an array")
    if token == ";" and kind == "call":
        return Complaint("a ',' and a ';' in one call: is the ',' a decimal one?",
                         "write decimal numbers with a point, and ',' between arguments: f(1.5, 2)"
                         )  # fmt: skip
    if token == ":":
        return Complaint("a ':' outside an index", "slices stand in brackets: a[0:2]")
    return Complaint(f"a {short(token)} inside brackets", "close them before the next expression")


def assignment(name: str = "") -> Complaint:
    if name:
        return Complaint(f"'{name}' is used as a variable before, and given a value here",
                         "give the value another name, or put this statement first")  # fmt: skip
    hint = "name a value with r = … at the start of a statement; compare with =="
    return Complaint("'=' stands where nothing can be given a name", hint)


def argument_count(name: str, wanted: int, got: int) -> Complaint:
    arguments = f"{wanted} argument{'' if wanted == 1 else 's'}"
    return Complaint(f"{short(name)} takes {arguments} as it is defined here, got {got}")


def no_arguments(name: str, parameters: str) -> Complaint:
    """A function of the text, or one that stands for a formula."""
    call = next((key for key in FORMULAS if key.startswith(f"{name}(")), "")
    call = f"{name}({parameters})" if parameters else call
    return Complaint(f"{short(name)} is called without an argument", f"write {call}")


def too_deep(name: str, most: int) -> Complaint:
    return Complaint(f"{short(name)} is called more than {most} functions deep, which is the most")


def too_much_called(name: str, most: int) -> Complaint:
    return Complaint(
        f"calls of {short(name)} make more than {most:,} characters, which is the most"
    )


def base_first(x: str, base: str) -> Complaint:
    """``Log[b, x]``"""
    return Complaint("the base of a logarithm stands first in Mathematica, and last elsewhere",
                     f"write log({x})/log({base})")  # fmt: skip


def arrow(name: str) -> Complaint:
    """``y <- x^2``"""
    return Complaint("'<-' gives a name its value in R, and compares with '-…' here",
                     f"write {name} = … or {name} < -…")  # fmt: skip


def bound_and_assigned(name: str) -> Complaint:
    return Complaint(f"'{name}' is bound from outside and given a value here",
                     "leave it out of --at, --wrt and --param, or do not assign to it")  # fmt: skip


def arity(name: str) -> str:
    """How many arguments a function takes: '2 arguments'."""
    if name in STRUCTURAL:
        wanted, most = STRUCTURAL[name].least, STRUCTURAL[name].most
    else:
        most = FUNCTIONS[name].arity
        wanted = most - len(FUNCTIONS[name].defaults)
    if wanted < most < MANY:
        return f"{wanted} to {most} arguments"
    least = "at least " if most >= MANY else ""
    return f"{least}{wanted} argument{'' if wanted == 1 else 's'}"


def decimal_comma(call: str) -> str:
    """A hint for ``sin(0,5*x)``, or ''."""
    whole = _DECIMAL_COMMA.sub(r"\1.", call)
    return f"a decimal comma? write {whole}" if whole != call and "," not in whole else ""


def no_keywords(name: str, keyword: str) -> Complaint:
    hint = usage(name) if name in FUNCTIONS else ""
    return Complaint(f"{name} takes no argument by the name of {short(keyword)}", hint)


def usage(name: str) -> str:
    """How to call a function: ``atan2(x, y)``."""
    if name in STRUCTURAL:
        return f"write {STRUCTURAL[name].usage}"
    return f"write {name}({', '.join(OPERANDS[: FUNCTIONS[name].arity])})"


def _previous(tokens: list[str], index: int) -> str:
    """The token before this one, white space and comments apart."""
    for token in reversed(tokens[:index]):
        if not is_blank(token) and token != "\n":
            return token
    return ""


def piecewise() -> tuple[str, str]:
    return (
        "Piecewise takes pairs of a value and a condition, the last of which is True",
        "write Piecewise((x, x > 0), (0, True)), or where(x > 0, x, 0)",
    )
