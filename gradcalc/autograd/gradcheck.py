"""Is a backward right? ``gradcheck`` compares it with central differences.

Differences cannot see everything: at a kink the symmetric difference is the average of the slopes
on the two sides, so |x| at 0 passes (0 and 0) although it has no derivative there, and relu at 0
does not (1/2 and 0). Complex numbers are taken as pairs of real ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcalc.autograd import forward_ad
from gradcalc.autograd.backward import grad, several
from gradcalc.autograd.core.grad_mode import enable_grad
from gradcalc.autograd.core.tensor import Tensor, wrap

Array = np.ndarray[Any, Any]


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
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    **_: Any,
) -> bool:
    """Whether the Jacobian by backward is that by differences, (f(x+ε) - f(x-ε))/2ε.

    ``inputs`` are float64 tensors, those that require grad are checked; ``check_forward_ad`` checks
    forward mode too. Raises GradcheckError, or returns False without ``raise_exception``. PyTorch's
    other options are taken and not needed.
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be "
                             "True")  # fmt: skip
    given = several(inputs)
    checked = [k for k, x in enumerate(given) if isinstance(x, Tensor) and x._tracked]
    try:
        _check_inputs(given, checked)
        outputs = [out for out in _outputs(func, given) if _is_smooth(out)]
        checked = [k for k in checked if given[k].numel()]
        numerical = {k: _by_differences(func, given, k, eps) for k in checked}
        for k in checked:
            if not outputs and any(np.abs(slopes).max(initial=0) > 0 for slopes in numerical[k]):
                raise GradcheckError("Numerical gradient for function expected to be zero")
            for i, out in enumerate(outputs if check_backward_ad else ()):
                backward = _by_backward(out, given[k])
                if np.abs(backward - _by_backward(out, given[k])).max(initial=0) > nondet_tol:
                    raise GradcheckError(_REENTRANT)
                _compare(backward, numerical[k][i], i, k, atol, rtol)
        for k in checked if check_forward_ad and outputs else ():
            for i, forward in enumerate(_by_tangents(func, given, checked, k, len(outputs))):
                _compare(forward, numerical[k][i], i, k, atol, rtol, " computed with forward mode")
    except (GradcheckError, AssertionError):
        if raise_exception:
            raise
        return False
    return True


_REENTRANT = (
    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple "
    "times gives different values, although analytical gradient matches numerical gradient. "
    "The tolerance for nondeterminism was nondet_tol."
)


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


def _is_smooth(out: Any, tracked: bool = True) -> bool:
    """Whether it is a tensor to be differentiated."""
    return isinstance(out, Tensor) and (out._tracked if tracked else out._array.dtype.kind in "fc")


def _compare(
    found: Array, numerical: Array, i: int, k: int, atol: float, rtol: float, how: str = ""
) -> None:
    if not np.allclose(found, numerical, rtol, atol, equal_nan=True):
        raise GradcheckError(
            f"Jacobian{how} mismatch for output {i} with respect to input {k},\n"
            f"numerical:{wrap(numerical)}\nanalytical:{wrap(found)}\n"
        )


def _reals(array: Array) -> Array:
    """Its numbers in a row, complex ones as two."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat


def _units(array: Array) -> list[Array]:
    """The directions in which it can be moved: 1 in each place, and i where it is complex."""
    steps = (1, 1j) if array.dtype.kind == "c" else (1,)
    rows = np.eye(array.size, dtype=array.dtype)
    return [(step * row).reshape(array.shape) for row in rows for step in steps]


def _matrix(rows: list[Array]) -> Array:
    return np.array(rows).reshape(len(rows), rows[0].size if rows else 0)


def _by_backward(out: Tensor, x: Tensor) -> Array:
    """J, transposed as PyTorch prints it: a row per input element."""
    columns = [grad(out, x, wrap(unit), retain_graph=True, materialize_grads=True)[0]
               for unit in _units(out._array)]  # fmt: skip
    rows = _matrix([_reals(slope._array) for slope in columns])
    return rows.T if columns else np.zeros((_reals(x._array).size, 0))


def _by_tangents(
    func: Callable[..., Any], given: tuple[Any, ...], checked: list[int], k: int, count: int
) -> list[Array]:
    """J of every output by forward mode, with a tangent for each input that is checked."""
    rows: list[list[Array]] = [[] for _ in range(count)]
    for unit in _units(given[k]._array):
        with forward_ad.dual_level():
            duals = [x.detach() if isinstance(x, Tensor) else x for x in given]
            for j in checked:
                tangent = unit if j == k else np.zeros_like(given[j]._array)
                duals[j] = forward_ad.make_dual(duals[j], wrap(tangent))
            outs = [y for y in _outputs(func, tuple(duals)) if _is_smooth(y, False)]
            for row, out in zip(rows, outs, strict=False):
                found = forward_ad.unpack_dual(out).tangent
                row.append(_reals(np.zeros_like(out._array) if found is None else found._array))
    return [_matrix(row) for row in rows]


def _by_differences(
    func: Callable[..., Any], given: tuple[Any, ...], k: int, eps: float
) -> list[Array]:
    """J of every output by moving one number of input k after the other."""
    array = given[k]._array
    before, rows = array.copy(), []
    for unit in _units(array):
        values = []
        for step in (-eps, eps):
            array[...] = before + step * unit
            outputs = [out for out in _outputs(func, given) if isinstance(out, Tensor)]
            kept = [out for out in outputs if out._tracked] or outputs
            values.append([np.array(out._array) for out in kept])
        array[...] = before
        place = tuple(map(int, np.unravel_index(np.abs(unit).argmax(), unit.shape)))
        rows.append([_slope(low, high, place, eps) for low, high in zip(*values, strict=True)])
    return [_matrix(list(column)) for column in zip(*rows, strict=True)]


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
    outputs = [out for out in _outputs(func, given) if _is_smooth(out)]
    generator = np.random.default_rng(0)
    if grad_outputs is None:
        vectors = [wrap(_drawn(generator, out._array)) for out in outputs]
    else:
        vectors = list(several(grad_outputs))
    seeds = tuple(v.detach().requires_grad_() for v in vectors)

    def gradient(*everything: Any) -> tuple[Any, ...]:
        arguments, weights = everything[: len(given)], everything[len(given) :]
        wanted = [x for x in arguments if isinstance(x, Tensor) and x._tracked]
        with enable_grad():
            made = [out for out in _outputs(func, arguments) if _is_smooth(out)]
            return grad(made, wanted, weights, create_graph=True, allow_unused=True,
                        materialize_grads=True)  # fmt: skip

    for known in ("check_fwd_over_rev", "check_rev_over_rev"):
        options.pop(known, None)
    return gradcheck(gradient, (*given, *seeds), **options)


def _drawn(generator: Any, like: Array) -> Array:
    drawn = generator.standard_normal(like.shape)
    if like.dtype.kind == "c":
        drawn = drawn + 1j * generator.standard_normal(like.shape)
    return np.asarray(drawn, like.dtype)
