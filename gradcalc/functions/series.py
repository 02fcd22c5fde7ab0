"""The error function and its relatives in gradcalc's own language, for languages that lack them.

``exp(x²) erfc(x) (1 + 2x)`` is smooth from 1/2 to infinity in s = (x - 3.75)/(x + 3.75); below, erf
is its power series. It is multiplied by ``gaussian``, which takes the square in exact parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial, pi, sqrt

_SCALED = (
    1.2375126308378275, -0.14024059858554702, 0.003585415485463637, 0.08227673849015107,
    -0.10880393014170385, 0.09230432116019573, -0.05869339859064512, 0.02836227742157896,
    -0.009746579546245289, 0.0017556258315111221, 0.0002937135832628262, -0.00029015397098254163,
    5.1649469698538445e-05, 2.2383862139583542e-05, -1.1445268408192124e-05, -9.72648525698864e-07,
    1.753958045745159e-06, -5.880813768928253e-08, -2.619236022632373e-07, 2.527052449859004e-08,
    4.1654858014133564e-08, -5.509354557666181e-09, -6.786676626322087e-09, 1.2805956549781685e-09,
    8.178572440419466e-10, -2.48368795698134e-10,
)  # fmt: skip
"""Powers of s: a Chebyshev interpolation, within 1.6 ulps in doubles."""

_ERF = [2 / sqrt(pi) * (-1) ** n / (factorial(n) * (2 * n + 1)) for n in range(18)]
"""Powers of x² of erf(x)/x, for |x| < 1."""


def _polynomial(coefficients: Sequence[float], x: str) -> str:
    text = repr(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        text = f"({text})*{x} + {c!r}"
    return text


_NEAR = f"b = w*w; a = w*({_polynomial(_ERF, 'b')}); "
"""a is erf(w)."""
_FAR = f"s = (t - 3.75)/(t + 3.75); r = ({_polynomial(_SCALED, 's')})/(1 + 2*t); "
"""r is exp(t²) erfc(t)."""

ERF = f"w = x; {_NEAR}c = erfc(abs(x)); where(abs(x) < 1, a, where(x < 0, c - 1, 1 - c))"
ERFC = (
    f"w = x; {_NEAR}t = min(abs(x), 1000); {_FAR}q = gaussian(t)*r; "
    "where(t < 1/2, 1 - a, where(x < 0, 2 - q, q))"
)
NORMCDF = (
    f"w = x/sqrt(2); {_NEAR}u = min(abs(x), 1000); t = u/sqrt(2); {_FAR}"
    "n = round(256*u)/256; q = exp(-n*n/2)*exp((n - u)*(n + u)/2)*r/2; "
    "where(t < 1/2, 1/2 + a/2, where(x < 0, q, 1 - q))"
)
