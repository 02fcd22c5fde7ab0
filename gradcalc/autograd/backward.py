"""``backward`` and ``grad``: what they are given, and the sweep that they start."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from gradcalc.autograd.core.dtypes import Size
from gradcalc.autograd.core.grad_mode import Within, mode
from gradcalc.autograd.core.node import Edge, Node
from gradcalc.autograd.core.tensor import Tensor, edge, wrap
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.joining import stack
from gradcalc.autograd.sweep import Captures, Sweep


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add vᵀJ to the ``.grad`` of every leaf, or of ``inputs`` alone.

    ``grad_tensors`` is v, one tensor per root, of the root's shape; a root of one element needs
    none. Raises RuntimeError when shapes do not match, when nothing requires grad, or when the
    graph was freed by an earlier pass without ``retain_graph``.
    """
    if mode.mapped:
        raise RuntimeError("backward() called inside a functorch transform. This is not supported, "
                           "please use functorch.grad or functorch.vjp instead or call backward() "
                           "outside of functorch transforms.")  # fmt: skip
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning,
                      stacklevel=2)  # fmt: skip
        if grad_tensors is not None:
            raise RuntimeError("`grad_tensors` and `grad_variables` (deprecated) arguments both "
                               "passed to `backward()`. Please only use "
                               "`grad_tensors`.")  # fmt: skip
        grad_tensors = grad_variables
    if inputs is not None:
        inputs = several(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    roots = _seeds(tensors, grad_tensors, create_graph)
    if create_graph:
        warnings.warn("Using backward() with create_graph=True will create a reference cycle "
                      "between the parameter and its gradient which can cause a memory leak. We "
                      "recommend using autograd.grad when creating the graph to avoid this. If you "
                      "have to use this function, make sure to reset the .grad fields of your "
                      "parameters to None after use to break the cycle and avoid the "
                      "leak.", UserWarning, stacklevel=2)  # fmt: skip
    keep = create_graph if retain_graph is None else retain_graph
    captures = None if inputs is None else dict.fromkeys(map(_edge, inputs))
    for x in inputs or ():
        if isinstance(x, Tensor):
            x.retain_grad()
    _go(Sweep(roots, keep, create_graph, captures, through=True))


def _of_tensor(x: Any, gradient: Any = None, retain_graph: bool | None = None,
               create_graph: bool = False, inputs: Any = None) -> None:  # fmt: skip
    """``backward`` from this tensor."""
    backward(x, gradient, retain_graph, create_graph, inputs=inputs)


_of_tensor.__qualname__ = "Tensor.backward"
Tensor.backward = _of_tensor  # type: ignore[attr-defined]


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
        raise ValueError("Expected allow_unused to be True or not passed when "
                         "materialize_grads=True, but got: allow_unused=False.")  # fmt: skip
    inputs = several(inputs)
    if not inputs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    places = list(map(_edge, inputs))
    keep = mode.another_slice or (create_graph if retain_graph is None else retain_graph)
    rows = _rows(outputs, grad_outputs) if is_grads_batched else [grad_outputs]
    found = []
    for row in rows:
        captures: Captures = dict.fromkeys(places)
        roots = _seeds(outputs, row, create_graph)
        _go(Sweep(roots, row is not rows[-1] or keep, create_graph, captures))
        found.append([captures[place] for place in places])
    results = []
    for k, (x, *parts) in enumerate(zip(inputs, *found, strict=True)):
        # What was computed may be the caller's own, or seen by others: the result is a copy.
        made = [v if isinstance(v, Tensor) else wrap(np.array(v)) for v in parts if v is not None]
        v = None if not made else stack(made) if is_grads_batched else made[0]
        if v is None and materialize_grads:
            if isinstance(x, GradientEdge):
                raise RuntimeError("materialize_grads cannot be used when the given input is a "
                                   "GradientEdge")  # fmt: skip
            v = wrap(np.zeros_like(x._array))
            v._tracked = create_graph
        if v is None and not allow_unused:
            raise RuntimeError(f"The differentiated Tensor at index {k} appears to not have been "
                               "used in the graph. Set allow_unused=True if this is the desired "
                               "behavior.")  # fmt: skip
        if v is not None and isinstance(x, Tensor):
            v = convert(v, x._array.dtype)
        results.append(v)
    return tuple(results)


class GradientEdge(NamedTuple):
    """A place in the graph, in a tensor's stead: ``get_gradient_edge(x)``."""

    node: Node
    output_nr: int
    ownership_token: Any = None  # the shape and the type of what stands there, where known


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """Where the gradient of ``tensor`` is computed."""
    node, k = _edge(
        tensor,
        "It is not possible to get the gradient edge for a Tensor that does not require gradients",
    )
    assert node is not None
    return GradientEdge(node, k, (tensor._array.shape, tensor._array.dtype))


_PLACE = Tensor | GradientEdge


def several(tensors: Any) -> tuple[Any, ...]:
    return (tensors,) if isinstance(tensors, _PLACE) else tuple(tensors)


_DEEP = 40
"""Sweeps inside of sweeps (hooks and custom functions that call backward): as many a thread."""


def _go(sweep: Sweep) -> None:
    """Run it, in a thread, whose stack is empty, where it stands inside of many others."""
    if sweep.depth % _DEEP:
        _run(sweep)
        return
    settings = dict(vars(mode))
    with ThreadPoolExecutor(1, initializer=lambda: vars(mode).update(settings)) as pool:
        pool.submit(_run, sweep).result()


def _run(sweep: Sweep) -> None:
    with (
        Within(enabled=sweep.tracked, running=sweep),
        np.errstate(all="ignore"),  # an infinite slope is a result, not news
    ):
        sweep.run()
        for callback in sweep.callbacks:
            callback()


def _rows(outputs: Any, grad_outputs: Any) -> list[list[Any]]:
    """Of cotangents with a leading axis, those of each pass."""
    many = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    for k, (out, v) in enumerate(zip(several(outputs), many, strict=True)):
        if v is not None and v._array.shape[1:] != out._array.shape:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output "
                "as the batch dimension. The sizes of the remaining dimensions are expected to "
                "match the shape of corresponding output, but a mismatch was detected: grad_output"
                f"[{k}] has a shape of {v.shape} and output[{k}] has a shape of {out.shape}. If "
                "you only want some tensors in `grad_output` to be considered batched, consider "
                "using vmap."
            )
    count = next(len(v) for v in many if v is not None)
    return [[v if v is None else v[i] for v in many] for i in range(count)]


_NOT_TRACKED = "One of the differentiated Tensors does not require grad"


def _edge(x: Any, complaint: str = _NOT_TRACKED, k: int = 0) -> Edge:
    """Where the gradient of a tensor, or of a place, is computed; without one the complaint."""
    if isinstance(x, GradientEdge):
        return (x.node, x.output_nr)
    if not x._tracked:
        raise RuntimeError(complaint.format(k))
    return edge(x)


def _seeds(tensors: Any, vectors: Any, tracked: bool) -> list[tuple[Edge, Any]]:
    """Every root's edge with its cotangent."""
    roots = several(tensors)
    if vectors is None:
        vectors = [None] * len(roots)
    elif isinstance(vectors, np.ndarray):
        vectors = vectors.reshape(-1)
    given = several(vectors)
    for v in given:
        if v is not None and not isinstance(v, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(v).__name__}")
    if len(given) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(given)} gradients")
    complaint = "element {} of tensors does not require grad and does not have a grad_fn"
    return [
        (_edge(root, complaint, k), _seed(k, root, v, tracked))
        for k, (root, v) in enumerate(zip(roots, given, strict=True))
    ]


def _seed(k: int, root: Any, v: Tensor | None, tracked: bool) -> Any:
    if isinstance(root, GradientEdge):
        known = root.ownership_token
        root = v if known is None else wrap(np.zeros(*known))
        if root is None:
            raise RuntimeError("grad can be implicitly created only for scalar outputs, and this "
                               "GradientEdge does not say whether it is one: give a "
                               "grad_output")  # fmt: skip
    kind = root._array.dtype
    if v is None:
        if root._array.size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        if kind.kind == "c":
            raise RuntimeError("grad can be implicitly created only for real scalar outputs but "
                               f"got {root.dtype}")  # fmt: skip
        ones = np.ones_like(root._array)
        return wrap(ones) if tracked else ones
    if v._array.shape != root._array.shape:
        raise RuntimeError(f"Mismatch in shape: grad_output[{k}] has a shape of {Size(v.shape)} "
                           f"and output[{k}] has a shape of {Size(root.shape)}.")  # fmt: skip
    if v._array.dtype.kind == "c" != kind.kind:
        raise RuntimeError("For complex Tensors, both grad_output and output are required to have "
                           f"the same dtype. Mismatch in dtype: grad_output[{k}] has a dtype of "
                           f"{v.dtype} and output[{k}] has a dtype of {root.dtype}.")  # fmt: skip
    return convert(v if tracked else v._array, kind)
