"""Rows of the table: probability, the gamma function, and what networks are made of.

What a row says is told in ``primitives``.
"""

from __future__ import annotations

from typing import Any

from gradcalc.functions import series
from gradcalc.functions.declare import binary, mp, np, sp, special, unary
from gradcalc.functions.row import Lazy
from gradcalc.limits import MOST_ORDER

elementary: Any = Lazy("gradcalc.functions.elementary")
gammas: Any = Lazy("gradcalc.functions.gammas")
normal: Any = Lazy("gradcalc.functions.normal")

# A table: a row a line.
# fmt: off

unary("gaussian", normal.gaussian, d="-2*(x*out)",
      made="t = min(abs(x), 1000); n = round(256*t)/256; exp(-n*n)*exp((n - t)*(n + t))",
      doc="exp(-x**2), accurate for large x",
      sympy=lambda x: sp.exp(-(x**2)), mpmath=lambda x: mp.exp(-x * x))
unary("expx2", normal.expx2, d="2*(x*out)",
      made="t = min(abs(x), 1000); n = round(256*t)/256; h = exp(n*n/2); h*exp((t - n)*(t + n))*h",
      doc="exp(x**2), accurate for large x",
      sympy=lambda x: sp.exp(x**2), mpmath=lambda x: mp.exp(x * x))
unary("erf", special.erf, d="2/sqrt(pi)*gaussian(x)",
      plain=("2*exp(-x**2)/sqrt(pi)",), made=series.ERF,
      elsewhere="derf erff", doc="error function")
unary("erfc", normal.erfc, d="-2/sqrt(pi)*gaussian(x)",
      plain=("-2*exp(-x**2)/sqrt(pi)",), made=series.ERFC,
      elsewhere="derfc erfcf", doc="1 - erf(x), accurate for large x")
unary("gamma", gammas.gamma, steps="gammas", d="out*digamma(x)", domain="x > 0 or x != floor(x)",
      elsewhere="tgamma dgamma", doc="gamma function")
unary("lgamma", gammas.lgamma, steps="gammas", d="digamma(x)", domain="x > 0 or x != floor(x)",
      aliases=("gammaln",), elsewhere="loggamma log_gamma lngamma lgammaf", doc="log(|gamma(x)|)",
      sympy=lambda x: sp.log(sp.Abs(sp.gamma(x))),
      mpmath=lambda x: mp.re(mp.loggamma(x)))
unary("digamma", gammas.digamma, steps="gammas", d="polygamma(1, x)",
      domain="x > 0 or x != floor(x)", aliases=("psi",), doc="derivative of log(gamma(x))")
binary("polygamma", gammas.polygamma, steps="gammas", dx=None, dy="polygamma(x + 1, y)",
       domain="x >= 0 and x <= 1000 and x == floor(x) and (y > 0 or y != floor(y))",
       doc="x-th derivative of digamma at y",
       mpmath=lambda n, x: mp.psi(n, x) if n <= MOST_ORDER else mp.mpf("nan"))
unary("erfi", normal.erfi, steps="integrals", d="2/sqrt(pi)*expx2(x)",
      plain=("2*exp(x**2)/sqrt(pi)",), doc="imaginary error function, -i*erf(i*x)")
unary("normpdf", normal.normpdf, d="-x*out",
      made="t = min(abs(x), 1000); n = round(256*t)/256; "
           "exp(-n*n/2)*exp((n - t)*(n + t)/2)/2.5066282746310002",
      doc="density of the normal distribution",
      sympy=lambda x: sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi.resolve()),
      mpmath=lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi()))
unary("normcdf", normal.ndtr, d="normpdf(x)", aliases=("ndtr",), made=series.NORMCDF,
      doc="normal distribution function, (1 + erf(x/sqrt(2)))/2",
      sympy=lambda x: sp.erfc(-x / sp.sqrt(2)) / 2,
      mpmath=lambda x: mp.erfc(-x / mp.sqrt(mp.mpf(2))) / 2)
unary("sigmoid", elementary.sigmoid, d="out*sigmoid(-x)", aliases=("expit",),
      elsewhere="logistic",
      made="t = exp(-abs(x)); where(x < 0, t, 1)/(1 + t)",
      doc="1/(1 + exp(-x))",
      sympy=lambda x: 1 / (1 + sp.exp(-x)), mpmath=lambda x: 1 / (1 + mp.exp(-x)))
unary("logit", elementary.logit, d="1/(x*(1 - x))", domain="x > 0 and x < 1",
      made="where(abs(x - 1/2) < 1/4, log1p((2*x - 1)/(1 - x)), log(x/(1 - x)))",
      doc="log(x/(1 - x)), the inverse of sigmoid",
      sympy=lambda x: sp.log(x / (1 - x)), mpmath=lambda x: mp.log(x / (1 - x)))
unary("softplus", lambda x: np.logaddexp(0, x), d="sigmoid(x)",
      elsewhere="log1pexp log1exp",
      made="max(x, 0) + log1p(exp(-abs(x)))",
      doc="log(1 + exp(x))",
      sympy=lambda x: sp.log(1 + sp.exp(x)), mpmath=lambda x: mp.log1p(mp.exp(x)))
binary("logaddexp", np.logaddexp, dx="share(x, y)", dy="share(y, x)",
       made="where(x == y, x + log(2), max(x, y) + log1p(exp(-abs(x - y))))",
       doc="log(exp(x) + exp(y)), without overflow",
       sympy=lambda x, y: sp.log(sp.exp(x) + sp.exp(y)),
       mpmath=lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))))
binary("share", elementary.share, dx="out*share(y, x)", dy="-out*share(y, x)",
       made="d = x - y; b = x - d; r = (x - (d + b)) + (b - y); "
            "t = exp(-abs(d))*(1 - where(r - r == 0, r, 0)*sign(d)); "
            "where(x == y, 1/2, where(d < 0, t, 1)/(1 + t))",
       doc="exp(x)/(exp(x) + exp(y)), without overflow",
       sympy=lambda x, y: 1 / (1 + sp.exp(y - x)), mpmath=lambda x, y: 1 / (1 + mp.exp(y - x)))
binary("xlogy", elementary.xlogy, dx="where(x == 0 and y <= 0, 0, log(y))",
       dy="where(x == 0 and y == 0, 0, x/y)", domain="x == 0 or y > 0", kink="x == 0 and y <= 0",
       made="where(x == 0, where(y != y, y, 0), x*log(y))",
       doc="x*log(y), and 0 where x is 0",
       sympy=lambda x, y: x * sp.log(y), mpmath=lambda x, y: x * mp.log(y) if x else x)
unary("silu", elementary.silu, d="sigmoid(x) + out*sigmoid(-x)", aliases=("swish",),
      made="h = exp(x/2); where(x < -700, (x*h)*h, x*sigmoid(x))",
      doc="x*sigmoid(x)",
      sympy=lambda x: x / (1 + sp.exp(-x)), mpmath=lambda x: x / (1 + mp.exp(-x)))
unary("gelu", normal.gelu, d="normcdf(x) + x*normpdf(x)", made="x*normcdf(x)",
      doc="x*normcdf(x)",
      sympy=lambda x: x * sp.erfc(-x / sp.sqrt(2)) / 2,
      mpmath=lambda x: x * mp.erfc(-x / mp.sqrt(mp.mpf(2))) / 2)
binary("elu", lambda x, a: np.where(np.greater(x, 0), x, a * np.expm1(np.minimum(x, 0))),
       dx="where(x > 0, 1, y*exp(x))", dy="where(x > 0, 0, expm1(x))", kink="x == 0 and y != 1",
       made="where(x > 0, x, y*expm1(x))",
       selects=True, defaults=(1.0,), doc="x where x > 0, else y*(exp(x) - 1)",
       sympy=lambda x, a: sp.Piecewise((x, x > 0), (a * (sp.exp(x) - 1), True)),
       mpmath=lambda x, a: x if x > 0 else a * mp.expm1(x))
binary("leaky_relu", lambda x, a: np.where(np.greater(x, 0), x, np.multiply(a, x)), tame=True,
       dx="where(x > 0, 1, y)", dy="where(x > 0, 0, x)", kink="x == 0 and y != 1",
       made="where(x > 0, x, y*x)",
       selects=True, defaults=(0.01,), doc="x where x > 0, else y*x",
       sympy=lambda x, a: sp.Piecewise((x, x > 0), (a * x, True)),
       mpmath=lambda x, a: x if x > 0 else a * x)
