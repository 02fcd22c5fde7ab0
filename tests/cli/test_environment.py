"""What others set for sympy, mpmath and numpy breaks no answer."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SETTINGS = [
    {"SYMPY_DEBUG": "yes", "SYMPY_CACHE_SIZE": "large"},
    {"SYMPY_USE_CACHE": "debug", "SYMPY_GROUND_TYPES": "bogus", "MPMATH_STRICT": "1"},
    {"MPMATH_NOGMPY": "1", "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX2 FMA3"},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: " ".join(settings))
def test_the_answer_is_the_same_and_checked_by_sympy(settings: dict[str, str]) -> None:
    line = [sys.executable, "-m", "gradcalc", "grad", "sin(x)*exp(y)/x", "--at", "1.5,2"]
    done = subprocess.run(line, capture_output=True, text=True, env={**os.environ, **settings})
    assert done.returncode == 0
    assert "✓ sympy: 2 entries" in done.stdout
    assert "Error" not in done.stderr


def test_from_python_too_and_the_environment_is_left_as_it_was() -> None:
    settings = {"SYMPY_DEBUG": "yes", "SYMPY_CACHE_SIZE": "large", "MPMATH_STRICT": "1"}
    script = (
        "import gradcalc, os\n"
        "print(gradcalc.verify('x*sin(y)', at={'x': 1, 'y': 2}).line)\n"
        "print(os.environ['SYMPY_DEBUG'])"
    )
    line = [sys.executable, "-c", script]
    done = subprocess.run(line, capture_output=True, text=True, env={**os.environ, **settings})
    assert done.stdout.splitlines()[0].startswith("✓ sympy: 2 entries"), done.stderr
    assert done.stdout.splitlines()[1] == "yes"
