"""Nodes: what an operation leaves behind for the way back.

A tensor that was computed from tracked tensors carries an **edge** ``(node, k)``: it is output k of
that node. The node's ``next_functions`` are the edges of its inputs, so following them walks from a
result to the leaves. ``node.pull`` is the chain rule for one operation: it takes the cotangents of
the node's outputs and returns one for each input.

The formulas are written once, for arrays and for tensors alike. An ordinary sweep hands them numpy
arrays. Under ``create_graph`` it hands them tensors, so the formula's own operations are recorded,
and its result can be differentiated again.
"""

from __future__ import annotations

import traceback
import weakref
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gradcalc.autograd.core.grad_mode import mode

if TYPE_CHECKING:
    from gradcalc.autograd.core.tensor import Tensor

Edge = tuple["Node | None", int]
NOWHERE: Edge = (None, 0)
"""The edge of a tensor that tracks nothing."""

clock = count()
_LEAVES_FIRST = 1 << 62

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you call "
    ".backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the "
    "graph a second time or if you need to access saved tensors after calling backward."
)


class Saved(NamedTuple):
    """A value kept for the way back, and the version it had.

    ``counter`` is the version counter that the array shares with its views and aliases.
    ``tensor`` is the input it came from; None for the node's own output, which is rebuilt when it
    is needed, because a node that held its output would be a reference cycle.
    """

    array: Any
    counter: list[int]
    version: int
    tensor: Any


NEVER_MODIFIED = [0]


class Node:
    """One recorded operation. Subclasses hold what it needs and say how cotangents flow back."""

    next_functions: tuple[Edge, ...] = ()
    order: int
    outputs = 1
    saved: Sequence[Any] | None = ()  # of Saved, or None where an input's value is not needed
    tensor_hooks: Sequence[tuple[int, Callable[[Any], Any]]] = ()
    node_hooks: Sequence[Callable[..., Any]] = ()
    retained: dict[int, weakref.ref[Tensor]] | None = None
    made_at: traceback.StackSummary | None = None  # noted while anomalies are detected

    def name(self) -> str:
        """PyTorch's name of this node, ``MulBackward0``."""
        return type(self).__name__

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"

    def wants(self, k: int) -> bool:
        """Whether input k leads to a leaf."""
        return self.next_functions[k][0] is not None

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
        """The cotangents of the inputs, one per next function, None where nothing flows.

        ``tracked`` says that the cotangents are tensors, and asks for the saved values as tensors.
        """
        return self.backward(cotangents[0], *self.unpack(tracked))

    def backward(self, v: Any, *saved: Any) -> Sequence[Any]:
        """The formula: v is the output's cotangent, an array or a tensor."""
        raise NotImplementedError

    def unpack(self, tracked: bool) -> list[Any]:
        """The saved values, if they still are what they were."""
        if self.saved is None:
            raise RuntimeError(FREED)
        return [entry and unpack(self, entry, tracked) for entry in self.saved]

    def release(self) -> None:
        """Let go of the saved values; a node that saved none can run again."""
        if self.saved:
            self.saved = None

    def register_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(grad_inputs, grad_outputs)`` after this node has run."""
        if not self.node_hooks:
            self.node_hooks = []
        return Handle(self.node_hooks, hook)

    rebuild: Callable[..., Tensor]
    """The node's output as a tensor again; tensor.py, which knows tensors, supplies it."""

    def __getattr__(self, name: str) -> Any:
        place = self.place_of(name.removeprefix("_saved_")) if name.startswith("_saved_") else None
        if place is None:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return self.unpack(True)[place]

    def place_of(self, name: str) -> int | None:
        """Which saved value PyTorch calls ``self``, ``other``, ``result``; None: none."""
        if self.saved is not None and not self.saved:
            return None
        return {"self": 0, "other": -1, "result": -1}.get(name)


def unpack(node: Node, entry: tuple[Any, ...], tracked: bool) -> Any:
    """A saved value as the array, or as the tensor, that the formula wants."""
    array, counter, version, tensor = entry
    if counter[0] != version:
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace "
            f"operation: [{describe(array)}], which is {_origin(node, tensor)}, is at version "
            f"{counter[0]}; expected version {version} instead. Hint: the backward pass needs the "
            "value that this tensor had; write the new one elsewhere, or work on a .clone()."
        )
    if not tracked:
        return array
    return node.rebuild(array, counter) if tensor is None else tensor


def describe(array: Any) -> str:
    """An array as PyTorch's messages name it: ``torch.DoubleTensor [2]``."""
    kind = {"float32": "Float", "float64": "Double", "int64": "Long", "bool": "Bool"}
    return f"torch.{kind.get(str(array.dtype), str(array.dtype))}Tensor {list(array.shape)}"


def _origin(node: Node, tensor: Any) -> str:
    origin = node if tensor is None else getattr(tensor, "grad_fn", None)
    return f"output 0 of {origin.name()}" if origin is not None else "a leaf"


def remember(node: Node) -> None:
    """Note where the program is, for ``detect_anomaly`` to tell if this node's way back fails."""
    if mode.anomaly:
        node.made_at = traceback.StackSummary.from_list(
            [frame for frame in traceback.extract_stack() if not _ours(frame.filename)]
        )


def _ours(filename: str) -> bool:
    return filename.startswith(_HERE)


_HERE = __file__.removesuffix(str(Path("core", "node.py")))


class AccumulateGrad(Node):
    """The end of every path: it adds what arrives to ``variable.grad``."""

    def __init__(self, variable: Tensor) -> None:
        self.variable = variable
        # A leaf waits for nothing once its cotangent is complete: it goes before other nodes.
        self.order = _LEAVES_FIRST + next(clock)
        self.tensor_hooks = variable._hooks

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
        if cotangents[0] is not None:
            self.variable._accumulate(cotangents[0], tracked)
        for hook in list(self.variable._after_hooks):
            hook(self.variable)
        return ()


class Handle:
    """What ``register_hook`` returns: ``remove()`` takes the hook away again."""

    def __init__(self, hooks: Any, entry: Any) -> None:
        self._hooks, self._entry = hooks, entry
        hooks.append(entry)

    def remove(self) -> None:
        if self._entry in self._hooks:
            self._hooks.remove(self._entry)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
