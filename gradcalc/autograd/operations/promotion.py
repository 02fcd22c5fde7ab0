"""Operands of one element type, as PyTorch brings them there, and results as it lays them out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import common_type, get_default_dtype
from gradcalc.autograd.core.refusals import refuse
from gradcalc.autograd.core.registry import ForeignOperandError, python_type
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.operations.copies import convert
from gradcalc.functions import primitives
from gradcalc.functions.row import Primitive

_ndarray = np.ndarray


def promote(primitive: Primitive, operands: Sequence[Any]) -> list[Any]:
    """Operands of one element type: a dimension outranks a 0-d tensor, which outranks a number."""
    if primitive is primitives.SUB:
        _refuse_booleans(operands)
    tensors = [_operand(x) for x in operands]
    conditions = 1 if primitive is primitives.WHERE else 0
    kind = type_of_all(tensors[conditions:])
    if kind.kind != "f":
        refuse(primitive.name, kind)
    if primitive.boolean:
        return [number_of(x, kind) if type(x) is int and kind.kind == "u" else x for x in tensors]
    if kind.kind in "iub" and not primitive.whole:
        kind = get_default_dtype().numpy
    values = tensors[conditions:]
    if any(isinstance(x, Tensor) for x in values):
        values = [convert(x, kind) if isinstance(x, Tensor) else number_of(x, kind) for x in values]
    else:
        values = [kind.type(x) for x in values]
    return tensors[:conditions] + values


def type_of_all(operands: Sequence[Any]) -> Any:
    """The element type in which tensors and numbers are computed with."""
    return common_type([_kind_and_rank(x) for x in operands])


def _kind_and_rank(x: Any) -> tuple[Any, int]:
    if isinstance(x, Tensor):
        return x._array.dtype, 2 if x._array.ndim else 1
    if isinstance(x, int | float | complex | np.generic):
        return np.result_type(type(x)), 0
    raise ForeignOperandError(f"not {python_type(x)}")


def _refuse_booleans(operands: Sequence[Any]) -> None:
    masks = [x for x in operands if isinstance(x, Tensor) and x._array.dtype.kind == "b"]
    if len(masks) == len(operands):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
            "`logical_xor()` operator instead."
        )
    if masks:
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
            "to invert a mask, use the `~` or `logical_not()` operator instead."
        )


def number_of(x: Any, kind: Any) -> Any:
    """A number beside tensors, which stays one; what is too large for integers goes around."""
    if kind.kind in "fc" and not isinstance(x, bool):
        return type(x)(x)
    return np.int64(x).astype(kind) if kind.kind in "iu" else kind.type(x)


def _operand(x: Any) -> Any:
    if isinstance(x, np.generic):
        return x.item()
    if isinstance(x, Tensor | bool | int | float | complex):
        return x
    if isinstance(x, np.ndarray):
        return wrap(x)
    raise ForeignOperandError(f"not {python_type(x)}")


def _power(x: Any, n: Any) -> Any:
    """xⁿ; of integers, of which 1/x stays one for 1 and -1 alone, by numbers from 0 on."""
    if not (isinstance(n, np.ndarray) and n.dtype.kind == "i"):
        return np.power(x, n)
    x = np.asarray(x, n.dtype)
    inverse = np.where(np.abs(x) == 1, x ** (n % 2), 0)
    return np.where(n < 0, inverse, x ** np.maximum(n, 0)).astype(n.dtype)


def _sign(x: Any) -> Any:
    """-1, 0, 1; 0 for NaN, too."""
    return x.copy() if x.dtype.kind == "b" else np.sign(np.where(x == x, x, x.dtype.type(0)))


def refuse_zero(x: Any, y: Any) -> None:
    """Raise where whole numbers are divided by 0."""
    if np.asarray(y).dtype.kind in "iu" and np.size(x) and not np.all(y):
        raise RuntimeError("ZeroDivisionError")


def _remainder(x: Any, y: Any) -> Any:
    """What is left, with the sign of y; a 0 keeps that of x."""
    if np.result_type(x, y).kind != "f":
        refuse_zero(x, y)
        return np.mod(x, y)
    left = np.fmod(x, y)
    return np.where((left != 0) & ((np.asarray(y) < 0) != (left < 0)), left + y, left)


VALUES: dict[str, Callable[..., Any]] = {"sign": _sign, "mod": _remainder, "pow": _power}
"""What has another value in PyTorch than in the table: a sign of NaN, and of zeros; of integers."""


def laid_out(array: Any, operands: Sequence[Any]) -> Any:
    """A result in the memory layout that PyTorch gives it.

    Its axes are sorted as they lie in the first operand that tells two of them apart.
    """
    if all(type(a) is not _ndarray or a.flags.c_contiguous for a in operands):
        return array if array.flags.c_contiguous else np.ascontiguousarray(array)
    strides = [np.broadcast_to(a, array.shape).strides for a in operands if type(a) is _ndarray]
    order = list(range(array.ndim))[::-1]  # the axes, from the quickest on
    for i in range(1, array.ndim):
        at = i
        for before in range(i - 1, -1, -1):
            later = _lies_later(order[before], order[at], strides, array.shape)
            if later > 0:
                order[before], order[at] = order[at], order[before]
                at = before
            elif later < 0:
                break
    slowest_first = order[::-1]
    copy = np.ascontiguousarray(array.transpose(slowest_first))
    return copy.transpose(sorted(range(array.ndim), key=slowest_first.__getitem__))


def _lies_later(one: int, other: int, strides: Sequence[Any], shape: Sequence[int]) -> int:
    for steps in strides:
        if steps[one] and steps[other] and steps[one] != steps[other]:
            return -1 if steps[one] < steps[other] else 1
        if steps[one] and steps[other] and shape[one] > shape[other]:
            return 1
    return 0


def size_error(arrays: list[Any], error: Any = "") -> RuntimeError:
    """What is wrong with shapes that do not broadcast; or another ``error`` of numpy's."""
    if "negative integer powers" in str(error):
        return RuntimeError(str(error))
    shapes = [np.shape(a) for a in arrays]
    lengths = zip_longest(shapes[0][::-1], shapes[-1][::-1], fillvalue=1)
    for k, (m, n) in reversed(list(enumerate(reversed(list(lengths))))):
        if m != n and 1 not in (m, n):
            return RuntimeError(f"The size of tensor a ({m}) must match the size of tensor b ({n}) "
                                f"at non-singleton dimension {k}")  # fmt: skip
    return RuntimeError(f"shapes {shapes} do not broadcast together")
