"""What gradcalc prints of a derivative as formulas, in any format, is a claim that is right."""

from __future__ import annotations

import numpy as np
import pytest

from gradcalc.calculus.kinds import KINDS
from gradcalc.claims.claim import Claim, Matter, read_claim
from gradcalc.engine.program import Program
from gradcalc.errors import Source
from gradcalc.formulas.derivative import derive
from gradcalc.language import parse
from gradcalc.render.formulas import Sheet, writer

TEXTS = [
    "x1**2+3*x2, x2**2+2*x1",
    "sqrt(x)/y, theta*x1, log10(x + y)**2",
    "lambda*Lambda*Omega1, Alpha*omicron",
    "r = sqrt(x**2 + y**2); x/r, atan2(y, x)/r",
    "where(x > 0 and y <= 2, x**2*y, -x/(y - 3)), abs(x)*floor(y) + cbrt(x)",
    "exp(-k_on*t)*sin(2*pi*t)**2, besselj(1, t) + asin(t/9) % 3, 1e-7*t*k_on",
    "a[0]*a[1]**2, tanh(a[0])",
    "e*x*tau + pi*y**2, x*y",
]
FORMATS = ["table", "plain", "json", "ndjson", "csv", "tsv", "latex", "markdown", "mathml", "sympy"]


def printed(text: str, form: str, **options: bool) -> str:
    write = writer(form)
    assert write is not None
    return write(Sheet("jacobian", derive(program(text).graph, KINDS["jacobian"]), **options))


def program(text: str) -> Program:
    return Program(parse(text, shapes={"a": (2,)} if "a[" in text else {}))


def claimed(text: str, claim: str) -> Claim:
    of = program(text)
    shapes = {"a": (2,)} if "a[" in text else {}
    matter = Matter(tuple(of.outputs), tuple(of.variables), shapes, {})
    return read_claim(Source(claim, "claim"), matter).fitted(matter)


def is_right(text: str, claim: str) -> bool:
    of = program(text)
    x = np.random.default_rng(0).uniform(0.1, 1.9, (16, len(of.variables)))
    ours, theirs = of.jacobian(x), claimed(text, claim).at(x, slice(None))
    return bool(np.allclose(ours, theirs, rtol=1e-9, atol=0))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_read_back(text: str, form: str) -> None:
    assert is_right(text, printed(text, form))


@pytest.mark.parametrize("form", ["table", "csv", "tsv", "latex", "markdown"])
def test_a_transposed_one_says_so_and_is_turned(form: str) -> None:
    text = "sqrt(x)/y, theta*x1"
    assert is_right(text, printed(text, form, transposed=True))


def test_a_table_in_ascii_is_read_back() -> None:
    assert is_right(TEXTS[2], printed(TEXTS[2], "table", ascii=True))


@pytest.mark.parametrize("form", FORMATS)
def test_a_wrong_one_is_wrong(form: str) -> None:
    text = "x**2*sin(y), x/y"
    assert not is_right(text, printed(text, form).replace("cos", "sin"))
