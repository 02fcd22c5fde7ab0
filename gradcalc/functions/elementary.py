"""Elementary functions that numpy lacks, or leaves to a C library that errs by several ulps."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.functions.processor import is_vectorised


def sech(x: Any) -> Any:
    """1/cosh(x), without overflow."""
    t = np.exp(-abs(x))
    return 2 * t / (1 + t * t)


def csch(x: Any) -> Any:
    """1/sinh(x), without overflow."""
    t = np.exp(-abs(x))
    return np.copysign(2 * t, x) / -np.expm1(-2 * abs(x))


def coth(x: Any) -> Any:
    """1/tanh(x)."""
    return 1 / np.tanh(x)


def _by_quotients(x: Any) -> Any:
    cosh = np.cosh(x)
    result = 1.0 / cosh
    result /= cosh  # the square of a quotient is rounded once more
    return result


def _by_double_angle(x: Any) -> Any:
    result = np.cosh(x + x)
    result = 2.0 / (1.0 + result)  # an error of cosh counts once, in the square twice
    if result.size and (result.item(result.argmin()) if result.ndim else result) > 0.0:
        return result
    t = 2 * np.exp(-abs(x))  # where cosh(2x) overflows, sech² is not yet 0
    return np.where(np.equal(result, 0), t * t, result)


def _corrected_cbrt(x: Any) -> Any:
    root = np.cbrt(x)
    better = root - (root - x / (root * root)) / 3  # Newton's step
    return np.where(np.isfinite(better), better, root)  # 0 and infinity are right already


sech_squared = _by_quotients if is_vectorised("cosh") else _by_double_angle
"""sech(x)², within 4 ulps for every x."""


def times_sech_squared(v: Any, x: Any, out: Any = None) -> Any:
    """v sech(x)², into ``out``, which may be v."""
    if sech_squared is not _by_quotients:
        return np.multiply(v, sech_squared(x), out=out)
    cosh = np.cosh(x)
    if out is None:
        return v / cosh / cosh  # of single numbers much sooner
    return np.divide(np.divide(v, cosh, out=out), cosh, out=out)


cbrt = np.cbrt if is_vectorised("cbrt") else _corrected_cbrt
"""The real cube root."""


# --- inverses of reciprocals: never through 1/x, whose rounding they would magnify near ±1 -------


def acot(x: Any) -> Any:
    """atan(1/x), from -π/2 to π/2."""
    return np.arctan(np.divide(1.0, x + 0.0))  # -0 is 0


def _beyond_one(x: Any) -> Any:
    """√(x² - 1), for |x| >= 1, without overflow."""
    return np.sqrt(abs(x) - 1) * np.sqrt(abs(x) + 1)


def asec(x: Any) -> Any:
    """acos(1/x)."""
    angle = np.arctan(_beyond_one(x))
    return np.where(np.less(x, 0), np.pi - angle, angle)[()]


def acsc(x: Any) -> Any:
    """asin(1/x)."""
    return np.copysign(np.arctan2(1.0, _beyond_one(x)), x)


def acoth(x: Any) -> Any:
    """atanh(1/x)."""
    return np.copysign(np.log1p(np.divide(2.0, abs(x) - 1)) / 2, x)


LOG_TWO = 0.6931471805599453

_TINY = 1e-300
"""Below, 1/x might overflow, and the functions are logarithms."""


def asech(x: Any) -> Any:
    """acosh(1/x)."""
    near = np.arcsinh(np.sqrt((1 - x) * (1 + x)) / x)
    return np.where(np.less(x, _TINY), LOG_TWO - np.log(x), near)[()]


def acsch(x: Any) -> Any:
    """asinh(1/x)."""
    far = np.copysign(LOG_TWO - np.log(abs(x)), x)
    return np.where(np.less(abs(x), _TINY), far, np.arcsinh(np.divide(1.0, x)))[()]


# --- probabilities and networks -------------------------------------------------------------------


def sigmoid(x: Any) -> Any:
    """1/(1 + exp(-x)); scipy's gives 0 from -709 on."""
    t = np.exp(-abs(x))
    return np.where(x < 0, t, 1) / (1 + t)


def share(x: Any, y: Any) -> Any:
    """exp(x)/(exp(x) + exp(y)): the rounding of x - y, which exp would magnify, is taken back."""
    d = np.subtract(x, y)
    back = x - d
    lost = (x - (d + back)) + (back - y)
    t = np.exp(-abs(d)) * (1 - np.where(np.isfinite(lost), lost, 0) * np.sign(d))
    return np.where(np.equal(x, y), 0.5, np.where(d < 0, t, 1) / (1 + t))[()]


def logit(x: Any) -> Any:
    """log(x/(1 - x)); 1 - 2x is exact where the logarithm is near 0."""
    middle = np.log1p(np.divide(2 * x - 1, 1 - x))
    return np.where(abs(x - 0.5) < 0.25, middle, np.log(np.divide(x, 1 - x)))[()]


def silu(x: Any) -> Any:
    """x*sigmoid(x)."""
    half = np.exp(np.minimum(x, 0) / 2)  # below -700 the sigmoid has lost its digits
    return np.where(x < -700, (x * half) * half, x * sigmoid(np.maximum(x, -708)))[()]


def xlogy(x: Any, y: Any) -> Any:
    """x*log(y); 0 where x is 0."""
    return np.where(np.equal(x, 0), np.where(np.isnan(y), y, 0.0), x * np.log(y))[()]
