"""A few random programs beside PyTorch, where it is installed: tests/autograd/differential.py."""

import importlib.util
import os
import random
import warnings
from pathlib import Path

import pytest

from gradcalc import autograd as ours


def _differential():
    path = Path(__file__).with_name("differential.py")
    spec = importlib.util.spec_from_file_location("autograd_differential", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


differential = _differential()
COUNT = 30_000 if os.environ.get("GRADCALC_LONG") else 150


@pytest.mark.parametrize("kind", ["operations", "writes"])
def test_random_programs_have_no_silent_difference(kind):
    torch = pytest.importorskip("torch")
    make = getattr(differential, kind)
    silent = []
    for number in range(COUNT):
        lines = make(random.Random(f"{kind} test {number}"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs, here = differential.run(torch, lines), differential.run(ours, lines)
        rough = any("float32" in line or "float()" in line for line in lines)
        if differential.verdict(theirs, here, rough) == "silent":
            silent.append("\n".join(lines))
    assert not silent, "\n\n".join(silent)


def test_a_wrong_number_is_noticed():
    program = ["x = torch.tensor([1.0, 2.0])", "y = x * 2", "z = y"]
    one = differential.run(ours, program)
    other = differential.run(ours, [*program, "z = y * 1.001"])
    assert differential.verdict(one, one, True) == "same"
    assert differential.verdict(one, other, True) == "silent"
