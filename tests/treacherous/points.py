"""Treacherous points: expressions where a derivative's digits are easily lost, or do not exist.

Each has the text, the point, and the same function once more against a module ``n`` of mathematics
(mpmath for the truth, torch, jax.numpy or autograd.numpy for the peers), so that nothing here goes
through gradcalc's parser or its table of derivatives. ``n.where`` takes its branches as functions.
``truths.json`` holds the true derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Point(NamedTuple):
    """``text`` at x = ``x``; ``function(n, x)`` is the same over the module ``n``."""

    text: str
    x: float
    function: Callable[[Any, Any], Any]


POINTS = [
    # Terms that cancel.
    Point("(1-cos(x))/x**2", 1e-5, lambda n, x: (1 - n.cos(x)) / x**2),
    Point("log(1+x)/x", 1e-10, lambda n, x: n.log(1 + x) / x),
    Point("sin(x)/x", 1e-5, lambda n, x: n.sin(x) / x),
    Point("(exp(x)-1)/x", 1e-8, lambda n, x: (n.exp(x) - 1) / x),
    Point("(x - sin(x))/x**3", 1e-4, lambda n, x: (x - n.sin(x)) / x**3),
    Point("(tan(x)-sin(x))/x**3", 1e-4, lambda n, x: (n.tan(x) - n.sin(x)) / x**3),
    Point("sqrt(x+1) - sqrt(x)", 1e15, lambda n, x: n.sqrt(x + 1) - n.sqrt(x)),
    Point("1/x - 1/(x+1)", 1e9, lambda n, x: 1 / x - 1 / (x + 1)),
    Point("log(x+1) - log(x)", 1e12, lambda n, x: n.log(x + 1) - n.log(x)),
    Point("(x+1e16) - 1e16", 1.0, lambda n, x: (x + 1e16) - 1e16),
    Point("((x+1e16) - 1e16)**2", 1.0, lambda n, x: ((x + 1e16) - 1e16) ** 2),
    Point("x**2 - (x-1)*(x+1)", 1e9, lambda n, x: x**2 - (x - 1) * (x + 1)),
    Point("(x**2-1)/(x-1)", 1 + 1e-9, lambda n, x: (x**2 - 1) / (x - 1)),
    Point("exp(x)-exp(-x)-2*x", 1e-6, lambda n, x: n.exp(x) - n.exp(-x) - 2 * x),
    Point("cos(x)**2 + sin(x)**2", 0.7, lambda n, x: n.cos(x) ** 2 + n.sin(x) ** 2),
    Point("(x-1)**7", 1.001, lambda n, x: (x - 1) ** 7),
    Point("x**3-3*x**2+3*x-1", 1.00001, lambda n, x: x**3 - 3 * x**2 + 3 * x - 1),
    Point("x/x", 3.0, lambda n, x: x / x),
    Point("(x+x)-2*x", 0.1, lambda n, x: (x + x) - 2 * x),
    Point("log(exp(x))", 1e-9, lambda n, x: n.log(n.exp(x))),
    Point("1 - tanh(x)", 19.0, lambda n, x: 1 - n.tanh(x)),
    Point("log(1 - tanh(x))", 15.0, lambda n, x: n.log(1 - n.tanh(x))),
    Point("sqrt(1+x) - 1 - x/2", 1e-6, lambda n, x: n.sqrt(1 + x) - 1 - x / 2),
    # Overflow and underflow on the way to an ordinary answer.
    Point("exp(x)/(1+exp(x))", 800.0, lambda n, x: n.exp(x) / (1 + n.exp(x))),
    Point("log(exp(x)+1)", 800.0, lambda n, x: n.log(n.exp(x) + 1)),
    Point("sqrt(x**2+1)", 1e200, lambda n, x: n.sqrt(x**2 + 1)),
    Point("x**2/x", 1e200, lambda n, x: x**2 / x),
    Point("1e300*x*1e300*1e-300", 2.0, lambda n, x: 1e300 * x * 1e300 * 1e-300),
    Point("1e-200*x*1e-200*1e300", 3.0, lambda n, x: 1e-200 * x * 1e-200 * 1e300),
    Point("(x*1e-300)*1e300", 1e-20, lambda n, x: (x * 1e-300) * 1e300),
    Point("exp(-x)*exp(x)", 740.0, lambda n, x: n.exp(-x) * n.exp(x)),
    Point("1/(1/x)", 1e-310, lambda n, x: 1 / (1 / x)),
    Point("exp(-exp(x))", 7.0, lambda n, x: n.exp(-n.exp(x))),
    Point("x**-2", 1e-120, lambda n, x: x**-2),
    Point("hypot(x, 1e200)", 1e200, lambda n, x: n.hypot(x, 1e200 + 0 * x)),
    Point("atan(x)", 1e200, lambda n, x: n.atan(x)),
    Point("atan2(x, 1e-200)", 1e-200, lambda n, x: n.atan2(x, 1e-200 + 0 * x)),
    # Tails and edges of primitives.
    Point("tanh(x)", 14.0, lambda n, x: n.tanh(x)),
    Point("tanh(x)", 20.0, lambda n, x: n.tanh(x)),
    Point("expm1(x)", -40.0, lambda n, x: n.expm1(x)),
    Point("sigmoid(x)", 37.0, lambda n, x: n.sigmoid(x)),
    Point("sigmoid(x)", -800.0, lambda n, x: n.sigmoid(x)),
    Point("softplus(x)", -40.0, lambda n, x: n.softplus(x)),
    Point("softplus(x)", 800.0, lambda n, x: n.softplus(x)),
    Point("log1p(x)", -1 + 2**-52, lambda n, x: n.log1p(x)),
    Point("log1p(x)", 1e-300, lambda n, x: n.log1p(x)),
    Point("asin(x)", 1 - 1e-12, lambda n, x: n.asin(x)),
    Point("acos(x)", -1 + 1e-12, lambda n, x: n.acos(x)),
    Point("acosh(x)", 1 + 1e-12, lambda n, x: n.acosh(x)),
    Point("atanh(x)", 1 - 1e-12, lambda n, x: n.atanh(x)),
    Point("erf(x)", 10.0, lambda n, x: n.erf(x)),
    Point("asin(x)", 1.0, lambda n, x: n.asin(x)),
    Point("sqrt(x)", 0.0, lambda n, x: n.sqrt(x)),
    # Arguments that are large.
    Point("sin(x)", 1e22, lambda n, x: n.sin(x)),
    Point("tan(x)", 1.5707963267948966, lambda n, x: n.tan(x)),
    Point("sin(x**2)", 1e10, lambda n, x: n.sin(x**2)),
    Point("cos(exp(x))", 40.0, lambda n, x: n.cos(n.exp(x))),
    Point("lgamma(x)", 1e15, lambda n, x: n.lgamma(x)),
    # 0 * inf, branches not taken, removable singularities.
    Point("x*sqrt(x)", 0.0, lambda n, x: x * n.sqrt(x)),
    Point("sqrt(x**4)", 0.0, lambda n, x: n.sqrt(x**4)),
    Point("sin(x)/x", 0.0, lambda n, x: n.sin(x) / x),
    Point("(x**2-1)/(x-1)", 1.0, lambda n, x: (x**2 - 1) / (x - 1)),
    Point(
        "where(x > 0, sqrt(x), x)", -1.0, lambda n, x: n.where(x > 0, lambda: n.sqrt(x), lambda: x)
    ),
    Point(
        "where(x > 0, log(x), 2*x)",
        0.0,
        lambda n, x: n.where(x > 0, lambda: n.log(x), lambda: 2 * x),
    ),
    Point(
        "where(x < 1, x**2, 1/(x-x))",
        0.5,
        lambda n, x: n.where(x < 1, lambda: x**2, lambda: 1 / (x - x)),
    ),
    Point(
        "where(x == 0, 1, sin(x)/x)",
        0.0,
        lambda n, x: n.where(x == 0, lambda: 1 + 0 * x, lambda: n.sin(x) / x),
    ),
    Point("where(x < 9, x, exp(x))", 5.0, lambda n, x: n.where(x < 9, lambda: x, lambda: n.exp(x))),
    Point(
        "where(x < 900, x, exp(exp(x)))",
        50.0,
        lambda n, x: n.where(x < 900, lambda: x, lambda: n.exp(n.exp(x))),
    ),
    Point(
        "where(x == 1, 1, x**2)", 1.0, lambda n, x: n.where(x == 1, lambda: 1 + 0 * x, lambda: x**2)
    ),
    Point("0*sqrt(x)", 0.0, lambda n, x: 0 * n.sqrt(x)),
    Point("prod([x, 0, 3])", 0.0, lambda n, x: x * 0 * 3),
    # Powers of zero.
    Point("x**0", 0.0, lambda n, x: x**0),
    Point("x**x", 0.0, lambda n, x: x**x),
    Point("0**x", 0.0, lambda n, x: (0 * x) ** x),
    Point("x**1.5", 0.0, lambda n, x: x**1.5),
    Point("x**0.5", 0.0, lambda n, x: x**0.5),
    Point("(-2)**x", 2.0, lambda n, x: (-2 + 0 * x) ** x),
    Point("x**3", -1e-110, lambda n, x: x**3),
    # Kinks, ties and jumps.
    Point("abs(x)", 0.0, lambda n, x: n.abs(x)),
    Point("sqrt(x**2)", 0.0, lambda n, x: n.sqrt(x**2)),
    Point("abs(x)*x", 0.0, lambda n, x: n.abs(x) * x),
    Point("abs(x)**3", 0.0, lambda n, x: n.abs(x) ** 3),
    Point("max(x, 2*x)", 0.0, lambda n, x: n.max(x, 2 * x)),
    Point("max(x, x)", 1.0, lambda n, x: n.max(x, x)),
    Point("min(x**2, x)", 1.0, lambda n, x: n.min(x**2, x)),
    Point("clamp(x, 0, 1)", 1.0, lambda n, x: n.clamp(x, 0.0, 1.0)),
    Point("relu(x)", 0.0, lambda n, x: n.relu(x)),
    Point("relu(x) - relu(-x)", 0.0, lambda n, x: n.relu(x) - n.relu(-x)),
    Point("hypot(x, 0)", 0.0, lambda n, x: n.hypot(x, 0 * x)),
    Point("norm([x, x])", 0.0, lambda n, x: n.sqrt(x**2 + x**2)),
    Point("floor(x)", 2.0, lambda n, x: n.floor(x)),
    Point("sign(x)", 0.0, lambda n, x: n.sign(x)),
    Point("where(x > 1, x**2, x)", 1.0, lambda n, x: n.where(x > 1, lambda: x**2, lambda: x)),
    Point("atan2(x, 0)", 0.0, lambda n, x: n.atan2(x, 0 * x)),
    # Outside of a domain.
    Point("sqrt(x)", -1.0, lambda n, x: n.sqrt(x)),
    Point("log(x)", -1.0, lambda n, x: n.log(x)),
    Point("log(x)", 0.0, lambda n, x: n.log(x)),
    Point("1/x", 0.0, lambda n, x: 1 / x),
    Point("asin(x)", 2.0, lambda n, x: n.asin(x)),
    Point("lgamma(x)", -1.0, lambda n, x: n.lgamma(x)),
    Point("lgamma(x)", 0.0, lambda n, x: n.lgamma(x)),
    Point("log1p(x)", -2.0, lambda n, x: n.log1p(x)),
    Point("acosh(x)", 0.5, lambda n, x: n.acosh(x)),
    Point("x**0.5", -4.0, lambda n, x: x**0.5),
    # More of all of these.
    Point(
        "(x+1)**3 - x**3 - 3*x**2 - 3*x - 1",
        0.1,
        lambda n, x: (x + 1) ** 3 - x**3 - 3 * x**2 - 3 * x - 1,
    ),
    Point("0.1*x + 0.2*x - 0.3*x", 3.0, lambda n, x: 0.1 * x + 0.2 * x - 0.3 * x),
    Point("((x+1e8)**2 - 1e16)/x", 1.0, lambda n, x: ((x + 1e8) ** 2 - 1e16) / x),
    Point("(1 + 1/x)**x", 1e12, lambda n, x: (1 + 1 / x) ** x),
    Point("log(x + sqrt(x**2+1))", -1e8, lambda n, x: n.log(x + n.sqrt(x**2 + 1))),
    Point("gamma(x+1)/gamma(x)", 150.0, lambda n, x: n.gamma(x + 1) / n.gamma(x)),
    Point("lgamma(x+1) - lgamma(x)", 1e10, lambda n, x: n.lgamma(x + 1) - n.lgamma(x)),
    Point("log(exp(x) + exp(2*x))", 400.0, lambda n, x: n.log(n.exp(x) + n.exp(2 * x))),
    Point("log(exp(-x) + exp(-2*x))", 800.0, lambda n, x: n.log(n.exp(-x) + n.exp(-2 * x))),
    Point("x*exp(1/x)*exp(-1/x)", 1e-3, lambda n, x: x * n.exp(1 / x) * n.exp(-1 / x)),
    Point("sqrt(x**2)", 1e-170, lambda n, x: n.sqrt(x**2)),
    Point("sqrt(x*x + x*x)", 1e-200, lambda n, x: n.sqrt(x * x + x * x)),
    Point("hypot(x, x)", 1e300, lambda n, x: n.hypot(x, x)),
    Point("x**-2", 1e-120, lambda n, x: x**-2.0),
    Point("x**100", 1e-3, lambda n, x: x**100.0),
    Point("(-x)**3", 2.0, lambda n, x: (-x) ** 3),
    Point("x**(1/3)", -8.0, lambda n, x: x ** (1 / 3)),
    Point("x**x", 1e-300, lambda n, x: x**x),
    Point("cbrt(x)", 0.0, lambda n, x: n.cbrt(x)),
    Point("cbrt(x)", -1e-300, lambda n, x: n.cbrt(x)),
    Point("x*cbrt(x)", 0.0, lambda n, x: x * n.cbrt(x)),
    Point("erfc(x)", 26.0, lambda n, x: n.erfc(x)),
    Point("erf(x)", 1e-300, lambda n, x: n.erf(x)),
    Point("tan(x)", 1e22, lambda n, x: n.tan(x)),
    Point("x % 3", 6.0, lambda n, x: n.mod(x, 3.0)),
    Point("x % 0.1", 1.0, lambda n, x: n.mod(x, 0.1)),
    Point("atan2(x, -1)", 0.0, lambda n, x: n.atan2(x, -1 + 0 * x)),
    Point("atan2(x, -1)", -1e-300, lambda n, x: n.atan2(x, -1 + 0 * x)),
    Point("sqrt(x-1)*sqrt(x+1)", 1.0, lambda n, x: n.sqrt(x - 1) * n.sqrt(x + 1)),
    Point("0*(1/x)", 0.0, lambda n, x: 0 * (1 / x)),
    Point(
        "where(x > 0, x*log(x), 0)",
        0.0,
        lambda n, x: n.where(x > 0, lambda: x * n.log(x), lambda: 0 * x),
    ),
    # Points that a formula treats apart.
    Point(
        "where(x == 0, 1, (exp(x)-1)/x)",
        0.0,
        lambda n, x: n.where(x == 0, lambda: 1 + 0 * x, lambda: (n.exp(x) - 1) / x),
    ),
    Point(
        "where(x == 0, 1, x/(exp(x)-1))",
        0.0,
        lambda n, x: n.where(x == 0, lambda: 1 + 0 * x, lambda: x / (n.exp(x) - 1)),
    ),
    Point(
        "where(x != 0, (1-cos(x))/x, 0)",
        0.0,
        lambda n, x: n.where(x != 0, lambda: (1 - n.cos(x)) / x, lambda: 0 * x),
    ),
    Point(
        "where(x == 1, 1, (x-1)/log(x))",
        1.0,
        lambda n, x: n.where(x == 1, lambda: 1 + 0 * x, lambda: (x - 1) / n.log(x)),
    ),
    Point(
        "where(x == 0, 1, tan(x)/x)*exp(x)",
        0.0,
        lambda n, x: n.where(x == 0, lambda: 1 + 0 * x, lambda: n.tan(x) / x) * n.exp(x),
    ),
    Point(
        "where(not x == 2, (x**2-4)/(x-2), 4)",
        2.0,
        lambda n, x: n.where(x != 2, lambda: (x**2 - 4) / (x - 2), lambda: 4 + 0 * x),
    ),
    Point(
        "where(x == 0 and x < 1, 0, x*abs(x))",
        0.0,
        lambda n, x: n.where(x == 0, lambda: 0 * x, lambda: x * n.abs(x)),
    ),
    Point(
        "where(x == 0, 0, abs(x))",
        0.0,
        lambda n, x: n.where(x == 0, lambda: 0 * x, lambda: n.abs(x)),
    ),
    Point(
        "where(x == 0, 5, sin(x)/x)",
        0.0,
        lambda n, x: n.where(x == 0, lambda: 5 + 0 * x, lambda: n.sin(x) / x),
    ),
    Point(
        "where(x == 3, x, 2*x - 3)", 3.0, lambda n, x: n.where(x == 3, lambda: x, lambda: 2 * x - 3)
    ),
    # Overflow on the way, where the truth is ordinary.
    Point("log(exp(x)+exp(1000))", 1000.0, lambda n, x: n.log(n.exp(x) + n.exp(1000 + 0 * x))),
    Point(
        "exp(x)/(exp(x)+exp(1001))",
        1000.0,
        lambda n, x: n.exp(x) / (n.exp(x) + n.exp(1001 + 0 * x)),
    ),
    Point("-log(1-1/(1+exp(-x)))", 40.0, lambda n, x: -n.log(1 - 1 / (1 + n.exp(-x)))),
    Point("exp(x)*exp(-x)*x", 1000.0, lambda n, x: n.exp(x) * n.exp(-x) * x),
    Point("sqrt(x*x + 3*x*x)", 1e160, lambda n, x: n.sqrt(x * x + 3 * x * x)),
    Point("gamma(x)/gamma(x-1)", 180.0, lambda n, x: n.gamma(x) / n.gamma(x - 1)),
    Point("(softplus(x)-x)*exp(x)", 300.0, lambda n, x: (n.softplus(x) - x) * n.exp(x)),
    Point("(1-tanh(x))**0.001", 300.0, lambda n, x: (1 - n.tanh(x)) ** 0.001),
    Point("log(1+exp(-x))*exp(x)", 800.0, lambda n, x: n.log(1 + n.exp(-x)) * n.exp(x)),
    # 0 * inf, where a slope exists.
    Point("x*x**0.5", 0.0, lambda n, x: x * x**0.5),
    Point("x**1.1*(1-x)", 0.0, lambda n, x: x**1.1 * (1 - x)),
    Point("sqrt(x**2)**2", 0.0, lambda n, x: n.sqrt(x**2) ** 2),
    Point("hypot(x, x)**2", 0.0, lambda n, x: n.hypot(x, x) ** 2),
    Point("exp(-sqrt(x**2)**3)", 0.0, lambda n, x: n.exp(-(n.sqrt(x**2) ** 3))),
    Point("asin(x)*sqrt(1-x)", 1.0, lambda n, x: n.asin(x) * n.sqrt(1 - x)),
    Point("(1-x)*sqrt(1-x)", 1.0, lambda n, x: (1 - x) * n.sqrt(1 - x)),
    Point("cbrt(x)**3", 0.0, lambda n, x: n.cbrt(x) ** 3),
    Point("cbrt(x**3)", 0.0, lambda n, x: n.cbrt(x**3)),
    Point("sqrt(x)*sqrt(x)", 0.0, lambda n, x: n.sqrt(x) * n.sqrt(x)),
    Point("sin(sqrt(x))**2", 0.0, lambda n, x: n.sin(n.sqrt(x)) ** 2),
    Point("x**0.001", 0.0, lambda n, x: x**0.001),
    Point("x**0.02", 0.0, lambda n, x: x**0.02),
    # Kinks that are none.
    Point("abs(x) - abs(-x) + x", 0.0, lambda n, x: n.abs(x) - n.abs(-x) + x),
    Point("max(x, 0) + min(x, 0)", 0.0, lambda n, x: n.max(x, 0 * x) + n.min(x, 0 * x)),
    Point("relu(x)**2", 0.0, lambda n, x: n.relu(x) ** 2),
    Point("max(x**2, -x**2)", 0.0, lambda n, x: n.max(x**2, -(x**2))),
    Point("abs(sin(x))*sin(x)", 0.0, lambda n, x: n.abs(n.sin(x)) * n.sin(x)),
    Point("clamp(x**3, 0, 1)", 0.0, lambda n, x: n.clamp(x**3, 0.0, 1.0)),
    # Steps.
    Point("floor(x) + x", 2.5, lambda n, x: n.floor(x) + x),
    Point("x*floor(x)", 2.0, lambda n, x: x * n.floor(x)),
    Point("(x - 2)*floor(x)", 2.0, lambda n, x: (x - 2) * n.floor(x)),
    Point(
        "where(floor(x) > 1, x, x**2)",
        1.5,
        lambda n, x: n.where(n.floor(x) > 1, lambda: x, lambda: x**2),
    ),
    Point("where(x/3*3 == x, x, 2*x)", 3.25, lambda n, x: x),
    # More than a hundred digits cancelled.
    Point("(hypot(1,x)-1)/x**2", 1e-60, lambda n, x: (n.hypot(1 + 0 * x, x) - 1) / x**2),
    Point("(exp(x)-1-x)/x**2", 1e-70, lambda n, x: (n.exp(x) - 1 - x) / x**2),
    Point("(2**x-1)/x", 1e-150, lambda n, x: ((2 + 0 * x) ** x - 1) / x),
    Point("log(1+x)/x", 1e-130, lambda n, x: n.log(1 + x) / x),
    Point("(atan(x)-x)/x**3", 1e-50, lambda n, x: (n.atan(x) - x) / x**3),
]
