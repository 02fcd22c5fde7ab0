"""Python's operators on tensors, and the operations whose nodes PyTorch keeps for them.

``x + y`` goes straight to the primitive's operation. Some have nodes of their own in PyTorch, and
so they have here: ``x**n``, ``3 - x``, ``3/x`` (a reciprocal, then a product), ``x // y`` (which
has no derivative and says so when it is asked for one).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any

import numpy as np

from gradcalc.autograd.core.grad_mode import Within, mode, watching
from gradcalc.autograd.core.node import Node, clock, type_name
from gradcalc.autograd.core.record import OUT, recorded
from gradcalc.autograd.core.refusals import refuse
from gradcalc.autograd.core.registry import (
    NAMES,
    ForeignOperandError,
    Number,
    declare,
    method,
    operation,
    python_type,
)
from gradcalc.autograd.core.tensor import Tensor, attach, edge, save, tracks, wrap
from gradcalc.autograd.operations.copies import convert, same
from gradcalc.autograd.operations.elementwise import FUNCTION, OPERATIONS, Operation, quick_binary
from gradcalc.autograd.operations.inplace import in_place, overwriting
from gradcalc.autograd.operations.promotion import refuse_zero, size_error, type_of_all
from gradcalc.autograd.operations.structural import conj, no_slope, sum_to
from gradcalc.functions import primitives

_ADD, _SUB, _MUL, _DIV, _MOD, _POW = (
    OPERATIONS[p] for p in (primitives.ADD, primitives.SUB, primitives.MUL, primitives.DIV,
                            primitives.MOD, primitives.POW)
)  # fmt: skip
arithmetic = partial(operation, in_place=True)


# --- Operations with a number on one side -------------------------------------------------------


class PowBackward0(Node):
    """``x**n``: its own node, because n·xⁿ⁻¹ needs no logarithm, and is 0 for n = 0 even at 0."""

    def __init__(self, exponent: float) -> None:
        self.exponent = self._saved_exponent = exponent

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        n = self.exponent
        return (v * (n * saved[0] ** (n - 1)) if n else no_slope(v),)


def _pow(x: Any, exponent: Any) -> Tensor:
    given, number = isinstance(x, Tensor), type(exponent) in (int, float)
    if not given and not isinstance(exponent, Tensor):
        raise TypeError("pow() received an invalid combination of arguments - got "
                        f"({python_type(x)}, {python_type(exponent)})")  # fmt: skip
    if not number or not given or x._array.dtype.kind != "f":
        if type(exponent) is int and exponent < 0 and given and x._array.dtype.kind != "c":
            raise RuntimeError("Integers to negative integer powers are not allowed.")
        turns = number and given and x._array.dtype.kind == "c"
        out = _POW.quick(x, complex(exponent) if turns else exponent)
        if not given and not out._array.flags.c_contiguous:  # as powers of a number are laid out
            out._array = np.ascontiguousarray(out._array)
        return out
    array, n = x._array, exponent
    out = wrap(array * array if n == 2 else array**n)
    if watching:
        node = PowBackward0(n)
        node.saved = save(x)
        return attach(out, node, x) if tracks(x) else out
    if not (x._tracked and mode.enabled):
        return out
    node = PowBackward0(n)  # so common that attach() is written out
    node.next_functions = (x._edge or edge(x),)
    node.order = next(clock)
    node.saved = ((array, x._counter, x._counter[0], x),)
    out._edge, out._tracked = (node, 0), True
    return out


declare("pow", _pow, "x to the power of ``exponent``.", arithmetic)
declare("square", lambda x: _pow(x, 2), "x², as a power: its third derivative is 0.", arithmetic)


def _float_and_number(x: Tensor, n: Any) -> bool:
    return x._array.dtype.kind == "f" and type(n) in (int, float)


def _from_number(x: Tensor, n: Any) -> Tensor:
    """n - x, of which x is the one input."""
    if _float_and_number(x, n):
        return recorded(np.subtract(n, x._array), "RsubBackward1", lambda v: -v, x)
    return _SUB.general(n, x)


def _into_number(x: Tensor, n: Any) -> Tensor:
    """n / x as PyTorch does it: the reciprocal, times n."""
    return _MUL.general(reciprocal(x), n) if _float_and_number(x, n) else _DIV.general(n, x)


@arithmetic()
def reciprocal(x: Tensor) -> Tensor:
    """1/x."""
    if x._array.dtype.kind != "f":
        return _DIV.general(1.0, x)
    return recorded(np.reciprocal(x._array), "ReciprocalBackward0",
                    lambda v, out: -v * (out * out), x, saves=(OUT,))  # fmt: skip


@arithmetic()
def rsqrt(x: Tensor) -> Tensor:
    """1/sqrt(x)."""
    if x._array.dtype.kind != "f":
        return reciprocal(x.sqrt())
    return recorded(np.reciprocal(np.sqrt(x._array)), "RsqrtBackward0",
                    lambda v, out: -0.5 * v * (out * out * out), x, saves=(OUT,))  # fmt: skip


# --- Quotients without a derivative, and rounded ones ---------------------------------------------


def _not_implemented(array: Any, operation: str, *inputs: Tensor) -> Tensor:
    def slope(*_: Any) -> Any:
        raise RuntimeError(f"derivative for aten::{operation} is not implemented")

    return recorded(array, "torch::autograd::NotImplemented", (slope,) * len(inputs), *inputs)


def _rounded(x: Any, y: Any, how: str) -> tuple[Any, list[Tensor]]:
    """The quotient, rounded, and what it depends on: whole numbers' on nothing."""
    kind = type_of_all((x, y))
    if kind.kind in "iu":
        one, other = (np.asarray(getattr(z, "_array", z)).astype(kind) for z in (x, y))
        refuse_zero(one, other)
        down = np.floor_divide(one, other)
        left = one - down * other
        return down + ((left != 0) & (down < 0)) if how == "trunc" else down, []
    plain = [z.detach() if isinstance(z, Tensor) else z for z in (x, y)]
    quotient = FUNCTION[how](_DIV.general(*plain))
    return quotient._array, [z for z in (x, y) if isinstance(z, Tensor)]


@arithmetic()
def floor_divide(x: Any, other: Any) -> Tensor:
    """The quotient, rounded down; PyTorch knows no derivative of it."""
    refuse("floor_divide", type_of_all((x, other)))
    quotient, inputs = _rounded(x, other, "floor")
    return _not_implemented(quotient, "floor_divide", *inputs)


@arithmetic("divide")
def div(x: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """x/y, rounded down (``floor``), towards zero (``trunc``) or not at all."""
    if rounding_mode is None:
        return _DIV.general(x, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError("div expected rounding_mode to be one of None, 'trunc', or 'floor' but "
                           f"found '{rounding_mode}'")  # fmt: skip
    quotient, inputs = _rounded(x, other, rounding_mode)
    return _of_operands(quotient, "DivBackward2", inputs, *[_FLAT] * len(inputs))


@arithmetic()
def fmod(x: Tensor, other: Any) -> Any:
    """x - y trunc(x/y): what is left, with the sign of x."""
    kind = type_of_all((x, other))
    refuse("fmod", kind)
    given = isinstance(other, Tensor)
    y = np.asarray(other._array if given else other).astype(kind)
    refuse_zero(x._array, y)
    left = np.fmod(x._array.astype(kind), y)
    if not given:
        return _of_operands(left, "FmodBackward0", (x,), _ITSELF)
    by_other = (0, 1), lambda v, a, b: -v * div(a, b, rounding_mode="trunc")
    return _of_operands(left, "FmodBackward1", (x, other), _ITSELF, by_other)


@arithmetic()
def round(x: Tensor, *, decimals: int = 0) -> Tensor:
    """To the nearest whole number, or to so many decimals; halves to even."""
    if decimals == 0:
        return FUNCTION["round"](x)
    return recorded(np.round(x._array, decimals), "RoundBackward1", no_slope, x)


@arithmetic()
def heaviside(x: Tensor, values: Tensor) -> Tensor:
    """0 below 0, 1 above, and ``values`` at 0."""
    if x._array.dtype != values._array.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    steps = np.heaviside(x._array, values._array).astype(x._array.dtype)
    return _not_implemented(steps, "heaviside", x, values)


Read = tuple[tuple[int, ...], Callable[..., Any]]
"""A slope: the places of the operands that it reads, and what it makes of v and these."""
_ITSELF: Read = (), lambda v: v
_FLAT: Read = (), no_slope


def _of_operands(array: Any, name: str, operands: Sequence[Tensor], *slopes: Read) -> Tensor:
    """A result with a slope for each operand, summed to its shape and of its type; what no slope
    that is wanted reads is not saved."""

    def slope(x: Tensor, places: tuple[int, ...], of_read: Callable[..., Any]) -> Any:
        shape, kind = x._array.shape, x._array.dtype
        return lambda v, *saved: convert(
            sum_to(of_read(v, *[saved[k] for k in places]), shape), kind
        )

    wanted = [x._tracked or x._tangent is not None for x in operands]
    read = {k for asked, (places, _) in zip(wanted, slopes, strict=True) if asked for k in places}
    return recorded(
        array, name, [slope(x, *how) for x, how in zip(operands, slopes, strict=True)], *operands,
        saves=[x if k in read else None for k, x in enumerate(operands)] if read else (),
    )  # fmt: skip


# --- Put together -------------------------------------------------------------------------------


def _times_number(y: Any, n: Any) -> Any:
    if n == 1:
        return y
    given = isinstance(y, Tensor)
    if type(n) is float and (y._array.dtype.kind in "iub" if given else type(y) is int):
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating "
                           "point number.")  # fmt: skip
    if not given:
        return y * n
    return recorded(np.multiply(y._array, n), "MulBackward0", lambda v: v * n.conjugate(), y)


@arithmetic()
def add(x: Any, other: Any, *, alpha: Number = 1) -> Tensor:
    """x + αy, in one node."""
    return _ADD.quick(x, _times_number(other, alpha))


@arithmetic("subtract")
def sub(x: Any, other: Any, *, alpha: Number = 1) -> Tensor:
    """x - αy, in one node."""
    return _SUB.quick(x, _times_number(other, alpha))


def _rsub(x: Tensor, other: Any, *, alpha: Number = 1) -> Tensor:
    scaled = _times_number(x, alpha)
    return _SUB.general(other, scaled) if isinstance(other, Tensor) else _from_number(scaled, other)


def _addcmul(x: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Any:
    made = x.detach() + _times_number(tensor1.detach() * tensor2.detach(), value)
    by_one = (2,), lambda v, b: v * conj(b * value)
    by_other = (1,), lambda v, a: v * conj(a * value)
    return _of_operands(made._array, "AddcmulBackward0", (x, tensor1, tensor2), _ITSELF, by_one,
                        by_other)  # fmt: skip


def _addcdiv(x: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Any:
    made = x.detach() + _times_number(tensor1.detach() / tensor2.detach(), value)
    by_one = (2,), lambda v, b: v * conj(value / b)
    by_other = (1, 2), lambda v, a, b: -v * conj(value * a / (b * b))
    return _of_operands(made._array, "AddcdivBackward0", (x, tensor1, tensor2), _ITSELF, by_one,
                        by_other)  # fmt: skip


def _logit(x: Tensor, eps: float | None = None) -> Tensor:
    low = 0 if eps is None else eps
    inside = wrap((x._array >= low) & (x._array <= 1 - low))
    flat = float("nan") if eps is None else 0.0

    def slope(v: Tensor, x: Tensor) -> Any:
        return FUNCTION["where"](inside, v / (x * (1 - x)), flat)

    within = x.detach() if eps is None else FUNCTION["clamp"](x.detach(), eps, 1 - eps)
    return recorded(FUNCTION["logit"](within), "LogitBackward0", slope, x, saves=(x,))


declare("rsub", _rsub, "y - αx.")
declare("addcmul", _addcmul, "x plus a multiple of the product.", arithmetic)
declare("addcdiv", _addcdiv, "x plus a multiple of the quotient.", arithmetic)
declare("sign", lambda x: FUNCTION["sign"](x), "-1, 0 or 1.", arithmetic)
declare("frac", lambda x: recorded(x._array - np.trunc(x._array), "FracBackward0", same, x),
        "What is behind the point.", arithmetic)  # fmt: skip
declare("logit", _logit, "log(x/(1 - x)), of x between eps and 1 - eps.", arithmetic)


@arithmetic()
def lerp(x: Tensor, end: Tensor, weight: Any) -> Any:
    """From x to ``end``, by the part ``weight`` of the way, exact at both ends."""
    if end._array.dtype != x._array.dtype:
        raise RuntimeError(
            f"expected dtype {x.dtype.in_c} for `end` but got dtype {end.dtype.in_c}"
        )
    given = isinstance(weight, Tensor)
    wide = np.result_type(x._array.dtype, np.float32)  # halves are computed with as floats
    a, b = (z._array.astype(wide) for z in (x, end))
    w = weight._array.astype(wide) if given else np.asarray(weight)
    found = np.where(np.abs(w) < 0.5, a + w * (b - a), b - (b - a) * (1 - w))
    found = found.astype(x._array.dtype)
    if not given:
        near, far = conj(1 - weight), conj(weight)
        return _of_operands(found, "LerpBackward0", (x, end), ((), lambda v: v * near),
                            ((), lambda v: v * far))  # fmt: skip
    slopes = (((2,), lambda v, w: v * conj(1 - w)), ((2,), lambda v, w: v * conj(w)),
              ((0, 1), lambda v, a, b: v * conj(b - a)))  # fmt: skip
    return _of_operands(found, "LerpBackward1", (x, end, weight), *slopes)


@arithmetic()
def nan_to_num(x: Tensor, nan: float | None = None, posinf: float | None = None,
               neginf: float | None = None) -> Any:  # fmt: skip
    """x with numbers for what is none."""
    array = x._array
    if array.dtype.kind not in "fc":
        return x.clone()
    if array.dtype.kind == "c" and tracks(x):
        raise RuntimeError("nan_to_num does not support automatic differentiation for outputs with "
                           "complex dtype.")  # fmt: skip
    found = np.nan_to_num(array, True, 0.0 if nan is None else nan, posinf, neginf)
    whole = wrap(np.isfinite(array))
    return recorded(np.asarray(found), "NanToNumBackward0", lambda v: v * whole, x)


# --- Tests ----------------------------------------------------------------------------------------


def _isclose(x: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8,
             equal_nan: bool = False) -> Tensor:  # fmt: skip
    if x._array.dtype != other._array.dtype:
        raise RuntimeError(f"{type_name(x._array.dtype)} did not match "
                           f"{type_name(other._array.dtype)}")  # fmt: skip
    for name, bound in (("rtol", rtol), ("atol", atol)):
        if bound < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {bound}")
    return wrap(np.isclose(x._array, other._array, rtol, atol, equal_nan))


@wraps(_isclose)
def _allclose(*given: Any, **named: Any) -> bool:
    return bool(_isclose(*given, **named)._array.all())


def _asking(ufunc: Any) -> Callable[..., Tensor]:
    if ufunc.nin == 1:
        return lambda x: wrap(ufunc(x._array))

    def of_two(x: Tensor, other: Tensor) -> Tensor:
        try:
            return wrap(ufunc(x._array, other._array))
        except ValueError:
            raise size_error([x._array, other._array]) from None

    return of_two


def _write_answers(name: str, node: str = "") -> None:
    """``x.name_()``: the answers, written over what was asked. Without a node's name PyTorch leaves
    no trace in the graph: a leaf may be asked, too."""
    ask = getattr(Tensor, name)
    over = overwriting(lambda x, *others: ask(x.detach(), *others)._array, node or "ZeroBackward0")

    @wraps(ask)
    def write(x: Tensor, *others: Tensor) -> Tensor:
        with Within(enabled=mode.enabled and bool(node)):
            return over(x, *others)

    method(f"{name}_")(write)


declare("isclose", _isclose, "Where x and y agree within the tolerances.")
declare("allclose", _allclose, "Whether x and y agree everywhere within the tolerances.")
declare("equal", lambda x, other: np.array_equal(x._array, other._array),
        "Whether x and y have the same shape and numbers.")  # fmt: skip
for _name in ("isnan", "isinf", "isfinite", "signbit", "logical_not", "logical_and", "logical_or",
              "logical_xor"):  # fmt: skip
    declare(_name, _asking(getattr(np, _name)), f"numpy's ``{_name}``.")
    if "logical" in _name:
        _write_answers(_name)


def _of_bits(short: str, name: str, ufunc: Callable[..., Any]) -> Callable[..., Any]:
    """Whole numbers as rows of bits; one of two may be a number."""

    def of_bits(x: Any, other: Any) -> Tensor:
        kind = type_of_all((x, other))
        if kind.kind in "fc" or (kind.kind == "b" and "shift" in name):
            title = short if "shift" in name else name
            raise NotImplementedError(f"\"{title}_cpu\" not implemented for '{type_name(kind)}'")
        return wrap(ufunc(*(np.asarray(z._array if isinstance(z, Tensor) else np.int64(z))
                            .astype(kind) for z in (x, other))))  # fmt: skip

    return declare(name, of_bits, f"numpy's ``{ufunc.__name__}``.", arithmetic)


# --- The table's rows, and Python's operators -----------------------------------------------------

_ALIASES: dict[str, Any] = {
    "mul": _MUL, "multiply": _MUL, "true_divide": _DIV, "neg": OPERATIONS[primitives.NEG],
    "negative": OPERATIONS[primitives.NEG], "remainder": _MOD, "fix": FUNCTION["trunc"],
    "sgn": FUNCTION["sign"], "absolute": FUNCTION["abs"],
}  # fmt: skip
_COMPARISONS = {
    "lt less": primitives.LT, "le less_equal": primitives.LE, "gt greater": primitives.GT,
    "ge greater_equal": primitives.GE, "eq": primitives.EQ, "ne not_equal": primitives.NE,
}  # fmt: skip
RESHAPING = ("max", "min", "where", "clamp", "clip")
"""Names for which tensors have more to say than the table; ``reductions`` defines them."""

for _name, _row in (FUNCTION | _ALIASES).items():
    if _name not in RESHAPING and _name not in NAMES:
        NAMES[_name] = _row.called(_name)
        setattr(Tensor, _name, _row.called(_name, 1))
        NAMES[f"{_name}_"] = in_place(_row.called(f"{_name}_", 1), name=_name)
        setattr(Tensor, f"{_name}_", NAMES[f"{_name}_"])


def _operator(function: Callable[..., Any], swapped: bool = False) -> Any:
    """``function`` as an operator: what it cannot take, the other operand may."""

    def forward(x: Any, y: Any) -> Any:
        try:
            return function(x, y)
        except ForeignOperandError:
            return NotImplemented

    return (lambda x, y: forward(y, x)) if swapped else forward


for _names, _primitive in _COMPARISONS.items():
    for _name in _names.split():
        _row = OPERATIONS[_primitive]
        NAMES[_name] = _row.called(_name)
        setattr(Tensor, _name, _row.called(_name, 1))
        _write_answers(_name, f"{_primitive.name.capitalize()}Backward0")
        setattr(Tensor, f"__{_name}__", _operator(_row.general))


def _inverted(x: Tensor) -> Tensor:
    if x._array.dtype.kind not in "iub":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type "
                        "tensors")  # fmt: skip
    return wrap(np.invert(x._array))


_QUICK = {"add": _ADD, "sub": _SUB, "mul": _MUL, "truediv": _DIV}
_FROM_NUMBER = {"sub": _from_number, "truediv": _into_number}
_BOTH: dict[str, Callable[..., Any]] = {
    **{name: row.quick for name, row in _QUICK.items()},
    "mod": _MOD.general, "pow": _pow, "floordiv": floor_divide,
    "and": _of_bits("and", "bitwise_and", np.bitwise_and),
    "or": _of_bits("or", "bitwise_or", np.bitwise_or),
    "xor": _of_bits("xor", "bitwise_xor", np.bitwise_xor),
    "lshift": _of_bits("lshift", "bitwise_left_shift", np.left_shift),
    "rshift": _of_bits("rshift", "bitwise_right_shift", np.right_shift),
}  # fmt: skip
"""Python's operators of two operands."""

for _name, _function in _BOTH.items():
    _here = _operator(_function)
    if _name in _QUICK:
        _here = quick_binary(_QUICK[_name], _operator(_QUICK[_name].general))
    setattr(Tensor, f"__{_name}__", _here)
    setattr(Tensor, f"__i{_name}__", in_place(_function))
    if _name in ("add", "mul"):  # the tensor goes first where the order does not matter
        setattr(Tensor, f"__r{_name}__", _here)
    elif _name in _FROM_NUMBER:
        setattr(Tensor, f"__r{_name}__", _operator(_FROM_NUMBER[_name]))
    else:
        setattr(Tensor, f"__r{_name}__", _operator(_function, swapped=True))
method("__neg__")(OPERATIONS[primitives.NEG].quick)
method("__pos__")(lambda x: x)
method("__abs__")(lambda x: FUNCTION["abs"](x))
method("__invert__")(_inverted)


# --- numpy's functions on tensors ---------------------------------------------------------------

_UFUNCS: dict[Any, Any] = {
    row.primitive.numpy: row
    for row in (_ADD, _SUB, _MUL, _DIV, _MOD, *(OPERATIONS[p] for p in _COMPARISONS.values()))
} | {np.power: _pow, np.matmul: lambda x, y: wrap(np.asarray(x)) @ y}


@method("__array_ufunc__")
def _array_ufunc(x: Tensor, ufunc: Any, how: str, *inputs: Any, **options: Any) -> Any:
    """``ndarray * tensor`` is ours; ``np.sin(tensor)`` is numpy's, on what tracks nothing."""
    if how == "__call__" and not options and ufunc in _UFUNCS:
        row = _UFUNCS[ufunc]
        return (row.quick if isinstance(row, Operation) else row)(*inputs)
    plain = [z.numpy() if isinstance(z, Tensor) else z for z in inputs]
    found = getattr(ufunc, how)(*plain, **options)
    return wrap(found) if isinstance(found, np.ndarray | np.generic) else found
