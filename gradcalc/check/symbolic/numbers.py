"""sympy expressions → mpmath numbers, at any precision.

sympy's own ``evalf`` evaluates a shared sub-expression once for every place where it stands, and
recurses. Here each distinct sub-expression is evaluated once, from a stack.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from gradcalc.check.budget import Deadline
from gradcalc.functions.digits import context
from gradcalc.functions.loading import loaded
from gradcalc.functions.primitives import FUNCTIONS, TABLE
from gradcalc.functions.row import Lazy
from gradcalc.graph.exact import huge, is_tame
from gradcalc.limits import MOST_ORDER

_TESTED_EVERY = 256  # sub-expressions between two looks at the clock


class UnsupportedError(Exception):
    """sympy left something in a derivative that has no number."""


class Evaluation:
    """The numbers of sympy's expressions at one point and one precision.

    ``symbols`` has the value of each dummy, ``definitions`` the expression of each that stands for
    one. NaN is a number without a real or complex value, and a limit that was not taken (0 * oo).
    """

    def __init__(
        self, symbols: dict[Any, Any], definitions: dict[Any, Any], deadline: Deadline
    ) -> None:
        self._values: dict[Any, Any] = dict(symbols)
        self._definitions = definitions
        self._deadline = deadline
        self._count = 0

    def __call__(self, expression: Any) -> Any:
        """The value: an mpf, an mpc, or for a condition True, False or NaN (undecided).

        Raises UnsupportedError and OutOfTime.
        """
        values = self._values
        stack = [expression]
        while stack:
            node = stack[-1]
            if node in values:
                stack.pop()
                continue
            waiting = [child for child in self._children(node) if child not in values]
            if waiting:
                stack += waiting
                continue
            values[node] = self._compute(node)
            stack.pop()
        return values[expression]

    def _children(self, node: Any) -> tuple[Any, ...]:
        if node in self._definitions:
            return (self._definitions[node],)
        if type(node).__name__ in ("Derivative", "Subs"):
            return ()
        children: tuple[Any, ...] = node.args
        if type(node).__name__ == "Piecewise":
            return tuple(part for arm in children for part in arm.args)
        return children

    def _compute(self, node: Any) -> Any:
        self._count += 1
        if self._count % _TESTED_EVERY == 0:
            self._deadline.test()
        if node in self._definitions:
            return self._values[self._definitions[node]]
        name = type(node).__name__
        if name == "Piecewise":
            return self._choose(node)
        if name in ("Derivative", "Subs"):
            return _flat(node)
        arguments = [self._values[child] for child in node.args]
        if not arguments:
            return _atom(node)
        return _apply(node, arguments)

    def _choose(self, node: Any) -> Any:
        mp = context()

        for expression, condition in node.args:
            flag = self._values[condition]
            if flag is True:
                return self._values[expression]
            if flag is not False:
                break
        return mp.nan


def _apply(node: Any, arguments: list[Any]) -> Any:
    mp = context()
    name = type(node).__name__
    function = _functions(mp).get(type(node))
    if function is None:
        function = getattr(mp, name, None) or getattr(mp, name.lower(), None) or _rows().get(name)
        if function is None or not node.is_Function:
            raise UnsupportedError(name)
        row = FUNCTIONS.get(name)
        if not (row and is_tame(row)) and any(_huge(number) for number in arguments):
            return mp.nan
    try:
        return function(*arguments)
    except (ZeroDivisionError, ValueError, OverflowError, NotImplementedError, MemoryError):
        return mp.nan
    except mp.NoConvergence:
        return mp.nan


def _huge(number: Any) -> bool:
    if hasattr(number, "_mpf_"):
        return huge(number)
    return hasattr(number, "real") and (huge(number.real) or huge(number.imag))


def _atom(node: Any) -> Any:
    mp = context()
    sympy = loaded("sympy")

    if node.is_Rational:
        return mp.mpf(node.p) / node.q
    constants = {sympy.pi: +mp.pi, sympy.E: +mp.e, sympy.I: mp.mpc(0, 1),
                 sympy.EulerGamma: +mp.euler,
                 sympy.true: True, sympy.false: False,
                 sympy.oo: mp.inf, -sympy.oo: -mp.inf}  # fmt: skip
    if node in constants:
        return constants[node]
    if node in (sympy.nan, sympy.zoo):
        return mp.nan
    raise UnsupportedError(str(type(node).__name__))


def _flat(node: Any) -> Any:
    """The slope that sympy leaves unevaluated: of a step, which is 0 wherever there is one."""
    mp = context()

    inner = node.args[0]
    while type(inner).__name__ in ("Derivative", "Subs"):
        inner = inner.args[0]
    if type(inner) in _steps():
        return mp.mpf(0)
    raise UnsupportedError(f"the derivative of {type(inner).__name__}")


@cache
def _steps() -> frozenset[Any]:
    """sympy's functions that are steps, as those of the table are."""
    sympy = loaded("sympy")

    x = sympy.Dummy(real=True)
    found = {type(row.sympy(x)) for row in TABLE if row.flat}
    return frozenset(kind for kind in found if issubclass(kind, sympy.Function))


@cache
def _rows() -> dict[str, Callable[..., Any]]:
    """mpmath's functions by the name of sympy's class, for rows that are called otherwise."""
    return {
        row.sympy_forward.name: row.mpmath for row in TABLE if isinstance(row.sympy_forward, Lazy)
    }


@cache
def _functions(mp: Any) -> dict[Any, Callable[..., Any]]:
    """By sympy's class, where it is not simply mpmath's function of that name."""
    sympy = loaded("sympy")

    return {
        sympy.Add: _sum,
        sympy.Mul: _product,
        sympy.Pow: _power,
        sympy.log: _log,
        sympy.Abs: mp.fabs,
        sympy.sign: mp.sign,
        sympy.re: mp.re,
        sympy.im: mp.im,
        sympy.arg: mp.arg,
        sympy.conjugate: mp.conj,
        sympy.ceiling: mp.ceil,
        sympy.atan2: _atan2,
        sympy.polygamma: _polygamma,
        sympy.lowergamma: lambda a, x: mp.gammainc(a, 0, x),
        sympy.uppergamma: lambda a, x: mp.gammainc(a, x),
        sympy.DiracDelta: lambda x, n=0: mp.mpf(0),
        sympy.Heaviside: lambda x, half=0.5: (1 + mp.sign(x)) / 2,
        sympy.Lt: _order(lambda x, y: x < y),
        sympy.Le: _order(lambda x, y: x <= y),
        sympy.Gt: _order(lambda x, y: x > y),
        sympy.Ge: _order(lambda x, y: x >= y),
        sympy.Eq: _order(lambda x, y: x == y),
        sympy.Ne: _order(lambda x, y: x != y),
        sympy.And: _all,
        sympy.Or: lambda *flags: _not(_all(*map(_not, flags))),
        sympy.Not: _not,
    }


def _polygamma(order: Any, x: Any) -> Any:
    mp = context()
    return mp.nan if order > MOST_ORDER or _huge(x) else mp.psi(int(order), x)


def _sum(*terms: Any) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _product(*factors: Any) -> Any:
    total = factors[0]
    for factor in factors[1:]:
        total = total * factor
    return total


def _log(x: Any) -> Any:
    """The logarithm; at 0 a limit that is not taken, for 0**0 * log(0) is no slope of x**y."""
    mp = context()

    return mp.log(x) if x else mp.nan


def _power(base: Any, exponent: Any) -> Any:
    """base**exponent; a pole is +oo where it has one sign on both sides, or one side only."""
    mp = context()

    if base == 0 and hasattr(exponent, "_mpf_") and exponent < 0:
        odd = exponent == mp.floor(exponent) and exponent % 2 == 1
        return mp.nan if odd else mp.inf
    if _huge(exponent):
        return mp.nan  # mpmath would write an integer exponent out, 1e10 digits or more
    return mp.power(base, exponent)


def _atan2(y: Any, x: Any) -> Any:
    mp = context()

    real = hasattr(x, "_mpf_") and hasattr(y, "_mpf_")
    return mp.atan2(y, x) if real else mp.nan


def _order(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    """A comparison that knows when it cannot compare."""
    mp = context()

    def compared(x: Any, y: Any) -> Any:
        if not hasattr(x, "_mpf_") or not hasattr(y, "_mpf_"):
            return mp.nan
        if mp.isnan(x) or mp.isnan(y):
            return mp.nan
        return bool(compare(x, y))

    return compared


def _all(*flags: Any) -> Any:
    """Python's ``and``: decided from the left, as the engine's conditions are not afraid of NaN."""
    mp = context()

    if any(flag is False for flag in flags):
        return False
    return True if all(flag is True for flag in flags) else mp.nan


def _not(flag: Any) -> Any:
    return (not flag) if isinstance(flag, bool) else flag
