"""THE table: every operator and function that gradcalc knows, each declared once.

To add a function, add a row; nothing else needs to be touched. The parser, both modes of
differentiation, every order, the sympy check, ``gradcalc functions`` and the tests follow from it.

A row says:

``forward``
    the function on numpy arrays; ``np.tanh`` or a function defined below. ``np``, ``special``,
    ``sp`` and ``mp`` are imported when first used, so that this module costs nothing at start-up.
``d`` (``dx``, ``dy``, ``dz``)
    its partial derivatives, **in gradcalc's own language**, in terms of the operands ``x``, ``y``,
    ``z`` and of ``out``, the value itself. ``"0"`` where the function is flat wherever it is
    smooth, ``None`` where it has no derivative (a condition, the order of a polygamma) or none that
    is known here (the parameter of an incomplete gamma function). A partial
    is itself differentiated for higher orders, so write it through smooth functions, and
    accurately up to the edges: ``sech2(x)`` rather than ``1 - out**2``,
    ``1/sqrt((1 - x)*(1 + x))`` rather than ``1/sqrt(1 - x**2)``.
``plain``
    the partials as people write them, for formulas, where those above say more: guards against
    overflow, forms that are accurate at the edges.
``made``
    the same in gradcalc's own language, of simpler functions, as accurate: for languages that lack
    it (``gradcalc.code``).
``steps``
    the same step by step in doubles, for what is no formula: the file of ``functions/doubles``
    that has a function of this name.
``sympy``, ``mpmath``
    independent counterparts for the check; by default the function of the same name.
``ball``
    the same on balls and on power series of balls (``gradcalc.functions.balls``), for proofs; by
    default the function of the same name there.
``domain``
    where it is defined, as a condition on the operands; empty means everywhere.
``kink``
    where it has no derivative and the partials state a convention instead (PyTorch's).
``own``
    where that convention is nobody's but ours: PyTorch has no such function, or no slope of it.
``jump``
    where its value may jump, if that is more than where it has a kink; at its kinks this is tried.
``tame``
    safe for numbers of thousands of digits, as no transcendental function is.
``arithmetic``
    exact alike in Python, numpy and mpmath, and no dearer wherever its numbers stand.
``rounded``
    as much as one operation of arithmetic: correctly rounded everywhere.
``scalar``, ``quick``
    quicker functions for one float (from ``math``, where it is as accurate as numpy's) and for
    thousands of numbers.
``times``
    what computes another number times it, sooner than one after the other.
``tells``
    a slope that is not finite stays so through it, whatever it is multiplied by.
``steep``
    it has poles, but no double is so near to one that it exceeds 1e30.
``chains``
    called with more operands than it takes, it is applied to one after the other.
``torch``
    PyTorch's node, where that is not named after the function; then, operand by operand, its name
    where this one is a number.
``defaults``
    the last operands where a call leaves them out.
``indifferent``
    whichever way the condition turns, the results are the same: it makes no boundary.
``selects``
    an exact zero in a partial means "this operand has no say here" (the branch of ``where`` that
    is not taken), not "the slope happens to be 0": nothing flows through it, not even a NaN.
``aliases``, ``elsewhere``, ``disputed``
    further names of ours; what other languages call it (read in a text, with a note); and words
    that are this function to some and another one to others, each with what that would be here.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from gradcalc.functions.declare import DISPUTED as DISPUTED
from gradcalc.functions.declare import ELSEWHERE as ELSEWHERE
from gradcalc.functions.declare import FUNCTIONS as FUNCTIONS
from gradcalc.functions.declare import OPERANDS as OPERANDS
from gradcalc.functions.declare import TABLE as TABLE
from gradcalc.functions.declare import binary, declare, mp, np, sp, ternary, unary
from gradcalc.functions.declare import known_elsewhere as known_elsewhere
from gradcalc.functions.declare import special as special
from gradcalc.functions.row import Lazy, Primitive

sines: Any = Lazy("gradcalc.functions.sines")
elementary: Any = Lazy("gradcalc.functions.elementary")


# A table: a row a line.
# fmt: off

# --- Leaves -------------------------------------------------------------------------------------

VARIABLE = declare("variable", None, (), tells=True, spoken=False, doc="an input")
CONSTANT = declare("constant", None, (), tells=True, spoken=False, doc="a number")

# --- Arithmetic ---------------------------------------------------------------------------------


def _pow_sympy(x: Any, y: Any) -> Any:
    # An exact power of numbers may have millions of digits; left unevaluated, it is a float later.
    too_long = x.is_number and y.is_number and abs(y) > 64
    return sp.Pow.resolve()(x, y, evaluate=not too_long)


def _alike(f: Callable[..., Any]) -> dict[str, Any]:
    """The same function serves sympy and mpmath where it only uses operators."""
    return {"sympy": f, "mpmath": f, "tame": True}


def _arithmetic(f: Callable[..., Any]) -> dict[str, Any]:
    return {**_alike(f), "arithmetic": True, "tells": True}


ADD = binary("add", np.add, dx="1", dy="1", symbol="+", spoken=False,
             doc="x + y", **_arithmetic(operator.add))
SUB = binary("sub", np.subtract, dx="1", dy="-1", symbol="-", spoken=False,
             doc="x - y", **_arithmetic(operator.sub))
MUL = binary("mul", np.multiply, dx="y", dy="x", symbol="*", spoken=False,
             doc="x * y", **_arithmetic(operator.mul))
DIV = binary("div", np.divide, dx="1/y", dy="-out/y", symbol="/", spoken=False,
             domain="y != 0", doc="x / y", **_arithmetic(operator.truediv))
NEG = unary("neg", np.negative, d="-1", symbol="-", spoken=False,
            doc="-x", **_arithmetic(operator.neg))
MOD = binary("mod", np.mod, rounded=True, dx="1", dy="-round((x - out)/y)", symbol="%",
             torch=("RemainderBackward1", "", "RemainderBackward0"),
             domain="y != 0", kink="x/y == floor(x/y)",
             doc="remainder of x / y, with the sign of y: x % y",
             sympy=lambda x, y: x - y * sp.floor(x / y),
             mpmath=lambda x, y: x % y)
POW = binary("pow", np.power, symbol="**", spoken=True, jump="x == 0 and y == 0",
             torch=("PowBackward1", "PowBackward2", ""),
             # y - 1 is not exact for every y below 1/2, and x**(y - 1) magnifies that by |log(x)|
             dx="where(y == 0, 0, where(x == 0 or y - 1 + 1 == y, y*x**(y - 1), "
             "y*out/x))",
             dy="where(x == 0 and y > 0, 0, out*log(x))",
             plain=("y*x**(y - 1)", "out*log(x)"),
             domain="x > 0 or (x == 0 and y >= 0) or (x < 0 and y == floor(y))",
             elsewhere="power powf powi float_power potenz puissance potencia",
             doc="x to the power of y",
             sympy=_pow_sympy, mpmath=lambda x, y: mp.power(x, y))
SQUARE = unary("square", np.square, d="2*x",
      elsewhere="sqr", disputed="Sqr: sqrt(x); SQR: sqrt(x)",
      made="x*x",
      doc="x**2",
               torch=("PowBackward0",), **{**_arithmetic(lambda x: x * x), "sympy": lambda x: x**2})

FLOW = binary("flow", lambda c, d: np.where(np.equal(c, 0), 0.0, np.multiply(c, d)),
              dx="y", dy="x", selects=True, spoken=False,
              doc="x * y, but 0 where x is 0: a cotangent that stops at a branch not taken",
              **_alike(operator.mul))

# --- Roots, exponentials, logarithms ------------------------------------------------------------

unary("sqrt", np.sqrt, tame=True, rounded=True, scalar=math.sqrt, d="1/(2*out)", domain="x >= 0",
      elsewhere="dsqrt sqrtf wurzel racine raiz", doc="square root")
unary("cbrt", elementary.cbrt, tame=True, d="1/(3*out**2)",
      elsewhere="cbrtf", doc="real cube root, of negative numbers too",
      sympy=lambda x: sp.sign(x) * sp.Abs(x) ** sp.Rational(1, 3),
      mpmath=lambda x: mp.sign(x) * mp.cbrt(abs(x)))
unary("exp", np.exp, tells=True, scalar=math.exp, d="out",
      elsewhere="dexp expf", doc="e to the power of x")
unary("exp2", np.exp2, d="out*log(2)",
      elsewhere="exp2f",
      made="2**x",
      doc="2 to the power of x",
      sympy=lambda x: 2**x, mpmath=lambda x: mp.mpf(2) ** x)
unary("expm1", np.expm1, scalar=math.expm1, d="exp(x)",
      elsewhere="expm1f", doc="exp(x) - 1, accurate near 0",
      sympy=lambda x: sp.exp(x) - 1)
unary("log", np.log, tame=True, scalar=math.log, d="1/x", domain="x > 0", aliases=("ln",),
      elsewhere="dlog alog logf", disputed="LOG: log10(x)", doc="natural logarithm")
unary("log1p", np.log1p, tame=True, scalar=math.log1p, d="1/(1 + x)", domain="x > -1",
      torch=("Log1PBackward0",),
      elsewhere="log1pf", doc="log(1 + x), accurate near 0",
      sympy=lambda x: sp.log(1 + x))
unary("log2", np.log2, tame=True, d="1/log(2)/x", domain="x > 0",
      elsewhere="lb ld log2f log_2 log₂", doc="logarithm to base 2",
      sympy=lambda x: sp.log(x, 2), mpmath=lambda x: mp.log(x, 2))
unary("log10", np.log10, tame=True, d="1/log(10)/x", domain="x > 0",
      elsewhere="lg dlog10 alog10 log10f log_10 log₁₀", doc="logarithm to base 10",
      sympy=lambda x: sp.log(x, 10))

# --- Trigonometry -------------------------------------------------------------------------------

SIN = unary("sin", np.sin, quick=sines.sin, tells=True, scalar=math.sin, d="cos(x)",
      elsewhere="dsin sinf sen seno", doc="sine")
COS = unary("cos", np.cos, quick=sines.cos, tells=True, scalar=math.cos, d="-sin(x)",
      elsewhere="dcos cosf", doc="cosine")
unary("tan", np.tan, steep=True, scalar=math.tan, d="1 + out**2",
      elsewhere="tg dtan tanf", doc="tangent")
unary("sec", lambda x: 1 / np.cos(x), steep=True, d="out*tan(x)",
      made="1/cos(x)",
      doc="secant, 1/cos(x)")
unary("csc", lambda x: 1 / np.sin(x), d="-out*cot(x)", domain="x != 0",
      elsewhere="cosec",
      made="1/sin(x)",
      doc="cosecant, 1/sin(x)")
unary("cot", lambda x: 1 / np.tan(x), d="-csc(x)**2", domain="x != 0",
      elsewhere="ctg cotan",
      made="1/tan(x)",
      doc="cotangent, 1/tan(x)")
unary("asin", np.arcsin, d="1/sqrt((1 - x)*(1 + x))",
      plain=("1/sqrt(1 - x**2)",), domain="x >= -1 and x <= 1",
      aliases=("arcsin",), elsewhere="dasin asinf", doc="inverse sine")
unary("acos", np.arccos, d="-1/sqrt((1 - x)*(1 + x))",
      plain=("-1/sqrt(1 - x**2)",), domain="x >= -1 and x <= 1",
      aliases=("arccos",), elsewhere="dacos acosf", doc="inverse cosine")
# from 1e150 on, x**2 overflows before its reciprocal underflows
unary("atan", np.arctan, scalar=math.atan, d="where(abs(x) < 1e150, 1/(1 + x**2), 1/x/x)",
      plain=("1/(1 + x**2)",),
      aliases=("arctan",), elsewhere="arctg atn datan atanf", doc="inverse tangent")
binary("atan2", np.arctan2, tame=True, aliases=("arctan2",),
       dx="where(x == 0 and y == 0, 0, y/hypot(x, y)/hypot(x, y))",
       dy="where(x == 0 and y == 0, 0, -x/hypot(x, y)/hypot(x, y))",
       plain=("y/(x**2 + y**2)", "-x/(x**2 + y**2)"),
       kink="(x == 0 and y == 0) or (x == 0 and y < 0)",
       elsewhere="datan2 atan2f", disputed="ATAN2: atan2(y, x)",
       doc="angle of the point with ordinate x and abscissa y")

unary("acot", elementary.acot, d="where(abs(x) < 1e150, -1/(1 + x**2), -1/x/x)",
      plain=("-1/(1 + x**2)",), kink="x == 0", own="x == 0",
      aliases=("arccot",),
      made="atan(1/(x + 0))",
      doc="inverse cotangent, atan(1/x)")
unary("asec", elementary.asec, d="1/abs(x)/(sqrt(abs(x) - 1)*sqrt(abs(x) + 1))",
      plain=("1/(abs(x)*sqrt(x**2 - 1))",),
      domain="x <= -1 or x >= 1", aliases=("arcsec",),
      made="a = atan(sqrt(abs(x) - 1)*sqrt(abs(x) + 1)); where(x < 0, pi - a, a)",
      doc="inverse secant, acos(1/x)")
unary("acsc", elementary.acsc, d="-1/abs(x)/(sqrt(abs(x) - 1)*sqrt(abs(x) + 1))",
      plain=("-1/(abs(x)*sqrt(x**2 - 1))",),
      domain="x <= -1 or x >= 1", aliases=("arccsc",),
      made="a = atan2(1, sqrt(abs(x) - 1)*sqrt(abs(x) + 1)); where(x < 0, -a, a)",
      doc="inverse cosecant, asin(1/x)")

# --- Hyperbolic functions -----------------------------------------------------------------------

unary("sinh", np.sinh, scalar=math.sinh, d="cosh(x)",
      elsewhere="sh dsinh sinhf", doc="hyperbolic sine")
unary("cosh", np.cosh, scalar=math.cosh, d="sinh(x)",
      elsewhere="ch dcosh coshf", doc="hyperbolic cosine")
unary("tanh", np.tanh, scalar=math.tanh, d="sech2(x)",
      plain=("1 - out**2",),
      elsewhere="th tgh dtanh tanhf", doc="hyperbolic tangent")
unary("sech", elementary.sech, d="-out*tanh(x)",
      made="t = exp(-abs(x)); 2*t/(1 + t*t)",
      doc="hyperbolic secant, 1/cosh(x)")
unary("sech2", elementary.sech_squared, times=elementary.times_sech_squared, d="-2*out*tanh(x)",
      made="t = exp(-2*abs(x)); 4*t/((1 + t)*(1 + t))",
      doc="sech(x)**2, accurate for all x",
      sympy=lambda x: sp.sech(x) ** 2, mpmath=lambda x: mp.sech(x) ** 2)
unary("csch", elementary.csch, d="-out*coth(x)", domain="x != 0",
      made="t = exp(-abs(x)); r = 2*t/-expm1(-2*abs(x)); where(x == 0, 1/x, where(x < 0, -r, r))",
      doc="hyperbolic cosecant, 1/sinh(x)")
unary("coth", elementary.coth, d="-csch(x)**2", domain="x != 0",
      elsewhere="cth",
      made="1/tanh(x)",
      doc="hyperbolic cotangent, 1/tanh(x)")
unary("asinh", np.arcsinh, d="1/hypot(1, x)",
      plain=("1/sqrt(1 + x**2)",), aliases=("arcsinh",),
      elsewhere="arsinh arsh asinhf", doc="inverse hyperbolic sine")
unary("acosh", np.arccosh, d="1/(sqrt(x - 1)*sqrt(x + 1))",
      plain=("1/sqrt(x**2 - 1)",), domain="x >= 1",
      aliases=("arccosh",), elsewhere="arcosh arch acoshf",
      made="t = x - 1; where(x > 1e100, log(x) + log(2), log1p(t + sqrt(t)*sqrt(t + 2)))",
      doc="inverse hyperbolic cosine")
unary("atanh", np.arctanh, d="1/((1 - x)*(1 + x))",
      plain=("1/(1 - x**2)",), domain="x > -1 and x < 1",
      aliases=("arctanh",), made="r = log1p(2*abs(x)/(1 - abs(x)))/2; where(x < 0, -r, r)",
      elsewhere="artanh arth atanhf", doc="inverse hyperbolic tangent")
unary("acoth", elementary.acoth, d="1/(1 - x)/(1 + x)",
      plain=("1/(1 - x**2)",), domain="x < -1 or x > 1",
      aliases=("arccoth",),
      made="r = log1p(2/(abs(x) - 1))/2; where(x < 0, -r, r)",
      doc="inverse hyperbolic cotangent, atanh(1/x)")
unary("asech", elementary.asech, d="-1/(x*sqrt((1 - x)*(1 + x)))",
      plain=("-1/(x*sqrt(1 - x**2))",), domain="x > 0 and x <= 1",
      aliases=("arcsech",),
      made="where(x < 1e-300, log(2) - log(x), asinh(sqrt((1 - x)*(1 + x))/x))",
      doc="inverse hyperbolic secant, acosh(1/x)")
unary("acsch", elementary.acsch, d="-1/abs(x)/hypot(1, x)",
      plain=("-1/(abs(x)*sqrt(1 + x**2))",), domain="x != 0",
      aliases=("arccsch",),
      made="r = log(2) - log(abs(x)); "
           "where(x == 0, 1/x, where(abs(x) < 1e-300, where(x < 0, -r, r), asinh(1/x)))",
      doc="inverse hyperbolic cosecant, asinh(1/x)")

# --- Pieces: absolute value, rounding, extremes, conditions -------------------------------------


def _flag(test: Callable[..., Any]) -> dict[str, Any]:
    """mpmath's answer to a condition is a number too: 1 or 0."""
    return {"mpmath": lambda *xs: mp.mpf(1 if test(*xs) else 0)}


def _compare(name: str, symbol: str, forward: Any, sympy: Any, test: Any) -> Primitive:
    return binary(name, forward, dx=None, dy=None, symbol=symbol, sympy=sympy, boolean=True,
                  spoken=False, doc=f"1 where x {symbol} y, else 0", **_flag(test))


LT = _compare("lt", "<", np.less, sp.Lt, lambda x, y: x < y)
LE = _compare("le", "<=", np.less_equal, sp.Le, lambda x, y: x <= y)
GT = _compare("gt", ">", np.greater, sp.Gt, lambda x, y: x > y)
GE = _compare("ge", ">=", np.greater_equal, sp.Ge, lambda x, y: x >= y)
EQ = _compare("eq", "==", np.equal, sp.Eq, lambda x, y: x == y)
NE = _compare("ne", "!=", np.not_equal, sp.Ne, lambda x, y: x != y)
AND = binary("and", np.logical_and, dx=None, dy=None, symbol="and", sympy=sp.And,
             boolean=True, logical=True,
             spoken=False, doc="1 where both hold", **_flag(lambda x, y: x and y))
OR = binary("or", np.logical_or, dx=None, dy=None, symbol="or", sympy=sp.Or,
             boolean=True, logical=True,
            spoken=False, doc="1 where either holds", **_flag(lambda x, y: x or y))
NOT = declare("not", np.logical_not, (None,), symbol="not", sympy=sp.Not,
             boolean=True, logical=True,
               spoken=False, doc="1 where x does not hold", **_flag(lambda x: not x))

WHERE = ternary("where", lambda c, a, b: np.where(np.not_equal(c, 0), a, b), tame=True,
                dx=None, dy="x", dz="not x", selects=True,
                elsewhere="if ifelse iif if_else ifthenelse",
                doc="y where the condition x holds, else z",
                sympy=lambda c, a, b: sp.Piecewise((a, c), (b, True)),
                mpmath=lambda c, a, b: a if c else b)
ABS = unary("abs", np.abs, tame=True, rounded=True, d="sign(x)", kink="x == 0",
      elsewhere="fabs dabs fabsf", doc="absolute value",
      sympy=sp.Abs, mpmath=mp.fabs)
unary("sign", np.sign, tame=True, d="0", kink="x == 0",
      elsewhere="sgn signum",
      made="where(x > 0, 1, where(x < 0, -1, x + 0))",
      doc="-1, 0 or 1")
unary("floor", np.floor, tame=True, d="0", kink="x == floor(x)",
      elsewhere="floorf", disputed="int: trunc(x); INT: trunc(x)",
      doc="largest integer below or equal")
unary("ceil", np.ceil, tame=True, d="0", kink="x == floor(x)",
      elsewhere="ceiling ceilf", doc="smallest integer above or equal",
      sympy=sp.ceiling)
unary("round", np.round, tame=True, d="0", kink="x - floor(x) == 1/2",
      elsewhere="rint",
      made="t = abs(x); r = (t + 2**52) - 2**52; "
           "where(x == 0 or not t < 2**52, x, where(x < 0, -r, r))",
      doc="nearest integer, halves to even",
      sympy=lambda x: sp.floor((2 * x + 1) / 4) + sp.ceiling((2 * x - 1) / 4), mpmath=mp.nint)
unary("trunc", np.trunc, tame=True, d="0", kink="x == floor(x) and x != 0",
      made="where(x < 0, ceil(x), floor(x))",
      doc="integer part, rounded towards 0",
      sympy=lambda x: sp.sign(x) * sp.floor(sp.Abs(x)),
      mpmath=lambda x: mp.sign(x) * mp.floor(abs(x)))
unary("heaviside", lambda x: np.heaviside(x, 0.5), tame=True, d="0", kink="x == 0",
      own="x == 0",
      made="where(x > 0, 1, where(x < 0, 0, where(x == 0, 1/2, x)))",
      doc="0 below 0, 1 above it, 1/2 at it",
      sympy=lambda x: (1 + sp.sign(x)) / 2, mpmath=lambda x: (1 + mp.sign(x)) / 2)
unary("relu", lambda x: np.maximum(x, 0), d="where(x > 0, 1, 0)", kink="x == 0", selects=True,
      tame=True,
      made="where(x > 0 or x != x, x, 0)",
      doc="max(x, 0), with slope 0 at 0",
      sympy=lambda x: sp.Piecewise((x, x > 0), (0, True)), mpmath=lambda x: max(x, mp.mpf(0)))
MAX = binary("max", np.maximum, dx="heaviside(x - y)", dy="heaviside(y - x)", kink="x == y",
             tame=True, torch=("MaximumBackward0",),
             selects=True, elsewhere="fmax maximum dmax1 amax1 fmaxf amax",
             made="where(x > y or x != x, x, y)",
             doc="larger of two (or of many, or of an array)",
             sympy=lambda x, y: sp.Piecewise((x, x > y), (y, x < y), ((x + y) / 2, True)),
             mpmath=lambda x, y: max(x, y))
MIN = binary("min", np.minimum, dx="heaviside(y - x)", dy="heaviside(x - y)", kink="x == y",
             tame=True, torch=("MinimumBackward0",),
             selects=True, elsewhere="fmin minimum dmin1 amin1 fminf amin",
             made="where(x < y or x != x, x, y)",
             doc="smaller of two (or of many, or of an array)",
             sympy=lambda x, y: sp.Piecewise((x, x < y), (y, x > y), ((x + y) / 2, True)),
             mpmath=lambda x, y: min(x, y))
ternary("clamp", lambda x, lo, hi: np.minimum(np.maximum(x, lo), hi),
        tame=True, torch=("ClampBackward1",),
        dx="where(x >= y and x <= z, 1, 0)",
        dy="where(x < y and y < z, 1, 0)",
        dz="where(x > z or y > z, 1, 0)",
        kink="x == y or x == z or (x < y and y == z)",
        selects=True, aliases=("clip",),
        made="min(max(x, y), z)",
        doc="x, but at least y and at most z",
        # no formula has the value lo and no slope at all, as PyTorch has it where lo == hi
        sympy=lambda x, lo, hi: sp.Piecewise(
            (hi, lo > hi), (sp.nan.resolve(), sp.And(x < lo, sp.Eq(lo, hi))),
            (lo, x < lo), (hi, x > hi), (x, True)),
        mpmath=lambda x, lo, hi: min(max(x, lo), hi))

PEAK = binary("peak", lambda x, y: np.maximum(x, y), dx=None, dy=None, selects=True, spoken=False,
              tame=True,
              made="max(x, y)",
              doc="the larger of two, to be taken off before exp; what it is changes no result",
              sympy=lambda x, y: sp.Piecewise((x, x > y), (y, True)), mpmath=lambda x, y: max(x, y))
OUTWEIGHS = binary("outweighs", lambda x, y: np.greater(abs(x), abs(y)), dx=None, dy=None,
                   boolean=True, indifferent=True, spoken=False,
                   made="abs(x) > abs(y)",
                   doc="1 where |x| > |y|, to choose a pivot; which one changes no result",
                   sympy=lambda x, y: sp.Gt(sp.Abs(x), sp.Abs(y)),
                   **_flag(lambda x, y: abs(x) > abs(y)))

# --- Geometry, statistics, machine learning -----------------------------------------------------

HYPOT = binary("hypot", np.hypot, dx="where(out == 0, 0, x/out)", dy="where(out == 0, 0, y/out)",
               tame=True, chains=True,
               plain=("x/out", "y/out"),
               kink="x == 0 and y == 0",
               elsewhere="hypotf", doc="sqrt(x**2 + y**2), without overflow",
               sympy=lambda x, y: sp.sqrt(x**2 + y**2))

# The rows of these come after the ones above, in this order.
import gradcalc.functions.probability  # noqa: E402, I001
import gradcalc.functions.higher  # noqa: E402, F401
from gradcalc.functions.conventions import CONVENTIONS as CONVENTIONS  # noqa: E402
from gradcalc.functions.conventions import JOINED as JOINED  # noqa: E402
from gradcalc.functions.conventions import LIBRARIES as LIBRARIES  # noqa: E402

CONSTANTS = {"pi": 3.141592653589793, "e": 2.718281828459045, "tau": 6.283185307179586}
"""Names that are numbers unless the user binds them."""

WORDS = frozenset(primitive.symbol for primitive in TABLE if primitive.logical)
"""Operators that are words."""
