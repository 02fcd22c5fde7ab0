"""Python's operators on tensors, and the operations whose nodes PyTorch keeps for them.

``x + y`` goes straight to the primitive's operation. Some have nodes of their own in PyTorch, and
so they have here: ``x**n``, ``3 - x``, ``3/x`` (a reciprocal, then a product), ``x // y`` (which
has no derivative and says so when it is asked for one).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import numpy as np

from gradcalc.autograd.core.grad_mode import mode, watching
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
from gradcalc.autograd.operations.elementwise import (
    FUNCTION,
    OPERATIONS,
    Operation,
    quick_binary,
)
from gradcalc.autograd.operations.inplace import in_place, overwriting
from gradcalc.autograd.operations.promotion import type_of_all
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
    number = type(exponent) in (int, float)
    if not isinstance(x, Tensor) and not isinstance(exponent, Tensor):
        raise TypeError("pow() received an invalid combination of arguments - got "
                        f"({python_type(x)}, {python_type(exponent)})")  # fmt: skip
    if not (number and isinstance(x, Tensor) and x._array.dtype.kind in "fc"):
        if type(exponent) is int and exponent < 0 and isinstance(x, Tensor):
            raise RuntimeError("Integers to negative integer powers are not allowed.")
        return _POW.quick(x, exponent)
    array, n = x._array, exponent
    if array.dtype.kind == "c":
        return _POW.quick(x, complex(n))
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


def _real_number(n: Any) -> bool:
    return type(n) is float or type(n) is int


def _from_number(x: Tensor, n: Any) -> Tensor:
    """n - x, of which x is the one input."""
    if not _real_number(n) or x._array.dtype.kind != "f":
        return _SUB.general(n, x)
    return recorded(np.subtract(n, x._array), "RsubBackward1", lambda v: -v, x)


def _into_number(x: Tensor, n: Any) -> Tensor:
    """n / x as PyTorch does it: the reciprocal, times n."""
    if not _real_number(n) or x._array.dtype.kind != "f":
        return _DIV.general(n, x)
    return _MUL.general(reciprocal(x), n)


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


def _rounded(x: Any, y: Any, how: str) -> tuple[Tensor, Any]:
    """The quotient, rounded, of nothing that is tracked; and the inputs, None if all are whole."""
    kind = type_of_all((x, y))
    if kind.kind in "iu":
        one, other = (np.asarray(getattr(z, "_array", z)).astype(kind) for z in (x, y))
        return wrap(_whole_quotient(one, other, how)), None
    plain = [z.detach() if isinstance(z, Tensor) else z for z in (x, y)]
    quotient = FUNCTION[how](_DIV.general(*plain))
    return quotient, [z for z in (x, y) if isinstance(z, Tensor)]


def _whole_quotient(x: Any, y: Any, how: str) -> Any:
    if np.size(x) and not np.all(y):
        raise RuntimeError("ZeroDivisionError")
    down = np.floor_divide(x, y)
    left = x - down * y
    return down + ((left != 0) & (down < 0)) if how == "trunc" else down


@arithmetic()
def floor_divide(x: Any, other: Any) -> Tensor:
    """The quotient, rounded down; PyTorch knows no derivative of it."""
    refuse("floor_divide", type_of_all((x, other)))
    quotient, inputs = _rounded(x, other, "floor")
    return quotient if inputs is None else _not_implemented(quotient, "floor_divide", *inputs)


def _level(kind: Any) -> Any:
    """The slope of what is flat wherever it does not jump."""
    return lambda v: convert(no_slope(v), kind)


@arithmetic("divide")
def div(x: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """x/y, rounded down (``floor``), towards zero (``trunc``) or not at all."""
    if rounding_mode is None:
        return _DIV.general(x, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError("div expected rounding_mode to be one of None, 'trunc', or 'floor' but "
                           f"found '{rounding_mode}'")  # fmt: skip
    quotient, inputs = _rounded(x, other, rounding_mode)
    if inputs is None or not tracks(*inputs):
        return quotient
    wide = [z.expand(quotient.shape) for z in inputs]
    slopes = [_level(z._array.dtype) for z in inputs]
    return recorded(quotient._array, "DivBackward2", slopes, *wide)


@arithmetic()
def fmod(x: Tensor, other: Any) -> Any:
    """x - y trunc(x/y): what is left, with the sign of x."""
    kind = type_of_all((x, other))
    refuse("fmod", kind)
    given = isinstance(other, Tensor)
    y = np.asarray(other._array if given else other).astype(kind)
    if kind.kind in "iu" and x._array.size and not np.all(y):
        raise RuntimeError("ZeroDivisionError")
    left = np.fmod(x._array.astype(kind), y)
    if not given:
        return recorded(left, "FmodBackward0", back_to(x), x)
    slopes = (back_to(x), back_to(other, lambda v, a, b: -v * div(a, b, rounding_mode="trunc")))
    kept = (_kept(x, other), _kept(other, other))
    return recorded(left, "FmodBackward1", slopes, x, other, saves=kept)


@arithmetic()
def round(x: Tensor, *, decimals: int = 0) -> Tensor:
    """To the nearest whole number, or to so many decimals; halves to even."""
    if decimals == 0:
        return FUNCTION["round"](x)
    return recorded(np.round(x._array, decimals), "RoundBackward1", _level(x._array.dtype), x)


@arithmetic()
def heaviside(x: Tensor, values: Tensor) -> Tensor:
    """0 below 0, 1 above, and ``values`` at 0."""
    if x._array.dtype != values._array.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    steps = np.heaviside(x._array, values._array).astype(x._array.dtype)
    return _not_implemented(steps, "heaviside", x, values)


def _kept(x: Tensor, *wanting: Tensor) -> Tensor | None:
    """x, to be saved, if one of these is differentiated by: what its slope needs."""
    return x if any(z._tracked or z._tangent is not None for z in wanting) else None


def _itself(v: Tensor, *_: Any) -> Tensor:
    return v


def back_to(x: Tensor, slope: Callable[..., Any] = _itself) -> Callable[..., Any]:
    """The slope, summed to the shape of x and brought to its type."""
    shape, kind = x._array.shape, x._array.dtype
    return lambda *saved: convert(sum_to(slope(*saved), shape), kind)


# --- Put together -------------------------------------------------------------------------------


def _times_number(y: Any, n: Any) -> Any:
    if n == 1:
        return y
    if not isinstance(y, Tensor):
        if type(n) is float and type(y) is int:
            _refuse_fraction()
        return y * n
    if type(n) is float and y._array.dtype.kind in "iub":
        _refuse_fraction()
    return recorded(np.multiply(y._array, n), "MulBackward0", lambda v: v * n.conjugate(), y)


def _refuse_fraction() -> NoReturn:
    raise RuntimeError("For integral input tensors, argument alpha must not be a floating point "
                       "number.")  # fmt: skip


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
    one, other = tensor1, tensor2
    made = x.detach() + _times_number(one.detach() * other.detach(), value)
    slopes = (back_to(x), back_to(one, lambda v, _, b: v * conj(b * value)),
              back_to(other, lambda v, a, _: v * conj(a * value)))  # fmt: skip
    return recorded(made._array, "AddcmulBackward0", slopes, x, one, other,
                    saves=(_kept(one, other), _kept(other, one)))  # fmt: skip


def _addcdiv(x: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Any:
    one, other = tensor1, tensor2
    made = x.detach() + _times_number(one.detach() / other.detach(), value)
    slopes = (back_to(x), back_to(one, lambda v, _, b: v * conj(value / b)),
              back_to(other, lambda v, a, b: -v * conj(value * a / (b * b))))  # fmt: skip
    return recorded(made._array, "AddcdivBackward0", slopes, x, one, other,
                    saves=(_kept(one, other), _kept(other, one, other)))  # fmt: skip


def _frac(x: Tensor) -> Tensor:
    return recorded(x._array - np.trunc(x._array), "FracBackward0", same, x)


def _logit(x: Tensor, eps: float | None = None) -> Tensor:
    return FUNCTION["logit"](x if eps is None else FUNCTION["clamp"](x, eps, 1 - eps))


declare("rsub", _rsub, "y - αx.")
declare("addcmul", _addcmul, "x plus a multiple of the product.", arithmetic)
declare("addcdiv", _addcdiv, "x plus a multiple of the quotient.", arithmetic)
declare("sign", lambda x: FUNCTION["sign"](x), "-1, 0 or 1.", arithmetic)
declare("frac", _frac, "What is behind the point.", arithmetic)
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
        of_two = (back_to(x, lambda v: v * near), back_to(end, lambda v: v * far))
        return recorded(found, "LerpBackward0", of_two, x, end)
    slopes = (back_to(x, lambda v, a, b, w: v * conj(1 - w)),
              back_to(end, lambda v, a, b, w: v * conj(w)),
              back_to(weight, lambda v, a, b, w: v * conj(b - a)))  # fmt: skip
    kept = (_kept(x, weight), _kept(end, weight), _kept(weight, x, end))
    return recorded(found, "LerpBackward1", slopes, x, end, weight, saves=kept)


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


def _close(x: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8,
           equal_nan: bool = False) -> Any:  # fmt: skip
    if x._array.dtype != other._array.dtype:
        raise RuntimeError(f"{type_name(x._array.dtype)} did not match "
                           f"{type_name(other._array.dtype)}")  # fmt: skip
    for name, bound in (("rtol", rtol), ("atol", atol)):
        if bound < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {bound}")
    return np.asarray(np.isclose(x._array, other._array, rtol, atol, equal_nan))


def _isclose(x: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8,
             equal_nan: bool = False) -> Tensor:  # fmt: skip
    return wrap(_close(x, other, rtol, atol, equal_nan))


def _allclose(x: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8,
              equal_nan: bool = False) -> bool:  # fmt: skip
    return bool(_close(x, other, rtol, atol, equal_nan).all())


declare("isclose", _isclose, "Where x and y agree within the tolerances.")
declare("allclose", _allclose, "Whether x and y agree everywhere within the tolerances.")
declare("equal", lambda x, other: np.array_equal(x._array, other._array),
        "Whether x and y have the same shape and numbers.")  # fmt: skip


def _answers_over(compare: Callable[..., Any], node: str = "ZeroBackward0") -> Callable[..., Any]:
    """A comparison that writes its answers over what it compared."""
    return overwriting(lambda x, *others: compare(x.detach(), *others)._array, node)


def _testing(name: str, ufunc: Callable[..., Any]) -> None:
    """A question to each number, or to two."""

    def of_one(x: Tensor) -> Tensor:
        return wrap(ufunc(x._array))

    def of_two(x: Tensor, other: Tensor) -> Tensor:
        return wrap(ufunc(x._array, other._array))

    one = name.startswith(("is", "sign", "logical_not"))
    declare(name, of_one if one else of_two, f"numpy's ``{ufunc.__name__}``.")
    setattr(Tensor, f"{name}_", _answers_over(getattr(Tensor, name)))


def _of_bits(name: str, ufunc: Callable[..., Any]) -> None:
    """Whole numbers as rows of bits; one of two may be a number."""

    def of_bits(x: Any, other: Any) -> Tensor:
        kind = type_of_all((x, other))
        if kind.kind in "fc" or (kind.kind == "b" and "shift" in name):
            title = f"{name[8]}shift" if "shift" in name else name
            raise NotImplementedError(f"\"{title}_cpu\" not implemented for '{type_name(kind)}'")
        return wrap(ufunc(*(np.asarray(z._array if isinstance(z, Tensor) else np.int64(z))
                            .astype(kind) for z in (x, other))))  # fmt: skip

    declare(name, of_bits, f"numpy's ``{ufunc.__name__}``.", arithmetic)


for _name in ("isnan", "isinf", "isfinite", "signbit", "logical_and", "logical_or", "logical_xor",
              "logical_not"):  # fmt: skip
    _testing(_name, getattr(np, _name))
for _name in ("and", "or", "xor", "left_shift", "right_shift"):
    _of_bits(f"bitwise_{_name}", getattr(np, _name if "shift" in _name else f"bitwise_{_name}"))
COMPARISONS: dict[str, Operation] = {
    name: OPERATIONS[p] for names, p in {
        ("lt", "less"): primitives.LT, ("le", "less_equal"): primitives.LE,
        ("gt", "greater"): primitives.GT, ("ge", "greater_equal"): primitives.GE,
        ("eq",): primitives.EQ, ("ne", "not_equal"): primitives.NE}.items() for name in names
}  # fmt: skip


# --- The table's rows, and Python's operators -----------------------------------------------------

_ALIASES: dict[str, Any] = {
    "mul": _MUL, "multiply": _MUL, "true_divide": _DIV, "neg": OPERATIONS[primitives.NEG],
    "negative": OPERATIONS[primitives.NEG], "remainder": _MOD, "fix": FUNCTION["trunc"],
    "sgn": FUNCTION["sign"], "absolute": FUNCTION["abs"],
}  # fmt: skip
RESHAPING = ("max", "min", "where", "clamp", "clip")
"""Names for which tensors have more to say than the table; ``reductions`` defines them."""

for _name, _row in (FUNCTION | _ALIASES).items():
    if _name not in RESHAPING and _name not in NAMES:
        NAMES[_name] = _row
        setattr(Tensor, _name, _row.method(_name))
        NAMES[f"{_name}_"] = in_place(_row.method(f"{_name}_"), name=_name)
        setattr(Tensor, f"{_name}_", NAMES[f"{_name}_"])
for _name, _row in COMPARISONS.items():
    NAMES[_name] = _row
    setattr(Tensor, _name, _row.method(_name))
    setattr(Tensor, f"{_name}_",
            _answers_over(_row, f"{_row.primitive.name.capitalize()}Backward0"))  # fmt: skip


def _operator(function: Callable[..., Any], swapped: bool = False) -> Any:
    """``function`` as an operator: what it cannot take, the other operand may."""

    def forward(x: Any, y: Any) -> Any:
        try:
            return function(x, y)
        except ForeignOperandError:
            return NotImplemented

    def reflected(x: Any, y: Any) -> Any:
        return forward(y, x)

    return reflected if swapped else forward


def _inverted(x: Tensor) -> Tensor:
    if x._array.dtype.kind not in "iub":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type "
                        "tensors")  # fmt: skip
    return wrap(np.invert(x._array))


def _install() -> None:
    """Give Tensor Python's operators."""
    rows = {"add": _ADD, "sub": _SUB, "mul": _MUL, "truediv": _DIV}
    two: dict[str, Any] = {name: row.quick for name, row in rows.items()}
    two |= {"mod": _MOD.general, "pow": _pow, "floordiv": floor_divide}
    first = {"sub": _from_number, "truediv": _into_number}
    for name, function in two.items():
        row = rows.get(name)
        here = _operator(function) if row is None else quick_binary(row, _operator(row.general))
        setattr(Tensor, f"__{name}__", here)
        setattr(Tensor, f"__i{name}__", in_place(function))
        if name in ("add", "mul"):  # the tensor goes first where the order does not matter
            setattr(Tensor, f"__r{name}__", here)
        else:
            setattr(Tensor, f"__r{name}__", _operator(first.get(name, function), name not in first))
    for name, row in COMPARISONS.items():
        setattr(Tensor, f"__{name}__", _operator(row.general))
    for name in ("and", "or", "xor", "left_shift", "right_shift"):
        of_bits, short = getattr(Tensor, f"bitwise_{name}"), name
        if name.endswith("shift"):
            short = f"{name[0]}shift"
        setattr(Tensor, f"__{short}__", of_bits)
        setattr(Tensor, f"__r{short}__", _operator(NAMES[f"bitwise_{name}"], swapped=True))
        setattr(Tensor, f"__i{short}__", getattr(Tensor, f"bitwise_{name}_"))
    method("__neg__")(OPERATIONS[primitives.NEG].quick)
    method("__pos__")(lambda x: x)
    method("__abs__")(lambda x: FUNCTION["abs"](x))
    method("__invert__")(_inverted)


_install()


# --- numpy's functions on tensors ---------------------------------------------------------------

_UFUNCS: dict[Any, Any] = {
    np.add: _ADD, np.subtract: _SUB, np.multiply: _MUL, np.true_divide: _DIV, np.power: _pow,
    np.remainder: _MOD, np.matmul: lambda x, y: wrap(np.asarray(x)) @ y,
    np.equal: COMPARISONS["eq"], np.not_equal: COMPARISONS["ne"], np.less: COMPARISONS["lt"],
    np.less_equal: COMPARISONS["le"], np.greater: COMPARISONS["gt"],
    np.greater_equal: COMPARISONS["ge"],
}  # fmt: skip


@method("__array_ufunc__")
def _array_ufunc(x: Tensor, ufunc: Any, how: str, *inputs: Any, **options: Any) -> Any:
    """``ndarray * tensor`` is ours; ``np.sin(tensor)`` is numpy's, on what tracks nothing."""
    if how == "__call__" and not options and ufunc in _UFUNCS:
        row = _UFUNCS[ufunc]
        return (row.quick if isinstance(row, Operation) else row)(*inputs)
    plain = [z.numpy() if isinstance(z, Tensor) else z for z in inputs]
    found = getattr(ufunc, how)(*plain, **options)
    return wrap(found) if isinstance(found, np.ndarray | np.generic) else found
