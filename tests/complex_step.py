"""An oracle that shares nothing with the engine: the graph, node by node, on complex numbers.

For an analytic f, Im f(x + ih)/h is f′(x) to the last digits for a tiny h, because nothing is
subtracted. Conditions and the choices of the functions that have kinks look at the real part alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from gradcalc.graph.graph import Graph

STEP = 1e-30


def _by_sign(x: complex) -> float:
    return float(np.sign(x.real))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "mod": lambda x, y: x - y * np.floor(x.real / y.real),
    "square": lambda x: x * x,
    "pow": lambda x, y: _power(x, y),
    "flow": lambda x, y: 0.0 if x == 0 else x * y,
    "sqrt": np.sqrt,
    "cbrt": lambda x: _by_sign(x) * (_by_sign(x) * x) ** (1 / 3),
    "exp": np.exp,
    "exp2": lambda x: np.exp(x * np.log(2)),
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "log2": lambda x: np.log(x) / np.log(2),
    "log10": lambda x: np.log(x) / np.log(10),
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sec": lambda x: 1 / np.cos(x),
    "csc": lambda x: 1 / np.sin(x),
    "cot": lambda x: 1 / np.tan(x),
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "atan2": lambda x, y: _angle(x, y),
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "sech": lambda x: 1 / np.cosh(x),
    "csch": lambda x: 1 / np.sinh(x),
    "coth": lambda x: 1 / np.tanh(x),
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "lt": lambda x, y: float(x.real < y.real),
    "le": lambda x, y: float(x.real <= y.real),
    "gt": lambda x, y: float(x.real > y.real),
    "ge": lambda x, y: float(x.real >= y.real),
    "eq": lambda x, y: float(x.real == y.real),
    "ne": lambda x, y: float(x.real != y.real),
    "and": lambda x, y: float(bool(x) and bool(y)),
    "or": lambda x, y: float(bool(x) or bool(y)),
    "not": lambda x: float(not x),
    "where": lambda c, a, b: a if c else b,
    "abs": lambda x: _by_sign(x) * x,
    "sign": _by_sign,
    "floor": lambda x: np.floor(x.real),
    "ceil": lambda x: np.ceil(x.real),
    "round": lambda x: np.round(x.real),
    "heaviside": lambda x: np.heaviside(x.real, 0.5),
    "relu": lambda x: x if x.real > 0 else 0.0,
    "max": lambda x, y: x if x.real > y.real else y,
    "min": lambda x, y: x if x.real < y.real else y,
    "clamp": lambda x, lo, hi: lo if x.real < lo.real else hi if x.real > hi.real else x,
    "peak": lambda x, y: max(x.real, y.real),
    "outweighs": lambda x, y: float(abs(x.real) > abs(y.real)),
    "hypot": lambda x, y: np.sqrt(x * x + y * y),
    "acot": lambda x: np.arctan(1 / x),
    "acoth": lambda x: np.arctanh(1 / x),
    "acsch": lambda x: np.arcsinh(1 / x),
    "expx2": lambda x: np.exp(x * x),
    "erfi": special.erfi,
    "normpdf": lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
    "normcdf": lambda x: special.erfc(-x / np.sqrt(2)) / 2,
    "logit": lambda x: np.log(x / (1 - x)),
    "logaddexp": lambda x, y: np.log(np.exp(x) + np.exp(y)),
    "share": lambda x, y: 1 / (1 + np.exp(y - x)),
    "xlogy": lambda x, y: x * np.log(y),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x * special.erfc(-x / np.sqrt(2)) / 2,
    "elu": lambda x, a: x if x.real > 0 else a * np.expm1(x),
    "leaky_relu": lambda x, a: x if x.real > 0 else a * x,
    "trunc": lambda x: np.trunc(x.real),
    "gaussian": lambda x: np.exp(-x * x),
    "erf": special.erf,
    "erfc": special.erfc,
    "gamma": special.gamma,
    "lgamma": special.loggamma,
    "digamma": special.digamma,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
}


def _power(x: complex, y: complex) -> Any:
    if y.imag == 0 and float(y.real).is_integer():
        return np.complex128(x) ** int(y.real)  # the principal branch turns at negative bases
    return np.exp(y * np.log(x))


def _angle(x: complex, y: complex) -> Any:
    angle = np.arctan(x / y) if abs(x.real) < abs(y.real) else -np.arctan(y / x)
    return angle + np.arctan2(x.real, y.real) - angle.real


def values(graph: Graph, x: Any) -> list[complex]:
    """The outputs of the graph at a complex point."""
    made: dict[int, Any] = dict(zip(graph.inputs, map(np.complex128, x), strict=True))
    with np.errstate(all="ignore"):
        for node, (primitive, operands, _, _) in enumerate(graph):
            if node in graph.constants:
                made[node] = np.complex128(graph.constants[node])
            elif node not in made:
                made[node] = np.complex128(
                    FUNCTIONS[primitive.name](*(made[operand] for operand in operands))
                )
    return [made[node] for node in graph.outputs]


def jacobian(graph: Graph, x: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """J[i, j], one complex evaluation a column."""
    point = np.asarray(x, dtype=complex)
    columns = []
    for j in range(len(point)):
        nudged = point.copy()
        nudged[j] += 1j * STEP
        columns.append([value.imag / STEP for value in values(graph, nudged)])
    return np.array(columns, dtype=float).reshape(len(point), len(graph.outputs)).T
