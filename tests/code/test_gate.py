"""Generated code, run: it gives the engine's numbers, and the gate sees when it does not."""

from __future__ import annotations

import shutil

import pytest

from gradcalc.code.gate import judge
from gradcalc.code.languages import LANGUAGES
from gradcalc.code.printing import generate
from gradcalc.language import parse

TEXT = (
    "where(x > 0, log(x)*y, x/y) + sigmoid(x)*tanh(y), max(x, y)*abs(y) % 3, "
    "relu(x)**y + sech(x) + floor(y) + (x == y)*2, atan2(x, y) + hypot(x, y) + csch(x)"
)


def here(to: str) -> bool:
    return any(shutil.which(one.program) for one in LANGUAGES[to].tools)


RUN = [to for to in LANGUAGES if here(to)]


@pytest.mark.parametrize("to", RUN)
def test_code_has_the_numbers_of_the_engine(to: str) -> None:
    found = judge(generate(parse(TEXT), to, ("f", "jacobian", "vjp", "jvp")))
    assert found.passed, found.line
    assert found.worst <= 8
    assert found.points == 64
