"""Python's operators on tensors, and the operations whose nodes PyTorch keeps for them.

``x + y`` goes straight to the primitive's operation. Some have nodes of their own in PyTorch, and
so they have here: ``x**n``, ``3 - x``, ``3/x`` (a reciprocal, then a product), ``x // y`` (which
has no derivative and says so when it is asked for one).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import C_NAMES, common_type
from gradcalc.autograd.core.grad_mode import mode, watching
from gradcalc.autograd.core.node import Node, clock
from gradcalc.autograd.core.record import OUT, recorded
from gradcalc.autograd.core.registry import NAMES, method, with_out
from gradcalc.autograd.core.tensor import Tensor, attach, edge, save, tracks, wrap
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.elementwise import (
    FUNCTION,
    OPERATIONS,
    Operation,
    quick_binary,
)
from gradcalc.autograd.operations.inplace import in_place, overwritten, write
from gradcalc.autograd.operations.promotion import ForeignOperandError
from gradcalc.autograd.operations.structural import no_slope
from gradcalc.functions import primitives

_ADD, _SUB, _MUL, _DIV, _MOD, _POW = (
    OPERATIONS[p] for p in (primitives.ADD, primitives.SUB, primitives.MUL, primitives.DIV,
                            primitives.MOD, primitives.POW)
)  # fmt: skip


# --- Operations with a number on one side -------------------------------------------------------


class PowBackward0(Node):
    """``x**n``: its own node, because n·xⁿ⁻¹ needs no logarithm, and is 0 for n = 0 even at 0."""

    def __init__(self, exponent: float) -> None:
        self.exponent = self._saved_exponent = exponent

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        n = self.exponent
        return (v * (n * saved[0] ** (n - 1)) if n else no_slope(v),)


def pow(x: Any, y: Any) -> Tensor:
    """x to the power of y."""
    if isinstance(x, Tensor) and type(y) in (int, float) and x._array.dtype.kind in "fc":
        return _power(x, y)
    return _POW(x, y)


def _power(x: Tensor, n: float) -> Tensor:
    array = x._array
    if array.dtype.kind == "c":
        return _POW(x, complex(n))
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


def square(x: Tensor) -> Tensor:
    """x², as a power: so its third derivative is 0 and not a refusal."""
    return pow(x, 2)


def _from_number(x: Tensor, n: Any) -> Tensor:
    """n - x, of which x is the one input."""
    if not _real_number(n) or x._array.dtype.kind != "f":
        return _SUB.general(n, x)
    return recorded(np.subtract(n, x._array), "RsubBackward1", _minus, x)


def _minus(v: Any) -> Any:
    return -v


def _real_number(n: Any) -> bool:
    return type(n) is float or type(n) is int


def reciprocal(x: Tensor) -> Tensor:
    """1/x."""
    if x._array.dtype.kind != "f":
        return _DIV.general(1.0, x)
    return recorded(np.reciprocal(x._array), "ReciprocalBackward0",
                    lambda v, out: -v * (out * out), x, saves=(OUT,))  # fmt: skip


def rsqrt(x: Tensor) -> Tensor:
    """1/sqrt(x)."""
    if x._array.dtype.kind != "f":
        return reciprocal(FUNCTION["sqrt"](x))
    return recorded(np.reciprocal(np.sqrt(x._array)), "RsqrtBackward0",
                    lambda v, out: -0.5 * v * (out * out * out), x, saves=(OUT,))  # fmt: skip


def _into_number(x: Tensor, n: Any) -> Tensor:
    """n / x as PyTorch does it: the reciprocal, times n."""
    if not _real_number(n) or x._array.dtype.kind != "f":
        return _DIV.general(n, x)
    inverse = reciprocal(x)
    return _MUL.general(inverse, n)


# --- Operations without a derivative ------------------------------------------------------------


def _not_implemented(array: Any, operation: str, *inputs: Tensor) -> Tensor:
    def slope(*_: Any) -> Any:
        raise RuntimeError(f"derivative for aten::{operation} is not implemented")

    return recorded(array, "torch::autograd::NotImplemented", (slope,) * len(inputs), *inputs)


def floor_divide(x: Any, y: Any) -> Any:
    """The quotient, rounded down; PyTorch knows no derivative of it."""
    quotient = FUNCTION["floor"](_DIV.general(_untracked(x), _untracked(y)))
    inputs = [z for z in (x, y) if isinstance(z, Tensor)]
    if all(_whole(z) for z in (x, y)):
        return quotient.long()
    return _not_implemented(quotient, "floor_divide", *inputs)


def _untracked(x: Any) -> Any:
    return x.detach() if isinstance(x, Tensor) else x


def _whole(x: Any) -> bool:
    return isinstance(x, int) if not isinstance(x, Tensor) else x._array.dtype.kind in "iub"


def _bitwise(ufunc: Callable[..., Any]) -> Callable[..., Tensor]:
    """``&``, ``|``, ``^`` of masks and of integers."""

    def of_two(x: Tensor, y: Any) -> Tensor:
        return wrap(ufunc(x._array, y._array if isinstance(y, Tensor) else y))

    return of_two


def _logical(ufunc: Callable[..., Any]) -> Callable[..., Tensor]:
    def of_any(x: Tensor, *others: Tensor) -> Tensor:
        return wrap(ufunc(x._array, *(y._array for y in others)))

    return of_any


def isclose(x: Tensor, y: Tensor, rtol: float = 1e-5, atol: float = 1e-8,
            equal_nan: bool = False) -> Tensor:  # fmt: skip
    """Where x and y agree within the tolerances."""
    return wrap(np.asarray(np.isclose(x._array, y._array, rtol, atol, equal_nan)))


def allclose(x: Tensor, y: Tensor, rtol: float = 1e-5, atol: float = 1e-8,
             equal_nan: bool = False) -> bool:  # fmt: skip
    """Whether x and y agree everywhere within the tolerances."""
    return bool(np.allclose(x._array, y._array, rtol, atol, equal_nan))


def equal(x: Tensor, y: Tensor) -> bool:
    """Whether x and y have the same shape and numbers."""
    return np.array_equal(x._array, y._array)


TESTS: dict[str, Any] = {
    "isnan": _logical(np.isnan), "isinf": _logical(np.isinf), "isfinite": _logical(np.isfinite),
    "signbit": _logical(np.signbit), "logical_and": _logical(np.logical_and),
    "logical_or": _logical(np.logical_or), "logical_xor": _logical(np.logical_xor),
    "logical_not": _logical(np.logical_not), "isclose": isclose, "allclose": allclose,
    "equal": equal,
}  # fmt: skip


# --- With options -------------------------------------------------------------------------------


def _scaled(operation: Operation, plain: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """``add(x, y, alpha=2)`` is x + 2y, in one node: it saves y only where alpha is learned."""

    def call(x: Any, y: Any, *, alpha: float = 1) -> Tensor:
        if alpha == 1:
            return plain(x, y)
        return operation.general(x, _times_number(y, alpha))

    call.__name__ = operation.__name__
    call.__doc__ = operation.__doc__
    return call


def _times_number(y: Any, n: float) -> Any:
    if not isinstance(y, Tensor):
        return y * n
    if type(n) is float and y._array.dtype.kind in "iub":
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating "
                           "point number.")  # fmt: skip
    return recorded(np.multiply(y._array, n), "MulBackward0", lambda v: v * n.conjugate(), y)


def _level(kind: Any) -> Any:
    """The slope of what is flat wherever it does not jump."""
    return lambda v: convert(no_slope(v), kind)


def div(x: Any, y: Any, *, rounding_mode: str | None = None) -> Any:
    """x/y, rounded down (``floor``), towards zero (``trunc``) or not at all."""
    if rounding_mode is None:
        return _DIV.general(x, y)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError("div expected rounding_mode to be one of None, 'trunc', or 'floor' but "
                           f"found '{rounding_mode}'")  # fmt: skip
    quotient = FUNCTION[rounding_mode](_DIV.general(_untracked(x), _untracked(y)))
    inputs = [z for z in (x, y) if isinstance(z, Tensor)]
    if all(_whole(z) for z in (x, y)):
        return quotient.long()
    if not tracks(*inputs):
        return quotient
    wide = [z.expand(quotient.shape) for z in inputs]
    slopes = [_level(z._array.dtype) for z in inputs]
    return recorded(quotient._array, "DivBackward2", slopes, *wide)


def round(x: Tensor, *, decimals: int = 0) -> Tensor:
    """To the nearest whole number, or to so many decimals; halves to even."""
    if decimals == 0:
        return FUNCTION["round"](x)
    return recorded(np.round(x._array, decimals), "RoundBackward1", _level(x._array.dtype), x)


def heaviside(x: Tensor, values: Any = None) -> Tensor:
    """0 below 0, 1 above, and ``values`` at 0."""
    if values is None:
        return FUNCTION["heaviside"](x)
    if not isinstance(values, Tensor):
        raise TypeError("heaviside(): argument 'values' (position 2) must be Tensor, not "
                        f"{type(values).__name__}")  # fmt: skip
    steps = np.heaviside(x._array, values._array).astype(x._array.dtype)
    return _not_implemented(steps, "heaviside", x, values)


def rsub(x: Tensor, y: Any, *, alpha: float = 1) -> Tensor:
    """y - x."""
    scaled = x if alpha == 1 else _times_number(x, alpha)
    return _SUB.general(y, scaled) if isinstance(y, Tensor) else _from_number(scaled, y)


def fmod(x: Any, y: Any) -> Any:
    """x - y trunc(x/y): what is left, with the sign of x."""
    if isinstance(x, Tensor) and x._array.dtype.kind == "b":
        kinds = [(z._array.dtype, 2) for z in (x, y) if isinstance(z, Tensor)]
        x = convert(x, common_type(kinds))
    return x - div(x, y, rounding_mode="trunc") * y


def frac(x: Tensor) -> Any:
    """What is behind the point."""
    return x - FUNCTION["trunc"](x)


def lerp(x: Tensor, end: Tensor, weight: Any) -> Any:
    """From x to ``end``, by the part ``weight`` of the way, exact at both ends."""
    if end._array.dtype != x._array.dtype:
        raise RuntimeError(
            f"expected dtype {C_NAMES[x.dtype.name]} for `end` but got dtype "
            f"{C_NAMES[end.dtype.name]}"
        )
    size = np.abs(weight._array if isinstance(weight, Tensor) else weight)
    if not size.ndim:
        return x + weight * (end - x) if size < 0.5 else end - (end - x) * (1 - weight)
    near = wrap(size < 0.5)
    return FUNCTION["where"](near, x + weight * (end - x), end - (end - x) * (1 - weight))


def logit(x: Tensor, eps: float | None = None) -> Any:
    """log(x/(1 - x)); x is first brought between eps and 1 - eps."""
    if eps is None:
        return FUNCTION["logit"](x)
    return FUNCTION["logit"](FUNCTION["clamp"](x, eps, 1 - eps))


def addcmul(x: Tensor, one: Tensor, other: Tensor, *, value: float = 1) -> Tensor:
    """x + value · one · other."""
    product = one * other
    return x + (product if value == 1 else _times_number(product, value))


def addcdiv(x: Tensor, one: Tensor, other: Tensor, *, value: float = 1) -> Tensor:
    """x + value · one / other."""
    quotient = one / other
    return x + (quotient if value == 1 else _times_number(quotient, value))


def nan_to_num(
    x: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """x with numbers for what is none."""
    if x._array.dtype.kind not in "fc":
        return x.clone()  # type: ignore[no-any-return]
    largest = float(np.finfo(x._array.dtype).max)
    where = FUNCTION["where"]
    x = where(TESTS["isnan"](x), nan, x)
    x = where(x.eq(np.inf), largest if posinf is None else posinf, x)
    return where(x.eq(-np.inf), -largest if neginf is None else neginf, x)


# --- The names ----------------------------------------------------------------------------------

ARITHMETIC: dict[str, Any] = {
    "add": _scaled(_ADD, _ADD.quick), "sub": _scaled(_SUB, _SUB.quick),
    "subtract": _scaled(_SUB, _SUB.quick), "mul": _MUL, "multiply": _MUL, "div": div,
    "divide": div,
    "true_divide": _DIV, "neg": OPERATIONS[primitives.NEG], "negative": OPERATIONS[primitives.NEG],
    "remainder": _MOD, "pow": pow, "floor_divide": floor_divide, "reciprocal": reciprocal,
    "rsqrt": rsqrt, "square": square, "round": round,
    "heaviside": heaviside, "fmod": fmod, "frac": frac,
    "lerp": lerp, "logit": logit, "addcmul": addcmul, "addcdiv": addcdiv, "nan_to_num": nan_to_num,
    "fix": FUNCTION["trunc"], "sgn": FUNCTION["sign"], "absolute": FUNCTION["abs"],
}  # fmt: skip
COMPARISONS: dict[str, Any] = {
    name: OPERATIONS[p] for names, p in {
        ("lt", "less"): primitives.LT, ("le", "less_equal"): primitives.LE,
        ("gt", "greater"): primitives.GT, ("ge", "greater_equal"): primitives.GE,
        ("eq",): primitives.EQ, ("ne", "not_equal"): primitives.NE}.items() for name in names
}  # fmt: skip
RESHAPING = ("max", "min", "where", "clamp", "clip")
"""Names for which tensors have more to say than the table; ``reductions`` defines them."""


def _operator(function: Callable[..., Any], swapped: bool = False) -> Any:
    """``function`` as an operator: what it cannot take, the other operand may."""

    def forward(x: Any, y: Any) -> Any:
        try:
            return function(x, y)
        except ForeignOperandError:
            return NotImplemented

    def reflected(x: Any, y: Any) -> Any:
        try:
            return function(y, x)
        except ForeignOperandError:
            return NotImplemented

    return reflected if swapped else forward


_ROWS = {"add": _ADD, "sub": _SUB, "mul": _MUL, "truediv": _DIV}
_QUICK: dict[str, Any] = {
    name: quick_binary(row, _operator(row.general)) for name, row in _ROWS.items()
}
_TWO: dict[str, Callable[..., Any]] = {name: row.quick for name, row in _ROWS.items()} | {
    "mod": _MOD.general, "pow": pow, "floordiv": floor_divide}  # fmt: skip
_REFLECTED = {"sub": _from_number, "truediv": _into_number}


def _negated(x: Tensor) -> Tensor:
    if x._array.dtype.kind == "b":
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )
    return OPERATIONS[primitives.NEG].quick(x)


_UNARY: dict[str, Callable[[Tensor], Any]] = {
    "neg": _negated, "pos": lambda x: x, "abs": FUNCTION["abs"],
    "invert": lambda x: wrap(np.invert(x._array)),
}  # fmt: skip


def _install() -> None:
    """Attach the operators and the methods to Tensor."""
    for name, function in _TWO.items():
        setattr(Tensor, f"__{name}__", _QUICK.get(name) or _operator(function))
        setattr(Tensor, f"__i{name}__", in_place(function))
        if name in ("add", "mul"):  # the tensor goes first where the order does not matter
            setattr(Tensor, f"__r{name}__", _QUICK[name])
        else:
            first, swapped = (_REFLECTED[name], False) if name in _REFLECTED else (function, True)
            setattr(Tensor, f"__r{name}__", _operator(first, swapped))
    for name, function in COMPARISONS.items():
        method(f"__{name}__")(_operator(function.general))
    for name, of_one in _UNARY.items():
        method(f"__{name}__")(_one(of_one))
    for name, ufunc in {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}.items():
        method(f"__{name}__", f"__r{name}__")(_bitwise(ufunc))
    for name, function in (FUNCTION | ARITHMETIC).items():
        if name not in RESHAPING:
            method(name)(function)
            method(f"{name}_")(in_place(function))
            NAMES[name] = function if isinstance(function, Operation) else with_out(function)
            NAMES[f"{name}_"] = getattr(Tensor, f"{name}_")
    for name, function in (COMPARISONS | TESTS).items():
        method(name)(function)
        method(f"{name}_")(_overwriting(function))
        NAMES[name] = function if isinstance(function, Operation) else with_out(function)
    NAMES["rsub"] = rsub


def _overwriting(function: Callable[..., Any]) -> Callable[..., Any]:
    """A comparison that writes its answers over what it compared."""

    def compare(x: Tensor, *others: Any) -> Tensor:
        return write(x, function(x.detach(), *others)._array, overwritten(x))

    return compare


def _one(function: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    return lambda x: function(x)


_install()


# --- numpy's functions on tensors ---------------------------------------------------------------

_UFUNCS: dict[Any, Any] = {
    np.add: _ADD, np.subtract: _SUB, np.multiply: _MUL, np.true_divide: _DIV, np.power: pow,
    np.remainder: _MOD, np.matmul: lambda x, y: wrap(np.asarray(x)) @ y,
    np.equal: COMPARISONS["eq"], np.not_equal: COMPARISONS["ne"], np.less: COMPARISONS["lt"],
    np.less_equal: COMPARISONS["le"], np.greater: COMPARISONS["gt"],
    np.greater_equal: COMPARISONS["ge"],
}  # fmt: skip


@method("__array_ufunc__")
def _array_ufunc(x: Tensor, ufunc: Any, how: str, *inputs: Any, **options: Any) -> Any:
    """``ndarray * tensor`` is ours; ``np.sin(tensor)`` is numpy's, on what tracks nothing."""
    if how == "__call__" and not options and ufunc in _UFUNCS:
        return _UFUNCS[ufunc](*inputs)
    plain = [z.numpy() if isinstance(z, Tensor) else z for z in inputs]
    found = getattr(ufunc, how)(*plain, **options)
    return wrap(found) if isinstance(found, np.ndarray | np.generic) else found
