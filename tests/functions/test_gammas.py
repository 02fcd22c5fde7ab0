"""The gamma family and erfc: nearly always the nearest double; at the ends, what scipy says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from gradcalc.functions import gammas, normal

ORDERS = (1, 2, 3, 11)
FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "gamma": (gammas.gamma, mp.gamma, special.gamma),
    "lgamma": (gammas.lgamma, lambda x: mp.re(mp.loggamma(x)), special.gammaln),
    "digamma": (gammas.digamma, lambda x: mp.psi(0, x), special.digamma),
    "erfc": (normal.erfc, mp.erfc, special.erfc),
    **{
        f"polygamma {n}": (
            lambda x, n=n: gammas.polygamma(n, x),
            lambda x, n=n: mp.psi(n, x),
            lambda x, n=n: special.polygamma(n, x),
        )
        for n in ORDERS
    },
}
NAMED = pytest.mark.parametrize("name", FUNCTIONS)


def ulps(ours: float, true: Any) -> float:
    unit = max(mp.ldexp(1, mp.frexp(true)[1] - 53), mp.mpf(5e-324))
    return float(abs(mp.mpf(ours) - true) / unit)


@NAMED
@given(st.floats(1e-5, 150).filter(lambda x: abs(x - 1) > 1e-9 and abs(x - 2) > 1e-9))
def test_within_one_ulp_at_positive_numbers(name: str, x: float) -> None:
    ours, true, _ = FUNCTIONS[name]
    with mp.workdps(50):
        assert ulps(float(ours(x)), true(mp.mpf(x))) < 1


@pytest.mark.parametrize("name", ["gamma", "erfc", "polygamma 1", "polygamma 3"])
@given(st.floats(-150, -1e-5).filter(lambda x: x != np.floor(x)))
def test_within_one_ulp_at_negative_numbers(name: str, x: float) -> None:
    ours, true, _ = FUNCTIONS[name]
    with mp.workdps(50):
        assert ulps(float(ours(x)), true(mp.mpf(x))) < 1


@pytest.mark.parametrize("x", [1.4616321449683622, 1.4616321449683625, 1.4616321449683618, 1.47])
def test_digamma_keeps_its_digits_beside_its_zero(x: float) -> None:
    with mp.workdps(50):
        assert ulps(float(gammas.digamma(x)), mp.psi(0, mp.mpf(x))) < 1


@pytest.mark.parametrize("x", [1 + 1e-13, 1 - 1e-13, 2 + 1e-13, 2 - 1e-13, 1.2, 1.3, 1.8, 2.3])
def test_lgamma_keeps_its_digits_beside_its_zeros(x: float) -> None:
    with mp.workdps(50):
        assert ulps(float(gammas.lgamma(x)), mp.loggamma(mp.mpf(x))) < 1


@NAMED
def test_poles_infinities_and_nans_are_scipys(name: str) -> None:
    ours, _, theirs = FUNCTIONS[name]
    x = np.array([0.0, -0.0, np.inf, np.nan, 5e-324, 1e-310, 1e300, 1.0, 2.0])
    if name == "lgamma":
        x = x[np.abs(x) != 5e-324]  # scipy's overflow below 1e-308
        x = x[np.abs(x) != 1e-310]
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-15)


def test_at_the_negative_integers_there_is_a_pole() -> None:
    x = np.array([-1.0, -2.0, -40.0])
    assert np.isnan(gammas.gamma(x)).all()
    assert np.isnan(gammas.digamma(x)).all()
    np.testing.assert_array_equal(gammas.lgamma(x), np.inf)
    np.testing.assert_array_equal(gammas.polygamma(1, x), np.inf)
    assert np.isnan(gammas.polygamma(2, x)).all()
    assert np.isnan(gammas.polygamma(np.array([0.5, -1.0]), np.array([1.0, 1.0]))).all()


def test_numbers_arrays_and_single_precision_come_back_as_they_are() -> None:
    assert isinstance(gammas.gamma(4.5), np.float64)
    assert gammas.gamma(np.full((2, 3), 4.0)).tolist() == [[6.0] * 3] * 2
    assert gammas.gamma(np.array([4.0], np.float32)).dtype == np.float32
    assert gammas.polygamma(np.array([[0], [1]]), np.array([1.0, 2.0])).shape == (2, 2)
    assert gammas.gamma(1 + 1j) == special.gamma(1 + 1j)
