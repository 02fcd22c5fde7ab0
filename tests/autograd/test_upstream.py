"""PyTorch's own tests, where a copy is at hand: what fails is what docs/autograd.md lists."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = "GRADCALC_PYTORCH_TESTS"
HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs" / "autograd.md"


@pytest.mark.skipif(FOLDER not in os.environ, reason=f"no copy of PyTorch's tests in {FOLDER}")
def test_pytorchs_tests_pass_but_for_those_that_are_listed():
    # In a process of its own: this engine stands in PyTorch's place there.
    done = subprocess.run(
        [sys.executable, HERE / "upstream.py"], capture_output=True, text=True, check=True
    )
    failed = set(re.findall(r"^Test\w+\.(test_\w+): (?!skipped)", done.stdout, re.MULTILINE))
    listed = set(re.findall(r"`(test_\w+)`", DOCS.read_text()))
    assert failed <= listed, failed - listed
    passed = sum(map(int, re.findall(r": (\d+) of \d+ pass", done.stdout)))
    assert passed >= 325


def test_every_listed_failure_has_a_reason():
    listed = [line for line in DOCS.read_text().splitlines() if line.startswith("| `test_")]
    assert listed
    assert all(len(line.strip("|").split("|")[1].strip()) > 8 for line in listed)
