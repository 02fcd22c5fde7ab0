"""The sweep: reverse mode on one screen.

Start at the roots with their cotangents. Count, for every node that can be reached, how many
cotangents will arrive. A node whose cotangents have all arrived is ready; of the ready ones the
youngest goes first. It turns the cotangents of its outputs into those of its inputs, and they are
added to what its successors have so far. No recursion: a chain of a million operations is a loop of
a million turns.
"""

from __future__ import annotations

import heapq
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcalc.autograd.core.grad_mode import Within, mode
from gradcalc.autograd.core.node import Edge, Node, clock, describe, is_alone
from gradcalc.autograd.core.tensor import Tensor, wrap

Captures = dict[Edge, Any]


def sweep(
    roots: Sequence[tuple[Edge, Any]],
    keep_graph: bool,
    tracked: bool,
    captures: Captures | None = None,
    through: bool = False,
) -> None:
    """Carry the roots' cotangents to the leaves, or to the edges that are keys of ``captures``.

    ``tracked``: cotangents are tensors, and what is done to them is recorded; else they are arrays.
    ``keep_graph``: saved values stay, for another pass. ``through``: the nodes of the captured
    edges run as well (``backward(inputs=…)``: they accumulate).
    """
    arrived: dict[Node, list[Any]] = {}
    for (node, k), v in roots:
        if node is not None:
            _add(arrived, node, k, v)
    waiting = _count_dependencies(arrived)
    needed = None if captures is None else _leading_to(captures, waiting, through)
    mode.running = Running(next(clock), waiting, needed, captures)
    anomaly = mode.anomaly
    ready = [(-node.order, node) for node in arrived if not waiting[node]]
    heapq.heapify(ready)
    flowing: Sequence[Any]
    following: Node | None = None  # a node that has just become ready, and is in no heap yet
    while ready or following is not None:
        if following is None:
            node = heapq.heappop(ready)[1]
        elif not ready or following.order > -ready[0][0]:
            node = following
        else:
            node = heapq.heapreplace(ready, (-following.order, following))[1]
        following = None
        flowing = v = ()  # who holds an array alone may write over it: see ``is_alone``
        cotangents = arrived.pop(node, None) or [None] * node.outputs
        if captures is not None:
            assert needed is not None
            asked = [k for k in range(len(cotangents)) if (node, k) in captures]
            runs = node in needed
            for k in asked if runs else ():  # of a node that runs, before its hooks
                captures[node, k] = cotangents[k]
            if runs or asked:
                _observe(node, cotangents, tracked)
            for k in () if runs else asked:
                captures[node, k] = cotangents[k]
        elif node.tensor_hooks or node.retained:
            _observe(node, cotangents, tracked)
        if needed is not None and node not in needed:
            flowing = (None,) * len(node.next_functions)
        else:
            if anomaly:
                flowing = _watched(node, cotangents, tracked)
            elif cotangents[0] is None or node.pre_hooks or node.node_hooks:
                flowing = _run(node, cotangents, tracked)
            else:
                flowing = node.pull(cotangents, tracked)
            if not keep_graph:
                node.release()
        for (successor, k), v in zip(node.next_functions, flowing, strict=False):
            if successor is None:
                continue
            if v is not None:
                if successor in arrived:
                    _add(arrived, successor, k, v)
                else:
                    slots = arrived[successor] = [None] * successor.outputs
                    slots[k] = v
            left = waiting[successor] = waiting[successor] - 1
            if not left:
                if following is not None:
                    heapq.heappush(ready, (-following.order, following))
                following = successor


class Running(NamedTuple):
    """A sweep, for the hooks that ask about it."""

    number: int
    reached: dict[Node, int]
    needed: set[Node] | None
    captures: Captures | None

    def runs(self, node: Node | None) -> bool:
        """Whether cotangents arrive at this node."""
        if node is None or node not in self.reached:
            return False
        captured = self.captures is not None and any(end is node for end, _ in self.captures)
        return self.needed is None or node in self.needed or captured


def _count_dependencies(roots: Iterable[Node]) -> dict[Node, int]:
    """How many edges lead to each node that can be reached."""
    waiting = dict.fromkeys(roots, 0)
    stack = list(waiting)
    while stack:
        for successor, _ in stack.pop().next_functions:
            if successor is None:
                continue
            if successor in waiting:
                waiting[successor] += 1
            else:
                waiting[successor] = 1
                stack.append(successor)
    return waiting


def _add(arrived: dict[Node, list[Any]], node: Node, k: int, v: Any) -> None:
    """Add a cotangent of output k to what has arrived."""
    slots = arrived.get(node)
    if slots is None:
        slots = arrived[node] = [None] * node.outputs
    old = slots[k]
    if old is None:
        slots[k] = v
    elif is_alone(slots, k) and old.dtype == v.dtype:
        np.add(old, v, out=old)
    else:
        slots[k] = old + v


def _run(node: Node, cotangents: list[Any], tracked: bool) -> Sequence[Any]:
    """The chain rule for one node, and the hooks around it."""
    if node.pre_hooks:
        for hook in list(node.pre_hooks):
            cotangents = list(_node_hook(hook, cotangents, None, tracked))
    if cotangents[0] is None and not node.runs_on_nothing and all(v is None for v in cotangents):
        flowing: Sequence[Any] = (None,) * len(node.next_functions)
    else:
        flowing = node.pull(cotangents, tracked)
    if node.node_hooks:
        for hook in list(node.node_hooks):
            flowing = _node_hook(hook, flowing, cotangents, tracked)
    return flowing


def _leading_to(captures: Captures, reached: Iterable[Node], through: bool) -> set[Node]:
    """The nodes that have to run so that cotangents arrive at the captured edges."""
    above: dict[Node, list[Node]] = {}
    for node in reached:
        for successor, _ in node.next_functions:
            if successor is not None:
                above.setdefault(successor, []).append(node)
    ends = [node for node, _ in captures if node is not None]
    needed: set[Node] = set(ends) if through else set()
    while ends:
        fresh = [node for node in above.pop(ends.pop(), ()) if node not in needed]
        needed.update(fresh)
        ends += fresh
    return needed


# --- Those who watch ----------------------------------------------------------------------------


def _observe(node: Node, cotangents: list[Any], tracked: bool) -> None:
    """Hooks on the node's outputs, then retained gradients."""
    for k, hook in list(node.tensor_hooks):
        cotangents[k] = _tensor_hook(hook, cotangents[k], tracked)
    for k, kept in list((node.retained or {}).items()):
        tensor = kept()
        if tensor is not None and cotangents[k] is not None:
            tensor._accumulate(cotangents[k], tracked)


def _tensor_hook(hook: Any, v: Any, tracked: bool) -> Any:
    given = v if tracked or v is None else wrap(v)
    with Within(enabled=tracked):
        returned = hook(given)
    if returned is None:
        return v
    if not isinstance(returned, Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(returned).__name__}'")
    if given is not None:
        name, new, old = getattr(hook, "__name__", hook), returned._array, given._array
        if new.dtype != old.dtype:
            was, got = (describe(array).split()[0] for array in (old, new))
            raise RuntimeError(f"hook '{name}' has changed the type of value (was {was} got {got})")
        if new.shape != old.shape:
            raise RuntimeError(f"hook '{name}' has changed the size of value")
    return returned if tracked else returned._array


def _node_hook(hook: Any, values: Any, cotangents: Any, tracked: bool) -> Sequence[Any]:
    """What a hook makes of a node's cotangents, coming in or (beside those) going out."""

    def as_tensors(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(v if v is None or isinstance(v, Tensor) else wrap(v) for v in values)

    given = [as_tensors(v) for v in (values, cotangents) if v is not None]
    with Within(enabled=tracked):
        returned = hook(*given)
    if returned is None:
        return list(values)
    returned = returned if isinstance(returned, tuple) else (returned,)
    if len(returned) != len(given[0]):
        raise RuntimeError(
            f"hook '{getattr(hook, '__name__', hook)}' has returned an incorrect number of values "
            f"(got {len(returned)}, but expected {len(given[0])})"
        )
    return returned if tracked else [v if v is None else v._array for v in returned]


def _watched(node: Node, cotangents: list[Any], tracked: bool) -> Sequence[Any]:
    """``detect_anomaly``: what goes wrong is told with the place of the forward operation."""
    before, mode.evaluating = mode.evaluating, node
    try:
        flowing = _run(node, cotangents, tracked)
        if mode.check_nan:
            _refuse_nan(node, flowing)
    except Exception:
        warnings.warn(_origin(node), UserWarning, stacklevel=5)
        while node.made_by is not None:
            node = node.made_by
            warnings.warn(
                "\n\nPrevious calculation was induced by " + _origin(node, ""), UserWarning,
                stacklevel=5,
            )  # fmt: skip
        raise
    finally:
        mode.evaluating = before
    return flowing


def _origin(node: Node, what: str = "Error detected in ") -> str:
    if node.made_at is None:
        return (
            f"{what}{node.name()}. No forward pass information available. Enable "
            "detect anomaly during forward pass for more information."
        )
    trace = "".join(node.made_at.format())
    return f"{what}{node.name()}. Traceback of forward call that caused the error:\n{trace}"


def _refuse_nan(node: Node, flowing: Sequence[Any]) -> None:
    for k, v in enumerate(flowing):
        if v is not None and np.isnan(v._array if isinstance(v, Tensor) else v).any():
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {k}th output.")
