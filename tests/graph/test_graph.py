"""The graph: hash-consed, in order, with spans; constants are folded with care."""

from __future__ import annotations

import math

import pytest

from gradcalc.errors import ExpressionError, Source, Span
from gradcalc.functions.primitives import ADD, DIV, FUNCTIONS, MUL, POW, SQUARE
from gradcalc.graph.graph import Graph


def test_the_same_node_is_made_once() -> None:
    graph = Graph()
    x, y = graph.variable("x"), graph.variable("y")
    assert graph.variable("x") == x
    assert graph.apply(MUL.code, x, y) == graph.apply(MUL.code, x, y)
    assert graph.apply(MUL.code, y, x) != graph.apply(MUL.code, x, y)
    assert graph.constant(2.0) == graph.constant(2.0)
    assert graph.constant(math.pi, name="pi") != graph.constant(math.pi)


def test_zero_and_minus_zero_are_different_constants() -> None:
    graph = Graph()
    assert graph.constant(0.0) != graph.constant(-0.0)


def test_a_square_is_a_primitive_of_its_own() -> None:
    graph = Graph()
    x, two = graph.variable("x"), graph.constant(2.0)
    square = graph.apply(POW.code, x, two)
    assert graph[square].primitive is SQUARE
    assert graph.apply(SQUARE.code, x) == square


def test_a_node_knows_its_operands_its_level_and_its_text() -> None:
    graph = Graph(Source("x + sin(x)"))
    x = graph.variable("x", Span(0, 1))
    sine = graph.apply(FUNCTIONS["sin"].code, x, start=4, end=10)
    total = graph.apply(ADD.code, x, sine, start=0, end=10)
    assert graph[total] == (ADD, (x, sine), Span(0, 10), 2)
    assert graph.text(sine) == "sin(x)"
    assert [node.level for node in graph] == [0, 1, 2]
    assert len(graph) == 3


def test_inputs_are_listed_as_they_come() -> None:
    graph = Graph()
    nodes = [graph.variable(name) for name in "bac"]
    assert graph.inputs == nodes
    assert graph.variables == ["b", "a", "c"]
    assert graph.names == dict(zip(nodes, "bac", strict=True))


def test_a_constant_node_keeps_its_operands() -> None:
    graph = Graph()
    half = graph.apply(DIV.code, graph.constant(1.0), graph.constant(2.0))
    assert graph.constants[half] == 0.5
    assert graph[half].primitive is DIV
    assert len(graph[half].operands) == 2


def test_what_is_undefined_is_not_folded() -> None:
    graph = Graph()
    zero = graph.constant(0.0)
    pole = graph.apply(DIV.code, graph.constant(1.0), zero)
    logarithm = graph.apply(FUNCTIONS["log"].code, graph.constant(-1.0))
    assert pole not in graph.constants
    assert logarithm not in graph.constants
    assert graph.apply(MUL.code, zero, logarithm) not in graph.constants


def test_an_overflow_of_finite_numbers_is_an_error_with_a_span() -> None:
    graph = Graph(Source("9**999"))
    nine, power = graph.constant(9.0), graph.constant(999.0)
    with pytest.raises(ExpressionError, match=r"'9\*\*999' overflows") as caught:
        graph.apply(POW.code, nine, power, start=0, end=6)
    assert caught.value.span == (0, 6)


def test_a_long_text_is_shortened_in_a_message() -> None:
    text = "1e300*" + "1" * 100 + "."
    graph = Graph(Source(text))
    with pytest.raises(ExpressionError, match="…' overflows"):
        graph.apply(MUL.code, graph.constant(1e300), graph.constant(1e100), end=len(text))
