"""The same graph in mpmath: node by node, at any precision, in real numbers.

What has no real value (the logarithm of a negative number, a division by zero, an overflow of an
overflow) is NaN here, and so is everything made of it, except what ``where`` leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from gradcalc.functions.digits import context
from gradcalc.functions.primitives import (
    AND,
    CONSTANT,
    MOD,
    OR,
    TABLE,
    WHERE,
)
from gradcalc.functions.row import Primitive
from gradcalc.graph.graph import Graph

HUGE = 5_000
"""Bits before the binary point from which on a number goes into no transcendental function: exp
and sin need that many digits of pi, and exp(exp(exp(1000))) more memory than there is."""
_TESTED_EVERY = 64  # nodes between two looks at the clock
_ARITY = [primitive.arity for primitive in TABLE]
_PLAIN = {p.code: p.mpmath for p in TABLE if p.arithmetic and not p.domain}
"""What takes real numbers to real numbers and cannot fail."""


class Clock(Protocol):
    """What stops a run that takes too long."""

    def test(self) -> None:
        """Raise something when the time is over."""


def leaves(graph: Graph, x: Iterable[float]) -> dict[int, Any]:
    """The exact values of the inputs at the point x, by node."""
    mp = context()

    return {node: mp.mpf(float(number)) for node, number in zip(graph.inputs, x, strict=True)}


def rerun(graph: Graph, nodes: Iterable[int], values: dict[int, Any], clock: Clock) -> None:
    """Evaluate ``nodes``, in order, at mpmath's working precision; ``values`` has their operands
    and receives the results. Numbers in the formula are the doubles that the engine uses.

    Raises what the clock raises.
    """
    mp = context()

    codes, (xs, ys, zs) = graph.codes, graph.operands
    for count, node in enumerate(nodes):
        if count % _TESTED_EVERY == 0:
            clock.test()
        code = codes[node]
        arity = _ARITY[code]
        if arity == 2:
            values[node] = call(code, (values[xs[node]], values[ys[node]]))
        elif arity == 1:
            values[node] = call(code, (values[xs[node]],))
        elif arity == 3:
            values[node] = call(code, (values[xs[node]], values[ys[node]], values[zs[node]]))
        elif code == CONSTANT.code:
            values[node] = mp.mpf(graph.constants[node])


def call(code: int, arguments: tuple[Any, ...]) -> Any:
    """One primitive on mpf numbers: an mpf, NaN where there is no real value."""
    plain = _PLAIN.get(code)
    if plain is not None:
        return plain(*arguments)
    mp = context()

    primitive = TABLE[code]
    if any(number != number for number in arguments):
        return _undecided(code, arguments)
    if not is_tame(primitive) and any(map(huge, arguments)):
        return mp.nan
    if code == MOD.code and _far_apart(*arguments):
        return mp.nan  # mpmath would write out all the binary places between the two
    try:
        value = primitive.mpmath(*arguments)
    except (ArithmeticError, ValueError, NotImplementedError, MemoryError):
        return mp.nan  # a pole
    except TypeError:
        return mp.nan  # mpmath's besseli of a large number counts bits with a number of its own
    except mp.NoConvergence:
        return mp.nan
    if isinstance(value, mp.mpf):
        return value
    return mp.nan if isinstance(value, mp.mpc) else mp.mpf(value)


def _far_apart(x: Any, y: Any) -> bool:
    mp = context()
    return bool(x and y and mp.isfinite(x) and mp.isfinite(y) and abs(mp.mag(x) - mp.mag(y)) > HUGE)


def _undecided(code: int, arguments: tuple[Any, ...]) -> Any:
    """A primitive with a NaN among its operands. Unlike in IEEE arithmetic, a comparison with NaN
    is NaN: a branch must not be taken because of it."""
    mp = context()

    if code == WHERE.code and arguments[0] == arguments[0]:
        return arguments[1] if arguments[0] else arguments[2]
    if code == AND.code and any(number == 0 for number in arguments):
        return mp.mpf(0)
    if code == OR.code and any(number == number and number for number in arguments):
        return mp.mpf(1)
    return mp.nan


def is_tame(primitive: Primitive) -> bool:
    """Whether huge numbers may go into it."""
    return primitive.tame or primitive.boolean


def huge(number: Any) -> bool:
    """Whether an mpf is finite but too large for a transcendental function."""
    _sign, mantissa, exponent, bits = number._mpf_
    return bool(mantissa) and exponent + bits > HUGE
