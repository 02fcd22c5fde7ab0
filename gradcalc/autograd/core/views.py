"""Views: tensors that look at another tensor's memory.

A view knows its **base** and the **steps** that lead from the base to it (``index`` with a key,
``permute`` with an order …). Writing through a view changes the base, so the base's place in the
graph moves (see ``inplace``), and every other view of that base has to look up its own place again:
it follows its steps from the base once more, which is what ``View.edge`` does.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcalc.autograd.core.grad_mode import Timeless, Within, mode
from gradcalc.autograd.core.node import NOWHERE, Edge, Node, give_tangent, plain_name
from gradcalc.autograd.core.record import node_of, recorded
from gradcalc.autograd.core.tensor import Tensor, attach, retain, wrap

ViewStep = tuple[Any, ...]
"""A function that makes a view of a tensor, and its arguments after the first."""
Path = tuple[()] | tuple[Any, ViewStep]
"""The steps so far and one more: a view of a view of a view … shares what it has in common."""


_AMBIGUOUS = (
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your "
    "code by moving both the view and the inplace either both inside the {0} block (if you don't "
    "want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)
_NO_GRAD, _INFERENCE = (_AMBIGUOUS.format(where) for where in ("no_grad", "inference_mode"))
_SEVERAL = (
    "This view is the output of a function that returns multiple views. Such functions do not "
    "allow the output views to be modified inplace. You should replace the inplace operation by an "
    "out-of-place one."
)
IN_FUNCTION = (
    "This view was created inside a custom Function (or because an input was returned as-is) and "
    "the autograd logic to handle view+inplace would override the custom backward associated with "
    "the custom Function, leading to incorrect gradients. This behavior is forbidden. You can fix "
    "this by cloning the output of the custom Function."
)


@dataclass(slots=True, eq=False, repr=False)
class View:
    """How a tensor came from its base."""

    base: Tensor
    path: Path
    creation: str  # why it must not be written to, from how it was made; empty: it may
    seen: int  # the version that its place is of
    carries: bool  # whether a tangent that is written to it is one of the base, too
    recorded: Edge = NOWHERE
    own: bool = False  # whether it was asked to require grad itself, beside its base

    @property
    def steps(self) -> tuple[ViewStep, ...]:
        """The steps from the base, first to last."""
        steps: list[ViewStep] = []
        path: Any = self.path
        while path:
            path, step = path
            steps.append(step)
        return tuple(reversed(steps))

    def edge(self, x: Tensor) -> Edge:
        """The place in the graph of x, whose view this is: another if the memory was written."""
        if self.seen == x._counter[0] or (self.recorded[0] is None and not self.base._tracked):
            return self.recorded
        self.refuse("its base or another view of its base has been")
        before, self.seen = self.recorded, x._counter[0]
        with Within(enabled=True, packing=()):
            self.recorded = _again(self.base, x._array, self.steps)
        if x._retains:
            retain(x, before)
        return self.recorded

    def refuse(self, what: str = "is being") -> None:
        """Raise if this view must not be written to, nor its memory by others."""
        if not self.creation:
            return
        node, k = self.recorded
        made = "A view" if node is None else f"Output {k} of {plain_name(node)} is a view"
        normal = ""
        if self.creation in (_NO_GRAD, _INFERENCE) or node is None:
            inferred = self.creation == _INFERENCE
            where = "inference" if inferred else "no_grad"
            normal = " in normal mode" if inferred else " with grad mode enabled"
            made += f"{' was' if node is None else ' of a view which was'} created in {where} mode"
        raise RuntimeError(f"{made} and {what} modified inplace{normal}. {self.creation}")


def follow(x: Tensor, steps: tuple[ViewStep, ...]) -> Tensor:
    """The view of a tensor that the steps lead to."""
    for function, *arguments in steps:
        x = function(x, *arguments)
    return x


def follow_array(array: Any, steps: tuple[ViewStep, ...]) -> Any:
    """The view of an array that the steps lead to."""
    with Within(bare=True, enabled=False):
        return follow(wrap(array), steps)._array


def view(x: Tensor, array: Any, *step: Any) -> Tensor:
    """``array``, a view of x's memory that ``step`` makes, as a tensor that shares x's versions."""
    out = wrap(array)
    out._counter = x._counter
    if mode.bare or type(x._counter) is Timeless:
        return out
    link = x._view
    base = x if link is None else link.base
    creation = ""
    if not mode.enabled:
        creation = _INFERENCE if mode.inference else _NO_GRAD
    elif link is not None:
        creation = link.creation
    path, carries = (() if link is None else link.path, step), link is None or link.carries
    out._view = View(base, path, creation, x._counter[0], carries)
    out._tracked = base._tracked
    if not base._tracked or creation in (_NO_GRAD, _INFERENCE):  # it follows what the base becomes
        if not base._untracked_views:
            base._untracked_views = weakref.WeakSet()
        base._untracked_views.add(out)
    if x._tangent is not None:
        give_tangent(out, follow(x._tangent, (step,)))
    return out


def one_of_several(views: Iterable[Tensor]) -> None:
    """Note that a function returned these together: none of them may be written to."""
    for each in views:
        if each._view is not None and (mode.enabled or each._view.creation == IN_FUNCTION):
            each._view.creation = _SEVERAL


def _again(x: Tensor, array: Any, steps: tuple[ViewStep, ...]) -> Edge:
    """The place of a view whose base x was written to since: its steps, from what x is now."""
    base = wrap(x._array)
    base._tracked = True
    chain: list[Node] = []
    node = follow(base, steps).grad_fn
    while node is not None and node.next_functions:
        chain.append(node)
        node = node.next_functions[0][0]

    def slope(v: Tensor) -> Tensor:
        for node in chain:
            (v,) = node.pull((v,), True)
        return v

    node = node_of("AsStridedBackward0", slope)
    attach(wrap(array), node, x)
    return (node, 0)


def replace(x: Any, steps: tuple[ViewStep, ...], values: Any) -> Any:
    """A copy of x, an array or a tensor, in which the view that ``steps`` lead to holds ``values``
    (None: zeros)."""
    if not isinstance(x, Tensor):
        return _replace_array(x, steps, 0 if values is None else values)
    values = wrap(np.zeros_like(follow_array(x._array, steps))) if values is None else values
    array = _replace_array(x._array, steps, values._array)
    slopes = (lambda v: replace(v, steps, None), lambda v: follow(v, steps))
    return recorded(array, "ReplaceBackward0", slopes, x, values)


def _replace_array(array: Any, steps: tuple[ViewStep, ...], values: Any) -> Any:
    for order in ("K", "C"):  # as the axes lie in memory, if the view can be had there
        copy = np.array(array, order=order)
        region = follow_array(copy, steps)
        if np.may_share_memory(region, copy):
            region[...] = values
            return copy
    # In this layout a reshape had to copy: go by the numbers of the slots instead.
    slots = follow_array(np.arange(copy.size).reshape(copy.shape), steps)
    copy = np.ascontiguousarray(copy)
    copy.reshape(-1)[slots] = values
    return copy
