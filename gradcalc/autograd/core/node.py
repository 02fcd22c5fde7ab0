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

import re
import traceback
import weakref
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from sys import getrefcount
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import named
from gradcalc.autograd.core.grad_mode import Within, mode

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


Saved = tuple[Any, list[int], int, Any]
"""A value kept for the way back: (array, counter, version, tensor).

``counter`` is the version counter that the array shares with its views and aliases; ``version`` is
what it said. ``tensor`` is the input the array came from; None for the node's own output, which is
rebuilt when it is needed, because a node that held its output would be a reference cycle.
"""

NEVER_MODIFIED = [0]
detached: list[int] = []
"""When a tensor was last taken out of its graph in place: what saved it earlier has to know."""


def is_alone(values: Sequence[Any], k: int) -> bool:
    """Whether the array ``values[k]`` is held by this list, by one variable of the caller's and by
    nobody else: its memory may be written over."""
    array = values[k]
    return type(array) is np.ndarray and array.flags.owndata and getrefcount(array) == 4


class Node:
    """One recorded operation. Subclasses hold what it needs and say how cotangents flow back."""

    next_functions: tuple[Edge, ...] = ()
    order: int
    outputs = 1
    saved: Sequence[Any] | None = ()  # of Saved, or None where an input's value is not needed
    tensor_hooks: Sequence[tuple[int, Callable[[Any], Any]]] = ()
    pre_hooks: Sequence[Callable[..., Any]] = ()
    node_hooks: Sequence[Callable[..., Any]] = ()
    derived: int | None = None
    """Which saved value is not handed to the user's hooks: it can be had from the others."""
    runs_on_nothing = False
    """Whether it has something to say although no cotangent arrived."""
    retained: dict[int, weakref.ref[Any]] | None = None
    made_by: Node | None = None  # the node whose way back made it, noted then too
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

    def register_prehook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(grad_outputs)`` before this node runs; it may return others."""
        if not self.pre_hooks:
            self.pre_hooks = []
        return Handle(self.pre_hooks, hook)

    @property
    def metadata(self) -> dict[Any, Any]:
        """Room for whatever a user wants to note about this node."""
        return self.__dict__.setdefault("_metadata", {})  # type: ignore[no-any-return]

    def _sequence_nr(self) -> int:
        return self.order

    def _set_sequence_nr(self, number: int) -> None:
        self.order = number

    def __call__(self, *cotangents: Any) -> Any:
        """The chain rule for this one operation: what arrives at its inputs."""
        tracked = mode.enabled
        if len(cotangents) != self.outputs:
            raise TypeError(
                f"{self.name()} expected {self.outputs} arguments, got {len(cotangents)} instead"
            )
        given = cotangents if tracked else [v if v is None else v._array for v in cotangents]
        flowing = [g if g is None or hasattr(g, "_array") else Node.wrap(g)
                   for g in self.pull(given, tracked)]  # fmt: skip
        return flowing[0] if len(flowing) == 1 else tuple(flowing)

    rebuild: Callable[..., Any]
    """The node's output as a tensor again; tensor.py, which knows tensors, supplies it."""
    place: Callable[..., Edge]
    """Where a tensor stands in the graph; supplied there too, and ``wrap``."""
    wrap: Callable[..., Any]

    def __getattr__(self, name: str) -> Any:
        kind = next((k for k in ("_saved_", "_raw_saved_") if name.startswith(k)), None)
        if kind == "_raw_saved_" and name == "_raw_saved_tensors":
            return tuple(SavedTensor(self, k) for k in range(len(self.saved or ())))
        place = None if kind is None else self.place_of(name.removeprefix(kind))
        if place is None:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return SavedTensor(self, place) if kind == "_raw_saved_" else self.unpack(True)[place]

    def place_of(self, name: str) -> int | None:
        """Which saved value PyTorch calls ``self``, ``other``, ``result``; None: none."""
        if self.saved is not None and not self.saved:
            return None
        return {"self": 0, "other": -1, "result": -1}.get(name)


def unpack(node: Node, entry: tuple[Any, ...], tracked: bool) -> Any:
    """A saved value as the array, or as the tensor, that the formula wants."""
    array, counter, version, tensor = entry
    if type(array) is Packed:
        return array.unpack(node, tracked)
    if counter[0] != version:
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace "
            f"operation: [{describe(array)}]{_origin(node, tensor)} is at version "
            f"{counter[0]}; expected version {version} instead. Hint: {_HINTS[mode.anomaly]}"
        )
    if tensor is not None and getattr(tensor, "_detached", 0) > node.order:
        raise RuntimeError(
            "Trying to use a saved tensor that has been detached in-place, i.e. with .detach_()."
            "This is not supported, please use out-of-place `.detach()` instead"
        )
    if not tracked:
        return array
    return node.rebuild(array, counter) if tensor is None else tensor


_HINTS = (
    "enable anomaly detection to find the operation that failed to compute its gradient, with "
    "torch.autograd.set_detect_anomaly(True, check_nan=False).",
    "the backtrace further above shows the operation that failed to compute its gradient. The "
    "variable in question was changed in there or anywhere later. Good luck!",
)
"""Of a value that was written to; and while anomalies are detected."""


def describe(array: Any) -> str:
    """An array as PyTorch's messages name it: ``torch.DoubleTensor [2]``."""
    return f"torch.{type_name(array.dtype)}Tensor {list(array.shape)}"


def type_name(kind: Any) -> str:
    """``Float``, ``Long``: what PyTorch's older messages call an element type."""
    return named(kind).older


def plain_name(node: Node) -> str:
    """The operation without what marks it as a node: ``Exp`` for ExpBackward0, ``Pow1``."""
    return _BACKWARD.sub("", node.name())


_BACKWARD = re.compile(r"Backward(0?$|(?=\d+$))")


def _origin(node: Node, tensor: Any) -> str:
    origin = node if tensor is None else tensor._edge and tensor._edge[0]
    if tensor is not None and tensor._view is not None:
        origin = tensor.grad_fn
    if origin is None:
        return ""
    number = 0 if tensor is None else tensor.output_nr
    return f", which is output {number} of {plain_name(origin)},"


# --- Those who watch the recording --------------------------------------------------------------


class Packed:
    """A saved value in the hands of the user's hooks: what ``pack`` returned for it.

    ``saved_tensors_hooks`` packs whatever is saved while it is open; ``register_hooks`` on a
    ``_raw_saved_…`` packs one value. ``place`` is where the value stands in the graph; None for the
    node's own output, which would be a cycle.
    """

    def __init__(self, hooks: tuple[Any, Any], alias: Any, place: Edge | None) -> None:
        self._hooks, self._place = hooks, place
        with Within(packing=()):  # hooks may themselves save
            self._content = hooks[0](alias)

    def unpack(self, node: Node, tracked: bool) -> Any:
        """The value, from what ``pack`` made of it."""
        with Within(packing=()):  # hooks may themselves save
            made = self._hooks[1](self._content)
        if not hasattr(made, "_array"):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(made).__name__}"
            )
        if not tracked:
            return made._array
        if self._place is None:
            return node.rebuild(made._array, made._counter)
        made = made.detach()
        made._edge, made._tracked = self._place, self._place[0] is not None
        return made


class SavedTensor:
    """``grad_fn._raw_saved_self``: a saved value, still packed."""

    def __init__(self, node: Node, place: int) -> None:
        self._node, self._place = node, place

    def register_hooks(self, pack: Callable[..., Any], unpack: Callable[..., Any]) -> None:
        """Have ``pack`` keep the value from here on, and ``unpack`` give it back."""
        node = self._node
        if node.saved is None:
            raise RuntimeError(FREED)
        if not callable(pack) or not callable(unpack):
            raise TypeError("incompatible function arguments")
        entry = node.saved[self._place]
        if type(entry[0]) is Packed:
            raise RuntimeError(
                "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: "
                "only one pair of hooks is allowed at a time."
            )
        packed = _packed(node, entry, (pack, unpack))
        node.saved = (*node.saved[: self._place], packed, *node.saved[self._place + 1 :])


def _packed(node: Node, entry: Saved, hooks: tuple[Any, Any]) -> Saved:
    array, counter, version, tensor = entry
    alias = (node.rebuild(array, counter) if tensor is None else tensor).detach()
    packed = Packed(hooks, alias, None if tensor is None else Node.place(tensor))
    if counter[0] != version:
        raise RuntimeError(
            "A saved tensor pack hook is modifying its input in place. Tensors provided as input "
            "to pack hook can not be modified by in-place operations as this can lead to "
            "unexpected side-effects. Please open an issue if you need to perform in-place "
            "operations on the input to a pack hook."
        )
    return packed, counter, -1, None  # no version is this one: it has to be unpacked


def note(node: Node) -> None:
    """A node has been recorded while somebody watches: keep what they will ask for."""
    if mode.anomaly:
        node.made_by = mode.evaluating
        node.made_at = traceback.StackSummary.from_list(
            [frame for frame in traceback.extract_stack() if not _ours(frame.filename)]
        )
    if mode.packing and node.saved:
        if len(mode.packing) == 1:
            raise RuntimeError(mode.packing[0])
        node.saved = tuple(
            [
                _packed(node, entry, mode.packing)
                if entry
                and k != node.derived
                and type(entry[0]) is not Packed
                and (entry[3] is None or hasattr(entry[3], "_array"))
                else entry
                for k, entry in enumerate(node.saved)
            ]
        )


def _ours(filename: str) -> bool:
    return filename.startswith(_HERE)


_HERE = __file__.removesuffix(str(Path("core", "node.py")))


class AccumulateGrad(Node):
    """The end of every path: it adds what arrives to ``variable.grad``."""

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        # A leaf waits for nothing once its cotangent is complete: it goes before other nodes.
        self.order = _LEAVES_FIRST + next(clock)
        self.tensor_hooks = variable._hooks

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
        v = cotangents[0]
        if v is not None and self.variable._tracked:
            alone = is_alone(cotangents, 0)
            self.variable._accumulate(v, tracked, alone)
            for hook in list(self.variable._after_hooks):
                if hook(self.variable) is not None:
                    raise RuntimeError("Tensor post accumulate grad hooks should return None.")
        return ()


class Handle:
    """What ``register_hook`` returns: ``remove()`` takes the hook away again."""

    def __init__(self, hooks: Any, entry: Any) -> None:
        self._places = [(hooks, entry)]
        hooks.append(entry)

    @classmethod
    def of(cls, handles: Sequence[Handle]) -> Handle:
        """One for several."""
        made = cls([], None)
        made._places = [place for handle in handles for place in handle._places]
        return made

    def remove(self) -> None:
        for hooks, entry in self._places:
            if entry in hooks:
                hooks.remove(entry)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


# --- Forward mode: tensors that carry a tangent, until its level is closed ------------------------


class _Somewhere(Node):
    """In place of an edge for an input that has a tangent and no node."""

    order = 0

    def pull(self, cotangents: Any, tracked: bool) -> tuple[Any, ...]:
        return ()


SOMEWHERE: Edge = (_Somewhere(), 0)


duals: dict[int, weakref.ref[Any]] = {}
"""The tensors that have a tangent: it ends with the level of forward mode."""


def give_tangent(x: Any, tangent: Any) -> None:
    """x carries this tangent, until the level is closed."""
    x._tangent = tangent
    duals[id(x)] = weakref.ref(x)
