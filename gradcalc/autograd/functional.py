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

# --- The mathematics ------------------------------------------------------------------------------


def alias(x: Tensor, outer: bool = True) -> Tensor:
    """A tensor to differentiate by: part of the graph that x is part of, or its own beginning."""
    return x.view_as(x) if outer and x._tracked else x.detach().requires_grad_()


def pull(
    outputs: Sequence[Any], by: Sequence[Tensor], v: Sequence[Any], create: bool = True
) -> Any:
    """vᵀJ, None where an output or an input is not part of it."""
    pairs = [(out, w) for out, w in zip(outputs, v, strict=True)
             if out is not None and out._tracked]  # fmt: skip
    if not pairs:
        return (None,) * len(by)
    roots, seeds = zip(*pairs, strict=True)
    return grad(roots, by, seeds, retain_graph=True, create_graph=create, allow_unused=True)


def filled(slopes: Sequence[Any], like: Sequence[Tensor]) -> Tensors:
    """Zeros where nothing flowed."""
    return tuple(zeros_like(x) if slope is None else slope
                 for slope, x in zip(slopes, like, strict=True))  # fmt: skip


# --- What PyTorch says ----------------------------------------------------------------------------

_STRICT = dict(line.split(" | ") for line in """
output | Output {} of the user-provided function does not require gradients. The outputs must be
  computed in a differentiable manner from the input when running in strict mode.
slope | While computing the hessian, found that the jacobian of the user-provided function with
  respect to input {} is independent of the input. This is not allowed in strict mode. You should
  ensure that your function is twice differentiable and that the jacobian depends on the inputs
  (this would be violated by a linear function for example).
jvp | The gradient with respect to the input is independent of entry {} in the grad_outputs when
  using the double backward trick to compute forward mode gradients. This is not allowed in strict
  mode.
hvp | The hessian of the user-provided function is independent of entry {} in the grad_jacobian.
  This is not allowed in strict mode as it prevents from using the double backward trick to replace
  forward mode AD.
vjp | The output of the user-provided function is independent of input {}. This is not allowed in
  strict mode.
vhp | The jacobian of the user-provided function is independent of input {}. This is not allowed in
  strict mode.
graph | The jacobian of the user-provided function is independent of input {}. This is not allowed
  in strict mode when create_graph=True.
""".strip().replace("\n  ", " ").splitlines())  # fmt: skip
"""What it says with ``strict``, and of what."""

_STRATEGY = 'Expected strategy to be either "forward-mode" or "reverse-mode".'
_TOGETHER = (
    "torch.autograd.functional.jacobian: `{0}=True` and {1} are not supported together{2}. Please "
    "either set `{0}=False` or {3}."
)


def _tuple(x: Any, what: str, function: str) -> Tensors:
    """x as a tuple of tensors; ``what`` and ``function`` say whose fault it is if it is none."""
    values = x if isinstance(x, tuple) else (x,)
    for k, value in enumerate(values):
        if not isinstance(value, Tensor):
            which = f"value at index {k}" if isinstance(x, tuple) else f"given {what}"
            raise TypeError(
                f"The {what} given to {function} must be either a Tensor or a tuple of Tensors but "
                f"the {which} has type {type(value)}."
            )
    return values


class _Call:
    """One call of a function here: what was asked for, and the inputs to differentiate by."""

    def __init__(
        self, name: str, func: Callable[..., Any], inputs: Any, create_graph: bool, strict: bool
    ) -> None:
        self.name, self.func, self.create_graph, self.strict = name, func, create_graph, strict
        self.single = not isinstance(inputs, tuple)
        self.given = tuple(alias(x, create_graph) for x in _tuple(inputs, "inputs", name))

    def outputs(self, given: Tensors, number: bool = False) -> tuple[Tensors, bool]:
        """f(x) as a tuple, and whether it was one tensor; ``number``: of one element."""
        returned = self.func(*given)
        outputs = _tuple(returned, "outputs of the user-provided function", self.name)
        self.checked(outputs, flat=_STRICT["output"])
        single = not isinstance(returned, tuple)
        if number and not single:
            raise RuntimeError(f"The function given to {self.name} should return a single Tensor")
        if number and outputs[0].numel() != 1:
            raise RuntimeError(f"The Tensor returned by the function given to {self.name} should "
                               "contain a single element")  # fmt: skip
        return outputs, single

    def vectors(self, v: Any, like: Tensors, single: bool, whose: str) -> Tensors:
        """v, checked against what it must look like; ones where there is one element."""
        if v is None:
            if len(like) != 1 or like[0].numel() != 1:
                raise RuntimeError(f"The vector v can only be None if {whose} a single Tensor with "
                                   "a single element.")  # fmt: skip
            return (ones_like(like[0]),)
        vectors = _tuple(v, "v", self.name)
        if len(vectors) != len(like):
            raise RuntimeError("The given v should contain a single Tensor." if single else
                               "v is a tuple of invalid length: should be "
                               f"{len(like)} but got {len(vectors)}.")  # fmt: skip
        for k, (vector, x) in enumerate(zip(vectors, like, strict=True)):
            if vector.shape != x.shape:
                raise RuntimeError(
                    f"{'' if single else f'Entry {k} in '}v has invalid size: should be "
                    f"{x.shape!r} but got {vector.shape!r}."
                )
        return vectors

    def checked(self, values: Any, unrelated: str = "", flat: str = "") -> Any:
        """The values. With ``strict``, an error where one is missing, or comes from no input."""
        for k, value in enumerate(values if self.strict else ()):
            words = unrelated if value is None else "" if value._tracked else flat
            if words:
                raise RuntimeError(words.format(k))
        return values

    def gradient(self, slopes: Any) -> Any:
        """∇f, to be differentiated."""
        return self.checked(slopes, _STRICT["vjp"], _STRICT["slope"])

    def slopes(self, outputs: Sequence[Any], by: Tensors, v: Sequence[Any], like: Tensors,
               unrelated: str, flat: str = _STRICT["graph"]) -> Tensors:  # fmt: skip
        """The product that was asked for."""
        found = pull(outputs, by, v, self.create_graph)
        return filled(self.checked(found, unrelated, flat if self.create_graph else ""), like)

    def done(self, values: Sequence[Tensor], single: bool) -> Any:
        """Back in the form that the user gave, and untracked unless asked."""
        kept = tuple(x if self.create_graph else x.detach() for x in values)
        return kept[0] if single else kept


# --- Products -------------------------------------------------------------------------------------


def _product(name: str, doc: str, *, second: bool = False,
             forward: bool = False) -> Callable[..., tuple[Any, Any]]:  # fmt: skip
    """f(x), and the product of ``v`` with J or, ``second``, with the Hessian: the J of ∇f."""

    def product(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
                strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
        with enable_grad():
            call = _Call(name, func, inputs, create_graph, strict)
            by, like, alone = call.given, call.given, call.single
            if second or forward:
                v = call.vectors(v, by, alone, "the input to the user-provided function is")
            outputs, single = call.outputs(by, second)
            if not (second or forward):
                v = call.vectors(v, outputs, single, "the user-provided function returns")
            of = call.gradient(pull(outputs, by, (None,))) if second else outputs
            if forward:
                like, alone = (like, alone) if second else (outputs, single)
                by = tuple(zeros_like(x).requires_grad_() for x in like)
                of = call.checked(pull(of, call.given, by), _STRICT["vjp"])
            found = call.slopes(of, by, v, like, _STRICT[name], "" if second else _STRICT["graph"])
        return call.done(outputs, single), call.done(found, alone)

    product.__name__ = product.__qualname__ = name
    product.__doc__ = doc
    return product


vjp = _product("vjp", "(f(x), vᵀJ). ``v`` has the shape of f(x), and may be left out where that is "
               "one number.")  # fmt: skip
jvp = _product("jvp", "(f(x), J u), u being ``v``, of the shape of x: by reverse mode twice, as "
               "w ↦ wᵀJ is linear in w, and its derivative is u ↦ J u.", forward=True)  # fmt: skip
vhp = _product("vhp", "(f(x), vᵀH), for a function that returns one number.", second=True)
hvp = _product("hvp", "(f(x), H u), u being ``v``: by reverse mode twice more, as ``jvp`` does it.",
               second=True, forward=True)  # fmt: skip

# --- Matrices -------------------------------------------------------------------------------------


def jacobian(func: Callable[..., Any], inputs: Any, create_graph: bool = False,
             strict: bool = False, vectorize: bool = False,
             strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """J, of shape (*output, *input); a tuple per output and per input where there are several.

    One pass per element of the output. ``vectorize`` and ``strategy`` change nothing but what
    PyTorch refuses.
    """
    _check_strategy(strategy, create_graph, strict, vectorize)
    with enable_grad():
        call = _Call("jacobian", func, inputs, create_graph, strict)
        outputs, single = call.outputs(call.given)
        rows = tuple(_blocks(call, k, out) for k, out in enumerate(outputs))
    return rows[0] if single else rows


def _blocks(call: _Call, number: int, out: Tensor) -> Any:
    """The J of the output of this number, a tensor for each input."""
    unrelated = _STRICT["vjp"].replace("The output", f"Output {number}")
    passes = [call.slopes((out.reshape(-1)[k],), call.given, (None,), call.given, unrelated)
              for k in range(out.numel())]  # fmt: skip
    rows = zip(*passes, strict=True) if passes else [()] * len(call.given)
    whole = [(stack(row) if row else zeros((0,), dtype=out.dtype)).reshape((*out.shape, *x.shape))
             for row, x in zip(rows, call.given, strict=True)]  # fmt: skip
    return call.done(whole, call.single)


def _check_strategy(strategy: str, create_graph: bool, strict: bool, vectorize: bool) -> None:
    """Raise where PyTorch cannot do what is asked."""
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            f'{_STRATEGY} Hint: If your function has more outputs than inputs, "forward-mode" '
            'tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        instead = '`strategy="forward-mode"`', " (yet)", '`strategy="reverse-mode"`'
        if create_graph:
            raise NotImplementedError(_TOGETHER.format("create_graph", *instead))
        if strict:
            raise RuntimeError(_TOGETHER.format("strict", *instead))
        if not vectorize:
            raise NotImplementedError(
                "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly "
                "implemented for `vectorize=True`."
            )
    if strict and vectorize:
        raise RuntimeError(_TOGETHER.format("strict", "`vectorized=True`", "", "`vectorize=False`"))


def hessian(func: Callable[..., Any], inputs: Any, create_graph: bool = False,
            strict: bool = False, vectorize: bool = False,
            outer_jacobian_strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """The matrix of second derivatives of a function that returns one number."""
    several = _tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(_STRATEGY)
    call = _Call("hessian", func, inputs, create_graph, strict)

    def number(*given: Tensor) -> Any:
        return call.outputs(given, True)[0][0].squeeze()

    def gradient(*given: Tensor) -> Any:
        if outer_jacobian_strategy == "forward-mode":
            given = tuple(map(alias, given))
        return call.gradient(jacobian(number, given, create_graph=True))

    rows = jacobian(gradient, several, create_graph, strict, vectorize, outer_jacobian_strategy)
    return rows[0][0] if call.single else rows
