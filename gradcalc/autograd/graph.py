"""``torch.autograd.graph``: hooks for what is saved, hooks for several gradients, places.

>>> import gradcalc.autograd as torch
>>> x = torch.tensor([2.0, 3.0], requires_grad=True)
>>> with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy() * 1, torch.from_numpy):
...     y = (x * x).sum()
>>> y.backward()
>>> x.grad
tensor([4., 6.])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

from gradcalc.autograd.backward import GradientEdge, backward, get_gradient_edge, grad
from gradcalc.autograd.core.grad_mode import Within
from gradcalc.autograd.core.grad_mode import mode as thread
from gradcalc.autograd.core.node import Handle, Node
from gradcalc.autograd.core.registry import declare, function
from gradcalc.autograd.core.tensor import Tensor, edge, wrap

__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks",
    "get_gradient_edge", "increment_version", "register_multi_grad_hook", "save_on_cpu",
    "saved_tensors_hooks",
]  # fmt: skip


def run_backward(
    tensors: Any, grad_tensors: Any, keep_graph: bool, create_graph: bool, inputs: Any = (),
    allow_unreachable: bool = False, accumulate_grad: bool = False,
) -> Any:  # fmt: skip
    """PyTorch's engine by its own name, ``Variable._execution_engine.run_backward``."""
    if accumulate_grad:
        return backward(tensors, grad_tensors, keep_graph, create_graph, inputs or None)
    return grad(tensors, inputs, grad_tensors, keep_graph, create_graph,
                allow_unused=allow_unreachable)  # fmt: skip


def queue_callback(callback: Callable[[], None]) -> None:
    """Call it when the sweep that is running has finished."""
    if thread.running is None:
        raise RuntimeError("Final callbacks can only be installed during backward pass.")
    thread.running.callbacks.append(callback)


declare("is_grad_enabled", lambda: thread.enabled, "Whether operations are recorded.", function)
declare("is_inference_mode_enabled", lambda: thread.inference, "Whether ``inference_mode`` is on.",
        function)  # fmt: skip
declare("is_anomaly_enabled", lambda: thread.anomaly, "Whether anomalies are detected.", function)
declare("is_anomaly_check_nan_enabled", lambda: thread.check_nan, "Whether NaN is one.", function)
declare("is_multithreading_enabled", lambda: thread.multithreading, "What was said last.", function)


class saved_tensors_hooks(Within):  # noqa: N801
    """``pack_hook(tensor)`` keeps what is saved, ``unpack_hook`` makes the tensor of it again."""

    def __init__(self, pack_hook: Callable[..., Any], unpack_hook: Callable[..., Any]) -> None:
        super().__init__(packing=(pack_hook, unpack_hook))

    def __enter__(self) -> Any:
        if len(thread.packing) == 1:
            raise RuntimeError(thread.packing[0])
        super().__enter__()


class save_on_cpu(saved_tensors_hooks):  # noqa: N801
    """PyTorch's way to spare a device's memory: here what is saved is copied, and no more."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda x: x.clone(), lambda x: x)


class disable_saved_tensors_hooks(Within):  # noqa: N801
    """Inside the block, to open ``saved_tensors_hooks`` is an error with this message."""

    def __init__(self, error_message: str) -> None:
        super().__init__(packing=(error_message,))


class _Kept:
    """A saved value: its array, until that is about to be written to; then a copy of it."""

    def __init__(self, array: Any) -> None:
        self.array = array


class allow_mutation_on_saved_tensors(saved_tensors_hooks):  # noqa: N801
    """Inside the block, what was saved may be written to: it is copied before."""

    def __init__(self) -> None:
        super().__init__(self._pack, self._unpack)
        self._open = False
        self.tid_to_weakhandle: WeakValueDictionary[Any, _Kept] = WeakValueDictionary()
        self.cloned: WeakKeyDictionary[_Kept, None] = WeakKeyDictionary()
        self._of_memory: dict[int, WeakSet[_Kept]] = {}

    def __enter__(self) -> allow_mutation_on_saved_tensors:
        if thread.before_writing is not None:
            raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
        super().__enter__()
        thread.before_writing, self._open = self._before_writing, True
        return self

    def __exit__(self, *error: object) -> None:
        thread.before_writing, self._open = None, False
        super().__exit__(*error)
        self.cloned.clear()

    def _pack(self, x: Tensor) -> _Kept:
        place = (id(x._array), x._counter[0])
        kept = self.tid_to_weakhandle.get(place)
        if kept is None:
            kept = self.tid_to_weakhandle[place] = _Kept(x._array)
            self._of_memory.setdefault(id(x._counter), WeakSet()).add(kept)
        return kept

    def _unpack(self, kept: _Kept) -> Tensor:
        if not self._open:
            raise AssertionError("Trying to backward outside of the "
                                 "'allow_mutation_on_saved_tensors' context in which the graph was "
                                 "originally recorded.")  # fmt: skip
        return wrap(kept.array)

    def _before_writing(self, x: Tensor) -> None:
        for kept in self._of_memory.pop(id(x._counter), ()):
            self.tid_to_weakhandle.pop((id(kept.array), x._counter[0]), None)
            kept.array = kept.array.copy()
            self.cloned[kept] = None


def increment_version(tensor: Tensor | Sequence[Tensor]) -> None:
    """Say that these were written to, by something that autograd did not see."""
    for x in (tensor,) if isinstance(tensor, Tensor) else tensor:
        if not x.is_inference():
            x._counter[0] += 1


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[..., None], *, mode: str = "all"
) -> Handle:
    """Call ``fn`` with the gradients of all of these, None for those that get none, in each sweep.

    ``mode="any"``: with the first gradient that arrives. Among all, the hook runs when the last of
    the tensors that the sweep reaches has its gradient.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    given: dict[int, dict[int, Any]] = {}  # by sweep, then by tensor

    def arrived(k: int, gradient: Any) -> None:
        sweep = thread.running
        gradients = given.setdefault(sweep.number, {})
        gradients[k] = gradient
        if mode == "any":
            if len(gradients) == 1:
                fn(gradient)
        elif len(gradients) == sum(sweep.reaches(edge(x)[0]) for x in tensors):
            fn([given[sweep.number].get(k) for k in range(len(tensors))])
            del given[sweep.number]

    handles = [x.register_hook(partial(arrived, k)) for k, x in enumerate(tensors)]
    return Handle([place for handle in handles for place in handle.places])
