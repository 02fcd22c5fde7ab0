"""The sweep: reverse mode on one screen.

Start at the roots with their cotangents. Count, for every node that can be reached, how many
cotangents will arrive. A node whose cotangents have all arrived is ready; of the ready ones the
youngest goes first. It turns the cotangents of its outputs into those of its inputs, and they are
added to what its successors have so far. No recursion: a chain of a million operations is a loop of
a million turns.
"""

from __future__ import annotations

import heapq
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcalc.autograd.core.dtypes import Size
from gradcalc.autograd.core.grad_mode import _Switch, mode
from gradcalc.autograd.core.node import Edge, Node, clock
from gradcalc.autograd.core.registry import method
from gradcalc.autograd.core.tensor import Tensor, edge, wrap
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.joining import stack

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
    sums: set[Edge] = set()
    for (node, k), v in roots:
        if node is not None:
            _add(arrived, sums, node, k, v)
    waiting = _count_dependencies(arrived)
    needed = None if captures is None else _leading_to(captures, waiting, through)
    mode.running = Running(next(clock), waiting, needed, captures)
    run = _watched if mode.anomaly else _run
    ready = [(-node.order, node) for node in arrived if not waiting[node]]
    heapq.heapify(ready)
    while ready:
        _, node = heapq.heappop(ready)
        cotangents = arrived.pop(node, None) or [None] * node.outputs
        if captures is not None:
            assert needed is not None
            if node in needed or any(end is node for end, _ in captures):
                _observe(node, cotangents, tracked)
                for k, v in enumerate(cotangents):
                    if (node, k) in captures:
                        captures[node, k] = v
        elif node.tensor_hooks or node.retained:
            _observe(node, cotangents, tracked)
        if needed is None or node in needed:
            flowing = run(node, cotangents, tracked)
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
    with _Switch(tracked):
        returned = hook(given)
    if returned is None:
        return v
    if not isinstance(returned, Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(returned).__name__}'")
    if given is not None and returned._array.shape != given._array.shape:
        raise RuntimeError(
            f"hook '{getattr(hook, '__name__', hook)}' has changed the size of value"
        )
    return returned if tracked else returned._array


def _node_hook(hook: Any, values: Any, cotangents: Any, tracked: bool) -> Sequence[Any]:
    """What a hook makes of a node's cotangents, coming in or (beside those) going out."""

    def as_tensors(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(v if v is None or isinstance(v, Tensor) else wrap(v) for v in values)

    given = [as_tensors(v) for v in (values, cotangents) if v is not None]
    with _Switch(tracked):
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
        inputs = _several(inputs)
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
    for x in inputs:
        if isinstance(x, Tensor):
            x.retain_grad()
    _go(roots, keep, create_graph, captures, through=True)


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
    inputs = _several(inputs)
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
        v = found[_edge_of_input(x)]
        if v is None and materialize_grads:
            if isinstance(x, GradientEdge):
                raise RuntimeError(
                    "materialize_grads cannot be used when the given input is a GradientEdge"
                )
            v = wrap(np.zeros_like(x._array))
            v._tracked = create_graph
        if v is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {k} appears to not have been used in the "
                "graph. Set allow_unused=True if this is the desired behavior."
            )
        if v is not None:
            v = v if isinstance(v, Tensor) else wrap(np.array(v))
            v = convert(v, x._array.dtype) if isinstance(x, Tensor) else v
        results.append(v)
    return tuple(results)


class GradientEdge(NamedTuple):
    """A place in the graph, in a tensor's stead: ``get_gradient_edge(x)``."""

    node: Node
    output_nr: int
    ownership_token: Any = None  # the shape and the type of what stands there, where known


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """Where the gradient of ``tensor`` is computed."""
    if not tensor._tracked:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not "
                           "require gradients")  # fmt: skip
    node, k = edge(tensor)
    assert node is not None
    return GradientEdge(node, k, (tensor._array.shape, tensor._array.dtype))


def _several(tensors: Any) -> tuple[Any, ...]:
    return (tensors,) if isinstance(tensors, Tensor | GradientEdge) else tuple(tensors)


_DEEP = 40
"""Sweeps inside of sweeps (hooks and custom functions that call backward): as many a thread."""


def _go(
    roots: Sequence[tuple[Edge, Any]],
    keep: bool,
    tracked: bool,
    captures: Captures | None,
    through: bool = False,
) -> Captures:
    if mode.depth and mode.depth % _DEEP == 0:
        _elsewhere(lambda: _sweep(roots, keep, tracked, captures, through))
    else:
        _sweep(roots, keep, tracked, captures, through)
    return captures or {}


def _sweep(roots: Any, keep: bool, tracked: bool, captures: Any, through: bool) -> None:
    before, mode.callbacks, running = mode.callbacks, [], mode.running
    mode.depth += 1
    try:
        with _Switch(tracked), np.errstate(all="ignore"):  # an infinite slope is a result, not news
            sweep(roots, keep, tracked, captures, through)
        for callback in mode.callbacks:
            callback()
    finally:
        mode.depth -= 1
        mode.callbacks, mode.running = before, running


def _elsewhere(task: Callable[[], None]) -> None:
    """Run it in a thread, whose stack is empty, and raise here what it raises."""
    settings, failed = dict(vars(mode)), []

    def run() -> None:
        vars(mode).update(settings)
        try:
            task()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def _batched(
    outputs: Any, grad_outputs: Any, keep: bool, tracked: bool, captures: Captures
) -> Captures:
    """One pass per row of the cotangents, stacked."""
    many = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    for k, (out, v) in enumerate(zip(_several(outputs), many, strict=True)):
        if v is not None and v._array.shape[1:] != out._array.shape:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output "
                "as the batch dimension. The sizes of the remaining dimensions are expected to "
                "match the shape of corresponding output, but a mismatch was detected: grad_output"
                f"[{k}] has a shape of {v.shape} and output[{k}] has a shape of {out.shape}. If "
                "you only want some tensors in `grad_output` to be considered batched, consider "
                "using vmap."
            )
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


def _edge_of_input(x: Any) -> Edge:
    if isinstance(x, GradientEdge):
        return (x.node, x.output_nr)
    if not x._tracked:
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    return edge(x)


def _seeds(tensors: Any, vectors: Any, tracked: bool) -> list[tuple[Edge, Any]]:
    """Every root's edge with its cotangent."""
    roots = _several(tensors)
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


def _edge_of_root(k: int, root: Any) -> Edge:
    if isinstance(root, GradientEdge):
        return (root.node, root.output_nr)
    if not root._tracked:
        raise RuntimeError(
            f"element {k} of tensors does not require grad and does not have a grad_fn"
        )
    return edge(root)


def _seed(k: int, root: Any, v: Tensor | None, tracked: bool) -> Any:
    if isinstance(root, GradientEdge):
        if root.ownership_token is None:
            if v is None:
                raise RuntimeError(
                    "grad can be implicitly created only for scalar outputs, and this GradientEdge "
                    "does not say whether it is one: give a grad_output"
                )
            return v if tracked else v._array
        root = wrap(np.zeros(*root.ownership_token))
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
