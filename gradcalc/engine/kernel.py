"""The interpreter of tapes in C (``kernel.c``), where it was built, and what it asks of a tape.

Both interpreters give the same bits: they call the same loops in the same order.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from gradcalc.engine.built import EXTENSION, interpreter
from gradcalc.functions import sines

native: Any = import_module(EXTENSION) if interpreter() == "c" else None
"""The extension, where it is in use."""


def where(condition: Any, yes: Any, no: Any, out: Any) -> None:
    """``numpy.where`` of numbers, with an ``out``."""
    out[...] = np.where(np.not_equal(condition, 0), yes, no)


TOTAL = np.add.reduce
"""Of what may be infinite or NaN: a single number tells whether any of them is."""

# In the order of kernel.c.
_OPERATIONS = (
    *(np.positive, np.add, np.subtract, np.multiply, np.divide, np.negative, np.square),
    *(np.absolute, np.sqrt, np.equal, np.not_equal, np.less, np.less_equal, np.greater),
    *(np.greater_equal, np.logical_and, np.logical_or, np.logical_not, where, TOTAL),
)
_LOOK, _LOOP, _CALL, _COS = range(len(_OPERATIONS) - 1, len(_OPERATIONS) + 3)
LIGHT = frozenset(_OPERATIONS)
"""What costs no more on columns of the points and results than on registers."""


def tape(straight: Any) -> Any:
    """A ``Straight`` for the interpreter in C; None where that cannot run it.

    C has columns of the points and results in lines of their own, as registers are: so nothing is
    copied, and what is computed twice is computed once. Every place that a step reads or writes is
    one of the tape's: what is handed to C is right.
    """
    functions: list[Any] = []
    numbers: dict[str, int] = {}
    held = {j: j for j in range(straight.inputs)}  # by place: a value, or ~k for the k-th number
    for place, number in straight.constants + straight.fills:
        held[place] = ~numbers.setdefault(repr(number), len(numbers))
    there = {*range(straight.inputs + straight.columns), *straight.registers, *straight.sums}
    made: dict[tuple[int, ...], int] = {}
    for function, a, b, c, target in straight.steps:
        if target not in there or not held.keys() >= {a, b, c} - {-1}:
            raise ValueError("the tape has an instruction with a place that is not there")
        operands = [held[place] for place in (a, b, c) if place != -1]
        if function is np.positive:
            held[target] = operands[0]
        else:
            key = (*code(function, len(operands), functions), *operands)
            held[target] = made.setdefault(key, straight.inputs + len(made))
    results = [held[straight.inputs + j] for j in range(straight.columns)]
    lines, count = _lines(made, straight.inputs, results)
    fills = array("d")
    constants = array("d", map(float, numbers))
    for value in sorted({value for value in results if value < 0}):
        fills.extend((count, constants[~value]))
        lines[value], count = count, count + 1
    columns = array("i", [lines[value] for value in results])
    columns.extend(columns[-1:] * (4 - len(columns)))
    steps = array("i")
    for (operation, number_of, *values), value in made.items():
        places = [lines[k] if k >= 0 else count + ~k for k in values]
        steps.extend((operation, number_of, *places, *[0] * (3 - len(places)), lines.get(value, 0)))
    _refuse_malformed(
        np.frombuffer(steps, np.intc).reshape(-1, 6), count + len(constants), len(functions)
    )
    made_in_c = native.tape(
        steps.tobytes(),
        tuple(function for function, _, _ in functions),
        bytes(is_ufunc for _, is_ufunc, _ in functions),
        bytes(arity for _, _, arity in functions),
        constants.tobytes(),
        fills.tobytes(),
        columns.tobytes(),
        straight.inputs,
        straight.columns,
        count,
    )
    calls = not all(is_ufunc for _, is_ufunc, _ in functions)
    return Tape(made_in_c, calls)


def _lines(made: Any, inputs: int, results: list[int]) -> tuple[dict[int, int], int]:
    """A line for every value that C computes, and how many there are: after its last use a line
    is free for another value."""
    last = {value: k for k, key in enumerate(made) for value in key[2:]}
    last.update(dict.fromkeys(results, len(made)))
    lines = {j: j for j in range(inputs)}
    count = max(inputs, 4)  # of fewer inputs C takes four
    free = [j for j in range(count) if j >= inputs or j not in last]
    for k, key in enumerate(made):
        free += [lines[value] for value in {*key[2:]} if value >= 0 and last[value] == k]
        if key[0] != _LOOK:
            if not free:
                free.append(count)
                count += 1
            lines[inputs + k] = free.pop()
    return lines, count


def _refuse_malformed(steps: Any, places: int, functions: int) -> None:
    """C believes what it is told: every place and every function has to be there."""
    there = ((steps[:, 2:] >= 0) & (steps[:, 2:] < places)).all()
    if not there:
        raise ValueError("the tape has an instruction with a place that is not there")
    _refuse_unknown(steps[:, 0], steps[:, 1], functions)


def _refuse_unknown(operations: Any, numbers: Any, functions: int) -> None:
    known = (operations >= 0) & (operations <= _COS)
    called = operations >= _LOOP
    numbered = (numbers >= (operations == _COS)) & (numbers < np.where(called, functions, 1))
    if not (known & numbered).all():
        raise ValueError("the tape has an instruction with a function that is not there")


def recorded(
    schedule: Any, codes: Any, edges: Any, indices: Any, functions: Any, numbers: Any, places: int
) -> Any:
    """A tape for one point, with the edges of its sweeps (``recorded.py``)."""
    runs = np.array([*codes[0], *codes[1]], np.intc).reshape(-1, 13)
    ways = np.array(edges, np.intc).reshape(-1, 8)
    sizes, outs = runs[:, 2], np.stack([runs[:, 3], *np.broadcast_arrays(1, -1, runs[:, 3])[:2]], 1)
    _refuse_unknown(runs[:, 0], runs[:, 1], len(functions))
    for count, references in (
        *((sizes, runs[:, at : at + 3]) for at in (4, 7, 10)),
        *((ways[:, 0], ways[:, at : at + 3]) for at in (2, 5)),
        (sizes, outs),
        (ways[:, 0], np.stack([ways[:, 1], *np.broadcast_arrays(1, -1, ways[:, 1])[:2]], 1)),
    ):
        _refuse_elsewhere(count, references, indices, places)
    values = np.zeros(places)
    values[schedule.n_inputs : schedule.n_inputs + len(schedule.constants)] = schedule.constants
    for number, place in numbers.items():
        values[place] = number
    outputs = np.asarray(schedule.outputs, np.intc)
    below = np.searchsorted(ways[:, 1], outputs, side="right")
    return native.recorded(
        runs.tobytes(),
        tuple(function for function, _, _ in functions),
        bytes(arity for _, _, arity in functions),
        values.tobytes(),
        ways.tobytes(),
        indices.tobytes(),
        np.stack([outputs, below], axis=1).astype(np.intc).tobytes(),
        len(codes[0]),
        schedule.n_inputs,
        schedule.size,
        int(sizes.max(initial=0)),
    )


def _refuse_elsewhere(count: Any, references: Any, indices: Any, places: int) -> None:
    """Every number of a run has to be in a place that is there."""
    first, stride, start = references.T.astype(np.int64)
    last = np.where(start < 0, first + stride * (count - 1), 0)
    inside = (first >= 0) & (first < places) & (last >= 0) & (last < places)
    inside &= (count > 0) & ((start < 0) | (start + count <= len(indices)))
    if not (inside.all() and ((indices >= 0) & (indices < places)).all()):
        raise ValueError("the tape has an instruction with a place that is not there")


class Tape(NamedTuple):
    """What C made of a tape; whether it calls functions of Python."""

    tape: Any
    calls: bool


def suspects(straight: Any, points: Any, results: Any, rows: slice) -> Any:
    """Fill these rows of the results; the numbers of those that are suspect."""
    marks = np.zeros(rows.stop - rows.start, np.uint8)
    found = native.points(
        straight.native.tape, points, results, marks, rows.start, rows.stop, straight.below
    )
    return np.flatnonzero(marks) if found else _NONE


_NONE = np.arange(0)


def code(function: Any, arity: int, functions: list[Any]) -> tuple[int, int]:
    """The operation for a function, and its number among ``functions``."""
    if function in LIGHT:
        return _OPERATIONS.index(function), 0
    if function is sines.cos:  # made of both, one behind the other
        functions += [(np.tan, True, 1), (np.cos, True, 1)]
        return _COS, len(functions) - 1
    loop = has_loop(function, arity)
    entry = function if loop else partial(_call, function), loop, arity
    if entry not in functions:
        functions.append(entry)
    return _LOOP if loop else _CALL, functions.index(entry)


def has_loop(function: Any, arity: int) -> bool:
    """Whether C runs it by itself."""
    return function in LIGHT or (
        isinstance(function, np.ufunc) and f"{'d' * arity}->d" in function.types
    )


def _call(function: Callable[..., Any], *places: Any) -> None:
    """A function of Python on the memory of places; constants are numbers."""
    *operands, out = [
        np.frombuffer(place) if isinstance(place, memoryview) else np.asarray(place)
        for place in places
    ]
    with np.errstate(all="ignore"):
        function(*operands, out=out)


class Written(NamedTuple):
    """A step of what a function is written out as: a function, and its operands, which are numbers
    (float) or counted (int) through the operands of the whole and the steps before."""

    function: Any
    operands: tuple[int | float, ...]


@cache
def written_out(function: Callable[..., Any], arity: int) -> tuple[Written, ...] | None:
    """The ufuncs that a function calls, one after the other, found by calling it; None for a ufunc
    and for what does anything else with its operands."""
    if isinstance(function, np.ufunc) or function in LIGHT:
        return None
    formula = sines.FORMULAS.get(function)
    if formula is None and isinstance(function, partial):
        formula = function.args[0]
    if formula is None:
        return None
    steps: list[Written] = []
    operands = [_Operand(k, arity, steps) for k in range(arity)]
    try:
        result = formula(*operands)
    except (TypeError, ValueError, AttributeError, NotImplementedError):
        return None
    last = arity + len(steps) - 1
    return tuple(steps) if isinstance(result, _Operand) and steps and result.place == last else None


class _Operand(NDArrayOperatorsMixin):
    """Stands for an array, and writes down what is done with it."""

    def __init__(self, place: int, arity: int, steps: list[Written]) -> None:
        self.place, self._arity, self._steps = place, arity, steps

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs.keys() - {"out"} or ufunc.nout != 1:
            return NotImplemented
        if ufunc is np.isfinite:
            return np.equal(np.subtract(*inputs, *inputs), 0.0)
        if ufunc is np.isnan:
            return np.not_equal(*inputs, *inputs)
        made = self._write(ufunc, inputs)
        if kwargs:  # written into one that is there
            (target,) = kwargs["out"]
            target.place = made.place
            return target
        return made

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.where and len(args) == 3:
            return self._write(where, args)
        if function is np.round and len(args) == 1 and not kwargs:
            return self._write(np.rint, args)
        return NotImplemented

    def __getitem__(self, index: Any) -> _Operand:
        if index != ():
            raise TypeError("only what is whole is written out")
        return self

    def __bool__(self) -> bool:
        raise TypeError("what depends on the numbers is not written out")

    def _write(self, function: Any, inputs: Any) -> _Operand:
        known = (_Operand, int, float, np.floating)
        if not all(isinstance(x, known) for x in inputs):
            raise TypeError("an operand is neither a number nor one of the function's")
        self._steps.append(
            Written(
                function, tuple(x.place if isinstance(x, _Operand) else float(x) for x in inputs)
            )
        )
        return _Operand(self._arity + len(self._steps) - 1, self._arity, self._steps)
