"""Rows of the table: the higher functions, those with the names of people and of integrals.

What a row says is told in ``primitives``. A first operand without a slope is an order, a whole
number; the derivative of one order is made of others, so that all orders of differentiation are
accurate.
"""

from __future__ import annotations

from typing import Any

from gradcalc.functions.declare import binary, mp, sp, unary
from gradcalc.functions.digits import context
from gradcalc.functions.row import Lazy

balls: Any = Lazy("gradcalc.functions.higher_balls")
bessel: Any = Lazy("gradcalc.functions.bessel")
integrals: Any = Lazy("gradcalc.functions.integrals")
inverses: Any = Lazy("gradcalc.functions.inverses")
normal: Any = Lazy("gradcalc.functions.normal")


def _pi() -> Any:
    return sp.pi.resolve()


def _wave(n: Any, x: Any) -> Any:
    """The n-th derivative of sin(x)/x in sympy, away from 0."""
    t = sp.Dummy("t")
    return (sp.sin(t) / t).diff(t, n).subs(t, x)


def _wave_digits(n: Any, x: Any) -> Any:
    """The same in mpmath: Σ (-1)^k x^(2k-n)/((2k+1) (2k-n)!), with the digits that cancel put on
    top; far out by recurrence."""
    c, n = context(), int(n)
    if abs(x) > 100:
        waves, value = (c.sin(x), c.cos(x)), c.sin(x) / x
        for k in range(1, n + 1):
            value = ((-1) ** (k // 2) * waves[k % 2] - k * value) / x
        return value
    with c.workprec(c.prec + int(3 * abs(x)) + 20):
        total, k = c.mpf(0), (n + 1) // 2
        term = (-1) ** k * c.mpf(x) ** (2 * k - n)
        while True:
            total += term / (2 * k + 1)
            if abs(term) <= c.eps * abs(total) and 2 * k - n > abs(x):
                return total
            k += 1
            term = -term * x * x / ((2 * k - n) * (2 * k - n - 1))


def _real_w(x: Any) -> Any:
    return mp.re(mp.lambertw(x)) if x >= -mp.exp(mp.mpf(-1)) else mp.mpf("nan")


# A table: a row a line.
# fmt: off

unary("sinc", integrals.sinc, ball=balls.sinc,
      d="sincn(1, x)",
      doc="sin(pi*x)/(pi*x), as in numpy and PyTorch; sin(x)/x is cardinal(0, x)",
      sympy=lambda x: sp.sin(_pi() * x) / (_pi() * x), mpmath=mp.sincpi)
binary("sincn", integrals.sincn, ball=balls.sincn,
       dx=None, dy="sincn(x + 1, y)", domain="x >= 0 and x == floor(x)",
       doc="x-th derivative of sinc at y",
       sympy=lambda n, x: _wave(n, _pi() * x) * _pi() ** n,
       mpmath=lambda n, x: mp.pi() ** int(n) * _wave_digits(n, mp.pi() * x))
binary("cardinal", integrals.cardinal, ball=balls.cardinal,
       dx=None, dy="cardinal(x + 1, y)",
       domain="x >= 0 and x == floor(x)", doc="x-th derivative of sin(y)/y, at 0 too",
       sympy=lambda n, x: _wave(n, x), mpmath=lambda n, x: _wave_digits(n, x))
unary("si", integrals.si, d="cardinal(0, x)", doc="sine integral", sympy=sp.Si)
unary("ci", integrals.ci, d="cos(x)/x", domain="x > 0", doc="cosine integral", sympy=sp.Ci)
unary("ei", integrals.ei, d="exp(x/2)*(exp(x/2)/x)", domain="x != 0", aliases=("expi",),
      doc="exponential integral", sympy=sp.Ei)
unary("li", integrals.li, d="1/log(x)", domain="x >= 0 and x != 1", doc="logarithmic integral")
binary("expint", integrals.expint, ball=balls.expint,
       dx=None, dy="-expint(x - 1, y)",
       domain="x == floor(x) and (y > 0 or (y == 0 and x > 1))", aliases=("expn",),
       doc="exponential integral E_x of whole order at y",
       mpmath=lambda n, x: mp.expint(int(n), x))
binary("besselj", bessel.jv, ball=balls.besselj,
       dx=None, dy="(besselj(x - 1, y) - besselj(x + 1, y))/2",
       domain="x == floor(x)",
       aliases=("jn",), doc="Bessel function J_x of whole order at y",
       mpmath=lambda n, x: mp.besselj(int(n), x))
binary("besseli", bessel.iv, ball=balls.besseli,
       dx=None, dy="(besseli(x - 1, y) + besseli(x + 1, y))/2",
       domain="x == floor(x)", doc="modified Bessel function I_x of whole order at y",
       mpmath=lambda n, x: mp.besseli(int(n), x))
unary("lambertw", inverses.lambertw, d="where(x < 1, exp(-out), out/x)/lambertwp(x)",
      domain="x >= -exp(-1)",
      doc="the w with w*exp(w) = x, w >= -1", sympy=sp.LambertW,
      mpmath=_real_w)
unary("lambertwp", inverses.lambertwp, ball=balls.lambertwp,
      d="where(x < 1, exp(1 - out), (out - 1)/x)/out",
      domain="x >= -exp(-1)",
      doc="1 + lambertw(x), accurate near -1/e", sympy=lambda x: 1 + sp.LambertW(x),
      mpmath=lambda x: 1 + _real_w(x))
unary("erfinv", normal.erfinv, ball=balls.erfinv,
      d="erfinvd(x)", domain="x > -1 and x < 1",
      doc="inverse of the error function")
unary("erfinvd", normal.erfinvd, ball=balls.erfinvd,
      d="2*erfinv(x)*out**2", domain="x > -1 and x < 1",
      doc="derivative of erfinv",
      sympy=lambda x: sp.sqrt(_pi()) / 2 * sp.exp(sp.erfinv(x) ** 2),
      mpmath=lambda x: mp.sqrt(mp.pi()) / 2 * mp.exp(mp.erfinv(x) ** 2))
