"""Derivatives of functions: ``jacobian``, ``hessian``, ``vjp``, ``jvp``, ``vhp``, ``hvp``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcalc.autograd.backward import grad
from gradcalc.autograd.core.grad_mode import enable_grad
from gradcalc.autograd.core.tensor import Tensor
from gradcalc.autograd.operations.creation import ones_like, zeros, zeros_like
from gradcalc.autograd.operations.joining import stack

Tensors = tuple[Tensor, ...]


def _tuple(x: Any, what: str, function: str) -> Tensors:
    values = x if isinstance(x, tuple) else tuple(x) if isinstance(x, list) else (x,)
    for k, value in enumerate(values):
        if not isinstance(value, Tensor):
            raise TypeError(
                f"The {what} given to {function} must be either a Tensor or a tuple of Tensors but "
                f"the value at index {k} has type {type(value)}."
            )
    return values


def _fresh(inputs: Tensors, create_graph: bool) -> Tensors:
    """Inputs to differentiate with respect to: aliases, part of the caller's graph if asked."""
    if create_graph:
        return tuple(x.view_as(x) if x._tracked else x.detach().requires_grad_() for x in inputs)
    return tuple(x.detach().requires_grad_() for x in inputs)


def _call(f: Callable[..., Any], inputs: Tensors, name: str) -> tuple[Tensors, bool]:
    with enable_grad():
        outputs = f(*inputs)
    return _tuple(outputs, "outputs of the user-provided function", name), not isinstance(
        outputs, tuple
    )


def _done(values: Any, single: bool, create_graph: bool) -> Any:
    """Back in the form that the user gave, and untracked unless asked."""
    kept = tuple(x if create_graph or x is None else x.detach() for x in values)
    return kept[0] if single else kept


def _vector(v: Any, like: Tensors, name: str, single: str) -> Tensors:
    """v, checked against what it must look like; ones where there is one element."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"The vector v can only be None if the {single} or if the {single} Tensor "
                "with a single element."
            )
        return (ones_like(like[0]),)
    vectors = _tuple(v, "v", name)
    if len(like) == 1 and len(vectors) != 1:
        raise RuntimeError("The given v should contain a single Tensor.")
    if len(vectors) != len(like):
        raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got "
                           f"{len(vectors)}.")  # fmt: skip
    for vector, x in zip(vectors, like, strict=True):
        if vector.shape != x.shape:
            raise RuntimeError(
                f"v has invalid size: should be {x.shape!r} but got {vector.shape!r}."
            )
    return vectors


def _grad(outputs: Tensors, inputs: Tensors, v: Any, create_graph: bool = False) -> list[Any]:
    """vᵀJ, None where an output or an input is not part of it."""
    pairs = [(out, w) for out, w in zip(outputs, v, strict=True) if out._tracked]
    if not pairs:
        return [None] * len(inputs)
    roots, seeds = zip(*pairs, strict=True)
    return list(grad(roots, inputs, seeds, retain_graph=True, create_graph=create_graph,
                     allow_unused=True))  # fmt: skip


def _fill(
    values: list[Any], like: Tensors, strict: bool, complaint: str, output: int = 0
) -> Tensors:
    """Zeros where nothing flowed; with ``strict`` that is an error."""
    for k, value in enumerate(values):
        if value is None and strict:
            raise RuntimeError(complaint.format(output, k))
    return tuple(zeros_like(x) if v is None else v for v, x in zip(values, like, strict=True))


def _strictly(outputs: Tensors, strict: bool) -> None:
    for k, out in enumerate(outputs):
        if strict and not out._tracked:
            raise RuntimeError(
                f"Output {k} of the user-provided function does not require gradients. The outputs "
                "must be computed in a differentiable manner from the input when running in strict "
                "mode."
            )


_INDEPENDENT = (
    "Output {} of the user-provided function is independent of input {}. This is not allowed in "
    "strict mode."
)


def vjp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """(f(x), vᵀJ). ``v`` has the shape of f(x), and may be left out where that is one number."""
    given = _fresh(_tuple(inputs, "inputs", "vjp"), create_graph)
    outputs, single = _call(func, given, "vjp")
    _strictly(outputs, strict)
    vectors = _vector(v, outputs, "vjp", "user-provided function returns a single Tensor")
    with enable_grad():
        products = _fill(_grad(outputs, given, vectors, create_graph), given, strict, _INDEPENDENT)
    return (_done(outputs, single, create_graph),
            _done(products, isinstance(inputs, Tensor), create_graph))  # fmt: skip


def jvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """(f(x), J u), u being ``v``, of the shape of x.

    Reverse mode does it twice: w ↦ wᵀJ is linear in w, and its derivative in direction u is J u.
    """
    given = _fresh(_tuple(inputs, "inputs", "jvp"), create_graph)
    vectors = _vector(v, given, "jvp", "input to the user-provided function is a single Tensor")
    outputs, single = _call(func, given, "jvp")
    _strictly(outputs, strict)
    weights = tuple(zeros_like(out).requires_grad_() for out in outputs)
    with enable_grad():
        linear = _fill(_grad(outputs, given, weights, True), given, strict, _INDEPENDENT)
        products = _fill(_grad(linear, weights, vectors, create_graph), outputs, False, "")
    return _done(outputs, single, create_graph), _done(products, single, create_graph)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """J, of shape (*output, *input); a tuple per output and per input where there are several.

    One pass per element of the output. ``vectorize`` and ``strategy`` are taken and change nothing.
    """
    given = _fresh(_tuple(inputs, "inputs", "jacobian"), create_graph)
    outputs, single_output = _call(func, given, "jacobian")
    _strictly(outputs, strict)
    rows = []
    for number, out in enumerate(outputs):
        blocks: list[list[Tensor]] = [[] for _ in given]
        for k in range(out.numel()):
            with enable_grad():
                found = _grad((out.reshape(-1)[k],), given, (None,), create_graph)
                slopes = _fill(found, given, strict, _INDEPENDENT, number)
            for block, slope in zip(blocks, slopes, strict=True):
                block.append(slope)
        with enable_grad():
            whole = [_stacked(block, out, x) for block, x in zip(blocks, given, strict=True)]
        rows.append(_done(whole, isinstance(inputs, Tensor), create_graph))
    return rows[0] if single_output else tuple(rows)


def _stacked(slopes: list[Tensor], out: Tensor, x: Tensor) -> Tensor:
    shape = (*out.shape, *x.shape)
    return stack(slopes).reshape(shape) if slopes else zeros(shape, dtype=out.dtype)


def _one_number(func: Callable[..., Any], name: str) -> Callable[..., Tensor]:
    def checked(*inputs: Tensor) -> Tensor:
        out = func(*inputs)
        if not isinstance(out, Tensor):
            raise RuntimeError(f"The function given to {name} should return a single Tensor")
        if out.numel() != 1:
            raise RuntimeError(
                f"The Tensor returned by the function given to {name} should contain a single "
                "element"
            )
        return out.squeeze()  # type: ignore[no-any-return]

    return checked


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The matrix of second derivatives of a function that returns one number."""
    scalar = _one_number(func, "hessian")

    def gradient(*given: Tensor) -> Any:
        slopes = jacobian(scalar, given, create_graph=True)
        return slopes[0] if isinstance(inputs, Tensor) else slopes

    return jacobian(gradient, inputs, create_graph, strict)


def vhp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """(f(x), vᵀH), for a function that returns one number."""
    given = _fresh(_tuple(inputs, "inputs", "vhp"), create_graph)
    vectors = _vector(v, given, "vhp", "input to the user-provided function is a single Tensor")
    outputs, _ = _call(_one_number(func, "vhp"), given, "vhp")
    _strictly(outputs, strict)
    with enable_grad():
        slopes = _fill(_grad(outputs, given, (None,), True), given, strict, _INDEPENDENT)
        products = _fill(_grad(slopes, given, vectors, create_graph), given, strict, _INDEPENDENT)
    return (_done(outputs, True, create_graph),
            _done(products, isinstance(inputs, Tensor), create_graph))  # fmt: skip


hvp = vhp
"""The Hessian is symmetric: H u is uᵀH."""
