"""What is a covariance, and what is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.errors import BindingError
from gradcalc.uncertainty.inputs import correlations, require_correlations

NAMES = ("V", "I", "phi")


@given(st.integers(0, 10**6), st.integers(1, 5))
def test_every_gram_matrix_is_a_covariance(seed: int, rank: int) -> None:
    root = np.random.default_rng(seed).normal(size=(3, rank))
    u, R = correlations(NAMES, root @ root.T)
    require_correlations(NAMES, R)
    assert np.allclose(R * np.outer(u, u), root @ root.T, rtol=1e-12)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([[1, 0.1, 0], [0.2, 1, 0], [0, 0, 1]], "of V and I it has 0.1, of I and V 0.2, 0.1 apart"),
        ([[1, 0, 0], [0, -1, 0], [0, 0, 1]], "the variance of I is negative, -1"),
        ([[1, 0, 0], [0, 0, 0.1], [0, 0.1, 1]], "I and phi have a covariance of 0.1"),
        ([[1, 0], [0, 1]], "is 2 × 2, for 3 quantities"),
        ([[1, 0, np.nan], [0, 1, 0], [np.nan, 0, 1]], "of V and phi is nan"),
    ],
)
def test_what_is_no_covariance_says_where(entries: list[list[float]], words: str) -> None:
    with pytest.raises(BindingError) as caught:
        correlations(NAMES, np.array(entries, float))
    assert words in caught.value.message


def test_a_correlation_beyond_one_says_by_how_much() -> None:
    _, R = correlations(NAMES, np.array([[1, 0, 0], [0, 4, 2.5], [0, 2.5, 1]]))
    with pytest.raises(BindingError, match=r"I and phi are correlated by 1.25, 0.25 beyond 1"):
        require_correlations(NAMES, R)


def test_correlations_that_contradict_each_other_are_named() -> None:
    R = np.array([[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]])
    with pytest.raises(BindingError, match=r"would have the variance -0.8") as caught:
        require_correlations(NAMES, R)
    assert "r(V, I) = 0.9" in caught.value.hint


def test_a_printed_covariance_may_be_off_in_its_last_digit() -> None:
    C = np.array([[1.0, 0.3, 0], [0.3 + 1e-12, 1.0, 0], [0, 0, 1.0]])
    correlations(NAMES, C)
