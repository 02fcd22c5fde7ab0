"""``torch.func``: transformations that take a function and return one.

They may be put inside each other: ``grad(grad(f))`` is f″. The inner ones record what they do; the
outermost gives its results back untracked, unless it was called on tracked tensors.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gradcalc.autograd import functional
from gradcalc.autograd.backward import grad as _grad
from gradcalc.autograd.core.grad_mode import enable_grad
from gradcalc.autograd.core.tensor import Tensor
from gradcalc.autograd.operations.joining import stack


class _Depth(threading.local):
    """How many transformations this thread is inside of."""

    levels = 0


_depth = _Depth()


@contextmanager
def _transformation(inputs: Any) -> Iterator[Callable[[Any], Any]]:
    """Record what happens inside; yields what to do to the results before they are returned."""
    kept = _depth.levels > 0 or any(isinstance(x, Tensor) and x._tracked for x in inputs)
    _depth.levels += 1
    try:
        with enable_grad():
            yield (lambda results: results) if kept else _detached
    finally:
        _depth.levels -= 1


def _detached(results: Any) -> Any:
    if isinstance(results, tuple):
        return tuple(map(_detached, results))
    return results.detach()


def _alias(x: Tensor) -> Tensor:
    """A tensor to differentiate with respect to, part of the outer graph if x is."""
    return x.view_as(x) if x._tracked else x.detach().requires_grad_()


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0
) -> Callable[..., tuple[Any, Tensor]]:
    """x ↦ (∇f(x), f(x)), for a function that returns a 0-d tensor."""
    chosen = (argnums,) if isinstance(argnums, int) else argnums

    def both(*inputs: Any) -> tuple[Any, Tensor]:
        with _transformation(inputs) as finish:
            given = list(inputs)
            for k in chosen:
                given[k] = _alias(inputs[k])
            out = func(*given)
            if out.ndim:
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a scalar tensor, got "
                    f"tensor with {out.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs "
                    "instead?"
                )
            slopes = _slopes(out, tuple(given[k] for k in chosen), None)
            return finish((slopes[0] if isinstance(argnums, int) else slopes, out))  # type: ignore[no-any-return]

    return both


def _slopes(out: Tensor, given: tuple[Tensor, ...], v: Any) -> tuple[Tensor, ...]:
    if not out._tracked:
        return tuple(x.detach() * 0 for x in given)
    return _grad(out, given, v, create_graph=True, materialize_grads=True)


def grad(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """x ↦ ∇f(x), for a function that returns a 0-d tensor."""
    both = grad_and_value(func, argnums)
    return lambda *inputs: both(*inputs)[0]


def vjp(func: Callable[..., Any], *inputs: Tensor) -> tuple[Any, Callable[..., tuple[Any, ...]]]:
    """(f(x), v ↦ vᵀJ); the second may be called as often as one likes."""
    with _transformation(inputs) as finish:
        given = tuple(map(_alias, inputs))
        out = func(*given)

    def pullback(v: Tensor) -> Any:
        with enable_grad():
            return finish(_slopes(out, given, v))

    return finish(out), pullback


def jvp(func: Callable[..., Any], primals: Any, tangents: Any) -> tuple[Any, Any]:
    """(f(x), J u), for tuples of primals x and of tangents u."""
    with _transformation(primals) as finish:
        given = tuple(map(_alias, primals))
        return finish(functional.jvp(func, given, tangents, create_graph=True))  # type: ignore[no-any-return]


def jacrev(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """x ↦ J(x)."""

    def jacobian(*inputs: Any) -> Any:
        def of_one(x: Tensor) -> Any:
            return func(*inputs[:argnums], x, *inputs[argnums + 1 :])

        with _transformation(inputs) as finish:
            return finish(functional.jacobian(of_one, _alias(inputs[argnums]), create_graph=True))

    return jacobian


jacfwd = jacrev


def hessian(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """x ↦ H(x)."""
    return jacrev(jacrev(func, argnums), argnums)


def vmap(
    func: Callable[..., Any], in_dims: int | tuple[int | None, ...] = 0, out_dims: int = 0
) -> Callable[..., Any]:
    """``func`` for every slice of its inputs along ``in_dims``, the results stacked.

    A loop, where PyTorch runs one operation on all slices: for learning and testing, not for speed.
    """

    def mapped(*inputs: Any) -> Any:
        dims = (in_dims,) * len(inputs) if isinstance(in_dims, int) else in_dims
        count = next(x.shape[k] for x, k in zip(inputs, dims, strict=True) if k is not None)
        rows = [
            func(*(x if k is None else x.select(k, i) for x, k in zip(inputs, dims, strict=True)))
            for i in range(count)
        ]
        if isinstance(rows[0], tuple):
            return tuple(stack(parts, out_dims) for parts in zip(*rows, strict=True))
        return stack(rows, out_dims)

    return mapped
