"""Views: tensors that look at another tensor's memory.

A view knows its **base** and the **steps** that lead from the base to it (``index`` with a key,
``permute`` with an order …). Writing through a view changes the base, so the base's place in the
graph moves (see ``inplace``), and every other view of that base has to look up its own place again:
it follows its steps from the base once more, which is what ``View.edge`` does.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from gradcalc.autograd.core.grad_mode import enable_grad, mode
from gradcalc.autograd.core.node import NOWHERE, Edge, Node
from gradcalc.autograd.core.tensor import Tensor, attach, edge, tracks, wrap

Step = tuple[Any, ...]
"""A function that makes a view of an array or of a tensor, and its arguments after the first."""
Path = tuple[()] | tuple[Any, Step]
"""The steps so far and one more: a view of a view of a view … shares what it has in common."""


class View:
    """How a tensor came from its base."""

    def __init__(self, base: Tensor, path: Path) -> None:
        self.base = base
        self.path = path
        self.recorded: Edge = NOWHERE
        self.seen = -1
        self.refuses = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps from the base, first to last."""
        steps: list[Step] = []
        path: Any = self.path
        while path:
            path, step = path
            steps.append(step)
        return tuple(reversed(steps))

    def edge(self, counter: list[int]) -> Edge:
        """The view's place in the graph, looked up again if the memory was written since."""
        if self.seen != counter[0]:
            with enable_grad():
                self.recorded = edge(follow(self.base, self.steps))
            self.seen = counter[0]
        return self.recorded


def follow(x: Any, steps: tuple[Step, ...]) -> Any:
    """The view of an array, or of a tensor, that the steps lead to."""
    for function, *arguments in steps:
        x = function(x, *arguments)
    return x


_IN_NO_GRAD = (
    "A view was created in no_grad mode and is being modified inplace with grad mode enabled. "
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your "
    "code by moving both the view and the inplace either both inside the no_grad block (if you "
    "don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)


def view(x: Tensor, array: Any, *step: Any) -> Tensor:
    """``array``, a view of x's memory that ``step`` makes, as a tensor that shares x's versions."""
    out = wrap(array)
    out._counter = x._counter
    link = x._view
    base = x if link is None else link.base
    out._view = View(base, (() if link is None else link.path, step))
    if not base._tracked:
        _register(base, out)
    elif not mode.enabled:
        out._view.refuses = _IN_NO_GRAD
    return out


def _register(base: Tensor, out: Tensor) -> None:
    """Note a view of an untracked base, which may become tracked when it is written to."""
    if not base._untracked_views:
        base._untracked_views = weakref.WeakSet()
    base._untracked_views.add(out)


def wake_views(base: Tensor) -> None:
    """The base has become tracked, and so have its views."""
    for each in base._untracked_views:
        if each._view is not None:
            each._tracked = True
    base._untracked_views = ()


class ReplaceBackward0(Node):
    """``replace`` for tensors: the base's slots outside the view, the new values inside it."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.steps = steps

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        return replace(v, self.steps, None), follow(v, self.steps)


def replace(x: Any, steps: tuple[Step, ...], values: Any) -> Any:
    """A copy of x in which the view that ``steps`` lead to holds ``values`` (None: zeros)."""
    if not isinstance(x, Tensor):
        return _replace_array(x, steps, 0 if values is None else values)
    values = values if values is not None else wrap(np.zeros_like(follow(x._array, steps)))
    out = wrap(_replace_array(x._array, steps, values._array))
    return attach(out, ReplaceBackward0(steps), x, values) if tracks(x, values) else out


def _replace_array(array: Any, steps: tuple[Step, ...], values: Any) -> Any:
    copy = np.array(array)  # keeps the order of the axes in memory
    region = follow(copy, steps)
    if np.may_share_memory(region, copy):
        region[...] = values
        return copy
    # In this layout a reshape had to copy: go by the numbers of the slots instead.
    slots = follow(np.arange(copy.size).reshape(copy.shape), steps)
    copy = np.ascontiguousarray(copy)
    copy.reshape(-1)[slots] = values
    return copy
