"""sympy's answer: is it worth asking, the derivatives, and their numbers at the point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gradcalc.check.budget import Deadline
from gradcalc.check.case import PRECISIONS, Case, NoReferenceError, Reference
from gradcalc.check.compare import Truth, Unchecked
from gradcalc.check.digits.approach import LOST
from gradcalc.check.digits.oracle import agreed
from gradcalc.check.digits.tape import Tape, known
from gradcalc.check.structure import Outline, Term, extents
from gradcalc.check.symbolic.formula import Formula, first_derivatives, rebuild, second_derivatives
from gradcalc.check.symbolic.numbers import Evaluation, UnsupportedError
from gradcalc.functions.digits import context
from gradcalc.functions.primitives import DIV, TABLE, WHERE
from gradcalc.graph.exact import call, leaves, rerun
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed, operands, slopes, supports

_PIECED = [primitive.code == WHERE.code or bool(primitive.kink) for primitive in TABLE]
"""Which primitives are made of pieces, by their codes."""

MOST = 20_000
"""Nodes of the formula written out as a tree: sympy walks the tree, and knows no sharing."""
DEEPEST = 60
"""Levels: sympy recurses, and gives up between 40 and 150 levels, by the function."""
_SECONDS = 4e-5
"""Seconds that a derivative takes for each node of the tree and level of its depth, measured on
sums of polynomials (5e-5) and on nested functions (3e-5 to 7e-5)."""


def truth(case: Case, deadline: Deadline) -> Reference:
    """The entries and values by sympy. Raises OutOfTime and NoReferenceError."""
    with deadline.alarm():
        _require_small(len(needed(case.graph, case.graph.outputs)))
        outline = Outline(case.graph)
        support = _predict(case, outline, deadline)
        try:
            formula = rebuild(outline, deadline)
            partials: dict[tuple[int, ...], Any] = {}
            if case.kind.order == 2:
                partials |= second_derivatives(formula, support, deadline)
            elif case.kind.order == 1:
                partials |= first_derivatives(formula, support, deadline)
            tape = known(outline, case.x, deadline)
            answer = _settle(case, formula, partials, tape.working - PRECISIONS[0], deadline)
        except RecursionError:
            raise NoReferenceError("the formula is too deep for sympy") from None
        except UnsupportedError as what:
            raise NoReferenceError(f"sympy left {what} as it is") from None
        except (ArithmeticError, TypeError, ValueError, AttributeError, NotImplementedError) as bug:
            # sympy's own mistakes, on formulas that nobody tried: we learn nothing from them.
            raise NoReferenceError(f"sympy stopped with {type(bug).__name__}") from None
        return _where_sound(case, outline, answer, tape)


def _where_sound(case: Case, outline: Outline, answer: Reference, tape: Tape) -> Reference:
    """Without what lies on a step, or for slopes on a kink, to all digits; without what an output
    has no value for (sympy takes x/x for 1, at 0 too); and without the slopes where a branch is
    about to turn, of which sympy knows one side only."""
    mp, graph = context(), case.graph
    turning = _turning(case, outline, tape)
    gap, corner = Unchecked("no real value"), Unchecked("a condition changes here")

    def held(i: int, of_slopes: bool) -> Truth:
        root = graph.outputs[i]
        shut = tape.errors.open(graph, [i], tape.digits, of_slopes=of_slopes)
        if shut or mp.isnan(tape.values[root]):
            return shut or gap
        turns = of_slopes and turning and not turning.isdisjoint(needed(graph, [root]))
        return corner if turns else mp.mpf(1)

    slopes, values = ([held(i, of) for i in range(len(graph.outputs))] for of in (True, False))
    holds = case.assemble(lambda i, _: slopes[_row(case, i)])
    return Reference(_held(holds, answer.entries), _held(values, answer.values))


def _held(holds: Sequence[Truth], found: Sequence[Truth]) -> list[Truth]:
    both = zip(holds, found, strict=True)
    return [hold if isinstance(hold, Unchecked) else true for hold, true in both]


def _turning(case: Case, outline: Outline, tape: Tape) -> set[int]:
    """The ``where`` on their boundary, and the kinks, that no note tells of."""
    return {
        node
        for node in outline.nodes
        if _PIECED[case.graph.codes[node]] and outline.varies[node] and node not in case.kinks
        and any(context().isnan(slope) for _, slope in tape.slopes(node))
    }  # fmt: skip


def _row(case: Case, i: int) -> int:
    """The output that row i of the partials is about: a Hessian has one output only."""
    return 0 if case.kind.order == 2 else i


def _predict(case: Case, outline: Outline, deadline: Deadline) -> dict[int, int]:
    """The support of each node, if sympy has a chance to finish in time."""
    graph = case.graph
    extent = extents(graph, outline.nodes)
    roots = {term.node for terms in outline.spine.terms for term in terms}
    size = sum(extent[node].size for node in roots)
    depth = max((extent[node].depth for node in roots), default=0)
    _require_small(size)
    if depth > DEEPEST:
        raise NoReferenceError(f"the formula is {depth:,} levels deep")
    support = supports(graph, outline.nodes, _differentiated)
    order = case.kind.order
    work = sum(
        support[node].bit_count() ** order * extent[node].size * (1 + extent[node].depth)
        for node in roots
    )
    if work * _SECONDS > deadline.remaining:
        raise NoReferenceError(f"sympy would take {work * _SECONDS:,.0f} s or more")
    return support


def _differentiated(graph: Graph, node: int) -> tuple[int, ...]:
    """The operands that sympy's slopes flow to: those of a choice that has no slope in the table,
    too, since sympy differentiates it wherever it stands, and only all of that cancels."""
    primitive = TABLE[graph.codes[node]]
    if primitive.selects and not any(primitive.partials):
        return operands(graph, node)
    return slopes(graph, node)


def _require_small(size: float) -> None:
    if size > MOST:
        shown = f"{size:,.0f}" if size < 1e7 else f"{size:.0e}"
        raise NoReferenceError(f"written out as a tree the formula has {shown} nodes")


def _settle(
    case: Case,
    formula: Formula,
    partials: dict[tuple[int, ...], Any],
    more: int,
    deadline: Deadline,
) -> Reference:
    """Evaluate with more and more digits until they agree; ``more`` are lost on the way."""
    before: Reference | None = None
    answer = Reference([], [])
    for digits in PRECISIONS:
        now = _evaluate(case, formula, partials, (digits, more), deadline)
        if before is not None:
            answer = Reference(
                _same(before.entries, now.entries, digits + more),
                _same(before.values, now.values, digits + more),
            )
            if Unchecked(LOST) not in (*answer.entries, *answer.values):
                break
        before = now
    return answer


def _evaluate(
    case: Case,
    formula: Formula,
    partials: dict[tuple[int, ...], Any],
    digits_and_more: tuple[int, int],
    deadline: Deadline,
) -> Reference:
    """Everything at one precision: so many digits, and those that are swallowed."""
    digits, more = digits_and_more
    mp = context()

    graph = case.graph
    with mp.workdps(digits + more):
        known = leaves(graph, case.x)
        rerun(graph, formula.constants, known, deadline)
        symbols = {symbol: known[node] for symbol, node in formula.numbers.items()}
        evaluation = Evaluation(symbols, formula.definitions, deadline)
        terms = [[(_coefficient(term, known), term.node) for term in row] for row in formula.terms]

        def number(parts: list[tuple[Any, Any]]) -> Truth:
            if all(part == 0 for _, part in parts):
                return 0.0
            return _real(_combine((f, evaluation(part)) for f, part in parts), digits)

        def total(row: int, *places: int) -> Truth:
            """The derivative of output ``row`` with respect to the columns ``places``."""
            parts = [
                (factor, partials[node, *places]) for factor, node in terms[row]
                if (node, *places) in partials
            ]  # fmt: skip
            return number(parts)

        def entry(i: int, j: int) -> Truth:
            if case.kind.order == 2:
                return total(0, max(i, j), min(i, j))
            return total(i, j)

        values = [number([(f, formula.expressions[node]) for f, node in row]) for row in terms]
        return Reference(case.assemble(entry), values)


def _combine(parts: Iterable[tuple[Any, Any]]) -> Any:
    mp = context()

    total = mp.mpf(0)
    for factor, number in parts:
        total = total + factor * number
    return total


def _real(number: Any, digits: int) -> Truth:
    """A number of sympy's that is real up to its rounding errors."""
    mp = context()

    if isinstance(number, mp.mpc):
        if abs(number.imag) > abs(number.real) * mp.mpf(10) ** (-digits // 2):
            return Unchecked("complex")
        number = number.real
    return Unchecked("limit not evaluated") if mp.isnan(number) else number


def _same(fewer: Sequence[Truth], more: Sequence[Truth], digits: int) -> list[Truth]:
    def one(few: Truth, many: Truth) -> Truth:
        if isinstance(many, float):  # 0 by structure
            return many
        if isinstance(few, Unchecked) or isinstance(many, Unchecked):
            return many if few == many else Unchecked(LOST)
        if context().isinf(many) and many == few:
            return many
        return agreed(few, many, digits)

    return list(map(one, fewer, more))


def _coefficient(term: Term, values: dict[int, Any]) -> Any:
    """The number in front of a term."""
    mp = context()

    number = mp.mpf(term.sign)
    for node in term.factors:
        number = number * values[node]
    for node in term.divisors:
        number = call(DIV.code, (number, values[node]))
    return number
