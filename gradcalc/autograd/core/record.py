"""An operation, declared: its result, its node's name, and a slope for each of its inputs.

    return recorded(np.flip(x._array, dims), "FlipBackward0", lambda v: v.flip(dims), x)

A slope is a function of the result's cotangent and of what was saved, and gives the cotangent of
its input, in operations on tensors: under ``create_graph`` these are recorded, in an ordinary sweep
they are not. None is an input that none flows to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from gradcalc.autograd.core.grad_mode import Timeless, mode
from gradcalc.autograd.core.node import Node
from gradcalc.autograd.core.tensor import Tensor, attach, place, save, tracks, wrap

Slope = Callable[..., Any]


OUT = 0
"""Among what is saved: the result itself. Of several results, k is the k-th."""


class Recorded(Node):
    """What ``recorded`` and ``several`` leave behind."""

    slopes: Sequence[Slope | None]
    full_name: str
    joint = False  # whether its slopes take the cotangents of its outputs as one list, some None

    def name(self) -> str:
        return self.full_name

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
        values = [*cotangents, *self.unpack(tracked)]
        if tracked:
            return self.backward(*values)
        bare, mode.bare = mode.bare, True
        try:
            flowing = self.backward(*[x if x is None else wrap(x) for x in values])
        finally:
            mode.bare = bare
        return [g if g is None else g._array for g in flowing]

    def backward(self, *values: Any) -> Sequence[Any]:
        if self.joint:
            values = (values[: self.outputs], *values[self.outputs :])
        return [
            None if slope is None or target is None else slope(*values)
            for slope, (target, _) in zip(self.slopes, self.next_functions, strict=True)
        ]


@cache
def node_class(name: str) -> Any:
    """The nodes of this name."""
    short = name.rpartition("::")[2]
    return type(short, (Recorded,), {"__module__": __name__, "full_name": name})


def node_of(
    name: str, slopes: Slope | Sequence[Slope | None] | None, saves: Any = (), *outs: Tensor
) -> Recorded:
    """A node of this name with these slopes."""
    node: Recorded = node_class(name)()
    node.slopes = slopes if isinstance(slopes, (tuple, list)) else (slopes,)
    if saves:
        node.saved = tuple([
            (outs[x]._array, outs[x]._counter, 0, None) if type(x) is int
            else None if x is None else save(x)[0]
            for x in saves
        ])  # fmt: skip
    return node


def recorded(
    made: Any, name: str, slopes: Slope | Sequence[Slope | None] | None, *inputs: Tensor,
    saves: Any = (),
) -> Tensor:  # fmt: skip
    """``made``, an array or a tensor (a view), as the result of an operation on these inputs.

    ``saves`` are the inputs, or ``OUT``, whose values the slopes are handed after the cotangent.
    """
    out = made if isinstance(made, Tensor) else wrap(made)
    if not tracks(*inputs) or (out is made and type(out._counter) is Timeless):
        return out
    return attach(out, node_of(name, slopes, saves, out), *inputs)


def several(
    outs: Sequence[Any], name: str, slopes: Slope | Sequence[Slope], *inputs: Tensor,
    saves: Any = (),
) -> tuple[Any, ...]:  # fmt: skip
    """The same of several results; the slopes are handed the cotangents of all as one list."""
    made = tuple(out if isinstance(out, Tensor) else wrap(out) for out in outs)
    if not tracks(*inputs):
        return made
    node = node_of(name, slopes, saves, *made)
    node.joint, node.outputs = True, len(made)
    node.numbers = {id(out._array): k for k, out in enumerate(made)}
    for k, out in enumerate(made):
        attach(out, node, *inputs)
        if mode.enabled and any(x._tracked for x in inputs):
            place(out, (node, k))
    return made


def in_order_of(array: Any, like: Any) -> Any:
    """The numbers of ``array`` in memory of their own, whose axes lie as those of ``like``."""
    made = np.empty_like(like, array.dtype, shape=array.shape)
    made[...] = array
    return made


def in_order(array: Any) -> Any:
    """The numbers of ``array`` in memory of their own, row after row."""
    return np.array(array, order="C")
