"""Lambert's W, and 1 + W that its slope needs, by Newton in long double."""

from __future__ import annotations

import numpy as np

from gradcalc.functions.long import Floats, Long, in_long_double, piecewise

_HIGH = Long(0.36787944117144233)
_LOW = Long("-1.2428753672788363e-17")


def _beyond_branch(x: Floats) -> Floats:
    """1 + W(x) in terms of p = √(2(ex + 1)), near the branch point, where p has its digits."""
    p = np.sqrt(2 * np.exp(Long(1)) * ((x + _HIGH) + _LOW))
    u = p.copy()
    for _ in range(6):  # Newton on 1 + (u - 1) exp(u) = p²/2, whose left is u²/2 + u³/3 + …
        term, value, slope = u * u / 2, u * u / 2, u.copy()
        power = u.copy()
        for k in range(3, 40):
            power = power * u / (k - 2)
            slope = slope + power
            term = power * u / k
            value = value + term
        u = np.where(slope > 0, u - (value - p * p / 2) / np.where(slope > 0, slope, 1), u)
    return u


def _halley(x: Floats) -> Floats:
    size = np.abs(x)
    w = np.where(x < 1, x / (1 + np.maximum(x, x / 2)), np.log1p(size))
    w = np.where(x > 3, np.log(size) - np.log(np.log(np.maximum(size, 3))), w)
    for _ in range(12):
        f = w - x * np.exp(-w)
        w = w - f / (1 + w - (w + 2) * f / (2 * w + 2))
    return w


def _w(x: Floats, above: int) -> Floats:
    """W(x) + ``above``, which is 0 or 1."""
    return piecewise(
        x,
        (x < -_HIGH, lambda x: np.full(x.shape, np.nan)),
        (x < -0.2, lambda x: _beyond_branch(x) + (above - 1)),
        (x == np.inf, lambda x: x),
        (x == x, lambda x: _halley(x) + above),
    )


@in_long_double
def lambertw(x: Floats) -> Floats:
    """The w with w exp(w) = x, on the principal branch."""
    return _w(x, 0)


@in_long_double
def lambertwp(x: Floats) -> Floats:
    """1 + W(x), to the last digit of the smallest."""
    return _w(x, 1)
