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
        if not isinstance(value, Tensor):
            of = f"{what} of the user-provided function" if what == "outputs" else what
            which = f"value at index {k}" if isinstance(x, tuple) else f"given {of}"
            raise TypeError(
                f"The {of} given to {function} must be either a Tensor or a tuple of Tensors but "
                f"the {which} has type {type(value)}."
            )
    return values


_FLAT = {
    "outputs": "Output {} of the user-provided function does not require gradients. The outputs "
    "must be computed in a differentiable manner from the input when running in strict mode.",
    "jacobian": "While computing the hessian, found that the jacobian of the user-provided "
    "function with respect to input {} is independent of the input. This is not allowed in strict "
    "mode. You should ensure that your function is twice differentiable and that the jacobian "
    "depends on the "
    "inputs (this would be violated by a linear function for example).",
    "grad_input": "The jacobian of the user-provided function is independent of input {}. This is "
    "not allowed in strict mode when create_graph=True.",
}


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


_OF_OUTPUTS = "the user-provided function returns a single Tensor with a single element."
_OF_INPUTS = "the input to the user-provided function is a single Tensor with a single element."


class _Call:
    """One call of a function here: what was asked for, and the inputs to differentiate by."""

    def __init__(
        self, name: str, func: Callable[..., Any], inputs: Any, create_graph: bool, strict: bool
    ) -> None:
        self.name, self.func, self.create_graph, self.strict = name, func, create_graph, strict
        self.single = not isinstance(inputs, tuple)
        # Aliases, part of the caller's graph if asked.
        self.given = tuple(
            x.view_as(x) if create_graph and x._tracked else x.detach().requires_grad_()
            for x in _tuple(inputs, "inputs", name)
        )

    def outputs(self) -> tuple[Tensors, bool]:
        """f(x) as a tuple, and whether it was one tensor."""
        returned = self.func(*self.given)
        outputs = _tuple(returned, "outputs", self.name)
        self.depend(outputs, "outputs")
        return outputs, not isinstance(returned, tuple)

    def number(self) -> Tensor:
        """f(x), for functions whose Hessian is wanted."""
        outputs, single = self.outputs()
        if not single:
            raise RuntimeError(f"The function given to {self.name} should return a single Tensor")
        if outputs[0].numel() != 1:
            raise RuntimeError(f"The Tensor returned by the function given to {self.name} should "
                               "contain a single element")  # fmt: skip
        return outputs[0]

    def depend(self, values: Sequence[Any], kind: str) -> None:
        """With ``strict``: raise if an output, or a Jacobian, does not come from the inputs."""
        for k, value in enumerate(values if self.strict else ()):
            if value is None:
                raise RuntimeError(_UNRELATED["back"].format(k))
            if not value._tracked:
                raise RuntimeError(_FLAT[kind].format(k))

    def vectors(self, v: Any, like: Tensors, complaint: str) -> Tensors:
        """v, checked against what it must look like; ones where there is one element."""
        if v is None:
            if len(like) != 1 or like[0].numel() != 1:
                raise RuntimeError(f"The vector v can only be None if {complaint}")
            return (ones_like(like[0]),)
        vectors = tuple(x.detach() if not x._tracked else x for x in _tuple(v, "v", self.name))
        if len(vectors) != len(like):
            raise RuntimeError(
                "The given v should contain a single Tensor."
                if len(like) == 1
                else f"v is a tuple of invalid length: should be {len(like)} but got "
                f"{len(vectors)}."
            )
        for k, (vector, x) in enumerate(zip(vectors, like, strict=True)):
            if vector.shape != x.shape:
                entry = f"Entry {k} in " if len(like) > 1 else ""
                raise RuntimeError(
                    f"{entry}v has invalid size: should be {x.shape!r} but got {vector.shape!r}."
                )
        return vectors

    def pulled(self, outputs: Sequence[Any], by: Tensors, v: Any, linear: bool = False) -> Any:
        """vᵀJ, None where an output or an input is not part of it; ``linear``: to go on from."""
        pairs = [(out, w) for out, w in zip(outputs, v, strict=True)
                 if out is not None and out._tracked]  # fmt: skip
        if not pairs:
            return [None] * len(by)
        roots, seeds = zip(*pairs, strict=True)
        return list(grad(roots, by, seeds, retain_graph=True, allow_unused=True,
                         create_graph=linear or self.create_graph))  # fmt: skip

    def filled(self, values: Sequence[Any], like: Tensors, stage: str) -> Tensors:
        """Zeros where nothing flowed; with ``strict`` that is an error."""
        for k, value in enumerate(values if self.strict else ()):
            if value is None:
                raise RuntimeError(_UNRELATED[stage].format(k))
            if self.create_graph and not value._tracked and "double" not in stage:
                raise RuntimeError(_FLAT["grad_input"].format(k))
        return tuple(zeros_like(x) if value is None else value
                     for value, x in zip(values, like, strict=True))  # fmt: skip

    def pushed(
        self, outputs: Sequence[Any], like: Tensors, vectors: Tensors, stage: str
    ) -> Tensors:
        """J u, by reverse mode twice: w ↦ wᵀJ is linear in w, and its derivative is u ↦ J u."""
        weights = tuple(zeros_like(out).requires_grad_() for out in like)
        linear = self.pulled(outputs, self.given, weights, True)
        if "double" in stage:
            self.depend(linear, "jacobian")
        for k, v in enumerate(linear if self.strict else ()):
            if v is None:
                raise RuntimeError(_UNRELATED["back"].format(k))
        return self.filled(self.pulled(linear, weights, vectors), like, stage)

    def done(self, values: Any, single: bool) -> Any:
        """Back in the form that the user gave, and untracked unless asked."""
        kept = tuple(x if self.create_graph else x.detach() for x in values)
        return kept[0] if single else kept


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """(f(x), vᵀJ). ``v`` has the shape of f(x), and may be left out where that is one number."""
    with enable_grad():
        call = _Call("vjp", func, inputs, create_graph, strict)
        outputs, single = call.outputs()
        vectors = call.vectors(v, outputs, _OF_OUTPUTS)
        products = call.filled(call.pulled(outputs, call.given, vectors), call.given, "back")
    return call.done(outputs, single), call.done(products, call.single)


def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """(f(x), J u), u being ``v``, of the shape of x."""
    with enable_grad():
        call = _Call("jvp", func, inputs, create_graph, strict)
        vectors = call.vectors(v, call.given, _OF_INPUTS)
        outputs, single = call.outputs()
        products = call.pushed(outputs, outputs, vectors, "back_trick")
    return call.done(outputs, single), call.done(products, single)


def vhp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """(f(x), vᵀH), for a function that returns one number."""
    with enable_grad():
        call, vectors, out, slopes = _second("vhp", func, inputs, v, create_graph, strict)
        products = call.filled(call.pulled(slopes, call.given, vectors), call.given, "double_back")
    return call.done((out,), True), call.done(products, call.single)


def hvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """(f(x), H u), u being ``v``: by reverse mode twice more, as ``jvp`` does it."""
    with enable_grad():
        call, vectors, out, slopes = _second("hvp", func, inputs, v, create_graph, strict)
        products = call.pushed(slopes, call.given, vectors, "double_back_trick")
    return call.done((out,), True), call.done(products, call.single)


def _second(name: str, func: Any, inputs: Any, v: Any, create_graph: bool, strict: bool) -> Any:
    """The call, the vectors, f(x) and ∇f(x)."""
    call = _Call(name, func, inputs, create_graph, strict)
    vectors = call.vectors(v, call.given, _OF_INPUTS)
    out = call.number()
    slopes = call.pulled((out,), call.given, (None,), True)
    call.depend(slopes, "jacobian")
    return call, vectors, out, slopes


def jacobian(func: Callable[..., Any], inputs: Any, create_graph: bool = False,
             strict: bool = False, vectorize: bool = False,
             strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """J, of shape (*output, *input); a tuple per output and per input where there are several.

    One pass per element of the output. ``vectorize`` and ``strategy`` change nothing but what
    PyTorch refuses.
    """
    _strategy("jacobian", strategy, create_graph, strict, vectorize)
    rows = []
    with enable_grad():
        call = _Call("jacobian", func, inputs, create_graph, strict)
        outputs, single = call.outputs()
        for number, out in enumerate(outputs):
            blocks: list[list[Tensor]] = [[] for _ in call.given]
            for k in range(out.numel()):
                found = call.pulled((out.reshape(-1)[k],), call.given, (None,))
                for i, (block, slope, x) in enumerate(zip(blocks, found, call.given, strict=True)):
                    block.append(_slope(slope, x, (number, i), strict, create_graph))
            whole = [
                stack(block).reshape((*out.shape, *x.shape))
                if block
                else zeros((*out.shape, *x.shape), dtype=out.dtype)
                for block, x in zip(blocks, call.given, strict=True)
            ]
            rows.append(call.done(whole, call.single))
    return rows[0] if single else tuple(rows)


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
                "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly "
                "implemented for `vectorize=True`."
            )
    if strict and vectorize:
        raise RuntimeError(
            f"torch.autograd.functional.{name}: `strict=True` and `vectorized=True` are not "
            "supported together. Please either set `strict=False` or `vectorize=False`."
        )


def hessian(func: Callable[..., Any], inputs: Any, create_graph: bool = False,
            strict: bool = False, vectorize: bool = False,
            outer_jacobian_strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """The matrix of second derivatives of a function that returns one number."""
    several = _tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def scalar(*given: Tensor) -> Any:
        inner.given = given
        return inner.number().squeeze()

    def gradient(*given: Tensor) -> Any:
        if outer_jacobian_strategy == "forward-mode":
            given = tuple(x if x._tracked else x.detach().requires_grad_() for x in given)
        slopes = jacobian(scalar, given, create_graph=True)
        inner.depend(slopes, "jacobian")
        return slopes

    inner = _Call("hessian", func, several, create_graph, strict)

    rows = jacobian(gradient, several, create_graph, strict, vectorize, outer_jacobian_strategy)
    return rows if isinstance(inputs, tuple) else rows[0][0]
