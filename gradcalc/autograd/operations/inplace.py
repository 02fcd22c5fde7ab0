"""Writing in place: versions, and how a tensor's place in the graph moves.

``y[0] = x`` changes the numbers of y. What y was before still has its node; what y is now needs
another: **CopySlices**, whose inputs are the old y and x. Its backward hands x the cotangent of
slot 0, and hands the old y everything else, with a zero in slot 0, because the old number there no
longer matters. Every write adds one to the version that all views and aliases of the memory share,
so that a node which saved the old numbers notices.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from gradcalc.autograd.core.dtypes import CATEGORY
from gradcalc.autograd.core.grad_mode import Timeless, about_to_write, mode, watching
from gradcalc.autograd.core.node import (
    NOWHERE,
    Edge,
    Node,
    Packed,
    clock,
    describe,
    give_tangent,
    note,
    type_name,
)
from gradcalc.autograd.core.record import recorded
from gradcalc.autograd.core.refusals import REFUSED, refuse
from gradcalc.autograd.core.registry import IN_PLACE, declare, method, python_type
from gradcalc.autograd.core.tensor import Tensor, edge, retain, wake_views, wrap
from gradcalc.autograd.core.views import ViewStep, follow, follow_array, replace
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.indexing import index, is_whole, split_key
from gradcalc.autograd.operations.promotion import size_error
from gradcalc.autograd.operations.structural import cannot_expand, no_slope, sum_to


class CopySlices(Node):
    """A write through a view: ``inner`` is the operation that made the new numbers of the view.

    Inputs: the base as it was, then the inputs of ``inner`` after the view itself.
    """

    def __init__(self, steps: tuple[ViewStep, ...], inner: Node) -> None:
        self.steps = steps
        self.inner = inner

    def name(self) -> str:
        return "torch::autograd::CopySlices"

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
        v = cotangents[0]
        part = follow(v, self.steps) if tracked else follow_array(v, self.steps)
        old, *others = self.inner.pull((part,), tracked)
        if not self.wants(0):
            return None, *others
        return replace(v, self.steps, old), *others

    def unpack(self, tracked: bool) -> list[Any]:
        return self.inner.unpack(tracked)

    def release(self) -> None:
        self.inner.release()


_ONE_LOCATION = "single memory location. Please clone() the tensor before performing the operation."


def _overlaps(array: Any) -> bool:
    """Whether it was expanded: several of its elements are one number in memory."""
    return array.size > 1 and any(
        s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True)
    )


def _refuse_overlap(x: Any, y: Any) -> None:
    """Raise where what is read and what is written share a part of their memory, and not all."""
    extents = [byte_bounds(a) for a in (x, y)]
    filled = all(high - low == a.nbytes for a, (low, high) in zip((x, y), extents, strict=True))
    same = extents[0] == extents[1] and x.strides == y.strides
    if filled and not same and np.may_share_memory(x, y):
        raise RuntimeError(
            "unsupported operation: some elements of the input tensor and the written-to tensor "
            f"refer to a {_ONE_LOCATION}"
        )


def refuse_leaf(y: Tensor, what: str = "is being") -> None:
    """Raise if y, or what it is a view of, is a leaf whose gradient is wanted."""
    kind, leaf = "a leaf Variable", y.is_leaf
    if y._view is not None:
        y._view.edge(y)
        y._view.refuse()
        if y._view.base.is_leaf:
            kind, leaf, what = "a view of a leaf Variable", True, "is being"
    if y._tracked and leaf:
        raise RuntimeError(f"{kind} that requires grad {what} used in an in-place operation.")


def move(y: Tensor, node: Node, others: tuple[Edge, ...]) -> None:
    """Give y, or the base that y is a view of, its new place in the graph."""
    node.order = next(clock)
    if y._view is None:
        node.next_functions = (edge(y), *others)
        rebase(y, (node, 0))
    else:
        base = y._view.base
        slices = CopySlices(y._view.steps, node)
        # The inner node's first input is the view as it was; it only matters whether it leads
        # anywhere.
        slices.next_functions = node.next_functions = (edge(base), *others)
        slices.order = next(clock)
        rebase(base, (slices, 0))
        y._tracked = True
        if watching:
            note(slices)
    if watching:
        note(node)


def rebase(base: Tensor, place: Edge) -> None:
    """From now on, the base stands at ``place``."""
    before, base._edge, base._tracked = base._edge or NOWHERE, place, True
    if base._retains:  # .grad follows the tensor; hooks stay with the node they were put on
        retain(base, before)
    wake_views(base)


def set_tangent(y: Tensor, tangent: Any) -> None:
    """Give y, and what it is a view of, the tangent of its new numbers."""
    if y._tangent is None and y._view is not None and y._view.carries:
        base = y._view.base
        if base._tangent is None:
            give_tangent(base, wrap(np.zeros_like(base._array)))
        assert base._tangent is not None
        give_tangent(y, follow(base._tangent, y._view.steps))
    if y._tangent is None:
        give_tangent(y, tangent)
    else:
        y._tangent.copy_(tangent)


# --- every operation, in place ------------------------------------------------------------------


def in_place(
    operation: Callable[..., Tensor], idempotent: bool = False, name: str = ""
) -> Callable[..., Tensor]:
    """The operation that writes its result into its first operand: ``mul`` to ``mul_``.

    What is ``idempotent`` may write to one place in memory more than once.
    """

    def write_result(y: Tensor, *operands: Any, **options: Any) -> Tensor:
        if not isinstance(y, Tensor):
            raise TypeError(f"{write_result.__name__}(): argument 'input' (position 1) must be "
                            f"Tensor, not {type(y).__name__}")  # fmt: skip
        if mode.enabled and (y._tracked or any(isinstance(x, Tensor) and x._tracked
                                               for x in operands)):  # fmt: skip
            refuse_leaf(y)
        about_to_write(y)
        if refusing in REFUSED:
            refuse(refusing, y._array.dtype)
        if 0 in y._array.strides and not idempotent and _overlaps(y._array):
            raise RuntimeError(
                "unsupported operation: more than one element of the written-to tensor refers to a "
                + _ONE_LOCATION
            )
        for x in operands:
            if type(x) is Tensor and x._counter is y._counter and x is not y:
                _refuse_overlap(x._array, y._array)
        before = as_it_was(y)
        if mode.packing:  # hooks are handed what is saved, and may keep it as it is
            before._array = before._array.copy()
        result = operation(before, *operands, **options)
        _check_result(y, result)
        if watching and mode.dual and result._tangent is not None:
            set_tangent(y, result._tangent)
        node = edge(result)[0] if result._tracked else None
        if node is not None:
            _keep_old_values(node, before)
        y._array[...] = result._array
        if type(y._counter) is not Timeless:
            y._counter[0] += 1
        if node is not None and y._array.dtype.kind in "fc":
            move(y, node, node.next_functions[1:])
            _watch_result(node, y)
        return y

    name = name or getattr(operation, "__name__", "operation")
    write_result.__name__, refusing = f"{name}_", f"{name}_()"
    write_result.__doc__ = f"``{name}``, written into the tensor."
    return write_result


IN_PLACE.append(in_place)


def as_it_was(y: Tensor) -> Tensor:
    """y's numbers and place in the graph, with versions of their own."""
    before = wrap(y._array)
    before._tracked = y._tracked
    before._edge = edge(y) if y._tracked and not y.is_leaf else None
    before._tangent = y._tangent
    return before


def _keep_old_values(node: Node, before: Tensor) -> None:
    """The write is about to change the numbers that the node saved of its first operand: copy."""
    old = before._array
    if node.saved and any(entry and entry[0] is old for entry in node.saved):
        before._array = old.copy()
        node.saved = tuple(
            (before._array, *entry[1:])
            if entry and entry[0] is old and entry[1] is before._counter
            else entry
            for entry in node.saved
        )


def _watch_result(node: Node, y: Tensor) -> None:
    """A node that saved its result saved what is now in y: a later write to y must be noticed."""
    own = [entry and entry[3] is None and type(entry[0]) is not Packed
           for entry in node.saved or ()]  # fmt: skip
    if not any(own):
        return
    now = (y._array, y._counter, y._counter[0], None)
    node.saved = [now if mine else entry for mine, entry in zip(own, node.saved or (), strict=True)]
    if y._view is not None:
        base = y._view.base
        slices = edge(base)[0]
        assert slices is not None
        node.rebuild = partial(_rebuilt, weakref.ref(slices), base._array, y._view.steps)


def _rebuilt(
    slices: weakref.ref[Node], array: Any, steps: tuple[ViewStep, ...],
    values: Any, counter: list[int],
) -> Tensor:  # fmt: skip
    """The result of an inner node, which is not in the graph: a view of what CopySlices made."""
    base, tensor = wrap(array), wrap(values)
    base._edge, base._tracked = (slices(), 0), True
    tensor._counter = counter
    tensor._edge, tensor._tracked = edge(follow(base, steps)), True
    return tensor


def _check_result(y: Tensor, result: Tensor) -> None:
    if result._array.shape != y._array.shape:
        raise RuntimeError(
            f"output with shape {list(y.shape)} doesn't match the broadcast shape "
            f"{list(result.shape)}"
        )
    made, kind = result._array.dtype, y._array.dtype
    if CATEGORY[made.kind] > CATEGORY[kind.kind]:
        raise RuntimeError(f"result type {type_name(made)} can't be cast to the desired output "
                           f"type {type_name(kind)}")  # fmt: skip


# --- Over whatever was there ----------------------------------------------------------------------


def overwriting(values: Callable[..., Any], node: str = "ZeroBackward0") -> Callable[..., Tensor]:
    """What writes the numbers that ``values`` says over a tensor, whatever was there."""

    def made(y: Tensor, *operands: Any, **options: Any) -> Tensor:
        array = np.asarray(values(y, *operands, **options)).astype(y._array.dtype, copy=False)
        return recorded(np.broadcast_arrays(array, y._array)[0], node, no_slope, y)

    return in_place(made, idempotent=True)


def _copied(y: Tensor, other: Any) -> Tensor:
    x = _as_tensor(other, y)
    target, shape, kind = y._array.shape, x._array.shape, x._array.dtype
    trimmed = shape
    while len(trimmed) > len(target) and trimmed[0] == 1:
        trimmed = trimmed[1:]
    values = convert(x._array, y._array.dtype).reshape(trimmed)
    try:
        array = np.broadcast_to(values, target)
    except ValueError:
        raise cannot_expand(trimmed, target, kind) from None
    slopes = (no_slope, lambda v: convert(sum_to(v, trimmed).reshape(shape), kind))
    return recorded(array, "torch::autograd::CopyBackwards", slopes, y, x)


def _as_tensor(x: Any, like: Tensor) -> Tensor:
    if isinstance(x, Tensor):
        return x
    if not isinstance(x, np.ndarray | np.generic | int | float | complex | list | tuple):
        raise TypeError(f"can't assign a {python_type(x)} to a {describe(like._array).split()[0]}")
    kind = like._array.dtype
    if type(x) is complex and kind.kind != "c" and x.imag:
        raise RuntimeError(f"value cannot be converted to type {_IN_ATEN.get(kind.name, kind.name)}"
                           " without overflow")  # fmt: skip
    return wrap(np.asarray(np.int64(x).astype(kind) if type(x) is int and kind.kind in "iu" else x,
                           kind))  # fmt: skip


_IN_ATEN = {"int64": "int64_t", "int32": "int", "int16": "int16_t", "int8": "int8_t",
            "uint8": "uint8_t", "float32": "float", "float64": "double"}  # fmt: skip
copy_ = in_place(_copied)


def _filled(y: Tensor, value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        array = np.full_like(y._array, value)
        return recorded(array, "FillBackward2", no_slope, y)
    shape, kind = value._array.shape, value._array.dtype
    array = np.full_like(y._array, value._array.astype(y._array.dtype))
    slopes = (no_slope, lambda v: convert(sum_to(v, shape), kind))
    return recorded(array, "FillBackward3", slopes, y, value)


_fill = in_place(_filled, idempotent=True)


def _fill_checked(x: Tensor, value: Any) -> Tensor:
    if not isinstance(value, Tensor | int | float | complex | np.generic):
        raise TypeError("fill_() received an invalid combination of arguments - got "
                        f"({python_type(value)})")  # fmt: skip
    if isinstance(value, Tensor) and value.ndim:
        raise RuntimeError("fill_ only supports 0-dimension value tensor but got tensor with "
                           f"{value.ndim} dimensions.")  # fmt: skip
    return _fill(x, value)


def _copy(x: Tensor, other: Any, non_blocking: bool = False) -> Tensor:
    if not isinstance(other, Tensor | int | float | complex | np.generic):
        raise TypeError("copy_(): argument 'other' (position 1) must be Tensor, not "
                        f"{python_type(other)}")  # fmt: skip
    if isinstance(other, Tensor):
        try:
            np.broadcast_shapes(x._array.shape, other._array.shape)
        except ValueError:
            raise size_error([x._array, other._array]) from None
    return copy_(x, other)


declare("copy_", _copy, "Write another tensor, broadcast, into x.", method)
declare("fill_", _fill_checked, "Write one number everywhere.", method)
_zero = overwriting(lambda y: 0)
declare("zero_", lambda x: _zero(x), "Write zeros.", method)


@method("__setitem__")
def set_item(y: Tensor, key: Any, x: Any) -> None:
    """``y[key] = x``: a copy through a view, or an index_put for lists and masks."""
    basic, taken = split_key(y, key)
    part = y if taken and is_whole(basic) else index(y, basic)
    if taken:
        part.index_put_(taken, x if isinstance(x, Tensor) else wrap(np.asarray(x, y._array.dtype)))
        return
    while isinstance(x, Tensor) and x.ndim > part.ndim and x.shape[0] == 1:
        x = x.squeeze(0)  # what PyTorch lets an assignment have
    copy_(part, x)
