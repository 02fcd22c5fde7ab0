"""Every primitive, and random expressions, in every language that can be run here.

The ordinary run takes all primitives through C, JavaScript and Python, many to a program;
``GRADCALC_LONG=1`` takes each alone, with its second derivatives, through every language that there
is, and 200 random expressions. It prints the table of docs/code.md.
"""

from __future__ import annotations

import os
import time

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings

from gradcalc.code.gate import Verdict, judge
from gradcalc.code.languages import LANGUAGES
from gradcalc.code.printing import generate
from gradcalc.code.statements import MissingError
from gradcalc.functions.primitives import TABLE, WHERE
from gradcalc.functions.row import Primitive
from gradcalc.language import parse
from tests import expressions
from tests.code.test_gate import RUN, here

LONG = bool(os.environ.get("GRADCALC_LONG"))
EVERYWHERE = [to for to in LANGUAGES if here(to)]
ULPS = 8
"""Two functions, each within 4 ulps of the truth."""


def call(primitive: Primitive) -> str:
    if primitive is WHERE:
        return "where(x > y, sin(x), z)"
    if primitive.ordered:
        return f"{primitive.name}(2, x)"
    return f"{primitive.name}({', '.join('xyz'[: primitive.arity])})"


def can(to: str, text: str, what: tuple[str, ...]) -> bool:
    try:
        generate(parse(text), to, what)
    except MissingError:
        return False
    return True


SPOKEN = [primitive for primitive in TABLE if primitive.spoken]
OPERATORS = ["x + y", "x - y", "x*y", "x/y", "-x", "x % y", "x**2", "x**y",
             "where(x < y and not x <= -1 or x == 1, x, y) + (x != y)*(x >= y)*x"]  # fmt: skip


@pytest.mark.parametrize("to", RUN)
def test_every_primitive(to: str) -> None:
    texts = [*OPERATORS, *map(call, SPOKEN)]
    able = [text for text in texts if can(to, text, ("f", "jacobian"))]
    assert len(able) > 60
    found = judge(generate(parse(", ".join(able)), to, ("f", "jacobian")))
    assert found.passed, found.line
    assert found.worst <= ULPS


@pytest.mark.skipif(not LONG, reason="GRADCALC_LONG runs thousands of programs")
@pytest.mark.parametrize("to", EVERYWHERE)
def test_every_primitive_alone_and_random_expressions(to: str) -> None:
    start, verdicts = time.process_time(), list[Verdict]()
    missing = []
    for primitive in SPOKEN:
        text = call(primitive)
        if not can(to, text, ("f", "gradient", "hessian")):
            missing.append(primitive.name)
            continue
        found = judge(generate(parse(text), to, ("f", "gradient", "hessian")))
        assert found.passed, (text, found.line)
        verdicts.append(found)
    for text, program in random_texts(200):
        try:
            printed = generate(program.graph, to, ("f", "jacobian", "vjp"))
        except MissingError:
            continue
        found = judge(printed)
        assert found.passed, (text, found.line)
        verdicts.append(found)
    numbers = sum(found.numbers for found in verdicts)
    equal = sum(found.equal for found in verdicts)
    worst = max(found.worst for found in verdicts)
    print(
        f"\n| {verdicts[0].tool} | {len(verdicts)} | {numbers:,} | {100 * equal / numbers:.1f} % "
        f"| {worst:.2g} | {', '.join(missing) or '-'} | {time.process_time() - start:.0f} s"
    )


def random_texts(count: int) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []

    @settings(max_examples=count, derandomize=True, phases=[Phase.generate], database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @hypothesis.given(expressions.cases())
    def collect(case: expressions.Case) -> None:
        found.append((case.text, case.program()))

    collect()
    return found[:count]


def rosenbrock(n: int) -> str:
    terms = (f"100*(x{k + 1} - x{k}**2)**2 + (1 - x{k})**2" for k in range(1, n))
    return " + ".join(terms)


def test_a_thousand_variables_in_c() -> None:
    if not here("c"):
        pytest.skip("no compiler of C")
    graph = parse(rosenbrock(1000))
    start = time.process_time()
    printed = generate(graph, "c", ("f", "gradient"))
    printed.text()
    assert time.process_time() - start < 5  # half a second; the machine may be busy
    assert len(printed.pieces) > 8  # in parts
    if LONG:
        found = judge(printed, points=8)
        assert found.passed, found.line
