"""Ours beside what PyTorch gave: conventions at special points, functions, printed tensors.

The cases stand in special_points.py, which record_pytorch.py runs on PyTorch.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from gradcalc import autograd as torch


def _cases():
    path = Path(__file__).with_name("special_points.py")
    spec = importlib.util.spec_from_file_location("autograd_special_points", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cases = _cases()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy's, about the very points we ask for
@pytest.mark.parametrize(("name", "f", "point"), cases.SPECIAL_POINTS,
                         ids=[case[0] for case in cases.SPECIAL_POINTS])  # fmt: skip
def test_conventions_at_special_points_are_pytorchs(data, name, f, point):
    ours = [x.item() for x in cases.gradients_at(torch, f, point)]
    theirs = [float(g) for g in data("special_points.json")["points"][name]]
    np.testing.assert_array_equal(ours, cases.DIVERGENCES.get(name, theirs))


@pytest.mark.parametrize(("name", "f", "points"), cases.FUNCTIONS,
                         ids=[case[0] for case in cases.FUNCTIONS])  # fmt: skip
def test_gradients_of_functions_are_pytorchs(data, name, f, points):
    for point in points:
        ours = [x.item() for x in cases.gradients_at(torch, f, point)]
        theirs = [float(g) for g in data("functions.json")["functions"][f"{name} at {point}"]]
        # PyTorch's own formulas cancel near the edges: this checks the function, not the digits.
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", cases.REPRESENTATIONS)
def test_tensors_print_as_pytorchs_do(data, name):
    assert cases.REPRESENTATIONS[name](torch) == data("representations.json")["texts"][name]
