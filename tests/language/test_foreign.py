"""What is pasted from other languages is read where it has one meaning, refused where it has two.

The tables are of texts beside texts in our own language: both must come to the same graph.
"""

from __future__ import annotations

from typing import Any

import pytest

from gradcalc.errors import ExpressionError
from gradcalc.functions.primitives import DISPUTED, ELSEWHERE, FUNCTIONS, OPERANDS
from gradcalc.graph.graph import Graph
from gradcalc.language import parse
from gradcalc.language.arrays import STRUCTURAL


def spelled(graph: Graph) -> list[str]:
    """Every output as nested calls: what a graph says, whatever the spans and node numbers."""
    texts: list[str] = []
    for node, (primitive, operands, _, _) in enumerate(graph):
        inside = ",".join(texts[operand] for operand in operands)
        leaf = graph.names.get(node) or repr(graph.constants.get(node))
        texts.append(f"{primitive.name}({inside})" if operands else leaf)
    return [texts[output] for output in graph.outputs]


def same(foreign: str, ours: str, **options: Any) -> None:
    assert spelled(parse(foreign, **options)) == spelled(parse(ours, **options)), foreign


def refused(text: str, **options: Any) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text, **options)
    return caught.value


# --- names of functions ---------------------------------------------------------------------------


@pytest.mark.parametrize("word", ELSEWHERE)
def test_a_word_of_another_language_calls_our_function_and_a_note_says_so(word: str) -> None:
    name = ELSEWHERE[word]
    count = FUNCTIONS[name].arity if name in FUNCTIONS else STRUCTURAL[name].least
    operands = ", ".join(("x > 1" if name == "where" else "x", *OPERANDS[1:])[:count])
    same(f"{word}({operands})", f"{name}({operands})")
    assert parse(f"{word}({operands})").notes == [f"{word}(…) is read as {name}(…)"]


def test_no_word_of_another_language_is_one_of_ours_or_disputed() -> None:
    assert not ELSEWHERE.keys() & {*FUNCTIONS, *STRUCTURAL, *DISPUTED}
    assert {*ELSEWHERE.values()} <= {*FUNCTIONS, *STRUCTURAL}


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        ("EXP(x)", "exp(x)"),
        ("LN(x) + DEXP(y)", "log(x) + exp(y)"),
        ("Sin[x]", "sin(x)"),
        ("ArcTan[x]*Sqrt[1 + x]", "atan(x)*sqrt(1 + x)"),
        ("b1*exp[-b2*x]", "b1*exp(-b2*x)"),
        ("Max[x, y]", "max(x, y)"),
        ("IF(x > 0, x, -x)", "where(x > 0, x, -x)"),
        ("np.sin(x)", "sin(x)"),
        ("jax.numpy.sin(x)", "sin(x)"),
        ("torch.nn.functional.softplus(x)*2", "softplus(x)*2"),
        ("math.pi*math.exp(x)", "pi*exp(x)"),
        ("Math.max(x, 0) + y", "max(x, 0) + y"),
        ("np.maximum(x, y)", "max(x, y)"),
        ("np.sum([x, y])", "sum([x, y])"),
        ("sin[0] + np.cos(np.pi*x)", "sin(0) + cos(pi*x)"),
    ],
)  # fmt: skip
def test_functions_by_other_names(foreign: str, ours: str) -> None:
    same(foreign, ours)


def test_a_word_is_a_variable_wherever_it_was_one() -> None:
    assert parse("EXP*x + np").variables == ["EXP", "np", "x"]
    assert parse("exp[1]*x", shapes={"exp": (2,)}).variables == ["exp[0]", "exp[1]", "x"]
    assert parse("exp = [x, 2]; exp[0]").notes == []
    assert parse("sin + sin(x)").notes == []


@pytest.mark.parametrize("word", DISPUTED)
def test_a_word_with_two_meanings_is_refused_with_both(word: str) -> None:
    error = refused(f"{word}(x)")
    assert error.hint == "write {} or {}".format(*DISPUTED[word])
    for ours in DISPUTED[word]:
        assert parse(ours).outputs


def test_what_a_library_has_and_we_have_not_is_refused() -> None:
    assert "'foo' of this library is not known" in refused("np.foo + 1").message
    assert "unknown function 'foo'" in refused("np.foo(x)").message
    assert refused("x.real").message == "a '.' stands alone"
