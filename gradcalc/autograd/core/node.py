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
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    tensor_hooks: Sequence[tuple[int, Callable[[Any], Any]]] = ()  # of its outputs, by number
    pre_hooks: Sequence[Callable[..., Any]] = ()
    node_hooks: Sequence[Callable[..., Any]] = ()
    numbers: Mapping[int, int] = {}  # of those among several outputs that it saved, by id(array)
    runs_on_nothing = False
    """Whether it has something to say although no cotangent arrived."""
    retained: Mapping[int, weakref.ref[Any]] = {}  # tensors that keep their gradients, by output
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
        return hang(self, "node_hooks", hook)

    def register_prehook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(grad_outputs)`` before this node runs; it may return others."""
        return hang(self, "pre_hooks", hook)

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
            raise TypeError(f"{self.name()} expected {self.outputs} arguments, got "
                            f"{len(cotangents)} instead")  # fmt: skip
        given = cotangents if tracked else [v if v is None else v._array for v in cotangents]
        flowing = as_tensors(self.pull(given, tracked))
        return flowing[0] if len(flowing) == 1 else flowing

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
        raise RuntimeError("Trying to use a saved tensor that has been detached in-place, i.e. "
                           "with .detach_().This is not supported, please use out-of-place "
                           "`.detach()` instead")  # fmt: skip
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
    origin = node if tensor is None else tensor.grad_fn
    if origin is None:
        return ""
    number = 0 if tensor is None else tensor.output_nr
    return f", which is output {number} of {plain_name(origin)},"


# --- Those who watch the recording --------------------------------------------------------------


class Packed:
    """A saved value in the hands of the user's hooks: what ``pack`` returned for it.

    ``saved_tensors_hooks`` packs whatever is saved while it is open; ``register_hooks`` on a
    ``_raw_saved_…`` packs one value.
    """

    def __init__(self, node: Node, entry: Saved, hooks: tuple[Any, ...]) -> None:
        array, counter, version, tensor = entry
        pack, self._unpack = hooks
        # Where the value stands; None for the node's own output, which would be a cycle.
        self._place = None if tensor is None else Node.place(tensor)
        with Within(packing=()):  # hooks may themselves save
            alias = (node.rebuild(array, counter) if tensor is None else tensor).detach()
            self._content = pack(alias)
        if counter[0] != version:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as "
                "input to pack hook can not be modified by in-place operations as this can lead to "
                "unexpected side-effects. Please open an issue if you need to perform in-place "
                "operations on the input to a pack hook."
            )

    def unpack(self, node: Node, tracked: bool) -> Any:
        """The value, from what ``pack`` made of it."""
        with Within(packing=()):
            made = self._unpack(self._content)
        if not hasattr(made, "_array"):
            raise TypeError("Output of saved tensor unpack_hook expected to be a Tensor but got "
                            f"result of type {type(made).__name__}")  # fmt: skip
        if not tracked:
            return made._array
        if self._place is None:
            return node.rebuild(made._array, made._counter)
        made = made.detach()
        made._edge, made._tracked = self._place, self._place[0] is not None
        return made


def _pack(node: Node, places: Iterable[int], hooks: tuple[Any, ...]) -> None:
    """Give the saved values at these places to the hooks."""
    entries = list(node.saved or ())
    for k in places:
        # No version is -1: what is packed has to be unpacked.
        entries[k] = (Packed(node, entries[k], hooks), entries[k][1], -1, None)
    node.saved = tuple(entries)


class SavedTensor:
    """``grad_fn._raw_saved_self``: a saved value, still packed."""

    def __init__(self, node: Node, place: int) -> None:
        self._node, self._place = node, place

    def register_hooks(self, pack: Callable[..., Any], unpack: Callable[..., Any]) -> None:
        """Have ``pack`` keep the value from here on, and ``unpack`` give it back."""
        saved = self._node.saved
        if saved is None:
            raise RuntimeError(FREED)
        if not callable(pack) or not callable(unpack):
            raise TypeError("incompatible function arguments")
        if type(saved[self._place][0]) is Packed:
            raise RuntimeError("Calling register_hooks on a saved tensor whose hooks have already "
                               "been set. Hint: only one pair of hooks is allowed at a "
                               "time.")  # fmt: skip
        _pack(self._node, [self._place], (pack, unpack))


def note(node: Node) -> None:
    """A node has been recorded while somebody watches: keep what they will ask for."""
    if mode.anomaly:
        node.made_by = mode.evaluating
        node.made_at = traceback.StackSummary.from_list(
            [frame for frame in traceback.extract_stack() if not frame.filename.startswith(_HERE)]
        )
    if mode.packing and node.saved:
        if len(mode.packing) == 1:
            raise RuntimeError(mode.packing[0])
        _pack(node, [k for k, entry in enumerate(node.saved) if entry
                     and (entry[3] is None or hasattr(entry[3], "_array"))
                     and type(entry[0]) is not Packed], mode.packing)  # fmt: skip


_HERE = __file__.removesuffix(str(Path("core", "node.py")))


class AccumulateGrad(Node):
    """The end of every path: it adds what arrives to ``variable.grad``."""

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        # A leaf waits for nothing once its cotangent is complete: it goes before other nodes.
        self.order = _LEAVES_FIRST + next(clock)

    @property
    def tensor_hooks(self) -> Any:  # type: ignore[override]
        return self.variable._hooks  # this node may die before the leaf does

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
        v, variable = cotangents[0], self.variable
        if v is not None and variable._tracked:
            alone = is_alone(cotangents, 0)
            variable._accumulate(v, tracked, alone)
            for hook in list(variable._after_hooks):
                seen = [variable]
                if call_hook(hook, seen, tracked, single=True) is not seen:
                    raise RuntimeError("Tensor post accumulate grad hooks should return None.")
        return ()


# --- Hooks ----------------------------------------------------------------------------------------


class Handle:
    """What ``register_hook`` returns: ``remove()`` takes the hook away again."""

    def __init__(self, places: Sequence[tuple[list[Any], Any]]) -> None:
        self.places = places

    def remove(self) -> None:
        for hooks, hook in self.places:
            if hook in hooks:
                hooks.remove(hook)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def hang(owner: Any, kind: str, hook: Any) -> Handle:
    """Add a hook to those of this kind that a node, or a tensor, has."""
    hooks = getattr(owner, kind)
    if not isinstance(hooks, list):  # an empty tuple: most have none
        hooks = []
        setattr(owner, kind, hooks)
    hooks.append(hook)
    return Handle([(hooks, hook)])


def as_tensors(values: Sequence[Any]) -> tuple[Any, ...]:
    """Cotangents as hooks and users are handed them."""
    return tuple([v if v is None or hasattr(v, "_array") else Node.wrap(v) for v in values])


def call_hook(hook: Callable[..., Any], values: Sequence[Any], tracked: bool, *beside: Any,
              single: bool = False) -> Sequence[Any]:  # fmt: skip
    """What a hook makes of these cotangents, or of the ``single`` one; ``values`` if of none.

    It may see others ``beside``. What it returns must be of the types and shapes of what was there.
    """
    given = as_tensors(values)
    with Within(enabled=tracked):
        returned = hook(given[0]) if single else hook(given, *map(as_tensors, beside))
    if returned is None:
        return values
    name = getattr(hook, "__name__", hook)
    made = (returned,) if single else returned
    if type(made) is not tuple:
        raise TypeError(f"expected tuple, but hook returned '{type(made).__name__}'")
    if len(made) != len(given):
        raise RuntimeError(f"hook '{name}' has returned an incorrect number of values (got "
                           f"{len(made)}, but expected {len(given)})")  # fmt: skip
    for old, new in zip(given, made, strict=True):
        if new is None:
            continue
        if old is None:
            raise RuntimeError("can't replace a None gradient with a non-None value")
        if not hasattr(new, "_array"):
            raise TypeError(f"expected Variable, but hook returned '{type(new).__name__}'")
        if new._array.dtype != old._array.dtype:
            was, got = (describe(x._array).split()[0] for x in (old, new))
            raise RuntimeError(f"hook '{name}' has changed the type of value (was {was} got {got})")
        if new._array.shape != old._array.shape:
            raise RuntimeError(f"hook '{name}' has changed the size of value")
    return made if tracked else [v if v is None else v._array for v in made]


# --- Forward mode: tensors that carry a tangent, until its level is closed ------------------------


SOMEWHERE: Edge = (Node(), 0)
"""In place of an edge for an input that has a tangent and no node."""

duals: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
"""The tensors that have a tangent: it ends with the level of forward mode."""


def give_tangent(x: Any, tangent: Any) -> None:
    """x carries this tangent, until the level is closed."""
    if x._array.shape != tangent._array.shape:
        raise RuntimeError(
            f"Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(x.shape)} while the given "
            f"forward gradient is of size {list(tangent.shape)}."
        )
    x._tangent = tangent
    duals[id(x)] = x
