"""The normal distribution and its relatives: erfc, erfi, exp(±x²), and what networks make of them.

Rounding an argument shows x² times in these. So squares are taken in parts that are exact, or in
long double.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.functions.long import PI, Floats, Long, in_long_double, piecewise

_ROOT_TWO = np.sqrt(Long(2))
_ROOT_PI = np.sqrt(PI)
_ROOT_TAU = float(np.sqrt(2 * PI))


def _near(x: Any) -> tuple[Any, Any]:
    """|x|, and a number nearby of so few digits that its square is exact."""
    t = np.minimum(abs(x), 1000.0)  # where all is long 0 or infinite, and the square finite
    return t, np.round(256 * t) / 256


def gaussian(x: Any) -> Any:
    """exp(-x²)."""
    t, near = _near(x)
    return np.exp(-near * near) * np.exp((near - t) * (near + t))


def expx2(x: Any) -> Any:
    """exp(x²)."""
    t, near = _near(x)
    half = np.exp(near * near / 2)  # its square may overflow where the result does not
    return half * np.exp((t - near) * (t + near)) * half


def normpdf(x: Any) -> Any:
    """exp(-x²/2)/√(2π)."""
    t, near = _near(x)
    return np.exp(-near * near / 2) * np.exp((near - t) * (near + t) / 2) / _ROOT_TAU


def _erf_series(x: Floats) -> Floats:
    """exp(-x²) Σ 2ⁿ x^(2n+1) / (2n + 1)!!, whose terms are all of one sign."""
    square, term = 2 * x * x, x.copy()
    total = x.copy()
    for n in range(1, 40):
        term = term * square / (2 * n + 1)
        total += term
    return 2 / _ROOT_PI * np.exp(-x * x) * total


def _erfc_fraction(x: Floats) -> Floats:
    """Laplace's continued fraction, from the inside out."""
    inner = x.copy()
    for n in range(90, 0, -1):
        inner = x + Long(n) / 2 / inner
    return np.exp(-x * x) / (_ROOT_PI * inner)


def _erfc(x: Floats) -> Floats:
    return piecewise(
        x,
        (np.abs(x) < 2, lambda x: 1 - _erf_series(x)),
        (x > 28, lambda x: np.zeros(x.shape)),
        (x > 0, _erfc_fraction),
        (x > -28, lambda x: 2 - _erfc_fraction(-x)),
        (x < 0, lambda x: np.full(x.shape, 2.0)),
    )


@in_long_double
def erfc(x: Floats) -> Floats:
    """1 - erf(x), to the last digit of the smallest."""
    return _erfc(x)


@in_long_double
def ndtr(x: Floats) -> Floats:
    """The normal distribution function, (1 + erf(x/√2))/2."""
    return _erfc(-x / _ROOT_TWO) / 2


@in_long_double
def gelu(x: Floats) -> Floats:
    """x times the normal distribution function."""
    return x * _erfc(-x / _ROOT_TWO) / 2


def _erf(x: Floats) -> Floats:
    return piecewise(x, (np.abs(x) < 2, _erf_series), (x == x, lambda x: 1 - _erfc(x)))


def _inverse_erf(x: Floats) -> Floats:
    from scipy import special  # deferred: 200 ms

    y = special.erfinv(x.astype(float)).astype(Long)
    near = np.abs(x) < 0.5
    for _ in range(2):  # Newton, on erfc where erf is near 1
        t = np.abs(y)
        beyond = (1 - np.abs(x)) - _erfc(t)  # erf(t) - |x|
        rest = np.where(near, _erf(y) - x, np.where(y < 0, -beyond, beyond))
        step = rest * _ROOT_PI / 2 * np.exp(y * y)
        y = np.where(np.isfinite(y), y - step, y)
    return y


@in_long_double
def erfinv(x: Floats) -> Floats:
    """The y with erf(y) = x."""
    return _inverse_erf(x)


@in_long_double
def erfinvd(x: Floats) -> Floats:
    """The derivative of erfinv, √π/2 exp(y²)."""
    y = _inverse_erf(x)
    return _ROOT_PI / 2 * np.exp(y * y)


# --- erfi -----------------------------------------------------------------------------------------

_NEAR = 7
"""Up to here the power series, whose terms are all of one sign; beyond it the asymptotic one."""


def _erfi_near(x: Floats) -> Floats:
    square, power = x * x, x.copy()
    total = x.copy()
    for n in range(1, 160):
        power = power * square / n
        total += power / (2 * n + 1)
    return 2 / _ROOT_PI * total


def _erfi_far(x: Floats) -> Floats:
    inverse, term = 1 / (2 * x * x), np.ones(x.shape, Long)
    total = term.copy()
    for n in range(1, 46):
        term = term * (2 * n - 1) * inverse
        total += term
    half = np.exp(x * x / 2)  # its square may overflow where the result does not
    return half * (total / (_ROOT_PI * x)) * half


@in_long_double
def erfi(x: Floats) -> Floats:
    """-i erf(ix)."""
    return piecewise(
        x,
        (np.abs(x) < _NEAR, _erfi_near),
        (np.abs(x) < 30, _erfi_far),
        (x == x, lambda x: np.copysign(Long(np.inf), x)),
    )
