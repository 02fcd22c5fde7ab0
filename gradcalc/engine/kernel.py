"""The interpreter of tapes in C (``kernel.c``), where it was built, and what it asks of a tape.

Both interpreters give the same bits: they call the same loops in the same order.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from gradcalc.engine import built
from gradcalc.functions import sines

Instruction = tuple[Callable[..., Any], int, int, int, int]
"""A function, the places of its operands (-1: none), and the place that it writes to."""

native: Any = built.kernel()
"""The extension, where it is in use."""
if native is not None and not native.arrays(np.zeros((2, 3)), np.empty):
    warnings.warn("the compiled kernel does not know this numpy's arrays", stacklevel=1)
    native = None


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
SLOPE = 64
"""Added to the operation of a single step that makes a slope."""
EACH, TO_ONE, PARTS, PUT, UNIT = 0, 1, 2, 4, 8
"""How cotangents get where they flow to."""
_LOOK, _LOOP, _CALL, _COS = range(len(_OPERATIONS) - 1, len(_OPERATIONS) + 3)
WHERE = _OPERATIONS.index(where)
PLAIN = frozenset(_OPERATIONS)
"""What C has loops of its own for."""


def tape(straight: Any) -> Any:
    """A ``Straight`` for the interpreter in C. Every place that a step reads or writes is one of
    the tape's, and every number that it reads is there: what is handed to C is right."""
    functions: list[Any] = []
    constants, count = straight.constants, straight.lines
    there = {*range(straight.inputs), *range(count, count + len(constants))}
    steps = []
    for function, a, b, c, target in straight.steps:
        known = [place for place in (a, b, c) if place != -1]
        is_sum = function is TOTAL
        if not there.issuperset(known) or not (is_sum or 0 <= target < count):
            raise ValueError("the tape has an instruction with a place that is not there")
        there.add(target)
        places = (*known, 0, 0)[:3]
        steps.append((*code(function, len(known), functions), *places, 0 if is_sum else target))
    if not there.issuperset(straight.results):
        raise ValueError("the tape has a result from a place that is not there")
    rows, results = _rows(steps, 6), np.array(straight.results, np.intc)
    _refuse_unknown(rows[:, 0], rows[:, 1], len(functions))
    # Columns that are the same at every point have lines too, behind the others.
    same, lines = np.unique(results[results >= count], return_inverse=True)
    results[results >= count] = count + lines
    rows[:, 2:5][rows[:, 2:5] >= count] += len(same)
    fills = [(count + k, constants[place - count]) for k, place in enumerate(same.tolist())]
    return native.tape(
        rows.tobytes(),
        tuple(f if is_ufunc else partial(_call, f) for f, is_ufunc, _ in functions),
        bytes(is_ufunc for _, is_ufunc, _ in functions),
        bytes(arity for _, _, arity in functions),
        np.array(constants, float).tobytes(),
        np.array(fills, float).tobytes(),
        np.append(results, np.repeat(results[-1:], 4)).tobytes(),  # C has four at least
        straight.inputs,
        straight.columns,
        count + len(same),
    )


def _refuse_unknown(operations: Any, numbers: Any, functions: int) -> None:
    known = (operations >= 0) & (operations <= _COS)
    called = operations >= _LOOP
    numbered = (numbers >= (operations == _COS)) & (numbers < np.where(called, functions, 1))
    if not (known & numbered).all():
        raise ValueError("the tape has an instruction with a function that is not there")


class Recording(NamedTuple):
    """What C is to record at a point and sweep over (``recorded``, ``unrolled``): rows of numbers
    for its structures. ``values`` are those of all places, constants filled in, of which the first
    ``nodes`` are nodes; ``places`` are those of the inputs, of their cotangents, of the outputs, of
    what is cleared, and of values one of which is NaN if any is. Of the ``runs`` the slopes need
    the first ones; what the ``guards`` name has to stay below the ``limit`` then."""

    functions: list[Any]
    values: Any
    nodes: int
    places: tuple[Any, Any, Any, Any, Any]
    runs: Any = ()
    needed: int = 0
    partials: Any = ()
    edges: Any = ()
    ways: Any = ()
    singles: Any = ()
    links: Any = ()
    guards: Any = ()
    limit: float = 0.0
    indices: Any = ()


def recorded(made: Recording) -> Any:
    """A recording, ready to be swept. Raises ValueError where it names what is not there."""
    runs, edges = _rows([*made.runs, *made.partials], 13), _rows(made.edges, 8)
    ways, singles, links = _rows(made.ways, 14), _rows(made.singles, 4), _rows(made.links, 3)
    guards = _rows(made.guards, 5)
    indices, functions, size = np.asarray(made.indices, np.intc), made.functions, len(made.values)
    places = [np.asarray(some, np.intc) for some in made.places]
    _refuse_unknown(runs[:, 0], runs[:, 1], len(functions))
    plain, more = singles[:, 0] & 255, singles[:, 0] >> 8
    plain, third = np.where(plain < SLOPE, plain, plain - SLOPE), plain % SLOPE == WHERE
    _refuse_unknown(plain, np.where(third, 0, more), len(functions))
    for count, references, most in (
        *((runs[:, 2], runs[:, at : at + 3], size) for at in (4, 7, 10)),
        (edges[:, 0], edges[:, 2:5], made.nodes),
        (edges[:, 0], edges[:, 5:8], size),
        (ways[:, 1], ways[:, 2:5], made.nodes),
        (np.where(ways[:, 0] % 4 == PARTS, ways[:, 13], ways[:, 1]), ways[:, 5:8], made.nodes),
        (ways[:, 1], ways[:, 8:11], size),
        (guards[:, 1], guards[:, 2:5], size),
    ):
        _refuse_elsewhere(count, references, indices, most)
    for way in ways[ways[:, 0] % 4 == PARTS].tolist():
        count, (order, parts, n_parts) = way[1], way[11:]
        inside = indices[parts : parts + n_parts] if order < 0 else indices[order : order + count]
        _refuse_outside(inside, count, (n_parts if order < 0 else count) == len(inside))
        begins = indices[parts : parts + n_parts]
        _refuse_outside(begins, count, len(begins) == n_parts and (np.diff(begins) > 0).all())
    for numbers, most in (
        *((some, made.nodes) for some in places),
        *((some, size) for some in (runs[:, 3], runs[:, 3] + runs[:, 2] - 1)),
        *((some, made.nodes) for some in (edges[:, 1], edges[:, 1] + edges[:, 0] - 1)),
        (singles[:, 1:], size),
        (more[third], size),
        (links[:, 0], made.nodes),
        (np.maximum(links[:, 1], ~links[:, 1]), made.nodes),
        (links[:, 2], size),
    ):
        _refuse_outside(numbers, most)
    return native.recorded(
        tuple(function for function, _, _ in functions),
        bytes(arity for _, _, arity in functions),
        np.asarray(made.values, float).tobytes(),
        *(rows.tobytes() for rows in (runs, edges, ways, singles, links, guards, indices)),
        np.concatenate(places).tobytes(),
        made.needed,
        len(made.runs),
        len(places[0]),
        len(places[2]),
        len(places[3]),
        made.nodes,
        int(max(some.max(initial=0) for some in (runs[:, 2], ways[:, 1], guards[:, 1]))),
        made.limit,
    )


def _rows(rows: Any, width: int) -> Any:
    return np.asarray(rows, np.intc).reshape(-1, width)


def _refuse_outside(places: Any, most: int, complete: Any = True) -> None:
    if not (complete and (places >= 0).all() and (places < most).all()):
        raise ValueError("the tape has an instruction with a place that is not there")


def _refuse_elsewhere(count: Any, references: Any, indices: Any, most: int) -> None:
    """Every number of a run has to be in one of the first places, ``most`` of them."""
    first, stride, start = references.T.astype(np.int64)
    last = np.where(start < 0, first + stride * (count - 1), 0)
    inside = (first >= 0) & (first < most) & (last >= 0) & (last < most)
    inside &= (count > 0) & ((start < 0) | (start + count <= len(indices)))
    _refuse_outside(np.zeros(0), most, inside.all())
    for begin, length in zip(start[start >= 0], count[start >= 0], strict=True):
        _refuse_outside(indices[begin : begin + length], most)


def suspects(straight: Any, points: Any, results: Any, workers: int, hurry: bool) -> Any:
    """Fill the results; the numbers of the rows that are suspect. Others than this thread are woken
    up in a ``hurry``, or when one call follows the other."""
    marks = native.points(straight.native, points, results, straight.below, workers, hurry)
    return _NONE if marks is None else np.flatnonzero(np.frombuffer(marks, np.uint8))


_NONE = np.arange(0)


def code(function: Any, arity: int, functions: list[Any]) -> tuple[int, int]:
    """The operation for a function, and its number among ``functions``."""
    if function in PLAIN:
        return _OPERATIONS.index(function), 0
    if function is sines.cos:  # made of both, one behind the other
        functions += [(np.tan, True, 1), (np.cos, True, 1)]
        return _COS, len(functions) - 1
    loop = has_loop(function, arity)
    entry = function, loop, arity
    if entry not in functions:
        functions.append(entry)
    return _LOOP if loop else _CALL, functions.index(entry)


def has_loop(function: Any, arity: int) -> bool:
    """Whether C runs it by itself."""
    ufunc = isinstance(function, np.ufunc) and f"{'d' * arity}->d" in function.types
    return ufunc or function in PLAIN or function is sines.cos


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


def whole(function: Callable[..., Any], arity: int) -> tuple[Written, ...]:
    """One step."""
    return (Written(function, tuple(range(arity))),)


@cache
def written_out(function: Callable[..., Any], arity: int) -> tuple[Written, ...]:
    """The ufuncs that a function calls, one after the other, found by calling it; the function as a
    whole, if it is one or does anything else with its operands."""
    formula = sines.FORMULAS.get(function)
    if formula is None and isinstance(function, partial):
        formula = function.args[0]
    if formula is None:
        return whole(function, arity)
    steps: list[Written] = []
    try:
        result = formula(*(_Operand(k, arity, steps) for k in range(arity)))
    except (TypeError, ValueError, AttributeError, NotImplementedError):
        return whole(function, arity)
    is_last = isinstance(result, _Operand) and result.place == arity + len(steps) - 1
    return tuple(steps) if steps and is_last else whole(function, arity)


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
        places = tuple(x.place if isinstance(x, _Operand) else float(x) for x in inputs)
        self._steps.append(Written(function, places))
        return _Operand(self._arity + len(self._steps) - 1, self._arity, self._steps)
