"""A compiled program as one node of the eager graph: the seam between the two engines.

``y = program(x)`` on a tensor is a tensor; ``y.backward(v)`` runs the compiled reverse sweep. The
sweep is itself a program (of x and v), so with ``create_graph`` the gradient is the output of
another such node, and so on to any order.

>>> import gradcalc, gradcalc.autograd as torch
>>> program = gradcalc.compile("x1**2+3*x2, x2**2+2*x1")
>>> x = torch.tensor([2.0, 3.0], requires_grad=True)
>>> y = program(x)
>>> y
tensor([13., 13.], grad_fn=<CompiledBackward>)
>>> y.backward(torch.tensor([1.0, 1.0]))
>>> x.grad
tensor([6., 9.])
"""

from __future__ import annotations

from typing import Any

from gradcalc.autograd.core.grad_mode import mode
from gradcalc.autograd.core.registry import method
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.function import Function
from gradcalc.autograd.operations.joining import cat
from gradcalc.engine.program import Program


class Compiled(Function):
    """``program`` at ``x``: a point, shape (n,), or N points, shape (N, n)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, program: Program) -> Tensor:
        ctx.save_for_backward(x)
        ctx.at = program.at(x._array)
        return _like(x, ctx.at.value)

    @staticmethod
    def backward(ctx: Any, v: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        if mode.enabled:  # create_graph: the sweep has to be differentiable in turn
            return through(cat((x, v), -1), ctx.at.program.vjp_program), None
        return _like(x, ctx.at.vjp(v._array)), None


@method("through")
def through(x: Tensor, program: Program) -> Tensor:
    """The outputs of ``program`` at ``x``, shape (m,) or (N, m), in the dtype of ``x``."""
    outputs: Tensor = Compiled.apply(x, program)
    return outputs


def _like(x: Tensor, numbers: Any) -> Tensor:
    return wrap(numbers.astype(x._array.dtype))
