"""Bad input is normal input: every complaint has words, a span in the text, and mostly a hint."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.errors import Exit, ExpressionError, GradcalcError
from gradcalc.language import parse
from gradcalc.language.points import read

# The text, how the message starts, the characters under the caret, and a part of the hint.
MALFORMED: list[tuple[str, str, str, str]] = [
    # nothing, or something missing
    ("", "the expression is empty", "", "for example"),
    ("   ", "the expression is empty", "", "for example"),
    ("# only a comment", "the expression is empty", "", "for example"),
    ("x +", "expected a value after '+'", "", ""),
    ("x1**2 + ", "expected a value after '+'", "", ""),
    ("x**", "expected a value after '**'", "", ""),
    ("-", "expected a value after '-'", "", ""),
    ("-x<", "expected a value after '<'", "", ""),
    ("*x", "expected a value before '*'", "*", "2*x + 1"),
    ("x*/y", "expected a value before '/'", "/", ""),
    ("x***y", "expected a value before '*'", "*", ""),
    ("x %% y", "expected a value before '%'", "%", ""),
    ("x,,y", "expected an expression between ',' and ','", ",", ""),
    (",x", "expected an expression before ','", ",", ""),
    ("x # so\n, y", "expected an expression before ','", ",", ""),
    ("r = ", "expected a value after '='", "", ""),
    ("r = ; x", "expected a value after '='", ";", ""),
    ("where(x < 1 and, 1, 2)", "expected a value after 'and'", ",", ""),
    # brackets
    ("(x", "'(' is never closed", "(", "add ')'"),
    ("sin(x1 + x2", "'(' is never closed", "sin(", "add ')'"),
    ("[x, y", "'[' is never closed", "[", "add ']'"),
    ("x)", "')' closes nothing", ")", "remove it"),
    ("x]", "']' closes nothing", "]", "remove it"),
    ("(x]", "'(' is closed by ']'", "(x]", "write ')'"),
    ("[x)", "'[' is closed by ')'", "[x)", "write ']'"),
    ("()", "the parentheses are empty", ")", "put a value"),
    ("[]", "the array is empty", "]", "put a value"),
    ("[x][]", "the index is empty", "]", "a[0]"),
    ("(1, 2)", "a ',' inside parentheses", ",", "[a, b]"),
    ("(x; y)", "a ';' inside brackets", ";", "close them"),
    ("(1:2)", "a ':' outside an index", ":", "a[0:2]"),
    ("{x}", "'{' is no bracket here", "{", "( )"),
    # names and calls
    ("sine(x)", "unknown function 'sine'", "sine", "did you mean 'sin'"),
    ("sgrt(x)", "unknown function 'sgrt'", "sgrt", "did you mean 'sqrt'"),
    ("x(y+1)", "'x' is a variable, not a function", "x", "x*(y+1)"),
    ("f(x) =", "expected a value after '='", "", ""),
    ("f(x) = x; f(1, 2)", "'f' takes 1 argument as it is defined", "f(1, 2)", ""),
    ("f(x) = f(x)", "'f' is a variable, not a function", "f", ""),
    ("f(x) = x +* 2\ny", "expected a value before '*'", "*", ""),
    ("f; f(x) = x", "'f' is a variable, not a function", "(", ""),
    ("cube(x, y)", "'cube' takes 1 argument", "cube(x, y)", ""),
    ("Log[2, x]", "the base of a logarithm stands first", "Log[2, x]", "log(x)/log(2)"),
    ("x.^2.^3", "which power comes first", "x.^2.^", "x.^(2.^3)"),
    ("=-A1^2", "which power comes first", "-A1^", "=(-A1)^2 or =-(A1^2)"),
    ("double x", "'double' and 'x' side by side", "x", ""),
    ("sin x", "'sin' is a function and wants parentheses", "x", "sin(x)"),
    ("sin()", "sin takes 1 argument, got 0", "sin()", "sin(x)"),
    ("atan2(x)", "atan2 takes 2 arguments, got 1", "atan2(x)", "atan2(x, y)"),
    ("abs(x, y)", "abs takes 1 argument, got 2", "abs(x, y)", "abs(x)"),
    ("max()", "max takes at least 1 argument, got 0", "max()", "max(a)"),
    (f"zeros({'1,' * 32}1)", "zeros takes 1 to 32 arguments", f"zeros({'1,' * 32}1)", ""),
    ("__import__('os')", "unknown function '__import__'", "__import__", ""),
    ("x.real", "a '.' stands alone", ".", "nothing has attributes"),
    ("x if y else z", "'x if y else z' wants a condition", "x if y else z", "x > 0"),
    ("x if y > 0", "the 'if' has no 'else'", "if", "where(condition, a, b)"),
    ("x > 0 ? x", "the '?' has no ':'", "?", "where(condition, a, b)"),
    ("sin^-1(x)", "the power -1 of sin", "sin^-1", "asin(x) or 1/sin(x)"),
    ("gamma⁻¹(x)", "the power -1 of gamma", "gamma⁻¹", "1/gamma(x)"),
    # side by side
    ("x y", "'x' and 'y' side by side", "y", "x*y"),
    ("2 x", "a number and 'x' side by side", "x", "2*x"),
    ("2 3", "two numbers side by side: '2' and '3'", "3", "operator or a comma"),
    ("1.2.3", "two numbers side by side: '1.2' and '.3'", ".3", ""),
    ("x 2", "a number straight after 'x'", "2", "x**2 for a power"),
    ("1/2x", "'1/2x' can be read in two ways", "1/2x", "1/(2*x) or (1/2)*x"),
    ("2^3x", "'2^3x' can be read in two ways", "2^3x", "2^(3*x) or (2^3)*x"),
    ("2**-3x", "'2**-3x' can be read in two ways", "2**-3x", "2**(-3*x) or (2**-3)*x"),
    ("1/2sin(x)", "'1/2sin(…)' can be read in two ways", "1/2sin", "1/(2*sin(x)) or (1/2)*sin(x)"),
    ("1/2(x+1)", "'1/2(…)' can be read in two ways", "1/2(", "1/(2*(x+1))"),
    ("0x10", "'0x10' looks like a number in another base", "x10", "base 10"),
    # characters of other languages
    ("~x", "'~' is not known", "~", "write not"),
    ("1 // 2 * x", "'//' rounds down in Python", "1 // 2", "floor(1/2) or 1/2"),
    ("y <- x", "'<-' gives a name its value in R", "<-", "y = x or y < - x"),
    ("√2x", "does '√2' end before 'x'", "√2x", "√(2*x) or √(2)*x"),
    ("√x²", "does '√x' end before '²'", "√x²", "(√x)² or √(x²)"),
    ("√x^2", "does '√x' end before '**'", "√x^", "(√x)^2"),
    ("sin²x²", "does 'sin²x' end before '²'", "sin²x²", ""),
    ("x + || y", "'|' is never closed", "|", ""),
    ("||[x, y]||", "bars around an array", "|[x, y]|", "norm([x, y])"),
    ("|x", "'|' is never closed", "|", "add '|'"),
    ("|[x, y]|", "bars around an array", "|[x, y]|", "norm([x, y]) or abs([x, y])"),
    ("[1 -2; x 3]", "'[1 -2; x 3]' has an entry like", "[1 -2; x 3]", "commas"),
    ("[x; [y, 1]]", "arrays side by side", "[x; [y, 1]]", "[[1, 2], [3, 4]]"),
    ("1/(x+1)(x-1)", "'1/(x+1)(…)' can be read", "1/(x+1)(", "1/((x+1)*(x-1))"),
    ("r = 1; r += 2", "'+=' is not known", "=", "r = r + …"),
    ("x'", "'x'' is the transpose of an array", "x'", "x=[1,2]"),
    (r"x\y", "'\\' divides by a matrix in MATLAB", "\\", "solve(A, b)"),
    (r"x + \y", "'\\' is not known", "\\", "sqrt(x)"),
    ("x½", "'½' is not read", "½", "write (1/2)"),
    ("x^²", "the power '²' has nothing on its left", "²", ""),
    ("∞", "infinity is no number", "∞", ""),
    ("$x", "the character '$' cannot be read", "$", ""),
    ("x\x1b[31m", "the character U+001B cannot be read", "\x1b", ""),
    ("x\x00", "the character U+0000 cannot be read", "\x00", ""),
    ("x\u0302", "the character U+0302 cannot be read", "\u0302", ""),
    ("and(x, y)", "unexpected 'and'", "and", ""),
    # statements
    ("x + 1 = 2", "'=' stands where nothing can be given a name", "=", "compare with =="),
    ("r = 3 = 4", "'=' stands where nothing can be given a name", "=", ""),
    ("(k) = 2", "'=' stands where nothing can be given a name", "=", ""),
    ("x; x = 2", "'x' is used as a variable before", "=", "another name"),
    ("pi; pi = 3", "'pi' is used as a variable before", "=", "another name"),
    # conditions
    ("where(x, 1, 2)", "'where(x, 1, 2)' wants a condition", "where(x, 1, 2)", "x > 0"),
    ("not x", "'not x' wants a condition here", "not x", "a comparison"),
    ("where(x > 0, 1)", "where takes 3 arguments, got 2", "where(x > 0, 1)", ""),
    # arrays
    ("x[0]", "'x' is a number, not an array", "x[0]", "--at"),
    ("a = zeros(2); a[5]", "index [5] is out of range", "[5]", "count from 0"),
    ("a = zeros(2); a[0, 0]", "index [0, 0] is out of range", "[0, 0]", ""),
    ("a = zeros(2); a[x]", "an index is a constant whole number", "x", "a[0]"),
    ("a = zeros(2); a[0.5]", "an index is a constant whole number", "0.5", ""),
    ("a = zeros(2); a[::0]", "the step of a slice cannot be 0", "]", ""),
    ("a = zeros(2); a[0:1:1:1]", "a slice has at most", "]", ""),
    ("a = zeros(2); a[0] = [1, 2]", "a value of shape (2,) does not fit", "[1, 2]", ""),
    ("[[1, 2], [3]]", "the items of an array differ in shape", "[[1, 2], [3]]", ""),
    ("[1, 2] + [1, 2, 3]", "'+' of arrays of shapes (2,) and (3,)", "[1, 2] + [1, 2, 3]", ""),
    ("[1, 2] @ [1, 2, 3]", "'@' of arrays of shapes", "[1, 2] @ [1, 2, 3]", ""),
    ("x @ y", "'@' multiplies vectors and matrices", "x @ y", ""),
    ("dot(x, y)", "dot takes two vectors of the same length", "dot(x, y)", ""),
    ("sum(zeros(0))", "sum of an empty array", "sum(zeros(0))", ""),
    ("zeros(0)", "an array without elements has no values", "zeros(0)", ""),
    ("zeros(-1)", "sizes of an array are whole numbers", "zeros(-1)", ""),
    ("zeros(x)", "sizes of an array are whole numbers", "zeros(x)", ""),
    ("zeros(1e300)", "this makes more than 1,000,000 elements", "zeros(1e300)", ""),
    ("zeros(1e300, 0)", "this makes more than 1,000,000 elements", "zeros(1e300, 0)", ""),
    ("zeros(999, 999) @ zeros(999, 9)", "this makes more than 1,000,000 products",
     "zeros(999, 999) @ zeros(999, 9)", ""),
    ("[" * 33 + "x" + "]" * 33, "arrays nested 33 deep", "[" * 33 + "x" + "]" * 33, ""),
    # numbers
    ("1e999", "'1e999' is larger than any double", "1e999", ""),
    ("9" * 400, "'99999999999999999999999…' is larger", "9" * 400, ""),
    ("x" + "²" * 400, "'22222222222222222222222…' is larger", "²" * 400, ""),
    ("x" + "²" * 5000, "'22222222222222222222222…' is larger", "²" * 5000, ""),
    ("9**9**9**9", "'9**9**9' overflows", "9**9**9", ""),
    ("1e308*10", "'1e308*10' overflows", "1e308*10", ""),
    ("x + 2**1024", "'2**1024' overflows", "2**1024", ""),
    ("1e200²", "'1e200²' overflows", "1e200²", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "start", "guilty", "hint"), MALFORMED, ids=[repr(row[0][:30]) for row in MALFORMED]
)
def test_a_malformed_text_is_refused_in_words(
    text: str, start: str, guilty: str, hint: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    error = caught.value
    assert error.message.startswith(start)
    assert error.span is not None
    assert text[error.span.start : error.span.end] == guilty
    assert hint in error.hint
    assert error.exit is Exit.INPUT
    assert error.source is not None
    assert error.source.text == text


def test_the_caret_after_the_end_of_the_text_is_one_character_wide() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("x +")
    assert caught.value.span == (3, 4)


def test_a_doubling_array_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(ExpressionError, match="more than 1,000,000 elements"):
        parse("a = [x, x]\n" + "a = [a, a]\n" * 40)


def test_a_parameter_or_a_bound_name_cannot_be_given_another_value() -> None:
    with pytest.raises(ExpressionError, match="'k' is bound from outside and given a value here"):
        parse("k = 2", parameters={"k": 3.0})
    with pytest.raises(ExpressionError, match="'a' is bound from outside"):
        parse("a = 1", shapes={"a": (2,)}, bound=["a"])


PIECES = st.sampled_from([
    "x", "y", "x1", "a", "k", "r", "e", "pi", "θ", "2", "0", ".5", "1e3", "1e999", "0x1", "9**9",
    "+", "-", "*", "/", "**", "^", "%", "@", "(", ")", "[", "]", ",", ";", ":", "\n", "#", "=",
    "==", "!=", "<", ">=", "and", "or", "not", "where(", "sin(", "sum(", "max(", "norm(", "dot(",
    "mean(", "zeros(", "hypot(", "polygamma(", "gamma(", "k=zeros(2,2)", "k[0]=", "a[", "√", "²",
    "⁻¹", "−", "·", "'", "|", "!", ".", "{", "\\", "_", "∞", "\t", "\x00", "\x1b", "\u200b", "é",
    "<-", "<", "::", "?", "||", "‖", "~=", "...", "%c", "!c", "//c", "f(x) = ", "x' = ",
    "Piecewise(", "cube(",
    "\\norm", "^", "^{2}", "_{1}", "$", "ˣ", "@.", ".gt.", ".T", "[x y]", "[1 2; 3 4]",
    "①", "½", "𝑥", "٣", "\r", "\u2028", "1_000", "0b1", "2x", "3(", "sin", "x<y", " ", "\ud800",
])  # fmt: skip
WORDING = [
    "x1**2+3*x2, x2**2+2*x1", "r = sqrt(x**2+y**2); r, 1/r", "k = zeros(1,2); k[0,0] = x; k",
    "mean(3*(a+3)**2)", "a[0]*a[1], a[::-1]", "where(x>0 and not (y<1), x, -y)",
    "[x,y] @ [[1,2],[3,4]]", "2x + 3(x+1) - x²", "π·√(x) − 2×y ÷ 3", "where(1<x<=2, sin(x), 0/0)",
]  # fmt: skip


@st.composite
def damaged(draw: Any) -> str:
    text: str = draw(st.sampled_from(WORDING))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        stop = min(len(text), start + draw(st.integers(0, 3)))
        text = text[:start] + draw(st.one_of(st.just(""), PIECES)) + text[stop:]
    return text


@pytest.mark.parametrize(
    "text",
    ["@", "y ; @", "f(x) = x %c;y", "f(x) = !c, y", "f(x) = ...log\ny", "\\norm^", "Piecewise()",
     "cube()", "f(x) = x; f()", "where(x<-1, 1, 2, 3)"],
)  # fmt: skip
def test_what_ends_too_early_is_read_or_refused_in_words(text: str) -> None:
    with contextlib.suppress(GradcalcError):
        parse(text)


@settings(max_examples=400)
@given(
    st.one_of(st.lists(PIECES, max_size=12).map("".join), damaged(), st.text(max_size=20)),
    st.sampled_from([{}, {"shapes": {"a": (2,)}}, {"parameters": {"k": [1.0, 2.0]}}]),
)
def test_any_text_is_read_or_refused_with_a_span_inside_it(
    text: str, options: dict[str, Any]
) -> None:
    try:
        graph = parse(text, **options)
    except GradcalcError as error:
        span = error.span
        assert span is not None
        assert 0 <= span.start < span.end <= len(text) + 1
        return
    assert len(graph.outputs) == len(graph.output_names) > 0
    spans = map(graph.span, range(len(graph)))
    assert all(0 <= span.start <= span.end <= len(text) for span in spans)


@settings(max_examples=200)
@given(st.one_of(st.lists(PIECES, max_size=8).map("".join), st.text(max_size=12)))
def test_any_text_is_a_point_or_refused(text: str) -> None:
    try:
        read(text, "--at")
    except GradcalcError as error:
        assert error.message  # noqa: PT017
