"""The true derivatives: differences of 900-digit values, from the left and from the right.

A step of 1e-250 of x (or 1e-250 at zero) leaves more than 200 right digits of a slope. Where the
two sides differ the point is a kink; where the value leaps it is a jump; where the value is not
real the slope is undefined; where slopes grow as the step shrinks, infinite. Only the functions
of ``points.py`` and mpmath are used, nothing of gradcalc. As a script it writes ``truths.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mpmath
from mpmath import mp, mpf

from tests.treacherous.points import POINTS, Point

RECORD = Path(__file__).with_name("truths.json")
DIGITS, STEP = 900, -250


def _real(value: Any) -> Any:
    if mpmath.im(value) != 0 or not mpmath.isfinite(mpmath.re(value)):
        raise ValueError(value)
    return mpmath.re(value)


def _lgamma(x: Any) -> Any:
    if x <= 0 and x == mpmath.floor(x):
        raise ValueError(x)
    return mpmath.log(abs(mpmath.gamma(x))) if x < 100 else mpmath.loggamma(x)


def _hypot(x: Any, y: Any) -> Any:
    return mpmath.sqrt(x * x + y * y)


NAMESPACE = SimpleNamespace(
    **{name: getattr(mpmath, name) for name in ("cos", "sin", "tan", "tanh", "exp", "expm1")},
    **{name: getattr(mpmath, name) for name in ("asin", "acos", "acosh", "atanh", "atan")},
    **{name: getattr(mpmath, name) for name in ("log", "sqrt", "erf", "floor", "sign", "atan2")},
    log1p=lambda x: mpmath.log(1 + x),
    sigmoid=lambda x: 1 / (1 + mpmath.exp(-x)),
    softplus=lambda x: mpmath.log(1 + mpmath.exp(x)),
    lgamma=_lgamma,
    hypot=_hypot,
    gamma=mpmath.gamma,
    erfc=mpmath.erfc,
    cbrt=lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    mod=lambda x, y: x % mpf(y),
    abs=abs,
    max=max,
    min=min,
    clamp=lambda x, low, high: min(max(x, mpf(low)), mpf(high)),
    relu=lambda x: max(x, mpf(0)),
)


def _where(condition: bool, yes: Any, no: Any) -> Any:
    return yes() if condition else no()


NAMESPACE.where = _where


def _value(point: Point, x: Any) -> Any:
    return _real(mpf(1) * point.function(NAMESPACE, x))


def _slope(point: Point, step: Any) -> Any:
    x = mpf(point.x)
    return (_value(point, x + step) - _value(point, x)) / step


def _side(point: Point, sign: int) -> Any:
    """The one-sided slope; None where there is no value on this side, NaN at a jump."""
    x = mpf(point.x)
    step = sign * (abs(x) or mpf(1)) * mpf(10) ** STEP
    try:
        far, near = _slope(point, step * mpf(10) ** 50), _slope(point, step)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    if abs(near) < mpf(10) ** -500 or abs(near) < mpf(10) ** -20 * abs(far):
        return mpf(0)
    if abs(near) > mpf(10) ** 50 * abs(far) * (1 - mpf(10) ** -20) > 0:  # the rise does not shrink
        return mpmath.nan
    if abs(near - far) < mpf(10) ** -20 * abs(near):
        return near
    return mpmath.inf * mpmath.sign(near) if abs(near) > abs(far) else mpf(0)


def _digits(slope: Any) -> str:
    return mpmath.nstr(slope, 17, min_fixed=-5, max_fixed=17)


def truth(point: Point) -> str:
    """17 digits, '+inf', '-inf', 'undefined', 'jump', or 'left | right' at a kink."""
    with mp.workdps(DIGITS):
        try:
            _value(point, mpf(point.x))
        except (ValueError, ZeroDivisionError, OverflowError):
            return "undefined"
        left, right = _side(point, -1), _side(point, 1)
        if left is None and right is None:
            return "undefined"
        if any(side is not None and mpmath.isnan(side) for side in (left, right)):
            return "jump"
        if left is None or right is None:  # the edge of a domain: the slope that there is
            return _digits(right if left is None else left)
        if left == right or mpf("inf") > abs(left - right) <= mpf(10) ** -60 * max(
            abs(left), abs(right)
        ):
            return _digits(left)
        return f"{_digits(left)} | {_digits(right)}"


if __name__ == "__main__":
    rows = [{"text": p.text, "x": p.x, "true": truth(p)} for p in POINTS]
    RECORD.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
