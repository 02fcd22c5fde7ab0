"""A part of the long attack: ``python -m tests.attack KIND FIRST COUNT``."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

import pytest

from tests.attack.judging import ATTACKS
from tests.attack.test_attack import attack
from tests.conftest import without_flint


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("kind", choices=ATTACKS)
    parser.add_argument("first", type=int, help="the number of the first example")
    parser.add_argument("count", type=int)
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so many")
    parser.add_argument("--without-flint", action="store_true", help="as if it were not installed")
    asked = parser.parse_args()
    if asked.without_flint:
        without_flint(pytest.MonkeyPatch())
    outcomes: Counter[str] = Counter()
    found: Counter[str] = Counter()
    start, number = time.monotonic(), asked.first
    while number < asked.first + asked.count and time.monotonic() - start < asked.seconds:
        outcome, findings = attack(asked.kind, number)
        outcomes[outcome] += 1
        for finding in findings:
            found[finding.kind] += 1
            words = " ".join(f"'{word}'" if " " in word else word for word in finding.words)
            print(f"{asked.kind} {number} {finding.kind}: gradcalc {words}")
            print(f"    {finding.what}", flush=True)
        number += 1
    examples = f"{asked.kind} {asked.first}..{number - 1}"
    print(f"{examples}: {dict(outcomes)}; {dict(found) or 'nothing found'}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
