"""No ✓ on a wrong digit and no ✗ on a right answer, whatever is typed.

GRADCALC_LONG=N makes N examples of each kind and not the few usual ones; every example is made by
its number, and ``python -m tests.attack KIND FIRST COUNT`` runs a part of them.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from tests.attack.finding import Finding
from tests.attack.judging import ATTACKS

LONG = int(os.environ.get("GRADCALC_LONG", "0"))
FEW = 12


def attack(kind: str, number: int) -> tuple[str, list[Finding]]:
    """The outcome of one example, and what is wrong with it."""
    return ATTACKS[kind](Random(f"{kind} {number}"))


@pytest.mark.parametrize("kind", list(ATTACKS))
def test_nothing_wrong_passes_and_nothing_right_is_condemned(kind: str) -> None:
    for number in range(LONG or FEW):
        _, findings = attack(kind, number)
        assert not findings, (kind, number, findings)
