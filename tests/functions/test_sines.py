"""Sine and cosine of long arrays: within 4 ulps, and the same at every special number."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath
import numpy as np
import pytest

from gradcalc.functions import sines

Function = Callable[..., Any]


def cos_beside(x: Any) -> Any:
    tangent, out = np.empty_like(x), np.empty_like(x)
    sines.tangent(x, tangent)
    sines.cos_beside(tangent, x, out)
    return out


def sin_beside(x: Any) -> Any:
    tangent, out = np.empty_like(x), np.empty_like(x)
    sines.tangent(x, tangent)
    sines.sin_beside(tangent, cos_beside(x), x, out)
    return out


SINES = [(sines.sin, np.sin, mpmath.sin), (sines.cos, np.cos, mpmath.cos)]
BESIDE = [(sin_beside, np.sin, mpmath.sin), (cos_beside, np.cos, mpmath.cos)]
ONE = pytest.mark.parametrize(("ours", "plain", "true"), SINES, ids=["sin", "cos"])
BY_NAME = pytest.mark.parametrize(
    ("ours", "plain", "true"), SINES + BESIDE, ids=["sin", "cos", "sin beside", "cos beside"]
)


def long(numbers: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The numbers over and over, until there are enough for the quick way."""
    return np.resize(np.asarray(numbers, float), max(sines.LONG, len(numbers)))


def awkward() -> np.ndarray[Any, np.dtype[np.float64]]:
    rng = np.random.default_rng(0)
    multiples = np.arange(-300, 300)
    return np.concatenate([
        rng.uniform(-4, 4, 900),
        rng.uniform(-1e6, 1e6, 300),
        10.0 ** rng.uniform(-308, 308, 300) * rng.choice([-1, 1], 300),
        multiples * np.pi,
        rng.integers(-(2**24), 2**24, 600) * (np.pi / 2),
        np.nextafter((rng.integers(-(2**24), 2**24, 600) + 0.5) * np.pi, 0),
        (multiples + 0.5) * np.pi,
        (multiples + 0.5) * np.pi + rng.uniform(-1e-9, 1e-9, 600),
    ])  # fmt: skip


@BY_NAME
def test_within_four_ulps_of_the_truth(ours: Function, plain: Function, true: Function) -> None:
    x = awkward()
    found = ours(x)
    with mpmath.workprec(300):
        exact = [true(mpmath.mpf(number)) for number in x.tolist()]
        errors = [abs(mpmath.mpf(a) - b) for a, b in zip(found.tolist(), exact, strict=True)]
    ulps = np.array([float(e) for e in errors]) / np.spacing(np.abs(plain(x)))
    assert ulps.max() < 4


@BY_NAME
def test_zeros_infinities_and_nans_are_numpys(
    ours: Function, plain: Function, true: Function
) -> None:
    x = long([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-300, -1e-300])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(ours(x), plain(x))
        assert (np.signbit(ours(x)) == np.signbit(plain(x)))[np.isfinite(x)].all()


@BY_NAME
def test_the_place_to_write_to_may_be_the_place_read_from(
    ours: Function, plain: Function, true: Function
) -> None:
    x = awkward()
    expected = ours(x)
    if ours in (sines.sin, sines.cos):
        ours(x, out=x)
    else:
        tangent, angles = np.tan(x), x.copy()
        sines.cos_beside(tangent, x, x)
        if ours is sin_beside:
            sines.sin_beside(tangent, x, angles, x)
    np.testing.assert_array_equal(x, expected)


@ONE
@pytest.mark.parametrize("shape", [(sines.CHUNK + 1,), (3, sines.LONG), (2, 2, sines.CHUNK)])
def test_any_shape_any_strides_and_any_place_to_write_to(
    ours: Function, plain: Function, true: Function, shape: tuple[int, ...]
) -> None:
    x = np.random.default_rng(1).uniform(-9, 9, shape)
    expected, near = plain(x), partial(np.testing.assert_allclose, rtol=1e-15)
    out = np.empty(x.shape)
    near(ours(x), expected)
    assert ours(x, out=out) is out
    near(out, expected)
    strided = np.empty((*x.shape, 2))
    ours(x, out=strided[..., 0])
    near(strided[..., 0], expected)
    near(ours(x.T), plain(x.T))


@ONE
def test_a_number_has_the_same_bits_among_few_and_many(
    ours: Function, plain: Function, true: Function
) -> None:
    assert ours(np.float64(0.5)) == plain(0.5)
    x = np.random.default_rng(4).normal(size=70_000) * 10.0 ** (np.arange(70_000) % 9)
    x[5::1000], x[7::1000] = 1e300, np.nan
    with np.errstate(all="ignore"):
        together = ours(x)
        for few in (slice(0, 9), slice(5, 13), slice(60_000, 60_013), slice(1, 40_000, 3)):
            np.testing.assert_array_equal(ours(x[few].copy()), together[few])
    single = np.linspace(-2, 2, 5000, dtype=np.float32)
    np.testing.assert_array_equal(ours(single), plain(single))


def test_beside_each_other_too() -> None:
    x = np.random.default_rng(5).normal(size=5000) * 100
    for beside in (sin_beside, cos_beside):
        np.testing.assert_array_equal(beside(x[:9].copy()), beside(x)[:9])
