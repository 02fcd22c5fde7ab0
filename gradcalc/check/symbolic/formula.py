"""The graph in sympy: rebuilt node by node, never from text, and differentiated there.

sympy sees the shape of the formula only. Every number is a symbol whose value
is put in at the end, at whatever precision is needed: so no automatic evaluation can blow up
(``((3*x)**1000)**1000``), no rational with a million digits arises, and nothing is rounded. The
exceptions are small rational exponents, which sympy should know (the slope of ``x**2`` is ``2*x``).

Conditions are symbols too: sympy would spend seconds on comparing and nesting them, and no slope
flows through them. ``definitions`` remembers what they stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any

from gradcalc.check.budget import Deadline
from gradcalc.check.case import NoReferenceError
from gradcalc.check.structure import PRODUCTS, SUMS, Outline, Term
from gradcalc.functions.loading import loaded
from gradcalc.functions.primitives import (
    CONSTANT,
    DIV,
    OPERANDS,
    POW,
    SQUARE,
    SUB,
    TABLE,
    WHERE,
)
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import bits, operands

_SMALL = 1000
"""Numerator and denominator of an exponent that sympy gets to see."""
_DEGREE = 10_000
"""Exponents inside exponents multiply; beyond this one they are symbols, since sympy would put
2**1000**1000**1000 into digits."""
_CONDITIONS = frozenset(primitive.code for primitive in TABLE if primitive.boolean)


@dataclass
class Formula:
    """The terms of the outputs of a graph as sympy expressions of dummies.

    ``expressions`` has the nodes that sympy was given; ``numbers`` the node whose value a dummy
    stands for (inputs and constants); ``definitions`` the expression that a dummy stands for
    (conditions and their operands); ``constants`` the nodes that depend on no input, in order.
    """

    graph: Graph
    terms: list[list[Term]]
    constants: list[int]
    expressions: dict[int, Any] = field(default_factory=dict)
    symbols: dict[int, Any] = field(default_factory=dict)
    numbers: dict[Any, int] = field(default_factory=dict)
    definitions: dict[Any, Any] = field(default_factory=dict)

    @property
    def roots(self) -> list[int]:
        """The nodes of all terms, each once."""
        return list(dict.fromkeys(term.node for terms in self.terms for term in terms))


def rebuild(outline: Outline, deadline: Deadline) -> Formula:
    """The graph in sympy. Raises OutOfTime, and whatever sympy raises."""
    graph, varies = outline.graph, outline.varies
    constants = [node for node in outline.nodes if not varies[node]]
    formula = Formula(graph, outline.spine.terms, constants)
    builder = _Builder(formula, outline)
    for node in outline.nodes:
        if varies[node] and node not in outline.spine.nodes and node not in builder.absorbed:
            deadline.test()
            builder.build(node)
    for node in formula.roots:
        formula.expressions[node] = builder.leaf(node)
    return formula


def first_derivatives(
    formula: Formula, support: dict[int, int], deadline: Deadline
) -> dict[tuple[int, ...], Any]:
    """By term and column; what is zero by structure is left out."""
    found: dict[tuple[int, ...], Any] = {}
    for node in formula.roots:
        for column in bits(support[node]):
            deadline.test()
            symbol = formula.symbols[formula.graph.inputs[column]]
            found[node, column] = formula.expressions[node].diff(symbol)
    return found


def second_derivatives(
    formula: Formula, support: dict[int, int], deadline: Deadline
) -> dict[tuple[int, ...], Any]:
    """By term, row and column, row >= column."""
    found: dict[tuple[int, ...], Any] = {}
    for (node, row), slope in first_derivatives(formula, support, deadline).items():
        for column in bits(support[node]):
            if column <= row:
                deadline.test()
                symbol = formula.symbols[formula.graph.inputs[column]]
                found[node, row, column] = slope.diff(symbol)
    return found


class _Builder:
    """One pass over the nodes. Long sums and products are handed to sympy whole: two operands at a
    time, it would copy all that came before."""

    def __init__(self, formula: Formula, outline: Outline) -> None:
        sympy = loaded("sympy")  # deferred: heavy

        self._sympy = sympy
        # sympy computes on with them: the slope of x + zoo would be 1
        self._undefined = {sympy.zoo, sympy.nan, sympy.oo, -sympy.oo}
        self._formula = formula
        self._graph = formula.graph
        self._varies = outline.varies
        self._rationals = _rationals(self._graph, formula.constants)
        self._degrees: dict[int, int] = {}
        self.absorbed = _absorbed(outline)
        for node in self._graph.inputs:
            self._symbol(node, real=True)

    def build(self, node: int) -> None:
        code = self._graph.codes[node]
        self._degrees[node] = self._degree(node)
        if node in self._formula.symbols:
            expression = self._formula.symbols[node]
        elif code in SUMS:
            expression = self._sympy.Add(*self._terms(node, SUMS))
        elif code in PRODUCTS:
            expression = self._sympy.Mul(*self._terms(node, PRODUCTS))
        elif code in _CONDITIONS:
            expression = self._condition(node)
        elif code in (POW.code, SQUARE.code):
            expression = self._power(node)
        else:
            expression = self._apply(node)
        if expression in self._undefined:
            raise NoReferenceError("sympy finds the formula undefined")
        self._formula.expressions[node] = expression

    def leaf(self, node: int) -> Any:
        """The expression of any node that is an operand or an output."""
        if self._varies[node]:
            return self._formula.expressions[node]
        if node not in self._formula.symbols:
            value = self._graph.constants.get(node, 0.0)
            # A sign lets sympy take sqrt(c*x) apart; it changes no value.
            sign = {"positive": True} if value > 0 else {"negative": True}
            self._symbol(node, **(sign if value else {"real": True}))
        return self._formula.symbols[node]

    def _symbol(self, node: int, **assumptions: bool) -> None:
        symbol = self._sympy.Dummy(f"n{node}", **assumptions)
        self._formula.symbols[node] = symbol
        self._formula.numbers[symbol] = node

    def _terms(self, root: int, kind: frozenset[int]) -> list[Any]:
        """The operands of a whole sum or product, signs included."""
        graph, terms = self._graph, []
        stack = [(root, 1)]
        while stack:
            node, sign = stack.pop()
            if node == root or node in self.absorbed:
                x, y = operands(graph, node)
                minus = graph.codes[node] == SUB.code
                stack += [(y, -sign if minus else sign), (x, sign)]
            else:
                terms.append(sign * self.leaf(node))
        return terms

    def _power(self, node: int) -> Any:
        base, *rest = operands(self._graph, node)
        x = self.leaf(base)
        if rest and rest[0] not in self._rationals:
            return TABLE[POW.code].sympy(x, self.leaf(rest[0]))
        exponent = self._rationals[rest[0]] if rest else Fraction(2)
        if self._degrees[node] <= _DEGREE:
            return x ** self._sympy.Rational(exponent.numerator, exponent.denominator)
        if rest:
            return x ** self.leaf(rest[0])
        two = self._sympy.Dummy("two", positive=True)
        self._formula.definitions[two] = self._sympy.Integer(2)
        return x**two

    def _degree(self, node: int) -> int:
        code = self._graph.codes[node]
        within = operands(self._graph, node)
        degree = max((self._degrees.get(operand, 1) for operand in within), default=1)
        if code == SQUARE.code:
            factor = 2
        elif code == POW.code and within[1] in self._rationals:
            factor = max(1, abs(self._rationals[within[1]].numerator))
        else:
            factor = 1
        return degree * factor if degree * factor <= _DEGREE else _DEGREE + 1

    def _apply(self, node: int) -> Any:
        primitive = TABLE[self._graph.codes[node]]
        within = operands(self._graph, node)
        if primitive.code == WHERE.code:
            return self._where(within)
        pieces = _pieces(primitive)
        if pieces is None:
            return _counterpart(primitive)(*map(self._operand, primitive.partials, within))
        return self._choose(pieces, within)

    def _operand(self, partial: str | None, node: int) -> Any:
        """An operand without a slope, as the order of a polygamma is, as the integer that it is."""
        exact = self._rationals.get(node)
        if partial is None and exact is not None and exact.denominator == 1:
            return self._sympy.Integer(exact.numerator)
        return self.leaf(node)

    def _where(self, within: tuple[int, ...]) -> Any:
        condition, x, y = within
        if self._graph.codes[condition] in _CONDITIONS and self._varies[condition]:
            flag = self._formula.expressions[condition]
        else:
            stand_in = self._stand_in(condition)
            flag = self._define(self._sympy.Ne(stand_in, 0), "flag")
        return self._sympy.Piecewise((self.leaf(x), flag), (self.leaf(y), True))

    def _condition(self, node: int) -> Any:
        """A dummy for the condition. Flags stay flags, numbers are compared with 0."""
        primitive = TABLE[self._graph.codes[node]]
        logical = primitive.logical
        arguments = []
        for operand in operands(self._graph, node):
            if logical and self._is_flag(operand):
                arguments.append(self._formula.expressions[operand])
            elif logical:
                arguments.append(self._sympy.Ne(self._stand_in(operand), 0))
            else:
                arguments.append(self._stand_in(operand))
        return self._define(primitive.sympy(*arguments), "flag")

    def _is_flag(self, node: int) -> bool:
        return bool(self._varies[node]) and self._graph.codes[node] in _CONDITIONS

    def _choose(self, pieces: Any, within: tuple[int, ...]) -> Any:
        """The pieces of max, clamp, … with the operands put in, the conditions as dummies."""
        places = _places()
        where = dict(zip(places, within, strict=False))
        stand_ins = {place: self._stand_in(node) for place, node in where.items()}
        real = {place: self.leaf(node) for place, node in where.items()}
        arms = []
        for expression, condition in pieces.args:
            flag = condition
            if condition is not self._sympy.true:
                flag = self._define(condition.xreplace(stand_ins), "flag")
            arms.append((expression.xreplace(real), flag))
        return self._sympy.Piecewise(*arms)

    def _stand_in(self, node: int) -> Any:
        return self._define(self.leaf(node), "x")

    def _define(self, expression: Any, name: str) -> Any:
        symbol = self._sympy.Dummy(name)
        self._formula.definitions[symbol] = expression
        return symbol


def _counterpart(primitive: Primitive) -> Callable[..., Any]:
    try:
        return primitive.sympy
    except AttributeError:
        raise NoReferenceError(f"sympy has no {primitive.name}") from None


@cache
def _places() -> tuple[Any, ...]:
    sympy = loaded("sympy")  # deferred: heavy

    return tuple(sympy.Dummy(name, real=True) for name in OPERANDS)


@cache
def _pieces(primitive: Primitive) -> Any:
    """The primitive's Piecewise in terms of ``_places``; None if it is not one."""
    if not primitive.selects:
        return None
    sympy = loaded("sympy")  # deferred: heavy

    expression = primitive.sympy(*_places()[: primitive.arity])
    return expression if isinstance(expression, sympy.Piecewise) else None


def _absorbed(outline: Outline) -> set[int]:
    """Sums that are used once, in a sum; products that are used once, in a product."""
    graph = outline.graph
    keep = {term.node for terms in outline.spine.terms for term in terms}
    found = set()
    for node in outline.nodes:
        users_of = outline.users[node]
        if node in keep or len(users_of) != 1:
            continue
        user = users_of[0]
        same = any({graph.codes[node], graph.codes[user]} <= kind for kind in (SUMS, PRODUCTS))
        if same and operands(graph, user).count(node) == 1:
            found.add(node)
    return found


_EXACT = {primitive.code: primitive.mpmath for primitive in TABLE if primitive.arithmetic}
"""Operators: they serve fractions as well."""


def _rationals(graph: Graph, constants: list[int]) -> dict[int, Fraction]:
    """The constant nodes whose exact value is a small rational."""
    found: dict[int, Fraction] = {}
    for node in constants:
        code = graph.codes[node]
        if code == CONSTANT.code:
            value = _exact(graph.constants[node])
        elif code in _EXACT and all(operand in found for operand in operands(graph, node)):
            within = [found[operand] for operand in operands(graph, node)]
            value = None if code == DIV.code and not within[1] else _EXACT[code](*within)
        else:
            continue
        if value is not None and max(abs(value.numerator), value.denominator) <= _SMALL:
            found[node] = value
    return found


def _exact(number: float) -> Fraction | None:
    """None for infinities and NaN."""
    return Fraction(number) if number - number == 0 else None
