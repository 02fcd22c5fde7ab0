"""Python's operators on tensors, and the operations whose nodes PyTorch keeps for them.

``x + y`` goes straight to the primitive's operation. Some have nodes of their own in PyTorch, and
so they have here: ``x**n``, ``3 - x``, ``3/x`` (a reciprocal, then a product), ``x // y`` (which
has no derivative and says so when it is asked for one).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcalc.autograd.core.grad_mode import mode, watching
from gradcalc.autograd.core.node import Node, clock
from gradcalc.autograd.core.tensor import Tensor, attach, edge, method, save, tracks, wrap
from gradcalc.autograd.operations.elementwise import (
    FUNCTION,
    OPERATIONS,
    ForeignOperandError,
    Operation,
)
from gradcalc.autograd.operations.inplace import in_place
from gradcalc.autograd.operations.structural import zeros_like
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
        return (v * (n * saved[0] ** (n - 1)) if n else zeros_like(v),)


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


class RsubBackward1(Node):
    """``n - x``."""

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (-v,)


def _from_number(x: Tensor, n: Any) -> Tensor:
    """n - x, of which x is the one input."""
    if not _real_number(n) or x._array.dtype.kind != "f":
        return _SUB.general(n, x)
    out = wrap(np.subtract(n, x._array))
    return attach(out, RsubBackward1(), x) if tracks(x) else out


def _real_number(n: Any) -> bool:
    return type(n) is float or type(n) is int


class ReciprocalBackward0(Node):
    """``1/x``, with the slope -1/x² written with the value itself."""

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (-v * (saved[0] * saved[0]),)


class RsqrtBackward0(Node):
    """``1/sqrt(x)``, with the slope -1/2 x^(-3/2) written with the value itself."""

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return (-0.5 * v * (saved[0] * saved[0] * saved[0]),)


def _of_result(x: Tensor, array: Any, kind: type[Node]) -> Tensor:
    """``array`` from x by a node that saves its own result."""
    out = wrap(array)
    if not tracks(x):
        return out
    node = kind()
    node.saved = ((out._array, out._counter, 0, None),)
    return attach(out, node, x)


def reciprocal(x: Tensor) -> Tensor:
    """1/x."""
    if x._array.dtype.kind != "f":
        return _DIV.general(1.0, x)
    return _of_result(x, np.reciprocal(x._array), ReciprocalBackward0)


def rsqrt(x: Tensor) -> Tensor:
    """1/sqrt(x)."""
    if x._array.dtype.kind != "f":
        return reciprocal(FUNCTION["sqrt"](x))
    return _of_result(x, np.reciprocal(np.sqrt(x._array)), RsqrtBackward0)


def _into_number(x: Tensor, n: Any) -> Tensor:
    """n / x as PyTorch does it: the reciprocal, times n."""
    if not _real_number(n) or x._array.dtype.kind != "f":
        return _DIV.general(n, x)
    inverse = reciprocal(x)
    return _MUL.general(inverse, n)


# --- Operations without a derivative ------------------------------------------------------------


class _NotImplemented(Node):
    def __init__(self, operation: str) -> None:
        self.operation = operation

    def name(self) -> str:
        return "torch::autograd::NotImplemented"

    def pull(self, cotangents: Any, tracked: bool) -> Any:
        raise RuntimeError(f"derivative for {self.operation} is not implemented")


_NotImplemented.__name__ = "NotImplemented"


def floor_divide(x: Any, y: Any) -> Tensor:
    """The quotient, rounded down; PyTorch knows no derivative of it."""
    quotient = FUNCTION["floor"](_DIV.general(_untracked(x), _untracked(y)))
    inputs = [z for z in (x, y) if isinstance(z, Tensor)]
    if all(_whole(z) for z in (x, y)):
        return quotient.long()  # type: ignore[no-any-return]
    return attach(quotient, _NotImplemented("aten::floor_divide"), *inputs) if (
        tracks(*inputs)) else quotient  # fmt: skip


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


def isclose(x: Tensor, y: Tensor, rtol: float = 1e-5, atol: float = 1e-8) -> Tensor:
    """Where x and y agree within the tolerances."""
    return wrap(np.isclose(x._array, y._array, rtol, atol))


def allclose(x: Tensor, y: Tensor, rtol: float = 1e-5, atol: float = 1e-8) -> bool:
    """Whether x and y agree everywhere within the tolerances."""
    return bool(np.allclose(x._array, y._array, rtol, atol))


def equal(x: Tensor, y: Tensor) -> bool:
    """Whether x and y have the same shape and numbers."""
    return np.array_equal(x._array, y._array)


TESTS: dict[str, Any] = {
    "isnan": _logical(np.isnan), "isinf": _logical(np.isinf), "isfinite": _logical(np.isfinite),
    "logical_and": _logical(np.logical_and), "logical_or": _logical(np.logical_or),
    "logical_xor": _logical(np.logical_xor), "logical_not": _logical(np.logical_not),
    "isclose": isclose, "allclose": allclose, "equal": equal,
}  # fmt: skip


# --- The names ----------------------------------------------------------------------------------


def _scaled(operation: Operation) -> Callable[..., Tensor]:
    """``add(x, y, alpha=2)`` is x + 2y."""

    def call(x: Any, y: Any, *, alpha: float = 1) -> Tensor:
        return operation.general(x, y if alpha == 1 else _MUL(y, alpha))

    call.__name__ = operation.__name__
    call.__doc__ = operation.__doc__
    return call


ARITHMETIC: dict[str, Any] = {
    "add": _scaled(_ADD), "sub": _scaled(_SUB), "subtract": _scaled(_SUB), "mul": _MUL,
    "multiply": _MUL, "div": _DIV, "divide": _DIV, "true_divide": _DIV, "neg": OPERATIONS[
        primitives.NEG], "negative": OPERATIONS[primitives.NEG], "remainder": _MOD, "pow": pow,
    "floor_divide": floor_divide, "reciprocal": reciprocal, "rsqrt": rsqrt,
}  # fmt: skip
COMPARISONS: dict[str, Any] = {
    name: OPERATIONS[p] for name, p in {
        "lt": primitives.LT, "le": primitives.LE, "gt": primitives.GT, "ge": primitives.GE,
        "eq": primitives.EQ, "ne": primitives.NE}.items()
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


_TWO = {"add": _ADD.general, "sub": _SUB.general, "mul": _MUL.general, "truediv": _DIV.general,
        "mod": _MOD.general, "pow": pow, "floordiv": floor_divide}  # fmt: skip
# The tensor goes first where the order does not matter, as in PyTorch: ``2*x`` is ``x*2``.
_REFLECTED = {"add": _ADD.general, "mul": _MUL.general, "sub": _from_number,
              "truediv": _into_number}  # fmt: skip


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
        setattr(Tensor, f"__{name}__", _operator(function))
        setattr(Tensor, f"__i{name}__", in_place(function))
        first, swapped = (_REFLECTED[name], False) if name in _REFLECTED else (function, True)
        setattr(Tensor, f"__r{name}__", _operator(first, swapped))
    for name, function in COMPARISONS.items():
        method(f"__{name}__")(_operator(function.general))
    for name, function in _UNARY.items():
        method(f"__{name}__")(_one(function))
    for name, ufunc in {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}.items():
        method(f"__{name}__", f"__r{name}__")(_bitwise(ufunc))
    for name, function in (FUNCTION | ARITHMETIC).items():
        if name not in RESHAPING:
            method(name)(function)
            method(f"{name}_")(in_place(function))
    for name, function in (COMPARISONS | TESTS).items():
        method(name)(function)


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
