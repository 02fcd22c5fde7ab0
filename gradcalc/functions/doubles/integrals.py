"""Integrals of exp(x)/x, sin(x)/x and exp(x²), and sin(x)/x itself with its derivatives."""

from __future__ import annotations

from gradcalc.functions.doubles.pairs import (
    EULER,
    INF,
    NAN,
    PI,
    Long,
    counting,
    exact_product,
    exp,
    expx2,
    floor,
    half_turns,
    inverse,
    long_log,
    long_sine,
    polynomial,
    power,
    quotient,
)

# --- exp(x)/x and exp(x²) -------------------------------------------------------------------------


def fraction(n: float, x: float) -> float:
    """exp(x) E_n(x) for x ≥ 2: a continued fraction of positive numbers, from the inside out."""
    r = x
    for j in counting(160.0):
        k = 160.0 - j
        r = x + (n + k - 1.0) / (1.0 + k / r)
    return 1.0 / r


def growing(x: float, terms: float) -> Long:
    """γ + log |x| + Σ x^k/(k k!)."""
    r = Long(1.0, 0.0)
    p = long_log(Long(abs(x), 0.0)) + EULER
    for k in counting(1.0, terms):
        r = r * x / Long(k, 0.0)
        p = p + r / Long(k, 0.0)
    return p


def ei(x: float) -> float:
    if x != x:
        return NAN
    if x == 0.0:
        return -INF
    if x < -800.0:
        return 0.0 if x == -INF else -0.0
    if x <= -2.0:
        return -exp(x) * fraction(1.0, -x)
    if x < 2.0:
        return growing(x, 35.0).hi
    if x < 50.0:
        return growing(x, 200.0).hi
    if x > 800.0:
        return INF
    e = 0.0
    r = 1.0
    for k in counting(1.0, 45.0):
        r = r * k / x
        e = e + r
    h = exp(x / 2.0)  # its square may overflow where the result does not
    return h * ((1.0 + e) / x) * h


def li(x: float) -> float:
    if x == 0.0:
        return 0.0
    if x == 1.0:
        return -INF
    if x < 0.0 or x == INF or x != x:
        return INF if x == INF else NAN
    t = long_log(Long(x, 0.0))
    return ei(t.hi) + t.lo * (x / t.hi)


def expint(n: float, x: float) -> float:
    if n != floor(n) or abs(n) > 999.0 or x < 0.0 or x != x:
        return NAN
    if x == 0.0:
        return quotient(1.0, n - 1.0) if n > 1.5 else NAN if n < 0.5 else INF
    if x == INF:
        return 0.0
    if n < 0.5:
        if x < 1e-290:
            return 1.0 / x if n == 0.0 else INF
        s = 8.673617379884035e-19 if x < 600.0 else 1.0  # a pair of doubles overflows beside 1e300
        i = inverse(x)
        p = i * s
        for k in counting(1.0, 1.0 - n):
            p = i * s + p * i * k
        e = exp(-x) * p.hi / s
        return e if e == e else INF
    if x >= 2.0:
        return exp(-x) * fraction(n, x)
    r = Long(1.0, 0.0)  # (-x)^m/m!
    c = Long(0.0, 0.0)
    p = Long(0.0, 0.0)
    for m in counting(60.0 + n):
        d = n - 1.0 - m
        p = p + r / Long(d if d != 0.0 else 1e200, 0.0)
        r = r * -x / Long(m + 1.0, 0.0)
    r = Long(1.0, 0.0)
    for m in counting(1.0, n):
        c = c + Long(1.0, 0.0) / Long(m, 0.0)
        r = r * -x / Long(m, 0.0)
    return (p + r * (c - EULER - long_log(Long(x, 0.0)))).hi


def erfi(x: float) -> float:
    if x == 0.0:
        return x
    if abs(x) > 30.0:
        return INF if x > 0.0 else -INF
    if abs(x) >= 7.0:
        e = 0.0
        r = 1.0
        for n in counting(1.0, 46.0):
            r = r * (2.0 * n - 1.0) / (2.0 * x * x)
            e = e + r
        return expx2(x) * ((1.0 + e) / (1.772453850905516 * x))
    w = exact_product(x, x)
    t = Long(1.0, 0.0)
    p = t
    for n in counting(1.0, 160.0):
        t = t * w / Long(n, 0.0)
        p = p + t / Long(2.0 * n + 1.0, 0.0)
    return (p * x * Long(1.1283791670955126, 1.533545961316588e-17)).hi


# --- sin(x)/x -------------------------------------------------------------------------------------

FAR_SINE = (
    -0.002551020408163265, 3.904623073713076e-05, -1.4941159695311018e-06, 1.0672252810326534e-07,
    -1.2250968899593024e-08, 2.061000333130795e-09, -4.73382248223399e-10, 1.3497250550734166e-10,
    -4.01082819364052e-11, 9.541354232583436e-12, -1.2089397046354722e-12,
)  # fmt: skip
FAR_COSINE = (
    -0.0076530612244897905, 0.00019523115368468477, -1.0458811751831537e-05, 9.605022691744935e-07,
    -1.347572716116734e-07, 2.6779459196673538e-08, -7.067897037616825e-09, 2.2454579899822406e-09,
    -7.178902163301029e-10, 1.7842920693915977e-10, -2.3186827761815456e-11,
)  # fmt: skip
"""x f(x) - 1 and x² g(x) - 1 of the auxiliary functions, by (28/x)²."""


def auxiliary(x: float, turns: float) -> Long:
    """f(x) cos(x) + g(x) sin(x), or with a turn f(x) sin(x) - g(x) cos(x), for x ≥ 28."""
    w = 28.0 / x
    w = w * w
    a = polynomial(FAR_SINE, w)
    b = polynomial(FAR_COSINE, w)
    i = inverse(x)
    s = long_sine(Long(x, 0.0), 1.0 - turns)
    c = long_sine(Long(x, 0.0), -turns)
    return (s * (Long(1.0, 0.0) + w * a) + c * i * (Long(1.0, 0.0) + w * b)) * i


def odd_terms(x: float, start: float, terms: float) -> Long:
    """Σ (-1)^k x^(start + 2k)/((start + 2k) (start + 2k)!), of start 1 or 2."""
    w = exact_product(x, x)
    r = w * (0.5 * (start - 1.0)) + x * (2.0 - start)
    p = r / Long(start, 0.0)
    for j in counting(1.0, terms):
        k = start + 2.0 * j
        r = r * w / Long(k - k * k, 0.0)
        p = p + r / Long(k, 0.0)
    return p


def si(x: float) -> float:
    if x == 0.0:
        return x
    t = abs(x)
    if t < 4.0:
        return odd_terms(x, 1.0, 20.0).hi
    f = 1.0 if x > 0.0 else -1.0
    if t < 28.0:
        return odd_terms(x, 1.0, 60.0).hi
    if t == INF:
        return 1.5707963267948966 * f
    if t > 0.0:
        return f * (PI * 0.5 - auxiliary(t, 0.0)).hi
    return NAN


def ci(x: float) -> float:
    if x == 0.0:
        return -INF
    if x < 0.0 or x != x:
        return NAN
    if x < 4.0:
        return (long_log(Long(x, 0.0)) + EULER - odd_terms(x, 2.0, 20.0)).hi
    if x < 28.0:
        return (long_log(Long(x, 0.0)) + EULER - odd_terms(x, 2.0, 60.0)).hi
    if x == INF:
        return 0.0
    return auxiliary(x, 1.0).hi


def taylor(n: float, x: Long) -> Long:
    """The n-th derivative of sin(x)/x, near 0."""
    w = x * x
    m = floor((n + 1.0) / 2.0)
    r = x * (2.0 * m - n) + (1.0 - (2.0 * m - n))
    r = r * (1.0 if m == 2.0 * floor(m / 2.0) else -1.0)
    p = r / Long(2.0 * m + 1.0, 0.0)
    for j in counting(1.0, 50.0):
        k = 2.0 * (m + j)
        r = r * w / Long((k - n) * (1.0 + n - k), 0.0)
        p = p + r / Long(k + 1.0, 0.0)
    return p


def upwards_from_sine(n: float, x: float, w: Long, sine: Long, cosine: Long) -> Long:
    """The n-th derivative of sin(wx)/(wx), from the first upwards: for |wx| > n."""
    i = inverse(x)
    p = sine * i / w
    a = cosine
    b = -sine * w
    for k in counting(1.0, n + 1.0):
        p = (a - p * k) * i
        c = -a * w * w
        a = b
        b = c
    return p


def cardinal(n: float, x: float) -> float:
    if n != floor(n) or n < 0.0 or n > 999.0 or x != x:
        return NAN
    t = abs(x)
    if t < (max(4.0, n + 2.0) if n > 0.5 else 1.0):
        return taylor(n, Long(x, 0.0)).hi
    if t == INF:
        return 0.0
    z = Long(x, 0.0)
    return upwards_from_sine(n, x, Long(1.0, 0.0), long_sine(z, 0.0), long_sine(z, 1.0)).hi


def sincn(n: float, x: float) -> float:
    if n != floor(n) or n < 0.0 or n > 999.0 or x != x:
        return NAN
    if n == 0.0 and x == floor(x) and x != 0.0:
        return (0.0 if x == 2.0 * floor(x / 2.0) else -0.0) / x
    t = 3.141592653589793 * abs(x)
    if t < (max(4.0, n + 2.0) if n > 0.5 else 1.0):
        return (taylor(n, PI * x) * power(PI, n)).hi
    if abs(x) == INF:
        return 0.0
    return upwards_from_sine(n, x, PI, half_turns(x, 0.0), half_turns(x, 1.0)).hi


def sinc(x: float) -> float:
    return sincn(0.0, x)
