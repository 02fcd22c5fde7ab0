"""Derivatives as formulas: what a person would write, and the same function."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.calculus.kinds import KINDS
from gradcalc.check.budget import Deadline
from gradcalc.check.identity import identify
from gradcalc.engine.program import Program
from gradcalc.formulas.derivative import Formulas, derive
from gradcalc.formulas.exact import Number, Symbol, UnwritableError
from gradcalc.formulas.sharing import compact
from gradcalc.formulas.writing import Notation, OnPaper, reachable
from gradcalc.functions.primitives import TABLE, WHERE
from gradcalc.graph.graph import Graph
from gradcalc.language import parse
from tests.expressions import Case, cases


def formulas(text: str, kind: str = "jacobian", vector: Any = None, **options: Any) -> Formulas:
    return derive(parse(text, **options), KINDS[kind], vector)


def entries(text: str, kind: str = "jacobian", vector: Any = None) -> list[str]:
    """The entries in gradcalc's own language, every part written out."""
    return formulas(text, kind, vector).unshared().spelled(Notation())[1]


@pytest.mark.parametrize(
    ("text", "slopes"),
    [
        ("x1**2+3*x2, x2**2+2*x1", ["2*x1", "3", "2", "2*x2"]),
        ("x - y", ["1", "-1"]),
        ("x/y", ["1/y", "-x/y**2"]),
        ("x*x**-1", ["0"]),
        ("log(x)/x", ["(1 - log(x))/x**2"]),
        ("x/sqrt(x**2+y**2)", ["y**2/(x**2 + y**2)**(3/2)", "-x*y/(x**2 + y**2)**(3/2)"]),
        ("tanh(x)", ["1 - tanh(x)**2"]),
        ("atan(x)", ["1/(x**2 + 1)"]),
        ("x**y", ["y*x**(y - 1)", "log(x)*x**y"]),
        ("erf(x)", ["2*exp(-x**2)/sqrt(pi)"]),
        ("0.1*x**2", ["0.2*x"]),
        ("x**2/3", ["2*x/3"]),
        ("where(x > 0, x**2, -x)", ["where(x > 0, 2*x, -1)"]),
        ("relu(x)", ["where(x > 0, 1, 0)"]),
        ("abs(x)", ["sign(x)"]),
        ("(x-1)*(x-1)", ["2*x - 2"]),
        ("1e-7*x", ["1e-07"]),
        ("-(x % 3)*x", ["-x - (x % 3)"]),
        ("-(x-y)/2", ["-1/2", "1/2"]),
    ],
)
def test_slopes_are_what_a_person_would_write(text: str, slopes: list[str]) -> None:
    assert entries(text) == slopes


def test_a_product_with_a_vector_takes_numbers_or_names() -> None:
    text = "x1**2+3*x2, x2**2+2*x1"
    assert entries(text, "vjp") == ["2*v2 + 2*v1*x1", "3*v1 + 2*v2*x2"]
    assert entries(text, "vjp", [1, 1]) == ["2*x1 + 2", "2*x2 + 3"]
    assert entries(text, "vjp", ["a", "b"]) == ["2*b + 2*a*x1", "3*a + 2*b*x2"]
    assert entries(text, "jvp", [1, 0]) == ["2*x1", "2"]
    assert entries("x**2*y", "hvp") == ["2*u1*y + 2*u2*x", "2*u1*x"]


def test_the_entries_of_a_vector_have_names_that_nothing_else_has() -> None:
    assert entries("v1*x, x", "vjp") == ["v_1*x", "v_2 + v1*v_1"]
    found = formulas("v1*x, x", "vjp")
    assert set(found.said(found.vector, Notation())) == {"v_1", "v_2"}


def test_a_hessian_is_symmetric_as_formulas() -> None:
    found = entries("x**2*y**3 + exp(x*y)", "hessian")
    assert found[1] == found[2]


def test_shared_parts_have_the_names_that_the_text_gives_them() -> None:
    found = formulas("e1 = exp(-(x-m)**2/(2*s**2)); e1/(s*sqrt(2*pi))")
    parts, _ = found.spelled(Notation())
    assert dict(parts)["e1"] == "exp(-(x - m)**2/(2*s**2))"


@pytest.mark.parametrize("value", [1.0, -1.0, 2.0, -2.0])
def test_a_parameter_keeps_its_name_whatever_its_value(value: float) -> None:
    found = formulas("y - a*x**2, x/a, a*exp(a*x)", parameters={"a": value})
    texts = found.unshared().spelled(Notation())[1]
    assert texts == ["-2*a*x", "1", "1/a", "0", "a**2*exp(a*x)", "0"]


def test_the_elements_of_an_array_of_parameters_have_their_own_names() -> None:
    found = formulas(
        "sum(b*x) + m[1,0]*x[0]*y",
        shapes={"x": (2,)},
        parameters={"b": [1.0, 0.0], "m": [[0.5, 2.5], [3.0, 4.0]]},
    )
    texts = found.unshared().spelled(Notation())[1]
    assert texts == ["b[0] + m[1,0]*y", "b[1]", "m[1,0]*x[0]"]
    told = identify(found.graph, found.kind, found.reread([]), [], Deadline(20), sympy=False)
    assert told.passed


def test_what_is_computed_in_units_of_the_largest_is_written_without_them() -> None:
    (slope, _) = entries("norm([x, y], 3)")
    total = "abs(x)**3 + abs(y)**3"
    assert slope == f"where({total} != 0, abs(x)**2/({total})**(2/3), 3*abs(x)**2)*sign(x)"
    found = formulas("norm([x, 2*y, y], 2.5) + det(diag([x, y, x*y, 2, x, 3]))")
    again = Program(found.reread(()))
    expected = Program(found.graph)
    assert np.allclose(again([1.5, -0.5]), expected.gradient([1.5, -0.5]), rtol=1e-13)


def test_branches_that_come_together_stay_beside_a_fraction() -> None:
    told = identity("sin(where(z < 2, x + y, y)) + (z % y)/log(x + y)")
    assert told.passed, told.reason


def test_what_is_short_is_not_shared() -> None:
    assert formulas("x*y, x+y").names == {}


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("log(x)", "x > 0"),
        ("sqrt(x)", "x > 0"),
        ("1/x", "x != 0"),
        ("x**2", "1"),
        ("x**-2", "x != 0"),
        ("x/y + log(x-1)", "y != 0 and x > 1"),
        ("sqrt(x) + log(x - 2)", "x > 2"),
        ("x*y", "1"),
        ("acot(x)", "1"),
        ("log(1 + x**2)", "1"),
        ("xlogy(x, y)", "x == 0 or y > 0"),
        ("acsch(x)", "x != 0"),
        ("lambertw(x)", "x + exp(-1) >= 0 and lambertwp(x) != 0"),
        ("where(x > 0, log(x), 0)", "1"),
        ("where(x > 0, x/y, sqrt(-x))", "x != 0 and (x <= 0 or y != 0)"),
        ("where(log(x) > 0, x*y, y/x)", "x > 0"),
    ],
)
def test_the_domain_stands_beside_the_formula(text: str, condition: str) -> None:
    found = formulas(text)
    (said,) = found.said([found.condition], Notation())
    assert set(said.split(" and ")) == set(condition.split(" and "))


@pytest.mark.parametrize("text", [
    "lambertw(x)*y", "acot(x)/y", "xlogy(x, y)", "acsc(x)+asec(y)", "acoth(x)*y", "asech(x)+y",
    "where(x > 0, log(x), y)", "where(x > 0, x/y, sqrt(-x))", "where(y > 1 or x < 0, 1/x, log(y))",
    "where(x > 0 and y < 2, log(x - y), 1/x)", "where(x > 0, 1/y, 0)*where(x > 0, 0, log(y))",
    "abs(y) + x/y", "max(x, 1/y)", "sqrt(x)*log(2 - x)*y", "x**y", "relu(log(x))*y",
])  # fmt: skip
def test_where_the_domain_is_said_to_be_the_engine_has_numbers(text: str) -> None:
    """And outside of it, it misses one somewhere."""
    found = formulas(text)
    (said,) = found.said([found.condition], Notation())
    names = list(found.graph.variables)
    grid = np.array(list(product((-2.5, -1.0, -0.25, 0.0, 0.5, 1.0, 3.0), repeat=len(names))))
    holds = Program(parse(f"where({said}, 1, 0)", bound=names) if said != "1" else parse("1"))
    at = Program(found.graph).at(grid)
    with np.errstate(all="ignore"):
        numbers = np.isfinite(at.value).all(axis=1) & np.isfinite(at.gradient()).all(axis=1)
        places = [names.index(name) for name in holds.variables]
        inside = np.reshape(holds(grid[:, places]) != 0, -1) | (said == "1")
    assert numbers[inside].all()
    assert said == "1" or not numbers[~inside].all()


def test_a_kink_outside_of_the_domain_or_of_its_branch_is_none() -> None:
    for text in ("acsc(x)", "abs(y) + x/y", "where(x > 1, abs(x), x)", "abs(x)*log(x)"):
        assert not formulas(text).kinks, text
    found = formulas("where(x > -1, abs(x), x)")
    assert found.said(found.kinks, Notation()) == ["x == 0"]


def test_conditions_that_nobody_reads_are_left_as_they_are() -> None:
    """In no time that grows with the square of their parts' parts."""
    deep = "x > 0"
    for k in range(60):
        deep = f"({deep} {('and', 'or')[k % 2]} y > {k})"
    assert formulas(f"where({deep}, log(x), 1/y)").condition is not None


def test_a_kink_is_told_of() -> None:
    found = formulas("abs(x) + max(x, y)")
    assert found.said(found.kinks, Notation()) == ["x == 0", "x == y"]


def test_a_formula_may_have_no_value_where_it_is_said_not_to_hold() -> None:
    found = formulas("asin(max(x**2, sign(x)))")  # asin(1) from 0 to 1: 0/0, and the slope is 0
    written = found.reread([])
    judge = partial(identify, found.graph, found.kind, written, [], Deadline(20), sympy=False)
    assert judge(holds=found.holds()).passed is not False
    assert judge().passed is False


def identity(text: str, kind: str = "jacobian", **options: Any) -> Any:
    found = formulas(text, kind, **options)
    letters = found.said(found.vector, Notation())
    written = found.reread([letter for letter in letters if letter.isidentifier()])
    return identify(found.graph, found.kind, written, letters, Deadline(20), sympy=False)


@given(cases())
@settings(max_examples=60)
def test_what_is_printed_is_read_again_as_the_same_function(case: Case) -> None:
    """Over the whole language; each is compared with the engine wherever both have numbers."""
    try:
        shapes = {name: np.shape(value) for name, value in case.at.items()}
        graph = parse(case.text, shapes={name: size for name, size in shapes.items() if size})
        found = derive(graph, KINDS["jacobian"])
    except UnwritableError:
        return
    if found.entries:
        written = found.reread([])
        told = identify(
            found.graph, found.kind, written, [], Deadline(20), sympy=False, holds=found.holds()
        )
        assert told.passed is not False, told.reason


@pytest.mark.parametrize("kind", ["gradient", "hessian", "hvp", "vjp", "jvp"])
@pytest.mark.parametrize("text", ["x**2*sin(y) + exp(x*y)/y", "log(x)*atan2(y, x)", "x**y"])
def test_every_kind_is_the_engines_derivative(text: str, kind: str) -> None:
    assert identity(text, kind).passed


def test_what_people_read_is_read_by_gradcalc_too() -> None:
    found = formulas("sqrt(x**2+1)/(2*y), where(x >= 1 and y != 2, x**-3*y, x)")
    _, texts = found.unshared().spelled(OnPaper())
    assert any("√" in text for text in texts)
    plain_text = found.unshared().spelled(Notation())[1]
    x = np.array([1.3, 2.6])
    for shown, typed in zip(texts, plain_text, strict=True):
        one, two = (
            Program(parse(text, bound=["x", "y"], wrt=["x", "y"]))(x) for text in (shown, typed)
        )
        assert one == two


class Anchor(NamedTuple):
    """Outputs with their slopes along ``x`` (or along every variable; other names are constants),
    and how many operations sympy needs for both: diff and cse, or simplify and cse, whichever are
    fewer, for the same text and the same variables."""

    text: str
    theirs: int
    x: str = ""
    constants: str = ""

    @property
    def graph(self) -> Graph:
        fixed = {name: 1.5 + k / 7 for k, name in enumerate(self.constants.split())}
        return parse(self.text, wrt=self.x.split() or None, parameters=fixed)


THE_TWELVE = {
    "spherical coordinates": Anchor("r*cos(t)*sin(p), r*sin(t)*sin(p), r*cos(p)", 14),
    "two-link arm": Anchor("l1*cos(q1)+l2*cos(q1+q2), l1*sin(q1)+l2*sin(q1+q2)", 13),
    "unit vector": Anchor("x/sqrt(x**2+y**2), y/sqrt(x**2+y**2)", 16),
    "logistic": Anchor("1/(1+exp(-k*(x-x0)))", 11),
    "Gauss density": Anchor("exp(-(x-m)**2/(2*s**2))/(s*sqrt(2*pi))", 23),
    "README": Anchor("x1**2+3*x2, x2**2+2*x1", 7),
    "polar coordinates": Anchor("r*cos(t), r*sin(t)", 5),
    "Lotka-Volterra": Anchor("a*x-b*x*y, d*x*y-c*y", 12),
    "Robertson": Anchor("-k1*y1+k3*y2*y3, k1*y1-k3*y2*y3-k2*y2**2, k2*y2**2", 19),
    "quaternion rotation": Anchor(
        "(q0**2+q1**2-q2**2-q3**2)*x + 2*(q1*q2-q0*q3)*y + 2*(q1*q3+q0*q2)*z, "
        "2*(q1*q2+q0*q3)*x + (q0**2-q1**2+q2**2-q3**2)*y + 2*(q2*q3-q0*q1)*z, "
        "2*(q1*q3-q0*q2)*x + 2*(q2*q3+q0*q1)*y + (q0**2-q1**2-q2**2+q3**2)*z",
        68, "q0 q1 q2 q3", "x y z",
    ),
    "Black-Scholes": Anchor(
        "d1 = (log(S/K)+(r+v**2/2)*T)/(v*sqrt(T)); d2 = d1 - v*sqrt(T); "
        "S*(1+erf(d1/sqrt(2)))/2 - K*exp(-r*T)*(1+erf(d2/sqrt(2)))/2",
        103,
    ),
    "double pendulum": Anchor(
        "d = a - b; s = 2*m1 + m2 - m2*cos(2*d); "
        "(-g*(2*m1+m2)*sin(a) - m2*g*sin(a-2*b) "
        "- 2*sin(d)*m2*(w2**2*l2 + w1**2*l1*cos(d)))/(l1*s), "
        "2*sin(d)*(w1**2*l1*(m1+m2) + g*(m1+m2)*cos(a) + w2**2*l2*m2*cos(d))/(l2*s)",
        108, "a b w1 w2", "m1 m2 l1 l2 g",
    ),
}  # fmt: skip


def operations(anchor: Anchor) -> int:
    """Of f and J together, every part that stands in several places counted once."""
    found = derive(anchor.graph, KINDS["jacobian"])
    return found.operations((*found.entries, *found.values))


def test_formulas_need_no_more_operations_than_sympys() -> None:
    ours = {name: operations(anchor) for name, anchor in THE_TWELVE.items()}
    more = {name: n for name, n in ours.items() if n > THE_TWELVE[name].theirs}
    assert len(more) <= 2, more
    assert sum(ours.values()) < sum(anchor.theirs for anchor in THE_TWELVE.values())


def test_formulas_are_there_in_milliseconds() -> None:
    """Each in 5, on a machine that does nothing else; here all of them, at the best moment."""
    graphs = [anchor.graph for anchor in THE_TWELVE.values()]

    def once() -> float:
        start = time.process_time()
        for graph in graphs:
            derive(graph, KINDS["jacobian"])
        return time.process_time() - start

    assert min(once() for _ in range(5)) < 5e-3 * len(graphs)


@pytest.mark.parametrize("name", THE_TWELVE)
def test_formulas_made_of_shared_parts_are_the_same_functions(name: str) -> None:
    found = derive(THE_TWELVE[name].graph, KINDS["jacobian"])
    terms = found.terms
    roots = compact(terms, found.unshared().entries)
    names = {k: f"t_{k}" for k in reachable(terms, roots) if k not in roots}
    names = {k: t for k, t in names.items() if not isinstance(terms.nodes[k], (Number, Symbol))}
    named = replace(found, entries=roots, names=names)
    for graph in (named.reread([]), found.reread([]), found.unshared().reread([])):
        told = identify(found.graph, found.kind, graph, [], Deadline(20), sympy=False)
        assert told.passed, told.reason


@pytest.mark.parametrize(("text", "count"), [
    ("a*b*c, a*b*d", 3), ("a+b-c, b+a+d", 3), ("a-b, b-a", 2), ("x**2*y, x**2*z", 3),
    ("2*a-2*b, 2*b-2*a", 3), ("a*b, c*d", 2), ("exp(a*b), a*b*c", 3),
])  # fmt: skip
def test_what_products_and_sums_have_in_common_is_computed_once(text: str, count: int) -> None:
    found = derive(parse(text), KINDS["eval"])
    assert found.operations(found.values) == count


@given(st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=5), min_size=2, max_size=6))
@settings(max_examples=20)
def test_products_and_sums_cut_into_what_they_share_are_the_same(rows: list[list[str]]) -> None:
    """Products and sums of any letters: the same numbers."""
    for sign in "*+-":
        text = ", ".join(sign.join(row) for row in rows)
        found = derive(parse(text, wrt=list("abcde")), KINDS["eval"])
        values = found.values
        roots = compact(found.terms, values)
        x = np.random.default_rng(0).uniform(0.5, 2, 5)
        cut = parse(
            ", ".join(replace(found, entries=roots, names={}, flat=()).spelled(Notation())[1]),
            wrt=list("abcde"),
        )
        np.testing.assert_allclose(Program(cut)(x), Program(found.graph)(x), rtol=1e-12, atol=1e-12)


def test_every_differentiable_row_has_a_formula_that_is_its_slope() -> None:
    for primitive in TABLE:
        if primitive.spoken and primitive.differentiable:
            first = ("x > 0",) if primitive is WHERE else ("2",) * primitive.orders
            arguments = ", ".join((*first, *"xyz"[len(first) :])[: primitive.arity])
            found = identity(f"{primitive.name}({arguments})")
            assert found.passed is not False, (primitive.name, found.reason)


def test_a_deep_formula_is_written_without_recursion() -> None:
    text = "x"
    for _ in range(3000):
        text = f"sin({text})"
    found = derive(parse(text), KINDS["eval"])
    assert found.said(found.values, Notation()) == [text]


@pytest.mark.parametrize(("text", "kind", "wanted"), [
    ("x*(1 + erf(x/sqrt(2)))/2", "hessian", "(2 - x**2)*exp(-x**2/2)/(sqrt(2)*sqrt(pi))"),
    ("sqrt(2*x)*sqrt(2*x)*y", "jacobian", "2*y"),
    ("4*(x/2 - y/4)*a", "jacobian", "2*x - y"),
    ("(1-x)**2 + 100*(y-x**2)**2", "hessian", "1200*x**2 - 400*y + 2"),
    ("x**x", "jacobian", "(log(x) + 1)*x**x"),
    ("a*(1 - 2*(x**2 + y**2))", "jacobian", "1 - 2*(x**2 + y**2)"),
])  # fmt: skip
def test_numbers_under_roots_and_in_factors_come_together(
    text: str, kind: str, wanted: str
) -> None:
    found = derive(parse(text), KINDS[kind])
    assert found.spelled(Notation())[1][0] == wanted


def test_no_condition_is_told_of_constants() -> None:
    found = derive(parse("exp(-x**2)/(s*sqrt(2*pi))"), KINDS["jacobian"])
    assert found.said([found.condition], Notation()) == ["s != 0"]


@pytest.mark.parametrize(("text", "wanted"), [
    ("log(exp(a) + exp(b))", "1"), ("1/(1 + exp(-x))", "1"), ("log(1 + x**2 + cosh(y))", "1"),
    ("1/(exp(x) - 1)", "exp(x) != 1"), ("log(exp(x) - y)", "exp(x) > y"),
])  # fmt: skip
def test_what_is_always_positive_is_no_condition(text: str, wanted: str) -> None:
    found = derive(parse(text), KINDS["jacobian"])
    assert found.said([found.condition], Notation()) == [wanted]


def test_two_ways_to_a_kink_are_one_where_they_begin_alike() -> None:
    found = derive(parse("atan2(z, 1 - x)"), KINDS["jacobian"])
    assert found.said(found.kinks, Notation()) == ["z == 0 and x >= 1"]


def test_a_power_of_a_sum_in_every_term_of_a_sum() -> None:
    """Each was taken out of the other without end."""
    found = derive(parse("exp(-(x-m)**2/(2*s**2))/(s*sqrt(2*pi))"), KINDS["hessian"])
    assert found.operations() < 40


def test_a_length_of_three_has_no_kink_where_one_of_two_has() -> None:
    found = derive(parse("norm([x, y, z])"), KINDS["jacobian"])
    assert found.said(found.kinks, Notation()) == ["x == 0 and y == 0 and z == 0"]
    assert "hypot(x, y) != 0" not in found.said([found.condition], Notation())[0]
    flat = derive(parse("norm([x, y])"), KINDS["jacobian"])
    assert flat.condition != flat.terms.one
