"""The Jacobians of ``points`` by hand, one point at a time: what numba compiles.

The floor under every tool that keeps rows: each number is read once and written once.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, exp, sin
from typing import Any

from benchmarks.measure import module

Kernel = Callable[[Any, Any], None]
"""Writes the Jacobian of the point ``x`` to ``J``."""


def compiled(kernel: Kernel) -> Callable[[Any, Any], None]:
    """The kernel at all points, on all cores."""
    numba = module("numba")
    at_one = numba.njit(kernel)
    prange = numba.prange

    def at_all(points: Any, jacobians: Any) -> None:
        for k in prange(len(points)):
            at_one(points[k], jacobians[k])

    made: Callable[[Any, Any], None] = numba.njit(at_all, parallel=True)
    return made


def quadratic(x: Any, J: Any) -> None:
    J[0, 0] = 2 * x[0]
    J[0, 1] = 3
    J[1, 0] = 2
    J[1, 1] = 2 * x[1]


def arm(q: Any, J: Any) -> None:
    a, b = q[0], q[0] + q[1]
    c = b + q[2]
    J[0, 2] = -0.4 * sin(c)
    J[0, 1] = J[0, 2] - 0.7 * sin(b)
    J[0, 0] = J[0, 1] - sin(a)
    J[1, 2] = 0.4 * cos(c)
    J[1, 1] = J[1, 2] + 0.7 * cos(b)
    J[1, 0] = J[1, 1] + cos(a)
    J[2] = 1


def robertson(y: Any, J: Any) -> None:
    J[0, 0] = -0.04
    J[0, 1] = 1e4 * y[2]
    J[0, 2] = 1e4 * y[1]
    J[2, 0] = 0
    J[2, 1] = 6e7 * y[1]
    J[2, 2] = 0
    J[1, 0] = 0.04
    J[1, 1] = -J[0, 1] - J[2, 1]
    J[1, 2] = -J[0, 2]


def arrhenius(x: Any, J: Any) -> None:
    T, a, b, c, d = x[0], x[1], x[2], x[3], x[4]
    k1, k2, k3 = 1e6 * exp(-5000 / T), 2e6 * exp(-6000 / T), 5e5 * exp(-7000 / T)
    first = k1 * a * b * 5000 / T**2
    second = k2 * c * 6000 / T**2
    third = k3 * c * d * 7000 / T**2
    J[0, 0], J[0, 1], J[0, 2], J[0, 3], J[0, 4] = -first, -k1 * b, -k1 * a, 0, 0
    J[1, 0], J[1, 1], J[1, 2], J[1, 3], J[1, 4] = second - first, -k1 * b, -k1 * a, k2, 0
    J[2, 0] = first - second - third
    J[2, 1], J[2, 2], J[2, 3], J[2, 4] = k1 * b, k1 * a, -k2 - k3 * d, -k3 * c
    J[3, 0], J[3, 1], J[3, 2], J[3, 3], J[3, 4] = second - third, 0, 0, k2 - k3 * d, -k3 * c
