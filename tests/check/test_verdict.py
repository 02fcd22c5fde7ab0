"""The sentence and the JSON of a verdict."""

from __future__ import annotations

import json
import math

import mpmath
import pytest

from gradcalc.check.compare import LIMIT, Unchecked, compare, error
from gradcalc.check.verdict import Verdict, Worst

WORST = Worst("f2", "x1", 1.0000000000000007, 1.0, 3.0)


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (
            Verdict("sympy", True, 4, 4, values=2),
            "✓ sympy: 4 entries and 2 values agree, exact",
        ),
        (
            Verdict("sympy", True, 4, 4, 3.0, WORST, values=2),
            "✓ sympy: 4 entries and 2 values agree, worst 3 ulp (df2/dx1)",
        ),
        (
            Verdict("mpmath", True, 3, 4, values=1, reason="1 entry not checked (kink)"),
            "✓ mpmath: 3 of 4 entries and 1 value agree, exact; 1 entry not checked (kink)",
        ),
        (Verdict("sympy", True, values=1), "✓ sympy: 1 value agrees, exact"),
        (
            Verdict(
                "sympy", False, 4, 4, 1e9,
                Worst("f1", "x1", -8.2796037e-3, -8.3333333332778e-07, 1e9), values=1, wrong=3,
            ),
            "✗ sympy: df1/dx1 is -0.00828, true value -8.3333333332778e-07; 2 more differ",
        ),
        (Verdict("sympy", None, 0, 4, reason="no time"), "not checked: no time"),
        (Verdict("none", None), "not checked: no check was asked for"),
    ],
)  # fmt: skip
def test_the_line(verdict: Verdict, line: str) -> None:
    assert verdict.line == line


def test_numbers_that_differ_late_are_shown_apart() -> None:
    worst = Worst("f1", "x", 0.3333333333333, 0.3333333333336, 1e4)
    line = Verdict("sympy", False, 1, 1, 1e4, worst, wrong=1).line
    ours, true = line.split(" is ")[1].split(", true value ")
    assert float(ours) == pytest.approx(0.3333333333333, abs=1e-14)
    assert float(true) == pytest.approx(0.3333333333336, abs=1e-14)


def test_json_is_strict() -> None:
    worst = Worst("f1", "x", math.inf, 1.0, math.inf)
    shown = Verdict("sympy", False, 1, 1, math.inf, worst, wrong=1).as_json()
    assert json.loads(json.dumps(shown, allow_nan=False)) == {
        "method": "sympy", "passed": False, "outcome": "disagrees", "proven": False,
        "max_ulp": None, "checked": 1, "total": 1, "values": 0,
        "worst": {"output": "f1", "variable": "x", "ours": None, "true": 1.0, "ulps": None},
    }  # fmt: skip
    assert Verdict("none", None).as_json()["max_ulp"] is None


def test_errors_are_measured_at_the_larger_of_truth_and_scale() -> None:
    assert error(1 + 2**-52, mpmath.mpf(1), 0.0) == pytest.approx(1)
    assert error(2**-52, mpmath.mpf(0), 1.0) == pytest.approx(1)
    assert error(2**-52, mpmath.mpf(0), 0.0) > LIMIT
    assert error(5e-324, mpmath.mpf(0), 0.0) == pytest.approx(1)
    assert error(math.inf, mpmath.mpf(10) ** 400, 0.0) == 0
    assert error(math.inf, mpmath.mpf(1), math.inf) == math.inf
    assert error(1e308, mpmath.inf, 0.0) == math.inf
    assert error(0.5, mpmath.mpf(1), math.inf) > LIMIT  # an infinite scale excuses nothing


def test_what_is_not_known_is_counted_by_reason() -> None:
    found = compare([1, 2, math.nan, 4], [mpmath.mpf(1), Unchecked("kink"), mpmath.mpf(3),
                    Unchecked("kink")], [0] * 4)  # fmt: skip
    assert found.checked == 1
    assert found.unchecked == {"kink": 2, "nan in doubles": 1}
