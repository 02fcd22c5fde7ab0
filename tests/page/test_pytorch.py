"""The PyTorch code of the page is run: here by ``gradcalc.autograd``, whose names are PyTorch's;
with ``GRADCALC_LONG=1`` by PyTorch too, where it is installed."""

from __future__ import annotations

import importlib.util
import os

import numpy as np
import pytest
from hypothesis import given, settings

import gradcalc
import gradcalc.autograd
from gradcalc.functions.primitives import TABLE
from gradcalc.page.pytorch import FUNCTIONS, in_pytorch
from tests.expressions import Case, cases

TORCH = bool(os.environ.get("GRADCALC_LONG") and importlib.util.find_spec("torch"))
LIBRARIES = ["gradcalc.autograd"] + ["torch"] * TORCH


def gradient(lines: list[str], x: list[float], v: list[float], library: str) -> list[float]:
    """Run the page's code; what ``backward(v)`` leaves in x.grad."""
    torch = importlib.import_module(library)
    names = {"torch": torch}
    names["x"] = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    exec("\n".join(lines), names)
    given = torch.tensor(v if len(v) > 1 else v[0], dtype=torch.float64)
    names["y"].backward(given)
    found: list[float] = names["x"].grad.tolist()
    return found


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("x1**2+3*x2, x2**2+2*x1", [2.0, 3.0]),
        ("sin(2)*a + pi*where(a > 0 and b < 2, a, b), 3 + a*b", [2.0, 3.0]),
        ("x*y + exp(x)/(1 + v)", [1.0, 2.0, 0.5]),
        ("where(not (a > 0), 1, a**3)", [2.0]),
        ("tau*a + e", [2.0]),
    ],
)
def test_the_code_gives_the_engines_gradient(library: str, text: str, x: list[float]) -> None:
    program = gradcalc.compile(text)
    v = [1.5, -2.0][: len(program.outputs)]
    found = gradient(in_pytorch(program.graph), x, v, library)
    np.testing.assert_allclose(found, program.vjp(x, v), rtol=1e-14)


def test_an_array_is_the_tensor_itself() -> None:
    program = gradcalc.compile("mean(3*(a+3)**2)", shapes={"a": 2})
    lines = in_pytorch(program.graph)
    assert gradient(lines, [2.0, 3.0], [1.0], "gradcalc.autograd") == [15.0, 18.0]


@settings(max_examples=12)
@given(cases())
def test_any_expression_that_pytorch_has(case: Case) -> None:
    program, x = case.program(), case.point()
    lines = in_pytorch(program.graph)
    if not lines:
        return
    v = np.linspace(1, 2, len(program.outputs)).tolist()
    found = gradient(lines, x, v, "gradcalc.autograd")
    scale = program.at(x).scale("vjp", v)
    assert (np.abs(np.subtract(found, program.vjp(x, v))) <= 1e-10 * scale + 1e-200).all()


def test_there_is_no_code_where_pytorch_lacks_a_function() -> None:
    assert in_pytorch(gradcalc.compile("lambertw(x)").graph) == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_name_is_pytorchs(library: str) -> None:
    torch = importlib.import_module(library)
    assert set(FUNCTIONS) <= {primitive.name for primitive in TABLE}
    for name in FUNCTIONS.values():
        found = torch
        for part in name.split(".")[1:]:
            found = getattr(found, part)
