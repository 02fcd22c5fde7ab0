"""Derivatives of functions: ``jacobian``, ``hessian``, ``vjp``, ``jvp``, ``vhp``, ``hvp``.

The words of the errors are PyTorch's, and so is what ``strict`` and ``create_graph`` mean: strict,
an output or a derivative that does not depend on an input is an error; with ``create_graph`` the
results are part of the caller's graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradcalc.autograd.backward import grad
from gradcalc.autograd.core.grad_mode import enable_grad
from gradcalc.autograd.core.tensor import Tensor
from gradcalc.autograd.operations.creation import ones_like, zeros, zeros_like
from gradcalc.autograd.operations.joining import stack

Tensors = tuple[Tensor, ...]


def _tuple(x: Any, what: str, function: str) -> Tensors:
    """x as a tuple of tensors; ``what`` and ``function`` say whose fault it is if it is none."""
    values = x if isinstance(x, tuple) else (x,)
    for k, value in enumerate(values):
        if isinstance(value, Tensor):
            continue
        whose = f"The {what} given to {function} must"
        if what == "outputs":
            whose = f"The outputs of the user-provided function given to {function} must"
        if isinstance(x, tuple):
            raise TypeError(
                f"{whose} be either a Tensor or a tuple of Tensors but the value at index {k} has "
                f"type {type(value)}."
            )
        raise TypeError(
            f"{whose} be either a Tensor or a tuple of Tensors but the given {what} has type "
            f"{type(value)}."
        )
    return values


def _fresh(inputs: Tensors, create_graph: bool) -> Tensors:
    """Inputs to differentiate with respect to: aliases, part of the caller's graph if asked."""
    if create_graph:
        return tuple(x.view_as(x) if x._tracked else x.detach().requires_grad_() for x in inputs)
    return tuple(x.detach().requires_grad_() for x in inputs)


def _call(f: Callable[..., Any], inputs: Tensors, name: str) -> tuple[Tensors, bool]:
    outputs = f(*inputs)
    return _tuple(outputs, "outputs", name), not isinstance(outputs, tuple)


def _one_number(f: Callable[..., Any], inputs: Tensors, name: str, strict: bool) -> Tensor:
    """f(x), for functions whose Hessian is wanted."""
    outputs, single = _call(f, inputs, name)
    _depend(outputs, strict, "outputs")
    if not single:
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {name} should contain a single element"
        )
    return outputs[0]


def _done(values: Any, single: bool, create_graph: bool) -> Any:
    """Back in the form that the user gave, and untracked unless asked."""
    kept = tuple(x if create_graph else x.detach() for x in values)
    return kept[0] if single else kept


def _vector(v: Any, like: Tensors, name: str, complaint: str) -> Tensors:
    """v, checked against what it must look like; ones where there is one element."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(f"The vector v can only be None if {complaint}")
        return (ones_like(like[0]),)
    vectors = tuple(x.detach() if not x._tracked else x for x in _tuple(v, "v", name))
    if len(vectors) != len(like):
        if len(like) == 1:
            raise RuntimeError("The given v should contain a single Tensor.")
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(vectors)}."
        )
    for k, (vector, x) in enumerate(zip(vectors, like, strict=True)):
        if vector.shape != x.shape:
            entry = f"Entry {k} in " if len(like) > 1 else ""
            raise RuntimeError(
                f"{entry}v has invalid size: should be {x.shape!r} but got {vector.shape!r}."
            )
    return vectors


_OF_OUTPUTS = "the user-provided function returns a single Tensor with a single element."
_OF_INPUTS = "the input to the user-provided function is a single Tensor with a single element."


def _depend(outputs: Sequence[Any], strict: bool, kind: str) -> None:
    """With ``strict``: raise if an output, or a Jacobian, does not come from the inputs."""
    if not strict:
        return
    for k, out in enumerate(outputs):
        if out is None:
            raise RuntimeError(_UNRELATED["back"].format(k))
        if not out._tracked:
            raise RuntimeError(_FLAT[kind].format(k))


_FLAT = {
    "outputs": "Output {} of the user-provided function does not require gradients. The outputs "
    "must be computed in a differentiable manner from the input when running in strict mode.",
    "jacobian": "jacobian of the user-provided function with respect to input {} is independent of "
    "the input. This is not allowed in strict mode. You should ensure that your function is "
    "thrice differentiable and that the hessian depends on the inputs.",
    "grad_input": "The jacobian of the user-provided function is independent of input {}. This is "
    "not allowed in strict mode when create_graph=True.",
}


def _grad(outputs: Sequence[Any], inputs: Tensors, v: Any, create_graph: bool = False) -> list[Any]:
    """vᵀJ, None where an output or an input is not part of it."""
    pairs = [(out, w) for out, w in zip(outputs, v, strict=True)
             if out is not None and out._tracked]  # fmt: skip
    if not pairs:
        return [None] * len(inputs)
    roots, seeds = zip(*pairs, strict=True)
    return list(grad(roots, inputs, seeds, retain_graph=True, create_graph=create_graph,
                     allow_unused=True))  # fmt: skip


_UNRELATED = {
    "back": "The output of the user-provided function is independent of input {}. This is not "
    "allowed in strict mode.",
    "back_trick": "The gradient with respect to the input is independent of entry {} in the "
    "grad_outputs when using the double backward trick to compute forward mode gradients. This is "
    "not allowed in strict mode.",
    "double_back": "The jacobian of the user-provided function is independent of input {}. This is "
    "not allowed in strict mode.",
    "double_back_trick": "The hessian of the user-provided function is independent of entry {} in "
    "the grad_jacobian. This is not allowed in strict mode as it prevents from using the double "
    "backward trick to replace forward mode AD.",
}


def _fill(
    values: Sequence[Any], like: Tensors, strict: bool, create_graph: bool, stage: str
) -> Tensors:
    """Zeros where nothing flowed; with ``strict`` that is an error."""
    filled = []
    for k, (value, x) in enumerate(zip(values, like, strict=True)):
        if value is None:
            if strict:
                raise RuntimeError(_UNRELATED[stage].format(k))
            value = zeros_like(x)
        elif strict and create_graph and not value._tracked and "double" not in stage:
            raise RuntimeError(_FLAT["grad_input"].format(k))
        filled.append(value)
    return tuple(filled)


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """(f(x), vᵀJ). ``v`` has the shape of f(x), and may be left out where that is one number."""
    with enable_grad():
        given = _fresh(_tuple(inputs, "inputs", "vjp"), create_graph)
        outputs, single = _call(func, given, "vjp")
        _depend(outputs, strict, "outputs")
        vectors = _vector(v, outputs, "vjp", _OF_OUTPUTS)
        products = _fill(_grad(outputs, given, vectors, create_graph), given, strict, create_graph,
                         "back")  # fmt: skip
    return (_done(outputs, single, create_graph),
            _done(products, not isinstance(inputs, tuple), create_graph))  # fmt: skip


def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """(f(x), J u), u being ``v``, of the shape of x.

    Reverse mode does it twice: w ↦ wᵀJ is linear in w, and its derivative in direction u is J u.
    """
    with enable_grad():
        given = _fresh(_tuple(inputs, "inputs", "jvp"), create_graph)
        vectors = _vector(v, given, "jvp", _OF_INPUTS)
        outputs, single = _call(func, given, "jvp")
        _depend(outputs, strict, "outputs")
        weights = tuple(zeros_like(out).requires_grad_() for out in outputs)
        linear = _grad(outputs, given, weights, True)
        if strict:
            _fill(linear, given, strict, False, "back")
        products = _fill(_grad(linear, weights, vectors, create_graph), outputs, strict,
                         create_graph, "back_trick")  # fmt: skip
    return _done(outputs, single, create_graph), _done(products, single, create_graph)


def jacobian(func: Callable[..., Any], inputs: Any, create_graph: bool = False,
             strict: bool = False, vectorize: bool = False,
             strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """J, of shape (*output, *input); a tuple per output and per input where there are several.

    One pass per element of the output. ``vectorize`` and ``strategy`` change nothing but what
    PyTorch refuses.
    """
    _strategy("jacobian", strategy, create_graph, strict, vectorize)
    with enable_grad():
        given = _fresh(_tuple(inputs, "inputs", "jacobian"), create_graph)
        outputs, single_output = _call(func, given, "jacobian")
        _depend(outputs, strict, "outputs")
        rows = []
        for number, out in enumerate(outputs):
            blocks: list[list[Tensor]] = [[] for _ in given]
            for k in range(out.numel()):
                found = _grad((out.reshape(-1)[k],), given, (None,), create_graph)
                for i, (block, slope, x) in enumerate(zip(blocks, found, given, strict=True)):
                    block.append(_slope(slope, x, (number, i), strict, create_graph))
            whole = [_stacked(block, out, x) for block, x in zip(blocks, given, strict=True)]
            rows.append(_done(whole, not isinstance(inputs, tuple), create_graph))
    return rows[0] if single_output else tuple(rows)


def _slope(slope: Any, x: Tensor, which: tuple[int, int], strict: bool, create_graph: bool) -> Any:
    if slope is None:
        if strict:
            raise RuntimeError(
                f"Output {which[0]} of the user-provided function is independent of input "
                f"{which[1]}. This is not allowed in strict mode."
            )
        return zeros_like(x)
    if strict and create_graph and not slope._tracked:
        raise RuntimeError(
            "The jacobian of the user-provided function is independent of input "
            f"{which[1]}. This is not allowed in strict mode when create_graph=True."
        )
    return slope


def _strategy(name: str, strategy: str, create_graph: bool, strict: bool, vectorize: bool) -> None:
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError(
                "torch.autograd.functional.jacobian: `create_graph=True` and "
                '`strategy="forward-mode"` are not supported together (yet). Please either set '
                '`create_graph=False` or `strategy="reverse-mode"`.'
            )
        if strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and "
                '`strategy="forward-mode"` are not supported together (yet). Please either set '
                '`strict=False` or `strategy="reverse-mode"`.'
            )
        if not vectorize:
            raise NotImplementedError(
                "Computing Jacobian using forward-AD or forward-over-reverse Hessian is only "
                "implemented for `vectorize=True`."
            )
    if strict and vectorize:
        raise RuntimeError(
            f"torch.autograd.functional.{name}: `strict=True` and `vectorized=True` are not "
            "supported together. Please either set `strict=False` or `vectorize=False`."
        )


def _stacked(slopes: list[Tensor], out: Tensor, x: Tensor) -> Any:
    shape = (*out.shape, *x.shape)
    return stack(slopes).reshape(shape) if slopes else zeros(shape, dtype=out.dtype)


def hessian(func: Callable[..., Any], inputs: Any, create_graph: bool = False,
            strict: bool = False, vectorize: bool = False,
            outer_jacobian_strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """The matrix of second derivatives of a function that returns one number."""
    several = _tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def scalar(*given: Tensor) -> Any:
        outputs, single = _call(func, given, "hessian")
        _depend(outputs, strict, "outputs")
        if not single:
            raise RuntimeError("The function given to hessian should return a single Tensor")
        if outputs[0].numel() != 1:
            raise RuntimeError(
                "The Tensor returned by the function given to hessian should contain a single "
                "element"
            )
        return outputs[0].squeeze()

    def gradient(*given: Tensor) -> Any:
        if outer_jacobian_strategy == "forward-mode":
            given = tuple(x if x._tracked else x.detach().requires_grad_() for x in given)
        slopes = jacobian(scalar, given, create_graph=True)
        _depend(slopes, strict, "jacobian")
        return slopes

    rows = jacobian(gradient, several, create_graph, strict, vectorize, outer_jacobian_strategy)
    return rows if isinstance(inputs, tuple) else rows[0][0]


def _second(
    name: str, func: Any, inputs: Any, v: Any, create_graph: bool, strict: bool
) -> tuple[Tensors, Tensors, Tensor, list[Any]]:
    """The inputs, the vectors, f(x) and ∇f(x)."""
    given = _fresh(_tuple(inputs, "inputs", name), create_graph)
    vectors = _vector(v, given, name, _OF_INPUTS)
    out = _one_number(func, given, name, strict)
    slopes = _grad((out,), given, (None,), True)
    return given, vectors, out, slopes


def vhp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """(f(x), vᵀH), for a function that returns one number."""
    with enable_grad():
        given, vectors, out, slopes = _second("vhp", func, inputs, v, create_graph, strict)
        _depend(slopes, strict, "jacobian")
        products = _fill(_grad(slopes, given, vectors, create_graph), given, strict, create_graph,
                         "double_back")  # fmt: skip
    return (_done((out,), True, create_graph),
            _done(products, not isinstance(inputs, tuple), create_graph))  # fmt: skip


def hvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """(f(x), H u), u being ``v``: by reverse mode twice more, as ``jvp`` does it."""
    with enable_grad():
        given, vectors, out, slopes = _second("hvp", func, inputs, v, create_graph, strict)
        _depend(slopes, strict, "jacobian")
        weights = tuple(zeros_like(x).requires_grad_() for x in given)
        linear = _grad(slopes, given, weights, True)
        _depend(linear, strict, "jacobian")
        products = _fill(_grad(linear, weights, vectors, create_graph), given, strict,
                         create_graph, "double_back_trick")  # fmt: skip
    return (_done((out,), True, create_graph),
            _done(products, not isinstance(inputs, tuple), create_graph))  # fmt: skip
