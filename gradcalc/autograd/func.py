"""``torch.func``: transformations that take a function and return one.

They may be put inside each other: ``grad(grad(f))`` is f″. The inner ones record what they do; the
outermost gives its results back untracked, unless it was called on tracked tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from operator import methodcaller
from typing import Any

from gradcalc.autograd import functional
from gradcalc.autograd.core.grad_mode import Within, enable_grad, mode
from gradcalc.autograd.core.tensor import Tensor
from gradcalc.autograd.functional import alias, filled, pull
from gradcalc.autograd.operations.creation import zeros_like
from gradcalc.autograd.operations.joining import stack


@contextmanager
def _transformation(inputs: Any) -> Iterator[Callable[[Any], Any]]:
    """Record what happens inside; yields what to do to the results before they are returned."""
    tracked = any(isinstance(x, Tensor) and x._tracked for x in _leaves(inputs))
    kept = mode.transforming or tracked
    with Within(enabled=True, transforming=True):
        yield (lambda results: results) if kept else partial(_each, _detached)


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


def _detached(x: Any) -> Any:
    return x.detach() if isinstance(x, Tensor) else x


def _keeping(func: Callable[..., Any], has_aux: bool) -> tuple[Callable[..., Any], list[Any]]:
    """The function without what it returns beside, and a list that it leaves that in."""
    kept: list[Any] = []

    def alone(*inputs: Any, **options: Any) -> Any:
        out = func(*inputs, **options)
        if has_aux:
            out, kept[:] = out[0], out[1:]
        return out

    return alone, kept


def _replaced(inputs: tuple[Any, ...], places: tuple[int, ...], values: Any) -> list[Any]:
    given = list(inputs)
    for k, value in zip(places, values, strict=True):
        given[k] = value
    return given


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """x ↦ (∇f(x), f(x)), for a function that returns a 0-d tensor."""
    chosen = (argnums,) if isinstance(argnums, int) else argnums

    def both(*inputs: Any, **options: Any) -> Any:
        with _transformation(inputs) as finish:
            asked = tuple(_each(alias, inputs[k]) for k in chosen)
            alone, kept = _keeping(func, has_aux)
            out = alone(*_replaced(inputs, chosen, asked), **options)
            wrong = "grad_and_value(f)(*args): Expected f(*args) to return a "
            if not isinstance(out, Tensor):
                raise RuntimeError(f"{wrong}Tensor, got {type(out)}")
            if out.ndim:
                raise RuntimeError(
                    f"{wrong}scalar Tensor, got tensor with {out.ndim} dims. Maybe you wanted to "
                    "use the vjp or jacrev APIs instead?"
                )
            by = _leaves(asked)
            slopes = _with_leaves(asked, filled(pull((out,), by, (None,)), by))
            slopes = slopes[0] if isinstance(argnums, int) else slopes
            return finish((slopes, (out, *kept) if has_aux else out))

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


def vjp(func: Callable[..., Any], *inputs: Tensor, has_aux: bool = False) -> Any:
    """(f(x), v ↦ vᵀJ); the second may be called as often as one likes."""
    alone, kept = _keeping(func, has_aux)
    with _transformation(inputs) as finish:
        given = tuple(map(alias, inputs))
        out = alone(*given)

    def pullback(v: Any) -> Any:
        with enable_grad():
            return finish(filled(pull(_leaves(out), given, _leaves(v)), given))

    return finish(out), pullback, *map(finish, kept)


def linearize(func: Callable[..., Any], *primals: Tensor) -> tuple[Any, Callable[..., Any]]:
    """(f(x), u ↦ J u); the second runs nothing of ``func`` again."""
    with _transformation(primals) as finish:
        given = tuple(map(alias, primals))
        out = func(*given)
        outputs = _leaves(out)
        weights = [zeros_like(y).requires_grad_() for y in outputs]
        linear = pull(outputs, given, weights)

    def pushforward(*tangents: Tensor) -> Any:
        with enable_grad():
            products = filled(pull(linear, weights, tangents), outputs)
            return finish(_with_leaves(out, products))

    return finish(out), pushforward


def jvp(func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False,
        has_aux: bool = False) -> Any:  # fmt: skip
    """(f(x), J u), for tuples of primals x and of tangents u."""
    alone, kept = _keeping(func, has_aux)
    with _transformation(primals) as finish:
        products = functional.jvp(alone, tuple(primals), tangents, create_graph=True)
        return finish((*products, *kept))


def jacrev(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False, **_: Any
) -> Callable[..., Any]:
    """x ↦ J(x)."""
    chosen = (argnums,) if isinstance(argnums, int) else argnums

    def jacobian(*inputs: Any) -> Any:
        alone, kept = _keeping(func, has_aux)
        asked = inputs[argnums] if isinstance(argnums, int) else tuple(inputs[k] for k in chosen)
        with _transformation(inputs) as finish:
            found = functional.jacobian(
                lambda *xs: alone(*_replaced(inputs, chosen, xs)), asked, create_graph=True
            )
            return finish((found, *kept) if has_aux else found)

    return jacobian


jacfwd = jacrev


def hessian(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """x ↦ H(x)."""
    return jacrev(jacrev(func, argnums), argnums)


def vmap(func: Callable[..., Any], in_dims: int | tuple[int | None, ...] = 0,
         out_dims: int | tuple[int, ...] = 0, randomness: str = "error", *,
         chunk_size: int | None = None) -> Callable[..., Any]:  # fmt: skip
    """``func`` for every slice of its inputs along ``in_dims``, the results stacked.

    A loop, where PyTorch runs one operation on all slices: for learning and testing, not for speed.
    """

    name = getattr(func, "__name__", repr(func))

    def mapped(*inputs: Any) -> Any:
        dims = (in_dims,) * len(inputs) if isinstance(in_dims, int) else tuple(in_dims)
        along = [(tree, k) for tree, k in zip(inputs, dims, strict=True) if k is not None]
        sizes = {_size(x, k, f"vmap({name}, in_dims={in_dims}, ...)")
                 for tree, k in along for x in _leaves(tree)}  # fmt: skip
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
            slices = [tree if k is None else _each(methodcaller("select", k, i), tree)
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
