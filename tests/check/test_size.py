"""Formulas that would hang a symbolic program: the check stays within its budget."""

from __future__ import annotations

import time
from typing import Any

import mpmath
import numpy as np
import pytest

import gradcalc
from gradcalc.check import structure
from gradcalc.check.compare import compare
from gradcalc.check.verify import verify
from gradcalc.graph.graph import Graph


def doublings(step: str, count: int) -> str:
    return "y0 = x*x + 1\n" + "\n".join(
        f"y{k} = {step.format(f'y{k - 1}')}" for k in range(1, count)
    )


@pytest.mark.parametrize(
    "text",
    [
        doublings("sqrt({0}*{0} + 0.1*{0})", 61),
        doublings("tanh({0} + 0.5*sin({0}))", 61),
        doublings("where({0} > 2, {0}/2, {0} + 0.1*{0}**2)", 61),
    ],
)
def test_shared_doublings_do_not_hang(check: Any, text: str) -> None:
    started = time.process_time()
    verdict = check(text, [0.5], "gradient")
    assert time.process_time() - started < 5
    assert verdict.passed, verdict.line
    assert verdict.method == "arb"
    assert "not sympy: written out as a tree the formula has" in verdict.line


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("((((2*x)**100)**100)**100)**100 * 0 + x", 0.4),
        ("(((3*x)**1000)**1000)**0.000001", 0.3333334),
        ("((x+x)**64)**64 * 1e-99", 0.51),
        ("log((x*3)**700) + (1/7)**300*x", 0.4),
        ("exp(exp(x)) + exp(-exp(exp(2*x)))", 1.5),
    ],
)
def test_towers_of_powers_do_not_blow_up(check: Any, text: str, x: float) -> None:
    verdict = check(text, [x], "gradient", method="sympy", budget=20)
    assert verdict.passed, verdict.line


def test_numbers_too_large_to_write_are_left_alone(check: Any) -> None:
    started = time.process_time()
    for method in ("sympy", "mpmath"):
        verdict = check("x + 0/exp(exp(exp(exp(x))))", [9], "gradient", method=method)
        assert verdict.passed is None
    assert time.process_time() - started < 4


def test_a_deep_chain_is_checked(check: Any) -> None:
    text = "sin(" * 5000 + "x" + ")" * 5000
    verdict = check(text, [0.5], "gradient", budget=20)
    assert verdict.passed, verdict.line
    assert verdict.method == "arb"


def test_thirty_thousand_nodes_deep(check: Any) -> None:
    text = "y0 = x\n" + "\n".join(f"y{k} = y{k - 1}*0.99999 + x" for k in range(1, 15_001))
    verdict = check(text, [0.5], "gradient", budget=20)
    assert verdict.passed, verdict.line
    assert verdict.method == "arb"


def test_a_long_sum_is_differentiated_term_by_term(check: Any) -> None:
    text = " + ".join(f"sin({k}*x{k})" for k in range(1, 101))
    verdict = check(text, [0.1] * 100, "gradient", method="sympy", budget=20)
    assert (verdict.passed, verdict.checked) == (True, 100)


def test_many_variables_are_checked_one_by_one(check: Any) -> None:
    terms = (f"100*(x{k + 1}-x{k}**2)**2+(1-x{k})**2" for k in range(1, 400))
    verdict = check("+".join(terms), [0.9 + k / 1000 for k in range(400)], "gradient", budget=20,
                    method="mpmath")  # fmt: skip
    assert (verdict.passed, verdict.checked) == (True, 400)


def dense(count: int) -> str:
    names = ",".join(f"x{k}" for k in range(1, count + 1))
    return f"s = sum([{names}])\n" + "t = s\n" + "t = sin(t) + s/3\n" * 400 + "t"


def many_rows(count: int) -> str:
    return dense(count) + "".join(f", t*x{k}" for k in range(2, count + 1))


def test_a_gradient_of_many_variables_takes_one_sweep(check: Any) -> None:
    verdict = check(dense(300), [0.01] * 300, "gradient", budget=10)
    assert (verdict.passed, verdict.checked) == (True, 300), verdict.line


@pytest.mark.usefixtures("no_flint")
def test_with_too_many_rows_all_are_checked_together(check: Any) -> None:
    verdict = check(many_rows(300), [0.01] * 300, budget=2)
    assert verdict.passed, verdict.line
    assert 0 < verdict.checked < 90_000
    assert f"{verdict.checked:,} of 90,000 entries" in verdict.line
    assert "all together along 2 random directions" in verdict.line


@pytest.mark.usefixtures("no_flint")
def test_one_wrong_entry_among_those_checked_together_is_found(check: Any) -> None:
    def spoil(entries: Any) -> None:
        entries[299, 42] *= 1 + 1e-6

    verdict = check(many_rows(300), [0.01] * 300, spoil=spoil, budget=2)
    assert verdict.passed is False


def test_half_an_answer_is_none_when_the_method_was_asked_for(check: Any) -> None:
    budget = 0.8
    while True:  # however slow the machine, some budget is enough for a few rows and not for all
        verdict = check(many_rows(300), [0.01] * 300, method="mpmath", budget=budget)
        assert verdict.passed is None
        if verdict.checked:
            break
        budget *= 2
    assert "no time for every entry" in verdict.reason


def test_no_budget_is_no_verdict(check: Any) -> None:
    for method in ("auto", "sympy", "mpmath"):
        verdict = check("sin(x)", [1], method=method, budget=0.0)
        assert verdict.passed is None
        assert verdict.line.startswith("not checked: ")


def test_of_what_is_too_large_to_run_a_few_columns_are_checked() -> None:
    program = gradcalc.compile("sum(a@a)", shapes={"a": (40, 40)})
    x = np.linspace(-1, 1, 1600)
    entries = program.gradient(x)
    verdict = verify(program.at(x).ask("gradient"), entries, program(x), budget=1.0)
    assert verdict.passed
    assert 0 < verdict.checked < 1600
    assert f"{verdict.checked} of 1,600 entries agree" in verdict.line
    entries[0] *= 1 + 1e-9
    assert verify(program.at(x).ask("gradient"), entries, program(x), budget=1.0).passed is False


def test_levels_at_once_find_what_nodes_one_by_one_find(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = gradcalc.compile("sum(a@a) + 0*pi/4, a[0,0]*3, sin(b)", shapes={"a": (3, 3)}).graph
    slow = _looked_at(graph)
    monkeypatch.setattr(structure, "is_wide", lambda graph: True)
    assert _looked_at(graph) == slow


def _looked_at(graph: Graph) -> list[object]:
    outline = structure.Outline(graph)
    above = [outline.dependents(node) for node in graph.inputs]
    return [outline.nodes, bytes(outline.varies), above]


def test_of_many_outputs_each_is_weighed_in_time_linear_in_all() -> None:
    at = gradcalc.compile(", ".join(f"x*{k} + x" for k in range(20_000))).at([2.0])
    start = time.process_time()
    verify(at.ask("jacobian"), budget=2.0)
    assert time.process_time() - start < 1.2 * 2.0 + 1.0


@pytest.mark.parametrize(("kind", "text"), [("hessian", "sum(a**2)"), ("jacobian", "a**2")])
def test_a_large_matrix_is_checked_in_its_budget_or_not_at_all(kind: str, text: str) -> None:
    """The comparison of its numbers is a part of it; 0.5 s are for a machine with other work."""
    question = gradcalc.compile(text, shapes={"a": (500,)}).at(np.arange(1.0, 501)).ask(kind)
    entries = question.entries
    verify(question, budget=0.01)  # what is imported
    start = time.thread_time()
    verdict = verify(question, entries, budget=0.5)
    assert time.thread_time() - start < 1.2 * 0.5 + 0.5
    assert verdict.passed is not False


@pytest.mark.parametrize("place", [0, 1234, 2500, 4999])
def test_among_zeros_that_are_compared_together_a_wrong_one_is_found(place: int) -> None:
    zero = mpmath.mpf(0)
    ours, truth, scale = [0.0] * 5000, [zero] * 5000, [0.0] * 5000
    assert compare(ours, truth, scale).checked == 5000
    ours[place] = 1.0
    found = compare(ours, truth, scale)
    assert (found.wrong, found.worst and found.worst[0]) == (1, place)
    truth[place] = mpmath.mpf(1)
    assert compare(ours, truth, scale).wrong == 0
    assert compare([0.0] * 5000, truth, scale).wrong == 1
