"""Both ways, the one for this processor and the one for others, are near the truth everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from gradcalc.functions import elementary

rng = np.random.default_rng(0)
NUMBERS = np.concatenate([
    rng.uniform(-3, 3, 1500),
    rng.uniform(-400, 400, 500),
    10.0 ** rng.uniform(-320, 2.5, 500) * rng.choice([-1, 1], 500),
    [0.0, -0.0, 5e-324, 1.0, 354.9, 355.1, 372.0, 373.0],
])  # fmt: skip


def real_cbrt(x: Any) -> Any:
    return mpmath.sign(x) * mpmath.cbrt(abs(x))


@pytest.mark.parametrize(
    ("ours", "true", "limit"),
    [
        (elementary.sech, mpmath.sech, 4),
        (elementary.csch, mpmath.csch, 4),
        (elementary.coth, mpmath.coth, 4),
        (elementary.sech_squared, lambda x: mpmath.sech(x) ** 2, 4),
        (elementary._by_double_angle, lambda x: mpmath.sech(x) ** 2, 4),
        (lambda x: elementary.times_sech_squared(3.0, x), lambda x: 3 * mpmath.sech(x) ** 2, 4),
        (elementary.cbrt, real_cbrt, 1),
        (elementary._corrected_cbrt, real_cbrt, 1),
    ],
    ids=[
        "sech",
        "csch",
        "coth",
        "sech²",
        "sech² by double angle",
        "3 sech²",
        "cbrt",
        "cbrt, corrected",
    ],
)
def test_near_the_truth(ours: Callable[..., Any], true: Callable[..., Any], limit: float) -> None:
    x = NUMBERS[abs(NUMBERS) > 1e-300] if true in (mpmath.csch, mpmath.coth) else NUMBERS
    with np.errstate(all="ignore"):
        found = ours(x)
    with mpmath.workdps(40):
        for a, number in zip(found.tolist(), x.tolist(), strict=True):
            exact = true(mpmath.mpf(number))
            assert abs(mpmath.mpf(a) - exact) <= limit * np.spacing(abs(float(exact))), number


@pytest.mark.parametrize("cbrt", [elementary.cbrt, elementary._corrected_cbrt])
def test_the_cube_root_of_a_zero_or_an_infinity_is_itself(cbrt: Callable[..., Any]) -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(cbrt(x), x)
        assert np.signbit(cbrt(x))[:4].tolist() == [False, True, False, True]


@pytest.mark.parametrize("sech2", [elementary.sech_squared, elementary._by_double_angle])
def test_one_number_or_none_as_well_as_many(sech2: Callable[..., Any]) -> None:
    assert sech2(np.float64(0.0)) == 1
    assert sech2(np.zeros((2, 0))).shape == (2, 0)
