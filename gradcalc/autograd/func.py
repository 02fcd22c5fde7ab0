"""``torch.func``: transformations that take a function and return one.

They may be put inside each other: ``grad(grad(f))`` is f″. The inner ones record what they do; the
outermost gives its results back untracked, unless it was called on tracked tensors.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from gradcalc.autograd import functional
from gradcalc.autograd.backward import grad as _grad
from gradcalc.autograd.core.grad_mode import Within, enable_grad, mode
from gradcalc.autograd.core.tensor import Tensor
from gradcalc.autograd.operations.creation import zeros_like
from gradcalc.autograd.operations.joining import stack


class _Depth(threading.local):
    """How many transformations this thread is inside of."""

    levels = 0


_depth = _Depth()


@contextmanager
def _transformation(inputs: Any) -> Iterator[Callable[[Any], Any]]:
    """Record what happens inside; yields what to do to the results before they are returned."""
    tensors = (x for x in _leaves(inputs) if isinstance(x, Tensor))
    kept = _depth.levels > 0 or any(x._tracked for x in tensors)
    _depth.levels += 1
    try:
        with enable_grad():
            yield (lambda results: results) if kept else _detached
    finally:
        _depth.levels -= 1


def _each(function: Callable[[Any], Any], tree: Any) -> Any:
    """What the function makes of every leaf of nested tuples, lists and dictionaries."""
    if isinstance(tree, dict):
        return {key: _each(function, part) for key, part in tree.items()}
    if isinstance(tree, list | tuple):
        parts = [_each(function, part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return function(tree)


def _leaves(tree: Any) -> list[Any]:
    found: list[Any] = []
    _each(found.append, tree)
    return found


def _with_leaves(tree: Any, leaves: Any) -> Any:
    """The same nest, of other leaves."""
    given = iter(leaves)
    return _each(lambda _: next(given), tree)


def _detached(results: Any) -> Any:
    return _each(lambda x: x.detach() if isinstance(x, Tensor) else x, results)


def _alias(x: Tensor) -> Tensor:
    """A tensor to differentiate with respect to, part of the outer graph if x is."""
    return x.view_as(x) if x._tracked else x.detach().requires_grad_()


def _apart(returned: Any, has_aux: bool) -> tuple[Any, tuple[Any, ...]]:
    """What a function returned, and what it returned beside."""
    return (returned[0], (returned[1],)) if has_aux else (returned, ())


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """x ↦ (∇f(x), f(x)), for a function that returns a 0-d tensor."""

    def both(*inputs: Any, **options: Any) -> Any:
        with _transformation(inputs) as finish:
            given = list(inputs)
            chosen = (argnums,) if isinstance(argnums, int) else argnums
            for k in chosen:
                given[k] = _each(_alias, inputs[k])
            out, beside = _apart(func(*given, **options), has_aux)
            wrong = "grad_and_value(f)(*args): Expected f(*args) to return a "
            if not isinstance(out, Tensor):
                raise RuntimeError(f"{wrong}Tensor, got {type(out)}")
            if out.ndim:
                raise RuntimeError(
                    f"{wrong}scalar Tensor, got tensor with {out.ndim} dims. Maybe you wanted to "
                    "use the vjp or jacrev APIs instead?"
                )
            asked = tuple(given[k] for k in chosen)
            slopes = _with_leaves(asked, _slopes(out, tuple(_leaves(asked)), None))
            value = (out, *beside) if beside else out
            return finish((slopes[0] if isinstance(argnums, int) else slopes, value))

    return both


def grad(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """x ↦ ∇f(x), for a function that returns a 0-d tensor."""
    both = grad_and_value(func, argnums, has_aux)

    def gradient(*inputs: Any, **options: Any) -> Any:
        slopes, value = both(*inputs, **options)
        return (slopes, value[1]) if has_aux else slopes

    return gradient


def _slopes(out: Tensor, given: tuple[Tensor, ...], v: Any) -> tuple[Tensor, ...]:
    if not out._tracked:
        return tuple(x.detach() * 0 for x in given)
    return _grad(out, given, v, create_graph=True, materialize_grads=True)


def vjp(func: Callable[..., Any], *inputs: Tensor, has_aux: bool = False) -> Any:
    """(f(x), v ↦ vᵀJ); the second may be called as often as one likes."""
    with _transformation(inputs) as finish:
        given = tuple(map(_alias, inputs))
        out, beside = _apart(func(*given), has_aux)

    def pullback(v: Tensor) -> Any:
        with enable_grad():
            return finish(_slopes(out, given, v))

    return finish(out), pullback, *beside


def linearize(func: Callable[..., Any], *primals: Tensor) -> tuple[Any, Callable[..., Any]]:
    """(f(x), u ↦ J u); the second runs nothing of ``func`` again."""
    with _transformation(primals) as finish:
        given = tuple(map(_alias, primals))
        out = func(*given)
        weight = zeros_like(out).requires_grad_()
        linear = _slopes(out, given, weight)

    def pushforward(*tangents: Tensor) -> Any:
        with enable_grad():
            pairs = [(s, t) for s, t in zip(linear, tangents, strict=True) if s._tracked]
            if not pairs:
                return zeros_like(out)
            rows, given_ = zip(*pairs, strict=True)
            (product,) = _grad(rows, weight, given_, retain_graph=True, create_graph=True,
                               materialize_grads=True)  # fmt: skip
            return finish(product)

    return finish(out), pushforward


def _keeping(func: Callable[..., Any], has_aux: bool) -> tuple[Callable[..., Any], list[Any]]:
    """The function without what it returns beside, and a list that it leaves that in."""
    kept: list[Any] = []

    def alone(*inputs: Any) -> Any:
        out, kept[:] = _apart(func(*inputs), has_aux)
        return out

    return alone, kept


def jvp(func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False,
        has_aux: bool = False) -> Any:  # fmt: skip
    """(f(x), J u), for tuples of primals x and of tangents u."""
    alone, kept = _keeping(func, has_aux)
    with _transformation(primals) as finish:
        given = tuple(map(_alias, primals))
        return (*finish(functional.jvp(alone, given, tangents, create_graph=True)), *kept)


def jacrev(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False, **_: Any
) -> Callable[..., Any]:
    """x ↦ J(x)."""
    chosen = (argnums,) if isinstance(argnums, int) else argnums

    def jacobian(*inputs: Any) -> Any:
        alone, kept = _keeping(func, has_aux)

        def of_chosen(*xs: Tensor) -> Any:
            given = list(inputs)
            for k, x in zip(chosen, xs, strict=True):
                given[k] = x
            return alone(*given)

        with _transformation(inputs) as finish:
            aliases: Any = tuple(_alias(inputs[k]) for k in chosen)
            aliases = aliases[0] if isinstance(argnums, int) else aliases
            found = finish(functional.jacobian(of_chosen, aliases, create_graph=True))
            return (found, *kept) if has_aux else found

    return jacobian


jacfwd = jacrev


def hessian(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """x ↦ H(x)."""
    return jacrev(jacrev(func, argnums), argnums)


def vmap(
    func: Callable[..., Any],
    in_dims: int | tuple[int | None, ...] = 0,
    out_dims: int | tuple[int, ...] = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """``func`` for every slice of its inputs along ``in_dims``, the results stacked.

    A loop, where PyTorch runs one operation on all slices: for learning and testing, not for speed.
    """

    name = getattr(func, "__name__", repr(func))

    def mapped(*inputs: Any) -> Any:
        dims = (in_dims,) * len(inputs) if isinstance(in_dims, int) else tuple(in_dims)
        sizes = set()
        for tree, k in zip(inputs, dims, strict=True):
            sizes |= {_size(x, k, f"vmap({name}, in_dims={in_dims}, ...)") for x in _leaves(tree)
                      if k is not None}  # fmt: skip
        if not sizes:
            raise ValueError(
                "vmap: at least one input must have a dimension to map over (in_dims is all None)"
            )
        if len(sizes) > 1:
            raise ValueError(
                "vmap: Expected all tensors to have the same size in the mapped dimension, got "
                f"sizes {sorted(sizes)} for the mapped dimension"
            )
        (count,) = sizes
        rows = []
        for i in range(count):
            slices = [tree if k is None else _each(partial(_slice, k, i), tree)
                      for tree, k in zip(inputs, dims, strict=True)]  # fmt: skip
            # What a slice goes through in a graph outside of it is kept for the next one.
            with Within(mapped=True, another_slice=mode.another_slice or i < count - 1):
                rows.append(func(*slices))
        for out in _leaves(rows):
            if not isinstance(out, Tensor):
                raise ValueError(
                    f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(out)}. "
                    "Did you mean to set out_dims= to None for output?"
                )
        parts = list(zip(*map(_leaves, rows), strict=True))
        places = (out_dims,) * len(parts) if isinstance(out_dims, int) else out_dims
        return _with_leaves(
            rows[0], [stack(part, k) for part, k in zip(parts, places, strict=True)]
        )

    return mapped


def _slice(k: int, i: int, x: Tensor) -> Any:
    return x.select(k, i)


def _size(x: Any, k: int, call: str) -> int:
    """The length of what is mapped over."""
    if not isinstance(x, Tensor):
        raise ValueError(
            f"{call}(<inputs>): Got in_dim={k} for an input but the input is of type {type(x)}. We "
            "cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
        )
    if not -x.ndim <= k < x.ndim:
        raise ValueError(
            f"{call}(<inputs>): Got in_dim={k} for some input, but that input is a Tensor of "
            f"dimensionality {x.ndim} so expected in_dim to satisfy -{x.ndim} <= in_dim < {x.ndim}."
        )
    return int(x.shape[k])
