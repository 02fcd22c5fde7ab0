"""PyTorch's samples of the operators that are here, a long run: tests/autograd/samples.py."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from gradcalc import autograd as ours


def _samples():
    path = Path(__file__).with_name("samples.py")
    spec = importlib.util.spec_from_file_location("autograd_samples", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


samples = _samples()


@pytest.mark.skipif("GRADCALC_LONG" not in os.environ, reason="a long run: GRADCALC_LONG=1")
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "bool", "complex128"])
def test_pytorchs_samples_are_right_or_refused_on_purpose(dtype):
    torch = pytest.importorskip("torch")
    pytest.importorskip("expecttest")
    found = samples.survey(torch, ours, dtype=dtype)
    assert not found["wrong"]
    assert not found["leaked"]
    assert found["right"] > 2000


def test_a_wrong_number_and_a_foreign_error_are_noticed():
    one, other = np.array([1.0, 2.0]), np.array([1.0, 2.1])
    assert samples.verdict(([[one]], None), ([[one]], None), False, 1e-8)[0] == "right"
    assert samples.verdict(([[one]], None), ([[other]], None), False, 1e-8)[0] == "wrong"
    for call, word in ((lambda: ours.tensor([1.0]).view(3), "refused"),
                       (lambda: np.zeros(2).reshape(3), "leaked")):  # fmt: skip
        with pytest.raises((ValueError, RuntimeError)) as caught:
            call()
        assert samples.verdict(([[one]], None), ([], caught.value), False, 1e-8)[0] == word
