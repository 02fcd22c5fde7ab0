"""Every primitive, and random expressions, in every language that can be run here.

The ordinary run takes all primitives through C, JavaScript and Python, many to a program;
``GRADCALC_LONG=1`` takes them with their second derivatives through every language that is here and
200 random expressions. It prints the table of docs/code.md.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from itertools import islice

import pytest

from gradcalc.code.gate import judge
from gradcalc.code.languages import LANGUAGES
from gradcalc.code.printing import generate
from gradcalc.functions.primitives import TABLE, WHERE
from gradcalc.functions.row import Primitive
from gradcalc.language import parse
from tests.code.test_gate import LONG, RUN, here, share

EVERYWHERE = [to for to in LANGUAGES if here(to)]
ULPS = 8
"""Two functions, each within 4 ulps of the truth."""


def call(primitive: Primitive) -> str:
    if primitive is WHERE:
        return "where(x > y, sin(x), z)"
    operands = ["2"] * primitive.orders + [*"xyz"][: primitive.arity - primitive.orders]
    return f"{primitive.name}({', '.join(operands)})"


SPOKEN = [primitive for primitive in TABLE if primitive.spoken]
OPERATORS = ["x + y", "x - y", "x*y", "x/y", "-x", "x % y", "x**2", "x**y",
             "where(x < y and not x <= -1 or x == 1, x, y) + (x != y)*(x >= y)*x"]  # fmt: skip


@pytest.mark.parametrize("to", RUN)
def test_every_primitive(to: str) -> None:
    texts = ", ".join([*OPERATORS, *map(call, SPOKEN)])
    printed = generate(parse(texts), to, ("f", "jacobian"))
    found = judge(printed, points=1024 if LONG else 128)
    assert found.passed, found.line
    assert found.worst <= ULPS


@pytest.mark.skipif(not LONG, reason="GRADCALC_LONG runs large programs")
@pytest.mark.parametrize("to", EVERYWHERE)
def test_every_primitive_twice_differentiated_and_random_expressions(to: str) -> None:
    verdicts = []
    total = " + ".join(map(call, SPOKEN))
    verdicts.append(judge(generate(parse(total), to, ("f", "gradient", "hessian", "hvp"))))
    able = [primitive for primitive in SPOKEN if not primitive.ordered and primitive is not WHERE]
    texts = list(islice(random_texts(able), share(200)))
    for start in range(0, len(texts), 50):
        graph = parse(", ".join(texts[start : start + 50]))
        verdicts.append(judge(generate(graph, to, ("f", "jacobian", "vjp", "jvp"))))
    for found in verdicts:
        assert found.passed, found.line
    numbers = sum(found.numbers for found in verdicts)
    equal = 100 * sum(found.equal for found in verdicts) / numbers
    worst = max(found.worst for found in verdicts)
    print(f"\n| {verdicts[0].tool} | {numbers:,} | {equal:.1f} % | {worst:.2g} |")


def random_texts(able: Sequence[Primitive]) -> Iterator[str]:
    """Expressions of all functions, wherever they are defined."""
    draw = random.Random(0)

    def grown(depth: int) -> str:
        if depth == 0 or draw.random() < 0.15:
            return draw.choice(["x", "y", "z", "2", "0.5", "x", "y"])
        kind = draw.random()
        if kind < 0.4:
            row = draw.choice(able)
            return f"{row.name}({', '.join(grown(depth - 1) for _ in range(row.arity))})"
        if kind < 0.5:
            test = draw.choice(["<", "<=", ">", ">=", "==", "!="])
            sides = [grown(depth - 1) for _ in range(4)]
            return "where({} {t} {}, {}, {})".format(*sides, t=test)
        return f"({grown(depth - 1)} {draw.choice('+-*/%')} {grown(depth - 1)})"

    while True:
        yield grown(4)


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
