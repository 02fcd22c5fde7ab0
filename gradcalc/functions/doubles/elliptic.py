"""Complete elliptic integrals by the arithmetic-geometric mean, and their derivatives."""

from __future__ import annotations

from gradcalc.functions.doubles.pairs import (
    INF,
    NAN,
    PI,
    Long,
    counting,
    exact_sum,
    floor,
    log,
    root,
    sqrt,
)


def mean(m: Long, rest: Long, second: float) -> Long:
    """K, or with ``second`` E, for 0 ≤ m < 1, of which ``rest`` is 1 - m."""
    a = Long(1.0, 0.0)
    g = root(rest)
    p = m * 0.5
    w = 0.5
    for _k in counting(14.0):
        c = (a - g) * 0.5
        b = a - c
        g = root(a * g)
        a = b
        w = 2.0 * w
        p = p + c * c * w
    q = PI * 0.5 / a
    if second > 0.5:
        return q * (1.0 - p)
    return q


def whole(m: float, second: float) -> Long:
    """The same for all m < 1, negative ones by a transformation where nothing cancels."""
    q = exact_sum(1.0, -m)
    if m >= 0.0:
        return mean(Long(m, 0.0), q, second)
    i = Long(1.0, 0.0) / q
    if second > 0.5:
        return mean(i * -m, i, second) * root(q)
    return mean(i * -m, i, second) / root(q)


def derivative(n: float, m: float, second: float) -> Long:
    """Of order n: by the hypergeometric series of K, or E, near 0; else by the recurrence that its
    differential equation is."""
    a = 0.5 - second
    if n < 0.5:
        return whole(m, second)
    if abs(m) < 0.5:
        r = PI * 0.5
        for k in counting(n):
            r = r * ((a + k) * (0.5 + k)) / Long(k + 1.0, 0.0)
        p = r
        for k in counting(n, 80.0 + 4.0 * n):
            r = r * ((a + k) * (0.5 + k)) / Long((k + 1.0) * (k + 1.0 - n), 0.0) * m
            p = p + r
        return p
    u = whole(m, 0.0)
    v = whole(m, 1.0)
    i = Long(0.5, 0.0) / Long(m, 0.0)
    q = exact_sum(1.0, -m)
    y = v * second + u * (1.0 - second)
    z = ((v - u) * second + (v / q - u) * (1.0 - second)) * i
    for j in counting(n - 1.0):
        c = z * (a + 1.5 + 2.0 * j - i * (2.0 * (j + 1.0)))
        c = (c + y * i * (2.0 * (a + j) * (0.5 + j))) / q
        y = z
        z = c
    return z


def elliptic(n: float, m: float, second: float) -> float:
    if n != floor(n) or n < 0.0 or n > 999.0 or m > 1.0 or m != m:
        return NAN
    if m == 1.0:
        return 1.0 if n + 1.0 - second < 0.5 else -INF if second > 0.5 else INF
    if m < -1e300:
        s = sqrt(-m)
        if n > 0.5:
            return -0.5 / s if second > 0.5 and n < 1.5 else 0.0
        if second > 0.5:
            return s
        return (1.3862943611198906 + 0.5 * log(-m)) / s if s < INF else 0.0
    return derivative(n, m, second).hi


def ellipk(m: float) -> float:
    return elliptic(0.0, m, 0.0)


def ellipe(m: float) -> float:
    return elliptic(0.0, m, 1.0)


def ellipkn(n: float, m: float) -> float:
    return elliptic(n, m, 0.0)


def ellipen(n: float, m: float) -> float:
    return elliptic(n, m, 1.0)
