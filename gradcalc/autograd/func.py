"""``torch.func``: transformations that take a function and return one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcalc.autograd import functional
from gradcalc.autograd.backward import grad as _grad
from gradcalc.autograd.grad_mode import enable_grad
from gradcalc.autograd.tensor import Tensor


def grad(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Tensor]:
    """x ↦ ∇f(x), for a function that returns a 0-d tensor."""

    def gradient(*inputs: Any) -> Tensor:
        x = inputs[argnums].detach().requires_grad_()
        with enable_grad():
            out = func(*inputs[:argnums], x, *inputs[argnums + 1 :])
        if out.ndim:
            raise RuntimeError(
                "Expected f(*args) to return a scalar tensor, got tensor with "
                f"{out.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
            )
        return _grad(out, x)[0]  # type: ignore[no-any-return]

    return gradient


def vjp(func: Callable[..., Any], *inputs: Tensor) -> tuple[Any, Callable[..., tuple[Any, ...]]]:
    """(f(x), v ↦ vᵀJ); the second may be called as often as one likes."""
    given = tuple(x.detach().requires_grad_() for x in inputs)
    with enable_grad():
        out = func(*given)

    def pullback(v: Tensor) -> tuple[Any, ...]:
        return _grad(out, given, v, retain_graph=True, materialize_grads=True)

    return out.detach(), pullback


def jacrev(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """x ↦ J(x)."""

    def jacobian(*inputs: Any) -> Any:
        def of_one(x: Tensor) -> Any:
            return func(*inputs[:argnums], x, *inputs[argnums + 1 :])

        return functional.jacobian(of_one, inputs[argnums], create_graph=True).detach()

    return jacobian


jacfwd = jacrev


def hessian(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """x ↦ H(x)."""

    def second(*inputs: Any) -> Any:
        def of_one(x: Tensor) -> Any:
            return func(*inputs[:argnums], x, *inputs[argnums + 1 :])

        return functional.hessian(of_one, inputs[argnums])

    return second
