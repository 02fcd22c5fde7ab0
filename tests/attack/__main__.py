"""A part of the long attack: ``python -m tests.attack KIND FIRST COUNT``."""

from __future__ import annotations

import sys
import time
from collections import Counter

from tests.attack.test_attack import attack


def main() -> int:
    kind, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 1e9
    outcomes: Counter[str] = Counter()
    found: Counter[str] = Counter()
    start, done = time.monotonic(), 0
    for number in range(first, first + count):
        outcome, findings = attack(kind, number)
        outcomes[outcome] += 1
        done += 1
        for finding in findings:
            found[finding.kind] += 1
            words = " ".join(f"'{word}'" if " " in word else word for word in finding.words)
            print(
                f"{kind} {number} {finding.kind}: gradcalc {words}\n    {finding.what}", flush=True
            )
        if time.monotonic() - start > seconds:
            break
    print(f"{kind} {first}..{first + done - 1}: {dict(outcomes)}; {dict(found) or 'nothing found'}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
