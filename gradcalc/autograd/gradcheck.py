"""Is a backward right? ``gradcheck`` compares it with central differences.

Differences cannot see everything: at a kink the symmetric difference is the average of the slopes
on the two sides, so |x| at 0 passes (0 and 0) although it has no derivative there, and relu at 0
does not (1/2 and 0).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcalc.autograd.backward import grad
from gradcalc.autograd.core.grad_mode import enable_grad, no_grad
from gradcalc.autograd.core.tensor import Tensor, wrap


class GradcheckError(RuntimeError):
    """Raised where the two Jacobians differ."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    **_: Any,
) -> bool:
    """Whether the Jacobian by backward is that by differences, (f(x+ε) - f(x-ε))/2ε.

    ``inputs`` are float64 tensors, those that require grad are checked. Raises GradcheckError, or
    returns False without ``raise_exception``. PyTorch's other options are taken and not needed.
    """
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    checked = [k for k, x in enumerate(given) if isinstance(x, Tensor) and x._tracked]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them "
            "have requires_grad=True."
        )
    try:
        outputs = _outputs(func, given)
        for i, out in enumerate(outputs):
            for k in checked:
                _compare(func, given, i, out, k, eps, atol, rtol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _outputs(func: Callable[..., Any], given: tuple[Any, ...]) -> tuple[Tensor, ...]:
    returned = func(*given)
    return returned if isinstance(returned, tuple) else (returned,)


def _compare(
    func: Callable[..., Any], given: tuple[Any, ...], i: int, out: Tensor, k: int,
    eps: float, atol: float, rtol: float,
) -> None:  # fmt: skip
    analytical = _by_backward(out, given[k])
    numerical = _by_differences(func, given, i, k, eps)
    if not np.allclose(analytical, numerical, rtol, atol, equal_nan=True):
        raise GradcheckError(
            f"Jacobian mismatch for output {i} with respect to input {k},\n"
            f"numerical:{wrap(numerical)}\nanalytical:{wrap(analytical)}\n"
        )


def _by_backward(out: Tensor, x: Tensor) -> np.ndarray[Any, Any]:
    """J, transposed as PyTorch prints it: a row per input element."""
    jacobian = np.zeros((x.numel(), out.numel()), x._array.dtype)
    if not out._tracked:
        return jacobian
    for j in range(out.numel()):
        v = np.zeros(out._array.size, out._array.dtype)
        v[j] = 1
        (slope,) = grad(out, x, wrap(v.reshape(out._array.shape)), retain_graph=True,
                        allow_unused=True)  # fmt: skip
        if slope is not None:
            jacobian[:, j] = slope._array.reshape(-1)
    return jacobian


def _by_differences(
    func: Callable[..., Any], given: tuple[Any, ...], i: int, k: int, eps: float
) -> np.ndarray[Any, Any]:
    columns = []
    x = given[k]._array
    with no_grad():
        for place in np.ndindex(*x.shape):
            values = []
            for step in (eps, -eps):
                moved = x.copy()
                moved[place] += step
                arguments = (*given[:k], wrap(moved), *given[k + 1 :])
                values.append(_outputs(func, arguments)[i]._array.astype(float).reshape(-1))
            columns.append((values[0] - values[1]) / (2 * eps))
    return np.array(columns).reshape(x.size, -1)


def gradgradcheck(func: Callable[..., Any], inputs: Any, grad_outputs: Any = None,
                  **tolerances: Any) -> bool:  # fmt: skip
    """``gradcheck`` of the gradient: are second derivatives right?"""
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    outputs = _outputs(func, given)
    generator = np.random.default_rng(0)
    if grad_outputs is None:
        vectors = [wrap(generator.standard_normal(out._array.shape)) for out in outputs]
    else:
        vectors = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    seeds = tuple(v.detach().requires_grad_() for v in vectors)

    def gradient(*everything: Any) -> tuple[Any, ...]:
        arguments, weights = everything[: len(given)], everything[len(given) :]
        arguments = tuple(
            x.detach().requires_grad_() if isinstance(x, Tensor) and not x._tracked else x
            for x in arguments
        )
        wanted = [x for x, y in zip(arguments, given, strict=True)
                  if isinstance(y, Tensor) and y._tracked]  # fmt: skip
        return grad(_outputs(func, arguments), wanted, weights, create_graph=True,
                    allow_unused=True, materialize_grads=True)  # fmt: skip

    def recorded(*everything: Any) -> tuple[Any, ...]:
        with enable_grad():
            return gradient(*everything)

    return gradcheck(recorded, (*given, *seeds), **tolerances)
