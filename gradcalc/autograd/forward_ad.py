"""Forward mode: numbers that carry a tangent along.

>>> import gradcalc.autograd as torch
>>> from gradcalc.autograd import forward_ad
>>> with forward_ad.dual_level():
...     x = forward_ad.make_dual(torch.tensor([2.0, 3.0]), torch.tensor([1.0, 0.0]))
...     forward_ad.unpack_dual(x * x).tangent
tensor([4., 0.])

There is no second set of rules. The way back of an operation, v ↦ Jᵀv, is linear in v, and its own
way back is u ↦ J u: that is how every operation gives its output a tangent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from gradcalc.autograd.core.grad_mode import Within, mode, settle
from gradcalc.autograd.core.node import NOWHERE, SOMEWHERE, Node, clock, duals, give_tangent
from gradcalc.autograd.core.tensor import Tensor, edge, wrap
from gradcalc.autograd.functional import filled, pull
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.structural import view_as

_current_level = -1
"""The level that is open: 0, or -1 where none is."""


class UnpackedDualTensor(NamedTuple):
    """A tensor without its tangent, and the tangent, None where it has none."""

    primal: Tensor
    tangent: Tensor | None


def _carry(out: Tensor, node: Node, inputs: tuple[Any, ...]) -> None:
    """Give ``out`` the tangent that its node makes of its inputs' tangents."""
    carriers = [k for k, x in enumerate(inputs) if isinstance(x, Tensor) and x._tangent is not None]
    if not carriers or out._tangent is not None or out._array.dtype.kind not in "fc":
        return
    leads_on = mode.enabled and any(
        isinstance(x, Tensor) and (x._tracked or (x._tangent is not None and x._tangent._tracked))
        for x in inputs
    )
    with Within(dual=None, packing=(), enabled=True):
        node.next_functions = tuple(
            SOMEWHERE if k in carriers else edge(x) if isinstance(x, Tensor) else NOWHERE
            for k, x in enumerate(inputs)
        )
        tangents = [convert(inputs[k]._tangent, inputs[k]._array.dtype) for k in carriers]
        node.order = next(clock)
        v = wrap(np.zeros_like(out._array)).requires_grad_()
        flowing = node.pull([v, *[None] * (node.outputs - 1)], True)
        (tangent,) = filled(pull([flowing[k] for k in carriers], (v,), tangents), (v,))
        if any(np.may_share_memory(tangent._array, t._array) for t in tangents):
            tangent = tangent.clone()  # to write to the output is not to write to the input
        give_tangent(out, tangent if leads_on else tangent.detach())


def enter_dual_level() -> int:
    """Open the level: from now on, duals can be made."""
    global _current_level
    if _current_level == 0:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _current_level = 0
    settle(dual=_carry)
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the level: what was made in it has no tangents any more."""
    global _current_level
    if level not in (None, _current_level):
        raise RuntimeError("Trying to exit a forward AD level that was not the last one that was "
                           "created. This is not supported.")  # fmt: skip
    if _current_level < 0:
        raise RuntimeError("Dual level must be a positive number.")
    _current_level = -1
    for x in list(duals.values()):
        x._tangent = None
    duals.clear()
    settle(dual=None)


@contextmanager
def dual_level() -> Iterator[int]:
    """The level, open inside the block."""
    level = enter_dual_level()
    try:
        yield level
    finally:
        exit_dual_level(level=level)


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A view of the tensor that carries this tangent."""
    if _current_level < 0:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to "
            "enter_dual_level() first."
        )
    for x, what in ((tensor, "primal"), (tangent, "tangent")):
        if x._array.dtype.kind not in "fc":
            raise ValueError(f"Expected {what} to be floating point or complex, but got: {x.dtype}")
    if tensor._tangent is not None:
        raise RuntimeError("Making a dual Tensor based on a Tensor that already has a forward "
                           "gradient at the same level 0 is not supported.")  # fmt: skip
    if tensor._array.dtype.kind != tangent._array.dtype.kind:
        raise RuntimeError("Expected tangent to have the type of the primal, "
                           f"{tensor.dtype}, but got {tangent.dtype}")  # fmt: skip
    if tangent._tangent is not None:
        raise RuntimeError("Setting a forward grad that itself has a forward gradient at the same "
                           "level0 is not supported.")  # fmt: skip
    dual = _alone(tensor)
    give_tangent(dual, tangent)
    return dual


def _alone(x: Tensor) -> Tensor:
    """A view of x whose tangent is its own affair."""
    alias: Tensor = view_as(x, x)
    if alias._view is not None:
        alias._view.carries = False
    return alias


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The tensor without its tangent, and the tangent."""
    if _current_level < 0:
        return UnpackedDualTensor(tensor, None)
    tangent, tensor._tangent = tensor._tangent, None
    try:
        primal = _alone(tensor) if tangent is not None else tensor
    finally:
        tensor._tangent = tangent
    return UnpackedDualTensor(primal, tangent)
