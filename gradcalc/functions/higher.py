"""Rows of the table: the higher functions, those with the names of people and of integrals.

What a row says is told in ``primitives``. A first operand without a slope is an order, a whole
number; the derivative of one order is made of others, so that all orders of differentiation are
accurate.
"""

from __future__ import annotations

from typing import Any

from gradcalc.functions.declare import binary, mp, sp, ternary, unary
from gradcalc.functions.digits import context
from gradcalc.functions.row import Lazy

balls: Any = Lazy("gradcalc.functions.higher_balls")
bessel: Any = Lazy("gradcalc.functions.bessel")
integrals: Any = Lazy("gradcalc.functions.integrals")
elliptic: Any = Lazy("gradcalc.functions.elliptic")
incomplete: Any = Lazy("gradcalc.functions.incomplete")
inverses: Any = Lazy("gradcalc.functions.inverses")
normal: Any = Lazy("gradcalc.functions.normal")
zetas: Any = Lazy("gradcalc.functions.zetas")


def _pi() -> Any:
    return sp.pi.resolve()


def _wave(n: Any, x: Any) -> Any:
    """The n-th derivative of sin(x)/x in sympy, away from 0."""
    t = sp.Dummy("t")
    return (sp.sin(t) / t).diff((t, n)).subs(t, x)


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


def _k_digits(n: int, x: Any) -> Any:
    """K_n by the series of K_0, Wronski's determinant and recurrence; mpmath takes a limit."""
    c = context()
    if x > 100:
        return c.besselk(n, x)
    with c.workprec(c.prec + int(3 * x) + 20):
        square, term, harmonic = x * x / 4, c.mpf(1), c.mpf(0)
        zero, k = -(c.log(x / 2) + c.euler) * c.besseli(0, x), 0
        while abs(term) > c.eps * abs(zero) or k < 2 * x:
            k += 1
            term, harmonic = term * square / (k * k), harmonic + c.mpf(1) / k
            zero += term * harmonic
        before, here = zero, (1 / x - c.besseli(1, x) * zero) / c.besseli(0, x)
        for k in range(1, abs(n)):
            before, here = here, before + 2 * k / x * here
        return here if n else before


def _derived(function: Any, n: Any, x: Any) -> Any:
    t = sp.Dummy("t")
    return function(t).diff((t, n)).subs(t, x)


def _elliptic(n: Any, m: Any, sign: int) -> Any:
    """The n-th derivative of π/2 F(sign/2, 1/2; 1; m), which K is with 1 and E with -1; by Pfaff's
    transformation where m < 0."""
    c, n = context(), int(n)
    a, b = c.mpf(sign) / 2, c.mpf(1) / 2
    factor = c.pi / 2 * c.rf(a, n) * c.rf(b, n) / c.factorial(n)
    if m < 0:
        return factor * (1 - m) ** (-a - n) * c.hyp2f1(a + n, b, 1 + n, m / (m - 1))
    return factor * c.hyp2f1(a + n, b + n, 1 + n, m)


def _zeta_digits(n: int, s: Any) -> Any:
    return context().zeta(s, 1, n) if n else context().zeta(s)


# A table: a row a line.
# fmt: off

unary("sinc", integrals.sinc, steps="integrals", ball=balls.sinc,
      d="sincn(1, x)",
      doc="sin(pi*x)/(pi*x), as in numpy and PyTorch; sin(x)/x is cardinal(0, x)",
      sympy=lambda x: sp.sin(_pi() * x) / (_pi() * x), mpmath=mp.sincpi)
binary("sincn", integrals.sincn, steps="integrals", ball=balls.sincn,
       dx=None, dy="sincn(x + 1, y)", domain="x >= 0 and x == floor(x)",
       doc="x-th derivative of sinc at y",
       sympy=lambda n, x: _wave(n, _pi() * x) * _pi() ** n,
       mpmath=lambda n, x: mp.pi() ** int(n) * _wave_digits(n, mp.pi() * x))
binary("cardinal", integrals.cardinal, steps="integrals", ball=balls.cardinal,
       dx=None, dy="cardinal(x + 1, y)",
       domain="x >= 0 and x == floor(x)", doc="x-th derivative of sin(y)/y, at 0 too",
       sympy=lambda n, x: _wave(n, x), mpmath=lambda n, x: _wave_digits(n, x))
unary("si", integrals.si, steps="integrals",
      d="cardinal(0, x)", doc="sine integral", sympy=sp.Si)
unary("ci", integrals.ci, steps="integrals",
      d="cos(x)/x", domain="x > 0", doc="cosine integral", sympy=sp.Ci)
unary("ei", integrals.ei, steps="integrals",
      d="exp(x/2)*(exp(x/2)/x)", domain="x != 0", aliases=("expi",),
      doc="exponential integral", sympy=sp.Ei)
unary("li", integrals.li, steps="integrals",
      d="1/log(x)", domain="x >= 0 and x != 1", doc="logarithmic integral")
binary("expint", integrals.expint, steps="integrals", ball=balls.expint,
       dx=None, dy="-expint(x - 1, y)",
       domain="x == floor(x) and (y > 0 or (y == 0 and x > 1))", aliases=("expn",),
       doc="exponential integral E_x of whole order at y",
       mpmath=lambda n, x: mp.expint(int(n), x))
binary("besselj", bessel.jv, steps="bessel", ball=balls.besselj,
       dx=None, dy="(besselj(x - 1, y) - besselj(x + 1, y))/2",
       domain="x == floor(x)",
       aliases=("jn",), doc="Bessel function J_x of whole order at y",
       mpmath=lambda n, x: mp.besselj(int(n), x))
binary("besseli", bessel.iv, steps="bessel", ball=balls.besseli,
       dx=None, dy="(besseli(x - 1, y) + besseli(x + 1, y))/2",
       domain="x == floor(x)", doc="modified Bessel function I_x of whole order at y",
       mpmath=lambda n, x: mp.besseli(int(n), x))
binary("bessely", bessel.yn, steps="bessel", ball=balls.bessely,
       dx=None,  # beyond the doubles only the larger one counts
       dy="(where(bessely(x + 1, y) < -1.79e308, 0, bessely(x - 1, y)) - bessely(x + 1, y))/2",
       plain=(None, "(bessely(x - 1, y) - bessely(x + 1, y))/2"),
       domain="x == floor(x) and y > 0", aliases=("yn",),
       doc="Bessel function Y_x of whole order at y > 0",
       mpmath=lambda n, x: mp.bessely(int(n), x))
binary("besselk", bessel.kn, steps="bessel", ball=balls.besselk,
       dx=None, dy="-(besselk(x - 1, y) + besselk(x + 1, y))/2",
       domain="x == floor(x) and y > 0", doc="modified Bessel function K_x of whole order at y > 0",
       mpmath=lambda n, x: _k_digits(int(n), x))
unary("ellipk", elliptic.ellipk, steps="elliptic", ball=balls.ellipk,
      d="ellipkn(1, x)", domain="x < 1",
      doc="complete elliptic integral K of parameter x = k**2, as in scipy", sympy=sp.elliptic_k)
binary("ellipkn", elliptic.ellipkn, steps="elliptic", ball=balls.ellipkn,
       dx=None, dy="ellipkn(x + 1, y)", domain="x >= 0 and x == floor(x) and y < 1",
       doc="x-th derivative of ellipk at y",
       sympy=lambda n, m: _derived(sp.elliptic_k, n, m),
       mpmath=lambda n, m: _elliptic(n, m, 1))
unary("ellipe", elliptic.ellipe, steps="elliptic", ball=balls.ellipe,
      d="ellipen(1, x)", domain="x <= 1",
      doc="complete elliptic integral E of parameter x = k**2, as in scipy", sympy=sp.elliptic_e)
binary("ellipen", elliptic.ellipen, steps="elliptic", ball=balls.ellipen,
       dx=None, dy="ellipen(x + 1, y)",
       domain="x >= 0 and x == floor(x) and (y < 1 or (y == 1 and x == 0))",
       doc="x-th derivative of ellipe at y",
       sympy=lambda n, m: _derived(sp.elliptic_e, n, m),
       mpmath=lambda n, m: _elliptic(n, m, -1))
unary("zeta", zetas.zeta, steps="zetas", ball=balls.zeta,
      d="zetan(1, x)", domain="x != 1 and x > -1700", doc="Riemann's zeta function")
binary("zetan", zetas.zetan, steps="zetas", ball=balls.zetan,
       dx=None, dy="zetan(x + 1, y)",
       domain="x >= 0 and x == floor(x) and y != 1 and y > -1700",
       doc="x-th derivative of zeta at y",
       sympy=lambda n, s: _derived(sp.zeta, n, s),
       mpmath=lambda n, s: _zeta_digits(int(n), s))
binary("beta", incomplete.beta, steps="incomplete", ball=balls.beta,
       dx="out*psigap(0, x, y)", dy="out*psigap(0, y, x)",
       plain=("out*(digamma(x) - digamma(x + y))", "out*(digamma(y) - digamma(x + y))"),
       domain="x > 0 and y > 0", doc="beta function, gamma(x)*gamma(y)/gamma(x + y)")
ternary("psigap", incomplete.psigap, steps="incomplete", ball=balls.psigap,
        dx=None, dy="psigap(x + 1, y, z)", dz="-polygamma(x + 1, y + z)",
        domain="x >= 0 and x < 200 and x == floor(x) and y > 0 and z >= 0",
        doc="polygamma(x, y) - polygamma(x, y + z), accurate for small z",
        sympy=lambda n, x, y: sp.polygamma(n, x) - sp.polygamma(n, x + y),
        mpmath=lambda n, x, y: mp.psi(int(n), x) - mp.psi(int(n), x + y))
binary("gammainc", incomplete.gammainc, steps="incomplete", ball=balls.gammainc,
       dx=None, dy="gammapdf(x, y)", plain=(None, "y**(x - 1)*exp(-y)/gamma(x)"),
       domain="x > 0 and y >= 0", aliases=("gammap",),
       doc="regularized lower incomplete gamma function P(x, y), as in scipy and PyTorch",
       sympy=lambda a, x: sp.lowergamma(a, x) / sp.gamma(a),
       mpmath=lambda a, x: mp.gammainc(a, 0, x, True))
binary("gammaincc", incomplete.gammaincc, steps="incomplete", ball=balls.gammaincc,
       dx=None, dy="-gammapdf(x, y)", plain=(None, "-y**(x - 1)*exp(-y)/gamma(x)"),
       domain="x > 0 and y >= 0", aliases=("gammaq",),
       doc="1 - gammainc(x, y), accurate for large y",
       sympy=lambda a, x: sp.uppergamma(a, x) / sp.gamma(a),
       mpmath=lambda a, x: mp.gammainc(a, x, None, True))
binary("gammapdf", incomplete.gammapdf, steps="incomplete", ball=balls.gammapdf,
       dx="where(y > 0, out*(log(y) - digamma(x)), where(x > 1, 0, -1/y))",
       dy="where(y > 0, out*((x - y - 1)/y), "
          "where(x > 1, gammapdf(x - 1, y), where(x == 1, -1, -out)))",
       plain=("out*(log(y) - digamma(x))", "out*((x - 1)/y - 1)"), domain="x > 0 and y >= 0",
       doc="density of the gamma distribution of shape x, y**(x - 1)*exp(-y)/gamma(x)",
       sympy=lambda a, x: x ** (a - 1) * sp.exp(-x) / sp.gamma(a),
       mpmath=lambda a, x: mp.exp((a - 1) * mp.log(x) - x) * mp.rgamma(a))
ternary("betainc", incomplete.betainc, steps="incomplete", ball=balls.betainc,
        dx=None, dy=None, dz="betapdf(x, y, z)",
        plain=(None, None, "z**(x - 1)*(1 - z)**(y - 1)/beta(x, y)"),
        domain="x > 0 and y > 0 and z >= 0 and z <= 1",
        doc="regularized incomplete beta function I_z(x, y), as in scipy",
        sympy=lambda a, b, x: sp.betainc(a, b, 0, x) / sp.beta(a, b),
        mpmath=lambda a, b, x: mp.betainc(a, b, 0, x, True))
ternary("betapdf", incomplete.betapdf, steps="incomplete", ball=balls.betapdf,
        dx="where(z == 0, where(x > 1, 0, -1/z), out*(log(z) - psigap(0, x, y)))",
        dy="where(z == 1, where(y > 1, 0, -1/(1 - z)), out*(log1p(-z) - psigap(0, y, x)))",
        dz="where(z == 0, where(x > 1, (x + y - 1)*betapdf(x - 1, y, z), "
           "where(x == 1, -y*(y - 1), -out)), "
           "where(z == 1, where(y > 1, -(x + y - 1)*betapdf(x, y - 1, z), "
           "where(y == 1, x*(x - 1), out)), out*((x - 1)/z - (y - 1)/(1 - z))))",
        plain=("out*(log(z) - digamma(x) + digamma(x + y))",
               "out*(log(1 - z) - digamma(y) + digamma(x + y))",
               "out*((x - 1)/z - (y - 1)/(1 - z))"),
        domain="x > 0 and y > 0 and z >= 0 and z <= 1",
        doc="density of the beta distribution, z**(x - 1)*(1 - z)**(y - 1)/beta(x, y)",
        sympy=lambda a, b, x: x ** (a - 1) * (1 - x) ** (b - 1) / sp.beta(a, b),
        mpmath=lambda a, b, x: mp.exp((a - 1) * mp.log(x) + (b - 1) * mp.log1p(-x)) / mp.beta(a, b))
unary("lambertw", inverses.lambertw, steps="inverses",
      d="where(x < 1, exp(-out), out/x)/lambertwp(x)",
      domain="x >= -exp(-1)",
      doc="the w with w*exp(w) = x, w >= -1", sympy=sp.LambertW,
      mpmath=_real_w)
unary("lambertwp", inverses.lambertwp, steps="inverses", ball=balls.lambertwp,
      d="where(x < 1, exp(1 - out), (out - 1)/x)/out",
      domain="x >= -exp(-1)",
      doc="1 + lambertw(x), accurate near -1/e", sympy=lambda x: 1 + sp.LambertW(x),
      mpmath=lambda x: 1 + _real_w(x))
unary("erfinv", normal.erfinv, steps="inverses", ball=balls.erfinv,
      d="erfinvd(x)", domain="x > -1 and x < 1",
      doc="inverse of the error function")
unary("erfinvd", normal.erfinvd, steps="inverses", ball=balls.erfinvd,
      d="2*erfinv(x)*out**2", domain="x > -1 and x < 1",
      doc="derivative of erfinv",
      sympy=lambda x: sp.sqrt(_pi()) / 2 * sp.exp(sp.erfinv(x) ** 2),
      mpmath=lambda x: mp.sqrt(mp.pi()) / 2 * mp.exp(mp.erfinv(x) ** 2))
