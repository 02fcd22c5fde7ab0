"""Every function and every slope of the table, over all that doubles can represent, in ulps.

The truth is a second table of derivatives, in mpmath at 80 digits, written without a look at the
first. ``GRADCALC_LONG=1`` takes twice as many doubles between the edges.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from gradcalc.calculus import rules
from gradcalc.functions.incomplete import betainc
from gradcalc.functions.primitives import CONVENTIONS, OPERANDS, TABLE
from gradcalc.functions.row import Primitive
from gradcalc.graph.exact import call
from tests.functions.test_primitives import condition

LONG = bool(os.environ.get("GRADCALC_LONG"))
LIMIT = 4.0
GAMMAS = ("gamma", "lgamma", "digamma", "polygamma")
DIGITS = 80
REACH = {"bessely": 1e5, "besselk": 690.0, "ellipk": 1e30,
         "ellipkn": 1e30, "ellipe": 1e30, "ellipen": 1e30, "zeta": 170.0, "zetan": 50.0,
         "sinc": 1e15, "sincn": 1e9, "cardinal": 1e9, "ei": 720.0, "expint": 700.0, "besselj": 1e5,
         "besseli": 300.0, "si": 1e9, "ci": 1e9, "erfi": 1e4}  # fmt: skip
"""How far the truth of a higher function can be had in little time."""
POSITIVE = {"bessely", "besselk"}
FEW = {"bessely", "besselk", "ellipen", "ellipkn", "ellipe", "ellipk", "zeta", "zetan"}
"""Whose truth takes long."""
LARGEST = np.finfo(float).max
SMALLEST_NORMAL = 2.0**-1022
TINIEST = mp.mpf(5e-324)
VALUES = [primitive for primitive in TABLE if primitive.arity and not primitive.boolean]
SMOOTH = [primitive for primitive in VALUES if primitive.differentiable]


def _psi_nearby(x: Any) -> Any:
    """The size of the two terms that cancel in digamma between its poles, where it has zeros."""
    return abs(mp.psi(0, 1 - x)) if x < 0 else mp.mpf(0)


def _poles_nearby(n: Any, x: Any) -> Any:
    """The same for its derivatives: two poles, half a unit away, with opposite signs."""
    return mp.factorial(n) * mp.mpf(2) ** (n + 1) if x < 0 else mp.mpf(0)


ILL_POSED: dict[tuple[str, str], Callable[..., Any]] = {
    ("lgamma", ""): lambda x: mp.mpf(x < 0),  # between the poles
    ("digamma", ""): _psi_nearby,
    ("lgamma", "x"): _psi_nearby,
    ("gamma", "x"): lambda x: abs(mp.gamma(x)) * _psi_nearby(x),
    ("logaddexp", ""): lambda x, y: min(abs(max(x, y)), 1) if max(x, y) < 0 else mp.mpf(0),
    ("silu", "x"): lambda x: _share(x, 0),
    # the density has lost its digits below the normal numbers, and x is up to 39 there
    ("gelu", "x"): lambda x: _normal(x) + abs(x) * mp.mpf(SMALLEST_NORMAL),
    ("ei", ""): lambda x: mp.mpf(0.3 < x < 0.45),  # its zeros, and those below
    ("li", ""): lambda x: mp.mpf(1.3 < x < 1.6),
    ("ci", ""): lambda x: min(1, 1 / x) if x > 0.5 else mp.mpf(0),
    ("sinc", "x"): lambda x: 1 / abs(x) if abs(x) > 1 else mp.mpf(0),
    ("sincn", ""): lambda n, x: mp.pi ** (n - 1) / abs(x) if abs(x) > 0.4 else mp.mpf(0),
    ("sincn", "y"): lambda n, x: mp.pi**n / abs(x) if abs(x) > 0.4 else mp.mpf(0),
    ("cardinal", ""): lambda n, x: 1 / abs(x) if abs(x) > 1 else mp.mpf(0),
    ("cardinal", "y"): lambda n, x: 1 / abs(x) if abs(x) > 1 else mp.mpf(0),
    **{
        (name, operand): lambda n, x: mp.mpf(abs(x) > 0.5) / mp.sqrt(max(abs(x), 1))
        for name in ("besselj", "bessely")
        for operand in ("", "y")
    },
    # where the logarithm and the digamma of a density's slope cancel
    ("gammapdf", "x"): lambda a, x: _gamma_density(a, x) * (abs(mp.log(x)) + 1),
    ("gammapdf", "y"): lambda a, x: _gamma_density(a, x) * max(1, abs(a - 1) / x) / 2**9,
    ("betapdf", "x"): lambda a, b, x: _beta_density(a, b, x) * (abs(mp.log(x)) + 1),
    ("betapdf", "y"): lambda a, b, x: _beta_density(a, b, x) * (abs(mp.log1p(-x)) + 1),
    ("betapdf", "z"): lambda a, b, x: (
        _beta_density(a, b, x) * (abs(a - 1) / x + abs(b - 1) / (1 - x))
    ),
    ("zeta", "x"): lambda s: mp.mpf(s < -2) * abs(mp.zeta(s)),
    ("zetan", ""): lambda n, s: mp.mpf(s < -2) * abs(mp.zeta(s)),
    ("zetan", "y"): lambda n, s: mp.mpf(s < -2) * abs(mp.zeta(s)),
    ("polygamma", ""): _poles_nearby,
    ("polygamma", "y"): lambda n, x: _poles_nearby(n + 1, x),
}
"""Near a zero that is not at a double, no double is near enough for a relative error: there, an
ulp is one of this size."""


def _wave(n: Any, x: Any) -> Any:
    """The n-th derivative of sin(x)/x, Σ (-1)^k x^(2k-n)/((2k+1) (2k-n)!); far out by parts."""
    n = int(n)
    if abs(x) > 100:
        sines = [mp.sin(x + k * mp.pi / 2) for k in range(n + 1)]
        parts = ((-1) ** (n - k) * mp.factorial(n) / mp.factorial(k) * sines[k] / x ** (n - k + 1)
                 for k in range(n + 1))  # fmt: skip
        return mp.fsum(parts)
    with mp.extradps(60 + int(abs(x))):
        first = (n + 1) // 2
        return mp.nsum(
            lambda k: (-1) ** int(k) * x ** (2 * k - n) / ((2 * k + 1) * mp.factorial(2 * k - n)),
            [first, mp.inf],
            method="d",
        )


def _k(n: Any, x: Any) -> Any:
    with mp.workdps(30 if mp.mp.dps <= DIGITS else mp.mp.dps):  # mpmath takes a limit: slow
        return mp.besselk(abs(n), x)


def _y(n: Any, x: Any) -> Any:
    with mp.workdps(30 if mp.mp.dps <= DIGITS else mp.mp.dps):
        return mp.bessely(abs(n), x) * (-1 if n < 0 and n % 2 else 1)


def _elliptic(n: Any, m: Any, sign: int) -> Any:
    """The n-th derivative of K (1) or E (-1), by Pfaff's transformation where m < 0."""
    a, b, n = mp.mpf(sign) / 2, mp.mpf(1) / 2, int(n)
    factor = mp.pi / 2 * mp.rf(a, n) * mp.rf(b, n) / mp.factorial(n)
    if m < 0:
        return factor * (1 - m) ** (-a - n) * mp.hyp2f1(a + n, 1 - b, 1 + n, m / (m - 1))
    return factor * mp.hyp2f1(a + n, b + n, 1 + n, m)


def _zeta(s: Any, n: int) -> Any:
    return mp.zeta(s, 1, n)


def _gamma_density(a: Any, x: Any) -> Any:
    return mp.exp((a - 1) * mp.log(x) - x - mp.loggamma(a))


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    return x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b)


def _gap(n: int, x: Any, y: Any) -> Any:
    with mp.extradps(40):
        return mp.psi(n, x) - mp.psi(n, x + y)


def _share(x: Any, y: Any) -> Any:
    return mp.exp(min(x - y, 0)) / (1 + mp.exp(-abs(x - y)))


def _normal(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < 1e6 else mp.mpf(x > 0)


SLOPES: dict[str, list[Callable[..., Any] | None]] = {
    "add": [lambda x, y: mp.mpf(1), lambda x, y: mp.mpf(1)],
    "sub": [lambda x, y: mp.mpf(1), lambda x, y: mp.mpf(-1)],
    "mul": [lambda x, y: y, lambda x, y: x],
    "div": [lambda x, y: 1 / y, lambda x, y: -x / y**2],
    "neg": [lambda x: mp.mpf(-1)],
    "mod": [lambda x, y: mp.mpf(1), lambda x, y: -_floor(x, y)],
    "pow": [lambda x, y: y * x**y / x, lambda x, y: x**y * mp.log(x) if x > 0 else None],
    "square": [lambda x: 2 * x],
    "flow": [lambda c, d: d, lambda c, d: c],
    "sqrt": [lambda x: x ** mp.mpf("-0.5") / 2],
    "cbrt": [lambda x: mp.cbrt(abs(x)) / abs(x) / 3],
    "exp": [mp.exp],
    "exp2": [lambda x: mp.exp(x * mp.log(2)) * mp.log(2)],
    "expm1": [mp.exp],
    "log": [lambda x: 1 / x],
    "log1p": [lambda x: 1 / (1 + x)],
    "log2": [lambda x: 1 / x / mp.log(2)],
    "log10": [lambda x: 1 / x / mp.log(10)],
    "sin": [mp.cos],
    "cos": [lambda x: -mp.sin(x)],
    "tan": [lambda x: 1 / mp.cos(x) ** 2],
    "sec": [lambda x: mp.sin(x) / mp.cos(x) ** 2],
    "csc": [lambda x: -mp.cos(x) / mp.sin(x) ** 2],
    "cot": [lambda x: -1 / mp.sin(x) ** 2],
    "asin": [lambda x: 1 / mp.sqrt((1 - x) * (1 + x))],
    "acos": [lambda x: -1 / mp.sqrt((1 - x) * (1 + x))],
    "atan": [lambda x: 1 / (1 + x * x)],
    "atan2": [lambda x, y: y / (x * x + y * y), lambda x, y: -x / (x * x + y * y)],
    "sinh": [mp.cosh],
    "cosh": [mp.sinh],
    "tanh": [lambda x: 1 / mp.cosh(x) ** 2],
    "sech": [lambda x: -mp.sinh(x) / mp.cosh(x) ** 2],
    "sech2": [lambda x: -2 * mp.sinh(x) / mp.cosh(x) ** 3],
    "csch": [lambda x: -mp.cosh(x) / mp.sinh(x) ** 2],
    "coth": [lambda x: -1 / mp.sinh(x) ** 2],
    "asinh": [lambda x: 1 / mp.sqrt(1 + x * x)],
    "acosh": [lambda x: 1 / mp.sqrt((x - 1) * (x + 1))],
    "atanh": [lambda x: 1 / ((1 - x) * (1 + x))],
    "where": [None, lambda c, a, b: mp.mpf(c != 0), lambda c, a, b: mp.mpf(c == 0)],
    "abs": [lambda x: mp.sign(x)],
    "relu": [lambda x: mp.mpf(x > 0)],
    "max": [lambda x, y: mp.mpf(x > y), lambda x, y: mp.mpf(y > x)],
    "min": [lambda x, y: mp.mpf(x < y), lambda x, y: mp.mpf(y < x)],
    "clamp": [
        lambda x, lo, hi: mp.mpf(lo < x < hi),
        lambda x, lo, hi: mp.mpf(x < lo <= hi),
        lambda x, lo, hi: mp.mpf(hi < x or hi < lo),
    ],
    "hypot": [lambda x, y: x / mp.sqrt(x * x + y * y), lambda x, y: y / mp.sqrt(x * x + y * y)],
    "erf": [lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)],
    "erfc": [lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x)],
    "gaussian": [lambda x: -2 * x * mp.exp(-x * x)],
    "gamma": [lambda x: mp.gamma(x) * mp.psi(0, x)],
    "lgamma": [lambda x: mp.psi(0, x)],
    "digamma": [lambda x: mp.psi(1, x)],
    "acot": [lambda x: -1 / (1 + x * x)],
    "asec": [lambda x: 1 / (abs(x) * mp.sqrt((x - 1) * (x + 1)))],
    "acsc": [lambda x: -1 / (abs(x) * mp.sqrt((x - 1) * (x + 1)))],
    "acoth": [lambda x: 1 / ((1 - x) * (1 + x))],
    "asech": [lambda x: -1 / (x * mp.sqrt((1 - x) * (1 + x)))],
    "acsch": [lambda x: -1 / (abs(x) * mp.sqrt(1 + x * x))],
    "expx2": [lambda x: 2 * x * mp.exp(x * x)],
    "erfi": [lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(x * x)],
    "normpdf": [lambda x: -x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)],
    "normcdf": [lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)],
    "logit": [lambda x: 1 / x / (1 - x)],
    "logaddexp": [lambda x, y: _share(x, y), lambda x, y: _share(y, x)],
    "share": [
        lambda x, y: mp.sech((x - y) / 2) ** 2 / 4,
        lambda x, y: -(mp.sech((x - y) / 2) ** 2) / 4,
    ],
    "xlogy": [lambda x, y: mp.log(y) if y else None, lambda x, y: x / y if y else None],
    "silu": [lambda x: _share(x, 0) * (1 + x * _share(-x, 0))],
    "gelu": [lambda x: _normal(x) + x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)],
    "elu": [
        lambda x, a: mp.mpf(1) if x > 0 else a * mp.exp(x),
        lambda x, a: mp.mpf(0) if x > 0 else mp.expm1(x),
    ],
    "leaky_relu": [lambda x, a: mp.mpf(1) if x > 0 else a, lambda x, a: mp.mpf(0) if x > 0 else x],
    "sinc": [lambda x: mp.pi * _wave(1, mp.pi * x)],
    "sincn": [None, lambda n, x: mp.pi ** (n + 1) * _wave(n + 1, mp.pi * x)],
    "cardinal": [None, lambda n, x: _wave(n + 1, x)],
    "si": [mp.sinc],
    "ci": [lambda x: mp.cos(x) / x],
    "ei": [lambda x: mp.exp(x) / x],
    "li": [lambda x: 1 / mp.log(x) if x else None],
    "expint": [None, lambda n, x: -mp.expint(n - 1, x)],
    "besselj": [None, lambda n, x: mp.besselj(n, x, derivative=1)],
    "bessely": [None, lambda n, x: (_y(n - 1, x) - _y(n + 1, x)) / 2],
    "besselk": [None, lambda n, x: -(_k(n - 1, x) + _k(n + 1, x)) / 2],
    "ellipk": [lambda m: _elliptic(1, m, 1)],
    "ellipkn": [None, lambda n, m: _elliptic(n + 1, m, 1)],
    "ellipe": [lambda m: _elliptic(1, m, -1) if m < 1 else None],
    "ellipen": [None, lambda n, m: _elliptic(n + 1, m, -1) if m < 1 else None],
    "besseli": [None, lambda n, x: (mp.besseli(abs(n - 1), x) + mp.besseli(n + 1, x)) / 2],
    "lambertw": [lambda x: mp.exp(-mp.lambertw(x).real) / (1 + mp.lambertw(x).real)],
    "lambertwp": [lambda x: mp.exp(-mp.lambertw(x).real) / (1 + mp.lambertw(x).real)],
    "erfinv": [lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(mp.erfinv(x) ** 2)],
    "erfinvd": [lambda x: mp.pi / 2 * mp.erfinv(x) * mp.exp(2 * mp.erfinv(x) ** 2)],
    "polygamma": [None, lambda n, x: mp.psi(int(n) + 1, x)],
    "zeta": [lambda s: _zeta(s, 1)],
    "zetan": [None, lambda n, s: _zeta(s, int(n) + 1)],
    "beta": [
        lambda x, y: mp.beta(x, y) * _gap(0, x, y),
        lambda x, y: mp.beta(x, y) * _gap(0, y, x),
    ],
    "psigap": [
        None,
        lambda n, x, y: _gap(int(n) + 1, x, y),
        lambda n, x, y: -mp.psi(int(n) + 1, x + y),
    ],
    "gammainc": [None, _gamma_density],
    "gammaincc": [None, lambda a, x: -_gamma_density(a, x)],
    "gammapdf": [
        lambda a, x: _gamma_density(a, x) * (mp.log(x) - mp.psi(0, a)),
        lambda a, x: _gamma_density(a, x) * ((a - 1) / x - 1),
    ],
    "betainc": [None, None, _beta_density],
    "betapdf": [
        lambda a, b, x: _beta_density(a, b, x) * (mp.log(x) - _gap(0, a, b)),
        lambda a, b, x: _beta_density(a, b, x) * (mp.log1p(-x) - _gap(0, b, a)),
        lambda a, b, x: _beta_density(a, b, x) * ((a - 1) / x - (b - 1) / (1 - x)),
    ],
    "sigmoid": [lambda x: mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2],
    "softplus": [lambda x: 1 / (1 + mp.exp(-x))],
}


def _first_two(slope: Any, x: Any, y: Any, _: Any) -> Any:
    return slope(x, y)


for _rows in CONVENTIONS.values():
    SLOPES |= {row.name: SLOPES[TABLE[code].name] for code, row in _rows.items()}
for _name in ("max", "min"):
    SLOPES[f"even_{_name}"] = [*(partial(_first_two, slope) for slope in SLOPES[_name]), None]


def _floor(x: Any, y: Any) -> Any:
    with mp.workdps(700):
        return mp.floor(x / y)


# --- where ----------------------------------------------------------------------------------------

EDGES = [0.0, 0.5, 1.0, 2.0, 3.0, 14.0, 19.1, 20.0, 22.0, 26.5, 27.0, 36.7, 37.0, 40.0, 170.5,
         171.5, 354.0, 372.0, 700.0, 709.7, 710.4, 744.4, 745.2, 1e8, 2.0**52, 2.0**53 + 2, 1e16,
         1.3e154, 1.4e154, 1e155, 1e160, 2.2250738585072014e-308, 5e-324, 1e-310,
         1.7976931348623157e308, 1e308, 8.9e307, *(np.pi / 2 * np.arange(1, 9)),
         *(np.log(2) * np.arange(1, 4)), 1e22, 3e5]  # fmt: skip


@cache
def line(every: int = 1 if LONG else 2) -> Any:
    """Doubles of all sizes, more of them where functions have their edges; of those between, one of
    ``every`` so many."""
    rng = np.random.default_rng(12)
    edges = np.array(EDGES)
    near = [np.nextafter(edges, np.inf), np.nextafter(edges, 0)]
    away = [s * 10.0**-k for k in (3, 6, 9, 12, 15) for s in (-1, 1)]
    beside = [edge * (1 + part) for edge in (0.5, 1.0, np.pi / 2) for part in away]
    scales = rng.uniform(1, 10, 121) * 10.0 ** np.arange(-300, 305, 5)
    between = np.concatenate([
        scales, rng.uniform(0, 1, 30), rng.uniform(0, 6, 40), rng.uniform(0, 40, 40),
        rng.uniform(0, 760, 30), 10.0 ** rng.uniform(-9, 9, 40),
    ])  # fmt: skip
    positive = np.concatenate([edges, *near, beside, between[::every]])
    positive = positive[np.isfinite(positive)]
    return np.concatenate([positive, -positive])


def _pairs(count: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(34)
    x, y = rng.choice(line(1), count), rng.choice(line(1), count)
    ordinary = rng.uniform(-9, 9, (2, count))
    near = y * rng.uniform(0.5, 2, count)  # of the same size, for hypot and atan2
    kind = rng.integers(0, 4, count)
    x = np.choose(kind, [x, ordinary[0], near, x])
    y = np.choose(kind, [y, ordinary[1], y, ordinary[1]])
    return x, y


def _powers() -> tuple[Any, Any]:
    """Powers that neither overflow nor underflow: x anything, y to fit."""
    rng = np.random.default_rng(56)
    x = np.abs(rng.choice(line(1), 500))
    x = x[x > 0]
    with np.errstate(all="ignore"):
        most = np.minimum(700 / np.abs(np.log(x)), 1e12)
    y = rng.uniform(-1, 1, x.size) * most * rng.choice([1, 1, 1e-3, 1e-20], x.size)
    whole = rng.integers(-6, 7, x.size).astype(float)
    y = np.where(rng.random(x.size) < 0.25, whole, y)
    sign = np.where((y == np.floor(y)) & (np.abs(y) < 2**53), rng.choice([-1.0, 1.0], x.size), 1.0)
    tiny = np.array([5e-324, 3e-320, 1e-310, 2.3e-308, 1e-300])
    near, far = np.array(np.meshgrid(tiny, [*tiny, *-tiny, 1e-17, 1e-9, 0.01])).reshape(2, -1)
    return np.concatenate([x * sign, near]), np.concatenate([y, far])


def _shapes(of_beta: bool) -> list[Any]:
    """Parameters of all sizes, and places about the mean and in the tails."""
    rng = np.random.default_rng(78)
    a, b = 10 ** rng.uniform(-6, 2.5, (2, 130))
    near = rng.random(130) < 0.6
    if not of_beta:
        return [a, np.where(near, a * rng.uniform(0.3, 2.5, 130), 10 ** rng.uniform(-9, 2.8, 130))]
    mean = np.clip(a / (a + b) * rng.uniform(0.7, 1.3, 130), 1e-12, 1 - 1e-12)
    return [a, b, np.where(near, mean, rng.uniform(0, 1, 130))]


def _sums() -> list[Any]:
    """Two numbers of all sizes, not alike."""
    return [*(10 ** np.random.default_rng(9).uniform(-12, 8, (2, 160)))]


DRAWN: dict[str, Callable[[], list[Any]]] = {
    **dict.fromkeys(("gammainc", "gammaincc", "gammapdf"), lambda: _shapes(False)),
    **dict.fromkeys(("betainc", "betapdf"), lambda: _shapes(True)),
    "beta": _sums,
    "psigap": lambda: [np.arange(160) % 4.0, *_sums()],
}


@cache
def operands(primitive: Primitive) -> list[Any]:
    """Operands inside the domain and off the kinks."""
    chosen: list[Any]
    if primitive.name in DRAWN:
        return DRAWN[primitive.name]()
    if primitive.name.endswith("pow"):
        chosen = [*_powers()]
    elif primitive.name in GAMMAS:
        x = line()
        x = x[x > -200]  # below, there is a pole beside every double that prints alike
        chosen = [x] if primitive.arity == 1 else [np.arange(x.size) % 5.0, x]
    elif primitive.name in REACH:
        reach, few = REACH[primitive.name], primitive.name in FEW
        x = line()[::2]
        x = x[np.abs(x) < reach]
        if primitive.name in POSITIVE:
            x = np.abs(x)
        orders = [np.arange(x.size) % (3.0 if few else 5.0)] if primitive.ordered else []
        others = [x, np.random.default_rng(7).permutation(x)][: primitive.arity - len(orders)]
        rows = _within(primitive, [*orders, *others])
        chosen_few = np.random.default_rng(8).permutation(len(rows[0]))[:120] if few else ...
        return [column[chosen_few] for column in rows]
    elif primitive.arity == 1:
        chosen = [line()]
    else:
        chosen = [*_pairs(600)][: primitive.arity]
    if primitive.arity == 3:
        chosen = [*chosen, np.random.default_rng(2).permutation(chosen[0])]
    if primitive.name == "where":
        chosen[0] = np.where(np.abs(chosen[0]) > 1, 1.0, 0.0)
    return _within(primitive, chosen)


def _within(primitive: Primitive, chosen: list[Any]) -> list[Any]:
    """Those inside the domain and off the kinks."""
    good = np.full(chosen[0].shape, True)
    if primitive.domain:
        good = condition(primitive.domain, chosen)
    if primitive.kink:
        good = good & ~condition(primitive.kink, chosen)
    return [column[good] for column in chosen]


# --- how far off ----------------------------------------------------------------------------------


def ulps(ours: float, true: Any, size: Any) -> float:
    """The error in units of the last place of the truth, or of ``size`` if that is larger."""
    if abs(true) >= LARGEST:
        return 0.0 if abs(ours) >= LARGEST / 2 and np.sign(ours) == mp.sign(true) else np.inf
    if not np.isfinite(ours):
        return 0.0 if abs(true) > LARGEST * (1 - 1e-15) else np.inf
    size = max(abs(true), size)
    unit = max(mp.ldexp(1, mp.frexp(size)[1] - 53), TINIEST) if size else TINIEST
    return float(abs(mp.mpf(ours) - true) / unit)


def assert_accurate(
    what: tuple[str, str], ours: Any, true: Callable[..., Any], columns: list[Any]
) -> None:
    """``ours`` against ``true`` at every row of ``columns``; None is no truth."""
    size: Callable[..., Any] = ILL_POSED.get(what, lambda *xs: mp.mpf(0))
    with mp.workdps(DIGITS):
        for number, *row in zip(ours.tolist(), *(c.tolist() for c in columns), strict=True):
            xs = [mp.mpf(x) for x in row]
            value: Any
            try:
                value = true(*xs)
            except ZeroDivisionError:  # a slope at the end of the domain
                value = mp.inf * np.sign(number)
            if value is None or value != value:  # mpmath has no erfc of 1e300
                continue
            error = ulps(number, value, size(*xs))
            assert error <= LIMIT, (what, row, number, mp.nstr(value, 17), error)


@pytest.mark.parametrize("primitive", VALUES, ids=lambda p: p.name)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_values(primitive: Primitive) -> None:
    columns = operands(primitive)
    assert len(columns[0]) >= (120 if LONG else 80)
    out = np.asarray(primitive.numpy(*columns), float)
    assert_accurate((primitive.name, ""), out, lambda *xs: call(primitive.code, xs), columns)


@pytest.mark.parametrize("primitive", SMOOTH, ids=lambda p: p.name)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_slopes(primitive: Primitive) -> None:
    columns = operands(primitive)
    out = np.asarray(primitive.numpy(*columns), float)
    rule = rules.rule(primitive)
    wanted = [k for k, node in enumerate(rule.outputs) if node is not None]
    partials = rules.evaluate(rule, columns, out, wanted)
    for k in wanted:
        # a value that has overflowed, or lost its digits below the normal numbers, carries none
        lost = "out" in rules.mentions(rule, k)
        full = (not lost) | ((np.abs(out) >= SMALLEST_NORMAL) | (out == 0)) & np.isfinite(out)
        ours = np.broadcast_to(np.asarray(partials[k], float), out.shape)
        true = SLOPES[primitive.name][k]
        if k < primitive.orders:
            assert np.isnan(ours).all()  # there is none
            continue
        assert true is not None
        here = [column[full] for column in columns]
        assert_accurate((primitive.name, OPERANDS[k]), ours[full], true, here)


@pytest.mark.parametrize(
    ("name", "x", "true"),
    [
        ("tanh", 14.0, "2.765760042772256489458e-12"),
        ("tanh", 20.0, "1.699341702116635583693e-17"),
        ("expm1", -40.0, "4.248354255291588995329e-18"),
        ("sigmoid", 37.0, "8.53304762574406433802e-17"),
        ("asin", 1 - 2.0**-53, "67108864.00000000186265"),
        ("acosh", 1 + 2.0**-52, "47453132.81212577381037"),
    ],
)
def test_where_others_have_no_digit_left(name: str, x: float, true: str) -> None:
    primitive = next(p for p in TABLE if p.name == name)
    out = primitive.numpy(x)
    (ours,) = rules.evaluate(rules.rule(primitive), [x], out, [0])
    with mp.workdps(40):
        assert ulps(float(ours), mp.mpf(true), mp.mpf(0)) <= LIMIT
        assert mp.almosteq(mp.mpf(true), SLOPES[name][0](mp.mpf(x)), 1e-20)  # type: ignore[misc]


def test_every_slope_has_a_truth() -> None:
    assert set(SLOPES) == {primitive.name for primitive in SMOOTH}


@pytest.mark.parametrize(("a", "b", "x"), [
    (1910.2220682483226, 237058.1544619075, 0.00801048619892053),
    (463213497.76836765, 72460.41981234521, 0.9998432505700912),
    (1.0518305130404952, 48489208.34293065, 2.4192174648902814e-08),
])  # fmt: skip
def test_betainc_where_its_density_is_a_narrow_bell(a: float, b: float, x: float) -> None:
    with mp.workdps(30):
        p, q, n = mp.mpf(a), mp.mpf(b), mp.mpf(a) + b
        width = mp.sqrt(p * q / n**3)
        log_beta = mp.loggamma(p) + mp.loggamma(q) - mp.loggamma(n)
        ends = [t for k in range(12, -1, -1) if (t := x - k * width) > 0]
        true = mp.quad(lambda t: mp.exp((p - 1) * mp.log(t) + (q - 1) * mp.log1p(-t) - log_beta),
                       [0.0, *ends] if ends[0] < 2 * width else ends)  # fmt: skip
        assert ulps(float(betainc(a, b, x)), true, mp.mpf(0)) <= 4
