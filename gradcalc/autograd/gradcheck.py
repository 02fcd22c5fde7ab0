"""Is a backward right? ``gradcheck`` compares it with central differences.

Differences cannot see everything: at a kink the symmetric difference is the average of the slopes
on the two sides, so |x| at 0 passes (0 and 0) although it has no derivative there, and relu at 0
does not (1/2 and 0). Complex numbers are taken as pairs of real ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gradcalc.autograd import forward_ad
from gradcalc.autograd.backward import grad, several
from gradcalc.autograd.core.grad_mode import enable_grad
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.operations.creation import randn_like

Array = np.ndarray[Any, Any]
At = Callable[[tuple[Any, ...]], list[Tensor]]
"""What makes of the inputs the outputs that are compared."""


class GradcheckError(RuntimeError):
    """Raised where the two Jacobians differ."""


def gradcheck(func: Callable[..., Any], inputs: Any, *, eps: float = 1e-6, atol: float = 1e-5,
              rtol: float = 1e-3, raise_exception: bool = True, nondet_tol: float = 0.0,
              check_forward_ad: bool = False, check_backward_ad: bool = True,
              **_: Any) -> bool:  # fmt: skip
    """Whether the Jacobian by backward is that by differences, (f(x+ε) - f(x-ε))/2ε.

    ``inputs`` are float64 tensors, those that require grad are checked; ``check_forward_ad`` checks
    forward mode too. Raises GradcheckError, or returns False without ``raise_exception``. PyTorch's
    other options are taken and not needed.
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be "
                             "True")  # fmt: skip
    given = several(inputs)
    checked = [k for k, x in enumerate(given) if _is_tracked(x)]
    _check_inputs(given, checked)
    checked = [k for k in checked if given[k].numel()]
    try:
        outputs = _outputs(func, given)
        smooth = [i for i, out in enumerate(outputs) if _is_tracked(out)]
        places = smooth or [i for i, out in enumerate(outputs) if isinstance(out, Tensor)]

        def at(inputs: tuple[Any, ...]) -> list[Tensor]:
            now = _outputs(func, inputs)
            return [now[i] for i in places]

        def compare(found: Array, i: int, k: int, how: str = "") -> None:
            if not np.allclose(found, numerical[k][i], rtol, atol, equal_nan=True):
                raise GradcheckError(
                    f"Jacobian{how} mismatch for output {i} with respect to input {k},\n"
                    f"numerical:{wrap(numerical[k][i])}\nanalytical:{wrap(found)}\n"
                )

        by_steps = {k: partial(_difference, at, given, k, eps) for k in checked}
        numerical = {k: _columns(given[k], step) for k, step in by_steps.items()}
        for k in checked:
            if not smooth and any(slopes.any() for slopes in numerical[k]):
                raise GradcheckError("Numerical gradient for function expected to be zero")
            for i, place in enumerate(smooth if check_backward_ad else ()):
                backward, again = (_by_backward(outputs[place], given[k]) for _ in range(2))
                if np.abs(backward - again).max(initial=0) > nondet_tol:
                    raise GradcheckError(
                        "Backward is not reentrant, i.e., running backward with same input and "
                        "grad_output multiple times gives different values, although analytical "
                        "gradient matches numerical gradient.The tolerance for nondeterminism was "
                        f"{nondet_tol}."
                    )
                compare(backward, i, k)
        for k in checked if check_forward_ad and smooth else ():
            for i, found in enumerate(
                _columns(given[k], partial(_tangents, at, given, checked, k))
            ):
                compare(found, i, k, " computed with forward mode")
    except (GradcheckError, AssertionError):
        if raise_exception:
            raise
        return False
    return True


def _check_inputs(given: tuple[Any, ...], checked: list[int]) -> None:
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them "
            "have requires_grad=True."
        )
    for k in checked:
        array = given[k]._array
        if array.dtype not in (np.float64, np.complex128):
            warnings.warn(
                f"Input #{k} requires gradient and is not a double precision floating point or "
                "complex. This check will likely fail if all the inputs are not of double "
                "precision floating point or complex. ",
                UserWarning,
                stacklevel=3,
            )
        if any(s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True)):
            raise RuntimeError(
                f"The {k}th input has a dimension with stride 0. gradcheck only supports inputs "
                "that are non-overlapping to be able to compute the numerical gradients "
                "correctly. You should call .contiguous on the input before passing it to "
                "gradcheck."
            )


def _outputs(func: Callable[..., Any], given: tuple[Any, ...]) -> tuple[Any, ...]:
    returned = func(*given)
    return tuple(returned) if isinstance(returned, tuple | list) else (returned,)


def _is_tracked(out: Any) -> bool:
    return isinstance(out, Tensor) and out._tracked


def _reals(array: Array) -> Array:
    """Its numbers in a row, complex ones as two."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat


def _units(array: Array) -> list[Array]:
    """The directions in which it can be moved: 1 in each place, and i where it is complex."""
    steps = (1, 1j) if array.dtype.kind == "c" else (1,)
    rows = np.eye(array.size, dtype=array.dtype)
    return [(step * row).reshape(array.shape) for row in rows for step in steps]


def _by_backward(out: Tensor, x: Tensor) -> Array:
    """J, transposed as PyTorch prints it: a row per input element."""
    columns = [grad(out, x, wrap(unit), retain_graph=True, materialize_grads=True)[0]
               for unit in _units(out._array)]  # fmt: skip
    return np.array([_reals(v._array) for v in columns]).reshape(-1, _reals(x._array).size).T


def _columns(x: Tensor, push: Callable[[Array], list[Array]]) -> list[Array]:
    """J of every output, of what a step of x in each direction does to them."""
    return [np.array(rows) for rows in zip(*map(push, _units(x._array)), strict=True)]


def _tangents(
    at: At, given: tuple[Any, ...], checked: list[int], k: int, unit: Array
) -> list[Array]:
    """By forward mode, with a tangent for each input that is checked."""
    with forward_ad.dual_level():
        duals = [x.detach() if isinstance(x, Tensor) else x for x in given]
        for j in checked:
            tangent = unit if j == k else np.zeros_like(given[j]._array)
            duals[j] = forward_ad.make_dual(duals[j], wrap(tangent))
        pairs = [forward_ad.unpack_dual(out) for out in at(tuple(duals))]
    return [_reals(np.zeros_like(primal._array) if tangent is None else tangent._array)
            for primal, tangent in pairs]  # fmt: skip


def _difference(at: At, given: tuple[Any, ...], k: int, eps: float, unit: Array) -> list[Array]:
    """By moving one number of input k."""
    array = given[k]._array
    before, sides = array.copy(), []
    for step in (-eps, eps):
        array[...] = before + step * unit
        sides.append([np.array(out._array) for out in at(given)])
    array[...] = before
    place = tuple(map(int, np.unravel_index(np.abs(unit).argmax(), unit.shape)))
    return [_slope(low, high, place, eps) for low, high in zip(*sides, strict=True)]


def _slope(low: Array, high: Array, place: tuple[int, ...], eps: float) -> Array:
    for what in ("shape", "dtype"):
        one, other = (getattr(wrap(array), what) for array in (low, high))
        if one != other:
            raise AssertionError(
                f"Expected `func` to return outputs with the same {what} when inputs are perturbed "
                f"on index {place} by {eps}, but got: {what}s {one} and {other}."
            )
    one = low.real.dtype.type
    slopes: Array = _reals(high - low) / (one(2) * one(eps))
    return slopes


def gradgradcheck(func: Callable[..., Any], inputs: Any, grad_outputs: Any = None,
                  gen_non_contig_grad_outputs: bool = False, **options: Any) -> bool:  # fmt: skip
    """``gradcheck`` of the gradient: are second derivatives right?"""
    given = several(inputs)
    if grad_outputs is None:
        grad_outputs = map(randn_like, filter(_is_tracked, _outputs(func, given)))
    seeds = tuple(v.detach().requires_grad_() for v in several(grad_outputs))

    def gradient(*everything: Any) -> tuple[Any, ...]:
        arguments, weights = everything[: len(given)], everything[len(given) :]
        with enable_grad():
            made = list(filter(_is_tracked, _outputs(func, arguments)))
            return grad(made, list(filter(_is_tracked, arguments)), weights, create_graph=True,
                        allow_unused=True, materialize_grads=True)  # fmt: skip

    for known in ("check_fwd_over_rev", "check_rev_over_rev"):
        options.pop(known, None)
    return gradcheck(gradient, (*given, *seeds), **options)
