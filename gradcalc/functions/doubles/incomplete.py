"""Incomplete gamma and beta functions, the densities under them, and differences of polygammas.

What cancels stands in pairs of doubles. Where the parameters are large and the argument is near the
mean, series and fractions take long: there an integral is summed by Gauss's rule, of a function
that falls from 1.
"""

from __future__ import annotations

from gradcalc.functions.doubles.gammas import (
    EVEN,
    STIRLING,
    digamma_positive,
    far_lgamma,
    near_one,
    polygamma,
    rising,
)
from gradcalc.functions.doubles.pairs import (
    INF,
    NAN,
    Long,
    counting,
    exact_product,
    exact_sum,
    exp,
    expm1,
    floor,
    log,
    log1p,
    long_exp,
    long_log,
    long_log1p,
    polynomial,
    root,
    sqrt,
)

TAU = Long(6.283185307179586, 2.4492935982947064e-16)

RULE = (
    (0.0034357004074525377, 0.008807003569576059), (0.018014036361043106, 0.02030071490019347),
    (0.04388278587433705, 0.031336024167054534), (0.0804415140888906, 0.04163837078835238),
    (0.1268340467699246, 0.05096505990862022), (0.1819731596367425, 0.059097265980759206),
    (0.24456649902458646, 0.06584431922458832), (0.3131469556422902, 0.07104805465919102),
    (0.38610707442917747, 0.07458649323630187), (0.46173673943325133, 0.07637669356536292),
    (0.5382632605667487, 0.07637669356536292), (0.6138929255708225, 0.07458649323630187),
    (0.6868530443577098, 0.07104805465919102), (0.7554335009754135, 0.06584431922458832),
    (0.8180268403632576, 0.059097265980759206), (0.8731659532300754, 0.05096505990862022),
    (0.9195584859111094, 0.04163837078835238), (0.956117214125663, 0.031336024167054534),
    (0.9819859636389568, 0.02030071490019347), (0.9965642995925474, 0.008807003569576059),
)  # fmt: skip
"""Gauss's nodes and weights on [0, 1]."""
PANELS = 4.0

BEYOND_LINE = (
    0.5, 0.16666666666666666, 0.041666666666666664, 0.008333333333333333, 0.001388888888888889,
    0.0001984126984126984, 2.48015873015873e-05, 2.7557319223985893e-06, 2.755731922398589e-07,
    2.505210838544172e-08, 2.08767569878681e-09, 1.6059043836821613e-10, 1.1470745597729725e-11,
    7.647163731819816e-13, 4.779477332387385e-14, 2.8114572543455206e-15, 1.5619206968586225e-16,
    8.22063524662433e-18, 4.110317623312165e-19, 1.9572941063391263e-20, 8.896791392450574e-22,
)  # fmt: skip


def beyond_line(y: float) -> float:
    """exp(y) - 1 - y, for |y| up to 1.3."""
    e = polynomial(BEYOND_LINE, y)
    return y * y * e


def deviance(a: Long, m: Long, d: Long) -> Long:
    """a log(a/m) + m - a, whose d is a - m (Loader 2000)."""
    v = d / (a + m)
    if abs(v.hi) > 0.2:
        return a * long_log(a / m) - d
    w = v * v
    p = Long(0.0, 0.0)
    for j in counting(18.0):
        p = (p + Long(1.0, 0.0) / Long(37.0 - 2.0 * j, 0.0)) * w
    return (d + a * p * 2.0) * v


def stirling(a: float) -> float:
    """What log Γ(a) is more than (a - 1/2) log(a) - a + log(2π)/2, for a ≥ 10."""
    w = 1.0 / (a * a)
    e = polynomial(STIRLING, w)
    return e / a


# --- the gamma distribution -----------------------------------------------------------------------


def lgamma_next(a: float) -> Long:
    """log Γ(1 + a), for 0 < a < 10."""
    if a < 0.25:
        return near_one(a)
    z = exact_sum(1.0, a)
    return far_lgamma(z + 10.0) - long_log(rising(z))


def gamma_front(a: float, x: float) -> Long:
    """x^a exp(-x)/Γ(1 + a)."""
    if a < 10.0:
        return long_exp(long_log(Long(x, 0.0)) * a - x - lgamma_next(a))
    if x < a * 1e-36:
        return Long(0.0, 0.0)
    return long_exp(-far_deviance(a, x)) / root(TAU * a)


def far_deviance(a: float, x: float) -> Long:
    """What x^a exp(-x)/Γ(1 + a) is less than 1/√(2πa), as a logarithm, for a ≥ 10."""
    return deviance(Long(a, 0.0), Long(x, 0.0), exact_sum(a, -x)) + stirling(a)


def gamma_integral(a: float, x: float, f: float) -> Long:
    """Of exp(-(a t - x (1 - exp(-t)))) over t from 0 on; with f = -1 of the other side."""
    d = abs(a - x)
    h = 1.0 / (PANELS * max(sqrt(x / 138.0), d / 46.0))
    p = Long(0.0, 0.0)
    for k in counting(PANELS):
        for c, w in RULE:
            t = h * (k + c)
            p = p + w * exp(-(d * t + x * beyond_line(-f * t)))
    return p * h


def is_crowded(a: float, x: float) -> float:
    """Whether a and x are large, and near each other."""
    return 1.0 if a > 150.0 and x > 0.5 * a and x < 2.0 * a else 0.0


def gamma_below(a: float, x: float) -> Long:
    """P(a, x) for x ≤ a or x < 1: its series."""
    if is_crowded(a, x) > 0.5:
        return gamma_front(a, x) * a * gamma_integral(a, x, 1.0)
    p = Long(1.0, 0.0)
    for j in counting(130.0):
        p = p * x / exact_sum(a, 130.0 - j) + 1.0
    return gamma_front(a, x) * p


def gamma_above(a: float, x: float) -> Long:
    """1 - P(a, x) for x ≥ a and x ≥ 1: its continued fraction, from the inside out."""
    if is_crowded(a, x) > 0.5:
        return gamma_front(a, x) * a * gamma_integral(a, x, -1.0)
    b = exact_sum(x, -a)
    p = b + 261.0
    for j in counting(130.0):
        k = 130.0 - j
        p = b + (2.0 * k - 1.0) + exact_sum(a, -k) * k / p
    return gamma_front(a, x) * a / p


def small_expm1(u: Long) -> Long:
    """exp(u) - 1 for |u| < 0.2."""
    p = Long(1.0, 0.0)
    for j in counting(18.0):
        p = p * u / Long(19.0 - j, 0.0) + 1.0
    return p * u


def gamma_rest(a: float, x: float) -> float:
    """1 - P(a, x) for x < 1 where that is about as small as a."""
    u = long_log(Long(x, 0.0)) * a - near_one(a)
    s = Long(0.0, 0.0)
    r = Long(1.0, 0.0)
    for k in counting(1.0, 25.0):
        r = r * -x / Long(k, 0.0)
        s = s + r / exact_sum(a, k)
    return -(small_expm1(u) + s * a * long_exp(u)).hi


def is_gamma(a: float, x: float) -> float:
    """Whether there is such a distribution, and x in it."""
    return 1.0 if a > 0.0 and a < INF and x >= 0.0 else 0.0


def gammainc(a: float, x: float) -> float:
    if is_gamma(a, x) < 0.5:
        return NAN
    if x == 0.0:
        return 0.0
    if x > 12000.0 + 3.0 * a:
        return 1.0
    if a > 1e36:
        return 0.5 if x == a else 0.0 if x < a else 1.0
    if x <= a or x < 1.0:
        return gamma_below(a, x).hi
    return (1.0 - gamma_above(a, x)).hi


def gammaincc(a: float, x: float) -> float:
    if is_gamma(a, x) < 0.5:
        return NAN
    if x == 0.0:
        return 1.0
    if x > 12000.0 + 3.0 * a:
        return 0.0
    if a > 1e36:
        return 0.5 if x == a else 1.0 if x < a else 0.0
    if a < 1e-3 and x < 1.0 and a * log(x) > -0.1:
        return gamma_rest(a, x)
    if x <= a or x < 1.0:
        return (1.0 - gamma_below(a, x)).hi
    return gamma_above(a, x).hi


def gammapdf(a: float, x: float) -> float:
    if is_gamma(a, x) < 0.5:
        return NAN
    if x == 0.0:
        return 1.0 if a == 1.0 else INF if a < 1.0 else 0.0
    if x > 12000.0 + 3.0 * a:
        return 0.0
    if a > 1e36:
        return sqrt(a / 6.283185307179586) / x if x == a else 0.0
    if a < 10.0:
        p = long_log(Long(x, 0.0)) * exact_sum(a, -1.0) - x - lgamma_next(a)
        return long_exp(p + long_log(Long(a, 0.0))).hi
    if x < a * 1e-36:
        return 0.0
    p = long_log(Long(a, 0.0)) - long_log(Long(x, 0.0)) - far_deviance(a, x)
    return (long_exp(p) / root(TAU * a)).hi  # all that is large in the exponent: it may be tiny


# --- the beta distribution ------------------------------------------------------------------------

ODD = (
    0.3333333333333333, 0.2, 0.14285714285714285, 0.1111111111111111, 0.09090909090909091,
    0.07692307692307693, 0.06666666666666667, 0.058823529411764705, 0.05263157894736842,
    0.047619047619047616, 0.043478260869565216, 0.04, 0.037037037037037035, 0.034482758620689655,
    0.03225806451612903, 0.030303030303030304, 0.02857142857142857,
)  # fmt: skip


HALVED = 3.8725919148493183e-121
"""2^-400"""


def below_line(y: float) -> float:
    """log(1 + y) - y, for 0 ≤ y < 1.3."""
    v = y / (2.0 + y)
    w = v * v
    e = polynomial(ODD, w)
    return (2.0 * w * e - y) * v


def lgamma_gap(a: float, b: float) -> Long:
    """log Γ(a + b) - log Γ(a) for b up to about 1000, to the last digit of a small one."""
    if a > 1e40:
        return long_log(Long(a, 0.0)) * b
    m = 0.0 if a >= 10.0 else 10.0
    z = exact_sum(a, m)
    i = 1.0 / z.hi
    t = log1p(b * i)
    w = i * i
    e = 0.0
    s = 1.0
    for c in STIRLING:
        e = e + c * i * expm1(-s * t)
        i = i * w
        s = s + 2.0
    p = (z - 0.5) * long_log1p(Long(b, 0.0) / z) + (long_log(z + b) - 1.0) * b + e
    if m == 0.0:
        return p
    return p - long_log(rising(exact_sum(a, b)) / rising(Long(a, 0.0)))


def long_lbeta(a: float, b: float) -> Long:
    """log B(a, b), for a ≤ b and a up to about 1000."""
    if a < 10.0:
        return lgamma_next(a) - long_log(Long(a, 0.0)) - lgamma_gap(b, a)
    return far_lgamma(Long(a, 0.0)) - lgamma_gap(b, a)


def is_beta(a: float, b: float) -> float:
    """Whether there is such a distribution."""
    return 1.0 if a > 0.0 and b > 0.0 and a < INF and b < INF else 0.0


def beta(a: float, b: float) -> float:
    if is_beta(a, b) < 0.5:
        return NAN
    if max(a, b) < 1e-100:
        return 1.0 / a + 1.0 / b
    if min(a, b) > 1100.0:
        return 0.0
    return long_exp(long_lbeta(min(a, b), max(a, b))).hi


def excess(a: float, b: float, x: float) -> Long:
    """a - (a + b) x, in which the mean a/(a + b) is compared with x."""
    return exact_sum(a, 0.0) - exact_product(a, x) - exact_product(b, x)


def log_beside(x: Long, y: Long) -> Long:
    """log(x), where x + y is 1."""
    if x.hi > 0.5:
        return long_log1p(-y)
    return long_log(x)


def beta_density(a: float, b: float, x: Long, y: Long, d: Long, s: float) -> Long:
    """x^(a - s) y^(b - s)/B(a, b) for s of 0 or 1, x + y = 1, and d the excess."""
    if a < 10.0 or b < 10.0:
        p = log_beside(x, y) * exact_sum(a, -s) + log_beside(y, x) * exact_sum(b, -s)
        return long_exp(p - long_lbeta(min(a, b), max(a, b)))
    n = exact_sum(a, b)
    if x.hi * n.hi < 1e-250 * a or y.hi * n.hi < 1e-250 * b:
        return Long(0.0, 0.0)
    p = deviance(Long(a, 0.0), n * x, d) + deviance(Long(b, 0.0), n * y, -d)
    p = (stirling(n.hi) - stirling(a) - stirling(b)) - p
    p = p - (log_beside(x, y) + log_beside(y, x)) * s
    return long_exp(p + long_log(Long(a, 0.0) / n * b / TAU) * 0.5)


def beta_integral(a: float, b: float, x: Long, y: Long, d: Long) -> Long:
    """Of what is left of t^(a - 1) (1 - t)^(b - 1) at t = x exp(-s), over s from 0 on."""
    q = (x / y).hi
    f = ((d + x) / y).hi
    h = 1.0 / (PANELS * max(sqrt(b * q * (1.0 + q) / 138.0), f / 46.0))
    p = Long(0.0, 0.0)
    for k in counting(PANELS):
        for c, w in RULE:
            t = h * (k + c)
            e = below_line(-q * expm1(-t)) - q * beyond_line(-t)
            p = p + w * exp((b - 1.0) * e - f * t)
    return p * h / y


def beta_below(a: float, b: float, x: Long, y: Long, d: Long) -> Long:
    """I_x(a, b) for x up to about the mean: its continued fraction, from the inside out."""
    if a > 150.0 and b > 150.0 and a * y.hi < 2.0 * b * x.hi:
        return beta_density(a, b, x, y, d, 0.0) * beta_integral(a, b, x, y, d)
    n = exact_sum(a, b)
    p = Long(1.0, 0.0)
    for j in counting(100.0):
        k = 100.0 - j
        r = exact_sum(a, 2.0 * k)
        p = 1.0 - exact_sum(a, k) / r * (n + k) / (r + 1.0) * x / p
        p = 1.0 + exact_sum(b, -k) / r * k / (r - 1.0) * x / p
    p = 1.0 - n / exact_sum(a, 1.0) * x / p
    return beta_density(a, b, x, y, d, 0.0) / (p * a)


def beta_rest(a: float, b: float, y: Long) -> float:
    """I_x(a, b), of which y is 1 - x, where b is very small, and so the result."""
    p = digamma_positive(Long(a, 0.0)) + 0.5 * b * polygamma(1.0, a)
    u = (log_beside(y, 1.0 - y) + p) * b - near_one(b)
    s = Long(0.0, 0.0)
    r = Long(1.0, 0.0)
    for n in counting(1.0, 80.0):
        r = r * y * exact_sum(n, -a) / Long(n, 0.0)
        s = s + r / exact_sum(n, b)
    return -(small_expm1(u) + s * b * long_exp(u)).hi


def betainc(a: float, b: float, x: float) -> float:
    if is_beta(a, b) < 0.5 or x < 0.0 or x > 1.0 or x != x:
        return NAN
    if x == 0.0 or x == 1.0:
        return abs(x)
    if max(a, b) < 1e-100:
        return b / (a + b)
    if a > 1e200 or b > 1e200:
        return beta_step(a, b, x)
    return beta_inside(a, b, x)


def beta_step(a: float, b: float, x: float) -> float:
    """The same where one is so large that only its product with x, or 1 - x, counts."""
    d = a * (1.0 - x) - b * x
    if min(a, b) > 1e36:
        return 0.5 if d == 0.0 else 0.0 if d > 0.0 else 1.0
    if a > b:
        return 0.0
    if x > 1e-160:
        return 1.0
    return beta_inside(a, b * HALVED, x / HALVED)


def beta_inside(a: float, b: float, x: float) -> float:
    d = excess(a, b, x)
    if min(a, b) > 1e36:
        return 0.5 if d.hi == 0.0 else 0.0 if d.hi > 0.0 else 1.0
    y = exact_sum(1.0, -x)
    if x * (a + b + 2.0) < a + 1.0:
        return beta_below(a, b, Long(x, 0.0), y, d).hi
    if b < 1e-10 * min(1.0, a):
        return beta_rest(a, b, y)
    return (1.0 - beta_below(b, a, y, Long(x, 0.0), -d)).hi


def betapdf(a: float, b: float, x: float) -> float:
    if is_beta(a, b) < 0.5 or x < 0.0 or x > 1.0 or x != x:
        return NAN
    if x == 0.0:
        return 0.0 if a > 1.0 else b if a == 1.0 else INF
    if x == 1.0:
        return 0.0 if b > 1.0 else a if b == 1.0 else INF
    if max(a, b) < 1e-100:
        return a / (a + b) * (b / x) / (1.0 - x)
    if min(a, b) > 1e36:
        n = a + b
        d = a * (1.0 - x) - b * x
        return sqrt(n / a) * sqrt(n / b) * sqrt(n / 6.283185307179586) if d == 0.0 else 0.0
    if a > 1e200 or (b > 1e200 and x > 1e-160):
        return 0.0
    w = HALVED if b > 1e200 else 1.0
    z = x / w
    p = beta_density(a, b * w, Long(z, 0.0), exact_sum(1.0, -z), excess(a, b * w, z), 1.0)
    return p.hi / w


# --- differences of polygammas --------------------------------------------------------------------


def fallen(n: float, z: Long, y: Long) -> Long:
    """n! (z^-(n + 1) - (z + y)^-(n + 1)), without a difference."""
    i = Long(1.0, 0.0) / z
    j = Long(1.0, 0.0) / (z + y)
    d = y * i * j
    r = j
    p = d
    for k in counting(1.0, n + 1.0):
        p = (p * i + r * d) * k
        r = r * j * k
    return p


def gap(n: float, x: float, y: float) -> Long:
    """The same, summed over z = x, x + 1, …: Euler's and Maclaurin's sum."""
    w = Long(y, 0.0)
    p = Long(0.0, 0.0)
    for k in counting(n + 11.0):
        p = p + fallen(n, exact_sum(x, k), w)
    z = exact_sum(x, n + 11.0)
    p = p + fallen(n, z, w) * 0.5
    if n < 0.5:
        return p + long_log1p(w / z) + gap_tail(n, z, w)
    return p + fallen(n - 1.0, z, w) + gap_tail(n, z, w)


def gap_tail(n: float, z: Long, y: Long) -> float:
    """Σ B_2k/(2k)! (n + 2k - 1)! (z^-(n + 2k) - (z + y)^-(n + 2k))."""
    i = 1.0 / z.hi
    j = 1.0 / (z + y).hi
    d = y.hi * i * j
    p = fallen(n, z, y)
    e = 0.0
    a = p.hi
    r = j
    for k in counting(1.0, n + 1.0):
        r = r * j * k
    k = n + 1.0
    for c in EVEN:
        a = (a * i + r * d) * k
        r = r * j * k
        e = e + c * a
        k = k + 1.0
        a = (a * i + r * d) * k
        r = r * j * k
        k = k + 1.0
    return e


def one_fall(n: float, x: float, y: float) -> float:
    """n! (x^-(n + 1) - (x + y)^-(n + 1))."""
    j = 1.0 / (x + y)
    d = y * j / x
    p = d
    r = j
    for k in counting(1.0, n + 1.0):
        p = (p / x + r * d) * k
        r = r * j * k
    return p


def psigap(n: float, x: float, y: float) -> float:
    if n != floor(n) or n < 0.0 or n > 199.0 or x != x or y != y:
        return NAN
    if x <= 0.0 or y < 0.0 or x == INF or y == INF:
        return NAN
    f = 1.0 if n == 2.0 * floor(n / 2.0) else -1.0
    if y == 0.0:
        return -f * abs(y)
    if y < 1e-20 * x and x > 1e-60 and x < 1e30:
        return -y * polygamma(n + 1.0, x)
    if x < 1e-60:
        e = one_fall(n, x, y)  # the pole is all
        return -f * (e if e == e else INF)
    if x > 1e30:
        return -f * (log1p(y / x) if n == 0.0 else one_fall(n - 1.0, x, y))  # the sum an integral
    if y > 1e60:
        return polygamma(n, x) - (log(y) if n == 0.0 else 0.0)
    e = gap(n, x, y).hi
    return -f * (e if e == e else INF)
