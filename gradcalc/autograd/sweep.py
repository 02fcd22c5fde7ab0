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
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from gradcalc.autograd.core.grad_mode import mode
from gradcalc.autograd.core.node import Edge, Node, call_hook, clock, is_alone

Captures = dict[Edge, Any]


class Sweep:
    """One pass from the roots to the leaves, or to the edges that are keys of ``captures``.

    ``tracked``: cotangents are tensors, and what is done to them is recorded; else they are arrays.
    ``keep_graph``: saved values stay, for another pass. ``through``: the nodes of the captured
    edges run as well (``backward(inputs=…)``: they accumulate).
    """

    def __init__(
        self, roots: Sequence[tuple[Edge, Any]], keep_graph: bool, tracked: bool,
        captures: Captures | None = None, through: bool = False,
    ) -> None:  # fmt: skip
        self.roots, self.keep_graph, self.tracked = roots, keep_graph, tracked
        self.captures, self.through = captures, through
        self.number = next(clock)
        self.callbacks: list[Callable[[], None]] = []
        self.depth = 1 if mode.running is None else mode.running.depth + 1
        self.waiting: dict[Node, int] = {}
        self.needed: set[Node] | None = None

    def run(self) -> None:
        """Carry the roots' cotangents all the way."""
        tracked, captures = self.tracked, self.captures
        arrived: dict[Node, list[Any]] = {}
        for (node, k), v in self.roots:
            if node is not None:
                _add(arrived.setdefault(node, [None] * node.outputs), k, v)
        waiting = self.waiting = _count_dependencies(arrived)
        if captures is not None:
            self.needed = _leading_to(captures, waiting, self.through)
        needed, anomaly, keep_graph = self.needed, mode.anomaly, self.keep_graph
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
            runs = needed is None or node in needed
            if captures is not None:
                asked = [k for k in range(node.outputs) if (node, k) in captures]
                if asked and not runs:  # of a node that runs, they are captured before its hooks
                    _observe(node, cotangents, tracked)
                for k in asked:
                    captures[node, k] = cotangents[k]
            if not runs:
                flowing = (None,) * len(node.next_functions)
            else:
                if node.tensor_hooks or node.retained:
                    _observe(node, cotangents, tracked)
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
                    slots = arrived.get(successor)
                    if slots is None:
                        slots = arrived[successor] = [None] * successor.outputs
                        slots[k] = v
                    else:
                        _add(slots, k, v)
                left = waiting[successor] = waiting[successor] - 1
                if not left:
                    if following is not None:
                        heapq.heappush(ready, (-following.order, following))
                    following = successor

    def reaches(self, node: Node | None) -> bool:
        """Whether cotangents arrive at this node."""
        if node is None or node not in self.waiting:
            return False
        if self.needed is None or node in self.needed:
            return True
        return any(end is node for end, _ in self.captures or ())


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


def _add(slots: list[Any], k: int, v: Any) -> None:
    """Add a cotangent of output k to what has arrived."""
    old = slots[k]
    if old is None:
        slots[k] = v
    elif type(old) is np.ndarray and old.size > 100 and is_alone(slots, k) and old.dtype == v.dtype:
        np.add(old, v, out=old)
    else:
        slots[k] = old + v


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


# --- Those who watch ------------------------------------------------------------------------------


def _observe(node: Node, cotangents: list[Any], tracked: bool) -> None:
    """Hooks on the node's outputs, then retained gradients."""
    for k, hook in list(node.tensor_hooks):
        cotangents[k : k + 1] = call_hook(hook, cotangents[k : k + 1], tracked, single=True)
    for k, kept in node.retained.items():
        tensor = kept()
        if tensor is not None and cotangents[k] is not None:
            tensor._accumulate(cotangents[k], tracked)


def _run(node: Node, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
    """The chain rule for one node, and the hooks around it."""
    for hook in list(node.pre_hooks):
        cotangents = call_hook(hook, cotangents, tracked)
    flowing: Sequence[Any] = (None,) * len(node.next_functions)
    if node.runs_on_nothing or any(v is not None for v in cotangents):
        flowing = node.pull(cotangents, tracked)
    for hook in list(node.node_hooks):
        flowing = call_hook(hook, flowing, tracked, cotangents)
    return flowing


def _watched(node: Node, cotangents: list[Any], tracked: bool) -> Sequence[Any]:
    """``detect_anomaly``: what goes wrong is told with the place of the forward operation."""
    before, mode.evaluating = mode.evaluating, node
    try:
        flowing = _run(node, cotangents, tracked)
        for k, v in enumerate(flowing if mode.check_nan else ()):
            if v is not None and np.isnan(getattr(v, "_array", v)).any():
                raise RuntimeError(f"Function '{node.name()}' returned nan values in its {k}th "
                                   "output.")  # fmt: skip
    except Exception:
        what, cause = "Error detected in ", node
        while cause is not None:
            warnings.warn(what + _origin(cause), UserWarning, stacklevel=5)
            what, cause = "\n\nPrevious calculation was induced by ", cause.made_by  # type: ignore[assignment]
        raise
    finally:
        mode.evaluating = before
    return flowing


def _origin(node: Node) -> str:
    if node.made_at is None:
        return (
            f"{node.name()}. No forward pass information available. Enable detect anomaly during "
            "forward pass for more information."
        )
    trace = "".join(node.made_at.format())
    return f"{node.name()}. Traceback of forward call that caused the error:\n{trace}"
