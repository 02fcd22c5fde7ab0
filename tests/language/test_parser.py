"""What the language means: precedence, names, outputs, columns, spans, constants, sizes."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import gradcalc
from gradcalc.errors import BindingError, ExpressionError
from gradcalc.functions.primitives import CONSTANTS
from gradcalc.graph.graph import Graph
from gradcalc.language import natural, parse
from gradcalc.language.names import in_natural_order
from tests.expressions import Case, cases


def value(text: str, **at: Any) -> Any:
    """The one output of ``text`` at a point given by name, as a number."""
    shapes = {name: np.shape(number) for name, number in at.items() if np.ndim(number)}
    (result,) = gradcalc.compile(text, shapes=shapes)(at)
    return result


def values(text: str, **at: Any) -> list[float]:
    shapes = {name: np.shape(number) for name, number in at.items() if np.ndim(number)}
    result: list[float] = gradcalc.compile(text, shapes=shapes)(at).tolist()
    return result


# --- precedence ---------------------------------------------------------------------------------


class Reader:
    """Python's grammar for sums, products, signs and powers, by recursive descent over tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def sum(self) -> float:
        total = self.product()
        while self.peek() in ("+", "-"):
            sign = self.tokens.pop(0)
            term = self.product()
            total = total + term if sign == "+" else total - term
        return total

    def product(self) -> float:
        total = self.sign()
        while self.peek() in ("*", "/", "%"):
            operator = self.tokens.pop(0)
            factor = self.sign()
            if operator == "*":
                total *= factor
            else:
                total = total / factor if operator == "/" else total % factor
        return total

    def sign(self) -> float:
        if self.peek() in ("+", "-"):
            return self.sign() if self.tokens.pop(0) == "+" else -self.sign()
        return self.power()

    def power(self) -> float:
        base = self.atom()
        if self.peek() != "**":
            return base
        self.tokens.pop(0)
        return math.pow(base, self.sign())

    def atom(self) -> float:
        token = self.tokens.pop(0)
        if token != "(":
            return float(token)
        inside = self.sum()
        self.tokens.pop(0)
        return inside


@st.composite
def arithmetic(draw: Any, depth: int = 2) -> list[str]:
    tokens: list[str] = []
    for i in range(draw(st.integers(1, 6))):
        if i:
            tokens.append(draw(st.sampled_from(["+", "-", "*", "/", "%", "**"])))
        tokens += draw(st.lists(st.sampled_from(["-", "+"]), max_size=2))
        if depth and draw(st.integers(0, 4)) == 0:
            tokens += ["(", *draw(arithmetic(depth - 1)), ")"]
        else:
            tokens.append(draw(st.sampled_from(["1", "2", "3", "0.5", "1.5"])))
    return tokens


@settings(max_examples=300)
@given(arithmetic(), st.booleans())
def test_precedence_is_pythons_for_any_string_of_operators(tokens: list[str], caret: bool) -> None:
    try:
        expected = Reader(list(tokens)).sum()
    except (ZeroDivisionError, ValueError, OverflowError):
        assume(False)
    assume(abs(expected) < 1e300)
    text = " ".join("^" if caret and token == "**" else token for token in tokens)
    variable = text.replace("1.5", "h")
    assert value(text) == pytest.approx(expected, rel=1e-14, abs=1e-300)
    assert value(variable + " + 0*h", h=1.5) == pytest.approx(expected, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-x**2", -9),
        ("-x^2", -9),
        ("-x²", -9),
        ("2**-1", 0.5),
        ("2^-x^2", 2**-9),
        ("2**3**2", 512),
        ("-2**2", -4),
        ("8/4/2", 1),
        ("8-4-2", 2),
        ("7 % 4 * 2", 6),
        ("-7 % 4", 1),
        ("7 % -4", -1),
        ("--x", 3),
        ("x--x", 6),
        ("+x", 3),
        ("2x", 6),
        ("2x**2", 18),
        ("2x²", 18),
        ("-2x", -6),
        ("3(x+1)", 12),
        ("2(x)", 6),
        ("2sin(0)+x", 3),
        ("x*2x", 18),
        ("2√(9)", 6),
        ("2pi", 2 * math.pi),
        ("2e", 2 * math.e),
        ("2e0x", 6),
        ("x×2÷3·4−1", 7),
        ("x³ + x⁻¹", 27 + 1 / 3),
        ("x¹⁰", 3**10),
        ("1_000 + x", 1003),
        (".5x + 5.", 6.5),
        ("where(x ≥ 3, 1, 2)", 1),
        ("where(1 < x < 3, 1, 2)", 2),
        ("where(1 < x <= 3 != 4, 1, 2)", 1),
        ("where(not x < 1 and x < 5 or 0 > 1, 1, 2)", 1),
        ("where(not (x < 1 or x > 2), 1, 2)", 2),
        ("where(-x < -2, 1, 2)", 1),
    ],
)
def test_spellings_and_precedence(text: str, expected: float) -> None:
    assert value(text + " + 0*x", x=3) == pytest.approx(expected, rel=1e-15)


# --- names, constants, columns, outputs -----------------------------------------------------------


def test_any_identifier_is_a_variable() -> None:
    names = ["S", "N", "E", "I", "lambda", "beta", "gamma", "θ", "αβ", "中", "_x", "sin", "if"]
    graph = parse(" + ".join(names))
    assert sorted(graph.variables) == sorted(names)


def test_a_function_is_one_only_in_call_position() -> None:
    assert value("sin + sin(sin)", sin=1.0) == 1 + math.sin(1)


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_is_a_number_unless_the_user_binds_it(name: str) -> None:
    assert parse(f"{name}*x").variables == ["x"]
    assert parse(f"{name}*x", bound=[name]).variables == sorted([name, "x"])
    assert value(name) == CONSTANTS[name]


def test_the_letter_pi_is_pi() -> None:
    assert value("2π + 0*x", x=1) == 2 * math.pi
    assert parse("π*pi").variables == []
    assert value("π = 3; 2π") == 6


def test_columns_are_in_natural_order() -> None:
    assert parse("x10 + x2 + b + a1").variables == ["a1", "b", "x2", "x10"]
    assert parse("a*b", shapes={"a": (11,)}).variables[-2:] == ["a[10]", "b"]
    names = [f"x{i}" for i in range(120)]
    assert parse("+".join(sorted(names))).variables == names


@given(st.lists(st.text("xyÅ0123456789", min_size=1, max_size=5)))
def test_natural_order_is_an_order_of_any_names(names: list[str]) -> None:
    ordered = sorted(names, key=natural)
    assert all(natural(a) <= natural(b) for a, b in pairwise(ordered))


@given(st.lists(st.from_regex(r"(x|xy|Å|x_)(0|00)?[0-9]{0,2}", fullmatch=True), unique=True))
def test_columns_are_put_in_that_order(names: list[str]) -> None:
    assert in_natural_order(names) == sorted(names, key=natural)


@given(st.lists(st.tuples(st.sampled_from("+-"), st.sampled_from(["x", "y", "2", "x*y", "7"])),
                min_size=33, max_size=80))  # fmt: skip
def test_a_long_sum_is_that_of_its_terms(terms: list[tuple[str, str]]) -> None:
    known = {"x": 3, "y": 5, "2": 2, "x*y": 15, "7": 7}
    text = "".join(sign + term for sign, term in terms)
    total = sum(known[term] if sign == "+" else -known[term] for sign, term in terms)
    assert gradcalc.compile(text, wrt=["x", "y"])([3, 5]) == total


def test_wrt_orders_the_columns_and_may_add_some() -> None:
    assert parse("x - y", wrt=["y", "x"]).variables == ["y", "x"]
    assert parse("a*b", shapes={"a": (2,)}, wrt=["b", "a"]).variables == ["b", "a[0]", "a[1]"]
    assert parse("a", shapes={"a": (2,)}, wrt=["a[1]", "a[0]"]).variables == ["a[1]", "a[0]"]
    assert gradcalc.jacobian("x", [1.0, 2.0], wrt=["x", "z"]).tolist() == [[1, 0]]


def test_wrt_that_misses_a_variable_or_names_one_twice_is_refused() -> None:
    with pytest.raises(BindingError, match="'y' is not in --wrt and has no value") as caught:
        parse("x + y", wrt=["x"])
    assert caught.value.span == (4, 5)
    with pytest.raises(BindingError, match="'x' twice"):
        parse("x", wrt=["x", "x"])


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        ("x, y", ["f1", "f2"]),
        ("x; y\nx", ["f1", "f2", "f3"]),
        ("r = x; r", ["f1"]),
        ("r = x; s = 2*r", ["s"]),
        ("r = x; s = y", ["r", "s"]),
        ("r = x; y", ["r", "f1"]),
        ("r = x; r = r*2", ["r"]),
        ("x,", ["f1"]),
        ("x;;y\n\n", ["f1", "f2"]),
        ("[x, y]", ["f1[0]", "f1[1]"]),
        ("[[x, y]]", ["f1[0,0]", "f1[0,1]"]),
        ("r = [x, y]; z", ["r[0]", "r[1]", "f1"]),
        ("k = zeros(2); k[0] = x; k[1] = y", ["k[0]", "k[1]"]),
        ("k = zeros(2); k[0] = x; k[0]*2", ["f1"]),
        ("k = zeros(2); k[0] = x; 2*k[0]", ["f1"]),
        ("k = zeros(2); k[0] = x; k[1] = k[0]", ["k[0]", "k[1]"]),
        ("x +\n y", ["f1"]),
        ("(x\n+ y)", ["f1"]),
        ("x # one\n# two\ny", ["f1", "f2"]),
        ("x\r\ny", ["f1", "f2"]),
    ],
)
def test_outputs_are_the_bare_expressions_and_the_named_values_nobody_uses(
    text: str, outputs: list[str]
) -> None:
    assert parse(text).output_names == outputs


def test_outputs_can_be_chosen_by_name() -> None:
    graph = parse("r = x; s = 2*r; s", outputs=["s", "r"])
    assert graph.output_names == ["s", "r"]
    with pytest.raises(BindingError, match="'q' is not a named value") as caught:
        parse("r = x", outputs=["q"])
    assert caught.value.hint == "its values: r"


def test_outputs_without_a_name_are_chosen_by_the_one_they_are_called_by() -> None:
    text = "x**2, r = 2*x; y*r, [x, y]"
    whole = parse(text)
    for chosen in (["f2"], ["f3", "f1"], ["r", "f2"]):
        graph = parse(text, outputs=chosen)
        assert list(dict.fromkeys(name.partition("[")[0] for name in graph.output_names)) == chosen
        for name, node in zip(graph.output_names, graph.outputs, strict=True):
            if name in whole.output_names:
                assert graph.text(node) == whole.text(whole.outputs[whole.output_names.index(name)])
    assert parse("f1 = x; 2*f1", outputs=["f1"]).output_names == ["f1"]


def test_a_name_stands_for_its_latest_value() -> None:
    assert values("r = x; r, s = r; r = 2*r; r + s", x=3) == [3, 9]


def test_a_parameter_is_a_constant_without_a_column() -> None:
    graph = parse("k*x", parameters={"k": 9.81})
    assert graph.variables == ["x"]
    assert 9.81 in graph.constants.values()
    assert parse("k @ [x, y]", parameters={"k": [1.0, 2.0]}).variables == ["x", "y"]


# --- arrays ---------------------------------------------------------------------------------------

A = np.array([1.5, -2.0, 0.5])
M = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 4.0]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", A),
        ("a[0]", A[0]),
        ("a[-1]", A[-1]),
        ("a[1:]", A[1:]),
        ("a[:-1]", A[:-1]),
        ("a[::-1]", A[::-1]),
        ("a[::2]", A[::2]),
        ("M[1]", M[1]),
        ("M[1][2]", M[1][2]),
        ("M[0, 1:]", M[0, 1:]),
        ("M[:, 0]", M[:, 0]),
        ("M[::-1, ::2]", M[::-1, ::2]),
        ("a[1 + 1]", A[2]),
        ("2*a + 1", 2 * A + 1),
        ("a*M", A * M),
        ("M - [1, 2, 3]", M - np.array([1, 2, 3])),
        ("[a, a]", np.array([A, A])),
        ("[a[0], 7, a[1]]", np.array([A[0], 7, A[1]])),
        ("-a", -A),
        ("a**2", A**2),
        ("exp(a)", np.exp(A)),
        ("atan2(a, 2)", np.arctan2(A, 2)),
        ("where(a > 0, a, 0)", np.where(A > 0, A, 0)),
        ("M @ a", M @ A),
        ("a @ a", A @ A),
        ("[1, 2] @ M", np.array([1, 2]) @ M),
        ("M @ [[1], [2], [3]]", M @ np.array([[1], [2], [3]])),
        ("dot(a, a)", A @ A),
        ("sum(a)", A.sum()),
        ("sum(M)", M.sum()),
        ("mean(M)", M.mean()),
        ("prod(a)", A.prod()),
        ("norm(a)", np.linalg.norm(A)),
        ("norm(M)", np.linalg.norm(M)),
        ("max(a)", A.max()),
        ("min(M)", M.min()),
        ("max(a, 0)", np.maximum(A, 0)),
        ("max(a[0], a[1], 9)", 9),
        ("min(3, 1, 2) + 0*a[0]", 1),
        ("sum(1, 2, a[0])", 4.5),
        ("hypot(a[0], a[1], a[2])", np.linalg.norm(A)),
        ("norm(a[1])", 2),
        ("ones(2, 3)*M", M),
        ("zeros(2, 3) + M", M),
        ("sum(a[:2]*a[1:])", (A[:2] * A[1:]).sum()),
    ],
)
def test_arrays_are_numpys(text: str, expected: Any) -> None:
    program = gradcalc.compile(text, shapes={"a": 3, "M": (2, 3)})
    read = {name.partition("[")[0] for name in program.variables}
    result = program({name: value for name, value in {"a": A, "M": M}.items() if name in read})
    np.testing.assert_allclose(result, np.ravel(expected), rtol=1e-14)
    assert len(result) == np.size(expected)


def test_item_assignment_is_traced() -> None:
    p = gradcalc.compile("k = zeros(1, 2); k[0, 0] = x1**2 + 3*x2; k[0, 1] = x2**2 + 2*x1")
    assert p.outputs == ("k[0,0]", "k[0,1]")
    assert p([2, 3]).tolist() == [13, 13]
    assert p.vjp([2, 3], [1, 1]).tolist() == [6, 9]


def test_the_last_write_to_an_item_wins_and_slices_can_be_written() -> None:
    text = "k = ones(4); k[1:3] = [x, 2*x]; k[1] = 5; k[-1] = k[2]**2; k[0] = 7; k[:1] = 0"
    assert values(text, x=3) == [0, 5, 6, 36]


def test_an_array_written_to_later_does_not_change_what_was_taken_from_it() -> None:
    assert values("k = [x, x]; s = k[0]; k[0] = 9; s + k[0]", x=2) == [11]


# --- spans ----------------------------------------------------------------------------------------


def _by_itself(graph: Graph, text: str) -> str:
    """The graph below the one output, spelled without node numbers."""
    spelled: list[str] = []
    for node, (primitive, operands, _, _) in enumerate(graph):
        name = graph.names.get(node) or repr(graph.constants.get(node)) if not operands else ""
        inside = ",".join(spelled[operand] for operand in operands)
        spelled.append(name or f"{primitive.name}({inside})")
    return spelled[graph.outputs[0]]


@given(cases(outputs=1, depth=2))
def test_the_text_of_a_node_read_again_is_that_node(case: Case) -> None:
    # Chained comparisons, names and arrays have nodes that no text of their own stands for.
    assume(not re.search(r"[=<>≤\[]|[aM]\b|sum|norm|@", case.text))
    whole = parse(case.text)
    for node in range(len(whole)):
        if whole.text(node)[0] in "²³⁻":
            continue
        again = parse(whole.text(node))
        whole.outputs = [node]
        assert _by_itself(again, case.text) == _by_itself(whole, case.text)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("x1**2 + 3*x2", {"x1**2", "3*x2", "x1**2 + 3*x2", "x1", "x2", "2", "3"}),
        ("a - b - c", {"a - b", "a - b - c", "a", "b", "c"}),
        ("(a + b)*c", {"a + b", "(a + b)*c", "a", "b", "c"}),
        ("-(a)", {"a", "-(a)"}),
        ("2x²", {"2x²", "x²", "2", "x"}),
        ("√(x)·π", {"√(x)·π", "√(x)", "x", "π"}),
        ("θ² + sin( θ )", {"θ² + sin( θ )", "θ²", "sin( θ )", "θ", "²"}),
    ],
)
def test_every_node_knows_its_characters(text: str, spans: set[str]) -> None:
    graph = parse(text)
    assert {graph.text(node) for node in range(len(graph))} == spans


# --- constants ------------------------------------------------------------------------------------


def test_a_constant_expression_is_folded_and_keeps_its_formula() -> None:
    graph = parse("pi/4 + x")
    (quarter,) = [k for k in range(len(graph)) if graph.text(k) == "pi/4"]
    assert graph.constants[quarter] == math.pi / 4
    assert graph[quarter].primitive.name == "div"


@pytest.mark.parametrize(
    "text", ["1/0", "0/0", "log(0)", "log(-1)", "sqrt(-1)", "0**-1", "(-8)**(1/3)", "exp(1000)",
             "1e308 % 0", "atanh(2)", "gamma(0)"]
)  # fmt: skip
def test_folding_never_hides_a_domain_error(text: str) -> None:
    for expression in (text, f"{text} + 0*x", f"0*({text}) + x", f"x*({text})"):
        graph = parse(expression, bound=["x"])
        guilty = [k for k in range(len(graph)) if graph.text(k) == text]
        assert not [k for k in guilty if graph[k].operands and k in graph.constants]
        result = gradcalc.compile(expression)([2.0] if graph.variables else [])
        assert not np.isfinite(result).any()


@pytest.mark.parametrize(
    "text", ["x*1e308*10", "where(x > 0, x, 1/0)", "x + 1e-999", "1e-200*1e-200 + x", "0*x + x"]
)
def test_folding_never_makes_a_defined_expression_undefined(text: str) -> None:
    assert np.isfinite(value(text, x=1e-3))


def test_folded_and_unfolded_constants_are_the_same_numbers() -> None:
    texts = ["2**0.5", "exp(1) - e", "sin(pi/4)**2", "7 % 3", "tanh(0.5)/3", "where(1 < 2, 3, 4)"]
    for text in texts:
        opened = re.sub(r"\b2\b", "(2 + 0*x)", text)
        assert value(text) == value(opened + " + 0*x", x=1.0)


def test_zero_has_a_sign() -> None:
    assert math.copysign(1, value("-0.0")) == -1
    assert math.copysign(1, value("0.0")) == 1
    assert math.copysign(1, value("x*0 + -0.0", x=-1.0)) == -1


@settings(max_examples=50)
@given(cases())
def test_equal_subexpressions_are_one_node(case: Case) -> None:
    graph = case.program().graph
    keys = [(n.primitive.name, n.operands) for n in graph if n.operands]
    assert len(keys) == len(set(keys))
    assert all(operand < k for k, n in enumerate(graph) for operand in n.operands)


# --- sizes ----------------------------------------------------------------------------------------


def test_a_hundred_thousand_parentheses_are_read() -> None:
    assert value("(" * 100_000 + "x" + ")" * 100_000, x=7) == 7


def test_a_hundred_thousand_minus_signs_are_read() -> None:
    assert value("-" * 100_000 + "x", x=7) == 7


def test_a_sum_of_a_hundred_thousand_terms_is_read_and_differentiated() -> None:
    p = gradcalc.compile("+".join(f"{i}*x" for i in range(100_000)))
    assert p([1.0]).tolist() == [4999950000.0]
    assert p.gradient([1.0]).tolist() == [4999950000.0]
    assert max(p.graph.levels) < 100


def test_a_long_chain_of_plus_and_minus_keeps_its_signs() -> None:
    signs = [1 if i % 3 else -1 for i in range(1000)]
    text = "".join(f"{'+-'[sign < 0]}{i}*x" for i, sign in enumerate(signs))
    assert value(text, x=1.0) == sum(sign * i for i, sign in enumerate(signs))
    quotients = "x" + "".join(f"{'*/'[i % 2]}{1 + i / 100}" for i in range(200))
    expected = 3.0
    for i in range(200):
        expected = expected / (1 + i / 100) if i % 2 else expected * (1 + i / 100)
    assert value(quotients, x=3.0) == pytest.approx(expected, rel=1e-13)


def test_sines_twenty_thousand_deep_are_answered() -> None:
    p = gradcalc.compile("sin(" * 20_000 + "x" + ")" * 20_000)
    expected, slope = 1.0, 1.0
    for _ in range(20_000):
        slope *= math.cos(expected)
        expected = math.sin(expected)
    assert p([1.0])[0] == pytest.approx(expected, rel=1e-12)
    assert p.gradient([1.0])[0] == pytest.approx(slope, rel=1e-9)
    assert p.jvp([1.0], [1.0])[0] == pytest.approx(slope, rel=1e-9)


def test_ten_thousand_nested_branches_and_powers_are_read() -> None:
    assert value("where(x>0," * 10_000 + "x" + ",y)" * 10_000, x=1, y=2) == 1
    assert value("x**" * 10_000 + "x", x=1) == 1


def test_ten_thousand_statements_are_read() -> None:
    text = "\n".join(f"r{i + 1} = r{i} + 1" for i in range(10_000))
    assert parse(text).output_names == ["r10000"]
    assert value(text, r0=0) == 10_000


def test_many_points_of_failure_are_still_one_error() -> None:
    with pytest.raises(ExpressionError, match="never closed") as caught:
        parse("(" * 100_000)
    assert caught.value.span == (99_999, 100_000)
