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
from typing import Any

import numpy as np

from gradcalc.autograd.core.dtypes import Size
from gradcalc.autograd.core.grad_mode import _Switch, mode
from gradcalc.autograd.core.node import Edge, Node
from gradcalc.autograd.core.tensor import Tensor, edge, method, wrap
from gradcalc.autograd.operations.joining import stack
from gradcalc.autograd.operations.structural import convert

Captures = dict[Edge, Any]


def sweep(
    roots: Sequence[tuple[Edge, Any]],
    keep_graph: bool,
    tracked: bool,
    captures: Captures | None = None,
) -> None:
    """Carry the roots' cotangents to the leaves, or to the edges that are keys of ``captures``.

    ``tracked``: cotangents are tensors, and what is done to them is recorded; else they are arrays.
    ``keep_graph``: saved values stay, for another pass.
    """
    arrived: dict[Node, list[Any]] = {}
    sums: set[Edge] = set()
    for (node, k), v in roots:
        if node is not None:
            _add(arrived, sums, node, k, v)
    waiting = _count_dependencies(arrived)
    needed = None if captures is None else _leading_to(captures, waiting)
    ready = [(-node.order, node) for node in arrived if not waiting[node]]
    heapq.heapify(ready)
    while ready:
        _, node = heapq.heappop(ready)
        cotangents = arrived.pop(node, None) or [None] * node.outputs
        if node.tensor_hooks or node.retained or captures is not None:
            _observe(node, cotangents, tracked, captures)
        if needed is None or node in needed:
            flowing = _run(node, cotangents, tracked)
            if not keep_graph:
                node.release()
        else:
            flowing = (None,) * len(node.next_functions)
        for (successor, k), v in zip(node.next_functions, flowing, strict=False):
            if successor is None:
                continue
            if v is not None:
                _add(arrived, sums, successor, k, v)
            waiting[successor] -= 1
            if not waiting[successor]:
                heapq.heappush(ready, (-successor.order, successor))


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


def _add(arrived: dict[Node, list[Any]], sums: set[Edge], node: Node, k: int, v: Any) -> None:
    """Add a cotangent of output k to what has arrived; ``sums`` are arrays that are ours alone."""
    slots = arrived.get(node)
    if slots is None:
        slots = arrived[node] = [None] * node.outputs
    old = slots[k]
    if old is None:
        slots[k] = v
    elif (node, k) in sums and type(old) is np.ndarray:
        np.add(old, v, out=old)  # a third and further cotangent: no new array
    else:
        slots[k] = old + v
        sums.add((node, k))


def _run(node: Node, cotangents: list[Any], tracked: bool) -> Sequence[Any]:
    """The chain rule for one node."""
    if cotangents[0] is None and all(v is None for v in cotangents):
        return (None,) * len(node.next_functions)
    if mode.anomaly:
        return _watched(node, cotangents, tracked)
    return _pull(node, cotangents, tracked)


def _pull(node: Node, cotangents: list[Any], tracked: bool) -> Sequence[Any]:
    flowing = node.pull(cotangents, tracked)
    for hook in list(node.node_hooks) if node.node_hooks else ():
        flowing = _node_hook(hook, flowing, cotangents, tracked)
    return flowing


def _leading_to(captures: Captures, reached: Iterable[Node]) -> set[Node]:
    """The nodes that have to run so that cotangents arrive at the captured edges."""
    ends = {node for node, _ in captures}
    needed: set[Node] = set()
    for node in sorted(reached, key=lambda node: node.order):  # successors are older
        if any(n in needed or n in ends for n, _ in node.next_functions if n is not None):
            needed.add(node)
    return needed


# --- Those who watch ----------------------------------------------------------------------------


def _observe(node: Node, cotangents: list[Any], tracked: bool, captures: Captures | None) -> None:
    """Hooks on the node's outputs, then retained gradients, then captures."""
    for k, hook in list(node.tensor_hooks):
        if cotangents[k] is not None:
            cotangents[k] = _tensor_hook(hook, cotangents[k], tracked)
    for k, kept in (node.retained or {}).items():
        tensor = kept()
        if tensor is not None and cotangents[k] is not None:
            tensor._accumulate(cotangents[k], tracked)
    if captures is not None:
        for k, v in enumerate(cotangents):
            if (node, k) in captures:
                captures[node, k] = v


def _tensor_hook(hook: Any, v: Any, tracked: bool) -> Any:
    given = v if tracked else wrap(v)
    with _Switch(tracked):
        returned = hook(given)
    if returned is None:
        return v
    if not isinstance(returned, Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(returned).__name__}'")
    if returned._array.shape != given._array.shape:
        raise RuntimeError(
            f"hook '{getattr(hook, '__name__', hook)}' has changed the size of value"
        )
    return returned if tracked else returned._array


def _node_hook(hook: Any, flowing: Any, cotangents: list[Any], tracked: bool) -> Sequence[Any]:
    def as_tensors(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(v if v is None or isinstance(v, Tensor) else wrap(v) for v in values)

    with _Switch(tracked):
        returned = hook(as_tensors(flowing), as_tensors(cotangents))
    if returned is None:
        return list(flowing)
    returned = returned if isinstance(returned, tuple) else (returned,)
    return returned if tracked else [v if v is None else v._array for v in returned]


def _watched(node: Node, cotangents: list[Any], tracked: bool) -> Sequence[Any]:
    """``detect_anomaly``: what goes wrong is told with the place of the forward operation."""
    try:
        flowing = _pull(node, cotangents, tracked)
        if mode.check_nan:
            _refuse_nan(node, flowing)
    except Exception:
        warnings.warn(_origin(node), UserWarning, stacklevel=5)
        raise
    return flowing


def _origin(node: Node) -> str:
    if node.made_at is None:
        return (
            f"Error detected in {node.name()}. No forward pass information available. Enable "
            "detect anomaly during forward pass for more information."
        )
    trace = "".join(node.made_at.format())
    return (
        f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n"
        f"{trace}"
    )


def _refuse_nan(node: Node, flowing: Sequence[Any]) -> None:
    for k, v in enumerate(flowing):
        if v is not None and np.isnan(v._array if isinstance(v, Tensor) else v).any():
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {k}th output.")


# --- backward and grad --------------------------------------------------------------------------


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add vᵀJ to the ``.grad`` of every leaf, or of ``inputs`` alone.

    ``grad_tensors`` is v, one tensor per root, of the root's shape; a root of one element needs
    none. Raises RuntimeError when shapes do not match, when nothing requires grad, or when the
    graph was freed by an earlier pass without ``retain_graph``.
    """
    if inputs is not None:
        inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    roots = _seeds(tensors, grad_tensors, create_graph)
    if create_graph:
        warnings.warn(
            "Using backward() with create_graph=True will create a reference cycle between the "
            "parameter and its gradient which can cause a memory leak. We recommend using "
            "autograd.grad when creating the graph to avoid this. If you have to use this "
            "function, make sure to reset the .grad fields of your parameters to None after use "
            "to break the cycle and avoid the leak.",
            UserWarning,
            stacklevel=2,
        )
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        _go(roots, keep, create_graph, None)
        return
    captures = {_edge_of_input(x): None for x in inputs}
    found = _go(roots, keep, create_graph, captures)
    for x in inputs:
        v = found[edge(x)]
        if v is not None:
            x._accumulate(v, create_graph)
            for hook in list(x._after_hooks):
                hook(x)


method("backward")(
    lambda x, gradient=None, retain_graph=None, create_graph=False, inputs=None: backward(
        x, gradient, retain_graph, create_graph, inputs
    )
)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
    only_inputs: bool = True,
) -> tuple[Any, ...]:
    """vᵀJ with respect to ``inputs``, returned; no ``.grad`` is touched.

    With ``is_grads_batched`` the cotangents have a leading axis, and so have the results.
    ``only_inputs`` is PyTorch's old option, taken and not needed.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if not inputs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    keep = create_graph if retain_graph is None else retain_graph
    captures = {_edge_of_input(x): None for x in inputs}
    if is_grads_batched:
        found = _batched(outputs, grad_outputs, keep, create_graph, captures)
    else:
        found = _go(_seeds(outputs, grad_outputs, create_graph), keep, create_graph, captures)
    results = []
    for k, x in enumerate(inputs):
        v = found[edge(x)]
        if v is None and materialize_grads:
            v = np.zeros_like(x._array)
        if v is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {k} appears to not have been used in the "
                "graph. Set allow_unused=True if this is the desired behavior."
            )
        results.append(v if v is None or isinstance(v, Tensor) else wrap(np.array(v)))
    return tuple(results)


def _go(
    roots: Sequence[tuple[Edge, Any]], keep: bool, tracked: bool, captures: Captures | None
) -> Captures:
    with _Switch(tracked), np.errstate(all="ignore"):  # an infinite slope is a result, not news
        sweep(roots, keep, tracked, captures)
    return captures or {}


def _batched(
    outputs: Any, grad_outputs: Any, keep: bool, tracked: bool, captures: Captures
) -> Captures:
    """One pass per row of the cotangents, stacked."""
    many = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    count = next(v.shape[0] for v in many if v is not None)
    rows = []
    for i in range(count):
        seeds = [v if v is None else v[i] for v in many]
        last = i == count - 1
        found = dict.fromkeys(captures)
        _go(_seeds(outputs, seeds, tracked), keep or not last, tracked, found)
        rows.append(found)
    stacked: Captures = {}
    for place in captures:
        parts = [row[place] for row in rows]
        parts = [p if p is None or isinstance(p, Tensor) else wrap(p) for p in parts]
        stacked[place] = None if parts[0] is None else stack([p for p in parts if p is not None])
    return stacked


def _edge_of_input(x: Tensor) -> Edge:
    if not x._tracked:
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    return edge(x)


def _seeds(tensors: Any, vectors: Any, tracked: bool) -> list[tuple[Edge, Any]]:
    """Every root's edge with its cotangent."""
    roots = (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)
    if vectors is None or isinstance(vectors, Tensor):
        given: list[Any] = [vectors] * (len(roots) if vectors is None else 1)
    elif isinstance(vectors, np.ndarray):
        given = list(vectors.reshape(-1))
    else:
        given = list(vectors)
    for v in given:
        if v is not None and not isinstance(v, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(v).__name__}")
    if len(given) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(given)} gradients")
    return [
        (_edge_of_root(k, root), _seed(k, root, v, tracked))
        for k, (root, v) in enumerate(zip(roots, given, strict=True))
    ]


def _edge_of_root(k: int, root: Tensor) -> Edge:
    if not root._tracked:
        raise RuntimeError(
            f"element {k} of tensors does not require grad and does not have a grad_fn"
        )
    return edge(root)


def _seed(k: int, root: Tensor, v: Tensor | None, tracked: bool) -> Any:
    kind = root._array.dtype
    if v is None:
        if root._array.size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        if kind.kind == "c":
            raise RuntimeError(
                f"grad can be implicitly created only for real scalar outputs but got {root.dtype}"
            )
        ones = np.ones_like(root._array)
        return wrap(ones) if tracked else ones
    if v._array.shape != root._array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{k}] has a shape of {Size(v.shape)} and output[{k}] "
            f"has a shape of {Size(root.shape)}."
        )
    if (v._array.dtype.kind == "c") != (kind.kind == "c") and kind.kind != "c":
        raise RuntimeError(
            "For complex Tensors, both grad_output and output are required to have the same dtype. "
            f"Mismatch in dtype: grad_output[{k}] has a dtype of {v.dtype} and output[{k}] has a "
            f"dtype of {root.dtype}."
        )
    return convert(v if tracked else v._array, kind)
