"""Riemann's zeta function and its derivatives: Euler's and Maclaurin's sum, and reflection.

A derivative of order n is a coefficient of a power series in ε: all that the sum is made of is a
short series at s + ε, to be multiplied.
"""

from __future__ import annotations

from math import factorial

import numpy as np

from gradcalc.functions import gammas
from gradcalc.functions.integrals import by_order
from gradcalc.functions.long import PI, Floats, Long, in_long_double, piecewise

_TERMS = 10
_REFLECTED = -0.5
"""Below, Euler's and Maclaurin's terms cancel."""
_TAU_LOG = np.log(2 * PI)

Series = list[Floats]


def _product(a: Series, b: Series) -> Series:
    return [sum((a[i] * b[k - i] for i in range(k + 1)), start=0 * a[0]) for k in range(len(a))]


def _power(base: Floats, exponent: Floats, slope: Floats, n: int) -> Series:
    """exp(base·exponent + slope·ε), up to ε**n."""
    first = np.exp(base * exponent)
    return [first * slope**k / factorial(k) for k in range(n + 1)]


def _linear(value: Floats, n: int) -> Series:
    """value + ε."""
    zero = np.zeros(value.shape, Long)
    return [value, zero + 1, *([zero] * n)][: n + 1]


def _direct(n: int, s: Floats) -> Series:
    """The series of ζ(s + ε) for s ≥ _REFLECTED, s ≠ 1."""
    zero = np.zeros(s.shape, Long)
    total: Series = [zero + (k == 0) for k in range(n + 1)]  # 1**-s
    for k in range(2, _TERMS):
        log = np.log(Long(k))
        total = [a + b for a, b in zip(total, _power(-s, log, -log, n), strict=True)]
    size = Long(_TERMS)
    pole = [size * Long(-1) ** k / (s - 1) ** (k + 1) for k in range(n + 1)]
    tail = [p + (zero + 0.5 if k == 0 else 0) for k, p in enumerate(pole)]
    rising = _linear(s, n)
    for j, bernoulli in enumerate(gammas.BERNOULLI, start=1):
        factor = bernoulli / Long(factorial(2 * j)) / size ** (2 * j - 1)
        tail = [t + factor * r for t, r in zip(tail, rising, strict=True)]
        for more in (2 * j - 1, 2 * j):
            rising = _product(rising, _linear(s + more, n))
    log = np.log(size)
    end = _product(tail, _power(-s, log, -log, n))
    return [a + b for a, b in zip(total, end, strict=True)]


def _gamma(n: int, z: Floats) -> Series:
    """The series of Γ(z + ε) for z > 1, from that of its logarithm."""
    logs = [  # of (log Γ)'
        gammas.polygamma_of(k, z) / Long(factorial(k)) if k else gammas.digamma_positive(z)
        for k in range(n)
    ]
    found = [gammas.gamma_positive(z)]
    for k in range(1, n + 1):
        found.append(sum((logs[i] * found[k - 1 - i] for i in range(k)), start=0 * z) / k)
    return found


def _reflected(n: int, s: Floats) -> Series:
    """2 (2π)^(s-1) sin(πs/2) Γ(1-s) ζ(1-s)."""
    turned = [(-1) ** k for k in range(n + 1)]  # ε is -ε at 1 - s
    quarter = np.round(s)
    rest, phase = PI / 2 * (s - quarter), np.mod(quarter, 4)
    sine, cosine = np.sin(rest), np.cos(rest)
    waves = [sine, cosine, -sine, -cosine]

    def wave(k: int) -> Floats:
        """The k-th derivative of the sine at πs/2."""
        return np.choose((phase + k).astype(int) % 4, waves)

    series = [wave(k) * (PI / 2) ** k / Long(factorial(k)) for k in range(n + 1)]
    series = _product(series, _power(s - 1, _TAU_LOG, _TAU_LOG, n))
    others = (_gamma(n, 1 - s), _direct(n, 1 - s))
    for other in others:
        series = _product(series, [c * sign for c, sign in zip(other, turned, strict=True)])
    return [2 * c for c in series]


def _zeta(n: int, s: Floats) -> Floats:
    if n < 0:
        return np.full(s.shape, np.nan)
    scale = Long(factorial(n))
    return piecewise(
        s,
        (s == 1, lambda s: np.full(s.shape, np.nan if n else np.inf)),
        (s > 16_000, lambda s: np.full(s.shape, 1.0 if n == 0 else 0.0)),
        (s >= _REFLECTED, lambda s: scale * _direct(n, s)[n]),
        (s > -1700, lambda s: scale * _reflected(n, s)[n]),
    )


@in_long_double
def zeta(s: Floats) -> Floats:
    """ζ(s); infinity at 1, NaN where it has too many digits before the point (s < -1700)."""
    return _zeta(0, s)


@in_long_double
def zetan(n: Floats, s: Floats) -> Floats:
    """The n-th derivative of ζ."""
    return by_order(_zeta)(n, s)
