"""Far out, a step that is small beside the argument is large beside the waves of the function."""

from __future__ import annotations

import mpmath
import pytest

import gradcalc
from gradcalc.check.verify import verify


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("sin(x)", 1e300),
        ("x*cos(x)", 1e200),
        ("sin(x)", 1e10),
        ("1/x + sqrt(x)", 1e300),
        ("log(x)", 1e300),
    ],
)
@pytest.mark.parametrize("method", ["mpmath", "differences"])
def test_there_too_the_slope_is_known(text: str, x: float, method: str) -> None:
    program = gradcalc.compile(text)
    entries = program.gradient([x])
    verdict = verify(program.at([x]).ask("gradient"), entries, program([x]), method=method)
    assert verdict.passed, verdict.line
    assert verdict.checked == 1


@pytest.mark.parametrize("method", ["mpmath", "differences"])
def test_waves_far_shorter_than_the_argument(method: str) -> None:
    program = gradcalc.compile("sin(1e100*x)")
    x = [1.5]
    verdict = verify(program.at(x).ask("gradient"), method=method)
    with mpmath.workdps(200):
        true = mpmath.mpf(1e100) * mpmath.cos(mpmath.mpf(1e100) * 1.5)
    assert verdict.truth[0] == float(true)
