"""Function: an operation of your own, with a forward and a backward.

>>> import gradcalc.autograd as torch
>>> class Cube(torch.autograd.Function):
...     @staticmethod
...     def forward(ctx, x):
...         ctx.save_for_backward(x)
...         return x * x * x
...
...     @staticmethod
...     def backward(ctx, v):
...         (x,) = ctx.saved_tensors
...         return v * 3 * x * x
>>> x = torch.tensor(2.0, requires_grad=True)
>>> Cube.apply(x).backward()
>>> x.grad
tensor(12.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from gradcalc.autograd.core.grad_mode import _Switch, mode, watching
from gradcalc.autograd.core.node import NOWHERE, Node, clock, remember
from gradcalc.autograd.core.tensor import Tensor, edge, wrap
from gradcalc.autograd.operations.inplace import rebase, refuse_leaf
from gradcalc.autograd.operations.structural import convert, sum_to


class FunctionNode(Node):
    """The node of a custom function, and the ``ctx`` that its forward and backward are given."""

    function: type[Function]

    def __init__(self) -> None:
        self._to_save: tuple[Any, ...] = ()
        self._dirty: tuple[Tensor, ...] = ()
        self._constant: tuple[Tensor, ...] = ()
        self._materialize = True
        self._inputs: list[tuple[Any, Any] | None] = []
        self._outs: list[tuple[Any, Any]] = []
        self._saved_outputs: dict[int, int] = {}  # by the identity of the array, which is saved
        self.needs_input_grad: tuple[bool, ...] = ()

    # --- what forward may say -----------------------------------------------------------------

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs for ``saved_tensors``; their versions will be checked."""
        for x in tensors:
            if x is not None and not isinstance(x, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument is of type "
                    f"{type(x).__name__}"
                )
        self._to_save = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """These inputs were written in place, and are returned."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """These outputs do not require grad, whatever the inputs do."""
        self._constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether a cotangent that never arrived is given to backward as zeros, or as None."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was saved, if it still is what it was."""
        return tuple(self.unpack(True))

    def rebuild(self, array: Any, counter: list[int]) -> Tensor:
        """A saved output as a tensor again: it may be any of several."""
        tensor = Node.rebuild(self, array, counter)
        tensor._edge = (self, self._saved_outputs[id(array)])
        return tensor

    # --- the way back -------------------------------------------------------------------------

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
        if self.saved is None:
            self.unpack(tracked)
        given = [self._given(k, v) for k, v in enumerate(cotangents)]
        with _Switch(tracked):
            returned = self.function.backward(self, *given)
            flowing = self._checked(returned if isinstance(returned, tuple) else (returned,))
        return flowing if tracked else [v if v is None else v._array for v in flowing]

    def _given(self, k: int, v: Any) -> Tensor | None:
        if v is not None:
            return v if isinstance(v, Tensor) else wrap(v)
        if not self._materialize:
            return None
        shape, kind = self._outs[k]
        return wrap(np.zeros(shape, kind))

    def _checked(self, returned: tuple[Any, ...]) -> list[Any]:
        """One cotangent per input, of the input's shape; PyTorch's messages where not."""
        count = len(self._inputs)
        if len(returned) > count and all(v is None for v in returned[count:]):
            returned = returned[:count]
        if len(returned) != count:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{count}, got {len(returned)})"
            )
        return [self._fitted(k, v) for k, v in enumerate(returned)]

    def _fitted(self, k: int, v: Any) -> Any:
        wanted = self._inputs[k]
        if v is None or wanted is None:
            return None
        if not isinstance(v, Tensor):
            raise RuntimeError(
                f"expected Variable or None (got {type(v).__name__}) from {self.name()}"
            )
        shape, kind = wanted
        if not _sums_to(v._array.shape, shape):
            raise RuntimeError(
                f"Function {self.name()} returned an invalid gradient at index {k} - got "
                f"{list(v.shape)} but expected shape compatible with {list(shape)}"
            )
        return convert(sum_to(v, shape), kind)


def _sums_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether an operand of the target's shape could have been broadcast to ``shape``."""
    lead = len(shape) - len(target)
    if lead < 0:
        return False
    return all(n in (1, m) for n, m in zip(target, shape[lead:], strict=True))


class Function:
    """Subclass it with static methods ``forward(ctx, *inputs)`` and ``backward(ctx, *cotangents)``.

    ``apply`` runs forward and records the call. ``backward`` returns one cotangent per input, None
    for an input that gets none. Written in tensor operations, it can itself be differentiated.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Any:
        """Compute the outputs."""
        raise NotImplementedError("You must implement the forward function for custom Function.")

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """Turn the cotangents of the outputs into those of the inputs."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    setup_context: Callable[..., None] | None = None

    @classmethod
    def apply(cls, *inputs: Any, **options: Any) -> Any:
        """Run forward on the inputs, recorded if grad mode is on and one of them is tracked."""
        node = _node_of(cls)()
        node.needs_input_grad = tuple(isinstance(x, Tensor) and x._tracked for x in inputs)
        with _Switch(False):
            if cls.setup_context is None:
                returned = cls.forward(node, *inputs, **options)
            else:
                returned = cls.forward(*inputs, **options)
                cls.setup_context(node, inputs, returned)
        if not (mode.enabled and any(node.needs_input_grad)):
            return returned
        return _record(node, inputs, returned)


def _node_of(cls: type[Function]) -> type[FunctionNode]:
    """``class Cube(Function)`` makes ``CubeBackward`` nodes."""
    made = cls.__dict__.get("_node")
    if made is None:
        made = type(f"{cls.__name__}Backward", (FunctionNode,), {"function": cls})
        cls._node = made  # type: ignore[attr-defined]
    return made


def _record(node: FunctionNode, inputs: Sequence[Any], returned: Any) -> Any:
    outs = returned if isinstance(returned, tuple) else (returned,)
    tensors = [x if isinstance(x, Tensor) else None for x in inputs]
    for x in node._dirty:
        refuse_leaf(x)
    node.next_functions = tuple(NOWHERE if x is None else edge(x) for x in tensors)
    node._inputs = [None if x is None else (x._array.shape, x._array.dtype) for x in tensors]
    node.order = next(clock)
    if watching:
        remember(node)
    node.outputs = len(outs)
    made = [_output(node, k, out, tensors) for k, out in enumerate(outs)]
    node._outs = [(out._array.shape, out._array.dtype) if isinstance(out, Tensor) else ((), float)
                  for out in outs]  # fmt: skip
    node.saved = tuple(_entry(node, x, outs, made) for x in node._to_save)
    node._to_save = node._dirty = node._constant = ()
    return tuple(made) if isinstance(returned, tuple) else made[0]


def _output(node: FunctionNode, k: int, out: Any, inputs: Sequence[Any]) -> Any:
    if not isinstance(out, Tensor) or out._array.dtype.kind not in "fc":
        return out
    if any(out is x for x in node._constant):
        return out
    if any(out is x for x in node._dirty):
        out._counter[0] += 1
        rebase(out, node)
        return out
    if any(out is x for x in inputs) or out._tracked or out._view is not None:
        out = out.detach()  # an input that is returned as it is, seen through this function
    out._edge = (node, k)
    out._tracked = True
    return out


def _entry(node: FunctionNode, x: Any, outs: Sequence[Any], made: Sequence[Any]) -> Any:
    """The saved entry; of an own output without the tensor, which would be a cycle."""
    if x is None:
        return None
    own = next((k for k, out in enumerate(outs) if out is x and made[k] is out), None)
    if own is None or x._edge is None or x._edge[0] is not node:
        return (x._array, x._counter, x._counter[0], x)
    node._saved_outputs[id(x._array)] = own
    return (x._array, x._counter, x._counter[0], None)


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A backward that is not itself to be differentiated: its results track nothing."""

    @wraps(backward)
    def once(ctx: Any, *cotangents: Any) -> Any:
        with _Switch(False):
            return backward(ctx, *cotangents)

    return once


FunctionCtx = FunctionNode
