"""One hypothesis profile for all tests: the same examples in every run, and no deadlines.

``GRADCALC_LONG=1`` tries ten times as many.
"""

from __future__ import annotations

import gc
import os
import sys

import pytest
from hypothesis import HealthCheck, settings

# Hundreds of processes are started, and without bytecode each would compile the package again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

gc.set_threshold(100_000)  # as the command has it

settings.register_profile(
    "gradcalc",
    derandomize=True,
    deadline=None,
    max_examples=500 if os.environ.get("GRADCALC_LONG") else 50,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("gradcalc")


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """What a file's tests leave (caches, above all sympy's) is not walked again at every collection
    of garbage: that was a sixth of the time of all tests."""
    if nextitem is None or nextitem.path != item.path:
        gc.freeze()


@pytest.fixture
def no_flint(monkeypatch: pytest.MonkeyPatch) -> None:
    """python-flint is not installed."""
    without_flint(monkeypatch)


def without_flint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(sys.modules):
        if name.startswith("gradcalc.check.enclosures.") and name.endswith(("point", "sides")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "flint", None)
